"""From Python to Tessera: what an object's memory looks like, and how it gets into a state.

An object is asked in this order: for NumPy's __array_interface__, which says all there is to say; for
the buffer protocol; for __dlpack__ (PyTorch). The first two are lent: the storage holds a reference to
the object, which the library lets go of when the last array is gone or the memory is taken back. A
DLPack capsule brings its own way of letting go.
"""
import sys
from collections import namedtuple
from ctypes import c_int64, c_void_p

from . import _native as n
from ._errors import DtypeError, ShapeError, UnsupportedError, check

Memory = namedtuple("Memory", "address dtype shape strides readonly owner")

FULL_READ_ONLY = 0x011C  # PyBUF_FULL_RO
# struct's native sizes on 64-bit machines, as NumPy's letters
LETTERS = {"?": "b1", "b": "i1", "B": "u1", "c": "u1", "h": "i2", "H": "u2", "i": "i4", "I": "u4", "l": "i8",
           "L": "u8", "q": "i8", "Q": "u8", "n": "i8", "N": "u8", "e": "f2", "f": "f4", "d": "f8", "Zf": "c8",
           "Zd": "c16"}


def parse(typestr, what):
    dtype = n.dtype_of(typestr)
    if dtype is None:
        raise DtypeError("%s: type %r is not supported%s" % (
            what, typestr, ", bytes in foreign order need a copy" if typestr[:1] in ">!" else ""))
    return dtype


def row_major(shape, itemsize):
    strides = []
    for size in reversed(shape):
        strides.insert(0, itemsize)
        itemsize *= max(size, 1)
    return tuple(strides)


def from_interface(obj, interface):
    if interface.get("mask") is not None:
        raise UnsupportedError("masked arrays cannot be shared")
    dtype = parse(interface["typestr"], "__array_interface__")
    shape, data = tuple(interface["shape"]), interface.get("data")
    if isinstance(data, tuple):
        address, readonly, owner = data[0], bool(data[1]), obj
    else:
        block = from_buffer(memoryview(obj if data is None else data).cast("B"))
        address, readonly, owner = block.address + interface.get("offset", 0), block.readonly, block.owner
    strides = interface.get("strides") or row_major(shape, n.INFO[dtype].itemsize)
    return Memory(address, dtype, shape, tuple(strides), readonly, owner)


def from_buffer(view):
    """Of a memoryview, which is the owner: it keeps the buffer as it is."""
    form = view.format
    letters = form.lstrip("@=<>!")
    foreign = form[0] in ">!" and view.itemsize > 1
    if foreign or letters not in LETTERS or int(LETTERS[letters][1:]) != view.itemsize:
        raise DtypeError("buffer: format %r is not supported" % form)
    raw = n.PyBuffer()
    n.python.PyObject_GetBuffer(view, raw, FULL_READ_ONLY)
    try:
        address = raw.buf or 0
        if raw.suboffsets:
            raise UnsupportedError("a buffer of pointers cannot be shared")
    finally:
        n.python.PyBuffer_Release(raw)
    return Memory(address, parse(LETTERS[letters], "buffer"), view.shape, view.strides, view.readonly, view)


def describe(obj):
    """The Memory of an object, or None when it offers neither protocol."""
    interface = getattr(obj, "__array_interface__", None)
    if interface is not None:
        return from_interface(obj, interface)
    try:
        view = memoryview(obj)
    except TypeError:
        return None
    return from_buffer(view)


def push_memory(L, context, memory, label, writable, face):
    """Pushes an array over described memory."""
    error, storage, array = n.Error(), c_void_p(), c_void_p()
    if len(memory.shape) > n.MAX_DIMS:
        raise ShapeError("%d dimensions, at most %d are possible" % (len(memory.shape), n.MAX_DIMS))
    rights = n.READ if memory.readonly or writable is False else n.READ | n.WRITE
    if writable and memory.readonly:
        raise UnsupportedError("the memory is read-only")
    itemsize = n.INFO[memory.dtype].itemsize
    reach = [(size - 1) * stride for size, stride in zip(memory.shape, memory.strides)]
    empty = 0 in memory.shape
    low = 0 if empty else sum(r for r in reach if r < 0)
    high = 0 if empty else sum(r for r in reach if r > 0) + itemsize
    strides = row_major(memory.shape, itemsize) if empty else memory.strides
    buffer = n.Buffer(n.ctypes.sizeof(n.Buffer), memory.address + low if high > low else None, high - low, n.LENT,
                      rights, label.encode(), None, None)
    dims = c_int64 * len(memory.shape)
    check(n.lib.tsr_storage_wrap(context, buffer, storage, error), error)
    try:
        check(n.lib.tsr_array_from_storage(context, storage, memory.dtype, len(memory.shape), dims(*memory.shape),
                                           dims(*strides), -low, rights, array, error), error)
        check(n.lib.tessera_push(L, array, face, error), error)
        n.python.Py_IncRef(memory.owner)  # nothing fails any more
        n.lib.tsr_storage_on_release(storage, n.RELEASE, id(memory.owner))
    finally:
        n.lib.tsr_array_release(array)
        n.lib.tsr_storage_release(storage)


def take_capsule(obj):
    """A capsule of the object: the struct's address and the options that go with it."""
    device = obj.__dlpack_device__() if hasattr(obj, "__dlpack_device__") else (1, 0)
    if int(device[0]) not in (1, 3, 11):
        raise UnsupportedError("memory of device %s is not the processor's" % (tuple(device),))
    try:
        capsule = obj.__dlpack__(max_version=(1, 1))
    except TypeError:
        capsule = obj.__dlpack__()
    for name, used, options in ((b"dltensor_versioned", b"used_dltensor_versioned", 0),
                                (b"dltensor", b"used_dltensor", n.LEGACY)):
        if n.python.PyCapsule_IsValid(capsule, name):
            managed = n.python.PyCapsule_GetPointer(capsule, name)
            n.python.PyCapsule_SetName(capsule, used)
            return managed, options
    raise UnsupportedError("__dlpack__ gives no DLPack capsule that was not used yet")


def is_torch(obj):
    return any(base.__module__ == "torch" and base.__name__ == "Tensor" for base in type(obj).__mro__)


def push_capsule(L, obj, writable, face):
    """Pushes an array over what the object's __dlpack__ gives. A struct without version cannot say whether
    the memory may be written to; PyTorch's always may. PyTorch gives no booleans, so theirs go as bytes."""
    error, viewed = n.Error(), c_void_p()
    boolean = is_torch(obj) and str(obj.dtype) == "torch.bool"
    managed, options = take_capsule(obj.view(sys.modules["torch"].uint8) if boolean else obj)
    if writable or (writable is None and is_torch(obj)):
        options |= n.WRITABLE
    if writable is False:
        options |= n.READONLY
    check(n.lib.tessera_from_dlpack(L, managed, options, face, error), error)
    if not boolean:
        return
    array = n.lib.tessera_test(L, -1)
    check(n.lib.tsr_view_dtype(array, n.NAMES.index("bool"), viewed, error), error)
    try:
        check(n.lib.tessera_push(L, viewed, face, error), error)
    finally:
        n.lib.tsr_array_release(viewed)


def push(L, context, obj, label, writable, face):
    """Pushes an array over the object's memory; False, and nothing, when it offers none."""
    memory = describe(obj)
    if memory is not None:
        push_memory(L, context, memory, label, writable, face)
    elif hasattr(obj, "__dlpack__"):
        push_capsule(L, obj, writable, face)
    else:
        return False
    return True
