"""Every lesson runs as a learner runs it; wrong options end in one line."""
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted(ROOT.glob('codes/*.py'))


def run(lesson, *options, cwd):
    return subprocess.run([sys.executable, lesson, *options], cwd=cwd,
                          capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize('lesson', LESSONS, ids=lambda path: path.stem)
def test_lesson_runs_from_another_directory(lesson, tmp_path):
    options = ()
    if 'parse_args' in lesson.read_text():
        options = ('--device', 'cpu', '--data', 'synthetic', '--figures', 'none')
    result = run(lesson, *options, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout


@pytest.mark.parametrize('option', [
    ['--nonsense'], ['--epochs', '0'], ['--epochs', 'two'], ['--lr', 'nan'],
    ['--device', 'cuda:99']], ids=' '.join)
def test_wrong_option_is_one_line_and_exit_code_2(option, tmp_path):
    result = run(ROOT / 'codes/11_train_neural_network.py', *option, cwd=tmp_path)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
