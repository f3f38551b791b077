import torch
from torch import nn, optim

torch.manual_seed(11)
VOCAB, DIM, CLASSES = 400, 24, 4

centers = torch.randn(CLASSES, DIM)
word_topic = torch.randint(0, CLASSES, (VOCAB,))
word_vectors = centers[word_topic] + 0.4 * torch.randn(VOCAB, DIM)


def make_docs(n, low, high):
    y = torch.randint(0, CLASSES, (n,))
    docs = torch.randint(low, high, (n, 14))
    for i in range(n):
        topical = torch.nonzero(word_topic[low:high] == y[i]).flatten() + low
        docs[i, :8] = topical[torch.randint(0, len(topical), (8,))]
    return docs, y


class EmbedLayer(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, pretrained=None, freeze=False):
        super().__init__()
        self.embedding = nn.Embedding(num_embeddings, embedding_dim)
        if pretrained is not None:
            self.embedding.from_pretrained(pretrained, freeze=freeze)
        self.drop = nn.Dropout(0.2)

    def forward(self, xs):
        return self.drop(self.embedding(xs))


class DocClassifier(nn.Module):
    def __init__(self, pretrained):
        super().__init__()
        self.word_embed = EmbedLayer(VOCAB, DIM, pretrained=pretrained)
        self.classifier = nn.Sequential(nn.Linear(DIM, 32), nn.Tanh(), nn.Linear(32, CLASSES))

    def forward(self, docs):
        return self.classifier(self.word_embed(docs).mean(dim=1))


x_train, y_train = make_docs(300, 0, 200)
x_test, y_test = make_docs(300, 120, 400)
model = DocClassifier(word_vectors)
optimizer = optim.Adam(model.parameters(), lr=0.003)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(8):
    model.train()
    order = torch.randperm(300)
    for idx in order.split(25):
        optimizer.zero_grad()
        loss = loss_fn(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        acc = (model(x_test).argmax(dim=1) == y_test).float().mean().item()
    print(f"epoch {epoch + 1}  loss {loss.item():.3f}  test accuracy {acc:.3f}")
