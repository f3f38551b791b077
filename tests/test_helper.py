"""helper.py: the data are torchvision's to the bit, and mistakes end in one line."""
import shutil
import sys
from types import SimpleNamespace

import pytest
import torch
from course import ROOT, lesson, run
from torchvision import datasets, transforms

import helper

STAND_INS = ROOT / 'data/synthetic'
OFFLINE = {name: 'http://127.0.0.1:9' for name in ('http_proxy', 'https_proxy')}


@pytest.fixture
def args(monkeypatch):
    """What a lesson gets with --device cpu --data synthetic --figures save."""
    monkeypatch.setattr(sys, 'argv', ['lesson.py', '--device', 'cpu', '--data',
                                      'synthetic', '--figures', 'save'])
    return helper.parse_args()


def test_images_equal_torchvision_to_the_bit(args):
    transform = transforms.Compose([transforms.ToTensor(),
                                    transforms.Normalize((0.5,), (0.5,))])
    for name, load in (('MNIST', helper.load_mnist),
                       ('FashionMNIST', helper.load_fashion_mnist)):
        for ours, train in zip(load(args), (True, False)):
            theirs = getattr(datasets, name)(STAND_INS, train, transform=transform)
            assert len(ours) == len(theirs) == (6000 if train else 1000)
            first = {'MNIST': '0', 'FashionMNIST': 'T-shirt/top'}[name]
            assert len(ours.classes) == 10 and ours.classes[0] == first
            for i in range(0, len(ours), 7):
                assert torch.equal(ours[i][0], theirs[i][0])
                assert ours[i][1] == theirs[i][1]


def test_loader_gives_every_image_once(args):
    _, testset = helper.load_mnist(args)
    loader = helper.get_loader(testset, batch_size=64, shuffle=True)
    assert isinstance(loader, torch.utils.data.DataLoader)
    batches = list(loader)
    assert [len(labels) for _, labels in batches] == [64] * 15 + [40]
    images = torch.cat([images for images, _ in batches])
    assert not torch.equal(images, testset.tensors[0])
    assert torch.equal(images.sum(dim=(1, 2, 3)).sort().values,
                       testset.tensors[0].sum(dim=(1, 2, 3)).sort().values)
    in_order = next(iter(helper.get_loader(testset, batch_size=10)))
    assert torch.equal(in_order[1], testset.tensors[1][:10])
    part = torch.utils.data.Subset(testset, [5, 3])
    assert torch.equal(next(iter(helper.get_loader(part)))[1],
                       testset.tensors[1][[5, 3]])


def test_devices():
    assert helper.get_device('cpu').type == 'cpu'
    for name in ('cuda:99', 'gpu', 'xla', '', 'meta'):
        with pytest.raises(ValueError):
            helper.get_device(name)


def test_a_notebook_gets_the_defaults(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['/x/ipykernel_launcher.py', '-f', 'x.json'])
    args = helper.parse_args(epochs=3)
    assert (args.epochs, args.seed, args.data) == (3, 7, 'auto')


def test_plotting_changes_nothing_it_is_given(args):
    import matplotlib.pyplot as plt

    image = torch.rand(1, 28, 28, requires_grad=True)
    ps = torch.softmax(torch.arange(10.0), dim=0)
    before = image.detach().clone(), ps.clone()
    figure = helper.view_classify(image, ps, list('0123456789'), title='label 9')
    assert torch.equal(image, before[0]) and torch.equal(ps, before[1])
    left, right = figure.axes
    assert left.get_title() == 'label 9'
    assert [bar.get_width() for bar in right.patches] == pytest.approx(ps.tolist())
    plt.close(figure)
    axes = helper.imshow(torch.zeros(3, 5, 4), mean=(0, 0.5, 1), std=(1, 1, 1))
    assert axes.images[0].get_array()[0, 0].tolist() == [0, 0.5, 1]
    plt.close('all')


def test_figures_of_stand_ins_say_so(args, monkeypatch, tmp_path, capsys):
    import matplotlib.pyplot as plt

    monkeypatch.setattr(helper, 'ROOT', tmp_path)
    monkeypatch.setitem(helper._run, 'standin', True)
    axes = helper.imshow(torch.zeros(1, 2, 2))
    helper.show('black')
    assert 'stand-in' in axes.figure.get_supxlabel()
    path, = (tmp_path / 'figures').glob('*_black.png')
    assert f'Figure: {path}' in capsys.readouterr().out
    assert not plt.get_fignums()


@pytest.mark.parametrize('option', [
    '--nonsense', '--epochs 0', '--epochs two', '--lr nan', '--lr -1', '--seed -1',
    '--device cuda:99', '--device gpu', '--data other', '--threads 0', '--epochs'])
def test_a_wrong_option_is_one_line_and_exit_code_2(option):
    result = run(lesson(11), *option.split())
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert option.split()[0] in result.stderr


def one_line(result, *words):
    assert result.returncode == 1, result
    assert len(result.stderr.splitlines()) == 1, result.stderr
    for word in words:
        assert word in result.stderr


def test_real_data_without_a_network(tmp_path):
    result = run(lesson(9), '--data', 'real', '--data-dir', tmp_path / 'd', env=OFFLINE)
    one_line(result, 'MNIST', str(tmp_path / 'd'), '--data-dir', '--data synthetic')
    assert not list((tmp_path / 'd').iterdir())


def test_auto_data_without_a_network(tmp_path):
    result = run(lesson(9), '--data-dir', tmp_path, env=OFFLINE)
    assert result.returncode == 0
    assert 'Note: no real MNIST' in result.stdout
    assert 'Data: MNIST, drawn stand-in, 6,000' in result.stdout


def test_data_folder_that_cannot_be_written(tmp_path):
    (tmp_path / 'file').touch()
    result = run(lesson(9), '--data', 'real', '--data-dir', tmp_path / 'file/data',
                 env=OFFLINE)
    one_line(result, str(tmp_path / 'file/data'), '--data-dir')


def damage(path, how):
    data = bytearray(path.read_bytes())
    if how == 'cut':
        data = data[:-100]
    elif how == 'long':
        data += b'\0'
    elif how == 'magic':
        data[3] ^= 1
    elif how == 'count':
        data[7] ^= 1
    elif how == 'label':
        data[50] = 10
    elif how == 'empty':
        data = b''
    path.write_bytes(data)


@pytest.mark.parametrize('file, how', [
    ('train-images-idx3-ubyte', 'cut'), ('train-images-idx3-ubyte', 'empty'),
    ('t10k-images-idx3-ubyte', 'magic'), ('t10k-images-idx3-ubyte', 'long'),
    ('train-labels-idx1-ubyte', 'count'), ('t10k-labels-idx1-ubyte', 'label')])
def test_damaged_idx_files_are_not_trained_on(file, how, tmp_path, capsys):
    shutil.copytree(STAND_INS / 'MNIST', tmp_path / 'MNIST')
    damage(tmp_path / 'MNIST/raw' / file, how)
    with pytest.raises(SystemExit) as stopped:
        helper.find_data('MNIST', SimpleNamespace(data='auto', data_dir=tmp_path))
    assert f'{file} is damaged' in stopped.value.code
    assert f'Remove {tmp_path / "MNIST"}' in stopped.value.code


def test_damaged_data_ends_a_lesson_in_one_line(tmp_path):
    shutil.copytree(STAND_INS / 'MNIST', tmp_path / 'MNIST')
    damage(tmp_path / 'MNIST/raw/train-images-idx3-ubyte', 'cut')
    one_line(run(lesson(9), '--data-dir', tmp_path), 'damaged')
