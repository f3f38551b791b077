"""Layers, and how a model is trained."""

import difflib
import linecache
import re
from weakref import ref

import torch
from torch import nn

from ..run import DROPOUT, NORM, ByTensor, at_work, place
from .base import Rule, on


def learns_with_chance(layer):
    """Batch norm that learns, or dropout beside layers that do?"""
    if isinstance(layer, NORM):
        return layer.affine and layer.weight.requires_grad
    return any(
        isinstance(part, DROPOUT) and part.p > 0 for part in layer.children()
    ) and any(p.requires_grad for p in layer.parameters())


class TrainedInEvalMode(Rule):
    name = 'asleep'
    advice = (
        'Call `model.train()` before training (it matters with dropout or batch norm).'
    )
    what = (
        'The model was trained in eval mode, so dropout did nothing, or batch norm '
        'used its running statistics instead of those of the batch'
    )
    fix = 'Call model.train() before the training loop, and after each test'
    lesson = '16'

    @on('some call')
    def call(self, call, args, kwargs, output):
        if call.grad:
            layers = list(call.model.modules())
            call.asleep = not any(layer.training for layer in layers) and any(
                learns_with_chance(layer) for layer in layers
            )

    @on('step')
    def step(self, optimizer, training, params, used):
        for call in used:
            if getattr(call, 'asleep', False):
                self.say(where=call.place)


class Misspelled(Rule):
    name = 'misspelled'
    advice = (
        'Set `requires_grad` on parameters, and spell it right, because Python '
        'accepts any attribute.'
    )
    what = 'A {} has an attribute called {}, which means nothing to torch'
    fix = (
        'Call module.requires_grad_({}), which sets requires_grad of all parameters '
        'of a module'
    )
    lesson = '20'

    @on('step')
    def step(self, optimizer, training, params, used):
        if training.steps == 0:
            for call in used:
                self.look_at(call)

    def look_at(self, call):
        for p in call.model.parameters():
            for name in vars(p):
                if difflib.get_close_matches(name, ['requires_grad'], cutoff=0.85):
                    self.tell('parameter', name, vars(p)[name], call)
                    return
        for module in call.model.modules():
            for name in vars(module):
                if difflib.get_close_matches(name, ['requires_grad'], cutoff=0.85):
                    kind = type(module).__name__
                    self.tell(kind, name, vars(module)[name], call)
                    return

    def tell(self, kind, name, value, call):
        where = line_with(rf'\.{name}\s*=[^=]', call.place)
        self.say(kind, name, bool(value), where=where)


def line_with(pattern, where):
    """The first line of a script that a pattern is in, or this place in it."""
    file, _ = where
    for number, line in enumerate(linecache.getlines(file), start=1):
        if re.search(pattern, line):
            return file, number
    return where


class FrozenNorm(Rule):
    name = 'frozen'
    advice = (
        'Keep a frozen backbone in `eval()`, because otherwise its batch norm '
        'layers keep changing.'
    )
    what = 'Batch norm of a frozen layer was in train mode, so its statistics changed'
    fix = 'Call backbone.eval() after model.train()'
    lesson = '20'

    @on('some call')
    def call(self, call, args, kwargs, output):
        call.moved = call.grad and any(
            isinstance(layer, NORM)
            and at_work(layer)
            and layer.affine
            and not layer.weight.requires_grad
            for layer in call.model.modules()
        )

    @on('step')
    def step(self, optimizer, training, params, used):
        for call in used:
            if getattr(call, 'moved', False):
                self.say(where=call.place)


class LastBatchOnly(Rule):
    name = 'momentum'
    advice = 'Give batch norm a small momentum, such as 0.1.'
    what = (
        'Batch norm has a momentum of {}, so its statistics are little more than those '
        'of the last batch'
    )
    fix = (
        "torch's momentum is the weight of the new batch: 0.1 by default. What other "
        'libraries call 0.99 is 0.01 here'
    )
    lesson = '18_2'
    remark = True

    def start(self):
        self.seen = set()

    @on('call')
    def call(self, call, args, kwargs, output):
        if id(call.model) in self.seen or not call.grad:
            return
        self.seen.add(id(call.model))
        for layer in call.model.modules():
            if isinstance(layer, NORM) and (layer.momentum or 0) > 0.5:
                where = line_with(r'momentum\s*=', call.place)
                self.say(layer.momentum, where=where)
                return


class NormUntouched(Rule):
    name = 'no statistics'
    advice = 'Copy the buffers of a model, too, not only its parameters.'
    what = (
        'Batch norm was used in eval mode with the statistics it was made with (mean '
        '0, variance 1), because it has never seen a batch in train mode'
    )
    fix = (
        'Train the model in train mode first. For a copy of a trained model, copy its '
        'buffers, too, with load_state_dict or named_buffers()'
    )
    lesson = '20'

    @on('some call')
    def call(self, call, args, kwargs, output):
        if call.training or self.run.steps < 10:
            return
        norms = [
            layer
            for layer in call.model.modules()
            if isinstance(layer, NORM) and layer.running_mean is not None
        ]
        if any(layer.training or layer.running_mean.any() for layer in norms):
            return
        learned = [  # it was made with a weight of 1
            layer for layer in norms if layer.affine and (layer.weight != 1).any()
        ]
        if learned:
            self.say(where=call.place)


class AllAlike(Rule):
    name = 'alike'
    advice = "Don't give all weights of a layer the same first value."
    what = 'All units of a {} are equal, and so are their gradients, so they stay equal'
    fix = (
        'Leave the weights as the layer makes them, or start with random ones '
        '(nn.init.kaiming_normal_, for example), not with the same number everywhere'
    )
    lesson = '5'

    def start(self):
        self.steps = {}

    @on('some step')
    def step(self, optimizer, training, params, used):
        count = self.steps[training] = self.steps.get(training, 0) + 1
        if count != 5:
            return
        for call in used:
            for layer in call.layers:
                if isinstance(layer, nn.Linear) and self.are_alike(layer):
                    sizes = f'{layer.in_features}, {layer.out_features}'
                    self.say(f'Linear({sizes})', where=call.place)

    def are_alike(self, layer):
        weight, bias = layer.weight.detach(), layer.bias
        grad = layer.weight.grad
        if len(weight) < 2 or grad is None or not bool(grad.any()):
            return False
        alike = bool((weight == weight[0]).all() and (grad == grad[0]).all())
        return alike and (bias is None or bool((bias == bias[0]).all()))


class SharedLayers(Rule):
    name = 'shared layers'
    advice = 'Make a new layer for each place, unless they should share their weights.'
    what = 'A {} holds the same {} {} times, so these layers share their weights'
    fix = 'Make n layers with [Block() for _ in range(n)], not with [Block()] * n'
    lesson = '5'
    remark = True

    def start(self):
        self.seen = set()

    @on('call')
    def call(self, call, args, kwargs, output):
        if id(call.model) in self.seen or not call.grad:
            return
        self.seen.add(id(call.model))
        for module in call.model.modules():
            if not isinstance(module, (nn.Sequential, nn.ModuleList)):
                continue
            layers = [x for x in module._modules.values() if x is not None]
            for layer in layers:
                times = sum(other is layer for other in layers)
                if times > 1 and any(True for _ in layer.parameters()):
                    self.say(
                        type(module).__name__,
                        type(layer).__name__,
                        times,
                        where=call.place,
                    )
                    break


class NothingBetween(Rule):
    name = 'no activation'
    advice = 'Put an activation between two linear layers.'
    what = (
        'Two linear layers follow each other ({} and {} units) with nothing in between'
    )
    fix = (
        'Put an activation such as nn.ReLU() between them: two linear layers in a row '
        'can do no more than one'
    )
    lesson = '2'
    remark = True

    def start(self):
        self.made = ByTensor()
        self.known = set()  # pairs of layers that were looked at
        self.waiting = []  # (the layers' sizes, node of the first's output, place)

    @on('some layer')
    def layer(self, call, module, args, kwargs, output):
        if not isinstance(module, nn.Linear) or not isinstance(output, torch.Tensor):
            return
        if output.is_inference():  # which counts no changes
            return
        given = args[0] if args else kwargs.get('input')
        made = self.made.get(given) if isinstance(given, torch.Tensor) else None
        first, version = made or (None, 0)
        if first is not None and given._version != version:
            first = None  # an activation has changed it in place
        if first is not None and (first, module) not in self.known:
            self.known.add((first, module))
            narrow = first.out_features < min(first.in_features, module.out_features)
            if not narrow and given.grad_fn is not None:  # else a low-rank layer
                sizes = (
                    f'{first.in_features} to {first.out_features}',
                    f'{module.in_features} to {module.out_features}',
                )
                self.waiting.append((sizes, given.grad_fn, call.place))
        self.made[output] = module, output._version

    @on('backward')
    def backward(self, loss):
        waiting, self.waiting = self.waiting, []
        if not waiting or loss is None:
            return
        uses = count_uses(loss.grad_fn)
        for sizes, node, where in waiting:
            if uses.get(node) == 1:
                self.say(*sizes, where=where)


def count_uses(node, most=20_000):
    """{node: how many others use its result} of the graph of a loss."""
    uses = {}
    stack = [node]
    while stack and len(uses) < most:
        for before, _ in getattr(stack.pop(), 'next_functions', ()):
            if before is None:
                continue
            if before not in uses:
                stack.append(before)
            uses[before] = uses.get(before, 0) + 1
    return uses


class NotATranspose(Rule):
    name = 'view'
    advice = (
        'Swap dimensions with `transpose` or `permute`, not with `view` or `reshape`.'
    )
    what = (
        '{} turned the shape {} into {}, which mixes up the values, because it '
        "doesn't swap dimensions"
    )
    fix = 'Use transpose or permute to swap dimensions'
    lesson = '3_1'

    @on('before view', 'before reshape')
    def viewed(self, name, args, kwargs):
        tensor = args[0]
        if not isinstance(tensor, torch.Tensor) or tensor.dim() < 2:
            return
        sizes = new_shape(tensor, args[1:] or tuple(kwargs.values()))
        if sizes is None:
            return
        strides = [n for n, size in zip(tensor.stride(), tensor.shape) if size > 1]
        if strides != sorted(strides, reverse=True):  # it's transposed already
            return
        if self.run.call is None:
            wrong = self.is_answer(tensor) and classes_become_rows(tensor.shape, sizes)
        else:
            wrong = exchanges(tensor.shape, sizes)
        if wrong:
            self.say(name, list(tensor.shape), sizes)

    def is_answer(self, tensor):
        mark = self.run.marks.get(tensor)
        return mark is not None and mark.call is not None


def new_shape(tensor, sizes):
    """What view(*sizes) makes of a tensor's shape, as a list, or None."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list, torch.Size)):
        sizes = tuple(sizes[0])
    if not all(isinstance(size, int) for size in sizes):
        return None
    sizes = list(sizes)
    if -1 in sizes:
        rest = 1
        for size in sizes:
            rest *= size if size != -1 else 1
        sizes[sizes.index(-1)] = tensor.numel() // max(1, rest)
    return sizes


def exchanges(old, new):
    """Are these the same sizes in another order, or [layers, n, h] as [n, ...]?"""
    if len(old) == 3 and old[0] != old[1] and min(old[:2]) > 1:
        if [size for size in new if size > 1] == [old[1], old[0] * old[2]]:
            return True
    old = [size for size in old if size > 1]
    new = [size for size in new if size > 1]
    return old != new and sorted(old) == sorted(new) and len(old) > 1


def classes_become_rows(old, new):
    """Is [n, classes, ...] read as rows of so many classes?"""
    if len(old) < 3 or len(new) != 2:
        return False
    return new[1] == old[1] > 1 and old[1] != old[-1] and min(old) > 1


class TimeForBatch(Rule):
    name = 'batch first'
    advice = (
        'Tell an RNN or attention with `batch_first=True` that the batch comes first.'
    )
    what = (
        '{} read the batch dimension as time, because its input of shape {} has the '
        'batch first'
    )
    fix = 'Make the layer with batch_first=True, or transpose its input'
    lesson = '25'

    def start(self):
        self.first = {}

    @on('some layer')
    def layer(self, call, module, args, kwargs, output):
        if not isinstance(module, (nn.RNNBase, nn.MultiheadAttention)):
            return
        if module.batch_first or not args:
            return
        given = args[0]
        if isinstance(given, torch.Tensor) and given.dim() == 3:
            call.rnn = type(module).__name__, tuple(given.shape), place()

    @on('some loss')
    def loss(self, loss):
        call = loss.call
        if call is None or not call.rnn:
            return
        name, shape, where = call.rnn
        first, second, _ = shape
        if first == second or not loss.output.dim():
            return
        count = len(loss.output)
        if call.size == first == count != second and len(call.shape) > 1:
            if call.shape[:2] == shape[:2] or call.shape[1:2] == (second,):
                self.say(name, list(shape), where=where)


class NormOfOne(Rule):
    name = 'batch of one'
    advice = 'Use batch norm only with more than one example in a batch.'
    what = 'Batch norm was trained with batches of one example{}'
    fix = 'Use larger batches, or GroupNorm or LayerNorm'
    lesson = '18_2'
    remark = True

    def start(self):
        self.counts = {}

    @on('step')
    def step(self, optimizer, training, params, used):
        for call in used:
            if any(isinstance(layer, NORM) for layer in call.at_work):
                counts = self.counts.setdefault(call.place, [0, 0])
                counts[call.size > 1] += 1

    @on('end')
    def end(self):
        for where, (one, more) in self.counts.items():
            if one >= 3 and not more:
                self.say('', where=where)


class ThrownAway(Rule):
    name = 'thrown away'
    advice = 'Keep what `from_pretrained` returns.'
    what = (
        'Embedding.from_pretrained made a new layer, which nobody kept, so the '
        'pretrained vectors are gone'
    )
    fix = (
        'Assign it: self.embedding = nn.Embedding.from_pretrained(vectors) (called on '
        "a layer, it doesn't change that layer)"
    )
    lesson = None

    def start(self):
        self.made = []

    @on('from_pretrained')
    def embedding(self, layer):
        self.made.append((ref(layer), place()))

    @on('call')
    def call(self, call, args, kwargs, output):
        made, self.made = self.made, []
        for layer, where in made:
            if layer() is None:
                self.say(where=where)


class Overwritten(Rule):
    name = 'overwritten'
    advice = 'Load weights after you initialize the others.'
    what = (
        'All weights that load_state_dict had just loaded were replaced by random ones '
        'before they were used'
    )
    fix = 'Initialize first and load afterward, or initialize only the new layers'
    lesson = None

    def start(self):
        self.loaded = ByTensor()  # weight -> what is known of its module
        self.modules = []

    @on('load_state_dict')
    def load(self, args, kwargs):
        weights = [p for p in args[0].parameters() if p.dim() > 1]
        if weights:
            known = {'weights': len(weights), 'replaced': 0, 'place': None}
            for p in weights:
                self.loaded[p] = known
            self.modules.append(known)

    @on(
        'after normal_',
        'after uniform_',
        'after trunc_normal_',
        'after kaiming_uniform_',
    )
    def initialize(self, name, args, kwargs, result):
        weight = args[0] if args else None
        known = self.loaded.get(weight) if isinstance(weight, nn.Parameter) else None
        if known is not None:
            self.loaded[weight] = None
            known['replaced'] += 1
            known['place'] = place()

    @on('call')
    def call(self, call, args, kwargs, output):
        modules, self.modules = self.modules, []
        for known in modules:
            if known['replaced'] == known['weights']:
                self.say(where=known['place'])


class NoisyTeacher(Rule):
    name = 'teacher'
    advice = 'Put a model that only teaches another in `eval()`.'
    what = (
        'A model in train mode, whose weights never change, made the targets of the '
        'loss, so its {} worked as during training'
    )
    fix = 'Call teacher.eval() before the training loop'
    lesson = '16'
    remark = True

    def start(self):
        self.known = {}  # teacher -> [times, versions of its weights, kind, place]

    @on('some loss')
    def loss(self, loss):
        mark = self.run.marks.get(loss.target)
        teacher = mark.call if mark is not None else None
        if teacher is None or teacher.grad or not teacher.at_work:
            return
        student = loss.call
        if student is None or not student.grad or student.model is teacher.model:
            return
        if self.run.all_trainings and not self.run.is_trained(teacher.model):
            versions = sum(p._version for p in teacher.model.parameters())
            kind = (
                'dropout' if isinstance(teacher.at_work[0], DROPOUT) else 'batch norm'
            )
            key = id(teacher.model)
            known = self.known.setdefault(key, [0, versions, kind, teacher.place])
            if known[1] == versions:
                known[0] += 1
            else:
                known[0] = -1_000_000

    @on('end')
    def end(self):
        for times, _, kind, where in self.known.values():
            if times >= 5:
                self.say(kind, where=where)
