import random

import torch
from torch import nn

torch.manual_seed(0)
random.seed(0)
gamma, places = 0.9, 8
model = nn.Sequential(nn.Linear(places, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
codes = torch.eye(places)
memory, state = [], 0
for step in range(300):
    with torch.no_grad():
        action = int(model(codes[state]).argmax())
    if random.random() < 0.3:
        action = random.randrange(2)
    after = max(0, state - 1) if action == 0 else state + 1
    done = after == places - 1
    memory.append((state, action, float(done), after, float(done)))
    state = 0 if done else after
    if len(memory) < 32:
        continue
    states, actions, rewards, nexts, ends = zip(*random.sample(memory, 32))
    rewards, ends = torch.tensor(rewards), torch.tensor(ends)
    values = model(codes[list(states)]).gather(1, torch.tensor(actions).unsqueeze(1)).squeeze(1)
    with torch.no_grad():
        best = model(codes[list(nexts)]).max(1).values
    targets = rewards + gamma * best * (1 - ends)
    loss = nn.functional.smooth_l1_loss(values, targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print('loss', loss.item())
