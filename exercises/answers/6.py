"""What is right and wrong in exercise 6."""

import warnings

import torch
from check import shaped
from torch import nn

HINT = """images.shape[0] is the number of images in this batch. Write the shape behind
each line of forward, from [7, 3, 28, 28] on."""

NETWORK = """
class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden1 = nn.Linear(3 * 28 * 28, 120)
        self.hidden2 = nn.Linear(120, 60)
        self.output = nn.Linear(60, 5)

    def forward(self, x):
        x = x.view(x.shape[0], -1)
        x = F.relu(self.hidden1(x))
        x = F.relu(self.hidden2(x))
        return self.output(x)
"""
PROBABILITIES = """
def probabilities(model, images):
    with torch.no_grad():
        logits = model(images)
    return F.softmax(logits, dim=1)
"""
SOLUTION = NETWORK + '\n' + PROBABILITIES

SIZES = [2352, 120, 60, 5]


def by_hand(found, x, between=(torch.relu, torch.relu)):
    """The logits, from the parameters by their shapes."""
    x = x.reshape(len(x), -1)
    for i, o, after in zip(SIZES, SIZES[1:], (*between, lambda x: x)):
        x = after(x @ found[o, i].T + found[(o,)])
    return x


def check_network(mine):
    try:
        model = mine.Network()
    except AttributeError as error:
        assert 'Module.__init__' not in str(error), (
            'no super init',
            'super().__init__() comes first in __init__',
        )
        raise
    assert isinstance(model, nn.Module), (
        'makes no module',
        'Network is to be an nn.Module',
    )
    found = {tuple(p.shape): p for p in model.parameters()}
    assert found, (
        'no parameters seen',
        'torch sees no parameters: make the layers in __init__, as self.hidden1 and so '
        'on',
    )
    assert (120, 784) not in found, (
        'one color channel only',
        '784 numbers are one colour channel, and each image has three: 3 * 28 * 28',
    )
    for i, o in zip(SIZES, SIZES[1:]):
        assert (o, i) in found and (o,) in found, (
            'layer of other size',
            f'there is no nn.Linear({i}, {o}), with its bias, among your layers',
        )
    assert sum(p.numel() for p in model.parameters()) == 289925, (
        'too many parameters',
        'there are more parameters than three layers have: take out what is not used',
    )
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape) / p.shape[-1] ** 0.5)
    images = torch.randn(64, 3, 28, 28)
    before = images.clone()
    for n in (64, 7, 1):
        right = by_hand(found, images[:n])
        try:
            got = model(images[:n])
        except RuntimeError as error:
            assert 'x28 and' not in str(error), (
                'forgets to flatten',
                'flatten first: x.view(x.shape[0], -1)',
            )
            assert n == 64, (
                'fixed size of batch',
                f'64 images pass, {n} do not ({str(error)[:40]}...): take the size of '
                'the batch from x.shape[0]',
            )
            raise
        assert isinstance(got, torch.Tensor), (
            'forward returns nothing',
            'forward must end in a return',
        )
        assert len(got.shape) > 1 or n > 1, (
            'one image loses batch',
            'one image is a batch too: return [1, 5]',
        )
        shaped(got, right, f'for {n} images the output')
        for wrong, mistake in (
            (
                torch.relu(right),
                (
                    'relu behind last layer',
                    'no logit comes out below 0: no ReLU behind the last layer, what '
                    'it cuts off is lost',
                ),
            ),
            (
                torch.softmax(right, dim=1),
                ('softmax in network', 'return logits: the softmax is applied outside'),
            ),
            (
                torch.log_softmax(right, dim=1),
                ('log softmax in network', 'return logits, without log-softmax'),
            ),
            (
                by_hand(found, images[:n], (torch.sigmoid, torch.sigmoid)),
                ('sigmoid for relu', 'these are sigmoids: the task says ReLU'),
            ),
            (
                by_hand(found, images[:n], (lambda x: x, lambda x: x)),
                ('no relu at all', 'there is no ReLU between your layers'),
            ),
            (
                by_hand(found, images[:n], (torch.relu, lambda x: x)),
                ('no relu behind second', 'ReLU is missing behind hidden2'),
            ),
            (
                by_hand(found, images[:n], (lambda x: x, torch.relu)),
                ('no relu behind first', 'ReLU is missing behind hidden1'),
            ),
            (
                by_hand(found, torch.relu(images[:n])),
                (
                    'relu on the images',
                    'ReLU comes behind the hidden layers, not before the first: dark '
                    'pixels are below 0',
                ),
            ),
        ):
            assert not torch.allclose(got, wrong, atol=1e-4), mistake
        assert not torch.allclose(
            got, by_hand(found, images[:n].permute(0, 2, 3, 1)), atol=1e-4
        ), (
            'order of pixels changed',
            'you change the order of the numbers before you flatten: leave them as '
            'they lie, channel after channel',
        )
        assert torch.allclose(got, right, atol=1e-3), (
            'wrong logits',
            f'one image gives {right[0].detach()} by hand, with your weights, and '
            f'{got[0].detach()} in your network',
        )
        assert torch.equal(images, before), (
            'changes the images',
            'your network changes the images',
        )
        assert got.requires_grad, (
            'logits without gradient',
            'the logits carry no gradient, so this network cannot learn: no_grad '
            'belongs into probabilities',
        )
    got.sum().backward()
    assert all(p.grad is not None for p in model.parameters()), (
        'parameters left out',
        'some parameters take no part in the output',
    )


def check(mine):
    torch.set_grad_enabled(True)
    check_network(mine)
    model, shapes, told = nn.Sequential(nn.Flatten(), nn.Linear(2352, 4)), [], []
    model.register_forward_pre_hook(lambda _, given: shapes.append(given[0].shape))
    for n in (4, 3, 1):
        images = 3 * torch.randn(n, 3, 28, 28)
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter('always')
                got = mine.probabilities(model, images)
        finally:
            on = torch.is_grad_enabled()
            torch.set_grad_enabled(True)
        assert on, (
            'gradients stay off',
            'after your function no gradients are computed any more: with '
            'torch.no_grad(): ends by itself',
        )
        logits = model(images).detach()
        right = torch.softmax(logits, dim=1)
        shaped(got, right, f'for {n} images the probabilities')
        assert not torch.allclose(got, logits), (
            'returns logits',
            'these are logits: apply a softmax',
        )
        for wrong, mistake in (
            (
                torch.softmax(logits, dim=0),
                (
                    'softmax along columns',
                    'each column sums to 1: dim=1 runs along the classes',
                ),
            ),
            (
                torch.log_softmax(logits, dim=1),
                ('logarithm of probabilities', 'that is the logarithm of them'),
            ),
            (
                torch.softmax(right, dim=1),
                ('softmax twice', 'softmax is applied twice'),
            ),
            (
                torch.sigmoid(logits),
                (
                    'sigmoid for softmax',
                    'a sigmoid looks at each logit alone, and the rows do not sum to '
                    '1: softmax',
                ),
            ),
            (
                torch.exp(logits),
                (
                    'powers not divided',
                    'these are powers still: divide each row by its sum',
                ),
            ),
            (right.round(), ('rounds the probabilities', 'do not round')),
        ):
            assert not torch.allclose(got, wrong, atol=1e-3), mistake
        assert torch.allclose(got, right, atol=1e-4), (
            'wrong probabilities',
            f'the logits {logits[0]} are the probabilities {right[0]}, and yours are '
            f'{got[0].detach()}',
        )
        assert not got.requires_grad, (
            'probabilities carry gradient',
            'your probabilities carry a gradient: call the model in a block of '
            'torch.no_grad()',
        )
        assert not any('Implicit dim' in str(warning.message) for warning in told), (
            'softmax without dim',
            'your softmax has no dim and has to guess one: dim=1',
        )
        assert all(shape == images.shape for shape in shapes[:1]), (
            'flattens for the model',
            f'the model is given {list(shapes[0])}: hand it the images as they are, '
            'since another may want [n, 3, 28, 28]',
        )
        shapes.clear()
    assert all(p.requires_grad for p in model.parameters()), (
        'freezes the model',
        'the parameters of the model no longer want gradients: leave the model as it '
        'is',
    )


WRONG = [  # (answer, name of its mistake)
    (
        PROBABILITIES
        + NETWORK
        + """
    def forward(self, x):
        x = x.view(64, -1)
        x = F.relu(self.hidden1(x))
        x = F.relu(self.hidden2(x))
        return self.output(x)
""",
        'fixed size of batch',
    ),
    (
        PROBABILITIES
        + NETWORK.replace('3 * 28 * 28', '784')
        + """
    def forward(self, x):
        x = x.view(-1, 784)
        x = F.relu(self.hidden1(x))
        x = F.relu(self.hidden2(x))
        return self.output(x)
""",
        'one color channel only',
    ),
    (
        PROBABILITIES
        + NETWORK
        + """
    def forward(self, x):
        x = x.view(x.shape[0], -1)
        x = F.relu(self.hidden1(x))
        x = F.relu(self.hidden2(x))
        return F.relu(self.output(x))
""",
        'relu behind last layer',
    ),
    (
        PROBABILITIES
        + NETWORK
        + """
    def forward(self, x):
        x = x.view(x.shape[0], -1)
        x = F.relu(self.hidden1(x))
        x = F.relu(self.hidden2(x))
        return F.softmax(self.output(x), dim=1)
""",
        'softmax in network',
    ),
    (
        PROBABILITIES
        + NETWORK
        + """
    def forward(self, x):
        x = x.view(x.shape[0], -1)
        return self.output(self.hidden2(self.hidden1(x)))
""",
        'no relu at all',
    ),
    (
        PROBABILITIES
        + NETWORK
        + """
    def forward(self, x):
        x = x.view(x.shape[0], -1)
        return self.output(self.hidden2(F.relu(self.hidden1(x))))
""",
        'no relu behind second',
    ),
    (
        PROBABILITIES
        + NETWORK
        + """
    def forward(self, x):
        x = F.relu(x.view(x.shape[0], -1))
        x = F.relu(self.hidden1(x))
        x = F.relu(self.hidden2(x))
        return self.output(x)
""",
        'relu on the images',
    ),
    (
        PROBABILITIES
        + NETWORK
        + """
    def forward(self, x):
        x = torch.sigmoid(self.hidden1(x.view(x.shape[0], -1)))
        return self.output(torch.sigmoid(self.hidden2(x)))
""",
        'sigmoid for relu',
    ),
    (
        PROBABILITIES
        + NETWORK
        + """
    def forward(self, x):
        x = F.relu(self.hidden1(x.view(x.shape[0], -1)))
        return self.output(F.relu(self.hidden2(x))).squeeze()
""",
        'one image loses batch',
    ),
    (
        PROBABILITIES
        + NETWORK
        + """
    def forward(self, x):
        with torch.no_grad():
            x = F.relu(self.hidden1(x.view(x.shape[0], -1)))
            return self.output(F.relu(self.hidden2(x)))
""",
        'logits without gradient',
    ),
    (
        PROBABILITIES
        + """
class Network(nn.Module):
    def __init__(self):
        self.hidden1 = nn.Linear(3 * 28 * 28, 120)

    def forward(self, x):
        return self.hidden1(x)
""",
        'no super init',
    ),
    (
        PROBABILITIES
        + NETWORK
        + """
    def forward(self, x):
        x = x.permute(0, 2, 3, 1).reshape(x.shape[0], -1)
        x = F.relu(self.hidden1(x))
        return self.output(F.relu(self.hidden2(x)))
""",
        'order of pixels changed',
    ),
    (
        NETWORK
        + """
def probabilities(model, images):
    with torch.no_grad():
        return F.softmax(model(images), dim=0)
""",
        'softmax along columns',
    ),
    (
        NETWORK
        + """
def probabilities(model, images):
    return F.softmax(model(images), dim=1)
""",
        'probabilities carry gradient',
    ),
    (
        NETWORK
        + """
def probabilities(model, images):
    torch.set_grad_enabled(False)
    return F.softmax(model(images), dim=1)
""",
        'gradients stay off',
    ),
    (
        NETWORK
        + """
def probabilities(model, images):
    with torch.no_grad():
        return model(images)
""",
        'returns logits',
    ),
    (
        NETWORK
        + """
def probabilities(model, images):
    for p in model.parameters():
        p.requires_grad = False
    return F.softmax(model(images), dim=1)
""",
        'freezes the model',
    ),
    (
        NETWORK
        + """
def probabilities(model, images):
    with torch.no_grad():
        return torch.exp(model(images))
""",
        'powers not divided',
    ),
    (
        NETWORK
        + PROBABILITIES.replace(
            'model(images)', 'model(images.view(images.shape[0], -1))'
        ),
        'flattens for the model',
    ),
    (NETWORK + PROBABILITIES.replace(', dim=1', ''), 'softmax without dim'),
    (
        PROBABILITIES
        + NETWORK
        + """
    def forward(self, x):
        x = F.relu(self.hidden1(x))
        return self.output(F.relu(self.hidden2(x)))
""",
        'forgets to flatten',
    ),
    (PROBABILITIES + NETWORK.replace('nn.Module', 'object'), 'makes no module'),
    (
        PROBABILITIES
        + """
class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(2352, 120), nn.Linear(120, 60), nn.Linear(60, 5)]

    def forward(self, x):
        x = x.view(x.shape[0], -1)
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)
""",
        'no parameters seen',
    ),
    (
        PROBABILITIES
        + NETWORK.replace('(60, 5)', '(60, 5)\n        self.more = nn.Linear(5, 5)'),
        'too many parameters',
    ),
    (PROBABILITIES + NETWORK.replace('60', '64'), 'layer of other size'),
    (
        PROBABILITIES + NETWORK.replace('return self.output', 'x = self.output'),
        'forward returns nothing',
    ),
    (
        PROBABILITIES
        + NETWORK.replace(
            'return self.output(x)', 'return torch.log_softmax(self.output(x), dim=1)'
        ),
        'log softmax in network',
    ),
    (
        PROBABILITIES + NETWORK.replace('F.relu(self.hidden1(x))', 'self.hidden1(x)'),
        'no relu behind first',
    ),
    (PROBABILITIES + NETWORK.replace('F.relu', 'torch.tanh'), 'wrong logits'),
    (
        PROBABILITIES
        + NETWORK.replace(
            '        x = F.relu(self.hidden1(x))',
            '        given = x\n'
            '        x = F.relu(self.hidden1(x))\n'
            '        given.zero_()',
        ),
        'changes the images',
    ),
    (
        PROBABILITIES
        + NETWORK.replace(
            '        x = F.relu(self.hidden1(x))',
            '        with torch.no_grad():\n            x = F.relu(self.hidden1(x))',
        ),
        'parameters left out',
    ),
    (
        NETWORK
        + PROBABILITIES.replace(
            'F.softmax(logits, dim=1)', 'F.log_softmax(logits, dim=1)'
        ),
        'logarithm of probabilities',
    ),
    (
        NETWORK
        + PROBABILITIES.replace(
            'F.softmax(logits, dim=1)', 'F.softmax(F.softmax(logits, dim=1), dim=1)'
        ),
        'softmax twice',
    ),
    (
        NETWORK
        + PROBABILITIES.replace('F.softmax(logits, dim=1)', 'torch.sigmoid(logits)'),
        'sigmoid for softmax',
    ),
    (
        NETWORK
        + PROBABILITIES.replace(
            'F.softmax(logits, dim=1)', 'F.softmax(logits, dim=1).round()'
        ),
        'rounds the probabilities',
    ),
    (
        NETWORK
        + PROBABILITIES.replace(
            'F.softmax(logits, dim=1)', 'F.softmax(logits / 2, dim=1)'
        ),
        'wrong probabilities',
    ),
]

RIGHT = [  # other answers that are right
    """
class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(2352, 120), nn.ReLU(),
                                    nn.Linear(120, 60), nn.ReLU(), nn.Linear(60, 5))

    def forward(self, x):
        return self.layers(x)

def probabilities(model, images):
    return torch.exp(torch.log_softmax(model(images).detach(), dim=-1))
""",
    """
class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.output = nn.Linear(60, 5)
        self.hidden2 = nn.Linear(120, 60)
        self.hidden1 = nn.Linear(3 * 28 * 28, 120)

    def forward(self, images):
        batch, channels, rows, columns = images.shape
        x = self.hidden1(images.reshape(batch, channels * rows * columns)).clamp(min=0)
        return self.output(torch.relu_(self.hidden2(x)))

@torch.no_grad()
def probabilities(model, images):
    e = torch.exp(model(images))
    return e / e.sum(dim=1, keepdim=True)
""",
    """
def Network():
    return nn.Sequential(nn.Flatten(), nn.Linear(2352, 120), nn.ReLU(True),
                         nn.Linear(120, 60), nn.ReLU(True), nn.Linear(60, 5))

def probabilities(model, images):
    torch.set_grad_enabled(False)
    ps = nn.Softmax(dim=1)(model(images))
    torch.set_grad_enabled(True)
    return ps
""",
]
