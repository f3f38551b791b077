"""README.md says what is true."""
import re
import subprocess
import sys

import pytest
from course import LESSONS, ROOT, accuracy, lesson, order, run, settings

README = (ROOT / 'README.md').read_text()


def test_snippets_run_and_print_what_the_page_says():
    result = subprocess.run([sys.executable, ROOT / 'tests/run_readme.py'], cwd=ROOT,
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert int(result.stdout.split()[0]) >= 25
    assert accuracy(result.stdout) > 0.78


def test_table_has_every_lesson_once_and_in_order():
    rows = re.findall(r'^\| \[(\w+)\]\(codes/(\w+\.py)\) \| `python codes/(\w+\.py)` \|'
                      r' [^|]+ \|([^|]*)\| (\d+) \|$', README, flags=re.M)
    assert [name for _, name, *_ in rows] == [path.name for path in LESSONS]
    for number, name, command, _, _ in rows:
        assert name == command and name.startswith(number + '_')
        assert lesson(number).name == name


@pytest.mark.parametrize('page', ['README.md', 'data/README.md'])
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text()
    headings = {re.sub(r'[^\w -]', '', line).strip().lower().replace(' ', '-')
                for line in re.findall(r'^#+ (.*)$', text, flags=re.M)}
    for link in re.findall(r'\]\(([^)]+)\)', text):
        if link.startswith('#'):
            assert link[1:] in headings, link
        elif not link.startswith('http'):
            assert ((ROOT / page).parent / link).exists(), link


def test_flags_are_those_of_the_lessons():
    named = set(re.findall(r'^\| `--([a-z-]+)', README, flags=re.M))
    shared = set(re.findall(r'--([a-z-]+)', run(lesson(4), '--help').stdout)) - {'help'}
    lessons = {name for path in LESSONS for name in settings(path) or ()} - {'threads'}
    assert named == shared | lessons
    for name in lessons:
        row = rf'(?m)^\| `--{name} [^|]*\| ([^|]*) \|'
        stated = set()
        for span in re.search(row, README)[1].split(', '):
            first, _, last = span.partition(' to ')
            stated |= set(range(int(first), int(last or first) + 1))
        assert stated == {order(path)[0] for path in LESSONS
                          if name in (settings(path) or ())}, name


def test_quoted_output_is_what_a_run_prints():
    command, quoted = re.search(r'`python (codes/\w+\.py) --data synthetic`.*?'
                                r'```text\n(.*?)```', README, flags=re.S).groups()
    result = run(ROOT / command, '--data', 'synthetic', '--device', 'cpu',
                 '--figures', 'none')
    assert abs(accuracy(result.stdout) - accuracy(quoted)) < 0.03

    def pattern(line):  # the same but for the numbers that a machine may change
        return re.sub(r'\d+\.\d|\d+ of', 'N', re.sub(r'\d\.\d{3}', 'N', line))

    printed = [pattern(line) for line in result.stdout.splitlines()]
    for line in quoted.splitlines():
        assert line == '...' or pattern(line) in printed


def test_errors_of_the_table_are_in_the_code():
    helper = (ROOT / 'helper.py').read_text()
    for text in ('cannot be downloaded', 'Install Certificates.command'):
        assert text in README and text in helper


def test_text_of_code_blocks_is_narrow():
    for block in re.findall(r'^```\w+\n(.*?)^```', README, flags=re.M | re.S):
        assert max(map(len, block.splitlines())) <= 88
