"""
The training loop
=================

New here: we take the step of lesson 10 for every batch, again and again. One pass over
all training images is called an epoch, and one batch is an iteration. Then we test the
trained network on images that it has never seen.

Before: 10_train_neural_network.py  Next: 12_classify_fashion.py
Notes: notes/optimizers.md
Run: python codes/11_train_neural_network.py
It ends with the curves of the training run and the prediction for one test image.
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

# %% Data
trainset, testset = helper.load_data('MNIST', args)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
testloader = DataLoader(testset, batch_size=1000)

# %% Model, loss, and optimizer
# With momentum, a step keeps some of the direction of the steps before it, which gets
# down a long valley sooner. Each step grows up to ten times as long, so the learning
# rate is small.
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(784, 128), nn.ReLU(),
                      nn.Linear(128, 64), nn.ReLU(),
                      nn.Linear(64, 10)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)


# %% Test
# We count the images whose highest logit is the one of the true class. That takes no
# gradients. We test after each epoch only to watch; from lesson 15 on, we use other
# images to make choices.
def count_correct():
    correct = 0
    with torch.no_grad():
        for images, labels in testloader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            correct += (output.argmax(dim=1) == labels).sum().item()
    return correct


accuracies = [count_correct() / len(testset)]
print(f'Before training  test accuracy {accuracies[0]:.1%}')

# %% Train
# The loss is the mean over a batch, and the last batch is shorter than the others. So
# we multiply each loss by the size of its batch; then all images count equally.
losses = []
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

# %% Figure: the training run
# The accuracy starts before the first epoch, with a network that can only guess.
_, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
left.plot(range(1, len(losses) + 1), losses, 'o-')
left.set(xlabel='epoch', ylabel='training loss')
right.plot(range(len(accuracies)), accuracies, 'o-')
right.set(xlabel='epoch', ylabel='test accuracy')
helper.show('curves')

# %% Figure: one test image
# The model expects a batch, so we turn the image into a batch of one.
image, label = testset[0]
with torch.no_grad():
    logits = model(image.unsqueeze(0).to(device))  # [1, 1, 28, 28] -> [1, 10]
    ps = F.softmax(logits, dim=1)
helper.view_classify(image, ps, testset.classes, title=f'label: {label}')
helper.show('prediction')

# Try: use momentum=0 instead of momentum=0.9. What accuracy do ten epochs reach now?
# Try: run it with --lr 1. Near which number does the loss stay, and what is the loss of
# a network that gives every class 10% (lesson 7)?
# Exercise: python exercises/check.py 11
