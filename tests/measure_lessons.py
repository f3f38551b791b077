"""
What do the lessons reach, and how long do they take?
=====================================================

Runs every lesson with its defaults and prints the last accuracy it reports and the
seconds from start to end. With --update these become the last two columns of the table
in README.md.

Run: python tests/measure_lessons.py --data-dir DIR  (where the real data lies)
"""
import argparse
import os
import re
import sys
import time
from pathlib import Path

from course import LESSONS, ROOT, run, settings


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
    for path in LESSONS:
        reached, seconds = measure(path, args.data_dir.resolve(), args.device)
        print(f'{path.name:32} {reached:20} {seconds:6.1f} s', flush=True)
        row = rf'(?m)^(\| \[\w+\]\(codes/{path.name}\) \|[^|]*\|[^|]*\|).*$'
        text = re.sub(row, rf'\1 {reached} | {seconds:.0f} |', text)
    if args.update:
        readme.write_text(text)


if __name__ == '__main__':
    main()
