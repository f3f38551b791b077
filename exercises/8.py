"""
Walk downhill
=============

A slope says which way is uphill. Take small steps the other way, and you get to the
bottom. Training a network is this walk, with thousands of numbers at once; here it is
one.

Write descend(f, start, lr, steps). f takes a tensor with one number, and returns one.
Begin at x = start, a float. In each step let torch find the slope of f at x, and move x
by lr times the slope, downhill. Return the x that is reached after that many steps, a
float.

So descend(lambda x: (x - 3)**2, 0.0, 0.1, 25) is 2.9887. Whoever calls it goes on with
autograd switched on.
"""
import torch


def descend(f, start, lr, steps):
    ...
