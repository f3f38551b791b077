"""Make a notebook of each lesson, in notebooks/: python docs/notebooks.py

The scripts in codes/ are the only source. The site runs the same notebooks (conf.py).
"""
import ast
import re
import subprocess
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / 'README.md').read_text(encoding='utf-8')
# Others find the course where this copy came from; README.md has but a placeholder.
ORIGIN = subprocess.run(['git', 'config', 'remote.origin.url'], cwd=ROOT,
                        encoding='utf-8', capture_output=True).stdout.strip()
ORIGIN = re.sub(r'^(?:ssh://)?git@([^:/]+)[:/]', r'https://\1/', ORIGIN)
if ORIGIN.startswith('http'):
    README = re.sub(r'(git clone )\S+', lambda match: match[1] + ORIGIN, README)
ADDRESS = re.search(r'git clone (\S+)', README)[1]
FIND = '''\
# Find the course below this folder, above it or beside it; else fetch it.
import os
import sys
from pathlib import Path

here, lesson = Path.cwd(), 'codes/{name}'
places = [*here.glob('*/' + lesson)]
for folder in (here, *here.parents):
    places += folder.glob(lesson)
places += here.parent.glob('*/' + lesson)
if not places:
    os.system('git clone {address} intro-to-pytorch')
    places += here.glob('*/' + lesson)
if not places:
    sys.exit('No course here: put this notebook beside its folder, intro-to-pytorch')
__file__ = str(places[0])  # a script has these three, a notebook has not
sys.path.insert(0, str(places[0].parent))
sys.argv = [__file__]  # here options go behind it: [__file__, '--seed', '8']
'''
# What stands out: the first words of a cell; options, calls, names with . or _ in them.
FIRST = re.compile(r'^[A-Z](?:[^.:?`]|`.*?`){2,34}([.:?](?=\s)|$)')
CALL = r'\((?:[^()\n]|\([^()\n]*\))*\)'
CODE = (rf'(?<![\w-])--[a-z][\w-]*(?: [\d.]*\d)?|(?:\b[a-zA-Z_][\w.]*{CALL})'
        rf'(?:\.\w+(?:{CALL})?)*|\b[a-zA-Z]\w*(?:\.[a-zA-Z_]\w*)+|\b[a-zA-Z]*_\w+')


def order(path):
    """'13_1_recap.py' -> [13, 1], '13_classify_fashion.py' -> [13]."""
    return [int(number) for number in re.findall(r'\d+(?=_)', path.name)]


LESSONS = sorted(ROOT.glob('codes/*.py'), key=order)


def number(path):
    """'13_1_recap.py' -> '13_1', as a learner types it."""
    return '_'.join(map(str, order(path)))


def head(path):
    """The docstring of a lesson or task, cut up: {'title', 'text', 'Before', 'Next',
    'Notes' (a section of README.md), 'Run' (a list of lines), 'end'}."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8')))
    title, _, rest = docstring.split('\n', 2)
    parts = re.fullmatch(r'(?s)(?P<text>.*?)(?:\n\nBefore: (?P<Before>\S+)'
                         r'  Next: (?P<Next>\S+)\nNotes: (?P<Notes>.+?) \(README\.md\)'
                         r'\nRun: (?P<Run>\S.*?)\n(?P<end>\S.*))?', rest).groupdict()
    run = (parts['Run'] or '').splitlines()
    return {**parts, 'title': title, 'Run': [line.strip() for line in run]}


def commands(about):
    """How a lesson is run, with the words between the commands as comments."""
    lines = [re.sub(r'  \((.*)\)$', r'  # \1', line) for line in about['Run']]
    return '\n'.join(['```sh', *(line if line.startswith(('python', 'torchrun'))
                                 else f'# {line}' for line in lines), '```'])


def prose(text):
    """Text of a comment or docstring as Markdown. Code is what stands in backticks or
    indented, an option, a call, and a name with a dot or an underscore in it."""
    text = re.sub(r'(?m)(^\S.*\n)(?= {4})', r'\1\n', text)
    parts = re.split(r'(`[^`]+`|(?m:^ {4}.*$))', text)
    for i, part in list(enumerate(parts))[::2]:
        parts[i] = re.sub(rf'({CODE})|[*<](?=\S)|(?m:(?<=^\d)\.)', lambda found:
                          f'`{found[0]}`' if found[1] else '\\' + found[0], part)
    return ''.join(parts).strip()


def uncomment(lines):
    return '\n'.join(line[2:] if line.startswith('# ') else line[1:] for line in lines)


def cells(path):
    """The lesson as [(kind, text)]: 'text' in Markdown, its first words bold if they
    stand by themselves, 'code', and at the end 'Try' and 'Exercise'. The docstring is
    left out."""
    source = path.read_text(encoding='utf-8')
    docstring, *_ = ast.parse(source).body
    lines = source.splitlines()[docstring.end_lineno:]
    end = len(lines)
    while not lines[end - 1] or lines[end - 1].startswith('#'):
        end -= 1
    for block in '\n'.join(lines[:end]).split('# %%\n'):
        block = block.splitlines()
        start = next(i for i, line in enumerate(block) if not line.startswith('#'))
        text = prose(uncomment(block[:start]))
        yield 'text', FIRST.sub(r'**\g<0>**', text)
        yield 'code', '\n'.join(block[start:]).strip('\n')
    for part in re.split(r'\n\s*\n|\n(?=Try: |Exercise: )', uncomment(lines[end:])):
        kind, _, text = part.strip().partition(': ')
        if kind in ('Try', 'Exercise'):
            yield kind, prose(text) if kind == 'Try' else f'`{text}`'
        else:
            yield 'text', prose(part)


def notebook(path, top=None, box='**{}:** {}'.format, argv=None):
    """The notebook of a lesson. Its first cell of code finds or fetches the course.

    top: Markdown that stands below the title, in place of the docstring's last lines.
    box: makes Markdown of ('Try' or 'Exercise', text). argv: options for that cell.
    """
    about = head(path)
    top = top or (f"Before: {about['Before']}, next: {about['Next']}, notes: "
                  f"{about['Notes']} (README.md). As a script:\n\n{commands(about)}\n\n"
                  + prose(about['end']))
    find = FIND.format(name=path.name, address=ADDRESS)
    if argv:
        find = re.sub(r'(?m)^sys\.argv = .*', lambda _: f'sys.argv = {argv}', find)
    new = nbformat.v4
    made = [new.new_markdown_cell(f"# {number(path)}. {about['title']}\n\n"
                                  f"{prose(about['text'])}\n\n{top}"),
            new.new_code_cell(find, metadata={'tags': ['remove-cell']})]
    for kind, text in cells(path):
        if kind == 'code':
            made += [new.new_code_cell(text)] * bool(text)
        elif text:
            text = text if kind == 'text' else box(kind, text)
            made.append(new.new_markdown_cell(text))
    for i, cell in enumerate(made):
        cell.id = f'cell-{i}'
    kernel = {'name': 'python3', 'display_name': 'Python 3', 'language': 'python'}
    return new.new_notebook(cells=made, metadata={
        'kernelspec': kernel, 'language_info': {'name': 'python'}})


def write(folder):
    """Write the notebooks of all lessons to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in LESSONS:
        nbformat.write(notebook(path), folder / f'{path.stem}.ipynb')


if __name__ == '__main__':
    write(ROOT / 'notebooks')
    print(f'{len(LESSONS)} notebooks are in notebooks/')
