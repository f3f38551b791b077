"""
The step of an optimizer
========================

optimizer.step() of plain SGD is one line of arithmetic for each parameter. What needs
care is to change the tensors that the model uses, and not to make others.

Write sgd_step(params, lr). params is a list of parameters, or what model.parameters()
gives, which serves each parameter once and is then used up. A parameter that has a
gradient goes to p - lr * p.grad, and it must be the parameter itself that changes. One
whose grad is None took no part in the loss, and stays as it is.

Afterwards no gradient is left (None or zeros), so that the next backward starts afresh.
The parameters still want gradients. The function returns nothing. optim is not allowed.
"""
import torch


def sgd_step(params, lr):
    ...
