import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
images = torch.rand(120, 1, 8, 8)
masks = (images[:, 0] * 2.99).byte()
masks = masks.long()
loader = DataLoader(TensorDataset(images, masks), batch_size=20, shuffle=True)
model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(4):
    for pictures, mask in loader:
        loss = nn.functional.cross_entropy(model(pictures), mask)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
