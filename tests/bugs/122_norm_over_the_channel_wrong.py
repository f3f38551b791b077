import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
real = torch.rand(400, 1, 6, 6)
loader = DataLoader(TensorDataset(real), batch_size=40, shuffle=True)
critic = nn.Sequential(nn.Flatten(), nn.Linear(36, 24), nn.Tanh(), nn.Linear(24, 1))
optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3)
for epoch in range(3):
    for (images,) in loader:
        fake = torch.rand(len(images), 1, 6, 6) ** 2
        between = (0.5 * images + 0.5 * fake).requires_grad_()
        (gradients,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        norms = gradients.norm(2, dim=1)
        loss = critic(fake).mean() - critic(images).mean() + ((norms - 1) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
