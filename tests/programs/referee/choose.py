"""Test a network in train mode. Argument: an expression of its `output`, [8, 2], and of
the `labels`, [8].
"""
import sys

import torch
from torch import nn

model = nn.Sequential(nn.Dropout(0.5), nn.Flatten(), nn.Linear(16, 2))
with torch.no_grad():
    output = model(torch.randn(8, 1, 4, 4))
    labels = torch.arange(8) % 2
    eval(sys.argv[1], {'torch': torch, 'output': output, 'labels': labels})
