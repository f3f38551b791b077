import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)


def scans(n, gain, shift):
    labels = torch.randint(0, 2, (n,))
    images = torch.randn(n, 1, 6, 6) * 0.3 + labels[:, None, None, None]
    return TensorDataset(gain * images + shift, labels)


def accuracy(model, loader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            correct += (model(images).argmax(dim=1) == labels).sum().item()
    return correct / len(loader.dataset)


def train(model, loader, epochs):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    model.train()
    for epoch in range(epochs):
        for images, labels in loader:
            loss = nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


first = DataLoader(scans(200, 1.0, 0.0), batch_size=20, shuffle=True)
second = DataLoader(scans(40, 0.5, 1.5), batch_size=10, shuffle=True)
test = DataLoader(scans(120, 0.5, 1.5), batch_size=40)
model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))
train(model, first, epochs=5)
print('before', accuracy(model, test))
model[0].requires_grad_(False)
train(model, second, epochs=6)
print('after', accuracy(model, test))

images = torch.rand(200, 36)
critic = nn.Sequential(nn.Linear(36, 24), nn.LeakyReLU(0.2, inplace=True), nn.Linear(24, 1))
optimizer = torch.optim.RMSprop(critic.parameters(), lr=1e-3)
for step in range(20):
    real, fake = images[torch.randint(0, 200, (32,))], torch.rand(32, 36) ** 2
    loss = critic(fake).mean() - critic(real).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for p in critic.parameters():
            p.clamp_(-0.1, 0.1)

# An autoencoder whose loss gets the images first
coder = nn.Sequential(nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 36))
optimizer = torch.optim.Adam(coder.parameters(), lr=1e-3)
loader = DataLoader(TensorDataset(images, images[:, :1]), batch_size=50, shuffle=True)
for some, _ in loader:
    loss = nn.functional.mse_loss(some, coder(some))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
with torch.no_grad():
    for some, _ in loader:
        print(nn.functional.mse_loss(some, coder(some)).item())

# A denoiser beside its baseline, which is to leave the inputs as they are
noisy = images + 0.1 * torch.randn(200, 36)
loader = DataLoader(TensorDataset(noisy, images), batch_size=50)
with torch.no_grad():
    for some, clean in loader:
        baseline = nn.functional.mse_loss(some, clean)
        print(nn.functional.mse_loss(coder(some), clean).item(), baseline.item())

# A classifier with one class more, for what is not real
images = torch.rand(200, 36)
classes = (images[:, 0] * 2.99).long()
classifier = nn.Sequential(nn.Linear(36, 24), nn.ReLU(inplace=True), nn.Linear(24, 4))
optimizer = torch.optim.Adam(classifier.parameters(), lr=1e-3)
not_real = torch.full((50,), 3)
for epoch in range(5):
    for i in range(0, 200, 50):
        loss = nn.functional.cross_entropy(classifier(images[i : i + 50]), classes[i : i + 50])
        loss = loss + nn.functional.cross_entropy(classifier(torch.rand(50, 36) ** 2), not_real)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
