"""What is right and wrong in exercise 13."""

import copy

import torch
from torch import nn

FORBIDDEN = ['optim', 'SGD', 'sgd', 'torch.optim']

HINT = (
    'model.parameters() can be walked through only once, so keep list(parameters), '
    'and beside it a list of velocities. In step, torch should take no notes.'
)

SOLUTION = """
class Momentum:
    def __init__(self, parameters, lr, momentum):
        self.parameters = list(parameters)
        self.velocities = [torch.zeros_like(p) for p in self.parameters]
        self.lr, self.momentum = lr, momentum

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        with torch.no_grad():
            for p, velocity in zip(self.parameters, self.velocities):
                if p.grad is not None:
                    velocity.mul_(self.momentum).add_(p.grad)
                    p -= self.lr * velocity
"""


class Reference:  # optim.SGD would do, but takes seconds to load
    def __init__(self, parameters, lr, momentum=0):
        self.parameters = list(parameters)
        self.lr = lr
        self.momentum = momentum
        self.velocities = [torch.zeros_like(p) for p in self.parameters]

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        for p, velocity in zip(self.parameters, self.velocities):
            if p.grad is not None:
                velocity.copy_(self.momentum * velocity + p.grad)
                p.data -= self.lr * velocity


images = torch.randn(8, 3, generator=torch.Generator().manual_seed(3))
labels = torch.arange(8) % 2


def backward(model):
    nn.CrossEntropyLoss()(model(images), labels).backward()


def move(optimizer, model):
    """Make a step, and return by how much the parameters moved, in one row."""
    before = [p.detach().clone() for p in model.parameters()]
    gradients = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    try:
        optimizer.step()
    except RuntimeError as error:
        assert 'leaf' not in str(error), (
            'steps with notes',
            'torch takes notes of your step, and refuses: with torch.no_grad():',
        )
        other_shape = 'must match' in str(error) or 'broadcast' in str(error)
        assert not other_shape, (
            'velocity of another shape',
            'a velocity has the shape of another parameter: each parameter has its own',
        )
        raise
    enabled = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    assert enabled, (
        'switches gradients off',
        'after your step gradients are off for all that follows: with torch.no_grad():',
    )
    for p, gradient in zip(model.parameters(), gradients):
        assert gradient is None or torch.equal(p.grad, gradient), (
            'changes the gradients',
            'step changed the gradients: velocity and gradient are two tensors',
        )
    return torch.cat(
        [(p.detach() - old).flatten() for p, old in zip(model.parameters(), before)]
    )


def clear(optimizer, model):
    optimizer.zero_grad()
    left = [p for p in model.parameters() if p.grad is not None and p.grad.any()]
    assert not left, (
        'gradients not cleared',
        'after zero_grad the gradients are still there: set each p.grad to None (and '
        'keep list(parameters): model.parameters() can be walked through only once)',
    )


def next_moves(optimizer, model, steps):
    """Train for some steps, and return the moves."""
    moves = []
    for _ in range(steps):
        clear(optimizer, model)
        backward(model)
        moves.append(move(optimizer, model))
    return moves


def close(one, two):
    return torch.allclose(one, two, rtol=1e-4, atol=1e-6)


def check(mine):
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
    twin = copy.deepcopy(model)
    listed = copy.deepcopy(model)
    plain = copy.deepcopy(model)
    summed = copy.deepcopy(model)
    optimizer = mine.Momentum(model.parameters(), lr=0.1, momentum=0.9)
    assert all(p.requires_grad for p in model.parameters()), (
        'freezes the parameters',
        'the parameters have lost requires_grad: leave that as it is',
    )
    theirs = Reference(twin.parameters(), lr=0.1, momentum=0.9)
    backward(model)
    clear(optimizer, model)
    backward(model)
    backward(twin)
    moved = move(optimizer, model)
    wanted = move(theirs, twin)
    if not moved.any():
        optimizer = mine.Momentum(list(listed.parameters()), lr=0.1, momentum=0.9)
        backward(listed)
        optimizer.zero_grad()
        backward(listed)
        assert not move(optimizer, listed).any(), (
            'walks through parameters once',
            'step found no parameters: model.parameters() can be walked through only '
            'once, so keep list(parameters)',
        )
        optimizer.zero_grad()
        backward(listed)
        assert not move(optimizer, listed).any(), (
            'steps before velocity',
            'your first step is 0: first the new velocity, then the step with it',
        )
    assert moved.any(), (
        'model stands still',
        'the model has not moved: p = p - ... makes a new tensor, p -= ... changes the '
        "model's",
    )
    assert not close(moved, -wanted), (
        'goes uphill',
        'your step goes uphill: minus lr * velocity',
    )
    assert not close(moved, wanted * 0.1), (
        'gradient scaled down',
        'your first step is a tenth as long: add the whole gradient, not '
        '(1 - momentum) of it',
    )
    assert not close(moved, wanted * 10), (
        'forgets learning rate',
        'lr is missing: your step is too long',
    )
    assert close(moved, wanted), (
        'wrong first step',
        'the first step, with velocities of 0, is -lr * gradient, and yours is not',
    )

    # Two more steps, and the same in ways that are wrong
    second, third = next_moves(optimizer, model, 2)
    wanted_second, wanted_third = next_moves(theirs, twin, 2)
    forgetful = Reference(plain.parameters(), lr=0.1)
    _, without_memory = next_moves(forgetful, plain, 2)
    assert not close(second, without_memory), (
        'forgets the first step',
        'the second step forgets the first: keep the velocities in self, from step '
        'to step',
    )
    undamped = Reference(summed.parameters(), lr=0.1, momentum=1)
    _, without_factor = next_moves(undamped, summed, 2)
    assert not close(second, without_factor), (
        'velocity in full',
        'the old velocity counts in full: multiply it by momentum',
    )
    assert second.any(), (
        'only first step counts',
        'only your first step moved the model: keep list(parameters)',
    )
    assert close(second, wanted_second), (
        'wrong second step',
        'your second step is not -lr * (momentum * velocity + gradient)',
    )
    assert close(third, wanted_third), (
        'wrong third step',
        'your third step is not what the formulas give',
    )

    # Other numbers; two at once; a parameter that takes no part in the loss
    pair = [nn.Linear(3, 2), nn.Linear(3, 2)]
    twins = copy.deepcopy(pair)
    numbers = [{'lr': 0.5, 'momentum': 0.0}, {'lr': 0.02, 'momentum': 0.5}]
    optimizers = [mine.Momentum(one.parameters(), **n) for one, n in zip(pair, numbers)]
    theirs = [Reference(one.parameters(), **n) for one, n in zip(twins, numbers)]
    for _ in range(2):
        for one, two, optimizer, other in zip(pair, twins, optimizers, theirs):
            backward(one)
            backward(two)
            try:
                moved = move(optimizer, one)
            except (RuntimeError, AssertionError):  # velocities of other shapes
                moved = torch.tensor(torch.nan)
            assert close(moved, move(other, two)), (
                'optimizer without own numbers',
                'lr and momentum are not those given, or two optimizers at once get in '
                "each other's way: keep all in self",
            )
            clear(optimizer, one)
            other.zero_grad()
    model = nn.ParameterList(nn.Parameter(torch.ones(2)) for _ in range(3))
    twin = copy.deepcopy(model)
    optimizer = mine.Momentum(model.parameters(), lr=0.1, momentum=0.9)
    theirs = Reference(twin.parameters(), lr=0.1, momentum=0.9)
    for step, given in enumerate(((0, 2), (0, 1, 2), (0, 2))):
        for one in model, twin:
            for i, p in enumerate(one):
                p.grad = torch.full((2,), i + 1.0) if i in given else None
        try:
            moved = move(optimizer, model)
            wanted = move(theirs, twin)
            clear(optimizer, model)
        except (TypeError, AttributeError):
            raise AssertionError(
                (
                    'fails without a gradient',
                    'a parameter that takes no part in the loss has the gradient None: '
                    'skip it',
                )
            ) from None
        second = moved[2:4]
        third = moved[4:]
        if step == 0:
            assert third.any(), (
                'stops without a gradient',
                'a parameter after one without a gradient stands still: continue, not '
                'return',
            )
            assert not second.any(), (
                'moves without gradient',
                'a parameter without gradient has moved',
            )
        if 1 not in given:
            assert not second.any(), (
                'moves by old velocity',
                'a parameter without a gradient moved by its old velocity: leave it as '
                'it was',
            )
        assert close(moved, wanted), (
            'mixes up velocities',
            'when the gradient of a parameter is None in some steps, the velocities '
            'get mixed up: count all parameters, so that each keeps its own',
        )


def but(old, new):
    """The solution with one thing changed."""
    assert old in SOLUTION
    return SOLUTION.replace(old, new)


BY_LIST = """
class Momentum:
    def __init__(self, parameters, lr, momentum):
        self.parameters, self.velocities = {keep}
        self.lr, self.momentum = lr, momentum

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        for i, p in enumerate(self.parameters):
            if p.grad is not None:
                {step}
"""

WRONG = [  # (answer, name of its mistake)
    (but('list(parameters)', 'parameters'), 'gradients not cleared'),
    (
        BY_LIST.format(keep='parameters, [0] * 4', step='p.data -= self.lr * p.grad'),
        'walks through parameters once',
    ),
    (
        but('velocity.mul_(self.momentum).add_(p.grad)', 'velocity = p.grad'),
        'forgets the first step',
    ),
    (
        but(
            'velocity.mul_(self.momentum).add_(p.grad)',
            'velocity = self.momentum * torch.zeros_like(p) + p.grad',
        ),
        'forgets the first step',
    ),
    (
        but(
            'velocity.mul_(self.momentum).add_(p.grad)',
            'velocity = self.momentum * velocity + p.grad',
        ),
        'forgets the first step',
    ),
    (but('velocity.mul_(self.momentum)', 'velocity'), 'velocity in full'),
    (but('add_(p.grad)', 'add_((1 - self.momentum) * p.grad)'), 'gradient scaled down'),
    (but('p -=', 'p +='), 'goes uphill'),
    (
        but('p -= self.lr * velocity', 'p = p - self.lr * velocity'),
        'model stands still',
    ),
    (but('self.lr * velocity', 'velocity'), 'forgets learning rate'),
    (but('torch.no_grad()', 'torch.enable_grad()'), 'steps with notes'),
    (
        but('with torch.no_grad()', 'torch.set_grad_enabled(False)\n        if True'),
        'switches gradients off',
    ),
    (but('if p.grad is not None', 'if True'), 'fails without a gradient'),
    (
        but(
            'if p.grad is not None',
            'if p.grad is None:\n                    return\n                if True',
        ),
        'stops without a gradient',
    ),
    (
        but(
            'zip(self.parameters, self.velocities)',
            'zip([p for p in self.parameters if p.grad is not None], self.velocities)',
        ),
        'mixes up velocities',
    ),
    (
        but(
            '                    p -=',
            '                if velocity.any():\n                    p -=',
        ),
        'moves by old velocity',
    ),
    (
        but(
            '                    velocity.mul_(self.momentum).add_(p.grad)\n'
            '                    p -= self.lr * velocity',
            '                    p -= self.lr * velocity\n'
            '                    velocity.mul_(self.momentum).add_(p.grad)',
        ),
        'steps before velocity',
    ),
    (but('p.grad = None', 'p = None'), 'gradients not cleared'),
    (
        but(
            'velocity.mul_(self.momentum).add_(p.grad)',
            'p.grad += self.momentum * velocity\n                    '
            'velocity.copy_(p.grad)',
        ),
        'changes the gradients',
    ),
    (but('lr, momentum\n', '0.1, 0.9\n'), 'optimizer without own numbers'),
    (
        BY_LIST.format(
            keep='list(parameters), velocities',
            step='velocities[i] = (self.'
            'momentum * velocities[i] + p.grad)\n                p.data -= '
            'self.lr * velocities[i]',
        )
        + '\n\nvelocities = [0] * 4\n',
        'optimizer without own numbers',
    ),
    (
        BY_LIST.format(
            keep='list(parameters), 0',
            step='self.velocities = self.momentum '
            '* self.velocities + p.grad\n                p.data -= '
            'self.lr * self.velocities',
        ),
        'velocity of another shape',
    ),
    (
        BY_LIST.format(
            keep='list(parameters), {}',
            step='v = self.velocities.get(p.shape,'
            ' 0)\n                v = self.momentum * v + p.grad\n'
            '                self.velocities[p.shape] = v\n'
            '                p.data -= self.lr * v',
        ),
        'wrong first step',
    ),
    (
        but(
            'self.lr, self.momentum = lr, momentum',
            'self.optimizer = torch.optim.SGD(self.parameters, lr, momentum)',
        ),
        'uses what is forbidden',
    ),
    (
        but('mul_(self.momentum).add_(p.grad)', 'add_(p.grad).mul_(self.momentum)'),
        'wrong first step',
    ),
    (
        but('list(parameters)', '[p.requires_grad_(False) for p in parameters]'),
        'freezes the parameters',
    ),
    (
        but('p -= self.lr * velocity', 'p -= self.lr * velocity\n        self.lr = 0'),
        'only first step counts',
    ),
    (
        but(
            'add_(p.grad)',
            'add_(p.grad if not velocity.any() else (1 - self.momentum) * p.grad)',
        ),
        'wrong second step',
    ),
    (
        BY_LIST.format(
            keep='list(parameters), [0] * 4',
            step='v = self.momentum * '
            'self.velocities[i] + p.grad\n                '
            'self.velocities[i] = p.grad.clone()\n                '
            'p.data -= self.lr * v',
        ),
        'wrong third step',
    ),
    (
        but(
            '                if p.grad is not None:\n                    velocity',
            '                if p.grad is not None:\n                    gradient = p.grad'
            '\n                if True:\n                    velocity',
        ).replace('add_(p.grad)', 'add_(gradient)'),
        'moves without gradient',
    ),
]

RIGHT = [  # other answers that are right
    BY_LIST.format(
        keep='list(parameters), {}',
        step='old = self.velocities.get(i, 0)\n'
        '                self.velocities[i] = self.momentum * old + p.grad\n'
        '                p.data = p.data - self.lr * self.velocities[i]',
    ),
    but(
        'velocity.mul_(self.momentum).add_(p.grad)',  # lr within the velocity
        'velocity.mul_(self.momentum).add_(self.lr * p.grad)',
    ).replace('p -= self.lr * velocity', 'p.sub_(velocity)'),
    but(
        '            p.grad = None',
        '            if p.grad is not None:\n                p.grad.zero_()',
    ),
    """
class Momentum:
    def __init__(self, parameters, lr, momentum):
        self.pairs = [[p, 0] for p in parameters]
        self.lr, self.momentum = lr, momentum

    def zero_grad(self):
        for p, _ in self.pairs:
            p.grad = None

    @torch.no_grad()
    def step(self):
        for pair in self.pairs:
            if pair[0].grad is not None:
                pair[1] = pair[1] * self.momentum + pair[0].grad
                pair[0].copy_(pair[0] - self.lr * pair[1])
""",
]
