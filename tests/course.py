"""What the tests share: where the lessons are, and how a learner runs one."""
import ast
import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

try:
    import tomllib
except ImportError:  # Python 3.10, where pytest brings it along
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
STAND_INS = ROOT / 'data/synthetic'
REAL = os.environ.get('COURSE_DATA')  # folder of the real data, if it is there
PLAIN = ['--device', 'cpu', '--figures', 'none']
SYNTHETIC = [*PLAIN, '--data', 'synthetic']
REAL_DATA = [*PLAIN, '--data', 'real', '--data-dir', REAL]
OFFLINE = {'http_proxy': 'http://127.0.0.1:9', 'https_proxy': 'http://127.0.0.1:9',
           'no_proxy': ''}  # nothing answers there
LISTED = tomllib.loads((ROOT / 'tests/claims.toml').read_text())
CLAIMS, GIVEN = LISTED['claim'], LISTED['given']['names']


def order(path):
    """'13_1_recap.py' -> [13, 1], '13_classify_fashion.py' -> [13]."""
    return [int(number) for number in re.findall(r'\d+(?=_)', path.name)]


LESSONS = sorted(ROOT.glob('codes/*.py'), key=order)


def lesson(number, root=ROOT):
    """The path of lesson 11, '13_1' or '5_1', in a copy of the course if need be."""
    wanted = [int(part) for part in str(number).split('_')]
    name = next(path.name for path in LESSONS if order(path) == wanted)
    return root / 'codes' / name


def settings(path):
    """The options that a lesson sets itself: {'epochs', 'lr'}; None if it has none."""
    names = None
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == 'parse_args':
                names = (names or set()) | {keyword.arg for keyword in node.keywords}
            if node.func.attr == 'add_argument':
                names = (names or set()) | {node.args[0].value.lstrip('-')}
    return names if names is None else names - {'threads'}  # which all of them have


def options(path, *more, figures='none'):
    """The options of a quick run on the stand-ins, for a lesson that has options."""
    names = settings(path)
    if names is None:
        return []
    quick = ['--device', 'cpu', '--data', 'synthetic', '--figures', figures]
    for name, value in (('epochs', 2), ('photos', 20), ('images', 640)):
        quick += [f'--{name}', str(value)] * (name in names)
    return quick + list(more)


NOT_OURS = re.compile(  # what torch logs: nvcc without a GPU; torch 2.6 when it exports
    r'(?m)^(?:W\d+ .*)?(?:No CUDA runtime is found|Missing annotation for param).*\n')


def run(path, *args, cwd=ROOT, python=(), env=None, timeout=600):
    """Run a script in a process of its own, without a display."""
    env = {**os.environ, 'MPLBACKEND': 'agg', **(env or {})}
    result = subprocess.run([sys.executable, *python, str(path), *map(str, args)],
                            cwd=cwd, env=env, capture_output=True, text=True,
                            timeout=timeout)
    result.stderr = NOT_OURS.sub('', result.stderr)
    return result


FORK = '''
import json, os, runpy, shutil, sys, torch
for name in sys.argv[2:]:
    __import__(name)
torch.optim.SGD([torch.zeros(1)]).step()  # what takes long is done once for all
torch.set_num_threads(1)
found = {}
for name, command in json.loads(sys.argv[1]).items():
    read, write = os.pipe()
    if '--predict' not in command:
        shutil.rmtree('checkpoints', ignore_errors=True)
    if not os.fork():
        os.dup2(write, 1), os.dup2(write, 2), os.close(read)
        sys.argv, code = command, 0
        try:
            runpy.run_path(command[0], run_name='__main__')
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
            code = 1
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)
    os.close(write)
    text = open(read).read()
    found[name] = os.waitstatus_to_exitcode(os.wait()[1]), text
print(json.dumps(found))
'''


def together(commands, folder, *imports):
    """Run many scripts in a folder, each in a process of its own, quicker than `run`.

    commands: {name: [script, option, ...]}. imports: what is imported beforehand, once
    for all. Returns {name: (exit code, output)}.
    """
    commands = json.dumps({name: [str(part) for part in command]
                           for name, command in commands.items()})
    result = subprocess.run([sys.executable, '-c', FORK, commands, *imports],
                            cwd=folder,
                            env={**os.environ, 'MPLBACKEND': 'agg'},
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def one_line(result, code, *words):
    """A run ended with this exit code and one line that has these words in it."""
    assert result.returncode == code, (result.returncode, result.stderr)
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    for word in words:
        assert str(word) in lines[0], lines[0]


def accuracy(stdout):
    """The last accuracy that a lesson printed, from 0 to 1."""
    return float(re.findall(r'accuracy +([\d.]+)%', stdout)[-1]) / 100


def variables(path, *args, monkeypatch, run_name='__main__'):
    """Run a lesson in this process and return what it defined."""
    monkeypatch.setattr(sys, 'argv', [str(path), *map(str, args)])
    monkeypatch.setattr(sys, 'path', [str(path.parent), *sys.path])
    with as_before():
        return SimpleNamespace(**runpy.run_path(str(path), run_name=run_name))


class as_before:
    """A `with` block after which mistakes and signals end Python as they always do."""

    def __enter__(self):
        self.handlers = [(number, signal.getsignal(number))
                         for number in (signal.SIGINT, signal.SIGTERM)]

    def __exit__(self, *_):
        sys.excepthook = sys.__excepthook__
        for number, handler in self.handlers:
            signal.signal(number, handler)


def install(folder):
    """Copy the course to `folder`, with 18 drawn photos of a kind; return it.

    So a run leaves nothing in the repository, and finds nothing that another run left.
    """
    shutil.copytree(ROOT / 'codes', folder / 'codes',
                    ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('helper.py', 'requirements.txt', 'requirements-export.txt'):
        shutil.copy(ROOT / name, folder)
    copy = folder / 'data/synthetic'
    for part in (STAND_INS / 'Cat_Dog_data').glob('*/*'):
        (copy / part.relative_to(STAND_INS)).mkdir(parents=True)
        for path in sorted(part.iterdir())[:18]:
            (copy / path.relative_to(STAND_INS)).symlink_to(path)
    for name in ('MNIST', 'FashionMNIST'):
        (copy / name).symlink_to(STAND_INS / name)
    return folder


def shorten(folder, count):
    """Leave `count` training images in the stand-ins of a copy of the course."""
    for name in ('MNIST', 'FashionMNIST'):
        copy = folder / 'data/synthetic' / name
        copy.unlink()
        shutil.copytree(STAND_INS / name, copy)
        for part, header, size in (('images-idx3', 16, 28 * 28), ('labels-idx1', 8, 1)):
            path = copy / 'raw' / f'train-{part}-ubyte'
            content = path.read_bytes()
            path.write_bytes(content[:4] + count.to_bytes(4, 'big')
                             + content[8:header + count * size])
