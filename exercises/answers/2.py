"""What is right and wrong in exercise 2."""
import torch
from check import shaped

HINT = '''Multiply the parentheses out. Which part has no x in it? That is what comes
out for an x of zeros.'''

SOLUTION = '''
def collapse(W1, B1, W2, B2):
    return W1 @ W2, B1 @ W2 + B2
'''


def check(mine):
    # square first, where no product complains of shapes
    for i, h, o in ((3, 3, 3), (3, 2, 3), (4, 5, 1), (1, 2, 4), (3, 1, 2)):
        W1, B1 = torch.randn(i, h), torch.randn(1, h)
        W2, B2 = torch.randn(h, o), torch.randn(1, o)
        given = [W1, B1, W2, B2]
        before = [tensor.clone() for tensor in given]
        got = mine.collapse(*given)
        assert isinstance(got, (tuple, list)) and len(got) == 2, (
            'return two tensors: return W, B')
        W, B = got
        assert isinstance(W, torch.Tensor) and isinstance(B, torch.Tensor), (
            f'W is a {type(W).__name__} and B a {type(B).__name__}: return two tensors')
        case = f'for W1 [{i}, {h}] and W2 [{h}, {o}]'
        assert i == h == o or list(W.shape) != [o, i] or i == o, (
            f'{case} your W is [{o}, {i}]: [inputs, outputs] is the other way round')
        shaped(W, W1 @ W2, f'{case} your W')
        assert all(map(torch.equal, before, given)), (
            'your function changes its inputs: += and *= do that; make new tensors')
        if i == h == o:
            for wrong, words in (
                    (W2 @ W1, 'x meets W1 first, so W1 stands first in the product'),
                    ((W1 @ W2).T, 'your W lies on its side: no .T is needed here'),
                    (W1 + W2, 'your W is a sum: one layer after the other multiplies'),
                    (W1 * W2, 'W1 * W2 multiplies element by element: take @')):
                assert not torch.allclose(W, wrong, atol=1e-4), words
            assert list(B.shape) != [h, o] or not torch.allclose(B, B1 * W2 + B2), (
                'B1 * W2 multiplies element by element: take @')
        shaped(B, B2, f'{case} your B')
        for wrong, words in (
                (B2, 'B1 is missing from B: put zeros in for x, and see what remains'),
                (torch.sigmoid(B1) @ W2 + B2,
                 'no sigmoid here: only layers without one between them collapse'),
                (B1 @ W2, 'B2 is missing from B: it is added at the very end'),
                (B1 + B2 if h == o else None,
                 'B1 does not arrive as it is: it goes through W2 before B2 is added'),
                ((B1 + B2) @ W2 if h == o else None,
                 'B2 is added after W2: only B1 goes through W2'),
                (B1 @ W2 @ W2 + B2 if h == o else None,
                 'B1 goes through W2 only once'),
                (B1 @ W1 @ W2 + B2 if h == i else None,
                 'B1 is added after W1: it goes through W2 alone')):
            assert wrong is None or not torch.allclose(B, wrong, atol=1e-4), words
        x = torch.randn(7, i)
        right = (x @ W1 + B1) @ W2 + B2
        assert torch.allclose(x @ W + B, right, atol=1e-3), (
            f'{case} the row {x[0]} gives {right[0]} in two layers, and '
            f'{(x @ W + B)[0]} in yours')


WRONG = [  # (answer, words that the verdict has)
    ('''
def collapse(W1, B1, W2, B2):
    return W1 @ W2, B2
''', 'B1 is missing from B'),
    ('''
def collapse(W1, B1, W2, B2):
    return W1 @ W2, B1 @ W2
''', 'B2 is missing from B'),
    ('''
def collapse(W1, B1, W2, B2):
    return W1 @ W2, B1 + B2
''', 'goes through W2 before B2 is added'),
    ('''
def collapse(W1, B1, W2, B2):
    return W1 @ W2, (B1 + B2) @ W2
''', 'only B1 goes through W2'),
    ('''
def collapse(W1, B1, W2, B2):
    W = W1 @ W2
    return W, B1 @ W + B2
''', 'it goes through W2 alone'),
    ('''
def collapse(W1, B1, W2, B2):
    return W2 @ W1, B1 @ W2 + B2
''', 'x meets W1 first'),
    ('''
def collapse(W1, B1, W2, B2):
    return W2.T @ W1.T, B1 @ W2 + B2
''', 'no .T is needed'),
    ('''
def collapse(W1, B1, W2, B2):
    return W1 * W2, B1 @ W2 + B2
''', 'element by element'),
    ('''
def collapse(W1, B1, W2, B2):
    return W1 + W2, B1 + B2
''', 'one layer after the other multiplies'),
    ('''
def collapse(W1, B1, W2, B2):
    return W1 @ W2, (B1 @ W2 + B2).sum()
''', 'your B has the shape'),
    ('''
def collapse(W1, B1, W2, B2):
    return W1 @ W2
''', 'return two tensors'),
    ('''
def collapse(W1, B1, W2, B2):
    B2 += B1 @ W2
    return W1 @ W2, B2
''', 'changes its inputs'),
    ('''
def collapse(W1, B1, W2, B2):
    sigmoid = torch.sigmoid
    return W1 @ W2, sigmoid(B1) @ W2 + B2
''', 'no sigmoid here'),
    ('''
def collapse(W1, B1, W2, B2):
    B = torch.zeros(1, 3)
    B += B1 @ W2 + B2
    return W1 @ W2, B
''', 'for W1 [4, 5] and W2 [5, 1] your B'),
    ('''
def collapse(W1, B1, W2, B2):
    return W1 * W2, B1 * W2 + B2
''', 'W1 * W2 multiplies element by element'),
    ('''
def collapse(W1, B1, W2, B2):
    return W1 @ W2, B1 * W2 + B2
''', 'B1 * W2 multiplies element by element'),
    ('''
def collapse(W1, B1, W2, B2):
    return W1 @ W2, (B1 @ W2 + B2).view(-1)
''', 'your B has the shape [3], not [1, 3]'),
]

RIGHT = [  # other answers that are right
    '''
def collapse(W1, B1, W2, B2):
    x = torch.zeros(1, len(W1), dtype=W1.dtype)
    B = (x @ W1 + B1) @ W2 + B2
    W = (torch.eye(len(W1), dtype=W1.dtype) @ W1 + B1) @ W2 + B2 - B
    return W, B
''',
    '''
def collapse(W1, B1, W2, B2):
    W = torch.mm(W1, W2)
    B = B2.clone()
    B += torch.matmul(B1, W2)
    return [W, B]
''',
    '''
def collapse(W1, B1, W2, B2):
    W = (W2.T @ W1.T).T
    B = (B1.view(-1, 1) * W2).sum(dim=0) + B2
    return W, B
''',
]
