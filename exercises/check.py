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
import re
import runpy
import subprocess
import sys
import traceback
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
MY = HERE.parent / 'my'
SECONDS = 10  # after which a check is over
NUMBERS = sorted((path.stem for path in HERE.glob('[0-9]*.py')),
                 key=lambda stem: [int(part) for part in stem.split('_')])


def shaped(got, like, what='the result'):
    """Assert that `got` has the type, and as a tensor the shape and dtype, of `like`."""
    kind, wanted = type(got).__name__, type(like).__name__
    assert isinstance(got, type(like)), f'{what} is a {kind}, not a {wanted}'
    if hasattr(like, 'shape'):
        assert got.shape == like.shape, (
            f'{what} has the shape {list(got.shape)}, not {list(like.shape)}')
        assert got.dtype == like.dtype, f'{what} is {got.dtype}, not {like.dtype}'


def judge(number, source, path):
    """Return 'right', or in one line what is wrong with an answer, and in which line.

    source: the text of the answer, a str. path: of the file that it stands in. Whatever
    the answer does but end Python or run forever, this returns a str.
    """
    import torch

    answers, line = runpy.run_path(str(HERE / 'answers' / f'{number}.py')), None
    returns = {node.name for node in ast.parse(answers['SOLUTION']).body
               if isinstance(node, ast.FunctionDef) and any(
                   isinstance(part, ast.Return) for part in ast.walk(node))}

    class Mine:  # the names of the answer
        def __getattr__(self, name):
            assert name in names, f'there is no {name}: keep the names of the task'
            value = names[name]
            if name not in returns or not isinstance(value, types.FunctionType):
                return value

            def call(*args, **named):
                result = value(*args, **named)
                assert result is not None, (
                    f'{name} returns nothing: print shows a result, return hands it on')
                return result
            return call

    def trace(frame, event, arg):  # notes the line in which the answer last returned
        nonlocal line
        if frame.f_code.co_filename != str(path):
            return None
        line = frame.f_lineno if event == 'return' else line
        return trace

    names = {'__name__': 'mine', '__file__': str(path)}
    try:
        tree = ast.parse(source, str(path))
        for node in ast.walk(tree):
            name = getattr(node, 'attr', None) or (
                isinstance(node, ast.alias) and node.name)
            line = getattr(node, 'lineno', None)
            assert name not in answers.get('FORBIDDEN', ()), (
                f'{name} does it for you: the task is to do without')
        line = None
        torch.manual_seed(7)
        exec(compile(tree, str(path), 'exec'), names)
        torch.manual_seed(7)
        sys.settrace(trace)
        answers['check'](Mine())
        return 'right'
    except BaseException as error:  # SystemExit, too
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(path)]
        words = ' '.join(str(error).split())
        if isinstance(error, SyntaxError):
            lines, words = [error.lineno], error.msg
        if lines or not isinstance(error, AssertionError):
            words = f'{type(error).__name__}: {words}'
        where = lines[-1] if lines else line
        return f'line {where}: {words}' if where else words
    finally:
        sys.settrace(None)


def judge_apart(numbers):
    """Return {number: verdict} of the files in my/, judged in another process."""
    verdicts = {}
    while left := [number for number in numbers if number not in verdicts]:
        result = subprocess.run([sys.executable, __file__, '--judge', *left],
                                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                text=True, env={**os.environ, 'MPLBACKEND': 'agg'})
        verdicts |= dict(json.loads(line) for line in re.findall(
            r'^verdict (.*)$', result.stderr, flags=re.M))
        if left := [number for number in left if number not in verdicts]:
            number = left[0]  # it ended the process
            at = re.search(rf'{number}\.py", line (\d+)', result.stderr)
            verdicts[number] = f'line {at[1]}: ' * bool(at) + (
                f'not over after {SECONDS} seconds: a loop without an end?'
                if 'Timeout (' in result.stderr else 'it ended Python')
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
        for number in args.judge:
            path = MY / f'{number}.py'
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            verdict = judge(number, path.read_text(encoding='utf-8'), path)
            print('verdict', json.dumps([number, verdict]), file=sys.stderr, flush=True)
        return
    tasks = {number: HERE / f'{number}.py' for number in NUMBERS}
    begun = [number for number in NUMBERS if (MY / f'{number}.py').exists()]
    if args.number and (args.hint or args.solution):
        text = runpy.run_path(str(HERE / 'answers' / f'{args.number}.py'))
        print(text['HINT' if args.hint else 'SOLUTION'].strip())
    elif args.number in begun:
        verdict = judge_apart([args.number])[args.number]
        print(f'my/{args.number}.py:', verdict)
        sys.exit(verdict != 'right')
    elif args.number:
        MY.mkdir(exist_ok=True)
        task = tasks[args.number].read_text(encoding='utf-8')
        (MY / f'{args.number}.py').write_text(task, encoding='utf-8')
        print(f'{task}\nThis is my/{args.number}.py now. Write there, then run '
              'this command again.')
    else:
        verdicts = judge_apart(begun) if begun else {}
        for number in NUMBERS:
            title = ast.get_docstring(ast.parse(tasks[number].read_text('utf-8')))
            print(f'{number:5} {title.splitlines()[0]:40} '
                  f'{verdicts.get(number, "not begun")}')


if __name__ == '__main__':
    main()
