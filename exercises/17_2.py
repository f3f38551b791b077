"""
Use a model in another program
==============================

Most of the time, the program that uses a model isn't the one that trained it. It has
the class of the network, which is below, and a checkpoint. It has to treat a new sample
exactly as the samples were treated in training, and if it doesn't, there's mostly no
error, only worse answers.

Write predict(path, sample). The checkpoint at path has what lesson 17_2 saves: 'sizes'
(the arguments of Network), 'state_dict', 'classes' (the names, a list of str), and
'mean' and 'std' of the training rows (float32 tensors [inputs], one number for each
column). sample is a NumPy array, float64 [inputs]: one sample, not scaled.

predict must return two things: the name of the most probable class, a str, and its
probability, a float from 0 to 1. The same sample must get the same answer each time.
The array must stay as it is.
"""
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, inputs, outputs, hidden, drop_p):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(drop_p),
            nn.Linear(hidden, outputs))

    def forward(self, x):
        return self.layers(x)


def predict(path, sample):
    ...
