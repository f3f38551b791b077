"""
Training, validation and test set
=================================

New here: images set aside to watch the training with. The training loss says how well
the network knows the images it learns from. The loss on images it does not learn from
says whether it has understood; when that one rises again, it is learning by heart:
over-fitting.

Three sets: the training set changes the weights. The validation set chooses: the epoch
to stop at, the learning rate. The test set is looked at once, at the end, and chooses
nothing; otherwise its number would be too good to be true.

Before: 14_validation.py  Next: 16_prevent_overfitting.py
Run: python codes/15_apply_validation.py
It ends with the two losses as curves, and where they part.
"""
import sys

import torch
from torch import nn, optim
from torch.utils.data import random_split

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=30, lr=0.001)
device = helper.get_device(args.device)

# %%
# Data. A sixth of the training images, at random, becomes the validation set.
trainset, testset = helper.load_fashion_mnist(args)
trainset, validset = random_split(trainset, [5 / 6, 1 / 6])  # new here
print(f'{len(trainset)} to train, {len(validset)} to validate, {len(testset)} to test')
trainloader = helper.get_loader(trainset, batch_size=64, shuffle=True)
validloader = helper.get_loader(validset, batch_size=1000)  # new here
testloader = helper.get_loader(testset, batch_size=1000)

# %%
# Model, loss and optimizer. One layer more than before: more to learn with, and more to
# learn by heart with.
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(784, 256), nn.ReLU(),
                      nn.Linear(256, 128), nn.ReLU(),
                      nn.Linear(128, 64), nn.ReLU(),
                      nn.Linear(64, 10)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)

# %%
# Train, and validate after each epoch: train() and eval() in turn, and no gradients
# where nothing is learned.
train_losses, valid_losses = [], []
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
    train_losses.append(train_loss / len(trainset))

    model.eval()  # new here, to the end of the loop
    valid_loss = correct = 0
    with torch.no_grad():
        for images, labels in validloader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            valid_loss += criterion(output, labels).item() * len(labels)
            correct += (output.argmax(dim=1) == labels).sum().item()
    valid_losses.append(valid_loss / len(validset))
    print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_losses[-1]:.3f}  '
          f'valid loss {valid_losses[-1]:.3f}  '
          f'valid accuracy {correct / len(validset):.1%}')

# %%
# Where did it turn? Lesson 16 does something about it.
best = min(range(args.epochs), key=valid_losses.__getitem__)
print(f'Lowest valid loss {valid_losses[best]:.3f} after epoch {best + 1}, '
      f'at the end {valid_losses[-1] / valid_losses[best] - 1:.0%} above it')

# %%
# Test, once
model.eval()
correct = 0
with torch.no_grad():
    for images, labels in testloader:
        images, labels = images.to(device), labels.to(device)
        output = model(images)
        correct += (output.argmax(dim=1) == labels).sum().item()
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} images')

# %%
# Look
helper.plot_losses({'no dropout': (train_losses, valid_losses)})
helper.show('losses')

# On the real images the validation loss was lowest after epoch 9, and 37 % higher after
# epoch 30; the training loss fell on and on.

# Try: a tenth of the training images, random_split(trainset, [0.1, 0.9]). How soon do
# the curves part now? Try --lr 0.003, the lecture's rate.
