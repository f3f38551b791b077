"""
The same loop on Fashion-MNIST
==============================

New here: another dataset, and a look at the mistakes; the training is lesson 11's.
Fashion-MNIST has the format of MNIST, 28 x 28 gray pixels and ten classes, but it shows
items of clothing. They are harder to tell apart than digits, because a shirt looks much
like a T-shirt and a coat much like a pullover.

Before: 11_train_neural_network.py  Next: 13_classify_fashion.py
Notes: notes/optimizers.md
Run: python codes/12_classify_fashion.py
It ends with the mistakes on the test images, as a figure.
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

# %% Data
trainset, testset = helper.load_data('FashionMNIST', args)  # new here
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
testloader = DataLoader(testset, batch_size=1000)

# %% Model, loss, and optimizer
# They are the same as for the digits.
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(784, 128), nn.ReLU(),
                      nn.Linear(128, 64), nn.ReLU(),
                      nn.Linear(64, 10)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)

# %% Train
# Now we time each epoch as well. `loss.item()` waits until a GPU has finished its work,
# so the seconds are those of the whole epoch.
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

# %% Test
# This time we keep the predictions.
correct = 0
predicted = []
with torch.no_grad():
    for images, labels in testloader:
        images, labels = images.to(device), labels.to(device)
        output = model(images)
        correct += (output.argmax(dim=1) == labels).sum().item()
        predicted.append(output.argmax(dim=1).cpu())  # new here
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} images')

# %% Figure: the mistakes
# The dataset knows the names of its classes, and a label is an index into that list.
images, labels = testset[:]
all_predicted = torch.cat(predicted)  # one tensor for all batches
wrong = (all_predicted != labels).nonzero().flatten()  # the indices of the mistakes
names = testset.classes
titles = []
for i in wrong:
    predicted_name = names[all_predicted[i]]
    true_name = names[labels[i]]
    titles.append(f'predicted {predicted_name}, labeled {true_name}')
print(f'{len(wrong)} of {len(testset) - correct} mistakes to look at')
helper.view_sheet(images[wrong], titles)
helper.show('mistakes')

# Try: look only at the shirts, class 6: use `((all_predicted != labels) & (labels ==
# 6))` instead of `(all_predicted != labels)`. Shirts are a tenth of the images. Are
# they a tenth of the mistakes?
# Exercise: python exercises/check.py 12
