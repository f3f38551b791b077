"""The tools of the tests: a change to a lesson, a run that is recorded, a child."""

import json
import os
import signal

import pytest
import torch
from course import (
    PROGRAMS,
    as_before,
    edited,
    isolate,
    lesson,
    options,
    ran,
    rules_broken,
    run,
    together,
)
from torch import nn

import helper

SOURCE = """\
def first(images):
    # resize, then add
    total = model(
        images, dim=1,  # along the classes
    )
    return {"size": total}


first(one)
second(one)
"""


@pytest.mark.parametrize(
    'old, new, part',
    [
        ('model(images, dim=1)', 'model(images)', 'total = model(images)\n    return'),
        ('model ( images,dim = 1, )', 'net', 'total = net\n    return'),
        ("{'size': total}", 'total', 'return total\n'),
        ('total = model(images, dim=1)\nreturn', 'return', '\n    return {"size"'),
        ('first(one)\nsecond(one)', 'third()', '\n\n\nthird()\n'),
        ('$1 = $2($3, dim=1)', '$1 = $2.$3', '    total = model.images\n'),
        ('first($1)\nsecond($1)', '$1()', '\n\none()\n'),
        ('dim=1', 'dim=0', 'dim=0,  # along the classes\n    )'),
        ('{$a: total}', '{$a: 1}', 'return {"size": 1}'),
        ('dim=$a', 'axis=$a', 'axis=1,  # along'),
        ('return $1', 'print($1)\nreturn 3', None),
        ('return {$1: total}', '', None),
        ('first(one)', 'if one:\n    first()', '\nif one:\n    first()\nsecond'),
    ],
)
def test_an_edit_is_made_whatever_the_layout(old, new, part):
    if part is None:
        with pytest.raises(AssertionError, match='has 0 places'):
            edited(SOURCE, old, new)
        return
    changed = edited(SOURCE, old, new)
    assert part in changed


def test_an_edit_can_be_looked_for_between_other_places():
    source = 'a = f(1)\nb = g("two")\nc = f(1)\nd = f(1)\n'
    after = edited(source, '$1 = f($a)', '$1 = h($a)', after='g($b)', before='d = $1')
    assert after == source.replace('c = f(1)', 'c = h(1)')


def test_an_edit_leaves_the_rest_as_it_is():
    changed = edited(SOURCE, 'second(one)', 'third(one)')
    assert changed == SOURCE.replace('second', 'third')


def test_further_lines_of_an_edit_are_indented():
    changed = edited(SOURCE, 'return {"size": total}', 'print(1)\nreturn 2')
    assert '    print(1)\n    return 2\n' in changed


@pytest.mark.parametrize(
    'old, times', [('one', 2), ('three', 0), ('$1(one)', 2), ('$1($1)', 0)]
)
def test_an_edit_that_fits_not_once_says_what_to_update(old, times):
    with pytest.raises(AssertionError) as stopped:
        edited(SOURCE, old, 'new', 'codes/lesson.py')
    message = str(stopped.value)
    assert f'codes/lesson.py has {times} places' in message
    assert f'    {old}\n' in message
    assert 'update the fragment in test_course.py' in message


# A run that is recorded


@pytest.fixture(scope='module')
def recorded(few_images, tmp_path_factory):
    """Lesson 16, two epochs: a lesson with a split, two trainings and a figure."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(helper, 'SYNTHETIC', few_images)
        return ran(lesson(16), *options(lesson(16)), root=tmp_path_factory.mktemp('16'))


def test_a_run_has_the_data_of_the_lesson(recorded):
    ((trainset, testset),) = recorded.loaded
    assert [len(trainset), len(testset)] == [256, 300]
    (parts,) = recorded.splits
    assert [len(part) for part in parts] == [214, 42]
    assert recorded.trainset is parts[0]
    assert [loader.dataset for loader in recorded.loaders] == [*parts, testset]


def test_a_run_has_the_networks_of_the_lesson(recorded):
    assert len(recorded.models) == 2
    assert recorded.trained == recorded.models
    assert recorded.the(nn.Module) is recorded.models[-1]
    assert recorded.function('no_grad') is recorded.function('eval', 'argmax')
    with pytest.raises(AssertionError, match='has 0 functions that use bincount'):
        recorded.function('bincount')


def test_a_run_has_a_loss_for_every_step(recorded):
    batches = 4
    assert [len(losses) for losses in recorded.epochs] == [batches] * 4
    assert len(recorded.losses) == recorded.steps == 16
    assert all(0 < loss < 4 for loss in recorded.losses)


def test_a_run_has_what_was_printed_and_drawn(recorded):
    assert recorded.text.count('Epoch') == 4
    assert list(recorded.figures) == ['curves']
    assert recorded.error is None


def test_a_run_puts_back_what_it_recorded(recorded):
    assert torch.Tensor.backward.__module__ == 'torch._tensor'
    assert nn.Module.__call__.__module__ == 'torch.nn.modules.module'
    assert helper.show.__module__ == 'helper'


def test_a_run_that_fails_keeps_what_came_before(tmp_path):
    program = tmp_path / 'fails.py'
    program.write_text('print(1)\nraise ValueError("no")\n')
    found = ran(program, may_fail=True)
    assert (found.text, str(found.error)) == ('1\n', 'no')
    with pytest.raises(ValueError):
        ran(program)


# Children


@pytest.mark.parametrize(
    'name, value',
    [
        ('PYTHONWARNINGS', 'error'),
        ('PYTHONPATH', '/nowhere'),
        ('LANG', 'C'),
        ('PYTHONIOENCODING', 'ascii'),
        ('https_proxy', 'http://127.0.0.1:9'),
        ('ALL_PROXY', 'http://127.0.0.1:9'),
        ('RANK', '1'),
        ('FORCE_COLOR', '1'),
    ],
)
def test_a_child_does_not_see_a_variable_of_the_caller(name, value, monkeypatch):
    for variable in ('LC_ALL', 'COLUMNS', 'TORCH_HOME', name):
        monkeypatch.setenv(variable, value)
    isolate()
    seen = json.loads(run(PROGRAMS / 'surroundings.py').stdout)
    assert name not in seen['environment']
    assert seen['environment']['COLUMNS'] == '80'
    assert seen['environment']['LC_ALL'] == 'C.UTF-8'
    assert seen['encoding'] == 'utf-8'


def test_a_child_can_be_interrupted_even_if_the_caller_cannot():
    with as_before():  # puts the signals back
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        isolate()
        seen = json.loads(run(PROGRAMS / 'surroundings.py').stdout)
    assert seen['interrupt'], 'SIGINT is still ignored in a child.'
    assert seen['terminate'], 'SIGTERM is still ignored in a child.'


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs os.fork (Linux or macOS)')
def test_scripts_run_together_each_in_a_process_of_its_own(tmp_path):
    (tmp_path / 'good.py').write_text('import sys\nprint(sys.argv[1:])\n')
    (tmp_path / 'bad.py').write_text('1 / 0\n')
    (tmp_path / 'says.py').write_text('import sys\nsys.exit("That is all.")\n')
    found = together(
        {'good': ['good.py', 1], 'bad': ['bad.py'], 'says': ['says.py']}, tmp_path
    )
    assert found['good'] == [0, "['1']\n"]
    assert found['bad'][0] == 1 and 'ZeroDivisionError' in found['bad'][1]
    assert found['says'] == [1, 'That is all.\n']


def test_the_verdicts_of_the_referee_are_in_its_last_line():
    said = {'problems': [{'rule': 'clear'}, {'rule': 'nan'}], 'remarks': []}
    assert rules_broken(f'Epoch 1\n{json.dumps(said)}\n') == ['clear', 'nan']
