"""
Save a model and load it again
==============================

New here: a trained network is its weights, and weights go to a file. Loading them takes
a network of the same shape, so a good checkpoint says how to build it.

Before: 16_prevent_overfitting.py  Next: 17_1_save_models.py
Run: python codes/17_save_load_models.py
It ends with four files that cannot be loaded, and one line about each.
"""
import os
import pickle
import sys

import torch
import torch.nn.functional as F
from torch import nn, optim

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=1, lr=0.001)
device = helper.get_device(args.device)
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
trainset, testset = helper.load_fashion_mnist(args)
trainloader = helper.get_loader(trainset, batch_size=64, shuffle=True)
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
# The state_dict: a name and a tensor for each parameter, all that training changed.
for name, tensor in model.state_dict().items():
    print(f'{name:22} {tuple(tensor.shape)}')


# %%
# Save and load. A run that is killed while saving must not ruin the old file, so the
# new one gets its name only when it is complete. It holds text, numbers and tensors,
# and weights_only=True insists on that: other pickles may run code when they are
# loaded. map_location brings tensors from a GPU to a machine without one.
def save_checkpoint(checkpoint, path):
    torch.save(checkpoint, f'{path}.part')
    os.replace(f'{path}.part', path)


def load_model(path):
    """Return the model in a checkpoint; ValueError says why there is none."""
    try:
        checkpoint = torch.load(path, map_location=device, weights_only=True)
        model = Network(**checkpoint['sizes']).to(device)
        model.load_state_dict(checkpoint['state_dict'])
    except pickle.UnpicklingError:
        reason = 'is no checkpoint, or holds code that loading it would run'
    except (KeyError, TypeError):
        reason = 'holds no sizes and weights'
    except RuntimeError as error:
        mismatch = 'loading state_dict' in str(error)
        reason = 'has another architecture' if mismatch else 'is damaged'
    except (OSError, EOFError, ValueError) as error:
        reason = f'cannot be read ({error})'
    else:
        return model
    raise ValueError(f'{path.name} {reason}')


path = folder / '17_model.pth'
save_checkpoint({'sizes': sizes, 'state_dict': model.state_dict()}, path)
loaded = load_model(path)

# %%
# The proof: in eval mode both give the same output, to the last bit.
images = testset.tensors[0][:64]
model.eval()
loaded.eval()
with torch.no_grad():
    print('same output', torch.equal(model(images), loaded(images)))  # same output True

# %%
# The wrong architecture: torch names each tensor that does not fit.
try:
    Network(784, 10, [128, 64]).load_state_dict(model.state_dict())
except RuntimeError as error:
    print(f'RuntimeError: {error}')

# %%
# Four files that cannot be loaded. The first is torch.save(model, path): it pickles the
# whole model, names the class as code to run, and breaks when that class changes.
whole, cut, other, shape = (folder / f'17_{name}.pth'
                            for name in ('whole', 'cut', 'other', 'shape'))
torch.save(model, whole)
cut.write_bytes(path.read_bytes()[:1000])
torch.save({'epochs': 3}, other)
wrong = {**sizes, 'hidden_layers': [128, 64]}
torch.save({'sizes': wrong, 'state_dict': model.state_dict()}, shape)
for file in (whole, cut, other, shape):
    try:
        load_model(file)
    except ValueError as error:
        print(f'ValueError: {error}')
    file.unlink()

# Try: hidden_layers [512, 256, 64] in place of [256, 64]. What in load_model has to
# change? Nothing: the checkpoint says how to build the model.
