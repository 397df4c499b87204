"""Tessera for Python: runs Lua scripts over the arrays of this program, without copying them.

    import numpy as np, tessera
    a = np.arange(6.0).reshape(2, 3)
    state = tessera.State(quota=64 << 20)
    state.run("x[{1, 1}] = 10; y = x * 2", x=a)       # ts, torch and np are there; counting starts at 1
    print(a[0, 0], np.asarray(state["y"]))            # the script wrote to a; y is seen in place

Nothing is built: this is ctypes over libtessera_lua.so, and needs the standard library alone. The library
is looked for where the environment variable TESSERA_LIBRARY says, in the build/ of a source tree, and
among the system's libraries.

State           a Lua state; run(), lend(), call functions, read and write its globals
Array           an array of a state, or what is left of one after the state is closed
Lease           memory lent to a state, which can be taken back
Error           what scripts and conversions raise; the classes derived from it say of which kind, and
                derive from Python's own for that kind too
"""
from ._errors import (  # noqa: F401
    BusyError, CancelledError, DeadlineError, DtypeError, Error, ExportError, FileError, IndexError, LimitError,
    LuaError, MemoryError, ReadOnlyError, RevokedError, ShapeError, SyntaxError, UnsupportedError, ValueError)
from ._array import Array  # noqa: F401
from ._state import Function, Lease, State  # noqa: F401

__all__ = ["State", "Array", "Lease", "Function", "Error"]
