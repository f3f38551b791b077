"""Take three steps of training. Argument: what is done besides: `nothing`, `zeros` (the
gradients are set to 0, not removed), `closure`, `another optimizer`, `nan`, `inf`,
`frozen` (a layer that gets no gradient and needs none), `one batch`.
"""
import sys

import torch
from torch import nn

torch.manual_seed(7)
what = sys.argv[1]
model = nn.Sequential(nn.Flatten(), nn.Linear(16, 4), nn.Linear(4, 2))
if what == 'frozen':
    model[1].requires_grad_(False)
optimizers = [torch.optim.SGD(model.parameters(), lr=0.01)]
if what == 'another optimizer':
    optimizers = [torch.optim.SGD(layer.parameters(), lr=0.01) for layer in model[1:]]
elif what == 'closure':
    optimizers = [torch.optim.LBFGS(model.parameters())]
labels = torch.arange(8) % 2
first = torch.randn(8, 1, 4, 4)


def compute():
    for optimizer in optimizers:
        optimizer.zero_grad(set_to_none=what != 'zeros')
    images = first if what in ('closure', 'one batch') else torch.randn(8, 1, 4, 4)
    loss = nn.functional.cross_entropy(model(images), labels)
    if what in ('nan', 'inf'):
        loss = loss * float(what)
    loss.backward()
    return loss


for _ in range(1 if what == 'inf' else 3):  # after an inf comes a nan
    if what == 'closure':
        optimizers[0].step(compute)
    else:
        compute()
        for optimizer in optimizers:
            optimizer.step()
