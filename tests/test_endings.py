"""How a run ends: stopped, on a full disk, by a mistake in the code or outside it."""
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
import torch
from course import OFFLINE, ROOT, SYNTHETIC, as_before, lesson, one_line, run

import helper


def stop(path, args, wait_for, number, env=None):
    """Start a lesson, wait for what it prints or does, stop it; return how it ended.

    wait_for: a word in a line of its output, or a function that waits.
    """
    process = subprocess.Popen(
        [sys.executable, '-u', str(path), *map(str, args)], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT / 'tests/bare'), **(env or {})})
    late = threading.Timer(60, process.kill)
    late.start()
    if callable(wait_for):
        wait_for()
    else:
        next(line for line in process.stdout if wait_for in line)
    if number == signal.SIGINT:  # Ctrl-C reaches the workers as well
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    late.cancel()
    return SimpleNamespace(returncode=process.returncode, stderr=stderr)


both = pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])


@both
def test_stopped_in_a_training(number):
    end = stop(lesson(11), [*SYNTHETIC, '--epochs', '100000'], 'Epoch 1/', number)
    one_line(end, -signal.SIGINT, 'stopped')


@both
def test_stopped_in_a_download(number, tmp_path):
    with socket.create_server(('127.0.0.1', 0)) as silent:
        silent.settimeout(60)
        proxy = f'http://127.0.0.1:{silent.getsockname()[1]}'
        end = stop(lesson(9), ['--data-dir', tmp_path], silent.accept, number,
                   {'http_proxy': proxy, 'https_proxy': proxy, 'no_proxy': ''})
    one_line(end, -signal.SIGINT, 'stopped')
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('number, workers', [(signal.SIGINT, 1), (signal.SIGTERM, 0)])
def test_stopped_in_the_features(number, workers, installed):
    path = lesson(21, installed)
    start = 'def read(paths):\n'
    assert start in path.read_text()
    path.write_text(path.read_text().replace(start, f'{start}    print("reading")\n'))
    end = stop(path, [*SYNTHETIC, '--workers', workers], 'reading', number)
    one_line(end, -signal.SIGINT, 'stopped')
    assert not list(installed.glob('checkpoints/*'))


# The disk


FULL = '''
import resource, runpy, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
sys.argv = sys.argv[1:]
sys.path[0] = sys.argv[0].rpartition('/')[0]
runpy.run_path(sys.argv[0], run_name='__main__')
'''


@pytest.mark.skipif(sys.platform == 'win32', reason='has no limit for files')
def test_the_disk_is_full_while_saving(installed):
    """No file can grow beyond 100 kB; the older checkpoint stays."""
    older = installed / 'checkpoints/17_model.pth'
    older.parent.mkdir()
    older.write_bytes(b'an older file')
    result = run('-c', FULL, lesson(17, installed), *SYNTHETIC,
                 env={'PYTHONDONTWRITEBYTECODE': '1'})
    one_line(result, 1, 'the disk is full')
    assert older.read_bytes() == b'an older file'


@pytest.mark.parametrize('number, name', [(4, 'figures'), (17, 'checkpoints')])
def test_folders_that_cannot_be_made(number, name, installed):
    (installed / name).write_text('a file where a folder should be')
    result = run(lesson(number, installed), *SYNTHETIC, '--figures', 'save')
    one_line(result, 1, installed / name, f'{lesson(number).name}, line ')


# Mistakes


def test_a_mistake_in_the_code_shows_its_traceback(installed):
    path = lesson(11, installed)
    path.write_text(path.read_text().replace('nn.Linear(784,', 'nn.Linear(783,'))
    result = run(path, *SYNTHETIC)
    assert result.returncode == 1
    assert result.stderr.startswith('Traceback') and 'output = model(' in result.stderr
    assert 'mat1 and mat2 shapes cannot be' in result.stderr


@pytest.mark.parametrize('workers, asked', [(0, 'return torch.stack('),
                                            (1, 'for images in tqdm(loader')])
def test_the_line_of_the_lesson_is_named(workers, asked, installed, tree):
    (tree / 'train/røv/0.jpg').write_text('no photo')
    source = lesson(21).read_text().splitlines()
    number, = (i for i, line in enumerate(source, 1) if line.strip().startswith(asked))
    result = run(lesson(21, installed), '--device', 'cpu', '--data-dir', tree,
                 '--workers', workers, env=OFFLINE)
    one_line(result, 1, '0.jpg is not a photo that can be read',
             f'({lesson(21).name}, line {number})')
    assert result.stderr.startswith(f'OSError: {tree}')


@pytest.mark.parametrize('error, kind', [
    (MemoryError('no memory\nleft'), 'one line'),
    (torch.OutOfMemoryError('CUDA out of memory.\nTried'), 'one line'),
    (KeyboardInterrupt(), 'one line'), (ValueError('no'), 'traceback'),
    (RuntimeError('shapes'), 'traceback')])
def test_what_is_explained(error, kind, capsys):
    with as_before():
        try:
            raise error
        except BaseException as raised:
            helper._explain(type(raised), raised, raised.__traceback__)
    lines = capsys.readouterr().err.strip().splitlines()
    assert (len(lines) == 1) == (kind == 'one line')
    assert lines[0].startswith('Traceback') == (kind == 'traceback')
    if kind == 'one line' and str(error):
        assert re.search(r'\(test_endings.py, line \d+\)$', lines[0])
        assert ('Cure: a smaller batch' in lines[0]) == ('CUDA' in lines[0])
