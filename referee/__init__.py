"""The referee watches a training run and names mistakes that raise no error.

In the shell:    python referee my_training.py --its-options
In a notebook:   import referee
                 referee.watch()    # before the training
                 referee.report()   # after it
"""

import sys

from .events import Watch
from .messages import lines
from .run import Run

_watch = None


def new_run(module=None):
    """A Run that all rules listen to."""
    from .rules import RULES

    run = Run()
    run.module = module
    run.files = {}
    for rule in RULES:
        run.listen(rule(run))
    return run


def watch():
    """Watch everything from now on. Calling it twice does no harm."""
    global _watch
    if _watch is None:
        _watch = Watch(new_run(sys.modules.get('__main__')))
        _watch.start()


def report():
    """Print what was found since watch() or the last report, and forget it."""
    global _watch
    if _watch is None:
        print('Referee: nothing was watched. Call referee.watch() first')
        return
    run = _watch.run
    run.guarded(run.end)
    name_cells(run)
    print('\n'.join(lines(run)))
    _watch.stop()
    _watch = None
    watch()


def name_cells(run):
    """The files of a notebook's cells are called 'cell 3' and so on."""
    for _, (file, _) in run.found:
        if 'ipykernel' in file or file.startswith('<ipython'):
            number = cell_number(file)
            run.files[file] = f'cell {number}' if number else file


def cell_number(file):
    """The number in front of the cell whose code has this file name, or None."""
    try:
        shell = get_ipython()  # noqa: F821
    except NameError:
        return None
    names = getattr(shell.compile, '_filename_map', {})
    return names.get(file)


def load_ipython_extension(shell):
    """%load_ext referee gives the magic %referee, which watches, and then reports."""

    def magic(line):
        if _watch is None:
            watch()
        else:
            report()

    shell.register_magic_function(magic, 'line', 'referee')
