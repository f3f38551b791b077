"""Segmentation of discs, gradients accumulated over several small batches."""
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(10)
ACCUMULATION, EPOCHS = 4, 8


class Discs(Dataset):
    def __init__(self, n, size=24):
        grid = torch.arange(size).float()
        self.items = []
        for _ in range(n):
            cy, cx = (6 + 12 * torch.rand(2)).tolist()
            radius = 3 + 3 * torch.rand(1).item()
            mask = (((grid[:, None] - cy) ** 2 + (grid[None, :] - cx) ** 2) < radius ** 2).float()
            image = mask + 0.7 * torch.randn(size, size)
            self.items.append((image.unsqueeze(0), mask.unsqueeze(0)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class SegNet(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.mid = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU(),
                                 nn.Upsample(scale_factor=2))
        self.out = nn.Conv2d(width + 1, 1, 3, padding=1)

    def forward(self, x):
        return self.out(torch.cat([self.mid(self.down(x)), x], dim=1))


def dice(logits, mask):
    guess = (logits > 0).float()
    return (2 * (guess * mask).sum() / (guess.sum() + mask.sum() + 1e-6)).item()


train_loader = DataLoader(Discs(112), batch_size=8, shuffle=True)
val_images, val_masks = (torch.stack(t) for t in zip(*Discs(60).items))
model = SegNet()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(EPOCHS):
    model.train()
    optimizer.zero_grad()
    total = 0.0
    for i, (image, mask) in enumerate(train_loader):
        loss = criterion(model(image), mask)
        (loss / ACCUMULATION).backward()
        total += loss.item()
        if (i + 1) % ACCUMULATION == 0 or i + 1 == len(train_loader):
            optimizer.step()
            optimizer.zero_grad()
    model.eval()
    with torch.no_grad():
        score = dice(model(val_images), val_masks)
    print(f"epoch {epoch + 1}: loss {total / len(train_loader):.3f}, val dice {score:.3f}")
