"""What is right and wrong in exercise 10."""
import copy

import torch
from torch import nn

FORBIDDEN = ['optim', 'SGD', 'sgd']

HINT = '''One loop does it all. -= changes a tensor itself; a parameter allows that only
where torch takes no notes.'''

SOLUTION = '''
def sgd_step(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad = None
'''


def step(mine, params, lr):
    """What one step of the answer returns; torch's messages in plain words."""
    torch.set_grad_enabled(True)
    try:
        got = mine.sgd_step(params, lr)
    except RuntimeError as error:
        assert 'Boolean value' not in str(error), (
            'a gradient of many numbers is neither True nor False: ask if p.grad is '
            'not None')
        assert 'leaf Variable' not in str(error), (
            'torch takes notes of what is done with parameters, so they may change '
            'only in a block of torch.no_grad()')
        raise
    except (TypeError, AttributeError) as error:
        assert 'NoneType' not in str(error), (
            'the grad of a parameter that took no part in the loss is None: leave it '
            'out')
        raise
    finally:
        on = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
    assert on, 'after your step autograd is switched off for all that follows'
    return got


def compare(params, before, grads, lr, again=False):
    """Assert that each parameter went where it should; again: one step was right."""
    for p, old, grad in zip(params, before, grads):
        if grad is None:
            assert torch.equal(p, old), (
                'a parameter without a gradient has moved: it took no part in the loss')
            continue
        right = old - lr * grad
        for wrong, words in (
                (old + lr * grad, 'you go uphill: p minus lr times the gradient'),
                (old, 'one of the parameters has not moved: go through all of them'),
                (0 * old, 'you clear the parameter, not its gradient: p.grad.zero_()'),
                (old - lr, 'each of your steps is lr: multiply it by the gradient'),
                (old - grad, 'your step is the whole gradient: lr is left out'),
                (old - 0.01 * grad, f'you take 0.01 times the gradient, not {lr}'),
                (lr * grad, 'the step stands in place of the weight: -=, not ='),
                (-lr * grad, 'the step stands in place of the weight: -=, not ='),
                (old - 2 * lr * grad, 'you take two steps'),
                (old * (1 - lr), 'you shrink the weights by themselves: the gradient '
                                 'is missing'),
                (old - lr * grad.mean(), 'you take the mean of the gradient: each '
                                         'weight has its own'),
                (old - lr * grad.sign(), 'you take only the sign of the gradient'),
                (old - lr * grad / grad.norm(), 'you divide by the length of the '
                                                'gradient')):
            assert (torch.allclose(wrong, right, atol=1e-4)
                    or not torch.allclose(p, wrong, atol=1e-6)), words
        assert not again or torch.allclose(p, right, atol=1e-5), (
            'your first step is right and the second is not: keep nothing from one '
            'call to the next')
        assert torch.allclose(p, right, atol=1e-5), (
            f'with lr {lr} and the gradient {grad} a parameter of {old} goes to '
            f'{right}, and yours to {p.detach()}')


def backward(model):
    """Give the parameters gradients; return copies of them and of their gradients."""
    model(torch.randn(8, 3)).pow(2).sum().backward()
    return ([p.detach().clone() for p in model.parameters()],
            [None if p.grad is None else p.grad.clone() for p in model.parameters()])


def check(mine):
    torch.set_grad_enabled(True)
    model = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 2))
    for lr in (0.3, 0.05):
        before, grads = backward(model)
        kept = list(model.parameters())
        params = list(kept)
        got = step(mine, params, lr)
        assert all(p is q for p, q in zip(params, kept)), (
            'params[i] = ... puts a new tensor into the list, and the model keeps its '
            'old one: params[i] -= ...')
        cleared = all(p.grad is None or not p.grad.any() for p in kept)
        assert got is not None or not cleared or not all(
            map(torch.equal, kept, before)), (
            'no weight has moved: you clear the gradient before you use it, or p - ... '
            'makes a new tensor in place of p -= ...')
        assert not all(map(torch.equal, kept, before)), (
            'no weight of the model has moved: p = p - ... only gives the name p to a '
            'new tensor, and p -= ... changes the parameter itself')
        compare(kept, before, grads, lr, again=lr != 0.3)
        assert cleared, (
            'the gradients are still there, and the next backward would add to them: '
            'p.grad = None')
        assert all(p.requires_grad for p in kept), (
            'your parameters no longer want gradients, so this was their last step')
        assert got is None, (
            f'sgd_step returns a {type(got).__name__}, and is to return nothing: the '
            'parameters have changed already')
    with_grad = nn.Parameter(torch.tensor([2.0, -1.0]))
    without = nn.Parameter(torch.tensor([5.0]))
    last = nn.Parameter(torch.tensor([[1.0]]))
    with_grad.grad, last.grad = torch.tensor([1.0, 0.5]), torch.tensor([[-2.0]])
    step(mine, [with_grad, without, last], 0.1)
    assert last.item() != 1 or with_grad[0] == 2, (
        'you stop at the first parameter whose grad is None: go on with the next')
    compare([with_grad, without, last],
            [torch.tensor([2.0, -1.0]), torch.tensor([5.0]), torch.tensor([[1.0]])],
            [torch.tensor([1.0, 0.5]), None, torch.tensor([[-2.0]])], 0.1)
    assert with_grad.grad is None or not with_grad.grad.any(), (
        'a gradient is still there: clear all that are not None')
    assert last.grad is None or not last.grad.any(), (
        'a gradient is still there: go on behind a parameter whose grad is None')
    twin = copy.deepcopy(model)
    before, grads = backward(twin)
    step(mine, twin.parameters(), 0.2)
    params = list(twin.parameters())
    assert not all(map(torch.equal, params, before)), (
        'with params=model.parameters() nothing moves: it serves each parameter once, '
        'so one loop must do it all')
    compare(params, before, grads, 0.2)
    assert all(p.grad is None or not p.grad.any() for p in params), (
        'with params=model.parameters() the gradients are still there: it serves each '
        'parameter once, and your second loop finds nothing')


WRONG = [  # (answer, words that the verdict has)
    (SOLUTION.replace('-=', '+='), 'you go uphill'),
    (SOLUTION.replace('p -= lr', 'p = p - lr'), 'changes the parameter itself'),
    (SOLUTION.replace('p.grad = None', 'pass'), 'the gradients are still there'),
    ('''
def sgd_step(params, lr):
    for p in params:
        if p.grad is not None:
            p -= lr * p.grad
            p.grad = None
''', 'only in a block of torch.no_grad()'),
    ('''
def sgd_step(params, lr):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
            p.grad = None
''', 'took no part in the loss is None'),
    ('''
def sgd_step(params, lr):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
            p.grad.zero_()
''', 'took no part in the loss is None'),
    (SOLUTION.replace('is not None:', 'is None:\n                break\n'
                      '            else:'), 'go on with the next'),
    ('''
def sgd_step(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p -= lr * p.grad
    for p in params:
        p.grad = None
''', 'your second loop finds nothing'),
    ('''
def sgd_step(params, lr):
    for p in params:
        p.grad = p.grad
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad = None
''', 'one loop must do it all'),
    (SOLUTION.replace('lr * p.grad', 'p.grad'), 'lr is left out'),
    (SOLUTION.replace('lr * p.grad', '0.01 * p.grad'), 'you take 0.01 times'),
    (SOLUTION.replace('p -= lr * p.grad', 'p.data = -lr * p.grad'), 'not ='),
    (SOLUTION.replace('p -= lr * p.grad', 'p -= lr * p.grad\n'
                      '                p.requires_grad_(False)'),
     'no longer want gradients'),
    (SOLUTION.replace('lr * p.grad', 'lr * p.grad / p.grad.norm()'),
     'by the length of the gradient'),
    (SOLUTION.replace('lr * p.grad', 'lr * p.grad.mean()'),
     'each weight has its own'),
    ('''
def sgd_step(params, lr):
    optimizer = torch.optim.SGD(params, lr=lr)
    optimizer.step()
    optimizer.zero_grad()
''', 'does it for you'),
    ('''
def sgd_step(params, lr):
    torch.set_grad_enabled(False)
    for p in params:
        if p.grad is not None:
            p -= lr * p.grad
            p.grad = None
''', 'autograd is switched off'),
    ('''
def sgd_step(params, lr):
    new = []
    for p in params:
        if p.grad is not None:
            new.append(p - lr * p.grad)
            p.grad = None
    return new
''', 'no weight of the model has moved'),
    ('''
velocity = {}

def sgd_step(params, lr):
    with torch.no_grad():
        for n, p in enumerate(params):
            if p.grad is not None:
                velocity[n] = 0.9 * velocity.get(n, 0) + p.grad
                p -= lr * velocity[n]
                p.grad = None
''', 'keep nothing from one'),
    (SOLUTION + '    return params\n', 'is to return nothing'),
    ('''
def sgd_step(params, lr):
    with torch.no_grad():
        for p in params:
            p.grad = None
            if p.grad is not None:
                p -= lr * p.grad
''', 'you clear the gradient before you use it'),
    ('''
def sgd_step(params, lr):
    with torch.no_grad():
        for i in range(len(params)):
            if params[i].grad is not None:
                params[i] = params[i] - lr * params[i].grad
                params[i].grad = None
''', 'params[i] -= ...'),
    (SOLUTION.replace(' is not None', ''), 'ask if p.grad is not None'),
    (SOLUTION.replace('p.grad = None', 'p.zero_()'), 'not its gradient'),
]

RIGHT = [  # other answers that are right
    '''
def sgd_step(params, lr):
    for p in params:
        if p.grad is None:
            continue
        p.data = p.data - lr * p.grad
        p.grad.zero_()
''',
    '''
@torch.no_grad()
def sgd_step(params, lr):
    for p in list(params):
        if p.grad is not None:
            p.grad *= lr
            p.copy_(p - p.grad)
            p.grad = None
''',
    '''
def sgd_step(params, lr):
    params = [p for p in params if p.grad is not None]
    for p in params:
        p.detach().sub_(p.grad, alpha=lr)
    for p in params:
        p.grad = torch.zeros_like(p)
''',
    '''
def sgd_step(params, lr):
    if not isinstance(params, list):
        params = list(params)
    while params:
        p = params.pop()
        if p.grad is not None:
            p.data -= lr * p.grad
            p.grad = None
''',
]
