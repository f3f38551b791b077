"""Train on examples of mean 0 and standard deviation 1, and test on others.

Arguments: the numbers of examples to train and to test; the mean and the standard
deviation of those to test; `images`, or `rows` of a table.
"""
import sys

import torch
from torch import nn

torch.manual_seed(7)
train_count, test_count = map(int, sys.argv[1:3])
mean, std = map(float, sys.argv[3:5])
shape = {'images': [1, 4, 4], 'rows': [16]}[sys.argv[5]]


def standard(count):
    examples = torch.randn(count, *shape)
    return (examples - examples.mean()) / examples.std()


model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
labels = torch.arange(train_count) % 2
nn.functional.cross_entropy(model(standard(train_count)), labels).backward()
optimizer.step()
model.eval()
with torch.no_grad():
    predicted = model(standard(test_count) * std + mean).argmax(dim=1)
    print((predicted == torch.arange(test_count) % 2).sum())
