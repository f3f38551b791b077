"""
Cross entropy with some labels unknown
======================================

Cross entropy is the loss of nearly every classifier. Here you write it so that it can
do two things more. It stays right where the network is far too sure. And it passes over
the images whose class nobody knows.

Write cross_entropy(logits, labels). logits is [n, k], labels is [n], int64: the number
of the true class, or -1 for unknown. Of each known image take minus the logarithm (base
e) of the probability of its true class. Return the mean of these as a tensor with the
shape []. Unknown images count neither in the sum nor in the number; at least one is
known.

labels >= 0 is True for the known ones, and logits[labels >= 0] is their rows.
F.log_softmax is allowed, torch's cross_entropy, nll_loss and their classes are not.
"""
import torch
import torch.nn.functional as F


def cross_entropy(logits, labels):
    ...
