"""
Transfer learning, and why it need not take forever
===================================================

New here: the new classifier is trained on top of the frozen body. First the usual way:
every photo goes through the whole network in every epoch. Then the quick way: the body
is frozen, so it says the same of a photo each time; its features are computed once, and
an epoch of the classifier alone takes milliseconds.

Before: 19_transfer_learning_1.py  Next: 21_full_transfer_learning.py
Run: python codes/20_transfer_learning_2.py
It ends with the same accuracy twice, and how many times faster the second way is.
"""
import sys
import time

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, random_split
from torchvision import models

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(threads=None, epochs=2, lr=0.001, photos=320)
device = helper.get_device(args.device)

# %%
# Data: some of the training photos, of which a fifth is for validation
enum = models.DenseNet121_Weights.IMAGENET1K_V1
root = helper.find_photos(args)
photos = helper.photo_set(root, 'train', enum.transforms())
count = min(args.photos, len(photos))
sizes = [count - count // 5, count // 5, len(photos) - count]
trainset, validset, _ = random_split(photos, sizes)
print(f'{len(trainset)} photos to train, {len(validset)} to validate')

# %%
# Model: the body frozen, the classifier new. channels_last is faster (lesson 19).
weights = helper.find_weights(enum, args)
model = models.densenet121(weights=weights)
for parameter in model.parameters():
    parameter.requires_grad = False
model = model.to(device, memory_format=torch.channels_last)


def new_classifier():
    torch.manual_seed(args.seed)
    return nn.Sequential(nn.Linear(1024, 256), nn.ReLU(), nn.Dropout(0.2),
                         nn.Linear(256, len(photos.classes))).to(device)


# %%
# Train and validate. Only the classifier learns, so only its parameters go to the
# optimizer, and only it is ever in train mode: the body's batch norm must not move.
criterion = nn.CrossEntropyLoss()


def train(model, classifier, trainloader, validloader):
    """Train for args.epochs, validate after each, and return the seconds."""
    optimizer = optim.Adam(classifier.parameters(), lr=args.lr, fused=True)
    start = time.perf_counter()
    for epoch in range(args.epochs):
        model.eval()
        classifier.train()  # new here
        for images, labels in trainloader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()

        # Once in an epoch is enough: after every few steps, as is sometimes seen, there
        # would be more photos to validate with than to train with.
        model.eval()
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
# The usual way: photos through body and classifier, in every epoch.
model.classifier = new_classifier()
before = {name: buffer.clone() for name, buffer in model.named_buffers()}
usual = train(model, model.classifier,
              DataLoader(trainset, batch_size=32, shuffle=True),
              DataLoader(validset, batch_size=32))
same = all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())
print('batch norm unchanged', same)  # batch norm unchanged True
print(f'usual: {usual:.1f} s for {args.epochs} epochs')


# %%
# The quick way: features once ...
def compute_features(body, dataset):
    """Return a TensorDataset of features, float32 [n, 1024], and labels, [n]."""
    features, all_labels = [], []
    with torch.no_grad():
        for images, labels in DataLoader(dataset, batch_size=32):
            features.append(body(images.to(device)))
            all_labels.append(labels.to(device))
    return TensorDataset(torch.cat(features), torch.cat(all_labels))


body = model
body.classifier = nn.Identity()  # new here: what went into the classifier comes out
body.eval()
start = time.perf_counter()
train_features = compute_features(body, trainset)
valid_features = compute_features(body, validset)
once = time.perf_counter() - start

# ... then the same training on them, with a classifier that starts the same.
classifier = new_classifier()
quick = train(classifier, classifier,
              helper.get_loader(train_features, batch_size=32, shuffle=True),
              helper.get_loader(valid_features, batch_size=32))
print(f'quick: {quick:.2f} s for {args.epochs} epochs, after {once:.1f} s for the '
      'features')

# %%
# Ten epochs, worked out from what was measured
ten_usual = 10 * usual / args.epochs
ten_quick = once + 10 * quick / args.epochs
print(f'Ten epochs: {ten_usual:.0f} s or {ten_quick:.1f} s, '
      f'{ten_usual / ten_quick:.1f} times faster')

# Try: --epochs 20 on the quick way alone (take out the usual one). What does the
# augmentation of lesson 18 cost here? Each new view of a photo needs new features.
