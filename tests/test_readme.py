"""README.md says what is true."""
import re
import subprocess
import sys

import pytest
import referee
from course import (
    LESSONS,
    REAL_DATA,
    ROOT,
    SYNTHETIC,
    accuracy,
    lesson,
    run,
    settings,
)

PAGES = ['README.md', 'data/README.md']
README = (ROOT / 'README.md').read_text()


def test_snippets_run_and_print_what_the_page_says():
    result = subprocess.run([sys.executable, ROOT / 'tests/tools/run_readme.py'],
                            cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert int(result.stdout.split()[0]) >= 20
    assert accuracy(result.stdout) > 0.78


def test_table_has_every_lesson_once_and_in_order():
    rows = re.findall(r'^\| \[(\w+)\]\(codes/(\w+\.py)\)(.*)\|$', README, flags=re.M)
    assert [name for _, name, _ in rows] == [path.name for path in LESSONS]
    for number, name, cells in rows:
        assert name.startswith(f'{number}_')
        reached, seconds = [cell.strip() for cell in cells.split('|')[-2:]]
        assert re.fullmatch(r'|[\d.]+ %( \(.*\))?', reached), name
        assert re.fullmatch(r'\d+', seconds), name


def test_the_rules_are_those_of_the_referee():
    section = README.partition('## Is my training right?')[2].partition('\n## ')[0]
    assert re.findall(r'\| \[(\w+)\]\(codes/\1_', section) == [
        number for _, _, number in referee.RULES.values()]
    what, cure, number = referee.RULES['clear']
    assert f'{what}. Cure: {cure} (lesson {number})' in ' '.join(section.split())


@pytest.mark.parametrize('page', PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text()
    headings = {re.sub(r'[^\w -]', '', line).strip().lower().replace(' ', '-')
                for line in re.findall(r'^#+ (.*)$', text, flags=re.M)}
    links = re.findall(r'\]\(([^)]+)\)', text)
    assert links
    for link in links:
        if link.startswith('#'):
            assert link[1:] in headings, link
        elif not link.startswith('http'):
            assert ((ROOT / page).parent / link).exists(), link


def flags(path):
    """The flags that a script knows, as its --help lists them."""
    return set(re.findall(r'--([a-z-]+)', run(path, '--help').stdout))


def test_flags_are_those_of_the_scripts():
    """In the table of options each of them, in a command those of its script."""
    shared = flags(ROOT / 'codes' / LESSONS[4].name) - {'help'}
    own = {path: settings(path) or set() for path in LESSONS}
    assert set(re.findall(r'^\| `--([a-z-]+)', README, flags=re.M)) == shared.union(
        *own.values())
    for name in set().union(*own.values()):
        row, = re.findall(rf'^\| `--{name}\b.*', README, flags=re.M)
        cell, = [cell for cell in row.split('|') if re.fullmatch(r'[\d, _to]+', cell)]
        stated = []
        for span in cell.split(', '):
            first, _, last = span.strip().partition(' to ')
            places = [LESSONS.index(lesson(end)) for end in (first, last or first)]
            stated += LESSONS[places[0]:places[1] + 1]
        assert stated == [path for path in LESSONS if name in own[path]], name
    told = ' '.join(run(lesson(4), '--help').stdout.split())
    row = r'(?m)^\| `--([a-z-]+)[^|]*\| `?(\w+)`?[^|]* \| '
    for name, default in re.findall(row, README):
        if name in shared:
            found = re.search(rf'--{name} [^-].*?\(default: ([^)]*)\)', told)[1]
            assert found.endswith(default), name
    used = {}
    for page in PAGES:
        text = (ROOT / page).read_text().replace('\\\n', ' ')
        for script, rest in re.findall(r'python ([\w/]+\.py)([^`\n]*)', text):
            used.setdefault(script, set()).update(re.findall(r'--([a-z-]+)', rest))
    assert used
    known = {path: shared | own[path] for path in LESSONS}
    for script, named in used.items():
        path = ROOT / script
        assert path.is_file(), script
        if named:
            assert named <= (known[path] if path in known else flags(path)), script


def quoted_run():
    """A lesson that README quotes the end of, and what it quotes."""
    return re.search(r'codes/(\w+\.py)(?:(?!codes/).)*?```text\n'
                     r'(Data: .*?accuracy.*?)```', README, flags=re.S).groups()


def test_quoted_output_is_what_a_run_prints():
    def pattern(line):  # the same but for the numbers and the data
        return re.sub(r'[\d.,]*\d', 'N', line).replace('drawn stand-in', 'real')

    name, quoted = quoted_run()
    result = run(ROOT / 'codes' / name, *SYNTHETIC)
    printed = [pattern(line) for line in result.stdout.splitlines()]
    for line in quoted.splitlines():
        assert line == '...' or pattern(line) in printed


@pytest.mark.real
def test_quoted_accuracy_is_what_a_run_reaches():
    name, quoted = quoted_run()
    result = run(ROOT / 'codes' / name, *REAL_DATA)
    assert abs(accuracy(result.stdout) - accuracy(quoted)) < 0.01


def test_errors_of_the_table_are_in_the_code():
    helper = (ROOT / 'helper.py').read_text()
    for text in ('cannot be downloaded', 'Install Certificates.command'):
        assert text in README and text in helper


def test_text_of_code_blocks_is_narrow():
    blocks = re.findall(r'^```\w+\n(.*?)^```', README, flags=re.M | re.S)
    assert blocks and max(map(len, ''.join(blocks).splitlines())) <= 88
