"""
A checkup for your networks
===========================

When a network doesn't learn, you want three numbers before you change anything: the
loss before training, the gradients of each layer, and the loss after some steps on a
single batch. Here you write a function that returns them for any classifier.

Write checkup(model, images, labels, steps). model returns logits, images and labels are
one batch, and steps is at least 1. It must return a dictionary with these entries:

'guess': the loss of a guess, ln k, where k is the number of classes that the model
    distinguishes. A float, like the others.
'before': the loss (cross entropy) of the batch, with the weights that the model has.
'norms': a dictionary with the norm of the gradient of each parameter, by the names in
    model.named_parameters(), with the weights that the model has. A parameter that gets
    no gradient, because it's frozen, is left out.
'after': the loss of the batch after this many steps of Adam with a learning rate of
    0.01, always on this batch. Measure it after the last step.

Everything is computed in train() mode. The model itself must stay as it was (weights,
buffers, gradients, and mode), so work on a copy of it: copy.deepcopy(model).
"""
import copy
import math

import torch
from torch import nn, optim


def checkup(model, images, labels, steps):
    ...
