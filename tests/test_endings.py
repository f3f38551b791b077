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
from course import (
    OFFLINE,
    PROGRAMS,
    ROOT,
    SYNTHETIC,
    as_before,
    lesson,
    one_line,
    run,
)

import helper

posix = pytest.mark.skipif(
    sys.platform == 'win32',
    reason='Windows has neither process groups nor SIGINT of '
    'another process: it needs Linux or macOS',
)


def of(*numbers):
    """The test is about these lessons: it gets their paths, and has them in its id."""
    paths = [lesson(number) for number in numbers]
    return pytest.mark.parametrize('path', paths, ids=[path.stem for path in paths])


def copy_of(path, installed):
    return installed / 'codes' / path.name


# Stopped


def stop(path, args, wait_for, number, env=None):
    """Start a lesson, wait for what it prints or does, stop it; return how it ended.

    wait_for: a word in a line of its output, or a function that waits.
    """
    process = subprocess.Popen(
        [sys.executable, '-u', str(path), *map(str, args)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT / 'tests/bare'), **(env or {})},
    )
    late = threading.Timer(300, process.kill)
    late.start()
    if callable(wait_for):
        wait_for()
    else:
        found = any(wait_for in line for line in process.stdout)
        if not found:
            _, stderr = process.communicate()
            pytest.fail(f'{path.name} ended before it printed {wait_for}:\n{stderr}')
    if number == signal.SIGINT:  # Ctrl-C reaches the workers as well
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, stderr = process.communicate(timeout=300)
    late.cancel()
    return SimpleNamespace(returncode=process.returncode, stderr=stderr)


both = pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])


@posix
@both
@of(11)
def test_stopped_in_a_training(path, number):
    end = stop(path, [*SYNTHETIC, '--epochs', '100000'], 'Epoch 1/', number)
    one_line(end, -signal.SIGINT, 'stopped')


@posix
@both
@of(9)
def test_stopped_in_a_download(path, number, tmp_path):
    with socket.create_server(('127.0.0.1', 0)) as silent:
        silent.settimeout(300)
        accepted = []  # a connection that nobody keeps would be closed
        proxy = f'http://127.0.0.1:{silent.getsockname()[1]}'
        end = stop(
            path,
            ['--data-dir', tmp_path],
            lambda: accepted.append(silent.accept()),
            number,
            {'http_proxy': proxy, 'https_proxy': proxy, 'no_proxy': ''},
        )
    one_line(end, -signal.SIGINT, 'stopped')
    assert not list(tmp_path.iterdir()), 'A part of the download was left'


SAYS_WHEN_IT_READS = """

read_photo = open_photo


def open_photo(path):
    print('reading', flush=True)
    return read_photo(path)
"""


@posix
@pytest.mark.parametrize('number, workers', [(signal.SIGINT, 1), (signal.SIGTERM, 0)])
@of(21)
def test_stopped_in_the_features(path, number, workers, installed):
    with open(installed / 'helper.py', 'a') as file:
        file.write(SAYS_WHEN_IT_READS)
    path = copy_of(path, installed)
    end = stop(path, [*SYNTHETIC, '--workers', workers], 'reading', number)
    one_line(end, -signal.SIGINT, 'stopped')
    assert not list(installed.glob('checkpoints/*')), 'Half of the features were kept'


# The disk


@pytest.mark.skipif(
    sys.platform == 'win32',
    reason='Windows has no limit for files: it needs Linux or macOS',
)
@of(17)
def test_the_disk_is_full_while_saving(path, installed):
    """No file can grow beyond 100 kB; the older checkpoints stay."""
    run_before = run(copy_of(path, installed), *SYNTHETIC)
    older = {file: file.read_bytes() for file in installed.glob('checkpoints/*')}
    assert older, run_before.stderr
    result = run(
        PROGRAMS / 'full_disk.py',
        copy_of(path, installed),
        *SYNTHETIC,
        env={'PYTHONDONTWRITEBYTECODE': '1'},
    )
    one_line(result, 1, 'disk is full')
    for file, content in older.items():
        assert file.read_bytes() == content, f'The older {file.name} is lost'


def has_no_room(path, name, installed):
    """A file is where a lesson would make a folder."""
    (installed / name).write_text('a file where a folder should be')
    result = run(copy_of(path, installed), *SYNTHETIC, '--figures', 'save')
    one_line(result, 1, installed / name, f'{path.name}, line ')


@of(4)
def test_a_folder_of_figures_that_cannot_be_made(path, installed):
    has_no_room(path, 'figures', installed)


@of(17)
def test_a_folder_of_checkpoints_that_cannot_be_made(path, installed):
    has_no_room(path, 'checkpoints', installed)


# Mistakes


@of(11)
def test_a_mistake_in_the_code_shows_its_traceback(path, installed):
    copy = copy_of(path, installed)
    with open(copy, 'a') as file:
        file.write('\n\nnn.Linear(783, 10)(torch.zeros(64, 784))\n')
    result = run(copy, *SYNTHETIC, '--epochs', 1)
    assert result.returncode == 1
    assert result.stderr.startswith('Traceback')
    assert f'{path.name}", line ' in result.stderr, 'The line of the lesson is missing'
    assert 'mat1 and mat2 shapes cannot be' in result.stderr


def asking_line(path, trace):
    """The innermost line of a lesson in a traceback, not counting a worker's own."""
    trace = trace.partition('Original Traceback')[0]
    return re.findall(rf'{path.name}", line (\d+)', trace)[-1]


@pytest.mark.parametrize('workers', [0, 1])
@of(21)
def test_the_line_of_the_lesson_is_named(path, workers, installed, tree):
    """In one line as in the traceback that Python shows by itself."""
    (tree / 'train/røv/0.jpg').write_text('no photo')
    copy = copy_of(path, installed)
    given = [copy, '--device', 'cpu', '--data-dir', tree, '--workers', workers]
    result = run(*given, env=OFFLINE)
    with open(installed / 'helper.py', 'a') as file:
        file.write('\n\n_explain = sys.__excepthook__\n')
    line = asking_line(path, run(*given, env=OFFLINE).stderr)
    one_line(result, 1, '0.jpg', f'({path.name}, line {line})')
    assert result.stderr.startswith(f'OSError: {tree}'), (
        'It should say first what happened, and with which file'
    )


def explained(error, capsys):
    """The lines that are printed when a program ends with this error."""
    with as_before():
        try:
            raise error
        except BaseException as raised:
            helper._explain(type(raised), raised, raised.__traceback__)
    return capsys.readouterr().err.strip().splitlines()


@pytest.mark.parametrize(
    'error',
    [
        MemoryError('no memory\nleft'),
        OSError('no file'),
        OSError('two\nlines'),
        torch.OutOfMemoryError('CUDA out of memory.\nTried'),
    ],
    ids=repr,
)
def test_what_is_no_mistake_in_the_code_ends_in_one_line(error, capsys):
    lines = explained(error, capsys)
    assert len(lines) == 1, lines
    assert re.search(rf'\({os.path.basename(__file__)}, line \d+\)$', lines[0]), (
        f'It should end with the file and the line that asked: {lines[0]}'
    )
    for word in str(error).split():
        assert word in lines[0]


@pytest.mark.parametrize(
    'error',
    [ValueError('no'), RuntimeError('shapes'), IndexError('7'), AssertionError()],
    ids=repr,
)
def test_a_mistake_shows_its_traceback(error, capsys):
    lines = explained(error, capsys)
    assert lines[0].startswith('Traceback') and len(lines) > 2, lines


def test_ctrl_c_ends_in_one_line(capsys):
    assert explained(KeyboardInterrupt(), capsys) == ['stopped']


@pytest.mark.parametrize(
    'error, advised',
    [
        (torch.OutOfMemoryError('CUDA out of memory.'), True),
        (MemoryError('no memory left'), False),
        (OSError('no file'), False),
    ],
    ids=repr,
)
def test_the_cpu_is_advised_where_the_memory_of_a_gpu_is_full(error, advised, capsys):
    (line,) = explained(error, capsys)
    assert ('--device cpu' in line) == advised, line
