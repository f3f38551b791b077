"""Run a script that starts its processes in a certain way, with a small DenseNet121.

Run: python tests/programs/start_method.py METHOD SCRIPT option...

METHOD: of multiprocessing, such as spawn. The network has random weights and computes
1,024 features of an image at once, so that the time goes to the processes.
"""
import multiprocessing
import os
import runpy
import sys

from torch import nn
from torchvision import models


def small_densenet(weights=None):
    network = nn.Sequential()
    network.features = nn.Sequential(nn.AdaptiveAvgPool2d(8), nn.Flatten(),
                                     nn.Linear(3 * 8 * 8, 1024))
    network.classifier = nn.Linear(1024, 1000)
    return network


if __name__ == '__main__':
    multiprocessing.set_start_method(sys.argv[1], force=True)
    models.densenet121 = small_densenet
    sys.argv = sys.argv[2:]
    sys.path[0] = os.path.dirname(sys.argv[0])
    runpy.run_path(sys.argv[0], run_name='__main__')
