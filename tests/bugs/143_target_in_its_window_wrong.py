"""One-step forecast of an hourly load curve with a GRU on sliding windows."""
import math

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)


def make_series(n):
    t = torch.arange(n, dtype=torch.float32)
    daily = torch.sin(2 * math.pi * t / 24) + 0.5 * torch.sin(2 * math.pi * t / 6)
    return daily + 0.1 * torch.randn(n)


class WindowDataset(Dataset):
    """The last `length` hours and the hour to be forecast from them."""

    def __init__(self, series, length):
        self.series, self.length = series, length

    def __len__(self):
        return len(self.series) - self.length

    def __getitem__(self, i):
        window = self.series[i:i + self.length]
        target = self.series[i + self.length - 1]
        return window.unsqueeze(-1), target


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.head(out[:, -1]).squeeze(-1)


series = make_series(1000)
train_set, test_set = WindowDataset(series[:800], 24), WindowDataset(series[800:], 24)
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
test_loader = DataLoader(test_set, batch_size=64)

model = Forecaster()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(7):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    model.eval()
    total = 0.0
    with torch.no_grad():
        for x, y in test_loader:
            total += criterion(model(x), y).item() * len(x)
    print(f"epoch {epoch + 1}: test mse {total / len(test_set):.5f}")

# use in production: forecast the hour that follows the newest window
with torch.no_grad():
    windows = series[800:].unfold(0, 24, 1)[:-1].unsqueeze(-1)
    error = (model(windows) - series[824:]).pow(2).mean().item()
print(f"live mse of the next hour {error:.5f}")
