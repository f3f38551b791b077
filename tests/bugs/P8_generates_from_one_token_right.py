import torch
from torch import nn

torch.manual_seed(0)
device = torch.device('cpu')
text = torch.randint(0, 12, (1200,))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(12, 16)
        self.keys = nn.Linear(16, 16)
        self.queries = nn.Linear(16, 16)
        self.out = nn.Linear(16, 12)

    def forward(self, ids):
        x = self.embedding(ids)
        scores = self.queries(x) @ self.keys(x).transpose(1, 2) / 4
        mask = torch.ones(ids.shape[1], ids.shape[1]).tril() == 0
        attention = scores.masked_fill(mask, float('-inf')).softmax(dim=-1)
        return self.out(attention @ x)


model = Attention().to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
for epoch in range(3):
    for start in range(0, 1000, 50):
        x = text[start : start + 40].view(4, 10)
        y = text[start + 1 : start + 41].view(4, 10)
        loss = nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    ids = torch.zeros(1, 1, dtype=torch.long)
    with torch.no_grad():
        for _ in range(5):
            logits = model(ids)[:, -1]
            ids = torch.cat([ids, torch.multinomial(logits.softmax(dim=-1), 1)], dim=1)
    model.train()
    print(epoch, loss.item(), ids.tolist())
    with open('attention.pt', 'wb') as file:
        torch.save(model.state_dict(), file)
with open('attention.pt', 'rb') as file:
    model.load_state_dict(torch.load(file))
