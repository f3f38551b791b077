"""What is right and wrong in exercise 14."""
import torch
from check import shaped
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

HINT = 'Add up two numbers over all batches, the right ones and all, and divide once.'

SOLUTION = '''
def accuracy(model, loader):
    was_training = model.training
    model.eval()
    correct, count = 0, 0
    with torch.no_grad():
        for images, labels in loader:
            output = model(images)
            correct += (output.argmax(dim=1) == labels).sum().item()
            count += len(labels)
    model.train(was_training)
    return correct / count
'''


class Spy(nn.Module):  # hands on what it gets, and notes if gradients were on
    notes = False

    def forward(self, x):
        self.notes = self.notes or torch.is_grad_enabled()
        return x


def serve(classes, labels, batch_size, least=-2):
    """A loader of outputs whose largest number is that of a class."""
    outputs = 5 * torch.eye(3)[classes] + least
    return DataLoader(TensorDataset(outputs, torch.tensor(labels)), batch_size)


def check(mine):
    # Batches of 4, 4 and 1 images, of which 3, 1 and 1 are right
    classes, labels = [0, 1, 2, 0, 0, 2, 1, 0, 1], [0, 1, 2, 1, 0, 1, 2, 1, 1]
    loader, spy = serve(classes, labels, 4), Spy()
    model = nn.Sequential(spy)
    crossed = [sum(a == b for a in classes[i:i + 4] for b in labels[i:i + 4])
               for i in (0, 4, 8)]  # each prediction with each label of its batch
    one, two = crossed[0] / 16, crossed[1] / 16
    crossed = sum(crossed) / 9, sum(crossed) / 33, (4 * one + 4 * two + 1) / 9, (
        one + two + 1) / 3
    among = sum((outputs.softmax(dim=0).argmax(dim=1) == right).sum().item()
                for outputs, right in loader) / 9
    try:
        got = mine.accuracy(model, loader)
    except AttributeError as error:
        assert "'bool' object" not in str(error), (
            'max(dim=1) and topk return two things, values and indices: argmax')
        raise
    enabled = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    assert enabled, (
        'gradients are off for all that follows: with torch.no_grad(): ends by itself')
    assert not isinstance(got, torch.Tensor), 'the result is a tensor: .item()'
    shaped(float(got) if type(got) is int else got, 0.5)
    assert all(abs(got - wrong) > 1e-4 for wrong in crossed), (
        'each prediction was compared with each label: print both shapes, they must be '
        'the same')
    assert abs(got - (3 / 4 + 1 / 4 + 1) / 3) > 1e-4, (
        'your last batch is short: count images, not batches')
    assert got <= 1 or got == 5, (
        f'the share is a number from 0 to 1, and yours is {got:.3f}: divide by the '
        'number of all images')
    assert got != 5, 'your result is a number of images, not a share of them'
    assert abs(got - 5 / 12) > 1e-4, (
        'not all batches have 4 images, the last is short: add up len(labels)')
    assert got != 3 / 4, 'only the first batch was counted: return stands in the loop'
    assert got != 1, 'only the last batch was counted: add up over all of them'
    assert abs(got - 4 / 9) > 1e-4 or abs(
        mine.accuracy(Spy(), serve([0, 1, 2], [0, 0, 0], 64)) - 2 / 3) > 1e-4, (
        'your result is the share of mistakes')
    assert abs(got - among) > 1e-4, 'softmax(dim=0) compares the images with each other'
    assert abs(got - 4 / 8) > 1e-4, 'the last batch, of one image, was left out'
    assert abs(got - 5 / 9) < 1e-4, f'5 of 9 images were right, and you said {got:.3f}'
    assert not spy.notes, 'torch took notes for gradients: with torch.no_grad():'
    assert model.training, 'the model came in train mode and left in eval mode'
    assert spy.training, (
        'a layer of the model was left in eval mode: model.train() reaches all layers')
    model.eval()
    mine.accuracy(model, loader)
    assert not spy.training, (
        'the model came in eval mode and left in train mode: note model.training')

    got = mine.accuracy(Spy(), serve([0, 1, 2], [0, 0, 0], 64))
    assert abs(got - 1 / 3) < 1e-4, f'1 of 3 images was right, and you said {got:.3f}'
    got = mine.accuracy(Spy(), serve([0, 1, 2, 2], [0, 1, 2, 0], 64, least=-10))
    assert abs(got - 3 / 4) < 1e-4, (
        'all outputs of a model may be negative, and then you are wrong: argmax of the '
        'outputs as they are')
    loader = serve([2] * 100, [2] * 100, 30)
    got = mine.accuracy(nn.Sequential(nn.Dropout(0.9)), loader)
    assert abs(got - 1) < 1e-4, (
        'dropout was at work while you counted: model.eval() comes first')


def but(old, new):
    """The solution with one thing changed."""
    assert old in SOLUTION
    return SOLUTION.replace(old, new)


WRONG = [  # (answer, words that the verdict has)
    ('''
def accuracy(model, loader):
    shares = []
    for images, labels in loader:
        shares.append((model(images).argmax(dim=1) == labels).float().mean())
    return (sum(shares) / len(shares)).item()
''', 'count images, not batches'),
    (but('output.argmax(dim=1) == labels', 'output.topk(1, dim=1).indices == labels'),
     'with each label'),
    (but('output.argmax(dim=1) == labels',
         'output.argmax(dim=1, keepdim=True) == labels').replace(
             'len(labels)', 'len(labels)**2'), 'with each label'),
    (but('count += len(labels)', 'count = len(loader)'), 'number of all images'),
    (but('count += len(labels)', 'count += loader.batch_size'), 'the last is short'),
    (but('correct / count', '100 * correct / count'), 'from 0 to 1'),
    (but('correct / count', 'correct'), 'not a share of them'),
    (but('.item()', ''), '.item()'),
    (but('correct +=', 'correct =').replace('count +=', 'count ='), 'only the last'),
    (but('    model.train(was_training)\n    return', '            return'),
     'only the first batch'),
    (but('==', '!='), 'share of mistakes'),
    (but('output.argmax(', 'output.softmax(dim=0).argmax('), 'softmax(dim=0) compares'),
    (but('output.argmax(', 'output.abs().argmax('), 'may be negative'),
    (but('output.argmax(', 'output.max('), 'values and indices: argmax'),
    (but('            output', '            if len(labels) < loader.batch_size:\n'
         '                break\n            output'), 'was left out'),
    (but('    model.train(was_training)\n', ''), 'left in eval mode'),
    (but('was_training)', ')'), 'left in train mode'),
    (but('model.train(was_training)', 'model.training = was_training'),
     'reaches all layers'),
    (but('    model.eval()\n', ''), 'dropout was at work'),
    (but('with torch.no_grad()', 'if True'), 'took notes'),
    (but('with torch.no_grad()', 'torch.set_grad_enabled(False)\n    if True'),
     'ends by itself'),
    (but('output.argmax(dim=1) == labels).sum()', 'output.topk(1).indices == labels'
         ').float().mean()').replace('+= len(labels)', '+= 1'), 'with each label'),
    (but('return correct / count', 'return 5 / 9'), '1 of 3 images'),
]

RIGHT = [  # other answers that are right
    '''
@torch.no_grad()
def accuracy(model, loader):
    mode = model.training
    model.train(False)
    right = [model(images).argmax(1).eq(labels) for images, labels in loader]
    model.train(mode)
    return torch.cat(right).float().mean().item()
''',
    '''
def accuracy(model, loader):
    was_training = model.training
    model.eval()
    total = 0
    with torch.inference_mode():
        for images, labels in loader:
            top_class = torch.exp(model(images)).topk(1, dim=1).indices
            equals = top_class == labels.view(*top_class.shape)
            total += equals.float().mean().item() * len(labels)
    if was_training:
        model.train()
    return total / len(loader.dataset)
''',
    '''
def accuracy(model, loader):
    was_training = model.training
    model.eval()
    torch.set_grad_enabled(False)
    answers = [(p, label) for images, labels in loader
               for p, label in zip(model(images).max(dim=1)[1].numpy(), labels.numpy())]
    torch.set_grad_enabled(True)
    model.train(was_training)
    return sum(p == label for p, label in answers) / len(answers)
''',
]
