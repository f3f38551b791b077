"""Dict batches of several inputs: collate_fn, padded tokens, an IterableDataset."""
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

torch.set_num_threads(1)
torch.manual_seed(12)
records = [{'image': torch.randn(1, 4, 4) + a, 'label': 2 * a + b,  # b: by the tokens
            'tokens': torch.randint(1 + 3 * b, 10 + 3 * b, (5 + 3 * c,))}
           for a, b, c in torch.randint(0, 2, (380, 3)).tolist()]


class RecordStream(IterableDataset):
    def __iter__(self):
        return (train[i] for i in torch.randperm(len(train)))


def collate(samples):
    return {'image': torch.stack([s['image'] for s in samples]),
            'tokens': nn.utils.rnn.pad_sequence([s['tokens'] for s in samples], True),
            'label': torch.tensor([s['label'] for s in samples])}


class FusionNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.EmbeddingBag(13, 16, padding_idx=0)
        self.out = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 4))

    def forward(self, image, tokens):
        return self.out(torch.cat([image.flatten(1), self.embed(tokens)], 1))


train, test, model = records[:300], collate(records[300:]), FusionNet()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
loader = DataLoader(RecordStream(), batch_size=30, collate_fn=collate)
for batch in (batch for _ in range(4) for batch in loader):
    optimizer.zero_grad(set_to_none=True)
    logits = model(batch['image'], batch['tokens'])
    nn.functional.cross_entropy(logits, batch['label']).backward()
    optimizer.step()
model.eval()
with torch.inference_mode():
    hits = model(test['image'], test['tokens']).argmax(1) == test['label']
print(f'test acc {hits.float().mean():.3f}')
