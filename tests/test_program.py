"""Lesson 21: features once, the body unchanged, the best epoch, names for photos.

What it keeps goes to a folder of the test, so that nothing is hidden by a warm cache.
"""
import argparse
import os
import shutil
import sys

import matplotlib.pyplot as plt
import pytest
import torch
from course import REAL, REAL_DATA, accuracy, lesson, run, variables
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision import models
from torchvision.datasets import ImageFolder

import helper


class Program:
    """The functions of lesson 21, as attributes that a test can replace."""

    def __init__(self, functions):
        super().__setattr__('names', functions)

    def __getattr__(self, name):
        return self.names[name]

    def __setattr__(self, name, value):
        self.names[name] = value


@pytest.fixture
def program(monkeypatch, tmp_path):
    seen = variables(lesson(21), run_name='lesson', monkeypatch=monkeypatch)
    found = Program(seen.main.__globals__)
    found.FOLDER = tmp_path / 'checkpoints'
    found.has_bfloat16 = lambda device: False  # so that numbers compare closely
    return found


@pytest.fixture
def args(args):
    return argparse.Namespace(**{**vars(args), 'workers': 0, 'predict': None})


# Features


def test_features_are_those_of_the_whole_network(program, args, tree, monkeypatch):
    """One photo at a time gives the same as batches do, and nothing in it changes."""
    bodies, build = [], models.densenet121

    def remember(weights):
        bodies.append(build(weights=weights))
        return bodies[-1]

    monkeypatch.setattr(models, 'densenet121', remember)
    folder = ImageFolder(tree / 'train')
    features, labels = program.load_features(folder, None, args).tensors
    torch.manual_seed(args.seed)
    whole = build().eval()
    with torch.no_grad():
        for (path, label), row, known in zip(folder.samples, features, labels):
            image = program.TRANSFORM(helper.open_photo(path)).unsqueeze(0)
            assert torch.allclose(whole.classifier(row), whole(image)[0], atol=1e-3)
            assert label == known
    assert features.std(dim=0).max() > 0.1  # which is of note only if photos differ
    for name, buffer in bodies[0].named_buffers():
        assert torch.equal(buffer, whole.get_buffer(name))


def test_has_bfloat16(program, monkeypatch):
    answer = variables(lesson(21), run_name='lesson',
                       monkeypatch=monkeypatch).has_bfloat16
    assert answer(torch.device('cpu')) in (True, False)
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda **_: True)
    assert answer(torch.device('cuda')) is True
    assert not answer(torch.device('mps'))


def test_the_cache_knows_what_it_depends_on(program, args, tree, photo):
    computed = []

    def compute(paths, weights, args):
        computed.append(list(paths))
        return torch.rand(len(paths), 1024)

    program.compute_features = compute

    def load(weights=None):
        """The features, and whether they were computed anew."""
        del computed[:]
        features, _ = program.load_features(ImageFolder(tree / 'test'), weights,
                                            args).tensors
        return features, bool(computed)

    def changed():
        first, new = load()
        again, renewed = load()
        assert not renewed and torch.equal(first, again)
        return new

    assert changed() and not changed()
    program.load_features(ImageFolder(tree / 'train'), None, args)
    assert not changed()  # the other part has a file of its own
    path = program.FOLDER / '21_test.pth'
    good = path.read_bytes()
    for data in (b'', good[:500], good[:-1], b'text'):
        path.write_bytes(data)
        assert changed()
    torch.save({'key': 'another'}, path)
    assert changed()
    os.utime(tree / 'test/røv/0.jpg', (1, 1))
    assert changed()
    photo(tree / 'test/røv/new.jpg')
    assert changed() and len(load()[0]) == 7
    args.seed += 1
    assert changed()
    program.TRANSFORM = models.ResNet50_Weights.IMAGENET1K_V2.transforms()
    assert changed()
    weights = models.DenseNet121_Weights.IMAGENET1K_V1
    assert load(weights)[1] and not load(weights)[1]
    args.seed += 1
    assert not load(weights)[1]  # the seed is for random weights only
    assert not list(program.FOLDER.glob('*.part'))


# Training


def test_the_best_epoch_is_kept(program, args):
    """Noise is learned by heart, so that validation gets worse and worse."""
    torch.manual_seed(7)
    trainset = TensorDataset(torch.randn(100, 1024), torch.randint(0, 3, (100,)))
    model, seen, evaluate = program.new_classifier('abc'), [], program.evaluate

    def watch(model, loader, device):
        assert len(loader.dataset) == 20  # validated on a fifth
        result = evaluate(model, loader, device)
        state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        seen.append((result[0], state))
        return result

    program.evaluate = watch
    args.epochs = 8
    program.train(model, trainset, args)
    losses = [loss for loss, _ in seen]
    best = losses.index(min(losses))
    assert len(losses) == 8 and best < 7
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, seen[best][1][name])
        assert not torch.equal(tensor, seen[-1][1][name])


def test_evaluate_uses_all_units_and_counts_every_photo_once(program):
    torch.manual_seed(7)
    model = program.new_classifier('abc').train()
    features, labels = torch.randn(10, 1024), torch.randint(0, 3, (10,))
    loader = DataLoader(TensorDataset(features, labels), batch_size=4)
    loss, predicted = program.evaluate(model, loader, torch.device('cpu'))
    output = model.eval()(features)
    assert loss == pytest.approx(nn.functional.cross_entropy(output, labels).item())
    assert torch.equal(predicted, output.argmax(dim=1))


def test_the_results_are_drawn_as_they_are(program, tree, photo, monkeypatch):
    for side in ('train', 'test'):
        photo(tree / side / 'ant/0.jpg')
    drawn = {}
    monkeypatch.setattr(helper, 'show', lambda name: drawn.update({name: plt.gcf()}))
    folder = ImageFolder(tree / 'test')  # ant, 3 blue fish, 3 røv
    labels = torch.tensor([0, 1, 1, 1, 2, 2, 2])
    predicted = torch.tensor([0, 2, 2, 1, 2, 2, 0])
    program.show_results(folder, labels, predicted)
    ax, = drawn['confusion'].axes
    counts = {(text.get_position()[1], text.get_position()[0]): text.get_text()
              for text in ax.texts}
    assert counts == {(0, 0): '1', (1, 2): '2', (1, 1): '1', (2, 2): '2', (2, 0): '1'}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ('predicted class', 'true class')
    for ticks in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert [tick.get_text() for tick in ticks] == ['ant', 'blue fish', 'røv']
    sheet = [(' '.join(ax.get_title().split()), ax.title.get_color())
             for ax in drawn['photos'].axes if ax.images]
    assert sheet[:4] == [('predicted røv, labelled blue fish', 'tab:red')] * 2 + [
        ('predicted ant, labelled røv', 'tab:red'),
        ('predicted ant, labelled ant', 'black')]
    assert len(sheet) == 7
    plt.close('all')


# Names for photos


def test_predict(program, args, tree, capsys):
    paths = [str(tree / 'test' / name / '0.jpg') for name in ('blue fish', 'røv')]
    with pytest.raises(FileNotFoundError):
        program.predict(program.FOLDER / '21_model.pth', args)
    torch.manual_seed(8)
    head = program.new_classifier(['a', 'b', 'c', 'd']).eval()
    path = program.FOLDER / 'x.pth'
    kept = {'classes': ['a', 'b', 'c', 'd'], 'weights': 'None', 'seed': 5,
            'state_dict': head.state_dict()}
    program.save(kept, path)
    args.predict = paths[:1] * 33 + paths[1:]  # two batches
    args.data = 'synthetic'
    capsys.readouterr()
    program.predict(path, args)
    *first, last = [line for line in capsys.readouterr().out.splitlines()
                    if not line.startswith('Note')]
    assert args.seed == 5  # the body is that of the training
    wanted = []
    for photo in paths:
        with torch.no_grad():
            row = head(program.compute_features([photo], None, args))[0].softmax(dim=0)
        best = row.argsort(descending=True).tolist()[:3]
        wanted.append(f'{photo}: ' + ', '.join(f'{"abcd"[i]} {row[i]:.1%}'
                                               for i in best))
    assert first == wanted[:1] * 33 and last == wanted[1]
    program.save({**kept, 'weights': 'others'}, path)
    with pytest.raises(SystemExit, match='trained with the weights others'):
        program.predict(path, args)
    args.predict = [tree / 'nowhere.jpg']
    program.save(kept, path)
    with pytest.raises(OSError, match='nowhere.jpg'):
        program.predict(path, args)


@pytest.mark.skipif(sys.platform == 'win32', reason='has no forkserver')
def test_workers_start_in_every_way(installed):
    path, guard = lesson(21, installed), "if __name__ == '__main__':\n    main()\n"
    source = path.read_text()
    assert source.count(guard) == 1
    path.write_text(source.replace(guard, '''
if __name__ == '__main__':
    import multiprocessing
    args = helper.parse_args(workers=1)
    photos = datasets.ImageFolder(helper.find_photos(args) / 'test').samples[:2]
    args.workers = 0
    here = compute_features([path for path, _ in photos], None, args)
    args.workers = 1
    for method in ('spawn', 'forkserver'):
        multiprocessing.set_start_method(method, force=True)
        there = compute_features([path for path, _ in photos], None, args)
        print(method, torch.equal(here, there))
'''))
    result = run(path, '--data', 'synthetic', '--device', 'cpu')
    assert result.returncode == 0, result.stderr
    assert 'spawn True\nforkserver True\n' in result.stdout


@pytest.mark.real
def test_photos_are_told_apart(installed):
    home = {'TORCH_HOME': os.path.join(REAL, 'torch_home')}
    result = run(lesson(21, installed), *REAL_DATA, env=home)
    assert accuracy(result.stdout) >= 0.98, result.stderr
    paths = [next(iter(sorted(os.scandir(os.path.join(REAL, 'Cat_Dog_data/test', name)),
                              key=lambda entry: entry.name))).path
             for name in ('cat', 'dog')]
    shutil.rmtree(installed / 'data')
    result = run(lesson(21, installed), '--predict', *paths, env=home)
    named = [line.split(': ')[-1].split()[0] for line in result.stdout.splitlines()]
    assert named == ['cat', 'dog'], result
