"""What is right and wrong in exercise 2."""

import torch
from check import shaped

HINT = """Multiply the parentheses out. Which part has no x in it? That is what comes
out for an x of zeros."""

SOLUTION = """
def collapse(W1, B1, W2, B2):
    return W1 @ W2, B1 @ W2 + B2
"""


def check(mine):
    # square first, where no product complains of shapes
    for i, h, o in ((3, 3, 3), (3, 2, 3), (4, 5, 1), (1, 2, 4), (3, 1, 2)):
        W1, B1 = torch.randn(i, h), torch.randn(1, h)
        W2, B2 = torch.randn(h, o), torch.randn(1, o)
        given = [W1, B1, W2, B2]
        before = [tensor.clone() for tensor in given]
        got = mine.collapse(*given)
        assert isinstance(got, (tuple, list)) and len(got) == 2, (
            'returns not two things',
            'return two tensors: return W, B',
        )
        W, B = got
        assert isinstance(W, torch.Tensor) and isinstance(B, torch.Tensor), (
            'returns no tensors',
            f'W is a {type(W).__name__} and B a {type(B).__name__}: return two tensors',
        )
        case = f'for W1 [{i}, {h}] and W2 [{h}, {o}]'
        assert i == h == o or list(W.shape) != [o, i] or i == o, (
            'weights turned',
            f'{case} your W is [{o}, {i}]: [inputs, outputs] is the other way round',
        )
        shaped(W, W1 @ W2, f'{case} your W')
        assert all(map(torch.equal, before, given)), (
            'changes its inputs',
            'your function changes its inputs: += and *= do that; make new tensors',
        )
        if i == h == o:
            for wrong, mistake in (
                (
                    W2 @ W1,
                    (
                        'weights in wrong order',
                        'x meets W1 first, so W1 stands first in the product',
                    ),
                ),
                (
                    (W1 @ W2).T,
                    (
                        'weights lie on side',
                        'your W lies on its side: no .T is needed here',
                    ),
                ),
                (
                    W1 + W2,
                    (
                        'adds the weights',
                        'your W is a sum: one layer after the other multiplies',
                    ),
                ),
                (
                    W1 * W2,
                    (
                        'weights element by element',
                        'W1 * W2 multiplies element by element: take @',
                    ),
                ),
            ):
                assert not torch.allclose(W, wrong, atol=1e-4), mistake
            assert list(B.shape) != [h, o] or not torch.allclose(B, B1 * W2 + B2), (
                'biases element by element',
                'B1 * W2 multiplies element by element: take @',
            )
        shaped(B, B2, f'{case} your B')
        for wrong, mistake in (
            (
                B2,
                (
                    'first bias missing',
                    'B1 is missing from B: put zeros in for x, and see what remains',
                ),
            ),
            (
                torch.sigmoid(B1) @ W2 + B2,
                (
                    'puts in a sigmoid',
                    'no sigmoid here: only layers without one between them collapse',
                ),
            ),
            (
                B1 @ W2,
                (
                    'second bias missing',
                    'B2 is missing from B: it is added at the very end',
                ),
            ),
            (
                B1 + B2 if h == o else None,
                (
                    'first bias not multiplied',
                    'B1 does not arrive as it is: it goes through W2 before B2 is '
                    'added',
                ),
            ),
            (
                (B1 + B2) @ W2 if h == o else None,
                (
                    'second bias multiplied',
                    'B2 is added after W2: only B1 goes through W2',
                ),
            ),
            (
                B1 @ W2 @ W2 + B2 if h == o else None,
                ('first bias multiplied twice', 'B1 goes through W2 only once'),
            ),
            (
                B1 @ W1 @ W2 + B2 if h == i else None,
                (
                    'first bias through both',
                    'B1 is added after W1: it goes through W2 alone',
                ),
            ),
        ):
            assert wrong is None or not torch.allclose(B, wrong, atol=1e-4), mistake
        x = torch.randn(7, i)
        right = (x @ W1 + B1) @ W2 + B2
        assert torch.allclose(x @ W + B, right, atol=1e-3), (
            'wrong row',
            f'{case} the row {x[0]} gives {right[0]} in two layers, and '
            f'{(x @ W + B)[0]} in yours',
        )


WRONG = [  # (answer, name of its mistake)
    (
        """
def collapse(W1, B1, W2, B2):
    return W1 @ W2, B2
""",
        'first bias missing',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W1 @ W2, B1 @ W2
""",
        'second bias missing',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W1 @ W2, B1 + B2
""",
        'first bias not multiplied',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W1 @ W2, (B1 + B2) @ W2
""",
        'second bias multiplied',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    W = W1 @ W2
    return W, B1 @ W + B2
""",
        'first bias through both',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W2 @ W1, B1 @ W2 + B2
""",
        'weights in wrong order',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W2.T @ W1.T, B1 @ W2 + B2
""",
        'weights lie on side',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W1 * W2, B1 @ W2 + B2
""",
        'weights element by element',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W1 + W2, B1 + B2
""",
        'adds the weights',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W1 @ W2, (B1 @ W2 + B2).sum()
""",
        'wrong shape',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W1 @ W2
""",
        'returns not two things',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    B2 += B1 @ W2
    return W1 @ W2, B2
""",
        'changes its inputs',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    sigmoid = torch.sigmoid
    return W1 @ W2, sigmoid(B1) @ W2 + B2
""",
        'puts in a sigmoid',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    B = torch.zeros(1, 3)
    B += B1 @ W2 + B2
    return W1 @ W2, B
""",
        'wrong shape',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W1 * W2, B1 * W2 + B2
""",
        'weights element by element',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W1 @ W2, B1 * W2 + B2
""",
        'biases element by element',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W1 @ W2, (B1 @ W2 + B2).view(-1)
""",
        'wrong shape',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return (W1 @ W2).tolist(), (B1 @ W2 + B2).tolist()
""",
        'returns no tensors',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    W = (W1 @ W2).reshape(W2.shape[1], W1.shape[0])
    return W, B1 @ W2 + B2
""",
        'weights turned',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W1 @ (W2 + B2), B1 @ W2 + B2
""",
        'wrong row',
    ),
    (
        """
def collapse(W1, B1, W2, B2):
    return W1 @ W2, B1 @ W2 @ W2 + B2
""",
        'first bias multiplied twice',
    ),
]

RIGHT = [  # other answers that are right
    """
def collapse(W1, B1, W2, B2):
    x = torch.zeros(1, len(W1), dtype=W1.dtype)
    B = (x @ W1 + B1) @ W2 + B2
    W = (torch.eye(len(W1), dtype=W1.dtype) @ W1 + B1) @ W2 + B2 - B
    return W, B
""",
    """
def collapse(W1, B1, W2, B2):
    W = torch.mm(W1, W2)
    B = B2.clone()
    B += torch.matmul(B1, W2)
    return [W, B]
""",
    """
def collapse(W1, B1, W2, B2):
    W = (W2.T @ W1.T).T
    B = (B1.view(-1, 1) * W2).sum(dim=0) + B2
    return W, B
""",
]
