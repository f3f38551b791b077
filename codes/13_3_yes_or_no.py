"""
Yes or no, and a rare class
===========================

New here: a question whose answer is yes or no. Is this penguin a Chinstrap? A single
output is enough for that, with a loss of its own, BCEWithLogitsLoss. Only a fifth of
the penguins are Chinstraps, so always answering no is right four times out of five.
That's why we look at two other numbers, recall (how many of the Chinstraps we find) and
precision (how many of those we find really are Chinstraps), and why we choose how
probable yes has to be before we answer yes.

Before: 13_2_own_dataset.py  Next: 14_validation.py
Notes: notes/what_to_predict.md
Run: python codes/13_3_yes_or_no.py
It ends with recall and precision on the test rows, and draws both for each threshold.
"""
import sys

import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
import helper

args = helper.parse_args(epochs=60, lr=0.01)
device = args.device

# %% Read the table
# To use a table of your own, change the lines that end in "# yours". The names of the
# species are text, so they're read as they are. The label is 1 for yes and 0 for no. In
# lesson 13, labels were the numbers of classes, int64 of shape [n]. Here they're
# compared with the output itself, so they have its dtype and shape, float32 and [n, 1].
path = helper.DATA / 'penguins.csv'  # yours
input_columns = ['bill_depth_mm', 'flipper_length_mm']  # yours
class_column = 'species'  # yours
yes = 'Chinstrap'  # yours
rows = helper.read_table(path, numbers=input_columns, texts=[class_column], least=20)

values = []
answers = []
for row in rows:
    values.append([row[name] for name in input_columns])
    answers.append([1.0 if row[class_column] == yes else 0.0])
table = torch.tensor(values)
labels = torch.tensor(answers)
print('table', tuple(table.shape), table.dtype)  # table (342, 2) torch.float32
print('labels', tuple(labels.shape), labels.dtype)  # labels (342, 1) torch.float32

count = int(labels.sum().item())
if count < 5 or len(labels) - count < 5:
    sys.exit(f'{path} has {count} rows in which {class_column} is {yes}, of '
             f'{len(labels)}. Use at least 5 for yes and 5 for no')
print(f'{count} of {len(labels)} are {yes}')

# %% A stratified split
# 68 of the penguins are Chinstraps. If we split all rows at random, as in lesson 13_2,
# chance would decide how many of these are in the test set: usually between 8 and 19.
# So we split the rows of each class separately, which is called a stratified split.
# Then a fifth of each set are Chinstraps, as in the whole table.


def cut(indices):  # new here
    order = indices[torch.randperm(len(indices))]
    part = len(order) // 5
    return order[2 * part:], order[part:2 * part], order[:part]


is_yes = labels.squeeze(1) == 1  # [342, 1] -> [342]
yes_train, yes_valid, yes_test = cut(is_yes.nonzero().squeeze(1))
no_train, no_valid, no_test = cut((~is_yes).nonzero().squeeze(1))  # ~ means not
train_rows = torch.cat([yes_train, no_train])
valid_rows = torch.cat([yes_valid, no_valid])
test_rows = torch.cat([yes_test, no_test])
print(f'{len(train_rows)} rows to train, {len(valid_rows)} to validate, '
      f'{len(test_rows)} to test, {len(yes_test)} of them {yes}')

# We scale the inputs as in lesson 13_2, but not the labels. TensorDataset is torch's
# own dataset for tensors, and does the same as our TableDataset.
mean = table[train_rows].mean(dim=0)  # [208, 2] -> [2]
std = table[train_rows].std(dim=0)  # [208, 2] -> [2]
std[std == 0] = 1  # for a column in which all values are equal
scaled = (table - mean) / std  # [342, 2] - [2] -> [342, 2]
trainset = TensorDataset(scaled[train_rows], labels[train_rows])
validset = TensorDataset(scaled[valid_rows], labels[valid_rows])
testset = TensorDataset(scaled[test_rows], labels[test_rows])
trainloader = DataLoader(trainset, batch_size=32, shuffle=True)
validloader = DataLoader(validset, batch_size=100)
testloader = DataLoader(testset, batch_size=100)


# %% Train
# The only output is the logit of yes. The sigmoid (lesson 1) turns it into the
# probability p of yes, and the probability of no is 1 - p. BCEWithLogitsLoss (binary
# cross entropy) applies the sigmoid itself, so the model ends with the Linear layer.
# The loss is -ln p if the answer is yes, and -ln(1 - p) if it's no, so it's lesson 7's
# cross entropy for two classes.
def train(criterion):
    torch.manual_seed(args.seed)
    model = nn.Sequential(nn.Linear(len(input_columns), 32), nn.ReLU(),
                          nn.Linear(32, 1)).to(device)
    optimizer = optim.Adam(model.parameters(), lr=args.lr, fused=True)
    for epoch in range(args.epochs):
        model.train()
        train_loss = 0
        for inputs, labels in trainloader:
            inputs, labels = inputs.to(device), labels.to(device)
            optimizer.zero_grad()
            output = model(inputs)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()
            train_loss += loss.detach() * len(labels)
        train_loss = train_loss.item() / len(trainset)
        if (epoch + 1) % 20 == 0:
            print(f'Epoch {epoch + 1}/{args.epochs}  train loss {train_loss:.3f}')
    return model


model = train(nn.BCEWithLogitsLoss())  # new here


# %% Measure
# This returns the probabilities of all examples, and their labels.
def probabilities(model, loader, device):
    model.eval()
    all_ps = []
    all_labels = []
    with torch.no_grad():
        for inputs, labels in loader:
            inputs, labels = inputs.to(device), labels.to(device)
            output = model(inputs)
            all_ps.append(torch.sigmoid(output))
            all_labels.append(labels)
    return torch.cat(all_ps).cpu(), torch.cat(all_labels).cpu()


# We predict yes if the probability is above a threshold, usually 0.5. (The sigmoid of 0
# is 0.5, so output > 0 says the same.) Recall is the fraction of the Chinstraps that
# are found. Precision is the fraction of our yeses that are right.
# max(..., 1) keeps us from dividing by 0 if no answer is yes.
def measure(ps, labels, threshold):  # new here
    predicted = ps > threshold
    actual = labels == 1
    accuracy = (predicted == actual).float().mean().item()
    found = (predicted & actual).sum().item()
    recall = found / max(actual.sum().item(), 1)
    precision = found / max(predicted.sum().item(), 1)
    return accuracy, recall, precision


def report(name, accuracy, recall, precision):
    print(f'{name:26}  accuracy {accuracy:.1%}  recall {recall:.1%}  '
          f'precision {precision:.1%}')


# The baseline is the probability 0 for every penguin. Its accuracy looks good, and it
# hasn't found a single Chinstrap.
ps, valid_labels = probabilities(model, validloader, device)
report('Valid, always no', *measure(torch.zeros_like(ps), valid_labels, 0.5))
report('Valid, threshold 0.5', *measure(ps, valid_labels, 0.5))

# %% Choose a threshold
# Which mistake is worse, a Chinstrap that's missed or a false alarm (another penguin
# taken for one)? The network can't know that, so it's your choice. With a lower
# threshold, more answers are yes. The recall can only rise then, and the precision
# usually falls. Say that we want to find at least four out of five Chinstraps. We take
# the highest threshold that does so on the validation rows. (If none of them does, we
# keep the lowest.) There are only 13 Chinstraps among these rows, so it's a rough
# choice, and on other rows, the recall can easily be much higher or lower.
wanted_recall = 0.8  # yours
thresholds = [percent / 100 for percent in range(5, 100, 5)]
recalls = []
precisions = []
chosen = thresholds[0]
for threshold in thresholds:
    accuracy, recall, precision = measure(ps, valid_labels, threshold)
    recalls.append(recall)
    precisions.append(precision)
    if recall >= wanted_recall:
        chosen = threshold
report(f'Valid, threshold {chosen:.2f}', *measure(ps, valid_labels, chosen))

# %% Or let the rare class count more
# pos_weight multiplies the loss of the rows whose label is 1. With the number of noes
# for each yes, almost 4 here, both classes have the same influence, and the network
# predicts yes more often. That's another way to get more recall and less precision.
# Its outputs are no longer the probabilities of Chinstraps in this table, though.
pos_weight = len(no_train) / len(yes_train)
weighted_criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([pos_weight]))
weighted_model = train(weighted_criterion.to(device))
weighted_ps, _ = probabilities(weighted_model, validloader, device)
report(f'Valid, pos_weight {pos_weight:.2f}', *measure(weighted_ps, valid_labels, 0.5))

# %% Test
# We use the test rows once, with the threshold that we've chosen. Only 13 of them are
# Chinstraps, so each is worth 7.7 percentage points of recall.
test_ps, test_labels = probabilities(model, testloader, device)
report(f'Test, threshold {chosen:.2f}', *measure(test_ps, test_labels, chosen))

# %% Figure
# We plot recall and precision on the validation rows against the threshold. Where the
# threshold is so high that no answer is yes, measure returned a precision of 0.
figure = plt.figure(figsize=(6, 4))
plt.plot(thresholds, recalls, label='recall')
plt.plot(thresholds, precisions, label='precision')
plt.axvline(chosen, color='gray', linestyle=':', label='chosen threshold')
plt.xlabel('threshold')
plt.legend()
helper.show('thresholds')

# With seeds 7, 8, and 9, the accuracy on the validation rows was 77.6, 76.1, and 83.6%
# at a threshold of 0.5, and always answering no gets 80.6%. So going by accuracy, you'd
# throw two of the three networks away. But the recall with the lower threshold was
# 84.6, 92.3, and 84.6%, and the precision was 30.6, 38.7, and 52.4%. Without the
# network, if you answered yes at random, only a fifth of your yeses would be right.
#
# With pos_weight, the recall at 0.5 was 69.2, 84.6, and 84.6%, with a precision of
# 31.0, 28.9, and 40.7%. It shifts the same balance as a lower threshold does, so try a
# threshold first, because that needs no training. On the test rows, the recall was
# 92.3, 76.9, and 92.3%, and two penguins make that difference.
#
# The two columns make it hard on purpose. We looked at the validation rows with all
# pairs of columns, and chose one with which you can see what a threshold does.

# Try: add 'bill_length_mm' to input_columns. How good are recall and precision at 0.5
# now? Why is the chosen threshold so high?
# Try: set wanted_recall to 1. What does it cost?
# Exercise: python exercises/check.py 13_3
