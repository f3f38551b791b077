"""Run lesson 24, and keep what its model says about the images that it leaves.

Run: python tests/programs/answers.py FILE SCRIPT option...

FILE gets the probabilities, [images, classes], for the files in checkpoints/*images/,
as torchvision reads them, normalized with the mean and std of the training images.
"""
import os
import runpy
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torchvision import datasets
from torchvision.transforms import v2

file = sys.argv[1]
sys.argv = sys.argv[2:]
sys.path[0] = os.path.dirname(sys.argv[0])
names = runpy.run_path(sys.argv[0], run_name='__main__')

model, = (value for value in names.values() if isinstance(value, nn.Module))
root = Path(sys.argv[0]).parent.parent
trained_with = datasets.FashionMNIST(root / 'data/synthetic').data / 255
transform = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True),
                        v2.Normalize([trained_with.mean()], [trained_with.std()])])
images = [transform(Image.open(path))
          for path in sorted(root.glob('checkpoints/*images/*.png'))]
with torch.no_grad():
    np.save(file, model(torch.stack(images)).numpy())
