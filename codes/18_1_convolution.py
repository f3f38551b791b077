"""
Convolution: one small kernel for the whole image
=================================================

New here: a layer that sees neighborhoods. A convolution slides a small *kernel*, a
window of weights, over the image. If the cat moves, what the kernel finds moves with
it.

Before: 18_load_cat_dog_data.py  Next: 19_transfer_learning_1.py
Notes: notes/convolution.md
Run: python codes/18_1_convolution.py
It ends with the test accuracy, and with what the first layer sees.
"""
import copy
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
        by_hand[i, j] = (kernel * edge_image[i:i + 3, j:j + 3]).sum()

conv = nn.Conv2d(1, 1, kernel_size=3, bias=False)
with torch.no_grad():
    conv.weight.copy_(kernel)  # [3, 3] -> [1, 1, 3, 3]
    maps = conv(edge_image.view(1, 1, 6, 6))  # [1, 1, 6, 6] -> [1, 1, 4, 4]
    moved = conv(edge_image[:, 1:].reshape(1, 1, 6, 5))  # all one pixel to the left
print('the same', torch.allclose(by_hand, maps[0, 0]))  # the same True
print('edge', maps[0, 0, 0].tolist())  # edge [0.0, 3.0, 3.0, 0.0]
print('moved', moved[0, 0, 0].tolist())  # moved [3.0, 3.0, 0.0]

# %% Channels, padding, and pooling
# A photo has three channels, so a kernel has weights for each of them and sums over
# all. A layer has many kernels, and each makes one channel of the output: a feature map
# of where its pattern occurs. padding=1 adds a border of zeros, so that the feature map
# is as large as the image. Pooling keeps the largest of 2x2 values, so the next kernel
# sees twice as far.
images = torch.rand(8, 3, 64, 64)
conv = nn.Conv2d(3, 16, kernel_size=3, padding=1)
maps = conv(images).detach()  # [8, 3, 64, 64] -> [8, 16, 64, 64]
linear = images[0].numel() * maps[0].numel()  # Linear: from each input to each output
print(f'{conv.weight.numel()} weights, not {linear:,}')  # 432 weights, not 805,306,368

# %% Batch norm
# Batch norm gives each channel mean 0 and variance 1 over the batch, and then applies a
# scale and an offset that it learns (1 and 0 at first). Training is faster with it. In
# eval() it uses a mean and a variance that it remembers from training.
var, mean = torch.var_mean(maps, dim=(0, 2, 3), keepdim=True, correction=0)
by_hand = (maps - mean) / torch.sqrt(var + 1e-5)  # [8, 16, 64, 64], [1, 16, 1, 1]
print('normed', torch.allclose(by_hand, nn.BatchNorm2d(16)(maps), atol=1e-4))  # True

# %% Data and model
# The model has fewer parameters (207,018) than lesson 15's (242,762). Pooling halves
# height and width: [64, 1, 28, 28] -> [64, 16, 14, 14] -> [64, 32, 7, 7] -> [64, 1568].
# With channels_last, the channels of a pixel are next to each other in memory, which is
# faster here.
trainset, testset = helper.load_data('FashionMNIST', args)
trainset, validset = random_split(trainset, [5 / 6, 1 / 6])
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
validloader = DataLoader(validset, batch_size=1000)
testloader = DataLoader(testset, batch_size=1000)
model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * 7 * 7, 128), nn.ReLU(),
    nn.Linear(128, 10)).to(device, memory_format=torch.channels_last)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs)


# %% Train
# As in lesson 16, we keep the best epoch. The scheduler lets the learning rate shrink
# from epoch to epoch, down to 0 at the end, because small steps settle at the bottom.
def evaluate(model, loader):
    model.eval()
    total_loss = 0
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            total_loss += criterion(output, labels).item() * len(labels)
            correct += (output.argmax(dim=1) == labels).sum().item()
    return total_loss / len(loader.dataset), correct / len(loader.dataset)


lowest = float('inf')
for epoch in range(args.epochs):
    model.train()
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
    scheduler.step()  # new here
    valid_loss, valid_accuracy = evaluate(model, validloader)
    print(f'Epoch {epoch + 1}/{args.epochs}  valid loss {valid_loss:.3f}  '
          f'valid accuracy {valid_accuracy:.1%}')
    if valid_loss < lowest:
        lowest = valid_loss
        best_weights = copy.deepcopy(model.state_dict())

model.load_state_dict(best_weights)
_, accuracy = evaluate(model, testloader)
print(f'Test accuracy {accuracy:.1%}')

# %% Figure
# These are seven feature maps of a test image. In some you can see the border: padding
# is 0, but black is -1.
image, label = testset[0]
with torch.no_grad():
    maps = model[:3](image.unsqueeze(0).to(device))[0, :7]  # [7, 28, 28]
    maps = maps / (maps.amax(dim=(1, 2), keepdim=True) + 1e-5)  # each from 0 to 1
image = image / 2 + 0.5  # from 0 to 1 as well
helper.view_sheet([image, *maps], [testset.classes[label]] + ['feature map'] * 7,
                  mean=0, std=1)
helper.show('maps')

# On the real images, seeds 7, 8, and 9 reached an accuracy of 92.1, 91.7, and 92.0%;
# lesson 16 reached 88.6, 88.7, and 88.3%.

# Try: use `edge_image[3:] = 1` instead of `edge_image[:, 3:] = 1`. Does the kernel find
# this edge?
# Try: use padding=0 in the model's second Conv2d. What must `32 * 7 * 7` become?
# Exercise: python exercises/check.py 18_1
