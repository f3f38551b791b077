"""
Accuracy, counted step by step
==============================

New here: how to get from the output of a network to one honest number. Two mistakes are
easy to make and raise no error: comparing shapes that don't match, and averaging
averages. We count on the test images here, because nothing is chosen with the result.
For choices, there's a set of its own, in lesson 15.

Before: 13_3_yes_or_no.py  Next: 15_apply_validation.py
Notes: notes/validation_and_overfitting.md
Run: python codes/14_validation.py
It ends with the accuracy of a trained network, counted correctly and averaged wrongly.
"""
import sys

import torch
from torch import nn, optim
from torch.utils.data import DataLoader

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=2, lr=0.001)
device = args.device

# %% Data and a trained model
# We train a model for a short while, as in lesson 13_1. But this one ends in
# LogSoftmax, and NLLLoss takes the log-probabilities (lesson 7), because we want to
# look at probabilities, and exp turns one into the other. Both ways train the same.
# Logits with CrossEntropyLoss are today's default, because there's one layer less that
# you can forget or apply twice.
trainset, testset = helper.load_data('FashionMNIST', args)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
testloader = DataLoader(testset, batch_size=64)
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(784, 128), nn.ReLU(),
                      nn.Linear(128, 64), nn.ReLU(),
                      nn.Linear(64, 10), nn.LogSoftmax(dim=1)).to(device)
criterion = nn.NLLLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
for _ in range(args.epochs):
    model.train()
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
model.eval()  # from here on, we only use it

# %% From probabilities to the predicted class
# topk returns the k largest values of each row and their indices. With k = 1, the index
# is the predicted class.
images, labels = next(iter(testloader))
images, labels = images.to(device), labels.to(device)
with torch.no_grad():
    log_ps = model(images)  # [64, 1, 28, 28] -> [64, 10]
ps = torch.exp(log_ps)
top_p, top_class = ps.topk(1, dim=1)
print('top class', tuple(top_class.shape))  # top class (64, 1)
print('labels', tuple(labels.shape))  # labels (64,)

# %% The first mistake: shapes
# [64, 1] == [64] raises no error, because torch broadcasts both to [64, 64]. So it
# compares each prediction with every label, and the mean of that isn't an accuracy.
wrong = top_class == labels
print('careless ==', tuple(wrong.shape))  # careless == (64, 64)
equals = top_class == labels.view(*top_class.shape)  # [64] -> [64, 1]
print('careful ==', tuple(equals.shape))  # careful == (64, 1)

# argmax drops the dimension it looks along, so its result has the shape of the labels.
predicted = ps.argmax(dim=1)  # [64, 10] -> [64]
same = torch.equal(predicted == labels, equals.squeeze(1))  # [64] == [64]
print('argmax says the same:', same)  # argmax says the same: True

# True counts as 1 and False as 0, but mean needs floating-point numbers, not bools.
accuracy = equals.float().mean()
print(f'careless {wrong.float().mean():.3f}, careful {accuracy:.3f}, of one batch')

# %% The second mistake: the mean of means
# The last batch is short. If you average the batches' accuracies, its images count more
# than the others. Count the correct images instead, and divide once.
correct = 0
batch_means = []
with torch.no_grad():
    for images, labels in testloader:
        images, labels = images.to(device), labels.to(device)
        output = model(images)
        equals = output.argmax(dim=1) == labels
        correct += equals.sum().item()
        batch_means.append(equals.float().mean().item())
averaged = sum(batch_means) / len(batch_means)
print(f'{len(batch_means)} batches, the last of {len(labels)} images')
print(f'averaged  {averaged:.4%}: {averaged * len(testset):.2f} images?')
print(f'counted   {correct / len(testset):.4%}: {correct} images')
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} images')

# %% Baseline
# There are ten classes with the same number of images, so a guess is right one time in
# ten. An accuracy only means something next to such a baseline.
counts = torch.bincount(testset.tensors[1], minlength=10)
print(f'chance    {counts.max().item() / len(testset):.1%}')  # chance    10.0%

# Try: in the loop, use `equals = (output.topk(2).indices == labels.view(-1,
# 1)).any(dim=1)`. How often is the label one of the two most probable classes?
# Try: use batch_size=600 in the testloader. How far apart are the two numbers now?
# Exercise: python exercises/check.py 14
