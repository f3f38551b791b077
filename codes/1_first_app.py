"""
One neuron, five ways
=====================

New here: tensors, which are arrays of numbers, and the sum of products that every
network is made of. A neuron multiplies each input by a weight, adds a bias, and passes
the sum through an activation function. Here are five ways to write that.

Before: 0_check_pytorch.py  Next: 2_multilayer.py
Notes: notes/networks.md
Run: python codes/1_first_app.py
It ends with a figure of the activation function.
"""
import sys

import matplotlib.pyplot as plt
import torch

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args()  # the options: --help lists them


# %% Activation function
# The sigmoid turns any number into one between 0 and 1. Without a bend like this one, a
# network of many layers could do no more than a single layer.
def sigmoid(x):
    return 1 / (1 + torch.exp(-x))


# %% Data
# We have five features of one example, one weight for each feature, and a bias. The
# bias shifts the sum, so that the neuron doesn't have to output 0.5 when all features
# are 0. The seed makes the random numbers the same in every run.
torch.manual_seed(args.seed)
features = torch.randn(1, 5)
weights = torch.randn_like(features)
bias = torch.randn(1, 1)
print('features', features)  # tensor([[-0.1468,  0.7861,  0.9468, -1.1143,  1.6908]])

# %% Ways 1 and 2
# Multiply element by element, then sum.
y1 = sigmoid((features * weights).sum() + bias)  # [1, 5] summed, + [1, 1] -> [1, 1]
y2 = sigmoid(torch.sum(features * weights) + bias)

# %% Ways 3 to 5
# A matrix product does the sum for us, and it's what a GPU does best. The inner sizes
# must agree, so we turn the weights from [1, 5] into [5, 1], either with .T, which
# transposes them, or with view, which gives the same numbers a new shape. Then [1, 5]
# times [5, 1] gives [1, 1].
y3 = sigmoid(torch.mm(features, weights.T) + bias)  # mm: two matrices, nothing else
y4 = sigmoid(torch.matmul(features, weights.T) + bias)  # batches, too; short form: @
y5 = sigmoid(torch.mm(features, weights.view(5, 1)) + bias)  # view: [1, 5] -> [5, 1]

print('output', y1)  # tensor([[0.1595]])
print('all five the same', all(torch.allclose(y, y1) for y in (y2, y3, y4, y5)))  # True

# The order matters: [5, 1] times [1, 5] works as well, but it gives all 25 products.
print('the other order', torch.mm(weights.T, features).shape)  # torch.Size([5, 5])

# %% Figure
# This is the sigmoid, and the point on it where our neuron is.
total = torch.mm(features, weights.T) + bias
xs = torch.linspace(-6, 6, 200)
plt.figure(figsize=(6, 3.5))
plt.plot(xs, sigmoid(xs))
plt.plot(total.item(), y1.item(), 'o', label=f'this neuron: {y1.item():.2f}')
plt.xlabel('weighted sum and bias')
plt.ylabel('output')
plt.legend()
helper.show('sigmoid')

# Try: set `bias = torch.zeros(1, 1)`. Where on the sigmoid is the neuron now?
# Try: leave out .T in way 3, torch.mm(features, weights). Which sizes does the error
# name?
# Exercise: python exercises/check.py 1
