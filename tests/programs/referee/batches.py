"""Train on batches in the order of the letters of the first argument, as ABCABC."""
import sys

import torch
from torch import nn

torch.manual_seed(7)
batches = {letter: torch.randn(8, 1, 4, 4) for letter in 'ABCDEF'}
labels = torch.arange(8) % 2
model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for letter in sys.argv[1]:
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(batches[letter]), labels).backward()
    optimizer.step()
