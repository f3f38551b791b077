"""The pictures of the notes: what each shows, computed by another route."""
import importlib.util
import json
import math

import pytest
import torch
from course import ROOT
from torch import nn

spec = importlib.util.spec_from_file_location('draw', ROOT / 'docs/draw_pictures.py')
draw = importlib.util.module_from_spec(spec)
spec.loader.exec_module(draw)


@pytest.fixture(scope='module')
def shown(tmp_path_factory):
    """Draws every picture once: {name: numbers}, and under 'folder' where."""
    folder = tmp_path_factory.mktemp('pictures')
    numbers = {picture.__name__: picture(folder) for picture in draw.ALL}
    return numbers | {'folder': folder}


def test_each_picture_is_a_small_png_and_is_in_the_repository(shown):
    drawn = {path.name for path in shown['folder'].iterdir()}
    assert drawn == {f'{picture.__name__}.png' for picture in draw.ALL}
    kept = {path.name for path in draw.PICTURES.glob('*.png')}
    assert kept - {'example.png'} == drawn  # that one is made by lesson 13
    for folder in (shown['folder'], draw.PICTURES):
        for name in drawn:
            content = (folder / name).read_bytes()
            assert content.startswith(b'\x89PNG\r\n\x1a\n'), name
            assert len(content) < 120_000, name


def test_neuron(shown):
    n = shown['neuron']
    total = sum(x * w for x, w in zip(n['x'], n['w'])) + n['bias']
    assert n['sum'] == pytest.approx(total)
    assert n['output'] == pytest.approx(1 / (1 + math.exp(-total)))
    # The values are short, so that the reader can add up what is printed.
    for value in (*n['x'], *n['w'], n['bias']):
        assert value == pytest.approx(round(value, 1))
        assert value != 0


def test_network(shown):
    sizes = shown['network']['sizes']
    assert sizes == [3, 4, 4, 2]
    outs_ins = [[out, into] for into, out in zip(sizes, sizes[1:])]
    assert shown['network']['shapes'] == outs_ins == [[4, 3], [4, 4], [2, 4]]


def test_processes(shown):
    """The mean of the shares' slopes is the slope of the whole batch: 2 w times the
    mean of x^2."""
    n = shown['processes']
    assert n['slopes'] == pytest.approx([2 * 5, 2 * 10, 2 * 7.5])
    assert n['mean'] == pytest.approx(n['slopes'][2])
    assert n['w'] == pytest.approx(1 - 0.01 * 15)


def test_activations(shown):
    n = shown['activations']
    for x, sigmoid, relu in zip(n['x'], n['Sigmoid'], n['ReLU']):
        assert sigmoid == pytest.approx(1 / (1 + math.exp(-x)), abs=1e-6)
        assert relu == max(x, 0)


def test_softmax(shown):
    powers = [math.exp(logit) for logit in (2, 1, 0)]
    assert shown['softmax']['logits'] == [2, 1, 0]
    assert shown['softmax']['ps'] == pytest.approx([p / sum(powers) for p in powers])


def test_valley(shown):
    assert list(shown['valley']) == ['0.03', '0.3', '1.05']
    for lr, visited in shown['valley'].items():
        factor = 1 - 2 * float(lr)
        formula = [3 + (0 - 3) * factor ** step for step in range(11)]
        assert visited == pytest.approx(formula, abs=1e-4)


def test_learning_rates(shown):
    n = shown['learning_rates']
    exponents = [-4 + i / 4 for i in range(25)]
    assert n['rates'] == pytest.approx([10 ** e for e in exponents])
    assert n['lesson'] == pytest.approx([0.0001, 0.001, 0.01, 0.1, 1, 10, 100])
    # Ten classes, nothing learned: about log(10). Small steps do little, and do good.
    assert n['before'] == pytest.approx(math.log(10), abs=0.15)
    assert n['after'][0] == pytest.approx(n['before'], abs=0.001)
    assert n['after'][0] > n['after'][8] > n['after'][12] > n['after'][16]
    assert n['after'][20] > 2 * n['before'] and n['after'][24] > 100 * n['before']


def test_one_step_is_w_minus_lr_times_gradient():
    torch.manual_seed(7)
    images, labels = torch.rand(8, 1, 28, 28), torch.arange(8)
    model = draw.classifier()
    before, after = draw.one_step(model, images, labels, 0.5)
    loss = nn.functional.cross_entropy(model(images), labels)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    with torch.no_grad():
        for weight, gradient in zip(model.parameters(), gradients):
            weight -= 0.5 * gradient
        stepped = nn.functional.cross_entropy(model(images), labels)
    assert [before, after] == pytest.approx([loss.item(), stepped.item()])
    assert after < before


def test_dense_block(shown):
    assert shown['dense_block']['takes'] == [64 + 32 * i for i in range(5)]
    assert shown['dense_block']['widths'] == [64, 32, 32, 32, 32]


def test_sets(shown):
    assert shown['sets'] == {'Training set': 50_000, 'Validation set': 10_000,
                             'Test set': 10_000}


def check_curve(curve):
    for part in ('train', 'valid'):
        loss, accuracy = curve[f'{part} loss'], curve[f'{part} accuracy']
        assert len(loss) == len(accuracy) == 30
        assert all(0 < value < 1 for value in loss)
        assert all(75 < value < 100 for value in accuracy)
    assert curve['train loss'][-1] < curve['valid loss'][-1]
    assert curve['train accuracy'][-1] > curve['valid accuracy'][-1]


def test_curves(shown):
    n = shown['curves']
    check_curve(n)
    at_best = n['valid loss'][n['best'] - 1]
    assert all(at_best < value for value in n['valid loss'][:n['best'] - 1])
    assert all(at_best <= value for value in n['valid loss'])
    assert 1 < n['best'] < 30  # it falls, and rises again


def test_dropout(shown):
    n = shown['dropout']
    assert list(n) == ['no dropout', 'dropout 0.2']
    gaps = []
    for curve in n.values():
        check_curve(curve)
        gaps.append(curve['valid loss'][-1] - curve['train loss'][-1])
    assert gaps[1] < gaps[0]


def test_confusion(shown):
    counts = shown['confusion']
    assert len(counts) == 10
    assert [len(row) for row in counts] == [10] * 10
    assert [sum(row) for row in counts] == [1000] * 10
    assert all(row[i] == max(row) for i, row in enumerate(counts))


LINE = ('Epoch {}/30  train loss 0.{}12  train accuracy 85.1%  '
        'valid loss 0.431  valid accuracy 8{}.6%\n')


def test_epochs_of_lesson_15_are_read():
    text = 'Data: real\n' + LINE.format(1, 4, 4) + 'Test\n' + LINE.format(2, 3, 5)
    assert draw.read_epochs(text) == {'': {
        'train loss': [0.412, 0.312], 'train accuracy': [85.1, 85.1],
        'valid loss': [0.431, 0.431], 'valid accuracy': [84.6, 85.6]}}


def test_epochs_of_lesson_16_are_read_by_name():
    text = ''.join(f'{name:12}  ' + LINE.format(epoch, drop, epoch)
                   for drop, name in enumerate(('no dropout', 'dropout 0.2'), 1)
                   for epoch in (1, 2, 3))
    found = draw.read_epochs(text)
    assert list(found) == ['no dropout', 'dropout 0.2']
    assert found['dropout 0.2']['train loss'] == [0.212] * 3
    assert found['no dropout']['valid accuracy'] == [81.6, 82.6, 83.6]


def test_a_perfect_and_a_foreign_line():
    perfect = LINE.format(10, 0, 1).replace('85.1', '100.0')
    assert draw.read_epochs(perfect)['']['train accuracy'] == [100.0]
    assert draw.read_epochs('Epoch 1/5  train loss 0.512  0.1 s\n') == {}


def test_what_measure_writes_is_what_the_pictures_read(tmp_path, monkeypatch):
    """The training is left out; the lessons are tested elsewhere."""
    monkeypatch.setattr(draw, 'NUMBERS', tmp_path / 'numbers.json')
    monkeypatch.setattr(draw, 'count_confusions', lambda folder: {'confusion': folder})
    monkeypatch.setattr(draw, 'run_lesson', lambda number, folder: {'': number})
    draw.measure('here')
    assert json.loads((tmp_path / 'numbers.json').read_text()) == {
        'confusion': 'here', 'curves': 15, 'dropout': {'': 16}}
    assert draw.measured('curves') == 15


def test_confusions_are_counted_row_by_true_class(monkeypatch):
    """On the stand-in, which has fewer images and takes half a second."""
    root = ROOT / 'data' / 'synthetic'
    found = draw.count_confusions(root)
    testset = draw.datasets.FashionMNIST(root, train=False)
    assert found['images'] == {'train': 6000, 'test': len(testset)}
    rows = [sum(row) for row in found['confusion']]
    assert rows == torch.bincount(testset.targets, minlength=10).tolist()
    right = sum(row[i] for i, row in enumerate(found['confusion']))
    assert right > 0.7 * len(testset)
