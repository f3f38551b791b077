"""
How fast is the course?
=======================

Measures on this machine, side by side in one run and several times in turn, and prints
medians, their spread, and how many times as long as the first way each takes. What
requirements-benchmark.txt beside this file lists is measured if it is installed.

Run: python tests/tools/benchmark.py --data-dir DIR  (where the real data lies)
     python tests/tools/benchmark.py --quick  (fewer images, one repetition)
"""

import argparse
import json
import os
import platform
import resource
import runpy
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import torch
from course import ROOT, lesson
from torch import nn, optim
from torch.utils.data import DataLoader, Subset, TensorDataset
from torchvision import datasets, models
from torchvision.transforms import v2

sys.path.insert(0, str(ROOT))
import helper

results = {}  # what --json writes: {title: {way: [seconds]}}


def compare(title, ways, repeat):
    """Call each of {name: function} in turn, `repeat` times; return {name: seconds}."""
    seconds = {name: [] for name in ways}
    for way in ways.values():
        way()  # warms up
    for _ in range(repeat):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    return show(title, seconds)


def show(title, seconds):
    """Print {name: [seconds]}, and return {name: median}."""
    results[title] = seconds
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(f'\n{title}')
    for name, values in seconds.items():
        times = medians[name] / next(iter(medians.values()))
        print(
            f'  {name:36} {medians[name]:8.3f} s  ({min(values):.3f} to '
            f'{max(values):.3f})  {times:6.2f} times',
            flush=True,
        )
    return medians


@contextmanager
def busy_cores():
    """As many spinning processes as there are cores."""
    spin = [
        subprocess.Popen([sys.executable, '-c', 'while True: pass'])
        for _ in range(os.cpu_count())
    ]
    try:
        yield
    finally:
        for process in spin:
            process.kill()
            process.wait()


# The epoch of lesson 13


def new_model():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def train(loader, device, threads=1):
    """Train for one epoch as lesson 13 does, with its network."""
    torch.set_num_threads(threads)
    model = new_model().to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=0.001, fused=True)
    model.train()
    train_loss = 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
        train_loss += loss.detach() * len(labels)
    train_loss.item()  # waits for a GPU, as lesson 13 does
    torch.set_num_threads(1)


def sklearn_epoch(images, labels):
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    model = MLPClassifier((128, 64), batch_size=64, max_iter=1, alpha=0)

    def epoch():
        with threadpool_limits(1):
            model.partial_fit(images, labels, classes=range(10))

    return epoch


def jax_epoch(images, labels):
    import jax
    import jax.numpy as jnp
    import numpy as np

    sizes = [784, 128, 64, 10]
    keys = jax.random.split(jax.random.key(7), 3)
    weights = [
        (jax.random.normal(key, pair) / pair[0] ** 0.5, jnp.zeros(pair[1]))
        for key, pair in zip(keys, zip(sizes, sizes[1:]))
    ]

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
            lambda w, m, v: (
                w - 0.001 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)
            ),
            weights,
            m,
            v,
        )
        return weights, m, v, value

    def epoch():
        state = [weights, *[jax.tree.map(jnp.zeros_like, weights)] * 2]
        order, total = np.random.permutation(len(images)), 0
        for t, i in enumerate(range(0, len(images), 64), 1):
            batch = order[i : i + 64]
            *state, value = step(*state, float(t), images[batch], labels[batch])
            total += float(value)

    return epoch


def compiled_epoch(images, labels, threads):
    """The whole step, with Adam written out, as one compiled function."""
    model = new_model()
    weights = {name: p.detach() for name, p in model.named_parameters()}
    m, v = ({name: torch.zeros_like(w) for name, w in weights.items()} for _ in 'mv')
    t = torch.zeros(())

    def loss(weights, x, y):
        return nn.functional.nll_loss(torch.func.functional_call(model, weights, x), y)

    @torch.compile
    def step(x, y):
        grads, value = torch.func.grad_and_value(loss)(weights, x, y)
        t.add_(1)
        for name, w in weights.items():
            m[name].mul_(0.9).add_(grads[name], alpha=0.1)
            v[name].mul_(0.999).addcmul_(grads[name], grads[name], value=0.001)
            w.sub_(
                0.001
                * (m[name] / (1 - 0.9**t))
                / ((v[name] / (1 - 0.999**t)).sqrt() + 1e-8)
            )
        return value

    def epoch():
        torch.set_num_threads(threads)
        total = 0
        for rows in torch.randperm(len(images)).split(64):
            total += step(images[rows], labels[rows]).item()
        torch.set_num_threads(1)

    return epoch


def measure_epochs(args):
    def loader(dataset):
        return DataLoader(dataset, batch_size=64, shuffle=True)

    trainset, _ = helper.load_data('FashionMNIST', args)
    if args.quick:
        trainset = Subset(trainset, range(6000))
    count = len(trainset)
    images, labels = next(iter(DataLoader(trainset, batch_size=count)))
    transform = v2.Compose(
        [
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.2860], [0.3530]),
        ]
    )
    usual = Subset(
        datasets.FashionMNIST(
            helper.find_data('FashionMNIST', args), transform=transform
        ),
        range(count),
    )
    loaders = {
        'course': loader(trainset),
        'batches cut beforehand': list(DataLoader(trainset, batch_size=64)),
        'DataLoader(TensorDataset)': loader(TensorDataset(images, labels)),
        "torchvision's way": loader(usual),
    }
    ways = {
        name: lambda part=part: train(part, args.device)
        for name, part in loaders.items()
    }
    ways['the step compiled'] = compiled_epoch(images, labels, args.threads)
    for name, peer in (
        ('scikit-learn', sklearn_epoch),
        ('JAX, with its own threads', jax_epoch),
    ):
        try:
            ways[name] = peer(images.flatten(1).numpy(), labels.numpy())
        except ImportError:
            print(f'{name} is not installed')
    compare(f'An epoch of lesson 13, {count} images', ways, args.repeat)

    short = loader(Subset(trainset, range(6000)))  # two threads on busy cores are slow
    ways = {
        f'{threads} thread(s)': lambda threads=threads: train(
            short, args.device, threads
        )
        for threads in sorted({1, args.threads})
    }
    compare('6000 images, quiet', ways, args.repeat)
    with busy_cores():
        compare('6000 images, all cores busy', ways, min(args.repeat, 3))
    sizes = [count // 10, count // 5, count // 2, count]
    parts = {size: loader(Subset(trainset, range(size))) for size in sizes}
    seconds = compare(
        'How an epoch grows',
        {
            size: lambda part=part: train(part, args.device)
            for size, part in parts.items()
        },
        args.repeat,
    )
    for size, median in seconds.items():
        print(f'  {size:6} images: {median / size * 1e6:.1f} microseconds per image')


# Start-up


def measure_starts(args):
    def start(*command):
        return lambda: subprocess.run(
            [sys.executable, *map(str, command)],
            cwd=ROOT,
            env={**os.environ, 'MPLBACKEND': 'agg'},
            capture_output=True,
            check=True,
        )

    compare(
        'Start to end',
        {
            'import torch': start('-c', 'import torch'),
            'import helper': start('-c', 'import helper'),
            '0': start(lesson(0)),
            '1': start(lesson(1), '--figures', 'none'),
            '8': start(lesson(8)),
        },
        args.repeat,
    )


# Photos: lesson 21's features, and lesson 20's usual way


def measure_photos(args):
    program = SimpleNamespace(**runpy.run_path(str(lesson(21)), run_name='lesson'))
    root = helper.find_photos(args)
    photos = datasets.ImageFolder(
        root / 'train', program.TRANSFORM, loader=helper.open_photo
    )
    everything = len(photos) + len(datasets.ImageFolder(root / 'test'))
    count = min(32 if args.quick else 128, len(photos))
    photos.samples = photos.samples[:: len(photos) // count][:count]
    paths = [path for path, _ in photos.samples]
    torch.set_num_threads(args.threads)
    body = models.densenet121(weights=None)
    body.classifier = nn.Identity()
    body = body.eval().requires_grad_(False).to(args.device)
    head = program.new_classifier(photos.classes).to(args.device)
    optimizer = optim.Adam(head.parameters(), lr=args.lr, fused=True)
    images = torch.stack([photos[i][0] for i in range(count)])
    criterion = nn.CrossEntropyLoss()

    def compute(some):
        return program.compute_features(some, None, args)

    def from_memory(enabled):
        body.to(memory_format=last)
        with (
            torch.no_grad(),
            torch.autocast(args.device.type, torch.bfloat16, enabled=enabled),
        ):
            for batch in images.split(32):
                body(batch.to(args.device, memory_format=last)).sum().item()

    def usual():  # photos through body and head, as in each epoch of lesson 20
        body.to(memory_format=torch.contiguous_format)
        for batch, labels in DataLoader(photos, batch_size=32, shuffle=True):
            batch, labels = batch.to(args.device), labels.to(args.device)
            optimizer.zero_grad()
            criterion(head(body(batch)), labels).backward()
            optimizer.step()

    stored = TensorDataset(torch.rand(count, 1024), torch.zeros(count).long())
    fast, last = program.has_bfloat16(args.device), torch.channels_last
    dtype = 'bfloat16' if fast else 'float32'
    few, quick = paths[:4], SimpleNamespace(**vars(args) | {'epochs': 10})

    def ten_epochs():
        with redirect_stdout(None):
            program.train(head, stored, criterion, quick)

    seconds = compare(
        f'DenseNet121, {count} photos',
        {
            'lesson 21: features': lambda: compute(paths),
            f'from memory, {dtype}': lambda: from_memory(fast),
            'from memory, float32': lambda: from_memory(False),
            "lesson 20's usual way, one epoch": usual,
            'ten epochs on features': ten_epochs,
            f'--predict, {len(few)} photos': lambda: compute(few),
        },
        1 if args.quick else min(args.repeat, 3),
    )
    features, *_, epoch, ten, _ = seconds.values()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f'  {features / count * 1000:.1f} ms per photo, peak memory {peak:.0f} MiB')
    once = features * everything / count
    usual, quick = 10 * epoch * everything / count, ten * everything / count
    print(
        f'  Ten epochs on {everything} photos, worked out: usual way {usual:.0f} s, '
        f'features once {once:.0f} s, then {quick:.1f} s: '
        f'{usual / (once + quick):.1f} times faster'
    )
    torch.set_num_threads(1)


# Lesson 22 in one process and in several, lesson 24's model in onnxruntime


def measure_processes(args):
    given = ['--data', args.data, '--data-dir', args.data_dir, '--figures', 'none']
    given += ['--epochs', 1] * args.quick

    def start(count):
        many = ['-m', 'torch.distributed.run', '--standalone', '--nproc-per-node']
        command = [*[*many, count] * (count > 1), lesson(22), *given]
        return lambda: subprocess.run(
            [sys.executable, *map(str, command)],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )

    compare(
        'Lesson 22, start to end',
        {f'{count} process(es)': start(count) for count in (1, 2)},
        args.repeat,
    )


def measure_export(args):
    import onnxruntime

    torch.set_num_threads(args.threads)
    model, file = models.densenet121(weights=None).eval(), ROOT / 'figures/model.onnx'
    file.parent.mkdir(exist_ok=True)
    photos = torch.rand(8, 3, 224, 224)
    torch.onnx.export(model, (photos,), file, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(file, providers=['CPUExecutionProvider'])
    name = session.get_inputs()[0].name
    file.unlink()

    def eager():
        with torch.no_grad():
            model(photos)

    compare(
        'DenseNet121, 8 photos',
        {
            'torch': eager,
            'onnxruntime': lambda: session.run(None, {name: photos.numpy()}),
        },
        args.repeat,
    )
    torch.set_num_threads(1)


def measure_referee(args):
    """The time of the processor, which the script measures itself, after the imports."""
    script = ROOT / 'tests/programs/watched/small_network.py'
    for epochs in (1, 3):
        seconds = {'alone': [], 'with the referee': []}
        for _ in range(args.repeat):
            for name, referee in (('alone', []), ('with the referee', ['referee'])):
                command = [sys.executable, *referee, script, str(epochs)]
                result = subprocess.run(
                    command,
                    cwd=ROOT,
                    env={**os.environ, 'OMP_NUM_THREADS': '1'},
                    capture_output=True,
                    text=True,
                    check=True,
                )
                seconds[name].append(float(result.stdout.splitlines()[0]))
        show(f'A small network, {epochs} epochs', seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--repeat', type=int, default=5)
    parser.add_argument('--quick', action='store_true', help='once, with less')
    parser.add_argument(
        '--only',
        choices=['epochs', 'starts', 'photos', 'processes', 'export', 'referee'],
    )
    parser.add_argument('--workers', type=int, default=0 if os.cpu_count() < 4 else 2)
    parser.add_argument('--json', type=Path, help='write the seconds to this file')
    args = helper.parse_args(parser, threads=None, lr=0.001)
    args.repeat = 1 if args.quick else args.repeat
    torch.set_num_threads(1)
    machine = {
        'processor': platform.processor() or platform.machine(),
        'cores': os.cpu_count(),
        'python': platform.python_version(),
        'torch': torch.__version__,
        'device': str(args.device),
        'threads': f'1, and {args.threads} for photos',
    }
    print(', '.join(f'{name} {value}' for name, value in machine.items()))
    for name, measure in (
        ('epochs', measure_epochs),
        ('starts', measure_starts),
        ('photos', measure_photos),
        ('processes', measure_processes),
        ('export', measure_export),
        ('referee', measure_referee),
    ):
        if args.only in (None, name):
            measure(args)
    if args.json:
        args.json.write_text(json.dumps({'machine': machine, 'seconds': results}))


if __name__ == '__main__':
    main()
