"""
One step: how the weights change
================================

New here: the optimizer. `step` moves each weight against its gradient, to w - lr *
gradient. The learning rate lr says how far. If it's too small, nothing happens; if it's
too large, the weights jump past the valley of the loss.

Before: 9_apply_backward.py  Next: 11_train_neural_network.py
Notes: notes/optimizers.md
Run: python codes/10_train_neural_network.py
It ends with the loss after one step and after 100 steps, plotted against the learning
rate.
"""
import copy
import math
import sys

import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import DataLoader

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(lr=0.01)
device = args.device

# %% Data
trainset, testset = helper.load_data('MNIST', args)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
images, labels = next(iter(trainloader))
images, labels = images.to(device), labels.to(device)

# %% Model, loss, and optimizer
# SGD is short for stochastic gradient descent. It's descent, because it moves against
# the gradient, and it's stochastic, because each step sees one random batch.
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(784, 128), nn.ReLU(),
                      nn.Linear(128, 64), nn.ReLU(),
                      nn.Linear(64, 10)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=args.lr)
start = copy.deepcopy(model.state_dict())

# %% One step
# We take one step with the optimizer and compute the same step by hand.
optimizer.zero_grad()
loss = criterion(model(images), labels)
loss.backward()
weight = model[1].weight
by_hand = weight.detach() - args.lr * weight.grad
gradient = weight.grad.clone()
optimizer.step()
print('step equals w - lr * gradient:', torch.allclose(weight, by_hand))  # True
print(f'loss before {loss.item():.4f}')
print(f'loss after  {criterion(model(images), labels).item():.4f}')

# %% What if you forget zero_grad?
# The second backward adds to the first, so the step doubles, and with every further
# batch the old gradients keep accumulating.
model.load_state_dict(start)
optimizer.zero_grad()
for _ in range(2):
    criterion(model(images), labels).backward()
print('without zero_grad, twice:', torch.allclose(weight.grad, 2 * gradient))  # True


# %% Several steps
# This takes one step on each of the batches, and returns their mean loss afterward. It
# trains a copy of the model, so that we can start from the same weights again.
#
# If the learning rate is far too large, the weights grow until the numbers become too
# large to compute with. Then the loss is inf (infinity) or nan, which is short for "not
# a number." No further step could repair the weights, so we stop and return inf.
def loss_after_steps(model, batches, criterion, rate):
    model = copy.deepcopy(model)
    optimizer = optim.SGD(model.parameters(), lr=rate)
    for batch in batches:
        images, labels = batch
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        if not loss.isfinite():
            return math.inf
        loss.backward()
        optimizer.step()

    losses = []
    with torch.no_grad():
        for images, labels in batches:
            losses.append(criterion(model(images), labels).item())
    return sum(losses) / len(losses)


# %% The learning rate
# Which learning rate is best? We try 25 of them, first with one step on our batch, then
# with 100 steps on 100 batches, the same ones for each rate.
steps = 100
first_batch = [(images, labels)]
batches = []
for more_images, more_labels in trainloader:
    batches.append((more_images.to(device), more_labels.to(device)))
    if len(batches) == steps:
        break
steps = len(batches)  # the synthetic data has fewer batches

model.load_state_dict(start)
rates = [10 ** (n / 4) for n in range(-16, 9)]  # 0.0001 to 100
one = [loss_after_steps(model, first_batch, criterion, rate) for rate in rates]
many = [loss_after_steps(model, batches, criterion, rate) for rate in rates]
for i in range(0, len(rates), 4):
    print(f'lr {rates[i]:8.4f}  loss after one step {one[i]:.4f}, '
          f'after {steps} steps {many[i]:.4f}')

# The rate that's best for one step is too large to repeat: after more steps of that
# length, the loss is no better than that of a guess, or it's inf.
best_for_one = one.index(min(one))
best_for_many = many.index(min(many))
print(f'lowest loss after one step {one[best_for_one]:.4f} '
      f'at lr {rates[best_for_one]:.4f}')
print(f'{steps} steps at that rate {many[best_for_one]:.4f}')
print(f'lowest loss after {steps} steps {many[best_for_many]:.4f} '
      f'at lr {rates[best_for_many]:.4f}')

# %% Figure
# The horizontal axis is logarithmic: each labeled tick is ten times the one before it.
# At large rates, the losses are far above the top of the figure, or inf.
plt.figure(figsize=(6, 3.5))
plt.semilogx(rates, one, 'o-', label='after one step')
plt.semilogx(rates, many, 's-', label=f'after {steps} steps')
plt.axhline(loss.item(), color='gray', linestyle='--', label='before')
plt.xlabel('learning rate')
plt.ylabel('loss of these batches')
plt.ylim(0, loss.item() + 0.5)
plt.legend()
helper.show('rates')

# On the real images, with seeds 7, 8, and 9, one step lowered the loss most at learning
# rates of 1.0, 1.8, and 1.8. At these rates, 100 steps ended at inf, at inf, and near
# the loss of a guess. After 100 steps, the loss was lowest at 0.10, 0.18, and 0.32,
# where it was 0.36, 0.34, and 0.34. Lesson 11 takes thousands of steps, and there we
# compare learning rates around 0.1.

# Try: set `steps = 10`. Is the best learning rate larger or smaller than for 100 steps?
# Exercise: python exercises/check.py 10
