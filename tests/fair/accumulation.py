"""Gradient accumulation: windows of micro-batches, an incomplete last one weighted."""
from itertools import islice

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
torch.manual_seed(5)


def synth(n):
    x, y = torch.randn(n, 3, 4, 4), torch.randint(0, 4, (n,))
    for i, quadrant in enumerate(y.tolist()):
        top, left = 2 * (quadrant // 2), 2 * (quadrant % 2)
        x[i, :, top:top + 2, left:left + 2] += 1
    return TensorDataset(x, y)


def windows(loader, size):
    it = iter(loader)
    while group := list(islice(it, size)):
        yield group


train_loader = DataLoader(synth(250), batch_size=8, shuffle=True)
test_loader = DataLoader(synth(80), batch_size=30)
model = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.GroupNorm(4, 16),
                      nn.SiLU(), nn.Flatten(), nn.Linear(256, 4))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for _ in range(3):
    model.train()
    for group in windows(train_loader, 3):
        window_n = sum(len(y) for _, y in group)
        optimizer.zero_grad(set_to_none=True)
        for x, y in group:
            loss = F.cross_entropy(model(x), y, reduction='sum') / window_n
            loss.backward()
        optimizer.step()

model.eval()
with torch.inference_mode():
    correct = sum(int((model(x).argmax(1) == y).sum()) for x, y in test_loader)
print(f'test accuracy {correct / 80:.3f}')
