import io

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(21)
T, alpha = 3.0, 0.7


def build_teacher():
    return nn.Sequential(
        nn.Linear(20, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 5),
    )


true_net = nn.Sequential(nn.Linear(20, 16), nn.Tanh(), nn.Linear(16, 5))
with torch.no_grad():
    inputs = torch.randn(1400, 20)
    labels = (true_net(inputs) * 4).argmax(dim=1)
train_x, train_y = inputs[:1000], labels[:1000]
test_x, test_y = inputs[1000:], labels[1000:]


def pretrain():
    net = build_teacher()
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(10):
        for idx in torch.randperm(1000).split(50):
            opt.zero_grad()
            F.cross_entropy(net(train_x[idx]), train_y[idx]).backward()
            opt.step()
    buf = io.BytesIO()
    torch.save(net.state_dict(), buf)
    buf.seek(0)
    return buf


teacher = build_teacher()
teacher.load_state_dict(torch.load(pretrain()))
student = nn.Sequential(nn.Linear(20, 24), nn.ReLU(), nn.Linear(24, 5))
optimizer = torch.optim.Adam(student.parameters(), lr=3e-3)

for epoch in range(8):
    student.train()
    for idx in torch.randperm(1000).split(50):
        x, y = train_x[idx], train_y[idx]
        with torch.no_grad():
            teacher_logits = teacher(x)
        student_logits = student(x)
        soft = F.kl_div(F.log_softmax(student_logits / T, dim=1),
                        F.softmax(teacher_logits / T, dim=1), reduction="batchmean") * T * T
        loss = alpha * soft + (1 - alpha) * F.cross_entropy(student_logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    student.eval()
    with torch.no_grad():
        acc = (student(test_x).argmax(1) == test_y).float().mean().item()
    print(f"epoch {epoch}: kd loss {soft.item():.4f}, student accuracy {acc:.3f}")
