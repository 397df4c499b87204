"""Writes random calls of the elementwise functions that scripts/tessera composes, with what they must give.

Usage: /usr/bin/python3 composite_cases.py FILE [SEED]

The forms are those of elementwise_draw.py. What real PyTorch and NumPy say is expected, but:

    wide            float16 and bfloat16 are computed in float32 and rounded once (PyTorch 1.13 has no float16
                    here and rounds bfloat16 in between); round, isclose and ldexp round each step, as they do
    saturate        np.round of integers to tens saturates where NumPy wraps
    both None       np.clip without limits is a copy (NumPy since 2.1)
    zeros           clamp and clip take the operand of two zeros; their sign is not compared
    complex parts   torch.nan_to_num takes complex numbers (PyTorch since 2.1), by their parts
    lerp            each step is rounded (PyTorch may fuse two), and the sum is from the start where |weight| < 0.5
                    (PyTorch 1.13: weight < 0.5, which differs for infinite values); PyTorch's must be near that
    bool            torch.conj_physical and torch.round take bool and integers, as they are
    zero divisor    torch.div of integers by 0 gives 0, of the least integer by -1 itself (PyTorch raises or traps)
    large quotient  torch.div with rounding_mode = "floor" is infinite where x / y overflows (PyTorch's vectors: NaN,
                    its scalar loop, and NumPy: infinite)
    fraction        torch.addcmul of uint8 takes a value between -1 and 0 as 0, as all integers do (PyTorch: an error for
                    uint8 alone)
"""
import os
import random
import sys
import warnings
import zlib

import numpy as np
import torch
import torch.nn.functional as F

from elementwise_draw import DTYPES, Case, Drawer, draw_shape, part_of
from elementwise_model import Number, cast, from_tensor, tensor
from program import COMPLEX, INTS, Skip

warnings.simplefilter("ignore")
NARROW = ("float16", "bfloat16")
# lower in the table: options in Lua, the same for Python
CLAMPS = [("min = -1.5, max = 2", dict(min=-1.5, max=2)), ("min = 0.5", dict(min=0.5)), ("max = 3.5", dict(max=3.5)),
          ("min = 2.5, max = 1.5", dict(min=2.5, max=1.5))]
CLIPS = [(a, dict(a_min=b.get("min"), a_max=b.get("max"))) for a, b in CLAMPS]
DECIMALS = [("decimals = %d" % d, dict(decimals=d)) for d in (-2, -1, 0, 1, 2, 3)]
NANS = [("", {}), ("nan = 1.5", dict(nan=1.5)), ("posinf = 7.5, neginf = -8.5", dict(posinf=7.5, neginf=-8.5))]
CLOSE = [("", {}), ("rtol = 0.25, atol = 0.5", dict(rtol=0.25, atol=0.5)), ("equal_nan = true", dict(equal_nan=True))]
NONE = [("", {})]

# name: arity, options, tolerance in steps for float32 and float64 (0: exact; "0u": but for the sign of zeros)
TORCH = {
    "relu": (1, NONE, 0), "relu6": (1, NONE, "0u"), "frac": (1, NONE, 0), "deg2rad": (1, NONE, 0), "rad2deg": (1, NONE, 0),
    "isneginf": (1, NONE, 0), "isposinf": (1, NONE, 0), "isreal": (1, NONE, 0), "conj": (1, NONE, 0),
    "conj_physical": (1, NONE, 0), "positive": (1, NONE, 0), "nan_to_num": (1, NANS, 0),
    "hardtanh": (1, NONE + [("min_val = -2.5, max_val = 0.5", dict(min_val=-2.5, max_val=0.5))], "0u"),
    "leaky_relu": (1, NONE + [("negative_slope = 0.25", dict(negative_slope=0.25))], 1),
    "elu": (1, NONE + [("alpha = 2.5", dict(alpha=2.5))], "4u"), "silu": (1, NONE, "8u"),
    "gelu": (1, NONE + [('approximate = "tanh"', dict(approximate="tanh"))], "16u"),
    "softplus": (1, NONE + [("beta = 2.5, threshold = 3.5", dict(beta=2.5, threshold=3.5))], "8u"),
    "logit": (1, NONE + [("eps = 0.25", dict(eps=0.25))], "8u"), "expit": (1, NONE, "4u"),
    "clamp": (1, CLAMPS, "0u"), "clip": (1, CLAMPS, "0u"), "clamp_min": (1, [("min = 1.5", dict(min=1.5))], "0u"),
    "clamp_max": (1, [("max = 1.5", dict(max=1.5))], "0u"), "round": (1, DECIMALS, 0),
    "div": (2, NONE + [('rounding_mode = "trunc"', dict(rounding_mode="trunc")),
                       ('rounding_mode = "floor"', dict(rounding_mode="floor"))], 0),
    "logaddexp": (2, NONE, "4u"), "logaddexp2": (2, NONE, "4u"), "xlogy": (2, NONE, "4u"), "ldexp": (2, NONE, 4),
    "isclose": (2, CLOSE, 0), "rsub": (2, NONE, 0),
}
NUMPY = {
    "deg2rad": (1, NONE, 0), "radians": (1, NONE, 0), "rad2deg": (1, NONE, 0), "degrees": (1, NONE, 0),
    "isneginf": (1, NONE, 0), "isposinf": (1, NONE, 0), "isreal": (1, NONE, 0), "iscomplex": (1, NONE, 0),
    "conj": (1, NONE, 0), "conjugate": (1, NONE, 0), "positive": (1, NONE, 0), "fabs": (1, NONE, 0),
    "nan_to_num": (1, NANS, 0), "clip": (1, CLIPS + [("", dict(a_min=None, a_max=None))], "0u"), "round": (1, DECIMALS, 0),
    "around": (1, DECIMALS, 0), "angle": (1, NONE + [("deg = true", dict(deg=True))], 2), "logaddexp": (2, NONE, "4u"),
    "logaddexp2": (2, NONE, "4u"), "isclose": (2, CLOSE, 0),
}
TABLES = {"torch": TORCH, "numpy": NUMPY}
WITH_OUT = {"numpy": ["deg2rad", "rad2deg", "conj", "positive", "fabs", "clip", "logaddexp", "logaddexp2"],
            "torch": ["relu", "frac", "deg2rad", "clamp", "clamp_min", "clamp_max", "elu", "gelu", "silu", "softplus", "hardtanh",
                      "nan_to_num", "logit", "logaddexp", "xlogy", "div", "conj_physical", "ldexp"]}
IN_PLACE = ["relu", "frac", "deg2rad", "rad2deg", "clamp", "clip", "clamp_min", "clamp_max", "round", "logit", "nan_to_num",
            "xlogy", "div", "ldexp", "conj_physical"]
METHODS = {"numpy": ["clip", "round"], "torch": [n for n in TORCH if n not in ("rsub", "expit")]}
PLAIN_STEPS = ("round", "isclose", "ldexp", "rsub")  # 16-bit dtypes round each step
NAMED = {"np": "np.", "torch": "torch.", "expit": "torch.special."}


def function(op):
    if op in ("elu", "silu", "gelu", "softplus", "leaky_relu", "hardtanh", "relu6"):
        return getattr(F, op)
    return torch.special.expit if op == "expit" else getattr(torch, op)


def options_of(face, op, operands):
    """The same for the same operands."""
    choices = TABLES[face][op][1]
    key = op + "".join(o.dtype + str(o.py.shape) + str(o.py.tobytes()[:2]) for o in operands if not isinstance(o, Number))
    return choices[zlib.crc32(key.encode()) % len(choices)]


def as_torch(o, common):
    """With a common 16-bit dtype, as float32 that holds numbers of it."""
    if isinstance(o, Number):
        return float(torch.tensor(float(o.value)).to(getattr(torch, common))) if common in NARROW else o.value
    t = tensor(o.py, o.dtype)
    return t.to(getattr(torch, common)).float() if common in NARROW else t


def torch_round(x, dtype, decimals):
    """float16, which PyTorch 1.13 does not round: each step in it."""
    power = np.float16(10.0 ** abs(decimals))
    return dtype, np.rint(x * power) / power if decimals > 0 else np.rint(x / power) * power


def torch_find(op, operands, kwargs):
    arrays = [o for o in operands if not isinstance(o, Number)]
    narrow = [o.dtype for o in arrays if o.dtype in NARROW]
    dtypes = [o.dtype for o in arrays]
    if op == "round":
        if kwargs["decimals"] == 0:
            if dtypes[0] in COMPLEX:
                return None
            if dtypes[0] in INTS + ["bool"]:
                return dtypes[0], arrays[0].py
            got = np.rint(cast(arrays[0].py, dtypes[0], "float32" if narrow else dtypes[0]))
            return dtypes[0], cast(got, "float32", dtypes[0]) if narrow else got
        if dtypes == ["float16"]:
            return torch_round(arrays[0].py, "float16", kwargs["decimals"])
    if op == "nan_to_num" and dtypes[0] in COMPLEX:
        parts = [torch.nan_to_num(torch.from_numpy(p.copy()), **kwargs).numpy()
                 for p in (arrays[0].py.real, arrays[0].py.imag)]
        made = np.empty(arrays[0].py.shape, dtypes[0])
        made.real, made.imag = parts[0].reshape(made.shape), parts[1].reshape(made.shape)
        return dtypes[0], made
    if op == "nan_to_num" and narrow:
        limit = float(torch.finfo(getattr(torch, dtypes[0])).max)
        kwargs = {"posinf": limit, "neginf": -limit, **kwargs}
    if op == "ldexp" and dtypes[0] in COMPLEX or op == "ldexp" and dtypes[1] in COMPLEX:
        raise Skip
    if op in ("isclose", "rsub") and (narrow or set(dtypes) & set(COMPLEX)) or op == "div" and set(dtypes) & set(COMPLEX):
        raise Skip  # elementwise_cases.py has these operations
    if op == "isclose" and "equal_nan" in kwargs and arrays[0].py.shape != arrays[1].py.shape:
        raise Skip  # PyTorch 1.13 does not broadcast here
    values = [as_torch(o, None) for o in operands]
    common = str(torch.result_type(*values))[6:] if len(values) == 2 else dtypes[0]
    common = common if op not in PLAIN_STEPS else None
    try:
        with np.errstate(all="ignore"):
            values = [as_torch(o, common) for o in operands]
            if op == "div" and kwargs:
                made = divided(operands, values, common, kwargs["rounding_mode"])
            else:
                made = function(op)(*values, **kwargs)
    except (RuntimeError, TypeError):
        return None
    if op in ("silu", "expit") and made.is_complex():
        raise Skip  # PyTorch's is not accurate; math_cases.py has the complex sigmoid
    if op == "ldexp" and operands[1].dtype not in INTS + ["bool", dtypes[0]]:
        raise Skip  # a power of another precision
    if op == "ldexp" and operands[1].dtype not in INTS + ["bool"]:
        power = torch.pow(2, values[1])
        if ((power > 0) & (power < torch.finfo(power.dtype).tiny)).any():
            raise Skip  # one unit of a subnormal power is many of the product
    if common in NARROW and made.dtype == torch.float32:
        return common, cast(made.numpy(), "float32", common)
    return from_tensor(made)


def check_numbers(operands):
    if all(not isinstance(o, Number) and o.dtype == "bool" and o.py.size == 0 for o in operands):
        raise Skip  # PyTorch refuses bool when there is an element
    for o in operands:
        other = operands[o is operands[0]]
        if isinstance(o, Number) and isinstance(o.value, int) and other.dtype in INTS and not (
                np.iinfo(other.dtype).min <= o.value <= np.iinfo(other.dtype).max):
            raise Skip  # it wraps; PyTorch 1.13 refuses some


def divide_integers(x, y, mode):
    """Where PyTorch raises, or the process would end, by the rule."""
    zero, minus = y == 0, (y == -1) & (y < 0)
    made = torch.div(x, y.masked_fill(zero | minus, 1), rounding_mode=mode)
    return torch.where(zero, torch.zeros_like(made), torch.where(minus, -x, made))


def floor_large(made, x, y):
    """PyTorch's NaN become what overflows."""
    quotient = x / y
    large = made.isnan() & quotient.isinf() & x.isfinite() & (y != 0)
    return torch.where(large, quotient, made)


def divided(operands, values, common, mode):
    """Operands of the common dtype, float32 for 16-bit ones, are what PyTorch divides."""
    check_numbers(operands)
    x, y = [torch.as_tensor(v).to(torch.float32 if common in NARROW else getattr(torch, common)) for v in values]
    if common in INTS:
        return divide_integers(x, y, mode)
    made = torch.div(*values, rounding_mode=mode)
    return floor_large(made, x, y) if mode == "floor" else made


def numpy_find(op, operands, kwargs):
    x = operands[0]
    values = [o.value if isinstance(o, Number) else o.py for o in operands]
    if op == "clip" and kwargs["a_min"] is None and kwargs["a_max"] is None:
        return x.dtype, x.py if x.dtype != "bool" else None
    if op in ("round", "around") and x.dtype in INTS and kwargs["decimals"] < 0:
        power = 10.0 ** -kwargs["decimals"]
        return x.dtype, cast(np.rint(x.py / power) * power, "float64", x.dtype)
    if op == "isclose" and any(o.dtype in COMPLEX and not np.isfinite(o.py).all() for o in operands):
        raise Skip  # NumPy 2 has another formula
    try:
        made = np.asarray(getattr(np, op)(*values, **kwargs))
    except (TypeError, OverflowError):
        return None
    return made.dtype.name, made


def lerp(x, y, weight, found):
    """By the rule; PyTorch `found` what is near where nothing is infinite."""
    near = np.abs(weight) < 0.5
    step = np.where(near, weight, 1 - weight) * (y - x)
    model = np.where(near, x + step, y - step)
    scale, info = np.abs(x) + np.abs(y) + np.abs(step), np.finfo(found.dtype)
    off = np.isfinite(scale) & ~(np.abs(model - found) <= 4 * (info.eps * scale + info.smallest_subnormal))
    assert not off.any(), (x, y, weight, found, model)
    return model


class Composite(Drawer):
    counts = {"layouts": 900, "zero": 250, "long": 60, "numbers": 2, "outs": 800}

    def find(self, face, op, operands, count=True, where=None, operator=False):
        try:
            np.broadcast_shapes(*[o.py.shape for o in operands if not isinstance(o, Number)])
        except ValueError:
            return None
        if any(isinstance(o, Number) for o in operands) and op not in ("xlogy", "div"):
            raise Skip
        kwargs = options_of(face, op, operands)[1]
        found = torch_find(op, operands, kwargs) if face == "torch" else numpy_find(op, operands, kwargs)
        if found is None or found[1] is None:
            return None
        dtype, py = found
        steps = TABLES[face][op][2]
        if dtype in ("bool",) + tuple(INTS):
            steps = 0
        elif dtype in NARROW and steps:
            steps = "2u"
        return dtype, np.array(py), steps

    def call(self, c, op, operands, options="", operator=False):
        texts = [o.source() for o in operands]
        options = ", ".join(filter(None, [options_of(c.face, op, operands)[0], options]))
        if options:
            texts.append("{%s}" % options)
        if not isinstance(operands[0], Number) and random.random() < 0.3 and op in METHODS[c.face]:
            return "%s:%s(%s)" % (texts[0], op, ", ".join(texts[1:]))
        return "%s%s(%s)" % (NAMED.get(op) or c.module + ".", op, ", ".join(texts))

    def more(self, face):
        """Every function, over the floating dtypes most."""
        for op in self.names[face]:
            for _ in range(26):
                c = Case(face, "functions: " + op, op)
                dtype = random.choice(["float32", "float64"] if random.random() < 0.6 else DTYPES[face])
                yield self.simple(c, op, [c.array(dtype, random.choice([[45], [9, 7]]))] * self.arity[op]
                                  if random.random() < 0.2 else
                                  [c.array(dtype, [5, 9]) for _ in range(self.arity[op])])

    def draw_op(self, face, binary=0.3, among=None):
        return super().draw_op(face, binary, among)

    def some_outs(self, face):
        whole = self.names[face]
        self.names[face] = {op: whole[op] for op in WITH_OUT[face]}
        yield from (line for line in self.outs(face) if line and not (face == "torch" and "where = " in line))
        self.names[face] = whole

    def in_place(self, face):
        for _ in range(700 if face == "torch" else 0):
            op = random.choice(IN_PLACE)
            c = Case(face, "in place", op)
            shape = draw_shape()
            dtype = random.choice(DTYPES[face])
            x = c.array(dtype, shape, repeats=False)
            operands = [x]
            if self.arity[op] == 2:
                operands.append(c.array(random.choice([dtype, random.choice(DTYPES[face])]), part_of(shape)))
            texts = [o.name for o in operands[1:]]
            options = options_of(face, op, operands)[0]
            yield self.into(c, op, operands, x, "%s:%s_(%s)" % (x.name, op, ", ".join(
                texts + (["{%s}" % options] if options else []))))

    def pairs_of_results(self, face):
        for _ in range(150):
            op = random.choice(["frexp", "modf", "divmod"] if face == "numpy" else ["frexp"])
            c = Case(face, "two results", op)
            dtype, shape = random.choice(DTYPES[face]), draw_shape()
            operands = [c.array(dtype, shape)]
            if op == "divmod":
                operands.append(c.array(dtype, part_of(shape)))
            text = "%s.%s(%s)" % (c.module, op, ", ".join(o.name for o in operands))
            c.lines.append("local r, s = " + text)
            try:
                if face == "torch":
                    made = [from_tensor(t) for t in torch.frexp(tensor(operands[0].py, dtype))]
                else:
                    made = [(a.dtype.name, np.asarray(a)) for a in getattr(np, op)(*[o.py for o in operands])]
            except (TypeError, RuntimeError, ValueError):
                yield c.error()
                continue
            finite = np.isfinite(cast(operands[0].py, dtype, "float32" if dtype in NARROW else dtype))
            if op == "frexp" and not finite.all():
                continue  # the exponents of infinities are open
            yield c.results(*[(name, d, a, 0) for name, (d, a) in zip("rs", made)])

    def three(self, face):
        """lerp, addcmul, addcdiv, and clamp with arrays."""
        for _ in range(800 if face == "torch" else 0):
            op = random.choice(["lerp", "lerp", "addcmul", "addcdiv", "clamp"])
            c = Case(face, "three operands: " + op, op)
            shape, dtype = draw_shape(), random.choice(DTYPES[face])
            dtypes = [dtype if random.random() < 0.8 else random.choice(DTYPES[face]) for _ in range(3)]
            operands = [c.array(d, part_of(shape) if i else shape) for i, d in enumerate(dtypes)]
            texts, kwargs, number = [o.name for o in operands], {}, None
            if op == "lerp" and random.random() < 0.5:
                number = random.choice([0.0, 0.25, 0.3, 0.5, 0.7, 1.0, -0.5, 1.5])
                texts[2] = repr(number)
            elif op.startswith("add") and random.random() < 0.5:
                kwargs = {"value": random.choice([2.0, -0.5, 0.1])}
                texts.append("{value = %r}" % kwargs["value"])
            r = c.local("torch.%s(%s)" % (op, ", ".join(texts)))
            narrow = [d for d in dtypes if d in NARROW]
            if len(set(dtypes)) > 1 and narrow or op != "clamp" and set(dtypes) & set(COMPLEX):
                continue
            values = [as_torch(o, dtype if narrow else None) for o in operands]
            if number is not None:
                values[2] = number if not narrow else float(tensor(np.array(0), "float32").add(number).to(
                    getattr(torch, dtype)))
            if narrow and kwargs:
                kwargs["value"] = float(torch.tensor(kwargs["value"]).to(getattr(torch, dtype)))
            try:
                try:
                    made = getattr(torch, op)(*values, **kwargs)
                except RuntimeError as e:
                    if "to type uint8_t without overflow" not in str(e) or not -1 < kwargs["value"] < 0:
                        raise
                    made = getattr(torch, op)(*values, value=0)
            except RuntimeError:
                yield c.error()
                continue
            found = from_tensor(made)
            if op == "lerp":
                found = found[0], lerp(*[np.asarray(v, found[0]) for v in values], found[1])
            if op.startswith("add") and found[0] in ("float32", "float64"):  # each step rounded; PyTorch may fuse two
                x, y, z = [v.numpy().astype(found[0]) for v in values]
                y = np.dtype(found[0]).type(kwargs.get("value", 1)) * y
                model = np.asarray(x + (y * z if op == "addcmul" else y / z))
                scale = np.abs(x) + np.abs(model - x) + 1e-30
                far = np.isfinite(scale) & ~(np.abs(model - found[1]) <= 4 * np.finfo(found[0]).eps * scale)
                assert not far.any(), (op, x, y, z, found[1], model)
                found = found[0], model
            if narrow and found[0] == "float32":
                found = dtype, cast(found[1], "float32", dtype)
            exact = found[0] in INTS or found[0] == "bool"
            yield c.results((r,) + found + (0 if exact else "0u",))


def main():
    random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 13)
    np.seterr(all="ignore")
    np._set_promotion_state("weak")
    torch.set_num_threads(1)
    d = Composite([])
    d.arity = {op: row[0] for table in TABLES.values() for op, row in table.items()}
    d.names = {face: {op: [op] for op in table} for face, table in TABLES.items()}
    count = d.write(sys.argv[1], [d.pairs, d.more, d.layouts, d.zero_dimensional, d.long_rows, d.numbers, d.some_outs,
                                  d.in_place, d.pairs_of_results, d.three])
    print("%d cases of composed functions" % count)


if __name__ == "__main__":
    main()
