"""Train a language model. Argument: how many places ahead of its input the labels are."""
import sys

import torch
from torch import nn

torch.manual_seed(7)
ahead = int(sys.argv[1])
model = nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 20))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(3):
    tokens = torch.randint(20, (4, 16))
    output, labels = model(tokens[:, :12]), tokens[:, ahead:ahead + 12]
    optimizer.zero_grad()
    nn.functional.cross_entropy(output.flatten(0, 1), labels.flatten()).backward()
    optimizer.step()
