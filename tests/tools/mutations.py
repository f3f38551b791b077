"""
What would the tests notice?
============================

Puts the mistakes of tests/mutations.toml into a copy of the course, one at a time, runs
the test that should notice, and prints which were caught and the share of them.

Run: python tests/tools/mutations.py            (all of them, minutes)
     python tests/tools/mutations.py --only 16_prevent --jobs 2
"""
import argparse
import concurrent.futures
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from course import ROOT, tomllib

MUTATIONS = tomllib.loads((ROOT / 'tests/mutations.toml').read_text())['mutation']
LEAVE_OUT = shutil.ignore_patterns('.git', '.venv', '__pycache__', 'MNIST', 'Cat_Dog_*',
                                   'FashionMNIST', 'figures', 'checkpoints', '_build',
                                   '.pytest_cache', '.ruff_cache', 'my')


def changed(mutation, text):
    """The text with the mistake in it; what is to be replaced must be there once."""
    old, new = mutation['old'], mutation['new']
    if text.count(old) != 1:
        raise ValueError(f'{mutation["file"]}: {text.count(old)} times: {old}')
    return text.replace(old, new)


def verdict(mutation):
    """Did a test fail? `no test` if none was chosen."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, 'course')
        shutil.copytree(ROOT, copy, ignore=LEAVE_OUT, symlinks=True)
        for name in ('MNIST', 'FashionMNIST', 'Cat_Dog_data'):
            os.symlink(ROOT / 'data/synthetic' / name, copy / 'data/synthetic' / name)
        path = copy / mutation['file']
        path.write_text(changed(mutation, path.read_text()))
        result = subprocess.run(
            [sys.executable, '-m', 'pytest', '-x', '-q', '-p', 'no:cacheprovider',
             *shlex.split(mutation['test'])], cwd=copy / 'tests', capture_output=True,
            text=True, env={**os.environ, 'OMP_NUM_THREADS': '1'})
    return {0: 'SURVIVED', 1: 'caught'}.get(result.returncode, 'NO TEST')


def main():
    parser = argparse.ArgumentParser(description='Put mistakes in, and run the tests.')
    parser.add_argument('--only', default='', help='files with this in their name')
    parser.add_argument('--jobs', default=2, type=int)
    args = parser.parse_args()
    chosen = [one for one in MUTATIONS if args.only in one['file']]
    caught = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for one, found in zip(chosen, pool.map(verdict, chosen)):
            caught += found == 'caught'
            print(f'{found:8} {one["file"]} | {one["why"]}', flush=True)
    print(f'{caught} of {len(chosen)} caught')


if __name__ == '__main__':
    main()
