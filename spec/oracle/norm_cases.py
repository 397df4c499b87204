"""Norms of matrices and singular values, by real NumPy and PyTorch: a Lua file of cases.

    norm_cases.py OUTPUT

Each case: what is called, a matrix or a stack of them (shape, dtype, values row-major, complex ones as
pairs), order, axes (from 1) or nil, keepdims, and the result's shape and values. The authority computes in
float64 or complex128; ours may differ by what the input's dtype resolves.
"""
import random
import sys
import warnings

import numpy as np
import torch

warnings.simplefilter("ignore")
random.seed(11)
np.random.seed(11)
INF = float("inf")
ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, INF, -INF]


def lua(v):
    if v is None:
        return "nil"
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, str):
        return '"%s"' % v
    if isinstance(v, (list, tuple)):
        return "{" + ", ".join(map(lua, v)) + "}"
    if isinstance(v, float) and (v != v or v in (INF, -INF)):
        return "0/0" if v != v else "1/0" if v > 0 else "-1/0"
    return repr(v)


def flat(a):
    a = np.ascontiguousarray(a)
    if a.dtype.kind == "c":
        a = a.view(a.real.dtype)
    return [float(v) for v in a.ravel()]


def matrix(dtype, shape):
    kind = random.random()
    a = np.random.normal(0, 1, shape)
    if dtype.startswith("complex"):
        a = a + 1j * np.random.normal(0, 1, shape)
    if kind < 0.2 and min(shape[-2:]) > 1:  # not of full rank
        a[..., 1, :] = 2 * a[..., 0, :]
    elif kind < 0.3:
        a = a * 10.0 ** np.random.randint(-18, 18)
    elif kind < 0.4:
        a = np.round(a)
    return a.astype(dtype)


def case(what, a, order, axes, keep, result):
    result = np.asarray(result)
    return "{%s}" % ", ".join([lua(what), lua(list(a.shape)), lua(str(a.dtype)), lua(flat(a)), lua(order),
                               lua([x + 1 for x in axes] if axes else None), lua(keep), lua(list(result.shape)),
                               lua(flat(result.astype(np.float64)))])


def cases():
    for _ in range(700):
        dtype = random.choice(["float32", "float64", "float64", "complex64", "complex128"])
        size = lambda: random.choice([1, 2, 3, 4, 5, 8, 13, 30])  # noqa: E731
        shape = [random.choice([1, 2, 3]) for _ in range(random.choice([0, 0, 1, 2]))] + [size(), size()]
        a = matrix(dtype, shape)
        wide = a.astype("complex128" if a.dtype.kind == "c" else "float64")
        if random.random() < 0.3:
            yield case("svdvals", a, None, None, False, np.linalg.svd(wide, compute_uv=False))
            continue
        order, keep = random.choice(ORDERS), random.random() < 0.4
        axes = random.sample(range(len(shape)), 2) if len(shape) > 2 or random.random() < 0.5 else None
        made = np.linalg.norm(wide, order, axis=tuple(axes) if axes else None, keepdims=keep)
        if axes:  # and PyTorch says the same
            other = torch.linalg.matrix_norm(torch.from_numpy(wide), order or "fro", tuple(axes), keep).numpy()
            assert np.allclose(made, other, rtol=1e-10, atol=0 if order != -2 else 1e-10 * abs(wide).max()), order
        yield case("norm", a, order, axes, keep, made)


with open(sys.argv[1], "w") as out:
    rows = list(cases())
    out.write("return {\n" + ",\n".join(rows) + "\n}\n")
    print("%d cases of matrix norms" % len(rows))
