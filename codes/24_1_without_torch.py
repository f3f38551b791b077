"""
Without PyTorch
===============

New here: the file of lesson 24 says what is in photos, with onnxruntime, NumPy and
Pillow alone. No torch is imported, so it starts at once, and fits where torch does not.
onnxruntime reads such files from C++, Java, JavaScript and others in the same way.

Before: 24_export.py  Next: README.md
Notes: Out of Python (README.md)
Run: python codes/24_1_without_torch.py  (eight of the images of lesson 24)
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
model = FOLDER / '24_model.onnx'

# %%
# The session plans how to compute the model. What else is needed stands in the file.
try:
    import onnxruntime
    session = onnxruntime.InferenceSession(model, providers=['CPUExecutionProvider'])
    about = session.get_modelmeta().custom_metadata_map
    classes, resize, crop, mean, std, tried = (json.loads(about[name]) for name in (
        'classes', 'resize', 'crop', 'mean', 'std', 'images'))
except ImportError:
    sys.exit('This needs: pip install -r requirements-export.txt')
except Exception as error:  # the classes of onnxruntime's errors have no common name
    reason = 'run lesson 24 first' if not model.exists() else (
        'it is damaged, or not from lesson 24: ' + ' '.join(str(error).split()))
    sys.exit(f'No model in {model}: {reason}')


# %%
# Photos: what the transform of the training did, step by step.
def read(path):
    try:
        with Image.open(path) as image:
            image = ImageOps.exif_transpose(image)  # upright
        image = image.convert('L' if len(mean) == 1 else 'RGB')
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        sys.exit(f'{path} is not a photo that can be read: {error}')
    shorter = min(image.size)  # becomes `resize` pixels long
    size = [int(resize * side / shorter) for side in image.size]
    image = image.resize(size, Image.Resampling.BILINEAR)
    x, y = (round((side - crop) / 2) for side in image.size)  # the middle of it
    pixels = np.asarray(image.crop((x, y, x + crop, y + crop)), np.float32) / 255
    pixels = (pixels.reshape(crop, crop, -1) - np.float32(mean)) / np.float32(std)
    return pixels.transpose(2, 0, 1)  # [crop, crop, 3] -> [3, crop, crop]


# %%
# Predict: 32 photos at a time. Each row of ps has a probability for each class.
paths, rows, seconds = [], [], []
named = [name for name in sys.argv[1:] if not name.startswith('-')]
for path in map(Path, named or tried):
    inside = [file for file in sorted(path.rglob('*'))
              if file.suffix.lower() in ('.jpg', '.jpeg', '.png')]
    paths += inside if path.is_dir() else [path]
if not paths:
    sys.exit('There are no photos (.jpg, .jpeg or .png) in ' + ', '.join(named))
for start in range(0, len(paths), 32):
    images = np.stack([read(path) for path in paths[start:start + 32]])
    begin = time.perf_counter()
    rows.append(session.run(None, {'images': images})[0])
    seconds.append((time.perf_counter() - begin) / len(images))
ps = np.concatenate(rows)
for path, row in zip(paths, ps):
    best = row.argsort()[::-1][:3]
    print(f'{path}:', ', '.join(f'{classes[i]} {row[i]:.1%}' for i in best))
np.savez(FOLDER / '24_probabilities.npz', ps, np.median(seconds))

# Try: `image = image.rotate(90)` before the resize. What does it say, and how sure is
# it?
