"""Run a script and watch it: python referee my_training.py --its-own-options

    python referee my_training.py --epochs 3
    python referee -m package.module --epochs 3
    python referee my_notebook.ipynb

Options of the referee come before the script's name:

    --exit-zero   mistakes don't change the exit code (for torchrun, for example)
    --json        the report is one line of JSON

The exit code is the script's own. If that's 0 and there were mistakes, it's 1.
"""

import os
import runpy
import sys
import types
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def load():
    """Import the package that this file is in, and leave sys.path as it was."""
    if sys.path and sys.path[0] and Path(sys.path[0]).resolve() == FOLDER:
        del sys.path[0]
    sys.path.insert(0, str(FOLDER.parent))
    try:
        import referee
        from referee import events, messages
    finally:
        del sys.path[0]
    return referee, events, messages


def code_of(path):
    """What Python would run: the file, or the cells of a notebook."""
    return compile(path.read_bytes(), str(path), 'exec')


def run_script(path, run):
    sys.path.insert(0, str(path.parent))
    module = types.ModuleType('__main__')
    module.__file__ = str(path)
    module.__builtins__ = __builtins__
    sys.modules['__main__'] = module
    run.module = module
    if path.suffix == '.ipynb':
        run_cells(path, module, run)
    else:
        exec(code_of(path), vars(module))


def run_cells(path, module, run):
    import json

    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    code_cells = [cell for cell in cells if cell['cell_type'] == 'code']
    for number, cell in enumerate(code_cells, start=1):
        source = cell['source']
        source = source if isinstance(source, str) else ''.join(source)
        name = f'{path}, cell {number}'
        run.files[name] = f'cell {number}'
        plain = '\n'.join(
            f'pass  # {line}' if line.lstrip().startswith(('%', '!')) else line
            for line in source.splitlines()
        )
        exec(compile(plain, name, 'exec'), vars(module))


def run_module(name, run):
    sys.path.insert(0, os.getcwd())
    before = sys.argv
    run.module = None
    runpy.run_module(name, run_name='__main__', alter_sys=True)
    sys.argv = before


def without_own_frames(error):
    """The traceback without the frames of the referee in front of the script's."""
    trace = error.__traceback__
    while trace and Path(trace.tb_frame.f_code.co_filename).parent == FOLDER:
        trace = trace.tb_next
    while trace and trace.tb_frame.f_code.co_filename == runpy.__file__:
        trace = trace.tb_next
    return trace


def main():
    options = set()
    while len(sys.argv) > 1 and sys.argv[1] in ('--exit-zero', '--json'):
        options.add(sys.argv.pop(1))
    if len(sys.argv) < 2 or sys.argv[1] in ('-h', '--help'):
        sys.exit(__doc__)
    del sys.argv[0]
    as_module = sys.argv[0] == '-m'
    if as_module:
        del sys.argv[0]
        if not sys.argv:
            sys.exit(__doc__)
    path = Path(sys.argv[0])
    if not as_module and not path.is_file():
        sys.exit(f'{path} is not a file')

    referee, events, messages = load()
    run = referee.new_run()
    watch = events.Watch(run)
    watch.start()
    code = 0
    failed = False
    try:
        if as_module:
            run_module(sys.argv[0], run)
        else:
            run_script(path.resolve(), run)
    except SystemExit as end:
        code = end.code
        if code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except BaseException as error:
        failed = True
        code = 130 if isinstance(error, KeyboardInterrupt) else 1
        trace = without_own_frames(error)
        sys.excepthook(type(error), error.with_traceback(trace), trace)
    run.guarded(run.end)
    mistakes = False
    try:
        if '--json' in options:
            report = messages.as_json(run, failed)
        else:
            report = '\n' + '\n'.join(messages.lines(run, failed))
        mistakes = any(not one['remark'] for one in messages.verdicts(run))
    except Exception as error:  # of ours
        kind = type(error).__name__
        report = f'\nReferee: the report failed ({kind}: {error}), not your script'
    try:
        print(report, flush=True)
    except BrokenPipeError:  # as with `| head`, which stops reading
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if mistakes and '--exit-zero' not in options:
        code = code or 1
    sys.exit(code)


if __name__ == '__main__':
    main()
