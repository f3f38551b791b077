"""Checks after the run, on a copy of each model.

The last training batch of each model (its arguments, as copies, up to 8 MB) is kept.
After the run, a copy of the model in eval mode predicts it once more, and again with
one thing changed. The script's random numbers and its model stay as they are.
"""

import copy

import torch

from ..run import place, tensors_in
from .base import Rule, on

MOST_BYTES = 8_000_000
MOST_MODELS = 4


def copied(thing):
    """The same arguments with copies of their tensors."""
    if isinstance(thing, torch.Tensor):
        return thing.detach().clone()
    if isinstance(thing, dict):
        return {key: copied(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)) and type(thing) in (list, tuple):
        return type(thing)(copied(value) for value in thing)
    return thing


def flipped(thing, size):
    """The same arguments, with the examples of the batch in the opposite order."""
    if isinstance(thing, torch.Tensor):
        of_batch = thing.dim() > 0 and len(thing) == size
        return thing.detach().flip(0) if of_batch else thing
    if isinstance(thing, dict):
        return {key: flipped(value, size) for key, value in thing.items()}
    if type(thing) in (list, tuple):
        return type(thing)(flipped(value, size) for value in thing)
    return thing


class Probe(Rule):
    """Keeps batches, and asks at the end."""

    kept = None  # shared by all probes of a run: {model: what is known of its batch}

    def start(self):
        if not hasattr(self.run, 'kept_batches'):
            self.run.kept_batches = {}

    @on('loss')
    def loss(self, loss):
        kept = self.run.kept_batches.get(id(loss.call.model)) if loss.call else None
        if kept is not None and loss.call.grad and kept['call'] is loss.call:
            kept['loss'] = loss.name
            kept['targets'] = loss.target.detach().clone()
            kept['place'] = loss.place

    @on('end')
    def end(self):
        for kept in self.run.kept_batches.values():
            if kept.get('targets') is None or kept['call'].from_network:
                continue
            if not self.concerns(kept):
                continue
            parameters = kept['model'].parameters()
            devices = {where.device.index for where in parameters if where.is_cuda}
            with torch.random.fork_rng(list(devices)), torch.no_grad():
                try:
                    model = copy.deepcopy(kept['model']).eval()
                    first = self.answers(model, kept['args'], kept['kwargs'])
                    again = self.answers(model, kept['args'], kept['kwargs'])
                except Exception:
                    continue  # such as one that needs the other processes
                if first is None or not torch.equal(first, again):
                    continue  # it draws random numbers, so we can't compare
                self.ask(kept, model, first)

    def answers(self, model, args, kwargs):
        found = tensors_in(model(*copied(args), **copied(kwargs)))
        found = [x for x in found if x.is_floating_point() and x.dim() > 0]
        return found[0] if found else None

    def changed(self, kept, change):
        """The arguments, with the first tensor changed."""
        args = copied(kept['args'])
        kwargs = copied(kept['kwargs'])
        given = [x for x in tensors_in([args, kwargs]) if x.dim() > 0]
        wide = [x for x in given if x.dim() > 1] or given
        change(wide[0])
        return args, kwargs


class Keeper(Rule):
    """Keeps the arguments of the last training call of each model."""

    name = ''

    def start(self):
        self.counts = {}
        if not hasattr(self.run, 'kept_batches'):
            self.run.kept_batches = {}

    @on('call')
    def call(self, call, args, kwargs, output):
        if not call.grad or not call.training:
            return
        count = self.counts[id(call.model)] = self.counts.get(id(call.model), 0) + 1
        if count & (count - 1):  # not a power of two
            return
        given = tensors_in([args, kwargs])
        size = sum(x.numel() * x.element_size() for x in given)
        if size > MOST_BYTES or call.size < 2 and call.shape[0] < 2:
            return
        kept = self.run.kept_batches
        if id(call.model) not in kept and len(kept) >= MOST_MODELS:
            del kept[next(iter(kept))]  # the oldest
        kept[id(call.model)] = {
            'model': call.model,
            'call': call,
            'args': copied(args),
            'kwargs': copied(kwargs),
            'targets': None,
        }


class MixedBatch(Probe):
    name = 'mixed batch'
    advice = "Don't let one example's prediction depend on the others in the batch."
    what = 'What the model predicts for one example depends on {} in the batch'
    fix = (
        'Look for a softmax, mean, or view over dimension 0, for positions that number '
        'the batch (x.size(0)), and for an LSTM or GRU without batch_first=True'
    )
    lesson = '25'

    def start(self):
        super().start()
        self.numbered = {}  # model -> (how many numbers arange made in it, place)

    @on('after arange')
    def number(self, name, args, kwargs, result):
        if self.run.call is not None:
            self.numbered[id(self.run.call.model)] = len(result), place()

    def concerns(self, kept):
        call = kept['call']
        return call.walk is not None and call.size > 1 and not call.carried

    def ask(self, kept, model, first):
        call = kept['call']
        if len(first) != call.size or len(kept['targets']) != call.size:
            return

        def exchange(inputs):
            inputs[0] = inputs[-1]

        args, kwargs = self.changed(kept, exchange)
        other = self.answers(model, args, kwargs)
        if not torch.allclose(first[1:], other[1:], rtol=1e-3, atol=1e-4):
            self.say('the others', where=call.place)
            return
        args = flipped(kept['args'], call.size)
        kwargs = flipped(kept['kwargs'], call.size)
        other = self.answers(model, args, kwargs).flip(0)
        if not torch.allclose(first, other, rtol=1e-3, atol=1e-4):
            count, where = self.numbered.get(id(call.model), (0, None))
            self.say('its place', where=where if count == call.size else call.place)


class SeesTheFuture(Probe):
    name = 'future'
    advice = 'Give a language model a causal mask.'
    what = 'The model sees the tokens that it has to predict'
    fix = (
        'Give the attention a causal mask, so that each position sees only those up to '
        'itself'
    )
    lesson = '25_1'

    def concerns(self, kept):
        given = [x for x in tensors_in([kept['args'], kept['kwargs']]) if x.dim() > 1]
        if not given or given[0].is_floating_point() or given[0].dim() != 2:
            return False
        ids, targets = given[0], kept['targets']
        if kept['loss'] != 'cross_entropy' or targets.numel() % len(ids):
            return False
        rows = targets.reshape(len(ids), -1)
        length = min(ids.shape[1] - 1, rows.shape[1])
        if length < 3:
            return False
        return bool((rows[:, :length] == ids[:, 1 : length + 1]).float().mean() > 0.95)

    def ask(self, kept, model, first):
        def exchange(ids):
            ids[:, -1] = torch.where(ids[:, -1] == ids[0, 0], ids[0, 1], ids[0, 0])

        args, kwargs = self.changed(kept, exchange)
        other = self.answers(model, args, kwargs)
        if first.dim() != 3:
            return
        ids = [x for x in tensors_in([kept['args'], kept['kwargs']]) if x.dim() > 1][0]
        length = ids.shape[1]
        if first.shape[1] == length:
            before = (first[:, : length - 1], other[:, : length - 1])
        elif first.shape[2] == length:
            before = (first[..., : length - 1], other[..., : length - 1])
        else:
            return
        if not torch.allclose(*before, rtol=1e-3, atol=1e-4):
            self.say(where=kept['call'].place)


class SameAnswer(Probe):
    name = 'constant'
    advice = 'Look for what keeps a model from using its inputs.'
    what = 'The model predicts the same for every example of a training batch'
    fix = (
        "Look for a ReLU that always returns 0, a forward() that doesn't use its "
        "input, a learning rate that's too high, or gradients that vanish in a deep "
        'network'
    )
    lesson = '16_1'

    def concerns(self, kept):
        return kept['call'].size > 3

    def ask(self, kept, model, first):
        inputs = [x for x in tensors_in([kept['args'], kept['kwargs']]) if x.dim() > 1]
        if not inputs or first.dim() < 2 or len(first) != kept['call'].size:
            return
        alike = torch.allclose(first, first[:1].expand_as(first), rtol=1e-6, atol=0)
        targets = kept['targets']
        if alike and not (inputs[0] == inputs[0][:1]).all():
            if not (targets == targets[:1]).all():
                self.say(where=kept['call'].place)


class AsMuchPadding(Probe):
    name = 'amount of padding'
    advice = 'Keep padding from changing the prediction.'
    what = 'What the model predicts changes if more padding is appended to its input'
    fix = (
        'Take the state of the last real token (pack_padded_sequence does), average '
        'over real tokens only, and give attention a mask'
    )
    lesson = '25'

    def concerns(self, kept):
        given = [x for x in tensors_in([kept['args'], kept['kwargs']]) if x.dim() > 1]
        return (
            bool(given)
            and given[0].dim() == 2
            and given[0].dtype == torch.int64
            and len(kept['targets']) == len(given[0])
        )

    def ask(self, kept, model, first):
        if first.dim() > 2 or len(first) != kept['call'].size:
            return
        paddings = {
            layer.padding_idx
            for layer in model.modules()
            if isinstance(layer, torch.nn.Embedding) and layer.padding_idx is not None
        }
        if len(paddings) != 1:
            return
        (padding,) = paddings
        ids = [x for x in tensors_in([kept['args'], kept['kwargs']]) if x.dim() > 1][0]
        padded = (ids[:, -3:] == padding).all(dim=1) & (ids[:, 0] != padding)
        if not padded.any() or padded.all():
            return
        longer = torch.cat([ids, torch.full_like(ids[:, :2], padding)], dim=1)
        args = replaced(kept['args'], ids, longer)
        kwargs = replaced(kept['kwargs'], ids, longer)
        try:
            other = self.answers(model, args, kwargs)
        except Exception:
            return  # it wants this length
        if not torch.allclose(first[padded], other[padded], rtol=1e-3, atol=1e-4):
            self.say(where=kept['call'].place)


def replaced(thing, old, new):
    """The same arguments, with one tensor replaced by another."""
    if thing is old:
        return new
    if isinstance(thing, dict):
        return {key: replaced(value, old, new) for key, value in thing.items()}
    if type(thing) in (list, tuple):
        return type(thing)(replaced(value, old, new) for value in thing)
    return thing
