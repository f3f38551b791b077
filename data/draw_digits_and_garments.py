"""
Draw the synthetic MNIST and Fashion-MNIST
==========================================

The course needs images of digits and clothes to learn from, even if you run it without
internet. This script draws them: 6,000 training and 1,000 test images for each of the
two datasets, as 28 x 28 gray values, in the files that torchvision.datasets reads.

The digits come from fonts and the clothes from polygons, so an accuracy on these images
tells you nothing about the accuracy on the real MNIST or Fashion-MNIST. But the images
of a class differ enough from each other that you can watch a network learn, watch it
overfit, and see what dropout does about it.

Run: python data/draw_digits_and_garments.py
     python data/draw_digits_and_garments.py --sheet sheet.png  (also saves samples)
With the same seed, the same versions of Pillow and NumPy, and the same fonts, you get
the same images.
"""

import argparse
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = 28  # the image's width and height in pixels
SCALE = 4  # a drawing has this many times the image's width and height
BIG = SCALE * SIZE  # the drawing's width and height in pixels; it's shrunk at the end

DEFAULT_FOLDER = Path(__file__).parent / 'synthetic'

# In all functions, rng is a np.random.Generator, draw is a PIL.ImageDraw.ImageDraw, and
# gray is an integer from 0 (black) to 255 (white). If you change the order in which the
# random numbers are drawn, the same seed gives you different images.


# Both datasets


def warp(drawing, rng, bend, turn):
    """Shift, rotate, slant, scale, and bend a drawing at random.

    drawing: a float64 array [BIG, BIG].
    bend: how strongly to bend it: the standard deviation, in pixels, of the heights of
        two waves, one in each direction.
    turn: how strongly to rotate and slant it: the standard deviation of the angle, in
        radians, and of the slant, in pixels to the side per pixel of height.

    Returns a new float64 array [BIG, BIG].
    """
    angle = rng.normal(0, turn)
    slant = rng.normal(0, turn)
    scale_x, scale_y = rng.uniform(0.9, 1.15, 2)
    y, x = np.mgrid[:BIG, :BIG] - BIG / 2  # each [BIG, BIG]; (0, 0) is the center
    x = x - rng.normal(0, 4)
    y = y - rng.normal(0, 4)

    # For each pixel of the result, compute which pixel of the drawing it copies.
    source_x = (np.cos(angle) * x + (np.sin(angle) + slant) * y) * scale_x
    source_y = (np.cos(angle) * y - np.sin(angle) * x) * scale_y
    bend_x, bend_y = rng.normal(0, bend, 2)
    phase_x, phase_y = rng.uniform(0, 2 * np.pi, 2)
    source_x = source_x + bend_x * np.sin(y / 18 + phase_x)
    source_y = source_y + bend_y * np.sin(x / 18 + phase_y)
    column = (source_x + BIG / 2).round().astype(int)
    row = (source_y + BIG / 2).round().astype(int)

    # A pixel that would copy from outside the drawing becomes black.
    row_is_inside = (row >= 0) & (row < BIG)
    column_is_inside = (column >= 0) & (column < BIG)
    copied = drawing[row.clip(0, BIG - 1), column.clip(0, BIG - 1)]
    return np.where(row_is_inside & column_is_inside, copied, 0)


def shrink(drawing, rng, noise):
    """Shrink a drawing to an image, and add noise where something is drawn.

    drawing: a float64 array [BIG, BIG].
    noise: the standard deviation of the noise, in gray values.

    Returns a uint8 array [SIZE, SIZE].
    """
    blocks = drawing.reshape(SIZE, SCALE, SIZE, SCALE)
    image = blocks.mean(axis=(1, 3))  # [SIZE, SIZE]
    grain = rng.normal(0, noise, image.shape)
    image = np.where(image > 8, image + grain, image)
    pixels = image.clip(0, 255).astype(np.uint8)

    # Keep 32 of the 256 gray values, 0, 8, ..., 248, so that the files compress better.
    return pixels // 8 * 8


# Digits


# A font whose name contains one of these has symbols, but no digits.
SYMBOL_FONTS = ['Display', 'NonUni', 'Siz']


def find_fonts():
    """Return the paths of those DejaVu and STIX fonts of Matplotlib that have digits.

    Returns a sorted list of pathlib.Path.
    """
    folder = Path(matplotlib.get_data_path(), 'fonts', 'ttf')
    fonts = []
    for path in sorted([*folder.glob('DejaVu*.ttf'), *folder.glob('STIX*.ttf')]):
        has_only_symbols = any(word in path.name for word in SYMBOL_FONTS)
        if not has_only_symbols:
            fonts.append(path)
    return fonts


FONTS = find_fonts()


def draw_digit(digit, rng):
    """Draw one digit in a random font, with strokes of random thickness.

    digit: an integer from 0 to 9.

    Returns a uint8 array [SIZE, SIZE].
    """
    path = FONTS[rng.integers(len(FONTS))]
    height = int(rng.integers(84, 108))
    font = ImageFont.truetype(str(path), height)
    image = Image.new('L', (BIG, BIG))
    center = (BIG / 2, BIG / 2)
    ImageDraw.Draw(image).text(center, str(digit), fill=255, font=font, anchor='mm')

    thickening = int(rng.integers(0, 4))
    image = image.filter(ImageFilter.MaxFilter(2 * thickening + 1))
    blur = rng.uniform(0.5, 3)
    image = image.filter(ImageFilter.GaussianBlur(blur))

    drawing = warp(np.asarray(image, float), rng, bend=2.5, turn=0.12)
    drawing = fade(drawing, rng)
    brightness = rng.uniform(0.7, 1.1)
    return shrink(drawing * brightness, rng, noise=24)


def fade(drawing, rng):
    """Fade a small square in one of five drawings, as if the pen had run dry there.

    Takes and returns a float64 array [BIG, BIG].
    """
    is_faded = rng.random() < 0.2
    if not is_faded:
        return drawing
    row, column = rng.integers(20, BIG - 32, 2)
    faded = drawing.copy()
    faded[row : row + 14, column : column + 14] *= 0.15
    return faded


# Clothes. They're drawn on a canvas on which x and y go from 0 to 1. The point (0, 0)
# is in its top left corner, and y points down. In all functions, points is a list of
# tuples (x, y) of floats.


def mirror(points):
    """Return the mirror image of points, with left and right exchanged."""
    return [(1 - x, y) for x, y in points]


def both_sides(right):
    """Complete the right half of an outline with its left half.

    right: the points of the right half, from top to bottom.

    Returns the points of the whole outline.
    """
    left = mirror(reversed(right))
    return right + left


def to_pixels(points):
    """Return the points with coordinates from 0 to BIG instead of 0 to 1."""
    return [(x * BIG, y * BIG) for x, y in points]


def fill_polygon(draw, points, gray):
    """Fill the polygon whose corners are the given points."""
    draw.polygon(to_pixels(points), fill=gray)


def draw_top(draw, rng, gray, sleeve, shoulder, waist, hem, bottom, neck):
    """Draw the shape that the T-shirt, pullover, dress, coat, and shirt share.

    sleeve: the length of the sleeves. Up to 0.03, there are none.
    shoulder, waist, hem, neck: half of the item's width at that height.
    bottom: the y of the lower edge.

    All of them are floats, as fractions of the canvas.

    Returns the y of the lowest point of the neckline, a float.
    """
    top = rng.uniform(0.08, 0.12)
    shoulder_x = 0.5 + shoulder

    if sleeve > 0.03:
        cuff_x = shoulder_x + 0.05 + 0.2 * sleeve
        cuff_y = top + 0.08 + sleeve
        cuff_width = rng.uniform(0.08, 0.11)
        right_sleeve = [
            (shoulder_x, top + 0.03),
            (cuff_x, cuff_y),
            (cuff_x - cuff_width, cuff_y + 0.03),
            (shoulder_x - 0.04, top + 0.2),
        ]
        fill_polygon(draw, right_sleeve, gray)
        fill_polygon(draw, mirror(right_sleeve), gray)

    right_half = [
        (0.5 + neck, top),
        (shoulder_x, top + 0.03),
        (shoulder_x - 0.02, top + 0.22),
        (0.5 + waist, 0.5),
        (0.5 + hem, bottom),
    ]
    fill_polygon(draw, both_sides(right_half), gray)

    depth = rng.uniform(0.03, 0.09)
    neckline_y = top + depth
    neckline = [(0.5 - neck, top - 0.01), (0.5 + neck, top - 0.01), (0.5, neckline_y)]
    fill_polygon(draw, neckline, 0)
    return neckline_y


def draw_front(draw, rng, top, bottom, has_buttons):
    """Draw a dark line down the front, and five buttons next to it if has_buttons.

    top, bottom: the y of the line's ends, floats.
    """
    dark = int(rng.integers(0, 60))
    draw.line(to_pixels([(0.5, top), (0.5, bottom)]), fill=dark, width=4)
    if has_buttons:
        for y in np.linspace(top + 0.06, bottom - 0.08, 5):
            left = 0.54 * BIG
            upper = y * BIG
            draw.ellipse([left, upper, left + 5, upper + 5], fill=dark)


def draw_t_shirt(draw, rng, gray):
    """Draw a T-shirt or top."""
    waist = rng.uniform(0.17, 0.22)
    sleeve = rng.uniform(0.1, 0.2)
    shoulder = rng.uniform(0.19, 0.24)
    hem = waist + rng.uniform(-0.01, 0.02)
    bottom = rng.uniform(0.8, 0.92)
    neck = rng.uniform(0.07, 0.12)
    draw_top(draw, rng, gray, sleeve, shoulder, waist, hem, bottom, neck)


def draw_trouser(draw, rng, gray):
    """Draw a pair of trousers."""
    hip = rng.uniform(0.13, 0.19)
    inner_ankle = rng.uniform(0.02, 0.05)
    outer_ankle = inner_ankle + rng.uniform(0.1, 0.16)
    crotch_y = rng.uniform(0.28, 0.4)
    right_half = [
        (0.5 + hip - 0.03, 0.06),
        (0.5 + hip, 0.3),
        (0.5 + outer_ankle, 0.94),
        (0.5 + inner_ankle, 0.94),
        (0.5, crotch_y),
    ]
    fill_polygon(draw, both_sides(right_half), gray)


def draw_pullover(draw, rng, gray):
    """Draw a pullover."""
    waist = rng.uniform(0.18, 0.23)
    bottom = rng.uniform(0.78, 0.92)
    sleeve = rng.uniform(0.5, 0.7)
    shoulder = rng.uniform(0.2, 0.25)
    hem = waist - rng.uniform(0, 0.03)
    neck = rng.uniform(0.05, 0.09)
    draw_top(draw, rng, gray, sleeve, shoulder, waist, hem, bottom, neck)


def draw_dress(draw, rng, gray):
    """Draw a dress, which has sleeves half of the time."""
    waist = rng.uniform(0.08, 0.13)
    sleeve = rng.choice([0, 0, 0.12, 0.5])
    shoulder = rng.uniform(0.13, 0.18)
    hem = waist + rng.uniform(0.02, 0.14)
    bottom = rng.uniform(0.92, 0.97)
    neck = rng.uniform(0.05, 0.1)
    draw_top(draw, rng, gray, sleeve, shoulder, waist, hem, bottom, neck)


def draw_coat(draw, rng, gray):
    """Draw a coat, which is usually open at the front and sometimes has buttons."""
    waist = rng.uniform(0.18, 0.23)
    bottom = rng.uniform(0.88, 0.97)
    sleeve = rng.uniform(0.55, 0.75)
    shoulder = rng.uniform(0.2, 0.25)
    hem = waist + rng.uniform(0, 0.05)
    neck = rng.uniform(0.05, 0.1)
    neckline_y = draw_top(draw, rng, gray, sleeve, shoulder, waist, hem, bottom, neck)

    has_front = rng.random() < 0.8
    if has_front:
        has_buttons = rng.random() < 0.3
        draw_front(draw, rng, neckline_y, bottom, has_buttons)


def draw_shirt(draw, rng, gray):
    """Draw a shirt, which usually has buttons down to the hem or part of the way."""
    waist = rng.uniform(0.16, 0.22)
    bottom = rng.uniform(0.8, 0.94)
    sleeve = rng.choice([0.2, 0.6, 0.6])
    shoulder = rng.uniform(0.19, 0.24)
    hem = waist + rng.uniform(0, 0.03)
    neck = rng.uniform(0.04, 0.08)
    neckline_y = draw_top(draw, rng, gray, sleeve, shoulder, waist, hem, bottom, neck)

    has_front = rng.random() < 0.7
    if has_front:
        front_bottom = bottom * rng.choice([0.6, 1])
        draw_front(draw, rng, neckline_y, front_bottom, has_buttons=True)


def draw_shoe(draw, rng, gray, shaft, heel, sole):
    """Draw a shoe that points to the left.

    shaft: how far the shoe reaches up the leg.
    heel: the height of the heel.
    sole: the thickness of the sole. The thicker the sole, the brighter it is.

    All three are floats, as fractions of the canvas.
    """
    top = 0.62 - shaft
    toe_x = rng.uniform(0.05, 0.1)
    back_x = rng.uniform(0.86, 0.94)
    ankle_x = rng.uniform(0.5, 0.6)
    toe_y = rng.uniform(0.66, 0.71)
    upper_part = [
        (ankle_x, top),
        (back_x, top - 0.03),
        (back_x, 0.78),
        (toe_x, 0.78),
        (toe_x, toe_y),
        (ankle_x - 0.12, 0.58),
    ]
    fill_polygon(draw, upper_part, gray)

    sole_and_heel = [
        (toe_x, 0.77),
        (back_x, 0.77),
        (back_x, 0.8 + heel),
        (back_x - 0.2, 0.8 + heel),
        (back_x - 0.25, 0.78 + sole),
        (toe_x, 0.78 + sole),
    ]
    sole_gray = int(sole * 2500)
    fill_polygon(draw, sole_and_heel, sole_gray)


def draw_sandal(draw, rng, gray):
    """Draw a sandal: a sole with straps and with a flat or a high heel.

    You can see the upper part of one sandal in four. The others have an upper part,
    too, but it's as black as the background.
    """
    high_heel = rng.uniform(0.08, 0.14)
    heel = rng.choice([0.02, high_heel])
    is_closed = rng.random() < 0.25
    upper_gray = gray if is_closed else 0
    shaft = rng.uniform(0, 0.15)
    sole = rng.uniform(0.04, 0.08)
    draw_shoe(draw, rng, upper_gray, shaft, heel, sole)

    strap_count = rng.integers(2, 5)
    for _ in range(strap_count):
        x = rng.uniform(0.1, 0.7)
        y = rng.uniform(0.5, 0.66)
        strap = [(x, 0.78), (x + 0.14, y), (x + 0.3, 0.78)]
        width = int(rng.integers(4, 9))
        draw.line(to_pixels(strap), fill=gray, width=width)


def draw_sneaker(draw, rng, gray):
    """Draw a sneaker."""
    shaft = rng.uniform(0, 0.16)
    heel = rng.uniform(0.01, 0.04)
    sole = rng.uniform(0.05, 0.09)
    draw_shoe(draw, rng, gray, shaft, heel, sole)


def draw_ankle_boot(draw, rng, gray):
    """Draw an ankle boot."""
    shaft = rng.uniform(0.14, 0.42)
    heel = rng.uniform(0.02, 0.12)
    sole = rng.uniform(0.03, 0.07)
    draw_shoe(draw, rng, gray, shaft, heel, sole)


def draw_bag(draw, rng, gray):
    """Draw a bag, which usually has a handle."""
    top = rng.uniform(0.32, 0.45)
    half_width = rng.uniform(0.28, 0.42)
    taper = rng.uniform(0, 0.08)
    bottom = rng.uniform(0.8, 0.9)
    right_half = [(0.5 + half_width - taper, top), (0.5 + half_width, bottom)]
    fill_polygon(draw, both_sides(right_half), gray)

    has_handle = rng.random() < 0.8
    if has_handle:
        reach = rng.uniform(0.1, 0.2)
        rise = rng.uniform(0.15, 0.28)
        line_width = int(rng.integers(4, 9))
        box = to_pixels([(0.5 - reach, top - rise), (0.5 + reach, top + 0.2)])
        draw.arc(box, 180, 360, fill=gray, width=line_width)


DRAW_CLOTHES = [  # in the order of the labels
    draw_t_shirt,
    draw_trouser,
    draw_pullover,
    draw_dress,
    draw_coat,
    draw_sandal,
    draw_shirt,
    draw_sneaker,
    draw_bag,
    draw_ankle_boot,
]


def random_texture(rng):
    """Return a pattern to multiply a drawing with: plain, stripes, checks, or a spot.

    Returns a float64 array [BIG, BIG], in which 1 leaves a pixel unchanged.
    """
    y, x = np.mgrid[:BIG, :BIG]  # each [BIG, BIG]
    wavelength = rng.uniform(8, 30)
    depth = rng.uniform(0.1, 0.6)
    plain = np.zeros((BIG, BIG))
    horizontal = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * y / wavelength))
    vertical = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * x / wavelength))
    checks = (horizontal + vertical) / 2

    spot_y = rng.uniform(40, 75)
    spot_x = rng.uniform(45, 67)
    radius = rng.uniform(6, 20)
    squared_distance = (y - spot_y) ** 2 + (x - spot_x) ** 2
    spot = (squared_distance < radius**2).astype(float)

    patterns = [plain, horizontal, vertical, checks, spot]
    choice = rng.choice(len(patterns), p=[0.5, 0.16, 0.1, 0.08, 0.16])
    pattern = patterns[choice]

    # One side is a little brighter than the other, as if lit from there.
    light = 1 + rng.uniform(-0.25, 0.25) * (x / BIG - 0.5)
    return (1 - depth * pattern) * light


def draw_garment(label, rng):
    """Draw one clothing item: its outline first, then a texture, and then the bends.

    label: an integer from 0 to 9, a position in DRAW_CLOTHES.

    Returns a uint8 array [SIZE, SIZE].
    """
    image = Image.new('L', (BIG, BIG))
    gray = int(rng.integers(90, 256))
    draw_outline = DRAW_CLOTHES[label]
    draw_outline(ImageDraw.Draw(image), rng, gray)

    image = image.filter(ImageFilter.GaussianBlur(1))
    drawing = np.asarray(image, float) * random_texture(rng)
    drawing = warp(drawing, rng, bend=1.6, turn=0.05)
    return shrink(drawing, rng, noise=22)


# Files


def write_part(folder, part, draw_image, count, rng):
    """Draw the training or the test images, and write them and their labels.

    folder: the pathlib.Path to write to.
    part: how the names of the files begin, 'train' or 't10k'. (MNIST has 10,000 test
        images, and torchvision expects this name even if there are fewer.)
    draw_image: draw_digit or draw_garment.
    count: how many images to draw. A tenth of them is of each class.

    Returns the images, a uint8 array [count, SIZE, SIZE], and the labels, a uint8 array
    [count].
    """
    repeated_labels = np.arange(count) % 10  # 0, 1, ..., 9, 0, 1, ..., 9, ...
    labels = rng.permutation(repeated_labels).astype(np.uint8)
    images = np.stack([draw_image(int(label), rng) for label in labels])
    write_idx(folder / f'{part}-images-idx3-ubyte', images)
    write_idx(folder / f'{part}-labels-idx1-ubyte', labels)
    return images, labels


def write_idx(path, array):
    """Write a uint8 array of any shape as an IDX file, the format of MNIST.

    The file begins with big-endian 32-bit integers: a magic number, which encodes the
    dtype and the number of dimensions, and then the shape. One byte per value follows.
    """
    dtype_code = 8  # means uint8
    magic_number = 256 * dtype_code + array.ndim
    header = np.array([magic_number, *array.shape], dtype='>u4')
    path.write_bytes(header.tobytes() + array.tobytes())


CLASSES = {
    'MNIST': ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    'FashionMNIST': [
        'T-shirt/top',
        'Trouser',
        'Pullover',
        'Dress',
        'Coat',
        'Sandal',
        'Shirt',
        'Sneaker',
        'Bag',
        'Ankle boot',
    ],
}


def save_sheet(samples, path):
    """Save a figure with 16 images of each class, a row per class.

    samples: a dict from a dataset's name to its images, a uint8 array [n, SIZE, SIZE],
        and its labels, a uint8 array [n].
    path: where to save the figure.
    """
    import matplotlib.pyplot as plt  # takes a while, and only the sheet needs it

    figure, axes = plt.subplots(1, 2, figsize=(14, 4.9), layout='constrained')
    for ax, name in zip(axes, samples):
        images, labels = samples[name]
        rows = []
        for label in range(10):
            images_of_class = images[labels == label]
            rows.append(np.hstack(images_of_class[:16]))  # [SIZE, 16 * SIZE]
        ax.imshow(np.vstack(rows), cmap='gray')
        row_centers = np.arange(10) * SIZE + SIZE / 2
        ax.set_yticks(row_centers, CLASSES[name])
        ax.set_xticks([])
        ax.set_title(f'synthetic {name}')
    figure.savefig(path, dpi=100)


def main():
    """Draw and write both datasets."""
    parser = argparse.ArgumentParser(
        description='Draw the synthetic MNIST and Fashion-MNIST.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('--seed', type=int, default=7, help='for the random numbers')
    parser.add_argument(
        '--out', type=Path, default=DEFAULT_FOLDER, help='the folder for the datasets'
    )
    parser.add_argument(
        '--sheet', type=Path, help='also save a figure with samples to this file'
    )
    args = parser.parse_args()

    samples = {}
    for name, draw_image in (('MNIST', draw_digit), ('FashionMNIST', draw_garment)):
        rng = np.random.default_rng(args.seed)
        folder = args.out / name / 'raw'
        folder.mkdir(parents=True, exist_ok=True)
        samples[name] = write_part(folder, 'train', draw_image, 6000, rng)
        write_part(folder, 't10k', draw_image, 1000, rng)
        print(f'{folder}: 6,000 training images and 1,000 test images')

    if args.sheet:
        save_sheet(samples, args.sheet)


if __name__ == '__main__':
    main()
