import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)

X = torch.randn(800, 6)
y = ((X[:, 0] > 0) ^ (X[:, 1] > 0.5)).float().unsqueeze(1)
train_loader = DataLoader(TensorDataset(X[:600], y[:600]), batch_size=30, shuffle=True)
val_loader = DataLoader(TensorDataset(X[600:], y[600:]), batch_size=100)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(6, 32)
        self.fc2 = nn.Linear(32, 1)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        return torch.softmax(self.fc2(x), dim=1)


net = Net()
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)

for epoch in range(5):
    net.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        right = sum(((net(xb) > 0.5) == (yb > 0.5)).sum().item() for xb, yb in val_loader)
    print(f"epoch {epoch}: loss {loss.item():.3f}, accuracy {right / 200:.3f}")
