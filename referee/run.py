"""What is known of a run, and what happens in it, told to the rules.

`events.py` calls the methods of a Run whose names say what happened in torch. A Run
keeps the facts that several rules need: the passes through loaders, the calls of
models, which answers belong to which call, what each optimizer has done. It keeps no
tensor, only numbers, fingerprints, and weak references.

Each event has a name ('step', for example), and the rules listen to the names they want
(`rules/base.py`). Nothing that goes wrong in here or in a rule reaches the script: the
first error of each handler is kept for the report, and the handler isn't called again.
"""

import dataclasses
import functools
import os
import sys
import sysconfig
import threading
import types
from collections import defaultdict
from pathlib import Path
from weakref import WeakKeyDictionary, WeakSet, ref

import torch
from torch import nn

from .rest import Rest

HERE = str(Path(__file__).resolve().parent) + os.sep
LIBRARIES = tuple(
    f'{path}{os.sep}'
    for path in {
        Path(torch.__file__).parents[1],
        Path(os.__file__).parent,
        sysconfig.get_path('purelib'),
        sysconfig.get_path('platlib'),
    }
)
DROPOUT = nn.modules.dropout._DropoutNd
NORM = nn.modules.batchnorm._BatchNorm
SAMPLED = 64  # values of an example that its fingerprint is made from
CLOSELY = 20  # as many of each kind are looked at closely
MOST_SEEN = 500_000  # examples that are remembered, because each takes memory
MOST_CALLS = 200  # calls that are kept until we know what became of them


class Record(types.SimpleNamespace):
    """Attributes. No two records are equal."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


class ByTensor:
    """A dictionary whose keys are tensors: the objects themselves, not their values.

    It keeps no tensor alive. It does what torch's WeakTensorKeyDictionary does, but
    faster, which matters because it's asked for each function of torch.
    """

    def __init__(self):
        self.data = {}  # id of a tensor -> (weak reference to it, value)

    def __setitem__(self, tensor, value):
        key, data = id(tensor), self.data
        self.data[key] = ref(tensor, lambda _: data.pop(key, None)), value

    def get(self, tensor):
        found = self.data.get(id(tensor))
        return found[1] if found is not None and found[0]() is tensor else None

    def __contains__(self, tensor):
        found = self.data.get(id(tensor))
        return found is not None and found[0]() is tensor

    def __getitem__(self, tensor):
        return self.data[id(tensor)][1]

    def __len__(self):
        return len(self.data)


# Places in the script


@functools.cache
def is_library(file):
    """Is this file torch's, Python's, another package's, or the referee's?"""
    return file.startswith((*LIBRARIES, HERE)) or (
        file.startswith('<') and not file.startswith('<ipython')
    )


def frames():
    """The frames of the script and of its own modules, the innermost first."""
    frame = sys._getframe(1)
    found = []
    while frame:
        if not is_library(frame.f_code.co_filename):
            found.append(frame)
        frame = frame.f_back
    return found


def place():
    """(file, line) of the innermost line of the script that's being run."""
    frame = sys._getframe(1)
    while frame.f_back and is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def called_by(name, file):
    """Is a function of this name, in a file that ends like this, being run?"""
    frame = sys._getframe(1)
    while frame:
        code = frame.f_code
        if code.co_name == name and code.co_filename.endswith(file):
            return True
        frame = frame.f_back
    return False


def called_from_library():
    """Was this function of torch called by another package, and not by the script?"""
    frame = sys._getframe(1)
    while frame and frame.f_code.co_filename.startswith(HERE):
        frame = frame.f_back
    return frame is not None and is_library(frame.f_code.co_filename)


def names_of(thing):
    """The names by which the script knows an object: variables and attributes."""
    found = set()
    for frame in frames():
        for name, value in frame.f_locals.items():
            if value is thing:
                found.add(name)
            elif isinstance(getattr(value, '__dict__', None), dict) and not (
                isinstance(value, (types.ModuleType, type))
            ):
                found.update(
                    key for key, part in value.__dict__.items() if part is thing
                )
    return found


# Tensors


def tensors_in(thing, depth=3):
    """The tensors in nested lists, dictionaries, and dataclasses, in order."""
    if isinstance(thing, torch.Tensor):
        return [thing]
    if depth == 0:
        return []
    if isinstance(thing, dict) or hasattr(thing, 'items') and hasattr(thing, 'keys'):
        parts = thing.values()
    elif isinstance(thing, (tuple, list)):
        parts = thing
    elif dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        parts = vars(thing).values()
    elif isinstance(getattr(thing, '__dict__', None), dict) and not isinstance(
        thing, (nn.Module, type, types.ModuleType)
    ):
        parts = vars(thing).values()
    else:
        return []
    found = []
    for part in parts:
        found += tensors_in(part, depth - 1)
    return found


def is_plain(tensor):
    """A tensor with values that can be read: not sparse, meta, vmap's, or export's."""
    return (
        type(tensor).__torch_dispatch__ is torch.Tensor.__torch_dispatch__
        and tensor.layout is torch.strided
        and tensor.device.type != 'meta'
        and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)
    )


def fingerprints(inputs):
    """A number for each example of a batch, which equal examples share.

    It's made from some of the values and from their sum, because reading all of them
    would take too long.
    """
    rows = inputs.detach().flatten(1)
    step = max(1, rows.shape[1] // SAMPLED)
    some = rows[:, ::step]
    if some.shape != rows.shape:
        # The last bits of a sum depend on how it was computed, so they're left out.
        sums = rows.sum(dim=1, keepdim=True).to(torch.bfloat16).to(some.dtype)
        some = torch.cat([sums, some], dim=1)
    table = some.cpu().contiguous()
    if table.dtype == torch.bfloat16:
        table = table.float()
    width = table.shape[1] * table.element_size()
    data = table.numpy().tobytes()
    return [hash(data[i : i + width]) for i in range(0, len(data), width)]


def size_of(batch):
    """The number of examples of a batch: the length of its first tensor."""
    for tensor in tensors_in(batch):
        return len(tensor) if tensor.dim() else 0
    return 0


def learning(optimizer):
    """The parameters of an optimizer that aren't frozen."""
    return [
        p
        for group in optimizer.param_groups
        for p in group['params']
        if p.requires_grad
    ]


def at_work(layer):
    """Does this layer do what is meant for training only?"""
    if not layer.training:
        return False
    if isinstance(layer, DROPOUT):
        return layer.p > 0
    return isinstance(layer, NORM) and layer.running_mean is not None


class Run:
    """All that is known of the run of a script."""

    def __init__(self):
        self.thread = threading.get_ident()
        self.listeners = defaultdict(list)  # event -> methods of rules
        self.functions = {}  # name of a torch function -> (before, after), methods
        self.while_loading = {}  # name of a torch function -> methods
        self.rules = []
        self.broken = {}  # handler -> its first error
        self.found = {}  # (rule, place) -> [times, details]
        self.counts = {}  # of what is_time was asked about
        self.parameters = WeakKeyDictionary()  # model -> what prepare_training found

        self.walks = []  # passes through loaders that aren't finished
        self.last_left = None  # the latest that the script stopped early
        self.trainings = WeakKeyDictionary()  # by optimizer
        self.all_trainings = []
        self.owners = ByTensor()  # parameter -> training
        self.marks = ByTensor()  # answers and labels -> what they are
        self.depth = 0  # of modules
        self.call = None  # the call of a model that's being run
        self.used = []  # calls that a gradient came back to since the last step
        self.in_backward = False
        self.models = WeakSet()
        self.has_parameters = WeakKeyDictionary()
        self.steps = 0
        self.backwards = 0
        self.evaluations = 0
        self.resting = False  # are we leaving out some steps?
        self.rest = Rest(self)

    # Telling the rules

    def listen(self, rule):
        self.rules.append(rule)
        for event, method in rule.handlers():
            kind, _, name = event.partition(' ')
            if kind == 'loaded':
                self.while_loading.setdefault(name, []).append(method)
            elif kind in ('before', 'after'):
                before, after = self.functions.setdefault(name, ([], []))
                (before if kind == 'before' else after).append(method)
            else:
                self.listeners[event].append(method)

    def fire(self, event, *details):
        for method in self.listeners[event]:
            self.guarded(method, *details)

    def guarded(self, handler, *details):
        """Call a handler. Its error must not reach the script."""
        if handler in self.broken:
            return None
        try:
            return handler(*details)
        except Exception as error:
            self.broken[handler] = error
            return None

    def is_time(self, *what):
        """Look closely at the first ones of a kind, and later at every tenth."""
        count = self.counts[what] = self.counts.get(what, 0) + 1
        return count <= CLOSELY or count % 10 == 0

    def say(self, rule, *details, where=None):
        """A mistake was made, or a remark is due. Equal ones are counted."""
        key = rule, where or place()
        times = self.found[key][0] if key in self.found else 0
        self.found[key] = [times + 1, details]

    # Loaders

    def loader_starts(self, loader):
        self.rest.wake()
        sampler = getattr(loader, 'sampler', None)
        batch_sampler = getattr(loader, 'batch_sampler', None)
        inner = getattr(batch_sampler, 'sampler', None)
        if inner is not None:
            sampler = inner
        walk = Record(
            loader=loader,
            dataset=loader.dataset,
            place=place(),
            names=names_of(loader) or names_of(loader.dataset),
            sampler=sampler,
            size=0,
            count=0,
            width=0,
            address=None,
            all=len(sampler) if hasattr(sampler, '__len__') else None,
            batches=0,
            learned=0,
            tested=None,
            pending=[],
            data=None,
        )
        self.walks.append(walk)
        self.fire('loader starts', walk)
        return walk

    def batch_arrives(self, walk, batch):
        tensors = tensors_in(batch)
        walk.size = size_of(batch)
        walk.count += walk.size
        walk.batches += 1
        walk.width = len(tensors)
        walk.address = tensors[0].data_ptr() if tensors else None
        for position, tensor in enumerate(tensors[:8]):
            if position or len(tensors) == 1:
                self.marks[tensor] = Record(call=None, walk=walk, label=position > 0)

    def loader_ends(self, walk):
        """All batches have been taken."""
        if walk in self.walks:
            self.walks.remove(walk)
            self.settle(walk)
            self.fire('loader ends', walk)

    def loader_is_left(self, walk):
        """The script stopped taking batches."""
        if walk in self.walks:
            self.walks.remove(walk)
            self.settle(walk)
            self.fire('loader is left', walk)
            self.last_left = walk

    def settle(self, walk):
        """Calls with gradients that no backward() used were part of a test."""
        pending, walk.pending = walk.pending, []
        if not walk.learned:
            for call in pending:
                if call not in self.used:
                    self.fire('test with gradients', call)
                    self.test(call)

    # While we rest: see rest.py

    def batch_while_resting(self, walk, batch):
        walk.size = size_of(batch)
        walk.count += walk.size
        walk.batches += 1

    def call_while_resting(self, module, args):
        self.rest.call(module, args, fingerprints)

    def step_while_resting(self, optimizer):
        training = self.trainings.get(optimizer)
        if training is None:
            self.rest.wake()
            self.step_starts(optimizer)
            return
        self.steps += 1
        if self.walks:
            self.walks[-1].learned += 1
        for prints in self.rest.prints_for(training):
            self.learn(training, prints)
        self.fire('step at rest', optimizer, training, learning(optimizer))

    def learn(self, training, prints):
        """An optimizer has used the examples with these fingerprints."""
        if prints and len(training.seen) < MOST_SEEN:
            before = len(training.seen)
            training.seen.update(prints)
            self.rest.batch_is_learned(is_new=len(training.seen) > before)

    # Models

    def module_starts(self, module):
        if not self.in_backward and self.owns(module):
            self.call = Record(
                model=module,
                depth=self.depth,
                layers=[],
                at_work=[],
                losses=[],
                carried=False,
                chance=None,
                place=place(),
                walk=None,
                judged=False,
                tested=False,
                rnn=None,
                looked_at=self.is_time('call', id(module), torch.is_grad_enabled()),
            )

    def owns(self, module):
        """Does it have parameters?"""
        known = self.has_parameters.get(module)
        if not known:
            known = any(True for _ in module.parameters())
            self.has_parameters[module] = known
        return known

    def module_ends(self, module, args, kwargs, output):
        call = self.call
        outermost = self.depth == call.depth
        if isinstance(module, (DROPOUT, NORM)) and at_work(module):
            call.at_work.append(module)
        if module._parameters:
            call.layers.append(module)
        if call.looked_at:
            self.fire('some layer', call, module, args, kwargs, output)
        if outermost:
            self.call = None
            if output is not None:
                self.model_ends(call, args, kwargs, output)

    def model_ends(self, call, args, kwargs, output):
        given = [x for x in tensors_in([args, kwargs]) if x.dim() > 0]
        answers = tensors_in(output)
        wide = [x for x in given if x.dim() > 1] or given
        if not wide or not answers:
            return
        inputs = wide[0]
        if not all(map(is_plain, (inputs, *answers))) or not inputs.numel():
            return
        call.inputs = ref(inputs)
        call.shape = tuple(inputs.shape)
        call.size = len(inputs)
        call.answers = [ref(x) for x in answers]
        call.grad = any(x.requires_grad for x in answers)
        call.from_network = inputs.requires_grad
        call.carried = any(
            self.marks.get(x) is not None and self.marks[x].call is not None
            for x in given
        )
        call.training = call.model.training
        call.is_text = inputs.dim() == 2 and inputs.dtype == torch.int64
        walks = [walk for walk in self.walks if walk.size == call.size]
        call.walk = walks[-1] if walks else None
        left = self.last_left  # next(iter(loader)) leaves it before the model is called
        if left is not None and left.address == inputs.data_ptr():
            call.walk = left
        call.names = set() if call.walk or call.grad else names_of(inputs)
        call.prints = None
        self.models.add(call.model)
        if not call.from_network and inputs.dim() > 1:
            # Once training brings nothing new, some of the batches are enough.
            familiar = call.grad and self.rest.is_familiar()
            if not familiar or self.is_time('familiar'):
                call.prints = fingerprints(inputs)
        if call.grad:
            self.prepare_training(call)
            if call.training:
                self.rest.training_call(call.model, args)
            for answer in answers:
                if answer.requires_grad:
                    answer.register_hook(lambda _: self.guarded(self.use, call))
                    break
        for answer in answers:
            self.marks[answer] = Record(call=call, walk=call.walk, label=False)
        self.fire('call', call, args, kwargs, output)
        if call.looked_at:
            self.fire('some call', call, args, kwargs, output)
        losses, call.losses = call.losses, []  # they'd keep their tensors alive
        for loss in losses:
            loss.call = call
            self.judge(call)
            self.loss_is_known(loss)
        if call.grad and call.walk and len(call.walk.pending) < MOST_CALLS:
            call.walk.pending.append(call)

    def prepare_training(self, call):
        """What can be known of a call only now."""
        known = self.parameters.get(call.model)
        if known is None or call.looked_at:
            parameters = list(call.model.named_parameters())
            ids = {id(p) for _, p in parameters}
            for layer in call.layers:
                for name, p in layer.named_parameters(recurse=False):
                    if id(p) not in ids:
                        parameters.append((f'{type(layer).__name__}.{name}', p))
                        ids.add(id(p))
            parameters = [(name, ref(p)) for name, p in parameters]
            known = self.parameters[call.model] = parameters, ids, call.layers
        call.parameters, call.ids, call.layers = known

    def use(self, call):
        """A gradient comes back to what a call returned."""
        if call not in self.used:
            self.used = [*self.used[-99:], call]
            if call.walk:
                call.walk.learned += 1

    # Answers

    def follow(self, args, result):
        """What is computed from an answer is part of the answer."""
        if not self.marks.data:
            return
        if isinstance(result, (tuple, list)):
            results = [x for x in result if isinstance(x, torch.Tensor)]
        elif isinstance(result, torch.Tensor):
            results = [result]
        else:
            results = []
        answer = label = None
        given = []
        for x in args[:3]:
            if isinstance(x, torch.Tensor):
                given.append(x)
            elif isinstance(x, (list, tuple)):
                given += [y for y in x[:4] if isinstance(y, torch.Tensor)]
        for x in given:
            mark = self.marks.get(x)
            if mark is None:
                continue
            if mark.call is not None:
                answer = answer or mark
            elif mark.label:
                label = label or mark
        if answer is not None and label is not None:
            self.judge(answer.call)
        mark = answer or label
        if mark is not None:
            for x in results:
                self.marks[x] = mark

    def compare(self, one, other):
        """Two tensors are compared. Is one an answer, and the other its labels?"""
        marks = [
            self.marks.get(x) if isinstance(x, torch.Tensor) else None
            for x in (one, other)
        ]
        calls = [mark.call if mark is not None else None for mark in marks]
        if not (isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor)):
            return
        for call, another in (calls, calls[::-1]):
            if call is not None and another is None:
                self.judge(call)

    def collect(self, tensor):
        """An answer leaves torch, as an array or a list, next to labels."""
        mark = self.marks.get(tensor)
        if mark is not None and mark.call is not None and mark.call.walk is not None:
            call = mark.call
            if call.walk.width > 1 and call.walk in self.walks and tensor.dim():
                self.judge(call)

    def judge(self, call):
        """An answer meets labels: it's a test, or a measurement during training."""
        if call.judged:
            return
        call.judged = True
        if not call.grad:
            self.test(call)

    def test(self, call):
        """A model was tested with a batch."""
        if call.tested or not call.judged:
            return
        call.tested = True
        self.evaluations += 1
        if call.walk:
            call.walk.tested = call.place
        self.fire('test', call)

    # Losses

    def loss_is_made(self, loss):
        """One of torch's losses was computed: see Record in events.py."""
        mark = self.marks.get(loss.output)
        if mark is not None and mark.call is not None:
            loss.call = mark.call
            self.judge(loss.call)
        elif self.call is not None and self.owns(self.call.model):
            loss.call = self.call
            self.call.losses.append(loss)
            self.call.judged = False
            return  # told when the model is done
        self.loss_is_known(loss)

    def loss_is_known(self, loss):
        self.fire('loss', loss)
        if self.is_time('loss', loss.place):
            self.fire('some loss', loss)

    # Backward and step

    def backward_starts(self, loss):
        self.in_backward = True
        self.backwards += 1
        for optimizer, training in list(self.trainings.items()):
            self.look_at_gradients(optimizer, training)
        self.fire('backward', loss)
        if self.is_time('backward'):
            self.fire('some backward', loss)

    def look_at_gradients(self, optimizer, training):
        """Are there gradients already, before this backward()?"""
        old = [
            p.grad
            for group in optimizer.param_groups
            for p in group['params']
            if p.grad is not None
        ]
        empty = not any(
            bool(grad.any()) for grad in old if grad.layout is torch.strided
        )
        training.wiped = empty and training.backwards > 0
        if empty:
            training.since_clear = 0
        if training.clean is not True:
            training.clean = empty
        training.backwards += 1
        training.since_clear += 1

    def backward_ends(self, loss):
        self.in_backward = False
        self.fire('backward done', loss)

    def step_starts(self, optimizer, closure=False):
        training = self.trainings.get(optimizer)
        params = learning(optimizer)
        if training is None:
            training = Record(
                closure=closure,
                place=place(),
                steps=0,
                backwards=1 if self.backwards else 0,
                since_clear=1,
                clean=True,
                wiped=False,
                known=set(),
                seen=set(),
                datasets=[],
                ids=set(),
            )
            self.trainings[optimizer] = training
            self.all_trainings.append(training)
        ids = {id(p) for p in params}
        training.ids = ids
        if training.known != ids:
            for p in params:
                self.owners[p] = training
        used = [call for call in self.used if call.ids & ids]
        self.used = [call for call in self.used if not call.ids & ids]
        self.fire('step', optimizer, training, params, used)
        if self.is_time('step', training):
            self.fire('some step', optimizer, training, params, used)
        training.known = ids
        training.steps += 1
        self.steps += 1
        training.backwards = 0
        training.since_clear = 0
        training.clean = None
        for call in used:
            training.place = call.place
            if call.walk and not any(d is call.walk.dataset for d in training.datasets):
                training.datasets.append(call.walk.dataset)
            self.learn(training, call.prints)

    def is_trained(self, model):
        """Does an optimizer have one of its parameters? True if there's none at all."""
        if not self.all_trainings:
            return True
        return any(self.owners.get(p) is not None for p in model.parameters())

    # The end

    def end(self):
        self.resting = True
        self.thread = None  # what rules compute now isn't the script's
        for walk in list(self.walks):
            self.loader_is_left(walk)
        self.fire('end')
