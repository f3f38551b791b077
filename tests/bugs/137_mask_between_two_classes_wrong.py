import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(1)
CLASSES = ["background", "crater", "dune", "rock"]


class TerrainDataset(Dataset):
    def __init__(self, n, size=24):
        self.size = size
        self.images, self.masks = [], []
        colors = torch.tensor([[0.2, 0.2, 0.2], [0.8, 0.3, 0.2], [0.2, 0.7, 0.4], [0.3, 0.3, 0.9]])
        for _ in range(n):
            mask = torch.zeros(40, 40, dtype=torch.long)
            for _ in range(5):
                r, c = torch.randint(0, 30, (2,)).tolist()
                mask[r:r + 9, c:c + 9] = int(torch.randint(1, 4, (1,)))
            image = colors[mask].permute(2, 0, 1) + 0.15 * torch.randn(3, 40, 40)
            self.images.append(image)
            self.masks.append(mask)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        new = (self.size, self.size)
        image = F.interpolate(self.images[i][None], size=new, mode="bilinear", align_corners=False)[0]
        mask = F.interpolate(self.masks[i][None, None].float(), size=new, mode="bilinear", align_corners=False)
        return image, mask[0, 0].long()


net = nn.Sequential(
    nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(),
    nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, len(CLASSES), 1),
)
train_loader = DataLoader(TerrainDataset(80), batch_size=8, shuffle=True)
val_loader = DataLoader(TerrainDataset(30), batch_size=10)
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(5):
    net.train()
    for image, mask in train_loader:
        loss = criterion(net(image), mask)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    inter, union = torch.zeros(4), torch.zeros(4)
    with torch.no_grad():
        for image, mask in val_loader:
            pred = net(image).argmax(1)
            for k in range(4):
                inter[k] += ((pred == k) & (mask == k)).sum()
                union[k] += ((pred == k) | (mask == k)).sum()
    print(f"epoch {epoch} loss {loss.item():.3f} mIoU {(inter / union).mean().item():.3f}")
