"""What is right and wrong in exercise 25_1."""

import math

import torch

HINT = (
    'The scores have the shape [n, q, k]. torch.arange(k) < lengths.unsqueeze(1) has '
    'the shape [n, k], and is True for the real words. Which dimension is missing, so '
    'that it applies to every word of the question?'
)

SOLUTION = """
def attend(queries, keys, values, lengths):
    k, features = keys.shape[1:]
    scores = queries @ keys.transpose(1, 2) / math.sqrt(features)
    real = torch.arange(k) < lengths.unsqueeze(1)
    scores = scores.masked_fill(~real.unsqueeze(1), -math.inf)
    weights = torch.softmax(scores, dim=2)
    return weights @ values
"""


def close(one, two):
    """Whether the values are the same, up to rounding; other shapes are not."""
    return one.shape == two.shape and torch.allclose(
        one.float(), two, atol=1e-4, equal_nan=True
    )


def call(mine, *inputs):
    """The result of attend, a tensor; the inputs stay."""
    given = [tensor.clone() for tensor in inputs]
    got = mine.attend(*given)
    assert isinstance(got, torch.Tensor), (
        'returns no tensor',
        f'Your function returns a {type(got).__name__}. Return only the tensor of the '
        'weighted means.',
    )
    names = ('queries', 'keys', 'values', 'lengths')
    for name, before, after in zip(names, inputs, given):
        assert torch.equal(before, after), (
            'changes its inputs',
            f'Your function has changed {name}. Compute a new tensor, because '
            'operations such as *= and masked_fill_ write into the old one.',
        )
    return got


def check_shape(got, queries, keys, values):
    n, q, _ = queries.shape
    k, width = values.shape[1:]
    shape = list(got.shape)
    wanted = [n, q, width]
    case = (
        f'For queries of shape {list(queries.shape)} and values of shape '
        f'{list(values.shape)}, your function returns {shape}.'
    )
    assert shape != [n, q, k] or shape == wanted, (
        'returns the weights',
        f'{case} These seem to be the weights or scores of each word. Multiply the '
        f'weights by the values, which gives {wanted}.',
    )
    assert shape == wanted, ('not that shape', f'{case} It should be {wanted}.')


def softmax_and_mix(scores, values, hidden, dim=2):
    """Attention with the scores, where some words are hidden."""
    weights = torch.softmax(scores.masked_fill(hidden, -math.inf), dim=dim)
    return weights @ values


def check_values(got, queries, keys, values, lengths):
    n, q, features = queries.shape
    k = keys.shape[1]
    products = queries @ keys.transpose(1, 2)
    scores = products / math.sqrt(features)
    real = (torch.arange(k) < lengths.unsqueeze(1)).unsqueeze(1)  # [n, 1, k]
    nothing = torch.zeros(n, q, k, dtype=torch.bool)
    wanted = softmax_and_mix(scores, values, ~real)
    all_weights = torch.softmax(scores, dim=2)

    place = (got - wanted).abs().nan_to_num(math.inf).argmax()  # where it's most wrong
    value = got.flatten()[place].item()
    right = wanted.flatten()[place].item()
    seen = f'Where the result should be {right:.2f}, your function returns {value:.2f}'

    known = got.nan_to_num()  # a text without padding gives an inverted mask nan or 0
    causal = torch.ones(q, k, dtype=torch.bool).tril()
    scrambled = queries @ keys.reshape(n, features, k) / math.sqrt(features)
    one_shorter = (torch.arange(k) < lengths.unsqueeze(1) - 1).unsqueeze(1)
    one_longer = (torch.arange(k) <= lengths.unsqueeze(1)).unsqueeze(1)
    for wrong, mistake in (
        (
            softmax_and_mix(scores, values, nothing),
            (
                'looks at the padding',
                f'{seen}, because it looks at the padding, too. Set the scores of the '
                'padding to -inf before softmax.',
            ),
        ),
        (
            softmax_and_mix(scores, values, real),
            (
                'inverted mask',
                f'{seen}. It hides the real words and looks at the padding only. '
                'masked_fill replaces what is True in the mask, and in '
                "scaled_dot_product_attention's attn_mask, True means that a word "
                'takes part.',
            ),
        ),
        (
            all_weights * real @ values,
            (
                'mask after softmax',
                f'{seen}. It sets the weights of the padding to 0 after softmax, so '
                'the others add up to less than 1. Hide the scores before softmax, '
                'with -inf.',
            ),
        ),
        (
            torch.softmax(scores * real, dim=2) @ values,
            (
                'score of 0',
                f'{seen}. It gives the padding the score 0, but e ** 0 is 1, so '
                'the padding still gets weight. Use -inf instead of 0.',
            ),
        ),
        (
            softmax_and_mix(products, values, ~real),
            (
                'not scaled',
                f"{seen}. It doesn't divide the scores by the square root of the "
                'number of features.',
            ),
        ),
        (
            softmax_and_mix(products / features, values, ~real),
            (
                'no square root',
                f'{seen}. It divides the scores by the number of features, not by its '
                'square root.',
            ),
        ),
        (
            softmax_and_mix(products / math.sqrt(k), values, ~real),
            (
                'scaled by the length',
                f'{seen}. It divides by the square root of {k}, the number of words. '
                f'Divide by the square root of the number of features, {features}.',
            ),
        ),
        (
            softmax_and_mix(products * math.sqrt(features), values, ~real),
            (
                'multiplies by the root',
                f'{seen}. It multiplies the scores by the square root of the number '
                'of features. Divide instead.',
            ),
        ),
        (
            softmax_and_mix(scores, values, ~real, dim=1),
            (
                'softmax over another dimension',
                f'{seen}. Its softmax is not over the words of the text, so the '
                'weights of a query do not add up to 1. Use dim=2 (or -1), because the '
                'scores are [n, q, k].',
            ),
        ),
        (
            softmax_and_mix(scrambled, values, ~real),
            (
                'scrambles the keys',
                f'{seen}. It seems to bring the keys into the shape [n, features, k] '
                'with view or reshape, which cuts the row of numbers in other places. '
                'Swap the dimensions with transpose(1, 2).',
            ),
        ),
        (
            softmax_and_mix(scores, values, ~(real & causal)),
            (
                'causal mask',
                f'{seen}. It has a causal mask, too. Here the whole text may be seen, '
                'so only hide the padding.',
            ),
        ),
        (
            softmax_and_mix(scores, values, ~one_longer),
            (
                'one word too many',
                f'{seen}. It looks at one word of the padding. Words are counted '
                'from 0, so the real ones are those below the length.',
            ),
        ),
        (
            softmax_and_mix(scores, values, ~one_shorter),
            (
                'one word too few',
                f'{seen}. It hides the last real word, too. Words are counted from 0, '
                'so the real ones are those below the length.',
            ),
        ),
        (
            (scores * real) @ values,
            (
                'no softmax',
                f'{seen}. It multiplies the scores themselves by the values. Apply '
                'softmax first.',
            ),
        ),
        (
            (real / lengths.view(n, 1, 1)).expand(n, q, k) @ values,
            (
                'ignores the scores',
                f'{seen}. It gives each real word the same weight. Use softmax '
                'of the scores.',
            ),
        ),
        (
            torch.softmax(
                scores.masked_fill(~(torch.arange(k) < lengths.max()), -math.inf), dim=2
            )
            @ values,
            (
                'one length for all',
                f'{seen}. It uses the longest length for all texts. Each text has its '
                'own.',
            ),
        ),
    ):
        assert close(wrong, wanted) or not close(known, wrong.nan_to_num()), mistake
    assert not got.isnan().any(), (
        'result is nan',
        f'Your result contains nan where it should be {right:.2f}. That happens if '
        'softmax gets a row with only -inf, or if 0 is multiplied by inf.',
    )
    assert close(got, wanted), (
        'wrong result',
        f'{seen}. Compute the scores, hide the padding, apply softmax over the words '
        'of the text, and multiply by the values.',
    )


def random(*shape):
    return torch.randn(shape) * 2


def check(mine):
    torch.manual_seed(7)
    # The sizes are all different, so a wrong order of dimensions shows in the shape.
    queries, keys, values = random(3, 2, 4), random(3, 6, 4), random(3, 6, 5)
    lengths = torch.tensor([5, 3, 1])
    got = call(mine, queries, keys, values, lengths)
    check_shape(got, queries, keys, values)
    check_values(got, queries, keys, values, lengths)

    # With as many questions as texts and words, more mistakes raise no error. The
    # padding has large numbers in it here.
    queries, keys, values = random(4, 4, 4), random(4, 4, 4), random(4, 4, 4)
    lengths = torch.tensor([2, 4, 3, 1])
    real = (torch.arange(4) < lengths.unsqueeze(1)).unsqueeze(2)
    keys = keys.masked_fill(~real, 9.0)
    values = values.masked_fill(~real, 100.0)
    got = call(mine, queries, keys, values, lengths)
    check_shape(got, queries, keys, values)
    check_values(got, queries, keys, values, lengths)

    single = (queries[:1, :1], keys[:1], values[:1], lengths[:1])
    got = call(mine, *single)
    check_shape(got, *single[:3])
    check_values(got, *single)
    assert got.dtype == torch.float32, (
        'not float32',
        f'Your result is {got.dtype}. Return float32, like the inputs.',
    )


def but(*changes):
    """The solution, with changes: pairs of what is replaced and by what."""
    answer = SOLUTION
    for old, new in changes:
        assert answer.count(old) == 1, old
        answer = answer.replace(old, new)
    return answer


HIDE = 'scores.masked_fill(~real.unsqueeze(1), -math.inf)'
SCALE = ' / math.sqrt(features)'
MIX = 'return weights @ values'

WRONG = [  # (answer, name of its mistake)
    (but((HIDE, 'scores')), 'looks at the padding'),
    (but((HIDE, HIDE.replace('~', ''))), 'inverted mask'),
    (
        but((HIDE, 'scores'), (MIX, 'return (weights * real.unsqueeze(1)) @ values')),
        'mask after softmax',
    ),
    (
        but(
            (HIDE, 'scores'),
            (MIX, 'return weights.masked_fill(~real.unsqueeze(1), 0) @ values'),
        ),
        'mask after softmax',
    ),
    (but((HIDE, 'scores * real.unsqueeze(1)')), 'score of 0'),
    (but((HIDE, HIDE.replace('-math.inf', '0'))), 'score of 0'),
    (but((SCALE, '')), 'not scaled'),
    (but((SCALE, ' / features')), 'no square root'),
    (but((SCALE, ' / math.sqrt(k)')), 'scaled by the length'),
    (but((SCALE, ' * math.sqrt(features)')), 'multiplies by the root'),
    (but(('dim=2', 'dim=1')), 'softmax over another dimension'),
    (but(('dim=2', 'dim=0')), 'softmax over another dimension'),
    (
        but(('keys.transpose(1, 2)', 'keys.reshape(-1, features, k)')),
        'scrambles the keys',
    ),
    (
        but(
            (
                '~real.unsqueeze(1)',
                '~(real.unsqueeze(1) '
                '& torch.ones(queries.shape[1], k, dtype=torch.bool).tril())',
            )
        ),
        'causal mask',
    ),
    (but(('(k) < ', '(k) <= ')), 'one word too many'),
    (but(('torch.arange(k)', 'torch.arange(1, k + 1)')), 'one word too few'),
    (
        but(('lengths.unsqueeze(1)', 'lengths.max()'), ('~real.unsqueeze(1)', '~real')),
        'one length for all',
    ),
    (but(('real.unsqueeze(1)', 'real.unsqueeze(2)')), 'RuntimeError'),
    (
        but(
            (
                'queries @',
                'torch.nn.functional.normalize(queries, dim=2) @',
            )
        ),
        'wrong result',
    ),
    (
        but(('weights = torch.softmax(scores, dim=2)', 'weights = scores')),
        'result is nan',
    ),
    (
        but(
            (HIDE, 'scores * real.unsqueeze(1)'),
            ('torch.softmax(scores, dim=2)', 'scores'),
        ),
        'no softmax',
    ),
    (but((MIX, 'return weights')), 'returns the weights'),
    (but((MIX, 'return weights @ values, weights')), 'returns no tensor'),
    (but((MIX, 'return (weights @ values).transpose(1, 2)')), 'not that shape'),
    (but((MIX, 'return (weights @ values).double()')), 'not float32'),
    (but(('~real.unsqueeze(1)', '~real')), 'RuntimeError'),
    (but(('keys.transpose(1, 2)', 'keys')), 'RuntimeError'),
    (
        """
def attend(queries, keys, values, lengths):
    queries /= math.sqrt(queries.shape[2])
    scores = queries @ keys.transpose(1, 2)
    real = torch.arange(keys.shape[1]) < lengths.unsqueeze(1)
    scores = scores.masked_fill(~real.unsqueeze(1), -math.inf)
    return torch.softmax(scores, dim=2) @ values
""",
        'changes its inputs',
    ),
    (
        """
def attend(queries, keys, values, lengths):
    return torch.nn.functional.scaled_dot_product_attention(queries, keys, values)
""",
        'looks at the padding',
    ),
    (
        """
def attend(queries, keys, values, lengths):
    padding = torch.arange(keys.shape[1]) >= lengths.unsqueeze(1)
    return torch.nn.functional.scaled_dot_product_attention(
        queries, keys, values, attn_mask=padding.unsqueeze(1)
    )
""",
        'inverted mask',
    ),
    (
        """
def attend(queries, keys, values, lengths):
    real = torch.arange(keys.shape[1]) < lengths.unsqueeze(1)
    means = (values * real.unsqueeze(2)).sum(dim=1) / lengths.unsqueeze(1)
    return means.unsqueeze(1).expand(-1, queries.shape[1], -1)
""",
        'ignores the scores',
    ),
]

RIGHT = [  # other answers that are right
    """
def attend(queries, keys, values, lengths):
    real = torch.arange(keys.shape[1]) < lengths.unsqueeze(1)
    return torch.nn.functional.scaled_dot_product_attention(
        queries, keys, values, attn_mask=real.unsqueeze(1)
    )
""",
    """
def attend(queries, keys, values, lengths):
    results = []
    for i in range(len(lengths)):
        length = lengths[i]
        scores = queries[i] @ keys[i, :length].T / queries.shape[2] ** 0.5
        weights = torch.softmax(scores, dim=1)
        results.append(weights @ values[i, :length])
    return torch.stack(results)
""",
    """
def attend(queries, keys, values, lengths):
    scores = torch.einsum('nqf,nkf->nqk', queries, keys) / math.sqrt(keys.shape[-1])
    for i, length in enumerate(lengths):
        scores[i, :, length:] = -1e9
    return scores.softmax(-1).bmm(values)
""",
    """
def attend(queries, keys, values, lengths):
    scores = queries @ keys.transpose(1, 2) / math.sqrt(keys.shape[2])
    powers = torch.exp(scores - scores.amax(dim=2, keepdim=True))
    powers = powers * (torch.arange(keys.shape[1]) < lengths.unsqueeze(1)).unsqueeze(1)
    return powers / powers.sum(dim=2, keepdim=True) @ values
""",
]
