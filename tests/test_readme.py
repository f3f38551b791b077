"""README.md and the other pages say what is true."""

import ast
import difflib
import os
import re
import runpy
import shutil
from pathlib import Path

import pytest
from course import (
    LESSONS,
    REAL_DATA,
    REFEREE,
    ROOT,
    SYNTHETIC_DATA,
    accuracy,
    lesson,
    order,
    run,
    settings,
    together,
)
from test_referee import BROKEN
from trainings import spoil

from referee.rules import RULES, THEMES


def read(path):
    return path.read_text(encoding='utf-8')


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def pages():
    """The Markdown files of the course, without those that docs/pages.py writes."""
    found = []
    for path in [*ROOT.glob('*.md'), *ROOT.glob('*/*.md')]:
        folder = path.parent.name
        is_written = folder in ('docs', 'my', 'figures', 'checkpoints')
        is_hidden = folder.startswith('.')
        if path == ROOT / 'docs/README.md' or not (is_written or is_hidden):
            found.append(path)
    return sorted(found)


README = ROOT / 'README.md'
PAGES = pages()
TEXTS = {path: read(path) for path in PAGES}
NOTES = [path for path in PAGES if path.parent == ROOT / 'notes']
RUN_PAGES = ROOT / 'tests/tools/run_readme.py'
WITH_SNIPPETS = [path for path in (README, *NOTES) if '\n```python\n' in TEXTS[path]]
every_page = pytest.mark.parametrize('page', PAGES, ids=name_of)
every_note = pytest.mark.parametrize('page', NOTES, ids=name_of)
every_page_with_snippets = pytest.mark.parametrize('page', WITH_SNIPPETS, ids=name_of)
needs_fork = pytest.mark.skipif(
    not hasattr(os, 'fork'), reason='the pages are run with os.fork (POSIX)'
)
every_lesson = pytest.mark.parametrize('path', LESSONS, ids=lambda path: path.stem)


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
    """(text, file) of a link to a lesson that a cell of a table begins with, or None."""
    match = re.match(r'\[([^\]]*)\]\((?:\.\./)?codes/(\w+\.py)\)', cell)
    return match.groups() if match else None


# Snippets


@pytest.fixture(scope='module')
def snippets(request, tmp_path_factory):
    """{page: (exit code, output)} of the pages that this run of pytest wants."""
    wanted = set()
    for item in request.session.items:
        if 'snippets' in getattr(item, 'fixturenames', ()):
            params = item.callspec.params if hasattr(item, 'callspec') else {}
            wanted.add(params.get('page', README))
    printed = together(
        {str(page): [RUN_PAGES, page] for page in wanted},
        tmp_path_factory.mktemp('pages'),
        'torchvision.transforms.v2',
        'matplotlib.pyplot',
    )
    return {page: printed[str(page)] for page in wanted}


@needs_fork
@every_page_with_snippets
def test_snippets_do_what_their_comments_say(page, snippets):
    code, output = snippets[page]
    assert code == 0, (
        f'The snippets of {name_of(page)} do not do what it says:\n{output}'
    )


@needs_fork
@every_page_with_snippets
def test_snippets_run_without_a_warning(page, snippets):
    _, output = snippets[page]
    warned = [line for line in output.splitlines() if re.search(r'Warning\b', line)]
    assert not warned, f'The snippets of {name_of(page)} cause warnings: {warned}'


def test_the_snippets_of_a_page_with_the_root_data_get_the_synthetic_data(tmp_path):
    """Nothing is downloaded, and the learner's own folder isn't touched."""
    page = tmp_path / 'page.md'
    page.write_text("```python\nprint('data', 3)  # data/synthetic 3\n```\n", 'utf-8')
    assert runpy.run_path(str(RUN_PAGES))['run_page'](page) == []


RIGHT = """x = torch.zeros(2, 3)  # [2, 3]
y = x.T  # [2, 3] -> [3, 2]
print(x.sum())  # tensor(0.)
x @ x  # RuntimeError: shapes cannot be ... 2x3
z = 5  # a comment that says nothing of a result
"""


def wrong_on_page_with(code, tmp_path):
    """What run_readme.py finds wrong with a page that has this code in a snippet."""
    page = tmp_path / 'page.md'
    page.write_text(f'# ü\n\n```python\nimport torch\n{code}```\n', encoding='utf-8')
    return runpy.run_path(str(RUN_PAGES))['run_page'](page)


def test_right_comments_in_snippets_are_accepted(tmp_path):
    assert wrong_on_page_with(RIGHT, tmp_path) == []


@pytest.mark.parametrize(
    'old, new, line',
    [
        ('# [2, 3]\n', '# [3, 2]\n', 5),
        ('-> [3, 2]', '-> [2, 3]', 6),
        ('[2, 3] ->', '[4, 3] ->', 6),
        ('tensor(0.)', 'tensor(1.)', 7),
        ('2x3', '4x4', 8),
        ('RuntimeError', 'ValueError', 8),
        ('x @ x', 'x @ y', 8),
        ('z = 5', 'z = unknown', 9),
    ],
)
def test_a_wrong_comment_in_a_snippet_is_noticed_with_its_line(
    old, new, line, tmp_path
):
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
        'A page must not know the names of the page before it'
    )


# The outline


def outline():
    """[(number, file, cells)] of the rows that begin with the link of a lesson."""
    rows = [
        (page, row)
        for page, table in tables()
        for row in table
        if lesson_linked(row[0])
    ]
    assert rows, 'No page has a table whose rows begin with links to the lessons'
    found = {page for page, _ in rows}
    assert len(found) == 1, f'The outline must be on one page, not on {found}'
    return [(*lesson_linked(row[0]), row) for _, row in rows]


def test_the_outline_has_every_lesson_once_and_in_order():
    named = [file for _, file, _ in outline()]
    assert named == [path.name for path in LESSONS]


def row_of(path):
    """(number, cells) of a lesson in the outline."""
    return next(
        (number, cells) for number, file, cells in outline() if file == path.name
    )


def links_in(cells, folder):
    """What the cells link to in a folder of the course."""
    return re.findall(rf'\]\(({folder}/[^)]+)\)', ' '.join(cells))


def notes_of(path):
    """What a lesson says after `Notes:`, such as notes/data.md."""
    return re.search(r'(?m)^Notes: (\S+)$', read(path))[1]


@every_lesson
def test_the_outline_gives_a_lesson_its_number(path):
    number, _ = row_of(path)
    assert '_'.join(map(str, order(path))) == number, (
        f'The outline gives {path.name} the number {number}'
    )


@every_lesson
def test_the_outline_links_to_the_notes_of_a_lesson(path):
    _, cells = row_of(path)
    named = notes_of(path)
    wanted = [] if named == 'README.md' else [named]
    found = links_in(cells, 'notes')
    assert found == wanted, (
        f'The outline links to the notes {found} for {path.name}, which says '
        f'"Notes: {named}"'
    )


@every_lesson
def test_the_outline_links_to_the_exercise_of_a_lesson(path):
    _, cells = row_of(path)
    numbers = re.findall(r'python exercises/check\.py (\w+)$', read(path), flags=re.M)
    wanted = [f'exercises/{number}.py' for number in numbers]
    found = links_in(cells, 'exercises')
    assert found == wanted, (
        f'The outline links to the exercises {found} for {path.name}, which names '
        f'{wanted}'
    )


# The notes


def lessons_at_the_top(page):
    """[(text, file)] of the links to lessons in the line below the title of a note."""
    line = TEXTS[page].splitlines()[2]
    if not line.startswith('*'):
        return []
    return re.findall(r'\[([^\]]*)\]\(\.\./codes/(\w+\.py)\)', line)


@every_note
def test_the_lessons_at_the_top_of_a_note_are_in_order(page):
    named = [file for _, file in lessons_at_the_top(page)]
    wanted = [path.name for path in LESSONS if path.name in named]
    assert named == wanted, (
        f'{name_of(page)} names the lessons {named} at its top. Those that exist are, '
        f'in their order, {wanted}'
    )


@every_note
def test_the_lessons_at_the_top_of_a_note_have_their_numbers(page):
    for text, file in lessons_at_the_top(page):
        number = '_'.join(map(str, order(ROOT / 'codes' / file)))
        assert text == number, f'{name_of(page)} links to {file} as {text}'


@every_lesson
def test_the_note_of_a_lesson_names_it_at_its_top(path):
    page = ROOT / notes_of(path)
    if page == README:
        pytest.skip('this lesson belongs to README.md, which has no such line')
    named = [file for _, file in lessons_at_the_top(page)]
    assert path.name in named, (
        f'{path.name} says "Notes: {notes_of(path)}", but the third line of that page '
        f'only names {named}'
    )


def test_the_index_has_every_note_once():
    index = ROOT / 'notes/README.md'
    listed = [
        re.match(r'\[[^\]]*\]\(([\w.]+)\)', row[0])[1]
        for page, table in tables()
        for row in table
        if page == index
    ]
    wanted = [path.name for path in NOTES if path != index]
    assert sorted(listed) == wanted, (
        f'notes/README.md lists {sorted(listed)}, and the notes are {wanted}'
    )


# The summary


class OnlyWhatIsPrinted(ast.NodeTransformer):
    """Makes of each print(f'...') the first value in it, without the words around it.

    A print of nothing but lengths tells how many images there are. It is left out.
    """

    def visit_Expr(self, node):
        if not (
            isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == 'print'
        ):
            return node
        values = [
            ast.unparse(part.value)
            for part in ast.walk(node)
            if isinstance(part, ast.FormattedValue)
        ]
        if all(value.startswith('len(') for value in values):
            return None
        return ast.parse(f'print({values[0]})').body[0]


def code_of(source):
    """A program without its docstring, its comments, its layout, and its words."""
    tree = ast.parse(source)
    if ast.get_docstring(tree):
        del tree.body[0]
    return ast.unparse(OnlyWhatIsPrinted().visit(tree))


def with_numbered_names(source):
    """Call the variables of a program name1, name2, ... in the order of their use."""
    tree = ast.parse(source)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    names.sort(key=lambda node: (node.lineno, node.col_offset))
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    numbered = {}
    for node in names:
        if node.id in own:
            node.id = numbered.setdefault(node.id, f'name{len(numbered) + 1}')
    return ast.unparse(tree)


def without_the_course(source):
    """Replace in lesson 13_1 what only the course needs by what a program of one's own
    says there: no helper.py, no options, and the data in the folder `data`."""
    options = re.search(r'(\w+) = helper\.parse_args\(epochs=(.+), lr=(.+)\)', source)
    args, epochs, lr = options.groups()
    substitutions = [
        (r'import sys\n', ''),
        (r'import helper\n', ''),
        (r'sys\.path\.insert\(.*\)\n', ''),
        (re.escape(options[0]) + r'\n', ''),
        (rf'\b{args}\.epochs\b', epochs),
        (rf'\b{args}\.lr\b', lr),
        (rf'\b{args}\.device\b', "'cuda' if torch.cuda.is_available() else 'cpu'"),
        (rf"root = helper\.find_data\('FashionMNIST', {args}\)\n", ''),
        (r'\(root, train=True', "('data', train=True, download=True"),
        (r'\(root, ', "('data', "),
    ]
    for pattern, replacement in substitutions:
        assert re.search(pattern, source), (
            f'The code of lesson 13_1 has nothing like {pattern}. Update this list in '
            f'test_readme.py:\n{source}'
        )
        source = re.sub(pattern, replacement, source)
    return source


def test_the_summary_is_lesson_13_1_without_what_only_the_course_needs():
    (summary,) = re.findall(r'(?ms)^```python\n(.*?)^```', TEXTS[README])
    recap = without_the_course(code_of(read(lesson('13_1'))))
    wanted = with_numbered_names(recap).splitlines()
    found = with_numbered_names(code_of(summary)).splitlines()
    difference = difflib.unified_diff(
        wanted, found, 'lesson 13_1', 'README.md', lineterm='', n=1
    )
    assert found == wanted, (
        'The summary in README.md has other statements than lesson 13_1 (all variables '
        'are numbered here):\n' + '\n'.join(difference)
    )


@needs_fork
def test_the_summary_learns(snippets):
    _, output = snippets[README]
    reached = accuracy(output)
    assert 0.7 < reached <= 1, (
        f'The summary in README.md reaches {reached:.1%} on the synthetic garments. It '
        'has no seed, and without a mistake it reaches between 79% and 84%.'
    )


# The referee


RULES_BY_TABLE = {
    **{
        theme.__name__.rpartition('.')[2]: [
            rule
            for rule in RULES
            if rule.__module__ == theme.__name__ and rule.name and not rule.remark
        ]
        for theme in THEMES
    },
    'remarks': [rule for rule in RULES if rule.remark],
}


@pytest.mark.parametrize('name', RULES_BY_TABLE)
def test_the_page_of_the_referee_lists_its_rules(name):
    """The advice of each, and the lesson about it."""
    page = ROOT / 'notes/referee.md'
    found = [
        [(advice, (lesson_linked(cell) or [None])[0]) for advice, cell in table]
        for path, table in tables()
        if path == page
    ]
    wanted = [(rule.advice, rule.lesson) for rule in RULES_BY_TABLE[name]]
    assert wanted in found, (
        'No table in notes/referee.md has these rows:\n'
        + '\n'.join(f'| {advice} | {lesson} |' for advice, lesson in wanted)
    )


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs os.fork (POSIX)')
def test_the_report_on_the_page_is_what_the_referee_prints(tmp_path):
    """But for the numbers, which belong to the learner's own script."""
    page = (ROOT / 'notes/referee.md').read_text(encoding='utf-8')
    (quoted,) = re.findall(r'(?ms)^```text\n(Referee: .*?)^```', page)
    case = next(case for case in BROKEN if case[0] == 'clear')
    source, _ = spoil(*case[1:])
    (tmp_path / 'my_training.py').write_text(source, encoding='utf-8')
    result = run(REFEREE, 'my_training.py', cwd=tmp_path)
    printed = result.stdout[result.stdout.index('Referee: ') :]
    assert re.sub(r'\d+', 'N', ' '.join(printed.split())) == re.sub(
        r'\d+', 'N', ' '.join(quoted.split())
    )


# Links


def slugs(text):
    """The names that GitHub gives to the headings of a page."""
    headings = re.findall(r'(?m)^#+ (.*)$', re.sub(r'(?ms)^```.*?^```', '', text))
    return {
        re.sub(r'[^\w -]', '', line).strip().lower().replace(' ', '-')
        for line in headings
    }


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
                'heading'
            )


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
        found += LESSONS[places[0] : places[1] + 1]
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
        f'{[path.stem for path in having]} have it'
    )


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


FLAG = r'(?<![\w-])--([a-z][a-z-]*)'


def commands_in(text):
    """[(script, the rest of the command)] of the commands in a text."""
    found = []
    text = re.sub(r' *\\\n *', ' ', text)  # a command in two lines
    text = re.sub(r'\\(?=\w)', '/', text)  # paths for Windows
    for script, rest in re.findall(
        r'(?:\bpython3?|\btorchrun)\b(?: -[\w-]+(?: \d+)?)* ([\w/]+\.py)'
        r'([^`\n&;]*)',
        text,
    ):
        if not re.match(r'(?:my_|script\.py)', script):  # the learner's own
            found.append((script, rest.partition('  ')[0].strip()))
    return found


USED = {}  # {script: the flags that pages give to it}
for _text in TEXTS.values():
    for _script, _rest in commands_in(_text):
        USED.setdefault(_script, set()).update(re.findall(FLAG, _rest))

OTHERS = {  # flags of programs that are not the course's
    'logdir': 'tensorboard',
    'master-addr': 'torchrun',
    'max-restarts': 'torchrun',
    'nnodes': 'torchrun',
    'node-rank': 'torchrun',
    'nproc-per-node': 'torchrun',
    'standalone': 'torchrun',
    'shm-size': 'docker',
    'check': 'ruff format',
    'exit-zero': 'the referee',
}


@pytest.mark.parametrize(
    'command, expected',
    [
        ('    python codes/1_first_app.py', ('codes/1_first_app.py', '')),
        ('`python3 exercises/check.py 14 --hint`', ('exercises/check.py', '14 --hint')),
        ('.venv/bin/python -u codes/11_a.py && ls', ('codes/11_a.py', '')),
        (r'.venv\Scripts\python codes\11_a.py --lr 1', ('codes/11_a.py', '--lr 1')),
        ('torchrun --nproc-per-node 2 codes/22_a.py', ('codes/22_a.py', '')),
        ('python codes/1_a.py \\\n  --seed 8', ('codes/1_a.py', '--seed 8')),
    ],
)
def test_a_command_is_found_in_a_text(command, expected):
    assert commands_in(command) == [expected]


@pytest.mark.parametrize('script', sorted(USED))
def test_a_command_has_a_script_that_is_there(script):
    assert (ROOT / script).is_file(), f'A page runs {script}, which is not there'


@pytest.fixture(scope='module')
def known_flags(shared):
    """A function that returns the flags of a script. Each --help is run once."""
    known = {}

    def flags_of(script):
        path = ROOT / script
        if path in OWN:
            return shared | OWN[path] | {'help'}
        if script not in known:
            known[script] = flags(path)
        return known[script]

    return flags_of


@pytest.mark.parametrize('script', sorted(script for script in USED if USED[script]))
def test_a_script_knows_the_flags_that_a_command_gives_to_it(script, known_flags):
    unknown = USED[script] - known_flags(script)
    assert not unknown, f'A page runs {script} with {unknown}, which it does not know'


@every_page
def test_a_flag_in_the_text_is_one_of_a_script(page, known_flags):
    known = {*OTHERS, 'help'}.union(*map(known_flags, OWN))
    for script in USED:
        if USED[script]:
            known |= known_flags(script)
    unknown = set(re.findall(FLAG, TEXTS[page])) - known
    assert not unknown, (
        f'{name_of(page)} names the flags {unknown}, which no script of the course '
        'has. Flags of other programs belong into OTHERS in test_readme.py.'
    )


def test_files_of_requirements_are_there():
    for page, text in TEXTS.items():
        for name in re.findall(r'pip install(?: -U)? -r (\S+\.txt)', text):
            assert (ROOT / name).is_file(), f'{name_of(page)}: there is no {name}'


# What a run prints


def quoted_run():
    """(lesson, output) of the run that README.md quotes, with its command above."""
    match = re.search(
        r'codes[/\\](\w+\.py)(?:(?!codes[/\\]).)*?```text\n'
        r'((?:(?!```).)*?Epoch.*?accuracy.*?)```',
        TEXTS[README],
        flags=re.S,
    )
    assert match, 'README.md must show the command of a lesson and what it prints'
    return ROOT / 'codes' / match[1], match[2]


def without_numbers(line):
    return re.sub(r'[\d.,]*\d', 'N', line)


def test_quoted_output_is_what_a_run_prints(tmp_path):
    """But for the numbers: the synthetic data lie here where the real ones would."""
    for name in ('MNIST', 'FashionMNIST'):
        shutil.copytree(SYNTHETIC_DATA / name, tmp_path / name)
    path, quoted = quoted_run()
    result = run(
        path,
        '--device',
        'cpu',
        '--figures',
        'none',
        '--data',
        'real',
        '--data-dir',
        tmp_path,
    )
    printed = [without_numbers(line) for line in result.stdout.splitlines()]
    for line in quoted.splitlines():
        assert line == '...' or without_numbers(line) in printed, (
            f'README.md quotes "{line}" of {path.name}, which prints:\n{result.stdout}'
        )


@pytest.mark.real
def test_quoted_accuracy_is_what_a_run_reaches():
    path, quoted = quoted_run()
    reached = accuracy(run(path, *REAL_DATA).stdout)
    assert abs(reached - accuracy(quoted)) < 0.01, (
        f'README.md quotes {accuracy(quoted):.1%} for {path.name}, a run reaches '
        f'{reached:.1%}'
    )


def test_errors_of_the_table_are_in_the_code():
    helper = read(ROOT / 'helper.py')
    text = ''.join(TEXTS.values())
    for error in ('cannot be downloaded', 'Install Certificates.command'):
        assert error in text, f'No page explains the error "{error}"'
        assert error in helper, f'helper.py has no error "{error}", but a page does'
