"""A long training loop with function modes of its own, and a default device.

The modes are entered and left at all stages of the loop, so also while the referee
leaves some steps out.
"""

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


class Count(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.seen = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.seen += getattr(function, '__name__', '') == 'linear'
        return function(*args, **(kwargs or {}))


torch.manual_seed(0)
inputs = torch.randn(64, 10)
targets = inputs.sum(dim=1, keepdim=True)
model = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
counts = []
entered = None
for step in range(600):
    if step % 50 == 40:
        torch.set_default_device('cpu')
    if step % 50 == 45:
        torch.set_default_device(None)
    if step % 7 == 3:
        entered = Count()
        entered.__enter__()
    loss = nn.functional.mse_loss(model(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    if step % 9 == 5:
        with Count() as inner, torch.no_grad():
            model(inputs[:5])
        counts.append(inner.seen)
    optimizer.step()
    if entered is not None and step % 7 == 5:
        entered.__exit__(None, None, None)
        counts.append(entered.seen)
        entered = None
print(sum(counts), counts[-5:], round(loss.item(), 6))
