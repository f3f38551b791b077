"""
The same loop on Fashion-MNIST
==============================

New here: another data set, and a look at the mistakes; the training is lesson 11's.
Fashion-MNIST has the format of MNIST, 28 x 28 grey pixels and ten classes, but shows
garments, which are harder to tell apart than digits: a shirt looks much like a T-shirt,
a coat much like a pullover.

Before: 11_train_neural_network.py  Next: 13_classify_fashion.py
Notes: The optimizer (README.md)
Run: python codes/12_classify_fashion.py
It ends with the mistakes on the test images, as a sheet.
"""
import sys
import time

import torch
from torch import nn, optim
from torch.utils.data import DataLoader

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=10, lr=0.02)
device = args.device

# %%
# Data
trainset, testset = helper.load_data('FashionMNIST', args)  # new here
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
testloader = DataLoader(testset, batch_size=1000)

# %%
# Model, loss and optimizer, as for the digits
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(784, 128), nn.ReLU(),
                      nn.Linear(128, 64), nn.ReLU(),
                      nn.Linear(64, 10)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)

# %%
# Train, and look at the clock. `loss.item()` waits until a GPU has done its work, so
# the seconds are those of the whole epoch.
for epoch in range(args.epochs):
    start = time.perf_counter()  # new here
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

# %%
# Test, and keep what was predicted
correct, predicted = 0, []
with torch.no_grad():
    for images, labels in testloader:
        images, labels = images.to(device), labels.to(device)
        output = model(images)
        correct += (output.argmax(dim=1) == labels).sum().item()
        predicted.append(output.argmax(dim=1).cpu())  # new here
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} images')

# %%
# Look at the mistakes. The set knows the names of its classes; labels are their
# positions in the list.
images, labels = testset[:]
predicted = torch.cat(predicted)  # one tensor of all batches
wrong = (predicted != labels).nonzero().flatten()  # the positions of the mistakes
names = testset.classes
titles = [f'predicted {names[predicted[i]]}, labelled {names[labels[i]]}'
          for i in wrong]
print(f'{len(wrong)} of {len(testset) - correct} mistakes to look at')
helper.view_sheet(images[wrong], titles)
helper.show('mistakes')

# Try: only mistakes on shirts, class 6: `((predicted != labels) & (labels == 6))` in
# place of `(predicted != labels)`. Are they a tenth of the mistakes, as of the images?
# Exercise: python exercises/check.py 12
