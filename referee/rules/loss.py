"""What a loss gets."""

import torch

from ..run import ByTensor, is_plain, place
from .base import Rule, on

CLASSES = ('cross_entropy', 'nll_loss')
AS_PROBABILITIES = 'taken for probabilities, because they have the shape of the output'
NUMBERS = (
    'mse_loss',
    'l1_loss',
    'smooth_l1_loss',
    'huber_loss',
)
PASSING = (  # what returns the same numbers in another shape or place
    'View',
    'Squeeze',
    'Unsqueeze',
    'Select',
    'Slice',
    'Index',
    'Transpose',
    'TBackward',
    'Permute',
    'Clone',
    'ToCopy',
    'Reshape',
    'Expand',
    'Alias',
    'Cat',
    'Stack',
)


def made_by(tensor, most=8):
    """The name of the function that computed these numbers, such as 'Sigmoid'."""
    node = tensor.grad_fn
    for _ in range(most):
        if node is None:
            return ''
        name = type(node).__name__
        if not any(part in name for part in PASSING):
            return name.split('Backward')[0]
        node = node.next_functions[0][0] if node.next_functions else None
    return ''


def sum_to_one(rows, most=1e-3):
    return bool(((rows.sum(dim=1) - 1).abs() < most).all())


def rounding(ps):
    """How far from 1 the sum of probabilities, or of those of logarithms, may be."""
    return max(1e-3, 8 * torch.finfo(ps.dtype).eps) if ps.is_floating_point() else 1e-3


class Twice(Rule):
    name = 'twice'
    advice = (
        'Use logits with `CrossEntropyLoss` (and with `BCEWithLogitsLoss`, the '
        'loss for yes or no).'
    )
    what = '{} got {}, but it expects logits'
    fix = (
        'Leave out the {} before it, because the loss turns logits into '
        'probabilities itself'
    )
    lesson = '7'

    def sentence(self, details):
        return self.what.format(*details[:2])

    @on('some loss')
    def loss(self, loss):
        output = loss.output
        if not is_plain(output) or not output.numel():
            return
        if loss.name == 'binary_cross_entropy_with_logits':
            if made_by(output) == 'Sigmoid':
                self.say(
                    'BCEWithLogitsLoss', 'probabilities', 'sigmoid', where=loss.place
                )
        elif loss.name == 'cross_entropy' and output.dim() > 1:
            rows = output.detach().float()
            if (rows >= 0).all() and sum_to_one(rows) and rows.shape[1] > 1:
                self.say(
                    'CrossEntropyLoss', 'probabilities', 'softmax', where=loss.place
                )
            elif (rows <= 0).all() and sum_to_one(rows.exp()) and rows.shape[1] > 1:
                self.say(
                    'CrossEntropyLoss',
                    'log-probabilities',
                    'log-softmax',
                    where=loss.place,
                )
            elif made_by(output) == 'Sigmoid':
                self.say(
                    'CrossEntropyLoss', 'probabilities', 'sigmoid', where=loss.place
                )


class ReluBeforeLoss(Rule):
    name = 'relu'
    advice = 'Leave out the ReLU after the last layer.'
    what = '{} got the output of a ReLU, so no logit can be below 0'
    fix = 'Leave out the ReLU after the last layer'
    lesson = '7'

    @on('some loss')
    def loss(self, loss):
        if loss.name not in ('cross_entropy', 'binary_cross_entropy_with_logits'):
            return
        if made_by(loss.output) == 'Relu':
            names = {'cross_entropy': 'CrossEntropyLoss'}
            self.say(names.get(loss.name, 'BCEWithLogitsLoss'), where=loss.place)


class OutOfReach(Rule):
    name = 'out of reach'
    advice = 'Let the last layer reach all values that you want to predict.'
    what = 'The targets range from {} to {}, but the outputs of {} can only be {}'
    fix = (
        'Leave out the activation after the last layer, or scale the targets to the '
        'range that it can return'
    )
    lesson = '13_2'
    ranges = {
        'Relu': ('a ReLU', 0, float('inf'), '0 or more'),
        'Sigmoid': ('a sigmoid', 0, 1, 'between 0 and 1'),
        'Softmax': ('a softmax', 0, 1, 'between 0 and 1'),
        'Tanh': ('tanh', -1, 1, 'between -1 and 1'),
    }

    @on('some loss')
    def loss(self, loss):
        target = loss.target
        if loss.name not in NUMBERS or not is_plain(target) or target.requires_grad:
            return
        known = self.ranges.get(made_by(loss.output))
        if known is None or not target.numel():
            return
        activation, low, high, words = known
        values = target.detach().float()
        margin = 0.05 * max(1.0, values.abs().max().item())
        outside = (values < low - margin) | (values > high + margin)
        if outside.float().mean() > 0.02:
            ends = f'{values.min():.3g}', f'{values.max():.3g}'
            self.say(*ends, activation, words, where=loss.place)


class OneOfMany(Rule):
    name = 'one of many'
    advice = 'Use a sigmoid for each class if an example can have several labels.'
    what = 'Examples have several labels, but the probabilities of softmax add up to 1'
    fix = (
        'Use BCEWithLogitsLoss on the logits, and to predict, torch.sigmoid(logits) > '
        '0.5'
    )
    lesson = '13_3'

    def start(self):
        self.models = set()  # ids of those with several labels for an example
        self.softmaxes = {}  # id of a model -> where softmax was computed

    @on('some loss')
    def loss(self, loss):
        target = loss.target
        if not loss.name.startswith('binary_cross_entropy') or target.dim() != 2:
            return
        if target.shape != loss.output.shape or not is_plain(target):
            return
        values = target.detach().float()
        if not bool(((values == 0) | (values == 1)).all()):
            return
        if not bool((values.sum(dim=1) > 1).any()):
            return
        if loss.call is not None:
            self.models.add(id(loss.call.model))
        if made_by(loss.output) == 'Softmax':
            self.say(where=loss.place)

    @on('after softmax')
    def softmax(self, name, args, kwargs, result):
        values = args[0] if args else kwargs.get('input')
        mark = self.run.marks.get(values) if isinstance(values, torch.Tensor) else None
        if mark is not None and mark.call is not None and self.run.call is None:
            self.softmaxes[id(mark.call.model)] = place()

    @on('end')
    def end(self):
        for model, where in self.softmaxes.items():
            if model in self.models:
                self.say(where=where)


class NoLog(Rule):
    name = 'no log'
    advice = 'Use log-probabilities with `NLLLoss`, `KLDivLoss`, and `CTCLoss`.'
    what = '{} expects log-probabilities but got something else'
    fix = (
        'Use log_softmax at the end of the model, or replace NLLLoss with '
        'CrossEntropyLoss on the logits'
    )
    lesson = '7'

    @on('some loss')
    def loss(self, loss):
        output = loss.output
        if not is_plain(output) or not output.numel() or output.dim() < 2:
            return
        rows = output.detach().float()
        if loss.name == 'nll_loss' and not sum_to_one(rows.exp(), rounding(output)):
            self.say('NLLLoss', where=loss.place)
        elif loss.name == 'kl_div' and bool((rows > 1e-6).any()):
            self.say('KLDivLoss', where=loss.place)

    @on('before ctc_loss')
    def sequences(self, name, args, kwargs):
        output = args[0] if args else kwargs.get('log_probs')
        if not self.run.is_time('ctc_loss') or not is_plain(output):
            return
        sums = output.detach().float().exp().sum(dim=-1)
        if bool(((sums - 1).abs() > 1e-3).any()):
            self.say('CTCLoss')


class Labels(Rule):
    name = 'labels'
    advice = (
        'Give `CrossEntropyLoss` and `NLLLoss` class indices as labels: '
        'integers that start at 0.'
    )
    what = 'The loss expects class indices, but the labels were {}'
    fix = (
        'Use class indices: integers (int64) from 0 to the number of classes - 1, '
        "with the output's shape but without its class dimension, such as [n] for "
        '[n, classes]'
    )
    lesson = '7'

    def start(self):
        self.of_numbers = NumberAsClass(self.run)
        self.of_one_output = OneOutput(self.run)
        self.of_many = OneOfMany(self.run)

    @on('some loss', 'loss failed')
    def loss(self, loss):
        if loss.name not in CLASSES or not is_plain(loss.target):
            return
        output, target = loss.output, loss.target
        if output.dim() < 2 or not output.numel() or not target.numel():
            return
        if not bool(target.isfinite().all()):
            return  # another rule says that
        same_shape = target.shape == output.shape
        if not same_shape and target.dim() != output.dim() - 1:
            return
        values = target.detach().float()
        is_binary = bool(((values == 0) | (values == 1)).all())
        is_whole = bool((values == values.round()).all())
        if output.shape[1] == 1 and output.numel() > 1:
            if is_binary:
                self.run.say(self.of_one_output, where=loss.place)
            else:
                self.say_of_numbers(values, loss)
        elif same_shape:
            if output.dim() == 2 and not sum_to_one(values, rounding(target)):
                if is_binary and bool((values.sum(dim=1) > 1).any()):
                    self.run.say(self.of_many, where=loss.place)
                else:
                    self.say(AS_PROBABILITIES, where=loss.place)
        elif not is_whole:
            self.say_of_numbers(values, loss)
        else:
            self.say_of_classes(loss)

    def say_of_numbers(self, values, loss):
        telling = values[values != values.round()]  # rather 2.5 than 3
        if not len(telling):
            telling = values.flatten()
        number = f'{telling[0].item():.4g}'
        self.run.say(self.of_numbers, number, where=loss.place)

    def say_of_classes(self, loss):
        output, target = loss.output, loss.target
        ignored = loss.options.get('ignore_index', -100)
        outside = (target < 0) | (target >= output.shape[1])
        wrong = target[outside & (target != ignored)]
        if len(wrong):
            self.say(wrong.flatten()[0].item(), where=loss.place)
        elif target.is_floating_point():
            self.say(f'of type {target.dtype}', where=loss.place)


class NumberAsClass(Rule):
    name = 'number as class'
    advice = 'Predict a number with `MSELoss`, not with `CrossEntropyLoss`.'
    what = 'The loss expects class indices, but the labels contain numbers such as {}'
    fix = (
        'If you want to predict a number, use MSELoss, with one output and float32 '
        'labels of its shape, such as [n, 1]. If they stand for classes, number these '
        'from 0 (int64), and give the last layer an output for each class'
    )
    lesson = '13_2'


class OneOutput(Rule):
    name = 'one output'
    advice = 'Use `BCEWithLogitsLoss` if the model has a single output.'
    what = 'The loss got a single output, so there is only one class to choose from'
    fix = (
        "For yes or no, use BCEWithLogitsLoss with float32 labels of the output's "
        'shape, such as [n, 1]. For several classes, give the last layer an output for '
        'each'
    )
    lesson = '13_3'


class NoModelAsked(Rule):
    name = 'no model'
    advice = "Give the loss the model's output, not its input."
    what = "The loss compared the model's inputs, not its outputs, with the labels"
    fix = 'Write criterion(model(inputs), labels)'
    lesson = '7'

    def start(self):
        self.waiting = {}  # pass through a loader -> the places of such losses

    @on('loss')
    def loss(self, loss):
        if loss.call is not None or loss.value.requires_grad:
            return
        mark = self.run.marks.get(loss.target)
        if mark is not None and mark.call is not None:  # they were exchanged
            return
        for walk in self.run.walks:
            if walk.width > 1 and walk.address == loss.output.data_ptr():
                self.waiting.setdefault(walk, []).append(loss.place)

    @on('end')
    def end(self):
        for walk, places in self.waiting.items():
            if walk.tested or walk.learned:
                continue  # beside a loss of the outputs, it's a baseline
            for where in places:
                self.say(where=where)


class MeanTooEarly(Rule):
    name = 'mean too early'
    advice = 'Weight the loss of each example, and average afterward.'
    what = 'exp(-loss) was computed from the mean over a batch, not for each example'
    fix = (
        "For a focal loss, use reduction='none', weight the loss of each example, and "
        'take the mean at the end'
    )
    lesson = None
    remark = True

    def start(self):
        self.means = ByTensor()  # loss, or its negative -> sign

    @on('loss')
    def loss(self, loss):
        if loss.value.dim() == 0 and loss.output.dim() and len(loss.output) > 1:
            if loss.options.get('reduction', 'mean') == 'mean':
                self.means[loss.value] = 1

    @on('after neg', 'after __neg__')
    def negative(self, name, args, kwargs, result):
        if self.means.get(args[0]):
            self.means[result] = -self.means[args[0]]

    @on('before exp')
    def exp(self, name, args, kwargs):
        values = args[0] if args else None
        if isinstance(values, torch.Tensor) and self.means.get(values) == -1:
            self.say()


class PenaltyWithoutGradient(Rule):
    name = 'penalty'
    advice = 'Compute a penalty from the parameters themselves, not from `.data`.'
    what = 'A term of the loss was computed from {}, but has no gradient'
    fix = (
        'Use the parameters themselves: leave out .data, .detach(), and no_grad(). For '
        'a penalty on gradients, call torch.autograd.grad with create_graph=True'
    )
    lesson = '8'

    def start(self):
        self.cut = ByTensor()  # what has no gradient -> from what it was computed

    @on('after .data', 'after detach')
    def values(self, name, args, kwargs, result):
        if isinstance(args[0], torch.nn.Parameter) and self.run.call is None:
            self.cut[result] = 'weights'

    @on('after grad')
    def gradients(self, name, args, kwargs, result):
        for grad in result if isinstance(result, tuple) else ():
            if isinstance(grad, torch.Tensor) and not grad.requires_grad:
                self.cut[grad] = 'gradients'

    @on(
        'after __getitem__',
        'after flatten',
        'after reshape',
        'after view',
        'after sqrt',
        'after mean',
        'after sub',
        'after __sub__',
        'after __rsub__',
        'after abs',
        'after sum',
        'after norm',
        'after linalg_vector_norm',
        'after pow',
        'after __pow__',
        'after square',
        'after mul',
        'after __mul__',
        'after __rmul__',
    )
    def computed(self, name, args, kwargs, result):
        if not len(self.cut) or not isinstance(result, torch.Tensor):
            return
        for x in args[:2]:
            if isinstance(x, torch.Tensor) and x in self.cut:
                if not result.requires_grad:
                    self.cut[result] = self.cut.get(x)

    @on('after add', 'after __add__', 'after __radd__', 'after add_', 'after __iadd__')
    def added(self, name, args, kwargs, result):
        if not len(self.cut) or not isinstance(result, torch.Tensor) or result.dim():
            return
        terms = [x for x in args[:2] if isinstance(x, torch.Tensor)]
        cut = [x for x in terms if x in self.cut]
        if cut and result.requires_grad:
            self.say(self.cut.get(cut[0]))
        elif cut:
            self.cut[result] = self.cut.get(cut[0])


class OneClass(Rule):
    name = 'one class'
    advice = 'Look at the labels before you train on them.'
    what = 'All {} labels that the loss got were {}, though there are {} classes'
    fix = (
        'Print labels.unique(): they may have been divided (ToTensor divides a mask by '
        '255) before they were turned to integers, or the data is sorted by class. The '
        'discriminator of a GAN needs zeros for what is fake'
    )
    lesson = '16_1'

    def start(self):
        self.known = {}  # model -> [count, lowest, highest, outputs, place]

    @on('some loss')
    def loss(self, loss):
        target = loss.target
        if not is_plain(target) or target.requires_grad:
            return
        if loss.name.startswith('binary_cross_entropy'):
            outputs = 2
            valid = target.detach()
        elif loss.name in CLASSES and not target.is_floating_point():
            if loss.output.dim() < 2:
                return
            outputs = loss.output.shape[1]
            valid = target[target != loss.options.get('ignore_index', -100)]
        else:
            return
        if valid.numel():
            low, high = valid.min().item(), valid.max().item()
            model = id(loss.call.model) if loss.call is not None else None
            known = self.known.setdefault(model, [0, low, high, outputs, loss.place])
            known[0] += valid.numel()
            known[1] = min(known[1], low)
            known[2] = max(known[2], high)

    @on('end')
    def end(self):
        for count, low, high, outputs, where in self.known.values():
            if low == high and count >= 100 and outputs > 1:
                self.say(count, f'{low:g}', outputs, where=where)


class Stretched(Rule):
    name = 'shapes'
    advice = 'Compare tensors of the same shape.'
    what = 'The shapes {} and {} were broadcast to fit each other'
    fix = (
        'Give both the same shape, in training and in evaluation: output.squeeze(1), '
        'or labels.view(-1, 1)'
    )
    lesson = '13_2'

    def start(self):
        self.unsqueezed = ByTensor()

    @on('some loss')
    def loss(self, loss):
        one, other = loss.output.shape, loss.target.shape
        if loss.name in CLASSES:
            return
        if one != other and tuple(other) != ():
            self.say(list(one), list(other), where=loss.place)

    @on('after unsqueeze', 'after __getitem__', 'after view', 'after reshape')
    def meant(self, name, args, kwargs, result):
        """If a script makes a column by hand, it wants a table."""
        if (
            isinstance(result, torch.Tensor)
            and result.dim() == 2
            and result.shape[1] == 1
        ):
            if args[0].dim() == 1:
                self.unsqueezed[result] = True

    @on(
        'before __eq__',
        'before eq',
        'before sub',
        'before __sub__',
        'before __rsub__',
        'before add',
        'before __add__',
    )
    def compared(self, name, args, kwargs):
        one = args[0]
        other = args[1] if len(args) > 1 else kwargs.get('other')
        if not (isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor)):
            return
        flat, column = sorted((one, other), key=torch.Tensor.dim)
        if flat.dim() != 1 or len(flat) < 2 or column.shape != (len(flat), 1):
            return
        if flat.data_ptr() == column.data_ptr() or column in self.unsqueezed:
            return
        if name in ('__eq__', 'eq'):
            self.say(list(one.shape), list(other.shape))
        elif self.run.call is not None:
            return
        elif one.requires_grad and (other.requires_grad or 'sub' in name):
            self.say(list(one.shape), list(other.shape))
        elif other.requires_grad and 'sub' in name:
            self.say(list(one.shape), list(other.shape))
        elif 'sub' in name and self.is_error(one, other):
            self.say(list(one.shape), list(other.shape))

    def is_error(self, one, other):
        """Is one of them the model's output, and the other its labels?"""
        marks = [self.run.marks.get(tensor) for tensor in (one, other)]
        if None in marks:
            return False
        return any(mark.label for mark in marks) and any(
            mark.call is not None for mark in marks
        )


class OverOne(Rule):
    name = 'dimension of one'
    advice = 'Take softmax, argmax, and norms over more than one value.'
    what = '{} over a dimension of size 1 returns only {}'
    fix = (
        'With a single output, use BCEWithLogitsLoss and compare its sigmoid with '
        '0.5; for k classes, the last layer needs k outputs. For a norm per example, '
        'use x.flatten(1).norm(dim=1)'
    )
    lesson = '13_3'

    def start(self):
        self.inside = {}  # place of a softmax in a model -> its name, or None

    @on('after softmax', 'after log_softmax')
    def softmax(self, name, args, kwargs, result):
        values, dim = self.reduced(args, kwargs)
        if values is None:
            return
        if self.run.call is None:
            if values.shape[dim] == 1 and self.is_answer(values):
                self.say(name, int(name == 'softmax'))
        elif values.shape[dim] > 1:
            self.inside[place()] = None  # attention to a first token is over one, too
        else:
            self.inside.setdefault(place(), name)

    @on('after max', 'after argmax')
    def largest(self, name, args, kwargs, result):
        values, dim = self.reduced(args, kwargs)
        if values is None or values.dim() != 2 or len(values) < 2:
            return
        if values.shape[dim] == 1 and self.run.call is None and self.is_answer(values):
            self.say(name, 'index 0')

    @on('after norm')
    def norm(self, name, args, kwargs, result):
        values, dim = self.reduced(args, kwargs)
        if values is None or values.dim() < 3 or self.run.call is not None:
            return
        if values.shape[dim] == 1:
            self.say(name, 'the absolute value')

    def reduced(self, args, kwargs):
        """The values and the dimension that a function reduces, or None and None."""
        values = args[0] if args else kwargs.get('input')
        dim = args[1] if len(args) > 1 else kwargs.get('dim')
        if type(dim) is not int or not isinstance(values, torch.Tensor):
            return None, None
        if values.dim() < 2 or not is_plain(values) or dim in (0, -values.dim()):
            return None, None
        if not -values.dim() <= dim < values.dim():
            return None, None
        return values, dim

    def is_answer(self, values):
        mark = self.run.marks.get(values)
        return mark is not None and mark.call is not None

    @on('end')
    def end(self):
        for where, name in self.inside.items():
            if name is not None:
                self.say(name, int(name == 'softmax'), where=where)


class OverTheBatch(Rule):
    name = 'softmax over the batch'
    advice = 'Compute softmax over the classes, not over the batch.'
    what = 'Softmax was computed over dimension 0, the batch, not over the classes'
    fix = 'Use dim=1 (or dim=-1) for scores of shape [n, classes]'
    lesson = '4'

    def start(self):
        self.waiting = []

    @on('after softmax', 'after log_softmax')
    def softmax(self, name, args, kwargs, result):
        values = args[0] if args else kwargs.get('input')
        dim = args[1] if len(args) > 1 else kwargs.get('dim')
        call = self.run.call
        if not isinstance(values, torch.Tensor) or dim is None or values.dim() < 2:
            return
        if dim in (0, -values.dim()) and call is not None:
            call.softmax = values.shape[0], values.numel(), place()

    @on('some call')
    def call(self, call, args, kwargs, output):
        if not hasattr(call, 'softmax'):
            return
        length, count, where = call.softmax
        alone = length == 1 < count
        if alone or (call.size > 1 and length % call.size == 0):
            self.say(where=where)


class LearnsPadding(Rule):
    name = 'padding'
    advice = 'Leave the padding out of the loss.'
    what = 'The loss also counts the positions that are only padding ({} of {})'
    fix = 'Use CrossEntropyLoss(ignore_index={})'
    lesson = '25'

    def start(self):
        self.done = set()

    @on('some layer')
    def layer(self, call, module, args, kwargs, output):
        if isinstance(module, torch.nn.Embedding) and module.padding_idx is not None:
            ids = args[0] if args else kwargs.get('input')
            if isinstance(ids, torch.Tensor) and is_plain(ids):
                call.padding = (
                    module.padding_idx,
                    int((ids == module.padding_idx).sum()),
                )

    @on('some loss')
    def loss(self, loss):
        call = loss.call
        if loss.name != 'cross_entropy' or call is None or not hasattr(call, 'padding'):
            return
        index, inputs = call.padding
        if loss.options.get('ignore_index', -100) == index or not inputs:
            return
        if loss.options.get('reduction', 'mean') != 'mean' or loss.place in self.done:
            return
        weight = loss.options.get('weight')
        if weight is not None and weight[index] == 0:
            return
        target = loss.target
        if (
            target.dim() < 1
            or target.is_floating_point()
            or target.numel() <= call.size
        ):
            return
        padded = int((target == index).sum())
        if padded >= 0.5 * inputs and padded < target.numel():
            self.run.say(self, padded, target.numel(), index, where=loss.place)

    def sentence(self, details):
        return self.what.format(*details[:2])


class NegativeLoss(Rule):
    name = 'negative loss'
    advice = 'Look at labels and weights if a cross entropy is negative.'
    what = '{} was {}, though a cross entropy is never negative'
    fix = (
        "Print the labels, which must be between 0 and 1 if they're probabilities, and "
        'the weights, none of which may be negative. If you pass pos_weight to '
        'BCEWithLogitsLoss, it needs a number for each column of the labels, so count '
        'the yeses with labels.sum(dim=0)'
    )
    lesson = '13_3'
    names = {
        'cross_entropy': 'CrossEntropyLoss',
        'binary_cross_entropy_with_logits': 'BCEWithLogitsLoss',
    }

    @on('some loss')
    def loss(self, loss):
        if loss.name not in self.names or not is_plain(loss.value):
            return
        if loss.name != 'cross_entropy' and loss.options.get('weight') is not None:
            return  # weights of single examples may be negative, such as rewards
        lowest = loss.value.detach().min().item() if loss.value.numel() else 0
        if lowest < -1e-3:
            self.say(self.names[loss.name], f'{lowest:.3g}', where=loss.place)


class WrongWeights(Rule):
    name = 'class weights'
    advice = 'Give rare classes the larger weights.'
    what = (
        'The most frequent class ({}) has the largest weight, and the rarest ({}) the '
        'smallest'
    )
    fix = (
        'Put the weights in the order of the class indices, larger for rare classes '
        '(pos_weight is the number of negative examples divided by that of positive '
        'ones)'
    )
    lesson = '13_3'
    remark = True

    def start(self):
        self.counts = {}

    @on('some loss')
    def loss(self, loss):
        if loss.options.get('pos_weight') is not None:
            self.yes_or_no(loss)
        weight = loss.options.get('weight')
        if loss.name != 'cross_entropy' or not isinstance(weight, torch.Tensor):
            return
        target = loss.target
        if target.is_floating_point() or weight.dim() != 1 or not is_plain(target):
            return
        valid = target[(target >= 0) & (target < len(weight))].flatten().cpu()
        counts = torch.bincount(valid, minlength=len(weight))
        known = self.counts.setdefault(
            loss.place, [torch.zeros_like(counts), weight.detach().cpu()]
        )
        known[0] += counts

    def yes_or_no(self, loss):
        """pos_weight is the weight of class 1, and class 0 has 1."""
        weight, target = loss.options['pos_weight'].detach().cpu(), loss.target
        if weight.numel() != 1 or not is_plain(target):
            return
        yes = int((target > 0.5).sum())
        weights = torch.tensor([1.0, weight.item()])
        known = self.counts.setdefault(loss.place, [torch.zeros(2), weights])
        known[0] += torch.tensor([target.numel() - yes, yes])

    @on('end')
    def end(self):
        for where, (counts, weight) in self.counts.items():
            most, least = int(counts.argmax()), int(counts.argmin())
            if counts[most] < 2 * counts[least] or counts.sum() < 50:
                continue
            if weight[most] == weight.max() > weight.min() == weight[least]:
                self.say(most, least, where=where)


class ScoresCompared(Rule):
    name = 'scores'
    advice = 'Compare predicted classes with labels, not scores.'
    what = 'Scores such as {} were compared with labels, so they are hardly ever equal'
    fix = (
        'Compare output.argmax(dim=1) with the labels, or, for yes or no, output > 0 '
        '(the index is the second of the two that torch.max(output, 1) returns)'
    )
    lesson = '14'

    @on('before __eq__', 'before eq')
    def compared(self, name, args, kwargs):
        one = args[0]
        other = args[1] if len(args) > 1 else kwargs.get('other')
        if not (isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor)):
            return
        for scores, labels in ((one, other), (other, one)):
            mark = self.run.marks.get(scores)
            if mark is None or mark.call is None or not scores.is_floating_point():
                continue
            if scores.shape != labels.shape or scores.numel() < 4:
                continue
            if not is_plain(scores) or not is_plain(labels):
                continue
            values = scores.detach().float()
            whole = labels.detach().float()
            if bool((whole == whole.round()).all()) and bool(
                (values != values.round()).float().mean() > 0.9
            ):
                self.say(f'{values.flatten()[0]:.3g}')


class SignsAsLabels(Rule):
    name = 'signs'
    advice = 'Give losses that compare two inputs the labels 1 and -1.'
    what = '{} got labels of 0, but it expects 1 and -1'
    fix = 'Use 2 * labels - 1'
    lesson = None
    functions = {
        'margin_ranking_loss': ('MarginRankingLoss', 2),
        'cosine_embedding_loss': ('CosineEmbeddingLoss', 2),
        'hinge_embedding_loss': ('HingeEmbeddingLoss', 1),
        'soft_margin_loss': ('SoftMarginLoss', 1),
    }

    @on(*(f'before {name}' for name in functions))
    def loss(self, name, args, kwargs):
        words, position = self.functions[name]
        target = args[position] if len(args) > position else kwargs.get('target')
        if isinstance(target, torch.Tensor) and is_plain(target):
            if self.run.is_time('signs', place()) and bool((target == 0).any()):
                self.say(words)


def is_bootstrapped(tensor):
    """Is it a reward plus the discounted value of the next state?"""
    node = tensor.grad_fn
    for _ in range(4):
        if node is None:
            return False
        befores = [before for before, _ in node.next_functions]
        if type(node).__name__.startswith('Add'):
            given = [before for before in befores if before is not None]
            return (
                len(befores) == 2
                and len(given) == 1
                and 'Mul' in type(given[0]).__name__
            )
        if not any(part in type(node).__name__ for part in PASSING):
            return False
        node = befores[0]
    return False


class TargetWithGradient(Rule):
    name = 'target with gradient'
    advice = 'Compute the target of a loss without gradients.'
    what = (
        'The target (a number plus the discounted value of the next state) has a '
        'gradient, so training also moves the target toward the prediction'
    )
    fix = 'Compute the target under torch.no_grad(), or detach it'
    lesson = None
    remark = True

    @on('some loss')
    def loss(self, loss):
        if loss.name in NUMBERS and loss.output.requires_grad:
            if loss.target.requires_grad and is_bootstrapped(loss.target):
                self.say(where=loss.place)
