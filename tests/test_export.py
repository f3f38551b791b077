"""Lessons 24 and 24_1: a model leaves Python, and says the same without torch."""

import json
import re
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from course import PROGRAMS, SYNTHETIC, edited, install, lesson, one_line, run
from PIL import Image
from torchvision import models

import helper


def of(*numbers):
    """The test is about these lessons: it gets their paths, and has them in its id."""
    paths = [lesson(number) for number in numbers]
    return pytest.mark.parametrize('path', paths, ids=[path.stem for path in paths])


export, without_python = of(24), of('24_1')


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """A copy of the course in which lesson 24 has run, and what it printed."""
    root = install(tmp_path_factory.mktemp('exported'))
    answers = root / 'answers.npy'
    result = run(PROGRAMS / 'answers.py', answers, lesson(24, root), *SYNTHETIC)
    assert result.returncode == 0 and not result.stderr, result.stderr
    (file,) = root.glob('checkpoints/*.onnx')
    return SimpleNamespace(
        root=root,
        out=result.stdout,
        file=file,
        images=sorted(root.glob('checkpoints/*images/*.png')),
        answers=np.load(answers),
    )


def without(missing, *command):
    """Run a script where the packages that are `missing` cannot be imported."""
    return run(PROGRAMS / 'without.py', missing, *command)


def without_torch(exported, *paths):
    return without('torch torchvision', lesson('24_1', exported.root), *paths)


def agreement(out):
    """What lesson 24 printed: (same classes, of images, largest difference)."""
    same, count = re.search(r'(\d+) of (\d+)', out).groups()
    (difference,) = re.findall(r'\d+e[-+]\d+', out)
    return int(same), int(count), float(difference)


def probabilities(root):
    """What lesson 24_1 has left in its file, [photos, classes]."""
    (path,) = root.glob('checkpoints/*.npz')
    found = [array for array in np.load(path).values() if array.ndim == 2]
    assert len(found) == 1, f'{path.name} should have one array of probabilities'
    return found[0]


# The model


@export
def test_the_exported_program_takes_any_number_of_images(path, exported):
    found = re.findall(r'(?m)^(\d+) images?\b.*\b(True|False)$', exported.out)
    assert [count for count, _ in found] == ['1', '7', '64'], exported.out
    assert [same for _, same in found] == ['True'] * 3, exported.out


@export
def test_without_torch_it_says_what_torch_says(path, exported):
    """Torch's answers are computed again, from the files that the lesson has left."""
    result = without_torch(exported, *exported.images)
    assert result.returncode == 0, result.stderr
    found = probabilities(exported.root)
    assert len(found) == 300
    difference = np.abs(found - exported.answers).max()
    assert difference < 1e-4, f'Probabilities differ by {difference}'


@export
def test_lesson_24_prints_how_well_they_agree(path, exported):
    same, count, difference = agreement(exported.out)
    assert same == count == 300, exported.out
    assert difference < 1e-4, exported.out


@pytest.mark.parametrize('count', [1, 7, 64])
@without_python
def test_any_number_of_photos(path, count, exported):
    result = without_torch(exported, *exported.images[:count])
    assert result.returncode == 0 and not result.stderr, result.stderr
    assert len(result.stdout.splitlines()) == count, 'A line for each photo'


@without_python
def test_eight_images_of_lesson_24(path, exported):
    result = run(lesson('24_1', exported.root), cwd='/')
    assert result.returncode == 0 and not result.stderr, result.stderr
    assert len(result.stdout.splitlines()) == 8


@without_python
def test_the_three_best_classes_are_named(path, exported):
    result = without_torch(exported, *exported.images[:20])
    with open(exported.file, 'rb') as file:
        kept = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    classes = json.loads(kept['classes'])
    for line, row in zip(result.stdout.splitlines(), exported.answers):
        best = np.argsort(-row)[:3]
        named = re.findall(r'[:,] ([^:,]+?) ([\d.]+)%', line)
        assert [name for name, _ in named] == [classes[i] for i in best], line
        for (_, percent), i in zip(named, best):
            assert float(percent) == pytest.approx(100 * row[i], abs=0.06), line


# The same pixels as in the training


TRANSFORM = models.DenseNet121_Weights.IMAGENET1K_V1.transforms()


@pytest.fixture(scope='module')
def pixels(tmp_path_factory):
    """A copy of the course whose model answers with the pixels that it is given."""
    root = install(tmp_path_factory.mktemp('pixels'))
    crop = TRANSFORM.crop_size[0]
    count = 3 * crop * crop
    given = onnx.helper.make_tensor_value_info(
        'images', onnx.TensorProto.FLOAT, ['batch', 3, crop, crop]
    )
    answer = onnx.helper.make_tensor_value_info(
        'pixels', onnx.TensorProto.FLOAT, ['batch', count]
    )
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node('Flatten', ['images'], ['pixels'])],
        'pixels',
        [given],
        [answer],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid('', 17)], ir_version=8
    )
    about = {
        'classes': ['value'] * count,
        'resize': TRANSFORM.resize_size[0],
        'crop': crop,
        'mean': TRANSFORM.mean,
        'std': TRANSFORM.std,
        'images': [],
    }
    for name, value in about.items():
        entry = model.metadata_props.add()
        entry.key = name
        entry.value = json.dumps(value)
    (root / 'checkpoints').mkdir()
    onnx.save(model, root / 'checkpoints/24_model.onnx')
    return root


@pytest.mark.parametrize(
    'size, orientation',
    [((300, 200), 1), ((300, 200), 6), ((300, 200), 3), ((200, 333), 1), ((90, 60), 1)],
    ids=['wide', 'wide, turned by EXIF', 'upside down by EXIF', 'tall', 'small'],
)
@without_python
def test_a_photo_becomes_the_pixels_of_the_training(
    path, size, orientation, pixels, tmp_path
):
    noise = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), np.uint8)
    image = Image.fromarray(noise)
    exif = image.getexif()
    exif[274] = orientation
    photo = tmp_path / 'photo.png'
    image.save(photo, exif=exif)
    result = run(lesson('24_1', pixels), photo)
    assert result.returncode == 0, result.stderr
    wanted = TRANSFORM(helper.open_photo(photo)).flatten().numpy()
    difference = np.abs(probabilities(pixels)[0] - wanted).max()
    assert difference < 1e-5, (
        f"{path.name} reads other pixels than torchvision's transform, by up to "
        f'{difference:.3f}. Compare turning, size, interpolation, crop, mean and std'
    )


# The lesson's Try


@without_python
def test_try(path, exported):
    """Turned photos are taken for something else, and surely so."""
    copy = lesson('24_1', exported.root)
    source = copy.read_text()
    upright = without_torch(exported, *exported.images[:20]).stdout
    try:
        copy.write_text(
            edited(
                source,
                '$1 = $1.resize(($2, $3), Image.Resampling.BILINEAR)',
                '$1 = $1.rotate(90)\n$1 = $1.resize(($2, $3), Image.Resampling.BILINEAR)',
                path.name,
            )
        )
        turned = without_torch(exported, *exported.images[:20]).stdout
    finally:
        copy.write_text(source)
    found = [re.findall(r'png: (.*?) ([\d.]+)%', text) for text in (upright, turned)]
    wrong = [float(sure) for (name, _), (other, sure) in zip(*found) if name != other]
    assert len(wrong) >= 5, f'Only {len(wrong)} of 20 turned photos are named otherwise'
    assert max(wrong) > 60, f'It is never surer than {max(wrong)}% of a wrong answer'


# What cannot be used


def foreign(path):
    """A model in which nothing is said about classes and images."""
    model = onnx.load(path)
    del model.metadata_props[:]
    return model.SerializeToString()


@pytest.mark.parametrize(
    'spoiled',
    [
        lambda path: None,
        lambda path: b'none',
        lambda path: path.read_bytes()[:3000],
        foreign,
    ],
    ids=['not there', 'text', 'the first 3,000 bytes', "another's model"],
)
@without_python
def test_a_model_that_is_none(path, spoiled, exported):
    whole = exported.file.read_bytes()
    content = spoiled(exported.file)
    try:
        exported.file.unlink()
        if content:
            exported.file.write_bytes(content)
        result = without_torch(exported, exported.images[0])
    finally:
        exported.file.write_bytes(whole)
    one_line(result, 1, exported.file, 'lesson 24')


@without_python
def test_photos_that_cannot_be_read_are_named_and_the_others_predicted(
    path, exported, tmp_path
):
    none = tmp_path / 'no photo.jpg'
    none.write_text('nothing')
    missing = tmp_path / 'not there.png'
    good = exported.images[0]
    result = without_torch(exported, none, good, missing)
    one_line(result, 1, '3 files', '2 unreadable')
    lines = result.stdout.splitlines()
    for photo in (none, missing):
        assert sum(line.startswith(f'{photo}: ') for line in lines) == 1, lines
    assert any(line.startswith(f'{good}: ') and '%' in line for line in lines), lines


@without_python
def test_photos_are_opened_as_in_the_other_lessons(path, exported, tmp_path):
    """What is printed of a file is what is printed of what helper.py makes of it."""
    rng = np.random.default_rng(7)
    ink = rng.integers(0, 256, (28, 28, 4)).astype(np.uint8)
    deep = rng.integers(0, 4096, (28, 28)).astype(np.uint16)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(ink).save(tmp_path / 'transparent.png')
    Image.fromarray(deep).save(tmp_path / 'deep.png')
    Image.fromarray(deep[::-1] / np.float32(9)).save(tmp_path / 'float.tif')
    Image.fromarray(ink[..., :3]).save(tmp_path / 'turned.png', exif=exif)
    names = [file.name for file in sorted(tmp_path.iterdir())]
    (tmp_path / 'opened').mkdir()
    for name in names:
        photo = helper.open_photo(tmp_path / name)
        photo.save(tmp_path / 'opened' / f'{name}.png')

    def predictions(files):
        result = without_torch(exported, *files)
        assert result.returncode == 0, result.stderr
        lines = result.stdout.splitlines()
        return [line.partition(': ')[2] for line in lines if '%' in line]

    directly = predictions(tmp_path / name for name in names)
    opened = predictions(tmp_path / 'opened' / f'{name}.png' for name in names)
    assert directly == opened and len(set(directly)) == len(names)


@without_python
def test_a_folder_without_photos(path, exported, tmp_path):
    folder = tmp_path / 'empty'
    folder.mkdir()
    one_line(without_torch(exported, folder), 1, folder)


INSTALL = 'pip install -r requirements-export.txt'


@pytest.mark.parametrize('missing', ['onnx', 'onnxscript'])
@export
def test_without_the_packages_it_says_how_to_install_them(path, missing, exported):
    """The part of the lesson that does without them comes first."""
    result = without(missing, lesson(24, exported.root), *SYNTHETIC)
    one_line(result, 1, INSTALL)
    assert result.stdout.count(' True\n') == 3, result.stdout


@without_python
def test_without_onnxruntime_it_says_how_to_install_it(path, exported):
    one_line(without('onnxruntime', lesson('24_1', exported.root)), 1, INSTALL)


# With the model of lesson 21


@pytest.fixture(scope='module')
def photos_exported(tmp_path_factory):
    """A copy of the course in which lesson 24 has run after lesson 21."""
    root = install(tmp_path_factory.mktemp('photos'))
    first = run(lesson(21, root), *SYNTHETIC, '--epochs', 2)
    assert first.returncode == 0, first.stderr
    result = run(lesson(24, root), *SYNTHETIC)
    assert result.returncode == 0, result.stderr
    return SimpleNamespace(root=root, out=result.stdout)


@pytest.mark.slow
@export
def test_lesson_21s_model_says_the_same(path, photos_exported):
    same, count, difference = agreement(photos_exported.out)
    assert same == count == 36, photos_exported.out
    assert difference < 1e-4, photos_exported.out
    assert '2 classes' in photos_exported.out, 'It must say which model it is'


@export
def test_a_model_that_is_named_is_the_one(path, exported, tmp_path):
    missing = tmp_path / 'mine.pth'
    result = run(lesson(24, exported.root), *SYNTHETIC, '--model', missing)
    one_line(result, 1, 'mine.pth')


@pytest.mark.slow
@export
def test_lesson_21s_model_comes_with_its_transform(path, photos_exported):
    (file,) = photos_exported.root.glob('checkpoints/*.onnx')
    kept = {
        entry.key: json.loads(entry.value) for entry in onnx.load(file).metadata_props
    }
    assert (kept['resize'], kept['crop']) == (
        TRANSFORM.resize_size[0],
        TRANSFORM.crop_size[0],
    )
    assert (kept['mean'], kept['std']) == (TRANSFORM.mean, TRANSFORM.std)
    assert kept['classes'] == ['cat', 'dog']
