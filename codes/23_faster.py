"""
Performance: a small network
============================

New here: where the time goes when we train, and how much time each optimization saves,
measured side by side on your machine. It's only worth speeding up what takes long, and
a speed-up only counts if the result is the same, so the loss is printed next to each
time. (The last row trains differently.)

Before: 22_many_processes.py  Next: 23_1_faster_photos.py
Notes: notes/performance.md
Run: python codes/23_faster.py
It ends with a bar for each optimization: lesson 13's network, one epoch of 5,120
images.
"""
import os
import statistics
import sys
import time

os.environ['KINETO_LOG_LEVEL'] = '99'  # keeps the profiler's own messages quiet
import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    Subset,
    TensorDataset,
)
from torchvision import datasets
from torchvision.transforms import v2

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(lr=0.001, images=5120)
device = args.device
on_cuda = device.type == 'cuda'

# %% Data
# torchvision turns an image into a tensor each time the DataLoader asks for it. If we
# do that once, all images are one large tensor, and a sampler can take whole batches
# from it.
root = helper.find_data('FashionMNIST', args)
transform = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
trainset = datasets.FashionMNIST(root, transform=transform)
trainset.data = trainset.data[:args.images]
trainset.targets = trainset.targets[:args.images]

one_batch = DataLoader(trainset, batch_size=len(trainset))  # with all images in it
all_images, all_labels = next(iter(one_batch))
tensors = TensorDataset(all_images, all_labels)
tensors_on_device = TensorDataset(all_images.to(device), all_labels.to(device))


def whole_batches(dataset, batch_size=64):
    """Return a DataLoader that gets each batch by indexing the dataset once."""
    sampler = BatchSampler(RandomSampler(dataset), batch_size, drop_last=False)
    # The sampler yields lists of indices, so the DataLoader mustn't batch again.
    return DataLoader(dataset, batch_size=None, sampler=sampler)


# %% Model and training
# new_training returns a function that trains for one epoch. Each row below starts from
# the same weights and sees the images in the same order. model.compile() makes torch
# translate the model, when it is first called, into code for exactly these layers and
# shapes. The loss stays a tensor until the end of the epoch, because item() waits for
# everything that a GPU still has to do. For the same reason, to() is non_blocking: if
# a batch is in pinned memory (see below), Python doesn't wait until it's copied.
def new_training(trainloader, lr=args.lr, fused=True, compile_mode=None):
    torch.manual_seed(args.seed)
    model = nn.Sequential(nn.Flatten(),
                          nn.Linear(784, 128), nn.ReLU(),
                          nn.Linear(128, 64), nn.ReLU(),
                          nn.Linear(64, 10)).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=lr, fused=fused)
    if compile_mode is not None:
        model.compile(mode=compile_mode)

    def train_one_epoch():
        model.train()
        train_loss = 0
        count = 0
        for images, labels in trainloader:
            images = images.to(device, non_blocking=True)
            labels = labels.to(device, non_blocking=True)
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()
            train_loss += loss.detach() * len(labels)
            count += len(labels)
        return train_loss.item() / count

    return train_one_epoch


# %% Where does the time go?
# The profiler records how long each operation takes. Ten batches are enough for that.
# The first epoch isn't recorded, because it includes what torch sets up only once. (The
# forward pass is spread over many operations, so it isn't in this list.)
few_images = Subset(trainset, range(min(640, len(trainset))))
few_batches = DataLoader(few_images, batch_size=64, shuffle=True)
train_one_epoch = new_training(few_batches, fused=False)
train_one_epoch()
with torch.profiler.profile() as profile:
    train_one_epoch()

# A key is a part of the names that the profiler gives to operations. The times are
# those of the CPU.
events = profile.key_averages()
for label, key in [('loading', 'DataLoader'), ('backward', 'autograd::engine'),
                   ('optimizer step', 'Optimizer.step')]:
    microseconds = sum(event.cpu_time_total for event in events if key in event.key)
    milliseconds = microseconds / 1000 / len(few_batches)
    print(f'{label:24} {milliseconds:6.2f} ms a batch')

# %% Measure
# We train four epochs and take the median of the last three. The first one doesn't
# count, because it includes setting up, and with model.compile() the translation.
medians = {}  # seconds, by the name of the row


def measure(name, train_one_epoch):
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        train_loss = train_one_epoch()  # its item() has waited for the GPU
        seconds.append(time.perf_counter() - start)
    medians[name] = statistics.median(seconds[1:])
    print(f'{name:24} {medians[name]:6.3f} s  loss {train_loss:.3f}  '
          f'(the first time {seconds[0]:.1f} s)')


# %% Loading: workers, pinned memory, whole batches
# With num_workers=2, two other processes read the next batches while this one trains.
# They are forked, that is, started as copies of this process, once per epoch. Windows
# can't do that, and on macOS it's unsafe. Here it works because the workers don't touch
# the GPU. Otherwise, each worker would run this script from the top (on Linux, too,
# from Python 3.14 on), so all of it would have to be in functions, as in lesson 21.
one_by_one = DataLoader(trainset, batch_size=64, shuffle=True)
measure('an image at a time', new_training(one_by_one, fused=False))
if sys.platform == 'linux':
    workers = {'num_workers': 2, 'multiprocessing_context': 'fork'}
    with_workers = DataLoader(trainset, batch_size=64, shuffle=True, **workers)
    measure('with two workers', new_training(with_workers, fused=False))

    # From pinned memory, which the operating system never moves, a GPU copies by itself
    # while Python goes on. That's what non_blocking=True asks for.
    if on_cuda:
        pinned = DataLoader(trainset, batch_size=64, shuffle=True, pin_memory=True,
                            **workers)
        measure('and pinned memory', new_training(pinned, fused=False))

# That's how to load data that doesn't fit into memory. Our images do fit, even into
# that of a GPU, so we needn't read them more than once.
measure('whole batches', new_training(whole_batches(tensors), fused=False))
if on_cuda:
    on_gpu = whole_batches(tensors_on_device)
    measure('all on the GPU', new_training(on_gpu, fused=False))

# %% The training step
# A row that begins with "and" keeps what the row before it gained. The last row isn't
# compiled.
measure('and fused Adam', new_training(whole_batches(tensors_on_device)))

# With reduce-overhead, the GPU gets the whole forward pass in one call, and the whole
# backward pass in another (CUDA graphs). The loss and the optimizer aren't compiled.
compile_mode = 'reduce-overhead' if on_cuda else 'default'
train_one_epoch = new_training(whole_batches(tensors_on_device),
                               compile_mode=compile_mode)
try:
    measure('and compiled', train_one_epoch)
except RuntimeError as error:  # most often because there's no C++ compiler
    print('Not compiled:', str(error).strip().splitlines()[0])

# With four times as many images in a batch, an epoch has a quarter of the steps. So
# each step is made larger.
large_batches = whole_batches(tensors_on_device, batch_size=256)
measure('batch 256, lr doubled', new_training(large_batches, lr=2 * args.lr))

# %% Figure
# The shorter the bar, the better.
plt.figure(figsize=(7, 3.5))
bars = plt.barh(list(medians), medians.values())
plt.bar_label(bars, fmt=' %.3f s')
plt.title(f'An epoch of {len(tensors):,} images on {device}')
plt.xlabel('seconds')
plt.gca().invert_yaxis()
plt.margins(x=0.2)
helper.show('optimizations')

# Try: add a last row, for batches of 1024 images:
# measure('batch 1024', new_training(whole_batches(tensors_on_device, batch_size=1024)))
# It is even faster. What is its loss?
# Exercise: python exercises/check.py 23
