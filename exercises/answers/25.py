"""What is right and wrong in exercise 25."""

import torch
from check import shaped

HINT = (
    'Softmax makes exactly 0 out of a score of -torch.inf. Which scores have to become '
    '-torch.inf? The last of the k values that topk returns for a row is the lowest '
    'one that stays.'
)

SOLUTION = """
def probabilities(scores, temperature, k):
    highest, indices = scores.topk(k, dim=1)  # [n, k]
    lowest = highest[:, -1:]  # [n, k] -> [n, 1]
    kept = torch.where(scores < lowest, -torch.inf, scores)
    return torch.softmax(kept / temperature, dim=1)
"""


def wanted_of(scores, temperature, k):
    highest, indices = scores.topk(k, dim=1)
    ps = torch.softmax(highest / temperature, dim=1)
    return torch.zeros_like(scores).scatter(1, indices, ps)


def close(one, two):
    return one.shape == two.shape and torch.allclose(one, two, atol=1e-5)


def call(mine, scores, temperature, k):
    before = scores.clone()
    result = mine.probabilities(scores, temperature, k)
    assert torch.equal(scores, before), (
        'changes the scores',
        'Your function changed the scores that it was given. Make a new tensor, for '
        'example with torch.where or with scores.clone().',
    )
    return result


def check(mine):
    scores = torch.tensor(
        [
            [2.0, 0.5, -1.0, 1.0, -0.5],
            [-3.0, 4.0, 3.5, 0.0, 2.5],
            [0.6, 0.7, 0.9, 0.3, 1.5],
        ]
    )
    check_top_k(mine, scores)
    check_temperature(mine, scores)
    check_limits(mine, scores)


def check_top_k(mine, scores):
    """The temperature is 1, so that only top-k is in question."""
    wanted = wanted_of(scores, 1.0, 3)
    got = call(mine, scores, 1.0, 3)
    assert not isinstance(got, torch.Tensor) or got.shape != (3, 3), (
        'only the k',
        'Your result has 3 columns, but there are 5 characters. Return a probability '
        'for each of them, with 0 for those that are left out.',
    )
    assert not isinstance(got, torch.Tensor) or got.is_floating_point(), (
        'returns characters',
        f'Your result is {got.dtype if isinstance(got, torch.Tensor) else ""}, so these '
        'are numbers of characters. Return the probabilities. Nothing is drawn yet.',
    )
    shaped(got, wanted)

    assert not got.isnan().any(), (
        'nan in it',
        'There is nan in your result. That is what softmax returns if a whole row is '
        '-inf. Each row should keep its own k characters, so use topk with dim=1.',
    )
    assert not (got < 0).any(), (
        'returns scores',
        f'Your result contains {got.min().item():.2f}, and no probability is below 0. '
        'Return what softmax makes of the scores.',
    )
    everything = torch.softmax(scores, dim=1)
    assert not close(got, everything), (
        'ignores k',
        'Your function returns the probabilities of all 5 characters, and k = 3. The '
        'two with the lowest scores of each row should have 0.',
    )
    zeroed = torch.softmax(torch.where(wanted > 0, scores, 0), dim=1)
    assert not close(got, zeroed), (
        'score of 0',
        'You gave a score of 0 to the characters that are left out, but exp(0) is 1, '
        'so softmax still gives them a probability. Give them -torch.inf.',
    )
    smallest = wanted_of(-scores, 1.0, 3) > 0
    assert not torch.equal(got > 0, smallest), (
        'the lowest k',
        'Your function keeps the three characters with the lowest scores of each row. '
        'Keep those with the highest.',
    )
    counts = (got > 0).sum(dim=1).tolist()
    assert not torch.equal(got, got[:1].expand(3, 5)), (
        'all rows alike',
        'All rows of your result are the same, but the texts have different scores. '
        'With result[:, indices], every row gets the characters of all rows. Use the '
        'indices of a row only in this row, or compare the scores with the k-th one.',
    )
    assert not (got > 0).all(), (
        'not exactly 0',
        f'All 5 characters can still be drawn: the smallest probability is '
        f'{got.min().item():.2g}. With -torch.inf as its score, it is exactly 0.',
    )
    assert counts != [2, 2, 2], (
        'one too few',
        'With k = 3, your function keeps only 2 characters of each row. The k-th score '
        'itself should stay, so leave out what is below it (<, not <=).',
    )
    assert counts != [1, 1, 1], (
        'only the best',
        'Only one character of each row is left, and k = 3.',
    )
    assert counts == [3, 3, 3], (
        'not in each row',
        f'With k = 3, your function keeps {counts} characters in the three rows. Find '
        'the k highest scores of each row on its own, with dim=1.',
    )
    assert torch.equal(got > 0, wanted > 0), (
        'other characters',
        'Your function keeps 3 characters of each row, but not those with the highest '
        'scores. Is each probability in the column of its character?',
    )
    columns = got.sum(dim=0)
    assert not torch.allclose(columns[columns > 0], torch.ones(1), atol=1e-4), (
        'softmax over the texts',
        'Your columns add up to 1, not your rows. A row is a text, so use softmax with '
        'dim=1.',
    )
    sums = got.sum(dim=1)
    assert torch.allclose(sums, torch.ones(3), atol=1e-4), (
        'not 1 in sum',
        f'The probabilities of your first row add up to {sums[0]:.3f}. Those of the k '
        'characters have to add up to 1.',
    )
    twice = torch.softmax(torch.where(wanted > 0, wanted, -torch.inf), dim=1)
    assert not close(got, twice), (
        'softmax twice',
        'You apply softmax to probabilities. Apply it once, to the scores.',
    )
    even = torch.where(wanted > 0, 1 / 3, 0.0)
    assert not close(got, even), (
        'all the same',
        'Each of the k characters gets the probability 1 / k. They should keep their '
        'proportions, so use softmax.',
    )
    assert close(got, wanted), (
        'wrong probabilities',
        f'The first row should be {rounded(wanted[0])}, and yours is '
        f'{rounded(got[0])}.',
    )


def rounded(row):
    return [round(value, 3) for value in row.tolist()]


def check_temperature(mine, scores):
    wanted = wanted_of(scores, 0.5, 3)
    got = call(mine, scores, 0.5, 3)
    shaped(got, wanted)
    assert not close(got, wanted_of(scores, 1.0, 3)), (
        'ignores the temperature',
        'Your function returns the same for the temperatures 0.5 and 1. Divide the '
        'scores by the temperature.',
    )
    assert not close(got, wanted_of(scores, 2.0, 3)), (
        'multiplies instead',
        'You multiply the scores by the temperature. Divide them by it, so that a low '
        'temperature makes likely characters even more likely.',
    )
    late = wanted_of(scores, 1.0, 3) / 0.5
    assert not close(got, late), (
        'divides probabilities',
        f'You divide the probabilities by the temperature, so your first row adds up '
        f'to {got[0].sum():.1f}. Divide the scores, before softmax.',
    )
    assert close(got, wanted), (
        'wrong temperature',
        f'With a temperature of 0.5, the first row should be {rounded(wanted[0])}, and '
        f'yours is {rounded(got[0])}.',
    )


def check_limits(mine, scores):
    large = scores * 250  # up to 1000
    got = call(mine, large, 0.5, 2)
    assert got.isfinite().all(), (
        'too large numbers',
        'For scores of up to 1000, there is inf or nan in your result, because exp of '
        'such a number is too large. torch.softmax subtracts the largest score first.',
    )
    assert close(got, wanted_of(large, 0.5, 2)), (
        'wrong for large scores',
        'For scores of up to 1000, your probabilities are wrong. Use the scores as they '
        'are, with none of them limited or rounded.',
    )
    negative = scores - 2000
    got = call(mine, negative, 1.0, 2)
    assert close(got, wanted_of(negative, 1.0, 2)), (
        'wrong for low scores',
        'All scores can be far below 0, such as -2000. Mark what is left out with '
        '-torch.inf, because any other number can be higher than a score.',
    )
    for k in (1, 5):
        got = call(mine, scores, 1.0, k)
        assert close(got, wanted_of(scores, 1.0, k)), (
            'other k',
            f'k can be anything from 1 to the number of characters, and with k = {k}, '
            f'your first row is {rounded(got[0])}.',
        )
    double = torch.randn(1, 90, dtype=torch.float64)
    wanted = wanted_of(double, 1.5, 10)
    got = call(mine, double, 1.5, 10)
    shaped(got, wanted)
    assert close(got, wanted), (
        'single text',
        'For a single text with 90 characters, k = 10, and a temperature of 1.5, your '
        'probabilities are wrong.',
    )


def answer(*lines):
    return '\ndef probabilities(scores, temperature, k):\n' + ''.join(
        f'    {line}\n' for line in lines
    )


LOWEST = 'lowest = scores.topk(k, dim=1).values[:, -1:]'
KEPT = 'kept = torch.where(scores < lowest, -torch.inf, scores)'
SOFTMAX = 'return torch.softmax(kept / temperature, dim=1)'

WRONG = [  # (answer, name of its mistake)
    (answer('return torch.softmax(scores / temperature, dim=1)'), 'ignores k'),
    (
        answer(LOWEST, KEPT, 'return torch.softmax(kept, dim=1)'),
        'ignores the temperature',
    ),
    (
        answer(LOWEST, KEPT, 'return torch.softmax(kept * temperature, dim=1)'),
        'multiplies instead',
    ),
    (
        answer(LOWEST, KEPT, 'return torch.softmax(kept, dim=1) / temperature'),
        'divides probabilities',
    ),
    (
        answer(
            LOWEST,
            KEPT,
            'ps = torch.softmax(kept / temperature, dim=1)',
            'ps = torch.where(ps > 0, ps, -torch.inf)',
            'return torch.softmax(ps, dim=1)',
        ),
        'softmax twice',
    ),
    (
        answer(
            LOWEST,
            'ps = torch.softmax(scores / temperature, dim=1)',
            'return torch.where(scores < lowest, 0, ps)',
        ),
        'not 1 in sum',
    ),
    (
        answer(LOWEST, 'kept = torch.where(scores < lowest, 0, scores)', SOFTMAX),
        'score of 0',
    ),
    (
        answer(LOWEST, 'kept = torch.where(scores < lowest, -10, scores)', SOFTMAX),
        'not exactly 0',
    ),
    (
        answer(LOWEST, 'kept = torch.where(scores < lowest, -1000, scores)', SOFTMAX),
        'wrong for low scores',
    ),
    (
        answer(
            'highest = scores.topk(k, dim=1, largest=False).values[:, -1:]',
            'kept = torch.where(scores > highest, -torch.inf, scores)',
            SOFTMAX,
        ),
        'the lowest k',
    ),
    (
        answer('lowest = scores.flatten().topk(k).values[-1]', KEPT, SOFTMAX),
        'nan in it',
    ),
    (
        answer('lowest = scores.topk(k, dim=1).values.min()', KEPT, SOFTMAX),
        'not in each row',
    ),
    (
        answer('lowest = scores[0].topk(k).values[-1]', KEPT, SOFTMAX),
        'not in each row',
    ),
    (
        answer(
            LOWEST,
            'kept = torch.where(scores <= lowest, -torch.inf, scores)',
            SOFTMAX,
        ),
        'one too few',
    ),
    (
        answer('lowest = scores.max(dim=1, keepdim=True).values', KEPT, SOFTMAX),
        'only the best',
    ),
    (
        answer(LOWEST, KEPT, 'return torch.softmax(kept / temperature, dim=0)'),
        'softmax over the texts',
    ),
    (
        answer(
            LOWEST, 'scores[scores < lowest] = -torch.inf', 'kept = scores', SOFTMAX
        ),
        'changes the scores',
    ),
    (
        answer('kept = scores.topk(k, dim=1).values', SOFTMAX),
        'only the k',
    ),
    (
        answer(
            LOWEST,
            KEPT,
            'ps = torch.softmax(kept / temperature, dim=1)',
            'return torch.multinomial(ps, 1)',
        ),
        'returns characters',
    ),
    (
        answer(LOWEST, KEPT, 'return kept / temperature'),
        'returns scores',
    ),
    (
        answer(LOWEST, KEPT, 'return torch.log_softmax(kept / temperature, dim=1)'),
        'returns scores',
    ),
    (
        answer(
            LOWEST,
            KEPT,
            'powers = torch.exp(kept / temperature)',
            'return powers / powers.sum(dim=1, keepdim=True)',
        ),
        'too large numbers',
    ),
    (
        answer(
            'highest = scores.topk(k, dim=1).values',
            'result = torch.zeros_like(scores)',
            'result[:, :k] = torch.softmax(highest / temperature, dim=1)',
            'return result',
        ),
        'other characters',
    ),
    (
        answer(
            'highest, indices = scores.topk(k, dim=1)',
            'result = torch.zeros_like(scores)',
            'result[:, indices] = torch.softmax(highest / temperature, dim=1)',
            'return result',
        ),
        'all rows alike',
    ),
    (
        answer(LOWEST, 'return (scores >= lowest) / torch.tensor(float(k))'),
        'all the same',
    ),
    (
        answer(
            LOWEST,
            KEPT,
            'return torch.softmax(kept.float() / temperature, dim=1)',
        ),
        'wrong dtype',
    ),
    (
        answer(
            'k = min(k, 3)',
            LOWEST,
            KEPT,
            SOFTMAX,
        ),
        'other k',
    ),
    (
        answer(LOWEST, KEPT, 'torch.softmax(kept / temperature, dim=1)'),
        'returns nothing',
    ),
    (
        answer(LOWEST, KEPT, 'return torch.softmax(kept / temperature**2, dim=1)'),
        'wrong temperature',
    ),
    (
        answer('scores = scores.clamp(-80, 80)', LOWEST, KEPT, SOFTMAX),
        'wrong for large scores',
    ),
    (
        answer('temperature = min(temperature, 1)', LOWEST, KEPT, SOFTMAX),
        'single text',
    ),
    (
        answer(
            LOWEST,
            KEPT,
            'powers = 2 ** (kept / temperature)',
            'return powers / powers.sum(dim=1, keepdim=True)',
        ),
        'wrong probabilities',
    ),
]

RIGHT = [  # other answers that are right
    answer(
        'highest, indices = scores.topk(k, dim=1)',
        'ps = torch.softmax(highest / temperature, dim=1)',
        'result = torch.zeros_like(scores)',
        'return result.scatter(1, indices, ps)',
    ),
    answer(
        'rows = []',
        'for row in scores:',
        '    highest, indices = row.topk(k)',
        '    ps = torch.zeros_like(row)',
        '    ps[indices] = torch.softmax(highest / temperature, dim=0)',
        '    rows.append(ps)',
        'return torch.stack(rows)',
    ),
    answer(
        LOWEST,
        'ps = torch.softmax(scores / temperature, dim=1)',
        'ps = ps * (scores >= lowest)',
        'return ps / ps.sum(dim=1, keepdim=True)',
    ),
    answer(
        LOWEST,
        'return (scores / temperature).masked_fill(scores < lowest, -torch.inf)'
        '.softmax(dim=1)',
    ),
]
