import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(600, 20)
y = (x[:, :3].sum(dim=1) > 0).long()
train_loader = DataLoader(TensorDataset(x[:500], y[:500]), batch_size=32, shuffle=True)


def build():
    model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=8)
    return model, optimizer, scheduler


def train(model, optimizer, scheduler, epochs):
    for epoch in range(epochs):
        for inputs, labels in train_loader:
            loss = nn.functional.cross_entropy(model(inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        print(epoch, loss.item(), scheduler.get_last_lr()[0])


parts = build()
train(*parts, epochs=4)
checkpoint = [copy.deepcopy(part.state_dict()) for part in parts]
model, optimizer, scheduler = build()
model.load_state_dict(checkpoint[0])
optimizer.load_state_dict(checkpoint[1])
train(model, optimizer, scheduler, epochs=4)
