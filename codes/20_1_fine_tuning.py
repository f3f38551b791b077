"""
Fine-tuning: the backbone learns, too
=====================================

New here: a pretrained network in which all layers learn. A frozen backbone describes
images with the features that it found useful for the photos of ImageNet. They fit cats
and dogs well, because ImageNet is full of them. Our images are small gray pictures of
clothes, so it pays to let the backbone adapt to them. It gets a much smaller learning
rate than the new last layer, and its batch norm layers need special care.

Before: 20_transfer_learning_2.py  Next: 21_full_transfer_learning.py
Notes: notes/fine_tuning.md
Run: python codes/20_1_fine_tuning.py
It ends with the validation accuracies of a frozen and of a fine-tuned backbone, as a
figure, and with the test accuracy of the better one.
"""
import copy
import sys
import time

import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Subset, TensorDataset
from torchvision import datasets, models
from torchvision.transforms import v2

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(threads=None, epochs=4, lr=0.001, examples=1000)
device = args.device

# %% Two transforms
# DenseNet121 wants three channels, so Grayscale(3) repeats the gray values three times.
# It halves height and width five times, so 28 x 28 is too small, and we resize to
# 32 x 32. (A larger size would take longer.) The numbers for Normalize are those of the
# pretrained weights, not those of Fashion-MNIST, because the backbone should get values
# like those it was trained with.
#
# Only the training images are augmented. A mirrored shirt is still a shirt.
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
plain_transform = v2.Compose([v2.Grayscale(3),
                              v2.ToImage(),
                              v2.Resize(32),
                              v2.ToDtype(torch.float32, scale=True),
                              v2.Normalize(mean, std)])
train_transform = v2.Compose([v2.RandomHorizontalFlip(), plain_transform])

# %% Data
# You fine-tune when you have too few images to train a network from the start, so we
# use only 1000 of the 60,000 to train, and 1000 others to validate. As in lesson 18,
# two datasets read the same images with different transforms.
root = helper.find_data('FashionMNIST', args)
plain = datasets.FashionMNIST(root, train=True, transform=plain_transform)
augmented = datasets.FashionMNIST(root, train=True, transform=train_transform)
all_test = datasets.FashionMNIST(root, train=False, transform=plain_transform)

size = min(args.examples, len(plain) // 2, len(all_test))
order = torch.randperm(len(plain)).tolist()
plain_trainset = Subset(plain, order[:size])
trainset = Subset(augmented, order[:size])  # the same images
validset = Subset(plain, order[size:2 * size])
testset = Subset(all_test, range(size))
trainloader = DataLoader(trainset, batch_size=32, shuffle=True)
validloader = DataLoader(validset, batch_size=100)
testloader = DataLoader(testset, batch_size=100)
print(f'{len(trainset)} to train, {len(validset)} to validate, {len(testset)} to test')

# %% Model
# The new last layer is called the *head*. Everything before it is the backbone, which
# we freeze for now, as in lesson 20.
densenet_weights = models.DenseNet121_Weights.IMAGENET1K_V1
found_weights = helper.find_weights(densenet_weights, args)
backbone = models.densenet121(weights=found_weights)
backbone.classifier = nn.Identity()
backbone.requires_grad_(False)
backbone = backbone.to(device)
head = nn.Linear(1024, len(plain.classes)).to(device)
criterion = nn.CrossEntropyLoss()


# %% Batch norm
# In train mode, batch norm normalizes with the mean and variance of the batch, and it
# moves its running mean and variance toward them. Those of a small batch are poor
# estimates: in the last layers, the feature map of an image is a single pixel, so a
# batch has only 32 values per channel. The running values were collected over many
# large batches of photos. So we keep batch norm in eval mode, even while the network
# around it is in train mode. Its scale and shift are parameters, and they still learn.
# (Random weights come without useful running values, so with those, batch norm stays in
# train mode.)
def train_mode(model):
    model.train()  # this reaches all layers inside
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d) and found_weights:
            layer.eval()  # new here


# %% Train and validate
def count_correct(model, loader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            predicted = output.argmax(dim=1)
            correct += (predicted == labels).sum()
    return correct.item()


def train(model, optimizer, trainloader, validloader, epochs, name):
    """Return the validation accuracy after each epoch."""
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    accuracies = []
    for epoch in range(epochs):
        train_mode(model)
        train_loss = 0
        for images, labels in trainloader:  # for the head, images are features
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()
            train_loss += loss.detach() * len(labels)
        scheduler.step()

        train_loss = train_loss.item() / len(trainloader.dataset)
        accuracy = count_correct(model, validloader) / len(validloader.dataset)
        print(f'{name:10}  Epoch {epoch + 1}/{epochs}  train loss {train_loss:.3f}  '
              f'valid accuracy {accuracy:.1%}')
        accuracies.append(accuracy)
    return accuracies


# %% First, only the head
# The head begins with random weights. If the backbone learned right away, it would
# adapt to a head that knows nothing yet. So the head learns first, on features that are
# computed once (lesson 20). Its epochs take next to no time, so we can afford four
# times as many.
def compute_features(backbone, dataset):
    all_features = []
    all_labels = []
    backbone.eval()
    with torch.no_grad():
        for images, labels in DataLoader(dataset, batch_size=100):
            images = images.to(device)
            features = backbone(images)  # float32 [n, 1024]
            all_features.append(features.cpu())
            all_labels.append(labels)
    return TensorDataset(torch.cat(all_features), torch.cat(all_labels))


start = time.perf_counter()
train_features = compute_features(backbone, plain_trainset)
valid_features = compute_features(backbone, validset)
feature_trainloader = DataLoader(train_features, batch_size=32, shuffle=True)
feature_validloader = DataLoader(valid_features, batch_size=100)
optimizer = optim.AdamW(head.parameters(), lr=args.lr)
first_accuracies = train(head, optimizer, feature_trainloader, feature_validloader,
                         4 * args.epochs, 'head')
head_seconds = time.perf_counter() - start

# %% Then the whole network
# Now we unfreeze the backbone, in a copy, so that we still have the frozen one to
# compare with. The optimizer gets two *parameter groups*, each with a learning rate of
# its own. Large steps would destroy what the backbone knows before it has learned
# anything new, so its learning rate is a tenth of the head's. A group without a
# learning rate of its own gets the one at the end.
#
# It has to be a new optimizer, because the old one only has the parameters of the first
# head, and none of the copy's.
start = time.perf_counter()
tuned_model = copy.deepcopy(nn.Sequential(backbone, head))
tuned_backbone, tuned_head = tuned_model
tuned_model.requires_grad_(True)
optimizer = optim.AdamW([{'params': tuned_backbone.parameters(), 'lr': args.lr / 10},
                         {'params': tuned_head.parameters()}], lr=args.lr)  # new here
for group in optimizer.param_groups:
    count = sum(parameter.numel() for parameter in group['params'])
    print(f'{count:9,} parameters with a learning rate of {group["lr"]:g}')

tuned_accuracies = train(tuned_model, optimizer, trainloader, validloader, args.epochs,
                         'fine-tuned')
tuned_seconds = time.perf_counter() - start
print(f'The head took {head_seconds:.0f} s, the whole network {tuned_seconds:.0f} s')

# %% What batch norm has learned
# With pretrained weights, the running mean is still ImageNet's, because in eval mode,
# nothing changes it. The scale is a parameter, so it's different now.
norm = backbone.features.norm0
tuned_norm = tuned_backbone.features.norm0
print('same mean', torch.equal(norm.running_mean, tuned_norm.running_mean))
print('same scale', torch.equal(norm.weight, tuned_norm.weight))  # False

# %% The head alone
# Was it the backbone that helped, or only the additional epochs? To find out, we train
# the head on the frozen backbone for equally many more.
optimizer = optim.AdamW(head.parameters(), lr=args.lr)
head_accuracies = train(head, optimizer, feature_trainloader, feature_validloader,
                        args.epochs, 'head alone')

# %% Figure: the validation accuracy of both ways
start_accuracy = first_accuracies[-1:]  # where both begin
first_epochs = range(1, len(first_accuracies) + 1)
more_epochs = range(len(first_accuracies), len(first_accuracies) + args.epochs + 1)
plt.figure(figsize=(6, 3.5))
plt.plot(first_epochs, first_accuracies, color='tab:blue', label='head')
plt.plot(more_epochs, start_accuracy + head_accuracies, '--', color='tab:blue',
         label='head alone')
plt.plot(more_epochs, start_accuracy + tuned_accuracies, color='tab:orange',
         label='fine-tuned')
plt.xticks(range(0, 5 * args.epochs + 1, args.epochs))
plt.xlabel('epoch')
plt.ylabel('validation accuracy')
plt.legend()
helper.show('accuracies')

# %% Test
# The validation images decide which of the two we use, and the test images say how good
# it is.
chosen_model = nn.Sequential(backbone, head)
if tuned_accuracies[-1] > head_accuracies[-1]:
    chosen_model = tuned_model
correct = count_correct(chosen_model, testloader)
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} images')

# On the real images, with seeds 7, 8, and 9, the fine-tuned network gets 84.8, 85.6,
# and 83.3% of the validation images right, and the head alone 79.3, 78.9, and 78.8%. So
# fine-tuning pays here, although it takes about ten times as long. (The comparison
# isn't quite even: the head alone never sees a mirrored image, because its features are
# computed only once.)
#
# If batch norm is in train mode during fine-tuning, the gain is lost: 77.1, 77.1, and
# 79.8%.
#
# It doesn't always pay. We also trained on 96 photos of cats and dogs, 224 x 224 pixels
# large, for two more epochs each way. The head alone gets 96.9, 99.0, and 99.0% of 96
# validation photos right, and the fine-tuned network only 94.8, 95.8, and 93.8%. The
# features fit such photos already, so there's little to gain and something to lose.

# Try: give the backbone the same learning rate as the head, args.lr. How high is the
# validation accuracy then?
# Exercise: python exercises/check.py 20_1
