"""
Save a model and load it again
==============================

New here: a trained network is its weights, and we can save them to a file, called a
checkpoint. To load them, you need a network with the same shapes, so a good checkpoint
also says how to build it.

Before: 16_1_debugging.py  Next: 17_1_save_models.py
Notes: notes/saving.md
Run: python codes/17_save_load_models.py
It ends with two ways in which loading fails, and the errors that torch raises.
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


# %% Model
# This network can have any number of hidden layers. nn.ModuleList registers the layers;
# with a plain list, they would be missing from the state_dict.
class Network(nn.Module):
    def __init__(self, input_size, output_size, hidden_layers, drop_p=0.2):
        super().__init__()
        sizes = [input_size, *hidden_layers]
        self.hidden_layers = nn.ModuleList(
            nn.Linear(n_in, n_out) for n_in, n_out in zip(sizes, sizes[1:]))
        self.output = nn.Linear(sizes[-1], output_size)
        self.dropout = nn.Dropout(drop_p)

    def forward(self, x):
        x = x.flatten(1)  # [64, 1, 28, 28] -> [64, 784], all but dimension 0
        for layer in self.hidden_layers:
            x = self.dropout(F.relu(layer(x)))
        return self.output(x)  # [64, 64] -> [64, 10]


# %% Data, and a short training run
# One epoch gives us weights that are worth saving.
trainset, testset = helper.load_data('FashionMNIST', args)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
sizes = {'input_size': 784, 'output_size': 10, 'hidden_layers': [256, 64]}
model = Network(**sizes).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
for _ in range(args.epochs):
    model.train()
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()

# %% The state_dict
# It maps names to tensors: one for each parameter, and one for each buffer. Buffers are
# what a layer remembers without training it; batch norm (lesson 18_2) has some.
for name, tensor in model.state_dict().items():
    print(f'{name:22} {tuple(tensor.shape)}')

# %% Save
# If the program is killed while it saves, the old file should survive. So the new file
# only gets its final name when it's complete. It contains nothing but text, numbers,
# and tensors.
path = folder / '17_model.pth'
torch.save({'sizes': sizes, 'state_dict': model.state_dict()}, f'{path}.part')
os.replace(f'{path}.part', path)

# %% Load
# torch.save writes a pickle, Python's format for all kinds of objects, and loading a
# pickle can run code. weights_only=True, the default since torch 2.6, refuses anything
# but text, numbers, and tensors. map_location lets you load tensors from a GPU on a
# machine without one.
checkpoint = torch.load(path, map_location=device, weights_only=True)
loaded = Network(**checkpoint['sizes']).to(device)
loaded.load_state_dict(checkpoint['state_dict'])

# In eval mode, both give the same output, to the last bit.
images = testset.tensors[0][:64].to(device)
model.eval()
loaded.eval()
with torch.no_grad():
    print('same output', torch.equal(model(images), loaded(images)))  # same output True

# %% What fails: another architecture
# These weights don't fit a network with other sizes. torch names each tensor that
# doesn't fit.
try:
    Network(784, 10, [128, 64]).load_state_dict(checkpoint['state_dict'])
except RuntimeError as error:
    print(f'RuntimeError: {error}')

# %% What fails: the whole model
# torch.save(model, path) pickles the whole model. The file refers to the model's class,
# which is code, so weights_only=True refuses it. And it depends on that code: if the
# class is moved or renamed, loading fails; if the class has changed, the model may
# compute something else.
torch.save(model, folder / '17_whole.pth')
try:
    torch.load(folder / '17_whole.pth', map_location=device, weights_only=True)
except pickle.UnpicklingError as error:
    print('UnpicklingError:', str(error).partition('.')[0])  # Weights only load failed

# Try: use the hidden_layers `[512, 256, 64]`. Do the three lines that load the model
# still work? (The RuntimeError after them is supposed to be there.)
# Try: leave `'sizes': sizes` out of the checkpoint. Which line fails without it?
# Exercise: python exercises/check.py 17
