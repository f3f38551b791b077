import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(10)
latent_dim = 4

angles = torch.rand(1600) * 6.2832
ring = torch.stack([2 * torch.cos(angles), 2 * torch.sin(angles)], dim=1) + 0.1 * torch.randn(1600, 2)
loader = DataLoader(TensorDataset(ring), batch_size=64, shuffle=True, drop_last=True)

net_G = nn.Sequential(nn.Linear(latent_dim, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
net_D = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
optim_G = torch.optim.Adam(net_G.parameters(), lr=1e-3, betas=(0.5, 0.99))
optim_D = torch.optim.Adam(net_D.parameters(), lr=1e-3, betas=(0.5, 0.99))
loss_fn = nn.BCEWithLogitsLoss()

for epoch in range(16):
    for (x,) in loader:
        z = torch.randn(x.size(0), latent_dim)
        with torch.no_grad():
            fake = net_G(z)
        pred_real, pred_fake = net_D(x), net_D(fake)
        loss_real = loss_fn(pred_real, torch.ones_like(pred_real))
        loss_fake = loss_fn(pred_fake, torch.zeros_like(pred_fake))
        loss_D = loss_real + loss_fake
        optim_D.zero_grad()
        loss_D.backward()
        optim_D.step()

        for p in net_D.parameters():
            p.requires_grad_(False)
        pred = net_D(net_G(torch.randn(x.size(0), latent_dim)))
        loss_G = loss_fn(pred, torch.ones_like(pred))
        optim_G.zero_grad()
        loss_G.backward()
        optim_G.step()
        for p in net_D.parameters():
            p.requires_grad_(True)

    if epoch % 4 == 3:
        with torch.no_grad():
            radius = net_G(torch.randn(500, latent_dim)).norm(dim=1)
        print(f"epoch {epoch} loss_D {loss_D.item():.4f} loss_G {loss_G.item():.4f} "
              f"radius {radius.mean().item():.2f} +- {radius.std().item():.2f} (2.00 +- 0.10)")
