"""
From NumPy to a tensor and back
===============================

New here: two names can stand for the same numbers in memory. An array and the tensor
made from it can share them, and so can two tensors of different shapes. So if you
change one, the other changes, too. A tensor also takes over the array's dtype, and a
float64 tensor doesn't fit a float32 layer.

Before: 2_multilayer.py  Next: 3_1_shapes.py
Notes: notes/tensors_and_shapes.md
Run: python codes/3_numpy_to_tensor.py
It ends with the float64 error and three ways around it.
"""
import numpy as np
import torch

# %% From NumPy
# from_numpy makes no copy: a and b are two names for the same numbers.
a = np.zeros((2, 3))
b = torch.from_numpy(a)
b.add_(1)  # the underscore means that b is changed in place
print('array after changing the tensor', a[0])  # [1. 1. 1.]
a[0, 0] = 7
print('tensor after changing the array', b[0].tolist())  # [7.0, 1.0, 1.0]

# %% Back to NumPy
# The way back shares memory, too: c uses the memory of b, and so of a.
c = b.numpy()
print('same memory', np.shares_memory(a, c))  # True

# b * 2 is a new tensor with its own memory, so a stays as it is.
doubled = b * 2
print('array', a[0, 0], 'doubled', doubled[0, 0].item())  # array 7.0 doubled 14.0

# %% Copy
# torch.tensor copies. Use it when the array and the tensor should be independent.
copy = torch.tensor(a)
copy[0, 0] = -1
print('array after changing the copy', a[0, 0])  # 7.0

# %% Views
# Tensors share memory with each other, too. view returns the same numbers in a new
# shape, without copying them, and .T swaps rows and columns without copying them. Such
# a tensor is called a view.
table = torch.tensor([[0, 1, 2], [3, 4, 5]])  # [2, 3]
tall = table.view(3, 2)  # [2, 3] -> [3, 2]
tall[0, 0] = 100
print('changed through the view', table[0].tolist())  # [100, 1, 2]

# The numbers are in memory row by row. view only changes where a row ends, so it isn't
# the same as .T, even if the shapes are equal.
print('view', tall.tolist())  # [[100, 1], [2, 3], [4, 5]]
print('.T  ', table.T.tolist())  # [[100, 3], [1, 4], [2, 5]]

# In memory, the rows of table.T aren't one after the other, so no view can flatten it.
# reshape returns a view where it can and makes a copy where it has to.
same = table.reshape(6)  # [2, 3] -> [6]
copied = table.T.reshape(6)  # [3, 2] -> [6]
print('reshape shares', same.data_ptr() == table.data_ptr())  # reshape shares True
print('reshape copied', copied.data_ptr() != table.data_ptr())  # reshape copied True

# %% dtypes
# NumPy's floating-point numbers are float64 by default, and the weights of torch's
# layers are float32. Mixing the two is an error. (nn.Linear(3, 1) is one neuron with
# three inputs, random weights, and no activation function.)
features = torch.from_numpy(np.random.default_rng(7).random((4, 3)))
layer = torch.nn.Linear(3, 1)
print('dtypes', features.dtype, layer.weight.dtype)  # torch.float64 torch.float32
try:
    layer(features)
except RuntimeError as error:
    print('RuntimeError:', error)

# There are three ways around it. The first two make the data float32, which is precise
# enough and takes half the memory. A float64 layer is for the rare case that needs the
# precision. Careful: double() changes the layer in place, though it has no underscore,
# so after the last line it's layer(features.float()) that would fail.
print(layer(features.float()).shape)  # torch.Size([4, 1])
print(layer(torch.tensor(features.numpy(), dtype=torch.float32)).shape)
print(layer.double()(features).dtype)  # torch.float64

# Try: use `b = b + 1` instead of b.add_(1). Does the array still change? Why not?
# Try: use table.T.view(6) instead of table.T.reshape(6). What does the error suggest?
# Exercise: python exercises/check.py 3
