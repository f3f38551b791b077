"""helper.py: options, devices, images as torchvision has them, figures."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from course import ROOT, SYNTHETIC_DATA, as_before
from torch.utils.data import DataLoader, Subset, random_split
from torchvision import datasets
from torchvision.transforms import v2

import helper


def parse(monkeypatch, *argv, program='lesson.py', **defaults):
    monkeypatch.setattr(sys, 'argv', [program, *argv])
    parser = argparse.ArgumentParser()  # with lesson 21's own options
    parser.add_argument('--workers', default=0, type=int, choices=range(9))
    parser.add_argument('--predict', nargs='+')
    with as_before():
        return helper.parse_args(parser, **{'epochs': 5, 'lr': 0.1, **defaults})


# Options and devices


@pytest.mark.parametrize(
    'option',
    [
        '--nonsense',
        '--eposch 3',
        '--epochs',
        '--epochs 0',
        '--epochs two',
        '--epochs 1.5',
        '--epochs inf',
        '--lr',
        '--lr nan',
        '--lr -1',
        '--lr inf',
        '--lr zero',
        '--seed x',
        '--data other',
        '--data-dir',
        '--figures maybe',
        '--threads 0',
        '--threads -1',
        '--threads x',
        '--workers -1',
        '--workers x',
        '--predict',
        '--device',
        '--device=',
        '--device cuda:99',
        '--device gpu',
        '--device meta',
        '--device xla',
    ],
)
def test_a_wrong_option_is_one_line_and_exit_code_2(option, monkeypatch, capsys):
    with pytest.raises(SystemExit) as stopped:
        parse(monkeypatch, *option.split())
    assert stopped.value.code == 2
    stderr = capsys.readouterr().err
    assert len(stderr.splitlines()) == 1, f'This must be one line: {stderr}'
    name = option.split()[0].strip('=')
    assert name in stderr, f'The message must name {name}: {stderr}'


@pytest.mark.parametrize(
    'option, value',
    [
        ('epochs', 9),
        ('lr', 0.25),
        ('data', 'real'),
        ('data_dir', Path('elsewhere')),
        ('seed', 3),
        ('figures', 'none'),
        ('threads', 2),
        ('workers', 4),
    ],
)
def test_an_option_is_what_was_asked_for(option, value, monkeypatch, threads):
    name = option.replace('_', '-')
    args = parse(monkeypatch, f'--{name}', str(value), '--device', 'cpu')
    found = getattr(args, option)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    'option, value',
    [
        ('epochs', 5),
        ('lr', 0.1),
        ('data', 'auto'),
        ('data_dir', ROOT / 'data'),
        ('seed', 7),
        ('figures', 'show'),
        ('threads', 1),
        ('workers', 0),
    ],
)
def test_an_option_that_is_not_given_has_its_default(
    option, value, monkeypatch, threads
):
    assert getattr(parse(monkeypatch, '--device', 'cpu'), option) == value


@pytest.mark.parametrize('device', ['cpu', 'cpu:0'])
def test_the_device_is_what_was_asked_for(device, monkeypatch):
    assert parse(monkeypatch, '--device', device).device == torch.device(device)


@pytest.mark.parametrize('seed', [3, 7, 8])
def test_the_seed_is_that_of_torch(seed, monkeypatch):
    parse(monkeypatch, '--seed', str(seed))
    drawn = torch.rand(5)
    torch.manual_seed(seed)
    assert torch.equal(drawn, torch.rand(5)), f'--seed {seed} does not seed torch'


@pytest.fixture
def threads():
    """torch's threads, which are put back at the end."""
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


@pytest.mark.parametrize('count', [1, 2, 3])
def test_torch_uses_the_threads_that_were_asked_for(count, monkeypatch, threads):
    parse(monkeypatch, '--threads', str(count))
    assert torch.get_num_threads() == count


@pytest.mark.parametrize('count', [1, 2, 3])
def test_a_lesson_can_have_another_number_of_threads(count, monkeypatch, threads):
    args = parse(monkeypatch, threads=count)
    assert (args.threads, torch.get_num_threads()) == (count, count)


@pytest.mark.parametrize('count', [2, 3])
def test_a_lesson_can_ask_for_all_cores(count, monkeypatch, threads):
    torch.set_num_threads(count)  # as many as torch takes by itself
    assert parse(monkeypatch, threads=None).threads == count


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


@pytest.mark.parametrize(
    'backend, how, shown, saved',
    [
        ('tkagg', 'show', True, False),
        ('agg', 'show', False, True),
        ('tkagg', 'save', False, True),
        ('tkagg', 'none', False, False),
    ],
)
def test_figures_are_shown_or_saved_as_asked(
    backend, how, shown, saved, monkeypatch, tmp_path
):
    """`show` saves them where there is no display, which is where the backend is agg."""
    windows = []
    monkeypatch.setattr(plt, 'show', lambda **_: windows.append('a window'))
    monkeypatch.setattr(plt, 'pause', lambda _: None)
    monkeypatch.setattr(plt, 'get_backend', lambda: backend)
    monkeypatch.setattr(helper.atexit, 'register', lambda _: None)
    monkeypatch.setattr(helper, 'ROOT', tmp_path)
    monkeypatch.setenv('MPLBACKEND', 'agg')
    parse(monkeypatch, '--figures', how)
    helper.imshow(torch.zeros(1, 2, 2))
    helper.show('black')
    files = list(tmp_path.glob('figures/*'))
    assert (bool(windows), bool(files)) == (shown, saved), (
        f'--figures {how} opens {len(windows)} windows and writes {files}'
    )


@pytest.mark.parametrize(
    'how, backend', [('show', 'unchanged'), ('save', 'agg'), ('none', 'agg')]
)
def test_matplotlib_needs_a_display_only_for_windows(how, backend, monkeypatch):
    monkeypatch.setenv('MPLBACKEND', 'unchanged')
    parse(monkeypatch, '--figures', how)
    assert helper.os.environ['MPLBACKEND'] == backend


def test_import_loads_no_matplotlib():
    code = 'import sys, helper; sys.exit("matplotlib" in sys.modules)'
    result = subprocess.run([sys.executable, '-c', code], cwd=ROOT)
    assert result.returncode == 0, 'import helper imports matplotlib, which takes long'


# Images


@pytest.mark.parametrize(
    'name, first', [('MNIST', '0'), ('FashionMNIST', 'T-shirt/top')]
)
def test_images_equal_torchvision_to_the_bit(name, first, args):
    args.data = 'synthetic'
    trainset, testset = helper.load_data(name, args)
    transform = v2.Compose(
        [
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([trainset.mean], [trainset.std]),
        ]
    )
    for ours, train in ((trainset, True), (testset, False)):
        theirs = getattr(datasets, name)(SYNTHETIC_DATA, train, transform=transform)
        assert len(ours) == len(theirs) == (6000 if train else 1000)
        assert len(ours.classes) == 10 and ours.classes[0] == first
        for i in range(0, len(ours), 7):
            assert torch.equal(ours[i][0], theirs[i][0])
            assert ours[i][1] == theirs[i][1]


@pytest.mark.parametrize('name', ['MNIST', 'FashionMNIST'])
def test_mean_and_std_are_those_of_the_training_pixels(name, args):
    args.data = 'synthetic'
    trainset, testset = helper.load_data(name, args)
    pixels = getattr(datasets, name)(SYNTHETIC_DATA, train=True).data.double() / 255
    assert trainset.mean == testset.mean == pytest.approx(pixels.mean().item())
    assert trainset.std == testset.std == pytest.approx(pixels.std().item())
    images, _ = trainset[:]
    assert images.mean().item() == pytest.approx(0, abs=1e-4)
    assert images.std().item() == pytest.approx(1, abs=1e-4)


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
    for part, wanted in (
        (testset, numbers),
        (half, half.indices),
        (nested, half.indices[:100]),
    ):
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


def test_an_image_is_drawn_as_it_was_before_it_was_normalized():
    image = torch.rand(3, 5, 4)
    mean, std = (0.1, 0.2, 0.4), (0.2, 0.5, 0.3)
    normal = v2.functional.normalize(image, mean, std).requires_grad_()
    axes = helper.imshow(normal, 'a title', mean=mean, std=std)
    drawn = torch.from_numpy(axes.images[0].get_array().data)
    assert torch.allclose(drawn, image.permute(1, 2, 0), atol=1e-6)
    assert axes.get_title() == 'a title'
    gray = helper.imshow(torch.tensor([[-1.0, 0, 1]]), mean=0.5, std=0.5).images[0]
    assert gray.get_array().ravel().tolist() == [0, 0.5, 1]
    assert gray.get_clim() == (0, 1)


def test_without_mean_and_std_an_image_is_drawn_from_black_to_white():
    gray = helper.imshow(torch.tensor([[-3.0, 1, 5]])).images[0]
    assert gray.get_array().ravel().tolist() == [0, 0.5, 1]
    even = helper.imshow(torch.full((1, 2, 2), 7.0)).images[0]
    assert even.get_array().ravel().tolist() == [0] * 4, 'An even image is black.'


def test_probabilities_are_drawn_as_bars():
    ps = torch.softmax(torch.arange(10.0), dim=0).unsqueeze(0)
    helper.view_classify(torch.zeros(1, 28, 28), ps, list('abcdefghij'), 'label j')
    left, right = plt.gcf().axes
    assert left.get_title() == 'label j'
    assert [bar.get_width() for bar in right.patches] == pytest.approx(ps[0].tolist())
    assert [tick.get_text() for tick in right.get_yticklabels()] == list('abcdefghij')


def test_a_sheet_names_each_image_and_marks_what_is_wrong():
    images = torch.linspace(-1, 1, 6).view(6, 1, 1, 1).expand(6, 1, 2, 2)
    helper.view_sheet(
        images, list('abcde') + ['a_b'], mean=0.5, std=0.5, good=[True, False] * 3
    )
    drawn = [ax for ax in plt.gcf().axes if ax.images]
    assert [ax.get_title() for ax in drawn] == [*'abcde', 'a b']
    assert [ax.title.get_color() for ax in drawn] == ['black', 'tab:red'] * 3
    assert [ax.images[0].get_array().flat[0] for ax in drawn] == pytest.approx(
        [0, 0.2, 0.4, 0.6, 0.8, 1]
    )


@pytest.fixture
def captions(monkeypatch, tmp_path):
    """The captions below the figures that were saved, in tmp_path/figures."""
    found = []
    monkeypatch.setattr(helper, 'ROOT', tmp_path)
    monkeypatch.setattr(
        plt, 'close', lambda figure: found.append(figure.get_supxlabel())
    )
    return found


FINDERS = {
    'MNIST': lambda args: helper.find_data('MNIST', args),
    'FashionMNIST': lambda args: helper.find_data('FashionMNIST', args),
    'Cat_Dog_data': helper.find_photos,
}


@pytest.mark.parametrize('name', FINDERS)
def test_figures_of_synthetic_data_and_no_others_say_so(name, args, captions):
    args.data_dir.mkdir()
    shutil.copytree(SYNTHETIC_DATA / name, args.data_dir / name)  # passes for real data
    for args.data in ('synthetic', 'real', 'synthetic'):
        FINDERS[name](args)
        helper.imshow(torch.zeros(1, 2, 2))
        helper.show('black')
    assert [bool(text) for text in captions] == [True, False, True], (
        f'Figures of synthetic, real, synthetic data have the captions {captions}'
    )


def test_a_relative_path_to_the_synthetic_data_is_synthetic(args, capsys, monkeypatch):
    monkeypatch.chdir(SYNTHETIC_DATA.parent)
    args.data_dir = Path(SYNTHETIC_DATA.name)
    helper.find_data('MNIST', args)
    assert ', synthetic, ' in capsys.readouterr().out


def test_a_saved_figure_is_a_png_whose_path_is_printed(
    captions, args, tmp_path, capsys
):
    helper.imshow(torch.zeros(1, 2, 2))
    helper.show('black')
    (path,) = (tmp_path / 'figures').iterdir()
    assert path.stem == 'lesson_black', 'The file has the names of script and figure'
    assert path.read_bytes().startswith(b'\x89PNG')
    assert str(path) in capsys.readouterr().out
