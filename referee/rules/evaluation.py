"""How a model is tested."""

import re

import torch
from torch.utils.data import SequentialSampler

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
    what = 'The model was tested in train mode, so its {} worked as during training'
    fix = 'Call model.eval() before the test, and model.train() before training goes on'
    lesson = '16'

    @on('test')
    def test(self, call):
        working = [layer for layer in call.at_work if at_work(layer)] or call.at_work
        if working and call.training:
            self.wait(call, kinds(working), where=call.place)


class AlwaysOn(Tests):
    name = 'always on'
    advice = 'Use dropout and batch norm in a way that `eval()` reaches.'
    what = '{} still worked as during training, although the model was in eval mode'
    fix = (
        'Make layers in __init__, not in forward(); put lists of layers in '
        'nn.ModuleList; use F.dropout(x, p, training=self.training); and call '
        'model.eval() instead of setting model.training'
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
        if call.training:
            return
        if call.chance:
            self.wait(call, 'Dropout', where=call.chance)
        elif call.at_work:
            self.wait(call, kinds(call.at_work).capitalize(), where=call.place)


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
    fix = (
        'Make the test loader without drop_last=True and without a sampler that '
        'draws with replacement'
    )
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


class TestChanges(Rule):
    name = 'test changes'
    advice = 'Test on the same inputs each time.'
    what = 'The model was tested on different inputs each time'
    fix = 'Give the test set a transform of its own, without random parts'
    lesson = '18'

    def start(self):
        self.tests = {}  # id of the dataset -> [(prints of the first batch, place)]
        self.begun = set()

    @on('test')
    def test(self, call):
        walk = call.walk
        if walk is None or walk in self.begun or call.prints is None or call.carried:
            return
        self.begun.add(walk)
        if isinstance(walk.sampler, SequentialSampler) and call.training is False:
            tests = self.tests.setdefault(id(walk.dataset), [])
            tests.append((call.model, set(call.prints), call.place))

    @on('end')
    def end(self):
        for tests in self.tests.values():
            models = {id(model) for model, _, _ in tests}
            if len(tests) < 2 or len(models) > 1:
                continue
            (_, first, where), *others = tests
            if not any(first & prints for _, prints, _ in others):
                self.say(where=where)


class LastBatchOnly(Rule):
    name = 'last batch'
    advice = 'Compare the predictions of each batch with its labels.'
    what = 'The test had {} batches, but only the last one was compared with its labels'
    fix = (
        'Count the correct predictions inside the loop over the batches, and divide '
        'by the number of examples after the loop'
    )
    lesson = '14'

    def start(self):
        self.walks = {}  # place of the loader -> {walk: [calls, judged, last call]}

    @on('call')
    def call(self, call, args, kwargs, output):
        if call.grad or call.walk is None:
            return
        walks = self.walks.setdefault(call.walk.place, {})
        if len(walks) < 20:
            known = walks.setdefault(call.walk, [0, [], None])
            known[0] += 1
            known[2] = call

    @on('test')
    def test(self, call):
        walks = self.walks.get(call.walk.place, {}) if call.walk is not None else {}
        if call.walk in walks:
            walks[call.walk][1].append(call is walks[call.walk][2])

    @on('end')
    def end(self):
        for where, walks in self.walks.items():
            counts = [calls for calls, _, _ in walks.values()]
            # Batches that were joined are known by the first of them.
            if all(judged == [True] for _, judged, _ in walks.values()):
                if min(counts) >= 3:
                    self.say(min(counts), where=where)


class FirstBatchOnly(Rule):
    name = 'first batch'
    advice = 'Test on all batches of a loader, not on the first again and again.'
    what = 'The model was tested {} times on the first {} of {} examples, and no others'
    fix = (
        'Loop over the whole loader, or make one iterator before the loop and take its '
        'next batch each time: next(iter(loader)) starts over'
    )
    lesson = '14'

    def start(self):
        self.left = {}  # id of the dataset -> walks that were left after one batch
        self.whole = set()  # datasets that were tested as a whole

    @on('loader is left')
    def is_left(self, walk):
        if walk.count == walk.size and isinstance(walk.sampler, SequentialSampler):
            self.left.setdefault(id(walk.dataset), []).append(walk)
        else:
            self.whole.add(id(walk.dataset))

    @on('loader ends')
    def ends(self, walk):
        self.whole.add(id(walk.dataset))

    @on('end')
    def end(self):
        for key, walks in self.left.items():
            tested = [walk for walk in walks if walk.tested and not walk.learned]
            if len(tested) < 3 or key in self.whole or not tested[0].all:
                continue
            walk = tested[0]
            if walk.all > walk.count:
                self.say(len(tested), walk.count, walk.all, where=walk.place)


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
    what = 'Values between 0 and 1 were compared with {}, and the result was always {}'
    fix = 'Compare probabilities with 0.5, or logits with 0'
    lesson = '13_3'

    def start(self):
        self.counts = {}

    @on('after gt', 'after ge', 'after lt', 'after le', 'after __gt__', 'after __lt__')
    def compared(self, name, args, kwargs, result):
        values, bound = args[0], args[1] if len(args) > 1 else kwargs.get('other')
        if isinstance(bound, torch.Tensor) or bound not in (0, 1):
            return
        mark = self.run.marks.get(values)
        if self.run.call is not None or mark is None or mark.call is None:
            return
        if values.numel() < 2 or not values.is_floating_point():
            return
        if called_from_library():
            return
        low, high = values.detach().amin().item(), values.detach().amax().item()
        count = self.counts.setdefault((place(), bound), [0, 0, True, 0.0, None])
        count[0] += values.numel()
        count[1] += 1
        count[2] &= 0 <= low and high <= 1 and bool(result.all() == result.any())
        count[3] = max(count[3], high - low)
        count[4] = bool(result.any())

    @on('end')
    def end(self):
        for (where, bound), (n, _, always, spread, result) in self.counts.items():
            if always and n >= 20 and spread > 0.01:
                self.say(bound, result, where=where)


class LogitsAtHalf(Rule):
    name = 'logits at half'
    advice = 'Turn logits into probabilities before you compare them with 0.5.'
    what = (
        'Logits (from {} to {}), which BCEWithLogitsLoss turns into probabilities, '
        'were compared with {}'
    )
    fix = 'Compare torch.sigmoid(logits) with 0.5, or the logits with 0'
    lesson = '13_3'
    remark = True

    def start(self):
        self.known = {}  # (model, place) -> [lowest, highest, bound]
        self.models = set()  # ids of those whose outputs the loss takes for logits

    @on('loss')
    def loss(self, loss):
        if loss.name == 'binary_cross_entropy_with_logits' and loss.call is not None:
            self.models.add(id(loss.call.model))

    @on('after gt', 'after ge', 'after __gt__', 'after __ge__')
    def compared(self, name, args, kwargs, result):
        values, bound = args[0], args[1] if len(args) > 1 else kwargs.get('other')
        if not isinstance(bound, float) or not 0.2 <= bound <= 0.8:
            return
        mark = self.run.marks.get(values)
        if self.run.call is not None or mark is None or mark.call is None:
            return
        if values.numel() < 2 or not values.is_floating_point():
            return
        low, high = values.detach().amin().item(), values.detach().amax().item()
        key = id(mark.call.model), place()
        known = self.known.setdefault(key, [low, high, bound])
        known[0] = min(known[0], low)
        known[1] = max(known[1], high)

    @on('end')
    def end(self):
        for (model, where), (low, high, bound) in self.known.items():
            if model in self.models and low < 0 and high > 1:
                self.say(f'{low:.3g}', f'{high:.3g}', bound, where=where)
