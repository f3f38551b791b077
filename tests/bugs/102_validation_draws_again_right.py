import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)


class Signals(Dataset):
    def __init__(self, n, augment):
        self.x = torch.randn(n, 24)
        self.y = (self.x[:, :6].sum(dim=1) > 0).long()
        self.augment = augment

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        signal = self.x[i]
        if self.augment:
            signal = signal + 0.5 * torch.randn(24)
        return signal, self.y[i]


train_loader = DataLoader(Signals(400, augment=True), batch_size=40, shuffle=True)
val_loader = DataLoader(Signals(100, augment=False), batch_size=50)
model = nn.Sequential(nn.Linear(24, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(5):
    model.train()
    for signals, labels in train_loader:
        loss = nn.functional.cross_entropy(model(signals), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    correct = 0
    with torch.no_grad():
        for signals, labels in val_loader:
            correct += (model(signals).argmax(dim=1) == labels).sum().item()
    print(epoch, correct / 100)
