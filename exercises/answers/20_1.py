"""What is right and wrong in exercise 20_1."""

import copy

import torch
from torch import nn, optim

HINT = (
    'requires_grad_(False) freezes all parameters of a module, so freeze the whole '
    'backbone first and then unfreeze what should learn. modules() also finds layers '
    'that are inside of others.'
)

SOLUTION = """
def make_optimizer(backbone, head, lr):
    last_block = backbone[-1]
    backbone.requires_grad_(False)
    last_block.requires_grad_(True)
    head.requires_grad_(True)
    return optim.AdamW([{'params': last_block.parameters(), 'lr': lr / 10},
                        {'params': head.parameters()}], lr=lr)


def train_mode(backbone, head):
    backbone.train()
    head.train()
    for layer in backbone.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()
"""


def block(inputs, outputs):
    """A block whose batch norm and dropout are inside of another module."""
    inside = nn.Sequential(nn.BatchNorm2d(outputs), nn.ReLU(), nn.Dropout2d(0.2))
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), inside)


def parts():
    """A backbone of three blocks, and a head."""
    return nn.Sequential(block(3, 4), block(4, 6), block(6, 5)), nn.Linear(5, 2)


def same(state, before):
    return all(torch.equal(state[name], before[name]) for name in before)


def names_of(parameters, backbone, head):
    """What the parameters are called: 'backbone.2.0.weight', 'head.bias'."""
    names = {id(p): f'backbone.{name}' for name, p in backbone.named_parameters()}
    names |= {id(p): f'head.{name}' for name, p in head.named_parameters()}
    return [names.get(id(p), 'a tensor of another model') for p in parameters]


def check_gradients(backbone, head, case):
    for number, one in enumerate(backbone[:-1]):
        learning = [name for name, p in one.named_parameters() if p.requires_grad]
        assert not learning, (
            'earlier blocks not frozen',
            f'{case}, backbone[{number}].{learning[0]} still requires gradients '
            'afterward. Freeze the whole backbone first, with requires_grad_(False).',
        )
    frozen = [
        name for name, p in backbone[-1].named_parameters() if not p.requires_grad
    ]
    assert not frozen, (
        'last block frozen',
        f'{case}, {frozen[0]} of backbone[-1] is frozen afterward, so it gets no '
        'gradients and the optimizer leaves it alone. Call requires_grad_(True) for the '
        'whole last block.',
    )
    frozen = [name for name, p in head.named_parameters() if not p.requires_grad]
    assert not frozen, (
        'head frozen',
        f'{case}, {frozen[0]} of the head is frozen afterward. The head must learn, so '
        'call head.requires_grad_(True).',
    )


def check_groups(optimizer, backbone, head, lr):
    assert type(optimizer) is optim.AdamW, (
        'another optimizer',
        f'Your function returns a {type(optimizer).__name__}. Return an optim.AdamW.',
    )
    groups = optimizer.param_groups
    given = [p for group in groups for p in group['params']]
    names = names_of(given, backbone, head)
    frozen = [name for name, p in zip(names, given) if not p.requires_grad]
    assert not frozen, (
        'frozen parameters in it',
        f'The optimizer has {len(frozen)} frozen parameters, such as '
        f'{frozen[0]}. Give it only the parameters of the last block and of the head.',
    )
    of_block = names_of(backbone[-1].parameters(), backbone, head)
    of_head = names_of(head.parameters(), backbone, head)
    missing = [name for name in of_block if name not in names]
    assert not missing, (
        'block in no group',
        f'The optimizer has no group with {missing[0]}, so it would never '
        'change. Add the parameters of the last block.',
    )
    missing = [name for name in of_head if name not in names]
    assert not missing, (
        'head in no group',
        f'The optimizer has no group with {missing[0]}, so it would never change. Add '
        'the parameters of the head.',
    )
    assert len(groups) == 2, (
        'not two groups',
        f'The optimizer has {len(groups)} groups, not 2. Pass a list of two dicts, one '
        'for the last block and one for the head.',
    )
    first = sorted(names_of(groups[0]['params'], backbone, head))
    rates = [group['lr'] for group in groups]
    assert first != sorted(of_head), (
        'head comes first',
        'The first group has the parameters of the head. The last block comes first.',
    )
    assert first == sorted(of_block), (
        'mixed groups',
        f'The first group has {first}. It should have the parameters of backbone[-1] '
        'and no others.',
    )
    seen = f'With lr={lr}, the learning rates of your groups are {rates}'
    swapped = abs(rates[0] - lr) < 1e-9 and abs(rates[1] - lr / 10) < 1e-9
    assert not swapped, (
        'rates swapped',
        f'{seen}. The last block needs the small one, because it has been trained '
        'already.',
    )
    assert abs(rates[0] - rates[1]) > 1e-9, (
        'one rate for both',
        f"{seen}. Put an 'lr' of lr / 10 into the dict of the last block.",
    )
    assert abs(rates[0] - lr / 10) < 1e-9 and abs(rates[1] - lr) < 1e-9, (
        'other rates',
        f'{seen}. They should be {[lr / 10, lr]}.',
    )


def check_modes(backbone, head, case):
    for name, layer in backbone.named_modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert not layer.training, (
                'batch norm still adapts',
                f'{case}, the batch norm layer backbone.{name} is in train mode '
                'afterward. Call eval() for each of these layers, after train(), '
                'because train() reaches all layers inside.',
            )
    for name, layer in backbone.named_modules():
        if isinstance(layer, nn.Dropout2d):
            assert layer.training, (
                'dropout in eval mode',
                f'{case}, the dropout layer backbone.{name} is in eval mode afterward, '
                'so it does nothing. Only batch norm should be in eval mode.',
            )
    others = [
        f'backbone.{name}' if name else 'backbone'
        for name, layer in backbone.named_modules()
        if not isinstance(layer, nn.BatchNorm2d) and not layer.training
    ]
    assert not others, (
        'others in eval mode',
        f'{case}, {others[0]} is in eval mode afterward. Call train() for the whole '
        'backbone first, then eval() for its batch norm layers.',
    )
    assert head.training, (
        'head in eval mode',
        f'{case}, the head is in eval mode afterward. Call head.train().',
    )


def check(mine):
    lr = 0.002
    for frozen in (True, False):
        case = f'If {"everything" if frozen else "nothing"} was frozen before'
        backbone, head = parts()
        backbone.requires_grad_(not frozen)
        head.requires_grad_(not frozen)
        before = copy.deepcopy([backbone.state_dict(), head.state_dict()])
        optimizer = mine.make_optimizer(backbone, head, lr)
        check_gradients(backbone, head, case)
        check_groups(optimizer, backbone, head, lr)
        for training in (True, False):
            backbone.train(training)
            head.train(training)
            learns = [p.requires_grad for p in backbone.parameters()]
            mine.train_mode(backbone, head)
            mode = f'If everything was in {"train" if training else "eval"} mode before'
            check_modes(backbone, head, mode)
            assert learns == [p.requires_grad for p in backbone.parameters()], (
                'modes that freeze',
                'Your train_mode changes which parameters require gradients. It should '
                'only call train() and eval(): the scale and the shift of batch norm '
                'still learn.',
            )
        states = (backbone.state_dict(), head.state_dict())
        unchanged = all(same(state, old) for state, old in zip(states, before))
        assert unchanged, (
            'changes weights',
            'Your functions changed weights or the statistics of batch norm. They '
            'should only say what learns, and set modes.',
        )


def but(*changes):
    """The solution, with changes: pairs of what is replaced and by what."""
    answer = SOLUTION
    for old, new in changes:
        assert answer.count(old) == 1, old
        answer = answer.replace(old, new)
    return answer


GROUPS = """optim.AdamW([{'params': last_block.parameters(), 'lr': lr / 10},
                        {'params': head.parameters()}], lr=lr)"""
NORMS = """    for layer in backbone.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()
"""
FREEZE = '    backbone.requires_grad_(False)\n'
THAW = '    last_block.requires_grad_(True)\n'

WRONG = [  # (answer, name of its mistake)
    (but((FREEZE, '')), 'earlier blocks not frozen'),
    (but((FREEZE, ''), (THAW, THAW + FREEZE)), 'last block frozen'),
    (but((THAW, '')), 'last block frozen'),
    (but(('    head.requires_grad_(True)\n', '')), 'head frozen'),
    (
        but((FREEZE, '    backbone.requires_grad = False\n')),
        'earlier blocks not frozen',
    ),
    (
        but((FREEZE, '    backbone[0].requires_grad_(False)\n')),
        'earlier blocks not frozen',
    ),
    (
        but(("'params': last_block.parameters()", "'params': backbone.parameters()")),
        'frozen parameters in it',
    ),
    (but((GROUPS, 'optim.AdamW(head.parameters(), lr=lr)')), 'block in no group'),
    (but((GROUPS, 'optim.AdamW(last_block.parameters(), lr=lr)')), 'head in no group'),
    (
        but(
            (
                GROUPS,
                'optim.AdamW([*last_block.parameters(), *head.parameters()], lr=lr)',
            )
        ),
        'not two groups',
    ),
    (
        but(
            (
                GROUPS,
                "optim.AdamW([{'params': head.parameters()}, "
                "{'params': last_block.parameters(), 'lr': lr / 10}], lr=lr)",
            )
        ),
        'head comes first',
    ),
    (
        but(
            (
                GROUPS,
                "optim.AdamW([{'params': [*last_block.parameters(), head.weight], "
                "'lr': lr / 10}, {'params': [head.bias]}], lr=lr)",
            )
        ),
        'mixed groups',
    ),
    (but((", 'lr': lr / 10", '')), 'one rate for both'),
    (
        but(("'lr': lr / 10", "'lr': lr"), ('}], lr=lr)', '}], lr=lr / 10)')),
        'rates swapped',
    ),
    (but(('lr / 10', 'lr * 10')), 'other rates'),
    (but(('lr / 10', '1e-5')), 'other rates'),
    (but(('lr=lr)', 'lr=0.001)')), 'other rates'),
    (but(('optim.AdamW', 'optim.Adam')), 'another optimizer'),
    (but((f'return {GROUPS}', f'optimizer = {GROUPS}')), 'returns nothing'),
    (
        but(('    last_block = backbone[-1]', '    last_block = copy_of(backbone[-1])'))
        + '\n\ndef copy_of(block):\n    import copy\n    return copy.deepcopy(block)\n',
        'last block frozen',
    ),
    (but((NORMS, '')), 'batch norm still adapts'),
    (
        but((NORMS, ''), ('    backbone.train()\n', f'{NORMS}    backbone.train()\n')),
        'batch norm still adapts',
    ),
    (but(('backbone.modules()', 'backbone[-1].modules()')), 'batch norm still adapts'),
    (but(('backbone.modules()', 'backbone.children()')), 'batch norm still adapts'),
    (
        but((NORMS, '    for layer in backbone[:-1]:\n        layer.eval()\n')),
        'batch norm still adapts',
    ),
    (but((NORMS, '    backbone.eval()\n')), 'dropout in eval mode'),
    (but(('    backbone.train()\n', '')), 'dropout in eval mode'),
    (but(('    head.train()\n', '')), 'head in eval mode'),
    (
        but(
            (
                '    backbone.train()\n',
                '    for layer in backbone.modules():\n'
                '        if isinstance(layer, nn.Dropout2d):\n'
                '            layer.train()\n',
            )
        ),
        'others in eval mode',
    ),
    (
        but(
            (
                'layer.eval()\n',
                'layer.eval()\n            layer.requires_grad_(False)\n',
            )
        ),
        'modes that freeze',
    ),
    (
        but(('    head.train()\n', '    head.train()\n    head.reset_parameters()\n')),
        'changes weights',
    ),
]

RIGHT = [  # other answers that are right
    """
def make_optimizer(backbone, head, lr):
    for number, block in enumerate(backbone):
        for p in block.parameters():
            p.requires_grad = number == len(backbone) - 1
    for p in head.parameters():
        p.requires_grad = True
    learning = [p for p in backbone.parameters() if p.requires_grad]
    groups = [
        {'params': learning, 'lr': 0.1 * lr},
        {'params': [head.weight, head.bias], 'lr': lr},
    ]
    return torch.optim.AdamW(groups)


def train_mode(backbone, head):
    for layer in [*backbone.modules(), *head.modules()]:
        layer.training = not isinstance(layer, torch.nn.BatchNorm2d)
""",
    """
def make_optimizer(backbone, head, lr):
    backbone[:-1].requires_grad_(False)
    backbone[-1:].requires_grad_()
    optimizer = optim.AdamW(backbone[-1].parameters(), lr=lr / 10)
    optimizer.add_param_group({'params': head.requires_grad_().parameters(), 'lr': lr})
    return optimizer


def train_mode(backbone, head):
    def norm_to_eval(layer):
        if type(layer) is nn.BatchNorm2d:
            layer.eval()

    nn.Sequential(backbone, head).train().apply(norm_to_eval)
""",
]
