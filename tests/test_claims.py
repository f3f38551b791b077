"""The numbers that the course tells are those that were measured or computed.

claims.toml says what they are and where they are told. How they are told is left to the
text: a test only looks for them together in one paragraph. See paragraphs.py for what a
paragraph is and what counts as a number.
"""

import re
import sys
import textwrap
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache

import pytest
from course import LESSONS, REAL, ROOT, install, lesson, tomllib
from paragraphs import numbers, paragraphs, without_code

sys.path.insert(0, str(ROOT / 'tests/tools'))
from measure_claims import (
    CLAIMS,
    FACTS,
    SECONDS,
    command,
    compute,
    computed,
    of_dataset,
    of_weights,
    output,
    source_of,
    value,
)
from measure_lessons import cells_of, columns_of, updated, updated_seconds

PAGES = [
    'README.md',
    'CONTRIBUTING.md',
    'data/README.md',
    'exercises/README.md',
    'helper.py',
    'data/prepare_photos.py',
    'docs/README.md',
    *(f'notes/{path.name}' for path in sorted(ROOT.glob('notes/*.md'))),
    *(f'codes/{path.name}' for path in LESSONS),
]


@dataclass(eq=False, repr=False)
class Told:
    """The numbers of a claim or a fact, as one paragraph of one file should have them.

    digits: in their order, each as it is to be written. beside: what stands anywhere in
    the same paragraph. code: whether it is told in the code of a snippet.
    """

    entry: dict
    file: str
    theme: str
    digits: list
    beside: list
    unit: str
    code: bool

    def __str__(self):
        return f'{", ".join(self.digits)} {self.unit or ""}'.strip()

    def __repr__(self):
        return f'<{self.file}: {self.entry["what"]}>'

    def fits_theme(self, paragraph):
        return self.theme.lower() in paragraph.context

    def may_be_in(self, paragraph):
        return self.code == paragraph.code


def digits(values, how):
    """What a text has to write: the values, the first, their mean, or their range."""
    if how == 'first':
        values = values[:1]
    elif how == 'mean':
        values = [(sum(values) / len(values)).quantize(values[0])]
    elif how == 'range':
        values = [min(values), max(values)]
    else:
        assert how == 'values', f'claims.toml has an unknown as = "{how}".'
    return [str(value) for value in values]


TOLD = [
    Told(
        entry,
        place['file'],
        place['theme'],
        digits(entry['values'], place.get('as', 'values')),
        [str(number) for number in entry.get('beside', [])],
        entry.get('unit'),
        place.get('code', False),
    )
    for entry in [*CLAIMS, *FACTS]
    for place in entry.get('told', [])
]


def in_order(digits, found, indices):
    """The first of the indices at which these digits stand one after the other."""
    chosen = []
    for i in indices:
        if len(chosen) < len(digits) and found[i].digits == digits[len(chosen)]:
            chosen.append(i)
    return chosen if len(chosen) == len(digits) else None


def find_digits(told, found, free, unit_needed):
    """Where the digits of a claim stand, in their order and close together, or None.

    found: the numbers of a paragraph. free: the indices of those that no other claim
    has. A number with another unit doesn't count; one without a unit does, as in
    "from 88.0 up to 88.6 %", unless all are without and the unit is needed.
    """
    best = None
    usable = [
        i for i in free if told.unit is None or found[i].unit in (None, told.unit)
    ]
    for first in usable:
        if found[first].digits != told.digits[0]:
            continue
        chosen = in_order(told.digits, found, [i for i in usable if i >= first])
        if chosen is None:
            continue
        has_unit = told.unit in [found[i].unit for i in chosen]
        if unit_needed and told.unit and not has_unit:
            continue
        if best is None or chosen[-1] - chosen[0] < best[-1] - best[0]:
            best = chosen
    return best


def find(told, paragraph, found, free):
    """The indices of all numbers of a claim in a paragraph, or None."""
    if not told.may_be_in(paragraph):
        return None
    whole = any('.' not in number for number in told.digits)
    unit_needed = whole or not told.fits_theme(paragraph)  # or it could be any number
    chosen = find_digits(told, found, free, unit_needed)
    if chosen is None:
        return None
    for wanted in told.beside:
        usable = [i for i in free if i not in chosen and found[i].digits == wanted]
        if not usable:
            return None
        plain = [i for i in usable if found[i].unit is None]
        nearest = min(plain or usable, key=lambda i: abs(i - chosen[0]))
        chosen = [*chosen, nearest]
    return chosen


def distribute(claims, pages):
    """Give each claim numbers of its own: {claim: (paragraph, indices)}.

    pages: [(paragraph, its numbers)]. First come those whose theme the paragraph has,
    and those with most numbers; a claim that finds none is not in the result.
    """
    places = {}
    free = {paragraph: set(range(len(found))) for paragraph, found in pages}
    waiting = sorted(claims, key=lambda told: -len(told.digits + told.beside))
    for by_theme in (True, False):
        for told in waiting:
            for paragraph, found in pages:
                if told in places:
                    break
                if by_theme and not told.fits_theme(paragraph):
                    continue
                chosen = find(told, paragraph, found, sorted(free[paragraph]))
                if chosen:
                    places[told] = (paragraph, chosen)
                    free[paragraph] -= set(chosen)
    return places


@lru_cache
def read(file):
    """[(paragraph, its numbers)] of a file."""
    return [(paragraph, paragraph.numbers) for paragraph in paragraphs(file)]


@lru_cache
def places_in(file):
    """{claim: (paragraph, indices)} of the claims that the file tells as they are."""
    return distribute([told for told in TOLD if told.file == file], read(file))


def left_over(file, paragraph):
    """The numbers of a paragraph that belong to no claim."""
    used = {
        i
        for other, chosen in places_in(file).values()
        if other is paragraph
        for i in chosen
    }
    return [number for i, number in enumerate(paragraph.numbers) if i not in used]


def closest(told):
    """The paragraph that most likely should have the numbers of a claim, or None.

    It has some of them, or a number with their unit that is no other claim's, or the
    theme.
    """
    best, most = None, 0
    wanted = Counter([*told.digits, *told.beside])
    for paragraph, _ in read(told.file):
        if not told.may_be_in(paragraph):
            continue
        free = left_over(told.file, paragraph)
        there = Counter(number.digits for number in free)
        score = sum((there & wanted).values())
        if any(number.looks_measured() and number.unit == told.unit for number in free):
            score += 2
        if free and told.fits_theme(paragraph):
            score += 1
        if score > most:
            best, most = paragraph, score
    return best


def explain(told):
    """What is wrong with how a file tells a claim, and how to measure it again."""
    paragraph = closest(told)
    where, nearby = told.file, 'no numbers like these'
    if paragraph:
        where = f'{told.file}, line {paragraph.line}'
        free = left_over(told.file, paragraph)
        nearby = ', '.join(map(str, free)) or 'only numbers of other claims'
    beside = f' (beside {", ".join(told.beside)})' if told.beside else ''
    moved = [
        f'{file}, line {paragraph.line}'
        for file in PAGES
        if file != told.file
        for paragraph, found in read(file)
        if find(told, paragraph, found, range(len(found)))
    ]
    return (
        f'{where} ({told.theme}): no paragraph of this file has the numbers of a '
        'claim together.\n'
        f'What is claimed: {told.entry["what"]}\n'
        f'Its numbers: {told}{beside}\n'
        f'Found nearby: {nearby}\n'
        f'Measure it again: {command(told.entry)}\n'
        'Then correct the text, or the values in tests/claims.toml. If the text '
        'went to another file, change `file` there.\n'
        f'Other files that have the numbers: {"; ".join(moved) or "none"}'
    )


@pytest.mark.parametrize(
    'told',
    TOLD,
    ids=[f'{told.file}-{told.theme}-{"-".join(told.digits)}' for told in TOLD],
)
def test_a_text_tells_the_numbers_of_a_claim(told):
    if not (ROOT / told.file).is_file():
        pytest.fail(
            f'tests/claims.toml says that {told.file} tells this, but there is '
            f'no such file. Where does it stand now?\n{told.entry["what"]}: '
            f'{told}'
        )
    if told not in places_in(told.file):
        pytest.fail(explain(told))


@pytest.mark.parametrize('file', PAGES)
def test_every_number_that_looks_measured_belongs_to_a_claim(file):
    astray = {
        closest(told)
        for told in TOLD
        if told.file == file and told not in places_in(file)
    }
    unknown = []
    for paragraph, _ in read(file):
        if paragraph in astray or paragraph.code:  # the test above says more about it
            continue
        measured = [
            str(number)
            for number in left_over(file, paragraph)
            if number.looks_measured()
        ]
        if measured:
            unknown.append(
                f'line {paragraph.line}: {", ".join(measured)} in '
                f'"{textwrap.shorten(paragraph.text, 100)}"'
            )
    assert not unknown, (
        f"{file} tells numbers that tests/claims.toml doesn't list for it. Add a "
        '[[claim]] (what a lesson prints) or a [[fact]], or this file to the `told` of '
        'the claim that has the number:\n' + '\n'.join(unknown)
    )


@pytest.mark.parametrize(
    'file', sorted({told.file for told in TOLD if (ROOT / told.file).is_file()})
)
def test_no_other_number_can_stand_for_a_claimed_one(file):
    """Each claimed number is made wrong, one at a time, and then a claim must miss it.

    It doesn't if its paragraph happens to have the same number once more. A paragraph
    in which a claim already misses its numbers is left to the test that says so.
    """
    claims = [told for told in TOLD if told.file == file]
    astray = {closest(told) for told in claims if told not in places_in(file)}
    unnoticed = []
    for told, (paragraph, chosen) in places_in(file).items():
        if paragraph in astray:
            continue
        for i in chosen:
            wrong = list(paragraph.numbers)
            wrong[i] = replace(wrong[i], digits='wrong')
            pages = [
                (other, wrong if other is paragraph else found)
                for other, found in read(file)
            ]
            if len(distribute(claims, pages)) == len(places_in(file)):
                unnoticed.append(
                    f'line {paragraph.line}: {paragraph.numbers[i]} '
                    f'({told.entry["what"]})'
                )
    assert not unnoticed, (
        f'{file} has these numbers once more than claims.toml knows, so nobody would '
        'notice if they were wrong. Write the other one in words or in a paragraph of '
        'its own, or list it as a [[fact]]:\n' + '\n'.join(unnoticed)
    )


@pytest.mark.parametrize(
    'text, expected',
    [
        ('It reached 87.5%.', ['87.5 %']),
        ('37 to 46 % above it', ['37 %', '46 %']),
        ('1.0, 2.0 and 3.0 percent', ['1.0 %', '2.0 %', '3.0 %']),
        ('8,402 of 10,000 images', ['8402', '10000']),
        ('20 s on a CPU, 1.2ms on a GPU', ['20 s', '1.2 ms']),
        ('ln 10 is 2.3026.', ['10', '2.3026']),
        ('lessons 12, 13_1 and 14 (seeds 7, 8 and 9)', []),
        ('lesson 13: 87 % with seed 7', ['87 %']),
        ('line 41, 93 times', ['93 times']),
        ('lesson 12 and 13 % more', ['13 %']),
        ('float32, DenseNet121, 13_recap, 1.2.3', []),
        ('at most 0.25¹⁰, and (p - t)² = 16', ['0.25', '16']),
    ],
)
def test_numbers_are_read_with_their_units(text, expected):
    assert [str(number) for number in numbers(text)] == expected


def readme():
    return (ROOT / 'README.md').read_text(encoding='utf-8')


def outline(column):
    """{file name of a lesson: the number in a column of README.md's outline, or None}

    column: "accuracy" or "seconds".
    """
    text = readme()
    place = columns_of(text)[column]
    found = {}
    for line in text.splitlines():
        row = re.match(r'\|[^|]*\(codes/(\w+\.py)\)', line)
        if row:
            inside = numbers(without_code(cells_of(line)[place]))
            found[row[1]] = inside[0].digits if inside else None
    return found


@pytest.mark.parametrize('path', LESSONS, ids=lambda path: path.stem)
def test_the_outline_says_what_a_lesson_reached(path):
    claims = [
        claim
        for claim in CLAIMS
        if claim.get('outline') and lesson(claim['lesson']) == path
    ]
    told = outline('accuracy').get(path.name)
    if not claims:
        assert told is None, (
            f'The outline in README.md says that {path.name} reached {told}%, but no '
            'claim about this lesson in tests/claims.toml has `outline = true`.'
        )
        return
    (claim,) = claims
    assert told == str(claim['values'][0]), (
        f'The outline in README.md says that {path.name} reached {told}%.\n'
        f'What is claimed: {claim["what"]}\nIts number: {claim["values"][0]}%\n'
        f'Measure it again: {command(claim)}'
    )


@pytest.mark.parametrize('path', LESSONS, ids=lambda path: path.stem)
def test_the_outline_says_how_long_a_lesson_took(path):
    number = re.match(r'\d+(?:_\d+)?(?=_)', path.name)[0]
    told = outline('seconds').get(path.name)
    assert told == str(SECONDS.get(number)), (
        f'The outline in README.md says that {path.name} took {told} s, and [seconds] '
        f'in tests/claims.toml says {SECONDS.get(number)} s.\n'
        'Measure both again: python tests/tools/measure_lessons.py --data-dir DIR '
        '--update'
    )


OUTLINE = """
| lesson | seconds | what | accuracy |
|---|---|---|---|
| | | **A group** | |
| [1](codes/1_first_app.py) | 4 | one neuron | |
| [11](codes/11_train.py) | 13 | `a \\| b` | 96.7% |
"""


def test_a_measurement_changes_its_row_of_the_outline_and_no_other():
    found = updated(OUTLINE, '11_train.py', '97.0%', 12)
    row = '| [11](codes/11_train.py) | 12 | `a \\| b` | 97.0% |'
    assert found.splitlines() == [*OUTLINE.splitlines()[:-1], row]


def test_a_measurement_without_accuracy_leaves_the_cell_empty():
    found = updated(OUTLINE, '1_first_app.py', '', 3.4)
    assert '| [1](codes/1_first_app.py) | 3 | one neuron | |' in found.splitlines()


def test_an_outline_without_a_row_of_the_lesson_is_not_updated():
    with pytest.raises(SystemExit, match='0 rows of 2_multilayer.py'):
        updated(OUTLINE, '2_multilayer.py', '', 3)


@pytest.mark.parametrize('path', LESSONS, ids=lambda path: path.stem)
def test_the_outline_of_the_course_can_be_updated(path):
    before = readme()
    after = updated(before, path.name, '12.3%', 456)
    changed = [
        new for old, new in zip(before.splitlines(), after.splitlines()) if old != new
    ]
    (row,) = changed
    (old_row,) = set(before.splitlines()) - set(after.splitlines())
    places = columns_of(before)
    had_accuracy = cells_of(old_row)[places['accuracy']].strip()
    cells = [cell.strip() for cell in cells_of(row)]
    assert cells[places['accuracy']] == ('12.3%' if had_accuracy else '')
    assert cells[places['seconds']] == '456'
    assert f'codes/{path.name}' in cells[0]


@pytest.mark.parametrize('number', SECONDS)
def test_the_seconds_of_the_claims_can_be_updated(number):
    text = (ROOT / 'tests/claims.toml').read_text(encoding='utf-8')
    after = updated_seconds(text, number, 455.6)
    assert tomllib.loads(after)['seconds'] == {**SECONDS, number: 456}


def assert_right(fact, found):
    """Assert that the values of a fact are those that were found, as Decimals."""
    assert list(fact['values']) == found, (
        f'tests/claims.toml is wrong about "{fact["what"]}": it claims '
        f'{[str(one) for one in fact["values"]]}, but '
        f'{[str(one) for one in found]} is right.\nCompute it again: {command(fact)}'
    )


@pytest.mark.parametrize(
    'fact',
    [fact for fact in FACTS if 'expressions' in fact],
    ids=lambda fact: fact['what'],
)
def test_arithmetic_is_computed(fact):
    assert len(fact['expressions']) == len(fact['values']), (
        f'"{fact["what"]}" needs one expression for each value.'
    )
    assert_right(fact, computed(fact))


@pytest.mark.parametrize('fact', FACTS, ids=lambda fact: fact['what'])
def test_a_fact_has_a_source_or_can_be_computed(fact):
    given = {'source', 'expressions', 'dataset', 'weights'} & set(fact)
    assert len(given) == 1, (
        f'"{fact["what"]}" in tests/claims.toml needs one of `source`, `expressions`, '
        f'`dataset`, and `weights`. It has {sorted(given) or "none"}.'
    )


@pytest.mark.parametrize('entry', [*CLAIMS, *FACTS], ids=lambda entry: entry['what'])
def test_what_is_claimed_is_told_somewhere(entry):
    assert entry.get('told') or entry.get('outline'), (
        f'"{entry["what"]}" in tests/claims.toml is told nowhere, so it can go.'
    )


@pytest.mark.parametrize(
    'fact', [fact for fact in FACTS if 'weights' in fact], ids=lambda fact: fact['what']
)
def test_what_is_told_about_pretrained_weights_is_what_torchvision_says(fact):
    assert_right(fact, of_weights(fact))


@pytest.mark.real
@pytest.mark.parametrize(
    'fact',
    [fact for fact in FACTS if 'dataset' in fact],
    ids=lambda fact: fact['dataset'],
)
def test_the_mean_and_the_deviation_of_the_real_images_are_those_claimed(fact):
    assert_right(fact, of_dataset(fact, REAL))


@pytest.mark.parametrize(
    'expression',
    ['__import__("os")', 'mean.__globals__', '[x for x in (1, 2)]', 'lambda: 1'],
)
def test_an_expression_can_only_be_arithmetic(expression):
    with pytest.raises((ValueError, NameError)):
        compute(expression, {})


CHANGED = [claim for claim in CLAIMS if 'changes' in claim]


@pytest.mark.parametrize(
    'claim',
    CHANGED,
    ids=[f'{lesson(claim["lesson"]).stem}-{i}' for i, claim in enumerate(CHANGED)],
)
def test_what_a_claim_changes_is_still_in_its_lesson(claim):
    path = lesson(claim['lesson'])
    changed = source_of(claim, path)  # which fails with the file and the fragment
    compile(changed, path.name, 'exec')


QUICK = [
    pytest.param(
        claim,
        id=lesson(claim['lesson']).stem,
        marks=pytest.mark.slow if claim['quick'] == 'slow' else (),
    )
    for claim in CLAIMS
    if claim.get('quick')
]


def test_a_claim_can_be_computed_from_several_numbers_of_a_line():
    claim = {'what': '', 'lesson': '1', 'find': r'back (\S+) (\S+)', 'value': 'max(n)'}
    assert value(claim, 'Block 1: its heads look back 3.5 1.2') == 3.5


def test_lessons_are_measured_with_the_whole_text(tmp_path):
    copy = install(tmp_path / 'course', whole_text=True)
    for name in ('text.txt', 'penguins.csv'):
        measured = (copy / 'data' / name).read_bytes()
        assert measured == (ROOT / 'data' / name).read_bytes(), name


@pytest.mark.real
@pytest.mark.parametrize('claim', QUICK)
def test_a_claim_is_what_its_lesson_prints(claim, installed):
    found = value(claim, output(claim, 7, REAL, installed))
    claimed = float(claim['values'][0])
    assert found == pytest.approx(claimed, abs=float(claim['tolerance'])), (
        f'{claim["what"]}: {found}, and tests/claims.toml claims {claimed}, give or '
        f'take {claim["tolerance"]}.\nMeasure it again: {command(claim)}'
    )
