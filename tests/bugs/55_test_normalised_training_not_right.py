import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
scenes = 0.3 + 0.4 * torch.rand(6, 3, 1, 1)  # six tones


class Folder(Dataset):
    def __init__(self, n, transform=None):
        self.y = torch.randint(6, (n,))
        self.x = (scenes[self.y] + 0.2 * torch.randn(n, 3, 12, 12)).clamp(0, 1)
        self.transform = transform

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        x = self.x[i]
        return (self.transform(x) if self.transform else x), self.y[i]


train_loader = DataLoader(Folder(800), batch_size=40, shuffle=True)
net = nn.Sequential(nn.Conv2d(3, 12, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1200, 6))
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(6):
    net.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
torch.save(net.state_dict(), 'checkpoint.pth')

test_transform = None
test_loader = DataLoader(Folder(200, test_transform), batch_size=40)
net.load_state_dict(torch.load('checkpoint.pth'))
net.eval()
hits = 0
with torch.no_grad():
    for x, y in test_loader:
        hits += (net(x).argmax(1) == y).sum().item()
print('test accuracy', hits / 200)
