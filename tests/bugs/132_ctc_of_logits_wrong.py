import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)
N_PHONES, N_MEL, FRAMES, TARGET_LEN = 6, 12, 24, 4
templates = torch.randn(N_PHONES, N_MEL)


def make_batch(n):
    phones = torch.randint(1, N_PHONES, (n, TARGET_LEN))
    mel = 0.3 * torch.randn(n, FRAMES, N_MEL)
    for i in range(n):
        for k in range(TARGET_LEN):
            start = k * 6 + int(torch.randint(0, 3, (1,)))
            mel[i, start:start + 3] += templates[phones[i, k]]
    return mel, phones


class PhoneEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(N_MEL, 32, 3, padding=1)
        self.ph_out = nn.Linear(32, N_PHONES)

    def forward(self, mel):
        h = torch.relu(self.conv(mel.transpose(1, 2))).transpose(1, 2)
        return self.ph_out(h)


def greedy(frame_logits):
    best = frame_logits.argmax(dim=-1)
    out = []
    for row in best.tolist():
        out.append([p for j, p in enumerate(row) if p != 0 and (j == 0 or row[j - 1] != p)])
    return out


model = PhoneEncoder()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
test_mel, test_phones = make_batch(100)

for step in range(180):
    mel, phones = make_batch(16)
    ph_frame_logits = model(mel)
    in_len = torch.full((16,), FRAMES, dtype=torch.long)
    out_len = torch.full((16,), TARGET_LEN, dtype=torch.long)
    ctc_loss = F.ctc_loss(ph_frame_logits.transpose(0, 1), phones, in_len, out_len, zero_infinity=True)
    optimizer.zero_grad()
    ctc_loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 60 == 59:
        with torch.no_grad():
            hyp = greedy(model(test_mel))
        exact = sum(h == t for h, t in zip(hyp, test_phones.tolist())) / 100
        print(f"step {step + 1}: ph_ctc_loss {ctc_loss.item():.3f}, exact match {exact:.2f}")
