"""What the lessons use but do not teach: options, data, photos, weights, figures."""
import argparse
import atexit
import os
import shutil
import signal
import socket
import sys
import tempfile
import textwrap
import traceback
from pathlib import Path

import torch
from PIL import Image, ImageOps
from torch.utils.data import TensorDataset
from torch.utils.data._utils.collate import default_collate_fn_map
from torchvision import datasets

ROOT = Path(__file__).resolve().parent
STAND_INS = ROOT / 'data' / 'synthetic'
_run = {'figures': 'show', 'standin': False}  # how this run shows figures, of what


def parse_args(parser=None, threads=1, **defaults):
    """Read the options of the command line, seed torch, and set its threads.

    parser: an argparse.ArgumentParser with a lesson's own options. threads: None for
    all cores; one is best for small networks. defaults: an int or float above 0 each;
    `epochs=5` becomes --epochs. Returns these and device (torch.device), data, data_dir
    (Path), seed, figures and threads. A wrong option ends the program in one line, and
    from here on so does what is no mistake in the code, such as a full disk.
    """
    parser = parser or argparse.ArgumentParser()
    parser.description = (sys.modules['__main__'].__doc__ or '').strip().split('\n')[0]
    parser.usage = argparse.SUPPRESS  # so that an error is one line
    parser.formatter_class = argparse.ArgumentDefaultsHelpFormatter
    add = parser.add_argument
    for name, value in defaults.items():
        add(f'--{name}', default=value, type=type(value), help='set in the lesson')
    add('--device', default='auto', help='cpu, cuda, cuda:1, mps; auto: cuda, else cpu')
    add('--data', default='auto', choices=['auto', 'real', 'synthetic'],
        help='real data, the drawn stand-ins, or real if it can be had')
    add('--data-dir', default=ROOT / 'data', type=Path, help='where real data lies')
    add('--seed', default=7, type=int, help='for random numbers')
    add('--figures', default='show', choices=['show', 'save', 'none'],
        help='open windows (files where there is no display), write files, or neither')
    add('--threads', default=threads or torch.get_num_threads(), type=int, help='CPU')
    in_notebook = sys.argv[0].endswith('kernel_launcher.py')
    args = parser.parse_args([] if in_notebook else None)
    for name in (*defaults, 'threads'):
        if not 0 < getattr(args, name) < float('inf'):
            parser.error(f'argument --{name}: needs a number above 0')
    try:
        auto = 'cuda' if torch.cuda.is_available() else 'cpu'
        args.device = torch.device(auto if args.device == 'auto' else args.device)
        torch.zeros(1, device=args.device).item()  # the proof: a number is put on it
    except (RuntimeError, AssertionError):
        parser.error(f'argument --device: no {args.device}, see 0_check_pytorch.py')
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    socket.setdefaulttimeout(4)  # a server that is silent for longer is not there
    _run['figures'] = args.figures
    if args.figures != 'show':
        os.environ['MPLBACKEND'] = 'agg'  # matplotlib then needs no display
    if not in_notebook:
        sys.excepthook = _explain
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C
    return args


def _explain(kind, error, trace):
    """What is no mistake in the code ends in one line, all else in its traceback."""
    frames, text = traceback.extract_tb(trace), str(error)
    file = kind is RuntimeError and frames[-1].filename.endswith('serialization.py')
    if kind is KeyboardInterrupt:
        print('\nstopped', file=sys.stderr)
    elif file or issubclass(kind, (OSError, MemoryError, torch.OutOfMemoryError,
                                   torch.distributed.DistError)):
        text = 'the file is damaged or the disk is full: ' * file + text
        text = text.rpartition(f'\n{kind.__name__}: ')[2]  # from a DataLoader's worker
        text += '. Cure: a smaller batch, or --device cpu' * ('OutOf' in kind.__name__)
        asked = [frame for frame in frames if frame.filename == frames[0].filename][-1]
        print(f'{kind.__name__}: {" ".join(text.split())} '
              f'({Path(asked.filename).name}, line {asked.lineno})', file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def load_data(name, args):
    """Return (trainset, testset) of 'MNIST' or 'FashionMNIST', normalised once.

    Both are TensorDatasets of images, float32 [n, 1, 28, 28] from -1 to 1, and labels,
    int64 [n] from 0 to 9, with the names of the `classes`: the numbers of torchvision's
    sets with ToTensor and Normalize((0.5,), (0.5,)), made once, not in every epoch.
    """
    sets = []
    for raw in _read(name, find_data(name, args)):
        images = raw.data.unsqueeze(1).float().div_(255).sub_(0.5).div_(0.5)
        sets.append(_Images(images, raw.targets))
        sets[-1].classes = [text.split(' - ')[0] for text in raw.classes]  # '0 - zero'
    return tuple(sets)


class _Batch(tuple):
    """A batch fetched whole: image by image takes longer than a step of training."""


class _Images(TensorDataset):
    def __getitems__(self, indices):  # what a DataLoader calls, if it is there
        return [_Batch(self[indices])]


default_collate_fn_map[_Batch] = lambda batch, **_: batch[0]


def find_data(name, args):
    """Return the folder of 'MNIST' or 'FashionMNIST', `root` in torchvision.datasets.

    The real set lies in args.data_dir or is downloaded to it. If that fails, --data
    auto takes the drawn stand-in and --data real raises OSError; so does a damaged set.
    Source: https://github.com/cvdfoundation/mnist, zalandoresearch/fashion-mnist there.
    """
    root = STAND_INS if args.data == 'synthetic' else args.data_dir.expanduser()
    if len(list(root.glob(f'{name}/raw/*-ubyte'))) < 4:
        try:
            _download(name, root)
        except Exception as error:  # a network can fail in many ways
            root = _stand_in(args, f'{name} is not in {root} and cannot be downloaded: '
                             f'{_reason(error)}')
    return _found(name, root, *_read(name, root))


def _download(name, root):
    """Download to a folder of its own first: what has its final name is complete."""
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix='download-') as folder:
        print(f'Downloading {name} to {root} ...', flush=True)
        getattr(datasets, name)(folder, download=True)  # compares checksums
        shutil.copytree(folder, root, ignore=shutil.ignore_patterns('*.gz'),
                        copy_function=os.replace, dirs_exist_ok=True)


def _read(name, root):
    try:
        parts = [getattr(datasets, name)(root, train=train) for train in (True, False)]
        for part in parts:
            if part.data.shape != (len(part.targets), 28, 28) or part.targets.max() > 9:
                raise ValueError('images and labels do not fit together')
        return parts
    except Exception as error:  # a damaged file can fail in many ways
        raise OSError(f'{Path(root, name)} is damaged: {_reason(error)}. '
                      'Remove it and run again') from error


def _reason(error):
    reason = ' '.join(str(error).split()) or type(error).__name__
    return reason.replace('CERTIFICATE_VERIFY_FAILED', 'CERTIFICATE_VERIFY_FAILED (on '
                          'macOS run "Install Certificates.command")')


def _stand_in(args, problem):
    if args.data == 'real':
        raise FileNotFoundError(f'{problem}. Without it: --data synthetic')
    print(f'Note: {problem}. A drawn stand-in takes its place; its numbers do not '
          'compare with those of the notes.')
    return STAND_INS


def _found(name, root, train, test, what='images'):
    _run['standin'] = STAND_INS in (root, root.parent)
    print(f'Data: {name}, {"drawn stand-in" if _run["standin"] else "real"}, '
          f'{len(train):,} training and {len(test):,} test {what}')
    return root


def find_photos(args):
    """Return the folder of photos, args.data_dir or Cat_Dog_data in it.

    It has train/NAME/ and test/NAME/ for each class, from data/prepare_photos.py. If it
    is empty, --data auto takes the drawn one; else OSError says what is missing.
    """
    root = STAND_INS if args.data == 'synthetic' else args.data_dir.expanduser()
    root = root / 'Cat_Dog_data' if (root / 'Cat_Dog_data').is_dir() else root
    if not ((root / 'train').is_dir() and (root / 'test').is_dir()):
        names = [*root.glob('*'), *root.glob('*/*'), *root.glob('*/*/*')]
        kinds = {path.suffix.lower() for path in names}
        if not root.is_dir() or {'.jpg', '.jpeg', '.png'} & kinds:
            raise FileNotFoundError(f'{root} has no train/ and test/. This makes them: '
                                    f'python data/prepare_photos.py "{root}"')
        root = _stand_in(args, f'no photos in {root}, python data/prepare_photos.py '
                         '--download fetches some (800 MB)') / 'Cat_Dog_data'
    train, test = (datasets.ImageFolder(root / part) for part in ('train', 'test'))
    if train.classes != test.classes:
        raise FileNotFoundError(f'train/ and test/ in {root} have different classes')
    return _found(root.name, root, train, test, 'photos')


def open_photo(path):
    """Return a photo as a PIL image, RGB and upright; OSError if it is damaged."""
    try:
        with Image.open(path) as image:
            image = ImageOps.exif_transpose(image)
        if image.mode.startswith(('I', 'F')):  # 16 bits per pixel
            image = image.point(lambda value: value / 256)
        return image.convert('RGB')
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise OSError(f'{path} is not a photo that can be read: {error}') from error


def find_weights(weights, args):
    """Return `weights`, downloaded if need be, or None if they cannot be had.

    weights: a member of a torchvision enum, as DenseNet121_Weights.IMAGENET1K_V1. With
    None a network has random weights. Raises OSError if the file is damaged.
    """
    path = Path(torch.hub.get_dir(), 'checkpoints', weights.url.rpartition('/')[2])
    try:
        if args.data == 'synthetic' and not path.is_file():
            raise OSError('--data synthetic downloads nothing')
        torch.hub.load_state_dict_from_url(weights.url, None, check_hash=True,
                                           map_location='cpu', weights_only=True)
        return weights
    except Exception as error:  # no network, or a file that is damaged in some way
        if path.is_file():
            raise OSError(f'the weights in {path} are damaged, remove them') from error
        print(f'Note: no {weights}: {_reason(error)}. Random ones can only guess.')


def imshow(image, title='', ax=None, mean=0.5, std=0.5):
    """Draw one image, tensor [1 or 3, H, W] or [H, W] on any device; return its axes.

    mean, std: numbers, or one per channel, with which it was normalised.
    """
    import matplotlib.pyplot as plt  # here, since it takes long and not all draw

    image = image.detach().cpu().reshape(-1, *image.shape[-2:])
    image = image * torch.as_tensor(std).view(-1, 1, 1)
    image = (image + torch.as_tensor(mean).view(-1, 1, 1)).clamp(0, 1)
    ax = ax or plt.figure(figsize=(4, 4)).gca()
    ax.imshow(image.permute(1, 2, 0).numpy(), cmap='gray', vmin=0, vmax=1)
    ax.set_title(title)
    ax.axis('off')
    return ax


def view_classify(image, ps, classes, title=''):
    """Draw an image, and a bar for the probability of each class; ps: [1, classes]."""
    import matplotlib.pyplot as plt

    ps = ps.detach().cpu().flatten()
    _, (left, right) = plt.subplots(1, 2, figsize=(7, 3.5))
    imshow(image, title, left)
    bars = right.barh(range(len(ps)), ps.numpy(), color='tab:blue')
    right.bar_label(bars, [f'{p:.0%}' for p in ps.tolist()], padding=3, fontsize=8)
    right.set_yticks(range(len(ps)), classes)
    right.invert_yaxis()
    right.set_xlim(0, 1.15)
    right.set_xlabel('probability')


def view_sheet(images, titles, mean=0.5, std=0.5, good=None):
    """Draw up to 16 images in rows of four, with a title each.

    images: tensor [n, 1 or 3, H, W] or list. good: a bool each, False: a red title.
    """
    import matplotlib.pyplot as plt

    rows = max(1, -(-min(len(images), 16) // 4))
    _, axes = plt.subplots(rows, 4, figsize=(8, 2.4 * rows), squeeze=False)
    for i, ax in enumerate(axes.flat):
        ax.axis('off')
        if i < len(images):
            imshow(images[i], ax=ax, mean=mean, std=std)
            ax.set_title(textwrap.fill(titles[i].replace('_', ' '), 22), fontsize=9,
                         color='black' if good is None or good[i] else 'tab:red')


def show(name):
    """Show the current figure in a window, which stays open until it is closed.

    Without a display, or with --figures save, it goes to figures/<lesson>_<name>.png.
    """
    import matplotlib.pyplot as plt

    figure = plt.gcf()
    figure.set_layout_engine('constrained')
    if _run['standin']:
        figure.supxlabel('stand-in data, drawn for the course', size=8, color='gray')
    if _run['figures'] == 'show' and plt.get_backend().lower() != 'agg':
        plt.show(block=False)
        plt.pause(0.1)  # draws the window now, not at the end
        atexit.register(plt.show)
        return
    if _run['figures'] != 'none':
        path = ROOT / 'figures' / f'{Path(sys.argv[0]).stem}_{name}.png'
        path.parent.mkdir(exist_ok=True)
        figure.savefig(path, dpi=120)
        print(f'Figure: {path}')
    plt.close(figure)
