"""
Something to write after each lesson, and what is wrong with it
===============================================================

Run: python exercises/check.py 14             the first time: gives you my/14.py
     python exercises/check.py 14             from then on: checks what you wrote there
     python exercises/check.py 14 --hint      one hint; --solution: one way to do it
     python exercises/check.py                how far you are
"""

import argparse
import ast
import faulthandler
import json
import os
import random
import re
import runpy
import subprocess
import sys
import traceback
import types
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
MY = HERE.parent / 'my'
SECONDS = 10  # after which a check is over
NUMBERS = sorted(
    (path.stem for path in HERE.glob('[0-9]*.py')),
    key=lambda stem: [int(part) for part in stem.split('_')],
)


class Verdict(NamedTuple):
    """What is said about an answer; str() makes of it the line that a learner reads.

    name: str, 'right' or the name of the mistake, which stays the same when the words
    are rewritten. If the answer raised an error, its type: 'NameError'.
    line: int, of the learner's file; None without one, '?' if an endless loop hides it.
    words: str, without a line break.
    """

    name: str
    line: int | None
    words: str

    def __str__(self):
        return f'line {self.line}: {self.words}' if self.line else self.words


RIGHT = Verdict('right', None, 'right')


# The message of an assert is a pair: the name of the mistake, and what a learner reads


def shaped(got, like, what='the result'):
    """Assert that `got` has the type of `like`, and as a tensor its shape and dtype."""
    kind, wanted = type(got).__name__, type(like).__name__
    assert isinstance(got, type(like)), (
        'wrong type',
        f'{what} is a {kind}, not a {wanted}',
    )
    if hasattr(like, 'shape'):
        assert got.shape == like.shape, (
            'wrong shape',
            f'{what} has the shape {list(got.shape)}, not {list(like.shape)}',
        )
        assert got.dtype == like.dtype, (
            'wrong dtype',
            f'{what} is {got.dtype}, not {like.dtype}',
        )


def seed_everything():
    """The same random numbers each time, wherever an answer draws them from."""
    import numpy as np
    import torch

    random.seed(7)
    np.random.seed(7)
    torch.manual_seed(7)


def judge(number, source, path):
    """Return the Verdict on an answer: RIGHT, or what is wrong with it, and where.

    source: the text of the answer, str or bytes. path: str, of the file that it stands
    in. Whatever the answer does but end Python or run forever, this returns a Verdict.
    """
    import torch

    answers, line = runpy.run_path(str(HERE / 'answers' / f'{number}.py')), None
    forbidden = {*answers.get('FORBIDDEN', ())}
    returns = {
        node.name
        for node in ast.parse(answers['SOLUTION']).body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(part, ast.Return) for part in ast.walk(node))
    }

    class Mine:  # the names of the answer
        def __getattr__(self, name):
            assert name in names, (
                'name is gone',
                f'there is no {name}: keep the names of the task',
            )
            value = names[name]
            if name not in returns or not isinstance(value, types.FunctionType):
                return value

            def call(*args, **named):
                nonlocal line
                if not written[name]:
                    line = value.__code__.co_firstlineno
                    raise AssertionError(
                        ('still empty', f'{name} is empty so far: write it here')
                    )
                result = value(*args, **named)
                assert result is not None, (
                    'returns nothing',
                    f'{name} returns nothing: print shows a result, return hands it on',
                )
                return result

            return call

    def trace(frame, event, arg):  # notes the line in which the answer last returned
        def inside(frame, event, arg):
            nonlocal at, line
            at = frame.f_lineno if frame.f_lineno in ends else at
            line = at or frame.f_lineno if event == 'return' else line
            return inside

        at = None  # a `with` comes back to its own line after the return in it
        return inside if frame.f_code.co_filename == path else None

    names = {'__name__': 'mine', '__file__': path}
    try:
        tree = ast.parse(source, path)
        for node in ast.walk(tree):
            used = {getattr(node, 'attr', '')}
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                used.update(name.name for name in node.names)
            line = getattr(node, 'lineno', None)
            assert '*' not in used or not forbidden, (
                'imports all names',
                'import what you need by its name',
            )
            assert not used & forbidden, (
                'uses what is forbidden',
                f'{min(used & forbidden)} does it for you: the task is to do without',
            )
        line, nodes = None, [*ast.walk(tree)]
        ends = {node.lineno for node in nodes if isinstance(node, ast.Return)}
        written = {
            node.name: ast.unparse(node.body[-1]) != '...'
            for node in nodes
            if isinstance(node, ast.FunctionDef)
        }
        seed_everything()
        exec(compile(tree, path, 'exec'), names)
        seed_everything()
        sys.settrace(trace)
        answers['check'](Mine())
        return RIGHT
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever an answer can raise, SystemExit too
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == path]
        name = kind = type(error).__name__
        words = str(error)
        own = frames[-1].filename == path  # an assert of the answer names no mistake
        if isinstance(error, AssertionError) and not own:
            message = error.args[0] if error.args else ''
            if isinstance(message, tuple) and len(message) == 2:
                name, words = message
        if isinstance(error, SyntaxError):
            lines, words = [error.lineno], error.msg
        words = ' '.join(str(words).split())
        if lines or not isinstance(error, AssertionError):
            words = f'{kind}: {words}'
        return Verdict(name, lines[-1] if lines else line, words)
    finally:  # the next answer is to find torch as it always is
        sys.settrace(None)
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)


def judge_apart(numbers):
    """Return {number: Verdict} of the files in my/, judged in another process."""
    verdicts = {}
    while left := [number for number in numbers if number not in verdicts]:
        result = subprocess.run(
            [sys.executable, __file__, '--judge', *left],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding='utf-8',
            errors='replace',
            env={**os.environ, 'MPLBACKEND': 'agg'},
        )
        for line in re.findall(r'^verdict (.*)$', result.stderr, flags=re.M):
            number, *verdict = json.loads(line)
            verdicts[number] = Verdict(*verdict)
        if left := [number for number in left if number not in verdicts]:
            number = left[0]  # it ended the process
            verdicts[number] = Verdict('ended Python', None, 'it ended Python')
            if 'Timeout (' in result.stderr:
                at = re.search(rf'{number}\.py", line (\d+)', result.stderr)
                verdicts[number] = Verdict(
                    'not over',
                    int(at[1]) if at else '?',
                    f'not over after {SECONDS} seconds, a loop without an end?',
                )
    return verdicts


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n')[0])
    add = parser.add_argument
    add('number', nargs='?', choices=NUMBERS, metavar='NUMBER', help='as of the lesson')
    add('--hint', action='store_true', help='one hint')
    add('--solution', action='store_true', help='one way to do it')
    add('--judge', nargs='+', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.judge:
        import torch

        torch.set_num_threads(1)
        torch.optim.SGD([torch.zeros(1)]).step()  # loads what takes long, off the clock
        for number in args.judge:
            path = MY / f'{number}.py'
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            verdict = judge(number, path.read_bytes(), str(path))
            line = json.dumps([number, *verdict])
            print('verdict', line, file=sys.stderr, flush=True)
        return
    tasks = {number: (HERE / f'{number}.py').read_text('utf-8') for number in NUMBERS}
    begun = [number for number in NUMBERS if (MY / f'{number}.py').exists()]
    if args.number and (args.hint or args.solution):
        answers = runpy.run_path(str(HERE / 'answers' / f'{args.number}.py'))
        print(answers['HINT' if args.hint else 'SOLUTION'].strip())
    elif args.number in begun:
        verdict = judge_apart([args.number])[args.number]
        before = ', ' if verdict.line else ': '
        print(f'my/{args.number}.py{before}{verdict}')
        sys.exit(verdict != RIGHT)
    elif args.number:
        MY.mkdir(exist_ok=True)
        (MY / f'{args.number}.py').write_text(tasks[args.number], 'utf-8')
        print(
            f'{tasks[args.number]}\nThis is my/{args.number}.py now. Write there, '
            'and run the same command again.'
        )
    else:
        verdicts = judge_apart(begun)
        for number, task in tasks.items():
            state = verdicts.get(number, 'not begun')
            if number in begun and state != RIGHT:
                state = f'not yet, {state}'
            title = ast.get_docstring(ast.parse(task)).splitlines()[0]
            print(f'{number:5} {title:42} {state}')


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        sys.exit('stopped')
