"""What is right and wrong in exercise 11."""

import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

HINT = """Lay it beside the loop of lesson 11 and go line by line: what is done, in
which order, in which of the two loops, and by what is it divided?"""

SOLUTION = """
def train(model, trainloader, criterion, optimizer, epochs):
    losses = []
    for _ in range(epochs):
        model.train()
        train_loss = 0
        for images, labels in trainloader:
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()
            train_loss += loss.detach() * len(labels)
        losses.append(train_loss.item() / len(trainloader.dataset))
    return losses
"""


class SGD:  # as optim.SGD, whose first call takes seconds
    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr

    def zero_grad(self, set_to_none=True):
        for p in self.params:
            p.grad = None

    def step(self, closure=None):
        loss = closure and closure()
        with torch.no_grad():
            for p in self.params:
                if p.grad is not None:
                    p -= self.lr * p.grad
        return loss


class Loader(DataLoader):
    passes = 0

    def __iter__(self):
        self.passes += 1
        return super().__iter__()


def reference(model, loader, optimizer, epochs, clear='batch', step='batch', first=0):
    """Train; clear, step: 'batch', 'epoch' or 'never'. Return each batch's loss."""
    batches = []
    for _ in range(epochs):
        if clear == 'epoch':
            optimizer.zero_grad()
        for n, (images, labels) in enumerate(loader):
            if first and n >= first:
                break
            if clear == 'batch':
                optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            if step == 'batch':
                optimizer.step()
            batches.append((loss.item(), len(labels)))
        if step == 'epoch':
            optimizer.step()
    size = len(batches) // max(epochs, 1)
    return [batches[n * size : (n + 1) * size] for n in range(epochs)]


def run(mine, lr, epochs, images=7, batch=3):
    """Train a new model; return what came, model, start and loader."""
    torch.manual_seed(7)
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    start = copy.deepcopy(model)
    data = TensorDataset(3 * torch.randn(images, 1, 2, 2), torch.randint(3, (images,)))
    loader = Loader(data, batch_size=batch)
    optimizer = SGD(model.parameters(), lr=lr)
    calls = []
    model.register_forward_hook(lambda *given: calls.append(1))
    torch.set_grad_enabled(True)
    try:
        got = mine.train(model, loader, nn.CrossEntropyLoss(), optimizer, epochs)
    finally:
        on = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
    assert on, (
        'gradients stay off',
        'after your training autograd is switched off for all that follows',
    )
    return got, model, start, loader, calls


def flat(model):
    return nn.utils.parameters_to_vector(model.parameters()).detach()


def check_weights(mine):
    got, model, start, loader, calls = run(mine, 0.2, 2)
    passes = loader.passes
    end = flat(model)
    assert not torch.equal(end, flat(start)), (
        'no step',
        'the weights are the same as before: does optimizer.step() come, and is any '
        'gradient left when it does?',
    )

    def trained(epochs=2, **how):
        other = copy.deepcopy(start)
        reference(other, loader, SGD(other.parameters(), lr=0.2), epochs, **how)
        return flat(other)

    mistakes = (
        (
            {'clear': 'never'},
            (
                'gradients never cleared',
                'the gradients are never cleared, so each step drags the old ones on: '
                'optimizer.zero_grad()',
            ),
        ),
        (
            {'clear': 'epoch'},
            (
                'clears once an epoch',
                'the gradients are cleared once an epoch: each batch starts with none',
            ),
        ),
        (
            {'clear': 'epoch', 'step': 'epoch'},
            ('steps once an epoch', 'you step once an epoch: every batch makes a step'),
        ),
        (
            {'step': 'epoch'},
            ('steps once an epoch', 'you step once an epoch: every batch makes a step'),
        ),
        ({'first': 1}, ('first batch only', 'you train with the first batch only')),
        (
            {'first': 2},
            (
                'leaves last batch out',
                'you leave the last batch out: short or not, its images count',
            ),
        ),
        (
            {'epochs': 1},
            (
                'one epoch only',
                'you train for one epoch, not for two: is the return behind both loops, '
                'and is range(epochs) whole?',
            ),
        ),
        ({'epochs': 3}, ('one epoch too many', 'you train for one epoch too many')),
    )
    right = torch.allclose(end, trained(), atol=1e-4)
    for how, mistake in mistakes:
        assert right or not torch.allclose(end, trained(**how), atol=1e-5), mistake
    assert right, (
        'weights end elsewhere',
        'the weights end elsewhere than those of lesson 11: for each batch clear the '
        'gradients, forward, loss, backward, step, with what train was given',
    )
    assert len(calls) >= 6, (
        'calls forward itself',
        'model.forward(images) leaves out what torch does around it: call the model, '
        'model(images)',
    )
    assert passes >= 2, (
        'same batches each epoch',
        'every epoch has the same batches: loop over trainloader itself, which '
        'shuffles anew',
    )


def check_losses(mine):
    """With lr 0 nothing moves, so that every epoch has the same losses."""
    for images, batch in ((7, 3), (5, 2), (4, 4), (9, 2)):
        got, model, start, loader, _ = run(mine, 0.0, 2, images, batch)
        assert isinstance(got, list), (
            'returns no list',
            f'train is to return a list of losses, and returns a {type(got).__name__}',
        )
        assert len(got) == 2, (
            'wrong number of losses',
            f'{len(got)} losses came back for 2 epochs: one for each',
        )
        assert not any(
            isinstance(loss, torch.Tensor) and loss.requires_grad for loss in got
        ), (
            'losses keep the notes',
            'your losses are tensors that keep the graphs of all batches, so the memory '
            'fills up: add up loss.detach(), and call item() on the sum',
        )
        assert all(
            isinstance(loss, (int, float)) or loss.numel() == 1 for loss in got
        ), ('losses of several numbers', 'one number for each epoch')
        one, two = map(float, got)
        pairs = reference(start, loader, SGD(start.parameters(), lr=0), 1)[0]
        total = sum(loss * size for loss, size in pairs)
        means, right = sum(loss for loss, _ in pairs), total / images
        case = f'{images} images in batches of {batch}'
        assert abs(two - 2 * one) > 1e-4, (
            'sum never set back',
            'the second epoch has the loss of the first one in it: begin each with '
            'train_loss = 0',
        )
        for wrong, mistake in (
            (
                means / len(pairs),
                (
                    'mean of means',
                    'you take the mean of means, and the last batch is short: add up '
                    'loss.detach() * len(labels), and divide by the number of images',
                ),
            ),
            (
                total / len(pairs),
                (
                    'divides sums by batches',
                    'you add up images and divide by the number of batches',
                ),
            ),
            (
                means / images,
                (
                    'divides means by images',
                    'you add up means of batches and divide by the number of images: '
                    'times len(labels) first',
                ),
            ),
            (
                total / len(pairs) / batch,
                (
                    'counts full batches',
                    f'{len(pairs)} batches of {batch} are more than {images} images: '
                    'the last is short',
                ),
            ),
            (
                means * batch / images,
                (
                    'last batch as full',
                    f'the last batch is short: not all have {batch} images, so take '
                    'len(labels)',
                ),
            ),
            (
                total,
                (
                    'sum for mean',
                    'that is the sum over the images: divide by their number',
                ),
            ),
            (means, ('sum over batches', 'that is a sum over the batches, no mean')),
            (
                pairs[-1][0],
                ('loss of last batch', 'that is the loss of the last batch only'),
            ),
            (
                pairs[-1][0] * pairs[-1][1] / images,
                (
                    'last loss of epoch',
                    'that is the loss of the last batch only: +=, not =',
                ),
            ),
            (
                total / 7,
                (
                    'fixed number of images',
                    f'you divide by 7, but here are {images} images',
                ),
            ),
        ):
            assert abs(wrong - right) < 1e-3 or abs(one - wrong) > 1e-4, mistake
        assert abs(one - right) < 1e-4 and abs(two - right) < 1e-4, (
            'wrong losses',
            f'{case} have the mean loss {right:.4f} in both of two epochs in which no '
            f'weight moves, and you say {one:.4f} and {two:.4f}',
        )
        assert all(isinstance(loss, (int, float)) for loss in got), (
            'losses are tensors',
            'your losses are tensors, and floats are wanted: call item() on the sum',
        )


def check(mine):
    check_weights(mine)
    check_losses(mine)
    got, _, start, loader, _ = run(mine, 0.2, 3)
    epochs = reference(start, loader, SGD(start.parameters(), lr=0.2), 3)
    right = [sum(loss * size for loss, size in pairs) / 7 for pairs in epochs]
    assert len(got) == 3, (
        'losses for two epochs',
        f'{len(got)} losses came back for 3 epochs: one for each',
    )
    assert all(abs(float(g) - r) < 1e-3 for g, r in zip(got, right)), (
        'losses taken too late',
        f'the losses of three epochs are {torch.tensor(right)}, and yours '
        f'{torch.tensor(list(map(float, got)))}: take that of each batch as it comes, '
        'before its step',
    )


def changed(*pairs):
    """The solution with each (part, other part) changed."""
    text = SOLUTION
    for part, other in pairs:
        assert part in text, part
        text = text.replace(part, other)
    return text


CLEAR = '            optimizer.zero_grad()\n'
STEP = '            optimizer.step()\n'
BACKWARD = '            loss.backward()\n'
START = '        train_loss = 0\n'
TOTAL = 'losses, train_loss = [], 0'
IMAGES = 'len(trainloader.dataset)'

WRONG = [  # (answer, name of its mistake)
    ('', 'no step'),  # the task as it stands
    (changed((CLEAR, ''), (BACKWARD, BACKWARD + CLEAR)), 'no step'),
    (changed((STEP, '')), 'no step'),
    (changed((CLEAR, '')), 'gradients never cleared'),
    (changed((CLEAR, ''), (START, START + CLEAR[4:])), 'clears once an epoch'),
    (
        changed(
            (STEP, ''), ('        losses.append', STEP[4:] + '        losses.append')
        ),
        'steps once an epoch',
    ),
    (changed(('model(images)', 'model.forward(images)')), 'calls forward itself'),
    (changed(('.detach()', ''), ('.item()', '')), 'losses keep the notes'),
    (changed((START, ''), ('losses = []', TOTAL)), 'sum never set back'),
    (
        changed(
            (START, ''),
            ('losses = []', TOTAL),
            (' * len(labels)', ''),
            (IMAGES, 'len(trainloader)'),
        ),
        'sum never set back',
    ),
    (changed((' * len(labels)', ''), (IMAGES, 'len(trainloader)')), 'mean of means'),
    (changed((IMAGES, 'len(trainloader)')), 'divides sums by batches'),
    (changed((' * len(labels)', '')), 'divides means by images'),
    (
        changed((IMAGES, 'len(trainloader) / trainloader.batch_size')),
        'counts full batches',
    ),
    (changed(('len(labels)', 'trainloader.batch_size')), 'last batch as full'),
    (changed(('+=', '=')), 'last loss of epoch'),
    (changed((' / ' + IMAGES, '')), 'sum for mean'),
    (changed((IMAGES, '7')), 'fixed number of images'),
    (changed(('range(epochs)', 'range(1, epochs)')), 'one epoch only'),
    (changed(('    return', '        return')), 'one epoch only'),
    (
        changed(('    return losses', '    return train_loss / ' + IMAGES)),
        'returns no list',
    ),
    (changed(('    return losses', '    print(losses)')), 'returns nothing'),
    (
        changed(
            (
                'for images, labels in trainloader:',
                'for images, labels in [next(iter(trainloader))]:',
            )
        ),
        'first batch only',
    ),
    (
        changed((STEP, STEP + '            loss = criterion(model(images), labels)\n')),
        'losses taken too late',
    ),
    (changed(('.item()', '')), 'losses are tensors'),
    (changed(('return losses', 'return tuple(losses)')), 'returns no list'),
    (
        changed(
            ('losses = []', 'losses, batches = [], list(trainloader)'),
            ('in trainloader:', 'in batches:'),
        ),
        'same batches each epoch',
    ),
    (
        changed(('    return', '    torch.set_grad_enabled(False)\n    return')),
        'gradients stay off',
    ),
    (changed((STEP, 2 * STEP)), 'weights end elsewhere'),
    (
        changed(('in trainloader:', 'in list(trainloader)[:-1]:')),
        'leaves last batch out',
    ),
    (changed(('range(epochs)', 'range(epochs + 1)')), 'one epoch too many'),
    (changed(('range(epochs)', 'range(2)')), 'losses for two epochs'),
    (
        changed(('        losses.append', '            losses.append')),
        'wrong number of losses',
    ),
    (
        changed(
            (
                '(train_loss.item() / ' + IMAGES + ')',
                '(torch.full((2,), train_loss.item() / ' + IMAGES + '))',
            )
        ),
        'losses of several numbers',
    ),
    (changed((IMAGES, '(' + IMAGES + ' - 1)')), 'wrong losses'),
    (changed((' * len(labels)', ''), (' / ' + IMAGES, '')), 'sum over batches'),
    (changed(('train_loss.item() / ' + IMAGES, 'loss.item()')), 'loss of last batch'),
]

RIGHT = [  # other answers that are right
    changed((CLEAR, ''), (STEP, STEP + CLEAR)),
    changed((CLEAR, ''), (BACKWARD, CLEAR.replace('optimizer', 'model') + BACKWARD)),
    changed((BACKWARD, ''), ('step()', 'step(loss.backward)')),
    changed((STEP, STEP.replace('step()', 'step(None)'))),
    changed(('.detach()', '.item()'), ('train_loss.item()', 'train_loss')),
    """
def train(model, trainloader, criterion, optimizer, epochs):
    model.train()
    losses = []
    while len(losses) < epochs:
        total, count = 0.0, 0
        for batch in trainloader:
            loss = criterion(model(batch[0]), batch[1])
            for p in model.parameters():
                p.grad = None
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * batch[0].shape[0]
            count += batch[0].shape[0]
        losses += [total / count]
    return losses
""",
    """
def train(model, trainloader, criterion, optimizer, epochs):
    losses = torch.zeros(epochs)
    for epoch in range(epochs):
        for images, labels in trainloader:
            loss = criterion(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[epoch] += loss.detach() * len(labels)
    return (losses / len(trainloader.dataset)).tolist()
""",
]
