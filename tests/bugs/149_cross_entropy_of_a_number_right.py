import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)

features = torch.randn(600, 8)
price = features @ torch.randn(8, 1) + 0.1 * torch.randn(600, 1)
train_set = TensorDataset(features[:500], price[:500])
test_set = TensorDataset(features[500:], price[500:])
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
test_loader = DataLoader(test_set, batch_size=100)

net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
loss_fn = nn.MSELoss()
opt = torch.optim.Adam(net.parameters(), lr=0.01)

for epoch in range(5):
    net.train()
    running = 0.0
    for X, y in train_loader:
        opt.zero_grad()
        loss = loss_fn(net(X), y)
        loss.backward()
        opt.step()
        running += loss.item() * len(X)
    net.eval()
    with torch.no_grad():
        error = sum((net(X) - y).abs().sum().item() for X, y in test_loader)
    print(epoch, running / len(train_set), error / len(test_set))
