"""
Of all cats, how many were found?
=================================

One accuracy for all classes can hide that a class is never found. Two numbers for each
class say more. Recall: of all images of this class, the share that was called so.
Precision: of all images that were called so, the share that is of this class. Whoever
calls everything a cat has a recall of 1 for cats, and a low precision.

counts is a confusion matrix as lesson 21 draws it, a tensor int64 [n, n]: in row i and
column j stands how many images of class i were taken for class j.

Write recall_and_precision(counts). It returns two tensors, float32 [n] each, first the
recalls, then the precisions. If there is no image to take a share of, since a class has
no images or nothing was taken for it, the share is nan (not a number, 0 / 0 in torch).
counts stays as it is. For instance,

    counts = torch.tensor([[3, 1],
                           [2, 2]])
    recall_and_precision(counts)  # recalls 0.75 and 0.5, precisions 0.6 and 0.6667
"""
import torch


def recall_and_precision(counts):
    ...
