"""Lesson 22: however many processes share the training, and whoever of them dies."""

import ast
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from course import PROGRAMS, SYNTHETIC, edited, install, lesson

LESSON = lesson(22)
TORCHRUN = [sys.executable, '-m', 'torch.distributed.run', '--standalone']

pytestmark = pytest.mark.skipif(
    sys.platform == 'win32', reason='torch shares a training on Linux and macOS only'
)


@pytest.fixture(scope='module', params=[LESSON.stem], autouse=True)
def about(request):
    """Every test here is about lesson 22, and has its name in its id."""
    return request.param


def start(installed, *more, program=(), options=(), env=None):
    """Start lesson 22: alone, or with what `more` adds to TORCHRUN.

    program: one of tests/programs and its arguments, which runs the lesson.
    """
    first = [*TORCHRUN, *more] if more else [sys.executable]
    command = [*first, *program, lesson(22, installed), *SYNTHETIC, *options]
    return subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=installed,
        env={**os.environ, 'OMP_NUM_THREADS': '1', **(env or {})},
    )


def ended(process, code=0):
    """What a process has printed, after it ended with this exit code."""
    out, err = process.communicate(timeout=600)
    assert process.returncode == code, f'exit code {process.returncode}\n{out}\n{err}'
    return out, err


def said(text):
    """{epoch: loss, with its four digits}, and the accuracies, that were printed."""
    losses = re.findall(r'(?m)^Epoch (\d+)/.* (\d\.\d{4})$', text)
    accuracies = re.findall(r'(?m)^.*accuracy.*%.*$', text)
    return {int(epoch): loss for epoch, loss in losses}, accuracies


def checkpoints(installed):
    return sorted(path.name for path in installed.glob('checkpoints/*'))


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
    """What one process prints, that has the whole training to itself."""
    out, err = ended(start(install(tmp_path_factory.mktemp('alone'))))
    assert not err
    losses, accuracies = said(out)
    assert len(losses) == 3 and len(accuracies) == 1, out
    return out


# However many


@pytest.fixture(scope='module', params=[pytest.param(2, marks=pytest.mark.slow), 3])
def shared(request, tmp_path_factory):
    """What 2 or 3 processes print, and the copy of the course in which they ran."""
    installed = install(tmp_path_factory.mktemp('shared'))
    out, _ = ended(start(installed, '--nproc-per-node', request.param))
    return SimpleNamespace(out=out, installed=installed)


def test_many_do_what_one_does(shared, alone):
    assert said(shared.out) == said(alone), (
        'Losses or accuracy depend on the number of processes'
    )


def test_one_of_many_prints(shared, alone):
    lines = len(shared.out.splitlines())
    assert lines == len(alone.splitlines()), (
        f'Not only the process of rank 0 printed:\n{shared.out}'
    )


def test_no_checkpoint_is_left_when_it_is_done(shared):
    assert checkpoints(shared.installed) == [], (
        'The next training would go on after a training that is done'
    )


# The lesson's Try


def tried():
    """The statement that the lesson's Try says to write as its last line."""
    source = LESSON.read_text()
    comments = re.findall(r'(?m)^# (.*)$', source[source.rindex('# Try:') :])
    text = ' '.join(comments)
    start = text.find('sys.stderr.write(')
    assert start >= 0, f'The Try of {LESSON.name} writes nothing to sys.stderr: {text}'
    for end in range(start, len(text) + 1):
        try:
            ast.parse(text[start:end])
        except SyntaxError:
            continue
        if text[end - 1] == ')':
            return text[start:end]
    raise AssertionError(f'No statement in the Try of {LESSON.name}: {text}')


def weights_of_both(installed, source):
    """The weight that each of two processes writes at the end of a changed lesson."""
    lesson(22, installed).write_text(f'{source}\n{tried()}\n')
    process = start(installed, '--nproc-per-node', 2, options=['--epochs', 1])
    _, err = ended(process)
    weights = dict(re.findall(r'(?m)^([01]) (-?0\.\d+)$', err))
    assert len(weights) == 2, f'The Try should write a weight in both processes:\n{err}'
    return weights


@pytest.mark.slow
def test_with_averaging_both_have_the_same_weights(installed):
    weights = weights_of_both(installed, LESSON.read_text())
    assert weights['0'] == weights['1']


def test_without_averaging_they_have_different_weights(installed):
    source = edited(
        LESSON.read_text(), '= DistributedDataParallel($1)', '= $1', LESSON.name
    )
    weights = weights_of_both(installed, source)
    assert weights['0'] != weights['1']


# Whoever dies


@pytest.mark.parametrize('rank', [pytest.param(0, marks=pytest.mark.slow), 1])
def test_a_killed_process_changes_nothing(rank, installed, alone):
    """It is killed in the second epoch; torchrun starts all of them again."""
    dies_once = [PROGRAMS / 'dies_once.py', rank, 60]
    process = start(
        installed, '--nproc-per-node', 2, '--max-restarts', 3, program=dies_once
    )
    out, err = ended(process)
    assert 'this process is killed' in err
    assert out.count('Epoch 1/') == 1, f'The first epoch was trained again:\n{out}'
    assert said(out) == said(alone), 'The restart changed losses or accuracy'


def kill(installed, when, number):
    """Lesson 22 is killed in a save, or after it; one epoch is done then."""
    process = start(installed, program=[PROGRAMS / 'killed.py', when, number])
    process.communicate(timeout=600)
    assert process.returncode, 'It should have been killed'


@pytest.mark.parametrize(
    'when, number',
    [('while', 2), ('after', 1)],
    ids=['killed while it saves', 'killed after it saved'],
)
def test_goes_on_after_the_last_epoch_that_is_done(when, number, installed, alone):
    kill(installed, when, number)
    out, _ = ended(start(installed))
    losses, accuracies = said(alone)
    del losses[1]
    assert said(out) == (losses, accuracies), (
        f'After epoch 1 it should have done 2 and 3, with the same losses:\n{out}'
    )


def test_with_other_settings_it_begins_anew(installed):
    kill(installed, 'after', 1)
    out, _ = ended(start(installed, options=['--epochs', 1]))
    losses, _ = said(out)
    assert list(losses) == [1], f'It went on after a training of other settings:\n{out}'


# What cannot be


@pytest.mark.slow
def test_a_batch_that_cannot_be_shared(installed):
    _, err = ended(start(installed, '--nproc-per-node', 7), code=1)
    assert '7 processes cannot share 120 images evenly' in err


@pytest.mark.slow
def test_it_ends_well_every_time(installed):
    for _ in range(50):
        ended(start(installed, '--nproc-per-node', 2, options=['--epochs', 1]))
