"""Scripts that the referee judges, and what it says of them, by its rules' names."""

from course import REFEREE, ROOT, together, verdicts

FAIR = (ROOT / 'tests/fair/classifier.py').read_text(encoding='utf-8')
SCENES = ROOT / 'tests/programs/referee'


def mistakes(text):
    """What the referee found: {(rule, line of the script): times}."""
    return {
        (found['rule'], found['line']): found['times']
        for found in verdicts(text)['problems']
    }


def rules(text):
    """The names of the rules that the referee says are broken."""
    return {rule for rule, _ in mistakes(text)}


def remarks(text):
    """{(rule, line of the script): what is said} of what may be meant."""
    return {
        (found['rule'], found['line']): found['what']
        for found in verdicts(text)['remarks']
    }


def told(scripts, folder):
    """What the referee says of each: {name: (exit code, text)}."""
    for name, source in scripts.items():
        (folder / name).write_text(source, encoding='utf-8')
    return together({name: [REFEREE, '--json', name] for name in scripts}, folder)


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
                commands[str(number)] = [REFEREE, '--json', script, *arguments]
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
