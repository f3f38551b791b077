"""What is right and wrong in exercise 5."""

from numbers import Integral
from unittest import mock

import torch
from check import shaped
from torch import nn

HINT = """zip(sizes, sizes[1:]) gives each layer's inputs and outputs. And for count: a
layer has a weight for each pair of input and output, and what for each output?"""

NET = """
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            layers += [nn.Linear(inputs, outputs), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.layers(x)
"""
COUNT = """
def count(sizes):
    total = 0
    for inputs, outputs in zip(sizes, sizes[1:]):
        total += inputs * outputs + outputs
    return total
"""
SOLUTION = NET + '\n' + COUNT


def make(mine, sizes):
    """A network of these sizes, with all that holds before it is called."""
    given = list(sizes)
    try:
        net = mine.Net(sizes)
    except (AttributeError, TypeError) as error:
        assert 'Module.__init__' not in str(error), (
            'no super init',
            'super().__init__() comes first in __init__: without it torch cannot note '
            'your layers',
        )
        raise
    assert list(sizes) == given, (
        'changes the list',
        f'the list of sizes was {given} and is {sizes} after you used it: pop takes '
        'away what others still need',
    )
    assert isinstance(net, nn.Module), (
        'makes no module',
        f'Net makes a {type(net).__name__}, no nn.Module',
    )
    assert hasattr(net, '_parameters'), (
        'super init without effect',
        'super().__init__() comes first in __init__: without it torch notes nothing',
    )
    got, right = sum(p.numel() for p in net.parameters()), amount(given)
    assert got > 0, (
        'no parameters seen',
        'torch sees 0 parameters: layers in a plain list go unnoticed, and so do those '
        'that forward makes; give them to nn.Sequential(*layers)',
    )
    assert got == right, (
        'wrong number of parameters',
        f'Net({given}) has {got} parameters, not {right}: is each layer there once, '
        'with its own inputs and outputs, and a bias?',
    )
    return net


def amount(sizes):
    return sum(i * o + o for i, o in zip(sizes, sizes[1:]))


def by_hand(net, sizes, x, between=torch.sigmoid):
    """The logits, from the parameters of the net, found by their shapes."""
    found = {tuple(p.shape): p for p in net.parameters()}
    for n, (i, o) in enumerate(zip(sizes, sizes[1:])):
        assert (o, i) in found, (
            'weight of wrong shape',
            f'Net({sizes}) has no weight of shape [{o}, {i}]: its layers are '
            f'nn.Linear({sizes[0]}, {sizes[1]}) and so on',
        )
        assert (o,) in found, (
            'layer without bias',
            f'{o} units have no bias: nn.Linear would bring one',
        )
        x = x if n == 0 else between(x)
        x = x @ found[o, i].T + found[(o,)]
    return x


def check(mine):
    for sizes in ([6, 4, 3], [7, 5, 4, 3, 2], [3, 2]):
        net = make(mine, sizes)
        with torch.no_grad():
            for p in net.parameters():
                p.copy_(torch.randn(p.shape))
        x = torch.randn(8, sizes[0])
        right = by_hand(net, sizes, x)
        got = net(x)
        assert got is not None, (
            'forward returns nothing',
            'forward returns nothing: return hands it on',
        )
        shaped(got, right, f'for 8 images the output of Net({sizes})')
        for wrong, mistake in (
            (
                torch.sigmoid(right),
                (
                    'sigmoid behind last layer',
                    'there is a sigmoid behind the last layer: it stands between '
                    'layers only',
                ),
            ),
            (
                torch.softmax(right, dim=1),
                (
                    'returns probabilities',
                    'the outputs are probabilities: logits are wanted, without softmax',
                ),
            ),
            (
                torch.log_softmax(right, dim=1),
                ('returns log probabilities', 'logits are wanted, no log-softmax'),
            ),
            (
                by_hand(net, sizes, x, lambda x: x) if len(sizes) > 2 else None,
                (
                    'no sigmoid between layers',
                    'there is no sigmoid between your layers: they are one layer then',
                ),
            ),
            (
                by_hand(net, sizes, x, torch.relu) if len(sizes) > 2 else None,
                ('relu for sigmoid', 'that is ReLU: the sigmoid was asked for'),
            ),
        ):
            assert wrong is None or not torch.allclose(got, wrong, atol=1e-3), mistake
        assert torch.allclose(got, right, atol=1e-3), (
            'wrong output',
            f'Net({sizes}) gives {got[0].detach()}, and its weights, by hand, give '
            f'{right[0].detach()}',
        )
        assert got.requires_grad, (
            'output cut off',
            'the output is cut off from the weights, which can then not learn: leave '
            'detach and no_grad out of forward',
        )
        got.sum().backward()
        assert all(p.grad is not None for p in net.parameters()), (
            'layer left out',
            'some parameters take no part in the output: forward leaves a layer out',
        )
        assert net(x[:1]).shape == right[:1].shape, (
            'drops the single row',
            'one image must give one row',
        )
    equal = make(mine, (4, 4, 4))  # a tuple, and equal layers that must not be shared
    make(mine, [4, 4, 4])(torch.randn(2, 4)).sum().backward()
    assert all(p.grad is None for p in equal.parameters()), (
        'networks share layers',
        'two networks share their layers: make new ones in each __init__',
    )
    got = mine.count([784, 128, 64, 10])
    assert got != 109184, (
        'counts no biases',
        'each unit has a bias too: they are missing from your count',
    )
    assert got != 109386 + 784, (
        'counts biases of inputs',
        'the inputs have no bias: only the outputs of a layer',
    )
    assert got == 109386, (
        'wrong count of lesson',
        f'[784, 128, 64, 10] has 109386 parameters, and you say {got}',
    )
    for sizes in ([784, 256, 10], [3, 2], (2, 3, 4, 5, 6), [1, 1]):
        given, init, right = list(sizes), nn.Module.__init__, amount(sizes)
        with mock.patch.object(
            nn.Module, '__init__', autospec=True, side_effect=init
        ) as made:
            got = mine.count(sizes)
        assert list(sizes) == given, (
            'count changes the list',
            f'count changed the list: {given} became {sizes}',
        )
        assert got != 109386 or got == right, (
            'count is a constant',
            f'you give 109386 for {given} as well: work it out from the sizes',
        )
        assert got == right, (
            'wrong count',
            f'{given} has {right} parameters, and you say {got}',
        )
        assert not made.called, (
            'count makes a network',
            'count makes a network: work the number out of the sizes',
        )
        assert isinstance(got, Integral), (
            'count is no int',
            f'count returns a {type(got).__name__}: a whole number is an int',
        )


WRONG = [  # (answer, name of its mistake)
    (
        COUNT
        + """
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = [nn.Linear(i, o) for i, o in zip(sizes, sizes[1:])]

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.sigmoid(layer(x))
        return self.layers[-1](x)
""",
        'no parameters seen',
    ),
    (
        COUNT
        + """
class Net(nn.Module):
    def __init__(self, sizes):
        self.layers = nn.Sequential(nn.Linear(sizes[0], sizes[1]))

    def forward(self, x):
        return self.layers(x)
""",
        'no super init',
    ),
    (
        COUNT
        + """
class Net(nn.Module):
    def __init__(self, sizes):
        self.layers = [nn.Linear(i, o) for i, o in zip(sizes, sizes[1:])]

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
""",
        'super init without effect',
    ),
    (
        COUNT
        + """
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for i, o in zip(sizes, sizes[1:]):
            layers += [nn.Linear(i, o), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)
""",
        'sigmoid behind last layer',
    ),
    (
        COUNT
        + """
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.Sequential(*[nn.Linear(i, o)
                                      for i, o in zip(sizes, sizes[1:])])

    def forward(self, x):
        return self.layers(x)
""",
        'no sigmoid between layers',
    ),
    (
        COUNT
        + """
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.hidden = nn.Linear(sizes[0], sizes[1])
        self.output = nn.Linear(sizes[1], sizes[2])

    def forward(self, x):
        return self.output(torch.sigmoid(self.hidden(x)))
""",
        'wrong number of parameters',
    ),
    (
        COUNT
        + """
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for i, o in zip(sizes, sizes[1:]):
            layers += [nn.Linear(i, o), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.layers(x)
""",
        'relu for sigmoid',
    ),
    (
        COUNT
        + """
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        while len(sizes) > 1:
            layers += [nn.Linear(sizes.pop(0), sizes[0]), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.layers(x)
""",
        'changes the list',
    ),
    (
        COUNT
        + NET
        + """
    def forward(self, x):
        return torch.softmax(self.layers(x), dim=1)
""",
        'returns probabilities',
    ),
    (
        COUNT
        + NET
        + """
    def forward(self, x):
        x = self.layers(x)
""",
        'forward returns nothing',
    ),
    (
        COUNT
        + """
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for i, o in zip(sizes, sizes[1:]):
            layers += [nn.Linear(i, o, bias=False), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.layers(x)
""",
        'wrong number of parameters',
    ),
    (
        COUNT
        + """
made = {}

class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for i, o in zip(sizes, sizes[1:]):
            made[i, o] = made.get((i, o), nn.Linear(i, o))
            layers += [made[i, o], nn.Sigmoid()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.layers(x)
""",
        'wrong number of parameters',
    ),
    (
        NET
        + """
def count(sizes):
    return sum(i * o for i, o in zip(sizes, sizes[1:]))
""",
        'counts no biases',
    ),
    (
        NET
        + """
def count(sizes):
    return sum(i * o for i, o in zip(sizes, sizes[1:])) + sum(sizes)
""",
        'counts biases of inputs',
    ),
    (
        NET
        + """
def count(sizes):
    return 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10
""",
        'count is a constant',
    ),
    (
        NET
        + """
def count(sizes):
    return sum(p.numel() for p in Net(sizes).parameters() if p.dim() == 2)
""",
        'counts no biases',
    ),
    (
        NET
        + """
def count(sizes):
    print(sum(i * o + o for i, o in zip(sizes, sizes[1:])))
""",
        'returns nothing',
    ),
    (
        NET
        + """
def count(sizes):
    return sum(p.numel() for p in Net(sizes).parameters())
""",
        'count makes a network',
    ),
    (
        NET
        + """
def count(sizes):
    return sum((i + 1) * o / 1 for i, o in zip(sizes, sizes[1:]))
""",
        'count is no int',
    ),
    (COUNT + NET.replace('nn.Module', 'object'), 'makes no module'),
    (
        COUNT
        + NET.replace('self.layers(x)', 'torch.log_softmax(self.layers(x), dim=1)'),
        'returns log probabilities',
    ),
    (COUNT + NET.replace('nn.Sigmoid', 'nn.Tanh'), 'wrong output'),
    (
        COUNT + NET.replace('self.layers(x)', 'self.layers(x).detach()'),
        'output cut off',
    ),
    (
        COUNT
        + NET.replace(
            'return self.layers(x)',
            'with torch.no_grad():\n'
            '            x = self.layers[:-1](x)\n'
            '        return self.layers[-1](x)',
        ),
        'layer left out',
    ),
    (
        COUNT + NET.replace('self.layers(x)', 'self.layers(x).squeeze()'),
        'drops the single row',
    ),
    (
        COUNT
        + """
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.W, self.B = nn.ParameterList(), nn.ParameterList()
        for inputs, outputs in zip(sizes, sizes[1:]):
            self.W.append(nn.Parameter(torch.randn(inputs, outputs)))
            self.B.append(nn.Parameter(torch.zeros(outputs)))

    def forward(self, x):
        for i, (W, B) in enumerate(zip(self.W, self.B)):
            x = (torch.sigmoid(x) if i else x) @ W + B
        return x
""",
        'weight of wrong shape',
    ),
    (
        COUNT
        + """
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.W, self.B = nn.ParameterList(), nn.ParameterList()
        for inputs, outputs in zip(sizes, sizes[1:]):
            self.W.append(nn.Parameter(torch.randn(outputs, inputs)))
            self.B.append(nn.Parameter(torch.zeros(1, outputs)))

    def forward(self, x):
        for i, (W, B) in enumerate(zip(self.W, self.B)):
            x = (torch.sigmoid(x) if i else x) @ W.T + B
        return x
""",
        'layer without bias',
    ),
    (
        COUNT
        + 'MADE = {}\n'
        + NET.replace(
            'self.layers = nn.Sequential(*layers[:-1])',
            'self.layers = MADE.setdefault(tuple(sizes), nn.Sequential(*layers[:-1]))',
        ),
        'networks share layers',
    ),
    (NET + COUNT.replace('+ outputs', '+ 1'), 'wrong count of lesson'),
    (
        NET
        + """
def count(sizes):
    total = 0
    while len(sizes) > 1:
        total += (sizes.pop(0) + 1) * sizes[0]
    return total
""",
        'count changes the list',
    ),
    (
        NET
        + """
def count(sizes):
    weights = sum(i * o for i, o in zip(sizes, sizes[1:]))
    return weights + sum(sizes[1:-1]) + 10
""",
        'wrong count',
    ),
]

RIGHT = [  # other answers that are right
    """
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(sizes[n], sizes[n + 1])
                                    for n in range(len(sizes) - 1))

    def forward(self, x):
        for n, layer in enumerate(self.layers):
            x = layer(x if n == 0 else torch.sigmoid(x))
        return x

def count(sizes):
    return sum((sizes[n] + 1) * sizes[n + 1] for n in range(len(sizes) - 1))
""",
    COUNT
    + """
class Net(nn.Sequential):
    def __init__(self, sizes):
        layers = [nn.Linear(sizes[0], sizes[1])]
        for n in range(1, len(sizes) - 1):
            layers.append(nn.Sigmoid())
            layers.append(nn.Linear(sizes[n], sizes[n + 1]))
        super().__init__(*layers)
""",
    """
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.depth = len(sizes) - 1
        for n in range(self.depth):
            setattr(self, f'layer{n}', nn.Linear(sizes[n], sizes[n + 1]))

    def forward(self, x):
        for n in range(self.depth):
            x = getattr(self, f'layer{n}')(x)
            if n < self.depth - 1:
                x = 1 / (1 + torch.exp(-x))
        return x

def count(sizes):
    if len(sizes) < 2:
        return 0
    return sizes[0] * sizes[1] + sizes[1] + count(sizes[1:])
""",
    """
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.output = nn.Linear(sizes[-2], sizes[-1])
        self.rest = Net(sizes[:-1]) if len(sizes) > 2 else None

    def forward(self, x):
        return self.output(x if self.rest is None else torch.sigmoid(self.rest(x)))

def count(sizes):
    return torch.tensor([i * o + o for i, o in zip(sizes, sizes[1:])]).sum().item()
""",
]
