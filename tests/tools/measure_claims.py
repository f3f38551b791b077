"""
Is what the course says in words still so?
==========================================

Measures every number of tests/claims.toml again, on the real data, with the seeds it
names, and prints what differs by more than its tolerance.

Run: python tests/tools/measure_claims.py --data-dir DIR  (where the real data lies)
     python tests/tools/measure_claims.py --data-dir DIR --lessons 13 14
"""
import argparse
import json
import os
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from course import CLAIMS, install, lesson, run


def output(claim, seed, data_dir, folder):
    """What the lesson of a claim prints, with its changes and one seed."""
    path = lesson(claim['lesson'], folder)
    original = source = path.read_text()
    for old, new in claim.get('changes', []):
        if source.count(old) != 1:
            sys.exit(f'{path.name}: {source.count(old)} times {old}')
        source = source.replace(old, new)
    path.write_text(source)
    result = run(path, '--data', 'real', '--data-dir', data_dir, '--seed', seed,
                 '--device', 'cpu', '--figures', 'none', *claim.get('options', []),
                 env={'TORCH_HOME': os.path.join(data_dir, 'torch_home')}, timeout=3600)
    path.write_text(original)
    if result.returncode:
        sys.exit(f'{path.name}: {result.stderr}')
    return result.stdout


def value(claim, stdout):
    """The number that is claimed, as found in what was printed."""
    n = [float(number) for number in re.findall(claim['find'], stdout)]
    return eval(claim.get('value', 'n[-1]'), {'n': n})


def main():
    parser = argparse.ArgumentParser(description='Measure what is claimed.')
    parser.add_argument('--data-dir', required=True)
    parser.add_argument('--lessons', nargs='+', help='only claims about these')
    args = parser.parse_args()
    printed, wrong = {}, 0
    with tempfile.TemporaryDirectory() as folder:
        copy = install(Path(folder, 'course'))
        for claim in CLAIMS:
            if args.lessons and claim['lesson'] not in args.lessons:
                continue
            found = []
            for seed, _ in zip((7, 8, 9), claim['values']):
                key = json.dumps([claim['lesson'], claim.get('options'),
                                  claim.get('changes'), seed])
                if key not in printed:
                    printed[key] = output(claim, seed, os.path.abspath(args.data_dir),
                                          copy)
                found.append(round(value(claim, printed[key]), 3))
            far = any(abs(one - other) > claim['tolerance']
                      for one, other in zip(found, claim['values']))
            wrong += far
            print('WRONG' if far else 'right', 'lesson', claim['lesson'], claim['find'],
                  claim.get('value', ''), 'claimed', claim['values'], 'found', found,
                  flush=True)
    sys.exit(f'{wrong} claims are wrong' if wrong else 0)


if __name__ == '__main__':
    main()
