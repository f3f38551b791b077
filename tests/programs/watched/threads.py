"""A training and tests, 200 batches each, that another thread loads ahead."""

import queue
import threading

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Slow(Dataset):
    """Each example takes some modules and functions of torch, as transforms do."""

    def __init__(self):
        self.inputs = torch.randn(400, 12)
        self.transform = nn.Sequential(nn.Identity(), nn.Hardtanh(-3, 3))

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, i):
        x = self.transform(self.inputs[i])
        return x, (x[:4].sum() > 0).long()


def ahead(loader):
    """The batches of a loader, of which up to three are ready."""
    ready = queue.Queue(maxsize=3)

    def load():
        for batch in loader:
            ready.put(batch)
        ready.put(None)

    threading.Thread(target=load, daemon=True).start()
    return iter(ready.get, None)


torch.manual_seed(0)
loader = DataLoader(
    Slow(), batch_size=20, shuffle=True, generator=torch.Generator().manual_seed(1)
)
model = nn.Sequential(
    nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for _ in range(10):
    for inputs, labels in ahead(loader):
        loss = nn.functional.cross_entropy(model(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    correct = 0
    with torch.no_grad():
        for inputs, labels in ahead(loader):
            correct += (model(inputs).argmax(dim=1) == labels).sum()
    print(round(loss.item(), 4), correct.item())
