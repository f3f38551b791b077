"""
Predicting without PyTorch
==========================

New here: lesson 24's file predicts what is in photos, with only onnxruntime, NumPy, and
Pillow. torch isn't imported, so the program starts at once and fits where torch
doesn't. onnxruntime can read the same file from C++, Java, JavaScript, and other
languages.

Before: 24_export.py  Next: README.md
Notes: notes/exporting.md
Run: python codes/24_1_without_torch.py  (eight of lesson 24's images)
     python codes/24_1_without_torch.py PHOTO_OR_FOLDER...
It ends with the three most probable classes of each photo.
"""
import json
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

FOLDER = Path(__file__).resolve().parent.parent / 'checkpoints'
MODEL = FOLDER / '24_model.onnx'

# %% Load the model
# The session plans how to compute the model. The file also says how to prepare a photo.
try:
    import onnxruntime

    session = onnxruntime.InferenceSession(MODEL, providers=['CPUExecutionProvider'])
    about = session.get_modelmeta().custom_metadata_map
    classes = json.loads(about['classes'])
    resize = json.loads(about['resize'])
    crop = json.loads(about['crop'])
    mean = np.float32(json.loads(about['mean']))
    std = np.float32(json.loads(about['std']))
    examples = json.loads(about['images'])
except ImportError:
    sys.exit('This needs: pip install -r requirements-export.txt')
except Exception as error:  # onnxruntime's errors have no base class in common
    reason = 'run lesson 24 first'
    if MODEL.exists():
        reason = f'it is damaged, or not from lesson 24: {" ".join(str(error).split())}'
    sys.exit(f'There is no usable model in {MODEL}: {reason}')


# %% Open a photo
# helper.py does the same for the other lessons, but it imports torch.
def upright(image):
    """Turn a photo, because cameras store how they were held."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # the metadata is damaged, so we can't know
        return image


def to_rgb(image):
    if image.mode.startswith(('I', 'F')):  # more than 8 bits
        values = np.asarray(image).astype(np.float64)
        finite = values[np.isfinite(values)]
        lowest, highest = finite.min(), finite.max()
        if image.mode != 'F' and lowest >= 0 and highest < 2**16:
            lowest, highest = 0, 2 ** max(8, int(highest).bit_length()) - 1
        values = np.nan_to_num(values, nan=lowest, posinf=highest, neginf=lowest)
        scaled = (values - lowest) / max(highest - lowest, 1e-12) * 255
        scaled = scaled.round().clip(0, 255).astype(np.uint8)
        return Image.fromarray(scaled).convert('RGB')
    if image.has_transparency_data:
        white = Image.new('RGBA', image.size, 'white')
        image = Image.alpha_composite(white, image.convert('RGBA'))
    return image.convert('RGB')


# %% Prepare a photo
# This does what the transform did in training: resize, crop the center, normalize.
def prepare(path):
    """Return a photo as float32 [1 or 3, crop, crop]."""
    with Image.open(path) as stored:
        image = to_rgb(upright(stored))
    if len(mean) == 1:
        image = image.convert('L')

    width, height = image.size
    shorter = min(width, height)
    # torchvision rounds down here, and to the nearest integer when it crops.
    width = int(resize * width / shorter)
    height = int(resize * height / shorter)
    image = image.resize((width, height), Image.Resampling.BILINEAR)

    left = round((width - crop) / 2)
    top = round((height - crop) / 2)
    image = image.crop((left, top, left + crop, top + crop))

    pixels = np.asarray(image, np.float32) / 255
    pixels = pixels.reshape(crop, crop, -1)  # a gray photo gets a channel
    pixels = (pixels - mean) / std
    return pixels.transpose(2, 0, 1)  # [crop, crop, channels] -> [channels, crop, crop]


# %% Find the photos
# Without a path, we take the examples that lesson 24 named in the file.
# Options such as --figures are ignored.
arguments = [name for name in sys.argv[1:] if not name.startswith('-')]
names = arguments
if not names:
    names = examples
suffixes = {*Image.registered_extensions(), '.heic', '.heif'}
paths = []
for name in names:
    path = Path(name)
    if path.is_dir():
        for file in sorted(path.rglob('*')):
            if file.suffix.lower() in suffixes and not file.name.startswith('.'):
                paths.append(file)
    else:
        paths.append(path)
if not paths:
    sys.exit(f'There are no photos in {", ".join(arguments)}')

# %% Predict
# We predict 32 photos at a time, and leave out what can't be read. Each row of ps has a
# probability for each class. All of them, and the median time, are also saved to a
# file, which lesson 24 reads.
batches = []
seconds = []
unreadable = 0
for i in range(0, len(paths), 32):
    read = []
    images = []
    for path in paths[i:i + 32]:
        try:
            images.append(prepare(path))
            read.append(path)
        except Exception as error:  # a damaged file can raise anything
            unreadable += 1
            print(f'{path}: not a photo that can be read ({error})')
    if not images:
        continue
    images = np.stack(images)
    start = time.perf_counter()
    outputs = session.run(None, {'images': images})  # None means all outputs: here, one
    seconds.append((time.perf_counter() - start) / len(images))
    batches.append(outputs[0])
    for path, row in zip(read, outputs[0]):
        best = row.argsort()[::-1][:3]
        predictions = [f'{classes[i]} {row[i]:.1%}' for i in best]
        print(f'{path}: {", ".join(predictions)}')

if unreadable:
    sys.exit(f'{len(paths)} files, {unreadable} unreadable')
ps = np.concatenate(batches)
np.savez(FOLDER / '24_probabilities.npz', probabilities=ps, seconds=np.median(seconds))

# Try: rotate each photo with `image = image.rotate(90)` before it is resized. What is
# predicted now, and how sure is the model?
