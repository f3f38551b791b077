"""Lesson 21: features once, the best epoch, a model for each folder, names for photos.

Most tests run the whole program, as a learner does, on photos of noise, with a small
network in place of DenseNet121. What it keeps goes to a folder of the test, so that
nothing is hidden by a warm cache.
"""

import contextlib
import csv
import os
import re
import shutil
import sys
from datetime import date
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from course import (
    PROGRAMS,
    REAL,
    REAL_DATA,
    SYNTHETIC,
    accuracy,
    install,
    lesson,
    ran,
    run,
    together,
)
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
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


def draw_noise(folder, counts, classes=CLASSES):
    """Photos in which there is nothing but noise, whatever their class."""
    generator = np.random.default_rng(7)
    for name, count in zip(classes, counts):
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


@contextlib.contextmanager
def with_network(network):
    """In this block, DenseNet121 is this class, with random weights in 32 bits."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(helper, 'find_weights', lambda *_: None)
        monkeypatch.setattr(models, 'densenet121', network)
        monkeypatch.setattr(torch.cpu, 'get_capabilities', dict, raising=False)
        yield monkeypatch


@pytest.fixture(scope='module')
def quick():
    """Random weights; a small network, without bfloat16; batches of at most 8."""
    make = DataLoader.__init__

    def small(loader, dataset, batch_size=1, *given, **named):
        make(loader, dataset, min(batch_size, 8), *given, **named)

    with with_network(SmallNetwork) as monkeypatch:
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


def the_line(run):
    """The only line with which a run ended, without a traceback; see helper._explain.

    What ends a process with one line and exit code 1 is here an OSError, or a
    SystemExit with a text.
    """
    assert isinstance(run.error, (OSError, SystemExit)), repr(run.error)
    line = str(run.error)
    assert line.strip() and len(line.splitlines()) == 1, repr(run.error)
    return line


# The Dataset


@pytest.fixture
def photo_dataset(noise):
    """One of a photo that is there, and of one that isn't."""
    make = ran(LESSON, run_name='lesson').names['PhotoDataset']
    return make([noise / 'test/røv/03.png', noise / 'nowhere.png'])


def test_a_dataset_has_as_many_examples_as_photos(photo_dataset):
    assert isinstance(photo_dataset, Dataset)
    assert len(photo_dataset) == 2


def test_a_dataset_reads_and_transforms_a_photo(photo_dataset, noise):
    wanted = TRANSFORM(helper.open_photo(noise / 'test/røv/03.png'))
    assert torch.equal(photo_dataset[0], wanted)


def test_a_dataset_reads_a_photo_when_it_is_asked_for(photo_dataset):
    """The second one is missing, and nobody has noticed so far."""
    with pytest.raises(OSError, match=r'nowhere\.png'):
        photo_dataset[1]


# Features


@pytest.fixture(scope='module')
def densenet(tmp_path_factory):
    """A run with the real network, random weights, 10 photos to train, 3 to test."""
    folder = tmp_path_factory.mktemp('densenet')
    draw_noise(folder / 'train', (4, 3, 3))
    draw_noise(folder / 'test', (1, 1, 1))
    with with_network(densenet121):
        run = program(folder, folder, '--epochs', 1)
    torch.manual_seed(7)
    whole = densenet121()
    whole.classifier = nn.Identity()
    return SimpleNamespace(run=run, folder=folder, whole=whole.eval())


@pytest.mark.parametrize('part, count', [('train', 10), ('test', 3)])
def test_features_are_those_of_the_whole_network(part, count, densenet):
    """One photo at a time gives the same as batches do."""
    found, _ = features(densenet.run, count).tensors
    for row, (path, _) in zip(found, ImageFolder(densenet.folder / part).samples):
        image = TRANSFORM(helper.open_photo(path)).unsqueeze(0)
        with torch.no_grad():
            wanted = densenet.whole(image)[0]
        assert torch.allclose(row, wanted, atol=1e-3), f'Other features for {path}'


def test_features_of_different_photos_differ(densenet):
    found, _ = features(densenet.run, 10).tensors
    assert found.std(dim=0).max() > 0.1


@pytest.mark.parametrize('part, count', [('train', 10), ('test', 3)])
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


def no_folder(root, monkeypatch):
    """checkpoints/ cannot be made, since a file has its name."""
    (root / 'checkpoints').write_text('a file')


def full_disk(root, monkeypatch):
    """Half of the features can be written."""
    save = torch.save

    def save_or_fail(what, path):
        if 'features' in Path(path).name:
            Path(path).write_bytes(b'half')
            raise RuntimeError('PytorchStreamWriter failed writing file')
        save(what, path)

    monkeypatch.setattr(torch, 'save', save_or_fail)


@pytest.mark.parametrize('problem', [no_folder, full_disk])
def test_features_that_cannot_be_kept_do_not_stop_the_run(
    problem, tree, tmp_path, quick, monkeypatch
):
    problem(tmp_path, monkeypatch)
    model = tmp_path / 'mine.pth'
    run = program(tmp_path, tree, '--epochs', 1, '--model', model)
    assert 'accuracy' in run.text and model.exists()
    assert re.search('(?m)^Note: .*features', run.text), run.text
    left = [path.name for path in tmp_path.glob('checkpoints/*')]
    assert not left, 'A part of what could not be written was left'


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


# A model for each folder


MODEL = re.compile(r'21_model_.*\.pth')


def kept_files(root):
    """The names of the files in checkpoints/."""
    return sorted(path.name for path in root.glob('checkpoints/*'))


def kept_models(root):
    return [name for name in kept_files(root) if MODEL.fullmatch(name)]


@pytest.fixture(scope='module')
def pair(quick, tmp_path_factory):
    """The program has run for two folders of the same name, for the second one last."""
    pair = SimpleNamespace(root=tmp_path_factory.mktemp('pair'), folders={}, models={})
    for place, classes in (
        ('first', ['ant', 'bee']),
        ('second', ['cat', 'dog', 'emu']),
    ):
        folder = pair.folders[place] = pair.root / place / 'my photos'
        draw_noise(folder / 'train', (6, 6, 6), classes)
        draw_noise(folder / 'test', (2, 2, 2), classes)
        before = kept_models(pair.root)
        program(pair.root, folder, '--epochs', 1)
        new = [name for name in kept_models(pair.root) if name not in before]
        assert len(new) == 1, f'{place} has the models {new}'
        pair.models[place] = new[0]
    return pair


@pytest.fixture
def both(pair, tmp_path):
    """A copy of what they have kept, to be changed: the folder in which it is."""
    shutil.copytree(pair.root / 'checkpoints', tmp_path / 'checkpoints')
    return tmp_path


@pytest.mark.parametrize('place', ['first', 'second'])
def test_files_are_named_after_their_folder(place, pair):
    """And after a hash of its path, since another folder can have the same name."""
    name = re.fullmatch(r'21_model_(my photos-[0-9a-f]{6})\.pth', pair.models[place])
    assert name, pair.models
    for part in ('train', 'test'):
        assert f'21_features_{name[1]}_{part}.pth' in kept_files(pair.root)


def test_two_folders_of_the_same_name_get_files_of_their_own(pair):
    assert len(kept_files(pair.root)) == 2 * 3, kept_files(pair.root)


def test_two_folders_of_the_same_name_keep_their_features(pair, both):
    for folder in pair.folders.values():
        del SmallNetwork.computed[:]
        program(both, folder, '--epochs', 1)
        assert not SmallNetwork.computed, f'Those of {folder} were computed again'


def model_line(run):
    """(photos, number of classes, when it was trained, file) of the model in use."""
    found = re.findall(
        r'(?m)^Model: (.+), (\d+) classes, trained (\S+) \((.+)\)$', run.text
    )
    assert len(found) == 1, run.text
    return found[0]


def day_of(file):
    return date.fromtimestamp(file.stat().st_mtime).isoformat()


def test_it_says_which_model_it_uses(pair, two):
    run = predict(pair.root, *two)
    file = pair.root / 'checkpoints' / pair.models['second']
    assert model_line(run) == ('my photos', '3', day_of(file), file.name)


@pytest.mark.parametrize(
    'place, classes', [('first', {'ant', 'bee'}), ('second', {'cat', 'dog', 'emu'})]
)
def test_the_folder_chooses_its_model(place, classes, pair, two):
    run = predict(pair.root, *two, options=['--data-dir', pair.folders[place]])
    assert model_line(run)[-1] == pair.models[place]
    assert [{name for name, _ in named} for _, named in answers(run.text)] == [
        classes,
        classes,
    ]


@pytest.mark.skipif(sys.platform == 'win32', reason='Windows wants rights for links')
def test_a_link_to_a_folder_chooses_its_model(pair, two, tmp_path):
    link = tmp_path / 'another name'
    link.symlink_to(pair.folders['first'])
    run = predict(pair.root, *two, options=['--data-dir', link])
    assert model_line(run)[-1] == pair.models['first']


def test_a_folder_can_have_the_photos_in_cat_dog_data(both, noise, two):
    """What --data-dir means for a training, it means for predictions, too."""
    shutil.copytree(noise, both / 'downloaded/Cat_Dog_data')
    run = program(both, both / 'downloaded', '--epochs', 1)
    (file,) = [path for path in map(Path, run.saved) if MODEL.fullmatch(path.name)]
    os.utime(file, (1, 1))  # so that it's not chosen as the newest
    run = predict(both, *two, options=['--data-dir', both / 'downloaded'])
    assert model_line(run)[::3] == ('Cat_Dog_data', file.name)


def test_without_a_folder_it_is_the_newest_model(pair, both, two):
    assert model_line(predict(both, *two))[-1] == pair.models['second']
    os.utime(both / 'checkpoints' / pair.models['second'], (1, 1))
    assert model_line(predict(both, *two))[-1] == pair.models['first']


def test_another_folders_model_is_not_taken(both, noise, two):
    """A model of other photos than those that were asked for would mislead."""
    run = predict(both, *two, options=['--data-dir', noise])
    assert 'rain' in the_line(run) and not answers(run.text)


def test_a_model_goes_where_it_is_told(pair, both, two):
    file = both / 'a new folder/mine.pt'
    before = kept_models(both)
    program(both, pair.folders['first'], '--epochs', 1, '--model', file)
    assert file.exists() and kept_models(both) == before
    run = predict(both, *two, options=['--model', file])
    assert model_line(run)[1:] == ('2', day_of(file), 'mine.pt')


@pytest.mark.parametrize('options', [['--data', 'synthetic'], []], ids=['told', 'auto'])
def test_a_model_of_synthetic_photos_does_not_hide_yours(
    options, both, pair, two, few_images, monkeypatch
):
    """With auto, there is no real data, so that the synthetic photos are used."""
    monkeypatch.setattr(helper, 'SYNTHETIC', few_images)
    yours = {
        name: (both / 'checkpoints' / name).read_bytes() for name in kept_files(both)
    }
    ran(LESSON, '--device', 'cpu', '--epochs', 1, *options, root=both)
    for name, content in yours.items():
        assert (both / 'checkpoints' / name).read_bytes() == content, f'{name} changed'
    new = set(kept_models(both)) - set(yours)
    assert new == {'21_model_synthetic.pth'}
    assert model_line(predict(both, *two))[-1] == pair.models['second']


def test_a_model_of_synthetic_photos_is_used_if_there_is_no_other(
    tmp_path, two, quick, few_images, monkeypatch
):
    monkeypatch.setattr(helper, 'SYNTHETIC', few_images)
    ran(LESSON, '--device', 'cpu', '--epochs', 1, '--data', 'synthetic', root=tmp_path)
    run = predict(tmp_path, *two)
    assert model_line(run)[-1] == '21_model_synthetic.pth'
    assert [file for file, _ in answers(run.text)] == [str(path) for path in two]


# What stops a training before the work


@pytest.mark.parametrize('count, enough', [(9, False), (10, True)])
def test_few_photos_are_told_in_one_line(count, enough, tmp_path, quick):
    draw_noise(tmp_path / 'photos/train', (count - 5, 5), ['ant', 'bee'])
    draw_noise(tmp_path / 'photos/test', (2, 2), ['ant', 'bee'])
    run = program(tmp_path, tmp_path / 'photos', '--epochs', 1, may_fail=True)
    if enough:
        assert run.error is None and 'accuracy' in run.text
    else:
        assert re.search(r'\b9\b.*\b10\b', the_line(run))


def place_is_told_first(run, place):
    """A run ended with a line about a place, and about --model, before it computed."""
    line = the_line(run)
    assert str(place) in line and '--model' in line
    assert not SmallNetwork.computed and not run.splits


def test_a_place_where_no_model_can_be_written_is_told_first(tree, tmp_path, quick):
    (tmp_path / 'checkpoints').write_text('a file')
    del SmallNetwork.computed[:]
    run = program(tmp_path, tree, '--epochs', 1, may_fail=True)
    place_is_told_first(run, tmp_path / 'checkpoints')


def test_a_place_of_your_own_is_tried_first(tree, tmp_path, quick):
    (tmp_path / 'file').write_text('a file')
    del SmallNetwork.computed[:]
    options = ['--epochs', 1, '--model', tmp_path / 'file/mine.pth']
    run = program(tmp_path, tree, *options, may_fail=True)
    place_is_told_first(run, tmp_path / 'file')


def test_a_folder_is_no_place_for_a_model(tree, tmp_path, quick):
    (tmp_path / 'models').mkdir()
    del SmallNetwork.computed[:]
    options = ['--epochs', 1, '--model', tmp_path / 'models']
    run = program(tmp_path, tree, *options, may_fail=True)
    place_is_told_first(run, tmp_path / 'models')


# Names for photos


def predict(root, *what, options=()):
    """A run of the program with --predict, and the exit code with which it ended."""
    given = ['--device', 'cpu', '--predict', *what, *options]
    found = ran(LESSON, *given, root=root, may_fail=True)
    found.code = getattr(found.error, 'code', found.error) or 0
    return found


def answers(text):
    """[(file, [(class, percent)])] of the lines that say what is in a photo."""
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r'(.+?): ([^:]+ [\d.]+%)', line)
        if match:
            named = re.findall(r'([^,]+) ([\d.]+)%', match[2])
            classes = [(name.strip(), float(percent)) for name, percent in named]
            found.append((match[1], classes))
    return found


def counted(run):
    """(files, unreadable ones), from the last line."""
    found = re.fullmatch(r'(\d+) files, (\d+) unreadable', run.text.splitlines()[-1])
    assert found, run.text
    return int(found[1]), int(found[2])


@pytest.fixture(scope='module')
def two(noise):
    return [noise / 'test/ant/00.png', noise / 'test/røv/03.png']


def probabilities(trained, paths):
    """Computed again with the network of the training's seed: float32 [n, classes]."""
    torch.manual_seed(5)
    body = SmallNetwork().eval()
    body.classifier = nn.Identity()
    images = torch.stack([TRANSFORM(helper.open_photo(path)) for path in paths])
    with torch.no_grad():
        return trained.head(body(images)).softmax(dim=1)


def same_answers(found, paths, ps, classes=CLASSES):
    """The most probable of three classes comes first, each with its probability."""
    assert [file for file, _ in found] == [str(path) for path in paths]
    for (file, named), row in zip(found, ps):
        best = row.argsort(descending=True).tolist()
        assert [name for name, _ in named] == [classes[i] for i in best], file
        for (_, percent), i in zip(named, best):
            assert percent == pytest.approx(100 * row[i].item(), abs=0.06), file


def test_the_most_probable_classes_are_named(trained, two):
    """With the seed of the training, not that of this run."""
    run = predict(trained.root, *two)
    same_answers(answers(run.text), two, probabilities(trained, two))


def test_all_photos_are_named_in_their_order(trained, two):
    first, second = answers(predict(trained.root, *two).text)
    run = predict(trained.root, *two[:1] * 33, two[1])
    assert answers(run.text) == [first] * 33 + [second]


def test_predictions_are_those_of_the_test(trained, noise):
    """Of the same photos, the same are taken for the same classes."""
    found, _ = features(trained.run, 20).tensors
    with torch.no_grad():
        ps = trained.head(found).softmax(dim=1)
    paths = [path for path, _ in ImageFolder(noise / 'test').samples]
    run = predict(trained.root, noise / 'test')
    same_answers(answers(run.text), paths, ps)
    right = [Path(file).parent.name == named[0][0] for file, named in answers(run.text)]
    assert sum(right) / 20 == pytest.approx(accuracy(trained.run.text), abs=0.0006)


def test_predictions_of_the_real_network_are_those_of_the_test(densenet):
    (head,) = densenet.run.trained
    found, _ = features(densenet.run, 3).tensors
    with torch.no_grad():
        ps = head.eval()(found).softmax(dim=1)
    paths = [path for path, _ in ImageFolder(densenet.folder / 'test').samples]
    with with_network(densenet121):
        run = predict(densenet.folder, *paths)
    same_answers(answers(run.text), paths, ps)


def test_no_photo_is_named_with_other_weights(trained, two, monkeypatch):
    monkeypatch.setattr(helper, 'find_weights', lambda weights, _: weights)
    run = predict(trained.root, *two)
    assert 'None' in the_line(run) and not answers(run.text)


# Files, folders, and patterns


@pytest.fixture(scope='module')
def mess(trained, noise, tmp_path_factory):
    """A folder as people have them, and what the program said about it.

    16 files in a row are no photos, so that there is none in a batch of 8.
    """
    folder = tmp_path_factory.mktemp('mess')
    photos = ['a0.PNG', 'a1.png', 'a2', 'deep/er/røv.png']
    photos += [f'c{i}.png' for i in range(9)]
    system = [
        '.DS_Store',
        'Thumbs.db',
        '@eaDir/c0.png',
        '.hidden/c0.png',
        'deep/._c.png',
    ]
    unreadable = [folder / f'b{i:02}.jpg' for i in range(16)]
    drawn = sorted((noise / 'train').glob('*/*.png'))
    for name, source in zip(photos + system, drawn):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder / name)
    for path in unreadable:
        path.write_text('text')
    unreadable[3].write_bytes(b'')
    unreadable[12].write_bytes(drawn[0].read_bytes()[:-40])

    file = tmp_path_factory.mktemp('table') / 'predictions.csv'
    run = predict(trained.root, folder, options=['--csv', file])
    with open(file, newline='', encoding='utf-8-sig') as table:
        rows = list(csv.DictReader(table))
    return SimpleNamespace(
        folder=folder,
        photos=sorted(folder / name for name in photos),
        system=[folder / name for name in system],
        unreadable=unreadable,
        run=run,
        rows=rows,
    )


def test_photos_are_found_in_a_folder_and_its_subfolders(mess):
    assert [file for file, _ in answers(mess.run.text)] == [
        str(path) for path in mess.photos
    ]


def test_photos_between_unreadable_files_get_their_own_classes(mess, trained):
    ps = probabilities(trained, mess.photos)
    assert len(ps.argmax(dim=1).unique()) > 1, 'All are the same, so this says nothing'
    same_answers(answers(mess.run.text), mess.photos, ps)


def test_unreadable_files_are_named_once(mess):
    for path in mess.unreadable:
        named = [line for line in mess.run.text.splitlines() if str(path) in line]
        assert len(named) == 1, f'{path}: {named}'
        assert len(named[0]) > len(f'{path}: '), f'{named[0]} gives no reason'


def test_system_files_are_skipped(mess):
    for path in mess.system:
        assert str(path) not in mess.run.text
    assert len(mess.rows) == 13 + 16


def test_files_are_counted(mess):
    assert counted(mess.run) == (13 + 16, 16)


def test_unreadable_files_give_another_exit_code(mess, trained, two):
    assert mess.run.code == 1
    run = predict(trained.root, *two)
    assert counted(run) == (2, 0) and run.code == 0, run.error


def test_a_table_has_a_row_for_each_file(mess):
    assert list(mess.rows[0]) == ['photo', 'class', 'probability', 'error']
    files = [Path(row['photo']) for row in mess.rows]
    assert files == sorted(mess.photos + mess.unreadable)


def test_a_table_says_the_same_as_the_lines(mess):
    rows = [row for row in mess.rows if not row['error']]
    for row, (file, named) in zip(rows, answers(mess.run.text), strict=True):
        name, percent = named[0]
        assert (row['photo'], row['class']) == (file, name)
        assert 100 * float(row['probability']) == pytest.approx(percent, abs=0.06)


def test_a_table_has_the_errors(mess):
    rows = [row for row in mess.rows if row['error']]
    assert [row['photo'] for row in rows] == [str(path) for path in mess.unreadable]
    for row in rows:
        assert row['error'] in mess.run.text
        assert not row['class'] and not row['probability']


def test_no_photo_is_overwritten(tree, trained, two, tmp_path, quick):
    """By a table or a model that has the name of a photo."""
    photo = tmp_path / 'cat.jpg'
    shutil.copy(two[0], photo)
    before = photo.read_bytes()
    run = predict(trained.root, *two, options=['--csv', photo])
    assert run.code == 2
    options = ['--epochs', 1, '--model', photo]
    assert 'cat.jpg' in the_line(program(tmp_path, tree, *options, may_fail=True))
    assert photo.read_bytes() == before


def test_a_table_that_cannot_be_written_is_told_first(trained, two, tmp_path):
    del SmallNetwork.computed[:]
    run = predict(trained.root, *two, options=['--csv', tmp_path / 'no/table.csv'])
    assert 'table.csv' in the_line(run)
    assert not SmallNetwork.computed


def test_a_photo_that_is_not_there_does_not_stop_the_others(trained, two, tmp_path):
    run = predict(trained.root, two[0], tmp_path / 'nowhere.jpg', two[1])
    assert [file for file, _ in answers(run.text)] == [str(path) for path in two]
    assert run.text.count('nowhere.jpg') == 1
    assert counted(run) == (3, 1) and run.code == 1


def test_files_and_folders_come_in_the_order_in_which_they_are_given(
    trained, mess, two
):
    run = predict(trained.root, two[1], mess.folder / 'deep', two[0])
    files = [two[1], mess.folder / 'deep/er/røv.png', two[0]]
    assert [file for file, _ in answers(run.text)] == [str(path) for path in files]


def test_a_pattern_stands_for_its_files(trained, mess):
    """As on Windows, where *.png comes to a program as it was typed."""
    run = predict(trained.root, mess.folder / 'c*.png')
    files = [str(path) for path in mess.photos if path.name.startswith('c')]
    assert [file for file, _ in answers(run.text)] == files
    assert counted(run) == (9, 0) and run.code == 0


def test_a_pattern_without_files_is_named(trained, mess, two):
    run = predict(trained.root, mess.folder / 'd*.png', two[0])
    assert run.text.count('d*.png') == 1
    assert counted(run) == (2, 1) and run.code == 1
    assert len(answers(run.text)) == 1


def test_a_file_that_is_named_like_a_pattern_is_a_file(trained, two, tmp_path):
    for name in ('a[1].png', 'a1.png'):
        shutil.copy(two[0], tmp_path / name)
    run = predict(trained.root, tmp_path / 'a[1].png')
    assert [file for file, _ in answers(run.text)] == [str(tmp_path / 'a[1].png')]


def test_an_empty_folder_is_told_in_one_line(trained, tmp_path):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'empty/.DS_Store').write_text('none of yours')
    run = predict(trained.root, tmp_path / 'empty')
    assert str(tmp_path / 'empty') in the_line(run)


def test_a_name_can_begin_with_a_tilde(trained, two, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(two[0], '~$first.png')
    run = predict(trained.root, '~$first.png', two[1])
    files = ['~$first.png', str(two[1])]
    assert [file for file, _ in answers(run.text)] == files


# Without a model


@pytest.mark.parametrize(
    'options',
    [[], ['--model', 'nowhere.pth'], ['--data-dir', 'nowhere']],
    ids=['', 'model', 'data-dir'],
)
def test_before_a_training_it_says_to_train(options, tmp_path, two, quick):
    run = predict(tmp_path, *two, options=options)
    line = the_line(run)
    assert re.search('(?i)train', line) and LESSON.name in line
    assert all(option in line for option in options[1:2])
    assert not answers(run.text)


def another_program(path):
    torch.save({'model': {'weight': torch.ones(3)}}, path)


def weights_alone(path):
    torch.save(nn.Linear(2, 2).state_dict(), path)


def a_tensor(path):
    torch.save(torch.ones(3), path)


def a_module(path):
    torch.save(nn.Linear(2, 2), path)


def empty(path):
    path.write_bytes(b'')


def text(path):
    path.write_bytes(b'text')


def half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def last_byte_lost(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    'damage',
    [
        empty,
        text,
        half,
        last_byte_lost,
        another_program,
        weights_alone,
        a_tensor,
        a_module,
    ],
)
def test_a_damaged_model_is_told_in_one_line(damage, pair, both, two):
    file = both / 'checkpoints' / pair.models['second']
    damage(file)
    os.utime(file)  # the newest, as it was
    run = predict(both, *two)
    line = the_line(run)
    assert file.name in line and 'damaged' in line
    assert not answers(run.text)


# One line on the terminal


@pytest.fixture(scope='module')
def ended(two, tmp_path_factory):
    """{problem: (exit code, output)} of processes in which a run cannot go on."""
    folder = tmp_path_factory.mktemp('ended')
    photos = folder / 'few photos'
    draw_noise(photos / 'train', (3, 3, 3))
    draw_noise(photos / 'test', (1, 1, 1))
    draw_noise(folder / 'enough/train', (4, 4, 4))
    draw_noise(folder / 'enough/test', (1, 1, 1))
    (folder / 'empty.pth').write_bytes(b'')
    script = [lesson(21, install(folder / 'course')), '--device', 'cpu']
    in_a_file = ['--model', folder / 'empty.pth/model.pth']
    return together(
        {
            'no model': [*script, '--predict', *two],
            'damaged': [*script, '--predict', *two, '--model', folder / 'empty.pth'],
            'few photos': [*script, '--data-dir', photos],
            'no place': [*script, '--data-dir', folder / 'enough', *in_a_file],
        },
        folder,
        'torchvision',
        'matplotlib.pyplot',
    )


@pytest.mark.skipif(sys.platform == 'win32', reason='Windows has no fork')
@pytest.mark.parametrize(
    'problem, word',
    [
        ('no model', '--data-dir'),
        ('damaged', 'empty.pth'),
        ('few photos', '10'),
        ('no place', '--model'),
    ],
)
def test_a_process_ends_with_one_line(problem, word, ended):
    code, output = ended[problem]
    lines = [line for line in output.splitlines() if not line.startswith('Data: ')]
    assert code == 1 and len(lines) == 1 and word in lines[0], output


# Worker processes


@pytest.mark.skipif(
    sys.platform == 'win32', reason='Windows has no forkserver: it needs Linux or macOS'
)
def test_workers_start_in_every_way(installed, trained, two):
    """They compute the same features, and tell the same errors, as the main process."""
    shutil.copytree(trained.root / 'checkpoints', installed / 'checkpoints')
    photos = [two[0], installed / 'nowhere.jpg', two[1]]
    given = [lesson(21, installed), *SYNTHETIC, '--predict', *photos, '--workers']
    start = PROGRAMS / 'start_method.py'
    wanted = run(start, 'spawn', *given, 0)
    assert [file for file, _ in answers(wanted.stdout)] == [str(path) for path in two]
    assert wanted.returncode == 1 and not wanted.stderr, wanted.stderr
    for method in ('spawn', 'forkserver'):
        found = run(start, method, *given, 1)
        assert found.stdout == wanted.stdout, f'{method}:\n{found.stderr}'
        assert found.returncode == 1, f'{method}:\n{found.stderr}'


# Real photos


@pytest.mark.slow
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
    named = [classes[0][0] for _, classes in answers(result.stdout)]
    assert named == ['cat', 'dog'], result
