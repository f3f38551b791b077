"""Save and load.

Arguments: a statement about `model`, `path` (of its state_dict), `whole` (of the
model), `cpu` and `state` (a copy of its weights); `device`, `args` or `none`: which
name says on what device the script runs.
"""
import argparse
import copy
import os
import sys

import torch
from torch import nn

model = nn.Linear(2, 2)
path, whole = 'state.pth', 'model.pth'  # path is written by another program
cpu = torch.device('cpu')
state = copy.deepcopy(model.state_dict())
torch.save(state, 'other.pth')
os.replace('other.pth', path)
if sys.argv[2] == 'device':
    device = cpu
elif sys.argv[2] == 'args':
    args = argparse.Namespace(device='cpu')
exec(compile(sys.argv[1], __file__, 'exec'))
