"""The only place that touches torch: it turns what happens there into events.

Nothing of torch is replaced where torch has a way to be watched: a TorchFunctionMode
sees every function with its arguments, and hooks see modules and optimizers. Only the
iterator of a DataLoader, the functions that read and write files, and the step of
ReduceLROnPlateau have no such way. They are wrapped by functions that pass on whatever
they get.
"""

import contextlib
import functools
import os
import warnings
from threading import get_ident
from weakref import WeakSet

import torch
from torch import nn
from torch.nn.modules import module as modules
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.overrides import TorchFunctionMode, _get_current_function_mode
from torch.utils.data import DataLoader

from .run import DROPOUT, NORM, Record, at_work, place

LOSSES = {  # by the name of the function: the positions of what it gets
    'cross_entropy': ('input', 'target', 'weight'),
    'nll_loss': ('input', 'target', 'weight'),
    'mse_loss': ('input', 'target'),
    'l1_loss': ('input', 'target'),
    'smooth_l1_loss': ('input', 'target'),
    'huber_loss': ('input', 'target'),
    'binary_cross_entropy': ('input', 'target', 'weight'),
    'binary_cross_entropy_with_logits': ('input', 'target', 'weight'),
    'kl_div': ('input', 'target'),
}
COMPARISONS = {'__eq__', 'eq', 'ne', '__ne__'}
COLLECTED = {'numpy', 'tolist'}
WITH_MODES = (DROPOUT, NORM)
UNSEEN = {'__get__', '__set__', '__len__', '__bool__', '__float__', '_set_grad_enabled'}


is_compiling = torch.compiler.is_compiling  # looked up once, because it's asked often
dispatch_modes = torch._C._len_torch_dispatch_stack


def is_traced():
    """Is a program made of the model, from tensors that may have no values?

    torch.compile says so, and torch.export computes with a dispatch mode.
    """
    return is_compiling() or dispatch_modes() > 0


def argument(args, kwargs, position, name, default=None):
    """An argument of a function, given by position or by name."""
    if len(args) > position:
        return args[position]
    return kwargs.get(name, default)


class Functions(TorchFunctionMode):
    """Sees all functions of torch that get or return tensors."""

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.known = {}  # function -> None, or (name, before, after)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if kwargs is None:
            kwargs = {}
        run = self.run
        if run.resting or is_traced():
            return function(*args, **kwargs)
        try:
            handlers = self.known[function]
        except KeyError:
            handlers = self.known[function] = self.handlers_of(function)
        except TypeError:  # it can't be hashed
            handlers = None
        if handlers is None:
            return function(*args, **kwargs)
        name, before, after, followed = handlers
        for handler in before:
            run.guarded(handler, name, args, kwargs)
        try:
            result = function(*args, **kwargs)
        except Exception:
            if name in LOSSES:  # the labels may be the reason
                run.guarded(self.loss_failed, name, args, kwargs)
            raise
        for handler in after:
            run.guarded(handler, name, args, kwargs, result)
        if followed and run.call is None and not run.in_backward:
            run.guarded(run.follow, args, result)
        return result

    def handlers_of(self, function):
        name = getattr(function, '__name__', '')
        if function == torch.Tensor.data.__get__:
            name = '.data'
        if name in UNSEEN:
            return None
        before, after = self.run.functions.get(name, ((), ()))
        before, after = list(before), list(after)
        if name in LOSSES:
            after.append(self.loss)
        elif name in COMPARISONS:
            before.append(self.comparison)
        elif name in COLLECTED:
            before.append(self.collection)
        elif name == 'backward':
            before.append(self.backward)
            after.append(self.backward_done)
        return name, before, after, name not in COLLECTED

    def loss_failed(self, name, args, kwargs):
        record = self.record_of(name, args, kwargs, None)
        if record is not None:
            self.run.fire('loss failed', record)

    def loss(self, name, args, kwargs, value):
        record = self.record_of(name, args, kwargs, value)
        if record is not None:
            self.run.loss_is_made(record)

    def record_of(self, name, args, kwargs, value):
        output = argument(args, kwargs, 0, 'input')
        target = argument(args, kwargs, 1, 'target')
        if not isinstance(output, torch.Tensor) or not isinstance(target, torch.Tensor):
            return None
        options = dict(zip(('input', 'target', 'weight'), args))
        options.update(kwargs)
        return Record(
            name=name,
            output=output,
            target=target,
            options=options,
            value=value,
            place=place(),
            call=None,
        )

    def comparison(self, name, args, kwargs):
        self.run.compare(args[0], argument(args, kwargs, 1, 'other'))

    def collection(self, name, args, kwargs):
        self.run.collect(args[0])

    def backward(self, name, args, kwargs):
        loss = argument(args, kwargs, 0, 'tensors')
        if isinstance(loss, (tuple, list)) and len(loss) == 1:
            loss = loss[0]
        self.run.backward_starts(loss if isinstance(loss, torch.Tensor) else None)

    def backward_done(self, name, args, kwargs, result):
        self.run.backward_ends(None)


class WhileLoading(TorchFunctionMode):
    """Sees the functions that a dataset calls to make a batch."""

    def __init__(self, run):
        super().__init__()
        self.run = run

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = function(*args, **kwargs)
        name = getattr(function, '__name__', '')
        for handler in self.run.while_loading.get(name, ()):
            self.run.guarded(handler, name, args, kwargs, result)
        return result


class Batches:
    """The iterator of a DataLoader, with everything that it has."""

    def __init__(self, batches, walk, watch):
        self._batches = batches
        self._walk = walk
        self._watch = watch
        self._run = watch.run

    def __iter__(self):
        return self

    def __len__(self):
        return len(self._batches)

    def __next__(self):
        try:
            with self._watch.away(), self._watch.looking_at(self._walk):
                batch = next(self._batches)
        except StopIteration:
            self._run.guarded(self._run.loader_ends, self._walk)
            raise
        run = self._run
        with torch._C.DisableTorchFunction():
            arrives = run.batch_while_resting if run.resting else run.batch_arrives
            run.guarded(arrives, self._walk, batch)
        return batch

    def __getattr__(self, name):
        if name in ('_batches', '_walk', '_watch', '_run'):  # while it's being copied
            raise AttributeError(name)
        return getattr(self._batches, name)

    def __del__(self):
        self._run.guarded(self._run.loader_is_left, self._walk)


class Watch:
    """Everything that is installed in torch, and can be taken out again."""

    def __init__(self, run):
        self.run = run
        self.handles = []
        self.replaced = []
        self.in_step = False  # of an optimizer
        self.modes = None  # how many modes there are while ours is away
        self.loading = 0  # batches that are being loaded
        self.loaded = WeakSet()  # modules that load_state_dict was called on
        run.rest.watch = self

    def start(self):
        run = self.run
        # Hooks for all modules are what we need, so torch needn't warn of them.
        warnings.filterwarnings('ignore', message='Using `torch.compile')
        self.mode = Functions(run)
        self.mode.__enter__()
        self.handles = [
            modules.register_module_forward_pre_hook(self.module_starts),
            modules.register_module_forward_hook(
                self.module_ends, with_kwargs=True, always_call=True
            ),
            register_optimizer_step_pre_hook(self.step_starts),
            register_optimizer_step_post_hook(self.step_ends),
        ]
        self.wrap(DataLoader, '__iter__', after=self.loader_starts)
        for owner, name in (
            (torch, 'save'),
            (torch, 'load'),
            (torch.hub, 'load_state_dict_from_url'),
        ):
            self.wrap(owner, name, before=functools.partial(self.called, name))
        self.wrap(nn.Module, 'load_state_dict', before=self.weights_come)
        self.wrap(
            torch.optim.Optimizer,
            'load_state_dict',
            before=functools.partial(self.called, 'optimizer loads'),
        )
        self.wrap(nn.Embedding, 'from_pretrained', after=self.embedding_is_made)
        for name in ('save', 'load'):  # they're also known by their module's name
            self.replaced.append(
                (torch.serialization, name, getattr(torch.serialization, name))
            )
            setattr(torch.serialization, name, getattr(torch, name))
        self.wrap(
            ReduceLROnPlateau, 'step', before=functools.partial(self.called, 'plateau')
        )
        if hasattr(os, 'register_at_fork'):
            os.register_at_fork(after_in_child=self.pause)

    def stop(self):
        for handle in self.handles:
            handle.remove()
        for owner, name, original in self.replaced:
            setattr(owner, name, original)
        self.handles = []
        self.replaced = []
        self.resume()
        if self.modes is None:
            self.mode.__exit__(None, None, None)

    def leave(self):
        """Take our mode away. It stays, and only passes on, if it isn't the last."""
        if _get_current_function_mode() is self.mode:
            self.mode.__exit__(None, None, None)
            self.modes = torch._C._len_torch_function_stack()

    def come_back(self):
        """Put our mode back in its place, if no mode of the script would be above it.

        That mode would end, and take away the last one, which it takes for itself.
        """
        if self.modes is not None:
            if torch._C._len_torch_function_stack() != self.modes:
                return False
            self.mode.__enter__()
            self.modes = None
        return True

    @contextlib.contextmanager
    def away(self):
        """Watch nothing while a batch is loaded: transforms are functions, too.

        Another thread may load batches while this one goes on, and is watched.
        """
        if get_ident() != self.run.thread:
            yield
            return
        was_there = self.modes is None
        if was_there:
            self.leave()
        self.loading += 1
        try:
            yield
        finally:
            self.loading -= 1
            if was_there:
                self.come_back()

    def looking_at(self, walk):
        """Watch how this thread makes the first batch of a loader."""
        mine = get_ident() == self.run.thread and not self.run.resting
        if mine and walk.batches == 0 and walk.loader.num_workers == 0:
            return WhileLoading(self.run)
        return contextlib.nullcontext()

    def pause(self):
        """In a process that was forked, nothing is watched."""
        self.run.resting = True
        self.run.thread = None

    def wrap(self, owner, name, before=None, after=None):
        original = owner.__dict__[name]
        of_class = isinstance(original, classmethod)
        function = original.__func__ if of_class else original

        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            if before:
                self.tell(before, args, kwargs)
            result = function(*args, **kwargs)
            return after(result, args) if after else result

        self.replaced.append((owner, name, original))
        setattr(owner, name, classmethod(wrapped) if of_class else wrapped)

    def loader_starts(self, batches, args):
        if self.run.thread is None:
            return batches
        walk = self.run.guarded(self.run.loader_starts, args[0])
        return Batches(batches, walk, self) if walk else batches

    def weights_come(self, args, kwargs):
        run = self.run
        if args[0] not in self.loaded:
            self.loaded.add(args[0])
            run.rest.wake()  # we want to see what becomes of them
        run.fire('load_state_dict', args, kwargs)

    def embedding_is_made(self, layer, args):
        self.run.fire('from_pretrained', layer)
        return layer

    def called(self, name, args, kwargs):
        self.run.fire(name, args, kwargs)

    def resume(self):
        """Watch functions again, after a step (which may have ended in an error)."""
        if self.in_step:
            self.in_step = False
            self.mode.__enter__()

    def tell(self, handler, *details):
        """Call a method of the run, whose own functions of torch aren't watched."""
        with torch._C.DisableTorchFunction():
            self.run.guarded(handler, *details)

    def module_starts(self, module, args):
        if self.loading or is_traced() or get_ident() != self.run.thread:
            return
        run = self.run
        if self.in_step:
            self.resume()
        if self.modes is not None and not run.resting:
            self.come_back()  # which was impossible before
        run.depth += 1
        if run.resting:
            if run.depth > 1:
                return
            if not run.rest.is_new(module, args):
                run.guarded(run.call_while_resting, module, args)
                return
            run.guarded(run.rest.wake)
            if run.resting:
                return
        if run.call is None:  # it isn't a layer within a model
            run.guarded(run.module_starts, module)

    def module_ends(self, module, args, *rest):
        """rest: (kwargs, output), or (None,) after an error in forward()."""
        if self.loading or is_traced() or get_ident() != self.run.thread:
            return
        run = self.run
        call = run.call
        if run.resting:
            call = None
        kwargs, output = rest if len(rest) == 2 else ({}, None)
        if call is not None:
            if run.depth == call.depth or call.looked_at:
                self.tell(run.module_ends, module, args, kwargs, output)
            elif isinstance(module, WITH_MODES) and at_work(module):
                call.at_work.append(module)
        run.depth = max(0, run.depth - 1)

    def step_starts(self, optimizer, args, kwargs):
        closure = kwargs.get('closure') or (args[1] if len(args) > 1 else None)
        if closure is None:
            run = self.run
            step = run.step_while_resting if run.resting else run.step_starts
            self.tell(step, optimizer)
            if _get_current_function_mode() is self.mode:
                self.mode.__exit__(None, None, None)  # a step is long and tells nothing
                self.in_step = True

    def step_ends(self, optimizer, args, kwargs):
        closure = kwargs.get('closure') or (args[1] if len(args) > 1 else None)
        self.resume()
        if closure is not None:
            self.tell(self.run.step_starts, optimizer, True)
        elif get_ident() == self.run.thread:
            training = self.run.trainings.get(optimizer)
            if training is not None:
                self.run.guarded(self.run.rest.step_ends, training)
