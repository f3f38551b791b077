"""What is right and wrong in exercise 11."""
import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

HINT = '''Lay it beside the loop of lesson 11 and go line by line: what is done, in
which order, in which of the two loops, and by what is it divided?'''

SOLUTION = '''
def train(model, trainloader, criterion, optimizer, epochs):
    losses = []
    for _ in range(epochs):
        train_loss = 0
        for images, labels in trainloader:
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()
            train_loss += loss.item() * len(labels)
        losses.append(train_loss / len(trainloader.dataset))
    return losses
'''


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
    return [batches[n * size:(n + 1) * size] for n in range(epochs)]


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
    assert on, 'after your training autograd is switched off for all that follows'
    return got, model, start, loader, calls


def flat(model):
    return nn.utils.parameters_to_vector(model.parameters()).detach()


def check_weights(mine):
    got, model, start, loader, calls = run(mine, 0.2, 2)
    passes = loader.passes
    end = flat(model)
    assert not torch.equal(end, flat(start)), (
        'the weights are the same as before: does optimizer.step() come, and is any '
        'gradient left when it does?')

    def trained(epochs=2, **how):
        other = copy.deepcopy(start)
        reference(other, loader, SGD(other.parameters(), lr=0.2), epochs, **how)
        return flat(other)

    mistakes = (
        ({'clear': 'never'},
         'the gradients are never cleared, so each step drags the old ones on: '
         'optimizer.zero_grad()'),
        ({'clear': 'epoch'},
         'the gradients are cleared once an epoch: each batch starts with none'),
        ({'clear': 'epoch', 'step': 'epoch'},
         'you step once an epoch: every batch makes a step'),
        ({'step': 'epoch'}, 'you step once an epoch: every batch makes a step'),
        ({'first': 1}, 'you train with the first batch only'),
        ({'first': 2}, 'you leave the last batch out: short or not, its images count'),
        ({'epochs': 1}, 'you train for one epoch, not for two: is the return behind '
                        'both loops, and is range(epochs) whole?'),
        ({'epochs': 3}, 'you train for one epoch too many'))
    right = torch.allclose(end, trained(), atol=1e-4)
    for how, words in mistakes:
        assert right or not torch.allclose(end, trained(**how), atol=1e-5), words
    assert right, (
        'the weights end elsewhere than those of lesson 11: for each batch clear the '
        'gradients, forward, loss, backward, step, with what train was given')
    assert len(calls) >= 6, (
        'model.forward(images) leaves out what torch does around it: call the model, '
        'model(images)')
    assert passes >= 2, (
        'every epoch has the same batches: loop over trainloader itself, which '
        'shuffles anew')


def check_losses(mine):
    """With lr 0 nothing moves, so that every epoch has the same losses."""
    for images, batch in ((7, 3), (5, 2), (4, 4), (9, 2)):
        got, model, start, loader, _ = run(mine, 0.0, 2, images, batch)
        assert isinstance(got, list), (
            f'train is to return a list of losses, and returns a {type(got).__name__}')
        assert len(got) == 2, f'{len(got)} losses came back for 2 epochs: one for each'
        assert not any(isinstance(loss, torch.Tensor) and loss.requires_grad
                       for loss in got), (
            'your losses are tensors that hold on to the notes of all batches, and the '
            'memory fills: add up loss.item()')
        assert all(isinstance(loss, (int, float)) or loss.numel() == 1
                   for loss in got), 'one number for each epoch'
        one, two = map(float, got)
        pairs = reference(start, loader, SGD(start.parameters(), lr=0), 1)[0]
        total = sum(loss * size for loss, size in pairs)
        means, right = sum(loss for loss, _ in pairs), total / images
        case = f'{images} images in batches of {batch}'
        assert abs(two - 2 * one) > 1e-4, (
            'the second epoch has the loss of the first one in it: begin each with '
            'train_loss = 0')
        for wrong, words in (
                (means / len(pairs), 'you take the mean of means, and the last batch '
                                     'is short: add up loss.item() * len(labels), and '
                                     'divide by the number of images'),
                (total / len(pairs), 'you add up images and divide by the number of '
                                     'batches'),
                (means / images, 'you add up means of batches and divide by the number '
                                 'of images: times len(labels) first'),
                (total / len(pairs) / batch, f'{len(pairs)} batches of {batch} are '
                                             f'more than {images} images: the last '
                                             'is short'),
                (means * batch / images, f'the last batch is short: not all have '
                                         f'{batch} images, so take len(labels)'),
                (total, 'that is the sum over the images: divide by their number'),
                (means, 'that is a sum over the batches, no mean'),
                (pairs[-1][0], 'that is the loss of the last batch only'),
                (pairs[-1][0] * pairs[-1][1] / images, 'that is the loss of the last '
                                                       'batch only: +=, not ='),
                (total / 7, f'you divide by 7, but here are {images} images')):
            assert abs(wrong - right) < 1e-3 or abs(one - wrong) > 1e-4, words
        assert abs(one - right) < 1e-4 and abs(two - right) < 1e-4, (
            f'{case} have the mean loss {right:.4f} in both of two epochs in which no '
            f'weight moves, and you say {one:.4f} and {two:.4f}')
        assert all(isinstance(loss, (int, float)) for loss in got), (
            'your losses are tensors, and floats are wanted: add up loss.item()')


def check(mine):
    check_weights(mine)
    check_losses(mine)
    got, _, start, loader, _ = run(mine, 0.2, 3)
    epochs = reference(start, loader, SGD(start.parameters(), lr=0.2), 3)
    right = [sum(loss * size for loss, size in pairs) / 7 for pairs in epochs]
    assert len(got) == 3, f'{len(got)} losses came back for 3 epochs: one for each'
    assert all(abs(float(g) - r) < 1e-3 for g, r in zip(got, right)), (
        f'the losses of three epochs are {torch.tensor(right)}, and yours '
        f'{torch.tensor(list(map(float, got)))}: take that of each batch as it comes, '
        'before its step')


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

WRONG = [  # (answer, words that the verdict has)
    ('', 'the weights are the same as before'),  # the task as it stands
    (changed((CLEAR, ''), (BACKWARD, BACKWARD + CLEAR)), 'the weights are the same'),
    (changed((STEP, '')), 'the weights are the same'),
    (changed((CLEAR, '')), 'the gradients are never cleared'),
    (changed((CLEAR, ''), (START, START + CLEAR[4:])), 'cleared once an epoch'),
    (changed((STEP, ''), ('        losses.append', STEP[4:] + '        losses.append')),
     'you step once an epoch'),
    (changed(('model(images)', 'model.forward(images)')), 'call the model'),
    (changed(('.item()', '')), 'hold on to the notes'),
    (changed((START, ''), ('losses = []', TOTAL)), 'train_loss = 0'),
    (changed((START, ''), ('losses = []', TOTAL), (' * len(labels)', ''),
             (IMAGES, 'len(trainloader)')), 'train_loss = 0'),
    (changed((' * len(labels)', ''), (IMAGES, 'len(trainloader)')), 'mean of means'),
    (changed((IMAGES, 'len(trainloader)')), 'divide by the number of batches'),
    (changed((' * len(labels)', '')), 'times len(labels) first'),
    (changed((IMAGES, 'len(trainloader) / trainloader.batch_size')),
     'more than 7 images'),
    (changed(('len(labels)', 'trainloader.batch_size')), 'not all have 3 images'),
    (changed(('+=', '=')), '+=, not ='),
    (changed((' / ' + IMAGES, '')), 'the sum over the images'),
    (changed((IMAGES, '7')), 'you divide by 7, but here are 5'),
    (changed(('range(epochs)', 'range(1, epochs)')), 'for one epoch, not for two'),
    (changed(('    return', '        return')), 'for one epoch, not for two'),
    (changed(('    return losses', '    return train_loss / ' + IMAGES)),
     'returns a float'),
    (changed(('    return losses', '    print(losses)')), 'train returns nothing'),
    (changed(('for images, labels in trainloader:',
              'for images, labels in [next(iter(trainloader))]:')),
     'with the first batch only'),
    (changed((STEP, STEP + '            loss = criterion(model(images), labels)\n')),
     'before its step'),
    (changed(('.item()', '.detach()')), 'your losses are tensors, and floats'),
    (changed(('return losses', 'return tuple(losses)')), 'returns a tuple'),
    (changed(('losses = []', 'losses, batches = [], list(trainloader)'),
             ('in trainloader:', 'in batches:')), 'which shuffles anew'),
]

RIGHT = [  # other answers that are right
    changed((CLEAR, ''), (STEP, STEP + CLEAR)),
    changed((CLEAR, ''), (BACKWARD, CLEAR.replace('optimizer', 'model') + BACKWARD)),
    changed((BACKWARD, ''), ('step()', 'step(loss.backward)')),
    changed((STEP, STEP.replace('step()', 'step(None)'))),
    '''
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
''',
    '''
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
''',
]
