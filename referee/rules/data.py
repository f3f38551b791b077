"""Loaders, datasets, and what comes out of them."""

import copy
import linecache
import random
import re
import sys
from types import ModuleType

import numpy as np
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    SequentialSampler,
)

from ..run import MOST_SEEN, ByTensor, frames, is_plain, place
from .base import Rule, on

MOST_STEPS = 20_000  # steps in which the order of the batches is looked at


def parts_of(dataset):
    """A dataset, and those that it's made from."""
    found = []
    while dataset is not None and len(found) < 8:
        found.append(dataset)
        dataset = getattr(dataset, 'dataset', None)
    return found


class SameOrder(Rule):
    name = 'order'
    advice = 'Shuffle the training data.'
    what = 'The training examples came in the same order in each epoch'
    fix = 'Use DataLoader(..., shuffle=True)'
    lesson = '11'

    def start(self):
        self.orders = {}  # training -> what is known of its batches
        self.ordered = set()  # walks in the order of the dataset

    @on('loader starts')
    def starts(self, walk):
        loader = walk.loader
        if type(getattr(loader, 'batch_sampler', None)) is not BatchSampler:
            return
        if not isinstance(walk.sampler, SequentialSampler) or len(loader) < 2:
            return
        for part in parts_of(walk.dataset):
            indices = getattr(part, 'indices', ())
            indices = [] if callable(indices) else list(indices)
            if indices != sorted(indices):
                return
        self.ordered.add(walk)

    @on('wake')
    def wake(self):
        for known in self.orders.values():
            known['last'] = None

    @on('step')
    def step(self, optimizer, training, params, used):
        known = self.orders.setdefault(
            training,
            dict(next={}, last=None, again=0, repeated=0, steps=0, carried=False),
        )
        for call in used:
            is_stream = call.is_text and call.walk is None
            known['carried'] |= call.carried or is_stream
            if call.prints is None:
                known['last'] = None
                continue
            if known['steps'] > MOST_STEPS:
                return
            batch = hash(tuple(call.prints))
            last = known['last']
            if last is not None and last in known['next']:
                known['again'] += 1
                known['repeated'] += last != batch == known['next'][last]
            elif last is not None:
                known['next'][last] = batch
            known['last'] = batch
            known['steps'] += 1
            known['place'] = call.place
            if call.walk in self.ordered:
                known['walk'] = call.walk

    @on('end')
    def end(self):
        for known in self.orders.values():
            if known['carried'] or known['steps'] == 0:
                continue
            walk = known.get('walk')
            if known['repeated'] >= 3 and known['repeated'] > 0.8 * known['again']:
                where = walk.place if walk else known['place']
                self.say(where=where)


class NotShuffledSampler(Rule):
    name = 'epoch of the sampler'
    advice = 'Call `set_epoch` on a `DistributedSampler` in each epoch.'
    what = 'The DistributedSampler used the same order in each epoch'
    fix = 'Call sampler.set_epoch(epoch) at the beginning of each epoch'
    lesson = '22'

    def start(self):
        self.epochs = {}  # id of the sampler -> [epochs]

    @on('loader starts')
    def starts(self, walk):
        sampler = walk.sampler
        if isinstance(sampler, DistributedSampler) and sampler.shuffle:
            walk.epoch = sampler.epoch

    @on('loader ends')
    def ends(self, walk):
        if not hasattr(walk, 'epoch') or not walk.learned:
            return
        epochs = self.epochs.setdefault(id(walk.sampler), [])
        epochs.append(walk.epoch)
        if len(epochs) > 1 and epochs[-1] == epochs[-2]:
            self.say(where=walk.place)


class Leak(Rule):
    name = 'leak'
    advice = "Test on examples that the network hasn't learned from."
    what = '{} of {} examples that the model was tested on had been used to train it'
    fix = 'Test on examples that no step has used: split the data first, then train'
    lesson = '15'

    def start(self):
        self.parts = {}

    @on('test')
    def test(self, call):
        if call.prints is None or not call.shape[1:]:
            return
        if not is_known_by_its_values(call):
            return
        walk = call.walk
        names = walk.names if walk else {*call.names, source_line(call.place)}
        key = (*sorted(names), id(walk.dataset) if walk else call.place)
        for training in trainings_of(self.run, call.model):
            known = sum(number in training.seen for number in call.prints)
            part = self.parts.setdefault(
                (training, key),
                dict(
                    names=' '.join(names),
                    dataset=walk.dataset if walk else None,
                    walk=walk is not None,
                    place=call.place,
                    prints=set(),
                    seen=0,
                    count=0,
                    mixed=0,
                    batches=0,
                ),
            )
            part['seen'] += known
            part['count'] += len(call.prints)
            part['batches'] += 1
            part['mixed'] += 0 < known < len(call.prints)
            if len(part['prints']) < MOST_SEEN:
                part['prints'].update(call.prints)

    @on('end')
    def end(self):
        for (training, _), part in self.parts.items():
            prints = part['prints']
            seen = len(prints & training.seen)
            share = seen / len(prints)
            names = part['names']
            some = (
                0.02 < share < 0.98
                and part['seen'] > 0.02 * part['count']
                and not any(data is part['dataset'] for data in training.datasets)
            )
            named = re.search('val|test|dev', names) and 'train' not in names
            if not part['walk']:  # several sets may be tested by the same line
                some = some and named and part['mixed'] == part['batches']
            if some or (share >= 0.98 and named):
                self.say(seen, len(prints), where=part['place'])


def is_known_by_its_values(call):
    """Would no two examples be equal by chance?"""
    count = torch.Size(call.shape[1:]).numel()
    inputs = call.inputs()
    if count >= 16 or inputs is None or not inputs.is_floating_point():
        return count >= 16
    some = inputs.detach()[:64].float()
    return count * (some != some.round()).float().mean().item() >= 3


def source_line(where):
    file, line = where
    return linecache.getline(file, line)


class UnusedLoader(Rule):
    name = 'unused loader'
    advice = 'Test with the loader of the test set.'
    what = (
        'The model was tested on the examples that it had learned from, and {} was '
        'never used'
    )
    fix = 'Loop over it in the test: for inputs, labels in {}:'
    lesson = '15'

    def start(self):
        self.tested = {}  # place -> batches of learned examples
        self.used = set()
        self.loaders = {}  # name -> [ids of a loader and of its dataset]

    @on('loader starts')
    def starts(self, walk):
        self.used.add(id(walk.loader))
        self.used.add(id(walk.dataset))

    @on('test')
    def test(self, call):
        if call.prints is None or call.walk is None or call.training:
            return
        for training in trainings_of(self.run, call.model):
            if any(data is call.walk.dataset for data in training.datasets):
                if call.place not in self.tested:
                    self.look_for_loaders()
                self.tested[call.place] = self.tested.get(call.place, 0) + 1

    def look_for_loaders(self):
        """In the variables of the script's functions, and in attributes of these."""
        for frame in frames():
            known = dict(frame.f_locals)
            for value in list(known.values()):
                own = getattr(value, '__dict__', None)
                if isinstance(own, dict) and not isinstance(value, (ModuleType, type)):
                    known.update(own)
            for name, value in known.items():
                if isinstance(value, DataLoader) and 'train' not in name:
                    self.loaders[name] = [id(value), id(value.dataset)]

    @on('end')
    def end(self):
        if not self.tested or self.run.evaluations != sum(self.tested.values()):
            return  # it was tested on other data, too
        for name, ids in self.loaders.items():
            if not self.used.intersection(ids):
                self.say(name, name, where=next(iter(self.tested)))
                return


class OneExample(Rule):
    name = 'one example'
    advice = 'Look at a batch before you train.'
    what = 'All {} examples of a batch are the same, in each of {} batches'
    fix = 'Print a batch, and look at how the index is used in __getitem__'
    lesson = '16_1'

    def start(self):
        self.places = {}  # place of the loader -> [batches of one example, all, size]

    @on('call')
    def call(self, call, args, kwargs, output):
        if call.prints is None or call.walk is None or call.size < 8:
            return
        known = self.places.setdefault(call.walk.place, [0, 0, call.size])
        known[0] += len(set(call.prints)) == 1
        known[1] += 1

    @on('end')
    def end(self):
        for where, (same, batches, size) in self.places.items():
            if same == batches >= 3:
                self.say(size, batches, where=where)


class SharedChoice(Rule):
    name = 'choice'
    advice = (
        'Choose the epoch and the settings with the validation set, not with the '
        'test set.'
    )
    what = '{} of the {} validation examples are also in the test set'
    fix = (
        'Split off a validation set that shares no example with the test set, and '
        'use only that to choose the epoch and the settings'
    )
    lesson = '15'

    def start(self):
        self.parts = {}

    @on('test')
    def test(self, call):
        if call.prints is None or not is_known_by_its_values(call):
            return
        walk = call.walk
        names = ' '.join(sorted(walk.names if walk else call.names))
        part = self.parts.setdefault(names, (set(), call.place))
        if len(part[0]) < MOST_SEEN:
            part[0].update(call.prints)

    @on('end')
    def end(self):
        for name, (one, where) in self.parts.items():
            for other_name, (other, _) in self.parts.items():
                shared = len(one & other)
                if 'val' not in name or 'test' not in other_name or name == other_name:
                    continue
                if shared > 0.02 * len(one):
                    self.say(shared, len(one), where=where)


def trainings_of(run, model):
    """What has trained the parameters of a model."""
    found = []
    for p in model.parameters():
        training = run.owners.get(p)
        if training is not None and training not in found:
            found.append(training)
    return found


def statistics(inputs):
    """Number, mean, and std of some examples: of images as one, of a table by column.

    Some are enough, because those of many batches are put together.
    """
    some = inputs.detach()[:: max(1, len(inputs) // 64)]
    values = some.float()
    if values.dim() != 2:
        values = values.reshape(-1, 1)
    first = values[:1]
    values = values - first  # or the squares of large numbers would hide the std
    mean = values.mean(dim=0)
    std = ((values**2).mean(dim=0) - mean**2).clamp(min=0).sqrt()
    mean = mean + first[0]
    if inputs.dim() != 2:
        mean, std = mean[0], std[0]
    return len(some), mean.cpu().double(), std.cpu().double()


class OtherRange(Rule):
    name = 'range'
    advice = 'Scale or normalize the test data like the training data.'
    what = (
        'The training {} have mean {} and std {}, but those of the test have mean {} '
        'and std {}'
    )
    fix = (
        'Scale both in the same way, with the mean and the std of the training examples'
    )
    lesson = '13_1'

    def start(self):
        self.trained = {}
        self.tested = {}

    @on('some call')
    def call(self, call, args, kwargs, output):
        inputs = call.inputs()
        if call.from_network or not inputs.is_floating_point():
            return
        if inputs.dim() in (2, 4):
            call.statistics = statistics(inputs)

    def add(self, sums, call):
        if hasattr(call, 'statistics'):
            add_statistics(sums, call.statistics)

    @on('step')
    def step(self, optimizer, training, params, used):
        for call in used:
            self.add(self.trained.setdefault(training, []), call)

    @on('test')
    def test(self, call):
        if call.grad:
            return
        for training in trainings_of(self.run, call.model):
            walk = call.walk
            key = training, id(walk.dataset) if walk else call.place
            sums, _ = self.tested.setdefault(key, ([], call.place))
            self.add(sums, call)

    @on('end')
    def end(self):
        by_place = {}
        for (_, key), (test, where) in self.tested.items():
            for train in self.trained.values():
                if train and test and train[1].shape == test[1].shape:
                    by_place.setdefault((key, where), []).append((train, test))
        for (_, where), pairs in by_place.items():
            found = [differences(train, test) for train, test in pairs]
            enough = any(map(are_enough, pairs))
            if enough and all(found):  # it hasn't learned from data like these, either
                self.say(*found[0], where=where)


def are_enough(pair):
    """Are these so many examples that they can be compared?"""
    train, test = pair
    table = train[1].dim() == 1
    return min(train[0], test[0]) >= (20 if table else 100)


def differences(train, test):
    """What is told of two sets of different scale, or None."""
    mean, std = average(train)
    mean_2, std_2 = average(test)
    if mean.dim() == 1:
        varies = std > 1e-6
        if not varies.any():
            return None
        # One column may be meant to go beyond what was learned.
        times = 2 if varies.sum() > 1 else 5
        far = (mean - mean_2).abs() > times * std
        wide = (std_2 > 4 * std) | (std_2 < 0.25 * std)
        off = ((far | wide) & varies).sum() > 0.5 * varies.sum()
        worst = ((mean - mean_2).abs() / std.clamp(min=1e-6)).argmax()
        numbers = [x[worst].item() for x in (mean, std, mean_2, std_2)]
        kind = f'values of column {int(worst)}'
    else:
        off = abs(mean - mean_2) > 0.5 * std or not 0.6 < std_2 / std < 1.6
        numbers = [x.item() for x in (mean, std, mean_2, std_2)]
        kind = 'images'
    return (kind, *(f'{x:.2f}' for x in numbers)) if off else None


def add_statistics(sums, statistics):
    """Add the number, mean, and std of a batch to [count, sums, sums of squares]."""
    n, mean, std = statistics
    if not sums:
        sums[:] = [0, torch.zeros_like(mean), torch.zeros_like(mean)]
    if sums[1].shape == mean.shape:
        sums[0] += n
        sums[1] += n * mean
        sums[2] += n * (std**2 + mean**2)


def average(sums):
    n, total, squares = sums
    mean = total / n
    return mean, (squares / n - mean**2).clamp(min=0).sqrt()


class ScaledTogether(Rule):
    name = 'scaled together'
    advice = 'Scale with numbers from the training examples only.'
    what = 'The columns were scaled with the {} of the training and test rows together'
    fix = (
        'Compute them from the training rows only, and scale the test rows with the '
        'same numbers, because otherwise training already uses the test data'
    )
    lesson = '13_2'
    remark = True
    most_columns = 200
    most_rows = 100_000

    def start(self):
        self.sets = {}  # (model, is it trained, place) -> Table

    @on('call')
    def call(self, call, args, kwargs, output):
        inputs = call.inputs()
        if call.prints is None or inputs.dim() != 2 or call.carried or call.size < 2:
            return
        if not inputs.is_floating_point() or inputs.shape[1] > self.most_columns:
            return
        trained = call.grad and call.training
        part = None if trained else id(call.walk.dataset) if call.walk else call.place
        key = id(call.model), part
        table = self.sets.setdefault(key, Table(call.place))
        if len(table.known) < self.most_rows:
            table.add(inputs.detach(), call.prints)

    @on('end')
    def end(self):
        for (model, part), train in self.sets.items():
            tests = [
                table
                for (other, name), table in self.sets.items()
                if other == model and name is not None and not table.known & train.known
            ]
            if part is not None or not tests or train.scaling():
                continue
            together = [[train, test] for test in tests] + [[train, *tests]]
            for tables in together:
                how = joined(tables).scaling()
                if how:
                    self.say(how, where=tests[0].place)
                    break


class Table:
    """What is known of the rows that a model got, each counted once."""

    def __init__(self, place):
        self.place = place
        self.known = set()
        self.rows = 0
        self.sum = self.squares = self.low = self.high = None

    def add(self, rows, prints):
        new = []
        for i, number in enumerate(prints):
            if number not in self.known:
                self.known.add(number)
                new.append(i)
        if new and rows.shape[1]:
            rows = rows[new].cpu().double()
            self.include(
                len(new), rows.sum(0), (rows**2).sum(0), rows.amin(0), rows.amax(0)
            )

    def include(self, rows, total, squares, low, high):
        if self.rows and self.sum.shape != total.shape:
            return
        self.rows += rows
        if self.sum is None:
            self.sum, self.squares, self.low, self.high = total, squares, low, high
        else:
            self.sum = self.sum + total
            self.squares = self.squares + squares
            self.low = torch.minimum(self.low, low)
            self.high = torch.maximum(self.high, high)

    def scaling(self):
        """What these very rows were scaled with, or None."""
        if self.rows < 20:
            return None
        mean = self.sum / self.rows
        std = (self.squares / self.rows - mean**2).clamp(min=0).sqrt()
        flags = (self.low == 0) & (self.high == 1)  # such as those of a one-hot vector
        flags &= (self.squares - self.sum).abs() < 1e-6 * self.rows
        varies = (std > 1e-9) & ~flags
        if varies.sum() < 2:
            return None
        centered = (mean[varies].abs() < 1e-4).all()
        if centered and ((std[varies] - 1).abs() < 1 / self.rows + 1e-4).all():
            return 'mean and std'
        lowest, highest = self.low[varies], self.high[varies]
        if (lowest.abs() < 1e-6).all() and ((highest - 1).abs() < 1e-6).all():
            return 'minimum and maximum'
        return None


def joined(tables):
    """One Table of all rows."""
    whole = Table(None)
    for table in tables:
        if table.rows:
            whole.include(table.rows, table.sum, table.squares, table.low, table.high)
    return whole


class InputScale(Rule):
    name = 'scale'
    advice = 'Normalize the inputs.'
    what = 'The training {} have mean {} and std {}'
    fix = (
        'A network learns faster if its inputs have a mean of about 0 and a std of '
        'about 1: normalize them with the mean and the std of the training examples'
    )
    lesson = '13_1'
    remark = True

    def start(self):
        self.sums = {}  # training -> [count, sums, sums of squares]
        self.places = {}

    @on('step')
    def step(self, optimizer, training, params, used):
        for call in used:
            if hasattr(call, 'statistics'):  # of the rule above
                sums = self.sums.setdefault(training, [])
                add_statistics(sums, call.statistics)
                self.places[training] = call.walk.place if call.walk else call.place

    @on('end')
    def end(self):
        for training, sums in self.sums.items():
            mean, std = average(sums)
            size = (mean**2 + std**2).sqrt()
            if mean.dim() == 1:
                worst = int(size.argmax())
                off = size[worst] > 100
                mean, std = mean[worst], std[worst]
                kind = f'values of column {worst}'
            else:
                off = size > 20 or 0 < size < 0.02
                kind = 'images'
            if off and sums[0] >= 20:
                self.say(kind, f'{mean:.3g}', f'{std:.3g}', where=self.places[training])


class WrongTransform(Rule):
    name = 'transform'
    advice = 'Use the transform that belongs to the pretrained weights.'
    what = (
        'The photos had values from {} to {}, but {} was trained on photos that are '
        'normalized differently'
    )
    fix = 'Make the dataset with transform=weights.transforms()'
    lesson = '19'

    def start(self):
        self.downloaded = []
        self.weights = {}  # model -> its weights
        self.photos = {}

    @on('load_state_dict_from_url')
    def weights_come(self, args, kwargs):
        frame = sys._getframe(1)
        while frame:  # torchvision's get_state_dict calls it
            weights = frame.f_locals.get('self')
            if hasattr(weights, 'transforms') and hasattr(weights, 'url'):
                self.downloaded = [weights]
                return
            frame = frame.f_back

    @on('load_state_dict')
    def model_comes(self, args, kwargs):
        if self.downloaded:
            self.weights[args[0]] = self.downloaded.pop()

    @on('call')
    def call(self, call, args, kwargs, output):
        if not self.weights or len(call.shape) != 4:
            return
        model = call.model
        if model not in self.weights:
            for layer in model.modules():
                if layer in self.weights:
                    self.weights[model] = self.weights[layer]
                    break
            else:
                self.weights[model] = None
        weights = self.weights[model]
        inputs = call.inputs()
        if weights is None or call.from_network:
            return
        low, high, n, _ = self.photos.get(weights, (1e9, -1e9, 0, None))
        self.photos[weights] = (
            min(low, inputs.min().item()),
            max(high, inputs.max().item()),
            n + len(inputs),
            call.place,
        )

    @on('end')
    def end(self):
        for weights, (low, high, n, where) in self.photos.items():
            transform = weights.transforms()
            mean = getattr(transform, 'mean', [1])[0]
            std = getattr(transform, 'std', [1])[0]
            if n >= 16 and low > -0.6 * mean / std and high < 0.6 * (1 - mean) / std:
                self.say(f'{low:.2f}', f'{high:.2f}', weights, where=where)


class CopiedGenerator(Rule):
    name = 'workers'
    advice = "Don't let a dataset own a random generator if it's read by workers."
    what = (
        "Each worker of the DataLoader got a copy of the dataset's random generator, "
        'so all workers draw the same numbers'
    )
    fix = (
        "Draw with torch's own functions (torch.rand and so on), or let "
        "worker_init_fn give each worker's dataset a new generator, seeded with "
        'torch.initial_seed()'
    )
    lesson = '23'

    def start(self):
        self.asked = set()

    @on('loader starts')
    def starts(self, walk):
        loader = walk.loader
        if getattr(loader, 'num_workers', 0) < 1 or id(loader.dataset) in self.asked:
            return
        if getattr(loader, 'worker_init_fn', None) is not None:
            return
        self.asked.add(id(loader.dataset))
        for part in parts_of(loader.dataset):
            things = list(getattr(part, '__dict__', {}).values())
            for thing in list(things):
                things += list(getattr(thing, '__dict__', {}).values())
            for thing in things:
                if generator_state(thing) is None:
                    continue
                if uses(part, thing):
                    self.say(where=walk.place)
                    return


def generator_state(thing):
    if isinstance(thing, np.random.Generator):
        return repr(thing.bit_generator.state)
    if isinstance(thing, np.random.RandomState):
        return repr(thing.get_state())
    if isinstance(thing, random.Random):
        return repr(thing.getstate())
    if isinstance(thing, torch.Generator):
        return repr(thing.get_state().tolist())
    return None


def uses(dataset, generator):
    """Does reading an example of a copy of the dataset draw from the generator?"""
    memo = {}
    try:
        other = copy.deepcopy(dataset, memo)
        mine = memo.get(id(generator))
        before = generator_state(mine)
        other[0]
        return generator_state(mine) != before
    except Exception:
        return False


class ClassWeights(Rule):
    name = 'sampler weights'
    advice = (
        'Give `WeightedRandomSampler` a weight for each example, not for each class.'
    )
    what = (
        'WeightedRandomSampler got {} weights for {} examples, so it only ever draws '
        'the first {}'
    )
    fix = 'Give it a weight for each example: class_weights[labels]'
    lesson = None

    @on('loader starts')
    def starts(self, walk):
        weights = getattr(walk.sampler, 'weights', None)
        if not isinstance(weights, torch.Tensor):
            return
        if hasattr(walk.dataset, '__len__') and len(weights) < len(walk.dataset):
            n = len(weights)
            self.say(n, len(walk.dataset), n, where=walk.place)


class OtherClasses(Rule):
    name = 'class numbers'
    advice = 'Give each class the same index in all datasets.'
    what = (
        'Two datasets index the classes differently: {} is {} in one and {} in the '
        'other'
    )
    fix = 'Make one dictionary from class names to indices, and use it for all datasets'
    lesson = '18'

    def start(self):
        self.known = []

    @on('loader starts')
    def starts(self, walk):
        for part in parts_of(walk.dataset):
            for name, value in list(getattr(part, '__dict__', {}).items()):
                numbers = numbers_of(name, value)
                if numbers is None:
                    continue
                for other_name, other, dataset in self.known:
                    if other_name == name and dataset is not part:
                        self.compare(other, numbers, walk)
                if not any(
                    dataset is part and n == name for n, _, dataset in self.known
                ):
                    self.known.append((name, numbers, part))

    def compare(self, one, other, walk):
        shared = [key for key in one if key in other]
        for key in shared:
            if one[key] != other[key]:
                self.say(repr(key), one[key], other[key], where=walk.place)
                return


def numbers_of(name, value):
    """{name: number} of a dictionary of classes, or None."""
    if isinstance(value, dict) and 1 < len(value) < 2000:
        if all(isinstance(k, str) for k in value) and all(
            type(v) is int for v in value.values()
        ):
            if sorted(value.values()) == list(range(len(value))):
                return dict(value)
    if name == 'classes' and isinstance(value, (list, tuple)) and len(value) > 1:
        if all(isinstance(x, str) for x in value):
            return {x: i for i, x in enumerate(value)}
    return None


class ChangedData(Rule):
    name = 'data changed'
    advice = "Don't change the stored data in `__getitem__`."
    what = (
        'Reading an example changes the stored data in place, so the next epoch '
        'starts from the changed values'
    )
    fix = 'Clone the tensor in __getitem__ before you change it: x = self.x[i].clone()'
    lesson = None

    def start(self):
        self.versions = {}

    @on('loader starts')
    def starts(self, walk):
        for part in parts_of(walk.dataset):
            for value in list(getattr(part, '__dict__', {}).values()):
                if isinstance(value, torch.Tensor) and value.dim() and is_plain(value):
                    walk.data = (walk.data or []) + [(value, value._version)]

    @on('loader ends')
    def ends(self, walk):
        for tensor, version in walk.data or []:
            if tensor._version > version + walk.count // 2 and walk.count > 1:
                if id(tensor) not in self.versions:
                    self.versions[id(tensor)] = True
                    self.say(where=walk.place)


class NanInputs(Rule):
    name = 'nan inputs'
    advice = 'Fill in or leave out missing values.'
    what = "The model's inputs contain nan or inf, so its outputs contain nan, too"
    fix = 'Find the missing values in the data, and fill them in or drop those examples'
    lesson = '13_2'

    def start(self):
        self.done = set()

    @on('some call')
    def call(self, call, args, kwargs, output):
        if call.from_network or call.place in self.done:
            return
        inputs = call.inputs()
        if not inputs.is_floating_point():
            return
        answers = [x() for x in call.answers if x() is not None]
        if any(
            x.is_floating_point() and bool(x.detach().sum().isnan()) for x in answers
        ):
            if not bool(torch.isfinite(inputs.detach()).all()):
                self.done.add(call.place)
                self.say(where=call.walk.place if call.walk else call.place)


class TargetAsInput(Rule):
    name = 'target as input'
    advice = 'Leave the target out of the inputs.'
    what = (
        'Column {} of the inputs is the target itself (perhaps scaled), so there is '
        'nothing to predict'
    )
    fix = 'Drop the column of the target from the inputs'
    lesson = None
    most = 1024  # columns

    def start(self):
        self.of_sequence = TargetInSequence(self.run)
        self.known = {}  # model -> [columns that follow the target, examples, call]

    @on('some loss')
    def loss(self, loss):
        call = loss.call
        inputs = call.inputs() if call is not None else None
        target = loss.target
        if inputs is None or not inputs.is_floating_point():
            return
        if inputs.dim() not in (2, 3) or inputs[0].numel() > self.most:
            return
        inputs = inputs.flatten(1)
        if call.from_network or target.numel() != len(inputs) or len(inputs) < 4:
            return
        if inputs.shape[1] < 2 or not is_plain(target) or target.requires_grad:
            return
        known = self.known.get(id(call.model))
        if known is not None and not known[0]:
            return  # there was a batch without such a column
        same = columns_that_are(
            inputs.detach().cpu().double(), target.detach().cpu().double()
        )
        if known is None:
            known = self.known[id(call.model)] = [same, 0, call]
        known[0] &= same
        known[1] += len(inputs)

    @on('end')
    def end(self):
        for columns, examples, call in self.known.values():
            if not columns or examples < 100:
                continue
            where = call.walk.place if call.walk else call.place
            if len(call.shape) == 2:
                self.say(min(columns), where=where)
            else:
                step = max(columns) // call.shape[2]
                self.run.say(self.of_sequence, step, call.shape[1], where=where)


class TargetInSequence(Rule):
    name = 'target in the sequence'
    advice = 'Predict a value that comes after the sequence, not one in it.'
    what = 'The target is in the input itself, at index {} of {}'
    fix = 'Take the value after the window as the target'
    lesson = None
    remark = True


def columns_that_are(inputs, target):
    """The columns that are the target itself, as it is or standardized.

    A multiple of a column isn't enough, because people make up such data.
    """
    labels = target.reshape(-1, 1)
    centered = inputs - inputs.mean(dim=0)
    distances = labels - labels.mean()
    if distances.norm() < 1e-9:
        return set()
    slopes = (centered * distances).sum(dim=0) / (centered**2).sum(dim=0)
    straight = (distances - slopes * centered).norm(dim=0) < 1e-5 * distances.norm()
    start = labels.mean() - slopes * inputs.mean(dim=0)
    moved = start.abs() > 1e-3 * labels.std()
    equal = ((slopes - 1).abs() < 1e-5) & ~moved
    if len(labels.unique()) == 2:
        moved[:] = True  # classes, whatever numbers stand for them
    return set((straight & (equal | moved)).nonzero().flatten().tolist())


class OverlappingWindows(Rule):
    name = 'overlapping windows'
    advice = 'Split a time series by time, before you cut it into windows.'
    what = (
        'The last steps of {} of {} test windows looked at are also in the middle of '
        'training windows, so training has seen what comes after them'
    )
    fix = (
        'Split the series first, at a point in time, and cut each part into windows; a '
        'random split of windows that overlap puts neighbors on both sides'
    )
    lesson = None
    width = 4  # steps that are compared at once
    most = 1000  # steps of a batch that are looked at

    def start(self):
        self.middles = {}  # training -> hashes of what its windows have before the end
        self.tested = {}  # (training, key) -> [found, windows, place]

    def pieces(self, call):
        """[windows, pieces] of the hashes of consecutive steps, or None.

        None stands for a piece whose values may be equal by chance.
        """
        inputs = call.inputs()
        if inputs is None or call.from_network or not inputs.is_floating_point():
            return None
        if inputs.dim() == 2:
            inputs = inputs[:, :, None]
        if inputs.dim() != 3 or inputs.shape[1] < 2 * self.width:
            return None
        if inputs.shape[1] * inputs.shape[2] > 4096:
            return None
        few = max(1, self.most // inputs.shape[1])
        some = inputs.detach()[:few].float().cpu()
        steps = some.unfold(1, self.width, 1).transpose(2, 3)  # windows, pieces, width
        varied = (steps != steps.round()).flatten(2).float().mean(dim=2) > 0.7
        moves = (steps[:, :, 1:] != steps[:, :, :-1]).any(dim=3).all(dim=2)
        certain = (varied & moves).tolist()
        size = steps[0, 0].numel() * 4
        data = steps.contiguous().numpy().tobytes()
        count = steps.shape[1]
        found = []
        for i, row in enumerate(certain):
            start = i * count * size
            found.append(
                [
                    hash(data[start + j * size : start + (j + 1) * size])
                    if is_certain
                    else None
                    for j, is_certain in enumerate(row)
                ]
            )
        return found

    @on('some call')
    def call(self, call, args, kwargs, output):
        call.pieces = self.pieces(call) if call.grad and call.training else None

    @on('step')
    def step(self, optimizer, training, params, used):
        middles = self.middles.setdefault(training, set())
        for call in used:
            for row in getattr(call, 'pieces', None) or ():
                if len(middles) < MOST_SEEN:
                    middles.update(piece for piece in row[:-1] if piece is not None)

    @on('test')
    def test(self, call):
        if call.grad or call.prints is None or not self.run.is_time('windows'):
            return
        pieces = self.pieces(call)
        for training in trainings_of(self.run, call.model):
            middles = self.middles.get(training)
            if not middles or not pieces:
                continue
            key = id(call.walk.dataset) if call.walk else call.place
            known = self.tested.setdefault((training, key), [0, 0, call])
            for row, number in zip(pieces, call.prints):
                if row[-1] is not None and number not in training.seen:
                    known[0] += row[-1] in middles
                    known[1] += 1

    @on('end')
    def end(self):
        for found, windows, call in self.tested.values():
            if windows >= 10 and found > 0.5 * windows:
                where = call.walk.place if call.walk else call.place
                self.say(found, windows, where=where)


class BlendedMask(Rule):
    name = 'mask between classes'
    advice = "Resize masks with `mode='nearest'`."
    what = (
        '{} was used on class indices, which made fractions of them, and these were '
        'cut off to other classes'
    )
    fix = "Resize masks with mode='nearest' (for photos, bilinear is right)"
    lesson = None

    def start(self):
        self.blended = ByTensor()  # what was interpolated -> (how, place)

    @on(
        'after interpolate',
        'after grid_sample',
        'loaded interpolate',
        'loaded grid_sample',
    )
    def interpolate(self, name, args, kwargs, result):
        values = args[0] if args else kwargs.get('input')
        if not isinstance(values, torch.Tensor) or not is_plain(values):
            return
        if not values.is_floating_point() or not values.numel():
            return
        if len(self.blended) > 10_000 or not self.run.is_time('interpolate', place()):
            return
        whole = bool((values == values.round()).all())
        if whole and bool((result != result.round()).any()):
            mode = kwargs.get('mode', 'bilinear')
            self.blended[result] = f'{name}(mode={mode!r})', place()

    @on(
        'after __getitem__',
        'after squeeze',
        'after round',
        'after to',
        'after long',
        'after int',
        'loaded __getitem__',
        'loaded squeeze',
        'loaded round',
        'loaded to',
        'loaded long',
        'loaded int',
    )
    def follow(self, name, args, kwargs, result):
        if not len(self.blended.data):
            return
        made = self.blended.get(args[0]) if args else None
        if made is None or not isinstance(result, torch.Tensor):
            return
        if result.dtype in (torch.int64, torch.int32):
            how, where = made
            self.say(how, where=where)
        else:
            self.blended[result] = made
