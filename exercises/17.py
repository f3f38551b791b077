"""
Load what fits
==============

You have weights of a network for ten garments, and want one for three. All its layers
but the last have the same shapes, so their weights would be a good start. But
load_state_dict refuses them all, as lesson 17 shows: size mismatch.

Write load_what_fits(model, state_dict). state_dict is that of another network: a dict
of names and tensors. Each tensor of it that model.state_dict() has under the same name
and in the same shape goes into the model. All else in the model stays as it is.

It returns the names in model.state_dict() that got nothing, a list of str. state_dict
itself stays as it is, and the model gets its own copy of the numbers: what happens to
the one must not show in the other.
"""
import torch


def load_what_fits(model, state_dict):
    ...
