"""
Three ways to keep a model
==========================

New here: what a file must hold depends on what it is for. The weights alone are enough
where the sizes are known; with the sizes in it the file is complete. To go on training,
it needs the optimizer's memory as well: Adam keeps two numbers about each weight.

Before: 17_save_load_models.py  Next: 18_load_cat_dog_data.py
Notes: Save and load (README.md)
Run: python codes/17_1_save_models.py
It ends with a resumed training that lost nothing, and one that trains the wrong model.
"""
import copy
import os
import sys

import torch
from torch import nn, optim
from torch.utils.data import DataLoader

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=2, lr=0.001)
device = args.device
folder = helper.ROOT / 'checkpoints'
folder.mkdir(exist_ok=True)


def new_model(sizes):  # [784, 128, 10]: 784 inputs, a hidden layer of 128, 10 outputs
    layers = [nn.Flatten()]
    for n_in, n_out in zip(sizes, sizes[1:]):
        layers += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(0.2)]
    return nn.Sequential(*layers[:-2]).to(device)  # the last layer is a Linear


def save(checkpoint, path):
    torch.save(checkpoint, f'{path}.part')
    os.replace(f'{path}.part', path)


# %%
# Data and loss
trainset, testset = helper.load_data('FashionMNIST', args)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
criterion = nn.CrossEntropyLoss()
test_images = testset.tensors[0].to(device)


# %%
# Train for some epochs. Each epoch has a seed of its own, so its order of images and
# its dropout are the same whether or not the program was stopped before it.
def train(model, optimizer, first, last):
    model.train()
    for epoch in range(first, last):
        torch.manual_seed(args.seed + epoch)
        for images, labels in trainloader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()


def difference(one, two):  # the largest one between the outputs of two models
    with torch.no_grad():
        outputs = one.eval()(test_images), two.eval()(test_images)
    return (outputs[0] - outputs[1]).abs().max().item()


# %%
# First: weights only. Whoever loads them must know the sizes.
model_1, path = new_model([784, 128, 64, 10]), folder / '17_1_weights.pth'
save(model_1.state_dict(), path)
reuse_1 = new_model([784, 128, 64, 10])
reuse_1.load_state_dict(torch.load(path, map_location=device, weights_only=True))
print('the weights alone: difference', difference(model_1, reuse_1))  # difference 0.0

# %%
# Second: weights and sizes. This file needs no other knowledge than new_model.
sizes = [784, 256, 64, 10]
model_2, path = new_model(sizes), folder / '17_1_model.pth'
save({'sizes': sizes, 'state_dict': model_2.state_dict()}, path)
checkpoint = torch.load(path, map_location=device, weights_only=True)
reuse_2 = new_model(checkpoint['sizes'])
reuse_2.load_state_dict(checkpoint['state_dict'])
print('and the sizes: difference', difference(model_2, reuse_2))  # difference 0.0

# %%
# Third: a training that can go on. Half of it, then a checkpoint with the optimizer's
# state and the number of epochs done ...
model_3, path = new_model(sizes), folder / '17_1_training.pth'
start = copy.deepcopy(model_3.state_dict())  # for the comparison below
optimizer = optim.Adam(model_3.parameters(), lr=args.lr, fused=True)
train(model_3, optimizer, 0, args.epochs)
save({'sizes': sizes, 'state_dict': model_3.state_dict(),
      'optimizer': optimizer.state_dict(), 'epochs': args.epochs}, path)

# ... and the other half, as another program would do it. The optimizer is made from the
# parameters of the new model, then takes over the old one's memory.
checkpoint = torch.load(path, map_location=device, weights_only=True)
reuse_3 = new_model(checkpoint['sizes'])
reuse_3.load_state_dict(checkpoint['state_dict'])
optimizer = optim.Adam(reuse_3.parameters(), lr=args.lr, fused=True)
optimizer.load_state_dict(checkpoint['optimizer'])
train(reuse_3, optimizer, checkpoint['epochs'], 2 * args.epochs)

# %%
# The same without interruption gives the same outputs, on one CPU to the last bit.
model_3.load_state_dict(start)
optimizer_3 = optim.Adam(model_3.parameters(), lr=args.lr, fused=True)
train(model_3, optimizer_3, 0, 2 * args.epochs)
print('resumed: difference', difference(model_3, reuse_3))  # resumed: difference 0.0

# %%
# An optimizer changes the parameters it was made with, and no others. This one belongs
# to reuse_3: training model_3 with it raises no error, and teaches model_3 nothing.
before = copy.deepcopy(model_3)
train(model_3, optimizer, 0, 1)
print('nothing learned: difference', difference(model_3, before))  # difference 0.0

# Try: leave out optimizer.load_state_dict(...). How far off is it then?
# Exercise: python exercises/check.py 17_1
