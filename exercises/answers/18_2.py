"""What is right and wrong in exercise 18_2."""

import torch
from check import shaped
from torch.nn import functional as F

FORBIDDEN = [
    'batch_norm_stats',
    'native_batch_norm',
    'BatchNorm1d',
    'BatchNorm2d',
    'BatchNorm3d',
    'SyncBatchNorm',
    'LazyBatchNorm2d',
    'functional',
    'instance_norm',
    'group_norm',
    'GroupNorm',
]

HINT = (
    'The dimensions that are not the channels are (0, 2, 3). With torch.no_grad(): '
    'running_mean.mul_(0.9).add_(0.1 * mean) changes running_mean in place.'
)

SOLUTION = """
def batch_norm(x, weight, bias, running_mean, running_var, training):
    if training:
        mean = x.mean((0, 2, 3))
        var = x.var((0, 2, 3), correction=0)
        with torch.no_grad():
            running_mean.mul_(0.9).add_(0.1 * mean)
            running_var.mul_(0.9).add_(0.1 * x.var((0, 2, 3), correction=1))
    else:
        mean = running_mean
        var = running_var
    normed = (x - mean.view(1, -1, 1, 1)) / torch.sqrt(var.view(1, -1, 1, 1) + 1e-5)
    return normed * weight.view(1, -1, 1, 1) + bias.view(1, -1, 1, 1)
"""


def close(one, two):
    return one.shape == two.shape and torch.allclose(one, two, atol=1e-4)


def inputs(n=3, channels=4, height=2, width=3):
    """x, weight, bias, running_mean, and running_var, all of them uneven."""
    offset = torch.linspace(-2, 3, channels).view(1, -1, 1, 1)
    scale = torch.linspace(0.5, 2, channels).view(1, -1, 1, 1)
    x = torch.randn(n, channels, height, width) * scale + offset
    weight = torch.rand(channels) + 0.5
    bias = torch.randn(channels)
    running_mean = torch.randn(channels)
    running_var = torch.rand(channels) + 0.5
    return x, weight, bias, running_mean, running_var


def wanted_of(x, weight, bias, mean, var, training):
    """The right result, and the running statistics afterward."""
    mean, var = mean.clone(), var.clone()
    result = F.batch_norm(x, mean, var, weight, bias, training)
    return result, mean, var


def normed(x, weight, bias, mean, var, eps=1e-5):
    return (x - mean) / torch.sqrt(var + eps) * column(weight) + column(bias)


def column(values):
    return values.view(1, -1, 1, 1)


def call(mine, given, training):
    """The result, and the running statistics afterward; `given` stays as it is."""
    x, weight, bias, mean, var = [tensor.clone() for tensor in given]
    result = mine.batch_norm(x, weight, bias, mean, var, training)
    assert isinstance(result, torch.Tensor), (
        'returns no tensor',
        f'your function returns a {type(result).__name__}: return only the new tensor',
    )
    assert all(map(torch.equal, (x, weight, bias), given[:3])), (
        'changes its inputs',
        'you changed x, weight, or bias: compute new tensors from them',
    )
    return result, mean, var


def check_training(mine):
    given = inputs()
    x, weight, bias, mean, var = given
    wanted, wanted_mean, wanted_var = wanted_of(*given, True)
    got, got_mean, got_var = call(mine, given, True)
    shaped(got, wanted)

    every = (0, 2, 3)
    batch_mean = x.mean(every, keepdim=True)
    batch_var = x.var(every, keepdim=True, correction=0)
    for dims, mistake in (
        (
            (2, 3),
            (
                'each image alone',
                'you normalize each image on its own: take the mean and the variance '
                'over dimension 0, the images, too',
            ),
        ),
        (
            (0,),
            (
                'each pixel alone',
                'you normalize each pixel on its own: take the mean and the variance '
                'over the dimensions 2 and 3, the pixels, too',
            ),
        ),
        (
            (1,),
            (
                'across the channels',
                'you take the mean and the variance over dimension 1, the channels: '
                'take them over all the other dimensions, (0, 2, 3)',
            ),
        ),
        (
            (0, 1, 2, 3),
            (
                'all channels together',
                'you take one mean and one variance for all channels: each channel has '
                'its own',
            ),
        ),
    ):
        own_mean = x.mean(dims, keepdim=True)
        for correction in (0, 1):
            own_var = x.var(dims, keepdim=True, correction=correction)
            wrong = normed(x, weight, bias, own_mean, own_var)
            assert not close(got, wrong), mistake
    wrong = normed(x, weight, bias, column(mean), column(var))
    late = normed(x, weight, bias, column(wanted_mean), column(wanted_var))
    assert not close(got, wrong) and not close(got, late), (
        'running in training',
        'you normalize with the running statistics in training: use the mean and the '
        'variance of the batch, and the running ones only if training is False',
    )
    wrong = normed(x, weight, bias, batch_mean, x.var(every, keepdim=True))
    assert not close(got, wrong), (
        'divides by one less',
        'to normalize, your variance divides by the number of values minus 1, which is '
        "torch's default: use correction=0 here",
    )
    wrong = normed(x, weight, bias, batch_mean, batch_var.square(), eps=0)
    later = normed(x, weight, bias, batch_mean, (batch_var + 1e-5).square(), eps=0)
    assert not close(got, wrong) and not close(got, later), (
        'forgets the root',
        'you divide by the variance: divide by its square root',
    )
    wrong = (x - batch_mean) / torch.sqrt(batch_var + 1e-5)
    assert not close(got, wrong), (
        'no scale or shift',
        'weight and bias are missing: multiply by weight, then add bias',
    )
    assert not close(got, (wrong + column(bias)) * column(weight)), (
        'shifts before scaling',
        'you add bias first and then multiply by weight: multiply first',
    )
    assert close(got, wanted), (
        'wrong in training',
        f'in training, the first value should be {wanted.flatten()[0].item():.3f}, '
        f'and your result has {got.flatten()[0].item():.3f}',
    )

    unchanged = torch.equal(got_mean, mean) and torch.equal(got_var, var)
    assert not unchanged, (
        'remembers nothing',
        'running_mean and running_var are as before the call: in training, change them '
        'in place, for example with mul_ and add_',
    )
    batch_mean = batch_mean.flatten()
    swapped = 0.1 * mean + 0.9 * batch_mean
    assert not close(got_mean, swapped), (
        'forgets too quickly',
        'your running_mean keeps a tenth of itself: keep 0.9 of it, and add 0.1 times '
        'the mean of the batch',
    )
    assert not close(got_mean, batch_mean), (
        'keeps the batch only',
        'your running_mean is the mean of this batch: keep 0.9 of what it was, and add '
        '0.1 times the mean of the batch',
    )
    assert not close(got_var, 0.9 * var + 0.1 * batch_var.flatten()), (
        'remembers another variance',
        'for running_var, your variance divides by the number of values: use '
        'correction=1 there, as nn.BatchNorm2d does',
    )
    for name, one, two in (
        ('running_mean', got_mean, wanted_mean),
        ('running_var', got_var, wanted_var),
    ):
        assert close(one, two), (
            'wrong running statistics',
            f'after the call, {name} should be {rounded(two)}, and yours is '
            f'{rounded(one)}',
        )


def rounded(tensor):
    return [round(value, 3) for value in tensor.tolist()]


def check_use(mine):
    given = inputs()
    x, weight, bias, mean, var = given
    wanted, _, _ = wanted_of(*given, False)
    got, got_mean, got_var = call(mine, given, False)
    shaped(got, wanted)
    batch, _, _ = wanted_of(*given, True)
    assert not close(got, batch), (
        'batch in use',
        'you normalize with the batch although training is False: use running_mean and '
        'running_var then',
    )
    unchanged = torch.equal(got_mean, mean) and torch.equal(got_var, var)
    assert unchanged, (
        'remembers in use',
        'you change running_mean or running_var although training is False: they only '
        'change in training',
    )
    assert close(got, wanted), (
        'wrong in use',
        f'with training=False, the first value should be '
        f'{wanted.flatten()[0].item():.3f}, and your result has '
        f'{got.flatten()[0].item():.3f}',
    )


def check_constant(mine):
    """A channel without any spread, such as one that a ReLU has switched off."""
    _, weight, bias, mean, var = inputs()
    given = torch.zeros(3, 4, 2, 3), weight, bias, mean, var
    got, _, _ = call(mine, given, True)
    assert got.isfinite().all(), (
        'divides by zero',
        'if all values of a channel are equal, your result is nan: add 1e-5 to the '
        'variance before you take the root',
    )
    x = 0.01 * torch.randn(3, 4, 2, 3)
    given = x, weight, bias, mean, var
    wanted, _, _ = wanted_of(*given, True)
    got, _, _ = call(mine, given, True)
    assert close(got, wanted), (
        'misplaces the small number',
        'where a channel hardly varies, your result is wrong: add 1e-5 to the variance, '
        'before you take the root',
    )


def check_sizes(mine):
    for sizes in ((2, 1, 5, 5), (5, 7, 1, 1), (1, 3, 4, 2)):
        given = inputs(*sizes)
        for training in (True, False):
            wanted, _, _ = wanted_of(*given, training)
            mistake = (
                'fails at other sizes',
                f'with x of the shape {list(sizes)}, your function fails or returns '
                'something else: take all sizes from the shapes',
            )
            try:
                got, _, _ = call(mine, given, training)
            except (RuntimeError, IndexError, ValueError):
                raise AssertionError(mistake) from None
            assert close(got, wanted), mistake


def check_gradients(mine):
    given = inputs()
    names = 'x', 'weight', 'bias'
    factors = torch.randn(given[0].shape)
    leaves = [tensor.clone().requires_grad_() for tensor in given[:3]]
    wanted, _, _ = wanted_of(*leaves, *given[3:], True)
    (wanted * factors).sum().backward()
    wanted = [leaf.grad for leaf in leaves]

    leaves = [tensor.clone().requires_grad_() for tensor in given[:3]]
    running = [tensor.clone() for tensor in given[3:]]
    got = mine.batch_norm(*leaves, *running, True)
    assert not any(tensor.requires_grad for tensor in running), (
        'keeps the graph',
        'running_mean and running_var are part of the graph now, which would grow with '
        'every batch: change them inside `with torch.no_grad():`',
    )
    mistake = (
        'blocks gradients',
        'the result has lost its graph, so nothing before this layer could be trained: '
        'put only the running statistics under torch.no_grad()',
    )
    assert got.requires_grad, mistake
    (got * factors).sum().backward()
    assert all(leaf.grad is not None for leaf in leaves), mistake
    for name, leaf, right in zip(names, leaves, wanted):
        assert close(leaf.grad, right), (
            'wrong gradient',
            f"the gradient of {name} isn't that of nn.BatchNorm2d: the mean and the "
            'variance of the batch depend on x, so compute them without detach() and '
            'without torch.no_grad()',
        )


def check(mine):
    check_training(mine)
    check_use(mine)
    check_constant(mine)
    check_sizes(mine)
    check_gradients(mine)


def but(*changes):
    """The solution with other text in places."""
    answer = SOLUTION
    for old, new in changes:
        assert old in answer
        answer = answer.replace(old, new)
    return answer


MEAN = 'mean = x.mean((0, 2, 3))'
VAR = 'var = x.var((0, 2, 3), correction=0)'
KEPT = '0.1 * x.var((0, 2, 3), correction=1)'


def over(dims):
    """The solution with the statistics over other dimensions, which keep their place."""
    return but(
        (MEAN, f'mean = x.mean({dims}, keepdim=True)'),
        (VAR, f'var = x.var({dims}, correction=0, keepdim=True)'),
        ('0.1 * mean', '0.1 * x.mean((0, 2, 3))'),
        ('mean.view(1, -1, 1, 1)', 'mean'),
        ('var.view(1, -1, 1, 1)', 'var'),
    )


WRONG = [  # (answer, name of its mistake)
    (over('(2, 3)'), 'each image alone'),
    (over('0'), 'each pixel alone'),
    (over('1'), 'across the channels'),
    (over('(0, 1, 2, 3)'), 'all channels together'),
    (but(('correction=0', 'correction=1')), 'divides by one less'),
    (but((', correction=0', '')), 'divides by one less'),
    (but(('correction=1', 'correction=0')), 'remembers another variance'),
    (but(('.mul_(0.9).add_(0.1 *', '.mul_(0.1).add_(0.9 *')), 'forgets too quickly'),
    (
        but(
            ('running_mean.mul_(0.9).add_(0.1 * mean)', 'running_mean.copy_(mean)'),
            (f'running_var.mul_(0.9).add_({KEPT})', 'running_var.copy_(var)'),
        ),
        'keeps the batch only',
    ),
    (
        but(
            (
                'running_mean.mul_(0.9).add_(0.1 * mean)',
                'running_mean = 0.9 * running_mean + 0.1 * mean',
            ),
            (
                f'running_var.mul_(0.9).add_({KEPT})',
                f'running_var = 0.9 * running_var + {KEPT}',
            ),
        ),
        'remembers nothing',
    ),
    (
        but(('running_var.mul_(0.9)', 'running_var.mul_(0.8)')),
        'wrong running statistics',
    ),
    (
        but(
            ('    normed =', '    mean, var = running_mean, running_var\n    normed =')
        ),
        'running in training',
    ),
    (but(('if training:', 'if True:')), 'batch in use'),
    (
        but(
            (
                '        var = running_var\n',
                '        var = running_var\n'
                '        running_mean.mul_(0.9).add_(0.1 * x.mean((0, 2, 3)))\n',
            )
        ),
        'remembers in use',
    ),
    (
        but(('        mean = running_mean\n', '        mean = 0 * running_mean\n')),
        'wrong in use',
    ),
    (
        but(
            (
                'torch.sqrt(var.view(1, -1, 1, 1) + 1e-5)',
                '(var.view(1, -1, 1, 1) + 1e-5)',
            )
        ),
        'forgets the root',
    ),
    (
        but((' * weight.view(1, -1, 1, 1) + bias.view(1, -1, 1, 1)', '')),
        'no scale or shift',
    ),
    (
        but(
            (
                'normed * weight.view(1, -1, 1, 1) + bias.view(1, -1, 1, 1)',
                '(normed + bias.view(1, -1, 1, 1)) * weight.view(1, -1, 1, 1)',
            )
        ),
        'shifts before scaling',
    ),
    (but(('normed * weight', 'normed * 2 * weight')), 'wrong in training'),
    (but((' + 1e-5', '')), 'divides by zero'),
    (
        but(
            (
                'torch.sqrt(var.view(1, -1, 1, 1) + 1e-5)',
                '(torch.sqrt(var.view(1, -1, 1, 1)) + 1e-5)',
            )
        ),
        'misplaces the small number',
    ),
    (but(('.view(1, -1, 1, 1)', '.view(1, 4, 1, 1)')), 'fails at other sizes'),
    (
        but(
            (
                '        with torch.no_grad():\n'
                '            running_mean.mul_(0.9).add_(0.1 * mean)\n'
                f'            running_var.mul_(0.9).add_({KEPT})\n',
                '        running_mean.mul_(0.9).add_(0.1 * mean)\n'
                f'        running_var.mul_(0.9).add_({KEPT})\n',
            )
        ),
        'keeps the graph',
    ),
    (
        but(
            ('    normed =', '    x = x.detach()\n    normed ='),
            ('bias.view', 'bias.detach().view'),
        ),
        'blocks gradients',
    ),
    (
        but(
            (
                'def batch_norm(',
                '@torch.no_grad()\ndef batch_norm(',
            )
        ),
        'blocks gradients',
    ),
    (but((MEAN, 'mean = x.mean((0, 2, 3)).detach()')), 'wrong gradient'),
    (
        but(
            (
                '    normed =',
                '    x -= mean.view(1, -1, 1, 1)\n    x += 1\n    normed =',
            )
        ),
        'changes its inputs',
    ),
    (but(('    return normed', '    return None, normed')), 'returns no tensor'),
    (
        """
def batch_norm(x, weight, bias, running_mean, running_var, training):
    return torch.nn.functional.batch_norm(
        x, running_mean, running_var, weight, bias, training)
""",
        'uses what is forbidden',
    ),
]

RIGHT = [  # other answers that are right
    """
def batch_norm(x, weight, bias, running_mean, running_var, training):
    n, channels, height, width = x.shape
    rows = x.transpose(0, 1).reshape(channels, -1)
    mean, var = running_mean, running_var
    if training:
        count = rows.shape[1]
        mean = rows.sum(1) / count
        var = ((rows - mean[:, None]) ** 2).sum(1) / count
        larger = var * count / (count - 1)
        running_mean += 0.1 * (mean.detach() - running_mean)
        running_var += 0.1 * (larger.detach() - running_var)
    scale = weight / (var + 1e-5) ** 0.5
    shift = bias - mean * scale
    rows = rows * scale[:, None] + shift[:, None]
    return rows.reshape(channels, n, height, width).transpose(0, 1)
""",
    """
def batch_norm(x, weight, bias, running_mean, running_var, training):
    if training:
        var, mean = torch.var_mean(x, (0, 2, 3), correction=0)
        with torch.no_grad():
            unbiased = x.var((0, 2, 3))
            running_mean[:] = torch.lerp(running_mean, mean, 0.1)
            running_var[:] = torch.lerp(running_var, unbiased, 0.1)
    else:
        mean, var = running_mean, running_var
    result = torch.empty_like(x)
    parts = []
    for channel in range(x.shape[1]):
        part = (x[:, channel] - mean[channel]) * torch.rsqrt(var[channel] + 1e-5)
        parts.append(part * weight[channel] + bias[channel])
    return torch.stack(parts, dim=1)
""",
]
