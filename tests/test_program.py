"""Lesson 21: features once, the body unchanged, the best epoch, names for photos.

Most tests run the whole program, as a learner does, on photos of noise, with a small
network in place of DenseNet121. What it keeps goes to a folder of the test, so that
nothing is hidden by a warm cache.
"""

import os
import re
import shutil
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from course import PROGRAMS, REAL, REAL_DATA, SYNTHETIC, accuracy, lesson, ran, run
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision import models
from torchvision.datasets import ImageFolder
from torchvision.transforms import functional

import helper

LESSON = lesson(21)
WEIGHTS = models.DenseNet121_Weights.IMAGENET1K_V1
TRANSFORM = WEIGHTS.transforms()
CLASSES = ['ant', 'blue fish', 'røv']
densenet121 = models.densenet121


@pytest.fixture(scope='module', params=[LESSON.stem], autouse=True)
def about(request):
    """Every test here is about lesson 21, and has its name in its id."""
    return request.param


class SmallNetwork(nn.Module):
    """It takes DenseNet121's place, and notes how many photos it was given."""

    computed = []

    def __init__(self, weights=None):
        super().__init__()
        self.features = nn.Sequential(
            nn.AdaptiveAvgPool2d(7), nn.Flatten(), nn.Linear(3 * 7 * 7, 1024)
        )
        self.classifier = nn.Linear(1024, 1000)

    def forward(self, images):
        self.computed.append(len(images))
        return self.classifier(5 * self.features(images))


def draw_noise(folder, counts):
    """Photos in which there is nothing but noise, whatever their class."""
    generator = np.random.default_rng(7)
    for name, count in zip(CLASSES, counts):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            pixels = generator.integers(0, 256, (9, 8, 3), np.uint8)
            Image.fromarray(pixels).save(folder / name / f'{i:02}.png')


@pytest.fixture(scope='module')
def noise(tmp_path_factory):
    """A prepared folder of 100 photos to train and 20 to test."""
    folder = tmp_path_factory.mktemp('noise')
    draw_noise(folder / 'train', (40, 35, 25))
    draw_noise(folder / 'test', (5, 7, 8))
    return folder


@pytest.fixture(scope='module')
def quick():
    """Random weights; a small network, without bfloat16; batches of at most 8."""
    make = DataLoader.__init__

    def small(loader, dataset, batch_size=1, *given, **named):
        make(loader, dataset, min(batch_size, 8), *given, **named)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(helper, 'find_weights', lambda *_: None)
        monkeypatch.setattr(models, 'densenet121', SmallNetwork)
        monkeypatch.setattr(torch.cpu, 'get_capabilities', dict, raising=False)
        monkeypatch.setattr(DataLoader, '__init__', small)
        yield monkeypatch


def program(root, photos, *options, **more):
    """Run lesson 21 with its checkpoints in a folder."""
    return ran(
        LESSON, '--device', 'cpu', '--data-dir', photos, *options, root=root, **more
    )


def features(run, count):
    """The set of the features of `count` photos that a run has used."""
    found = [
        loader.dataset
        for loader in run.loaders
        if isinstance(loader.dataset, TensorDataset)
    ]
    found += [part.dataset for parts in run.splits for part in parts]
    return next(dataset for dataset in found if len(dataset) == count)


# Features


@pytest.fixture(scope='module')
def densenet(tmp_path_factory):
    """A run with the real network, random weights, 7 photos to train, 3 to test."""
    folder = tmp_path_factory.mktemp('densenet')
    draw_noise(folder / 'train', (3, 2, 2))
    draw_noise(folder / 'test', (1, 1, 1))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(helper, 'find_weights', lambda *_: None)
        monkeypatch.setattr(models, 'densenet121', densenet121)
        monkeypatch.setattr(torch.cpu, 'get_capabilities', dict, raising=False)
        run = program(folder, folder, '--epochs', 1)
    torch.manual_seed(7)
    whole = densenet121()
    whole.classifier = nn.Identity()
    return SimpleNamespace(run=run, folder=folder, whole=whole.eval())


@pytest.mark.parametrize('part, count', [('train', 7), ('test', 3)])
def test_features_are_those_of_the_whole_network(part, count, densenet):
    """One photo at a time gives the same as batches do."""
    found, _ = features(densenet.run, count).tensors
    for row, (path, _) in zip(found, ImageFolder(densenet.folder / part).samples):
        image = TRANSFORM(helper.open_photo(path)).unsqueeze(0)
        with torch.no_grad():
            wanted = densenet.whole(image)[0]
        assert torch.allclose(row, wanted, atol=1e-3), f'Other features for {path}'


def test_features_of_different_photos_differ(densenet):
    found, _ = features(densenet.run, 7).tensors
    assert found.std(dim=0).max() > 0.1


@pytest.mark.parametrize('part, count', [('train', 7), ('test', 3)])
def test_each_photo_keeps_its_label(part, count, densenet):
    _, labels = features(densenet.run, count).tensors
    assert labels.tolist() == ImageFolder(densenet.folder / part).targets


def test_the_network_is_not_changed(densenet):
    bodies = [
        module for module in densenet.run.models if isinstance(module, models.DenseNet)
    ]
    assert bodies
    for body in bodies:
        state = body.state_dict()
        for name, tensor in densenet.whole.state_dict().items():
            assert torch.equal(tensor, state[name]), f'{name} was changed'


@pytest.mark.parametrize(
    'told, enabled',
    [
        ({'avx512_bf16': True}, True),
        ({'avx512_bf16': False, 'avx512': True}, False),
        ({}, False),
        (None, False),
    ],
    ids=repr,
)
def test_bfloat16_is_used_where_the_processor_has_it(
    told, enabled, noise, quick, monkeypatch, tmp_path
):
    seen = []

    class Autocast(torch.autocast):
        def __init__(self, *given, **named):
            super().__init__(*given, **named)
            seen.append((self.device, self.fast_dtype, self._enabled))

    monkeypatch.setattr(torch, 'autocast', Autocast)
    if told is None:  # torch 2.6 cannot tell
        monkeypatch.delattr(torch.cpu, 'get_capabilities')
    else:
        monkeypatch.setattr(torch.cpu, 'get_capabilities', lambda: told, raising=False)
    program(tmp_path, noise, '--epochs', 1)
    assert set(seen) == {('cpu', torch.bfloat16, enabled)}


@pytest.mark.parametrize(
    'device, told, enabled',
    [('cuda', True, True), ('cuda', False, False), ('mps', True, False)],
)
def test_bfloat16_is_used_where_a_gpu_has_it(device, told, enabled, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda **_: told)
    answer = ran(LESSON, run_name='lesson').function('is_bf16_supported')
    assert bool(answer(torch.device(device))) is enabled


# The features on disk


class Kept(SimpleNamespace):
    """What a program has kept: its folder, the photos, and the file of test/."""

    def computed(self, *options):
        """Of how many photos a further run computes features."""
        del SmallNetwork.computed[:]
        program(self.root, self.photos, '--epochs', 1, *options)
        return sum(SmallNetwork.computed)


@pytest.fixture
def kept(tree, tmp_path, quick):
    """The program has run for a folder of 12 photos to train and 6 to test."""
    kept = Kept(root=tmp_path, photos=tree)
    assert kept.computed() == 12 + 6
    files = [
        path for path in (tmp_path / 'checkpoints').iterdir() if 'test' in path.name
    ]
    assert len(files) == 1, f'Not one file for test/: {files}'
    (kept.file,) = files
    return kept


def test_features_are_computed_once(kept):
    assert kept.computed() == 0


def test_features_from_disk_are_those_that_were_computed(kept):
    new = kept.root / 'new'
    new.mkdir()
    fresh = program(new, kept.photos, '--epochs', 1)
    again = program(kept.root, kept.photos, '--epochs', 1)
    for count in (12, 6):
        assert torch.equal(
            features(again, count).tensors[0], features(fresh, count).tensors[0]
        )


def older(kept):
    os.utime(kept.photos / 'test/røv/0.jpg', (1, 1))


def larger(kept):
    path = kept.photos / 'test/røv/0.jpg'
    times = path.stat().st_atime, path.stat().st_mtime
    with open(path, 'ab') as file:
        file.write(b'more')
    os.utime(path, times)


def another_name(kept):
    (kept.photos / 'test/røv/0.jpg').rename(kept.photos / 'test/røv/9.jpg')


@pytest.mark.parametrize('change', [older, larger, another_name])
def test_features_of_changed_photos_are_computed_again(change, kept):
    change(kept)
    assert kept.computed() == 6, 'Those of test/ should be computed, no others'
    assert kept.computed() == 0, 'The new ones should be kept'


def test_features_of_a_further_photo_are_computed(kept, photo):
    photo(kept.photos / 'test/røv/new.jpg')
    assert kept.computed() == 7


@pytest.mark.parametrize(
    'damage',
    [
        lambda data: b'',
        lambda data: data[:500],
        lambda data: data[:-1],
        lambda data: b'text',
    ],
    ids=['empty', 'its start', 'its last byte lost', 'text'],
)
def test_a_damaged_file_is_made_again(damage, kept):
    kept.file.write_bytes(damage(kept.file.read_bytes()))
    assert kept.computed() == 6


def test_a_file_of_another_program_is_not_used(kept):
    torch.save({'key': 'another'}, kept.file)
    assert kept.computed() == 6


def test_another_seed_gives_another_random_network(kept):
    assert kept.computed('--seed', 8) == 12 + 6


def test_another_transform_gives_other_features(kept, monkeypatch):
    larger = partial(WEIGHTS.value.transforms, resize_size=300)
    monkeypatch.setattr(WEIGHTS.value, 'transforms', larger)
    assert kept.computed() == 12 + 6


def test_other_weights_give_other_features(kept, monkeypatch):
    monkeypatch.setattr(helper, 'find_weights', lambda weights, _: weights)
    assert kept.computed() == 12 + 6
    assert kept.computed() == 0, 'The new ones should be kept'
    assert kept.computed('--seed', 8) == 0, 'The seed is for random weights only'


def test_no_half_file_is_left(kept):
    assert not list(kept.root.glob('checkpoints/*.part'))


# Training: noise is learned by heart, so that validation gets worse and worse


@pytest.fixture(scope='module')
def trained(noise, quick, tmp_path_factory):
    """A run of the program on noise, and what can be computed from it again."""
    root = tmp_path_factory.mktemp('trained')
    run = program(root, noise, '--epochs', 10, '--lr', 0.01, '--seed', 5)
    (head,) = run.trained
    head.eval()
    ((_, validset),) = run.splits
    losses = [float(loss) for loss in re.findall(r'(?m)^Epoch.* (\d+\.\d+)$', run.text)]
    found, labels = features(run, 20).tensors
    with torch.no_grad():
        predicted = head(found).argmax(dim=1)
    return SimpleNamespace(
        root=root,
        run=run,
        head=head,
        validset=validset,
        losses=losses,
        labels=labels,
        predicted=predicted,
    )


def valid_loss(trained):
    """The mean loss of the kept network, with all of its units, over all photos."""
    found, labels = zip(*trained.validset)
    with torch.no_grad():
        output = trained.head(torch.stack(found))
    return nn.functional.cross_entropy(output, torch.stack(labels)).item()


def test_a_fifth_of_the_photos_validates(trained):
    assert len(trained.validset) == 20


def test_the_best_epoch_is_kept(trained):
    assert len(trained.losses) == 10
    assert min(trained.losses) < trained.losses[-1], (
        'Noise was not learned by heart, so that this test says nothing'
    )
    assert valid_loss(trained) == pytest.approx(min(trained.losses), abs=0.0006), (
        f'The kept network is not that of the lowest loss among {trained.losses}'
    )


def test_the_test_accuracy_is_that_of_the_kept_network(trained):
    correct = (trained.predicted == trained.labels).sum().item()
    assert accuracy(trained.run.text) == pytest.approx(correct / 20, abs=0.0006)
    assert f' {correct} of 20 ' in trained.run.text


def test_the_share_of_the_largest_class_is_told(trained):
    assert '40.0%' in trained.run.text  # 8 of the 20


# Figures


@pytest.fixture(scope='module')
def counts(trained):
    """{(true class, predicted class): photos}, those that are not 0."""
    pairs = list(zip(trained.labels.tolist(), trained.predicted.tolist()))
    found = {pair: pairs.count(pair) for pair in pairs}
    different = {found.get((j, i)) != n for (i, j), n in found.items() if i != j}
    assert True in different, 'These counts are the same when they are transposed'
    return found


def test_the_matrix_has_the_counts_in_their_places(trained, counts):
    (ax,) = trained.run.figures['confusion'].axes
    texts = [
        (*reversed(text.get_position()), int(text.get_text()))
        for text in ax.texts
        if text.get_text() != '0'
    ]
    assert {(row, column): count for row, column, count in texts} == counts


def test_the_matrix_is_colored_by_the_share_of_a_true_class(trained, counts):
    (ax,) = trained.run.figures['confusion'].axes
    shares = ax.images[0].get_array()
    for (row, column), count in counts.items():
        assert shares[row, column] == pytest.approx(count / (5, 7, 8)[row])


def test_the_axes_of_the_matrix_are_named(trained):
    (ax,) = trained.run.figures['confusion'].axes
    assert 'predicted' in ax.get_xlabel() and 'true' in ax.get_ylabel()
    for ticks in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert [tick.get_text() for tick in ticks] == CLASSES


@pytest.fixture(scope='module')
def sheet(trained, noise):
    """[(axes, path of its photo, true class, predicted class)], mistakes first."""
    samples = ImageFolder(noise / 'test').samples
    rows = [
        (path, CLASSES[true], CLASSES[predicted])
        for (path, true), predicted in zip(samples, trained.predicted.tolist())
    ]
    rows.sort(key=lambda row: row[1] == row[2])
    axes = [ax for ax in trained.run.figures['photos'].axes if ax.images]
    assert len(axes) == 16
    return [(ax, *row) for ax, row in zip(axes, rows)]


def test_photos_have_their_classes_as_titles(sheet):
    for ax, _, true, predicted in sheet:
        title = ' '.join(ax.get_title().split())
        assert re.search(rf'{predicted}\b.*\b{true}', title), (
            f'{title}: it was taken for {predicted}, and is labeled {true}'
        )


def test_titles_of_mistakes_are_red(sheet):
    for ax, _, true, predicted in sheet:
        assert ax.title.get_color() == ('black' if true == predicted else 'tab:red')


def test_photos_are_above_their_titles(sheet):
    for ax, path, _, _ in sheet:
        image = helper.open_photo(path)
        image = functional.resize(
            image, TRANSFORM.resize_size[0], TRANSFORM.interpolation
        )
        image = functional.center_crop(image, TRANSFORM.crop_size[0])
        drawn = np.asarray(ax.images[0].get_array())
        assert np.abs(drawn - np.asarray(image) / 255).max() < 0.01, path


# Names for photos


def predict(root, *photos, options=(), **more):
    """The lines that the program prints about photos."""
    found = ran(
        LESSON, '--device', 'cpu', '--predict', *photos, *options, root=root, **more
    )
    return (
        found
        if more
        else [
            line
            for line in found.text.splitlines()
            if line.startswith(tuple(map(str, photos)))
        ]
    )


@pytest.fixture(scope='module')
def two(noise):
    return [noise / 'test/ant/00.png', noise / 'test/røv/03.png']


@pytest.fixture(scope='module')
def probabilities(trained, two):
    """Those of two photos, computed again with the network of the training's seed."""
    torch.manual_seed(5)
    body = SmallNetwork().eval()
    body.classifier = nn.Identity()
    images = torch.stack([TRANSFORM(helper.open_photo(path)) for path in two])
    with torch.no_grad():
        return trained.head(body(images)).softmax(dim=1)


def test_the_most_probable_classes_are_named(trained, two, probabilities):
    """With the seed of the training, not that of this run."""
    lines = predict(trained.root, *two)
    assert len(lines) == 2, lines
    for line, path, row in zip(lines, two, probabilities):
        best = row.argsort(descending=True).tolist()
        named = re.findall(r'([^:,]+) ([\d.]+)%', line.removeprefix(f'{path}:'))
        assert [name.strip() for name, _ in named] == [CLASSES[i] for i in best], line
        for (_, percent), i in zip(named, best):
            assert float(percent) == pytest.approx(100 * row[i].item(), abs=0.06), line


def test_all_photos_are_named_in_their_order(trained, two):
    lines = predict(trained.root, *two)
    assert predict(trained.root, *two[:1] * 33, two[1]) == lines[:1] * 33 + lines[1:]


def test_no_photo_is_named_before_a_training(tmp_path, two, quick):
    with pytest.raises(FileNotFoundError, match='pth'):
        predict(tmp_path, *two)


def test_no_photo_is_named_with_other_weights(trained, two, monkeypatch):
    monkeypatch.setattr(helper, 'find_weights', lambda weights, _: weights)
    with pytest.raises(SystemExit, match='None'):
        predict(trained.root, *two)


def test_a_photo_that_is_not_there_is_named_in_the_error(trained, tmp_path):
    with pytest.raises(OSError, match='nowhere.jpg'):
        predict(trained.root, tmp_path / 'nowhere.jpg')


# Worker processes


@pytest.mark.skipif(
    sys.platform == 'win32', reason='Windows has no forkserver: it needs Linux or macOS'
)
def test_workers_start_in_every_way(installed, trained, two):
    """They compute the same features as the main process does."""
    shutil.copytree(trained.root / 'checkpoints', installed / 'checkpoints')
    given = [lesson(21, installed), *SYNTHETIC, '--predict', *two, '--workers']
    start = PROGRAMS / 'start_method.py'
    wanted = run(start, 'spawn', *given, 0)
    assert len(wanted.stdout.splitlines()) >= 2, wanted.stderr
    for method in ('spawn', 'forkserver'):
        found = run(start, method, *given, 1)
        assert found.stdout == wanted.stdout, f'{method}:\n{found.stderr}'


# Real photos


@pytest.mark.real
def test_photos_are_told_apart(installed):
    home = {'TORCH_HOME': os.path.join(REAL, 'torch_home')}
    result = run(lesson(21, installed), *REAL_DATA, env=home)
    assert accuracy(result.stdout) >= 0.98, result.stderr
    paths = []
    for name in ('cat', 'dog'):
        folder = os.path.join(REAL, 'Cat_Dog_data/test', name)
        paths.append(os.path.join(folder, sorted(os.listdir(folder))[0]))
    shutil.rmtree(installed / 'data')
    result = run(lesson(21, installed), '--predict', *paths, env=home)
    named = [line.split(': ')[-1].split()[0] for line in result.stdout.splitlines()]
    assert named == ['cat', 'dog'], result
