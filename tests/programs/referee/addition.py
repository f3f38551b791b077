"""Add up losses: with which operator, and what of them.

Arguments: `total + loss`, `loss + total` or `total += loss`; what is added: `after
backward`, `before backward`, `detached`, `item`.
"""
import sys

import torch
from torch import nn

operator, what = sys.argv[1:]
torch.manual_seed(7)
model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
labels = torch.arange(8) % 2
total = torch.zeros(())
for _ in range(2):
    loss = nn.functional.cross_entropy(model(torch.randn(8, 1, 4, 4)), labels)
    if what != 'before backward':
        loss.backward()
    if what == 'detached':
        loss = loss.detach()
    elif what == 'item':
        loss = loss.item()
    if operator == 'total += loss':
        total += loss
    elif operator == 'number + loss':
        total = 0.5 + loss
    elif operator == 'loss + total':
        total = loss + total
    else:
        total = total + loss
if what == 'before backward':
    total.backward()
