"""What is right and wrong in exercise 13_1."""

from collections import Counter

HINT = (
    'Lines without spaces come first: each needs only what is above it. Then '
    'follow one batch: forward, loss, backward, and the weights move. Where '
    'may the gradients be cleared?'
)

TRANSFORM = (
    'transform = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])'
)
TRAINSET = "trainset = datasets.MNIST('data', transform=transform)"
LOADER = 'trainloader = DataLoader(trainset, batch_size=64, shuffle=True)'
MODEL = 'model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))'
CRITERION = 'criterion = nn.CrossEntropyLoss()'
OPTIMIZER = 'optimizer = optim.Adam(model.parameters(), lr=0.001)'
EPOCHS = 'for epoch in range(2):'
ZERO = '    train_loss = 0'
BATCHES = '    for images, labels in trainloader:'
CLEAR = '        optimizer.zero_grad()'
FORWARD = '        output = model(images)'
LOSS = '        loss = criterion(output, labels)'
BACKWARD = '        loss.backward()'
STEP = '        optimizer.step()'
ADD = '        train_loss += loss.detach() * len(labels)'
PRINT = '    print(train_loss.item() / len(trainset))'

ORDER = [
    TRANSFORM,
    TRAINSET,
    LOADER,
    MODEL,
    CRITERION,
    OPTIMIZER,
    EPOCHS,
    ZERO,
    BATCHES,
    CLEAR,
    FORWARD,
    LOSS,
    BACKWARD,
    STEP,
    ADD,
    PRINT,
]
SOLUTION = 'steps = [\n' + ''.join(f'    {line!r},\n' for line in ORDER) + ']\n'

LOOPS = [  # (a line, one that must come later, the mistake and what breaks otherwise)
    (
        EPOCHS,
        ZERO,
        (
            'sum outside the epochs',
            'train_loss = 0 stands outside of the epochs: each needs a new sum',
        ),
    ),
    (
        EPOCHS,
        BATCHES,
        ('batches before epochs', 'for epoch comes first: in each epoch, all batches'),
    ),
    (
        ZERO,
        BATCHES,
        (
            'sum after the batches',
            'train_loss = 0 comes after the batches have begun: there is no sum to add to, '
            'or it is lost',
        ),
    ),
    (
        BATCHES,
        PRINT,
        (
            'prints before the batches',
            'print comes before the batches: nothing is summed up yet',
        ),
    ),
]
STEPS = [  # the same, of the lines before the loops and within them
    (
        TRANSFORM,
        TRAINSET,
        (
            'data before transform',
            'the data set is to use transform, and there is none yet',
        ),
    ),
    (
        TRAINSET,
        LOADER,
        (
            'loader before data',
            'the loader is to serve trainset, and there is none yet',
        ),
    ),
    (
        MODEL,
        OPTIMIZER,
        (
            'optimizer before model',
            'the optimizer asks for model.parameters(), and there is no model yet',
        ),
    ),
    (
        FORWARD,
        LOSS,
        (
            'loss before forward',
            'the loss needs the output of this batch: forward comes first',
        ),
    ),
    (
        LOSS,
        BACKWARD,
        (
            'backward before loss',
            'backward starts from the loss: there is none of this batch yet',
        ),
    ),
    (
        BACKWARD,
        STEP,
        (
            'step before backward',
            'step comes before backward: the gradient of this batch is not there yet, and '
            'the weights move by an older one or not at all',
        ),
    ),
    (
        LOSS,
        ADD,
        ('adds before the loss', 'the loss is added up before this batch has one'),
    ),
]


def check(mine):
    steps = mine.steps
    assert isinstance(steps, (list, tuple)), (
        'steps not a list',
        'steps is a list of lines: keep it one',
    )
    lines = {line.strip(): line for line in ORDER}
    for step in steps:
        assert isinstance(step, str), (
            'line not a string',
            'each line is a str, in quotes',
        )
        assert step.strip() in lines, (
            'changes a line',
            f'{step.strip()} was not there: move lines, with the comma behind each',
        )
        assert step == lines[step.strip()], (
            'changes the indentation',
            f'{step.strip()} has other spaces in front: keep the line as it was',
        )
    twice = [step for step, count in Counter(steps).items() if count > 1]
    assert not twice, ('line there twice', f'there twice: {twice[0].strip()}')
    lost = [line.strip() for line in ORDER if line not in steps]
    assert not lost, ('line got lost', f'this line has got lost: {lost[0]}')

    at = {step: i for i, step in enumerate(steps)}
    for step in steps:
        is_preparation = not step.startswith(' ') and step != EPOCHS
        assert not is_preparation or at[step] < at[EPOCHS], (
            'repeats the preparations',
            f'{step.strip()} is made once, so it stands before for epoch',
        )
    for first, second, mistake in LOOPS:
        assert at[first] < at[second], mistake
    for step in steps:
        of_a_batch = step.startswith(' ' * 8)
        assert not of_a_batch or at[BATCHES] < at[step] < at[PRINT], (
            'line outside the batches',
            f'{step.strip()} belongs to for images, and stands outside of it',
        )
    for first, second, mistake in STEPS:
        assert at[first] < at[second], mistake
    assert not at[BACKWARD] < at[CLEAR] < at[STEP], (
        'clears before the step',
        'zero_grad stands between backward and step: it clears what step needs, and '
        'nothing is learned',
    )


def ordered(*changes):
    """An answer: the right order, but each line of a pair stands before the other."""
    steps = list(ORDER)
    for line, other in changes:
        steps.remove(line)
        steps.insert(steps.index(other), line)
    return f'steps = {steps!r}\n'


WRONG = [  # (answer, name of its mistake)
    (ordered((CLEAR, STEP)), 'clears before the step'),
    (ordered((STEP, BACKWARD)), 'step before backward'),
    (ordered((STEP, CLEAR)), 'step before backward'),
    (ordered((STEP, LOSS)), 'step before backward'),
    (ordered((OPTIMIZER, MODEL)), 'optimizer before model'),
    (ordered((LOADER, TRAINSET)), 'loader before data'),
    (ordered((TRAINSET, TRANSFORM)), 'data before transform'),
    (ordered((ZERO, EPOCHS)), 'sum outside the epochs'),
    (ordered((ZERO, PRINT)), 'sum after the batches'),
    (ordered((PRINT, BATCHES)), 'prints before the batches'),
    (ordered((PRINT, ADD)), 'line outside the batches'),
    (ordered((LOSS, FORWARD)), 'loss before forward'),
    (ordered((BACKWARD, LOSS)), 'backward before loss'),
    (ordered((ADD, LOSS)), 'adds before the loss'),
    (ordered((BATCHES, EPOCHS), (ZERO, BATCHES)), 'sum outside the epochs'),
    (ordered((CLEAR, BATCHES)), 'line outside the batches'),
    (ordered((MODEL, BATCHES)), 'repeats the preparations'),
    (ordered((CRITERION, LOSS)), 'repeats the preparations'),
    (f'steps = {ORDER[:-1]!r}', 'line got lost'),
    (f'steps = {[*ORDER, STEP]!r}', 'line there twice'),
    (f'steps = {[line.strip() for line in ORDER]!r}', 'changes the indentation'),
    (f'steps = {[*ORDER, ADD + STEP]!r}', 'changes a line'),
    ('steps.sort()', 'repeats the preparations'),
    (f'steps = {dict(enumerate(ORDER))!r}', 'steps not a list'),
    (f'steps = {[*ORDER, None]!r}', 'line not a string'),
    (ordered((BATCHES, EPOCHS)), 'batches before epochs'),
]

RIGHT = [  # other answers that are right
    ordered((CLEAR, BACKWARD)),
    ordered((CLEAR, ADD)),  # right after step: for the next batch
    ordered((CLEAR, PRINT)),
    ordered((ADD, BACKWARD)),
    ordered((ADD, STEP)),
    ordered((CRITERION, TRANSFORM), (OPTIMIZER, TRANSFORM), (MODEL, CRITERION)),
    ordered((OPTIMIZER, CRITERION)),
]
