"""Make the pages of the site: README.md cut into notes, and each lesson with what it
prints and draws, run as a notebook in a kernel of its own."""
import base64
import hashlib
import logging
import os
import re
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from notebooks import LESSONS, README, ROOT, commands, head, notebook, number, prose
from notebooks import write as write_notebooks

DOCS = ROOT / 'docs'
RUN = DOCS / '_build' / 'run'  # what the notebooks find: a folder with the course in it
PARSING = threading.Lock()  # ast.parse in two threads at once can fail in Python 3.11
CHAIN = {'21', '24', '24_1'}  # each reads what the one before it saved
GROUPS = {'0': 'Tensors and networks', '7': 'How a network learns',
          '14': 'Is it any good?', '18': 'Photos', '22': 'What comes next'}
PRACTICE = 'Your own data'  # the first section of README.md that is no note
DATA = os.environ.get('COURSE_DATA')
RAN = ('This page shows one run on the real data, on one core. What the text says was '
       'measured on two; numbers differ a little between machines, and seconds a lot.')
if not DATA:
    RAN = ('This page shows a run on drawn stand-ins for the data, on one core. What '
           'the text says of real data was measured on that, on two.')
logging.getLogger('traitlets').setLevel('WARNING')  # nbclient says when it starts


def slug(title):
    """'How to code?' -> 'how-to-code', as GitHub names it."""
    return re.sub(r'[^\w -]', '', title).lower().replace(' ', '-')


def moved(text, up=''):
    """Markdown of README.md with its links leading to the pages of the site.

    up: '../' for a page in a folder.
    """
    def page(match):
        target = match[1]
        if target == '#outline':
            target = 'index.md'
        elif target.startswith('#'):
            target = f'notes/{target[1:]}.md'
        elif target.startswith('codes/'):
            target = f'lessons/{Path(target).stem}.ipynb'
        elif target == 'data/README.md':
            target = 'notes/data-folder.md'
        elif target.startswith('docs/'):
            target = target.removeprefix('docs/')
        else:
            target = '../' + target
        return f']({up}{target})'

    return re.sub(r'\]\((?!https?:)([^)]+)\)', page, text)


def sections():
    """{title: Markdown below it} of README.md, those of `How to code?` each alone."""
    parts = re.split(r'(?m)^##+ (.+)\n', README)
    return dict(zip(parts[1::2], parts[2::2]))


def link(path, folder):
    """Markdown of a link to the page of a lesson; folder: of that page, 'lessons/'."""
    return f"[{number(path)}. {head(path)['title']}]({folder}{path.stem}.ipynb)"


def write_notes():
    """A page for each section but the outline, with the lessons that it belongs to."""
    (DOCS / 'notes').mkdir(exist_ok=True)
    data = (ROOT / 'data/README.md').read_text(encoding='utf-8').partition('\n')[2]
    for title, text in {**sections(), 'Data folder': data}.items():
        lessons = [link(path, '../lessons/') for path in LESSONS
                   if head(path)['Notes'] == title]
        page = f'# {title}\n\n{moved(text, "../")}'
        if lessons:
            page += '\n:::{admonition} Lessons\n:class: seealso\n'
            page += '\\\n'.join(lessons) + '\n:::\n'
        if title != 'Outline':
            (DOCS / f'notes/{slug(title)}.md').write_text(page, encoding='utf-8')


def top(path):
    """What stands below the title of a lesson's page."""
    about = head(path)
    ends = {name: link(ROOT / 'codes' / about[name], '') for name in ('Before', 'Next')
            if about[name][0].isdigit()}
    notes = about['Notes']
    places = {**ends, 'Notes': f'[{notes}](../notes/{slug(notes)}.md)',
              'Download': f'{{download}}`notebook <../notebooks/{path.stem}.ipynb>`, '
                          f'{{download}}`script <../../codes/{path.name}>` (for '
                          '`codes/` of the course)'}
    line = ' · '.join(f'{name}: {place}' for name, place in places.items())
    ran = re.search(r'helper\.(load_data|find_)', path.read_text(encoding='utf-8'))
    return '\n\n'.join([line, commands(about), prose(about['end']),
                        RAN if ran else ''])


def box(path, kind, text):
    """`Try` and `Exercise` as boxes."""
    if kind == 'Try':
        return f':::{{admonition}} Try\n:class: tip\n{text}\n:::'
    place = ROOT / 'exercises' / f'{number(path)}.py'
    task, given = head(place), place.read_text(encoding='utf-8').split('"""\n', 2)[2]
    return (f":::{{admonition}} Exercise: {task['title']}\n:class: important\n"
            f":name: exercise-{number(path)}\n{prose(task['text'])}\n\n"
            f'```python\n{given.strip()}\n```\n\n{text} checks your answer; see '
            '[Exercises](../notes/exercises.md).\n:::')


def run(path):
    """Write the page of a lesson: its notebook with what it printed and drew.

    It runs beside a copy of the course, on the real data in the folder COURSE_DATA or
    on the stand-ins. What did not change since the last time does not run again; of
    CHAIN all, or nothing.
    """
    options = (['--data=real', f'--data-dir={Path(DATA).resolve()}'] if DATA
               else ['--data=synthetic'])
    argv = f"[__file__, {', '.join(map(repr, options))}]"
    with PARSING:
        made = notebook(path, top(path), lambda *what: box(path, *what), argv)
    code = ''.join(cell.source for cell in made.cells if cell.cell_type == 'code')
    needs = [other.read_text(encoding='utf-8') for other in LESSONS
             if {number(path), number(other)} <= CHAIN]
    needs = ''.join([code, (ROOT / 'helper.py').read_text(encoding='utf-8'), *needs])
    key = hashlib.sha256(needs.encode()).hexdigest()
    page = DOCS / 'lessons' / f'{path.stem}.ipynb'
    kept = nbformat.read(page, 4) if page.exists() else made
    if kept.metadata.get('key') == key:
        outputs = [cell.outputs for cell in kept.cells if cell.cell_type == 'code']
        for cell in made.cells:
            if cell.cell_type == 'code':
                cell.outputs = outputs.pop(0)
    else:
        print(f'running lesson {number(path)}', flush=True)
        NotebookClient(made, timeout=1800, extra_arguments=['--log-level=ERROR'],
                       resources={'metadata': {'path': RUN}}).execute()
    figures = []
    for cell in made.cells:
        names = re.findall(r"helper\.show\('(\w+)'\)", cell.source)
        names = names or re.findall(r"helper\.show\('(\w+)'\)", code)
        cell.metadata['mystnb'] = {'image': {'alt': f'Figure: {", ".join(names)}'}}
        outputs = cell.get('outputs', [])
        cell.outputs = [out for out in outputs if out.output_type != 'execute_result']
        for out in outputs:
            if out.output_type == 'stream':
                out.text = out.text.replace(f'{RUN}{os.sep}', '')
                if DATA:
                    out.text = out.text.replace(str(Path(DATA).resolve()), 'data')
            elif 'image/png' in out.get('data', {}):
                figures.append(base64.b64decode(out.data['image/png']))
        if cell.cell_type != 'code':
            del cell['outputs']
    if figures:
        (page.parent / f'{path.stem}.png').write_bytes(figures[-1])
    made.metadata['key'] = key
    nbformat.write(made, page)


def write_lessons():
    """Run all lessons, two at a time with a core each, and write the notebooks to
    download."""
    os.environ['OMP_NUM_THREADS'] = '1'
    write_notebooks(DOCS / 'notebooks')
    copy = RUN / 'intro-to-pytorch'
    if not copy.exists():  # what the lessons saved is gone, so all run again
        shutil.rmtree(DOCS / 'lessons', ignore_errors=True)
    (DOCS / 'lessons').mkdir(exist_ok=True)
    ignore = shutil.ignore_patterns('__pycache__')
    for name in ('codes', 'data/synthetic'):
        shutil.copytree(ROOT / name, copy / name, ignore=ignore, dirs_exist_ok=True)
    for name in ('helper.py', 'requirements.txt'):
        shutil.copy(ROOT / name, copy)
    slow_first = reversed(LESSONS)
    alone = [[path] for path in slow_first if number(path) not in CHAIN]
    chain = [path for path in LESSONS if number(path) in CHAIN]

    def follow(paths):
        for path in paths:
            run(path)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(follow, [chain, *alone]))


def card(row):
    """A lesson on the start page."""
    found, name, why, exercise, reached, seconds = row
    path = ROOT / 'codes' / name
    page, figure = f'lessons/{path.stem}.ipynb', DOCS / 'lessons' / f'{path.stem}.png'
    facts = [f'on real data {reached} right in {seconds} s' if reached
             else f'takes {seconds} s']
    if exercise:
        title = head(ROOT / 'exercises' / f'{found}.py')['title']
        facts.append(f'exercise: [{title}](#exercise-{found})')
    lines = ['::::{container} lesson', f'{link(path, "lessons/")}\\',
             why, '', f'{{.facts}}\n{" · ".join(facts)}']
    if figure.exists():
        lines += ['', f'[![{head(path)["title"]}](lessons/{figure.name})]({page})']
    return '\n'.join([*lines, '::::'])


def write_start():
    """The start page, from index.in.md and the outline."""
    outline = sections()['Outline']
    rows = re.findall(r'(?m)^\| \[(\w+)\]\(codes/(\S+)\) \| `.*?` \| .*? \| (.*?) '
                      r'\| *(.*?) *\| *(.*?) *\| (\d+) \|$', outline)
    lessons, trees = [], []
    for row in rows:
        if row[0] in GROUPS:
            lessons.append(f'### {GROUPS[row[0]]}')
            trees.append([GROUPS[row[0]]])
        lessons.append(card(row))
        trees[-1].append(f'lessons/{Path(row[1]).stem}')
    names = [title for title in sections() if title != 'Outline']
    places = [f'notes/{slug(name)}' for name in names]
    half = names.index(PRACTICE)
    trees = [['Before you begin', *places[:3]], *trees, ['Notes', *places[3:half]],
             ['Practice', *places[half:], 'notes/data-folder']]
    trees = ['\n'.join(['```{toctree}', ':hidden:', f':caption: {caption}', '', *docs,
                        '```']) for caption, *docs in trees]
    before, _, after = re.split(r'(?m)^(\|.*\n)+', outline, maxsplit=1)
    start = (DOCS / 'index.in.md').read_text(encoding='utf-8')
    commands = re.findall(r'(?m)^(?:    .*\n)+', sections()['Start'])[:2]
    page = start.format(commands='\n'.join(commands), lessons='\n\n'.join(lessons),
                        measured=moved(before + after), trees='\n\n'.join(trees))
    (DOCS / 'index.md').write_text(page, encoding='utf-8')


def write():
    """Write all pages, or end in one line where COURSE_DATA names no data."""
    if DATA and not Path(DATA, 'MNIST').is_dir():
        sys.exit(f'COURSE_DATA: there is no folder MNIST in {DATA}')
    write_notes()
    write_lessons()
    write_start()
