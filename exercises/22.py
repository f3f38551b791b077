"""
Share the images, average the gradients
=======================================

Lesson 22 has two helpers: DistributedSampler deals out the images to the processes, and
DistributedDataParallel averages their gradients. Both do little, and can be wrong
without an error. Here you write that little, as plain functions in one process.

Write share(count, batch_size, rank, world, epoch). count is the number of images, world
the number of processes, and rank tells which of them asks: 0, 1, ... world - 1. Return
a list with an entry for each batch of the epoch: the numbers of those images of the
batch that this process takes, as an int64 tensor or a list. What all processes take of
a batch together are batch_size different images, shared as evenly as possible; the last
batch may be short. In an epoch each image comes once. The order is shuffled, another in
each epoch, and the same for all processes, whatever random numbers each has drawn
before. The random numbers that others draw stay what they were, too: torch.Generator()
makes a source of your own for torch.randperm. batch_size is a multiple of world, and
the last batch has at least one image for each process.

Write average(gradients, counts). gradients[i] is a tensor: the gradient in process i of
a loss that is the mean over its counts[i] images. Return the gradient of the mean over
the images of all processes. The gradients have one shape, whichever it is, and stay as
they are.
"""
import torch


def share(count, batch_size, rank, world, epoch):
    ...


def average(gradients, counts):
    ...
