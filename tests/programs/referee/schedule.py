"""Train for three epochs with a scheduler.

Arguments: after which of the epochs, 0 to 2, it takes a step, or `none`; whether it's
`kept` to the end, or `gone` after the training.
"""
import gc
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(7)
when, what = sys.argv[1:]
data = TensorDataset(torch.randn(32, 1, 4, 4), torch.arange(32) % 2)
loader = DataLoader(data, batch_size=16, shuffle=True)


def train():
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    for epoch in range(3):
        for images, labels in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
        if str(epoch) in when:
            scheduler.step()
    return scheduler if what == 'kept' else None


scheduler = train()
gc.collect()
