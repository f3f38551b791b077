"""What is right and wrong in exercise 3."""

import numpy as np
import torch
from check import shaped

HINT = """A minus makes a new tensor, -= writes into the memory that is there. And look
at what .float() does to a tensor that is float32 already."""

SOLUTION = """
def centre(array):
    tensor = torch.from_numpy(array)
    return (tensor - tensor.mean(dim=0)).float()
"""


def check(mine):
    square = [[1.0, 10.0, 5.0], [3.0, 20.0, 6.0], [8.0, 90.0, 4.0]]
    wide = [[0.0, 2.0, 4.0, -6.0], [1.0, 0.0, 2.0, 8.0]]
    for rows in (square, wide, wide[:1]):
        for dtype in (np.float64, np.float32):
            array = np.array(rows, dtype)
            before = array.copy()
            got, case = mine.centre(array), f'for an array of {array.dtype}'
            assert isinstance(got, torch.Tensor), (
                'returns no tensor',
                f'{case} you return a {type(got).__name__}, not a tensor',
            )
            assert np.array_equal(array, before), (
                'changes the array',
                f'{case} the array has changed: -= or an underscore writes into it, or '
                'into a tensor that shares its memory',
            )
            right = torch.tensor(before - before.mean(axis=0), dtype=torch.float32)
            shaped(got, right, f'{case} the result')
            assert not np.shares_memory(got.detach().numpy(), array), (
                'shares the memory',
                f'{case} the result shares the memory of the array: a later change of '
                'one would change the other',
            )
            tensor = torch.tensor(before, dtype=torch.float32)
            for wrong, mistake in (
                (tensor, ('subtracts nothing', 'nothing is subtracted yet')),
                (
                    tensor - tensor.mean(),
                    (
                        'mean of everything',
                        'you subtract the mean of everything: each column has its own',
                    ),
                ),
                (
                    tensor - tensor.mean(dim=1, keepdim=True),
                    (
                        'mean of each row',
                        'you subtract the mean of each row: dim=0 gives that of '
                        'columns',
                    ),
                ),
                (
                    tensor - tensor.mean(dim=1) if len(rows) == 3 else None,
                    (
                        'means of rows flat',
                        'you subtract the means of the rows: dim=0 gives that of '
                        'columns',
                    ),
                ),
                (
                    tensor - tensor.median(dim=0).values,
                    (
                        'median for mean',
                        'that is the median, the value in the middle: take the mean',
                    ),
                ),
                (
                    tensor - tensor.min(dim=0).values,
                    (
                        'smallest for mean',
                        'you subtract the smallest of each column: take its mean',
                    ),
                ),
                (
                    right / (tensor.std(dim=0) if len(rows) > 1 else 1),
                    ('divides as well', 'you divide as well: only subtract the mean'),
                ),
                (
                    right / tensor.std(dim=0, unbiased=False),
                    ('divides as well', 'you divide as well: only subtract the mean'),
                ),
                (
                    -right,
                    ('signs turned', 'the signs are turned: the value minus the mean'),
                ),
            ):
                assert (
                    wrong is None
                    or torch.allclose(wrong, right, atol=1e-3)
                    or not torch.allclose(got, wrong, atol=1e-4)
                ), mistake
            assert torch.allclose(got, right, atol=1e-4), (
                'wrong result',
                f'{case} {rows} the result is {right}, and yours is {got}',
            )
    dates = np.array([[1700000000.0, 0.5], [1700000001.0, 1.5], [1700000005.0, 1.0]])
    got = mine.centre(dates)
    right = torch.tensor([[-2, -0.5], [-1, 0.5], [3, 0]])
    assert torch.allclose(got, right, atol=0.01), (
        'rounds too early',
        f'of the dates 1700000000, ...01 and ...05 you make {got[:, 0]} in '
        'place of -2, -1, 3: float32 rounded them before you subtracted',
    )


WRONG = [  # (answer, name of its mistake)
    (
        """
def centre(array):
    tensor = torch.from_numpy(array)
    tensor -= tensor.mean(dim=0)
    return tensor.float()
""",
        'changes the array',
    ),
    (
        """
def centre(array):
    tensor = torch.from_numpy(array).float()
    tensor -= tensor.mean(dim=0)
    return tensor
""",
        'changes the array',
    ),
    (
        """
def centre(array):
    tensor = torch.from_numpy(array)
    return tensor - tensor.mean(dim=0)
""",
        'wrong dtype',
    ),
    (
        """
def centre(array):
    tensor = torch.from_numpy(array)
    return (tensor - tensor.mean()).float()
""",
        'mean of everything',
    ),
    (
        """
def centre(array):
    tensor = torch.from_numpy(array)
    return (tensor - tensor.mean(dim=1, keepdim=True)).float()
""",
        'mean of each row',
    ),
    (
        """
def centre(array):
    tensor = torch.from_numpy(array)
    return (tensor - tensor.mean(dim=1)).float()
""",
        'means of rows flat',
    ),
    (
        """
def centre(array):
    tensor = torch.tensor(array, dtype=torch.float32)
    return tensor - tensor.mean(dim=0)
""",
        'rounds too early',
    ),
    (
        """
def centre(array):
    return (array - array.mean(axis=0)).astype(np.float32)
""",
        'returns no tensor',
    ),
    (
        """
def centre(array):
    return torch.tensor(array, dtype=torch.float32)
""",
        'subtracts nothing',
    ),
    (
        """
def centre(array):
    array -= array.mean(axis=0)
    return torch.tensor(array, dtype=torch.float32)
""",
        'changes the array',
    ),
    (
        """
def centre(array):
    tensor = torch.from_numpy(array)
    return ((tensor - tensor.mean(dim=0)) / tensor.std(dim=0)).float()
""",
        'divides as well',
    ),
    (
        """
def centre(array):
    return torch.from_numpy(array.mean(axis=0) - array).float()
""",
        'signs turned',
    ),
    (
        """
def centre(array):
    tensor = torch.from_numpy(array)
    return (tensor - tensor.min(dim=0).values).float()
""",
        'smallest for mean',
    ),
    (
        """
def centre(array):
    mean = array.mean(axis=0)
    array -= mean
    tensor = torch.from_numpy(array).float()
    tensor += 0
    array += mean
    return tensor
""",
        'shares the memory',
    ),
    (
        SOLUTION.replace('tensor.mean(dim=0)', 'tensor.max(dim=0).values'),
        'wrong result',
    ),
    (
        SOLUTION.replace('tensor.mean(dim=0)', 'tensor.median(dim=0).values'),
        'median for mean',
    ),
]

RIGHT = [  # other answers that are right
    """
def centre(array):
    return torch.tensor(array - array.mean(axis=0), dtype=torch.float32)
""",
    """
def centre(array):
    tensor = torch.tensor(array, dtype=torch.float64)
    tensor -= tensor.mean(dim=0, keepdim=True)
    return tensor.to(torch.float32)
""",
    """
def centre(array):
    columns = []
    for column in torch.from_numpy(array).T:
        columns.append(column - column.sum() / len(column))
    return torch.stack(columns, dim=1).float()
""",
    """
def centre(array):
    array = array.copy()
    array -= array.mean(axis=0)
    return torch.from_numpy(array.astype(np.float32))
""",
]
