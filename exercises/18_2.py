"""
Batch norm, in training and in use
==================================

Lesson 18_2 computes batch norm by hand for one batch. The layer does a little more: it
scales and shifts what it has normalized, and in training, it keeps running statistics
for later use.

Write batch_norm(x, weight, bias, running_mean, running_var, training):

    x [n, channels, height, width], the feature maps of n images
    weight, bias [channels], the scale and the shift of each channel
    running_mean, running_var [channels], what was remembered so far
    training: True in training, False in use
    the result: a new tensor, as large as x

In training, take the mean and the variance of each channel over all pixels of all
images in the batch. This variance divides by the number of values. Subtract the mean,
divide by the square root of the variance plus 1e-5, then multiply by weight and add
bias. Also change running_mean and running_var, in place: each becomes 0.9 times itself
plus 0.1 times the value of the batch. Here, and only here, the variance divides by the
number of values minus 1, as nn.BatchNorm2d does it.

In use, take running_mean and running_var to normalize, and change nothing.

The gradients of x, weight, and bias must be those of nn.BatchNorm2d, but the running
statistics must not have any. Do it without torch's own batch norm. tensor.var(dim,
correction=0) divides by the number of values and correction=1 by one less, and
weight.view(1, -1, 1, 1) gives weight the shape [1, channels, 1, 1].
"""
import torch


def batch_norm(x, weight, bias, running_mean, running_var, training):
    ...
