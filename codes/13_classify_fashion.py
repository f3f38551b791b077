"""
A class of your own, and Adam
=============================

New here: we train a network that is written as a class (lesson 5), and we train it with
Adam. This optimizer gives each weight its own step size, based on how large and how
steady its gradients were. For SGD you have to find a learning rate for each network;
Adam's default of 0.001 is a good start for most.

Before: 12_classify_fashion.py  Next: 13_1_recap.py
Notes: notes/optimizers.md
Run: python codes/13_classify_fashion.py
It ends with the accuracy on the test images and the prediction for one of them.
"""
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=5, lr=0.001)
device = args.device

# %% Data
trainset, testset = helper.load_data('FashionMNIST', args)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
testloader = DataLoader(testset, batch_size=1000)


# %% Model
# It flattens the images itself and returns log-probabilities (lesson 5_1).
class Classifier(nn.Module):  # new here
    def __init__(self):
        super().__init__()
        self.hidden1 = nn.Linear(784, 128)
        self.hidden2 = nn.Linear(128, 64)
        self.output = nn.Linear(64, 10)

    def forward(self, x):
        x = x.view(x.shape[0], -1)  # [64, 1, 28, 28] -> [64, 784]
        x = F.relu(self.hidden1(x))  # [64, 784] -> [64, 128]
        x = F.relu(self.hidden2(x))  # [64, 128] -> [64, 64]
        return F.log_softmax(self.output(x), dim=1)  # [64, 64] -> [64, 10]


# %% Loss and optimizer
# Log-probabilities go with NLLLoss; CrossEntropyLoss would apply log-softmax itself.
# With fused=True, Adam updates all weights in one call, which computes the same in less
# time.
model = Classifier().to(device)
criterion = nn.NLLLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)  # new here

# %% Train
for epoch in range(args.epochs):
    start = time.perf_counter()
    train_loss = 0
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * len(labels)
    train_loss /= len(trainset)
    seconds = time.perf_counter() - start
    print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.3f}  '
          f'{seconds:.1f} s')

# %% Test
correct = 0
with torch.no_grad():
    for images, labels in testloader:
        images, labels = images.to(device), labels.to(device)
        output = model(images)
        correct += (output.argmax(dim=1) == labels).sum().item()
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} images')

# %% Figure
# The model returns logarithms, and exp turns them into probabilities.
image, label = testset[0]
with torch.no_grad():
    log_ps = model(image.unsqueeze(0).to(device))  # [1, 1, 28, 28] -> [1, 10]
ps = torch.exp(log_ps)
title = f'label: {testset.classes[label]}'
helper.view_classify(image, ps, testset.classes, title)
helper.show('prediction')

# After 5 epochs, this is as good as SGD after 10. On the real images, seeds 7, 8, and 9
# reached 87.5, 86.4, and 87.3%; lesson 12 reached 86.9, 87.5, and 87.2% with the same
# seeds.

# Try: run it with --lr 0.1, a hundred times Adam's usual rate. What does the loss do,
# and what is the loss of a network that gives every class 10% (lesson 7)?
# Exercise: python exercises/check.py 13
