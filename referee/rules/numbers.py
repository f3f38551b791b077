"""Means and sums of losses and accuracies."""

import types

import torch

from ..run import ByTensor, Record, frames, place
from .base import Rule, on

LOSSES_OF_MEANS = {
    'cross_entropy',
    'nll_loss',
    'mse_loss',
    'l1_loss',
    'smooth_l1_loss',
    'huber_loss',
    'binary_cross_entropy',
    'binary_cross_entropy_with_logits',
}


def values_in(found):
    """The values that variables, lists' ends, and attributes of these frames have."""
    values = []
    for frame in found:
        values += list(frame.f_locals.values())
    for value in list(values):
        own = getattr(value, '__dict__', None)
        if isinstance(own, dict) and not isinstance(value, (types.ModuleType, type)):
            values += list(own.values())
        elif isinstance(value, dict) and len(value) < 100:
            values += list(value.values())
    values += [value[-1] for value in values if isinstance(value, list) and value]
    return values


def holds(found, number):
    for value in values_in(found):
        most = 1e-9 * abs(number)
        if isinstance(value, torch.Tensor):
            if value.dim() or value.device.type != 'cpu' or value.dtype.is_complex:
                continue
            if value.dtype == torch.float32:
                most = 1e-6 * abs(number)
            value = float(value.detach())
        if isinstance(value, float) and abs(value - number) <= most:
            return True
    return False


class MeanOfMeans(Rule):
    name = 'means'
    advice = 'Count examples, not batches.'
    what = (
        'The means of batches were averaged, so the examples of the short last batch '
        'count more than the others'
    )
    fix = (
        'Add up loss.detach() * len(labels), or the number of correct predictions, '
        'and divide by the number of examples at the end'
    )
    lesson = '14'

    def start(self):
        self.sizes = ByTensor()  # mean over a batch -> its size
        self.series = {}  # walk -> {place: [(value, size)]}
        self.later = []
        self.small = MeansByExamples(self.run)

    @on('loss')
    def loss(self, loss):
        value = loss.value
        if loss.name in LOSSES_OF_MEANS and value.dim() == 0:
            if loss.options.get('reduction', 'mean') == 'mean' and loss.output.dim():
                self.sizes[value] = len(loss.output)
                if not value.requires_grad and value.device.type == 'cpu':
                    self.add(value.item(), len(loss.output), ('loss', loss.place))

    @on('after mean')
    def mean(self, name, args, kwargs, result):
        values = args[0]
        if not isinstance(result, torch.Tensor) or not isinstance(values, torch.Tensor):
            return
        if result.dim() == 0 < values.dim() and values.numel() == len(values):
            self.sizes[result] = len(values)

    @on('after detach', 'after cpu', 'after to', 'after float', 'after clone')
    def same(self, name, args, kwargs, result):
        size = self.sizes.get(args[0]) if isinstance(args[0], torch.Tensor) else None
        if size:
            self.sizes[result] = size

    @on('after item', 'after __float__')
    def item(self, name, args, kwargs, value):
        size = self.sizes.get(args[0]) if args[0].dim() == 0 else None
        if size:
            self.add(value, size, place())

    def add(self, value, size, where):
        """A number of the series that belongs to a loader, and to a line."""
        for walk in reversed(self.run.walks):
            if walk.size == size:
                series = self.series.setdefault(walk, {})
                series.setdefault(where, []).append((value, size))
                return

    @on('loader ends')
    def finished(self, walk):
        self.look()
        found = frames()
        series = self.series.pop(walk, {})
        read = [values for where, values in series.items() if where[0] != 'loss']
        for where, values in series.items():
            if where[0] == 'loss':
                if values in read:  # with .item(), in a line of its own
                    continue
                _, where = where
            total = sum(value for value, _ in values)
            right = sum(value * n for value, n in values) / sum(n for _, n in values)
            mean = total / len(values)
            size = values[0][1]
            if size > 1 and len(values) > 1 and abs(total) > 1e-6:
                self.small.expect(found, total / walk.count, size, where)
            if abs(mean - right) <= 1e-7 * abs(right):
                continue
            if holds(found[:1], total) or holds(found[:1], mean):
                self.say(where=where)
            else:  # it may be divided after the loop
                self.later.append((mean, where))

    def look(self, found=None):
        found = found or frames()
        self.small.look(found)
        for number, where in list(self.later):
            if holds(found, number):
                self.say(where=where)
                self.later.remove((number, where))

    @on('end')
    def end(self):
        module = self.run.module
        if module is not None:
            self.look([Record(f_locals=vars(module))])


class MeansByExamples(Rule):
    name = 'divided by examples'
    advice = "Don't divide a sum of batch means by the number of examples."
    what = (
        'A sum of means over batches was divided by the number of examples, so it is '
        'about {} times too small'
    )
    fix = (
        'Add up loss.detach() * len(labels), and then divide by the number of examples'
    )
    lesson = '14'

    def start(self):
        self.later = []

    def expect(self, found, number, size, where):
        """This would be wrong, if a variable has it, now or later."""
        if holds(found[:1], number):
            self.say(size, where=where)
        else:
            self.later.append((number, size, where))

    def look(self, found):
        for one in list(self.later):
            number, size, where = one
            if holds(found, number):
                self.say(size, where=where)
                self.later.remove(one)


class GraphKept(Rule):
    name = 'graph'
    advice = (
        'Add up `loss.detach()`, not the loss itself, which brings its whole '
        'graph along.'
    )
    what = 'Losses were {} with their graphs, so memory use grows with every batch'
    fix = 'Use loss.detach() or loss.item(), as in total += loss.item()'
    lesson = '12'

    def start(self):
        self.parts = ByTensor()  # loss or sum -> Record

    @on('loss')
    def loss(self, loss):
        value = loss.value
        if value.dim() == 0 and value.requires_grad:
            self.parts[value] = Record(done=[False], sums=0)

    @on('backward')
    def backward(self, loss):
        part = self.parts.get(loss) if loss is not None else None
        if part is not None:
            part.done[0] = True

    @on(
        'after add',
        'after add_',
        'after __radd__',
        'after __iadd__',
        'after __add__',
    )
    def added(self, name, args, kwargs, result):
        if type(result) is not torch.Tensor or result.dim() or not result.requires_grad:
            return
        parts = [
            self.parts[x]
            for x in args[:2]
            if isinstance(x, torch.Tensor) and self.parts.get(x) is not None
        ]
        done = [part for part in parts if part.done[0]]
        if not parts:
            return
        sums = max(part.sums for part in parts)
        if done and sums:
            self.say('added up')
        self.parts[result] = Record(
            done=[True] if done else parts[0].done, sums=sums + bool(done)
        )

    @on('loader ends')
    def finished(self, walk):
        for value in values_in(frames()[:1]):
            if not isinstance(value, list) or len(value) < 3:
                continue
            last = value[-3:]
            if all(
                isinstance(x, torch.Tensor) and x.dim() == 0 and x.grad_fn is not None
                for x in last
            ):
                known = [self.parts.get(x) for x in last]
                if all(part is not None and part.done[0] for part in known):
                    self.say('kept in a list', where=walk.place)
