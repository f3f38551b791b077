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


MOVES = re.compile(r'\.to\((?:args\.)?(?:device|place)(?=[,)])[^()]*(?:\([^()]*\))?\)|'
                   r'\.cpu\(\)|, map_location=[\w.\']+')


def without_a_move(path):
    """Yield the source of a lesson without one of its moves, and its line."""
    source = path.read_text()
    for found in MOVES.finditer(source):
        line = source.count('\n', 0, found.start()) + 1
        yield f'{line} {found[0]}', source[:found.start()] + source[found.end():]


@pytest.mark.slow
@pytest.mark.parametrize('path', WITH_DEVICE, ids=lambda path: path.stem)
def test_every_move_is_needed(path, tmp_path):
    folder, commands = install(tmp_path / 'course'), {}
    for i, (name, source) in enumerate(without_a_move(path)):
        copy = folder / 'codes' / f'{path.stem}_{i}.py'
        copy.write_text(source)
        commands[name] = [*command(path)[:1], copy, *command(path)[2:]]
    for name, (code, _) in together(commands, folder, 'torchvision').items():
        assert code or name.partition(' ')[2] in HARMLESS.get(path.name, {}), name
