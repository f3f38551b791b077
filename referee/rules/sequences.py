"""Language models and other sequences."""

from ..run import is_plain
from .base import Rule, on


class WrongShift(Rule):
    name = 'shift'
    advice = 'Shift the labels of a language model by one position, once.'
    what = 'The labels are {}'
    fix = (
        'The label of a position is the next token, so shift once: tokens[:, 1:] are '
        'the labels of tokens[:, :-1]'
    )
    lesson = None

    def start(self):
        self.counts = {}

    @on('some loss')
    def loss(self, loss):
        call = loss.call
        if (
            loss.name != 'cross_entropy'
            or call is None
            or loss.target.is_floating_point()
        ):
            return
        inputs = call.inputs()
        if inputs is None or inputs.is_floating_point() or inputs.dim() != 2:
            return
        if not is_plain(loss.target) or loss.target.numel() % len(inputs):
            return
        target = loss.target.reshape(len(inputs), -1)
        length = target.shape[1]
        if length < 4:
            return
        counts = self.counts.setdefault(loss.place, [0, 0, 0, 0])
        counts[3] += 1
        for shift in (0, 1, 2):
            ids = inputs[:, shift : shift + length]
            n = ids.shape[1]
            some = target[:, :n]
            known = some >= 0
            if n >= 3 and bool(known.any()):
                counts[shift] += bool((some == ids)[known].all())

    @on('end')
    def end(self):
        for where, (same, one, two, times) in self.counts.items():
            if times < 2 or one == times:
                continue
            if same == times:
                self.say(
                    'the input itself, so the model only has to copy it', where=where
                )
            elif two == times:
                self.say('two places ahead of the input, not one', where=where)
