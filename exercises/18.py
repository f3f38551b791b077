"""
Two views of a photo
====================

The transforms of lesson 18 are a row of small steps. Here you write them on the numbers
themselves, once for test photos and once for training photos.

photo is a tensor, uint8 [height, width, 3]: rows, columns and three colours, whole
numbers from 0 to 255. It is at least size high and at least size wide.

Write test_view(photo, size). It cuts a square of size x size from the middle of the
photo (if the middle lies between two pixels, take either), and returns it as float32
[3, size, size], with 0 as -1 and 255 as 1. The same photo always gives the same view.

Write train_view(photo, size). It returns the same, but of a square from a random place
and, at random, in half of the calls, mirrored left to right. All places where the
square fits are equally likely. Neither function changes photo. Do both without
torchvision.

permute(2, 0, 1) moves the last side to the front, flip(1) turns side 1 round, and
torch.randint(n, (1,)).item() is one of 0 to n - 1.
"""
import torch


def test_view(photo, size):
    ...


def train_view(photo, size):
    ...
