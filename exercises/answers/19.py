"""What is right and wrong in exercise 19."""

import copy

import torch
from torch import nn

HINT = (
    'First freeze all, then put the new layer in: a new layer learns. And freezing '
    'does not touch batch norm, model.eval() does.'
)

SOLUTION = """
def adapt(model, classes):
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.classifier = nn.Linear(model.classifier.in_features, classes)
    return [name for name, p in model.named_parameters() if p.requires_grad]


def train_step(model, optimizer, images, labels):
    model.eval()
    optimizer.zero_grad()
    output = model(images)
    loss = nn.CrossEntropyLoss()(output, labels)
    loss.backward()
    optimizer.step()
    return loss.item()
"""


class Small(nn.Module):
    def __init__(self, features=6):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Conv2d(4, features, 3, padding=1),
            nn.BatchNorm2d(features),
        )
        self.classifier = nn.Linear(features, 10)

    def forward(self, x):
        return self.classifier(torch.relu(self.features(x)).mean(dim=(2, 3)))


class SGD:  # that of torch would do, but takes seconds to load
    def __init__(self, parameters, lr):
        self.parameters = list(parameters)
        self.lr = lr
        self.steps = 0

    def zero_grad(self, set_to_none=True):
        for p in self.parameters:
            p.grad = None

    def step(self):
        self.steps += 1
        for p in self.parameters:
            p.data -= self.lr * (0 if p.grad is None else p.grad)


LEARN = ['classifier.weight', 'classifier.bias']


def check(mine):
    model = Small()
    images = 2 * torch.rand(8, 3, 5, 5) + 1
    labels = torch.arange(8) % 3
    model(images)  # so that batch norm has something to remember
    body = copy.deepcopy(model.features.state_dict())
    names = mine.adapt(model, 3)
    layer = model.classifier
    assert isinstance(layer, nn.Linear), (
        'replaces no linear layer',
        f'model.classifier is a {type(layer).__name__}, not one nn.Linear',
    )
    out, inputs = layer.weight.shape
    assert out != 10, (
        'keeps old outputs',
        'model.classifier still has its 10 old outputs, not one for each of 3 classes',
    )
    assert layer.in_features == 6 and inputs == 6, (
        'wrong number of inputs',
        f'the new layer has {layer.in_features} inputs, and the body gives 6 features: '
        'the old layer knows, model.classifier.in_features',
    )
    assert layer.bias is not None, ('layer without bias', 'your new layer has no bias')
    assert layer.out_features == 3 and out == 3, (
        'ignores the classes',
        'it is nn.Linear(inputs, classes)',
    )
    learns = [name for name, p in model.named_parameters() if p.requires_grad]
    assert learns, (
        'freezes everything',
        'nothing learns: freeze first and put the new layer in afterwards, or it is '
        'frozen as well',
    )
    assert set(learns) >= set(LEARN), (
        'half a layer learns',
        f'of the new layer only {learns} learns: weight and bias should',
    )
    more = [name for name in learns if name not in LEARN]
    frozen_modules = [part for part in model.modules() if 'requires_grad' in vars(part)]
    assert not more or not frozen_modules, (
        'freezes the module',
        'model.requires_grad = False only sets a new name on the module: '
        'model.requires_grad_(False), or a loop over model.parameters()',
    )
    new = [name for p in model.parameters() for name in vars(p) if 'requir' in name]
    assert not more or not new, (
        'misspells the name',
        f'{new[0]} is a new name that you give: it is called requires_grad',
    )
    assert not more, (
        'body learns too',
        f'{len(more)} others learn as well, such as {more[-1]}: freeze every parameter '
        'of the body',
    )
    is_list = hasattr(names, '__iter__') and not isinstance(names, (str, int))
    assert is_list, (
        'returns no names',
        'adapt returns the names of what learns: a list of str',
    )
    names = list(names)
    assert all(isinstance(name, str) for name in names), (
        'returns no strings',
        'adapt returns names, a list of str: named_parameters() has them',
    )
    assert sorted(names) == sorted(LEARN), (
        'wrong names',
        f'adapt returns {names}, but what learns is {LEARN}',
    )
    now = model.features.state_dict()
    assert all(torch.equal(now[name], body[name]) for name in body), (
        'changes the body',
        'adapt changed the numbers of the body',
    )
    other = Small(features=4)
    mine.adapt(other, 2)
    assert other.classifier.weight.shape == (2, 4), (
        'guesses the sizes',
        'for another body and two classes the new layer should be [2, 4], and yours is '
        f'{list(other.classifier.weight.shape)}',
    )

    model.train()
    used = copy.deepcopy(model).eval()
    optimizer = SGD(model.classifier.parameters(), lr=0.5)
    theirs = SGD(used.classifier.parameters(), lr=0.5)
    for step in range(2):
        theirs.zero_grad()
        wanted = nn.CrossEntropyLoss()(used(images), labels)
        soft = nn.CrossEntropyLoss()(used(images).softmax(dim=1), labels)
        wanted.backward()
        theirs.step()
        before = model.classifier.weight.detach().clone()
        model.train()
        try:
            got = mine.train_step(model, optimizer, images, labels)
        except RuntimeError as error:
            assert 'does not require grad' not in str(error), (
                'forward without notes',
                'the loss has no gradients to walk back: no_grad is for tests',
            )
            raise
        assert torch.is_grad_enabled(), (
            'switches gradients off',
            'after your step gradients are off',
        )
        now = model.features.state_dict()
        moved = [name for name in body if not torch.equal(now[name], body[name])]
        assert all(name.endswith(('mean', 'var', 'tracked')) for name in moved), (
            'trains the body',
            'the parameters of the body have changed',
        )
        assert not moved, (
            'batch norm moves',
            'running_mean has moved: frozen or not, batch norm remembers in train '
            'mode. model.eval() before the forward pass',
        )
        assert all(p.grad is None for p in model.features.parameters()), (
            'unfreezes the body',
            'parameters of the body got gradients: they are to stay frozen',
        )
        assert not torch.equal(model.classifier.weight, before), (
            'classifier stands still',
            'the classifier has not moved: backward, then step',
        )
        assert optimizer.steps == step + 1, (
            'another optimizer',
            'use the optimizer that comes in, for one step',
        )
        is_number = isinstance(got, (float, int)) or getattr(got, 'shape', None) == ()
        assert is_number, ('returns no loss', 'train_step returns the loss, one number')
        assert not getattr(got, 'requires_grad', False), (
            'returns a tensor',
            'the loss is a tensor, and keeps all notes: .item()',
        )
        got = got.item() if hasattr(got, 'item') else got
        assert not abs(got - soft.item()) < 1e-4, (
            'softmax before loss',
            'softmax before nn.CrossEntropyLoss: it applies its own, give it the '
            'logits',
        )
        assert not abs(got - 8 * wanted.item()) < 1e-3, (
            'sum of losses',
            'your loss is that of all images added up, not their mean',
        )
        after = nn.CrossEntropyLoss()(used(images), labels)
        assert step > 0 or not abs(got - after.item()) < 1e-4, (
            'loss after the step',
            'your loss is the one after the step: return that of the forward pass',
        )
        assert abs(got - wanted.item()) < 1e-4, (
            'wrong loss',
            f'the loss of this batch is {wanted.item():.3f}, and you have {got:.3f}: '
            'does batch norm compute with the batch?',
        )
        as_wanted = torch.allclose(
            model.classifier.weight, used.classifier.weight, atol=1e-5
        )
        assert as_wanted or step > 0, (
            'wrong first step',
            'the first step is not that of the gradient',
        )
        assert as_wanted, (
            'gradients not cleared',
            'the second step goes elsewhere: are the gradients cleared in between?',
        )


def but(*changes):
    """The solution with other text in places."""
    answer = SOLUTION
    for old, new in changes:
        assert old in answer
        answer = answer.replace(old, new)
    return answer


FREEZE = """    for parameter in model.parameters():
        parameter.requires_grad = False
"""
HEAD = '    model.classifier = nn.Linear(model.classifier.in_features, classes)\n'
EVAL = '    model.eval()\n'

WRONG = [  # (answer, name of its mistake)
    (but((FREEZE + HEAD, HEAD + FREEZE)), 'freezes everything'),
    (but((HEAD, '')), 'keeps old outputs'),
    (but((HEAD, '    model.classifier.out_features = classes\n')), 'keeps old outputs'),
    (
        but(('model.classifier.in_features, classes', '1024, classes')),
        'wrong number of inputs',
    ),
    (but(('model.classifier.in_features, classes', '6, classes')), 'guesses the sizes'),
    (but(('in_features, classes', 'in_features, 3')), 'guesses the sizes'),
    (
        but((HEAD, '    model.classifier = nn.Sequential(nn.Linear(6, classes))\n')),
        'replaces no linear layer',
    ),
    (but((FREEZE, '')), 'body learns too'),
    (
        but(
            (
                FREEZE,
                '    for layer in model.features:\n        if isinstance(layer, '
                'nn.Conv2d):\n            layer.requires_grad_(False)\n',
            )
        ),
        'body learns too',
    ),
    (
        but((FREEZE, FREEZE.replace('parameter.requires', 'parameter.require'))),
        'misspells the name',
    ),
    (but((FREEZE, '    model.requires_grad = False\n')), 'freezes the module'),
    (but((FREEZE, '    model.features.requires_grad = False\n')), 'freezes the module'),
    (
        but(('in_features, classes', 'in_features, classes, bias=False')),
        'layer without bias',
    ),
    (
        but(('(output, labels)', '(output.softmax(dim=1), labels)')),
        'softmax before loss',
    ),
    (
        but(
            (
                '    model.eval()',
                '    optimizer = torch.optim.SGD(model.classifier.'
                'parameters(), lr=0.1)\n    model.eval()',
            )
        ),
        'another optimizer',
    ),
    (but(('loss.item()', 'loss')), 'returns a tensor'),
    (but((' if p.requires_grad]', ']')), 'wrong names'),
    (but(('[name for', '[p for')), 'returns no strings'),
    (
        but(
            ('return [name', 'return len([name'), ('requires_grad]', 'requires_grad])')
        ),
        'returns no names',
    ),
    (but((EVAL, '')), 'batch norm moves'),
    (but((EVAL, '    model.train()\n')), 'batch norm moves'),
    (
        but(
            (EVAL, '    kept = [b.clone() for b in model.buffers()]\n'),
            (
                '    return loss.item()',
                '    for b, old in zip(model.buffers(), kept):\n'
                '        b.copy_(old)\n    return loss.item()',
            ),
        ),
        'wrong loss',
    ),
    (but(('    optimizer.zero_grad()\n', '')), 'gradients not cleared'),
    (but(('    optimizer.step()\n', '')), 'classifier stands still'),
    (
        but(
            (
                '    return loss.item()',
                '    return criterion(model(images), labels).item()',
            )
        )
        + '\n\ncriterion = nn.CrossEntropyLoss()\n',
        'loss after the step',
    ),
    (but(('loss.item()', 'output')), 'returns no loss'),
    (
        but(
            (
                '    output = model(images)',
                '    with torch.no_grad():\n        output = model(images)',
            )
        ),
        'forward without notes',
    ),
    (but(('loss.item()', 'loss.item() * len(labels)')), 'sum of losses'),
    (but((HEAD, '    model(torch.rand(2, 3, 5, 5))\n' + HEAD)), 'changes the body'),
    (
        but((HEAD, HEAD + '    model.classifier.bias.requires_grad = False\n')),
        'half a layer learns',
    ),
    (but(('in_features, classes', 'in_features, 5')), 'ignores the classes'),
    (
        but(('    return loss', '    torch.set_grad_enabled(False)\n    return loss')),
        'switches gradients off',
    ),
    (
        but(
            (
                '    return loss',
                '    with torch.no_grad():\n        for p in model.'
                'parameters():\n            p *= 0.99\n    return loss',
            )
        ),
        'trains the body',
    ),
    (but((EVAL, EVAL + '    model.requires_grad_(True)\n')), 'unfreezes the body'),
    (but(('loss.backward()', '(2 * loss).backward()')), 'wrong first step'),
]

RIGHT = [  # other answers that are right
    but(
        (FREEZE, '    model.requires_grad_(False)\n'),
        ('loss.item()', 'loss.detach()'),
        (EVAL, '    model.train()\n    model.features.eval()\n'),
    ),
    but((FREEZE, '    model.features.requires_grad_(False)\n')),
    but(
        (
            FREEZE + HEAD,
            '    old = model.classifier\n    for p in model.features.'
            'parameters():\n        p.requires_grad = False\n    model.classifier = '
            'nn.Linear(old.weight.shape[1], classes)\n',
        ),
        ('return [name', 'return (name'),
        ('requires_grad]', 'requires_grad)'),
        (
            'output = model(images)',
            'with torch.no_grad():\n        features = '
            'torch.relu(model.features(images)).mean(dim=(2, 3))\n    '
            'output = model.classifier(features)',
        ),
    ),
]
