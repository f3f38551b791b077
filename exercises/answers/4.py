"""What is right and wrong in exercise 4."""

import torch
from check import shaped

FORBIDDEN = ['softmax', 'Softmax', 'log_softmax', 'LogSoftmax', 'logsumexp', 'softmin']

HINT = """Start from the softmax of lesson 4, and divide in the right place. Of each sum
and each maximum ask: of which numbers is it?"""

SOLUTION = """
def softmax(logits, temperature):
    x = logits / temperature
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)
"""

SCORES = [
    [2.0, 1.0, 0.0, -1.0],
    [0.5, 3.0, -2.0, 1.0],  # square, so no shape complains
    [0.0, 0.0, 1.0, 4.0],
    [-1.0, 2.0, 2.5, 0.0],
]


def compare(mine, rows, temperature, dtype=torch.float32):
    """Assert all that holds for any scores; return what came and what is right."""
    logits = torch.tensor(rows, dtype=dtype)
    before = logits.clone()
    got = mine.softmax(logits, temperature)
    shaped(got, logits)
    assert torch.equal(logits, before), (
        'changes the logits',
        'your softmax changes the logits that it was given: make a new tensor',
    )
    return got, torch.softmax(logits / temperature, dim=1)


def check(mine):
    x = torch.tensor(SCORES)
    for temperature in (1, 2.0, 0.5):
        got, right = compare(mine, SCORES, temperature)
        scores, cold = x / temperature, temperature == 1
        flat = scores.max(dim=1).values
        for shift in (0, flat.view(-1, 1), flat):
            e = torch.exp(scores - shift)
            for wrong, mistake in (
                (
                    e,
                    (
                        'powers not divided',
                        'these are powers still: divide each row by its sum',
                    ),
                ),
                (
                    e / e.sum(),
                    (
                        'sum of everything',
                        'you divide by the sum of everything, so that the whole batch '
                        'sums to 1: one sum for each row, dim=1',
                    ),
                ),
                (
                    e / e.sum(dim=1),
                    (
                        'sums lie flat',
                        'the sums lie flat and go to the wrong rows: keepdim=True',
                    ),
                ),
            ):
                assert not torch.allclose(got, wrong, atol=1e-3), mistake
        for wrong, mistake in (
            (
                torch.softmax(scores - flat, dim=1),
                (
                    'maxima lie flat',
                    'the largest scores lie flat and go to the wrong rows: '
                    'keepdim=True',
                ),
            ),
            (
                torch.softmax(x / temperature, dim=0),
                ('runs along columns', 'your columns sum to 1: dim=1 runs along a row'),
            ),
            (
                None if cold else torch.softmax(x, dim=1),
                (
                    'temperature without effect',
                    'the temperature changes nothing: before exp divide the scores '
                    'first, and subtract the largest of what you get: (logits - max) '
                    '/ temperature',
                ),
            ),
            (
                None if cold else torch.softmax(x * temperature, dim=1),
                (
                    'multiplies by temperature',
                    'a high temperature makes the scores more alike: divide by it, do '
                    'not multiply',
                ),
            ),
            (
                None if cold else torch.softmax(x, dim=1) / temperature,
                (
                    'temperature after softmax',
                    'the rows do not sum to 1: divide by the temperature before exp',
                ),
            ),
            (
                torch.log(right),
                ('logarithm of result', 'that is the logarithm of the probabilities'),
            ),
        ):
            assert wrong is None or not torch.allclose(got, wrong, atol=1e-3), mistake
        assert torch.allclose(got, right, atol=1e-4), (
            'wrong probabilities',
            f'at the temperature {temperature} {SCORES[0]} gives {right[0]}, '
            f'and yours is {got[0]}',
        )
    got, right = compare(mine, [[1000.0, 999.0, 0.0]], 1)
    assert not got.isnan().any(), (
        'large scores overflow',
        'scores of 1000 give nan: exp of them is inf; subtract the largest first',
    )
    assert abs(got[0, 0] - 0.5) > 1e-3, (
        'cuts large scores off',
        '1000 and 999 come out alike: do not cut large scores off, but subtract the '
        'largest',
    )
    assert torch.allclose(got, right, atol=1e-4), (
        'wrong at large scores',
        f'[1000, 999, 0] gives {right}, and yours is {got}',
    )
    got, right = compare(mine, [[0.0, 1.0], [-200.0, -201.0], [1000.0, 1000.5]], 1.0)
    assert not got.isnan().any() and (got.sum(dim=1) > 0.5).all(), (
        'one largest for all',
        'a row of -200 beside one of 1000 is lost: subtract from each row its own '
        'largest, not that of the batch',
    )
    assert torch.allclose(got, right, atol=1e-4), (
        'wrong in far rows',
        f'[[0, 1], [-200, -201], [1000, 1000.5]] gives {right}, and yours is {got}',
    )
    got, right = compare(mine, [[-1000.0, -1001.0, -999.0]], 1)
    assert not got.isnan().any(), (
        'subtracts fixed number',
        'a row of -1000 gives nan: subtract the largest of the row, not a fixed number',
    )
    assert torch.allclose(got, right, atol=1e-4), (
        'wrong at negative scores',
        f'[-1000, -1001, -999] gives {right}, and yours is {got}',
    )
    got, right = compare(mine, SCORES, 0.01)
    assert not got.isnan().any(), (
        'overflows at low temperature',
        'at the temperature 0.01 you give nan: divide the scores first, and subtract '
        'the largest of what you get: (logits - max) / temperature',
    )
    assert torch.allclose(got, right, atol=1e-4), (
        'wrong at low temperature',
        f'at the temperature 0.01 {SCORES[0]} gives {right[0]}, and yours is {got[0]}',
    )
    for rows in (SCORES[:1], [[3.0], [-5.0]], [[1.0, 2.0, 4.0], [0.0, -3.0, 1.0]]):
        for dtype in (torch.float32, torch.float64):
            got, right = compare(mine, rows, 3, dtype)
            assert torch.allclose(got, right, atol=1e-4), (
                'wrong at high temperature',
                f'at the temperature 3 {rows} gives {right}, and yours is {got}',
            )


WRONG = [  # (answer, name of its mistake)
    (
        """
def softmax(logits, temperature):
    e = torch.exp(logits / temperature)
    return e / e.sum()
""",
        'sum of everything',
    ),
    (
        """
def softmax(logits, temperature):
    x = logits / temperature
    e = torch.exp(x - x.max(dim=0, keepdim=True).values)
    return e / e.sum(dim=0, keepdim=True)
""",
        'runs along columns',
    ),
    (
        """
def softmax(logits, temperature):
    e = torch.exp(logits / temperature)
    return e / e.sum(dim=1)
""",
        'sums lie flat',
    ),
    (
        """
def softmax(logits, temperature):
    e = torch.exp(logits / temperature)
    return e / e.sum(dim=1, keepdim=True)
""",
        'large scores overflow',
    ),
    (
        """
def softmax(logits, temperature):
    x = logits / temperature
    e = torch.exp(x - x.max())
    return e / e.sum(dim=1, keepdim=True)
""",
        'one largest for all',
    ),
    (
        """
def softmax(logits, temperature):
    e = torch.exp(logits / temperature - logits.max())
    return e / e.sum(dim=1, keepdim=True)
""",
        'one largest for all',
    ),
    (
        """
def softmax(logits, temperature):
    e = torch.exp(logits - logits.max(dim=1, keepdim=True).values) / temperature
    return e / e.sum(dim=1, keepdim=True)
""",
        'temperature without effect',
    ),
    (
        """
def softmax(logits, temperature):
    e = torch.exp(logits - logits.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True) / temperature
""",
        'temperature after softmax',
    ),
    (
        """
def softmax(logits, temperature):
    x = logits * temperature
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)
""",
        'multiplies by temperature',
    ),
    (
        """
def softmax(logits, temperature):
    return torch.exp(logits / temperature)
""",
        'powers not divided',
    ),
    (
        """
def softmax(logits, temperature):
    e = torch.exp((logits / temperature).clamp(-80, 80))
    return e / e.sum(dim=1, keepdim=True)
""",
        'cuts large scores off',
    ),
    (
        """
def softmax(logits, temperature):
    logits /= temperature
    e = torch.exp(logits - logits.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)
""",
        'changes the logits',
    ),
    (
        """
def softmax(logits, temperature):
    return torch.softmax(logits / temperature, dim=1)
""",
        'uses what is forbidden',
    ),
    (
        """
from torch.nn.functional import softmax as ready

def softmax(logits, temperature):
    return ready(logits / temperature, dim=1)
""",
        'uses what is forbidden',
    ),
    (
        """
def softmax(logits, temperature):
    x = (logits - logits.mean(dim=1, keepdim=True)) / temperature
    e = torch.exp(x)
    return e / e.sum(dim=1, keepdim=True)
""",
        'large scores overflow',
    ),
    (
        """
def softmax(logits, temperature):
    x = logits - logits.max(dim=1, keepdim=True).values
    e = torch.exp(x.float() / temperature)
    return e / e.sum(dim=1, keepdim=True)
""",
        'wrong dtype',
    ),
    (
        """
def softmax(logits, temperature):
    e = torch.exp(logits.double() / temperature - 500)
    return (e / e.sum(dim=1, keepdim=True)).to(logits.dtype)
""",
        'subtracts fixed number',
    ),
    (SOLUTION.replace('e.sum(dim=1, keepdim=True)', 'e.sum(dim=1)'), 'sums lie flat'),
    (SOLUTION.replace('x.max(dim=1, keepdim=True)', 'x.max(dim=1)'), 'maxima lie flat'),
    (SOLUTION.replace(', keepdim=True', ''), 'sums lie flat'),
    (SOLUTION.replace('e.sum(dim=1, keepdim=True)', 'e.sum()'), 'sum of everything'),
    (
        """
def softmax(logits, temperature):
    largest = logits.max(dim=1, keepdim=True).values
    e = torch.exp(logits - largest / temperature)
    return e / e.sum(dim=1, keepdim=True)
""",
        'temperature without effect',
    ),
    (
        """
def softmax(logits, temperature):
    largest = logits.max(dim=1, keepdim=True).values
    e = torch.exp(logits / temperature - largest)
    return e / e.sum(dim=1, keepdim=True)
""",
        'overflows at low temperature',
    ),
    (
        """
def softmax(logits, temperature):
    e = torch.exp(logits / temperature)
    return (e / e.sum(dim=1, keepdim=True)).nan_to_num()
""",
        'wrong at large scores',
    ),
    (
        """
def softmax(logits, temperature):
    x = logits / temperature
    e = torch.exp((x - x.max()).clamp(min=-80))
    return e / e.sum(dim=1, keepdim=True)
""",
        'wrong in far rows',
    ),
    (
        """
def softmax(logits, temperature):
    x = logits.double() / temperature
    largest = x.max(dim=1, keepdim=True).values.clamp(min=0)
    e = torch.exp((x - largest).clamp(min=-500))
    return (e / e.sum(dim=1, keepdim=True)).to(logits.dtype)
""",
        'wrong at negative scores',
    ),
    (
        SOLUTION.replace('/ temperature', '/ max(temperature, 0.1)'),
        'wrong at low temperature',
    ),
    (
        SOLUTION.replace('/ temperature', '/ min(temperature, 2)'),
        'wrong at high temperature',
    ),
    (SOLUTION.replace('torch.exp(', 'torch.exp2('), 'wrong probabilities'),
    (
        SOLUTION.replace(
            'return e / e.sum(dim=1, keepdim=True)',
            'return torch.log(e / e.sum(dim=1, keepdim=True))',
        ),
        'logarithm of result',
    ),
]

RIGHT = [  # other answers that are right
    """
def softmax(logits, temperature):
    largest = logits.amax(dim=1).view(-1, 1)
    e = ((logits - largest) / temperature).exp()
    return e.div_(e.sum(dim=1).unsqueeze(1))
""",
    """
def softmax(logits, temperature):
    rows = []
    for row in logits:
        e = torch.exp((row - row.max()) / temperature)
        rows.append(e / e.sum())
    return torch.stack(rows)
""",
    """
def softmax(logits, temperature):
    x = logits.T / temperature
    x = x - x.max(dim=0)[0]
    return (torch.exp(x) / torch.exp(x).sum(dim=0)).T
""",
    """
def softmax(logits, temperature):
    x = logits - torch.max(logits, 1, keepdim=True)[0]
    powers = torch.pow(torch.exp(torch.tensor(1.0 / temperature)).to(x.dtype), x)
    return powers / torch.sum(powers, 1, keepdim=True)
""",
]
