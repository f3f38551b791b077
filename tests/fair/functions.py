"""Everything in functions: argparse, random_split, a main()."""
import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.set_num_threads(1)


def make_loaders(n):
    y = torch.randint(0, 4, (n,))  # the class is the bright row
    x = (torch.randn(n, 4, 4) + 1.5 * torch.eye(4)[y, :, None]).flatten(1)
    train, test = random_split(TensorDataset(x, y), [0.7, 0.3])
    return DataLoader(train, 32, shuffle=True), DataLoader(test, 64)


def train_one_epoch(model, loader, optimizer):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    return torch.cat([model(x).argmax(1) == y for x, y in loader]).float().mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--epochs', type=int, default=3)
    torch.manual_seed(13)
    train_loader, test_loader = make_loaders(300)
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Dropout(), nn.Linear(32, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(parser.parse_args().epochs):
        train_one_epoch(model, train_loader, optimizer)
    print(f'test accuracy {evaluate(model, test_loader):.3f}')


if __name__ == '__main__':
    main()
