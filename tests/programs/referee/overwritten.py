"""Load the weights of a network, and use it.

Argument: when random weights are put in: `before` loading, `after` it, or `after, in the
last layer`.
"""
import sys

import torch
from torch import nn

torch.manual_seed(7)
when = sys.argv[1]
model = nn.Sequential(nn.Flatten(), nn.Linear(16, 4), nn.ReLU(), nn.Linear(4, 2))
weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
if when.startswith('after'):
    model.load_state_dict(weights)
for layer in (model[3:] if 'last' in when else model):
    if isinstance(layer, nn.Linear):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
if when == 'before':
    model.load_state_dict(weights)
model(torch.randn(8, 1, 4, 4))
