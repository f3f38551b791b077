import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(1200, 6)
y = ((x[:, 0] + x[:, 1] + 0.5 * torch.randn(1200)) > 2).float().unsqueeze(1)
loader = DataLoader(TensorDataset(x[:1000], y[:1000]), batch_size=50, shuffle=True)
positive, negative = y[:1000].sum(), (1 - y[:1000]).sum()
criterion = nn.BCEWithLogitsLoss(pos_weight=positive / negative)
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(5):
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
with torch.no_grad():
    predicted = model(x[1000:]) > 0
found = (predicted & (y[1000:] == 1)).sum() / y[1000:].sum()
print('recall', found.item())
