"""Lesson 22: however many processes share the training, and whoever of them dies."""
import os
import re
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from course import SYNTHETIC, install, lesson, one_line, run

TORCHRUN = [sys.executable, '-m', 'torch.distributed.run', '--standalone']


def start(installed, *more, options=(), env=None):
    """Start lesson 22: alone, or with what `more` adds to TORCHRUN."""
    first = [*TORCHRUN, *more] if more else [sys.executable]
    return subprocess.Popen(
        [*map(str, first), lesson(22, installed), *SYNTHETIC, *map(str, options)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=installed,
        env={**os.environ, 'OMP_NUM_THREADS': '1', **(env or {})})


def said(text):
    """The losses, four digits each, by their epochs, and the accuracy."""
    return dict(re.findall(r'Epoch (\d)/\d  train loss (\d\.\d{4})\n', text)), set(
        re.findall(r'Test accuracy .*', text))


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
    process = start(install(tmp_path_factory.mktemp('alone')))
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0 and not err
    losses, accuracy = said(out)
    assert len(losses) == 3 and len(accuracy) == 1
    return losses, accuracy


@pytest.mark.parametrize('count', [pytest.param(2, marks=pytest.mark.slow), 3])
def test_many_do_what_one_does(count, installed, alone):
    process = start(installed, '--nproc-per-node', count)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert said(out) == alone
    assert out.count('\n') == 5  # one process prints
    assert not list((installed / 'checkpoints').iterdir())


@pytest.mark.parametrize('alone', [True, pytest.param(False, marks=pytest.mark.slow)])
def test_try(alone, installed):
    """With averaging both processes have the same weights, without they do not."""
    path, last = lesson(22, installed), '\ndist.destroy_process_group()\n'
    asked = "sys.stderr.write(f'{rank} {network[1].weight[0, 0]}\\n')"
    source = path.read_text()
    assert asked in source and source.count(last) == 1
    changed = source.replace(last, f'{last}{asked}\n')
    path.write_text(changed.replace('DistributedDataParallel(network)', 'network')
                    if alone else changed)
    process = start(installed, '--nproc-per-node', 2, options=['--epochs', 1])
    _, err = process.communicate(timeout=300)
    weights = dict(re.findall(r'(?m)^([01]) (-?0\.\d+)$', err))
    assert len(weights) == 2 and len(set(weights.values())) == 1 + alone


def workers(process):
    """The processes that torchrun has started."""
    found = []
    for thread in os.listdir(f'/proc/{process.pid}/task'):
        with open(f'/proc/{process.pid}/task/{thread}/children') as file:
            found += map(int, file.read().split())
    return sorted(found)


@pytest.mark.skipif(not os.path.exists('/proc/self/task'), reason='needs /proc')
@pytest.mark.parametrize('rank', [pytest.param(0, marks=pytest.mark.slow), 1])
def test_a_killed_process_changes_nothing(rank, installed, alone):
    process = start(installed, '--nproc-per-node', 2, '--max-restarts', 3)
    first = [process.stdout.readline() for _ in range(2)][1]
    os.kill(workers(process)[rank], signal.SIGKILL)
    rest, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert said(first + rest) == alone and 'exitcode' in err


def test_goes_on_after_the_last_epoch_that_is_done(installed, alone):
    kept = installed / 'checkpoints/22_training.pth'
    process = start(installed)
    while not kept.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    copy = kept.read_bytes()
    other, _ = start(installed, options=['--epochs', 1]).communicate(timeout=300)
    assert 'Epoch 1/1' in other and not kept.exists()  # another training begins anew
    kept.write_bytes(copy)
    rest, _ = start(installed).communicate(timeout=300)
    losses, accuracy = said(rest)
    assert len(losses) < 3 and losses.items() <= alone[0].items()
    assert accuracy == alone[1]


def lonely(rank, world, port=0):
    return {'RANK': str(rank), 'WORLD_SIZE': str(world), 'MASTER_ADDR': '127.0.0.1',
            'MASTER_PORT': str(port)}


@pytest.fixture(scope='module', autouse=True)
def waiting(tmp_path_factory):
    """Two processes whose companion never comes, started early, for they wait."""
    installed, found = install(tmp_path_factory.mktemp('waiting')), {}
    for rank in (0, 1):
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        found[rank] = start(installed, env=lonely(rank, 2, port))
    yield found
    for process in found.values():
        process.kill()
        process.communicate()


@pytest.mark.parametrize('rank, words', [(0, '1/2 clients joined'),
                                         (1, 'while trying to connect')])
def test_without_companions_it_ends_in_one_line(rank, words, waiting):
    process = waiting[rank]
    out, err = process.communicate(timeout=300)
    one_line(SimpleNamespace(returncode=process.returncode, stderr=err), 1, words)


def test_a_batch_that_cannot_be_shared(installed):
    result = run(lesson(22, installed), *SYNTHETIC, env=lonely(0, 7))
    one_line(result, 1, '7 processes cannot share a batch of 120')


@pytest.mark.slow
def test_it_ends_well_every_time(installed):
    for _ in range(50):
        process = start(installed, '--nproc-per-node', 2, options=['--epochs', 1])
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
