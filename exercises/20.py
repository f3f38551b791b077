"""
Features once
=============

A frozen body says the same of a photo in every epoch. So let it speak once, write down
what it says, and train on that: this is what makes lesson 20 quick.

Write compute_features(body, loader). body turns images into features, a row of numbers
for each image. It may have batch norm and dropout, and you do not know in which mode it
comes. loader serves batches of images and labels; it may shuffle, and its last batch
may be short.

It returns two tensors: features, float32 [n, k], and labels, int64 [n], of all n images
of the loader, in any order, as long as row i of the features belongs to label i. The
features are those of a body in use, not in training, whatever other images stand beside
an image. The body stays as it is (its mode may change), each image goes through it
once, and torch takes no notes for gradients.
"""
import torch


def compute_features(body, loader):
    ...
