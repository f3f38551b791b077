import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(320, 7, 5)
y = (x[:, :, 0].sum(dim=1) > 0).long()
batches = [(x[i : i + 32], y[i : i + 32]) for i in range(0, 320, 32)]


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(5, 12, num_layers=2, batch_first=True)
        self.out = nn.Linear(24, 2)

    def forward(self, signal):
        _, hidden = self.gru(signal)
        return self.out(hidden.transpose(0, 1).flatten(1))


model = Reader()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(4):
    for i in torch.randperm(len(batches)):
        signal, label = batches[i]
        loss = nn.functional.cross_entropy(model(signal), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
