"""What is right and wrong in exercise 14."""
import torch
from check import shaped
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

HINT = 'Add up two numbers over all batches, the right ones and all, and divide once.'

SOLUTION = '''
def accuracy(model, loader):
    was_training = model.training
    model.eval()
    correct, count = 0, 0
    with torch.no_grad():
        for images, labels in loader:
            output = model(images)
            correct += (output.argmax(dim=1) == labels).sum().item()
            count += len(labels)
    model.train(was_training)
    return correct / count
'''


def check(mine):
    outputs = torch.eye(3)[[0] * 6 + [1]]  # six images of class 0, one of class 1
    labels = torch.tensor([0, 0, 0, 0, 1, 2, 1])  # the last batch of three is right
    loader = DataLoader(TensorDataset(outputs, labels), batch_size=3)
    got = mine.accuracy(nn.Identity(), loader)
    shaped(got, 0.5)
    assert got != 5, 'your result is a number of images, not a share of them'
    assert abs(got - (1 + 1 / 3 + 1) / 3) > 1e-6, (
        'your last batch is short: count images, not batches')
    assert abs(got - 5 / 7) < 1e-6, f'5 of 7 images were right, and you said {got:.3f}'
    model = nn.Sequential(nn.Dropout(0.9)).train()
    mine.accuracy(model, loader)
    assert model.training, 'the model came in train mode and left in eval mode'


WRONG = [  # (answer, words that the verdict has)
    ('''
def accuracy(model, loader):
    shares = []
    for images, labels in loader:
        shares.append((model(images).argmax(dim=1) == labels).float().mean())
    return (sum(shares) / len(shares)).item()
''', 'count images, not batches'),
]

RIGHT = []  # other answers that are right
