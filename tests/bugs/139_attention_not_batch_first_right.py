import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
N_FIELDS, N_VALUES, D_MODEL = 6, 8, 32


class FieldTransformer(nn.Module):
    def __init__(self, nhead=4, nlayers=2):
        super().__init__()
        self.word_embeddings = nn.Embedding(N_VALUES, D_MODEL)
        self.field_embeddings = nn.Parameter(torch.randn(1, N_FIELDS, D_MODEL) * 0.2)
        self.layers = nn.ModuleList([
            nn.TransformerEncoderLayer(D_MODEL, nhead, dim_feedforward=64, dropout=0.0, batch_first=True)
            for _ in range(nlayers)
        ])
        self.lin_proj = nn.Linear(D_MODEL, 2)

    def forward(self, rows):
        hidden = self.word_embeddings(rows) + self.field_embeddings
        for layer in self.layers:
            hidden = layer(hidden)
        return self.lin_proj(hidden.mean(dim=1))


rows = torch.randint(0, N_VALUES, (1500, N_FIELDS))
match = torch.rand(1500) < 0.4
rows[match, 4] = rows[match, 1]
is_fraud = (rows[:, 4] == rows[:, 1]).long()
train_set, test_set = random_split(TensorDataset(rows, is_fraud), [1200, 300])
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
test_loader = DataLoader(test_set, batch_size=50)

model = FieldTransformer()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)

for epoch in range(7):
    model.train()
    running = 0.0
    for batch, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(batch), label)
        loss.backward()
        optimizer.step()
        running += loss.item()
    model.eval()
    hits = 0
    with torch.no_grad():
        for batch, label in test_loader:
            hits += (model(batch).argmax(1) == label).sum().item()
    print(f"epoch {epoch}  loss {running / len(train_loader):.3f}  accuracy {hits / len(test_set):.3f}")
