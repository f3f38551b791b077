"""Lessons 12 to 17_1: what is learned, measured on unseen images, and kept."""
import os
import re
import textwrap
from types import SimpleNamespace

import pytest
import torch
from course import REAL_DATA, STAND_INS, accuracy, lesson, options, run, variables
from PIL import Image


@pytest.mark.parametrize('number', [12, 13])
def test_garments_stand_in_is_learned(number):
    result = run(lesson(number), *STAND_INS)
    losses = [float(loss) for loss in re.findall(r'train loss ([\d.]+)', result.stdout)]
    assert losses[-1] < losses[0] / 2
    assert 0.78 <= accuracy(result.stdout) <= 0.92


@pytest.mark.real
def test_garments_are_learned():
    assert accuracy(run(lesson(13), *REAL_DATA).stdout) >= 0.85


def trainings(stdout):
    """What lesson 16 says of the trainings without and with dropout."""
    rows = re.findall(r'train loss ([\d.]+)  valid loss ([\d.]+)  gap ([\d.-]+)  '
                      r'lowest ([\d.]+)', stdout)
    return [SimpleNamespace(train=float(row[0]), valid=float(row[1]),
                            gap=float(row[2]), lowest=float(row[3])) for row in rows]


def dropout_helps(stdout, rise, narrower):
    without, dropout = trainings(stdout)
    assert without.valid > rise * without.lowest
    assert dropout.gap < narrower * without.gap


def test_dropout_narrows_the_gap_on_the_stand_in():
    result = run(lesson(16), *STAND_INS)
    dropout_helps(result.stdout, rise=1.1, narrower=0.7)
    forgot, right = re.findall(r'eval\(\): +valid loss ([\d.]+)', result.stdout)
    assert float(forgot) > float(right)


@pytest.mark.real
@pytest.mark.slow
def test_dropout_narrows_the_gap():
    result = run(lesson(16), *REAL_DATA)
    dropout_helps(result.stdout, rise=1.2, narrower=0.5)
    assert accuracy(result.stdout) >= 0.88


def test_validation_images_are_not_trained_on(monkeypatch):
    seen = variables(lesson(15), *options(lesson(15)), monkeypatch=monkeypatch)
    train, valid = set(seen.trainset.indices), set(seen.validset.indices)
    assert not train & valid
    assert len(train) == 5000 and len(valid) == 1000
    assert len(seen.testset) == 1000
    with torch.no_grad():
        images, labels = seen.testset.tensors
        correct = (seen.model(images).argmax(dim=1) == labels).sum().item()
    assert correct == seen.correct


def test_dropout_is_off_in_eval_and_on_in_train(monkeypatch):
    seen = variables(lesson(16), *options(lesson(16)), monkeypatch=monkeypatch)
    images = seen.testset.tensors[0][:50]
    model = seen.model.eval()
    assert torch.equal(model(images), model(images))
    model.train()
    assert not torch.equal(model(images), model(images))
    for name, tensor in seen.best.items():
        assert torch.equal(tensor, model.state_dict()[name])


def test_means_of_means_are_wrong(monkeypatch):
    seen = variables(lesson(14), *options(lesson(14)), monkeypatch=monkeypatch)
    with torch.no_grad():
        images, labels = seen.testset.tensors
        equals = seen.model(images).argmax(dim=1) == labels
    assert seen.right == pytest.approx(equals.float().mean().item())
    means = [batch.float().mean().item() for batch in equals.split(64)]
    assert seen.averaged == pytest.approx(sum(means) / len(means))
    assert seen.averaged != pytest.approx(seen.right)
    assert 0 < seen.right < 0.3


def test_recap_runs_on_photos_with_three_lines_changed(tmp_path, monkeypatch):
    source = lesson('13_1').read_text()
    docstring = textwrap.dedent(source.split('\n\n')[3])
    new = re.findall(r'^(\w+) = (.*(?:\n .*)*)', docstring, flags=re.M)
    assert [name for name, _ in new] == ['transform', 'trainset', 'testset']
    for name, value in new:
        source, count = re.subn(fr'(?m)^{name} = .*# yours$',
                                f'{name} = {value}', source)
        assert count == 1
    for part in ('train', 'test'):
        for number, name in enumerate(('dark', 'light')):
            folder = tmp_path / 'photos' / part / name
            folder.mkdir(parents=True)
            for shade in range(5):
                colour = (shade, 200 * number + shade, 200 * number)
                Image.new('RGB', (50, 40), colour).save(folder / f'{shade}.png')
    codes = tmp_path / 'codes'
    codes.mkdir()
    (codes / 'mine.py').write_text(source)
    (tmp_path / 'helper.py').symlink_to(lesson(0).parent.parent / 'helper.py')
    result = run(codes / 'mine.py', '--epochs', '20', '--data', 'synthetic',
                 cwd=tmp_path)
    assert accuracy(result.stdout) == 1, result.stderr


# Checkpoints


@pytest.fixture
def saving(monkeypatch, tmp_path):
    """Lesson 17, with its files in a folder of the test."""
    seen = variables(lesson(17), *options(lesson(17)), monkeypatch=monkeypatch)
    seen.path = tmp_path / 'model.pth'
    seen.checkpoint = {'sizes': seen.sizes, 'state_dict': seen.model.state_dict()}
    seen.save_checkpoint(seen.checkpoint, seen.path)
    return seen


class Evil:
    def __reduce__(self):
        return os.mkdir, ('evil',)


def test_checkpoints(saving, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = saving.load_model(saving.path).state_dict()
    for name, tensor in saving.model.state_dict().items():
        assert torch.equal(tensor, loaded[name])
    assert not list(tmp_path.glob('*.part'))
    good = saving.path.read_bytes()

    def fails(path, reason):
        with pytest.raises(ValueError, match=reason):
            saving.load_model(path)

    bad = tmp_path / 'bad.pth'
    torch.save({'sizes': saving.sizes, 'state_dict': Evil()}, bad)
    fails(bad, 'bad.pth is no checkpoint, or holds code')
    assert not (tmp_path / 'evil').exists()
    for length in (0, 1, 100, 1000, len(good) // 2, len(good) - 1):
        bad.write_bytes(good[:length])
        fails(bad, 'bad.pth ')
    bad.write_text('hello')
    fails(bad, 'bad.pth ')
    torch.save([1, 2], bad)
    fails(bad, 'bad.pth holds no sizes')
    wrong = {**saving.sizes, 'hidden_layers': [3]}
    torch.save({**saving.checkpoint, 'sizes': wrong}, bad)
    fails(bad, 'bad.pth has another architecture')
    fails(tmp_path / 'nowhere.pth', 'nowhere.pth cannot be read')


def test_a_run_killed_while_saving_leaves_the_old_file(saving, monkeypatch):
    def killed(checkpoint, path):
        with open(path, 'wb') as file:
            file.write(b'half')
        raise KeyboardInterrupt

    before = saving.path.read_bytes()
    monkeypatch.setattr(torch, 'save', killed)
    with pytest.raises(KeyboardInterrupt):
        saving.save_checkpoint(saving.checkpoint, saving.path)
    assert saving.path.read_bytes() == before
