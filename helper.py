"""What the lessons use but don't teach: options, data, photos, figures, and so on."""

import argparse
import atexit
import collections
import contextlib
import csv
import difflib
import io
import math
import os
import re
import signal
import socket
import sys
import tempfile
import textwrap
import traceback
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch.utils.data import TensorDataset
from torch.utils.data._utils.collate import default_collate_fn_map
from torchvision import datasets
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent
DATA = ROOT / 'data'
SYNTHETIC = DATA / 'synthetic'

# What this run was asked to do with figures, and whether its data is synthetic.
_run = {'figures': 'show', 'synthetic': False}

# Errors for which the code isn't to blame, such as a missing file or a full disk.
_OUTSIDE_ERRORS = (
    OSError,
    MemoryError,
    torch.OutOfMemoryError,
    torch.distributed.DistError,
)


# Options


def parse_args(parser=None, threads=1, **defaults):
    """Read the command line's options, seed torch, and set the number of threads.

    parser: an argparse.ArgumentParser with the lesson's own options, if it has any.
    threads: how many CPU threads torch uses unless --threads says otherwise. None means
        all cores. Small networks are fastest with one.
    defaults: numbers above 0 that become options: `epochs=5` becomes `--epochs`.

    Returns an argparse.Namespace with these numbers and with device (torch.device),
    data (str), data_dir (Path), seed (int), figures (str), and threads (int).

    A wrong option ends the program with a one-line message and exit code 2. From here
    on, any problem outside the code, such as a full disk, ends it with one line, too.
    """
    if parser is None:
        parser = argparse.ArgumentParser()
    docstring = sys.modules['__main__'].__doc__ or ''
    parser.description = docstring.strip().split('\n')[0]
    parser.usage = argparse.SUPPRESS  # without it, an error would take several lines
    parser.formatter_class = argparse.ArgumentDefaultsHelpFormatter

    for name, value in defaults.items():
        parser.add_argument(
            f'--{name}', default=value, type=type(value), help='set in the lesson'
        )
    parser.add_argument(
        '--device',
        default='auto',
        help='cpu, cuda, cuda:1, or mps; auto means cuda if available, else cpu',
    )
    parser.add_argument(
        '--data',
        default='auto',
        choices=['auto', 'real', 'synthetic'],
        help='the real data, the synthetic data, or auto: real if available',
    )
    parser.add_argument(
        '--data-dir', default=ROOT / 'data', type=Path, help='where the real data is'
    )
    parser.add_argument('--seed', default=7, type=int, help='for the random numbers')
    parser.add_argument(
        '--figures',
        default='show',
        choices=['show', 'save', 'none'],
        help='open windows (without a display: save files), save files, or neither',
    )
    if threads is None:
        threads = torch.get_num_threads()
    parser.add_argument(
        '--threads', default=threads, type=int, help='how many CPU threads torch uses'
    )

    # In a notebook, the command line belongs to Jupyter.
    in_notebook = sys.argv[0].endswith('kernel_launcher.py')
    if in_notebook:
        args = parser.parse_args([])
    else:
        args = parser.parse_args()

    for name in (*defaults, 'threads'):
        value = getattr(args, name)
        in_range = 0 < value < math.inf  # False for nan, too
        if not in_range:
            parser.error(f'argument --{name}: must be a number above 0')

    if args.device == 'auto':
        args.device = 'cuda' if torch.cuda.is_available() else 'cpu'
    try:
        args.device = torch.device(args.device)
        torch.zeros(1, device=args.device).item()  # fails if the device isn't there
    except (RuntimeError, AssertionError):
        parser.error(
            f'argument --device: there is no device {args.device} here. Run '
            'codes/0_check_pytorch.py to see why'
        )

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    socket.setdefaulttimeout(4)  # seconds; otherwise a silent server would hang the run

    _run['figures'] = args.figures
    if args.figures != 'show':
        os.environ['MPLBACKEND'] = 'agg'  # this backend of matplotlib needs no display
        if 'matplotlib' in sys.modules:  # it has read MPLBACKEND already
            sys.modules['matplotlib'].use('agg')

    print_any_name()
    if not in_notebook:
        sys.excepthook = _explain
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C
    return args


def print_any_name():
    """Print what a terminal can't, such as a file's name in Chinese, as \\u codes."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, 'reconfigure'):  # not in a notebook
            with contextlib.suppress(OSError):  # some can't be changed
                stream.reconfigure(errors='backslashreplace')


def _explain(kind, error, trace):
    """Print one line if the code isn't to blame, else a traceback."""
    if kind is KeyboardInterrupt:
        print('\nstopped', file=sys.stderr)
        return

    frames = traceback.extract_tb(trace)
    raised_in = Path(frames[-1].filename).name if frames else ''
    # For a damaged file, torch.load and torch.save raise a plain RuntimeError.
    bad_file = kind is RuntimeError and raised_in == 'serialization.py'
    outside_the_code = bad_file or issubclass(kind, _OUTSIDE_ERRORS)
    if not frames or not outside_the_code:
        sys.__excepthook__(kind, error, trace)
        return

    text = str(error)
    # A DataLoader's worker passes on its whole traceback. Keep what follows the last
    # "OSError: " or the like; other texts have none and stay whole.
    text = text.rpartition(f'\n{kind.__name__}: ')[2]
    text = ' '.join(text.split())
    if bad_file:
        text = f'the file is damaged or the disk is full: {text}'
    if issubclass(kind, torch.OutOfMemoryError):
        text += '. Fix: use a smaller batch, or --device cpu'

    # The error was raised inside a library, but the reader wants the lesson's own line.
    script = frames[0].filename
    lines_of_script = [frame.lineno for frame in frames if frame.filename == script]
    line = lines_of_script[-1]
    print(
        f'{kind.__name__}: {text} ({Path(script).name}, line {line})', file=sys.stderr
    )


# MNIST and Fashion-MNIST


def load_data(name, args):
    """Return (trainset, testset) of 'MNIST' or 'FashionMNIST', already normalized.

    Both are TensorDatasets of images, float32 [n, 1, 28, 28], and labels, int64 [n]
    with values from 0 to 9. Both have the attributes `classes`, the ten names, and
    `mean` and `std`, the numbers that the images were normalized with: the mean and the
    standard deviation of all pixels of the training set, scaled to 0 to 1.

    The values equal those of torchvision's dataset with the transforms ToImage,
    ToDtype(torch.float32, scale=True), and Normalize([mean], [std]), but they are
    computed only once instead of every epoch.
    """
    root = find_data(name, args)
    train, test = _read(name, root)
    train_images = _scaled_images(train)
    test_images = _scaled_images(test)

    # The test set is normalized with the training set's numbers, as any new image is.
    mean = train_images.mean().item()
    std = train_images.std().item()

    sets = []
    for raw, images in ((train, train_images), (test, test_images)):
        images.sub_(mean)  # in place, which saves memory
        images.div_(std)
        dataset = _Images(images, raw.targets)
        dataset.classes = [text.split(' - ')[0] for text in raw.classes]  # '0 - zero'
        dataset.mean = mean
        dataset.std = std
        sets.append(dataset)
    trainset, testset = sets
    return trainset, testset


def _scaled_images(raw):
    """Return the images of torchvision's dataset, float32 [n, 1, 28, 28], 0 to 1."""
    images = raw.data.unsqueeze(1)  # uint8, [n, 28, 28] -> [n, 1, 28, 28]
    return images.float().mul_(1 / 255)  # ToDtype multiplies, too; / rounds differently


class _Batch(tuple):
    """Images and labels that were read together, so they needn't be stacked again."""


class _Images(TensorDataset):
    """A TensorDataset that a DataLoader reads a whole batch at a time.

    Reading image by image and stacking takes longer than a training step of a small
    network.
    """

    def __getitems__(self, indices):  # a DataLoader calls this if the dataset has it
        return [_Batch(self[indices])]


def _take_batch(batches, *, collate_fn_map=None):  # torch passes both
    """Collate a list that has only one _Batch in it."""
    return batches[0]


# Now every DataLoader uses _take_batch for a _Batch. Without this, each lesson would
# have to pass collate_fn.
default_collate_fn_map[_Batch] = _take_batch


def find_data(name, args):
    """Return the folder that torchvision.datasets takes as `root` for this dataset.

    name: 'MNIST' or 'FashionMNIST'. The real dataset is in args.data_dir, or it is
    downloaded there. If that fails, --data auto falls back on the synthetic dataset,
    and --data real raises an OSError. Damaged files always raise an OSError.

    Source: github.com/cvdfoundation/mnist and github.com/zalandoresearch/fashion-mnist.
    """
    root = SYNTHETIC if args.data == 'synthetic' else args.data_dir.expanduser()
    files = list(root.glob(f'{name}/raw/*-ubyte'))
    if len(files) < 4:  # images and labels, for training and for testing
        try:
            _download(name, root)
        except Exception as error:  # downloads fail in many ways
            reason = _reason(error)
            problem = f'{name} is not in {root} and cannot be downloaded: {reason}'
            root = _use_synthetic(args, problem)
    train, test = _read(name, root)
    _report(name, root, len(train), len(test), 'images')
    return root


def _download(name, root):
    """Download to a temporary folder first, so that `root` gets only whole files."""
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix='download-') as folder:
        print(f'Downloading {name} to {root} ...', flush=True)
        dataset_class = getattr(datasets, name)
        dataset_class(folder, download=True)  # compares checksums
        raw = root / name / 'raw'
        raw.mkdir(parents=True, exist_ok=True)
        for path in Path(folder, name, 'raw').glob('*-ubyte'):
            path.replace(raw / path.name)  # moves it


def _read(name, root):
    """Return torchvision's training and test sets; raise an OSError if damaged."""
    dataset_class = getattr(datasets, name)
    try:
        train = dataset_class(root, train=True)
        test = dataset_class(root, train=False)
        for part in (train, test):
            if part.data.shape != (len(part.targets), 28, 28):
                raise ValueError("the images and the labels don't match")
            if part.targets.max() > 9:
                raise ValueError('there is a label above 9')
    except Exception as error:  # damaged files fail in many ways
        raise OSError(
            f'{Path(root, name)} is damaged: {_reason(error)}. Delete it and run again'
        ) from error
    return train, test


def _reason(error):
    """Return an error's message in one line, with a fix where there is one."""
    reason = ' '.join(str(error).split()) or type(error).__name__
    certificate = 'CERTIFICATE_VERIFY_FAILED'
    with_fix = f'{certificate} (on macOS, run "Install Certificates.command")'
    return reason.replace(certificate, with_fix)


def _use_synthetic(args, problem):
    """Return the folder of the synthetic data, unless --data real forbids that."""
    if args.data == 'real':
        raise FileNotFoundError(f'{problem}. To do without it, use --data synthetic')
    _print_once(
        f"Note: {problem}. Using synthetic data instead; its numbers won't match those "
        'in the notes.'
    )
    return SYNTHETIC


def _report(name, root, train_size, test_size, what):
    """Print which data this run uses, and remember for show() if it's synthetic."""
    root = root.resolve()
    synthetic = SYNTHETIC.resolve()
    _run['synthetic'] = root == synthetic or root.parent == synthetic
    kind = 'synthetic' if _run['synthetic'] else 'real'
    _print_once(
        f'Data: {name}, {kind}, {train_size:,} training and {test_size:,} test {what}'
    )


def _print_once(text):
    """Print a line; of the processes of lesson 22, only the first does that."""
    if os.environ.get('RANK', '0') == '0':
        print(text)


# Photos

# Pillow warns from here on and refuses twice as many. The largest phones take 200.
Image.MAX_IMAGE_PIXELS = 250_000_000

# What operating systems, NAS boxes, and Jupyter put into folders; it's never a photo.
_SYSTEM_FILES = {'thumbs.db', 'desktop.ini', 'icon\r', '@eadir', '__macosx'}

# How to turn a photo upright, by its EXIF orientation; 1 is upright.
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

FEWEST_PHOTOS = 10  # to train with; a fifth of them are for validation


def find_photos(args):
    """Return the folder of the photos: args.data_dir, or Cat_Dog_data inside it.

    The folder has train/NAME/ and test/NAME/ for each class, as data/prepare_photos.py
    makes them. Without --data-dir, --data auto falls back on the synthetic photos. If
    --data-dir was given, an OSError says what is missing, all of it in one message.
    """
    root = SYNTHETIC if args.data == 'synthetic' else args.data_dir.expanduser()
    if (root / 'Cat_Dog_data').is_dir():
        root = root / 'Cat_Dog_data'

    if not (root / 'train').is_dir() or not (root / 'test').is_dir():
        problem = _why_no_photos(root)
        was_given = root.resolve() != (ROOT / 'data').resolve()
        if was_given:  # other photos than those that you asked for would mislead you
            raise FileNotFoundError(problem)
        problem += (
            '; python data/prepare_photos.py --download fetches some (800 MB), or use '
            'your own: notes/your_own_data.md'
        )
        root = _use_synthetic(args, problem) / 'Cat_Dog_data'

    _check_photos(root)
    train = datasets.ImageFolder(root / 'train')
    test = datasets.ImageFolder(root / 'test')
    _report(root.resolve().name, root, len(train), len(test), 'photos')
    return root


def _why_no_photos(root):
    """Return what is in the way of using the photos of this folder."""
    if not root.exists():
        return f'there is no folder {root}{did_you_mean(root)}'
    if not root.is_dir():
        return f'{root} is a file, not a folder. If it is an archive, unpack it first'

    files = files_in(root)
    if (root.parent / 'train').is_dir() and (root.parent / 'test').is_dir():
        return f'{root} has no train/ and test/ folders. Did you mean {root.parent}?'
    suffixes = {path.suffix.lower() for path in files}
    known = {*Image.registered_extensions(), '.heic', '.heif'}
    is_course_data = root.resolve() == (ROOT / 'data').resolve()
    if suffixes & known and not is_course_data:
        return (
            f'{root} has no train/ and test/ folders. To make them, run: python '
            f'data/prepare_photos.py "{root}"'
        )
    return f'there are no photos in {root}'


def _check_photos(root):
    """Raise an OSError that names everything that's wrong with train/ and test/."""
    problems = []
    classes = {}
    for side in ('train', 'test'):
        folders = [path for path in sorted((root / side).iterdir()) if path.is_dir()]
        hidden = [path for path in folders if is_system_file(path)]
        for path in hidden:
            problems.append(f'{side}/{path.name} is not a class, so delete it')
        classes[side] = {path.name for path in folders if path not in hidden}

    for side, other in (('train', 'test'), ('test', 'train')):
        only_here = sorted(classes[side] - classes[other])
        if only_here:
            problems.append(f'only in {side}/: {", ".join(only_here)}')

    if not problems:
        counts = {}
        for side in ('train', 'test'):
            for name in sorted(classes[side]):
                folder = root / side / name
                files = files_in(folder)
                photos = [
                    path
                    for path in files
                    if path.suffix.lower() in datasets.folder.IMG_EXTENSIONS
                ]
                counts[side] = counts.get(side, 0) + len(photos)
                if not photos:
                    problems.append(f'no photo in {side}/{name}')
                elif len(files) > len(photos):
                    left_out = len(files) - len(photos)
                    _print_once(
                        f'Note: {left_out} files in {folder} are of other kinds than '
                        'ImageFolder reads, and are left out. prepare_photos.py '
                        'converts them'
                    )
        if len(classes['train']) < 2:
            problems.append('there is only one class, and a classifier needs two')
        if not problems and counts['train'] < FEWEST_PHOTOS:
            problems.append(
                f'there are {counts["train"]} photos to train with, and the lessons '
                f'need {FEWEST_PHOTOS} or more'
            )
    if problems:
        raise FileNotFoundError(
            f'the photos in {root} cannot be used: {"; ".join(problems)}'
        )


def did_you_mean(path):
    """Return '. Did you mean ...?' if something of a similar name is there."""
    names = []
    if path.parent.is_dir():
        names = [other.name for other in path.parent.iterdir()]
    similar = difflib.get_close_matches(path.name, names, n=1)
    return f'. Did you mean {path.parent / similar[0]}?' if similar else ''


def is_system_file(path):
    """Is it hidden, or made by the operating system rather than by you?"""
    return path.name.startswith('.') or path.name.lower() in _SYSTEM_FILES


def files_in(folder):
    """Return all files in a folder and its subfolders, sorted, without system files.

    It also follows links, each folder once. A folder that can't be read is in the list,
    too, so that opening it says why.
    """
    files = []
    seen = set()
    top = os.path.realpath(folder)

    def note_error(error):  # for a folder that can't be read
        files.append(Path(error.filename))

    for where, folders, names in os.walk(folder, onerror=note_error, followlinks=True):
        real = os.path.realpath(where)
        is_above = top.startswith(real + os.sep)
        if real in seen or is_above:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not is_system_file(Path(name))]
        files += [Path(where, name) for name in names if not is_system_file(Path(name))]
    return sorted(files)


def open_photo(path):
    """Return a photo as an upright RGB PIL image.

    Transparency becomes white. Values of more than 8 bits are scaled to 0 to 255, and
    then photo.info['scaled'] says from which range.

    Raises an OSError that names the file if it can't be read, whatever the reason.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # it would wait forever
            raise ValueError('not a file')
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # about metadata that we don't use
            with Image.open(path) as stored:
                orientation = _orientation(stored)
                photo = _to_rgb(stored)
        if orientation in _TRANSPOSE:
            info = photo.info
            photo = photo.transpose(_TRANSPOSE[orientation])
            photo.info = info
        return photo
    except Exception as error:  # a damaged file can raise anything
        raise OSError(f'{path}: {_why_unreadable(path, error)}') from error


def _orientation(photo):
    """Return how the camera was held, 1 to 8, or 1 if the metadata is damaged."""
    try:
        return photo.getexif().get(0x0112, 1)
    except Exception:
        return 1


def _to_rgb(image):
    if image.mode.startswith(('I', 'F')):
        values = np.asarray(image).astype(np.float64)
        finite = values[np.isfinite(values)]
        lowest, highest = _range_of(image.mode, finite)  # an error if there are none
        values = np.nan_to_num(values, nan=lowest, posinf=highest, neginf=lowest)
        scaled = (values - lowest) / max(highest - lowest, 1e-12) * 255
        scaled = scaled.round().clip(0, 255).astype(np.uint8)
        photo = Image.fromarray(scaled).convert('RGB')
        photo.info['scaled'] = f'{lowest:g} to {highest:g}'
        return photo

    has_alpha = 'transparency' in image.info or image.mode.endswith(('A', 'a'))
    if not has_alpha:
        return image.convert('RGB')
    straight = {'La': 'LA', 'RGBa': 'RGBA'}  # Pillow converts only to these
    photo = image.convert(straight.get(image.mode, image.mode)).convert('RGBA')
    white = Image.new('RGBA', photo.size, 'white')
    return Image.alpha_composite(white, photo).convert('RGB')


def _range_of(mode, values):
    """Return the values that become black and white.

    Whole numbers go from 0 to the largest number of as many bits as are used, since
    many cameras store 10, 12, or 14 bits in 16. Others have no fixed range, so it's the
    image's own.
    """
    lowest, highest = values.min(), values.max()
    if mode != 'F' and lowest >= 0 and highest < 2**16:
        bits = max(8, int(highest).bit_length())
        return 0, 2**bits - 1
    return lowest, highest


def _why_unreadable(path, error):
    """Return in a few words why a file can't be read as a photo."""
    if isinstance(error, FileNotFoundError):
        return 'there is no such file'
    if isinstance(error, (IsADirectoryError, PermissionError)):
        return error.strerror
    if os.path.exists(path) and not os.path.isfile(path):
        return 'not a file'
    try:
        with open(path, 'rb') as file:
            start = file.read(32)
    except (OSError, ValueError) as problem:
        return getattr(problem, 'strerror', None) or str(problem)
    is_heic = start[4:8] == b'ftyp' and start[8:12] in _HEIC_BRANDS
    if is_heic and not _reads_heic:
        return (
            'HEIC, as iPhones write it, needs the package pillow-heif (pip install '
            'pillow-heif). Or export your photos as JPEG'
        )
    if not start:
        return 'the file is empty'
    if isinstance(error, UnidentifiedImageError):
        return 'not a photo, or damaged' if not is_heic else 'a damaged HEIC file'
    if isinstance(error, Image.DecompressionBombError):
        most = 2 * Image.MAX_IMAGE_PIXELS // 1_000_000
        return f'it has more than {most} megapixels'
    return f'damaged ({" ".join(str(error).split()) or type(error).__name__})'


_HEIC_BRANDS = {b'heic', b'heix', b'hevc', b'hevx', b'heim', b'heis', b'mif1', b'msf1'}
try:
    import pillow_heif

    pillow_heif.register_heif_opener()
    _reads_heic = True
except Exception:  # it isn't installed, or a library that it needs is missing
    _reads_heic = False


def progress(things, unit):
    """Return `things` with a progress bar, on a terminal and in a notebook."""
    in_notebook = 'ipykernel' in sys.modules
    hidden = not (in_notebook or sys.stderr.isatty())
    return tqdm(things, unit=unit, disable=hidden)


# Tables and texts

# What spreadsheets and statistics programs write where there is no value.
_MISSING = {'', 'na', 'n/a', '#n/a', 'nan', 'null', 'none', '.', '-', '?'}


def read_table(path, numbers=(), texts=(), least=1):
    """Return the rows of a CSV file, without those in which a value is missing.

    path: a file whose first line has the names of the columns. They're separated by
        commas, semicolons, or tabs, whichever that line has most of.
    numbers, texts: the names of the columns to read, as numbers or as they are.
    least: how many rows without a missing value the table needs.

    Returns a list of dicts, one for each row: a float for each column of numbers, a str
    for each column of texts.

    Prints how many rows it leaves out because of an empty cell, NA, or the like. Raises
    an OSError that says what's wrong, and in which line, if a column isn't there, if a
    number isn't one, if a row has more cells than there are names, or if there are too
    few rows.
    """
    names, lines = _lines_of_table(path)
    for name in (*numbers, *texts):
        if name not in names:
            similar = difflib.get_close_matches(name, names, n=1)
            hint = f'Did you mean {similar[0]}? ' if similar else ''
            raise OSError(
                f'{path} has no column {name}. {hint}Its columns: {", ".join(names)}'
            )
        if names.count(name) > 1:
            raise OSError(f'{path} has {names.count(name)} columns named {name}')

    rows = []
    missing = collections.Counter()
    for line, cells in lines:
        if any(cell.strip() for cell in cells[len(names) :]):
            raise OSError(
                f'{path}, line {line}: {len(cells)} cells, but the first line has '
                f'{len(names)} names'
            )
        row = {}
        for name in (*numbers, *texts):
            place = names.index(name)
            cell = cells[place].strip() if place < len(cells) else ''
            if cell.lower() in _MISSING:
                missing[name] += 1
            elif name in texts:
                row[name] = cell
            else:
                row[name] = _number(cell, f'{path}, line {line}, column {name}')
        if len(row) == len({*numbers, *texts}):
            rows.append(row)

    if not rows:
        reason = 'in each row, a value is missing' if lines else 'it has no rows'
        raise OSError(f'{path} cannot be used: {reason}')
    _print_once(f'Data: {Path(path).name}, {len(rows)} rows')
    if missing:
        left_out = len(lines) - len(rows)
        counts = ', '.join(f'{name} ({count})' for name, count in missing.items())
        _print_once(
            f'Note: rows left out because a value is missing: {left_out}, '
            f'by column: {counts}'
        )
    if len(rows) < least:
        raise OSError(
            f'{path} has {len(rows)} rows without a missing value, which are too few. '
            f'Use a table of {least} or more'
        )
    return rows


def _lines_of_table(path):
    """Return the names of a CSV file's columns, and a list of (line, its cells)."""
    text = _decoded(Path(path).expanduser())
    first_line = text.lstrip('\n').partition('\n')[0]
    first_line = re.sub('"[^"]*"', '', first_line)  # without the names in quotes
    delimiter = max(',;\t', key=first_line.count)  # the comma if there's none of them
    # strict=True: otherwise a quote that isn't closed would swallow the rows after it.
    table = csv.reader(io.StringIO(text, newline=''), delimiter=delimiter, strict=True)
    try:
        lines = [(table.line_num, cells) for cells in table if cells]
    except csv.Error as error:
        raise OSError(f'{path}, line {table.line_num}: {error}') from error
    names = [name.strip() for name in lines[0][1]]
    return names, lines[1:]


def _number(cell, where):
    """Return a cell's number, or raise an OSError that says where it is."""
    try:
        number = float(cell)
    except ValueError:
        hint = ''
        if re.fullmatch(r'-?[\d.]+,[\d.,]+', cell):
            hint = '. Write numbers like 1234.5, with a decimal point and no comma'
        raise OSError(f'{where}: {cell!r} is not a number{hint}') from None
    if not math.isfinite(number):
        raise OSError(f'{where}: {cell} is not a finite number')
    return number


def read_text(path, least=1):
    """Return the text of a file.

    least: how many characters the text needs.

    Raises an OSError that says what's wrong if the file isn't there, if it isn't text
    in UTF-8, or if it's too short.
    """
    text = _decoded(Path(path).expanduser())
    if len(text) < least:
        raise OSError(
            f'{path} has {len(text):,} characters, which are too few. Use a text of '
            f'{least:,} or more'
        )
    return text


def _decoded(path):
    """Return what a UTF-8 file contains, with \\n at the ends of its lines."""
    if not path.exists():
        raise FileNotFoundError(f'there is no file {path}{did_you_mean(path)}')
    if not path.is_file():
        raise OSError(f'{path} is not a file')
    content = path.read_bytes()
    try:
        text = content.decode('utf-8-sig')  # without the mark that Excel begins with
    except UnicodeDecodeError:
        text = '\0'
    if '\0' in text:
        raise OSError(
            f'{path} is not text in UTF-8. If it is a text or a table, save it as '
            'UTF-8 (in Excel: "CSV UTF-8") and try again'
        )
    if not text.strip():
        raise OSError(f'{path} is empty')
    return text.replace('\r\n', '\n').replace('\r', '\n')


# Pretrained weights


def find_weights(weights, args):
    """Return `weights`, downloaded if necessary, or None if they aren't available.

    weights: a member of one of torchvision's enums, such as
        DenseNet121_Weights.IMAGENET1K_V1. A model built with None has random weights.

    Raises an OSError if the file is damaged.
    """
    file_name = weights.url.rpartition('/')[2]
    path = Path(torch.hub.get_dir(), 'checkpoints', file_name)
    if args.data == 'synthetic' and not path.is_file():
        return _no_weights(weights, '--data synthetic downloads nothing')
    try:
        # This downloads the file and shows that it can be read.
        torch.hub.load_state_dict_from_url(
            weights.url, check_hash=True, map_location='cpu', weights_only=True
        )
    except Exception as error:  # there may be no connection, or the file is damaged
        if path.is_file():
            raise OSError(f'the weights in {path} are damaged, delete them') from error
        return _no_weights(weights, _reason(error))
    return weights


def _no_weights(weights, reason):
    """Print why the weights aren't available, and return None."""
    print(
        f'Note: {weights} are not available: {reason}. The network has random weights '
        'instead, so it can only guess.'
    )
    return None


# Processes


def init_process_group(backend):
    """Join the other processes where torch's init_process_group() alone isn't enough.

    Without torchrun, there are no others to look for, and this process becomes the only
    one, with rank 0.

    The processes exchange their addresses in a store, which torchrun keeps. If a
    process dies, torchrun --max-restarts N starts all of them again, but it keeps the
    store, so the new processes could find the addresses of those that died and wait for
    them forever. Here, the names in the store begin with the number of the restart.
    """
    dist = torch.distributed
    if 'RANK' not in os.environ:
        dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)
        return
    store, rank, world_size = next(dist.rendezvous('env://'))
    restart = os.environ['TORCHELASTIC_RESTART_COUNT']
    store = dist.PrefixStore(f'restart {restart}', store)
    dist.init_process_group(backend, store=store, rank=rank, world_size=world_size)


# Figures


def imshow(image, title='', ax=None, mean=None, std=None):
    """Draw one image and return the axes it's drawn in.

    image: tensor [1 or 3, H, W] or [H, W], on any device.
    mean, std: the numbers it was normalized with, one for all channels or one for each.
        They are undone before drawing, and the values are clamped to 0 to 1. Without
        them, the image's lowest value is drawn black and its highest white.
    """
    import matplotlib.pyplot as plt  # here, because importing it takes long

    height, width = image.shape[-2:]
    image = image.detach().cpu().reshape(-1, height, width)
    if mean is None:
        lowest = image.min()
        image = (image - lowest) / (image.max() - lowest).clamp(min=1e-8)
    else:
        mean = torch.as_tensor(mean).view(-1, 1, 1)
        std = torch.as_tensor(std).view(-1, 1, 1)
        image = (image * std + mean).clamp(0, 1)

    if ax is None:
        figure = plt.figure(figsize=(4, 4))
        ax = figure.gca()
    pixels = image.permute(1, 2, 0).numpy()  # [C, H, W] -> [H, W, C]
    ax.imshow(pixels, cmap='gray', vmin=0, vmax=1)
    ax.set_title(title)
    ax.axis('off')
    return ax


def view_classify(image, ps, classes, title=''):
    """Draw an image next to a bar for the probability of each class.

    image: as in imshow. ps: float tensor [n] or [1, n], the probabilities of the n
    classes. classes: n names.
    """
    import matplotlib.pyplot as plt

    ps = ps.detach().cpu().flatten()  # [1, n] -> [n]
    percents = [f'{p:.0%}' for p in ps.tolist()]
    _, (left, right) = plt.subplots(1, 2, figsize=(7, 3.5))
    imshow(image, title, left)
    bars = right.barh(range(len(ps)), ps.numpy(), color='tab:blue')
    right.bar_label(bars, percents, padding=3, fontsize=8)
    right.set_yticks(range(len(ps)), classes)
    right.invert_yaxis()
    right.set_xlim(0, 1.15)
    right.set_xlabel('probability')


def drawable(text):
    """Return a text that matplotlib can draw: it takes $ for the sign of a formula."""
    return text.encode(errors='replace').decode().replace('$', r'\$')


def view_sheet(images, titles, mean=None, std=None, good=None):
    """Draw up to 16 images in rows of four, each with a title.

    images: tensor [n, 1 or 3, H, W] or a list of tensors. titles: n strings.
    mean, std: as in imshow. good: n bools; a False makes that image's title red.
    """
    import matplotlib.pyplot as plt

    count = min(len(images), 16)
    rows = max(1, math.ceil(count / 4))
    _, axes = plt.subplots(rows, 4, figsize=(8, 2.4 * rows), squeeze=False)
    for ax in axes.flat:
        ax.axis('off')
    for i in range(count):
        ax = axes.flat[i]
        imshow(images[i], ax=ax, mean=mean, std=std)
        title = textwrap.fill(drawable(titles[i]).replace('_', ' '), 22)
        color = 'black' if good is None or good[i] else 'tab:red'
        ax.set_title(title, fontsize=9, color=color)


def show(name):
    """Show the current figure in a window, which stays open until you close it.

    Without a display, or with --figures save, the figure is saved as
    figures/<lesson>_<name>.png instead. With --figures none, it's only closed.
    """
    import matplotlib.pyplot as plt

    figure = plt.gcf()
    figure.set_layout_engine('constrained')
    if _run['synthetic']:
        figure.supxlabel('synthetic data, drawn for the course', size=8, color='gray')

    has_display = plt.get_backend().lower() != 'agg'
    if _run['figures'] == 'show' and has_display:
        plt.show(block=False)
        plt.pause(0.1)  # draws the window now, not at the end of the run
        atexit.register(plt.show)  # keeps the windows open at the end
        return

    if _run['figures'] != 'none':
        path = ROOT / 'figures' / f'{Path(sys.argv[0]).stem}_{name}.png'
        path.parent.mkdir(exist_ok=True)
        figure.savefig(path, dpi=120)
        print(f'Figure: {path}')
    plt.close(figure)
