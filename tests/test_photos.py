"""Photos: cleaned by data/prepare_photos.py, then found and opened by helper.py."""

import os
import re
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from course import OFFLINE, PLAIN, ROOT, lesson, one_line, run
from PIL import Image
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
    source = classes((2, 3))
    prepare(source)
    out = source.parent / 'mine_prepared'
    assert f'--data-dir "{out}"' in capsys.readouterr().out


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


def test_what_is_no_photo_is_left_out(source, prepare, photo, tmp_path, capsys):
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
    Image.new('1', (20000, 20000)).save(source / 'cat/bomb.png')
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


# What the script cannot use


UNUSABLE = {  # the photos in the folder, and the words that the message must have
    'nothing': (None, ['{source}']),
    'no class': (['loose.jpg'], ['{source}', '0']),
    'one class': ([f'cat/{i}.jpg' for i in range(5)], ['{source}', '1']),
    'a class of one photo': (['cat/0.jpg', 'cat/1.jpg', 'dog/0.jpg'], ['dog']),
    'nothing to train with': (
        [
            'train/dog/0.jpg',
            'train/dog/1.jpg',
            'test/dog/2.jpg',
            'test/cat/0.jpg',
            'test/cat/1.jpg',
        ],
        ['cat', 'train/'],
    ),
    'nothing to test with': (
        [
            'train/dog/0.jpg',
            'train/dog/1.jpg',
            'test/dog/2.jpg',
            'train/cat/0.jpg',
            'train/cat/1.jpg',
        ],
        ['cat', 'test/'],
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


def test_drawn_photos_take_the_place_of_those_that_are_not_there(args, capsys):
    args.data_dir.mkdir()
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


def test_real_photos_that_are_not_there_can_be_downloaded(args, tmp_path):
    args.data_dir.mkdir()
    assert '--download' in refused(args, args.data_dir, 'real')


def test_a_damaged_photo_is_named_by_18_load_cat_dog_data(tree):
    Path(tree / 'train/røv/0.jpg').write_text('no photo', encoding='utf-8')
    one_line(run(lesson(18), *PLAIN, '--data-dir', tree), 1, '0.jpg')
