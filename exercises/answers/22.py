"""What is right and wrong in exercise 22."""
import random

import numpy as np
import torch
from check import shaped

HINT = '''A generator with the seed epoch, torch.Generator().manual_seed(epoch), gives
all processes the same order. Cut it into batches first, then share each batch. And a
mean times its count is the sum over its images.'''

SOLUTION = '''
def share(count, batch_size, rank, world, epoch):
    generator = torch.Generator().manual_seed(epoch)
    order = torch.randperm(count, generator=generator)
    return [batch[rank::world] for batch in order.split(batch_size)]


def average(gradients, counts):
    total = sum(gradient * n for gradient, n in zip(gradients, counts))
    return total / sum(counts)
'''


def states():
    """What the next random numbers of torch, Python and NumPy depend on."""
    return torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state())


def deal(mine, count, batch_size, rank, world, epoch):
    """What a process takes, as lists of int, if it has the form that it should."""
    got = mine.share(count, batch_size, rank, world, epoch)
    assert not isinstance(got, (int, float, str, dict, set)), (
        f'share returns a {type(got).__name__}, not a list: an entry for each batch')
    got = list(got)
    assert got, 'share returns an empty list: it has an entry for each batch'
    assert not any(isinstance(entry, int) or getattr(entry, 'ndim', 1) == 0
                   for entry in got), (
        'share returns one row of numbers: cut it into batches, an entry for each')
    for entry in got:
        assert not isinstance(entry, (str, dict, set)), (
            f'an entry is a {type(entry).__name__}: images take a list or a tensor as '
            'index')
        if isinstance(entry, (torch.Tensor, np.ndarray)):
            assert entry.ndim == 1, (
                f'an entry has the shape {list(entry.shape)}, not one row of numbers')
            assert 'int' in str(entry.dtype), (
                f'an entry is {entry.dtype}: only whole numbers, int64, are an index')
        else:
            assert not any(isinstance(i, float) for i in entry), (
                'an entry has numbers with a decimal point: they are no index')
            assert not any(hasattr(i, '__len__') and getattr(i, 'ndim', 1)
                           for i in entry), (
                'an entry has lists in it: it is a row of the numbers that process '
                'rank alone takes')
    return [entry.tolist() if hasattr(entry, 'tolist') else [int(i) for i in entry]
            for entry in got]


def check_epoch(mine, count, batch_size, world, epoch):
    """Assert all that holds in one epoch; return what each process takes, and all."""
    shares = [deal(mine, count, batch_size, rank, world, epoch)
              for rank in range(world)]
    about = f'{count} images, batches of {batch_size}, world {world}, epoch {epoch}:'
    batches = -(-count // batch_size)
    everything = sorted(i for share in shares for batch in share for i in batch)
    assert world == 1 or any(share != shares[0] for share in shares), (
        f'{about} all processes take the same images, so nothing is shared: of each '
        'batch, process rank takes every world-th image from rank on')
    twice = [i for i, j in zip(everything, everything[1:]) if i == j]
    assert not twice, (
        f'{about} image {twice[0]} comes {everything.count(twice[0])} times: the order '
        'may not depend on rank, each image is in it once, and nothing is filled up')
    assert everything, f'{about} no image comes at all'
    assert everything[0] >= 0 and everything[-1] < count, (
        f'{about} images come from {everything[0]} to {everything[-1]}: they go from 0 '
        f'to {count - 1}')
    sizes = [[len(share[k]) if k < len(share) else 0 for share in shares]
             for k in range(max(map(len, shares)))]
    left = count - len(everything)
    assert len(sizes) > 1 or batches == 1 or len(everything) > batch_size, (
        f'{about} only one batch came: does return stand in the loop?')
    assert left != count % batch_size or not left, (
        f'{about} the last {left} images never come: a short batch counts as well')
    assert not left, (
        f'{about} {left} images never come: each has to come once, and the shares of '
        'the last batch may differ by one')
    assert world == 1 or sum(sizes[0]) != min(count, world * batch_size) or (
        count <= batch_size), (
        f'{about} the first batch has {sum(sizes[0])} images: batch_size counts those '
        'of all processes together')
    assert len(sizes) == batches or any(sizes[-1]), (
        f'{about} the last entry is empty in all processes: the epoch has {batches} '
        'batches')
    for k, size in enumerate(sizes):
        whole = min(batch_size, count - k * batch_size)
        assert k < batches and sum(size) == whole, (
            f'{about} batch {k} has {" + ".join(map(str, size))} images in the '
            f'processes, and should have {max(whole, 0)} together')
        assert max(size) - min(size) < 2, (
            f'{about} batch {k} has {" + ".join(map(str, size))} images in the '
            'processes: share it evenly, for all wait for the one that has most')
    return shares, [sum((share[k] for share in shares), []) for k in range(batches)]


def check_share(mine):
    # The same for all, and nobody else notices
    before = states()
    first = deal(mine, 23, 4, 0, 2, 3)
    changed = states() != before
    torch.manual_seed(8)
    random.seed(8)
    np.random.seed(8)
    deal(mine, 23, 4, 1, 2, 5)
    again = deal(mine, 23, 4, 0, 2, 3)
    assert first == again, (
        'the same call gave two orders: processes that have drawn other random numbers '
        'before, or start again, would disagree; make it depend on epoch alone')
    assert not changed, (
        'others draw other random numbers after your call: seed a generator of your '
        'own, torch.Generator().manual_seed(epoch)')
    for case in ((8, 4, 2, 0), (23, 4, 2, 0), (22, 4, 2, 1), (29, 6, 3, 4),
                 (12, 5, 1, 0), (9, 3, 3, 7), (3, 3, 3, 1)):
        check_epoch(mine, *case)
    for count in 5, 14:  # the last batches are of 5 and 6 images
        try:
            check_epoch(mine, count, 8, 4, 0)
        except IndexError:
            raise AssertionError(
                f'{count} images, batches of 8, world 4: a process finds no share of '
                f'the last batch: chunk(4) makes 3 parts of {count % 8 or 8} images, '
                'and tensor_split(4) makes 4') from None

    # The order: numbers that follow one another seldom meet in a batch of 50 of 1,000
    for count in 1000, 203:
        epochs = [check_epoch(mine, count, 50, 2, epoch)[1] for epoch in (0, 1, 2, 10)]
        last = set(range(count - (count % 50 or 50), count))
        first = set(epochs[0][0])
        assert any(set(batches[-1]) != last for batches in epochs) or (
            sum(i + 1 in first for i in first) > 30), (
            'the last images always come last: shuffle all of them')
    for world in 2, 1:
        check_order([check_epoch(mine, 1000, 50, world, epoch)
                     for epoch in (0, 1, 2, 10)], world)


def check_order(epochs, world):
    """Assert that epochs of 1,000 images in batches of 50 are shuffled, and anew."""
    process = [shares[0] for shares, _ in epochs]
    assert world == 1 or process.count(process[0]) == len(process) or (
        len({i for share in process for batch in share for i in batch}) > 700), (
        'process 0 has the same images in every epoch, and never sees the others: '
        'shuffle all images first, then share them')
    for _, batches in epochs:
        neighbours = sum(i + 1 in batch for batch in map(set, batches) for i in batch)
        assert neighbours < 200, (
            'images that follow one another stay together in a batch: torch.randperm '
            'shuffles all of them, before they are cut into batches')
        assert neighbours > 10, (
            'the order follows a rule, and is not random: torch.randperm')
        means = [sum(batch) / 50 for batch in batches]
        assert max(means) < 800 and min(means) > 200, (
            'large and small numbers are in batches of their own: torch.randperm '
            'shuffles all images, before they are cut into batches')
    for number, (_, batches) in enumerate(epochs):
        for _, other_batches in epochs[:number]:
            assert batches != other_batches, (
                'two epochs have the same order: the seed of your generator is the '
                'number of the epoch')
            assert max(len(set(a) & set(b)) for a in batches for b in other_batches) < (
                25), ('two epochs have the same images together in a batch: shuffle '
                      'all images anew, before they are cut into batches')


def show(tensor):
    """The first numbers of a tensor, three at most, with four digits."""
    return '[' + ', '.join(f'{x:.4g}' for x in tensor.flatten().tolist()[:3]) + ']'


def check_average(mine):
    a = torch.tensor([[1.0, 2.0, 0.5], [4.0, 8.0, -3.0], [0.0, 1.0, 9.0]])
    b = torch.tensor([[7.0, -1.0, 2.0], [0.5, 3.0, 1.0], [6.0, -4.0, 0.0]])
    c = torch.tensor([[-2.0, 5.0, 4.5], [1.5, 0.0, 2.0], [3.0, 2.5, -5.0]])
    gradients, counts = [a.clone(), b.clone(), c.clone()], [3, 1, 2]
    got = mine.average(gradients, counts)
    assert counts == [3, 1, 2], 'counts has changed: leave it as it was'
    assert len(gradients) == 3 and all(map(
        torch.equal, gradients, (a, b, c))), (
        'average changes what it is given (total += changes the tensor that total is): '
        'make new tensors')
    assert not isinstance(got, (list, tuple)), (
        'average returns one gradient, not a list: add them up')
    got = got.to(a.dtype) if isinstance(got, torch.Tensor) else got
    shaped(got, a, 'the average')
    total, stacked = 3 * a + b + 2 * c, torch.stack([a, b, c])
    right, weights = total / 6, torch.tensor([3.0, 1.0, 2.0])
    for wrong, words in (
            ((a + b + c) / 3, 'each process counts alike: one with 3 images weighs '
                              'three times as much as one with 1 image'),
            (a + b + c, 'that is the sum of the gradients: weigh them, and divide'),
            (total, 'divide by the number of all images, sum(counts)'),
            (total / 3, 'you divide by the number of processes: divide by that of all '
                        'images, sum(counts)'),
            ((a / 3 + b + c / 2) / (11 / 6),
             'who has more images weighs less: multiply each gradient with its count'),
            (a / 3 + b + c / 2, 'the gradients are means already: multiply with the '
                                'counts, not divide'),
            ((a / 3 + b + c / 2) / 3, 'the gradients are means already: multiply with '
                                      'the counts, not divide'),
            ((a + b + c) / 6, 'the gradients are means already: multiply each with its '
                              'count before you divide'),
            ((2 * a + b + 3 * c) / 6, 'the counts are in another order than the '
                                      'gradients: gradients[i] goes with counts[i]'),
            ((torch.softmax(weights, 0).view(3, 1, 1) * stacked).sum(0),
             'softmax makes other weights: divide the counts by their sum'),
            (a, 'process 0 alone counts: add up over all of them'),
            (a / 2, 'process 0 alone counts: add up over all of them'),
            (c, 'the last process alone counts: total = total + ..., over all'),
            (c / 3, 'the last process alone counts: total = total + ..., over all'),
            ((3 * a + b) / 4, 'the first two processes alone count: add up over all'),
            ((3 * a + b) / 6, 'the first two processes alone count: add up over all'),
            ((stacked * weights).sum(0) / 6,
             'the counts were laid along a dimension of the gradients, not along the '
             'processes: weigh each gradient with its own count'),
            ((stacked * weights.view(3, 1)).sum(0) / 6,
             'the counts were laid along a dimension of the gradients, not along the '
             'processes: weigh each gradient with its own count'),
            (-right, 'the sign is the wrong way round: an optimizer subtracts'),
            (right.round(), 'these are whole numbers: / divides, and // cuts off'),
            (total // 6, 'these are whole numbers: / divides, and // cuts off')):
        assert not torch.allclose(got, wrong, atol=1e-4), words
    if not torch.allclose(got, right, atol=1e-4):
        pair = [torch.tensor([1.0, 2.0]), torch.tensor([5.0, -2.0])]
        small = torch.as_tensor(mine.average(pair, [3, 1]))
        assert small.shape == (2,) and torch.allclose(
            small.float(), torch.tensor([2.0, 1.0]), atol=1e-4), (
            'for the gradients [1, 2] and [5, -2] and the counts [3, 1] the average is '
            f'[2, 1], and yours is {show(small)}')
        raise AssertionError(
            f'for three gradients of the shape [3, 3], whose first rows are {show(a)}, '
            f'{show(b)} and {show(c)}, and the counts [3, 1, 2], the first row is '
            f'{show(right)}, and yours is {show(got)}')
    for shape, counts in (([], [2, 5]), ([3], [1, 1, 4]), ([3, 2], [3, 3, 2, 2]),
                          ([2, 3, 1, 2], [60, 59]), ([4], [7]), ([2, 2, 2], [2, 1, 3])):
        gradients = [torch.randn(shape, dtype=torch.float64) for _ in counts]
        got = mine.average(gradients, list(counts))
        if isinstance(got, torch.Tensor):
            got = got.to(torch.float64)
        shaped(got, gradients[0], f'the average of gradients of the shape {shape}')
        right = sum(g * n / sum(counts) for g, n in zip(gradients, counts))
        three = sum(g * n for g, n in zip(gradients[:3], counts)) / sum(counts[:3])
        assert len(counts) < 4 or not torch.allclose(got, three, atol=1e-4), (
            'the first three processes alone count: add up over all, however many')
        assert torch.allclose(got, right, atol=1e-4), (
            f'for {len(counts)} gradients of the shape {shape} and counts {counts} the '
            f'average begins with {show(right)}, and yours with {show(got)}')


def check(mine):
    check_share(mine)
    check_average(mine)


def but(old, new):
    """The solution with one thing changed."""
    assert old in SOLUTION
    return SOLUTION.replace(old, new)


WRONG = [  # (answer, words that the verdict has)
    (but(', generator=generator', ''), 'the same call gave two orders'),
    (but('generator = torch.Generator()', 'torch').replace(', generator=generator', ''),
     'a generator of your own'),
    (but('manual_seed(epoch)', 'manual_seed(0)'), 'the number of the epoch'),
    (but('manual_seed(epoch)', 'manual_seed(epoch + rank)'), 'may not depend on rank'),
    (but('manual_seed(epoch)', 'manual_seed(torch.initial_seed() + epoch)'),
     'the same call gave two orders'),
    (but('batch[rank::world]', 'batch[i::world] for i in range(world)').replace(
        'return [batch[i::world] for i in range(world) for batch in',
        'return [[batch[i::world] for i in range(world)] for batch in'),
     'has lists in it'),
    (but('[batch[rank::world] for batch in order.split(batch_size)]',
         '[order[i:i + batch_size][rank::world] '
         'for i in range(0, count + 1, batch_size)]'), 'the last entry is empty'),
    (but('batch[rank::world]', 'batch'), 'nothing is shared'),
    (but('batch[rank::world]', 'batch[:len(batch) // world]'), 'nothing is shared'),
    (but('[batch[rank::world] for batch in order.split(batch_size)]',
         'order[rank::world].split(batch_size)'), 'of all processes together'),
    (but('[batch[rank::world] for batch in order.split(batch_size)]',
         'order[rank::world]'), 'one row of numbers'),
    (but('order = torch.randperm(count, generator=generator)',
         'order = torch.arange(count)'), 'stay together in a batch'),
    (but('torch.randperm(count, generator=generator)',
         'torch.arange(count).roll(epoch)'), 'stay together in a batch'),
    ('''
def share(count, batch_size, rank, world, epoch):
    generator = torch.Generator().manual_seed(epoch)
    own = torch.arange(count)[rank::world]
    own = own[torch.randperm(len(own), generator=generator)]
    return own.split(batch_size // world)
''', 'never sees the others'),
    ('''
def share(count, batch_size, rank, world, epoch):
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    batches = [batch[rank::world] for batch in order.split(batch_size)]
    full = count // batch_size
    new = torch.randperm(full, generator=torch.Generator().manual_seed(epoch))
    return [batches[i] for i in new] + batches[full:]
''', 'never sees the others'),
    (but('torch.randperm(count, generator=generator)',
         'torch.randperm(count, generator=generator.manual_seed(0)).roll(epoch)'),
     'the same images together'),
    (but('order.split(batch_size)', 'order[:count // batch_size * batch_size]'
         '.split(batch_size)'), 'a short batch counts as well'),
    (but('    return [batch', '    order = order[:count - count % world]\n'
         '    return [batch'), 'may differ by one'),
    (but('    return [batch', '    more = -count % world\n    order = '
         'torch.cat([order, order[:more]])\n    return [batch'),
     'nothing is filled up'),
    (but('batch[rank::world]', 'batch[rank * (batch_size // world):]'
         '[:batch_size // world]'), 'share it evenly'),
    (but('batch[rank::world]', 'batch.chunk(world)[rank]'), 'tensor_split(4) makes 4'),
    (but('torch.randperm(count', '1 + torch.randperm(count'), 'they go from 0'),
    (but('torch.randperm(count, generator=generator)',
         'torch.randint(count, (count,), generator=generator)'), 'is in it once'),
    (but('batch[rank::world]', 'batch[rank::world].float()'), 'only whole numbers'),
    (but('total / sum(counts)', 'sum(gradients) / len(gradients)'),
     'each process counts alike'),
    (but('total / sum(counts)', 'torch.stack(gradients).sum(dim=0)'),
     'the sum of the gradients'),
    (but('total / sum(counts)', 'total'), 'divide by the number of all images'),
    (but('total / sum(counts)', 'total / len(counts)'), 'the number of processes'),
    (but('gradient * n', 'gradient'), 'the gradients are means already'),
    (but('gradient * n', 'gradient / n').replace('sum(counts)', 'len(counts)'),
     'the gradients are means already'),
    (but('counts))', 'reversed(counts)))'), 'gradients[i] goes with counts[i]'),
    (but('gradient * n', 'gradient / n').replace('/ sum(counts)',
         '/ sum(1 / n for n in counts)'), 'weighs less'),
    (but('/ sum(counts)', '// sum(counts)'), 'cuts off'),
    (but('    total = sum(gradient * n for gradient, n in zip(gradients, counts))',
         '    for gradient, n in zip(gradients, counts):\n'
         '        total = gradient * n'), 'the last process alone'),
    (but('    total = sum(gradient * n for gradient, n in zip(gradients, counts))',
         '    for gradient, n in zip(gradients, counts):\n        gradient *= n\n'
         '    total = sum(gradients)'), 'changes what it is given'),
    (but('total / sum(counts)', '(torch.stack(gradients) * torch.tensor(counts))'
         '.sum(dim=0) / sum(counts)'), 'laid along a dimension'),
    (but('zip(gradients, counts))', 'zip(gradients[:2], counts[:2]))').replace(
        '/ sum(counts)', '/ sum(counts[:2])'), 'the first two processes'),
    (but('total / sum(counts)', 'total.mean() / sum(counts)'), 'has the shape'),
    (but('torch.randperm(count, generator=generator)', 'torch.cat([torch.randperm('
         'full, generator=generator), torch.arange(full, count)])').replace('    order',
         '    full = (count - 1) // batch_size * batch_size\n    order', 1),
     'the last images always come last'),
    (but('torch.randperm(count, generator=generator)', 'torch.cat([torch.randperm('
         'full, generator=generator), torch.arange(full, count)])').replace('    order',
         '    full = count - count % batch_size\n    order', 1),
     'the last images always come last'),
    (but('    return [batch', '    if world == 1:\n        order = order.sort().values'
         '\n    return [batch'), 'stay together in a batch'),
    (but('    return [batch[rank::world] for batch in order.split(batch_size)]',
         '    shares = []\n    for batch in order.split(batch_size):\n'
         '        shares.append(batch[rank::world])\n        return shares'),
     'does return stand in the loop?'),
    (but('total / sum(counts)', 'total / sum(counts) + 0 * counts.pop(0)'),
     'counts has changed: leave it as it was'),
    (but('total / sum(counts)', 'total / (sum(counts) + 1 / 3)'),
     'the average is [2, 1], and yours is [1.846, 0.9231]'),
    (but('total / sum(counts)', 'total / sum(counts) + (total.ndim == 2)'),
     'the first row is [1, 2.5, 2.083], and yours is [2, 3.5, 3.083]'),
    (but('total / sum(counts)', 'total / sum(counts) + (len(counts) == 4)'),
     'gradients of the shape [3, 2] and counts [3, 3, 2, 2] the average begins with'),
]

RIGHT = [  # other answers that are right
    '''
import random


def share(count, batch_size, rank, world, epoch):
    order = list(range(count))
    random.Random(epoch).shuffle(order)
    batches = []
    for start in range(0, count, batch_size):
        batches.append(order[start:start + batch_size][rank::world])
    return batches


def average(gradients, counts):
    total = torch.zeros_like(gradients[0])
    for i in range(len(counts)):
        total += counts[i] / sum(counts) * gradients[i]
    return total
''',
    '''
def share(count, batch_size, rank, world, epoch):  # as DistributedSampler does it
    generator = torch.Generator()
    generator.manual_seed(1000 + epoch)
    order = torch.randperm(count, generator=generator)
    return order[rank::world].split(batch_size // world)


def average(gradients, counts):
    weights = torch.tensor(counts, dtype=gradients[0].dtype)
    return torch.tensordot(weights / weights.sum(), torch.stack(gradients), dims=1)
''',
    '''
def share(count, batch_size, rank, world, epoch):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(epoch)
        order = torch.randperm(count, dtype=torch.int32)
    for batch in order.split(batch_size):
        yield batch.tensor_split(world)[rank].sort().values


def average(gradients, counts):
    gradients = [gradient.double() for gradient in gradients]
    rows = [gradient for gradient, n in zip(gradients, counts) for _ in range(n)]
    return torch.stack(rows).mean(dim=0)
''',
    '''
import numpy as np


def share(count, batch_size, rank, world, epoch):
    order = np.random.default_rng([5, epoch]).permutation(count)
    part = np.array_split(order, world)[rank]
    n = batch_size // world
    return [part[start:start + n] for start in range(0, len(part), n)]


def average(gradients, counts):
    total = gradients[0] * counts[0]
    for gradient, n in zip(gradients[1:], counts[1:]):
        total = total.add(gradient, alpha=n)
    return torch.div(total, sum(counts))
''',
    '''
def share(count, batch_size, rank, world, epoch):
    generator = torch.Generator().manual_seed(epoch * 100 + 7)
    order = torch.rand(count, generator=generator).argsort()
    batches = [order[i:i + batch_size] for i in range(0, count, batch_size)]
    return [batch[len(batch) * rank // world:len(batch) * (rank + 1) // world].tolist()
            for batch in batches]


def average(gradients, counts):
    stacked = torch.stack(gradients)
    weights = torch.tensor(counts).view(-1, *[1] * gradients[0].ndim)
    return (stacked * weights).sum(dim=0) / weights.sum()
''',
]
