import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
table = torch.randn(300, 6) * torch.tensor([1.0, 5, 20, 0.1, 3, 8]) + 4
price = table[:, :1] + 0.2 * table[:, 1:2]
order = torch.randperm(300)
train, test = order[:240], order[240:]
mean, std = table[train].mean(dim=0), table[train].std(dim=0)
table = (table - mean) / std
trainset = TensorDataset(table[train], price[train])
testset = TensorDataset(table[test], price[test])
model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(5):
    model.train()
    for rows, prices in DataLoader(trainset, batch_size=24, shuffle=True):
        loss = nn.functional.mse_loss(model(rows), prices)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    total = 0.0
    with torch.no_grad():
        for rows, prices in DataLoader(testset, batch_size=30):
            total += nn.functional.mse_loss(model(rows), prices, reduction='sum').item()
    print(epoch, total / 60)
