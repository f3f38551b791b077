"""
The mistake it makes most often
===============================

An accuracy of 87 % does not say what the other 13 % are. Often a few pairs of classes
make up most of them, such as shirts taken for T-shirts. Whoever knows the worst pair
knows which images to look at.

Write worst_mistake(labels, predicted). Both are tensors, int64 [n]: the class of each
image, and the class that the network took it for. Count how often each class was taken
for each other class, and find the pair that occurs most often. (Shirts taken for
T-shirts and T-shirts taken for shirts are two pairs.)

It returns three numbers: the class, what it was taken for, and the share of the images
of that class that were taken for it, from 0 to 1. There is at least one mistake, and no
two pairs share the first place. Classes are whole numbers from 0, and there may be more
than ten of them. labels and predicted stay as they are. For instance,

    labels = torch.tensor([0, 2, 1, 2, 2, 1])
    predicted = torch.tensor([0, 0, 1, 2, 0, 0])
    worst_mistake(labels, predicted)  # (2, 0, 0.6666666666666666)

since of three images of class 2, two were taken for class 0.
"""
import torch


def worst_mistake(labels, predicted):
    ...
