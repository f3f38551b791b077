"""What is right and wrong in exercise 5_1."""

import torch
from check import shaped

FORBIDDEN = [
    'log_softmax',
    'LogSoftmax',
    'softmax',
    'Softmax',
    'logsumexp',
    'softmin',
    'cross_entropy',
    'CrossEntropyLoss',
]

HINT = """If you subtract the same number from all logits, nothing changes. Which number
makes every power at most 1? Then write the logarithm of a quotient as a difference."""

SOLUTION = """
def log_softmax(logits, dim):
    x = logits - logits.max(dim=dim, keepdim=True).values
    return x - torch.log(torch.exp(x).sum(dim=dim, keepdim=True))
"""


def compare(mine, rows, dim, dtype=torch.float32):
    """Assert all that holds for any logits; return what came and what is right."""
    logits = torch.tensor(rows, dtype=dtype)
    before = logits.clone()
    got = mine.log_softmax(logits, dim)
    shaped(got, logits, f'for logits of shape {list(logits.shape)} the result')
    assert torch.equal(logits, before), (
        'changes the logits',
        'your function changes the logits that it was given: make a new tensor',
    )
    return got, torch.log_softmax(logits, dim=dim)


def check(mine):
    square = [[2.0, 1.0, 0.0], [0.5, 3.0, -2.0], [-1.0, 0.0, 4.0]]
    x = torch.tensor(square)
    base_10 = (
        'logarithm to base ten',
        'that is the logarithm to base 10: torch.log is the one to base e',
    )
    base_2 = (
        'logarithm to base two',
        'that is the logarithm to base 2: torch.log is the one to base e',
    )
    for dim in (1, 0):
        got, right = compare(mine, square, dim)
        largest, flat = x.max(dim=dim, keepdim=True).values, x.max(dim=dim).values
        for wrong, mistake in (
            (
                torch.log_softmax(x, dim=1 - dim),
                (
                    'runs along other side',
                    f'with dim={dim} exp of yours sums to 1 along dim={1 - dim}',
                ),
            ),
            (
                right - largest,
                (
                    'subtracts the largest twice',
                    'the largest logit is taken off twice: once is enough',
                ),
            ),
            (
                torch.softmax(x, dim=dim),
                ('returns probabilities', 'these are probabilities: take their log'),
            ),
            (
                -right,
                (
                    'sign turned',
                    'the sign is turned: logarithms of probabilities are below 0',
                ),
            ),
            (right / torch.log(torch.tensor(10.0)), base_10),
            (right / torch.log(torch.tensor(2.0)), base_2),
            (
                x / torch.logsumexp(x, dim=dim, keepdim=True),
                (
                    'divides by the logarithm',
                    'the logarithm of a quotient is a difference: subtract',
                ),
            ),
            (
                torch.log_softmax(x - flat, dim=dim) if dim else None,
                (
                    'maxima lie flat',
                    'the largest lie flat and go to the wrong rows: keepdim=True',
                ),
            ),
        ):
            assert wrong is None or not torch.allclose(got, wrong, atol=1e-3), mistake
        for y in (x, x - largest, x - flat):
            total = torch.exp(y).sum(dim=dim, keepdim=True)
            for wrong, mistake in (
                (
                    y - total,
                    (
                        'subtracts the sum itself',
                        'you subtract the sum itself: its logarithm is missing',
                    ),
                ),
                (
                    y - torch.exp(y).sum().log(),
                    (
                        'sum of everything',
                        f'your sum is over everything: along dim, here {dim}',
                    ),
                ),
                (
                    y - total.view(-1).log() if dim else None,
                    (
                        'sums lie flat',
                        'the sums lie flat and go to the wrong rows: keepdim=True',
                    ),
                ),
                (y - total.log10(), base_10),
                (y - total.log2(), base_2),
                (
                    None if y is x else x - total.log(),
                    (
                        'largest subtracted inside only',
                        'you subtract the largest inside the log only: it is missing '
                        'on the left, x - m - log(...)',
                    ),
                ),
            ):
                assert wrong is None or not torch.allclose(got, wrong, atol=1e-3), (
                    mistake
                )
        assert torch.allclose(got, right, atol=1e-4), (
            'wrong on a square',
            f'with dim={dim} {square} gives {right}, and yours is {got}',
        )
    got, right = compare(mine, [1000.0, 0.0], 0)
    assert got[0].isfinite(), (
        'large logits overflow',
        f'[1000, 0] gives {got}: exp of 1000 is inf, so subtract the largest '
        'logit first',
    )
    assert got[1] > -1e30, (
        'probability rounded to zero',
        '[1000, 0] gives [0, -inf]: a probability rounded to 0 has no logarithm; '
        'subtract log(sum) from the logits, and make no probability',
    )
    assert got[1] < -900, (
        'cuts small numbers off',
        f'[1000, 0] gives {got}, not [0, -1000]: nothing may be added or cut '
        'off to keep the logarithm finite',
    )
    assert torch.allclose(got, right, atol=1e-2), (
        'wrong at large logits',
        f'[1000, 0] gives [0, -1000], and yours is {got}',
    )
    rows = [[0.0, 1.0], [-1000.0, -1001.0], [1000.0, 1000.5]]
    for dim in (1, 0):
        got, right = compare(mine, rows, dim)
        assert got.isfinite().all(), (
            'one largest for all',
            f'{rows} with dim={dim} gives nan or inf: every row (and with dim=0 every '
            'column) has a largest logit of its own',
        )
        assert torch.allclose(got, right, atol=1e-2), (
            'wrong in far rows',
            f'with dim={dim} {rows} gives {right}, and yours is {got}',
        )
    for rows, dim in (
        (square[:1], 1),
        ([[1.0], [2.0]], 0),
        ([[1.0], [2.0]], 1),
        ([3.0, 1.0, 1.0, -2.0], 0),
        (square[:2], 0),
    ):
        for dtype in (torch.float32, torch.float64):
            got, right = compare(mine, rows, dim, dtype)
            assert torch.allclose(got, right, atol=1e-4), (
                'wrong in other shapes',
                f'with dim={dim} {rows} gives {right}, and yours is {got}',
            )


WRONG = [  # (answer, name of its mistake)
    (
        """
def log_softmax(logits, dim):
    return logits - torch.log(torch.exp(logits).sum(dim=dim, keepdim=True))
""",
        'large logits overflow',
    ),
    (
        """
def log_softmax(logits, dim):
    e = torch.exp(logits - logits.max(dim=dim, keepdim=True).values)
    return torch.log(e / e.sum(dim=dim, keepdim=True))
""",
        'probability rounded to zero',
    ),
    (
        """
def log_softmax(logits, dim):
    e = torch.exp(logits - logits.max(dim=dim, keepdim=True).values)
    return torch.log(e / e.sum(dim=dim, keepdim=True) + 1e-9)
""",
        'cuts small numbers off',
    ),
    (
        """
def log_softmax(logits, dim):
    x = logits.clamp(-80, 80)
    return x - torch.log(torch.exp(x).sum(dim=dim, keepdim=True))
""",
        'cuts small numbers off',
    ),
    (
        """
def log_softmax(logits, dim):
    x = logits - logits.max()
    return x - torch.log(torch.exp(x).sum(dim=dim, keepdim=True))
""",
        'one largest for all',
    ),
    (
        """
def log_softmax(logits, dim):
    x = logits - logits.max(dim=0, keepdim=True).values
    return x - torch.log(torch.exp(x).sum(dim=0, keepdim=True))
""",
        'runs along other side',
    ),
    (
        """
def log_softmax(logits, dim):
    x = logits - logits.max(dim=-1, keepdim=True).values
    return x - torch.log(torch.exp(x).sum(dim=-1, keepdim=True))
""",
        'runs along other side',
    ),
    (
        """
def log_softmax(logits, dim):
    return logits - torch.log(torch.exp(logits).sum(dim=dim))
""",
        'sums lie flat',
    ),
    (
        """
def log_softmax(logits, dim):
    return logits - torch.log(torch.exp(logits).sum())
""",
        'sum of everything',
    ),
    (
        """
def log_softmax(logits, dim):
    e = torch.exp(logits)
    return e / e.sum(dim=dim, keepdim=True)
""",
        'returns probabilities',
    ),
    (
        """
def log_softmax(logits, dim):
    x = logits - logits.max(dim=dim, keepdim=True).values
    return torch.log(torch.exp(x).sum(dim=dim, keepdim=True)) - x
""",
        'sign turned',
    ),
    (
        """
def log_softmax(logits, dim):
    e = torch.exp(logits)
    return torch.log10(e / e.sum(dim=dim, keepdim=True))
""",
        'logarithm to base ten',
    ),
    (
        """
def log_softmax(logits, dim):
    return logits - torch.exp(logits).sum(dim=dim, keepdim=True)
""",
        'subtracts the sum itself',
    ),
    (
        """
def log_softmax(logits, dim):
    logits -= logits.max(dim=dim, keepdim=True).values
    return logits - torch.log(torch.exp(logits).sum(dim=dim, keepdim=True))
""",
        'changes the logits',
    ),
    (
        """
def log_softmax(logits, dim):
    return torch.log_softmax(logits, dim)
""",
        'uses what is forbidden',
    ),
    (
        """
def log_softmax(logits, dim):
    largest = logits.max(dim=dim, keepdim=True).values
    x = logits - largest
    return x - torch.log(torch.exp(x).sum(dim=dim, keepdim=True)) - largest
""",
        'subtracts the largest twice',
    ),
    (SOLUTION.replace('.sum(dim=dim, keepdim=True)', '.sum(dim=dim)'), 'sums lie flat'),
    (
        SOLUTION.replace('.max(dim=dim, keepdim=True)', '.max(dim=dim)'),
        'maxima lie flat',
    ),
    (SOLUTION.replace(', keepdim=True', ''), 'sums lie flat'),
    (
        """
def log_softmax(logits, dim):
    e = torch.exp(logits)
    return torch.log(e / e.sum(dim=dim))
""",
        'sums lie flat',
    ),
    (
        """
def log_softmax(logits, dim):
    e = torch.exp(logits - logits.max(dim=dim, keepdim=True).values)
    return torch.log(e / e.sum(dim=dim))
""",
        'sums lie flat',
    ),
    (SOLUTION.replace('return x', 'return logits'), 'largest subtracted inside only'),
    (SOLUTION.replace('.sum(dim=dim, keepdim=True)', '.sum()'), 'sum of everything'),
    (SOLUTION.replace('torch.log(', 'torch.log10('), 'logarithm to base ten'),
    (
        """
def log_softmax(logits, dim):
    return logits / torch.log(torch.exp(logits).sum(dim=dim, keepdim=True))
""",
        'divides by the logarithm',
    ),
    (SOLUTION.replace('torch.log(', 'torch.log2('), 'logarithm to base two'),
    (SOLUTION.replace('.sum(', '.mean('), 'wrong on a square'),
    (
        """
def log_softmax(logits, dim):
    logits = logits.clamp(max=950)"""
        + SOLUTION.split(':', 1)[1],
        'wrong at large logits',
    ),
    (
        """
def log_softmax(logits, dim):
    x = logits - logits.max()
    return x - torch.log(torch.exp(x).sum(dim=dim, keepdim=True) + 1e-30)
""",
        'wrong in far rows',
    ),
    (
        """
def log_softmax(logits, dim):
    if logits.shape[dim] == 1:
        return logits"""
        + SOLUTION.split(':', 1)[1],
        'wrong in other shapes',
    ),
]

RIGHT = [  # other answers that are right
    """
def log_softmax(logits, dim):
    largest = logits.amax(dim).unsqueeze(dim)
    return logits - (largest + (logits - largest).exp().sum(dim, True).log())
""",
    """
def log_softmax(logits, dim):
    if logits.dim() == 2 and dim == 0:
        return log_softmax(logits.T, 1).T
    if logits.dim() == 2:
        return torch.stack([log_softmax(row, 0) for row in logits])
    x = logits - max(logits.tolist())
    return x - torch.log(torch.sum(torch.exp(x)))
""",
    """
def log_softmax(logits, dim):
    x = logits.double()
    x = x - torch.max(x, dim, keepdim=True)[0]
    x -= torch.log(torch.exp(x).sum(dim, keepdim=True))
    return x.to(logits.dtype)
""",
]
