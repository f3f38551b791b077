"""
Text: predict the next character
================================

New here: a network that reads and writes text. Text becomes numbers, one for each
character, and an embedding turns each number into a vector. A GRU (gated recurrent
unit) reads the vectors one after the other and remembers what it has read. We train it
to predict the next character. Then it can write: we draw a character from its
prediction, let it predict the one after that, and so on.

A network that predicts how a text goes on is called a language model. This one is tiny.
Large ones are trained to do the same, but they read tokens (pieces of words) instead of
characters, and they're transformers (lesson 25_1) instead of GRUs. They have a million
times as many weights, and learn from more text than anybody could read in a lifetime.

Before: 21_full_transfer_learning.py  Next: 25_1_attention.py
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
# The text is a copy of the course's notes, or the file that you name with --text, which
# has to have at least 10,000 characters. The list of all the different characters in
# the text is called the vocabulary, and the number of a character is its index in this
# list. (We also list the few characters that occur only in the validation text. All
# that this gives away is that they exist.)
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
# The last tenth of the text is for validation. It has to be one piece. If we chose it
# at random, as we did with images, its pieces would lie between pieces that the network
# is trained with and that have the same topic, even the same sentences. Then we'd
# measure how well it knows this text, and not how well it predicts a new one. (To
# report how good a network is, set another piece aside as the test text, as in lesson
# 15. Here we only watch the training.)
train_size = int(0.9 * len(numbers))
train_numbers = numbers[:train_size]
valid_numbers = numbers[train_size:]

# %% Windows
# The network reads 64 characters, and after each of them, it predicts the next one. So
# we cut windows of 65 characters. The first 64 are the inputs, and the last 64 are the
# targets, which are the same text, one place further along. unfold returns all windows
# as a view, and each begins `step` characters after the one before it. (All windows
# have the same length. If your texts don't, see the notes about padding.)
LENGTH = 64


def windows_of(numbers, step):
    windows = numbers.unfold(0, LENGTH + 1, step)  # [characters] -> [n, 65]
    inputs = windows[:, :-1]  # [n, 65] -> [n, 64]
    targets = windows[:, 1:]  # [n, 65] -> [n, 64]
    return TensorDataset(inputs, targets)


# In the training text, a window begins at every character, so the windows overlap. A
# sampler tells the loader which of them to read. Ours draws windows at random, and for
# one epoch as many as would cover the text if they didn't overlap. In the validation
# text, each window begins where the inputs of the one before it end, so no character is
# predicted twice.
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
# A character's number says nothing about it, because 'b' isn't one more than 'a'. So we
# give each character a vector, here with 32 numbers. They're random at first, and
# training changes them, because they're weights. nn.Embedding has a table with a row
# for each character, and returns the rows of the characters that it gets. It's the same
# as if we wrote each character as a one-hot vector, with a 1 at its number and 0
# everywhere else, and multiplied that by the table.
embedding = nn.Embedding(len(vocabulary), 32)  # new here
vectors = embedding(inputs)  # [64] -> [64, 32]
one_hot = nn.functional.one_hot(inputs, len(vocabulary)).float()
print('the same', torch.equal(vectors, embedding.weight[inputs]))  # the same True
print('the same', torch.allclose(vectors, one_hot @ embedding.weight))  # the same True


# %% Model
# A recurrent network reads one vector after the other. All that it remembers of them is
# its state, here 128 numbers, which are 0 in the beginning. From the state and the next
# vector, it computes the next state, with the same weights at every place of the text.
# In a GRU, it also computes how much of each number in the state to keep. batch_first
# says that dimension 0 counts the windows and dimension 1 the places in them, also
# called time. (Otherwise, it would be the other way around.)
#
# From each state, a linear layer computes a score (a logit) for every character of the
# vocabulary. So each place of each window has a prediction and a loss of its own.
# CrossEntropyLoss wants the scores of a prediction along dimension 1, so we swap the
# last two dimensions.
class TextNetwork(nn.Module):
    def __init__(self, characters):
        super().__init__()
        self.embedding = nn.Embedding(characters, 32)
        self.gru = nn.GRU(32, 128, batch_first=True)  # new here
        self.linear = nn.Linear(128, characters)

    def forward(self, x):
        vectors = self.embedding(x)  # [n, time] -> [n, time, 32]
        states, last_state = self.gru(vectors)  # those at all places, and the last
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
# To write, we call the layers one by one, because we need the state. The network reads
# the start of the text, and the scores at the last place are its prediction for the
# character that comes next. multinomial draws a number from 0 up, with the
# probabilities that we pass. The state holds what has been read, so after that, the
# network only has to read the character that was drawn, and so on.
#
# Before softmax, we divide the scores by a temperature. If it's below 1, the
# probabilities of likely characters get larger, so the text becomes more careful and
# more monotonous. If it's above 1, unlikely characters are drawn more often.
def write(model, start, count, temperature, device):
    model.eval()
    inputs = to_numbers(start).unsqueeze(0).to(device)  # [time] -> [1, time]
    state = None  # which means 0
    written = []
    with torch.no_grad():
        for _ in range(count):
            vectors = model.embedding(inputs)  # [1, time] -> [1, time, 32]
            states, state = model.gru(vectors, state)
            scores = model.linear(states[0, -1])  # [128] -> [characters]
            ps = torch.softmax(scores / temperature, dim=0)
            number = torch.multinomial(ps, 1)  # [characters] -> [1], new here
            written.append(number.item())
            inputs = number.unsqueeze(0)  # [1] -> [1, 1]
    return to_text(written)


start = to_text(valid_numbers[:40])
print(f'Start: {start!r}')
print(f'Before training: {write(model, start, 100, 1.0, device)!r}')

# %% Baselines
# What losses are good? A guess, with the same probability for each of the k characters,
# has a loss of ln k (lesson 7). A better baseline looks at one character to predict the
# next. Two neighboring characters are called a bigram. We number the bigrams, k times
# the number of the first character plus that of the second, and bincount counts how
# often each number occurs in the training text. A row of the counts, divided by its
# sum, has the probabilities of what follows one character. 0.1 is added to each count,
# because a bigram that never occurs would have a probability of 0. If it then did occur
# in the validation text, the loss would be infinite.
k = len(vocabulary)
guess_loss = math.log(k)
bigrams = train_numbers[:-1] * k + train_numbers[1:]  # from 0 to k * k - 1
counts = torch.bincount(bigrams, minlength=k * k).view(k, k) + 0.1
ps = counts / counts.sum(dim=1, keepdim=True)  # [k, k] / [k, 1] -> [k, k]
bigram_loss = -ps[valid_numbers[:-1], valid_numbers[1:]].log().mean().item()
print(f'Guess: loss {guess_loss:.3f}  Bigrams: valid loss {bigram_loss:.3f}')

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
    print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.3f}  '
          f'valid loss {valid_loss:.3f}  valid accuracy {valid_accuracy:.1%}')

# %% Figure
epochs = range(1, args.epochs + 1)
plt.figure(figsize=(6, 4))
plt.plot(epochs, train_losses, '--', label='training')
plt.plot(epochs, valid_losses, label='validation')
plt.axhline(bigram_loss, color='gray', label='bigrams, validation')
plt.locator_params(axis='x', integer=True)
plt.xlabel('epoch')
plt.ylabel('loss per character (cross entropy)')
plt.legend()
helper.show('losses')

# With seeds 7, 8, and 9, the validation loss was 1.55, 1.53, and 1.54 at the end, and
# that of the bigrams is 2.45. The training loss, 1.24, 1.20, and 1.22, went on falling
# when the validation loss hardly fell anymore, so the network has begun to overfit. It
# learns more and more about its own text, and little of that helps with another one.

# %% Let it write
# With a low temperature, it writes mostly real words now, in an order that means
# nothing. With 1.0, it also makes up words of its own, and with 1.5, few of its words
# exist.
for temperature in (0.5, 1.0, 1.5):
    written = write(model, start, 150, temperature, device)
    print(f'Temperature {temperature}: {written!r}')

# Try: targets = windows[:, :-1] in windows_of. Why is the loss so low, and why does the
# network write what it writes?
# Try: begin the temperatures with 0.01. What happens to the text, and why?
# Exercise: python exercises/check.py 25
