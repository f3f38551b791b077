"""
Recap: all of training on one screen
====================================

New here: nothing, and that's the point. These are the ten steps of the README, with
nothing between them. If a line surprises you, go back to its lesson: 4 has the data, 5
the model, 7 the loss, 9 backward(), 10 the optimizer, and 11 the loops.

For your own work, don't copy this file but lesson 17_2's, which also has a validation
set and keeps the best weights. For your own photos, see lessons 18_2 and 21, because
this network only works for small gray images.

Before: 13_classify_fashion.py  Next: 13_2_own_dataset.py
Notes: notes/data.md
Run: python codes/13_1_recap.py
It ends with the accuracy on the test images.
"""
import sys

import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets
from torchvision.transforms import v2

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=2, lr=0.001)
device = args.device

# %% 1. The transform
# It turns each image into a normalized tensor. 0.2860 and 0.3530 are the mean and the
# standard deviation of Fashion-MNIST's training images, computed as in lesson 4.
transform = v2.Compose([v2.ToImage(),
                        v2.ToDtype(torch.float32, scale=True),
                        v2.Normalize([0.2860], [0.3530])])

# %% 2. The datasets and loaders
# A loader makes batches.
root = helper.find_data('FashionMNIST', args)
trainset = datasets.FashionMNIST(root, train=True, transform=transform)
testset = datasets.FashionMNIST(root, train=False, transform=transform)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
testloader = DataLoader(testset, batch_size=1000)

# %% 3. The model, 4. the loss, 5. the optimizer
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(784, 128), nn.ReLU(),
                      nn.Linear(128, 64), nn.ReLU(),
                      nn.Linear(64, len(trainset.classes))).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)

# %% Train
# For each batch: 6. clear the gradients, 7. forward, 8. loss, 9. backward, 10. update
# the weights.
for epoch in range(args.epochs):
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
    print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.3f}')

# %% Test
# The test images are used once, at the end.
model.eval()
correct = 0
with torch.no_grad():
    for images, labels in testloader:
        images, labels = images.to(device), labels.to(device)
        output = model(images)
        predicted = output.argmax(dim=1)
        correct += (predicted == labels).sum()
correct = correct.item()
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} images')

# Try: run it with --epochs 4. How much lower is the training loss? And why can't you
# use this program's test accuracy to decide which number of epochs is better? (If a
# choice depends on the test images, they aren't new to it anymore; see lesson 11.)
# Exercise: python exercises/check.py 13_1
