import os
import tempfile

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(5)
CKPT = os.path.join(tempfile.mkdtemp(), "backbone.pth")


def make_images(n, freqs):
    y = torch.randint(0, len(freqs), (n,))
    grid = torch.arange(12.0)
    phase = torch.rand(n, 1, 1) * 6.28
    wave = torch.sin(torch.tensor(freqs)[y].view(n, 1, 1) * grid.view(1, 1, 12) + phase)
    return wave.expand(n, 12, 12).unsqueeze(1) + 0.5 * torch.randn(n, 1, 12, 12), y


def make_backbone():
    return nn.Sequential(
        nn.Conv2d(1, 12, 5, padding=2), nn.ReLU(),
        nn.Conv2d(12, 16, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )


class TransferNet(nn.Module):
    def __init__(self, n_classes, pretrained=None):
        super().__init__()
        self.backbone = make_backbone()
        self.head = nn.Linear(16, n_classes)
        self.init_weights()
        if pretrained is not None:
            self.backbone.load_state_dict(torch.load(pretrained))

    def init_weights(self):
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                nn.init.xavier_uniform_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.head(self.backbone(x))


def fit(net, data, epochs, lr):
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    loss_fn = nn.CrossEntropyLoss()
    for _ in range(epochs):
        for x, y in DataLoader(data, batch_size=32, shuffle=True):
            opt.zero_grad()
            loss = loss_fn(net(x), y)
            loss.backward()
            opt.step()
    return loss.item()


source = TransferNet(6)
fit(source, TensorDataset(*make_images(600, [0.4, 0.8, 1.2, 1.6, 2.0, 2.4])), epochs=12, lr=5e-3)
torch.save(source.backbone.state_dict(), CKPT)

model = TransferNet(3, pretrained=CKPT)
last = fit(model, TensorDataset(*make_images(64, [0.4, 1.2, 2.0])), epochs=10, lr=3e-3)
x_test, y_test = make_images(300, [0.4, 1.2, 2.0])
model.eval()
with torch.no_grad():
    acc = (model(x_test).argmax(1) == y_test).float().mean().item()
print(f"fine-tuned: last loss {last:.3f}, test accuracy {acc:.3f}")
