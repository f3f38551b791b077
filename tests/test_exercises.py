"""Each exercise refuses what is wrong in its own words, and accepts what is right."""
import ast
import re
import runpy
import shutil
import subprocess
import sys

import check
import pytest
from course import LESSONS, ROOT, order

TASKS = {number: (ROOT / f'exercises/{number}.py').read_text()
         for number in check.NUMBERS}
ANSWERS = {number: runpy.run_path(str(ROOT / f'exercises/answers/{number}.py'))
           for number in check.NUMBERS}
every_exercise = pytest.mark.parametrize('number', check.NUMBERS)


def judge(number, answer=''):
    """The verdict on a task, with an answer written under it."""
    return check.judge(number, TASKS[number] + answer, f'my/{number}.py')


@every_exercise
def test_the_task_is_not_its_answer(number):
    assert judge(number) != 'right'


@every_exercise
def test_what_is_right(number):
    for answer in (ANSWERS[number]['SOLUTION'], *ANSWERS[number]['RIGHT']):
        assert judge(number, answer) == 'right', answer


@every_exercise
@pytest.mark.filterwarnings('ignore:The .grad attribute of a Tensor that is not a leaf')
def test_what_is_wrong(number):
    assert len(ANSWERS[number]['WRONG']) >= 4
    for answer, words in ANSWERS[number]['WRONG']:
        verdict = judge(number, answer)
        assert words in verdict and '\n' not in verdict, (answer, verdict)


def test_there_are_enough():
    assert len(TASKS) >= 18
    assert sum(len(answers['WRONG']) for answers in ANSWERS.values()) >= 80
    assert all(answers['RIGHT'] for answers in ANSWERS.values())


@every_exercise
def test_form_of_a_task(number):
    tree = ast.parse(TASKS[number])
    title, line = ast.get_docstring(tree).splitlines()[:2]
    assert line == '=' * len(title) and len(title) <= 42
    given = TASKS[number].split('"""')[2].strip().splitlines()
    assert len(given) <= 25 and ('...' in TASKS[number] or number in ('11', '13_1'))


def numbered():
    """The lessons, by what stands before their name: '5_1'."""
    return {'_'.join(map(str, order(path))): path for path in LESSONS}


def test_lessons_and_outline_name_their_exercises():
    for number, path in numbered().items():
        named = re.findall(r'python exercises/check\.py (\w+)$', path.read_text(),
                           flags=re.M)
        assert named == [number] * (number in TASKS), path.name
    readme = (ROOT / 'README.md').read_text()
    told = re.findall(r'\]\(exercises/(\w+)\.py\)', readme)
    assert told == check.NUMBERS


def test_the_example_of_the_page():
    readme = (ROOT / 'README.md').read_text()
    number, line, words = re.search(r'^my/(\w+)\.py, (line \d+): (.*)$', readme,
                                    flags=re.M).groups()
    said = [judge(number, answer) for answer, _ in ANSWERS[number]['WRONG']]
    assert f'{line}: {words}' in said, said


# The command


@pytest.fixture
def course(tmp_path):
    """A folder with the exercises alone."""
    shutil.copytree(ROOT / 'exercises', tmp_path / 'course/exercises',
                    ignore=shutil.ignore_patterns('__pycache__'))
    return tmp_path / 'course'


def command(course, *args):
    return subprocess.run([sys.executable, course / 'exercises/check.py', *args],
                          cwd=course.parent, capture_output=True, text=True)


def test_from_the_task_to_right(course):
    given = command(course, '14')
    mine = course / 'my/14.py'
    assert given.returncode == 0 and mine.read_text() == TASKS['14']
    assert TASKS['14'] in given.stdout and 'my/14.py' in given.stdout
    for name in 'hint', 'solution':
        told = command(course, '14', f'--{name}').stdout
        assert told == ANSWERS['14'][name.upper()].strip() + '\n'
    mine.write_text(TASKS['14'] + ANSWERS['14']['SOLUTION'])
    (course / 'my/12.py').write_text(TASKS['12'])
    written = mine.read_text()
    result = command(course, '14')
    assert (result.returncode, result.stdout) == (0, 'my/14.py: right\n')
    table = command(course).stdout.splitlines()
    assert [line.split()[0] for line in table] == check.NUMBERS
    states = {line.split()[0]: line[49:] for line in table}
    assert states.pop('14') == 'right' and states.pop('12').startswith('not yet, ')
    assert {state.strip() for state in states.values()} == {'not begun'}
    assert mine.read_text() == written


LINE = TASKS['14'].count('\n') + 1
SAYS = {  # what a learner may write, and what is said about it
    'def accuracy(model, loader)\n    return 1': f'line {LINE}: SyntaxError: expected',
    'def accuracy(model, loader):\n    return corect / 2':
        f"line {LINE + 1}: NameError: name 'corect' is not defined",
    '': 'line 19: accuracy is empty so far: write it here',
    'def accuracy(model, loader):\n    with open(__file__):\n        return 2':
        f'line {LINE + 2}: ',
    'del accuracy': 'there is no accuracy: keep the names of the task',
    'def accuracy(model, loader):\n    print(0.5)': 'accuracy returns nothing: print',
    "def accuracy(model, loader):\n    return '0.5'": 'not a float',
    "def accuracy(model, loader):\n    return float(open('nowhere').read())":
        f'line {LINE + 1}: FileNotFoundError: ',
    'def accuracy(model, loader):\n    return input()': f'line {LINE + 1}: EOFError: ',
    'def accuracy(model, loader):\n    return accuracy(model, loader)':
        'RecursionError: ',
    'exit(0)': f'line {LINE}: SystemExit: ',
    'import os; os._exit(0)': 'it ended Python',
    'def accuracy(model, loader):\n    while True:\n        pass':
        'not over after 3 seconds, a loop without an end?',
    '\0': 'null bytes',
    'é = "\udcff"': 'SyntaxError: ',
}


def test_whatever_a_learner_writes(course):
    """One clear line about each; one process judges as many as it survives."""
    program = course / 'exercises/check.py'
    program.write_text(program.read_text().replace('SECONDS = 10', 'SECONDS = 3'))
    (course / 'my').mkdir()
    names = [str(100 + i) for i in range(len(SAYS))]
    for name, answer in zip(names, SAYS):
        (course / f'my/{name}.py').write_bytes(
            (TASKS['14'] + answer).encode(errors='surrogateescape'))
        for folder in ('exercises', 'exercises/answers'):
            shutil.copy(course / folder / '14.py', course / folder / f'{name}.py')
    result = command(course)
    assert result.returncode == 0 and not result.stderr, result.stderr
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    for name, words in zip(names, SAYS.values()):
        assert words in lines[name], lines[name]
        assert 'Traceback' not in lines[name]


def test_what_is_forbidden():
    for start in ('', 'from torch.nn.functional import nll_loss\n',
                  'from torch.nn.functional import *\n'):
        call = 'F.nll_loss' if not start else 'nll_loss'
        told = judge('7', f'\n{start}def cross_entropy(logits, labels):\n    return '
                          f'{call}(F.log_softmax(logits, 1), labels)\n')
        assert re.match(r'line \d+: (nll_loss does it for you|import what you)', told)


def test_one_answer_leaves_torch_as_it_was_for_the_next():
    import torch

    judge('12', '\ntorch.set_grad_enabled(False)\n'
                'torch.set_default_dtype(torch.float64)\n')
    for number in ('16', '18', '10'):
        assert judge(number, ANSWERS[number]['SOLUTION']) == 'right'
    assert torch.is_grad_enabled()
