"""
Three ways to keep a model
==========================

New here: what a file must hold depends on what it is for. The weights alone do where
the sizes of the network are known; with the sizes in it the file is complete. And to go
on training, the optimizer's memory belongs to it as well: Adam keeps two numbers about
each weight.

Before: 17_save_load_models.py  Next: 18_load_cat_dog_data.py
Run: python codes/17_1_save_models.py
It ends with a training that was interrupted and resumed, and has lost nothing.
"""
import copy
import os
import sys

import torch
import torch.nn.functional as F
from torch import nn, optim

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=2, lr=0.001)
device = helper.get_device(args.device)
folder = helper.ROOT / 'checkpoints'
folder.mkdir(exist_ok=True)


class Network(nn.Module):
    def __init__(self, input_size, output_size, hidden_layers, drop_p=0.2):
        super().__init__()
        sizes = [input_size, *hidden_layers]
        self.hidden_layers = nn.ModuleList(
            nn.Linear(n_in, n_out) for n_in, n_out in zip(sizes, sizes[1:]))
        self.output = nn.Linear(sizes[-1], output_size)
        self.dropout = nn.Dropout(drop_p)

    def forward(self, x):
        x = x.view(x.shape[0], -1)  # [64, 1, 28, 28] -> [64, 784]
        for layer in self.hidden_layers:
            x = self.dropout(F.relu(layer(x)))
        return self.output(x)  # [64, 64] -> [64, 10]


def save_checkpoint(checkpoint, path):
    torch.save(checkpoint, f'{path}.part')
    os.replace(f'{path}.part', path)


# %%
# Data and loss
trainset, testset = helper.load_fashion_mnist(args)
trainloader = helper.get_loader(trainset, batch_size=64, shuffle=True)
criterion = nn.CrossEntropyLoss()
test_images = testset.tensors[0]


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


def same_output(one, two):
    one.eval()
    two.eval()
    with torch.no_grad():
        return torch.equal(one(test_images), two(test_images))


# %%
# First: weights only. Whoever loads them must know the sizes.
model_1 = Network(784, 10, [128, 64]).to(device)
path = folder / '17_1_weights.pth'
save_checkpoint(model_1.state_dict(), path)
reuse_1 = Network(784, 10, [128, 64]).to(device)
reuse_1.load_state_dict(torch.load(path, map_location=device, weights_only=True))
print('weights only', same_output(model_1, reuse_1))  # weights only True

# %%
# Second: weights and sizes. This file needs no other knowledge than the class.
sizes = {'input_size': 784, 'output_size': 10, 'hidden_layers': [256, 64]}
model_2 = Network(**sizes).to(device)
path = folder / '17_1_model.pth'
save_checkpoint({'sizes': sizes, 'state_dict': model_2.state_dict()}, path)
checkpoint = torch.load(path, map_location=device, weights_only=True)
reuse_2 = Network(**checkpoint['sizes']).to(device)
reuse_2.load_state_dict(checkpoint['state_dict'])
print('with sizes', same_output(model_2, reuse_2))  # with sizes True

# %%
# Third: a training that can go on. Half of it, then a checkpoint with the optimizer's
# state and the number of epochs done ...
model_3 = Network(**sizes).to(device)
start = copy.deepcopy(model_3.state_dict())  # for the comparison below
optimizer = optim.Adam(model_3.parameters(), lr=args.lr, fused=True)
train(model_3, optimizer, 0, args.epochs)
path = folder / '17_1_training.pth'
save_checkpoint({'sizes': sizes, 'state_dict': model_3.state_dict(),
                 'optimizer': optimizer.state_dict(), 'epochs': args.epochs}, path)

# ... and the other half, as another program would do it. The optimizer is made from the
# parameters of the new model, then takes over the old one's memory.
checkpoint = torch.load(path, map_location=device, weights_only=True)
reuse_3 = Network(**checkpoint['sizes']).to(device)
reuse_3.load_state_dict(checkpoint['state_dict'])
optimizer = optim.Adam(reuse_3.parameters(), lr=args.lr, fused=True)
optimizer.load_state_dict(checkpoint['optimizer'])
train(reuse_3, optimizer, checkpoint['epochs'], 2 * args.epochs)

# %%
# The same without interruption gives the same weights, to the last bit.
model_3.load_state_dict(start)
optimizer_3 = optim.Adam(model_3.parameters(), lr=args.lr, fused=True)
train(model_3, optimizer_3, 0, 2 * args.epochs)
print('resumed', same_output(model_3, reuse_3))  # resumed True

# %%
# An optimizer changes the parameters it was made with, and no others. This one belongs
# to reuse_3: training model_3 with it raises no error, and teaches model_3 nothing.
before = copy.deepcopy(model_3)
train(model_3, optimizer, 0, 1)
print('nothing learned', same_output(model_3, before))  # nothing learned True

# Try: leave out optimizer.load_state_dict(...). Adam starts with no memory: how far is
# the resumed training from the uninterrupted one?
