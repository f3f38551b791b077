"""Pretraining, then a new head, a frozen stem and a learning rate for each part."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
torch.manual_seed(909)


def task(n, n_classes, shuffle):
    x, y = torch.randn(n, 1, 4, 4), torch.randint(0, n_classes, (n,))
    x[torch.arange(n), 0, y] += 1.5
    return DataLoader(TensorDataset(x, y), batch_size=20, shuffle=shuffle)


def train(model, loader, optimizer, frozen=()):
    for _ in range(3):
        model.train()
        for module in frozen:  # batch norm keeps its pretrained statistics
            module.eval()
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()


stem = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
body = nn.Sequential(nn.Flatten(), nn.Linear(32, 16), nn.ReLU())
model = nn.Sequential(stem, body, nn.Linear(16, 4))
train(model, task(300, 4, True), torch.optim.Adam(model.parameters(), lr=5e-3))

model[2] = nn.Linear(16, 3)
stem.requires_grad_(False)
groups = [{'params': body.parameters(), 'lr': 2e-3},
          {'params': model[2].parameters(), 'lr': 1e-2}]
train(model, task(160, 3, True), torch.optim.Adam(groups), frozen=[stem])

model.eval()
with torch.inference_mode():
    hits = torch.cat([model(x).argmax(1) == y for x, y in task(100, 3, False)])
print(f'target test accuracy {hits.float().mean():.3f}')
