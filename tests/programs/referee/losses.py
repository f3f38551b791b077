"""Train with a loss of torch.nn.functional, and do one thing wrong, or none.

Arguments: the loss, as `mse_loss`; the mistake: `none`, `batches counted`, `equal
batches counted`, `losses of sums counted`, `loss added up`, `column`.
"""
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(7)
name, mistake = sys.argv[1:]
criterion = getattr(nn.functional, name)
count = 48 if mistake == 'equal batches counted' else 40
reduction = 'sum' if mistake == 'losses of sums counted' else 'mean'
labels = torch.arange(count) % 2
data = TensorDataset(torch.randn(count, 1, 4, 4), labels)
loader = DataLoader(data, batch_size=16, shuffle=True)
classes = name in ('cross_entropy', 'nll_loss')
model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2 if classes else 1))
if name == 'nll_loss':
    model.append(nn.LogSoftmax(dim=1))
elif name == 'binary_cross_entropy':
    model.append(nn.Sigmoid())
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
total = 0
for images, labels in loader:
    optimizer.zero_grad()
    output = model(images)
    if not classes:
        labels = labels.float()
        if mistake != 'column':
            output = output.squeeze(1)
    loss = criterion(output, labels, reduction=reduction)
    loss.backward()
    optimizer.step()
    if mistake == 'loss added up':
        total += loss
    elif 'counted' in mistake:
        total += loss.item()
    else:
        total += loss.item() * len(labels)
print(total / len(loader))
