import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
ids = torch.randint(1, 30, (400, 12))
labels = (ids[:, 0] > ids[:, 6]).long()
loader = DataLoader(TensorDataset(ids, labels), batch_size=16, shuffle=True)


class Texts(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(30, 16)
        self.positions = nn.Embedding(64, 16)
        self.out = nn.Linear(16, 2)

    def forward(self, ids):
        positions = torch.arange(ids.size(1)).unsqueeze(0)
        embedded = torch.tanh(self.tokens(ids) + self.positions(positions))
        return self.out(embedded.mean(dim=1))


model = Texts()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(3):
    for batch, target in loader:
        loss = nn.functional.cross_entropy(model(batch), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
