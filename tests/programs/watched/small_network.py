"""A small network on data in memory: what it costs to be watched shows most here.

Run: python small_network.py EPOCHS    prints the seconds of the processor that it took
"""

import sys
import time

import torch
from torch import nn

torch.manual_seed(0)
images = torch.randn(60_000, 784)
labels = torch.randint(10, (60_000,))
model = nn.Sequential(
    nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
start = time.process_time()
for _ in range(int(sys.argv[1])):
    model.train()
    order = torch.randperm(60_000)
    for i in range(0, 60_000, 64):
        some = order[i : i + 64]
        optimizer.zero_grad()
        loss = criterion(model(images[some]), labels[some])
        loss.backward()
        optimizer.step()
    model.eval()
    correct = 0
    with torch.no_grad():
        for i in range(0, 60_000, 1000):
            predicted = model(images[i : i + 1000]).argmax(dim=1)
            correct += (predicted == labels[i : i + 1000]).sum()
print(time.process_time() - start)
