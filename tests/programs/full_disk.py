"""Run a script where no file can grow beyond 100 kB, as if the disk were full.

Run: python tests/programs/full_disk.py SCRIPT option...

Needs the module `resource`, which Windows doesn't have.
"""
import os
import resource
import runpy
import signal
import sys

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name='__main__')
