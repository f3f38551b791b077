"""
nn.Module: three ways to write a network
========================================

New here: torch keeps the weights for us. A class with modules for every operation, a
class with functions for those that have no weights, and nn.Sequential describe the same
network; with the same weights they give the same output.

Before: 4_neural_network.py  Next: 5_1_logsoftmax.py
Notes: The model (README.md)
Run: python codes/5_nn_module.py
It ends by printing the parameters of a network with their names and shapes.
"""
from collections import OrderedDict

import torch
from torch import nn


# %%
# First way: every operation is a module, made in __init__ and called in forward. What
# comes out are raw scores, called logits: softmax would make them probabilities.
# super().__init__() comes first: without it torch cannot note which layers there are.
class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 256)
        self.output = nn.Linear(256, 10)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        x = self.sigmoid(self.hidden(x))  # [64, 784] -> [64, 256]
        return self.output(x)  # [64, 256] -> [64, 10]


# %%
# Second way: a sigmoid has no weights, so a function will do. This is the shorter form,
# and the usual one.
class NetworkFunctional(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 256)
        self.output = nn.Linear(256, 10)

    def forward(self, x):
        x = torch.sigmoid(self.hidden(x))
        return self.output(x)


# %%
# Third way: where data only flows from one layer to the next, a Sequential needs no
# class. Its layers have numbers, or names if they are given in an OrderedDict.
sequential = nn.Sequential(nn.Linear(784, 256), nn.Sigmoid(), nn.Linear(256, 10))
named = nn.Sequential(OrderedDict([('hidden', nn.Linear(784, 256)),
                                   ('sigmoid', nn.Sigmoid()),
                                   ('output', nn.Linear(256, 10))]))

# %%
# The same weights, the same output. A state_dict maps the name of each parameter to its
# tensor. Call the model, model(x): model.forward(x) leaves out what torch does around
# it, for instance the functions that others have hung on it (hooks).
torch.manual_seed(7)
model = Network()
functional = NetworkFunctional()
functional.load_state_dict(model.state_dict())
named.load_state_dict(model.state_dict())
sequential[0].load_state_dict(model.hidden.state_dict())
sequential[2].load_state_dict(model.output.state_dict())
x = torch.randn(64, 784)
same = all(torch.equal(model(x), other(x)) for other in (functional, sequential, named))
print('four networks, one output', same)  # four networks, one output True

# %%
# print(model) shows the modules that __init__ made, so the functional one lists only
# its layers. named_parameters shows what training will change; the shape of a weight is
# [outputs, inputs].
print(model)
print(functional)
for name, parameter in model.named_parameters():
    print(f'{name:14} {tuple(parameter.shape)}')
print('parameters', sum(p.numel() for p in model.parameters()))  # 203530

# Try: remove the first super().__init__() and read the error: what does torch miss?
# Try: `self.layers = [nn.Linear(784, 256)]` as one more line in the first __init__.
# Does the number of parameters grow? Lesson 17 has the list that is noticed.
# Exercise: python exercises/check.py 5
