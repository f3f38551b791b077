"""A classifier trained with Accelerate. With --mistake, its loss gets probabilities."""

import sys

import torch
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(7)
inputs = torch.randn(240, 8)
labels = inputs[:, :3].argmax(dim=1)
trainloader = DataLoader(
    TensorDataset(inputs[:160], labels[:160]), batch_size=16, shuffle=True
)
validloader = DataLoader(TensorDataset(inputs[160:], labels[160:]), batch_size=40)
layers = [nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3)]
if '--mistake' in sys.argv:
    layers.append(nn.Softmax(dim=1))
model = nn.Sequential(*layers)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
accelerator = Accelerator(cpu=True)
model, optimizer, trainloader, validloader = accelerator.prepare(
    model, optimizer, trainloader, validloader
)
for _ in range(2):
    model.train()
    for inputs, labels in trainloader:
        loss = nn.functional.cross_entropy(model(inputs), labels)
        optimizer.zero_grad()
        accelerator.backward(loss)
        optimizer.step()
    model.eval()
    correct = 0
    with torch.no_grad():
        for inputs, labels in validloader:
            predicted = model(inputs).argmax(dim=1)
            correct += (predicted == labels).sum()
    print(f'{correct} of 80')
