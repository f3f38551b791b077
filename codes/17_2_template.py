"""
The file to copy
================

New here: a whole training script, as you'd write it for your own work. Its parts are
those of the lessons so far: three sets, train() and eval(), the best epoch kept, and a
checkpoint to resume from. New are only AdamW's weight decay, gradient clipping, and a
table of the losses in a CSV file.

It needs only torch and torchvision, so you can copy it into an empty folder, for
example as train.py, and run it there. The lines to change for other data, another
model, or another loss end in `# yours`. notes/your_own_data.md has a load_sets for
arrays of your own, and notes/saving.md a script that uses the trained model.

Before: 17_1_save_models.py  Next: 18_load_cat_dog_data.py
Notes: notes/your_own_data.md
Run: python codes/17_2_template.py
     python codes/17_2_template.py --resume  (if it was interrupted)
It ends with the accuracy on the test images, with the weights of the best epoch.
"""
import argparse
import csv
import math
import os
import sys
from pathlib import Path

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset
from torchvision import datasets

# %% Settings
# What you set once is here. What changes from run to run is an option, further down.
DATASET = datasets.FashionMNIST  # yours
BATCH_SIZE = 64  # yours
MAX_NORM = None  # yours: a number, such as 1.0, clips the gradients

# data/ and checkpoints/ are next to this file. In the course, they're one folder up.
FOLDER = Path(__file__).resolve().parent
if (FOLDER.parent / 'helper.py').exists():
    FOLDER = FOLDER.parent


# %% Data
# All images are read into two tensors. The download does nothing if the files are there
# already. If you're offline, the course's data folder also has synthetic images.
def read_images(folder):
    try:
        DATASET(folder, download=True)
    except (OSError, RuntimeError) as error:
        problem = f'The images are not in {folder} and cannot be downloaded: {error}'
        if not (folder / 'synthetic').is_dir():
            sys.exit(problem)
        print(f'{problem}\nUsing synthetic images instead.')
        folder = folder / 'synthetic'
    return DATASET(folder, train=True), DATASET(folder, train=False)


# This function returns three datasets, and what a prediction has to know about the
# data. The validation set is a sixth of the training images, in a random order that
# depends only on the seed. A resumed run has to get the same split. The mean and the
# standard deviation are those of the training images, and all three sets are normalized
# with them.
def load_sets(folder, seed):  # yours
    raw_train, raw_test = read_images(folder)
    images = raw_train.data.unsqueeze(1).float() / 255  # [n, 28, 28] -> [n, 1, 28, 28]
    labels = raw_train.targets
    test_images = raw_test.data.unsqueeze(1).float() / 255

    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(images), generator=generator)
    valid_size = len(images) // 6
    valid = order[:valid_size]
    train = order[valid_size:]

    mean = images[train].mean().item()
    std = images[train].std().item()
    trainset = TensorDataset((images[train] - mean) / std, labels[train])
    validset = TensorDataset((images[valid] - mean) / std, labels[valid])
    testset = TensorDataset((test_images - mean) / std, raw_test.targets)
    about = {'classes': raw_train.classes, 'mean': mean, 'std': std}
    return trainset, validset, testset, about


# %% Model
class Network(nn.Module):  # yours
    def __init__(self, inputs, outputs, hidden=256, drop_p=0.2):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),  # each image becomes a row; rows stay as they are
            nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(drop_p),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(drop_p),
            nn.Linear(hidden, outputs))

    def forward(self, x):
        return self.layers(x)


# %% Train for one epoch
# Clipping makes all gradients smaller by the same factor if their norm, the length of
# all of them as one vector, is larger than MAX_NORM. It helps if the loss jumps up now
# and then because a single batch has huge gradients, as happens in networks for text.
# It has to be done between backward() and step().
def train_epoch(model, loader, criterion, optimizer, device):
    model.train()
    train_loss = 0
    count = 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        if MAX_NORM is not None:
            nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)  # new here
        optimizer.step()
        train_loss += loss.detach() * len(labels)
        count += len(labels)
    return train_loss.item() / count


# %% Evaluate
# The outputs are collected, and the loss is computed once, for the whole set. So it's
# also right if the classes have weights: then it isn't the mean of the batches' losses.
def evaluate(model, loader, criterion, device):
    model.eval()
    correct = 0
    all_outputs = []
    all_labels = []
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            predicted = output.argmax(dim=1)  # [1000, 10] -> [1000]
            correct += (predicted == labels).sum()
            all_outputs.append(output)
            all_labels.append(labels)
        all_outputs = torch.cat(all_outputs)  # one tensor for all batches
        all_labels = torch.cat(all_labels)
        loss = criterion(all_outputs, all_labels)
    return loss.item(), correct.item() / len(all_labels)


# %% Save
# Both files get their final names only when they're complete. The table is written as
# a whole each time. If we added a row to it instead, an epoch that is repeated after an
# interruption would be in it twice.
def save(checkpoint, path):
    torch.save(checkpoint, f'{path}.part')
    os.replace(f'{path}.part', path)


def save_table(rows, path):
    with open(f'{path}.part', 'w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)  # new here
        writer.writerow(['epoch', 'train loss', 'valid loss', 'valid accuracy'])
        writer.writerows(rows)
    os.replace(f'{path}.part', path)


# %% Options
def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument('--epochs', type=int, default=10)
    parser.add_argument('--lr', type=float, default=0.001)
    parser.add_argument('--seed', type=int, default=7)
    parser.add_argument('--device',
                        help='cpu, cuda, or mps (default: a GPU if there is one)')
    parser.add_argument('--data-dir', type=Path, default=FOLDER / 'data')
    parser.add_argument('--name', default='template',
                        help='of the files it saves; those of an earlier run of this '
                             'name are replaced')
    parser.add_argument('--resume', action='store_true',
                        help='continue the run of this name, with the same options')
    return parser.parse_args()


# %% The whole run
def main():
    args = parse_options()
    if args.device:
        device = torch.device(args.device)
    elif torch.accelerator.is_available():
        device = torch.accelerator.current_accelerator()
    else:
        device = torch.device('cpu')

    # The data
    trainset, validset, testset, about = load_sets(args.data_dir, args.seed)
    print(f'{len(trainset)} to train, {len(validset)} to validate, {len(testset)} to '
          f'test, on {device}')
    # (If batch norm complains about "more than 1 value per channel", the last batch has
    # a single sample. drop_last=True leaves that batch out.)
    trainloader = DataLoader(trainset, batch_size=BATCH_SIZE, shuffle=True)
    validloader = DataLoader(validset, batch_size=1000)
    testloader = DataLoader(testset, batch_size=1000)

    # The sizes come from the data. AdamW is Adam with weight decay: besides Adam's
    # step, it makes all weights a little smaller each time, by lr * weight_decay of
    # their size. So a weight stays large only if the gradients keep it large.
    torch.manual_seed(args.seed)
    first_image, _ = trainset[0]
    sizes = {'inputs': first_image.numel(), 'outputs': len(about['classes'])}
    model = Network(**sizes).to(device)
    criterion = nn.CrossEntropyLoss()  # yours
    optimizer = optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01,
                            fused=True)  # yours

    # One file is for using the model, the other one for resuming.
    folder = FOLDER / 'checkpoints'
    folder.mkdir(exist_ok=True)
    model_path = folder / f'{args.name}.pth'
    resume_path = folder / f'{args.name}_resume.pth'
    rows = []
    best_accuracy = -1.0  # so that the first epoch is better
    if args.resume:
        if not resume_path.exists():
            sys.exit(f'There is nothing to resume: {resume_path} does not exist.')
        checkpoint = torch.load(resume_path, map_location=device, weights_only=True)
        # Another seed would make another split, with images to validate that the
        # network has been trained on.
        if (checkpoint['seed'], checkpoint['lr']) != (args.seed, args.lr):
            sys.exit('Resume with the same --seed and --lr as before.')
        model.load_state_dict(checkpoint['state_dict'])
        optimizer.load_state_dict(checkpoint['optimizer'])
        rows = checkpoint['rows']
        best_accuracy = checkpoint['best_accuracy']
    else:
        resume_path.unlink(missing_ok=True)  # so that nobody resumes an older run

    # Each epoch sets its own seed, so a resumed run has the same order of images and
    # the same dropout as one without a break (lesson 17_1). Two runs with different
    # seeds have no epoch's seed in common.
    for epoch in range(len(rows), args.epochs):
        torch.manual_seed(1000 * args.seed + epoch)
        train_loss = train_epoch(model, trainloader, criterion, optimizer, device)
        if not math.isfinite(train_loss):
            sys.exit(f'The training loss is {train_loss} in epoch {epoch + 1}. Try a '
                     'smaller --lr, and look for nan in the data.')
        valid_loss, valid_accuracy = evaluate(model, validloader, criterion, device)
        print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.3f}  '
              f'valid loss {valid_loss:.3f}  valid accuracy {valid_accuracy:.1%}',
              flush=True)
        rows.append([epoch + 1, train_loss, valid_loss, valid_accuracy])
        save_table(rows, folder / f'{args.name}.csv')

        # We report the accuracy, so we keep the epoch with the highest accuracy. If a
        # small value is better, such as a loss, use < here, and begin with math.inf.
        if valid_accuracy > best_accuracy:
            best_accuracy = valid_accuracy
            save({**about, 'sizes': sizes, 'state_dict': model.state_dict(),
                  'epoch': epoch + 1}, model_path)

        # The file for resuming comes last. If the program is killed before that, this
        # epoch is repeated, with the same result.
        save({'state_dict': model.state_dict(), 'optimizer': optimizer.state_dict(),
              'rows': rows, 'best_accuracy': best_accuracy,
              'seed': args.seed, 'lr': args.lr}, resume_path)

    # The test set is used once, with the weights of the best epoch.
    checkpoint = torch.load(model_path, map_location=device, weights_only=True)
    model.load_state_dict(checkpoint['state_dict'])
    test_loss, test_accuracy = evaluate(model, testloader, criterion, device)
    print(f'Best epoch {checkpoint["epoch"]}  valid accuracy {best_accuracy:.1%}  '
          f'test loss {test_loss:.3f}')
    print(f'Test accuracy {test_accuracy:.1%} of {len(testset)}')


# With this line, another script can use `from train import Network`, and nothing is
# trained then. Without it, a DataLoader with workers would also fail on Windows and
# macOS (and on Linux from Python 3.14 on), because each worker imports this file.
if __name__ == '__main__':
    main()

# Try: MAX_NORM = 0.01, which clips nearly every step. Why does AdamW learn almost as
# well as before? (It divides by the size of the gradients. SGD doesn't.)
# Try: interrupt it after two epochs, with Ctrl-C, and run it with --resume. Which line
# does it print first, and is the test accuracy the same as without a break?
# Exercise: python exercises/check.py 17_2
