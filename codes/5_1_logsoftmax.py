"""
Softmax, log-softmax, and why the logarithm
===========================================

New here: log-softmax, which is the logarithm of the probabilities. Losses use it,
because it stays finite where softmax followed by log doesn't. And `dim`, the dimension
along which the probabilities sum to one.

Before: 5_nn_module.py  Next: 6_neural_network_extended.py
Notes: notes/losses.md
Run: python codes/5_1_logsoftmax.py
It ends with the log-softmax of a logit of 1000, computed the naive way and torch's way.
"""
import torch
import torch.nn.functional as F

# %% Three logits
# The softmax of [2, 1, 0] is e^2 / (e^2 + e^1 + e^0), and so on. The sum is a sum of
# the exponentials.
logits = torch.tensor([2.0, 1.0, 0.0])
by_hand = torch.exp(logits) / torch.exp(logits).sum()
ps = F.softmax(logits, dim=0)
print('by hand', by_hand)  # tensor([0.6652, 0.2447, 0.0900])
print('softmax', ps)  # tensor([0.6652, 0.2447, 0.0900])

# Log-softmax is its logarithm, and exp brings the probabilities back.
log_ps = F.log_softmax(logits, dim=0)
print('log-softmax', log_ps)  # tensor([-0.4076, -1.4076, -2.4076])
print('and back', torch.exp(log_ps))  # tensor([0.6652, 0.2447, 0.0900])

# %% A batch
# Each row is an image, each column a class. dim=1 runs along the classes, so every row
# sums to one. dim=0 would silently normalize across the images instead.
torch.manual_seed(7)
batch = torch.randn(4, 3)
sums = F.softmax(batch, dim=1).sum(dim=1)  # [4, 3] -> [4]
print('dim=1, rows', sums)  # tensor([1.0000, 1.0000, 1.0000, 1.0000])
wrong = F.softmax(batch, dim=0)
print('dim=0, columns', wrong.sum(dim=0))  # tensor([1.0000, 1.0000, 1.0000])
print('dim=0, rows', wrong.sum(dim=1))  # tensor([1.0807, 0.6720, 0.8308, 0.4165])

# %% Why the logarithm?
# float32 ends near e^88. Beyond that, softmax by hand becomes inf / inf = nan, and the
# log of a probability that was rounded to 0 is -inf. log_softmax subtracts the largest
# logit first, so that no exponential overflows, and it never computes the probability
# that the logarithm would be taken of.
large = torch.tensor([1000.0, 0.0])
naive = torch.log(torch.exp(large) / torch.exp(large).sum())
print('naive', naive)  # tensor([nan, -inf])
print('softmax, then log', torch.log(F.softmax(large, dim=0)))  # tensor([0., -inf])
print('log_softmax', F.log_softmax(large, dim=0))  # tensor([    0., -1000.])

# Try: use 88.0 instead of 1000.0, then 89.0. Which of them fails?
# Try: leave out dim, `wrong = F.softmax(batch)`. What does the warning ask for?
# Exercise: python exercises/check.py 5_1
