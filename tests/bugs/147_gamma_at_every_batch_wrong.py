"""Tiny segmentation network with dice loss and an exponential lr decay per epoch."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(5)

PARAMS = {"num_epochs": 6, "batch_size": 8, "lr": 5e-3, "gamma": 0.9}


def make_slices(n, size=24):
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    cy, cx = torch.randint(6, size - 6, (2, n, 1, 1))
    r = torch.randint(3, 6, (n, 1, 1))
    mask = (((yy - cy) ** 2 + (xx - cx) ** 2) <= r ** 2).float().unsqueeze(1)
    image = mask + 0.6 * torch.randn(n, 1, size, size)
    return image, mask


class SmallUnet(nn.Module):
    def __init__(self, ch=8):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, ch, 3, padding=1), nn.BatchNorm2d(ch), nn.ReLU())
        self.mid = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(ch, ch, 3, padding=1), nn.ReLU())
        self.up = nn.Upsample(scale_factor=2)
        self.out = nn.Conv2d(2 * ch, 1, 3, padding=1)

    def forward(self, x):
        skip = self.down(x)
        return torch.sigmoid(self.out(torch.cat([skip, self.up(self.mid(skip))], dim=1)))


def dice_loss(pred, target, smooth=1.0):
    inter = (pred * target).sum()
    return 1 - (2 * inter + smooth) / (pred.sum() + target.sum() + smooth)


train_loader = DataLoader(TensorDataset(*make_slices(128)), batch_size=PARAMS["batch_size"], shuffle=True)
val_image, val_mask = make_slices(40)
model = SmallUnet()
optimizer = torch.optim.Adam(model.parameters(), lr=PARAMS["lr"])
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=PARAMS["gamma"])

for epoch in range(1, PARAMS["num_epochs"] + 1):
    lr = scheduler.get_last_lr()[0]
    model.train()
    total = 0.0
    for image, mask in train_loader:
        loss = dice_loss(model(image), mask)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        val = dice_loss(model(val_image), val_mask).item()
    print(f"epoch {epoch} lr {lr:.2e} train dice loss {total / len(train_loader):.4f} val {val:.4f}")
