import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(600, 20) * 3 + 2
y = (x[:, :3].sum(dim=1) > 6).long()
train_loader = DataLoader(TensorDataset(x[:500], y[:500]), batch_size=50, shuffle=True)

student = nn.Sequential(nn.Linear(20, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 2))
teacher = copy.deepcopy(student)
optimizer = torch.optim.Adam(student.parameters(), lr=1e-2)


@torch.no_grad()
def update(teacher, student, decay=0.9):
    for old, new in zip(teacher.parameters(), student.parameters()):
        old.mul_(decay).add_(new, alpha=1 - decay)


for epoch in range(4):
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(student(inputs), labels)
        loss.backward()
        optimizer.step()
        update(teacher, student)
teacher.eval()
with torch.no_grad():
    predicted = teacher(x[500:]).argmax(dim=1)
print('teacher', (predicted == y[500:]).float().mean().item())
