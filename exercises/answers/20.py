"""What is right and wrong in exercise 20."""

import copy

import torch
from check import shaped
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

HINT = (
    'Walk through the loader once, and keep features and labels of each batch in '
    'two lists. torch.cat makes one tensor of a list.'
)

SOLUTION = """
def compute_features(body, loader):
    body.eval()
    features, all_labels = [], []
    with torch.no_grad():
        for images, labels in loader:
            features.append(body(images))
            all_labels.append(labels)
    return torch.cat(features), torch.cat(all_labels)
"""


class Body(nn.Module):
    """Counts the images that come, and whether torch takes notes, in copies, too."""

    count = 0
    notes = False

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 5, 3, padding=1),
            nn.BatchNorm2d(5),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )

    def forward(self, x):
        Body.count += len(x)
        output = self.layers(x)
        Body.notes = Body.notes or output.requires_grad
        return output


RETURNS_NOT_TWO = ('returns not two', 'return two tensors: features, labels')


def check(mine):
    n = 10
    labels = torch.arange(n) * 3  # a label of its own for each image
    body = Body()
    images = torch.randn(n, 3, 4, 4) + torch.linspace(-2, 2, n).view(n, 1, 1, 1)
    body(images)  # so that batch norm has something to remember
    before = copy.deepcopy(body.state_dict())
    used = copy.deepcopy(body).eval()
    wanted = torch.cat([used(images[i : i + 1]).detach() for i in range(n)])
    Body.count = 0
    Body.notes = False
    layers = str(body)
    body.train()
    dataset = TensorDataset(images, labels)
    try:
        got = mine.compute_features(body, DataLoader(dataset, 3, shuffle=True))
    except RuntimeError as error:
        assert 'stack expects' not in str(error), (
            'stacks the batches',
            'torch.stack wants batches of the same size, and the last is short: '
            'torch.cat',
        )
        raise
    enabled = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    assert enabled, (
        'switches gradients off',
        'gradients are off for all that follows: with torch.no_grad(): ends by itself',
    )
    assert isinstance(got, (tuple, list)) and len(got) == 2, RETURNS_NOT_TWO
    features, got_labels = got
    single_labels = isinstance(got_labels, list) and len(got_labels) == n
    assert not single_labels, (
        'labels as numbers',
        'labels is a list of numbers: append each batch and torch.cat, or '
        'torch.tensor(labels)',
    )
    assert not any(isinstance(one, list) for one in got), (
        'returns lists',
        'you return lists of batches: torch.cat makes one tensor of a list',
    )
    assert all(isinstance(one, torch.Tensor) for one in got), RETURNS_NOT_TWO
    assert features.shape != (1, 5), (
        'last batch only',
        'these are the features of the last batch only: keep those of all batches',
    )
    assert features.shape != (3, 5), (
        'first batch only',
        'these are the features of the first batch only: return stands in the loop',
    )
    assert len(features) != 9, (
        'leaves out last batch',
        'the last batch, of one image, is missing',
    )
    assert features.shape != (5, n), (
        'features in columns',
        'a row for each image, and yours is a column',
    )
    assert features.dtype != torch.int64, (
        'labels come first',
        'the features come first, then the labels',
    )
    shaped(features, wanted, 'the features')
    shaped(got_labels, labels, 'labels')
    assert body.count == n, (
        'walks through twice',
        f'{body.count} images went through the body, and the loader has {n}: walk '
        'through it once',
    )
    assert str(body) == layers, (
        'changes the layers',
        'the body has other layers now, and it is to stay as it is',
    )
    assert all(p.requires_grad for p in body.parameters()), (
        'freezes the body',
        'the parameters of the body have lost requires_grad, and it is to stay as it '
        'is: torch.no_grad() is enough',
    )
    now = body.state_dict()
    moved = [name for name in before if not torch.equal(now[name], before[name])]
    remembered = [name for name in moved if 'running' in name or 'tracked' in name]
    assert not remembered, (
        'batch norm moves',
        'batch norm has remembered these images: body.eval() first',
    )
    assert not moved, ('changes the body', f'the body has changed: {moved}')
    assert not features.requires_grad and not body.notes, (
        'takes notes',
        'torch took notes for gradients, which keeps all that was computed: with '
        'torch.no_grad():',
    )
    assert sorted(got_labels.tolist()) == labels.tolist(), (
        'wrong labels',
        'labels is not what the loader serves: each of them once',
    )
    apart = torch.cdist(features, wanted)  # of each row, how far from each image?
    nearest, found = apart.min(dim=1)
    assert (nearest < 1e-4).all(), (
        'body in train mode',
        'the features are not those of a body in eval mode: what an image gets depends '
        'on chance or on the images beside it',
    )
    assert len(set(found.tolist())) == n, (
        'images twice',
        'some images are there twice, others never',
    )
    assert torch.equal(labels[found], got_labels), (
        'features without their labels',
        'features and labels are no pairs: a loader that shuffles has another order '
        'each time, so take both from the same batch',
    )

    features = torch.randn(4, 2)
    labels = torch.tensor([1, 0, 1, 1])
    loader = DataLoader(TensorDataset(features, labels), 4)
    got, got_labels = mine.compute_features(nn.Flatten(), loader)
    assert torch.allclose(got, features) and got_labels.tolist() == labels.tolist(), (
        'fails for other bodies',
        'for another body, with one batch of 4 images and two features, it fails',
    )


def but(*changes):
    """The solution with other text in places."""
    answer = SOLUTION
    for old, new in changes:
        assert old in answer
        answer = answer.replace(old, new)
    return answer


WRONG = [  # (answer, name of its mistake)
    (but(('    body.eval()\n', '')), 'batch norm moves'),
    (but(('    body.eval()\n', '    body.train()\n')), 'batch norm moves'),
    (but(('with torch.no_grad()', 'if True')), 'takes notes'),
    (
        but(('with torch.no_grad()', 'torch.set_grad_enabled(False)\n    if True')),
        'switches gradients off',
    ),
    (
        but(('torch.cat(features), torch.cat(all_labels)', 'features, all_labels')),
        'returns lists',
    ),
    (
        but(
            ('append(labels)', 'extend(labels)'),
            ('torch.cat(all_labels)', 'all_labels'),
        ),
        'labels as numbers',
    ),
    (
        but(('    body.eval()\n', '    body.eval().requires_grad_(False)\n')),
        'freezes the body',
    ),
    (
        but(
            (
                '    body.eval()\n',
                '    body.eval()\n    body.classifier = torch.nn.Identity()\n',
            )
        ),
        'changes the layers',
    ),
    (
        but(('torch.cat(features), torch.cat(all_labels)', 'torch.cat(features)')),
        'returns not two',
    ),
    (
        but(
            (
                'torch.cat(features), torch.cat(all_labels)',
                'torch.cat(all_labels), torch.cat(features)',
            )
        ),
        'labels come first',
    ),
    (
        but(('torch.cat(features), torch.cat(all_labels)', 'features[-1], labels')),
        'last batch only',
    ),
    (
        but(
            ('    return torch.cat(features)', '            return torch.cat(features)')
        ),
        'first batch only',
    ),
    (but(('torch.cat(features)', 'torch.cat(features[:-1])')), 'leaves out last batch'),
    (but(('torch.cat(features)', 'torch.cat(features).T')), 'features in columns'),
    (
        but(('torch.cat(all_labels)', 'torch.cat([y for _, y in loader])')),
        'features without their labels',
    ),
    (
        but(('torch.cat(all_labels)', 'torch.tensor([y for _, y in loader.dataset])')),
        'features without their labels',
    ),
    (
        but(('torch.cat(all_labels)', 'torch.cat(all_labels).sort().values')),
        'features without their labels',
    ),
    (
        but(
            (
                '            features.append(body(images))',
                '            body(images)\n            features.append(body(images))',
            )
        ),
        'walks through twice',
    ),
    (
        but(
            ('    body.eval()\n', '    before = [b.clone() for b in body.buffers()]\n'),
            (
                '    return',
                '    for b, old in zip(body.buffers(), before):\n'
                '        b.copy_(old)\n    return',
            ),
        ),
        'body in train mode',
    ),
    (but(('torch.cat(all_labels)', 'torch.cat(all_labels).float()')), 'wrong dtype'),
    (
        but(('torch.cat(all_labels)', 'torch.cat(all_labels).view(-1, 1)')),
        'wrong shape',
    ),
    (but(('torch.cat(features)', 'torch.stack(features)')), 'stacks the batches'),
    (
        but(
            (
                '            features',
                '            for p in body.parameters():\n'
                '                p *= 0.99\n            features',
            )
        ),
        'changes the body',
    ),
    (
        but(('torch.cat(all_labels)', 'torch.arange(len(loader.dataset))')),
        'wrong labels',
    ),
    (
        but(
            (
                'torch.cat(features)',
                'torch.cat([features[0], features[0], *features[2:]])',
            )
        ),
        'images twice',
    ),
    (but(('body(images)', 'body(images).relu()')), 'fails for other bodies'),
]

RIGHT = [  # other answers that are right
    """
@torch.no_grad()
def compute_features(body, loader):
    mode = body.training
    body.eval()
    features, labels = torch.tensor([]), torch.tensor([], dtype=torch.int64)
    for images, more in loader:
        features = torch.cat([features, body(images)])
        labels = torch.cat([labels, more])
    body.train(mode)
    return features, labels
""",
    """
def compute_features(body, loader):
    body.train(False)
    with torch.inference_mode():
        pairs = [(body(images), labels) for images, labels in loader]
    features, labels = zip(*pairs)
    return [torch.vstack(features).clone(), torch.hstack(labels)]
""",
    """
def compute_features(body, loader):
    body.eval()
    images, labels = zip(*loader.dataset)
    with torch.no_grad():
        features = [body(image.unsqueeze(0))[0] for image in images]
    return torch.stack(features), torch.tensor(labels)
""",
    """
import copy


def compute_features(body, loader):
    body = copy.deepcopy(body)
    images, labels = zip(*loader)
    body = body.eval()
    for p in body.parameters():
        assert p.grad is None
    with torch.no_grad():
        return body(torch.cat(images)), torch.cat(labels)
""",
]
