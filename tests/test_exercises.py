"""Each exercise recognizes the mistakes that it knows, and accepts what is right.

A mistake is recognized by its name, which stands in an assert before the words for the
learner: `assert condition, ('name of the mistake', 'what the learner reads')`. In a
file of answers, WRONG lists pairs of an answer and the name of its mistake, and
UNREACHED, if there is one, gives the reason why no answer makes a mistake.
"""

import ast
import builtins
import functools
import re
import runpy
import shutil
import subprocess
import sys

import check
import pytest
from course import LESSONS, ROOT, order

FOLDER = ROOT / 'exercises'
TASKS = {}
ANSWERS = {}
SOURCES = {}  # of the files of answers
for _number in check.NUMBERS:
    _path = FOLDER / f'answers/{_number}.py'
    TASKS[_number] = (FOLDER / f'{_number}.py').read_text('utf-8')
    ANSWERS[_number] = runpy.run_path(str(_path))
    SOURCES[_number] = _path.read_text('utf-8')

NUMBERED = {'_'.join(map(str, order(path))): path for path in LESSONS}
every_exercise = pytest.mark.parametrize(
    'number',
    [
        pytest.param(number, id=f'{number}-{NUMBERED[number].stem}')
        for number in check.NUMBERS
    ],
)
every_lesson = pytest.mark.parametrize(
    'number',
    [
        pytest.param(number, id=f'{number}-{path.stem}')
        for number, path in NUMBERED.items()
    ],
)
grad_of_no_leaf = pytest.mark.filterwarnings(  # of a wrong answer that looks for x.grad
    'ignore:The .grad attribute of a Tensor that is not a leaf'
)


def judge(number, answer=''):
    """The verdict on a task, with an answer written under it."""
    return check.judge(number, TASKS[number] + answer, f'my/{number}.py')


@functools.cache
def wrong_answers(number):
    """List (answer, name of its mistake, verdict) of what counts as wrong."""
    return [
        (answer, name, judge(number, answer))
        for answer, name in ANSWERS[number]['WRONG']
    ]


# The names of mistakes

NAME = re.compile(r"[a-z0-9'-]+( [a-z0-9'-]+){1,3}$")  # two to four words in lower case


def messages(tree):
    """Yield the message of each assert, and of each AssertionError that is raised."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and node.msg:
            yield node.msg
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            if ast.unparse(node.exc.func) == 'AssertionError':
                yield from node.exc.args
        if isinstance(node, ast.For):
            yield from messages_of_a_table(node)


def messages_of_a_table(loop):
    """Yield from `for wrong, mistake in (...): assert ..., mistake` each mistake."""
    asserted = {
        ast.unparse(node.msg)
        for node in ast.walk(loop)
        if isinstance(node, ast.Assert) and node.msg
    }
    if isinstance(loop.target, ast.Tuple) and isinstance(loop.iter, ast.Tuple):
        for place, target in enumerate(loop.target.elts):
            if ast.unparse(target) in asserted:
                yield from (row.elts[place] for row in loop.iter.elts)


def is_pair(node):
    return (
        isinstance(node, ast.Tuple)
        and len(node.elts) == 2
        and isinstance(node.elts[0], ast.Constant)
        and isinstance(node.elts[0].value, str)
    )


def is_text(node):
    """A string, or an expression that puts one together."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    return isinstance(node, (ast.JoinedStr, ast.BinOp, ast.IfExp))


def named_mistakes(source):
    """Return {name: set of the expressions of its words} of all pairs in a source.

    A pair is the message of an assert, or a tuple from which one takes it: of a name of
    two to four words in lower case and a text.
    """
    tree = ast.parse(source)
    for node in tree.body:  # the lists of answers hold pairs of another kind
        if isinstance(node, ast.Assign):
            if ast.unparse(node.targets[0]) in ('WRONG', 'RIGHT'):
                node.value = ast.Constant(None)
    pairs = [node for node in messages(tree) if is_pair(node)]
    for node in ast.walk(tree):
        if is_pair(node) and is_text(node.elts[1]) and NAME.match(node.elts[0].value):
            pairs.append(node)
    found = {}
    for pair in pairs:
        found.setdefault(pair.elts[0].value, set()).add(ast.unparse(pair.elts[1]))
    return found


def is_error(name):
    """The name is the type of an error that an answer raises, such as NameError."""
    kind = getattr(builtins, name, None)
    error = isinstance(kind, type) and issubclass(kind, BaseException)
    return error and kind is not AssertionError  # so an assert without a name shows up


OWN = set(named_mistakes((FOLDER / 'check.py').read_text('utf-8')))  # of any exercise


@every_exercise
def test_each_assert_of_a_check_names_its_mistake(number):
    nameless = [
        ast.unparse(node)
        for node in messages(ast.parse(SOURCES[number]))
        if is_text(node)
    ]
    assert not nameless, (
        f'exercises/answers/{number}.py asserts with a sentence alone. Put the name of '
        f'the mistake before it, as a pair: {nameless}'
    )


@every_exercise
def test_the_name_of_a_mistake_is_short_and_belongs_to_one_mistake(number):
    for name, words in named_mistakes(SOURCES[number]).items():
        assert NAME.match(name), (
            f'exercises/answers/{number}.py names a mistake {name!r}: take two to four '
            'words in lower case'
        )
        assert len(words) == 1, (
            f'exercises/answers/{number}.py says different things about {name!r}, so '
            f'these are mistakes with names of their own: {words}'
        )
        assert name not in OWN, (
            f'exercises/answers/{number}.py names a mistake {name!r}, which is how '
            'check.py itself names one of its own'
        )


@every_exercise
def test_each_named_mistake_is_made_by_a_wrong_answer(number):
    made = {name for _, name in ANSWERS[number]['WRONG']}
    unreached = ANSWERS[number].get('UNREACHED', {})
    named = set(named_mistakes(SOURCES[number]))
    untried = named - made - set(unreached)
    assert not untried, (
        f'no wrong answer in exercises/answers/{number}.py makes the mistakes '
        f'{sorted(untried)}, so nobody knows whether they are recognized. Add answers '
        'to WRONG, or reasons to UNREACHED, a dict of names'
    )
    needless = set(unreached) - (named - made)
    assert not needless, (
        f'exercises/answers/{number}.py lists {sorted(needless)} in UNREACHED, but a '
        'wrong answer makes this mistake, or no assert names it'
    )


@every_exercise
def test_the_names_of_wrong_answers_are_asserted(number):
    made = {name for _, name in ANSWERS[number]['WRONG']}
    unknown = made - set(named_mistakes(SOURCES[number])) - OWN
    unknown -= set(filter(is_error, unknown))
    assert not unknown, (
        f'WRONG in exercises/answers/{number}.py has the names {sorted(unknown)}, and '
        'no assert has them'
    )


# Right and wrong answers


@every_exercise
def test_the_task_is_not_its_answer(number):
    verdict = judge(number)
    assert verdict.name != 'right', f'exercises/{number}.py as it is counts as right'


@every_exercise
def test_right_answers_are_accepted(number):
    for answer in (ANSWERS[number]['SOLUTION'], *ANSWERS[number]['RIGHT']):
        verdict = judge(number, answer)
        assert verdict.name == 'right', (
            f'exercise {number} refuses a right answer as {verdict.name!r}, {verdict}:'
            f'\n{answer}'
        )


@every_exercise
@grad_of_no_leaf
def test_mistakes_in_answers_are_recognized(number):
    failures = []
    for answer, name, verdict in wrong_answers(number):
        if verdict.name != name:
            failures.append(
                f'This is {name!r}, and the verdict is {verdict.name!r}, '
                f'{verdict}:\n{answer}'
            )
    assert not failures, f'exercise {number}\n' + '\n\n'.join(failures)


@every_exercise
@grad_of_no_leaf
def test_verdicts_are_one_line(number):
    for answer, _, verdict in wrong_answers(number):
        line = str(verdict)
        assert line and line.isprintable(), (
            f'exercise {number} says {line!r}, which is not one line of text, of:\n'
            f'{answer}'
        )


@every_exercise
def test_an_exercise_has_several_wrong_answers_and_another_right_one(number):
    wrong = len(ANSWERS[number]['WRONG'])
    assert wrong >= 4, f'exercise {number} is tried with {wrong} wrong answers only'
    assert ANSWERS[number]['RIGHT'], (
        f'exercise {number} is tried with no right answer besides its solution, so it '
        'may refuse whatever differs from that'
    )


@every_exercise
def test_a_task_explains_itself_under_a_title(number):
    title, underline, *text = ast.get_docstring(ast.parse(TASKS[number])).splitlines()
    assert title and set(underline) == {'='}, (
        f'exercises/{number}.py does not begin with an underlined title'
    )
    assert any(text), f'exercises/{number}.py does not say what to do'


def functions(source):
    """Return {name: its arguments} of the functions at the top level of a source."""
    return {
        node.name: ast.unparse(node.args)
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
    }


@every_exercise
def test_a_task_and_its_solution_have_the_same_arguments(number):
    given = functions(TASKS[number])
    for name, arguments in functions(ANSWERS[number]['SOLUTION']).items():
        assert given.get(name, arguments) == arguments, (
            f'{name} has the arguments {given[name]} in exercises/{number}.py, and '
            f'{arguments} in the solution'
        )


# The pages


@every_lesson
def test_a_lesson_names_its_exercise(number):
    text = NUMBERED[number].read_text('utf-8')
    named = re.findall(r'python exercises/check\.py (\w+)$', text, flags=re.M)
    expected = [number] if number in TASKS else []
    assert named == expected, (
        f'{NUMBERED[number].name} names the exercises {named}, and has {expected}'
    )


def test_the_outline_lists_the_exercises_in_their_order():
    readme = (ROOT / 'README.md').read_text('utf-8')
    listed = re.findall(r'\]\(exercises/(\w+)\.py\)', readme)
    wanted = [number for number in NUMBERED if number in TASKS]  # 25 comes before 22
    assert listed == wanted, (
        f'README.md links to the exercises {listed}, and there are {wanted}'
    )


def test_the_example_of_the_page_is_what_the_command_says():
    page = (FOLDER / 'README.md').read_text('utf-8')
    shown = re.search(r'^my/(\w+)\.py, (line \d+: .*)$', page, flags=re.M)
    assert shown, 'exercises/README.md shows no verdict: my/14.py, line ...'
    number, line = shown.groups()
    said = [str(verdict) for _, _, verdict in wrong_answers(number)]
    assert line in said, (
        f'exercises/README.md shows {line!r}, and check.py says this about the wrong '
        f'answers of exercise {number}: {said}'
    )


# The command


@pytest.fixture
def course(tmp_path):
    """A folder with the exercises alone."""
    shutil.copytree(
        FOLDER,
        tmp_path / 'course/exercises',
        ignore=shutil.ignore_patterns('__pycache__'),
    )
    (tmp_path / 'course/my').mkdir()
    return tmp_path / 'course'


def command(course, *args):
    """Run check.py of this course from somewhere else."""
    return subprocess.run(
        [sys.executable, course / 'exercises/check.py', *args],
        cwd=course.parent,
        capture_output=True,
        encoding='utf-8',
    )


def test_the_first_call_gives_the_task(course):
    (course / 'my').rmdir()
    result = command(course, '14')
    assert result.returncode == 0, result.stderr
    assert (course / 'my/14.py').read_text('utf-8') == TASKS['14']
    assert TASKS['14'] in result.stdout, 'the task is not shown'
    assert 'my/14.py' in result.stdout, 'the name of the file is not told'


@pytest.mark.parametrize('name', ['hint', 'solution'])
def test_the_command_shows_what_was_asked_for(course, name):
    told = command(course, '14', f'--{name}').stdout
    assert told.strip() == ANSWERS['14'][name.upper()].strip()


def test_the_second_call_checks_what_was_written(course):
    mine = course / 'my/14.py'
    written = TASKS['14'] + ANSWERS['14']['SOLUTION']
    mine.write_text(written, 'utf-8')
    result = command(course, '14')
    assert (result.returncode, result.stdout) == (0, 'my/14.py: right\n')
    assert mine.read_text('utf-8') == written, 'the check changed the answer'


def test_a_mistake_is_told_in_one_line_with_its_file_and_line(course):
    answer, _ = ANSWERS['14']['WRONG'][0]
    (course / 'my/14.py').write_text(TASKS['14'] + answer, 'utf-8')
    result = command(course, '14')
    assert result.returncode == 1, 'a wrong answer ends without an error'
    assert result.stdout == f'my/14.py, {judge("14", answer)}\n'
    assert re.match(r'my/14\.py, line \d+: ', result.stdout), result.stdout


def test_without_a_number_the_command_lists_how_far_you_are(course):
    (course / 'my/14.py').write_text(TASKS['14'] + ANSWERS['14']['SOLUTION'], 'utf-8')
    (course / 'my/12.py').write_text(TASKS['12'], 'utf-8')
    table = command(course).stdout.splitlines()
    states = {}
    for line in table:
        number = line.split()[0]
        title = ast.get_docstring(ast.parse(TASKS[number])).splitlines()[0]
        assert title in line, f'the line of exercise {number} lacks its title: {line}'
        states[number] = line.split(title)[1].strip()
    assert list(states) == check.NUMBERS, 'the exercises are not in their order'
    assert states.pop('14') == 'right'
    state = states.pop('12')
    assert state.startswith('not yet, ') and state.endswith(str(judge('12'))), state
    assert set(states.values()) == {'not begun'}, states


LINE = TASKS['14'].count('\n') + 1  # where an answer begins, under its task
EMPTY = TASKS['14'].splitlines().index('def accuracy(model, loader):') + 1
SAYS = [  # (what a learner may write, the name of the verdict, the line that it tells)
    ('def accuracy(model, loader)\n    return 1', 'SyntaxError', LINE),
    ('def accuracy(model, loader):\n    return corect / 2', 'NameError', LINE + 1),
    ('', 'still empty', EMPTY),
    (
        "def accuracy(model, loader):\n    with open(__file__):\n        return '0.5'",
        'wrong type',
        LINE + 2,
    ),
    ('del accuracy', 'name is gone', None),
    ('def accuracy(model, loader):\n    print(0.5)', 'returns nothing', LINE + 1),
    ("def accuracy(model, loader):\n    return '0.5'", 'wrong type', LINE + 1),
    (
        "def accuracy(model, loader):\n    return float(open('nowhere').read())",
        'FileNotFoundError',
        LINE + 1,
    ),
    ('def accuracy(model, loader):\n    return input()', 'EOFError', LINE + 1),
    (
        "def accuracy(model, loader):\n    assert False, ('my own', 'words')",
        'AssertionError',
        LINE + 1,
    ),
    ('exit(0)', 'SystemExit', LINE),
    ('import os; os._exit(0)', 'ended Python', None),
]
STRANGE = [  # (the same, the names that versions of Python give it)
    (
        'def accuracy(model, loader):\n    return accuracy(model, loader)',
        ['RecursionError'],
    ),
    ('\0', ['SyntaxError', 'ValueError']),
    ('é = "\udcff"', ['SyntaxError']),
]
ENDLESS = 'def accuracy(model, loader):\n    while True:\n        pass'


def verdicts(course, answers):
    """Judge answers to exercise 14 as the command does; return a verdict for each."""
    names = [str(100 + i) for i in range(len(answers))]
    for name, answer in zip(names, answers):
        text = (TASKS['14'] + answer).encode(errors='surrogateescape')
        (course / f'my/{name}.py').write_bytes(text)
        for folder in ('exercises', 'exercises/answers'):
            shutil.copy(course / folder / '14.py', course / folder / f'{name}.py')
    said = runpy.run_path(str(course / 'exercises/check.py'))['judge_apart'](names)
    return [said[name] for name in names]


def test_whatever_a_learner_writes_has_its_verdict(course):
    """One process judges as many answers as it survives, then another goes on."""
    answers = [row[0] for row in SAYS + STRANGE]
    said = verdicts(course, answers)
    for verdict, (answer, name, line) in zip(said, SAYS):
        assert (verdict.name, verdict.line) == (name, line), (
            f'This is {name!r} in line {line}, and the verdict is {verdict}:\n{answer}'
        )
    for verdict, (answer, names) in zip(said[len(SAYS) :], STRANGE):
        assert verdict.name in names, (
            f'This is {names}, and the verdict is {verdict}:\n{answer!r}'
        )
    for verdict, answer in zip(said, answers):
        line = str(verdict)
        assert line and line.isprintable(), (
            f'The verdict {line!r} is not one line of text:\n{answer!r}'
        )


def test_an_endless_loop_is_stopped_in_its_line(course):
    answers = [ENDLESS, '']
    stopped, next_one = verdicts(course, answers)
    assert stopped.name == 'not over', stopped
    assert stopped.line in (LINE + 1, LINE + 2), stopped
    assert next_one.name == 'still empty', 'the answers after it are not judged'


@pytest.mark.parametrize(
    'start, call, name',
    [
        ('', 'F.nll_loss', 'uses what is forbidden'),
        (
            'from torch.nn.functional import nll_loss\n',
            'nll_loss',
            'uses what is forbidden',
        ),
        ('from torch.nn.functional import *\n', 'nll_loss', 'imports all names'),
    ],
)
def test_what_is_forbidden_is_recognized(start, call, name):
    verdict = judge(
        '7',
        f'\n{start}def cross_entropy(logits, labels):\n'
        f'    return {call}(F.log_softmax(logits, 1), labels)\n',
    )
    assert verdict.name == name, verdict
    assert verdict.line, f'the verdict tells no line: {verdict}'


def test_each_verdict_of_the_checker_itself_is_tried():
    tried = {name for _, name, _ in SAYS} | {
        'uses what is forbidden',
        'imports all names',
    }
    for answers in ANSWERS.values():
        tried.update(name for _, name in answers['WRONG'])
    assert OWN <= tried, f'no answer here makes check.py say {OWN - tried}'


@pytest.mark.parametrize('number', ['16', '18', '10'])
def test_an_answer_leaves_torch_as_it_was_for_the_next(number):
    import torch

    judge(
        '12',
        '\ntorch.set_grad_enabled(False)\ntorch.set_default_dtype(torch.float64)\n',
    )
    assert torch.is_grad_enabled(), 'gradients are off after an answer'
    assert torch.get_default_dtype() == torch.float32, 'numbers are float64 now'
    verdict = judge(number, ANSWERS[number]['SOLUTION'])
    assert verdict.name == 'right', verdict
