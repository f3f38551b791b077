"""
Backward through a network
==========================

New here: the loss of a batch of MNIST, and its gradient with respect to every weight of
the network, computed with one call. That doesn't change any weight yet, but it tells us
which way is uphill.

Before: 8_backpropagation.py  Next: 10_train_neural_network.py
Notes: notes/backpropagation.md
Run: python codes/9_apply_backward.py
It ends by checking one gradient against a slope measured by hand.
"""
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args()
device = args.device

# %% Data
trainset, testset = helper.load_data('MNIST', args)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
images, labels = next(iter(trainloader))
images, labels = images.to(device), labels.to(device)

# %% Model and loss
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(784, 128), nn.ReLU(),
                      nn.Linear(128, 64), nn.ReLU(),
                      nn.Linear(64, 10)).to(device)
criterion = nn.CrossEntropyLoss()
loss = criterion(model(images), labels)

# %% Backward
# Before backward there is no gradient. Afterward, each weight has one, with the same
# shape as the weight.
first = model[1]
last = model[5]
print('before', first.weight.grad)  # before None
before = last.weight.detach().clone()
loss.backward()
print('weight', tuple(first.weight.shape))  # weight (128, 784)
print('gradient', tuple(first.weight.grad.shape))  # gradient (128, 784)
print('weights unchanged', torch.equal(last.weight, before))  # weights unchanged True

# %% Check one gradient
# A gradient is a slope: if we move one weight a little to either side, we can see how
# the loss follows. This is called a finite difference. We compute it in float64, so
# that the small difference keeps its digits, and on the CPU, because not every device
# has float64. double() converts the model in place.
layer = last
row = 3
column = 5
gradient = layer.weight.grad[row, column].item()
model = model.cpu().double()
images, labels = images.cpu().double(), labels.cpu()
value = layer.weight[row, column].item()
step = 1e-4
with torch.no_grad():
    layer.weight[row, column] = value + step
    above = criterion(model(images), labels).item()
    layer.weight[row, column] = value - step
    below = criterion(model(images), labels).item()
print(f'backward          {gradient:.6f}')
print(f'finite difference {(above - below) / (2 * step):.6f}')

# Try: set `layer = first`, `row = 0`, and `column = 0`, which is a weight that looks at
# the corner of the image. By the chain rule, the gradient of a weight is its input
# times the slope of all that comes after it. The corner is black, but after the
# normalization, black isn't 0. Is the gradient zero?
# Exercise: python exercises/check.py 9
