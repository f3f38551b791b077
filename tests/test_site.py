"""The site and the notebooks: made of the lessons alone, whole, and easy to read.

The pages are those that `sphinx-build` left in docs/_build/html; a real browser opens
them. Where they were not built, or there is no browser, its tests are skipped.
"""

import ast
import functools
import html.parser
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbclient
import nbformat
import pytest
from course import LESSONS, ROOT, install, lesson, run, settings

sys.path.insert(0, str(ROOT / 'docs'))
import pages

import notebooks

SITE = ROOT / 'docs/_build/html'
PAGES = sorted(SITE.rglob('*.html'))
CHROMIUM = next(
    filter(
        None,
        map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome', 'chrome')),
    ),
    None,
)
built = pytest.mark.skipif(not PAGES, reason='docs/_build/html was not built')
every_lesson = pytest.mark.parametrize('path', LESSONS, ids=lambda path: path.stem)


def read(path):
    return path.read_text(encoding='utf-8')


def page_of(path):
    return SITE / 'lessons' / f'{path.stem}.html'


def figures_in(path):
    """How many figures a lesson shows."""
    return sum(
        isinstance(node, ast.Call) and ast.unparse(node.func) == 'helper.show'
        for node in ast.walk(ast.parse(read(path)))
    )


def boxes_in(path):
    """How many boxes of each kind the comments of a lesson ask for."""
    kinds = [kind for kind, _ in notebooks.cells(path)]
    return kinds.count('Try'), kinds.count('Exercise')


def with_line(path, line):
    """A lesson with one more line, before the first after its docstring."""
    source = read(path)
    lines = source.splitlines(keepends=True)
    end = ast.parse(source).body[0].end_lineno
    return ''.join([*lines[:end], f'{line}\n', *lines[end:]])


# Notebooks


@every_lesson
def test_every_cell_of_a_lesson_has_a_title(path):
    cells = re.findall(r'(?m)^# ?%%.*', read(path))
    without = [line for line in cells if not re.fullmatch(r'# %% \S.*', line)]
    assert cells, f'{path.name} is not divided into cells: # %% Title'
    assert not without, f'{path.name} has cells without a title: {without}'


@every_lesson
def test_the_titles_of_cells_are_headings_in_the_notebook(path):
    titles = re.findall(r'(?m)^# %% (.*)', read(path))
    text = '\n'.join(
        cell.source
        for cell in notebooks.notebook(path).cells
        if cell.cell_type == 'markdown'
    )
    headings = re.findall(r'(?m)^## (.*)', text)
    # `code` is marked in headings, and what Markdown would misread has a \ before it.
    plain = [re.sub(r'[`\\]', '', heading) for heading in headings]
    wanted = [re.sub(r'[`\\]', '', title) for title in titles]
    assert plain == wanted, (
        f'The cells of {path.name} are called {wanted}, but the headings of its '
        f'notebook are {plain}'
    )


@every_lesson
def test_a_notebook_has_the_code_of_the_lesson_in_order(path):
    made = notebooks.notebook(path)
    code = [cell.source for cell in made.cells if cell.cell_type == 'code'][1:]
    _, *statements = ast.parse(read(path)).body
    assert ast.dump(ast.parse('\n'.join(code))) == ast.dump(ast.Module(statements, []))


@every_lesson
def test_a_notebook_has_all_words_of_the_lesson(path):
    made = notebooks.notebook(path)
    text = '\n'.join(cell.source for cell in made.cells)
    words = set(re.findall(r'\w+', text.lower()))
    # The file's name and the word `Run` stand before its commands only in the script.
    missing = set(re.findall(r'\w+', read(path).lower())) - words - {'run', 'py'}
    assert not missing, f'The notebook of {path.stem} lacks words: {missing}'


@every_lesson
def test_comments_of_the_lesson_are_prose_in_the_notebook(path):
    made = notebooks.notebook(path)
    text = '\n'.join(cell.source for cell in made.cells if cell.cell_type == 'markdown')
    text = re.sub(r'(?s)```sh\n.*?```', '', text)
    left = re.findall(r'(?m)^# (?!\d).*|^%%.*', text)
    assert not left, f'These lines still look like comments: {left}'


@every_lesson
def test_a_notebook_is_valid(path):
    nbformat.validate(notebooks.notebook(path))


def test_numbered_lines_are_a_list_and_a_number_alone_is_not():
    text = (
        'Three steps:\n\n1. Look.\n2. Think.\n\nThe end is in lesson\n3. It is short.'
    )
    wanted = text.replace('\n3. It', '\n3\\. It')
    assert notebooks.prose(text) == wanted


def test_code_in_prose_is_as_it_was():
    assert notebooks.prose('2 * 3 and *x is nn.Sequential(*layers), --epochs 3') == (
        '2 * 3 and \\*x is `nn.Sequential(*layers)`, `--epochs 3`'
    )


def execute(path, folder, argv=None):
    """Run the notebook of a lesson in a fresh kernel in `folder`; return its cells."""
    made = notebooks.notebook(path, argv=argv)
    nbclient.NotebookClient(
        made,
        timeout=600,
        extra_arguments=['--log-level=ERROR'],
        resources={'metadata': {'path': folder}},
    ).execute()
    return [cell for cell in made.cells if cell.cell_type == 'code']


def figures(cells):
    return sum(
        'image/png' in out.get('data', {}) for cell in cells for out in cell.outputs
    )


@pytest.mark.parametrize(
    'path', [lesson(number) for number in (1, 18)], ids=lambda path: path.stem
)
def test_a_notebook_runs_with_only_the_course_beside_it(path, tmp_path, monkeypatch):
    monkeypatch.delenv('MPLBACKEND')  # Jupyter has its own
    install(tmp_path / 'intro-to-pytorch')
    names, options = settings(path), []
    if names is not None:
        options += ['--data=synthetic']
    if names and 'epochs' in names:
        options += ['--epochs=1']
    argv = f'[__file__, {", ".join(map(repr, options))}]' if options else None
    shown = figures(execute(path, tmp_path, argv))
    assert shown == figures_in(path), (
        f'The notebook of {path.stem} shows {shown} figures, the lesson has '
        f'{figures_in(path)}'
    )
    assert not list(tmp_path.rglob('figures')), 'A notebook shows figures, in no file'


@pytest.mark.skipif(not shutil.which('git'), reason='needs git')
def test_a_notebook_fetches_the_course(tmp_path, monkeypatch):
    for name in ('GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM'):  # not the caller's
        monkeypatch.setenv(name, os.devnull)
    course = install(tmp_path / 'some' / 'one' / 'elsewhere')
    for command in (
        ['init', '-q'],
        ['add', 'codes', 'helper.py'],
        ['-c', 'user.name=a', '-c', 'user.email=b', 'commit', '-qm', 'c'],
    ):
        subprocess.run(['git', *command], cwd=course, check=True)
    monkeypatch.setattr(notebooks, 'ADDRESS', str(course))
    folder = tmp_path / 'any' / 'where'
    folder.mkdir(parents=True)
    code = [
        cell.source
        for cell in notebooks.notebook(lesson(3)).cells
        if cell.cell_type == 'code'
    ]
    script = tmp_path / 'notebook.py'
    script.write_text('\n'.join(code), encoding='utf-8')
    for _ in range(2):  # the second time it is there
        result = run(script, cwd=folder)
        assert result.returncode == 0, result.stderr
        fetched = [path.name for path in folder.iterdir()]
        assert len(fetched) == 1, f'The course must be fetched once: {fetched}'


def test_a_notebook_without_the_course_ends_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, 'ADDRESS', str(tmp_path / 'nothing'))
    script = tmp_path / 'notebook.py'
    script.write_text(notebooks.notebook(lesson(3)).cells[1].source, encoding='utf-8')
    (tmp_path / 'any').mkdir()
    result = run(script, cwd=tmp_path / 'any')
    assert result.returncode == 1 and 'Traceback' not in result.stderr, result.stderr
    last = result.stderr.splitlines()[-1]  # git complains before it
    assert 'intro-to-pytorch' in last, f'The line must name the folder: {last}'


# What pages.py does


def test_a_lesson_that_fails_breaks_the_build(tmp_path, monkeypatch):
    broken = tmp_path / '3_broken.py'
    broken.write_text(with_line(lesson(3), 'import torhc'), encoding='utf-8')
    monkeypatch.setattr(pages, 'DOCS', tmp_path)
    monkeypatch.setattr(pages, 'RUN', install(tmp_path / 'run/course').parent)
    shutil.copy(broken, tmp_path / 'run/course/codes')
    with pytest.raises(nbclient.exceptions.CellExecutionError, match='torhc'):
        pages.run(broken)


class Site:
    """A copy of the course whose site is made without running its lessons; `ran` has
    the names of those that would run."""

    def __init__(self, folder, monkeypatch):
        ran = self.ran = []

        class Client:
            def __init__(self, made, **_):
                self.source = ''.join(cell.source for cell in made.cells)

            def execute(self):
                ran.append(re.search(r"'codes/(\w+)\.py'", self.source)[1])

        self.root = install(folder / 'course')
        shutil.copytree(ROOT / 'exercises', self.root / 'exercises')
        self.lessons = [self.root / 'codes' / path.name for path in pages.LESSONS]
        values = {
            'NotebookClient': Client,
            'LESSONS': self.lessons,
            'ROOT': self.root,
            'DOCS': folder,
            'RUN': folder / 'run',
            'DATA': None,
        }
        for name, value in values.items():
            monkeypatch.setattr(pages, name, value)

    def again(self):
        """Write the pages of the lessons; return the names of those that ran."""
        self.ran.clear()
        pages.write_lessons()
        return list(self.ran)

    def path(self, number):
        return self.root / 'codes' / lesson(number).name


@pytest.fixture
def site(tmp_path, monkeypatch):
    return Site(tmp_path, monkeypatch)


NAMES = sorted(path.stem for path in LESSONS)


def test_all_lessons_run_once_for_the_site(site):
    assert sorted(site.again()) == NAMES
    assert site.again() == [], 'What did not change must not run again'


def test_a_lesson_runs_for_the_site_after_those_whose_files_it_reads(site):
    ran = site.again()
    chain = [lesson(number).stem for number in (21, 24, '24_1')]
    assert [name for name in ran if name in chain] == chain


def test_a_changed_comment_runs_no_lesson_again(site):
    site.again()
    path = site.path(3)
    changed = re.sub(r'(?m)^# %% .*\n# ', r'\g<0>Changed. ', read(path))
    assert changed != read(path), f'{path.name} has no comment below a title'
    path.write_text(changed, encoding='utf-8')
    assert site.again() == []


def test_changed_code_runs_its_lesson_again(site):
    site.again()
    site.path(3).write_text(with_line(site.path(3), 'import os'), encoding='utf-8')
    assert site.again() == [lesson(3).stem]


def test_changed_code_runs_the_lessons_again_that_read_its_file(site):
    site.again()
    path = site.path(21)
    path.write_text(with_line(path, 'import os'), encoding='utf-8')
    assert site.again() == [lesson(number).stem for number in (21, 24, '24_1')]


def test_a_changed_helper_runs_the_lessons_again_that_use_it(site):
    site.again()
    path = site.root / 'helper.py'
    path.write_text(read(path) + '\nCHANGED = True\n', encoding='utf-8')
    using = {path.stem for path in LESSONS if '\nimport helper' in read(path)}
    missing = using - set(site.again())
    assert not missing, (
        f'These lessons use helper.py and keep what they printed before: {missing}'
    )


def test_other_data_runs_all_lessons_again(site, tmp_path, monkeypatch):
    site.again()
    monkeypatch.setattr(pages, 'DATA', str(tmp_path))
    assert sorted(site.again()) == NAMES


def test_all_lessons_run_again_when_what_they_saved_is_gone(site, tmp_path):
    site.again()
    shutil.rmtree(tmp_path / 'run')
    assert sorted(site.again()) == NAMES


def test_lessons_have_the_same_order_on_the_site_and_in_the_course():
    assert [path.name for path in pages.LESSONS] == [path.name for path in LESSONS]


def links_to_lessons(text):
    """The stems of the lessons that Markdown or a toctree names, in order."""
    found = re.findall(r'lessons/(\w+?)(?:\.ipynb\)|$)', text, flags=re.M)
    return list(dict.fromkeys(name for name in found if name in NAMES))


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A folder with the notes and the start page, from the course as it is."""
    monkeypatch.setattr(pages, 'DOCS', tmp_path)
    pages.write_notes()
    pages.write_start()
    return tmp_path


def test_the_start_page_has_every_lesson_in_order(written):
    found = links_to_lessons(read(written / 'index.md'))
    assert found == [path.stem for path in LESSONS]


def test_the_side_bar_has_every_lesson_in_order(written):
    trees = re.findall(r'(?s)```\{toctree\}\n(.*?)```', read(written / 'index.md'))
    found = links_to_lessons('\n'.join(trees))
    assert found == [path.stem for path in LESSONS]


def test_the_side_bar_has_every_page_of_markdown(written):
    """Each is written to its place, and each place is in the side bar."""
    trees = re.findall(r'(?s)```\{toctree\}\n(.*?)```', read(written / 'index.md'))
    listed = re.findall(r'(?m)^notes/\w+$', '\n'.join(trees))
    files = [f'notes/{path.stem}' for path in written.glob('notes/*.md')]
    assert sorted(listed) == sorted(files), (
        f'The side bar has {sorted(listed)}, and the pages are {sorted(files)}'
    )


STEM = lesson(3).stem


@pytest.mark.parametrize(
    'page, link, target',
    [
        ('README.md', f'codes/{STEM}.py', f'lessons/{STEM}.ipynb'),
        ('README.md', 'notes/data.md', 'notes/data.md'),
        ('README.md', 'notes/README.md', 'notes/index.md'),
        ('README.md', 'docs/pictures/example.png', 'pictures/example.png'),
        ('README.md', 'exercises/README.md', 'notes/exercises.md'),
        ('README.md', 'exercises/14.py', '#exercise-14'),
        ('README.md', 'LICENSE', '../LICENSE'),
        ('notes/data.md', f'../codes/{STEM}.py', f'../lessons/{STEM}.ipynb'),
        ('notes/data.md', 'losses.md#any-place', 'losses.md#any-place'),
        ('notes/data.md', '../README.md#outline', '../index.md#outline'),
        ('notes/data.md', '../data/README.md', 'data_folder.md'),
        ('notes/data.md', '../docs/pictures/sets.png', '../pictures/sets.png'),
        ('docs/README.md', '../notes/options.md', 'options.md'),
        ('exercises/README.md', '../CONTRIBUTING.md', 'contributing.md'),
        ('notes/data.md', 'https://example.org/a', 'https://example.org/a'),
        ('notes/data.md', '#any-place', '#any-place'),
    ],
)
def test_a_link_leads_to_its_place_on_the_site(page, link, target):
    found = pages.moved(f'See [this]({link}).', ROOT / page)
    assert found == f'See [this]({target}).', f'{page} links to {link}'


@pytest.mark.parametrize(
    'code', ['`layers[0](images)`', '```python\nlayers[0](images)\n```']
)
def test_what_looks_like_a_link_in_code_stays_as_it_is(code):
    assert pages.moved(code, ROOT / 'notes/data.md') == code


def test_data_that_are_not_there_end_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, 'DATA', str(tmp_path))
    with pytest.raises(SystemExit) as stopped:
        pages.write()
    for word in ('COURSE_DATA', 'MNIST', str(tmp_path)):
        assert word in stopped.value.code, (
            f'The message must name {word}: {stopped.value.code}'
        )
    assert '\n' not in stopped.value.code


# UTF-8, whatever the system's encoding is


PLACES = (
    '*.py',
    'codes/*.py',
    'exercises/*.py',
    'exercises/answers/*.py',
    'docs/*.py',
    'data/*.py',
)
PROGRAMS = sorted(path for place in PLACES for path in ROOT.glob(place))


def calls_without_encoding(path):
    """The lines of a program that open a text file in the system's encoding."""
    lines = []
    for node in ast.walk(ast.parse(read(path))):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition('.')[2]
        if ast.unparse(node.func) == 'helper.read_text':  # always UTF-8
            continue
        if ast.unparse(node.func) not in ('open', 'io.open') and name not in (
            'read_text',
            'write_text',
        ):
            continue
        given = [ast.unparse(value) for value in node.args]
        given += [
            ast.unparse(keyword.value)
            for keyword in node.keywords
            if keyword.arg in ('encoding', 'mode')
        ]
        binary = any(re.fullmatch(r"'[rwxa+]*b[rwxa+]*'", text) for text in given)
        if 'os.devnull' not in given and "'utf-8'" not in given and not binary:
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize(
    'path',
    PROGRAMS,
    ids=lambda path: (
        path.stem if path.parent.name == 'codes' else path.relative_to(ROOT).as_posix()
    ),
)
def test_text_files_are_opened_as_utf_8(path):
    lines = calls_without_encoding(path)
    assert not lines, (
        f"{path.name} opens a text file without encoding='utf-8' in the lines {lines}"
    )


@pytest.fixture
def course(tmp_path, tree):
    """A copy of all that is run, with a folder of photos that is called my_photos."""
    folder = install(tmp_path / 'course')
    for name in ('exercises', 'docs'):
        shutil.copytree(
            ROOT / name,
            folder / name,
            ignore=shutil.ignore_patterns(
                '_build', 'lessons', 'notes', 'notebooks', 'index.md', '__pycache__'
            ),
        )
    shutil.copytree(
        ROOT / 'data',
        folder / 'data',
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns(
            'synthetic', 'MNIST', 'FashionMNIST', 'Cat_Dog_data'
        ),
    )
    shutil.copytree(ROOT / 'notes', folder / 'notes')
    for page in ROOT.glob('*.md'):
        shutil.copy(page, folder)
    shutil.copytree(tree, folder / 'my_photos')
    shutil.copytree(ROOT / 'tests/programs', folder / 'tests/programs')
    return folder


SCRIPTS = {  # what is run, in a copy of the course, to see how it opens files
    lesson(0).stem: [[f'codes/{lesson(0).name}']],
    'check': [['exercises/check.py', '14'], ['exercises/check.py']],
    'prepare_photos': [['data/prepare_photos.py', 'my_photos']],
    'draw_pictures': [['docs/draw_pictures.py']],
    'notebooks': [['docs/notebooks.py']],
    'pages': [['tests/programs/write_pages.py']],
}


@pytest.mark.parametrize('name', SCRIPTS)
def test_no_script_uses_the_encoding_of_the_system(name, course):
    """Python warns of each file that is opened without an encoding."""
    env = {
        'PYTHONWARNDEFAULTENCODING': '1',
        'PYTHONWARNINGS': 'always::EncodingWarning',
        'PYTHONUTF8': '0',
    }
    for command in SCRIPTS[name]:
        result = run(*command, cwd=course, env=env)
        assert 'Traceback' not in result.stderr, result.stderr
        found = [
            line
            for line in result.stderr.splitlines()
            if 'EncodingWarning' in line and line.startswith(str(course))
        ]
        assert not found, f"{command} opens files in the system's encoding: {found}"


# The built pages


class Elements(html.parser.HTMLParser):
    """What a page refers to, the names in it that others may refer to, and the classes
    of its elements."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.classes = [], set(), []
        self.feed(text)

    def handle_starttag(self, _, attrs):
        attrs = dict(attrs)
        self.ids.add(attrs.get('id'))
        self.links += [attrs[key] for key in ('href', 'src') if attrs.get(key)]
        self.classes.append(set((attrs.get('class') or '').split()))

    def boxes(self, kind):
        return sum({'admonition', kind} <= classes for classes in self.classes)


def built_cells(path):
    made = nbformat.read(ROOT / 'docs/lessons' / f'{path.stem}.ipynb', 4)
    return [cell for cell in made.cells if cell.cell_type == 'code']


@built
@every_lesson
def test_a_page_shows_what_the_lesson_prints(path):
    found = Elements(read(page_of(path)))
    assert any('output' in classes for classes in found.classes), (
        f'The page of {path.stem} has no output'
    )


@built
@every_lesson
def test_a_page_has_every_figure_of_the_lesson(path):
    shown = figures(built_cells(path))
    assert shown == figures_in(path), (
        f'The page of {path.stem} has {shown} figures, the lesson {figures_in(path)}'
    )
    described = read(page_of(path)).count('alt="Figure: ')
    assert described == shown, f'{described} of {shown} figures have a description'


@built
@every_lesson
def test_a_page_says_nothing_of_the_place_where_it_was_made(path):
    assert str(ROOT) not in read(page_of(path))


@built
@every_lesson
def test_a_page_has_the_boxes_of_its_lesson(path):
    found = Elements(read(page_of(path)))
    boxes = found.boxes('tip'), found.boxes('important')
    assert boxes == boxes_in(path), (
        f'{path.stem} has (Try, Exercise) {boxes_in(path)}, its page {boxes}'
    )


@built
@every_lesson
def test_a_page_offers_the_script_and_the_notebook(path):
    links = {
        unquote(link).rpartition('/')[2] for link in Elements(read(page_of(path))).links
    }
    assert {path.name, f'{path.stem}.ipynb'} <= links


@built
def test_links_of_the_pages_lead_somewhere():
    found = {page: Elements(read(page)) for page in PAGES}
    checked = 0
    for page, elements in found.items():
        for link in elements.links:
            parts = urlsplit(link)
            if parts.scheme not in ('', 'file'):
                continue
            target = (page.parent / unquote(parts.path)).resolve()
            target = page if not parts.path else target
            assert target.is_file(), f'{page} links to {link}, which is not there'
            if parts.fragment and target in found and parts.fragment != 'top':
                assert unquote(parts.fragment) in found[target].ids, (
                    f'{page} links to {link}, a place that is not there'
                )
            checked += 1
    assert checked > 40 * len(PAGES), f'Only {checked} links were found in the pages'


@built
@every_lesson
def test_the_notes_and_the_lesson_are_linked_both_ways(path):
    place = pages.place_of(ROOT / notebooks.head(path)['Notes'])
    note = (SITE / place).with_suffix('.html')
    for page, other in ((page_of(path), note), (note, page_of(path))):
        article = read(page).partition('<article')[2]
        links = [link.partition('#')[0] for link in Elements(article).links]
        wanted = Path(os.path.relpath(other, page.parent)).as_posix()
        assert wanted in links, f'{page.name} must link to {wanted}'


@pytest.fixture(scope='module')
def address():
    """The site, from a server of our own."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=SITE)
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}/'
        server.shutdown()


@pytest.fixture(scope='module')
def chromium():
    if not PAGES or not CHROMIUM:
        pytest.skip('docs/_build/html was not built, or there is no Chromium')
    playwright = pytest.importorskip('playwright.sync_api')
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox'])
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium):
    """A page of the browser; `tab.wrong` gathers errors and requests to other hosts."""
    tab = chromium.new_context().new_page()
    tab.wrong = []
    tab.on(
        'console',
        lambda message: (
            message.type == 'error' and tab.wrong.append((tab.url, message.text))
        ),
    )
    tab.on('pageerror', lambda error: tab.wrong.append((tab.url, str(error))))
    tab.on(
        'request',
        lambda request: (
            tab.wrong.append((tab.url, request.url))
            if urlsplit(request.url).hostname not in ('127.0.0.1', '', None)
            else None
        ),
    )
    yield tab
    assert not tab.wrong
    tab.context.close()


WIDE = """() => [...document.querySelectorAll('article *')].filter(one =>
    one.scrollWidth > one.clientWidth + 1 && !one.closest('pre, .highlight')
    && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX)
).map(one => one.outerHTML.slice(0, 200))"""


def test_every_page_opens_and_fits_a_phone(tab, address):
    tab.set_viewport_size({'width': 375, 'height': 700})
    for page in PAGES:
        tab.goto(address + str(page.relative_to(SITE)))
        assert tab.title() and tab.locator('article').count() == 1, page
        width = tab.evaluate('document.documentElement.scrollWidth')
        assert width == 375 and tab.evaluate(WIDE) == [], page
        broken = tab.evaluate(
            '[...document.images].filter(one => !one.naturalWidth'
            ' && one.loading != "lazy").length'
        )
        assert broken == 0, page


def test_next_leads_through_the_side_bar(tab, address):
    """All pages in the order of the side bar, which has the lessons in theirs."""
    tab.goto(address)
    listed = tab.locator('.sidebar-tree a').evaluate_all('all => all.map(a => a.href)')
    listed = [urlsplit(link).path for link in listed]
    names = [Path(path).stem for path in listed]
    assert [name for name in names if name in NAMES] == [path.stem for path in LESSONS]
    for path in listed:
        tab.click('.next-page')
        assert urlsplit(tab.url).path == path, (
            f'Next leads to {tab.url}, and in the side bar comes {path}'
        )


@every_lesson
def test_a_page_has_the_title_of_its_lesson(path, tab, address):
    tab.goto(address + f'lessons/{page_of(path).name}')
    title = f'{notebooks.number(path)}. {notebooks.head(path)["title"]}'
    shown = tab.locator('h1').evaluate('one => one.firstChild.textContent')
    assert shown.strip() == title


def page_with_most(word, folder):
    """The page of a folder of the site that has a word most often."""
    counts = {}
    for page in sorted(SITE.glob(f'{folder}/*.html')):
        article = read(page).partition('<article')[2].partition('</article')[0]
        text = re.sub(r'<[^>]*>', '', article).lower()
        counts[page] = len(re.findall(rf'\b{word}\b', text))
    best = max(counts, key=counts.get)
    assert counts[best], f'No page in {folder}/ has the word {word}'
    return best.relative_to(SITE).as_posix()


@pytest.mark.parametrize('as_file', [False, True], ids=['served', 'as files'])
@pytest.mark.parametrize('folder', ['lessons', 'notes'])
@pytest.mark.parametrize('word', ['dropout', 'bfloat16', 'softmax'])
def test_search_finds_words(word, folder, as_file, tab, address):
    if not PAGES:
        pytest.skip('docs/_build/html was not built')
    found = page_with_most(word, folder)
    tab.goto((SITE.as_uri() + '/' if as_file else address) + 'index.html')
    tab.fill('.sidebar-search', word)
    tab.press('.sidebar-search', 'Enter')
    tab.wait_for_selector(f'#search-results a[href*="{found}"]')
    tab.wait_for_load_state('networkidle')


def test_code_can_be_copied(tab, address):
    tab.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    path = lesson(8)
    tab.goto(address + f'lessons/{page_of(path).name}')
    code = [text for kind, text in notebooks.cells(path) if kind == 'code']
    buttons = tab.locator('.cell_input button.copybtn')
    assert buttons.count() == len(code)
    assert tab.locator('.cell_output button.copybtn').count() == 0
    for button, text in zip(buttons.all(), code):
        button.click()
        assert tab.evaluate('navigator.clipboard.readText()').strip() == text


def test_dark_and_light(tab, address):
    tab.goto(address)
    color = 'getComputedStyle(document.body).backgroundColor'
    shown = set()
    for scheme in ('light', 'dark'):
        tab.emulate_media(color_scheme=scheme)
        shown.add(tab.evaluate(color))
    assert len(shown) == 2, f'The page is {shown} in the light and in the dark'
