"""
Backward through a network
==========================

New here: the loss of a batch of MNIST, and with one call its gradient with respect to
every weight of the network. It changes no weight yet; it says which way to go.

Before: 8_backpropagation.py  Next: 10_train_neural_network.py
Run: python codes/9_apply_backward.py
It ends by checking one gradient against a finite difference.
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
# see how the loss follows. In float64, so that the small difference keeps its digits
# (on the CPU, since not every device has float64).
double = model.cpu().double()
weight, gradient = last.weight, last.weight.grad[3, 5].item()
step = 1e-4
losses = []
with torch.no_grad():
    for move in (step, -2 * step):  # first up, then down past where it was
        weight[3, 5] += move
        losses.append(criterion(double(images.cpu().double()), labels.cpu()).item())
slope = (losses[0] - losses[1]) / (2 * step)
print(f'backward          {gradient:.6f}')
print(f'finite difference {slope:.6f}')
assert abs(slope - gradient) < 1e-5

# Try: the same for a weight of the first layer, model[1], that looks at pixel 0 in the
# corner of the image. All corners are -1: is its gradient zero? Why not?
