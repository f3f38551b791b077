"""
Autograd: gradients without a formula
=====================================

New here: the gradient. It's a slope: how much a result rises when one of the inputs
rises a little. torch computes it for us. When a tensor has requires_grad=True, torch
records every operation on it in a *computation graph*, and `backward` walks through the
graph from the result back to the inputs. This is called autograd.

Before: 7_train_neural_network.py  Next: 9_apply_backward.py
Notes: notes/backpropagation.md
Run: python codes/8_backpropagation.py
It ends with a parabola and its slope, as a figure.
"""
import sys

import matplotlib.pyplot as plt
import torch

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args()

# %% Record the operations
# requires_grad turns recording on. grad_fn is the operation that a tensor came from,
# which is where the graph continues.
x = torch.randn(2, 2, requires_grad=True)
y = x**2
z = y.mean()
print('x', x.grad_fn)  # x None
print('y', type(y.grad_fn).__name__)  # y PowBackward0
print('z', type(z.grad_fn).__name__)  # z MeanBackward0

# %% Walk back
# z is the sum of x^2 divided by 4, so its derivative with respect to x is 2x / 4 = x /
# 2.
print('before', x.grad)  # before None
z.backward()
print('after', x.grad)  # tensor([[-0.0734,  0.3931],
print('equals x / 2', torch.allclose(x.grad, x / 2))  # equals x / 2 True

# %% Gradients accumulate
# A second backward adds to the gradient that is there already: x / 2 + x / 2 is x.
# That's why a training loop clears the gradients in each step.
(x**2).mean().backward()
print('twice', torch.allclose(x.grad, x))  # twice True
x.grad = None
(x**2).mean().backward()
print('cleared', torch.allclose(x.grad, x / 2))  # cleared True

# %% The graph is freed
# backward frees the graph as it goes, so you can usually call it only once for each
# result. (backward(retain_graph=True) keeps the graph.)
try:
    z.backward()
except RuntimeError as error:
    print('RuntimeError:', str(error).partition('(')[0])

# %% Without a graph
# Recording can be turned off for a block, for everything that follows, or for one
# tensor. When you only evaluate a model, you don't need gradients, and without them
# it's faster and takes less memory.
with torch.no_grad():
    print('no_grad', (x**2).requires_grad)  # no_grad False
torch.set_grad_enabled(False)
print('switched off', (x**2).requires_grad)  # switched off False
torch.set_grad_enabled(True)
print('detach', (x.detach() ** 2).requires_grad)  # detach False
print('otherwise', (x**2).requires_grad)  # otherwise True

# %% Figure
# This is y = x^2 with the point x = 1.5, and the line with the slope that backward
# computes there.
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

# Try: use `z = y.sum()` instead of y.mean(). How many times x is x.grad then?
# Try: call y.backward() instead of the first z.backward(). The error asks for a scalar,
# which is a single number. How many numbers does y have?
# Exercise: python exercises/check.py 8
