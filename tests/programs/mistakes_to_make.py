"""Code that test_mutations.py makes each kind of mistake in; nothing runs it.

A number in a docstring, such as 64, stays as it is.
"""
import copy
import functools

import torch
from torch.utils.data import DataLoader

torch.manual_seed(7)
device = torch.device('cpu')
trainset, validset, testset = torch.utils.data.random_split(range(90), [30, 30, 30])
trainloader = DataLoader(trainset, batch_size=64, shuffle=True)
testloader = DataLoader(testset, batch_size=1000)
model = torch.nn.Linear(784, 10).to(device)
best = copy.deepcopy(model.state_dict())
losses = []
accuracies = []


@functools.cache
def evaluate(loader, most=3):
    model.eval()
    total = 0
    with torch.no_grad():
        for images, labels in loader:
            logits = model(images.view(-1, 784))  # [64, 1, 28, 28] -> [64, 10]
            total += (logits.argmax(dim=1) == labels).sum().item()
    if total < most and not torch.is_grad_enabled():
        raise ValueError('too few')
    return total / len(loader.dataset)


for _ in range(len(testset)):
    losses.append(evaluate(trainloader))
    accuracies.append(evaluate(testloader))
    torch.manual_seed(len(losses))
print(losses[0], losses[:2], max(accuracies))  # 0.25 [0.25, 0.5] 0.75
print(torch.allclose(torch.zeros(1), torch.zeros(1)))  # True
with open('notes.txt', encoding='utf-8') as file:
    model.load_state_dict(torch.load(file.read(), map_location=device))

# Try: 5 in place of 3. What changes, and what
# happens with 64?
