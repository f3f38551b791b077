"""The lessons look alike where they are alike, whatever their variables are called."""

import ast
import re

import pytest
from course import LESSONS, lesson

every_lesson = pytest.mark.parametrize('path', LESSONS, ids=lambda path: path.stem)

# Every loop that trains begins like this, and every loop that measures like the other.
UPDATE = """
for images, labels in loader:
    images, labels = images.to(device), labels.to(device)
    optimizer.zero_grad()
    output = model(images)
    loss = criterion(output, labels)
    loss.backward()
    optimizer.step()
"""
UPDATE_ON_A_GPU = """
for images, labels in loader:
    images = images.to(device, non_blocking=True)
    labels = labels.to(device, non_blocking=True)
    optimizer.zero_grad()
    output = model(images)
    loss = criterion(output, labels)
    loss.backward()
    optimizer.step()
"""
EVALUATION = """
for images, labels in loader:
    images, labels = images.to(device), labels.to(device)
    output = model(images)
"""
FROM_11 = LESSONS[LESSONS.index(lesson(11)) :]
WITHOUT_TRAINING = [lesson(number) for number in (19, '23_1', '24_1')]
WITHOUT_EVALUATION = [
    lesson(number) for number in (17, '17_1', 19, 23, '23_1', 24, '24_1')
]


def calls(node):
    """The names of the methods that are called in a node: {'backward', 'to'}."""
    return {
        call.func.attr
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    }


def loops(node, no_grad=False):
    """Yield (loop, is it in no_grad?) of the loops that have no other loop in them."""
    if isinstance(node, ast.With):
        no_grad = no_grad or any('no_grad' in calls(item) for item in node.items)
    inner = [
        found for child in ast.iter_child_nodes(node) for found in loops(child, no_grad)
    ]
    if isinstance(node, ast.For) and not inner:
        yield node, no_grad
    yield from inner


def trainings(path):
    """The loops that call backward() for what a loader gives."""
    tree = ast.parse(path.read_text())
    return [
        (loop, no_grad)
        for loop, no_grad in loops(tree)
        if 'backward' in calls(loop) and isinstance(loop.target, ast.Tuple)
    ]


def evaluations(path):
    """The loops that look for the largest output, for errors, or for probabilities."""
    tree = ast.parse(path.read_text())
    return [
        (loop, no_grad)
        for loop, no_grad in loops(tree)
        if calls(loop) & {'argmax', 'abs', 'sigmoid'}
        and 'backward' not in calls(loop)
        and isinstance(loop.target, ast.Tuple)
    ]


def structure(loop, length):
    """The target and first statements of a loop, with names numbered as they come.

    Clipping, between backward() and step(), is left out.
    """
    names = {}
    lines = []
    body = [part for part in loop.body if 'clip_grad_norm_' not in calls(part)]
    for statement in [loop.target, *body[:length]]:
        copy = ast.parse(ast.unparse(statement))
        for node in ast.walk(copy):
            if isinstance(node, ast.Name):
                node.id = names.setdefault(node.id, f'name{len(names) + 1}')
        lines.append(ast.unparse(copy))
    return lines


def assert_all_begin_like(found, block, path):
    wanted = ast.parse(block).body[0]
    length = len(wanted.body)
    for loop, _ in found:
        assert structure(loop, length) == structure(wanted, length), (
            f'The loop in line {loop.lineno} of {path.name} should begin like this, '
            f'with any names:\n{block}'
        )


@every_lesson
def test_every_training_updates_in_the_same_way(path):
    block = UPDATE_ON_A_GPU if path == lesson(23) else UPDATE
    assert_all_begin_like(trainings(path), block, path)


@every_lesson
def test_every_evaluation_begins_in_the_same_way(path):
    assert_all_begin_like(evaluations(path), EVALUATION, path)


@every_lesson
def test_gradients_are_off_exactly_where_nothing_is_trained(path):
    for loop, no_grad in trainings(path):
        assert not no_grad, f'{path.name} trains under no_grad, in line {loop.lineno}.'
    for loop, no_grad in evaluations(path):
        assert no_grad, f'{path.name} measures without no_grad, in line {loop.lineno}.'


@every_lesson
def test_lessons_from_11_on_train_unless_they_are_about_something_else(path):
    trains = path in FROM_11 and path not in WITHOUT_TRAINING
    assert bool(trainings(path)) == trains, (
        f'{path.name} has {len(trainings(path))} training loops.'
    )


@every_lesson
def test_lessons_from_11_on_measure_unless_they_are_about_something_else(path):
    measures = path in FROM_11 and path not in WITHOUT_EVALUATION
    assert bool(evaluations(path)) == measures, (
        f'{path.name} has {len(evaluations(path))} loops that measure.'
    )


# What a lesson says of itself


def docstring(path):
    return ast.get_docstring(ast.parse(path.read_text())) or ''


@every_lesson
def test_a_lesson_begins_with_its_title(path):
    lines = docstring(path).splitlines()
    assert len(lines) > 2 and lines[0].strip() and set(lines[1]) == {'='}, (
        f'{path.name} should begin with a docstring, of which the first line is the '
        'title, and the second underlines it with =.'
    )


@every_lesson
def test_before_and_next_name_the_neighbours(path):
    place = LESSONS.index(path)
    before = LESSONS[place - 1].name if place else 'nothing'
    after = LESSONS[place + 1].name if path != LESSONS[-1] else 'README.md'
    found = {
        word: re.findall(rf'\b{word}: *(\S+)', docstring(path))
        for word in ('Before', 'Next')
    }
    assert found == {'Before': [before], 'Next': [after]}, (
        f'{path.name} comes after {before} and before {after}.'
    )


@every_lesson
def test_the_run_line_names_the_file(path):
    command = f'Run: python codes/{path.name}'
    assert command in ' '.join(docstring(path).split()), (
        f'The docstring of {path.name} should say "{command}".'
    )


@every_lesson
def test_a_lesson_ends_with_something_to_try(path):
    tries = re.findall('(?m)^# Try: ', path.read_text())
    assert tries or path == lesson(0), f'{path.name} has no line "# Try: ...".'


@every_lesson
def test_the_course_s_own_helper_is_imported(path):
    statements = ast.parse(path.read_text()).body
    wanted = "sys.path.insert(0, sys.path[0] + '/..')"
    for before, statement in zip(statements, statements[1:]):
        if ast.unparse(statement) == 'import helper':
            assert ast.unparse(before) == wanted, (
                f'{path.name} needs this line before it imports the helper, or it may '
                f'get a package of that name: {wanted}'
            )


# Mistakes that no lesson may show


def mistakes(source):
    """What a learner should not see, in the calls and names of a source."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr.endswith('FloatTensor'):
            found.append('a FloatTensor: torch.tensor makes one of any kind')
        if isinstance(node, ast.Call):
            problem = mistake_of(node)
            if problem:
                found.append(f'{ast.unparse(node)}: {problem}')
    return found


def mistake_of(call):
    """What is wrong with a call, or ''."""
    name = getattr(call.func, 'attr', getattr(call.func, 'id', ''))
    whole_name = ast.unparse(call.func)
    keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    if name == 'forward':
        return 'call the model itself, which also calls its hooks'
    if name == 'next' and isinstance(call.func, ast.Attribute):
        return 'this has been next(...) since Python 3'
    if name == 'Variable':
        return 'every tensor can have a gradient'
    if name == 'super' and call.args:
        return 'super() needs no arguments'
    if 'pretrained' in keywords:
        return 'torchvision has taken weights=... since 0.13'
    if whole_name == 'torch.load' and keywords.get('weights_only') != 'True':
        return 'without weights_only=True it may run code that is in the file'
    if whole_name == 'torch.load' and 'map_location' not in keywords:
        return 'without map_location it fails where the GPU is missing'
    if name in ('Softmax', 'LogSoftmax') and not (call.args or 'dim' in keywords):
        return 'it should say along which dim'
    if (
        whole_name
        in ('F.softmax', 'F.log_softmax', 'torch.softmax', 'torch.log_softmax')
        and len(call.args) < 2
        and ('dim' not in keywords)
    ):
        return 'it should say along which dim'
    if whole_name == 'plt.show':
        return 'helper.show(...) also works without a display'
    return ''


@every_lesson
def test_no_lesson_shows_a_mistake_of_old(path):
    found = mistakes(path.read_text())
    assert not found, f'{path.name} has ' + '\n'.join(found)


@pytest.mark.parametrize(
    'wrong, right',
    [
        ('model.forward(x)', 'model(x)'),
        ('loader.next()', 'next(loader)'),
        ('Variable(x)', 'torch.tensor(x)'),
        ('torch.FloatTensor(3)', 'torch.zeros(3)'),
        ('super(Network, self).__init__()', 'super().__init__()'),
        ('models.densenet121(pretrained=True)', 'models.densenet121(weights=weights)'),
        (
            'torch.load(path, map_location=device)',
            'torch.load(path, map_location=device, weights_only=True)',
        ),
        (
            'torch.load(path, map_location=device,\n    weights_only=False)',
            'torch.load(path, map_location=device,\n    weights_only=True)',
        ),
        (
            'torch.load(path, weights_only=True)',
            "torch.load(path, weights_only=True, map_location='cpu')",
        ),
        ('nn.LogSoftmax()', 'nn.LogSoftmax(dim=1)'),
        ('nn.Softmax()', 'nn.Softmax(1)'),
        ('F.log_softmax(x)', 'F.log_softmax(x, dim=1)'),
        ('torch.softmax(x)', 'torch.softmax(x, 1)'),
        ('plt.show()', 'helper.show("loss")'),
    ],
)
def test_a_mistake_of_old_is_seen_and_its_right_form_is_not(wrong, right):
    assert len(mistakes(wrong)) == 1, f'No mistake is seen in {wrong}'
    assert mistakes(right) == [], f'A mistake is seen in {right}'
