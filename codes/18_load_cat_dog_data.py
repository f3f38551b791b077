"""
Photos from folders, and augmentation
=====================================

New here: photos of your own. ImageFolder needs nothing but one folder for each class.
Photos differ in size, so a transform crops them to the same size. During training, it
also rotates and mirrors them at random, which is called augmentation, so that the
network hardly ever sees exactly the same image twice. Test photos are never augmented,
because that would only make the result noisy.

Before: 17_1_save_models.py  Next: 18_1_convolution.py
Notes: notes/data.md
Run: python codes/18_load_cat_dog_data.py
It ends with the accuracy that a fully connected network reaches on pixels, which is
low.
"""
import math
import sys

import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(threads=None, epochs=3, lr=0.001)
device = args.device

# %% Transforms
# Both end in a tensor of shape [3, 64, 64], three color channels with values from -1 to
# 1.
normalize = transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
train_transform = transforms.Compose([  # new here
    transforms.RandomRotation(30),
    transforms.RandomResizedCrop(64, scale=(0.5, 1)),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(), normalize])
test_transform = transforms.Compose([
    transforms.Resize(72), transforms.CenterCrop(64),
    transforms.ToTensor(), normalize])

# %% Data
# The names of the folders become the classes, in alphabetical order. ImageFolder lists
# all photos of the first class before those of the second, so we have to shuffle.
# Otherwise every batch would have photos of one class only.
root = helper.find_photos(args)  # it has train/cat, train/dog, test/cat, test/dog
trainset = datasets.ImageFolder(root / 'train', train_transform)  # new here
testset = datasets.ImageFolder(root / 'test', test_transform)
trainloader = DataLoader(trainset, batch_size=32, shuffle=True)
testloader = DataLoader(testset, batch_size=32)
print('classes', trainset.class_to_idx)

# %% Figure: augmentation
# This is a training photo as a test would see it, then seven versions of it as the
# training sees it.
path, label = trainset.samples[0]
photo = helper.open_photo(path)
images = [test_transform(photo)] + [train_transform(photo) for _ in range(7)]
helper.view_sheet(images, [f'{trainset.classes[label]}, as it is'] + ['augmented'] * 7)
helper.show('augmentation')

# %% Model, loss, and optimizer
# Each photo is flattened: [32, 3, 64, 64] -> [32, 12288]. That loses which pixels are
# next to each other. To this network, a cat one pixel further left is a completely
# different image.
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(3 * 64 * 64, 256), nn.ReLU(), nn.Dropout(0.2),
                      nn.Linear(256, len(trainset.classes))).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)

# %% Train
# A network that gives both classes the same probability has the loss ln 2 = 0.693. The
# first steps end far above that, because the network is sure of the wrong thing.
print(f'Loss of a guess {math.log(len(trainset.classes)):.3f}')
model.train()
for epoch in range(args.epochs):
    train_loss = 0
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * len(labels)
    train_loss /= len(trainset)
    print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.3f}')

# %% Test
# Accuracy says little without a baseline: always predicting the largest class.
model.eval()
correct = 0
with torch.no_grad():
    for images, labels in testloader:
        images, labels = images.to(device), labels.to(device)
        output = model(images)
        correct += (output.argmax(dim=1) == labels).sum().item()
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} photos')
largest = torch.bincount(torch.tensor(testset.targets)).max().item()
print(f'Always the largest class: {largest / len(testset):.1%}')

# Try: run it with --epochs 20. Does it help? (Lesson 19 starts from a network that has
# seen a million photos.)
# Exercise: python exercises/check.py 18
