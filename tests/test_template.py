"""Lesson 17_2, the file to copy: it runs alone, and whatever is changed in it, what it
reports is what an independent count gives.

It is copied into an empty folder, its marked lines are changed, and it is run there.
The counts here use its checkpoints and nothing else of it but the class of its network.
"""

import ast
import csv
import importlib.util
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from course import (
    OFFLINE,
    ROOT,
    SYNTHETIC_DATA,
    edited,
    lesson,
    one_line,
    ran,
    run,
    synthetic,
    together,
)
from PIL import Image

PATH = lesson('17_2')
SOURCE = PATH.read_text(encoding='utf-8')
NOTE = (ROOT / 'notes/your_own_data.md').read_text(encoding='utf-8')
PHOTOS = SYNTHETIC_DATA / 'Cat_Dog_data'
SAVING = (ROOT / 'notes/saving.md').read_text(encoding='utf-8')
EPOCHS = 2
WEIGHTS = [0.5, 1, 1, 1, 1, 1, 1, 1, 1, 4]


# Reading the data and computing losses once more, without torchvision and the template


def raw(name, part):
    """Images from 0 to 1 as float32 [n, 1, 28, 28], and labels, of the drawn images."""
    folder = SYNTHETIC_DATA / name / 'raw'
    images = (folder / f'{part}-images-idx3-ubyte').read_bytes()[16:]
    labels = (folder / f'{part}-labels-idx1-ubyte').read_bytes()[8:]
    images = np.frombuffer(images, np.uint8).reshape(-1, 1, 28, 28)
    return images.astype(np.float32) / 255, np.frombuffer(labels, np.uint8).astype(int)


def cut(count, seed=7):
    """The row numbers (to train, to validate) of the template's split."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed)).numpy()
    return order[count // 6 :], order[: count // 6]


def images_of(name):
    """{'valid': (inputs, labels), 'test': ...}, normalized with the training images."""
    images, labels = raw(name, 'train')
    test_images, test_labels = raw(name, 't10k')
    train, valid = cut(len(images))
    mean, std = images[train].mean(dtype=float), images[train].std(dtype=float, ddof=1)
    return {
        'valid': ((images[valid] - mean) / std, labels[valid]),
        'test': ((test_images - mean) / std, test_labels),
    }


def plain_loss(log_ps, labels):
    return -log_ps[np.arange(len(labels)), labels].mean()


def smoothed_loss(log_ps, labels):
    return 0.9 * plain_loss(log_ps, labels) - 0.1 * log_ps.mean(axis=1).mean()


def weighted_loss(log_ps, labels):
    weights = np.array(WEIGHTS)[labels]
    losses = -log_ps[np.arange(len(labels)), labels]
    return (weights * losses).sum() / weights.sum()


# The changes


def made_up():
    """Rows of five measurements, one of them constant, and names of three classes."""
    rng = np.random.default_rng(7)
    numbers = rng.integers(3, size=607)
    rows = rng.normal(size=(607, 5)) + numbers[:, None]
    rows[:, 1] = 1000 * rows[:, 1] + 50_000
    rows[:, 4] = 3
    return rows, np.array(['setosa', 'versicolor', 'virginica'])[numbers]


def function(source, name):
    """The source of a function, with the comment at its first line."""
    lines = source.splitlines()
    (node,) = (
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    return '\n'.join(lines[node.lineno - 1 : node.end_lineno])


def block_with(page, words):
    """The one block of Python of a page that has these words."""
    blocks = re.findall(r'(?ms)^```python\n(.*?)^```', page)
    (block,) = (block for block in blocks if words in block)
    return block


def with_arrays(source):
    """The template with the load_sets of the note."""
    new = function(block_with(NOTE, 'np.load('), 'load_sets')
    source = source.replace(function(source, 'load_sets'), new)
    return source.replace('\nimport torch\n', '\nimport numpy as np\nimport torch\n')


def with_small_images(source):
    """The template with what the note has for small images in folders."""
    block = block_with(NOTE, 'def read_folder')
    transform = block[block.index('transform = ') : block.index('def read_folder')]
    functions = [function(block, 'read_folder'), function(block, 'load_sets')]
    new = transform + '\n\n\n'.join(functions)
    source = source.replace(function(source, 'load_sets'), new)
    return source.replace(
        'from torchvision import datasets\n',
        'from torchvision import datasets\nfrom torchvision.transforms import v2\n',
    )


def put(old, new):
    return lambda source: edited(source, old, new, PATH.name)


def loss_of(code):
    return put('criterion = nn.CrossEntropyLoss()', f'criterion = {code}')


CHANGES = {  # {name: (changes of the source, the data, the loss)}
    'as it is': ([], 'FashionMNIST', plain_loss),
    'dropout': ([put('drop_p=0.2', 'drop_p=0.7')], 'FashionMNIST', plain_loss),
    'batch norm': (
        [
            put(
                'nn.Linear(inputs, hidden),',
                'nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden),',
            )
        ],
        'FashionMNIST',
        plain_loss,
    ),
    'another dataset': (
        [put('DATASET = datasets.FashionMNIST', 'DATASET = datasets.MNIST')],
        'MNIST',
        plain_loss,
    ),
    'arrays': ([with_arrays], 'arrays', plain_loss),
    'small images': ([with_small_images], 'small images', plain_loss),
    'label smoothing': (
        [loss_of('nn.CrossEntropyLoss(label_smoothing=0.1)')],
        'FashionMNIST',
        smoothed_loss,
    ),
    'class weights': (
        [loss_of(f'nn.CrossEntropyLoss(torch.tensor({WEIGHTS}, device=device))')],
        'FashionMNIST',
        weighted_loss,
    ),
    'a batch that divides': (
        [put('BATCH_SIZE = 64', 'BATCH_SIZE = 100')],
        'FashionMNIST',
        plain_loss,
    ),
    'a batch that does not': (
        [put('BATCH_SIZE = 64', 'BATCH_SIZE = 999')],
        'FashionMNIST',
        plain_loss,
    ),
    'other batches to evaluate': (
        [
            put('DataLoader(validset, batch_size=1000)', 'DataLoader(validset, 7)'),
            put('DataLoader(testset, batch_size=1000)', 'DataLoader(testset, 999)'),
        ],
        'FashionMNIST',
        weighted_loss,
    ),
    'clipping': (
        [put('MAX_NORM = None', 'MAX_NORM = 0.1')],
        'FashionMNIST',
        plain_loss,
    ),
    'another optimizer': (
        [
            put(
                'optim.AdamW($1.parameters(), lr=args.lr, weight_decay=0.01, fused=True)',
                'optim.SGD($1.parameters(), lr=args.lr, momentum=0.9)',
            )
        ],
        'FashionMNIST',
        plain_loss,
    ),
}
CHANGES['other batches to evaluate'][0].append(CHANGES['class weights'][0][0])
each_change = pytest.mark.parametrize('name', CHANGES)


def changed(name):
    source = SOURCE
    for change in CHANGES[name][0]:
        source = change(source)
    return source


def folder_with_data(folder):
    """An empty folder, but for data/ with the files as torchvision has them."""
    (folder / 'data').mkdir(parents=True)
    for name in ('FashionMNIST', 'MNIST'):
        (folder / 'data' / name).symlink_to(SYNTHETIC_DATA / name)
    for part in ('train', 'test'):
        (folder / 'data' / part).symlink_to(PHOTOS / part)
    rows, names = made_up()
    np.savez(folder / 'data/my_table.npz', rows=rows, names=names)
    return folder


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """The template with each of the changes, each alone in a folder."""
    root = tmp_path_factory.mktemp('runs')
    commands = {}
    for name in CHANGES:
        folder = folder_with_data(root / name.replace(' ', '_'))
        (folder / 'train.py').write_text(changed(name), encoding='utf-8')
        commands[name] = [
            folder / 'train.py',
            '--epochs',
            EPOCHS,
            '--device',
            'cpu',
            '--name',
            'my',
        ]
    printed = together(commands, root, 'torch', 'torchvision')
    found = {}
    for name in CHANGES:
        code, text = printed[name]
        assert code == 0, text
        folder = root / name.replace(' ', '_')
        found[name] = SimpleNamespace(folder=folder, text=text, **files_of(folder))
    return found


def files_of(folder, name='my'):
    """What a run left: its model, what it resumes from, and its table."""
    folder = folder / 'checkpoints'
    with open(folder / f'{name}.csv', newline='') as file:
        rows = [
            {key: float(value) for key, value in row.items()}
            for row in csv.DictReader(file)
        ]
    return {
        'model': torch.load(folder / f'{name}.pth', weights_only=True),
        'resume': torch.load(folder / f'{name}_resume.pth', weights_only=True),
        'rows': rows,
        'names': sorted(path.name for path in folder.iterdir()),
    }


def imported(path):
    """The module of a copy, as `import train` gives it."""
    spec = importlib.util.spec_from_file_location('train', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def array_sets(checkpoint):
    """The made-up rows that are to validate and to test, normalized."""
    rows, names = made_up()
    numbers = np.searchsorted(sorted(set(names)), names)
    order = torch.randperm(
        len(rows), generator=torch.Generator().manual_seed(7)
    ).numpy()
    part = len(rows) // 5
    test, valid, train = order[:part], order[part : 2 * part], order[2 * part :]
    mean, std = rows[train].mean(axis=0), rows[train].std(axis=0, ddof=1)
    std[4] = 1  # the constant column
    np.testing.assert_allclose(checkpoint['mean'], mean, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(checkpoint['std'], std, rtol=1e-4)
    scaled = (rows - mean) / std
    return {
        'valid': (scaled[valid], numbers[valid]),
        'test': (scaled[test], numbers[test]),
    }


def small_images():
    """The photos in gray, 28 x 28, that are to validate and to test, normalized."""
    raw_images = {}
    for part in ('train', 'test'):
        images, labels = [], []
        for label, name in enumerate(('cat', 'dog')):
            for path in sorted((PHOTOS / part / name).iterdir()):
                image = Image.open(path).convert('RGB').convert('L')
                image = image.resize((28, 28), Image.Resampling.BILINEAR)
                images.append(np.asarray(image, dtype=np.float32)[None] / 255)
                labels.append(label)
        raw_images[part] = np.stack(images), np.array(labels)
    images, labels = raw_images['train']
    test_images, test_labels = raw_images['test']
    train, valid = cut(len(images))
    mean, std = images[train].mean(dtype=float), images[train].std(dtype=float, ddof=1)
    return {
        'valid': ((images[valid] - mean) / std, labels[valid]),
        'test': ((test_images - mean) / std, test_labels),
    }


def sets_of(data, checkpoint):
    if data == 'arrays':
        return array_sets(checkpoint)
    if data == 'small images':
        return small_images()
    return images_of(data)


def counted(one, name, part):
    """The loss and the accuracy of what was saved, by a count of our own."""
    _, data, loss = CHANGES[name]
    checkpoint = one.model
    inputs, labels = sets_of(data, checkpoint)[part]
    model = imported(one.folder / 'train.py').Network(**checkpoint['sizes']).double()
    model.load_state_dict(checkpoint['state_dict'])
    model.eval()
    outputs = model(torch.tensor(inputs, dtype=torch.float64)).detach().numpy()
    log_ps = outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True))
    right = (outputs.argmax(axis=1) == labels).sum()
    return loss(log_ps, labels), right / len(labels)


def numbers_after(words, text):
    return float(re.findall(rf'{words} ([\d.]+)', text)[-1])


@each_change
def test_the_validation_loss_and_accuracy_are_those_of_an_independent_count(name, runs):
    one = runs[name]
    loss, accuracy = counted(one, name, 'valid')
    row = one.rows[one.model['epoch'] - 1]
    assert row['valid loss'] == pytest.approx(loss, rel=1e-4)
    assert row['valid accuracy'] == pytest.approx(accuracy, abs=1e-9)


@each_change
def test_the_test_loss_and_accuracy_are_those_of_an_independent_count(name, runs):
    one = runs[name]
    loss, accuracy = counted(one, name, 'test')
    assert numbers_after('test loss', one.text) == pytest.approx(loss, abs=6e-4)
    assert numbers_after('Test accuracy', one.text) == pytest.approx(
        100 * accuracy, abs=0.051
    )


@each_change
def test_the_kept_epoch_is_the_first_with_the_highest_accuracy(name, runs):
    one = runs[name]
    accuracies = [row['valid accuracy'] for row in one.rows]
    assert len(accuracies) == EPOCHS
    assert one.model['epoch'] == accuracies.index(max(accuracies)) + 1


@each_change
def test_what_is_printed_is_what_the_table_has(name, runs):
    one = runs[name]
    for row in one.rows:
        line = (
            f'Epoch {row["epoch"]:.0f}/{EPOCHS}  train loss {row["train loss"]:.3f}  '
            f'valid loss {row["valid loss"]:.3f}  '
            f'valid accuracy {row["valid accuracy"]:.1%}'
        )
        assert line in one.text.splitlines()


@each_change
def test_three_files_are_left_in_checkpoints_and_no_half_of_one(name, runs):
    assert runs[name].names == ['my.csv', 'my.pth', 'my_resume.pth']


@pytest.mark.parametrize(
    'name', ['as it is', 'label smoothing', 'a batch that does not']
)
def test_the_training_loss_is_the_mean_over_all_images(name, runs, tmp_path):
    """Each batch's loss, as it was at its backward(), counts by its images."""
    copy = tmp_path / 'train.py'
    copy.write_text(changed(name), encoding='utf-8')
    seen = ran(
        copy, *synthetic(PATH), '--epochs', EPOCHS, '--name', 'my', root=tmp_path
    )
    rows = files_of(tmp_path)['rows']
    walks = [walk for walk in seen.passes if walk.losses]
    assert len(walks) == len(rows) == EPOCHS
    for walk, row in zip(walks, rows):
        size, count = walk.loader.batch_size, len(walk.loader.dataset)
        sizes = [min(size, count - start) for start in range(0, count, size)]
        total = sum(loss * n for loss, n in zip(walk.losses, sizes))
        assert row['train loss'] == pytest.approx(total / count, rel=1e-5)


def test_clipping_changes_what_is_learned(runs):
    assert runs['clipping'].rows != runs['as it is'].rows


# It is alone


def test_it_imports_only_torch_torchvision_and_what_python_has():
    names = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition('.')[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add(node.module.partition('.')[0])
    assert names - set(sys.stdlib_module_names) == {'torch', 'torchvision'}


def test_importing_it_trains_nothing(tmp_path):
    (tmp_path / 'train.py').write_text(SOURCE, encoding='utf-8')
    module = imported(tmp_path / 'train.py')
    assert module.Network(4, 3)(torch.zeros(2, 4)).shape == (2, 3)
    left = {path.name for path in tmp_path.iterdir()} - {'__pycache__'}
    assert left == {'train.py'}


def test_without_data_and_offline_it_ends_in_one_line(tmp_path):
    (tmp_path / 'train.py').write_text(SOURCE, encoding='utf-8')
    result = run(tmp_path / 'train.py', cwd=tmp_path, env=OFFLINE)
    assert result.returncode == 1
    assert 'cannot be downloaded' in result.stderr and 'Traceback' not in result.stderr


def test_in_the_course_it_takes_the_synthetic_images_when_offline(installed):
    result = run(
        installed / 'codes' / PATH.name, '--epochs', 1, '--device', 'cpu', env=OFFLINE
    )
    assert result.returncode == 0, result.stderr
    assert 'synthetic' in result.stdout
    assert (installed / 'checkpoints/template.pth').exists()
    assert not (installed / 'codes/checkpoints').exists()


# Interrupted


@pytest.fixture(scope='module')
def small(few_images):
    """Options for a quick run."""
    return ['--device', 'cpu', '--data-dir', few_images, '--epochs', 4, '--name', 'my']


@pytest.fixture(scope='module')
def uninterrupted(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp('uninterrupted')
    text = ran(PATH, *small, root=folder).text
    return SimpleNamespace(text=text, **files_of(folder))


def assert_same(one, other):
    """Two checkpoints are the same, to the last bit."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for mine, its in zip(one, other):
            assert_same(mine, its)
    else:
        assert one == other


def assert_ended_alike(folder, text, whole):
    found = files_of(folder)
    assert_same(found['model'], whole.model)
    assert_same(found['resume'], whole.resume)
    assert found['rows'] == whole.rows
    assert found['names'] == whole.names
    assert text.splitlines()[-2:] == whole.text.splitlines()[-2:]


def killed_while_saving(place, folder, small):
    """Start a run that is killed in the middle of its n-th torch.save, from 0 on."""
    save = torch.save
    count = []

    def kill(what, path, *args, **options):
        count.append(path)
        if len(count) <= place:
            return save(what, path, *args, **options)
        with open(path, 'wb') as file:
            file.write(b'half')
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, 'save', kill)
        with pytest.raises(KeyboardInterrupt):
            ran(PATH, *small, root=folder)


@pytest.mark.parametrize('place', range(1, 6))
def test_killed_while_saving_it_ends_as_if_it_had_not_been(
    place, small, uninterrupted, tmp_path
):
    killed_while_saving(place, tmp_path, small)
    again = ['--resume'] if (tmp_path / 'checkpoints/my_resume.pth').exists() else []
    assert again or place == 1
    text = ran(PATH, *small, *again, root=tmp_path).text
    assert_ended_alike(tmp_path, text, uninterrupted)


@pytest.mark.skipif(sys.platform == 'win32', reason='Windows has no SIGKILL')
def test_killed_after_an_epoch_it_ends_with_the_same_weights(
    small, uninterrupted, tmp_path
):
    """Also in another process, and with what Python has in memory lost."""
    copy = tmp_path / 'train.py'
    copy.write_text(SOURCE, encoding='utf-8')
    command = [sys.executable, copy, *small]
    command = [str(part) for part in command]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert any('Epoch 2/' in line for line in process.stdout)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    result = run(copy, *small, '--resume')
    assert result.returncode == 0, result.stderr
    first = re.findall(r'Epoch (\d)/4', result.stdout)[0]
    assert int(first) in (2, 3, 4), 'It started again from the beginning.'
    assert_ended_alike(tmp_path, result.stdout, uninterrupted)


def test_what_is_done_can_be_continued_for_longer(small, uninterrupted, tmp_path):
    ran(PATH, *small, '--epochs', 3, root=tmp_path)
    text = ran(PATH, *small, '--resume', root=tmp_path).text
    assert_ended_alike(tmp_path, text, uninterrupted)


def test_a_new_run_that_is_killed_at_once_does_not_continue_an_older_one(
    small, tmp_path
):
    copy = tmp_path / 'train.py'
    copy.write_text(SOURCE, encoding='utf-8')
    ran(copy, *small, root=tmp_path)
    killed_while_saving(0, tmp_path, small)
    result = run(copy, *small, '--resume')
    one_line(result, 1, 'nothing to resume', 'my_resume.pth')


def test_no_two_runs_with_neighboring_seeds_share_an_epochs_seed(
    small, tmp_path, monkeypatch
):
    seeds = []
    seed = torch.manual_seed
    monkeypatch.setattr(torch, 'manual_seed', lambda n: (seeds.append(n), seed(n))[1])
    for value in (7, 8):
        ran(PATH, *small, '--seed', value, root=tmp_path / str(value))
    assert len(seeds) > 8 and len(set(seeds)) == len(seeds), seeds


def test_another_seed_gives_another_split_and_other_weights(
    small, uninterrupted, tmp_path
):
    ran(PATH, *small, '--seed', 8, root=tmp_path)
    found = files_of(tmp_path)
    assert found['rows'] != uninterrupted.rows
    assert found['model']['mean'] != uninterrupted.model['mean']


# A loss that is nan


def test_after_a_first_loss_of_nan_it_says_so_and_saves_nothing(small, tmp_path):
    copy = tmp_path / 'train.py'
    source = edited(
        SOURCE,
        'loss = criterion($1, labels)',
        'loss = criterion($1, labels) * math.nan',
    )
    copy.write_text(source, encoding='utf-8')
    result = run(copy, *small)
    one_line(result, 1, 'training loss is nan', 'epoch 1')
    assert not list(tmp_path.glob('checkpoints/*'))


# Used elsewhere


def test_the_script_of_the_note_predicts_with_the_saved_model(runs, monkeypatch):
    """A sample of the arrays, with the class that the count here gives it."""
    one = runs['arrays']
    rows, _ = made_up()
    script = block_with(SAVING, '# predict.py')
    names = {'model_path': one.folder / 'checkpoints/my.pth'}
    monkeypatch.syspath_prepend(str(one.folder))
    monkeypatch.delitem(sys.modules, 'train', raising=False)
    for sample in rows[:20]:
        text = re.sub(r'np\.array\(\[.*?\]\)', f'np.array({sample.tolist()})', script)
        assert text != script
        exec(text, names)
        scaled = (sample - one.model['mean'].numpy()) / one.model['std'].numpy()
        model = imported(one.folder / 'train.py').Network(**one.model['sizes']).eval()
        model.load_state_dict(one.model['state_dict'])
        output = model(torch.tensor(scaled, dtype=torch.float32).unsqueeze(0))
        wanted = one.model['classes'][output.argmax()]
        assert names['name'] == wanted
    monkeypatch.delitem(sys.modules, 'train', raising=False)


# Its Trys


def test_try_clipping_nearly_every_step_changes_little(runs, tmp_path):
    """With AdamW, whose step doesn't depend on how large all gradients are."""
    copy = tmp_path / 'train.py'
    copy.write_text(put('MAX_NORM = None', 'MAX_NORM = 0.01')(SOURCE), encoding='utf-8')
    norms = []
    clip = torch.nn.utils.clip_grad_norm_
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            torch.nn.utils,
            'clip_grad_norm_',
            lambda *given: norms.append(clip(*given).item()),
        )
        ran(copy, *synthetic(PATH), '--epochs', EPOCHS, '--name', 'my', root=tmp_path)
    clipped = sum(norm > 0.01 for norm in norms) / len(norms)
    assert clipped > 0.95, f'{clipped:.0%} of the steps were clipped.'
    accuracy = files_of(tmp_path)['rows'][-1]['valid accuracy']
    usual = runs['as it is'].rows[-1]['valid accuracy']
    assert abs(accuracy - usual) < 0.04, f'{accuracy:.1%}, and {usual:.1%} without'


def test_try_the_resumed_run_begins_with_the_next_epoch(small, uninterrupted, tmp_path):
    killed_while_saving(4, tmp_path, small)
    text = ran(PATH, *small, '--resume', root=tmp_path).text
    first = next(line for line in text.splitlines() if line.startswith('Epoch'))
    assert first in uninterrupted.text and not first.startswith('Epoch 1/')
    assert text.splitlines()[-1] == uninterrupted.text.splitlines()[-1]
