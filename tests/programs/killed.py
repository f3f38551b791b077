"""Run a script that is killed while it saves a file, or right after.

Run: python tests/programs/killed.py WHEN NUMBER SCRIPT option...

WHEN: `while` half of the file is written, or `after` it got its final name. NUMBER: in
which of its saves, from 1.
"""
import io
import os
import runpy
import signal
import sys

import torch

when, number = sys.argv[1], int(sys.argv[2])
save = torch.save
replace = os.replace
saves = 0


def die():
    os.kill(os.getpid(), getattr(signal, 'SIGKILL', signal.SIGTERM))


def save_or_die(what, path, *args, **kwargs):
    global saves
    saves += 1
    if when == 'while' and saves == number:
        content = io.BytesIO()
        save(what, content)
        with open(path, 'wb') as file:
            file.write(content.getvalue()[:content.tell() // 2])
        die()
    save(what, path, *args, **kwargs)


def replace_and_die(old, new):
    replace(old, new)
    if when == 'after' and saves == number:
        die()


torch.save = save_or_die
os.replace = replace_and_die
sys.argv = sys.argv[3:]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name='__main__')
