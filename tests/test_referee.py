"""The referee names each mistake with its line, and leaves a fair training alone."""
import re
import subprocess
import sys

import pytest
import referee
import torch
from course import ROOT, together
from torchvision import models

FAIR = '''
import copy
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, RandomSampler, Subset, TensorDataset

torch.manual_seed(7)
data = TensorDataset(torch.randn(370, 1, 8, 8), torch.randint(0, 4, (370,)))
trainset, validset = Subset(data, range(200)), Subset(data, range(200, 270))
testset = Subset(data, range(270, 370))
trainloader = DataLoader(trainset, 32, shuffle=True)
validloader = DataLoader(validset, 32)
testloader = DataLoader(testset, 32)
body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
head = nn.Sequential(nn.Linear(72, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 4))
model = nn.Sequential(body, nn.Flatten(), head)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
best = copy.deepcopy(model.state_dict())


def evaluate(model, loader):
    model.eval()
    total_loss = correct = 0
    with torch.no_grad():
        for images, labels in loader:
            output = model(images)  # TEST
            correct += (output.argmax(dim=1) == labels).sum().item()  # EQUAL
            total_loss += F.cross_entropy(output, labels).item() * len(labels)
    return total_loss / len(loader.dataset), correct / len(loader.dataset)


for epoch in range(2):
    model.train()
    total_loss = 0
    for images, labels in trainloader:  # FOR
        optimizer.zero_grad()
        output = model(images)  # TRAIN
        loss = criterion(output, labels)  # LOSS
        loss.backward()  # BACKWARD
        optimizer.step()  # STEP
        total_loss += loss.item() * len(labels)  # SUM
    train_loss = total_loss / len(trainset)
    print(epoch, train_loss, *evaluate(model, validloader))
model.load_state_dict(best)  # COPY
torch.save(model.state_dict(), 'weights.pth')  # SAVE
state = torch.load('weights.pth', map_location='cpu', weights_only=True)  # LOAD
model.load_state_dict(state)
print(*evaluate(model, testloader))
'''
BROKEN = [  # the rule, the line to be named, what is replaced by what
    ('clear', 'STEP', '        optimizer.zero_grad()\n', ''),
    ('idle', 'STEP', '        optimizer.step()',
     '        optimizer.zero_grad()\n        optimizer.step()'),
    ('idle', 'STEP', 'best = ', 'model = copy.deepcopy(model)\nbest = '),
    ('unused', 'TRAIN', 'nn.Flatten(), head)', 'nn.Flatten(), nn.Linear(72, 4))\n'
     'model.forward = lambda images: model[2](images.flatten(1)[:, :1] * '
     'torch.ones(72))'),
    ('orphan', 'TRAIN', 'Adam(model.', 'Adam(head.'),
    ('asleep', 'TRAIN', '    model.train()\n', ''),
    ('frozen', 'TRAIN', 'criterion =', 'body.requires_grad_(False)\ncriterion ='),
    ('order', 'FOR', ', shuffle=True', ''),
    ('order', 'TRAIN', 'for images, labels in trainloader:  # FOR\n',
     'for i in range(0, 192, 32):\n'
     '        images, labels = (x[i:i + 32] for x in data.tensors)\n'),
    ('nan', 'BACKWARD', 'labels)  # LOSS', 'labels) * float("nan")  # LOSS'),
    ('awake', 'TEST', '    model.eval()\n', ''),
    ('leak', 'TEST', 'range(270, 370)', 'range(150, 200)'),
    ('leak', 'TEST', 'range(270, 370)', 'range(150, 250)'),
    ('leak', 'TEST', 'DataLoader(testset', 'DataLoader(trainset'),
    ('choice', 'TEST', 'DataLoader(validset', 'DataLoader(testset'),
    ('part', 'TEST', '(testset, 32)', '(testset, 32, drop_last=True)'),
    ('part', 'TEST', '(testset, 32)',
     '(testset, 32, sampler=RandomSampler(testset, replacement=True))'),
    ('chance', 'TEST', 'body =', 'testset.transform = "RandomRotation(9)"\nbody ='),
    ('gradients', 'TEST', 'torch.no_grad()', 'torch.enable_grad()'),
    ('range', 'TEST', 'model(images)  # TEST', 'model(images / 2 + 0.5)  # TEST'),
    ('twice', 'LOSS', 'nn.Linear(16, 4))', 'nn.Linear(16, 4), nn.LogSoftmax(dim=1))'),
    ('twice', 'LOSS', 'nn.Linear(16, 4))', 'nn.Linear(16, 4), nn.Softmax(dim=1))'),
    ('twice', 'LOSS', 'criterion(output, labels)  # LOSS',
     'F.binary_cross_entropy_with_logits(output.sigmoid(), F.one_hot(labels, 4) * 1.0'
     ')  # LOSS'),
    ('awake', 'TEST', 'nn.ReLU(), ', 'nn.ReLU(), Always(), ', 'body =',
     'class Always(nn.Module):\n    def forward(self, x):\n'
     '        return F.dropout(x, 0.2)\n\n\nbody ='),
    ('orphan', 'TRAIN', 'optimizer =', 'layers = [nn.Linear(4, 4)]\n'
     'base = model.forward\nmodel.forward = lambda x: layers[0](base(x))\noptimizer ='),
    ('no log', 'LOSS', 'nn.CrossEntropyLoss()', 'nn.NLLLoss()'),
    ('labels', 'LOSS', 'labels)  # LOSS', 'labels + 1)  # LOSS'),
    ('labels', 'LOSS', 'labels)  # LOSS', 'labels.float())  # LOSS'),
    ('labels', 'LOSS', 'labels)  # LOSS', 'output.detach())  # LOSS'),
    ('shapes', 'EQUAL', 'output.argmax(dim=1)', 'output.topk(1).indices'),
    ('shapes', 'LOSS', 'criterion(output, labels)',
     'F.mse_loss(output[:, :1], labels.float())'),
    ('means', 'SUM', 'loss.item() * len(labels)', 'loss.item()'),
    ('means', 'SUM', 'total_loss += loss.item() * len(labels)',
     'losses = [*losses, loss.item()] if images is not data else []',
     'total_loss = 0', 'losses = []', 'total_loss / len(trainset)',
     'sum(losses) / len(losses)'),
    ('graph', 'SUM', 'loss.item() * len(labels)', 'loss'),
    ('copy', 'COPY', '(best)', '(model.state_dict())'),
    ('whole', 'SAVE', 'model.state_dict(), ', 'model, ', 'weights_only=True)  # LOAD',
     'weights_only=False).state_dict()  # LOAD'),
    ('place', 'LOAD', "map_location='cpu', ", '', 'best =', 'device = "cpu"\nbest ='),
    ('unsafe', 'LOAD', 'weights_only=True', 'weights_only=False'),
]
def told(scripts, folder):
    """What the referee says of each: {name: (exit code, text)}."""
    for name, source in scripts.items():
        (folder / name).write_text(source)
    return together({name: [referee.__file__, name] for name in scripts}, folder)


def spoil(_, line, *changes):
    """The script with changes, and the number of the line that is to be named."""
    source = FAIR
    for old, new in zip(changes[::2], changes[1::2]):
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source, source[:source.index(f'# {line}')].count('\n') + 1


@pytest.fixture(scope='module')
def verdicts(tmp_path_factory):
    scripts = {str(i): spoil(*case)[0] for i, case in enumerate(BROKEN)}
    return told({**scripts, 'fair': FAIR}, tmp_path_factory.mktemp('scripts'))


def test_a_fair_training_is_fair(verdicts):
    code, text = verdicts['fair']
    assert code == 0 and text.endswith('\nReferee: fair, 14 steps of training seen\n')


@pytest.mark.parametrize('i', range(len(BROKEN)), ids=lambda i: BROKEN[i][0])
def test_a_mistake_is_named_with_its_line(i, verdicts):
    what, cure, lesson = referee.RULES[BROKEN[i][0]]
    code, text = verdicts[str(i)]
    _, line = spoil(*BROKEN[i])
    pattern = '.*'.join(map(re.escape, what.split('{}')))
    assert code == 1
    assert re.search(fr'Referee: {i}, line {line}, \d+ times?: {pattern}\. Cure: '
                     fr'{re.escape(cure)} \(lesson {lesson}\)\n', text), text


def test_trainings_of_other_styles_are_fair(tmp_path):
    scripts = {path.name: path.read_text() for path in (ROOT / 'tests/fair').glob('*')}
    assert len(scripts) == 12
    for name, (code, text) in told(scripts, tmp_path).items():
        assert code == 0 and 'Referee: fair' in text, (name, text)


def test_photos_for_weights_of_torchvision(tmp_path, monkeypatch):
    """A network with weights wants photos as its weights saw them."""
    weights = models.SqueezeNet1_1_Weights.IMAGENET1K_V1
    path = tmp_path / 'hub/checkpoints' / weights.url.rpartition('/')[2]
    path.parent.mkdir(parents=True)
    torch.save(models.squeezenet1_1().state_dict(), path)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    script = '''
import torch
from torchvision import models
weights = models.SqueezeNet1_1_Weights.IMAGENET1K_V1
model = models.squeezenet1_1(weights=weights).eval()
photos = torch.rand(20, 3, 80, 80)
mean, std = (torch.tensor(x).view(3, 1, 1) for x in ({}))
with torch.no_grad():
    model((photos - mean) / std)
'''
    right = script.format('weights.transforms().mean, weights.transforms().std')
    wrong = script.format('[0.5] * 3, [0.5] * 3')
    found = told({'right': right, 'wrong': wrong}, tmp_path)
    assert found['right'][0] == 0, found['right'][1]
    assert re.search('wrong, line 9, 1 time: photos went in from -1.00 to 1.00, but '
                     'SqueezeNet1_1', found['wrong'][1])


def test_nothing_changes(tmp_path):
    """The weights that a script saves are the same to the bit, watched or not."""
    (tmp_path / 'fair.py').write_text(FAIR)
    printed, weights = [], []
    for command in ([], [referee.__file__]):
        result = subprocess.run([sys.executable, *command, 'fair.py'], cwd=tmp_path,
                                capture_output=True, text=True)
        printed.append(result.stdout.splitlines()[:3])
        weights.append(torch.load(tmp_path / 'weights.pth', weights_only=True))
    assert printed[0] == printed[1]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_script_that_fails_is_told_too(tmp_path):
    scripts = {'a': FAIR.replace('optimizer.zero_grad()', 'optimizer.zero()'),
               'b': 'import sys\nsys.exit(3)', 'c': 'print(1'}
    found = told(scripts, tmp_path)
    assert found['a'][0] == 1 and 'AttributeError' in found['a'][1]
    assert 'referee.py' not in found['a'][1]
    assert found['b'][0] == 3 and 'SyntaxError' in found['c'][1]


def test_each_rule_was_broken():
    assert {case[0] for case in BROKEN} | {'transform'} == set(referee.RULES)
