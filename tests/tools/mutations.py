"""
What would the tests notice?
============================

Makes mistakes in the course, one at a time, each in a copy of it, and runs the tests
that could notice. It prints which mistakes were noticed and which survived, and at the
end how many of how many, by kind and by area.

Run: python tests/tools/mutations.py --count 60 --seed 7
     python tests/tools/mutations.py --count 60 --seed 7 --list       (only names them)
     python tests/tools/mutations.py --count 5 --only helper.py --jobs 2

A sample of 60 takes hours. Each result is kept in .mutations/results.jsonl at once, so
a run that was cut off goes on where it was: give the same command again. To measure
anew because the tests have changed, remove that file or name another with --results.
The tests run without COURSE_DATA, so what only the real data would show survives. A
mistake that changes nothing anybody could observe goes into harmless.toml.

Why not cosmic-ray, which does this for other projects? It takes new kinds of mistakes
only from an installed package, and here nearly all kinds are new (loaders, `dim`,
shapes in comments). A session of it has one test command for all files, runs one
mistake after the other in the working tree, and otherwise needs servers in clones from
git. What is left would be to replace a piece of text and to run a command.
"""

import argparse
import ast
import collections
import concurrent.futures
import dataclasses
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tokenize
from pathlib import Path

try:
    import tomllib
except ImportError:  # Python 3.10, where pytest brings it along
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent.parent
HARMLESS = Path(__file__).with_name('harmless.toml')


# ----------------------------------------------------------------------------------
# Where mistakes are made, and which tests could notice them

AREAS = {
    'lessons': ['codes/*.py'],
    'helper': ['helper.py'],
    'referee': ['referee/*.py', 'referee/rules/*.py'],
    'exercises': ['exercises/check.py', 'exercises/answers/*.py'],
    'photos': ['data/prepare_photos.py'],
    'docs': ['docs/*.py'],
}

# Lessons are most of the course, so they get three of eight turns.
TURNS = [
    'lessons',
    'helper',
    'lessons',
    'referee',
    'lessons',
    'exercises',
    'photos',
    'docs',
]

# The first pattern that fits a file says which tests run, in the folder tests/, one
# line of arguments after the other until one of them fails. {stem} is the name of the
# file, as it stands in the name of every test about a lesson.
TESTS = {
    'codes/*.py': ['-k {stem}', 'test_form.py test_claims.py test_readme.py'],
    'helper.py': [
        'test_helper.py test_data.py test_photos.py test_figures.py',
        'test_lessons.py',
    ],
    'referee/*.py': ['test_referee.py test_bugs.py'],
    'referee/rules/*.py': ['test_referee.py test_bugs.py'],
    'exercises/check.py': ['test_exercises.py'],
    'exercises/answers/*.py': ['test_exercises.py -k "[{stem}] or [{stem}-"'],
    'data/prepare_photos.py': ['test_photos.py'],
    'docs/draw_pictures.py': ['test_pictures.py'],
    'docs/*.py': ['test_site.py test_pictures.py'],
}
# Where the site was built, it is built again with the mistake before its tests run.
SITE_FILES = ['docs/conf.py', 'docs/notebooks.py', 'docs/pages.py']
BUILD_SITE = '-m sphinx -W -q docs docs/_build/html'


def area_of(file):
    """The area that a file, such as 'codes/2_multilayer.py', belongs to."""
    for area, patterns in AREAS.items():
        if any(Path(file).match(pattern) for pattern in patterns):
            return area
    raise ValueError(f'{file} is in no area of AREAS in {__file__}')


def tests_of(file):
    """The pytest arguments for a file, a tuple of lines."""
    for pattern, lines in TESTS.items():
        if Path(file).match(pattern):
            return tuple(line.format(stem=Path(file).stem) for line in lines)
    raise ValueError(f'{file} fits no pattern of TESTS in {__file__}')


def course_files(root, only=''):
    """The files in which mistakes are made, as text, relative to the course."""
    files = []
    for patterns in AREAS.values():
        for pattern in patterns:
            for path in sorted(root.glob(pattern)):
                files.append(path.relative_to(root).as_posix())
    return [file for file in files if only in file]


# ----------------------------------------------------------------------------------
# A mistake, and the source in which it is made


@dataclasses.dataclass(frozen=True)
class Mistake:
    """One piece of a file, replaced.

    start, end: where the piece is, as positions in the text. line: its first line,
    from 1. old, new: the whole lines, before and after. id: the same as long as these
    lines stay as they are, wherever they stand in the file.
    """

    file: str
    kind: str
    start: int
    end: int
    text: str
    line: int
    old: str
    new: str
    id: str

    @property
    def area(self):
        return area_of(self.file)

    def made_in(self, source):
        """The text of the file with the mistake in it."""
        return source[: self.start] + self.text + source[self.end :]

    def __str__(self):
        return f'{self.file}:{self.line}  {self.kind}  {self.old} -> {self.new}'


class Source:
    """The text of a file, its syntax tree, and where in the text each node is."""

    def __init__(self, text):
        self.text = text
        self.tree = ast.parse(text)
        self.nodes = list(ast.walk(self.tree))
        self.lines = text.splitlines(keepends=True)
        self.line_starts = [0]
        for line in self.lines:
            self.line_starts.append(self.line_starts[-1] + len(line))
        self.parents = {}
        for node in self.nodes:
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node

    def position(self, lineno, column):
        """The place in the text; ast counts columns in bytes of UTF-8."""
        before = self.lines[lineno - 1].encode('utf-8')[:column].decode('utf-8')
        return self.line_starts[lineno - 1] + len(before)

    def start(self, node):
        return self.position(node.lineno, node.col_offset)

    def end(self, node):
        return self.position(node.end_lineno, node.end_col_offset)

    def code(self, node):
        return self.text[self.start(node) : self.end(node)]

    def is_in_place(self, node):
        """False for some parts of f-strings, whose places Python 3.11 gets wrong."""
        try:
            found = ast.parse(f'({self.code(node)})', mode='eval').body
        except (SyntaxError, IndexError, UnicodeDecodeError):
            return False
        return ast.dump(found) == ast.dump(node).replace('Store()', 'Load()')

    def above(self, node):
        """The nodes around a node, the nearest first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def scope(self, node):
        """The function that a node is in, or the module."""
        for outer in self.above(node):
            if isinstance(outer, (ast.FunctionDef, ast.Lambda, ast.Module)):
                return outer
        return node

    def calls(self):
        return [node for node in self.nodes if isinstance(node, ast.Call)]


def called(call):
    """The last name of what is called: 'DataLoader' for utils.data.DataLoader(...)."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    if isinstance(call.func, ast.Name):
        return call.func.id
    return ''


# ----------------------------------------------------------------------------------
# The kinds of mistakes. Each function gets a Source and yields (kind, start, end,
# text): the piece from start to end is replaced by the text. Pieces are replaced rather
# than trees written anew, so that everything around them stays as it is. A few of these
# don't compile; the sample drops them.

METHODS = {
    'to',
    'eval',
    'train',
    'cpu',
    'detach',
    'clone',
    'item',
    'float',
    'contiguous',
    'requires_grad_',
}
SEEDS = {'manual_seed', 'manual_seed_all', 'seed', 'default_rng'}
SEED_KEYWORDS = {'generator', 'seed', 'random_state'}
SAFEGUARDS = {'encoding', 'map_location', 'weights_only'}
EITHER_WAY = {'max', 'min', 'equal', 'allclose'}  # their arguments can be exchanged


def statements(source):
    """A statement left out: replaced by `pass`.

    Not imports, and not the first assignment to a name: without those every run ends
    with a NameError, and to notice that is no merit.
    """
    bound = set()
    for node in sorted(
        (node for node in source.nodes if isinstance(node, ast.stmt)),
        key=lambda node: (node.lineno, node.col_offset),
    ):
        kind = 'statement'
        if isinstance(node, ast.Assign):
            key = source.scope(node), ast.unparse(node.targets)
            new_name = not isinstance(node.targets[0], (ast.Attribute, ast.Subscript))
            first = new_name and key not in bound
            bound.add(key)
            if first:
                continue
        elif isinstance(node, ast.Expr):
            if isinstance(node.value, ast.Constant):
                continue  # a docstring, or `...`
            if isinstance(node.value, ast.Call):
                name = called(node.value)
                method = isinstance(node.value.func, ast.Attribute) and name in METHODS
                kind = 'method' if method else kind
                kind = 'seed' if name in SEEDS else kind
        elif not isinstance(
            node,
            (
                ast.AugAssign,
                ast.Return,
                ast.Raise,
                ast.Break,
                ast.Continue,
                ast.Delete,
                ast.Assert,
            ),
        ):
            continue
        yield kind, source.start(node), source.end(node), 'pass'


def methods(source):
    """.to(device), .eval(), .train(), .cpu() and the like left out of an expression."""
    for call in source.calls():
        if isinstance(source.parents[call], ast.Expr):
            continue  # a statement of its own, see statements()
        if called(call) == 'deepcopy' and len(call.args) == 1:
            yield (
                'method',
                source.start(call),
                source.end(call),
                source.code(call.args[0]),
            )
        elif isinstance(call.func, ast.Attribute) and call.func.attr in METHODS:
            yield 'method', source.end(call.func.value), source.end(call), ''


def arguments(source):
    """An argument left out, or two exchanged that stand side by side."""
    for call in source.calls():
        given = sorted([*call.args, *call.keywords], key=source.start)
        for place, argument in enumerate(given):
            named = isinstance(argument, ast.keyword)
            starred = isinstance(argument, ast.Starred) or (named and not argument.arg)
            text = isinstance(argument, ast.Constant) and argument.value == 'utf-8'
            kind = 'argument left out'
            if text or (named and argument.arg in SAFEGUARDS):
                kind = 'safeguard'
            elif named and argument.arg in SEED_KEYWORDS:
                kind = 'seed'
            elif not named and (len(call.args) < 2 or argument is not call.args[-1]):
                continue  # a call without its only or its first argument just fails
            if starred:
                continue
            start, end = source.start(argument), source.end(argument)
            if place > 0:
                before = source.end(given[place - 1])
                comma = source.text.rfind(',', before, start)
                start = comma if comma >= 0 else start
            elif len(given) > 1:
                end = source.start(given[1])
            yield kind, start, end, ''
        for first, second in zip(call.args, call.args[1:]):
            pair = first, second
            starred = any(isinstance(argument, ast.Starred) for argument in pair)
            if starred or called(call) in EITHER_WAY:
                continue
            between = source.text[source.end(first) : source.start(second)]
            text = source.code(second) + between + source.code(first)
            yield 'arguments exchanged', source.start(first), source.end(second), text


def seeds(source):
    """A fixed seed in place of the one that was asked for."""
    for call in source.calls():
        if called(call) in SEEDS and len(call.args) == 1:
            argument = call.args[0]
            if not isinstance(argument, ast.Constant):
                yield 'seed', source.start(argument), source.end(argument), '7'


DIM_METHODS = {
    'sum',
    'mean',
    'argmax',
    'argmin',
    'max',
    'min',
    'softmax',
    'log_softmax',
    'cat',
    'stack',
    'squeeze',
    'unsqueeze',
    'flatten',
    'norm',
    'std',
    'var',
    'cumsum',
    'flip',
    'size',
    'unbind',
    'roll',
}
DIM_KEYWORDS = {'dim', 'axis', 'start_dim', 'end_dim', 'dims'}
BOUNDING = {'range', 'clamp', 'clamp_', 'clip', 'min', 'max'}
ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def role(source, node):
    """What a number is in the code: 'dim', 'index', 'bound', or just 'number'."""
    inner = node
    for outer in source.above(node):
        if isinstance(outer, ast.keyword):
            return 'dim' if outer.arg in DIM_KEYWORDS else 'number'
        if isinstance(outer, ast.Call):
            attribute = isinstance(outer.func, ast.Attribute)
            if attribute and called(outer) in DIM_METHODS and inner in outer.args:
                return 'dim'
            return 'bound' if called(outer) in BOUNDING else 'number'
        if isinstance(outer, ast.Slice):
            return 'bound'
        if isinstance(outer, ast.Subscript):
            return 'index' if inner is outer.slice else 'number'
        if isinstance(outer, ast.Compare):
            return 'bound' if isinstance(outer.ops[0], ORDER) else 'number'
        if not isinstance(outer, (ast.Tuple, ast.UnaryOp)):
            return 'number'
        inner = outer
    return 'number'


def another_number(kind, value):
    """A number in place of another; one that a hand could have slipped to."""
    if kind == 'dim':
        return 1 if value == 0 else 0
    if kind == 'index':
        return {0: 1, -1: 0}.get(value, value - 1 if value > 0 else value + 1)
    if isinstance(value, float):
        return value / 2 if value else 0.5
    if kind == 'bound' or abs(value) < 10:
        return value + 1
    return 2 * value


def numbers(source):
    """A number, a `dim`, an index or a bound changed."""
    for node in source.nodes:
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            value = node.value
            outer = source.parents[node]
            if isinstance(outer, ast.UnaryOp) and isinstance(outer.op, ast.USub):
                node, value = outer, -value
            if abs(value) == float('inf') or not source.is_in_place(node):
                continue
            kind = role(source, node)
            text = repr(another_number(kind, value))
            yield kind, source.start(node), source.end(node), text
        plain = ast.Name, ast.Attribute, ast.Call, ast.Subscript
        ends = []
        if isinstance(node, ast.Slice):
            ends = [node.upper]
        elif isinstance(node, ast.Call) and called(node) == 'range':
            ends = node.args[:2][-1:]
        for end in ends:
            if isinstance(end, plain) and source.is_in_place(end):
                yield 'bound', source.end(end), source.end(end), ' - 1'


COMPARISONS = {
    ast.Lt: ('<', ['<=', '>']),
    ast.LtE: ('<=', ['<']),
    ast.Gt: ('>', ['>=', '<']),
    ast.GtE: ('>=', ['>']),
    ast.Eq: ('==', ['!=']),
    ast.NotEq: ('!=', ['==']),
    ast.Is: ('is', ['is not']),
    ast.IsNot: ('is not', ['is']),
    ast.In: ('in', ['not in']),
    ast.NotIn: ('not in', ['in']),
    ast.And: ('and', ['or']),
    ast.Or: ('or', ['and']),
}
ARITHMETIC = {
    ast.Add: ('+', ['-']),
    ast.Sub: ('-', ['+']),
    ast.Mult: ('*', ['/']),
    ast.Div: ('/', ['*']),
    ast.FloorDiv: ('//', ['/']),
    ast.Pow: ('**', ['*']),
}


def operators(source):
    """A comparison or an operator changed, or a `not` left out."""
    for node in source.nodes:
        found = []
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            found = list(zip(sides, node.ops, sides[1:]))
        elif isinstance(node, ast.BoolOp):
            found = [(node.values[0], node.op, node.values[1])]
        elif isinstance(node, ast.BinOp):
            if not is_text(node.left) and not is_text(node.right):
                found = [(node.left, node.op, node.right)]
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
            start, end = source.end(node.target), source.start(node.value)
            yield ('arithmetic', start, end, source.text[start:end].replace('+=', '='))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield 'comparison', source.start(node), source.start(node.operand), ''
        for left, operator, right in found:
            kind = 'arithmetic' if type(operator) in ARITHMETIC else 'comparison'
            old, news = {**COMPARISONS, **ARITHMETIC}.get(type(operator), ('', []))
            if not source.is_in_place(node):
                continue
            start, end = source.end(left), source.start(right)
            place = source.text.find(old, start, end)
            for new in news if place >= 0 else ():
                yield kind, place, place + len(old), new


def is_text(node):
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


# In groups: each is exchanged for the next of its group.
STRINGS = [
    ['cpu', 'cuda'],
    ['mean', 'sum'],
    ['min', 'max'],
    ['r', 'w'],
    ['rb', 'wb'],
    ['show', 'save', 'none'],
    ['auto', 'real', 'synthetic'],
    ['RGB', 'L'],
    ['store_true', 'store_false'],
    ['MNIST', 'FashionMNIST'],
    ['gloo', 'nccl'],
    ['tab:blue', 'tab:orange'],
]
SETS = [['train', 'test', 'valid']]
NAMES = [
    ['BILINEAR', 'BICUBIC'],
    ['float32', 'float64'],
    ['bfloat16', 'float16'],
    ['int64', 'int32'],
]
WORDING = {'help', 'title', 'label', 'description', 'usage'}  # no test should hold it


def options(source):
    """A string option, a switch or a name such as torch.float32 changed."""
    given = keyword_strings(source)
    for node in source.nodes:
        start = source.start(node) if hasattr(node, 'lineno') else 0
        kind, new = 'option', None
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            new = str(not node.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            outer = source.parents[node]
            keyword = outer.arg if isinstance(outer, ast.keyword) else None
            if isinstance(outer, (ast.Expr, ast.JoinedStr)) or keyword in WORDING:
                continue
            kind = 'same kind' if next_in(SETS, node.value) else kind
            other = next_in([*STRINGS, *SETS, given[keyword]], node.value)
            new = repr(other) if other else None
        elif isinstance(node, ast.Attribute):
            start = source.end(node) - len(node.attr)
            new = next_in(NAMES, node.attr)
        if new and source.is_in_place(node):
            yield kind, start, source.end(node), new


def keyword_strings(source):
    """{keyword: the one-word strings that the file gives to it, in order}."""
    found = collections.defaultdict(list)
    for call in source.calls():
        for keyword in call.keywords:
            value = getattr(keyword.value, 'value', None)
            if isinstance(value, str) and re.fullmatch(r'[\w:.-]+', value):
                if value not in found[keyword.arg]:
                    found[keyword.arg].append(value)
    return found


def next_in(groups, value):
    """What comes after a value in its group, or None if no group has it."""
    for group in groups:
        if value in group and len(group) > 1:
            return group[(group.index(value) + 1) % len(group)]
    return None


PARTS = re.compile('train|valid|test', re.IGNORECASE)


def same_kind(source):
    """One loader, set, list ... in place of another of the same kind.

    Names are of the same kind if a function, or the module, sets them all and they
    differ only in train, valid, test; or are results of one call, or of calls of the
    same function; or start as the same kind of list or dict.
    """
    groups = collections.defaultdict(list)  # {(scope, what they have in common): names}
    for node in source.nodes:
        if isinstance(node, ast.Assign):
            for name, common in bound_names(node):
                names = groups[source.scope(node), common]
                if name not in names:
                    names.append(name)
    for node in source.nodes:
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        for scope in source.above(node):
            members = [
                names
                for (where, _), names in groups.items()
                if where is scope and node.id in names
            ]
            if members:
                other = next_in(members, node.id)
                if other and source.is_in_place(node):
                    yield 'same kind', source.start(node), source.end(node), other
                break


def bound_names(node):
    """(name, what it has in common with others), from the strongest reason on."""
    target, value = node.targets[0], node.value
    pairs = [(target, value)]
    if isinstance(target, ast.Tuple):
        same = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
        values = value.elts if same else [value] * len(target.elts)
        pairs = list(zip(target.elts, values))
    names = [(one, made) for one, made in pairs if isinstance(one, ast.Name)]
    for one, _ in names:
        if PARTS.search(one.id):
            yield one.id, PARTS.sub('*', one.id)
    for one, made in names:
        if made is value and isinstance(target, ast.Tuple):
            yield one.id, ast.unparse(target)
        elif isinstance(made, ast.Call):
            yield one.id, f'{called(made)}()'
        elif isinstance(made, (ast.List, ast.Dict, ast.Set)):
            yield one.id, type(made).__name__


def blocks(source):
    """A `with` left out, which keeps its block, and a decorator left out."""
    for node in source.nodes:
        if isinstance(node, ast.With):
            if not any(item.optional_vars for item in node.items):
                end = source.end(node.items[-1].context_expr)
                yield 'with', source.start(node), end, 'if True'
        for decorator in getattr(node, 'decorator_list', []):
            start = source.text.rindex('@', 0, source.start(decorator))
            yield 'decorator', start, source.end(decorator), ''


def comments(source, shapes_only=False):
    """A number, or True and False, in a comment changed; not in `Try:` and headings."""
    in_try = 0  # the line after which a text that began with Try may go on
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type != tokenize.COMMENT:
            continue
        text, line = token.string, token.start[0]
        alone = token.line.lstrip().startswith('#')
        if text.startswith('# Try') or (alone and in_try == line - 1):
            in_try = line if not text.startswith('# Exercise') else 0
            continue
        if text.startswith(('# %%', '#!')) or 'noqa' in text:
            continue
        offset = source.line_starts[line - 1] + token.start[1]
        shapes = [match.span() for match in re.finditer(r'\[[\w, *.]*\]', text)]
        for match in re.finditer(r'(?<![\w.])\d[\d,]*(?:\.\d+)?(?!\w)', text):
            in_shape = any(a <= match.start() < b for a, b in shapes)
            if in_shape or not shapes_only:
                number = match[0].rstrip(',')
                end = match.start() + len(number)
                digit = str((int(number[-1]) + 1) % 10)
                yield 'comment', offset + end - 1, offset + end, digit
        for match in re.finditer(r'\b(True|False)\b', text):
            if not alone and not shapes_only:
                other = {'True': 'False', 'False': 'True'}[match[0]]
                yield 'comment', offset + match.start(), offset + match.end(), other


KINDS = [
    statements,
    methods,
    arguments,
    seeds,
    numbers,
    operators,
    options,
    same_kind,
    blocks,
    comments,
]


# ----------------------------------------------------------------------------------
# All mistakes of a file, and those that nobody could notice


def mistakes_in(file, text, shapes_only=False):
    """The mistakes that can be made in a file, in the order of its text.

    shapes_only: of comments, change only shapes: other numbers are no promise there.
    """
    source = Source(text)
    pieces = set()
    for make in KINDS:
        if make is comments:
            pieces.update(comments(source, shapes_only))
        else:
            pieces.update(make(source))
    seen = collections.Counter()
    found = []
    in_order = sorted(pieces, key=lambda piece: (piece[1], piece[2], piece))
    for kind, start, end, new in in_order:
        if text[start:end] == new:
            continue
        first = text.rfind('\n', 0, start) + 1
        last = text.find('\n', end)
        last = len(text) if last < 0 else last
        old_lines = ' '.join(text[first:last].split())
        new_lines = ' '.join((text[first:start] + new + text[end:last]).split())
        same = file, kind, old_lines, new_lines
        number = seen[same]
        seen[same] += 1
        key = hashlib.sha256(json.dumps([*same, number]).encode()).hexdigest()[:12]
        line = text.count('\n', 0, start) + 1
        found.append(
            Mistake(file, kind, start, end, new, line, old_lines, new_lines, key)
        )
    return found


def course_texts(root, only=''):
    """{file: its text} of the files in which mistakes are made."""
    return {
        file: (root / file).read_text(encoding='utf-8')
        for file in course_files(root, only)
    }


def all_mistakes(texts):
    found = []
    for file, text in texts.items():
        found += mistakes_in(file, text, shapes_only=area_of(file) != 'lessons')
    return found


def can_be_run(mistake, text):
    """Whether the file compiles with the mistake in it, and means something else."""
    mistaken = mistake.made_in(text)
    try:
        compile(mistaken, mistake.file, 'exec', dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    if mistake.kind == 'comment':
        return True
    return ast.dump(ast.parse(mistaken)) != ast.dump(ast.parse(text))


def words(code):
    """A piece of code without its layout, and with one kind of quotes."""
    found = re.findall(r'\w+|[^\w\s]', code.replace('"', "'"))
    return f' {" ".join(found)} '


def harmless_entries(path=HARMLESS):
    return tomllib.loads(path.read_text(encoding='utf-8')).get('harmless', [])


def is_harmless(mistake, text, entries):
    """Whether an entry of harmless.toml names this mistake; layout doesn't matter."""
    for entry in entries:
        if Path(mistake.file).match(entry['file']):
            changed = words(text).replace(words(entry['old']), words(entry['new']), 1)
            if words(changed) == words(mistake.made_in(text)):
                return True
    return False


def fault_of(entry, texts):
    """What is wrong with an entry of harmless.toml, or ''. texts: {file: its text}."""
    if not entry.get('reason', '').strip():
        return 'gives no reason'
    times = [
        words(text).count(words(entry['old']))
        for file, text in texts.items()
        if Path(file).match(entry['file'])
    ]
    if not any(times):
        return 'has code that occurs in no such file'
    if max(times) > 1:
        return f'has code that occurs {max(times)} times in a file; it must occur once'
    return ''


# ----------------------------------------------------------------------------------
# The sample


def draw(seed, *key):
    """A number that depends on the seed and the key, and on nothing else."""
    return hashlib.sha256(json.dumps([seed, *key]).encode()).hexdigest()


def sample(mistakes, texts, count, seed, entries=()):
    """Choose `count` mistakes so that each area and each kind gets its share.

    The areas take turns, in the order of TURNS. An area whose turn it is gives a
    mistake of the kind of which there are fewest so far. Which one, the seed decides
    for each mistake alone, so a change of the course changes little of the sample, and
    a longer sample begins with the shorter one.
    """
    cells = collections.defaultdict(lambda: collections.defaultdict(list))
    for mistake in sorted(mistakes, key=lambda one: draw(seed, one.id), reverse=True):
        cells[mistake.area][mistake.kind].append(mistake)
    chosen = []
    taken = collections.Counter()
    while len(chosen) < count and any(cells.values()):
        for area in TURNS:
            kinds = cells[area]
            found = None
            while kinds and not found:
                kind = min(kinds, key=lambda kind: (taken[kind], draw(seed, kind)))
                found = kinds[kind].pop()
                if not kinds[kind]:
                    del kinds[kind]
                text = texts[found.file]
                if not can_be_run(found, text) or is_harmless(found, text, entries):
                    found = None
            if found and len(chosen) < count:
                taken[found.kind] += 1
                chosen.append(found)
    return chosen


# ----------------------------------------------------------------------------------
# Running

GENERATED = [
    '.git',
    '.venv*',
    '.mutations',
    '.pytest_cache',
    '.ruff_cache',
    'my',
    '__pycache__',
    'figures',
    'checkpoints',
]
SITE = ['_build', 'lessons', 'notes', 'notebooks']  # in docs/, made by sphinx-build
LARGE = 'data/synthetic'  # linked: nothing writes there
PYTEST = '-m pytest -x -q -p no:cacheprovider'
RUNNING = set()  # the processes of this moment, to be ended if the tool is stopped
LOCK = threading.Lock()
STOPPED = threading.Event()


def copy_course(root, copy, with_site):
    """Copy what is in the repository, and the site as well if that is wanted."""

    def left_out(folder, names):
        out = shutil.ignore_patterns(*GENERATED)(folder, names)
        if Path(folder) == root / 'docs' and not with_site:
            out |= set(SITE)
        if Path(folder) == root / 'data':  # real data lies beside these
            out |= {
                name
                for name in names
                if not name.endswith(('.md', '.py')) and name != 'synthetic'
            }
        if Path(folder) == root / LARGE:
            out |= {name for name in names if Path(folder, name).is_dir()}
        return out

    shutil.copytree(root, copy, ignore=left_out, symlinks=True)
    for path in (root / LARGE).glob('*/'):
        if path.is_dir():
            (copy / LARGE / path.name).symlink_to(path, target_is_directory=True)


def stop(process):
    """End a process, and on Linux and macOS all that it started."""
    if hasattr(os, 'killpg'):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # it ended by itself
            pass
    process.kill()
    process.wait()


def command(line, folder, timeout):
    """Run Python with these arguments, and return its exit code and its output.

    The code is 'hangs' if it isn't over after `timeout` seconds.
    """
    env = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONDONTWRITEBYTECODE': '1'}
    env.pop('COURSE_DATA', None)
    with tempfile.TemporaryFile() as output:  # a pipe would wait for grandchildren
        with LOCK:
            if STOPPED.is_set():
                raise RuntimeError('stopped')
            process = subprocess.Popen(
                [sys.executable, *shlex.split(line)],
                cwd=folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # so that stop() reaches what it starts
            RUNNING.add(process)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = 'hangs'
        finally:
            stop(process)
            with LOCK:
                RUNNING.discard(process)
        output.seek(0)
        return code, output.read().decode('utf-8', errors='replace')


def run_tests(root, file, text, timeout):
    """Run the tests about a file in a copy where it has this text.

    Returns (exit code, output) of the first command that failed, or of the last.
    """
    site = file in SITE_FILES and (root / 'docs/_build/html').is_dir()
    with tempfile.TemporaryDirectory(prefix='mutations-') as folder:
        copy = Path(folder, 'course')
        copy_course(root, copy, with_site=site)
        (copy / file).write_text(text, encoding='utf-8')
        if site:
            code, output = command(BUILD_SITE, copy, timeout)
            if code != 0:
                return code, output
        for line in tests_of(file):
            code, output = command(f'{PYTEST} {line}', copy / 'tests', timeout)
            if code != 0:
                return code, output
        return code, output


def failed_test(output):
    """The name of the test that failed, if pytest came so far as to tell it."""
    match = re.search(r'(?m)^(?:FAILED|ERROR) (\S+(?: \S+)*?)(?: - |$)', output)
    return match[1] if match else ''


def judge(root, mistake, text, baseline, timeout):
    """Make a mistake, run the tests, and return what is kept in the results.

    baseline: how the same tests ended without it, (exit code, output, seconds).
    """
    start = time.monotonic()
    code, output, seconds = baseline
    if code != 0:
        verdict = 'BROKEN'
    else:
        code, output = run_tests(
            root, mistake.file, mistake.made_in(text), max(timeout, 5 * seconds)
        )
        verdict = 'noticed' if code != 0 else 'SURVIVED'
    return {
        'id': mistake.id,
        'verdict': verdict,
        'area': mistake.area,
        'file': mistake.file,
        'line': mistake.line,
        'kind': mistake.kind,
        'old': mistake.old,
        'new': mistake.new,
        'by': 'hangs' if code == 'hangs' else failed_test(output),
        'seconds': round(time.monotonic() - start),
    }


def measure_baseline(root, file, text, timeout):
    """How the tests about a file end without a mistake: (code, output, seconds)."""
    start = time.monotonic()
    code, output = run_tests(root, file, text, 3 * timeout)
    return code, output, time.monotonic() - start


def judge_all(root, chosen, texts, jobs, timeout):
    """Yield the result of each mistake as soon as it is there.

    First the tests run without a mistake: if they fail then, a mistake means nothing.
    """
    files = {tests_of(one.file): one.file for one in chosen}  # one for each selection
    pool = concurrent.futures.ThreadPoolExecutor(jobs)
    try:
        baselines = {}
        for tests, file in files.items():
            baselines[tests] = pool.submit(
                measure_baseline, root, file, texts[file], timeout
            )
        for tests, file in files.items():
            code, output, seconds = baselines[tests].result()
            if code == 0:
                print(f'{seconds:4.0f} s without a mistake for {file}', flush=True)
            else:
                print(
                    f'BROKEN: the tests about {file} fail without any mistake:\n'
                    f'{output[-2000:]}',
                    flush=True,
                )
        futures = [
            pool.submit(
                judge,
                root,
                one,
                texts[one.file],
                baselines[tests_of(one.file)].result(),
                timeout,
            )
            for one in chosen
        ]
        for future in concurrent.futures.as_completed(futures):
            yield future.result()
    finally:
        with LOCK:
            STOPPED.set()
            for process in RUNNING:
                stop(process)
        pool.shutdown(cancel_futures=True)
        STOPPED.clear()


# ----------------------------------------------------------------------------------
# Results and report


def results_in(path):
    """{id: result} of the mistakes that were judged before. BROKEN ones run again."""
    if not path.exists():
        return {}
    found = {}
    for line in path.read_text(encoding='utf-8').splitlines():
        try:
            result = json.loads(line)
        except ValueError:
            continue  # a run was cut off while it wrote this line
        if result['verdict'] != 'BROKEN':
            found[result['id']] = result
    return found


def keep(path, result):
    """Append a result to the file, on a line of its own whatever is in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'a+', encoding='utf-8') as file:
        file.seek(0)
        text = file.read()
        if text and not text.endswith('\n'):
            file.write('\n')
        file.write(json.dumps(result) + '\n')


def told(result):
    return (
        f'{result["verdict"]:8}  {result["file"]}:{result["line"]}  '
        f'{result["kind"]}  {result["old"]} -> {result["new"]}'
    )


def report(results):
    """The lines of the score: in total, by area, by kind, and the survivors."""
    results = [one for one in results if one['verdict'] != 'BROKEN']

    def score(some):
        noticed = sum(one['verdict'] == 'noticed' for one in some)
        return f'{noticed} of {len(some)} noticed'

    lines = [score(results)]
    for by in ('area', 'kind'):
        lines.append('')
        for name in sorted({one[by] for one in results}):
            some = [one for one in results if one[by] == name]
            lines.append(f'{name:20} {score(some)}')
    survived = [one for one in results if one['verdict'] == 'SURVIVED']
    survived.sort(key=lambda one: (one['kind'], one['file'], one['line']))
    return [*lines, '', *map(told, survived)]


def count_possible(mistakes):
    """The lines of a table: how many mistakes can be made, by kind and area."""
    counts = collections.Counter((one.kind, one.area) for one in mistakes)
    rows = [['', *AREAS, 'all']]
    for kind in sorted({one.kind for one in mistakes}):
        row = [counts[kind, area] for area in AREAS]
        rows.append([kind, *row, sum(row)])
    total = [sum(one.area == area for one in mistakes) for area in AREAS]
    rows.append(['all', *total, len(mistakes)])
    return [
        f'{name:20}' + ''.join(f'{cell:>10}' for cell in row) for name, *row in rows
    ]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n')[0])
    add = parser.add_argument
    add('--count', default=60, type=int, help='how many mistakes')
    add('--seed', default=7, type=int, help='which ones')
    add('--only', default='', metavar='TEXT', help='files that have this in their path')
    add('--jobs', default=1, type=int, help='how many at the same time')
    add('--list', action='store_true', help='print the sample, and run nothing')
    add(
        '--results',
        default=ROOT / '.mutations/results.jsonl',
        type=Path,
        help='the file of results, which a run continues',
    )
    add(
        '--timeout',
        default=600,
        type=int,
        help='seconds after which tests that hang count as noticed, or five times what '
        'they take without a mistake if that is more',
    )
    args = parser.parse_args(arguments)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)

    texts = course_texts(ROOT, args.only)
    mistakes = all_mistakes(texts)
    chosen = sample(mistakes, texts, args.count, args.seed, harmless_entries(HARMLESS))
    if args.list:
        print('\n'.join(map(str, chosen)))
        print('\nWhat can be made, with a few that do not compile:')
        print('\n'.join(count_possible(mistakes)))
        return

    done = results_in(args.results)
    results = [done[one.id] for one in chosen if one.id in done]
    for result in results:
        print(told(result), flush=True)
    left = [one for one in chosen if one.id not in done]
    for result in judge_all(ROOT, left, texts, args.jobs, args.timeout):
        keep(args.results, {**result, 'seed': args.seed})
        results.append(result)
        print(told(result), flush=True)
    print()
    print('\n'.join(report(results)))


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        sys.exit('stopped; the same command goes on from here')
