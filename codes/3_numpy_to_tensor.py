"""
From NumPy to a tensor and back
===============================

New here: an array and the tensor made from it can share their memory, and they bring
their dtype along. Both surprise: a change on one side shows on the other, and a float64
tensor does not fit a float32 layer.

Before: 2_multilayer.py  Next: 4_neural_network.py
Notes: Tensors and NumPy (README.md)
Run: python codes/3_numpy_to_tensor.py
It ends with the float64 error and three ways around it.
"""
import numpy as np
import torch

# %%
# from_numpy makes no copy: a and b are two names for the same numbers.
a = np.zeros((2, 3))
b = torch.from_numpy(a)
b.add_(1)  # the underscore says: change b itself
print('array after changing the tensor', a[0])  # [1. 1. 1.]
a[0, 0] = 7
print('tensor after changing the array', b[0].tolist())  # [7.0, 1.0, 1.0]

# %%
# The way back shares as well: c looks at the memory of b, hence of a.
c = b.numpy()
print('same memory', np.shares_memory(a, c))  # True

# b * 2 is a new tensor with memory of its own; a stays as it is.
doubled = b * 2
print('array', a[0, 0], 'doubled', doubled[0, 0].item())  # array 7.0 doubled 14.0

# %%
# torch.tensor copies. Take it when the two should go separate ways.
copy = torch.tensor(a)
copy[0, 0] = -1
print('array after changing the copy', a[0, 0])  # 7.0

# %%
# NumPy's decimal numbers are float64, torch's layers are float32. Mixed, they fail.
# nn.Linear(3, 1) is one neuron with three inputs, random weights, and no activation.
features = torch.from_numpy(np.random.default_rng(7).random((4, 3)))
layer = torch.nn.Linear(3, 1)
print('dtypes', features.dtype, layer.weight.dtype)  # torch.float64 torch.float32
try:
    layer(features)
except RuntimeError as error:
    print('RuntimeError:', error)

# Three ways around it. The first two make the data float32, which is precise enough and
# takes half the memory. A float64 layer is for the rare case that needs the digits;
# double() changes the layer itself, without an underscore that says so: after the last
# line it is layer(features.float()) that fails.
print(layer(features.float()).shape)  # torch.Size([4, 1])
print(layer(torch.tensor(features.numpy(), dtype=torch.float32)).shape)
print(layer.double()(features).dtype)  # torch.float64

# Try: `b = b + 1` in place of b.add_(1). Does the array still follow? Why not?
# Exercise: python exercises/check.py 3
