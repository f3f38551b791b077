"""What the tests share: where the lessons are, and how a learner runs one."""
import ast
import os
import re
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parent.parent
REAL = os.environ.get('COURSE_DATA')  # folder of the real data, if it is there
PLAIN = ['--device', 'cpu', '--figures', 'none']
STAND_INS = [*PLAIN, '--data', 'synthetic']
REAL_DATA = [*PLAIN, '--data', 'real', '--data-dir', REAL]


def order(path):
    """'13_1_recap.py' -> [13, 1], '13_classify_fashion.py' -> [13]."""
    return [int(number) for number in re.findall(r'\d+(?=_)', path.name)]


LESSONS = sorted(ROOT.glob('codes/*.py'), key=order)


def lesson(number):
    """The path of lesson 11, '13_1' or '5_1'."""
    wanted = [int(part) for part in str(number).split('_')]
    return next(path for path in LESSONS if order(path) == wanted)


def settings(path):
    """The options that a lesson sets itself: {'epochs', 'lr'}; None if it has none."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and 'parse_args' in ast.unparse(node.func):
            return {keyword.arg for keyword in node.keywords}
    return None


def options(path, *more, figures='none'):
    """The options of a quick run on the stand-ins, for a lesson that has options."""
    names = settings(path)
    if names is None:
        return []
    quick = ['--device', 'cpu', '--data', 'synthetic', '--figures', figures]
    for name, value in (('epochs', 1), ('photos', 40)):
        quick += [f'--{name}', str(value)] * (name in names)
    return quick + list(more)


def run(path, *args, cwd=ROOT, python=(), env=None, timeout=300):
    """Run a lesson in a process of its own, without a display."""
    env = {**os.environ, 'MPLBACKEND': 'agg', **(env or {})}
    return subprocess.run([sys.executable, *python, str(path), *map(str, args)],
                          cwd=cwd, env=env, capture_output=True, text=True,
                          timeout=timeout)


def accuracy(stdout):
    """The last accuracy that a lesson printed, from 0 to 1."""
    return float(re.findall(r'accuracy +([\d.]+)%', stdout)[-1]) / 100


def variables(path, *args, monkeypatch, run_name='__main__'):
    """Run a lesson in this process and return what it defined."""
    monkeypatch.setattr(sys, 'argv', [str(path), *map(str, args)])
    monkeypatch.setattr(sys, 'path', [str(path.parent), *sys.path])
    handlers = {number: signal.getsignal(number)
                for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return SimpleNamespace(**runpy.run_path(str(path), run_name=run_name))
    finally:  # parse_args sets its own
        sys.excepthook = sys.__excepthook__
        for number, handler in handlers.items():
            signal.signal(number, handler)
