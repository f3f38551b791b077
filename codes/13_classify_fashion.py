"""
A class of your own, and Adam
=============================

New here: we train a network that is written as a class (lesson 5), and we train it with
Adam. This optimizer divides each step by the typical size of the weight's gradients, so
each weight gets a step size of its own, and the learning rate depends less on the
network. Adam's default of 0.001 is a good first guess. But it's still a guess, so try
other learning rates, too, and compare them on the validation images.

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
from torch.utils.data import DataLoader, random_split

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=5, lr=0.001)
device = args.device

# %% Data
# As in lesson 11, we set some training images aside to compare learning rates with.
trainset, testset = helper.load_data('FashionMNIST', args)
trainset, validset = random_split(trainset, [5 / 6, 1 / 6])
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
validloader = DataLoader(validset, batch_size=1000)
testloader = DataLoader(testset, batch_size=1000)


# %% Model
# It flattens the images itself: flatten(1) keeps dimension 0, the images, and puts all
# dimensions from 1 on into one. It returns logits, because CrossEntropyLoss applies
# log-softmax itself (lesson 7).
class Classifier(nn.Module):  # new here
    def __init__(self):
        super().__init__()
        self.hidden1 = nn.Linear(784, 128)
        self.hidden2 = nn.Linear(128, 64)
        self.output = nn.Linear(64, 10)

    def forward(self, x):
        x = x.flatten(1)  # [64, 1, 28, 28] -> [64, 784]
        x = F.relu(self.hidden1(x))  # [64, 784] -> [64, 128]
        x = F.relu(self.hidden2(x))  # [64, 128] -> [64, 64]
        return self.output(x)  # [64, 64] -> [64, 10]


# %% Loss and optimizer
# With fused=True, Adam updates all weights in one call, which takes less time. AdamW is
# Adam with weight decay, which also pulls the weights toward 0 a little in each step
# (lesson 17_2). In most new code, you'll see AdamW.
model = Classifier().to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)  # new here


# %% Evaluate
# This is lesson 11's function.
def count_correct(model, loader, device):
    model.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)  # [1000, 1, 28, 28] -> [1000, 10]
            predicted = output.argmax(dim=1)  # [1000, 10] -> [1000]
            correct += (predicted == labels).sum()
    return correct.item()


# %% Train
for epoch in range(args.epochs):
    start = time.perf_counter()
    model.train()
    train_loss = 0
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
        train_loss += loss.detach() * len(labels)
    train_loss = train_loss.item() / len(trainset)
    seconds = time.perf_counter() - start
    accuracy = count_correct(model, validloader, device) / len(validset)
    print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.3f}  '
          f'valid accuracy {accuracy:.1%}  {seconds:.1f} s')

# %% Test
correct = count_correct(model, testloader, device)
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} images')

# %% Figure
# softmax turns the logits into probabilities.
image, label = testset[0]
with torch.no_grad():
    logits = model(image.unsqueeze(0).to(device))  # [1, 1, 28, 28] -> [1, 10]
    ps = F.softmax(logits, dim=1)
title = f'label: {testset.classes[label]}'
helper.view_classify(image, ps, testset.classes, title)
helper.show('prediction')

# Is Adam better than SGD? We compared them on the real images, after 5 epochs, by their
# accuracy on the validation images with seeds 7, 8, and 9. Adam reached 86.9, 89.2, and
# 88.8%. SGD with momentum 0.9 and a learning rate of 0.02, the best of the four that we
# tried, reached 87.2, 89.0, and 88.8%. So we can't see a difference.
#
# But a rate that's too large or too small costs both of them something. Here are the
# means over these seeds: Adam with 0.0003, 0.001, and 0.003 reached 87.6, 88.3, and
# 87.9%, and SGD with 0.005, 0.01, 0.02, and 0.05 reached 87.7, 88.2, 88.3, and 87.1%.
# For one rate, the three seeds differ by more than these means do, so we can't rank the
# rates in the middle.

# Try: run it with --lr 0.1, a hundred times Adam's usual rate. What does the loss do,
# and what is the loss of a network that gives every class 10% (lesson 7)?
# Try: use optim.SGD(model.parameters(), lr=args.lr, momentum=0.9) with --lr 0.02. How
# far is the validation accuracy from Adam's? Then run both with --seed 8. How far are
# two seeds apart?
# Exercise: python exercises/check.py 13
