"""
Backward through a network
==========================

New here: the loss of a batch of MNIST, and with one call its gradient with respect to
every weight of the network. It changes no weight yet; it says which way is uphill.

Before: 8_backpropagation.py  Next: 10_train_neural_network.py
Notes: Backpropagation (README.md)
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

# %%
# Data
trainset, testset = helper.load_data('MNIST', args)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
images, labels = next(iter(trainloader))
images, labels = images.to(device), labels.to(device)

# %%
# Model and loss
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(784, 128), nn.ReLU(),
                      nn.Linear(128, 64), nn.ReLU(),
                      nn.Linear(64, 10)).to(device)
criterion = nn.CrossEntropyLoss()
loss = criterion(model(images), labels)

# %%
# No gradient before backward, and one of the weight's own shape after.
first, last = model[1], model[5]
print('before', first.weight.grad)  # before None
before = last.weight.detach().clone()
loss.backward()
print('weight', tuple(first.weight.shape))  # weight (128, 784)
print('gradient', tuple(first.weight.grad.shape))  # gradient (128, 784)
print('weights unchanged', torch.equal(last.weight, before))  # weights unchanged True

# %%
# Check one number. The gradient is a slope: move one weight a little to either side and
# see how the loss follows (a finite difference). In float64, so that the small
# difference keeps its digits (on the CPU, since not every device has float64). double()
# converts the model itself.
layer, row, column = last, 3, 5
gradient = layer.weight.grad[row, column].item()
model = model.cpu().double()
images, labels = images.cpu().double(), labels.cpu()
value, step = layer.weight[row, column].item(), 1e-4
with torch.no_grad():
    layer.weight[row, column] = value + step
    above = criterion(model(images), labels).item()
    layer.weight[row, column] = value - step
    below = criterion(model(images), labels).item()
print(f'backward          {gradient:.6f}')
print(f'finite difference {(above - below) / (2 * step):.6f}')

# Try: `layer, row, column = first, 0, 0`: a weight that looks at the corner of the
# image. The gradient of a weight is its input times something; black is -1: is it zero?
# Exercise: python exercises/check.py 9
