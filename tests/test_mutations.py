"""The tool that makes mistakes makes each kind, loses no result, and spares the course.

Here it works on one file and on a tiny course of two files. How many mistakes the tests
of the whole course notice, `python tests/tools/mutations.py` measures in hours.
"""

import ast
import collections
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'tests/tools'))
import mutations

SAMPLE = ROOT / 'tests/programs/mistakes_to_make.py'
FILE = 'codes/1_sample.py'  # where the sample would stand, so that it is a lesson
TEXT = SAMPLE.read_text(encoding='utf-8')
FOUND = mutations.mistakes_in(FILE, TEXT)
RUNNABLE = [mistake for mistake in FOUND if mutations.can_be_run(mistake, TEXT)]

MADE = [  # (kind, code, the same code with the mistake)
    ('statement', 'accuracies.append(evaluate(testloader))', 'pass'),
    ('statement', "raise ValueError('too few')", 'pass'),
    ('statement', 'return total / len(loader.dataset)', 'pass'),
    ('method', 'model.eval()', 'pass'),
    ('method', 'Linear(784, 10).to(device)', 'Linear(784, 10)'),
    ('method', 'copy.deepcopy(model.state_dict())', 'model.state_dict()'),
    ('method', '.sum().item()', '.sum()'),
    ('argument left out', 'batch_size=64, shuffle=True', 'batch_size=64'),
    ('argument left out', 'testset, batch_size=1000', 'testset'),
    ('arguments exchanged', 'Linear(784, 10)', 'Linear(10, 784)'),
    ('safeguard', "'notes.txt', encoding='utf-8'", "'notes.txt'"),
    ('safeguard', 'file.read(), map_location=device', 'file.read()'),
    ('seed', 'torch.manual_seed(7)', 'pass'),
    ('seed', 'manual_seed(len(losses))', 'manual_seed(7)'),
    ('number', 'batch_size=64', 'batch_size=128'),
    ('number', 'most=3', 'most=4'),
    ('dim', 'argmax(dim=1)', 'argmax(dim=0)'),
    ('index', 'losses[0]', 'losses[1]'),
    ('bound', 'losses[:2]', 'losses[:3]'),
    ('bound', 'range(len(testset))', 'range(len(testset) - 1)'),
    ('comparison', 'total < most', 'total <= most'),
    ('comparison', 'total < most', 'total > most'),
    ('comparison', '== labels', '!= labels'),
    ('comparison', 'most and not', 'most or not'),
    ('comparison', 'and not torch', 'and torch'),
    ('arithmetic', 'total / len', 'total * len'),
    ('arithmetic', 'total +=', 'total ='),
    ('option', "device('cpu')", "device('cuda')"),
    ('option', 'shuffle=True', 'shuffle=False'),
    ('same kind', 'evaluate(testloader)', 'evaluate(trainloader)'),
    ('same kind', 'DataLoader(trainset', 'DataLoader(validset'),
    ('same kind', 'max(accuracies)', 'max(losses)'),
    ('with', 'with torch.no_grad():', 'if True:'),
    ('decorator', '@functools.cache\n', '\n'),
    ('comment', '-> [64, 10]', '-> [65, 10]'),
    ('comment', '[64, 1, 28, 28]', '[64, 1, 29, 28]'),
    ('comment', '[0.25, 0.5] 0.75', '[0.25, 0.6] 0.75'),
    ('comment', '# True', '# False'),
]


@pytest.mark.parametrize(
    'kind, old, new', MADE, ids=[f'{kind}: {new.strip()}' for kind, _, new in MADE]
)
def test_it_makes_the_mistake(kind, old, new):
    """Also without a change of anything around, such as comments and line breaks."""
    assert TEXT.count(old) == 1, f'the sample must have this once: {old}'
    wanted = TEXT.replace(old, new)
    made = [mistake.kind for mistake in FOUND if mistake.made_in(TEXT) == wanted]
    assert kind in made, f'no mistake turns {old!r} into {new!r}; of this kind are ' + (
        '\n'.join(str(mistake) for mistake in FOUND if mistake.kind == kind)
    )


def test_each_kind_has_its_row():
    kinds = {kind for kind, _, _ in MADE}
    assert {mistake.kind for mistake in FOUND} == kinds, (
        'A kind of mistake has no row in MADE, or a row has a kind that is not made.'
    )


@pytest.mark.parametrize(
    'text',
    [
        pytest.param('A number in a docstring, such as 64', id='docstring'),
        pytest.param('Try: 5 in place of 3', id='Try'),
        pytest.param('happens with 64', id='second line of a Try'),
        pytest.param('import copy', id='import'),
        pytest.param('losses = []', id='first assignment'),
    ],
)
def test_it_leaves_alone(text):
    assert TEXT.count(text) == 1, f'the sample must have this once: {text}'
    changed = [str(mistake) for mistake in FOUND if text not in mistake.made_in(TEXT)]
    assert not changed, 'These should not be made: ' + '\n'.join(changed)


def test_nearly_all_can_be_run():
    """What doesn't compile is dropped, and must not be where a kind gets lost."""
    assert len(RUNNABLE) > 0.9 * len(FOUND)
    for mistake in RUNNABLE:
        assert mistake.made_in(TEXT) != TEXT, f'{mistake} changes nothing'
    assert {one.kind for one in RUNNABLE} == {one.kind for one in FOUND}


def test_each_mistake_is_in_one_place():
    """One top-level statement of the sample differs; for a comment none does."""
    before = [ast.dump(node) for node in ast.parse(TEXT).body]
    for mistake in RUNNABLE:
        after = [ast.dump(node) for node in ast.parse(mistake.made_in(TEXT)).body]
        assert len(after) == len(before), f'{mistake} changes more than one statement'
        different = sum(old != new for old, new in zip(before, after))
        expected = 0 if mistake.kind == 'comment' else 1
        assert different == expected, f'{mistake} changes {different} statements'


def test_the_same_mistake_is_not_made_twice():
    texts = collections.Counter(mistake.made_in(TEXT) for mistake in FOUND)
    twice = [str(mistake) for mistake in FOUND if texts[mistake.made_in(TEXT)] > 1]
    assert not twice, 'These come in pairs with the same text:\n' + '\n'.join(twice)


def test_an_id_stays_when_lines_move():
    moved = mutations.mistakes_in(FILE, TEXT.replace('import copy', '\nimport copy'))
    assert [one.id for one in moved] == [one.id for one in FOUND]
    assert len({one.id for one in FOUND}) == len(FOUND), 'Two mistakes share an id.'


def test_letters_of_two_bytes_move_nothing():
    text = "names = ['ä', 'ö']; count = len(names[0])  # ü\n"
    made = {one.made_in(text) for one in mutations.mistakes_in(FILE, text)}
    assert "names = ['ä', 'ö']; count = len(names[1])  # ü\n" in made


# The sample


def spread():
    """Mistakes of every area and kind: those of the sample, as if in seven files."""
    files = [
        'codes/1_sample.py',
        'codes/2_sample.py',
        'helper.py',
        'referee/run.py',
        'exercises/check.py',
        'data/prepare_photos.py',
        'docs/pages.py',
    ]
    texts = dict.fromkeys(files, TEXT)
    found = [one for file in files for one in mutations.mistakes_in(file, TEXT)]
    return found, texts


def test_the_same_seed_gives_the_same_sample():
    found, texts = spread()
    first = mutations.sample(found, texts, 30, seed=7)
    again = mutations.sample(found[::-1], texts, 30, seed=7)
    other = mutations.sample(found, texts, 30, seed=8)
    assert first == again
    assert set(first) != set(other), 'Another seed gives the same mistakes.'


def test_a_longer_sample_begins_with_the_shorter():
    found, texts = spread()
    longer = mutations.sample(found, texts, 30, seed=7)
    assert mutations.sample(found, texts, 12, seed=7) == longer[:12]
    assert len(set(longer)) == 30, 'A mistake is in the sample twice.'


def test_each_area_and_each_kind_gets_its_share():
    found, texts = spread()
    chosen = mutations.sample(found, texts, 48, seed=7)
    areas = collections.Counter(one.area for one in chosen)
    kinds = collections.Counter(one.kind for one in chosen)
    assert areas == {
        'lessons': 18,
        'helper': 6,
        'referee': 6,
        'exercises': 6,
        'photos': 6,
        'docs': 6,
    }
    assert set(kinds) == {one.kind for one in found}, 'A kind got no share.'
    assert max(kinds.values()) <= 2 * min(kinds.values()), kinds


def test_a_small_course_gives_all_it_has():
    text = 'x = [3]\n'
    found = mutations.mistakes_in('helper.py', text)
    assert len(mutations.sample(found, {'helper.py': text}, 60, seed=7)) == len(found)


# What nobody could observe


def entry(old, new, file=FILE):
    return {'file': file, 'old': old, 'new': new, 'reason': 'only an example'}


def test_a_harmless_mistake_is_not_in_the_sample():
    """Its entry may have another layout than the file."""
    harmless = entry('testset,batch_size = 1000', 'testset,\n  batch_size=2000')
    texts = {FILE: TEXT}
    everything = mutations.sample(FOUND, texts, 999, seed=7)
    rest = mutations.sample(FOUND, texts, 999, seed=7, entries=[harmless])
    left_out = set(everything) - set(rest)
    assert [one.new for one in left_out] == [
        'testloader = DataLoader(testset, batch_size=2000)'
    ]


def test_an_entry_with_nothing_in_place_of_its_code():
    harmless = entry('.item()', '')
    without = TEXT.replace('.item()', '')
    (mistake,) = [one for one in FOUND if one.made_in(TEXT) == without]
    assert mutations.is_harmless(mistake, TEXT, [harmless])


@pytest.mark.parametrize(
    'change, words',
    [
        ({'old': 'batch_size=65'}, 'occurs in no such file'),
        ({'file': 'codes/2_*.py'}, 'occurs in no such file'),
        ({'old': 'torch.manual_seed'}, 'occurs 2 times'),
        ({'reason': ' '}, 'no reason'),
    ],
)
def test_an_entry_that_does_not_fit_is_told(change, words):
    right = entry('batch_size=64', 'batch_size=65', file='codes/*.py')
    assert mutations.fault_of(right, {FILE: TEXT}) == ''
    assert words in mutations.fault_of({**right, **change}, {FILE: TEXT})


@pytest.mark.parametrize(
    'harmless',
    mutations.harmless_entries(),
    ids=lambda one: f'{one["file"]}: {one["old"]}',
)
def test_each_harmless_mistake_still_has_its_code(harmless):
    fault = mutations.fault_of(harmless, mutations.course_texts(ROOT))
    assert not fault, (
        f'An entry for {harmless["file"]} {fault}: {harmless["old"]!r}. '
        f'Update or remove it in tests/tools/harmless.toml.'
    )


# The areas


@pytest.mark.parametrize(
    'pattern',
    [pattern for patterns in mutations.AREAS.values() for pattern in patterns],
)
def test_each_area_has_files(pattern):
    assert list(ROOT.glob(pattern)), (
        f'No file fits {pattern}. Update AREAS in tests/tools/mutations.py.'
    )


@pytest.mark.parametrize('file', mutations.course_files(ROOT))
def test_each_file_has_tests_that_exist(file):
    """Whether they pass, and whether any is chosen, the tool itself finds out."""
    for line in mutations.tests_of(file):
        for name in line.split():
            if name.endswith('.py'):
                assert (ROOT / 'tests' / name).is_file(), (
                    f'There is no tests/{name}, which tests/tools/mutations.py names '
                    f'for {file} in TESTS.'
                )


# Running


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two files with tests, which the tool takes for the whole."""
    root = tmp_path / 'course'
    files = {
        'codes/1_one.py': 'print(3 * [7])\n',
        'helper.py': 'import time\n\nsize = 1\ntime.sleep(size - 1)\n',
        'tests/test_one.py': 'import pathlib\nimport pytest\n\n\n'
        '@pytest.mark.parametrize("name", ["1_one"])\n'
        'def test_times(name):\n'
        '    assert "3 *" in pathlib.Path("../codes", name + ".py").read_text()\n',
        'tests/test_helper.py': 'import runpy\n\n\n'
        'def test_size():\n    assert runpy.run_path("../helper.py")["size"] > 0\n',
        'data/synthetic/MNIST/images': '',
        'data/real/images': '',
        '.mutations/old': '',
    }
    for name in ('form', 'claims', 'readme', 'data', 'photos', 'figures', 'lessons'):
        files[f'tests/test_{name}.py'] = 'def test_nothing():\n    pass\n'
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding='utf-8')
    monkeypatch.setattr(mutations, 'ROOT', root)
    return root


def contents(root):
    return {path: path.read_bytes() for path in root.rglob('*') if path.is_file()}


def call(tmp_path, *arguments):
    """Run the tool; return {mistaken line: verdict} as it is in the results."""
    path = tmp_path / 'results.jsonl'
    mutations.main(['--results', str(path), *arguments])
    lines = path.read_text(encoding='utf-8').splitlines()
    return {result['new']: result['verdict'] for result in map(json.loads, lines)}


def test_what_the_tests_see_is_noticed_and_what_not_survives(course, tmp_path, capsys):
    before = contents(course)
    verdicts = call(tmp_path, '--only', '1_one')
    assert verdicts == {
        'pass': 'noticed',
        'print(4 * [7])': 'noticed',
        'print(3 / [7])': 'noticed',
        'print(3 * [8])': 'SURVIVED',
    }
    assert contents(course) == before, 'The tool changed the course itself.'
    told = capsys.readouterr().out
    assert (
        'SURVIVED  codes/1_one.py:1  number  print(3 * [7]) -> print(3 * [8])'
    ) in told
    assert '3 of 4 noticed' in told


def test_a_run_that_was_cut_off_goes_on(course, tmp_path, capsys, monkeypatch):
    results = tmp_path / 'results.jsonl'
    call(tmp_path, '--only', '1_one', '--count', '2')
    first = results.read_text(encoding='utf-8')
    with open(results, 'a', encoding='utf-8') as file:
        file.write('{"id": "cut o')  # as a full disk leaves it
    judged = []
    judge_all = mutations.judge_all

    def watched(root, chosen, *more):
        judged.extend(chosen)
        return judge_all(root, chosen, *more)

    monkeypatch.setattr(mutations, 'judge_all', watched)
    mutations.main(['--results', str(results), '--only', '1_one', '--count', '4'])
    assert len(judged) == 2, 'It repeats what it knows, or leaves something out.'
    assert first in results.read_text(encoding='utf-8')
    assert '3 of 4 noticed' in capsys.readouterr().out
    judged.clear()
    mutations.main(['--results', str(results), '--only', '1_one', '--count', '4'])
    assert not judged, 'It lost a result.'


def hanging(course):
    """Write a helper.py that a mistake lets hang; return the mistake and the text."""
    text = 'import time\n\nsize = 1\ntime.sleep(600 * (size - 1))\n'
    (course / 'helper.py').write_text(text, encoding='utf-8')
    (mistake,) = [
        one for one in mutations.mistakes_in('helper.py', text) if one.new == 'size = 2'
    ]
    return mistake, text


def test_tests_that_hang_have_noticed(course):
    mistake, text = hanging(course)
    result = mutations.judge(course, mistake, text, baseline=(0, '', 0.1), timeout=1)
    assert (result['verdict'], result['by']) == ('noticed', 'hangs')


def test_whoever_stops_it_stops_the_tests_too(course):
    hangs, text = hanging(course)
    texts = mutations.course_texts(course)
    quick = mutations.mistakes_in('codes/1_one.py', texts['codes/1_one.py'])[0]
    results = mutations.judge_all(course, [quick, hangs], texts, jobs=2, timeout=600)
    assert next(results)['id'] == quick.id
    results.close()  # as Ctrl-C does it
    assert not mutations.RUNNING, 'Tests still run, with nobody to wait for them.'


def test_tests_that_fail_without_a_mistake_prove_nothing(course, tmp_path, capsys):
    (course / 'tests/test_one.py').write_text('def test_1_one():\n    assert 0\n')
    assert set(call(tmp_path, '--only', '1_one').values()) == {'BROKEN'}
    assert '0 of 0 noticed' in capsys.readouterr().out


def test_a_broken_mistake_runs_again(course, tmp_path):
    good = (course / 'tests/test_one.py').read_text()
    (course / 'tests/test_one.py').write_text('def test_1_one():\n    assert 0\n')
    call(tmp_path, '--only', '1_one', '--count', '1')
    (course / 'tests/test_one.py').write_text(good)
    assert 'BROKEN' not in call(tmp_path, '--only', '1_one', '--count', '1').values()


def test_a_copy_has_what_is_in_the_repository(course, tmp_path):
    copy = tmp_path / 'copy'
    mutations.copy_course(course, copy, with_site=False)
    assert (copy / 'helper.py').is_file()
    assert (copy / 'data/synthetic/MNIST').is_symlink(), 'Large data is to be linked.'
    assert not (copy / 'data/real').exists(), 'Real data is not part of the course.'
    assert not (copy / '.mutations').exists()


def test_a_list_runs_nothing(course, tmp_path, capsys):
    mutations.main(['--list', '--results', str(tmp_path / 'results.jsonl')])
    assert 'print(3 * [7]) -> print(3 * [8])' in capsys.readouterr().out
    assert not (tmp_path / 'results.jsonl').exists()
