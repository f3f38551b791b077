import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
pictures = torch.randn(300, 1, 8, 8)
pictures = (pictures - pictures.mean()) / pictures.std()
loader = DataLoader(TensorDataset(pictures), batch_size=30, shuffle=True)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU())
        self.decoder = nn.Linear(24, 64)

    def forward(self, images):
        decoded = self.decoder(self.encoder(images))
        return decoded.view(-1, 1, 8, 8)


model = Autoencoder()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.MSELoss()
for epoch in range(5):
    for (images,) in loader:
        loss = criterion(model(images), images)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
