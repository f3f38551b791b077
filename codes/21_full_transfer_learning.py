"""
The finished program: a classifier for your own photos
======================================================

New here: everything is in functions, as in a real program, and the features are kept on
disk.

Before: 20_transfer_learning_2.py  Next: 22_many_processes.py
Notes: notes/transfer_learning.md
Run: python codes/21_full_transfer_learning.py
     python codes/21_full_transfer_learning.py --data-dir MY_PHOTOS_PREPARED
     python codes/21_full_transfer_learning.py --predict cat.jpg dog.jpg
It ends with the test accuracy, or with what is in the photos.
"""
import argparse
import copy
import os
import sys

import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, random_split
from torchvision import datasets, models
from tqdm import tqdm

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

WEIGHTS = models.DenseNet121_Weights.IMAGENET1K_V1
TRANSFORM = WEIGHTS.transforms()
FOLDER = helper.ROOT / 'checkpoints'
criterion = nn.CrossEntropyLoss()


# %% Features
# From photos to features, float32 [n, 1024], with the backbone in eval mode. collate_fn
# reads a batch from paths, autocast computes in bfloat16 where that's fast, and
# channels_last is the fastest memory format.
def read(paths):
    return torch.stack([TRANSFORM(helper.open_photo(path)) for path in paths])


def has_bfloat16(device):  # 16-bit floats: faster, if the processor is made for them
    if device.type == 'cuda':
        return torch.cuda.is_bf16_supported(including_emulation=False)
    told = device.type == 'cpu' and hasattr(torch.cpu, 'get_capabilities')  # not in 2.6
    return told and torch.cpu.get_capabilities().get('avx512_bf16', False)


def compute_features(paths, weights, args):
    torch.manual_seed(args.seed)  # for random weights, if there are no others
    body, device, features = models.densenet121(weights=weights), args.device, []
    body.classifier = nn.Identity()
    body = body.eval().to(device, memory_format=torch.channels_last)
    loader = DataLoader(paths, 32, collate_fn=read, num_workers=args.workers)
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16,
                                         enabled=has_bfloat16(device)):
        for images in tqdm(loader, unit='batch', disable=None):
            images = images.to(device, memory_format=torch.channels_last)
            features.append(body(images).float().cpu())
    return torch.cat(features)


def load_features(folder, weights, args):
    """From disk, if the photos, the transform and the network are as they were."""
    paths = [path for path, _ in folder.samples]
    files = [(path, os.path.getsize(path), os.path.getmtime(path)) for path in paths]
    key = [files, repr(TRANSFORM), str(weights) if weights else args.seed]
    file = FOLDER / f'21_{os.path.basename(folder.root)}.pth'
    try:
        kept = torch.load(file, map_location='cpu', weights_only=True)
    except Exception:  # not there yet, or damaged in one of many ways
        kept = {}
    if kept.get('key') != key:
        kept = {'key': key, 'features': compute_features(paths, weights, args)}
        save(kept, file)
    return TensorDataset(kept['features'], torch.tensor(folder.targets))


def save(what, path):
    FOLDER.mkdir(exist_ok=True)
    torch.save(what, f'{path}.part')
    os.replace(f'{path}.part', path)


# %% Train the classifier
# We keep the epoch with the lowest validation loss.
def new_classifier(classes):
    return nn.Sequential(nn.Linear(1024, 256), nn.ReLU(), nn.Dropout(0.2),
                         nn.Linear(256, len(classes)))


def evaluate(model, loader, device):  # mean loss, predicted classes [n]
    model.eval()
    total_loss, predicted = 0, []
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            total_loss += criterion(output, labels).item() * len(labels)
            predicted.append(output.argmax(dim=1).cpu())
    return total_loss / len(loader.dataset), torch.cat(predicted)


def train(model, trainset, args):
    device, lowest = args.device, float('inf')
    trainset, validset = random_split(trainset, [0.8, 0.2])
    print(f'{len(trainset)} photos to train, {len(validset)} to validate')
    trainloader = DataLoader(trainset, batch_size=32, shuffle=True)
    validloader = DataLoader(validset, batch_size=256)
    optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
    for epoch in range(args.epochs):
        model.train()
        for images, labels in trainloader:  # features, not images
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()
        valid_loss, _ = evaluate(model, validloader, device)
        print(f'Epoch {epoch + 1}/{args.epochs}  valid loss {valid_loss:.3f}')
        if valid_loss < lowest:
            lowest, best = valid_loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(best)


# %% Figures
# The first figure shows which class was predicted for which, the second shows photos,
# mistakes first. (A label can be wrong, too.)
def show_results(folder, labels, predicted):
    n, classes = len(folder.classes), folder.classes
    counts = torch.bincount(labels * n + predicted, minlength=n * n).view(n, n)  # pairs
    ax = plt.figure(figsize=(3 + min(0.5 * n, 7),) * 2).gca()
    ax.imshow((counts / counts.sum(1, True)).numpy(), cmap='Blues', vmin=0, vmax=1.5)
    for row, column in counts.nonzero().tolist():  # zeros stay empty
        ax.text(column, row, counts[row, column].item(), ha='center', va='center')
    ax.set_xticks(range(n), classes, rotation=90)
    ax.set_yticks(range(n), classes)
    ax.tick_params(labelsize=10 if n < 15 else 6)
    ax.set(xlabel='predicted class', ylabel='true class', title='test photos')
    helper.show('confusion')
    right = predicted == labels
    shown = torch.argsort(right.int(), stable=True)[:16].tolist()
    titles = [f'predicted {classes[predicted[i]]}, labeled {classes[labels[i]]}'
              for i in shown]
    helper.view_sheet(read([folder.samples[i][0] for i in shown]), titles,
                      TRANSFORM.mean, TRANSFORM.std, right[shown])
    helper.show('photos')


# %% Predict
# This predicts what is in new photos. Softmax has to choose: even for a coat it answers
# cat or dog.
def predict(path, args):
    kept = torch.load(path, map_location=args.device, weights_only=True)
    args.seed, classes = kept['seed'], kept['classes']
    classifier = new_classifier(classes).to(args.device).eval()
    classifier.load_state_dict(kept['state_dict'])
    weights = helper.find_weights(WEIGHTS, args)
    if str(weights) != kept['weights']:
        sys.exit(f'{path} was trained with the weights {kept["weights"]}')
    features = compute_features(args.predict, weights, args).to(args.device)
    with torch.no_grad():
        ps = torch.softmax(classifier(features), dim=1)  # [n, classes]
    for name, row in zip(args.predict, ps):
        best = row.argsort(descending=True)[:3]
        print(f'{name}:', ', '.join(f'{classes[i]} {row[i]:.1%}' for i in best))


# %% The program
# Worker processes may import this file, so everything that runs is in main().
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--workers', default=0, type=int, choices=range(9),
                        help='processes that read photos')
    parser.add_argument('--predict', nargs='+', metavar='FILE', help='photos to name')
    args = helper.parse_args(parser, threads=None, epochs=20, lr=0.001)
    path = FOLDER / '21_model.pth'
    if args.predict:
        return predict(path, args)
    root, weights = helper.find_photos(args), helper.find_weights(WEIGHTS, args)
    folders = [datasets.ImageFolder(root / part) for part in ('train', 'test')]
    trainset, testset = (load_features(folder, weights, args) for folder in folders)
    torch.manual_seed(args.seed)
    classes = folders[0].classes
    model = new_classifier(classes).to(args.device)
    train(model, trainset, args)
    _, predicted = evaluate(model, DataLoader(testset, batch_size=256), args.device)
    labels = testset.tensors[1]
    correct, largest = (predicted == labels).sum().item(), labels.bincount().max()
    print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} '
          f'photos (always the largest class: {largest / len(testset):.1%})')
    save({'classes': classes, 'weights': str(weights), 'seed': args.seed,
          'state_dict': model.state_dict()}, path)
    print(f'Checkpoint: {path}')
    show_results(folders[1], labels, predicted)


if __name__ == '__main__':
    main()
# Try: let new_classifier return nn.Linear(1024, len(classes)). Is the hidden layer
# needed?
# Exercise: python exercises/check.py 21
