"""Gradients, steps, and learning rates."""

import gc
import linecache
import re
import sys
import types
import weakref

import torch
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from ..run import ByTensor, called_by, called_from_library, frames, place
from .base import Rule, listed, on
from .model import line_with

MANY = 20  # steps in which scaled gradients are looked for


class NotCleared(Rule):
    name = 'clear'
    advice = 'Clear the gradients between one step and the next `backward()`.'
    what = (
        'The gradients of the previous step were still there, so the new ones were '
        'added to them'
    )
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
        'Make the optimizer after all layers are in place, from the parameters of '
        'the model that you train. Call zero_grad() before backward(), not between '
        "backward() and step(), and don't detach the loss"
    )
    lesson = '17_1'

    @on('step')
    def step(self, optimizer, training, params, used):
        if training.backwards and all(p.grad is None for p in params):
            self.say()


class CutOff(Rule):
    name = 'cut off'
    advice = 'Compute the loss from the outputs themselves.'
    what = "backward() was called on a loss that isn't connected to any parameter{}"
    fix = (
        "Compute the loss from the model's outputs, without a threshold, argmax, "
        '.item(), .detach(), or torch.tensor(...) in between, because these cut the '
        'graph'
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
        'Look for what cuts off its gradient (detach, .data, no_grad, numpy). If it '
        "isn't meant to learn, leave it out of the optimizer"
    )
    lesson = '8'

    def start(self):
        self.never = NeverCalled(self.run)
        self.waiting = {}  # training -> {id of a parameter: (name, parameter)}
        self.called = set()  # ids of parameters of layers that were called

    @on('step', 'step at rest')
    def step(self, optimizer, training, params, used=()):
        waiting = self.waiting.setdefault(training, {})
        if waiting:
            for call in used:
                for layer in call.layers:
                    self.called.update(id(p) for p in layer._parameters.values())
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
            called, never = [], []
            for key, (name, _) in waiting.items():
                (called if key in self.called else never).append(name)
            if called:
                self.say(listed(called), where=training.place)
            if never:
                self.run.say(self.never, listed(never), where=training.place)


class NeverCalled(Rule):
    name = 'never called'
    advice = 'Call each layer that should learn in `forward()`.'
    what = '{} got no gradient, because no step used these layers'
    fix = 'Call the layer in forward(), or leave it out of the optimizer'
    lesson = '8'
    remark = True


class NotInOptimizer(Rule):
    name = 'orphan'
    advice = (
        'Give each parameter that should learn to an optimizer, and freeze the others.'
    )
    what = (
        'Gradients were computed for {}, but no optimizer has these parameters, so '
        'they never change'
    )
    fix = (
        'Make the optimizer after all layers are in place, from all parameters that '
        'should learn (layers in a Python list need nn.ModuleList, and a parameter is '
        'the nn.Parameter itself, not what is computed from it), and freeze the '
        'others with requires_grad_(False)'
    )
    lesson = '20_1'

    def start(self):
        self.waiting = []
        self.leaves = ByTensor()  # Parameters that a loss was computed from
        self.early = NotFrozen(self.run)

    @on('some backward')
    def backward(self, loss):
        if loss is None or not self.run.is_time('leaves'):
            return
        for leaf in leaves_of(loss.grad_fn):
            if isinstance(leaf, torch.nn.Parameter):
                self.leaves[leaf] = leaf.shape

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
        known = set()
        for training, found, first in self.waiting:
            known.update(found)
            for name, p, position in found.values():
                if self.run.owners.get(p) is None:
                    known = by_training.setdefault(training, [])
                    known.append((name, position < first))
        for training in self.run.all_trainings[:1]:
            for key, (leaf, shape) in self.leaves.data.items():
                leaf = leaf()
                if leaf is None or key in known or not leaf.requires_grad:
                    continue
                if self.run.owners.get(leaf) is None and not self.in_a_module(key):
                    name = f'an nn.Parameter of shape {list(shape)}'
                    by_training.setdefault(training, []).append((name, False))
        for training, known in by_training.items():
            names = listed(name for name, _ in known)
            if all(early for _, early in known):
                self.run.say(self.early, names, where=training.place)
            else:
                self.say(names, where=training.place)

    def in_a_module(self, key):
        """Is this the id of a parameter of a model that was called?"""
        return any(key in ids for _, ids, _ in self.run.parameters.values())


def leaves_of(node, most=5000):
    """The tensors that the graph of a loss begins with."""
    found = []
    seen = set()
    stack = [node]
    while stack and len(seen) < most:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, 'variable'):
            found.append(node.variable)
        stack += [before for before, _ in getattr(node, 'next_functions', ())]
    return found


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
    return bool(all_of(torch.optim.Optimizer))


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
        self.rarely = WipedNowAndThen(self.run)
        self.wiped = {}
        self.places = {}
        self.before = []  # those whose gradients the last backward() filled

    @on('wake')
    def wake(self):
        self.before = []

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
            if training.closure:
                continue
            if times >= 3 and times >= training.steps:
                self.say(times, training.steps, where=self.places[training])
            elif times >= 2 and self.run.backwards > 1.5 * self.run.steps:
                self.run.say(self.rarely, times, where=self.places[training])


class WipedNowAndThen(Rule):
    name = 'last gradients'
    advice = 'If you accumulate gradients, also take a step for the last batches.'
    what = 'Gradients were cleared {} times before a step had used them'
    fix = (
        'If the number of batches is not a multiple of those added up, take a step '
        'after the last batch, too'
    )
    lesson = '10'
    remark = True


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


class SteppedTwice(Rule):
    name = 'stepped twice'
    advice = 'Take one step for each `backward()`.'
    what = 'The optimizer took a second step with the same gradients'
    fix = (
        'Call optimizer.step() once after each backward() (scaler.step(optimizer) '
        'already does)'
    )
    lesson = '10'

    def start(self):
        self.before = {}  # training -> what its gradients were at its last step

    @on('wake')
    def wake(self):
        self.before = {}

    @on('step')
    def step(self, optimizer, training, params, used):
        grads = [p.grad for p in params if p.grad is not None][:4]
        now = [(grad.data_ptr(), grad._version) for grad in grads]
        before = self.before.get(training)
        if now and now == before and not training.backwards and not training.closure:
            if any(bool(grad.any()) for grad in grads):
                self.say()
        self.before[training] = now


class NothingClipped(Rule):
    name = 'nothing clipped'
    advice = 'Give `clip_grad_norm_` parameters that have gradients.'
    what = 'clip_grad_norm_ found no gradients, so it clipped nothing'
    fix = (
        'Call it after backward(), with model.parameters() itself: a generator that '
        'was kept in a variable is used up after the first loop'
    )
    lesson = '17_2'

    @on('after tensor')
    def made(self, name, args, kwargs, result):
        """Without gradients, torch makes a new tensor with the norm 0."""
        if called_by('clip_grad_norm_', 'clip_grad.py') and self.run.backwards:
            self.say()


class NewOptimizer(Rule):
    name = 'new optimizer'
    advice = 'Make the optimizer once, before the training loop.'
    what = (
        'A new optimizer was made {} times for the same parameters, and each time '
        'the running averages (such as momentum) of the old one were lost'
    )
    fix = 'Make the optimizer once, before the loop'
    lesson = '10'

    def start(self):
        self.rarely = NewOptimizerNowAndThen(self.run)
        self.known = {}  # place of the step -> [new ones, steps]
        self.owners = ByTensor()

    @on('step', 'step at rest')
    def step(self, optimizer, training, params, used=()):
        if not params:
            return
        known = self.known.setdefault(place(), [0, 0])
        known[1] += 1
        before = self.owners.get(params[0])
        if before is not training:
            self.owners[params[0]] = training
            remembers = any(
                group.get('betas') or group.get('momentum')
                for group in optimizer.param_groups
            )
            known[0] += before is not None and remembers

    @on('end')
    def end(self):
        for where, (new, steps) in self.known.items():
            if new >= 5 and new > 0.5 * steps:
                self.say(new, where=where)
            elif new >= 2:
                self.run.say(self.rarely, new, where=where)


class NewOptimizerNowAndThen(Rule):
    name = 'new optimizers'
    advice = 'Keep the optimizer from one epoch to the next.'
    what = (
        'A new optimizer was made {} times for the same parameters, so the running '
        'averages (such as momentum) of the old one were lost'
    )
    fix = 'Make the optimizer once, before the loop over the epochs'
    lesson = '10'
    remark = True


class OneCycle(Rule):
    name = 'one cycle'
    advice = 'Call the `step()` of `OneCycleLR` after each step of the optimizer.'
    what = (
        'OneCycleLR was made for {} steps but took only {}, although the optimizer '
        'took {}, so the learning rate never finished its cycle'
    )
    fix = 'Call scheduler.step() after each optimizer.step(), in the loop over batches'
    lesson = '18_2'

    def start(self):
        self.known = {}  # training -> [weak reference, total, steps taken]
        self.steps = {}

    @on('step', 'step at rest')
    def step(self, optimizer, training, params, used=()):
        steps = self.steps[training] = self.steps.get(training, 0) + 1
        if steps == 2 and hasattr(optimizer.step, '_wrapped_by_lr_sched'):
            for thing in all_of(OneCycleLR):
                if thing.optimizer is optimizer:
                    self.known[training] = [weakref.ref(thing), thing.total_steps, 0]
        known = self.known.get(training)
        if known is not None and known[0]() is not None:
            known[2] = known[0]().last_epoch

    @on('end')
    def end(self):
        for training, (_, total, taken) in self.known.items():
            steps = self.steps[training]
            if taken < 0.3 * total and steps > 0.9 * total:
                where = line_with(r'\bOneCycleLR\(', training.place)
                self.say(total, taken, steps, where=where)


class ScheduleNotLoaded(Rule):
    name = 'schedule not loaded'
    advice = 'Save and load the state of the scheduler, too.'
    what = (
        'The optimizer resumes after {} steps of an earlier run, but its {} starts over'
    )
    fix = (
        'Save scheduler.state_dict() with the others, and call '
        'scheduler.load_state_dict() when you resume'
    )
    lesson = '17_2'

    def start(self):
        self.seen = set()

    @on('step')
    def step(self, optimizer, training, params, used):
        if training in self.seen:
            return
        self.seen.add(training)
        taken = 0
        for p in params:
            steps = optimizer.state.get(p, {}).get('step', 0)
            taken = max(taken, int(steps))
        if not taken or not hasattr(optimizer.step, '_wrapped_by_lr_sched'):
            return
        for thing in all_of(LRScheduler):
            if thing.optimizer is optimizer and thing.last_epoch == 0:
                name = type(thing).__name__
                self.say(taken, name, where=line_with(rf'\b{name}\(', place()))


class RateAsFactor(Rule):
    name = 'factor'
    advice = 'Return a factor from the function of `LambdaLR`, not a learning rate.'
    what = 'LambdaLR multiplied the learning rate {} by itself, so the rate is {}'
    fix = 'Return what the learning rate is multiplied by: 1.0 leaves it as it is'
    lesson = '18_2'

    def start(self):
        self.seen = set()

    @on('step')
    def step(self, optimizer, training, params, used):
        if training in self.seen:
            return
        self.seen.add(training)
        if not hasattr(optimizer.step, '_wrapped_by_lr_sched'):
            return
        for thing in all_of(LambdaLR):
            base, rate = thing.base_lrs[0], optimizer.param_groups[0]['lr']
            if thing.optimizer is optimizer and base != 1:
                if abs(rate - base**2) < 1e-6 * base**2:
                    where = line_with(r'\bLambdaLR\(', place())
                    self.say(f'{base:g}', f'{rate:g}', where=where)


class IdleSchedule(Rule):
    name = 'schedule'
    advice = 'Call `scheduler.step()`.'
    what = (
        "The learning rate never changed, because {}'s step() wasn't called in any "
        'of the {} epochs'
    )
    fix = (
        'Call scheduler.step() at the end of each epoch (for OneCycleLR, after each '
        'optimizer.step())'
    )
    lesson = '18_2'

    def start(self):
        self.known = {}  # training -> (scheduler's weak reference, its name)
        self.used = set()
        self.epochs = 0

    @on('step')
    def step(self, optimizer, training, params, used):
        has_scheduler = hasattr(optimizer.step, '_wrapped_by_lr_sched')
        if training.steps == 1 and has_scheduler:
            for thing in all_of(LRScheduler):
                if thing.optimizer is optimizer:
                    self.known[training] = weakref.ref(thing), type(thing).__name__

    @on('loader ends')
    def ends(self, walk):
        self.epochs += walk.learned > 0
        for training, (scheduler, _) in self.known.items():
            thing = scheduler()
            if thing is None or thing.last_epoch > 0:
                self.used.add(training)

    @on('end')
    def end(self):
        for training, (scheduler, name) in self.known.items():
            thing = scheduler()
            if thing is not None and thing.last_epoch > 0:
                continue
            if training not in self.used and self.epochs > 2:
                where = line_with(rf'\b{name}\(', training.place)
                self.say(name, self.epochs, where=where)


class DeadGradient(Rule):
    name = 'dead'
    advice = 'Look for layers whose gradient is always 0.'
    what = 'The gradient of {} was exactly 0 in each of the {} steps looked at'
    fix = (
        'Look after these layers for a ReLU that always returns 0, a multiplication '
        'by 0, or a function with a slope of 0 (round, sign), and before them for '
        'inputs that are all 0'
    )
    lesson = '16_1'

    def start(self):
        self.waiting = {}  # training -> {id: (name, parameter)}
        self.looks = {}
        self.places = {}
        self.half = set()  # those with float16 and without a scaler
        self.one_step = OneStepBackward(self.run)
        self.underflow = Underflow(self.run)

    @on('some call')
    def call(self, call, args, kwargs, output):
        device = call.inputs().device.type
        call.half = (
            torch.is_autocast_enabled(device)
            and torch.get_autocast_dtype(device) == torch.float16
        )

    @on('some step')
    def step(self, optimizer, training, params, used):
        if called_by('step', 'grad_scaler.py'):
            return
        if any(getattr(call, 'half', False) for call in used):
            self.half.add(training)
        looks = self.looks[training] = self.looks.get(training, 0) + 1
        if looks == 1:
            names = {}
            for call in used:
                self.places[training] = call.place
                names |= {id(p()): name for name, p in call.parameters}
            self.waiting[training] = {
                id(p): (names[id(p)], p) for p in params if id(p) in names
            }
        waiting = self.waiting[training]
        for key, (_, p) in list(waiting.items()):
            grad = p.grad
            if grad is None or grad.layout is not torch.strided or bool(grad.any()):
                del waiting[key]

    @on('end')
    def end(self):
        for training, waiting in self.waiting.items():
            # A bias alone may have gradients that cancel, as in a Wasserstein loss.
            if self.looks[training] < 10 or all(
                p.dim() < 2 for _, p in waiting.values()
            ):
                continue
            names = [name for name, _ in waiting.values()]
            where = self.places[training]
            backward = [
                name for name in names if re.search('weight_hh.*_reverse', name)
            ]
            if backward == names:
                self.run.say(self.one_step, where=where)
            elif training in self.half:
                self.run.say(self.underflow, listed(names), where=where)
            else:
                self.say(listed(names), self.looks[training], where=where)


class OneStepBackward(Rule):
    name = 'one step backward'
    advice = 'Read the backward direction of an RNN at the first time step.'
    what = (
        'The backward direction of a bidirectional RNN was read only at the last '
        'time step, where it has seen just one input, so its recurrent weights '
        '(weight_hh) got no gradient'
    )
    fix = (
        'Its final state is at the first time step: use output[:, 0, hidden_size:], '
        'or h_n[-1], and output[:, -1, :hidden_size], or h_n[-2], for the other '
        'direction'
    )
    lesson = '25'


class Underflow(Rule):
    name = 'underflow'
    advice = 'Use a `GradScaler` with float16.'
    what = (
        'With float16 and no GradScaler, the gradient of {} was exactly 0 at every '
        'step looked at, which happens when small gradients are rounded to 0'
    )
    fix = (
        'Use torch.amp.GradScaler: scaler.scale(loss).backward(), '
        'scaler.step(optimizer), scaler.update(). Or use bfloat16'
    )
    lesson = '23_1'


class Stuck(Rule):
    name = 'stuck'
    advice = 'Look for parameters that no step changes.'
    what = '{} had gradients, but no value changed in {} steps'
    fix = (
        'Look for a learning rate of 0, for steps that are too small for weights of '
        'half precision (keep them in float32), for weights that are overwritten, and '
        'in a deep network for gradients that vanish'
    )
    lesson = '23_1'
    remark = True

    def start(self):
        self.waiting = {}  # training -> {id: (name, parameter, its snapshot)}
        self.looks = {}
        self.places = {}

    @on('some step')
    def step(self, optimizer, training, params, used):
        looks = self.looks[training] = self.looks.get(training, 0) + 1
        if looks == 1:
            names = {}
            for call in used:
                self.places[training] = call.place
                names |= {id(p()): name for name, p in call.parameters}
            self.waiting[training] = {
                id(p): (names[id(p)], p, snapshot(p)) for p in params if id(p) in names
            }
            return
        waiting = self.waiting[training]
        for key, (_, p, before) in list(waiting.items()):
            unused = p.grad is None or not bool((p.grad != 0).any())
            if unused or snapshot(p) != before:
                del waiting[key]

    @on('end')
    def end(self):
        for training, waiting in self.waiting.items():
            if waiting and self.looks[training] > 10:
                names = listed(name for name, _, _ in waiting.values())
                where = self.places[training]
                self.say(names, self.looks[training] - 1, where=where)


def snapshot(parameter):
    """A sum and some values, of which at least one changes if the parameter does."""
    values = parameter.detach().flatten()
    some = values[:: max(1, len(values) // 64)]
    precise = torch.float64
    if values.device.type == 'mps':  # which knows no float64
        precise = torch.float32
    return values.sum(dtype=precise).item(), some.tolist()


class LateClipping(Rule):
    name = 'late clipping'
    advice = 'Clip the gradients before the step.'
    what = 'The gradients were clipped after the step that they were meant for'
    fix = 'Clip between loss.backward() and optimizer.step()'
    lesson = '17_2'

    @on(
        'before _foreach_norm',
        'before linalg_vector_norm',
        'before _foreach_clamp_min_',
    )
    def norm(self, name, args, kwargs):
        trainings = self.run.all_trainings
        if not trainings or all(training.backwards for training in trainings):
            return
        for name in ('clip_grad_norm_', 'clip_grad_value_'):
            owners = [self.run.owners.get(p) for p in clipped_parameters(name)]
            if any(owner is not None and not owner.backwards for owner in owners):
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
            for optimizer in list(self.run.trainings) + all_of(torch.optim.Optimizer):
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


def clipped_parameters(function='clip_grad_norm_'):
    """What a function of clip_grad.py that is being run has got, as a list."""
    frame = sys._getframe(1)
    while frame:
        code = frame.f_code
        if code.co_name == function and code.co_filename.endswith('clip_grad.py'):
            given = frame.f_locals.get('parameters')
            if isinstance(given, torch.Tensor):
                return [given]
            return list(given) if isinstance(given, (list, tuple)) else []
        frame = frame.f_back
    return []


def all_of(kind):
    """All objects of a class that exist."""
    return [thing for thing in gc.get_objects() if issubclass(type(thing), kind)]


class RateGone(Rule):
    name = 'rate'
    advice = "Don't lower the learning rate so fast that nothing is left of it."
    what = (
        'The learning rate fell to {} times its highest value, and {} of {} steps '
        'were taken with so small a rate'
    )
    fix = (
        "If the scheduler's arguments, such as step_size, count epochs, call "
        'scheduler.step() once per epoch, not in the loop over the batches'
    )
    lesson = '18_2'

    def start(self):
        self.early = RateSoonSmall(self.run)
        self.rates = {}  # training -> [highest, steps, tiny, lowest, small ones]
        self.places = {}

    @on('step', 'step at rest')
    def step(self, optimizer, training, params, used=()):
        rate = max(float(group['lr']) for group in optimizer.param_groups)
        known = self.rates.setdefault(training, [rate, 0, 0, rate, 0])
        known[0] = max(known[0], rate)
        known[1] += 1
        if rate < 1e-2 * known[0]:
            known[4] += 1
            self.places.setdefault(training, place())
        if rate < 1e-4 * known[0]:
            known[2] += 1
            known[3] = rate

    @on('end')
    def end(self):
        for training, (highest, steps, tiny, lowest, small) in self.rates.items():
            where = self.places.get(training)
            if tiny >= 5 and tiny > 0.3 * steps:
                self.say(f'{lowest / highest:.1g}', tiny, steps, where=where)
            elif small >= 20 and small > 0.5 * steps:
                self.run.say(self.early, small, steps, where=where)


class RateSoonSmall(Rule):
    name = 'small rate'
    advice = 'Lower the learning rate slowly enough that the network can still learn.'
    what = (
        'The learning rate was less than a hundredth of its highest value in {} of {} '
        'steps'
    )
    fix = (
        "If the scheduler's arguments, such as gamma, are for an epoch, call "
        'scheduler.step() once per epoch, not in the loop over the batches'
    )
    lesson = '18_2'
    remark = True


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
        'Look for a sqrt or log of 0, or a division by 0, and add a small number '
        'such as 1e-8 before you take the root or logarithm, or to the divisor'
    )
    lesson = '10'

    def start(self):
        self.loss = None
        self.done = False

    @on('wake')
    def wake(self):
        self.loss = None

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
        if any(bool(grad.sum().isnan()) for grad in grads[:1] + grads[-1:]):
            self.done = True
            self.say(f'{self.loss.item():.4g}')


class NotANumber(Rule):
    name = 'nan'
    advice = "Stop when the loss is nan, because it won't recover."
    what = 'The loss was nan{}'
    fix = (
        'Use a smaller learning rate, and look for a log of 0, a division by 0, or a '
        "sqrt of a negative number. Don't use weights from after the first nan"
    )
    lesson = '10'

    @on('some backward')
    def backward(self, loss):
        if loss is not None and loss.dim() == 0 and bool(loss.detach().isnan()):
            self.say('')


class LoadedRate(Rule):
    name = 'loaded rate'
    advice = 'Set the learning rate after `optimizer.load_state_dict`.'
    what = (
        'optimizer.load_state_dict replaced the learning rate {} by {}, which the '
        'optimizer was saved with'
    )
    fix = "To change the rate, set group['lr'] of each parameter group after loading"
    lesson = '17_1'
    remark = True

    def start(self):
        self.loads = weakref.WeakKeyDictionary()  # optimizer -> (rates, place)

    @on('optimizer loads')
    def load(self, args, kwargs):
        if called_from_library():
            return
        optimizer = args[0]
        state = args[1] if len(args) > 1 else kwargs.get('state_dict')
        rates = [
            (group['lr'], loaded['lr'])
            for group, loaded in zip(optimizer.param_groups, state['param_groups'])
        ]
        self.loads[optimizer] = rates, place()

    @on('step', 'step at rest')
    def step(self, optimizer, training, params, used=()):
        if not self.loads:
            return
        rates, where = self.loads.pop(optimizer, ((), None))
        if hasattr(optimizer.step, '_wrapped_by_lr_sched'):
            return
        for group, (old, loaded) in zip(optimizer.param_groups, rates):
            # Not the same object if the script has set it, even to an equal number.
            if old != loaded and group['lr'] is loaded:
                self.say(f'{old:g}', f'{loaded:g}', where=where)
                return
