"""What is right and wrong in exercise 18."""
import torch
from check import shaped

FORBIDDEN = ['torchvision', 'transforms', 'torchvision.transforms', 'ToTensor',
             'CenterCrop', 'RandomCrop', 'RandomResizedCrop', 'RandomHorizontalFlip',
             'center_crop', 'crop', 'hflip']

HINT = ('photo[top:top + size, left:left + size] cuts, permute(2, 0, 1) puts the '
        'colours first, flip mirrors. torch.randint(n, (1,)).item() is one of 0 to '
        'n - 1.')

SOLUTION = '''
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
'''


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
            square = photo[top:top + size, left:left + size].double() / 127.5 - 1
            views[top, left, False] = square.permute(2, 0, 1)
            views[top, left, True] = views[top, left, False].flip(2)
    return views, torch.stack([*views.values()])


def alike(one, two):
    return one.shape == two.shape and (one - two).abs().max() < 1e-4


DARK = ('0 is -1 and 255 is 1 in each photo, also in a dark one: divide by 255, not by '
        'the largest number there is')


def find(got, views, size, name):
    """Which square is it? Says what is wrong if it is none."""
    assert isinstance(got, torch.Tensor), f'{name} returns no tensor'
    if got.dim() == 3 and got.shape[2] == 3 != size:
        raise AssertionError(f'{name}: the colours stand last, {list(got.shape)}: '
                             'permute(2, 0, 1) puts them first')
    assert got.shape == (3, size, size), (
        f'{name} gives {list(got.shape)}, not {[3, size, size]}: is the square cut '
        'within the photo?')
    shaped(got, torch.zeros(3, size, size), f'what {name} returns')
    views, stacked = views
    near = (stacked - got).abs().flatten(1).amax(1) < 1e-4
    if near.any():
        return [*views][near.nonzero()[0].item()]
    got = got.double()
    assert got.max() < 2, (
        f'{name} goes up to {got.max().item():.0f}: 0 is to be -1, and 255 is to be 1')
    for view in views.values():
        numbers = ((view + 1) * 127.5).round().to(torch.uint8)
        assert not alike(got, numbers / 255), (
            f'{name} goes from 0 to 1: times 2, minus 1, makes it -1 to 1')
        assert not alike(got, numbers / 128 - 1), (
            f'{name}: divide by 255, the brightest there is, so that 255 becomes 1')
        assert not alike(got, (numbers * 2 - 255) / 255) and not alike(
            got, (numbers - 128) / 128) and not alike(got, (numbers - 127) / 128), (
            f'{name}: uint8 has no numbers below 0 nor above 255, so they wrap around: '
            'float() comes before you compute')
        assert not alike(got, view.flip(1)) and not alike(got, view.flip(1, 2)), (
            f'{name}: the photo stands upside down: mirror the columns, not the rows')
        assert not alike(got, view.transpose(1, 2)), (
            f'{name}: rows and columns have changed places: permute(2, 0, 1)')
        assert not alike(got, view.flip(0)), f'{name}: the colours have changed places'
        for one in view, numbers / 255:
            assert not alike(got, one.permute(1, 2, 0).reshape(3, size, size)), (
                f'{name}: reshape and view keep the order of the numbers, and here '
                'that makes a scramble: permute(2, 0, 1)')
        above = numbers.double() - numbers.min()
        assert not alike(got, 2 * numbers / numbers.max() - 1) and not alike(
            got, 2 * above / above.max() - 1), f'{name}: {DARK}'
    raise AssertionError(
        f'{name} gives no square of the photo from -1 to 1: cut, colours first, float, '
        'then / 255 * 2 - 1')


def train(mine, photo, size):
    try:
        return mine.train_view(photo, size)
    except ValueError as error:
        assert 'step' not in str(error), 'tensors have no step below 0: flip(2)'
        raise


def check(mine):
    for height, width, size in ((9, 14, 6), (17, 10, 5), (8, 8, 8)):
        photo = a_photo(height, width)
        before, views = photo.clone(), squares(photo, size)
        got = mine.test_view(photo, size)
        assert torch.equal(photo, before), 'test_view changed photo: work on a copy'
        top, left, mirrored = find(got, views, size, 'test_view')
        again = mine.test_view(photo, size)
        assert torch.equal(got, again), (
            'test_view: two calls give two views: chance is for training photos only')
        middle = (height - size) / 2, (width - size) / 2
        assert not mirrored, 'test_view mirrors the photo: that is for training only'
        assert abs(top - middle[0]) < 1 and abs(left - middle[1]) < 1, (
            f'test_view: of a photo of {height} x {width} the middle {size} x {size} '
            f'start at row {middle[0]:g} and column {middle[1]:g}, yours at {top} and '
            f'{left}')

    photo, size = a_photo(6, 7), 5
    before, views, places = photo.clone(), squares(photo, size), []
    for _ in range(600):
        places.append(find(train(mine, photo, size), views, size, 'train_view'))
        assert torch.equal(photo, before), 'train_view changed photo: work on a copy'
        assert len(places) != 100 or len(set(places)) > 1, (
            'train_view gives the same view in each of 100 calls: no seed within it')
    tops, lefts = ([place[i] for place in places] for i in (0, 1))
    shares = [tops.count(row) / 600 for row in range(2)] + [
        lefts.count(column) / 600 for column in range(3)]  # 1/2 and 1/3, +- 0.02
    assert tops.count(1) and lefts.count(2), (
        'train_view never takes the last place where the square fits: there are '
        'height - size + 1 rows to start from')
    assert tops.count(0) and lefts.count(0), (
        'train_view never begins at row 0 or column 0')
    assert shares[3] < 0.42 or abs(shares[2] - shares[4]) > 0.1, (
        'train_view: the first and the last place come half as often: int(rand * (n + '
        '1)), or torch.randint')
    assert min(shares) > 0.25, 'train_view: all places are to be equally likely'
    pairs = {place[:2] for place in places}
    assert len(pairs) == 6, (
        'train_view: row and column are to be drawn independently of each other')
    mirrored = sum(place[2] for place in places) / 600  # +- 0.02
    assert mirrored > 0, 'train_view never mirrors'
    assert mirrored < 1, 'train_view always mirrors: in half of the calls'
    assert 0.42 < mirrored < 0.58, (
        f'train_view mirrors in {mirrored:.0%} of the calls, not in half of them')
    assert len(set(places)) == 12, (
        'train_view: whether it mirrors is not to depend on the place')
    photo = a_photo(8, 5)
    find(mine.train_view(photo, 5), squares(photo, 5), 5, 'train_view')
    dark = a_photo(5, 5) // 3 + 20
    views, _ = squares(dark, 5)
    for name in 'test_view', 'train_view':
        got = getattr(mine, name)(dark.clone(), 5)
        assert any(alike(got, view) for view in views.values()), f'{name}: {DARK}'


def but(*changes):
    """The solution with other text in places."""
    answer = SOLUTION
    for old, new in changes:
        assert old in answer
        answer = answer.replace(old, new)
    return answer


WRONG = [  # (answer, words that the verdict has)
    (but(('.permute(2, 0, 1)', '')), 'the colours stand last'),
    (but(('.permute(2, 0, 1)', '.reshape(3, size, size)')), 'a scramble'),
    (but(('.permute(2, 0, 1)', '.reshape(3, size, size)'), (' * 2 - 1', '')),
     'a scramble'),
    (but(('view.flip(2) if', 'view[:, :, ::-1] if')), 'no step below 0: flip(2)'),
    (but(('torch.randint(height - size + 1, (1,)).item()',
          'round(torch.rand(1).item() * (height - size))'),
         ('torch.randint(width - size + 1, (1,)).item()',
          'round(torch.rand(1).item() * (width - size))')), 'half as often'),
    (but(('rand(1) < 0.5', 'rand(1) < 0.333')), 'not in half of them'),
    (but(('rand(1) < 0.5', 'randn(1) < 0.5')), 'not in half of them'),
    (but(('square.float() / 255', 'square / photo.max()')), 'also in a dark one'),
    (but(('square.float() / 255', 'square / square.max()')), 'also in a dark one'),
    (but(('square.float() / 255', '(square - square.min()) / (square.max() - '
          'square.min())')), 'also in a dark one'),
    (but(('permute(2, 0, 1)', 'permute(2, 1, 0)')), 'rows and columns have changed'),
    (but(('permute(2, 0, 1)', 'permute(2, 0, 1).flip(0)')), 'the colours have changed'),
    (but((' / 255 * 2 - 1', '')), '0 is to be -1'),
    (but((' / 255 * 2 - 1', ' / 255')), 'minus 1, makes it'),
    (but((' / 255 * 2 - 1', ' / 128 - 1')), 'divide by 255'),
    (but(('square.float() / 255 * 2 - 1', '(square * 2 - 255) / 255')),
     'wrap around'),
    (but(('square.float() / 255 * 2 - 1', '(square.float() / 255 - 0.5) / 0.25')),
     '0 is to be -1'),
    (but(('.float()', '.double()')), 'float64'),
    (but(('(height - size) // 2, (width - size) // 2', '0, 0')), 'the middle 6 x 6'),
    (but(('(height - size) // 2, (width - size) // 2', 'height // 2, width // 2')),
     'not [3, 6, 6]'),
    (but(('(height - size) // 2, (width - size) // 2',
          '(height - size) // 2, (height - size) // 2')), 'the middle 6 x 6'),
    (but(('return cut(photo, (height - size) // 2, (width - size) // 2, size)',
          'return train_view(photo, size)')), 'for training photos only'),
    (but(('flip(2)', 'flip(1)')), 'upside down'),
    (but(('randint(height - size + 1', 'randint(max(height - size, 1)'),
         ('randint(width - size + 1', 'randint(max(width - size, 1)')),
     'the last place'),
    (but(('view.flip(2) if torch.rand(1) < 0.5 else view', 'view')), 'never mirrors'),
    (but(('view.flip(2) if torch.rand(1) < 0.5 else view', 'view.flip(2)')),
     'always mirrors'),
    (but(('rand(1) < 0.5', 'randn(1) < 0.5 + 0.5')), 'not in half'),
    (but(('left = torch.randint(width - size + 1, (1,)).item()', 'left = top')),
     'the last place'),
    (but(('left = torch.randint(width - size + 1, (1,)).item()',
          'left = torch.randint(width - size + 1, (1,)).item()\n'
          '    top = left % (height - size + 1)')), 'independently'),
    (but(('torch.rand(1) < 0.5', '(top + left) % 2')), 'depend on the place'),
    (but(('    top =', '    torch.manual_seed(7)\n    top =')), 'no seed'),
    (but(('left:left + size]', 'left:left + size].mul_(1)'),
         ('.permute(2, 0, 1)', '.div_(2, rounding_mode="floor").permute(2, 0, 1)')),
     'changed photo'),
    ('''
from torchvision import transforms

test_view = transforms.CenterCrop(6)
''', 'transforms does it for you'),
    ('''
from torchvision.transforms import CenterCrop


def test_view(photo, size):
    return CenterCrop(size)(photo.permute(2, 0, 1)) / 127.5 - 1
''', 'CenterCrop does it for you'),
]

RIGHT = [  # other answers that are right
    '''
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
''',
    '''
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
''',
]
