"""What is tried on the torch face: families of random programs. See program.py, torch_programs.py."""
import random

import numpy as np
import torch

from numpy_cases import number_for, writes_one_byte_twice
from program import (FLOATS, INTS, TORCH_DTYPES, Raw, Skip, Value, arguments, convert, dim, draw_shape,
                     item_size, lua, met, number, tensor_bytes, write)
from torch_programs import base, layout, step, torch_convert


def views(p):
    v = base(p)
    for _ in range(random.randint(1, 5)):
        v = step(v)
        if v.py.numel() > 2000 or v.ndim > 8:
            break
    p.results([v])


def name_of(t):
    return str(t.dtype)[6:]


def copies(p):
    v = layout(p, base(p))
    name = random.choice(["clone", "contiguous", "flip", "numpy"])
    if name == "flip":
        if v.ndim == 0:
            raise Skip
        dims = random.sample(range(v.ndim), random.randint(1, v.ndim))
        r = v.method("flip", [dim(dims)], lambda: v.py.flip(dims))
        p.lines[-1] += ":clone():contiguous()"  # a view here, a copy there
        r.py = r.py.contiguous()
    elif name == "numpy":
        if v.py.dtype == torch.bfloat16:
            raise Skip
        r = v.method("numpy", [], lambda: v.py.numpy())
    elif name == "clone":
        r = v.either("clone", [], lambda: v.py.clone())
    else:
        r = v.method("contiguous", [], lambda: v.py.contiguous())
    p.results([r])


SHORT = {"float": "float32", "double": "float64", "half": "float16", "bfloat16": "bfloat16",
         "int": "int32", "long": "int64", "short": "int16", "char": "int8", "byte": "uint8",
         "bool": "bool", "cfloat": "complex64", "cdouble": "complex128"}


def conversions(p):
    v = layout(p, base(p))
    name, target = random.choice(list(SHORT.items()))
    copy = random.choice([None, None, True])

    def work(copied=False):
        if name_of(v.py) == target:
            return v.py.clone() if copied else v.py
        shaped = v.py.to(getattr(torch, target))  # decides the layout, not the values
        shaped.copy_(torch_convert(v.py, target))
        return shaped
    kind = random.randrange(4)
    if kind == 0:
        r = v.method(name, [], work)
    elif kind == 1:
        r = v.method("type", [p.dtype(target)], work)
    else:
        r = v.method("to", [p.dtype(target)], lambda: work(copy), {"copy": copy})
    p.results([r])


def buffers(p):
    p.results([Value(p, np.frombuffer(b, np.uint8)[:len(f)], "u%d" % (k + 1))
               for k, (b, f) in enumerate(zip(p.buffers, p.first))])


def overlaps_itself(t):
    return writes_one_byte_twice(np.lib.stride_tricks.as_strided(
        np.zeros(1, "u%d" % min(8, t.element_size())), t.shape,
        [s * min(8, t.element_size()) for s in t.stride()], writeable=False))


def assignments(p):
    v = layout(p, base(p))
    if v.py.numel() > 2000 or not p.locate(v.py.data_ptr()) and v.py.numel():
        raise Skip
    shape = v.shape
    if random.random() < 0.3:
        shape = shape[random.randrange(len(shape) + 1):]
    shape = [1 if random.random() < 0.15 else n for n in shape]
    if random.random() < 0.04:
        shape = [n + 1 for n in shape] or [2]
    s = base(p, shape=shape[::-1])
    if len(shape) > 1:
        u = s
        s = u.method("permute", [dim(list(range(u.ndim))[::-1])],
                     lambda: u.py.permute(*range(u.ndim)[::-1]))

    def work():
        s.py.expand(v.py.shape)
        if overlaps_itself(v.py):
            raise Skip
        v.py.copy_(torch_convert(s.py, name_of(v.py)))
    p.act(random.choice(["%s:copy_(%s)", "%s[torch.ellipsis] = %s"]) % (v.name, s.name), work)
    buffers(p)


def fills(p):
    v = layout(p, base(p))
    if v.py.numel() > 2000:
        raise Skip
    x = number_for(None)
    target = name_of(v.py)

    def work():
        if isinstance(x, int) and not isinstance(x, bool) and target in INTS:
            info = np.iinfo(target)
            if not info.min <= x <= info.max:
                p.refuse("fits")
        if v.py.numel() == 0:
            return
        value = torch_convert(torch.tensor(x, dtype=torch.int64 if isinstance(x, int) else
                                           torch.float64), target)
        flat = np.frombuffer(tensor_bytes(value), np.uint8)
        for at in np.ndindex(*v.py.shape):
            start = v.py.data_ptr() + sum(i * s for i, s in zip(at, v.py.stride())) * len(flat)
            found = p.locate(start)
            if not found:
                raise Skip
            p.buffers[found[0]][found[1]:found[1] + len(flat)] = flat.tobytes()
    p.act(random.choice(["%s:fill_(%s)", "%s[torch.ellipsis] = %s"]) % (v.name, lua(x)), work)
    buffers(p)


def joins(p):
    stack = random.random() < 0.4
    shape = draw_shape(random.choice([1, 2, 2, 3, 4]), 4)
    d = random.randrange(len(shape))
    values = []
    for _ in range(random.randint(1, 4)):
        one = list(shape)
        if not stack:
            one[d] = random.randint(1, 4)
        if random.random() < 0.02:
            one[-1] += 1
        v = base(p, random.choice(TORCH_DTYPES), one[::-1])
        values.append(v.method("permute", [dim(list(range(v.ndim))[::-1])],
                               lambda v=v: v.py.permute(*range(v.ndim)[::-1])))
    target = values[0].py.dtype
    for v in values:
        target = torch.promote_types(target, v.py.dtype)
    arrays = lambda: [torch_convert(v.py, str(target)[6:]).contiguous() for v in values]
    names = "{%s}" % ", ".join(v.name for v in values)
    if stack:
        d = random.randrange(-values[0].ndim - 1, values[0].ndim + 1)
        r = p.step("torch.stack(%s, %s)" % (names, lua(dim(d))), lambda: torch.stack(arrays(), d))
    else:
        d = random.choice([d, d - len(shape)])
        name = random.choice(["cat", "concat", "concatenate"])
        r = p.step("torch.%s(%s, %s)" % (name, names, lua(dim(d))),
                   lambda: torch.cat(arrays(), d).contiguous())
    p.results([r])


def repeats(p):
    v = layout(p, base(p))
    if v.py.numel() > 1000 or v.ndim == 0:
        raise Skip
    if random.random() < 0.3:
        p.results([v.either("repeat_interleave", [2], lambda: v.py.repeat_interleave(2))])
    d = random.randrange(-v.ndim, v.ndim)
    counts = [random.randint(0, 3) for _ in range(v.shape[d])]
    if len(counts) < 2 or random.random() < 0.5:
        n = random.randint(0, 3)
        r = v.either("repeat_interleave", [n, dim(d)], lambda: v.py.repeat_interleave(n, d))
    else:
        r = v.either("repeat_interleave", [counts, dim(d)],
                     lambda: v.py.repeat_interleave(torch.tensor(counts), d))
    r.py = r.py.contiguous()
    p.results([r])


def triangles(p):
    v = layout(p, base(p))
    if v.ndim < 2 or not 0 < v.py.numel() <= 2000 or v.py.dtype == torch.bfloat16:
        raise Skip  # torch 1.13 crashes on some empty ones
    name, k = random.choice(["tril", "triu"]), random.randint(-4, 4)
    p.results([v.either(name, [k], lambda: getattr(v.py.contiguous(), name)(k))])


def makes(p):
    kind = random.randrange(6)
    dtype = random.choice([None] + [d for d in TORCH_DTYPES if d not in ("bool", "complex64",
                                                                         "complex128")])
    options = {"dtype": dtype and p.dtype(dtype)}
    how = {"dtype": dtype and getattr(torch, dtype)}
    n, m = random.randint(0, 7), random.choice([None, random.randint(0, 7)])
    if kind == 0:
        a, b = random.randint(0, 20), random.randint(0, 40)
        s = random.choice([1, 2, 3, 7])
        if a > b:
            raise Skip
        args = list(map(number, random.choice([[b], [a, b], [a, b, s]])))
        r = p.step("torch.arange(%s)" % arguments(args, options), lambda: torch.arange(*args, **how))
    elif kind == 1:
        a, b = random.randint(-20, 0), random.randint(0, 20)
        s = random.choice([1, 2, 3])
        if dtype == "uint8":
            raise Skip
        args = list(map(number, [a, b, s]))
        r = p.step("torch.range(%s)" % arguments(args, options), lambda: torch.range(*args, **how))
    elif kind == 2:
        args = [n] if m is None else [n, m]
        r = p.step("torch.eye(%s)" % arguments(args, options), lambda: torch.eye(*args, **how))
    elif kind == 3:
        shape = draw_shape()
        name = random.choice(["zeros", "ones"])
        args = shape if shape and random.random() < 0.5 else [shape]
        r = p.step("torch.%s(%s)" % (name, arguments(args, options)),
                   lambda: getattr(torch, name)(shape, **how))
    elif kind == 4:
        shape, x = draw_shape(), number(random.choice([0, 1, 7, 100, True, 0.5, 2.0]))
        r = p.step("torch.full(%s)" % arguments([shape, x], options),
                   lambda: torch.full(shape, x, **how))
    else:
        v = layout(p, base(p))
        shape, x = draw_shape(), number(random.choice([0, 1, 7, 100]))
        how["dtype"] = how["dtype"] or v.py.dtype
        name = random.choice(["new_zeros", "new_ones", "zeros_like", "ones_like", "full_like", "new_full"])
        if name.endswith("like"):
            args = [x] if name == "full_like" else []
            r = v.call(name, args, lambda: getattr(torch, name)(v.py, *args, **how), options)
        else:
            args = [shape, x] if name == "new_full" else [shape]
            r = v.method(name, args, lambda: getattr(v.py, name)(*args, **how), options)
    p.results([r])


FAMILIES = [(views, 1800), (copies, 500), (conversions, 900), (assignments, 700), (fills, 300),
            (joins, 400), (repeats, 150), (triangles, 150), (makes, 500)]


def write_all(out):
    return sum(write(out, "torch", family.__name__, family, count) for family, count in FAMILIES)
