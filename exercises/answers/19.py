"""What is right and wrong in exercise 19."""
import copy

import torch
from torch import nn

HINT = ('First freeze all, then put the new layer in: a new layer learns. And freezing '
        'does not touch batch norm, model.eval() does.')

SOLUTION = '''
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
'''


class Small(nn.Module):
    def __init__(self, features=6):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(),
            nn.Conv2d(4, features, 3, padding=1), nn.BatchNorm2d(features))
        self.classifier = nn.Linear(features, 10)

    def forward(self, x):
        return self.classifier(torch.relu(self.features(x)).mean(dim=(2, 3)))


class SGD:  # that of torch would do, but takes seconds to load
    def __init__(self, parameters, lr):
        self.parameters, self.lr, self.steps = list(parameters), lr, 0

    def zero_grad(self, set_to_none=True):
        for p in self.parameters:
            p.grad = None

    def step(self):
        self.steps += 1
        for p in self.parameters:
            p.data -= self.lr * (0 if p.grad is None else p.grad)


LEARN = ['classifier.weight', 'classifier.bias']


def check(mine):
    model, images = Small(), 2 * torch.rand(8, 3, 5, 5) + 1
    model(images)  # so that batch norm has something to remember
    body, labels = copy.deepcopy(model.features.state_dict()), torch.arange(8) % 3
    names = mine.adapt(model, 3)
    layer = model.classifier
    assert isinstance(layer, nn.Linear), (
        f'model.classifier is a {type(layer).__name__}, not one nn.Linear')
    out, inputs = layer.weight.shape
    assert layer.out_features == 3 and out != 10, (
        'model.classifier still has its 10 old outputs, not one for each of 3 classes')
    assert layer.in_features == 6 and inputs == 6, (
        f'the new layer has {layer.in_features} inputs, and the body gives 6 features: '
        'the old layer knows, model.classifier.in_features')
    assert layer.bias is not None, 'your new layer has no bias'
    assert out == 3, 'it is nn.Linear(inputs, classes)'
    learns = [name for name, p in model.named_parameters() if p.requires_grad]
    assert learns, (
        'nothing learns: freeze first and put the new layer in afterwards, or it is '
        'frozen as well')
    assert set(learns) >= set(LEARN), (
        f'of the new layer only {learns} learns: weight and bias should')
    more = [name for name in learns if name not in LEARN]
    assert not more or not any('requires_grad' in vars(part)
                               for part in model.modules()), (
        'model.requires_grad = False only sets a new name on the module: '
        'model.requires_grad_(False), or a loop over model.parameters()')
    new = [name for p in model.parameters() for name in vars(p) if 'requir' in name]
    assert not more or not new, (
        f'{new[0]} is a new name that you give: it is called requires_grad')
    assert not more, (
        f'{len(more)} others learn as well, such as {more[-1]}: freeze every parameter '
        'of the body')
    assert not isinstance(names, (str, int)) and hasattr(names, '__iter__'), (
        'adapt returns the names of what learns: a list of str')
    names = list(names)
    assert all(isinstance(name, str) for name in names), (
        'adapt returns names, a list of str: named_parameters() has them')
    assert sorted(names) == sorted(LEARN), (
        f'adapt returns {names}, but what learns is {LEARN}')
    now = model.features.state_dict()
    assert all(torch.equal(now[name], body[name]) for name in body), (
        'adapt changed the numbers of the body')
    other = Small(features=4)
    mine.adapt(other, 2)
    assert other.classifier.weight.shape == (2, 4), (
        'for another body and two classes the new layer should be [2, 4], and yours is '
        f'{list(other.classifier.weight.shape)}')

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
                'the loss has no gradients to walk back: no_grad is for tests')
            raise
        assert torch.is_grad_enabled(), 'after your step gradients are off'
        now = model.features.state_dict()
        assert all(torch.equal(now[name], body[name]) for name in body
                   if not name.endswith(('mean', 'var', 'tracked'))), (
            'the parameters of the body have changed')
        assert all(torch.equal(now[name], body[name]) for name in body), (
            'running_mean has moved: frozen or not, batch norm remembers in train '
            'mode. model.eval() before the forward pass')
        assert all(p.grad is None for p in model.features.parameters()), (
            'parameters of the body got gradients: they are to stay frozen')
        assert not torch.equal(model.classifier.weight, before), (
            'the classifier has not moved: backward, then step')
        assert optimizer.steps == step + 1, (
            'use the optimizer that comes in, for one step')
        assert isinstance(got, (float, int)) or getattr(got, 'shape', None) == (), (
            'train_step returns the loss, one number')
        assert not getattr(got, 'requires_grad', False), (
            'the loss is a tensor, and keeps all notes: .item()')
        got = got.item() if hasattr(got, 'item') else got
        assert abs(got - soft.item()) > 1e-4, (
            'softmax before nn.CrossEntropyLoss: it applies its own, give it the '
            'logits')
        assert got == got and abs(got - 8 * wanted.item()) > 1e-3, (
            'your loss is that of all images added up, not their mean')
        assert step or abs(got - nn.CrossEntropyLoss()(
            used(images), labels).item()) > 1e-4, (
            'your loss is the one after the step: return that of the forward pass')
        assert abs(got - wanted.item()) < 1e-4, (
            f'the loss of this batch is {wanted.item():.3f}, and you have {got:.3f}: '
            'does batch norm compute with the batch?')
        assert torch.allclose(model.classifier.weight, used.classifier.weight,
                              atol=1e-5), (
            'the first step is not that of the gradient' if not step else
            'the second step goes elsewhere: are the gradients cleared in between?')


def but(*changes):
    """The solution with other text in places."""
    answer = SOLUTION
    for old, new in changes:
        assert old in answer
        answer = answer.replace(old, new)
    return answer


FREEZE = '''    for parameter in model.parameters():
        parameter.requires_grad = False
'''
HEAD = '    model.classifier = nn.Linear(model.classifier.in_features, classes)\n'
EVAL = '    model.eval()\n'

WRONG = [  # (answer, words that the verdict has)
    (but((FREEZE + HEAD, HEAD + FREEZE)), 'freeze first'),
    (but((HEAD, '')), 'its 10 old outputs'),
    (but((HEAD, '    model.classifier.out_features = classes\n')),
     'its 10 old outputs'),
    (but(('model.classifier.in_features, classes', '1024, classes')),
     'the body gives 6 features'),
    (but(('model.classifier.in_features, classes', '6, classes')), 'another body'),
    (but(('in_features, classes', 'in_features, 3')), 'two classes'),
    (but((HEAD, '    model.classifier = nn.Sequential(nn.Linear(6, classes))\n')),
     'not one nn.Linear'),
    (but((FREEZE, '')), 'others learn as well'),
    (but((FREEZE, '    for layer in model.features:\n        if isinstance(layer, '
          'nn.Conv2d):\n            layer.requires_grad_(False)\n')),
     'such as features.4.bias'),
    (but((FREEZE, FREEZE.replace('parameter.requires', 'parameter.require'))),
     'it is called requires_grad'),
    (but((FREEZE, '    model.requires_grad = False\n')), 'a new name on the module'),
    (but((FREEZE, '    model.features.requires_grad = False\n')), 'a new name on'),
    (but(('in_features, classes', 'in_features, classes, bias=False')), 'has no bias'),
    (but(('(output, labels)', '(output.softmax(dim=1), labels)')),
     'it applies its own'),
    (but(('    model.eval()', '    optimizer = torch.optim.SGD(model.classifier.'
          'parameters(), lr=0.1)\n    model.eval()')), 'that comes in'),
    (but(('loss.item()', 'loss')), 'keeps all notes'),
    (but((' if p.requires_grad]', ']')), 'but what learns is'),
    (but(('[name for', '[p for')), 'adapt returns names'),
    (but(('return [name', 'return len([name'), ('requires_grad]', 'requires_grad])')),
     'a list of str'),
    (but((EVAL, '')), 'running_mean has moved'),
    (but((EVAL, '    model.train()\n')), 'running_mean has moved'),
    (but((EVAL, '    kept = [b.clone() for b in model.buffers()]\n'),
         ('    return loss.item()', '    for b, old in zip(model.buffers(), kept):\n'
          '        b.copy_(old)\n    return loss.item()')), 'compute with the batch'),
    (but(('    optimizer.zero_grad()\n', '')), 'are the gradients cleared'),
    (but(('    optimizer.step()\n', '')), 'backward, then step'),
    (but(('    return loss.item()', '    return criterion(model(images), labels).item()'
          )) + '\n\ncriterion = nn.CrossEntropyLoss()\n', 'the one after the step'),
    (but(('loss.item()', 'output')), 'one number'),
    (but(('    output = model(images)', '    with torch.no_grad():\n'
          '        output = model(images)')), 'no_grad is for tests'),
    (but(('loss.item()', 'loss.item() * len(labels)')), 'not their mean'),
]

RIGHT = [  # other answers that are right
    but((FREEZE, '    model.requires_grad_(False)\n'), ('loss.item()', 'loss.detach()'),
        (EVAL, '    model.train()\n    model.features.eval()\n')),
    but((FREEZE, '    model.features.requires_grad_(False)\n')),
    but((FREEZE + HEAD, '    old = model.classifier\n    for p in model.features.'
         'parameters():\n        p.requires_grad = False\n    model.classifier = '
         'nn.Linear(old.weight.shape[1], classes)\n'),
        ('return [name', 'return (name'), ('requires_grad]', 'requires_grad)'),
        ('output = model(images)', 'with torch.no_grad():\n        features = '
         'torch.relu(model.features(images)).mean(dim=(2, 3))\n    '
         'output = model.classifier(features)')),
]
