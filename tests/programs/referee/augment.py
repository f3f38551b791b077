"""Test on images with a transform. Arguments: the transform; how deep the data set lies
in Subsets.
"""
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset
from torchvision import transforms
from torchvision.transforms import v2

torch.manual_seed(7)
data = TensorDataset(torch.randn(8, 1, 4, 4), torch.arange(8) % 2)
data.transform = eval(sys.argv[1], {'transforms': transforms, 'v2': v2})
for _ in range(int(sys.argv[2])):
    data = Subset(data, range(len(data)))
model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2)).eval()
with torch.no_grad():
    for images, labels in DataLoader(data, batch_size=4):
        print((model(images).argmax(dim=1) == labels).sum().item())
