"""
Exporting a model
=================

New here: a trained model leaves Python. torch.export records which operations the model
does, without the Python code around them. ONNX is a file format for such a record, with
the weights in it, and phones, browsers, and servers can run it. This lesson exports the
newest model of lesson 21. If you haven't run lesson 21 yet, it trains lesson 13's
network for one epoch and exports that.

Before: 23_1_faster_photos.py  Next: 24_1_without_torch.py
Notes: notes/exporting.md
Run: python codes/24_export.py
It ends with how far onnxruntime's predictions are from torch's, and the time both take.
"""
import argparse
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, models

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

parser = argparse.ArgumentParser()
parser.add_argument('--model', metavar='FILE', type=Path,
                    help='a model of lesson 21, if not the newest')
args = helper.parse_args(parser, threads=None, lr=0.001)
folder = helper.ROOT / 'checkpoints'
MAX_IMAGES = 300


# %% The model of lesson 21
# This function returns four things: a model that outputs logits, the test set, the
# image files of the test set, and what a program needs to know to use the model, such
# as the names of the classes.
def load_from_lesson_21(path):
    checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    classes = checkpoint['classes']
    print(f'Model: {checkpoint["photos"]}, {len(classes)} classes, trained '
          f'{checkpoint["trained"]} ({path.name})')

    densenet_weights = models.DenseNet121_Weights.IMAGENET1K_V1
    found_weights = helper.find_weights(densenet_weights, args)
    if str(found_weights) != checkpoint['weights']:
        sys.exit(f'{path.name} was trained with the weights {checkpoint["weights"]}, '
                 f'but now there are {found_weights or "only random ones"}. '
                 'Run lesson 21 again')
    torch.manual_seed(checkpoint['seed'])  # in case the weights are random
    model = models.densenet121(weights=found_weights)
    model.classifier = nn.Sequential(nn.Linear(1024, 256), nn.ReLU(), nn.Dropout(0.2),
                                     nn.Linear(256, len(classes)))
    model.classifier.load_state_dict(checkpoint['state_dict'])

    transform = densenet_weights.transforms()
    testset = datasets.ImageFolder(helper.find_photos(args) / 'test', transform,
                                   loader=helper.open_photo)
    # The photos are sorted by class, so we take every second one, or every third ...
    step = math.ceil(len(testset) / MAX_IMAGES)
    testset.samples = testset.samples[::step]
    files = [path for path, label in testset.samples]

    about = {'classes': classes,
             'resize': transform.resize_size[0], 'crop': transform.crop_size[0],
             'mean': transform.mean, 'std': transform.std}
    return model, testset, files, about


# %% The network of lesson 13
# This function returns the same four things. It saves the test images as PNG files,
# because lesson 24_1 reads files.
def train_as_in_lesson_13():
    device = args.device
    trainset, testset = helper.load_data('FashionMNIST', args)
    trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
    model = nn.Sequential(nn.Flatten(),
                          nn.Linear(784, 128), nn.ReLU(),
                          nn.Linear(128, 64), nn.ReLU(),
                          nn.Linear(64, 10)).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
    model.train()
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()

    image_folder = folder / '24_images'
    image_folder.mkdir(parents=True, exist_ok=True)
    files = []
    for i in range(MAX_IMAGES):
        image, _ = testset[i]
        pixels = image[0] * trainset.std + trainset.mean  # undoes Normalize: 0 to 1
        pixels = (pixels * 255).round().byte()
        file = image_folder / f'{i:03}.png'
        Image.fromarray(pixels.numpy()).save(file)
        files.append(file)

    about = {'classes': trainset.classes, 'resize': 28, 'crop': 28,
             'mean': [trainset.mean], 'std': [trainset.std]}
    return model, testset, files, about


# %% Choose the model
# The softmax becomes part of the exported model, so that it outputs probabilities.
models_of_lesson_21 = list(folder.glob('21_model_*.pth'))
if args.model:
    model, testset, files, about = load_from_lesson_21(args.model)
elif models_of_lesson_21:
    newest = max(models_of_lesson_21, key=os.path.getmtime)
    model, testset, files, about = load_from_lesson_21(newest)
else:
    model, testset, files, about = train_as_in_lesson_13()
model = nn.Sequential(model, nn.Softmax(dim=1)).cpu()
model.eval()
images = torch.stack([testset[i][0] for i in range(len(files))])

# %% What torch predicts
# These predictions are what the exported model has to reproduce.
outputs = []
seconds = []
with torch.no_grad():
    for batch in images.split(32):
        start = time.perf_counter()
        outputs.append(model(batch))
        seconds.append((time.perf_counter() - start) / len(batch))
expected = torch.cat(outputs).numpy()  # [n, classes], n is at most MAX_IMAGES

# %% torch.export
# torch.export traces the model. It runs the Python code once with an example and
# records each operation, but it computes nothing, because it uses tensors that have
# sizes and no numbers. We make the example's first dimension, the batch size, dynamic.
# Otherwise the exported model would only accept batches of two images. (With one image
# in the example, torch would take the batch size to be fixed.) Before we save the
# model, we compare its predictions with those from above, for batches of several sizes.
example = torch.zeros(2, *images.shape[1:])
batch_dimension = {0: torch.export.Dim('batch')}
program = torch.export.export(model, (example,), dynamic_shapes=(batch_dimension,))
operations = [node for node in program.graph.nodes if node.op == 'call_function']
print(f'torch.export: {len(operations)} operations')

with torch.no_grad():
    for size in (1, 7, 64):
        ps = program.module()(images[:size])
        close = np.allclose(ps, expected[:size], atol=1e-5)
        print(f'{size} images, the same answers: {close}')
        if not close:
            sys.exit('The exported model computes something else, so it is not saved')

# %% ONNX
# The file also gets what else a program needs: the names of the classes, the numbers of
# the transform, and the paths of some images to try.
try:
    onnx_program = torch.onnx.export(program, input_names=['images'], dynamo=True,
                                     verbose=False)
except ImportError:
    sys.exit('The rest of this lesson needs: pip install -r requirements-export.txt')
about['images'] = [str(file) for file in files[:8]]
for name, value in about.items():
    onnx_program.model.metadata_props[name] = json.dumps(value)
onnx_program.save(folder / '24_model.onnx')

# %% Use it without torch
# The next lesson runs in another process and never imports torch. It predicts the same
# images and saves the probabilities to a file.
script = helper.ROOT / 'codes' / '24_1_without_torch.py'
result = subprocess.run([sys.executable, script, *files], stdout=subprocess.DEVNULL)
if result.returncode != 0:
    sys.exit(1)  # the script has already said why

saved = np.load(folder / '24_probabilities.npz')
ps = saved['probabilities']
same_class = ps.argmax(axis=1) == expected.argmax(axis=1)  # [n], True or False
difference = np.abs(ps - expected).max()
print(f'onnxruntime: the same class for {same_class.sum()} of {len(ps)} images, '
      f'probabilities differ by at most {difference:.0e}')
if difference > 1e-4:
    (folder / '24_model.onnx').unlink()
    sys.exit('onnxruntime computes something else, so 24_model.onnx is deleted')
print(f'onnxruntime {1000 * saved["seconds"]:.3f} ms an image, '
      f'torch {1000 * np.median(seconds):.3f} ms (median, in batches of 32)')

# Try: delete the argument dynamic_shapes. What does the last line of the error say, for
# one image?
