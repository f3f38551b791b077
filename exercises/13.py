"""
An optimizer of your own
========================

Lesson 12 trains with momentum=0.9, and nothing in it is magic. Each parameter gets a
velocity, a tensor of its own shape, which starts at 0. In every step

    velocity = momentum * velocity + gradient
    parameter = parameter - lr * velocity

So a step keeps some of the direction of the steps before it.

Write the three functions of the class Momentum. It is used as those of torch are:

    optimizer = Momentum(model.parameters(), lr=0.02, momentum=0.9)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

zero_grad clears the gradients: None, or zeros. step changes the parameters themselves,
so that the model has the new numbers, and leaves the gradients as they are. Parameters
whose gradient is None stay as they were. Do it without torch.optim.
"""
import torch


class Momentum:
    def __init__(self, parameters, lr, momentum):
        ...

    def zero_grad(self):
        ...

    def step(self):
        ...
