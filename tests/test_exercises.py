"""Each exercise refuses what is wrong in its own words, and accepts what is right."""
import runpy

import check
import pytest
from course import ROOT

TASKS = {number: (ROOT / f'exercises/{number}.py').read_text()
         for number in check.NUMBERS}
ANSWERS = {number: runpy.run_path(str(ROOT / f'exercises/answers/{number}.py'))
           for number in check.NUMBERS}
every_exercise = pytest.mark.parametrize('number', check.NUMBERS)


def judge(number, answer=''):
    """The verdict on a task, with an answer written under it."""
    return check.judge(number, TASKS[number] + answer, f'my/{number}.py')


@every_exercise
def test_right_answers_only(number):
    answers = ANSWERS[number]
    assert judge(number) != 'right'
    for answer in (answers['SOLUTION'], *answers['RIGHT']):
        assert judge(number, answer) == 'right', answer
    assert len(answers['WRONG']) >= 4
    for answer, words in answers['WRONG']:
        verdict = judge(number, answer)
        assert words in verdict and '\n' not in verdict, (answer, verdict)
