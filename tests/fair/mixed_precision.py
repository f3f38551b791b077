"""Mixed precision on the CPU: bfloat16, then float16 with a gradient scaler."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


def make_data(n, generator):
    y = torch.randint(0, 4, (n,), generator=generator)
    x = torch.randn(n, 1, 4, 4, generator=generator)
    x[torch.arange(n), 0, :, y] += 1.5
    return TensorDataset(x, y)


def fit(dtype, loader, epochs):
    torch.manual_seed(17)
    net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
                        nn.Flatten(), nn.Dropout(0.2), nn.Linear(128, 4))
    opt = torch.optim.AdamW(net.parameters(), lr=5e-3)
    scaler = torch.amp.GradScaler('cpu', 2.0 ** 12, enabled=dtype == torch.float16)
    net.train()
    for x, y in (batch for _ in range(epochs) for batch in loader):
        opt.zero_grad(set_to_none=True)
        with torch.autocast('cpu', dtype=dtype):
            loss = F.cross_entropy(net(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(opt)
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        scaler.step(opt)
        scaler.update()
    return net.eval()


gen = torch.Generator().manual_seed(6)
train_loader = DataLoader(make_data(240, gen), batch_size=32, shuffle=True)
x_test, y_test = make_data(100, gen).tensors
for dtype in torch.bfloat16, torch.float16:
    net = fit(dtype, train_loader, epochs=3)
    with torch.inference_mode(), torch.autocast('cpu', dtype=dtype):
        logits = net(x_test)
        loss = F.cross_entropy(logits.float(), y_test)
    print(dtype, f'{loss:.4f} {(logits.argmax(1) == y_test).float().mean():.3f}')
