"""helper.py: options, devices, images as torchvision has them, figures."""
import argparse
import subprocess
import sys

import matplotlib.pyplot as plt
import pytest
import torch
from course import ROOT, STAND_INS, as_before
from torch.utils.data import DataLoader, Subset, random_split
from torchvision import datasets, transforms

import helper


def parse(monkeypatch, *argv, program='lesson.py', **defaults):
    monkeypatch.setattr(sys, 'argv', [program, *argv])
    parser = argparse.ArgumentParser()  # with lesson 21's own options
    parser.add_argument('--workers', default=0, type=int, choices=range(9))
    parser.add_argument('--predict', nargs='+')
    with as_before():
        return helper.parse_args(parser, **{'epochs': 5, 'lr': 0.1, **defaults})


# Options and devices


@pytest.mark.parametrize('option', [
    '--nonsense', '--eposch 3', '--epochs', '--epochs 0', '--epochs two',
    '--epochs 1.5', '--epochs inf', '--lr', '--lr nan', '--lr -1', '--lr inf',
    '--lr zero', '--seed x', '--data other', '--data-dir', '--figures maybe',
    '--threads 0', '--threads -1', '--threads x', '--workers -1', '--workers x',
    '--predict', '--device', '--device=', '--device cuda:99', '--device gpu',
    '--device meta', '--device xla'])
def test_a_wrong_option_is_one_line_and_exit_code_2(option, monkeypatch, capsys):
    with pytest.raises(SystemExit) as stopped:
        parse(monkeypatch, *option.split())
    assert stopped.value.code == 2
    stderr = capsys.readouterr().err
    assert len(stderr.splitlines()) == 1 and option.split()[0].strip('=') in stderr


def test_options_are_what_was_asked_for(monkeypatch):
    args = parse(monkeypatch, '--epochs', '9', '--seed', '3', '--device', 'cpu')
    assert (args.epochs, args.lr, args.threads) == (9, 0.1, 1)
    assert args.device == torch.device('cpu')
    assert torch.initial_seed() == 3 and torch.get_num_threads() == 1


@pytest.mark.parametrize('there', [True, False])
def test_auto_takes_cuda_if_it_is_there(there, monkeypatch):
    zeros = torch.zeros
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: there)
    monkeypatch.setattr(torch, 'zeros', lambda size, device: zeros(size))
    args = parse(monkeypatch)
    assert args.device.type == ('cuda' if there else 'cpu')


def test_a_notebook_gets_the_defaults(monkeypatch):
    args = parse(monkeypatch, '-f', 'x.json', program='/x/ipykernel_launcher.py')
    assert (args.epochs, args.seed, args.data) == (5, 7, 'auto')


def test_import_loads_no_matplotlib():
    code = 'import sys, helper; sys.exit("matplotlib" in sys.modules)'
    assert subprocess.run([sys.executable, '-c', code], cwd=ROOT).returncode == 0


# Images


@pytest.mark.parametrize('name, first', [('MNIST', '0'),
                                         ('FashionMNIST', 'T-shirt/top')])
def test_images_equal_torchvision_to_the_bit(name, first, args):
    args.data = 'synthetic'
    transform = transforms.Compose([transforms.ToTensor(),
                                    transforms.Normalize((0.5,), (0.5,))])
    for ours, train in zip(helper.load_data(name, args), (True, False)):
        theirs = getattr(datasets, name)(STAND_INS, train, transform=transform)
        assert len(ours) == len(theirs) == (6000 if train else 1000)
        assert len(ours.classes) == 10 and ours.classes[0] == first
        for i in range(0, len(ours), 7):
            assert torch.equal(ours[i][0], theirs[i][0])
            assert ours[i][1] == theirs[i][1]


def test_batches_are_fetched_whole_and_have_each_image_once(args, monkeypatch):
    args.data = 'synthetic'
    _, testset = helper.load_data('MNIST', args)
    fetched, get = [], helper._Images.__getitem__

    def count(self, index):
        fetched.append(index)
        return get(self, index)

    monkeypatch.setattr(helper._Images, '__getitem__', count)
    half, rest = random_split(testset, [500, 500])
    numbers = torch.arange(1000)
    testset.tensors = testset.tensors[0], numbers  # a label for each image
    nested = Subset(half, range(100))
    for part, wanted in ((testset, numbers), (half, half.indices),
                         (nested, half.indices[:100])):
        loader = DataLoader(part, batch_size=64, shuffle=True)
        epochs = []
        for _ in range(2):
            fetched.clear()
            batches = list(loader)
            assert len(fetched) == len(batches) == -(-len(part) // 64)
            images, labels = map(torch.cat, zip(*batches))
            assert torch.equal(images, testset.tensors[0][labels])
            assert sorted(labels.tolist()) == sorted(map(int, wanted))
            epochs.append(labels)
        assert not torch.equal(*epochs)
        in_order = torch.cat([labels for _, labels in DataLoader(part, 64)])
        assert in_order.tolist() == list(map(int, wanted))
    assert not set(half.indices) & set(rest.indices)


# Figures


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close('all')


def test_an_image_is_drawn_as_it_was_before_it_was_normalised():
    image = torch.rand(3, 5, 4)
    mean, std = (0.1, 0.2, 0.4), (0.2, 0.5, 0.3)
    normal = transforms.functional.normalize(image, mean, std).requires_grad_()
    axes = helper.imshow(normal, 'a title', mean=mean, std=std)
    drawn = torch.from_numpy(axes.images[0].get_array().data)
    assert torch.allclose(drawn, image.permute(1, 2, 0), atol=1e-6)
    assert axes.get_title() == 'a title'
    grey = helper.imshow(torch.tensor([[-1.0, 0, 1]])).images[0]
    assert grey.get_array().ravel().tolist() == [0, 0.5, 1]
    assert grey.get_clim() == (0, 1)


def test_probabilities_are_drawn_as_bars():
    ps = torch.softmax(torch.arange(10.0), dim=0).unsqueeze(0)
    helper.view_classify(torch.zeros(1, 28, 28), ps, list('abcdefghij'), 'label j')
    left, right = plt.gcf().axes
    assert left.get_title() == 'label j'
    assert [bar.get_width() for bar in right.patches] == pytest.approx(ps[0].tolist())
    assert [tick.get_text() for tick in right.get_yticklabels()] == list('abcdefghij')


def test_a_sheet_names_each_image_and_marks_what_is_wrong():
    images = torch.linspace(-1, 1, 6).view(6, 1, 1, 1).expand(6, 1, 2, 2)
    helper.view_sheet(images, list('abcde') + ['a_b'], good=[True, False] * 3)
    drawn = [ax for ax in plt.gcf().axes if ax.images]
    assert [ax.get_title() for ax in drawn] == [*'abcde', 'a b']
    assert [ax.title.get_color() for ax in drawn] == ['black', 'tab:red'] * 3
    assert [ax.images[0].get_array().flat[0] for ax in drawn] == pytest.approx(
        [0, 0.2, 0.4, 0.6, 0.8, 1])


@pytest.mark.parametrize('find', [lambda args: helper.find_data('MNIST', args),
                                  helper.find_photos])
def test_figures_of_stand_ins_say_so(find, args, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(helper, 'ROOT', tmp_path)
    captions = []
    monkeypatch.setattr(plt, 'close', lambda figure: captions.append(
        figure.get_supxlabel()))
    for args.data in ('synthetic', 'real', 'synthetic'):
        args.data_dir.mkdir(exist_ok=True)
        for name in ('MNIST', 'Cat_Dog_data'):  # `real` data, as far as helper can see
            if not (args.data_dir / name).exists():
                (args.data_dir / name).symlink_to(STAND_INS / name)
        find(args)
        helper.imshow(torch.zeros(1, 2, 2))
        helper.show('black')
    assert ['stand-in' in caption for caption in captions] == [True, False, True]
    path = tmp_path / 'figures/lesson_black.png'
    assert path.read_bytes().startswith(b'\x89PNG')
    assert f'Figure: {path}' in capsys.readouterr().out
