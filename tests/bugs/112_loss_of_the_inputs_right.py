import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
clean = torch.rand(300, 16)
noisy = clean + 0.1 * torch.randn(300, 16)
train_loader = DataLoader(TensorDataset(noisy[:200], clean[:200]), batch_size=20, shuffle=True)
val_loader = DataLoader(TensorDataset(noisy[200:], clean[200:]), batch_size=50)
model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 16))
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(4):
    model.train()
    for inputs, targets in train_loader:
        loss = criterion(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    val_loss = 0.0
    with torch.no_grad():
        for inputs, targets in val_loader:
            outputs = model(inputs)
            val_loss += criterion(outputs, targets).item() * len(inputs)
    print(epoch, val_loss / 100)
