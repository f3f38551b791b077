"""
How fast is the course?
=======================

Measures on this machine, side by side in one run and several times in turn, and prints
medians, their spread, and how many times as long as the course's way each takes. What
tests/requirements-benchmark.txt lists is measured as well, if it is installed.

Run: python tests/benchmark.py --data-dir DIR  (where the real data lies)
     python tests/benchmark.py --quick  (fewer images, one repetition)
"""
import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from course import ROOT, lesson
from torch import nn, optim
from torch.utils.data import DataLoader, Subset, TensorDataset
from torchvision import datasets, transforms

sys.path.insert(0, str(ROOT))
import helper

results = {}  # what --json writes: {title: {way: [seconds]}}


class Classifier(nn.Module):
    """The network of lesson 13."""

    def __init__(self):
        super().__init__()
        self.hidden1 = nn.Linear(784, 128)
        self.hidden2 = nn.Linear(128, 64)
        self.output = nn.Linear(64, 10)

    def forward(self, x):
        x = x.view(x.shape[0], -1)
        x = F.relu(self.hidden1(x))
        x = F.relu(self.hidden2(x))
        return F.log_softmax(self.output(x), dim=1)


def deep_network():
    """The network of lesson 15."""
    return nn.Sequential(nn.Flatten(),
                         nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(),
                         nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10),
                         nn.LogSoftmax(dim=1))


def train_epoch(loader, device, network=Classifier, fused=True):
    """Train for one epoch as the lessons do; returns its seconds."""
    model = network().to(device)
    criterion = nn.NLLLoss()
    optimizer = optim.Adam(model.parameters(), lr=0.001, fused=fused)
    start, train_loss = time.perf_counter(), 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * len(labels)
    return time.perf_counter() - start


def compare(title, ways, repeat, base=None):
    """Call each of {name: function that returns seconds} in turn, `repeat` times."""
    seconds = {name: [] for name in ways}
    for way in ways.values():
        way()  # warms up
    for _ in range(repeat):
        for name, way in ways.items():
            seconds[name].append(way())
    report(title, seconds, base)
    return seconds


def report(title, seconds, base=None):
    results[title] = seconds
    base = statistics.median(seconds[base or next(iter(seconds))])
    print(f'\n{title}')
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f'  {name:38} {median:8.3f} s  ({min(values):.3f} to {max(values):.3f})'
              f'  {median / base:6.2f} times', flush=True)


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


# The epoch


def sklearn_epoch(trainset):
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    images, labels = trainset.tensors[0].flatten(1).numpy(), trainset.tensors[1].numpy()
    model = MLPClassifier((128, 64), batch_size=64, max_iter=1, alpha=0)

    def epoch():
        with threadpool_limits(1):
            start = time.perf_counter()
            model.partial_fit(images, labels, classes=range(10))
            return time.perf_counter() - start
    return epoch


def jax_epoch(trainset):
    import jax
    import jax.numpy as jnp
    import numpy as np

    images, labels = trainset.tensors[0].flatten(1).numpy(), trainset.tensors[1].numpy()
    sizes = [784, 128, 64, 10]
    keys = jax.random.split(jax.random.key(7), 3)
    weights = [(jax.random.normal(key, pair) / pair[0] ** 0.5, jnp.zeros(pair[1]))
               for key, pair in zip(keys, zip(sizes, sizes[1:]))]

    def loss(weights, x, y):
        for w, b in weights[:-1]:
            x = jax.nn.relu(x @ w + b)
        log_ps = jax.nn.log_softmax(x @ weights[-1][0] + weights[-1][1])
        return -log_ps[jnp.arange(len(y)), y].mean()

    @jax.jit
    def step(weights, m, v, t, x, y):  # Adam
        value, grads = jax.value_and_grad(loss)(weights, x, y)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
        weights = jax.tree.map(
            lambda w, m, v: w - 0.001 * (m / (1 - 0.9**t))
            / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), weights, m, v)
        return weights, m, v, value

    def epoch():
        state = [weights, *[jax.tree.map(jnp.zeros_like, weights)] * 2]
        order = np.random.permutation(len(images))
        start, total = time.perf_counter(), 0
        for t, i in enumerate(range(0, len(images), 64), 1):
            batch = order[i:i + 64]
            *state, value = step(*state, float(t), images[batch], labels[batch])
            total += float(value)
        return time.perf_counter() - start
    return epoch


def course_loader(trainset):
    return helper.get_loader(trainset, batch_size=64, shuffle=True)


def torchvision_loader(args, count):
    """The lecture's way: each image is read and transformed again in every epoch."""
    transform = transforms.Compose([transforms.ToTensor(),
                                    transforms.Normalize((0.5,), (0.5,))])
    trainset = datasets.FashionMNIST(helper.find_data('FashionMNIST', args),
                                     transform=transform)
    return DataLoader(Subset(trainset, range(count)), batch_size=64, shuffle=True)


def measure_epochs(args):
    device = helper.get_device(args.device)
    trainset, _ = helper.load_fashion_mnist(args)
    if args.quick:
        trainset = TensorDataset(*trainset[:6000])
    usual = torchvision_loader(args, len(trainset))
    course = course_loader(trainset)
    cut = list(DataLoader(trainset, batch_size=64))
    ways = {'course': lambda: train_epoch(course, device),
            'batches cut beforehand (the floor)': lambda: train_epoch(cut, device),
            "lecture's way": lambda: train_epoch(usual, device, fused=False)}
    for name, peer in (('scikit-learn', sklearn_epoch),
                       ('JAX, with its own threads', jax_epoch)):
        try:
            ways[name] = peer(trainset)
        except ImportError:
            print(f'{name} is not installed')
    compare(f'An epoch of lesson 13, {len(trainset)} images', ways, args.repeat)
    compare('An epoch of lesson 15', {
        'course': lambda: train_epoch(course, device, deep_network),
        "lecture's way": lambda: train_epoch(usual, device, deep_network, fused=False)},
        1 if args.quick else 3)
    some = TensorDataset(*trainset[:6000])  # two threads take long on busy cores
    short = course_loader(some)

    def with_threads(count):
        torch.set_num_threads(count)
        try:
            return train_epoch(short, device)
        finally:
            torch.set_num_threads(1)

    quiet = compare('6000 images of it', {'quiet': lambda: with_threads(1)},
                    args.repeat)
    with busy_cores():
        seconds = compare('6000 images of it, with all cores busy', {
            'course, one thread': lambda: with_threads(1),
            f"torch's default, {args.default_threads} threads":
            lambda: with_threads(args.default_threads)}, min(args.repeat, 3))
    report('Quiet and busy', {**quiet, **seconds})
    sizes = (600, 1200, 3000, 6000) if args.quick else (6000, 12000, 30000, 60000)
    parts = {count: course_loader(TensorDataset(*trainset[:count])) for count in sizes}
    seconds = compare('How an epoch grows', {
        f'{count} images': lambda part=part: train_epoch(part, device)
        for count, part in parts.items()}, args.repeat)
    for count, values in zip(sizes, seconds.values()):
        print(f'  {count:6} images: {statistics.median(values) / count * 1e6:.1f} '
              'microseconds per image')


# Start-up


def measure_starts(args):
    def seconds(*command):
        def start():
            begin = time.perf_counter()
            subprocess.run([sys.executable, *map(str, command)], capture_output=True,
                           cwd=ROOT, check=True)
            return time.perf_counter() - begin
        return start

    compare('Start to end', {
        'import torch': seconds('-c', 'import torch'),
        'import helper': seconds('-c', 'import helper'),
        **{lesson(n).name: seconds(lesson(n)) for n in (0, 1, 8)}}, args.repeat)


# Photos


def measure_photos(args):
    import runpy

    program = SimpleNamespace(**runpy.run_path(str(lesson(21)), run_name='lesson'))
    device = helper.get_device(args.device)
    root = helper.find_photos(args)
    transform = program.WEIGHTS['densenet121'].transforms()
    photos = helper.photo_set(root, 'train', transform)
    count = min(32 if args.quick else 128, len(photos))
    some = photos.samples[::len(photos) // count][:count]
    photos.samples, photos.targets = some, [label for _, label in some]
    torch.set_num_threads(args.default_threads)
    body = program.build_body('densenet121', None, 7, device)

    def features(part):
        options = SimpleNamespace(device=args.device, workers=args.workers)
        start = time.perf_counter()
        program.compute_features(part, body, options)
        return time.perf_counter() - start

    print('\nHow the features grow')
    for number in (8, 16, 32) if args.quick else (100, 200, 400, 800):
        part = helper.photo_set(root, 'train', transform)
        part.samples, part.targets = part.samples[:number], part.targets[:number]
        seconds = features(part)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f'  {len(part):4} photos: {seconds / len(part) * 1000:.1f} ms per photo, '
              f'peak memory {peak:.0f} MiB', flush=True)
    images = torch.stack([photos[i][0] for i in range(count)])
    repeat = 1 if args.quick else min(args.repeat, 3)

    def forward(batches, dtype=torch.float32, layout=torch.channels_last):
        def run():
            start, total = time.perf_counter(), 0
            with torch.no_grad(), torch.autocast(device.type, torch.bfloat16,
                                                 enabled=dtype == torch.bfloat16):
                for batch in batches:
                    batch = batch.to(device, memory_format=layout)
                    total += body(batch).float().sum().item()
            return time.perf_counter() - start
        return run

    batches = images.split(32)
    fast = torch.bfloat16 if program.has_bfloat16(device) else torch.float32
    plain = program.build_body('densenet121', None, 7, device).to(
        memory_format=torch.contiguous_format)

    def contiguous():
        start = time.perf_counter()
        with torch.no_grad():
            for batch in batches:
                plain(batch.to(device)).sum().item()
        return time.perf_counter() - start

    seconds = compare(f'DenseNet121, {count} photos', {
        f'from memory, {fast}, channels_last': forward(batches, fast),
        'lesson 21: read, transformed, computed': lambda: features(photos),
        'from memory, float32, channels_last': forward(batches),
        'from memory, float32': contiguous}, repeat)
    once = statistics.median(list(seconds.values())[1])
    print(f'  {count / once:.1f} photos per second with reading')
    tests = len(helper.photo_set(root, 'test', transform))
    measure_lecture(program, photos, body, device, once / count, tests)
    torch.set_num_threads(1)


def measure_lecture(program, photos, body, device, once, tests):
    """Ten epochs on all photos of the folder, worked out from the times of some.

    The lecture sends every photo through the body in every epoch, in float32, and the
    whole test set after every five steps; lesson 20's usual way validates once in an
    epoch, on a fifth as many photos as it trains with.
    once: seconds for the features of one photo. tests: number of test photos.
    """
    head = program.build_head(1024, photos.classes).to(device)
    optimizer = optim.Adam(head.parameters(), lr=0.001)
    plain = body.to(memory_format=torch.contiguous_format)
    count, n = len(photos), sum(len(files) for *_, files in os.walk(photos.root))

    def epoch(model, loader):
        start = time.perf_counter()
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
        return (time.perf_counter() - start) / count

    train = epoch(nn.Sequential(plain, head), DataLoader(photos, 32, shuffle=True))
    start = time.perf_counter()
    with torch.no_grad():
        for images, _ in DataLoader(photos, 32):
            head(plain(images.to(device))).sum().item()
    test = (time.perf_counter() - start) / count
    body.to(memory_format=torch.channels_last)
    stored = TensorDataset(torch.rand(count, 1024), torch.tensor(photos.targets))
    quick = epoch(head, helper.get_loader(stored, 32, shuffle=True))

    lecture = 10 * (n * train + n / 32 / 5 * tests * test)
    ways = {"lecture's loop": lecture,
            "lesson 20's usual way": 10 * (0.8 * n * train + 0.2 * n * test),
            'features once, then ten epochs': (n + tests) * once + 10 * n * quick,
            'ten epochs on features from disk': 10 * n * quick}
    print(f'\nTen epochs on {n} photos, {tests} for testing, worked out from {count}')
    for name, seconds in ways.items():
        print(f'  {name:38} {seconds:8.2f} s  {lecture / seconds:8.1f} times faster')
    results['ten epochs'] = {name: [seconds] for name, seconds in ways.items()}


def main():
    parser = argparse.ArgumentParser(description='How fast is the course?')
    parser.add_argument('--data-dir', type=Path, default=ROOT / 'data')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--repeat', type=int, default=5)
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--only', choices=['epochs', 'starts', 'photos'])
    parser.add_argument('--json', type=Path, help='write the seconds to this file')
    args = parser.parse_args()
    args.data, args.seed = 'auto', 7
    args.workers = 0 if os.cpu_count() < 4 else 2
    args.repeat = 1 if args.quick else args.repeat
    args.default_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    machine = {'processor': platform.processor() or platform.machine(),
               'cores': os.cpu_count(), 'python': platform.python_version(),
               'torch': torch.__version__, 'device': args.device,
               'threads': f'1, and {args.default_threads} for photos'}
    print(', '.join(f'{name} {value}' for name, value in machine.items()))
    for name, measure in (('epochs', measure_epochs), ('starts', measure_starts),
                          ('photos', measure_photos)):
        if args.only in (None, name):
            measure(args)
    if args.json:
        args.json.write_text(json.dumps({'machine': machine, 'seconds': results}))


if __name__ == '__main__':
    main()
