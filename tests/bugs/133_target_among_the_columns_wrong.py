import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

np.random.seed(4)
torch.manual_seed(4)


def load_table(n=1200):
    table = {
        "age": np.random.uniform(18, 70, n),
        "income": np.random.lognormal(3.0, 0.5, n),
        "visits": np.random.poisson(4, n).astype(float),
        "days_since": np.random.exponential(20, n),
        "segment": np.random.randint(0, 5, n),
    }
    score = 0.04 * (table["age"] - 44) + 0.3 * (table["visits"] - 4) - 0.02 * table["days_since"]
    score = score + 0.5 * (table["segment"] == 2) + np.random.normal(0, 1.0, n)
    table["result"] = (score > 0).astype(float)
    return table


target = ["result"]
cat_names = ["segment"]
df = load_table()
num_cols = [c for c in df if c not in cat_names]

cont = np.stack([df[c] for c in num_cols], axis=1).astype(np.float32)
cats = df["segment"].astype(np.int64)
y = df[target[0]].astype(np.float32)
n_train = 900
mean, std = cont[:n_train].mean(0), cont[:n_train].std(0)
cont = (cont - mean) / std


class CategoryEmbeddingModel(nn.Module):
    def __init__(self, n_cont):
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.layers = nn.Sequential(nn.Linear(n_cont + 3, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, cont, cat):
        return self.layers(torch.cat([cont, self.embed(cat)], dim=1)).squeeze(1)


data = [torch.from_numpy(a) for a in (cont, cats, y)]
train_loader = DataLoader(TensorDataset(*[t[:n_train] for t in data]), batch_size=64, shuffle=True)
test_loader = DataLoader(TensorDataset(*[t[n_train:] for t in data]), batch_size=64)
model = CategoryEmbeddingModel(cont.shape[1])
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
loss_fn = nn.BCEWithLogitsLoss()
for epoch in range(6):
    model.train()
    for c, k, t in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(c, k), t)
        loss.backward()
        optimizer.step()
model.eval()
with torch.no_grad():
    right = sum(((model(c, k) > 0).float() == t).sum().item() for c, k, t in test_loader)
print(f"train loss {loss.item():.4f}, test accuracy {right / 300:.3f}")
