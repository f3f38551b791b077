"""
A first network on MNIST, by hand
=================================

New here: real images. torchvision reads the set, a transform turns each picture into a
normalised tensor, a DataLoader makes batches, and two matrix products and a softmax
turn a batch into probabilities.

Before: 3_numpy_to_tensor.py  Next: 5_nn_module.py
Notes: A data set and a loader (README.md)
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

# %%
# The data. ToTensor makes float32 from 0 to 1 out of grey values from 0 to 255, and
# Normalize subtracts 0.5 and divides by 0.5, which makes -1 to 1: twice as wide, so
# that training with SGD (lesson 10) starts faster.
transform = transforms.Compose([transforms.ToTensor(),
                                transforms.Normalize((0.5,), (0.5,))])
root = helper.find_data('MNIST', args)  # or 'data', and download=True below
trainset = datasets.MNIST(root, train=True, transform=transform)
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)

# %%
# One batch: 64 images with one colour channel, 28 rows and 28 columns, and 64 labels.
# The last batch is shorter: 60000 images leave 32, 6000 leave 48.
images, labels = next(iter(trainloader))
print('images', images.shape)  # torch.Size([64, 1, 28, 28])
print('labels', labels.shape)  # torch.Size([64])
print(f'values from {images.min():.2f} to {images.max():.2f}')
helper.imshow(images[0], title=f'label: {labels[0]}')
helper.show('image')

# %%
# The network: 784 inputs, 256 hidden units with a sigmoid, 10 outputs. A fully
# connected layer wants a row per image, so the image is flattened.
inputs = images.view(images.shape[0], -1)  # [64, 1, 28, 28] -> [64, 784]
w1, b1 = torch.randn(784, 256), torch.randn(256)
w2, b2 = torch.randn(256, 10), torch.randn(10)
hidden = torch.sigmoid(inputs @ w1 + b1)  # [64, 784] x [784, 256] -> [64, 256]
logits = hidden @ w2 + b2  # [64, 256] x [256, 10] -> [64, 10]


# %%
# Softmax turns each row of raw scores into probabilities: exp, divided by the sum of
# the row. Subtracting the largest score first changes nothing, but keeps exp from
# overflowing.
def softmax(x):
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)  # [64, 10] - [64, 1]
    return e / e.sum(dim=1, keepdim=True)  # keepdim: [64, 1] divides row by row


ps = softmax(logits)
sums = ps.sum(dim=1)  # [64, 10] -> [64]
print('probabilities', ps.shape)  # torch.Size([64, 10])
print(f'the rows sum to {sums.min():.3f} to {sums.max():.3f}')  # 1.000 to 1.000
print('equals torch.softmax:', torch.allclose(ps, torch.softmax(logits, dim=1)))  # True

# %%
# Look. randn gives large weights, so the scores lie far apart and the network is sure
# of one class. It knows nothing yet: being sure is not being right.
helper.view_classify(images[0], ps[0], trainset.classes, title=f'label: {labels[0]}')
helper.show('probabilities')

# Try: e.sum() in place of e.sum(dim=1, keepdim=True). What do the rows sum to now?
# Try: `ps = softmax(logits * 1000)`; then also take `- x.max(...).values` out of
# softmax. What becomes of the sums?
# Exercise: python exercises/check.py 4
