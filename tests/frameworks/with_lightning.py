"""A classifier trained by Lightning. With --mistake, its loss gets probabilities."""

import sys

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Classifier(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))

    def forward(self, inputs):
        logits = self.layers(inputs)
        return logits.softmax(dim=1) if '--mistake' in sys.argv else logits

    def training_step(self, batch, batch_idx):
        inputs, labels = batch
        loss = nn.functional.cross_entropy(self(inputs), labels)
        return loss

    def validation_step(self, batch, batch_idx):
        inputs, labels = batch
        predicted = self(inputs).argmax(dim=1)
        self.log('accuracy', (predicted == labels).float().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)


lightning.seed_everything(7, verbose=False)
inputs = torch.randn(240, 8)
labels = inputs[:, :3].argmax(dim=1)
trainset = TensorDataset(inputs[:160], labels[:160])
validset = TensorDataset(inputs[160:], labels[160:])
trainer = lightning.Trainer(
    max_epochs=2,
    accelerator='cpu',
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(
    Classifier(),
    DataLoader(trainset, batch_size=16, shuffle=True),
    DataLoader(validset, batch_size=40),
)
