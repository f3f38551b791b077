"""
Transfer learning, and why it need not take forever
===================================================

New here: a new classifier on top of the frozen body. First the usual way: every photo
goes through the whole network in every epoch. Then the quick way: a frozen body says
the same of a photo each time, so its features are computed once.

Before: 19_transfer_learning_1.py  Next: 21_full_transfer_learning.py
Notes: Transfer learning (README.md)
Run: python codes/20_transfer_learning_2.py
It ends with the seconds of both ways, as a figure.
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

# %%
# Data: some of the training photos, of which a fifth is for validation
enum = models.DenseNet121_Weights.IMAGENET1K_V1
root = helper.find_photos(args)
transform = enum.transforms()
photos = datasets.ImageFolder(root / 'train', transform, loader=helper.open_photo)
fifth = min(args.photos, len(photos)) // 5
lengths = [4 * fifth, fifth, len(photos) - 5 * fifth]  # the rest is not used
trainset, validset, _ = random_split(photos, lengths)
print(f'{len(trainset)} photos to train, {len(validset)} to validate')

# %%
# Model: the body frozen, its last layer taken out. nn.Identity hands on what it gets,
# so that 1024 features come out of the body; the classifier is new.
body = models.densenet121(weights=helper.find_weights(enum, args))
body.classifier = nn.Identity()  # new here
body.requires_grad_(False)  # for all its parameters
body = body.to(device)


def new_classifier():
    torch.manual_seed(args.seed)
    return nn.Sequential(nn.Linear(1024, 256), nn.ReLU(), nn.Dropout(0.2),
                         nn.Linear(256, len(photos.classes))).to(device)


# %%
# Train and validate, and return the seconds. Only the classifier learns: only it goes
# to the optimizer and into train mode, in which the body's batch norm would change.
def train(body, classifier, trainloader, validloader):
    model, criterion = nn.Sequential(body, classifier), nn.CrossEntropyLoss()
    optimizer = optim.Adam(classifier.parameters(), lr=args.lr, fused=True)
    start = time.perf_counter()
    for epoch in range(args.epochs):
        body.eval()  # new here
        classifier.train()
        for images, labels in trainloader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()
        model.eval()  # once in an epoch, since it takes time
        correct = 0
        with torch.no_grad():
            for images, labels in validloader:
                images, labels = images.to(device), labels.to(device)
                output = model(images)
                correct += (output.argmax(dim=1) == labels).sum().item()
        print(f'Epoch {epoch + 1}/{args.epochs}  '
              f'valid accuracy {correct / len(validloader.dataset):.1%}')
    return time.perf_counter() - start


# %%
# The usual way: photos through body and classifier, in every epoch
before = {name: buffer.clone() for name, buffer in body.named_buffers()}
usual = train(body, new_classifier(), DataLoader(trainset, batch_size=32, shuffle=True),
              DataLoader(validset, batch_size=32))
same = all(torch.equal(buffer, before[name]) for name, buffer in body.named_buffers())
print('batch norm unchanged', same)  # batch norm unchanged True


# %%
# The quick way: features, float32 [n, 1024], once ...
def compute_features(dataset):
    features, all_labels = [], []
    with torch.no_grad():
        for images, labels in DataLoader(dataset, batch_size=32):
            features.append(body(images.to(device)).cpu())
            all_labels.append(labels)
    return TensorDataset(torch.cat(features), torch.cat(all_labels))


start = time.perf_counter()
train_features, valid_features = compute_features(trainset), compute_features(validset)
once = time.perf_counter() - start
# ... then the same training on them. The body's work is done: Identity stands for it.
quick = train(nn.Identity(), new_classifier(),
              DataLoader(train_features, batch_size=32, shuffle=True),
              DataLoader(valid_features, batch_size=32))
largest = valid_features.tensors[1].bincount().max().item()
print(f'Always the largest class: {largest / len(validset):.1%}')

# %%
# Ten epochs, worked out from what was measured
seconds = [10 * usual / args.epochs, once + 10 * quick / args.epochs]
print(f'Ten epochs: {seconds[0]:.0f} s or {seconds[1]:.1f} s, {once:.1f} s of it for '
      f'the features: {seconds[0] / seconds[1]:.1f} times faster')
bars = plt.figure(figsize=(7, 2)).gca().barh(['quick', 'usual'], seconds[::-1])
plt.bar_label(bars, fmt='%.1f', padding=3)
plt.xlabel('seconds for ten epochs')
plt.margins(x=0.15)
helper.show('seconds')
# Try: body.train() for body.eval() in train(). What does `batch norm unchanged` say?
# Exercise: python exercises/check.py 20
