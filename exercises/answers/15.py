"""What is right and wrong in exercise 15."""
HINT = ('Ask of each: does the training loss fall? From where to where? Does the '
        'validation loss go with it? A network that knows nothing has ln 10 = 2.303.')

SOLUTION = '''
diagnosis = {'A': 'learning rate too small', 'B': 'stopped too early',
             'C': 'over-fits', 'D': 'learning rate too large'}
best_epoch = 9
'''

SMALL, LARGE = 'learning rate too small', 'learning rate too large'
EARLY, OVER = 'stopped too early', 'over-fits'
RIGHTS = {'A': SMALL, 'B': EARLY, 'C': OVER, 'D': LARGE}
WORDS = {  # what a wrong answer overlooks
    ('A', LARGE): 'with steps too large losses jump up and down, or grow: here they '
                  'fall in every epoch, by a thousandth or less',
    ('A', EARLY): 'it falls by a thousandth in an epoch, and has 2.3 to go: who would '
                  'wait for it?',
    ('A', OVER): 'who over-fits does well on the training images: here the training '
                 'loss is still that of a guess, 2.303',
    ('B', SMALL): 'in three epochs the loss was halved: these steps are not small',
    ('B', LARGE): 'with steps too large losses jump up and down, or stay high: here '
                  'both fall almost all the way',
    ('B', OVER): 'who over-fits has a validation loss that rises again: here it is '
                 'still falling, and close to the training loss',
    ('C', SMALL): 'the training loss falls to a third: these steps are not small',
    ('C', LARGE): 'with steps too large the training loss could not fall to 0.225: '
                  'compare it with the validation loss',
    ('C', EARLY): 'the validation loss is above its lowest: more epochs pull the two '
                  'further apart',
    ('D', SMALL): 'the first epoch ends at 2.409, worse than the 2.303 of a guess, and '
                  'then it goes up and down: small steps do not do that',
    ('D', EARLY): 'nothing has got better since epoch 3: losses go up and down around '
                  'that of a guess, and more epochs of that will not help',
    ('D', OVER): 'who over-fits does well on the training images: here the training '
                 'loss is no better than that of a guess, 2.303'}


def check(mine):
    diagnosis = mine.diagnosis
    assert isinstance(diagnosis, dict) and set(diagnosis) == set(RIGHTS), (
        'diagnosis is a dict with the keys A, B, C and D: keep it so')
    for letter, right in RIGHTS.items():
        said = diagnosis[letter]
        assert said is not ..., f'there is nothing behind {letter} yet'
        assert isinstance(said, str) and said.strip().lower() in RIGHTS.values(), (
            f'{letter}: {said!r} is none of the four, which are '
            f'{", ".join(RIGHTS.values())}')
        said = said.strip().lower()
        assert said == right, f'{letter}: {WORDS.get((letter, said))}'
    best = mine.best_epoch
    assert best is not ..., 'best_epoch is missing: which epoch of C would you keep?'
    try:
        best = float(best)
    except (TypeError, ValueError):
        raise AssertionError('best_epoch is a number, such as 3') from None
    assert not 0 < best < 1, (
        f'{best:g} is the loss: in which epoch is it reached?')
    assert 1 <= best <= 12, 'there are twelve epochs, counted from 1'
    assert best != 12, (
        'after epoch 12 the training loss is lowest: how does it do on images that it '
        'did not learn from?')
    assert best != 11, 'look at the validation loss, not at the training loss'
    assert best != 6, (
        'after epoch 6 the validation loss rises, but falls below it again: one rise '
        'may be noise, look for the lowest of all')
    assert best not in (4, 5), 'it goes on falling after that: look for the lowest'
    assert best != 8, 'epochs are counted from 1 here, and a list from 0'
    assert best == 9, f'in epoch {best:g} the validation loss is not at its lowest'


def answer(best='9', **changes):
    return f'diagnosis = {RIGHTS | changes!r}\nbest_epoch = {best}\n'


def swapped(letter, said):
    """An answer with one word behind the wrong letter, and each word once."""
    other = next(key for key, right in RIGHTS.items() if right == said)
    return answer(**{letter: said, other: RIGHTS[letter]})


WRONG = [  # (answer, words that the verdict has)
    (swapped('A', LARGE), 'by a thousandth or less'),
    (swapped('A', EARLY), 'who would wait'),
    (swapped('A', OVER), 'still that of a guess'),
    (answer(B=SMALL), 'was halved'),
    (answer(B=LARGE), 'both fall almost'),
    (swapped('B', OVER), 'still falling'),
    (answer(C=SMALL), 'falls to a third'),
    (swapped('C', LARGE), 'could not fall'),
    (answer(C=EARLY), 'above its lowest'),
    (answer(D=SMALL), 'small steps do not do that'),
    (answer(D=EARLY), 'more epochs of that'),
    (answer(D=OVER), 'no better than that of a guess'),
    (answer(D='underfits'), 'none of the four'),
    (answer(best='...'), 'best_epoch is missing'),
    (answer(best="'C'"), 'is a number'),
    (answer(best='12'), 'did not learn from'),
    (answer(best='0.457'), '0.457 is the loss: in which epoch'),
    (answer(best='13'), 'there are twelve epochs'),
    (answer(best='0'), 'counted from 1'),
    (answer(best='11'), 'not at the training loss'),
    (answer(best='6'), 'one rise may be noise'),
    (answer(best='4'), 'goes on falling'),
    (answer(best='8'), 'counted from 1'),
    (answer(best='1'), 'not at its lowest'),
    (f'diagnosis = {list(RIGHTS.values())}', 'keep it so'),
    ("diagnosis['A'] = 'learning rate too small'", 'nothing behind B'),
]

RIGHT = [  # other answers that are right
    answer(best='9.0'),
    answer(best="'9'", A='Learning rate too small '),
    '''
diagnosis = dict.fromkeys('ABCD', 'over-fits')
diagnosis['A'] = 'learning rate too small'
diagnosis['B'] = 'stopped too early'
diagnosis['D'] = 'learning rate too large'
valid = [0.757, 0.625, 0.558, 0.532, 0.532, 0.460, 0.470, 0.474, 0.457, 0.478, 0.476]
best_epoch = valid.index(min(valid)) + 1
''',
]
