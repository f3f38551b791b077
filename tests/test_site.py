"""The site and the notebooks: made of the lessons alone, whole, and easy to read.

The pages are those that `sphinx-build` left in docs/_build/html; a real browser opens
them. Where they were not built, or there is no browser, its tests are skipped.
"""
import ast
import functools
import html.parser
import http.server
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
from course import LESSONS, ROOT, install, lesson

sys.path.insert(0, str(ROOT / 'docs'))
import pages

import notebooks

SITE = ROOT / 'docs/_build/html'
PAGES = sorted(SITE.rglob('*.html'))
CHROMIUM = next(filter(None, map(shutil.which, (
    'chromium', 'chromium-browser', 'google-chrome', 'chrome'))), None)
built = pytest.mark.skipif(not PAGES, reason='docs/_build/html was not built')


def page_of(path):
    return SITE / 'lessons' / f'{path.stem}.html'


@pytest.mark.parametrize('path', LESSONS, ids=lambda path: path.stem)
def test_a_notebook_is_the_lesson(path):
    """All of its code, in order, and all of its comments as prose."""
    made = notebooks.notebook(path)
    code = [cell.source for cell in made.cells if cell.cell_type == 'code'][1:]
    docstring, *statements = ast.parse(path.read_text()).body
    assert ast.dump(ast.parse('\n'.join(code))) == ast.dump(ast.Module(statements, []))
    text = '\n'.join(cell.source for cell in made.cells if cell.cell_type == 'markdown')
    left = re.sub(r'(?s)```sh\n.*?```', '', text)
    assert not re.search(r'(?m)^# (?!\d)|^%%', left)  # no # of a comment is left
    words = re.findall(r'\w+', ' '.join([text, *code]).lower())
    assert set(re.findall(r'\w+', path.read_text().lower())) <= {*words, 'run', 'py'}
    nbformat.validate(made)


def test_code_in_prose_is_as_it_was():
    assert notebooks.prose('2 * 3 and *x is nn.Sequential(*layers), --epochs 3') == (
        '2 * 3 and \\*x is `nn.Sequential(*layers)`, `--epochs 3`')


def execute(name, folder, argv=None):
    """Run the notebook of a lesson in a fresh kernel in `folder`; return its cells."""
    made = notebooks.notebook(lesson(name), argv=argv)
    nbclient.NotebookClient(made, timeout=600, extra_arguments=['--log-level=ERROR'],
                            resources={'metadata': {'path': folder}}).execute()
    return [cell for cell in made.cells if cell.cell_type == 'code']


def figures(cells):
    return sum('image/png' in out.get('data', {}) for cell in cells
               for out in cell.outputs)


@pytest.mark.parametrize('name, options, count', [
    ('1', '', 1), ('8', '', 1), ('4', '--data synthetic', 2),
    ('13', '--data synthetic --epochs 1', 1), ('18', '--data synthetic --epochs 1', 1)])
def test_a_notebook_runs_with_only_the_course_beside_it(name, options, count, tmp_path,
                                                        monkeypatch):
    monkeypatch.delenv('MPLBACKEND')  # Jupyter has its own
    install(tmp_path / 'intro-to-pytorch')
    argv = f"[__file__, *{options.split()}]" if options else None
    assert figures(execute(name, tmp_path, argv)) == count
    assert not list(tmp_path.rglob('figures'))


def test_a_notebook_fetches_the_course(tmp_path, monkeypatch):
    course = install(tmp_path / 'some' / 'one' / 'elsewhere')
    for command in (['init', '-q'], ['add', 'codes', 'helper.py'],
                    ['-c', 'user.name=a', '-c', 'user.email=b', 'commit', '-qm', 'c']):
        subprocess.run(['git', *command], cwd=course, check=True)
    monkeypatch.setattr(notebooks, 'ADDRESS', str(course))
    folder = tmp_path / 'any' / 'where'
    folder.mkdir(parents=True)
    code = [cell.source for cell in notebooks.notebook(lesson(3)).cells
            if cell.cell_type == 'code']
    for _ in range(2):  # the second time it is there
        result = subprocess.run([sys.executable, '-c', '\n'.join(code)], cwd=folder,
                                capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        assert [path.name for path in folder.iterdir()] == ['intro-to-pytorch']


def test_a_lesson_that_fails_breaks_the_build(tmp_path, monkeypatch):
    broken = tmp_path / '3_broken.py'
    broken.write_text(lesson(3).read_text().replace('import torch\n', 'import torhc\n'))
    monkeypatch.setattr(pages, 'DOCS', tmp_path)
    monkeypatch.setattr(pages, 'RUN', install(tmp_path / 'run/course').parent)
    shutil.copy(broken, tmp_path / 'run/course/codes')
    with pytest.raises(nbclient.exceptions.CellExecutionError, match='torhc'):
        pages.run(broken)


def test_what_changed_runs_again(tmp_path, monkeypatch):
    ran = []

    class Client:
        def __init__(self, made, **_):
            self.title = made.cells[0].source

        def execute(self):
            ran.append(re.match(r'# (\w+)\.', self.title)[1])

    def again():
        ran.clear()
        pages.write_lessons()
        return sorted(ran)

    def change(number, old, new):
        path = next(path for path in copies if path.name.startswith(f'{number}_'))
        source = path.read_text()
        assert old in source
        path.write_text(source.replace(old, new))

    codes = install(tmp_path / 'course') / 'codes'
    copies = [codes / path.name for path in LESSONS]
    for name, value in (('NotebookClient', Client), ('LESSONS', copies),
                        ('DOCS', tmp_path), ('RUN', tmp_path / 'run')):
        monkeypatch.setattr(pages, name, value)
    assert len(again()) == len(LESSONS) and again() == []
    change(3, '# The way back', '# The way')
    assert again() == []
    change(3, 'import torch\n', 'import torch as torch\n')
    assert again() == ['3']
    change(21, '# Look: ', '# See: ')  # its file goes to 24, and that one's to 24_1
    assert again() == ['21', '24', '24_1']
    shutil.rmtree(tmp_path / 'run')
    assert len(again()) == len(LESSONS)


def test_no_data_and_no_course_end_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, 'DATA', str(tmp_path))
    with pytest.raises(SystemExit, match='COURSE_DATA: .* no folder MNIST'):
        pages.write()
    monkeypatch.setattr(notebooks, 'ADDRESS', str(tmp_path / 'nothing'))
    find = notebooks.notebook(lesson(3)).cells[1].source
    (tmp_path / 'any').mkdir()
    result = subprocess.run([sys.executable, '-c', find], cwd=tmp_path / 'any',
                            capture_output=True, text=True)
    assert result.returncode == 1 and 'Traceback' not in result.stderr
    assert result.stderr.splitlines()[-1].startswith('No course here: ')


@built
@pytest.mark.parametrize('path', LESSONS, ids=lambda path: path.stem)
def test_a_page_has_output_and_every_figure(path):
    text = page_of(path).read_text()
    made = nbformat.read(ROOT / 'docs/lessons' / f'{path.stem}.ipynb', 4)
    cells = [cell for cell in made.cells if cell.cell_type == 'code']
    assert 'class="output' in text
    assert str(ROOT) not in text  # it ran in a copy, and says nothing of this place
    assert figures(cells) == path.read_text().count('helper.show(')
    assert text.count('alt="Figure: ') == figures(cells)
    assert ('Try</p>' in text) == ('# Try: ' in path.read_text())
    assert ('Exercise: ' in text) == ('# Exercise: ' in path.read_text())
    assert f'{path.stem}.py"' in text and f'{path.stem}.ipynb"' in text


class Links(html.parser.HTMLParser):
    """What a page refers to, and the names in it that others may refer to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(text)

    def handle_starttag(self, _, attrs):
        attrs = dict(attrs)
        self.ids.add(attrs.get('id'))
        self.links += [attrs[key] for key in ('href', 'src') if attrs.get(key)]


@built
def test_links_of_the_pages_lead_somewhere():
    found = {page: Links(page.read_text()) for page in PAGES}
    checked = 0
    for page, links in found.items():
        for link in links.links:
            parts = urlsplit(link)
            if parts.scheme in ('', 'file'):
                target = (page.parent / unquote(parts.path)).resolve()
                target = page if not parts.path else target
                assert target.is_file(), (page, link)
                if parts.fragment and target in found and parts.fragment != 'top':
                    assert unquote(parts.fragment) in found[target].ids, (page, link)
                checked += 1
    assert checked > 2000


@built
def test_notes_and_lessons_are_linked_both_ways():
    for path in LESSONS:
        section = notebooks.head(path)['Notes']
        note = SITE / 'notes' / f'{pages.slug(section)}.html'
        assert f'../notes/{note.name}"' in page_of(path).read_text(), path
        assert f'../lessons/{page_of(path).name}"' in note.read_text().partition(
            '<article')[2], path


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
    tab.on('console', lambda message: message.type == 'error' and tab.wrong.append(
        (tab.url, message.text)))
    tab.on('pageerror', lambda error: tab.wrong.append((tab.url, str(error))))
    tab.on('request', lambda request: tab.wrong.append((tab.url, request.url))
           if urlsplit(request.url).hostname not in ('127.0.0.1', '', None) else None)
    yield tab
    assert not tab.wrong
    tab.context.close()


WIDE = '''() => [...document.querySelectorAll('article *')].filter(one =>
    one.scrollWidth > one.clientWidth + 1 && !one.closest('pre, .highlight')
    && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX)
).map(one => one.outerHTML.slice(0, 200))'''


def test_every_page_opens_and_fits_a_phone(tab, address):
    tab.set_viewport_size({'width': 375, 'height': 700})
    for page in PAGES:
        tab.goto(address + str(page.relative_to(SITE)))
        assert tab.title() and tab.locator('article').count() == 1, page
        width = tab.evaluate('document.documentElement.scrollWidth')
        assert width == 375 and tab.evaluate(WIDE) == [], page
        broken = tab.evaluate('[...document.images].filter(one => !one.naturalWidth'
                              ' && one.loading != "lazy").length')
        assert broken == 0, page


def test_next_leads_from_the_start_to_the_last_lesson(tab, address):
    tab.goto(address)
    for name in ('start', 'what-a-network-is', 'words'):
        tab.click('.next-page')
        assert Path(urlsplit(tab.url).path).stem == name
    for path in LESSONS:
        tab.click('.next-page')
        assert Path(urlsplit(tab.url).path).stem == path.stem
        assert tab.inner_text('h1').startswith(f'{notebooks.number(path)}. ')
    shown = tab.locator('.sidebar-tree a').all_inner_texts()[3:]
    titles = [f"{notebooks.number(path)}. {notebooks.head(path)['title']}"
              for path in LESSONS]
    assert shown[:len(titles)] == titles


@pytest.mark.parametrize('as_file', [False, True])
@pytest.mark.parametrize('word, found', [
    ('dropout', 'lessons/16_prevent_overfitting.html'),
    ('bfloat16', 'lessons/23_1_faster_photos.html'),
    ('softmax', 'notes/the-loss.html')])
def test_search_finds_words_of_lessons_and_notes(word, found, as_file, tab, address):
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
    colour = 'getComputedStyle(document.body).backgroundColor'
    shown = set()
    for scheme in ('light', 'dark'):
        tab.emulate_media(color_scheme=scheme)
        shown.add(tab.evaluate(colour))
    assert len(shown) == 2
