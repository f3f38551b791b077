"""What the tests share: where the lessons are, and how a learner runs one."""

import ast
import contextlib
import functools
import io
import json
import keyword
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import textwrap
import tokenize
import warnings
from pathlib import Path
from types import FunctionType, SimpleNamespace
from unittest import mock

try:
    import tomllib  # noqa: F401 - the tools take it from here
except ImportError:  # Python 3.10, where pytest brings it along
    import tomli as tomllib  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent
SYNTHETIC_DATA = ROOT / 'data/synthetic'
REFEREE = ROOT / 'referee'
PROGRAMS = ROOT / 'tests/programs'  # what tests run in a process of its own
REAL = os.environ.get('COURSE_DATA')  # folder of the real data, if it is there
PLAIN = ['--device', 'cpu', '--figures', 'none']
SYNTHETIC = [*PLAIN, '--data', 'synthetic']
REAL_DATA = [*PLAIN, '--data', 'real', '--data-dir', REAL]
OFFLINE = {
    'http_proxy': 'http://127.0.0.1:9',
    'https_proxy': 'http://127.0.0.1:9',
    'no_proxy': '',
}  # nothing answers there


def order(path):
    """'13_1_recap.py' -> [13, 1], '13_classify_fashion.py' -> [13]."""
    return [int(number) for number in re.findall(r'\d+(?=_)', path.name)]


def place(path):
    """What the lessons are sorted by: those about text, 25 and up, come before 22."""
    number, *rest = order(path)
    if number >= 25:
        return [21, 99, number, *rest]
    return [number, *rest]


LESSONS = sorted(ROOT.glob('codes/*.py'), key=place)


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
    return names if names is None else names - SHARED


SHARED = {'threads', 'device', 'data-dir', 'seed'}  # which all of them have, or most


def uses_helper(path):
    """Has it the helper's options? The template of lesson 17_2 is without the helper."""
    return '\nimport helper' in path.read_text(encoding='utf-8')


def synthetic(path, figures='none'):
    """The options with which a lesson that has options takes the synthetic data."""
    if uses_helper(path):
        return ['--device', 'cpu', '--data', 'synthetic', '--figures', figures]
    return ['--device', 'cpu', '--data-dir', str(SYNTHETIC_DATA)]


def options(path, *more, figures='none'):
    """The options of a quick run on the stand-ins, for a lesson that has options."""
    names = settings(path)
    if names is None:
        return []
    quick = synthetic(path, figures)
    for name, value in (
        ('epochs', 2),
        ('photos', 20),
        ('images', 640),
        ('examples', 20),
        ('steps', 20),
    ):
        quick += [f'--{name}', str(value)] * (name in names)
    return quick + list(more)


NOT_OURS = re.compile(  # what torch logs: nvcc without a GPU; torch 2.6 when it exports
    r'(?m)^(?:W\d+ .*)?(?:No CUDA runtime is found|Missing annotation for param).*\n'
)


CALLERS = re.compile(  # variables of the caller that change what a run does
    r'PYTHON.*|.*_proxy|LC_.*|LANG|LANGUAGE|LINES|(?:FORCE|NO|CLICOLOR).*COLOR.*|'
    r'CLICOLOR.*|(?:LOCAL_)?RANK|(?:LOCAL_)?WORLD_SIZE|TORCHELASTIC_.*',
    re.IGNORECASE,
)


def isolate():
    """Make this process and its children independent of who started it.

    It has no proxy, no PYTHONPATH, no weights, a fixed locale and width, one thread,
    and no display; SIGINT and SIGTERM do what they usually do, even in a background job
    that ignores them.
    """
    for name in list(os.environ):
        if CALLERS.fullmatch(name):
            del os.environ[name]
    os.environ['LC_ALL'] = 'C.UTF-8'
    os.environ['COLUMNS'] = '80'
    os.environ['MPLBACKEND'] = 'agg'
    os.environ['OMP_NUM_THREADS'] = '1'  # with -n 2 each test has one core
    os.environ['TORCH_HOME'] = os.devnull  # whatever weights this machine has
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # children would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGTERM) == signal.SIG_IGN:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def run(path, *args, cwd=ROOT, python=(), env=None, timeout=600):
    """Run a script in a process of its own, without a display."""
    env = {**os.environ, 'MPLBACKEND': 'agg', **(env or {})}
    result = subprocess.run(
        [sys.executable, *python, str(path), *map(str, args)],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    result.stderr = NOT_OURS.sub('', result.stderr)
    return result


def together(commands, folder, *imports):
    """Run many scripts in a folder, each in a process of its own, quicker than `run`.

    commands: {name: [script, option, ...]}. imports: what is imported beforehand, once
    for all. Returns {name: [exit code, output]}. It forks, so it needs POSIX.
    """
    commands = json.dumps(
        {name: [str(part) for part in command] for name, command in commands.items()}
    )
    result = subprocess.run(
        [sys.executable, PROGRAMS / 'fork.py', commands, *imports],
        cwd=folder,
        env={**os.environ, 'MPLBACKEND': 'agg'},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


class Forks:
    """A process that has imported what takes long, and runs scripts that start at once.

    Only where os.fork is: not on Windows.
    """

    def __init__(self, *imports, python=(), env=None):
        """imports: what is imported beforehand. python: options of the interpreter."""
        self.process = subprocess.Popen(
            [sys.executable, *python, PROGRAMS / 'rehearse.py', *imports],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, 'MPLBACKEND': 'agg', **(env or {})},
        )

    def run(self, path, *args, cwd, env=None):
        """Like the function run: what the script's process returned and wrote."""
        command = [str(part) for part in (path, *args)]
        wanted = {'command': command, 'folder': str(cwd), 'env': env or {}}
        self.process.stdin.write(json.dumps(wanted) + '\n')
        self.process.stdin.flush()
        code, output, errors = json.loads(self.process.stdout.readline())
        errors = NOT_OURS.sub('', errors)
        return subprocess.CompletedProcess(command, code, output, errors)

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


def one_line(result, code, *words):
    """A run ended with this exit code and one line that has these words in it."""
    assert result.returncode == code, (result.returncode, result.stderr)
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    for word in words:
        assert str(word) in lines[0], lines[0]


def verdicts(text):
    """What the referee found, from the line that it prints with --json."""
    found = [line for line in text.splitlines() if line.startswith('{"problems"')]
    assert found, f'The referee printed no report:\n{text}'
    return json.loads(found[-1])


def rules_broken(text):
    """The names of the rules that the referee says are broken, in order."""
    return [problem['rule'] for problem in verdicts(text)['problems']]


def accuracy(stdout):
    """The last accuracy that a lesson printed, from 0 to 1."""
    return float(re.findall(r'accuracy +([\d.]+)%', stdout)[-1]) / 100


def variables(path, *args, monkeypatch, run_name='__main__'):
    """Run a lesson in this process and return what it defined."""
    monkeypatch.setattr(sys, 'argv', [str(path), *map(str, args)])
    monkeypatch.setattr(sys, 'path', [str(path.parent), *sys.path])
    with as_before():
        return SimpleNamespace(**runpy.run_path(str(path), run_name=run_name))


def ran(path, *args, root=None, run_name='__main__', may_fail=False):
    """Run a lesson in this process, and return a Run: what it did, without its names.

    root: the folder in which it makes checkpoints/ (default: that of the course).
    may_fail: an error, or the SystemExit of a lesson, ends in Run.error; otherwise it
    is raised. --figures may have any value: no figure is shown or saved, all are kept.
    """
    import pytest  # not at the top, since the tools need no pytest

    run = Run(path)
    with pytest.MonkeyPatch.context() as monkeypatch:
        if root:
            import helper

            Path(root).mkdir(parents=True, exist_ok=True)
            monkeypatch.setattr(helper, 'ROOT', Path(root))
            if "'text.txt'" in path.read_text(encoding='utf-8'):
                add_text(Path(root))
            if not uses_helper(path) and path.parent != Path(root):
                path = Path(shutil.copy(path, root))  # its folders are beside it
        with recording(run):
            try:
                seen = variables(
                    path, *args, monkeypatch=monkeypatch, run_name=run_name
                )
                run.names = vars(seen)
            except (Exception, SystemExit) as error:
                run.error = error
                if not may_fail:
                    raise
    return run


class Run:
    """What a lesson did in a run, whatever its variables are called.

    text        what it printed
    warnings    the texts of the warnings that Python showed
    error       what ended it, or None
    figures     {name: figure}, from helper.show
    loaded      the (training set, test set) of each helper.load_data
    datasets    torchvision's sets that it made itself, such as ImageFolder
    splits      what each random_split returned: a list of Subsets
    loaders     DataLoaders, in the order in which they were made
    modules     every nn.Module, layers included, in that order
    optimizers  likewise
    passes      the walks through loaders: [Pass(loader, losses)]; its losses are those
                of the backward() calls before the next walk began
    losses      those of all backward() calls, as numbers
    steps       the number of steps of all optimizers
    seeds       what torch.manual_seed was given, and the seeds of samplers
    threads     what torch.get_num_threads() said while modules or loaders were used,
                or after helper.parse_args if none were: a set
    saved       the names of the files that torch.save wrote, without `.part`
    names       the lesson's own variables, for the functions below

    And from these: models, trained, trainset, epochs, of_kind, the, function.
    """

    def __init__(self, path):
        self.path = path
        self.text = ''
        self.warnings = []
        self.error = None
        self.figures = {}
        self.loaded = []
        self.datasets = []
        self.splits = []
        self.loaders = []
        self.modules = []
        self.optimizers = []
        self.passes = []
        self.losses = []
        self.steps = 0
        self.seeds = []
        self.threads = set()
        self.saved = []
        self.names = {}

    @property
    def models(self):
        """Networks: modules with parameters that are no part of another one."""
        parts = set()
        for module in self.modules:
            parts |= {id(part) for part in module.modules() if part is not module}
        return [
            module
            for module in self.modules
            if id(module) not in parts and any(True for _ in module.parameters())
        ]

    @property
    def trained(self):
        """For each optimizer the largest module that has its parameters and no other.

        An optimizer whose parameters are those of no module counts as None.
        """
        return [self._of(optimizer) for optimizer in self.optimizers]

    def _of(self, optimizer):
        wanted = {
            id(parameter)
            for group in optimizer.param_groups
            for parameter in group['params']
        }
        found = [
            module
            for module in self.modules
            if {id(parameter) for parameter in module.parameters()} == wanted
        ]
        sizes = [len(list(module.modules())) for module in found]
        return found[sizes.index(max(sizes))] if found else None

    @property
    def epochs(self):
        """The losses of each walk through a loader in which something was trained."""
        return [walk.losses for walk in self.passes if walk.losses]

    @property
    def trainset(self):
        """The set from which it trained first."""
        return next(walk.loader.dataset for walk in self.passes if walk.losses)

    def of_kind(self, kind):
        """The lesson's own variables of a kind, each once, in their order.

        Losses don't count as modules: of_kind(nn.Module) are networks and layers.
        """
        found = []
        for value in self.names.values():
            is_loss = any(base.__name__ == '_Loss' for base in type(value).__mro__)
            if (
                isinstance(value, kind)
                and not is_loss
                and not any(value is other for other in found)
            ):
                found.append(value)
        return found

    def the(self, kind):
        """The lesson's only variable of a kind."""
        found = self.of_kind(kind)
        assert len(found) == 1, (
            f'{self.path.name} has {len(found)} variables of the kind {kind.__name__}, '
            f'but this test looks for the only one.'
        )
        return found[0]

    def function(self, *words):
        """The lesson's only function whose code uses these names of torch or Python.

        run.function('backward') is the one that trains, for instance, and
        run.function('no_grad', 'argmax') the one that measures.
        """
        found = [
            function
            for function in self.of_kind(FunctionType)
            if function.__module__ == self.names['__name__']
            and set(words) <= set(function.__code__.co_names)
        ]
        assert len(found) == 1, (
            f'{self.path.name} has {len(found)} functions that use {", ".join(words)}, '
            f'but this test looks for the only one.'
        )
        return found[0]


class Pass(SimpleNamespace):
    """A walk through a loader, and the losses of the backward() calls in it."""


@contextlib.contextmanager
def recording(run):
    """A block in which everything that a lesson does is noted in a Run."""
    import matplotlib.pyplot as plt
    import pytest
    import torch
    from torch.optim.optimizer import register_optimizer_step_pre_hook
    from torchvision import datasets

    import helper

    threads = torch.get_num_threads()
    environment = dict(os.environ)
    stdout = io.StringIO()
    inside_helper = []
    at_first = set()

    def before(owner, name, note):
        """Replace owner.name by one that first tells `note` what it was given."""
        original = getattr(owner, name)

        def noting(*given, **named):
            note(*given)
            return original(*given, **named)

        monkeypatch.setattr(owner, name, noting)

    def after(owner, name, note):
        """Replace owner.name by one that tells `note` what it returned."""
        original = getattr(owner, name)

        def noting(*given, **named):
            inside_helper.append(owner is helper)
            try:
                result = original(*given, **named)
            finally:
                inside_helper.pop()
            note(result)
            return result

        monkeypatch.setattr(owner, name, noting)

    def note_use(*_):
        run.threads.add(torch.get_num_threads())

    def note_pass(loader):
        note_use()
        if hasattr(loader.sampler, 'seed'):
            run.seeds.append(loader.sampler.seed)
        run.passes.append(Pass(loader=loader, losses=[]))

    def note_backward(loss, *_):
        loss = loss.detach()
        number = loss.item() if loss.numel() == 1 else None
        run.losses.append(number)
        if run.passes:
            run.passes[-1].losses.append(number)

    def note_step(*_):
        run.steps += 1

    def note_dataset(dataset, *_):
        if not any(inside_helper):
            run.datasets.append(dataset)

    def note_file(_, file, *__):
        run.saved.append(str(file).removesuffix('.part'))

    def keep_figure(name):
        run.figures[name] = plt.gcf()
        plt.close()

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(helper, 'show', keep_figure)
        after(helper, 'parse_args', lambda _: at_first.add(torch.get_num_threads()))
        after(helper, 'load_data', run.loaded.append)
        after(helper, 'find_data', lambda _: None)
        after(helper, 'find_photos', lambda _: None)
        after(torch.utils.data, 'random_split', run.splits.append)
        before(
            torch.utils.data.DataLoader,
            '__init__',
            lambda loader, *_: run.loaders.append(loader),
        )
        before(torch.utils.data.DataLoader, '__iter__', note_pass)
        before(datasets.VisionDataset, '__init__', note_dataset)
        before(
            torch.nn.Module, '__init__', lambda module, *_: run.modules.append(module)
        )
        before(torch.nn.Module, '__call__', note_use)
        before(
            torch.optim.Optimizer,
            '__init__',
            lambda optimizer, *_: run.optimizers.append(optimizer),
        )
        before(torch.Tensor, 'backward', note_backward)
        before(torch, 'save', note_file)
        before(torch, 'manual_seed', lambda seed: run.seeds.append(seed))
        steps = register_optimizer_step_pre_hook(note_step)
        try:
            with (
                contextlib.redirect_stdout(stdout),
                warnings.catch_warnings(record=True) as warned,
            ):
                warnings.simplefilter('always')
                yield
        finally:
            steps.remove()
            run.text = stdout.getvalue()
            run.threads = run.threads or at_first
            run.warnings = [str(warning.message) for warning in warned]
            torch.set_num_threads(threads)
            os.environ.clear()
            os.environ.update(environment)


class as_before:
    """A `with` block after which mistakes and signals end Python as they always do."""

    def __enter__(self):
        self.handlers = [
            (number, signal.getsignal(number))
            for number in (signal.SIGINT, signal.SIGTERM)
        ]

    def __exit__(self, *_):
        sys.excepthook = sys.__excepthook__
        for number, handler in self.handlers:
            signal.signal(number, handler)


def install(folder, whole_text=False):
    """Copy the course to `folder`, with 18 drawn photos of a kind; return it.

    So a run leaves nothing in the repository, and finds nothing that another run left.
    whole_text: the text for lesson 25 as it is, and not only its beginning.
    """
    shutil.copytree(
        ROOT / 'codes', folder / 'codes', ignore=shutil.ignore_patterns('__pycache__')
    )
    for name in ('helper.py', 'requirements.txt', 'requirements-export.txt'):
        shutil.copy(ROOT / name, folder)
    copy = folder / 'data/synthetic'
    for part in (SYNTHETIC_DATA / 'Cat_Dog_data').glob('*/*'):
        (copy / part.relative_to(SYNTHETIC_DATA)).mkdir(parents=True)
        for path in sorted(part.iterdir())[:18]:
            (copy / path.relative_to(SYNTHETIC_DATA)).symlink_to(path)
    for name in ('MNIST', 'FashionMNIST'):
        (copy / name).symlink_to(SYNTHETIC_DATA / name)
    shutil.copy(ROOT / 'data/penguins.csv', folder / 'data')
    if whole_text:
        shutil.copy(ROOT / 'data/text.txt', folder / 'data')
    else:
        add_text(folder)
    return folder


def small_photos():
    """A `with` block in which DenseNet121 is given photos of 64 x 64 pixels.

    They are computed in a tenth of the time that the usual 224 x 224 pixels take.
    """
    from torchvision import models

    weights = models.DenseNet121_Weights.IMAGENET1K_V1
    small = functools.partial(weights.transforms, crop_size=64, resize_size=64)
    return mock.patch.object(weights.value, 'transforms', small)


def short_text():
    """The beginning of the text: an epoch of it takes 5 steps instead of 27."""
    return (ROOT / 'data/text.txt').read_text(encoding='utf-8')[:20_000]


def add_text(folder):
    """Put the short text where the lessons look for theirs in a copy of the course."""
    (folder / 'data').mkdir(exist_ok=True)
    (folder / 'data/text.txt').write_text(short_text(), encoding='utf-8', newline='\n')


def shorten(folder, count, part='train'):
    """Leave `count` images in a part of the synthetic data of a copy of the course.

    part: 'train' or 't10k', as the files are called.
    """
    for name in ('MNIST', 'FashionMNIST'):
        copy = folder / 'data/synthetic' / name
        if copy.is_symlink():
            copy.unlink()
            shutil.copytree(SYNTHETIC_DATA / name, copy)
        for what, header, size in (('images-idx3', 16, 28 * 28), ('labels-idx1', 8, 1)):
            path = copy / 'raw' / f'{part}-{what}-ubyte'
            content = path.read_bytes()
            path.write_bytes(
                content[:4]
                + count.to_bytes(4, 'big')
                + content[8 : header + count * size]
            )


# Editing a lesson: tokens are compared, so its layout doesn't matter.


def edited(source, old, new, name='', after=None, before=None, listed_in=None):
    """Return Python source in which the one place that says `old` says `new`.

    Tokens are compared. So it doesn't matter how the source is broken into lines inside
    brackets, where it has spaces, comments or a trailing comma, and whether a string
    has single or double quotes. `old` must have both brackets of each pair. In it, $1
    to $9 stand for any name, and $a to $z for any string (no f-string) or number. The
    same placeholder is the same thing each time, and it can be used in `new`:

        edited(source, '$1 = $2.view(2, 2)', '$1 = $2.reshape(4)')

    The rest of the text stays as it is. Further lines of `new` are indented like the
    line that they follow. `after` and `before` are other such fragments, between which
    to look. If a fragment is not there exactly once, an AssertionError says how often
    it is, and where to update it. name: that of the source's file. listed_in: the file
    that has the fragment; by default the test file that asks.
    """
    first, last = 0, len(source)
    if after is not None:
        _, first, _ = the_only_place(source, after, name, listed_in=listed_in)
    if before is not None:
        last, _, _ = the_only_place(source, before, name, listed_in=listed_in)
    start, end, found = the_only_place(source, old, name, first, last, listed_in)
    new = re.sub(r'\$\w', lambda placeholder: found[placeholder[0]], new)
    line = source[source.rfind('\n', 0, start) + 1 : start]
    indent = line[: len(line) - len(line.lstrip())]
    new = new.replace('\n', '\n' + indent)
    return source[:start] + new + source[end:]


def the_only_place(source, old, name='', first=0, last=None, listed_in=None):
    """(start, end, {'$1': what it stands for}) of the only place; see `edited`."""
    last = len(source) if last is None else last
    places = [
        place
        for place in find_places(source, old)
        if first <= place[0] and place[1] <= last
    ]
    if len(places) != 1:
        if listed_in is None:
            asking = sys._getframe(1)
            while asking.f_code.co_filename == __file__:
                asking = asking.f_back
            listed_in = Path(asking.f_code.co_filename).name
        raise AssertionError(
            f'{name or "The source"} has {len(places)} places that say\n\n    {old}\n\n'
            f'It should have one: update the fragment in {listed_in}.'
        )
    return places[0]


def find_places(source, old):
    """Yield (start, end, {'$1': what it stands for}) where the source says `old`."""
    pattern = textwrap.dedent(old).strip()
    pattern = re.sub(r'\$(\w)', PLACEHOLDER + r'\1', pattern)
    wanted = [text for text, _, _ in tokens_of(pattern)]
    given = tokens_of(source)
    for first in range(len(given) - len(wanted) + 1):
        part = given[first : first + len(wanted)]
        found = {}
        for (text, start, end), wish in zip(part, wanted):
            if not wish.startswith(PLACEHOLDER):
                if text != wish:
                    break
                continue
            placeholder = '$' + wish.removeprefix(PLACEHOLDER)
            written = source[start:end]
            if found.setdefault(placeholder, written) != written:
                break
            if not may_stand_for(placeholder, written):
                break
        else:
            yield part[0][1], part[-1][2], found


def may_stand_for(placeholder, written):
    """Is this a name, for $1, or a string or number, for $a?"""
    if placeholder[1].isdigit():
        return written.isidentifier() and not keyword.iskeyword(written)
    try:
        ast.literal_eval(written)
    except (ValueError, SyntaxError):
        return False
    return written not in ('True', 'False', 'None')


PLACEHOLDER = 'any_thing_'
LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.ENDMARKER, tokenize.ENCODING)


def tokens_of(source):
    """[(text, start, end)] of what matters to Python; places count characters."""
    starts = [0]
    for line in source.split('\n'):
        starts.append(starts[-1] + len(line) + 1)
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in LAYOUT:
                continue
            if token.string in (')', ']', '}') and found and found[-1][0] == ',':
                found.pop()
            start = starts[token.start[0] - 1] + token.start[1]
            end = starts[token.end[0] - 1] + token.end[1]
            found.append((meaning(token), start, end))
    except (tokenize.TokenError, SyntaxError) as error:
        raise AssertionError(
            f'This is not Python that can be split into tokens, '
            f'because {error}:\n\n{source}'
        ) from error
    while found and not found[-1][0].strip():
        found.pop()
    return found


def meaning(token):
    """The text of a token, the same for strings that are the same in other quotes."""
    if token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
        return {tokenize.NEWLINE: '\n', tokenize.INDENT: '\t', tokenize.DEDENT: ' '}[
            token.type
        ]
    if tokenize.tok_name[token.type] in ('FSTRING_START', 'FSTRING_END'):
        return 'f-string ' + token.string.rstrip('"\'').lower()
    if token.type == tokenize.STRING:
        try:
            return repr(ast.literal_eval(token.string))
        except (ValueError, SyntaxError):  # an f-string, before Python 3.12
            prefix, text = re.fullmatch('(?s)([A-Za-z]*)(.*)', token.string).groups()
            quote = text[:3] if text[:3] in ('"""', "'''") else text[:1]
            return f'f-string {prefix.lower()} {text[len(quote) : -len(quote)]}'
    return token.string
