"""What is right and wrong in exercise 13_2."""

import numpy as np
import torch
from torch.utils.data import DataLoader

HINT = (
    'Scale the whole array in __init__ (self.table = ...), and turn it into a float32 '
    'tensor. Then __getitem__ only has to slice a row. Which slice of three values '
    'keeps the dimension, so that the target is [1]?'
)

SOLUTION = """
class Apartments(Dataset):
    def __init__(self, array, mean, std):
        scaled = (array - mean) / std
        self.table = torch.tensor(scaled, dtype=torch.float32)

    def __len__(self):
        return len(self.table)

    def __getitem__(self, index):
        row = self.table[index]
        return row[1:], row[:1]
"""

ARRAY = np.array(
    [
        [900.0, 50.0, 3.0],
        [1500.0, 95.0, 4.0],
        [700.0, 30.0, 1.0],
        [1200.0, 70.0, 3.0],
        [1000.0, 65.0, 2.0],
    ]
)
MEAN = np.array([1100.0, 60.0, 2.5])  # of training rows, which are others
STD = np.array([200.0, 20.0, 0.5])


def text(values):
    """[0.25, -1.0] as it's told to a learner."""
    numbers = torch.as_tensor(values).flatten().tolist()
    return '[' + ', '.join(f'{number:.2f}' for number in numbers) + ']'


def close(one, two):
    one, two = torch.as_tensor(one).double(), torch.as_tensor(two).double()
    return one.shape == two.shape and torch.allclose(one, two, atol=1e-4)


def example(dataset, index):
    """dataset[index], a pair of tensors."""
    got = dataset[index]
    assert isinstance(got, (tuple, list)) and len(got) == 2, (
        'not a pair',
        f'dataset[{index}] is a {type(got).__name__}. Return a pair, the inputs and '
        'the target, with a comma between them.',
    )
    for part, name in zip(got, ('inputs', 'target')):
        assert isinstance(part, torch.Tensor), (
            'not tensors',
            f'dataset[{index}] is a pair, but its {name} should be a tensor and not of '
            f'type {type(part).__name__}. torch.tensor(...) makes one.',
        )
    return got


def check(mine):
    array, mean, std = ARRAY.copy(), MEAN.copy(), STD.copy()
    dataset = mine.Apartments(array, mean, std)
    try:
        length = len(dataset)
    except TypeError as error:
        assert 'NoneType' not in str(error), (
            'length is empty',
            '__len__ returns nothing. Return the number of apartments.',
        )
        raise
    assert length == len(ARRAY), (
        'wrong length',
        f'There are {len(ARRAY)} apartments, but len(dataset) is {length}. Return the '
        'number of rows.',
    )
    first = example(dataset, 0)
    for name, before, after in zip(
        ('array', 'mean', 'std'), (ARRAY, MEAN, STD), (array, mean, std)
    ):
        assert np.array_equal(before, after), (
            'changes its arrays',
            f'Your dataset has changed {name}: its first value was '
            f'{before.flatten()[0]:g}, and now it is {after.flatten()[0]:g}. Compute '
            'a new array, because -= and /= write into the old one.',
        )
    check_shapes(*first)
    for index in range(len(ARRAY)):
        check_values(*example(dataset, index), index)
    dtypes = [part.dtype for part in first]
    assert dtypes == [torch.float32, torch.float32], (
        'not float32',
        f'The dtypes of the pair are {dtypes[0]} and {dtypes[1]}, but the weights of a '
        'layer are float32. Use torch.tensor(..., dtype=torch.float32).',
    )
    inputs, targets = next(iter(DataLoader(dataset, batch_size=4)))
    assert inputs.shape == (4, 2) and targets.shape == (4, 1), (
        'wrong batch',
        f'A DataLoader makes batches of {list(inputs.shape)} and '
        f'{list(targets.shape)} from your dataset. With 4 apartments, they should be '
        '[4, 2] and [4, 1].',
    )
    other = mine.Apartments(ARRAY[:1].copy(), MEAN.copy(), STD.copy())
    assert len(other) == 1 and len(dataset) == length, (
        'shared by all datasets',
        f'With a second dataset of one apartment, the lengths are {len(dataset)} and '
        f'{len(other)}, not {length} and 1. Keep what belongs to a dataset in self.',
    )


def check_shapes(inputs, target):
    shapes = (
        f'The shapes of dataset[0] are {list(inputs.shape)} and {list(target.shape)}'
    )
    assert inputs.numel() != 3, (
        'rent among the inputs',
        f'{shapes}. All three columns are in the inputs, so the network could read the '
        'rent there. Leave column 0 out.',
    )
    assert (inputs.shape, target.shape) != ((1,), (2,)), (
        'target comes first',
        f'{shapes}, so the target comes first. Return the inputs first.',
    )
    assert target.dim(), (
        'target without a dimension',
        f'{shapes}. A batch of such targets is [batch], and with outputs of [batch, 1] '
        'they would be broadcast. Keep the dimension, with [:1] instead of [0].',
    )
    assert inputs.shape == (2,) and target.shape == (1,), (
        'wrong shapes',
        f'{shapes}. They should be [2] and [1].',
    )


def check_values(inputs, target, index):
    row, scaled = ARRAY[index], (ARRAY[index] - MEAN) / STD
    seen = (
        f'For apartment {index}, the inputs should be {text(scaled[1:])} and the target '
        f'{text(scaled[:1])}, but yours are {text(inputs)} and {text(target)}'
    )
    own = (ARRAY - ARRAY.mean(axis=0)) / ARRAY.std(axis=0)
    own_n1 = (ARRAY - ARRAY.mean(axis=0)) / ARRAY.std(axis=0, ddof=1)
    assert not close(inputs, row[1:]), (
        'not scaled',
        f'{seen}, which are not scaled. Subtract the mean and divide by std.',
    )
    assert not (close(inputs, scaled[1:]) and close(target, row[:1])), (
        'target not scaled',
        f'{seen}. The inputs are scaled, but the target is not. Scale it with mean[0] '
        'and std[0].',
    )
    for wrong in (own[index], own_n1[index]):
        assert not close(inputs, wrong[1:]), (
            'uses its own mean',
            f'{seen}. They are scaled with the mean of these very rows. Use mean and '
            'std, which are from the training rows, or each set would be scaled '
            'differently.',
        )
    assert not close(inputs, row[1:] - MEAN[1:] / STD[1:]), (
        'divides too early',
        f'{seen}. Python divides before it subtracts, so put the subtraction in '
        'parentheses: (value - mean) / std.',
    )
    assert not close(inputs, row[1:] - MEAN[1:]), (
        'not divided',
        f'{seen}. The mean is subtracted, but nothing is divided by std.',
    )
    assert not close(target, scaled[2:]), (
        'wrong column',
        f'{seen}. The target is the last column, the number of rooms. The rent is '
        'column 0.',
    )
    first = (ARRAY[0] - MEAN) / STD
    assert index == 0 or not close(inputs, first[1:]), (
        'always the same row',
        f'{seen}, which are those of apartment 0. Use the index.',
    )
    assert close(inputs, scaled[1:]) and close(target, scaled[:1]), (
        'wrong values',
        f'{seen}. For each column, compute (value - mean) / std.',
    )


def but(*changes):
    """The solution, with changes: pairs of what is replaced and by what."""
    answer = SOLUTION
    for old, new in changes:
        assert answer.count(old) == 1, old
        answer = answer.replace(old, new)
    return answer


PAIR = 'row[1:], row[:1]'
SCALED = '(array - mean) / std'
FLOAT32 = 'torch.tensor(scaled, dtype=torch.float32)'

WRONG = [  # (answer, name of its mistake)
    (
        but(('        return len(self.table)', '        len(self.table)')),
        'length is empty',
    ),
    (but(('len(self.table)', 'self.table.shape[1]')), 'wrong length'),
    (but(('len(self.table)', 'self.table.numel()')), 'wrong length'),
    (but((PAIR, 'row')), 'not a pair'),
    (but((PAIR, '{"inputs": row[1:], "target": row[:1]}')), 'not a pair'),
    (but((FLOAT32, 'scaled')), 'not tensors'),
    (but((PAIR, 'row[1:], row[0].item()')), 'not tensors'),
    (
        """
class Apartments(Dataset):
    def __init__(self, array, mean, std):
        array -= mean
        array /= std
        self.table = torch.tensor(array, dtype=torch.float32)

    def __len__(self):
        return len(self.table)

    def __getitem__(self, index):
        return self.table[index, 1:], self.table[index, :1]
""",
        'changes its arrays',
    ),
    (
        """
class Apartments(Dataset):
    def __init__(self, array, mean, std):
        self.table = torch.from_numpy(array)
        self.table.sub_(torch.from_numpy(mean)).div_(torch.from_numpy(std))

    def __len__(self):
        return len(self.table)

    def __getitem__(self, index):
        return self.table[index, 1:].float(), self.table[index, :1].float()
""",
        'changes its arrays',
    ),
    (but((PAIR, 'row, row[:1]')), 'rent among the inputs'),
    (but((PAIR, 'row[:1], row[1:]')), 'target comes first'),
    (but((PAIR, 'row[1:], row[0]')), 'target without a dimension'),
    (but((PAIR, 'row[1:].unsqueeze(0), row[:1]')), 'wrong shapes'),
    (but((PAIR, 'row[1:2], row[:1]')), 'wrong shapes'),
    (but(('self.table[index]', 'self.table[index:]')), 'wrong shapes'),
    (but((SCALED, 'array')), 'not scaled'),
    (
        but(
            ('        scaled = (array - mean) / std\n', ''),
            (
                'torch.tensor(scaled, dtype=torch.float32)',
                'torch.tensor(array, dtype=torch.float32)\n'
                '        self.table[:, 1:] -= torch.tensor(mean[1:])\n'
                '        self.table[:, 1:] /= torch.tensor(std[1:])',
            ),
        ),
        'target not scaled',
    ),
    (
        but((SCALED, '(array - array.mean(axis=0)) / array.std(axis=0)')),
        'uses its own mean',
    ),
    (
        but(
            ('        scaled = (array - mean) / std\n', ''),
            (
                'torch.tensor(scaled, dtype=torch.float32)',
                'torch.tensor(array, dtype=torch.float32)\n'
                '        self.table = (self.table - self.table.mean(dim=0)) '
                '/ self.table.std(dim=0)',
            ),
        ),
        'uses its own mean',
    ),
    (but((SCALED, 'array - mean / std')), 'divides too early'),
    (but((SCALED, 'array - mean')), 'not divided'),
    (but((SCALED, '(array - mean) * std')), 'wrong values'),
    (but((PAIR, 'row[:2], row[2:]')), 'wrong column'),
    (but(('self.table[index]', 'self.table[0]')), 'always the same row'),
    (but((FLOAT32, 'torch.tensor(scaled)')), 'not float32'),
    (but((FLOAT32, 'torch.from_numpy(scaled)')), 'not float32'),
    (
        """
class Apartments(Dataset):
    def __init__(self, array, mean, std):
        Apartments.table = torch.tensor((array - mean) / std, dtype=torch.float32)

    def __len__(self):
        return len(self.table)

    def __getitem__(self, index):
        return self.table[index, 1:], self.table[index, :1]
""",
        'shared by all datasets',
    ),
    (
        """
class Apartments(Dataset):
    def __init__(self, array, mean, std):
        self.table = torch.tensor((array - mean) / std, dtype=torch.float32)

    def __len__(self):
        return len(self.table)

    def __getitem__(self, index):
        return self.table[index, [1, 2]], self.table[index, [True, False, False]]

    def __getitems__(self, indices):
        return [(self.table[i, 1:], self.table[i, 0]) for i in indices]
""",
        'wrong batch',
    ),
    (
        """
class Apartments(Dataset):
    def __init__(self, array, mean, std):
        table = torch.tensor((array - mean) / std, dtype=torch.float32)

    def __len__(self):
        return len(self.table)

    def __getitem__(self, index):
        return self.table[index, 1:], self.table[index, :1]
""",
        'AttributeError',
    ),
]

RIGHT = [  # other answers that are right
    """
class Apartments(Dataset):
    def __init__(self, array, mean, std):
        self.array = array
        self.mean = mean
        self.std = std

    def __len__(self):
        return self.array.shape[0]

    def __getitem__(self, index):
        row = (self.array[index] - self.mean) / self.std
        row = row.astype(np.float32)
        return torch.from_numpy(row[1:]), torch.from_numpy(row[:1])
""",
    """
class Apartments(Dataset):
    def __init__(self, array, mean, std):
        table = torch.from_numpy((array - mean) / std).float()
        self.inputs = table[:, 1:]
        self.targets = table[:, 0].unsqueeze(1)

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, index):
        return self.inputs[index], self.targets[index]
""",
    """
class Apartments:
    def __init__(self, array, mean, std):
        self.rows = [(row - mean) / std for row in array]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        rent, area, rooms = self.rows[index].tolist()
        return torch.tensor([area, rooms]), torch.tensor([rent])
""",
]
