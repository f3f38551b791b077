"""What is right and wrong in exercise 22."""

import random

import numpy as np
import torch
from check import shaped

HINT = """A generator with the seed epoch, torch.Generator().manual_seed(epoch), gives
all processes the same order. Cut it into batches first, then share each batch. And a
mean times its count is the sum over its images."""

SOLUTION = """
def share(count, batch_size, rank, world, epoch):
    generator = torch.Generator().manual_seed(epoch)
    order = torch.randperm(count, generator=generator)
    return [batch[rank::world] for batch in order.split(batch_size)]


def average(gradients, counts):
    total = sum(gradient * n for gradient, n in zip(gradients, counts))
    return total / sum(counts)
"""


def states():
    """What the next random numbers of torch, Python and NumPy depend on."""
    return torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state())


def deal(mine, count, batch_size, rank, world, epoch):
    """What a process takes, as lists of int, if it has the form that it should."""
    got = mine.share(count, batch_size, rank, world, epoch)
    assert not isinstance(got, (int, float, str, dict, set)), (
        'share returns no list',
        f'share returns a {type(got).__name__}, not a list: an entry for each batch',
    )
    got = list(got)
    assert got, (
        'share is empty',
        'share returns an empty list: it has an entry for each batch',
    )
    single = [
        entry
        for entry in got
        if isinstance(entry, int) or getattr(entry, 'ndim', 1) == 0
    ]
    assert not single, (
        'not cut into batches',
        'share returns one row of numbers: cut it into batches, an entry for each',
    )
    for entry in got:
        assert not isinstance(entry, (str, dict, set)), (
            'entry of wrong kind',
            f'an entry is a {type(entry).__name__}: images take a list or a tensor as '
            'index',
        )
        if isinstance(entry, (torch.Tensor, np.ndarray)):
            assert entry.ndim == 1, (
                'entry of wrong shape',
                f'an entry has the shape {list(entry.shape)}, not one row of numbers',
            )
            assert 'int' in str(entry.dtype), (
                'numbers not whole',
                f'an entry is {entry.dtype}: only whole numbers, int64, are an index',
            )
        else:
            assert not any(isinstance(i, float) for i in entry), (
                'decimal numbers',
                'an entry has numbers with a decimal point: they are no index',
            )
            rows = [i for i in entry if hasattr(i, '__len__') and getattr(i, 'ndim', 1)]
            assert not rows, (
                'lists within an entry',
                'an entry has lists in it: it is a row of the numbers that process '
                'rank alone takes',
            )
    return [
        entry.tolist() if hasattr(entry, 'tolist') else [int(i) for i in entry]
        for entry in got
    ]


def check_epoch(mine, count, batch_size, world, epoch):
    """Assert all that holds in one epoch; return what each process takes, and all."""
    shares = [
        deal(mine, count, batch_size, rank, world, epoch) for rank in range(world)
    ]
    about = f'{count} images, batches of {batch_size}, world {world}, epoch {epoch}:'
    batches = -(-count // batch_size)
    everything = sorted(i for share in shares for batch in share for i in batch)
    assert world == 1 or any(share != shares[0] for share in shares), (
        'shares nothing',
        f'{about} all processes take the same images, so nothing is shared: of each '
        'batch, process rank takes every world-th image from rank on',
    )
    twice = [i for i, j in zip(everything, everything[1:]) if i == j]
    assert not twice, (
        'image comes twice',
        f'{about} image {twice[0]} comes {everything.count(twice[0])} times: the order '
        'may not depend on rank, each image is in it once, and nothing is filled up',
    )
    assert everything, ('no image comes', f'{about} no image comes at all')
    assert everything[0] >= 0 and everything[-1] < count, (
        'numbers out of range',
        f'{about} images come from {everything[0]} to {everything[-1]}: they go from 0 '
        f'to {count - 1}',
    )
    sizes = [
        [len(share[k]) if k < len(share) else 0 for share in shares]
        for k in range(max(map(len, shares)))
    ]
    left = count - len(everything)
    only_one = len(sizes) == 1 and batches > 1 and len(everything) <= batch_size
    assert not only_one, (
        'first batch only',
        f'{about} only one batch came: does return stand in the loop?',
    )
    assert left == 0 or left != count % batch_size, (
        'leaves out last batch',
        f'{about} the last {left} images never come: a short batch counts as well',
    )
    assert left == 0, (
        'images never come',
        f'{about} {left} images never come: each has to come once, and the shares of '
        'the last batch may differ by one',
    )
    larger = min(count, world * batch_size)  # a batch if batch_size is of a process
    may_be_larger = world > 1 and count > batch_size
    assert not may_be_larger or sum(sizes[0]) != larger, (
        'batch size per process',
        f'{about} the first batch has {sum(sizes[0])} images: batch_size counts those '
        'of all processes together',
    )
    assert len(sizes) == batches or any(sizes[-1]), (
        'last entry empty',
        f'{about} the last entry is empty in all processes: the epoch has {batches} '
        'batches',
    )
    for k, size in enumerate(sizes):
        whole = min(batch_size, count - k * batch_size)
        parts = ' + '.join(map(str, size))
        assert k < batches and sum(size) == whole, (
            'wrong batch size',
            f'{about} batch {k} has {parts} images in the processes, and should have '
            f'{max(whole, 0)} together',
        )
        assert max(size) - min(size) < 2, (
            'shares unevenly',
            f'{about} batch {k} has {parts} images in the processes: share it evenly, '
            'for all wait for the one that has most',
        )
    together = [sum((share[k] for share in shares), []) for k in range(batches)]
    return shares, together


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
        'same call differs',
        'the same call gave two orders: processes that have drawn other random numbers '
        'before, or start again, would disagree; make it depend on epoch alone',
    )
    assert not changed, (
        'seeds for all',
        'others draw other random numbers after your call: seed a generator of your '
        'own, torch.Generator().manual_seed(epoch)',
    )
    for case in (
        (8, 4, 2, 0),
        (23, 4, 2, 0),
        (22, 4, 2, 1),
        (29, 6, 3, 4),
        (12, 5, 1, 0),
        (9, 3, 3, 7),
        (3, 3, 3, 1),
    ):
        check_epoch(mine, *case)
    for count in 5, 14:  # the last batches are of 5 and 6 images
        try:
            check_epoch(mine, count, 8, 4, 0)
        except IndexError:
            raise AssertionError(
                (
                    'chunk leaves processes empty',
                    f'{count} images, batches of 8, world 4: a process finds no share of '
                    f'the last batch: chunk(4) makes 3 parts of {count % 8 or 8} images, '
                    'and tensor_split(4) makes 4',
                )
            ) from None

    # The order: numbers that follow one another seldom meet in a batch of 50 of 1,000
    for count in 1000, 203:
        epochs = [check_epoch(mine, count, 50, 2, epoch)[1] for epoch in (0, 1, 2, 10)]
        last = set(range(count - (count % 50 or 50), count))
        first = set(epochs[0][0])
        always_last = all(set(batches[-1]) == last for batches in epochs)
        neighbors = sum(i + 1 in first for i in first)
        assert not always_last or neighbors > 30, (
            'last images stay last',
            'the last images always come last: shuffle all of them',
        )
    for world in 2, 1:
        check_order(
            [check_epoch(mine, 1000, 50, world, epoch) for epoch in (0, 1, 2, 10)],
            world,
        )


def check_order(epochs, world):
    """Assert that epochs of 1,000 images in batches of 50 are shuffled, and anew."""
    process = [shares[0] for shares, _ in epochs]
    same_order = process.count(process[0]) == len(process)
    ever = {i for share in process for batch in share for i in batch}
    assert world == 1 or same_order or len(ever) > 700, (
        'process keeps its images',
        'process 0 has the same images in every epoch, and never sees the others: '
        'shuffle all images first, then share them',
    )
    for _, batches in epochs:
        neighbors = sum(i + 1 in batch for batch in map(set, batches) for i in batch)
        assert neighbors < 200, (
            'neighbors stay together',
            'images that follow one another stay together in a batch: torch.randperm '
            'shuffles all of them, before they are cut into batches',
        )
        assert neighbors > 10, (
            'order follows a rule',
            'the order follows a rule, and is not random: torch.randperm',
        )
        means = [sum(batch) / 50 for batch in batches]
        assert max(means) < 800 and min(means) > 200, (
            'batches by size',
            'large and small numbers are in batches of their own: torch.randperm '
            'shuffles all images, before they are cut into batches',
        )
    for number, (_, batches) in enumerate(epochs):
        for _, other_batches in epochs[:number]:
            assert batches != other_batches, (
                'same order each epoch',
                'two epochs have the same order: the seed of your generator is the '
                'number of the epoch',
            )
            common = max(len(set(a) & set(b)) for a in batches for b in other_batches)
            assert common < 25, (
                'same batches each epoch',
                'two epochs have the same images together in a batch: shuffle all '
                'images anew, before they are cut into batches',
            )


def show(tensor):
    """The first numbers of a tensor, three at most, with four digits."""
    return '[' + ', '.join(f'{x:.4g}' for x in tensor.flatten().tolist()[:3]) + ']'


DIVIDES_BY_COUNTS = (
    'divides by counts',
    'the gradients are means already: multiply with the counts, not divide',
)
FIRST_ONLY = ('first process only', 'process 0 alone counts: add up over all of them')
LAST_ONLY = (
    'last process only',
    'the last process alone counts: total = total + ..., over all',
)
FIRST_TWO_ONLY = (
    'first two processes only',
    'the first two processes alone count: add up over all',
)
COUNTS_ALONG_A_DIMENSION = (
    'counts along a dimension',
    'the counts were laid along a dimension of the gradients, not along the processes: '
    'weigh each gradient with its own count',
)
ROUNDS = ('rounds the average', 'these are whole numbers: / divides, and // cuts off')


def check_average(mine):
    a = torch.tensor([[1.0, 2.0, 0.5], [4.0, 8.0, -3.0], [0.0, 1.0, 9.0]])
    b = torch.tensor([[7.0, -1.0, 2.0], [0.5, 3.0, 1.0], [6.0, -4.0, 0.0]])
    c = torch.tensor([[-2.0, 5.0, 4.5], [1.5, 0.0, 2.0], [3.0, 2.5, -5.0]])
    gradients = [a.clone(), b.clone(), c.clone()]
    counts = [3, 1, 2]
    got = mine.average(gradients, counts)
    assert counts == [3, 1, 2], (
        'changes counts',
        'counts has changed: leave it as it was',
    )
    unchanged = len(gradients) == 3 and all(map(torch.equal, gradients, (a, b, c)))
    assert unchanged, (
        'changes gradients',
        'average changes what it is given (total += changes the tensor that total is): '
        'make new tensors',
    )
    assert not isinstance(got, (list, tuple)), (
        'returns a list',
        'average returns one gradient, not a list: add them up',
    )
    if isinstance(got, torch.Tensor):
        got = got.to(a.dtype)
    shaped(got, a, 'the average')
    total = 3 * a + b + 2 * c
    right = total / 6
    stacked = torch.stack([a, b, c])
    weights = torch.tensor([3.0, 1.0, 2.0])
    softened = torch.softmax(weights, dim=0).view(3, 1, 1)
    divided = a / 3 + b + c / 2
    mistakes = [
        (
            (a + b + c) / 3,
            (
                'each process alike',
                'each process counts alike: one with 3 images weighs three times as much '
                'as one with 1 image',
            ),
        ),
        (
            a + b + c,
            (
                'sum of gradients',
                'that is the sum of the gradients: weigh them, and divide',
            ),
        ),
        (
            total,
            ('forgets to divide', 'divide by the number of all images, sum(counts)'),
        ),
        (
            total / 3,
            (
                'divides by processes',
                'you divide by the number of processes: divide by that of all images, '
                'sum(counts)',
            ),
        ),
        (
            divided / (11 / 6),
            (
                'more images weigh less',
                'who has more images weighs less: multiply each gradient with its count',
            ),
        ),
        (divided, DIVIDES_BY_COUNTS),
        (divided / 3, DIVIDES_BY_COUNTS),
        (
            (a + b + c) / 6,
            (
                'forgets to multiply',
                'the gradients are means already: multiply each with its count before you '
                'divide',
            ),
        ),
        (
            (2 * a + b + 3 * c) / 6,
            (
                'counts in another order',
                'the counts are in another order than the gradients: gradients[i] goes '
                'with counts[i]',
            ),
        ),
        (
            (softened * stacked).sum(dim=0),
            (
                'softmax of the counts',
                'softmax makes other weights: divide the counts by their sum',
            ),
        ),
        (a, FIRST_ONLY),
        (a / 2, FIRST_ONLY),
        (c, LAST_ONLY),
        (c / 3, LAST_ONLY),
        ((3 * a + b) / 4, FIRST_TWO_ONLY),
        ((3 * a + b) / 6, FIRST_TWO_ONLY),
        ((stacked * weights).sum(dim=0) / 6, COUNTS_ALONG_A_DIMENSION),
        ((stacked * weights.view(3, 1)).sum(dim=0) / 6, COUNTS_ALONG_A_DIMENSION),
        (
            -right,
            (
                'sign turned round',
                'the sign is the wrong way round: an optimizer subtracts',
            ),
        ),
        (right.round(), ROUNDS),
        (total // 6, ROUNDS),
    ]
    for wrong, mistake in mistakes:
        assert not torch.allclose(got, wrong, atol=1e-4), mistake
    if not torch.allclose(got, right, atol=1e-4):
        pair = [torch.tensor([1.0, 2.0]), torch.tensor([5.0, -2.0])]
        small = torch.as_tensor(mine.average(pair, [3, 1]))
        wanted = torch.tensor([2.0, 1.0])
        is_right = small.shape == (2,) and torch.allclose(
            small.float(), wanted, atol=1e-4
        )
        assert is_right, (
            'wrong average',
            'for the gradients [1, 2] and [5, -2] and the counts [3, 1] the average is '
            f'[2, 1], and yours is {show(small)}',
        )
        raise AssertionError(
            (
                'wrong average of three',
                f'for three gradients of the shape [3, 3], whose first rows are {show(a)}, '
                f'{show(b)} and {show(c)}, and the counts [3, 1, 2], the first row is '
                f'{show(right)}, and yours is {show(got)}',
            )
        )
    for shape, counts in (
        ([], [2, 5]),
        ([3], [1, 1, 4]),
        ([3, 2], [3, 3, 2, 2]),
        ([2, 3, 1, 2], [60, 59]),
        ([4], [7]),
        ([2, 2, 2], [2, 1, 3]),
    ):
        gradients = [torch.randn(shape, dtype=torch.float64) for _ in counts]
        got = mine.average(gradients, list(counts))
        if isinstance(got, torch.Tensor):
            got = got.to(torch.float64)
        shaped(got, gradients[0], f'the average of gradients of the shape {shape}')
        right = sum(g * n / sum(counts) for g, n in zip(gradients, counts))
        three = sum(g * n for g, n in zip(gradients[:3], counts)) / sum(counts[:3])
        assert len(counts) < 4 or not torch.allclose(got, three, atol=1e-4), (
            'first three processes only',
            'the first three processes alone count: add up over all, however many',
        )
        assert torch.allclose(got, right, atol=1e-4), (
            'wrong average elsewhere',
            f'for {len(counts)} gradients of the shape {shape} and counts {counts} the '
            f'average begins with {show(right)}, and yours with {show(got)}',
        )


def check(mine):
    check_share(mine)
    check_average(mine)


def but(old, new):
    """The solution with one thing changed."""
    assert old in SOLUTION
    return SOLUTION.replace(old, new)


WRONG = [  # (answer, name of its mistake)
    (but(', generator=generator', ''), 'same call differs'),
    (
        but('generator = torch.Generator()', 'torch').replace(
            ', generator=generator', ''
        ),
        'seeds for all',
    ),
    (but('manual_seed(epoch)', 'manual_seed(0)'), 'same order each epoch'),
    (but('manual_seed(epoch)', 'manual_seed(epoch + rank)'), 'image comes twice'),
    (
        but('manual_seed(epoch)', 'manual_seed(torch.initial_seed() + epoch)'),
        'same call differs',
    ),
    (
        but('batch[rank::world]', 'batch[i::world] for i in range(world)').replace(
            'return [batch[i::world] for i in range(world) for batch in',
            'return [[batch[i::world] for i in range(world)] for batch in',
        ),
        'lists within an entry',
    ),
    (
        but(
            '[batch[rank::world] for batch in order.split(batch_size)]',
            '[order[i:i + batch_size][rank::world] '
            'for i in range(0, count + 1, batch_size)]',
        ),
        'last entry empty',
    ),
    (but('batch[rank::world]', 'batch'), 'shares nothing'),
    (but('batch[rank::world]', 'batch[:len(batch) // world]'), 'shares nothing'),
    (
        but(
            '[batch[rank::world] for batch in order.split(batch_size)]',
            'order[rank::world].split(batch_size)',
        ),
        'batch size per process',
    ),
    (
        but(
            '[batch[rank::world] for batch in order.split(batch_size)]',
            'order[rank::world]',
        ),
        'not cut into batches',
    ),
    (
        but(
            'order = torch.randperm(count, generator=generator)',
            'order = torch.arange(count)',
        ),
        'neighbors stay together',
    ),
    (
        but(
            'torch.randperm(count, generator=generator)',
            'torch.arange(count).roll(epoch)',
        ),
        'neighbors stay together',
    ),
    (
        """
def share(count, batch_size, rank, world, epoch):
    generator = torch.Generator().manual_seed(epoch)
    own = torch.arange(count)[rank::world]
    own = own[torch.randperm(len(own), generator=generator)]
    return own.split(batch_size // world)
""",
        'process keeps its images',
    ),
    (
        """
def share(count, batch_size, rank, world, epoch):
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    batches = [batch[rank::world] for batch in order.split(batch_size)]
    full = count // batch_size
    new = torch.randperm(full, generator=torch.Generator().manual_seed(epoch))
    return [batches[i] for i in new] + batches[full:]
""",
        'process keeps its images',
    ),
    (
        but(
            'torch.randperm(count, generator=generator)',
            'torch.randperm(count, generator=generator.manual_seed(0)).roll(epoch)',
        ),
        'same batches each epoch',
    ),
    (
        but(
            'order.split(batch_size)',
            'order[:count // batch_size * batch_size].split(batch_size)',
        ),
        'leaves out last batch',
    ),
    (
        but(
            '    return [batch',
            '    order = order[:count - count % world]\n    return [batch',
        ),
        'images never come',
    ),
    (
        but(
            '    return [batch',
            '    more = -count % world\n    order = '
            'torch.cat([order, order[:more]])\n    return [batch',
        ),
        'image comes twice',
    ),
    (
        but(
            'batch[rank::world]',
            'batch[rank * (batch_size // world):][:batch_size // world]',
        ),
        'shares unevenly',
    ),
    (
        but('batch[rank::world]', 'batch.chunk(world)[rank]'),
        'chunk leaves processes empty',
    ),
    (but('torch.randperm(count', '1 + torch.randperm(count'), 'numbers out of range'),
    (
        but(
            'torch.randperm(count, generator=generator)',
            'torch.randint(count, (count,), generator=generator)',
        ),
        'image comes twice',
    ),
    (but('batch[rank::world]', 'batch[rank::world].float()'), 'numbers not whole'),
    (
        but('total / sum(counts)', 'sum(gradients) / len(gradients)'),
        'each process alike',
    ),
    (
        but('total / sum(counts)', 'torch.stack(gradients).sum(dim=0)'),
        'sum of gradients',
    ),
    (but('total / sum(counts)', 'total'), 'forgets to divide'),
    (but('total / sum(counts)', 'total / len(counts)'), 'divides by processes'),
    (but('gradient * n', 'gradient'), 'forgets to multiply'),
    (
        but('gradient * n', 'gradient / n').replace('sum(counts)', 'len(counts)'),
        'divides by counts',
    ),
    (but('counts))', 'reversed(counts)))'), 'counts in another order'),
    (
        but('gradient * n', 'gradient / n').replace(
            '/ sum(counts)', '/ sum(1 / n for n in counts)'
        ),
        'more images weigh less',
    ),
    (but('/ sum(counts)', '// sum(counts)'), 'rounds the average'),
    (
        but(
            '    total = sum(gradient * n for gradient, n in zip(gradients, counts))',
            '    for gradient, n in zip(gradients, counts):\n'
            '        total = gradient * n',
        ),
        'last process only',
    ),
    (
        but(
            '    total = sum(gradient * n for gradient, n in zip(gradients, counts))',
            '    for gradient, n in zip(gradients, counts):\n        gradient *= n\n'
            '    total = sum(gradients)',
        ),
        'changes gradients',
    ),
    (
        but(
            'total / sum(counts)',
            '(torch.stack(gradients) * torch.tensor(counts)).sum(dim=0) / sum(counts)',
        ),
        'counts along a dimension',
    ),
    (
        but('zip(gradients, counts))', 'zip(gradients[:2], counts[:2]))').replace(
            '/ sum(counts)', '/ sum(counts[:2])'
        ),
        'first two processes only',
    ),
    (but('total / sum(counts)', 'total.mean() / sum(counts)'), 'wrong shape'),
    (
        but(
            'torch.randperm(count, generator=generator)',
            'torch.cat([torch.randperm('
            'full, generator=generator), torch.arange(full, count)])',
        ).replace(
            '    order',
            '    full = (count - 1) // batch_size * batch_size\n    order',
            1,
        ),
        'last images stay last',
    ),
    (
        but(
            'torch.randperm(count, generator=generator)',
            'torch.cat([torch.randperm('
            'full, generator=generator), torch.arange(full, count)])',
        ).replace('    order', '    full = count - count % batch_size\n    order', 1),
        'last images stay last',
    ),
    (
        but(
            '    return [batch',
            '    if world == 1:\n        order = order.sort().values'
            '\n    return [batch',
        ),
        'neighbors stay together',
    ),
    (
        but(
            '    return [batch[rank::world] for batch in order.split(batch_size)]',
            '    shares = []\n    for batch in order.split(batch_size):\n'
            '        shares.append(batch[rank::world])\n        return shares',
        ),
        'first batch only',
    ),
    (
        but('total / sum(counts)', 'total / sum(counts) + 0 * counts.pop(0)'),
        'changes counts',
    ),
    (but('total / sum(counts)', 'total / (sum(counts) + 1 / 3)'), 'wrong average'),
    (
        but('total / sum(counts)', 'total / sum(counts) + (total.ndim == 2)'),
        'wrong average of three',
    ),
    (
        but('total / sum(counts)', 'total / sum(counts) + (len(counts) == 4)'),
        'wrong average elsewhere',
    ),
    (
        but(
            'return [batch[rank::world] for batch in order.split(batch_size)]',
            'return dict(enumerate(order[rank::world].split(batch_size // world)))',
        ),
        'share returns no list',
    ),
    (
        but('order.split(batch_size)', 'order.split(batch_size) if len(batch) > count'),
        'share is empty',
    ),
    (
        but('batch[rank::world]', 'set(batch[rank::world].tolist())'),
        'entry of wrong kind',
    ),
    (
        but('batch[rank::world]', 'batch[rank::world].view(-1, 1)'),
        'entry of wrong shape',
    ),
    (but('batch[rank::world]', '(batch[rank::world] / 1).tolist()'), 'decimal numbers'),
    (
        but('    return', '    if world == 1:\n        return [[]]\n    return'),
        'no image comes',
    ),
    (
        but('order.split(batch_size)', 'order.chunk(-(-count // batch_size))'),
        'wrong batch size',
    ),
    (
        but(
            'torch.randperm(count, generator=generator)',
            '(67 * torch.arange(count) + 101 * epoch) % count',
        ),
        'order follows a rule',
    ),
    (
        but(
            'torch.randperm(count, generator=generator)',
            'torch.cat([part[torch.randperm(len(part), generator=generator)] '
            'for part in torch.arange(count).chunk(3)])',
        ),
        'batches by size',
    ),
    (
        but(
            'return total / sum(counts)',
            'return [gradient * n / sum(counts) for '
            'gradient, n in zip(gradients, counts)]',
        ),
        'returns a list',
    ),
    (
        but('gradients, counts))', 'gradients[:3], counts))').replace(
            'sum(counts)', 'sum(counts[:3])'
        ),
        'first three processes only',
    ),
    (but('total / sum(counts)', 'sum(gradients) / sum(counts)'), 'forgets to multiply'),
    (
        but(
            'total / sum(counts)',
            'sum(gradient * weight for gradient, weight in '
            'zip(gradients, torch.tensor(counts).float().softmax(dim=0)))',
        ),
        'softmax of the counts',
    ),
    (
        but('total / sum(counts)', 'gradients[0] * counts[0] / counts[0]'),
        'first process only',
    ),
    (but('return total', 'return -total'), 'sign turned round'),
]

RIGHT = [  # other answers that are right
    """
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
""",
    """
def share(count, batch_size, rank, world, epoch):  # as DistributedSampler does it
    generator = torch.Generator()
    generator.manual_seed(1000 + epoch)
    order = torch.randperm(count, generator=generator)
    return order[rank::world].split(batch_size // world)


def average(gradients, counts):
    weights = torch.tensor(counts, dtype=gradients[0].dtype)
    return torch.tensordot(weights / weights.sum(), torch.stack(gradients), dims=1)
""",
    """
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
""",
    """
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
""",
    """
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
""",
]
