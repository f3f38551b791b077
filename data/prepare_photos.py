"""
From a folder of photos to a clean tree that the lessons can read
=================================================================

A lesson should not have to guess what lies in a folder. So photos are cleaned once,
here: every file is opened, turned upright, made RGB and shrunk to 512 pixels, and each
class is split into photos to train with and photos to test with.

Run: python data/prepare_photos.py MY_PHOTOS  (a folder for each class, photos in it)
     python data/prepare_photos.py --download  (the Oxford-IIIT Pet set, 800 MB)
It writes MY_PHOTOS_prepared or data/Cat_Dog_data, or the folder that --out names, with
train/NAME/ and test/NAME/, and prints how many photos there are of each class.

A fifth of each class is for testing, at least one photo, chosen by a checksum of what
the photo shows. A photo that is there twice is taken once. If MY_PHOTOS has train/ and
test/ already, photos stay on the side on which they are.
"""

import argparse
import hashlib
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import helper

SIZE = 512  # pixels of the longer side; the lessons crop to 224 or less


def prepare(source, out):
    """Write the photos of `source`, cleaned, to the new folder `out` (both Paths).

    Raises OSError if there is no such source, if it has fewer than two classes, if one
    of them has fewer than two photos that can be read, or if `out` is there already.
    """
    if out.exists():
        raise FileExistsError(
            f'{out} is there already. Remove it, or name another folder with --out'
        )
    if not source.is_dir():
        raise FileNotFoundError(f'{source} is no folder')
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix='prepare-') as folder:
        classes = clean(source, Path(folder))
        if len(classes) < 2:
            raise OSError(
                f'{source} has photos of {len(classes)} class(es) and needs '
                'two or more: a folder for each, with its photos in it'
            )
        tree = Path(folder, 'tree')
        for name, photos in classes.items():
            split(name, photos, tree)
        os.replace(tree, out)
    report(out)


def clean(source, folder):
    """Return {class: [(checksum, side or None, name)]}; say what is left out.

    The cleaned photos lie in `folder`, each under its checksum.
    """
    sides = [side for side in ('test', 'train') if (source / side).is_dir()]
    sides = sides if len(sides) == 2 else [None]
    classes, seen = {}, {}
    for side in sides:
        top = source / side if side else source
        for path in sorted(top.glob('*/**/*')):
            parts = path.relative_to(top).parts
            if path.is_dir() or any(part.startswith('.') for part in parts):
                continue  # macOS's `._` files, folders of thumbnails
            try:
                photo = helper.open_photo(path)
            except OSError as error:
                print(f'Left out: {error}')
                continue
            photo.thumbnail((SIZE, SIZE))
            checksum = hashlib.sha256(photo.tobytes()).hexdigest()
            if checksum in seen:
                print(f'Left out: {path} shows the same as {seen[checksum]}')
                continue
            seen[checksum] = path
            photo.save(folder / f'{checksum}.jpg', quality=95)
            classes.setdefault(parts[0], []).append((checksum, side, path.stem))
    return classes


def split(name, photos, tree):
    """Move the photos of one class to tree/train/NAME and tree/test/NAME."""
    if len(photos) < 2:
        raise OSError(
            f"class '{name}' has one photo that can be read, it needs two or "
            'more: one to train with and one to test with'
        )
    tests = max(1, len(photos) // 5)
    for number, (checksum, side, stem) in enumerate(sorted(photos)):
        side = side or ('test' if number < tests else 'train')
        target = tree / side / name / f'{stem}_{checksum[:8]}.jpg'
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(tree.parent / f'{checksum}.jpg', target)
    missing = [side for side in ('train', 'test') if not (tree / side / name).is_dir()]
    if missing:
        raise OSError(f"class '{name}' has no photo in {missing[0]}/")


def report(out):
    """Print the counts, what is small, and what no skill at all would score."""
    counts = {}
    for folder in sorted((out / 'train').iterdir()):
        train, test = (
            len(list((out / side / folder.name).iterdir()))
            for side in ('train', 'test')
        )
        counts[folder.name] = test
        print(
            f'{folder.name}: {train} to train, {test} to test'
            + ' (few: a few dozen make it reliable)' * (train < 20)
        )
    print(
        f'Always naming the largest class gets '
        f'{max(counts.values()) / sum(counts.values()):.1%} right'
    )
    print(f'It is ready: --data-dir "{out}"')


def download(folder):
    """Fetch the Oxford-IIIT Pet set, and lay it out in folder/train and folder/test.

    Source: https://www.robots.ox.ac.uk/~vgg/data/pets/
    """
    from torchvision.datasets import OxfordIIITPet

    socket.setdefaulttimeout(10)  # a server that is silent for longer is not there
    print('Downloading photos (800 MB) ...', flush=True)
    for side, split in (('train', 'trainval'), ('test', 'test')):
        pets = OxfordIIITPet(folder, split, 'binary-category', download=True)
        for path, label in zip(pets._images, pets._bin_labels):
            target = folder / side / pets.bin_classes[label].lower() / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)


def main():
    parser = argparse.ArgumentParser(
        usage=argparse.SUPPRESS, description=__doc__.split('\n')[1]
    )
    parser.add_argument('source', nargs='?', type=Path, help='a folder per class')
    parser.add_argument('--download', action='store_true', help='cats and dogs')
    parser.add_argument('--out', type=Path, help='a folder that is not there yet')
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C
    if (args.source is None) != args.download:
        parser.error('name a folder of photos, or --download')
    if args.source:
        source = args.source.resolve()
        prepare(source, args.out or source.with_name(f'{source.name}_prepared'))
        return
    out = args.out or ROOT / 'data' / 'Cat_Dog_data'
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix='download-') as folder:
        download(Path(folder))
        prepare(Path(folder), out)


if __name__ == '__main__':
    try:
        main()
    except (OSError, RuntimeError, KeyboardInterrupt) as error:
        text = ' '.join(str(error).split())
        sys.exit(f'{type(error).__name__}: {text}' if text else 'stopped')
