"""
The slope of anything, measured
===============================

backward finds slopes by rules. They can be measured as well: move one number a little
to either side, and see how the result follows, as at the end of lesson 9. That is slow,
but needs no rules, so it shows whether a gradient can be trusted.

Write numeric_gradient(f, w). w is a tensor [n, k], of float32 or float64. f takes a
tensor of that shape and returns a tensor with one number. Return a float64 tensor of
that shape, too: for each number of w the slope of f, measured with a step of 1e-4 to
either side. All the others stay where they are meanwhile.

Compute in float64: for so small a step float32 has too few digits. After the call w is
what it was before. Do without backward and autograd.
"""
import torch


def numeric_gradient(f, w):
    ...
