"""Dict batches of several inputs: collate_fn, padded tokens, an IterableDataset."""
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

torch.set_num_threads(1)
torch.manual_seed(12)
records = [{'image': torch.randn(1, 4, 4) + a, 'label': 2 * a + b,  # b: by the tokens
            'tokens': torch.randint(1 + 3 * b, 10 + 3 * b, (length,))}
           for length in range(4, 9) for a in (0, 1) for b in (0, 1) for _ in range(19)]


class RecordStream(IterableDataset):
    def __iter__(self):
        return (train[i] for i in torch.randperm(len(train)))


def collate(samples):
    batch = {key: [s[key] for s in samples] for key in samples[0]}
    return {'image': torch.stack(batch['image']), 'label': torch.tensor(batch['label']),
            'tokens': nn.utils.rnn.pad_sequence(batch['tokens'], batch_first=True)}


class FusionNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(13, 16, padding_idx=0)
        self.out = nn.Sequential(nn.Linear(32, 32), nn.Dropout(0.2), nn.Linear(32, 4))

    def forward(self, image, tokens):
        text = self.embed(tokens).sum(1) / (tokens > 0).sum(1, keepdim=True)
        return self.out(torch.cat([image.flatten(1), text], 1))


records = [records[i] for i in torch.randperm(len(records))]
train, test, model = records[:300], collate(records[300:]), FusionNet()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
loader = DataLoader(RecordStream(), batch_size=30, collate_fn=collate)
for batch in (batch for _ in range(4) for batch in loader):
    labels = batch.pop('label')
    optimizer.zero_grad(set_to_none=True)
    nn.functional.cross_entropy(model(**batch), labels).backward()
    optimizer.step()

model.eval()
with torch.inference_mode():
    hits = model(test['image'], test['tokens']).argmax(1) == test['label']
print(f'test acc {hits.float().mean():.3f}')
