"""
Three ways to save a model
==========================

New here: what a checkpoint must hold depends on what you want to do with it. The
weights alone are enough where the layer sizes are known. With the sizes in it, the
network can be built from the file alone. To resume training, you also need the
optimizer's state, because Adam keeps two numbers for each weight, and the state of
everything else that changes with the epochs, here the learning rate.

Before: 17_save_load_models.py  Next: 17_2_template.py
Notes: notes/saving.md
Run: python codes/17_1_save_models.py
It ends with a resumed training run that lost nothing, and one that trains the wrong
model.
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

# %% Data
trainset, testset = helper.load_data('FashionMNIST', args)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
test_images = testset.tensors[0].to(device)


# %% Model and loss
# The sizes [784, 128, 10] mean 784 inputs, a hidden layer of 128 units, and 10 outputs.
def new_model(sizes):
    layers = [nn.Flatten()]
    n_in = sizes[0]
    for n_out in sizes[1:-1]:  # the hidden layers
        layers.append(nn.Linear(n_in, n_out))
        layers.append(nn.ReLU())
        layers.append(nn.Dropout(0.2))
        n_in = n_out
    layers.append(nn.Linear(n_in, sizes[-1]))
    return nn.Sequential(*layers).to(device)


criterion = nn.CrossEntropyLoss()


# %% Save
# torch.save may be interrupted, for example by a full disk. So we write to another file
# first and rename it when it's complete: the old checkpoint is there until then.
folder = helper.ROOT / 'checkpoints'
folder.mkdir(exist_ok=True)


def save(checkpoint, path):
    torch.save(checkpoint, f'{path}.part')
    os.replace(f'{path}.part', path)


# %% The optimizer and a scheduler
# A scheduler changes the learning rate during training. It counts the epochs, and this
# one multiplies the rate by 0.1 after every third epoch, so that the last steps are
# small. (Lesson 18_2 is about what that gains.)
def new_training(model):
    optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.1)  # new here
    return optimizer, scheduler


# %% Train
# Each epoch sets its own seed. So the order of its images and its dropout are the same,
# whether or not the program was interrupted before that epoch. (With args.seed + epoch,
# seed 7 and seed 8 would share all epochs but one.) The epochs run from start up to
# stop, which isn't included.
def train(model, optimizer, scheduler, start, stop):
    for epoch in range(start, stop):
        torch.manual_seed(1000 * args.seed + epoch)
        model.train()
        for images, labels in trainloader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()
        scheduler.step()  # new here: once per epoch, after the optimizer's steps


# %% Compare two models
# The result is the largest difference between their outputs for the test images.
def difference(model, other):
    model.eval()
    other.eval()
    with torch.no_grad():
        differences = model(test_images) - other(test_images)
    return differences.abs().max().item()


# %% First: the weights alone
# If you load this file, you have to know the sizes.
model_1 = new_model([784, 128, 64, 10])
path = folder / '17_1_weights.pth'
save(model_1.state_dict(), path)

loaded_1 = new_model([784, 128, 64, 10])
weights = torch.load(path, map_location=device, weights_only=True)
loaded_1.load_state_dict(weights)
print('the weights alone: difference', difference(model_1, loaded_1))  # difference 0.0

# %% Second: weights and sizes
# With new_model, this file is all you need to build the network. (To use it, you also
# have to know how the images were normalized and what the classes are called. The file
# of lesson 17_2 has those, too.)
sizes = [784, 256, 64, 10]
model_2 = new_model(sizes)
path = folder / '17_1_model.pth'
save({'sizes': sizes, 'state_dict': model_2.state_dict()}, path)

checkpoint = torch.load(path, map_location=device, weights_only=True)
loaded_2 = new_model(checkpoint['sizes'])
loaded_2.load_state_dict(checkpoint['state_dict'])
print('and the sizes: difference', difference(model_2, loaded_2))  # difference 0.0

# %% Third: training that can be resumed
# The whole run has 2 * args.epochs epochs, and we train the first half. The checkpoint
# also gets the states of the optimizer and the scheduler, and the number of epochs that
# are done.
model_3 = new_model(sizes)
initial_weights = copy.deepcopy(model_3.state_dict())  # for the comparison below
optimizer, scheduler = new_training(model_3)
train(model_3, optimizer, scheduler, 0, args.epochs)

path = folder / '17_1_training.pth'
checkpoint = {'sizes': sizes, 'state_dict': model_3.state_dict(),
              'optimizer': optimizer.state_dict(), 'scheduler': scheduler.state_dict(),
              'epochs_done': args.epochs}
save(checkpoint, path)

# %% Resume
# The other half could run in another program. The new optimizer is made from the
# parameters of the loaded model; then it takes over the state of the old optimizer, and
# the new scheduler that of the old one.
checkpoint = torch.load(path, map_location=device, weights_only=True)
loaded_3 = new_model(checkpoint['sizes'])
loaded_3.load_state_dict(checkpoint['state_dict'])
resumed_optimizer, resumed_scheduler = new_training(loaded_3)
resumed_optimizer.load_state_dict(checkpoint['optimizer'])
resumed_scheduler.load_state_dict(checkpoint['scheduler'])  # new here
train(loaded_3, resumed_optimizer, resumed_scheduler,
      checkpoint['epochs_done'], 2 * args.epochs)
print('learning rate at the end', resumed_scheduler.get_last_lr())

# %% Did resuming lose anything?
# We train again from the initial weights, this time without a break. The outputs are
# the same, on one CPU to the last bit.
model_3.load_state_dict(initial_weights)
uninterrupted, its_scheduler = new_training(model_3)
train(model_3, uninterrupted, its_scheduler, 0, 2 * args.epochs)
print('resumed: difference', difference(model_3, loaded_3))  # resumed: difference 0.0

# %% An optimizer with another model's parameters
# An optimizer changes the parameters it was made with, and no others. resumed_optimizer
# belongs to loaded_3. So if we train model_3 with it, there's no error, and model_3
# learns nothing.
before = copy.deepcopy(model_3)
train(model_3, resumed_optimizer, resumed_scheduler, start=0, stop=1)
print('nothing learned: difference', difference(model_3, before))  # difference 0.0

# Try: delete the line resumed_optimizer.load_state_dict(...). How large is the
# difference then?
# Try: delete the line resumed_scheduler.load_state_dict(...) instead. What is the
# learning rate at the end, and why?
# Exercise: python exercises/check.py 17_1
