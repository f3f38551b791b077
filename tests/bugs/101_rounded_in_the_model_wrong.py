import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.rand(400, 6)
y = (3 * x[:, :1] + x[:, 1:2]).floor()
loader = DataLoader(TensorDataset(x, y), batch_size=40, shuffle=True)


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 24)
        self.out = nn.Linear(24, 1)

    def forward(self, features):
        count = self.out(torch.relu(self.hidden(features)))
        return torch.round(count)


model = Counter()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(6):
    for features, counts in loader:
        loss = nn.functional.mse_loss(model(features), counts)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
