"""
Run the Python snippets of README.md in order, and hold the page to what it says.

A comment at the end of a statement is compared with the run: after `print(...)` with
what was printed, `# [64, 784]` after an assignment with the shape of the result, and
`# SomeError: text` with the error that the statement must raise (... is any text).
"""
import ast
import contextlib
import io
import re
from pathlib import Path

README = Path(__file__).resolve().parent.parent.parent / 'README.md'
namespace, checked, wrong = {}, 0, []


def run(node, source, comment):
    """Run one statement; return what went wrong, or None."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(ast.Module([node], []), 'README.md', 'exec'), namespace)
    except Exception as error:
        text = f'{type(error).__name__}: {" ".join(str(error).split())}'
        name, _, reason = comment.partition(': ')
        expected = '.*'.join(map(re.escape, [f'{name}: ', *reason.split(' ... ')]))
        if not (name.endswith('Error') and re.match(expected, text)):
            return f'raised {text}'
        return None
    if re.match(r'\w+Error: ', comment):
        return f'did not raise {comment}'
    text = printed.getvalue().strip()
    if source.startswith('print(') and comment and text != comment:
        return f'printed {text}'
    if re.fullmatch(r'\[[\d, ]+\]', comment):
        shape = list(namespace[node.targets[0].id].shape)
        if shape != ast.literal_eval(comment):
            return f'has shape {shape}'
    return None


for block in re.findall(r'(?ms)^```python\n(.*?)^```', README.read_text()):
    lines = block.splitlines()
    for node in ast.parse(block).body:
        comment = ''
        if node.lineno == node.end_lineno:
            rest = lines[node.end_lineno - 1].encode()[node.end_col_offset:].decode()
            comment = rest.partition('# ')[2]
        checked += bool(comment)
        source = ast.get_source_segment(block, node)
        problem = run(node, source, comment)
        if problem:
            wrong.append(f'{source}  # {comment}: {problem}')
print(f'{checked} comments checked')
print(f'Test accuracy {namespace["correct"] / len(namespace["testset"]):.1%}')
raise SystemExit('\n'.join(wrong) or 0)
