"""Lessons 18 to 21: photos in, features once, the body unchanged, a checkpoint out."""
import os
import re
import runpy
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from course import REAL, REAL_DATA, ROOT, accuracy, lesson, options, run
from PIL import Image
from torchvision import models
from torchvision.datasets import ImageFolder

import helper

PROGRAM = lesson(21)


def photo(path, colour=(200, 30, 30), size=(40, 50), mode='RGB', **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(sum(path.name.encode()))
    noise = rng.integers(0, 50, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(np.clip(noise + np.array(colour), 0, 255).astype(np.uint8))
    image.convert(mode).save(path, **more)


@pytest.fixture
def tree(tmp_path):
    """train and test folders with six and three photos of two classes each."""
    for part, count in (('train', 6), ('test', 3)):
        for name, colour in (('blue fish', (20, 30, 200)), ('røv', (200, 30, 30))):
            for i in range(count):
                photo(tmp_path / 'photos' / part / name / f'{i}.jpg', colour)
    return tmp_path / 'photos'


@pytest.fixture
def program(monkeypatch, tmp_path):
    """The functions of lesson 21, with its files in a folder of the test."""
    monkeypatch.setattr(sys, 'path', [str(PROGRAM.parent), *sys.path])
    monkeypatch.setattr(helper, 'ROOT', tmp_path)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'no weights'))
    torch.set_num_threads(2)
    functions = SimpleNamespace(**runpy.run_path(str(PROGRAM)))
    functions.args = SimpleNamespace(data='auto', device='cpu', arch='densenet121',
                                     workers=0, seed=7, epochs=3, lr=0.001)
    functions.body = functions.build_body('densenet121', None, 7, torch.device('cpu'))
    functions.transform = functions.WEIGHTS['densenet121'].transforms()
    return functions


def find(folder, data='auto'):
    return helper.find_photos(SimpleNamespace(data=data, data_dir=folder))


# Folders


def test_trees_of_ones_own(tree, capsys):
    assert find(tree) == tree
    line = capsys.readouterr().out
    assert 'photos, real, 12 training photos and 6 test photos' in line
    (tree / 'train/røv/._0.jpg').write_bytes(b'macOS')
    (tree / 'train/røv/notes.txt').write_text('no photo')
    photos = helper.photo_set(tree, 'train', None)
    assert photos.classes == ['blue fish', 'røv'] and len(photos) == 12
    tree.rename(tree.parent / 'Cat_Dog_data')
    assert find(tree.parent) == tree.parent / 'Cat_Dog_data'


def test_one_folder_per_class_is_split(tmp_path):
    for name in ('a', 'b'):
        for i in range(50):
            photo(tmp_path / name / f'{i}.png', size=(4, 4))
    root = find(tmp_path)
    parts = [helper.photo_set(root, part, None) for part in ('train', 'test')]
    paths = [{path for path, _ in part.samples} for part in parts]
    assert len(paths[0] | paths[1]) == 100 and not paths[0] & paths[1]
    assert 10 <= len(paths[1]) <= 30
    photo(tmp_path / 'a/new.png', size=(4, 4))
    again = {path for path, _ in helper.photo_set(root, 'test', None).samples}
    assert paths[1] <= again


def test_folders_that_cannot_be_used(tree, tmp_path):
    def says(folder, *words):
        with pytest.raises(SystemExit) as stopped:
            find(folder, 'real')
        for word in words:
            assert word in stopped.value.code
        assert '\n' not in stopped.value.code

    says(tmp_path / 'nowhere', 'nowhere', '--data-dir')
    photo(tmp_path / 'loose/a.jpg')
    says(tmp_path / 'loose', 'loose has 0 class folder(s)')
    photo(tmp_path / 'one/only/a.jpg')
    says(tmp_path / 'one', 'one has 1 class folder(s)')
    (tree / 'train/empty').mkdir()
    says(tree, 'empty holds no photos')
    photo(tree / 'train/empty/a.jpg')
    says(tree, 'different class folders')
    (tree / 'test').rename(tree / 'x')
    says(tree, 'both train/ and test/')


def test_photos_without_a_network(tmp_path):
    offline = {name: 'http://127.0.0.1:9' for name in ('http_proxy', 'https_proxy')}
    (tmp_path / 'data').mkdir()
    result = run(lesson(18), '--data', 'real', '--data-dir', tmp_path / 'data',
                 env=offline)
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1
    assert 'none can be downloaded' in result.stderr
    assert not list((tmp_path / 'data').iterdir())


def test_pets_are_laid_out_as_a_tree(tmp_path, monkeypatch, capsys):
    from torchvision import datasets

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
    root = find(tmp_path, 'real')
    assert root == tmp_path / 'Cat_Dog_data'
    assert 'train/cat: 2 photos' in capsys.readouterr().out
    assert sorted(path.name for path in root.glob('*/*/*')) == [
        f'Breed_{i}.jpg' for i in range(8)]
    assert [path.name for path in tmp_path.iterdir()] == ['Cat_Dog_data']


# Pictures


@pytest.mark.parametrize('mode, suffix', [
    ('L', 'jpg'), ('CMYK', 'jpg'), ('P', 'png'), ('RGBA', 'png'), ('1', 'png'),
    ('LA', 'png'), ('P', 'gif'), ('RGB', 'webp')])
def test_every_mode_becomes_rgb(mode, suffix, tmp_path):
    path = tmp_path / f'ä b.{suffix}'
    photo(path, mode=mode)
    image = helper.open_photo(path)
    assert image.mode == 'RGB' and image.size == (40, 50)
    assert 40 < np.asarray(image).mean() < 220


def test_16_bit_grey_keeps_its_greys(tmp_path):
    grey = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(grey).save(tmp_path / 'deep.png')
    image = np.asarray(helper.open_photo(tmp_path / 'deep.png'))[..., 0]
    assert np.abs(image - grey / 257).max() <= 1


def test_photos_are_turned_upright_and_large_ones_are_opened(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held sideways
    photo(tmp_path / 'a.jpg', size=(60, 20), exif=exif)
    assert helper.open_photo(tmp_path / 'a.jpg').size == (20, 60)
    Image.new('RGB', (8000, 6000), 'red').save(tmp_path / 'large.jpg')
    assert helper.open_photo(tmp_path / 'large.jpg').size == (1000, 750)
    photo(tmp_path / 'dot.png', size=(1, 1))
    assert helper.open_photo(tmp_path / 'dot.png').size == (1, 1)


def damaged_photos(folder):
    photo(folder / 'good.jpg', size=(300, 300))
    data = (folder / 'good.jpg').read_bytes()
    (folder / 'good.jpg').unlink()
    (folder / 'cut.jpg').write_bytes(data[:len(data) // 2])
    (folder / 'text.jpg').write_text('no photo')
    (folder / 'zero.jpg').touch()
    Image.new('1', (20000, 20000)).save(folder / 'bomb.png')
    return sorted(folder.iterdir())


def test_damaged_photos_are_named(tmp_path):
    (tmp_path / 'bad').mkdir()
    for path in damaged_photos(tmp_path / 'bad'):
        with pytest.raises(OSError, match=path.name):
            helper.open_photo(path)


def test_a_damaged_photo_ends_a_lesson_in_one_line(tree):
    (tree / 'train/røv/0.jpg').write_text('no photo')
    result = run(lesson(18), '--data-dir', tree, '--figures', 'none')
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1
    assert '0.jpg is not a photo' in result.stderr


# Weights


def test_weights_on_disk_are_used_and_damaged_ones_are_not(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    enum = models.DenseNet121_Weights.IMAGENET1K_V1
    args = SimpleNamespace(data='synthetic')
    assert helper.find_weights(enum, args) is None
    path = tmp_path / 'hub/checkpoints' / enum.url.rpartition('/')[2]
    path.parent.mkdir(parents=True)
    torch.save(models.densenet121().state_dict(), path)
    assert helper.find_weights(enum, args) is enum
    for data in (path.read_bytes()[:10000], b'', b'<html>'):
        path.write_bytes(data)
        with pytest.raises(SystemExit) as stopped:
            helper.find_weights(enum, args)
        assert f'{path} are damaged' in stopped.value.code


def test_features_once_train_as_well_as_photos_each_time():
    result = run(lesson(20), *options(lesson(20)))
    usual, quick = re.findall(r'valid accuracy ([\d.]+)%', result.stdout)
    assert abs(float(usual) - float(quick)) <= 100 / 8  # of 8 photos at most one
    times = re.search(r'([\d.]+) times faster', result.stdout)[1]
    assert float(times) > 2


# The program


def test_features_are_those_of_the_whole_network(program, tree):
    photos = ImageFolder(tree / 'train', program.transform)
    torch.manual_seed(7)
    model = models.densenet121().eval()
    images = torch.stack([image for image, _ in photos])
    with torch.no_grad():
        whole = model(images)
        features = program.body(images)
        assert torch.allclose(model.classifier(features), whole, atol=1e-4)
    cached, labels, places = program.compute_features(photos, program.body,
                                                      program.args)
    assert torch.allclose(cached, features, atol=0.05)  # bfloat16 has three digits
    assert labels.tolist() == [0] * 6 + [1] * 6 and places == list(range(12))


def test_the_body_stays_as_it_is(program, tree):
    state = program.body.state_dict()
    before = {name: tensor.clone() for name, tensor in state.items()}
    photos = helper.photo_set(tree, 'train', program.transform)
    features, labels, _ = program.compute_features(photos, program.body, program.args)
    head = program.build_head(1024, photos.classes)
    first = head[0].weight.clone()
    program.train(head, features, labels, program.args, torch.device('cpu'))
    assert not torch.equal(head[0].weight, first)
    assert before.keys() == program.body.state_dict().keys()
    for name, tensor in program.body.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_the_cache_knows_what_it_depends_on(program, tree, tmp_path, capsys):
    computed = []

    def get_body():
        computed.append(1)
        return program.body

    def load(**change):
        args = SimpleNamespace(**{**vars(program.args), **change})
        transform = change.get('transform', program.transform)
        photos = helper.photo_set(tree, 'test', transform)
        del computed[:]
        features = program.load_features(photos, None, args, get_body)[0]
        return features, bool(computed)

    first, new = load()
    assert new
    again, new = load()
    assert not new and torch.equal(first, again)
    path, = (tmp_path / 'features').iterdir()
    good = path.read_bytes()
    for data in (b'', good[:500], good[:-1], b'text'):
        path.write_bytes(data)
        again, new = load()
        assert new and torch.equal(first, again)
        assert 'damaged' in capsys.readouterr().out
        assert not load()[1]
    os.utime(tree / 'test/røv/0.jpg', (1, 1))
    assert load()[1] and not load()[1]
    photo(tree / 'test/røv/new.jpg')
    features, new = load()
    assert new and len(features) == 7
    other = models.ResNet50_Weights.IMAGENET1K_V2.transforms()
    assert load(transform=other)[1]
    assert load(seed=8)[1] and not load(seed=8)[1]
    assert load(arch='resnet50')[1]
    assert not list((tmp_path / 'features').glob('*.part'))


def test_damaged_photos_are_skipped_and_counted(program, tree, capsys):
    bad = damaged_photos(tree / 'train/røv')
    bad = [path for path in bad if path.stem in ('cut', 'text', 'zero', 'bomb')]
    photos = helper.photo_set(tree, 'train', program.transform)
    features, labels, places = program.compute_features(photos, program.body,
                                                        program.args)
    assert len(features) == len(labels) == len(places) == 12
    out = capsys.readouterr().out
    assert '12 of 16 photos read' in out
    for path in bad:
        assert f'Skipped, cannot be read: {path}' in out


def test_predict(program, tree, tmp_path, capsys):
    device = torch.device('cpu')
    program.args.arch = 'densenet121'
    path, checkpoint = tree / 'test/røv/0.jpg', tmp_path / 'checkpoint.pth'

    def says(*words, photo=path):
        with pytest.raises(SystemExit) as stopped:
            program.predict([photo], checkpoint, program.args, device)
        for word in words:
            assert word in stopped.value.code
        assert '\n' not in stopped.value.code

    says('checkpoint.pth is not there yet')
    photos = helper.photo_set(tree, 'train', program.transform)
    features, labels, _ = program.compute_features(photos, program.body, program.args)
    head = program.build_head(1024, photos.classes)
    program.train(head, features, labels, program.args, device)
    kept = {'classes': photos.classes, 'seed': 7, 'weights': None,
            'state_dict': head.state_dict()}
    program.save(kept, checkpoint)
    program.predict([path], checkpoint, program.args, device)
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith(f'{path}: ') and 'blue fish' in line and 'røv' in line
    says('nowhere.jpg', photo=tmp_path / 'nowhere.jpg')
    program.save({**kept, 'classes': ['a', 'b', 'c']}, checkpoint)
    says('no checkpoint of this program', 'size mismatch')
    program.save(['something else'], checkpoint)
    says('no checkpoint of this program')
    checkpoint.write_bytes(b'PK')
    says('damaged')


@pytest.mark.parametrize('method', ['spawn', 'forkserver'])
def test_workers_start_in_every_way(method, tree, tmp_path):
    source = PROGRAM.read_text()
    guard = "if __name__ == '__main__':\n"
    assert source.count(guard) == 1
    start = ('    import multiprocessing\n'
             f'    multiprocessing.set_start_method({method!r})\n')
    (tmp_path / 'codes').mkdir()
    (tmp_path / 'codes/program.py').write_text(source.replace(guard, guard + start))
    (tmp_path / 'helper.py').write_text((ROOT / 'helper.py').read_text())
    result = run(tmp_path / 'codes/program.py', '--data-dir', tree, '--workers', 1,
                 '--figures', 'none', env={'TORCH_HOME': str(tmp_path),
                                           'https_proxy': 'http://127.0.0.1:9'})
    assert result.returncode == 0, result.stderr
    assert '6 of 6 photos read' in result.stdout


@pytest.mark.real
def test_photos_are_told_apart():
    result = run(PROGRAM, *REAL_DATA, env={'TORCH_HOME': REAL + '/torch_home'})
    assert accuracy(result.stdout) >= 0.98
