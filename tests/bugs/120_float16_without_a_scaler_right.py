import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(600, 20)
y = (x[:, :3].sum(dim=1) > 0).long()
train_loader = DataLoader(TensorDataset(x[:500], y[:500]), batch_size=32, shuffle=True)
val_loader = DataLoader(TensorDataset(x[500:], y[500:]), batch_size=50)
model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler('cpu')
for epoch in range(3):
    for inputs, labels in train_loader:
        with torch.autocast('cpu', dtype=torch.float16):
            loss = 1e-7 * nn.functional.cross_entropy(model(inputs), labels)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
    print(epoch, loss.item())
