"""What is right and wrong in exercise 16_1."""

import copy
import math

import torch
from torch import nn, optim

HINT = (
    'Copy the model and call train() on the copy. One forward and one backward pass '
    'give you the first three entries; output.shape[1] is k. Then train the copy as in '
    'learn_one_batch of the lesson, and compute the loss once more after the loop.'
)

SOLUTION = """
def checkup(model, images, labels, steps):
    model = copy.deepcopy(model)
    model.train()
    criterion = nn.CrossEntropyLoss()

    output = model(images)
    loss = criterion(output, labels)
    loss.backward()
    guess = math.log(output.shape[1])
    before = loss.item()
    norms = {}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            norms[name] = parameter.grad.norm().item()

    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        output = model(images)
        after = criterion(output, labels).item()
    return {'guess': guess, 'before': before, 'norms': norms, 'after': after}
"""

ENTRIES = ['guess', 'before', 'norms', 'after']


def example(batch_norm=False):
    """A classifier of five classes, and a batch in which only three of them occur."""
    generator = torch.Generator().manual_seed(3)
    layers = [nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 5)]
    if batch_norm:
        layers.insert(2, nn.BatchNorm1d(8))
    model = nn.Sequential(*layers)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5, generator=generator)
    images = torch.randn(6, 1, 3, 4, generator=generator)
    labels = torch.tensor([0, 2, 1, 2, 0, 2])
    return model, images, labels


def loss_of(model, images, labels, reduction='mean'):
    return nn.functional.cross_entropy(model(images), labels, reduction=reduction)


def gradients(model, images, labels):
    """{name: gradient} of the parameters of a model in train() mode."""
    model = copy.deepcopy(model).train()
    loss_of(model, images, labels).backward()
    return {
        name: parameter.grad
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }


def trained(model, images, labels, steps, lr=0.01, kind=optim.Adam, clear=True):
    """The losses before each step, and the one after the last."""
    model = copy.deepcopy(model).train()
    optimizer = kind(model.parameters(), lr=lr)
    losses = []
    if clear is None:  # the gradients of an earlier backward() are there, too
        loss_of(model, images, labels).backward()
    for _ in range(steps):
        if clear:
            optimizer.zero_grad()
        loss = loss_of(model, images, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [*losses, loss_of(model, images, labels).item()]


def close(got, wanted):
    return math.isclose(got, wanted, rel_tol=1e-3, abs_tol=1e-6)


def state_of(model):
    """Copies of all tensors of a model, and of its gradients."""
    tensors = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    grads = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    return tensors, grads, model.training


def check_kept(model, kept):
    tensors, grads, training = kept
    parameters = dict(model.named_parameters())
    for name, tensor in model.state_dict().items():
        if not torch.equal(tensor, tensors[name]):
            assert name not in parameters, (
                'trains the model',
                f'after the call, {name} of the model has changed. Train a copy of the '
                'model, copy.deepcopy(model).',
            )
            raise AssertionError(
                (
                    'changes its buffers',
                    f'after the call, {name} of the model has changed, because batch '
                    'norm counts each batch in train() mode. Use a copy of the model '
                    'for everything, not only for the steps.',
                )
            )
    for (name, parameter), before in zip(parameters.items(), grads):
        same = (
            parameter.grad is None
            if before is None
            else parameter.grad is not None and torch.equal(parameter.grad, before)
        )
        assert same, (
            'changes its gradients',
            f'after the call, the gradient of {name} is another one than before, and it '
            'would be added to the next one. Call backward() on the loss of a copy.',
        )
    assert model.training == training, (
        'changes the mode',
        f'before the call, model.training was {training}, and now it is '
        f'{model.training}. Call train() on the copy.',
    )


def call(mine, model, images, labels, steps):
    got = mine.checkup(model, images, labels, steps)
    assert isinstance(got, dict) and sorted(got) == sorted(ENTRIES), (
        'other entries',
        f'the result should be a dictionary with the entries {", ".join(ENTRIES)}, and '
        f'yours is {sorted(got) if isinstance(got, dict) else type(got).__name__}.',
    )
    numbers = {name: got[name] for name in ENTRIES if name != 'norms'}
    assert isinstance(got['norms'], dict), (
        'norms without names',
        f"'norms' should be a dictionary, and yours is a {type(got['norms']).__name__}. "
        'Store each norm under the name that named_parameters() gives you.',
    )
    for name, number in [*numbers.items(), *got['norms'].items()]:
        assert isinstance(number, float), (
            'not a float',
            f'{name!r} is a {type(number).__name__}, not a float. For a tensor with one '
            'number, item() returns it.',
        )
    return got


def check_numbers(mine):
    model, images, labels = example()
    kept = state_of(model)
    got = call(mine, model, images, labels, 30)
    check_kept(model, kept)

    assert not close(got['guess'], math.log(3)), (
        'counts the labels',
        "your 'guess' is ln 3, because three classes occur in this batch. The model has "
        'five outputs, so it distinguishes five classes: take the size of its output.',
    )
    assert not close(got['guess'], math.log(6)), (
        'counts the images',
        "your 'guess' is ln 6, and 6 is the number of images. The output is [6, 5], so "
        'the number of classes is output.shape[1].',
    )
    assert not close(got['guess'], math.log10(5)), (
        'takes another logarithm',
        "your 'guess' is the logarithm to base 10. Cross entropy uses the natural one, "
        'math.log.',
    )
    assert not close(got['guess'], -math.log(5)), (
        'forgets the minus',
        "your 'guess' is ln(1/5), which is negative. The loss is minus that, ln 5.",
    )
    assert close(got['guess'], math.log(5)), (
        'wrong guess',
        f"for five classes, 'guess' should be ln 5 = 1.609, and yours is "
        f'{got["guess"]:.3f}.',
    )

    losses = trained(model, images, labels, 30)
    total = loss_of(model, images, labels, 'sum').item()
    assert not close(got['before'], total), (
        'sums the losses',
        "your 'before' is the sum over the images. nn.CrossEntropyLoss() returns their "
        'mean.',
    )
    assert not close(got['before'], got['after']), (
        'measures only once',
        f"'before' and 'after' are both {got['before']:.4f}, although the steps lower "
        'the loss. Compute one before the first step and one after the last.',
    )
    assert close(got['before'], losses[0]), (
        'wrong before',
        f"'before' should be {losses[0]:.4f}, and yours is {got['before']:.4f}. Compute "
        'the loss before the first step, from the logits.',
    )

    check_norms(got['norms'], model, images, labels)
    check_after(got['after'], losses, model, images, labels)


def check_norms(norms, model, images, labels):
    wanted = gradients(model, images, labels)
    assert set(norms) != {name for name in wanted if name.endswith('weight')}, (
        'only the weights',
        "'norms' has only the weights. The biases are parameters, too: go through all "
        'of model.named_parameters().',
    )
    assert list(sorted(norms)) == sorted(wanted), (
        'other names',
        f"the names in 'norms' should be {', '.join(wanted)}, and yours are "
        f'{", ".join(map(str, norms))}.',
    )
    values = dict(model.named_parameters())
    for mistake, number in (
        (
            (
                'norms of the weights',
                'you compute the norms of the parameters themselves. Take those of their '
                'gradients, parameter.grad.',
            ),
            lambda name: values[name].norm().item(),
        ),
        (
            (
                'forgets the root',
                'you add up the squares, but the norm is the square root of that sum. '
                'grad.norm() computes it.',
            ),
            lambda name: wanted[name].square().sum().item(),
        ),
        (
            (
                'mean of the gradient',
                'you take the mean of the absolute values. The norm is the square root '
                'of the sum of the squares, grad.norm().',
            ),
            lambda name: wanted[name].abs().mean().item(),
        ),
        (
            (
                'adds two gradients',
                'your norms are twice as large as they should be. backward() was called '
                'twice without zero_grad(), so the gradients were added up.',
            ),
            lambda name: 2 * wanted[name].norm().item(),
        ),
    ):
        assert not all(close(norms[name], number(name)) for name in wanted), mistake
    for name, grad in wanted.items():
        assert close(norms[name], grad.norm().item()), (
            'wrong norms',
            f'the norm for {name} should be {grad.norm().item():.4f}, and yours is '
            f'{norms[name]:.4f}. Compute it from one backward() before the first step.',
        )


def check_after(after, losses, model, images, labels):
    given = model, images, labels
    piled_up = (
        'gradients pile up',
        "your 'after' is what you get without zero_grad(): each backward() adds its "
        'gradients to all earlier ones. Clear them in each step.',
    )
    for mistake, number in (
        (piled_up, trained(*given, 30, clear=False)[-1]),
        (piled_up, trained(*given, 30, clear=None)[-1]),
        (
            (
                'before the last step',
                "your 'after' is the loss that the last step was computed from. The step "
                'has changed the weights, so compute the loss once more after the loop.',
            ),
            losses[-2],
        ),
        (
            (
                'a step too many',
                f"your 'after' is the loss after {len(losses)} steps, and steps is "
                f'{len(losses) - 1}.',
            ),
            trained(*given, len(losses))[-1],
        ),
        (
            (
                'another learning rate',
                "your 'after' belongs to Adam's default learning rate of 0.001. Use "
                'lr=0.01.',
            ),
            trained(*given, 30, lr=0.001)[-1],
        ),
        (
            (
                'another optimizer',
                "your 'after' belongs to SGD. Use optim.Adam.",
            ),
            trained(*given, 30, kind=optim.SGD)[-1],
        ),
    ):
        assert not close(after, number), mistake
    assert close(after, losses[-1]), (
        'wrong after',
        f"'after' should be {losses[-1]:.4f}, and yours is {after:.4f}. Train with the "
        'loop of the lesson, starting from the weights that the model has.',
    )


def check_others(mine):
    """Batch norm has buffers; a model may be in eval(), have gradients, be frozen."""
    model, images, labels = example(batch_norm=True)
    loss_of(model, images, labels).backward()
    model.eval()
    kept = state_of(model)
    got = call(mine, model, images, labels, 3)
    check_kept(model, kept)
    wanted = trained(model, images, labels, 3)
    in_eval = loss_of(model, images, labels).item()
    assert not close(got['before'], in_eval), (
        'measures in eval',
        'the model was in eval() mode, and so was yours when you measured it. Call '
        'train() on the copy.',
    )
    assert close(got['before'], wanted[0]) and close(got['after'], wanted[-1]), (
        'fails with batch norm',
        f'for a model with batch norm, the losses should be {wanted[0]:.4f} and '
        f'{wanted[-1]:.4f}, and yours are {got["before"]:.4f} and {got["after"]:.4f}. '
        'Compute everything in train() mode.',
    )
    norms = {
        name: grad.norm().item()
        for name, grad in gradients(model, images, labels).items()
    }
    assert all(close(got['norms'].get(name, -1), norms[name]) for name in norms), (
        'counts old gradients',
        'the model had gradients before the call, and they are in your norms. A '
        'deep copy has none, or call zero_grad() before backward().',
    )

    model, images, labels = example()
    model[1].requires_grad_(False)
    mistake = (
        'fails with frozen parameters',
        'if the first layer is frozen, its parameters have no gradient, because grad is '
        'None. Leave them out.',
    )
    try:
        got = call(mine, model, images, labels, 1)
    except (AttributeError, TypeError):
        raise AssertionError(mistake) from None
    assert sorted(got['norms']) == ['3.bias', '3.weight'], mistake
    wanted = trained(model, images, labels, 1)
    assert close(got['after'], wanted[-1]), (
        'ignores the steps',
        f"with steps=1, 'after' should be {wanted[-1]:.4f}, and yours is "
        f'{got["after"]:.4f}. Take as many steps as you are told.',
    )


def check(mine):
    check_numbers(mine)
    check_others(mine)


def but(*changes):
    """The solution with other text in places."""
    answer = SOLUTION
    for old, new in changes:
        assert old in answer, old
        answer = answer.replace(old, new)
    return answer


COPY = 'model = copy.deepcopy(model)\n    model.train()'
NORM = 'parameter.grad.norm().item()'
RATE = 'optim.Adam(model.parameters(), lr=0.01)'
LAST = 'after = criterion(output, labels).item()'

WRONG = [  # (answer, name of its mistake)
    (but(('model = copy.deepcopy(model)\n    ', '')), 'trains the model'),
    (
        but(
            ('    model = copy.deepcopy(model)\n', ''),
            ('    optimizer =', '    model = copy.deepcopy(model)\n    optimizer ='),
        ),
        'changes its gradients',
    ),
    (
        but(
            ('    model = copy.deepcopy(model)\n', ''),
            (
                '    optimizer =',
                '    model.zero_grad()\n    model = copy.deepcopy(model)\n    optimizer =',
            ),
        ),
        'changes its buffers',
    ),
    (
        but((COPY, 'model.train()\n    model = copy.deepcopy(model)')),
        'changes the mode',
    ),
    (
        but(
            (
                '    loss = criterion(output, labels)\n    loss.backward()\n    guess',
                '    loss = criterion(output, labels)\n    loss.backward()\n    start = {}\n'
                '    guess',
            ),
            ('    norms = {}\n', '    norms = []\n'),
            (
                'norms[name] = parameter.grad.norm().item()',
                'norms.append(parameter.grad.norm().item())',
            ),
        ),
        'norms without names',
    ),
    (but(("'after': after}", "'loss': after}")), 'other entries'),
    (but(('before = loss.item()', 'before = loss.detach()')), 'not a float'),
    (but((NORM, 'parameter.grad.norm()')), 'not a float'),
    (but(('output.shape[1]', 'len(labels.unique())')), 'counts the labels'),
    (but(('output.shape[1]', 'labels.max().item() + 1')), 'counts the labels'),
    (but(('output.shape[1]', 'output.shape[0]')), 'counts the images'),
    (but(('math.log(', 'math.log10(')), 'takes another logarithm'),
    (but(('math.log(output', 'math.log(1 / output')), 'forgets the minus'),
    (but(('math.log(output.shape[1])', 'math.log(10)')), 'wrong guess'),
    (
        but(('CrossEntropyLoss()', "CrossEntropyLoss(reduction='sum')")),
        'sums the losses',
    ),
    (
        but(('optimizer.step()', 'pass')),
        'measures only once',
    ),
    (
        but(
            (
                'before = loss.item()',
                'before = criterion(output.softmax(1), labels).item()',
            ),
        ),
        'wrong before',
    ),
    (
        but(
            ('if parameter.grad is not None', "if name.endswith('weight')"),
        ),
        'only the weights',
    ),
    (but(('norms[name]', "norms['model.' + name]")), 'other names'),
    (but((NORM, 'parameter.norm().item()')), 'norms of the weights'),
    (but((NORM, 'parameter.grad.square().sum().item()')), 'forgets the root'),
    (but((NORM, 'parameter.grad.abs().mean().item()')), 'mean of the gradient'),
    (
        but(
            (
                '    loss.backward()\n    guess',
                '    loss.backward()\n    criterion(model(images), labels).backward()\n'
                '    guess',
            )
        ),
        'adds two gradients',
    ),
    (but((NORM, 'parameter.grad.abs().max().item()')), 'wrong norms'),
    (but((LAST, 'after = loss.item()')), 'before the last step'),
    (but(('range(steps)', 'range(steps + 1)')), 'a step too many'),
    (but(('        optimizer.zero_grad()\n', '')), 'gradients pile up'),
    (but((RATE, 'optim.Adam(model.parameters())')), 'another learning rate'),
    (but((RATE, 'optim.SGD(model.parameters(), lr=0.01)')), 'another optimizer'),
    (but((RATE, 'optim.Adam(model.parameters(), lr=0.1)')), 'wrong after'),
    (but(('    model.train()\n', '')), 'measures in eval'),
    (
        but(
            (
                '    with torch.no_grad():\n',
                '    model.eval()\n    with torch.no_grad():\n',
            )
        ),
        'fails with batch norm',
    ),
    (
        but(
            (
                '    model = copy.deepcopy(model)\n',
                '    given = model\n    model = copy.deepcopy(model)\n'
                '    for new, old in zip(model.parameters(), given.parameters()):\n'
                '        if old.grad is not None:\n'
                '            new.grad = old.grad.clone()\n',
            )
        ),
        'counts old gradients',
    ),
    (
        but(
            ('        if parameter.grad is not None:\n    ', ''),
        ),
        'fails with frozen parameters',
    ),
    (but(('range(steps)', 'range(30 if steps != 3 else 3)')), 'ignores the steps'),
]

RIGHT = [  # other answers that are right
    """
def checkup(model, images, labels, steps):
    was_training = model.training
    patient = copy.deepcopy(model).train()
    logits = patient(images)
    logits = logits - logits.logsumexp(dim=1, keepdim=True)
    loss = -logits.gather(1, labels.view(-1, 1)).mean()
    names, parameters = zip(
        *[(n, p) for n, p in patient.named_parameters() if p.requires_grad])
    grads = torch.autograd.grad(loss, parameters)
    report = dict(guess=float(torch.tensor(float(logits.size(-1))).log()),
                  before=loss.item(),
                  norms={n: float((g ** 2).sum().sqrt()) for n, g in zip(names, grads)})
    optimizer = optim.Adam(parameters, lr=1e-2)
    while steps > 0:
        patient.zero_grad()
        nn.functional.cross_entropy(patient(images), labels).backward()
        optimizer.step()
        steps -= 1
    report['after'] = nn.functional.cross_entropy(patient(images), labels).item()
    return report
""",
    """
def checkup(model, images, labels, steps):
    first, second = copy.deepcopy(model), copy.deepcopy(model)
    first.train()
    second.train()
    criterion = nn.CrossEntropyLoss()
    loss = criterion(first(images), labels)
    loss.backward()
    norms = {name: torch.linalg.vector_norm(p.grad).item()
             for name, p in first.named_parameters() if p.requires_grad}
    optimizer = optim.Adam(second.parameters(), lr=0.01)
    for step in range(steps + 1):
        optimizer.zero_grad()
        late = criterion(second(images), labels)
        if step == steps:
            break
        late.backward()
        optimizer.step()
    with torch.no_grad():
        k = len(first(images)[0])
    return {'norms': norms, 'after': late.item(), 'guess': math.log(k),
            'before': loss.item()}
""",
]
