"""What is right and wrong in exercise 18."""

import torch
from check import shaped

FORBIDDEN = [
    'torchvision',
    'transforms',
    'torchvision.transforms',
    'ToTensor',
    'CenterCrop',
    'RandomCrop',
    'RandomResizedCrop',
    'RandomHorizontalFlip',
    'center_crop',
    'crop',
    'hflip',
]

HINT = (
    'photo[top:top + size, left:left + size] cuts, permute(2, 0, 1) puts the '
    'colours first, flip mirrors. torch.randint(n, (1,)).item() is one of 0 to '
    'n - 1.'
)

SOLUTION = """
def cut(photo, top, left, size):
    square = photo[top:top + size, left:left + size].permute(2, 0, 1)
    return square.float() / 255 * 2 - 1


def test_view(photo, size):
    height, width, _ = photo.shape
    return cut(photo, (height - size) // 2, (width - size) // 2, size)


def train_view(photo, size):
    height, width, _ = photo.shape
    top = torch.randint(height - size + 1, (1,)).item()
    left = torch.randint(width - size + 1, (1,)).item()
    view = cut(photo, top, left, size)
    return view.flip(2) if torch.rand(1) < 0.5 else view
"""


def a_photo(height, width):
    """Red tells the row of a pixel, green its column, blue is noise."""
    red = torch.arange(height).view(-1, 1).expand(height, width) * 9
    green = torch.arange(width).expand(height, width) * 9
    photo = torch.stack([red, green, torch.randint(256, (height, width))], dim=2)
    photo[height // 2, width // 2, 2], photo[height // 2, width // 2 + 1, 2] = 0, 255
    return photo.to(torch.uint8)


def squares(photo, size):
    """All that fit: {(top, left, mirrored): view}, and the views in one tensor."""
    views = {}
    for top in range(len(photo) - size + 1):
        for left in range(photo.shape[1] - size + 1):
            square = photo[top : top + size, left : left + size].double() / 127.5 - 1
            views[top, left, False] = square.permute(2, 0, 1)
            views[top, left, True] = views[top, left, False].flip(2)
    return views, torch.stack([*views.values()])


def alike(one, two):
    return one.shape == two.shape and (one - two).abs().max() < 1e-4


DARK = (
    '0 is -1 and 255 is 1 in each photo, also in a dark one: divide by 255, not by '
    'the largest number there is'
)


def find(got, views, size, name):
    """Which square is it? Says what is wrong if it is none."""
    assert isinstance(got, torch.Tensor), (
        'returns no tensor',
        f'{name} returns no tensor',
    )
    colors_last = got.dim() == 3 and got.shape[2] == 3 and size != 3
    assert not colors_last, (
        'colors stand last',
        f'{name}: the colours stand last, {list(got.shape)}: permute(2, 0, 1) puts '
        'them first',
    )
    assert got.shape == (3, size, size), (
        'square of wrong size',
        f'{name} gives {list(got.shape)}, not {[3, size, size]}: is the square cut '
        'within the photo?',
    )
    shaped(got, torch.zeros(3, size, size), f'what {name} returns')
    views, stacked = views
    near = (stacked - got).abs().flatten(1).amax(1) < 1e-4
    if near.any():
        return [*views][near.nonzero()[0].item()]
    got = got.double()
    assert got.max() < 2, (
        'stays too large',
        f'{name} goes up to {got.max().item():.0f}: 0 is to be -1, and 255 is to be 1',
    )
    for view in views.values():
        numbers = ((view + 1) * 127.5).round().to(torch.uint8)
        assert not alike(got, numbers / 255), (
            'goes from zero',
            f'{name} goes from 0 to 1: times 2, minus 1, makes it -1 to 1',
        )
        assert not alike(got, numbers / 128 - 1), (
            'divides by another number',
            f'{name}: divide by 255, the brightest there is, so that 255 becomes 1',
        )
        wrapped = [
            (numbers * 2 - 255) / 255,
            (numbers - 128) / 128,
            (numbers - 127) / 128,
        ]
        assert not any(alike(got, one) for one in wrapped), (
            'wraps around',
            f'{name}: uint8 has no numbers below 0 nor above 255, so they wrap around: '
            'float() comes before you compute',
        )
        upside_down = [view.flip(1), view.flip(1, 2)]
        assert not any(alike(got, one) for one in upside_down), (
            'stands upside down',
            f'{name}: the photo stands upside down: mirror the columns, not the rows',
        )
        assert not alike(got, view.transpose(1, 2)), (
            'rows and columns swapped',
            f'{name}: rows and columns have changed places: permute(2, 0, 1)',
        )
        assert not alike(got, view.flip(0)), (
            'colors swapped',
            f'{name}: the colours have changed places',
        )
        for one in view, numbers / 255:
            scramble = one.permute(1, 2, 0).reshape(3, size, size)
            assert not alike(got, scramble), (
                'scrambles the numbers',
                f'{name}: reshape and view keep the order of the numbers, and here '
                'that makes a scramble: permute(2, 0, 1)',
            )
        above = numbers.double() - numbers.min()
        by_brightest = [2 * numbers / numbers.max() - 1, 2 * above / above.max() - 1]
        assert not any(alike(got, one) for one in by_brightest), (
            'divides by its brightest',
            f'{name}: {DARK}',
        )
    raise AssertionError(
        (
            'no such square',
            f'{name} gives no square of the photo from -1 to 1: cut, colours first, float, '
            'then / 255 * 2 - 1',
        )
    )


def train(mine, photo, size):
    try:
        return mine.train_view(photo, size)
    except ValueError as error:
        assert 'step' not in str(error), (
            'steps below zero',
            'tensors have no step below 0: flip(2)',
        )
        raise


def check(mine):
    for height, width, size in ((9, 14, 6), (17, 10, 5), (8, 8, 8)):
        photo = a_photo(height, width)
        before = photo.clone()
        views = squares(photo, size)
        got = mine.test_view(photo, size)
        assert torch.equal(photo, before), (
            'changes test photo',
            'test_view changed photo: work on a copy',
        )
        top, left, mirrored = find(got, views, size, 'test_view')
        again = mine.test_view(photo, size)
        assert torch.equal(got, again), (
            'chance in test view',
            'test_view: two calls give two views: chance is for training photos only',
        )
        middle_top = (height - size) / 2
        middle_left = (width - size) / 2
        assert not mirrored, (
            'mirrors test view',
            'test_view mirrors the photo: that is for training only',
        )
        assert abs(top - middle_top) < 1 and abs(left - middle_left) < 1, (
            'misses the middle',
            f'test_view: of a photo of {height} x {width} the middle {size} x {size} '
            f'start at row {middle_top:g} and column {middle_left:g}, yours at {top} '
            f'and {left}',
        )

    photo = a_photo(6, 7)
    size = 5
    before = photo.clone()
    views = squares(photo, size)
    places = []
    for _ in range(600):
        places.append(find(train(mine, photo, size), views, size, 'train_view'))
        assert torch.equal(photo, before), (
            'changes training photo',
            'train_view changed photo: work on a copy',
        )
        assert len(places) != 100 or len(set(places)) > 1, (
            'same view each time',
            'train_view gives the same view in each of 100 calls: no seed within it',
        )
    tops = [top for top, _, _ in places]
    lefts = [left for _, left, _ in places]
    of_rows = [tops.count(row) / 600 for row in range(2)]  # 1/2, +- 0.02
    of_columns = [lefts.count(column) / 600 for column in range(3)]  # 1/3, +- 0.02
    first, middle, last = of_columns
    assert tops.count(1) and lefts.count(2), (
        'never at the end',
        'train_view never takes the last place where the square fits: there are '
        'height - size + 1 rows to start from',
    )
    assert tops.count(0) and lefts.count(0), (
        'never at the start',
        'train_view never begins at row 0 or column 0',
    )
    assert middle < 0.42 or abs(first - last) > 0.1, (
        'ends half as often',
        'train_view: the first and the last place come half as often: int(rand * (n + '
        '1)), or torch.randint',
    )
    assert min(of_rows + of_columns) > 0.25, (
        'places unequally likely',
        'train_view: all places are to be equally likely',
    )
    pairs = {place[:2] for place in places}
    assert len(pairs) == 6, (
        'row and column linked',
        'train_view: row and column are to be drawn independently of each other',
    )
    mirrored = sum(place[2] for place in places) / 600  # +- 0.02
    assert mirrored > 0, ('never mirrors', 'train_view never mirrors')
    assert mirrored < 1, (
        'always mirrors',
        'train_view always mirrors: in half of the calls',
    )
    assert 0.42 < mirrored < 0.58, (
        'mirrors unequally often',
        f'train_view mirrors in {mirrored:.0%} of the calls, not in half of them',
    )
    assert len(set(places)) == 12, (
        'mirrors by place',
        'train_view: whether it mirrors is not to depend on the place',
    )
    photo = a_photo(8, 5)
    find(mine.train_view(photo, 5), squares(photo, 5), 5, 'train_view')
    dark = a_photo(5, 5) // 3 + 20
    views, _ = squares(dark, 5)
    for name in 'test_view', 'train_view':
        got = getattr(mine, name)(dark.clone(), 5)
        assert any(alike(got, view) for view in views.values()), (
            'divides by its brightest',
            f'{name}: {DARK}',
        )


def but(*changes):
    """The solution with other text in places."""
    answer = SOLUTION
    for old, new in changes:
        assert old in answer
        answer = answer.replace(old, new)
    return answer


WRONG = [  # (answer, name of its mistake)
    (but(('.permute(2, 0, 1)', '')), 'colors stand last'),
    (but(('.permute(2, 0, 1)', '.reshape(3, size, size)')), 'scrambles the numbers'),
    (
        but(('.permute(2, 0, 1)', '.reshape(3, size, size)'), (' * 2 - 1', '')),
        'scrambles the numbers',
    ),
    (but(('view.flip(2) if', 'view[:, :, ::-1] if')), 'steps below zero'),
    (
        but(
            (
                'torch.randint(height - size + 1, (1,)).item()',
                'round(torch.rand(1).item() * (height - size))',
            ),
            (
                'torch.randint(width - size + 1, (1,)).item()',
                'round(torch.rand(1).item() * (width - size))',
            ),
        ),
        'ends half as often',
    ),
    (but(('rand(1) < 0.5', 'rand(1) < 0.333')), 'mirrors unequally often'),
    (but(('rand(1) < 0.5', 'randn(1) < 0.5')), 'mirrors unequally often'),
    (but(('square.float() / 255', 'square / photo.max()')), 'divides by its brightest'),
    (
        but(('square.float() / 255', 'square / square.max()')),
        'divides by its brightest',
    ),
    (
        but(
            (
                'square.float() / 255',
                '(square - square.min()) / (square.max() - square.min())',
            )
        ),
        'divides by its brightest',
    ),
    (but(('permute(2, 0, 1)', 'permute(2, 1, 0)')), 'rows and columns swapped'),
    (but(('permute(2, 0, 1)', 'permute(2, 0, 1).flip(0)')), 'colors swapped'),
    (but((' / 255 * 2 - 1', '')), 'stays too large'),
    (but((' / 255 * 2 - 1', ' / 255')), 'goes from zero'),
    (but((' / 255 * 2 - 1', ' / 128 - 1')), 'divides by another number'),
    (but(('square.float() / 255 * 2 - 1', '(square * 2 - 255) / 255')), 'wraps around'),
    (
        but(('square.float() / 255 * 2 - 1', '(square.float() / 255 - 0.5) / 0.25')),
        'stays too large',
    ),
    (but(('.float()', '.double()')), 'wrong dtype'),
    (but(('(height - size) // 2, (width - size) // 2', '0, 0')), 'misses the middle'),
    (
        but(('(height - size) // 2, (width - size) // 2', 'height // 2, width // 2')),
        'square of wrong size',
    ),
    (
        but(
            (
                '(height - size) // 2, (width - size) // 2',
                '(height - size) // 2, (height - size) // 2',
            )
        ),
        'misses the middle',
    ),
    (
        but(
            (
                'return cut(photo, (height - size) // 2, (width - size) // 2, size)',
                'return train_view(photo, size)',
            )
        ),
        'chance in test view',
    ),
    (but(('flip(2)', 'flip(1)')), 'stands upside down'),
    (
        but(
            ('randint(height - size + 1', 'randint(max(height - size, 1)'),
            ('randint(width - size + 1', 'randint(max(width - size, 1)'),
        ),
        'never at the end',
    ),
    (but(('view.flip(2) if torch.rand(1) < 0.5 else view', 'view')), 'never mirrors'),
    (
        but(('view.flip(2) if torch.rand(1) < 0.5 else view', 'view.flip(2)')),
        'always mirrors',
    ),
    (but(('rand(1) < 0.5', 'randn(1) < 0.5 + 0.5')), 'mirrors unequally often'),
    (
        but(('left = torch.randint(width - size + 1, (1,)).item()', 'left = top')),
        'never at the end',
    ),
    (
        but(
            (
                'left = torch.randint(width - size + 1, (1,)).item()',
                'left = torch.randint(width - size + 1, (1,)).item()\n'
                '    top = left % (height - size + 1)',
            )
        ),
        'row and column linked',
    ),
    (but(('torch.rand(1) < 0.5', '(top + left) % 2')), 'mirrors by place'),
    (but(('    top =', '    torch.manual_seed(7)\n    top =')), 'same view each time'),
    (
        but(
            ('left:left + size]', 'left:left + size].mul_(1)'),
            ('.permute(2, 0, 1)', '.div_(2, rounding_mode="floor").permute(2, 0, 1)'),
        ),
        'changes test photo',
    ),
    (
        """
from torchvision import transforms

test_view = transforms.CenterCrop(6)
""",
        'uses what is forbidden',
    ),
    (
        """
from torchvision.transforms import CenterCrop


def test_view(photo, size):
    return CenterCrop(size)(photo.permute(2, 0, 1)) / 127.5 - 1
""",
        'uses what is forbidden',
    ),
    (
        but(
            (
                'return square.float() / 255 * 2 - 1',
                'return (square.float() / 255 * 2 - 1).tolist()',
            )
        ),
        'returns no tensor',
    ),
    (but((' / 255 * 2 - 1', ' / 255 - 0.5')), 'no such square'),
    (
        but(('(width - size) // 2, size)', '(width - size) // 2, size).flip(2)')),
        'mirrors test view',
    ),
    (
        but(
            (
                'return view.flip(2) if torch.rand(1) < 0.5 else view',
                'photo[:] = photo.flip(1)\n    return view',
            )
        ),
        'changes training photo',
    ),
    (
        but(
            ('randint(height - size + 1', 'randint(1, height - size + 1'),
            ('randint(width - size + 1', 'randint(1, width - size + 1'),
        ),
        'never at the start',
    ),
    (
        but(
            (
                'torch.randint(width - size + 1, (1,)).item()',
                'int(torch.rand(1)**2 * (width - size + 1))',
            )
        ),
        'places unequally likely',
    ),
]

RIGHT = [  # other answers that are right
    """
import random


def test_view(photo, size):
    top = round((photo.shape[0] - size) / 2)
    left = -((size - photo.shape[1]) // 2)
    square = photo.permute(2, 0, 1)[:, top:top + size, left:left + size]
    return (square / 255 - 0.5) / 0.5


def train_view(photo, size):
    if random.random() < 0.5:
        photo = photo.flip(1)
    top = random.randint(0, photo.shape[0] - size)
    left = random.randrange(photo.shape[1] - size + 1)
    return test_view(photo[top:top + size, left:left + size], size)
""",
    """
import numpy as np


def test_view(photo, size, random=False):
    picture = photo.numpy().astype(np.float32).transpose(2, 0, 1) / 127.5 - 1
    places = [n - size for n in picture.shape[1:]]
    top, left = [np.random.randint(n + 1) if random else n // 2 for n in places]
    picture = picture[:, top:top + size, left:left + size]
    if random and np.random.rand() < 0.5:
        picture = picture[:, :, ::-1].copy()
    return torch.from_numpy(picture)


def train_view(photo, size):
    return test_view(photo, size, random=True)
""",
]
