"""notes/errors_and_fixes.md quotes errors as torch words them, and the fixes work.

Each case below raises an error of the page and then runs the page's fix. To add an error,
write its entry on the page and a case here. An error that can't be raised in a test goes
into NOT_RAISED, with the reason.
"""

import ast
import contextlib
import io
import re
import subprocess
import sys
import textwrap
import warnings
import zipfile

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from course import ROOT
from matplotlib import pyplot as plt
from PIL import Image
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Subset, TensorDataset, random_split
from torchvision import datasets, transforms

PAGE = (ROOT / 'notes/errors_and_fixes.md').read_text(encoding='utf-8')
PROSE = re.sub(r'(?ms)^```.*?^```', '', PAGE)

NOT_RAISED = {
    "No module named 'torch'": 'needs an environment without torch',
    'operator torchvision::nms does not exist': 'needs versions that do not fit',
    'No matching distribution found for torch': 'needs pip and another Python',
    'CERTIFICATE_VERIFY_FAILED': 'needs a server; see test_data.py',
    'cannot be downloaded': 'needs a server; see test_data.py',
    'has no train/ and test/ folders': 'see test_photos.py',
    'use_libuv was requested': 'Windows',
    'no kernel image is available for execution on the device': 'needs a GPU that '
    "torch wasn't built for",
}

CPU_BUILD = not torch.backends.cuda.is_built()
GPU = torch.cuda.is_available()
MPS = torch.backends.mps.is_available()

CASES = []


def case(*messages, only_if=True, reason=''):
    """Add a function to the cases.

    messages: how the page quotes the error, where `...` stands for any text. There are
        several if torch's versions word it differently.
    only_if, reason: when the case can run, and what it needs.
    """

    def add(function):
        skip = pytest.mark.skipif(not only_if, reason=reason)
        name = function.__name__
        CASES.append(pytest.param(function, messages, id=name, marks=skip))
        return function

    return add


def matches(quoted, text):
    """Whether `quoted`, in which `...` stands for any text, is part of `text`."""
    pattern = '.*?'.join(re.escape(part) for part in quoted.split('...'))
    return re.search(pattern, ' '.join(text.split())) is not None


@pytest.mark.parametrize('function, messages', CASES)
def raised_and_fixed(function, messages):
    """Replaced below, when all cases are there."""


@contextlib.contextmanager
def expect(messages, error):
    """Check that the block raises `error`, or warns, with one of the messages."""
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        with pytest.raises(error) as raised:
            yield
    text = str(raised.value)
    assert any(matches(message, text) for message in messages), text
