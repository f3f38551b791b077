import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)

X = torch.randn(1200, 16)
scores = X @ torch.randn(16, 4) / 4
Y = (scores > torch.tensor([0.0, -0.2, -0.1, 1.5])).float()  # the last tag is rare
train_dl = DataLoader(TensorDataset(X[:1000], Y[:1000]), batch_size=50, shuffle=True)
valid_dl = DataLoader(TensorDataset(X[1000:], Y[1000:]), batch_size=200)

tagger = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))
n_yes = Y[:1000].sum(dim=0)
pos_weight = (1000 - n_yes) / n_yes
criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
optimizer = torch.optim.Adam(tagger.parameters(), lr=3e-3)

for epoch in range(5):
    tagger.train()
    for x, y in train_dl:
        optimizer.zero_grad()
        loss = criterion(tagger(x), y)
        loss.backward()
        optimizer.step()

    tagger.eval()
    with torch.no_grad():
        for x, y in valid_dl:
            said_yes = tagger(x) > 0
            recall = (said_yes & (y == 1)).sum(dim=0) / y.sum(dim=0)
    print(f"epoch {epoch}: loss {loss.item():.3f}, recall {recall.tolist()}")
