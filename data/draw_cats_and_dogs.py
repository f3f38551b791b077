"""
Draw the stand-ins for photos of cats and dogs
==============================================

With no network the lessons on photos still need pictures of two kinds. This script
draws them: 240 training and 100 test JPEGs of cartoon cats and dogs, in the folders
that torchvision.datasets.ImageFolder reads. Fur, background, size, place and tilt are
left to chance for both; what tells them apart is shape: a cat has pointed ears and a
short face with whiskers, a dog has a long muzzle with a large nose and, mostly, hanging
ears. So a network that looks at single pixels finds little, and one that sees shapes
finds it.

Run: python data/draw_cats_and_dogs.py
     python data/draw_cats_and_dogs.py --sheet sheet.png  (a picture of samples)
The same seed draws the same pictures, given the same Pillow and NumPy.
"""

import argparse
import colorsys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

BIG = 480  # pixels of the drawing, which is made smaller at the end
SIZE = 160  # pixels of a picture


def colour(rng, low=0.1, high=0.95, grey=0.6):
    """An RGB colour, of any hue; `grey` is how pale it is at most saturated."""
    hue, pale, light = rng.random(), rng.uniform(0, grey), rng.uniform(low, high)
    return tuple(int(255 * part) for part in colorsys.hsv_to_rgb(hue, pale, light))


def shade(rgb, factor):
    return tuple(int(min(255, part * factor)) for part in rgb)


def fur_colour(rng):
    """White, grey, black, brown, ginger or cream."""
    hue, pale = rng.uniform(0.04, 0.11), rng.choice([0.05, 0.3, 0.5, 0.7])
    rgb = colorsys.hsv_to_rgb(hue, pale, rng.uniform(0.25, 0.95))
    return tuple(int(255 * part) for part in rgb)


def ellipse(draw, x, y, wide, high, fill):
    draw.ellipse([x - wide, y - high, x + wide, y + high], fill=fill)


# The animals. Each function draws on a transparent canvas, the head around (0, 0) with
# a radius of about 100, and `at` puts it in the middle.


def at(points):
    return [(BIG / 2 + x, BIG / 2 - 40 + y) for x, y in points]


def draw_body(draw, rng, fur):
    """What cats and dogs share: a trunk, two legs, sometimes a bright chest."""
    ((x, y),) = at([(rng.uniform(-40, 40), 190)])
    ellipse(draw, x, y, rng.uniform(85, 120), rng.uniform(110, 140), shade(fur, 0.9))
    for side in (-1, 1):
        ((a, b),) = at([(side * rng.uniform(35, 60), 250)])
        ellipse(draw, a, b, 26, 70, fur)
    if rng.random() < 0.5:
        ellipse(draw, x, y - 20, 45, 60, shade(fur, 1.4))


def draw_eyes(draw, rng, apart, high, size, iris, slit):
    for side in (-1, 1):
        ((x, y),) = at([(side * apart, high)])
        ellipse(draw, x, y, size, size * rng.uniform(0.8, 1), iris)
        ellipse(draw, x, y, size * (0.25 if slit else 0.6), size * 0.75, (15, 15, 20))
        ellipse(draw, x - size / 4, y - size / 3, size / 6, size / 6, (250, 250, 250))


def draw_cat(draw, rng, fur):
    dark, wide = shade(fur, 0.7), rng.uniform(95, 112)
    for side in (-1, 1):
        tip = rng.uniform(-175, -140)
        lean = rng.uniform(70, 105)
        draw.polygon(
            at([(side * 20, -75), (side * lean, tip), (side * wide, -25)]), fur
        )
        draw.polygon(
            at(
                [
                    (side * 42, -78),
                    (side * (lean - 5), tip + 30),
                    (side * (wide - 18), -45),
                ]
            ),
            (215, 150, 150),
        )
    ((x, y),) = at([(0, 0)])
    ellipse(draw, x, y, wide, rng.uniform(82, 95), fur)
    for stripe in range(-1, 2) if rng.random() < 0.5 else ():
        draw.line(at([(stripe * 18, -82), (stripe * 12, -50)]), dark, 8)
    draw_eyes(
        draw,
        rng,
        rng.uniform(38, 48),
        -15,
        rng.uniform(18, 25),
        colour(rng, 0.6, 0.95, 0.9),
        slit=rng.random() < 0.7,
    )
    ellipse(draw, x - 17, y + 42, 24, 18, shade(fur, 1.3))
    ellipse(draw, x + 17, y + 42, 24, 18, shade(fur, 1.3))
    draw.polygon(at([(-11, 20), (11, 20), (0, 32)]), (200, 110, 120))
    for side in (-1, 1) if rng.random() < 0.6 else ():
        for row in (-1, 0, 1):
            draw.line(
                at([(side * 28, 40 + 6 * row), (side * 120, 35 + 20 * row)]),
                (235, 235, 235),
                3,
            )


def draw_dog(draw, rng, fur):
    dark, wide = shade(fur, rng.uniform(0.5, 0.8)), rng.uniform(82, 98)
    ((x, y),) = at([(0, 0)])
    ellipse(draw, x, y, wide, rng.uniform(90, 105), fur)
    drop, out = rng.uniform(30, 80), rng.uniform(100, 135)
    pointed = rng.random() < 0.4
    for side in (-1, 1):
        hanging = [
            (45, -85),
            (out - 15, -70),
            (out, drop),
            (out - 30, drop + 20),
            (75, drop - 20),
        ]
        upright = [(15, -80), (out - 40, -175), (90, -30)]
        draw.polygon(
            at([(side * x, y) for x, y in (upright if pointed else hanging)]), dark
        )
    if rng.random() < 0.4:
        ellipse(draw, x + rng.choice([-1, 1]) * 38, y - 25, 34, 38, dark)
    draw_eyes(
        draw,
        rng,
        rng.uniform(34, 44),
        -28,
        rng.uniform(13, 18),
        (95, 60, 30),
        slit=False,
    )
    ellipse(draw, x, y + 50, rng.uniform(46, 58), rng.uniform(48, 62), shade(fur, 1.25))
    ellipse(draw, x, y + 28, rng.uniform(22, 28), 18, (25, 20, 20))
    draw.line(at([(0, 45), (0, 72)]), (40, 25, 25), 5)
    if rng.random() < 0.5:
        ellipse(draw, x, y + 100, 17, 30, (220, 100, 120))
    else:
        draw.arc([x - 30, y + 50, x + 30, y + 88], 20, 160, (40, 25, 25), 5)


def draw_background(rng):
    """A gradient between two colours, with rectangles and circles on it."""
    top, bottom = (np.array(colour(rng), float) for _ in range(2))
    mix = np.linspace(0, 1, BIG)[:, None, None]
    rows = np.broadcast_to(top * (1 - mix) + bottom * mix, (BIG, BIG, 3))
    image = Image.fromarray(rows.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(3, 10)):
        x, y = rng.uniform(0, BIG, 2)
        wide, high = rng.uniform(20, 150, 2)
        shape = [draw.rectangle, draw.ellipse][rng.integers(2)]
        shape([x - wide, y - high, x + wide, y + high], fill=colour(rng))
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(1, 8)))


def draw_picture(label, rng):
    """One picture of a cat (0) or a dog (1), as a PIL image."""
    animal = Image.new('RGBA', (BIG, BIG))
    draw, fur = ImageDraw.Draw(animal), fur_colour(rng)
    draw_body(draw, rng, fur)
    (draw_cat, draw_dog)[label](draw, rng, fur)
    scale = rng.uniform(0.35, 1.15)
    animal = animal.resize((int(BIG * scale),) * 2)
    if rng.random() < 0.5:
        animal = animal.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    animal = animal.rotate(rng.normal(0, 14), expand=True)
    image = draw_background(rng)
    shift = rng.uniform(-0.14, 0.14, 2) * BIG
    place = [int((BIG - side) / 2 + move) for side, move in zip(animal.size, shift)]
    image.paste(animal, place, animal)
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(0, 3)):  # something stands in front
        x, y = rng.uniform(0.2, 0.8, 2) * BIG
        ellipse(draw, x, y, *rng.uniform(15, 75, 2), colour(rng))
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 5)))
    image = image.resize((SIZE, SIZE))
    pixels = np.asarray(image, float) * rng.uniform(0.6, 1.2)
    pixels = pixels + rng.normal(0, rng.uniform(3, 24), pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def draw_sheet(folder, path):
    """A picture with two rows of samples for each class."""
    rows = [
        sorted(folder.glob(f'train/{name}/*.jpg'))[i : i + 8]
        for name in ('cat', 'dog')
        for i in (0, 8)
    ]
    sheet = Image.new('RGB', (8 * SIZE, 4 * SIZE))
    for row, files in enumerate(rows):
        for column, file in enumerate(files):
            sheet.paste(Image.open(file), (column * SIZE, row * SIZE))
    sheet.save(path)


def main():
    parser = argparse.ArgumentParser(description='Draw the stand-in photos.')
    parser.add_argument('--seed', type=int, default=7)
    parser.add_argument(
        '--out', type=Path, default=Path(__file__).parent / 'synthetic' / 'Cat_Dog_data'
    )
    parser.add_argument('--sheet', type=Path, help='also write a picture of samples')
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    for part, count in (('train', 120), ('test', 50)):
        for label, name in enumerate(('cat', 'dog')):
            folder = args.out / part / name
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(1, count + 1):
                picture = draw_picture(label, rng)
                picture.save(folder / f'{name}.{number:03}.jpg', quality=80)
    print(f'240 + 100 pictures in {args.out}')
    if args.sheet:
        draw_sheet(args.out, args.sheet)


if __name__ == '__main__':
    main()
