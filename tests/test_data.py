"""MNIST and weights: what can go wrong with the network, the disk and the files."""
import re
import shutil
import signal
import threading
from pathlib import Path

import pytest
import torch
from course import STAND_INS
from torchvision import datasets, models

import helper

RAW = STAND_INS / 'MNIST/raw'


def fails(args, *words):
    """Finding MNIST raises an OSError of one line, and leaves nothing behind."""
    args.data = 'real'
    with pytest.raises(OSError) as stopped:
        helper.find_data('MNIST', args)
    for word in (str(args.data_dir), *words):
        assert word in str(stopped.value)
    assert '\n' not in str(stopped.value)


# The network


@pytest.mark.parametrize('fault', ['silent', 'half', 'wrong bytes', 'html', 403, 404,
                                   503, 'loop'])
def test_a_download_that_fails_and_the_next_one(fault, source, args):
    source.fault = fault
    reason = {'silent': 'timed out'}.get(fault, '')  # not that it hung up
    fails(args, 'cannot be downloaded', reason, '--data synthetic')
    assert not list(args.data_dir.iterdir())
    source.fault = None
    assert helper.find_data('MNIST', args) == args.data_dir
    for path in RAW.iterdir():
        assert (args.data_dir / 'MNIST/raw' / path.name).read_bytes() \
            == path.read_bytes()
    assert [path.name for path in args.data_dir.iterdir()] == ['MNIST']


def test_a_stand_in_takes_the_place_of_what_cannot_be_downloaded(source, args, capsys):
    source.fault = 404
    assert helper.find_data('MNIST', args) == STAND_INS
    out = capsys.readouterr().out
    assert 'Note: MNIST is not in ' in out and '404' in out
    assert 'Data: MNIST, drawn stand-in, 6,000 training and 1,000 test images' in out


def test_no_valid_certificate(monkeypatch, args):
    def stranger(*_, **__):
        raise OSError('[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed')

    monkeypatch.setattr(datasets, 'MNIST', stranger)
    fails(args, 'Install Certificates.command')


def test_two_lessons_fill_an_empty_folder(source, args):
    found = []
    threads = [threading.Thread(
        target=lambda: found.append(helper.find_data('MNIST', args))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [args.data_dir] * 2
    assert [path.name for path in args.data_dir.iterdir()] == ['MNIST']


# The disk


def test_the_disk_is_full(source, args):
    resource = pytest.importorskip('resource')
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        fails(args, 'File too large')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(args.data_dir.iterdir())


def test_the_folder_cannot_be_made(source, args, tmp_path):
    (tmp_path / 'data').touch()
    fails(args)


# Damaged files


def flip(place):
    def change(data):
        data[place] ^= 1
        return data
    return change


def folded(data):  # 14 rows of 56 pixels
    data[8:16] = bytes([0, 0, 0, 14, 0, 0, 0, 56])
    return data


def strange(data):
    data[50] = 10
    return data


@pytest.mark.parametrize('file, spoil', [
    ('train-images-idx3', lambda data: data[:-100]),
    ('train-images-idx3', lambda data: b''), ('train-images-idx3', folded),
    ('train-images-idx3', lambda data: (RAW / 'train-labels-idx1-ubyte').read_bytes()),
    ('t10k-images-idx3', lambda data: data + b'\0'), ('t10k-images-idx3', flip(3)),
    ('train-labels-idx1', flip(7)), ('t10k-labels-idx1', strange),
    ('train-labels-idx1', lambda data: (RAW / 't10k-labels-idx1-ubyte').read_bytes()),
], ids='cut empty folded labels long magic count ten fewer'.split())
def test_damaged_files_are_not_trained_on(file, spoil, args):
    shutil.copytree(RAW, args.data_dir / 'MNIST/raw')
    path = args.data_dir / f'MNIST/raw/{file}-ubyte'
    path.write_bytes(spoil(bytearray(path.read_bytes())))
    for args.data in ('auto', 'real'):
        with pytest.raises(OSError, match=re.escape(f'{args.data_dir / "MNIST"} is '
                                                    'damaged') + '.*Remove it'):
            helper.load_data('MNIST', args)


# Weights


def test_weights_are_used_or_missed_or_damaged(args, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    enum = models.DenseNet121_Weights.IMAGENET1K_V1
    args.data = 'synthetic'
    assert helper.find_weights(enum, args) is None
    assert 'Note: no DenseNet121_Weights' in capsys.readouterr().out
    path = tmp_path / 'hub/checkpoints' / Path(enum.url).name
    path.parent.mkdir(parents=True)
    torch.save(models.densenet121().state_dict(), path)
    assert helper.find_weights(enum, args) is enum
    for data in (path.read_bytes()[:10000], b'', b'<html>'):
        path.write_bytes(data)
        with pytest.raises(OSError, match=f'{path} are damaged'):
            helper.find_weights(enum, args)


def test_weights_that_cannot_be_downloaded(args, tmp_path, monkeypatch, capsys):
    def refused(*_, **__):
        raise OSError('connection refused')

    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', refused)
    enum = models.DenseNet121_Weights.IMAGENET1K_V1
    assert helper.find_weights(enum, args) is None
    assert 'connection refused' in capsys.readouterr().out
