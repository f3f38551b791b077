"""What is right and wrong in exercise 23."""

import random

import torch
from check import shaped

HINT = """torch.randperm(len(images)) is a new order each time. Its split(batch_size)
cuts it into the numbers of each batch. Index both tensors with the same numbers."""

SOLUTION = """
def batches(images, labels, batch_size):
    order = torch.randperm(len(images))
    for some in order.split(batch_size):
        yield images[some], labels[some]
"""

ALONE = 'image by image: take a whole batch at once, images[numbers]'


class Watched(torch.Tensor):
    """A tensor that notes, as all that is made of it, what is done with it."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        result = super().__torch_function__(func, types, args, kwargs or {})
        parts = result if isinstance(result, (tuple, list)) else [result]
        tensors = [part for part in parts if isinstance(part, torch.Tensor)]
        lengths = [len(part) if part.ndim else 1 for part in tensors]
        if lengths or func.__name__ in ('__iter__', 'tolist', 'numpy', '__array__'):
            notes.append((func.__name__, lengths))
        return result


notes = []  # (name of what was done, lengths of the tensors that came of it)


def plain(tensor):
    if isinstance(tensor, torch.Tensor):
        return tensor.as_subclass(torch.Tensor)
    return tensor


def epoch(mine, images, labels, batch_size):
    """The batches of one epoch, if they have the form that they should."""
    got = mine.batches(images, labels, batch_size)
    assert got is not None, (
        'hands on nothing',
        'batches hands on nothing: yield a batch, in a loop',
    )
    assert not isinstance(got, tuple) or len(got) != 2, (
        'returns one batch',
        'return ends with the first batch: yield hands it on, and goes on after it',
    )
    assert not isinstance(got, (list, tuple, torch.Tensor)), (
        'returns everything at once',
        f'batches returns a {type(got).__name__}, with all that it has at once: yield '
        'hands on one batch at a time',
    )
    served = []
    copies = []
    most = 2 * len(images) + 2
    for batch in got:
        assert isinstance(batch, (tuple, list)) and len(batch) == 2, (
            'yields no pair',
            'a batch is a pair: yield images, labels of the same numbers',
        )
        batch = plain(batch[0]), plain(batch[1])
        tensors = all(isinstance(part, torch.Tensor) for part in batch)
        if tensors and batch[0].ndim == 1:
            assert batch[1].ndim != images.ndim, (
                'labels come first',
                'images first, then labels',
            )
            assert batch[0].is_floating_point() or batch[1].ndim != 1, (
                'yields image numbers',
                'you hand on the numbers of the images: images[numbers]',
            )
        for part, whole in zip(batch, (images, labels)):
            what = 'the part with the ' + ('images' if whole is images else 'labels')
            like = plain(whole).new_empty(0, *whole.shape[1:])
            assert isinstance(part, torch.Tensor), (
                'yields a list',
                f'{what} is a {type(part).__name__}, not a tensor: index with all '
                'numbers of the batch at once',
            )
            assert part.ndim, (
                'yields single numbers',
                f'{what} is a single number: yield whole batches',
            )
            assert part.shape != whole.shape[1:] or part.ndim == whole.ndim, (
                'yields single images',
                f'{what} is one alone, with the shape {list(part.shape)}: yield whole '
                'batches',
            )
            shaped(part[:0], like, what + ', but for its length,')
        served.append(batch)
        copies.append([part.clone() for part in batch])
        assert len(served) < most, (
            'never ends',
            'the batches never end: an epoch has each image once',
        )
    unchanged = [
        torch.equal(part, copy)
        for batch, old in zip(served, copies)
        for part, copy in zip(batch, old)
    ]
    assert all(unchanged), (
        'reuses a batch',
        'a batch changes after you handed it on: make a new tensor for each',
    )
    return served


def check_epoch(mine, count, batch_size, kind=torch.float32, watched=False):
    """Assert all that holds in one epoch; return the batches, as lists of numbers."""
    images = torch.arange(count).view(-1, 1, 1).expand(-1, 2, 3).to(kind).contiguous()
    labels = torch.arange(count) * 7 + 1000
    images_before = images.clone()
    labels_before = labels.clone()
    del notes[:]
    if watched:
        served = epoch(
            mine, images.as_subclass(Watched), labels.as_subclass(Watched), batch_size
        )
    else:
        served = epoch(mine, images, labels, batch_size)
    about = f'{count} images in batches of {batch_size}:'
    same_images = torch.equal(images, images_before)
    same_labels = torch.equal(labels, labels_before)
    assert same_images and same_labels, (
        'changes its inputs',
        'images and labels were put into another order themselves: shuffle numbers, '
        'and leave the tensors as they are',
    )
    assert served, ('no batch comes', f'{about} no batch came')
    sizes = [len(batch[0]) for batch in served]
    one_by_one = [min(batch_size, count - i) for i in range(count)]
    assert batch_size == 1 or count == 1 or sizes != one_by_one, (
        'goes on by one',
        f'{about} {len(sizes)} batches came, each one image on from the one before: go '
        'on by batch_size: range(0, n, batch_size)',
    )
    one_of_several = len(sizes) == 1 and sizes[0] <= batch_size and count > batch_size
    assert not one_of_several, (
        'first batch only',
        f'{about} only one batch came: does yield stand in the loop?',
    )
    assert 0 not in sizes, (
        'empty batch',
        f'{about} there is an empty batch, whose mean loss would be nan: stop before',
    )
    different = [(len(a), len(b)) for a, b in served if len(a) != len(b)]
    assert not different, (
        'different lengths',
        f'{about} a batch has {different[0][0]} images and {different[0][1]} labels',
    )
    numbers = [batch[0][:, 0, 0].tolist() for batch in served]
    partners = [((batch[1] - 1000) // 7).tolist() for batch in served]
    flat = sum(numbers, [])
    given = sum(partners, [])
    old_order = list(range(len(flat)))
    assert min(batch[1].min() for batch in served) >= 1000, (
        'yields label numbers',
        'you hand on the numbers of the labels: labels[numbers]',
    )
    assert flat == given or given != old_order, (
        'shuffles images only',
        'the images are shuffled and the labels are not: one order for both',
    )
    assert flat == given or flat != old_order, (
        'shuffles labels only',
        'the labels are shuffled and the images are not: one order for both',
    )
    assert flat == given, (
        'mixes up labels',
        'images have the labels of others: one order for both, made once',
    )
    short = count % batch_size
    only_whole = short > 0 and len(flat) == count - short
    assert not only_whole or len(set(flat)) < len(flat), (
        'leaves out last batch',
        f'{about} the last {short} images never come: a short batch counts as well',
    )
    filled_up = len(flat) > count and len(set(flat)) >= count
    assert not filled_up, (
        'fills up last batch',
        f'{about} {len(flat)} came, some twice: the last batch may be short, and is '
        'not filled up',
    )
    assert len(flat) == len(set(flat)), (
        'draws with repetition',
        f'{about} some come twice and others never: torch.randperm has each number '
        'once',
    )
    assert len(flat) == count, (
        'images never come',
        f'{about} only {len(flat)} came: each comes once',
    )
    right_sizes = [batch_size] * (count // batch_size)
    if short:
        right_sizes.append(short)
    assert sizes == right_sizes, (
        'wrong batch sizes',
        f'{about} the batches have {sizes} images: only the last may be short',
    )
    if not watched:
        return numbers
    names = {name for name, _ in notes}
    for name in 'numpy', '__array__', 'tolist':
        assert name not in names, (
            'leaves the tensors',
            f'{name.strip("_")} leaves the tensors: index images and labels themselves',
        )
    most_parts = max((len(lengths) for _, lengths in notes), default=0)
    assert '__iter__' not in names and most_parts < count / 2, (
        'cuts into single images',
        f'the images are cut into single ones, {ALONE}',
    )
    assert len(notes) < 100, (
        'image by image',
        f'{count} images in {len(sizes)} batches took {len(notes)} calls, {ALONE}',
    )
    of_all = [name for name, lengths in notes if lengths == [count]]
    assert len(of_all) < 6, (
        'orders everything again',
        'all images are put into order again for each batch: index with the numbers of '
        'the batch alone',
    )
    return numbers


def check(mine):
    random.seed(7)
    check_epoch(mine, 10, 4)
    check_epoch(mine, 12, 4)
    for case in (8, 8), (3, 64), (1, 1), (5, 1), (9, 2):
        check_epoch(mine, *case)
    check_epoch(mine, 14, 5, torch.uint8)
    check_epoch(mine, 14, 6, torch.float64)

    # The order: numbers that follow one another seldom meet in a batch
    epochs = [check_epoch(mine, 203, 50) for _ in range(4)]
    for batches in epochs:
        flat = sum(batches, [])
        assert flat != sorted(flat), (
            'keeps old order',
            'the images come in their old order: torch.randperm(len(images)) is a new '
            'one',
        )
        neighbors = sum(i + 1 in batch for batch in batches for i in batch)
        assert neighbors < 100, (
            'neighbors stay together',
            'images that follow one another stay together in a batch: shuffle all of '
            'them, before they are cut into batches',
        )
        assert neighbors > 8, (
            'order follows a rule',
            'the order follows a rule, and is not random: randperm',
        )
    assert any(set(batches[-1]) != {200, 201, 202} for batches in epochs), (
        'last images stay last',
        'the last images always come last: shuffle all of them',
    )
    for number, batches in enumerate(epochs):
        for other in epochs[:number]:
            assert batches != other, (
                'same order each epoch',
                'two epochs have the same order: draw a new one at each call, and seed '
                'nothing',
            )
            common = max(len(set(a) & set(b)) for a in batches[:4] for b in other[:4])
            assert common < 35, (
                'same batches each epoch',
                'two epochs have the same images together in a batch: shuffle all of '
                'them, before they are cut into batches',
            )
    check_epoch(mine, 203, 50, watched=True)


def but(old, new):
    """The solution with one thing changed."""
    assert old in SOLUTION
    return SOLUTION.replace(old, new)


WRONG = [  # (answer, name of its mistake)
    (
        but(
            'images[some], labels[some]',
            'torch.stack([images[i] for i in some]), '
            'torch.stack([labels[i] for i in some])',
        ),
        'image by image',
    ),
    (
        but(
            'images[some], labels[some]',
            'torch.stack([images[i] for i in some]), labels[some]',
        ),
        'image by image',
    ),
    (
        but(
            'images[some], labels[some]',
            'torch.cat([images[i:i + 1] for i in some]), labels[some]',
        ),
        'image by image',
    ),
    (
        """
def batches(images, labels, batch_size):
    pairs = list(zip(images, labels))
    order = torch.randperm(len(images)).tolist()
    for start in range(0, len(order), batch_size):
        some = [pairs[i] for i in order[start:start + batch_size]]
        yield torch.stack([a for a, _ in some]), torch.stack([b for _, b in some])
""",
        'cuts into single images',
    ),
    (
        """
def batches(images, labels, batch_size):
    order = torch.randperm(len(images))
    rows = images.unbind()
    for some in order.split(batch_size):
        yield torch.stack([rows[i] for i in some]), labels[some]
""",
        'cuts into single images',
    ),
    (
        """
def batches(images, labels, batch_size):
    data = torch.utils.data.TensorDataset(images, labels)
    yield from torch.utils.data.DataLoader(data, batch_size, shuffle=True)
""",
        'image by image',
    ),
    (
        but(
            'images[some], labels[some]',
            'torch.from_numpy(images.numpy()[some.numpy()]), labels[some]',
        ),
        'leaves the tensors',
    ),
    (
        """
def batches(images, labels, batch_size):
    order = torch.randperm(len(images))
    for i in range(0, len(images), batch_size):
        yield images[order][i:i + batch_size], labels[order][i:i + batch_size]
""",
        'orders everything again',
    ),
    (
        but('labels[some]', 'labels[torch.randperm(len(labels))[:len(some)]]'),
        'mixes up labels',
    ),
    (
        """
def batches(images, labels, batch_size):
    images = images[torch.randperm(len(images))]
    yield from zip(images.split(batch_size), labels.split(batch_size))
""",
        'shuffles images only',
    ),
    (
        but('        yield', '        if len(some) == batch_size:\n            yield'),
        'leaves out last batch',
    ),
    (
        """
def batches(images, labels, batch_size):
    order = torch.randperm(len(images))
    for i in range(0, len(images) + 1, batch_size):
        some = order[i:i + batch_size]
        yield images[some], labels[some]
""",
        'empty batch',
    ),
    (
        """
def batches(images, labels, batch_size):
    order = torch.randperm(len(images))
    for i in range(0, len(images), batch_size):
        some = order.roll(-i)[:batch_size]
        yield images[some], labels[some]
""",
        'fills up last batch',
    ),
    (
        but(
            'torch.randperm(len(images))', 'torch.randint(len(images), (len(images),))'
        ),
        'draws with repetition',
    ),
    (
        but('torch.randperm(len(images))', 'torch.arange(len(images))'),
        'keeps old order',
    ),
    (but('    order', '    torch.manual_seed(0)\n    order'), 'same order each epoch'),
    (
        but('torch.randperm(len(images))', 'torch.arange(len(images))').replace(
            '        yield',
            '        some = some[torch.randperm(len(some))]\n        yield',
        ),
        'neighbors stay together',
    ),
    (
        """
def batches(images, labels, batch_size):
    starts = list(range(0, len(images), batch_size))
    whole = starts[:len(images) // batch_size]
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(images), generator=generator)
    for i in torch.randperm(len(whole)).tolist() + starts[len(whole):]:
        some = order[i * batch_size:][:batch_size] if i < len(whole) else order[i:]
        yield images[some], labels[some]
""",
        'same batches each epoch',
    ),
    (but('        yield', '        return'), 'returns one batch'),
    (
        """
def batches(images, labels, batch_size):
    order = torch.randperm(len(images))
    return [(images[some], labels[some]) for some in order.split(batch_size)]
""",
        'returns everything at once',
    ),
    (
        but(
            '    order',
            '    order = torch.randperm(len(images))\n'
            '    images[:], labels[:] = images[order], labels[order]\n    order',
        ),
        'changes its inputs',
    ),
    (
        but(
            '        yield images[some], labels[some]',
            '        for i in some:\n            yield images[i], labels[i]',
        ),
        'yields single images',
    ),
    (but('yield images[some], labels[some]', 'yield images[some]'), 'yields no pair'),
    (but('    for some', '    while True:\n      for some'), 'never ends'),
    (but('images[some],', 'images[some].flatten(1),'), 'wrong shape'),
    (
        but(
            'torch.randperm(len(images))',
            'torch.cat([torch.randperm(full), torch.arange(full, n)])',
        ).replace(
            '    order',
            '    n = len(images)\n'
            '    full = (n - 1) // batch_size * batch_size\n    order',
            1,
        ),
        'last images stay last',
    ),
    (
        but(
            'torch.randperm(len(images))',
            'torch.cat([torch.randperm(full), torch.arange(full, n)])',
        ).replace(
            '    order',
            '    n = len(images)\n    full = n - n % batch_size\n    order',
            1,
        ),
        'last images stay last',
    ),
    (
        but('images[some], labels[some]', 'labels[some], images[some]'),
        'labels come first',
    ),
    (but('images[some], labels[some]', 'some, labels[some]'), 'yields image numbers'),
    (but('images[some], labels[some]', 'images[some], some'), 'yields label numbers'),
    (
        """
def batches(images, labels, batch_size):
    order = torch.randperm(len(images))
    for i in range(len(images)):
        some = order[i:i + batch_size]
        yield images[some], labels[some]
""",
        'goes on by one',
    ),
    (but('        yield images', '        pass\n    yield images'), 'first batch only'),
    (
        """
def batches(images, labels, batch_size):
    same = images[:batch_size].clone()
    for some in torch.randperm(len(images)).split(batch_size):
        same[:len(some)] = images[some]
        yield same[:len(some)], labels[some]
""",
        'reuses a batch',
    ),
    (
        but('split(batch_size)', 'chunk(-(-len(order) // batch_size))'),
        'wrong batch sizes',
    ),
    (
        but('yield images[some], labels[some]', 'images[some], labels[some]'),
        'hands on nothing',
    ),
    (
        but('images[some], labels[some]', '[images[i] for i in some], labels[some]'),
        'yields a list',
    ),
    (
        but('images[some], labels[some]', 'images[some], labels[some[0]]'),
        'yields single numbers',
    ),
    (but('images[some], labels[some]', 'images[some], labels'), 'different lengths'),
    (
        """
def batches(images, labels, batch_size):
    order = torch.randperm(len(images))
    for i in range(len(images), batch_size):
        some = order[i:i + batch_size]
        yield images[some], labels[some]
""",
        'no batch comes',
    ),
    (
        """
def batches(images, labels, batch_size):
    order = torch.randperm(len(images))
    for i in range(batch_size, len(images), batch_size):
        some = order[i:i + batch_size]
        yield images[some], labels[some]
""",
        'images never come',
    ),
    (
        """
def batches(images, labels, batch_size):
    labels = labels[torch.randperm(len(labels))]
    yield from zip(images.split(batch_size), labels.split(batch_size))
""",
        'shuffles labels only',
    ),
    (
        but(
            'torch.randperm(len(images))',
            '67 * torch.arange(len(images)) % len(images)',
        ),
        'order follows a rule',
    ),
]

RIGHT = [  # other answers that are right
    """
def batches(images, labels, batch_size):
    order = torch.randperm(len(images)).tolist()
    for start in range(0, len(images), batch_size):
        numbers = order[start:start + batch_size]
        yield images[numbers], labels[numbers]
""",
    """
def batches(images, labels, batch_size):
    order = torch.randperm(images.shape[0])
    return zip(images[order].split(batch_size), labels[order].split(batch_size))
""",
    """
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset


def batches(images, labels, batch_size):
    dataset = TensorDataset(images, labels)
    sampler = BatchSampler(RandomSampler(dataset), batch_size, drop_last=False)
    return DataLoader(dataset, batch_size=None, sampler=sampler)
""",
    """
import random


def batches(images, labels, batch_size):
    left = list(range(len(images)))
    random.shuffle(left)
    while left:
        some, left = torch.tensor(left[:batch_size]), left[batch_size:]
        yield [images.index_select(0, some), labels.index_select(0, some)]
""",
    """
def batches(images, labels, batch_size):
    order = torch.rand(len(images)).argsort().to(torch.int32)
    for k in range((len(order) + batch_size - 1) // batch_size):
        some = order[k * batch_size:(k + 1) * batch_size].sort().values
        yield torch.index_select(images, 0, some), labels.take(some.long())
""",
    """
def batches(images, labels, batch_size):
    place = torch.randperm(len(labels))
    for start in range(0, len(labels), batch_size):
        mask = (place >= start) & (place < start + batch_size)
        yield images[mask], labels[mask]
""",
]
