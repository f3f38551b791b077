"""Gradients, steps, and learning rates."""

import gc
import linecache
import re
import sys
import types

import torch

from ..run import called_by, frames, place
from .base import Rule, on

MANY = 20  # steps in which scaled gradients are looked for


class NotCleared(Rule):
    name = 'clear'
    advice = 'Clear the gradients between one step and the next `backward()`.'
    what = 'The gradients of the previous step were still there, so they were added up'
    fix = 'Call optimizer.zero_grad() before loss.backward()'
    lesson = '10'

    @on('step')
    def step(self, optimizer, training, params, used):
        grads = [p.grad for p in params if p.grad is not None]
        if training.backwards and grads and not training.clean:
            self.say()


class NoGradient(Rule):
    name = 'idle'
    advice = 'Make the optimizer from the parameters of the model that you train.'
    what = 'The optimizer changed nothing, because its parameters had no gradient'
    fix = (
        'Make the optimizer from the parameters of the model that you train, after all '
        "layers are in place; call zero_grad() before backward(), and don't detach the "
        'loss from the model'
    )
    lesson = '17_1'

    @on('step')
    def step(self, optimizer, training, params, used):
        if training.backwards and all(p.grad is None for p in params):
            self.say()


class CutOff(Rule):
    name = 'cut off'
    advice = 'Compute the loss from the outputs themselves.'
    what = 'backward() was called on a loss that no model computed{}'
    fix = (
        'Compute the loss from the outputs themselves, without a threshold, argmax, '
        '.item(), .detach(), or torch.tensor(...) in between'
    )
    lesson = '8'

    @on('some backward')
    def backward(self, loss):
        if loss is None or not loss.requires_grad or not self.run.models:
            return
        if loss.grad_fn is None:
            self.say(', because it was made with requires_grad=True')
        elif self.ends_in_no_parameter(loss.grad_fn):
            self.say('')

    def ends_in_no_parameter(self, node, most=60):
        """Does the graph end in tensors that were made with requires_grad=True?"""
        seen = set()
        stack = [node]
        while stack:
            node = stack.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            if len(seen) > most or 'Backward' not in type(node).__name__:
                if type(node).__name__ != 'AccumulateGrad' or len(seen) > most:
                    return False
                leaf = node.variable
                known = self.run.owners.get(leaf) is not None
                if known or isinstance(leaf, torch.nn.Parameter):
                    return False
            else:
                stack += [before for before, _ in node.next_functions]
        return True


class Unused(Rule):
    name = 'unused'
    advice = 'Give the optimizer only parameters that take part in the loss.'
    what = '{} got no gradient in any step'
    fix = (
        "Use the layer in forward(), or leave it out of the optimizer if it isn't used"
    )
    lesson = '8'

    def start(self):
        self.waiting = {}  # training -> {id of a parameter: (name, parameter)}

    @on('step')
    def step(self, optimizer, training, params, used):
        waiting = self.waiting.setdefault(training, {})
        if training.known != training.ids:
            names = {}
            for call in used:
                for name, parameter in reversed(call.parameters):
                    p = parameter()
                    if p is not None:
                        names[id(p)] = name
            for p in params:
                if id(p) in names and id(p) not in training.known:
                    waiting[id(p)] = (names[id(p)], p)
        for key, (_, p) in list(waiting.items()):
            if p.grad is not None:
                del waiting[key]
        if not any(self.waiting.values()):
            return
        for others in self.waiting.values():  # another optimizer's step had one
            for p in params:
                if p.grad is not None:
                    others.pop(id(p), None)

    @on('end')
    def end(self):
        for training, waiting in self.waiting.items():
            if waiting:
                names = ', '.join(name for name, _ in waiting.values())
                self.say(names, where=training.place)


class NotInOptimizer(Rule):
    name = 'orphan'
    advice = (
        'Give each parameter that should learn to an optimizer, and freeze the others.'
    )
    what = '{} got gradients, but no optimizer has it, so it stays as it is'
    fix = (
        'Make the optimizer after all layers are in place, from all parameters that '
        'should learn (layers in a Python list need nn.ModuleList), and freeze the '
        'others with requires_grad_(False)'
    )
    lesson = '20'

    def start(self):
        self.waiting = []
        self.early = NotFrozen(self.run)

    @on('some step')
    def step(self, optimizer, training, params, used):
        known = {key for _, found, _ in self.waiting for key in found}
        for call in used:
            order = {}  # when each parameter's layer was done
            for position, layer in enumerate(call.layers):
                for p in layer.parameters(recurse=False):
                    order[id(p)] = position
            learning = [order[key] for key in training.ids if key in order]
            first = min(learning, default=-1)
            found = {}
            for name, parameter in call.parameters:
                p = parameter()
                if p is None or p.grad is None or id(p) in training.ids:
                    continue
                if id(p) not in known:
                    found[id(p)] = (name, p, order.get(id(p), len(call.layers)))
            if found:
                self.waiting.append((training, found, first))
                known.update(found)

    @on('end')
    def end(self):
        by_training = {}
        for training, found, first in self.waiting:
            for name, p, position in found.values():
                if self.run.owners.get(p) is None:
                    known = by_training.setdefault(training, [])
                    known.append((name, position < first))
        for training, known in by_training.items():
            names = ', '.join(name for name, _ in known)
            if all(early for _, early in known):
                self.run.say(self.early, names, where=training.place)
            else:
                self.say(names, where=training.place)


class NotFrozen(Rule):
    name = 'not frozen'
    advice = 'Freeze what no optimizer trains.'
    what = 'The first layers ({}) got gradients that no optimizer uses'
    fix = (
        'If only the last layers are to learn, requires_grad_(False) for the others '
        'saves time. If not, give all parameters to the optimizer'
    )
    lesson = '20'
    remark = True


class NoStep(Rule):
    name = 'no step'
    advice = 'Call `optimizer.step()`.'
    what = 'backward() was called {} times, but no optimizer took a step'
    fix = 'Call optimizer.step() after loss.backward(), not only scheduler.step()'
    lesson = '10'

    def start(self):
        self.where = None
        self.changed = False
        self.before = None
        self.watched = None

    @on('backward')
    def backward(self, loss):
        if self.run.all_trainings or loss is None:
            return
        self.where = place()
        if self.watched is None:
            for model in self.run.models:
                for p in model.parameters():
                    if p.requires_grad:
                        self.watched = p
                        self.before = p.detach().clone()
                        return
        elif not torch.equal(self.watched.detach(), self.before):
            self.changed = True  # the script changes the weights by itself

    @on('end')
    def end(self):
        if self.run.all_trainings or self.changed or self.run.backwards < 3:
            return
        if self.watched is None or not has_optimizer():
            return
        self.say(self.run.backwards, where=self.where)


def has_optimizer():
    """Does the script have an optimizer, even if it took no step?"""
    return bool(all_optimizers())


class Wiped(Rule):
    name = 'wiped'
    advice = "If you accumulate gradients, don't clear them in between."
    what = 'Gradients were cleared before a step had used them ({} times for {} steps)'
    fix = (
        'To accumulate gradients over several batches, call zero_grad() only after '
        'optimizer.step(), and divide each loss by the number of batches'
    )
    lesson = '10'

    def start(self):
        self.wiped = {}
        self.places = {}
        self.before = []  # those whose gradients the last backward() filled

    @on('backward done')
    def backward(self, loss):
        filled = [
            training
            for optimizer, training in list(self.run.trainings.items())
            if any(
                p.grad is not None
                for group in optimizer.param_groups
                for p in group['params']
            )
        ]
        # Those of a GAN's discriminator are also filled by the generator's loss, which
        # fills those of the generator, too.
        wiped = all(training.wiped for training in filled)
        if filled and wiped and filled == self.before:
            training = filled[0]
            self.wiped[training] = self.wiped.get(training, 0) + 1
            self.places[training] = place()
        self.before = filled

    @on('end')
    def end(self):
        for training, times in self.wiped.items():
            if times >= 3 and times >= training.steps and not training.closure:
                self.say(times, training.steps, where=self.places[training])


class Accumulated(Rule):
    name = 'accumulated'
    advice = 'Accumulate gradients only if you mean to.'
    what = 'The gradients of {} backward() calls were added up for each step'
    fix = "That's right if you accumulate gradients. If not, call zero_grad() each time"
    lesson = '10'
    remark = True

    @on('step')
    def step(self, optimizer, training, params, used):
        count = min(training.since_clear, len(used))
        if count > 1 and training.clean and training.backwards:
            where = place()
            for rule, known in self.run.found:
                if rule is self and known == where:
                    times, (most,) = self.run.found[rule, known]
                    count = max(count, most)
            self.say(count, where=where)


class LateClipping(Rule):
    name = 'late clipping'
    advice = 'Clip the gradients before the step.'
    what = 'The gradients were clipped after the step that they were meant for'
    fix = 'Clip between loss.backward() and optimizer.step()'
    lesson = '17_2'

    def start(self):
        self.fresh = True  # has a backward() come since the last step?

    @on('step')
    def step(self, *_):
        self.fresh = False

    @on('backward')
    def backward(self, loss):
        self.fresh = True

    @on(
        'before _foreach_norm',
        'before linalg_vector_norm',
        'before _foreach_clamp_min_',
    )
    def norm(self, name, args, kwargs):
        if self.fresh or not self.run.steps:
            return
        if called_by('clip_grad_norm_', 'clip_grad.py') or called_by(
            'clip_grad_value_', 'clip_grad.py'
        ):
            self.say()


class ScaledGradients(Rule):
    name = 'scaled'
    advice = (
        'Unscale the gradients before you clip them, and let the scaler take the step.'
    )
    what = 'The gradients were {} while they were still multiplied by the loss scale'
    fix = (
        'Call scaler.unscale_(optimizer) before you clip, and scaler.step(optimizer) '
        'instead of optimizer.step()'
    )
    lesson = '23_1'

    def start(self):
        self.looks = 0

    def scalers(self):
        """The scalers that the script's variables hold and that have scaled a loss."""
        found = []
        for frame in frames():
            values = list(frame.f_locals.values()) + list(frame.f_globals.values())
            for value in values:
                own = getattr(value, '__dict__', None)
                parts = [value]
                if isinstance(own, dict) and not isinstance(value, types.ModuleType):
                    parts += list(own.values())
                for part in parts:
                    if isinstance(part, torch.amp.GradScaler) and part not in found:
                        found.append(part)
        return [s for s in found if s.is_enabled() and s._scale is not None]

    def is_scaled(self, params):
        if self.looks >= MANY:
            return False
        self.looks += 1
        ids = {id(p) for p in params}
        for scaler in self.scalers():
            for optimizer in list(self.run.trainings) + all_optimizers():
                mine = {
                    id(p) for group in optimizer.param_groups for p in group['params']
                }
                if not mine & ids:
                    continue
                state = scaler._per_optimizer_states.get(id(optimizer))
                stage = state['stage'].name if state else 'READY'
                if stage == 'READY':
                    return True
        return False

    @on('before _foreach_norm', 'before linalg_vector_norm')
    def norm(self, name, args, kwargs):
        if not called_by('clip_grad_norm_', 'clip_grad.py'):
            return
        params = clipped_parameters()
        if params and self.is_scaled(params):
            self.say('clipped')

    @on('step')
    def step(self, optimizer, training, params, used):
        if called_by('step', 'grad_scaler.py') or called_by(
            '_maybe_opt_step', 'grad_scaler.py'
        ):
            return
        if self.is_scaled(params):
            self.say('used for a step')


def clipped_parameters():
    frame = sys._getframe(1)
    while frame:
        if frame.f_code.co_name == 'clip_grad_norm_':
            given = frame.f_locals.get('parameters')
            if isinstance(given, torch.Tensor):
                return [given]
            return list(given) if isinstance(given, (list, tuple)) else []
        frame = frame.f_back
    return []


def all_optimizers():
    return [x for x in gc.get_objects() if isinstance(x, torch.optim.Optimizer)]


class RateGone(Rule):
    name = 'rate'
    advice = "Don't lower the learning rate so fast that nothing is left of it."
    what = 'The learning rate fell to {} of what it was, and {} of {} steps followed'
    fix = (
        'Call scheduler.step() once per epoch if its numbers are epochs, not in the '
        'loop over the batches'
    )
    lesson = '18_2'

    def start(self):
        self.rates = {}  # training -> [highest, steps, tiny steps, lowest]
        self.places = {}

    @on('step')
    def step(self, optimizer, training, params, used):
        rate = max(float(group['lr']) for group in optimizer.param_groups)
        known = self.rates.setdefault(training, [rate, 0, 0, rate])
        known[0] = max(known[0], rate)
        known[1] += 1
        if rate < 1e-4 * known[0]:
            known[2] += 1
            known[3] = rate
            self.places.setdefault(training, place())

    @on('end')
    def end(self):
        for training, (highest, steps, tiny, lowest) in self.rates.items():
            if tiny >= 5 and tiny > 0.3 * steps:
                self.say(
                    f'{lowest / highest:.0e}', tiny, steps, where=self.places[training]
                )


class WrongPlateau(Rule):
    name = 'plateau'
    advice = "Use `mode='max'` if larger numbers are better."
    what = (
        'ReduceLROnPlateau lowers the learning rate when its number stops falling, but '
        'it was given {}, which should rise'
    )
    fix = "Use ReduceLROnPlateau(optimizer, mode='max'), if a larger number is better"
    lesson = '18_2'
    remark = True
    better = re.compile(r'acc|f1|auc|dice|iou|score|precision|recall|reward|psnr', re.I)

    def start(self):
        self.known = {}  # scheduler -> (what it was given, place)

    @on('plateau')
    def step(self, args, kwargs):
        scheduler = args[0]
        where = place()
        line = linecache.getline(*where)
        match = self.better.search(line.partition('step')[2])
        if scheduler.mode == 'min' and match:
            word = re.search(rf'\w*{match[0]}\w*', line.partition('step')[2])[0]
            self.known[id(scheduler)] = word, where

    @on('end')
    def end(self):
        for word, where in self.known.values():
            self.say(f'"{word}"', where=where)


class NanGradient(Rule):
    name = 'nan gradient'
    advice = 'Keep `sqrt`, `log`, and division away from 0.'
    what = 'Gradients became nan in this backward(), though the loss was {}'
    fix = (
        'Look for a sqrt, log, norm, or division of something that can be 0, and add a '
        'small number to it'
    )
    lesson = '10'

    def start(self):
        self.loss = None
        self.done = False

    @on('backward')
    def backward(self, loss):
        self.loss = None
        if loss is not None and loss.numel() == 1:
            self.loss = loss.detach()

    @on('some step')
    def step(self, optimizer, training, params, used):
        """Once in a while is enough: a nan stays."""
        if self.done:
            return
        if called_by('step', 'grad_scaler.py'):
            return
        if self.loss is None or not bool(torch.isfinite(self.loss).all()):
            return
        grads = [p.grad for p in params if p.grad is not None]
        grads = [grad for grad in grads if grad.layout is torch.strided]
        if any(bool(grad.isnan().any()) for grad in grads[:1] + grads[-1:]):
            self.done = True
            self.say(f'{self.loss.item():.4g}')


class NotANumber(Rule):
    name = 'nan'
    advice = "Stop when the loss is nan, because it won't recover."
    what = 'The loss was nan{}'
    fix = (
        'Use a smaller learning rate, and look for a log, sqrt, or division of 0. '
        "Don't use what the model learns after the first nan"
    )
    lesson = '10'

    @on('some backward')
    def backward(self, loss):
        if loss is not None and loss.dim() == 0 and bool(loss.detach().isnan()):
            self.say('')
