"""Random programs of the np face, against NumPy: layouts, views, copies, assignment, joins."""
import random

import numpy as np

from program import (COMPLEX, FLOATS, INTS, NUMPY_DTYPES, Raw, Value, arguments, convert, dim,
                     draw_bytes, draw_shape, item_size, lua, met)

np.set_printoptions(threshold=20)

# ---- arrays --------------------------------------------------------------------------------------


def base(p, dtype=None, shape=None, most=5):
    """A writable array over a buffer of its own; now and then unaligned, or with bytes around."""
    dtype = dtype or random.choice(NUMPY_DTYPES)
    shape = draw_shape(most=most) if shape is None else shape
    n = int(np.prod(shape))
    before = random.choice([0, 0, item_size(dtype), 1, 3])
    data = bytes(random.randrange(256) for _ in range(before)) + draw_bytes(dtype, n)
    buffer, block = p.buffer(data)
    options = {"dtype": p.dtype(dtype), "offset": before or None, "count": n}
    sizes = [Raw(buffer)]
    py = np.frombuffer(block, dtype, n, before).reshape(shape)
    name = p.name()
    p.lines.append("local %s = np.frombuffer(%s):reshape(%s)" % (
        name, arguments(sizes, options), lua(shape)))
    return Value(p, py, name)


def axis_of(v, extra=0):
    n = v.ndim + extra
    if random.random() < 0.03:
        return random.choice([n, -n - 1])
    return random.randrange(-n, n) if n else random.choice([0, -1])


def key_of(v, ranges_only=False):
    """A random basic index: as Lua's table, as Lua's string, and as Python's tuple."""
    table, text, key = [], [], []

    def put(t, s, k):
        table.append(t)
        text.append(s)
        key.append(k)

    dims = v.shape[:random.choice([v.ndim, v.ndim, random.randrange(v.ndim + 1)])]
    for d, n in enumerate(dims):
        if random.random() < 0.1:
            put("np.newaxis", "newaxis", None)
        if d == len(dims) - 1 and len(dims) == v.ndim and random.random() < 0.15:
            put("np.ellipsis", "...", Ellipsis)
        kind = random.random()
        if kind < 0.25 and n and not ranges_only:
            i = random.randrange(-n, n) if random.random() < 0.97 else random.choice([n, -n - 1])
            put(str(dim(i)), str(dim(i)), i)
        elif kind < 0.4:
            put("{}", ":", slice(None))
        else:
            put(*range_of(n))
    if not dims:
        put("np.ellipsis", "...", Ellipsis)
    as_text = all(s is not None for s in text) and random.random() < 0.4
    source = '"%s"' % random.choice([", ", ","]).join(text) if as_text else "{%s}" % ", ".join(table)
    return source, tuple(key)


def range_of(n):
    """{from, to, step}: both ends included, cut to 1 .. n as string.sub does."""
    step = random.choice([1, 1, 2, 3, -1, -1, -2, 7])
    bound = lambda: random.choice([None, random.randint(-n - 2, n + 2)])
    first, last = bound(), bound()
    if first is None and last is None and step == 1:
        return "{}", ":", slice(None)
    at = lambda i: i + n + 1 if i < 0 else i
    if step > 0:
        start = max(1, at(1 if first is None else first))
        stop = min(n, at(n if last is None else last))
        picked = list(range(start, stop + 1, step))
    else:
        start = min(n, at(n if first is None else first))
        stop = max(1, at(1 if last is None else last))
        picked = list(range(start, stop - 1, step))
    if not picked:
        key = slice(0, 0)
    else:
        end = picked[-1] - 1 + (1 if step > 0 else -1)
        key = slice(picked[0] - 1, None if end < 0 else end, step)
    fields = [lua(first), lua(last)] + ([str(step)] if step != 1 or random.random() < 0.1 else [])
    number = lambda i: "" if i is None else str(i)
    text = number(first) + ":" + number(last) + (":%d" % step if step != 1 else "")
    return "{%s}" % ", ".join(fields), text, key


# ---- views: each takes a value and gives one -----------------------------------------------------


def index(v):
    source, key = key_of(v, ranges_only=True)
    return v.p.step("%s[%s]" % (v.name, source), lambda: v.py[key])


def partly(v):
    source, key = key_of(v)
    if not any(k is Ellipsis or k is None or isinstance(k, slice) for k in key):
        return v if len(key) == v.ndim else v.p.step("%s[%s]" % (v.name, source), lambda: v.py[key])
    return v.p.step("%s[%s]" % (v.name, source), lambda: v.py[key])


def select(v):
    d = axis_of(v)
    n = v.shape[d] if -v.ndim <= d < v.ndim else 1
    i = random.randrange(-n, n) if n else 0
    return v.method("select", [dim(d), dim(i)], lambda: np.moveaxis(v.py, d, 0)[i, ...])


def transpose(v):
    axes = list(range(v.ndim))
    random.shuffle(axes)
    axes = [a - v.ndim if random.random() < 0.3 else a for a in axes]
    if random.random() < 0.03 and axes:
        axes[0] = axes[-1]
    if random.random() < 0.2 or not axes:
        return v.either("transpose", [], lambda: v.py.transpose())
    if random.random() < 0.3:
        return v.method("transpose", dim(axes), lambda: v.py.transpose(axes))
    return v.either("transpose", [dim(axes)], lambda: v.py.transpose(axes))


def prop(name):
    return lambda v: v.p.step("%s.%s" % (v.name, name), lambda: getattr(v.py, name))


def mT(v):
    return v.p.step(random.choice(["%s.mT", "np.matrix_transpose(%s)"]) % v.name,
                    lambda: np.swapaxes(v.py, -1, -2) if v.ndim > 1 else raises())


def raises():
    raise ValueError


def swapaxes(v):
    a, b = axis_of(v), axis_of(v)
    return v.either("swapaxes", [dim(a), dim(b)], lambda: np.swapaxes(v.py, a, b))


def moveaxis(v):
    k = random.randrange(v.ndim + 1)
    a, b = random.sample(range(v.ndim), k), random.sample(range(v.ndim), k)
    if k == 1 and random.random() < 0.5:
        a, b = a[0], b[0]
    return v.call("moveaxis", [dim(a), dim(b)], lambda: np.moveaxis(v.py, a, b))


def rollaxis(v):
    a = axis_of(v)
    start = random.randrange(v.ndim + 1)
    return v.call("rollaxis", [dim(a), dim(start)], lambda: np.rollaxis(v.py, a, start))


def squeeze(v):
    ones = [d for d in range(v.ndim) if v.shape[d] == 1]
    if random.random() < 0.4:
        return v.either("squeeze", [], lambda: v.py.squeeze())
    if ones and random.random() < 0.5:
        return v.either("squeeze", [dim(ones)], lambda: v.py.squeeze(tuple(ones)))
    d = axis_of(v)
    return v.either("squeeze", [dim(d)], lambda: v.py.squeeze(d) if v.ndim else raises())


def expand_dims(v):
    if random.random() < 0.3:
        k = random.randint(1, 2)
        axes = random.sample(range(-v.ndim - k, v.ndim + k), k)
        return v.call("expand_dims", [dim(axes)], lambda: np.expand_dims(v.py, tuple(axes)))
    d = axis_of(v, 1)
    return v.call("expand_dims", [dim(d)], lambda: np.expand_dims(v.py, d))


def broadcast_to(v):
    shape = [random.randint(0, 3) for _ in range(random.choice([0, 0, 1]))]
    shape += [random.choice([n, n, 2]) if n == 1 else n for n in v.shape]
    if random.random() < 0.05:
        shape = [n + 1 for n in shape]
    return v.call("broadcast_to", [shape], lambda: np.broadcast_to(v.py, shape))


def diagonal(v):
    k = random.randint(-3, 3)

    def writable(*axes):
        d = v.py.diagonal(k, *axes)
        if v.py.flags.writeable:
            met["diagonal"] += 1
            d.flags.writeable = True
        return d
    if random.random() < 0.4 or v.ndim < 2:
        return v.either("diagonal", [k], writable)
    a, b = axis_of(v), axis_of(v)
    return v.either("diagonal", [k, dim(a), dim(b)], lambda: writable(a, b))


def flip(v):
    if random.random() < 0.3 or v.ndim == 0:
        return v.call("flip", [], lambda: v.py[(slice(None, None, -1),) * v.ndim + (...,)])
    if random.random() < 0.3 and v.ndim > 1:
        axes = random.sample(range(v.ndim), 2)
        return v.call("flip", [dim(axes)], lambda: np.flip(v.py, axes))
    d = axis_of(v)
    return v.call("flip", [dim(d)], lambda: np.flip(v.py, d))


def strided(v):
    """Any windows over the whole storage of v, overlapping ones included."""
    p, item = v.p, v.py.itemsize
    place = p.place(v.py)
    if place is None or v.py.size == 0:
        return v
    block, at = place
    shape, strides, low, high = [], [], 0, item
    for _ in range(random.randint(0, 3)):
        n, s = random.randint(1, 4), random.choice([0, item, -item, 2 * item, 3 * item,
                                                    random.randint(-9, 9)])
        low, high = low + min(0, (n - 1) * s), high + max(0, (n - 1) * s)
        shape.append(n)
        strides.append(s)
    offset = random.randint(-8, 24)
    outside = at + offset + low < 0 or at + offset + high > len(block)
    if outside and random.random() < 0.9:
        return v

    def window():
        if outside:
            p.refuse("bounds")
        py = np.ndarray(shape, v.py.dtype, block, at + offset, strides)
        py.flags.writeable = v.py.flags.writeable
        return py
    return v.call("as_strided", [shape, strides, offset], window)


def view_dtype(v):
    target = random.choice([d for d in NUMPY_DTYPES if d != "bool"])
    return v.method("view", [v.p.dtype(target)], lambda: v.py.view(target))


def view_alias(v):
    return v.method("view", [], lambda: v.py.view())


def split_shape(n):
    """A random shape of n elements."""
    if n == 0:
        return random.choice([[0], [2, 0], [0, 3], [1, 0, 1]])
    shape = []
    while n > 1 and random.random() < 0.8:
        f = random.choice([d for d in range(1, n + 1) if n % d == 0])
        shape.append(f)
        n //= f
    shape.append(n)
    random.shuffle(shape)
    return shape


def reshape(v):
    shape = split_shape(v.py.size)
    if v.py.size == 1 and random.random() < 0.3:
        shape = []
    if random.random() < 0.3 and shape and v.py.size:
        shape[random.randrange(len(shape))] = -1
    if random.random() < 0.04:
        shape = shape + [2]
    order = random.choice([None, None, None, "F", "C", "A"])
    args = shape if shape and random.random() < 0.4 else [shape]
    return v.method("reshape", args, lambda: v.py.reshape(shape, order=order or "C"),
                    {"order": order})


def ravel(v):
    order = random.choice([None, None, "F", "C", "K", "A"])
    return v.either("ravel", [], lambda: v.py.ravel(order or "C"), {"order": order})


def part(v):
    if v.py.dtype.kind != "c":
        return v.p.step("%s.real" % v.name, lambda: v.py.real)
    name = random.choice(["real", "imag"])
    return v.p.step(random.choice(["%s.%s" % (v.name, name), "np.%s(%s)" % (name, v.name)]),
                    lambda: getattr(v.py, name))


VIEWS = [index, index, partly, partly, select, transpose, prop("T"), mT, swapaxes, moveaxis, rollaxis,
         squeeze, expand_dims, broadcast_to, diagonal, flip, strided, view_dtype, view_alias,
         reshape, ravel, part]


def layout(p, v, most=3):
    """v under a few random views: the layouts that the rest is tried on."""
    for _ in range(random.choice([0, 1, 1, 2, 2, most])):
        try_views = [f for f in VIEWS if f is not view_dtype or random.random() < 0.5]
        v = random.choice(try_views)(v)
        if v.py.size > 3000 or v.ndim > 6:
            break
    return v
