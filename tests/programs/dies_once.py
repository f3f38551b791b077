"""Run a script in several processes, one of which is killed in the first attempt.

Run: torchrun ... tests/programs/dies_once.py RANK STEP SCRIPT option...

RANK: of the process that is killed. STEP: after which step of its optimizer, from 1.
"""
import os
import runpy
import signal
import sys

from torch.optim.optimizer import register_optimizer_step_post_hook

last = int(sys.argv[2])
steps = 0


def die_after_the_last(*_):
    global steps
    steps += 1
    if steps == last:
        print('this process is killed', file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)


if (os.environ['RANK'], os.environ['TORCHELASTIC_RESTART_COUNT']) == (sys.argv[1], '0'):
    register_optimizer_step_post_hook(die_after_the_last)
sys.argv = sys.argv[3:]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name='__main__')
