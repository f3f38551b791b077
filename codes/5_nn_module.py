"""
nn.Module: three ways to write a network
========================================

New here: torch keeps the weights for us. A class with modules for every operation, a
class with functions for those that have no weights, and nn.Sequential describe the same
network; with the same weights they give the same output.

Before: 4_neural_network.py  Next: 5_1_logsoftmax.py
Run: python codes/5_nn_module.py
It ends by printing the parameters of a network with their names and shapes.
"""
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn


# %%
# First way: every operation is a module, made in __init__ and called in forward.
# super().__init__() comes first: without it the module cannot register its layers.
class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 256)
        self.output = nn.Linear(256, 10)
        self.sigmoid = nn.Sigmoid()
        self.softmax = nn.Softmax(dim=1)  # over the 10 classes of each row

    def forward(self, x):
        x = self.sigmoid(self.hidden(x))  # [64, 784] -> [64, 256]
        return self.softmax(self.output(x))  # [64, 256] -> [64, 10]


# %%
# Second way: sigmoid and softmax have no weights, so functions do. This is the shorter
# form, and the usual one.
class NetworkFunctional(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 256)
        self.output = nn.Linear(256, 10)

    def forward(self, x):
        x = torch.sigmoid(self.hidden(x))
        return F.softmax(self.output(x), dim=1)


# %%
# Third way: where data only flows from one layer to the next, a Sequential needs no
# class. Its layers have numbers, or names if they are given in an OrderedDict.
sequential = nn.Sequential(nn.Linear(784, 256), nn.Sigmoid(),
                           nn.Linear(256, 10), nn.Softmax(dim=1))
named = nn.Sequential(OrderedDict([
    ('hidden', nn.Linear(784, 256)), ('sigmoid', nn.Sigmoid()),
    ('output', nn.Linear(256, 10)), ('softmax', nn.Softmax(dim=1))]))

# %%
# The same weights, the same output. A state_dict maps the name of each parameter to its
# tensor. Call the model, model(x): calling model.forward directly skips hooks.
torch.manual_seed(7)
model = Network()
functional = NetworkFunctional()
functional.load_state_dict(model.state_dict())
named.load_state_dict(model.state_dict())
sequential[0].load_state_dict(model.hidden.state_dict())
sequential[2].load_state_dict(model.output.state_dict())
x = torch.randn(64, 784)
for other in (functional, sequential, named):
    assert torch.equal(model(x), other(x))
print('four networks, one output', model(x).shape)  # torch.Size([64, 10])

# %%
# print(model) shows the modules that __init__ made, so the functional one lists only
# its layers. named_parameters shows what training will change; the shape of a weight is
# [outputs, inputs].
print(model)
print(functional)
for name, parameter in model.named_parameters():
    print(f'{name:14} {tuple(parameter.shape)}')
print('parameters', sum(p.numel() for p in model.parameters()))  # 203530

# Try: remove super().__init__() and read the error. Try layers kept in a plain list,
# self.layers = [nn.Linear(784, 256)]: why are they missing from named_parameters?
