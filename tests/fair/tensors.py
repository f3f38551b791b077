"""No nn.Module, no loader: raw parameters, F.linear, F.conv2d and torch.randperm."""
import math

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
g = torch.Generator().manual_seed(31)
Y = torch.randint(0, 3, (300,), generator=g)
X = 3 + torch.randn(300, 1, 6, 6, generator=g)
X[torch.arange(300), 0, 2 * Y, 1:5] += 2
tr, va, te = torch.randperm(300, generator=g).split([200, 50, 50])
X = (X - X[tr].mean()) / X[tr].std()


def he(*shape):
    scale = math.sqrt(2 / math.prod(shape[1:]))
    return (torch.randn(*shape, generator=g) * scale).requires_grad_()


params = {'w1': he(8, 1, 3, 3), 'b1': torch.zeros(8, requires_grad=True),
          'w2': he(3, 72), 'b2': torch.zeros(3, requires_grad=True)}


def forward(x, p):
    x = F.max_pool2d(F.relu(F.conv2d(x, p['w1'], p['b1'], padding=1)), 2)
    return F.linear(x.flatten(1), p['w2'], p['b2'])


optimizer = torch.optim.SGD(params.values(), lr=0.02, momentum=0.9, nesterov=True)
for _ in range(4):
    for idx in tr[torch.randperm(len(tr), generator=g)].split(25):
        loss = F.cross_entropy(forward(X[idx], params), Y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        val_loss = F.cross_entropy(forward(X[va], params), Y[va])

with torch.no_grad():
    pred = forward(X[te], params).argmax(1)
confusion = torch.zeros(3, 3, dtype=torch.long)
confusion.index_put_((Y[te], pred), torch.ones_like(pred), accumulate=True)
print(f'val loss {val_loss:.4f}, test confusion {confusion.tolist()}')
