"""
From an array to centred columns
================================

Tables come as NumPy arrays, one row for each example and one column for each feature. A
network learns sooner from columns whose mean is 0. An array may share its memory with
the tensor made from it, and whoever handed it to you still needs it.

Write centre(array). array is [n, k], of float64 or of float32. It returns a float32
tensor [n, k]: each column minus its own mean. The array stays as it is, and shares no
memory with the tensor.

mean(dim=0) of a tensor, or mean(axis=0) of an array, is the mean of each column. A
column of dates in seconds holds numbers near 1700000000, and float32 keeps about seven
digits. So subtract first, and make it float32 afterwards.
"""
import numpy as np
import torch


def centre(array):
    ...
