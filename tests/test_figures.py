"""What the lessons draw and print at their end is what their networks say.

Each lesson runs once here, for a few epochs, and several tests look at what it left.
"""
import contextlib
import functools
import io
import re

import matplotlib.pyplot as plt
import pytest
import torch
from course import SYNTHETIC, accuracy, lesson, variables
from torch import nn
from torch.utils.data import DataLoader

import helper

OPTIONS = {1: [], 8: [], 11: ['--epochs', 2], 12: ['--epochs', 2], 13: ['--epochs', 2],
           '13_1': ['--epochs', 1], 14: ['--epochs', 1],
           15: ['--epochs', 4, '--lr', 0.01], 16: ['--epochs', 2],
           18: ['--epochs', 1], '18_1': ['--epochs', 3, '--lr', 0.01],
           20: ['--photos', 20, '--epochs', 1]}


@functools.cache
def ran(number):
    """(what the lesson defined, what it printed, its figures) after a short run."""
    figures, stdout = {}, io.StringIO()

    def keep(name):
        figures[name] = plt.gcf()
        plt.close()

    plain = [] if number in (1, 8) else SYNTHETIC
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(helper, 'show', keep)
        with contextlib.redirect_stdout(stdout):
            seen = variables(lesson(number), *plain, *OPTIONS.get(number, []),
                             monkeypatch=monkeypatch)
    return seen, stdout.getvalue(), figures


def lines(ax):
    """{label: [x], [y]} of the lines in a plot."""
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata()))
            for line in ax.lines}


def sheet(figure):
    """[(title, its colour, pixels from 0 to 1)] of the images in a figure."""
    return [(' '.join(ax.get_title().split()), ax.title.get_color(),
             torch.as_tensor(ax.images[0].get_array().data)) for ax in figure.axes
            if ax.images]


def same_picture(drawn, image, mean=0.5, std=0.5):
    image = image * torch.as_tensor(std).view(-1, 1, 1) + torch.as_tensor(mean).view(
        -1, 1, 1)
    wanted = image.clamp(0, 1).permute(1, 2, 0)
    return torch.allclose(drawn.reshape(wanted.shape).float(), wanted, atol=1e-5)


def answers(seen, dataset):
    """Predicted and true classes, computed here, image by image of the set."""
    with torch.no_grad():
        found = [(seen.model.eval()(images.to(seen.device)).argmax(dim=1), labels)
                 for images, labels in DataLoader(dataset, batch_size=50)]
    return tuple(torch.cat(part) for part in zip(*found))


@pytest.mark.parametrize('number', [11, 12, 13, '13_1', 14, 15, 18, '18_1'])
def test_the_printed_accuracy_is_that_of_the_test_set(number):
    seen, stdout, _ = ran(number)
    predicted, labels = answers(seen, seen.testset)
    assert len(labels) == (100 if number == 18 else 1000)
    share = (predicted == labels).float().mean().item()
    assert accuracy(stdout) == pytest.approx(share, abs=0.0006)


@pytest.mark.parametrize('number', [11, 12, 13])
def test_the_printed_loss_is_that_of_the_training_set(number):
    """About: it is the mean over an epoch, in which the network changes."""
    seen, stdout, _ = ran(number)
    printed = float(re.findall(r'train loss ([\d.]+)', stdout)[-1])
    images, labels = seen.trainset[:]
    with torch.no_grad():
        loss = seen.criterion(seen.model(images), labels).item()
    assert 0.6 * printed < loss < 1.2 * printed


def test_the_kept_weights_are_those_of_the_lowest_validation_loss():
    seen, stdout, _ = ran('18_1')
    losses = [float(loss) for loss in re.findall(r'valid loss ([\d.]+)', stdout)]
    loss, _ = seen.evaluate(seen.model, seen.validloader)
    assert loss == pytest.approx(min(losses), abs=0.0006)
    assert not set(seen.trainset.indices) & set(seen.validset.indices)
    assert seen.scheduler.last_epoch == 3 and seen.optimizer.param_groups[0]['lr'] == 0


def test_sigmoid_and_slope():
    seen, _, figures = ran(1)
    curve, point = lines(figures['sigmoid'].axes[0]).values()
    assert curve[1] == pytest.approx(torch.sigmoid(torch.tensor(curve[0])).tolist())
    assert point == (pytest.approx([seen.total.item()]),
                     pytest.approx([torch.sigmoid(seen.total).item()]))
    _, _, figures = ran(8)
    drawn = lines(figures['slope'].axes[0])
    xs, ys = drawn['y = x^2']
    assert ys == pytest.approx([x * x for x in xs])
    assert drawn['slope 3 at x = 1.5'][1] == pytest.approx([2.25 + 3 * (x - 1.5)
                                                            for x in xs])


def test_a_slope_measured_by_hand():
    _, stdout, _ = ran(9)
    one, other = map(float, re.findall(r'(?:backward|difference) +(-?[\d.]+)', stdout))
    assert one == pytest.approx(other, abs=2e-6) != 0


@pytest.mark.parametrize('number, name', [(4, 'probabilities'), (6, 'untrained'),
                                          (11, 'prediction'), (13, 'prediction')])
def test_probabilities_of_one_image(number, name):
    seen, _, figures = ran(number)
    left, right = figures[name].axes
    if number in (4, 6):  # the first of a batch
        image, label, ps = seen.images[0], seen.labels[0].item(), seen.ps[0]
        if number == 4:
            ps = torch.softmax(seen.logits, dim=1)[0]
            assert seen.images.min() == -1  # normalised
    else:
        image, label = seen.testset[0]
        with torch.no_grad():
            ps = torch.softmax(seen.model(image.unsqueeze(0)), dim=1)[0]
    classes = (seen.trainset if number == 4 else seen.testset).classes
    assert left.get_title() == f'label: {classes[label] if number == 13 else label}'
    (_, _, pixels), = sheet(figures[name])
    assert same_picture(pixels, image)
    assert [bar.get_width() for bar in right.patches] == pytest.approx(ps.tolist())
    assert [tick.get_text() for tick in right.get_yticklabels()] == [
        name.split(' - ')[0] if number != 4 else name for name in classes]


def test_the_loss_over_the_learning_rate():
    seen, stdout, figures = ran(10)
    ax, = figures['rates'].axes
    rates, losses = lines(ax)['after the step']
    assert (rates, losses) == (seen.rates, seen.losses)
    assert lines(ax)['before'][1][0] == seen.loss.item()
    assert (ax.get_xscale(), ax.get_xlabel()) == ('log', 'learning rate')
    assert f'lowest loss {min(losses):.4f} at lr' in stdout
    for rate, loss in re.findall(r'lr +([\d.]+)  loss ([\d.]+)', stdout):
        assert losses[[round(x, 4) for x in rates].index(float(rate))] == (
            pytest.approx(float(loss), abs=1e-4))
    model = seen.model  # each starts from the same weights: here again, for one
    model.load_state_dict(seen.start)
    loss = nn.functional.cross_entropy(model(seen.images), seen.labels)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    with torch.no_grad():
        for weight, gradient in zip(model.parameters(), gradients):
            weight -= rates[8] * gradient
        after = nn.functional.cross_entropy(model(seen.images), seen.labels)
    assert losses[8] == pytest.approx(after.item(), rel=1e-4)


def test_curves_of_lessons_11_and_15():
    seen, stdout, figures = ran(11)
    left, right = figures['curves'].axes
    (_, losses), = lines(left).values()
    (epochs, shares), = lines(right).values()
    assert epochs == [0, 1, 2] and (left.get_ylabel(), right.get_ylabel()) == (
        'training loss', 'test accuracy')
    assert losses == pytest.approx([float(x) for x in re.findall(
        r'train loss ([\d.]+)', stdout)], abs=6e-4)
    assert shares == pytest.approx([float(x) / 100 for x in re.findall(
        r'test accuracy ([\d.]+)', stdout)], abs=6e-4)

    seen, stdout, figures = ran(15)
    left, right = figures['curves'].axes
    rows = re.findall(r'train loss ([\d.]+)  train accuracy ([\d.]+)%  valid loss '
                      r'([\d.]+)  valid accuracy ([\d.]+)', stdout)
    train, train_share, valid, valid_share = zip(*(map(float, row) for row in rows))
    drawn = lines(left)
    assert drawn['training'][1] == pytest.approx(train, abs=6e-4)
    assert drawn['validation'][1] == pytest.approx(valid, abs=6e-4)
    assert drawn['lowest validation loss'][0] == [1 + valid.index(min(valid))] * 2
    shares = [ys for _, ys in lines(right).values()]
    for ys, wanted in zip(shares, (train_share, valid_share)):
        assert ys == pytest.approx([share / 100 for share in wanted], abs=6e-4)


def test_curves_of_lesson_16():
    seen, stdout, figures = ran(16)
    left, right = (lines(ax) for ax in figures['curves'].axes)
    shares = iter(right.values())
    for name in ('no dropout', 'dropout 0.2'):
        row = (rf'{name} +Epoch.*train loss ([\d.]+)  train accuracy ([\d.]+)%'
               r'  valid loss ([\d.]+)  valid accuracy ([\d.]+)')
        rows = re.findall(row, stdout)
        train, train_share, valid, valid_share = zip(*(map(float, row) for row in rows))
        assert left[f'{name}, training'][1] == pytest.approx(train, abs=6e-4)
        assert left[f'{name}, validation'][1] == pytest.approx(valid, abs=6e-4)
        for wanted in (train_share, valid_share):
            drawn = [100 * share for share in next(shares)[1]]
            assert drawn == pytest.approx(wanted, abs=0.06)


def test_the_mistakes_of_lesson_12():
    seen, stdout, figures = ran(12)
    predicted, labels = answers(seen, seen.testset)
    wrong = (predicted != labels).nonzero().flatten().tolist()
    assert f'{len(wrong)} of {len(wrong)} mistakes' in stdout
    names = seen.testset.classes
    for i, (title, _, pixels) in zip(wrong, sheet(figures['mistakes'])):
        assert title == f'predicted {names[predicted[i]]}, labelled {names[labels[i]]}'
        assert same_picture(pixels, seen.testset[i][0])


def test_photos_are_augmented_for_training_only():
    seen, stdout, figures = ran(18)
    assert 'Always the largest class: 50.0%' in stdout
    first, *others = sheet(figures['augmentation'])
    photo = helper.open_photo(seen.trainset.samples[0][0])
    assert first[0] == 'cat, as it is'
    assert same_picture(first[2], seen.testset.transform(photo))
    assert [title for title, *_ in others] == ['augmented'] * 7
    assert all((one[2] - first[2]).abs().max() > 0.1 for one in others)
    assert torch.equal(seen.testset[0][0], seen.testset[0][0])
    assert not torch.equal(seen.trainset[0][0], seen.trainset[0][0])


def test_maps_of_a_convolution():
    seen, _, figures = ran('18_1')
    (title, _, pixels), *maps = sheet(figures['maps'])
    image, label = seen.testset[0]
    assert title == seen.testset.classes[label] and same_picture(pixels, image)
    with torch.no_grad():
        wanted = seen.model.eval()[:3](image.unsqueeze(0))[0]
    for (_, _, drawn), one in zip(maps, wanted):
        assert torch.allclose(drawn.float().squeeze(), one / (one.max() + 1e-5),
                              atol=1e-4)


def test_densenet_sees_the_photo_as_it_was_trained():
    seen, _, figures = ran(19)
    (title, _, pixels), = sheet(figures['imagenet'])
    assert title.startswith(seen.names[0])
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    assert same_picture(pixels, seen.image, mean, std)
    assert not any(p.requires_grad for p in seen.model.features.parameters())


def test_seconds_of_both_ways():
    seen, stdout, figures = ran(20)
    ax, = figures['seconds'].axes
    widths = [bar.get_width() for bar in ax.patches]
    ten = [10 * seen.usual, seen.once + 10 * seen.quick]
    assert widths == pytest.approx(ten[::-1])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ['quick', 'usual']
    assert f'{ten[0] / ten[1]:.1f} times faster' in stdout
    for images, _ in DataLoader(seen.trainset, batch_size=64):
        assert images.min() < -1.3 or images.max() > 1.3  # ImageNet's normalisation
    used = [set(part.indices) for part in (seen.trainset, seen.validset)]
    assert not used[0] & used[1] and list(map(len, used)) == [16, 4]
    features, labels = seen.train_features[:]
    assert features.shape == (16, 1024)
    wanted = [(seen.body.eval()(image.unsqueeze(0))[0], label)
              for image, label in (seen.trainset[i] for i in range(3))]
    for i, (row, label) in enumerate(wanted):
        assert labels[i] == label and torch.allclose(features[i], row, atol=1e-3)
