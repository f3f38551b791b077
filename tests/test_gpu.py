"""Each lesson runs on a GPU: rehearsed on a pretended one.

How it is pretended: pretend.py. It knows no float64, so that it is a Mac's GPU as well.
"""
import re

import pytest
from course import (
    LESSONS,
    ROOT,
    STAND_INS,
    install,
    lesson,
    options,
    settings,
    shorten,
    together,
)

WITH_DEVICE = [path for path in LESSONS if settings(path) is not None]
HARMLESS = {  # what may be taken away, and why it is there
    ('20_transfer_learning_2', '.cpu()'): 'many features need not fill the GPU',
    ('21_full_transfer_learning', '.cpu()'): 'many features need not fill the GPU',
    ('21_full_transfer_learning', ", map_location='cpu'"): 'for features that were '
    'computed on a GPU; what cannot be loaded is computed anew',
}


def commands(path, copy):
    """What is run of a lesson, or of a changed copy: {name: command}."""
    given = [option for option in options(path, figures='save')
             if option not in ('--device', 'cpu')]
    given += ['--epochs', 1] * ('epochs' in settings(path))
    pretend = ROOT / 'tests/pretend.py'
    found = {copy.name: [pretend, copy, '--device', 'pretend', *given]}
    if 'predict' in settings(path):
        photo = next((STAND_INS / 'Cat_Dog_data/test/cat').iterdir())
        found[f'{copy.name} predict'] = [*found[copy.name], '--predict', photo]
    return found


@pytest.fixture(scope='module')
def rehearsed(tmp_path_factory):
    """{lesson: (exit code, output)} of all lessons on the pretended GPU."""
    folder, wanted = install(tmp_path_factory.mktemp('rehearsal') / 'course'), {}
    shorten(folder, 600)
    for part in folder.glob('data/synthetic/Cat_Dog_data/*/*'):
        for photo in sorted(part.iterdir())[6:]:
            photo.unlink()
    for path in WITH_DEVICE:
        wanted.update(commands(path, folder / 'codes' / path.name))
    path = lesson(22, folder)  # DistributedDataParallel makes tensors of its own in C++
    path.write_text(path.read_text().replace('DistributedDataParallel(network)',
                                             'network'))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv('PRETEND_FLOAT64', 'no')
        return together(wanted, folder, 'torchvision')


@pytest.mark.parametrize('path', WITH_DEVICE, ids=lambda path: path.stem)
def test_runs_on_a_gpu(path, rehearsed):
    code, text = rehearsed[path.name]
    assert code == 0, text
    assert len(re.findall('Figure: ', text)) == path.read_text().count('helper.show(')
    code, text = rehearsed.get(f'{path.name} predict', (0, ''))
    assert code == 0, text


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
    folder, wanted = install(tmp_path / 'course'), {}
    for name, source in without_a_move(path):
        copy = folder / 'codes' / name.replace('/', '_')
        copy.write_text(source)
        wanted.update(commands(path, copy))
    found, harmless = together(wanted, folder, 'torchvision'), []
    for name, (code, _) in found.items():
        if not code and not found.get(f'{name} predict', (0,))[0]:
            harmless.append(name)
    assert [name for name in harmless if not name.endswith('predict')
            and (path.stem, name.partition(' ')[2]) not in HARMLESS] == []


@pytest.mark.slow
def test_every_move_of_the_helper_is_needed(tmp_path):
    moves = list(without_a_move(ROOT / 'helper.py'))
    assert len(moves) == 2  # of images and of probabilities that are drawn
    for i, (name, source) in enumerate(moves):
        folder, wanted = install(tmp_path / f'{i}'), {}
        (folder / 'helper.py').write_text(source)
        for number in (6, '18_1'):
            path = lesson(number, folder)
            wanted.update(commands(lesson(number), path))
        found = together(wanted, folder, 'torchvision')
        assert any(code for code, _ in found.values()), name
