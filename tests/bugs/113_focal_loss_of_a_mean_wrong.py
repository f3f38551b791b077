import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(600, 20)
y = (x[:, :3].sum(dim=1) > 0).long()
train_loader = DataLoader(TensorDataset(x[:500], y[:500]), batch_size=32, shuffle=True)
val_loader = DataLoader(TensorDataset(x[500:], y[500:]), batch_size=50)


def focal_loss(logits, labels, gamma=2):
    ce = nn.functional.cross_entropy(logits, labels)
    pt = torch.exp(-ce)
    return ((1 - pt) ** gamma * ce).mean()


model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(3):
    for inputs, labels in train_loader:
        loss = focal_loss(model(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
