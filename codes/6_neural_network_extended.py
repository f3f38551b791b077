"""
An untrained network on MNIST
=============================

New here: the network of 784, 128, 64, and 10 units with ReLU that the next lessons
train. It starts with small random weights, so its scores are near 0, and every digit
gets a probability near 10%.

Before: 5_1_logsoftmax.py  Next: 7_train_neural_network.py
Notes: notes/models.md
Run: python codes/6_neural_network_extended.py
It ends with the probabilities for one image, as a figure.
"""
import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args()

# %% Device
# A network and its inputs have to be on the same device: the CPU, or an accelerator
# such as a GPU, which computes large networks much faster. Most programs choose it with
# lines like these.
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()
else:
    device = torch.device('cpu')
print('the device that these lines choose:', device)

# The lessons use args.device instead, so that you can choose with --device. Without
# that option, it's the GPU (cuda) if there is one, and the CPU otherwise. Only Macs
# differ: the lines above would choose the Mac's GPU, called mps. We use that one only
# with --device mps, because for networks as small as ours it tends to be slower than
# the CPU, and because some operations have returned wrong numbers on it without an
# error.
device = args.device

# %% Data
trainset, testset = helper.load_data('MNIST', args)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)


# %% Model
# ReLU sets everything below zero to zero. It bends like the sigmoid does, but it's
# cheap, and it's steep wherever it isn't zero. The sizes 128 and 64 are a choice: the
# layers get smaller from 784 pixels to 10 classes, and other sizes work as well. The
# model returns logits, and softmax and the loss are applied outside. to(device) moves
# its weights to the device; the images will have to be moved, too.
class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden1 = nn.Linear(784, 128)
        self.hidden2 = nn.Linear(128, 64)
        self.output = nn.Linear(64, 10)

    def forward(self, x):
        x = x.view(x.shape[0], -1)  # [64, 1, 28, 28] -> [64, 784]
        x = F.relu(self.hidden1(x))  # [64, 784] -> [64, 128], nothing below zero
        x = F.relu(self.hidden2(x))  # [64, 128] -> [64, 64]
        return self.output(x)  # [64, 64] -> [64, 10]


model = Network().to(device)
print(model)

# %% Initialize
# nn.Linear starts with small random weights. With nn.init, you can choose others.
nn.init.normal_(model.output.weight, std=0.01)
nn.init.zeros_(model.output.bias)
print('bias of the output', model.output.bias.abs().sum().item())  # 0.0

# %% Predict
# We apply the network to one batch. If the scores are all near zero, the probabilities
# are all near 10%. no_grad says that we don't need gradients here (lesson 8).
images, labels = next(iter(trainloader))  # each iter() starts a new, shuffled epoch
with torch.no_grad():
    logits = model(images.to(device))  # [64, 1, 28, 28] -> [64, 10]
ps = F.softmax(logits, dim=1)
print('shape', tuple(ps.shape))  # (64, 10)
print(f'probabilities from {ps.min():.1%} to {ps.max():.1%}')

# %% Figure
helper.view_classify(images[0], ps[0], testset.classes, title=f'label: {labels[0]}')
helper.show('untrained')

# Try: use std=1 instead of 0.01. The network is still untrained. Why is it so sure now?
# Exercise: python exercises/check.py 6
