"""MNIST and weights: what can go wrong with the network, the disk and the files."""

import re
import shutil
import signal
import threading
from pathlib import Path

import pytest
import torch
from course import SYNTHETIC_DATA
from torchvision import datasets, models

import helper

RAW = SYNTHETIC_DATA / 'MNIST/raw'


def fails(args, *words):
    """Finding MNIST raises an OSError of one line, and leaves nothing behind."""
    args.data = 'real'
    with pytest.raises(OSError) as stopped:
        helper.find_data('MNIST', args)
    text = str(stopped.value)
    for word in (str(args.data_dir), *words):
        assert word in text, f'The message must name {word}: {text}'
    assert '\n' not in text, f'The message must be one line: {text}'


# The network


FAULTS = ['silent', 'half', 'wrong bytes', 'html', 403, 404, 503, 'loop']
every_fault = pytest.mark.parametrize('fault', FAULTS)


@every_fault
def test_a_download_that_fails_says_why_and_leaves_nothing(fault, source, args):
    source.fault = fault
    reason = {'silent': 'timed out', 403: '403', 404: '404', 503: '503'}.get(fault, '')
    fails(args, 'MNIST', reason, '--data synthetic')
    assert not list(args.data_dir.iterdir())


@every_fault
def test_a_download_after_one_that_failed_is_whole(fault, source, args):
    if fault == 'silent':
        pytest.skip('takes as long as the time-out, and leaves what `half` leaves')
    source.fault = fault
    fails(args)
    source.fault = None
    assert helper.find_data('MNIST', args) == args.data_dir
    for path in RAW.iterdir():
        copy = args.data_dir / 'MNIST/raw' / path.name
        assert copy.read_bytes() == path.read_bytes(), f'{path.name} is not the same'
    left = [path.name for path in args.data_dir.iterdir()]
    assert left == ['MNIST'], f'Nothing else may be left beside the data: {left}'


def lines_of_output(capsys):
    """(the lines of what was printed but one, the line that says which data it is)"""
    lines = capsys.readouterr().out.splitlines()
    data = [line for line in lines if line.startswith('Data: ')]
    assert len(data) == 1, f'One line must begin with `Data:`: {lines}'
    return [line for line in lines if line not in data], data[0]


def test_synthetic_data_take_the_place_of_what_cannot_be_downloaded(source, args):
    source.fault = 404
    assert helper.find_data('MNIST', args) == SYNTHETIC_DATA


def test_it_says_why_the_data_are_not_the_real_ones(source, args, capsys):
    source.fault = 404
    helper.find_data('MNIST', args)
    lines, _ = lines_of_output(capsys)
    for word in ('MNIST', str(args.data_dir), '404'):
        assert any(word in line for line in lines), f'Nothing names {word}: {lines}'


@pytest.mark.parametrize('name', ['MNIST', 'FashionMNIST'])
def test_it_says_which_data_it_found(name, args, capsys):
    shutil.copytree(SYNTHETIC_DATA / name, args.data_dir / name)
    told = []
    for args.data in ('synthetic', 'real'):
        helper.find_data(name, args)
        _, data = lines_of_output(capsys)
        assert name in data, f'This must name {name}: {data}'
        counts = re.findall(r'\d[\d,]*', data)
        assert counts == ['6,000', '1,000'], f'The counts are not right: {data}'
        told.append(data)
    assert told[0] != told[1] and 'real' in told[1] and 'real' not in told[0], (
        f'The lines must tell synthetic data from real data: {told}'
    )


def test_without_valid_certificates_it_says_how_to_install_them(monkeypatch, args):
    def stranger(*_, **__):
        raise OSError('[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed')

    monkeypatch.setattr(datasets, 'MNIST', stranger)
    fails(args, 'Install Certificates.command')


def test_two_lessons_can_fill_an_empty_folder_at_once(source, args):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(helper.find_data('MNIST', args)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [args.data_dir] * 2
    assert [path.name for path in args.data_dir.iterdir()] == ['MNIST']


# The disk


def test_a_full_disk_leaves_nothing_behind(source, args):
    resource = pytest.importorskip('resource', reason='needs POSIX: it limits files')
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        fails(args, 'File too large')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(args.data_dir.iterdir())


def test_a_file_where_the_folder_should_be_is_named(source, args, tmp_path):
    (tmp_path / 'data').touch()
    fails(args, str(tmp_path / 'data'))


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


@pytest.mark.parametrize(
    'file, spoil',
    [
        ('train-images-idx3', lambda data: data[:-100]),
        ('train-images-idx3', lambda data: b''),
        ('train-images-idx3', folded),
        (
            'train-images-idx3',
            lambda data: (RAW / 'train-labels-idx1-ubyte').read_bytes(),
        ),
        ('t10k-images-idx3', lambda data: data + b'\0'),
        ('t10k-images-idx3', flip(3)),
        ('train-labels-idx1', flip(7)),
        ('t10k-labels-idx1', strange),
        (
            'train-labels-idx1',
            lambda data: (RAW / 't10k-labels-idx1-ubyte').read_bytes(),
        ),
    ],
    ids='cut empty folded labels long magic count ten fewer'.split(),
)
def test_damaged_files_are_not_trained_on(file, spoil, args):
    shutil.copytree(RAW, args.data_dir / 'MNIST/raw')
    path = args.data_dir / f'MNIST/raw/{file}-ubyte'
    path.write_bytes(spoil(bytearray(path.read_bytes())))
    for args.data in ('auto', 'real'):
        with pytest.raises(OSError) as stopped:
            helper.load_data('MNIST', args)
        text = str(stopped.value)
        assert str(args.data_dir / 'MNIST') in text, (
            f'The message must name the folder to remove: {text}'
        )
        assert 'downloaded' not in text, f'It must say what is wrong: {text}'


# Weights


WEIGHTS = models.DenseNet121_Weights.IMAGENET1K_V1


@pytest.fixture
def weights_path(tmp_path, monkeypatch):
    """Where the file with the weights belongs, in a TORCH_HOME of its own."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    path = tmp_path / 'hub/checkpoints' / Path(WEIGHTS.url).name
    path.parent.mkdir(parents=True)
    return path


def test_synthetic_data_need_no_weights_and_say_so(weights_path, args, capsys):
    args.data = 'synthetic'
    assert helper.find_weights(WEIGHTS, args) is None
    assert str(WEIGHTS) in capsys.readouterr().out


def test_weights_that_are_there_are_used(weights_path, args, capsys):
    torch.save(models.densenet121().state_dict(), weights_path)
    for args.data in ('auto', 'synthetic'):
        assert helper.find_weights(WEIGHTS, args) is WEIGHTS
    assert not capsys.readouterr().out, 'There is nothing to say when all is well'


@pytest.mark.parametrize('content', ['cut', 'empty', 'html'])
def test_damaged_weights_are_named_and_not_used(content, weights_path, args):
    torch.save(models.squeezenet1_1().state_dict(), weights_path)
    data = {'cut': weights_path.read_bytes()[:10000], 'empty': b'', 'html': b'<html>'}
    weights_path.write_bytes(data[content])
    for args.data in ('auto', 'synthetic'):
        with pytest.raises(OSError) as stopped:
            helper.find_weights(WEIGHTS, args)
        assert str(weights_path) in str(stopped.value), (
            f'The message must name the damaged file: {stopped.value}'
        )


def test_weights_that_cannot_be_downloaded_say_why(
    weights_path, args, monkeypatch, capsys
):
    def refused(*_, **__):
        raise OSError('connection refused')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', refused)
    assert helper.find_weights(WEIGHTS, args) is None
    out = capsys.readouterr().out
    assert 'connection refused' in out and str(WEIGHTS) in out
