"""Run a script where some packages cannot be imported, as if they weren't installed.

Run: python tests/programs/without.py 'NAME NAME...' SCRIPT option...
"""
import os
import runpy
import sys

for name in sys.argv[1].split():
    sys.modules[name] = None  # to import it raises ImportError
sys.argv = sys.argv[2:]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name='__main__')
