"""Scripts that the referee judges, and what it says of them, by its rules' names."""

import re

import referee
from course import ROOT, together

FAIR = (ROOT / 'tests/fair/classifier.py').read_text(encoding='utf-8')
SCENES = ROOT / 'tests/programs/referee'
LINE = re.compile(r'(?m)^Referee: (.+), line (\d+), (\d+) times?: (.*)$')


def rule_of(sentence):
    """The name of the rule whose sentence this is, or None."""
    for name, (what, cure, number) in referee.RULES.items():
        # A sentence is made of these three, with details in place of {}.
        parts = [*what.split('{}'), cure, number]
        if re.fullmatch('.*'.join(map(re.escape, parts)) + r'\W*', sentence):
            return name
    return None


def mistakes(text):
    """What the referee printed: {(rule, line of the script): times}."""
    found = {}
    for _, line, times, sentence in LINE.findall(text):
        rule = rule_of(sentence)
        assert rule, f'No rule of the referee has this sentence: {sentence}'
        found[rule, int(line)] = int(times)
    return found


def rules(text):
    """The names of the rules that the referee says are broken."""
    return {rule for rule, _ in mistakes(text)}


def remarks(text):
    """The numbers in its remarks, which are no mistakes: {line of the script: numbers}."""
    lines = re.findall(r'(?m)^Referee: .+?, line (\d+), (?!\d+ times?: )(.*)$', text)
    return {int(line): list(map(int, re.findall(r'\d+', rest))) for line, rest in lines}


def told(scripts, folder):
    """What the referee says of each: {name: (exit code, text)}."""
    for name, source in scripts.items():
        (folder / name).write_text(source, encoding='utf-8')
    return together({name: [referee.__file__, name] for name in scripts}, folder)


def told_of_scenes(cases, folder):
    """What the referee says of scripts in SCENES: {case: (exit code, text)}.

    cases: a list of (name of the script, tuple of its arguments).
    """
    found = {}
    # torchvision must find its weights through functions that are already watched.
    for imports in ([], ['torchvision']):
        commands = {}
        for number, (scene, arguments) in enumerate(cases):
            if imports == ([] if scene == 'photos' else ['torchvision']):
                script = SCENES / f'{scene}.py'
                commands[str(number)] = [referee.__file__, script, *arguments]
        if commands:
            found.update(together(commands, folder, *imports))
    return {case: found[str(number)] for number, case in enumerate(cases)}


def spoil(line, *changes):
    """The fair script with changes, and the number of the line with a name in capitals.

    changes: what is replaced, its replacement, and so on.
    """
    source = FAIR
    for old, new in zip(changes[::2], changes[1::2]):
        assert source.count(old) == 1, (
            f'tests/fair/classifier.py must have {old!r} exactly once, so that a '
            'mistake can be put in its place'
        )
        source = source.replace(old, new)
    return source, source[: source.index(f'# {line}')].count('\n') + 1
