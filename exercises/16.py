"""
Dropout by hand
===============

nn.Dropout does two things in training, and nothing when the network is used. That is
easy to get half right: no error says so, the network only learns a little less.

Write dropout(x, p, training). x is a tensor of decimal numbers, of any shape. If
training is True, it returns a tensor of the same shape and dtype, in which each number
is 0 with probability p, independent of all others and anew in each call, and otherwise
1 / (1 - p) times as large as in x. If training is False, it returns the numbers of x.
p is from 0 up to, but not including, 1. x stays as it is, and gradients get through:
those of the numbers that stay, 1 / (1 - p) times as large.

Do without the dropout of torch: torch.rand is enough.
"""
import torch


def dropout(x, p, training):
    ...
