"""README.md and the other pages say what is true."""
import ast
import os
import re
import runpy
import shutil
from pathlib import Path

import pytest
import referee
from course import (
    LESSONS,
    REAL_DATA,
    ROOT,
    SYNTHETIC_DATA,
    accuracy,
    lesson,
    order,
    run,
    settings,
)
from test_referee import BROKEN
from trainings import LINE, rule_of, spoil, told


def read(path):
    return path.read_text(encoding='utf-8')


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def pages():
    """The Markdown files of the course, but for those that become the site."""
    found = [*ROOT.glob('*.md'), *ROOT.glob('*/*.md')]
    hidden = ('docs', 'my', 'figures', 'checkpoints')
    return sorted(path for path in found
                  if path.parent.name not in hidden and path.parent.name[0] != '.')


PAGES = pages()
TEXTS = {path: read(path) for path in PAGES}
every_page = pytest.mark.parametrize('page', PAGES, ids=name_of)
RUN_PAGES = ROOT / 'tests/tools/run_readme.py'
WITH_SNIPPETS = [path for path in PAGES if '\n```python\n' in TEXTS[path]]
every_page_with_snippets = pytest.mark.parametrize('page', WITH_SNIPPETS, ids=name_of)


def without_code(text):
    """A page without its blocks of code and its code in lines."""
    text = re.sub(r'(?ms)^```.*?^```', '', text)
    return re.sub(r'`[^`\n]*`', '', text)


def tables():
    """[(page, [cells of each row below the heading])] of all pages."""
    found = []
    for page, text in TEXTS.items():
        for table in re.findall(r'(?m)(?:^\|.*\|\n)+', text):
            rows = [re.split(r'(?<!\\)\|', line)[1:-1] for line in table.splitlines()]
            found.append((page, [[cell.strip() for cell in row] for row in rows[2:]]))
    return found


def lesson_linked(cell):
    """(text, file) of a link to a lesson that a cell of a table begins with, or None.
    """
    match = re.match(r'\[([^\]]*)\]\((?:\.\./)?codes/(\w+\.py)\)', cell)
    return match.groups() if match else None


# Snippets


@pytest.fixture(scope='module')
def run_snippets():
    """A function that runs the snippets of a page, once."""
    known = {}

    def result(page):
        if page not in known:
            known[page] = run(RUN_PAGES, page)
        return known[page]
    return result


@every_page_with_snippets
def test_snippets_do_what_their_comments_say(page, run_snippets):
    result = run_snippets(page)
    assert result.returncode == 0, (
        f'The snippets of {name_of(page)} do not do what it says:\n{result.stderr}')


@every_page_with_snippets
def test_a_training_in_the_snippets_learns(page, run_snippets):
    if 'optimizer.step()' not in ''.join(re.findall(r'(?ms)^```python\n(.*?)^```',
                                                    TEXTS[page])):
        pytest.skip('the snippets of this page train nothing')
    reached = accuracy(run_snippets(page).stdout)
    assert reached > 0.78, (
        f'The training on {name_of(page)} reaches {reached:.1%} on the synthetic '
        'garments, where one without a mistake reaches more than 78%')


def test_there_are_snippets_and_a_training():
    text = ''.join(TEXTS[page] for page in WITH_SNIPPETS)
    assert 'optimizer.step()' in text, 'No page has a snippet with a whole training'


RIGHT = '''x = torch.zeros(2, 3)  # [2, 3]
y = x.T  # [2, 3] -> [3, 2]
print(x.sum())  # tensor(0.)
x @ x  # RuntimeError: shapes cannot be ... 2x3
z = 5  # a comment that says nothing of a result
'''


def wrong_on_page_with(code, tmp_path):
    """What run_readme.py finds wrong with a page that has this code in a snippet."""
    page = tmp_path / 'page.md'
    page.write_text(f'# ü\n\n```python\nimport torch\n{code}```\n', encoding='utf-8')
    return runpy.run_path(str(RUN_PAGES))['run_page'](page)


def test_right_comments_in_snippets_are_accepted(tmp_path):
    assert wrong_on_page_with(RIGHT, tmp_path) == []


@pytest.mark.parametrize('old, new, line', [
    ('# [2, 3]\n', '# [3, 2]\n', 5), ('-> [3, 2]', '-> [2, 3]', 6),
    ('[2, 3] ->', '[4, 3] ->', 6), ('tensor(0.)', 'tensor(1.)', 7),
    ('2x3', '4x4', 8), ('RuntimeError', 'ValueError', 8), ('x @ x', 'x @ y', 8),
    ('z = 5', 'z = unknown', 9)])
def test_a_wrong_comment_in_a_snippet_is_noticed_with_its_line(old, new, line,
                                                               tmp_path):
    assert RIGHT.count(old) == 1
    wrong = wrong_on_page_with(RIGHT.replace(old, new), tmp_path)
    assert len(wrong) == 1, f'Only {new!r} is wrong, but this is noticed: {wrong}'
    assert f'page.md, line {line}:' in wrong[0], wrong


def test_each_page_of_snippets_runs_by_itself(tmp_path):
    paths = [tmp_path / 'one.md', tmp_path / 'two.md']
    for path, code in zip(paths, ('x = 3', 'print(x)  # 3')):
        path.write_text(f'```python\n{code}\n```\n', encoding='utf-8')
    result = run(RUN_PAGES, *paths)
    assert result.returncode == 1 and 'NameError' in result.stderr, (
        'A page must not know the names of the page before it')


# The outline


def outline():
    """[(number, file, cells)] of the rows that begin with the link of a lesson."""
    rows = [(page, row) for page, table in tables() for row in table
            if lesson_linked(row[0])]
    assert rows, 'No page has a table whose rows begin with links to the lessons'
    found = {page for page, _ in rows}
    assert len(found) == 1, f'The outline must be on one page, not on {found}'
    return [(*lesson_linked(row[0]), row) for _, row in rows]


def test_the_outline_has_every_lesson_once_and_in_order():
    named = [file for _, file, _ in outline()]
    assert named == [path.name for path in LESSONS]


@pytest.mark.parametrize('path', LESSONS, ids=lambda path: path.stem)
def test_the_outline_has_the_number_and_the_command_of(path):
    number, cells = next((number, cells) for number, file, cells in outline()
                         if file == path.name)
    assert '_'.join(map(str, order(path))) == number, (
        f'The outline gives {path.name} the number {number}')
    commands = [cell for cell in cells if f'codes/{path.name}`' in cell]
    assert commands, f'The outline does not show how {path.name} is run: {cells}'


# The referee


def test_the_rules_of_the_pages_are_those_of_the_referee():
    """A rule in each row, and in the last cell the lesson about it."""
    found = [[lesson_linked(row[-1])[0] for row in table] for _, table in tables()
             if all(lesson_linked(row[-1]) and not lesson_linked(row[0])
                    for row in table)]
    wanted = [number for _, _, number in referee.RULES.values()]
    assert wanted in found, (
        f'No table has a row for each rule of the referee, with the lessons {wanted}')


def quoted_mistakes():
    """The lines of the referee that pages quote: [(page, line)]."""
    found = []
    for page, text in TEXTS.items():
        for block in re.findall(r'(?ms)^```text\n(.*?)^```', text):
            block = re.sub(r'\n(?!Referee: )', ' ', block.strip())
            found += [(page, line) for line in block.splitlines()
                      if LINE.fullmatch(line)]
    return found


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs os.fork (POSIX)')
def test_a_quoted_verdict_is_what_the_referee_prints(tmp_path):
    """But for the numbers in front, which belong to the learner's own script."""
    quoted = quoted_mistakes()
    assert quoted, 'No page shows what the referee prints'
    for page, line in quoted:
        script, sentence = LINE.fullmatch(line)[1], LINE.fullmatch(line)[4]
        rule = rule_of(sentence)
        assert rule, f'{name_of(page)} quotes what no rule says: {sentence}'
        case = next(case for case in BROKEN if case[0] == rule)
        source, _ = spoil(*case[1:])
        _, text = told({script: source}, tmp_path)[script]
        printed = [match[4] for match in LINE.finditer(text)]
        assert sentence in printed, (
            f'{name_of(page)} quotes "{sentence}", and the referee prints {printed}')


# Links


def slugs(text):
    """The names that GitHub gives to the headings of a page."""
    headings = re.findall(r'(?m)^#+ (.*)$', re.sub(r'(?ms)^```.*?^```', '', text))
    return {re.sub(r'[^\w -]', '', line).strip().lower().replace(' ', '-')
            for line in headings}


@every_page
def test_links_lead_somewhere(page):
    for link in re.findall(r'\]\(([^)\s]+)\)', without_code(TEXTS[page])):
        if link.startswith(('http:', 'https:')):
            continue
        path, _, anchor = link.partition('#')
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f'{name_of(page)} links to {link}, which is not there'
        if anchor:
            assert anchor in slugs(read(target)), (
                f'{name_of(page)} links to {link}, and {name_of(target)} has no such '
                'heading')


# Options and commands


def flags(path):
    """The flags that a script knows, as its --help lists them."""
    return set(re.findall(r'--([a-z][a-z-]*)', run(path, '--help').stdout))


@pytest.fixture(scope='module')
def shared_help():
    """--help of a lesson that has no options of its own, in one line."""
    path = next(path for path in LESSONS if settings(path) == set())
    return ' '.join(run(path, '--help').stdout.split())


@pytest.fixture(scope='module')
def shared(shared_help):
    """The options that all lessons have which read options."""
    return set(re.findall(r'--([a-z][a-z-]*)', shared_help)) - {'help'}


def option_rows():
    """{option: the cells behind it} of the tables of options."""
    rows = [row for _, table in tables() for row in table]
    named = [(re.match(r'`--([a-z-]+)', row[0]), row) for row in rows]
    return {match[1]: row[1:] for match, row in named if match}


def lessons_in(text):
    """The lessons of a cell such as `11 to 18_1, 20 and 22`."""
    found = []
    for first, last in re.findall(r'(\d+(?:_\d)?)(?: to (\d+(?:_\d)?))?', text):
        places = [LESSONS.index(lesson(end)) for end in (first, last or first)]
        found += LESSONS[places[0]:places[1] + 1]
    return found


OWN = {path: settings(path) or set() for path in LESSONS}
OWN_NAMES = sorted(set().union(*OWN.values()))


def test_the_pages_have_all_options_and_no_others(shared):
    assert set(option_rows()) == shared.union(OWN_NAMES)


@pytest.mark.parametrize('name', OWN_NAMES)
def test_an_option_is_told_for_the_lessons_that_have_it(name):
    cells = option_rows()[name]
    stated = next(lessons_in(cell) for cell in cells if re.match(r'[\d_]+\b', cell))
    having = [path for path in LESSONS if name in OWN[path]]
    assert stated == having, (
        f'--{name} is told for {[path.stem for path in stated]}, but '
        f'{[path.stem for path in having]} have it')


def test_the_defaults_of_shared_options_are_those_of_help(shared, shared_help):
    told = {}
    for name in shared:
        default = re.search(rf'--{name} [^-].*?\(default: ([^)]*)\)', shared_help)[1]
        told[name] = Path(default).name  # of a folder only the name is the same
    named = {name: re.match(r'`?(\w+)', option_rows()[name][0])[1] for name in shared}
    assert named == told


def test_the_lessons_that_use_all_cores_are_named():
    """Those that ask helper.parse_args for no number of threads."""
    asking = []
    for path in LESSONS:
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.keyword) and node.arg == 'threads':
                asking.append(path)
    _, _, stated = option_rows()['threads'][0].partition(' ')
    assert lessons_in(stated) == asking


def commands():
    """[(page, script, the rest of the command)] of the commands on the pages."""
    found = []
    for page, text in TEXTS.items():
        text = text.replace('\\\n', ' ')
        text = re.sub(r'\\(?=\w)', '/', text)  # paths for Windows
        for script, rest in re.findall(
                r'(?:\bpython3?|\btorchrun)\b(?: -[\w-]+(?: \d+)?)* ([\w/]+\.py)'
                r'([^`\n&;]*)', text):
            if not re.match(r'(?:my_|script\.py)', script):  # the learner's own
                found.append((page, script, rest.partition('  ')[0]))
    return found


COMMANDS = commands()


def test_there_are_commands():
    assert len(COMMANDS) > len(LESSONS), 'The pages show hardly any commands'


@pytest.mark.parametrize('script', sorted({script for _, script, _ in COMMANDS}))
def test_a_command_has_a_script_that_is_there_and_flags_that_it_knows(script, shared):
    used = set()
    for _, name, rest in COMMANDS:
        if name == script:
            used.update(re.findall(r'--([a-z][a-z-]*)', rest))
    path = ROOT / script
    assert path.is_file(), f'A page runs {script}, which is not there'
    if used:
        known = shared | OWN[path] if path in OWN else flags(path)
        assert used <= known, f'{script} knows no {used - known}'


def test_files_of_requirements_are_there():
    for page, text in TEXTS.items():
        for name in re.findall(r'pip install(?: -U)? -r (\S+\.txt)', text):
            assert (ROOT / name).is_file(), f'{name_of(page)}: there is no {name}'


# What a run prints


def quoted_run():
    """(lesson, output) of the whole run that a page quotes, with its command above."""
    for text in TEXTS.values():
        match = re.search(r'codes[/\\](\w+\.py)(?:(?!codes[/\\]).)*?```text\n'
                          r'((?:(?!```).)*?Epoch.*?accuracy.*?)```', text, flags=re.S)
        if match:
            return ROOT / 'codes' / match[1], match[2]
    pytest.fail('No page shows the command of a lesson and what it prints')


def without_numbers(line):
    return re.sub(r'[\d.,]*\d', 'N', line)


def test_quoted_output_is_what_a_run_prints(tmp_path):
    """But for the numbers: the synthetic data lie here where the real ones would."""
    for name in ('MNIST', 'FashionMNIST'):
        shutil.copytree(SYNTHETIC_DATA / name, tmp_path / name)
    path, quoted = quoted_run()
    result = run(path, '--device', 'cpu', '--figures', 'none', '--data', 'real',
                 '--data-dir', tmp_path)
    printed = [without_numbers(line) for line in result.stdout.splitlines()]
    for line in quoted.splitlines():
        assert line == '...' or without_numbers(line) in printed, (
            f'A page quotes "{line}" of {path.name}, which prints:\n{result.stdout}')


@pytest.mark.real
def test_quoted_accuracy_is_what_a_run_reaches():
    path, quoted = quoted_run()
    reached = accuracy(run(path, *REAL_DATA).stdout)
    assert abs(reached - accuracy(quoted)) < 0.01, (
        f'A page quotes {accuracy(quoted):.1%} for {path.name}, a run reaches '
        f'{reached:.1%}')


def test_errors_of_the_table_are_in_the_code():
    helper = read(ROOT / 'helper.py')
    text = ''.join(TEXTS.values())
    for error in ('cannot be downloaded', 'Install Certificates.command'):
        assert error in text, f'No page explains the error "{error}"'
        assert error in helper, f'helper.py has no error "{error}", but a page does'
