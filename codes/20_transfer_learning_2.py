"""
Transfer learning, the slow way and the fast way
================================================

New here: a new classifier on top of a frozen backbone. First we do it the usual way, in
which every photo goes through the whole network in every epoch. Then we do it the fast
way. In eval mode, a frozen backbone gives a photo the same features every time, so we
can compute them once and train the classifier on the precomputed features.

Before: 19_transfer_learning_1.py  Next: 20_1_fine_tuning.py
Notes: notes/transfer_learning.md
Run: python codes/20_transfer_learning_2.py
It ends with the seconds that both ways take, as a figure.
"""
import sys
import time

import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, random_split
from torchvision import datasets, models

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(threads=None, epochs=2, lr=0.001, photos=320)
device = args.device

# %% Data
# We use some of the training photos and hold out a fifth of those for validation.
densenet_weights = models.DenseNet121_Weights.IMAGENET1K_V1
transform = densenet_weights.transforms()
root = helper.find_photos(args)
photos = datasets.ImageFolder(root / 'train', transform, loader=helper.open_photo)

valid_size = min(args.photos, len(photos)) // 5
train_size = 4 * valid_size
unused = len(photos) - train_size - valid_size
trainset, validset, _ = random_split(photos, [train_size, valid_size, unused])
print(f'{len(trainset)} photos to train, {len(validset)} to validate')

# %% Model
# The backbone is DenseNet121 without its last layer. nn.Identity returns its input
# unchanged, so what comes out of the backbone is the 1024 features of each photo.
found_weights = helper.find_weights(densenet_weights, args)
backbone = models.densenet121(weights=found_weights)
backbone.classifier = nn.Identity()  # new here
backbone.requires_grad_(False)  # freezes all of its parameters
backbone = backbone.to(device)


def new_classifier():
    torch.manual_seed(args.seed)  # both ways start from the same weights
    return nn.Sequential(nn.Linear(1024, 256), nn.ReLU(), nn.Dropout(0.2),
                         nn.Linear(256, len(photos.classes))).to(device)


# %% Train and validate
# Only the classifier learns. So only the classifier's parameters go to the optimizer,
# and only the classifier is switched to train mode: in train mode, the batch norm
# layers of the backbone would change, even though its parameters are frozen.
def train(backbone, classifier, trainloader, validloader):
    """Train and validate the classifier, and return the seconds that both took."""
    model = nn.Sequential(backbone, classifier)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(classifier.parameters(), lr=args.lr, fused=True)

    start = time.perf_counter()
    for epoch in range(args.epochs):
        backbone.eval()  # new here
        classifier.train()
        for images, labels in trainloader:  # in the fast way, images are features
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()

        model.eval()
        correct = 0
        with torch.no_grad():
            for images, labels in validloader:
                images, labels = images.to(device), labels.to(device)
                output = model(images)
                predicted = output.argmax(dim=1)
                correct += (predicted == labels).sum()
        accuracy = correct.item() / len(validloader.dataset)
        print(f'Epoch {epoch + 1}/{args.epochs}  valid accuracy {accuracy:.1%}')
    return time.perf_counter() - start


# %% The slow way
# The photos go through the backbone and the classifier in every epoch. Afterward we
# check that batch norm's buffers, its running mean and variance, are what they were
# before.
before = {name: buffer.clone() for name, buffer in backbone.named_buffers()}
trainloader = DataLoader(trainset, batch_size=32, shuffle=True)
validloader = DataLoader(validset, batch_size=32)
slow_seconds = train(backbone, new_classifier(), trainloader, validloader)

unchanged = True
for name, buffer in backbone.named_buffers():
    if not torch.equal(buffer, before[name]):
        unchanged = False
print('batch norm unchanged', unchanged)  # batch norm unchanged True


# %% Precompute the features
# Each photo goes through the backbone once. The result has the features, float32
# [n, 1024], and the labels. They are kept on the CPU, where there's more memory. The
# backbone must be in eval mode, because otherwise the features of a photo would depend
# on the other photos in its batch.
def compute_features(backbone, dataset):
    all_features = []
    all_labels = []
    backbone.eval()
    with torch.no_grad():
        for images, labels in DataLoader(dataset, batch_size=32):
            images = images.to(device)
            features = backbone(images)  # float32 [n, 1024]
            all_features.append(features.cpu())
            all_labels.append(labels)
    return TensorDataset(torch.cat(all_features), torch.cat(all_labels))


start = time.perf_counter()
train_features = compute_features(backbone, trainset)
valid_features = compute_features(backbone, validset)
feature_seconds = time.perf_counter() - start

# %% The fast way
# This is the same training, now on features. The backbone has done its work, so
# nn.Identity takes its place.
trainloader = DataLoader(train_features, batch_size=32, shuffle=True)
validloader = DataLoader(valid_features, batch_size=32)
fast_seconds = train(nn.Identity(), new_classifier(), trainloader, validloader)

valid_labels = valid_features.tensors[1]
largest_count = valid_labels.bincount().max().item()
print(f'Always the largest class: {largest_count / len(valid_labels):.1%}')

# %% Compare the seconds
# We work out what ten epochs would take.
slow_total = 10 * slow_seconds / args.epochs
fast_total = feature_seconds + 10 * fast_seconds / args.epochs
speedup = slow_total / fast_total
print(f'Ten epochs: {slow_total:.0f} s or {fast_total:.1f} s, {feature_seconds:.1f} s '
      f'of it for the features: {speedup:.1f} times faster')

plt.figure(figsize=(7, 2))
bars = plt.barh(['fast', 'slow'], [fast_total, slow_total])
plt.bar_label(bars, fmt='%.1f', padding=3)
plt.xlabel('seconds for ten epochs')
plt.margins(x=0.15)
helper.show('seconds')

# Try: change backbone.eval() in train() to backbone.train(). What does the line
# `batch norm unchanged` say then?
# Exercise: python exercises/check.py 20
