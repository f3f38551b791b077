"""
A GPU without one: runs a script on a device called `pretend`
=============================================================

The numbers are computed on the CPU, by torch itself. But it is noted which tensors
would lie on the device, and what a GPU refuses is refused: tensors of different devices
in one operation, numpy() of a tensor on it, loading without a map_location, and sharing
a tensor of the CPU with other processes, as NCCL refuses it. With PRETEND_FLOAT64=no it
knows no float64, like the GPU of a Mac. With PRETEND_NOTES=FILE the names of the
operations that took place on the device are written to FILE as JSON.

Run: python tests/pretend.py codes/13_classify_fashion.py --device pretend
"""

import functools
import json
import os
import runpy
import sys

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

NAME = 'pretend'
there = {}  # the storages on the device, by their number; views share a storage
done = set()  # the names of the operations on the device


def tensors(*values):
    return [
        value
        for value in tree_flatten(values)[0]
        if type(value) in (torch.Tensor, torch.nn.Parameter)
    ]


def is_there(tensor):
    return tensor.untyped_storage()._cdata in there


def put(tensor, on_device):
    """Say that a tensor lies on the device, or no longer does."""
    storage = tensor.untyped_storage()
    if on_device:
        if torch.float64 == tensor.dtype and os.environ.get('PRETEND_FLOAT64') == 'no':
            raise TypeError('Cannot convert a tensor to float64 on this device')
        there[storage._cdata] = StorageWeakRef(storage)  # keeps the number taken
    else:
        there.pop(storage._cdata, None)


class Operations(TorchDispatchMode):
    """Every operation of torch, in backward() too."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        given, name = tensors(args, kwargs or {}), function.overloadpacket.__name__
        placed = [is_there(tensor) for tensor in given]
        if name in ('index', 'index_put_', 'index_put'):  # indices may lie on the CPU
            away = not placed[0] and any(placed)
        else:
            away = (
                any(placed)
                and name not in ('copy_', '_to_copy')
                and any(
                    tensor.dim() and not here for tensor, here in zip(given, placed)
                )
            )
        if away:
            raise RuntimeError(
                'Expected all tensors to be on the same device, but '
                f'{name} got some on the CPU and some on {NAME}'
            )
        result = function(*args, **(kwargs or {}))
        if any(placed) and name != 'copy_':
            done.add(name)
            for tensor in tensors(result):
                put(tensor, True)
        return result


class Functions(TorchFunctionMode):
    """What a script calls: it names devices, and asks where tensors are."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs, name = kwargs or {}, getattr(function, '__name__', '')
        if function is torch.device or name == '_parse_to':  # they make no tensor
            return function(*args, **kwargs)
        first = args[0] if args and isinstance(args[0], torch.Tensor) else None
        if first is not None and is_there(first):
            if function == torch.Tensor.device.__get__:
                return torch.device(NAME, 0)
            if name in ('numpy', '__array__'):
                raise TypeError(
                    f"can't convert {NAME} device type tensor to numpy. "
                    'Use Tensor.cpu() to copy the tensor to host memory'
                )
        if name == '__deepcopy__':  # its memo is long, and names no devices
            result = function(*args, **kwargs)
            if first is not None and is_there(first):
                put(result, True)
            return result
        target = 'cpu' if name == 'cpu' else None

        def real(value):
            nonlocal target
            if isinstance(value, (str, torch.device)):
                if str(value).partition(':')[0] == NAME:
                    target = NAME
                    return torch.device('cpu')
                if name == 'to' and str(value) == 'cpu':
                    target = 'cpu'
            return value

        if name == 'to' and len(args) > 1 and isinstance(args[1], torch.Tensor):
            target = NAME if is_there(args[1]) else 'cpu'
        args, kwargs = tree_map(real, (args, kwargs))
        result = function(*args, **kwargs)
        if target and isinstance(result, torch.Tensor):
            moves = first is not None and is_there(first) != (target == NAME)
            if moves and result.untyped_storage()._cdata == (
                first.untyped_storage()._cdata
            ):
                result = result.clone()
            put(result, target == NAME)
        return result


def load_with_map_location(load):
    @functools.wraps(load)
    def loaded(*args, **kwargs):
        place = kwargs.get('map_location')
        if place is None:
            raise RuntimeError('Attempting to deserialize object on a pretend device')
        if str(place).partition(':')[0] != NAME:
            return load(*args, **kwargs)
        result = load(*args, **{**kwargs, 'map_location': 'cpu'})
        for tensor in tensors(result):
            put(tensor, True)
        return result

    return loaded


def share_only_from_the_device(share):
    """all_reduce and its like, by NCCL: it takes no tensor of the CPU, gloo does."""

    @functools.wraps(share)
    def shared(tensor, *args, **kwargs):
        if not is_there(tensor):
            raise RuntimeError(
                f'{share.__name__}: No backend type associated with device type cpu'
            )
        return share(tensor, *args, **kwargs)

    return shared


def main():
    torch.utils.rename_privateuse1_backend(NAME)
    module = type(sys)(NAME)  # what torch.autocast asks for
    module._is_in_bad_fork, module.manual_seed_all = lambda: False, lambda _: None
    module.get_amp_supported_dtype = lambda: [torch.bfloat16]
    module.is_available = lambda: False  # no streams or graphs, please
    torch._register_device_module(NAME, module)
    torch.accelerator.is_available = lambda: False  # torch 2.6 would ask its library
    torch.load = load_with_map_location(torch.load)
    for name in ('all_reduce', 'broadcast', 'reduce'):
        share = getattr(torch.distributed, name)
        setattr(torch.distributed, name, share_only_from_the_device(share))
    # These ask the device's own library, or make tensors in C++.
    torch.distributed.barrier = lambda *_, **__: None
    torch.nn.parallel.DistributedDataParallel = lambda module, **_: module
    del sys.argv[0]
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    try:
        with Functions(), Operations():
            runpy.run_path(sys.argv[0], run_name='__main__')
    finally:
        if 'PRETEND_NOTES' in os.environ:
            with open(os.environ['PRETEND_NOTES'], 'w', encoding='utf-8') as file:
                json.dump(sorted(done), file)


if __name__ == '__main__':
    main()
