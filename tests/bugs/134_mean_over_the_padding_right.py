import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(17)
PAD, VOCAB, TOPICS = 0, 60, 5


def collate(texts):
    att_mask = nn.utils.rnn.pad_sequence([torch.ones(len(t)) for t in texts], batch_first=True)
    input_ids = nn.utils.rnn.pad_sequence(texts, batch_first=True, padding_value=PAD)
    return input_ids, att_mask


def corpus(n):
    topic = torch.randint(0, TOPICS, (n,))
    texts = []
    for t in topic.tolist():
        length = int(torch.randint(3, 9, (1,))) if torch.rand(1) < 0.8 else 40
        words = torch.randint(1, VOCAB, (length,))
        own = torch.rand(length) < 0.5
        words[own] = t * 10 + torch.randint(1, 8, (int(own.sum()),))
        texts.append(words)
    return texts, topic


class SentenceEncoder(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.tokens = nn.Embedding(VOCAB, dim)
        self.block = nn.TransformerEncoderLayer(dim, 2, 64, dropout=0.0, batch_first=True)
        self.cls = nn.Linear(dim, TOPICS)

    def embed(self, input_ids, att_mask):
        hidden = self.block(self.tokens(input_ids), src_key_padding_mask=att_mask == 0)
        return (hidden * att_mask.unsqueeze(-1)).sum(1) / att_mask.sum(-1).unsqueeze(-1)

    def forward(self, input_ids, att_mask):
        return self.cls(self.embed(input_ids, att_mask))


def batches(texts, topic, size, order):
    for idx in order.split(size):
        yield (*collate([texts[i] for i in idx.tolist()]), topic[idx])


train_texts, train_topic = corpus(600)
test_texts, test_topic = corpus(240)
model = SentenceEncoder()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(6):
    model.train()
    for ids, mask, y in batches(train_texts, train_topic, 24, torch.randperm(600)):
        loss = F.cross_entropy(model(ids, mask), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    ok = 0
    with torch.no_grad():
        for ids, mask, y in batches(test_texts, test_topic, 24, torch.arange(240)):
            ok += (model(ids, mask).argmax(1) == y).sum().item()
    print(f"epoch {epoch} loss {loss.item():.3f} test accuracy {ok / 240:.3f}")
