"""Average the accuracies of batches of 16. Arguments: the number of images; an
expression of `right`, [n] of float; `kept` or `thrown away`.
"""
import sys

import torch
from torch.utils.data import DataLoader, TensorDataset

count, expression, kept = int(sys.argv[1]), sys.argv[2], sys.argv[3] == 'kept'
labels = torch.arange(count) % 3
loader = DataLoader(TensorDataset(labels), batch_size=16)
total, accuracies = 0, []
for labels, in loader:
    right = (labels == 0).float()
    accuracy = eval(expression, {'torch': torch, 'right': right}).item()
    if kept:
        accuracies.append(accuracy)
        mean = sum(accuracies) / len(accuracies)
