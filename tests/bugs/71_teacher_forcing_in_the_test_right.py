import random

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
random.seed(0)
vocab, steps = 12, 10


def pairs(n):  # each word follows from the one before, or is a new one
    src = torch.randint(2, vocab, (n, 1)).repeat(1, steps)
    trg = [torch.ones(n, dtype=torch.long), src[:, 0]]
    for _ in range(steps - 1):
        trg.append(torch.where(torch.rand(n) < .25, torch.randint(2, vocab, (n,)), (trg[-1] - 1) % 10 + 2))
    return src, torch.stack(trg, 1)


class Seq2Seq(nn.Module):
    def __init__(self, width=40):
        super().__init__()
        self.embed, self.encoder = nn.Embedding(vocab, width), nn.GRU(width, width, batch_first=True)
        self.decoder, self.out = nn.GRUCell(width, width), nn.Linear(width, vocab)

    def forward(self, src, trg, teacher_forcing_ratio=0.5):
        _, hidden = self.encoder(self.embed(src))
        hidden, word, outputs = hidden[0], trg[:, 0], []
        for t in range(1, trg.shape[1]):
            hidden = self.decoder(self.embed(word), hidden)
            outputs.append(self.out(hidden))
            word = trg[:, t] if random.random() < teacher_forcing_ratio else outputs[-1].argmax(1)
        return torch.stack(outputs, 1)


def evaluate(model, src, trg):
    model.eval()
    with torch.no_grad():
        output = model(src, trg, teacher_forcing_ratio=0)
        return F.cross_entropy(output.reshape(-1, vocab), trg[:, 1:].reshape(-1)).item()


model = Seq2Seq()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(5):
    model.train()
    for _ in range(25):
        src, trg = pairs(40)
        optimizer.zero_grad()
        output = model(src, trg)
        loss = F.cross_entropy(output.reshape(-1, vocab), trg[:, 1:].reshape(-1))
        loss.backward()
        optimizer.step()
    print('epoch', epoch, 'val loss', evaluate(model, *pairs(200)))
