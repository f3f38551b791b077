"""
The finished program: a classifier for your own photos
======================================================

New here: a whole program. Everything is in functions, the photos are read by a Dataset
of our own, the features are kept on disk, and each folder of photos gets a model of its
own, which predicts what is in new photos.

Before: 20_1_fine_tuning.py  Next: 25_text.py
Notes: notes/transfer_learning.md
Run: python codes/21_full_transfer_learning.py
     python codes/21_full_transfer_learning.py --data-dir MY_PHOTOS_PREPARED
     python codes/21_full_transfer_learning.py --predict PHOTO_OR_FOLDER...
It ends with the test accuracy, or with what is in the photos.
"""
import argparse
import contextlib
import copy
import csv
import datetime
import glob
import hashlib
import os
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split
from torchvision import datasets, models

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

WEIGHTS = models.DenseNet121_Weights.IMAGENET1K_V1
TRANSFORM = WEIGHTS.transforms()
FOLDER = helper.ROOT / 'checkpoints'


# %% A Dataset of photos
# A Dataset needs two methods: how many examples there are, and what the example at an
# index is. A photo is read and transformed when the DataLoader asks for it, so only one
# batch of photos is in memory at a time.
class PhotoDataset(Dataset):
    def __init__(self, paths):
        self.paths = paths

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        photo = helper.open_photo(self.paths[index])
        return TRANSFORM(photo)  # float32 [3, 224, 224]


# %% The backbone
# As in lesson 20, DenseNet121 without its last layer turns a photo into 1024 features.
# Two settings make it faster, and lesson 23_1 is about them: channels_last, the order
# in which the values are stored, and 16-bit floats, where the processor is made for
# them.
def make_backbone(found_weights, args):
    torch.manual_seed(args.seed)  # in case the weights are random
    backbone = models.densenet121(weights=found_weights)
    backbone.classifier = nn.Identity()
    backbone.eval()
    return backbone.to(args.device, memory_format=torch.channels_last)


def has_bfloat16(device):
    if device.type == 'cuda':
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == 'cpu' and hasattr(torch.cpu, 'get_capabilities'):  # not in 2.6
        return torch.cpu.get_capabilities().get('avx512_bf16', False)
    return False


def features_of(images, backbone, device):
    """Return the features, float32 [n, 1024] on the CPU, of images [n, 3, 224, 224]."""
    images = images.to(device, memory_format=torch.channels_last)
    use_bfloat16 = has_bfloat16(device)
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, use_bfloat16):
        features = backbone(images)
    return features.float().cpu()


def compute_features(paths, found_weights, args):
    backbone = make_backbone(found_weights, args)
    loader = DataLoader(PhotoDataset(paths), batch_size=32, num_workers=args.workers)
    all_features = []
    for images in helper.progress(loader, 'batch'):
        all_features.append(features_of(images, backbone, args.device))
    return torch.cat(all_features)


# %% Keep the features
# Computing the features takes most of the time, so we keep them. They may only be used
# again if the photos, the transform, and the weights are the same as before. Next to
# the features, we save what they were computed from, and compare.
def load_features(folder, found_weights, args):
    """Return a TensorDataset of the features and labels of an ImageFolder's photos."""
    paths = [path for path, label in folder.samples]
    files = []
    for path in paths:
        files.append((path, os.path.getsize(path), os.path.getmtime(path)))
    weights_or_seed = str(found_weights) if found_weights else args.seed
    made_from = [files, repr(TRANSFORM), weights_or_seed]

    root = Path(folder.root)
    path = FOLDER / f'21_features_{name_of(root.parent)}_{root.name}.pth'
    try:
        kept = torch.load(path, map_location='cpu', weights_only=True)
        is_the_same = kept['made_from'] == made_from
    except Exception:  # there is none yet, or it's damaged in one of many ways
        is_the_same = False
    if not is_the_same:
        features = compute_features(paths, found_weights, args)
        kept = {'made_from': made_from, 'features': features}
        try:
            save(kept, path)
        except OSError as error:
            print(f'Note: the features are not kept for the next run: {error}')
    return TensorDataset(kept['features'], torch.tensor(folder.targets))


def name_of(root):
    """Return a name for the files that belong to a folder of photos.

    Two folders can have the same name, so some digits of a hash of its path follow. The
    synthetic photos must not be taken for yours.
    """
    root = Path(os.path.realpath(root))
    if helper.SYNTHETIC.resolve() in root.parents:
        return 'synthetic'
    digits = hashlib.sha256(os.fsencode(root)).hexdigest()[:6]
    return f'{root.name}-{digits}'


def save(what, path):
    """Save to another file first, so that a run that's stopped leaves no half file."""
    part = path.with_name(f'{path.name}.part')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(what, part)
        os.replace(part, path)
    except (OSError, RuntimeError) as error:  # torch.save raises both
        part.unlink(missing_ok=True)
        reason = getattr(error, 'strerror', None) or 'the disk may be full'
        raise OSError(f'cannot write {path}: {reason}') from error


# %% Train the classifier
# This is lesson 16's training: a fifth of the photos is for validation, and we keep the
# weights of the epoch with the lowest validation loss.
def new_classifier(classes):
    return nn.Sequential(nn.Linear(1024, 256), nn.ReLU(), nn.Dropout(0.2),
                         nn.Linear(256, len(classes)))


def train(model, trainset, criterion, args):
    device = args.device
    trainset, validset = random_split(trainset, [0.8, 0.2])
    print(f'{len(trainset)} photos to train, {len(validset)} to validate')
    trainloader = DataLoader(trainset, batch_size=32, shuffle=True)
    validloader = DataLoader(validset, batch_size=256)
    optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)

    lowest_loss = float('inf')
    best_weights = copy.deepcopy(model.state_dict())
    for epoch in range(args.epochs):
        model.train()
        for features, labels in trainloader:
            features, labels = features.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(features)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()

        valid_loss, _ = evaluate(model, validloader, criterion, device)
        print(f'Epoch {epoch + 1}/{args.epochs}  valid loss {valid_loss:.3f}')
        if valid_loss < lowest_loss:
            lowest_loss = valid_loss
            best_weights = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_weights)


def evaluate(model, loader, criterion, device):
    """Return the mean loss and the predicted classes, int64 [n]."""
    total_loss = 0
    all_predicted = []
    model.eval()
    with torch.no_grad():
        for features, labels in loader:
            features, labels = features.to(device), labels.to(device)
            output = model(features)
            total_loss += criterion(output, labels) * len(labels)
            all_predicted.append(output.argmax(dim=1).cpu())
    mean_loss = total_loss.item() / len(loader.dataset)
    return mean_loss, torch.cat(all_predicted)


# %% Look at the results
# The first figure is the confusion matrix: a row for each true class, a column for each
# predicted one, and in each cell, how many test photos there are. The second figure
# shows photos, mistakes first. (Sometimes it's the label that is wrong.)
def show_confusion(classes, labels, predicted):
    n = len(classes)
    cells = labels * n + predicted  # a number from 0 to n * n - 1 for each pair
    counts = torch.bincount(cells, minlength=n * n).view(n, n)
    shares = counts / counts.sum(dim=1, keepdim=True)

    size = 3 + min(n / 2, 7)  # inches
    ax = plt.figure(figsize=(size, size)).gca()
    ax.imshow(shares.numpy(), cmap='Blues', vmin=0, vmax=1.5)
    for row, column in counts.nonzero().tolist():  # zeros stay empty
        count = counts[row, column].item()
        ax.text(column, row, count, ha='center', va='center')
    names = [helper.drawable(name) for name in classes]
    ax.set_xticks(range(n), names, rotation=90)
    ax.set_yticks(range(n), names)
    ax.tick_params(labelsize=10 if n < 15 else 6)
    ax.set(xlabel='predicted class', ylabel='true class', title='test photos')
    helper.show('confusion')


def show_photos(paths, classes, labels, predicted):
    is_right = predicted == labels
    order = torch.argsort(is_right.int(), stable=True)  # False comes before True
    shown = order[:16].tolist()
    photos = PhotoDataset([paths[i] for i in shown])
    images = [photos[i] for i in range(len(photos))]
    titles = []
    for i in shown:
        predicted_name = classes[predicted[i]]
        label_name = classes[labels[i]]
        titles.append(f'predicted {predicted_name}, labeled {label_name}')
    helper.view_sheet(images, titles, TRANSFORM.mean, TRANSFORM.std, is_right[shown])
    helper.show('photos')


# %% From a folder of photos to a model
# Now the parts are put together. The model is saved with all that it takes to use it,
# and with when it was trained and on which photos.
def train_on_folder(args):
    root = Path(os.path.realpath(helper.find_photos(args)))
    path = args.model or FOLDER / f'21_model_{name_of(root)}.pth'
    check_place(path)  # now, and not after the training
    found_weights = helper.find_weights(WEIGHTS, args)
    train_folder = datasets.ImageFolder(root / 'train')
    test_folder = datasets.ImageFolder(root / 'test')
    classes = train_folder.classes
    trainset = load_features(train_folder, found_weights, args)
    testset = load_features(test_folder, found_weights, args)

    torch.manual_seed(args.seed)
    model = new_classifier(classes).to(args.device)
    criterion = nn.CrossEntropyLoss()
    train(model, trainset, criterion, args)

    testloader = DataLoader(testset, batch_size=256)
    _, predicted = evaluate(model, testloader, criterion, args.device)
    labels = testset.tensors[1]
    correct = (predicted == labels).sum().item()
    largest = labels.bincount().max().item()
    print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} '
          f'photos (always the largest class: {largest / len(testset):.1%})')

    save({'classes': classes, 'weights': str(found_weights), 'seed': args.seed,
          'state_dict': model.state_dict(), 'photos': root.name,
          'trained': datetime.date.today().isoformat()}, path)
    print(f'Checkpoint: {path}')
    paths = [path for path, label in test_folder.samples]
    show_confusion(classes, labels, predicted)
    show_photos(paths, classes, labels, predicted)


def check_place(path):
    if path.is_dir():
        raise OSError(f'--model {path} is a folder. Name a file in it')
    if path.exists() and path.suffix not in ('.pth', '.pt'):
        raise OSError(f'--model {path} is there already, and not a model')
    with contextlib.suppress(OSError):  # what is in the way is told below
        path.parent.mkdir(parents=True, exist_ok=True)
    check_folder(path, 'To save the model elsewhere, use --model FILE')


def check_folder(path, advice):
    """Raise an OSError if no file can be written where this one is to be."""
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OSError(f'cannot write {path}: {error.strerror}. {advice}') from error


# %% Choose a model
# With --data-dir, it's the model of these photos, otherwise the newest one, and the one
# of the synthetic photos only if there's no other.
def find_model(args):
    """Return (path, what was saved, the classifier), or end the program."""
    root = helper.SYNTHETIC if args.data == 'synthetic' else args.data_dir.expanduser()
    if args.model:
        path = args.model
    elif os.path.realpath(root) == os.path.realpath(helper.ROOT / 'data'):
        path = newest_model()
    else:
        if (root / 'Cat_Dog_data').is_dir():
            root = root / 'Cat_Dog_data'
        path = FOLDER / f'21_model_{name_of(root)}.pth'

    if args.data == 'synthetic' and not args.model and not path.is_file():
        path = newest_model()

    if path is None or not path.is_file():
        sys.exit(f'There is no model {path or "yet"}. Train one first: '
                 'python codes/21_full_transfer_learning.py --data-dir YOUR_PHOTOS')
    try:
        kept = torch.load(path, map_location='cpu', weights_only=True)
        classifier = new_classifier(kept['classes'])
        classifier.load_state_dict(kept['state_dict'])
        args.seed = kept['seed']
        print(f'Model: {kept["photos"]}, {len(kept["classes"])} classes, trained '
              f'{kept["trained"]} ({path.name})')
    except PermissionError as error:
        sys.exit(f'{path} cannot be read: {error.strerror}')
    except Exception as error:  # damaged files fail in many ways
        reason = ' '.join(str(error).split())[:80] or type(error).__name__
        sys.exit(f'{path} is damaged, or not a model of this program ({reason}). '
                 'Train again, or name another one with --model')
    return path, kept, classifier.to(args.device)


def newest_model():
    paths = list(FOLDER.glob('21_model_*.pth'))
    real = [path for path in paths if path.stem != '21_model_synthetic']
    return max(real or paths, key=os.path.getmtime, default=None)


# %% Predict new photos
# You only find out that a file isn't a photo when you open it. One such file must not
# end the program when the other thousand are fine, so this Dataset returns the error
# instead of raising it.
class NewPhotos(PhotoDataset):
    def __getitem__(self, index):
        try:
            return self.paths[index], super().__getitem__(index), None
        except OSError as error:
            return self.paths[index], None, str(error)
        except Exception as error:  # such as MemoryError, for a photo that is too long
            path = self.paths[index]
            return path, None, f'{path}: {type(error).__name__}: {error}'


def predict(args):
    """Print the most probable classes of each photo; return how many had none."""
    if args.csv:
        check_folder(args.csv, 'Name another file with --csv')
    path, kept, classifier = find_model(args)
    classes = kept['classes']
    found_weights = helper.find_weights(WEIGHTS, args)
    if str(found_weights) != kept['weights']:
        sys.exit(f'{path} was trained with the weights {kept["weights"]}')
    classifier.eval()
    backbone = make_backbone(found_weights, args)

    photos = NewPhotos(find_files(args.predict))
    table = []
    loader = DataLoader(photos, batch_size=32, collate_fn=list,
                        num_workers=args.workers)
    unreadable = 0
    for batch in loader:
        images = [image for _, image, error in batch if error is None]
        if images:
            features = features_of(torch.stack(images), backbone, args.device)
            with torch.no_grad():
                output = classifier(features.to(args.device))
            rows = iter(torch.softmax(output, dim=1).cpu())  # [n, classes]
        for file, _, error in batch:
            if error is not None:
                unreadable += 1
                print(error)
                table.append([file, '', '', error])
                continue
            ps = next(rows)
            best = ps.argsort(descending=True)[:3]
            answers = [f'{classes[i]} {ps[i]:.1%}' for i in best]
            print(f'{file}: {", ".join(answers)}', flush=True)
            table.append([file, classes[best[0]], f'{ps[best[0]]:.4f}', ''])
    if args.csv:
        write_table(table, args.csv)
    print(f'{len(photos)} files, {unreadable} unreadable')
    return unreadable


def find_files(names):
    """Return the files that are meant: files, all in a folder, or those of a pattern.

    On Windows, *.jpg comes to a program as it was typed.
    """
    paths = []
    for name in names:
        path = expanded(name)
        found = [path]  # if there is no such file, opening it says so
        if not path.exists():
            matches = [Path(match) for match in sorted(glob.glob(str(path)))]
            found = [path for path in matches if not helper.is_system_file(path)]
            found = found or [path]
        for path in found:
            if path.is_dir():
                paths += helper.files_in(path)
            else:
                paths.append(path)
    if not paths:
        sys.exit(f'There are no files in {", ".join(names)}')
    return paths


def expanded(name):
    """Return the path of this name. A ~ at its beginning is the home folder."""
    return Path(os.path.expanduser(name))


def write_table(rows, path):
    part = path.with_name(f'{path.name}.part')
    try:
        with open(part, 'w', newline='', errors='backslashreplace',
                  encoding='utf-8') as file:
            table = csv.writer(file)
            table.writerow(['photo', 'class', 'probability', 'error'])
            table.writerows(rows)
        os.replace(part, path)
    except OSError as error:
        raise OSError(f'cannot write {path}: {error.strerror}') from error


# %% The program
# Worker processes import this file, so what runs is in main(), which they don't call.
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--workers', default=0, type=int, choices=range(9),
                        help='processes that read photos')
    parser.add_argument('--predict', nargs='+', metavar='PHOTO',
                        help='photos, folders, or patterns such as *.jpg')
    parser.add_argument('--csv', metavar='FILE', type=expanded,
                        help='also write predictions there')
    parser.add_argument('--model', metavar='FILE', type=expanded,
                        help='the file of the model, if not one for each data set')
    args = helper.parse_args(parser, threads=None, epochs=20, lr=0.001)
    if args.csv and not args.predict:
        parser.error('--csv is for predictions: add --predict and photos')
    if args.csv and args.csv.exists() and args.csv.suffix != '.csv':
        parser.error(f'--csv {args.csv} is there already, and not a table')
    if not args.predict:
        train_on_folder(args)
    elif predict(args):
        sys.exit(1)  # so that another program can tell that not all were readable


if __name__ == '__main__':
    main()
# Try: let new_classifier return nn.Linear(1024, len(classes)). Is the hidden layer
# needed?
# Exercise: python exercises/check.py 21
