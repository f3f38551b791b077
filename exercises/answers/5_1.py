"""What is right and wrong in exercise 5_1."""
import torch
from check import shaped

FORBIDDEN = ['log_softmax', 'LogSoftmax', 'softmax', 'Softmax', 'logsumexp', 'softmin',
             'cross_entropy', 'CrossEntropyLoss']

HINT = '''If you subtract the same number from all logits, nothing changes. Which number
makes every power at most 1? Then write the logarithm of a quotient as a difference.'''

SOLUTION = '''
def log_softmax(logits, dim):
    x = logits - logits.max(dim=dim, keepdim=True).values
    return x - torch.log(torch.exp(x).sum(dim=dim, keepdim=True))
'''


def compare(mine, rows, dim, dtype=torch.float32):
    """Assert all that holds for any logits; return what came and what is right."""
    logits = torch.tensor(rows, dtype=dtype)
    before = logits.clone()
    got = mine.log_softmax(logits, dim)
    shaped(got, logits, f'for logits of shape {list(logits.shape)} the result')
    assert torch.equal(logits, before), (
        'your function changes the logits that it was given: make a new tensor')
    return got, torch.log_softmax(logits, dim=dim)


def check(mine):
    square = [[2.0, 1.0, 0.0], [0.5, 3.0, -2.0], [-1.0, 0.0, 4.0]]
    x = torch.tensor(square)
    base = 'that is the logarithm to base {}: torch.log is the one to base e'
    for dim in (1, 0):
        got, right = compare(mine, square, dim)
        largest, flat = x.max(dim=dim, keepdim=True).values, x.max(dim=dim).values
        for wrong, words in (
                (torch.log_softmax(x, dim=1 - dim),
                 f'with dim={dim} exp of yours sums to 1 along dim={1 - dim}'),
                (right - largest,
                 'the largest logit is taken off twice: once is enough'),
                (torch.softmax(x, dim=dim), 'these are probabilities: take their log'),
                (-right, 'the sign is turned: logarithms of probabilities are below 0'),
                (right / torch.log(torch.tensor(10.0)), base.format(10)),
                (right / torch.log(torch.tensor(2.0)), base.format(2)),
                (x / torch.logsumexp(x, dim=dim, keepdim=True),
                 'the logarithm of a quotient is a difference: subtract'),
                (torch.log_softmax(x - flat, dim=dim) if dim else None,
                 'the largest lie flat and go to the wrong rows: keepdim=True')):
            assert wrong is None or not torch.allclose(got, wrong, atol=1e-3), words
        for y in (x, x - largest, x - flat):
            total = torch.exp(y).sum(dim=dim, keepdim=True)
            for wrong, words in (
                    (y - total, 'you subtract the sum itself: its logarithm is '
                                'missing'),
                    (y - torch.exp(y).sum().log(),
                     f'your sum is over everything: along dim, here {dim}'),
                    (y - total.view(-1).log() if dim else None,
                     'the sums lie flat and go to the wrong rows: keepdim=True'),
                    (y - total.log10(), base.format(10)),
                    (y - total.log2(), base.format(2)),
                    (None if y is x else x - total.log(),
                     'you subtract the largest inside the log only: it is missing on '
                     'the left, x - m - log(...)')):
                assert wrong is None or not torch.allclose(got, wrong, atol=1e-3), words
        assert torch.allclose(got, right, atol=1e-4), (
            f'with dim={dim} {square} gives {right}, and yours is '
            f'{got}')
    got, right = compare(mine, [1000.0, 0.0], 0)
    assert got[0].isfinite(), (
        f'[1000, 0] gives {got}: exp of 1000 is inf, so subtract the largest '
        'logit first')
    assert got[1] > -1e30, (
        '[1000, 0] gives [0, -inf]: a probability rounded to 0 has no logarithm; '
        'subtract log(sum) from the logits, and make no probability')
    assert got[1] < -900, (
        f'[1000, 0] gives {got}, not [0, -1000]: nothing may be added or cut '
        'off to keep the logarithm finite')
    assert torch.allclose(got, right, atol=1e-2), (
        f'[1000, 0] gives [0, -1000], and yours is {got}')
    rows = [[0.0, 1.0], [-1000.0, -1001.0], [1000.0, 1000.5]]
    for dim in (1, 0):
        got, right = compare(mine, rows, dim)
        assert got.isfinite().all(), (
            f'{rows} with dim={dim} gives nan or inf: every row (and with dim=0 every '
            'column) has a largest logit of its own')
        assert torch.allclose(got, right, atol=1e-2), (
            f'with dim={dim} {rows} gives {right}, and yours is '
            f'{got}')
    for rows, dim in ((square[:1], 1), ([[1.0], [2.0]], 0), ([[1.0], [2.0]], 1),
                      ([3.0, 1.0, 1.0, -2.0], 0), (square[:2], 0)):
        for dtype in (torch.float32, torch.float64):
            got, right = compare(mine, rows, dim, dtype)
            assert torch.allclose(got, right, atol=1e-4), (
                f'with dim={dim} {rows} gives {right}, and yours is '
                f'{got}')


WRONG = [  # (answer, words that the verdict has)
    ('''
def log_softmax(logits, dim):
    return logits - torch.log(torch.exp(logits).sum(dim=dim, keepdim=True))
''', 'exp of 1000 is inf'),
    ('''
def log_softmax(logits, dim):
    e = torch.exp(logits - logits.max(dim=dim, keepdim=True).values)
    return torch.log(e / e.sum(dim=dim, keepdim=True))
''', 'rounded to 0 has no logarithm'),
    ('''
def log_softmax(logits, dim):
    e = torch.exp(logits - logits.max(dim=dim, keepdim=True).values)
    return torch.log(e / e.sum(dim=dim, keepdim=True) + 1e-9)
''', 'nothing may be added or cut off'),
    ('''
def log_softmax(logits, dim):
    x = logits.clamp(-80, 80)
    return x - torch.log(torch.exp(x).sum(dim=dim, keepdim=True))
''', 'nothing may be added or cut off'),
    ('''
def log_softmax(logits, dim):
    x = logits - logits.max()
    return x - torch.log(torch.exp(x).sum(dim=dim, keepdim=True))
''', 'a largest logit of its own'),
    ('''
def log_softmax(logits, dim):
    x = logits - logits.max(dim=0, keepdim=True).values
    return x - torch.log(torch.exp(x).sum(dim=0, keepdim=True))
''', 'with dim=1 exp of yours sums to 1 along dim=0'),
    ('''
def log_softmax(logits, dim):
    x = logits - logits.max(dim=-1, keepdim=True).values
    return x - torch.log(torch.exp(x).sum(dim=-1, keepdim=True))
''', 'with dim=0 exp of yours sums to 1 along dim=1'),
    ('''
def log_softmax(logits, dim):
    return logits - torch.log(torch.exp(logits).sum(dim=dim))
''', 'keepdim=True'),
    ('''
def log_softmax(logits, dim):
    return logits - torch.log(torch.exp(logits).sum())
''', 'your sum is over everything'),
    ('''
def log_softmax(logits, dim):
    e = torch.exp(logits)
    return e / e.sum(dim=dim, keepdim=True)
''', 'take their log'),
    ('''
def log_softmax(logits, dim):
    x = logits - logits.max(dim=dim, keepdim=True).values
    return torch.log(torch.exp(x).sum(dim=dim, keepdim=True)) - x
''', 'the sign is turned'),
    ('''
def log_softmax(logits, dim):
    e = torch.exp(logits)
    return torch.log10(e / e.sum(dim=dim, keepdim=True))
''', 'to base 10'),
    ('''
def log_softmax(logits, dim):
    return logits - torch.exp(logits).sum(dim=dim, keepdim=True)
''', 'its logarithm is missing'),
    ('''
def log_softmax(logits, dim):
    logits -= logits.max(dim=dim, keepdim=True).values
    return logits - torch.log(torch.exp(logits).sum(dim=dim, keepdim=True))
''', 'changes the logits'),
    ('''
def log_softmax(logits, dim):
    return torch.log_softmax(logits, dim)
''', 'log_softmax does it for you'),
    ('''
def log_softmax(logits, dim):
    largest = logits.max(dim=dim, keepdim=True).values
    x = logits - largest
    return x - torch.log(torch.exp(x).sum(dim=dim, keepdim=True)) - largest
''', 'taken off twice'),
    (SOLUTION.replace('.sum(dim=dim, keepdim=True)', '.sum(dim=dim)'),
     'the sums lie flat and go to the wrong rows: keepdim=True'),
    (SOLUTION.replace('.max(dim=dim, keepdim=True)', '.max(dim=dim)'),
     'the largest lie flat and go to the wrong rows: keepdim=True'),
    (SOLUTION.replace(', keepdim=True', ''), 'keepdim=True'),
    ('''
def log_softmax(logits, dim):
    e = torch.exp(logits)
    return torch.log(e / e.sum(dim=dim))
''', 'the sums lie flat'),
    ('''
def log_softmax(logits, dim):
    e = torch.exp(logits - logits.max(dim=dim, keepdim=True).values)
    return torch.log(e / e.sum(dim=dim))
''', 'the sums lie flat'),
    (SOLUTION.replace('return x', 'return logits'), 'x - m - log(...)'),
    (SOLUTION.replace('.sum(dim=dim, keepdim=True)', '.sum()'), 'along dim, here 1'),
    (SOLUTION.replace('torch.log(', 'torch.log10('), 'to base 10'),
]

RIGHT = [  # other answers that are right
    '''
def log_softmax(logits, dim):
    largest = logits.amax(dim).unsqueeze(dim)
    return logits - (largest + (logits - largest).exp().sum(dim, True).log())
''',
    '''
def log_softmax(logits, dim):
    if logits.dim() == 2 and dim == 0:
        return log_softmax(logits.T, 1).T
    if logits.dim() == 2:
        return torch.stack([log_softmax(row, 0) for row in logits])
    x = logits - max(logits.tolist())
    return x - torch.log(torch.sum(torch.exp(x)))
''',
    '''
def log_softmax(logits, dim):
    x = logits.double()
    x = x - torch.max(x, dim, keepdim=True)[0]
    x -= torch.log(torch.exp(x).sum(dim, keepdim=True))
    return x.to(logits.dtype)
''',
]
