"""Early stopping on the validation loss: best state by deepcopy, checkpoint on disk."""
import copy
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
torch.manual_seed(8)
labels = torch.randint(0, 3, (320,))
images = torch.randn(3, 1, 4, 4)[labels] + 2 * torch.randn(320, 1, 4, 4)
train, val, test = torch.randperm(320).split([200, 60, 60])
loader = DataLoader(TensorDataset(images[train], labels[train]), 25, shuffle=True)


@torch.no_grad()
def loss_on(model, idx):
    model.eval()
    return F.cross_entropy(model(images[idx]), labels[idx]).item()


model = nn.Sequential(nn.Flatten(), nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU(),
                      nn.Dropout(0.5), nn.Linear(32, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-2, weight_decay=1e-4)
best, bad_epochs = float('inf'), 0
for _ in range(4):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    val_loss = loss_on(model, val)
    bad_epochs = 0 if val_loss < best else bad_epochs + 1
    if bad_epochs == 2:
        break
    if val_loss < best:
        best, best_state = val_loss, copy.deepcopy(model.state_dict())

with tempfile.TemporaryDirectory() as folder:
    torch.save({'model': best_state, 'val_loss': best}, folder + '/best.pt')
    checkpoint = torch.load(folder + '/best.pt', weights_only=True)
model.load_state_dict(checkpoint['model'])
print(f'val {checkpoint["val_loss"]:.4f}, test {loss_on(model, test):.4f}')
