"""How a model is tested."""

import re

import torch

from ..run import DROPOUT, NORM, at_work, called_from_library, place
from .base import Rule, on
from .data import parts_of

CHANCE = r'\b(?:Rand|ColorJ|AutoA|TrivialA|AugMix)\w*'


class Tests(Rule):
    """Verdicts on tests wait until we know which models are trained."""

    def start(self):
        self.waiting = []

    def wait(self, call, *details, where=None):
        for model, known, place_, count in self.waiting:
            if model is call.model and known == details and place_ == where:
                count[0] += 1
                return
        self.waiting.append((call.model, details, where or call.place, [1]))

    @on('end')
    def end(self):
        for model, details, where, count in self.waiting:
            if self.run.is_trained(model):
                for _ in range(count[0]):
                    self.say(*details, where=where)


class TestedInTrainMode(Tests):
    name = 'awake'
    advice = (
        'Call `model.eval()` before a test (it matters with dropout or batch norm).'
    )
    what = 'The model was tested in train mode, so its {} did what is for training only'
    fix = 'Call model.eval() before the test, and model.train() before training goes on'
    lesson = '16'

    @on('test')
    def test(self, call):
        working = [layer for layer in call.at_work if at_work(layer)] or call.at_work
        if working and call.training:
            self.wait(call, kinds(working), where=call.place)


class AlwaysOn(Tests):
    name = 'always on'
    advice = 'Use dropout in a way that `eval()` can turn off.'
    what = 'Dropout was active in a test although the model is in eval mode'
    fix = (
        'Make nn.Dropout in __init__ and not in forward(), or write '
        'F.dropout(x, p, training=self.training)'
    )
    lesson = '16'

    @on(
        'before dropout',
        'before dropout1d',
        'before dropout2d',
        'before dropout3d',
        'before alpha_dropout',
        'before feature_alpha_dropout',
        'before feature_dropout',
    )
    def dropout(self, name, args, kwargs):
        call = self.run.call
        p = args[1] if len(args) > 1 else kwargs.get('p', 0.5)
        on_ = args[2] if len(args) > 2 else kwargs.get('training', True)
        if call is not None and p and on_ and not call.model.training:
            call.chance = place()

    @on('test')
    def test(self, call):
        if call.chance and not call.training:
            self.wait(call, where=call.chance)


def kinds(layers):
    names = []
    if any(isinstance(layer, DROPOUT) for layer in layers):
        names.append('dropout')
    if any(isinstance(layer, NORM) for layer in layers):
        names.append('batch norm')
    return ' and '.join(names)


class PartOfTheTest(Rule):
    name = 'part'
    advice = 'Test on every example exactly once.'
    what = 'The model was tested on {}'
    fix = 'Take every example once: no drop_last, no sampler with replacement'
    lesson = '14'

    @on('loader ends')
    def ends(self, walk):
        if not walk.tested or walk.learned or not walk.size:
            return
        if walk.all not in (None, walk.count):
            self.say(f'{walk.count} of {walk.all} examples', where=walk.tested)
        elif getattr(walk.sampler, 'replacement', False):
            self.say('examples drawn with replacement', where=walk.tested)


class RandomTransform(Tests):
    name = 'chance'
    advice = 'Augment only the training images.'
    what = 'The model was tested on images that {} changes at random'
    fix = 'Give the test set a transform of its own, without random parts'
    lesson = '18'

    @on('test')
    def test(self, call):
        if call.walk is None:
            return
        found = []
        for part in parts_of(call.walk.dataset):
            found += re.findall(CHANCE, repr(getattr(part, 'transform', '')))
        if found:
            self.wait(call, ', '.join(found), where=call.place)


class GradientsInTest(Tests):
    name = 'gradients'
    advice = 'Use `torch.no_grad()` for a test.'
    what = 'The model was tested with gradients on, which costs time and memory'
    fix = 'Write with torch.no_grad(): around the test'
    lesson = '11'

    @on('test with gradients')
    def test(self, call):
        if call.judged:
            self.wait(call, where=call.place)


class AlwaysTrue(Rule):
    name = 'threshold'
    advice = 'Compare probabilities with 0.5, and logits with 0.'
    what = 'Numbers from 0 to 1 were compared with {}, which is always {}'
    fix = 'Compare probabilities with 0.5, or logits with 0'
    lesson = '14'

    def start(self):
        self.counts = {}

    @on('after gt', 'after ge', 'after lt', 'after le', 'after __gt__', 'after __lt__')
    def compared(self, name, args, kwargs, result):
        values, bound = args[0], args[1] if len(args) > 1 else kwargs.get('other')
        if not isinstance(values, torch.Tensor) or isinstance(bound, torch.Tensor):
            return
        if self.run.call is not None or values.numel() < 2:
            return
        mark = self.run.marks.get(values)
        if mark is None or mark.call is None or not values.is_floating_point():
            return
        if bound not in (0, 1) or called_from_library():
            return
        low, high = values.detach().amin().item(), values.detach().amax().item()
        count = self.counts.setdefault((place(), bound), [0, 0, True, 0.0])
        count[0] += values.numel()
        count[1] += 1
        count[2] &= 0 <= low and high <= 1 and bool(result.all() == result.any())
        count[3] = max(count[3], high - low)

    @on('end')
    def end(self):
        for (where, bound), (n, _, always, spread) in self.counts.items():
            if always and n >= 20 and spread > 0.01:
                self.say(bound, bound == 0, where=where)
