"""An image classifier with a training, a validation and a test set, and files.

The tests of the referee put one mistake at a time into a copy of it. The words in
capitals at the ends of lines are the names by which they find the lines.
"""
import copy

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset, TensorDataset

torch.manual_seed(7)
data = TensorDataset(torch.randn(370, 1, 8, 8), torch.randint(0, 4, (370,)))
trainset, validset = Subset(data, range(200)), Subset(data, range(200, 270))
testset = Subset(data, range(270, 370))
trainloader = DataLoader(trainset, 32, shuffle=True)
validloader = DataLoader(validset, 32)
testloader = DataLoader(testset, 32)
body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
head = nn.Sequential(nn.Linear(72, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 4))
model = nn.Sequential(body, nn.Flatten(), head)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
best = copy.deepcopy(model.state_dict())


def evaluate(model, loader):
    model.eval()
    total_loss = correct = 0
    with torch.no_grad():
        for images, labels in loader:
            output = model(images)  # TEST
            correct += (output.argmax(dim=1) == labels).sum().item()  # EQUAL
            total_loss += F.cross_entropy(output, labels).item() * len(labels)
    return total_loss / len(loader.dataset), correct / len(loader.dataset)


for epoch in range(2):
    model.train()
    total_loss = 0
    for images, labels in trainloader:  # FOR
        optimizer.zero_grad()
        output = model(images)  # TRAIN
        loss = criterion(output, labels)  # LOSS
        loss.backward()  # BACKWARD
        optimizer.step()  # STEP
        total_loss += loss.item() * len(labels)  # SUM
    train_loss = total_loss / len(trainset)
    print(epoch, train_loss, *evaluate(model, validloader))
model.load_state_dict(best)  # COPY
torch.save(model.state_dict(), 'weights.pth')  # SAVE
state = torch.load('weights.pth', map_location='cpu', weights_only=True)  # LOAD
model.load_state_dict(state)
print(*evaluate(model, testloader))
