"""
A network for colour images
===========================

The images of lesson 6 are grey. These have three colour channels, and five classes. The
last batch of an epoch is short, so a network must take batches of any size.

Write the class Network. It takes images [n, 3, 28, 28] and flattens each to 3 * 28 * 28
numbers. hidden1 makes 120 units of them, hidden2 60 of those, output 5 of those, all
nn.Linear. ReLU follows both hidden layers. It returns logits [n, 5].

Write probabilities(model, images), for any model that returns logits [n, k]. It returns
the probabilities [n, k], of which each row sums to 1. Nothing is learned from them, so
they carry no gradient; whoever trains afterwards must be able to.
"""
import torch
import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    def __init__(self):
        ...

    def forward(self, x):
        ...


def probabilities(model, images):
    ...
