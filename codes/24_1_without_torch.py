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


# %% Prepare a photo
# This does what the transform did in training: resize, crop the center, normalize.
def prepare(path):
    """Return a photo as float32 [1 or 3, crop, crop]."""
    try:
        with Image.open(path) as stored:
            image = ImageOps.exif_transpose(stored)  # cameras store how they were held
        if image.mode.startswith(('I', 'F')):  # more than 8 bits per pixel
            image = image.point(lambda value: value / 256)
        image = image.convert('L' if len(mean) == 1 else 'RGB')
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        sys.exit(f'{path} is not a photo that can be read: {error}')

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
paths = []
for name in names:
    path = Path(name)
    if path.is_dir():
        for file in sorted(path.rglob('*')):
            if file.suffix.lower() in ('.jpg', '.jpeg', '.png'):
                paths.append(file)
    else:
        paths.append(path)
if not paths:
    sys.exit(f'There are no photos (.jpg, .jpeg, or .png) in {", ".join(arguments)}')

# %% Predict
# We predict 32 photos at a time. Each row of ps has a probability for each class. All
# of them, and the median time, are also saved to a file, which lesson 24 reads.
batches = []
seconds = []
for i in range(0, len(paths), 32):
    images = np.stack([prepare(path) for path in paths[i:i + 32]])
    start = time.perf_counter()
    outputs = session.run(None, {'images': images})  # None means all outputs: here, one
    batches.append(outputs[0])
    seconds.append((time.perf_counter() - start) / len(images))
ps = np.concatenate(batches)

for path, row in zip(paths, ps):
    best = row.argsort()[::-1][:3]
    predictions = [f'{classes[i]} {row[i]:.1%}' for i in best]
    print(f'{path}: {", ".join(predictions)}')
np.savez(FOLDER / '24_probabilities.npz', probabilities=ps, seconds=np.median(seconds))

# Try: rotate each photo with `image = image.rotate(90)` before it is resized. What is
# predicted now, and how sure is the model?
