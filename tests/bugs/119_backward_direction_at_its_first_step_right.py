import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(300, 9, 5)
y = (x[:, :3, 0].sum(dim=1) > 0).long()
loader = DataLoader(TensorDataset(x, y), batch_size=30, shuffle=True)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(5, 12, batch_first=True, bidirectional=True)
        self.out = nn.Linear(24, 2)

    def forward(self, signal):
        states, (hidden, _) = self.lstm(signal)
        return self.out(torch.cat([hidden[0], hidden[1]], dim=1))


model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(4):
    for signal, label in loader:
        loss = nn.functional.cross_entropy(model(signal), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
