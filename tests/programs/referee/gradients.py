"""Test a network with a loader. Argument: `on`, `off`, `inference`, `switched off`, or
`used` where gradients are on and backward() needs them.
"""
import contextlib
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(7)
data = TensorDataset(torch.randn(8, 1, 4, 4), torch.arange(8) % 2)
how = sys.argv[1]
context = {'off': torch.no_grad, 'inference': torch.inference_mode}.get(
    how, contextlib.nullcontext)
if how == 'switched off':
    torch.set_grad_enabled(False)
model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2)).eval()
with context():
    for images, labels in DataLoader(data, batch_size=4):
        output = model(images)
        print((output.argmax(dim=1) == labels).sum().item())
        if how == 'used':
            output.max().backward()
