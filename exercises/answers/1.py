"""What is right and wrong in exercise 1."""

import torch
from check import shaped

HINT = """A matrix product sums along each row. For both(): draw a table of the four
examples, and write the sum of each beside it."""

NEURON = """
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-(features @ weights.T + bias)))
"""
BOTH = """
def both():
    return torch.tensor([[1.0, 1.0]]), torch.tensor([[-1.5]])
"""
SOLUTION = NEURON + '\n' + BOTH


def check_neuron(mine, n, k):
    features = torch.randn(n, k).round(decimals=1)
    weights = torch.randn(1, k).round(decimals=1)
    bias = torch.tensor([[0.7]])
    given = [features.clone(), weights.clone(), bias.clone()]
    got, case = mine.neuron(features, weights, bias), f'for features [{n}, {k}]'
    assert isinstance(got, torch.Tensor), (
        'returns no tensor',
        f'your neuron returns a {type(got).__name__}, not a tensor',
    )
    shape = list(got.shape)
    assert shape != [k, k] or k == n == 1, (
        'turns the features',
        f'{case} your output is {shape}, every product and no sum: turn the weights '
        'upright, not the features',
    )
    assert k == 1 or shape != [n, k], (
        'forgets to sum',
        f'{case} your output is {shape}, one number for each feature: the products of '
        'a row are to be summed',
    )
    assert n == 1 or got.numel() != 1, (
        'sums over everything',
        f'{case} you give one output for all rows: sum along each row, not over '
        'everything',
    )
    assert shape != [n], (
        'output lies flat',
        f'{case} your output is [{n}]: let it be upright, [{n}, 1], as the product of '
        'matrices makes it',
    )
    assert n == 1 or shape != [1, n], (
        'output in one row',
        f'{case} your output is [1, {n}], and [{n}, 1] is wanted, an output below the '
        'other: features @ weights.T stands upright',
    )
    shaped(got, torch.zeros(n, 1), f'{case} your output')
    products = features * weights
    total = products.sum(dim=1, keepdim=True) + bias
    right = torch.sigmoid(total)
    for wrong, mistake in (
        (
            total,
            ('no sigmoid', 'this is the sum still: it has to go through the sigmoid'),
        ),
        (
            1 - right,
            (
                'sign in sigmoid turned',
                'a sum below 0 must come out below 0.5: look at the minus in the '
                'sigmoid',
            ),
        ),
        (
            torch.exp(total),
            (
                'leaves out one plus',
                'the sigmoid is 1 / (1 + exp(-x)): you left out a 1 +',
            ),
        ),
        (
            torch.sigmoid(total - 2 * bias),
            (
                'minus without parentheses',
                'the minus in exp(-x) is for the whole sum, bias and all: parentheses',
            ),
        ),
        (
            torch.sigmoid(total - bias) + bias,
            ('bias after sigmoid', 'the bias comes before the sigmoid'),
        ),
        (torch.sigmoid(total - bias), ('no bias', 'the bias is not in your sum')),
        (
            torch.sigmoid(total + (k - 1) * bias),
            (
                'bias for each product',
                'you add the bias to each product: it comes once, to their sum',
            ),
        ),
        (
            torch.sigmoid(products.mean(dim=1, keepdim=True) + bias),
            (
                'mean for sum',
                'you take the mean of the products: a neuron takes their sum',
            ),
        ),
        (
            torch.tanh(total),
            ('tanh for sigmoid', 'that is tanh: the sigmoid is 1 / (1 + exp(-x))'),
        ),
        (
            right.round(),
            (
                'rounds the output',
                'do not round: the sigmoid says how much, not yes or no',
            ),
        ),
    ):
        assert torch.allclose(wrong, right, atol=1e-4) or not torch.allclose(
            got, wrong, atol=1e-4
        ), mistake
    assert all(map(torch.equal, given, [features, weights, bias])), (
        'changes its inputs',
        'your neuron changes its inputs: make new tensors of them',
    )
    assert torch.allclose(got, right, atol=1e-4), (
        'wrong output',
        f'{case} {features}, weights {weights} and bias 0.7 the output '
        f'is {right}, and yours is {got}',
    )


def check(mine):
    for n, k in ((1, 5), (4, 3), (3, 3), (6, 2), (1, 1)):
        check_neuron(mine, n, k)
    got = mine.both()
    assert isinstance(got, (tuple, list)) and len(got) == 2, (
        'returns not two things',
        'both is to return two things: return weights, bias',
    )
    shaped(got[0], torch.zeros(1, 2), 'weights of both()')
    shaped(got[1], torch.zeros(1, 1), 'bias of both()')
    (first, second), bias = got[0][0].tolist(), got[1].item()
    assert bias < 0, (
        'bias not below zero',
        f'at [0, 0] the products are 0 and only your bias is left, {bias:g}: the sum '
        'must be below 0, for the sigmoid of 0 is 0.5',
    )
    for feature, total, asked in (
        ([1, 0], first + bias, 'below'),
        ([0, 1], second + bias, 'below'),
        ([1, 1], first + second + bias, 'above'),
    ):
        assert total != 0, (
            'sum of exactly zero',
            f'at {feature} your sum is 0, and the output exactly 0.5, where {asked} '
            '0.5 is asked for',
        )
    for feature, weight in (([1, 0], first), ([0, 1], second)):
        assert weight + bias < 0, (
            'one feature is enough',
            f'at {feature} your sum is {weight + bias:g}, so one feature alone says '
            'yes: a lower bias, or smaller weights',
        )
    assert first + second + bias > 0, (
        'no to all',
        f'at [1, 1] your sum is {first + second + bias:g}, so it says no to all: the '
        'two weights together must outweigh the bias',
    )


WRONG = [  # (answer, name of its mistake)
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-((features * weights).sum() + bias)))
""",
        'sums over everything',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-(weights.T @ features + bias)))
""",
        'turns the features',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-(features * weights + bias)))
""",
        'forgets to sum',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-((features * weights).sum(dim=1) + bias.view(1))))
""",
        'output lies flat',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return features @ weights.T + bias
""",
        'no sigmoid',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(features @ weights.T + bias))
""",
        'sign in sigmoid turned',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-features @ weights.T + bias))
""",
        'minus without parentheses',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return 1 / torch.exp(-(features @ weights.T + bias))
""",
        'leaves out one plus',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-features @ weights.T))
""",
        'no bias',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    total = (features * weights + bias).sum(dim=1, keepdim=True)
    return 1 / (1 + torch.exp(-total))
""",
        'bias for each product',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    total = (features * weights).mean(dim=1, keepdim=True) + bias
    return 1 / (1 + torch.exp(-total))
""",
        'mean for sum',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    features *= weights
    return torch.sigmoid(features.sum(dim=1, keepdim=True) + bias)
""",
        'changes its inputs',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return (features @ weights.T + bias > 0).float()
""",
        'rounds the output',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    outputs = torch.sigmoid(features @ weights.T + bias)
    print(outputs)
""",
        'returns nothing',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return torch.sigmoid(features @ weights.T + bias).tolist()
""",
        'returns no tensor',
    ),
    (
        NEURON
        + """
def both():
    return torch.tensor([[1.0, 1.0]]), torch.tensor([[0.0]])
""",
        'bias not below zero',
    ),
    (
        NEURON
        + """
def both():
    return torch.tensor([[1.0, 1.0]]), torch.tensor([[-0.5]])
""",
        'one feature is enough',
    ),
    (
        NEURON
        + """
def both():
    return torch.tensor([[2.0, 0.5]]), torch.tensor([[-1.0]])
""",
        'one feature is enough',
    ),
    (
        NEURON
        + """
def both():
    return torch.tensor([[1.0, 1.0]]), torch.tensor([[-2.5]])
""",
        'no to all',
    ),
    (
        NEURON
        + """
def both():
    return torch.tensor([[1.0, 1.0]]), torch.tensor([[-1.0]])
""",
        'sum of exactly zero',
    ),
    (
        NEURON
        + """
def both():
    return torch.tensor([[1.0, 1.0]]), torch.tensor([[-2.0]])
""",
        'sum of exactly zero',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return torch.sigmoid((features * weights).sum(dim=1) + bias)
""",
        'output in one row',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return torch.sigmoid(torch.mm(weights, features.T) + bias)
""",
        'output in one row',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return torch.sigmoid(features @ weights.T) + bias
""",
        'bias after sigmoid',
    ),
    (
        NEURON
        + """
def both():
    return torch.tensor([[1, 1]]), torch.tensor([[-1.5]])
""",
        'wrong dtype',
    ),
    (
        NEURON
        + """
def both():
    return torch.tensor([1.0, 1.0]), torch.tensor([-1.5])
""",
        'wrong shape',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return torch.tanh(features @ weights.T + bias)
""",
        'tanh for sigmoid',
    ),
    (
        BOTH
        + """
def neuron(features, weights, bias):
    return torch.sigmoid(features @ weights.T * bias)
""",
        'wrong output',
    ),
    (
        NEURON
        + """
def both():
    return torch.tensor([[1.0, 1.0, -1.5]])
""",
        'returns not two things',
    ),
]

RIGHT = [  # other answers that are right
    BOTH
    + """
def neuron(features, weights, bias):
    return torch.sigmoid((features * weights).sum(dim=1, keepdim=True) + bias)
""",
    """
def neuron(features, weights, bias):
    outputs = []
    for row in features:
        outputs.append(1 / (1 + torch.exp(-(row * weights).sum() - bias)))
    return torch.cat(outputs)

def both():
    return [torch.tensor([[20.0, 30.0]]), torch.tensor([[-35.0]])]
""",
    """
def neuron(features, weights, bias):
    sums = bias + torch.mm(weights, features.T).T
    return torch.exp(sums) / (torch.exp(sums) + 1)

def both():
    weights, bias = torch.ones(1, 2), torch.zeros(1, 1)
    bias[0, 0] = -1.01
    return weights, bias
""",
]
