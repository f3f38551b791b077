"""What the lessons draw and print at their end is what their networks say.

A lesson is run and watched once, with few epochs. Each test then reads its figures as
a reader does, and computes what they should show: the drawn image is looked up in the
data set, a probability is computed from the network's weights, and so on.
"""

import ast
import collections
import csv
import functools
import math
import operator
import random
import re
import statistics
import tempfile

import pytest
import torch
from course import (
    LESSONS,
    ROOT,
    SYNTHETIC,
    SYNTHETIC_DATA,
    accuracy,
    lesson,
    short_text,
)
from torch import nn
from torch.utils.data import Subset
from torchvision import datasets, models
from watched import (
    fashion,
    measure,
    normalized,
    numbers_in,
    synthetic,
    watch,
)

import helper

OPTIONS = {
    11: ['--epochs', 2, '--lr', 0.03],
    12: ['--epochs', 2],
    13: ['--epochs', 2],
    '13_1': ['--epochs', 1],
    '13_2': ['--epochs', 8],
    '13_3': ['--epochs', 20],
    14: ['--epochs', 1],
    15: ['--epochs', 4, '--lr', 0.01],
    16: ['--epochs', 2],
    '16_1': ['--steps', 40],
    18: ['--epochs', 3],
    '18_1': ['--epochs', 2],
    '18_2': ['--epochs', 2],
    20: ['--photos', 20, '--epochs', 2],
    '20_1': ['--examples', 40, '--epochs', 2],
    21: ['--epochs', 1],
    25: ['--epochs', 2],
    '25_1': ['--epochs', 2],
    23: ['--images', 320],
    '23_1': ['--threads', 2],
}
CHECKED = set()  # (lesson's file, name of a figure)


def of_lessons(*numbers):
    """Run a test with each of these lessons, and say which in the name of the test."""
    return pytest.mark.parametrize(
        'number', numbers, ids=[lesson(number).stem for number in numbers]
    )


def of_figures(*pairs):
    """Run a test with each of these figures: (number of a lesson, name of a figure)."""
    CHECKED.update((lesson(number).name, name) for number, name in pairs)
    ids = [f'{lesson(number).stem}-{name}' for number, name in pairs]
    return pytest.mark.parametrize('number, name', pairs, ids=ids)


def work_done(seen):
    """A clock: a photo takes the body a second, and a step the optimizer three."""
    steps = sum(len(training.rates) for training in seen.trainings)
    photos = sum(body.photos for body, _ in seen.bodies)
    return photos + 3 * steps


def readings_at_random(seen):
    """A clock: some time has passed whenever somebody looks at it."""
    count = len(seen.readings)
    passed = random.Random(count).uniform(0.1, 3)
    seen.readings.append(sum(seen.readings[-1:]) + passed)
    return seen.readings[-1]


def says(value):
    return lambda *_, **__: value


NO_BFLOAT16 = (torch.cpu, 'get_capabilities', says({}))
BFLOAT16 = (torch.cpu, 'get_capabilities', says({'avx512_bf16': True}))
WATCHED = {
    20: {'quick_body': True, 'clock': work_done},
    '20_1': {'quick_body': True},
    21: {'quick_body': True, 'changes': [NO_BFLOAT16]},
    23: {
        'keep_batches': True,
        'clock': readings_at_random,
        'changes': [(nn.Module, 'compile', says(None))],
    },
    '23_1': {'quick_body': True, 'clock': readings_at_random, 'changes': [BFLOAT16]},
}


@functools.cache
def seen_in(number):
    """What was noted in a short run of a lesson, which leaves no file."""
    with tempfile.TemporaryDirectory() as folder:
        return watch(
            number,
            *SYNTHETIC,
            *OPTIONS.get(number, []),
            root=folder,
            **WATCHED.get(number, {}),
        )


def figure_of(number, name):
    figures = seen_in(number).run.figures
    assert name in figures, f'{lesson(number).name} draws {list(figures)}, not {name}.'
    return figures[name]


def plots_of(number, name):
    """The plots of a figure, from left to right, or row by row."""
    return figure_of(number, name).axes


def plot_about(axes, *words):
    """The one plot whose y axis has one of these words."""
    found = [ax for ax in axes if any(word in ax.get_ylabel() for word in words)]
    labels = [ax.get_ylabel() for ax in axes]
    assert len(found) == 1, f'One y axis should say {words}, but they say {labels}.'
    return found[0]


def line_about(ax, *words):
    """The one line whose label has these words."""
    found = [
        line for line in ax.lines if all(word in line.get_label() for word in words)
    ]
    labels = [line.get_label() for line in ax.lines]
    assert len(found) == 1, f'One line should say {words}, but they say {labels}.'
    return found[0]


def xs(line):
    return [float(x) for x in line.get_xdata()]


def ys(line):
    return [float(y) for y in line.get_ydata()]


def look(line):
    return line.get_color(), line.get_linestyle()


def images_of(figure):
    """[(title, its color, pixels from 0 to 1)] of the images in a figure."""
    found = []
    for ax in figure.axes:
        if ax.images:
            title = ' '.join(ax.get_title().split())
            pixels = torch.as_tensor(ax.images[0].get_array().data).float()
            found.append((title, ax.title.get_color(), pixels))
    return found


def stretched(images):
    """Each image, its lowest value as 0 and its highest as 1: [n, ...] -> [n, k]."""
    flat = images.flatten(start_dim=1)
    lowest = flat.amin(dim=1, keepdim=True)
    return (flat - lowest) / (flat.amax(dim=1, keepdim=True) - lowest)


def places_of(pixels, images):
    """Where in [n, H, W] or [n, H, W, 3] the drawn pixels are found.

    An image may be drawn brighter than it is, or darker.
    """
    drawn = pixels.reshape(1, *images.shape[1:])
    far = (stretched(images) - stretched(drawn)).abs()
    places = (far.amax(dim=1) < 1e-4).nonzero().flatten().tolist()
    assert places, 'The drawn image is none of the data set.'
    return places


def name_after(word, title, classes):
    """The class that a title names right after a word such as 'predicted'."""
    _, found, rest = title.lower().partition(word)
    assert found, f'The title "{title}" should say what was {word}.'
    named = [
        (rest.index(name.lower()), -len(name), name)
        for name in classes
        if name.lower() in rest
    ]
    assert named, f'The title "{title}" names no class after "{word}".'
    return min(named)[2]


def bars_of(ax):
    """{name of a bar: its length}, of bars that lie."""
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    return dict(zip(names, [bar.get_width() for bar in ax.patches]))


def numbers_beside_bars(ax):
    """[(name of a bar, the number that is written beside it)], of bars that lie."""
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    return [
        (names[round(float(text.xy[1]))], numbers_in(text.get_text())[0])
        for text in ax.texts
    ]


# All figures


@pytest.mark.parametrize('path', LESSONS, ids=lambda path: path.stem)
def test_every_figure_of_a_lesson_is_checked_here(path):
    """A new helper.show('...') needs a test that is marked @of_figures."""
    drawn = {
        ast.literal_eval(node.args[0])
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8')))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == 'helper.show'
    }
    checked = {name for file, name in CHECKED if file == path.name}
    assert drawn == checked


# Accuracy and loss that are printed


@of_lessons(11, 12, 13, '13_1', 14, 15, '18_1')
def test_the_printed_accuracy_is_that_of_the_test_set(number):
    seen = seen_in(number)
    name = 'MNIST' if number == 11 else 'FashionMNIST'
    images, labels = synthetic(name, False)
    inputs = normalized(images, name)
    if number == '13_1':  # it has the numbers of the real images in its transform
        inputs = ((images - 0.2860) / 0.3530).unsqueeze(1)
    _, share = measure(seen.network(), inputs, labels)
    assert accuracy(seen.printed) == pytest.approx(share, abs=0.0006)


@functools.cache
def photos_to_test(number):
    """(photos [100, ...] as the network gets them in a test, their labels)."""
    (folder,) = {id(folder): folder for folder in folders_of(number, 'test')}.values()
    pairs = [folder[i] for i in range(len(folder))]
    return torch.stack([image for image, _ in pairs]), torch.tensor(folder.targets)


@of_lessons(18, '18_2')
def test_the_printed_accuracy_is_that_of_the_test_photos(number):
    seen = seen_in(number)
    photos, labels = photos_to_test(number)
    _, share = measure(seen.trainings[-1].model, photos, labels)
    assert accuracy(re.sub('Always.*', '', seen.printed)) == pytest.approx(
        share, abs=0.0006
    )


@of_lessons(18)
def test_the_share_of_the_largest_class_is_printed(number):
    _, labels = photos_to_test(number)
    share = labels.bincount().max().item() / len(labels)
    assert f'{share:.1%}' in seen_in(number).printed


@of_lessons(11, 12, 13)
def test_the_printed_loss_is_that_of_the_training_set(number):
    """About: it is the mean over an epoch, in which the network changes."""
    seen = seen_in(number)
    name = 'MNIST' if number == 11 else 'FashionMNIST'
    images, labels = synthetic(name, True)
    (training,) = seen.trainings
    printed = seen.column('train', 'loss')
    before, _ = measure(training.after(0), normalized(images, name), labels)
    after, _ = measure(training.after(1), normalized(images, name), labels)
    assert 0.9 * after < printed[1] < 1.1 * before


# 25_1: what each character looked at


@of_figures(('25_1', 'heads'))
def test_each_head_has_its_table_of_weights(number, name):
    """Of the first 32 characters of the validation text, by a formula of its own."""
    seen = seen_in(number)
    text = short_text()
    vocabulary = sorted(set(text))
    shown = text[int(0.9 * len(text)) :][:32]
    inputs = torch.tensor([[vocabulary.index(character) for character in shown]])
    (training,) = seen.trainings
    wanted = []
    hidden = torch.ones(32, 32, dtype=torch.bool).triu(1)

    def note(layer, given):
        (x,) = given
        queries, keys = (
            part(x)[0].unflatten(1, (4, 16)).transpose(0, 1)
            for part in (layer.query, layer.key)
        )
        scores = torch.einsum('hqf,hkf->hqk', queries, keys) / 4
        wanted.extend(scores.masked_fill(hidden, -1e9).softmax(dim=2))

    with torch.no_grad():
        model = training.after(1)
        for block in model.blocks:
            block.attention.register_forward_pre_hook(note)
        model(inputs)
    axes = plots_of(number, name)
    assert len(axes) == len(wanted) == 8
    titles = [numbers_in(ax.get_title()) for ax in axes]
    assert titles == [[block, head] for block in (1, 2) for head in (1, 2, 3, 4)]
    for ax, table in zip(axes, wanted):
        drawn = torch.as_tensor(ax.images[0].get_array().data)
        assert torch.allclose(drawn, table, atol=1e-4)
        signs = [tick.get_text() for tick in ax.get_yticklabels()]
        assert signs == [tick.get_text() for tick in ax.get_xticklabels()]
        assert ''.join(signs).replace('␣', ' ').replace('↵', '\n') == shown


@of_lessons('25_1')
def test_how_far_the_heads_look_back_is_printed(number):
    """Between a place, about which nothing else is known, and the middle of a text."""
    lines = re.findall(r'Block \d: its heads look back (.*)', seen_in(number).printed)
    assert [len(numbers_in(line)) for line in lines] == [4, 4]
    assert all(0 < far < 32 for line in lines for far in numbers_in(line))


# 18_2: each training differs from the one before it in one thing

RECIPES = [  # batch norm, a schedule, weight decay
    (False, False, False),
    (True, False, False),
    (True, True, False),
    (True, True, True),
    (False, False, False),
    (True, True, True),
    (True, True, True),  # on photos, for twice as many epochs
]


@of_lessons('18_2')
def test_each_training_has_its_part_of_the_recipe(number):
    trainings = seen_in(number).trainings
    found = []
    for training in trainings:
        norms = (nn.BatchNorm1d, nn.BatchNorm2d)
        normed = any(isinstance(part, norms) for part in training.model.modules())
        (group,) = training.optimizer.param_groups
        falls = training.rates[-1] < training.rates[0]
        found.append((normed, falls, group['weight_decay'] > 0))
    assert found == RECIPES


@of_lessons('18_2')
def test_the_learning_rate_falls_along_a_cosine_or_stays(number):
    for training, (_, falls, _) in zip(seen_in(number).trainings, RECIPES):
        epochs = len(training.states)
        a_pass = len(training.rates) // epochs
        wanted = [
            0.0005 * (1 + math.cos(math.pi * epoch / epochs)) if falls else 0.001
            for epoch in range(epochs)
            for _ in range(a_pass)
        ]
        assert training.rates == pytest.approx(wanted)


@of_lessons('18_2')
def test_convolutions_are_in_all_networks_but_two(number):
    convolutional = [
        any(isinstance(part, nn.Conv2d) for part in training.model.modules())
        for training in seen_in(number).trainings
    ]
    assert convolutional == [True] * 4 + [False] * 2 + [True]


@of_lessons('18_2')
def test_all_six_runs_have_the_same_images(number):
    run = seen_in(number).run
    learned_from = [walk.loader.dataset for walk in run.passes if walk.losses]
    train, valid, _ = run.splits[0]
    assert [len(train), len(valid)] == [1000, 1000]
    assert not set(train.indices) & set(valid.indices)
    assert all(dataset is train for dataset in learned_from[:12])
    assert len(learned_from) == 16


@of_figures(('18_2', 'recipe'))
def test_a_line_is_the_validation_accuracy_of_its_network(number, name):
    (ax,) = plots_of(number, name)
    seen = seen_in(number)
    _, valid, _ = seen.run.splits[0]
    images = fashion(True, valid.indices)
    names = [line.get_label() for line in ax.lines]
    assert len(set(names)) == 6
    for line, training in zip(ax.lines, seen.trainings):
        assert xs(line) == [1, 2]
        wanted = [measure(training.after(epoch), *images)[1] for epoch in range(2)]
        assert ys(line) == pytest.approx(wanted, abs=1e-6), line.get_label()
        printed = seen.column('valid', 'accuracy', name=f'{line.get_label()}  ')
        assert printed == pytest.approx(wanted, abs=6e-4)
    looks = [look(line) for line in ax.lines]
    assert len(set(looks)) == 6
    assert 'epoch' in ax.get_xlabel() and 'accuracy' in ax.get_ylabel()


# 16_1: a batch, and the gradients of five networks


@of_figures(('16_1', 'batch'))
def test_the_drawn_garments_have_their_labels(number, name):
    images, labels = synthetic('FashionMNIST', True)
    classes = datasets.FashionMNIST.classes
    drawn = images_of(figure_of(number, name))
    assert len(drawn) == 8
    for title, _, pixels in drawn:
        assert title in {classes[labels[place]] for place in places_of(pixels, images)}


@functools.cache
def networks_of_16_1():
    """[(network, options)] with ten layers, as the names of the lines say."""
    names = seen_in('16_1').run.names
    return {
        name: names['new_model'](10, **options)
        for name, options in names['networks'].items()
    }


@of_figures(('16_1', 'gradients'))
def test_a_line_is_the_gradient_norm_of_each_layer(number, name):
    names = seen_in(number).run.names
    ax = plot_about(plots_of(number, name), 'gradient')
    assert ax.get_yscale() == 'log' and 'layer' in ax.get_xlabel()
    assert len(ax.lines) == len({look(line) for line in ax.lines}) == 5
    for line in ax.lines:
        model = networks_of_16_1()[line.get_label()].train()
        layers = [part for part in model if isinstance(part, nn.Linear)]
        output = model(names['images'])
        nn.functional.cross_entropy(output, names['labels']).backward()
        wanted = [layer.weight.grad.square().sum().sqrt().item() for layer in layers]
        assert ys(line) == pytest.approx(wanted, rel=1e-3), line.get_label()
        assert xs(line) == list(range(1, 12))


@of_figures(('16_1', 'gradients'))
def test_the_deep_sigmoid_network_has_vanishing_gradients(number, name):
    ax = plot_about(plots_of(number, name), 'gradient')
    ratio = {line.get_label(): ys(line)[0] / ys(line)[-1] for line in ax.lines}
    assert ratio['sigmoid'] < 1e-6
    assert 1e-4 < ratio['sigmoid, Xavier'] < 0.1 and 1e-4 < ratio['ReLU'] < 0.1
    assert 0.1 < ratio['sigmoid, batch norm'] < 10 and 0.1 < ratio['ReLU, He'] < 10


@of_figures(('16_1', 'gradients'))
def test_a_line_is_the_loss_of_the_batch_in_each_step(number, name):
    seen = seen_in(number)
    ax = plot_about(plots_of(number, name), 'loss')
    assert ax.get_yscale() == 'log' and 'step' in ax.get_xlabel()
    printed = dict(
        re.findall(r'(?m)^(\S.*?)  +first/last .* one batch ([\d.]+)', seen.printed)
    )
    names = seen.run.names
    assert {line.get_label() for line in ax.lines} == set(printed)
    for line in ax.lines:
        model = networks_of_16_1()[line.get_label()].train()
        first = nn.functional.cross_entropy(model(names['images']), names['labels'])
        assert len(ys(line)) == 40
        assert ys(line)[0] == pytest.approx(first.item(), rel=1e-3)
        assert ys(line)[-1] == pytest.approx(float(printed[line.get_label()]), abs=1e-4)


# Lessons 1 to 10


@of_figures((1, 'sigmoid'))
def test_the_curve_is_a_sigmoid(number, name):
    (ax,) = plots_of(number, name)
    (curve,) = (line for line in ax.lines if len(line.get_xdata()) > 2)
    assert min(xs(curve)) < -3 and max(xs(curve)) > 3
    wanted = [1 / (1 + math.exp(-x)) for x in xs(curve)]
    assert ys(curve) == pytest.approx(wanted, abs=1e-6)


@of_figures((1, 'sigmoid'))
def test_the_point_on_the_sigmoid_is_the_printed_output(number, name):
    (ax,) = plots_of(number, name)
    (point,) = (line for line in ax.lines if len(line.get_xdata()) == 1)
    (printed,) = re.findall(r'output tensor\(\[\[([\d.]+)', seen_in(number).printed)
    (x,), (y,) = xs(point), ys(point)
    assert y == pytest.approx(float(printed), abs=1e-4)
    assert y == pytest.approx(1 / (1 + math.exp(-x)), abs=1e-6), 'It is on the curve.'


@of_figures((1, 'sigmoid'))
def test_the_legend_has_the_output_of_the_neuron(number, name):
    (ax,) = plots_of(number, name)
    (point,) = (line for line in ax.lines if len(line.get_xdata()) == 1)
    assert numbers_in(point.get_label())[-1] == pytest.approx(ys(point)[0], abs=0.0051)


DIGITS = [(4, 'image'), (4, 'probabilities'), (6, 'untrained'), (11, 'prediction')]


@of_figures(*DIGITS)
def test_the_title_has_the_label_of_the_drawn_digit(number, name):
    title, _, pixels = images_of(figure_of(number, name))[0]
    images, labels = synthetic('MNIST', number != 11)
    wanted = {labels[place].item() for place in places_of(pixels, images)}
    assert set(numbers_in(title)) == wanted, f'It is a {wanted}.'


@of_figures((13, 'prediction'))
def test_the_title_has_the_class_of_the_drawn_garment(number, name):
    title, _, pixels = images_of(figure_of(number, name))[0]
    images, labels = synthetic('FashionMNIST', False)
    classes = datasets.FashionMNIST.classes
    named = {name for name in classes if name in title}
    wanted = {classes[labels[place]] for place in places_of(pixels, images)}
    assert named == wanted, f'It is a {wanted}.'


def network_of_lesson_4():
    """Its weights have no names here, but their shapes tell them apart."""
    seen = seen_in(4)
    w1, w2 = seen.tensor(784, 256), seen.tensor(256, 10)
    b1, b2 = seen.tensor(256), seen.tensor(10)
    return lambda images: torch.sigmoid(images.view(-1, 784) @ w1 + b1) @ w2 + b2


@of_figures(
    (4, 'probabilities'), (6, 'untrained'), (11, 'prediction'), (13, 'prediction')
)
def test_the_bars_are_what_the_network_says_of_the_drawn_image(number, name):
    """exp, divided by its sum. (Where the network gives log-probabilities, it is 1.)"""
    _, _, pixels = images_of(figure_of(number, name))[0]
    dataset = 'FashionMNIST' if number == 13 else 'MNIST'
    images, _ = synthetic(dataset, number in (4, 6))
    place, *_ = places_of(pixels, images)
    image = normalized(images[place : place + 1], dataset)
    network = network_of_lesson_4() if number == 4 else seen_in(number).network()
    with torch.no_grad():
        powers = network(image)[0].double().exp()
    wanted = (powers / powers.sum()).tolist()
    _, right = plots_of(number, name)
    drawn = [bar.get_width() for bar in right.patches]
    assert drawn == pytest.approx(wanted, abs=1e-5)


@of_figures(
    (4, 'probabilities'), (6, 'untrained'), (11, 'prediction'), (13, 'prediction')
)
def test_the_bars_have_the_names_of_the_classes_in_their_order(number, name):
    """In MNIST these are '0 - zero' and so on."""
    _, right = plots_of(number, name)
    names = list(bars_of(right))
    if number == 13:
        assert names == datasets.FashionMNIST.classes
    else:
        assert [numbers_in(name)[0] for name in names] == list(range(10))


@of_figures((11, 'prediction'), (13, 'prediction'))
def test_the_drawn_prediction_is_for_an_image_that_was_not_learned(number, name):
    _, _, pixels = images_of(figure_of(number, name))[0]
    images, _ = synthetic('MNIST' if number == 11 else 'FashionMNIST', False)
    assert places_of(pixels, images)


@of_figures((8, 'slope'))
def test_the_parabola_is_that_of_its_formula(number, name):
    (ax,) = plots_of(number, name)
    curve = line_about(ax, 'y = x')
    assert len(xs(curve)) > 50
    assert ys(curve) == pytest.approx([x * x for x in xs(curve)], abs=1e-5)


@of_figures((8, 'slope'))
def test_the_tangent_touches_the_parabola_at_the_point_with_its_slope(number, name):
    """At x the parabola has the slope 2 x: the tangent is x^2 + 2 x (t - x)."""
    (ax,) = plots_of(number, name)
    (point,) = (line for line in ax.lines if len(line.get_xdata()) == 1)
    (x,), (y,) = xs(point), ys(point)
    assert y == pytest.approx(x * x)
    tangent = line_about(ax, 'slope')
    wanted = [x * x + 2 * x * (t - x) for t in xs(tangent)]
    assert ys(tangent) == pytest.approx(wanted, abs=1e-5)


@of_figures((8, 'slope'))
def test_the_legend_has_the_slope_that_is_printed(number, name):
    (ax,) = plots_of(number, name)
    (point,) = (line for line in ax.lines if len(line.get_xdata()) == 1)
    told = numbers_in(line_about(ax, 'slope').get_label())
    (printed,) = re.findall(r'(?m)^slope.*', seen_in(number).printed)
    assert set(told) == set(numbers_in(printed)) == {2 * xs(point)[0], xs(point)[0]}


@of_lessons(9)
def test_a_slope_that_is_measured_by_hand_is_that_of_backward(number):
    *_, one, other = seen_in(number).printed.splitlines()
    slopes = [numbers_in(line)[-1] for line in (one, other)]
    assert slopes[0] == pytest.approx(slopes[1], abs=2e-6)
    assert slopes[0] != 0


RATES = [10 ** (exponent / 4) for exponent in range(-16, 9)]


@of_figures((10, 'rates'))
def test_the_loss_is_drawn_over_rates_from_a_ten_thousandth_to_a_hundred(number, name):
    (ax,) = plots_of(number, name)
    for words in ('after one', 'after 94'):
        assert xs(line_about(ax, words)) == pytest.approx(RATES)
    assert ax.get_xscale() == 'log'
    assert 'rate' in ax.get_xlabel() and 'loss' in ax.get_ylabel()


def mean_loss_after_steps(model, first, batches, rate):
    """Of these batches, after a step on each from the first weights; inf if it's lost."""
    model.load_state_dict(first)
    parameters = list(model.parameters())
    for images, labels in batches:
        loss = nn.functional.cross_entropy(model(images), labels)
        if not math.isfinite(loss.item()):
            return math.inf
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for weight, slope in zip(parameters, gradients):
                weight -= rate * slope
    with torch.no_grad():
        losses = [
            nn.functional.cross_entropy(model(images), labels).item()
            for images, labels in batches
        ]
    return statistics.fmean(losses)


@functools.cache
def losses_of_lesson_10():
    """Before, after one step, and after a step on each of its batches, by rate."""
    seen = seen_in(10)
    model = seen.network()
    first = seen.find(
        dict,
        'set of weights',
        lambda value: list(value) == list(model.state_dict()),
    )
    many = seen.find(
        list,
        'list of batches',
        lambda value: len(value) > 1 and isinstance(value[0], tuple),
    )
    assert len(many) == 94, 'All batches of the synthetic digits, which are not 100.'
    model.load_state_dict(first)
    images, labels = seen.first_batch
    before = nn.functional.cross_entropy(model(images), labels).item()
    after_one = [
        mean_loss_after_steps(model, first, [(images, labels)], rate) for rate in RATES
    ]
    after_many = [mean_loss_after_steps(model, first, many, rate) for rate in RATES]
    return before, after_one, after_many


@of_figures((10, 'rates'))
def test_each_drawn_loss_is_that_after_the_steps_from_the_first_weights(number, name):
    _, after_one, after_many = losses_of_lesson_10()
    (ax,) = plots_of(number, name)
    assert ys(line_about(ax, 'after one')) == pytest.approx(after_one, rel=1e-3)
    drawn = ys(line_about(ax, 'after 94'))
    assert drawn[:13] == pytest.approx(after_many[:13], rel=1e-2)  # up to 0.1
    assert drawn[-5:] == after_many[-5:] == [math.inf] * 5


@of_figures((10, 'rates'))
def test_the_level_is_the_loss_before_the_step(number, name):
    wanted, _, _ = losses_of_lesson_10()
    (ax,) = plots_of(number, name)
    (level,) = set(ys(line_about(ax, 'before')))
    assert level == pytest.approx(wanted, rel=3e-6)


@of_lessons(10)
def test_the_printed_losses_are_those_of_their_rates(number):
    """Every fourth, from 0.0001 to 100."""
    _, after_one, _ = losses_of_lesson_10()
    rows = [
        numbers_in(line)
        for line in seen_in(number).printed.splitlines()
        if re.match(r'lr +[\d.]+', line)
    ]
    assert [row[0] for row in rows] == pytest.approx(RATES[::4])
    printed = [row[1] for row in rows]
    assert printed == pytest.approx(after_one[::4], rel=1e-3, abs=1e-4)


@of_lessons(10)
def test_the_printed_losses_after_many_steps_are_the_drawn_ones(number):
    seen = seen_in(number)
    (ax,) = plots_of(number, 'rates')
    printed = re.findall(r'(?m)^lr .* after 94 steps (\S+)$', seen.printed)
    wanted = ys(line_about(ax, 'after 94'))[::4]
    assert [float(loss) for loss in printed] == pytest.approx(wanted, abs=6e-5)


@of_lessons(10)
def test_the_lowest_losses_are_printed_with_their_rates(number):
    (ax,) = plots_of(number, 'rates')
    one, many = (ys(line_about(ax, words)) for words in ('after one', 'after 94'))
    best = one.index(min(one)), many.index(min(many))
    first, between, last = re.findall(
        '(?m)^lowest.*|^94 steps.*', seen_in(number).printed
    )
    wanted = [min(one), RATES[best[0]]]
    assert numbers_in(first) == pytest.approx(wanted, abs=1e-4)
    assert between.split()[-1] == f'{many[best[0]]:.4f}'
    assert numbers_in(last) == pytest.approx([94, min(many), RATES[best[1]]], abs=1e-4)


@of_lessons(10)
def test_the_rate_that_is_best_for_one_step_does_not_learn_in_many(number):
    (ax,) = plots_of(number, 'rates')
    one, many = (ys(line_about(ax, words)) for words in ('after one', 'after 94'))
    assert many[one.index(min(one))] > 2 > 2 * min(many)


# Predicted and true numbers


def penguins(*names):
    """The columns of the table, float32 [342, n], of the rows that have all of them."""
    with open(ROOT / 'data/penguins.csv', encoding='utf-8', newline='') as file:
        rows = [[row[name] for name in names] for row in csv.DictReader(file)]
    return torch.tensor(
        [[float(cell) for cell in row] for row in rows if 'NA' not in row]
    )


@of_figures(('13_2', 'predicted'))
def test_the_points_are_what_the_networks_predict_in_grams(number, name):
    columns = ['bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g']
    table = penguins(*columns)
    torch.manual_seed(7)
    order = torch.randperm(len(table))
    valid, train = table[order[68:136]], table[order[136:]]
    mean, std = train.mean(dim=0), train.std(dim=0)
    inputs = ((valid - mean) / std)[:, :3]
    seen = seen_in(number)
    plots = plots_of(number, name)
    assert len(plots) == len(seen.trainings) == 2
    for ax, training in zip(plots, seen.trainings):
        with torch.no_grad():
            output = training.after(-1)(inputs).squeeze(1)
        wanted = torch.stack([valid[:, 3], output * std[3] + mean[3]], dim=1)
        (points,) = ax.collections
        assert points.get_offsets().tolist() == [
            pytest.approx(pair, rel=1e-3) for pair in wanted.tolist()
        ]
        (line,) = ax.lines
        assert line.get_slope() == 1
        x, y = line.get_xy1()
        assert x == y, 'The line is where the prediction equals the truth.'


@of_lessons('13_2')
def test_the_printed_error_is_the_mean_distance_of_the_drawn_points(number):
    printed = re.findall(r'Valid error .*?(\d+) g', seen_in(number).printed)
    for ax, error in zip(plots_of(number, 'predicted'), printed, strict=True):
        points = ax.collections[0].get_offsets()
        assert float(error) == pytest.approx(
            abs(points[:, 1] - points[:, 0]).mean(), abs=1
        )


def chinstraps(number):
    """Of the validation rows: the probabilities in the end, and whether each is one."""
    seen = seen_in(number)
    validset = seen.run.loaders[1].dataset
    inputs, labels = validset.tensors
    with torch.no_grad():
        ps = torch.sigmoid(seen.trainings[0].after(-1)(inputs))
    return ps.flatten(), labels.flatten() == 1


@of_figures(('13_3', 'thresholds'))
def test_recall_and_precision_are_drawn_for_each_threshold(number, name):
    ps, actual = chinstraps(number)
    (ax,) = plots_of(number, name)
    recall, precision = line_about(ax, 'recall'), line_about(ax, 'precision')
    assert xs(recall) == xs(precision)
    for x, found, right in zip(xs(recall), ys(recall), ys(precision)):
        hits = ((ps > x) & actual).sum().item()
        assert found == pytest.approx(hits / actual.sum().item())
        assert right == pytest.approx(hits / max((ps > x).sum().item(), 1))


@of_figures(('13_3', 'thresholds'))
def test_the_chosen_threshold_is_the_highest_that_finds_enough(number, name):
    (ax,) = plots_of(number, name)
    recall = line_about(ax, 'recall')
    enough = [x for x, found in zip(xs(recall), ys(recall)) if found >= 0.8]
    assert set(xs(line_about(ax, 'chosen'))) == {max(enough, default=xs(recall)[0])}


@of_lessons('13_3')
def test_each_set_has_a_fifth_of_the_rare_class(number):
    sets = [loader.dataset.tensors[1] for loader in seen_in(number).run.loaders]
    assert [(len(labels), int(labels.sum())) for labels in sets] == [
        (208, 42),
        (67, 13),
        (67, 13),
    ]


# Curves


@of_figures((11, 'curves'))
def test_the_curves_of_a_training_are_the_printed_losses_and_accuracies(number, name):
    seen = seen_in(number)
    (left,) = plot_about(plots_of(number, name), 'loss').lines
    (right,) = plot_about(plots_of(number, name), 'accuracy').lines
    assert ys(left) == pytest.approx(seen.column('train', 'loss'), abs=6e-4)
    assert ys(right)[1:] == pytest.approx(seen.column('accuracy'), abs=6e-4)


@of_figures((11, 'curves'))
def test_the_accuracies_begin_before_the_first_epoch_and_the_losses_with_it(
    number, name
):
    (left,) = plot_about(plots_of(number, name), 'loss').lines
    (right,) = plot_about(plots_of(number, name), 'accuracy').lines
    assert xs(left) == [1, 2]
    assert xs(right) == [0, 1, 2]
    assert all('epoch' in ax.get_xlabel() for ax in plots_of(number, name))


@of_figures((11, 'curves'))
def test_the_drawn_accuracies_are_those_of_the_validation_set(number, name):
    seen = seen_in(number)
    images, labels = synthetic('MNIST', True)
    train, valid = seen.run.splits[0]
    assert (len(train), len(valid)) == (5000, 1000)
    assert seen.run.trainset is train
    images = normalized(images[valid.indices], 'MNIST')
    (training,) = seen.trainings
    wanted = [
        measure(training.after(epoch), images, labels[valid.indices])[1]
        for epoch in (0, 1)
    ]
    (right,) = plot_about(plots_of(number, name), 'accuracy').lines
    assert ys(right)[1:] == pytest.approx(wanted)


def sets_of(seen):
    """{'train': images and labels, 'valid': ...} by the larger and smaller part."""
    ((one, other),) = seen.run.splits
    train, valid = sorted((one, other), key=len, reverse=True)
    return {
        'train': fashion(True, train.indices),
        'valid': fashion(True, valid.indices),
    }


@functools.cache
def curves_of(number, run):
    """{('train', 'loss'): [...], ...} from the weights at the end of each epoch."""
    seen = seen_in(number)
    training = seen.trainings[run]
    found = {}
    for part, (images, labels) in sets_of(seen).items():
        pairs = [
            measure(training.after(epoch), images, labels)
            for epoch in range(len(training.states))
        ]
        found[part, 'loss'] = [loss for loss, _ in pairs]
        found[part, 'accuracy'] = [share for _, share in pairs]
    return found


RUNS = [(15, 0, ''), (16, 0, 'no dropout'), (16, 1, 'dropout 0.2')]
RUN_IDS = ['-'.join([lesson(number).stem, *name.split()]) for number, _, name in RUNS]
of_runs = pytest.mark.parametrize('number, run, run_name', RUNS, ids=RUN_IDS)


@of_runs
@pytest.mark.parametrize('part', ['train', 'valid'])
@pytest.mark.parametrize('kind', ['loss', 'accuracy'])
def test_what_is_printed_after_each_epoch_is_measured_on_its_set(
    number, run, run_name, part, kind
):
    printed = seen_in(number).column(part, kind, name=run_name)
    wanted = curves_of(number, run)[part, kind]
    assert printed == pytest.approx(wanted, abs=6e-4)


def stands_upright(line):
    return len(set(xs(line))) == 1


def curves_drawn(number, run_name):
    """{('train', 'loss'): line, ...}; the legend of the losses tells the accuracies."""
    axes = plots_of(number, 'curves')
    left, right = plot_about(axes, 'loss'), plot_about(axes, 'accuracy')
    found = {}
    for part in ('train', 'valid'):
        curves = [
            line
            for line in left.lines
            if not stands_upright(line)
            and part in line.get_label()
            and run_name in line.get_label()
        ]
        assert len(curves) == 1, f'One curve of losses should say {part} {run_name}.'
        (line,) = curves
        (same,) = (other for other in right.lines if look(other) == look(line))
        found[part, 'loss'], found[part, 'accuracy'] = line, same
    return found


CHECKED.update((lesson(number).name, 'curves') for number in (15, 16))


@of_runs
@pytest.mark.parametrize('part', ['train', 'valid'])
@pytest.mark.parametrize('kind', ['loss', 'accuracy'])
def test_a_curve_is_what_was_measured_after_each_epoch(
    number, run, run_name, part, kind
):
    line = curves_drawn(number, run_name)[part, kind]
    wanted = curves_of(number, run)[part, kind]
    assert xs(line) == list(range(1, len(wanted) + 1))
    assert ys(line) == pytest.approx(wanted, rel=1e-3)


@of_figures((15, 'curves'), (16, 'curves'))
def test_the_curves_have_epochs_below(number, name):
    assert all('epoch' in ax.get_xlabel() for ax in plots_of(number, name))


@of_figures((15, 'curves'), (16, 'curves'))
def test_no_two_curves_of_a_plot_look_the_same(number, name):
    for ax in plots_of(number, name):
        looks = [look(line) for line in ax.lines]
        assert len(set(looks)) == len(looks)


@of_figures((15, 'curves'))
def test_the_mark_is_at_the_epoch_of_the_lowest_validation_loss(number, name):
    losses = curves_of(number, 0)['valid', 'loss']
    mark = line_about(plot_about(plots_of(number, name), 'loss'), 'lowest')
    assert set(xs(mark)) == {1 + losses.index(min(losses))}


@of_lessons(15)
def test_the_lowest_validation_loss_is_printed_with_its_epoch(number):
    curves = curves_of(number, 0)
    losses = curves['valid', 'loss']
    best = losses.index(min(losses))
    (line,) = re.findall('(?i).*lowest.*', seen_in(number).printed)
    loss, epoch, share, above = numbers_in(line)
    assert loss == pytest.approx(losses[best], abs=6e-4)
    assert epoch == best + 1
    assert share == pytest.approx(100 * curves['valid', 'accuracy'][best], abs=0.06)
    assert above == pytest.approx(100 * (losses[-1] / losses[best] - 1), abs=0.6)


# Mistakes, maps and photos


@of_figures((12, 'mistakes'))
def test_each_mistake_is_shown_with_what_was_predicted_and_what_it_is(number, name):
    model, classes = seen_in(number).network(), datasets.FashionMNIST.classes
    images, labels = synthetic('FashionMNIST', False)
    for title, _, pixels in images_of(figure_of(number, name)):
        place, *_ = places_of(pixels, images)
        with torch.no_grad():
            image = normalized(images[place : place + 1], 'FashionMNIST')
            guess = model(image).argmax().item()
        assert name_after('predicted', title, classes) == classes[guess]
        assert name_after('labeled', title, classes) == classes[labels[place]]
        assert guess != labels[place], 'Only mistakes are shown.'


@of_figures((12, 'mistakes'))
def test_no_mistake_is_shown_twice(number, name):
    images, _ = synthetic('FashionMNIST', False)
    shown = [
        places_of(pixels, images)[0]
        for _, _, pixels in images_of(figure_of(number, name))
    ]
    assert len(set(shown)) == len(shown) == 16


@of_lessons(12)
def test_the_number_of_mistakes_is_printed(number):
    seen = seen_in(number)
    images, labels = synthetic('FashionMNIST', False)
    _, share = measure(seen.network(), normalized(images, 'FashionMNIST'), labels)
    wrong = round(len(labels) * (1 - share))
    (line,) = re.findall('.*mistakes.*', seen.printed)
    assert set(numbers_in(line)) == {wrong}


PHOTO_MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
PHOTO_STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def drawn_as(tensor):
    """How a photo that went into the network is drawn: [H, W, 3] from 0 to 1."""
    return (tensor * PHOTO_STD + PHOTO_MEAN).clamp(0, 1).permute(1, 2, 0)


def input_of(result):
    """The photo of which a transform made the drawn pixels, which are from 0 to 1."""
    for image, made in seen_in(18).transformed:
        if torch.allclose(drawn_as(made), result, atol=1e-5):
            return image
    raise AssertionError('The drawn photo was made by none of the transforms.')


def folders_of(number, part):
    """Its ImageFolders of 'train' or 'test' photos, each with its transform."""
    return [
        dataset
        for dataset in seen_in(number).run.datasets
        if str(dataset.root).endswith(part)
    ]


@functools.cache
def photos_of(number):
    """(augmented, plain, split): two ImageFolders of the training photos, and Subsets.

    The split is (those to train with, augmented; the same ones; those to validate with).
    """
    seen = seen_in(number)
    augmented = [
        walk.loader.dataset
        for walk in seen.run.passes
        if walk.losses and isinstance(walk.loader.dataset, Subset)
    ][-1]
    train, valid = seen.run.splits[-1]
    assert train.dataset is valid.dataset
    return augmented.dataset, train.dataset, (augmented, train, valid)


@of_figures((18, 'augmentation'))
def test_the_first_photo_is_as_a_test_would_show_it(number, name):
    (title, _, pixels), *_ = images_of(figure_of(number, name))
    _, plain, _ = photos_of(number)
    photos = torch.stack([drawn_as(image) for image, _ in plain])
    place, *_ = places_of(pixels, photos)
    wanted = plain.classes[plain.targets[place]]
    assert [kind for kind in plain.classes if kind in title] == [wanted]


@of_figures((18, 'augmentation'))
def test_the_other_photos_are_the_same_one_augmented(number, name):
    (_, _, first), *others = images_of(figure_of(number, name))
    photo = input_of(first)
    assert len(others) == 7
    for title, _, pixels in others:
        assert 'augmented' in title
        assert input_of(pixels).tobytes() == photo.tobytes(), 'Another photo is shown.'


@of_figures((18, 'augmentation'))
def test_no_two_augmented_photos_are_the_same(number, name):
    photos = [pixels for _, _, pixels in images_of(figure_of(number, name))]
    for i, one in enumerate(photos):
        assert all((one - other).abs().max() > 0.1 for other in photos[:i])


@of_lessons(18, '18_2')
def test_photos_are_augmented_for_training_only(number):
    augmented, plain, _ = photos_of(number)
    for folder in folders_of(number, 'test') + [plain]:
        assert torch.equal(folder[0][0], folder[0][0])
    assert not torch.equal(augmented[0][0], augmented[0][0])


@of_lessons(18, '18_2')
def test_a_sixth_of_the_training_photos_is_for_validation(number):
    augmented, plain, (train, same, valid) = photos_of(number)
    assert augmented.samples == plain.samples
    assert [len(train), len(valid)] == [200, 40]
    assert list(train.indices) == list(same.indices)
    assert not set(train.indices) & set(valid.indices)


@of_lessons(18)
def test_both_runs_have_the_same_photos_and_start_from_the_same_weights(number):
    seen = seen_in(number)
    _, _, (_, plain, _) = photos_of(number)
    first, *_, last = [walk.loader.dataset for walk in seen.run.passes if walk.losses]
    assert torch.equal(first.tensors[0], torch.stack([image for image, _ in plain]))
    assert first.tensors[1].tolist() == [label for _, label in plain]
    assert len(last) == len(first)
    assert seen.run.seeds.count(7) >= 3  # at the start, and before each model


@functools.cache
def measured_in_lesson_18(place):
    """The validation accuracy after each epoch, measured here."""
    _, _, (_, _, valid) = photos_of(18)
    photos = torch.stack([image for image, _ in valid])
    labels = torch.tensor([label for _, label in valid])
    training = seen_in(18).trainings[place]
    return [
        measure(training.after(epoch), photos, labels)[1]
        for epoch in range(len(training.states))
    ]


@of_lessons(18)
@pytest.mark.parametrize('place, name', [(0, 'no augmentation'), (1, 'augmentation')])
def test_the_validation_accuracy_of_photos_is_printed(number, place, name):
    printed = seen_in(number).column('valid', 'accuracy', name=name)
    assert printed == pytest.approx(measured_in_lesson_18(place), abs=6e-4)


@of_figures((18, 'curves'))
@pytest.mark.parametrize('run', ['no augmentation', 'augmentation'])
def test_the_curves_are_the_printed_accuracies(number, name, run):
    (ax,) = plots_of(number, name)
    assert 'epoch' in ax.get_xlabel() and 'accuracy' in ax.get_ylabel()
    assert len({look(line) for line in ax.lines}) == 4
    for kind, words in (('train', 'training'), ('valid', 'validation')):
        (line,) = [one for one in ax.lines if one.get_label() == f'{run}, {words}']
        printed = seen_in(number).column(kind, 'accuracy', name=run)
        assert ys(line) == pytest.approx(printed, abs=6e-4)
        assert xs(line) == [1, 2, 3]


@of_figures(('18_1', 'maps'))
def test_the_maps_are_of_the_drawn_garment_with_its_name(number, name):
    (title, _, pixels), *_ = images_of(figure_of(number, name))
    images, labels = synthetic('FashionMNIST', False)
    classes = datasets.FashionMNIST.classes
    place, *_ = places_of(pixels, images)
    assert [name for name in classes if name in title] == [classes[labels[place]]]


@of_figures(('18_1', 'maps'))
def test_each_map_is_a_channel_of_the_first_convolution(number, name):
    """Cut off below zero, from 0 to its largest value."""
    (_, _, pixels), *maps = images_of(figure_of(number, name))
    assert len(maps) == 7
    modules = list(seen_in(number).network().modules())
    convolution = next(part for part in modules if isinstance(part, nn.Conv2d))
    with torch.no_grad():
        place, *_ = places_of(pixels, synthetic('FashionMNIST', False)[0])
        image = fashion(False, slice(place, place + 1))[0]
        channels = nn.functional.conv2d(
            image, convolution.weight, convolution.bias, padding=1
        )[0]
        for i, (_, _, drawn) in enumerate(maps):
            cut = channels[i].clamp(min=0)
            wanted = cut / (cut.max() + 1e-5)
            assert torch.allclose(drawn.reshape(28, 28), wanted, atol=1e-3), f'map {i}'


IMAGENET = models.DenseNet121_Weights.IMAGENET1K_V1
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


@functools.cache
def test_photos():
    """The drawn test photos as ImageNet's networks get them, and as they are drawn."""
    folder = datasets.ImageFolder(SYNTHETIC_DATA / 'Cat_Dog_data/test')
    photos = torch.stack(
        [IMAGENET.transforms()(helper.open_photo(path)) for path, _ in folder.samples]
    )
    seen = (photos.permute(0, 2, 3, 1) * STD + MEAN).clamp(0, 1)
    return folder, photos, seen


test_photos.__test__ = False


@functools.cache
def best_three_of_lesson_19():
    """[(share in percent, name of a class)] for the drawn photo, computed here."""
    _, photos, drawn = test_photos()
    ((_, _, pixels),) = images_of(figure_of(19, 'imagenet'))
    place, *_ = places_of(pixels, drawn)
    ((_, network),) = seen_in(19).bodies
    with torch.no_grad():
        powers = network.eval()(photos[place : place + 1])[0].double().exp()
    shares = 100 * powers / powers.sum()
    best = shares.argsort(descending=True)[:3].tolist()
    return [(shares[i].item(), IMAGENET.meta['categories'][i]) for i in best]


@of_lessons(19)
def test_the_three_best_classes_are_printed_with_their_shares(number):
    printed = re.findall(r'(?m)^ *([\d.]+)% (.*)$', seen_in(number).printed)
    wanted = best_three_of_lesson_19()
    assert [name for _, name in printed] == [name for _, name in wanted]
    shares = [float(share) for share, _ in printed]
    assert shares == pytest.approx([share for share, _ in wanted], abs=0.06)


@of_figures((19, 'imagenet'))
def test_the_title_has_the_best_class_and_its_share(number, name):
    share, best = best_three_of_lesson_19()[0]
    ((title, _, _),) = images_of(figure_of(number, name))
    assert best in title
    assert numbers_in(title.replace(best, '')) == [pytest.approx(share, abs=0.6)]


@of_lessons(19)
def test_the_body_is_frozen_and_the_new_layer_learns(number):
    network = seen_in(number).bodies[0][0]
    learns = [parameter.requires_grad for parameter in network.features.parameters()]
    assert not any(learns)
    assert all(parameter.requires_grad for parameter in network.classifier.parameters())


# Lesson 20 gets a clock that counts what was done.


def seconds_of_lesson_20():
    """Ten epochs the slow way, the features, and ten epochs the fast way.

    Of 20 photos a fifth is for validation. An epoch is one step, 16 photos long.
    """
    slow = 10 * (16 + 4 + 3)
    features = 16 + 4
    return slow, features, features + 10 * 3


@of_figures((20, 'seconds'))
def test_the_bars_are_the_seconds_of_ten_epochs_in_both_ways(number, name):
    slow, _, fast = seconds_of_lesson_20()
    (ax,) = plots_of(number, name)
    assert bars_of(ax) == {'slow': pytest.approx(slow), 'fast': pytest.approx(fast)}
    assert 'second' in ax.get_xlabel()


@of_lessons(20)
def test_the_printed_seconds_are_those_of_ten_epochs_in_both_ways(number):
    slow, features, fast = seconds_of_lesson_20()
    (line,) = re.findall('.*times faster.*', seen_in(number).printed)
    wanted = [slow, fast, features, slow / fast]
    assert numbers_in(line) == pytest.approx(wanted, abs=0.06)


@of_lessons(20)
def test_no_photo_is_for_training_and_for_validation(number):
    ((train, valid, *_),) = seen_in(number).run.splits
    assert [len(train), len(valid)] == [16, 4]
    assert not set(train.indices) & set(valid.indices)


@of_lessons(20)
def test_photos_are_prepared_as_for_imagenet(number):
    ((train, *_),) = seen_in(number).run.splits
    path, _ = train.dataset.samples[train.indices[0]]
    wanted = IMAGENET.transforms()(helper.open_photo(path))
    assert torch.equal(train[0][0], wanted)


@of_lessons(20)
@pytest.mark.parametrize('part', [0, 1], ids=['train', 'valid'])
def test_the_features_are_what_the_body_makes_of_each_photo(number, part):
    seen = seen_in(number)
    photos = seen.run.splits[0][part]
    body, _ = seen.bodies[0]
    features, labels = next(
        loader.dataset
        for loader in seen.run.loaders
        if hasattr(loader.dataset, 'tensors') and len(loader.dataset) == len(photos)
    )[:]
    assert features.shape == (len(photos), 1024)
    with torch.no_grad():
        for (image, label), row, known in zip(photos, features, labels):
            wanted = body.eval()(image.unsqueeze(0))[0]
            assert torch.allclose(row, wanted, atol=1e-4)
            assert known == label


# Lesson 20_1: the head, then the head with the backbone


@of_figures(('20_1', 'accuracies'))
def test_the_lines_are_the_printed_accuracies_of_both_ways(number, name):
    (ax,) = plots_of(number, name)
    assert 'epoch' in ax.get_xlabel() and 'validation accuracy' in ax.get_ylabel()
    first, alone, tuned = ax.lines
    labels = [line.get_label() for line in ax.lines]
    assert labels == ['head', 'head alone', 'fine-tuned'], labels
    assert len({look(line) for line in ax.lines}) == 3
    printed = seen_in(number).column('valid', 'accuracy', name='head  ')
    assert ys(first) == pytest.approx(printed, abs=6e-4)
    assert xs(first) == list(range(1, 9))
    for line in (alone, tuned):
        more = seen_in(number).column('valid', 'accuracy', name=line.get_label())
        assert ys(line) == pytest.approx([*printed[-1:], *more], abs=6e-4)
        assert xs(line) == [8, 9, 10]


@of_lessons('20_1')
def test_only_the_training_images_are_augmented_and_none_is_in_two_sets(number):
    names = seen_in(number).run.names
    train, plain, valid = (
        names[name] for name in ('trainset', 'plain_trainset', 'validset')
    )
    assert list(train.indices) == list(plain.indices)
    assert not set(train.indices) & set(valid.indices)
    assert [len(train), len(valid)] == [40, 40]
    seen = set()
    for _ in range(20):
        seen.add(tuple(train[0][0].flatten().tolist()))
    once = plain[0][0]
    assert seen == {tuple(image.flatten().tolist()) for image in (once, once.flip(2))}
    assert torch.equal(valid[0][0], valid[0][0]) and once.shape == (3, 32, 32)


@of_lessons('20_1')
def test_the_backbone_gets_a_tenth_of_the_rate_of_the_head(number):
    _, tuned, _ = seen_in(number).run.optimizers
    backbone, head = tuned.param_groups
    assert backbone['initial_lr'] == pytest.approx(head['initial_lr'] / 10)
    assert [list(p.shape) for p in head['params']] == [[10, 1024], [10]]
    assert all(p.requires_grad for group in (backbone, head) for p in group['params'])


@of_lessons('20_1')
@pytest.mark.parametrize('pretrained', [True, False])
def test_batch_norm_keeps_its_statistics_if_it_has_any(number, pretrained, monkeypatch):
    train_mode = seen_in(number).run.names['train_mode']
    monkeypatch.setitem(train_mode.__globals__, 'found_weights', pretrained or None)
    inside = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(0.2))
    model = nn.Sequential(inside, nn.Flatten()).eval()
    train_mode(model)
    modes = [layer.training for layer in model.modules()]
    assert modes == [True, True, not pretrained, True, True]


@of_lessons('20_1')
def test_the_frozen_backbone_stays_as_it_was(number):
    (used, copied), *_ = seen_in(number).bodies
    for name, before in copied.state_dict().items():
        if not name.startswith('classifier'):
            assert torch.equal(used.state_dict()[name], before), name


@of_lessons('20_1')
def test_the_chosen_one_is_better_on_validation_images(number):
    names = seen_in(number).run.names
    tuned_wins = names['tuned_accuracies'][-1] > names['head_accuracies'][-1]
    assert (names['chosen_model'] is names['tuned_model']) == tuned_wins
    images = torch.stack([image for image, _ in names['testset']])
    labels = torch.tensor([label for _, label in names['testset']])
    _, reached = measure(names['chosen_model'], images, labels)
    assert accuracy(seen_in(number).printed) == pytest.approx(reached, abs=6e-4)


# Lessons 23 and 23_1 get a clock whose readings are known.


def rows_of(number):
    """The printed lines with a time: [(name, [seconds, result, first time])]."""
    (ax,) = plots_of(number, 'optimizations')
    found = []
    for name in bars_of(ax):
        (line,) = (
            line
            for line in seen_in(number).printed.splitlines()
            if line.startswith(name) and ' s ' in line[len(name) :]
        )
        found.append((name, numbers_in(line[len(name) :])))
    return found


def times_of(number):
    """For each row the seconds of all its runs, from the readings of the clock."""
    readings = seen_in(number).readings
    times = [end - start for start, end in zip(readings[::2], readings[1::2])]
    runs = len(times) // len(rows_of(number))
    return [times[i : i + runs] for i in range(0, len(times), runs)]


@of_figures((23, 'optimizations'), ('23_1', 'optimizations'))
def test_each_bar_is_the_median_of_its_times_without_the_first(number, name):
    (ax,) = plots_of(number, name)
    wanted = [statistics.median(times[1:]) for times in times_of(number)]
    assert list(bars_of(ax).values()) == pytest.approx(wanted)
    assert 'second' in ax.get_xlabel()


@of_figures((23, 'optimizations'), ('23_1', 'optimizations'))
def test_each_bar_has_its_seconds_beside_it(number, name):
    (ax,) = plots_of(number, name)
    beside = numbers_beside_bars(ax)
    assert len(beside) == len(bars_of(ax))
    for bar, seconds in beside:
        assert seconds == pytest.approx(bars_of(ax)[bar], abs=6e-4), bar


@of_lessons(23, '23_1')
def test_the_printed_seconds_are_the_median_and_the_first_time(number):
    for (name, row), times in zip(rows_of(number), times_of(number)):
        median, first = row[0], row[-1]
        assert median == pytest.approx(statistics.median(times[1:]), abs=6e-4), name
        assert first == pytest.approx(times[0], abs=0.06), name


@of_lessons(23, '23_1')
def test_a_remedy_is_measured_at_least_three_times_after_the_first(number):
    assert all(len(times) >= 4 for times in times_of(number))


def trainings_of_lesson_23():
    """[(name of a row, its printed loss, its training)]"""
    rows = rows_of(23)
    trainings = seen_in(23).trainings[-len(rows) :]  # the first only warms up
    return [(name, row[1], training) for (name, row), training in zip(rows, trainings)]


@of_lessons(23)
def test_a_row_that_names_a_batch_size_has_it_and_the_others_64(number):
    for name, _, training in trainings_of_lesson_23():
        named = re.search(r'batch (\d+)', name)
        wanted = int(named[1]) if named else 64
        assert max(len(labels) for _, labels in training.batches) == wanted, name


@of_lessons(23)
def test_a_row_that_doubles_the_learning_rate_has_twice_that_of_the_others(number):
    for name, _, training in trainings_of_lesson_23():
        wanted = 0.002 if 'doubled' in name else 0.001
        assert set(training.rates) == {wanted}, name


@of_lessons(23)
def test_adam_is_fused_from_the_row_on_that_says_so(number):
    names = [name for name, _, _ in trainings_of_lesson_23()]
    (first,) = (i for i, name in enumerate(names) if 'fused' in name)
    fused = [
        bool(training.optimizer.defaults['fused'])
        for _, _, training in trainings_of_lesson_23()
    ]
    assert fused == [i >= first for i in range(len(names))]


def trained_again(batches, lr):
    """The mean loss in the last of four epochs, trained here on the same batches."""
    torch.manual_seed(7)
    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    losses = []
    for images, labels in batches:
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item() * len(labels))
    last = len(batches) // 4
    count = sum(len(labels) for _, labels in batches[-last:])
    return sum(losses[-last:]) / count


@of_lessons(23)
def test_the_loss_of_a_row_is_that_of_a_training_as_its_name_says(number):
    for name, printed, training in trainings_of_lesson_23():
        loss = trained_again(training.batches, 0.002 if 'doubled' in name else 0.001)
        assert printed == pytest.approx(loss, abs=0.002), name


@of_lessons(23)
def test_a_remedy_that_is_no_other_training_leaves_the_loss_as_it_was(number):
    losses = [
        loss for name, loss, _ in trainings_of_lesson_23() if not numbers_in(name)
    ]
    assert losses == pytest.approx([losses[0]] * len(losses), abs=0.002)


@of_figures((23, 'optimizations'))
def test_the_title_has_the_number_of_images_in_an_epoch(number, name):
    (ax,) = plots_of(number, name)
    assert numbers_in(ax.get_title()) == [320]


@of_figures(('23_1', 'optimizations'))
def test_the_title_has_the_number_of_photos(number, name):
    (ax,) = plots_of(number, name)
    photos, _ = seen_in(number).first_batch
    assert numbers_in(ax.get_title().replace('DenseNet121', '')) == [len(photos)]


@of_lessons('23_1')
def test_the_printed_certainty_is_that_of_the_network_on_the_photos(number):
    """The mean, over the photos, of the probability of each one's best class."""
    seen = seen_in(number)
    photos, _ = seen.first_batch
    ((_, network),) = seen.bodies
    with torch.no_grad():
        powers = network.eval()(photos).double().exp()
    best = (powers / powers.sum(dim=1, keepdim=True)).amax(dim=1).mean().item()
    for name, row in predictions_of_lesson_23_1():
        about = 2e-3 if 'bfloat16' in name else 6e-5
        assert row[1] == pytest.approx(best, abs=about), name


def predictions_of_lesson_23_1():
    """The rows in which photos are predicted; the others train."""
    return [row for row in rows_of('23_1') if 'training' not in row[0]]


def calls_of_lesson_23_1():
    """[(name of a row, [(channels last?, bfloat16?, threads) of each run])]"""
    rows = predictions_of_lesson_23_1()
    ((body, _),) = seen_in('23_1').bodies
    runs = len(body.calls) // len(rows)
    return [
        (name, set(body.calls[runs * i : runs * (i + 1)]))
        for i, (name, _) in enumerate(rows)
    ]


@of_lessons('23_1')
@pytest.mark.parametrize(
    'place, word',
    [(0, 'channels_last'), (1, 'bfloat16')],
    ids=['channels_last', 'bfloat16'],
)
def test_a_remedy_is_there_from_the_row_on_that_names_it(number, place, word):
    calls = calls_of_lesson_23_1()
    (first,) = (i for i, (name, _) in enumerate(calls) if word in name)
    for i, (name, found) in enumerate(calls):
        assert {call[place] for call in found} == {i >= first}, name


@of_lessons('23_1')
def test_a_row_has_as_many_threads_as_it_says(number):
    calls = calls_of_lesson_23_1()
    one, two = calls[:2]
    assert {threads for _, _, threads in one[1]} == {1} and 'one' in one[0]
    assert {threads for _, _, threads in two[1]} == {2} and numbers_in(two[0]) == [2]


@of_lessons('23_1')
def test_bfloat16_is_not_tried_on_a_processor_without_it(number):
    seen = watch(number, *SYNTHETIC, quick_body=True, changes=[NO_BFLOAT16])
    ((body, _),) = seen.bodies
    assert not any(bfloat16 for _, bfloat16, _ in body.calls)
    assert len(seen.trainings) == 1


@of_lessons('23_1')
def test_it_trains_with_and_without_bfloat16_and_the_losses_are_close(number):
    rows = [row for row in rows_of(number) if 'training' in row[0]]
    assert ['bfloat16' in name for name, _ in rows] == [False, True]
    for (name, _), training in zip(rows, seen_in(number).trainings):
        steps = len(training.rates)
        calls = training.model.calls[-steps:]
        assert {bfloat16 for _, bfloat16, _ in calls} == {'bfloat16' in name}
        dtypes = {weight.dtype for weight in training.model.parameters()}
        assert dtypes == {torch.float32}, name
    (_, exact), (_, rounded) = rows
    assert rounded[1] == pytest.approx(exact[1], rel=0.1)


# Lesson 21


@functools.cache
def answers_of_lesson_21():
    """Predicted and true classes of the test photos, and the names of the classes."""
    seen = seen_in(21)
    folder, photos, _ = test_photos()
    _, body = seen.bodies[-1]
    body.classifier = nn.Identity()
    (training,) = seen.trainings
    with torch.no_grad():
        output = training.model.eval()(body.eval()(photos))
    return output.argmax(dim=1).tolist(), folder.targets, folder.classes


@of_lessons(21)
def test_the_printed_accuracy_is_that_of_the_photos_of_the_test(number):
    predicted, labels, _ = answers_of_lesson_21()
    right = sum(one == other for one, other in zip(predicted, labels))
    (line,) = re.findall('Test accuracy.*', seen_in(number).printed)
    largest = max(labels.count(label) for label in labels)
    wanted = [
        100 * right / len(labels),
        right,
        len(labels),
        100 * largest / len(labels),
    ]
    assert numbers_in(line) == pytest.approx(wanted, abs=0.06)


@of_figures((21, 'confusion'))
def test_the_confusions_are_counted_row_by_true_class(number, name):
    predicted, labels, classes = answers_of_lesson_21()
    (ax,) = plots_of(number, name)
    assert 'true' in ax.get_ylabel() and 'predicted' in ax.get_xlabel()
    columns = [tick.get_text() for tick in ax.get_xticklabels()]
    rows = [tick.get_text() for tick in ax.get_yticklabels()]
    drawn = {}
    for text in ax.texts:
        column, row = text.get_position()
        drawn[rows[row], columns[column]] = int(text.get_text())
    pairs = [
        (classes[label], classes[guess]) for label, guess in zip(labels, predicted)
    ]
    assert drawn == {pair: pairs.count(pair) for pair in pairs}


@of_figures((21, 'confusion'))
def test_the_colors_of_the_confusions_are_shares_of_their_row(number, name):
    (ax,) = plots_of(number, name)
    colors = ax.images[0].get_array()
    predicted, labels, _ = answers_of_lesson_21()
    pairs = list(zip(labels, predicted))
    for label, guess in set(pairs):
        share = pairs.count((label, guess)) / labels.count(label)
        assert colors[label, guess] == pytest.approx(share)


def shown_photos(number, name):
    """[(title, its color, place of the photo among the test photos)]"""
    _, _, drawn = test_photos()
    return [
        (title, color, places_of(pixels, drawn)[0])
        for title, color, pixels in images_of(figure_of(number, name))
    ]


@of_figures((21, 'photos'))
def test_each_photo_is_shown_with_what_was_predicted_and_what_it_is(number, name):
    predicted, labels, classes = answers_of_lesson_21()
    for title, _, place in shown_photos(number, name):
        assert name_after('predicted', title, classes) == classes[predicted[place]]
        assert name_after('labeled', title, classes) == classes[labels[place]]


@of_figures((21, 'photos'))
def test_the_title_of_a_mistake_has_another_color(number, name):
    predicted, labels, _ = answers_of_lesson_21()
    colors = {True: set(), False: set()}
    for _, color, place in shown_photos(number, name):
        colors[predicted[place] == labels[place]].add(color)
    assert colors[True] <= {'black'}
    assert colors[False] == {'tab:red'}


@of_figures((21, 'photos'))
def test_mistakes_are_shown_first(number, name):
    predicted, labels, _ = answers_of_lesson_21()
    right = [
        predicted[place] == labels[place] for _, _, place in shown_photos(number, name)
    ]
    assert right == sorted(right)
    mistakes = sum(one != other for one, other in zip(predicted, labels))
    assert right.count(False) == min(mistakes, 16)


# Lesson 25


@functools.cache
def text_of_lesson_25():
    """(numbers of the training text, of the validation text, the vocabulary)"""
    text = short_text()
    vocabulary = sorted(set(text))
    numbers = torch.tensor([vocabulary.index(character) for character in text])
    size = len(text) * 9 // 10
    return numbers[:size], numbers[size:], vocabulary


@functools.cache
def bigram_loss():
    """Counted one by one, with 0.1 added to each count."""
    train, valid, vocabulary = text_of_lesson_25()
    train, valid = train.tolist(), valid.tolist()
    pairs = collections.Counter(zip(train, train[1:]))
    firsts = collections.Counter(train[:-1])
    return statistics.fmean(
        -math.log((pairs[pair] + 0.1) / (firsts[pair[0]] + 0.1 * len(vocabulary)))
        for pair in zip(valid, valid[1:])
    )


def after_each_epoch_of_lesson_25():
    """[(validation loss, accuracy)], where each character is predicted once."""
    _, valid, _ = text_of_lesson_25()
    (training,) = seen_in(25).trainings
    count = (len(valid) - 1) // 64
    inputs = valid[: 64 * count].view(count, 64)
    targets = valid[1 : 64 * count + 1].view(count, 64)
    found = []
    for epoch in range(len(training.states)):
        with torch.no_grad():
            output = training.after(epoch)(inputs)
        loss = nn.functional.cross_entropy(output, targets).item()
        share = (output.argmax(dim=1) == targets).float().mean().item()
        found.append((loss, share))
    return found


def training_losses_of_lesson_25():
    """The mean over the windows of each epoch."""
    train, _, _ = text_of_lesson_25()
    windows = len(train) // 64
    found = []
    for losses in seen_in(25).run.epochs:
        sizes = [64] * (windows // 64) + [windows % 64]
        assert len(losses) == len(sizes)
        found.append(sum(map(operator.mul, losses, sizes)) / windows)
    return found


@of_lessons(25)
def test_each_target_is_the_character_after_its_input(number):
    train, _, vocabulary = text_of_lesson_25()
    text = ''.join(vocabulary[character] for character in train)
    inputs, targets = seen_in(number).first_batch
    assert inputs.shape == targets.shape == (64, 64)
    starts = set()
    for row, shifted in zip(inputs.tolist(), targets.tolist()):
        window = ''.join(vocabulary[character] for character in [*row, shifted[-1]])
        assert row[1:] == shifted[:-1]
        starts.add(text.index(window))
    assert len(starts) > 32, 'The windows begin at random.'


@of_lessons(25)
def test_the_losses_of_the_text_are_those_of_the_weights(number):
    seen = seen_in(number)
    losses, shares = zip(*after_each_epoch_of_lesson_25())
    assert seen.column('valid', 'loss') == pytest.approx(losses, abs=6e-4)
    assert seen.column('accuracy') == pytest.approx(shares, abs=6e-4)
    wanted = training_losses_of_lesson_25()
    assert seen.column('train', 'loss') == pytest.approx(wanted, abs=6e-4)


@of_lessons(25)
def test_the_baselines_of_the_text_are_printed(number):
    _, _, vocabulary = text_of_lesson_25()
    (line,) = re.findall('Guess.*', seen_in(number).printed)
    wanted = [math.log(len(vocabulary)), bigram_loss()]
    assert numbers_in(line) == pytest.approx(wanted, abs=6e-4)


@of_figures((25, 'losses'))
def test_the_curves_of_the_text_are_what_was_measured(number, name):
    (ax,) = plots_of(number, name)
    assert 'epoch' in ax.get_xlabel() and 'loss' in ax.get_ylabel()
    losses, _ = zip(*after_each_epoch_of_lesson_25())
    (validation,) = (line for line in ax.lines if line.get_label() == 'validation')
    training = line_about(ax, 'training')
    assert xs(validation) == xs(training) == [1, 2]
    assert ys(validation) == pytest.approx(losses, rel=1e-3)
    assert ys(training) == pytest.approx(training_losses_of_lesson_25(), rel=1e-3)
    level = line_about(ax, 'bigrams')
    assert ys(level) == pytest.approx([bigram_loss()] * 2, rel=1e-4)
    assert len({look(line) for line in ax.lines}) == 3
