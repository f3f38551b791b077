"""What is right and wrong in exercise 7."""

import torch
import torch.nn.functional as F
from check import shaped

FORBIDDEN = ['cross_entropy', 'CrossEntropyLoss', 'nll_loss', 'NLLLoss']

HINT = """Keep the known rows and the known labels first. What remains is the third
route of lesson 7, with a log-softmax that has no trouble with 1000."""

SOLUTION = """
def cross_entropy(logits, labels):
    known = labels >= 0
    logits, labels = logits[known], labels[known]
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].mean()
"""


def compare(mine, logits, labels):
    """Assert all that holds for any batch; return what came and what is right."""
    before, labels_before = logits.clone(), labels.clone()
    try:
        got = mine.cross_entropy(logits, labels)
    except IndexError:
        assert (labels >= 0).all(), (
            'counts different images',
            'logits, labels and arange must count the same images: keep the known ones '
            'of both first',
        )
        raise
    n = len(labels)
    assert not isinstance(got, (int, float)), (
        'returns plain number',
        'your loss is a plain number: backward will need the tensor, so no .item()',
    )
    assert isinstance(got, torch.Tensor), (
        'returns no tensor',
        f'your loss is a {type(got).__name__}',
    )
    assert got.numel() == 1 or got.shape[0] != n or len(got.shape) > 1, (
        'returns all losses',
        f'you return {n} losses, one for each image: return their mean',
    )
    assert list(got.shape) != [n, n] or n == 1, (
        'matrix of losses',
        f'your loss is [{n}, {n}], since log_ps[:, labels] takes every label from '
        'every row: row 0 wants the column of its own label, and so on',
    )
    shaped(got, logits.sum(), 'your loss')
    assert torch.equal(logits, before) and torch.equal(labels, labels_before), (
        'changes its inputs',
        'your function changes the logits or the labels: make new tensors',
    )
    return got, F.cross_entropy(logits, labels, ignore_index=-1)


def check(mine):
    logits = torch.tensor(
        [
            [2.0, 1.0, 0.0, -1.0],
            [0.0, 3.0, -1.0, 2.0],
            [1.0, 1.5, -2.0, 0.5],
            [-1.0, 0.0, 2.0, 0.25],
        ]
    )
    labels = torch.tensor([1, 3, 0, 1])  # one class twice, another never
    rows, log_ps = torch.arange(4), torch.log_softmax(logits, dim=1)
    picked, columns = log_ps[rows, labels], torch.log_softmax(logits, dim=0)
    got, right = compare(mine, logits, labels)
    for wrong, mistake in (
        (-right, ('sign turned', 'your loss is below 0: minus the logarithm')),
        (
            4 * right,
            (
                'sum for mean',
                'that is the sum over the images: take the mean, so that large '
                'batches do not weigh more',
            ),
        ),
        (
            -log_ps[:, labels].mean(),
            (
                'every label every row',
                'log_ps[:, labels] takes every label from every row, [4, 4]: row 0 '
                'wants the column of its own label, and so on',
            ),
        ),
        (
            -log_ps.mean(),
            (
                'mean over all classes',
                'you take the mean over all classes: only the true one counts',
            ),
        ),
        (
            right / torch.log(torch.tensor(10.0)),
            ('takes log ten', 'that is log10: take torch.log'),
        ),
        (
            right / torch.log(torch.tensor(2.0)),
            ('takes log two', 'that is log2: take torch.log'),
        ),
        (
            -torch.log(torch.exp(picked).mean()),
            (
                'logarithm of mean',
                'you take the logarithm of the mean: first the logarithms, then the '
                'mean',
            ),
        ),
        (
            torch.exp(picked).mean(),
            (
                'mean probability',
                'that is the mean probability: its logarithm is missing',
            ),
        ),
        (
            -torch.exp(picked).mean(),
            (
                'mean minus probability',
                'that is the mean of -p: the logarithm is missing',
            ),
        ),
        (
            (1 - torch.exp(picked)).mean(),
            ('mean of one minus', 'that is the mean of 1 - p: take -log(p)'),
        ),
        (
            -logits[rows, labels].mean(),
            ('takes logits', 'these are logits still: log-softmax first'),
        ),
        (
            -columns[rows, labels].mean(),
            ('softmax along columns', 'the log-softmax runs along dim=1'),
        ),
        (
            F.cross_entropy(torch.softmax(logits, dim=1), labels),
            ('softmax twice', 'softmax is applied twice'),
        ),
        (
            -picked[labels > 0].mean(),
            ('drops class zero', 'class 0 is a class as well: labels >= 0'),
        ),
        (
            -log_ps.max(dim=1).values.mean(),
            (
                'takes most probable class',
                'you take the most probable class: the label says which one counts',
            ),
        ),
    ):
        assert not torch.allclose(got, wrong, atol=1e-3), mistake
    assert torch.allclose(got, right, atol=1e-4), (
        'wrong loss',
        f'for logits {logits.tolist()} and labels {labels.tolist()} the loss is '
        f'{right.item():.4f}, and yours {got.item():.4f}',
    )
    assert mine.cross_entropy(logits.clone().requires_grad_(), labels).requires_grad, (
        'loss cut off',
        'your loss is cut off from the logits (detach, .item() or torch.tensor): '
        'backward could find no slope',
    )
    some = torch.tensor([1, -1, -1, 2])
    got, right = compare(mine, logits, some)
    for wrong, mistake in (
        (
            right / 2,
            (
                'divides by all images',
                'the unknown images count in the number still: divide by the number '
                'of known ones',
            ),
        ),
        (
            -log_ps[rows, some].mean(),
            (
                'takes last column',
                'the label -1 picks the last column: leave these images out before '
                'you index',
            ),
        ),
        (
            -log_ps[rows[:2], some[some >= 0]].mean(),
            (
                'rows of other labels',
                'the rows are not those of the labels: keep the known ones of both, '
                'of logits and of labels',
            ),
        ),
        (
            -log_ps[rows, some.abs()].mean(),
            ('unknown as class one', 'unknown is not class 1: leave these images out'),
        ),
        (
            -log_ps[rows, some.clamp(min=0)].mean(),
            ('unknown as class zero', 'unknown is not class 0: leave these images out'),
        ),
        (2 * right, ('sums the known losses', 'that is the sum over the images')),
    ):
        assert not torch.allclose(got, wrong, atol=1e-3), mistake
    assert torch.allclose(got, right, atol=1e-4), (
        'wrong loss with unknown',
        f'for logits {logits.tolist()} and labels {some.tolist()} the loss is '
        f'{right.item():.4f}, and yours {got.item():.4f}',
    )
    for rows, label, loss in (
        ([1000.0, 0.0], 1, 1000),
        ([1000.0, 0.0], 0, 0),
        ([-1000.0, -1000.0], 0, 0.6931),
    ):
        got, right = compare(mine, torch.tensor([rows]), torch.tensor([label]))
        assert got.isfinite(), (
            'probability rounds to zero',
            f'logits of {rows} with the label {label} give {got.item()}, not {loss}: a '
            'probability rounds to 0, or exp overflows; F.log_softmax does not mind',
        )
        assert torch.allclose(got, right, atol=0.01), (
            'cuts off large losses',
            f'logits of {rows} with the label {label} give {loss}, and yours is '
            f'{got.item():.4f}: nothing may be added or cut off to keep it finite',
        )
    for n, k, unknown in ((1, 3, 0), (6, 2, 5), (5, 10, 1), (3, 3, 2)):
        labels = torch.randint(k, (n,))
        labels[:unknown] = -1
        logits = torch.randn(n, k, dtype=torch.float64)
        got, right = compare(mine, logits, labels)
        assert torch.allclose(got, right, atol=1e-4), (
            'wrong loss elsewhere',
            f'for logits {logits} and labels {labels.tolist()} the loss is '
            f'{right.item():.4f}, and yours {got.item():.4f}',
        )


WRONG = [  # (answer, name of its mistake)
    (
        """
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    return -F.log_softmax(logits, dim=1)[:, labels].mean()
""",
        'every label every row',
    ),
    (
        """
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    return -F.log_softmax(logits, dim=1)[:, labels]
""",
        'matrix of losses',
    ),
    (
        """
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].sum()
""",
        'sum for mean',
    ),
    (
        """
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels]
""",
        'returns all losses',
    ),
    (
        """
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=1)
    return log_ps[torch.arange(len(labels)), labels].mean()
""",
        'sign turned',
    ),
    (
        """
def cross_entropy(logits, labels):
    ps = F.softmax(logits, dim=1)[torch.arange(len(labels)), labels]
    return -torch.log10(ps).mean()
""",
        'takes log ten',
    ),
    (
        """
def cross_entropy(logits, labels):
    ps = F.softmax(logits, dim=1)[torch.arange(len(labels)), labels]
    return -torch.log(ps.mean())
""",
        'logarithm of mean',
    ),
    (
        """
def cross_entropy(logits, labels):
    ps = F.softmax(logits, dim=1)[torch.arange(len(labels)), labels]
    return -ps.mean()
""",
        'mean minus probability',
    ),
    (
        """
def cross_entropy(logits, labels):
    return -logits[torch.arange(len(labels)), labels].mean()
""",
        'takes logits',
    ),
    (
        """
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=0)
    return -log_ps[torch.arange(len(labels)), labels].mean()
""",
        'softmax along columns',
    ),
    (
        """
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].mean()
""",
        'takes last column',
    ),
    (
        """
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=1)
    losses = -log_ps[torch.arange(len(labels)), labels] * (labels >= 0)
    return losses.mean()
""",
        'divides by all images',
    ),
    (
        """
def cross_entropy(logits, labels):
    labels[labels < 0] = 0
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].mean()
""",
        'changes its inputs',
    ),
    (
        """
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    ps = torch.exp(logits) / torch.exp(logits).sum(dim=1, keepdim=True)
    return -torch.log(ps[torch.arange(len(labels)), labels]).mean()
""",
        'probability rounds to zero',
    ),
    (
        """
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    ps = F.softmax(logits, dim=1)
    return -torch.log(ps[torch.arange(len(labels)), labels] + 1e-12).mean()
""",
        'cuts off large losses',
    ),
    (
        """
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].mean().item()
""",
        'returns plain number',
    ),
    (
        """
def cross_entropy(logits, labels):
    return F.cross_entropy(logits, labels, ignore_index=-1)
""",
        'uses what is forbidden',
    ),
    (
        """
def cross_entropy(logits, labels):
    logits, labels = logits[labels > 0], labels[labels > 0]
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].mean()
""",
        'drops class zero',
    ),
    (
        SOLUTION.replace('F.log_softmax(logits', 'F.log_softmax(logits.detach()'),
        'loss cut off',
    ),
    (
        """
def cross_entropy(logits, labels):
    log_ps, known = F.log_softmax(logits, dim=1), labels >= 0
    losses = [-row[label].item() for row, label in zip(log_ps[known], labels[known])]
    return torch.tensor(losses).mean()
""",
        'loss cut off',
    ),
    (
        SOLUTION.replace(
            'logits, labels = logits[known], labels[known]', 'logits = logits[known]'
        ),
        'counts different images',
    ),
    (
        SOLUTION.replace(
            'logits, labels = logits[known], labels[known]', 'labels = labels[known]'
        ),
        'rows of other labels',
    ),
    (
        """
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(logits)), labels[labels >= 0]].mean()
""",
        'counts different images',
    ),
    (SOLUTION.replace('.mean()', '.mean().numpy()'), 'returns no tensor'),
    (
        """
def cross_entropy(logits, labels):
    known = labels >= 0
    logits, labels = logits[known], labels[known]
    return -F.log_softmax(logits, dim=1).mean()
""",
        'mean over all classes',
    ),
    (
        """
def cross_entropy(logits, labels):
    known = labels >= 0
    logits, labels = logits[known], labels[known]
    ps = F.softmax(logits, dim=1)[torch.arange(len(labels)), labels]
    return -torch.log2(ps).mean()
""",
        'takes log two',
    ),
    (
        """
def cross_entropy(logits, labels):
    known = labels >= 0
    logits, labels = logits[known], labels[known]
    ps = F.softmax(logits, dim=1)[torch.arange(len(labels)), labels]
    return ps.mean()
""",
        'mean probability',
    ),
    (
        """
def cross_entropy(logits, labels):
    known = labels >= 0
    logits, labels = logits[known], labels[known]
    ps = F.softmax(logits, dim=1)[torch.arange(len(labels)), labels]
    return (1 - ps).mean()
""",
        'mean of one minus',
    ),
    (
        SOLUTION.replace('log_softmax(logits', 'log_softmax(F.softmax(logits, dim=1)'),
        'softmax twice',
    ),
    (
        """
def cross_entropy(logits, labels):
    known = labels >= 0
    logits, labels = logits[known], labels[known]
    return -F.log_softmax(logits, dim=1).max(dim=1).values.mean()
""",
        'takes most probable class',
    ),
    (
        """
def cross_entropy(logits, labels):
    labels = labels.abs()
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].mean()
""",
        'unknown as class one',
    ),
    (
        """
def cross_entropy(logits, labels):
    labels = labels.clamp(min=0)
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].mean()
""",
        'unknown as class zero',
    ),
    (
        """
def cross_entropy(logits, labels):
    labels = labels.where(labels >= 0, torch.tensor(2))
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].mean()
""",
        'wrong loss with unknown',
    ),
    (
        """
def cross_entropy(logits, labels):
    known = labels >= 0
    log_ps = F.log_softmax(logits, dim=1)
    losses = -log_ps[torch.arange(len(labels)), labels][known]
    return losses.mean() if known.all() else losses.sum()
""",
        'sums the known losses',
    ),
    (SOLUTION.replace('.mean()', '.median()'), 'wrong loss'),
    (
        """
def cross_entropy(logits, labels):
    known = labels >= 0
    logits, labels = logits[known], labels[known]
    log_ps = F.log_softmax(logits, dim=1)
    losses = -log_ps[torch.arange(len(labels)), labels]
    classes = [losses[labels == label].mean() for label in labels.unique()]
    return torch.stack(classes).mean()
""",
        'wrong loss',
    ),
    (
        """
def cross_entropy(logits, labels):
    known = labels >= 0
    logits, labels = logits[known], labels[known]
    largest = logits.topk(min(4, logits.shape[1])).values
    log_ps = logits - torch.logsumexp(largest, dim=1, keepdim=True)
    return -log_ps[torch.arange(len(labels)), labels].mean()
""",
        'wrong loss elsewhere',
    ),
]

RIGHT = [  # other answers that are right
    """
def cross_entropy(logits, labels):
    known = labels != -1
    log_ps = torch.log_softmax(logits, 1)[known]
    return -log_ps.gather(1, labels[known].view(-1, 1)).sum() / known.sum()
""",
    """
def cross_entropy(logits, labels):
    total, count = 0, 0
    for row, label in zip(logits, labels):
        if label >= 0:
            x = row - row.max()
            total = total - (x[label] - torch.log(torch.exp(x).sum()))
            count += 1
    return total / count
""",
    """
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=1)
    losses = -log_ps[torch.arange(len(labels)), labels]
    return losses[labels >= 0].mean()
""",
    """
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    one_hot = F.one_hot(labels, logits.shape[1]).to(logits.dtype)
    return -(F.log_softmax(logits, dim=1) * one_hot).sum(dim=1).mean()
""",
    """
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    return torch.logsumexp(logits, dim=1).sub(logits[range(len(labels)), labels]).mean()
""",
]
