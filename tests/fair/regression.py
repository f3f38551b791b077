"""Multi-label (BCEWithLogits) and regression (MSE), both on tables."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
torch.manual_seed(1111)


def fit(n_out, loss_fn, x, t):
    model = nn.Sequential(nn.Linear(16, 32), nn.LayerNorm(32), nn.ReLU(),
                          nn.Dropout(0.1), nn.Linear(32, n_out))
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    model.train()
    for _ in range(4):
        for xb, tb in DataLoader(TensorDataset(x, t), batch_size=32, shuffle=True):
            opt.zero_grad()
            loss_fn(model(xb), tb).backward()
            opt.step()
    return model.eval()


unit = torch.randn(320, 16)
train, test = torch.randperm(320).split([240, 80])
x = 3 + unit * torch.linspace(0.5, 5, 16)
x = (x - x[train].mean(0)) / x[train].std(0)

raw = unit @ torch.randn(16, 5) / 4 - 0.3
targets = (raw + 0.3 * torch.randn_like(raw) > 0).float()
freq = targets[train].mean(0)
bce = nn.BCEWithLogitsLoss(pos_weight=(1 - freq) / freq)
net = fit(5, bce, x[train], targets[train])
with torch.inference_mode():
    hits = (net(x[test]).sigmoid() > 0.5) == targets[test].bool()
print(f'multi-label: accuracy {hits.float().mean():.3f}')

price = 200 + 30 * torch.sin(unit[:, :1]) + 20 * unit[:, 1:2] + torch.randn(320, 1)
mean, std = price[train].mean(), price[train].std()
net = fit(1, nn.MSELoss(), x[train], (price[train] - mean) / std)
with torch.inference_mode():
    err = net(x[test]) * std + mean - price[test]
print(f'regression: RMSE {err.pow(2).mean().sqrt():.2f}, MAE {err.abs().mean():.2f}')
