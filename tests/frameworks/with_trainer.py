"""A classifier trained by the Trainer of transformers. The model computes its loss.

With --mistake, the loss gets probabilities.
"""

import sys
import tempfile

import torch
from torch import nn
from transformers import Trainer, TrainingArguments, set_seed


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))

    def forward(self, inputs, labels):
        logits = self.layers(inputs)
        if '--mistake' in sys.argv:
            logits = logits.softmax(dim=1)
        loss = nn.functional.cross_entropy(logits, labels)
        return {'loss': loss, 'logits': logits}


set_seed(7)
inputs = torch.randn(240, 8)
labels = inputs[:, :3].argmax(dim=1)
examples = [{'inputs': x, 'labels': y} for x, y in zip(inputs, labels)]
with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        folder,
        num_train_epochs=2,
        per_device_train_batch_size=16,
        per_device_eval_batch_size=40,
        eval_strategy='epoch',
        save_strategy='no',
        report_to='none',
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(
        Classifier(),
        arguments,
        train_dataset=examples[:160],
        eval_dataset=examples[160:],
    )
    trainer.train()
