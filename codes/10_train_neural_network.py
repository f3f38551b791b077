"""
One step: how the weights change
================================

New here: the optimizer. `step` moves each weight against its gradient, to w - lr *
gradient. The learning rate lr says how far. If it's too small, nothing happens; if it's
too large, the weights jump past the valley of the loss.

Before: 9_apply_backward.py  Next: 11_train_neural_network.py
Notes: notes/optimizers.md
Run: python codes/10_train_neural_network.py
It ends with the loss after one step, plotted against the learning rate.
"""
import copy
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

# %% The learning rate
# For each learning rate, we start from the same weights and take one step on one batch.
steps = 1
rates = [10 ** (n / 4) for n in range(-16, 9)]  # 0.0001 to 100
losses = []
for rate in rates:
    model.load_state_dict(start)
    optimizer = optim.SGD(model.parameters(), lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        criterion(model(images), labels).backward()
        optimizer.step()
    losses.append(criterion(model(images), labels).item())
for i in range(0, len(rates), 4):
    print(f'lr {rates[i]:8.4f}  loss {losses[i]:.4f}')
best = losses.index(min(losses))
print(f'lowest loss {losses[best]:.4f} at lr {rates[best]:.4f}')

# %% Figure
# The horizontal axis is logarithmic: each labeled tick is ten times the one before it.
# The losses at large rates are far above the top of the figure.
plt.figure(figsize=(6, 3.5))
plt.semilogx(rates, losses, 'o-', label='after the step')
plt.axhline(loss.item(), color='gray', linestyle='--', label='before')
plt.xlabel('learning rate')
plt.ylabel('loss of this batch')
plt.ylim(min(losses) - 0.05, loss.item() + 0.2)
plt.legend()
helper.show('rates')

# Try: set `steps = 10`. Which learning rate is best now? For thousands of steps it's
# smaller still: lesson 11 uses 0.02, with momentum, which makes the steps up to ten
# times as long.
# Exercise: python exercises/check.py 10
