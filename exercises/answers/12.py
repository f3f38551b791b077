"""What is right and wrong in exercise 12."""

import torch

HINT = (
    'zip(labels.tolist(), predicted.tolist()) walks through the pairs. A dict can '
    'count them: the key is the pair, the value is how often it came.'
)

SOLUTION = """
def worst_mistake(labels, predicted):
    counts = {}
    for pair in zip(labels.tolist(), predicted.tolist()):
        if pair[0] != pair[1]:
            counts[pair] = counts.get(pair, 0) + 1
    worst = max(counts, key=counts.get)
    return *worst, counts[worst] / (labels == worst[0]).sum().item()
"""

# (class, taken for): how often. 3 for 130 is the worst mistake: 6 of 16 images. The
# first pair and the last stand there, too, when the others are shuffled.
PAIRS = {
    (11, 2): 1,
    (0, 0): 20,
    (1, 1): 3,
    (3, 3): 9,
    (3, 130): 6,
    (3, 0): 1,
    (5, 1): 5,
    (7, 0): 3,
    (7, 1): 3,
    (7, 2): 2,
    (8, 9): 5,
    (9, 8): 5,
    (10, 10): 2,
    (11, 11): 2,
    (12, 12): 1,
    (13, 13): 2,
    (14, 4): 1,
    (14, 14): 2,
    (13, 6): 1,
}


def numbers(got):
    try:
        one, two, three = map(float, got)
    except (TypeError, ValueError):
        raise AssertionError(
            (
                'returns not three things',
                'return three numbers: the class, what it was taken for, and the share',
            )
        ) from None
    return [one, two, three]


def check(mine):
    pairs = [pair for pair, count in PAIRS.items() for _ in range(count)]
    order = [0, *(1 + torch.randperm(len(pairs) - 2)).tolist(), -1]
    pairs = torch.tensor(pairs)[order]
    labels, predicted = pairs[:, 0].clone(), pairs[:, 1].clone()
    try:
        got = mine.worst_mistake(labels, predicted)
    except IndexError as error:
        assert 'index 130' not in str(error) and 'list' not in str(error), (
            'table too small',
            'there may be more classes than your table has: here they go up to 130',
        )
        raise
    except ZeroDivisionError:
        raise AssertionError(
            (
                'divides by zero',
                'you divide by 0: is it a class without images? Classes go up to 130 here, '
                'and labels * n + predicted mixes up pairs unless n is larger',
            )
        ) from None
    label, taken_for, share = numbers(got)
    same = torch.equal(labels, pairs[:, 0]) and torch.equal(predicted, pairs[:, 1])
    assert same, (
        'changes its inputs',
        'you changed labels or predicted: work on a copy',
    )
    pair = label, taken_for
    assert label != taken_for, (
        'counts right answers',
        f'({label:.0f}, {label:.0f}) is no mistake: leave out what was named right',
    )
    assert pair != (130, 3), (
        'pair turned around',
        'the class comes first, then what it was taken for',
    )
    assert pair != (5, 1), (
        'largest share wins',
        'class 5 is taken for 1 in 5 of 5 images, but 3 for 130 six times: take the '
        'pair that occurs most often, not the largest share',
    )
    assert label != 7, (
        'counts classes',
        'class 7 has most mistakes, but of three kinds: count pairs, not classes',
    )
    assert pair not in ((8, 9), (9, 8)), (
        'adds both directions',
        '8 taken for 9 is one pair and 9 taken for 8 another: do not add them up',
    )
    assert pair != (14, 4), (
        'largest numbers win',
        '(14, 4) is the pair with the largest numbers, not the one that occurs most '
        'often: max(counts, key=counts.get)',
    )
    assert pair != (3, 0), (
        'counts each pair once',
        'you name a pair which occurs once. m[labels, predicted] += 1 adds 1 only once '
        'to each pair: count in a loop, or with bincount',
    )
    assert PAIRS.get(pair) != 1, (
        'counts tensors',
        'you name a pair which occurs once. Do you count tensors? Two tensors with the '
        'same number are two keys: .tolist() or .item()',
    )
    assert pair != (11, 10), (
        'largest label only',
        '(11, 10) does not occur: predicted can have larger classes than labels: take '
        'the maximum of both for n',
    )
    assert pair in PAIRS, (
        'mixes up pairs',
        f'({label:g}, {taken_for:g}) does not occur: labels * n + predicted mixes up '
        'pairs, unless n is larger than every label and every prediction (here 130)',
    )
    assert pair == (3, 130), (
        'wrong pair',
        f'the worst pair here is (3, 130), and you said ({label:g}, {taken_for:g})',
    )
    n, mistakes = len(labels), sum(a != b for a, b in PAIRS for _ in range(PAIRS[a, b]))
    assert share <= 1, (
        'share above one',
        f'the share is a number from 0 to 1, and yours is {share:g}',
    )
    assert abs(share - 6 / n) > 1e-4, (
        'share of all images',
        'your share is of all images: divide by those of the class',
    )
    assert abs(share - 6 / mistakes) > 1e-4, (
        'share of all mistakes',
        'your share is of all mistakes: divide by the images of the class',
    )
    assert abs(share - 6 / 7) > 1e-4, (
        'share of class mistakes',
        "your share is of the class's mistakes: divide by all images of the class, the "
        'right ones too',
    )
    assert abs(share - 6 / 9) > 1e-4, (
        'share of right ones',
        'you divided by the images that were right: divide by all of the class',
    )
    assert abs(share - 1) > 1e-4, (
        'share of predicted',
        'your share is of the images taken for 130: divide by those labelled 3',
    )
    assert abs(share - 6 / 16) < 1e-4, (
        'wrong share',
        f'6 of 16 is 0.375, and you said {share:.4f}',
    )
    got = numbers(mine.worst_mistake(torch.tensor([1]), torch.tensor([0])))
    assert got == [1, 0, 1], (
        'wrong for one image',
        f'one image of 1, taken for 0: (1, 0, 1.0), not {got}',
    )


COUNT = """
def worst_mistake(labels, predicted):
    pairs = [pair for pair in zip(labels.tolist(), predicted.tolist()) if {keep}]
    worst = max(pairs, key=pairs.count)
    return {result}
"""
KEEP, RESULT = (
    'pair[0] != pair[1]',
    ('(*worst, pairs.count(worst) / (labels == worst[0]).sum().item())'),
)

MIXED = """
def worst_mistake(labels, predicted):
    n = {n}
    counts = torch.bincount(labels * n + predicted, minlength=20 * n)
    for i in range(20):
        counts[i * n + i if i < n else 0] = 0
    label, taken_for = divmod(counts.argmax().item(), n)
    count = counts.max().item()
    return label, taken_for, count / max((labels == label).sum().item(), 1)
"""

DICT = """
def worst_mistake(labels, predicted):
    counts = {{}}
    for pair in {pairs}:
        if pair[0] != pair[1]:
            counts[pair] = counts.get(pair, 0) + 1
    worst = {worst}
    return *worst, counts[worst] / (labels == worst[0]).sum().item()
"""

WRONG = [  # (answer, name of its mistake)
    (COUNT.format(keep='True', result=RESULT), 'counts right answers'),
    (
        COUNT.format(
            keep=KEEP,
            result='(worst[1], worst[0], pairs.count(worst) / '
            '(labels == worst[0]).sum().item())',
        ),
        'pair turned around',
    ),
    (
        COUNT.format(keep=KEEP, result='(*worst, pairs.count(worst) / len(labels))'),
        'share of all images',
    ),
    (
        COUNT.format(keep=KEEP, result='(*worst, pairs.count(worst) / len(pairs))'),
        'share of all mistakes',
    ),
    (
        COUNT.format(
            keep=KEEP,
            result='(*worst, pairs.count(worst) / '
            '(predicted == worst[1]).sum().item())',
        ),
        'share of predicted',
    ),
    (
        COUNT.format(
            keep=KEEP,
            result='(*worst, 100 * pairs.count(worst) / '
            '(labels == worst[0]).sum().item())',
        ),
        'share above one',
    ),
    (COUNT.format(keep=KEEP, result='worst'), 'returns not three things'),
    (COUNT.format(keep=KEEP, result='print(worst)'), 'returns nothing'),
    (
        """
def worst_mistake(labels, predicted):
    wrong = labels != predicted
    label = labels[wrong].mode().values.item()
    taken_for = predicted[wrong & (labels == label)].mode().values.item()
    count = ((labels == label) & (predicted == taken_for)).sum().item()
    return label, taken_for, count / (labels == label).sum().item()
""",
        'counts classes',
    ),
    (
        DICT.format(
            pairs='zip(labels.tolist(), predicted.tolist())', worst='max(counts)'
        ),
        'largest numbers win',
    ),
    (
        DICT.format(
            pairs='zip(labels, predicted)', worst='max(counts, key=counts.get)'
        ),
        'counts tensors',
    ),
    (
        """
from collections import Counter


def worst_mistake(labels, predicted):
    wrong = labels != predicted
    counts = Counter(zip(labels[wrong], predicted[wrong]))
    worst = max(reversed(counts), key=counts.get)
    return *worst, counts[worst] / (labels == worst[0]).sum().item()
""",
        'counts tensors',
    ),
    (
        """
def worst_mistake(labels, predicted):
    counts = torch.zeros(100, 100)
    for label, other in zip(labels, predicted):
        counts[label, other] += label != other
    label, other = divmod(counts.argmax().item(), 100)
    return label, other, counts[label, other] / (labels == label).sum()
""",
        'table too small',
    ),
    (MIXED.format(n=10), 'mixes up pairs'),
    (MIXED.format(n='labels.max().item() + 1'), 'largest label only'),
    (
        """
def worst_mistake(labels, predicted):
    n = labels.max().item() + 1
    counts = torch.bincount(labels * n + predicted, minlength=n * n).view(n, n)
    counts.fill_diagonal_(0)
    label, taken_for = divmod(counts.argmax().item(), n)
    return label, taken_for, counts.max().item() / (labels == label).sum().item()
""",
        'largest label only',
    ),
    (
        """
def worst_mistake(labels, predicted):
    wrong = labels != predicted
    mixed = (labels * 100 + predicted)[wrong]
    label, taken_for = divmod(mixed.mode().values.item(), 100)
    count = ((labels == label) & (predicted == taken_for)).sum().item()
    return label, taken_for, count / (labels == label).sum().item()
""",
        'divides by zero',
    ),
    (
        """
def worst_mistake(labels, predicted):
    n = max(labels.max().item(), predicted.max().item()) + 1
    m = torch.zeros(n, n)
    m[labels, predicted] += 1
    m.fill_diagonal_(0)
    label, taken_for = divmod(m.argmax().item(), n)
    return label, taken_for, (m[label, taken_for] / m[label].sum()).item()
""",
        'counts each pair once',
    ),
    (
        """
def worst_mistake(labels, predicted):
    best = (0, 0, 0.0)
    for label in set(labels.tolist()):
        for other in set(predicted.tolist()) - {label}:
            share = (predicted[labels == label] == other).float().mean().item()
            if share > best[2]:
                best = (label, other, share)
    return best
""",
        'largest share wins',
    ),
    (
        """
def worst_mistake(labels, predicted):
    labels[labels == predicted] = -1
    pairs = [p for p in zip(labels.tolist(), predicted.tolist()) if p[0] >= 0]
    worst = max(pairs, key=pairs.count)
    return *worst, pairs.count(worst) / max(1, (labels == worst[0]).sum().item())
""",
        'changes its inputs',
    ),
    (
        """
def worst_mistake(labels, predicted):
    pairs = [tuple(sorted(p)) for p in zip(labels.tolist(), predicted.tolist())
             if p[0] != p[1]]
    worst = max(pairs, key=pairs.count)
    return *worst, pairs.count(worst) / (labels == worst[0]).sum().item()
""",
        'adds both directions',
    ),
    (
        """
def worst_mistake(labels, predicted):
    return 3, 130, 0.375
""",
        'wrong for one image',
    ),
    (
        COUNT.format(
            keep=KEEP,
            result='(*worst, pairs.count(worst) / '
            'sum(pair[0] == worst[0] for pair in pairs))',
        ),
        'share of class mistakes',
    ),
    (
        COUNT.format(
            keep=KEEP,
            result='(*worst, pairs.count(worst) / '
            '((labels == worst[0]) & (predicted == labels)).sum().item())',
        ),
        'share of right ones',
    ),
    (
        COUNT.format(
            keep=KEEP,
            result='(*worst, 1 - pairs.count(worst) / '
            '(labels == worst[0]).sum().item())',
        ),
        'wrong share',
    ),
]

UNREACHED = {
    'wrong pair': 'each other pair of PAIRS is refused by an assert above',
}

RIGHT = [  # other answers that are right
    """
def worst_mistake(labels, predicted):
    n = max(labels.max(), predicted.max()) + 1
    counts = torch.bincount(labels * n + predicted, minlength=n * n).view(n, n)
    counts.fill_diagonal_(0)
    place = counts.argmax()
    label, taken_for = place // n, place % n
    return label, taken_for, counts[label, taken_for] / (labels == label).sum()
""",
    """
from collections import Counter


def worst_mistake(labels, predicted):
    wrong = labels != predicted
    pairs = Counter(zip(labels[wrong].tolist(), predicted[wrong].tolist()))
    (label, taken_for), count = pairs.most_common(1)[0]
    return [label, taken_for, count / sum(labels == label)]
""",
    """
import numpy as np


def worst_mistake(labels, predicted):
    labels, predicted = labels.numpy(), predicted.numpy()
    pairs = np.stack([labels, predicted], axis=1)[labels != predicted]
    kinds, counts = np.unique(pairs, axis=0, return_counts=True)
    label, taken_for = kinds[counts.argmax()]
    return label, taken_for, counts.max() / np.sum(labels == label)
""",
]
