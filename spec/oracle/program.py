"""Small programs in two languages at once, and what they must give.

A Program is built step by step. Every step appends a line of Lua and does the same with NumPy or
PyTorch; when the library refuses the step, the Lua line must raise an error, and the program ends.
One program a line of the output file, fields separated by tabs:

    face      numpy or torch
    family    name of a group of programs
    source    Lua, `;;` for newlines. It finds the bytes of its buffers in B[1], B[2], ... and
              returns the results, unpack(t, n) those in a table t of n; the buffers, as uint8 arrays, are u1, u2, ...
    buffers   hexadecimal (an empty one is -), separated by commas
    expected  "error" (of the last line), or the results separated by spaces, after the word "beyond" when an
              element is read that no number of a Lua without integers holds:
              dtype/sizes/strides/place/bytes, where strides are in bytes, place is "copy" or
              BUFFER+OFFSET of the first element in bytes, and bytes are hexadecimal, row-major
    after     the bytes of the buffers when all is done, as in `buffers`

A Lua without integers (5.1, 5.2, LuaJIT) has files of its own, which LUA_NUMBERS=floats in the
environment asks for: whatever number an array takes there is a float in both languages.

Rules by which expectations differ from the installed libraries (RULES below are counted and
printed, so that a rule that no program meets is seen):
"""
import os
import random

import numpy as np
import torch

RULES = {
    "saturate": "floating to integer truncates, out of range saturates, NaN becomes 0 (C: undefined)",
    "round once": "floating to bfloat16 is one rounding (torch goes through float32)",
    "signalling nan": "programs that convert signalling NaNs are not drawn (payloads are free)",
    "fits": "a Lua integer that the dtype cannot hold is an error (NumPy 2; 1.24 wraps)",
    "bounds": "as_strided outside the storage is an error (NumPy: undefined)",
    "uint64 element": "an element of uint64 beyond 2^63 - 1 is no Lua number: an error",
    "diagonal": "np.diagonal is writable (NumPy announces it, and is read-only to this day)",
    "pad to 0": "padding by negative widths may leave nothing since torch 2.1 (1.13: an error)",
    "no diagonal": "torch.diag beyond the matrix is empty since 2.0 (1.13: an error)",
    "view dtype": "torch asks whole strides of a view as a larger dtype; any layout is legal here",
    "one byte twice": "writes through a view that shows one byte twice are not drawn (the last wins)",
}
met = dict.fromkeys(RULES, 0)

FLOATS = ["float16", "float32", "float64"]
INTS = ["uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
COMPLEX = ["complex64", "complex128"]
NUMPY_DTYPES = ["bool"] + INTS + FLOATS + COMPLEX
# torch has uint16, uint32 and uint64 since 2.3 only
TORCH_DTYPES = [d for d in NUMPY_DTYPES if d not in ("uint16", "uint32", "uint64")] + ["bfloat16"]


INTEGERS = os.environ.get("LUA_NUMBERS") != "floats"


def number(x):
    """A number that an array takes, as the Lua at hand has it."""
    return x if INTEGERS or not isinstance(x, int) or isinstance(x, bool) else float(x)


class Skip(Exception):
    """The program is not worth writing: a rule leaves its result open."""


class Done(Exception):
    """The program ended, in an error or with its last result."""


# ---- values --------------------------------------------------------------------------------------

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, 127.0, 128.0, 255.0, 256.0, -128.5, 32767.5,
           65504.0, 65520.0, 2.0 ** 31, -2.0 ** 31, 2.0 ** 32, 2.0 ** 53, 2.0 ** 63, -2.0 ** 63,
           2.0 ** 64, 1e-8, 6e-8, 1e-40, 1e300, -1e300, float("inf"), float("-inf"), float("nan")]


def float_values(n, wild):
    if not wild:
        return [random.uniform(-100, 100) for _ in range(n)]
    return [random.choice(SPECIAL) if random.random() < 0.4
            else random.choice([-1, 1]) * 10.0 ** random.uniform(-10, 25) for _ in range(n)]


def to_bfloat16(values):
    """The bits of float64 values rounded once to bfloat16, ties to even."""
    x = np.asarray(values, np.float64)
    f = x.astype(np.float32)
    bits = f.view(np.uint32).astype(np.int64)
    back = f.astype(np.float64)
    inexact = (back != x) & ~np.isnan(x)
    too_far = inexact & (np.abs(back) > np.abs(x))
    bits = np.where(too_far, bits - 1, bits) | inexact  # rounded to odd, so that rounding again is safe
    rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16
    return np.where(np.isnan(x), (bits >> 16) | 0x40, rounded).astype(np.uint16)


def draw_bytes(dtype, n):
    wild = random.random() < 0.7
    if dtype == "bool":
        return bytes(random.randrange(2) for _ in range(n))
    if dtype in INTS:
        size = np.dtype(dtype).itemsize
        if wild:
            return random.getrandbits(8 * size * n).to_bytes(size * n, "little") if n else b""
        return np.array([random.randrange(0, 100) for _ in range(n)], dtype).tobytes()
    values = float_values(2 * n if dtype in COMPLEX else n, wild)
    if dtype == "bfloat16":
        return to_bfloat16(values).tobytes()
    part = {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)
    return np.array(values, np.float64).astype(part).tobytes()


def item_size(dtype):
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize


def draw_shape(ndim=None, most=5):
    ndim = random.choice([0, 1, 1, 2, 2, 2, 3, 3, 4, 5]) if ndim is None else ndim
    most = {1: 3 * most, 2: most + 2, 3: most, 4: 4, 5: 3}.get(ndim, 2)
    return [random.choice([0, 1, 1] if random.random() < 0.12 else [random.randint(2, most)])
            for _ in range(ndim)]


# ---- conversion, by our rules --------------------------------------------------------------------


def has_signalling_nan(a):
    if a.dtype.kind == "c":
        return has_signalling_nan(a.real) or has_signalling_nan(a.imag)
    if a.dtype.kind != "f":
        return False
    a = np.ascontiguousarray(a)
    quiet = 1 << {2: 9, 4: 22, 8: 51}[a.dtype.itemsize]
    return bool((np.isnan(a) & ((a.view("u%d" % a.dtype.itemsize) & quiet) == 0)).any())


def convert(a, dtype):
    """a.astype(dtype) of NumPy, with the rule for floating to integer."""
    dtype = np.dtype(dtype)
    if dtype == a.dtype:
        return a
    if has_signalling_nan(a):
        met["signalling nan"] += 1
        raise Skip
    with np.errstate(all="ignore"):
        if a.dtype.kind == "c" and dtype.kind != "c" and dtype.kind != "b":
            a = a.real
        if a.dtype.kind != "f" or dtype.kind not in "iu":
            return a.astype(dtype)
        met["saturate"] += 1
        info = np.iinfo(dtype)
        wide = np.trunc(a.astype(np.float64))
        low, high = wide < float(info.min), wide >= float(info.max) + (dtype.itemsize < 8)
        inside = np.where(low | high | np.isnan(wide), 0, wide)
        out = inside.astype(dtype)
        return np.where(low, dtype.type(info.min), np.where(high, dtype.type(info.max), out))


# ---- the two languages ---------------------------------------------------------------------------


def lua(v):
    """A Python value as Lua text; indices and dimensions must have been translated before."""
    if v is None:
        return "nil"
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (list, tuple)):
        return "{%s}" % ", ".join(map(lua, v))
    if isinstance(v, dict):
        return "{%s}" % ", ".join("%s = %s" % (k, lua(x)) for k, x in v.items() if x is not None)
    if isinstance(v, Raw):
        return str(v)
    if isinstance(v, str):
        return '"%s"' % v
    if isinstance(v, float):
        if v != v:
            return "np.nan"
        if v == 0 and str(v) == "-0.0" and not INTEGERS:
            return "(-1 / math.huge)"  # Lua 5.1 takes the literal -0.0 for 0
        return "(%s1/0)" % "-"[:v < 0] if abs(v) == float("inf") else repr(v)
    return str(int(v)) if int(v) > -2 ** 63 else "math.mininteger"


class Raw(str):
    """Lua text that stands as it is."""


def dim(d):
    """A dimension counted from 0 as Lua counts it; negative ones stay."""
    if isinstance(d, (list, tuple)):
        return [dim(x) for x in d]
    return d if d is None or d < 0 else d + 1


class Program:
    def __init__(self, face, family):
        self.face, self.family = face, family
        self.lines, self.buffers, self.first = [], [], []
        self.module = "np" if face == "numpy" else "torch"
        self.names, self.beyond = 0, False

    def name(self):
        self.names += 1
        return "v%d" % self.names

    def dtype(self, dtype):
        return Raw("%s.%s" % (self.module, dtype))

    def buffer(self, data):
        """Declares writable memory of these bytes."""
        self.first.append(bytes(data))
        block = bytearray(data) or bytearray(1)
        self.buffers.append(block)
        k = len(self.buffers)
        self.lines.append("local u%d = %s.frombuffer(B[%d], {dtype = ts.np.uint8})%s" % (
            k, self.module, k, ":clone()" if self.face == "torch" else ":copy()"))
        return "u%d" % k, block

    def step(self, text, work, last=False):
        """One line: `local v = text`; work() does it in Python."""
        name = self.name()
        self.lines.append("local %s = %s" % (name, text))
        return Value(self, self.attempt(work), name)

    def act(self, text, work):
        self.lines.append(text)
        self.attempt(work)

    def attempt(self, work):
        try:
            return work()
        except (ValueError, IndexError, TypeError, RuntimeError, OverflowError) as e:
            if "must have a stride divisible by" in str(e) or "storage_offset divisible" in str(e):
                met["view dtype"] += 1
                raise Skip
            if "different element sizes" in str(e) and "self.size(-1)" not in str(e):
                met["view dtype"] += 1
                raise Skip
            if "numel: integer multiplication overflow" in str(e):
                met["no diagonal"] += 1
                raise Skip
            if "not implemented for" in str(e):  # torch: a dtype that later versions have
                raise Skip
            self.finish("error")

    def refuse(self, rule):
        """The line just written is an error by one of our rules."""
        met[rule] += 1
        self.finish("error")

    def finish(self, expected):
        self.expected = "beyond " * self.beyond + expected
        raise Done

    def results(self, values):
        self.lines.append("return " + ", ".join(v.name for v in values))
        self.finish(" ".join(self.describe(v.py) for v in values))

    def list(self, v):
        """The results are the entries of the table v."""
        self.lines.append("return unpack(%s, %d)" % (v.name, len(v.py)))
        self.finish(" ".join(self.describe(x) for x in v.py))

    def describe(self, x):
        if isinstance(x, torch.Tensor):
            item = x.element_size()
            dtype, strides, at = str(x.dtype)[6:], [s * item for s in x.stride()], x.data_ptr()
            shape, data = list(x.shape), tensor_bytes(x)
        else:
            x = np.asarray(x)
            dtype, strides, at = x.dtype.name, x.strides, x.__array_interface__["data"][0]
            shape, data = x.shape, x.tobytes()
        found = self.locate(at)
        place = "%d+%d" % (found[0] + 1, found[1]) if found else "copy"
        return "/".join([dtype, ",".join(map(str, shape)), ",".join(map(str, strides)), place,
                         data.hex()])

    def locate(self, address):
        """Which buffer holds an address, and where."""
        for k, block in enumerate(self.buffers):
            start = np.frombuffer(block, np.uint8).__array_interface__["data"][0]
            if start <= address < start + len(block):
                return k, address - start
        return None

    def place(self, a):
        """The buffer of an ndarray and the offset of its first element; None for a copy."""
        found = self.locate(a.__array_interface__["data"][0])
        return found and (self.buffers[found[0]], found[1])

    def text(self):
        after = [bytes(b)[:len(f)] for b, f in zip(self.buffers, self.first)]
        texts = [",".join(b.hex() or "-" for b in blocks) for blocks in (self.first, after)]
        return "\t".join([self.face, self.family, ";;".join(self.lines), texts[0], self.expected,
                          texts[1]])


def tensor_bytes(t):
    t = t.detach().contiguous()
    if t.is_conj() or t.is_neg():
        t = t.resolve_conj().resolve_neg()
    if t.dtype == torch.bfloat16:
        t = t.view(torch.int16)
    return t.numpy().tobytes()


class Value:
    """The same array in both languages: .py and the name of a Lua variable."""

    def __init__(self, program, py, name):
        self.p, self.py, self.name = program, py, name

    @property
    def ndim(self):
        return self.py.ndim

    @property
    def shape(self):
        return list(self.py.shape)

    def method(self, name, args, work, options=None):
        """v:name(args...)"""
        return self.p.step("%s:%s(%s)" % (self.name, name, arguments(args, options)), work)

    def call(self, name, args, work, options=None):
        """module.name(v, args...)"""
        return self.p.step("%s.%s(%s)" % (self.p.module, name, arguments(
            [Raw(self.name)] + list(args), options)), work)

    def either(self, name, args, work, options=None):
        return random.choice([self.method, self.call])(name, args, work, options)


def arguments(args, options):
    args = list(args)
    while args and args[-1] is None:
        args.pop()
    parts = [lua(a) for a in args]
    options = {k: v for k, v in (options or {}).items() if v is not None}
    return ", ".join(parts + [lua(options)] if options else parts)


def broadcastable(p, base):
    """A few values that base(p, shape=...) draws of shapes that broadcast, now and then of ones that do not."""
    shape = [random.randint(1, 4) for _ in range(random.randint(0, 3))]
    values = []
    for _ in range(random.randint(1, 3)):
        part = shape[random.randrange(len(shape) + 1):]
        part = [1 if random.random() < 0.3 else n for n in part]
        if random.random() < 0.03:
            part = [n + 1 for n in part]
        values.append(base(p, shape=part))
    return values


def write(out, face, family, body, count):
    """Draws `count` programs by body(program)."""
    written = 0
    while written < count:
        p = Program(face, family)
        try:
            body(p)
            raise AssertionError("program without an end")
        except Skip:
            continue
        except Done:
            pass
        out.write(p.text() + "\n")
        written += 1
    return written
