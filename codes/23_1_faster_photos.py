"""
Performance: a large network
============================

New here: a network like DenseNet121 spends its time computing. So what matters is how
its numbers are arranged in memory, how many bits each of them has, and how many CPU
cores take part. At the end, we train it with 16-bit floats, too.

Before: 23_faster.py  Next: 24_export.py
Notes: notes/performance.md
Run: python codes/23_1_faster_photos.py
It ends with a bar for each optimization: the seconds for eight photos, to predict them
and to train with them.
"""
import copy
import statistics
import sys
import time

import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, models

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(threads=None)
device = args.device
on_cuda = device.type == 'cuda'

# %% Data and model
# One batch of eight photos is enough to measure with. open_photo turns photos from a
# phone upright (lesson 19).
densenet_weights = models.DenseNet121_Weights.IMAGENET1K_V1
transform = densenet_weights.transforms()
trainset = datasets.ImageFolder(helper.find_photos(args) / 'train', transform,
                                loader=helper.open_photo)
trainloader = DataLoader(trainset, batch_size=8, shuffle=True)
images, labels = next(iter(trainloader))
photos = images.to(device)  # [8, 3, 224, 224]
labels = labels.to(device)  # [8]

found_weights = helper.find_weights(densenet_weights, args)
model = models.densenet121(weights=found_weights).to(device)

# %% Measure
# We predict four times and take the median of the last three, because the first time
# also includes setting up. Next to each median, we print how probable the network finds
# the class that it predicts, as the mean over the photos. That number should stay
# nearly the same. (bfloat16 rounds.) The model keeps the memory format that it gets
# here.
medians = {}  # seconds, by the name of the row


def measure(name, memory_format=torch.contiguous_format, bfloat16=False):
    model.to(memory_format=memory_format)
    model.eval()
    images = photos.to(memory_format=memory_format)
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        with torch.no_grad():
            with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                logits = model(images)
        ps = torch.softmax(logits.float(), dim=1)
        top_p = ps.max(dim=1).values.mean().item()  # item() waits for a GPU
        seconds.append(time.perf_counter() - start)
    medians[name] = statistics.median(seconds[1:])
    print(f'{name:18} {medians[name]:6.3f} s  top probability {top_p:.4f}  '
          f'(the first time {seconds[0]:.1f} s)')


# %% CPU cores and memory format
# channels_last puts the three color values of a pixel next to each other in memory, and
# likewise the channels of every layer. That's the order in which many fast
# convolutions read them.
if device.type != 'cpu':
    measure('as it is')
elif args.threads == 1:
    measure('one thread')
else:
    torch.set_num_threads(1)
    measure('one thread')
    torch.set_num_threads(args.threads)
    measure(f'threads: {args.threads}')
measure('and channels_last', torch.channels_last)

# %% 16-bit floats
# bfloat16 numbers have 16 bits instead of 32. They cover the same range as float32 but
# are less precise. autocast uses them for the operations where that mostly does no
# harm, which is called mixed precision. It only pays off if the processor is made for
# it; on others it can take many times as long. So we ask first.
if on_cuda:
    has_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
elif device.type == 'cpu' and hasattr(torch.cpu, 'get_capabilities'):  # not in 2.6
    capabilities = torch.cpu.get_capabilities()
    has_bfloat16 = capabilities.get('avx512_bf16') or capabilities.get('amx_bf16')
else:
    has_bfloat16 = False

if has_bfloat16:
    measure('and bfloat16', torch.channels_last, bfloat16=True)
else:
    print("bfloat16: torch doesn't report that this processor is made for it")


# %% Train with mixed precision
# The forward pass and the loss are computed within autocast, but not backward(), which
# uses the number of bits that forward has used. The weights stay float32, so even a
# small step changes them. We train the whole network, with a new last layer for our
# classes. It always starts from the same weights and takes four steps with the same
# photos, so we can compare the last losses.
def measure_training(name, bfloat16=False):
    torch.manual_seed(args.seed)  # for the new layer
    network = copy.deepcopy(model)  # with channels_last, as above
    network.classifier = nn.Linear(1024, len(trainset.classes)).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(network.parameters(), lr=0.001, momentum=0.9)
    images = photos.to(memory_format=torch.channels_last)
    seconds = []
    network.train()
    for _ in range(4):
        start = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):  # new here
            output = network(images)
            loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
        last_loss = loss.item()
        seconds.append(time.perf_counter() - start)
    medians[name] = statistics.median(seconds[1:])
    print(f'{name:18} {medians[name]:6.3f} s  loss {last_loss:.3f}  '
          f'(the first time {seconds[0]:.1f} s)')


# An older GPU may have float16 but not bfloat16. float16 covers a smaller range, so
# small gradients become 0, and we'd need a torch.amp.GradScaler, too (see the notes).
measure_training('training, float32')
if has_bfloat16:
    measure_training('training, bfloat16', bfloat16=True)

# %% Figure
# The shorter the bar, the better.
plt.figure(figsize=(7, 3))
bars = plt.barh(list(medians), medians.values())
plt.bar_label(bars, fmt=' %.3f s')
plt.title(f'{len(photos)} photos through DenseNet121 on {device}')
plt.xlabel('seconds')
plt.gca().invert_yaxis()
plt.margins(x=0.2)
helper.show('optimizations')

# Try: use one photo instead of eight, batch_size=1. Which rows take an eighth of the
# time?
