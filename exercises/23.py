"""
Serve whole batches
===================

A loader that fetches each image by itself calls Python for each image, and these calls
take longer than the training of a small network. When all images are one tensor, a
single index takes a whole batch out of it: images[[5, 0, 7]] are three of them. Lesson
23 is several times as fast with it.

Write batches(images, labels, batch_size), a generator: a function with yield in place
of return, which hands on a batch, and goes on after it when the loop asks for the next.

    for some_images, some_labels in batches(images, labels, 64):

goes through an epoch: each image comes once, with its own label, in a shuffled order
that is new at each call. Each batch is a pair of tensors, and stays as it is after it
was handed on. All batches have batch_size images, but the last may be short; none is
empty. images and labels, two tensors of the same length, stay as they are.

Take a whole batch with one index, never image by image, and stay with tensors (no NumPy
and no lists of images). The check has no clock: it counts what you do with images.
"""
import torch


def batches(images, labels, batch_size):
    ...
