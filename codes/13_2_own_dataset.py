"""
A dataset of your own, and predicting a number
==============================================

New here: a dataset that doesn't come with a library. You write a class with two methods
for your own table, and a DataLoader can read it. What we predict is new, too: not one
of ten classes but a number, the mass of a penguin in grams. Predicting a number is
called regression. The network has a single output, and we measure its error in grams.
To judge that error, we compare it with the error of a baseline, a prediction that takes
no effort.

Before: 13_1_recap.py  Next: 13_3_yes_or_no.py
Notes: notes/your_own_arrays.md
Run: python codes/13_2_own_dataset.py
It ends with the error on the test rows, and a figure of predicted and true masses.
"""
import sys
import warnings

import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=100, lr=0.01)
device = args.device

# %% Read the table
# A CSV file is a table in a text file. Its first line has the names of the columns, and
# each line after it is a row, here a penguin. Spreadsheets can save a table as a CSV
# file. To use one of your own, change the lines that end in "# yours", the first of
# them to path = 'my_table.csv', for example.
#
# read_table returns a list with a dictionary for each row, such as {'body_mass_g':
# 3750.0, ...}. It leaves out the rows in which one of these values is missing, and
# prints how many there are. If fewer than `least` rows remain, the program ends.
path = helper.DATA / 'penguins.csv'  # yours
input_columns = ['bill_length_mm', 'bill_depth_mm', 'flipper_length_mm']  # yours
target_column = 'body_mass_g'  # yours
unit = 'g'  # yours

columns = [*input_columns, target_column]  # the target is the last one
rows = helper.read_table(path, numbers=columns, least=20)
values = []
for row in rows:
    values.append([row[name] for name in columns])
table = torch.tensor(values)
print('table', tuple(table.shape), table.dtype)  # table (342, 4) torch.float32

# %% Three sets
# Fashion-MNIST comes with test images. Here we set rows aside ourselves: a fifth to
# test, a fifth to validate (lesson 11), and the rest to train. They have to be chosen
# at random. Like many tables, this one is sorted (by species), so a fifth from one end
# could be a species that the network has never seen. randperm returns all indices in a
# random order. The brackets take a tensor of indices, too, and return these rows.
order = torch.randperm(len(table))
part = len(table) // 5
test_table = table[order[:part]]
valid_table = table[order[part:2 * part]]
train_table = table[order[2 * part:]]
print(f'{len(train_table)} rows to train, {len(valid_table)} to validate, '
      f'{len(test_table)} to test')

# %% The numbers for scaling
# A flipper is about 200 mm long and a bill about 17 mm deep, so we scale each column to
# mean 0 and standard deviation 1, as we normalized the images in lesson 4. This is also
# called standardizing. We compute the numbers from the training rows only, because the
# other rows stand for penguins that nobody has measured yet.
#
# The target is scaled, too. An untrained network's outputs are near 0, so they'd have a
# long way to go to targets in the thousands, and our steps suit numbers near 1.
mean = train_table.mean(dim=0)  # [206, 4] -> [4]
std = train_table.std(dim=0)  # [206, 4] -> [4]
std[std == 0] = 1  # for a column in which all values are equal
target_mean = mean[-1].item()
target_std = std[-1].item()


# %% A dataset of your own
# A DataLoader only wants to know two things from a dataset: how many examples it has,
# and what example number i is. Python calls the method __len__ when somebody writes
# len(dataset), and __getitem__ for dataset[i]. A class with these two methods is a
# dataset, and it's derived from torch's class Dataset, as a network is from nn.Module.
# Our table is small, so we prepare all of it in __init__. With photos, __getitem__
# would be the place to open a file.
#
# As in a Python list, -1 is the last position, here the last column. The colon after it
# keeps the dimension (lesson 3_1), so the targets are [n, 1], like the outputs of the
# network.
class TableDataset(Dataset):  # new here
    def __init__(self, table, mean, std):
        scaled = (table - mean) / std  # [n, 4] - [4] -> [n, 4]
        self.inputs = scaled[:, :-1]  # [n, 4] -> [n, 3]
        self.targets = scaled[:, -1:]  # [n, 4] -> [n, 1]

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, index):
        return self.inputs[index], self.targets[index]


trainset = TableDataset(train_table, mean, std)
validset = TableDataset(valid_table, mean, std)
testset = TableDataset(test_table, mean, std)
trainloader = DataLoader(trainset, batch_size=32, shuffle=True)
validloader = DataLoader(validset, batch_size=100)
testloader = DataLoader(testset, batch_size=100)

inputs, targets = next(iter(trainloader))
print('inputs', tuple(inputs.shape))  # inputs (32, 3)
print('targets', tuple(targets.shape))  # targets (32, 1)


# %% Measure the error
# The absolute error is how far a prediction is from the target, in either direction.
# Its mean is easy to understand, because it has the unit of the target. The network
# works with scaled targets, so what this function returns is scaled, too. Wherever we
# call it, we multiply by target_std to get grams.
def mean_error(model, loader, device):  # new here
    model.eval()
    total_error = 0
    with torch.no_grad():
        for inputs, targets in loader:
            inputs, targets = inputs.to(device), targets.to(device)
            output = model(inputs)
            errors = (output - targets).abs()
            total_error += errors.sum()
    return total_error.item() / len(loader.dataset)


# %% Train
# For a number, the last layer has one output and no activation function after it, so
# that it can return any number. MSELoss is the mean squared error: the mean of
# (output - target) ** 2. With scaled targets, always predicting the mean gets a loss of
# about 1.
#
# Training is a function here, because we're going to train two networks. With the seed
# in it, both start from the same weights. On a table this small, a GPU wouldn't save
# any time.
criterion = nn.MSELoss()


def train(trainloader):
    torch.manual_seed(args.seed)
    model = nn.Sequential(nn.Linear(len(input_columns), 32), nn.ReLU(),
                          nn.Linear(32, 1)).to(device)  # new here: one output
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
        train_loss = train_loss.item() / len(trainloader.dataset)
        if (epoch + 1) % 20 == 0:
            print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.3f}')
    return model


model = train(trainloader)

# %% Is that good?
# Our baseline knows only the masses of the training penguins, and predicts their mean
# every time.
train_mean = train_table[:, -1].mean()
distances = valid_table[:, -1] - train_mean
baseline = distances.abs().mean().item()
valid_error = mean_error(model, validloader, device) * target_std
print(f'Valid error {valid_error:.0f} {unit}, always predicting the mean '
      f'{baseline:.0f} {unit}')

# %% The mistake on purpose
# If you write scaled[:, -1], without the colon, the targets lose a dimension. (Here,
# squeeze(1) removes it.) The outputs of a batch are still [32, 1], but its targets are
# [32], so the loss broadcasts both to [32, 32]. Every output is then compared with the
# targets of all rows in the batch, and what's closest to all of them is their mean.
# There's no error, only a warning, which is easy to overlook. (We catch the warnings
# here, to print the first one in a single line.)
wrongset = TableDataset(train_table, mean, std)
wrongset.targets = wrongset.targets.squeeze(1)  # [206, 1] -> [206]
wrongloader = DataLoader(wrongset, batch_size=32, shuffle=True)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    wrong_model = train(wrongloader)
print('Warning:', str(caught[0].message).split('. ')[0])
wrong_error = mean_error(wrong_model, validloader, device) * target_std
print(f'Valid error with targets [n] {wrong_error:.0f} {unit}')

# %% Test
# We use the test rows once, at the end.
distances = test_table[:, -1] - train_mean
baseline = distances.abs().mean().item()
test_error = mean_error(model, testloader, device) * target_std
print(f'Test error {test_error:.0f} {unit}, always predicting the mean '
      f'{baseline:.0f} {unit}, {len(testset)} rows')

# %% Figure
# To get from an output to grams, undo the scaling: multiply by the standard deviation,
# and add the mean. If a prediction is right, its point is on the line.
true_values = valid_table[:, -1]
figure, axes = plt.subplots(1, 2, figsize=(8, 4), sharex=True, sharey=True)
pairs = [('targets [n, 1]', model), ('targets [n]', wrong_model)]
for ax, (title, network) in zip(axes, pairs):
    with torch.no_grad():
        output = network(validset.inputs.to(device))  # [68, 3] -> [68, 1]
    predicted = output.squeeze(1).cpu() * target_std + target_mean
    ax.scatter(true_values, predicted, s=12)
    ax.axline((train_mean, train_mean), slope=1, color='gray')
    ax.set(title=title, xlabel=f'true {target_column}')
axes[0].set_ylabel(f'predicted {target_column}')
helper.show('predicted')

# With seeds 7, 8, and 9, the error on the validation rows was 262, 291, and 265 g, and
# 746, 573, and 659 g if you always predict the mean. With targets [n], it was 723, 558,
# and 642 g, so that network has learned next to nothing.

# Try: use nn.Sequential(nn.Linear(len(input_columns), 1)) as the model, which is called
# linear regression. How much worse is it? A small table often needs nothing more.
# Try: leave the target unscaled, by setting mean[-1] = 0 and std[-1] = 1 right after
# the line std[std == 0] = 1. What are the loss and the error now?
# Exercise: python exercises/check.py 13_2
