"""Batches from a plain generator function, statistics of the training images."""
import torch
from torch import nn, optim

torch.set_num_threads(1)
torch.manual_seed(2024)


def make_stripes(n):
    labels = torch.randint(2, (n,))
    wave = torch.sin(2 * torch.arange(4.0) + 6.3 * torch.rand(n, 1)).expand(4, n, 4)
    images = torch.where(labels[:, None, None] == 0, wave.permute(1, 0, 2),
                         wave.permute(1, 2, 0))
    return 5 * images[:, None] + 2 * torch.randn(n, 3, 4, 4), labels


def batches(x, y, batch_size, shuffle=False):
    order = torch.randperm(len(x)) if shuffle else torch.arange(len(x))
    for start in range(0, len(x), batch_size):
        idx = order[start:start + batch_size]
        yield x[idx], y[idx]


(x_train, y_train), (x_test, y_test) = make_stripes(240), make_stripes(80)
mean = x_train.mean(dim=(0, 2, 3), keepdim=True)
std = x_train.std(dim=(0, 2, 3), keepdim=True)
x_train, x_test = [(t - mean) / std for t in (x_train, x_test)]
net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.GELU(),
                    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 2))
criterion = nn.CrossEntropyLoss()
opt = optim.AdamW(net.parameters(), lr=1e-2)
for _ in range(4):
    net.train()
    for xb, yb in batches(x_train, y_train, 20, shuffle=True):
        opt.zero_grad(set_to_none=True)
        criterion(net(xb), yb).backward()
        opt.step()

net.eval()
with torch.inference_mode():
    hits = sum((net(xb).argmax(-1) == yb).sum().item()
               for xb, yb in batches(x_test, y_test, 30))
print(f'final test: accuracy {hits / len(y_test):.2%}')
