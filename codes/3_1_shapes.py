"""
How shapes change and combine
=============================

New here: you select parts of a tensor, reorder its dimensions, and combine tensors of
different shapes by the rule of broadcasting. If the shapes don't fit, there's an error,
and you'll learn to read its numbers. If they fit by accident, it's worse, because then
there's only a wrong result.

Before: 3_numpy_to_tensor.py  Next: 4_neural_network.py
Notes: notes/tensors_and_shapes.md
Run: python codes/3_1_shapes.py
It ends with two shape errors, and comments that explain their numbers.
"""
import torch

# %% Select a part
# The directions of a tensor are called dimensions, and they're counted from 0. This
# table has three rows (dimension 0) and four columns (dimension 1). Each value tells
# you where it is: 12 is in row 1 and column 2.
table = torch.tensor([[0, 1, 2, 3],
                      [10, 11, 12, 13],
                      [20, 21, 22, 23]])
print('table', table.shape)  # torch.Size([3, 4])

# The brackets take an index for each dimension. A number selects one position and drops
# the dimension, because there's nothing left to count along it. A dimension that you
# don't mention is kept whole, and so is one with a colon alone.
row = table[1]  # [3, 4] -> [4]
column = table[:, 2]  # [3, 4] -> [3]
print('row 1', row.tolist())  # [10, 11, 12, 13]
print('column 2', column.tolist())  # [2, 12, 22]

# A slice such as 1:3 selects the positions from 1 up to, but not including, 3. It keeps
# the dimension, even if only one position is left in it. When you print a tensor, the
# brackets at its start tell you how many dimensions it has: there's one for each.
# (Everything selected in this cell is a view, so changing it would change the table.)
last_rows = table[1:3]  # [3, 4] -> [2, 4]
narrow = table[:, 2:3]  # [3, 4] -> [3, 1]
print('rows 1 and 2', last_rows.tolist())  # [[10, 11, 12, 13], [20, 21, 22, 23]]
print('column 2, two dimensions', narrow.tolist())  # [[2], [12], [22]]

# %% Dimensions of size 1
# unsqueeze adds a dimension of size 1 at the place that you name, and squeeze removes
# it. The values stay the same. You'll need unsqueeze(0) for a single example, because
# networks take a table with a row for each example, even if there's only one.
one_row = row.unsqueeze(0)  # [4] -> [1, 4]
as_column = column.unsqueeze(1)  # [3] -> [3, 1]
flat = as_column.squeeze(1)  # [3, 1] -> [3]
print('one row', one_row.tolist())  # [[10, 11, 12, 13]]
print('unsqueezed', as_column.tolist())  # [[2], [12], [22]]
print('squeezed', flat.tolist())  # [2, 12, 22]

# Always tell squeeze which dimension you mean. Without a number, it removes every
# dimension of size 1. If there's only one example, that includes the dimension that
# counts the examples, so here no dimension is left.
single = table[0:1, 2:3]  # [3, 4] -> [1, 1]
print('squeeze(1)', single.squeeze(1).shape)  # torch.Size([1])
print('squeeze()', single.squeeze().shape)  # torch.Size([])

# %% permute and view
# A color image has three numbers for each pixel: how much red, green, and blue it has.
# These are the image's three channels. In an array that was read from a file, they're
# usually the last dimension, [height, width, 3]. Here is an image of 2 x 2 pixels. The
# first digit of each value is its channel (1 is red, 2 is green, and 3 is blue), the
# second is its row, and the third is its column.
image = torch.tensor([[[100, 200, 300], [101, 201, 301]],
                      [[110, 210, 310], [111, 211, 311]]])

# torch's layers for images want the channels first, as [3, height, width]. permute
# reorders the dimensions, and its arguments are the old dimensions in their new order:
# first dimension 2, the channels, then 0, the rows, then 1, the columns. Index 0 of the
# result is therefore the red channel, with every pixel in its place.
channels_first = image.permute(2, 0, 1)  # [2, 2, 3] -> [3, 2, 2]
print('permute', channels_first[0].tolist())  # [[100, 101], [110, 111]]

# view only cuts the same row of numbers in other places (lesson 3). It returns the
# shape that we want, but what should be the red channel now has green and blue values
# in it, and they aren't in their places. A network would take such images without
# complaint, and learn little from them.
scrambled = image.view(3, 2, 2)  # [2, 2, 3] -> [3, 2, 2]
print('view', scrambled[0].tolist())  # [[100, 200], [300, 101]]

# view is right if the numbers should stay in their order and only the cuts should
# change, as in this list of pixels. To swap dimensions, always use permute (or .T).
pixels = image.view(4, 3)  # [2, 2, 3] -> [4, 3]
print('first pixels', pixels[:2].tolist())  # [[100, 200, 300], [101, 201, 301]]

# %% Integers, bytes, and True or False
# Integers become int64. You'll need this dtype for labels. If every example is either a
# cat or a dog, these are the classes, and a label is the number of a class: for
# example, 0 for cat and 1 for dog.
labels = torch.tensor([1, 0, 0])
print('labels', labels.dtype)  # torch.int64

# A comparison returns a tensor of True and False, whose dtype is bool. You can use it
# as an index: then it's called a mask, and it selects a copy of the values where it's
# True. sum counts True as 1 and False as 0. mean refuses integers and bools, because
# its result is usually neither, so convert them with float() first.
points = torch.tensor([80, 90, 40])
passed = points >= 50
print('passed', passed.tolist())  # [True, True, False]
print('points that passed', points[passed].tolist())  # [80, 90]
print('how many', passed.sum().item())  # 2
print(f'fraction {passed.float().mean():.2f}')  # 0.67

# The values in an image file are usually uint8, integers of a single byte, which go
# from 0 to 255. A result outside of this range starts over at its other end, without an
# error: 10 - 20 becomes 246 instead of -10. So convert bytes before you compute.
dark = torch.tensor([10, 100, 250], dtype=torch.uint8)
bright = torch.tensor([20, 120, 255], dtype=torch.uint8)
difference = dark - bright
print('bytes', difference.tolist())  # [246, 236, 251]
difference = dark.float() - bright.float()
print('floats', difference.tolist())  # [-10.0, -20.0, -5.0]

# %% Broadcasting
# +, -, and == work element by element, so you'd expect that both shapes have to be the
# same. But torch broadcasts: it acts as if the values were repeated along a dimension
# until the shapes agree. The rule is to compare the two shapes from the right. In each
# pair of sizes, the two must be equal, or one of them must be 1 or missing. Where a
# size is 1 or missing, the values are repeated. Here are four cases, each with the
# shape of its result below the line:
#
#     [3, 2]      [3, 2]      [3, 2]         [3]
#        [2]      [3, 1]         [3]      [3, 1]
#     ------      ------      ------      ------
#     [3, 2]      [3, 2]       error      [3, 3]

# scores has the points of three people (the rows) in two exams (the columns). dim=0
# names the dimension that mean works along: it goes down the rows, so that dimension
# disappears, and one mean is left for each column. In the subtraction, these means are
# repeated for every row (the first case).
scores = torch.tensor([[80.0, 40.0], [90.0, 80.0], [40.0, 30.0]])
exam_means = scores.mean(dim=0)  # [3, 2] -> [2]
print('exam means', exam_means.tolist())  # [70.0, 50.0]
centered = scores - exam_means  # [3, 2] - [2] -> [3, 2]
print('centered', centered.tolist())  # [[10.0, -10.0], [20.0, 30.0], [-30.0, -20.0]]

# A layer uses broadcasting to add its bias. In the matrix product, each row belongs to
# an example and each column to a unit. The bias has a number for each unit, and all of
# the bias is added to every row, as B1 was in lesson 2 with more than one example.
weights = torch.ones(2, 4)
bias = torch.tensor([0.0, 1.0, 2.0, 3.0])
products = centered @ weights  # [3, 2] x [2, 4] -> [3, 4]
outputs = products + bias  # [3, 4] + [4] -> [3, 4]
print('row 0', outputs[0].tolist())  # [0.0, 1.0, 2.0, 3.0]
print('row 1', outputs[1].tolist())  # [50.0, 51.0, 52.0, 53.0]

# For the mean of each row, use dim=1. That would give the shape [3], which doesn't fit,
# because from the right, 3 meets 2 (the third case). With keepdim=True, the dimension
# stays, with size 1, and each mean is repeated along its row (the second case).
person_means = scores.mean(dim=1, keepdim=True)  # [3, 2] -> [3, 1]
print('person means', person_means.tolist())  # [[60.0], [85.0], [35.0]]
compared = scores - person_means  # [3, 2] - [3, 1] -> [3, 2]
print('compared', compared.tolist())  # [[20.0, -20.0], [5.0, -5.0], [5.0, -5.0]]

# %% A wrong number without an error
# A network predicts the heights of four people in cm. It returns a row for each person,
# so its output is [4, 1], but the true heights are [4]. By the rule, torch repeats both
# (the fourth case). Row 0 of the result is every height minus the first prediction, and
# so on, which makes 16 differences instead of 4. abs drops their minus signs, and the
# mean distance is 13.25 cm. So the network looks bad, although its predictions are only
# off by 1.5 cm on average.
heights = torch.tensor([150.0, 160.0, 170.0, 180.0])
predicted = torch.tensor([[151.0], [158.0], [171.0], [182.0]])
wrong = heights - predicted  # [4] - [4, 1] -> [4, 4]
print('row 0', wrong[0].tolist())  # [-1.0, 9.0, 19.0, 29.0]
print('wrong mean distance', wrong.abs().mean().item())  # 13.25

flat_predicted = predicted.squeeze(1)  # [4, 1] -> [4]
right = heights - flat_predicted  # [4] - [4] -> [4]
print('right mean distance', right.abs().mean().item())  # 1.5

# So before you compare two tensors, make sure that their shapes are equal. assert does
# nothing if that's true. Otherwise it stops the program.
assert heights.shape == flat_predicted.shape

# %% How to read a shape error
# In a matrix product, mat1 is the tensor on the left and mat2 the one on the right. So
# 4x3 is the shape of examples, and 5x2 is the shape of matrix. The inner sizes, 3 and
# 5, must be equal: each example has three values, but the matrix has rows for five.
# torch can't know which of the two you got wrong. (If a layer raises this error, mat1
# is its input. mat2 is its weight, transposed, so these are its inputs and outputs.)
examples = torch.zeros(4, 3)
matrix = torch.zeros(5, 2)
try:
    examples @ matrix
except RuntimeError as error:
    print('RuntimeError:', error)  # cannot be multiplied (4x3 and 5x2)

# If broadcasting fails, tensor a is the one on the left and tensor b the one on the
# right. The message names the two sizes that meet, not the whole shapes: 2 is the last
# size of scores, [3, 2], and 3 is the size of the means, [3]. "Non-singleton" says that
# neither size is 1. The fix is keepdim=True, as above.
try:
    scores - scores.mean(dim=1)
except RuntimeError as error:
    print('RuntimeError:', error)  # at non-singleton dimension 1

# Try: leave out .abs() in both lines that print a mean distance. What do you notice
# about the two means? Could such a mean tell you that the shapes are wrong?
# Try: use torch.nn.Linear(5, 2)(examples) instead of examples @ matrix. Whose are the
# four numbers in the error now?
# Exercise: python exercises/check.py 3_1
