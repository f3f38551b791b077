"""
A first network on MNIST, by hand
=================================

New here: real images. MNIST is a dataset of 70,000 handwritten digits, and the label of
an image is the digit that it shows. torchvision reads the dataset, a transform turns
each image into a normalized tensor, and a DataLoader makes batches. Two matrix products
and a softmax then turn a batch into probabilities.

Before: 3_1_shapes.py  Next: 5_nn_module.py
Notes: notes/data.md
Run: python codes/4_neural_network.py
It ends with the probabilities for one image, as a figure.
"""
import sys

import torch
from torch.utils.data import DataLoader
from torchvision import datasets
from torchvision.transforms import v2

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args()

# %% Mean and standard deviation
# The gray values of an image run from 0 to 255. A network learns faster from inputs
# whose mean is near 0 and whose standard deviation is near 1, so we measure both first,
# on the training images only. (On MNIST, with gray values scaled to 0 to 1, the mean is
# 0.1307 and the standard deviation 0.3081.)
root = helper.find_data('MNIST', args)  # or 'data', and download=True below
raw = datasets.MNIST(root, train=True)
pixels = raw.data / 255  # all images in one tensor: uint8 -> float32
mean = pixels.mean().item()
std = pixels.std().item()
print(f'mean {mean:.4f}, standard deviation {std:.4f}')

# %% Data
# The transform is applied to each image as it's read. ToImage makes the image a tensor,
# and ToDtype with scale=True turns gray values from 0 to 255 into float32 values from 0
# to 1. Then Normalize subtracts the mean and divides by the standard deviation.
transform = v2.Compose([v2.ToImage(),
                        v2.ToDtype(torch.float32, scale=True),
                        v2.Normalize([mean], [std])])
trainset = datasets.MNIST(root, train=True, transform=transform)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)

# %% One batch
# A batch has 64 images with one color channel, 28 rows, and 28 columns, and 64 labels.
# The last batch is shorter: 60000 images leave 32, and 6000 leave 48.
images, labels = next(iter(trainloader))
print('images', images.shape)  # torch.Size([64, 1, 28, 28])
print('labels', labels.shape)  # torch.Size([64])
print(f'values from {images.min():.2f} to {images.max():.2f}')
helper.imshow(images[0], title=f'label: {labels[0]}', mean=mean, std=std)
helper.show('image')

# %% Model
# It has 784 inputs, 256 hidden units with a sigmoid, and 10 outputs. A fully connected
# layer takes one row of numbers per image, so we flatten the images.
inputs = images.view(images.shape[0], -1)  # [64, 1, 28, 28] -> [64, 784]
w1 = torch.randn(784, 256)
b1 = torch.randn(256)
w2 = torch.randn(256, 10)
b2 = torch.randn(10)
hidden = torch.sigmoid(inputs @ w1 + b1)  # [64, 784] x [784, 256] -> [64, 256]
logits = hidden @ w2 + b2  # [64, 256] x [256, 10] -> [64, 10]


# %% Softmax
# Softmax turns each row of raw scores into probabilities: take exp of each score and
# divide by the sum of the row. Subtracting the largest score first doesn't change the
# result, but it keeps exp from overflowing. With keepdim=True, the maxima and the sums
# have the shape [64, 1], and broadcasting (lesson 3_1) repeats them along the ten
# classes, so that each row gets its own number.
def softmax(x):
    largest = x.max(dim=1, keepdim=True).values  # [64, 10] -> [64, 1]
    e = torch.exp(x - largest)  # [64, 10] - [64, 1] -> [64, 10]
    return e / e.sum(dim=1, keepdim=True)  # [64, 10] / [64, 1] -> [64, 10]


ps = softmax(logits)
sums = ps.sum(dim=1)  # [64, 10] -> [64]
print('probabilities', ps.shape)  # torch.Size([64, 10])
print(f'the rows sum to {sums.min():.3f} to {sums.max():.3f}')  # 1.000 to 1.000
print('equals torch.softmax:', torch.allclose(ps, torch.softmax(logits, dim=1)))  # True

# %% Figure
# randn gives large weights, so the scores are far apart and the network is sure of one
# class. But it hasn't learned anything yet: being sure is not being right.
helper.view_classify(images[0], ps[0], trainset.classes, title=f'label: {labels[0]}')
helper.show('probabilities')

# Try: use e.sum() instead of e.sum(dim=1, keepdim=True). What do the rows sum to now?
# Try: compute `ps = softmax(logits * 1000)`. Then also delete `- largest` from softmax.
# What happens to the sums?
# Exercise: python exercises/check.py 4
