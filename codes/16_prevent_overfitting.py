"""
Dropout against over-fitting
============================

New here: dropout. In training each hidden unit is switched off with probability 0.2,
anew for every image, so no unit can rely on a single other one. When the network is
used, all units work. The same training is done without and with it, and from each the
epoch with the lowest validation loss is kept.

Before: 15_apply_validation.py  Next: 17_save_load_models.py
Run: python codes/16_prevent_overfitting.py
It ends with both pairs of curves in one figure.
"""
import copy
import sys

import torch
from torch import nn, optim
from torch.utils.data import random_split

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=30, lr=0.001)
device = helper.get_device(args.device)

# %%
# Data
trainset, testset = helper.load_fashion_mnist(args)
trainset, validset = random_split(trainset, [5 / 6, 1 / 6])
print(f'{len(trainset)} to train, {len(validset)} to validate, {len(testset)} to test')
trainloader = helper.get_loader(trainset, batch_size=64, shuffle=True)
validloader = helper.get_loader(validset, batch_size=1000)
testloader = helper.get_loader(testset, batch_size=1000)
criterion = nn.CrossEntropyLoss()


# %%
# Model. Dropout(0) does nothing, so one class serves both. The units that stay are
# scaled up by 1 / (1 - p), so that the next layer gets as much as it does without.
class Network(nn.Module):
    def __init__(self, drop_p):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(784, 256), nn.ReLU(), nn.Dropout(drop_p),  # new here
            nn.Linear(256, 128), nn.ReLU(), nn.Dropout(drop_p),
            nn.Linear(128, 64), nn.ReLU(), nn.Dropout(drop_p),
            nn.Linear(64, 10))

    def forward(self, x):
        return self.layers(x)


def evaluate(model, loader):
    """Mean loss and accuracy, in whatever mode the model is."""
    total_loss = correct = 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = model(images)
            total_loss += criterion(output, labels).item() * len(labels)
            correct += (output.argmax(dim=1) == labels).sum().item()
    return total_loss / len(loader.dataset), correct / len(loader.dataset)


# %%
# Train twice, from the same seed. A copy of the best weights is kept: state_dict alone
# hands out the tensors that the next step changes.
curves = {}
for name, drop_p in (('no dropout', 0), ('dropout 0.2', 0.2)):  # new here
    torch.manual_seed(args.seed)
    model = Network(drop_p).to(device)
    optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
    train_losses, valid_losses = curves[name] = [], []
    for epoch in range(args.epochs):
        model.train()
        train_loss = 0
        for images, labels in trainloader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(images)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()
            train_loss += loss.item() * len(labels)
        train_losses.append(train_loss / len(trainset))
        model.eval()
        valid_loss, accuracy = evaluate(model, validloader)
        valid_losses.append(valid_loss)
        if valid_loss == min(valid_losses):  # new here
            best, best_epoch = copy.deepcopy(model.state_dict()), epoch + 1
    gap = valid_losses[-1] - train_losses[-1]
    print(f'{name:12} train loss {train_losses[-1]:.3f}  '
          f'valid loss {valid_losses[-1]:.3f}  gap {gap:.3f}  '
          f'lowest {min(valid_losses):.3f} after epoch {best_epoch}')

# %%
# What forgetting eval() costs. In train mode units are still switched off at random.
model.load_state_dict(best)
model.train()
print('forgot eval(): valid loss {:.3f}  accuracy {:.1%}'.format(
    *evaluate(model, validloader)))
model.eval()
print('with eval():   valid loss {:.3f}  accuracy {:.1%}'.format(
    *evaluate(model, validloader)))

# %%
# Test, once, with the epoch that the validation set chose
_, accuracy = evaluate(model, testloader)
print(f'Test accuracy {accuracy:.1%} with the weights of epoch {best_epoch}')

# %%
# Look
helper.plot_losses(curves)
helper.show('losses')

# On the real images the gap at the end was 0.361 without dropout and 0.103 with it, and
# the kept epoch reached 88.6 % on the test images.

# Try: drop_p 0.5, and 0.9. The gap closes further; does the validation loss fall, too?
