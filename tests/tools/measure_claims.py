"""
Is what the course tells in numbers still so?
=============================================

Measures every claim of tests/claims.toml again, on the real data, with the seeds 7, 8
and 9, and prints what differs by more than its tolerance. With --facts it computes the
numbers that no lesson prints, and names the sources of those that can't be computed.

Run: python tests/tools/measure_claims.py --data-dir DIR  (where the real data lies)
     python tests/tools/measure_claims.py --data-dir DIR --lessons 13 14
     python tests/tools/measure_claims.py --facts
     python tests/tools/measure_claims.py --facts --data-dir DIR  (also those of images)
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
from course import ROOT, edited, install, lesson, run, tomllib, uses_helper

LISTED = tomllib.loads(
    (ROOT / 'tests/claims.toml').read_text(encoding='utf-8'), parse_float=Decimal
)  # which tells 88.0 from 88
CLAIMS, FACTS, SECONDS = LISTED['claim'], LISTED['fact'], LISTED['seconds']
SEEDS = (7, 8, 9)
FUNCTIONS = {
    'e': math.e,
    'exp': math.exp,
    'floor': math.floor,
    'ln': math.log,
    'max': max,
    'mean': statistics.fmean,
    'min': min,
}
ARITHMETIC = (
    ast.Expression,
    ast.BinOp,
    ast.UnaryOp,
    ast.operator,
    ast.unaryop,
    ast.Call,
    ast.Subscript,
    ast.Name,
    ast.Load,
    ast.Constant,
)


def compute(expression, names):
    """The value of an expression of numbers, FUNCTIONS and these names."""
    tree = ast.parse(expression, mode='eval')
    for node in ast.walk(tree):
        if not isinstance(node, ARITHMETIC):
            raise ValueError(
                f'"{expression}" in claims.toml is more than arithmetic: '
                f'{type(node).__name__}'
            )
    code = compile(tree, 'claims.toml', 'eval')
    return eval(code, {'__builtins__': {}}, {**FUNCTIONS, **names})


def rounded(fact, exact):
    """These numbers as Decimals with as many decimals as the values of a fact."""
    return [
        Decimal(number).quantize(Decimal(claimed))
        for number, claimed in zip(exact, fact['values'])
    ]


def computed(fact):
    """What the expressions of a fact give, rounded like its values."""
    named = {
        claim['name']: [float(value) for value in claim['values']]
        for claim in CLAIMS
        if 'name' in claim
    }
    return rounded(
        fact, [compute(expression, named) for expression in fact['expressions']]
    )


def of_dataset(fact, data_dir):
    """The mean and the standard deviation of a dataset's training images, from 0 to 1.

    fact['dataset'] is its name in torchvision.
    """
    import torch
    from torchvision import datasets

    images = getattr(datasets, fact['dataset'])(data_dir, train=True).data
    std, mean = torch.std_mean(images.float() / 255)
    return rounded(fact, [mean.item(), std.item()])


def of_weights(fact):
    """What torchvision says about pretrained weights, without downloading them.

    fact['weights'] is [their name in torchvision, what is asked: "size" is that of
    their file in MB, "mean" and "std" are those of their transform, or both].
    """
    from torchvision import models

    name, *asked = fact['weights']
    weights = models.get_weight(name)
    transform = weights.transforms()
    known = {
        'size': [weights.meta['_file_size']],
        'mean': transform.mean,
        'std': transform.std,
    }
    return rounded(fact, [number for what in asked for number in known[what]])


def command(entry):
    """How the numbers of a claim or a fact are found again."""
    if 'lesson' in entry:
        return (
            'python tests/tools/measure_claims.py --data-dir DIR '
            f'--lessons {entry["lesson"]}'
        )
    if 'dataset' in entry:
        return 'python tests/tools/measure_claims.py --facts --data-dir DIR'
    if 'expressions' in entry or 'weights' in entry:
        return 'python tests/tools/measure_claims.py --facts'
    return entry['source']


def source_of(claim, path):
    """The source of the claim's lesson, with its changes made."""
    source = path.read_text(encoding='utf-8')
    for old, new in claim.get('changes', []):
        source = edited(source, old, new, path.name, listed_in='tests/claims.toml')
    return source


def output(claim, seed, data_dir, folder):
    """What the lesson of a claim prints, with its changes and one seed."""
    path = lesson(claim['lesson'], folder)
    original = path.read_text(encoding='utf-8')
    path.write_text(source_of(claim, path), encoding='utf-8')
    usual = ['--data-dir', data_dir, '--seed', seed, '--device', 'cpu']
    if uses_helper(path):
        usual += ['--data', 'real', '--figures', 'none']
    result = run(
        path,
        *usual,
        *claim.get('options', []),
        env={'TORCH_HOME': os.path.join(data_dir, 'torch_home')},
        timeout=3600,
    )
    path.write_text(original, encoding='utf-8')
    if result.returncode:
        sys.exit(f'{path.name}: {result.stderr}')
    return result.stdout


def value(claim, stdout):
    """The number that is claimed, as found in what was printed."""
    n = []
    for match in re.finditer(claim['find'], stdout):
        n += [float(number) for number in match.groups()]
    if not n:
        sys.exit(
            f'{claim["what"]}: lesson {claim["lesson"]} prints nothing that fits '
            f'the pattern {claim["find"]!r} of tests/claims.toml.'
        )
    return compute(claim.get('value', 'n[-1]'), {'n': n})


def measure(claim, printed, data_dir, folder):
    """The values of a claim, one for each seed; printed: the output of earlier runs."""
    found = []
    for seed, _ in zip(SEEDS, claim['values']):
        key = json.dumps(
            [claim['lesson'], claim.get('options'), claim.get('changes'), seed]
        )
        if key not in printed:
            printed[key] = output(claim, seed, data_dir, folder)
        found.append(round(value(claim, printed[key]), 3))
    return found


def measure_all(lessons, data_dir):
    """Print each claim beside what was measured; return how many are wrong."""
    printed, wrong = {}, 0
    with tempfile.TemporaryDirectory() as folder:
        copy = install(Path(folder, 'course'), whole_text=True)
        for claim in CLAIMS:
            if lessons and claim['lesson'] not in lessons:
                continue
            found = measure(claim, printed, data_dir, copy)
            claimed = [float(number) for number in claim['values']]
            far = any(
                abs(one - other) > claim['tolerance']
                for one, other in zip(found, claimed)
            )
            wrong += far
            print(
                'WRONG' if far else 'right',
                f'lesson {claim["lesson"]}:',
                claim['what'],
                '| claimed',
                claimed,
                'found',
                found,
                flush=True,
            )
    return wrong


def check_facts(data_dir=None):
    """Print each fact with what it is computed to, or its source."""
    wrong = 0
    for fact in FACTS:
        claimed = [str(number) for number in fact['values']]
        if 'expressions' in fact:
            found = computed(fact)
        elif 'weights' in fact:
            found = of_weights(fact)
        elif 'dataset' in fact and data_dir:
            found = of_dataset(fact, data_dir)
        else:
            source = fact.get('source', 'the images, with --data-dir DIR')
            print('     ', fact['what'], '|', ', '.join(claimed), '| from', source)
            continue
        found = [str(number) for number in found]
        wrong += found != claimed
        print(
            'right' if found == claimed else 'WRONG',
            fact['what'],
            '| claimed',
            ', '.join(claimed),
            '| computed',
            ', '.join(found),
        )
    return wrong


def main():
    parser = argparse.ArgumentParser(description='Measure what is claimed.')
    parser.add_argument('--data-dir', help='where the real data lies')
    parser.add_argument('--lessons', nargs='+', help='only claims about these')
    parser.add_argument(
        '--facts', action='store_true', help='compute what is not measured'
    )
    args = parser.parse_args()
    if args.facts:
        wrong = check_facts(args.data_dir)
    elif args.data_dir:
        wrong = measure_all(args.lessons, os.path.abspath(args.data_dir))
    else:
        parser.error('give --data-dir DIR or --facts')
    sys.exit(f'{wrong} claims are wrong' if wrong else 0)


if __name__ == '__main__':
    main()
