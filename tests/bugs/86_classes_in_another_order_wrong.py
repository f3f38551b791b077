import os
import tempfile

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
root = tempfile.mkdtemp()
activities = ['box', 'circle', 'clean', 'fall', 'run', 'walk']
signals = torch.randn(6, 30)
for part, count in (('train', 40), ('test', 15)):
    for name, signal in zip(activities, signals):
        os.makedirs(f'{root}/{part}/{name}')
        torch.save(signal + torch.randn(count, 30), f'{root}/{part}/{name}/data.pt')


def listing(part):  # what glob gave: another order on each machine
    names = os.listdir(f'{root}/{part}')
    return sorted(names, reverse=part == 'test')


class CSI(Dataset):
    def __init__(self, part):
        folders = listing(part)
        self.category = {name: i for i, name in enumerate(folders)}
        parts = [(torch.load(f'{root}/{part}/{name}/data.pt'), self.category[name]) for name in folders]
        self.x = torch.cat([x for x, _ in parts])
        self.y = torch.cat([torch.full((len(x),), y) for x, y in parts])

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


train_loader, test_loader = DataLoader(CSI('train'), 20, shuffle=True), DataLoader(CSI('test'), 20)
model = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 6))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(6):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
model.eval()
with torch.no_grad():
    hits = sum((model(x).argmax(1) == y).sum().item() for x, y in test_loader)
print('train loss', loss.item(), 'test accuracy', hits / len(test_loader.dataset))
