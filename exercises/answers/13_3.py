"""What is right and wrong in exercise 13_3."""

import torch

HINT = (
    'Compare torch.sigmoid(logits) with the threshold, and give the result the shape of '
    'the labels, [n], with squeeze(1). Then & tells you where both are true, and sum '
    'counts them.'
)

SOLUTION = """
def recall_and_precision(logits, labels, threshold):
    ps = torch.sigmoid(logits).squeeze(1)
    alarm = ps > threshold
    fire = labels == 1
    found = (alarm & fire).sum().item()
    recall = found / max(fire.sum().item(), 1)
    precision = found / max(alarm.sum().item(), 1)
    return recall, precision
"""

PS = torch.tensor([0.9, 0.8, 0.7, 0.6, 0.55, 0.4, 0.35, 0.3, 0.2, 0.1])
LABELS = torch.tensor([1, 0, 1, 0, 0, 1, 0, 0, 1, 1])


def close(one, two):
    return abs(one - two) < 1e-4


def count_of(events, name):
    """1 fire, 2 fires."""
    count = int(events.sum())
    return f'{count} {name}' if count == 1 else f'{count} {name}s'


def call(mine, ps, labels, threshold):
    """The two numbers that the answer returns."""
    logits = torch.logit(ps).unsqueeze(1)
    alarms = int((ps > threshold).sum())
    try:
        got = mine.recall_and_precision(logits, labels, threshold)
    except ZeroDivisionError:
        assert alarms and labels.sum(), (
            'divides by zero',
            f'Your function divides by 0 with {alarms} alarms and '
            f'{int(labels.sum())} fires. In that case, return 0.',
        )
        raise
    assert isinstance(got, (tuple, list)) and len(got) == 2, (
        'not two numbers',
        f'Your function returns a {type(got).__name__}. Return two numbers, the recall '
        'and the precision, with a comma between them.',
    )
    for number in got:
        assert not isinstance(number, torch.Tensor), (
            'returns tensors',
            'Your function returns tensors. Use .item() to get numbers.',
        )
        assert number == number, (
            'returns nan',
            f'Your function returns nan with {alarms} alarms and {int(labels.sum())} '
            'fires, because 0 / 0 is nan. In that case, return 0.',
        )
    return got


def check(mine):
    for threshold in (0.5, 0.25):
        check_case(mine, PS, LABELS, threshold)
    check_case(mine, torch.tensor([0.5, 0.5, 0.9]), torch.tensor([1, 0, 1]), 0.5)
    check_case(mine, PS, LABELS, 0.95)  # no alarm
    check_case(mine, PS, torch.zeros(10, dtype=torch.int64), 0.5)  # no fire
    check_case(mine, PS[:1], LABELS[:1], 0.5)  # one hour


def numbers(alarm, fire):
    found = (alarm & fire).sum().item()
    recall = found / max(fire.sum().item(), 1)
    precision = found / max(alarm.sum().item(), 1)
    return recall, precision


def check_case(mine, ps, labels, threshold):
    recall, precision = call(mine, ps, labels, threshold)
    alarm, fire = ps > threshold, labels == 1
    right = numbers(alarm, fire)
    seen = (
        f'With {count_of(alarm, "alarm")}, {count_of(fire, "fire")}, and '
        f'{int((alarm & fire).sum())} of both at once, the recall should be '
        f'{right[0]:.2f} and the precision {right[1]:.2f}, but yours are '
        f'{recall:.2f} and {precision:.2f}'
    )
    without_sigmoid = numbers(torch.logit(ps) > threshold, fire)
    at_half = numbers(ps > 0.5, fire)
    at_least = numbers(ps >= threshold, fire)
    no_fire = numbers(~alarm, ~fire)
    broadcast = numbers(alarm.unsqueeze(1), fire)
    for wrong, mistake in (
        (
            right[::-1],
            (
                'exchanges the two',
                f'{seen}. They are in the wrong order. Recall divides by the number of '
                'fires, and precision by the number of alarms.',
            ),
        ),
        (
            without_sigmoid,
            (
                'logits as probabilities',
                f'{seen}. It compares the logits with the threshold, which is a '
                'probability. Apply torch.sigmoid first.',
            ),
        ),
        (
            at_half,
            (
                'ignores the threshold',
                f'{seen}, which belong to a threshold of 0.5. Use the argument, which '
                f'is {threshold} here.',
            ),
        ),
        (
            at_least,
            (
                'alarm at the threshold',
                f'{seen}. Your alarm goes off at exactly {threshold}, too. Use >, '
                'because the probability has to be above the threshold.',
            ),
        ),
        (
            no_fire,
            (
                'counts the quiet hours',
                f'{seen}. They are the recall and precision of "no fire". Fires have '
                'the label 1.',
            ),
        ),
        (
            broadcast,
            (
                'broadcasts the shapes',
                f'{seen}. Your function compares [n, 1] with [n], so each alarm meets '
                'every label. Use squeeze(1) on the logits, or unsqueeze(1) on the '
                'labels.',
            ),
        ),
    ):
        same = close(wrong[0], right[0]) and close(wrong[1], right[1])
        assert same or not (close(recall, wrong[0]) and close(precision, wrong[1])), (
            mistake
        )
    correct = (alarm == fire).float().mean().item()
    for number in (recall, precision):
        assert (
            close(number, right[0])
            or close(number, right[1])
            or not close(number, correct)
        ), (
            'an accuracy',
            f'{seen}. One of them is the accuracy, the fraction of all hours in which '
            'the alarm was right.',
        )
    assert not (alarm.any() and fire.any()) or recall <= 1 and precision <= 1, (
        'more than all',
        f'{seen}. A fraction is never more than 1, so something is counted more than '
        'once. Print the shapes of what you compare.',
    )
    assert close(recall, right[0]), (
        'wrong recall',
        f'{seen}. Divide the hours with a fire and an alarm by the hours with a fire.',
    )
    assert close(precision, right[1]), (
        'wrong precision',
        f'{seen}. Divide the hours with a fire and an alarm by the hours with an alarm.',
    )


def but(*changes):
    """The solution, with changes: pairs of what is replaced and by what."""
    answer = SOLUTION
    for old, new in changes:
        assert answer.count(old) == 1, old
        answer = answer.replace(old, new)
    return answer


RETURNED = 'return recall, precision'
RECALL = 'found / max(fire.sum().item(), 1)'
PRECISION = 'found / max(alarm.sum().item(), 1)'

WRONG = [  # (answer, name of its mistake)
    (but((RETURNED, 'return precision, recall')), 'exchanges the two'),
    (
        but(('torch.sigmoid(logits).squeeze(1)', 'logits.squeeze(1)')),
        'logits as probabilities',
    ),
    (but(('ps > threshold', 'ps > 0.5')), 'ignores the threshold'),
    (but(('ps > threshold', 'logits.squeeze(1) > 0')), 'ignores the threshold'),
    (but(('ps > threshold', 'ps.round() == 1')), 'ignores the threshold'),
    (but(('ps > threshold', 'ps >= threshold')), 'alarm at the threshold'),
    (
        but(('ps > threshold', 'ps <= threshold'), ('labels == 1', 'labels == 0')),
        'counts the quiet hours',
    ),
    (
        but(('torch.sigmoid(logits).squeeze(1)', 'torch.sigmoid(logits)')),
        'broadcasts the shapes',
    ),
    (but(('.squeeze(1)', '')), 'broadcasts the shapes'),
    (but((RECALL, '(alarm == fire).float().mean().item()')), 'an accuracy'),
    (but((PRECISION, '(alarm == fire).sum().item() / len(labels)')), 'an accuracy'),
    (but((RECALL, 'found / len(labels)')), 'wrong recall'),
    (but((PRECISION, 'found / len(labels)')), 'wrong precision'),
    (
        but((PRECISION, 'alarm.sum().item() / max(fire.sum().item(), 1)')),
        'wrong precision',
    ),
    (but((RECALL, 'alarm.sum().item()')), 'more than all'),
    (but((PRECISION, 'found / alarm.sum().item()')), 'divides by zero'),
    (but((RECALL, 'found / fire.sum().item()')), 'divides by zero'),
    (
        """
def recall_and_precision(logits, labels, threshold):
    alarm = torch.sigmoid(logits).squeeze(1) > threshold
    fire = labels == 1
    found = (alarm & fire).sum()
    return (found / fire.sum()).item(), (found / alarm.sum()).item()
""",
        'returns nan',
    ),
    (
        but((RETURNED, 'return torch.tensor(recall), torch.tensor(precision)')),
        'returns tensors',
    ),
    (but((RETURNED, 'return recall')), 'not two numbers'),
    (but((RETURNED, "return {'recall': recall}")), 'not two numbers'),
    (but(('alarm & fire', 'alarm and fire')), 'RuntimeError'),
]

RIGHT = [  # other answers that are right
    """
def recall_and_precision(logits, labels, threshold):
    alarm = torch.sigmoid(logits) > threshold
    fire = labels.unsqueeze(1).bool()
    hits = alarm[fire].sum().item()
    alarms = alarm.sum().item()
    fires = fire.sum().item()
    recall = hits / fires if fires else 0
    precision = hits / alarms if alarms else 0
    return recall, precision
""",
    """
def recall_and_precision(logits, labels, threshold):
    found = missed = false = 0
    for logit, label in zip(logits.flatten().tolist(), labels.tolist()):
        p = 1 / (1 + torch.tensor(-logit).exp().item())
        if p > threshold and label:
            found += 1
        elif p > threshold:
            false += 1
        elif label:
            missed += 1
    return found / ((found + missed) or 1), found / ((found + false) or 1)
""",
]
