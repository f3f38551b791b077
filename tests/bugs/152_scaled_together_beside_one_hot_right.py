import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(2)

sizes = torch.randn(400, 3) * torch.tensor([30.0, 2.0, 500.0]) + torch.tensor([80.0, 4.0, 0.0])
town = torch.randint(5, (400,))
rent = sizes @ torch.tensor([9.0, 40.0, 0.05]) + 60 * town + 30 * torch.randn(400)
rent = ((rent - rent[:320].mean()) / rent[:320].std()).unsqueeze(1)

sizes = (sizes - sizes[:320].mean(dim=0)) / sizes[:320].std(dim=0)
rows = torch.cat([sizes, nn.functional.one_hot(town, 5).float()], dim=1)
train_data = TensorDataset(rows[:320], rent[:320])
test_data = TensorDataset(rows[320:], rent[320:])

model = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(6):
    model.train()
    for inputs, targets in DataLoader(train_data, batch_size=32, shuffle=True):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(inputs), targets)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        total = 0.0
        for inputs, targets in DataLoader(test_data, batch_size=80):
            total += (model(inputs) - targets).abs().sum().item()
    print(epoch, total / 80)
