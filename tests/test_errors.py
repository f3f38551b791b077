"""notes/errors_and_fixes.md quotes errors as torch words them, and its fixes work.

Each case below raises an error of the page and then runs the page's fix. To add an
error, write its entry on the page and a case here. An error that can't be raised in a
test goes into NOT_RAISED, with the reason.
"""

import ast
import contextlib
import io
import pickle
import re
import subprocess
import sys
import tempfile
import textwrap
import warnings
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from course import ROOT
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, TensorDataset, random_split
from torchvision import datasets, transforms
from torchvision.transforms import v2

PAGE = (ROOT / 'notes/errors_and_fixes.md').read_text(encoding='utf-8')
PROSE = re.sub(r'(?ms)^```.*?^```', '', PAGE)

NOT_RAISED = {
    "No module named 'torch'": 'needs an environment without torch',
    'operator torchvision::nms does not exist': "needs versions that don't fit",
    'No matching distribution found for torch': 'needs pip and an old Python',
    'Numpy is not available': 'needs an environment without NumPy',
    'OMP: Error #15': 'needs two copies of a library',
    'DLL load failed': 'Windows',
    '[WinError 126]': 'Windows',
    'CERTIFICATE_VERIFY_FAILED': 'network; test_data.py has it',
    'cannot be downloaded': 'network; test_data.py has it',
    'has no train/ and test/ folders': 'a message of the course; helper.py has it',
    'has no column': 'a message of the course; test_tables.py has it',
    'is not text in UTF-8': 'a message of the course; test_tables.py has it',
    'use_libuv was requested': 'Windows',
    'no kernel image is available for execution on the device': 'needs a GPU that '
    "torch wasn't built for",
}
IN_THE_COURSE = (
    'cannot be downloaded',
    'has no train/ and test/ folders',
    'has no column',
    'is not text in UTF-8',
)

NEEDS = {
    'GPU': torch.cuda.is_available(),
    'no GPU': not torch.cuda.is_available(),
    'MPS': torch.backends.mps.is_available(),
    'a torch without CUDA': not torch.backends.cuda.is_built(),
    'a torch with CUDA, but no GPU': torch.backends.cuda.is_built()
    and not torch.cuda.is_available(),
}

TO_TENSOR = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])

images = torch.rand(4, 1, 28, 28)
labels = torch.tensor([3, 0, 9, 1])
criterion = nn.CrossEntropyLoss()
cases = []


def case(*quoted, needs=None):
    """Add a function to the cases.

    quoted: the error as the page quotes it, with `...` for any text. It's more than one
        text if torch's versions word the error differently.
    needs: a key of NEEDS, if the case can't run everywhere.
    """

    def add(function):
        name = function.__name__
        marks = []
        if needs:
            marks.append(pytest.mark.skipif(not NEEDS[needs], reason=f'needs {needs}'))
        cases.append(pytest.param(function, quoted, id=name, marks=marks))
        return function

    return add


def is_in(quoted, text):
    """Whether a quoted error, with `...` for any text, is in a message."""
    pattern = '.*?'.join(re.escape(part) for part in quoted.split('...'))
    return re.search(pattern, ' '.join(text.split())) is not None


def new_model():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def run_script(code):
    """Run a script in a folder `codes` that has a helper.py above it.

    Raises a RuntimeError with what the script wrote to stderr, if it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, 'helper.py').touch()
        script = Path(folder, 'codes', 'script.py')
        script.parent.mkdir()
        script.write_text(textwrap.dedent(code))
        result = subprocess.run(
            [sys.executable, script], capture_output=True, text=True, timeout=300
        )
    if result.returncode != 0:
        raise RuntimeError(result.stderr)
    return result.stdout


# Installing and starting


@case("No module named 'helper'")
def helper_not_found(fails):
    with fails(RuntimeError):
        run_script('import helper')
    run_script("""
        import sys
        sys.path.insert(0, sys.path[0] + '/..')
        import helper
    """)


# Shapes


@case('mat1 and mat2 shapes cannot be multiplied')
def images_not_flattened(fails):
    layer = nn.Linear(784, 10)
    with fails(RuntimeError):
        layer(images)
    assert layer(images.flatten(1)).shape == (4, 10)


@case('mat1 and mat2 shapes cannot be multiplied')
def wrong_in_features(fails):
    maps = nn.Conv2d(1, 8, kernel_size=3)(images)
    with fails(RuntimeError):
        nn.Linear(784, 10)(maps.flatten(1))
    assert nn.Linear(maps[0].numel(), 10)(maps.flatten(1)).shape == (4, 10)


@case('mat1 and mat2 shapes cannot be multiplied')
def single_image(fails):
    conv = nn.Conv2d(1, 8, kernel_size=3)
    network = nn.Sequential(conv, nn.Flatten(), nn.Linear(8 * 26 * 26, 10))
    with fails(RuntimeError):
        network(images[0])
    assert network(images[0].unsqueeze(0)).shape == (1, 10)


@case('The size of tensor a ... must match the size of tensor b')
def sizes_not_broadcast(fails):
    flat = images.flatten(1)
    with fails(RuntimeError):
        flat - flat.mean(dim=1)
    assert (flat - flat.mean(dim=1, keepdim=True)).shape == (4, 784)


@case('Given groups=1, ... to have 3 channels, but got 1 channels instead')
def gray_into_color(fails):
    conv = nn.Conv2d(3, 8, kernel_size=3)
    with fails(RuntimeError):
        conv(images)
    gray = transforms.ToPILImage()(images[0])
    color = transforms.ToTensor()(transforms.Grayscale(3)(gray))
    assert conv(color.unsqueeze(0)).shape == (1, 8, 26, 26)
    assert nn.Conv2d(1, 8, kernel_size=3)(images).shape == (4, 8, 26, 26)


@case('to have 1 channels, but got 3 channels instead')
def color_into_gray(fails):
    conv = nn.Conv2d(1, 8, kernel_size=3)
    photos = torch.rand(4, 3, 28, 28)
    with fails(RuntimeError):
        conv(photos)
    assert conv(v2.Grayscale()(photos)).shape == (4, 8, 26, 26)
    assert nn.Conv2d(3, 8, kernel_size=3)(photos).shape == (4, 8, 26, 26)


@case('but got 28 channels')
def channels_last(fails):
    conv = nn.Conv2d(3, 8, kernel_size=3)
    photos = torch.rand(4, 28, 28, 3)
    with fails(RuntimeError):
        conv(photos)
    assert conv(photos.permute(0, 3, 1, 2)).shape == (4, 8, 26, 26)


@case('but got 64 channels')
def channel_missing(fails):
    conv = nn.Conv2d(1, 8, kernel_size=3)
    gray = torch.rand(64, 28, 28)
    with fails(RuntimeError):
        conv(gray)
    assert conv(gray.unsqueeze(1)).shape == (64, 8, 26, 26)


@case('Expected 3D (unbatched) or 4D (batched) input to conv2d')
def dimensions_missing(fails):
    conv = nn.Conv2d(1, 8, kernel_size=3)
    image = torch.rand(28, 28)
    with fails(RuntimeError):
        conv(image)
    with fails(RuntimeError):
        conv(images.flatten(1))
    assert conv(image.unsqueeze(0).unsqueeze(0)).shape == (1, 8, 26, 26)


@case('expected 4D input (got 3D input)')
def batch_norm_without_a_batch(fails):
    maps = torch.rand(8, 26, 26)
    layer = nn.BatchNorm2d(8)
    with fails(ValueError):
        layer(maps)
    assert layer(maps.unsqueeze(0)).shape == (1, 8, 26, 26)


@case('conv2d() received an invalid combination of arguments')
def image_instead_of_a_tensor(fails):
    image = v2.ToPILImage()(images[0])
    conv = nn.Conv2d(1, 8, kernel_size=3)
    with fails(TypeError):
        conv(image)
    assert conv(TO_TENSOR(image).unsqueeze(0)).shape == (1, 8, 26, 26)


@case("Kernel size can't be greater than actual input size")
def image_smaller_than_kernel(fails):
    small = torch.rand(4, 1, 3, 3)
    with fails(RuntimeError):
        nn.Conv2d(1, 8, kernel_size=5)(small)
    assert nn.Conv2d(1, 8, kernel_size=5, padding=2)(small).shape == (4, 8, 3, 3)


@case('Output size is too small')
def nothing_left_to_pool(fails):
    with fails(RuntimeError):
        nn.MaxPool2d(2)(torch.rand(4, 1, 1, 1))
    assert nn.MaxPool2d(2)(torch.rand(4, 1, 2, 2)).shape == (4, 1, 1, 1)


@case("view size is not compatible with input tensor's size and stride")
def view_of_a_transpose(fails):
    turned = torch.zeros(4, 3).T
    with fails(RuntimeError):
        turned.view(12)
    assert turned.reshape(12).shape == (12,)


@case('shape ... is invalid for input of size')
def view_with_wrong_size(fails):
    with fails(RuntimeError):
        images.view(64, 784)
    assert images.view(images.shape[0], -1).shape == (4, 784)


@case('too many indices for tensor of dimension ...')
def more_indices_than_dimensions(fails):
    flat = images.flatten(1)
    with fails(IndexError):
        flat[0, 0, 0]
    assert flat[0, 0].shape == ()
    assert images[0].shape == (1, 28, 28)
    assert images[0:1].shape == (1, 1, 28, 28)


@case('Dimension out of range')
def dimension_counted_from_1(fails):
    flat = images.flatten(1)
    with fails(IndexError):
        flat.mean(dim=2)
    assert flat.mean(dim=1).shape == (4,)


@case(
    'number of dimensions in the tensor input does not match the length of the desired '
    'ordering'
)
def permute_without_the_batch(fails):
    batch = torch.rand(4, 28, 20, 3)
    with fails(RuntimeError):
        batch.permute(2, 0, 1)
    assert batch[0].permute(2, 0, 1).shape == (3, 28, 20)
    assert batch.permute(0, 3, 1, 2).shape == (4, 3, 28, 20)


@case('The shape of the mask ... does not match the shape of the indexed tensor')
def mask_of_columns_for_rows(fails):
    table = torch.tensor([[1.0, 5.0, 2.0], [4.0, 6.0, 3.0]])
    large = table.mean(dim=0) > 3
    with fails(IndexError):
        table[large]
    assert table[:, large].tolist() == [[5.0], [6.0]]
    assert table[table.mean(dim=1) > 3].tolist() == [[4.0, 6.0, 3.0]]


@case('stack expects each tensor to be equal size')
def samples_differ_in_size(fails):
    samples = [(torch.rand(5, 3), 0), (torch.rand(8, 3), 1)]
    with fails(RuntimeError):
        next(iter(DataLoader(samples, batch_size=2)))

    def collate(batch):
        series = pad_sequence([x for x, label in batch], batch_first=True)
        return series, torch.tensor([label for x, label in batch])

    loader = DataLoader(samples, batch_size=2, collate_fn=collate)
    assert next(iter(loader))[0].shape == (2, 8, 3)


@case('stack expects each tensor to be equal size')
def photos_differ_in_size(fails):
    photos = [torch.rand(3, 300, 400), torch.rand(3, 400, 300)]
    resize = transforms.Resize(256)
    crop = transforms.CenterCrop(224)
    with fails(RuntimeError):
        next(iter(DataLoader([resize(photo) for photo in photos], batch_size=2)))
    cropped = [crop(resize(photo)) for photo in photos]
    assert next(iter(DataLoader(cropped, batch_size=2))).shape == (2, 3, 224, 224)


@case('Sizes of tensors must match except in dimension')
def cat_along_the_wrong_dimension(fails):
    numbers, more_columns = torch.rand(4, 3), torch.rand(4, 2)
    with fails(RuntimeError):
        torch.cat([numbers, more_columns])
    assert torch.cat([numbers, more_columns], dim=1).shape == (4, 5)


@case('Tensors must have same number of dimensions')
def cat_of_a_table_and_a_row(fails):
    numbers, row = torch.rand(4, 3), torch.rand(3)
    with fails(RuntimeError):
        torch.cat([numbers, row])
    assert torch.cat([numbers, row.unsqueeze(0)]).shape == (5, 3)


@case('0D or 1D target tensor expected, multi-target not supported')
def labels_are_a_column(fails):
    logits = new_model()(images)
    column = labels.unsqueeze(1)
    with fails(RuntimeError):
        criterion(logits, column)
    with fails(RuntimeError):
        nn.NLLLoss()(F.log_softmax(logits, dim=1), F.one_hot(labels, 10))
    expected = criterion(logits, labels)
    assert criterion(logits, column.squeeze(1)) == expected
    assert criterion(logits, F.one_hot(labels, 10).argmax(dim=1)) == expected


@case('only batches of spatial targets supported (3D tensors)')
def masks_with_channel(fails):
    outputs = torch.randn(4, 5, 28, 28)
    masks = torch.randint(5, (4, 1, 28, 28))
    with fails(RuntimeError):
        criterion(outputs, masks)
    assert criterion(outputs, masks.squeeze(1)) > 0


@case('Expected target size')
def classes_in_the_last_dimension(fails):
    scores = torch.randn(4, 16, 50)
    tokens = torch.randint(50, (4, 16))
    with fails(RuntimeError):
        criterion(scores, tokens)
    loss = criterion(scores.permute(0, 2, 1), tokens)
    assert torch.allclose(loss, criterion(scores.flatten(0, 1), tokens.flatten()))


@case('input.size(-1) must be equal to input_size')
def vectors_of_another_length(fails):
    vectors = nn.Embedding(50, 32)(torch.randint(50, (4, 16)))
    with fails(RuntimeError):
        nn.GRU(8, 16, batch_first=True)(vectors)
    outputs, _ = nn.GRU(32, 16, batch_first=True)(vectors)
    assert outputs.shape == (4, 16, 16)


@case('Expected input batch_size (...) to match target batch_size')
def view_mixes_images(fails):
    colored = torch.rand(4, 3, 28, 28)
    with fails(ValueError):
        criterion(nn.Linear(784, 10)(colored.view(-1, 784)), labels)
    assert criterion(nn.Linear(3 * 784, 10)(colored.flatten(1)), labels) > 0


@case('Target size (...) must be the same as input size')
def bce_with_logits_shapes(fails):
    output = torch.randn(4, 1)
    target = torch.tensor([1.0, 0.0, 0.0, 1.0])
    with fails(ValueError):
        nn.BCEWithLogitsLoss()(output, target)
    assert nn.BCEWithLogitsLoss()(output, target.unsqueeze(1)) > 0


@case('Using a target size (...) that is different to the input size')
def bce_shapes(fails):
    output = torch.rand(4, 1)
    target = torch.tensor([1.0, 0.0, 0.0, 1.0])
    with fails(ValueError):
        nn.BCELoss()(output, target)
    assert nn.BCELoss()(output, target.unsqueeze(1)) > 0


@case('Using a target size (...) that is different to the input size')
def mse_shapes(fails):
    target = torch.tensor([1.0, 2.0, 3.0, 4.0])
    output = target.unsqueeze(1)
    with fails(UserWarning):
        nn.MSELoss()(output, target)
    assert nn.MSELoss()(output, target.unsqueeze(1)) == 0


@case('Expected more than 1 value per channel when training')
def batch_norm_of_one(fails):
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.BatchNorm1d(32))
    with fails(ValueError):
        network(images[:1])
    assert network.eval()(images[:1]).shape == (1, 32)
    batches = DataLoader(range(65), batch_size=64, drop_last=True)
    assert [len(batch) for batch in batches] == [64]
    assert nn.GroupNorm(4, 32)(torch.rand(1, 32)).shape == (1, 32)


def two_texts():
    """Texts of five places with 16 features, and where they are padded."""
    padding = torch.zeros(2, 5, dtype=torch.bool)
    padding[1, 3:] = True
    return torch.randn(2, 5, 16), padding


@case('Expected key_padded_mask.shape[0] to be ..., but got ...')
def padding_mask_of_other_texts(fails):
    texts, padding = two_texts()
    right = nn.MultiheadAttention(16, 4, batch_first=True)
    for layer, mask in ((nn.MultiheadAttention(16, 4), padding), (right, padding.T)):
        with fails(AssertionError):
            layer(texts, texts, texts, mask)
    output, _ = right(texts, texts, texts, padding)
    alone, _ = right(*[texts[1:, :3]] * 3)
    assert torch.allclose(output[1, :3], alone[0], atol=1e-5)


@case('embed_dim must be divisible by num_heads')
def heads_of_unequal_size(fails):
    with fails(AssertionError):
        nn.MultiheadAttention(16, 3)
    for heads in (1, 2, 4, 8, 16):
        nn.MultiheadAttention(16, heads)


@case('Explicit attn_mask should not be set when is_causal=True')
def two_masks_at_once(fails):
    texts, padding = two_texts()
    x = texts.view(2, 1, 5, 16)
    real = ~padding.view(2, 1, 1, 5)
    with fails(RuntimeError):
        F.scaled_dot_product_attention(x, x, x, real, 0.1, is_causal=True)
    causal = torch.ones(5, 5, dtype=torch.bool).tril()
    mixed = F.scaled_dot_product_attention(x, x, x, real & causal)
    alone = F.scaled_dot_product_attention(*[x[1:, :, :3]] * 3, is_causal=True)
    assert torch.allclose(mixed[1:, :, :3], alone, atol=1e-5)


@case('Boolean value of Tensor with more than one value is ambiguous')
def loss_without_parentheses(fails):
    logits = new_model()(images)
    with fails(RuntimeError):
        nn.CrossEntropyLoss(logits, labels)
    assert nn.CrossEntropyLoss()(logits, labels) > 0


@case('Boolean value of Tensor with more than one value is ambiguous')
def tensor_after_if(fails):
    with fails(RuntimeError):
        if labels == labels:
            pass
    assert (labels == labels).all()
    assert (labels == 9).any()


@case('a Tensor with ... elements cannot be converted to Scalar')
def item_of_many(fails):
    with fails(RuntimeError):
        labels.item()
    assert labels.tolist() == [3, 0, 9, 1]
    assert labels.sum().item() == 13


# Dtypes and labels


@case('mat1 and mat2 must have the same dtype')
def float64_into_linear(fails):
    x = torch.from_numpy(np.random.rand(4, 784))
    with fails(RuntimeError, 'Double'):
        nn.Linear(784, 10)(x)
    assert nn.Linear(784, 10)(x.float()).shape == (4, 10)


@case('Input type ... and bias type ... should be the same')
def float64_into_convolution(fails):
    with fails(RuntimeError, '(double)'):
        nn.Conv2d(1, 8, 3)(images.double())
    assert nn.Conv2d(1, 8, 3)(images.double().float()).shape == (4, 8, 26, 26)


@case('Input type ... and bias type ... should be the same')
def pixels_into_convolution(fails):
    pixels = torch.randint(256, (4, 1, 28, 28), dtype=torch.uint8)
    with fails(RuntimeError, '(unsigned char)'):
        nn.Conv2d(1, 8, 3)(pixels)
    assert nn.Conv2d(1, 8, 3)(pixels / 255).shape == (4, 8, 26, 26)


@case('expected scalar type Double but found Float')
def float64_without_bias(fails):
    conv = nn.Conv2d(1, 8, 3, bias=False)
    with fails(RuntimeError):
        conv(images.double())
    assert conv(images.double().float()).shape == (4, 8, 26, 26)


@case('expected target dtype to be Long or Byte', 'expected scalar type Long')
def labels_are_floats(fails):
    logits = new_model()(images)
    with fails(RuntimeError):
        criterion(logits, labels.float())
    assert criterion(logits, labels.float().long()) == criterion(logits, labels)


@case('expected target dtype to be Long or Byte', 'expected scalar type Long')
def numbers_are_not_classes(fails):
    prices = torch.tensor([120.0, 70.0, 310.0, 240.0])
    with fails(RuntimeError):
        criterion(new_model()(images), prices)
    with pytest.raises(IndexError, match='Target 120 is out of bounds'):
        criterion(new_model()(images), prices.long())
    output = nn.Linear(784, 1)(images.flatten(1))
    assert nn.MSELoss()(output, prices.unsqueeze(1)) > 0


@case("result type Float can't be cast to the desired output type Long")
def bce_with_logits_of_integers(fails):
    output = torch.randn(4, 1)
    yes = torch.tensor([[1], [0], [0], [1]])
    with fails(RuntimeError):
        nn.BCEWithLogitsLoss()(output, yes)
    assert nn.BCEWithLogitsLoss()(output, yes.float()) > 0


@case('Found dtype Long but expected Float')
def bce_of_integers(fails):
    ps = torch.rand(4, 1)
    yes = torch.tensor([[1], [0], [0], [1]])
    with fails(RuntimeError):
        nn.BCELoss()(ps, yes)
    assert nn.BCELoss()(ps, yes.float()) > 0


@case('Target ... is out of bounds')
def label_too_large(fails):
    logits = torch.randn(4, 3)
    with fails(IndexError, 'Target 3 '):
        criterion(logits, torch.tensor([1, 2, 3, 1]))
    assert criterion(logits, torch.tensor([1, 2, 3, 1]) - 1) > 0
    gaps = torch.tensor([20, 3, 7, 3])
    assert gaps.unique(return_inverse=True)[1].tolist() == [2, 0, 1, 0]


@case('Target ... is out of bounds')
def label_negative(fails):
    with fails(IndexError, 'Target -1 '):
        criterion(torch.randn(4, 3), torch.tensor([1, 2, -1, 1]))


@case('index out of range in self')
def index_too_large(fails):
    words = torch.tensor([0, 4, 10])
    with fails(IndexError):
        nn.Embedding(10, 8)(words)
    assert nn.Embedding(words.max().item() + 1, 8)(words).shape == (3, 8)


@case(
    "Expected tensor for argument #1 'indices' to have one of the following scalar "
    'types: Long, Int'
)
def tokens_as_floats(fails):
    words = torch.tensor([0.0, 4.0, 7.0])
    with fails(RuntimeError):
        nn.Embedding(10, 8)(words)
    assert nn.Embedding(10, 8)(words.long()).shape == (3, 8)


@case('Expected floating point type for target with class probabilities, got Long')
def one_hot_integers(fails):
    logits = new_model()(images)
    one_hot = F.one_hot(labels, 10)
    with fails(RuntimeError):
        criterion(logits, one_hot)
    expected = criterion(logits, labels)
    assert criterion(logits, one_hot.argmax(dim=1)) == expected
    assert torch.isclose(criterion(logits, one_hot.float()), expected)


@case('all elements of input should be between 0 and 1')
def bce_of_logits(fails):
    output = torch.tensor([[2.0], [-1.0]])
    target = torch.tensor([[1.0], [0.0]])
    with fails(RuntimeError):
        nn.BCELoss()(output, target)
    with fails(RuntimeError):
        nn.BCELoss()(output.sigmoid() * torch.nan, target)
    assert nn.BCEWithLogitsLoss()(output, target) > 0


@case('mean(): could not infer output dtype')
def mean_of_booleans(fails):
    right = labels == labels
    with fails(RuntimeError):
        right.mean()
    with fails(RuntimeError):
        labels.mean()
    assert right.float().mean() == 1


@case('"bincount_cpu" not implemented for \'Float\'')
def bincount_of_floats(fails):
    classes = torch.tensor([1.0, 0.0, 1.0])
    with fails(RuntimeError):
        classes.bincount()
    assert classes.long().bincount().tolist() == [1, 2]


@case('"bitwise_and_cpu" not implemented for \'Float\'')
def predictions_and_floats(fails):
    labels = torch.tensor([1.0, 0.0, 1.0])
    predicted = torch.tensor([True, True, False])
    with fails(RuntimeError):
        predicted & labels
    assert (predicted & (labels == 1)).tolist() == [True, False, False]


@case('could not convert string to float')
def decimal_comma(fails):
    with fails(ValueError):
        float('3,5')
    assert float('3,5'.replace(',', '.')) == 3.5


@case("too many dimensions 'str'")
def tensor_of_cells(fails):
    with fails(ValueError):
        torch.tensor(['3.5', '4.5'])
    assert torch.tensor([float(cell) for cell in ['3.5', '4.5']]).sum() == 8


@case('probability tensor contains either ... element < 0')
def scores_to_draw_from(fails):
    scores = torch.tensor([2.0, -1.0])
    with fails(RuntimeError):
        torch.multinomial(scores, 1)
    assert torch.multinomial(scores.softmax(dim=0), 1) in (0, 1)


@case('too many values to unpack')
def three_things_in_a_batch(fails):
    dataset = TensorDataset(images, labels, torch.arange(4))
    with fails(ValueError):
        for _, _ in DataLoader(dataset, batch_size=2):
            pass
    _, _, numbers = next(iter(DataLoader(dataset, batch_size=2)))
    assert numbers.tolist() == [0, 1]


@case('Length of all samples has to be greater than 0')
def a_text_without_a_token(fails):
    texts = torch.rand(2, 3, 8)
    with fails(RuntimeError):
        pack_padded_sequence(texts, torch.tensor([3, 0]), True)
    assert pack_padded_sequence(texts, torch.tensor([3, 1]), True).data.shape == (4, 8)


@case("can't convert np.ndarray of type numpy.str_")
def tensor_of_strings(fails):
    names = np.array(['cat', 'dog', 'cat'])
    with fails(TypeError):
        torch.from_numpy(names)
    with fails(TypeError):
        torch.tensor(names)
    numbers = np.unique(names, return_inverse=True)[1]
    assert torch.from_numpy(numbers).tolist() == [0, 1, 0]


@case("can't convert np.ndarray of type numpy.object_")
def tensor_of_objects(fails):
    table = np.array([['cat', 1.5], ['dog', 2.5]], dtype=object)
    with fails(TypeError):
        torch.from_numpy(table)
    numbers = torch.from_numpy(table[:, 1].astype('float32'))
    assert numbers.tolist() == [1.5, 2.5]
    empty = np.array([1.5, None], dtype=object)
    assert torch.from_numpy(empty.astype('float32')).isnan().tolist() == [False, True]


@case("argument 'input' (position 1) must be Tensor, not numpy.ndarray")
def model_of_array(fails):
    array = np.random.rand(4, 784)
    with fails(TypeError):
        nn.Linear(784, 10)(array)
    x = torch.from_numpy(array).float()
    assert nn.Linear(784, 10)(x).shape == (4, 10)


@case('not list', 'not Image', 'not tuple', 'not NoneType')
def model_of_other_things(fails):
    layer = nn.Linear(3, 10)
    numbers = [[1.0, 2.0, 3.0]]
    picture = transforms.ToPILImage()(images[0])
    several = nn.GRU(3, 3)(torch.tensor(numbers))
    for wrong in (numbers, picture, several, None):
        with fails(TypeError, "argument 'input' (position 1) must be Tensor"):
            layer(wrong)
    assert layer(torch.tensor(numbers)).shape == (1, 10)


@case('only one element tensors can be converted to Python scalars')
def tensor_of_tensors(fails):
    rows = [torch.rand(3), torch.rand(3)]
    with fails(ValueError):
        torch.tensor(rows)
    assert torch.stack(rows).shape == (2, 3)


@case('expected sequence of length ... at dim')
def tensor_of_rows_of_different_lengths(fails):
    lines = [[5, 3, 2], [6, 2]]
    with fails(ValueError):
        torch.tensor(lines)
    padded = pad_sequence([torch.tensor(line) for line in lines], batch_first=True)
    assert padded.tolist() == [[5, 3, 2], [6, 2, 0]]


@case('Implicit dimension choice for softmax has been deprecated')
def softmax_without_dim(fails):
    with fails(UserWarning):
        F.softmax(torch.randn(4, 10))
    sums = F.softmax(torch.randn(4, 10), dim=1).sum(dim=1)
    assert torch.allclose(sums, torch.ones(4))


# GPUs, CUDA, and memory


@case('Torch not compiled with CUDA enabled', needs='a torch without CUDA')
def no_cuda_in_torch(fails):
    with fails(AssertionError):
        images.to('cuda')
    assert torch.version.cuda is None


@case(
    'Found no NVIDIA driver on your system',
    needs='a torch with CUDA, but no GPU',
)
def no_gpu(fails):
    with fails(RuntimeError):
        images.to('cuda')
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    assert new_model().to(device)(images.to(device)).shape == (4, 10)


@case('Expected all tensors to be on the same device', needs='GPU')
def batch_on_cpu(fails):
    network = nn.Linear(784, 10).to('cuda')
    x = torch.rand(4, 784)
    x.to('cuda')  # without an assignment, x stays where it is
    with fails(RuntimeError):
        network(x)
    assert network(x.to('cuda')).shape == (4, 10)


@case('Input type ... and weight type ... should be the same', needs='GPU')
def batch_of_convolution_on_cpu(fails):
    network = nn.Conv2d(1, 8, 3).to('cuda')
    with fails(RuntimeError, 'torch.cuda.FloatTensor'):
        network(images)
    assert network(images.to('cuda')).shape == (4, 8, 26, 26)


@case('CUDA error: device-side assert triggered', needs='GPU')
def label_out_of_bounds_on_gpu(fails):
    # After this error, nothing on the GPU works in the same process.
    code = """
        import torch
        logits = torch.zeros(4, 10, device='cuda')
        labels = torch.tensor([1, 2, 10, 3], device='cuda')
        loss = torch.nn.functional.cross_entropy(logits, labels)
        print(loss.item())
    """
    with fails(RuntimeError):
        run_script(code)
    with pytest.raises(RuntimeError, match='Target 10 is out of bounds'):
        run_script(code.replace('cuda', 'cpu'))
    run_script(code.replace('10, 3]', '9, 3]'))


@case('CUDA out of memory', needs='GPU')
def out_of_gpu_memory(fails):
    with fails(torch.OutOfMemoryError):
        torch.empty(2**45, device='cuda')
    before = torch.cuda.memory_allocated()
    x = torch.empty(2**20, device='cuda')
    assert torch.cuda.memory_allocated() >= before + 2**22
    del x
    assert torch.cuda.memory_allocated() == before


@case("can't convert ... device type tensor to numpy", needs='GPU')
def gpu_tensor_to_numpy(fails):
    output = nn.Linear(784, 10).to('cuda')(images.flatten(1).to('cuda'))
    with fails(TypeError):
        output.detach().numpy()
    assert output.detach().cpu().numpy().shape == (4, 10)


@case("can't convert ... device type tensor to numpy")
def meta_tensor_to_numpy(fails):
    """The same error without a GPU: a meta tensor has a shape, but no values."""
    with fails(TypeError):
        torch.empty(3, device='meta').numpy()


@case('Cannot convert a MPS Tensor to float64 dtype', needs='MPS')
def float64_to_mps(fails):
    with fails(TypeError):
        images.double().to('mps')
    assert images.double().float().to('mps').dtype == torch.float32


# Gradients


@case('element 0 of tensors does not require grad and does not have a grad_fn')
def graph_was_cut(fails):
    model = new_model()
    logits = model(images)
    with torch.no_grad():
        loss_without_graph = criterion(model(images), labels)
    for loss in (
        (logits.argmax(dim=1).float() - labels).square().mean(),
        criterion(logits.detach(), labels),
        torch.tensor(criterion(logits, labels).item()),
        loss_without_graph,
    ):
        with fails(RuntimeError):
            loss.backward()
    criterion(model(images), labels).backward()
    assert model[1].weight.grad.norm() > 0


@case('element 0 of tensors does not require grad and does not have a grad_fn')
def all_frozen(fails):
    model = new_model().requires_grad_(False)
    loss = criterion(model(images), labels)
    with fails(RuntimeError):
        loss.backward()
    loss.requires_grad = True  # silences the error, and nothing learns
    loss.backward()
    assert model[1].weight.grad is None


@case('Trying to backward through the graph a second time')
def backward_twice(fails):
    model = new_model()
    loss = criterion(model(images), labels)
    loss.backward()
    with fails(RuntimeError):
        loss.backward()
    criterion(model(images), labels).backward()


@case('modified by an inplace operation')
def overwritten_value(fails):
    w = torch.ones(3, requires_grad=True)
    y = (w * 3).sigmoid()
    y += 1
    with fails(RuntimeError):
        y.sum().backward()
    y = (w * 3).sigmoid()
    y = y + 1
    y.sum().backward()
    z = (w * 3).sigmoid()
    z.clone().add_(1).sum().backward()


@case('modified by an inplace operation')
def inplace_layer(fails):
    w = torch.ones(3, requires_grad=True)
    with fails(RuntimeError):
        nn.ReLU(inplace=True)((w * 3).sigmoid()).square_().sum().backward()
    nn.ReLU(inplace=False)((w * 3).sigmoid()).square().sum().backward()


@case('a leaf Variable that requires grad is being used in an in-place operation')
def weight_changed_in_place(fails):
    w = torch.ones(3, requires_grad=True)
    with fails(RuntimeError):
        w += 1
    with torch.no_grad():
        w += 1
    assert w.tolist() == [2, 2, 2]


@case('grad can be implicitly created only for scalar outputs')
def backward_of_many(fails):
    losses = nn.CrossEntropyLoss(reduction='none')(new_model()(images), labels)
    with fails(RuntimeError):
        losses.backward()
    losses.mean().backward()


@case("'NoneType' object has no attribute 'zero_'")
def no_gradient_yet(fails):
    w = torch.ones(3, requires_grad=True)
    with fails(AttributeError):
        w.grad.zero_()
    w.sum().backward()
    w.grad.zero_()
    scaled = torch.ones(3, requires_grad=True) * 2
    scaled.sum().backward()
    with pytest.warns(UserWarning, match='not a leaf'):
        assert scaled.grad is None
    scaled = (torch.ones(3) * 2).requires_grad_()
    scaled.sum().backward()
    assert scaled.grad.tolist() == [1, 1, 1]


@case("Can't call numpy() on Tensor that requires grad")
def numpy_of_output(fails):
    output = new_model()(images)
    with fails(RuntimeError):
        output.numpy()
    assert output.detach().cpu().numpy().shape == (4, 10)


@case('Only Tensors of floating point and complex dtype can require gradients')
def gradients_of_integers(fails):
    with fails(RuntimeError):
        torch.tensor([1, 2], requires_grad=True)
    assert torch.tensor([1, 2]).float().requires_grad_().requires_grad


@case('Detected call of ... before ...')
def scheduler_before_optimizer(fails):
    weights = [torch.ones(3, requires_grad=True)]
    optimizer = torch.optim.SGD(weights, lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1)
    with fails(UserWarning):
        scheduler.step()
    optimizer = torch.optim.SGD(weights, lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1)
    optimizer.step()
    scheduler.step()


@case('optimizer got an empty parameter list')
def layers_in_a_list(fails):
    class Deep(nn.Module):
        def __init__(self, layers):
            super().__init__()
            self.layers = layers

    layers = [nn.Linear(784, 10)]
    with fails(ValueError):
        torch.optim.Adam(Deep(layers).parameters())
    torch.optim.Adam(Deep(nn.ModuleList(layers)).parameters())


@case('optimizer got an empty parameter list')
def nothing_to_train(fails):
    model = new_model().requires_grad_(False)
    with fails(ValueError):
        torch.optim.Adam([p for p in model.parameters() if p.requires_grad])
    model[1] = nn.Linear(784, 10)
    torch.optim.Adam([p for p in model.parameters() if p.requires_grad])


@case('some parameters appear in more than one parameter group')
def backbone_and_whole_model(fails):
    backbone, head = nn.Linear(784, 64), nn.Linear(64, 10)
    slow = {'params': backbone.parameters(), 'lr': 1e-4}
    with fails(ValueError):
        torch.optim.AdamW(
            [slow, {'params': nn.Sequential(backbone, head).parameters()}]
        )
    slow = {'params': backbone.parameters(), 'lr': 1e-4}
    torch.optim.AdamW([slow, {'params': head.parameters()}])


# Data and loaders


@case("'int' object is not callable")
def arrays_in_a_tensor_dataset(fails):
    x, y = np.random.rand(10, 4), np.zeros(10)
    with fails(TypeError):
        TensorDataset(x, y)
    dataset = TensorDataset(torch.from_numpy(x).float(), torch.from_numpy(y).long())
    assert len(dataset) == 10


@case("'Subset' object has no attribute 'classes'")
def classes_of_a_part(fails):
    dataset = TensorDataset(images, labels)
    dataset.classes = ['cat', 'dog']
    part, _ = random_split(dataset, [3, 1])
    with fails(AttributeError):
        part.classes  # noqa: B018
    assert part.dataset.classes == ['cat', 'dog']


@case('Size mismatch between tensors')
def other_number_of_targets(fails):
    x, y = torch.rand(4, 10), torch.zeros(10)
    with fails(AssertionError):
        TensorDataset(x, y)
    assert len(TensorDataset(x.T, y)) == 10


@case('Sum of input lengths does not equal the length of the input dataset!')
def parts_of_another_length(fails):
    dataset = TensorDataset(torch.rand(11, 3))
    with fails(ValueError):
        random_split(dataset, [8, 2])
    assert [len(part) for part in random_split(dataset, [8, 3])] == [8, 3]
    assert sum(len(part) for part in random_split(dataset, [0.8, 0.2])) == 11


@case('num_samples should be a positive integer value, but got num_samples=0')
def empty_dataset(fails):
    with fails(ValueError):
        DataLoader([], shuffle=True)


@case("Couldn't find any class folder")
def no_class_folders(fails):
    with tempfile.TemporaryDirectory() as folder, fails(FileNotFoundError):
        datasets.ImageFolder(folder)


@case('Found no valid file for the classes')
def no_images_in_a_class(fails):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, 'cat').mkdir()
        with fails(FileNotFoundError):
            datasets.ImageFolder(folder)


@case("'DataLoader' object is not subscriptable")
def index_into_a_loader(fails):
    loader = DataLoader(TensorDataset(images, labels), batch_size=2)
    with fails(TypeError):
        loader[0]
    assert len(next(iter(loader))[0]) == 2


@case("'_SingleProcessDataLoaderIter' object has no attribute 'next'")
def next_as_a_method(fails):
    iterator = iter(DataLoader(TensorDataset(images, labels), batch_size=2))
    with fails(AttributeError):
        iterator.next()
    assert len(next(iterator)[0]) == 2


@case('batch must contain tensors, numpy arrays, numbers, dicts or lists')
def no_transform(fails):
    photos = [transforms.ToPILImage()(image) for image in images]
    with fails(TypeError, "found <class 'PIL.Image.Image'>"):
        next(iter(DataLoader(photos, batch_size=2)))
    tensors = [TO_TENSOR(photo) for photo in photos]
    assert next(iter(DataLoader(tensors, batch_size=2))).shape == (2, 1, 28, 28)


@case("pic should be PIL Image or ndarray. Got <class 'torch.Tensor'>")
def to_tensor_of_a_tensor(fails):
    with fails(TypeError):
        transforms.ToTensor()(images[0])
    assert v2.ToImage()(images[0]).shape == (1, 28, 28)


@case('Normalize() does not support PIL images')
def normalize_before_to_image(fails):
    normalize = v2.Normalize([0.5], [0.5])
    picture = v2.ToPILImage()(images[0])
    with fails(TypeError):
        v2.Compose([normalize, TO_TENSOR])(picture)
    assert v2.Compose([TO_TENSOR, normalize])(picture).shape == (1, 28, 28)


@case('Input tensor should be a float tensor')
def normalize_before_to_dtype(fails):
    picture = v2.ToPILImage()(images[0])
    with fails(TypeError):
        v2.Compose([v2.ToImage(), v2.Normalize([0.5], [0.5])])(picture)


@case('img should be Tensor Image')
def normalize_before_to_tensor(fails):
    to_tensor, normalize = transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))
    picture = transforms.ToPILImage()(images[0])
    with fails(TypeError):
        transforms.Compose([normalize, to_tensor])(picture)
    assert transforms.Compose([to_tensor, normalize])(picture).shape == (1, 28, 28)


@case("output with shape ... doesn't match the broadcast shape")
def three_means_for_one_channel(fails):
    with fails(RuntimeError):
        transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))(images[0])
    assert transforms.Normalize((0.5,), (0.5,))(images[0]).shape == (1, 28, 28)
    broadcast = v2.Normalize([0.5] * 3, [0.5] * 3)(images[0])
    assert broadcast.shape == (3, 28, 28), 'The page says that v2 raises no error.'


@case("output with shape ... doesn't match the broadcast shape")
def broadcast_in_place(fails):
    small = torch.zeros(3)
    with fails(RuntimeError):
        small += torch.zeros(2, 3)


@case('Invalid shape ... for image data')
def channels_first_in_matplotlib(fails):
    photo = torch.rand(3, 28, 28)
    try:
        for wrong in (photo, images[0]):
            with fails(TypeError):
                plt.imshow(wrong.numpy())
        plt.imshow(photo.permute(1, 2, 0).numpy())
        plt.imshow(images[0].squeeze(0).numpy(), cmap='gray')
    finally:
        plt.close('all')


UNGUARDED = """
    from torch.utils.data import DataLoader
    loader = DataLoader(range(4), num_workers=1, multiprocessing_context='spawn')
    print(len(list(loader)))
"""


@case('An attempt has been made to start a new process')
def workers_outside_of_main(fails):
    """On Windows and macOS, workers are started by 'spawn' without asking for it."""
    with fails(RuntimeError, 'exited unexpectedly'):
        run_script(UNGUARDED)
    *imports, make, use = textwrap.dedent(UNGUARDED).strip().splitlines()
    guarded = [*imports, 'def main():', f'    {make}', f'    {use}']
    guarded += ["if __name__ == '__main__':", '    main()']
    assert run_script('\n'.join(guarded)) == '4\n'


@case('DataLoader worker ... exited unexpectedly')
def worker_dies(fails):
    dies = 'import os\nfrom torch.utils.data import DataLoader\n'
    dies += 'class Dies:\n    def __len__(self): return 1\n'
    dies += '    def __getitem__(self, i): os._exit(1)\n'
    dies += 'if __name__ == "__main__":\n    list(DataLoader(Dies(), num_workers=1))'
    with fails(RuntimeError):
        run_script(dies)


# Models, saving, and loading


@case('cannot assign module before Module.__init__() call')
def no_super_init(fails):
    class Wrong(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(784, 10)

    class Right(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(784, 10)

    with fails(AttributeError):
        Wrong()
    Right()


@case('is missing the required "forward" function')
def no_forward(fails):
    class Empty(nn.Module):
        pass

    class Full(nn.Module):
        def forward(self, x):
            return x.flatten(1)

    with fails(NotImplementedError):
        Empty()(images)
    assert Full()(images).shape == (4, 784)


@case('list is not a Module subclass')
def sequential_of_a_list(fails):
    layers = [nn.Flatten(), nn.Linear(784, 10)]
    with fails(TypeError):
        nn.Sequential(layers)
    assert nn.Sequential(*layers)(images).shape == (4, 10)


def wrapped():
    """A state_dict as DistributedDataParallel saves it."""
    weights = new_model().state_dict()
    return {f'module.{name}': tensor for name, tensor in weights.items()}


@case("'tuple' object has no attribute")
def several_values_used_as_one(fails):
    gru = nn.GRU(28, 16, batch_first=True)
    with fails(AttributeError):
        gru(images.squeeze(1)).shape  # noqa: B018
    outputs, state = gru(images.squeeze(1))
    assert outputs.shape == (4, 28, 16)
    assert state.shape == (1, 4, 16)


@case('Missing key(s) in state_dict')
def keys_missing(fails):
    model, saved = new_model(), wrapped()
    with fails(RuntimeError):
        model.load_state_dict(saved)
    assert len(model.load_state_dict(saved, strict=False).missing_keys) == 2


@case('Unexpected key(s) in state_dict')
def keys_unexpected(fails):
    model, saved = new_model(), wrapped()
    with fails(RuntimeError):
        model.load_state_dict(saved)
    fixed = {name.removeprefix('module.'): tensor for name, tensor in saved.items()}
    result = model.load_state_dict(fixed)
    assert str(result) == '<All keys matched successfully>'


@case('Unexpected key(s) in state_dict')
def keys_of_a_compiled_model(fails):
    model = new_model()
    compiled = torch.compile(model)  # compiles nothing until it's called
    with fails(RuntimeError, '_orig_mod.'):
        model.load_state_dict(compiled.state_dict())


@case('size mismatch for')
def sizes_changed(fails):
    saved = nn.Sequential(nn.Flatten(), nn.Linear(784, 2)).state_dict()
    with fails(RuntimeError):
        new_model().load_state_dict(saved)
    nn.Sequential(nn.Flatten(), nn.Linear(784, 2)).load_state_dict(saved)


def save(thing):
    file = io.BytesIO()
    torch.save(thing, file)
    file.seek(0)
    return file


@case('Weights only load failed')
def whole_model_saved(fails):
    model = new_model()
    with fails(pickle.UnpicklingError):
        torch.load(save(model), weights_only=True)
    weights = torch.load(save(model.state_dict()), weights_only=True)
    assert list(weights) == ['1.weight', '1.bias']


@case('Weights only load failed')
def array_saved(fails):
    mean = np.array([0.5])
    with fails(pickle.UnpicklingError):
        torch.load(save({'mean': mean}), weights_only=True)
    checkpoint = save({'mean': torch.from_numpy(mean)})
    assert torch.load(checkpoint, weights_only=True)['mean'] == 0.5


def save_on_gpu(tensor):
    """What torch.save writes for a tensor on a GPU, without one."""
    written = io.BytesIO()
    with zipfile.ZipFile(save(tensor)) as old, zipfile.ZipFile(written, 'w') as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith('data.pkl'):
                data = data.replace(b'X\3\0\0\0cpu', b'X\6\0\0\0cuda:0')
            new.writestr(name, data)
    written.seek(0)
    return written


@case('Expected state_dict to be dict-like')
def model_instead_of_its_weights(fails):
    model, other = new_model(), new_model()
    with fails(TypeError):
        model.load_state_dict(other)
    model.load_state_dict(other.state_dict())


@case('Expected state_dict to be dict-like')
def best_weights_that_were_never_stored(fails):
    model, best = new_model(), None
    with fails(TypeError):
        model.load_state_dict(best)
    best = model.state_dict()
    model.load_state_dict(best)


@case('PytorchStreamReader failed reading zip archive')
def half_a_file(fails):
    half = io.BytesIO(save(new_model().state_dict()).read()[:2000])
    with fails(RuntimeError):
        torch.load(half, weights_only=True)


@case('invalid load key')
def web_page_instead_of_weights(fails):
    page = io.BytesIO(b'<html>')
    with fails(pickle.UnpicklingError):
        torch.load(page, weights_only=False)
    page.seek(0)
    with pytest.raises(pickle.UnpicklingError, match='Unsupported operand 60'):
        torch.load(page, weights_only=True)


@case('Attempting to deserialize object on a CUDA device', needs='no GPU')
def saved_on_gpu(fails):
    tensor = torch.arange(3)
    with fails(RuntimeError):
        torch.load(save_on_gpu(tensor), weights_only=True)
    loaded = torch.load(save_on_gpu(tensor), map_location='cpu', weights_only=True)
    assert torch.equal(loaded, tensor)


# The network doesn't learn


@case("Function 'SqrtBackward0' returned nan values in its 0th output")
def nan_from_a_root(fails):
    w = torch.zeros(3, requires_grad=True)
    with pytest.warns(UserWarning), torch.autograd.detect_anomaly():
        # The root's slope at 0 is infinite, and infinity times 0 is nan.
        with fails(RuntimeError, warn=False):
            (torch.sqrt(w) * 0).sum().backward()
    (torch.sqrt(w + 1e-8) * 0).sum().backward()
    assert not w.grad.isnan().any()


@pytest.mark.parametrize('function, quoted', cases)
def test_error_is_raised_and_its_fix_works(function, quoted):
    """The message has the text that the page quotes, and the page's fix runs."""
    for text in quoted:
        assert f'`{text}`' in PROSE
    raised = []

    @contextlib.contextmanager
    def fails(error, also='', warn=True):
        """Check that the block raises this error, or warns, as the page says."""
        with warnings.catch_warnings():
            if warn:
                warnings.simplefilter('error')
            with pytest.raises(error) as info:
                yield
        message = str(info.value)
        assert any(is_in(text, message) for text in quoted), message
        assert also in message
        raised.append(message)

    function(fails)
    assert raised


def test_every_error_of_the_page_has_a_case():
    headings = re.findall(r'(?m)^### (.*)', PROSE)
    first_cells = re.findall(r'(?m)^\| (.*?) \|', PROSE)
    on_page = re.findall('`(.*?)`', '\n'.join(headings + first_cells))
    assert len(on_page) == len(set(on_page)) > 60
    raised = {text for parameters in cases for text in parameters.values[1]}
    assert set(on_page) - raised == set(NOT_RAISED)
    helper = (ROOT / 'helper.py').read_text(encoding='utf-8')
    for text in IN_THE_COURSE:
        assert text in helper


def test_each_entry_needs_only_the_first_snippet(monkeypatch):
    """Readers start at the entry of their error, so it can't need what's above it."""
    monkeypatch.chdir(ROOT)
    first, *others = re.findall(r'(?ms)^```python\n(.*?)^```', PAGE)
    assert len(others) > 50
    for code in others:
        names = {'__name__': 'page'}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(first, names)
            run_statements(code, names)
    plt.close('all')


def run_statements(code, names):
    """Run a snippet; a statement with `# SomeError: ...` after it has to raise it."""
    lines = code.splitlines()
    for statement in ast.parse(code).body:
        last_line = lines[statement.end_lineno - 1]
        expected = re.search(r'  # (\w+Error): ', last_line)
        program = compile(ast.Module([statement], []), 'errors_and_fixes.md', 'exec')
        if expected is None:
            exec(program, names)
            continue
        with pytest.raises(Exception) as info:
            exec(program, names)
        kinds = {kind.__name__ for kind in info.type.__mro__}  # newer torch has others
        assert expected[1] in kinds, last_line
