"""
Faster: a small network
=======================

New here: where the time of a training goes, and what each remedy gives, measured side
by side on your machine. Only what takes long is worth making faster, and a remedy only
counts if the result stays what it was: the loss stands beside each time (the last row
is another training).

Before: 22_many_processes.py  Next: 23_1_faster_photos.py
Notes: Faster (README.md)
Run: python codes/23_faster.py
It ends with a bar for each remedy: lesson 13's network, an epoch of 5,120 images.
"""
import os
import statistics
import sys
import time

os.environ['KINETO_LOG_LEVEL'] = '99'  # the profiler need not announce itself
import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset
from torchvision import datasets, transforms

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(lr=0.001, images=5120)
device, on_cuda = args.device, args.device.type == 'cuda'
medians = {}  # seconds, by name


def measure(name, work):
    seconds = []  # four times the same; the first warms up and does not count
    for _ in range(4):
        start = time.perf_counter()
        result = work()
        if on_cuda:
            torch.cuda.synchronize()  # Python does not wait for a GPU, the clock must
        seconds.append(time.perf_counter() - start)
    medians[name] = statistics.median(seconds[1:])
    print(f'{name:24} {medians[name]:6.3f} s  {result}  '
          f'(the first time {seconds[0]:.1f} s)')


# %%
# Data: torchvision makes a tensor of an image each time that it is asked for it. Made
# once, all of them are one large tensor, from which the sampler takes whole batches.
root = helper.find_data('FashionMNIST', args)
trainset = datasets.FashionMNIST(root, transform=transforms.ToTensor())
trainset.data = trainset.data[:args.images]
once = TensorDataset(*next(iter(DataLoader(trainset, batch_size=len(trainset)))))
there = TensorDataset(*[tensor.to(device) for tensor in once.tensors])


def batches(dataset, batch_size=64, **more):
    sampler = BatchSampler(RandomSampler(dataset), batch_size, drop_last=False)
    return DataLoader(dataset, batch_size=None, sampler=sampler, **more)


# %%
# Train, each time from the same weights and in the same order. model.compile() has the
# model translated, when it is first called, to code for just these layers and shapes.
def training(trainloader, lr=args.lr, fused=True, mode=None):
    torch.manual_seed(args.seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(),
                          nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=lr, fused=fused)
    if mode:
        model.compile(mode=mode)

    def epoch():
        train_loss = 0
        for images, labels in trainloader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()
            train_loss += loss.item() * len(labels)
        return f'loss {train_loss / len(once):.3f}'
    return epoch


one_by_one = DataLoader(trainset, batch_size=64, shuffle=True)
part = torch.utils.data.Subset(trainset, range(min(640, len(trainset))))
few = DataLoader(part, batch_size=64, shuffle=True)
epoch = training(few, fused=False)
epoch()  # warms up
with torch.profiler.profile() as profile:  # notes how long each part takes
    epoch()
events = profile.key_averages()
for part, name in (('loading', 'DataLoader'), ('backward', 'autograd::engine'),
                   ('the step itself', 'Optimizer.step')):
    spent = sum(event.cpu_time_total for event in events if name in event.key)
    print(f'{part:24} {spent / 1000 / len(few):6.2f} ms a batch')
measure('an image at a time', training(one_by_one, fused=False))
measure('whole batches', training(batches(once), fused=False))
measure('and Adam fused', training(batches(once)))
if on_cuda:
    measure('and pinned memory', training(batches(once, pin_memory=True)))
    measure('or all on the GPU', training(batches(there)))
try:
    mode = 'reduce-overhead' if on_cuda else 'default'  # the first uses CUDA graphs
    measure('and compiled', training(batches(there), mode=mode))
except RuntimeError as error:  # most often there is no C++ compiler
    print('Not compiled:', str(error).strip().splitlines()[0])
measure('batch 256, lr doubled', training(batches(there, 256), 2 * args.lr))

# %%
# Look: the shorter the bar, the better.
ax = plt.figure(figsize=(7, 3.5)).gca()
ax.bar_label(ax.barh(list(medians), medians.values()), fmt=' %.3f s')
ax.set(title=f'An epoch of {len(once):,} images on {device}', xlabel='seconds')
ax.invert_yaxis()
ax.margins(x=0.2)
helper.show('remedies')

# Try: a last row, measure('batch 1024', training(batches(there, 1024))). It is faster
# still. What is its loss?
# Exercise: python exercises/check.py 23
