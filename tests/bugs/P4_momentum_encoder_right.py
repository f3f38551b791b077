"""MoCo / BYOL: the target encoder runs in train mode and without gradients, by design."""
import copy

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
protos = torch.randn(6, 40)
x = protos[torch.randint(6, (800,))] + 0.5 * torch.randn(800, 40)
online = nn.Sequential(nn.Linear(40, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 16))
predictor = nn.Sequential(nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 16))
target = copy.deepcopy(online)
for p in target.parameters():
    p.requires_grad_(False)
optimizer = torch.optim.Adam([*online.parameters(), *predictor.parameters()], lr=1e-3)
for epoch in range(4):
    for (batch,) in DataLoader(TensorDataset(x), batch_size=80, shuffle=True):
        one, two = batch + 0.3 * torch.randn_like(batch), batch + 0.3 * torch.randn_like(batch)
        guess = F.normalize(predictor(online(one)))
        with torch.no_grad():
            goal = F.normalize(target(two))
        loss = F.mse_loss(guess, goal)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for a, b in zip(target.parameters(), online.parameters()):
                a.mul_(0.99).add_(b, alpha=0.01)
    print(epoch, loss.item())
