"""Writes random arrays with the texts that NumPy and PyTorch print for them.

Usage: /usr/bin/python3 print_cases.py FILE [SEED]

One case a line, fields separated by tabs:

    face      numpy or torch
    family    name of a group of cases
    how       repr, str or array2string
    dtype     name of the dtype
    shape     sizes separated by commas, empty for a 0-dimensional array
    data      hexadecimal, the little-endian bytes
    options   a Lua table: print options, or the arguments of array2string
    extra     a Lua table: default_dtype, requires_grad
    expected  hexadecimal, the text

The texts come from the libraries that are installed. Where later versions print differently, the
later one decides, and this file applies its rule to the installed one:

    numpy 2.0  `sign` applies to integers too.
    numpy 2.0  The border to small numbers, 1e-4, is compared as a number of the array's dtype.
    numpy 2.2  The repr of a summarised array ends in its shape, before the dtype. The shape of an
               empty array and its dtype go to the next line together.
    numpy 2.3  Scientific notation begins at 10 ** min(8, np.finfo(dtype).precision): at 1e3 for
               float16 and 1e6 for float32, not at 1e8 for all. str of a 0-dimensional array of
               these dtypes: the same, not 1e16.
    torch 2.1  set_printoptions(sci_mode=...) decides before widths are measured, not after.
    torch 2.1  edgeitems=0 shows "[...]" for a summarised tensor, and the size.
    torch 2.3  uint16, uint32 and uint64 exist; they print as other integers do.
"""
import os
import random
import sys

import numpy as np
import numpy.core.arrayprint as arrayprint
import torch
import torch._tensor_str as tensor_str

# ---- NumPy's newer rules -------------------------------------------------------------------------

fill_format = arrayprint.FloatingFormat.fillFormat


def fill_format_2(self, data):
    finite = np.abs(data[np.isfinite(data) & (data != 0)])
    if finite.size:
        kind = data.dtype.type
        large, small = finite.max(), finite.min()
        ratio = large / small
        self.exp_format = bool(
            large >= 10.0 ** min(8, np.finfo(kind).precision)
            or not self.suppress_small and (small < kind(1e-4) or ratio > 1000.0))
    suppress, self.suppress_small = self.suppress_small, True
    fill_format(self, data)
    self.suppress_small = suppress


class IntegerFormat2:
    def __init__(self, data):
        sign = np.get_printoptions()["sign"]
        if sign == " " and data.min() < 0:
            sign = "-"
        texts = [("+" if sign == "+" else "") + str(int(x)) if x >= 0 else str(int(x))
                 for x in (data.max(), data.min())]
        width = max(map(len, texts))
        if sign == " ":
            width = max(len(t) + 1 for t in texts)
        self.format = "{:%s%dd}" % (sign, width)

    def __call__(self, x):
        return self.format.format(int(x))


arrayprint.FloatingFormat.fillFormat = fill_format_2
arrayprint.IntegerFormat = IntegerFormat2


def numpy_repr(a):
    text = "array(" + np.array2string(a, separator=", ", prefix="array(", suffix=")")
    options = np.get_printoptions()
    extras = []
    if (a.size == 0 and a.shape != (0,)) or a.size > options["threshold"]:
        extras.append("shape=%s" % (a.shape,))
    if a.size == 0 or a.dtype.name not in ("int64", "float64", "complex128", "bool"):
        extras.append("dtype=%s" % a.dtype.name)
    if not extras:
        assert text + ")" == repr(a)
        return text + ")"
    text += ","
    extra = ", ".join(extras) + ")"
    last_line = text.rsplit("\n", 1)[-1]
    far = len(last_line) + 1 + len(extra) > options["linewidth"]
    return text + ("\n      " if far else " ") + extra


def scalar_str(x, trim, sign):
    if np.isnan(x):
        return "+nan" if sign else "nan"
    large = {2: 1e3, 4: 1e6, 8: 1e16}[x.dtype.itemsize]
    if x == 0 or large > abs(float(x)) >= 1e-4:
        return np.format_float_positional(x, trim=trim, sign=sign)
    return np.format_float_scientific(x, trim="-", sign=sign)


def numpy_str(a):
    if a.ndim or a.dtype.kind in "bui":
        return str(a)
    x = a[()]
    if a.dtype.kind == "f":
        return scalar_str(x, "0", False)
    if x.real == 0 and not np.signbit(x.real):
        return scalar_str(x.imag, "-", False) + "j"
    return "(%s%sj)" % (scalar_str(x.real, "-", False), scalar_str(x.imag, "-", True))


# ---- PyTorch's newer rules -----------------------------------------------------------------------


class Formatter2(tensor_str._Formatter):
    def __init__(self, tensor):
        wanted = tensor_str.PRINT_OPTS.sci_mode
        tensor_str.PRINT_OPTS.sci_mode = None
        super().__init__(tensor)
        tensor_str.PRINT_OPTS.sci_mode = wanted
        if wanted is None or not self.floating_dtype:
            return
        finite = [x for x in tensor.reshape(-1).tolist() if np.isfinite(x) and x != 0]
        if not finite:
            return
        self.sci_mode = wanted
        digits = tensor_str.PRINT_OPTS.precision
        form = "%%.%de" % digits if wanted else "%.0f." if self.int_mode else "%%.%df" % digits
        self.max_width = max(len(form % x) for x in finite)


tensor_str._Formatter = Formatter2


def torch_repr(t, shown_as=None):
    if t.numel() == 0 or (shown_as is None and tensor_str.PRINT_OPTS.edgeitems):
        return repr(t)
    suffixes = []
    if tensor_str.PRINT_OPTS.edgeitems:
        text = tensor_str._tensor_str(t, len("tensor("))
    else:
        suffixes.append("size=%s" % (tuple(t.shape),))
        summarised = t.numel() > tensor_str.PRINT_OPTS.threshold and t.dim()
        text = "[...]" if summarised else tensor_str._tensor_str(t, len("tensor("))
    dtype = shown_as or str(t.dtype)
    if dtype not in ("torch.float32", "torch.complex64", "torch.int64", "torch.bool"):
        suffixes.append("dtype=" + dtype)
    return tensor_str._add_suffixes("tensor(" + text, suffixes, len("tensor("), False)


# ---- values --------------------------------------------------------------------------------------

FLOATS = ["float16", "float32", "float64"]
COMPLEX = ["complex64", "complex128"]
INTS = ["uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
NEW_INTS = {"uint16": np.int64, "uint32": np.int64, "uint64": np.int64}


def as_float(values, dtype):
    """Bytes of the values in a floating dtype; bfloat16 by cutting off a float32."""
    with np.errstate(all="ignore"):
        if dtype == "bfloat16":
            bits = np.asarray(values, np.float32).view(np.uint32) >> 16
            return bits.astype(np.uint16).tobytes()
        return np.asarray(values, np.float64).astype(dtype).tobytes()


def item_size(dtype):
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize


def float_values(kind, n):
    sign = random.choice([1, 1, -1, 0])
    signed = lambda x: x if sign == 1 else -x if sign == -1 else random.choice([x, -x])
    if kind == "nice":
        places, scale = random.randrange(6), 10.0 ** random.randrange(-3, 6)
        return [signed(round(random.random() * scale, places)) for _ in range(n)]
    if kind == "whole":
        scale = 10 ** random.randrange(1, 11)
        return [signed(float(random.randrange(scale))) for _ in range(n)]
    if kind == "mixed":
        low, high = random.uniform(-12, 4), random.uniform(-4, 12)
        return [signed(10.0 ** random.uniform(low, high)) for _ in range(n)]
    if kind == "even":
        step = 2.0 ** -random.randrange(8)
        return [signed(random.randrange(400) * step) for _ in range(n)]
    if kind == "border":
        base = random.choice([1e-4, 1.0, 1e3, 1e5, 1e6, 1e8])
        near = [base, base * 1000, base * 1000 * (1 + 2.0 ** -random.randrange(3, 30)),
                base * (1 - 2.0 ** -random.randrange(3, 30)), base * 10, 0.0]
        return [signed(random.choice(near)) for _ in range(n)]
    if kind == "special":
        pool = [float("inf"), -float("inf"), float("nan"), 0.0, -0.0] * 2
        pool = random.sample(pool, random.randrange(1, 6))
        pool += float_values(random.choice(["nice", "whole", "mixed"]), random.randrange(4))
        return [random.choice(pool) for _ in range(n)]
    raise ValueError(kind)


KINDS = ["bits", "nice", "nice", "whole", "mixed", "even", "border", "special", "tiny"]


def float_data(kind, dtype, n):
    size = item_size(dtype)
    if kind == "bits":
        return random.getrandbits(8 * size * n + 8).to_bytes(size * n + 1, "little")[:size * n]
    if kind == "tiny":  # subnormal numbers and their neighbours
        bits = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}[dtype]
        top = 8 * size - 1
        return b"".join((random.getrandbits(random.randrange(1, bits + 2))
                         | random.getrandbits(1) << top).to_bytes(size, "little")
                        for _ in range(n))
    return as_float(float_values(kind, n), dtype)


def data_for(dtype, n, kind=None):
    if dtype == "bool":
        return bytes(random.randrange(2) for _ in range(n))
    if dtype in COMPLEX:
        part = "float32" if dtype == "complex64" else "float64"
        re, im = (np.frombuffer(float_data(kind or random.choice(KINDS), part, n), part)
                  for _ in range(2))
        both = np.empty((n, 2), part)
        both[:, 0], both[:, 1] = re, im
        return both.tobytes()
    if dtype not in INTS:
        return float_data(kind or random.choice(KINDS), dtype, n)
    info = np.iinfo(dtype)
    low, high = int(info.min), int(info.max)
    if random.random() < 0.6:
        reach = 10 ** random.randrange(1, 12)
        low, high = max(low, -random.choice([0, reach])), min(high, reach)
    return np.array([random.randint(low, high) for _ in range(n)], dtype).tobytes()


def small_shape():
    ndim = random.choice([1, 1, 1, 2, 2, 2, 3, 3, 4])
    most = {1: 40, 2: 9, 3: 5, 4: 3}[ndim]
    return tuple(random.choice([1, random.randint(1, most)]) for _ in range(ndim))


EMPTY = [(0,), (0, 3), (3, 0), (2, 0, 4), (1, 0), (0, 0), (1, 2, 3, 0)]
LONG = [(1001,), (1500,), (40, 30), (7, 200), (1100, 1), (1, 1, 1200), (12, 10, 11), (5, 6, 7, 8),
        (2, 600), (600, 2), (1, 1001), (6, 7, 4, 8)]
WIDE = [(60,), (97,), (200,), (3, 33), (2, 50), (2, 2, 24), (1, 1, 1, 70), (5, 17)]

# ---- cases ---------------------------------------------------------------------------------------


def lua(options):
    def value(v):
        if isinstance(v, str):
            return '"%s"' % v
        return {True: "true", False: "false"}[v] if isinstance(v, bool) else repr(v)
    return "{%s}" % ", ".join("%s = %s" % (k, value(v)) for k, v in sorted(options.items()))


def maybe(options, **choices):
    for key, values in choices.items():
        if random.random() < 0.4:
            options[key] = random.choice(values)
    return options


class Writer:
    def __init__(self, path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        self.out = open(path, "w")
        self.count = {"numpy": 0, "torch": 0}

    def write(self, face, family, how, dtype, shape, data, options, extra, text):
        self.count[face] += 1
        self.out.write("\t".join([
            face, family, how, dtype, ",".join(map(str, shape)), data.hex(), lua(options),
            lua(extra), text.encode().hex()]) + "\n")


def numpy_case(out, family, dtype, shape, kind=None, how="repr", options=None):
    options = options or {}
    size = int(np.prod(shape))
    data = data_for(dtype, size, kind)
    a = np.frombuffer(data, dtype, size).reshape(shape)
    saved = np.get_printoptions()
    if how == "array2string":
        renamed = dict(options)
        if "suppress" in renamed:
            renamed["suppress_small"] = renamed.pop("suppress")
        text = np.array2string(a, **renamed)
        options = renamed
    else:
        np.set_printoptions(**options)
        text = numpy_repr(a) if how == "repr" else numpy_str(a)
        np.set_printoptions(**saved)
    out.write("numpy", family, how, dtype, shape, data, options, {}, text)


def numpy_cases(out):
    dtypes = FLOATS + COMPLEX + INTS + ["bool"]
    for dtype in FLOATS:
        for kind in ["bits", "nice", "whole", "mixed", "even", "border", "special", "tiny"]:
            for _ in range(45):
                numpy_case(out, dtype, dtype, small_shape(), kind)
    for dtype in COMPLEX:
        for _ in range(200):
            numpy_case(out, "complex", dtype, small_shape())
    for dtype in INTS + ["bool"]:
        for _ in range(50):
            numpy_case(out, "integers and bool", dtype, small_shape())
    for dtype in dtypes:
        for shape in EMPTY:
            numpy_case(out, "empty", dtype, shape)
            numpy_case(out, "empty", dtype, shape, options={"linewidth": random.randrange(10, 50)})
        for _ in range(30):
            numpy_case(out, "0-dimensional", dtype, ())
            numpy_case(out, "str", dtype, (), how="str")
            numpy_case(out, "str", dtype, small_shape(), how="str")
        for shape in LONG:
            numpy_case(out, "summarised", dtype, shape)
        for _ in range(15):
            numpy_case(out, "wrapped", dtype, random.choice(WIDE))
    for _ in range(900):
        options = maybe(
            {}, precision=[0, 1, 2, 3, 5, 12, 17], suppress=[True, False],
            floatmode=["fixed", "unique", "maxprec", "maxprec_equal"], sign=["-", "+", " "],
            linewidth=[1, 10, 30, 50, 79, 120], threshold=[0, 3, 10, 50], edgeitems=[1, 2, 3, 5],
            nanstr=["nan", "not a number", "?"], infstr=["inf", "oo", "infinity"])
        shape = () if random.random() < 0.05 else small_shape()
        dtype = random.choice(FLOATS * 3 + COMPLEX * 2 + INTS + ["bool"])
        numpy_case(out, "print options", dtype, shape, options=options)
    for _ in range(60):
        numpy_case(out, "no edge items", random.choice(FLOATS + INTS), small_shape(), "nice",
                   options={"threshold": 1, "edgeitems": 0})
    for _ in range(400):
        options = maybe(
            {}, separator=[",", ", ", "  ", " | ", ""], prefix=["x = ", ""], suffix=[";", " end"],
            max_line_width=[20, 40, 60], precision=[0, 2, 4], suppress=[True, False],
            threshold=[2, 20], edgeitems=[1, 2], floatmode=["fixed", "unique", "maxprec_equal"])
        numpy_case(out, "array2string", random.choice(FLOATS * 2 + COMPLEX + INTS + ["bool"]),
                   small_shape(), how="array2string", options=options)


def torch_case(out, family, dtype, shape, kind=None, options=None, extra=None):
    options, extra = options or {}, extra or {}
    size = int(np.prod(shape))
    data = data_for(dtype, size, kind)
    if dtype in NEW_INTS:
        a = np.frombuffer(data, dtype, size) & np.array(2 ** 63 - 1).astype(dtype)
        data = a.tobytes()
        t = torch.from_numpy(a.astype(NEW_INTS[dtype]).reshape(shape))
    elif size == 0:
        t = torch.empty(shape, dtype=getattr(torch, dtype))
    else:
        t = torch.frombuffer(bytearray(data), dtype=getattr(torch, dtype)).reshape(shape)
    if extra.get("requires_grad"):
        t.requires_grad_(True)
    torch.set_default_dtype(getattr(torch, extra.get("default_dtype", "float32")))
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**options)
    text = torch_repr(t, "torch." + dtype if dtype in NEW_INTS else None)
    torch.set_printoptions(profile="default")
    torch.set_default_dtype(torch.float32)
    out.write("torch", family, "repr", dtype, shape, data, options, extra, text)


def torch_cases(out):
    floats = FLOATS + ["bfloat16"]
    old_ints = ["uint8", "int8", "int16", "int32", "int64"]
    dtypes = floats + COMPLEX + old_ints + ["bool"]
    for dtype in floats:
        for kind in ["bits", "nice", "whole", "mixed", "even", "border", "special", "tiny"]:
            for _ in range(35):
                torch_case(out, dtype, dtype, small_shape(), kind)
    for dtype in COMPLEX:
        for _ in range(180):
            torch_case(out, "complex", dtype, small_shape())
    for dtype in INTS + ["bool"]:
        for _ in range(40):
            torch_case(out, "integers and bool", dtype, small_shape())
    for dtype in dtypes:
        for shape in EMPTY:
            torch_case(out, "empty", dtype, shape)
        for _ in range(25):
            torch_case(out, "0-dimensional", dtype, ())
        for shape in LONG:
            torch_case(out, "summarised", dtype, shape)
        for _ in range(12):
            torch_case(out, "wrapped", dtype, random.choice(WIDE))
    for _ in range(700):
        options = maybe(
            {}, precision=[0, 1, 2, 6, 10], threshold=[0, 3, 10, 50], edgeitems=[1, 2, 3, 5],
            linewidth=[1, 10, 30, 60, 120], sci_mode=[True, False],
            profile=["default", "short", "full"])
        shape = () if random.random() < 0.05 else small_shape()
        torch_case(out, "print options", random.choice(floats * 3 + COMPLEX * 2 + old_ints), shape,
                   options=options)
    for _ in range(60):
        torch_case(out, "no edge items", random.choice(["float32", "complex64", "int32"]),
                   small_shape(), "nice", options={"threshold": 3, "edgeitems": 0})
    for _ in range(120):
        torch_case(out, "default dtype", random.choice(dtypes),
                   random.choice([small_shape(), (0,), ()]),
                   extra={"default_dtype": random.choice(["float64", "float16"])})
    for _ in range(120):
        torch_case(out, "requires grad", random.choice(floats + COMPLEX),
                   random.choice([small_shape(), (0,), (), (40, 30)]),
                   extra={"requires_grad": True})


def main():
    random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    np.seterr(all="ignore")
    torch.set_num_threads(1)
    out = Writer(sys.argv[1])
    numpy_cases(out)
    torch_cases(out)
    print("%d numpy cases, %d torch cases" % (out.count["numpy"], out.count["torch"]))


main()
