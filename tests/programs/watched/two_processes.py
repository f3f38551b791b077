"""A fair training of two processes, started by torchrun."""

import torch
import torch.distributed as dist
from torch import nn
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

dist.init_process_group('gloo')
torch.manual_seed(0)
inputs = torch.randn(120, 8)
labels = inputs[:, :3].argmax(dim=1)
trainset = TensorDataset(inputs[:80], labels[:80])
testset = TensorDataset(inputs[80:], labels[80:])
sampler = DistributedSampler(trainset)
trainloader = DataLoader(trainset, batch_size=10, sampler=sampler)
testloader = DataLoader(testset, batch_size=20)
model = nn.parallel.DistributedDataParallel(
    nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(3):
    model.train()
    sampler.set_epoch(epoch)
    for some, classes in trainloader:
        loss = criterion(model(some), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
model.eval()
for _ in range(2):
    correct = 0
    with torch.no_grad():
        for some, classes in testloader:
            predicted = model(some).argmax(dim=1)
            correct += (predicted == classes).sum()
dist.destroy_process_group()
