import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(600, 20)
y = (x[:, :3].sum(dim=1) > 0).long()
train_loader = DataLoader(TensorDataset(x[:500], y[:500]), batch_size=32, shuffle=True)
val_loader = DataLoader(TensorDataset(x[500:], y[500:]), batch_size=50)


def build():
    return nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 2))


model = build()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(3):
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
saved = {f'module.{key}': value.clone() for key, value in model.state_dict().items()}

restored = build()
restored.load_state_dict({key.removeprefix('module.'): value for key, value in saved.items()})
restored.eval()
correct = 0
with torch.no_grad():
    for inputs, labels in val_loader:
        correct += (restored(inputs).argmax(dim=1) == labels).sum().item()
print('accuracy', correct / 100)
