"""Each lesson runs on a GPU: rehearsed on a pretended one.

How it is pretended: pretend.py. It knows no float64, so that it is a Mac's GPU as well.
A lesson is rehearsed when the first of its tests asks for it.
"""

import ast
import json
import os
import re
import shutil

import pytest
from course import (
    LESSONS,
    PROGRAMS,
    ROOT,
    SYNTHETIC_DATA,
    Forks,
    install,
    lesson,
    options,
    settings,
    shorten,
)

pytestmark = pytest.mark.skipif(
    not hasattr(os, 'fork'), reason='the rehearsal forks: it needs Linux or macOS'
)

WITH_DEVICE = [path for path in LESSONS if settings(path) is not None]
each_lesson = pytest.mark.parametrize('path', WITH_DEVICE, ids=lambda path: path.stem)
PRETEND = ROOT / 'tests/pretend.py'
MULTIPLICATIONS = {'mm', 'addmm', 'bmm', 'mv', 'dot', 'convolution'}
ON_THE_CPU = [  # too little is computed there for a GPU; --device is everybody's option
    '1_first_app',
    '4_neural_network',
    '8_backpropagation',
]


class Rehearsal:
    """A copy of the course, small, and a process that runs its scripts."""

    def __init__(self, folder):
        self.folder = install(folder)
        shorten(self.folder, 600)
        for part in self.folder.glob('data/synthetic/Cat_Dog_data/*/*'):
            for photo in sorted(part.iterdir())[6:]:
                photo.unlink()
        self.notes = self.folder / 'notes.json'
        self.forks = Forks(
            'small_photos',
            env={
                # Two helpers of the same length, written within a second, would be
                # taken for the same.
                'PYTHONDONTWRITEBYTECODE': '1',
                'PRETEND_FLOAT64': 'no',
                'PRETEND_NOTES': str(self.notes),
                'LC_ALL': 'C.UTF-8',
            },
        )
        self.known = {}

    def run(self, command, env):
        """(exit code, output) of a script on the pretended GPU."""
        result = self.forks.run(PRETEND, *command, cwd=self.folder, env=env)
        return result.returncode, result.stdout + result.stderr

    def play(self, steps):
        """Run scripts one after the other; stop at the first that fails, and may not.

        Returns the exit code and the output of the last one that ran.
        """
        shutil.rmtree(self.folder / 'checkpoints', ignore_errors=True)
        for step in steps:
            code, text = self.run(step.command, step.env)
            if code and not step.may_fail:
                break
        return code, text

    def of(self, path):
        """What each play of a lesson gave: {name: (exit code, output)}; and notes."""
        if path not in self.known:
            shutil.rmtree(self.folder / 'figures', ignore_errors=True)
            copy = self.folder / 'codes' / path.name
            found = {}
            done = set()
            for name, steps in plays(path, copy).items():
                self.notes.unlink(missing_ok=True)
                found[name] = self.play(steps)
                done |= set(json.loads(self.notes.read_text()))
            figures = sorted(file.name for file in self.folder.glob('figures/*'))
            self.known[path] = found, done, figures
        return self.known[path]


@pytest.fixture(scope='module')
def rehearsal(tmp_path_factory):
    rehearsal = Rehearsal(tmp_path_factory.mktemp('rehearsal') / 'course')
    yield rehearsal
    rehearsal.forks.close()


class Step:
    """A command, what it finds in its environment, and whether it may fail."""

    def __init__(self, *command, env=None, may_fail=False):
        self.command = command
        self.env = env or {}
        self.may_fail = may_fail


def plays(path, copy):
    """What is run of a lesson, of its copy in a small course: {name: steps}.

    A play begins without checkpoints.
    """
    command = [copy, *on_gpu(path)]
    alone = Step(*command)
    if 'predict' in settings(path):
        photo = next((SYNTHETIC_DATA / 'Cat_Dog_data/test/cat').iterdir())
        return {'train, then predict': [alone, Step(*command, '--predict', photo)]}
    if path == lesson('17_2'):
        longer = Step(*command, '--epochs', '2', '--resume')
        return {'train, then resume': [alone, longer]}
    if path == lesson(22):
        second = Step(*command, env={'LOCAL_RANK': '1'})
        killed = Step(PROGRAMS / 'killed.py', 'after', 1, *command, may_fail=True)
        return {
            'the first process of a machine': [alone],
            'the second': [second],
            'killed, then again': [killed, alone],
        }
    return {'alone': [alone]}


def longer_plays(path, copy):
    """What takes long: lesson 24 with the model that lesson 21 has left."""
    if path != lesson(24):
        return {}
    first = lesson(21)
    before = Step(copy.parent / first.name, *on_gpu(first))
    return {"with lesson 21's model": [before, Step(copy, *on_gpu(path))]}


def on_gpu(path):
    given = [
        option
        for option in options(path, figures='save')
        if option not in ('--device', 'cpu')
    ]
    if 'epochs' in settings(path):
        given += ['--epochs', '1']
    return ['--device', 'pretend', *given]


@each_lesson
def test_runs_on_a_gpu(path, rehearsal):
    found, _, _ = rehearsal.of(path)
    for name, (code, text) in found.items():
        assert code == 0, f'{path.name} ({name}) fails on a GPU:\n{text}'


@pytest.mark.slow
@pytest.mark.parametrize('path', [lesson(24)], ids=lambda path: path.stem)
def test_takes_a_model_from_a_gpu(path, rehearsal):
    for steps in longer_plays(path, rehearsal.folder / 'codes' / path.name).values():
        code, text = rehearsal.play(steps)
        assert code == 0, f"{path.name} fails with lesson 21's model:\n{text}"


@each_lesson
def test_draws_its_figures_on_a_gpu(path, rehearsal):
    """As many as the lesson shows: those that a GPU makes fail are not skipped."""
    _, _, figures = rehearsal.of(path)
    shown = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == 'helper.show'
    ]
    drawn = [name for name in figures if name.startswith(path.stem)]
    assert len(drawn) >= len(shown), (
        f'{path.name} has {len(shown)} calls of helper.show, but on a GPU it drew only '
        f'{drawn}'
    )


@each_lesson
def test_computes_on_the_gpu(path, rehearsal):
    """--device is not only accepted: the large multiplications take place there."""
    _, done, _ = rehearsal.of(path)
    if path.stem in ON_THE_CPU:
        assert not done & MULTIPLICATIONS, (
            f'{path.name} computes on the GPU: take it off the list ON_THE_CPU'
        )
    else:
        assert done & MULTIPLICATIONS, (
            f'{path.name} takes --device, but multiplies no matrices there. The '
            f'operations on the device: {sorted(done)}'
        )


# Each move to or from the device


HARMLESS = {  # how many moves of a lesson may be taken away, and why they are there
    ('12_classify_fashion', '.to()'): (
        1,
        'the labels are only compared on the CPU, but every loop moves both, so that '
        'nobody has to think about it',
    ),
    ('13_3_yes_or_no', '.to()'): (
        1,
        'the labels are only collected, but every loop moves both, so that nobody has '
        'to think about it',
    ),
    ('20_transfer_learning_2', '.cpu()'): (
        1,
        'many features need not fill the memory of the GPU',
    ),
    ('20_1_fine_tuning', '.cpu()'): (
        1,
        'many features need not fill the memory of the GPU',
    ),
    ('21_full_transfer_learning', '.cpu()'): (
        1,
        'many features need not fill the memory of the GPU',
    ),
    ('21_full_transfer_learning', 'map_location='): (
        1,
        'features that were computed on a GPU can be used without one; here they '
        'are computed anew if they cannot be loaded',
    ),
    ('23_faster', '.to()'): (
        2,
        'all images are on the GPU before a training begins, and it is measured '
        'what that saves; the training itself moves what is not there yet',
    ),
}


def moves(source):
    """Yield (kind, line, source without it) of what names a device in some way."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ''
        if method == 'cpu' and not call.args:
            yield '.cpu()', call.lineno, replaced(source, call, call.func.value)
        if method == 'to' and call.args and not is_dtype(call.args[0]):
            if len(call.args) == 1 and not call.keywords:
                shorter = call.func.value
            else:
                shorter = without(call, call.args[0])
            yield '.to()', call.lineno, replaced(source, call, shorter)
        for keyword in call.keywords:
            if keyword.arg in ('map_location', 'device'):
                shorter = without(call, keyword)
                yield f'{keyword.arg}=', call.lineno, replaced(source, call, shorter)


def is_dtype(node):
    """Is it torch.float32 or its like?"""
    return re.fullmatch(r'torch\.[a-z]+\d+', ast.unparse(node)) is not None


def without(call, argument):
    """A call without one of its arguments."""
    args = [part for part in call.args if part is not argument]
    keywords = [part for part in call.keywords if part is not argument]
    return ast.Call(call.func, args, keywords)


def replaced(source, node, new):
    """The source with other code in place of a node."""
    lines = source.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    content = b''.join(lines)
    new = f'({ast.unparse(new)})'.encode()
    return (content[:start] + new + content[end:]).decode()


def test_moves_are_found_by_what_they_do():
    source = """\
images = images.to(where, memory_format=torch.channels_last)
total = x.cpu() + y.to(where).to(torch.float32)
kept = torch.load(path, map_location='cpu')
"""
    found = [
        (kind, changed.splitlines()[line - 1]) for kind, line, changed in moves(source)
    ]
    assert sorted(found) == [
        ('.cpu()', 'total = (x) + y.to(where).to(torch.float32)'),
        ('.to()', 'images = (images.to(memory_format=torch.channels_last))'),
        ('.to()', 'total = x.cpu() + (y).to(torch.float32)'),
        ('map_location=', 'kept = (torch.load(path))'),
    ]


@pytest.mark.slow
@each_lesson
def test_every_move_is_needed(path, rehearsal):
    """A move without which a lesson runs all the same is one too many."""
    original = path.read_text()
    copy = rehearsal.folder / 'codes' / path.name
    harmless = {}
    try:
        for kind, line, source in moves(original):
            copy.write_text(source)
            both = {**plays(path, copy), **longer_plays(path, copy)}
            if not any(rehearsal.play(steps)[0] for steps in both.values()):
                found = harmless.setdefault((path.stem, kind), [])
                found.append(f'{kind}, line {line}')
    finally:
        copy.write_text(original)
    for move, lines in harmless.items():
        allowed, _ = HARMLESS.get(move, (0, ''))
        assert len(lines) <= allowed, (
            f'{path.name} runs on a GPU without one of these as well, of which '
            f'{allowed} may be harmless: {lines}. Leave it out of the lesson, or list '
            'it in HARMLESS with the reason why it is there'
        )
    for move, (allowed, _) in HARMLESS.items():
        if move[0] == path.stem:
            assert len(harmless.get(move, [])) == allowed, (
                f'HARMLESS lists {allowed} of {move}, but these are: {harmless}'
            )


@pytest.mark.slow
@pytest.mark.parametrize(
    'path', [lesson(6), lesson('18_1')], ids=lambda path: path.stem
)
def test_the_helper_takes_images_from_the_gpu(path, rehearsal):
    """Without its moves from the device, the helper draws nothing that is there."""
    helper = rehearsal.folder / 'helper.py'
    original = helper.read_text()
    (steps,) = plays(path, rehearsal.folder / 'codes' / path.name).values()
    codes = []
    try:
        for kind, _, source in moves(original):
            if kind == '.cpu()':
                helper.write_text(source)
                codes.append(rehearsal.play(steps)[0])
    finally:
        helper.write_text(original)
    assert any(codes), (
        f'{path.name} draws as well without any of the {len(codes)} moves in helper.py'
    )
