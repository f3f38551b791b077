"""
The pictures of the lecture notes
=================================

    python docs/draw_pictures.py                  draws docs/pictures/*.png
    python docs/draw_pictures.py --measure DIR    first trains on the real images in DIR

Each picture is a function: it draws the file that bears its name and returns the
numbers it shows. torch computes them, except those that take minutes of training:
--measure writes these to docs/pictures/numbers.json, and the pictures read them there.
"""

import argparse
import copy
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import torch
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, random_split
from torchvision import datasets, models

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / 'docs' / 'pictures'
NUMBERS = PICTURES / 'numbers.json'
BLUE, ORANGE, SKY = 'tab:blue', 'tab:orange', 'skyblue'
GRAY, LIGHT = 'gray', 'lightgray'


# Tools: an empty sheet, plots side by side, circles, arrows, saving


def plots(columns, width=8, height=3, **options):
    """A figure and its plots, side by side."""
    fig = Figure(figsize=(width, height), layout='constrained')
    axes = fig.subplots(1, columns, **options)
    for ax in fig.axes:
        ax.spines[['top', 'right']].set_visible(False)
    return fig, axes


def sheet(width, height, right, top):
    """A figure and its one plot, from (0, 0) to (right, top), without axes."""
    fig, ax = plots(1, width, height)
    ax.set(xlim=(0, right), ylim=(0, top))
    ax.axis('off')
    return fig, ax


def circle(ax, x, y, text='', color=BLUE, size=1100):
    ax.scatter(x, y, s=size, facecolor='white', edgecolor=color, linewidth=2, zorder=2)
    ax.text(x, y, text, ha='center', va='center')


def arrow(ax, start, end, color=GRAY, bend=0, shrink=(19, 19)):
    """An arrow that stays `shrink` points away from its two ends."""
    style = {
        'arrowstyle': '-|>',
        'color': color,
        'shrinkA': shrink[0],
        'shrinkB': shrink[1],
        'connectionstyle': f'arc3,rad={bend}',
    }
    ax.annotate('', end, start, arrowprops=style, zorder=1)


def note(ax, x, y, text, color='black', edge='none'):
    """Text centered at a point, on white, so that lines do not cross it."""
    box = {'facecolor': 'white', 'edgecolor': edge, 'boxstyle': 'round,pad=0.3'}
    ax.text(x, y, text, color=color, bbox=box, ha='center', va='center')


def ink(color):
    """What can be read on that color."""
    return 'black' if color in (ORANGE, SKY) else 'white'


def save(fig, folder, name):
    fig.savefig(folder / f'{name}.png', dpi=120, metadata={'Software': None})


def measured(key):
    return json.loads(NUMBERS.read_text(encoding='utf-8'))[key]


# Pictures that are computed on the spot


def neuron(folder):
    torch.manual_seed(7)
    x, w = torch.randn(2, 3).round(decimals=1)
    bias = torch.randn(1).round(decimals=1)
    total = (x * w).sum() + bias
    output = torch.sigmoid(total)
    fig, ax = sheet(8, 3.4, 10, 4.2)
    for i, y in enumerate((3.6, 2.2, 0.8)):
        circle(ax, 1.2, y, f'{x[i]:.1f}')
        arrow(ax, (1.2, y), (4.6, 2.2))
        note(ax, 2.9, y + (2.2 - y) / 2, f'× ({w[i]:.1f})', ORANGE)
    arrow(ax, (4.6, 3.75), (4.6, 2.2), shrink=(9, 19))
    note(ax, 4.6, 3.75, f'bias {bias.item():+.1f}', ORANGE)
    circle(ax, 4.6, 2.2, f'{total.item():.2f}')
    arrow(ax, (4.6, 2.2), (6.9, 2.2), shrink=(19, 30))
    circle(ax, 6.9, 2.2, 'sigmoid', GRAY, 2600)
    arrow(ax, (6.9, 2.2), (9.1, 2.2), shrink=(30, 19))
    circle(ax, 9.1, 2.2, f'{output.item():.2f}')
    for place, text in (
        (1.2, 'inputs'),
        (2.9, 'weights'),
        (4.6, 'sum, plus bias'),
        (6.9, 'activation'),
        (9.1, 'output'),
    ):
        note(ax, place, 0.1, text, ORANGE if text == 'weights' else 'black')
    save(fig, folder, 'neuron')
    return {
        'x': x.tolist(),
        'w': w.tolist(),
        'bias': bias.item(),
        'sum': total.item(),
        'output': output.item(),
    }


def network(folder):
    layers = [nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 2)]
    sizes = [layers[0].in_features] + [layer.out_features for layer in layers]
    shapes = [list(layer.weight.shape) for layer in layers]
    places = [
        [(1.2 + 2.6 * i, 2.7 + 0.85 * (k - (size - 1) / 2)) for k in range(size)]
        for i, size in enumerate(sizes)
    ]
    fig, ax = sheet(8, 4, 10.2, 5.2)
    names = ('inputs', 'hidden layer', 'hidden layer', 'outputs\n(logits)')
    for name, column in zip(names, places):
        for x, y in column:
            circle(ax, x, y, size=500, color=GRAY if name == 'inputs' else BLUE)
        note(ax, x, 4.8, name)
    for left, right, shape in zip(places, places[1:], shapes):
        for start in left:
            for end in right:
                arrow(ax, start, end, shrink=(13, 13))
        note(ax, (left[0][0] + right[0][0]) / 2, 0.45, f'nn.Linear\nweight {shape}')
    start, end = places[0][-1], places[1][-1]
    arrow(ax, start, end, color=ORANGE, shrink=(13, 13))
    note(ax, (start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + 0.35, 'weight', ORANGE)
    save(fig, folder, 'network')
    return {'sizes': sizes, 'shapes': shapes}


def activations(folder):
    x = torch.linspace(-6, 6, 121)
    curves = {'Sigmoid': torch.sigmoid(x), 'ReLU': torch.relu(x)}
    fig, axes = plots(2)
    for ax, (name, y) in zip(axes, curves.items()):
        ax.axhline(0, color=LIGHT)
        ax.axvline(0, color=LIGHT)
        ax.plot(x, y, color=BLUE, linewidth=2)
        ax.set(title=name, xlabel='Sum that goes in', ylabel='Value that comes out')
    save(fig, folder, 'activations')
    return {'x': x.tolist()} | {name: y.tolist() for name, y in curves.items()}


def softmax(folder):
    logits = torch.tensor([2.0, 1.0, 0.0])
    ps = torch.softmax(logits, dim=0)
    fig, (left, right) = plots(2)
    names = [f'class {i}' for i in range(len(logits))]
    left.bar_label(left.bar(names, logits.tolist(), color=GRAY), fmt='%.0f', padding=2)
    left.set(title='Logits: any numbers', ylabel='Logit', ylim=(0, 2.2))
    bars = right.bar(names, (100 * ps).tolist(), color=BLUE)
    right.bar_label(bars, fmt='%.1f%%', padding=2)
    right.set(
        title='Softmax: they add up to 100%', ylabel='Probability (%)', ylim=(0, 75)
    )
    save(fig, folder, 'softmax')
    return {'logits': logits.tolist(), 'ps': ps.tolist()}


def attention(folder):
    """The scores, masked scores, and weights of lesson 25_1's three characters."""
    queries = torch.tensor([[3.0, 0.0], [0.0, 3.0], [3.0, 0.0]])
    keys = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    scores = queries @ keys.T / math.sqrt(2)
    visible = torch.ones(3, 3, dtype=torch.bool).tril()
    masked = scores.masked_fill(~visible, -math.inf)
    weights = torch.softmax(masked, dim=1)
    tables = {
        'Scores, divided by √2': scores,
        'With the causal mask': masked,
        'Weights: each row adds up to 1': weights,
    }

    fig, axes = plots(3, 9, 3.6)
    for ax, (title, table) in zip(axes, tables.items()):
        ax.imshow(table.clamp(min=0).numpy(), cmap='Blues', vmin=0)
        for i, row in enumerate(table.tolist()):
            for j, value in enumerate(row):
                text = '-∞' if value == -math.inf else f'{value:.2f}'
                shade = max(value, 0) / table.max().item()
                ax.text(
                    j,
                    i,
                    text,
                    ha='center',
                    va='center',
                    color='white' if shade > 0.6 else 'black',
                )
        ax.set(title=title, xlabel='looked at')
        ax.set_xticks(range(3), list('bad'))
        ax.set_yticks(range(3), list('bad'))
        ax.spines[:].set_visible(False)
    axes[0].set_ylabel('who looks')
    save(fig, folder, 'attention')
    return {title: table.tolist() for title, table in tables.items()}


def graph(folder):
    """A computation graph of two steps, and the way back through it."""
    x = torch.tensor(2.0)
    t = torch.tensor(10.0)
    w = torch.tensor(3.0, requires_grad=True)
    p = w * x
    p.retain_grad()  # torch keeps .grad for w only, unless we ask
    loss = (p - t) ** 2
    loss.backward()
    numbers = {
        'x': x.item(),
        'w': w.item(),
        't': t.item(),
        'p': p.item(),
        'loss': loss.item(),
        'dL/dp': p.grad.item(),
        'dp/dw': x.item(),
        'dL/dw': w.grad.item(),
    }

    fig, ax = sheet(8, 4, 10, 5)
    circle(ax, 1, 4.3, f'x = {x:.0f}', GRAY, 1700)
    circle(ax, 1, 2.7, f'w = {w:.0f}', ORANGE, 1700)
    circle(ax, 3.4, 3.5, '×', GRAY, 700)
    circle(ax, 5.2, 3.5, f'p = {p:.0f}', BLUE, 1700)
    circle(ax, 5.2, 1.9, f't = {t:.0f}', GRAY, 1700)
    circle(ax, 7.3, 3.5, '( )²', GRAY, 900)
    circle(ax, 9.2, 3.5, f'L = {loss:.0f}', BLUE, 1700)
    arrow(ax, (1, 4.3), (3.4, 3.5), shrink=(24, 16))
    arrow(ax, (1, 2.7), (3.4, 3.5), shrink=(24, 16))
    arrow(ax, (3.4, 3.5), (5.2, 3.5), shrink=(16, 24))
    arrow(ax, (5.2, 3.5), (7.3, 3.5), shrink=(24, 18))
    arrow(ax, (5.2, 1.9), (7.3, 3.5), shrink=(24, 18))
    arrow(ax, (7.3, 3.5), (9.2, 3.5), shrink=(18, 24))
    note(ax, 3.4, 4.3, 'p = w · x')
    note(ax, 7.3, 4.3, 'L = (p - t)²')

    arrow(ax, (9.2, 0.75), (5.2, 0.75), ORANGE, shrink=(0, 0))
    arrow(ax, (5.2, 0.75), (1, 0.75), ORANGE, shrink=(0, 0))
    note(ax, 7.2, 0.75, f'dL/dp = 2(p - t) = {p.grad:.0f}', ORANGE)
    note(ax, 3.1, 0.75, f'dp/dw = x = {x:.0f}', ORANGE)
    note(
        ax,
        5,
        0.1,
        f'dL/dw = dL/dp · dp/dw = {p.grad:.0f} · {x:.0f} = {w.grad:.0f}',
        ORANGE,
    )
    save(fig, folder, 'graph')
    return numbers


def descend(lr, steps=10):
    """The weights that SGD visits in the valley (w - 3)^2, from 0 on."""
    w = torch.zeros(1, requires_grad=True)
    optimizer = optim.SGD([w], lr=lr)
    visited = [w.item()]
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (w - 3) ** 2
        loss.backward()
        optimizer.step()
        visited.append(w.item())
    return torch.tensor(visited)


def valley(folder):
    rates = {'Too small': 0.03, 'Good': 0.3, 'Too large': 1.05}
    fig, axes = plots(3, width=9, sharex=True, sharey=True)
    curve = torch.linspace(-2.6, 8.6, 200)
    numbers = {}
    for ax, (name, lr) in zip(axes, rates.items()):
        w = descend(lr)
        ax.plot(curve, (curve - 3) ** 2, color=LIGHT, linewidth=3)
        ax.plot(w, (w - 3) ** 2, '.-', color=BLUE, linewidth=1, markersize=8)
        ax.plot(w[0], (w[0] - 3) ** 2, 'o', color=ORANGE, label='start')
        ax.set(title=f'{name}: learning rate {lr}', xlabel='Weight w')
        numbers[str(lr)] = w.tolist()
    axes[0].set(ylabel='Loss', xlim=(-2.6, 8.6), ylim=(-1.5, 31))
    axes[0].legend(frameon=False, loc='upper center')
    save(fig, folder, 'valley')
    return numbers


def after_steps(model, batches, lr):
    """The mean loss of batches after a copy of the network took a step on each.

    It's inf if the loss became inf or nan on the way.
    """
    model, criterion = copy.deepcopy(model), nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=lr)
    for images, labels in batches:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        if not loss.isfinite():
            return math.inf
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        losses = [criterion(model(images), labels).item() for images, labels in batches]
    return sum(losses) / len(losses)


def learning_rates(folder):
    """What lesson 10 draws: the loss after one step and after a pass of many."""
    torch.manual_seed(7)
    digits = datasets.MNIST(ROOT / 'data' / 'synthetic', train=True)
    trainset = TensorDataset(normalized(digits.data, digits.data), digits.targets)
    batches = list(DataLoader(trainset, batch_size=64, shuffle=True))
    model = classifier()
    rates = torch.logspace(-4, 2, 25).tolist()
    one = [after_steps(model, batches[:1], lr) for lr in rates]
    many = [after_steps(model, batches, lr) for lr in rates]
    images, labels = batches[0]
    with torch.no_grad():
        before = nn.functional.cross_entropy(model(images), labels).item()
    fig, ax = plots(1, width=7, height=3.5)
    ax.axhline(before, color=GRAY, linestyle='--', label='before the first step')
    ax.plot(rates, one, 'o-', color=BLUE, label='after 1 step')
    ax.plot(rates, many, 's-', color=ORANGE, label=f'after {len(batches)} steps')
    ax.set(xscale='log', ylim=(0, before + 0.5), xlabel='Learning rate', ylabel='Loss')
    ax.legend(frameon=False, loc='lower left')
    save(fig, folder, 'learning_rates')
    return {
        'rates': rates,
        'before': before,
        'one': one,
        'many': many,
        'steps': len(batches),
    }


def dense_block(folder):
    block = models.densenet121(weights=None).features.denseblock1
    layers = [block[f'denselayer{i}'] for i in range(1, 6)]
    takes = [layer.norm1.num_features for layer in layers]
    widths = takes[:1] + [layer.conv2.out_channels for layer in layers[:4]]
    colors = (ORANGE, BLUE, GRAY, SKY, 'black')
    names = ['input', *(f'layer {i}' for i in range(1, 5)), 'output']
    fig, ax = sheet(9, 3.7, 12, 5.4)
    note(ax, 1.1, 1.2, 'channels\nthat go in')
    for i, (name, edge) in enumerate(zip(names, (*colors, 'black'))):
        x, bottom = 1.1 + 2 * i, 0.6
        note(ax, x, 3.2, name, edge=edge)
        for j, (width, color) in enumerate(zip(widths[:i], colors)):
            bend = -0.35 if i - j > 1 else 0
            arrow(ax, (1.1 + 2 * j, 3.2), (x, 3.2), color, bend, (22, 22))
            ax.bar(x, width / 90, 0.7, bottom, color=color)
            ax.text(
                x,
                bottom + width / 180,
                width,
                ha='center',
                va='center',
                color=ink(color),
                fontsize=9,
            )
            bottom += width / 90
        if i:
            note(ax, x, 0.25, f'together {takes[i - 1]}')
    save(fig, folder, 'dense_block')
    return {'takes': takes, 'widths': widths}


def processes(folder):
    """One weight w = 1, outputs w * x, wanted 0: the loss is the mean of (w * x)^2."""
    x = torch.tensor([1.0, 2.0, 3.0, 4.0])
    w = torch.tensor(1.0, requires_grad=True)
    slopes = [
        torch.autograd.grad(((w * part) ** 2).mean(), w)[0].item()
        for part in (x[::2], x[1::2], x)
    ]
    mean, lr = (slopes[0] + slopes[1]) / 2, 0.01
    fig, ax = sheet(9, 3.2, 12, 4)
    batch = '\n'.join(f'{value:.0f}' for value in x)
    note(ax, 1.1, 2, f'a batch of 4\n{batch}', edge=GRAY)
    for rank, (y, color) in enumerate(((3.1, BLUE), (0.9, ORANGE))):
        share = ', '.join(f'{value:.0f}' for value in x[rank::2])
        note(ax, 4.2, y, f'process {rank}\nw = 1, its share: {share}', color, color)
        note(ax, 7.4, y, f'its gradient\n{slopes[rank]:.0f}', color, color)
        step = f'w = 1 - {lr} · {mean:.0f}\n= {1 - lr * mean:.2f}'
        note(ax, 11, y, step, color, color)
        arrow(ax, (1.1, 2), (4.2, y), shrink=(40, 70))
        arrow(ax, (4.2, y), (7.4, y), shrink=(70, 36))
        arrow(ax, (7.4, y), (9.1, 2), shrink=(36, 32))
        arrow(ax, (9.1, 2), (11, y), shrink=(32, 40))
    note(ax, 9.1, 2, f'mean\n{mean:.0f}', edge=GRAY)
    save(fig, folder, 'processes')
    return {'slopes': slopes, 'mean': mean, 'w': 1 - lr * mean}


# Pictures of measured numbers


def sets(folder):
    images = measured('images')
    parts = random_split(range(images['train']), [5 / 6, 1 / 6])
    sizes = [*map(len, parts), images['test']]
    names = ('Training set', 'Validation set', 'Test set')
    uses = (
        'changes the weights',
        'chooses\n(when to stop,\nwhich\nlearning rate)',
        'is used only\nonce, at the end',
    )
    fig, ax = sheet(9, 2.5, sum(sizes), 3)
    ax.set_ylim(0.3, 2.8)
    left = 0
    for size, name, use, color in zip(sizes, names, uses, (BLUE, ORANGE, GRAY)):
        ax.barh(1.9, size, 0.8, left, color=color, edgecolor='white', linewidth=3)
        middle = left + size / 2
        ax.text(middle, 1.9, f'{size:,}', ha='center', va='center', color=ink(color))
        ax.text(middle, 2.45, name, ha='center', va='bottom')
        ax.text(middle, 1.35, use, ha='center', va='top')
        left += size
    ax.set_title(f'The {left:,} images of Fashion-MNIST')
    save(fig, folder, 'sets')
    return dict(zip(names, sizes))


def loss_and_accuracy(curves, colors):
    """Two plots of the named curves, train dashed and valid solid."""
    fig, axes = plots(2, width=8.5, height=3.5)
    for ax, kind, label in zip(axes, ('loss', 'accuracy'), ('Loss', 'Accuracy (%)')):
        for (name, curve), color in zip(curves.items(), colors):
            for part, line in (('train', '--'), ('valid', '-')):
                y = curve[f'{part} {kind}']
                ax.plot(
                    range(1, len(y) + 1),
                    y,
                    line,
                    color=color,
                    label=f'{name} {part}'.strip(),
                )
        ax.set(xlabel='Epoch', ylabel=label)
    return fig, axes


def curves(folder):
    curve = measured('curves')
    losses = curve['valid loss']
    best = losses.index(min(losses)) + 1
    fig, axes = loss_and_accuracy({'': curve}, [BLUE])
    for ax in axes:
        ax.axvline(best, color=ORANGE, linestyle=':', label=f'epoch {best}')
    axes[0].plot(best, min(losses), 'o', color=ORANGE, label='lowest valid loss')
    fig.legend(handles=[*axes[0].lines], loc='outside lower center', ncols=4)
    save(fig, folder, 'curves')
    return curve | {'best': best}


def dropout(folder):
    both = measured('dropout')
    fig, axes = loss_and_accuracy(both, [ORANGE, BLUE])
    fig.legend(handles=[*axes[0].lines], loc='outside lower center', ncols=4)
    save(fig, folder, 'dropout')
    return both


def confusion(folder):
    counts = torch.tensor(measured('confusion'))
    names = datasets.FashionMNIST.classes
    fig = Figure(figsize=(8, 4), layout='constrained')
    ax = fig.subplots()
    shown = counts.float().masked_fill(counts == 0, torch.nan).numpy()
    ax.imshow(shown, cmap='Blues', norm=LogNorm(1, 1000), aspect='auto')
    for true, predicted in counts.nonzero().tolist():
        count = counts[true, predicted].item()
        ax.text(
            predicted,
            true,
            count,
            ha='center',
            va='center',
            fontsize=9,
            color='white' if count > 100 else 'black',
        )
    ax.set_yticks(range(10), names, fontsize=9)
    ax.set_xticks(range(10), names, fontsize=9, rotation=30, ha='right')
    ax.set(
        xlabel='Predicted class',
        ylabel='True class',
        title=f'Right, on the diagonal: {counts.trace():,} of {counts.sum():,}',
    )
    save(fig, folder, 'confusion')
    return counts.tolist()


# Measuring: minutes of training on the real images


def normalized(images, training_images):
    """Gray values 0 to 255 with the training images' mean and std, as in the lessons."""
    training_pixels = training_images / 255
    return (images / 255 - training_pixels.mean()) / training_pixels.std()


def classifier():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def count_confusions(data_dir):
    """Train as lesson 13 does: test images by true (row) and predicted class."""
    torch.manual_seed(7)
    trainset = datasets.FashionMNIST(data_dir, train=True)
    testset = datasets.FashionMNIST(data_dir, train=False)
    model, criterion = classifier(), nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=0.001, fused=True)
    images, labels = normalized(trainset.data, trainset.data), trainset.targets
    for _ in range(5):
        for batch in torch.randperm(len(trainset)).split(64):
            optimizer.zero_grad()
            criterion(model(images[batch]), labels[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        test_images = normalized(testset.data, trainset.data)
        predicted = model(test_images).argmax(dim=1)
    counts = torch.bincount(10 * testset.targets + predicted, minlength=100)
    return {
        'images': {'train': len(trainset), 'test': len(testset)},
        'confusion': counts.view(10, 10).tolist(),
    }


def read_epochs(text):
    """The epoch lines of a lesson: {name: {'train loss': [...], ...}}, name '' if none.

    The accuracies are in percent."""
    number = r' (\d+\.\d+)%?'
    columns = ('train loss', 'train accuracy', 'valid loss', 'valid accuracy')
    line = r'^(.*?) *Epoch \d+/\d+' + ''.join(f'  {key}{number}' for key in columns)
    found = {}
    for name, *values in re.findall(line, text, re.MULTILINE):
        curve = found.setdefault(name, {key: [] for key in columns})
        for key, value in zip(columns, values):
            curve[key].append(float(value))
    return found


def run_lesson(number, data_dir):
    """Run a lesson on the real images and read its epoch lines."""
    lesson = next((ROOT / 'codes').glob(f'{number}_*.py'))
    options = [
        '--data',
        'real',
        '--data-dir',
        data_dir,
        '--device',
        'cpu',
        '--figures',
        'none',
    ]
    done = subprocess.run(
        [sys.executable, lesson, *options],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = read_epochs(done.stdout)
    if not found:
        raise SystemExit(f'{lesson.name} printed no epoch line as expected')
    return found


def measure(data_dir):
    numbers = count_confusions(data_dir) | {
        'curves': run_lesson(15, data_dir)[''],
        'dropout': run_lesson(16, data_dir),
    }
    NUMBERS.write_text(json.dumps(numbers, indent=1) + '\n', encoding='utf-8')


ALL = (
    neuron,
    network,
    activations,
    softmax,
    attention,
    graph,
    valley,
    learning_rates,
    dense_block,
    processes,
    sets,
    curves,
    dropout,
    confusion,
)


def main():
    parser = argparse.ArgumentParser(description='Draw docs/pictures/*.png.')
    parser.add_argument(
        '--measure',
        metavar='DIR',
        type=Path,
        help='train first, on the real FashionMNIST/ in DIR (minutes)',
    )
    args = parser.parse_args()
    if args.measure:
        measure(args.measure)
    for draw in ALL:
        draw(PICTURES)
        print(f'docs/pictures/{draw.__name__}.png')


if __name__ == '__main__':
    main()
