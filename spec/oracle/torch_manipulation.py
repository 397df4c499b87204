"""What the Lua half does on the torch face: splitting, joining, repeating, padding, turning, grids."""
import random

import torch

from program import INTS, Raw, Skip, TORCH_DTYPES, arguments, broadcastable, dim, lua, met, write
from torch_programs import base, dim_of, layout, torch_convert


def small(p, least=0, most=600):
    v = layout(p, base(p))
    if v.ndim < least or v.py.numel() > most:
        raise Skip
    return v


def splits(p):
    v = small(p, 1)
    name = random.choice(["split", "chunk", "tensor_split", "unbind", "split_with_sizes", "hsplit", "vsplit",
                          "dsplit"])
    d = random.randrange(-v.ndim, v.ndim)
    n = v.shape[d]
    if name == "chunk":
        k = random.randint(1, 5)
        r = v.either(name, [k, dim(d)], lambda: v.py.chunk(k, d))
    elif name == "unbind":
        r = v.either(name, [dim(d)], lambda: v.py.unbind(d))
    elif name == "split" and random.random() < 0.5:
        k = random.randint(1, 4)
        r = v.either(name, [k, dim(d)], lambda: v.py.split(k, d))
    elif name.startswith("split"):
        sizes = []
        while sum(sizes) < n:
            sizes.append(random.randint(0, n - sum(sizes)))
        if random.random() < 0.05:
            sizes.append(1)
        r = v.either(name, [sizes, dim(d)], lambda: v.py.split(sizes, d))
    else:
        at = {"hsplit": 1 if v.ndim > 1 else 0, "vsplit": 0, "dsplit": 2}.get(name, d)
        n = v.shape[at] if at < v.ndim else 1
        python = lua_text = random.randint(1, 4)
        if random.random() < 0.5:
            python = sorted(random.randint(0, n) for _ in range(random.randint(0, 3)))
            lua_text = [i + 1 for i in python]
        if name == "tensor_split":
            r = v.either(name, [lua_text, dim(d)], lambda: v.py.tensor_split(python, d))
        else:
            r = v.either(name, [lua_text], lambda: getattr(v.py, name)(python))
    p.list(r)


def stacks(p):
    name = random.choice(["vstack", "hstack", "dstack", "column_stack", "row_stack"])
    shape = [random.randint(1, 4) for _ in range(random.randint(0, 3))]
    values = [base(p, random.choice(TORCH_DTYPES), shape) for _ in range(random.randint(1, 3))]
    if random.random() < 0.05:
        values.append(base(p, None, [n + 1 for n in shape] + [2]))
    target = values[0].py.dtype
    for v in values:
        target = torch.promote_types(target, v.py.dtype)
    names = "{%s}" % ", ".join(v.name for v in values)
    p.results([p.step("torch.%s(%s)" % (name, names), lambda: getattr(torch, name)(
        [torch_convert(v.py, str(target)[6:]) for v in values]).contiguous())])


def repeats(p):
    v = small(p, 0, 60)
    if random.random() < 0.5:
        times = [random.randint(0, 3) for _ in range(random.randint(0, 3))]
        r = v.either("tile", [times], lambda: v.py.tile(times).contiguous())
    else:
        times = [random.randint(0, 3) for _ in range(v.ndim + random.randint(0, 1))]
        if not times:
            raise Skip
        args = times if random.random() < 0.5 else [times]
        r = v.method("repeat_", args, lambda: v.py.repeat(times))
    p.lines[-1] += ":clone():contiguous()"
    r.py = r.py.clone().contiguous()
    p.results([r])


def rolls(p):
    v = small(p, 1)
    if v.py.numel() == 0:
        raise Skip  # torch 1.13 crashes on some
    if random.random() < 0.3:
        k = random.randint(-9, 9)
        r = v.either("roll", [k], lambda: v.py.contiguous().roll(k))
    elif random.random() < 0.5:
        k, d = random.randint(-9, 9), random.randrange(-v.ndim, v.ndim)
        r = v.either("roll", [k, dim(d)], lambda: v.py.contiguous().roll(k, d))
    else:
        dims = [random.randrange(-v.ndim, v.ndim) for _ in range(2)]
        shifts = [random.randint(-5, 5) for _ in dims]
        r = v.either("roll", [shifts, dim(dims)], lambda: v.py.contiguous().roll(shifts, dims))
    p.lines[-1] += ":clone():contiguous()"
    r.py = r.py.contiguous()
    p.results([r])


def pads(p):
    v = small(p, 1, 200)
    widths = [random.randint(-1, 3) for _ in range(2 * random.randint(1, v.ndim))]
    value = random.choice([None, 0, 1, 7])
    if v.py.numel() == 0 or v.py.dtype == torch.bool:
        raise Skip
    left = [n + sum(widths[2 * i:2 * i + 2]) for i, n in enumerate(v.shape[::-1])]
    if min(left) == 0:
        met["pad to 0"] += 1
        raise Skip
    text = arguments([Raw(v.name), widths, "constant", value], None)
    r = p.step("torch.nn.functional.pad(%s)" % text,
               lambda: torch.nn.functional.pad(v.py, widths, "constant", value or 0))
    p.lines[-1] += ":clone():contiguous()"
    r.py = r.py.clone().contiguous()
    p.results([r])


def turns(p):
    v = small(p)
    name = random.choice(["rot90", "fliplr", "flipud"])
    if name == "rot90":
        need = random.randint(-5, 5)
        if v.ndim < 2:
            raise Skip
        dims = random.sample(range(v.ndim), 2)
        r = v.either(name, [need, dim(dims)], lambda: v.py.rot90(need, dims))
    else:
        r = v.either(name, [], lambda: getattr(v.py, name)())
    p.lines[-1] += ":clone():contiguous()"  # views here, copies there
    r.py = r.py.clone().contiguous()
    p.results([r])


def deepened(p):
    v = small(p)
    name = random.choice(["atleast_1d", "atleast_2d", "atleast_3d"])
    p.results([v.call(name, [], lambda: getattr(torch, name)(v.py))])


def broadcasts(p):
    values = broadcastable(p, base)
    names = ", ".join(v.name for v in values)
    p.list(p.step("torch.broadcast_tensors(%s)" % names,
                  lambda: torch.broadcast_tensors(*[v.py for v in values])))


def diagonals(p):
    v = small(p, 1, 60)
    name = random.choice(["diag", "diagflat", "diag_embed"])
    k = random.randint(-3, 3)
    r = v.either(name, [k], lambda: getattr(v.py, name)(k))
    p.lines[-1] += ":clone():contiguous()"
    r.py = r.py.clone().contiguous()
    p.results([r])


def grids(p):
    values = [base(p, "float32", [random.randint(1, 4)]) for _ in range(random.randint(1, 3))]
    names = ", ".join(v.name for v in values)
    indexing = random.choice(["ij", "xy"])
    p.list(p.step('torch.meshgrid(%s, {indexing = "%s"})' % (names, indexing),
                  lambda: torch.meshgrid(*[v.py for v in values], indexing=indexing)))


def differences(p):
    v = layout(p, base(p, random.choice(["bool", "uint8", "int8", "int16", "int32", "int64"])))
    if v.ndim == 0 or v.py.numel() > 400 or not str(v.py.dtype)[6:] in INTS + ["bool"]:
        raise Skip
    n, d = random.randint(1, 3), random.randrange(-v.ndim, v.ndim)
    r = v.either("diff", [n, dim(d)], lambda: v.py.diff(n, d))
    p.results([r])


FAMILIES = [(splits, 300), (stacks, 150), (repeats, 150), (rolls, 150), (pads, 120), (turns, 120),
            (deepened, 80), (broadcasts, 100), (diagonals, 120), (grids, 80), (differences, 100)]


def write_all(out):
    return sum(write(out, "torch", family.__name__, family, count) for family, count in FAMILIES)
