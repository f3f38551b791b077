"""What is right and wrong in exercise 7."""
import torch
import torch.nn.functional as F
from check import shaped

FORBIDDEN = ['cross_entropy', 'CrossEntropyLoss', 'nll_loss', 'NLLLoss']

HINT = '''Keep the known rows and the known labels first. What remains is the third
route of lesson 7, with a log-softmax that has no trouble with 1000.'''

SOLUTION = '''
def cross_entropy(logits, labels):
    known = labels >= 0
    logits, labels = logits[known], labels[known]
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].mean()
'''


def compare(mine, logits, labels):
    """Assert all that holds for any batch; return what came and what is right."""
    before, labels_before = logits.clone(), labels.clone()
    try:
        got = mine.cross_entropy(logits, labels)
    except IndexError:
        assert (labels >= 0).all(), (
            'logits, labels and arange must count the same images: keep the known ones '
            'of both first')
        raise
    n = len(labels)
    assert not isinstance(got, (int, float)), (
        'your loss is a plain number: backward will need the tensor, so no .item()')
    assert isinstance(got, torch.Tensor), f'your loss is a {type(got).__name__}'
    assert got.numel() == 1 or got.shape[0] != n or len(got.shape) > 1, (
        f'you return {n} losses, one for each image: return their mean')
    assert list(got.shape) != [n, n] or n == 1, (
        f'your loss is [{n}, {n}], since log_ps[:, labels] takes every label from '
        'every row: row 0 wants the column of its own label, and so on')
    shaped(got, logits.sum(), 'your loss')
    assert torch.equal(logits, before) and torch.equal(labels, labels_before), (
        'your function changes the logits or the labels: make new tensors')
    return got, F.cross_entropy(logits, labels, ignore_index=-1)


def check(mine):
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0], [0.0, 3.0, -1.0, 2.0],
                           [1.0, 1.5, -2.0, 0.5], [-1.0, 0.0, 2.0, 0.25]])
    labels = torch.tensor([1, 3, 0, 2])
    rows, log_ps = torch.arange(4), torch.log_softmax(logits, dim=1)
    picked, columns = log_ps[rows, labels], torch.log_softmax(logits, dim=0)
    got, right = compare(mine, logits, labels)
    for wrong, words in (
            (-right, 'your loss is below 0: minus the logarithm'),
            (4 * right, 'that is the sum over the images: take the mean, so that large '
                        'batches do not weigh more'),
            (-log_ps[:, labels].mean(),
             'log_ps[:, labels] takes every label from every row, [4, 4]: row 0 wants '
             'the column of its own label, and so on'),
            (-log_ps.mean(), 'you take the mean over all classes: only the true one '
                             'counts'),
            (right / torch.log(torch.tensor(10.0)), 'that is log10: take torch.log'),
            (right / torch.log(torch.tensor(2.0)), 'that is log2: take torch.log'),
            (-torch.log(torch.exp(picked).mean()),
             'you take the logarithm of the mean: first the logarithms, then the mean'),
            (torch.exp(picked).mean(), 'that is the mean probability: its logarithm is '
                                       'missing'),
            (-torch.exp(picked).mean(), 'that is the mean of -p: the logarithm is '
                                        'missing'),
            ((1 - torch.exp(picked)).mean(), 'that is the mean of 1 - p: take -log(p)'),
            (-logits[rows, labels].mean(), 'these are logits still: log-softmax first'),
            (-columns[rows, labels].mean(), 'the log-softmax runs along dim=1'),
            (F.cross_entropy(torch.softmax(logits, dim=1), labels),
             'softmax is applied twice'),
            (-picked[labels > 0].mean(), 'class 0 is a class as well: labels >= 0'),
            (-log_ps.max(dim=1).values.mean(),
             'you take the most probable class: the label says which one counts')):
        assert not torch.allclose(got, wrong, atol=1e-3), words
    assert torch.allclose(got, right, atol=1e-4), (
        f'for logits {logits.tolist()} and labels {labels.tolist()} the loss is '
        f'{right.item():.4f}, and yours {got.item():.4f}')
    assert mine.cross_entropy(logits.clone().requires_grad_(), labels).requires_grad, (
        'your loss is cut off from the logits (detach, .item() or torch.tensor): '
        'backward could find no slope')
    some = torch.tensor([1, -1, -1, 2])
    got, right = compare(mine, logits, some)
    for wrong, words in (
            (right / 2, 'the unknown images count in the number still: divide by the '
                        'number of known ones'),
            (-log_ps[rows, some].mean(), 'the label -1 picks the last column: leave '
                                         'these images out before you index'),
            (-log_ps[rows[:2], some[some >= 0]].mean(),
             'the rows are not those of the labels: keep the known ones of both, of '
             'logits and of labels'),
            (-log_ps[rows, some.abs()].mean(), 'unknown is not class 1: leave these '
                                               'images out'),
            (-log_ps[rows, some.clamp(min=0)].mean(), 'unknown is not class 0: leave '
                                                      'these images out'),
            (2 * right, 'that is the sum over the images')):
        assert not torch.allclose(got, wrong, atol=1e-3), words
    assert torch.allclose(got, right, atol=1e-4), (
        f'for logits {logits.tolist()} and labels {some.tolist()} the loss is '
        f'{right.item():.4f}, and yours {got.item():.4f}')
    for rows, label, loss in (([1000.0, 0.0], 1, 1000), ([1000.0, 0.0], 0, 0),
                              ([-1000.0, -1000.0], 0, 0.6931)):
        got, right = compare(mine, torch.tensor([rows]), torch.tensor([label]))
        assert got.isfinite(), (
            f'logits of {rows} with the label {label} give {got.item()}, not {loss}: a '
            'probability rounds to 0, or exp overflows; F.log_softmax does not mind')
        assert torch.allclose(got, right, atol=0.01), (
            f'logits of {rows} with the label {label} give {loss}, and yours is '
            f'{got.item():.4f}: nothing may be added or cut off to keep it finite')
    for n, k, unknown in ((1, 3, 0), (6, 2, 5), (5, 10, 1), (3, 3, 2)):
        labels = torch.randint(k, (n,))
        labels[:unknown] = -1
        logits = torch.randn(n, k, dtype=torch.float64)
        got, right = compare(mine, logits, labels)
        assert torch.allclose(got, right, atol=1e-4), (
            f'for logits {logits} and labels {labels.tolist()} the loss is '
            f'{right.item():.4f}, and yours {got.item():.4f}')


WRONG = [  # (answer, words that the verdict has)
    ('''
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    return -F.log_softmax(logits, dim=1)[:, labels].mean()
''', 'takes every label from every row'),
    ('''
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    return -F.log_softmax(logits, dim=1)[:, labels]
''', 'takes every label from every row'),
    ('''
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].sum()
''', 'take the mean'),
    ('''
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels]
''', 'return their mean'),
    ('''
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=1)
    return log_ps[torch.arange(len(labels)), labels].mean()
''', 'minus the logarithm'),
    ('''
def cross_entropy(logits, labels):
    ps = F.softmax(logits, dim=1)[torch.arange(len(labels)), labels]
    return -torch.log10(ps).mean()
''', 'that is log10'),
    ('''
def cross_entropy(logits, labels):
    ps = F.softmax(logits, dim=1)[torch.arange(len(labels)), labels]
    return -torch.log(ps.mean())
''', 'first the logarithms, then the mean'),
    ('''
def cross_entropy(logits, labels):
    ps = F.softmax(logits, dim=1)[torch.arange(len(labels)), labels]
    return -ps.mean()
''', 'the mean of -p'),
    ('''
def cross_entropy(logits, labels):
    return -logits[torch.arange(len(labels)), labels].mean()
''', 'these are logits still'),
    ('''
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=0)
    return -log_ps[torch.arange(len(labels)), labels].mean()
''', 'runs along dim=1'),
    ('''
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].mean()
''', 'the label -1 picks the last column'),
    ('''
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=1)
    losses = -log_ps[torch.arange(len(labels)), labels] * (labels >= 0)
    return losses.mean()
''', 'the unknown images count in the number'),
    ('''
def cross_entropy(logits, labels):
    labels[labels < 0] = 0
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].mean()
''', 'changes the logits or the labels'),
    ('''
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    ps = torch.exp(logits) / torch.exp(logits).sum(dim=1, keepdim=True)
    return -torch.log(ps[torch.arange(len(labels)), labels]).mean()
''', 'exp overflows'),
    ('''
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    ps = F.softmax(logits, dim=1)
    return -torch.log(ps[torch.arange(len(labels)), labels] + 1e-12).mean()
''', 'nothing may be added'),
    ('''
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].mean().item()
''', 'your loss is a plain number'),
    ('''
def cross_entropy(logits, labels):
    return F.cross_entropy(logits, labels, ignore_index=-1)
''', 'cross_entropy does it for you'),
    ('''
def cross_entropy(logits, labels):
    logits, labels = logits[labels > 0], labels[labels > 0]
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(labels)), labels].mean()
''', 'class 0 is a class'),
    (SOLUTION.replace('F.log_softmax(logits', 'F.log_softmax(logits.detach()'),
     'cut off from the logits'),
    ('''
def cross_entropy(logits, labels):
    log_ps, known = F.log_softmax(logits, dim=1), labels >= 0
    losses = [-row[label].item() for row, label in zip(log_ps[known], labels[known])]
    return torch.tensor(losses).mean()
''', 'cut off from the logits'),
    (SOLUTION.replace('logits, labels = logits[known], labels[known]',
                      'logits = logits[known]'), 'must count the same images'),
    (SOLUTION.replace('logits, labels = logits[known], labels[known]',
                      'labels = labels[known]'), 'keep the known ones of both'),
    ('''
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=1)
    return -log_ps[torch.arange(len(logits)), labels[labels >= 0]].mean()
''', 'must count the same images'),
]

RIGHT = [  # other answers that are right
    '''
def cross_entropy(logits, labels):
    known = labels != -1
    log_ps = torch.log_softmax(logits, 1)[known]
    return -log_ps.gather(1, labels[known].view(-1, 1)).sum() / known.sum()
''',
    '''
def cross_entropy(logits, labels):
    total, count = 0, 0
    for row, label in zip(logits, labels):
        if label >= 0:
            x = row - row.max()
            total = total - (x[label] - torch.log(torch.exp(x).sum()))
            count += 1
    return total / count
''',
    '''
def cross_entropy(logits, labels):
    log_ps = F.log_softmax(logits, dim=1)
    losses = -log_ps[torch.arange(len(labels)), labels]
    return losses[labels >= 0].mean()
''',
    '''
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    one_hot = F.one_hot(labels, logits.shape[1]).to(logits.dtype)
    return -(F.log_softmax(logits, dim=1) * one_hot).sum(dim=1).mean()
''',
    '''
def cross_entropy(logits, labels):
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    return torch.logsumexp(logits, dim=1).sub(logits[range(len(labels)), labels]).mean()
''',
]
