"""
The loss: how wrong is the network?
===================================

New here: cross entropy, the loss for classification. It's the negative logarithm of the
probability that the network gave to the true class, averaged over the batch. It's 0
when the network is sure and right, ln 10 = 2.3026 when it gives each of ten classes
10%, and much larger when it's sure and wrong.

Before: 6_neural_network_extended.py  Next: 8_backpropagation.py
Notes: notes/losses.md
Run: python codes/7_train_neural_network.py
It ends with the loss computed in three ways, which agree, and in a fourth way that is
wrong.
"""
import math
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

# %% First way: logits and CrossEntropyLoss
# The model returns logits, and CrossEntropyLoss does the rest.
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(784, 128), nn.ReLU(),
                      nn.Linear(128, 64), nn.ReLU(),
                      nn.Linear(64, 10)).to(device)
logits = model(images)  # [64, 1, 28, 28] -> [64, 10]
loss = nn.CrossEntropyLoss()(logits, labels)  # labels: [64], int64
print(f'CrossEntropyLoss on logits     {loss.item():.4f}')

# %% Second way: LogSoftmax and NLLLoss
# The model ends in LogSoftmax, and NLLLoss (negative log-likelihood) picks the true
# class. The layers are the same, so the weights are, too.
log_model = nn.Sequential(model, nn.LogSoftmax(dim=1))
log_ps = log_model(images)  # [64, 10], all below zero
nll = nn.NLLLoss()(log_ps, labels)
print(f'LogSoftmax and NLLLoss         {nll.item():.4f}')

# %% Third way: by hand
# From each row, take the probability of the true class: in row 0 the column of the
# first label, in row 1 that of the second label, and so on.
ps = torch.exp(logits) / torch.exp(logits).sum(dim=1, keepdim=True)
true_ps = ps[torch.arange(len(labels)), labels]  # [64, 10] -> [64]
for i in range(3):
    row = '  '.join(f'{p:.3f}' for p in ps[i].tolist())
    print(f'row {i}: {row}  label {labels[i]}: {true_ps[i]:.3f}')
by_hand = -torch.log(true_ps).mean()
print(f'mean of -ln(true probability)  {by_hand.item():.4f}')
same = torch.allclose(loss, nll) and torch.allclose(loss, by_hand)
print('three ways, one loss', same)  # three ways, one loss True
print(f'ln 10, every class 10%         {math.log(10):.4f}')  # 2.3026

# %% A mistake that raises no error
# NLLLoss gets probabilities, without the log. The result is negative, because it's the
# mean of -p. That hardly penalizes a p near 0, although that is the worst case.
wrong = nn.NLLLoss()(ps, labels)
print(f'NLLLoss on probabilities       {wrong.item():.4f}')

# Try: compute `logits = 100 * model(images)`, a network that is far too sure. How large
# does the right loss get, and how much does the wrong one change? (The second way still
# uses the old logits, so the three no longer agree.)
# Try: apply softmax twice, `wrong = nn.CrossEntropyLoss()(ps, labels)`. Why is it never
# below 1.4612, even for a perfect network? (What is the softmax of 1, 0, ..., 0?)
# Exercise: python exercises/check.py 7
