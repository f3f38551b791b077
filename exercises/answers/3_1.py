"""What is right and wrong in exercise 3_1."""

import torch

HINT = (
    'Subtract floating-point numbers, because uint8 has no negative ones. Then compare '
    'the shapes [n, height, width, 3] and [n] from the right: what shape must contrast '
    'have, so that its n meets the n of the photos?'
)

SOLUTION = """
def changes(photos, empty, contrast):
    n = photos.shape[0]
    differences = photos.float() - empty.float()
    scaled = differences / contrast.view(n, 1, 1, 1)
    return scaled.permute(0, 3, 1, 2)
"""


def close(one, two):
    """Whether the values are the same, up to rounding; other shapes are not."""
    return one.shape == two.shape and torch.allclose(one.float(), two, atol=1e-3)


def call(mine, photos, empty, contrast):
    """The result of changes, a tensor of the right dtype; the inputs stay."""
    given = [photos.clone(), empty.clone(), contrast.clone()]
    got = mine.changes(*given)
    assert isinstance(got, torch.Tensor), (
        'returns no tensor',
        f'Your function returns a {type(got).__name__}. Return only the new tensor.',
    )
    for name, before, after in zip(
        ('photos', 'empty', 'contrast'), (photos, empty, contrast), given
    ):
        assert torch.equal(before, after), (
            'changes its inputs',
            f'Your function has changed {name}: its first value was '
            f'{before.flatten()[0].item():g}, and now it is '
            f'{after.flatten()[0].item():g}. Compute a new tensor, because -= and /= '
            'write into the old one.',
        )
    return got


def check_shape(got, photos):
    n, height, width, channels = photos.shape
    shape = list(got.shape)
    wanted = [n, channels, height, width]
    case = f'For photos of shape {list(photos.shape)}, your function returns {shape}.'
    assert shape != [n, height, width, channels], (
        'channels still last',
        f'{case} The channels are still the last dimension, so permute the result to '
        f'{wanted}.',
    )
    assert shape != [n, channels, width, height], (
        'swaps height and width',
        f'{case} The channels are in the right place, but height and width are '
        f'swapped. Permute to {wanted}.',
    )
    assert n != 1 or shape != wanted[1:], (
        'loses the batch',
        f'{case} The dimension that counts the photos is gone, as it is after '
        f'squeeze(). Keep it, {wanted}, even if there is only one photo.',
    )
    assert shape == wanted, ('not that shape', f'{case} It should be {wanted}.')


def check_values(got, photos, empty, contrast):
    n, height, width, channels = photos.shape
    differences = photos.float() - empty.float()
    of_photo = contrast.view(n, 1, 1, 1)
    wanted = first(differences / of_photo)
    wrapped = photos - empty  # in uint8

    place = (got - wanted).abs().argmax()  # where it's most wrong
    value = got.flatten()[place].item()
    right = wanted.flatten()[place].item()
    seen = f'Where the result should be {right:.2f}, your function returns {value:.2f}'

    for wrong, mistake in (
        (
            first(wrapped.float() / of_photo),
            (
                'bytes that wrap',
                f'{seen}. It subtracts bytes, and uint8 has no negative numbers, so 10 '
                '- 20 becomes 246. Call float() on photos and empty before you '
                'subtract.',
            ),
        ),
        (
            (differences / of_photo).reshape(wanted.shape),
            (
                'scrambles the pixels',
                f'{seen}, the value of a different pixel or channel. view and reshape '
                "keep the order of the values, so they can't swap dimensions. Use "
                'permute.',
            ),
        ),
        (
            first(differences / of_photo).transpose(0, 1) if n == channels else None,
            (
                'channels before photos',
                f'{seen}, because the channels come before the photos. Dimension 0 '
                'counts the photos, so leave it first: permute(0, ...).',
            ),
        ),
        (
            first(differences),
            (
                'ignores the contrast',
                f'{seen}. It subtracts empty, but never divides by contrast.',
            ),
        ),
        (
            first(differences * of_photo),
            (
                'multiplies by contrast',
                f'{seen}. It multiplies by contrast, so divide instead.',
            ),
        ),
        (
            first(-differences / of_photo),
            (
                'subtracts the photos',
                f'{seen}, so the sign is wrong. It subtracts each photo from empty. '
                'Subtract empty from the photo.',
            ),
        ),
        (
            first(differences.abs() / of_photo),
            (
                'loses the sign',
                f'{seen}. It drops the minus sign of what has become darker. Leave out '
                'abs.',
            ),
        ),
        (
            first(photos.float() / of_photo - empty.float()),
            (
                'divides too early',
                f'{seen}. It divides the photo before it subtracts empty. Subtract '
                'first, because the contrast belongs to the difference.',
            ),
        ),
        (
            first(differences / contrast.mean()),
            (
                'one contrast for all',
                f'{seen}. It divides all photos by the same number, the mean of '
                'contrast. Divide each photo by its own.',
            ),
        ),
        (
            first(differences / contrast) if n == channels else None,
            (
                'contrast per channel',
                f'{seen}. contrast was broadcast along the channels, because the last '
                f'dimension has size {channels} and there are {n} photos, so there was '
                'no error. Give contrast the shape [n, 1, 1, 1], so that each photo '
                'is divided by its own number.',
            ),
        ),
        (
            first(differences) / contrast if n == width else None,
            (
                'contrast per column',
                f'{seen}. contrast was broadcast along the width, which is {width}, and '
                f'there are {n} photos, so there was no error. Give contrast the shape '
                '[n, 1, 1, 1], so that each photo is divided by its own number.',
            ),
        ),
    ):
        assert wrong is None or close(wrong, wanted) or not close(got, wrong), mistake
    assert close(got, wanted), (
        'wrong result',
        f'{seen}. For each photo, subtract empty, then divide by its contrast.',
    )


def first(photos):
    """[n, height, width, 3] with the channels first."""
    return photos.permute(0, 3, 1, 2)


def check(mine):
    empty = torch.tensor(
        [
            [[50, 80, 20], [60, 10, 220], [90, 30, 70]],
            [[40, 200, 5], [120, 130, 140], [255, 0, 33]],
        ],
        dtype=torch.uint8,
    )
    contrast = torch.tensor([0.5, 2.0, 4.0])
    # There are three photos, three channels, and three columns, so that a broadcast along
    # the wrong dimension raises no error and gets a verdict of its own.
    photos = torch.randint(256, (3, 2, 3, 3), dtype=torch.uint8)
    got = call(mine, photos, empty, contrast)
    check_shape(got, photos)
    check_values(got, photos, empty, contrast)

    wide = torch.randint(256, (2, 3, 5, 3), dtype=torch.uint8)
    got = call(mine, wide, wide[0], contrast[:2])
    check_shape(got, wide)
    check_values(got, wide, wide[0], contrast[:2])

    single = photos[:1]
    got = call(mine, single, empty, contrast[1:2])
    check_shape(got, single)
    check_values(got, single, empty, contrast[1:2])
    assert got.dtype == torch.float32, (
        'not float32',
        f'Your result is {got.dtype}. Return float32, which is what float() makes.',
    )


def but(*changes):
    """The solution, with changes: pairs of what is replaced and by what."""
    answer = SOLUTION
    for old, new in changes:
        assert answer.count(old) == 1, old
        answer = answer.replace(old, new)
    return answer


FLOATS = 'photos.float() - empty.float()'
PERMUTED = 'scaled.permute(0, 3, 1, 2)'

WRONG = [  # (answer, name of its mistake)
    (but((FLOATS, '(photos - empty).float()')), 'bytes that wrap'),
    (but((FLOATS, 'photos - empty')), 'bytes that wrap'),
    (
        """
def changes(photos, empty, contrast):
    n, height, width, channels = photos.shape
    differences = photos.float() - empty.float()
    scaled = differences / contrast.view(n, 1, 1, 1)
    return scaled.view(n, channels, height, width)
""",
        'scrambles the pixels',
    ),
    (
        but((PERMUTED, 'scaled.reshape(n, 3, *photos.shape[1:3])')),
        'scrambles the pixels',
    ),
    (but((PERMUTED, 'scaled')), 'channels still last'),
    (but((PERMUTED, 'scaled.permute(0, 3, 2, 1)')), 'swaps height and width'),
    (but((PERMUTED, 'scaled.transpose(1, 3)')), 'swaps height and width'),
    (but((PERMUTED, f'{PERMUTED}.flatten(1)')), 'not that shape'),
    (but((PERMUTED, 'scaled.permute(3, 2, 1, 0)')), 'wrong result'),
    (
        """
def changes(photos, empty, contrast):
    n, height, width, channels = photos.shape
    differences = photos.float() - empty.float()
    scaled = differences / contrast.view(n, 1, 1, 1)
    return scaled.permute(3, 0, 1, 2)
""",
        'channels before photos',
    ),
    (
        """
def changes(photos, empty, contrast):
    return ((photos.float() - empty.float()) / contrast).permute(0, 3, 1, 2)
""",
        'contrast per channel',
    ),
    (
        """
def changes(photos, empty, contrast):
    differences = photos.float() - empty.float()
    channels_first = differences.permute(0, 3, 1, 2)
    return channels_first / contrast
""",
        'contrast per column',
    ),
    (
        """
def changes(photos, empty, contrast):
    differences = photos.float() - empty.float()
    return (differences / contrast.unsqueeze(1)).permute(0, 3, 1, 2)
""",
        'contrast per column',
    ),
    (
        """
def changes(photos, empty, contrast):
    differences = photos.float() - empty.float()
    channels_first = differences.permute(0, 3, 1, 2)
    return channels_first / contrast.unsqueeze(1).unsqueeze(2)
""",
        'contrast per channel',
    ),
    (
        """
def changes(photos, empty, contrast):
    differences = photos.float() - empty.float()
    channels_first = differences.permute(0, 3, 1, 2)
    return channels_first / contrast.unsqueeze(1)
""",
        'RuntimeError',
    ),
    (but((' / contrast.view(n, 1, 1, 1)', '')), 'ignores the contrast'),
    (but(('s / contrast', 's * contrast')), 'multiplies by contrast'),
    (but((FLOATS, 'empty.float() - photos.float()')), 'subtracts the photos'),
    (but((FLOATS, '(photos.float() - empty.float()).abs()')), 'loses the sign'),
    (but((PERMUTED, f'{PERMUTED}.abs()')), 'loses the sign'),
    (
        """
def changes(photos, empty, contrast):
    brightness = photos.float() / contrast.view(photos.shape[0], 1, 1, 1)
    return (brightness - empty.float()).permute(0, 3, 1, 2)
""",
        'divides too early',
    ),
    (but(('contrast.view(n, 1, 1, 1)', 'contrast.mean()')), 'one contrast for all'),
    (but((PERMUTED, f'{PERMUTED}.squeeze()')), 'loses the batch'),
    (but((FLOATS, 'photos.double() - empty.double()')), 'not float32'),
    (but((PERMUTED, f'{PERMUTED}.tolist()')), 'returns no tensor'),
    (
        """
def changes(photos, empty, contrast):
    photos -= empty
    return (photos.float() / contrast.view(-1, 1, 1, 1)).permute(0, 3, 1, 2)
""",
        'changes its inputs',
    ),
    (but((FLOATS, 'photos.float() - photos.float().mean(dim=0)')), 'wrong result'),
]

RIGHT = [  # other answers that are right
    """
def changes(photos, empty, contrast):
    differences = photos.long() - empty.long()
    channels_first = differences.permute(0, 3, 1, 2)
    column = contrast.unsqueeze(1).unsqueeze(2).unsqueeze(3)
    return channels_first / column
""",
    """
def changes(photos, empty, contrast):
    results = []
    for photo, own_contrast in zip(photos, contrast):
        difference = photo.float() - empty.float()
        results.append(difference.permute(2, 0, 1) / own_contrast)
    return torch.stack(results)
""",
    """
def changes(photos, empty, contrast):
    result = torch.zeros(photos.shape[0], 3, photos.shape[1], photos.shape[2])
    for channel in range(3):
        difference = photos[:, :, :, channel].float() - empty[:, :, channel].float()
        result[:, channel] = difference / contrast[:, None, None]
    return result
""",
    """
def changes(photos, empty, contrast):
    photos = photos.float()
    photos -= empty
    photos /= contrast.view(-1, 1, 1, 1)
    return photos.transpose(2, 3).transpose(1, 2)
""",
]
