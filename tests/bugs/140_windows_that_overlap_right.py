import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

torch.manual_seed(0)
length, ahead = 12, 3
time = torch.arange(500.0)
series = torch.sin(time / 7) + 0.3 * torch.sin(time / 2.3) + 0.1 * torch.randn(500)
windows = series.unfold(0, length + ahead, 1)
data = TensorDataset(windows[:, :length].unsqueeze(2), windows[:, length:])
train_set, val_set = Subset(data, range(len(data) - 100)), Subset(data, range(len(data) - 100, len(data)))

class Forecaster(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.rnn = nn.GRU(1, width, batch_first=True)
        self.head = nn.Linear(width, ahead)

    def forward(self, x):
        states, _ = self.rnn(x)
        return self.head(states[:, -1])


train_loader = DataLoader(train_set, batch_size=40, shuffle=True)
val_loader = DataLoader(val_set, batch_size=40)
model, criterion = Forecaster(), nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(4):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    model.eval()
    total = 0.0
    with torch.no_grad():
        for x, y in val_loader:
            total += criterion(model(x), y).item() * len(x)
    print(epoch, total / len(val_set))
