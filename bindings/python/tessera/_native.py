"""The library and Lua, as ctypes sees them: tessera.h and tessera_lua.h in Python."""
import ctypes
import glob
import os
from ctypes import (CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p, c_double, c_int, c_int32, c_int64,
                    c_longlong, c_size_t, c_ssize_t, c_uint, c_void_p, py_object)


class Error(Structure):
    _fields_ = [("status", c_int), ("index_base", c_int32), ("message", c_char * 472)]


class CoreConfig(Structure):
    _fields_ = [("struct_size", c_size_t), ("allocate", c_void_p), ("release", c_void_p), ("user", c_void_p),
                ("quota", c_size_t), ("cache_limit", c_size_t), ("isa", c_char_p), ("parallel_for", c_void_p),
                ("threads", c_int), ("executor", c_void_p)]


class Config(Structure):
    _fields_ = [("struct_size", c_size_t), ("core", CoreConfig), ("capabilities", c_uint)]


class Buffer(Structure):
    _fields_ = [("struct_size", c_size_t), ("data", c_void_p), ("bytes", c_size_t), ("kind", c_int),
                ("rights", c_uint), ("label", c_char_p), ("release", c_void_p), ("user", c_void_p)]


class Memory(Structure):
    names = ("current", "peak", "cached", "lent", "quota", "mapped", "allocated")
    _fields_ = [(name, c_size_t) for name in names] + [("more", c_size_t * 16)]  # what a later library may tell


class DtypeInfo(Structure):
    _fields_ = [("name", c_char_p), ("typestr", c_char_p), ("kind", c_char), ("itemsize", ctypes.c_uint8),
                ("alignment", ctypes.c_uint8), ("digits", ctypes.c_uint8), ("component", c_int)]


class Scalar(Structure):
    class Value(ctypes.Union):
        _fields_ = [("i", c_int64), ("u", ctypes.c_uint64), ("f", c_double), ("c", c_double * 2)]
    _fields_ = [("dtype", c_int), ("value", Value)]


class PyBuffer(Structure):
    _fields_ = [("buf", c_void_p), ("obj", c_void_p), ("len", c_ssize_t), ("itemsize", c_ssize_t),
                ("readonly", c_int), ("ndim", c_int), ("format", c_char_p), ("shape", POINTER(c_ssize_t)),
                ("strides", POINTER(c_ssize_t)), ("suboffsets", POINTER(c_ssize_t)), ("internal", c_void_p)]


READ, WRITE = 1, 2
LENT = 1
NUMPY, TORCH = 0, 1
FILES, POINTERS, THREADS = 1, 2, 4
LEGACY, NEGATIVE, COPIED, READONLY, WRITABLE = 1, 2, 4, 8, 16
ABI = 1
MAX_DIMS = 32


def find_library():
    """Candidates in the order in which they are tried."""
    here = os.path.dirname(os.path.abspath(__file__))
    top = os.path.dirname(os.path.dirname(os.path.dirname(here)))
    asked = os.environ.get("TESSERA_LIBRARY")
    if asked:
        return [asked]
    try:
        from ._installed import LIBRARY
        return [LIBRARY]
    except ImportError:
        pass
    return (glob.glob(os.path.join(here, "libtessera_lua*.so*"))
            + glob.glob(os.path.join(top, "build", "lua", "5.4", "libtessera_lua.so"))
            + ["libtessera_lua5.4.so.%d" % ABI])


def load():
    """Lua for all to see, then the library, which takes the Lua that the process has."""
    lua = ctypes.CDLL(os.environ.get("TESSERA_LUA", "liblua5.4.so.0"), ctypes.RTLD_GLOBAL)
    problems = []
    for path in find_library():
        try:
            return lua, ctypes.CDLL(path)
        except OSError as problem:
            problems.append(str(problem))
    raise ImportError("libtessera_lua was not found: " + "; ".join(problems))


lua, lib = load()
python = ctypes.pythonapi
State, P = c_void_p, POINTER
sizes = P(c_int64)


def declare(library, result, name, *arguments):
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


for row in (
        (State, "luaL_newstate"), (None, "luaL_openlibs", State), (None, "lua_close", State),
        (c_int, "lua_gettop", State), (None, "lua_settop", State, c_int), (c_int, "lua_checkstack", State, c_int),
        (None, "lua_rotate", State, c_int, c_int), (c_int, "lua_type", State, c_int),
        (c_int, "lua_isinteger", State, c_int), (c_int, "lua_toboolean", State, c_int),
        (c_longlong, "lua_tointegerx", State, c_int, c_void_p), (c_double, "lua_tonumberx", State, c_int, c_void_p),
        (c_void_p, "lua_tolstring", State, c_int, P(c_size_t)), (c_void_p, "lua_topointer", State, c_int),
        (None, "lua_pushnil", State), (None, "lua_pushboolean", State, c_int),
        (None, "lua_pushinteger", State, c_longlong), (None, "lua_pushnumber", State, c_double),
        (c_void_p, "lua_pushlstring", State, c_char_p, c_size_t), (None, "lua_pushvalue", State, c_int),
        (None, "lua_createtable", State, c_int, c_int), (None, "lua_rawset", State, c_int),
        (None, "lua_rawseti", State, c_int, c_longlong), (c_int, "lua_rawgeti", State, c_int, c_longlong),
        (c_int, "lua_next", State, c_int), (c_int, "luaL_ref", State, c_int), (None, "luaL_unref", State, c_int, c_int),
        (c_int, "luaL_loadbufferx", State, c_char_p, c_size_t, c_char_p, c_char_p),
        (c_int, "lua_pcallk", State, c_int, c_int, c_int, c_void_p, c_void_p)):
    declare(lua, *row)

for row in (
        (c_int, "tsr_abi"), (c_int, "tessera_abi"),
        (c_int, "tessera_open", State, P(Config), P(Error)), (c_void_p, "tessera_context", State),
        (None, "tessera_last_error", State, P(Error)), (c_bool, "tessera_memory", State, P(Memory)),
        (c_void_p, "tessera_test", State, c_int), (c_int, "tessera_push", State, c_void_p, c_int, P(Error)),
        (c_int, "tessera_from_dlpack", State, c_void_p, c_uint, c_int, P(Error)),
        (None, "tsr_context_cancel", c_void_p), (None, "tsr_context_clear_cancel", c_void_p),
        (None, "tsr_context_count_copy", c_void_p),
        (c_int, "tsr_storage_wrap", c_void_p, P(Buffer), P(c_void_p), P(Error)),
        (None, "tsr_storage_on_release", c_void_p, c_void_p, c_void_p),
        (None, "tsr_storage_retain", c_void_p), (None, "tsr_storage_release", c_void_p),
        (c_int, "tsr_storage_export", c_void_p, c_char_p, P(Error)), (None, "tsr_storage_unexport", c_void_p),
        (c_int, "tsr_storage_revoke", c_void_p, c_int64, P(Error)), (c_bool, "tsr_storage_revoked", c_void_p),
        (c_char_p, "tsr_storage_label", c_void_p), (c_int, "tsr_storage_kind", c_void_p),
        (c_char_p, "tsr_kind_name", c_int),
        (c_int, "tsr_array_from_storage", c_void_p, c_void_p, c_int, c_int, sizes, sizes, c_int64, c_uint,
         P(c_void_p), P(Error)),
        (None, "tsr_array_release", c_void_p), (c_int, "tsr_array_dtype", c_void_p),
        (c_int, "tsr_array_ndim", c_void_p), (sizes, "tsr_array_shape", c_void_p),
        (sizes, "tsr_array_strides", c_void_p), (c_int64, "tsr_array_size", c_void_p),
        (c_uint, "tsr_array_rights", c_void_p), (c_void_p, "tsr_array_storage", c_void_p),
        (c_void_p, "tsr_array_context", c_void_p), (c_void_p, "tsr_array_data", c_void_p),
        (c_bool, "tsr_array_is_contiguous", c_void_p), (c_bool, "tsr_array_is_swapped", c_void_p),
        (c_int, "tsr_array_usable", c_void_p, c_bool, P(Error)),
        (c_int, "tsr_array_get", c_void_p, c_int, sizes, P(Scalar), P(Error)),
        (c_int, "tsr_view_alias", c_void_p, c_uint, P(c_void_p), P(Error)),
        (c_int, "tsr_view_dtype", c_void_p, c_int, P(c_void_p), P(Error)),
        (c_int, "tsr_clone", c_void_p, c_void_p, c_int, c_int, P(c_void_p), P(Error)),
        (c_int, "tsr_dlpack_export", c_void_p, c_uint, c_char_p, P(c_void_p), P(Error)),
        (None, "tsr_dlpack_delete", c_void_p, c_uint),
        (P(DtypeInfo), "tsr_dtype_describe", c_int), (c_bool, "tsr_dtype_parse", c_int, c_char_p, P(c_int))):
    declare(lib, *row)

for row in (
        (py_object, "PyCapsule_New", c_void_p, c_char_p, c_void_p),
        (c_int, "PyCapsule_IsValid", py_object, c_char_p), (c_void_p, "PyCapsule_GetPointer", py_object, c_char_p),
        (c_int, "PyCapsule_SetName", py_object, c_char_p), (None, "Py_IncRef", py_object), (None, "Py_DecRef", py_object),
        (c_int, "PyObject_GetBuffer", py_object, P(PyBuffer), c_int), (None, "PyBuffer_Release", P(PyBuffer))):
    declare(python, *row)

if (lib.tsr_abi(), lib.tessera_abi()) != (ABI, ABI):
    raise ImportError("libtessera_lua has ABI %d, this package needs %d" % (lib.tsr_abi(), ABI))

declare(lib, c_int, "tessera_python_pcall", State, c_int, c_int, c_void_p, P(c_int))
RELEASE = ctypes.cast(lib.tessera_python_release, c_void_p)
DROP_CAPSULE = ctypes.cast(lib.tessera_python_drop_capsule, c_void_p)

# ---- dtypes: numbers by name, and what is known of each
INFO = []
while lib.tsr_dtype_describe(len(INFO)):
    INFO.append(lib.tsr_dtype_describe(len(INFO)).contents)
NAMES = [info.name.decode() for info in INFO]
TYPESTRS = [info.typestr.decode() for info in INFO]


def dtype_of(typestr):
    """The dtype of NumPy's type string, or None."""
    found = c_int()
    return found.value if lib.tsr_dtype_parse(NUMPY, typestr.encode(), found) else None
