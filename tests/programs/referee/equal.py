"""Compare labels with predictions.

Arguments: an expression of `flat` [n] and `column` [n, 1]; n; `own` if each has numbers
of its own, `same` if both are the same numbers.
"""
import sys

import torch

count = int(sys.argv[2])
flat = torch.arange(count)
column = flat.unsqueeze(1)
if sys.argv[3] == 'own':
    column = column.clone()
print(eval(sys.argv[1], {'torch': torch, 'flat': flat, 'column': column}))
