"""
What do the lessons reach, and how long do they take?
=====================================================

Runs every lesson with its defaults, in a copy of the course, and prints the last
accuracy it reports and the seconds from start to end. With --update these become the
last two columns of the table in README.md.

Run: python tests/tools/measure_lessons.py --data-dir DIR  (where the real data lies)
"""
import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from course import LESSONS, ROOT, install, run, settings


def measure(path, data_dir, device):
    """Return what the lesson reached, as text, and its seconds."""
    options = []
    if settings(path) is not None:
        options = ['--data', 'real', '--data-dir', data_dir, '--device', device,
                   '--figures', 'save']
    start = time.perf_counter()
    result = run(path, *options, timeout=3600)
    seconds = time.perf_counter() - start
    if result.returncode:
        sys.exit(f'{path.name}: {result.stderr}')
    found = re.findall(r'(Test|valid) accuracy ([\d.]+)%', result.stdout)
    if not found:
        return '', seconds
    kind, percent = found[-1]
    return f'{percent} %' + ' (validation)' * (kind == 'valid'), seconds


def main():
    parser = argparse.ArgumentParser(description='Measure the lessons.')
    parser.add_argument('--data-dir', type=Path, default=ROOT / 'data')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--update', action='store_true', help='write README.md')
    args = parser.parse_args()
    readme = ROOT / 'README.md'
    text = readme.read_text()
    print(f'{os.cpu_count()} cores, device {args.device}')
    with tempfile.TemporaryDirectory() as folder:
        copy = install(Path(folder, 'course'))
        for path in LESSONS:
            reached, seconds = measure(copy / 'codes' / path.name,
                                       args.data_dir.resolve(), args.device)
            print(f'{path.name:32} {reached:20} {seconds:6.1f} s', flush=True)
            row = rf'(?m)^(\| .*\(codes/{path.name}\).*)\|[^|\n]*\|[^|\n]*\|$'
            text, count = re.subn(row, rf'\1| {reached} | {seconds:.0f} |', text)
            if count != 1:
                sys.exit(f'README.md has {count} rows of {path.name}')
    if args.update:
        readme.write_text(text)


if __name__ == '__main__':
    main()
