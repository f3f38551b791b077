"""
The finished program: a classifier for your own photos
======================================================

New here: all of it in functions, as a program has it. Where there are cores to spare,
worker processes read photos while the network computes their features, which are kept
on disk: the next run starts with the training. Workers import this file, so all that
runs stands in main().

Before: 20_transfer_learning_2.py  Next: README.md
Run: python codes/21_full_transfer_learning.py
     python codes/21_full_transfer_learning.py --data-dir PHOTOS (a folder per class)
     python codes/21_full_transfer_learning.py --predict cat.jpg dog.jpg
It ends with the test accuracy, or with what is in the photos.
"""
import copy
import functools
import hashlib
import json
import os
import sys
import time

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split
from torchvision import models
from tqdm import tqdm

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

WEIGHTS = {'densenet121': models.DenseNet121_Weights.IMAGENET1K_V1,
           'resnet50': models.ResNet50_Weights.IMAGENET1K_V2}


# %%
# The body: the network without its last layer, frozen, in eval mode.
def build_body(arch, weights, seed, device):
    """Return a network that turns images into features; seed: for weights=None."""
    torch.manual_seed(seed)
    body = getattr(models, arch)(weights=weights)
    setattr(body, 'classifier' if arch == 'densenet121' else 'fc', nn.Identity())
    body.requires_grad_(False).eval()
    return body.to(device, memory_format=torch.channels_last)


def build_head(size, classes):
    return nn.Sequential(nn.Linear(size, 256), nn.ReLU(), nn.Dropout(0.2),
                         nn.Linear(256, len(classes)))


def has_bfloat16(device):
    """True if the processor computes with bfloat16; otherwise it would be slow."""
    if device.type == 'cuda':
        return torch.cuda.is_bf16_supported()
    able = getattr(torch.cpu, 'get_capabilities', dict)()  # an old torch cannot tell
    return device.type == 'cpu' and any(able[name] for name in able if 'bf16' in name)


# %%
# Features, computed once
class Readable(Dataset):
    """The photos of an ImageFolder, (image, index); (zeros, -1) for a damaged one."""

    def __init__(self, photos):
        self.photos = photos
        photos.loader = helper.open_photo

    def __len__(self):
        return len(self.photos)

    def __getitem__(self, index):
        try:
            return self.photos[index][0], index
        except OSError:
            return torch.zeros(3, 224, 224), -1


def compute_features(photos, body, args):
    """Return features [n, size], labels [n] and places [n] of the readable photos."""
    device = helper.get_device(args.device)
    loader = DataLoader(Readable(photos), batch_size=32, num_workers=args.workers)
    features, places, bfloat16 = [], [], has_bfloat16(device)
    with torch.no_grad():
        for images, indices in tqdm(loader, unit='batch', disable=None):
            images, indices = images[indices >= 0], indices[indices >= 0]
            if len(images):
                images = images.to(device, memory_format=torch.channels_last)
                with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                    features.append(body(images).float().cpu())
                places += indices.tolist()
    for index in sorted(set(range(len(photos))) - set(places)):
        print(f'Skipped, cannot be read: {photos.samples[index][0]}')
    print(f'{len(places)} of {len(photos)} photos read')
    if not places:
        sys.exit(f'no photo in {photos.root} can be read')
    return torch.cat(features), torch.tensor(photos.targets)[places], places


def load_features(photos, weights, args, get_body):
    """What compute_features returns, from disk if it is there.

    The file's name is a fingerprint of all that the features depend on: when a photo,
    the transform or the network changes, so does the name. (bfloat16 or float32 does
    not matter, either will do.)
    """
    files = [(os.path.abspath(path), os.path.exists(path) and os.path.getsize(path),
              os.path.exists(path) and os.stat(path).st_mtime_ns)
             for path, _ in photos.samples]  # a link to nowhere exists not
    network = str(weights) if weights else f'random, seed {args.seed}'
    key = json.dumps([args.arch, network, repr(photos.transform), files])
    name = hashlib.sha256(key.encode()).hexdigest()[:32]
    path = helper.ROOT / 'features' / f'{name}.pth'
    try:
        return torch.load(path, weights_only=True)
    except FileNotFoundError:
        pass
    except Exception:  # a damaged file can fail in many ways
        print(f'{path} is damaged: computing the features again')
    features = compute_features(photos, get_body(), args)
    save(features, path)
    return features


def save(what, path):
    """Write to a name of this process first: the file is complete or not there."""
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    try:
        path.parent.mkdir(exist_ok=True)
        torch.save(what, part)
        os.replace(part, path)
    except (OSError, RuntimeError) as error:
        part.unlink(missing_ok=True)
        sys.exit(f'cannot write {path}: {error}')


# %%
# Train the head, and keep the epoch with the lowest validation loss.
def evaluate(model, loader, device):
    """Return the mean loss and the predicted classes, int64 [n]."""
    criterion, total_loss, predicted = nn.CrossEntropyLoss(), 0, []
    model.eval()
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            total_loss += criterion(output, labels).item() * len(labels)
            predicted.append(output.argmax(dim=1))
    return total_loss / len(loader.dataset), torch.cat(predicted).cpu()


def train(model, features, labels, args, device):
    """Train for args.epochs; leave the weights of the best one in the model."""
    trainset, validset = random_split(TensorDataset(features, labels), [0.8, 0.2])
    trainloader = helper.get_loader(trainset, batch_size=32, shuffle=True)
    validloader = helper.get_loader(validset, batch_size=256)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
    lowest = float('inf')
    for epoch in range(args.epochs):
        model.train()
        train_loss = 0
        for images, labels in trainloader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()
            train_loss += loss.item() * len(labels)
        valid_loss, _ = evaluate(model, validloader, device)
        print(f'Epoch {epoch + 1}/{args.epochs}  '
              f'train loss {train_loss / len(trainset):.3f}  '
              f'valid loss {valid_loss:.3f}')
        if valid_loss < lowest:
            lowest, best = valid_loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(best)


# %%
# Look: the confusion matrix, and test photos, with the mistakes first.
def show_results(photos, places, labels, predicted):
    n = len(photos.classes)
    counts = torch.bincount(labels * n + predicted, minlength=n * n).reshape(n, n)
    helper.view_confusion(counts, photos.classes)
    helper.show('confusion')
    right = predicted == labels
    shown = torch.argsort(right.int() + torch.rand(len(right)))[:16].tolist()
    titles = [photos.classes[predicted[i]] if right[i] else
              f'{photos.classes[predicted[i]]}, not {photos.classes[labels[i]]}'
              for i in shown]
    helper.view_sheet([photos[places[i]][0] for i in shown], titles,
                      photos.transform.mean, photos.transform.std, right[shown])
    helper.show('photos')


# %%
# Name what is in new photos, with the checkpoint of an earlier training.
def predict(paths, checkpoint_path, args, device):
    try:
        checkpoint = torch.load(checkpoint_path, map_location=device, weights_only=True)
        classes, seed = checkpoint['classes'], checkpoint['seed']
        weights, state = checkpoint['weights'], checkpoint['state_dict']
        head = build_head(state['0.weight'].shape[1], classes).to(device)
        head.load_state_dict(state)
    except FileNotFoundError:
        sys.exit(f'{checkpoint_path} is not there yet: train first, without --predict')
    except Exception as error:  # a damaged file can fail in many ways
        reason = ' '.join(str(error).split())[:100]
        sys.exit(f'{checkpoint_path} is damaged or no checkpoint of this program '
                 f'({reason}). Remove it and train again')
    enum = WEIGHTS[args.arch]
    if weights and not helper.find_weights(enum, args):
        sys.exit(f'the checkpoint belongs to {weights}, which is not here')
    body = build_body(args.arch, enum if weights else None, seed, device)
    head.eval()
    for path in paths:
        try:
            image = enum.transforms()(helper.open_photo(path))
        except OSError as error:
            sys.exit(str(error))
        with torch.no_grad():
            ps = torch.softmax(head(body(image.unsqueeze(0).to(device))), dim=1)[0]
        top = ps.topk(min(3, len(classes)))
        print(f'{path}:', ', '.join(f'{classes[i]} {p:.1%}' for p, i in zip(
            top.values.tolist(), top.indices.tolist())))


# %%
# The program
def main():
    spare = max(0, min(4, os.cpu_count() - 2))  # the network keeps two cores busy
    args = helper.parse_args(threads=None, epochs=10, lr=0.001, arch=tuple(WEIGHTS),
                             workers=spare, predict=[])
    device = helper.get_device(args.device)
    checkpoint_path = helper.ROOT / 'checkpoints' / f'21_{args.arch}.pth'
    if args.predict:
        return predict(args.predict, checkpoint_path, args, device)
    enum, start = WEIGHTS[args.arch], time.perf_counter()
    root = helper.find_photos(args)
    weights = helper.find_weights(enum, args)
    get_body = functools.cache(
        lambda: build_body(args.arch, weights, args.seed, device))
    photos = helper.photo_set(root, 'train', enum.transforms())
    features, labels, _ = load_features(photos, weights, args, get_body)
    photos = helper.photo_set(root, 'test', enum.transforms())
    test_features, test_labels, places = load_features(photos, weights, args, get_body)
    print(f'Features after {time.perf_counter() - start:.1f} s')

    torch.manual_seed(args.seed)
    model = build_head(features.shape[1], photos.classes).to(device)
    train(model, features, labels, args, device)
    testset = TensorDataset(test_features, test_labels)
    _, predicted = evaluate(model, helper.get_loader(testset, 256), device)
    correct = (predicted == test_labels).sum().item()
    print(f'Test accuracy {correct / len(testset):.1%}, '
          f'{correct} of {len(testset)} photos, {time.perf_counter() - start:.1f} s')
    save({'classes': photos.classes, 'seed': args.seed,
          'weights': str(weights) if weights else None,
          'state_dict': model.state_dict()}, checkpoint_path)
    print(f'Checkpoint: {checkpoint_path}')
    show_results(photos, places, test_labels, predicted)


if __name__ == '__main__':
    main()

# Try: --arch resnet50. More parameters: is it better, is it slower? Then a folder of
# your own, with three classes or more.
