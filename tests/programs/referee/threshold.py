"""Compare what a network returns with a number. Argument: an expression of its `logits`,
[32], and of their probabilities, `ps`.
"""
import sys

import torch
from torch import nn

torch.manual_seed(7)
model = nn.Sequential(nn.Flatten(), nn.Linear(16, 1)).eval()
with torch.no_grad():
    logits = model(torch.randn(32, 1, 4, 4)).squeeze(1)
    ps = logits.sigmoid()
    eval(compile(sys.argv[1], __file__, 'eval'), {'logits': logits, 'ps': ps})
