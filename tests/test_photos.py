"""Photos: cleaned by data/prepare_photos.py, then found and opened by helper.py."""
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


# The tree


@pytest.mark.parametrize('counts', [(2, 3), (10, 25)])
def test_a_folder_of_each_class_is_split(counts, source, prepare, photo, capsys):
    for name, count in zip(('a b', 'ø'), counts):
        for i in range(count):
            photo(source / name / f'sub {i % 2}' / f'{i}.png')
    prepare(source)
    out = source.parent / 'mine_prepared'
    found = names(out)
    stdout = capsys.readouterr().out
    tests = [max(1, count // 5) for count in counts]
    for name, count, test in zip(('a b', 'ø'), counts, tests):
        assert len(found[f'test/{name}']) == test
        assert found[f'test/{name}'] | found[f'train/{name}'] == {
            str(i) for i in range(count)}
        assert not found[f'test/{name}'] & found[f'train/{name}']
        assert f'{name}: {count - test} to train, {test} to test' in stdout
    assert f'{max(tests) / sum(tests):.1%}' in stdout
    assert f'--data-dir "{out}"' in stdout
    prepare(source, '--out', source.parent / 'again')
    assert names(source.parent / 'again') == found
    left = {path.name for path in source.parent.iterdir()}
    assert left == {'mine', 'mine_prepared', 'again'}


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


def test_a_photo_that_is_there_twice_is_taken_once(source, prepare, photo, tmp_path,
                                                   capsys):
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
        'train/cat': {'traincat'}, 'test/cat': {'testcat'},
        'train/dog': {'traindog'}, 'test/dog': {'testdog'}}
    assert len(re.findall(r'Left out: .* shows the same as ',
                          capsys.readouterr().out)) == 3


def test_a_large_photo_saved_again_as_png_is_taken_once(source, prepare, photo,
                                                        tmp_path):
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
    (source / 'cat/cut.jpg').write_bytes(data[:len(data) // 2])
    (source / 'cat/text.jpg').write_text('no photo')
    (source / 'cat/zero.jpg').touch()
    (source / 'cat/notes.txt').write_text('read me')
    (source / 'cat/._0.jpg').write_bytes(b'macOS')
    (source / 'cat/link.jpg').symlink_to(tmp_path / 'nowhere')
    (source / 'empty').mkdir()
    Image.new('1', (20000, 20000)).save(source / 'cat/bomb.png')
    prepare(source, '--out', tmp_path / 'out')
    found = names(tmp_path / 'out')
    assert set(found) == {'train/cat', 'train/dog', 'test/cat', 'test/dog'}
    assert found['train/cat'] | found['test/cat'] == {'0', '1', '2'}
    out = capsys.readouterr().out
    for name in ('cut.jpg', 'text.jpg', 'zero.jpg', 'notes.txt', 'link.jpg',
                 'bomb.png'):
        assert re.search(rf'Left out: .*{name} is not a photo', out)
    assert '._0.jpg' not in out


@pytest.mark.parametrize('mode, suffix', [
    ('RGB', 'jpg'), ('L', 'jpg'), ('CMYK', 'jpg'), ('P', 'png'), ('RGBA', 'png'),
    ('1', 'png'), ('LA', 'png'), ('P', 'gif'), ('RGB', 'webp'), ('RGB', 'tiff')])
def test_every_mode_becomes_rgb_and_upright(mode, suffix, source, prepare, photo,
                                            tmp_path):
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


def test_a_folder_that_cannot_be_used(source, prepare, photo, tmp_path):
    out = tmp_path / 'out'

    def says(*words):
        with pytest.raises(SystemExit) as stopped:
            prepare(source, '--out', out)
        for word in words:
            assert word in stopped.value.code
        assert '\n' not in stopped.value.code
        assert not out.exists() and not list(tmp_path.glob('*prepare-*'))

    says(f'{source} is no folder')
    photo(source / 'loose.jpg')
    says('0 class(es)')
    for i in range(5):
        photo(source / f'cat/{i}.jpg')
    says('1 class(es)')
    photo(source / 'dog/0.jpg')
    says("'dog' has one photo")
    photo(source / 'dog/1.jpg')
    prepare(source, '--out', out)
    with pytest.raises(SystemExit, match='out is there already'):
        prepare(source, '--out', out)
    shutil.rmtree(out)
    shutil.copytree(source, tmp_path / 'sides/train')
    shutil.copytree(source / 'cat', tmp_path / 'sides/test/cat')
    source = tmp_path / 'sides'
    says("'cat' has no photo in train/")


@pytest.mark.parametrize('error, word', [
    (KeyboardInterrupt(), 'stopped'), (OSError(28, 'No space left'), 'No space left')])
def test_stopped_midway_it_leaves_nothing(error, word, tree, prepare, tmp_path,
                                          monkeypatch):
    save, saved = Image.Image.save, []

    def fails(self, path, **named):
        saved.append(path)
        if len(saved) == 8:
            raise error
        save(self, path, **named)

    monkeypatch.setattr(Image.Image, 'save', fails)
    with pytest.raises(SystemExit, match=word):
        prepare(tree, '--out', tmp_path / 'new/out')
    assert not list((tmp_path / 'new').iterdir())


def test_it_ends_in_one_line(prepare, tmp_path, capsys):
    with pytest.raises(SystemExit, match='2'):
        prepare()
    stderr = capsys.readouterr().err
    assert len(stderr.splitlines()) == 1 and '--download' in stderr
    result = run(SCRIPT, '--download', '--out', tmp_path / 'pets', env=OFFLINE)
    one_line(result, 1)
    assert not list(tmp_path.iterdir())


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
                (self._anns_folder / f'{split}.txt').write_text('\n'.join(text))

    monkeypatch.setattr(datasets, 'OxfordIIITPet', Pets)
    prepare('--download', '--out', tmp_path / 'pets')
    assert names(tmp_path / 'pets') == {
        'train/cat': {'Breed_0', 'Breed_2'}, 'train/dog': {'Breed_1', 'Breed_3'},
        'test/cat': {'Breed_4', 'Breed_6'}, 'test/dog': {'Breed_5', 'Breed_7'}}
    assert [path.name for path in tmp_path.iterdir()] == ['pets']


# The lessons' side: find_photos and open_photo


def test_photos_are_found(tree, args, tmp_path, capsys):
    args.data_dir, args.data = tree, 'real'
    assert helper.find_photos(args) == tree
    assert 'photos, real, 12 training and 6 test photos' in capsys.readouterr().out
    tree.rename(tree.parent / 'Cat_Dog_data')
    args.data_dir = tmp_path
    assert helper.find_photos(args) == tmp_path / 'Cat_Dog_data'
    args.data_dir, args.data = tmp_path / 'empty', 'auto'
    args.data_dir.mkdir()
    assert helper.find_photos(args) == helper.STAND_INS / 'Cat_Dog_data'
    out = capsys.readouterr().out
    assert 'prepare_photos.py --download' in out and 'drawn stand-in' in out


def test_photos_that_cannot_be_used(tree, photo, args, tmp_path):
    def says(folder, *words):
        args.data_dir = folder
        for args.data in ('auto', 'real'):
            with pytest.raises(FileNotFoundError) as stopped:
                helper.find_photos(args)
            for word in words:
                assert word in str(stopped.value)

    says(tmp_path / 'nowhere', 'nowhere has no train/')
    photo(tmp_path / 'raw/cat/a.JPG')
    says(tmp_path / 'raw', 'python data/prepare_photos.py "' + str(tmp_path / 'raw'))
    (tree / 'train/røv').rename(tree / 'train/bird')
    says(tree, 'different classes')
    args.data_dir, args.data = tmp_path / 'empty', 'real'
    args.data_dir.mkdir()
    with pytest.raises(FileNotFoundError, match='--download'):
        helper.find_photos(args)


def test_a_lesson_names_a_damaged_photo(tree):
    Path(tree / 'train/røv/0.jpg').write_text('no photo')
    one_line(run(lesson(18), *PLAIN, '--data-dir', tree), 1, '0.jpg')
