"""
Autograd: gradients without a formula
=====================================

New here: the gradient. It's a slope: how much a result rises when one of its inputs
rises a little. If the result is computed in several steps, the *chain rule* says that
the slopes of the steps are multiplied. torch does that for us. When a tensor has
requires_grad=True, torch records every operation on it in a *computation graph*, and
`backward` walks through the graph from the result back to the inputs. This is called
autograd.

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

# %% The chain rule, by hand
# We compute a loss in two steps: a weight w of 3 and an input of 2 give the prediction
# p = 6, and the loss is the squared distance from the true value, 10.
#
#     w --(times 2)--> p --(minus 10, squared)--> loss
#
# If w rises by a little, p rises twice as much, so the slope of the first step is 2.
# The slope of the second step is 2 * (p - 10) = -8. It's negative, because a larger p
# would be closer to 10. The chain rule multiplies the two: 2 * -8 = -16.
w = 3.0
p = 2 * w
slope_1 = 2
slope_2 = 2 * (p - 10)
print('by hand', slope_2 * slope_1)  # by hand -16.0

# %% The same with backward
# requires_grad turns recording on. grad_fn is the operation that a tensor came from,
# which is where the graph continues. w came from no operation: it's a *leaf* of the
# graph, and backward stores the gradient in the leaves.
w = torch.tensor(3.0, requires_grad=True)
p = 2 * w
loss = (p - 10) ** 2
print('w', w.grad_fn, w.is_leaf)  # w None True
print('p', type(p.grad_fn).__name__)  # p MulBackward0
print('loss', type(loss.grad_fn).__name__)  # loss PowBackward0
print('before', w.grad)  # before None
loss.backward()
print('after', w.grad)  # after tensor(-16.)

# %% Tensors with several numbers
# It works the same way for tensors: the gradient has the shape of the tensor, and each
# of its numbers is the slope for one number of the tensor. z is the sum of x^2 divided
# by 4, so its derivative with respect to x is 2x / 4 = x / 2.
x = torch.randn(2, 2, requires_grad=True)
y = x**2
z = y.mean()
z.backward()
print('gradient', x.grad)  # tensor([[-0.0734,  0.3931],
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
