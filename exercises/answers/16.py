"""What is right and wrong in exercise 16."""

import torch
from check import shaped

FORBIDDEN = [
    'dropout',
    'dropout_',
    'Dropout',
    'dropout1d',
    'dropout2d',
    'Dropout1d',
    'Dropout2d',
    'alpha_dropout',
    'feature_dropout',
    'native_dropout',
]

HINT = (
    'torch.rand_like(x) has a random number from 0 to 1 for each number of x. How '
    'often is such a number below p?'
)

SOLUTION = """
def dropout(x, p, training):
    if not training:
        return x
    stays = torch.rand_like(x) >= p
    return x * stays / (1 - p)
"""


def call(mine, x, p):
    try:
        return mine.dropout(x, p, True)
    except (IndexError, ValueError, RuntimeError) as error:
        assert 'numpy' not in str(error), NO_GRADIENTS
        about_shape = any(word in str(error) for word in ('size', 'shape', 'dimension'))
        assert type(error) is RuntimeError and not about_shape, (
            'fails for other shapes',
            'x may have any shape: torch.rand_like(x), or torch.rand(x.shape)',
        )
        raise


NO_GRADIENTS = (
    'blocks gradients',
    'no gradients get through: compute with x itself, not with x.detach() or numpy',
)


def check(mine):
    x = 1 + torch.rand(100, 60)  # small, so that a loop over the numbers is in time
    before = x.clone()
    got = mine.dropout(x, 0.2, True)
    assert torch.equal(x, before), (
        'changes its input',
        'you changed x itself: make a new tensor',
    )
    shaped(got, x)
    stays = got != 0
    off = (got == 0).float().mean().item()
    if off in (0, 1):
        shares = {
            (mine.dropout(x, 0.5, True) == 0).float().mean().item() for _ in range(30)
        }
        assert shares != {0, 1}, (
            'all or none',
            'all numbers are switched off together, or none: each wants a random '
            'number of its own',
        )
    assert off > 0, ('switches nothing off', 'with p = 0.2 in training no number is 0')
    assert abs(off - 0.8) > 0.04, (
        'switches off the rest',
        'with p = 0.2 four fifths are 0: p is the probability to be switched off',
    )
    for dim, name in enumerate(('columns', 'rows')):
        assert stays.any(dim=dim).all(), (
            'whole rows or columns',
            f'whole {name} are 0: each number wants a random number of its own',
        )
    # Expected are 0.2, +- 0.005
    assert abs(off - 0.2) < 0.03, (
        'wrong share of zeros',
        f'with p = 0.2 a share of {off:.3f} is 0: compare torch.rand_like(x) with p '
        '(is it randn?)',
    )
    counts = stays.float().mean(dim=1)  # 0.8, +- 0.05
    assert counts.std() > 0.01, (
        'same count per row',
        'in each row as many numbers are 0: each is to be switched off by its own '
        'chance',
    )
    factor = (got / x)[stays]
    assert not torch.allclose(factor, torch.ones(1)), (
        'forgets to scale',
        'what stays is as large as before: times 1 / (1 - p), so that the sum stays '
        'about the same',
    )
    assert not torch.allclose(factor, torch.tensor(0.8)), (
        'multiplies instead',
        'what stays became smaller: divide by 1 - p, do not multiply by it',
    )
    assert not torch.allclose(factor, torch.tensor(5.0)), (
        'divides by p',
        'what stays is divided by p: by 1 - p, the share that stays',
    )
    near = (factor.mean() - 1.25).abs() < 0.03  # that of the actual share, +- 0.008
    exact = (factor.mean() - 1.25).abs() < 1e-5
    assert factor.std() > 1e-3 or exact or not near, (
        'scales by actual share',
        'what stays is scaled by the share that happened to stay: by 1 / (1 - p), '
        'whatever the chance',
    )
    assert torch.allclose(factor, torch.tensor(1.25), rtol=1e-4), (
        'wrong scale',
        f'with p = 0.2 what stays is 1.25 times as large, and yours '
        f'{factor[0].item():.3f} times',
    )
    assert not torch.equal(stays, mine.dropout(x, 0.2, True) != 0), (
        'same zeros each time',
        'two calls switch off the same numbers: no seed, and nothing kept from call to '
        'call',
    )

    got = mine.dropout(x, 0.2, False)
    assert torch.equal(x, before), (
        'changes its input',
        'you changed x itself: make a new tensor',
    )
    shaped(got, x)
    assert (got != 0).all(), (
        'drops while testing',
        'training is False, and numbers were switched off',
    )
    scaled = torch.allclose(got, x * 0.8) or torch.allclose(got, x * 1.25)
    assert not scaled, (
        'scales while testing',
        'training is False, and the numbers were scaled: they are to be as they are',
    )
    assert torch.allclose(got, x), (
        'changes while testing',
        'training is False: the numbers are to stay',
    )
    got = mine.dropout(x, 0.0, True)
    assert torch.allclose(got, x), (
        'changes at zero',
        'p = 0 switches nothing off: no number changes',
    )
    off = (mine.dropout(x, 0.25, True) == 0).float().mean().item()
    assert abs(off - 0.25) < 0.03, (
        'ignores other p',
        f'with p = 0.25 a share of {off:.3f} is 0: p is any decimal number, so compare '
        'it with torch.rand_like(x)',
    )
    single = [call(mine, torch.ones(1), 0.5) for _ in range(200)]
    off = sum((got == 0).item() for got in single)
    assert 50 < off < 150, (
        'single number fails',
        f'a single number, p = 0.5: 0 in {off} of 200 calls',
    )

    x = torch.randn(2, 3, 10, 20, dtype=torch.float64, requires_grad=True)
    got = call(mine, x, 0.5)
    assert got.shape == x.shape, (
        'changes the shape',
        f'{list(x.shape)} went in, and {list(got.shape)} came out: any shape will do',
    )
    shaped(got, x)
    assert got.requires_grad, NO_GRADIENTS
    shares = (got != 0).double().mean(dim=(2, 3))  # 0.5, +- 0.035
    assert ((shares - 0.5).abs() < 0.2).all(), (
        'whole parts off',
        'for x of [2, 3, 10, 20] whole parts are switched off: torch.rand(x.shape) has '
        'a number for each',
    )
    got.sum().backward()
    assert torch.allclose(x.grad, (got != 0).double() * 2), (
        'wrong gradient',
        'the gradient is 0 where a number was switched off, and 1 / (1 - p) elsewhere',
    )


def answer(train, use='x'):
    return f"""
def dropout(x, p, training):
    if not training:
        return {use}
    {train}
"""


STAYS = 'stays = (torch.rand_like(x) >= p).to(x.dtype)\n    return '

WRONG = [  # (answer, name of its mistake)
    (answer(STAYS + 'x * stays'), 'forgets to scale'),
    (answer(STAYS + 'x * stays * (1 - p)'), 'multiplies instead'),
    (answer(STAYS + 'x * stays / p'), 'divides by p'),
    (answer(STAYS + 'x * stays / stays.mean()'), 'scales by actual share'),
    (answer('return x * (torch.rand_like(x) < p) / (1 - p)'), 'switches off the rest'),
    (
        answer(
            'stays = torch.randint(10, x.shape) >= p * 10\n    '
            'return x * stays / (1 - p)'
        ),
        'ignores other p',
    ),
    (
        answer(
            'stays = torch.rand(x.shape[0], x.shape[1]) >= p\n    '
            'return x * stays / (1 - p)'
        ),
        'fails for other shapes',
    ),
    (
        answer(
            'rows, columns = x.shape\n    stays = torch.rand(rows, columns) >= p\n    '
            'return x * stays / (1 - p)'
        ),
        'fails for other shapes',
    ),
    (
        answer(
            'stays = torch.rand(x.shape).numpy() >= p\n    '
            'return torch.from_numpy(x.numpy() * stays / (1 - p)).to(x.dtype)'
        ),
        'blocks gradients',
    ),
    (
        answer('return x * (torch.rand(x.shape[-1]) >= p) / (1 - p)'),
        'whole rows or columns',
    ),
    (
        answer('return x * (torch.rand(len(x), *[1] * (x.dim() - 1)) >= p) / (1 - p)'),
        'whole rows or columns',
    ),
    (answer('return x * (torch.rand(1) >= p) / (1 - p)'), 'all or none'),
    (answer('return x'), 'switches nothing off'),
    (answer('return x * (torch.randn_like(x) >= p) / (1 - p)'), 'wrong share of zeros'),
    (
        answer('torch.manual_seed(7)\n    ' + STAYS + 'x * stays / (1 - p)'),
        'same zeros each time',
    ),
    (
        answer('x[torch.rand_like(x) < p] = 0\n    return x / (1 - p)'),
        'changes its input',
    ),
    (answer(STAYS + 'x * stays / (1 - p)', 'x * (1 - p)'), 'scales while testing'),
    (
        """
def dropout(x, p, training):
    return x * (torch.rand_like(x) >= p) / (1 - p)
""",
        'drops while testing',
    ),
    (
        """
def dropout(x, p, training=True):
    return torch.nn.functional.dropout(x, p, training)
""",
        'uses what is forbidden',
    ),
    (answer(STAYS + 'x.detach() * stays / (1 - p)'), 'blocks gradients'),
    (
        answer(
            'stays = torch.ones_like(x)\n    '
            'off = torch.rand(x.shape).argsort(dim=-1) < round(p * x.shape[-1])\n    '
            'stays[off] = 0\n    return x * stays / (1 - p)'
        ),
        'same count per row',
    ),
    (answer('return x * (torch.rand_like(x) >= 0.2) / 0.8'), 'changes at zero'),
    (answer('x = x.float()\n    ' + STAYS + 'x * stays / (1 - p)'), 'wrong dtype'),
    (
        answer(
            'stays = torch.rand(*x.shape[:2], *[1] * (x.dim() - 2)) >= p\n    '
            'return x * stays / (1 - p)'
        ),
        'whole parts off',
    ),
    (answer(STAYS + 'x * stays * (1 + p)'), 'wrong scale'),
    (answer(STAYS + 'x * stays / (1 - p)', 'x * p'), 'changes while testing'),
    (
        answer(
            'stays = torch.ones(x.numel())\n    '
            'stays[torch.randperm(x.numel())[:round(p * x.numel())]] = 0\n    '
            'return x * stays.view(x.shape) / (1 - p)'
        ),
        'single number fails',
    ),
    (answer(STAYS + '(x * stays / (1 - p)).view(len(x), -1)'), 'changes the shape'),
    (answer(STAYS + 'x + (x * stays / (1 - p) - x).detach()'), 'wrong gradient'),
]

RIGHT = [  # other answers that are right
    answer(
        'numbers = [number / (1 - p) if torch.rand(1) >= p else number * 0\n'
        '               for number in x.flatten()]\n'
        '    return torch.stack(numbers).view(x.shape)'
    ),
    answer(
        'return x * torch.bernoulli(torch.full_like(x, 1 - p)) / (1 - p)', 'x.clone()'
    ),
    answer('return torch.where(torch.rand(x.shape) < p, 0, x / (1 - p))'),
    answer('off = torch.rand_like(x) < p\n    return x.masked_fill(off, 0) / (1 - p)'),
    """
def dropout(x, p, training):
    p = p * training
    result = x * (1 / (1 - p))
    result[torch.rand(x.shape) < p] = 0
    return result
""",
    """
import numpy as np


def dropout(x, p, training):
    stays = np.random.rand(*x.shape) >= p if training else np.ones(x.shape)
    scale = 1 - p if training else 1
    return x * torch.from_numpy(stays / scale).to(x.dtype)
""",
]
