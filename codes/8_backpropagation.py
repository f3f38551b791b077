"""
Autograd: gradients without a formula
=====================================

New here: torch notes every operation on a tensor that asks for it, and `backward` walks
the notes back to give the gradient: how much the result changes with each number that
went in. Training needs nothing else from mathematics.

Before: 7_train_neural_network.py  Next: 9_apply_backward.py
Run: python codes/8_backpropagation.py
It ends with the three ways to keep autograd out.
"""
import torch

# %%
# requires_grad asks for notes; grad_fn is the last of them.
torch.manual_seed(7)
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
print('x / 2', (x / 2).detach())
assert torch.allclose(x.grad, x / 2)

# %%
# A second backward adds to what is there: x / 2 + x / 2 is x. The training loop
# therefore clears the gradients in each step.
(x**2).mean().backward()
print('twice', torch.allclose(x.grad, x))  # twice True
x.grad = None
(x**2).mean().backward()
print('cleared', torch.allclose(x.grad, x / 2))  # cleared True

# %%
# backward frees its notes as it goes, so the same result can be walked back only once.
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

# Try: z = y.sum() in place of y.mean(). What is x.grad then? Try y.backward(): why does
# backward want a single number?
