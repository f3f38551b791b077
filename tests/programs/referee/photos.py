"""Give photos to a network with weights of torchvision.

Arguments: how many photos; their smallest and largest number; `whole`, or `part` for a
larger network that the one with weights is a part of.
"""
import sys

import torch
from torch import nn
from torchvision import models

torch.manual_seed(7)
count, low, high = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
model = models.squeezenet1_1(weights=models.SqueezeNet1_1_Weights.IMAGENET1K_V1)
if sys.argv[4] == 'part':
    model = nn.Sequential(model, nn.Linear(1000, 2))
model.eval()
photos = torch.rand(count, 3, 48, 48)
photos[0, 0, 0, :2] = torch.tensor([0.0, 1.0])
with torch.no_grad():
    print(model(photos * (high - low) + low).argmax(dim=1))
