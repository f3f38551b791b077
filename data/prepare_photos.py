"""
From your photos to folders that the lessons can read
=====================================================

A lesson shouldn't have to guess what's in a folder. So we clean the photos once, here.
Each file is opened, turned upright, converted to RGB, and made smaller, and the photos
of each class are split into those to train with and those to test with.

Run: python data/prepare_photos.py MY_PHOTOS  (with a folder of photos for each class)
     python data/prepare_photos.py --download  (the Oxford-IIIT Pet dataset, 800 MB)
It writes MY_PHOTOS_prepared (or data/Cat_Dog_data, or the folder that --out names) with
train/NAME/ and test/NAME/, and prints what it used, what it left out, and why.

A fifth of each class is for testing, and at least one photo. Which ones depends only on
what the photos show, so you get the same split again. A photo that's there twice is
used once. Near copies (smaller, mirrored, or compressed again) stay on the same side,
because a network that has seen a copy of a test photo isn't tested by it. If MY_PHOTOS
has folders such as train/ and val/, the photos stay on the side they are on.
"""

import argparse
import errno
import hashlib
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import helper

SIZE = 512  # pixels of the longer side; the lessons crop to 224 or less
LEAST_TRAINED = 20  # photos of a class, below which we warn
NEAR_COPY = 0.97  # correlation. Copies had 0.99 or more, different photos 0.83 or less
SIDES = {  # words in the names that people give them, in lower case
    'train': {'train', 'training', 'trainset', 'trainingset', 'traindata'},
    'valid': {'val', 'valid', 'validation', 'validset', 'validationset', 'dev'},
    'test': {'test', 'testing', 'testset', 'testingset', 'testdata'},
}


@dataclass(eq=False)
class Photo:
    """A photo that was read: `file` has the cleaned one, until it's moved."""

    path: Path
    label: str
    side: str | None  # 'train' or 'test', if it's on a side already
    checksum: str
    thumbnail: np.ndarray
    file: Path


# Which files there are


def find_sides(source):
    """Return {folder: side} if the folders of `source` are sides, and {} otherwise.

    A side is 'train', 'test', or None, which means that we split it.
    """
    folders = {}
    for folder in visible_folders(source):
        words = re.findall('[a-z]+', folder.name.lower())
        for side, names in SIDES.items():
            if names.intersection(words) and len(words) < 3:
                folders[folder] = side
    sides = set(folders.values())
    if len(sides) < 2:
        alone = len(visible_folders(source)) == 1
        return {folder: None for folder in folders} if alone else {}
    if 'train' not in sides:
        return {
            folder: 'train' if side == 'valid' else 'test'
            for folder, side in folders.items()
        }
    if 'test' not in sides:  # then the validation photos are what we test with
        return {
            folder: 'train' if side == 'train' else 'test'
            for folder, side in folders.items()
        }
    # The lessons set validation photos aside themselves, from those to train with.
    return {
        folder: 'test' if side == 'test' else 'train'
        for folder, side in folders.items()
    }


def descended(folder):
    """Return the folder that the classes are in, if it's the only thing in this one."""
    inside = [path for path in folder.iterdir() if not helper.is_system_file(path)]
    if len(inside) == 1 and inside[0].is_dir() and len(visible_folders(inside[0])) > 1:
        print(f'The classes are taken from {inside[0]}')
        return inside[0]
    return folder


def tell_shared_folders(classes):
    """Print it if these folders may not be the classes.

    classes: {name: folders}. If several have the same subfolders and no photos beside
    them, such as images/cat and labels/cat, or cat/train and dog/train, they may be
    something else.
    """
    known = {}
    for name, folders in classes.items():
        names = set()
        for folder in folders:
            visible = [x for x in folder.iterdir() if not helper.is_system_file(x)]
            if all(path.is_dir() for path in visible):
                names.update(path.name for path in visible)
        for other, other_names in known.items():
            shared = sorted(names & other_names)
            if len(shared) > 1:
                print(
                    f'Note: {other}/ and {name}/ both have the folders '
                    f'{listed(shared)}. The outer folders are taken for the classes, '
                    'with all photos that are inside of them'
                )
                return
        known[name] = names


def visible_folders(folder):
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_dir() and not helper.is_system_file(path)
    ]


def find_files(source):
    """Return ({class: [(path, side)]}, [files that are in no class]) of `source`.

    The name of a class is the name of its folder, in Unicode's composed form, because
    macOS writes an accented letter as two.
    """
    source = descended(source)
    sides = find_sides(source)
    hidden = [path.name for path in source.iterdir() if path.name.startswith('.')]
    hidden = sorted(name for name in hidden if (source / name).is_dir())
    if hidden:
        print(f'Not looked at, because hidden: {listed(hidden)}')
    for folder, side in sides.items():
        used = f'to {side} with' if side else 'split, because there is no other side'
        print(f'{folder.name}/: {used}')
    tops = {descended(folder): side for folder, side in sides.items()}
    tops = tops or {source: None}
    elsewhere = []
    if sides:
        for folder in visible_folders(source):
            if folder not in sides:
                elsewhere += helper.files_in(folder)

    classes = {}
    folders_of = {}
    for top, side in tops.items():
        for folder in visible_folders(top):
            name = unicodedata.normalize('NFC', folder.name)
            folders_of.setdefault(name, []).append(folder)
            files = [(path, side) for path in helper.files_in(folder)]
            classes.setdefault(name, []).extend(files)
    tell_shared_folders(folders_of)
    for top in sorted({source, *tops}):
        for path in sorted(top.iterdir()):
            if path.is_file() and not helper.is_system_file(path):
                elsewhere.append(path)
    return classes, elsewhere


# Reading


def read(classes, folder):
    """Return ([Photo], [what is left out, as text], Counter of the reasons).

    The cleaned photos are in `folder`, each under its checksum.
    """
    tasks = [
        (path, name, side)
        for name, files in classes.items()
        for path, side in sorted(files, key=lambda file: (file[1] or '', file[0]))
    ]
    tasks.sort(key=lambda task: task[2] != 'test')  # a copy to train with is left out
    photos = {}
    left_out = []
    reasons = Counter()
    scaled = []
    for path, name, side in helper.progress(tasks, 'photo'):
        try:
            image = helper.open_photo(path)
        except OSError as error:
            left_out.append(str(error))
            reasons['HEIC' if 'HEIC' in str(error) else 'unreadable'] += 1
            continue
        if 'scaled' in image.info:
            scaled.append(f'{path} ({image.info["scaled"]})')
        image.thumbnail((SIZE, SIZE))
        checksum = hashlib.sha256(image.tobytes()).hexdigest()
        if checksum in photos:
            first = photos[checksum]
            doubt = '' if first.label == name else ' (so one of the labels is wrong)'
            left_out.append(f'{path}: it shows the same as {first.path}{doubt}')
            reasons['the same as another'] += 1
            continue
        file = folder / f'{checksum}.jpg'
        image.info.clear()  # metadata isn't needed, and it may be damaged
        image.save(file, quality=95)
        photos[checksum] = Photo(path, name, side, checksum, thumbnail(image), file)
    if scaled:
        print(
            f'Scaled to 0 to 255, because they have more than 8 bits: {listed(scaled)}'
        )
    return list(photos.values()), left_out, reasons


def thumbnail(image):
    """Return 24 x 24 RGB values with mean 0 and length 1, float32 [24, 24, 3].

    The product of two of them is their correlation. It's all zeros for a photo of one
    color, which is like no other.
    """
    small = image.resize((24, 24), Image.Resampling.BILINEAR)
    values = np.asarray(small, dtype=np.float32)
    values = values - values.mean()
    length = np.linalg.norm(values)
    return values / length if length > 1 else np.zeros_like(values)


def group_near_copies(photos):
    """Return lists of photos: near copies, also mirrored ones, are in the same list."""
    if not photos:
        return []
    thumbnails = np.stack([photo.thumbnail for photo in photos])
    mirrored = thumbnails[:, :, ::-1].reshape(len(photos), -1)
    thumbnails = thumbnails.reshape(len(photos), -1)
    group_of = list(range(len(photos)))

    def first(number):
        while group_of[number] != number:
            number = group_of[number]
        return number

    rows = 500  # at a time, because all pairs at once would take much memory
    for start in range(0, len(photos), rows):
        some = thumbnails[start : start + rows]
        likeness = np.maximum(some @ thumbnails.T, some @ mirrored.T)
        for row, column in np.argwhere(likeness > NEAR_COPY):
            one, other = first(start + int(row)), first(int(column))
            group_of[max(one, other)] = min(one, other)

    groups = {}
    for number, photo in enumerate(photos):
        groups.setdefault(first(number), []).append(photo)
    return list(groups.values())


# The split


def split(photos, groups):
    """Give each photo a side; return those that have to be left out, with the reason.

    Photos that are on a side already stay there, but those to train with that are near
    copies of one to test with are left out.
    """
    left_out = []
    new_groups = []
    for group in groups:
        sides = {photo.side for photo in group}
        if 'test' in sides and 'train' in sides:
            tested = next(photo for photo in group if photo.side == 'test')
            for photo in group:
                if photo.side == 'train':
                    left_out.append((photo, f'a near copy of {tested.path}'))
        if sides == {None}:
            new_groups.append(group)

    wanted = Counter(photo.label for group in new_groups for photo in group)
    wanted = {label: max(1, count // 5) for label, count in wanted.items()}
    tested = Counter()
    new_groups.sort(key=lambda group: min(photo.checksum for photo in group))
    for group in new_groups:
        counts = Counter(photo.label for photo in group)
        has_room = all(
            tested[label] + count <= wanted[label] for label, count in counts.items()
        )
        for photo in group:
            photo.side = 'test' if has_room else 'train'
        if has_room:
            tested += counts

    for label in wanted:  # all of its groups may have been too large
        own = []
        for group in new_groups:
            if label in {photo.label for photo in group}:
                own.append(group)
        if not tested[label] and len(own) > 1:
            smallest = min(own, key=len)
            for photo in smallest:
                photo.side = 'test'
            tested += Counter(photo.label for photo in smallest)
    return left_out


def without_empty_classes(photos, names):
    """Return (the photos of the classes that can be used, [why others can't])."""
    counts = Counter((photo.label, photo.side) for photo in photos)
    problems = []
    usable = set()
    for name in names:
        train, test = counts[name, 'train'], counts[name, 'test']
        if train and test:
            usable.add(name)
        elif train + test == 0:
            problems.append(f'class {name}: it has no photo that can be used')
        elif train + test == 1:
            problems.append(
                f'class {name}: it has one photo, and it takes two or more, one to '
                'train with and one to test with'
            )
        elif train == 0:
            problems.append(f'class {name}: it has no photo to train with')
        else:
            problems.append(
                f'class {name}: it has no photo to test with (near copies count as one)'
            )
    return [photo for photo in photos if photo.label in usable], problems


# The program


def prepare(source, out):
    """Write the photos of `source`, cleaned, to the new folder `out` (both Paths).

    Raises an OSError that names all problems at once if there are any: no such source,
    fewer than two classes with photos, or a place where `out` can't be written.
    """
    check(source, out)
    classes, elsewhere = find_files(source)
    left_out = [f'{path}: it is not in the folder of a class' for path in elsewhere]
    parts = out.with_name(f'.{out.name[:200]}.part')
    if parts.exists():
        if time.time() - parts.stat().st_mtime < 60:
            raise OSError(
                f'another run seems to be writing {out}. Wait for it, or if it was '
                'killed, try again in a minute'
            )
        shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir()
    try:
        photos, unreadable, reasons = read(classes, parts)
        left_out += unreadable
        reasons['in no class'] = len(elsewhere)

        groups = group_near_copies(photos)
        copies = split(photos, groups)
        left_out += [f'{photo.path}: {reason}' for photo, reason in copies]
        reasons['a near copy of a test photo'] = len(copies)
        gone = {photo for photo, _ in copies}
        photos = [photo for photo in photos if photo not in gone]
        tell_near_copies(groups, gone)

        usable, problems = without_empty_classes(photos, classes)
        left_out += problems
        reasons['in a class left out'] = len(photos) - len(usable)
        photos = usable
        for line in left_out:
            print(f'Left out: {line}')

        names = sorted({photo.label for photo in photos})
        if len(names) < 2:
            found = f'only one class, {names[0]},' if names else 'no class'
            raise OSError(
                f'{source} has {found} that can be used, and a classifier needs two. '
                'Make a folder for each class, with its photos in it'
                + ''.join(f'; {problem}' for problem in problems)
            )
        write(photos, parts / 'tree')
        os.replace(parts / 'tree', out)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(
            f'No space left for {out}. Name a folder on another disk with --out'
        ) from error
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    report(photos, reasons, out)


def check(source, out):
    """Raise an OSError with all problems that can be seen before the work."""
    problems = []
    if not source.exists():
        problems.append(f'there is no folder {source}{helper.did_you_mean(source)}')
    elif not source.is_dir():
        problems.append(
            f'{source} is a file, not a folder. If it is an archive, unpack it first'
        )
    elif {'train', 'test'} <= {path.name for path in source.iterdir()} and (
        source.name.endswith('_prepared')
    ):
        problems.append(f'{source} is prepared already: --data-dir "{source}"')
    if source in out.parents:
        problems.append(f'{out} is inside of {source}. Name another folder with --out')
    if out.exists():
        problems.append(
            f'{out} is there already. Remove it, or name another folder with --out'
        )
    else:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=out.parent):
                pass
        except OSError as error:
            problems.append(
                f'cannot write to {out.parent} ({error.strerror}); name another folder '
                'with --out'
            )
    if problems:
        raise OSError('; '.join(problems))


def write(photos, tree):
    """Move the cleaned photos to tree/SIDE/CLASS/NAME_CHECKSUM.jpg."""
    for photo in photos:
        # No system allows names of more than 255 bytes.
        stem = os.fsdecode(os.fsencode(photo.path.stem)[:150])
        target = tree / photo.side / photo.label / f'{stem}_{photo.checksum[:8]}.jpg'
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(photo.file, target)


def tell_near_copies(groups, gone):
    """Print which photos were kept together."""
    together = []
    for group in groups:
        names = [photo.path.name for photo in group if photo not in gone]
        if len(names) > 1:
            together.append(' and '.join(names[:2]))
    if together:
        print(f'Near copies kept on one side ({len(together)}): {listed(together)}')


def listed(texts, most=3):
    """Return the first texts, and how many more there are."""
    text = ', '.join(texts[:most])
    return f'{text}, and {len(texts) - most} more' if len(texts) > most else text


def report(photos, reasons, out):
    """Print the counts, what is few, and what no skill at all would get right."""
    counts = Counter((photo.label, photo.side) for photo in photos)
    names = sorted({photo.label for photo in photos})
    for name in names:
        train, test = counts[name, 'train'], counts[name, 'test']
        few = ' (few; some dozens make it reliable)' if train < LEAST_TRAINED else ''
        print(f'{name}: {train} to train with, {test} to test with{few}')

    reasons = {reason: count for reason, count in reasons.items() if count}
    missing = sum(reasons.values())
    why = ', '.join(f'{count} {reason}' for reason, count in reasons.items())
    print(
        f'{len(photos) + missing} files: {len(photos)} used, {missing} left out'
        + (f' ({why})' if why else '')
    )
    tested = [counts[name, 'test'] for name in names]
    share = max(tested) / sum(tested)
    print(f'Always the largest class: {share:.1%} of the test photos')
    trained = sum(counts[name, 'train'] for name in names)
    if trained < helper.FEWEST_PHOTOS:
        print(
            f'These are too few: the lessons need {helper.FEWEST_PHOTOS} or more '
            'photos to train with'
        )
    else:
        print(f'It is ready: --data-dir "{out}"')


def download(folder):
    """Fetch the Oxford-IIIT Pet dataset into folder/train and folder/test.

    Source: https://www.robots.ox.ac.uk/~vgg/data/pets/
    """
    from torchvision.datasets import OxfordIIITPet

    socket.setdefaulttimeout(10)  # a server that is silent for longer is not there
    print('Downloading photos (800 MB) ...', flush=True)
    for side, part in (('train', 'trainval'), ('test', 'test')):
        pets = OxfordIIITPet(folder, part, 'binary-category', download=True)
        for path, label in zip(pets._images, pets._bin_labels):
            target = folder / side / pets.bin_classes[label].lower() / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)
    shutil.rmtree(folder / 'oxford-iiit-pet', ignore_errors=True)


def folder_named(text):
    """Return the path of an option; ~ is the home folder, also in --out=~/x."""
    path = Path(os.path.abspath(os.path.expanduser(text)))
    if not text or not path.name:
        raise argparse.ArgumentTypeError(f'{text!r} is not the name of a folder')
    return path


def main():
    parser = argparse.ArgumentParser(
        usage=argparse.SUPPRESS, description=__doc__.split('\n')[1]
    )
    add = parser.add_argument
    add('source', nargs='?', type=folder_named, help='with a folder for each class')
    add('--download', action='store_true', help='photos of cats and dogs')
    add('--out', type=folder_named, help='a folder that is not there yet')
    args = parser.parse_args()
    helper.print_any_name()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C
    if (args.source is None) != args.download:
        parser.error('name a folder of photos, or --download')
    if args.source:
        out = args.out or args.source.with_name(f'{args.source.name}_prepared')
        prepare(args.source, out)
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
