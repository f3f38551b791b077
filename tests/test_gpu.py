"""Each lesson runs on a GPU: rehearsed on a pretended one.

How it is pretended: pretend.py. It knows no float64, so that it is a Mac's GPU as well.
"""
import re

import pytest
from course import LESSONS, ROOT, install, options, settings, together

WITH_DEVICE = [path for path in LESSONS if settings(path) is not None]
HARMLESS = {  # what may be taken away, and why nothing fails then
    '17_save_load_models.py': {
        'map_location=device': 'the file that is refused is not loaded'},
    '21_full_transfer_learning.py': {},
}


def command(path):
    given = [option for option in options(path, figures='save') if option != 'cpu']
    given.remove('--device')
    once = ['--epochs', 1] * ('epochs' in settings(path))
    return [ROOT / 'tests/pretend.py', path, '--device', 'pretend', *given, *once]


@pytest.fixture(scope='module')
def rehearsed(tmp_path_factory):
    """{lesson: (exit code, output)} of all lessons on the pretended GPU."""
    folder = install(tmp_path_factory.mktemp('rehearsal') / 'course')
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv('PRETEND_FLOAT64', 'no')
        return together({path.name: command(folder / 'codes' / path.name)
                         for path in WITH_DEVICE}, folder, 'torchvision')


@pytest.mark.parametrize('path', WITH_DEVICE, ids=lambda path: path.stem)
def test_runs_on_a_gpu(path, rehearsed):
    code, text = rehearsed[path.name]
    assert code == 0, text
    assert len(re.findall('Figure: ', text)) == path.read_text().count('helper.show(')
