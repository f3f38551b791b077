"""
A first network on MNIST, by hand
=================================

New here: real images. torchvision reads the dataset, a transform turns each image into
a normalized tensor, and a DataLoader makes batches. Two matrix products and a softmax
then turn a batch into probabilities.

Before: 3_numpy_to_tensor.py  Next: 5_nn_module.py
Notes: notes/data.md
Run: python codes/4_neural_network.py
It ends with the probabilities for one image, as a figure.
"""
import sys

import torch
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args()

# %% Data
# ToTensor turns gray values from 0 to 255 into float32 values from 0 to 1. Normalize
# subtracts 0.5 and divides by 0.5, so that the values run from -1 to 1. With twice the
# range, training with SGD (lesson 10) gets going faster.
transform = transforms.Compose([transforms.ToTensor(),
                                transforms.Normalize((0.5,), (0.5,))])
root = helper.find_data('MNIST', args)  # or 'data', and download=True below
trainset = datasets.MNIST(root, train=True, transform=transform)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)

# %% One batch
# A batch has 64 images with one color channel, 28 rows, and 28 columns, and 64 labels.
# The last batch is shorter: 60000 images leave 32, and 6000 leave 48.
images, labels = next(iter(trainloader))
print('images', images.shape)  # torch.Size([64, 1, 28, 28])
print('labels', labels.shape)  # torch.Size([64])
print(f'values from {images.min():.2f} to {images.max():.2f}')
helper.imshow(images[0], title=f'label: {labels[0]}')
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
# result, but it keeps exp from overflowing.
def softmax(x):
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)  # [64, 10] - [64, 1]
    return e / e.sum(dim=1, keepdim=True)  # keepdim: [64, 1] divides row by row


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
# Try: compute `ps = softmax(logits * 1000)`. Then also delete `- x.max(...).values`
# from softmax. What happens to the sums?
# Exercise: python exercises/check.py 4
