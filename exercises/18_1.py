"""
A convolution with channels
===========================

In lesson 18_1 a window slides over a picture with one channel. A photo has three, and
the second layer of the model there gets sixteen. A window then has weights for each
channel, and sums up over all of them.

Write convolve(picture, windows, bias):

    picture [channels, height, width]
    windows [maps, channels, k, k], k rows and k columns in each channel
    bias [maps], one number for each window
    the result: [maps, height - k + 1, width - k + 1]

At each place where it fits, a window is laid on the picture as it is, not turned. All
products of its weights and the numbers beneath it are summed up, over all channels, and
its bias is added once. No rim is added. It should be possible to train with it: the
gradients of windows and bias are those of nn.Conv2d. Do without the convolutions of
torch; loops will do. All tensors are float32, and those that go in stay as they are.
"""
import torch


def convolve(picture, windows, bias):
    ...
