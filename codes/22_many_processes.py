"""
Distributed training
====================

New here: several processes, copies of this script, share one training run, with a GPU
or a CPU core for each. Each process has the whole network and computes its share of
every batch; then they average their gradients. So all of them take the same step that
one process would take with the whole batch.

Before: 21_full_transfer_learning.py  Next: 23_faster.py
Notes: notes/distributed_training.md
Run: python codes/22_many_processes.py
     torchrun --standalone --nproc-per-node 2 codes/22_many_processes.py
     on two machines, the first called FIRST (the second with --node-rank 1):
     torchrun --nnodes 2 --node-rank 0 --master-addr FIRST codes/22_many_processes.py
It ends with the same accuracy, up to rounding, however many processes there are.
"""
import os
import sys
from datetime import timedelta

os.environ['TORCH_CPP_LOG_LEVEL'] = 'FATAL'  # otherwise errors are printed twice
import torch
import torch.distributed as dist
from torch import nn, optim
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

# %% Processes
# torchrun tells each process its rank (0, 1, 2, ...) and how many processes there are,
# which is called the world size; the local values count only the processes of this
# machine. Only the process of rank 0 prints and saves.
rank, world = int(os.environ.get('RANK', 0)), int(os.environ.get('WORLD_SIZE', 1))
local_rank = int(os.environ.get('LOCAL_RANK', 0))
local_world = int(os.environ.get('LOCAL_WORLD_SIZE', 1))
sys.stdout = sys.stdout if rank == 0 else open(os.devnull, 'w')
if torch.cuda.device_count() > local_rank:
    torch.cuda.set_device(local_rank)  # the GPU that 'cuda' means from here on
args = helper.parse_args(epochs=3, lr=0.01)
device, batch_size = args.device, 120
if device.type == 'mps' or 0 < torch.cuda.device_count() < local_world:
    device = torch.device('cpu')  # a GPU for each process, or none
if batch_size % world:
    sys.exit(f'{world} processes cannot share a batch of {batch_size} images evenly')
# The processes find each other through a store. If one dies, torchrun --max-restarts 3
# restarts all of them; the prefix hides the dead processes' addresses from the new
# ones.
store = dist.HashStore()
if world > 1:
    store, *_ = next(dist.rendezvous('env://', timeout=timedelta(seconds=20)))
    store.set_timeout(timedelta(minutes=10))  # a download may take long
store = dist.PrefixStore(os.environ.get('TORCHELASTIC_RESTART_COUNT', '0'), store)
backend = 'nccl' if device.type == 'cuda' and dist.is_nccl_available() else 'gloo'
dist.init_process_group(backend, store=store, rank=rank, world_size=world,
                        timeout=timedelta(minutes=10))

# %% Data
# On each machine, one process downloads the data while the others wait in all_reduce,
# which sums a tensor over all processes. The sampler makes one order for all and deals
# it out like cards.
if local_rank > 0:
    dist.all_reduce(torch.zeros(1, device=device))
trainset, testset = helper.load_data('FashionMNIST', args)
if local_rank == 0:
    dist.all_reduce(torch.zeros(1, device=device))
sampler = DistributedSampler(trainset, seed=args.seed)
trainloader = DataLoader(trainset, batch_size=batch_size // world, sampler=sampler)
testloader = DataLoader(testset, batch_size=1000)

# %% Model
# With DistributedDataParallel around it, backward() averages the gradients.
network = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(),
                        nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)).to(device)
model = DistributedDataParallel(network)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
# A training run that was stopped resumes where it was. Process 0 has the checkpoint.
path, done = helper.ROOT / 'checkpoints' / '22_training.pth', 0
settings = [args.epochs, args.lr, args.seed, len(trainset)]
kept = [torch.load(path, map_location='cpu', weights_only=True)
        if rank == 0 and path.exists() else {}]
dist.broadcast_object_list(kept)
if kept[0].get('settings') == settings:
    done = kept[0]['epochs']
    print(f'Resuming after epoch {done}; to start over, delete {path}')
    network.load_state_dict(kept[0]['model'])
    optimizer.load_state_dict(kept[0]['optimizer'])

# %% Train
# set_epoch makes a new order for each epoch.
for epoch in range(done, args.epochs):
    sampler.set_epoch(epoch)
    train_loss = torch.zeros((), device=device)
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * len(labels)
    dist.all_reduce(train_loss.div_(len(trainset)))
    print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.4f}')
    if rank == 0:
        path.parent.mkdir(exist_ok=True)
        now = {'model': network.state_dict(), 'optimizer': optimizer.state_dict()}
        torch.save({'settings': settings, 'epochs': epoch + 1, **now}, f'{path}.part')
        os.replace(f'{path}.part', path)

# %% Test
# There are few test images, so each process goes through all of them.
model.eval()
correct = 0
with torch.no_grad():
    for images, labels in testloader:
        images, labels = images.to(device), labels.to(device)
        output = model(images)
        correct += (output.argmax(dim=1) == labels).sum().item()
print(f'Test accuracy {correct / len(testset):.1%}, {correct} of {len(testset)} images')
if rank == 0:
    path.unlink(missing_ok=True)  # so that the next run starts from scratch
dist.destroy_process_group()

# Try: add sys.stderr.write(f'{rank} {network[1].weight[0, 0]}\n') as the last line, and
# run two processes. (With print, their lines could mix.) Then also set `model =
# network`. Do the processes still have the same weights?
# Exercise: python exercises/check.py 22
