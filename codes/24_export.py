"""
Out of Python
=============

New here: a trained model leaves torch. torch.export notes which operations the model
does, without the Python around them; ONNX is a file format for such a list, weights
included, that phones, browsers and servers can run. This makes one of lesson 21's
model, or where there is none, of lesson 13's network, trained for one epoch.

Before: 23_1_faster_photos.py  Next: 24_1_without_torch.py
Notes: Out of Python (README.md)
Run: python codes/24_export.py
It ends with how far the answers of onnxruntime are from torch's, and both their times.
"""
import json
import subprocess
import sys
import time

import numpy as np
import torch
from PIL import Image
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, models

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(threads=None, lr=0.001)
folder = helper.ROOT / 'checkpoints'


# %%
# The model, the test images as tensors and as files, and what its users must know.
def from_lesson_21():
    kept = torch.load(folder / '21_model.pth', map_location='cpu', weights_only=True)
    weights = models.DenseNet121_Weights.IMAGENET1K_V1
    torch.manual_seed(kept['seed'])  # for random weights, if there are no others
    found = helper.find_weights(weights, args)
    if str(found) != kept['weights']:
        sys.exit(f'21_model.pth was trained with the weights {kept["weights"]}')
    model = models.densenet121(weights=found)
    model.classifier = nn.Sequential(nn.Linear(1024, 256), nn.ReLU(), nn.Dropout(0.2),
                                     nn.Linear(256, len(kept['classes'])))
    model.classifier.load_state_dict(kept['state_dict'])
    transform = weights.transforms()
    photos = datasets.ImageFolder(helper.find_photos(args) / 'test', transform)
    photos.samples = photos.samples[::-(-len(photos) // 300)]  # at most 300
    about = {'classes': kept['classes'], 'resize': 256, 'crop': 224,
             'mean': transform.mean, 'std': transform.std}
    return model, photos, [path for path, _ in photos.samples], about


def from_lesson_13():
    trainset, testset = helper.load_data('FashionMNIST', args)
    trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
    device, criterion = args.device, nn.CrossEntropyLoss()
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(),
                          nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)).to(device)
    optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        output = model(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
    files = [folder / '24_images' / f'{i:03}.png' for i in range(300)]
    files[0].parent.mkdir(parents=True, exist_ok=True)
    for file, image in zip(files, testset.tensors[0]):
        Image.fromarray((image[0] * 127.5 + 127.5).round().byte().numpy()).save(file)
    about = {'classes': trainset.classes, 'resize': 28, 'crop': 28,
             'mean': [0.5], 'std': [0.5]}
    return model, testset, files, about


trained = (folder / '21_model.pth').exists()
model, testset, files, about = from_lesson_21() if trained else from_lesson_13()
model = nn.Sequential(model, nn.Softmax(dim=1)).cpu().eval()  # probabilities at once
images = torch.stack([testset[i][0] for i in range(len(files))])

# %%
# torch.export runs the model once and notes each operation. Of the example's sizes, the
# first one, the number of images, is left open.
program = torch.export.export(model, (images[:2],),
                              dynamic_shapes=({0: torch.export.Dim('batch')},))
operations = [node for node in program.graph.nodes if node.op == 'call_function']
print(f'torch.export: {len(operations)} operations')
expected, seconds = [], []
with torch.no_grad():
    for batch in images.split(32):
        start = time.perf_counter()
        expected.append(model(batch))
        seconds.append((time.perf_counter() - start) / len(batch))
    expected = torch.cat(expected).numpy()  # probabilities, [300, classes]
    for size in 1, 7, 64:
        same = np.allclose(program.module()(images[:size]), expected[:size], atol=1e-5)
        print(f'{size} images, the same answers: {same}')

# %%
# ONNX, and in the same file what else is needed: the classes' names and the transform.
try:
    onnx_program = torch.onnx.export(program, input_names=['images'], dynamo=True,
                                     verbose=False)
except ImportError:
    sys.exit('The rest of this lesson needs: pip install -r requirements-export.txt')
for name, value in (*about.items(), ('images', [str(file) for file in files[:8]])):
    onnx_program.model.metadata_props[name] = json.dumps(value)
onnx_program.save(folder / '24_model.onnx')

# %%
# In another process, which never imports torch: the next lesson names what is in the
# same images, and leaves its probabilities in a file.
command = [sys.executable, helper.ROOT / 'codes' / '24_1_without_torch.py', *files]
if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
    sys.exit(1)  # it has said why
ps, per_image = np.load(folder / '24_probabilities.npz').values()
same = (ps.argmax(axis=1) == expected.argmax(axis=1)).sum()
print(f'onnxruntime: the same class for {same} of {len(ps)} images, '
      f'probabilities differ by at most {np.abs(ps - expected).max():.0e}')
print(f'{1000 * per_image:.3f} ms an image, torch {1000 * np.median(seconds):.3f} ms '
      '(median, in batches of 32)')

# Try: leave out dynamic_shapes. What does the error's last line say, for one image?
