"""Write a notebook for each lesson to notebooks/: python docs/notebooks.py

The scripts in codes/ are the only source. The website shows the same notebooks, with
what they print and draw (pages.py).
"""

import ast
import itertools
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import nbformat

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = 'ADDRESS-OF-THE-PAGE'  # what README.md says instead of an address


def origin():
    """Return the address that this copy of the course was cloned from, or ''."""
    command = ['git', 'config', 'remote.origin.url']
    try:
        result = subprocess.run(
            command, cwd=ROOT, capture_output=True, encoding='utf-8'
        )
    except FileNotFoundError:  # git isn't installed
        return ''
    return result.stdout.strip()


def public_address(url):
    """Return the https or http address for cloning a remote repository, without the
    user, the password, and the token that `url` may contain.

    The result is published with every notebook and on the start page. So wherever we
    don't know for sure which part of `url` is the host and which is a secret, and
    where others couldn't use the address anyway, such as a local path, the result is
    PLACEHOLDER.
    """
    # git's short form: git@host:path. It's the only one without a scheme.
    short = re.fullmatch(r'git@([\w.-]+):/?(\S+)', url)
    if short:
        url = f'ssh://git@{short[1]}/{short[2]}'

    try:
        parts = urlsplit(url)
    except ValueError:  # for instance a [ without a ]
        return PLACEHOLDER

    if parts.scheme in ('https', 'http'):
        scheme = parts.scheme
        host = parts.netloc.rpartition('@')[2]
    elif parts.scheme == 'ssh' and parts.username == 'git':
        # The websites where people share code let everybody in as the user git, and
        # have the same path under https. The port is that of ssh, so we drop it.
        scheme = 'https'
        host = parts.hostname
    else:
        return PLACEHOLDER

    if parts.query or parts.fragment:
        return PLACEHOLDER

    # An @ that's left belongs to a password with a / in it. Quotes, spaces, and the
    # like would end the command in which the address is used.
    address = f'{scheme}://{host}{parts.path}'
    if not re.fullmatch(r'https?://[\w.-]+(:\d+)?(/[\w.~+%-]+)+/?', address, re.ASCII):
        return PLACEHOLDER
    return address


ADDRESS = public_address(origin())

# The first cell of code in each notebook. A script has __file__, its folder in
# sys.path, and sys.argv, but a notebook doesn't.
FIND = """\
# Find the course in a folder below, above, or next to this one. Otherwise fetch it.
import os
import sys
from pathlib import Path

here = Path.cwd()
lesson = 'codes/{name}'
places = [*here.glob('*/' + lesson)]
for folder in (here, *here.parents):
    places += folder.glob(lesson)
places += here.parent.glob('*/' + lesson)
if not places:
    os.system('git clone {address} intro-to-pytorch')
    places += here.glob('*/' + lesson)
if not places:
    sys.exit('No course found: put this notebook next to the folder intro-to-pytorch')
__file__ = str(places[0])
sys.path.insert(0, str(places[0].parent))
sys.argv = {argv}  # add options here: [__file__, '--seed', '8']
"""

# What becomes code in the text: an option with its number, a call, a name with dots,
# and a name with underscores.
ARGUMENTS = r'\((?:[^()\n]|\([^()\n]*\))*\)'
OPTION = r'(?<![\w-])--[a-z][\w-]*(?: [\d.]*\d)?'
CALL = rf'\b[a-zA-Z_][\w.]*{ARGUMENTS}(?:\.\w+(?:{ARGUMENTS})?)*'
DOTTED = r'\b[a-zA-Z]\w*(?:\.[a-zA-Z_]\w*)+'
UNDERSCORED = r'\b[a-zA-Z]*_\w+'
CODE = f'{OPTION}|{CALL}|{DOTTED}|{UNDERSCORED}'

# What is Markdown already: `code`, an indented line, and *a term*.
MARKED = r'(`[^`]+`|(?m:^ {4}.*$)|(?<![\w*])\*\w[^*()]*\w\*(?![\w*]))'

# What Markdown would misunderstand: a * or < before a word, and a number with a dot at
# the beginning of a line, which would start a list.
SPECIAL = r'[*<](?=\S)|(?m:(?<=^\d)\.)'
NUMBERED = r'(?m:^\d\\\. .*(?:\n|\Z)){2,}'  # a list after all: several such lines


def order(path):
    """'13_1_recap.py' -> [13, 1], '13_classify_fashion.py' -> [13]."""
    return [int(digits) for digits in re.findall(r'\d+(?=_)', path.name)]


def place(path):
    """What the lessons are sorted by: those about text, 25 and up, come before 22."""
    number, *rest = order(path)
    if number >= 25:
        return [21, 99, number, *rest]
    return [number, *rest]


LESSONS = sorted(ROOT.glob('codes/*.py'), key=place)


def number(path):
    """'13_1_recap.py' -> '13_1', as a learner types it."""
    return '_'.join(map(str, order(path)))


def head(path):
    """Read the docstring of a lesson or of an exercise.

    Returns {'title', 'text'}. For a lesson, there are also 'Before', 'Next', and
    'Notes' (names of files), 'Run' (a list of lines), and 'end', the text after them.
    """
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8')))
    title, _, rest = docstring.split('\n', 2)  # the second line underlines the title
    text, _, fields = rest.partition('\n\nBefore: ')
    about = {'title': title, 'text': text}
    if not fields:
        return about

    neighbors, notes, *lines = fields.splitlines()
    about['Before'], about['Next'] = neighbors.split('  Next: ')
    about['Notes'] = notes.removeprefix('Notes: ')

    # Run: continues for as long as the lines are indented.
    run = [lines.pop(0).removeprefix('Run: ')]
    while lines and lines[0].startswith(' '):
        run.append(lines.pop(0).strip())
    about['Run'] = run
    about['end'] = '\n'.join(lines)
    return about


def commands(about):
    """Write how a lesson is run as a block of code, with the words between the commands
    as comments."""
    lines = []
    for line in about['Run']:
        if line.startswith(('python', 'torchrun')):
            lines.append(re.sub(r'  \((.*)\)$', r'  # \1', line))
        else:
            lines.append(f'# {line}')
    return '\n'.join(['```sh', *lines, '```'])


def prose(text):
    """Turn the text of a comment or docstring into Markdown with its code marked."""

    def replace(found):
        code = found[1]
        if code:
            return f'`{code}`'
        return '\\' + found[0]

    # An indented line is a block of code only if there's an empty line before it.
    text = re.sub(r'(?m)(^\S.*\n)(?= {4})', r'\1\n', text)
    parts = re.split(MARKED, text)
    for i in range(0, len(parts), 2):  # between them are the marked parts
        parts[i] = re.sub(f'({CODE})|{SPECIAL}', replace, parts[i])
    text = ''.join(parts).strip()
    return re.sub(NUMBERED, lambda found: found[0].replace('\\.', '.'), text)


def uncomment(lines):
    """['# Some', '# text'] -> 'Some\\ntext'."""
    return '\n'.join(line.removeprefix('#').removeprefix(' ') for line in lines)


def blocks(lines):
    """Cut the lines of a lesson at the lines `# %% Title`, into [(title, lines)]."""
    found = [('', [])]  # what is before the first title
    for line in lines:
        if line.startswith('# %%'):
            title = line.removeprefix('# %%').strip()
            found.append((title, []))
        else:
            found[-1][1].append(line)
    return found


def cells(path):
    """Cut a lesson into [(kind, text)], without its docstring.

    The kinds are 'text' (Markdown, with the title of the cell as a heading), 'code',
    and at the end 'Try' and 'Exercise'.
    """
    source = path.read_text(encoding='utf-8')
    docstring = ast.parse(source).body[0]
    lines = source.splitlines()[docstring.end_lineno :]

    # The comments at the end belong to no cell.
    end = len(lines)
    while not lines[end - 1] or lines[end - 1].startswith('#'):
        end -= 1

    for title, block in blocks(lines[:end]):
        comment = list(itertools.takewhile(lambda line: line.startswith('#'), block))
        text = prose(uncomment(comment))
        if title:
            text = f'## {prose(title)}\n\n{text}'.strip()
        yield 'text', text
        yield 'code', '\n'.join(block[len(comment) :]).strip('\n')

    # Each Try and each Exercise is a part, and so is a paragraph without such a name.
    last = uncomment(lines[end:])
    for part in re.split(r'\n\s*\n|\n(?=Try: |Exercise: )', last):
        kind, _, text = part.strip().partition(': ')
        if kind == 'Try':
            yield kind, prose(text)
        elif kind == 'Exercise':
            yield kind, f'`{text}`'
        else:
            yield 'text', prose(part)


def below_title(about):
    """Write what a notebook says below the text of its docstring."""
    places = (
        f'Before: {about["Before"]}. Next: {about["Next"]}. Notes: {about["Notes"]}.'
    )
    return f'{places} As a script:\n\n{commands(about)}\n\n{prose(about["end"])}'


def paragraph(kind, text):
    return f'**{kind}:** {text}'


def notebook(path, top=None, box=paragraph, argv=None):
    """Return the notebook of a lesson. Its first code cell finds or fetches the course.

    top: Markdown for below the title, instead of the last lines of the docstring.
    box: a function that makes Markdown of ('Try' or 'Exercise', text).
    argv: Python code for sys.argv, if there are options.
    """
    about = head(path)
    title = f'# {number(path)}. {about["title"]}'
    top = top or below_title(about)
    first = f'{title}\n\n{prose(about["text"])}\n\n{top}'
    find = FIND.format(name=path.name, address=ADDRESS, argv=argv or '[__file__]')

    new = nbformat.v4
    made = [
        new.new_markdown_cell(first),
        new.new_code_cell(find, metadata={'tags': ['remove-cell']}),
    ]
    for kind, text in cells(path):
        if not text:
            continue
        if kind == 'code':
            made.append(new.new_code_cell(text))
        elif kind == 'text':
            made.append(new.new_markdown_cell(text))
        else:
            made.append(new.new_markdown_cell(box(kind, text)))

    # nbformat makes random ids. With these, the same lesson gives the same notebook.
    for i, cell in enumerate(made):
        cell.id = f'cell-{i}'

    kernel = {'name': 'python3', 'display_name': 'Python 3', 'language': 'python'}
    metadata = {'kernelspec': kernel, 'language_info': {'name': 'python'}}
    return new.new_notebook(cells=made, metadata=metadata)


def write(folder):
    """Write the notebooks of all lessons to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in LESSONS:
        nbformat.write(notebook(path), folder / f'{path.stem}.ipynb')


if __name__ == '__main__':
    write(ROOT / 'notebooks')
    print(f'{len(LESSONS)} notebooks are in notebooks/')
