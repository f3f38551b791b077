import copy

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
topics = torch.distributions.Dirichlet(torch.full((60,), 0.1)).sample((4,))
mixture = torch.distributions.Dirichlet(torch.full((4,), 0.3)).sample((700,))
bows = torch.distributions.Multinomial(40, mixture @ topics).sample()
train, valid, test = bows[:300], bows[300:500], bows[500:]


class ETM(nn.Module):
    def __init__(self):
        super().__init__()
        self.theta = nn.Sequential(nn.Linear(60, 64), nn.ReLU(), nn.Linear(64, 4), nn.Softmax(1))
        self.beta = nn.Linear(4, 60)

    def forward(self, bow):
        return F.log_softmax(self.beta(self.theta(bow / bow.sum(1, keepdim=True))), 1)


def evaluate(m, source):
    m.eval()
    valid_docs, test_docs = valid, test
    docs = valid_docs if source == 'val' else test_docs
    with torch.no_grad():
        words = -(m(docs) * docs).sum() / docs.sum()
    return words.exp().item()


model = ETM()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
best, best_state = 1e9, None
for epoch in range(20):
    model.train()
    for docs in train[torch.randperm(300)].split(30):
        optimizer.zero_grad()
        loss = -(model(docs) * docs).sum() / docs.sum()
        loss.backward()
        optimizer.step()
    val_ppl = evaluate(model, 'val')
    if val_ppl < best:
        best, best_state = val_ppl, copy.deepcopy(model.state_dict())
model.load_state_dict(best_state)
print('best validation perplexity', best, 'test perplexity', evaluate(model, 'test'))
