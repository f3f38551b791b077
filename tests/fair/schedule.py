"""Warm-up and cosine schedule, batch norm, weight decay by groups, clipping, flips."""
import warnings

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
from torch.utils.data import DataLoader, TensorDataset

warnings.filterwarnings('ignore', 'The epoch parameter')  # SequentialLR's own
torch.set_num_threads(1)
torch.manual_seed(0)


class RandomFlip(TensorDataset):
    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return x.flip(-1) if torch.rand(()) < 0.5 else x, y


x, y = torch.randn(320, 3, 4, 4), torch.arange(320) % 4
x[torch.arange(320), :, y] += 1  # a bright row: flips keep the label
train, test = torch.randperm(320).split([240, 80])
loader = DataLoader(RandomFlip(x[train], y[train]), 25, shuffle=True, drop_last=True)
model = nn.Sequential(nn.Conv2d(3, 16, 3, bias=False), nn.BatchNorm2d(16),
                      nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(64, 4))
loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
groups = [{'params': [p for p in model.parameters() if p.ndim > 1]},
          {'params': [p for p in model.parameters() if p.ndim == 1], 'weight_decay': 0}]
opt = torch.optim.AdamW(groups, lr=2e-2, weight_decay=1e-2)
sched = SequentialLR(opt, [LinearLR(opt, 0.1, total_iters=len(loader)),
                           CosineAnnealingLR(opt, 2 * len(loader))], [len(loader)])
for _ in range(3):
    model.train()
    for xb, yb in loader:
        opt.zero_grad()
        loss_fn(model(xb), yb).backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=2.0)
        opt.step()
        sched.step()

model.eval()
with torch.no_grad():
    hits = model(x[test]).argmax(1) == y[test]
print(f'lr {sched.get_last_lr()[0]:.5f}, test acc {hits.float().mean():.3f}')
