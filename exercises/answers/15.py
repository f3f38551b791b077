"""What is right and wrong in exercise 15."""

HINT = (
    'Ask of each: does the training loss fall? From where to where? Does the '
    'validation loss go with it? A network that knows nothing has ln 10 = 2.303.'
)

SOLUTION = """
diagnosis = {'A': 'learning rate too small', 'B': 'stopped too early',
             'C': 'over-fits', 'D': 'learning rate too large'}
best_epoch = 9
"""

SMALL = 'learning rate too small'
LARGE = 'learning rate too large'
EARLY = 'stopped too early'
OVER = 'over-fits'
RIGHTS = {'A': SMALL, 'B': EARLY, 'C': OVER, 'D': LARGE}
MISTAKES = {  # (letter, what was said): the mistake, and what it overlooks
    ('A', LARGE): (
        'small taken for large',
        'with steps too large losses jump up and down, or grow: here they fall in '
        'every epoch, by a thousandth or less',
    ),
    ('A', EARLY): (
        'small taken for early',
        'it falls by a thousandth in an epoch, and has 2.3 to go: who would wait for '
        'it?',
    ),
    ('A', OVER): (
        'small taken for over-fit',
        'who over-fits does well on the training images: here the training loss is '
        'still that of a guess, 2.303',
    ),
    ('B', SMALL): (
        'early taken for small',
        'in three epochs the loss was halved: these steps are not small',
    ),
    ('B', LARGE): (
        'early taken for large',
        'with steps too large losses jump up and down, or stay high: here both fall '
        'almost all the way',
    ),
    ('B', OVER): (
        'early taken for over-fit',
        'who over-fits has a validation loss that rises again: here it is still '
        'falling, and close to the training loss',
    ),
    ('C', SMALL): (
        'over-fit taken for small',
        'the training loss falls to a third: these steps are not small',
    ),
    ('C', LARGE): (
        'over-fit taken for large',
        'with steps too large the training loss could not fall to 0.225: compare it '
        'with the validation loss',
    ),
    ('C', EARLY): (
        'over-fit taken for early',
        'the validation loss is above its lowest: more epochs pull the two further '
        'apart',
    ),
    ('D', SMALL): (
        'large taken for small',
        'the first epoch ends at 2.409, worse than the 2.303 of a guess, and then it '
        'goes up and down: small steps do not do that',
    ),
    ('D', EARLY): (
        'large taken for early',
        'nothing has got better since epoch 3: losses go up and down around that of a '
        'guess, and more epochs of that will not help',
    ),
    ('D', OVER): (
        'large taken for over-fit',
        'who over-fits does well on the training images: here the training loss is no '
        'better than that of a guess, 2.303',
    ),
}


def check(mine):
    diagnosis = mine.diagnosis
    assert isinstance(diagnosis, dict) and set(diagnosis) == set(RIGHTS), (
        'changes the keys',
        'diagnosis is a dict with the keys A, B, C and D: keep it so',
    )
    for letter, right in RIGHTS.items():
        said = diagnosis[letter]
        assert said is not ..., (
            'letter left open',
            f'there is nothing behind {letter} yet',
        )
        assert isinstance(said, str) and said.strip().lower() in RIGHTS.values(), (
            'none of the four',
            f'{letter}: {said!r} is none of the four, which are '
            f'{", ".join(RIGHTS.values())}',
        )
        said = said.strip().lower()
        if said != right:
            mistake, words = MISTAKES[letter, said]
            raise AssertionError((mistake, f'{letter}: {words}'))
    best = mine.best_epoch
    assert best is not ..., (
        'epoch left open',
        'best_epoch is missing: which epoch of C would you keep?',
    )
    try:
        best = float(best)
    except (TypeError, ValueError):
        raise AssertionError(
            ('epoch not a number', 'best_epoch is a number, such as 3')
        ) from None
    assert not 0 < best < 1, (
        'loss for the epoch',
        f'{best:g} is the loss: in which epoch is it reached?',
    )
    assert 1 <= best <= 12, ('no such epoch', 'there are twelve epochs, counted from 1')
    assert best != 12, (
        'lowest training loss',
        'after epoch 12 the training loss is lowest: how does it do on images that it '
        'did not learn from?',
    )
    assert best != 11, (
        'training loss from zero',
        'look at the validation loss, not at the training loss',
    )
    assert best != 6, (
        'first rise',
        'after epoch 6 the validation loss rises, but falls below it again: one rise '
        'may be noise, look for the lowest of all',
    )
    assert best not in (4, 5), (
        'stops falling too early',
        'it goes on falling after that: look for the lowest',
    )
    assert best != 8, (
        'counts from zero',
        'epochs are counted from 1 here, and a list from 0',
    )
    assert best == 9, (
        'wrong epoch',
        f'in epoch {best:g} the validation loss is not at its lowest',
    )


def answer(best='9', **changes):
    return f'diagnosis = {RIGHTS | changes!r}\nbest_epoch = {best}\n'


def swapped(letter, said):
    """An answer with one word behind the wrong letter, and each word once."""
    other = next(key for key, right in RIGHTS.items() if right == said)
    return answer(**{letter: said, other: RIGHTS[letter]})


WRONG = [  # (answer, name of its mistake)
    (swapped('A', LARGE), 'small taken for large'),
    (swapped('A', EARLY), 'small taken for early'),
    (swapped('A', OVER), 'small taken for over-fit'),
    (answer(B=SMALL), 'early taken for small'),
    (answer(B=LARGE), 'early taken for large'),
    (swapped('B', OVER), 'early taken for over-fit'),
    (answer(C=SMALL), 'over-fit taken for small'),
    (swapped('C', LARGE), 'over-fit taken for large'),
    (answer(C=EARLY), 'over-fit taken for early'),
    (answer(D=SMALL), 'large taken for small'),
    (answer(D=EARLY), 'large taken for early'),
    (answer(D=OVER), 'large taken for over-fit'),
    (answer(D='underfits'), 'none of the four'),
    (answer(best='...'), 'epoch left open'),
    (answer(best="'C'"), 'epoch not a number'),
    (answer(best='12'), 'lowest training loss'),
    (answer(best='0.457'), 'loss for the epoch'),
    (answer(best='13'), 'no such epoch'),
    (answer(best='0'), 'no such epoch'),
    (answer(best='11'), 'training loss from zero'),
    (answer(best='6'), 'first rise'),
    (answer(best='4'), 'stops falling too early'),
    (answer(best='8'), 'counts from zero'),
    (answer(best='1'), 'wrong epoch'),
    (f'diagnosis = {list(RIGHTS.values())}', 'changes the keys'),
    ("diagnosis['A'] = 'learning rate too small'", 'letter left open'),
]

RIGHT = [  # other answers that are right
    answer(best='9.0'),
    answer(best="'9'", A='Learning rate too small '),
    """
diagnosis = dict.fromkeys('ABCD', 'over-fits')
diagnosis['A'] = 'learning rate too small'
diagnosis['B'] = 'stopped too early'
diagnosis['D'] = 'learning rate too large'
valid = [0.757, 0.625, 0.558, 0.532, 0.532, 0.460, 0.470, 0.474, 0.457, 0.478, 0.476]
best_epoch = valid.index(min(valid)) + 1
""",
]
