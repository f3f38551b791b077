"""
A dataset of apartments
=======================

You have a NumPy array with a row for each apartment. Its columns are the rent, the area,
and the number of rooms, and you want to predict the rent. NumPy's floating-point numbers
are float64, but a network's weights are float32.

Write the class Apartments(Dataset). A dataset is made from these three arrays:

    array [n, 3], float64: the rent (column 0), the area, and the number of rooms
    mean [3], float64: the mean of each column of the training rows
    std [3], float64: their standard deviation, above 0

len(dataset) is n, and dataset[i] is a pair of tensors, both float32 and both scaled,
which means (value - mean) / std:

    inputs [2]: area and rooms of apartment i
    target [1]: its rent, so that a batch of targets is [batch, 1]

The three arrays must stay as they are.
"""
import numpy as np
import torch
from torch.utils.data import Dataset


class Apartments(Dataset):
    def __init__(self, array, mean, std):
        ...

    def __len__(self):
        ...

    def __getitem__(self, index):
        ...
