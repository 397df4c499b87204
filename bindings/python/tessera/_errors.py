"""Exceptions: one class a kind of failure, each also of the Python class that people catch for it."""
import builtins


class Error(Exception):
    """What scripts and conversions raise."""


class ShapeError(Error, builtins.ValueError):
    """Shapes that do not fit each other or the operation."""


class DtypeError(Error, TypeError):
    """A dtype that the operation does not take."""


class IndexError(Error, builtins.IndexError):
    """An index or a dimension out of range."""


class ValueError(Error, builtins.ValueError):
    """Any other value out of its domain."""


class MemoryError(Error, builtins.MemoryError):
    """No memory, or the quota would be exceeded."""


class ReadOnlyError(Error, builtins.ValueError):
    """A write to memory without the right to write (NumPy raises ValueError for that)."""


class RevokedError(Error, ReferenceError):
    """The memory was taken back by its owner, or released."""


class CancelledError(Error):
    """The operation was cancelled."""


class DeadlineError(Error, TimeoutError):
    """A deadline passed."""


class LimitError(Error, PermissionError):
    """A limit of the state, or a capability that it does not have."""


class FileError(Error, OSError):
    """A file or stream failed."""


class UnsupportedError(Error, NotImplementedError):
    """Not possible for these operands."""


class BusyError(Error, BufferError):
    """Memory that is in use, or held by somebody, and cannot be taken back or resized now."""


class ExportError(Error, BufferError):
    """Memory that cannot be given out the way it was asked for."""


class LuaError(Error, RuntimeError):
    """An error that the script itself raised; `value` is its error value."""

    def __init__(self, message, value=None):
        super().__init__(message)
        self.value = message if value is None else value


class SyntaxError(Error, builtins.SyntaxError):
    """A script that is no Lua."""


# in the order of tsr_status
KINDS = [None, ShapeError, DtypeError, IndexError, ValueError, MemoryError, ReadOnlyError, RevokedError,
         CancelledError, DeadlineError, LimitError, FileError, UnsupportedError, BusyError]
UNSUPPORTED, READONLY = KINDS.index(UnsupportedError), KINDS.index(ReadOnlyError)


def check(status, error):
    """Raises what a function of the library has returned and written into its tsr_error."""
    if status != 0:
        kind = KINDS[status] if status < len(KINDS) else Error
        raise kind(error.message.decode("utf-8", "replace"))
