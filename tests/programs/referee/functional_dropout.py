"""Test a network that calls F.dropout itself.

Arguments: the probability; `always`, or `in training` for training=self.training.
"""
import sys

import torch
from torch import nn

p, always = float(sys.argv[1]), sys.argv[2] == 'always'


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.output = nn.Linear(16, 2)

    def forward(self, x):
        x = nn.functional.dropout(x, p, training=always or self.training)
        return self.output(x.flatten(1))


model = Network().eval()
with torch.no_grad():
    predicted = model(torch.randn(8, 1, 4, 4)).argmax(dim=1)
    print(predicted == torch.arange(8) % 2)
