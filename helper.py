"""What the lessons use but do not teach: options, device, data and plotting.

Models, losses, optimizers and training loops are not here: they are what the course
is about, so they stand in the lessons.

    args = helper.parse_args(epochs=5, lr=0.003)        # options of the command line
    device = helper.get_device(args.device)
    trainset, testset = helper.load_mnist(args)
    trainloader = helper.get_loader(trainset, batch_size=64, shuffle=True)
    helper.view_classify(image, ps, testset.classes)
    helper.show('prediction')
"""
import argparse
import atexit
import http.client
import math
import os
import socket
import sys
import tempfile
import zlib
from pathlib import Path

import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
)

ROOT = Path(__file__).resolve().parent
SECONDS = 5  # a server that is silent for longer counts as not there
_run = {'figures': 'show', 'standin': False}  # how this run shows figures, of what


# Options


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f'{self.prog}: error: {message} (--help lists the options)\n')


def _positive(kind):
    """A converter for argparse: `kind` is int or float, above 0 and finite."""
    def convert(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            name = 'a whole number' if kind is int else 'a number'
            raise argparse.ArgumentTypeError(f"needs {name} above 0, not '{text}'")
        return value
    return convert


def _seed(text):
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(
            f"needs a whole number from 0 to 4294967295, not '{text}'")
    return int(text)


def parse_args(threads=1, **defaults):
    """Read the options of the command line, seed torch and NumPy, set the threads.

    threads: torch's threads unless --threads says otherwise. One is best for small
        networks: on a busy machine several wait for each other at every operation.
    defaults: one more option each, `epochs=5` becomes `--epochs`. The default says
        the type: int or float, which must be above 0.

    Returns an argparse.Namespace with these, and `device`, `data`, `data_dir` (Path),
    `seed`, `figures` and `threads`. A wrong option ends the program with one line and
    exit code 2. In a notebook, whose `sys.argv` is not ours, all are the defaults.
    """
    title = (sys.modules['__main__'].__doc__ or '').strip().partition('\n')[0]
    parser = _Parser(description=title,
                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    for name, value in defaults.items():
        parser.add_argument('--' + name.replace('_', '-'), default=value, metavar='N',
                            type=_positive(type(value)), help='set in the lesson')
    add = parser.add_argument
    add('--device', default='auto', help='auto, cpu, cuda, cuda:N or mps')
    add('--data', default='auto', choices=['auto', 'real', 'synthetic'],
        help='real data, the drawn stand-ins, or real if it can be had')
    add('--data-dir', default=ROOT / 'data', type=Path, metavar='DIR',
        help='where the real data lies or is downloaded to')
    add('--seed', default=7, type=_seed, metavar='N', help='for random numbers')
    add('--figures', default='show', choices=['show', 'save', 'none'],
        help='open windows (files where there is no display), write files, or neither')
    add('--threads', default=threads, type=_positive(int), metavar='N',
        help="torch's threads on the CPU")

    in_notebook = sys.argv[0].endswith('kernel_launcher.py')
    args = parser.parse_args([] if in_notebook else None)
    try:
        get_device(args.device)
    except ValueError as error:
        parser.error(f'argument --device: {error}')
    _seed_and_threads(args)
    _run['figures'] = args.figures
    return args


def _seed_and_threads(args):
    import numpy

    torch.manual_seed(args.seed)
    numpy.random.seed(args.seed)
    torch.set_num_threads(args.threads)


def get_device(name='auto'):
    """Return the torch.device called `name`, a str or a torch.device.

    'auto' is the first CUDA GPU if there is one, else the CPU; Apple's 'mps' is taken
    only when asked for. Raises ValueError if the name is unknown or the device is not
    in this machine.
    """
    if name == 'auto':
        return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ('cpu', 'cuda', 'mps'):
        raise ValueError(f"'{name}' is none of auto, cpu, cuda, cuda:N, mps")
    count = {'cpu': 1, 'cuda': torch.cuda.device_count(),
             'mps': int(torch.backends.mps.is_available())}[device.type]
    if (device.index or 0) >= count:
        raise ValueError(f"there is no '{name}' here, use auto or cpu; "
                         '0_check_pytorch.py says what torch can use')
    return device


# Data


def find_data(name, args):
    """Return the folder to hand to torchvision.datasets as `root`, as a Path.

    name: 'MNIST' or 'FashionMNIST'
    args: what parse_args returned; `data` and `data_dir` are used.

    With --data auto the real set is taken from args.data_dir, downloaded to it if it
    is missing, and replaced by the drawn stand-in if that fails. --data real ends the
    program instead, and --data synthetic goes straight to the stand-in. A damaged set
    always ends the program. One line is printed that says what was found.
    """
    root, standin = args.data_dir.expanduser(), args.data == 'synthetic'
    if not standin and not _is_complete(root, name):
        try:
            _download(name, root)
        except (OSError, RuntimeError, EOFError, ValueError, zlib.error,
                http.client.HTTPException) as error:
            reason = ' '.join(str(error).split()) or type(error).__name__
            if 'CERTIFICATE_VERIFY_FAILED' in reason:
                reason += (' (on macOS run "Install Certificates.command" from the '
                           'Python folder; elsewhere mend the clock or the proxy)')
            if args.data == 'real':
                sys.exit(f'{name} is not in {root} and cannot be downloaded: {reason}. '
                         'Mend this, name another folder with --data-dir, '
                         'or use --data synthetic')
            print(f'Note: no real {name}: {reason}. The drawn stand-in takes its '
                  'place; its numbers do not compare with those of the notes.')
            standin = True
    if standin:
        root = ROOT / 'data' / 'synthetic'
    try:
        train, test = (_count(root / name / 'raw', part) for part in ('train', 't10k'))
    except (OSError, ValueError) as error:
        sys.exit(f'{name} in {root} cannot be used: {error}. '
                 f'Remove {root / name} and run again')
    _run['standin'] = standin
    kind = 'drawn stand-in' if standin else 'real'
    print(f'Data: {name}, {kind}, {train:,} training and {test:,} test images')
    return root


def _is_complete(root, name):
    files = [f'{part}-{what}' for part in ('train', 't10k')
             for what in ('images-idx3-ubyte', 'labels-idx1-ubyte')]
    return all((root / name / 'raw' / file).is_file() for file in files)


def _count(folder, part):
    """Number of images of one part, from IDX files that are checked for damage.

    The format: a big-endian header of 32-bit numbers (2051, images, rows, columns;
    2049, labels), then one byte per pixel or label.
    """
    import numpy as np

    images = folder / f'{part}-images-idx3-ubyte'
    labels = folder / f'{part}-labels-idx1-ubyte'
    header = np.frombuffer(images.open('rb').read(16).ljust(16), '>u4').tolist()
    n = header[1]
    if header != [2051, n, 28, 28] or images.stat().st_size != 16 + 784 * n:
        raise ValueError(f'{images.name} is damaged')
    data = labels.read_bytes()
    if (data[:8] != (2049).to_bytes(4, 'big') + n.to_bytes(4, 'big')
            or len(data) != 8 + n or max(data[8:], default=10) > 9):
        raise ValueError(f'{labels.name} is damaged')
    return n


def _download(name, root):
    """Download to a temporary folder first: what has its final name is complete."""
    from torchvision import datasets

    print(f'Downloading {name} to {root} ...', flush=True)
    root.mkdir(parents=True, exist_ok=True)
    before = socket.getdefaulttimeout()
    with tempfile.TemporaryDirectory(dir=root, prefix='download-') as folder:
        raw = Path(folder) / name / 'raw'
        socket.setdefaulttimeout(SECONDS)
        try:
            getattr(datasets, name)(folder, download=True)
        finally:
            socket.setdefaulttimeout(before)
        for part in ('train', 't10k'):
            _count(raw, part)
        (root / name / 'raw').mkdir(parents=True, exist_ok=True)
        for file in raw.glob('*-ubyte'):
            os.replace(file, root / name / 'raw' / file.name)


def load_mnist(args):
    """Return (trainset, testset) of MNIST, read once and kept on args.device.

    Both are TensorDatasets of images, float32 [n, 1, 28, 28] from -1 to 1, and labels,
    int64 [n] from 0 to 9, with the class names in `classes`. They hold the same numbers
    as torchvision's MNIST with ToTensor and Normalize((0.5,), (0.5,)), without making
    each image anew in each epoch. Source: http://yann.lecun.com/exdb/mnist/
    """
    return _load('MNIST', args)


def load_fashion_mnist(args):
    """Return (trainset, testset) of Fashion-MNIST, in the form of load_mnist.

    Source: https://github.com/zalandoresearch/fashion-mnist
    """
    return _load('FashionMNIST', args)


def _load(name, args):
    root, device = find_data(name, args), get_device(args.device)
    return tuple(_read(name, root, train, device) for train in (True, False))


def _read(name, root, train, device):
    from torchvision import datasets

    raw = getattr(datasets, name)(root, train=train)
    images = raw.data.to(device).unsqueeze(1).float().div_(255).sub_(0.5).div_(0.5)
    dataset = TensorDataset(images, raw.targets.to(device))
    dataset.classes = [text.split(' - ')[0] for text in raw.classes]  # '0 - zero'
    return dataset


def get_loader(dataset, batch_size=64, shuffle=False):
    """Return a DataLoader that asks `dataset` for a whole batch at once.

    `DataLoader(dataset, batch_size, shuffle)` gives the same batches, but collects them
    image by image, which takes longer than training a small network on them. The
    dataset must accept a list of indices, as TensorDataset and its Subsets do.
    """
    sampler = RandomSampler(dataset) if shuffle else SequentialSampler(dataset)
    return DataLoader(dataset, sampler=BatchSampler(sampler, batch_size, False),
                      batch_size=None)


# Plotting


def _pyplot():
    import matplotlib

    if _run['figures'] != 'show':
        matplotlib.use('agg')
    import matplotlib.pyplot as plt
    return plt


def imshow(image, title='', ax=None, mean=0.5, std=0.5):
    """Draw one image and return its axes.

    image: tensor [1, H, W], [3, H, W] or [H, W] on any device; it is not changed.
    mean, std: numbers, or one per channel, with which it was normalised.
    """
    image = image.detach().cpu().reshape(-1, *image.shape[-2:])
    image = image * torch.as_tensor(std).view(-1, 1, 1)
    image = (image + torch.as_tensor(mean).view(-1, 1, 1)).clamp(0, 1)
    image = image[0] if len(image) == 1 else image.permute(1, 2, 0)
    ax = ax or _pyplot().figure(figsize=(4, 4)).gca()
    ax.imshow(image.numpy(), cmap='gray', vmin=0, vmax=1)
    ax.set_title(title)
    ax.axis('off')
    return ax


def view_classify(image, ps, classes, title=''):
    """Draw an image beside a bar for the probability of each class.

    image: as for imshow. ps: probabilities, tensor [classes] or [1, classes] on any
    device. classes: their names. title: stands above the image.
    """
    ps = ps.detach().cpu().flatten()
    figure, (left, right) = _pyplot().subplots(1, 2, figsize=(7, 3.5))
    imshow(image, title, left)
    bars = right.barh(range(len(ps)), ps.numpy(), color='tab:blue')
    right.bar_label(bars, [f'{p:.0%}' for p in ps.tolist()], padding=3, fontsize=8)
    right.set_yticks(range(len(ps)), classes)
    right.invert_yaxis()
    right.set_xlim(0, 1.15)
    right.set_xticks([0, 0.5, 1])
    right.set_xlabel('probability')
    right.set_title('class probability')
    return figure


def plot_losses(curves):
    """Draw the losses of one or more trainings over their epochs.

    curves: {name: (train_losses, valid_losses)}, lists with a float for each epoch. The
    lowest validation loss of each is marked.
    """
    figure, ax = _pyplot().subplots(figsize=(7, 4))
    for name, (train_losses, valid_losses) in curves.items():
        epochs = range(1, len(train_losses) + 1)
        line, = ax.plot(epochs, train_losses, '--', label=f'{name}: training')
        ax.plot(epochs, valid_losses, color=line.get_color(),
                label=f'{name}: validation')
        best = min(epochs, key=lambda epoch: valid_losses[epoch - 1])
        ax.plot(best, valid_losses[best - 1], 'o', color=line.get_color(),
                label=f'lowest, epoch {best}')
    ax.set_xlabel('epoch')
    ax.set_ylabel('loss (cross entropy)')
    ax.set_title('training and validation loss')
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return figure


def show(name):
    """Show the current figure, without holding up the run.

    With a display a window opens, and the program waits at its end until the windows
    are closed. Without one, or with --figures save, the figure is written to
    figures/<lesson>_<name>.png in the course's folder. --figures none drops it.
    """
    plt = _pyplot()
    figure = plt.gcf()
    figure.set_layout_engine('constrained')
    if _run['standin']:
        figure.supxlabel('stand-in data, drawn for the course', fontsize=8,
                         color='gray')
    if _run['figures'] == 'show' and plt.get_backend().lower() != 'agg':
        plt.show(block=False)
        plt.pause(0.1)  # draws the window now, not at the end
        atexit.unregister(plt.show)
        atexit.register(plt.show)
        return
    if _run['figures'] != 'none':
        lesson = Path(getattr(sys.modules['__main__'], '__file__', 'notebook')).stem
        path = ROOT / 'figures' / f'{lesson}_{name}.png'
        try:
            path.parent.mkdir(exist_ok=True)
            figure.savefig(path, dpi=120)
        except OSError as error:
            sys.exit(f'cannot write the figure {path}: {error}. Use --figures none')
        print(f'Figure: {path}')
    plt.close(figure)
