"""What the referee says in the end."""

import json
import os

CAUSES = {  # a rule, and those that follow from it, which then needn't be said
    'cut off': {'idle', 'no step', 'unused', 'gradients'},
    'nan inputs': {'nan', 'nan gradient'},
    'nan gradient': {'nan'},
    'idle': {'orphan', 'unused', 'clear'},
    'epoch of the sampler': {'order'},
    'softmax over the batch': {'mixed batch', 'twice'},
    'dimension of one': {
        'twice',
        'softmax over the batch',
        'dead',
        'constant',
        'stuck',
    },
    'shift': {'future'},
    'data changed': {'range', 'leak', 'test changes'},
    'chance': {'test changes'},
    'stepped twice': {'scaled'},
    'new optimizer': {'accumulated', 'clear', 'wiped'},
    'always on': {'mixed batch'},
    'divided by examples': {'means'},
    'alike': {'dead'},
    'dead': {'constant', 'stuck'},
    'underflow': {'constant', 'stuck'},
    'number as class': {'dead', 'constant', 'stuck'},
    'one output': {'dead', 'constant', 'stuck'},
    'no model': {'gradients'},
    'batch first': {'mixed batch', 'amount of padding'},
    'mixed batch': {'amount of padding'},
    'one example': {'constant', 'one class', 'order'},
    'sampler weights': {'one class'},
    'late clipping': {'nan', 'nan gradient'},
    'view': {'mixed batch'},
    'mean over padding': {'amount of padding'},
    'inverted mask': {'amount of padding'},
}


def shown(file):
    """A file's name as one would write it, or the number of a notebook's cell."""
    if file.startswith('cell '):
        return file
    short = os.path.relpath(file)
    return file if short.startswith('..' + os.sep + '..') else short


def verdicts(run):
    """A list of dictionaries, one for each mistake or remark."""
    said = {rule.name for rule, _ in run.found}
    follow = set()
    for name in said:
        follow |= CAUSES.get(name, set())
    found = []
    for (rule, (file, line)), (times, details) in run.found.items():
        if rule.name in follow:
            continue
        found.append(
            {
                'rule': rule.name,
                'remark': rule.remark,
                'file': shown(run.files.get(file, file)),
                'line': line,
                'times': times,
                'all': not run.rest.taken and not rule.sampled(),
                'what': rule.sentence(details),
                'fix': fix_of(rule, details),
                'lesson': rule.lesson,
            }
        )
    return sorted(found, key=lambda one: one['remark'])


def where_to_read(lesson):
    return f' (lesson {lesson})' if lesson else ''


def fix_of(rule, details):
    blanks = rule.fix.count('{}')
    return rule.fix.format(*details[len(details) - blanks :]) if blanks else rule.fix


def lines(run, failed=False):
    """The report as lines of text."""
    found = verdicts(run)
    text = []
    for one in found:
        if one['remark']:
            how = ', fine if intended'
        elif one['all']:
            how = f', {one["times"]} time{"s" * (one["times"] > 1)}'
        elif one['times'] > 1:  # not each time was looked at
            how = f', at least {one["times"]} times'
        else:
            how = ''
        text.append(
            f'Referee: {one["file"]}, line {one["line"]}{how}: {one["what"]}. '
            f'{one["fix"]}' + where_to_read(one['lesson'])
        )
    for handler, error in run.broken.items():
        owner = getattr(handler, '__self__', None)
        name = getattr(owner, 'name', None) or getattr(handler, '__name__', 'a part')
        text.append(
            f'Referee: the rule "{name}" failed ({type(error).__name__}: {error}) and '
            'was switched off. Your script is not to blame'
        )
    text.append('Referee: ' + summary(run, found, failed))
    return text


def summary(run, found, failed):
    count = sum(not one['remark'] for one in found)
    watched = (
        f'{run.steps} step{"s" * (run.steps != 1)}, '
        f'{run.evaluations} batch{"es" * (run.evaluations != 1)} tested'
    )
    problems = '1 problem' if count == 1 else f'{count} problems'
    if failed:
        words = 'your script was stopped by an error'
        if count:
            words += f', after {problems}'
        return f'{words} ({watched})'
    if count:
        return f'{problems} found ({watched})'
    if not run.steps and not run.evaluations:
        return (
            'there was nothing to check: no optimizer took a step, and no predictions '
            'were compared with labels'
        )
    return f'no problems found ({watched})'


def as_json(run, failed=False):
    return json.dumps(
        {
            'problems': [one for one in verdicts(run) if not one['remark']],
            'remarks': [one for one in verdicts(run) if one['remark']],
            'steps': run.steps,
            'batches_tested': run.evaluations,
            'switched_off': [repr(error) for error in run.broken.values()],
            'failed': failed,
        }
    )
