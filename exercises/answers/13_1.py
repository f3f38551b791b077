"""What is right and wrong in exercise 13_1."""
from collections import Counter

HINT = ('Lines without spaces come first: each needs only what is above it. Then '
        'follow one batch: forward, loss, backward, and the weights move. Where '
        'may the gradients be cleared?')

TRANSFORM = 'transform = transforms.ToTensor()'
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
ADD = '        train_loss += loss.item() * len(labels)'
PRINT = '    print(train_loss / len(trainset))'

ORDER = [TRANSFORM, TRAINSET, LOADER, MODEL, CRITERION, OPTIMIZER, EPOCHS, ZERO,
         BATCHES, CLEAR, FORWARD, LOSS, BACKWARD, STEP, ADD, PRINT]
SOLUTION = 'steps = [\n' + ''.join(f'    {line!r},\n' for line in ORDER) + ']\n'

BEFORE = [  # (a line, one that must come later, what breaks otherwise)
    (TRANSFORM, TRAINSET, 'the data set is to use transform, and there is none yet'),
    (TRAINSET, LOADER, 'the loader is to serve trainset, and there is none yet'),
    (MODEL, OPTIMIZER, 'the optimizer asks for model.parameters(), and there is no '
     'model yet'),
    (EPOCHS, ZERO, 'train_loss = 0 stands outside of the epochs: each needs a new sum'),
    (EPOCHS, BATCHES, 'for epoch comes first: in each epoch, all batches'),
    (ZERO, BATCHES, 'train_loss = 0 comes after the batches have begun: there is no '
     'sum to add to, or it is lost'),
    (BATCHES, PRINT, 'print comes before the batches: nothing is summed up yet'),
    (FORWARD, LOSS, 'the loss needs the output of this batch: forward comes first'),
    (LOSS, BACKWARD, 'backward starts from the loss: there is none of this batch yet'),
    (BACKWARD, STEP, 'step comes before backward: the gradient of this batch is not '
     'there yet, and the weights move by an older one or not at all'),
    (LOSS, ADD, 'the loss is added up before this batch has one'),
]


def check(mine):
    steps = mine.steps
    assert isinstance(steps, (list, tuple)), 'steps is a list of lines: keep it one'
    lines = {line.strip(): line for line in ORDER}
    for step in steps:
        assert isinstance(step, str), 'each line is a str, in quotes'
        assert step.strip() in lines, (
            f'{step.strip()} was not there: move lines, with the comma behind each')
        assert step == lines[step.strip()], (
            f'{step.strip()} has other spaces in front: keep the line as it was')
    twice = [step for step, count in Counter(steps).items() if count > 1]
    assert not twice, f'there twice: {twice and twice[0].strip()}'
    lost = [line.strip() for line in ORDER if line not in steps]
    assert not lost, f'this line has got lost: {lost and lost[0]}'

    at = {step: i for i, step in enumerate(steps)}
    epochs, batches = at[EPOCHS], at[BATCHES]
    for step in steps:
        spaces = len(step) - len(step.lstrip())
        assert spaces or step == EPOCHS or at[step] < epochs, (
            f'{step.strip()} is made once, so it stands before for epoch')
    for first, second, words in BEFORE[3:7]:
        assert at[first] < at[second], words
    for step in steps:
        spaces = len(step) - len(step.lstrip())
        assert spaces < 8 or batches < at[step] < at[PRINT], (
            f'{step.strip()} belongs to for images, and stands outside of it')
    for first, second, words in BEFORE:
        assert at[first] < at[second], words
    assert not at[BACKWARD] < at[CLEAR] < at[STEP], (
        'zero_grad stands between backward and step: it clears what step needs, and '
        'nothing is learned')
    try:
        compile('\n'.join(steps), 'steps', 'exec')
    except SyntaxError as error:
        raise AssertionError(f'this is no program: {error.msg}') from None


def ordered(*changes):
    """An answer: the right order, but each line of a pair stands before the other."""
    steps = list(ORDER)
    for line, other in changes:
        steps.remove(line)
        steps.insert(steps.index(other), line)
    return f'steps = {steps!r}\n'


WRONG = [  # (answer, words that the verdict has)
    (ordered((CLEAR, STEP)), 'zero_grad stands between'),
    (ordered((STEP, BACKWARD)), 'step comes before backward'),
    (ordered((STEP, CLEAR)), 'step comes before backward'),
    (ordered((STEP, LOSS)), 'step comes before backward'),
    (ordered((OPTIMIZER, MODEL)), 'there is no model yet'),
    (ordered((LOADER, TRAINSET)), 'the loader is to serve'),
    (ordered((TRAINSET, TRANSFORM)), 'use transform'),
    (ordered((ZERO, EPOCHS)), 'each needs a new sum'),
    (ordered((ZERO, PRINT)), 'train_loss = 0 comes after'),
    (ordered((PRINT, BATCHES)), 'print comes before the batches'),
    (ordered((PRINT, ADD)), 'stands outside of it'),
    (ordered((LOSS, FORWARD)), 'forward comes first'),
    (ordered((BACKWARD, LOSS)), 'there is none of this batch yet'),
    (ordered((ADD, LOSS)), 'before this batch has one'),
    (ordered((BATCHES, EPOCHS), (ZERO, BATCHES)), 'outside of the epochs'),
    (ordered((CLEAR, BATCHES)), 'belongs to for images'),
    (ordered((MODEL, BATCHES)), 'is made once'),
    (ordered((CRITERION, LOSS)), 'is made once'),
    (f'steps = {ORDER[:-1]!r}', 'got lost'),
    (f'steps = {[*ORDER, STEP]!r}', 'there twice'),
    (f'steps = {[line.strip() for line in ORDER]!r}', 'spaces in front'),
    (f'steps = {[*ORDER, ADD + STEP]!r}', 'the comma behind each'),
    ('steps.sort()', 'made once'),
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
