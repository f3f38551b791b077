"""
Fighting overfitting with dropout
=================================

New here: dropout. During training, each hidden unit is switched off with probability
0.2, at random for every image, so no unit can rely on one particular other unit. When
the network is used, all units work. We also keep the weights of the best epoch, because
with overfitting, the last epoch isn't the best one.

Before: 15_apply_validation.py  Next: 17_save_load_models.py
Notes: notes/validation_and_overfitting.md
Run: python codes/16_prevent_overfitting.py
It ends with the curves of both training runs in one figure.
"""
import copy
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
# As in lesson 15, a sixth of the training images becomes the validation set.
trainset, testset = helper.load_data('FashionMNIST', args)
trainset, validset = random_split(trainset, [5 / 6, 1 / 6])
print(f'{len(trainset)} to train, {len(validset)} to validate, {len(testset)} to test')

trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
validloader = DataLoader(validset, batch_size=1000)
testloader = DataLoader(testset, batch_size=1000)


# %% Model
# Dropout(p) sets each value to 0 with probability p and multiplies those that are left
# by 1 / (1 - p), so that the next layer gets about the same sum as without dropout.
# Dropout(0) changes nothing, so one function can build both networks.
def new_model(p):
    return nn.Sequential(nn.Flatten(),
                         nn.Linear(784, 256), nn.ReLU(), nn.Dropout(p),  # new here
                         nn.Linear(256, 128), nn.ReLU(), nn.Dropout(p),
                         nn.Linear(128, 64), nn.ReLU(), nn.Dropout(p),
                         nn.Linear(64, 10)).to(device)


criterion = nn.CrossEntropyLoss()


# %% Evaluate a model
# This is lesson 15's function. With dropout, model.eval() matters: it makes all units
# work.
def evaluate(model, loader):
    model.eval()
    total_loss = 0
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            total_loss += criterion(output, labels).item() * len(labels)
            correct += (output.argmax(dim=1) == labels).sum().item()
    return total_loss / len(loader.dataset), correct / len(loader.dataset)


# %% Train with and without dropout
# Both runs start from the same weights, because both begin with the same seed. (On
# a CPU, dropout uses up random numbers, so from the second epoch on, the order of the
# images differs.)
curves = {}
best_weights = {}
for name, p in [('no dropout', 0), ('dropout 0.2', 0.2)]:  # new here
    torch.manual_seed(args.seed)
    model = new_model(p)
    optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
    rows = []
    lowest_loss = float('inf')

    for epoch in range(args.epochs):
        model.train()
        for images, labels in trainloader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()

        train_loss, train_accuracy = evaluate(model, trainloader)
        valid_loss, valid_accuracy = evaluate(model, validloader)
        rows.append((train_loss, valid_loss, train_accuracy, valid_accuracy))
        print(f'{name:12}  Epoch {epoch + 1}/{args.epochs}  '
              f'train loss {train_loss:.3f}  train accuracy {train_accuracy:.1%}  '
              f'valid loss {valid_loss:.3f}  valid accuracy {valid_accuracy:.1%}')

        # We need a copy of the best weights: the tensors in state_dict() are the
        # model's own, and the next step changes them.
        if valid_loss < lowest_loss:  # new here
            lowest_loss = valid_loss
            best_weights[name] = copy.deepcopy(model.state_dict())
    curves[name] = rows

# %% Compare
# The test set is used once for each network, with the weights of its best epoch.
# Dropout has no weights of its own, so both sets of weights fit into the last model.
for name, rows in curves.items():
    train_loss, valid_loss, _, _ = rows[-1]
    gap = valid_loss - train_loss

    model.load_state_dict(best_weights[name])
    best_valid_loss, valid_accuracy = evaluate(model, validloader)
    _, accuracy = evaluate(model, testloader)
    print(f'{name:12}  gap at the end {gap:.3f}  '
          f'kept: valid loss {best_valid_loss:.3f}  '
          f'valid accuracy {valid_accuracy:.1%}  Test accuracy {accuracy:.1%}')

# %% Figure
# Dashed lines are the training images, solid lines the validation images.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5))
for name, color in [('no dropout', 'tab:orange'), ('dropout 0.2', 'tab:blue')]:
    train_losses, valid_losses, train_accuracies, valid_accuracies = zip(*curves[name])
    epochs = range(1, len(train_losses) + 1)
    left.plot(epochs, train_losses, '--', color=color, label=f'{name}, training')
    left.plot(epochs, valid_losses, color=color, label=f'{name}, validation')
    right.plot(epochs, train_accuracies, '--', color=color)
    right.plot(epochs, valid_accuracies, color=color)
left.set(xlabel='epoch', ylabel='loss (cross entropy)')
left.legend(fontsize=8)
right.set(xlabel='epoch', ylabel='accuracy')
helper.show('curves')

# On the real images, with seeds 7, 8, and 9, dropout shrank the gap between training
# and validation loss to less than half (0.372, 0.313, 0.342 became 0.152, 0.114,
# 0.136). The lowest validation loss fell by 1, 2, and 5%. The best epoch's test
# accuracy rose from 88.0, 88.0, 87.7% to 88.6, 88.7, 88.3%. But lesson 15's network,
# without dropout and far past its lowest validation loss, is just as accurate: 89.1,
# 88.6, 88.7%.

# Try: ('dropout 0.2', 0.8), which means p = 0.8. Does the gap close, and at what cost?
# Try: delete model.eval() from evaluate. What happens to the two losses with dropout?
# Exercise: python exercises/check.py 16
