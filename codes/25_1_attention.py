"""
Attention: look back at any place
=================================

New here: attention. Lesson 25's GRU reads a text from left to right, and all that it
remembers is a state of 128 numbers. With attention, each place of the text looks back
at all places before it and takes what it needs from each of them. We compute that by
hand and check that torch gets the same result. Then we build a small transformer, a
network whose places exchange information only by attention. It learns from the same
text as the GRU, and afterward, we look at where it looks.

Large language models are transformers of this kind.

Before: 25_text.py  Next: 22_many_processes.py
Notes: notes/attention.md
Run: python codes/25_1_attention.py
     python codes/25_1_attention.py --text FILE
It ends with text that it has written, and a figure of what each character looked at.
"""
import argparse
import math
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

parser = argparse.ArgumentParser()
parser.add_argument('--text', metavar='FILE', type=Path,
                    default=helper.ROOT / 'data' / 'text.txt',
                    help='the text to learn from, in UTF-8')
args = helper.parse_args(parser, epochs=20, lr=0.005)
device = args.device

# %% Queries, keys, and values
# In attention, each place of a text has three vectors. Its query says what it's looking
# for, its key says what others can find it by, and its value is what it gives to those
# that find it. In a network, three linear layers compute them, and their weights are
# learned.
#
# Here we make them up, for the three characters of "bad". In queries and keys, the
# first number stands for "vowel" and the second for "consonant". So b and d say that
# they're consonants and look for vowels, and a does the opposite. The values are just
# numbers in which you can recognize where they came from.
queries = torch.tensor([[3.0, 0.0],  # b
                        [0.0, 3.0],  # a
                        [3.0, 0.0]])  # d
keys = torch.tensor([[0.0, 1.0],
                     [1.0, 0.0],
                     [0.0, 1.0]])
values = torch.tensor([[10.0, 0.0],
                       [20.0, 0.0],
                       [30.0, 5.0]])

# The score of a query and a key is the sum of the products of their numbers. It's large
# if they fit together. All scores at once are a matrix product. Row 2 belongs to d: its
# query fits the key of a (3), but not those of b and d (0).
scores = queries @ keys.T  # [3, 2] x [2, 3] -> [3, 3]
print('scores of d', scores[2].tolist())  # [0.0, 3.0, 0.0]

# Softmax turns each row of scores into weights that add up to 1. Before that, we divide
# the scores by the square root of the number of features, which is how many numbers a
# query has, here 2. The more products are summed, the larger the scores would get, and
# with large scores, softmax gives nearly all the weight to a single place (see the
# notes).
scaled = scores / math.sqrt(2)
weights = torch.softmax(scaled, dim=1)  # [3, 3], each row adds up to 1
print('weights of d', [f'{w:.3f}' for w in weights[2]])  # ['0.097', '0.807', '0.097']

# (Like other results in a network, these weights are computed again for each text. The
# weights that training changes are those of the three layers.)
#
# Each place takes the weighted mean of the values. The first number for d is
# 0.097 * 10 + 0.807 * 20 + 0.097 * 30, so most of it is the value of a.
mixed = weights @ values  # [3, 3] x [3, 2] -> [3, 2]
print('what d gets', [f'{m:.1f}' for m in mixed[2]])  # ['20.0', '0.5']

# %% The causal mask
# Our network predicts, at every place, the character that comes next. At b, that's a.
# But b looks at a, so it could simply read the answer. In training, the loss would soon
# be close to 0, and when the network is used, it would be worth nothing, because there,
# the next character doesn't exist yet.
#
# So a place may look only at itself and at the places before it. What hides the others
# is called a causal mask. tril sets everything above the diagonal to 0, here to False.
visible = torch.ones(3, 3, dtype=torch.bool).tril()
print('visible to b', visible[0].tolist())  # [True, False, False]
print('visible to a', visible[1].tolist())  # [True, True, False]

# Where visible is False, we replace the score with minus infinity (~ means not). In
# softmax, that's e ** -inf, which is 0, so the place gets no weight, and the weights of
# the others still add up to 1. Now b can only look at itself.
masked = scaled.masked_fill(~visible, -math.inf)
weights = torch.softmax(masked, dim=1)
print('weights of b', [f'{w:.2f}' for w in weights[0]])  # ['1.00', '0.00', '0.00']
print('weights of a', [f'{w:.2f}' for w in weights[1]])  # ['0.89', '0.11', '0.00']
print('weights of d', [f'{w:.2f}' for w in weights[2]])  # ['0.10', '0.81', '0.10']


# %% The same as torch's own
# Here is all of that as a function. It works on the last two dimensions, so there can
# be any dimensions before them: in a network, one for the texts of a batch, and one for
# the heads, which come next.
def attention_weights(queries, keys):
    time, features = queries.shape[-2:]
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(features)
    visible = torch.ones(time, time, dtype=torch.bool, device=queries.device).tril()
    masked = scores.masked_fill(~visible, -math.inf)
    return torch.softmax(masked, dim=-1)


# torch has a function for it, which is faster and needs less memory, because it doesn't
# keep the whole table of weights. So the network uses torch's function, and we use ours
# for the figure, because the weights are what we want to see there.
queries = torch.randn(5, 4, 64, 16)  # 5 texts, 4 heads, 64 places, 16 features
keys = torch.randn(5, 4, 64, 16)
values = torch.randn(5, 4, 64, 16)
by_hand = attention_weights(queries, keys) @ values
by_torch = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
print('the same', torch.allclose(by_hand, by_torch, atol=1e-5))  # the same True


# %% Several heads
# With one table of weights, each place gets one mixture. But it may need several
# things, such as the character before it and the beginning of the word. So a vector of
# 64 features is cut into 4 parts of 16, called heads, and each head does its own
# attention, with its own table of weights. In the end, their results are put side by
# side again, and a linear layer combines them. (This has nothing to do with the head of
# lesson 20_1, the last layer of a network.)
class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.combine = nn.Linear(width, width)

    def split(self, x):
        n, time, width = x.shape
        x = x.view(n, time, self.heads, width // self.heads)
        return x.transpose(1, 2)  # [n, time, heads, 16] -> [n, heads, time, 16]

    def queries_and_keys(self, x):
        return self.split(self.query(x)), self.split(self.key(x))

    def forward(self, x):
        n, time, width = x.shape
        queries, keys = self.queries_and_keys(x)
        values = self.split(self.value(x))  # like the others, [n, heads, time, 16]
        mixed = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        mixed = mixed.transpose(1, 2)  # [n, heads, time, 16] -> [n, time, heads, 16]
        return self.combine(mixed.reshape(n, time, width))


# %% A block
# Attention brings information from other places. Then a small network of two layers
# works on each place by itself. The two together are a block, and a transformer is a
# stack of blocks.
#
# Each part's result is added to what went into the part. This is called a residual
# connection. So a part only has to compute what should change, and the gradients reach
# the first layers by way of the sums, however many blocks there are.
#
# LayerNorm gives the 64 numbers of each place mean 0 and variance 1, and then it
# applies a scale and a shift that are learned. It's like batch norm (lesson 18_2), but
# it looks at one place only, so it does the same in train() and in eval().
class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm_1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.norm_2 = nn.LayerNorm(width)
        self.layers = nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU(),
                                    nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attention(self.norm_1(x))
        x = x + self.layers(self.norm_2(x))
        return x


# %% The transformer
# A weighted mean is the same in any order. So to an attention layer, "from" would look
# like "form" at the last letter. That's why each place gets a second embedding, that of
# its position, from 0 to 63. It's added to the embedding of the character.
#
# Every block adds something to the features, so they grow from block to block. One more
# LayerNorm brings them back to variance 1 before the last linear layer.
#
# nn.Embedding starts with random numbers of standard deviation 1. That's large compared
# to what the blocks add in the beginning, and with 0.1, this network learns faster.
# (ModuleList, as in lesson 17, is a list whose modules torch knows.)
LENGTH = 64


class Transformer(nn.Module):
    def __init__(self, characters, width=64, heads=4, blocks=2):
        super().__init__()
        self.characters = nn.Embedding(characters, width)
        self.positions = nn.Embedding(LENGTH, width)
        nn.init.normal_(self.characters.weight, std=0.1)
        nn.init.normal_(self.positions.weight, std=0.1)
        self.blocks = nn.ModuleList()
        for _ in range(blocks):
            self.blocks.append(Block(width, heads))
        self.norm = nn.LayerNorm(width)
        self.linear = nn.Linear(width, characters)

    def embed(self, x):
        positions = torch.arange(x.shape[1], device=x.device)  # [time]
        return self.characters(x) + self.positions(positions)  # [n, time, width]

    def forward(self, x):
        x = self.embed(x)  # [n, time] -> [n, time, width]
        for block in self.blocks:
            x = block(x)
        scores = self.linear(self.norm(x))  # [n, time, characters]
        return scores.permute(0, 2, 1)  # [n, characters, time], as in lesson 25


# %% Data
# All of this is lesson 25's: the text, the vocabulary, and the windows of 64 characters
# with the same text one place further along as targets.
text = helper.read_text(args.text, least=10_000)
vocabulary = sorted(set(text))
number_of = {character: number for number, character in enumerate(vocabulary)}


def to_numbers(text):
    return torch.tensor([number_of[character] for character in text])


def to_text(numbers):
    return ''.join(vocabulary[number] for number in numbers)


def windows_of(numbers, step):
    windows = numbers.unfold(0, LENGTH + 1, step)  # [characters] -> [n, 65]
    inputs = windows[:, :-1]  # [n, 65] -> [n, 64]
    targets = windows[:, 1:]  # [n, 65] -> [n, 64]
    return TensorDataset(inputs, targets)


numbers = to_numbers(text)
train_size = int(0.9 * len(numbers))
train_numbers = numbers[:train_size]
valid_numbers = numbers[train_size:]

trainset = windows_of(train_numbers, 1)
validset = windows_of(valid_numbers, LENGTH)
per_epoch = train_size // LENGTH
sampler = RandomSampler(trainset, num_samples=per_epoch)
trainloader = DataLoader(trainset, batch_size=64, sampler=sampler)
validloader = DataLoader(validset, batch_size=256)
print(f'{len(text):,} characters, {len(vocabulary)} different ones')

# %% Does it see the future?
# It's easy to get a mask wrong, and there's no error if you do, only a loss that's too
# good to be true. So we check it: if we exchange the last character of a text, the
# predictions at all places before it must stay the same.
model = Transformer(len(vocabulary)).to(device)
print(f'{sum(p.numel() for p in model.parameters()):,} parameters')

inputs = valid_numbers[:LENGTH].unsqueeze(0).to(device)  # [1, 64]
exchanged = inputs.clone()
exchanged[0, -1] = (inputs[0, -1] + 1) % len(vocabulary)
model.eval()
with torch.no_grad():
    before = model(inputs)[:, :, :-1]  # [1, characters, 63]
    after = model(exchanged)[:, :, :-1]
print('causal', torch.allclose(before, after, atol=1e-5))  # causal True


# %% Evaluate and write
# evaluate is lesson 25's function. write is a little different, because a transformer
# has no state. For each character, it reads the last characters again, at most 64,
# since there are no embeddings for more positions. (Large models keep the keys and
# values instead of computing them again; see the notes.)
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


def write(model, start, count, temperature, device):
    model.eval()
    numbers = to_numbers(start).tolist()
    with torch.no_grad():
        for _ in range(count):
            inputs = torch.tensor([numbers[-LENGTH:]]).to(device)  # [1, time]
            output = model(inputs)  # [1, time] -> [1, characters, time]
            scores = output[0, :, -1]  # of the last place, [characters]
            ps = torch.softmax(scores / temperature, dim=0)
            number = torch.multinomial(ps, 1).item()
            numbers.append(number)
    return to_text(numbers[len(start):])


# %% Train
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
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
    print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.3f}  '
          f'valid loss {valid_loss:.3f}  valid accuracy {valid_accuracy:.1%}')

# With seeds 7, 8, and 9, the validation loss was 1.56, 1.57, and 1.58 at the end, and
# lesson 25's GRU reached 1.55, 1.53, and 1.54. Both saw the same number of windows, but
# the transformer has one and a half times as many parameters (115,415 instead of
# 76,215), and on our CPU, its epochs took a third longer. So here, it costs more and is
# no better. That's usual for a small network and a small text: neighboring characters
# matter most, and a state of 128 numbers can hold them. Transformers pay off with more
# text, longer texts, larger networks, and GPUs (see the notes).

# %% Let it write
start = to_text(valid_numbers[:40])
print(f'Start: {start!r}')
for temperature in (0.5, 1.0, 1.5):
    written = write(model, start, 150, temperature, device)
    print(f'Temperature {temperature}: {written!r}')

# %% What does it look at?
# We go through the network block by block, and for each head, we compute the table of
# its weights. In row i, it says how much place i takes from each place. The mean
# distance tells us how many places back a head looks on average.
inputs, targets = next(iter(validloader))
inputs = inputs.to(device)  # [n, 64]
places = torch.arange(LENGTH, device=device)
distances = places.unsqueeze(1) - places  # [64, 1] - [64] -> [64, 64]
tables = []
model.eval()
with torch.no_grad():
    x = model.embed(inputs)  # [n, 64] -> [n, 64, width]
    for number, block in enumerate(model.blocks, start=1):
        queries, keys = block.attention.queries_and_keys(block.norm_1(x))
        weights = attention_weights(queries, keys)  # [n, heads, 64, 64]
        back = (weights * distances).sum(dim=-1)  # [n, heads, 64, 64] -> [n, heads, 64]
        back = back.mean(dim=(0, 2))  # [n, heads, 64] -> [heads]
        print(f'Block {number}: its heads look back', *[f'{b:.1f}' for b in back])
        table = weights[0].cpu()  # of the first text, [heads, 64, 64]
        tables.append(table.numpy())
        x = block(x)

# With seeds 7, 8, and 9, no head of the first block looked back more than 3.2, 3.5, and
# 2.2 places on average, and no head of the second block less than 12.3, 12.1, and 7.7.
# Before training, all heads take about the same from every place that they see, and
# then the mean distance is 15.75. So the first block has learned to look at neighboring
# characters, which isn't built in. The second one still looks farther back, at places
# that already know their neighbors.

# %% Figure
# A table for each head, with the blocks below each other, for the first 32 characters
# of the validation text. A row belongs to the character at its left, and the dark
# squares in it are where this character looks. Above the diagonal, all weights are 0,
# because that's the future.
shown = 32
signs = to_text(inputs[0, :shown]).replace(' ', '␣').replace('\n', '↵')
signs = [helper.drawable(sign) for sign in signs]
figure, axes = plt.subplots(len(tables), len(tables[0]), figsize=(12, 6.5))
for row, (axes_of_block, table) in enumerate(zip(axes, tables), start=1):
    for column, (ax, weights) in enumerate(zip(axes_of_block, table), start=1):
        ax.imshow(weights[:shown, :shown], cmap='Blues', vmin=0, vmax=1)
        ax.set_xticks(range(shown), signs, fontsize=6)
        ax.set_yticks(range(shown), signs, fontsize=6)
        ax.set_title(f'block {row}, head {column}')
helper.show('heads')

# Try: leave out the mask, with is_causal=False in the class Attention. What does
# "causal" say now, how low does the loss get, and what does the network write?
# Try: Transformer(len(vocabulary), heads=16), then heads=1. What happens to the number
# of parameters, and why?
# Exercise: python exercises/check.py 25_1
