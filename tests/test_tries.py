"""Every `Try` at a lesson's end works as told, and has the answer that one finds.

Each is carried out on the stand-ins: the change is made in a copy of the lesson, the
copy is run, and what it prints (and raises) is held to the answer. Here the answers
stand; the lessons only ask.
"""
import contextlib
import re
import warnings

import pytest
import torch
from course import LESSONS, SYNTHETIC, lesson, settings, variables

import helper


def numbers(name, out):
    """All numbers that stand behind a name in the output."""
    return [float(n) for n in re.findall(rf'{re.escape(name)}\s+(-?\d+\.?\d*)', out)]


def grows(out):
    """The rows of the batch are [4, 2] and [4, 1] instead of [1, 2] and [1, 1]."""
    assert 'z torch.Size([4, 2])' in out and 'W1 torch.Size([3, 2])' in out


def collapsed(seen):
    """W1 @ W2 and B1 @ W2 + B2 do what the two layers did."""
    one = torch.sigmoid(seen.features @ (seen.W1 @ seen.W2) + seen.B1 @ seen.W2
                        + seen.B2)
    assert torch.allclose(seen.again, one) and f'{one.item():.3f}' == '0.246'


def forgets(out):
    differences = numbers('resumed: difference', out)
    assert differences[0] > 0.1


def rows(out, name):
    """Loss and accuracy of lesson 16's epochs: [(train, valid, valid accuracy)]."""
    found = re.findall(rf'{name} +Epoch .*?train loss ([\d.]+).*?valid loss ([\d.]+)'
                       r'  valid accuracy ([\d.]+)%', out)
    return [tuple(map(float, row)) for row in found]


def strong_dropout(out):
    without, dropout = rows(out, 'no dropout')[-1], rows(out, 'dropout 0.2')[-1]
    assert abs(dropout[1] - dropout[0]) < 0.5 * (without[1] - without[0])  # gap closed
    assert dropout[1] > 1.1 * without[1] and dropout[2] < without[2] - 3  # at a cost


def noisy(out):
    """With units still switched off, the losses are those of a weaker network."""
    without, dropout = rows(out, 'no dropout')[-1], rows(out, 'dropout 0.2')[-1]
    assert dropout[0] > 2 * without[0]


# (lesson, changes as (old, new), options, error that it must raise, or None, check);
# with ' | ' between them, what different versions of torch say
TRIES = [
    (1, [('bias = torch.randn(1, 1)', 'bias = torch.zeros(1, 1)')], '', None,
     lambda out, seen: f'{seen.y1.item():.2f}' == '0.12'),
    (1, [('torch.mm(features, weights.T) + bias)  # mm',
          'torch.mm(features, weights) + bias)  # mm')], '', '1x5 and 1x5', None),
    (1, [('c.resize_(2, 2)\n', 'c = c.view(2, 2)\n')], '',
     'invalid for input of size 6', None),
    (2, [('features = torch.randn(1, 3)', 'features = torch.randn(4, 3)')], '', None,
     lambda out, seen: grows(out)),
    (2, [('again = sigmoid(sigmoid(features @ W1 + B1) @ W2 + B2)',
          'again = sigmoid((features @ W1 + B1) @ W2 + B2)')], '', None,
     lambda out, seen: collapsed(seen)),
    (3, [('b.add_(1)', 'b = b + 1')], '', None,
     lambda out, seen: 'changing the tensor [0. 0. 0.]' in out),
    (4, [('e.sum(dim=1, keepdim=True)', 'e.sum()')], '', None,
     lambda out, seen: seen.sums.max() < 0.1
     and 'equals torch.softmax: False' in out),
    (4, [('ps = softmax(logits)', 'ps = softmax(logits * 1000)')], '', None,
     lambda out, seen: 'sum to 1.000 to 1.000' in out),
    (4, [('ps = softmax(logits)', 'ps = softmax(logits * 1000)'),
         ('x - x.max(dim=1, keepdim=True).values', 'x')], '', None,
     lambda out, seen: 'sum to nan to nan' in out),
    (5, [('        super().__init__()\n        self.hidden = nn.Linear(784, 256)\n'
          '        self.output = nn.Linear(256, 10)\n        self.sigmoid',
          '        self.hidden = nn.Linear(784, 256)\n'
          '        self.output = nn.Linear(256, 10)\n        self.sigmoid')], '',
     'before Module.__init__() call', None),
    (5, [('        self.sigmoid = nn.Sigmoid()\n', '        self.sigmoid = nn.Sigmoid()'
          '\n        self.layers = [nn.Linear(784, 256)]\n')], '', None,
     lambda out, seen: 'parameters 203530' in out),
    ('5_1', [('1000.0', '88.0')], '', None,
     lambda out, seen: torch.isfinite(seen.naive).all()),
    ('5_1', [('1000.0', '89.0')], '', None,
     lambda out, seen: torch.isnan(seen.naive[0])),
    ('5_1', [('F.softmax(batch, dim=0)', 'F.softmax(batch)')], '', None,
     lambda out, seen: 'Change the call to include dim' in out),
    (6, [('std=0.01', 'std=1')], '', None,
     lambda out, seen: seen.logits.std() > 0.5 and seen.ps.max() > 0.3),
    (7, [('logits = model(images)', 'logits = 100 * model(images)')], '', None,
     lambda out, seen: seen.loss > 5 and -0.3 < seen.wrong < 0),
    (7, [('wrong = nn.NLLLoss()(ps, labels)',
          'wrong = nn.CrossEntropyLoss()(ps, labels)')], '', None,
     lambda out, seen: 1.4612 < seen.wrong and 1.4611 < torch.nn.CrossEntropyLoss()(
         torch.eye(10), torch.arange(10)) < 1.4613),
    (8, [('z = y.mean()', 'z = y.sum()')], '', None,
     lambda out, seen: 'after tensor([[-0.2936,  1.5723]' in out),  # 2x, four x / 2
    (8, [("print('before', x.grad)  # before None\nz.backward()",
          "print('before', x.grad)  # before None\ny.backward()")], '',
     'only for scalar outputs', None),
    (9, [('layer, row, column = last, 3, 5', 'layer, row, column = first, 0, 0')], '',
     None, lambda out, seen: seen.gradient != 0
     and abs(numbers('backward', out)[0] - numbers('difference', out)[0]) < 1e-5),
    (10, [('steps = 1\n', 'steps = 10\n')], '', None,
     lambda out, seen: 0.1 < seen.rates[seen.best] < 1
     and min(seen.losses) < 0.9 * seen.loss.item()),
    (11, [('momentum=0.9', 'momentum=0')], '', None,
     lambda out, seen: 0.4 < seen.accuracies[-1] < 0.9),
    (11, [], '--lr 1', None,
     lambda out, seen: 2.2 < seen.losses[-1] < 2.6 and seen.accuracies[-1] < 0.15),
    (12, [('(predicted != labels).nonzero()',
           '((predicted != labels) & (labels == 6)).nonzero()')], '', None,
     lambda out, seen: len(seen.wrong) > 0.2 * (len(seen.testset) - seen.correct)),
    (13, [], '--lr 0.1', None,
     lambda out, seen: numbers('train loss', out)[-1] > 1),
    ('13_1', [], '--epochs 4', None, lambda out, seen: seen.correct > 810),
    (14, [('equals = output.argmax(dim=1) == labels',
           'equals = (output.topk(2).indices == labels.view(-1, 1)).any(dim=1)')], '',
     None, lambda out, seen: seen.correct > 900),
    (14, [('testloader = DataLoader(testset, batch_size=64)',
           'testloader = DataLoader(testset, batch_size=600)')], '', None,
     lambda out, seen: '2 batches, the last of 400 images' in out
     and seen.averaged != seen.correct / 1000),
    (15, [('[5 / 6, 1 / 6]', '[0.1, 0.9]')], '', None,
     lambda out, seen: seen.valid_losses[-1] > 2 * seen.train_losses[-1]
     and max(seen.valid_accuracies) < 0.82),
    (16, [("('dropout 0.2', 0.2))", "('dropout 0.2', 0.8))")], '', None,
     lambda out, seen: strong_dropout(out)),
    (16, [('    model.eval()\n', '')], '', None, lambda out, seen: noisy(out)),
    (17, [("'hidden_layers': [256, 64]", "'hidden_layers': [512, 256, 64]")], '', None,
     lambda out, seen: 'same output True' in out and '(512, 784)' in out),
    (17, [("torch.save({'sizes': sizes, 'state_dict'", "torch.save({'state_dict'")], '',
     "KeyError: 'sizes'", None),
    ('17_1', [("optimizer.load_state_dict(checkpoint['optimizer'])\n", '')], '', None,
     lambda out, seen: forgets(out)),
    (18, [], '--epochs 20', None,
     lambda out, seen: numbers('train loss', out)[-1] < numbers('train loss', out)[1]),
    ('18_1', [('picture[:, 3:] = 1', 'picture[3:] = 1')], '--epochs 1', None,
     lambda out, seen: 'edge [0.0, 0.0, 0.0, 0.0]' in out),
    ('18_1', [('Conv2d(16, 32, 3, padding=1)', 'Conv2d(16, 32, 3, padding=0)')],
     '--epochs 1', '64x1152 and 1568x128', None),
    (19, [('range(8)', 'range(32)')], '', None,
     lambda out, seen: 'ms for 32 photos' in out),
    (20, [('body.eval()  # new here', 'body.train()  # new here')], '--photos 40', None,
     lambda out, seen: 'batch norm unchanged False' in out),
    (21, [("""nn.Sequential(nn.Linear(1024, 256), nn.ReLU(), nn.Dropout(0.2),
                         nn.Linear(256, len(classes)))""",
           'nn.Linear(1024, len(classes))')], '', None,
     lambda out, seen: 'photos (always the largest class' in out
     and sum(p.numel() for p in seen.new_classifier('ab').parameters()) == 2050),
    (23, [("measure('an image at a time', training(one_by_one, fused=False))\n", ''),
          ("measure('and compiled', training(batches(there), mode=mode))", 'pass'),
          ('# Look: ', "measure('batch 1024', training(batches(there, 1024)))\n#")],
     '', None, lambda out, seen: 1.2 * numbers('s  loss', out)[-2]
     < numbers('s  loss', out)[-1]),
    ('23_1', [('batch_size=8', 'batch_size=1')], '', None,
     lambda out, seen: '1 photos through' in seen.ax.get_title()),
    (24, [("""(images[:2],),
                              dynamic_shapes=({0: torch.export.Dim('batch')},))""",
           '(images[:2],))')], '', 'size()[0] == 2 | equal to 2', None),
]
ELSEWHERE = {22: 'test_processes.py', '24_1': 'test_export.py'}  # with more around them


@pytest.mark.parametrize('number, changes, chosen, error, check', TRIES, ids=[
    f'{row[0]}-{i}' for i, row in enumerate(TRIES)])
def test_try(number, changes, chosen, error, check, monkeypatch, tmp_path, capsys):
    path = lesson(number)
    source, _, _ = path.read_text().partition('\n# Try: ')
    for old, new in changes:
        assert source.count(old) == 1, f'{old!r} stands {source.count(old)} times'
        source = source.replace(old, new)
    copy = tmp_path / path.name
    copy.write_text(source)
    monkeypatch.setattr(helper, 'ROOT', tmp_path)  # checkpoints go there
    given = [*SYNTHETIC, *chosen.split()] if settings(path) is not None else []
    seen, raised = None, contextlib.nullcontext()
    if error:
        raised = pytest.raises(Exception)
    with raised as caught, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter('always')
        seen = variables(copy, *given, monkeypatch=monkeypatch)
    out = capsys.readouterr().out + ''.join(str(w.message) for w in warned)
    if error:
        raised = f'{type(caught.value).__name__}: {caught.value}'
        assert any(words in raised for words in error.split(' | ')), raised
    else:
        held = check(out, seen)
        assert held is None or held, out


def test_every_try_is_here():
    asked = {path.name: path.read_text().count('\n# Try: ') for path in LESSONS}
    for path in LESSONS:
        if path in map(lesson, ELSEWHERE):
            continue
        held = sum(lesson(row[0]) == path for row in TRIES)
        assert held >= asked[path.name] and bool(held) == bool(asked[path.name]), path
