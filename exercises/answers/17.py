"""What is right and wrong in exercise 17."""

import torch
from torch import nn

HINT = (
    'A state_dict is a dict. Make one of what fits, fill it up from '
    'model.state_dict(), and load it.'
)

SOLUTION = """
def load_what_fits(model, state_dict):
    own = model.state_dict()
    fits = {name: tensor for name, tensor in state_dict.items()
            if name in own and tensor.shape == own[name].shape}
    model.load_state_dict({**own, **fits})
    return [name for name in own if name not in fits]
"""


class Network(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.hidden1 = nn.Linear(6, 4)
        self.norm = nn.BatchNorm1d(4)
        self.hidden2 = nn.Linear(4, 4)
        self.output = nn.Linear(4, outputs)
        for i, tensor in enumerate(self.state_dict().values()):
            tensor.fill_(i + 10 * outputs)


def load(mine, model, state_dict):
    try:
        return mine.load_what_fits(model, state_dict)
    except RuntimeError as error:
        assert 'leaf' not in str(error), (
            'copies with notes',
            'torch takes notes of the copying, and refuses: with torch.no_grad():',
        )
        assert 'size mismatch' not in str(error), (
            'loads other shapes',
            'load_state_dict got a tensor of another shape, which strict=False does '
            'not forgive either: leave out what does not fit',
        )
        other_names = 'Missing key' in str(error) or 'Unexpected' in str(error)
        assert not other_names, (
            'loads other names',
            'load_state_dict got other names than those of the model: fill up from '
            'model.state_dict(), or strict=False',
        )
        assert 'must match' not in str(error), (
            'copies other shapes',
            'you copy a tensor of another shape: compare the shapes first',
        )
        raise
    except IndexError as error:
        assert '0-dim' not in str(error), (
            'indexes a single number',
            'num_batches_tracked is a single number, without sides: a.copy_(...) takes '
            'every shape',
        )
        raise
    except KeyError as error:
        names = model.state_dict()
        assert error.args[0] not in names, (
            'expects all names',
            'the model has names that state_dict lacks',
        )
        assert error.args[0] not in state_dict, (
            'takes unknown names',
            'state_dict has names that the model lacks',
        )
        raise


def check(mine):
    model = Network(3)
    other = Network(5)
    own = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    given = dict(reversed(other.state_dict().items()))  # in another order
    given['output.weight'] = given['output.weight'].T.contiguous()[:, :3]  # [4, 3]
    given['hidden1.weight'] = given['hidden1.weight'].reshape(6, 4)  # as many numbers
    given['output.bias'] = torch.full((1,), 7.0)  # not [3], but copy_ would stretch it
    given['more.weight'] = torch.ones(4)
    del given['hidden2.bias']
    kept = {name: tensor.clone() for name, tensor in given.items()}
    lost = ['hidden1.weight', 'hidden2.bias', 'output.weight', 'output.bias']

    got = load(mine, model, given)
    assert given.keys() == kept.keys(), (
        'removes from state dict',
        'you changed state_dict: make another dict, without what does not fit',
    )
    assert all(torch.equal(given[name], kept[name]) for name in kept), (
        'changes given tensors',
        'the tensors of state_dict have changed',
    )
    now = model.state_dict()
    buffers = [name for name, _ in model.named_buffers()]
    assert now.keys() == own.keys(), (
        'renames the model',
        'the model has other names now',
    )
    filled = [name for name in own if not torch.equal(now[name], own[name])]
    assert filled, (
        'loads nothing',
        'nothing has arrived in the model: model.state_dict() hands out a new dict '
        'each time, so load_state_dict has to follow, or copy_',
    )
    for name in own:
        assert now[name].shape == own[name].shape, (
            'changes a shape',
            f'{name} has another shape now: it did not fit',
        )
    for name in filled:
        assert name != 'output.bias' or not now[name].eq(7).all(), (
            'stretches a number',
            'output.bias has another shape, and copy_ stretched it',
        )
        assert name not in lost, (
            'changes what is unfit',
            f'{name} does not fit or is not given, yet it changed',
        )
        assert torch.equal(now[name], kept[name]), (
            'goes by order',
            f'{name} got the numbers of another tensor: go by names, not by the order',
        )
    for name in own:
        as_it_should = name in filled or name in lost
        assert as_it_should or name not in buffers, (
            'forgets the buffers',
            f'{name} fits, but has not arrived: buffers belong to a state_dict as well',
        )
        assert as_it_should, ('omits what fits', f'{name} fits, but has not arrived')

    is_list = hasattr(got, '__iter__') and not isinstance(got, (str, int))
    assert is_list and got is not model, ('returns no list', 'return a list of names')
    assert not isinstance(got, (set, frozenset)), (
        'returns a set',
        'return a list of names, and yours is a set',
    )
    got = list(got)
    assert all(isinstance(name, str) for name in got), (
        'returns no names',
        'return names: a list of str',
    )
    assert set(got) != set(own) - set(lost), (
        'returns the loaded',
        'these are the names that were loaded: return those that got nothing',
    )
    assert 'more.weight' not in got, (
        'returns unknown names',
        'more.weight is none of the model: return names in model.state_dict()',
    )
    assert 'hidden2.bias' in got, (
        'omits names not given',
        'hidden2.bias is not in state_dict, so it got nothing: it belongs in the list',
    )
    assert sorted(got) == sorted(lost), (
        'wrong names',
        f'these got nothing: {", ".join(lost)}; and you said {", ".join(got)}',
    )

    for name in filled:
        given[name].add_(1)
    now = model.state_dict()
    assert all(torch.equal(now[name], kept[name]) for name in filled), (
        'shares the memory',
        'when state_dict changes, the model changes with it: copy the numbers '
        '(load_state_dict does, or copy_)',
    )
    assert all(p.requires_grad for p in model.parameters()), (
        'freezes the parameters',
        'the parameters have lost requires_grad: put numbers in, not other tensors',
    )

    model = Network(2)
    got = load(mine, model, Network(2).state_dict())
    assert not list(got), (
        'names although all fits',
        f'all fits here, and you said that {list(got)} got nothing',
    )
    model = Network(2)
    got = load(mine, model, {})
    untold = {'norm.num_batches_tracked'}  # torch may add this one by itself
    assert set(got) - untold == set(model.state_dict()) - untold, (
        'omits names when empty',
        'from an empty state_dict nothing comes: return all names of the model',
    )


def but(old, new):
    """The solution with one thing changed."""
    assert old in SOLUTION
    return SOLUTION.replace(old, new)


EACH = """
def load_what_fits(model, state_dict):
    lost = []
    for name, tensor in model.{each}:
        if name in state_dict and state_dict[name].shape == tensor.shape:
            {put}
        else:
            lost.append(name)
    return lost
"""

WRONG = [  # (answer, name of its mistake)
    (
        """
def load_what_fits(model, state_dict):
    return model.load_state_dict(state_dict, strict=False).missing_keys
""",
        'loads other shapes',
    ),
    (
        EACH.format(each='state_dict().items()', put='tensor[:] = state_dict[name]'),
        'indexes a single number',
    ),
    (
        EACH.format(
            each='state_dict().items()', put='tensor.copy_(state_dict[name])'
        ).replace('name in state_dict and', ''),
        'expects all names',
    ),
    (but('name in own and ', ''), 'takes unknown names'),
    (
        EACH.format(
            each='state_dict().items()', put='tensor.copy_(state_dict[name])'
        ).replace('.shape', '.dim()'),
        'copies other shapes',
    ),
    (
        EACH.format(
            each='state_dict().items()', put='tensor.copy_(state_dict[name])'
        ).replace('.shape == tensor.shape', '.shape in (tensor.shape, (1,))'),
        'stretches a number',
    ),
    (
        EACH.format(
            each='state_dict().items()', put='tensor.copy_(state_dict[name])'
        ).replace('return lost', 'return set(lost)'),
        'returns a set',
    ),
    (but('{**own, **fits}', 'fits'), 'loads other names'),
    (but('    model.load_state_dict({**own, **fits})\n', ''), 'loads nothing'),
    (
        but('model.load_state_dict({**own, **fits})', 'own.update(fits)'),
        'loads nothing',
    ),
    (
        but('tensor.shape == own[name].shape', 'tensor.numel() == own[name].numel()'),
        'loads other shapes',
    ),
    (but('name not in fits', 'name in fits'), 'returns the loaded'),
    (but('for name in own if', 'for name in state_dict if'), 'returns unknown names'),
    (
        but(
            'for name in own if name not in fits',
            'for name in own if name in state_dict and name not in fits',
        ),
        'omits names not given',
    ),
    (but('[name for', '[own[name] for'), 'returns no names'),
    (
        but('return [name', 'return print(*[name').replace('fits]', 'fits])'),
        'returns nothing',
    ),
    (but('{**own, **fits})', '{**own, **fits}, assign=True)'), 'shares the memory'),
    (
        EACH.format(
            each='named_parameters()', put='tensor.data.copy_(state_dict[name])'
        ),
        'forgets the buffers',
    ),
    (
        EACH.format(each='named_parameters()', put='tensor.copy_(state_dict[name])'),
        'copies with notes',
    ),
    (
        EACH.format(each='state_dict().items()', put='tensor = state_dict[name]'),
        'loads nothing',
    ),
    (
        """
def load_what_fits(model, state_dict):
    own = model.state_dict()
    for name in list(state_dict):
        if name not in own or state_dict[name].shape != own[name].shape:
            del state_dict[name]
    return model.load_state_dict(state_dict, strict=False).missing_keys
""",
        'removes from state dict',
    ),
    (
        """
def load_what_fits(model, state_dict):
    lost = []
    for (name, own), tensor in zip(model.state_dict().items(), state_dict.values()):
        if own.shape == tensor.shape:
            own.copy_(tensor)
        else:
            lost.append(name)
    return lost
""",
        'goes by order',
    ),
    (
        """
def load_what_fits(model, state_dict):
    own = model.state_dict()
    for name, tensor in own.items():
        if name in state_dict:
            n = min(tensor.numel(), state_dict[name].numel())
            tensor.view(-1)[:n] = state_dict[name].reshape(-1)[:n]
    return [name for name in own if name not in state_dict]
""",
        'changes what is unfit',
    ),
    (but('not in fits', 'not in fits and ".b" not in name'), 'omits names not given'),
    (
        but('return [', 'if len(own) > 4:\n        return own\n    return ['),
        'wrong names',
    ),
    (
        but(
            'tensor.shape == own[name].shape',
            '"output" not in name and "1" not in name',
        ),
        'omits what fits',
    ),
    (
        EACH.format(each='state_dict().items()', put='state_dict[name].copy_(tensor)'),
        'changes given tensors',
    ),
    (
        but(
            '    return',
            '    for name in set(state_dict) - set(own):\n        '
            'model.register_buffer(name.replace(".", "_"), state_dict[name])\n    return',
        ),
        'renames the model',
    ),
    (
        EACH.format(
            each='named_parameters()', put='tensor.data = state_dict[name]'
        ).replace(' and state_dict[name].shape == tensor.shape', ''),
        'changes a shape',
    ),
    (but('[name for name in own if name not in fits]', 'model'), 'returns no list'),
    (
        but('    return', '    model.requires_grad_(False)\n    return'),
        'freezes the parameters',
    ),
    (
        but(
            'tensor.shape == own[name].shape',
            '"output" not in name and name != "hidden1.weight"',
        ),
        'names although all fits',
    ),
    (
        but('    own', '    if not state_dict:\n        return []\n    own'),
        'omits names when empty',
    ),
]

RIGHT = [  # other answers that are right
    EACH.format(each='state_dict().items()', put='tensor.copy_(state_dict[name])'),
    EACH.format(
        each='state_dict().items()', put='tensor[...] = state_dict[name]'
    ).replace('return lost', 'return lost[::-1]'),
    """
def load_what_fits(model, state_dict):
    own = model.state_dict()
    fits = {k: v for k, v in state_dict.items() if k in own and v.shape == own[k].shape}
    return model.load_state_dict(fits, strict=False).missing_keys
""",
    """
import copy


def load_what_fits(model, state_dict):
    state_dict, own = copy.deepcopy(state_dict), model.state_dict()
    lost = [name for name in own
            if name not in state_dict or state_dict[name].shape != own[name].shape]
    for name in set(state_dict) - set(own):
        state_dict.pop(name)
    for name in lost:
        state_dict[name] = own[name]
    model.load_state_dict(state_dict)
    return tuple(lost)
""",
]
