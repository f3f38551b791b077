"""
Does the course run with the oldest torch that it promises?
===========================================================

Makes an environment with torch 2.6 and torchvision 0.21, .venv-oldest/, once, and runs
the tests in it, without the slow ones and without the real data.

Run: python tests/tools/oldest.py  (Python 3.10 to 3.13; more words go to pytest)
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / '.venv-oldest'


def main():
    python = FOLDER / ('Scripts' if os.name == 'nt' else 'bin') / 'python'
    if not python.exists():
        venv.create(FOLDER, with_pip=True)
        subprocess.run(
            [
                python,
                '-m',
                'pip',
                'install',
                '-q',
                'torch==2.6.0',
                'torchvision==0.21.0',
                'onnxscript<0.3',
                'protobuf<7',
                '-r',
                ROOT / 'tests/requirements.txt',
            ],
            check=True,
        )
    environment = {
        name: value for name, value in os.environ.items() if name != 'COURSE_DATA'
    }
    sys.exit(
        subprocess.run(
            [python, '-m', 'pytest', *sys.argv[1:]], cwd=ROOT, env=environment
        ).returncode
    )


if __name__ == '__main__':
    main()
