"""
Two layers that are one
=======================

Without an activation between them, two layers can do no more than one. Here you show
it, by writing down the one layer that does the work of both.

Write collapse(W1, B1, W2, B2). It returns two tensors, W and B, such that for any x

    x @ W + B  is the same as  (x @ W1 + B1) @ W2 + B2

The shapes are those of lesson 2: W1 [inputs, hidden], B1 [1, hidden], W2 [hidden,
outputs], B2 [1, outputs]. So W is [inputs, outputs] and B is [1, outputs].
"""
import torch


def collapse(W1, B1, W2, B2):
    ...
