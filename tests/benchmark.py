"""
How fast is the course?
=======================

Measures on this machine, side by side and several times in turn, and prints medians.

Run: python tests/benchmark.py
     python tests/benchmark.py --data-dir DIR  (where the real data lies)
"""
import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import helper


def train_epoch(trainloader, device):
    """One epoch of lesson 11's training; returns its seconds."""
    model = nn.Sequential(nn.Flatten(),
                          nn.Linear(784, 128), nn.ReLU(),
                          nn.Linear(128, 64), nn.ReLU(),
                          nn.Linear(64, 10)).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    start, train_loss = time.perf_counter(), 0
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * len(labels)
    return time.perf_counter() - start


def torchvision_loader(args):
    """The usual way: each image is read and transformed again in every epoch."""
    transform = transforms.Compose([transforms.ToTensor(),
                                    transforms.Normalize((0.5,), (0.5,))])
    trainset = datasets.MNIST(helper.find_data('MNIST', args), transform=transform)
    return DataLoader(trainset, batch_size=64, shuffle=True)


@contextmanager
def busy_cores():
    """As many spinning processes as there are cores."""
    spin = [subprocess.Popen([sys.executable, '-c', 'while True: pass'])
            for _ in range(os.cpu_count())]
    try:
        yield
    finally:
        for process in spin:
            process.kill()
            process.wait()


def print_row(what, seconds, base):
    median, ratio = statistics.median(seconds), statistics.median(base)
    print(f'{what:34} {median:8.2f} s  {min(seconds):6.2f} to {max(seconds):6.2f}'
          f'  {median / ratio:6.2f} times')


def compare_epochs(args):
    device = helper.get_device(args.device)
    usual = torchvision_loader(args)
    trainset, _ = helper.load_mnist(args)
    course = helper.get_loader(trainset, batch_size=64, shuffle=True)
    ways = {'course': course, 'torchvision, transformed each time': usual}
    seconds = {way: [] for way in ways}
    for _ in range(args.repeat):
        for way, loader in ways.items():
            seconds[way].append(train_epoch(loader, device))
    with busy_cores():
        seconds['course, all cores busy'] = [
            train_epoch(course, device) for _ in range(args.repeat)]
    print(f'\nOne epoch of lesson 11, {len(trainset):,} images:')
    for way, values in seconds.items():
        print_row(way, values, seconds['course'])


def compare_starts(args):
    commands = {'import torch': ['-c', 'import torch']}
    for number in ('0', '1', '2', '3', '5', '5_1', '8'):
        path = next(path for path in ROOT.glob(f'codes/{number}_*.py')
                    if not path.name.startswith('5_1') or number == '5_1')
        commands[path.name] = [path]
    seconds = {name: [] for name in commands}
    for _ in range(args.repeat + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], capture_output=True)
            seconds[name].append(time.perf_counter() - start)
    print('\nStart to end:')
    for name, values in seconds.items():
        print_row(name, values[1:], seconds['import torch'][1:])  # the first warms up


def main():
    parser = argparse.ArgumentParser(description='How fast is the course?')
    parser.add_argument('--data-dir', type=Path, default=ROOT / 'data')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--repeat', type=int, default=5)
    args = parser.parse_args()
    args.data = 'auto'
    torch.set_num_threads(1)
    print(f'{platform.machine()}, {os.cpu_count()} cores, Python '
          f'{platform.python_version()}, torch {torch.__version__}, '
          f'{torch.get_num_threads()} thread')
    compare_epochs(args)
    compare_starts(args)


if __name__ == '__main__':
    main()
