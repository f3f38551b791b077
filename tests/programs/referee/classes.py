"""Call a loss for classes. Arguments: an expression of the call, in which `logits` are
raw scores [4, 3], `ps` their probabilities, `log_ps` the logarithms of these, and `even`
scores [2, 80] that are close to each other.
"""
import sys

import torch
from torch import tensor
from torch.nn import functional as F

logits = tensor([[1.0, 2, 3], [4, 1, 0], [0, -1, 2], [0, 0, 0]])
ps = logits.softmax(dim=1)
log_ps = logits.log_softmax(dim=1)
even = torch.linspace(-0.05, 0.05, 160).view(2, 80)
print(eval(sys.argv[1], {'F': F, 'torch': torch, 'tensor': tensor, 'logits': logits,
                         'ps': ps, 'log_ps': log_ps, 'even': even}))
