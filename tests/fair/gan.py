"""A small DCGAN: two networks, two optimizers, detached fakes."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
torch.manual_seed(77)


def init_weights(m):
    if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(m.weight, 0.0, 0.02)


G = nn.Sequential(nn.ConvTranspose2d(8, 16, 4, bias=False), nn.BatchNorm2d(16),
                  nn.ReLU(True), nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Tanh())
D = nn.Sequential(nn.Conv2d(1, 16, 4, 2, 1), nn.LeakyReLU(0.2), nn.Dropout2d(0.2),
                  nn.Flatten(), nn.Linear(256, 1), nn.Flatten(0))
G.apply(init_weights)
D.apply(init_weights)
opt_g = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
bce, ones = nn.BCEWithLogitsLoss(), torch.ones(32)
ax, centre = torch.arange(8.0), 2 + 3 * torch.rand(320, 2, 1, 1)
d2 = (ax[:, None] - centre[:, :1]) ** 2 + (ax - centre[:, 1:]) ** 2
pictures = 2 * torch.exp(-d2 / 4) - 1 + 0.05 * torch.randn(320, 1, 8, 8)
loader = DataLoader(TensorDataset(pictures), batch_size=32, shuffle=True)
for _ in range(4):
    for (real,) in loader:
        fake = G(torch.randn(len(real), 8, 1, 1))
        opt_d.zero_grad()
        loss_d = bce(D(real), 0.9 * ones) + bce(D(fake.detach()), 0 * ones)
        loss_d.backward()
        opt_d.step()
        D.requires_grad_(False)  # D only passes the gradients on
        opt_g.zero_grad()
        loss_g = bce(D(fake), ones)
        loss_g.backward()
        opt_g.step()
        D.requires_grad_(True)

G.eval()
with torch.no_grad():
    mean = G(torch.randn(100, 8, 1, 1)).mean()
print(f'D {loss_d:.3f} G {loss_g:.3f}, mean {mean:+.3f} real {pictures.mean():+.3f}')
