"""Make the pages of the website.

README.md, the notes, and the other Markdown files become pages as they are, except for
their links. Each lesson becomes a page with what it prints and draws, because it's run
as a notebook, in a kernel of its own.
"""

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

from notebooks import (
    ADDRESS,
    LESSONS,
    PLACEHOLDER,
    ROOT,
    commands,
    head,
    notebook,
    number,
    prose,
)
from notebooks import write as write_notebooks

DOCS = ROOT / 'docs'
RUN = DOCS / '_build' / 'run'  # the notebooks run here, next to a copy of the course
PARSING = threading.Lock()  # ast.parse in two threads at once can fail in Python 3.11
CHAIN = {'21', '24', '24_1'}  # each reads what the one before it saved
DATA = os.environ.get('COURSE_DATA')

# Pages whose place on the site differs from their place in the course.
PLACES = {
    'README.md': 'index.md',
    'notes/README.md': 'notes/index.md',
    'exercises/README.md': 'notes/exercises.md',
    'docs/README.md': 'notes/pages_and_notebooks.md',
    'data/README.md': 'notes/data_folder.md',
    'CONTRIBUTING.md': 'notes/contributing.md',
}

if DATA:
    RAN = (
        'This page shows one run on the real data, on one core. The numbers in the '
        'text were measured on two. They differ a little between machines, and the '
        'seconds differ a lot.'
    )
else:
    RAN = (
        'This page shows a run on the synthetic data, on one core. The numbers in the '
        'text that are about the real data were measured on that, on two cores.'
    )

logging.getLogger('traitlets').setLevel('WARNING')  # nbclient says when it starts


# Links


def place_of(page):
    """Return where in docs/ the copy of a Markdown file of the course is."""
    name = page.relative_to(ROOT).as_posix()
    return PLACES.get(name, f'notes/{page.name}')


def target_of(link, page):
    """Return what on the site a link leads to, where `link` is as it is written in
    `page`, a Markdown file of the course."""
    path, _, fragment = link.partition('#')
    path = Path(os.path.normpath(page.parent / path))
    if path.is_dir():
        path /= 'README.md'

    if path.parent == ROOT / 'exercises' and path.stem[0].isdigit():
        return f'#exercise-{path.stem}'  # a box on the page of its lesson
    if path.parent == ROOT / 'codes':
        target = DOCS / 'lessons' / f'{path.stem}.ipynb'
    elif path.suffix == '.md':
        target = DOCS / place_of(path)
    else:
        target = path  # a picture, or a file that readers download

    folder = (DOCS / place_of(page)).parent
    target = Path(os.path.relpath(target, folder)).as_posix()
    if fragment:
        target += f'#{fragment}'
    return target


def moved(text, page):
    """Return Markdown of `page` with its links leading to the pages of the site."""

    def replace(found):
        link = found[1]
        # A # is a place on the same page, and a : belongs to https: or mailto:.
        if link.startswith('#') or ':' in link:
            return found[0]
        return f']({target_of(link, page)})'

    # What looks like a link in code isn't one: layers[0](images).
    parts = re.split(r'(?ms)(^ *```.*?^ *```|`[^`]+`)', text)
    for i in range(0, len(parts), 2):  # between them is the code
        parts[i] = re.sub(r'\]\(([^()\s]+)\)', replace, parts[i])
    return ''.join(parts)


def rows_of(text):
    """Return the rows of all tables in Markdown, each as a list of cells."""
    rows = []
    for line in text.splitlines():
        if line.startswith('|'):
            cells = line.strip().strip('|').split('|')
            rows.append([cell.strip() for cell in cells])
    return rows


def linked(cell):
    """'[Networks](networks.md)' -> 'networks.md'; '' if the cell has no link."""
    return cell.partition('](')[2].partition(')')[0]


# Pages of Markdown


def write_page(page, more=''):
    """Copy a Markdown file of the course to its place on the site. `more` is added at
    the end."""
    text = page.read_text(encoding='utf-8').replace(PLACEHOLDER, ADDRESS)
    target = DOCS / place_of(page)
    target.parent.mkdir(exist_ok=True)
    target.write_text(moved(text, page) + more, encoding='utf-8')


def write_notes():
    """Write all pages of Markdown except the start page."""
    shutil.rmtree(DOCS / 'notes', ignore_errors=True)  # some may be gone or renamed
    for page in sorted(ROOT.glob('notes/*.md')):
        write_page(page)
    for name in PLACES:
        if name not in ('README.md', 'notes/README.md'):
            write_page(ROOT / name)


def tree(caption, places):
    """Write a group of the side bar."""
    lines = ['```{toctree}', ':hidden:', f':caption: {caption}', '', *places, '```']
    return '\n'.join(lines)


def write_start():
    """Write the start page: README.md, and the groups of the side bar.

    The lessons are grouped as in the outline, where a row with a name in bold begins a
    group. The notes are in the order of their index.
    """
    groups = []  # [(caption, places)]
    readme = (ROOT / 'README.md').read_text(encoding='utf-8')
    for first, second, *_ in rows_of(readme):
        link = linked(first)
        if link.startswith('codes/'):
            groups[-1][1].append(f'lessons/{Path(link).stem}')
        elif second.startswith('**'):
            groups.append((second.strip('*'), []))

    notes = ['notes/index']
    index = (ROOT / 'notes/README.md').read_text(encoding='utf-8')
    for first, *_ in rows_of(index):
        link = linked(first)
        if link:
            notes.append(f'notes/{Path(link).stem}')
    groups.append(('Lecture notes', notes))

    others = []
    for name, place in PLACES.items():
        if name not in ('README.md', 'notes/README.md'):
            others.append(place.removesuffix('.md'))
    groups.append(('More', others))

    trees = '\n\n'.join(tree(caption, places) for caption, places in groups)
    write_page(ROOT / 'README.md', f'\n{trees}\n')


# Pages of lessons


def link_to(path):
    """Write a link to the page of a lesson, from the page of another lesson."""
    return f'[{number(path)}. {head(path)["title"]}]({path.stem}.ipynb)'


def top(path):
    """Write what is below the title and the text of a lesson's page."""
    about = head(path)
    places = []
    for name in ('Before', 'Next'):
        neighbor = ROOT / 'codes' / about[name]
        if neighbor in LESSONS:  # the first has none before it, the last has none after
            places.append(f'{name}: {link_to(neighbor)}')
    notes = place_of(ROOT / about['Notes'])
    places.append(f'Notes: [](../{notes})')  # Sphinx puts in the title of the page
    places.append(
        f'Download: {{download}}`notebook <../notebooks/{path.stem}.ipynb>`, '
        f'{{download}}`script <../../codes/{path.name}>`'
    )

    parts = [' · '.join(places), commands(about), prose(about['end'])]
    if re.search(
        r'helper\.(load_data|find_)|# yours', path.read_text(encoding='utf-8')
    ):
        parts.append(RAN)
    return '\n\n'.join(parts)


def box(path, kind, text):
    """Write `Try` or `Exercise` as a box."""
    if kind == 'Try':
        return f':::{{admonition}} Try\n:class: tip\n{text}\n:::'

    exercise = ROOT / 'exercises' / f'{number(path)}.py'
    task = head(exercise)
    _, _, given = exercise.read_text(encoding='utf-8').split('"""\n', 2)
    return (
        f':::{{admonition}} Exercise: {task["title"]}\n'
        ':class: important\n'
        f':name: exercise-{number(path)}\n'
        f'{prose(task["text"])}\n\n'
        f'```python\n{given.strip()}\n```\n\n'
        f'{text} shows you the task and checks your answer. '
        '[Exercises](../notes/exercises.md) explains how.\n'
        ':::'
    )


def options(path):
    """Return Python code for sys.argv in the run of a lesson."""
    helped = '\nimport helper' in path.read_text(encoding='utf-8')
    if DATA:
        folder = str(Path(DATA).resolve())
        found = [f'--data-dir={folder}']
        if helped:
            found.insert(0, '--data=real')
    elif helped:
        found = ['--data=synthetic']
    else:  # places is in the first cell (notebooks.FIND)
        return "[__file__, '--data-dir', str(places[0].parents[1] / 'data/synthetic')]"
    return f'[__file__, {", ".join(map(repr, found))}]'


def code_cells(made):
    return [cell for cell in made.cells if cell.cell_type == 'code']


def key_of(path, made):
    """Return a digest of everything that the outputs of a lesson depend on: its code,
    helper.py, and in the chain all lessons of it."""
    sources = [cell.source for cell in code_cells(made)]
    sources.append((ROOT / 'helper.py').read_text(encoding='utf-8'))
    if number(path) in CHAIN:
        for other in LESSONS:
            if number(other) in CHAIN:
                sources.append(other.read_text(encoding='utf-8'))
    return hashlib.sha256(''.join(sources).encode()).hexdigest()


def copy_outputs(made, page):
    """Copy the outputs from a page that was written before. Returns False if there's no
    such page, or if its lesson has changed since."""
    if not page.exists():
        return False
    kept = nbformat.read(page, 4)
    if kept.metadata.get('key') != made.metadata['key']:
        return False
    for cell, old in zip(code_cells(made), code_cells(kept)):
        cell.outputs = old.outputs
    return True


def execute(made):
    """Run a notebook next to the copy of the course."""
    client = NotebookClient(
        made,
        timeout=1800,
        extra_arguments=['--log-level=ERROR'],
        resources={'metadata': {'path': RUN}},
    )
    client.execute()


def clean(made):
    """Take out of the outputs what belongs to this machine and what only a notebook
    shows, and describe the figures."""
    shown = r"helper\.show\('(\w+)'\)"
    all_code = ''.join(cell.source for cell in code_cells(made))
    for cell in code_cells(made):
        # The name of a figure that a function draws is in the cell of the function.
        names = re.findall(shown, cell.source) or re.findall(shown, all_code)
        cell.metadata['mystnb'] = {'image': {'alt': f'Figure: {", ".join(names)}'}}

        # The value of a cell's last line is something that the script doesn't print.
        outputs = [out for out in cell.outputs if out.output_type != 'execute_result']
        for out in outputs:
            if out.output_type == 'stream':
                out.text = out.text.replace(f'{RUN}{os.sep}', '')
                if DATA:
                    out.text = out.text.replace(str(Path(DATA).resolve()), 'data')
        cell.outputs = outputs


def run(path):
    """Write the page of a lesson: its notebook with what it printed and drew.

    It runs on the real data in the folder COURSE_DATA, or else on the synthetic data. A
    lesson that hasn't changed since the last time doesn't run again.
    """

    def box_of_lesson(kind, text):
        return box(path, kind, text)

    with PARSING:
        made = notebook(path, top(path), box_of_lesson, options(path))
    page = DOCS / 'lessons' / f'{path.stem}.ipynb'
    made.metadata['key'] = key_of(path, made)
    if not copy_outputs(made, page):
        print(f'running lesson {number(path)}', flush=True)
        execute(made)
    clean(made)
    nbformat.write(made, page)


def copy_course(folder):
    """Copy what the lessons need to run."""
    ignore = shutil.ignore_patterns('__pycache__')
    for name in ('codes', 'data/synthetic'):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore, dirs_exist_ok=True)
    for name in ('helper.py', 'requirements.txt', 'data/penguins.csv', 'data/text.txt'):
        shutil.copy(ROOT / name, folder / name)


def remove_old_pages():
    """Remove the pages of lessons that are gone or have another name now."""
    names = [path.stem for path in LESSONS]
    for page in (DOCS / 'lessons').glob('*.ipynb'):
        if page.stem not in names:
            page.unlink()


def write_lessons():
    """Run all lessons, two at a time with a core each, and write the notebooks that can
    be downloaded."""
    os.environ['OMP_NUM_THREADS'] = '1'
    write_notebooks(DOCS / 'notebooks')

    course = RUN / 'intro-to-pytorch'
    if not course.exists():  # what the lessons saved is gone, so all of them run again
        shutil.rmtree(DOCS / 'lessons', ignore_errors=True)
    (DOCS / 'lessons').mkdir(exist_ok=True)
    remove_old_pages()
    copy_course(course)

    # The lessons of the chain run one after the other, and each of the rest by itself.
    # The later a lesson, the longer it takes, so those come first.
    chain = [path for path in LESSONS if number(path) in CHAIN]
    rest = [[path] for path in reversed(LESSONS) if number(path) not in CHAIN]

    def run_all(paths):
        for path in paths:
            run(path)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run_all, [chain, *rest]))  # list raises what a lesson raised


def write():
    """Write all pages, or end in one line if COURSE_DATA has no data."""
    if DATA and not Path(DATA, 'MNIST').is_dir():
        sys.exit(f"COURSE_DATA: there's no folder MNIST in {DATA}")
    write_notes()
    write_start()
    write_lessons()
