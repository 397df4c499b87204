"""From Tessera to Python: Array, which other libraries see in place."""
import ctypes
import sys
from ctypes import c_int64, c_void_p

from . import _native as n
from ._errors import READONLY, UNSUPPORTED, DtypeError, ExportError, check

# struct's letters for the dtypes that memoryview knows
FORMATS = {"bool": "?", "uint8": "B", "int8": "b", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I",
           "int64": "q", "uint64": "Q", "float32": "f", "float64": "d"}


def exported(status, error):
    """check(), where the protocols of Python want a BufferError."""
    if status in (UNSUPPORTED, READONLY):
        raise ExportError(error.message.decode("utf-8", "replace"))
    check(status, error)


class Array:
    """An array whose memory belongs to a state, or to whoever lent it to the state.

    np.asarray(x), np.from_dlpack(x) and torch.from_dlpack(x) see the memory in place, with its rights, and
    keep it alive, also after the state is closed; memoryview(x) from Python 3.12 on, x.memoryview() before.
    While one of them lives, memory that was lent cannot be taken back (Lease.revoke).
    """

    __slots__ = ("_handle", "_held", "__weakref__")

    def __init__(self):
        raise TypeError("arrays come out of states")

    @classmethod
    def _of(cls, handle):
        """Of a tsr_array, which is looked at through a view of our own."""
        self = object.__new__(cls)
        self._handle, self._held = c_void_p(), False
        error = n.Error()
        check(n.lib.tsr_view_alias(handle, n.READ | n.WRITE, self._handle, error), error)
        return self

    def __del__(self):
        handle = getattr(self, "_handle", None)
        if handle:
            if self._held:
                n.lib.tsr_storage_unexport(n.lib.tsr_array_storage(handle))
            n.lib.tsr_array_release(handle)

    @property
    def _storage(self):
        return n.lib.tsr_array_storage(self._handle)

    @property
    def _info(self):
        return n.INFO[n.lib.tsr_array_dtype(self._handle)]

    # ---- what it is

    @property
    def dtype(self):
        """The dtype's name."""
        return self._info.name.decode()

    @property
    def ndim(self):
        return n.lib.tsr_array_ndim(self._handle)

    @property
    def shape(self):
        return tuple(n.lib.tsr_array_shape(self._handle)[:self.ndim])

    @property
    def strides(self):
        """In bytes."""
        return tuple(n.lib.tsr_array_strides(self._handle)[:self.ndim])

    @property
    def size(self):
        return n.lib.tsr_array_size(self._handle)

    @property
    def itemsize(self):
        return self._info.itemsize

    @property
    def nbytes(self):
        return self.size * self.itemsize

    @property
    def readonly(self):
        return not n.lib.tsr_array_rights(self._handle) & n.WRITE

    @property
    def revoked(self):
        return n.lib.tsr_storage_revoked(self._storage)

    @property
    def kind(self):
        """Where the bytes come from: "owned", "lent", "string", "foreign", "mapped" or "dlpack"."""
        return n.lib.tsr_kind_name(n.lib.tsr_storage_kind(self._storage)).decode()

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("a 0-dimensional array has no length")
        return self.shape[0]

    def __repr__(self):
        return "<tessera.Array %s %s%s>" % (self.dtype, self.shape, ", revoked" if self.revoked else "")

    # ---- its elements, without any other library

    def _get(self, index):
        value, error = n.Scalar(), n.Error()
        check(n.lib.tsr_array_get(self._handle, len(index), (c_int64 * len(index))(*index), value, error), error)
        kind = n.NAMES[value.dtype]
        if kind == "complex128":
            return complex(*value.value.c)
        if kind == "bool":
            return value.value.i != 0
        return {"int64": value.value.i, "uint64": value.value.u, "float64": value.value.f}[kind]

    def item(self):
        """The only element as a number."""
        if self.size != 1:
            raise ValueError("an array of shape %s has more or less than one element" % (self.shape,))
        return self._get((0,) * self.ndim)

    def _list(self, index):
        if len(index) == self.ndim:
            return self._get(index)
        return [self._list(index + (i,)) for i in range(self.shape[len(index)])]

    def tolist(self):
        """Nested lists of numbers; a number for a 0-dimensional array."""
        return self._list(())

    def copy(self):
        """A copy, row-major, with memory of its own."""
        made, error = c_void_p(), n.Error()
        context = n.lib.tsr_array_context(self._handle)
        check(n.lib.tsr_clone(context, self._handle, n.lib.tsr_array_dtype(self._handle), 0, made, error), error)
        try:
            return Array._of(made)
        finally:
            n.lib.tsr_array_release(made)

    # ---- its memory, for others

    def _hold(self):
        """The address of the memory, which stays where it is from now on."""
        error = n.Error()
        if not self._held:
            exported(n.lib.tsr_storage_export(self._storage, b"Python", error), error)
            self._held = True
        exported(n.lib.tsr_array_usable(self._handle, False, error), error)
        return n.lib.tsr_array_data(self._handle) or self._handle.value  # of nothing: any address will do

    @property
    def __array_interface__(self):
        """NumPy's protocol, for any strides; bfloat16 is "<V2" there."""
        address = self._hold()
        typestr = self._info.typestr.decode()
        if n.lib.tsr_array_is_swapped(self._handle):
            typestr = ">" + typestr[1:]
        return {"version": 3, "shape": self.shape, "typestr": typestr,
                "strides": self.strides, "data": (address, self.readonly)}

    def __dlpack_device__(self):
        return (1, 0)

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None, negative=False):
        """A DLPack capsule, of the struct with a version if max_version allows it. BufferError when the
        consumer could not see the memory as it is; copy=True gives it a copy. Negative strides are only
        exported when `negative` asks for them, since PyTorch aborts on them; np.asarray(x) takes them."""
        if stream is not None or dl_device not in (None, (1, 0)):
            raise ExportError("the only device is (1, 0), the processor, and it has no streams")
        source, options = self, 0
        if copy:
            source, options = self.copy(), n.COPIED
        if negative:
            options |= n.NEGATIVE
        if max_version is None or max_version[0] < 1:
            options |= n.LEGACY
        managed, error = c_void_p(), n.Error()
        exported(n.lib.tsr_dlpack_export(source._handle, options, b"a DLPack consumer", managed, error), error)
        name = b"dltensor" if options & n.LEGACY else b"dltensor_versioned"
        try:
            return n.python.PyCapsule_New(managed, name, n.DROP_CAPSULE)
        except BaseException:
            n.lib.tsr_dlpack_delete(managed, options)
            raise

    def memoryview(self):
        """A memoryview of a row-major array, for the dtypes that Python has."""
        form = FORMATS.get(self.dtype)
        if form is None:
            raise DtypeError("memoryview has no format for " + self.dtype)
        if not n.lib.tsr_array_is_contiguous(self._handle):
            raise ExportError("memoryview takes row-major arrays in this machine's byte order, this one has shape %s "
                              "and strides %s" % (self.shape, self.strides))
        address = self._hold()
        block_type = type("block", (ctypes.c_char * self.nbytes,), {})  # a class of its own may have an owner
        block = block_type.from_address(address) if self.size else block_type()
        block.owner = self
        view = memoryview(block).cast("B")
        if self.readonly:
            view = view.toreadonly()
        if self.ndim == 1:
            return view.cast(form)
        if self.size == 0:
            raise ExportError("memoryview has no empty array of %d dimensions" % self.ndim)
        return view.cast(form, self.shape)

    if sys.version_info >= (3, 12):
        def __buffer__(self, flags):
            return self.memoryview()
