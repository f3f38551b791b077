"""
nn.Module: three ways to write a network
========================================

New here: torch keeps the weights for us. We can write the same network as a class with
a module for every operation, as a class with functions for the operations that have no
weights, or as an nn.Sequential. With the same weights, all of them give the same
output.

Before: 4_neural_network.py  Next: 5_1_logsoftmax.py
Notes: notes/models.md
Run: python codes/5_nn_module.py
It ends by printing the parameters of a network with their names and shapes.
"""
from collections import OrderedDict

import torch
from torch import nn


# %% A class with modules
# Every operation is a module, made in __init__ and called in forward. The outputs are
# raw scores, called logits; softmax would turn them into probabilities.
# super().__init__() comes first, because without it, torch can't register the layers.
class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 256)
        self.output = nn.Linear(256, 10)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        x = self.sigmoid(self.hidden(x))  # [64, 784] -> [64, 256]
        return self.output(x)  # [64, 256] -> [64, 10]


# %% A class with functions
# A sigmoid has no weights, so a function will do. This form is shorter, and it's the
# usual one.
class NetworkFunctional(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 256)
        self.output = nn.Linear(256, 10)

    def forward(self, x):
        x = torch.sigmoid(self.hidden(x))
        return self.output(x)


# %% A Sequential
# Where data only flows from one layer to the next, you don't need a class. The layers
# of an nn.Sequential are numbered, or named if you pass an OrderedDict.
sequential = nn.Sequential(nn.Linear(784, 256), nn.Sigmoid(), nn.Linear(256, 10))
named = nn.Sequential(OrderedDict([('hidden', nn.Linear(784, 256)),
                                   ('sigmoid', nn.Sigmoid()),
                                   ('output', nn.Linear(256, 10))]))

# %% The same weights, the same output
# A state_dict maps the name of each parameter to its tensor. To use a model, call it:
# model(x). model.forward(x) skips what torch does around the call, such as running
# hooks, which are functions that you can register on a model.
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

# %% Parameters
# print(model) shows the modules that __init__ made, so for the functional form it lists
# only the layers. named_parameters shows what training will change. The shape of a
# weight is [outputs, inputs].
print(model)
print(functional)
for name, parameter in model.named_parameters():
    print(f'{name:14} {tuple(parameter.shape)}')
print('parameters', sum(p.numel() for p in model.parameters()))  # 203530

# Try: delete the first super().__init__() and read the error. What does torch miss?
# Try: add the line `self.layers = [nn.Linear(784, 256)]` to the first __init__. Does
# the number of parameters grow? (Lesson 17 has a list that torch does register.)
# Exercise: python exercises/check.py 5
