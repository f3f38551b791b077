"""
Run the Python snippets of pages, and hold each page to what it says.

    python tests/tools/run_readme.py              README.md and notes/*.md
    python tests/tools/run_readme.py PAGE...      these pages

The snippets of a page run in the order in which they stand, in the folder of the
course. Each page runs in a process of its own, so it knows no names from other pages.
A dataset whose root is 'data' gets the synthetic data instead, so nothing is downloaded
and nothing in the folder of the learner's data is touched.

A comment at the end of a statement is compared with the run: after `print(...)` with
what was printed, `# [64, 784]` after an assignment with the shape of the result (with
`# [64, 784] -> [64, 10]` one of the tensors on the right must have the first shape),
and `# SomeError: text` with the error that the statement must raise (... is any text).
Whatever else the snippets print is shown.
"""

import ast
import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SHAPE = r'\[[\d, ]*\]'
REAL_ROOT = "('data', "
SYNTHETIC_ROOT = "('data/synthetic', "


def blocks(page):
    """[(line in the page, code)] of the snippets of a page."""
    text = page.read_text(encoding='utf-8')
    found = []
    for match in re.finditer(r'(?ms)^```python\n(.*?)^```', text):
        line = text.count('\n', 0, match.start(1)) + 1
        code = match[1].replace(REAL_ROOT, SYNTHETIC_ROOT)
        found.append((line, code))
    return found


def statements(code):
    """(statement, its comment or '') for each statement of a snippet."""
    lines = code.splitlines()
    for node in ast.parse(code).body:
        comment = ''
        if node.lineno == node.end_lineno:  # offsets count the bytes of UTF-8
            line = lines[node.end_lineno - 1].encode('utf-8')
            rest = line[node.end_col_offset :].decode('utf-8')
            comment = rest.partition('# ')[2].strip()
        yield node, comment


def shapes_of(node, namespace):
    """The shapes of the tensors whose names stand in an expression."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    values = [namespace[name] for name in names if name in namespace]
    shapes = [getattr(value, 'shape', None) for value in values]
    return [list(shape) for shape in shapes if isinstance(shape, tuple)]


def is_print(node):
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == 'print'
    )


def compare_shapes(node, comment, before, namespace):
    """What is wrong with a comment like [64, 784] -> [64, 10], or None."""
    *start, end = map(ast.literal_eval, re.findall(SHAPE, comment))
    if start and start[0] not in before:
        return f'starts from tensors of the shapes {before}'
    if not isinstance(node.targets[0], ast.Name):
        return 'has a shape in its comment, but assigns to more than a name'
    shape = list(namespace[node.targets[0].id].shape)
    if shape != end:
        return f'has the shape {shape}'
    return None


def execute(node, comment, namespace):
    """Run a statement; return what it printed, and what its comment says wrongly."""
    printed = io.StringIO()
    before = shapes_of(node, namespace)
    raises = re.fullmatch(r'(\w+Error): (.*)', comment)
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(ast.Module([node], []), 'snippet', 'exec'), namespace)
    except Exception as error:
        message = ' '.join(str(error).split())
        # A newer torch may raise a subclass of the error that the comment names.
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if raises and raises[1] in kinds:
            parts = raises[2].split(' ... ')
            if re.search('.*'.join(map(re.escape, parts)), message):
                return '', None
        return '', f'raises {type(error).__name__}: {message}'
    text = printed.getvalue().strip()
    if raises:
        return text, 'raises no error'
    if is_print(node) and comment:
        return '', None if text == comment else f'prints {text}'
    if isinstance(node, ast.Assign) and re.fullmatch(
        rf'{SHAPE}(?: -> {SHAPE})?', comment
    ):
        return text, compare_shapes(node, comment, before, namespace)
    return text, None


def run_page(page):
    """Run the snippets of a page in this process; return what is wrong with it."""
    namespace, wrong, checked = {'__name__': '__main__'}, [], 0
    for first, code in blocks(page):
        for node, comment in statements(code):
            checked += bool(comment)
            text, problem = execute(node, comment, namespace)
            if text:
                print(text)
            if problem:
                said = f', but its comment says: {comment}' if comment else ''
                wrong.append(
                    f'{page}, line {first + node.lineno - 1}: '
                    f'`{ast.unparse(node)}` {problem}{said}'
                )
    print(f'{page}: {checked} comments checked')
    return wrong


def main():
    pages = [Path(name).resolve() for name in sys.argv[1:]]
    if not pages:
        pages = [ROOT / 'README.md', *sorted(ROOT.glob('notes/*.md'))]
        pages = [page for page in pages if blocks(page)]
    if len(pages) == 1:
        os.chdir(ROOT)
        sys.exit('\n'.join(run_page(pages[0])) or 0)
    codes = [
        subprocess.run([sys.executable, __file__, page]).returncode for page in pages
    ]
    sys.exit(max(codes))


if __name__ == '__main__':
    main()
