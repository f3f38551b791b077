"""
Is what the course tells in numbers still so?
=============================================

Measures every claim of tests/claims.toml again, on the real data, with the seeds 7, 8
and 9, and prints what differs by more than its tolerance. With --facts it computes the
numbers that aren't measured, and names the sources of those that can't be computed.

Run: python tests/tools/measure_claims.py --data-dir DIR  (where the real data lies)
     python tests/tools/measure_claims.py --data-dir DIR --lessons 13 14
     python tests/tools/measure_claims.py --facts
"""
import argparse
import ast
import json
import math
import os
import re
import statistics
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from course import ROOT, edited, install, lesson, run, tomllib

LISTED = tomllib.loads((ROOT / 'tests/claims.toml').read_text(encoding='utf-8'),
                       parse_float=Decimal)  # which tells 88.0 from 88
CLAIMS, FACTS = LISTED['claim'], LISTED['fact']
SEEDS = (7, 8, 9)
FUNCTIONS = {'e': math.e, 'exp': math.exp, 'floor': math.floor, 'ln': math.log,
             'mean': statistics.fmean}
ARITHMETIC = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop,
              ast.Call, ast.Subscript, ast.Name, ast.Load, ast.Constant)


def compute(expression, names):
    """The value of an expression of numbers, FUNCTIONS and these names."""
    tree = ast.parse(expression, mode='eval')
    for node in ast.walk(tree):
        if not isinstance(node, ARITHMETIC):
            raise ValueError(f'"{expression}" in claims.toml is more than arithmetic: '
                             f'{type(node).__name__}')
    code = compile(tree, 'claims.toml', 'eval')
    return eval(code, {'__builtins__': {}}, {**FUNCTIONS, **names})


def computed(fact):
    """What the expressions of a fact give, rounded like its values, as Decimals."""
    named = {claim['name']: [float(value) for value in claim['values']]
             for claim in CLAIMS if 'name' in claim}
    found = []
    for expression, claimed in zip(fact['expressions'], fact['values']):
        exact = Decimal(compute(expression, named))
        found.append(exact.quantize(Decimal(claimed)))
    return found


def command(entry):
    """How the numbers of a claim or a fact are found again."""
    if 'lesson' in entry:
        return ('python tests/tools/measure_claims.py --data-dir DIR '
                f'--lessons {entry["lesson"]}')
    if 'expressions' in entry:
        return 'python tests/tools/measure_claims.py --facts'
    return entry['source']


def source_of(claim, path):
    """The source of the claim's lesson, with its changes made."""
    source = path.read_text(encoding='utf-8')
    for old, new in claim.get('changes', []):
        source = edited(source, old, new, path.name)
    return source


def output(claim, seed, data_dir, folder):
    """What the lesson of a claim prints, with its changes and one seed."""
    path = lesson(claim['lesson'], folder)
    original = path.read_text(encoding='utf-8')
    path.write_text(source_of(claim, path), encoding='utf-8')
    result = run(path, '--data', 'real', '--data-dir', data_dir, '--seed', seed,
                 '--device', 'cpu', '--figures', 'none', *claim.get('options', []),
                 env={'TORCH_HOME': os.path.join(data_dir, 'torch_home')}, timeout=3600)
    path.write_text(original, encoding='utf-8')
    if result.returncode:
        sys.exit(f'{path.name}: {result.stderr}')
    return result.stdout


def value(claim, stdout):
    """The number that is claimed, as found in what was printed."""
    n = [float(number) for number in re.findall(claim['find'], stdout)]
    if not n:
        sys.exit(f'{claim["what"]}: lesson {claim["lesson"]} prints nothing that fits '
                 f'the pattern {claim["find"]!r} of tests/claims.toml.')
    return compute(claim.get('value', 'n[-1]'), {'n': n})


def measure(claim, printed, data_dir, folder):
    """The values of a claim, one for each seed; printed: the output of earlier runs."""
    found = []
    for seed, _ in zip(SEEDS, claim['values']):
        key = json.dumps([claim['lesson'], claim.get('options'), claim.get('changes'),
                          seed])
        if key not in printed:
            printed[key] = output(claim, seed, data_dir, folder)
        found.append(round(value(claim, printed[key]), 3))
    return found


def measure_all(lessons, data_dir):
    """Print each claim beside what was measured; return how many are wrong."""
    printed, wrong = {}, 0
    with tempfile.TemporaryDirectory() as folder:
        copy = install(Path(folder, 'course'))
        for claim in CLAIMS:
            if lessons and claim['lesson'] not in lessons:
                continue
            found = measure(claim, printed, data_dir, copy)
            claimed = [float(number) for number in claim['values']]
            far = any(abs(one - other) > claim['tolerance']
                      for one, other in zip(found, claimed))
            wrong += far
            print('WRONG' if far else 'right', f'lesson {claim["lesson"]}:',
                  claim['what'], '| claimed', claimed, 'found', found, flush=True)
    return wrong


def check_facts():
    """Print each fact with what it is computed to, or its source."""
    wrong = 0
    for fact in FACTS:
        claimed = [str(number) for number in fact['values']]
        if 'expressions' not in fact:
            print('     ', fact['what'], claimed, 'from', fact['source'])
            continue
        found = [str(number) for number in computed(fact)]
        wrong += found != claimed
        print('right' if found == claimed else 'WRONG', fact['what'], '| claimed',
              claimed, 'computed', found)
    return wrong


def main():
    parser = argparse.ArgumentParser(description='Measure what is claimed.')
    parser.add_argument('--data-dir', help='where the real data lies')
    parser.add_argument('--lessons', nargs='+', help='only claims about these')
    parser.add_argument('--facts', action='store_true',
                        help='compute what is not measured')
    args = parser.parse_args()
    if args.facts:
        wrong = check_facts()
    elif args.data_dir:
        wrong = measure_all(args.lessons, os.path.abspath(args.data_dir))
    else:
        parser.error('give --data-dir DIR or --facts')
    sys.exit(f'{wrong} claims are wrong' if wrong else 0)


if __name__ == '__main__':
    main()
