"""Two training loops that print how many of their tensors are still alive.

The first model computes its loss by itself, and the script the loss of the second. Each
loop has two tests, one of which leaves its loader early.
"""

import gc
from weakref import ref

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class WithLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 3))

    def forward(self, inputs, labels):
        logits = self.layers(inputs)
        return logits, nn.functional.cross_entropy(logits, labels)


def calls(model, inputs, labels):
    if isinstance(model, WithLoss):
        return model(inputs, labels)
    logits = model(inputs)
    return logits, nn.functional.cross_entropy(logits, labels)


def train(model, loader):
    known = []
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(3):
        for inputs, labels in loader:
            logits, loss = calls(model, inputs, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            known += [ref(inputs), ref(labels), ref(logits), ref(loss)]
        for most in (2, None):
            for i, (inputs, labels) in enumerate(loader):
                logits, loss = calls(model, inputs, labels)
                predicted = logits.argmax(dim=1)
                correct = (predicted == labels).sum()
                known += [ref(inputs), ref(labels), ref(logits), ref(loss)]
                known += [ref(predicted), ref(correct)]
                if most and i >= most:
                    break
    return known


torch.manual_seed(0)
inputs = torch.randn(400, 20)
loader = DataLoader(
    TensorDataset(inputs, (inputs[:, 0] > 0).long()), batch_size=20, shuffle=True
)
for model in (WithLoss(), nn.Sequential(nn.Linear(20, 16), nn.Linear(16, 3))):
    known = train(model, loader)
    gc.collect()
    print(len(known), 'tensors,', sum(tensor() is not None for tensor in known), 'alive')
