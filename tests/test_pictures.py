"""The pictures of the notes, read as a reader sees them.

A picture is drawn once. The tests take its texts, bars, lines and arrows with their
positions, and compare them with numbers that they compute themselves or that stand in
docs/pictures/numbers.json.
"""

import functools
import importlib.util
import json
import math
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from course import ROOT
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from PIL import Image
from torch import nn
from torchvision import datasets

spec = importlib.util.spec_from_file_location('draw', ROOT / 'docs/draw_pictures.py')
draw = importlib.util.module_from_spec(spec)
spec.loader.exec_module(draw)

NAMES = [picture.__name__ for picture in draw.ALL]
NUMBERS = ROOT / 'docs/pictures/numbers.json'
MEASURED = json.loads(NUMBERS.read_text(encoding='utf-8'))
NUMBER = re.compile(r'[-+]?\d[\d,]*(?:\.\d+)?')


@functools.cache
def drawn(name):
    """What a picture's function returns, its figure, and the content of its file."""
    figures = []
    savefig = Figure.savefig

    def keep(figure, *args, **options):
        figures.append(figure)
        savefig(figure, *args, **options)

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, 'savefig', keep)
        returned = getattr(draw, name)(Path(folder))
        files = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    (figure,) = figures
    return returned, figure, files


def plots_of(name):
    """The plots of a picture, from left to right."""
    _, figure, _ = drawn(name)
    return figure.axes


def numbers_in(text):
    """'784 of 10,000' -> [784, 10000]"""
    return [float(found.replace(',', '')) for found in NUMBER.findall(text)]


def texts_of(ax):
    """[(x, y, text)] of a plot, without arrows, which are texts to matplotlib."""
    return [
        (*text.get_position(), text.get_text()) for text in ax.texts if text.get_text()
    ]


def arrows_of(ax):
    """[(start, end)] of the arrows in a plot."""
    return [
        (tuple(text.get_position()), tuple(text.xy))
        for text in ax.texts
        if isinstance(text, Annotation) and text.arrowprops
    ]


def circles_of(ax):
    """[(x, y)] of the circles in a plot."""
    return [
        tuple(point)
        for collection in ax.collections
        for point in collection.get_offsets().tolist()
    ]


def columns(points):
    """Points or texts by their x, from left to right, each from top to bottom."""
    found = {}
    for point in points:
        found.setdefault(round(float(point[0]), 3), []).append(point)
    return [sorted(found[x], key=lambda point: -point[1]) for x in sorted(found)]


def line_that_says(ax, *words):
    """The one line of a plot whose label has these words, in any case."""
    lines = [
        line
        for line in ax.lines
        if all(word in line.get_label().lower() for word in words)
    ]
    labels = [line.get_label() for line in ax.lines]
    assert len(lines) == 1, f'one line says {words}, of these: {labels}'
    return lines[0]


def ys(line):
    return [float(y) for y in line.get_ydata()]


def xs(line):
    return [float(x) for x in line.get_xdata()]


# The files


@pytest.mark.parametrize('name', NAMES)
def test_a_picture_goes_to_a_png_of_its_name(name):
    _, _, files = drawn(name)
    assert list(files) == [f'{name}.png']
    assert files[f'{name}.png'].startswith(b'\x89PNG\r\n\x1a\n')


def test_the_repository_has_each_picture_and_no_other():
    kept = {path.stem for path in draw.PICTURES.glob('*.png')}
    assert kept - {'example'} == set(NAMES)  # that one is made by lesson 13


@pytest.mark.parametrize('name', NAMES)
def test_the_picture_in_the_repository_is_the_one_that_is_drawn(name, tmp_path):
    """A picture that was not drawn again after a change has other bars or lines.

    Versions of matplotlib place letters differently by a pixel, so both pictures are
    made small before they are compared.
    """
    _, _, files = drawn(name)
    path = tmp_path / 'now.png'
    path.write_bytes(files[f'{name}.png'])
    small = []
    for each in (path, draw.PICTURES / f'{name}.png'):
        with Image.open(each) as image:
            image = image.convert('L')
            size = [side // 8 for side in image.size]
            small.append(np.asarray(image.resize(size), dtype=float))
    now, kept = small
    again = f'{name}.png is out of date; draw it with: python docs/draw_pictures.py'
    assert now.shape == kept.shape, again
    assert np.abs(now - kept).mean() < 1, again


@pytest.mark.parametrize('name', NAMES)
def test_two_drawings_of_a_picture_are_the_same(name, tmp_path):
    """Otherwise each drawing would be a change in the repository."""
    returned, _, files = drawn(name)
    assert getattr(draw, name)(tmp_path) == returned
    assert (tmp_path / f'{name}.png').read_bytes() == files[f'{name}.png']


# Neuron and network


def parts_of_the_neuron():
    """(inputs, weights, bias, sum, output) as they stand in the picture."""
    (ax,) = plots_of('neuron')
    texts = [
        (x, y, numbers_in(text)[0]) for x, y, text in texts_of(ax) if numbers_in(text)
    ]
    inputs, weights, (bias, total), (output,) = columns(texts)
    return inputs, weights, bias[2], total[2], output[2]


def test_the_neuron_has_a_weight_on_the_way_of_each_input():
    inputs, weights, *_ = parts_of_the_neuron()
    (ax,) = plots_of('neuron')
    assert len(inputs) == len(weights) == 3
    ways = dict(arrows_of(ax))
    for (x, y, _), (weight_x, weight_y, _) in zip(inputs, weights):
        end_x, end_y = ways[x, y]
        share = (weight_x - x) / (end_x - x)
        assert 0 < share < 1, 'A weight lies between its input and the sum.'
        assert weight_y == pytest.approx(y + share * (end_y - y))


def test_the_sum_of_the_neuron_is_that_of_the_printed_products_and_bias():
    inputs, weights, bias, total, _ = parts_of_the_neuron()
    products = [x * w for (*_, x), (*_, w) in zip(inputs, weights)]
    assert total == pytest.approx(sum(products) + bias, abs=0.0051)


def test_the_output_of_the_neuron_is_the_sigmoid_of_its_sum():
    *_, total, output = parts_of_the_neuron()
    assert output == pytest.approx(1 / (1 + math.exp(-total)), abs=0.0051)


def test_the_neuron_has_short_numbers_so_that_a_reader_can_add_them_up():
    inputs, weights, bias, _, _ = parts_of_the_neuron()
    for value in (*[x for *_, x in inputs], *[w for *_, w in weights], bias):
        assert value != 0 and value == pytest.approx(round(value, 1))


def test_the_neuron_says_below_each_column_what_it_is():
    (ax,) = plots_of('neuron')
    below = min(y for _, y, _ in texts_of(ax))
    words = [text for x, y, text in sorted(texts_of(ax)) if y == below]
    for word, kind in zip(words, ('input', 'weight', 'bias', 'activation', 'output')):
        assert kind in word.lower(), words


def test_the_network_has_as_many_circles_as_its_layers_have_units():
    (ax,) = plots_of('network')
    assert [len(column) for column in columns(circles_of(ax))] == [3, 4, 4, 2]


def test_the_network_joins_each_unit_to_each_of_the_next_layer():
    (ax,) = plots_of('network')
    layers = columns(circles_of(ax))
    wanted = {
        (start, end)
        for left, right in zip(layers, layers[1:])
        for start in left
        for end in right
    }
    assert set(arrows_of(ax)) == wanted


def test_the_network_says_between_two_layers_the_shape_of_their_weight():
    """nn.Linear has [outputs, inputs]: the units on the right, those on the left."""
    (ax,) = plots_of('network')
    layers = columns(circles_of(ax))
    shapes = [
        (x, numbers_in(text)) for x, _, text in sorted(texts_of(ax)) if numbers_in(text)
    ]
    assert len(shapes) == len(layers) - 1
    for (x, shape), left, right in zip(shapes, layers, layers[1:]):
        assert left[0][0] < x < right[0][0]
        assert shape == [len(right), len(left)], 'A weight is [outputs, inputs].'


def test_the_network_says_above_each_layer_what_it_is():
    (ax,) = plots_of('network')
    above = max(y for _, y, _ in texts_of(ax))
    words = [text.lower() for _, y, text in sorted(texts_of(ax)) if y == above]
    for word, kind in zip(words, ('input', 'hidden', 'hidden', 'output')):
        assert kind in word, words


# Activations and softmax


@pytest.mark.parametrize(
    'kind, formula',
    [('sigmoid', lambda x: 1 / (1 + math.exp(-x))), ('relu', lambda x: max(x, 0))],
    ids=['sigmoid', 'relu'],
)
def test_an_activation_has_its_own_name_and_curve(kind, formula):
    (ax,) = (ax for ax in plots_of('activations') if kind in ax.get_title().lower())
    (curve,) = (line for line in ax.lines if len(line.get_xdata()) > 2)
    assert min(xs(curve)) <= -5 and max(xs(curve)) >= 5
    assert ys(curve) == pytest.approx([formula(x) for x in xs(curve)], abs=1e-6)


def test_softmax_has_the_logits_on_the_left():
    left, _ = plots_of('softmax')
    assert [bar.get_height() for bar in left.patches] == [2, 1, 0]
    assert 'logit' in left.get_ylabel().lower()


def test_softmax_has_their_probabilities_in_percent_on_the_right():
    left, right = plots_of('softmax')
    powers = [math.exp(bar.get_height()) for bar in left.patches]
    wanted = [100 * power / sum(powers) for power in powers]
    assert [bar.get_height() for bar in right.patches] == pytest.approx(wanted)
    assert 'probab' in right.get_ylabel().lower()


@pytest.mark.parametrize('side, digits', [(0, 0), (1, 1)], ids=['logits', 'softmax'])
def test_softmax_has_its_number_at_each_bar(side, digits):
    ax = plots_of('softmax')[side]
    for bar, text in zip(ax.patches, ax.texts):
        x, y = text.xy
        assert x == pytest.approx(bar.get_x() + bar.get_width() / 2)
        assert y == pytest.approx(bar.get_height())
        assert numbers_in(text.get_text()) == [round(bar.get_height(), digits)]


def test_softmax_names_the_same_classes_on_both_sides():
    names = [
        [tick.get_text() for tick in ax.get_xticklabels()] for ax in plots_of('softmax')
    ]
    assert names[0] == names[1]
    assert [numbers_in(name) for name in names[0]] == [[0], [1], [2]]


# Attention


def test_attention_has_three_tables_of_the_same_characters():
    for ax in plots_of('attention'):
        for ticks in (ax.get_xticklabels(), ax.get_yticklabels()):
            assert [tick.get_text() for tick in ticks] == list('bad')


def test_attention_has_the_scores_then_the_mask_then_the_weights():
    def table(ax):
        found = {(int(x), int(y)): text for x, y, text in texts_of(ax)}
        return [[found[x, y] for x in range(3)] for y in range(3)]

    scores, masked, weights = map(table, plots_of('attention'))
    assert scores[2] == ['0.00', f'{3 / math.sqrt(2):.2f}', '0.00']
    for y in range(3):
        for x in range(3):
            assert masked[y][x] == ('-∞' if x > y else scores[y][x])
        powers = [math.exp(float(text.replace('∞', 'inf'))) for text in masked[y]]
        wanted = [power / sum(powers) for power in powers]
        assert [float(text) for text in weights[y]] == pytest.approx(wanted, abs=0.01)


# Learning rates


def test_the_valley_is_shown_for_a_small_a_good_and_a_large_rate():
    rates = [numbers_in(ax.get_title())[-1] for ax in plots_of('valley')]
    assert rates == [0.03, 0.3, 1.05]


@pytest.mark.parametrize('side', [0, 1, 2])
def test_the_valley_is_walked_with_the_rate_of_the_title(side):
    """A step multiplies the distance from the bottom by 1 - 2 lr."""
    ax = plots_of('valley')[side]
    lr = numbers_in(ax.get_title())[-1]
    (walk,) = (line for line in ax.lines if 2 < len(line.get_xdata()) < 100)
    wanted = [3 - 3 * (1 - 2 * lr) ** step for step in range(len(walk.get_xdata()))]
    assert xs(walk) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize('side', [0, 1, 2])
def test_every_point_of_the_valley_lies_on_its_slope(side):
    for line in plots_of('valley')[side].lines:
        wanted = [(x - 3) ** 2 for x in xs(line)]
        assert ys(line) == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize('side', [0, 1, 2])
def test_the_walk_in_the_valley_starts_where_it_is_marked(side):
    ax = plots_of('valley')[side]
    start = line_that_says(ax, 'start')
    (walk,) = (line for line in ax.lines if 2 < len(line.get_xdata()) < 100)
    assert xs(start) == xs(walk)[:1] == [0]


def test_the_learning_rates_go_from_a_ten_thousandth_to_a_hundred():
    n, _, _ = drawn('learning_rates')
    exponents = [-4 + i / 4 for i in range(25)]
    assert n['rates'] == pytest.approx([10**exponent for exponent in exponents])


def test_a_network_that_has_learned_nothing_has_a_loss_near_ln_10():
    n, _, _ = drawn('learning_rates')
    assert n['before'] == pytest.approx(math.log(10), abs=0.15)


def test_the_smallest_learning_rate_changes_next_to_nothing_in_one_step():
    n, _, _ = drawn('learning_rates')
    assert n['one'][0] == pytest.approx(n['before'], abs=0.001)


def test_a_larger_learning_rate_does_more_good_in_one_step_up_to_one():
    n, _, _ = drawn('learning_rates')
    assert n['one'][0] > n['one'][8] > n['one'][12] > n['one'][16]


def test_the_largest_learning_rates_do_harm():
    n, _, _ = drawn('learning_rates')
    assert n['one'][20] > 2 * n['before'] and n['one'][24] > 100 * n['before']
    assert n['many'][20:] == [math.inf] * 5


def test_the_best_learning_rate_for_one_step_does_not_learn_in_many():
    n, _, _ = drawn('learning_rates')
    best_for_one = n['one'].index(min(n['one']))
    best_for_many = n['many'].index(min(n['many']))
    assert n['rates'][best_for_one] > 5 * n['rates'][best_for_many]
    assert n['many'][best_for_one] > 2
    assert n['many'][best_for_many] < 0.5 * n['before']


@pytest.mark.parametrize('words, key', [('after 1 ', 'one'), ('after 94 ', 'many')])
def test_the_curves_of_the_learning_rates_are_the_losses_after_the_steps(words, key):
    n, _, _ = drawn('learning_rates')
    (ax,) = plots_of('learning_rates')
    line = line_that_says(ax, words)
    assert (xs(line), ys(line)) == (n['rates'], n[key])
    assert ax.get_xscale() == 'log'
    assert 'rate' in ax.get_xlabel().lower() and 'loss' in ax.get_ylabel().lower()
    assert n['steps'] == math.ceil(6000 / 64) == 94


def test_the_level_of_the_learning_rates_is_the_loss_before_the_first_step():
    n, _, _ = drawn('learning_rates')
    (ax,) = plots_of('learning_rates')
    line = line_that_says(ax, 'before')
    assert set(ys(line)) == {n['before']}


def test_one_step_is_w_minus_lr_times_gradient():
    torch.manual_seed(7)
    images, labels = torch.rand(8, 1, 28, 28), torch.arange(8)
    model = draw.classifier()
    after = draw.after_steps(model, [(images, labels)], 0.5)
    loss = nn.functional.cross_entropy(model(images), labels)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    with torch.no_grad():
        for weight, gradient in zip(model.parameters(), gradients):
            weight -= 0.5 * gradient
        stepped = nn.functional.cross_entropy(model(images), labels)
    assert after == pytest.approx(stepped.item())
    assert after < loss.item()


def test_two_steps_are_taken_one_after_the_other_and_then_measured():
    torch.manual_seed(7)
    batches = [(torch.rand(8, 1, 28, 28), torch.arange(8)) for _ in range(2)]
    model = draw.classifier()
    after = draw.after_steps(model, batches, 0.5)
    for images, labels in batches:
        loss = nn.functional.cross_entropy(model(images), labels)
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for weight, gradient in zip(model.parameters(), gradients):
                weight -= 0.5 * gradient
    with torch.no_grad():
        losses = [nn.functional.cross_entropy(model(x), y).item() for x, y in batches]
    assert after == pytest.approx(sum(losses) / 2)


# The dense block


def stacks_of_the_dense_block():
    """For each column from the first layer on: its numbers, bottom to top."""
    (ax,) = plots_of('dense_block')
    centers = {round(bar.get_x() + bar.get_width() / 2, 3) for bar in ax.patches}
    stacks = []
    for column in columns(texts_of(ax)):
        if round(float(column[0][0]), 3) in centers:
            stacks.append([int(text) for *_, text in column if text.isdigit()][::-1])
    return stacks


def test_a_dense_layer_takes_the_outputs_of_all_layers_before_it():
    """Each of them has 32 channels, and the input of the block has 64."""
    wanted = [[64] + [32] * layer for layer in range(5)]
    assert stacks_of_the_dense_block() == wanted


def test_the_dense_block_has_bars_as_high_as_their_numbers_say():
    (ax,) = plots_of('dense_block')
    heights = {}
    for bar in ax.patches:
        heights.setdefault(round(bar.get_x(), 3), []).append(bar.get_height())
    for x, stack in zip(sorted(heights), stacks_of_the_dense_block()):
        unit = heights[x][0] / stack[0]
        assert heights[x] == pytest.approx([unit * width for width in stack])


def test_the_dense_block_says_below_each_stack_what_it_sums_to():
    (ax,) = plots_of('dense_block')
    sums = [
        numbers_in(min(column, key=lambda text: text[1])[2])
        for column in columns(texts_of(ax))[1:]
    ]
    assert sums == [[sum(stack)] for stack in stacks_of_the_dense_block()]


def test_the_dense_block_has_an_arrow_from_each_layer_to_each_later_one():
    (ax,) = plots_of('dense_block')
    places = sorted({point for way in arrows_of(ax) for point in way})
    wanted = {(start, end) for start in places for end in places if start < end}
    assert len(places) == 6  # the input, four layers, the output
    assert set(arrows_of(ax)) == wanted and len(arrows_of(ax)) == len(wanted)


# Two processes


def parts_of_the_processes():
    """The batch, and for both processes the numbers of each box, from left to right."""
    (ax,) = plots_of('processes')
    batch, *others = sorted(texts_of(ax))
    middle = batch[1]
    upper = [numbers_in(text) for _, y, text in others if y > middle]
    lower = [numbers_in(text) for _, y, text in others if y < middle]
    (mean,) = (numbers_in(text)[0] for _, y, text in others if y == middle)
    return numbers_in(batch[2])[1:], (upper, lower), mean


def test_the_two_processes_deal_out_the_batch():
    batch, processes, _ = parts_of_the_processes()
    shares = [boxes[0][2:] for boxes in processes]  # after the rank and w = 1
    assert [boxes[0][0] for boxes in processes] == [0, 1]
    assert shares == [batch[::2], batch[1::2]]


def test_each_process_has_the_gradient_of_its_share():
    """With w = 1 the slope of the mean of (w x)^2 is 2 times the mean of x^2."""
    _, processes, _ = parts_of_the_processes()
    for (_, _, *share), (gradient,), _ in processes:
        assert gradient == 2 * sum(x * x for x in share) / len(share)


def test_the_mean_of_both_gradients_is_the_gradient_of_the_whole_batch():
    batch, ((_, (one,), _), (_, (other,), _)), mean = parts_of_the_processes()
    assert mean == (one + other) / 2 == 2 * sum(x * x for x in batch) / len(batch)


def test_both_processes_take_the_same_step_with_the_mean():
    _, processes, mean = parts_of_the_processes()
    for _, _, (w, step, *factor, result) in processes:
        lr = abs(step)
        assert factor == [mean] and w == 1
        assert result == pytest.approx(w - lr * mean)


# Pictures of measured numbers


def test_the_sets_are_as_long_as_their_numbers_say():
    (ax,) = plots_of('sets')
    counts = [
        numbers_in(text)[0] for _, _, text in sorted(texts_of(ax)) if numbers_in(text)
    ]
    assert [bar.get_width() for bar in ax.patches] == counts


def test_the_sets_are_the_measured_images_with_a_sixth_for_validation():
    (ax,) = plots_of('sets')
    train, test = MEASURED['images']['train'], MEASURED['images']['test']
    wanted = [train * 5 / 6, train / 6, test]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(wanted)


def test_the_sets_lie_side_by_side():
    (ax,) = plots_of('sets')
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
    assert [bar.get_x() for bar in ax.patches] == pytest.approx([0, *ends[:-1]])


def test_each_set_has_its_number_and_its_name_in_its_middle():
    (ax,) = plots_of('sets')
    for bar, kind in zip(ax.patches, ('train', 'valid', 'test')):
        middle = bar.get_x() + bar.get_width() / 2
        texts = [
            text.lower() for x, _, text in texts_of(ax) if x == pytest.approx(middle)
        ]
        assert f'{bar.get_width():,.0f}' in texts
        assert any(text.startswith(kind) for text in texts), texts


def test_the_title_of_the_sets_has_the_number_of_all_images():
    (ax,) = plots_of('sets')
    assert numbers_in(ax.get_title())[0] == sum(MEASURED['images'].values())


COLUMNS = [
    ('train', 'loss'),
    ('valid', 'loss'),
    ('train', 'accuracy'),
    ('valid', 'accuracy'),
]
CURVES = [('curves', '', part, kind) for part, kind in COLUMNS]
CURVES += [
    ('dropout', name, part, kind)
    for name in MEASURED['dropout']
    for part, kind in COLUMNS
]


def measured_curve(picture, name):
    return MEASURED[picture][name] if name else MEASURED[picture]


def plot_of(picture, kind):
    (ax,) = (ax for ax in plots_of(picture) if kind in ax.get_ylabel().lower())
    return ax


@pytest.mark.parametrize('picture, name, part, kind', CURVES)
def test_a_curve_has_the_measured_numbers_from_epoch_1_on(picture, name, part, kind):
    ax = plot_of(picture, kind)
    words = (part, name) if name else (part,)
    (line,) = (
        line
        for line in ax.lines
        if len(line.get_xdata()) > 2 and all(word in line.get_label() for word in words)
    )
    assert ys(line) == measured_curve(picture, name)[f'{part} {kind}']
    assert xs(line) == list(range(1, len(ys(line)) + 1))
    assert 'epoch' in ax.get_xlabel().lower()


@pytest.mark.parametrize('picture', ['curves', 'dropout'])
def test_the_legend_of_the_curves_holds_in_both_plots(picture):
    """There is one legend, so that a color and a dash mean the same in both."""
    _, figure, _ = drawn(picture)
    looks = [
        {
            (line.get_label(), line.get_color(), line.get_linestyle())
            for line in ax.lines
            if len(line.get_xdata()) > 2
        }
        for ax in figure.axes
    ]
    assert looks[0] == looks[1]
    (legend,) = figure.legends
    told = {
        (text.get_text(), line.get_color(), line.get_linestyle())
        for text, line in zip(legend.get_texts(), legend.get_lines())
    }
    assert looks[0] <= told


@pytest.mark.parametrize('picture', ['curves', 'dropout'])
def test_no_two_curves_of_a_plot_look_the_same(picture):
    for ax in plots_of(picture):
        looks = [
            (line.get_color(), line.get_linestyle())
            for line in ax.lines
            if len(line.get_xdata()) > 2
        ]
        assert len(set(looks)) == len(looks)


@pytest.mark.parametrize('kind', ['loss', 'accuracy'])
def test_the_curves_have_a_mark_at_the_epoch_of_the_lowest_validation_loss(kind):
    losses = MEASURED['curves']['valid loss']
    best = 1 + min(range(len(losses)), key=losses.__getitem__)
    (upright,) = (
        line
        for line in plot_of('curves', kind).lines
        if len(set(line.get_xdata())) == 1 < len(line.get_xdata())
    )
    assert set(xs(upright)) == {best}
    assert numbers_in(upright.get_label()) == [best]


def test_the_curves_have_a_dot_at_the_lowest_validation_loss():
    losses = MEASURED['curves']['valid loss']
    dot = line_that_says(plot_of('curves', 'loss'), 'lowest')
    assert ys(dot) == [min(losses)]
    assert xs(dot) == [1 + losses.index(min(losses))]


@pytest.mark.parametrize(
    'picture, name',
    [('curves', ''), *[('dropout', name) for name in MEASURED['dropout']]],
)
def test_a_measured_training_ends_better_on_its_own_images(picture, name):
    curve = measured_curve(picture, name)
    assert len(curve['train loss']) == 30
    assert curve['train loss'][-1] < curve['valid loss'][-1]
    assert curve['train accuracy'][-1] > curve['valid accuracy'][-1]


def test_the_measured_validation_loss_falls_and_rises_again():
    losses = MEASURED['curves']['valid loss']
    assert min(losses) < losses[0] and min(losses) < losses[-1]


def test_the_measured_dropout_leaves_a_smaller_gap():
    assert list(MEASURED['dropout']) == ['no dropout', 'dropout 0.2']
    gaps = [
        curve['valid loss'][-1] - curve['train loss'][-1]
        for curve in MEASURED['dropout'].values()
    ]
    assert gaps[1] < gaps[0]


# The confusion matrix


def drawn_counts():
    """{(true class, predicted class): count}, from where the numbers stand."""
    (ax,) = plots_of('confusion')
    assert 'true' in ax.get_ylabel().lower(), 'A row is a true class.'
    assert 'predict' in ax.get_xlabel().lower(), 'A column is a predicted class.'
    classes = datasets.FashionMNIST.classes
    rows, row_names = ax.get_yticks(), ax.get_yticklabels()
    row_at = {place: name.get_text() for place, name in zip(rows, row_names)}
    places, column_names = ax.get_xticks(), ax.get_xticklabels()
    column_at = {place: name.get_text() for place, name in zip(places, column_names)}
    return {
        (classes.index(row_at[y]), classes.index(column_at[x])): int(text)
        for x, y, text in texts_of(ax)
    }


def test_the_drawn_confusions_are_the_measured_ones():
    wanted = {
        (true, predicted): count
        for true, row in enumerate(MEASURED['confusion'])
        for predicted, count in enumerate(row)
        if count
    }
    assert drawn_counts() == wanted


def test_each_row_of_the_drawn_confusions_has_the_thousand_images_of_its_class():
    """The columns do not, so this notices rows and columns that were exchanged."""
    counts = drawn_counts()
    for true in range(10):
        assert sum(counts.get((true, predicted), 0) for predicted in range(10)) == 1000


def test_the_colors_of_the_confusions_are_those_of_the_numbers_on_them():
    (ax,) = plots_of('confusion')
    colors = ax.images[0].get_array().filled(0)
    for x, y, text in texts_of(ax):
        assert colors[y, x] == int(text)


def test_the_numbers_of_the_confusions_can_be_read_on_their_colors():
    (ax,) = plots_of('confusion')
    image = ax.images[0]
    for text in ax.texts:
        x, y = text.get_position()
        behind = image.cmap(image.norm(image.get_array()[y, x]))[:3]
        letters = to_rgb(text.get_color())
        contrast = abs(sum(behind) - sum(letters)) / 3
        assert contrast > 0.3, f'{text.get_text()} at row {y}, column {x}'


def test_the_title_of_the_confusions_has_the_right_answers_and_all_images():
    (ax,) = plots_of('confusion')
    right = sum(
        count
        for (true, predicted), count in drawn_counts().items()
        if true == predicted
    )
    assert numbers_in(ax.get_title()) == [right, MEASURED['images']['test']]


def test_most_images_of_each_class_lie_on_the_diagonal():
    for true, row in enumerate(MEASURED['confusion']):
        assert max(row) == row[true]


# Measuring


LINE = (
    'Epoch {}/30  train loss 0.{}12  train accuracy 85.1%  '
    'valid loss 0.431  valid accuracy 8{}.6%\n'
)


def test_epochs_of_lesson_15_are_read():
    text = 'Data: real\n' + LINE.format(1, 4, 4) + 'Test\n' + LINE.format(2, 3, 5)
    assert draw.read_epochs(text) == {
        '': {
            'train loss': [0.412, 0.312],
            'train accuracy': [85.1, 85.1],
            'valid loss': [0.431, 0.431],
            'valid accuracy': [84.6, 85.6],
        }
    }


@pytest.mark.parametrize('name, loss', [('no dropout', 0.112), ('dropout 0.2', 0.212)])
def test_epochs_of_lesson_16_are_read_by_name(name, loss):
    text = ''.join(
        f'{name:12}  ' + LINE.format(epoch, drop, epoch)
        for drop, name in enumerate(('no dropout', 'dropout 0.2'), 1)
        for epoch in (1, 2, 3)
    )
    found = draw.read_epochs(text)
    assert len(found) == 2
    assert found[name]['train loss'] == [loss] * 3
    assert found[name]['valid accuracy'] == [81.6, 82.6, 83.6]


def test_an_accuracy_of_a_hundred_percent_is_read():
    perfect = LINE.format(10, 0, 1).replace('85.1', '100.0')
    assert draw.read_epochs(perfect)['']['train accuracy'] == [100.0]


def test_a_line_of_another_lesson_is_not_read():
    assert draw.read_epochs('Epoch 1/5  train loss 0.512  0.1 s\n') == {}


@pytest.fixture
def measured_numbers(tmp_path, monkeypatch):
    """What is measured where the trainings, which take minutes, are left out."""
    monkeypatch.setattr(draw, 'NUMBERS', tmp_path / 'numbers.json')
    monkeypatch.setattr(draw, 'count_confusions', lambda folder: {'confusion': folder})
    monkeypatch.setattr(draw, 'run_lesson', lambda number, folder: {'': number})
    draw.measure('here')
    return json.loads((tmp_path / 'numbers.json').read_text(encoding='utf-8'))


def test_what_is_measured_is_written_by_the_names_of_the_pictures(measured_numbers):
    assert measured_numbers == {'confusion': 'here', 'curves': 15, 'dropout': {'': 16}}


def test_what_is_written_is_what_the_pictures_read(measured_numbers):
    for key, value in measured_numbers.items():
        assert draw.measured(key) == value


@pytest.fixture(scope='module')
def confusions():
    """Of the synthetic data, which takes half a second."""
    return draw.count_confusions(ROOT / 'data/synthetic')


def synthetic_test_labels():
    return datasets.FashionMNIST(ROOT / 'data/synthetic', train=False).targets


def test_the_numbers_of_images_are_measured_too(confusions):
    assert confusions['images'] == {'train': 6000, 'test': len(synthetic_test_labels())}


def test_confusions_are_counted_row_by_true_class(confusions):
    rows = [sum(row) for row in confusions['confusion']]
    assert rows == torch.bincount(synthetic_test_labels(), minlength=10).tolist()


def test_the_network_whose_confusions_are_counted_has_learned(confusions):
    right = sum(row[i] for i, row in enumerate(confusions['confusion']))
    assert right > 0.7 * len(synthetic_test_labels())
