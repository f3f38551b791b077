"""What is right and wrong in exercise 1."""
import torch
from check import shaped

HINT = '''A matrix product sums along each row. For both(): draw a table of the four
examples, and write the sum of each beside it.'''

NEURON = '''
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-(features @ weights.T + bias)))
'''
BOTH = '''
def both():
    return torch.tensor([[1.0, 1.0]]), torch.tensor([[-1.5]])
'''
SOLUTION = NEURON + '\n' + BOTH


def check_neuron(mine, n, k):
    features = torch.randn(n, k).round(decimals=1)
    weights = torch.randn(1, k).round(decimals=1)
    bias = torch.tensor([[0.7]])
    given = [features.clone(), weights.clone(), bias.clone()]
    got, case = mine.neuron(features, weights, bias), f'for features [{n}, {k}]'
    assert isinstance(got, torch.Tensor), (
        f'your neuron returns a {type(got).__name__}, not a tensor')
    shape = list(got.shape)
    assert shape != [k, k] or k == n == 1, (
        f'{case} your output is {shape}, every product and no sum: turn the weights '
        'upright, not the features')
    assert k == 1 or shape != [n, k], (
        f'{case} your output is {shape}, one number for each feature: the products of '
        'a row are to be summed')
    assert n == 1 or got.numel() != 1, (
        f'{case} you give one output for all rows: sum along each row, not over '
        'everything')
    assert shape != [n], (
        f'{case} your output is [{n}]: let it be upright, [{n}, 1], as the product of '
        'matrices makes it')
    assert n == 1 or shape != [1, n], (
        f'{case} your output is [1, {n}], and [{n}, 1] is wanted, an output below the '
        'other: features @ weights.T stands upright')
    shaped(got, torch.zeros(n, 1), f'{case} your output')
    products = features * weights
    total = products.sum(dim=1, keepdim=True) + bias
    right = torch.sigmoid(total)
    for wrong, words in (
            (total, 'this is the sum still: it has to go through the sigmoid'),
            (1 - right, 'a sum below 0 must come out below 0.5: look at the minus in '
                        'the sigmoid'),
            (torch.exp(total), 'the sigmoid is 1 / (1 + exp(-x)): you left out a 1 +'),
            (torch.sigmoid(total - 2 * bias),
             'the minus in exp(-x) is for the whole sum, bias and all: parentheses'),
            (torch.sigmoid(total - bias) + bias, 'the bias comes before the sigmoid'),
            (torch.sigmoid(total - bias), 'the bias is not in your sum'),
            (torch.sigmoid(total + (k - 1) * bias),
             'you add the bias to each product: it comes once, to their sum'),
            (torch.sigmoid(products.mean(dim=1, keepdim=True) + bias),
             'you take the mean of the products: a neuron takes their sum'),
            (torch.tanh(total), 'that is tanh: the sigmoid is 1 / (1 + exp(-x))'),
            (right.round(), 'do not round: the sigmoid says how much, not yes or no')):
        assert (torch.allclose(wrong, right, atol=1e-4)
                or not torch.allclose(got, wrong, atol=1e-4)), words
    assert all(map(torch.equal, given, [features, weights, bias])), (
        'your neuron changes its inputs: make new tensors of them')
    assert torch.allclose(got, right, atol=1e-4), (
        f'{case} {features}, weights {weights} and bias 0.7 the output '
        f'is {right}, and yours is {got}')


def check(mine):
    for n, k in ((1, 5), (4, 3), (3, 3), (6, 2), (1, 1)):
        check_neuron(mine, n, k)
    got = mine.both()
    assert isinstance(got, (tuple, list)) and len(got) == 2, (
        'both is to return two things: return weights, bias')
    shaped(got[0], torch.zeros(1, 2), 'weights of both()')
    shaped(got[1], torch.zeros(1, 1), 'bias of both()')
    (first, second), bias = got[0][0].tolist(), got[1].item()
    assert bias < 0, (
        f'at [0, 0] the products are 0 and only your bias is left, {bias:g}: the sum '
        'must be below 0, for the sigmoid of 0 is 0.5')
    for feature, total, asked in (([1, 0], first + bias, 'below'),
                                  ([0, 1], second + bias, 'below'),
                                  ([1, 1], first + second + bias, 'above')):
        assert total != 0, (
            f'at {feature} your sum is 0, and the output exactly 0.5, where {asked} '
            '0.5 is asked for')
    for feature, weight in (([1, 0], first), ([0, 1], second)):
        assert weight + bias < 0, (
            f'at {feature} your sum is {weight + bias:g}, so one feature alone says '
            'yes: a lower bias, or smaller weights')
    assert first + second + bias > 0, (
        f'at [1, 1] your sum is {first + second + bias:g}, so it says no to all: the '
        'two weights together must outweigh the bias')


WRONG = [  # (answer, words that the verdict has)
    (BOTH + '''
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-((features * weights).sum() + bias)))
''', 'one output for all rows'),
    (BOTH + '''
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-(weights.T @ features + bias)))
''', 'turn the weights upright'),
    (BOTH + '''
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-(features * weights + bias)))
''', 'products of a row are to be summed'),
    (BOTH + '''
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-((features * weights).sum(dim=1) + bias.view(1))))
''', 'let it be upright'),
    (BOTH + '''
def neuron(features, weights, bias):
    return features @ weights.T + bias
''', 'go through the sigmoid'),
    (BOTH + '''
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(features @ weights.T + bias))
''', 'look at the minus'),
    (BOTH + '''
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-features @ weights.T + bias))
''', 'for the whole sum'),
    (BOTH + '''
def neuron(features, weights, bias):
    return 1 / torch.exp(-(features @ weights.T + bias))
''', 'you left out a 1 +'),
    (BOTH + '''
def neuron(features, weights, bias):
    return 1 / (1 + torch.exp(-features @ weights.T))
''', 'bias is not in your sum'),
    (BOTH + '''
def neuron(features, weights, bias):
    total = (features * weights + bias).sum(dim=1, keepdim=True)
    return 1 / (1 + torch.exp(-total))
''', 'add the bias to each product'),
    (BOTH + '''
def neuron(features, weights, bias):
    total = (features * weights).mean(dim=1, keepdim=True) + bias
    return 1 / (1 + torch.exp(-total))
''', 'mean of the products'),
    (BOTH + '''
def neuron(features, weights, bias):
    features *= weights
    return torch.sigmoid(features.sum(dim=1, keepdim=True) + bias)
''', 'changes its inputs'),
    (BOTH + '''
def neuron(features, weights, bias):
    return (features @ weights.T + bias > 0).float()
''', 'do not round'),
    (BOTH + '''
def neuron(features, weights, bias):
    outputs = torch.sigmoid(features @ weights.T + bias)
    print(outputs)
''', 'neuron returns nothing'),
    (BOTH + '''
def neuron(features, weights, bias):
    return torch.sigmoid(features @ weights.T + bias).tolist()
''', 'not a tensor'),
    (NEURON + '''
def both():
    return torch.tensor([[1.0, 1.0]]), torch.tensor([[0.0]])
''', 'only your bias is left'),
    (NEURON + '''
def both():
    return torch.tensor([[1.0, 1.0]]), torch.tensor([[-0.5]])
''', 'one feature alone'),
    (NEURON + '''
def both():
    return torch.tensor([[2.0, 0.5]]), torch.tensor([[-1.0]])
''', 'at [1, 0] your sum is 1'),
    (NEURON + '''
def both():
    return torch.tensor([[1.0, 1.0]]), torch.tensor([[-2.5]])
''', 'says no to all'),
    (NEURON + '''
def both():
    return torch.tensor([[1.0, 1.0]]), torch.tensor([[-1.0]])
''', 'exactly 0.5, where below 0.5 is asked for'),
    (NEURON + '''
def both():
    return torch.tensor([[1.0, 1.0]]), torch.tensor([[-2.0]])
''', 'exactly 0.5, where above 0.5 is asked for'),
    (BOTH + '''
def neuron(features, weights, bias):
    return torch.sigmoid((features * weights).sum(dim=1) + bias)
''', 'features @ weights.T stands upright'),
    (BOTH + '''
def neuron(features, weights, bias):
    return torch.sigmoid(torch.mm(weights, features.T) + bias)
''', 'features @ weights.T stands upright'),
    (BOTH + '''
def neuron(features, weights, bias):
    return torch.sigmoid(features @ weights.T) + bias
''', 'the bias comes before the sigmoid'),
    (NEURON + '''
def both():
    return torch.tensor([[1, 1]]), torch.tensor([[-1.5]])
''', 'torch.int64, not torch.float32'),
    (NEURON + '''
def both():
    return torch.tensor([1.0, 1.0]), torch.tensor([-1.5])
''', 'has the shape [2], not [1, 2]'),
]

RIGHT = [  # other answers that are right
    BOTH + '''
def neuron(features, weights, bias):
    return torch.sigmoid((features * weights).sum(dim=1, keepdim=True) + bias)
''',
    '''
def neuron(features, weights, bias):
    outputs = []
    for row in features:
        outputs.append(1 / (1 + torch.exp(-(row * weights).sum() - bias)))
    return torch.cat(outputs)

def both():
    return [torch.tensor([[20.0, 30.0]]), torch.tensor([[-35.0]])]
''',
    '''
def neuron(features, weights, bias):
    sums = bias + torch.mm(weights, features.T).T
    return torch.exp(sums) / (torch.exp(sums) + 1)

def both():
    weights, bias = torch.ones(1, 2), torch.zeros(1, 1)
    bias[0, 0] = -1.01
    return weights, bias
''',
]
