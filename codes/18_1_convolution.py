"""
Convolution: one small kernel for the whole image
=================================================

New here: a layer that sees neighborhoods. A convolution slides a small *kernel*, a
window of weights, over the image. If the cat moves, what the kernel finds moves with
it.

Before: 18_load_cat_dog_data.py  Next: 18_2_deeper.py
Notes: notes/convolution.md
Run: python codes/18_1_convolution.py
It ends with the test accuracy, and with what the first layer sees.
"""
import sys

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, random_split

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(threads=None, epochs=8, lr=0.001)
device = args.device

# %% By hand
# At each place, we multiply the kernel's weights by the pixels under it and sum the
# products, which gives one pixel of the result. This kernel finds vertical edges, dark
# on the left and bright on the right.
kernel = torch.tensor([[-1.0, 0.0, 1.0],
                       [-1.0, 0.0, 1.0],
                       [-1.0, 0.0, 1.0]])
edge_image = torch.zeros(6, 6)
edge_image[:, 3:] = 1

by_hand = torch.zeros(4, 4)  # a kernel of width 3 fits in 4 places in a row of 6
for i in range(4):
    for j in range(4):
        window = edge_image[i:i + 3, j:j + 3]
        by_hand[i, j] = (kernel * window).sum()

conv = nn.Conv2d(1, 1, kernel_size=3, bias=False)
with torch.no_grad():
    conv.weight.copy_(kernel)  # [3, 3] -> [1, 1, 3, 3]
    maps = conv(edge_image.view(1, 1, 6, 6))  # [1, 1, 6, 6] -> [1, 1, 4, 4]
    moved = conv(edge_image[:, 1:].reshape(1, 1, 6, 5))  # all one pixel to the left
print('the same', torch.allclose(by_hand, maps[0, 0]))  # the same True
print('edge', maps[0, 0, 0].tolist())  # edge [0.0, 3.0, 3.0, 0.0]
print('moved', moved[0, 0, 0].tolist())  # moved [3.0, 3.0, 0.0]

# %% Channels
# A photo has three channels, so a kernel has weights for each of them and sums over
# all. A layer has many kernels, and each makes one channel of the output: a feature map
# of where its pattern occurs. A fully connected layer with as many outputs would need a
# weight from each input to each output.
images = torch.rand(8, 3, 64, 64)
conv = nn.Conv2d(3, 16, kernel_size=3)
maps = conv(images)  # [8, 3, 64, 64] -> [8, 16, 62, 62]
count = conv.weight.numel()
fully_connected = images[0].numel() * maps[0].numel()
print(f'{count} weights, not {fully_connected:,}')  # 432 weights, not 755,761,152

# %% Padding, stride, and pooling
# Without padding, the feature map is smaller than the image, because the kernel fits in
# 62 places in a row of 64. padding=1 adds a border of zeros, so the size stays. The
# stride is how far the kernel moves each time: with stride=2, it skips every second
# place, so the feature map is half as wide and half as high. Pooling also halves both,
# but it takes the largest of each 2 x 2 values. These say that the pattern is there,
# and no longer where exactly. The next kernel sees twice as far, because its 3 x 3
# values stand for 6 x 6 of the larger map.
conv = nn.Conv2d(3, 16, kernel_size=3, padding=1)
maps = conv(images)  # [8, 3, 64, 64] -> [8, 16, 64, 64]
pool = nn.MaxPool2d(2)
pooled = pool(maps)  # [8, 16, 64, 64] -> [8, 16, 32, 32]
conv = nn.Conv2d(3, 16, kernel_size=3, stride=2, padding=1)
maps = conv(images)  # [8, 3, 64, 64] -> [8, 16, 32, 32]


# %% The size after a convolution
# One rule gives all of these sizes, for height and width alike. A size of n becomes
#
#     floor((n + 2 * padding - kernel_size) / stride) + 1
#
# In Python, // divides and rounds down.
def size_after(n, kernel_size, stride=1, padding=0):
    return (n + 2 * padding - kernel_size) // stride + 1


print('no padding', size_after(64, 3))  # no padding 62
print('padding', size_after(64, 3, padding=1))  # padding 64
print('stride', size_after(64, 3, stride=2, padding=1))  # stride 32
print('pooling', size_after(64, 2, stride=2))  # pooling 32

# %% Data
# We've drawn random numbers above. So we set the seed again, to get the same validation
# images as in lessons 15 and 16.
torch.manual_seed(args.seed)
trainset, testset = helper.load_data('FashionMNIST', args)
trainset, validset = random_split(trainset, [5 / 6, 1 / 6])
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
validloader = DataLoader(validset, batch_size=1000)
testloader = DataLoader(testset, batch_size=1000)

# %% The size before the first linear layer
# Two convolutions find patterns, and patterns of patterns. How many values do they
# leave for the first linear layer? We could work it out, but it's easier to send one
# batch through and print its shape before it's flattened.
layers = [nn.Conv2d(1, 16, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
          nn.Conv2d(16, 32, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
images, labels = next(iter(trainloader))
x = images
for layer in layers:
    x = layer(x)
    print(type(layer).__name__, list(x.shape))
print('before Flatten', x.shape)  # before Flatten torch.Size([64, 32, 7, 7])

# %% Model, loss, and optimizer
# It has fewer parameters (206,922) than the fully connected one of lessons 15 and 16
# (242,762), and nearly all of them are in its first linear layer. Flatten turns each
# image's 32 maps of 7 x 7 values into one row of 1568.
model = nn.Sequential(*layers,  # new here
                      nn.Flatten(),
                      nn.Dropout(0.2),
                      nn.Linear(32 * 7 * 7, 128), nn.ReLU(),
                      nn.Linear(128, 10)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)


# %% Evaluate
def evaluate(model, loader, criterion, device):
    model.eval()
    total_loss = 0
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            loss = criterion(output, labels)
            predicted = output.argmax(dim=1)
            total_loss += loss * len(labels)
            correct += (predicted == labels).sum()
    count = len(loader.dataset)
    return total_loss.item() / count, correct.item() / count


# %% Train
# The loop is the same as for any other network.
for epoch in range(args.epochs):
    model.train()
    train_loss = 0
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
        train_loss += loss.detach() * len(labels)
    train_loss = train_loss.item() / len(trainset)
    valid_loss, valid_accuracy = evaluate(model, validloader, criterion, device)
    print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.3f}  '
          f'valid loss {valid_loss:.3f}  valid accuracy {valid_accuracy:.1%}')

# %% Test
_, accuracy = evaluate(model, testloader, criterion, device)
print(f'Test accuracy {accuracy:.1%}')

# %% Figure
# These are seven feature maps of a test image, after the first ReLU. Each is scaled so
# that its largest value is white. In some you can see the border, because padding adds
# zeros, and in the normalized image, black is below 0.
image, label = testset[0]
images = image.unsqueeze(0).to(device)  # [1, 28, 28] -> [1, 1, 28, 28]
with torch.no_grad():
    maps = model[:2](images)  # [1, 1, 28, 28] -> [1, 16, 28, 28]
maps = maps[0, :7]  # [1, 16, 28, 28] -> [7, 28, 28]
largest = maps.amax(dim=(1, 2), keepdim=True)  # [7, 28, 28] -> [7, 1, 1]
maps = maps / (largest + 1e-5)
image = image * testset.std + testset.mean  # from 0 to 1 as well
titles = [testset.classes[label]] + ['feature map'] * 7
helper.view_sheet([image, *maps], titles, mean=0, std=1)
helper.show('maps')

# On the real images, with seeds 7, 8, and 9, this network classifies 91.1, 92.2, and
# 91.9% of the validation images correctly after 8 epochs. In 30 epochs, the highest
# validation accuracy of lesson 16's fully connected network, with dropout, was 89.8,
# 90.8, and 90.4%. So the convolutions gain a point or more here, on the same images
# and with fewer weights. On photos, the network of lesson 18_2 is far better than
# lesson 18's, but it's also trained differently.

# Try: use `edge_image[3:] = 1` instead of `edge_image[:, 3:] = 1`. Does the kernel find
# this edge?
# Try: use padding=0 in the second Conv2d of `layers`. What must `32 * 7 * 7` become?
# Exercise: python exercises/check.py 18_1
