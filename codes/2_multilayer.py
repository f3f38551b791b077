"""
Two layers by hand
==================

New here: a hidden layer. The outputs of its two neurons (also called units) are the
inputs of the next layer, and one matrix product computes all units of a layer at once.

Before: 1_first_app.py  Next: 3_numpy_to_tensor.py
Notes: notes/networks.md
Run: python codes/2_multilayer.py
It ends by printing the output of the network, twice the same.
"""
import torch


def sigmoid(x):
    return 1 / (1 + torch.exp(-x))


# %% Data and weights
# There are three inputs, two hidden units, and one output. Column j of W1 holds the
# weights of hidden unit j, so the shape of W1 is [inputs, outputs]. (nn.Linear, from
# lesson 3 on, stores its weights transposed, as [outputs, inputs], and computes x @ W.T
# + b.)
torch.manual_seed(7)
features = torch.randn(1, 3)
W1 = torch.randn(3, 2)
W2 = torch.randn(2, 1)
B1 = torch.randn(1, 2)
B2 = torch.randn(1, 1)

# %% Step by step
# In each product, the inner sizes agree and the outer sizes remain.
z = torch.mm(features, W1)  # [1, 3] x [3, 2] -> [1, 2]
hidden = sigmoid(z + B1)  # [1, 2] + [1, 2]; if z has more rows, B1 is added to each
output = sigmoid(torch.mm(hidden, W2) + B2)  # [1, 2] x [2, 1] -> [1, 1]
print('features', features.shape, 'W1', W1.shape, 'z', z.shape)
print('hidden', hidden)  # tensor([[0.6813, 0.4355]])
print('output', output)  # tensor([[0.3171]])

# %% In one expression
# Without the sigmoid between them, the two layers would be one, because the product of
# two matrices is a matrix.
again = sigmoid(sigmoid(features @ W1 + B1) @ W2 + B2)
print('output', again)  # tensor([[0.3171]])

# Try: use four examples, `features = torch.randn(4, 3)`. Which shapes change?
# Try: leave out the inner sigmoid: `again = sigmoid((features @ W1 + B1) @ W2 + B2)`.
# Now a single matrix, `W1 @ W2`, does the work of both. Which bias goes with it? (Print
# the result with that bias, and compare.)
# Exercise: python exercises/check.py 2
