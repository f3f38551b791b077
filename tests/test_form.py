"""The lessons look alike where they are alike."""
import re

import pytest
from course import LESSONS, lesson, order

every_lesson = pytest.mark.parametrize('path', LESSONS, ids=lambda path: path.stem)

UPDATE = '''\
images, labels = images.to(device), labels.to(device)
optimizer.zero_grad()
output = model(images)
loss = criterion(output, labels)
loss.backward()
optimizer.step()
'''
EVALUATE = '''\
images, labels = images.to(device), labels.to(device)
output = model(images)
'''


def flat(path):
    """The source without the indentation, and without its '# new here' marks."""
    text = re.sub(r'  # new here.*', '', path.read_text())
    return re.sub(r'^ +', '', text, flags=re.M)


@every_lesson
def test_training_blocks_are_the_same(path):
    source = flat(path)
    loops = len(re.findall(r'for images, labels in train', source))
    assert source.count(UPDATE) >= loops


@every_lesson
def test_evaluation_blocks_are_the_same(path):
    source = flat(path)
    loops = len(re.findall(r'for images, labels in (?:valid|test)loader', source))
    assert source.count(EVALUATE) >= loops
    assert source.count('no_grad') >= bool(loops)


@every_lesson
def test_before_and_next_name_the_neighbours(path):
    before, after = re.search(r'^Before: (\S+)  Next: (\S+)$', path.read_text(),
                              flags=re.M).groups()
    place = LESSONS.index(path)
    assert before == (LESSONS[place - 1].name if place else 'nothing')
    assert after == (LESSONS[place + 1].name if path != LESSONS[-1] else 'README.md')
    assert f'Run: python codes/{path.name}' in path.read_text()


@every_lesson
def test_docstring_and_stations(path):
    lines = path.read_text().splitlines()
    assert lines[0] == '"""' and lines[2] == '=' * len(lines[1])
    assert 'New here: ' in path.read_text()
    for number, line in enumerate(lines):
        if line.startswith('# %%'):
            assert line == '# %%' and lines[number + 1].startswith('# ')
    assert re.search(r'^# Try: ', path.read_text(), flags=re.M) or order(path) == [0]
    assert len(lines) <= (280 if path == lesson(21) else 140)


MISTAKES = [
    r'\.forward\(', r'\.next\(\)', r'pretrained=', r'weights_only=False', r'Variable\(',
    r'FloatTensor', r'super\(\w', r'torch\.load\((?!.*weights_only=True)',
    r'Softmax\(\)', r'F\.(log_)?softmax\(\w+\)', r'create_unverified', r'plt\.show\(\)']


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
