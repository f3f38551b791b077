"""Measured numbers that the course states in words stand in claims.toml, and agree."""
import ast
import io
import re
import sys
import tokenize

import pytest
from course import CLAIMS, GIVEN, LESSONS, REAL, ROOT

sys.path.insert(0, str(ROOT / 'tests/tools'))
from measure_claims import output, value
from mutations import MUTATIONS, changed

PAGES = ['README.md', 'data/README.md', 'helper.py', 'data/prepare_photos.py',
         *(f'codes/{path.name}' for path in LESSONS)]
NUMBER = r'\d+(?:,\d{3})*(?:\.\d+)?'
SAYS_MEASURED = re.compile(
    rf'(?:{NUMBER}(?:,| and| to| or| in)* )*{NUMBER}'
    r'(?: (?:%|s\b|ms\b|seconds|minutes|points|times|MB|GB))|\d+\.\d{3,}')
WORDS = {'two': 2, 'three': 3, 'four': 4, 'ten': 10}


def prose(name):
    """The words of a page; of a script, its docstrings and the comments on lines of
    their own."""
    text = (ROOT / name).read_text()
    if name.endswith('.py'):
        nodes = [node for node in ast.walk(ast.parse(text))
                 if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))]
        comments = [token.string.strip('#% ') for token in
                    tokenize.generate_tokens(io.StringIO(text).readline)
                    if token.type == tokenize.COMMENT
                    and token.line.lstrip().startswith('#')]
        docs = [ast.get_docstring(node) or '' for node in nodes]
        text = '\n'.join(docs + comments)
    else:
        text = re.sub(r'(?ms)^## Speed$.*?(?=^## )', '', text)  # benchmark.py's numbers
        text = re.sub(r'(?ms)^```.*?^```$', '', text)
        text = re.sub(r'(?m)`[^`\n]*`|!\[[^\]]*\]|^    .*$|^\|.*\(codes/.*$', '', text)
    return ' '.join(text.split())


TEXTS = [(name, words, claim, *how) for claim in CLAIMS
         for name, words, *how in claim.get('texts', [])]


@pytest.mark.parametrize('name, words', [text[:2] for text in TEXTS]
                         + [tuple(given[:2]) for given in GIVEN])
def test_what_is_listed_is_said(name, words):
    assert words in prose(name)


@pytest.mark.parametrize('text', TEXTS, ids=lambda text: text[1])
def test_what_is_said_is_what_was_measured(text):
    _, words, claim, *how = text
    said = [float(number) for number in re.findall(NUMBER, words)]
    values = claim['values']
    if how == ['range']:
        values = [min(values), max(values)]
    elif how == ['mean']:
        values = [round(sum(values) / len(values), 1)]
    assert said[-len(values):] == values


@pytest.mark.parametrize('name', PAGES)
def test_no_number_is_said_that_is_not_listed(name):
    text = prose(name)
    for page, words, *_ in [*TEXTS, *GIVEN]:
        if page == name:
            text = text.replace(words, '...')
    found = [text[max(0, match.start() - 40):match.end() + 20]
             for match in SAYS_MEASURED.finditer(text)]
    assert not found


def test_the_outline_says_what_was_measured():
    row = r'(?m)^\| \[(\w+)\].*\| ([\d.]+) %[^|]*\| \d+ \|$'
    told = re.findall(row, (ROOT / 'README.md').read_text())
    claimed = {claim['lesson']: claim['values'][0] for claim in CLAIMS
               if claim.get('outline')}
    assert {number: float(reached) for number, reached in told} == claimed


@pytest.mark.parametrize('mutation', MUTATIONS, ids=lambda one: one['why'])
def test_each_mutation_still_has_its_line(mutation):
    text = (ROOT / mutation['file']).read_text()
    assert changed(mutation, text) != text


@pytest.mark.real
@pytest.mark.parametrize('claim', [claim for claim in CLAIMS if claim.get('quick')],
                         ids=lambda claim: claim['lesson'])
def test_what_is_claimed_is_so(claim, installed):
    found = value(claim, output(claim, 7, REAL, installed))
    assert found == pytest.approx(claim['values'][0], abs=claim['tolerance'])
