"""
Draw the stand-ins for MNIST and Fashion-MNIST
==============================================

With no network the course still needs digits and garments to learn from. This script
draws them: 6,000 training and 1,000 test images of each set, 28 x 28 grey values, in
the files and folders that torchvision.datasets reads. They are no photographs and no
handwriting, and what a network reaches on them does not compare with the real sets; but
digits and garments vary enough that training, over-fitting and dropout show themselves.

Run: python data/draw_digits_and_garments.py
     python data/draw_digits_and_garments.py --sheet sheet.png  (a picture of samples)
The same seed draws the same images, given the same Pillow, NumPy and fonts.
"""

import argparse
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = 28  # pixels of an image
BIG = 112  # pixels of the drawing, which is made smaller at the end
FONTS = sorted(Path(matplotlib.get_data_path(), 'fonts', 'ttf').glob('[DS]*.ttf'))
FONTS = [
    font
    for font in FONTS
    if not any(
        word in font.name
        for word in (
            'Display',
            'SizOne',
            'SizTwo',
            'SizThree',
            'SizFour',
            'SizFive',
            'NonUni',
        )
    )
]
CLASSES = {
    'MNIST': list('0123456789'),
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


# Shared by both sets


def warp(image, rng, strength, turn):
    """Shift, turn, slant, scale and bend a drawing, a float array [BIG, BIG]."""
    angle, slant = rng.normal(0, turn), rng.normal(0, turn)
    wide, high = rng.uniform(0.9, 1.15, 2)
    y, x = np.mgrid[:BIG, :BIG] - BIG / 2
    x, y = x - rng.normal(0, 4), y - rng.normal(0, 4)
    u = (np.cos(angle) * x + (np.sin(angle) + slant) * y) * wide
    v = (np.cos(angle) * y - np.sin(angle) * x) * high
    bends = rng.normal(0, strength, 2)
    phases = rng.uniform(0, 2 * np.pi, 2)
    u = u + bends[0] * np.sin(y / 18 + phases[0])
    v = v + bends[1] * np.sin(x / 18 + phases[1])
    u = (u + BIG / 2).round().astype(int)
    v = (v + BIG / 2).round().astype(int)
    inside = (u >= 0) & (u < BIG) & (v >= 0) & (v < BIG)
    return np.where(inside, image[v.clip(0, BIG - 1), u.clip(0, BIG - 1)], 0)


def shrink(image, rng, noise):
    """Make a drawing small, add noise where something is drawn, and keep 32 greys."""
    small = image.reshape(SIZE, 4, SIZE, 4).mean(axis=(1, 3))
    small = small + rng.normal(0, noise, small.shape) * (small > 8)
    return (small.clip(0, 255).astype(np.uint8) & 0xF8).astype(np.uint8)


# Digits


def draw_digit(digit, rng):
    """One digit in a typeface, with its strokes made thicker."""
    font = ImageFont.truetype(
        str(FONTS[rng.integers(len(FONTS))]), int(rng.integers(84, 108))
    )
    image = Image.new('L', (BIG, BIG))
    ImageDraw.Draw(image).text(
        (BIG / 2, BIG / 2), str(digit), fill=255, font=font, anchor='mm'
    )
    thick = rng.integers(0, 4)
    image = image.filter(ImageFilter.MaxFilter(2 * int(thick) + 1))
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 3)))
    image = warp(np.asarray(image, float), rng, strength=2.5, turn=0.12)
    return shrink(erase(image, rng) * rng.uniform(0.7, 1.1), rng, noise=24)


def erase(image, rng):
    """Some strokes have a gap, as if the pen had run dry."""
    if rng.random() < 0.2:
        row, column = rng.integers(20, BIG - 32, 2)
        image[row : row + 14, column : column + 14] *= 0.15
    return image


# Garments. Each function fills polygons on a canvas that counts from 0 to 1 and is
# mirror-symmetrical where the garment is.


def both_sides(points):
    """Complete the right half of an outline, from top to bottom, with the left one."""
    return points + [(1 - x, y) for x, y in reversed(points)]


def polygon(draw, points, fill):
    draw.polygon([(x * BIG, y * BIG) for x, y in points], fill=fill)


def draw_top(draw, rng, grey, sleeve, shoulder, waist, hem, length, neck):
    """The shape that T-shirt, pullover, coat, shirt and dress share.

    All numbers count in widths of the canvas; shoulder, waist, hem and neck are half
    the width of the garment at that height, sleeve is the length of the sleeve.
    Returns the height of the lowest point of the neckline.
    """
    top = rng.uniform(0.08, 0.12)
    if sleeve > 0.03:
        tip_x, tip_y = 0.5 + shoulder + 0.05 + 0.2 * sleeve, top + 0.08 + sleeve
        wide = rng.uniform(0.08, 0.11)
        for points in (
            [
                (0.5 + shoulder, top + 0.03),
                (tip_x, tip_y),
                (tip_x - wide, tip_y + 0.03),
                (0.5 + shoulder - 0.04, top + 0.2),
            ],
        ):
            polygon(draw, points, grey)
            polygon(draw, [(1 - x, y) for x, y in points], grey)
    polygon(
        draw,
        both_sides(
            [
                (0.5 + neck, top),
                (0.5 + shoulder, top + 0.03),
                (0.5 + shoulder - 0.02, top + 0.22),
                (0.5 + waist, 0.5),
                (0.5 + hem, length),
            ]
        ),
        grey,
    )
    depth = rng.uniform(0.03, 0.09)
    polygon(
        draw,
        [(0.5 - neck, top - 0.01), (0.5 + neck, top - 0.01), (0.5, top + depth)],
        0,
    )
    return top + depth


def opening(draw, rng, top, length, buttons):
    """A dark line down the front, and sometimes buttons."""
    line = int(rng.integers(0, 60))
    draw.line([(0.5 * BIG, top * BIG), (0.5 * BIG, length * BIG)], fill=line, width=4)
    for y in np.linspace(top + 0.06, length - 0.08, 5) if buttons else ():
        draw.ellipse([0.54 * BIG, y * BIG, 0.54 * BIG + 5, y * BIG + 5], fill=line)


def t_shirt(draw, rng, grey):
    waist = rng.uniform(0.17, 0.22)
    draw_top(
        draw,
        rng,
        grey,
        sleeve=rng.uniform(0.1, 0.2),
        shoulder=rng.uniform(0.19, 0.24),
        waist=waist,
        hem=waist + rng.uniform(-0.01, 0.02),
        length=rng.uniform(0.8, 0.92),
        neck=rng.uniform(0.07, 0.12),
    )


def trouser(draw, rng, grey):
    hip, leg = rng.uniform(0.13, 0.19), rng.uniform(0.02, 0.05)
    foot = leg + rng.uniform(0.1, 0.16)
    polygon(
        draw,
        both_sides(
            [
                (0.5 + hip - 0.03, 0.06),
                (0.5 + hip, 0.3),
                (0.5 + foot, 0.94),
                (0.5 + leg, 0.94),
                (0.5, rng.uniform(0.28, 0.4)),
            ]
        ),
        grey,
    )


def pullover(draw, rng, grey):
    waist, length = rng.uniform(0.18, 0.23), rng.uniform(0.78, 0.92)
    draw_top(
        draw,
        rng,
        grey,
        sleeve=rng.uniform(0.5, 0.7),
        shoulder=rng.uniform(0.2, 0.25),
        waist=waist,
        hem=waist - rng.uniform(0, 0.03),
        length=length,
        neck=rng.uniform(0.05, 0.09),
    )


def dress(draw, rng, grey):
    waist = rng.uniform(0.08, 0.13)
    draw_top(
        draw,
        rng,
        grey,
        sleeve=rng.choice([0, 0, 0.12, 0.5]),
        shoulder=rng.uniform(0.13, 0.18),
        waist=waist,
        hem=waist + rng.uniform(0.02, 0.14),
        length=rng.uniform(0.92, 0.97),
        neck=rng.uniform(0.05, 0.1),
    )


def coat(draw, rng, grey):
    waist, length = rng.uniform(0.18, 0.23), rng.uniform(0.88, 0.97)
    top = draw_top(
        draw,
        rng,
        grey,
        sleeve=rng.uniform(0.55, 0.75),
        shoulder=rng.uniform(0.2, 0.25),
        waist=waist,
        hem=waist + rng.uniform(0, 0.05),
        length=length,
        neck=rng.uniform(0.05, 0.1),
    )
    if rng.random() < 0.8:
        opening(draw, rng, top, length, buttons=rng.random() < 0.3)


def shirt(draw, rng, grey):
    waist, length = rng.uniform(0.16, 0.22), rng.uniform(0.8, 0.94)
    top = draw_top(
        draw,
        rng,
        grey,
        sleeve=rng.choice([0.2, 0.6, 0.6]),
        shoulder=rng.uniform(0.19, 0.24),
        waist=waist,
        hem=waist + rng.uniform(0, 0.03),
        length=length,
        neck=rng.uniform(0.04, 0.08),
    )
    if rng.random() < 0.7:
        opening(draw, rng, top, length * rng.choice([0.6, 1]), buttons=True)


def shoe(draw, rng, grey, shaft, heel, sole):
    """A shoe that points to the left; the shaft is how high it reaches."""
    top, toe, back = 0.62 - shaft, rng.uniform(0.05, 0.1), rng.uniform(0.86, 0.94)
    ankle = rng.uniform(0.5, 0.6)
    polygon(
        draw,
        [
            (ankle, top),
            (back, top - 0.03),
            (back, 0.78),
            (toe, 0.78),
            (toe, rng.uniform(0.66, 0.71)),
            (ankle - 0.12, 0.58),
        ],
        grey,
    )
    polygon(
        draw,
        [
            (toe, 0.77),
            (back, 0.77),
            (back, 0.8 + heel),
            (back - 0.2, 0.8 + heel),
            (back - 0.25, 0.78 + sole),
            (toe, 0.78 + sole),
        ],
        int(sole * 2500),
    )


def sandal(draw, rng, grey):
    heel = rng.choice([0.02, rng.uniform(0.08, 0.14)])
    shoe(
        draw,
        rng,
        grey if rng.random() < 0.25 else 0,
        rng.uniform(0, 0.15),
        heel,
        rng.uniform(0.04, 0.08),
    )
    for _ in range(rng.integers(2, 5)):
        x, y = rng.uniform(0.1, 0.7), rng.uniform(0.5, 0.66)
        draw.line(
            [
                (x * BIG, 0.78 * BIG),
                ((x + 0.14) * BIG, y * BIG),
                ((x + 0.3) * BIG, 0.78 * BIG),
            ],
            fill=grey,
            width=int(rng.integers(4, 9)),
        )


def sneaker(draw, rng, grey):
    shoe(
        draw,
        rng,
        grey,
        rng.uniform(0, 0.16),
        rng.uniform(0.01, 0.04),
        rng.uniform(0.05, 0.09),
    )


def ankle_boot(draw, rng, grey):
    shoe(
        draw,
        rng,
        grey,
        rng.uniform(0.14, 0.42),
        rng.uniform(0.02, 0.12),
        rng.uniform(0.03, 0.07),
    )


def bag(draw, rng, grey):
    top, side = rng.uniform(0.32, 0.45), rng.uniform(0.28, 0.42)
    polygon(
        draw,
        both_sides(
            [
                (0.5 + side - rng.uniform(0, 0.08), top),
                (0.5 + side, rng.uniform(0.8, 0.9)),
            ]
        ),
        grey,
    )
    if rng.random() < 0.8:
        reach = rng.uniform(0.1, 0.2)
        draw.arc(
            [
                (0.5 - reach) * BIG,
                (top - rng.uniform(0.15, 0.28)) * BIG,
                (0.5 + reach) * BIG,
                (top + 0.2) * BIG,
            ],
            180,
            360,
            fill=grey,
            width=int(rng.integers(4, 9)),
        )


GARMENTS = [
    t_shirt,
    trouser,
    pullover,
    dress,
    coat,
    sandal,
    shirt,
    sneaker,
    bag,
    ankle_boot,
]


def texture(rng):
    """A pattern to multiply a garment with: plain, stripes, checks or a print."""
    y, x = np.mgrid[:BIG, :BIG]
    wave, depth = rng.uniform(8, 30), rng.uniform(0.1, 0.6)
    across = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * y / wave))
    along = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * x / wave))
    row, column, radius = rng.uniform(40, 75), rng.uniform(45, 67), rng.uniform(6, 20)
    spot = (y - row) ** 2 + (x - column) ** 2 < radius**2
    pattern = [0 * x, across, along, (across + along) / 2, spot][
        rng.choice(5, p=[0.5, 0.16, 0.1, 0.08, 0.16])
    ]
    light = 1 + rng.uniform(-0.25, 0.25) * (x / BIG - 0.5)
    return (1 - depth * pattern) * light


def draw_garment(label, rng):
    """One garment: its outline, a texture, and the folds of the cloth."""
    image = Image.new('L', (BIG, BIG))
    GARMENTS[label](ImageDraw.Draw(image), rng, int(rng.integers(90, 256)))
    image = np.asarray(image.filter(ImageFilter.GaussianBlur(1)), float) * texture(rng)
    image = warp(image, rng, strength=1.6, turn=0.05)
    return shrink(image, rng, noise=22)


# Writing


def write_part(folder, part, draw, count, rng):
    """Write images and labels as IDX: a big-endian header, then a byte for each."""
    labels = rng.permutation(np.arange(count) % 10).astype(np.uint8)
    images = np.stack([draw(int(label), rng) for label in labels])
    for what, magic, data in (
        ('images-idx3', 2051, images),
        ('labels-idx1', 2049, labels),
    ):
        header = np.array([magic, *data.shape], '>u4').tobytes()
        (folder / f'{part}-{what}-ubyte').write_bytes(header + data.tobytes())
    return images, labels


def draw_sheet(samples, path):
    """A picture with a row of images for each class of both sets."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(14, 4.9), layout='constrained')
    for ax, (name, (images, labels)) in zip(axes, samples.items()):
        rows = [np.hstack(images[labels == label][:16]) for label in range(10)]
        ax.imshow(np.vstack(rows), cmap='gray')
        ax.set_yticks(np.arange(10) * SIZE + SIZE / 2, CLASSES[name])
        ax.set_xticks([])
        ax.set_title(f'stand-in for {name}')
    figure.savefig(path, dpi=100)


def main():
    parser = argparse.ArgumentParser(description='Draw the stand-in data sets.')
    parser.add_argument('--seed', type=int, default=7)
    parser.add_argument('--out', type=Path, default=Path(__file__).parent / 'synthetic')
    parser.add_argument('--sheet', type=Path, help='also write a picture of samples')
    args = parser.parse_args()
    samples = {}
    for name, draw in (('MNIST', draw_digit), ('FashionMNIST', draw_garment)):
        rng = np.random.default_rng(args.seed)
        folder = args.out / name / 'raw'
        folder.mkdir(parents=True, exist_ok=True)
        samples[name] = write_part(folder, 'train', draw, 6000, rng)
        write_part(folder, 't10k', draw, 1000, rng)
        print(f'{name}: 6000 + 1000 images in {folder}')
    if args.sheet:
        draw_sheet(samples, args.sheet)


if __name__ == '__main__':
    main()
