"""Lessons 24 and 24_1: a model leaves Python, and says the same without torch."""
import re
from types import SimpleNamespace

import pytest
from course import SYNTHETIC, install, lesson, one_line, run

WITHOUT = '''
import runpy, sys
for name in sys.argv[1].split():
    sys.modules[name] = None  # to import it raises ImportError
del sys.argv[:2]
sys.path[0] = sys.argv[0].rpartition('/')[0]
runpy.run_path(sys.argv[0], run_name='__main__')
'''


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """A copy of the course in which lesson 24 has run, and what it printed."""
    root = install(tmp_path_factory.mktemp('exported'))
    result = run(lesson(24, root), *SYNTHETIC)
    assert result.returncode == 0 and not result.stderr, result.stderr
    return SimpleNamespace(root=root, out=result.stdout,
                           file=root / 'checkpoints/24_model.onnx',
                           images=sorted((root / 'checkpoints/24_images').iterdir()))


def without(missing, *command):
    """Run a script where the packages that are `missing` cannot be imported."""
    return run('-c', WITHOUT, missing, *command)


def without_torch(exported, *paths):
    return without('torch torchvision', lesson('24_1', exported.root), *paths)


def test_the_same_answers(exported):
    assert re.findall(r'(\d+) images, the same answers: True', exported.out) == [
        '1', '7', '64']
    same, count, difference = re.search(
        r'the same class for (\d+) of (\d+) images, .* at most (\S+)', exported.out
    ).groups()
    assert same == count == '300' and float(difference) < 1e-4


@pytest.mark.parametrize('count', [1, 7, 64])
def test_any_number_of_photos(count, exported):
    result = without_torch(exported, *exported.images[:count])
    assert result.returncode == 0 and not result.stderr, result.stderr
    assert len(result.stdout.splitlines()) == count


def test_eight_images_of_lesson_24(exported):
    result = run(lesson('24_1', exported.root), cwd='/')
    assert result.returncode == 0 and not result.stderr
    assert len(result.stdout.splitlines()) == 8


def test_try(exported):
    path = lesson('24_1', exported.root)
    source, line = path.read_text(), '    image = image.resize('
    assert source.count(line) == 1
    upright = without_torch(exported, *exported.images[:20]).stdout
    try:
        path.write_text(source.replace(line, f'    image = image.rotate(90)\n{line}'))
        turned = without_torch(exported, *exported.images[:20]).stdout
    finally:
        path.write_text(source)
    found = [re.findall(r'png: (.*?) ([\d.]+)%', text) for text in (upright, turned)]
    wrong = [float(sure) for (name, _), (other, sure) in zip(*found) if name != other]
    assert len(wrong) >= 5 and max(wrong) > 60  # wrong, and sure of it


@pytest.mark.parametrize('content, words', [
    (None, 'run lesson 24 first'), (b'none', 'damaged'), ('half', 'damaged'),
    ('foreign', 'not from lesson 24')])
def test_a_model_that_is_none(content, words, exported):
    whole = exported.file.read_bytes()
    if content == 'foreign':
        import onnx

        model = onnx.load(exported.file)
        del model.metadata_props[:]
        content = model.SerializeToString()
    try:
        exported.file.unlink()
        if content:
            exported.file.write_bytes(whole[:3000] if content == 'half' else content)
        one_line(without_torch(exported, exported.images[0]), 1, exported.file, words)
    finally:
        exported.file.write_bytes(whole)


def test_a_photo_that_is_none(exported, tmp_path):
    (tmp_path / 'no photo.jpg').write_text('nothing')
    for path in (tmp_path / 'no photo.jpg', tmp_path / 'not there.png'):
        one_line(without_torch(exported, path), 1, path, 'is not a photo')
    (tmp_path / 'empty').mkdir()
    one_line(without_torch(exported, tmp_path / 'empty'), 1, 'no photos')


@pytest.mark.parametrize('number, missing', [
    (24, 'onnx'), (24, 'onnxscript'), ('24_1', 'onnxruntime')])
def test_without_the_packages(number, missing, exported):
    given = SYNTHETIC if number == 24 else []
    result = without(missing, lesson(number, exported.root), *given)
    one_line(result, 1, 'pip install -r requirements-export.txt')
    assert (number == 24) == ('64 images, the same answers: True' in result.stdout)


@pytest.mark.slow
def test_lesson_21s_model(tmp_path):
    root = install(tmp_path)
    assert run(lesson(21, root), *SYNTHETIC, '--epochs', 2).returncode == 0
    result = run(lesson(24, root), *SYNTHETIC)
    assert 'the same class for 36 of 36 images' in result.stdout, result.stderr
