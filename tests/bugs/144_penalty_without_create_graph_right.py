"""WGAN with gradient penalty on points of a ring."""
import math

import torch
from torch import nn

torch.manual_seed(8)
NOISE, BATCH, LAMBDA = 4, 64, 1.0


def ring(n):
    angle = 2 * math.pi * torch.rand(n)
    points = torch.stack([angle.cos(), angle.sin()], dim=1)
    return 2 * points + 0.05 * torch.randn(n, 2)


def mlp(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2),
                         nn.Linear(48, n_out))


def gradient_penalty(critic, real, fake):
    mix = torch.rand(len(real), 1)
    between = (mix * real + (1 - mix) * fake).requires_grad_(True)
    scores = critic(between)
    gradients = torch.autograd.grad(outputs=scores, inputs=between,
                                    grad_outputs=torch.ones_like(scores), create_graph=True)[0]
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


generator, critic = mlp(NOISE, 2), mlp(2, 1)
g_optimizer = torch.optim.Adam(generator.parameters(), lr=5e-3, betas=(0.0, 0.9))
c_optimizer = torch.optim.Adam(critic.parameters(), lr=5e-3, betas=(0.0, 0.9))

for step in range(1, 136):
    for _ in range(3):
        real = ring(BATCH)
        fake = generator(torch.randn(BATCH, NOISE)).detach()
        penalty = gradient_penalty(critic, real, fake)
        c_loss = critic(fake).mean() - critic(real).mean() + LAMBDA * penalty
        c_optimizer.zero_grad()
        c_loss.backward()
        c_optimizer.step()

    g_loss = -critic(generator(torch.randn(BATCH, NOISE))).mean()
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    if step % 45 == 0:
        with torch.no_grad():
            radius = generator(torch.randn(500, NOISE)).norm(dim=1)
        print(f"step {step}: critic {c_loss.item():.3f}, penalty {penalty.item():.3f}, "
              f"distance from the ring {(radius - 2).abs().mean().item():.3f}")
