"""What is right and wrong in exercise 14."""

import torch
from check import shaped
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

HINT = 'Add up two numbers over all batches, the right ones and all, and divide once.'

SOLUTION = """
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
"""


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
    classes = [0, 1, 2, 0, 0, 2, 1, 0, 1]
    labels = [0, 1, 2, 1, 0, 1, 2, 1, 1]
    loader = serve(classes, labels, 4)
    spy = Spy()
    model = nn.Sequential(spy)

    # The results of mistakes: each prediction compared with each label of its batch
    pairs = [
        sum(a == b for a in classes[i : i + 4] for b in labels[i : i + 4])
        for i in (0, 4, 8)
    ]
    one, two, three = pairs[0] / 16, pairs[1] / 16, pairs[2]
    all_with_all = [
        sum(pairs) / 9,
        sum(pairs) / 33,
        (4 * one + 4 * two + three) / 9,
        (one + two + three) / 3,
    ]
    # and softmax taken along the images
    right_across = 0
    for outputs, right in loader:
        predicted = outputs.softmax(dim=0).argmax(dim=1)
        right_across += (predicted == right).sum().item()

    try:
        got = mine.accuracy(model, loader)
    except AttributeError as error:
        assert "'bool' object" not in str(error), (
            'takes two results',
            'max(dim=1) and topk return two things, values and indices: argmax',
        )
        raise
    enabled = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    assert enabled, (
        'switches gradients off',
        'gradients are off for all that follows: with torch.no_grad(): ends by itself',
    )
    assert not isinstance(got, torch.Tensor), (
        'returns a tensor',
        'the result is a tensor: .item()',
    )
    if type(got) is int:
        got = float(got)
    shaped(got, 0.5)
    assert all(abs(got - wrong) > 1e-4 for wrong in all_with_all), (
        'compares all with all',
        'each prediction was compared with each label: print both shapes, they must be '
        'the same',
    )
    assert abs(got - (3 / 4 + 1 / 4 + 1) / 3) > 1e-4, (
        'counts batches',
        'your last batch is short: count images, not batches',
    )
    assert got <= 1 or got == 5, (
        'divides by too few',
        f'the share is a number from 0 to 1, and yours is {got:.3f}: divide by the '
        'number of all images',
    )
    assert got != 5, (
        'counts without dividing',
        'your result is a number of images, not a share of them',
    )
    assert abs(got - 5 / 12) > 1e-4, (
        'last batch counted full',
        'not all batches have 4 images, the last is short: add up len(labels)',
    )
    assert got != 3 / 4, (
        'first batch only',
        'only the first batch was counted: return stands in the loop',
    )
    assert got != 1, (
        'last batch only',
        'only the last batch was counted: add up over all of them',
    )
    if abs(got - 4 / 9) <= 1e-4:  # it may be another mistake
        other = mine.accuracy(Spy(), serve([0, 1, 2], [0, 0, 0], 64))
        assert abs(other - 2 / 3) > 1e-4, (
            'counts mistakes',
            'your result is the share of mistakes',
        )
    assert abs(got - right_across / 9) > 1e-4, (
        'softmax across images',
        'softmax(dim=0) compares the images with each other',
    )
    assert abs(got - 4 / 8) > 1e-4, (
        'leaves out last batch',
        'the last batch, of one image, was left out',
    )
    assert abs(got - 5 / 9) < 1e-4, (
        'wrong share',
        f'5 of 9 images were right, and you said {got:.3f}',
    )
    assert not spy.notes, (
        'takes notes',
        'torch took notes for gradients: with torch.no_grad():',
    )
    assert model.training, (
        'stays in eval mode',
        'the model came in train mode and left in eval mode',
    )
    assert spy.training, (
        'layer in eval mode',
        'a layer of the model was left in eval mode: model.train() reaches all layers',
    )
    model.eval()
    mine.accuracy(model, loader)
    assert not spy.training, (
        'always in train mode',
        'the model came in eval mode and left in train mode: note model.training',
    )

    got = mine.accuracy(Spy(), serve([0, 1, 2], [0, 0, 0], 64))
    assert abs(got - 1 / 3) < 1e-4, (
        'wrong share elsewhere',
        f'1 of 3 images was right, and you said {got:.3f}',
    )
    got = mine.accuracy(Spy(), serve([0, 1, 2, 2], [0, 1, 2, 0], 64, least=-10))
    assert abs(got - 3 / 4) < 1e-4, (
        'expects positive outputs',
        'all outputs of a model may be negative, and then you are wrong: argmax of the '
        'outputs as they are',
    )
    loader = serve([2] * 100, [2] * 100, 30)
    got = mine.accuracy(nn.Sequential(nn.Dropout(0.9)), loader)
    assert abs(got - 1) < 1e-4, (
        'counts in train mode',
        'dropout was at work while you counted: model.eval() comes first',
    )


def but(old, new):
    """The solution with one thing changed."""
    assert old in SOLUTION
    return SOLUTION.replace(old, new)


WRONG = [  # (answer, name of its mistake)
    (
        """
def accuracy(model, loader):
    shares = []
    for images, labels in loader:
        shares.append((model(images).argmax(dim=1) == labels).float().mean())
    return (sum(shares) / len(shares)).item()
""",
        'counts batches',
    ),
    (
        but(
            'output.argmax(dim=1) == labels', 'output.topk(1, dim=1).indices == labels'
        ),
        'compares all with all',
    ),
    (
        but(
            'output.argmax(dim=1) == labels',
            'output.argmax(dim=1, keepdim=True) == labels',
        ).replace('len(labels)', 'len(labels)**2'),
        'compares all with all',
    ),
    (but('count += len(labels)', 'count = len(loader)'), 'divides by too few'),
    (
        but('count += len(labels)', 'count += loader.batch_size'),
        'last batch counted full',
    ),
    (but('correct / count', '100 * correct / count'), 'divides by too few'),
    (but('correct / count', 'correct'), 'counts without dividing'),
    (but('.item()', ''), 'returns a tensor'),
    (but('correct +=', 'correct =').replace('count +=', 'count ='), 'last batch only'),
    (
        but('    model.train(was_training)\n    return', '            return'),
        'first batch only',
    ),
    (but('==', '!='), 'counts mistakes'),
    (but('output.argmax(', 'output.softmax(dim=0).argmax('), 'softmax across images'),
    (but('output.argmax(', 'output.abs().argmax('), 'expects positive outputs'),
    (but('output.argmax(', 'output.max('), 'takes two results'),
    (
        but(
            '            output',
            '            if len(labels) < loader.batch_size:\n'
            '                break\n            output',
        ),
        'leaves out last batch',
    ),
    (but('    model.train(was_training)\n', ''), 'stays in eval mode'),
    (but('was_training)', ')'), 'always in train mode'),
    (
        but('model.train(was_training)', 'model.training = was_training'),
        'layer in eval mode',
    ),
    (but('    model.eval()\n', ''), 'counts in train mode'),
    (but('with torch.no_grad()', 'if True'), 'takes notes'),
    (
        but('with torch.no_grad()', 'torch.set_grad_enabled(False)\n    if True'),
        'switches gradients off',
    ),
    (
        but(
            'output.argmax(dim=1) == labels).sum()',
            'output.topk(1).indices == labels).float().mean()',
        ).replace('+= len(labels)', '+= 1'),
        'compares all with all',
    ),
    (but('return correct / count', 'return 5 / 9'), 'wrong share elsewhere'),
    (but('output.argmax(', 'output.argmin('), 'wrong share'),
]

RIGHT = [  # other answers that are right
    """
@torch.no_grad()
def accuracy(model, loader):
    mode = model.training
    model.train(False)
    right = [model(images).argmax(1).eq(labels) for images, labels in loader]
    model.train(mode)
    return torch.cat(right).float().mean().item()
""",
    """
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
""",
    """
def accuracy(model, loader):
    was_training = model.training
    model.eval()
    torch.set_grad_enabled(False)
    answers = [(p, label) for images, labels in loader
               for p, label in zip(model(images).max(dim=1)[1].numpy(), labels.numpy())]
    torch.set_grad_enabled(True)
    model.train(was_training)
    return sum(p == label for p, label in answers) / len(answers)
""",
]
