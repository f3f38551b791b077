"""What is right and wrong in exercise 17_1."""

import os
import pickle
import tempfile
from pathlib import Path

import torch
from torch import nn, optim

optim.Adam([torch.zeros(1)])  # the first optimizer takes seconds to load

HINT = (
    'Three things must be in the file: two state_dicts and a number. In load, make '
    'a new model first, and the optimizer from the parameters of that model.'
)

SOLUTION = """
def save(path, model, optimizer, epochs):
    torch.save({'state_dict': model.state_dict(), 'optimizer': optimizer.state_dict(),
                'epochs': epochs}, path)


def load(path):
    checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    model = new_model()
    model.load_state_dict(checkpoint['state_dict'])
    optimizer = optim.Adam(model.parameters(), lr=0.001)  # its state has the true lr
    optimizer.load_state_dict(checkpoint['optimizer'])
    return model, optimizer, checkpoint['epochs']
"""


def train(model, optimizer, first, last):
    model.train()
    for epoch in range(first, last):
        torch.manual_seed(7 + epoch)
        for _ in range(3):
            images, labels = torch.randn(16, 4), torch.randint(3, (16,))
            optimizer.zero_grad()
            nn.CrossEntropyLoss()(model(images), labels).backward()
            optimizer.step()


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def close(one, two):
    return torch.allclose(weights(one), weights(two), atol=1e-6)


def check(mine):
    home = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            look(mine, Path(folder))
        finally:
            os.chdir(home)


USES_THE_REPORT = (
    'uses the report',
    'load_state_dict changes the model and returns only a report: do not write model = '
    '...load_state_dict(...)',
)


def load(mine, path):
    try:
        got = mine.load(path)
    except AttributeError as error:
        assert '_IncompatibleKeys' not in str(error), USES_THE_REPORT
        raise
    if isinstance(got, (tuple, list)):
        kinds = [type(part).__name__ for part in got]
        assert '_IncompatibleKeys' not in kinds, USES_THE_REPORT
    return got


def look(mine, folder):
    path = str(folder / 'one.pth')
    model = mine.new_model()
    assert isinstance(model, nn.Module), (
        'changes the new model',
        'leave new_model as it was',
    )
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    train(model, optimizer, 0, 3)
    middle = mine.new_model()
    middle.load_state_dict(model.state_dict())
    mine.save(path, model, optimizer, 3)
    assert close(model, middle), ('changes the model', 'save changed the model')
    assert Path(path).exists(), (
        'saves no file',
        'save wrote no file at path: what only this program remembers ends with it',
    )
    assert len(list(folder.iterdir())) == 1, (
        'saves two files',
        'save wrote two files: put all in one',
    )
    try:
        torch.load(path, weights_only=True)
    except pickle.UnpicklingError:
        raise AssertionError(
            (
                'saves the objects',
                'there is more in the file than text, numbers and tensors: save '
                'state_dict(), not the thing itself',
            )
        ) from None
    train(model, optimizer, 3, 5)
    mine.save(folder / 'two.pth', model, optimizer, 5)  # a path may be a Path, too

    got = load(mine, path)
    assert isinstance(got, (tuple, list)) and len(got) == 3, (
        'returns not three',
        'load returns three things: model, optimizer, epochs',
    )
    loaded, theirs, epochs = got
    assert isinstance(loaded, nn.Module), (
        'returns no model',
        'the first thing that load returns is a model',
    )
    assert isinstance(theirs, optim.Optimizer), (
        'returns no optimizer',
        'the second thing that load returns is an optimizer',
    )
    assert loaded is not model and theirs is not optimizer, (
        'returns the saved objects',
        'load returns what was saved in this program: another one has only the file',
    )
    assert not close(loaded, model), (
        'keeps the weights',
        'load gives the weights of now, not those when it was saved: read the file',
    )
    assert close(loaded, middle), (
        'forgets the weights',
        'the loaded model has other weights than the saved one: load_state_dict',
    )
    own = {id(p) for p in loaded.parameters()}
    has = {id(p) for group in theirs.param_groups for p in group['params']}
    assert own == has, (
        'optimizes another model',
        'the optimizer has the parameters of another model: make it from '
        'model.parameters() of the model that load returns',
    )
    assert epochs != 5, (
        'keeps the latest epochs',
        'the file has another number of epochs than was given to save',
    )
    assert epochs == 3, (
        'loads other epochs',
        f'3 epochs were done when it was saved, and load says {epochs}',
    )
    assert theirs.state, (
        'forgets the optimizer state',
        "Adam's memory is lost: save optimizer.state_dict(), and load it",
    )
    assert theirs.param_groups[0]['lr'] == 0.02, (
        'forgets the learning rate',
        "the learning rate is not that of before: the optimizer's state_dict has it",
    )
    train(loaded, theirs, epochs, 5)
    assert close(loaded, model), (
        'continues differently',
        'after two more epochs the weights are not those without a stop',
    )
    _, _, epochs = mine.load(folder / 'two.pth')
    assert epochs == 5, (
        'same epochs each time',
        f'5 epochs were done in the second file, and load says {epochs}',
    )
    again, _, _ = mine.load(path)
    assert again is not loaded and close(again, middle), (
        'second load differs',
        'a second load of the same file gives another model than the first',
    )


def but(*changes):
    """The solution with other text in places."""
    answer = SOLUTION
    for old, new in changes:
        assert old in answer
        answer = answer.replace(old, new)
    return answer


LOADED = "    optimizer.load_state_dict(checkpoint['optimizer'])\n"

TWO = """
def save(path, model, optimizer, epochs):
    torch.save(optimizer.state_dict(), {other})
    torch.save([model.state_dict(), epochs], path)


def load(path):
    weights, epochs = torch.load(path)
    model = new_model()
    model.load_state_dict(weights)
    optimizer = optim.Adam(model.parameters())
    optimizer.load_state_dict(torch.load({other}))
    return model, optimizer, epochs
"""

WRONG = [  # (answer, name of its mistake)
    (but((LOADED, '')), 'forgets the optimizer state'),
    (
        but((LOADED, ''), ("'optimizer': optimizer.state_dict(),", '')),
        'forgets the optimizer state',
    ),
    (
        but(
            (
                LOADED,
                "    optimizer.param_groups[0]['lr'] = checkpoint['optimizer']"
                "['param_groups'][0]['lr']\n",
            )
        ),
        'forgets the optimizer state',
    ),
    (
        but((LOADED, LOADED + "    optimizer.param_groups[0]['lr'] = 0.001\n")),
        'forgets the learning rate',
    ),
    (
        but(
            ("    model.load_state_dict(checkpoint['state_dict'])\n", ''),
            (
                '    return model,',
                '    model = new_model()\n    model.load_state_dict('
                "checkpoint['state_dict'])\n    return model,",
            ),
        ),
        'optimizes another model',
    ),
    (
        but(('optim.Adam(model.parameters()', 'optim.Adam(new_model().parameters()')),
        'optimizes another model',
    ),
    (
        but(("    model.load_state_dict(checkpoint['state_dict'])\n", '')),
        'forgets the weights',
    ),
    (but((", checkpoint['epochs']", ', 0')), 'loads other epochs'),
    (but(("checkpoint['epochs']", "checkpoint['epochs'] + 1")), 'loads other epochs'),
    (but((", checkpoint['epochs']", '')), 'returns not three'),
    (
        but(
            (
                "model.state_dict(), 'optimizer': optimizer.state_dict()",
                "model, 'optimizer': optimizer",
            )
        ),
        'saves the objects',
    ),
    (but(('optimizer.state_dict(),', 'optimizer,')), 'saves the objects'),
    (
        but(
            ('    model = new_model()\n    model.load', '    model = new_model().load')
        ),
        'uses the report',
    ),
    (
        but(
            ('    model.load_state', '    report = model.load_state'),
            ('return model,', 'return report,'),
        ),
        'uses the report',
    ),
    (TWO.format(other="str(path) + '.optimizer'"), 'saves two files'),
    (TWO.format(other="'optimizer.pth'"), 'saves two files'),
    (
        but(
            ('return model, optimizer,', "return checkpoint['state_dict'], optimizer,")
        ),
        'returns no model',
    ),
    (
        """
kept = {}


def save(path, model, optimizer, epochs):
    kept[path] = model.state_dict(), optimizer.state_dict(), epochs


def load(path):
    model = new_model()
    model.load_state_dict(kept[path][0])
    optimizer = optim.Adam(model.parameters())
    optimizer.load_state_dict(kept[path][1])
    return model, optimizer, kept[path][2]
""",
        'saves no file',
    ),
    (
        """
def save(path, model, optimizer, epochs):
    global kept
    kept = model, optimizer, epochs
    torch.save(model.state_dict(), path)


def load(path):
    return kept
""",
        'returns the saved objects',
    ),
    (
        but(
            (
                '    torch.save',
                '    global kept\n    kept = model.state_dict()\n    torch.save',
            ),
            ("checkpoint['state_dict']", 'kept'),
        ),
        'keeps the weights',
    ),
    (
        but(
            ('    checkpoint = ', '    model, optimizer = last\n    checkpoint = '),
            ('    model = new_model()\n', ''),
            (
                '    optimizer = optim.Adam(model.parameters(), lr=0.001)'
                '  # its state has the true lr\n',
                '',
            ),
        )
        + """

model = new_model()
last = model, optim.Adam(model.parameters(), lr=0.001)
""",
        'second load differs',
    ),
    (
        SOLUTION
        + """

def new_model():
    return {}
""",
        'changes the new model',
    ),
    (
        but(('    torch.save', '    optimizer.step()\n    torch.save')),
        'changes the model',
    ),
    (
        but(('return model, optimizer,', "return model, checkpoint['optimizer'],")),
        'returns no optimizer',
    ),
    (
        but(
            ('    torch.save', '    global done\n    done = epochs\n    torch.save'),
            (", checkpoint['epochs']", ', done'),
        ),
        'keeps the latest epochs',
    ),
    (
        but(
            (
                LOADED,
                LOADED + '    for state in optimizer.state.values():\n'
                "        state['step'] = torch.zeros(())\n",
            )
        ),
        'continues differently',
    ),
    (but((", checkpoint['epochs']", ', 3')), 'same epochs each time'),
]

RIGHT = [  # other answers that are right
    """
import os


def save(path, model, optimizer, epochs):
    checkpoint = [model.state_dict(), optimizer.state_dict(), epochs]
    torch.save(checkpoint, f'{path}.part')
    os.replace(f'{path}.part', path)


def load(path):
    model = new_model().eval()
    optimizer = optim.Adam(model.parameters(), fused=True)
    weights, state, epochs = torch.load(path)
    optimizer.load_state_dict(state)
    model.load_state_dict(weights)
    return [model, optimizer, epochs]
""",
    """
def save(path, model, optimizer, epochs):
    torch.save({'weights': [p.detach() for p in model.parameters()],
                'optimizer': optimizer.state_dict(), 'epochs': torch.tensor(epochs)},
               path)


def load(path):
    file = torch.load(path, weights_only=True)
    model = new_model()
    with torch.no_grad():
        for p, tensor in zip(model.parameters(), file['weights']):
            p.copy_(tensor)
    optimizer = optim.Adam(model.parameters())
    optimizer.load_state_dict(file['optimizer'])
    return model, optimizer, file['epochs'].item()
""",
]
