"""Lua states: running scripts, values both ways, lending and taking back.

Python's own functions never run inside of Lua here, so no Lua error has to pass through Python. What may
raise in Lua (globals with metatables, calls) runs protected; a lock keeps threads apart.
"""
import ctypes
import numbers
import threading
from _signal import SIGINT, default_int_handler, getsignal  # signal's own getsignal is slow: it looks for an enum
from ctypes import c_int, c_size_t

from . import _lend
from . import _native as n
from ._array import Array
from ._errors import KINDS, Error, LimitError, LuaError, MemoryError, SyntaxError, UnsupportedError, ValueError, check

REGISTRY = -1001000  # LUA_REGISTRYINDEX of Lua 5.4
ALL = -1             # LUA_MULTRET
NIL, BOOLEAN, LIGHT, NUMBER, STRING, TABLE, FUNCTION, USERDATA = range(8)
ERRSYNTAX, ERRMEM = 3, 4
DEPTH = 100          # of tables in tables

OPENING = b"""
ts = require "tessera"
torch, np = ts.torch, ts.np
local G = _G
return function(name) return G[name] end, function(name, value) G[name] = value end
"""


def _raises_on_interrupt():
    """Whether Ctrl-C is a KeyboardInterrupt in this thread: then it stops scripts."""
    return (threading.get_ident() == threading.main_thread().ident
            and getsignal(SIGINT) is default_int_handler)


class Function:
    """A Lua function; calling it runs it in its state."""

    def __init__(self, state, reference):
        self._state, self._reference = state, reference

    def __call__(self, *arguments):
        return self._state._call(self._reference, arguments)

    def __del__(self):
        self._state._forgotten.append(self._reference)


class Lease:
    """Memory that was lent to a state. revoke() takes it back: every array over it, on either face, raises
    from then on. As a context manager it does so at the end."""

    def __init__(self, storage):
        self._storage = storage
        n.lib.tsr_storage_retain(storage)

    def revoke(self):
        """BusyError, which says by whom, while an operation runs on it or somebody outside holds it."""
        error = n.Error()
        check(n.lib.tsr_storage_revoke(self._storage, 0, error), error)

    @property
    def revoked(self):
        return n.lib.tsr_storage_revoked(self._storage)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.revoke()

    def __del__(self):
        if getattr(self, "_storage", None):
            n.lib.tsr_storage_release(self._storage)


class State:
    """A Lua state with Tessera in it: `ts`, `torch` and `np` are globals.

    quota       most bytes that its arrays may hold; 0: no limit
    cache_limit   most bytes kept for reuse; None: the library's choice
    files, pointers, threads    what its scripts may do beyond arithmetic on memory

    Arguments and results: None, booleans, integers of 64 bits, floats, text and bytes (strings both in Lua;
    text comes back as str where it is UTF-8), lists, tuples and dicts (tables), Lua functions, and everything
    that offers its memory: NumPy arrays, PyTorch tensors, bytearray, array.array, Arrays of this or another
    state. Memory is lent, never copied, with its own rights; bytes are strings, memoryview(bytes) is memory.
    A state is used by one thread at a time; others wait. cancel() may be called from any. Ctrl-C stops a
    script that the main thread runs, when it is a KeyboardInterrupt there and no handler of the program's own.
    """

    def __init__(self, quota=0, *, files=False, pointers=False, threads=False, cache_limit=None):
        self._L, self._lock, self._forgotten = None, threading.RLock(), []
        self._context, self._guard = None, threading.Lock()
        config = n.Config(ctypes.sizeof(n.Config))
        config.core.struct_size = ctypes.sizeof(n.CoreConfig)
        config.core.quota = quota or 0
        config.core.cache_limit = 0 if cache_limit is None else cache_limit or 2 ** 64 - 1
        config.capabilities = n.FILES * bool(files) | n.POINTERS * bool(pointers) | n.THREADS * bool(threads)
        L = n.lua.luaL_newstate()
        if not L:
            raise MemoryError("no memory for a Lua state")
        error = n.Error()
        try:
            n.lua.luaL_openlibs(L)
            check(n.lib.tessera_open(L, config, error), error)
            self._L, self._context = L, n.lib.tessera_context(L)
            self._load(OPENING, "tessera")
            self._protected(0, 2)
            self._set, self._get = (n.lua.luaL_ref(L, REGISTRY) for _ in range(2))
            n.lua.lua_settop(L, 0)
        except BaseException:
            self._L = self._context = None
            n.lua.lua_close(L)
            raise

    # ---- running

    def run(self, source, /, *, chunk_name="script", **values):
        """Sets the values as globals and runs the source. Returns what it returns: None, a value, or a tuple."""
        with self._lock:
            for name, value in values.items():
                self[name] = value
            with _Stack(self) as L:
                below = n.lua.lua_gettop(L)
                self._load(source.encode() if isinstance(source, str) else bytes(source), chunk_name)
                self._protected(0, ALL)
                return self._results(L, below)

    def __getitem__(self, name):
        """The value of a global; None when there is none."""
        with self._lock, _Stack(self) as L:
            n.lua.lua_rawgeti(L, REGISTRY, self._get)
            self._push(L, str(name))
            self._protected(1, 1)
            return self._value(L, n.lua.lua_gettop(L))

    def __setitem__(self, name, value):
        with self._lock, _Stack(self) as L:
            n.lua.lua_rawgeti(L, REGISTRY, self._set)
            self._push(L, str(name))
            self._push(L, value, label=str(name))
            self._protected(2, 0)

    def lend(self, name, obj, *, writable=None, face="np"):
        """Sets a global to an array over the object's memory, and returns the Lease with which it can be taken
        back. writable=False gives scripts no right to write; True is for DLPack producers whose older struct
        cannot say that their memory may be written to."""
        with self._lock, _Stack(self) as L:
            n.lua.lua_rawgeti(L, REGISTRY, self._set)
            self._push(L, str(name))
            self._push_memory(L, obj, str(name), writable, n.TORCH if face == "torch" else n.NUMPY)
            lease = Lease(n.lib.tsr_array_storage(n.lib.tessera_test(L, -1)))
            self._protected(2, 0)
            return lease

    def _call(self, reference, arguments):
        with self._lock, _Stack(self) as L:
            below = n.lua.lua_gettop(L)
            n.lua.lua_rawgeti(L, REGISTRY, reference)
            for i, argument in enumerate(arguments):
                self._push(L, argument, label="argument %d" % (i + 1))
            self._protected(len(arguments), ALL)
            return self._results(L, below)

    # ---- limits

    def memory(self):
        """Bytes: current, peak, cached, lent, quota, mapped, allocated."""
        with self._lock, _Stack(self) as L:
            figures = n.Memory()
            n.lib.tessera_memory(L, figures)
            return {name: getattr(figures, name) for name in figures.names}

    def cancel(self):
        """Makes the array operations of the state fail from now on, also one that runs; any thread."""
        with self._guard:
            if self._context:
                n.lib.tsr_context_cancel(self._context)

    def clear_cancel(self):
        with self._guard:
            if self._context:
                n.lib.tsr_context_clear_cancel(self._context)

    def close(self):
        """Ends the state. Arrays that came out of it stay as they are; what was lent is let go of, unless
        somebody still holds it."""
        with self._lock:
            with self._guard:
                L, self._L, self._context = self._L, None, None
            if L:
                n.lua.lua_close(L)

    @property
    def closed(self):
        return self._L is None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_L", None):
            self.close()

    # ---- to Lua

    def _load(self, source, name):
        code = n.lua.luaL_loadbufferx(self._L, source, len(source), ("=" + name).encode(), b"t")
        if code != 0:
            self._raise(code)

    def _protected(self, arguments, results):
        interrupted = c_int()
        if _raises_on_interrupt():
            code = n.lib.tessera_python_pcall(self._L, arguments, results, self._context, interrupted)
        else:
            code = n.lua.lua_pcallk(self._L, arguments, results, 0, None, None)
        if interrupted:  # Python has not raised: a finalizer inside of the call swallowed it
            raise KeyboardInterrupt
        if code != 0:
            self._raise(code)

    def _push(self, L, value, label="value", depth=0):
        if depth > DEPTH or not n.lua.lua_checkstack(L, 8):
            raise ValueError("the value is nested too deeply, or holds itself")
        if value is None:
            n.lua.lua_pushnil(L)
        elif isinstance(value, bool):
            n.lua.lua_pushboolean(L, value)
        elif isinstance(value, numbers.Integral):
            value = int(value)
            if not -2 ** 63 <= value < 2 ** 63:
                raise ValueError("%d is beyond the integers of Lua" % value)
            n.lua.lua_pushinteger(L, value)
        elif isinstance(value, numbers.Real):
            n.lua.lua_pushnumber(L, float(value))
        elif isinstance(value, (str, bytes)):
            text = value.encode() if isinstance(value, str) else value
            n.lua.lua_pushlstring(L, text, len(text))
        elif isinstance(value, Array):
            error = n.Error()
            check(n.lib.tessera_push(L, value._handle, n.NUMPY, error), error)
        elif isinstance(value, Function):
            if value._state is not self:
                raise ValueError("the function belongs to another state")
            n.lua.lua_rawgeti(L, REGISTRY, value._reference)
        elif isinstance(value, dict):
            n.lua.lua_createtable(L, 0, len(value))
            for key, item in value.items():
                if key is None or key != key:
                    raise ValueError("nil and NaN are no keys of a table")
                self._push(L, key, label, depth + 1)
                self._push(L, item, label, depth + 1)
                n.lua.lua_rawset(L, -3)
        elif isinstance(value, (list, tuple)):
            n.lua.lua_createtable(L, len(value), 0)
            for i, item in enumerate(value):
                self._push(L, item, label, depth + 1)
                n.lua.lua_rawseti(L, -2, i + 1)
        else:
            self._push_memory(L, value, label)

    def _push_memory(self, L, value, label, writable=None, face=None):
        top = n.lua.lua_gettop(L)
        if face is None:
            face = n.TORCH if _lend.is_torch(value) else n.NUMPY
        if not _lend.push(L, self._context, value, label, writable, face):
            raise UnsupportedError("%s: a %s is no value of Lua and offers no memory" % (label, type(value).__name__))
        if n.lua.lua_gettop(L) > top + 1:  # the last one counts
            n.lua.lua_rotate(L, top + 1, 1)
            n.lua.lua_settop(L, top + 1)

    # ---- from Lua

    def _results(self, L, below):
        values = [self._value(L, i + 1) for i in range(below, n.lua.lua_gettop(L))]
        return None if not values else values[0] if len(values) == 1 else tuple(values)

    def _text(self, L, index):
        size = c_size_t()
        address = n.lua.lua_tolstring(L, index, size)
        return ctypes.string_at(address, size.value)

    def _value(self, L, index, depth=0):
        kind = n.lua.lua_type(L, index)
        if kind <= NIL:
            return None
        if kind == BOOLEAN:
            return bool(n.lua.lua_toboolean(L, index))
        if kind == NUMBER:
            if n.lua.lua_isinteger(L, index):
                return n.lua.lua_tointegerx(L, index, None)
            return n.lua.lua_tonumberx(L, index, None)
        if kind == STRING:
            text = self._text(L, index)
            try:
                return text.decode()
            except UnicodeDecodeError:
                return text
        if kind == TABLE:
            return self._table(L, index, depth)
        if kind == FUNCTION:
            n.lua.lua_pushvalue(L, index)
            return Function(self, n.lua.luaL_ref(L, REGISTRY))
        array = n.lib.tessera_test(L, index)
        if not array:
            raise UnsupportedError("a value of Lua that is neither data nor a function cannot come out")
        return Array._of(array)

    def _table(self, L, index, depth):
        """A list when the keys are 1 to n, else a dict."""
        if depth > DEPTH or not n.lua.lua_checkstack(L, 8):
            raise ValueError("the table is nested too deeply, or holds itself")
        found = {}
        n.lua.lua_pushnil(L)
        while n.lua.lua_next(L, index):
            top = n.lua.lua_gettop(L)
            found[self._value(L, top - 1, depth + 1)] = self._value(L, top, depth + 1)
            n.lua.lua_settop(L, top - 1)
        if all(type(key) is int for key in found) and set(found) == set(range(1, len(found) + 1)):
            return [found[i + 1] for i in range(len(found))]
        return found

    def _raise(self, code):
        """Raises the error value on top of the stack."""
        L, last = self._L, n.Error()
        n.lib.tessera_last_error(L, last)
        top = n.lua.lua_gettop(L)
        if n.lua.lua_type(L, top) != STRING:
            raise LuaError("the script raised a value that is no text", self._value(L, top))
        raw = self._text(L, top)
        text = raw.decode("utf-8", "replace")
        if code == ERRSYNTAX:
            raise SyntaxError(text)
        if code == ERRMEM:
            raise MemoryError(text)
        if last.status != 0 and raw.endswith(last.message):
            raise (KINDS[last.status] if last.status < len(KINDS) else Error)(text)
        raise LuaError(text)


class _Stack:
    """The Lua state of an open State, whose stack is empty before and after."""

    def __init__(self, state):
        self.state = state

    def __enter__(self):
        L = self.state._L
        if L is None:
            raise LimitError("the state is closed")
        self.top = n.lua.lua_gettop(L)
        forgotten = self.state._forgotten
        while forgotten:
            n.lua.luaL_unref(L, REGISTRY, forgotten.pop())
        if not n.lua.lua_checkstack(L, 20):
            raise MemoryError("no room on the Lua stack")
        return L

    def __exit__(self, *_):
        if self.state._L is not None:
            n.lua.lua_settop(self.state._L, self.top)

