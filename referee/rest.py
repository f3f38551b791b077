"""When to look at a run, and when to leave some steps out, to save time.

A training loop does the same thing again and again. Once many steps have been watched
and the examples aren't new, only some steps of each cycle are. We look again at once if
something else happens: a loader begins, a model is called without gradients or in eval
mode, with inputs of another shape, or more often than before each step.
"""

from collections import Counter
from threading import get_ident

import torch

ALL_WATCHED = 100  # steps before the first rest
ALL_CALLS_WATCHED = 1000  # or calls, of which there may be many before a step
NEW_DATA_WATCHED = 2000  # the same while a loader brings new examples
CYCLE, WATCHED = 20, 3  # later, so many steps of each cycle are watched
FAMILIAR = 100  # batches in a row with nothing new


def shape_of(args):
    """The shape of the first argument of a model, or None."""
    if args and isinstance(args[0], torch.Tensor):
        return args[0].shape
    return None


class Rest:
    """Decides about run.resting."""

    def __init__(self, run):
        self.run = run
        self.watch = None  # what can stop watching functions, and go on: see events.py
        self.taken = False  # has there been a rest?
        self.cycles = 0
        self.leader = None  # the training whose steps are counted in cycles
        self.shapes = {}  # id of a model -> the shape of what it gets in training
        self.calls = 0  # of models in training, since the leader's last step
        self.all_calls = 0
        self.usual_calls = Counter()
        self.prints = []  # [(ids of parameters, fingerprints)] while resting
        self.familiar = 0  # training batches in a row with nothing new

    def training_call(self, model, args):
        """A model was called in train mode, with gradients."""
        self.shapes[id(model)] = shape_of(args)
        self.calls += 1

    def batch_is_learned(self, is_new):
        self.familiar = 0 if is_new else self.familiar + 1

    def is_familiar(self):
        return self.familiar >= FAMILIAR

    def step_ends(self, training):
        """Shall we look at what happens until the next step of this optimizer?"""
        if self.leader is None:
            self.leader = training
        if training is not self.leader:
            return
        if not self.run.resting:
            self.usual_calls[self.calls] += 1
        self.cycles += 1
        self.all_calls += self.calls
        self.calls = 0
        if self.cycles <= ALL_WATCHED and self.all_calls <= ALL_CALLS_WATCHED:
            return
        brings_new = self.run.walks and not self.is_familiar()
        if brings_new and self.cycles <= NEW_DATA_WATCHED:
            return
        if self.cycles % CYCLE < WATCHED:
            self.wake(training)
        elif not self.run.resting:
            self.run.resting = self.taken = True
            if self.watch is not None:
                self.watch.leave()

    def wake(self, after=None):
        """Watch again. after: the training whose step has just ended.

        We don't know which gradients the others have, so they get the benefit of the
        doubt.
        """
        run = self.run
        if not run.resting or get_ident() != run.thread:
            return
        if self.watch is not None and not self.watch.come_back():
            return
        run.resting = False
        run.call = None
        run.used = []
        self.prints = []
        for training in run.all_trainings:
            if training is not after:
                training.backwards = training.since_clear = 1
                training.clean = True
        run.fire('wake')

    def is_new(self, module, args):
        """Is this an unusual call for a training loop?"""
        if torch.is_grad_enabled() and module.training:
            shape = self.shapes.get(id(module))
            if shape is not None:
                return shape != shape_of(args) or self.calls >= self.most_calls()
        return self.run.owns(module)

    def most_calls(self):
        """How many calls are usual before a step, or the most if that varies."""
        (count, times), *_ = self.usual_calls.most_common(1)
        if 2 * times > self.usual_calls.total():
            return count
        return max(self.usual_calls)

    def call(self, module, args, fingerprints):
        """A usual call while we rest."""
        known = self.run.parameters.get(module)
        if known is None:
            return
        self.calls += 1
        inputs = args[0]
        if self.is_familiar() or inputs.dim() < 2 or inputs.requires_grad:
            return
        _, ids, _ = known
        self.prints = [*self.prints[-20:], (ids, fingerprints(inputs))]

    def prints_for(self, training):
        """The fingerprints of the batches that this step learns from."""
        mine = [prints for ids, prints in self.prints if ids & training.ids]
        self.prints = [one for one in self.prints if not one[0] & training.ids]
        return mine
