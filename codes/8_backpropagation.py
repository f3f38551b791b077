"""
Autograd: gradients without a formula
=====================================

New here: the gradient, which is a slope: how much a result rises when a number that
went in rises a little. torch computes it: of a tensor with requires_grad=True it notes
every operation, and `backward` walks these notes back (autograd).

Before: 7_train_neural_network.py  Next: 9_apply_backward.py
Notes: Backpropagation (README.md)
Run: python codes/8_backpropagation.py
It ends with a parabola and its slope, as a figure.
"""
import sys

import matplotlib.pyplot as plt
import torch

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args()

# %%
# requires_grad asks for notes; grad_fn is the last of them.
x = torch.randn(2, 2, requires_grad=True)
y = x**2
z = y.mean()
print('x', x.grad_fn)  # x None
print('y', type(y.grad_fn).__name__)  # y PowBackward0
print('z', type(z.grad_fn).__name__)  # z MeanBackward0

# %%
# z is the sum of x^2 over 4, so its derivative is 2x / 4 = x / 2.
print('before', x.grad)  # before None
z.backward()
print('after', x.grad)  # tensor([[-0.0734,  0.3931],
print('equals x / 2', torch.allclose(x.grad, x / 2))  # equals x / 2 True

# %%
# A second backward adds to what is there: x / 2 + x / 2 is x. The training loop
# therefore clears the gradients in each step.
(x**2).mean().backward()
print('twice', torch.allclose(x.grad, x))  # twice True
x.grad = None
(x**2).mean().backward()
print('cleared', torch.allclose(x.grad, x / 2))  # cleared True

# %%
# backward frees its notes as it goes, so most results can be walked back only once
# (unless backward(retain_graph=True) keeps them).
try:
    z.backward()
except RuntimeError as error:
    print('RuntimeError:', str(error).partition('(')[0])

# %%
# Without notes: for a block, for all that follows, or for one tensor. Testing needs no
# gradients, and is faster and smaller without them.
with torch.no_grad():
    print('no_grad', (x**2).requires_grad)  # no_grad False
torch.set_grad_enabled(False)
print('switched off', (x**2).requires_grad)  # switched off False
torch.set_grad_enabled(True)
print('detach', (x.detach() ** 2).requires_grad)  # detach False
print('otherwise', (x**2).requires_grad)  # otherwise True

# %%
# Look: y = x^2 at x = 1.5, and the line with the slope that backward gives there.
x = torch.tensor(1.5, requires_grad=True)
y = x**2
y.backward()
print('slope at 1.5', x.grad.item())  # slope at 1.5 3.0
xs = torch.linspace(-1, 3, 100)
plt.figure(figsize=(6, 3.5))
plt.plot(xs, xs**2, label='y = x^2')
plt.plot(xs, y.item() + x.grad.item() * (xs - x.item()), '--',
         label=f'slope {x.grad.item():.0f} at x = {x.item()}')
plt.plot(x.item(), y.item(), 'o')
plt.xlabel('x')
plt.ylabel('y')
plt.legend()
helper.show('slope')

# Try: `z = y.sum()` in place of y.mean(). How many times x is x.grad then?
# Try: y.backward() in place of the first z.backward(). The error asks for a scalar,
# which is a single number: how many has y?
# Exercise: python exercises/check.py 8
