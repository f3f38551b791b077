"""
A network of any depth
======================

In lesson 5 the sizes of the layers stand in the class. Here they come in as a list, so
that one class makes all fully connected networks. torch must notice every layer, or
its weights will not learn.

Write the class Net. Net([784, 256, 10]) is a network with 784 inputs, 256 hidden units
and 10 outputs; a list of two, four or more sizes works as well. Its layers are
nn.Linear, with a sigmoid between one and the next. The outputs are logits: no
activation behind the last layer. (nn.Sequential(*layers) takes the layers of a list.)

Write count(sizes). It returns how many parameters Net(sizes) has, a whole number,
worked out from the sizes alone, without making a network.
"""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, sizes):
        ...

    def forward(self, x):
        ...


def count(sizes):
    ...
