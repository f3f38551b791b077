"""
Recap: all of training on one screen
====================================

New here: nothing, and that's the point. These are the ten steps of the README, with
nothing between them. This is the file to copy for your own work.

For your own photos, in photos/train/NAME/ and photos/test/NAME/ with a folder for each
class, copy this file within codes/ and change the three statements marked `yours` to

    transform = transforms.Compose([transforms.Resize((28, 28)),
        transforms.Grayscale(), transforms.ToTensor(), normalize])
    trainset = datasets.ImageFolder('photos/train', transform)
    testset = datasets.ImageFolder('photos/test', transform)

Before: 13_classify_fashion.py  Next: 14_validation.py
Notes: notes/data.md
Run: python codes/13_1_recap.py
It ends with the accuracy on the test images.
"""
import sys

import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=2, lr=0.001)
device = args.device

# %% 1. The transform
# It turns each image into a normalized tensor.
normalize = transforms.Normalize((0.5,), (0.5,))
transform = transforms.Compose([transforms.ToTensor(), normalize])  # yours

# %% 2. The datasets and loaders
# A loader makes batches.
trainset = datasets.FashionMNIST(helper.find_data('FashionMNIST', args), train=True,
                                 transform=transform)  # yours
testset = datasets.FashionMNIST(trainset.root, train=False,
                                transform=transform)  # yours
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
testloader = DataLoader(testset, batch_size=64)
print(f'{len(trainset)} images to train, {len(testset)} to test')

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
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
    print(f'Epoch {epoch + 1}/{args.epochs}')

# %% Test
correct = 0
with torch.no_grad():
    for images, labels in testloader:
        images, labels = images.to(device), labels.to(device)
        output = model(images)
        correct += (output.argmax(dim=1) == labels).sum().item()
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} images')

# Try: run it with --epochs 4. How many percentage points of accuracy do two more epochs
# give? Lesson 18 shows how far such a network gets on photos, and lessons 19 to 21 show
# what does better.
# Exercise: python exercises/check.py 13_1
