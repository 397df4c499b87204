"""Random programs of the torch face, against PyTorch. Negative strides and odd offsets come in by
`torch.from_numpy` of ndarrays in our half; PyTorch itself has none, so it works on equal values."""
import random

import numpy as np
import torch

from program import (INTS, Raw, TORCH_DTYPES, Value, convert, dim, draw_bytes, draw_shape, has_signalling_nan,
                     item_size, lua, met, Skip, arguments, to_bfloat16)
from numpy_programs import split_shape


def base(p, dtype=None, shape=None, most=5):
    dtype = dtype or random.choice(TORCH_DTYPES)
    shape = draw_shape(most=most) if shape is None else shape
    n = int(np.prod(shape))
    before = random.choice([0, 0, 1, 2]) * item_size(dtype)
    data = bytes(random.randrange(2) for _ in range(before)) + draw_bytes(dtype, n)
    buffer, block = p.buffer(data)
    py = torch.empty(0, dtype=getattr(torch, dtype)).reshape([0] if n == 0 else 0)
    if n:
        py = torch.frombuffer(block, dtype=getattr(torch, dtype), count=n, offset=before)
    name = p.name()
    p.lines.append("local %s = torch.frombuffer(%s):reshape(%s)" % (name, arguments(
        [Raw(buffer)], {"dtype": p.dtype(dtype), "offset": before or None, "count": n}), lua(shape)))
    return Value(p, py.reshape(shape), name)


def as_numpy(t):
    """Exact values; bfloat16 as float32."""
    t = t.detach()
    return (t.float() if t.dtype == torch.bfloat16 else t).contiguous().numpy()


def torch_convert(t, dtype):
    """t.to(dtype) by our rules: NumPy's conversions, bfloat16 rounded once."""
    name = str(t.dtype)[6:]
    if name == dtype:
        return t
    a = as_numpy(t)
    if has_signalling_nan(a):
        met["signalling nan"] += 1
        raise Skip
    if dtype != "bfloat16":
        return torch.from_numpy(np.array(convert(a, dtype))).reshape(t.shape)
    met["round once"] += 1
    a = a.real if a.dtype.kind == "c" else a
    if a.dtype.kind in "iu":
        a = a.astype(np.float32)
    bits = to_bfloat16(a.astype(np.float64))
    return torch.from_numpy(bits.astype(np.int16).reshape(t.shape).copy()).view(torch.bfloat16)


def dim_of(v, extra=0):
    n = v.ndim + extra
    if random.random() < 0.03:
        return random.choice([n, -n - 1]) if n else 1
    return random.randrange(-n, n) if n else random.choice([0, -1])


def need_dims(v, k):
    if v.ndim < k:
        raise Skip


# ---- views ---------------------------------------------------------------------------------------


def select(v):
    need_dims(v, 1)
    d = dim_of(v)
    n = v.shape[d] if -v.ndim <= d < v.ndim else 1
    i = random.randrange(-n, n) if n else 0
    return v.either("select", [dim(d), dim(i)], lambda: v.py.select(d, i))


def narrow(v):
    need_dims(v, 1)
    d = random.randrange(-v.ndim, v.ndim)
    n = v.shape[d]
    start = random.randint(0, n)
    length = random.randint(0, n - start + (random.random() < 0.05))
    return v.either("narrow", [dim(d), start + 1, length], lambda: v.py.narrow(d, start, length))


def index(v):
    from numpy_programs import key_of
    for _ in range(20):
        source, key = key_of(v, ranges_only=True)
        if all(not isinstance(k, slice) or k.step is None or k.step > 0 for k in key):
            return v.p.step("%s[%s]" % (v.name, source.replace("np.", "torch.")), lambda: v.py[key])
    return v


def unfold(v):
    need_dims(v, 1)
    d = random.randrange(-v.ndim, v.ndim)
    size, step = random.randint(1, 4), random.randint(1, 3)
    return v.method("unfold", [dim(d), size, step], lambda: v.py.unfold(d, size, step))


def as_strided(v):
    found = v.p.locate(v.py.data_ptr())
    if not found or v.py.numel() == 0:
        return v
    total = len(v.p.buffers[found[0]])
    shape = [random.randint(1, 3) for _ in range(random.randint(0, 3))]
    strides = [random.randint(0, 4) for _ in shape]
    item = v.py.element_size()
    if found[1] % item:
        return v
    offset = random.randint(0, 4)
    reach = offset + sum((n - 1) * s for n, s in zip(shape, strides)) + 1
    if reach * item > total and random.random() < 0.9:
        return v

    def work():
        if reach * item > total:
            v.p.refuse("bounds")
        dtype = v.py.dtype
        whole = torch.frombuffer(v.p.buffers[found[0]], dtype=dtype, count=total // item)
        return torch.as_strided(whole, shape, strides, offset)
    return v.either("as_strided", [shape, strides, offset], work)


def prop(name):
    return lambda v: v.p.step("%s.%s" % (v.name, name), lambda: getattr(v.py, name)
                              if name != "T" else v.py.permute(list(range(v.ndim))[::-1]))


def mT(v):
    need_dims(v, 2)
    return prop("mT")(v)


def t(v):
    if v.ndim > 2 and random.random() < 0.8:
        raise Skip
    return v.either("t", [], lambda: v.py.t())


def transpose(v):
    a, b = dim_of(v), dim_of(v)
    if v.ndim == 0:
        raise Skip
    name = random.choice(["transpose", "swapaxes", "swapdims"])
    return v.either(name, [dim(a), dim(b)], lambda: v.py.transpose(a, b))


def permute(v):
    dims = list(range(v.ndim))
    random.shuffle(dims)
    dims = [d - v.ndim if random.random() < 0.3 else d for d in dims]
    if random.random() < 0.4 and dims:
        return v.method("permute", dim(dims), lambda: v.py.permute(dims))
    return v.either("permute", [dim(dims)], lambda: v.py.permute(dims))


def movedim(v):
    k = random.randrange(v.ndim + 1)
    a, b = random.sample(range(v.ndim), k), random.sample(range(v.ndim), k)
    if k == 1 and random.random() < 0.5:
        a, b = a[0], b[0]
    name = random.choice(["movedim", "moveaxis"])
    return v.either(name, [dim(a), dim(b)], lambda: v.py.movedim(a, b))


def sizes_of(v):
    shape = split_shape(v.py.numel())
    if random.random() < 0.3 and v.py.numel():
        shape[random.randrange(len(shape))] = -1
    if random.random() < 0.04:
        shape = shape + [2]
    return shape


def view(v):
    shape = sizes_of(v)
    return v.method("view", shape if random.random() < 0.5 else [shape], lambda: v.py.view(shape))


def reshape(v):
    shape = sizes_of(v)
    if random.random() < 0.4:
        return v.method("reshape", shape, lambda: v.py.reshape(shape))
    return v.either("reshape", [shape], lambda: v.py.reshape(shape))


def view_dtype(v):
    target = random.choice([d for d in TORCH_DTYPES if d != "bool"])
    if not str(v.py.dtype)[6:] in TORCH_DTYPES or v.py.is_conj():
        raise Skip
    return v.method("view", [v.p.dtype(target)], lambda: v.py.view(getattr(torch, target)))


def ravel(v):
    return v.either("ravel", [], lambda: v.py.ravel())


def flatten(v):
    if v.ndim == 0 or random.random() < 0.3:
        return v.either("flatten", [], lambda: v.py.flatten())
    a, b = dim_of(v), dim_of(v)
    return v.either("flatten", [dim(a), dim(b)], lambda: v.py.flatten(a, b))


def unflatten(v):
    need_dims(v, 1)
    d = random.randrange(-v.ndim, v.ndim)
    if v.shape[d] == 0:
        raise Skip
    shape = split_shape(v.shape[d])
    if random.random() < 0.3:
        shape[random.randrange(len(shape))] = -1
    return v.either("unflatten", [dim(d), shape], lambda: v.py.unflatten(d, shape))


def squeeze(v):
    if random.random() < 0.4:
        return v.either("squeeze", [], lambda: v.py.squeeze())
    d = dim_of(v)
    if v.ndim == 0:
        raise Skip
    return v.either("squeeze", [dim(d)], lambda: v.py.squeeze(d))


def unsqueeze(v):
    d = dim_of(v, 1)
    return v.either("unsqueeze", [dim(d)], lambda: v.py.unsqueeze(d))


def expand(v):
    shape = [random.randint(0, 3) for _ in range(random.choice([0, 0, 1]))]
    lead = len(shape)
    shape += [random.choice([n, -1, 2]) if n == 1 else random.choice([n, -1]) for n in v.shape]
    if random.random() < 0.05:
        shape = [n + 1 for n in shape]
    if random.random() < 0.5:
        return v.either("broadcast_to", [shape], lambda: v.py.broadcast_to(shape))
    args = shape if shape and random.random() < 0.5 else [shape]
    return v.method("expand", args, lambda: v.py.expand(shape))


def diagonal(v):
    k = random.randint(-3, 3)
    need_dims(v, 2)
    if random.random() < 0.4:
        return v.either("diagonal", [k], lambda: v.py.diagonal(k))
    a, b = dim_of(v), dim_of(v)
    return v.either("diagonal", [k, dim(a), dim(b)], lambda: v.py.diagonal(k, a, b))


def parts(v):
    if not v.py.is_complex():
        if v.ndim and v.shape[-1] == 2 and v.py.dtype in (torch.float32, torch.float64):
            return v.call("view_as_complex", [], lambda: torch.view_as_complex(v.py))
        raise Skip
    name = random.choice(["real", "imag", "view_as_real"])
    if name == "view_as_real":
        return v.call(name, [], lambda: torch.view_as_real(v.py))
    return v.p.step("%s.%s" % (v.name, name), lambda: getattr(v.py, name))


def detach(v):
    return v.either("detach", [], lambda: v.py.detach())


VIEWS = [select, narrow, index, index, unfold, as_strided, prop("T"), mT, t, transpose, permute, movedim,
         view, reshape, view_dtype, ravel, flatten, unflatten, squeeze, unsqueeze, expand, diagonal,
         parts, detach]


def step(v):
    """One random view that applies."""
    lines = len(v.p.lines)
    for _ in range(30):
        try:
            return random.choice(VIEWS)(v)
        except Skip:
            if len(v.p.lines) != lines:
                raise
    return v


def layout(p, v, most=3):
    for _ in range(random.choice([0, 1, 1, 2, 2, most])):
        v = step(v)
        if v.py.numel() > 3000 or v.ndim > 6:
            break
    return v
