"""
Photos from folders, and augmentation
=====================================

New here: photos of your own. ImageFolder needs nothing but one folder for each class.
With a few hundred photos, a network soon knows them all by heart. Augmentation works
against that: during training, each photo is cropped, mirrored, and rotated at random,
so that the network hardly ever sees exactly the same image twice. We train the same
network without augmentation and with it.

Before: 17_2_template.py  Next: 18_1_convolution.py
Notes: notes/data.md
Run: python codes/18_load_cat_dog_data.py
It ends with the curves of both training runs, and with what such a network reaches on
photos, which is little.
"""
import math
import sys

import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Subset, TensorDataset, random_split
from torchvision import datasets
from torchvision.transforms import v2

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(threads=None, epochs=20, lr=0.0001)
device = args.device

# %% Transforms
# Photos differ in size, so both transforms end in a tensor of shape [3, 64, 64]. The
# one for training takes a random piece with half of the photo's area or more, resizes
# it, mirrors it in half of the cases, and rotates it by up to 30 degrees. For new
# photos, nothing is random, because that would only make the result noisy. Normalize
# has one mean and one std for each color channel. These are those of the photos of
# ImageNet, a collection of more than a million photos, and yours won't differ much.
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
train_transform = v2.Compose([v2.ToImage(),
                              v2.RandomResizedCrop(64, scale=(0.5, 1)),  # new here
                              v2.RandomHorizontalFlip(),
                              v2.RandomRotation(30),
                              v2.ToDtype(torch.float32, scale=True),
                              v2.Normalize(mean, std)])
test_transform = v2.Compose([v2.ToImage(),
                             v2.Resize(72),
                             v2.CenterCrop(64),
                             v2.ToDtype(torch.float32, scale=True),
                             v2.Normalize(mean, std)])

# %% Data
# The names of the folders become the classes, in alphabetical order. A dataset has only
# one transform, so we read train/ with two datasets, one for each transform. The loader
# is the function that opens a photo. ImageFolder's own ignores how the camera was held,
# so ours (in helper.py) turns photos upright.
root = helper.find_photos(args)  # it has train/cat, train/dog, test/cat, test/dog
augmented = datasets.ImageFolder(root / 'train', train_transform,
                                 loader=helper.open_photo)  # new here
plain = datasets.ImageFolder(root / 'train', test_transform,
                             loader=helper.open_photo)
testset = datasets.ImageFolder(root / 'test', test_transform,
                               loader=helper.open_photo)
print('classes', plain.class_to_idx)

# %% Set photos aside
# As in lesson 15, a sixth of the training photos is for validation, with the transform
# for new photos. The others are for training, once as they are and once augmented. They
# have to be the same photos both times, so we use the same indices.
plain_trainset, validset = random_split(plain, [5 / 6, 1 / 6])
trainset = Subset(augmented, plain_trainset.indices)  # new here


# %% Loaders
# A photo without augmentation is the same tensor in every epoch, so we read each of
# these only once and keep the tensors. A loader whose batch is the whole dataset does
# that. The augmented photos have to be read again in each epoch, which takes most of
# this lesson's time.
#
# ImageFolder lists all photos of the first class before those of the second, so we have
# to shuffle (lesson 11).
def read_once(dataset):
    whole = DataLoader(dataset, batch_size=len(dataset))
    images, labels = next(iter(whole))
    return TensorDataset(images, labels)


plain_trainset = read_once(plain_trainset)
validset = read_once(validset)
plain_trainloader = DataLoader(plain_trainset, batch_size=32, shuffle=True)
trainloader = DataLoader(trainset, batch_size=32, shuffle=True)
validloader = DataLoader(validset, batch_size=100)
testloader = DataLoader(testset, batch_size=100)
print(f'{len(trainset)} to train, {len(validset)} to validate, {len(testset)} to test')

# %% Figure: augmentation
# This is a training photo as a test would see it, then seven versions of it as the
# training sees it.
path, label = plain.samples[0]
photo = helper.open_photo(path)
images = [test_transform(photo)] + [train_transform(photo) for _ in range(7)]
titles = [f'{plain.classes[label]}, as it is'] + ['augmented'] * 7
helper.view_sheet(images, titles, mean=mean, std=std)
helper.show('augmentation')


# %% Model and loss
# Each photo is flattened: [32, 3, 64, 64] -> [32, 12288]. That loses which pixels are
# next to each other. To this network, a cat twenty pixels further left is a completely
# different image.
def new_model():
    return nn.Sequential(nn.Flatten(),
                         nn.Linear(3 * 64 * 64, 256), nn.ReLU(), nn.Dropout(0.2),
                         nn.Linear(256, len(plain.classes))).to(device)


criterion = nn.CrossEntropyLoss()


# %% Evaluate
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


# %% Train without and with augmentation
# Both runs start from the same weights. The learning rate is a tenth of Adam's usual
# one, because with so many inputs, the usual steps are too long. A network that gives
# both classes the same probability has the loss ln 2 = 0.693, so the loss should soon
# be below that. After each epoch, we count the correct predictions, for the training
# photos (as they are, without augmentation, both times) and for the validation photos.
print(f'Loss of a guess {math.log(len(plain.classes)):.3f}')
curves = {}
for name, loader in [('no augmentation', plain_trainloader),
                     ('augmentation', trainloader)]:
    torch.manual_seed(args.seed)
    model = new_model()
    optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
    rows = []

    for epoch in range(args.epochs):
        model.train()
        train_loss = 0
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()
            train_loss += loss.detach() * len(labels)

        train_loss = train_loss.item() / len(trainset)
        train_correct = count_correct(model, plain_trainloader, device)
        train_accuracy = train_correct / len(plain_trainset)
        valid_accuracy = count_correct(model, validloader, device) / len(validset)
        rows.append((train_accuracy, valid_accuracy))
        print(f'{name:15}  Epoch {epoch + 1}/{args.epochs}  '
              f'train loss {train_loss:.3f}  train accuracy {train_accuracy:.1%}  '
              f'valid accuracy {valid_accuracy:.1%}')
    curves[name] = rows

# %% Figure: the two training runs
# Dashed lines are the training photos, solid lines the validation photos.
figure, ax = plt.subplots(figsize=(6, 3.5))
for name, color in [('no augmentation', 'tab:orange'), ('augmentation', 'tab:blue')]:
    train_accuracies, valid_accuracies = zip(*curves[name])
    epochs = range(1, args.epochs + 1)
    ax.plot(epochs, train_accuracies, '--', color=color, label=f'{name}, training')
    ax.plot(epochs, valid_accuracies, color=color, label=f'{name}, validation')
ax.set(xlabel='epoch', ylabel='accuracy')
ax.legend(fontsize=8)
helper.show('curves')

# %% Test
# The test photos are for the network that was trained with augmentation. Accuracy says
# little without a baseline: always predicting the largest class.
correct = count_correct(model, testloader, device)
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} photos')
largest = torch.bincount(torch.tensor(testset.targets)).max().item()
print(f'Always the largest class: {largest / len(testset):.1%}')

# On the real photos, with seeds 7, 8, and 9, the network without augmentation gets
# 100.0, 99.9, and 100.0% of the training photos right after the last epoch, but only
# 64.7, 59.4, and 55.6% of the validation photos. It has learned the photos by heart,
# and little about cats and dogs. With augmentation it can't learn them by heart,
# because they never come twice: it gets 66.4, 69.7, and 67.9% of the training photos
# right and 61.7, 58.6, and 59.4% of the validation photos. So it no longer looks much
# better than it is, but it isn't better on new photos, either. (There are just 133 of
# them, so a difference of a few points means nothing.) For that, we need a network that
# knows which pixels are next to each other. Lesson 18_1 builds one, and lesson 18_2
# trains one on these photos.

# Try: run it with `--lr 0.001`. What does the first epoch's loss say about the steps?
# Exercise: python exercises/check.py 18
