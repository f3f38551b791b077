"""Run a lesson and say, as JSON, what each of its print statements wrote first.

python tests/print_results.py LESSON [OPTIONS]: the last line of the output is an object
from line numbers to text.
"""
import builtins
import io
import json
import os
import runpy
import sys

lesson = sys.argv.pop(1)
first, show = {}, builtins.print


def record(*values, **named):
    line = sys._getframe(1).f_lineno
    if sys._getframe(1).f_globals.get('__file__') == lesson and line not in first:
        text = io.StringIO()
        show(*values, file=text)
        first[line] = text.getvalue()
    show(*values, **named)


builtins.print = record
sys.argv[0] = lesson
sys.path[0] = os.path.dirname(os.path.abspath(lesson))  # as `python LESSON` has it
try:
    runpy.run_path(lesson, run_name='__main__')
finally:
    show(json.dumps(first))
