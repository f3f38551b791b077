"""
Momentum, on Fashion-MNIST
==========================

New here: momentum. Each step keeps a part of the step before it, so the weights keep
moving where the gradients agree and slow down where they don't. We train on
Fashion-MNIST, which has the format of MNIST, 28 x 28 gray pixels and ten classes, but
shows items of clothing. They are harder to tell apart than digits, because a shirt
looks much like a T-shirt and a coat much like a pullover.

Before: 11_train_neural_network.py  Next: 13_classify_fashion.py
Notes: notes/optimizers.md
Run: python codes/12_classify_fashion.py
It ends with the mistakes on the test images, as a figure.
"""
import sys
import time

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, random_split

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=10, lr=0.01)
device = args.device

# %% Data
trainset, testset = helper.load_data('FashionMNIST', args)
trainset, validset = random_split(trainset, [5 / 6, 1 / 6])
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
validloader = DataLoader(validset, batch_size=1000)
testloader = DataLoader(testset, batch_size=1000)

# %% What momentum does
# SGD with momentum multiplies the learning rate by a velocity instead of the gradient.
# The velocity is the gradient plus nine tenths of the previous step's velocity. If the
# gradient is always 1, the velocity grows toward 1 + 0.9 + 0.9^2 + ... = 10. If the
# gradient is 1 and -1 in turn, the parts of the sum partly cancel out, and the velocity
# shrinks toward 1 - 0.9 + 0.9^2 - ... = 0.53, with changing signs.
for name, factor in (('always 1     ', 1), ('1, -1, 1, ...', -1)):
    gradient = 1
    velocity = 0
    velocities = []
    for _ in range(50):
        velocity = 0.9 * velocity + gradient  # new here
        velocities.append(velocity)
        gradient = factor * gradient
    first, second, third = velocities[:3]
    print(f'gradient {name}  velocity {first:.2f}, {second:.2f}, {third:.2f}, ..., '
          f'{velocities[-1]:.2f}')

# %% Model, loss, and optimizer
# The loss of a network often looks like a long, narrow valley. Across the valley, the
# slope is steep and changes its sign from step to step. Along the valley, the slope is
# gentle and steady. Momentum shortens the steps across and lengthens the steps along.
# But since a step can get ten times as long, the learning rate has to be smaller than
# without momentum. A tenth is a good start, so we use 0.01 instead of lesson 11's 0.1.
model = nn.Sequential(nn.Flatten(),
                      nn.Linear(784, 128), nn.ReLU(),
                      nn.Linear(128, 64), nn.ReLU(),
                      nn.Linear(64, 10)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)  # new here


# %% Predict
# This returns the predicted class and the label of each image, because this time we
# don't only want to count the mistakes but also look at them.
def predict(model, loader, device):
    model.eval()
    all_predicted = []
    all_labels = []
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)  # [1000, 1, 28, 28] -> [1000, 10]
            predicted = output.argmax(dim=1)  # [1000, 10] -> [1000]
            all_predicted.append(predicted.cpu())
            all_labels.append(labels.cpu())
    return torch.cat(all_predicted), torch.cat(all_labels)


# %% Train
# We time each epoch, too, and look at one line again. Python doesn't wait for a GPU: it
# puts each operation into the GPU's queue and goes on. item() needs the number itself,
# so it has to wait until everything before it is done. If we called it for each batch,
# the GPU would run out of work while Python prepares the next batch. (Here, to(device)
# waits as well; lesson 23 changes that.) That's why we add
# up the loss as a tensor and call item() once per epoch. It also means that the clock
# stops after the GPU has finished. And we add up loss.detach(), because train_loss +=
# loss * len(labels) would keep the graphs of all batches until the end of the epoch.
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
        train_loss += loss.detach() * len(labels)  # a tensor: no waiting, no graph
    train_loss = train_loss.item() / len(trainset)
    seconds = time.perf_counter() - start
    predicted, labels = predict(model, validloader, device)
    accuracy = (predicted == labels).float().mean().item()
    print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.3f}  '
          f'valid accuracy {accuracy:.1%}  {seconds:.1f} s')

# %% Test
predicted, labels = predict(model, testloader, device)
correct = (predicted == labels).sum().item()
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} images')

# %% Figure: the mistakes
# The dataset knows the names of its classes, and a label is an index into that list.
wrong = (predicted != labels).nonzero().flatten()  # the indices of the mistakes
names = testset.classes
titles = []
for i in wrong:
    predicted_name = names[predicted[i]]
    true_name = names[labels[i]]
    titles.append(f'predicted {predicted_name}, labeled {true_name}')
print(f'{len(wrong)} of {len(testset) - correct} mistakes to look at')
images, _ = testset[:]  # all of them
helper.view_sheet(images[wrong], titles)
helper.show('mistakes')

# What does momentum gain? On the real images, with seeds 7, 8, and 9, ten epochs with a
# learning rate of 0.01 brought the training loss to 0.35 without momentum and to 0.23
# with it, in each of the three runs. With a rate of 0.1 and no momentum, it also got to
# 0.23.
#
# The difference is in how steadily they get there, maybe because plain SGD's long steps
# nearly jump across the valley where it's steep, and momentum damps that. In
# the last five epochs, the validation accuracy went up and down by 3.0, 4.2, and 2.4
# percentage points without momentum, and by 0.6, 0.7, and 1.0 points with it.
#
# After the tenth epoch, it was 85.5, 88.3, and 89.2% without momentum and 88.1, 89.1,
# and 88.8% with it, each with the best of three learning rates. Twice, momentum came
# out ahead, but three runs that differ so much can't show that it usually does.

# Try: use momentum=0.99. How many times its length can a step grow to now? What happens
# to the training loss, and what happens to it with a tenth of the learning rate?
# Try: look only at the shirts, class 6: use `((predicted != labels) & (labels == 6))`
# instead of `(predicted != labels)`. Shirts are a tenth of the images. Are they a tenth
# of the mistakes?
# Exercise: python exercises/check.py 12
