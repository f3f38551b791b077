"""What is right and wrong in exercise 18_1."""

import torch
from check import shaped
from torch.nn import functional as F

FORBIDDEN = [
    'conv2d',
    'Conv2d',
    'conv1d',
    'Conv1d',
    'conv3d',
    'Conv3d',
    'convolution',
    'conv_transpose2d',
    'ConvTranspose2d',
    '_convolution',
]

HINT = (
    'The part of the picture beneath a window, in all channels at once, is '
    'picture[:, i:i + k, j:j + k]. For gradients, write the sums into a tensor of '
    'zeros, or put them together with torch.stack.'
)

SOLUTION = """
def convolve(picture, windows, bias):
    maps, _, k, _ = windows.shape
    _, height, width = picture.shape
    result = torch.zeros(maps, height - k + 1, width - k + 1)
    for m in range(maps):
        for i in range(height - k + 1):
            for j in range(width - k + 1):
                part = picture[:, i:i + k, j:j + k]
                result[m, i, j] = (windows[m] * part).sum() + bias[m]
    return result
"""


def close(one, two):
    return one.shape == two.shape and torch.allclose(one, two, atol=1e-4)


def check(mine):
    picture = torch.randn(2, 5, 8)
    windows = torch.randn(3, 2, 3, 3)
    bias = torch.tensor([10.0, 20.0, 30.0])
    before = [tensor.clone() for tensor in (picture, windows, bias)]
    wanted = F.conv2d(picture[None], windows, bias)[0]
    try:
        got = mine.convolve(picture, windows, bias)
    except RuntimeError as error:
        mismatch = str(error) if 'must match' in str(error) else ''
        assert '(8)' not in mismatch, (
            'channels not first',
            'picture has its channels first: picture[:, i:i + k, j:j + k]',
        )
        assert '(6)' not in mismatch, (
            'bias along the columns',
            'bias has one number for each map: bias[:, None, None], or bias[m] in the '
            'loop',
        )
        raise
    assert all(map(torch.equal, (picture, windows, bias), before)), (
        'changes its inputs',
        'you changed picture, windows or bias: make new tensors',
    )
    assert isinstance(got, torch.Tensor), (
        'returns no tensor',
        f'the result is a {type(got).__name__}',
    )
    assert list(got.shape) != [3, 5, 8], (
        'adds a rim',
        'the result is as large as the picture, but no rim is added: a window of 3 has '
        '6 places in a row of 8',
    )
    assert list(got.shape) != [3, 2, 5], (
        'misses last places',
        'a place is missing in each direction: 5 - 3 + 1 = 3 rows, not 2',
    )
    assert list(got.shape) not in ([3, 2, 3, 6], [2, 3, 3, 6], [6, 3, 6], [2, 3, 6]), (
        'channels stay apart',
        'the channels of the picture are still apart: a window sums over all of them',
    )
    assert list(got.shape) != [1, 3, 3, 6], (
        'keeps a batch',
        'the result is of one picture, so it has three sides: [maps, rows, columns]',
    )
    assert list(got.shape) != [3, 6], (
        'one map only',
        'one window, one map: there are three windows',
    )
    shaped(got, wanted)
    for side, name, last, line, extent in (
        (1, 'row', got[:, -1], 'column of 5', 'height'),
        (2, 'column', got[:, :, -1], 'row of 8', 'width'),
    ):
        assert last.any() or not got.any(), (
            'last place empty',
            f'the last {name} is still 0: a window of 3 has {got.shape[side]} places '
            f'in a {line}, {extent} - k + 1',
        )
    plain = F.conv2d(picture[None], windows)[0]
    column = bias.view(3, 1, 1)
    assert not close(got, plain), (
        'forgets the bias',
        'the bias is missing: one number for each map',
    )
    for times, where in (
        (2, 'in each channel'),
        (9, 'at each weight'),
        (18, 'at each weight'),
    ):
        assert not close(got, plain + times * column), (
            'adds bias repeatedly',
            f'the bias is added {where}: once for each sum is enough',
        )
    for dims, how in (((2, 3), ''), ((2,), ' upside down'), ((3,), ' left to right')):
        turned = F.conv2d(picture[None], windows.flip(dims), bias)[0]
        assert not close(got, turned), (
            'turns the window',
            f'the window is turned round{how}: lay it on as it is',
        )
    transposed = F.conv2d(picture[None], windows.transpose(2, 3), bias)[0]
    assert not close(got, transposed), (
        'transposes the window',
        'rows and columns of the window have changed places',
    )
    for i in range(2):
        assert not close(got, plain_channel(picture, windows, i) + column), (
            'one channel only',
            f'only channel {i} of the picture counts: a window sums over all channels',
        )
    is_mean = close(got, plain / 18 + column) or close(got, plain / 9 + column)
    assert not is_mean, ('takes the mean', 'your result is a mean: sum up the products')
    assert not close(got[:1].expand(3, 3, 6), got), (
        'same map for all',
        'all maps are the same: each window has its own weights and its own bias',
    )
    assert not close(got[0], wanted[0]) or close(got[1], wanted[1]), (
        'first map right only',
        'only the first map is right: each window has its own weights and its own bias',
    )
    assert not close(got[:, 0], wanted[:, 0]) or close(got, wanted), (
        'first row right only',
        'the first row is right, and others are not: the window starts at row i',
    )
    if not close(got, wanted):
        wrong = ~((got - wanted).abs() < 1e-4)  # nan is wrong, too
        place = tuple(wrong.nonzero()[0].tolist())
        raise AssertionError(
            (
                'wrong sum',
                f'at {list(place)} the sum is {wanted[place].item():.3f}, '
                f'and you have {got[place].item():.3f}',
            )
        )

    for shape, k in (((3, 7, 4), 2), ((1, 4, 6), 4), ((2, 3, 3), 1)):
        picture = torch.randn(shape)
        windows = torch.randn(2, shape[0], k, k)
        bias = torch.randn(2)
        wanted = F.conv2d(picture[None], windows, bias)[0]
        mistake = (
            'fails at other sizes',
            f'with a picture of {list(shape)} and windows of {k} x {k} it fails: take '
            'all sizes from the shapes',
        )
        try:
            got = mine.convolve(picture, windows, bias)
        except (RuntimeError, IndexError, ValueError):
            raise AssertionError(mistake) from None
        assert close(got, wanted), mistake

    windows.requires_grad_()
    bias.requires_grad_()
    mistake = (
        'blocks gradients',
        'no gradients: torch.tensor, .item() and numpy drop the notes, so write the '
        'sums into torch.zeros, or use torch.stack',
    )
    try:
        got = mine.convolve(picture, windows, bias)
    except RuntimeError as error:
        assert 'numpy' not in str(error), mistake
        raise
    assert got.requires_grad, mistake
    (got * wanted).sum().backward()
    mine_too = windows.grad, bias.grad
    windows.grad = bias.grad = None
    (F.conv2d(picture[None], windows, bias)[0] * wanted).sum().backward()
    for name, one, two in (
        ('windows', mine_too[0], windows.grad),
        ('bias', mine_too[1], bias.grad),
    ):
        assert one is not None, (
            'no gradient arrives',
            f'no gradient gets to {name}: no detach, no item',
        )
        assert close(one, two), (
            'wrong gradient',
            f'the gradient of {name} is not that of nn.Conv2d',
        )


def plain_channel(picture, windows, i):
    return F.conv2d(picture[None, i : i + 1], windows[:, i : i + 1])[0]


def but(*changes):
    """The solution with other text in places."""
    answer = SOLUTION
    for old, new in changes:
        assert old in answer
        answer = answer.replace(old, new)
    return answer


BY_LIST = """
def convolve(picture, windows, bias):
    k = windows.shape[-1]
    rows, columns = picture.shape[1] - k + 1, picture.shape[2] - k + 1
    return {join}([{within}([{within}([
        (w * picture[:, i:i + k, j:j + k]).sum() + b for j in range(columns)])
        for i in range(rows)]) for w, b in zip(windows, bias)])
"""

WRONG = [  # (answer, name of its mistake)
    (but((' + bias[m]', '')), 'forgets the bias'),
    (
        but(('.sum() + bias[m]', '.sum(dim=(1, 2)).add(bias[m]).sum()')),
        'adds bias repeatedly',
    ),
    (but((').sum() + bias[m]', ' + bias[m]).sum()')), 'adds bias repeatedly'),
    (but((' - k + 1', ' - k')), 'misses last places'),
    (
        but(
            ('picture[:, i:i + k, j:j + k]', 'picture[0, i:i + k, j:j + k]'),
            ('windows[m]', 'windows[m, 0]'),
        ),
        'one channel only',
    ),
    (but(('windows[m] ', 'windows[m].flip(1, 2) ')), 'turns the window'),
    (but(('windows[m] ', 'windows[m].transpose(1, 2) ')), 'transposes the window'),
    (but(('.sum()', '.mean()')), 'takes the mean'),
    (but(('windows[m]', 'windows[0]'), ('bias[m]', 'bias[0]')), 'same map for all'),
    (but(('windows[m]', 'windows[0]')), 'first map right only'),
    (
        but(('maps, _, k, _ = windows.shape', 'maps, k = len(windows), 3')),
        'fails at other sizes',
    ),
    (but(('range(maps)', 'range(3)')), 'fails at other sizes'),
    (but(('[:, i:i + k,', '[:, 0:k,')), 'first row right only'),
    (BY_LIST.format(join='torch.tensor', within=''), 'blocks gradients'),
    (but((').sum() + bias[m]', ').sum().item() + bias[m].item()')), 'blocks gradients'),
    (but(('windows[m] ', 'torch.from_numpy(windows.numpy())[m] ')), 'blocks gradients'),
    (
        but(
            ('range(height - k + 1)', 'range(height - k)'),
            ('range(width - k + 1)', 'range(width - k)'),
        ),
        'last place empty',
    ),
    (but(('range(width - k + 1)', 'range(width - k)')), 'last place empty'),
    (but(('result[m, i, j] = ', 'result[m, i, j] = (m + i + j == 4) + ')), 'wrong sum'),
    (but(('[:, i:i + k, j:j + k]', '[i:i + k, j:j + k]')), 'channels not first'),
    (
        but((' + bias[m]', ''), ('return result', 'return result + bias')),
        'bias along the columns',
    ),
    (but(('windows[m] ', 'windows[m].detach() ')), 'no gradient arrives'),
    (but(('bias[m]', 'bias[m].item()')), 'no gradient arrives'),
    (
        but(
            (
                'picture.shape\n',
                '(n + 2 for n in picture.shape)\n    '
                'whole = torch.zeros(len(picture), height, width)\n    '
                'whole[:, 1:-1, 1:-1] = picture\n    picture = whole\n',
            )
        ),
        'adds a rim',
    ),
    (
        but(
            ('zeros(maps', 'zeros(maps, len(picture)'),
            ('result[m, i, j]', 'result[m, :, i, j]'),
            ('.sum()', '.sum(dim=(1, 2))'),
        ),
        'channels stay apart',
    ),
    (
        but(('    result =', '    picture /= 2\n    windows *= 2\n    result =')),
        'changes its inputs',
    ),
    (
        """
def convolve(picture, windows, bias):
    return torch.nn.functional.conv2d(picture.unsqueeze(0), windows, bias)[0]
""",
        'uses what is forbidden',
    ),
    (but(('return result', 'return result.tolist()')), 'returns no tensor'),
    (but(('return result', 'return result[None]')), 'keeps a batch'),
    (but(('return result', 'return result[0]')), 'one map only'),
    (but(('windows[m] ', '(2 * windows[m] - windows[m].detach()) ')), 'wrong gradient'),
]

RIGHT = [  # other answers that are right
    BY_LIST.format(join='torch.stack', within='torch.stack'),
    """
def convolve(picture, windows, bias):
    k = windows.shape[3]
    height, width = picture.shape[1] - k + 1, picture.shape[2] - k + 1
    result = bias.view(-1, 1, 1).expand(-1, height, width).clone()
    for c in range(picture.shape[0]):
        for i in range(k):
            for j in range(k):
                weight = windows[:, c, i, j].view(-1, 1, 1)
                result += weight * picture[c, i:i + height, j:j + width]
    return result
""",
    """
def convolve(picture, windows, bias):
    k = windows.shape[3]
    parts = picture.unfold(1, k, 1).unfold(2, k, 1)
    return torch.einsum('chwij,mcij->mhw', parts, windows) + bias[:, None, None]
""",
    """
def convolve(picture, windows, bias):
    maps, _, k, _ = windows.shape
    parts = torch.nn.functional.unfold(picture.unsqueeze(0), k)[0]
    result = windows.view(maps, -1) @ parts + bias.view(-1, 1)
    return result.view(maps, -1, picture.shape[2] - k + 1)
""",
]
