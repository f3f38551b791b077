import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)


class RankNet(nn.Module):
    def __init__(self, in_dim):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(in_dim, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x):
        return self.body(x).squeeze(1)


def make_pairs(n, w):
    left, right = torch.randn(n, 12), torch.randn(n, 12)
    pose_left = torch.tanh(left @ w) + 0.1 * torch.randn(n)
    pose_right = torch.tanh(right @ w) + 0.1 * torch.randn(n)
    label = (pose_left > pose_right).float() * 2 - 1
    return TensorDataset(left, right, label)


w = torch.randn(12)
train_loader = DataLoader(make_pairs(800, w), batch_size=32, shuffle=True)
val_loader = DataLoader(make_pairs(400, w), batch_size=100)

model = RankNet(12)
criterion = nn.MarginRankingLoss(margin=0.5)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(6):
    model.train()
    total, seen = 0.0, 0
    for left, right, label in train_loader:
        score_left, score_right = model(left), model(right)
        loss = criterion(score_left, score_right, label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(label)
        seen += len(label)

    model.eval()
    correct = 0
    with torch.no_grad():
        for left, right, label in val_loader:
            pred = (model(left) > model(right)).float() * 2 - 1
            correct += (pred == label).sum().item()
    print(f"epoch {epoch}: loss {total / seen:.4f}  pair accuracy {correct / 400:.3f}")
