"""Every lesson runs as a learner runs it, prints what it says, and learns."""
import ast
import builtins
import contextlib
import io
import re
import sys

import pytest
from course import (
    LESSONS,
    REAL_DATA,
    ROOT,
    STAND_INS,
    accuracy,
    lesson,
    options,
    run,
    variables,
)

every_lesson = pytest.mark.parametrize('path', LESSONS, ids=lambda path: path.stem)


@every_lesson
def test_runs_from_anywhere_beside_another_helper(path, tmp_path):
    (tmp_path / 'helper.py').write_text('raise ImportError("not the course\'s own")')
    result = run(path, *options(path, figures='save'), cwd=tmp_path,
                 python=['-W', 'error'], env={'PYTHONPATH': str(tmp_path)})
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()
    saved = re.findall(r'Figure: (.*)', result.stdout)
    assert len(saved) == path.read_text().count('helper.show(')
    for figure in saved:
        assert (ROOT / figure).read_bytes().startswith(b'\x89PNG')


@every_lesson
def test_prints_what_stands_at_the_end_of_the_line(path, monkeypatch):
    """The first line that each print statement wrote ends with its comment."""
    first, show = {}, builtins.print

    def record(*values, **named):
        frame = sys._getframe(1)
        if frame.f_globals.get('__file__') == str(path):
            text = io.StringIO()
            show(*values, file=text)
            first.setdefault(frame.f_lineno, text.getvalue().partition('\n')[0])

    monkeypatch.setattr(builtins, 'print', record)
    monkeypatch.chdir(path.parent)
    with contextlib.suppress(SystemExit):
        variables(path, *options(path), monkeypatch=monkeypatch)
    source = path.read_text()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == 'print':
            end = source.splitlines()[node.end_lineno - 1]
            _, _, expected = end[node.end_col_offset:].partition('  # ')
            if expected:
                text = first[node.lineno]
                assert text.endswith(expected), f'line {node.lineno} printed {text}'


def test_runs_from_its_own_folder():
    path = lesson(11)
    result = run(path.name, *options(path), cwd=path.parent)
    assert result.returncode == 0 and not result.stderr


def test_same_seed_same_numbers():
    outputs = [run(lesson(11), *options(lesson(11), '--seed', seed)).stdout
               for seed in (3, 3, 4)]
    assert outputs[0] == outputs[1] != outputs[2]


def test_digits_stand_in_is_learned():
    result = run(lesson(11), *STAND_INS)
    losses = [float(loss) for loss in re.findall(r'train loss ([\d.]+)', result.stdout)]
    assert losses[-1] < losses[0] / 3
    assert 0.9 <= accuracy(result.stdout) <= 0.98


@pytest.mark.real
def test_digits_are_learned():
    result = run(lesson(11), *REAL_DATA)
    assert accuracy(result.stdout) >= 0.97


def test_check_says_what_fails(tmp_path):
    """Lesson 0 in an environment without torch and NumPy still reports every line."""
    result = run(lesson(0), cwd=tmp_path, python=['-S'])
    assert result.returncode == 1
    for name in ('torch', 'torchvision', 'matplotlib', 'numpy'):
        assert f'[FAIL] {name} is not installed. Cure: ' in result.stdout
    assert 'Traceback' not in result.stderr
