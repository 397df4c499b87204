"""Writes the tables of dtypes as NumPy and PyTorch have them, and conversions with special values.

Usage: /usr/bin/python3 dtype_cases.py FILE [SEED]

One row a line, fields separated by tabs:

    promote FACE A B RESULT                 promote_types
    can_cast FACE FROM TO CASTING RESULT    (CASTING is - on torch)
    result_type FACE A B RESULT             operands: DTYPE (a dtype on np, a 1-dimensional tensor on
                                            torch), DTYPE/0 (a 0-dimensional array), or a Lua number
    convert FROM TO HEX HEX                 elements before and after

Rules: torch's complex32 is complex64 here. PyTorch 1.13 has no uint16, uint32 and uint64; NumPy has no bfloat16; both are in dtype_spec.lua.
Numbers are weak on np as NumPy 2 has it, which 1.24 does when asked (_set_promotion_state). A 0-dimensional
ndarray counts as any ndarray in NumPy 2. Conversions follow program.py: saturation, one rounding.
"""
import os
import random
import sys
import warnings

import numpy as np
import torch

from program import (COMPLEX, FLOATS, INTS, NUMPY_DTYPES, SPECIAL, TORCH_DTYPES, convert, lua, number,
                     to_bfloat16)

warnings.simplefilter("ignore")
CASTINGS = ["no", "equiv", "safe", "same_kind", "unsafe"]
NUMBERS = [True, number(1), number(-1), 0.5]


def tables(row):
    for a in NUMPY_DTYPES:
        for b in NUMPY_DTYPES:
            row("promote", "numpy", a, b, np.promote_types(a, b).name)
            for casting in CASTINGS:
                row("can_cast", "numpy", a, b, casting, np.can_cast(a, b, casting))
    kinds = lambda t: str(t)[6:]
    for a in TORCH_DTYPES:
        for b in TORCH_DTYPES:
            x, y = getattr(torch, a), getattr(torch, b)
            row("promote", "torch", a, b, kinds(torch.promote_types(x, y)))
            row("can_cast", "torch", a, b, "-", torch.can_cast(x, y))


def result_types(row):
    np._set_promotion_state("weak")
    for a in NUMPY_DTYPES:
        for b in NUMPY_DTYPES:
            row("result_type", "numpy", a, b + "/0", np.result_type(np.dtype(a), np.dtype(b)).name)
        for x in NUMBERS:
            if x == -1 and a.startswith("u"):
                continue  # the value decides in NumPy: an error, which is in dtype_spec.lua
            row("result_type", "numpy", a, lua(x), np.result_type(np.dtype(a), x).name)
    np._set_promotion_state("legacy")
    for a in TORCH_DTYPES:
        for b in TORCH_DTYPES:
            x, y = (torch.zeros(1, dtype=getattr(torch, d)) for d in (a, b))
            for s, u in (("", x), ("/0", x[0])):
                for t, v in (("", y), ("/0", y[0])):
                    row("result_type", "torch", a + s, b + t, result(u, v))
        for number in NUMBERS:
            for s, u in (("", x), ("/0", x[0])):
                row("result_type", "torch", a + s, lua(number),
                    str(torch.result_type(u, number))[6:])


def result(u, v):
    return str(torch.result_type(u, v))[6:].replace("complex32", "complex64")


def elements(dtype):
    """Special values and random ones; floating and complex as float64 and complex128."""
    if dtype == "bool":
        return np.array([random.randrange(2) for _ in range(61)], bool)
    if dtype in INTS:
        info = np.iinfo(dtype)
        edges = [0, 1, -1, 127, 128, 255, 256, 2047, 2049, 65504, 65519, 65520, 2 ** 24 + 1, 2 ** 31, 2 ** 53 + 1,
                 2 ** 63 - 1, 2 ** 63, 2 ** 63 + 2 ** 10, 2 ** 64 - 1, info.min, info.max, info.max - 1]
        edges += [257 * 2 ** k + 1 for k in range(0, 55, 6)] + [385 * 2 ** k for k in range(0, 55, 6)]
        edges += [random.randint(info.min, info.max) >> random.randrange(64) for _ in range(70)]
        return np.array([e for e in edges if info.min <= e <= info.max], dtype)
    values = SPECIAL + [-x for x in SPECIAL] + [random.choice([-1, 1]) * 10.0 ** random.uniform(-45, 40)
                                                for _ in range(60)]
    values += [random.uniform(-300, 300) for _ in range(40)]
    values += [(1 + k / 2 ** 11) * 2.0 ** e for k in (1, 2, 3, 4) for e in (-26, -14, 0, 15)]
    values += [(1 + k / 2 ** 8 + s) * 2.0 ** e for k in (1, 2, 3) for e in (-126, 0, 127)
               for s in (0, 2.0 ** -40, -2.0 ** -40)]
    values += [float(s) * (2.0 ** k - d) for k in (7, 8, 15, 16, 31, 32, 63, 64) for d in (0, 0.5, 1)
               for s in (1, -1)]
    if dtype in COMPLEX:
        random.shuffle(values)
        half = len(values) // 2
        return np.array([complex(*p) for p in zip(values[:half], values[half:])], np.complex128)
    return np.array(values, np.float64)


def real(x):
    """Elements on their way to bfloat16: the real part; integers by way of float32, as PyTorch's."""
    x = x.real if x.dtype.kind == "c" else x
    return x.astype(np.float32) if x.dtype.kind in "iu" else x


def conversions(row):
    dtypes = NUMPY_DTYPES + ["bfloat16"]
    for a in dtypes:
        x = elements(a)
        if a == "bfloat16":
            bits = to_bfloat16(x)
            data, x = bits.tobytes(), (bits.astype(np.uint32) << 16).view(np.float32)
        else:
            x = x.astype(a)
            data = x.tobytes()
        for b in dtypes:
            if a == b:
                continue
            y = to_bfloat16(real(x)) if b == "bfloat16" else convert(x, b)
            row("convert", a, b, data.hex(), y.tobytes().hex())


def check_bfloat16():
    """That the rounding of program.py is PyTorch's where PyTorch rounds once."""
    x = np.concatenate([elements("float32").astype(np.float32),
                        np.random.default_rng(1).integers(0, 2 ** 32, 100000, np.uint32).view(np.float32)])
    x = x[~np.isnan(x)]
    theirs = torch.from_numpy(x).bfloat16().view(torch.int16).numpy().view(np.uint16)
    assert (theirs == to_bfloat16(x)).all()


def main():
    random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 3)
    np.seterr(all="ignore")
    torch.set_num_threads(1)
    check_bfloat16()
    os.makedirs(os.path.dirname(sys.argv[1]) or ".", exist_ok=True)
    rows = []
    row = lambda *fields: rows.append("\t".join(map(str, fields)))
    tables(row)
    result_types(row)
    conversions(row)
    with open(sys.argv[1], "w") as out:
        out.write("\n".join(rows) + "\n")
    print("%d rows of dtypes" % len(rows))


main()
