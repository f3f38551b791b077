import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(4)

x = torch.randn(500, 10)
y = x @ torch.randn(10) + 0.5 * torch.randn(500)
y = y / y[:400].std()
train_loader = DataLoader(TensorDataset(x[:400], y[:400]), batch_size=40, shuffle=True)
val_loader = DataLoader(TensorDataset(x[400:], y[400:]), batch_size=50)

net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
mse = nn.MSELoss()


def validate():
    net.eval()
    squared = 0.0
    with torch.no_grad():
        for features, target in val_loader:
            pred = net(features).squeeze(1)
            squared += ((pred - target) ** 2).mean().item() * len(target)
    return (squared / 100) ** 0.5


for epoch in range(8):
    net.train()
    for features, target in train_loader:
        opt.zero_grad()
        loss = mse(net(features).squeeze(1), target)
        loss.backward()
        opt.step()
    print(f'epoch {epoch}: rmse {validate():.3f}')
