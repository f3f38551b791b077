"""What is right and wrong in exercise 21."""

import torch
from check import shaped

HINT = (
    'What was right stands on the diagonal, counts.diag(). The sum of a row is all '
    'images of a class. Which side does sum(dim=1) sum along?'
)

SOLUTION = """
def recall_and_precision(counts):
    right = counts.diag()
    return right / counts.sum(dim=1), right / counts.sum(dim=0)
"""

COUNTS = torch.tensor(
    [
        [8, 1, 0, 1, 0],
        [3, 2, 0, 0, 0],
        [1, 3, 0, 2, 0],  # never found
        [0, 0, 0, 0, 0],  # no images
        [4, 6, 0, 1, 9],
    ]
)


def same(got, wanted):
    return got.shape == wanted.shape and torch.allclose(
        got.double(), wanted.double(), atol=1e-4, equal_nan=True
    )


def check(mine):
    counts = COUNTS.clone()
    right = COUNTS.diag()
    total = COUNTS.sum()
    recall = right / COUNTS.sum(dim=1)
    precision = right / COUNTS.sum(dim=0)
    try:
        got = mine.recall_and_precision(counts)
    except ZeroDivisionError:
        raise AssertionError(
            (
                'divides plain numbers',
                'Python refuses to divide by 0, and a class may be without images: divide '
                'tensors, torch makes nan of it',
            )
        ) from None
    except RuntimeError as error:
        assert 'ZeroDivision' not in str(error), (
            'divides with two slashes',
            '// drops what stands behind the point: /',
        )
        raise
    assert torch.equal(counts, COUNTS), (
        'changes counts',
        'you changed counts: make a new tensor',
    )
    assert isinstance(got, (tuple, list)) and len(got) == 2, (
        'returns not two',
        'return two tensors: recalls, precisions',
    )
    for one, name in zip(got, ('recall', 'precision')):
        assert getattr(one, 'shape', None) != (), (
            'one number for all',
            f'your {name} is one number: each class has its own',
        )
        assert not isinstance(one, torch.Tensor) or one.dtype != torch.int64, (
            'returns whole numbers',
            f'your {name} has whole numbers, so all shares became 0 or 1: / , not //',
        )
        shaped(one, recall, f'what you return for {name}')
    first, second = got
    swapped = same(first, precision) and same(second, recall)
    assert not swapped, (
        'swaps recall and precision',
        'you have them the other way round: a row holds all images of a class, so for '
        'the recall divide by the sum of the row, sum(dim=1)',
    )
    assert not same(first, precision), (
        'precision for recall',
        'your recall is the precision: the sum of a row is all images of a class',
    )
    assert not same(second, recall), (
        'recall for precision',
        'your precision is the recall: the sum of a column is all taken for a class',
    )
    in_percent = same(first, 100 * recall) or same(second, 100 * precision)
    assert not in_percent, ('in percent', 'shares go from 0 to 1, yours to 100')
    by_total = right / total
    assert not same(first, by_total) and not same(second, by_total), (
        'divides by everything',
        'you divide by all images: a class has its own row, and its own column',
    )
    assert not same(first, (right.sum() / total).expand(5)), (
        'accuracy for all',
        'this is the accuracy, the same for all classes: take each class by itself',
    )
    for one, wanted, name in (
        (first, recall, 'recall'),
        (second, precision, 'precision'),
    ):
        gaps = wanted.isnan()
        filled = same(one[~gaps], wanted[~gaps]) and not one[gaps].isnan().all()
        assert not filled, (
            'number for unknown',
            f'where there is no image to take a share of, your {name} is '
            f'{one[gaps][0].item():g}, as if that were known: nan',
        )
    other = COUNTS - torch.diag(right)
    assert not same(first, right / other.sum(dim=1)), (
        'recall divides by mistakes',
        'for the recall you divide by the mistakes: by all images of the class',
    )
    assert not same(second, right / other.sum(dim=0)), (
        'precision divides by mistakes',
        'for the precision you divide by the mistakes: by all that was taken for it',
    )
    for one, wanted, name in (
        (first, recall, 'recalls'),
        (second, precision, 'precisions'),
    ):
        assert same(one, wanted), (
            'wrong share',
            f'the {name} of the check are {numbers(wanted)}, and you have '
            f'{numbers(one)}',
        )
    counts = torch.tensor([[1, 4], [2, 3]])
    first, second = mine.recall_and_precision(counts)
    recall = torch.tensor([0.2, 0.6])
    precision = torch.tensor([1 / 3, 3 / 7])
    assert same(first, recall) and same(second, precision), (
        'wrong for two classes',
        f'of [[1, 4], [2, 3]] you make {numbers(first)} and {numbers(second)}',
    )


def numbers(tensor):
    return ', '.join(f'{number:.3f}' for number in tensor.tolist())


def answer(recall='right / counts.sum(dim=1)', precision='right / counts.sum(dim=0)'):
    return f"""
def recall_and_precision(counts):
    right = counts.diag()
    return {recall}, {precision}
"""


BY_LOOP = """
def recall_and_precision(counts):
    n, recalls, precisions = len(counts), [], []
    for i in range(n):
        right = counts[i, i]{item}
        row = sum(counts[i, j]{item} for j in range(n))
        column = sum(counts[j, i]{item} for j in range(n))
        recalls.append({recall})
        precisions.append({precision})
    return torch.tensor(recalls), torch.tensor(precisions)
"""

WRONG = [  # (answer, name of its mistake)
    (
        answer('right / counts.sum(dim=0)', 'right / counts.sum(dim=1)'),
        'swaps recall and precision',
    ),
    (answer(recall='right / counts.sum(dim=0)'), 'precision for recall'),
    (answer(precision='right / counts.sum(dim=1)'), 'recall for precision'),
    (answer('right.sum() / counts.sum()'), 'one number for all'),
    (answer('right.sum() / counts.sum().expand(len(counts))'), 'accuracy for all'),
    (answer('right / counts.sum()', 'right / counts.sum()'), 'divides by everything'),
    (answer('100 * right / counts.sum(dim=1)'), 'in percent'),
    (answer('right // counts.sum(dim=1).clamp(min=1)'), 'returns whole numbers'),
    (answer('right // counts.sum(dim=1)'), 'divides with two slashes'),
    (answer('right / counts.sum(dim=1).clamp(min=1)'), 'number for unknown'),
    (answer(precision='right / counts.sum(dim=0).clamp(min=1)'), 'number for unknown'),
    (answer('(right / counts.sum(dim=1)).nan_to_num(1)'), 'number for unknown'),
    (answer('right / (counts.sum(dim=1) - right)'), 'recall divides by mistakes'),
    (
        answer(precision='right / (counts.sum(dim=0) - right)'),
        'precision divides by mistakes',
    ),
    (answer('(right / counts.sum(dim=1)).double()'), 'wrong dtype'),
    (answer('(right / counts.sum(dim=1)).mean()'), 'one number for all'),
    (answer('(right / counts.sum(dim=1)).tolist()'), 'wrong type'),
    (answer(precision='1 - right / counts.sum(dim=0)'), 'wrong share'),
    (
        BY_LOOP.format(
            item='.item()', recall='right / row', precision='right / column'
        ),
        'divides plain numbers',
    ),
    (
        BY_LOOP.format(
            item='.item()',
            recall='right / max(row, 1)',
            precision='right / max(column, 1)',
        ),
        'number for unknown',
    ),
    (
        """
def recall_and_precision(counts):
    counts[3, 3] += 1
    return counts.diag() / counts.sum(dim=1), counts.diag() / counts.sum(dim=0)
""",
        'changes counts',
    ),
    (
        """
def recall_and_precision(counts):
    return (counts.diag() / counts.sum(dim=1),)
""",
        'returns not two',
    ),
    (
        """
def recall_and_precision(counts):
    recalls, precisions = torch.zeros(5), torch.zeros(5)
    for i in range(len(counts)):
        recalls[i] = counts[i, i] / counts[i].sum()
        precisions[i] = counts[i, i] / counts[:, i].sum()
    return recalls, precisions
""",
        'wrong for two classes',
    ),
]

RIGHT = [  # other answers that are right
    BY_LOOP.format(item='', recall='right / row', precision='right / column'),
    BY_LOOP.format(
        item='.item()',
        recall="right / row if row else float('nan')",
        precision="right / column if column else float('nan')",
    ),
    """
def recall_and_precision(counts):
    counts = counts.float()
    return [(counts / counts.sum(dim, keepdim=True)).diagonal() for dim in (1, 0)]
""",
    """
import numpy as np


def recall_and_precision(counts):
    counts = counts.numpy().astype(np.float32)
    with np.errstate(all='ignore'):
        shares = [np.diag(counts) / counts.sum(axis=axis) for axis in (1, 0)]
    return tuple(torch.from_numpy(share) for share in shares)
""",
]
