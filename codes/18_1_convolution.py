"""
Convolution: one small window for the whole picture
===================================================

New here: a layer that sees neighbourhoods. A convolution slides a small window of
weights over the picture: if a cat moves, so does what the window finds.

Before: 18_load_cat_dog_data.py  Next: 19_transfer_learning_1.py
Notes: Convolution (README.md)
Run: python codes/18_1_convolution.py
It ends with the test accuracy, and what the first layer sees.
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

# %%
# By hand. At each place, the products of the window's weights and the pixels under it
# are summed up: one pixel of the result. This window finds edges, dark left of bright.
window, picture = torch.tensor([[-1.0, 0.0, 1.0]] * 3), torch.zeros(6, 6)
picture[:, 3:] = 1
by_hand = torch.tensor([[(window * picture[i:i + 3, j:j + 3]).sum() for j in range(4)]
                        for i in range(4)])  # 3 wide, it has 4 places in a row of 6
conv = nn.Conv2d(1, 1, kernel_size=3, bias=False)
with torch.no_grad():
    conv.weight.copy_(window)  # [3, 3] -> [1, 1, 3, 3]
    maps = conv(picture.view(1, 1, 6, 6))  # [1, 1, 6, 6] -> [1, 1, 4, 4]
    moved = conv(picture[:, 1:].reshape(1, 1, 6, 5))  # all one pixel to the left
print('the same', torch.allclose(by_hand, maps[0, 0]))  # the same True
print('edge', maps[0, 0, 0].tolist())  # edge [0.0, 3.0, 3.0, 0.0]
print('moved', moved[0, 0, 0].tolist())  # moved [3.0, 3.0, 0.0]

# %%
# Channels. A photo has three colours: a window has weights for each and sums over all.
# A layer has many windows, and each makes a channel of its own, a feature map: where is
# what it looks for? padding=1 adds a rim of zeros, so that the map is as large as the
# picture. Pooling keeps the largest of 2x2 pixels: the next window sees twice as far.
images, conv = torch.rand(8, 3, 64, 64), nn.Conv2d(3, 16, kernel_size=3, padding=1)
maps = conv(images).detach()  # [8, 3, 64, 64] -> [8, 16, 64, 64]
linear = images[0].numel() * maps[0].numel()  # a Linear joins each input to each output
print(f'{conv.weight.numel()} weights, not {linear:,}')  # 432 weights, not 805,306,368

# %%
# Batch norm brings each channel to mean 0 and variance 1 over the batch, then to a
# scale and an offset that it learns (at first 1 and 0). Training is faster with it. In
# eval() it takes a mean and a variance that it remembers from training.
var, mean = torch.var_mean(maps, dim=(0, 2, 3), keepdim=True, correction=0)
by_hand = (maps - mean) / torch.sqrt(var + 1e-5)  # [8, 16, 64, 64], [1, 16, 1, 1]
print('normed', torch.allclose(by_hand, nn.BatchNorm2d(16)(maps), atol=1e-4))  # True

# %%
# Data, and a model with fewer parameters (207,018) than lesson 15's (242,762). Pooling
# halves the side: [64, 1, 28, 28] -> [64, 16, 14, 14] -> [64, 32, 7, 7] -> [64, 1568].
# channels_last: a pixel's channels lie side by side in memory, which is faster here.
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


# %%
# Train, and keep the best epoch, as in lesson 16. The scheduler lets the learning rate
# shrink from epoch to epoch, to 0 at the end: small steps settle at the bottom.
def evaluate(model, loader):
    model.eval()
    total_loss = correct = 0
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
        lowest, kept = valid_loss, copy.deepcopy(model.state_dict())
model.load_state_dict(kept)
print(f'Test accuracy {evaluate(model, testloader)[1]:.1%}')

# %%
# Look: seven maps of a test image. Some see its rim: padding is 0, black is -1.
image, label = testset[0]
with torch.no_grad():
    maps = model[:3](image.unsqueeze(0).to(device))[0, :7]  # [7, 28, 28]
images = [image / 2 + 0.5, *(maps / (maps.amax(dim=(1, 2), keepdim=True) + 1e-5))]
helper.view_sheet(images, [testset.classes[label]] + ['feature map'] * 7, 0, 1)
helper.show('maps')
# Real images, seeds 7, 8, 9: 92.1, 91.7, 92.0 % right; lesson 16: 88.6, 88.7, 88.3 %.

# Try: `picture[3:] = 1` in place of `picture[:, 3:] = 1`. Does it find this edge?
# Try: padding=0 in the model's second Conv2d. What must stand for `32 * 7 * 7` then?
# Exercise: python exercises/check.py 18_1
