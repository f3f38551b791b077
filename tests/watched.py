"""A lesson is run and watched, so that no test needs the names of its variables.

course.ran notes what a lesson draws, prints, splits and makes. This file also notes how
its networks changed from epoch to epoch, gives it a clock and a body that is quick, and
has the tools that look at what was noted.
"""

import copy
import functools
import re
import sys
import time

import pytest
import torch
from course import SYNTHETIC_DATA, lesson, ran
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.data import DataLoader
from torchvision import datasets, models
from torchvision.transforms import v2


class Training:
    """One optimizer, the network whose weights it changes, and what became of them.

    states: the network's weights at the end of each epoch, which is whenever a loader
    that was trained with has given its last batch. rates: the learning rate of each
    step. batches: what each step learned from, if that was asked for.
    """

    def __init__(self, optimizer, model):
        self.optimizer = optimizer
        self.model = model
        self.states = []
        self.rates = []
        self.batches = []

    def after(self, epoch):
        """A network as this one was after an epoch, counted from 0; in eval mode."""
        model = copy.deepcopy(self.model)
        model.load_state_dict(self.states[epoch])
        return model.eval()


class Watched:
    """What a run of a lesson did: a Run of course.py, and what is noted here."""

    def __init__(self, path):
        self.path = path
        self.run = None
        self.first_batch = None
        self.last_batch = None
        self.trainings = []
        self.transformed = []  # (image, what a Compose made of it)
        self.bodies = []  # (what models.densenet121 returned, a copy of it)
        self.readings = []  # for a clock to note what it said

    @property
    def printed(self):
        return self.run.text

    def find(self, kind, what, where=lambda value: True):
        """The one object of a kind among what the lesson defined at module level."""
        found = {
            id(value): value
            for value in self.run.names.values()
            if isinstance(value, kind) and where(value)
        }
        assert len(found) == 1, (
            f'{self.path.name} should define one {what}, but it defines {len(found)}.'
        )
        return next(iter(found.values()))

    def network(self):
        """The one network that has ten outputs or so; layers on their own are none."""
        return self.find(
            nn.Module, 'network', lambda value: len(list(value.children())) > 1
        )

    def tensor(self, *shape, dtype=torch.float32):
        """The one tensor of a shape."""
        return self.find(
            torch.Tensor,
            f'tensor of shape {list(shape)}',
            lambda value: value.shape == shape and value.dtype == dtype,
        )

    def column(self, *words, name=''):
        """What is printed after each epoch for 'valid', 'loss', say, as numbers.

        name: only lines that begin with it. A share in percent becomes one up to 1.
        """
        column = []
        for line in self.printed.splitlines():
            epoch = re.search(r'\b\d+/\d+\b', line)
            if not epoch or not line.startswith(name):
                continue
            row = values_of(line[epoch.end() :])
            keys = [key for key in row if all(word in key for word in words)]
            assert len(keys) == 1, f'An epoch prints one {" ".join(words)}, not: {line}'
            column.append(row[keys[0]])
        assert column, f'{self.path.name} prints no line {name} with an epoch like 1/9.'
        return column


def values_of(text):
    """'train loss 0.5  accuracy 80.0%' -> {'train loss': 0.5, 'accuracy': 0.8}"""
    found = {}
    pattern = r'([a-z][a-z ]*?) +(-?\d+(?:\.\d+)?)(%?)'
    for words, number, percent in re.findall(pattern, text.lower()):
        found[words] = float(number) / 100 if percent else float(number)
    return found


def numbers_in(text):
    """'784 of 10,000' -> [784, 10000]"""
    found = re.findall(r'(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[-+]\d+)?', text)
    return [float(number.replace(',', '')) for number in found]


def note_transforms(seen, patch):
    compose = v2.Compose.forward

    def transform_and_note(transform, image):
        result = compose(transform, image)
        seen.transformed.append((image, result))
        return result

    patch.setattr(v2.Compose, 'forward', transform_and_note)


def note_training(seen, patch, keep_batches):
    """Returns the hooks, which are to be removed."""
    called = []  # networks, in the order in which they were called
    stepped = []  # trainings, by their steps
    give = DataLoader.__iter__

    def give_and_note(loader):
        before = len(stepped)
        for batch in give(loader):
            if seen.first_batch is None:
                seen.first_batch = batch
            seen.last_batch = batch
            yield batch
        if len(stepped) > before:
            state = copy.deepcopy(stepped[-1].model.state_dict())
            stepped[-1].states.append(state)

    def note_call(model, inputs):
        if torch.is_grad_enabled():
            called.append(model)
            del called[:-100]

    def note_step(optimizer, args, options):
        training = next(
            (
                training
                for training in seen.trainings
                if training.optimizer is optimizer
            ),
            None,
        )
        if training is None:
            training = Training(optimizer, network_of(optimizer, called))
            seen.trainings.append(training)
        stepped.append(training)
        training.rates.append(optimizer.param_groups[0]['lr'])
        if keep_batches:
            training.batches.append(seen.last_batch)

    patch.setattr(DataLoader, '__iter__', give_and_note)
    return [
        register_module_forward_pre_hook(note_call),
        register_optimizer_step_post_hook(note_step),
    ]


def network_of(optimizer, networks):
    """The one of the networks that has the optimizer's parameters, and no others."""
    changed = {
        id(parameter)
        for group in optimizer.param_groups
        for parameter in group['params']
    }
    found = None
    for network in networks:
        if {id(parameter) for parameter in network.parameters()} == changed:
            found = network
    return found


class Body(nn.Module):
    """Quick to compute, in place of a DenseNet121: 1024 features, then 1000 classes."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.features = nn.ModuleDict({'norm0': self.norm})  # as in a DenseNet
        self.pool = nn.AdaptiveAvgPool2d(8)
        self.hidden = nn.Linear(3 * 8 * 8, 1024)
        self.classifier = nn.Linear(1024, 1000)
        self.photos = 0  # that it was given
        self.calls = []  # (channels last?, bfloat16?, number of threads)

    def forward(self, x):
        self.photos += len(x)
        last = x.is_contiguous(memory_format=torch.channels_last)
        exact = self.hidden(torch.zeros(1, 3 * 8 * 8)).dtype == torch.float32
        self.calls.append((last, not exact, torch.get_num_threads()))
        x = self.pool(self.norm(x)).flatten(start_dim=1)
        return self.classifier(torch.relu(self.hidden(x)))


def note_bodies(seen, patch, quick):
    make = models.densenet121

    def make_and_note(*args, **options):
        body = Body() if quick else make(*args, **options)
        seen.bodies.append((body, copy.deepcopy(body)))
        return body

    patch.setattr(models, 'densenet121', make_and_note)


def watch(
    number,
    *options,
    root=None,
    quick_body=False,
    keep_batches=False,
    clock=None,
    changes=(),
):
    """Run a lesson with these options and return what was noted.

    root: the folder for its checkpoints, as for course.ran. clock: a function of the
    notes; the lesson gets what it returns as the time. changes: (object, attribute,
    value) each, for as long as the lesson runs.
    """
    path = lesson(number)
    seen = Watched(path)
    perf_counter = time.perf_counter

    def tell_time():
        asking = sys._getframe(1).f_code.co_filename
        return clock(seen) if asking == str(path) else perf_counter()

    with pytest.MonkeyPatch.context() as patch:
        note_transforms(seen, patch)
        note_bodies(seen, patch, quick_body)
        hooks = note_training(seen, patch, keep_batches)
        if clock:
            patch.setattr(time, 'perf_counter', tell_time)
        for target, name, value in changes:
            patch.setattr(target, name, value, raising=False)
        try:
            seen.run = ran(path, *options, root=root)
        finally:
            for hook in hooks:
                hook.remove()
    return seen


@functools.cache
def synthetic(name, train):
    """The drawn images, from 0 to 1, and labels of 'MNIST' or 'FashionMNIST'."""
    raw = getattr(datasets, name)(SYNTHETIC_DATA, train=train)
    return raw.data.float() / 255, raw.targets


@functools.cache
def mean_and_std(name):
    """Of the training images of 'MNIST' or 'FashionMNIST', from 0 to 1."""
    images, _ = synthetic(name, train=True)
    images = images.double()
    return images.mean().item(), images.std().item()


def normalized(images, name):
    """Numbers from 0 to 1 as the networks get them: [n, 1, 28, 28].

    name: the dataset that the images are from, 'MNIST' or 'FashionMNIST'.
    """
    mean, std = mean_and_std(name)
    return ((images - mean) / std).unsqueeze(1)


def measure(model, images, labels):
    """Mean loss and share of right answers of all images in one go, in eval mode."""
    with torch.no_grad():
        output = model.eval()(images)
    right = (output.argmax(dim=1) == labels).sum().item()
    loss = nn.functional.cross_entropy(output, labels).item()
    return loss, right / len(labels)


def fashion(train, chosen=slice(None)):
    """Images as the networks get them and labels of the drawn garments."""
    images, labels = synthetic('FashionMNIST', train)
    return normalized(images[chosen], 'FashionMNIST'), labels[chosen]
