"""Photos: cleaned by data/prepare_photos.py, then found and opened by helper.py."""

import io
import os
import re
import runpy
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from course import OFFLINE, PLAIN, ROOT, lesson, one_line, run
from PIL import Image, ImageDraw, ImageOps
from torchvision import datasets

import helper

SCRIPT = ROOT / 'data/prepare_photos.py'
POSIX = os.name == 'posix'


@pytest.fixture
def prepare(monkeypatch, tmp_path):
    """A function that runs the script in this process; SystemExit is its last line."""
    monkeypatch.setattr(sys, 'path', list(sys.path))

    def script(*options):
        monkeypatch.setattr(sys, 'argv', [str(SCRIPT), *map(str, options)])
        runpy.run_path(str(SCRIPT), run_name='__main__')

    return script


@pytest.fixture
def source(tmp_path):  # not the fake server
    return tmp_path / 'mine'


def names(folder):
    """{'train/cat': {'a', 'b'}} of a prepared folder, without the checksums."""
    found = {}
    for path in folder.glob('*/*/*'):
        key = path.parent.relative_to(folder).as_posix()
        found.setdefault(key, set()).add(path.stem.rpartition('_')[0])
    return found


def left_out(stdout, path):
    """The lines that say that a photo is left out: all that name its file first."""
    return [
        line
        for line in stdout.splitlines()
        if re.match(rf'\D*{re.escape(str(path))}\b', line)
    ]


# The tree


# (photos of each class, those of them that are for testing: a fifth, at least one)
SPLITS = [((2, 3), (1, 1)), ((9, 10), (1, 2)), ((10, 25), (2, 5))]
every_split = pytest.mark.parametrize('counts, tests', SPLITS, ids=str)


@pytest.fixture
def classes(source, photo):
    """A function that draws two classes of some photos each, in folders in theirs."""

    def draw(counts):
        for name, count in zip(('a b', 'ø'), counts):
            for i in range(count):
                photo(source / name / f'sub {i % 2}' / f'{i}.png')
        return source

    return draw


@every_split
def test_a_fifth_of_each_class_is_for_testing(counts, tests, classes, prepare):
    source = classes(counts)
    prepare(source)
    found = names(source.parent / 'mine_prepared')
    for name, count, test in zip(('a b', 'ø'), counts, tests):
        tested, trained = found[f'test/{name}'], found[f'train/{name}']
        assert len(tested) == test, f'{len(tested)} of {count} photos are for testing'
        assert tested | trained == {str(i) for i in range(count)}, 'Each must be there'
        assert not tested & trained, f'{tested & trained} are on both sides'


@every_split
def test_the_counts_and_the_share_of_the_largest_class_are_told(
    counts, tests, classes, prepare, capsys
):
    prepare(classes(counts))
    stdout = capsys.readouterr().out
    for name, count, test in zip(('a b', 'ø'), counts, tests):
        (line,) = (line for line in stdout.splitlines() if line.startswith(f'{name}:'))
        numbers = re.findall(r'\d+', line)
        assert numbers == [str(count - test), str(test)], (
            f'{name} has {count - test} photos to train and {test} to test: {line}'
        )
    share = f'{max(tests) / sum(tests):.1%}'
    assert share in stdout, f'Naming the largest class gets {share} right:\n{stdout}'


@pytest.mark.parametrize('to_train, few', [(19, True), (20, False)])
def test_a_class_with_few_photos_is_remarked_on(
    to_train, few, source, prepare, photo, capsys
):
    for name in ('cat', 'dog'):
        for i in range(to_train):
            photo(source / 'train' / name / f'{i}.png', size=(8, 8))
        photo(source / 'test' / name / 'test.png', size=(8, 8))
    prepare(source)
    lines = [
        line
        for line in capsys.readouterr().out.splitlines()
        if line.startswith(('cat:', 'dog:'))
    ]
    remarks = [bool(re.search(r'\(.+\)', line)) for line in lines]
    assert remarks == [few, few], f'{to_train} photos to train with: {lines}'


def test_the_option_to_go_on_with_is_told(classes, prepare, capsys):
    source = classes((6, 7))
    prepare(source)
    out = source.parent / 'mine_prepared'
    assert f'--data-dir "{out}"' in capsys.readouterr().out


def test_too_few_photos_are_not_called_ready(classes, prepare, args, capsys):
    """Nine to train with, while the lessons need ten."""
    source = classes((5, 6))
    prepare(source)
    out = source.parent / 'mine_prepared'
    stdout = capsys.readouterr().out
    assert '--data-dir' not in stdout and '10' in stdout.splitlines()[-1], stdout
    assert '9 photos' in refused(args, out, 'real')


def test_photos_are_split_the_same_way_again(classes, prepare):
    source = classes((10, 25))
    prepare(source)
    prepare(source, '--out', source.parent / 'again')
    assert names(source.parent / 'again') == names(source.parent / 'mine_prepared')


def test_out_names_the_folder_and_nothing_else_is_left(classes, prepare):
    source = classes((2, 3))
    prepare(source, '--out', source.parent / 'again')
    left = {path.name for path in source.parent.iterdir()}
    assert left == {'mine', 'again'}


def test_train_and_test_stay_what_they_are(tree, prepare, tmp_path, args):
    prepare(tree, '--out', tmp_path / 'new/out')
    assert names(tmp_path / 'new/out') == names_of_source(tree)
    args.data_dir = tmp_path / 'new/out'
    assert helper.find_photos(args) == args.data_dir


def names_of_source(tree):
    found = {}
    for path in tree.glob('*/*/*'):
        key = path.parent.relative_to(tree).as_posix()
        found.setdefault(key, set()).add(path.stem)
    return found


def test_a_photo_that_is_there_twice_is_taken_once(
    source, prepare, photo, tmp_path, capsys
):
    """Under another name, in another class or side, or saved again without loss."""
    for side in ('train', 'test'):
        for name in ('cat', 'dog'):
            photo(source / side / name / f'{side}{name}.jpg')
    test = source / 'test/cat/testcat.jpg'
    shutil.copy(test, source / 'train/cat/copy.jpg')
    shutil.copy(test, source / 'train/dog/other.jpeg')
    with Image.open(test) as image:
        image.save(source / 'train/cat/saved.png')
    prepare(source, '--out', tmp_path / 'out')
    assert names(tmp_path / 'out') == {
        'train/cat': {'traincat'},
        'test/cat': {'testcat'},
        'train/dog': {'traindog'},
        'test/dog': {'testdog'},
    }
    stdout = capsys.readouterr().out
    for name in ('cat/copy.jpg', 'dog/other.jpeg', 'cat/saved.png'):
        (line,) = left_out(stdout, source / 'train' / name)
        assert str(test) in line, f'The line must name the photo it shows: {line}'


def test_a_large_photo_saved_again_as_png_is_taken_once(
    source, prepare, photo, tmp_path
):
    for name in ('cat', 'dog'):
        for i in range(2):
            photo(source / name / f'{i}.jpg', size=(1500, 1100))
    with Image.open(source / 'cat/0.jpg') as image:
        image.save(source / 'cat/again.png')
    prepare(source, '--out', tmp_path / 'out')
    assert len(list((tmp_path / 'out').glob('*/cat/*'))) == 2


def test_what_is_no_photo_is_left_out(
    source, prepare, photo, tmp_path, capsys, monkeypatch
):
    for name in ('cat', 'dog'):
        for i in range(3):
            photo(source / name / f'{i}.jpg')
    data = (source / 'cat/0.jpg').read_bytes()
    (source / 'cat/cut.jpg').write_bytes(data[: len(data) // 2])
    (source / 'cat/text.jpg').write_text('no photo', encoding='utf-8')
    (source / 'cat/zero.jpg').touch()
    (source / 'cat/notes.txt').write_text('read me', encoding='utf-8')
    (source / 'cat/._0.jpg').write_bytes(b'macOS')
    if POSIX:  # Windows lets only some users make links
        (source / 'cat/link.jpg').symlink_to(tmp_path / 'nowhere')
    (source / 'empty').mkdir()
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 10_000)  # and twice that is refused
    Image.new('1', (200, 200)).save(source / 'cat/bomb.png')
    prepare(source, '--out', tmp_path / 'out')
    found = names(tmp_path / 'out')
    assert set(found) == {'train/cat', 'train/dog', 'test/cat', 'test/dog'}
    assert found['train/cat'] | found['test/cat'] == {'0', '1', '2'}
    out = capsys.readouterr().out
    for name in (
        'cut.jpg',
        'text.jpg',
        'zero.jpg',
        'notes.txt',
        'link.jpg',
        'bomb.png',
    ):
        if POSIX or name != 'link.jpg':
            assert len(left_out(out, source / 'cat' / name)) == 1, (
                f'One line must name {name}, which is no photo:\n{out}'
            )
    assert '._0.jpg' not in out, 'Of hidden files there is nothing to say'


@pytest.mark.parametrize(
    'mode, suffix',
    [
        ('RGB', 'jpg'),
        ('L', 'jpg'),
        ('CMYK', 'jpg'),
        ('P', 'png'),
        ('RGBA', 'png'),
        ('1', 'png'),
        ('LA', 'png'),
        ('P', 'gif'),
        ('RGB', 'webp'),
        ('RGB', 'tiff'),
    ],
)
def test_every_mode_becomes_rgb_and_upright(
    mode, suffix, source, prepare, photo, tmp_path
):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held sideways
    turned = {'exif': exif} if suffix in ('jpg', 'webp') else {}
    for name, colour in (('red', (200, 30, 30)), ('grey', (120, 120, 120))):
        for i in range(2):
            photo(source / name / f'{i}.{suffix}', colour, (600, 300), mode, **turned)
    prepare(source, '--out', tmp_path / 'out')
    for path in (tmp_path / 'out').glob('*/*/*'):
        with Image.open(path) as image:
            assert image.mode == 'RGB' and path.suffix == '.jpg'
            assert image.size == ((256, 512) if turned else (512, 256))
            assert not image.getexif().get(0x0112)
            red, green, _ = np.asarray(image).mean(axis=(0, 1))
        assert 50 < red < 240
        colours = mode in ('RGB', 'RGBA', 'CMYK', 'P') and path.parent.name == 'red'
        assert (red > green + 50) == colours


def test_16_bit_grey_keeps_its_greys(tmp_path):
    grey = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(grey).save(tmp_path / 'deep.png')
    image = np.asarray(helper.open_photo(tmp_path / 'deep.png'))[..., 0]
    assert np.abs(image - grey / 257).max() <= 1


def test_a_transparent_palette_can_be_opened(tmp_path):
    image = Image.new('P', (8, 8), 1)
    image.putpalette([0, 0, 0, 200, 30, 30])
    image.save(tmp_path / 'x.png', transparency=b'\x00\xff')
    assert helper.open_photo(tmp_path / 'x.png').getpixel((3, 3)) == (200, 30, 30)


# What people's folders are like


HEIC = b'\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf'  # how such a file begins


def prepared(prepare, source, capsys):
    """What the script prints, and the photos of each side of each class."""
    prepare(source)
    out = source.with_name(f'{source.name}_prepared')
    return capsys.readouterr().out, names(out)


def two_classes(photo, folder, count=6, **more):
    for name in ('cat', 'dog'):
        for i in range(count):
            photo(folder / name / f'{i}.png', **more)


def test_photos_of_an_iphone_are_named_with_what_they_need(
    source, prepare, photo, capsys, monkeypatch
):
    monkeypatch.setattr(helper, '_reads_heic', False)
    two_classes(photo, source)
    (source / 'cat/IMG_1.HEIC').write_bytes(HEIC)
    out, _ = prepared(prepare, source, capsys)
    (line,) = left_out(out, source / 'cat/IMG_1.HEIC')
    assert 'pillow-heif' in line and 'JPEG' in line, line
    assert '13 files: 12 used, 1 left out (1 HEIC)' in out, out


def test_photos_of_an_iphone_are_read_with_pillow_heif(source, prepare, photo, capsys):
    heif = pytest.importorskip('pillow_heif', reason='needs pillow-heif')
    two_classes(photo, source)
    for path in source.glob('*/*.png'):
        with Image.open(path) as image:
            heif.from_pillow(image).save(path.with_suffix('.HEIC'), quality=-1)
        path.unlink()
    out, found = prepared(prepare, source, capsys)
    assert found['train/cat'] | found['test/cat'] == {str(i) for i in range(6)}
    assert '12 files: 12 used, 0 left out' in out, out


@pytest.mark.parametrize(
    'train, test',
    [
        ('train', 'val'),
        ('Training', 'Testing'),
        ('Train', 'Test'),
        ('training_set', 'test_set'),
        ('TRAIN', 'Validation'),
        ('train data', 'dev'),
    ],
)
def test_sides_are_known_by_their_usual_names(
    train, test, source, prepare, photo, capsys
):
    two_classes(photo, source / train)
    two_classes(photo, source / test, 2)
    out, found = prepared(prepare, source, capsys)
    assert {key: len(files) for key, files in found.items()} == {
        'train/cat': 6,
        'train/dog': 6,
        'test/cat': 2,
        'test/dog': 2,
    }
    for name in (train, test):
        assert f'{name}/' in out, f'What {name}/ is used for must be told:\n{out}'


def test_validation_photos_beside_the_others_are_to_train_with(
    source, prepare, photo, capsys
):
    for name, count in (('train', 6), ('valid', 3), ('test', 2)):
        two_classes(photo, source / name, count)
    photo(source / 'raw/cat/x.png')
    out, found = prepared(prepare, source, capsys)
    trained = {len(found[key]) for key in ('train/cat', 'train/dog')}
    assert trained <= {6, 9} and len(list(source.glob('valid/*/*'))) == 6
    folder = source.with_name('mine_prepared')
    assert len(list(folder.glob('train/cat/*'))) == 9
    assert len(list(folder.glob('test/cat/*'))) == 2
    assert len(left_out(out, source / 'raw/cat/x.png')) == 1, out


def test_a_single_side_is_split(source, prepare, photo, capsys):
    two_classes(photo, source / 'train')
    out, found = prepared(prepare, source, capsys)
    assert {key: len(files) for key, files in found.items()} == {
        'train/cat': 5,
        'train/dog': 5,
        'test/cat': 1,
        'test/dog': 1,
    }


def test_classes_may_have_names_of_sides(source, prepare, photo, capsys):
    for name in ('test', 'blood'):
        for i in range(6):
            photo(source / name / f'{i}.png')
    _, found = prepared(prepare, source, capsys)
    assert set(found) == {
        f'{side}/{name}' for side in ('train', 'test') for name in ('test', 'blood')
    }


def test_loose_photos_are_named(source, prepare, photo, capsys):
    two_classes(photo, source)
    photo(source / 'loose.png')
    out, _ = prepared(prepare, source, capsys)
    assert len(left_out(out, source / 'loose.png')) == 1, out
    assert '13 files: 12 used, 1 left out' in out, out


def test_a_class_that_cannot_be_used_is_named_and_the_others_are_used(
    source, prepare, photo, capsys
):
    two_classes(photo, source)
    (source / 'bird').mkdir()
    (source / 'fish').mkdir()
    (source / 'fish/a.jpg').write_text('no photo', encoding='utf-8')
    photo(source / 'ant/a.png')
    out, found = prepared(prepare, source, capsys)
    assert {key.partition('/')[2] for key in found} == {'cat', 'dog'}
    for name in ('bird', 'fish', 'ant'):
        assert re.search(rf'class {name}\b', out), f'{name} must be named:\n{out}'
    assert '14 files: 12 used, 2 left out' in out, out


def test_system_files_are_not_photos(source, prepare, photo, capsys):
    two_classes(photo, source)
    for name in ('Thumbs.db', '.DS_Store', '@eaDir/0.jpg', '.ipynb_checkpoints/0.png'):
        path = source / 'cat' / name
        path.parent.mkdir(exist_ok=True)
        shutil.copy(source / 'cat/0.png', path)
    (source / '.ipynb_checkpoints').mkdir()
    out, _ = prepared(prepare, source, capsys)
    assert '12 files: 12 used, 0 left out' in out, out


COPIES = {  # what chat apps, websites, and people do to a photo
    'smaller': lambda image: image.resize((image.width // 3, image.height // 3)),
    'tiny': lambda image: image.resize((64, 64)),
    'mirrored': lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    'brighter': lambda image: image.point(lambda value: min(255, value * 1.1)),
}


def test_forms_of_a_test_photo_are_never_trained_on(source, prepare, photo, capsys):
    two_classes(photo, source, 10, size=(240, 200))
    for path in list(source.glob('*/*.png')):
        with Image.open(path) as image:
            for how, change in COPIES.items():
                copy = path.with_name(f'{path.stem}-{how}.jpg')
                change(image).save(copy, quality=40)
    out, found = prepared(prepare, source, capsys)
    for name in ('cat', 'dog'):
        sides = [
            {stem.partition('-')[0] for stem in found[f'{side}/{name}']}
            for side in ('train', 'test')
        ]
        assert not sides[0] & sides[1], f'{sides[0] & sides[1]} are on both sides'
        assert len(sides[1]) == 2 and len(found[f'test/{name}']) == 10
    (line,) = (line for line in out.splitlines() if line.startswith('Near copies'))
    assert '(20)' in line, line


def test_copies_of_a_test_photo_leave_the_training_side(
    source, prepare, photo, tmp_path, capsys
):
    two_classes(photo, source / 'train', size=(90, 90))
    two_classes(photo, source / 'test', 2, size=(90, 90))
    with Image.open(source / 'test/dog/0.png') as image:
        COPIES['mirrored'](image).save(source / 'train/cat/copy.jpg', quality=60)
    out, found = prepared(prepare, source, capsys)
    (line,) = left_out(out, source / 'train/cat/copy.jpg')
    assert str(source / 'test/dog/0.png') in line, line
    assert 'copy' not in found['train/cat']


def test_photos_that_look_different_are_no_copies(source, prepare, capsys):
    """Thin black drawings, and shapes of which only the color differs."""
    for number in range(6):
        for name, colour in (('red', (200, 0, 0)), ('blue', (0, 0, 200))):
            shape = Image.new('RGB', (96, 96), 'white')
            draw = ImageDraw.Draw(shape)
            reach = 12 + 6 * number
            draw.ellipse((48 - reach, 48 - reach, 48 + reach, 48 + reach), colour)
            (source / name).mkdir(parents=True, exist_ok=True)
            shape.save(source / name / f'{number}.png')
    out, _ = prepared(prepare, source, capsys)
    assert 'Near copies' not in out, out
    assert '12 files: 12 used, 0 left out' in out, out


@pytest.mark.parametrize(
    'train, test',
    [
        ('train', 'test1'),
        ('seg_train/seg_train', 'seg_test/seg_test'),
        ('train_images', 'test_images'),
        ('val', 'test'),
        ('mine/train', 'mine/test'),
    ],
)
def test_sides_of_well_known_datasets_are_no_classes(
    train, test, source, prepare, photo, capsys
):
    two_classes(photo, source / train)
    two_classes(photo, source / test, 2)
    _, found = prepared(prepare, source, capsys)
    assert {key: len(files) for key, files in found.items()} == {
        'train/cat': 6,
        'train/dog': 6,
        'test/cat': 2,
        'test/dog': 2,
    }


def test_classes_in_a_folder_inside_are_found_and_told(source, prepare, photo, capsys):
    two_classes(photo, source / 'images')
    out, found = prepared(prepare, source, capsys)
    assert {key.partition('/')[2] for key in found} == {'cat', 'dog'}
    assert str(source / 'images') in out, out


def test_folders_that_may_not_be_the_classes_are_told(source, prepare, photo, capsys):
    """The sides are inside the classes."""
    for name in ('cat', 'dog'):
        for side in ('train', 'test'):
            for i in range(4):
                photo(source / name / side / f'{side}{i}.png')
    out, _ = prepared(prepare, source, capsys)
    (line,) = (line for line in out.splitlines() if line.startswith('Note: '))
    for word in ('cat/', 'dog/', 'train', 'test'):
        assert word in line, line


def test_a_photo_in_two_classes_has_a_wrong_label(source, prepare, photo, capsys):
    two_classes(photo, source)
    shutil.copy(source / 'cat/0.png', source / 'dog/again.png')
    shutil.copy(source / 'cat/0.png', source / 'cat/again.png')
    out, _ = prepared(prepare, source, capsys)
    doubts = [
        'label' in left_out(out, source / name / 'again.png')[0]
        for name in ('cat', 'dog')
    ]
    assert doubts == [False, True], out


def test_hidden_classes_are_told(source, prepare, photo, capsys):
    two_classes(photo, source)
    (source / 'dog').rename(source / '.dog')
    photo(source / 'ant/0.png')
    photo(source / 'ant/1.png')
    out, _ = prepared(prepare, source, capsys)
    assert any('.dog' in line for line in out.splitlines()), out


@pytest.mark.skipif(not POSIX, reason='Windows lets only some users make links')
def test_a_link_to_a_folder_above_brings_no_photos(source, prepare, photo, capsys):
    two_classes(photo, source)
    (source / 'cat/all').symlink_to(source)
    out, found = prepared(prepare, source, capsys)
    assert '12 files: 12 used, 0 left out' in out, out


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='Windows has no pipes in folders')
def test_a_pipe_is_no_photo(tmp_path):
    os.mkfifo(tmp_path / 'x.jpg')
    with pytest.raises(OSError, match='x.jpg'):
        helper.open_photo(tmp_path / 'x.jpg')


def test_the_output_is_never_inside_the_photos(classes, prepare):
    source = classes((6, 7))
    with pytest.raises(SystemExit) as stopped:
        prepare(source, '--out', source / 'prepared')
    assert '--out' in stopped.value.code and not (source / 'prepared').exists()


@pytest.mark.parametrize('name', ['', '/'])
def test_a_folder_without_a_name_is_refused(name, prepare, capsys):
    with pytest.raises(SystemExit) as stopped:
        prepare(name)
    assert stopped.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_values_that_are_no_numbers_do_not_count(tmp_path):
    values = np.linspace(1000, 1200, 64, dtype=np.float32).reshape(8, 8)
    values[0, 0], values[7, 7] = np.nan, np.inf
    Image.fromarray(values).save(tmp_path / 'x.tif')
    pixels = np.asarray(helper.open_photo(tmp_path / 'x.tif'))[..., 0]
    assert pixels.flat[1] < 10 and pixels.flat[62] > 245
    Image.fromarray(np.full((8, 8), np.nan, np.float32)).save(tmp_path / 'none.tif')
    with pytest.raises(OSError, match='none.tif'):
        helper.open_photo(tmp_path / 'none.tif')


# Kinds of files


def test_transparency_becomes_white(tmp_path):
    ink = Image.new('RGBA', (40, 40), (0, 0, 0, 0))
    ImageDraw.Draw(ink).rectangle((10, 10, 20, 20), (0, 0, 0, 255))
    palette = ink.quantize()
    gray = ink.convert('LA')
    for number, image in enumerate((ink, gray, palette)):
        path = tmp_path / f'{number}.png'
        image.save(path)
        photo = helper.open_photo(path)
        assert photo.getpixel((0, 0)) == (255, 255, 255), image.mode
        assert photo.getpixel((15, 15)) == (0, 0, 0), image.mode


@pytest.mark.parametrize(
    'dtype, low, high, black, white',
    [
        ('<u2', 0, 65535, 0, 65535),
        ('>u2', 0, 65535, 0, 65535),
        ('<u2', 0, 4095, 0, 4095),  # twelve bits
        ('<f4', 0.2, 0.7, 0.2, 0.7),
        ('<i4', -1000, 5000, -1000, 5000),
    ],
)
def test_values_of_more_than_8_bits_are_scaled(
    dtype, low, high, black, white, tmp_path
):
    values = np.linspace(low, high, 256).astype(dtype).reshape(16, 16)
    modes = {'<u2': 'I;16', '>u2': 'I;16B', '<f4': 'F', '<i4': 'I'}
    image = Image.frombytes(modes[dtype], (16, 16), values.tobytes())
    image.save(tmp_path / 'x.tif')
    photo = helper.open_photo(tmp_path / 'x.tif')
    expected = (values.astype(float) - black) / (white - black) * 255
    assert np.abs(np.asarray(photo)[..., 0] - expected).max() <= 1
    assert photo.info['scaled'], 'It must be told that the values were scaled'


def test_scaled_photos_are_named(source, prepare, photo, capsys):
    two_classes(photo, source)
    values = np.random.default_rng(1).integers(0, 60000, (30, 30)).astype(np.uint16)
    Image.fromarray(values).save(source / 'cat/deep.tif')
    out, _ = prepared(prepare, source, capsys)
    (line,) = (line for line in out.splitlines() if 'deep.tif' in line)
    assert '65535' in line, line


@pytest.mark.parametrize('orientation', range(1, 9))
def test_photos_are_turned_upright(orientation, tmp_path):
    image = Image.new('RGB', (60, 40), 'white')
    image.paste('black', (0, 0, 20, 20))  # a corner
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / 'x.png', exif=exif)
    with Image.open(tmp_path / 'x.png') as stored:
        expected = ImageOps.exif_transpose(stored).convert('RGB')
    photo = helper.open_photo(tmp_path / 'x.png')
    assert photo.size == expected.size and photo.tobytes() == expected.tobytes()


def test_damaged_metadata_does_not_stop_it(source, prepare, photo, capsys):
    """A tag of a wrong type, in a photo that has to be turned."""
    two_classes(photo, source)
    exif = (
        b'Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0'
        b'\x28\x01\x02\0\x02\0\0\x002\0\0\0\0\0\0\0'
    )
    Image.new('RGB', (64, 48)).save(source / 'cat/bad.jpg', exif=exif)
    out, found = prepared(prepare, source, capsys)
    assert 'bad' in found['train/cat'] | found['test/cat'], out


def test_any_error_of_a_decoder_is_an_oserror_with_the_name(tmp_path, monkeypatch):
    path = tmp_path / 'x.png'
    Image.new('RGB', (8, 8)).save(path)
    for error in (RuntimeError('broken'), struct.error('short'), IndexError('x')):

        def fails(*args, error=error, **kwargs):
            raise error

        monkeypatch.setattr(Image, 'open', fails)
        with pytest.raises(OSError, match=re.escape(str(path))) as stopped:
            helper.open_photo(path)
        assert str(stopped.value).count(str(path)) == 1, 'It is named once'


FORMATS = (
    'PNG',
    'JPEG',
    'GIF',
    'TIFF',
    'BMP',
    'WEBP',
    'PPM',
    'TGA',
    'ICO',
    'PCX',
    'SGI',
)


def test_damaged_files_of_all_formats_end_in_one_line(tmp_path, photo):
    """Each is either read or named once; nothing else can happen."""
    photo(tmp_path / 'x.png', size=(24, 20))
    rng = np.random.default_rng(7)
    outcomes = {'read': 0, 'refused': 0}
    with Image.open(tmp_path / 'x.png') as image:
        for kind in FORMATS:
            whole = io.BytesIO()
            image.save(whole, kind)
            for _ in range(60):
                data = bytearray(whole.getvalue())
                for place in rng.integers(0, len(data), 4):
                    data[place] = rng.integers(256)
                path = tmp_path / f'damaged.{kind.lower()}'
                end = rng.integers(1, len(data)) if rng.integers(2) else None
                path.write_bytes(data[:end])
                try:
                    found = helper.open_photo(path)
                except OSError as error:
                    outcomes['refused'] += 1
                    assert str(error).count(path.name) == 1, error
                    assert '\n' not in str(error), error
                else:
                    outcomes['read'] += 1
                    assert found.mode == 'RGB'
    assert min(outcomes.values()) > 50, f'The damage must matter: {outcomes}'


# Names and places


@pytest.mark.skipif(not POSIX, reason='Windows allows no such names')
@pytest.mark.parametrize('encoding', ['utf-8:strict', 'cp1252', 'ascii'])
def test_names_that_cannot_be_printed(encoding, source, photo, tmp_path):
    two_classes(photo, source)
    os.rename(source / 'cat', source / '喵')
    strange = os.fsdecode(b'M\xfcll.txt')
    (source / '喵' / strange).write_text('no photo', encoding='utf-8')
    photo(source / 'dog/ñ.png')
    result = run(SCRIPT, source, env={'PYTHONIOENCODING': encoding})
    assert result.returncode == 0, result.stderr
    assert '14 files: 13 used, 1 left out' in result.stdout
    assert len(list((tmp_path / 'mine_prepared').glob('*/喵/*'))) == 6


def test_a_long_name_is_shortened(source, prepare, photo, capsys):
    two_classes(photo, source)
    (source / 'cat/0.png').rename(source / 'cat' / ('a' * 245 + '.png'))
    _, found = prepared(prepare, source, capsys)
    stems = found['train/cat'] | found['test/cat']
    assert len(stems) == 6 and max(map(len, stems)) < 245


@pytest.mark.skipif(not POSIX, reason='Windows lets only some users make links')
def test_links_are_followed_and_the_copy_is_beside_the_link(
    tmp_path, prepare, photo, capsys
):
    two_classes(photo, tmp_path / 'disk/pictures')
    for i in range(3):
        photo(tmp_path / f'elsewhere/{i}.png')
    (tmp_path / 'disk/pictures/cat/more').symlink_to(tmp_path / 'elsewhere')
    (tmp_path / 'disk/pictures/cat/loop').symlink_to(tmp_path / 'disk/pictures/cat')
    (tmp_path / 'my_photos').symlink_to(tmp_path / 'disk/pictures')
    out, found = prepared(prepare, tmp_path / 'my_photos', capsys)
    assert '15 files: 15 used, 0 left out' in out, out


@pytest.mark.parametrize('option', [['--out', '~/x'], ['--out=~/x']], ids=str)
def test_a_tilde_is_the_home_folder(option, classes, prepare, tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path / 'home'))
    monkeypatch.setenv('USERPROFILE', str(tmp_path / 'home'))
    monkeypatch.chdir(tmp_path)
    prepare(classes((6, 7)), *option)
    assert (tmp_path / 'home/x/train').is_dir() and not (tmp_path / '~').exists()


def test_two_forms_of_a_letter_are_one_class(source, prepare, photo, capsys):
    two_classes(photo, source, 6)
    composed, decomposed = 'caf\u00e9', 'cafe\u0301'
    for name, numbers in ((composed, range(3)), (decomposed, range(3, 6))):
        for i in numbers:
            photo(source / name / f'{i}.png')
    if len(list(source.iterdir())) < 4:
        pytest.skip('this file system takes both for the same')
    _, found = prepared(prepare, source, capsys)
    assert found[f'train/{composed}'] | found[f'test/{composed}'] == set('012345')


def test_what_a_killed_run_left_is_removed(classes, prepare, tmp_path):
    source = classes((6, 7))
    part = tmp_path / '.mine_prepared.part'
    (part / 'tree').mkdir(parents=True)
    with pytest.raises(SystemExit) as stopped:
        prepare(source)  # it may still be at work
    assert 'another run' in stopped.value.code, stopped.value.code
    os.utime(part, (0, 0))
    prepare(source)
    assert {path.name for path in tmp_path.iterdir()} == {'mine', 'mine_prepared'}


def test_all_that_stops_it_is_told_before_the_work(tmp_path, prepare):
    (tmp_path / 'out').mkdir()
    with pytest.raises(SystemExit) as stopped:
        prepare(tmp_path / 'nowhere', '--out', tmp_path / 'out')
    for word in ('nowhere', str(tmp_path / 'out'), '--out'):
        assert word in stopped.value.code, stopped.value.code


def test_a_place_that_cannot_be_written_is_told_with_out(
    classes, prepare, tmp_path, monkeypatch
):
    source = classes((6, 7))

    def refuses(*args, **kwargs):
        raise OSError(30, 'Read-only file system')

    monkeypatch.setattr('tempfile.TemporaryFile', refuses)
    with pytest.raises(SystemExit) as stopped:
        prepare(source)
    for word in (str(tmp_path), 'Read-only file system', '--out'):
        assert word in stopped.value.code, stopped.value.code


def test_prepared_photos_need_not_be_prepared(classes, prepare, tmp_path):
    prepare(classes((6, 7)))
    with pytest.raises(SystemExit) as stopped:
        prepare(tmp_path / 'mine_prepared')
    assert '--data-dir' in stopped.value.code, stopped.value.code


# What the script cannot use


UNUSABLE = {  # the photos in the folder, and the words that the message must have
    'nothing': (None, ['{source}']),
    'no class': (['loose.jpg'], ['{source}', 'no class']),
    'one class': ([f'cat/{i}.jpg' for i in range(5)], ['{source}', 'one class', 'cat']),
    'a class of one photo': (['cat/0.jpg', 'cat/1.jpg', 'dog/0.jpg'], ['dog']),
    'nothing to train with': (
        [
            'train/dog/0.jpg',
            'train/dog/1.jpg',
            'test/dog/2.jpg',
            'test/cat/0.jpg',
            'test/cat/1.jpg',
        ],
        ['cat', 'train'],
    ),
    'nothing to test with': (
        [
            'train/dog/0.jpg',
            'train/dog/1.jpg',
            'test/dog/2.jpg',
            'train/cat/0.jpg',
            'train/cat/1.jpg',
        ],
        ['cat', 'test'],
    ),
}


@pytest.mark.parametrize('what', UNUSABLE)
def test_a_folder_that_cannot_be_used_is_named_in_one_line(
    what, source, prepare, photo, tmp_path
):
    files, words = UNUSABLE[what]
    for name in files or []:
        photo(source / name)
    out = tmp_path / 'out'
    with pytest.raises(SystemExit) as stopped:
        prepare(source, '--out', out)
    text = stopped.value.code
    assert '\n' not in text, f'The message must be one line: {text}'
    for word in words:
        word = word.format(source=source)
        assert re.search(rf'(?<!\w){re.escape(word)}(?!\w)', text), (
            f'The message must name {word}: {text}'
        )
    left = {path.name for path in tmp_path.iterdir()} - {'mine'}
    assert not left, f'It leaves {left} behind'


def test_a_folder_that_is_there_already_is_left_alone(classes, prepare, tmp_path):
    source, out = classes((2, 3)), tmp_path / 'out'
    out.mkdir()
    (out / 'mine.txt').write_text('precious', encoding='utf-8')
    with pytest.raises(SystemExit) as stopped:
        prepare(source, '--out', out)
    assert str(out) in stopped.value.code and '--out' in stopped.value.code
    assert [path.name for path in out.iterdir()] == ['mine.txt']


@pytest.mark.parametrize(
    'error, word',
    [(KeyboardInterrupt(), ''), (OSError(28, 'No space left'), 'No space left')],
    ids=['Ctrl-C', 'full disk'],
)
def test_stopped_midway_it_leaves_nothing(
    error, word, tree, prepare, tmp_path, monkeypatch
):
    save, saved = Image.Image.save, []

    def fails(self, path, **named):
        saved.append(path)
        if len(saved) == 8:
            raise error
        save(self, path, **named)

    monkeypatch.setattr(Image.Image, 'save', fails)
    with pytest.raises(SystemExit) as stopped:
        prepare(tree, '--out', tmp_path / 'new/out')
    text = stopped.value.code
    assert word in text and len(text.splitlines()) == 1, text
    assert not list((tmp_path / 'new').iterdir()), 'It leaves something behind'


@pytest.mark.parametrize(
    'options', [[], ['photos', '--download'], ['--nonsense']], ids=' '.join
)
def test_a_wrong_command_ends_in_one_line_and_exit_code_2(options, prepare, capsys):
    with pytest.raises(SystemExit) as stopped:
        prepare(*options)
    assert stopped.value.code == 2
    stderr = capsys.readouterr().err
    word = options[-1] if options else '--download'
    assert len(stderr.splitlines()) == 1 and word in stderr, stderr


def test_without_a_network_the_download_ends_in_one_line(tmp_path):
    result = run(SCRIPT, '--download', '--out', tmp_path / 'pets', env=OFFLINE)
    one_line(result, 1)
    assert not list(tmp_path.iterdir()), 'It leaves something behind'


def test_pets_are_laid_out_as_a_tree(prepare, photo, tmp_path, monkeypatch):
    class Pets(datasets.OxfordIIITPet):
        def _download(self):
            if self._check_exists():
                return
            lines = {'trainval': [], 'test': []}
            for i in range(8):
                photo(self._images_folder / f'Breed_{i}.jpg')
                lines[('trainval', 'test')[i // 4]].append(f'Breed_{i} 1 {i % 2 + 1} 1')
            self._anns_folder.mkdir()
            for split, text in lines.items():
                (self._anns_folder / f'{split}.txt').write_text(
                    '\n'.join(text), encoding='utf-8'
                )

    monkeypatch.setattr(datasets, 'OxfordIIITPet', Pets)
    prepare('--download', '--out', tmp_path / 'pets')
    assert names(tmp_path / 'pets') == {
        'train/cat': {'Breed_0', 'Breed_2'},
        'train/dog': {'Breed_1', 'Breed_3'},
        'test/cat': {'Breed_4', 'Breed_6'},
        'test/dog': {'Breed_5', 'Breed_7'},
    }
    assert [path.name for path in tmp_path.iterdir()] == ['pets']


# The lessons' side: find_photos and open_photo


def told(capsys):
    """The line that says which photos were found, and the others."""
    lines = capsys.readouterr().out.splitlines()
    (data,) = (line for line in lines if line.startswith('Data: '))
    return data, [line for line in lines if line != data]


def test_prepared_photos_are_found_in_the_folder_that_data_dir_names(
    tree, args, capsys
):
    args.data_dir, args.data = tree, 'real'
    assert helper.find_photos(args) == tree
    data, _ = told(capsys)
    assert 'real' in data and re.findall(r'\d+', data) == ['12', '6'], (
        f'There are 12 real photos to train and 6 to test: {data}'
    )


def test_photos_are_found_in_cat_dog_data_of_the_data_folder(tree, args, tmp_path):
    tree.rename(tree.parent / 'Cat_Dog_data')
    args.data_dir, args.data = tmp_path, 'real'
    assert helper.find_photos(args) == tmp_path / 'Cat_Dog_data'


def test_drawn_photos_take_the_place_of_those_that_are_not_there(
    args, capsys, monkeypatch
):
    args.data_dir.mkdir()
    monkeypatch.setattr(helper, 'ROOT', args.data_dir.parent)
    folder = helper.SYNTHETIC / 'Cat_Dog_data'
    assert helper.find_photos(args) == folder
    data, others = told(capsys)
    counts = [str(len(list(folder.glob(f'{side}/*/*')))) for side in ('train', 'test')]
    assert 'real' not in data and re.findall(r'\d+', data) == counts, data
    words = str(args.data_dir), 'prepare_photos.py', '--download'
    assert any(all(word in line for word in words) for line in others), (
        f'A line must say how to get photos: {others}'
    )


def refused(args, folder, data):
    """What find_photos says of a folder with which it stops."""
    args.data_dir, args.data = folder, data
    with pytest.raises(FileNotFoundError) as stopped:
        helper.find_photos(args)
    return str(stopped.value)


either_data = pytest.mark.parametrize(
    'data', ['auto', 'real'], ids=['--data auto', '--data real']
)


@either_data
def test_a_folder_that_is_not_there_is_named(data, args, tmp_path):
    assert str(tmp_path / 'nowhere') in refused(args, tmp_path / 'nowhere', data)


@either_data
@pytest.mark.parametrize('name', ['a.JPG', 'cat/a.jpeg', 'photos/cat/a.png'])
def test_unprepared_photos_get_the_command_that_prepares_them(
    name, data, photo, args, tmp_path
):
    photo(tmp_path / 'raw' / name)
    text = refused(args, tmp_path / 'raw', data)
    command = f'python data/prepare_photos.py "{tmp_path / "raw"}"'
    assert command in text, f'The message must have the command {command}: {text}'


@either_data
def test_different_classes_to_train_and_to_test_are_refused(data, tree, args):
    (tree / 'train/røv').rename(tree / 'train/bird')
    text = refused(args, tree, data)
    for word in ('train/', 'test/', str(tree)):
        assert word in text, f'The message must name {word}: {text}'


@either_data
def test_other_photos_than_those_asked_for_are_never_used(data, args, tmp_path):
    """An empty folder, and one of files that aren't photos."""
    (tmp_path / 'mine/cat').mkdir(parents=True)
    assert str(tmp_path / 'mine') in refused(args, tmp_path / 'mine', data)
    (tmp_path / 'mine/cat/a.txt').write_text('read me', encoding='utf-8')
    assert str(tmp_path / 'mine') in refused(args, tmp_path / 'mine', data)


@either_data
def test_an_archive_is_to_be_unpacked(data, args, tmp_path):
    shutil.make_archive(tmp_path / 'mine', 'zip', tmp_path)
    assert 'unpack' in refused(args, tmp_path / 'mine.zip', data)


def test_a_mistyped_folder_gets_the_right_name(args, prepare, tmp_path, photo):
    photo(tmp_path / 'my_photos/cat/a.jpg')
    text = refused(args, tmp_path / 'my_fotos', 'real')
    assert str(tmp_path / 'my_photos') in text, text
    with pytest.raises(SystemExit) as stopped:
        prepare(tmp_path / 'my_fotos')
    assert str(tmp_path / 'my_photos') in stopped.value.code, stopped.value.code


def test_what_is_wrong_with_a_tree_is_told_at_once(tree, args):
    (tree / 'test/røv').rename(tree / 'test/bird')
    (tree / 'train/.ipynb_checkpoints').mkdir()
    text = refused(args, tree, 'real')
    for words in ('only in train/: røv', 'only in test/: bird', '.ipynb_checkpoints'):
        assert words in text, f'{words} is not in the message: {text}'


@pytest.mark.parametrize('sides', [('train',), ('train', 'test')], ids=str)
def test_a_folder_of_a_notebook_is_no_class(sides, tree, args):
    for side in sides:
        (tree / side / '.ipynb_checkpoints').mkdir()
    assert '.ipynb_checkpoints' in refused(args, tree, 'real')


def test_a_class_without_photos_is_told(tree, args):
    for path in (tree / 'test/røv').iterdir():
        path.unlink()
    assert 'test/røv' in refused(args, tree, 'real')


def test_files_that_image_folder_skips_are_told(tree, args, capsys):
    (tree / 'train/røv/a.heic').write_bytes(HEIC)
    args.data_dir, args.data = tree, 'real'
    helper.find_photos(args)
    _, others = told(capsys)
    assert any('1 file' in line and 'røv' in line for line in others), others


def test_real_photos_that_are_not_there_can_be_downloaded(args, monkeypatch):
    args.data_dir.mkdir()
    monkeypatch.setattr(helper, 'ROOT', args.data_dir.parent)
    assert '--download' in refused(args, args.data_dir, 'real')


def test_a_damaged_photo_is_named_by_18_load_cat_dog_data(tree):
    Path(tree / 'train/røv/0.jpg').write_text('no photo', encoding='utf-8')
    one_line(run(lesson(18), *PLAIN, '--data-dir', tree), 1, '0.jpg')
