"""
Draw the synthetic photos of cats and dogs
==========================================

The lessons on photos need images of two classes, even if you run them without internet.
This script draws them: 240 training and 100 test JPEGs of cartoon cats and dogs, in the
folders that torchvision.datasets.ImageFolder reads.

The fur, the background, and the size, place, and tilt of the animal are random for both
classes, so they don't tell you which animal you see. You recognize it mostly by its
shape: a cat has pointed ears, a short face, and often whiskers, while a dog has a large
muzzle with a large nose, and more often than not its ears hang down. So a network that
only looks at single pixels has little to go on. One that recognizes shapes has more.

Run: python data/draw_cats_and_dogs.py
     python data/draw_cats_and_dogs.py --sheet sheet.png  (also saves samples)
With the same seed and the same versions of Pillow and NumPy, you get the same photos.
"""

import argparse
import colorsys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

BIG = 480  # the drawing's width and height in pixels; it's shrunk at the end
SIZE = 160  # the photo's width and height in pixels

CLASSES = ['cat', 'dog']  # a class's label is its position in this list
PHOTOS_PER_CLASS = {'train': 120, 'test': 50}

DEFAULT_FOLDER = Path(__file__).parent / 'synthetic' / 'Cat_Dog_data'

# In all functions, rng is a np.random.Generator, draw is a PIL.ImageDraw.ImageDraw, and
# a color is a tuple (red, green, blue) of integers from 0 to 255. If you change the
# order in which the random numbers are drawn, the same seed gives you different photos.


# Colors


def to_rgb(hue, saturation, brightness):
    """Convert a color from HSV, three floats from 0 to 1, to RGB."""
    rgb = colorsys.hsv_to_rgb(hue, saturation, brightness)
    return tuple(int(255 * channel) for channel in rgb)


def random_color(rng, darkest=0.1, brightest=0.95, max_saturation=0.6):
    """Return a color of any hue.

    darkest, brightest: the range of its brightness, floats from 0 to 1.
    max_saturation: 0 allows only grays, and 1 also allows the most vivid colors.
    """
    hue = rng.random()
    saturation = rng.uniform(0, max_saturation)
    brightness = rng.uniform(darkest, brightest)
    return to_rgb(hue, saturation, brightness)


def random_fur_color(rng):
    """Return a color that fur can have, from white and gray to ginger and brown."""
    hue = rng.uniform(0.04, 0.11)
    saturation = rng.choice([0.05, 0.3, 0.5, 0.7])
    brightness = rng.uniform(0.25, 0.95)
    return to_rgb(hue, saturation, brightness)


def shade(color, factor):
    """Return a darker shade of the color if factor is below 1, else a brighter one."""
    return tuple(int(min(255, channel * factor)) for channel in color)


# Shapes


def on_canvas(x, y):
    """Return where a point of the animal is on the canvas: floats x and y, in pixels.

    The animals are drawn around the center of the head, which is their point (0, 0).
    The head's radius is about 100 pixels, and y points down.
    """
    head_x = BIG / 2
    head_y = BIG / 2 - 40
    return head_x + x, head_y + y


def fill_ellipse(draw, x, y, radius_x, radius_y, color):
    """Fill an ellipse with the center (x, y) and the given radii, floats in pixels.

    Unlike an animal's points, x and y count from the top left corner of the canvas.
    """
    box = [x - radius_x, y - radius_y, x + radius_x, y + radius_y]
    draw.ellipse(box, fill=color)


def fill_polygon(draw, points, color, side=1):
    """Fill a polygon with the given corners, a list of the animal's points (x, y).

    side: 1 draws the polygon as it is, and -1 draws its mirror image on the other side
        of the head.
    """
    corners = [on_canvas(side * x, y) for x, y in points]
    draw.polygon(corners, color)


# The animals. Each function draws on a transparent canvas of BIG x BIG pixels.


def draw_body(draw, rng, fur):
    """Draw what cats and dogs share: a trunk, two legs, and sometimes a bright chest.

    fur: the animal's color.
    """
    trunk_x, trunk_y = on_canvas(rng.uniform(-40, 40), 190)
    trunk_radius_x = rng.uniform(85, 120)
    trunk_radius_y = rng.uniform(110, 140)
    fill_ellipse(
        draw, trunk_x, trunk_y, trunk_radius_x, trunk_radius_y, shade(fur, 0.9)
    )

    for side in (-1, 1):
        leg_x, leg_y = on_canvas(side * rng.uniform(35, 60), 250)
        fill_ellipse(draw, leg_x, leg_y, 26, 70, fur)

    has_bright_chest = rng.random() < 0.5
    if has_bright_chest:
        fill_ellipse(draw, trunk_x, trunk_y - 20, 45, 60, shade(fur, 1.4))


def draw_eyes(draw, rng, x, y, radius, iris_color, pupil_width):
    """Draw two eyes, each with an iris, a pupil, and a highlight.

    x, y: the center of the right eye, as a point of the animal.
    radius: the horizontal radius of an eye, in pixels.
    iris_color: the color of both irises.
    pupil_width: the width of a pupil, as a fraction of the eye's width.
    """
    for side in (-1, 1):
        eye_x, eye_y = on_canvas(side * x, y)
        radius_y = radius * rng.uniform(0.8, 1)
        fill_ellipse(draw, eye_x, eye_y, radius, radius_y, iris_color)
        fill_ellipse(
            draw, eye_x, eye_y, radius * pupil_width, radius * 0.75, (15, 15, 20)
        )

        highlight_x = eye_x - radius / 4
        highlight_y = eye_y - radius / 3
        highlight_radius = radius / 6
        fill_ellipse(
            draw,
            highlight_x,
            highlight_y,
            highlight_radius,
            highlight_radius,
            (250, 250, 250),
        )


def draw_cat(draw, rng, fur):
    """Draw the head of a cat, whose color is fur."""
    head_x, head_y = on_canvas(0, 0)
    head_radius_x = rng.uniform(95, 112)

    for side in (-1, 1):
        tip_y = rng.uniform(-175, -140)
        tip_x = rng.uniform(70, 105)
        ear = [(20, -75), (tip_x, tip_y), (head_radius_x, -25)]
        inner_ear = [(42, -78), (tip_x - 5, tip_y + 30), (head_radius_x - 18, -45)]
        fill_polygon(draw, ear, fur, side)
        fill_polygon(draw, inner_ear, (215, 150, 150), side)

    head_radius_y = rng.uniform(82, 95)
    fill_ellipse(draw, head_x, head_y, head_radius_x, head_radius_y, fur)

    has_stripes = rng.random() < 0.5
    if has_stripes:
        for stripe in (-1, 0, 1):
            start = on_canvas(stripe * 18, -82)
            end = on_canvas(stripe * 12, -50)
            draw.line([start, end], shade(fur, 0.7), 8)

    eye_x = rng.uniform(38, 48)
    eye_radius = rng.uniform(18, 25)
    iris_color = random_color(rng, darkest=0.6, brightest=0.95, max_saturation=0.9)
    has_slit_pupils = rng.random() < 0.7
    pupil_width = 0.25 if has_slit_pupils else 0.6
    draw_eyes(draw, rng, eye_x, -15, eye_radius, iris_color, pupil_width)

    cheek_color = shade(fur, 1.3)
    fill_ellipse(draw, head_x - 17, head_y + 42, 24, 18, cheek_color)
    fill_ellipse(draw, head_x + 17, head_y + 42, 24, 18, cheek_color)
    nose = [(-11, 20), (11, 20), (0, 32)]
    fill_polygon(draw, nose, (200, 110, 120))

    has_whiskers = rng.random() < 0.6
    if has_whiskers:
        for side in (-1, 1):
            for row in (-1, 0, 1):
                start = on_canvas(side * 28, 40 + 6 * row)
                end = on_canvas(side * 120, 35 + 20 * row)
                draw.line([start, end], (235, 235, 235), 3)


def draw_dog(draw, rng, fur):
    """Draw the head of a dog, whose color is fur."""
    head_x, head_y = on_canvas(0, 0)
    dark_fur = shade(fur, rng.uniform(0.5, 0.8))
    head_radius_x = rng.uniform(82, 98)
    head_radius_y = rng.uniform(90, 105)
    fill_ellipse(draw, head_x, head_y, head_radius_x, head_radius_y, fur)

    ear_y = rng.uniform(30, 80)
    ear_x = rng.uniform(100, 135)
    has_pointed_ears = rng.random() < 0.4
    if has_pointed_ears:
        ear = [(15, -80), (ear_x - 40, -175), (90, -30)]
    else:
        ear = [
            (45, -85),
            (ear_x - 15, -70),
            (ear_x, ear_y),
            (ear_x - 30, ear_y + 20),
            (75, ear_y - 20),
        ]
    for side in (-1, 1):
        fill_polygon(draw, ear, dark_fur, side)

    has_patch = rng.random() < 0.4
    if has_patch:
        side = rng.choice([-1, 1])
        fill_ellipse(draw, head_x + side * 38, head_y - 25, 34, 38, dark_fur)

    eye_x = rng.uniform(34, 44)
    eye_radius = rng.uniform(13, 18)
    draw_eyes(draw, rng, eye_x, -28, eye_radius, (95, 60, 30), pupil_width=0.6)

    muzzle_radius_x = rng.uniform(46, 58)
    muzzle_radius_y = rng.uniform(48, 62)
    muzzle_color = shade(fur, 1.25)
    fill_ellipse(
        draw, head_x, head_y + 50, muzzle_radius_x, muzzle_radius_y, muzzle_color
    )
    nose_radius_x = rng.uniform(22, 28)
    fill_ellipse(draw, head_x, head_y + 28, nose_radius_x, 18, (25, 20, 20))
    draw.line([on_canvas(0, 45), on_canvas(0, 72)], (40, 25, 25), 5)

    shows_tongue = rng.random() < 0.5
    if shows_tongue:
        fill_ellipse(draw, head_x, head_y + 100, 17, 30, (220, 100, 120))
    else:
        mouth = [head_x - 30, head_y + 50, head_x + 30, head_y + 88]
        draw.arc(mouth, 20, 160, (40, 25, 25), 5)


DRAW_HEAD = [draw_cat, draw_dog]  # in the order of CLASSES


# The photo


def draw_background(rng):
    """Draw a blurred color gradient with rectangles and ellipses on it.

    Returns an RGB PIL.Image.Image of BIG x BIG pixels.
    """
    top = np.array(random_color(rng), float)  # [3]
    bottom = np.array(random_color(rng), float)  # [3]
    mix = np.linspace(0, 1, BIG)[:, None, None]  # [BIG, 1, 1]
    column = top * (1 - mix) + bottom * mix  # [BIG, 1, 3]
    gradient = np.broadcast_to(column, (BIG, BIG, 3))
    image = Image.fromarray(gradient.astype(np.uint8))

    draw = ImageDraw.Draw(image)
    shape_count = rng.integers(3, 10)
    for _ in range(shape_count):
        x, y = rng.uniform(0, BIG, 2)
        radius_x, radius_y = rng.uniform(20, 150, 2)
        is_rectangle = rng.integers(2) == 0
        color = random_color(rng)
        if is_rectangle:
            box = [x - radius_x, y - radius_y, x + radius_x, y + radius_y]
            draw.rectangle(box, fill=color)
        else:
            fill_ellipse(draw, x, y, radius_x, radius_y, color)

    blur = rng.uniform(1, 8)
    return image.filter(ImageFilter.GaussianBlur(blur))


def draw_animal(label, rng):
    """Draw a cat (label 0) or a dog (label 1) of random size and tilt.

    Returns an RGBA PIL.Image.Image, which is transparent around the animal.
    """
    animal = Image.new('RGBA', (BIG, BIG))
    draw = ImageDraw.Draw(animal)
    fur = random_fur_color(rng)
    draw_body(draw, rng, fur)
    draw_head = DRAW_HEAD[label]
    draw_head(draw, rng, fur)

    scale = rng.uniform(0.35, 1.15)
    side = int(BIG * scale)
    animal = animal.resize((side, side))
    is_flipped = rng.random() < 0.5
    if is_flipped:
        animal = animal.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    angle = rng.normal(0, 14)  # degrees
    return animal.rotate(angle, expand=True)


def draw_photo(label, rng):
    """Draw one photo of a cat (label 0) or a dog (label 1).

    Returns an RGB PIL.Image.Image of SIZE x SIZE pixels.
    """
    animal = draw_animal(label, rng)
    image = draw_background(rng)

    # Paste the animal near the center. Its transparent pixels keep the background.
    shift_x, shift_y = rng.uniform(-0.14, 0.14, 2) * BIG
    left = int((BIG - animal.width) / 2 + shift_x)
    top = int((BIG - animal.height) / 2 + shift_y)
    image.paste(animal, (left, top), animal)

    # Draw up to two ellipses, which can hide a part of the animal.
    draw = ImageDraw.Draw(image)
    ellipse_count = rng.integers(0, 3)
    for _ in range(ellipse_count):
        x, y = rng.uniform(0.2, 0.8, 2) * BIG
        radius_x, radius_y = rng.uniform(15, 75, 2)
        color = random_color(rng)
        fill_ellipse(draw, x, y, radius_x, radius_y, color)

    blur = rng.uniform(0, 5)
    image = image.filter(ImageFilter.GaussianBlur(blur))
    image = image.resize((SIZE, SIZE))

    # Change the brightness and add noise, because real photos vary in both, too.
    brightness = rng.uniform(0.6, 1.2)
    pixels = np.asarray(image, float) * brightness  # [SIZE, SIZE, 3]
    noise_strength = rng.uniform(3, 24)
    noise = rng.normal(0, noise_strength, pixels.shape)
    pixels = (pixels + noise).clip(0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


# Files


def save_sheet(folder, path):
    """Save one image with 16 training photos of each class, in rows of eight.

    folder: the pathlib.Path with the photos, which has train/cat and train/dog in it.
    path: where to save the image.
    """
    columns = 8
    rows_per_class = 2
    rows = rows_per_class * len(CLASSES)
    sheet = Image.new('RGB', (columns * SIZE, rows * SIZE))
    for label, name in enumerate(CLASSES):
        files = sorted(folder.glob(f'train/{name}/*.jpg'))
        first_row = label * rows_per_class
        for number, file in enumerate(files[: columns * rows_per_class]):
            row = first_row + number // columns
            column = number % columns
            with Image.open(file) as photo:
                sheet.paste(photo, (column * SIZE, row * SIZE))
    sheet.save(path)


def main():
    """Draw and save all photos."""
    parser = argparse.ArgumentParser(
        description='Draw the synthetic photos of cats and dogs.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('--seed', type=int, default=7, help='for the random numbers')
    parser.add_argument(
        '--out', type=Path, default=DEFAULT_FOLDER, help='the folder for the photos'
    )
    parser.add_argument(
        '--sheet', type=Path, help='also save an image with samples to this file'
    )
    args = parser.parse_args()

    rng = np.random.default_rng(args.seed)
    for part, count in PHOTOS_PER_CLASS.items():
        for label, name in enumerate(CLASSES):
            folder = args.out / part / name
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(1, count + 1):
                photo = draw_photo(label, rng)
                photo.save(folder / f'{name}.{number:03}.jpg', quality=80)
        print(f'{args.out / part}: {count} photos of each class')

    if args.sheet:
        save_sheet(args.out, args.sheet)


if __name__ == '__main__':
    main()
