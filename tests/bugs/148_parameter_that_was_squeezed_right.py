"""Periodic regression with a Snake activation that has a trainable frequency."""
import torch
from torch import nn
from torch.distributions.exponential import Exponential

torch.manual_seed(8)


class Snake(nn.Module):
    """x + sin^2(a x) / a, one trainable a per feature."""

    def __init__(self, features, a=None, trainable=True):
        super().__init__()
        if a is not None:
            self.a = nn.Parameter(torch.full((features,), a))
        else:
            freq = Exponential(torch.tensor([0.8])).sample((features,)) + 0.05
            self.a = nn.Parameter(freq.squeeze())
        self.a.requires_grad_(trainable)

    def forward(self, x):
        return x + torch.sin(x * self.a) ** 2 / self.a


class Net(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.fc1 = nn.Linear(1, hidden)
        self.act1 = Snake(hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.act2 = Snake(hidden, a=0.5)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(self.act2(self.fc2(self.act1(self.fc1(x)))))


x_train = torch.linspace(-4, 4, 256).unsqueeze(1)
y_train = torch.sin(2 * x_train) + 0.2 * x_train + 0.05 * torch.randn_like(x_train)
x_test = torch.linspace(4, 6, 64).unsqueeze(1)
y_test = torch.sin(2 * x_test) + 0.2 * x_test

model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.MSELoss()

for epoch in range(120):
    perm = torch.randperm(len(x_train))
    total = 0.0
    for idx in perm.split(64):
        optimizer.zero_grad()
        loss = criterion(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    if (epoch + 1) % 30 == 0:
        with torch.no_grad():
            test = criterion(model(x_test), y_test).item()
        print(f"epoch {epoch + 1} train {total / len(x_train):.4f} extrapolation {test:.4f}")
