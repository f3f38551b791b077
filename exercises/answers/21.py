"""What is right and wrong in exercise 21."""
import torch
from check import shaped

HINT = ('What was right stands on the diagonal, counts.diag(). The sum of a row is all '
        'images of a class. Which side does sum(dim=1) sum along?')

SOLUTION = '''
def recall_and_precision(counts):
    right = counts.diag()
    return right / counts.sum(dim=1), right / counts.sum(dim=0)
'''

COUNTS = torch.tensor([[8, 1, 0, 1, 0],
                       [3, 2, 0, 0, 0],
                       [1, 3, 0, 2, 0],  # never found
                       [0, 0, 0, 0, 0],  # no images
                       [4, 6, 0, 1, 9]])


def same(got, wanted):
    return torch.allclose(got.double(), wanted.double(), atol=1e-4, equal_nan=True)


def check(mine):
    counts, right = COUNTS.clone(), COUNTS.diag()
    rows, columns, total = COUNTS.sum(dim=1), COUNTS.sum(dim=0), COUNTS.sum()
    recall, precision = right / rows, right / columns
    try:
        got = mine.recall_and_precision(counts)
    except ZeroDivisionError:
        raise AssertionError(
            'Python refuses to divide by 0, and a class may be without images: divide '
            'tensors, torch makes nan of it') from None
    except RuntimeError as error:
        assert 'ZeroDivision' not in str(error), (
            '// drops what stands behind the point: /')
        raise
    assert torch.equal(counts, COUNTS), 'you changed counts: make a new tensor'
    assert isinstance(got, (tuple, list)) and len(got) == 2, (
        'return two tensors: recalls, precisions')
    for one, name in zip(got, ('recall', 'precision')):
        assert getattr(one, 'shape', None) != (), (
            f'your {name} is one number: each class has its own')
        assert not isinstance(one, torch.Tensor) or one.dtype != torch.int64, (
            f'your {name} has whole numbers, so all shares became 0 or 1: / , not //')
        shaped(one, recall, f'what you return for {name}')
    first, second = got
    assert not (same(first, precision) and same(second, recall)), (
        'you have them the other way round: a row holds all images of a class, so for '
        'the recall divide by the sum of the row, sum(dim=1)')
    assert not same(first, precision), (
        'your recall is the precision: the sum of a row is all images of a class')
    assert not same(second, recall), (
        'your precision is the recall: the sum of a column is all taken for a class')
    assert not same(first, 100 * recall) and not same(second, 100 * precision), (
        'shares go from 0 to 1, yours to 100')
    assert not same(first, right / total) and not same(second, right / total), (
        'you divide by all images: a class has its own row, and its own column')
    assert not same(first, (right.sum() / total).expand(5)), (
        'this is the accuracy, the same for all classes: take each class by itself')
    for one, wanted, name in ((first, recall, 'recall'),
                              (second, precision, 'precision')):
        gaps = wanted.isnan()
        assert not same(one[~gaps], wanted[~gaps]) or one[gaps].isnan().all(), (
            f'where there is no image to take a share of, your {name} is '
            f'{one[gaps][0].item():g}, as if that were known: nan')
    other = COUNTS - torch.diag(right)
    assert not same(first, right / other.sum(dim=1)), (
        'for the recall you divide by the mistakes: by all images of the class')
    assert not same(second, right / other.sum(dim=0)), (
        'for the precision you divide by the mistakes: by all that was taken for it')
    for one, wanted, name in ((first, recall, 'recalls'),
                              (second, precision, 'precisions')):
        assert same(one, wanted), (
            f'the {name} of the check are {numbers(wanted)}, and you have '
            f'{numbers(one)}')
    counts = torch.tensor([[1, 4], [2, 3]])
    first, second = mine.recall_and_precision(counts)
    assert same(first, torch.tensor([0.2, 0.6])) and same(
        second, torch.tensor([1 / 3, 3 / 7])), (
        f'of [[1, 4], [2, 3]] you make {numbers(first)} and {numbers(second)}')


def numbers(tensor):
    return ', '.join(f'{number:.3f}' for number in tensor.tolist())


def answer(recall='right / counts.sum(dim=1)', precision='right / counts.sum(dim=0)'):
    return f'''
def recall_and_precision(counts):
    right = counts.diag()
    return {recall}, {precision}
'''


BY_LOOP = '''
def recall_and_precision(counts):
    n, recalls, precisions = len(counts), [], []
    for i in range(n):
        right = counts[i, i]{item}
        row = sum(counts[i, j]{item} for j in range(n))
        column = sum(counts[j, i]{item} for j in range(n))
        recalls.append({recall})
        precisions.append({precision})
    return torch.tensor(recalls), torch.tensor(precisions)
'''

WRONG = [  # (answer, words that the verdict has)
    (answer('right / counts.sum(dim=0)', 'right / counts.sum(dim=1)'),
     'the other way round'),
    (answer(recall='right / counts.sum(dim=0)'), 'your recall is the precision'),
    (answer(precision='right / counts.sum(dim=1)'), 'your precision is the recall'),
    (answer('right.sum() / counts.sum()'), 'is one number'),
    (answer('right.sum() / counts.sum().expand(len(counts))'), 'this is the accuracy'),
    (answer('right / counts.sum()', 'right / counts.sum()'), 'divide by all images'),
    (answer('100 * right / counts.sum(dim=1)'), 'yours to 100'),
    (answer('right // counts.sum(dim=1).clamp(min=1)'), 'not //'),
    (answer('right // counts.sum(dim=1)'), '// drops'),
    (answer('right / counts.sum(dim=1).clamp(min=1)'), 'your recall is 0'),
    (answer(precision='right / counts.sum(dim=0).clamp(min=1)'),
     'your precision is 0'),
    (answer('(right / counts.sum(dim=1)).nan_to_num(1)'), 'your recall is 1'),
    (answer('right / (counts.sum(dim=1) - right)'), 'divide by the mistakes'),
    (answer(precision='right / (counts.sum(dim=0) - right)'), 'divide by the mistakes'),
    (answer('(right / counts.sum(dim=1)).double()'), 'float64'),
    (answer('(right / counts.sum(dim=1)).mean()'), 'is one number'),
    (answer('(right / counts.sum(dim=1)).tolist()'), 'is a list'),
    (answer(precision='1 - right / counts.sum(dim=0)'), 'the precisions of the check'),
    (BY_LOOP.format(item='.item()', recall='right / row', precision='right / column'),
     'Python refuses'),
    (BY_LOOP.format(item='.item()', recall='right / max(row, 1)',
                    precision='right / max(column, 1)'), 'your recall is 0'),
    ('''
def recall_and_precision(counts):
    counts[3, 3] += 1
    return counts.diag() / counts.sum(dim=1), counts.diag() / counts.sum(dim=0)
''', 'you changed counts'),
    ('''
def recall_and_precision(counts):
    return (counts.diag() / counts.sum(dim=1),)
''', 'return two tensors'),
]

RIGHT = [  # other answers that are right
    BY_LOOP.format(item='', recall='right / row', precision='right / column'),
    BY_LOOP.format(item='.item()', recall="right / row if row else float('nan')",
                   precision="right / column if column else float('nan')"),
    '''
def recall_and_precision(counts):
    counts = counts.float()
    return [(counts / counts.sum(dim, keepdim=True)).diagonal() for dim in (1, 0)]
''',
    '''
import numpy as np


def recall_and_precision(counts):
    counts = counts.numpy().astype(np.float32)
    with np.errstate(all='ignore'):
        shares = [np.diag(counts) / counts.sum(axis=axis) for axis in (1, 0)]
    return tuple(torch.from_numpy(share) for share in shares)
''',
]
