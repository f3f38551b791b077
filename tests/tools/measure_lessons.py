"""
What do the lessons reach, and how long do they take?
=====================================================

Runs every lesson with its defaults, in a copy of the course, and prints the last
accuracy it reports and the seconds from start to end. With --update both go to the
columns "accuracy" and "seconds" of the outline in README.md, and the seconds also to
tests/claims.toml. The accuracies there belong to claims: measure_claims.py measures
them, with more than one seed.

Run: python tests/tools/measure_lessons.py --data-dir DIR  (where the real data lies)
     python tests/tools/measure_lessons.py --data-dir DIR --lessons 13_2 25
"""

import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from course import LESSONS, ROOT, install, lesson, run, settings, uses_helper


def measure(path, data_dir, device):
    """Return what the lesson reached, as text, and its seconds."""
    options = []
    if settings(path) is not None:
        options = ['--data-dir', data_dir, '--device', device]
        if uses_helper(path):
            options += ['--data', 'real', '--figures', 'save']
    start = time.perf_counter()
    result = run(path, *options, timeout=3600)
    seconds = time.perf_counter() - start
    if result.returncode:
        sys.exit(f'{path.name}: {result.stderr}')
    found = re.findall(r'(Test|valid) accuracy ([\d.]+)%', result.stdout)
    if not found:
        return '', seconds
    kind, percent = found[-1]
    return f'{percent}%' + ' (validation)' * (kind == 'valid'), seconds


def cells_of(row):
    """The cells of a row of a table, as they are written."""
    return re.split(r'(?<!\\)\|', row.strip())[1:-1]


def columns_of(text):
    """{'accuracy': column, 'seconds': column} of the outline in a page, from 0 on.

    They are found by their titles, in the first row of the table that has the lessons.
    """
    lines = text.splitlines()
    rows = [
        i for i, line in enumerate(lines) if re.match(r'\|[^|]*\(codes/\w+\.py\)', line)
    ]
    if not rows:
        sys.exit('README.md has no table of the lessons.')
    first = rows[0]
    while first and lines[first - 1].startswith('|'):
        first -= 1
    titles = [cell.strip().lower() for cell in cells_of(lines[first])]
    columns = {}
    for name in ('accuracy', 'seconds'):
        found = [i for i, title in enumerate(titles) if name in title]
        if len(found) != 1:
            sys.exit(
                f'The outline in README.md should have one column whose title has '
                f'the word "{name}". Its titles are: {", ".join(titles)}'
            )
        columns[name] = found[0]
    return columns


def updated(text, name, reached, seconds):
    """The text of README.md with what was measured in the row of a lesson."""
    columns = columns_of(text)
    lines = text.split('\n')
    rows = [
        i
        for i, line in enumerate(lines)
        if re.match(rf'\|[^|]*\(codes/{re.escape(name)}\)', line)
    ]
    if len(rows) != 1:
        sys.exit(f'README.md has {len(rows)} rows of {name}')
    cells = cells_of(lines[rows[0]])
    if cells[columns['accuracy']].strip():  # others print one, but not to be listed
        cells[columns['accuracy']] = f' {reached} '
    cells[columns['seconds']] = f' {seconds:.0f} '
    lines[rows[0]] = f'|{"|".join(cells)}|'
    return '\n'.join(lines)


def updated_seconds(text, number, seconds):
    """The text of claims.toml with the seconds of a lesson in its table [seconds]."""
    text, count = re.subn(rf'(?m)^{number} = \d+$', f'{number} = {seconds:.0f}', text)
    if count != 1:
        sys.exit(f'tests/claims.toml has {count} lines with the seconds of {number}')
    return text


def main():
    parser = argparse.ArgumentParser(description='Measure the lessons.')
    parser.add_argument('--data-dir', type=Path, default=ROOT / 'data')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--lessons', nargs='+', help='their numbers; all by default')
    parser.add_argument('--update', action='store_true', help='write the outline')
    args = parser.parse_args()
    readme, claims = ROOT / 'README.md', ROOT / 'tests/claims.toml'
    text = readme.read_text(encoding='utf-8')
    listed = claims.read_text(encoding='utf-8')
    print(f'{os.cpu_count()} cores, device {args.device}')
    with tempfile.TemporaryDirectory() as folder:
        copy = install(Path(folder, 'course'), whole_text=True)
        paths = [lesson(number) for number in args.lessons or []] or LESSONS
        for path in paths:
            reached, seconds = measure(
                copy / 'codes' / path.name, args.data_dir.resolve(), args.device
            )
            print(f'{path.name:32} {reached:20} {seconds:6.1f} s', flush=True)
            text = updated(text, path.name, reached, seconds)
            number = re.match(r'\d+(?:_\d+)?(?=_)', path.name)[0]
            listed = updated_seconds(listed, number, seconds)
    if args.update:
        readme.write_text(text, encoding='utf-8')
        claims.write_text(listed, encoding='utf-8')


if __name__ == '__main__':
    main()
