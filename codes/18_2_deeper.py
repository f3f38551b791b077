"""
Going deeper: batch norm, a schedule, and weight decay
======================================================

New here: batch norm, a layer that keeps the values inside the network in a steady
range. Together with a schedule for the learning rate (lesson 17_1) and weight decay
(lesson 17_2), it's part of nearly every recipe for training deep networks. (A training
recipe is everything but the network: optimizer, learning rate, schedule, augmentation,
number of epochs.) We add one after the other to lesson 18_1's network and measure what
each of them gains. Then we train a deeper network of this kind on the photos of lesson
18.

Before: 18_1_convolution.py  Next: 19_transfer_learning_1.py
Notes: notes/convolution.md
Run: python codes/18_2_deeper.py
It ends with the test accuracy on the photos.
"""
import sys

import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Subset, random_split
from torchvision import datasets
from torchvision.transforms import v2

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(threads=None, epochs=6, lr=0.001)
device = args.device

# %% Batch norm, by hand
# In training, batch norm computes each channel's mean and variance over all pixels of
# all images in the batch. It subtracts the mean and divides by the standard deviation.
# (Then it multiplies by a scale and adds a shift. Both are parameters, so training
# changes them, but at first they are 1 and 0.)
maps = 5 + 3 * torch.randn(8, 16, 14, 14)  # feature maps with mean 5 and std 3
mean = maps.mean(dim=(0, 2, 3), keepdim=True)  # [8, 16, 14, 14] -> [1, 16, 1, 1]
var = maps.var(dim=(0, 2, 3), keepdim=True, correction=0)  # divided by n, not n - 1
by_hand = (maps - mean) / torch.sqrt(var + 1e-5)  # 1e-5, so that it's never 0

norm = nn.BatchNorm2d(16)  # new here
normed = norm(maps)  # [8, 16, 14, 14] -> [8, 16, 14, 14]
print('the same', torch.allclose(by_hand, normed, atol=1e-4))  # the same True

# %% Batch norm in train() and in eval()
# So in training, what batch norm makes of an image depends on the other images in the
# batch. When you use the network, it mustn't, because there may be just one image. So
# during training, the layer also keeps a running mean and a running variance, and in
# eval() it uses those. They start at 0 and 1, and each batch moves them a tenth of the
# way, so after this one batch, the running mean is about 0.5, not yet 5.
print(f'running mean {norm.running_mean.mean():.1f}')  # running mean 0.5
alone = norm(maps[:1])  # a batch of one image
print('train() alone', torch.allclose(alone[0], normed[0]))  # train() alone False
norm.eval()
alone = norm(maps[:1])
print('eval() alone', torch.allclose(alone[0], norm(maps)[0]))  # eval() alone True

# %% Data
# We train many networks here, so each gets only a sixth of the training images. Another
# sixth is for validation. We choose nothing with the test images, so we don't need
# them.
trainset, _ = helper.load_data('FashionMNIST', args)
trainset, validset, _ = random_split(trainset, [1 / 6, 1 / 6, 4 / 6])
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
validloader = DataLoader(validset, batch_size=1000)
print(f'{len(trainset)} images to train, {len(validset)} to validate')


# %% Models
# These are lesson 18_1's network and the fully connected one of lesson 16, with batch
# norm or without it. Between layers with one value per unit, it's called BatchNorm1d.
# The layer before batch norm needs no bias: batch norm subtracts the mean, and a bias
# would disappear with it.
def conv_block(n_in, n_out, batch_norm):
    layers = [nn.Conv2d(n_in, n_out, kernel_size=3, padding=1, bias=not batch_norm)]
    if batch_norm:
        layers.append(nn.BatchNorm2d(n_out))  # new here
    layers += [nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers)


def new_convolutional(batch_norm):
    return nn.Sequential(conv_block(1, 16, batch_norm),
                         conv_block(16, 32, batch_norm),
                         nn.Flatten(),
                         nn.Dropout(0.2),
                         nn.Linear(32 * 7 * 7, 128), nn.ReLU(),
                         nn.Linear(128, 10)).to(device)


def linear_block(n_in, n_out, batch_norm):
    layers = [nn.Linear(n_in, n_out, bias=not batch_norm)]
    if batch_norm:
        layers.append(nn.BatchNorm1d(n_out))
    layers += [nn.ReLU(), nn.Dropout(0.2)]
    return nn.Sequential(*layers)


def new_fully_connected(batch_norm):
    return nn.Sequential(nn.Flatten(),
                         linear_block(784, 256, batch_norm),
                         linear_block(256, 128, batch_norm),
                         linear_block(128, 64, batch_norm),
                         nn.Linear(64, 10)).to(device)


# %% Evaluate
criterion = nn.CrossEntropyLoss()


def count_correct(model, loader, device):
    model.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            predicted = output.argmax(dim=1)
            correct += (predicted == labels).sum()
    return correct.item()


# %% Schedule and weight decay
# The scheduler of lesson 17_1 lowered the learning rate every few epochs. This one
# lowers it in every epoch, along half a cosine wave, from the rate it starts with to 0
# after the last epoch: long steps at first, to get anywhere, then shorter and shorter
# ones, to settle. As before, we call scheduler.step() once per epoch, after the
# optimizer's steps.
#
# Weight decay is an option of the optimizer. In each step, AdamW also makes every
# weight smaller by the fraction lr * weight_decay of itself, so only weights that the
# loss keeps pushing stay large. With weight_decay=0, AdamW is the same as Adam.
def train(name, model, trainloader, validloader, epochs, schedule, weight_decay):
    optimizer = optim.AdamW(model.parameters(), lr=args.lr,
                            weight_decay=weight_decay, fused=True)
    if schedule == 'cosine':
        scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)  # new here
    else:  # a schedule that changes nothing
        scheduler = optim.lr_scheduler.ConstantLR(optimizer, factor=1)
    accuracies = []

    for epoch in range(epochs):
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
        scheduler.step()

        train_loss = train_loss.item() / len(trainloader.dataset)
        correct = count_correct(model, validloader, device)
        accuracies.append(correct / len(validloader.dataset))
        print(f'{name:28}  Epoch {epoch + 1}/{epochs}  train loss {train_loss:.3f}  '
              f'valid accuracy {accuracies[-1]:.1%}')
    return accuracies


# %% One after the other
# The first four runs have the same images and the same number of epochs, and each
# differs from the one above it in one thing. Then the fully connected network gets the
# same recipe, because otherwise we wouldn't know what comes from the convolutions and
# what from the recipe.
runs = [('convolutional', new_convolutional, False, 'constant', 0),
        ('+ batch norm', new_convolutional, True, 'constant', 0),
        ('+ schedule', new_convolutional, True, 'cosine', 0),
        ('+ weight decay', new_convolutional, True, 'cosine', 0.05),
        ('fully connected', new_fully_connected, False, 'constant', 0),
        ('fully connected, all three', new_fully_connected, True, 'cosine', 0.05)]
curves = {}
for name, new_model, batch_norm, schedule, weight_decay in runs:
    torch.manual_seed(args.seed)
    model = new_model(batch_norm)
    curves[name] = train(name, model, trainloader, validloader, args.epochs,
                         schedule, weight_decay)

# %% Figure: what each of them gains
figure, ax = plt.subplots(figsize=(6, 4))
for name, accuracies in curves.items():
    style = '--' if name.startswith('fully') else '-'
    ax.plot(range(1, args.epochs + 1), accuracies, style, label=name)
ax.set(xlabel='epoch', ylabel='validation accuracy')
ax.legend(fontsize=8)
helper.show('recipe')

# These are the validation accuracies after the last epoch on the real images, with
# seeds 7, 8, and 9:
#
#     convolutional                87.9, 87.4, and 87.1%
#     + batch norm                 87.9, 88.2, and 87.5%
#     + schedule                   89.2, 89.2, and 88.7%
#     + weight decay               89.2, 89.1, and 88.7%
#     fully connected              86.0, 85.6, and 83.5%
#     fully connected, all three   87.2, 86.6, and 85.7%
#
# Batch norm and the schedule together gain 1.3, 1.8, and 1.6 points. With each of the
# three seeds, most of that comes with the schedule, but in another order, or with a
# learning rate chosen for each row, the shares could be different ones. Weight decay
# gains nothing, which isn't surprising: in so few steps, with such small rates, it
# makes the weights smaller by 2.7% in total. It's for longer training, and for networks
# that overfit.
#
# The fully connected network gains from the recipe as well, 1.2, 1.0, and 2.2 points.
# With the recipe, it comes close to the convolutional network without it, so a
# comparison in which only one of them has it would be unfair. With the same recipe,
# the convolutional network is ahead by 2.0, 2.5, and 3.0 points.

# %% Photos
# These are the photos and the transforms of lesson 18. Again, the training photos are
# augmented, and the validation photos are other ones, which aren't. With the same seed,
# they're the same ones as in that lesson.
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
train_transform = v2.Compose([v2.ToImage(),
                              v2.RandomResizedCrop(64, scale=(0.5, 1)),
                              v2.RandomHorizontalFlip(),
                              v2.RandomRotation(30),
                              v2.ToDtype(torch.float32, scale=True),
                              v2.Normalize(mean, std)])
test_transform = v2.Compose([v2.ToImage(),
                             v2.Resize(72),
                             v2.CenterCrop(64),
                             v2.ToDtype(torch.float32, scale=True),
                             v2.Normalize(mean, std)])
root = helper.find_photos(args)
augmented = datasets.ImageFolder(root / 'train', train_transform,
                                 loader=helper.open_photo)
plain = datasets.ImageFolder(root / 'train', test_transform,
                             loader=helper.open_photo)
testset = datasets.ImageFolder(root / 'test', test_transform,
                               loader=helper.open_photo)
torch.manual_seed(args.seed)
plain_trainset, validset = random_split(plain, [5 / 6, 1 / 6])
trainset = Subset(augmented, plain_trainset.indices)

trainloader = DataLoader(trainset, batch_size=32, shuffle=True)
validloader = DataLoader(validset, batch_size=100)
testloader = DataLoader(testset, batch_size=100)

# %% A deeper network
# It has four convolutions. Each block halves width and height, so 64 x 64 pixels become
# 32 x 32, 16 x 16, 8 x 8, and at last 4 x 4 values in each of 64 channels. There are
# few photos, so we take twice as many epochs.
model = nn.Sequential(conv_block(3, 16, batch_norm=True),
                      conv_block(16, 32, batch_norm=True),
                      conv_block(32, 64, batch_norm=True),
                      conv_block(64, 64, batch_norm=True),
                      nn.Flatten(),
                      nn.Dropout(0.2),
                      nn.Linear(64 * 4 * 4, 128), nn.ReLU(),
                      nn.Linear(128, len(plain.classes))).to(device)
train('photos', model, trainloader, validloader, 2 * args.epochs, 'cosine', 0.05)

# %% Test
correct = count_correct(model, testloader, device)
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} photos')

# On the real photos, with seeds 7, 8, and 9, this network classifies 71.4, 79.7, and
# 74.4% of the validation photos correctly after 12 epochs. Lesson 18's network reached
# 61.7, 58.6, and 59.4% with the same augmentation. Even with just 133 validation
# photos, that's far more than chance can explain. For a program that tells cats from
# dogs, it's still too little. More photos and more epochs may help, but there's a
# shorter way: the next lessons start from a network that has already seen a million
# photos.

# Try: delete model.eval() in count_correct, and give Fashion-MNIST's validloader a
# batch_size of 4. Which of the six networks lose most, and why?
# Try: print scheduler.get_last_lr() after scheduler.step(). Then move scheduler.step()
# into the loop over the batches. What does the learning rate do now?
# Exercise: python exercises/check.py 18_2
