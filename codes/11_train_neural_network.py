"""
The training loop
=================

New here: the step of lesson 10, for every batch, again and again. One pass over all
training images is called an epoch, one batch an iteration. The trained network is then
tested with images it has never seen.

Before: 10_train_neural_network.py  Next: 12_classify_fashion.py
Notes: The optimizer (README.md)
Run: python codes/11_train_neural_network.py
It ends with the curves of the training and the prediction for one test image.
"""
import sys

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=10, lr=0.02)
device = args.device

# %%
# Data
trainset, testset = helper.load_data('MNIST', args)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
testloader = DataLoader(testset, batch_size=1000)

# %%
# Model, loss and optimizer. Momentum lets a step keep some of the direction of the
# steps before it, which gets down a long valley sooner (each step grows up to ten times
# as long, so the rate is small).
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(784, 128), nn.ReLU(),
                      nn.Linear(128, 64), nn.ReLU(),
                      nn.Linear(64, 10)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)



# %%
# Test: count the images whose highest logit is at the true class. No gradients needed.
# It is done after each epoch only to watch; lesson 15 has other images for choosing.
def count_correct():
    correct = 0
    with torch.no_grad():
        for images, labels in testloader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            correct += (output.argmax(dim=1) == labels).sum().item()
    return correct


accuracies, losses = [count_correct() / len(testset)], []
print(f'Before training  test accuracy {accuracies[0]:.1%}')

# %%
# Train. The loss is the mean over a batch, and the last batch is short: multiplied by
# its size, all images count alike.
for epoch in range(args.epochs):
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
    losses.append(train_loss)
    correct = count_correct()
    accuracies.append(correct / len(testset))
    print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.3f}  '
          f'test accuracy {accuracies[-1]:.1%}')
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} images')

# %%
# Look at the training. The accuracy begins before it, with a network that only guesses.
_, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
left.plot(range(1, args.epochs + 1), losses, 'o-')
left.set(xlabel='epoch', ylabel='training loss')
right.plot(range(args.epochs + 1), accuracies, 'o-')
right.set(xlabel='epoch', ylabel='test accuracy')
helper.show('curves')

# %%
# Look at one test image. The model wants a batch, so the image becomes a batch of one.
image, label = testset[0]
with torch.no_grad():
    logits = model(image.unsqueeze(0).to(device))  # [1, 1, 28, 28] -> [1, 10]
    ps = F.softmax(logits, dim=1)
helper.view_classify(image, ps, testset.classes, title=f'label: {label}')
helper.show('prediction')

# Try: momentum=0 in place of momentum=0.9. What accuracy do ten epochs reach now?
# Try: --lr 1. Near which number does the loss stay, and what loss does a network have
# that gives every class 10 % (lesson 7)?
# Exercise: python exercises/check.py 11
