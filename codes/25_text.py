"""
Text: predict the next character
================================

New here: a network that reads and writes text. Text becomes numbers, one for each
character, and an embedding turns each number into a vector. A GRU (gated recurrent
unit) reads the vectors one after the other and remembers what it has read. We train it
to predict the next character. Then it can write: we draw a character from its
prediction, let it predict the one after that, and so on.

A network that predicts how a text goes on is called a language model. This one is tiny.
Large ones do the same, but they read tokens (pieces of words) instead of characters,
they're transformers (lesson 25_1) instead of GRUs, and they have many thousands of
times as many weights and learn from millions of times as much text.

Before: 21_full_transfer_learning.py  Next: 22_many_processes.py
Notes: notes/text.md
Run: python codes/25_text.py
     python codes/25_text.py --text FILE
It ends with text that the network has written.
"""
import argparse
import math
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

parser = argparse.ArgumentParser()
parser.add_argument('--text', metavar='FILE', type=Path,
                    default=helper.ROOT / 'data' / 'text.txt',
                    help='the text to learn from, in UTF-8')
args = helper.parse_args(parser, epochs=20, lr=0.01)
device = args.device

# %% Text as numbers
# The text is the course's own notes, or the file that you name with --text. We list all
# characters that occur in it, which is called the vocabulary. The number of a character
# is its place in this list. (The vocabulary also has the few characters that occur only
# in the validation text. That tells the network nothing but that they exist.)
text = helper.read_text(args.text, least=10_000)
vocabulary = sorted(set(text))
number_of = {character: number for number, character in enumerate(vocabulary)}


def to_numbers(text):
    return torch.tensor([number_of[character] for character in text])


def to_text(numbers):
    return ''.join(vocabulary[number] for number in numbers)


numbers = to_numbers(text)  # int64, one number for each character
print(f'{len(text):,} characters, {len(vocabulary)} different ones')
print(f'{text[:8]!r} is {numbers[:8].tolist()}')

# %% Training and validation text
# The last tenth of the text is for validation. We don't choose it at random, character
# by character or window by window, because its neighbors would be in the training text
# then, often with the same words. The network would be asked for what it has seen.
train_size = int(0.9 * len(numbers))
train_numbers = numbers[:train_size]
valid_numbers = numbers[train_size:]

# %% Windows
# The network reads 64 characters at a time, and after each of them, it predicts the
# next. So we cut windows of 65 characters: the first 64 are the inputs, and the last 64
# are the targets, the same text one place further along. unfold returns the windows, as
# a view. The next window begins `step` characters after the last one.
LENGTH = 64


def windows_of(numbers, step):
    windows = numbers.unfold(0, LENGTH + 1, step)  # [characters] -> [n, 65]
    inputs = windows[:, :-1]  # [n, 65] -> [n, 64]
    targets = windows[:, 1:]  # [n, 65] -> [n, 64]
    return TensorDataset(inputs, targets)


# In the training text, a window begins at every character, so the windows overlap. An
# epoch is a random choice of as many windows as it takes to cover the text once. In the
# validation text, the windows come one after the other, so each character is predicted
# exactly once (but the first one of all, and what is left over at the end).
trainset = windows_of(train_numbers, 1)
validset = windows_of(valid_numbers, LENGTH)
per_epoch = train_size // LENGTH
sampler = RandomSampler(trainset, num_samples=per_epoch)  # new here
trainloader = DataLoader(trainset, batch_size=64, sampler=sampler)
validloader = DataLoader(validset, batch_size=256)

inputs, targets = validset[0]
print('input: ', repr(to_text(inputs[:40])))
print('target:', repr(to_text(targets[:40])))

# %% Embedding
# A character's number says nothing about it: 'b' isn't more than 'a'. As with classes,
# we could write each number as a one-hot vector, and multiply it by a matrix of
# weights. That picks one row of the matrix. nn.Embedding has such a matrix and takes
# the row directly. So each character has a vector of its own, random at first, and
# training changes these vectors as it changes all weights.
embedding = nn.Embedding(len(vocabulary), 32)  # new here
vectors = embedding(inputs)  # [64] -> [64, 32]
one_hot = nn.functional.one_hot(inputs, len(vocabulary)).float()
print('the same', torch.equal(vectors, embedding.weight[inputs]))  # the same True
print('the same', torch.allclose(vectors, one_hot @ embedding.weight))  # the same True


# %% Model
# A recurrent network reads one vector after the other and keeps a state, here 128
# numbers, which is all that it remembers. From the state and the next vector, it
# computes the next state, with the same weights at each place. In a GRU, it also
# computes for each of the 128 numbers how much of the old one to keep. The state is 0
# in the beginning.
#
# From each state, a linear layer computes a score for every character of the
# vocabulary, so the places are like the examples of a batch. CrossEntropyLoss wants the
# scores in dimension 1, whatever other dimensions there are, so we swap the last two.
class TextNetwork(nn.Module):
    def __init__(self, characters):
        super().__init__()
        self.embedding = nn.Embedding(characters, 32)
        self.gru = nn.GRU(32, 128, batch_first=True)  # new here
        self.linear = nn.Linear(128, characters)

    def forward(self, x):
        vectors = self.embedding(x)  # [n, time] -> [n, time, 32]
        states, last_state = self.gru(vectors)  # [n, time, 32] -> [n, time, 128]
        scores = self.linear(states)  # [n, time, 128] -> [n, time, characters]
        return scores.permute(0, 2, 1)  # [n, time, characters] -> [n, characters, time]


model = TextNetwork(len(vocabulary)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
print(f'{sum(p.numel() for p in model.parameters()):,} parameters')


# %% Evaluate
def evaluate(model, loader, criterion, device):
    model.eval()
    total_loss = 0
    correct = 0
    count = 0
    with torch.no_grad():
        for inputs, targets in loader:
            inputs, targets = inputs.to(device), targets.to(device)
            output = model(inputs)
            loss = criterion(output, targets)
            predicted = output.argmax(dim=1)  # [n, characters, time] -> [n, time]
            total_loss += loss * targets.numel()
            correct += (predicted == targets).sum()
            count += targets.numel()
    return total_loss.item() / count, correct.item() / count


# %% Write
# The output at the last place is the prediction for the next character. We divide the
# scores by a temperature before softmax. Below 1, it makes large probabilities larger
# and small ones smaller, so the text gets more careful, and above 1, it gets wilder.
# multinomial draws a number with these probabilities. If we took the most likely
# character instead, the text would soon repeat itself.
def write(model, start, count, temperature, device):
    model.eval()
    numbers = to_numbers(start).tolist()
    with torch.no_grad():
        for _ in range(count):
            inputs = torch.tensor([numbers[-LENGTH:]]).to(device)  # [1, time]
            output = model(inputs)  # [1, time] -> [1, characters, time]
            scores = output[0, :, -1]  # of the last place, [characters]
            ps = torch.softmax(scores / temperature, dim=0)
            number = torch.multinomial(ps, 1).item()  # new here
            numbers.append(number)
    return to_text(numbers[len(start):])


start = to_text(valid_numbers[:40])
print(f'Start: {start!r}')
print(f'Before training: {write(model, start, 100, 1.0, device)!r}')

# %% Baselines
# If all characters were equally likely, the loss would be ln(vocabulary). A better
# baseline looks at one character only: we count how often each character follows each
# other one in the training text. Two neighboring characters are called a bigram. We
# add 0.1 to each count, so that no pair is impossible, because its loss would be
# infinite.
guess_loss = math.log(len(vocabulary))
k = len(vocabulary)
pairs = train_numbers[:-1] * k + train_numbers[1:]  # a number for each pair
counts = torch.bincount(pairs, minlength=k * k).view(k, k) + 0.1
ps = counts / counts.sum(dim=1, keepdim=True)  # [k, k] / [k, 1] -> [k, k]
bigram_loss = -ps[valid_numbers[:-1], valid_numbers[1:]].log().mean().item()
print(f'Guess: loss {guess_loss:.2f}  Bigrams: valid loss {bigram_loss:.2f}')

# %% Train
train_losses = []
valid_losses = []
for epoch in range(args.epochs):
    model.train()
    train_loss = 0
    for inputs, targets in trainloader:
        inputs, targets = inputs.to(device), targets.to(device)
        optimizer.zero_grad()
        output = model(inputs)
        loss = criterion(output, targets)
        loss.backward()
        optimizer.step()
        train_loss += loss.detach() * len(targets)
    train_loss = train_loss.item() / per_epoch

    valid_loss, valid_accuracy = evaluate(model, validloader, criterion, device)
    train_losses.append(train_loss)
    valid_losses.append(valid_loss)
    print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.2f}  '
          f'valid loss {valid_loss:.2f}  valid accuracy {valid_accuracy:.1%}')

# %% Figure
epochs = range(1, args.epochs + 1)
plt.figure(figsize=(6, 4))
plt.plot(epochs, train_losses, '--', label='training')
plt.plot(epochs, valid_losses, label='validation')
plt.axhline(bigram_loss, color='gray', label='bigrams, validation')
plt.xlabel('epoch')
plt.ylabel('loss per character (cross entropy)')
plt.legend()
helper.show('losses')

# %% Let it write
for temperature in (0.5, 1.0, 1.5):
    written = write(model, start, 150, temperature, device)
    print(f'Temperature {temperature}: {written!r}')

# Exercise: python exercises/check.py 25
