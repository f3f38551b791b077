"""
Only the last block learns
==========================

With few images, people often fine-tune only the last block of a backbone, and leave
the earlier blocks as they are. That's quick, because the backward pass doesn't have to
go through the frozen blocks. But none of the usual mistakes raises an error: a block
that's still frozen, a parameter that's in no group, or batch norm that's in train mode.

backbone is an nn.Sequential of blocks, and backbone[-1] is the last one. Each block has
nn.BatchNorm2d and nn.Dropout2d layers somewhere inside. head is an nn.Linear. You don't
know which parameters are frozen, or which mode the layers are in.

Write make_optimizer(backbone, head, lr). Afterward, exactly the parameters of the last
block and of the head require gradients. It returns an optim.AdamW with two groups:
first the parameters of the last block, with a tenth of lr as their learning rate, then
those of the head, with lr. It has no frozen parameters.

Write train_mode(backbone, head). Afterward, all layers of both are in train mode,
except the nn.BatchNorm2d layers of all blocks, which are in eval mode.

Neither function changes a weight.
"""
import torch
from torch import nn, optim


def make_optimizer(backbone, head, lr):
    ...


def train_mode(backbone, head):
    ...
