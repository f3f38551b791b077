"""
Distributed training
====================

New here: several processes, copies of this script, share one training run, with a GPU
or a CPU core for each. Each process has the whole network and computes its share of
every batch; then they average their gradients. So all of them take the same step that
one process would take with the whole batch.

Before: 25_1_attention.py  Next: 23_faster.py
Notes: notes/distributed_training.md
Run: python codes/22_many_processes.py
     torchrun --standalone --nproc-per-node 2 codes/22_many_processes.py
     on two machines, the first called FIRST (the second with --node-rank 1):
     torchrun --nnodes 2 --node-rank 0 --master-addr FIRST codes/22_many_processes.py
It ends with nearly the same accuracy, however many processes there are.
"""
import os
import sys

import torch
import torch.distributed as dist
from torch import nn, optim
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

# %% Options
# The local rank is the number of this process among those of its machine. Each of them
# gets a GPU of its own. If there aren't enough, all of them use the CPU.
local_rank = int(os.environ.get('LOCAL_RANK', 0))  # torchrun sets these variables
local_world_size = int(os.environ.get('LOCAL_WORLD_SIZE', 1))
if local_rank < torch.cuda.device_count():
    torch.cuda.set_device(local_rank)  # new here: the GPU that 'cuda' means from now on
args = helper.parse_args(epochs=3, lr=0.01)
device = args.device
if device.type == 'mps' or 0 < torch.cuda.device_count() < local_world_size:
    device = torch.device('cpu')

# %% Join the other processes
# torchrun starts this script several times and tells each process about the others in
# environment variables, which init_process_group reads. The backend is the library that
# sends the tensors, nccl between GPUs and gloo between CPUs. In your own script, you'd
# only need that one line. The function in helper.py does the same where it isn't
# enough: when this process is alone, because you didn't use torchrun, and when torchrun
# has started all processes again, because one of them died.
backend = 'gloo'
if device.type == 'cuda' and dist.is_nccl_available():
    backend = 'nccl'
under_torchrun = 'RANK' in os.environ
restarts = int(os.environ.get('TORCHELASTIC_RESTART_COUNT', 0))
if under_torchrun and restarts == 0:
    dist.init_process_group(backend)  # new here
else:
    helper.init_process_group(backend)

rank = dist.get_rank()              # the number of this process: 0, 1, 2, ...
world_size = dist.get_world_size()  # how many processes there are

batch_size = 120  # of all processes together
if batch_size % world_size != 0:
    dist.destroy_process_group()
    sys.exit(f'{world_size} processes cannot share {batch_size} images evenly')

# %% Data
# On each machine, one process downloads the data while the others wait. No process
# gets past a barrier until all of them have reached one.
if local_rank > 0:
    dist.barrier()  # new here
trainset, testset = helper.load_data('FashionMNIST', args)
if local_rank == 0:
    dist.barrier()

# The sampler puts the images into an order that's the same in all processes and deals
# it out like cards. If that doesn't come out even, it deals some images twice.
sampler = DistributedSampler(trainset, seed=args.seed)  # new here
trainloader = DataLoader(trainset, batch_size=batch_size // world_size, sampler=sampler)
testloader = DataLoader(testset, batch_size=1000)

# %% Model
# DistributedDataParallel gives all processes the weights of process 0. From then on,
# backward() also averages the gradients of all processes.
network = nn.Sequential(nn.Flatten(),
                        nn.Linear(784, 128), nn.ReLU(),
                        nn.Linear(128, 64), nn.ReLU(),
                        nn.Linear(64, 10)).to(device)
model = DistributedDataParallel(network)  # new here
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)

# %% Resume
# If this training run has been stopped, it continues after the last epoch that was
# saved. Only process 0 has the checkpoint, and it sends it to the others.
path = helper.ROOT / 'checkpoints' / '22_training.pth'
settings = [args.epochs, args.lr, args.seed, len(trainset)]
checkpoint = None
if rank == 0 and path.exists():
    checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    if checkpoint['settings'] != settings:
        checkpoint = None  # it's from a different training run
objects = [checkpoint]
dist.broadcast_object_list(objects)
checkpoint = objects[0]

done = 0
if checkpoint is not None:
    network.load_state_dict(checkpoint['model'])
    optimizer.load_state_dict(checkpoint['optimizer'])
    done = checkpoint['epochs']
    if rank == 0:
        print(f'Resuming after epoch {done}; to start over, delete {path}')

# %% Train
# set_epoch makes a new order for each epoch. Each process knows the loss of its own
# images only, and all_reduce replaces it by the sum over all processes. One process is
# enough to print and to save.
for epoch in range(done, args.epochs):
    sampler.set_epoch(epoch)  # new here
    model.train()
    train_loss = 0
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
        train_loss += loss.detach() * len(labels)
    dist.all_reduce(train_loss)  # new here
    train_loss = train_loss.item() / sampler.total_size
    if rank == 0:  # new here
        print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.4f}')
        checkpoint = {'settings': settings, 'epochs': epoch + 1,
                      'model': network.state_dict(),
                      'optimizer': optimizer.state_dict()}
        path.parent.mkdir(exist_ok=True)
        torch.save(checkpoint, f'{path}.part')
        os.replace(f'{path}.part', path)  # so path is never a file that's half written


# %% Test
# There are few test images, so process 0 goes through all of them, with the network
# itself, and the others wait.
def count_correct(model, loader, device):
    model.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            predicted = output.argmax(dim=1)
            correct += (predicted == labels).sum()
    return correct.item()


if rank == 0:
    correct = count_correct(network, testloader, device)
    accuracy = correct / len(testset)
    print(f'Test accuracy {accuracy:.1%}, {correct} of {len(testset)} images')
    path.unlink(missing_ok=True)  # so that the next run starts from scratch
dist.barrier()
dist.destroy_process_group()

# Try: add sys.stderr.write(f'{rank} {network[1].weight[0, 0]}\n') as the last line, and
# run two processes. (With print, their lines could mix.) Then also set `model =
# network`. Do the processes still have the same weights?
# Exercise: python exercises/check.py 22
