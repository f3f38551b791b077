"""What is right and wrong in exercise 8."""

import math

import torch

HINT = """In each step: clear, f(x), backward, move. Moving is no part of f, so torch
should take no notes of it. Or make a new x from plain numbers for each step."""

SOLUTION = """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
    return x.item()
"""

TROUBLE = (  # (part of torch's message, what it means here)
    (
        'wants a tensor',
        (
            'start is no tensor',
            'f takes a tensor, and you give it a float: torch.tensor(start, '
            'requires_grad=True)',
        ),
    ),
    (
        "'float' object has no",
        (
            'x is a float',
            'x is a float here, and only a tensor has a slope: torch.tensor(start, '
            'requires_grad=True)',
        ),
    ),
    (
        'leaf Variable',
        (
            'changes x with notes',
            'torch takes notes of what is done with x, so x itself may change only in a '
            'block of torch.no_grad()',
        ),
    ),
    (
        'does not require grad',
        (
            'x wants no gradient',
            'this x wants no gradient: make it with requires_grad=True, and write x -= '
            '..., since x = x - ... in no_grad makes a new x without that',
        ),
    ),
    (
        'NoneType',
        (
            'gradient is none',
            'x.grad is None here: either backward was not called yet, or x = x - ... made '
            'a new x, and torch keeps the gradient of the first one only; x -= ... '
            'changes x itself',
        ),
    ),
    (
        'second time',
        (
            'function before the loop',
            'f(x) belongs into the loop: each step needs it anew',
        ),
    ),
    (
        'modified by an inplace',
        (
            'function before the loop',
            'f(x) belongs into the loop: each step needs it anew',
        ),
    ),
)


def walk(slope, x, lr, steps, direction=-1, keep=0):
    """Where a walk ends; keep=1: with gradients that are never cleared."""
    gradient = 0
    for _ in range(steps):
        gradient = keep * gradient + slope(x)
        x += direction * lr * gradient
    return x


def check_walk(mine, name, f, slope, *where, first=None):
    """Check one walk; return whether f saw an x whose slope torch was to find.

    first: the mistake that a wrong end means here, in place of all else.
    """
    start, lr, steps = where
    seen, off = [], []  # each x that f saw, and was autograd off then?

    def noted(x):
        if not isinstance(x, torch.Tensor):
            raise TypeError('f wants a tensor')
        seen.append(x)
        off.append(x.requires_grad and not torch.is_grad_enabled())
        return f(x)

    torch.set_grad_enabled(True)
    try:
        got = mine.descend(noted, start, lr, steps)
    except (RuntimeError, TypeError, AttributeError) as error:
        assert 'does not require grad' not in str(error) or not off or not off[-1], (
            'no gradients in function',
            'autograd is switched off while f(x) is computed: only the change of x '
            'belongs in the no_grad block',
        )
        assert (
            'NoneType' not in str(error)
            or not seen
            or not (seen[-1].is_leaf and seen[-1].grad is not None)
        ), (
            'takes result of backward',
            'backward() returns nothing: the slope is in x.grad afterwards',
        )
        for part, mistake in TROUBLE:
            assert part not in str(error), mistake
        raise
    finally:
        on = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
    assert on, (
        'gradients stay off',
        'after your walk autograd is switched off for all that follows: take '
        'with torch.no_grad(), which ends by itself',
    )
    assert isinstance(got, (int, float)) or (
        isinstance(got, torch.Tensor) and got.numel() == 1
    ), ('returns no number', f'you return a {type(got).__name__}, not the one number x')
    given, got = got, got.item() if isinstance(got, torch.Tensor) else got
    right = walk(slope, *where)
    end = torch.tensor(right, dtype=torch.float64)
    assert first is None or abs(got - right) < 2e-4, first
    for wrong, mistake in (
        (
            start,
            (
                'x stays in place',
                f'after {steps} steps x is where it was, {start}: x has to move, not '
                'a copy of it',
            ),
        ),
        (
            walk(slope, *where, direction=1),
            ('walks uphill', 'you walk uphill: minus the slope'),
        ),
        (
            walk(slope, *where, keep=1),
            (
                'gradients never cleared',
                'the gradients are never cleared, so each backward adds to all before',
            ),
        ),
        (
            walk(slope, start, lr, steps - 1),
            ('one step too few', 'that is one step too few'),
        ),
        (
            walk(slope, start, lr, steps + 1),
            ('one step too many', 'that is one step too many'),
        ),
        (
            walk(slope, start, lr, 1),
            ('one step only', 'that is one step only: is the return behind the loop?'),
        ),
        (
            start - steps * lr * slope(start),
            (
                'first slope for all',
                'every step uses the first slope: f(x).backward() belongs into the '
                'loop',
            ),
        ),
        (f(end).item(), ('returns function value', 'that is f(x): return x')),
        (slope(right), ('returns the slope', 'that is the slope: return x')),
        (
            walk(lambda x: math.copysign(1, slope(x)), *where),
            (
                'steps of equal length',
                'each of your steps is as long as lr: multiply it by the slope',
            ),
        ),
        (
            walk(lambda x: 2 * (x - 3), *where),
            (
                'slope of another function',
                'that is the end of a walk down (x - 3)^2, but f is another function '
                'now: let torch find its slope',
            ),
        ),
        (
            walk(slope, 0.0, lr, steps),
            ('begins at zero', f'you begin at 0, but start is {start}'),
        ),
        (
            walk(slope, start, 1, steps),
            ('leaves out lr', 'lr is left out: it shortens each step'),
        ),
        (
            walk(slope, start, 0.1, steps),
            ('fixed lr', f'you walk with a rate of 0.1, but lr is {lr}'),
        ),
        (
            walk(slope, start, lr, 25),
            ('fixed number of steps', f'you take 25 steps, but steps is {steps}'),
        ),
    ):
        assert abs(wrong - right) < 3e-4 or abs(got - wrong) > 1e-4, mistake
    assert abs(got - right) < 2e-4, (
        'wrong end',
        f'{name} from {start}, {steps} steps with lr {lr}, ends at {right:.4f}, and '
        f'yours at {got:.4f}',
    )
    assert not isinstance(given, torch.Tensor), (
        'returns a tensor',
        'you return a tensor, not a float: x.item()',
    )
    return any(x.requires_grad for x in seen)


def check(mine):
    for name, f, slope, *where in (
        ('(x - 3)^2', lambda x: (x - 3) ** 2, lambda x: 2 * (x - 3), 0.5, 0.1, 25),
        (
            '2 (x + 1)^2 - x',
            lambda x: 2 * (x + 1) ** 2 - x,
            lambda x: 4 * x + 3,
            2.0,
            0.04,
            9,
        ),
        ('cos(x)', torch.cos, lambda x: -math.sin(x), 1.0, 0.3, 12),
        ('cos(x)', torch.cos, lambda x: -math.sin(x), -1.0, 0.3, 1),
        ('x^2', lambda x: x * x, lambda x: 2 * x, 5.0, 0.2, 0),
    ):
        wanted = check_walk(mine, name, f, slope, *where)
        assert wanted or name != 'cos(x)', (
            'measures the slope',
            'the places are right, but you measure the slope: let torch find it, with '
            'requires_grad=True and backward',
        )
    check_walk(
        mine,
        'x^2',
        lambda x: x * x,
        lambda x: 2 * x,
        1.0,
        1.1,
        3,
        first=(
            'steers the walk',
            'down x^2 with lr 1.1 each step leads further away, and x goes there: lr stays '
            'as it is, and the last x is returned, not the best',
        ),
    )
    check_walk(
        mine,
        'x / 10^6',
        lambda x: x / 1e6,
        lambda x: 1e-6,
        2.0,
        1e3,
        5,
        first=(
            'stops early',
            'you stop early where the slope is small: make all the steps',
        ),
    )


WRONG = [  # (answer, name of its mistake)
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        with torch.no_grad():
            x += lr * x.grad
    return x.item()
""",
        'walks uphill',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
    return x.item()
""",
        'gradients never cleared',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        x -= lr * x.grad
    return x.item()
""",
        'changes x with notes',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        x = x - lr * x.grad
    return x.item()
""",
        'gradient is none',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        with torch.no_grad():
            x = x - lr * x.grad
    return x.item()
""",
        'x wants no gradient',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start)
    for _ in range(steps):
        f(x).backward()
        x -= lr * x.grad
    return x.item()
""",
        'x wants no gradient',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        x.grad.zero_()
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
    return x.item()
""",
        'gradient is none',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    y = f(x)
    for _ in range(steps):
        x.grad = None
        y.backward()
        with torch.no_grad():
            x -= lr * x.grad
    return x.item()
""",
        'function before the loop',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = start
    for _ in range(steps):
        x -= lr * 2 * (x - 3)
    return x
""",
        'slope of another function',
    ),
    (
        """
def descend(f, start, lr, steps):
    x, step = start, 1e-4
    for _ in range(steps):
        above = f(torch.tensor(x + step, dtype=torch.float64))
        below = f(torch.tensor(x - step, dtype=torch.float64))
        x -= lr * (above - below).item() / (2 * step)
    return x
""",
        'measures the slope',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
    return x.item()
""",
        'begins at zero',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(1, steps):
        x.grad = None
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
    return x.item()
""",
        'one step too few',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
        return x.item()
""",
        'one step only',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        new = x.detach() - lr * x.grad
    return x.item()
""",
        'x stays in place',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        torch.set_grad_enabled(False)
        x -= lr * x.grad
        torch.set_grad_enabled(True)
    torch.set_grad_enabled(False)
    return x.item()
""",
        'gradients stay off',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(25):
        x.grad = None
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
    return x.item()
""",
        'fixed number of steps',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    f(x).backward()
    for _ in range(steps):
        with torch.no_grad():
            x -= lr * x.grad
    return x.item()
""",
        'first slope for all',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        with torch.no_grad():
            x -= 0.1 * x.grad
    return x.item()
""",
        'fixed lr',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
    return f(x).item()
""",
        'returns function value',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        with torch.no_grad():
            x -= lr * torch.sign(x.grad)
    return x.item()
""",
        'steps of equal length',
    ),
    (SOLUTION.replace('x.item()', 'x'), 'returns a tensor'),
    (SOLUTION.replace('x.item()', 'x.detach()'), 'returns a tensor'),
    (
        SOLUTION.replace('tensor(start', 'tensor([start]').replace('x.item()', 'x'),
        'returns a tensor',
    ),
    (
        SOLUTION.replace(
            '        with',
            '        if x.grad.abs() < 1e-2:\n            break\n        with',
        ),
        'stops early',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    best = start
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
        if f(x) < f(torch.tensor(best)):
            best = x.item()
    return best
""",
        'steers the walk',
    ),
    (
        SOLUTION.replace(
            '    return',
            '            if f(x) > f(x + lr * x.grad):\n'
            '                lr /= 2\n    return',
        ),
        'steers the walk',
    ),
    (
        """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    with torch.no_grad():
        for _ in range(steps):
            x.grad = None
            f(x).backward()
            x -= lr * x.grad
    return x.item()
""",
        'no gradients in function',
    ),
    (
        SOLUTION.replace('    for', '    torch.set_grad_enabled(False)\n    for'),
        'no gradients in function',
    ),
    (
        SOLUTION.replace('f(x).b', 'y = f(x).b').replace('lr * x.grad', 'lr * y'),
        'takes result of backward',
    ),
    (
        SOLUTION.replace('torch.tensor(start, requires_grad=True)', 'start'),
        'x is a float',
    ),
    (SOLUTION.replace('f(x)', 'f(start)'), 'start is no tensor'),
    (SOLUTION.replace('x.item()', '[x.item()]'), 'returns no number'),
    (
        SOLUTION.replace('lr * x.grad', 'lr * x.grad\n            lr *= 0.9'),
        'wrong end',
    ),
    (SOLUTION.replace('range(steps)', 'range(steps + 1)'), 'one step too many'),
    (
        SOLUTION.replace(
            '    return x.item()',
            '    x.grad = None\n    f(x).backward()\n    return x.grad.item()',
        ),
        'returns the slope',
    ),
    (SOLUTION.replace('lr * x.grad', 'x.grad'), 'leaves out lr'),
]

RIGHT = [  # other answers that are right
    """
def descend(f, start, lr, steps):
    place = start
    for _ in range(steps):
        x = torch.tensor(place, requires_grad=True)
        f(x).backward()
        place = place - lr * x.grad.item()
    return place
""",
    """
def descend(f, start, lr, steps):
    x = torch.tensor([start], dtype=torch.float64, requires_grad=True)
    for _ in range(steps):
        f(x).backward()
        x.data -= lr * x.grad
        x.grad.zero_()
    return x.item()
""",
    """
def descend(f, start, lr, steps):
    x = torch.tensor(start)
    for _ in range(steps):
        x.requires_grad_(True)
        slope, = torch.autograd.grad(f(x), x)
        x = (x - lr * slope).detach()
    return float(x)
""",
    """
def descend(f, start, lr, steps):
    if steps == 0:
        return start
    x = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        f(x).backward()
        optimizer.step()
    return float(x.detach())
""",
    """
def descend(f, start, lr, steps):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        y = f(x)
        y.backward()
        torch.set_grad_enabled(False)
        x -= lr * x.grad
        torch.set_grad_enabled(True)
        x.grad = None
    return x.detach().numpy().tolist()
""",
]
