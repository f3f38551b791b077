"""Pretraining an autoencoder on unlabelled spectra, then a classifier on few labelled ones."""
import os
import tempfile

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(7)
BASIS = torch.randn(6, 60)


def make_spectra(n):
    amounts = torch.randn(n, 6)
    x = amounts @ BASIS / 2.5 + 1.2 * torch.randn(n, 60)
    return x, (amounts[:, 0] * amounts[:, 1] > 0).long()


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(60, 6)
        self.decoder = nn.Linear(6, 60)

    def forward(self, x):
        return self.decoder(self.encoder(x))


class SpectrumClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = AutoEncoder()
        self.head = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, x):
        return self.head(self.model.encoder(x))


def pretrain(path):
    net = AutoEncoder()
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for _ in range(8):
        for (x,) in DataLoader(TensorDataset(make_spectra(3000)[0]), batch_size=100, shuffle=True):
            loss = nn.functional.mse_loss(net(x), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    print(f"pretraining: loss {loss.item():.3f}")
    torch.save(net.state_dict(), path)


with tempfile.TemporaryDirectory() as folder:
    checkpoint = os.path.join(folder, "autoencoder.pt")
    pretrain(checkpoint)
    classifier = SpectrumClassifier()
    state = {"model." + k: v for k, v in torch.load(checkpoint, weights_only=True).items()}
    classifier.load_state_dict(state, strict=False)      # the head is not in the file

loader = DataLoader(TensorDataset(*make_spectra(150)), batch_size=25, shuffle=True)
optimizer = torch.optim.Adam(classifier.parameters(), lr=3e-3)
for epoch in range(30):
    for x, y in loader:
        loss = nn.functional.cross_entropy(classifier(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
test_x, test_y = make_spectra(2000)
with torch.no_grad():
    print(f"test accuracy {(classifier(test_x).argmax(1) == test_y).float().mean().item():.3f}")
