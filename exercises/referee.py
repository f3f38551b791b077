"""A referee for trainings: runs a script, watches it, and says which rules it breaks.

    python exercises/referee.py my_training.py --its-own-options

The script may be anyone's, with any model and data. It runs as it always does, with the
same numbers. Then there is a line for each mistake: where, how often, what happened,
what to do, and the lesson about it; the exit code is 1 if there was one. What cannot be
told for certain is not said, so `fair` does not mean that all is right.

How it works: some functions of torch are replaced by ones that do the same and take a
note (`watch`, at the end). The rest is in the order in which things happen: batches,
calls of a model, losses, backward, steps, numbers, files.
"""

import functools
import os
import re
import sys
import types
from collections import Counter
from pathlib import Path
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.utils.data import DataLoader, SequentialSampler
from torch.utils.weak import WeakTensorKeyDictionary

RULES = {  # what happened, what to do, the lesson about it
    'clear': (
        'the gradients of the step before were still there, and grew',
        'optimizer.zero_grad() before loss.backward()',
        '10',
    ),
    'idle': (
        'the optimizer moved nothing: its parameters had no gradient',
        'make it from this model; clear before backward(), not after; no detach()',
        '17_1',
    ),
    'unused': (
        '{} got no gradient in any step',
        'use it in forward, or take it out of the optimizer',
        '8',
    ),
    'orphan': (
        '{} got gradients, but no optimizer has it',
        'give it to the optimizer, or freeze it: requires_grad_(False)',
        '20',
    ),
    'asleep': (
        'trained in eval mode: dropout and batch norm were off',
        'model.train() before the training loop',
        '16',
    ),
    'frozen': (
        'batch norm of a frozen layer was in train mode: its statistics moved',
        'body.eval() after model.train()',
        '20',
    ),
    'order': ('training images came in the same order', 'shuffle=True', '11'),
    'nan': ('the loss was nan', 'a smaller learning rate, no log of 0', '10'),
    'awake': (
        'tested in train mode: dropout or batch norm was at work',
        'model.eval() before the test loop',
        '16',
    ),
    'leak': (
        '{} it was tested on are images it had learned from',
        'test on images that no step has seen',
        '15',
    ),
    'choice': (
        '{} to validate are in the test set too',
        'choose by one set, test with another',
        '15',
    ),
    'part': ('tested on {}', 'every image once: no drop_last, no replacement', '14'),
    'chance': (
        'tested on images that {} changes at random',
        'for these, a transform without chance',
        '18',
    ),
    'gradients': (
        'tested with gradients on, which costs time and memory',
        'with torch.no_grad():',
        '11',
    ),
    'range': (
        'images to train: mean {}, std {}, these: {}, {}',
        'the same normalisation for both',
        '13_1',
    ),
    'transform': (
        'photos went in from {} to {}, but {} was trained on others',
        'weights.transforms()',
        '19',
    ),
    'twice': ('{} got {}, but it makes them itself', 'give it the raw output', '7'),
    'no log': (
        'NLLLoss got no log-probabilities',
        'LogSoftmax(dim=1) at the end, or CrossEntropyLoss',
        '7',
    ),
    'labels': ('labels were {}', 'class numbers, int64 [n], from 0', '7'),
    'shapes': (
        '{} and {} were stretched to fit each other',
        'the same shape for both: squeeze(1) or view',
        '14',
    ),
    'means': (
        'in a mean of batches, images of the short last batch count more',
        'loss.detach() * len(labels), or count; divide once',
        '14',
    ),
    'graph': (
        'losses were added up with all that was computed for them',
        'total += loss.detach()',
        '12',
    ),
    'copy': (
        'weights put back were those already there, not a copy',
        'copy.deepcopy(model.state_dict())',
        '16',
    ),
    'whole': (
        'torch.save of a whole model: loading it needs this very code',
        'save model.state_dict()',
        '17',
    ),
    'place': (
        'torch.load without map_location fails where there is no GPU',
        'map_location=device',
        '17',
    ),
    'unsafe': (
        'torch.load may run any program that is in the file',
        'weights_only=True',
        '17',
    ),
}
LIBRARIES = tuple(
    f'{path}{os.sep}'
    for path in (Path(torch.__file__).parents[1], Path(os.__file__).parent)
)
DROPOUT, NORM = nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm


class Record(types.SimpleNamespace):
    """Attributes; like no other."""

    __eq__, __hash__ = object.__eq__, object.__hash__


mistakes, remarks = {}, Counter()
walks, later, unneeded = [], [], []  # open passes through loaders; to be looked at
trainings, started = WeakKeyDictionary(), []  # by optimizer, and all of them
owners = WeakTensorKeyDictionary()  # parameter -> what its optimizer does
means = WeakTensorKeyDictionary()  # mean over a batch -> its size
sums = WeakTensorKeyDictionary()  # loss, or sum of losses -> [backward done] for each
pretrained, downloaded, photos = WeakKeyDictionary(), [], {}  # torchvision's weights
now = Record(depth=0, call=None, used=[], inner=[], chance=False)


def frames():
    """The frames of the script and of what it imports from beside it, innermost first."""
    frame, found = sys._getframe(1), []
    while frame:
        if not is_library(frame.f_code.co_filename):
            found.append(frame)
        frame = frame.f_back
    return found


@functools.cache
def is_library(file):
    return file.startswith((*LIBRARIES, '<')) or file == __file__


def place():
    frame = sys._getframe(1)
    while frame.f_back and is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def names(thing):
    return {
        name
        for frame in frames()
        for name, value in frame.f_locals.items()
        if value is thing
    }


def say(rule, *details, where=None):
    key = rule, where or place()
    mistakes[key] = mistakes.get(key, (0,))[0] + 1, details


# Batches


def start_walk(batches, loader):
    sampler = getattr(loader.batch_sampler, 'sampler', None) or loader.sampler
    walk = Record(
        place=place(),
        dataset=loader.dataset,
        size=0,
        images=0,
        chance=[],
        series={},
        names=names(loader) or names(loader.dataset),
        tested=None,
        guessed=None,
        learned=0,
        all=len(sampler) if hasattr(sampler, '__len__') else None,
        again=getattr(sampler, 'replacement', False),
        ordered=isinstance(sampler, SequentialSampler) and len(loader) > 1,
    )
    dataset = loader.dataset
    while dataset is not None:  # a Subset has its whole in it
        indices = getattr(dataset, 'indices', ())
        indices = [] if callable(indices) else list(indices)  # a method of tensors
        walk.ordered = walk.ordered and indices == sorted(indices)
        walk.chance += re.findall(
            r'\b(?:Rand|ColorJ|AutoA|TrivialA|AugMix)\w*',
            repr(getattr(dataset, 'transform', '')),
        )
        dataset = getattr(dataset, 'dataset', None)
    return follow(batches, walk)


def follow(batches, walk):
    walks.append(walk)
    try:
        for batch in batches:
            first = batch
            while isinstance(first, (tuple, list, dict)) and first:
                first = next(iter(first.values() if isinstance(first, dict) else first))
            walk.size = len(first) if getattr(first, 'shape', ()) else 0
            walk.images += walk.size
            yield batch
        end_walk(walk)
    finally:
        walks.remove(walk)


def end_walk(walk):
    if walk.guessed:
        unneeded.append(walk)  # backward() may still come
    elif walk.tested and walk.size and walk.all not in (None, walk.images):
        say('part', f'{walk.images} of {walk.all} images', where=walk.tested)
    elif walk.tested and walk.again:
        say('part', 'images drawn with replacement', where=walk.tested)
    look_for_means(frames())
    for where, values in walk.series.items():
        total = sum(value for value, _ in values)
        right = sum(value * n for value, n in values) / sum(n for _, n in values)
        if abs(total / len(values) - right) > 1e-9 * abs(right):
            if holds(frames()[:1], total):
                say('means', where=where)
            else:  # it may be divided after the loop
                later.append((total / len(values), where))


def look_for_means(found):
    for number, where in list(later):
        if holds(found, number):
            say('means', where=where)
            later.remove((number, where))


def holds(found, number):
    """Has one of the frames a variable with this number, or a list that ends in it?"""
    values = [value for frame in found for value in list(frame.f_locals.values())]
    values += [value[-1] for value in values if isinstance(value, list) and value]
    return any(
        isinstance(value, float) and abs(value - number) <= 1e-12 * abs(number)
        for value in values
    )


# Calls of a model, and what is done with its answers


def enter(*_, **__):
    now.depth += 1


def leave(output, model, *given, **_):
    now.depth -= 1
    if now.depth:  # a layer within a model
        if model._parameters:
            now.inner.append(model)
        return
    inner, now.inner, chance, now.chance = now.inner, [], now.chance, False
    while isinstance(output, (tuple, list)) and output:
        output = output[0]
    images = next((x for x in given if type(x) is torch.Tensor and x.dim() > 1), None)
    if (
        images is None
        or images.requires_grad
        or not images.numel()
        or type(output) is not torch.Tensor
        or next(model.parameters(), None) is None
    ):
        return
    now.call = call = Record(
        model=model,
        images=images,
        place=place(),
        grad=output.requires_grad,
        judged=0,
        inner=inner,
        chance=chance,
        walk=next((w for w in reversed(walks) if w.size == len(images)), None),
    )
    layers = list(model.modules())
    if call.grad:
        call.parameters = list(model.named_parameters())
        call.parameters += [
            (f'{type(layer).__name__}.{name}', p)
            for layer in inner
            for name, p in layer.named_parameters(recurse=False)
        ]
        call.ids = {id(p) for _, p in call.parameters}
        call.asleep = not any(layer.training for layer in layers) and any(
            learns_with_chance(layer) for layer in layers
        )
        call.moved = any(
            isinstance(layer, NORM)
            and at_work(layer)
            and layer.affine
            and not layer.weight.requires_grad
            for layer in layers
        )
        output.register_hook(lambda _: use(call))
    if model not in pretrained:
        pretrained[model] = next(filter(None, map(pretrained.get, layers)), None)
    if pretrained[model] and images.dim() == 4:
        low, high, n, _ = photos.get(pretrained[model], (1e9, -1e9, 0, 0))
        photos[pretrained[model]] = (
            min(low, images.min().item()),
            max(high, images.max().item()),
            n + len(images),
            call.place,
        )


def use(call):
    """A gradient comes back to the output of a call."""
    if call not in now.used:
        now.used = [*now.used[-99:], call]
        if call.walk:
            call.walk.learned += 1


def at_work(layer):
    """Does this layer now do what is meant for training only?"""
    return layer.training and (
        isinstance(layer, DROPOUT)
        and layer.p > 0
        or isinstance(layer, NORM)
        and layer.running_mean is not None
    )


def learns_with_chance(layer):
    """Batch norm that learns, or dropout beside layers that do?"""
    if isinstance(layer, NORM):
        return layer.affine and layer.weight.requires_grad
    return any(
        isinstance(part, DROPOUT) and part.p > 0 for part in layer.children()
    ) and any(p.requires_grad for p in layer.parameters())


def fingerprints(images):
    rows = images.detach().cpu().contiguous().flatten(1).view(torch.uint8).numpy()
    return [hash(row.tobytes()) for row in rows]


def add_up(total, images):
    """Number, mean and standard deviation of images [n, channels, H, W]."""
    if images.dim() == 4 and images.is_floating_point():
        n, images = len(images), images.detach().float()
        for i, value in enumerate((1, images.mean().item(), images.std().item())):
            total[i] += n * value


def judge(output, *_, **__):
    """An answer is compared with labels, or chosen from."""
    call = now.call
    if (
        not call
        or call.judged
        or not isinstance(output, torch.Tensor)
        or not output.dim()
        or len(output) != len(call.images)
    ):
        return
    call.judged, walk = True, call.walk
    if call.grad:
        if walk:
            walk.guessed = walk.guessed or call.place
        return
    if call.chance or any(at_work(layer) for layer in call.model.modules()):
        say('awake', where=call.place)
    if walk:
        walk.tested = call.place
        if walk.chance:
            say('chance', ', '.join(walk.chance), where=call.place)
    if call.images[0].numel() < 16:  # too few numbers to know an image by
        return
    prints, source = fingerprints(call.images), walk and walk.dataset
    known = walk.names if walk else names(call.images)
    for training in {
        id(t): t for t in map(owners.get, call.model.parameters()) if t
    }.values():
        part = training.parts.setdefault(
            (*sorted(known), id(source) if walk else call.place),
            Record(
                names=known,
                dataset=source,
                place=call.place,
                prints=set(),
                seen=0,
                count=0,
                images=[0, 0, 0],
            ),
        )
        part.seen += sum(number in training.seen for number in prints)
        part.count += len(prints)
        part.prints.update(prints)
        add_up(part.images, call.images)


# Losses


def sum_to_one(rows):
    return bool(((rows.sum(dim=1) - 1).abs() < 1e-3).all())


def before_dropout(_, p=0.5, training=True, *__, **___):
    if training and p and now.depth and not torch.is_grad_enabled():
        now.chance = True


def before_loss(output, target, *_, logits=False, **__):
    judge(output)
    if logits and output.grad_fn and output.grad_fn.name() == 'SigmoidBackward0':
        say('twice', 'BCEWithLogitsLoss', 'probabilities')
    if output.shape != target.shape:
        say('shapes', list(output.shape), list(target.shape))


def before_classes(output, target, *_, logs=False, ignore_index=-100, **__):
    judge(output)
    if output.dim() != 2 or not len(output):
        return
    rows = output.detach().float()
    if logs and not sum_to_one(rows.exp()):
        say('no log')
    elif not logs and (rows >= 0).all() and sum_to_one(rows):
        say('twice', 'CrossEntropyLoss', 'probabilities')
    elif not logs and (rows <= 0).all() and sum_to_one(rows.exp()):
        say('twice', 'CrossEntropyLoss', 'log-probabilities')
    if target.shape == output.shape and not sum_to_one(target.float()):
        say('labels', 'taken for probabilities')
    elif target.dim() == 1:
        outside = (target < 0) | (target >= rows.shape[1])
        wrong = target[outside & (target != ignore_index)]
        if target.is_floating_point() or len(wrong):
            say('labels', wrong[0].item() if len(wrong) else target.dtype)


def after_loss(loss, output, *_, reduction='mean', **__):
    if loss.dim() == 0 and reduction == 'mean':
        means[loss], sums[loss] = len(output), [[False]]


# Backward and step


def before_backward(loss, *_, **__):
    now.depth += 1  # checkpointing calls layers in it
    if loss.dim() == 0 and loss.isnan():
        say('nan')
    for done in sums.get(loss, ()):
        done[0] = True
    for optimizer, training in list(trainings.items()):
        training.backwards += 1
        if training.clean is not True:
            grads = [
                p.grad
                for group in optimizer.param_groups
                for p in group['params']
                if p.grad is not None
            ]
            training.clean = not any(grad.any() for grad in grads)


def after_backward(*_, **__):
    now.depth -= 1


def before_step(optimizer, args, kwargs):
    if len(args) > 1 or kwargs.get('closure'):
        return  # it calls backward() itself
    params = [
        p
        for group in optimizer.param_groups
        for p in group['params']
        if p.requires_grad
    ]
    ids, t = {id(p) for p in params}, trainings.get(optimizer)
    if t is None:
        t = trainings[optimizer] = Record(
            place=place(),
            steps=0,
            backwards=1,
            clean=True,
            seen=set(),
            parts={},
            datasets=[],
            images=[0, 0, 0],
            unused={},
            orphans={},
            next={},
            last=None,
            repeated=0,
            known=set(),
        )
        started.append(t)
    used = [call for call in now.used if call.ids & ids]
    now.used = [call for call in now.used if not call.ids & ids]
    if t.backwards and all(p.grad is None for p in params):
        say('idle')
    elif t.backwards and not t.clean:
        say('clear')
    else:
        remarks[place()] = max(remarks[place()], min(t.backwards, len(used)))
    if t.known != ids:
        found = {
            id(p): (name, p) for call in used for name, p in reversed(call.parameters)
        }
        t.unused.update({key: found[key] for key in ids - t.known if key in found})
        t.orphans.update(
            {
                key: (name, p)
                for key, (name, p) in found.items()
                if key not in ids and p.grad is not None
            }
        )
        owners.update(dict.fromkeys(params, t))
        t.known = ids
    t.unused = {key: (n, p) for key, (n, p) in t.unused.items() if p.grad is None}
    t.steps, t.backwards, t.clean = t.steps + 1, 0, None
    for call in used:
        if call.asleep:
            say('asleep', where=call.place)
        if call.moved:
            say('frozen', where=call.place)
        if call.walk and call.walk.ordered:
            say('order', where=call.walk.place)
        if call.walk and not any(d is call.walk.dataset for d in t.datasets):
            t.datasets.append(call.walk.dataset)
        prints = fingerprints(call.images)
        t.seen.update(prints)
        add_up(t.images, call.images)
        batch, last = hash(tuple(prints)), t.last
        t.repeated += last != batch and t.next.get(last) == batch
        t.next.setdefault(last, batch)
        t.last, t.place = batch, call.place


# Numbers


def after_mean(mean, values, *_, **__):
    if mean.dim() == 0 < values.dim() and values.numel() == len(values):
        means[mean] = len(values)


def after_item(value, tensor):
    size = means.get(tensor) if tensor.dim() == 0 else None
    for walk in reversed(walks if size else []):
        if walk.size == size:
            return walk.series.setdefault(place(), []).append((value, size))


def after_add(result, one, other):
    if type(result) is torch.Tensor and result.dim() == 0 and result.requires_grad:
        parts = [
            done
            for x in (one, other)
            if isinstance(x, torch.Tensor)
            for done in sums.get(x, ())
        ]
        if any(done[0] for done in parts):
            say('graph')
            parts = [[True]]
        if parts:
            sums[result] = parts


def before_equal(one, other):
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        flat, column = sorted((one, other), key=torch.Tensor.dim)
        if (
            flat.dim() == 1 < len(flat)
            and column.shape == (len(flat), 1)
            and flat.data_ptr() != column.data_ptr()
        ):
            say('shapes', list(one.shape), list(other.shape))


# Files


def before_save(what, *_, **__):
    if isinstance(what, nn.Module):
        say('whole')


def before_load(*given, **named):
    if not is_library(sys._getframe(2).f_code.co_filename):
        known = [frame.f_locals for frame in frames()]  # does it care for devices?
        cares = any(
            'device' in names or hasattr(names.get('args'), 'device') for names in known
        )
        if cares and len(given) < 2 and named.get('map_location') is None:
            say('place')
        if named.get('weights_only') is False:
            say('unsafe')


def before_weights(*_, **__):
    weights = sys._getframe(2).f_locals.get('self')  # of torchvision's get_state_dict
    if hasattr(weights, 'transforms'):
        downloaded[:] = [weights]


def before_state(model, state, *_, **__):
    own = model.state_dict()
    same = [
        own[name].data_ptr() == value.data_ptr() != 0
        for name, value in state.items()
        if name in own
    ]
    if same and all(same):
        say('copy')
    if downloaded:
        pretrained[model] = downloaded.pop()


# The run


def watch(owner, name, before=None, after=None):
    """Replace a function by one that does the same, and tells `before` and `after`."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def watched(*given, **named):
        if torch.compiler.is_compiling():
            return original(*given, **named)
        depth = now.depth
        if before:
            before(*given, **named)
        try:
            result = original(*given, **named)
        except BaseException:
            now.depth = depth
            raise
        return (after and after(result, *given, **named)) or result

    setattr(owner, name, watched)


def watch_all():
    watch(DataLoader, '__iter__', after=start_walk)
    watch(nn.Module, '__call__', enter, leave)
    watch(F, 'cross_entropy', before_classes, after_loss)
    watch(F, 'nll_loss', functools.partial(before_classes, logs=True), after_loss)
    for name in (
        'mse_loss',
        'l1_loss',
        'smooth_l1_loss',
        'huber_loss',
        'binary_cross_entropy',
        'binary_cross_entropy_with_logits',
    ):
        watch(
            F,
            name,
            functools.partial(before_loss, logits=name.endswith('logits')),
            after_loss,
        )
    watch(F, 'dropout', before_dropout)
    for owner in (torch, torch.Tensor):
        for name in ('argmax', 'max', 'topk'):
            watch(owner, name, judge)
        watch(owner, 'mean', after=after_mean)
        watch(owner, 'eq', before_equal)
    watch(torch.Tensor, '__eq__', before_equal)
    watch(torch.Tensor, 'item', after=after_item)
    for name in ('__add__', '__radd__', '__iadd__'):
        watch(torch.Tensor, name, after=after_add)
    watch(torch.Tensor, 'backward', before_backward, after_backward)
    watch(torch, 'save', before_save)
    watch(torch, 'load', before_load)
    watch(torch.hub, 'load_state_dict_from_url', before_weights)
    watch(nn.Module, 'load_state_dict', before_state)
    register_optimizer_step_pre_hook(before_step)


def look_back():
    """What can be said only when all is over."""
    for walk in unneeded:
        if not walk.learned:
            say('gradients', where=walk.guessed)
    for t in started:
        for rule, found in (
            ('unused', t.unused),
            (
                'orphan',
                {
                    key: (name, p)
                    for key, (name, p) in t.orphans.items()
                    if p not in owners
                },
            ),
        ):
            if found:
                say(rule, ', '.join(name for name, _ in found.values()), where=t.place)
        if t.repeated >= 3 and t.repeated > 0.8 * (t.steps - len(t.next)):
            say('order', where=t.place)
        for part in t.parts.values():
            compare(t, part)
        for one in t.parts.values():
            for other in t.parts.values():
                shared = len(one.prints & other.prints)
                if (
                    'val' in ' '.join(one.names)
                    and 'test' in ' '.join(other.names)
                    and shared > 0.02 * len(one.prints)
                ):
                    say(
                        'choice',
                        f'{shared} of {len(one.prints)} images',
                        where=one.place,
                    )
    for weights, (low, high, n, where) in photos.items():
        mean, std = (
            getattr(weights.transforms(), name, [1]) for name in ('mean', 'std')
        )
        if (
            n >= 16
            and low > -0.6 * mean[0] / std[0]
            and high < 0.6 * (1 - mean[0]) / std[0]
        ):
            say('transform', f'{low:.2f}', f'{high:.2f}', weights, where=where)


def compare(t, part):
    """The images that a model was tested on with those that it learned from."""
    seen, known = len(part.prints & t.seen), ' '.join(part.names)
    share = seen / len(part.prints)
    some = (
        0.02 < share < 0.98
        and part.seen > 0.02 * part.count
        and not any(dataset is part.dataset for dataset in t.datasets)
    )
    if some or (
        share >= 0.98 and re.search('val|test|dev', known) and 'train' not in known
    ):  # else its training loss is measured
        say('leak', f'{seen} of {len(part.prints)} images', where=part.place)
    (n, *train), (count, *test) = t.images, part.images
    if n >= 100 <= count:
        mean, std, mean_2, std_2 = *(x / n for x in train), *(x / count for x in test)
        if abs(mean - mean_2) > 0.5 * std or not 0.6 < std_2 / std < 1.6:
            say(
                'range',
                *(f'{x:.2f}' for x in (mean, std, mean_2, std_2)),
                where=part.place,
            )


def report(module, failed):
    look_for_means([Record(f_locals=vars(module))])
    look_back()
    print()
    for (path, line), count in remarks.items():
        if count > 1:
            print(
                f'Referee: {os.path.relpath(path)}, line {line}, fine if meant: the '
                f'gradients of {count} backward() calls are added up for a step'
            )
    for (rule, (path, line)), (times, details) in mistakes.items():
        what, cure, lesson = RULES[rule]
        print(
            f'Referee: {os.path.relpath(path)}, line {line}, '
            f'{times} time{"s" * (times > 1)}: '
            f'{what.format(*details)}. Cure: {cure} (lesson {lesson})'
        )
    steps = sum(t.steps for t in started)
    found = len(mistakes)
    verdict = f'{found} kind{"s" * (found > 1)} of mistake' if found else 'fair'
    if failed:
        verdict = 'stopped by an error' + f', {verdict} until then' * bool(steps)
    print(f'Referee: {verdict}, {steps} steps of training seen')


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ('-h', '--help'):
        sys.exit(__doc__)
    del sys.argv[0]
    file, code, failed = os.path.abspath(sys.argv[0]), 0, False
    if not os.path.isfile(file):
        sys.exit(f'{file} is no file')
    sys.path[0] = os.path.dirname(file)
    module = sys.modules['__main__'] = types.ModuleType('__main__')
    module.__file__ = file
    watch_all()
    try:
        exec(compile(Path(file).read_bytes(), file, 'exec'), vars(module))
    except SystemExit as end:
        code = end.code
    except BaseException as error:
        trace, code, failed = error.__traceback__.tb_next, 1, True
        sys.excepthook(type(error), error.with_traceback(trace), trace)
    report(module, failed)
    sys.exit(code or bool(mistakes))


if __name__ == '__main__':
    main()
