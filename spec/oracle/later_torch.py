"""Files as PyTorch after Debian's 1.13 writes them (2.1 to 2.10), and how it reads them.

Debian's PyTorch lacks names that later pickles mention: they are put into its modules as stand-ins, so that
Python's own pickler writes what torch.save writes there. Which calls those are: Tensor.__reduce_ex__ and
torch/_utils.py of PyTorch 2.10; which members: _save in torch/serialization.py.
"""
import io
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import torch

DTYPES = {"uint16": np.uint16, "uint32": np.uint32, "uint64": np.uint64}
FOREIGN = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2"]


class Name:
    """What pickles as a name of a module, and can be called."""

    def __init__(self, module, name):
        self.__module__, self.name = module, name

    def __reduce__(self):
        return self.name

    def __call__(self, *args):
        raise NotImplementedError(self.name)


def rebuild_v3(storage, offset, size, stride, requires_grad, hooks, dtype, metadata=None):
    """An ndarray: there are no tensors of these dtypes here."""
    assert requires_grad is False and hooks == OrderedDict() and not metadata
    dtype = np.dtype(DTYPES[dtype.name])
    strides = [n * dtype.itemsize for n in stride]
    return np.ndarray(tuple(size), dtype, storage, offset * dtype.itemsize, strides)


def install():
    for dtype in list(DTYPES) + FOREIGN:
        if not hasattr(torch, dtype):
            setattr(torch, dtype, Name("torch", dtype))
    for name in ("_rebuild_tensor_v3", "_rebuild_parameter_with_state"):
        if not hasattr(torch._utils, name):
            setattr(torch._utils, name, Name("torch._utils", name))


install()


class Storage:
    """A member of the archive, of a class and with that many elements."""

    def __init__(self, cls, key, data, itemsize=1):
        self.cls, self.key, self.data, self.count = cls, key, data, len(data) // itemsize


class Call:
    """What pickles as a call."""

    def __init__(self, function, *args):
        self.made = function, args

    def __reduce__(self):
        return self.made


def v2(storage, offset, size, stride, gradient=False):
    return Call(torch._utils._rebuild_tensor_v2, *v2_args(storage, offset, size, stride, gradient))


def v2_args(storage, offset, size, stride, gradient=False):
    return storage, offset, size, stride, gradient, OrderedDict()


def v3(storage, offset, size, stride, dtype, *metadata):
    return Call(torch._utils._rebuild_tensor_v3, storage, offset, size, stride, False, OrderedDict(), dtype, *metadata)


def untyped(key, data):
    return Storage(torch.storage.UntypedStorage, key, data)


def write(path, value, order="little"):
    """The archive of torch.save(value)."""
    storages = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            if not isinstance(obj, Storage):
                return None
            storages[obj.key] = obj.data
            return "storage", obj.cls, obj.key, "cpu", obj.count

    text = io.BytesIO()
    Pickler(text, 2).dump(value)
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("archive/data.pkl", text.getvalue())
        z.writestr("archive/.format_version", "1")
        z.writestr("archive/.storage_alignment", "64")
        z.writestr("archive/byteorder", order)
        for key, data in storages.items():
            z.writestr("archive/data/" + key, data)
        z.writestr("archive/version", "3\n")
        z.writestr("archive/.data/serialization_id", "0636457737946401051300000025273995036293")


def read(path):
    """What is in an archive of a tensor of uint16, uint32 or uint64, by the names that 2.3 knows."""
    known = {("torch._utils", "_rebuild_tensor_v3"): rebuild_v3, ("collections", "OrderedDict"): OrderedDict,
             ("torch.storage", "UntypedStorage"): torch.storage.UntypedStorage}

    class Unpickler(pickle.Unpickler):
        def find_class(self, module, name):
            return getattr(torch, name) if module == "torch" and name in DTYPES else known[module, name]

        def persistent_load(self, pid):
            kind, cls, key, place, count = pid
            assert kind == "storage" and cls is torch.storage.UntypedStorage and place == "cpu"
            data = z.read("archive/data/" + key)
            assert len(data) == count
            return data

    with zipfile.ZipFile(path) as z:
        assert z.read("archive/byteorder") == b"little"
        return Unpickler(io.BytesIO(z.read("archive/data.pkl"))).load()
