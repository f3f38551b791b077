"""Use a network with one special layer, in a mode that may be the wrong one.

Arguments: the layer, as `nn.Dropout(0.5)`; what is done with the network: `test`,
`train` or `freeze` (train while the layer is frozen), then `in train mode` or `in eval
mode`.
"""
import sys

import torch
from torch import nn

torch.manual_seed(7)
layer, what = eval(sys.argv[1]), sys.argv[2]
name = type(layer).__name__
shape = {'1d': [4, 16], '3d': [4, 2, 2, 4]}.get(name[-2:], [4, 4, 4])
images, labels = torch.randn(8, *shape), torch.arange(8) % 2
inputs = images[0].numel()
model = nn.Sequential(layer, nn.Flatten(), nn.Linear(inputs, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
if what.startswith('freeze'):
    layer.requires_grad_(False)
model.train(what.endswith('train mode'))
if what.startswith('test'):
    with torch.no_grad():
        print(model(images).argmax(dim=1) == labels)
else:
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()
