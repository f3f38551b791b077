import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)

measurements = torch.randn(900, 5)
is_ill = (measurements[:, 0] + measurements[:, 3] > 0.5).float().view(-1, 1)
train_loader = DataLoader(TensorDataset(measurements[:700], is_ill[:700]),
                          batch_size=50, shuffle=True)
val_loader = DataLoader(TensorDataset(measurements[700:], is_ill[700:]), batch_size=200)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(5, 16)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x)))


model = Classifier()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

for epoch in range(6):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()

    model.eval()
    hits = 0
    with torch.no_grad():
        for x, y in val_loader:
            hits += ((model(x) > 0).float() == y).sum().item()
    print(f'epoch {epoch}: accuracy {hits / 200:.3f}')
