"""Train for five epochs with a loader of batches of 16.

Arguments: the number of images; how they are taken (`in order`, `shuffled`, `a sorted
part`, `a mixed part`, `a sorted part of a mixed part`).
"""
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

torch.manual_seed(7)
count, how = int(sys.argv[1]), sys.argv[2]
images, labels = torch.randn(count, 1, 4, 4), torch.arange(count) % 2
data = TensorDataset(images, labels)
mixed = torch.randperm(count).tolist()
if 'mixed' in how:
    data = Subset(data, mixed)
if 'sorted' in how:
    data = Subset(data, range(count))
loader = DataLoader(data, batch_size=16, shuffle=how == 'shuffled')
model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(5):
    for images, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
