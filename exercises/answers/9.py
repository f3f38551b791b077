"""What is right and wrong in exercise 9."""

import torch
from check import shaped

FORBIDDEN = ['backward', 'autograd', 'grad', 'jacobian', 'jacrev', 'jacfwd']

HINT = """Begin with a float64 copy of w; double() alone makes none if w is float64
already. Then two loops, one over the rows and one over the columns."""

SOLUTION = """
def numeric_gradient(f, w):
    w, step = w.double().clone(), 1e-4
    slopes = torch.zeros_like(w)
    for row in range(w.shape[0]):
        for column in range(w.shape[1]):
            value = w[row, column].item()
            w[row, column] = value + step
            above = f(w).item()
            w[row, column] = value - step
            below = f(w).item()
            w[row, column] = value
            slopes[row, column] = (above - below) / (2 * step)
    return slopes
"""


def measure(mine, f, rows, dtype):
    """The slopes that the answer measures, after what holds for any f."""
    w, seen, moved = torch.tensor(rows, dtype=dtype), set(), []
    start = w.double().clone()

    def noted(w):
        seen.add(w.dtype)
        if w.shape == start.shape and (count := (w != start.to(w.dtype)).sum().item()):
            moved.append(count)
        return f(w.detach())

    got = mine.numeric_gradient(noted, w)
    assert torch.allclose(w, torch.tensor(rows, dtype=dtype), rtol=0, atol=1e-9), (
        'changes w for good',
        f'for a w of {dtype} w is {w.tolist()} after the call, and was {rows}: put '
        'each number back, or work on a copy',
    )
    assert seen, ('never calls f', 'f was not called: measure it')
    assert torch.float32 not in seen, (
        'measures in float32',
        'f was called with float32, where 2 and 2.0001 differ by 1.00016e-4: compute '
        'in float64, w.double()',
    )
    assert moved, (
        'moves shared memory',
        'f sees no number moved: made by w.double(), plus and minus are the same '
        'memory, for double() copies nothing when w is float64: w.double().clone()',
    )
    assert moved[0] == 1, (
        'moves several at once',
        f'you move all numbers at once, or {moved[0]} of them: move one at a time',
    )
    shaped(
        got,
        torch.zeros(len(rows), len(rows[0]), dtype=torch.float64),
        f'for a w of {dtype} the result',
    )
    return got


def compare(got, right, name, rows):
    assert torch.allclose(got, right, rtol=1e-5, atol=1e-5), (
        'wrong slopes',
        f'the slopes of {name} at {rows} are {right}, and yours are {got}',
    )


def check(mine):
    rows, step = [[2.0, -1.0, 0.5], [1.5, 1.0, 3.0]], 1e-4
    w = torch.tensor(rows, dtype=torch.float64)
    right, cubes = 3 * w**2, lambda w: (w**3).sum()
    middle = (
        'goes back to middle',
        'half of the true slopes: you went back to the middle, or value is a view that '
        'moves with w: w[i, j].item()',
    )
    for dtype in (torch.float64, torch.float32):
        got = measure(mine, cubes, rows, dtype)
        assert not torch.allclose(got / step**2, right, rtol=1e-2), (
            'divides without brackets',
            'a / 2 * step is a / 2, times step: brackets, / (2 * step)',
        )
        for wrong, mistake in (
            (
                2 * right,
                (
                    'slopes twice too large',
                    'your slopes are twice too large: from the one side to the other '
                    'it is two steps',
                ),
            ),
            (
                right / 2,
                (
                    'slopes half as large',
                    'your slopes are half of what they should be: divide by the '
                    'distance of the two places',
                ),
            ),
            (
                2 * step * right,
                (
                    'difference not divided',
                    'that is the difference: divide it by the distance',
                ),
            ),
            (
                step * right,
                (
                    'difference of one side',
                    'that is a difference: divide it by the distance',
                ),
            ),
            (-right, ('sign turned', 'the sign is turned: above minus below')),
            (((w + step) ** 3 - w**3) / (2 * step), middle),
            ((w**3 - (w - step) ** 3) / (2 * step), middle),
            (
                ((w + step) ** 3 - w**3) / step,
                (
                    'measures on one side',
                    'you measure on one side only, which is less exact: take both',
                ),
            ),
            (
                (w**3 - (w - step) ** 3) / step,
                (
                    'measures on one side',
                    'you measure on one side only, which is less exact: take both',
                ),
            ),
        ):
            assert not torch.allclose(got, wrong, rtol=1e-6, atol=1e-6), mistake
        assert not ((got == 0) & (right != 0)).any(), (
            'some never moved',
            f'your slopes are {got}: it seems that some numbers of w were never moved',
        )
        assert dtype == torch.float64 or torch.allclose(got, right, atol=1e-5), (
            'rounded to float32',
            f'for a w of float32 your slopes are {got}, not {right}: '
            'make it float64 before you move it',
        )
        compare(got, right, 'the sum of cubes', rows)
    for dtype in (torch.float64, torch.float32):
        got = measure(mine, lambda w: 1e6 * (w**2).sum(), [[0.0, 0.0]], dtype)
        assert (got.abs() < 1e-3).all(), (
            'sides not equally far',
            f'at the bottom of a valley the slope is 0, and yours is {got}: '
            'one step to either side, equally far',
        )
        rows = [[2.0, 3.0], [4.0, 5.0]]
        got = measure(mine, torch.prod, rows, dtype)
        right = torch.tensor([[60.0, 40.0], [30.0, 24.0]], dtype=torch.float64)
        assert not torch.allclose(got, right, rtol=1e-3) or torch.allclose(
            got, right, atol=1e-5
        ), (
            'numbers not put back',
            'your slopes are a little off: put each number back before the next moves',
        )
        compare(got, right, 'the product of all numbers', rows)
    for n, k in ((1, 1), (4, 2), (3, 5)):
        x = torch.randn(6, n, dtype=torch.float64)
        w = torch.randn(n, k, dtype=torch.float64)
        got = measure(mine, lambda w, x=x: (x @ w).exp().mean(), w.tolist(), w.dtype)
        right = x.T @ (x @ w).exp() / (6 * k)
        compare(got, right, 'exp(x @ w).mean()', w)


WRONG = [  # (answer, name of its mistake)
    (SOLUTION.replace('(2 * step)', 'step'), 'slopes twice too large'),
    (SOLUTION.replace(' / (2 * step)', ''), 'difference not divided'),
    (SOLUTION.replace('above - below', 'below - above'), 'sign turned'),
    (
        SOLUTION.replace('value - step', 'value').replace('2 * step', 'step'),
        'measures on one side',
    ),
    (
        SOLUTION.replace('value - step', 'value')
        .replace('2 * step', 'step')
        .replace('1e-4', '1e-7'),
        'sides not equally far',
    ),
    (SOLUTION.replace('w.double().clone()', 'w.clone()'), 'measures in float32'),
    (
        SOLUTION.replace('w.double().clone()', 'w.double()').replace(
            'w[row, column] = value\n', '\n'
        ),
        'changes w for good',
    ),
    (SOLUTION.replace('w[row, column] = value\n', '\n'), 'numbers not put back'),
    (
        SOLUTION.replace('w.double().clone()', 'w.clone()').replace(
            'f(w)', 'f(w.double())'
        ),
        'wrong dtype',
    ),
    (
        """
def numeric_gradient(f, w):
    slopes, step = torch.zeros(w.shape, dtype=torch.float64), 1e-4
    for row in range(w.shape[0]):
        for column in range(w.shape[1]):
            value = w[row, column].item()
            w[row, column] = value + step
            above = f(w.double()).item()
            w[row, column] = value - step
            below = f(w.double()).item()
            w[row, column] = value
            slopes[row, column] = (above - below) / (2 * step)
    return slopes
""",
        'rounded to float32',
    ),
    (
        """
def numeric_gradient(f, w):
    w, step = w.double(), 1e-4
    slope = (f(w + step) - f(w - step)) / (2 * step)
    return torch.zeros_like(w) + slope
""",
        'moves several at once',
    ),
    (
        """
def numeric_gradient(f, w):
    w = w.double().requires_grad_()
    f(w).backward()
    return w.grad
""",
        'uses what is forbidden',
    ),
    (
        """
def numeric_gradient(f, w):
    return 3 * w.double()**2
""",
        'never calls f',
    ),
    (
        """
def numeric_gradient(f, w):
    w, step = w.double().clone(), 1e-4
    slopes = []
    for i in range(w.numel()):
        move = torch.zeros_like(w)
        move.view(-1)[i] = step
        slopes.append((f(w + move) - f(w - move)) / (2 * step))
    return torch.stack(slopes)
""",
        'wrong shape',
    ),
    (SOLUTION.replace('range(w.shape[1])', 'range(w.shape[0])'), 'some never moved'),
    (
        """
def numeric_gradient(f, w):
    w, step = w.double(), 1e-4
    return (f(w + step) - f(w - step)) / (2 * step)
""",
        'moves several at once',
    ),
    (
        """
def numeric_gradient(f, w):
    slopes, step = torch.zeros(w.shape, dtype=torch.float64), 1e-4
    for i in range(w.shape[0]):
        for j in range(w.shape[1]):
            plus = w.double()
            minus = w.double()
            plus[i, j] += step
            minus[i, j] -= step
            slopes[i, j] = (f(plus) - f(minus)) / (2 * step)
    return slopes
""",
        'moves shared memory',
    ),
    (
        SOLUTION.replace('.item()\n            w[', '\n            w[', 1),
        'goes back to middle',
    ),
    (
        SOLUTION.replace('= value + step', '+= step').replace(
            '= value - step', '-= step'
        ),
        'goes back to middle',
    ),
    (SOLUTION.replace('(2 * step)', '2 * step'), 'divides without brackets'),
    (SOLUTION.replace('(above - below)', 'value * (above - below)'), 'wrong slopes'),
    (SOLUTION.replace('(2 * step)', '(4 * step)'), 'slopes half as large'),
    (
        SOLUTION.replace('value - step', 'value').replace(' / (2 * step)', ''),
        'difference of one side',
    ),
]

RIGHT = [  # other answers that are right
    """
def numeric_gradient(f, w):
    w, step = w.double(), 1e-4
    slopes = torch.zeros_like(w)
    for i in range(w.numel()):
        move = torch.zeros_like(w)
        move.view(-1)[i] = step
        slopes.view(-1)[i] = (f(w + move) - f(w - move)) / (2 * step)
    return slopes
""",
    """
def numeric_gradient(f, w):
    w = w.double()
    slopes = []
    with torch.no_grad():
        for row in w:
            for i in range(len(row)):
                row[i] += 1e-4
                above = f(w)
                row[i] -= 2e-4
                slopes.append((above - f(w)) / 2e-4)
                row[i] += 1e-4
    return torch.stack(slopes).view(w.shape)
""",
    SOLUTION.replace('1e-4', '1e-3'),
    SOLUTION.replace('1e-4', '1e-5'),
    SOLUTION.replace(
        'w.double().clone()', 'torch.tensor(w.tolist(), dtype=torch.float64)'
    ).replace('torch.zeros_like(w)', 'torch.empty(w.shape, dtype=w.dtype)'),
]
