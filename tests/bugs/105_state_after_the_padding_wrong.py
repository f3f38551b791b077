import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(0)
texts = [torch.randint(1, 30, (int(n),)) for n in torch.randint(3, 15, (300,))]
data = [(text, int(text[-1] > 15)) for text in texts]


def collate(batch):
    lengths = torch.tensor([len(text) for text, _ in batch])
    ids = pad_sequence([text for text, _ in batch], batch_first=True)
    return ids, lengths, torch.tensor([label for _, label in batch])


loader = DataLoader(data, batch_size=20, shuffle=True, collate_fn=collate)


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(30, 16, padding_idx=0)
        self.gru = nn.GRU(16, 24, batch_first=True)
        self.out = nn.Linear(24, 2)

    def forward(self, ids, lengths):
        states, _ = self.gru(self.embedding(ids))
        last = states[:, -1]
        return self.out(last)


model = Reader()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(4):
    for ids, lengths, labels in loader:
        loss = nn.functional.cross_entropy(model(ids, lengths), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
