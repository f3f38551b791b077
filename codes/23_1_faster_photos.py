"""
Faster: a large network
=======================

New here: a network like DenseNet121 spends its time computing. So what counts is how
its numbers lie in memory, how many bits each has, and how many cores take part.

Before: 23_faster.py  Next: 24_export.py
Notes: Faster (README.md)
Run: python codes/23_1_faster_photos.py
It ends with a bar for each remedy: the seconds for eight photos.
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
device, on_cuda = args.device, args.device.type == 'cuda'
medians = {}  # seconds, by name

# %%
# Data and model
weights = models.DenseNet121_Weights.IMAGENET1K_V1
folder = datasets.ImageFolder(helper.find_photos(args) / 'test', weights.transforms())
photos = next(iter(DataLoader(folder, batch_size=8)))[0].to(device)
model = models.densenet121(weights=helper.find_weights(weights, args))
model = model.eval().to(device)


# %%
# The clock: four times the same; the first warms up and does not count. The mean
# probability of each photo's best class stands beside it, and should stay the same.
def measure(name, layout=torch.contiguous_format, bfloat16=False):
    images, seconds = photos.to(memory_format=layout), []
    model.to(memory_format=layout)
    for _ in range(4):
        start = time.perf_counter()
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, bfloat16):
            logits = model(images)
        best = torch.softmax(logits.float(), dim=1).max(dim=1).values.mean().item()
        seconds.append(time.perf_counter() - start)
    medians[name] = statistics.median(seconds[1:])
    print(f'{name:18} {medians[name]:6.3f} s  best class {best:.4f}  '
          f'(the first time {seconds[0]:.1f} s)')


# %%
# channels_last puts the three colours of a pixel side by side in memory, and likewise
# the channels of every layer: the order in which a convolution reads them.
if args.threads > 1 and not on_cuda:
    torch.set_num_threads(1)
    measure('one thread')
    torch.set_num_threads(args.threads)
measure(f'threads: {args.threads}')
measure('and channels_last', torch.channels_last)

# bfloat16 are numbers of 16 bits in place of 32, as wide in range and less exact.
# autocast uses them where that mostly does no harm. It pays only if the processor is
# made for it, so ask first: without, the same can take many times as long.
if on_cuda:
    asked = {'amx_bf16': torch.cuda.is_bf16_supported(including_emulation=False)}
else:
    asked = getattr(torch.cpu, 'get_capabilities', dict)()  # torch 2.6 cannot tell
if asked.get('avx512_bf16') or asked.get('amx_bf16'):
    measure('and bfloat16', torch.channels_last, bfloat16=True)
else:
    print('bfloat16: torch does not say that this processor is made for it')

# %%
# Look: the shorter the bar, the better.
ax = plt.figure(figsize=(7, 3)).gca()
ax.bar_label(ax.barh(list(medians), medians.values()), fmt=' %.3f s')
ax.set(title=f'{len(photos)} photos through DenseNet121 on {device}', xlabel='seconds')
ax.invert_yaxis()
ax.margins(x=0.2)
helper.show('remedies')

# Try: one photo in place of eight, batch_size=1. Which rows take an eighth of the time?
