"""The referee names each mistake with its line, and leaves a fair training alone.

A verdict is the name of a rule; trainings.py finds it in what the referee prints. The
scripts are files: those in tests/fair are fair, and BROKEN puts a mistake into one of
them. Those in tests/programs/referee do a single thing, as their arguments say: SCENES
calls them with every member of each list in the referee and with the two sides of each
of its thresholds, each beside the nearest that is innocent.
"""

import os
import re
import subprocess
import sys

import pytest
import torch
from course import REFEREE, ROOT, one_line, run
from course import verdicts as verdicts_in
from torch import nn
from torchvision import models
from trainings import FAIR, mistakes, remarks, rules, spoil, told, told_of_scenes

from referee.rules.numbers import holds
from referee.rules.probes import Probe
from referee.run import Record

pytestmark = pytest.mark.skipif(
    not hasattr(os, 'fork'), reason='the scripts are started with os.fork (POSIX)'
)

BROKEN = [  # the rule, the line to be named, what is replaced by what
    ('clear', 'STEP', '        optimizer.zero_grad()\n', ''),
    (
        'idle',
        'STEP',
        '        optimizer.step()',
        '        optimizer.zero_grad()\n        optimizer.step()',
    ),
    ('idle', 'STEP', 'best = ', 'model = copy.deepcopy(model)\nbest = '),
    (
        'unused',
        'TRAIN',
        'nn.Flatten(), head)',
        'nn.Flatten(), nn.Linear(72, 4))\n'
        'model.forward = lambda images: model[2](model[1](model[0](images)).detach())',
    ),
    ('orphan', 'TRAIN', 'Adam(model.', 'Adam(body.'),
    ('asleep', 'TRAIN', '    model.train()\n', ''),
    ('frozen', 'TRAIN', 'criterion =', 'body.requires_grad_(False)\ncriterion ='),
    ('order', 'FOR', ', shuffle=True', ''),
    (
        'order',
        'TRAIN',
        'for images, labels in trainloader:  # FOR\n',
        'for i in range(0, 192, 32):\n'
        '        images, labels = (x[i:i + 32] for x in data.tensors)\n',
    ),
    ('nan', 'BACKWARD', 'labels)  # LOSS', 'labels) * float("nan")  # LOSS'),
    ('awake', 'TEST', '    model.eval()\n', ''),
    ('leak', 'TEST', 'range(270, 370)', 'range(150, 200)'),
    ('leak', 'TEST', 'range(270, 370)', 'range(150, 250)'),
    ('leak', 'TEST', 'DataLoader(testset', 'DataLoader(trainset'),
    ('choice', 'TEST', 'DataLoader(validset', 'DataLoader(testset'),
    ('part', 'TEST', '(testset, 32)', '(testset, 32, drop_last=True)'),
    (
        'part',
        'TEST',
        '(testset, 32)',
        '(testset, 32, sampler='
        'torch.utils.data.RandomSampler(testset, replacement=True))',
    ),
    ('chance', 'TEST', 'body =', 'testset.transform = "RandomRotation(9)"\nbody ='),
    ('gradients', 'TEST', 'torch.no_grad()', 'torch.enable_grad()'),
    ('range', 'TEST', 'model(images)  # TEST', 'model(images / 2 + 0.5)  # TEST'),
    ('twice', 'LOSS', 'nn.Linear(16, 4))', 'nn.Linear(16, 4), nn.LogSoftmax(dim=1))'),
    ('twice', 'LOSS', 'nn.Linear(16, 4))', 'nn.Linear(16, 4), nn.Softmax(dim=1))'),
    (
        'twice',
        'LOSS',
        'criterion(output, labels)  # LOSS',
        'F.binary_cross_entropy_with_logits(output.sigmoid(), F.one_hot(labels, 4) * 1.0'
        ')  # LOSS',
    ),
    (
        'orphan',
        'TRAIN',
        'optimizer =',
        'layers = [nn.Linear(4, 4)]\n'
        'base = model.forward\nmodel.forward = lambda x: layers[0](base(x))\noptimizer =',
    ),
    ('no log', 'LOSS', 'nn.CrossEntropyLoss()', 'nn.NLLLoss()'),
    ('labels', 'LOSS', 'labels)  # LOSS', 'labels + 1)  # LOSS'),
    ('labels', 'LOSS', 'labels)  # LOSS', 'labels.float())  # LOSS'),
    ('labels', 'LOSS', 'labels)  # LOSS', 'output.detach())  # LOSS'),
    ('shapes', 'EQUAL', 'output.argmax(dim=1)', 'output.topk(1).indices'),
    (
        'shapes',
        'LOSS',
        'criterion(output, labels)',
        'F.mse_loss(output[:, :1], labels.float())',
    ),
    ('divided by examples', 'SUM', 'loss.item() * len(labels)', 'loss.item()'),
    (
        'means',
        'SUM',
        'total_loss += loss.item() * len(labels)',
        'losses = [*losses, loss.item()] if images is not data else []',
        'total_loss = 0',
        'losses = []',
        'total_loss / len(trainset)',
        'sum(losses) / len(losses)',
    ),
    ('graph', 'SUM', 'loss.item() * len(labels)', 'loss'),
    ('copy', 'COPY', '(best)', '(model.state_dict())'),
    (
        'whole',
        'SAVE',
        'model.state_dict(), ',
        'model, ',
        'weights_only=True)  # LOAD',
        'weights_only=False).state_dict()  # LOAD',
    ),
    ('unsafe', 'LOAD', 'weights_only=True', 'weights_only=False'),
]
BROKEN_IDS = [f'{number}-{case[0]}' for number, case in enumerate(BROKEN)]
FAIR_SCRIPTS = sorted(path.name for path in (ROOT / 'tests/fair').glob('*.py'))


# The fair training, and one mistake at a time


@pytest.fixture(scope='module')
def verdicts(tmp_path_factory):
    scripts = {name: spoil(*case[1:])[0] for name, case in zip(BROKEN_IDS, BROKEN)}
    return told(scripts, tmp_path_factory.mktemp('scripts'))


@pytest.fixture(scope='module')
def fair_verdicts(tmp_path_factory):
    scripts = {
        name: (ROOT / 'tests/fair' / name).read_text(encoding='utf-8')
        for name in FAIR_SCRIPTS
    }
    return told(scripts, tmp_path_factory.mktemp('fair'))


@pytest.mark.parametrize('name', FAIR_SCRIPTS)
def test_a_fair_training_is_fair(name, fair_verdicts):
    code, text = fair_verdicts[name]
    assert not mistakes(text), f'The referee wrongly accuses tests/fair/{name}:\n{text}'
    assert code == 0, f'A fair training must end with exit code 0, not {code}:\n{text}'


def test_the_steps_of_training_are_counted(fair_verdicts):
    """Two epochs of 200 images in batches of 32."""
    seen = verdicts_in(fair_verdicts['classifier.py'][1])
    steps = 2 * -(-200 // 32)
    assert seen['steps'] == steps, f'{steps} steps of training must be counted: {seen}'


@pytest.mark.parametrize('name, case', list(zip(BROKEN_IDS, BROKEN)), ids=BROKEN_IDS)
def test_a_mistake_is_named_with_its_line(name, case, verdicts):
    rule, *where = case
    _, line = spoil(*where)
    code, text = verdicts[name]
    assert (rule, line) in mistakes(text), (
        f'The referee must say that line {line} breaks the rule `{rule}`. It says:\n'
        f'{text}'
    )
    assert code == 1, f'A mistake must end with exit code 1, not {code}'


# Every member of each list, both sides of each threshold


def each(values, *rest, says=()):
    """A case for each value: its arguments, and the rules that are broken."""
    return [((value, *rest), set(says)) for value in values]


DROPOUTS = [
    'nn.Dropout(0.5)',
    'nn.Dropout1d(0.5)',
    'nn.Dropout2d(0.5)',
    'nn.Dropout3d(0.5)',
    'nn.AlphaDropout(0.5)',
    'nn.FeatureAlphaDropout(0.5)',
]
NORMS = [
    'nn.BatchNorm1d(4)',
    'nn.BatchNorm2d(4)',
    'nn.BatchNorm3d(4)',
    'nn.LazyBatchNorm2d()',
]
WITHOUT_CHANCE = [
    'nn.Dropout(0)',
    'nn.LayerNorm([4, 4])',
    'nn.GroupNorm(2, 4)',
    'nn.InstanceNorm2d(4, affine=True)',
    'nn.ReLU()',
]
LOSSES = [
    'mse_loss',
    'l1_loss',
    'smooth_l1_loss',
    'huber_loss',
    'binary_cross_entropy',
    'binary_cross_entropy_with_logits',
    'cross_entropy',
    'nll_loss',
]
STRETCHED = LOSSES[:4]  # the others raise an error where shapes differ
CHANCE = [
    'transforms.RandomHorizontalFlip()',
    'transforms.RandomRotation(9)',
    'transforms.RandomErasing()',
    'transforms.ColorJitter(0.2)',
    'transforms.AutoAugment()',
    'transforms.RandAugment()',
    'transforms.TrivialAugmentWide()',
    'transforms.AugMix()',
    'transforms.Compose([transforms.ToTensor(), transforms.RandomCrop(4)])',
    'v2.RandomHorizontalFlip()',
    'v2.ColorJitter(0.2)',
    'v2.AutoAugment()',
    'v2.RandAugment()',
    'v2.TrivialAugmentWide()',
    'v2.AugMix()',
]
NO_CHANCE = [
    'transforms.Resize(4)',
    'transforms.CenterCrop(4)',
    'transforms.Grayscale()',
    'transforms.Pad(1)',
    'transforms.Normalize((0.5,), (0.5,))',
    'v2.Resize(4)',
    'transforms.Compose([transforms.ToTensor(), transforms.CenterCrop(4)])',
]
LOAD = 'torch.load(path)'
# The photos that SqueezeNet was trained on go from -2.12 to 2.25 in the first channel.
# The middle six tenths of it: -0.6 * 0.485 / 0.229 and 0.6 * (1 - 0.485) / 0.229.
LOW, HIGH = -1.2707, 1.3493

SCENES = {  # by the promise: the file, and [(arguments, the rules that are broken)]
    'batches in the same order are noticed from the third on': (
        'batches',
        [
            (('ABCDABCD',), {'order'}),  # C follows B again, and D follows C
            (('ABCABC',), set()),
            (('ABCDBADC',), set()),
            (
                ('AAAAAAAA',),
                set(),
            ),  # one batch, to see whether the network can learn it
            (('ABCDEABCDEC',), set()),  # 4 of 5: exactly 0.8
            (('ABCDEFABCDEFC',), {'order'}),  # 5 of 6
        ],
    ),
    'a loader that does not shuffle is noticed if it has two batches': (
        'loader',
        [
            (('17', 'in order'), {'order'}),
            (('16', 'in order'), set()),
            (('17', 'shuffled'), set()),
            (('17', 'a sorted part'), {'order'}),
            (('17', 'a mixed part'), {'order'}),
            (('17', 'a sorted part of a mixed part'), {'order'}),
        ],
    ),
    'train mode in a test is noticed where it matters': (
        'layers',
        [
            *each(DROPOUTS + NORMS, 'test in train mode', says={'awake'}),
            *each(DROPOUTS + NORMS, 'test in eval mode'),
            *each(WITHOUT_CHANCE, 'test in train mode'),
            (
                ('nn.BatchNorm2d(4, track_running_stats=False)', 'test in train mode'),
                set(),
            ),
        ],
    ),
    'eval mode in training is noticed where it matters': (
        'layers',
        [
            *each(NORMS, 'train in eval mode', says={'asleep'}),
            *each(DROPOUTS + NORMS, 'train in train mode'),
            *each(
                [
                    f'nn.Sequential({layer}, nn.LazyConv2d(4, 1))'
                    for layer in DROPOUTS
                    if '1d' not in layer and '3d' not in layer
                ],
                'train in train mode',
            ),
            *each(DROPOUTS, 'train in eval mode', says={'asleep'}),
            *each(WITHOUT_CHANCE, 'train in eval mode'),
            (('nn.BatchNorm2d(4, affine=False)', 'train in eval mode'), set()),
        ],
    ),
    'train mode of a frozen batch norm is noticed': (
        'layers',
        [
            *each(NORMS[:3], 'freeze in train mode', says={'frozen'}),
            *each(NORMS[:3], 'freeze in eval mode'),
            *each(DROPOUTS + WITHOUT_CHANCE, 'freeze in train mode'),
            (('nn.BatchNorm2d(4, affine=False)', 'freeze in train mode'), set()),
            (
                (
                    'nn.BatchNorm2d(4, track_running_stats=False)',
                    'freeze in train mode',
                ),
                set(),
            ),
        ],
    ),
    'a dropout that the network calls itself is noticed': (
        'functional_dropout',
        [
            (('0.5', 'always'), {'always on'}),
            (('0.5', 'in training'), set()),
            (('0', 'always'), set()),
        ],
    ),
    'a training is fair with each of the losses': (
        'losses',
        [
            *each(LOSSES, 'none'),
            *each(LOSSES, 'equal batches counted'),
            *each(LOSSES, 'losses of sums counted'),
        ],
    ),
    'batches that are counted like images are noticed with each loss': (
        'losses',
        [
            *each(LOSSES, 'batches counted', says={'means'}),
        ],
    ),
    'losses that are added up with their graphs are noticed': (
        'losses',
        [
            *each(LOSSES, 'loss added up', says={'graph'}),
        ],
    ),
    'shapes that are stretched in a loss are noticed': (
        'losses',
        [
            *each(STRETCHED, 'column', says={'shapes'}),
        ],
    ),
    'each way of adding up is noticed': (
        'addition',
        [
            *each(
                ['total + loss', 'loss + total', 'total += loss'],
                'after backward',
                says={'graph'},
            ),
            *each(['number + loss'], 'after backward'),  # nothing is added up
            *each(['total + loss', 'loss + total', 'total += loss'], 'before backward'),
            *each(
                ['total + loss', 'loss + total', 'total += loss', 'number + loss'],
                'detached',
            ),
            *each(['total + loss', 'total += loss'], 'item'),
        ],
    ),
    'labels are class numbers': (
        'classes',
        [
            (('F.cross_entropy(logits, tensor([0, 1, 2, 2]))',), set()),
            (('F.cross_entropy(logits, tensor([0, 1, 2, 3]))',), {'labels'}),
            (('F.cross_entropy(logits, tensor([0, 1, 2, -1]))',), {'labels'}),
            (('F.cross_entropy(logits, tensor([0, 1, 2, -100]))',), set()),
            (('F.cross_entropy(logits, tensor([0, 1, 2, 9]), ignore_index=9)',), set()),
            (
                ('F.cross_entropy(logits, tensor([0, 1, 2, -100]), ignore_index=9)',),
                {'labels'},
            ),
            (('F.cross_entropy(logits, tensor([0.0, 1, 2, 2]))',), {'labels'}),
            (('F.cross_entropy(logits, ps)',), set()),
            (('F.cross_entropy(logits, 2 * ps)',), {'labels'}),
            (('F.cross_entropy(logits, logits)',), {'labels'}),
            (('F.nll_loss(log_ps, tensor([0, 1, 2, 2]))',), set()),
            (('F.nll_loss(log_ps, tensor([0, 1, 2, 3]))',), {'labels'}),
            (('F.cross_entropy(logits, logits.round() + 0.5)',), {'labels'}),
            (('F.cross_entropy(logits, tensor([0, 1, 2, float("nan")]))',), set()),
            (('F.cross_entropy(logits, tensor([0, 1, 2, 2.5]))',), {'number as class'}),
        ],
    ),
    'one class in all batches is noticed, and in the last one it is no mistake': (
        'classes',
        [
            (
                ('F.cross_entropy(logits.repeat(40, 1), torch.zeros(160).long())',),
                {'one class'},
            ),
            (
                (
                    '[F.cross_entropy(logits.repeat(40, 1), labels) for labels in '
                    '(tensor([0, 1, 2, 2]).repeat(40), torch.zeros(160).long())]',
                ),
                set(),
            ),
        ],
    ),
    'a cross entropy below 0 is noticed': (
        'classes',
        [
            (
                ('F.binary_cross_entropy_with_logits(9 + logits, 0 * logits + 3)',),
                {'negative loss'},
            ),
            (
                ('F.binary_cross_entropy_with_logits(9 + logits, 0 * logits + 1)',),
                set(),
            ),
            (  # such as the rewards of actions
                (
                    'F.binary_cross_entropy_with_logits(9 + logits, 0 * logits, '
                    'weight=0 * logits - 1)',
                ),
                set(),
            ),
            (
                (
                    'F.cross_entropy(logits, tensor([0, 1, 2, 2]), '
                    "weight=-torch.ones(3), reduction='sum')",
                ),
                {'negative loss'},
            ),
        ],
    ),
    'what the labels are decides about the loss': (
        'classes',
        [
            (
                ('F.cross_entropy(logits, F.one_hot(tensor([0, 1, 2, 2])) * 1.0)',),
                set(),
            ),
            (('F.cross_entropy(logits, (logits > -9) * 1.0)',), {'one of many'}),
            (('F.cross_entropy(logits, (logits > 9) * 1.0)',), {'labels'}),
            (('F.cross_entropy(logits[:, :1], tensor([0, 0, 0, 1]))',), {'one output'}),
            (
                ('F.cross_entropy(logits[:, :1], tensor([[0.0], [1], [1], [0]]))',),
                {'one output'},
            ),
            (
                ('F.cross_entropy(logits[:, :1], tensor([3, 0, 7, 1]))',),
                {'number as class'},
            ),
            (
                ('F.cross_entropy(logits[:, :1], tensor([[3.0], [0], [7], [1]]))',),
                {'number as class'},
            ),
            (  # such as a contrastive loss of a batch of one
                ('F.cross_entropy(logits[:1, :1], tensor([0]))',),
                set(),
            ),
        ],
    ),
    'what a loss computes itself is not given to it': (
        'classes',
        [
            (('F.cross_entropy(logits, tensor([0, 1, 2, 2]))',), set()),
            (('F.cross_entropy(ps, tensor([0, 1, 2, 2]))',), {'twice'}),
            (('F.cross_entropy(1.0005 * ps, tensor([0, 1, 2, 2]))',), {'twice'}),
            (('F.cross_entropy(1.002 * ps, tensor([0, 1, 2, 2]))',), set()),
            (('F.cross_entropy(ps - 1/3, tensor([0, 1, 2, 2]))',), set()),
            (('F.cross_entropy(2 * ps - 1/3, tensor([0, 1, 2, 2]))',), set()),
            (('F.cross_entropy(log_ps, tensor([0, 1, 2, 2]))',), {'twice'}),
            (('F.cross_entropy(log_ps + 0.0005, tensor([0, 1, 2, 2]))',), {'twice'}),
            (('F.cross_entropy(log_ps + 0.002, tensor([0, 1, 2, 2]))',), set()),
            (('F.cross_entropy(log_ps - 0.002, tensor([0, 1, 2, 2]))',), set()),
            (
                (
                    'F.cross_entropy('
                    'logits.requires_grad_().sigmoid(), tensor([0, 1, 2, 2]))',
                ),
                {'twice'},
            ),
            (('F.nll_loss(log_ps, tensor([0, 1, 2, 2]))',), set()),
            (('F.nll_loss(log_ps - 0.0005, tensor([0, 1, 2, 2]))',), set()),
            (('F.nll_loss(log_ps - 0.002, tensor([0, 1, 2, 2]))',), {'no log'}),
            (('F.nll_loss(ps, tensor([0, 1, 2, 2]))',), {'no log'}),
            (('F.nll_loss(logits, tensor([0, 1, 2, 2]))',), {'no log'}),
            (
                (
                    'F.binary_cross_entropy_with_logits('
                    'logits.requires_grad_().sigmoid(), ps.round())',
                ),
                {'twice'},
            ),
            (
                (
                    'F.binary_cross_entropy_with_logits(logits.requires_grad_(), ps.round())',
                ),
                set(),
            ),
            (
                (
                    'F.binary_cross_entropy(logits.requires_grad_().sigmoid(), ps.round())',
                ),
                set(),
            ),
        ],
    ),
    'probabilities of half precision sum to 1 only roughly': (
        'classes',
        [
            *each(
                [
                    'F.nll_loss(even.bfloat16().log_softmax(dim=1), tensor([0, 9]))',
                    'F.nll_loss(even.half().log_softmax(dim=1), tensor([0, 9]))',
                    'F.cross_entropy(logits.bfloat16(), torch.ones(4, 3).bfloat16() / 3)',
                ]
            ),
            *each(
                [
                    'F.nll_loss(even.bfloat16(), tensor([0, 9]))',
                    'F.nll_loss(even.half().softmax(dim=1), tensor([0, 9]))',
                    'F.nll_loss(log_ps.bfloat16() - 0.1, tensor([0, 1, 2, 2]))',
                ],
                says={'no log'},
            ),
            *each(
                ['F.cross_entropy(logits.bfloat16(), torch.ones(4, 3).bfloat16() / 2)'],
                says={'labels'},
            ),
        ],
    ),
    'unequal shapes of labels and predictions are noticed': (
        'equal',
        [
            *each(
                [
                    'flat == column',
                    'column == flat',
                    'flat.eq(column)',
                    'torch.eq(column, flat)',
                ],
                '2',
                'own',
                says={'shapes'},
            ),
            *each(
                ['flat == column', 'flat.eq(column)', 'torch.eq(column, flat)'],
                '1',
                'own',
            ),
            *each(['flat == column', 'flat.eq(column)'], '2', 'same'),
            *each(
                [
                    'flat == column.squeeze(1)',
                    'column == flat.view(-1, 1)',
                    'flat == 1',
                    'flat != column',
                ],
                '2',
                'own',
            ),
        ],
    ),
    'each way to compare predictions with labels is a test': (
        'choose',
        [
            *each(
                [
                    'output.argmax(dim=1) == labels',
                    'torch.argmax(output, dim=1) == labels',
                    'labels == output.argmax(dim=1)',
                    'output.argmax(dim=1).eq(labels)',
                    'output.argmax(dim=1) != labels',
                    'output.max(dim=1)[1] == labels',
                    'torch.max(output, dim=1).indices == labels',
                    'output.topk(1).indices.squeeze(1) == labels',
                    'output.softmax(dim=1).argmax(dim=1).cpu().view(-1) == labels',
                    '(output[:, 0] > 0) == labels.bool()',
                    'torch.nn.functional.cross_entropy(output, labels)',
                ],
                says={'awake'},
            ),
            *each(
                [
                    'output.mean()',
                    'output.argmax(dim=1)',
                    'output.max()',
                    'output.argmax(dim=1) == output.argmin(dim=1)',
                    'labels == labels.flip(0)',
                    'output.view(-1)',
                    'output.reshape(2, 4, 2)',
                ]
            ),
        ],
    ),
    'a mean of the accuracies of unequal batches is noticed': (
        'batch_means',
        [
            *each(['40'], 'right.mean()', 'kept', says={'means'}),
            *each(['40'], 'torch.mean(right)', 'kept', says={'means'}),
            *each(['40'], 'right.view(-1, 1).mean()', 'kept', says={'means'}),
            *each(['40'], 'right.repeat(2, 1).T.mean()', 'kept'),
            *each(['40'], 'right.sum()', 'kept'),
            *each(['40'], 'right.mean()', 'thrown away'),
            *each(['48'], 'right.mean()', 'kept'),
        ],
    ),
    'chance in the transform of a test is noticed': (
        'augment',
        [
            *each(CHANCE, '0', says={'chance'}),
            *each(CHANCE[:1], '1', says={'chance'}),
            *each(CHANCE[:1], '2', says={'chance'}),
            *each(NO_CHANCE, '0'),
        ],
    ),
    'images that were learned are noticed in a test': (
        'shared',
        [
            *each(['3', '97'], 'loader', '16', says={'leak'}),
            *each(['0', '2', '98', '100'], 'loader', '16'),
            *each(['98', '100'], 'validloader', '16', says={'leak'}),
            *each(['98', '100'], 'test_batches', '16', says={'leak'}),
            *each(['98', '100'], 'devset', '16', says={'leak'}),
            *each(['98', '100'], 'trainloader', '16'),
            *each(['98', '100'], 'train_test_loader', '16'),
            *each(['50'], 'testloader', '16', says={'leak'}),
            *each(['50'], 'testloader', '3', says={'leak'}),
            *each(['50'], 'testloader', '2'),  # too few numbers to know an image by
        ],
    ),
    'a test set that was chosen by is noticed': (
        'choice',
        [
            *each(['3', '100'], 'validloader', 'testloader', says={'choice'}),
            *each(['3'], 'my_val', 'my_test', says={'choice'}),
            *each(['0', '2'], 'validloader', 'testloader'),
            *each(['3', '100'], 'first', 'second'),
            *each(['3', '100'], 'trainloader', 'testloader'),
            *each(['3', '100'], 'validloader', 'other'),
        ],
    ),
    'images to test in another range are noticed': (
        'ranges',
        [
            (('100', '100', '0', '1', 'images'), set()),
            (('100', '100', '0.51', '1', 'images'), {'range'}),
            (('100', '100', '0.49', '1', 'images'), set()),
            (('100', '100', '-0.51', '1', 'images'), {'range'}),
            (('100', '100', '-0.49', '1', 'images'), set()),
            (('100', '100', '0', '1.61', 'images'), {'range'}),
            (('100', '100', '0', '1.59', 'images'), set()),
            (('100', '100', '0', '0.59', 'images'), {'range'}),
            (('100', '100', '0', '0.61', 'images'), set()),
            (('99', '100', '2', '1', 'images'), set()),
            (('100', '99', '2', '1', 'images'), set()),
        ],
    ),
    'rows to test in another range are noticed': (
        'ranges',
        [
            (('20', '20', '0', '1', 'rows'), set()),
            (('20', '20', '3', '1', 'rows'), {'range'}),
            (('20', '20', '0', '7', 'rows'), {'range'}),
            (('20', '20', '0', '0.1', 'rows'), {'range'}),
            (('20', '20', '1', '2', 'rows'), set()),
            (('19', '20', '3', '1', 'rows'), set()),
            (('20', '19', '3', '1', 'rows'), set()),
        ],
    ),
    'photos in another range than those of the weights are noticed': (
        'photos',
        [
            (('16', f'{LOW + 0.01}', f'{HIGH - 0.01}', 'whole'), {'transform'}),
            (('16', f'{LOW + 0.01}', f'{HIGH - 0.01}', 'part'), {'transform'}),
            (('15', f'{LOW + 0.01}', f'{HIGH - 0.01}', 'whole'), set()),
            (('16', f'{LOW - 0.01}', f'{HIGH - 0.01}', 'whole'), set()),
            (('16', f'{LOW + 0.01}', f'{HIGH + 0.01}', 'whole'), set()),
            (('16', '-2.1', '2.6', 'whole'), set()),
        ],
    ),
    'a scheduler that takes no step is noticed': (
        'schedule',
        [
            *each(['none'], 'kept', says={'schedule'}),
            *each(['none'], 'gone', says={'schedule'}),
            *each(['0', '2', '012'], 'kept'),
            *each(['0', '012'], 'gone'),
        ],
    ),
    'labels of a language model are one place ahead': (
        'language',
        [
            *each(['0', '2'], says={'shift'}),
            *each(['1', '3']),
        ],
    ),
    'probabilities on one side of a threshold are noticed': (
        'threshold',
        [
            *each(
                ['ps > 0', 'ps < 0', 'ps > 1', 'ps.lt(1)', 'ps >= 0', 'ps <= 1'],
                says={'threshold'},
            ),
            *each(['ps > 0.5', 'logits > 0', 'ps * 0.01 > 0', '(ps > 0.5) > 0']),
        ],
    ),
    'a mask that hides the tokens is noticed': (
        'mask',
        [
            (('attn_mask', 'padded'), {'inverted mask'}),
            (('attn_mask', '~padded'), set()),
            (('attn_mask', 'torch.where(padded, 0, -inf)'), {'inverted mask'}),
            (('attn_mask', 'torch.where(padded, -inf, 0)'), set()),
            (('key_padding_mask', '~padded'), {'inverted mask'}),
            (('key_padding_mask', 'padded'), set()),
            (('masked_fill', '~padded'), {'inverted mask'}),
            (('masked_fill', 'padded'), set()),
        ],
    ),
    'random weights in place of all that were loaded are noticed': (
        'overwritten',
        [
            *each(['after'], says={'overwritten'}),
            *each(['before', 'after, in the last layer']),
        ],
    ),
    'several backward() calls for a step are no mistake': (
        'accumulate',
        [
            *each(['1', '2', '5']),
        ],
    ),
    'how a file is written and read matters': (
        'files',
        [
            *each(['torch.save(model, whole)'], 'none', says={'whole'}),
            *each(
                [
                    'torch.save(model.state_dict(), path)',
                    'torch.save({"weights": model.state_dict(), "epoch": 3}, path)',
                ],
                'none',
            ),
            *each(
                [LOAD, 'torch.load(path, map_location=None)'], 'device', says={'place'}
            ),
            *each([LOAD], 'args', says={'place'}),
            *each([LOAD, 'torch.load(path, map_location=None)'], 'none'),
            *each(
                [
                    'torch.load(path, cpu)',
                    'torch.load(path, map_location=cpu)',
                    'torch.load(path, map_location=device)',
                ],
                'device',
            ),
            *each(['torch.load(path, weights_only=False)'], 'none', says={'unsafe'}),
            *each(['torch.load(path, weights_only=True)'], 'none'),
            *each(['model.load_state_dict(model.state_dict())'], 'none', says={'copy'}),
            *each(
                [
                    'model.load_state_dict(state)',
                    'model.load_state_dict(torch.load(path))',
                    'model.load_state_dict({**model.state_dict(), "bias": state["bias"]})',
                ],
                'none',
            ),
        ],
    ),
    'gradients in a test are noticed if nobody needs them': (
        'gradients',
        [
            *each(['on'], says={'gradients'}),
            *each(['off', 'inference', 'switched off', 'used']),
        ],
    ),
    'a test leaves no image out and takes none twice': (
        'part',
        [
            (('33', 'DataLoader(data, 16)', 'all'), set()),
            (('33', 'DataLoader(data, 16)', 'first'), set()),
            (('33', 'DataLoader(data, 16, drop_last=True)', 'all'), {'part'}),
            (('32', 'DataLoader(data, 16, drop_last=True)', 'all'), set()),
            (('33', 'DataLoader(images, 16, drop_last=True)', 'all'), {'part'}),
            (('33', 'DataLoader(images, 16)', 'all'), set()),
            (('33', 'DataLoader(dicts, 16, drop_last=True)', 'all'), {'part'}),
            (('33', 'DataLoader(dicts, 16)', 'all'), set()),
            (('33', 'DataLoader(stream, 16)', 'all'), set()),
            (
                (
                    '33',
                    'DataLoader(data, 16, sampler=RandomSampler(data, replacement=True))',
                    'all',
                ),
                {'part'},
            ),
            (('33', 'DataLoader(data, 16, sampler=RandomSampler(data))', 'all'), set()),
        ],
    ),
    'a step is fair in each of these ways': (
        'step',
        [
            *each(
                [
                    'nothing',
                    'zeros',
                    'closure',
                    'another optimizer',
                    'inf',
                    'frozen',
                    'one batch',
                ]
            ),
            *each(['nan'], says={'nan'}),
        ],
    ),
}


def scene_cases():
    for promise, (scene, cases) in SCENES.items():
        for arguments, expected in cases:
            yield pytest.param(
                promise, scene, arguments, expected, id=f'{scene}-{" ".join(arguments)}'
            )


@pytest.fixture(scope='module')
def weights_of_torchvision(tmp_path_factory):
    """A TORCH_HOME in which SqueezeNet's weights are, random ones."""
    home = tmp_path_factory.mktemp('home')
    weights = models.SqueezeNet1_1_Weights.IMAGENET1K_V1
    path = home / 'hub/checkpoints' / weights.url.rpartition('/')[2]
    path.parent.mkdir(parents=True)
    torch.save(models.squeezenet1_1().state_dict(), path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('TORCH_HOME', str(home))
        yield


@pytest.fixture(scope='module')
def scenes(request, tmp_path_factory, weights_of_torchvision):
    """What the referee said of the cases that this run of pytest wants, started all at
    once: {(scene, arguments): (exit code, text)}."""
    wanted = [
        item.callspec.params
        for item in request.session.items
        if 'scene' in getattr(item, 'fixturenames', ())
    ]
    cases = {(params['scene'], params['arguments']) for params in wanted}
    return told_of_scenes(sorted(cases), tmp_path_factory.mktemp('scenes'))


@pytest.mark.parametrize('promise, scene, arguments, expected', list(scene_cases()))
def test_it_tells_a_mistake_from_its_innocent_neighbor(
    promise, scene, arguments, expected, scenes
):
    _, text = scenes[scene, arguments]
    found = rules(text)
    script = f'tests/programs/referee/{scene}.py {" ".join(arguments)}'
    assert found == expected, (
        f'The promise: {promise}. For `{script}` the referee must say '
        f'{sorted(expected) or "nothing"}, not {sorted(found) or "nothing"}:\n{text}'
    )


@pytest.mark.parametrize(
    'scene, arguments',
    [('accumulate', ('1',)), ('accumulate', ('2',)), ('accumulate', ('5',))],
    ids=['1 call', '2 calls', '5 calls'],
)
def test_it_remarks_on_gradients_that_are_added_up_for_a_step(scene, arguments, scenes):
    code, text = scenes[scene, arguments]
    calls = int(arguments[0])
    said = [what for (rule, _), what in remarks(text).items() if rule == 'accumulated']
    numbers = [re.findall(r'\d+', what) for what in said]
    expected = [[str(calls)]] if calls > 1 else []
    assert numbers == expected, (
        f'{calls} backward() calls for a step: the remarks must have the numbers '
        f'{expected}, not {numbers}:\n{text}'
    )
    assert code == 0, f'A remark is no mistake, yet the exit code is {code}'


@pytest.mark.parametrize(
    'scene, arguments, words',
    [
        ('choice', ('3', 'validloader', 'testloader'), '3 of the 100'),
        ('threshold', ('ps > 0',), 'compared with 0, and the result was always True'),
        ('threshold', ('ps > 1',), 'compared with 1, and the result was always False'),
        (
            'classes',
            (
                'F.cross_entropy('
                'logits.requires_grad_().sigmoid(), tensor([0, 1, 2, 2]))',
            ),
            'Leave out the sigmoid',
        ),
        (
            'classes',
            ('F.cross_entropy(ps, tensor([0, 1, 2, 2]))',),
            'Leave out the softmax',
        ),
        (
            'classes',
            ('F.cross_entropy(logits, tensor([3.0, 1, 2, 2.5]))',),
            'numbers such as 2.5',
        ),
    ],
    ids=['shared', 'always true', 'always false', 'sigmoid', 'softmax', 'number'],
)
def test_it_says_what_it_found_and_what_to_do(scene, arguments, words, scenes):
    _, text = scenes[scene, arguments]
    said = [f'{one["what"]}. {one["fix"]}' for one in verdicts_in(text)['problems']]
    assert len(said) == 1 and words in said[0], said


def test_a_module_is_unfrozen_if_that_was_meant(tmp_path):
    wrong = ROOT / 'tests/bugs/121_a_module_cannot_be_frozen_so_wrong.py'
    script = tmp_path / 'script.py'
    source = wrong.read_text(encoding='utf-8')
    script.write_text(source.replace('requires_grad = False', 'requires_grad = True'))
    result = run(REFEREE, script)
    assert 'Call module.requires_grad_(True)' in result.stdout, result.stdout


def test_no_rule_makes_float64_on_a_device():
    """A Mac's GPU knows none, so the rule would be switched off there."""
    for path in (ROOT / 'referee').rglob('*.py'):
        source = path.read_text(encoding='utf-8')
        for before in re.findall(r'(\S*)\.double\(\)', source):
            assert before.endswith('.cpu()'), f'{path.name}: {before}.double()'


def test_a_threshold_may_be_named_other(tmp_path):
    wrong = ROOT / 'tests/bugs/135_logits_above_one_half_wrong.py'
    script = tmp_path / 'script.py'
    source = wrong.read_text(encoding='utf-8')
    assert source.count('(y_hat > 0.5)') == 1
    script.write_text(source.replace('(y_hat > 0.5)', 'torch.gt(y_hat, other=0.5)'))
    result = run(REFEREE, '--json', script)
    (remark,) = verdicts_in(result.stdout)['remarks']
    assert remark['rule'] == 'logits at half', result.stdout


# Parts of rules


@pytest.mark.parametrize('number', [1e6, 1, 1e-3, 0, -1e6])
def test_a_variable_holds_a_number_up_to_rounding(number):
    def is_held(value):
        return holds([Record(f_locals={'value': value})], number)

    assert is_held(float(number)) and is_held(number * (1 + 5e-10))
    assert not is_held(number + (2e-9 * abs(number) or 1e-12))
    assert is_held(torch.tensor(float(number)))
    assert not is_held(torch.tensor(number + (1e-5 * abs(number) or 1e-12)))


class Noisy(nn.Linear):
    """It draws random numbers, also in eval mode."""

    def forward(self, x):
        return nn.functional.dropout(super().forward(x), 0.5)


class AsksNothing(Probe):
    def concerns(self, kept):
        return True


def test_a_copy_of_a_model_takes_no_random_numbers_of_the_script():
    """The script goes on after referee.report()."""
    model, images = Noisy(4, 2), torch.randn(8, 4)
    kept = {
        'model': model,
        'call': Record(from_network=False),
        'args': (images,),
        'kwargs': {},
        'targets': torch.zeros(8),
    }
    probe = AsksNothing(Record(kept_batches={id(model): kept}))
    before = torch.get_rng_state()
    probe.end()
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training


# What it does to the script


def test_it_changes_no_number(tmp_path):
    """The weights that a script saves are the same to the bit, watched or not."""
    (tmp_path / 'fair.py').write_text(FAIR, encoding='utf-8')
    printed, weights = [], []
    for command in ([], [REFEREE]):
        result = subprocess.run(
            [sys.executable, *command, 'fair.py'],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding='utf-8',
        )
        printed.append(result.stdout.splitlines()[:3])
        weights.append(torch.load(tmp_path / 'weights.pth', weights_only=True))
    alone, watched = printed
    assert len(alone) == 3 and watched == alone, 'The losses change under the referee'
    for name, tensor in weights[0].items():
        assert torch.equal(tensor, weights[1][name]), (
            f'{name} is not the same when the referee watches the training'
        )


@pytest.fixture(scope='module')
def endings(tmp_path_factory):
    scripts = {
        'error': spoil('STEP', 'optimizer.zero_grad()', 'optimizer.zero()')[0],
        'late error': spoil(
            'STEP', '        optimizer.zero_grad()\n', '', 'torch.save(', 'torch.safe('
        )[0],
        'exit': 'import sys\nsys.exit(3)\n',
        'no Python': 'print(1',
    }
    return told(scripts, tmp_path_factory.mktemp('endings'))


def test_an_error_of_the_script_is_shown_as_its_own(endings):
    code, text = endings['error']
    assert code == 1, f'A script that fails must end with exit code 1, not {code}'
    assert 'AttributeError' in text, f'The error of the script is not shown:\n{text}'
    assert 'referee.py' not in text, f'The traceback leads into the referee:\n{text}'


def test_what_happened_before_an_error_is_told(endings):
    _, text = endings['late error']
    assert 'AttributeError' in text and rules(text) == {'clear'}, (
        f'Both the error and the rule `clear` must be told:\n{text}'
    )


def test_the_exit_code_of_the_script_is_kept(endings):
    code, text = endings['exit']
    assert code == 3, f'The script ends with 3, and under the referee with {code}'


def test_a_file_that_is_no_python_is_told(endings):
    code, text = endings['no Python']
    assert (code, 'SyntaxError' in text) == (1, True), text


def test_a_missing_script_ends_in_one_line(tmp_path):
    one_line(run(REFEREE, tmp_path / 'nowhere.py'), 1, tmp_path / 'nowhere.py')


@pytest.mark.parametrize('arguments', [[], ['--help']], ids=['nothing', 'help'])
def test_it_says_how_it_is_called(arguments):
    result = run(REFEREE, *arguments)
    text = result.stdout + result.stderr
    assert 'python referee' in text and 'Traceback' not in text, text
