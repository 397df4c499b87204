"""What the Lua half does on the np face: splitting, joining, repeating, padding, turning, grids."""
import random

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from numpy_cases import assignable, joined, promoted, together
from numpy_programs import axis_of, base, layout
from program import FLOATS, INTS, NUMPY_DTYPES, Raw, Skip, Value, arguments, broadcastable, convert, dim, lua, met, write


def rows(a):
    """The result as a copy in row-major order, which joins and repetitions have here."""
    return np.array(a, order="C")


def small(p, least=0, most=600):
    v = layout(p, base(p))
    if v.ndim < least or v.py.size > most:
        raise Skip
    return v


def splits(p):
    v = small(p, 1)
    name = random.choice(["split", "array_split", "hsplit", "vsplit", "dsplit"])
    axis = random.randrange(-v.ndim, v.ndim)
    at = {"hsplit": 1 if v.ndim > 1 else 0, "vsplit": 0, "dsplit": 2}.get(name, axis)
    n = v.shape[at] if at < v.ndim else 1
    if random.random() < 0.5:
        python = lua_text = random.randint(1, 4)
    else:
        python = sorted(random.randint(0, n) for _ in range(random.randint(0, 3)))
        lua_text = [i + 1 for i in python]
    if name in ("split", "array_split"):
        r = v.call(name, [lua_text, dim(axis)], lambda: getattr(np, name)(v.py, python, axis))
    else:
        r = v.call(name, [lua_text], lambda: getattr(np, name)(v.py, python))
    p.list(r)


def unstacks(p):
    v = small(p)
    axis = axis_of(v)

    def work():
        if v.ndim == 0:
            raise ValueError
        return list(np.moveaxis(v.py, axis, 0)[i, ...] for i in range(v.shape[axis]))
    p.list(v.call("unstack", [], work, {"axis": dim(axis)}))


def stacks(p):
    values, _ = joined(p, same=random.random() < 0.7)
    name = random.choice(["vstack", "hstack", "dstack", "column_stack", "row_stack"])
    target = promoted(values)

    def work():
        return rows(getattr(np, name)([convert(v.py, target) for v in values]))
    p.results([p.step("np.%s(%s)" % (name, together(values)), work)])


def appends(p):
    a = small(p, 1, 100)
    b = base(p, shape=a.shape)
    target = np.result_type(a.py.dtype, b.py.dtype)
    axis = random.choice([None, random.randrange(-a.ndim, a.ndim)])
    p.results([a.call("append", [Raw(b.name), dim(axis)], lambda: rows(
        np.append(convert(a.py, target), convert(b.py, target), axis)))])


def tiles(p):
    v = small(p, 0, 60)
    times = [random.randint(0, 3) for _ in range(random.randint(0, 3))]
    if random.random() < 0.3:
        times = random.randint(0, 3)
    p.results([v.call("tile", [times], lambda: rows(np.tile(v.py, times)))])


def rolls(p):
    v = small(p)
    if v.ndim == 0 or random.random() < 0.3:
        k = random.randint(-9, 9)
        r = v.call("roll", [k], lambda: np.roll(v.py, k))
    elif random.random() < 0.5:
        k, axis = random.randint(-9, 9), axis_of(v)
        r = v.call("roll", [k, dim(axis)], lambda: np.roll(v.py, k, axis))
    else:
        axes = [random.randrange(-v.ndim, v.ndim) for _ in range(2)]
        shifts = [random.randint(-5, 5) for _ in axes]
        r = v.call("roll", [shifts, dim(axes)], lambda: np.roll(v.py, shifts, axes))
    r.py = rows(r.py)
    p.lines[-1] = p.lines[-1] + ":copy()"
    p.results([r])


def pads(p):
    v = small(p, 0, 200)
    if v.ndim == 0:
        raise Skip
    width = random.choice([random.randint(0, 3), [random.randint(0, 3), random.randint(0, 3)],
                           [[random.randint(0, 3), random.randint(0, 3)] for _ in v.shape]])
    value = random.choice([None, 0, 1, 7])
    r = v.call("pad", [width, "constant"],
               lambda: rows(np.pad(v.py, width, constant_values=value or 0)), {"constant_values": value})
    p.lines[-1] += ":copy()"
    p.results([r])


def turns(p):
    v = small(p)
    name = random.choice(["rot90", "fliplr", "flipud"])
    if name == "rot90":
        k = random.randint(-5, 5)
        if v.ndim >= 2 and random.random() < 0.6:
            axes = random.sample(range(v.ndim), 2)
            r = v.call("rot90", [k, dim(axes)], lambda: np.rot90(v.py, k, axes))
        else:
            r = v.call("rot90", [k], lambda: np.rot90(v.py, k))
    else:
        r = v.call(name, [], lambda: getattr(np, name)(v.py))
    p.results([r])


def windows(p):
    v = small(p, 1, 200)
    if random.random() < 0.5:
        axis, size = random.randrange(-v.ndim, v.ndim), random.randint(1, 4)
        r = v.call("sliding_window_view", [size, dim(axis)],
                   lambda: sliding_window_view(v.py, size, axis))
    else:
        sizes = [random.randint(1, 3) for _ in v.shape]
        r = v.call("sliding_window_view", [sizes], lambda: sliding_window_view(v.py, sizes))
    p.results([r])


def deepened(p):
    v = small(p)
    name = random.choice(["atleast_1d", "atleast_2d", "atleast_3d"])
    p.results([v.call(name, [], lambda: getattr(np, name)(v.py))])


def broadcasts(p):
    values = broadcastable(p, base)
    names = ", ".join(v.name for v in values)
    p.list(p.step("np.broadcast_arrays(%s)" % names,
                  lambda: np.broadcast_arrays(*[v.py for v in values])))


def diagonals(p):
    v = small(p, 1, 60)
    name = random.choice(["diag", "diagflat"])
    k = random.randint(-3, 3)
    p.results([v.call(name, [k], lambda: getattr(np, name)(v.py, k))])


def grids(p):
    values = [base(p, shape=[random.randint(0, 4)]) for _ in range(random.randint(1, 3))]
    names = ", ".join(v.name for v in values)
    options = {"indexing": random.choice([None, "ij", "xy"]), "sparse": random.choice([None, True]),
               "copy": random.choice([None, True])}
    given = {k: x for k, x in options.items() if x is not None}
    p.list(p.step("np.meshgrid(%s)" % (names + (", " + lua(given) if given else "")),
                  lambda: [rows(a) for a in np.meshgrid(*[v.py for v in values], **given)]))


def spaces(p):
    dtype = random.choice([None] + INTS + FLOATS)
    options = {"dtype": dtype and p.dtype(dtype)}
    if random.random() < 0.5:
        n, m, k = random.randint(0, 5), random.choice([None, random.randint(0, 5)]), random.randint(-3, 3)
        r = p.step("np.tri(%s)" % arguments([n, m, k], options),
                   lambda: np.tri(n, m, k, dtype=dtype or float))
    else:
        n = random.randint(0, 5)
        r = p.step("np.identity(%s)" % arguments([n], options), lambda: np.identity(n, dtype or float))
    p.results([r])


def differences(p):
    v = layout(p, base(p, random.choice(["bool"] + INTS + ["int64", "uint8"])))
    if v.ndim == 0 or v.py.size > 400 or v.py.dtype.kind not in "biu":
        raise Skip  # floating subtraction is another family's
    n, axis = random.randint(0, 3), random.randrange(-v.ndim, v.ndim)
    r = v.call("diff", [n, dim(axis)], lambda: np.diff(v.py, n, axis))
    if n == 0:
        raise Skip
    p.results([r])


FAMILIES = [(splits, 250), (unstacks, 80), (stacks, 250), (appends, 80), (tiles, 150), (rolls, 200),
            (pads, 200), (turns, 200), (windows, 120), (deepened, 100), (broadcasts, 120),
            (diagonals, 150), (grids, 120), (spaces, 100), (differences, 150)]


def write_all(out):
    return sum(write(out, "numpy", family.__name__, family, count) for family, count in FAMILIES)
