"""
Performance: a large network
============================

New here: a network like DenseNet121 spends its time computing. So what matters is how
its numbers are arranged in memory, how many bits each of them has, and how many CPU
cores take part.

Before: 23_faster.py  Next: 24_export.py
Notes: notes/performance.md
Run: python codes/23_1_faster_photos.py
It ends with a bar for each optimization: the seconds for eight photos.
"""
import statistics
import sys
import time

import matplotlib.pyplot as plt
import torch
from torch.utils.data import DataLoader
from torchvision import datasets, models

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(threads=None)
device = args.device
on_cuda = device.type == 'cuda'

# %% Data and model
# One batch of eight test photos is enough to measure with.
densenet_weights = models.DenseNet121_Weights.IMAGENET1K_V1
transform = densenet_weights.transforms()
testset = datasets.ImageFolder(helper.find_photos(args) / 'test', transform)
images, _ = next(iter(DataLoader(testset, batch_size=8)))
photos = images.to(device)  # [8, 3, 224, 224]

model = models.densenet121(weights=helper.find_weights(densenet_weights, args))
model = model.to(device)
model.eval()

# %% Measure
# We predict four times and take the median of the last three, because the first one
# also sets things up. Next to each time we print the mean probability of the photos'
# most probable classes, which should stay nearly the
# same. (bfloat16 rounds.)
medians = {}  # seconds, by the name of the row


def measure(name, memory_format=torch.contiguous_format, bfloat16=False):
    model.to(memory_format=memory_format)
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
    print(f'{name:18} {medians[name]:6.3f} s  best class {top_p:.4f}  '
          f'(the first time {seconds[0]:.1f} s)')


# %% CPU cores and memory format
# channels_last puts the three color values of a pixel next to each other in memory, and
# likewise the channels of every layer. That's the order in which a convolution reads
# them.
if args.threads > 1 and not on_cuda:
    torch.set_num_threads(1)
    measure('one thread')
    torch.set_num_threads(args.threads)
measure(f'threads: {args.threads}')
measure('and channels_last', torch.channels_last)

# %% 16-bit floats
# bfloat16 numbers have 16 bits instead of 32. They reach as far as float32 but are less
# precise. autocast uses them for the operations where that mostly does no harm, which
# is called mixed precision. It only pays off if the processor is made for it; on others
# it can take many times as long. So we ask first.
if on_cuda:
    has_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
elif hasattr(torch.cpu, 'get_capabilities'):  # torch 2.6 doesn't have it
    capabilities = torch.cpu.get_capabilities()
    has_bfloat16 = capabilities.get('avx512_bf16') or capabilities.get('amx_bf16')
else:
    has_bfloat16 = False

if has_bfloat16:
    measure('and bfloat16', torch.channels_last, bfloat16=True)
else:
    print("bfloat16: torch doesn't report that this processor is made for it")

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
