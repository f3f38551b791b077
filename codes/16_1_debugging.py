"""
Why doesn't my network learn?
=============================

New here: a method for the day when the loss doesn't fall. Instead of changing things at
random, you check one thing after the other, and you know which number to expect before
you look:

1. a batch: are these the inputs and the labels that you think they are?
2. the loss before training: is it near ln k, for k classes?
3. a single batch: can the network learn it by heart?
4. the gradients: how large are they in each layer?

Then you change one thing at a time, and measure again. Our example is a network with
ten hidden layers that learns nothing, because its gradients vanish on the way back to
the first layer. The method finds that out, and we try three fixes. Where it finds no
cause, the referee often does, which is a program that watches a training script.

Before: 16_prevent_overfitting.py  Next: 17_save_load_models.py
Notes: notes/debugging.md
Run: python codes/16_1_debugging.py
It ends with a mistake that you find with: python referee codes/16_1_debugging.py
"""
import math
import sys

import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, random_split

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(lr=0.001, steps=300)
device = args.device

# %% Data
# We train several networks, so each of them gets only a third of the training images. A
# sixth is for validation. We only compare networks here, so we don't need the test set.
trainset, _ = helper.load_data('FashionMNIST', args)
classes = trainset.classes
trainset, validset, _ = random_split(trainset, [1 / 3, 1 / 6, 1 / 2])
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
validloader = DataLoader(validset, batch_size=1000)
criterion = nn.CrossEntropyLoss()


# %% Two networks
# All hidden layers have 64 units with a sigmoid. The shallow network has two of them,
# and it learns. The deep one has ten, and it doesn't. When you debug, it helps a lot to
# have a network that's known to work, because you can put the numbers side by side.
#
# We'll need the other arguments later. Each call begins with the same seed, so a
# network that's made a second time has the same weights as the first one.
def new_model(depth, activation=nn.Sigmoid, initialize=None, batch_norm=False):
    torch.manual_seed(args.seed)
    layers = [nn.Flatten()]
    n_in = 784
    for _ in range(depth):
        linear = nn.Linear(n_in, 64)
        if initialize:
            initialize(linear)
        layers.append(linear)
        if batch_norm:
            layers.append(nn.BatchNorm1d(64))
        layers.append(activation())
        n_in = 64
    layers.append(nn.Linear(64, len(classes)))
    return nn.Sequential(*layers).to(device)


depth = 10
shallow = new_model(2)
deep = new_model(depth)

# %% 1. Look at a batch
# Take it from the loader, because that's what the network gets. The images should be
# float32 and, once they're normalized, have a mean near 0 and a standard deviation near
# 1. (With a mean of 73, they'd still be gray values from 0 to 255.) The labels should
# be int64, and in a shuffled batch, each class should occur about as often as in the
# dataset. If there's only one class, the images weren't shuffled.
images, labels = next(iter(trainloader))
images, labels = images.to(device), labels.to(device)
print('images', images.dtype, images.shape)
print('labels', labels.dtype, labels.shape)
print(f'mean {images.mean():.2f}, standard deviation {images.std():.2f}, '
      f'from {images.min():.2f} to {images.max():.2f}')
counts = labels.bincount(minlength=len(classes))
print('images of each class', counts.tolist())

# No number tells you whether a label belongs to its image, so we look at some of them.
figure, axes = plt.subplots(1, 8, figsize=(10, 1.5))
for ax, image, label in zip(axes, images, labels):
    helper.imshow(image, classes[label], ax)
helper.show('batch')


# %% 2. The loss before training
# An untrained network knows nothing, so each class should get a probability of about
# 1/k. The loss of such a guess is ln k (lesson 7), which is 2.30 for our ten classes. A
# little more is normal. If it's 10, the network is sure of its wrong answers, because
# the inputs aren't normalized or the weights are too large. An untrained network can't
# get well below ln k. If yours does, its weights have already been trained, or the loss
# isn't the mean cross entropy of the batch.
def first_loss(model, images, labels, criterion):
    with torch.no_grad():
        output = model(images)
        return criterion(output, labels).item()


print(f'ln k    {math.log(len(classes)):.3f}')  # ln k    2.303
print(f'shallow {first_loss(shallow, images, labels, criterion):.3f}')
print(f'deep    {first_loss(deep, images, labels, criterion):.3f}')


# %% 3. Learn a single batch by heart
# We train on this one batch, again and again. That's overfitting at its worst, and this
# time we want it: even a small network can learn 64 images by heart, so within a few
# hundred steps, the loss should be close to 0. If it isn't, there's no point in more
# data or more epochs. Something is wrong with the model, the loss, or the optimizer's
# steps.
def learn_one_batch(model, images, labels, criterion, steps, lr):
    optimizer = optim.Adam(model.parameters(), lr=lr, fused=True)
    losses = []
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses).tolist()


# We pass it new networks, so the two from above keep the weights that they started
# with. We'll need those for the next check.
shallow_losses = learn_one_batch(new_model(2), images, labels, criterion,
                                 args.steps, args.lr)
deep_losses = learn_one_batch(new_model(depth), images, labels, criterion,
                              args.steps, args.lr)
print(f'one batch, {args.steps} steps: shallow {shallow_losses[-1]:.4f}, '
      f'deep {deep_losses[-1]:.4f}')

# Here the two networks differ: the loss of the deep one has hardly fallen. What has it
# learned? Suppose a network doesn't look at the images at all. Then the best it can do
# is to give every image the same probabilities, those with which the classes occur in
# the batch. Its loss would be this:
frequencies = counts / counts.sum()
print(f'loss without looking at the images {-frequencies[labels].log().mean():.4f}')


# %% 4. The gradients
# The deep network has nearly the same loss, so it has only learned how frequent each
# class is, which takes no more than the biases of the last layer. And the other layers?
# They learn from the gradients of their weights, so we measure how large these are. The
# norm of a gradient is one number for the whole weight matrix of a layer: square all of
# its numbers, add them up, and take the square root.
#
# What matters is how the norms change from the last layer to the first. They don't have
# to be equal: a factor of 100 in all is no reason to worry yet. But if each layer makes
# them smaller by the same factor, then with every layer you add, the first one learns
# less.
def gradient_norms(model, images, labels, criterion):
    model.train()
    model.zero_grad()
    output = model(images)
    loss = criterion(output, labels)
    loss.backward()
    norms = []
    for layer in model:
        if isinstance(layer, nn.Linear):
            norms.append(layer.weight.grad.norm().item())
    return norms


shallow_norms = gradient_norms(shallow, images, labels, criterion)
deep_norms = gradient_norms(deep, images, labels, criterion)
print('gradient norms, from the first layer to the last')
print('shallow', ' '.join(f'{norm:.0e}' for norm in shallow_norms))
print('deep   ', ' '.join(f'{norm:.0e}' for norm in deep_norms))

# The layers between the first and the last all have 64 inputs and 64 outputs. This is
# the factor by which the norm changes at each of them, on the way back:
factor = (deep_norms[1] / deep_norms[-2]) ** (1 / (len(deep_norms) - 3))
print(f'factor per layer {factor:.2f}')

# %% Why they vanish
# By the chain rule (lesson 8), each layer multiplies the gradient by its weights and by
# the slope of its activation function. The slope of the sigmoid is largest at 0, and
# even there, it's only 1/4:
x = torch.linspace(-8, 8, 1001, requires_grad=True)
torch.sigmoid(x).sum().backward()
print(f'largest slope {x.grad.max():.2f}')  # largest slope 0.25

# The weights make it even smaller. nn.Linear starts with random weights between
# -1/sqrt(n) and 1/sqrt(n), for n inputs. With weights of this size and as many outputs
# as inputs, the gradient shrinks to about 1/sqrt(3), or 0.58 of what it was. The
# product of 0.25 and 0.58 is 0.14. With two hidden layers, nobody notices. With ten,
# hardly anything arrives at the first layer, and we say that the gradients vanish.
#
# Doesn't Adam make up for that? It divides each step by the typical size of the
# weight's gradients (lesson 13). But it first adds 1e-8 to that size, because otherwise
# it might divide by 0. In the first layer, the norm of all gradients together is about
# 2e-8, so the gradient of a single one of its 50,176 weights is far smaller, and its
# steps are, too. (For `eps`, the name of this 1e-8 in Adam, see the second Try.)

# %% Three fixes
# Each of them changes one thing, so that we can tell what it does.
#
# Initialization means other weights to start with. Xavier's rule chooses their size so
# that the weights alone would neither shrink nor enlarge the gradient. With gain=4,
# they are four times as large, which makes up for a slope of 1/4.
#
# ReLU has the slope 1 for all positive numbers, but 0 for negative ones, and
# nn.Linear's weights still shrink the gradient. So we try ReLU alone, and then with the
# rule of Kaiming He, which makes up for both. (torch uses his first name.)
#
# Normalization is done by a layer of its own. For each unit, BatchNorm1d takes the
# values of all images in the batch, subtracts their mean, and divides by their standard
# deviation. So each sigmoid gets numbers around 0, where it's steepest. And if the
# layers before it have nearly lost the differences between the images, the standard
# deviation is small, so dividing by it makes the differences large again. Lesson 18_2
# says more about batch norm.
def xavier(linear):
    nn.init.xavier_normal_(linear.weight, gain=4)  # new here
    nn.init.zeros_(linear.bias)


def he(linear):
    nn.init.kaiming_normal_(linear.weight, nonlinearity='relu')  # new here
    nn.init.zeros_(linear.bias)


networks = {'sigmoid': {},
            'sigmoid, Xavier': {'initialize': xavier},
            'sigmoid, batch norm': {'batch_norm': True},
            'ReLU': {'activation': nn.ReLU},
            'ReLU, He': {'activation': nn.ReLU, 'initialize': he}}


# %% Train and evaluate
# Networks that learn one batch by heart have passed a check, but that's not what we
# want them for. So each one also gets one epoch on the training images, and we count
# how many validation images it classifies correctly.
def train_one_epoch(model, loader, criterion, device, lr):
    optimizer = optim.Adam(model.parameters(), lr=lr, fused=True)
    model.train()
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()


def count_correct(model, loader, device):
    model.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            predicted = output.argmax(dim=1)
            correct += (predicted == labels).sum()
    return correct.item()


# %% Measure again
all_norms = {}
all_losses = {}
for name, options in networks.items():
    model = new_model(depth, **options)
    norms = gradient_norms(model, images, labels, criterion)
    losses = learn_one_batch(model, images, labels, criterion, args.steps, args.lr)
    all_norms[name] = norms
    all_losses[name] = losses

    model = new_model(depth, **options)
    train_one_epoch(model, trainloader, criterion, device, args.lr)
    correct = count_correct(model, validloader, device)
    print(f'{name:20} first/last norm {norms[0] / norms[-1]:.1e}  '
          f'one batch {losses[-1]:.4f}  valid accuracy {correct / len(validset):.1%}')

# %% Figure
# On the left, you see the norms, and on the right, how the loss of the batch falls.
# Both vertical axes are logarithmic. Where a curve suddenly jumps up, a step was too
# large.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8))
for name, norms in all_norms.items():
    left.semilogy(range(1, len(norms) + 1), norms, 'o-', label=name)
    right.semilogy(all_losses[name], label=name)
left.set(xlabel='layer', ylabel='norm of the gradient')
left.legend(fontsize=8)
right.set(xlabel='step', ylabel='loss of the batch')
helper.show('gradients')

# On the real images, with seeds 7, 8, and 9, the deep network's loss after 300 steps on
# one batch was 2.25, 2.27, and 2.21, and the shallow network's was 0.08, 0.06, and
# 0.06. From layer to layer, the gradient norm of the deep network shrank to 0.14, 0.15,
# and 0.13 of what it was. These are the validation accuracies after one epoch:
#
#     sigmoid                9.9, 9.9, and 10.1%
#     sigmoid, Xavier       63.3, 74.3, and 66.0%
#     sigmoid, batch norm   83.0, 81.7, and 80.6%
#     ReLU                  65.5, 75.2, and 71.3%
#     ReLU, He              79.4, 82.1, and 82.7%
#
# So each fix helps, but not equally. With Xavier's weights, the gradients still get
# smaller on the way back, because the slope is 1/4 only at 0 and less elsewhere. With
# ReLU alone, they do because of the weights. In both cases, the first layer's norm is
# about a hundredth of the last one's, and the networks learn. With batch norm, and with
# ReLU and He's weights, all layers have gradients of about the same size, and these two
# networks learn most. Which of them is better, one epoch can't tell.

# %% 5. The referee
# The network with ReLU and He's initialization passes all four checks. Now somebody
# rewrites the loop of check 3, and the same network doesn't learn the batch anymore.
# The batch, the first loss, and the gradient norms are what they were, so the loop must
# be wrong, but how? Look for the mistake yourself before you read on.
model = new_model(depth, nn.ReLU, he)
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
model.train()
for _ in range(args.steps):
    output = model(images)
    loss = criterion(output, labels)
    loss.backward()
    optimizer.step()
print(f'one batch, {args.steps} steps: {loss.item():.4f}')

# Then let the referee look for it. It runs a script of yours, watches what happens, and
# names mistakes that raise no error. Run: python referee codes/16_1_debugging.py

# With seeds 7, 8, and 9, the loss of the batch was 2.21, 2.25, and 2.03 at the end.
# With the loop of check 3, the same network reached 0.0000 each time.

# Try: shuffle the labels of the batch, labels = labels[torch.randperm(len(labels))], in
# the line after it was read. Which of the checks notice?
# Try: give Adam in learn_one_batch the argument eps=1e-12. What changes for the deep
# network, and is it enough?
# Try: set depth = 30. Which fixes still work, and what do their gradients look like?
# Exercise: python exercises/check.py 16_1
