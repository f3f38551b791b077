import random

import torch
import torch.nn as nn

random.seed(0)
torch.manual_seed(0)
letters = 'abcdefgh'
languages = {'one': 'aabce', 'two': 'cddfg', 'three': 'efghh'}
names = list(languages)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.i2o = nn.Linear(input_size + hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, letter, hidden):
        both = torch.cat((letter, hidden), 1)
        return self.softmax(self.i2o(both)), torch.tanh(self.i2h(both))


def line():
    which = random.randrange(3)
    tensor = torch.zeros(6, 1, len(letters))
    for i in range(6):
        tensor[i, 0, letters.index(random.choice(languages[names[which]]))] = 1
    return torch.tensor([which]), tensor


def train(category, tensor):
    hidden = torch.zeros(1, 32)
    optimizer.zero_grad()
    for letter in tensor:
        output, hidden = rnn(letter, hidden)
    loss = criterion(output, category)
    loss.backward()
    optimizer.step()
    return loss.item()


rnn = RNN(len(letters), 32, 3)
optimizer = torch.optim.SGD(rnn.parameters(), lr=0.05)
criterion = nn.NLLLoss()
rnn = RNN(len(letters), 32, 3)
current = 0
for i in range(1, 801):
    current += train(*line())
    if i % 200 == 0:
        print(i, current / 200)
        current = 0
