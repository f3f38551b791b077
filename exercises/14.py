"""
Count what is right
===================

Accuracy is the share of images whose class is named right. Loaders serve batches, and
the last one is often short: 1,000 images in batches of 64 leave 40. Lesson 14 shows two
ways to be wrong without an error.

Write accuracy(model, loader). It returns a float from 0 to 1: the share of all images
of the loader, however they are cut into batches, for which the largest of the model's
outputs is that of the label. The model may have dropout, which must be off while you
count: model.eval() does it. Whatever mode the model came in, train or eval (its
model.training is True or False), it leaves in the same one. Gradients are not needed,
so torch should take no notes for them.
"""
import torch


def accuracy(model, loader):
    ...
