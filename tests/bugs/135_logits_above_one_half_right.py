import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(9)
N_CLASSES, FRAMES, N_FEATS = 4, 20, 16
signatures = torch.randn(N_CLASSES, N_FEATS)


def make_clips(n):
    activity = torch.zeros(n, FRAMES, N_CLASSES)
    for i in range(n):
        for k in range(N_CLASSES):
            if torch.rand(1) < 0.5:
                start = int(torch.randint(0, FRAMES - 6, (1,)))
                activity[i, start:start + 6, k] = 1.0
    feats = activity @ signatures + 1.5 * torch.randn(n, FRAMES, N_FEATS)
    return TensorDataset(feats, activity)


def f1_framewise(y_hat, y_true):
    y_hat = (y_hat > 0.5).float()
    tp = (y_hat * y_true).sum()
    fp = (y_hat * (1 - y_true)).sum()
    fn = ((1 - y_hat) * y_true).sum()
    return (2 * tp / (2 * tp + fp + fn).clamp(min=1)).item()


class CRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(N_FEATS, 24, 3, padding=1)
        self.gru = nn.GRU(24, 24, batch_first=True)
        self.classifier = nn.Linear(24, N_CLASSES)

    def forward(self, x):
        h = torch.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        h, _ = self.gru(h)
        return self.classifier(h)


training = DataLoader(make_clips(240), batch_size=16, shuffle=True)
testing = DataLoader(make_clips(80), batch_size=80)
model = CRNN()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
objective = nn.BCEWithLogitsLoss()

for epoch in range(6):
    model.train()
    for x, y in training:
        optimizer.zero_grad()
        loss = objective(model(x), y)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        for x, y in testing:
            y_hat = model(x)
            print(f"epoch {epoch} loss {objective(y_hat, y).item():.3f} f1 {f1_framewise(torch.sigmoid(y_hat), y):.3f}")
