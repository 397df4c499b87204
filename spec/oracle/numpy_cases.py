"""What is tried on the np face: families of random programs. See program.py and numpy_programs.py."""
import random
import warnings

import numpy as np

from numpy_programs import (VIEWS, axis_of, base, key_of, layout, raises, split_shape)
from program import (COMPLEX, FLOATS, INTEGERS, INTS, NUMPY_DTYPES, Raw, Skip, Value, convert, dim, draw_shape,
                     item_size, lua, met, number, write)

warnings.simplefilter("ignore")


def views(p):
    v = base(p)
    for _ in range(random.randint(1, 5)):
        v = random.choice(VIEWS)(v)
        if v.py.size > 2000 or v.ndim > 8:
            break
    p.results([v])


def element(p):
    v = layout(p, base(p))
    if v.py.size == 0:
        raise Skip
    key = [random.randrange(-n, n) for n in v.shape]
    x = v.py[tuple(key)]
    source = lua(dim(key))
    texts = ["%s[%s]" % (v.name, source), "%s:get(%s)" % (v.name, source[1:-1]),
             "%s:item(%s)" % (v.name, source[1:-1])]
    if len(key) == 1:
        texts.append("%s[%s]" % (v.name, source[1:-1]))
    if len(key) == 0:
        texts = texts[1:]

    def work():
        if not INTEGERS:
            p.beyond = v.py.dtype.kind in "iu" and abs(int(x)) > 2 ** 53
        elif v.py.dtype == np.uint64 and int(x) > 2 ** 63 - 1:
            p.refuse("uint64 element")
        return np.array(x)
    r = p.step("np.array(%s, {dtype = %s.dtype})" % (random.choice(texts), v.name), work)
    p.results([r])


def copies(p):
    v = layout(p, base(p))
    order = random.choice([None, "C", "F", "K", "A"])
    kind = random.randrange(6)
    if kind == 0:
        r = v.either("copy", [], lambda: v.py.copy(order or "C"), {"order": order})
    elif kind == 1:
        r = v.call("ascontiguousarray", [], lambda: np.ascontiguousarray(v.py))
    elif kind == 2:
        r = v.call("asfortranarray", [], lambda: np.asfortranarray(v.py))
    elif kind == 3:
        r = v.method("flatten", [], lambda: v.py.flatten(order or "C"), {"order": order})
    elif kind == 4:
        ndmin = random.choice([None, 1, 3])
        r = v.call("array", [], lambda: np.array(v.py, order=order or "K", ndmin=ndmin or 0),
                   {"order": order, "ndmin": ndmin})
    else:
        order = random.choice([None, "C", "F", "A"])
        r = p.step("np.frombuffer(%s:tobytes(%s), {dtype = np.uint8})" % (
            v.name, lua({"order": order}) if order else ""),
            lambda: np.frombuffer(v.py.tobytes(order or "C"), np.uint8).copy())
    p.results([r])


def conversions(p):
    v = layout(p, base(p))
    target = random.choice(NUMPY_DTYPES)
    order = random.choice([None, None, "C", "F", "A", "K"])
    casting = random.choice([None, None, None, "no", "safe", "same_kind", "unsafe"])
    copy = random.choice([None, True, False])

    def work():
        if not np.can_cast(v.py.dtype, target, casting or "unsafe"):
            raise TypeError
        converted = convert(v.py, target)
        if copy is False and converted is v.py:
            return v.py.astype(target, order=order or "K", copy=False)
        # NumPy's own result decides the layout, ours the values
        shaped = np.empty_like(v.py, target, order=order or "K")
        shaped[...] = converted
        return shaped
    r = v.either("astype", [p.dtype(target)], work,
                 {"order": order, "casting": casting, "copy": copy})
    p.results([r])


def buffers(p):
    p.results([Value(p, np.frombuffer(b, np.uint8)[:len(f)], "u%d" % (k + 1))
               for k, (b, f) in enumerate(zip(p.buffers, p.first))])


def assignable(p, into):
    """A source for an assignment to `into`: of a shape that broadcasts (mostly)."""
    shape = into.shape
    if random.random() < 0.3:
        shape = shape[random.randrange(len(shape) + 1):]
    shape = [1 if random.random() < 0.15 else n for n in shape]
    if random.random() < 0.04:
        shape = [n + 1 for n in shape] or [2]
    v = base(p, shape=shape)
    if random.random() < 0.5:
        axes = list(range(len(shape)))
        random.shuffle(axes)
        inverse = [axes.index(i) for i in range(len(axes))]
        v = base(p, shape=[shape[a] for a in axes])
        v = v.method("transpose", [dim(inverse)], lambda: v.py.transpose(inverse)) if axes else v
    for d in range(v.ndim):
        if random.random() < 0.2:
            v = v.call("flip", [dim(d)], lambda: np.flip(v.py, d))
    return v


def writes_one_byte_twice(a):
    """Whether two elements of `a` overlap: then the last one written decides, which is open."""
    reach = {}
    for at in np.ndindex(*a.shape):
        start = sum(i * s for i, s in zip(at, a.strides))
        for b in range(start, start + a.itemsize):
            if reach.setdefault(b, at) != at:
                met["one byte twice"] += 1
                return True
    return False


def assign(p, source, target, write):
    def work():
        if not target.py.flags.writeable:
            raise ValueError
        np.broadcast_to(source.py, target.py.shape)
        if source.ndim > target.ndim:
            raise ValueError
        if writes_one_byte_twice(target.py):
            raise Skip
        target.py[...] = convert(source.py, target.py.dtype)
    write(work)


def assignments(p):
    a = base(p)
    v = layout(p, a)
    if v.py.size > 2000:
        raise Skip
    how = random.randrange(3)
    source_text, key = key_of(v, ranges_only=True)
    if how == 0:
        t = v.p.step("%s[%s]" % (v.name, source_text), lambda: v.py[key])
        s = assignable(p, t)
        assign(p, s, t, lambda work: p.act("np.copyto(%s, %s)" % (t.name, s.name), work))
    else:
        t = Value(p, v.py[key] if v.ndim >= 0 else None, None)
        s = assignable(p, t)
        assign(p, s, t, lambda work: p.act("%s[%s] = %s" % (v.name, source_text, s.name), work))
    buffers(p)


def overlapping(p):
    """x[key] = x[other key], through transposes and flips of the same memory."""
    dtype = random.choice(NUMPY_DTYPES)
    n = random.randint(2, 7)
    a = base(p, dtype, random.choice([[4 * n], [n, n], [3, n, n], [n, 2 * n]]))
    kind = random.randrange(4)
    if kind == 0 and a.ndim > 1:
        t, s = a, a.method("swapaxes", [-1, -2], lambda: np.swapaxes(a.py, -1, -2))
        if t.shape != s.shape:
            raise Skip
    elif kind == 1:
        d = random.randrange(a.ndim)
        t, s = a, a.call("flip", [dim(d)], lambda: np.flip(a.py, d))
    else:
        d = random.randrange(a.ndim)
        size = a.shape[d]
        k = random.randint(1, size - 1)
        step = random.choice([1, -1])
        full = [slice(None)] * d
        one, other = (slice(0, size - k), slice(k, size))[::random.choice([1, -1])]
        text = lambda r: "{%s{%d, %d}}" % ("{}, " * d, r.start + 1, r.stop)
        t = p.step("%s[%s]" % (a.name, text(one)), lambda: a.py[tuple(full + [one])])
        s = p.step("%s[%s]" % (a.name, text(other)), lambda: a.py[tuple(full + [other])])
        if step < 0:
            u = s
            s = u.call("flip", [dim(d)], lambda: np.flip(u.py, d))
    if random.random() < 0.4 and s.py.dtype.kind != "b":  # the same bytes as another dtype
        u = s
        target = random.choice([x for x in NUMPY_DTYPES
                                if item_size(x) == u.py.itemsize and x != "bool"])
        s = u.method("view", [p.dtype(target)], lambda: u.py.view(target))
    source = Value(p, s.py.copy(), s.name)
    assign(p, source, t, lambda work: p.act(
        "np.copyto(%s, %s)" % (t.name, s.name) if kind % 2 else
        "%s[np.ellipsis] = %s" % (t.name, s.name), work))
    buffers(p)


def number_for(dtype):
    kind = random.random()
    if kind < 0.1:
        return random.choice([True, False])
    if kind < 0.5:
        return number(random.choice([0, 1, -1, 100, 127, 128, 255, 256, -129, 70000, 2 ** 31, 2 ** 32,
                                     2 ** 53 + 1, 2 ** 63 - 1]))
    return random.choice([0.0, -0.0, 0.1, 1.5, -2.75, 300.5, -300.5, 1e5, 1e10, 1e19, 1e300,
                          float("inf"), float("-inf"), float("nan")])


def number_as(p, x, dtype):
    """The number as an array of the dtype, by our rules."""
    dtype = np.dtype(dtype)
    if isinstance(x, bool):
        return np.array(x).astype(dtype)
    if isinstance(x, int):
        if dtype.kind in "iu" and not np.iinfo(dtype).min <= x <= np.iinfo(dtype).max:
            p.refuse("fits")
        with np.errstate(all="ignore"):
            return np.array(x, np.int64).astype(dtype)
    return convert(np.array(x), dtype)


def fills(p):
    v = layout(p, base(p))
    if v.py.size > 2000:
        raise Skip
    x = number_for(v.py.dtype)

    def work():
        if not v.py.flags.writeable:
            raise ValueError
        v.py[...] = number_as(p, x, v.py.dtype)
    texts = ["%s:fill(%s)", "%s[np.ellipsis] = %s", "np.copyto(%s, %s)"]
    p.act(random.choice(texts) % (v.name, lua(x)), work)
    buffers(p)


def element_writes(p):
    v = layout(p, base(p))
    if v.py.size == 0:
        raise Skip
    key = [random.randrange(-n, n) for n in v.shape]
    x = number_for(v.py.dtype)
    source = lua(dim(key))

    def work():
        if not v.py.flags.writeable:
            raise ValueError
        v.py[tuple(key)] = number_as(p, x, v.py.dtype)
    inner = source[1:-1] + ", " if key else ""
    text = random.choice(["%s[%s] = %s" % (v.name, source, lua(x)),
                          "%s:set(%s%s)" % (v.name, inner, lua(x))]) if key else \
        "%s:set(%s)" % (v.name, lua(x))
    p.act(text, work)
    buffers(p)


def joined(p, dtype=None, same=False):
    """A few arrays that differ in one dimension, with their names."""
    shape = draw_shape(random.choice([1, 1, 2, 2, 3, 4]), 4)
    d = random.randrange(len(shape))
    values = []
    for _ in range(random.randint(1, 4)):
        one = list(shape)
        if not same:
            one[d] = random.randint(0, 4)
        if random.random() < 0.02:
            one[-1] += 1
        v = base(p, dtype or random.choice(NUMPY_DTYPES), one[::-1])
        values.append(v.method("transpose", [], lambda: v.py.T) if len(one) > 1 else
                      Value(p, v.py, v.name))
    return values, d


def together(values):
    return "{%s}" % ", ".join(v.name for v in values)


def promoted(values):
    return np.result_type(*[v.py.dtype for v in values])


def joins(p):
    stack = random.random() < 0.4
    values, d = joined(p, same=stack, dtype=None)
    names, target = together(values), promoted(values)
    arrays = lambda: [convert(v.py, target) for v in values]
    if stack:
        d = random.randrange(-values[0].ndim - 1, values[0].ndim + 1)
        r = p.step("np.stack(%s, %s)" % (names, lua(dim(d))), lambda: np.stack(arrays(), d))
    elif random.random() < 0.2:
        r = p.step("np.concatenate(%s, {axis = false})" % names,
                   lambda: np.concatenate(arrays(), None))
    else:
        d = random.choice([d, d - values[0].ndim])
        r = p.step("np.%s(%s, %s)" % (random.choice(["concatenate", "concat"]), names, lua(dim(d))),
                   lambda: np.concatenate(arrays(), d))
    r.py = np.ascontiguousarray(r.py)  # the order of a join is row-major here
    p.results([r])


def repeats(p):
    v = layout(p, base(p))
    if v.py.size > 1000:
        raise Skip
    if random.random() < 0.3:
        p.results([p.step("np['repeat'](%s, 2)" % v.name, lambda: np.repeat(v.py, 2))])
    if v.ndim == 0:
        raise Skip
    d = random.randrange(-v.ndim, v.ndim)
    counts = random.choice([random.randint(0, 3),
                            [random.randint(0, 3) for _ in range(v.shape[d])] or [1]])
    r = p.step("np['repeat'](%s, %s, %s)" % (v.name, lua(counts), lua(dim(d))),
               lambda: np.repeat(v.py, counts, d))
    p.results([r])


def triangles(p):
    v = layout(p, base(p))
    if v.ndim < 2 or v.py.size > 2000:
        raise Skip
    name, k = random.choice(["tril", "triu"]), random.randint(-4, 4)
    p.results([v.call(name, [k], lambda: np.ascontiguousarray(getattr(np, name)(v.py, k)))])


def ranges(p):
    kind = random.randrange(4)
    dtype = random.choice([None] + INTS + FLOATS)
    options = {"dtype": dtype and p.dtype(dtype)}
    if kind == 0:
        a, b = random.randint(-20, 20), random.randint(-20, 20)
        s = random.choice([1, 2, 3, -1, -4, 7])
        args = list(map(number, random.choice([[b], [a, b], [a, b, s], [a, b, s]])))
        if dtype and dtype.startswith("u") and min(a, b) < 0:
            raise Skip
        r = p.step("np.arange(%s)" % arguments_of(args, options), lambda: np.arange(*args, dtype=dtype))
    elif kind == 1:
        a, b = random.uniform(-5, 5), random.uniform(-5, 5)
        s = random.choice([0.1, 0.25, -0.3, 1.0, 0.7])
        dtype = random.choice([None, "float64"])
        args = random.choice([[a, b], [a, b, s]])
        r = p.step("np.arange(%s)" % arguments_of(args, {"dtype": dtype and p.dtype(dtype)}),
                   lambda: np.arange(*args, dtype=dtype))
    elif kind == 2:
        a, b, n = (random.choice([random.randint(-9, 9), random.uniform(-9, 9)]) for _ in range(3))
        a, b, n = number(a), number(b), random.randint(0, 30)
        end = random.choice([None, True, False])
        dtype = random.choice([None, "float32", "float64", "float16"])
        r = p.step("np.linspace(%s)" % arguments_of([a, b, n], {
            "dtype": dtype and p.dtype(dtype), "endpoint": end}),
            lambda: np.linspace(a, b, n, endpoint=end is not False, dtype=dtype))
    else:
        n, m = random.randint(0, 6), random.choice([None, random.randint(0, 6)])
        k = random.randint(-4, 4)
        r = p.step("np.eye(%s)" % arguments_of([n, m], {"k": k, "dtype": options["dtype"]}),
                   lambda: np.eye(n, m, k, dtype=dtype or float))
    p.results([r])


def arguments_of(args, options):
    from program import arguments
    return arguments(args, options)


def alikes(p):
    v = layout(p, base(p))
    name = random.choice(["zeros_like", "ones_like", "full_like", "empty_like"])
    dtype, order = random.choice([None] + NUMPY_DTYPES), random.choice([None, "C", "F", "K"])
    shape = random.choice([None, None, draw_shape()])
    options = {"dtype": dtype and p.dtype(dtype), "order": order, "shape": shape}
    how = dict(dtype=dtype, order=order or "K", shape=shape)
    if shape is not None and (order or "K") == "K":
        raise Skip
    if name == "full_like":
        x = number_for(dtype)

        def work():
            value = number_as(p, x, dtype or v.py.dtype)
            made = np.empty_like(v.py, **how)
            made[...] = value
            return made
        r = v.call(name, [x], work, options)
    elif name == "empty_like":
        r = v.call(name, [], lambda: np.zeros_like(v.py, **how), options)
        p.act("%s:fill(0)" % r.name, lambda: None)
    else:
        r = v.call(name, [], lambda: getattr(np, name)(v.py, **how), options)
    p.results([r])


def large(p):
    """Sizes at which blocks, tiles and vector kernels come into play."""
    shape = random.choice([[1000], [37, 41], [64, 64], [9, 33, 17], [2, 300], [300, 2], [1, 700]])
    a = base(p, shape=shape)
    v = layout(p, a, 2)
    if v.py.size < 100 or v.py.size > 5000:
        raise Skip
    target = random.choice(NUMPY_DTYPES)
    r = v.method("astype", [p.dtype(target)], lambda: convert(v.py, target).copy(),
                 {"order": "C"})
    if r.ndim == 0:
        raise Skip
    p.results([r])


FAMILIES = [(views, 2600), (element, 300), (copies, 900), (conversions, 1200), (assignments, 1200),
            (overlapping, 500), (fills, 400), (element_writes, 300), (joins, 500), (repeats, 200),
            (triangles, 200), (ranges, 500), (alikes, 300), (large, 250)]


def write_all(out):
    return sum(write(out, "numpy", family.__name__, family, count) for family, count in FAMILIES)
