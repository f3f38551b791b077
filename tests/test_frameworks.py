"""The referee sees what frameworks do: Accelerate, Lightning, and transformers' Trainer.

They are tested where they're installed (tests/requirements-frameworks.txt).
"""

import importlib.util

import pytest
from course import REFEREE, ROOT, run, verdicts

FOLDER = ROOT / 'tests/frameworks'
PROGRAMS = {  # file -> (the package that it needs, the loss's line)
    'with_accelerate.py': 'accelerate',
    'with_lightning.py': 'lightning',
    'with_trainer.py': 'transformers',
}
STEPS = 2 * 10  # two epochs of 160 examples in batches of 16
TESTED = 2 * 2  # and of 80 in batches of 40


@pytest.fixture(params=PROGRAMS)
def program(request):
    package = PROGRAMS[request.param]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f'needs {package}: tests/requirements-frameworks.txt')
    return FOLDER / request.param


def line_of_loss(program):
    lines = program.read_text(encoding='utf-8').splitlines()
    (line,) = [i for i, text in enumerate(lines, start=1) if 'cross_entropy' in text]
    return line


def watched(program, tmp_path, *options):
    result = run(REFEREE, '--json', program, *options, cwd=tmp_path)
    assert '"rule"' in result.stdout or result.returncode == 0, result.stderr
    return verdicts(result.stdout)


def test_the_steps_and_tests_of_a_framework_are_watched(program, tmp_path):
    found = watched(program, tmp_path)
    assert not found['switched_off'] and not found['problems'], found
    assert found['steps'] == STEPS, f'{program.name}: {found}'
    assert found['batches_tested'] >= TESTED, f'{program.name}: {found}'


def test_a_mistake_within_a_framework_is_named_in_the_line_of_the_script(
    program, tmp_path
):
    found = watched(program, tmp_path, '--mistake')
    (problem,) = found['problems']
    assert problem['rule'] == 'twice', found
    assert problem['file'].endswith(program.name)
    assert problem['line'] == line_of_loss(program)


def test_a_framework_computes_the_same_under_the_referee(program, tmp_path):
    alone = run(program, cwd=tmp_path).stdout
    with_referee = run(REFEREE, '--exit-zero', program, cwd=tmp_path).stdout
    printed, _, _ = with_referee.partition('\nReferee: ')

    def without_times(text):
        return [line for line in text.splitlines() if 'runtime' not in line]

    assert without_times(printed.rstrip()) == without_times(alone.rstrip())
