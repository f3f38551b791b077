"""
Save a model and load it again
==============================

New here: a trained network is its weights, and they go to a file, a checkpoint. Loading
them takes a network of the same shape, so a good checkpoint says how to build it.

Before: 16_prevent_overfitting.py  Next: 17_1_save_models.py
Notes: Save and load (README.md)
Run: python codes/17_save_load_models.py
It ends with two ways in which loading fails, and what torch says of them.
"""
import os
import pickle
import sys

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=1, lr=0.001)
device = args.device
folder = helper.ROOT / 'checkpoints'
folder.mkdir(exist_ok=True)


# %%
# Model: a network with any number of hidden layers. ModuleList registers the layers; in
# a plain list they would be missing from the state_dict.
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


# %%
# Data, loss, optimizer, and a short training: something worth keeping
trainset, testset = helper.load_data('FashionMNIST', args)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
sizes = {'input_size': 784, 'output_size': 10, 'hidden_layers': [256, 64]}
model = Network(**sizes).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
model.train()
for _ in range(args.epochs):
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()

# %%
# The state_dict: a name and a tensor for each parameter (and for each buffer, which is
# what a layer remembers without training it; batch norm, lesson 18_1, has some).
for name, tensor in model.state_dict().items():
    print(f'{name:22} {tuple(tensor.shape)}')

# %%
# Save. A run that is killed while saving must not ruin the old file, so the new one
# gets its name only when it is complete. It holds text, numbers and tensors only.
path = folder / '17_model.pth'
torch.save({'sizes': sizes, 'state_dict': model.state_dict()}, f'{path}.part')
os.replace(f'{path}.part', path)

# %%
# Load. torch.save writes a pickle, Python's format for objects of any kind, and loading
# one may run code. weights_only=True, the default since torch 2.6, refuses anything but
# text, numbers and tensors. map_location brings tensors from a GPU to a machine
# without one.
checkpoint = torch.load(path, map_location=device, weights_only=True)
loaded = Network(**checkpoint['sizes']).to(device)
loaded.load_state_dict(checkpoint['state_dict'])

# The proof: in eval mode both give the same output, to the last bit.
images = testset.tensors[0][:64].to(device)
model.eval()
loaded.eval()
with torch.no_grad():
    print('same output', torch.equal(model(images), loaded(images)))  # same output True

# %%
# What fails: these weights in another architecture. torch names each tensor that does
# not fit.
try:
    Network(784, 10, [128, 64]).load_state_dict(checkpoint['state_dict'])
except RuntimeError as error:
    print(f'RuntimeError: {error}')

# %%
# Another: torch.save(model, path) pickles the whole model and names its class, which is
# code. weights_only=True refuses it. And it depends on that code: with the class moved
# or renamed it fails, with the class changed it may compute something else.
torch.save(model, folder / '17_whole.pth')
try:
    torch.load(folder / '17_whole.pth', map_location=device, weights_only=True)
except pickle.UnpicklingError as error:
    print('UnpicklingError:', str(error).partition('.')[0])  # Weights only load failed

# Try: hidden_layers `[512, 256, 64]`. Do the three lines that load the model still
# work? (The RuntimeError after them is the one that is meant to be there.)
# Try: leave `'sizes': sizes` out of what is saved. Which line misses it?
# Exercise: python exercises/check.py 17
