"""The lessons look alike where they are alike."""
import ast
import re

import pytest
from course import LESSONS, ROOT, lesson, order

every_lesson = pytest.mark.parametrize('path', LESSONS, ids=lambda path: path.stem)

EVALUATE = '''\
images, labels = images.to(device), labels.to(device)
output = model(images)
'''
UPDATE = '''\
images, labels = images.to(device), labels.to(device)
optimizer.zero_grad()
output = model(images)
loss = criterion(output, labels)
loss.backward()
optimizer.step()
'''


def loops(path):
    """[(trains, first statements, without gradients)] of the loops over a loader."""
    found = []

    def walk(node, no_grad):
        if isinstance(node, ast.With):
            no_grad = no_grad or 'torch.no_grad()' in ast.unparse(node.items[0])
        if (isinstance(node, ast.For) and isinstance(node.iter, ast.Name)
                and ast.unparse(node.target) == '(images, labels)'):
            body = [ast.unparse(statement) for statement in node.body]
            trains = 'loss.backward()' in body or not no_grad
            found.append((trains, body[:6 if trains else 2], no_grad))
        for child in ast.iter_child_nodes(node):
            walk(child, no_grad)

    walk(ast.parse(path.read_text()), False)
    return found


@every_lesson
def test_blocks_are_the_same(path):
    blocks = {True: ast.parse(UPDATE).body, False: ast.parse(EVALUATE).body}
    for trains, body, no_grad in loops(path):
        assert body == [ast.unparse(statement) for statement in blocks[trains]]
        assert trains != no_grad
    number = order(path)[0]
    if path in (lesson('23_1'), lesson('24_1')):  # they only use a trained model
        number = 0
    kinds = {trains for trains, *_ in loops(path)}
    assert (True in kinds) == (number >= 11 and number != 19)
    assert (False in kinds) == (number >= 11 and number not in (17, 19, 23, 24))


@every_lesson
def test_before_and_next_name_the_neighbours(path):
    before, after = re.search(r'^Before: (\S+)  Next: (\S+)$', path.read_text(),
                              flags=re.M).groups()
    place = LESSONS.index(path)
    assert before == (LESSONS[place - 1].name if place else 'nothing')
    assert after == (LESSONS[place + 1].name if path != LESSONS[-1] else 'README.md')
    assert f'Run: python codes/{path.name}' in path.read_text()


@every_lesson
def test_docstring_stations_and_length(path):
    lines = path.read_text().splitlines()
    assert lines[0] == '"""' and lines[2] == '=' * len(lines[1])
    assert 'New here: ' in path.read_text()
    for number, line in enumerate(lines):
        if line.startswith('# %%'):
            assert line == '# %%' and lines[number + 1].startswith('# ')
    assert re.search(r'^# Try: ', path.read_text(), flags=re.M) or order(path) == [0]
    assert len(lines) <= (200 if path == lesson(21) else 125)


def test_the_helper_is_one_page():
    assert len((ROOT / 'helper.py').read_text().splitlines()) <= 300


MISTAKES = [
    r'\.forward\(', r'\.next\(\)', r'pretrained=', r'weights_only=False', r'Variable\(',
    r'FloatTensor', r'super\(\w', r'torch\.load\((?!.*weights_only=True)',
    r'torch\.load\((?!.*map_location=)', r'Softmax\(\)', r'F\.(log_)?softmax\(\w+\)',
    r'create_unverified', r'plt\.show\(\)',
    r'helper\.(get_loader|photo_set|get_device|load_mnist|load_fashion_mnist)']


@every_lesson
def test_no_mistake_of_old(path):
    code = re.sub(r'(?m)^\s*#.*', '', path.read_text()).split('"""', 2)[2]
    assert [mistake for mistake in MISTAKES if re.search(mistake, code)] == []


@every_lesson
def test_helper_is_the_courses_own(path):
    source = path.read_text()
    line = "sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up\n"
    assert ('helper.' in source) == (line in source) or path == lesson(0)
    if line in source and path != lesson(0):
        assert line + 'import helper\n' in source
