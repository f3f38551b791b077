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
import contextlib
import http.client
import math
import os
import pickle
import signal
import socket
import sys
import tempfile
import threading
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
SECONDS = 4  # a server that is silent for longer counts as not there
DOWNLOAD_ERRORS = (OSError, RuntimeError, EOFError, ValueError, zlib.error,
                   http.client.HTTPException)
_run = {'figures': 'show', 'standin': False}  # how this run shows figures, of what


# Options


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f'{self.prog}: error: {message} (--help lists the options)\n')


def _number(kind, lowest=None, highest=math.inf):
    """A converter for argparse: int or float, from lowest (or above 0) to highest."""
    def convert(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        above = value > 0 if lowest is None else value >= lowest
        if not (above and value <= highest and value < math.inf):
            name = 'a whole number' if kind is int else 'a number'
            bound = 'above 0' if lowest is None else f'of at least {lowest}'
            raise argparse.ArgumentTypeError(f"needs {name} {bound}, not '{text}'")
        return value
    return convert


def parse_args(threads=1, **defaults):
    """Read the options of the command line, seed torch and NumPy, set the threads.

    threads: torch's threads unless --threads says otherwise, None for all cores. One is
        best for small networks: on a busy machine several wait for each other at every
        operation.
    defaults: one more option each, `epochs=5` becomes `--epochs`. The default says
        what it takes: an int or float above 0 (0 is allowed for `workers`), one of the
        words in a tuple, of which the first is the default, or for a list any number
        of paths.

    Returns an argparse.Namespace with these, and `device`, `data`, `data_dir` (Path),
    `seed`, `figures` and `threads`. A wrong option ends the program with one line and
    exit code 2. In a notebook, whose `sys.argv` is not ours, all are the defaults.
    """
    title = (sys.modules['__main__'].__doc__ or '').strip().partition('\n')[0]
    parser = _Parser(description=title,
                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    for name, value in defaults.items():
        flag, told = '--' + name.replace('_', '-'), 'set in the lesson'
        if isinstance(value, tuple):
            add(flag, default=value[0], choices=value, help=told)
        elif isinstance(value, list):
            add(flag, default=value, nargs='+', type=Path, metavar='FILE', help=told)
        else:
            add(flag, default=value, metavar='N', help=told,
                type=_number(type(value), 0 if name == 'workers' else None))
    add('--device', default='auto', help='auto, cpu, cuda, cuda:N or mps')
    add('--data', default='auto', choices=['auto', 'real', 'synthetic'],
        help='real data, the drawn stand-ins, or real if it can be had')
    add('--data-dir', default=ROOT / 'data', type=Path, metavar='DIR',
        help='where the real data lies or is downloaded to')
    add('--seed', default=7, type=_number(int, 0, 2**32 - 1), metavar='N',
        help='for random numbers')
    add('--figures', default='show', choices=['show', 'save', 'none'],
        help='open windows (files where there is no display), write files, or neither')
    add('--threads', default=threads or torch.get_num_threads(), type=_number(int),
        metavar='N',
        help="torch's threads on the CPU")

    in_notebook = sys.argv[0].endswith('kernel_launcher.py')
    args = parser.parse_args([] if in_notebook else None)
    try:
        get_device(args.device)
    except ValueError as error:
        parser.error(f'argument --device: {error}')
    if not in_notebook:
        _end_in_one_line()
    _seed_and_threads(args)
    _run['figures'] = args.figures
    return args


def _seed_and_threads(args):
    import numpy

    torch.manual_seed(args.seed)
    numpy.random.seed(args.seed)
    torch.set_num_threads(args.threads)


def _end_in_one_line():
    """What is no mistake in the code ends the program with one line, no traceback.

    Ctrl-C and SIGTERM: exit code 130 and 143. A file that cannot be read or written, a
    full disk, no memory left: exit code 1. Any other error shows its traceback.
    """
    main = os.getpid()

    def stop(number, frame):
        if os.getpid() != main:  # a worker of a DataLoader; the main process stops it
            raise KeyboardInterrupt
        signal.signal(number, signal.SIG_IGN)  # once is enough
        print('\nstopped', file=sys.stderr)
        raise SystemExit(128 + number)

    def explain(kind, error, trace):
        text, path = ' '.join(str(error).split()), ''
        while trace:  # errors in writing do not say where; the code calls it path
            path, last = trace.tb_frame.f_locals.get('path', path), trace
            trace = trace.tb_next
        full = any(word in text for word in ('inline_container', 'iostream', 'Stream'))
        if issubclass(kind, (OSError, MemoryError, torch.OutOfMemoryError)):
            print(f'{kind.__name__}: {text} {path}'.strip(), file=sys.stderr)
        elif full and 'serialization' in last.tb_frame.f_code.co_filename:  # torch.save
            print(f'cannot write {path}, is the disk full? {text}', file=sys.stderr)
        else:
            sys.__excepthook__(kind, error, error.__traceback__)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
    sys.excepthook = explain
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, 'reconfigure'):  # a terminal that cannot show every letter
            stream.reconfigure(errors='replace')


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
        except DOWNLOAD_ERRORS as error:
            reason = _reason(error)
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


@contextlib.contextmanager
def _impatient():
    """Within this block a server that is silent for SECONDS raises an OSError."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _reason(error):
    """One line about a failed download."""
    reason = ' '.join(str(error).split()) or type(error).__name__
    if 'CERTIFICATE_VERIFY_FAILED' in reason:
        reason += (' (on macOS run "Install Certificates.command" from the Python '
                   'folder; elsewhere mend the clock or the proxy)')
    return reason


def _download(name, root):
    """Download to a temporary folder first: what has its final name is complete."""
    from torchvision import datasets

    print(f'Downloading {name} to {root} ...', flush=True)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix='download-') as folder:
        raw = Path(folder) / name / 'raw'
        with _impatient():
            getattr(datasets, name)(folder, download=True)
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


# Photos


def is_photo(path):
    """True if a file name is one of a photo; macOS's `._` companions are none."""
    path = Path(path)
    suffixes = ('.jpg', '.jpeg', '.png', '.webp', '.bmp', '.tif', '.tiff', '.gif')
    return path.suffix.lower() in suffixes and not path.name.startswith('.')


def find_photos(args):
    """Return the folder of photos, as a Path; photo_set makes data sets of it.

    args: what parse_args returned; `data` and `data_dir` are used. Photos lie in
    DIR/Cat_Dog_data or in DIR itself, as train/NAME/*.jpg and test/NAME/*.jpg or as
    NAME/*.jpg with a folder for each class. If there are none, --data real downloads
    cats and dogs (800 MB, the Oxford-IIIT Pet set,
    https://www.robots.ox.ac.uk/~vgg/data/pets/) and lays them out in Cat_Dog_data,
    and --data auto takes the drawn stand-in. One line is printed that says what was
    found; a folder that cannot be used ends the program with one line.
    """
    data_dir, standin = args.data_dir.expanduser(), args.data == 'synthetic'
    root = data_dir / 'Cat_Dog_data'
    if not standin and not root.is_dir():
        if not data_dir.is_dir():
            sys.exit(f'{data_dir} is no folder. Name one that exists with --data-dir')
        own = {'MNIST', 'FashionMNIST', 'synthetic', '__pycache__'}
        if any(is_photo(path) or path.is_dir() and path.name not in own
               for path in data_dir.iterdir()):
            root = data_dir
        elif args.data == 'real':
            try:
                _download_pets(root)
            except DOWNLOAD_ERRORS as error:
                sys.exit(f'no photos in {data_dir}, and none can be downloaded: '
                         f'{_reason(error)}. Mend this, name another folder with '
                         '--data-dir, or use --data synthetic')
        else:
            print(f'Note: no photos in {data_dir}. Drawn stand-ins take their place; '
                  '--data real downloads photos (800 MB).')
            standin = True
    if standin:
        root = ROOT / 'data' / 'synthetic' / 'Cat_Dog_data'
    parts = [part for part in ('train', 'test') if (root / part).is_dir()]
    if len(parts) == 1:
        sys.exit(f'{root} has {parts[0]}/ but not both train/ and test/')
    for folder in [root / part for part in parts] or [root]:
        _check_classes(folder)
    if parts and len({tuple(_classes(root / part)) for part in parts}) > 1:
        sys.exit(f'{root}: train/ and test/ have different class folders')
    _run['standin'] = standin
    counts = [f'{len(photo_set(root, part, None))} {text} photos'
              for part, text in (('train', 'training'), ('test', 'test'))]
    kind = 'drawn stand-in' if standin else 'real'
    print(f'Data: {root.name}, {kind}, {" and ".join(counts)}')
    return root


def _classes(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def _check_classes(folder):
    names = _classes(folder)
    if len(names) < 2:
        sys.exit(f'{folder} has {len(names)} class folder(s), it needs two or more: '
                 'one folder for each class, with its photos in it')
    for name in names:
        if not any(map(is_photo, (folder / name).rglob('*'))):
            sys.exit(f'{folder / name} holds no photos. Add some or remove the folder')


def _download_pets(root):
    """Lay the Oxford-IIIT Pet set out as Cat_Dog_data; it is complete or not there."""
    from torchvision.datasets import OxfordIIITPet

    print(f'Downloading photos (800 MB) to {root} ...', flush=True)
    with tempfile.TemporaryDirectory(dir=root.parent, prefix='download-') as folder:
        tree, counts = Path(folder) / root.name, {}
        for part, split in (('train', 'trainval'), ('test', 'test')):
            with _impatient():
                pets = OxfordIIITPet(folder, split, 'binary-category', download=True)
            for i, path in enumerate(pets._images):
                _, label = pets[i]  # opens the photo
                target = tree / part / pets.bin_classes[label].lower() / path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, target)
                counts[target.parent] = counts.get(target.parent, 0) + 1
        for target, count in counts.items():
            print(f'{target.parent.name}/{target.name}: {count} photos')
        os.replace(tree, root)


def open_photo(path):
    """Return the photo in a file as a PIL image, RGB and upright.

    Grey, palette, CMYK and transparent pictures are converted. Raises OSError, with
    the path in it, if the file is damaged or no picture.
    """
    import warnings

    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter('error', Image.DecompressionBombWarning)
            warnings.simplefilter('ignore', UserWarning)  # odd transparency, odd EXIF
            with Image.open(path) as image:
                image.draft('RGB', (512, 512))  # large JPEGs: decode fewer pixels
                image = ImageOps.exif_transpose(image)
            if image.mode.startswith(('I', 'F')):  # 16 bits per pixel
                image = image.point(lambda value: value / 256)
            return image.convert('RGB')
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError,
            Image.DecompressionBombWarning) as error:
        raise OSError(f'{path} is not a photo that can be read: {error}') from error


def _open_or_exit(path):
    try:
        return open_photo(path)
    except OSError as error:
        sys.exit(f'{error}. Replace or remove it')


def photo_set(root, part, transform):
    """Return the photos of one part, 'train' or 'test', as an ImageFolder.

    root: what find_photos returned. It is
    `torchvision.datasets.ImageFolder(root / part, transform)`, with open_photo to read
    a file, without files that are no photos, and with the end of the program in one
    line when a photo is damaged. Where root has no train/ and test/, every fifth photo
    is one for testing, chosen by its name, so that it stays one when photos are added.
    """
    from torchvision.datasets import ImageFolder

    if (root / part).is_dir():
        return ImageFolder(root / part, transform, loader=_open_or_exit,
                           is_valid_file=is_photo)

    def belongs(path):
        tests = zlib.crc32(Path(path).name.encode()) % 5 == 0
        return is_photo(path) and tests == (part == 'test')

    return ImageFolder(root, transform, loader=_open_or_exit, is_valid_file=belongs)


def find_weights(weights, args):
    """Return `weights`, downloaded if need be, or None if they cannot be had.

    weights: a member of one of torchvision's enums, DenseNet121_Weights.IMAGENET1K_V1.
    `models.densenet121(weights=None)` has random weights, so a lesson runs either way;
    a line is printed that says so. With --data synthetic nothing is downloaded.
    """
    name = weights.url.rpartition('/')[2]
    path = Path(torch.hub.get_dir()) / 'checkpoints' / name
    try:
        if not path.is_file():
            if args.data == 'synthetic':
                raise OSError('--data synthetic downloads nothing')
            with _impatient():
                torch.hub.load_state_dict_from_url(weights.url, check_hash=True)
        torch.load(path, map_location='cpu', weights_only=True)
    except (*DOWNLOAD_ERRORS, pickle.UnpicklingError) as error:
        if path.is_file():
            sys.exit(f'the weights in {path} are damaged. Remove it and run again')
        print(f'Note: no {weights}: {_reason(error)}. The network has random weights '
              'instead; what it says is not what a trained one would say.')
        return None
    return weights


# Plotting


def _pyplot():
    """matplotlib.pyplot, which needs no display unless windows are to be opened."""
    if 'matplotlib.pyplot' in sys.modules:
        return sys.modules['matplotlib.pyplot']
    if _run['figures'] != 'show':
        os.environ['MPLBACKEND'] = 'agg'
    try:
        import matplotlib.pyplot as plt

        plt.switch_backend(os.environ.get('MPLBACKEND') or plt.get_backend())
    except (ImportError, ValueError) as error:
        reason = ' '.join(str(error).split())[:200]
        sys.exit(f'matplotlib cannot open windows: {reason}. Unset MPLBACKEND, or use '
                 '--figures save or none')
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


def view_sheet(images, titles, mean=0.5, std=0.5, good=None):
    """Draw up to 16 images in rows of four.

    images: tensor [n, 1 or 3, H, W] or list of [1 or 3, H, W]. titles: a text for each.
    mean, std: as for imshow. good: a bool for each, False makes its title red.
    """
    count = min(len(images), 16)
    rows = -(-count // 4)
    figure, axes = _pyplot().subplots(rows, 4, figsize=(8, 2.2 * rows), squeeze=False)
    for i, ax in enumerate(axes.flat):
        ax.axis('off')
        if i < count:
            imshow(images[i], ax=ax, mean=mean, std=std)
            ax.set_title(titles[i], fontsize=9,
                         color='black' if good is None or good[i] else 'tab:red')
    return figure


def view_confusion(counts, classes):
    """Draw how often each class was taken for which.

    counts: int tensor [classes, classes], row: the true class, column: the predicted.
    """
    figure, ax = _pyplot().subplots(figsize=(2.5 + 0.6 * len(classes),) * 2)
    share = counts / counts.sum(dim=1, keepdim=True).clamp(min=1)
    ax.imshow(share.numpy(), cmap='Blues', vmin=0, vmax=1)
    for row, column in torch.cartesian_prod(*[torch.arange(len(classes))] * 2).tolist():
        ax.text(column, row, int(counts[row, column]), ha='center', va='center',
                color='white' if share[row, column] > 0.5 else 'black')
    ax.set_xticks(range(len(classes)), classes, rotation=45, ha='right')
    ax.set_yticks(range(len(classes)), classes)
    ax.set_xlabel('predicted class')
    ax.set_ylabel('true class')
    ax.set_title('test photos')
    return figure


def view_bars(values, title, xlabel):
    """Draw a bar for each entry of the dict {name: number}."""
    figure, ax = _pyplot().subplots(figsize=(7, 1.2 + 0.4 * len(values)))
    bars = ax.barh(range(len(values)), list(values.values()), color='tab:blue')
    ax.bar_label(bars, fmt='%.3g', padding=3)
    ax.set_yticks(range(len(values)), list(values))
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_xlabel(xlabel)
    ax.set_title(title)
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
