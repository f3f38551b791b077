"""
Inside DenseNet121
==================

New here: a pretrained network, one that others have trained, on the 1.3 million photos
of ImageNet. Its *backbone*, everything except the last layer, turns a photo into 1024
features. You can think of them as how furry or how striped the photo is, though none of
them has a name. Only the last layer, which predicts ImageNet's classes, has to be
replaced by one that predicts ours.

Before: 18_2_deeper.py  Next: 20_transfer_learning_2.py
Notes: notes/transfer_learning.md
Run: python codes/19_transfer_learning_1.py
It ends with the time that a batch takes, on the CPU, and on a GPU if there is one.
"""
import sys
import time

import torch
from torch import nn
from torchvision import datasets, models

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(threads=None)
device = args.device

# %% Weights and transform
# A network has to see photos the way it did in training, so each set of weights comes
# with its own transform. ImageNet's resizes to 256, crops to 224, and normalizes with
# one mean per color channel.
densenet_weights = models.DenseNet121_Weights.IMAGENET1K_V1
found_weights = helper.find_weights(densenet_weights, args)  # None if not available
model = models.densenet121(weights=found_weights).to(device)
model.eval()
transform = densenet_weights.transforms()
print(transform)

# %% Four dense blocks
# Every layer in a block sees the outputs of all layers before it, so the number of
# channels grows. A transition between two blocks halves it. We print the number of
# layers and parameters.
for name, part in model.features.named_children():
    layers = ''
    if name.startswith('denseblock'):
        layers = f'{len(part)} layers'
    count = sum(parameter.numel() for parameter in part.parameters())
    print(f'{name:12} {layers:>9} {count:9,} parameters')
total = sum(parameter.numel() for parameter in model.parameters())
print(f'all {total:,}')  # all 7,978,856
print('classifier', model.classifier)

# %% What does it predict for a cat?
# Among ImageNet's 1000 classes are many breeds of cats and dogs, so this network knows
# them already, which makes our task an easy one. (open_photo reads a photo as upright
# RGB, whatever kind of file it is.)
root = helper.find_photos(args)
testset = datasets.ImageFolder(root / 'test', transform, loader=helper.open_photo)
image, _ = testset[0]
batch = image.unsqueeze(0).to(device)  # [3, 224, 224] -> [1, 3, 224, 224]
with torch.no_grad():
    logits = model(batch)  # [1, 3, 224, 224] -> [1, 1000]
ps = torch.softmax(logits, dim=1)
top_ps, top_classes = ps.topk(3, dim=1)  # the three largest of each row
names = [densenet_weights.meta['categories'][i] for i in top_classes[0].tolist()]
for p, name in zip(top_ps[0].tolist(), names):
    print(f'{p:6.1%} {name}')
title = f'{names[0]}, {top_ps[0, 0]:.0%}'
helper.imshow(image, title, mean=transform.mean, std=transform.std)
helper.show('imagenet')

# %% Freeze the backbone
# What should stay as it is gets no gradients. A new layer has requires_grad on.
for parameter in model.parameters():
    parameter.requires_grad = False
model.classifier = nn.Linear(1024, len(testset.classes)).to(device)
learns = [name for name, p in model.named_parameters() if p.requires_grad]
print(learns)  # ['classifier.weight', 'classifier.bias']

# %% Freezing is not enough
# In train(), batch norm (lesson 18_2) uses the mean and variance of the batch, so what
# comes out for a photo depends on the other photos in the batch. It also updates
# running_mean and running_var, which aren't parameters, so freezing doesn't stop it. In
# eval(), it uses the values it remembers and changes nothing.
norm = model.features.norm0
count = min(8, len(testset))
images = torch.stack([testset[i][0] for i in range(count)]).to(device)
before = norm.running_mean.clone()


def same_alone(model, images):
    """Does the first photo get the same output by itself as in a batch?

    In train mode, these forward passes also update running_mean.
    """
    with torch.no_grad():
        among_others = model(images)[0]
        alone = model(images[:1])[0]
    # Batches of different sizes may be summed in a different order, and so be rounded
    # differently.
    return torch.allclose(among_others, alone, atol=1e-3)


print('eval():  the same alone', same_alone(model, images))  # True
print('eval():  unchanged', torch.equal(norm.running_mean, before))  # True
model.train()
print('train(): the same alone', same_alone(model, images))  # False
print('train(): unchanged', torch.equal(norm.running_mean, before))  # False
model.eval()


# %% The time for a batch
# We time a batch of 8 photos. The first run only warms up. Python runs ahead of a GPU,
# and item() waits for it; without that, we would only time how long it takes to launch
# the work.
def milliseconds(model, images, runs=3):
    with torch.no_grad():
        model(images).sum().item()
        start = time.perf_counter()
        for _ in range(runs):
            model(images).sum().item()
    return (time.perf_counter() - start) / runs * 1000


places = [torch.device('cpu')]
if device.type != 'cpu':
    places.append(device)
for place in places:
    model = model.to(place)
    images = images.to(place)
    batch_milliseconds = milliseconds(model, images)
    print(f'{place}: {batch_milliseconds:.0f} ms for {len(images)} photos, '
          f'{batch_milliseconds / len(images):.1f} ms each')

# Try: use 32 instead of 8. Does a photo take less time in a larger batch?
# Exercise: python exercises/check.py 19
