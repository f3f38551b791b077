"""
A new head for a trained body
=============================

Transfer learning fails quietly. A body that is frozen at the wrong moment freezes the
new layer as well, and one that is only frozen still changes: batch norm goes on
remembering what it sees.

model has the form of DenseNet121, only smaller: a body, model.features, with batch norm
in it, and model.classifier, one nn.Linear.

Write adapt(model, classes). It freezes the model, and puts a new nn.Linear in place of
model.classifier, with as many inputs as the old one and an output for each of the
classes. It returns the names of the parameters that learn now, a list of str.

Write train_step(model, optimizer, images, labels), for a model that was adapted. It is
one step of training on one batch, with nn.CrossEntropyLoss, and returns the loss of the
batch as a number. The body says of an image what it says in use, and remembers nothing
new, even if someone called model.train() before.
"""
import torch
from torch import nn


def adapt(model, classes):
    ...


def train_step(model, optimizer, images, labels):
    ...
