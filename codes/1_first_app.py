"""
One neuron, by five routes
==========================

New here: tensors, which are arrays of numbers, and the sum of products that every
network is made of. One neuron multiplies each input by a weight, adds a bias, and
puts the sum through an activation function. Here are five ways to write that.

Before: 0_check_pytorch.py  Next: 2_multilayer.py
Notes: What a network is (README.md)
Run: python codes/1_first_app.py
It ends with a figure of the activation function.
"""
import sys

import matplotlib.pyplot as plt
import torch

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args()  # the options: --help lists them


# The activation: any number comes out between 0 and 1, to be read as "how much". With
# no bend like this, a network of many layers could do no more than one layer.
def sigmoid(x):
    return 1 / (1 + torch.exp(-x))


# %%
# The data: five features of one example, one weight for each, and a bias, which shifts
# the sum, so that the neuron need not say 0.5 when all features are 0. The seed makes
# the random numbers the same in every run.
torch.manual_seed(args.seed)
features = torch.randn(1, 5)
weights = torch.randn_like(features)
bias = torch.randn(1, 1)
print('features', features)  # tensor([[-0.1468,  0.7861,  0.9468, -1.1143,  1.6908]])

# %%
# Routes 1 and 2: multiply element by element, then sum.
y1 = sigmoid((features * weights).sum() + bias)  # [1, 5] summed, + [1, 1] -> [1, 1]
y2 = sigmoid(torch.sum(features * weights) + bias)

# %%
# Routes 3 to 5: a matrix product sums for us, and it is what a GPU does best. The inner
# sizes must agree, so the weights stand upright: [1, 5] times [5, 1] gives [1, 1].
y3 = sigmoid(torch.mm(features, weights.T) + bias)  # mm: two matrices, nothing else
y4 = sigmoid(torch.matmul(features, weights.T) + bias)  # also batches; short: @
y5 = sigmoid(torch.mm(features, weights.view(5, 1)) + bias)  # view: [1, 5] -> [5, 1]

print('output', y1)  # tensor([[0.1595]])
print('all five the same', all(torch.allclose(y, y1) for y in (y2, y3, y4, y5)))  # True

# The order matters: [5, 1] times [1, 5] is allowed too, but gives every product.
print('the other order', torch.mm(weights.T, features).shape)  # torch.Size([5, 5])

# %%
# Memory. A view is a new shape for the same numbers: changing one changes both. reshape
# gives a view where it can, and a copy only where it must.
a = torch.arange(6.0)  # [6]
b = a.view(2, 3)  # [6] -> [2, 3]
b[0, 0] = 100
print('changed through the view', a[0])  # tensor(100.)
print('reshape shares memory', a.reshape(2, 3).data_ptr() == a.data_ptr())  # True
t = b.T  # [3, 2], read column by column: no view can put its rows in a line
print('reshape had to copy', t.reshape(6).data_ptr() != t.data_ptr())  # True

# resize_ is another matter: it changes the tensor itself, without asking whether the
# number of elements fits. Lost numbers go unnoticed, so no other lesson uses it.
c = torch.arange(6.0)
c.resize_(2, 2)
print('after resize_', c.tolist())  # [[0.0, 1.0], [2.0, 3.0]]

# %%
# Look: the sigmoid, and where this neuron stands on it.
total = torch.mm(features, weights.T) + bias
xs = torch.linspace(-6, 6, 200)
plt.figure(figsize=(6, 3.5))
plt.plot(xs, sigmoid(xs))
plt.plot(total.item(), y1.item(), 'o', label=f'this neuron: {y1.item():.2f}')
plt.xlabel('weighted sum and bias')
plt.ylabel('output')
plt.legend()
helper.show('sigmoid')

# Try: `bias = torch.zeros(1, 1)`. Where does the neuron stand now?
# Try: torch.mm(features, weights) in route 3, without the .T: which sizes does the
# error name? And `c = c.view(2, 2)` in place of c.resize_(2, 2): what does view refuse?
# Exercise: python exercises/check.py 1
