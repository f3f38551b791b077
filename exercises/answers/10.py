"""What is right and wrong in exercise 10."""

import copy

import torch
from torch import nn

FORBIDDEN = ['optim', 'SGD', 'sgd']

HINT = """One loop does it all. -= changes a tensor itself; a parameter allows that only
where torch takes no notes."""

SOLUTION = """
def sgd_step(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad = None
"""


def step(mine, params, lr):
    """What one step of the answer returns; torch's messages in plain words."""
    torch.set_grad_enabled(True)
    try:
        got = mine.sgd_step(params, lr)
    except RuntimeError as error:
        assert 'Boolean value' not in str(error), (
            'asks if gradient true',
            'a gradient of many numbers is neither True nor False: ask if p.grad is '
            'not None',
        )
        assert 'leaf Variable' not in str(error), (
            'changes parameters with notes',
            'torch takes notes of what is done with parameters, so they may change '
            'only in a block of torch.no_grad()',
        )
        raise
    except (TypeError, AttributeError) as error:
        assert 'NoneType' not in str(error), (
            'gradient is none',
            'the grad of a parameter that took no part in the loss is None: leave it '
            'out',
        )
        raise
    finally:
        on = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
    assert on, (
        'gradients stay off',
        'after your step autograd is switched off for all that follows',
    )
    return got


def compare(params, before, grads, lr, again=False):
    """Assert that each parameter went where it should; again: one step was right."""
    for p, old, grad in zip(params, before, grads):
        if grad is None:
            assert torch.equal(p, old), (
                'moves without gradient',
                'a parameter without a gradient has moved: it took no part in the loss',
            )
            continue
        right = old - lr * grad
        for wrong, mistake in (
            (
                old + lr * grad,
                ('walks uphill', 'you go uphill: p minus lr times the gradient'),
            ),
            (
                old,
                (
                    'one parameter not moved',
                    'one of the parameters has not moved: go through all of them',
                ),
            ),
            (
                0 * old,
                (
                    'clears the parameter',
                    'you clear the parameter, not its gradient: p.grad.zero_()',
                ),
            ),
            (
                old - lr,
                (
                    'steps of equal length',
                    'each of your steps is lr: multiply it by the gradient',
                ),
            ),
            (
                old - grad,
                ('leaves out lr', 'your step is the whole gradient: lr is left out'),
            ),
            (
                old - 0.01 * grad,
                ('fixed lr', f'you take 0.01 times the gradient, not {lr}'),
            ),
            (
                lr * grad,
                (
                    'step replaces weight',
                    'the step stands in place of the weight: -=, not =',
                ),
            ),
            (
                -lr * grad,
                (
                    'step replaces weight',
                    'the step stands in place of the weight: -=, not =',
                ),
            ),
            (old - 2 * lr * grad, ('two steps', 'you take two steps')),
            (
                old * (1 - lr),
                (
                    'shrinks the weights',
                    'you shrink the weights by themselves: the gradient is missing',
                ),
            ),
            (
                old - lr * grad.mean(),
                (
                    'mean of the gradient',
                    'you take the mean of the gradient: each weight has its own',
                ),
            ),
            (
                old - lr * grad.sign(),
                ('sign of the gradient', 'you take only the sign of the gradient'),
            ),
            (
                old - lr * grad / grad.norm(),
                ('normalizes the gradient', 'you divide by the length of the gradient'),
            ),
        ):
            assert torch.allclose(wrong, right, atol=1e-4) or not torch.allclose(
                p, wrong, atol=1e-6
            ), mistake
        assert not again or torch.allclose(p, right, atol=1e-5), (
            'keeps a state',
            'your first step is right and the second is not: keep nothing from one '
            'call to the next',
        )
        assert torch.allclose(p, right, atol=1e-5), (
            'wrong step',
            f'with lr {lr} and the gradient {grad} a parameter of {old} goes to '
            f'{right}, and yours to {p.detach()}',
        )


def backward(model):
    """Give the parameters gradients; return copies of them and of their gradients."""
    model(torch.randn(8, 3)).pow(2).sum().backward()
    return (
        [p.detach().clone() for p in model.parameters()],
        [None if p.grad is None else p.grad.clone() for p in model.parameters()],
    )


def check(mine):
    torch.set_grad_enabled(True)
    model = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 2))
    for lr in (0.3, 0.05):
        before, grads = backward(model)
        kept = list(model.parameters())
        params = list(kept)
        got = step(mine, params, lr)
        assert all(p is q for p, q in zip(params, kept)), (
            'replaces list entries',
            'params[i] = ... puts a new tensor into the list, and the model keeps its '
            'old one: params[i] -= ...',
        )
        cleared = all(p.grad is None or not p.grad.any() for p in kept)
        assert (
            got is not None or not cleared or not all(map(torch.equal, kept, before))
        ), (
            'clears or copies first',
            'no weight has moved: you clear the gradient before you use it, or p - ... '
            'makes a new tensor in place of p -= ...',
        )
        assert not all(map(torch.equal, kept, before)), (
            'renames the parameter',
            'no weight of the model has moved: p = p - ... only gives the name p to a '
            'new tensor, and p -= ... changes the parameter itself',
        )
        compare(kept, before, grads, lr, again=lr != 0.3)
        assert cleared, (
            'gradients not cleared',
            'the gradients are still there, and the next backward would add to them: '
            'p.grad = None',
        )
        assert all(p.requires_grad for p in kept), (
            'parameters no longer learn',
            'your parameters no longer want gradients, so this was their last step',
        )
        assert got is None, (
            'returns something',
            f'sgd_step returns a {type(got).__name__}, and is to return nothing: the '
            'parameters have changed already',
        )
    with_grad = nn.Parameter(torch.tensor([2.0, -1.0]))
    without = nn.Parameter(torch.tensor([5.0]))
    last = nn.Parameter(torch.tensor([[1.0]]))
    with_grad.grad, last.grad = torch.tensor([1.0, 0.5]), torch.tensor([[-2.0]])
    step(mine, [with_grad, without, last], 0.1)
    assert last.item() != 1 or with_grad[0] == 2, (
        'stops at first none',
        'you stop at the first parameter whose grad is None: go on with the next',
    )
    compare(
        [with_grad, without, last],
        [torch.tensor([2.0, -1.0]), torch.tensor([5.0]), torch.tensor([[1.0]])],
        [torch.tensor([1.0, 0.5]), None, torch.tensor([[-2.0]])],
        0.1,
    )
    assert with_grad.grad is None or not with_grad.grad.any(), (
        'one gradient not cleared',
        'a gradient is still there: clear all that are not None',
    )
    assert last.grad is None or not last.grad.any(), (
        'clears until first none',
        'a gradient is still there: go on behind a parameter whose grad is None',
    )
    twin = copy.deepcopy(model)
    before, grads = backward(twin)
    step(mine, twin.parameters(), 0.2)
    params = list(twin.parameters())
    assert not all(map(torch.equal, params, before)), (
        'uses generator up',
        'with params=model.parameters() nothing moves: it serves each parameter once, '
        'so one loop must do it all',
    )
    compare(params, before, grads, 0.2)
    assert all(p.grad is None or not p.grad.any() for p in params), (
        'second loop finds nothing',
        'with params=model.parameters() the gradients are still there: it serves each '
        'parameter once, and your second loop finds nothing',
    )


WRONG = [  # (answer, name of its mistake)
    (SOLUTION.replace('-=', '+='), 'walks uphill'),
    (SOLUTION.replace('p -= lr', 'p = p - lr'), 'renames the parameter'),
    (SOLUTION.replace('p.grad = None', 'pass'), 'gradients not cleared'),
    (
        """
def sgd_step(params, lr):
    for p in params:
        if p.grad is not None:
            p -= lr * p.grad
            p.grad = None
""",
        'changes parameters with notes',
    ),
    (
        """
def sgd_step(params, lr):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
            p.grad = None
""",
        'gradient is none',
    ),
    (
        """
def sgd_step(params, lr):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
            p.grad.zero_()
""",
        'gradient is none',
    ),
    (
        SOLUTION.replace(
            'is not None:', 'is None:\n                break\n            else:'
        ),
        'stops at first none',
    ),
    (
        """
def sgd_step(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p -= lr * p.grad
    for p in params:
        p.grad = None
""",
        'second loop finds nothing',
    ),
    (
        """
def sgd_step(params, lr):
    for p in params:
        p.grad = p.grad
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad = None
""",
        'uses generator up',
    ),
    (SOLUTION.replace('lr * p.grad', 'p.grad'), 'leaves out lr'),
    (SOLUTION.replace('lr * p.grad', '0.01 * p.grad'), 'fixed lr'),
    (
        SOLUTION.replace('p -= lr * p.grad', 'p.data = -lr * p.grad'),
        'step replaces weight',
    ),
    (
        SOLUTION.replace(
            'p -= lr * p.grad',
            'p -= lr * p.grad\n                p.requires_grad_(False)',
        ),
        'parameters no longer learn',
    ),
    (
        SOLUTION.replace('lr * p.grad', 'lr * p.grad / p.grad.norm()'),
        'normalizes the gradient',
    ),
    (SOLUTION.replace('lr * p.grad', 'lr * p.grad.mean()'), 'mean of the gradient'),
    (
        """
def sgd_step(params, lr):
    optimizer = torch.optim.SGD(params, lr=lr)
    optimizer.step()
    optimizer.zero_grad()
""",
        'uses what is forbidden',
    ),
    (
        """
def sgd_step(params, lr):
    torch.set_grad_enabled(False)
    for p in params:
        if p.grad is not None:
            p -= lr * p.grad
            p.grad = None
""",
        'gradients stay off',
    ),
    (
        """
def sgd_step(params, lr):
    new = []
    for p in params:
        if p.grad is not None:
            new.append(p - lr * p.grad)
            p.grad = None
    return new
""",
        'renames the parameter',
    ),
    (
        """
velocity = {}

def sgd_step(params, lr):
    with torch.no_grad():
        for n, p in enumerate(params):
            if p.grad is not None:
                velocity[n] = 0.9 * velocity.get(n, 0) + p.grad
                p -= lr * velocity[n]
                p.grad = None
""",
        'keeps a state',
    ),
    (SOLUTION + '    return params\n', 'returns something'),
    (
        """
def sgd_step(params, lr):
    with torch.no_grad():
        for p in params:
            p.grad = None
            if p.grad is not None:
                p -= lr * p.grad
""",
        'clears or copies first',
    ),
    (
        """
def sgd_step(params, lr):
    with torch.no_grad():
        for i in range(len(params)):
            if params[i].grad is not None:
                params[i] = params[i] - lr * params[i].grad
                params[i].grad = None
""",
        'replaces list entries',
    ),
    (SOLUTION.replace(' is not None', ''), 'asks if gradient true'),
    (SOLUTION.replace('p.grad = None', 'p.zero_()'), 'clears the parameter'),
    (SOLUTION.replace('p -= lr * p.grad', 'p -= lr'), 'steps of equal length'),
    (
        SOLUTION.replace('for p in params', 'for p in list(params)[1:]'),
        'one parameter not moved',
    ),
    (SOLUTION.replace('p -= lr * p.grad', 'p -= 2 * lr * p.grad'), 'two steps'),
    (SOLUTION.replace('lr * p.grad', 'lr * p'), 'shrinks the weights'),
    (SOLUTION.replace('lr * p.grad', 'lr * p.grad.sign()'), 'sign of the gradient'),
    (SOLUTION.replace('lr * p.grad', 'lr * p.grad.clamp(-0.1, 0.1)'), 'wrong step'),
    (
        SOLUTION.replace(
            '= None\n', '= None\n            else:\n                p -= lr * p\n'
        ),
        'moves without gradient',
    ),
    (
        """
def sgd_step(params, lr):
    params = list(params)
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p -= lr * p.grad
    if all(p.grad is not None for p in params):
        for p in params:
            p.grad = None
""",
        'one gradient not cleared',
    ),
    (
        """
def sgd_step(params, lr):
    params = list(params)
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p -= lr * p.grad
    for p in params:
        if p.grad is None:
            break
        p.grad = None
""",
        'clears until first none',
    ),
]

RIGHT = [  # other answers that are right
    """
def sgd_step(params, lr):
    for p in params:
        if p.grad is None:
            continue
        p.data = p.data - lr * p.grad
        p.grad.zero_()
""",
    """
@torch.no_grad()
def sgd_step(params, lr):
    for p in list(params):
        if p.grad is not None:
            p.grad *= lr
            p.copy_(p - p.grad)
            p.grad = None
""",
    """
def sgd_step(params, lr):
    params = [p for p in params if p.grad is not None]
    for p in params:
        p.detach().sub_(p.grad, alpha=lr)
    for p in params:
        p.grad = torch.zeros_like(p)
""",
    """
def sgd_step(params, lr):
    if not isinstance(params, list):
        params = list(params)
    while params:
        p = params.pop()
        if p.grad is not None:
            p.data -= lr * p.grad
            p.grad = None
""",
]
