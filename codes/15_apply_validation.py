"""
Training, validation, and test set
==================================

New here: we measure loss and accuracy after each epoch, on the images that the network
learns from and on images that it doesn't. On the first ones, it gets better and better.
Whether that carries over to new images, only new images can tell. When the training
loss keeps falling while the validation loss rises again, the network is *overfitting*:
it fits its own images ever more closely, and on others, it becomes more confident even
where it's wrong.

So there are three sets. The training set changes the weights. With the validation set,
we make choices, such as when to stop or which learning rate to use. The test set is
used once, at the end, and we choose nothing with it, because otherwise its number would
be too good to be true.

Before: 14_validation.py  Next: 16_prevent_overfitting.py
Notes: notes/validation_and_overfitting.md
Run: python codes/15_apply_validation.py
It ends with the loss and the accuracy as curves, with the epoch of the lowest
validation loss marked.
"""
import sys

import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, random_split

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=30, lr=0.001)
device = args.device

# %% Data
# A sixth of the training images, chosen at random, becomes the validation set, as in
# lesson 11.
trainset, testset = helper.load_data('FashionMNIST', args)
trainset, validset = random_split(trainset, [5 / 6, 1 / 6])
print(f'{len(trainset)} to train, {len(validset)} to validate, {len(testset)} to test')
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
validloader = DataLoader(validset, batch_size=1000)
testloader = DataLoader(testset, batch_size=1000)

# %% Model, loss, and optimizer
# The network has one more layer than before, so it has more to learn with, and more to
# overfit with.
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(784, 256), nn.ReLU(),
                      nn.Linear(256, 128), nn.ReLU(),
                      nn.Linear(128, 64), nn.ReLU(),
                      nn.Linear(64, 10)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)


# %% Evaluate
# This returns the mean loss and the accuracy of a set. A function that gets everything
# it uses as an argument can be copied anywhere, so you'll meet this one again. The sums
# are tensors, and item() reads each of them once, at the end (lesson 12).
def evaluate(model, loader, criterion, device):  # new here
    model.eval()
    total_loss = 0
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            loss = criterion(output, labels)
            predicted = output.argmax(dim=1)
            total_loss += loss * len(labels)
            correct += (predicted == labels).sum()
    count = len(loader.dataset)
    return total_loss.item() / count, correct.item() / count


# %% Train
# After each epoch, we measure both sets in the same way, so that we can compare them.
# For that, we can't use the mean loss that lesson 13 collects during the epoch, because
# the network is still changing then.
train_losses = []
train_accuracies = []
valid_losses = []
valid_accuracies = []
for epoch in range(args.epochs):
    model.train()  # evaluate left it in eval mode
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
    train_loss, train_accuracy = evaluate(model, trainloader, criterion, device)
    valid_loss, valid_accuracy = evaluate(model, validloader, criterion, device)
    train_losses.append(train_loss)
    train_accuracies.append(train_accuracy)
    valid_losses.append(valid_loss)
    valid_accuracies.append(valid_accuracy)
    print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.3f}  '
          f'train accuracy {train_accuracy:.1%}  valid loss {valid_loss:.3f}  '
          f'valid accuracy {valid_accuracy:.1%}')

# %% The best epoch
# It depends on what you want to be best, the loss or the accuracy.
lowest = valid_losses.index(min(valid_losses))
highest = valid_accuracies.index(max(valid_accuracies))
print(f'Lowest valid loss {valid_losses[lowest]:.3f} after epoch {lowest + 1} '
      f'(valid accuracy {valid_accuracies[lowest]:.1%}), '
      f'at the end {valid_losses[-1] / valid_losses[lowest] - 1:.0%} above it')
print(f'Highest valid accuracy {valid_accuracies[highest]:.1%} after epoch '
      f'{highest + 1} (valid loss {valid_losses[highest]:.3f})')

# %% Test
# We use the test set once, with the weights that we have at the end.
_, accuracy = evaluate(model, testloader, criterion, device)
print(f'Test accuracy {accuracy:.1%} with the weights of the last epoch')

# %% Figure
# Dashed lines are the training images, solid lines the validation images.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5))
epochs = range(1, len(train_losses) + 1)
left.plot(epochs, train_losses, '--', label='training')
left.plot(epochs, valid_losses, label='validation')
left.axvline(lowest + 1, color='gray', linestyle=':', label='lowest validation loss')
left.set(xlabel='epoch', ylabel='loss (cross entropy)')
left.legend()
right.plot(epochs, train_accuracies, '--')
right.plot(epochs, valid_accuracies)
right.set(xlabel='epoch', ylabel='accuracy')
helper.show('curves')

# Which of the two curves should you believe? On the real images, with seeds 7, 8, and
# 9, the validation loss was lowest after epoch 9, 10, and 9. By the end it was 57, 46,
# and 79% higher. The validation accuracy was 89.3, 90.3, and 89.5% in these epochs and
# 89.4, 90.5, and 89.3% at the end. So by the end, the network was wrong about as often,
# but more confident when it was wrong. The loss penalizes that; the accuracy doesn't.
# Believe the loss if you use the probabilities, and the accuracy if you only use the
# predicted class.

# Try: use only a tenth of the training images, random_split(trainset, [0.1, 0.9]). How
# far apart are the losses at the end now, and what happened to the validation accuracy?
# Exercise: python exercises/check.py 15
