"""The comments of lessons are compared with the run: both sides of every arrow."""

import promises
import pytest
import torch
from torch import nn
from torch.nn import functional as F


def problems(statement):
    """What is said against the comment of a statement, after running it."""
    shapes = {}

    def note_shape(number, value):
        if isinstance(value, torch.Tensor):
            shapes.setdefault(number, list(value.shape))
        return value

    names = {
        'torch': torch,
        'nn': nn,
        'F': F,
        'note_shape': note_shape,
        'images': torch.zeros(64, 1, 28, 28),
        'x': torch.zeros(64, 784),
        'layer': nn.Linear(784, 10),
        'labels': torch.zeros(64),
        'row': torch.zeros(1, 3),
        'matrix': torch.zeros(3, 2),
    }
    exec(promises.marked(statement), names)
    (promise,) = promises.of_shapes(statement)
    return promises.broken(promise, shapes)


RIGHT = [
    'y = images.view(images.shape[0], -1)  # [64, 1, 28, 28] -> [64, 784]',
    'y = F.log_softmax(layer(x), dim=1)  # [64, 784] -> [64, 10]',
    'y = F.log_softmax(\n    layer(x), dim=1)  # [64, 784] -> [64, 10], all below zero',
    'y = F.relu(x)  # [64, 784] -> [64, 784]',
    'y = layer(images[0].view(1, -1))  # [1, 784] -> [1, 10]',
    'y = row @ matrix  # [1, 3] x [3, 2] -> [1, 2]',
    'y = torch.sigmoid(torch.mm(row, matrix))  # [1, 3] x [3, 2] -> [1, 2]',
    'y = torch.exp(x - x.max(dim=1, keepdim=True).values)  # [64, 784] - [64, 1]',
    'y = torch.equal(layer(x).argmax(dim=1) == labels, x)  # [64] == [64]',
    'y = row @ matrix.T.reshape(3, 2)  # reshape: [2, 3] -> [3, 2]',
    'y = F.softmax(layer(x), dim=1)  # [n, classes]',
    'y = row.T @ row  # [3, 3]',
    'y = x / x.sum(dim=1, keepdim=True)  # keepdim: [64, 1] divides row by row',
    'y = nn.CrossEntropyLoss()(layer(x), labels.long())  # labels: [64], whole numbers',
    'y = x.view(28, 28, -1).permute(2, 0, 1)  # [side, side, 64] -> [64, side, side]',
    'torch.zeros(1, 3).copy_(row[0])  # [3] -> [1, 3]',
]
WRONG = [  # and what the message names
    (
        'y = images.view(images.shape[0], -1)  # [64, 1, 28, 28] -> [64, 785]',
        '[64, 784]',
    ),
    (
        'y = images.view(images.shape[0], -1)  # [64, 3, 28, 28] -> [64, 784]',
        '[64, 1, 28, 28]',
    ),
    ('y = F.log_softmax(layer(x), dim=1)  # [64, 10] -> [64, 10]', '[64, 784]'),
    ('y = layer(images[0].view(1, -1))  # [1, 28, 28] -> [1, 10]', '[1, 784]'),
    ('y = F.relu(x)  # [64, 785] -> [64, 784]', '[64, 784]'),
    ('y = row @ matrix  # [1, 4] x [3, 2] -> [1, 2]', '[1, 3] x [3, 2]'),
    ('y = row @ matrix  # [1, 3] x [2, 3] -> [1, 2]', '[1, 3] x [3, 2]'),
    ('y = row @ matrix  # [1, 3] x [3, 2] -> [2, 1]', '[1, 2]'),
    (
        'y = torch.exp(x - x.max(dim=1, keepdim=True).values)  # [64, 784] - [64]',
        '[64, 784] - [64, 1]',
    ),
    (
        'y = torch.equal(layer(x).argmax(dim=1) == labels, x)  # [64, 1] == [64]',
        '[64] == [64]',
    ),
    ('y = row @ matrix.T.reshape(3, 2)  # reshape: [3, 2] -> [2, 3]', '[3, 2]'),
    ('y = F.softmax(layer(x), dim=1)  # [classes]', '[64, 10]'),
    (
        'y = x / x.sum(dim=1, keepdim=True)  # keepdim: [64] divides row by row',
        '[64, 1]',
    ),
    ('y = nn.CrossEntropyLoss()(layer(x), labels.long())  # labels: [64, 1]', '[64]'),
    (
        'y = x.view(28, 28, -1).permute(2, 0, 1)  # [side, side, 64] -> [side, side, 64]',
        '[64, 28, 28]',
    ),
    ('y = row + row[0]  # [1, 3] summed, + [1, 3] -> [3, 1]', '[1, 3]'),
    ('y = row + row[0]  # [1, 3] and [2], + [3] -> [1, 3]', '[3]'),
]


@pytest.mark.parametrize('statement', RIGHT)
def test_a_promise_that_is_kept_is_not_blamed(statement):
    assert problems(statement) == ''


@pytest.mark.parametrize('statement, named', WRONG)
def test_a_promise_that_is_not_kept_is_named_with_what_happened(statement, named):
    problem = problems(statement)
    assert problem, f'Nothing is said against {statement}'
    assert named in problem.partition('comment')[0], problem


def test_what_a_print_promises_is_found_in_any_layout():
    source = "print(1)  # 1\nprint('two',\n      2)  # two 2\nx = 3  # x\n# print(4)\n"
    assert promises.of_prints(source) == {1: '1', 2: 'two 2'}
