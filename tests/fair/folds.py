"""Cross-validation of two candidates by stratified folds, refit, held-out test."""
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
torch.manual_seed(10)


def stratified_folds(y, k):
    folds = [[] for _ in range(k)]
    for c in y.unique():
        members = (y == c).nonzero().squeeze(1)
        members = members[torch.randperm(len(members))]
        for fold, part in zip(folds, members.tensor_split(k)):
            fold.append(part)
    return [torch.cat(fold) for fold in folds]


def fit_and_score(width, train, held_out):
    """Fresh scaling, model and optimizer for every fold."""
    mean, std = x[train].mean(0), x[train].std(0)
    model = nn.Sequential(nn.Linear(16, width), nn.ReLU(), nn.Dropout(0.1),
                          nn.Linear(width, 3))
    opt = torch.optim.AdamW(model.parameters(), lr=1e-2)
    model.train()
    for _ in range(4):
        for idx in train[torch.randperm(len(train))].split(32):
            opt.zero_grad()
            F.cross_entropy(model((x[idx] - mean) / std), y[idx]).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        pred = model((x[held_out] - mean) / std).argmax(1)
    return (pred == y[held_out]).float().mean().item()


z = torch.randn(360, 16)
y = (z[:, :3] + 0.3 * torch.randn(360, 3)).argmax(1)
x = (z + 3) * torch.logspace(-1, 2, 16)
test, *folds = stratified_folds(y, 4)  # the first fourth waits until the end
results = {width: sum(fit_and_score(width, torch.cat(folds[:k] + folds[k + 1:]), fold)
                      for k, fold in enumerate(folds)) / 3 for width in (8, 32)}
best = max(results, key=results.get)
print(results, f'test {fit_and_score(best, torch.cat(folds), test):.3f}')
