"""What is right and wrong in exercise 17_2."""

import tempfile
from pathlib import Path

import numpy as np
import torch

HINT = (
    'Load the checkpoint, build Network(**checkpoint["sizes"]), load its weights, and '
    'call eval(). Make a float32 tensor of the sample, subtract the mean, divide by '
    'the std, and add a batch dimension. softmax turns the logits into probabilities.'
)

SOLUTION = """
def predict(path, sample):
    checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    model = Network(**checkpoint['sizes'])
    model.load_state_dict(checkpoint['state_dict'])
    model.eval()

    row = torch.as_tensor(sample, dtype=torch.float32)
    row = (row - checkpoint['mean']) / checkpoint['std']
    batch = row.unsqueeze(0)
    with torch.no_grad():
        probabilities = torch.softmax(model(batch), dim=1)[0]
    best = probabilities.argmax().item()
    return checkpoint['classes'][best], probabilities[best].item()
"""

FISH = ['cod', 'eel', 'hake', 'perch']
TREES = ['ash', 'birch', 'elm', 'fir', 'oak']


def saved(mine, path, classes, inputs, drop_p):
    """Save a checkpoint whose network has random weights; return both."""
    sizes = {
        'inputs': inputs,
        'outputs': len(classes),
        'hidden': 16,
        'drop_p': drop_p,
    }
    generator = torch.Generator().manual_seed(inputs)
    model = mine.Network(**sizes)
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(std=0.4, generator=generator)
    checkpoint = {
        'sizes': sizes,
        'state_dict': model.state_dict(),
        'classes': classes,
        'mean': torch.linspace(-5, 8, inputs),
        'std': torch.linspace(0.5, 2, inputs),
    }
    torch.save(checkpoint, path)
    return model.eval(), checkpoint


def samples(checkpoint):
    """Rows as they come, not scaled."""
    rng = np.random.default_rng(3)
    count = len(checkpoint['mean'])
    rows = rng.normal(size=(12, count)) * checkpoint['std'].numpy()
    return rows + checkpoint['mean'].numpy()


def answer_for(model, checkpoint, row):
    """(name, probability) for a row of floats that is taken as it is."""
    with torch.no_grad():
        logits = model(torch.as_tensor(row).float().unsqueeze(0))[0]
    best = logits.argmax().item()
    return checkpoint['classes'][best], torch.softmax(logits, 0)[best].item()


def scaled(checkpoint, sample):
    return (sample - checkpoint['mean'].numpy()) / checkpoint['std'].numpy()


def ask(mine, path, sample):
    try:
        return mine.predict(path, sample)
    except IndexError as error:
        assert 'Dimension out of range' not in str(error), (
            'no batch dimension',
            'the model got a sample without a batch dimension: use row.unsqueeze(0), '
            'which has the shape [1, inputs]',
        )
        raise
    except RuntimeError as error:
        assert 'same dtype' not in str(error), (
            'keeps float64',
            'the model got float64 numbers, but its weights are float32: use '
            'torch.as_tensor(sample, dtype=torch.float32)',
        )
        assert 'size mismatch' not in str(error), (
            'ignores the sizes',
            'your model has other sizes than the one in the file: build it with '
            "Network(**checkpoint['sizes'])",
        )
        raise
    except TypeError as error:
        array_given = 'must be Tensor, not' in str(error) or 'flatten()' in str(error)
        assert not array_given, (
            'passes an array',
            'the model got a NumPy array: turn it into a tensor first',
        )
        raise


def check(mine):
    with tempfile.TemporaryDirectory() as folder:
        look(mine, Path(folder))


def look(mine, folder):
    path = folder / 'fish.pth'
    model, checkpoint = saved(mine, path, FISH, 3, 0.0)  # without dropout at first
    rows = samples(checkpoint)
    answers = [answer_of(mine, path, row) for row in rows]
    compare(answers, rows, model, checkpoint)

    path = folder / 'trees.pth'
    model, checkpoint = saved(mine, path, TREES, 6, 0.5)
    for row in samples(checkpoint):
        found = [tuple(ask(mine, path, row)) for _ in range(6)]
        assert len(set(found)) == 1, (
            'forgets eval mode',
            'the same sample gets different answers, because dropout is at work: call '
            'model.eval()',
        )
        name, _ = found[0]
        assert name in TREES, (
            'keeps the first file',
            f'you return {name!r}, which is not a class in the file: use what is at '
            'path, each time',
        )
        wanted = answer_for(model, checkpoint, scaled(checkpoint, row))
        assert alike(found[0], wanted), (
            'second file differs',
            f'with a second file, the answer is {found[0]}, not {wanted}: use all that '
            'is in that file',
        )


def answer_of(mine, path, row):
    """The answer for a row, which has the right types and is the same each time."""
    given = row.copy()
    got = ask(mine, path, given)
    assert np.array_equal(given, row), (
        'changes the sample',
        'predict changed the array, because torch.from_numpy and as_tensor share its '
        'memory: compute row - mean, which is a new tensor, and change nothing in place',
    )
    assert isinstance(got, (tuple, list)) and len(got) == 2, (
        'returns not two',
        'predict must return two things: the name of the class, and its probability',
    )
    name, probability = got
    assert isinstance(name, str), (
        'returns no name',
        f"you return {name!r} for the class: look its name up in checkpoint['classes']",
    )
    assert isinstance(probability, float), (
        'probability no float',
        f'you return a probability of the type {type(probability).__name__}: use '
        '.item()',
    )
    assert tuple(ask(mine, path, row)) == (name, probability), (
        'forgets the weights',
        'the same sample gets different answers, because the weights are random: load '
        "checkpoint['state_dict'] into the model",
    )
    return name, probability


def alike(one, other):
    return one[0] == other[0] and abs(one[1] - other[1]) < 1e-3


def compare(answers, rows, model, checkpoint):
    """Are these the answers for the rows, or for rows that were scaled differently?"""
    mean, std = checkpoint['mean'].numpy(), checkpoint['std'].numpy()
    right = [answer_for(model, checkpoint, scaled(checkpoint, row)) for row in rows]
    if all(map(alike, answers, right)):
        return

    def come_from(change):
        found = [answer_for(model, checkpoint, change(row)) for row in rows]
        return all(map(alike, answers, found))

    assert not come_from(lambda row: row), (
        'forgets the scaling',
        'the model got the sample as it was: subtract the mean of the training rows, '
        'and divide by their std',
    )
    by_itself = [
        lambda row: (row - row.mean()) / row.std(ddof=1),
        lambda row: (row - row.mean()) / row.std(),
    ]
    assert not any(map(come_from, by_itself)), (
        'scales by itself',
        'you scaled the sample with its own mean and std: use those of the training '
        'rows, which are in the checkpoint',
    )
    in_another_way = [
        lambda row: row - mean,
        lambda row: row / std,
        lambda row: (row - mean) * std,
        lambda row: row - mean / std,
        lambda row: row / std - mean,
        lambda row: row * std + mean,
    ]
    assert not any(map(come_from, in_another_way)), (
        'scales in another way',
        'the sample was scaled in another way than in training: it takes '
        '(row - mean) / std',
    )
    for (name, probability), (its_name, its_probability) in zip(answers, right):
        assert 0 <= probability <= 1, (
            'returns no probability',
            f'you return {probability:.3f} as the probability: apply softmax to the '
            'logits, which are the outputs of the model',
        )
        assert name == its_name, (
            'wrong class',
            f'you return {name!r}, but the largest output is that of {its_name!r}',
        )
        assert alike((name, probability), (its_name, its_probability)), (
            'wrong probability',
            f'you return the probability {probability:.3f}, but that of {name!r} is '
            f'{its_probability:.3f}: apply softmax over the classes, then take the '
            'largest one',
        )


def but(*changes):
    """The solution with other text in places."""
    answer = SOLUTION
    for old, new in changes:
        assert old in answer, old
        answer = answer.replace(old, new)
    return answer


SCALE = "    row = (row - checkpoint['mean']) / checkpoint['std']\n"

WRONG = [  # (answer, name of its mistake)
    (but((SCALE, '')), 'forgets the scaling'),
    (but((SCALE, '    row = (row - row.mean()) / row.std()\n')), 'scales by itself'),
    (
        but(
            (SCALE, '    row = (row - row.mean()) / row.std(correction=0)\n'),
        ),
        'scales by itself',
    ),
    (
        but((SCALE, "    row = row - checkpoint['mean'] / checkpoint['std']\n")),
        'scales in another way',
    ),
    (
        but((SCALE, "    row = row * checkpoint['std'] + checkpoint['mean']\n")),
        'scales in another way',
    ),
    (
        but((SCALE, "    row = (row - checkpoint['mean']) * checkpoint['std']\n")),
        'scales in another way',
    ),
    (but((SCALE, "    row = row - checkpoint['mean']\n")), 'scales in another way'),
    (but(('    model.eval()\n', '')), 'forgets eval mode'),
    (but(('    model.eval()\n', '    model.train()\n')), 'forgets eval mode'),
    (
        but(("    model.load_state_dict(checkpoint['state_dict'])\n", '')),
        'forgets the weights',
    ),
    (but(('row.unsqueeze(0)', 'row')), 'no batch dimension'),
    (
        but(('row.unsqueeze(0)', 'row'), ('dim=1)[0]', 'dim=0)')),
        'no batch dimension',
    ),
    (but((', dtype=torch.float32', '')), 'keeps float64'),
    (
        but(
            (
                'torch.as_tensor(sample, dtype=torch.float32)',
                'torch.from_numpy(sample)',
            )
        ),
        'keeps float64',
    ),
    (
        but(
            ('model(batch)', 'model(sample)'),
        ),
        'passes an array',
    ),
    (
        but(("**checkpoint['sizes']", '3, 4, 8, 0.2')),
        'ignores the sizes',
    ),
    (
        but(
            (
                '    row = torch.as_tensor(sample, dtype=torch.float32)\n',
                "    sample -= checkpoint['mean'].numpy()\n"
                '    row = torch.as_tensor(sample, dtype=torch.float32)\n',
            ),
            ("(row - checkpoint['mean'])", 'row'),
        ),
        'changes the sample',
    ),
    (but((', probabilities[best].item()', '')), 'returns not two'),
    (but(("checkpoint['classes'][best]", 'best')), 'returns no name'),
    (
        but(('probabilities[best].item()', 'probabilities[best]')),
        'probability no float',
    ),
    (
        but(('torch.softmax(model(batch), dim=1)', 'model(batch)')),
        'returns no probability',
    ),
    (
        but(('torch.softmax(', 'torch.log_softmax(')),
        'returns no probability',
    ),
    (but(('argmax', 'argmin')), 'wrong class'),
    (
        but(("checkpoint['classes'][best]", "sorted(checkpoint['classes'])[best - 1]")),
        'wrong class',
    ),
    (but(('torch.softmax', 'torch.sigmoid'), (', dim=1', '')), 'wrong probability'),
    (but(('dim=1', 'dim=0')), 'wrong class'),
    (
        but(("checkpoint['classes']", "['cod', 'eel', 'hake', 'perch', 'pike']")),
        'keeps the first file',
    ),
    (
        but(
            ("checkpoint['std']", "(checkpoint['std'] if len(sample) == 3 else 1)"),
        ),
        'second file differs',
    ),
]

RIGHT = [  # other answers that are right
    """
import numpy as np


def predict(path, sample):
    checkpoint = torch.load(path)
    scaled = (sample - checkpoint['mean'].numpy()) / checkpoint['std'].numpy()
    model = Network(**checkpoint['sizes']).eval()
    model.load_state_dict(checkpoint['state_dict'])
    logits = model(torch.from_numpy(scaled[np.newaxis]).float())
    probability, best = logits.softmax(dim=1).max(dim=1)
    return [checkpoint['classes'][best.item()], probability.item()]
""",
    """
def predict(path, sample):
    checkpoint = torch.load(path, weights_only=True)
    model = Network(**checkpoint['sizes']).double()
    model.load_state_dict(checkpoint['state_dict'])
    model.train(False)
    row = torch.tensor(sample).sub_(checkpoint['mean']).div_(checkpoint['std'])
    with torch.inference_mode():
        log_ps = model(row[None]).log_softmax(-1).flatten()
    return checkpoint['classes'][log_ps.argmax()], log_ps.max().exp().item()
""",
]
