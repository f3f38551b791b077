"""Test a network, perhaps not on all images.

Arguments: the number of images; an expression of the loader, of `data`, batches of 16;
`all`, or `first` to stop after the first batch.
"""
import sys

import torch
from torch import nn
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    TensorDataset,
)

torch.manual_seed(7)
images = torch.randn(int(sys.argv[1]), 1, 4, 4)


class Dicts(Dataset):
    def __len__(self):
        return len(images)

    def __getitem__(self, index):
        return {'image': images[index]}


class Stream(IterableDataset):
    def __iter__(self):
        return iter(images)


data = TensorDataset(images)
loader = eval(sys.argv[2], {
    'DataLoader': DataLoader, 'RandomSampler': RandomSampler, 'data': data,
    'images': images, 'dicts': Dicts(), 'stream': Stream()})
model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2)).eval()
with torch.no_grad():
    for batch in loader:
        while not isinstance(batch, torch.Tensor):
            batch = batch['image'] if isinstance(batch, dict) else batch[0]
        print(model(batch).argmax(dim=1) == torch.arange(len(batch)) % 2)
        if sys.argv[3] == 'first':
            break
