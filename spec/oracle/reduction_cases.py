"""Writes random reductions and scans with what NumPy, PyTorch and long double arithmetic make of them.

Usage: /usr/bin/python3 reduction_cases.py FILE [SEED]

Dtype, shape and whether there is an error are what the installed libraries say; so are the elements of
whatever is exact: integers, extremes, positions, truth. Other floating elements are compared with a
reference in long double under the bounds that reduction_model.py states; what the libraries make must be
near it too, or the generator stops. One case a line, fields separated by tabs:

    face, family, source, buffers      as in elementwise_cases.py
    expected  "error", or the results separated by spaces: dtype/sizes/BYTES, or dtype/sizes/VALUES/BOUNDS,
              float64 both, hexadecimal, and /DTYPE:ERROR behind it where NumPy's or PyTorch's own error is to
              be compared: the mean of its |error| / bound

RULES are where we differ from the installed libraries; they are counted and printed.
"""
import os
import random
import sys
import warnings

import numpy as np
import torch

import elementwise_draw
import elementwise_model
from elementwise_model import from_tensor, tensor
from program import COMPLEX, INTS, NUMPY_DTYPES, TORCH_DTYPES, dim, item_size, lua, to_bfloat16
from reduction_model import CLD, LD, PARTS, Reducing, finish, joined, may_overflow, scan, work_eps

warnings.simplefilter("ignore")
RULES = {
    "torch refuses": "PyTorch 1.13 has no such kernel for 16-bit dtypes: its float32 one, rounded",
    "out": "np: the result is computed in its own dtype and cast to out's (NumPy computes in out's)",
    "out of halves": "np: sums and products of float16 are computed in float32, and not rounded before a wider out=",
    "array api": "np: cumulative_sum, cumulative_prod and linalg.vector_norm as NumPy 2 has them",
    "complex mean": "a part that is NaN does not make the other part NaN when the sum is divided by n",
    "complex truth": "torch: a complex number is true when any part is not 0 (1.13: when the real part is not)",
    "float16 moments": "np: var and std of float16 are what NumPy makes with dtype = float32 (by itself it sums in "
                       "float16, where 2048 + 1 is 2048 and 65520 infinite)",
    "weights": "np: averages are not drawn whose weights cancel to less than the bound of their sum: in another order "
               "they may sum to 0, which is an error, or not",
    "refused": "torch: cummax and cummin of complex numbers and of dimensions out of range are errors even for nothing",
    "nan of nothing": "np: extremes of no elements are drawn of 1 dimension only (1.24: an error for some dtypes, also "
                      "where there are no results)",
}
met = dict.fromkeys(RULES, 0)
FLOATS = {"numpy": ["float16", "float32", "float64"], "torch": ["float16", "bfloat16", "float32", "float64"]}
ALL = {"numpy": NUMPY_DTYPES, "torch": TORCH_DTYPES}
INF, NAN = float("inf"), float("nan")


class Differs(Exception):
    pass


def draw_floats(n, mode):
    if mode == "ties":
        return np.random.choice([0.0, -0.0, 1.0, -1.0, 2.0, NAN if random.random() < 0.3 else 2.0], n)
    if mode == "product":
        return np.random.choice([1, -1], n) * (1 + np.random.uniform(-1, 1, n) * min(1.0, 20 / max(n, 1)) / 2)
    made = np.random.normal(random.choice([0, 0, 1, 30]), 1, n) * random.choice([1, 1, 1e-2, 1e2])
    if mode == "special":
        for _ in range(random.choice([1, 2, n // 3])):
            if n:
                made[random.randrange(n)] = random.choice([NAN, NAN, INF, -INF, 0.0, -0.0])
    return made


class Case(elementwise_draw.Case):
    PERIOD = 499

    def __init__(self, face, family, mode="tame"):
        super().__init__(face, family)
        self.mode = mode

    def draw(self, dtype, n):
        if dtype == "bool" or dtype in INTS:
            if self.mode == "ties" and dtype != "bool":
                return np.random.randint(0, 4, n).astype(dtype).tobytes()
            return elementwise_draw.draw(dtype, n)
        if self.mode == "product":  # of magnitude about 1, also when the period is repeated
            values = draw_floats(n, self.mode)
            values = values * np.exp(1j * np.random.uniform(0, 7, n)) if dtype in COMPLEX else values
            if n == self.PERIOD:
                values[-1] = 1 / np.prod(values[:-1])
            values = values.view(np.float64)
        else:
            values = draw_floats(2 * n if dtype in COMPLEX else n, self.mode)
        if dtype == "bfloat16":
            return to_bfloat16(values).tobytes()
        return values.astype(PARTS.get(dtype, dtype)).tobytes()

    def base(self, dtype, shape):
        """As elementwise_cases', but long ones repeat a period."""
        n, size = int(np.prod(shape)), item_size(dtype)
        before = random.choice([0, 0, 0, size, 1, 3])
        times = -(-n // self.PERIOD) if n > 2000 else 1
        one = self.draw(dtype, self.PERIOD if times > 1 else n)
        data = bytes(before) + one * times
        self.buffers.append(bytes(before) + one)
        k = len(self.buffers)
        bytes_of = "B[%d]" % k if times == 1 else "B[%d]:sub(1, %d) .. B[%d]:sub(%d):rep(%d)" % (
            k, before, k, before + 1, times)
        self.lines.append("local u%d = np.frombuffer(%s, {dtype = np.uint8}):copy()" % (k, bytes_of))
        name = self.local("np.frombuffer(u%d, {dtype = np.%s, offset = %d, count = %d}):reshape(%s)" % (
            k, dtype, before, n, lua(list(shape))))
        held = "uint16" if dtype == "bfloat16" else dtype
        py = np.frombuffer(bytearray(data) or bytearray(1), held, n, before).reshape(shape)
        return elementwise_draw.Array(name, dtype, py)

    def answer(self, texts):
        return self.finish(" ".join(texts))


def draw_shape():
    r = random.random()
    if r < 0.04:
        return [random.choice([4095, 4097, 9000, 140000])]
    if r < 0.07:
        return random.choice([[70, 70], [5000, 2], [2, 5000], [3, 40, 50], [66000, 2], [30, 300], [300, 30]])
    return elementwise_draw.draw_shape()


def cast(a, dtype, to):
    a = np.asarray(a)
    return elementwise_model.cast(a.reshape(-1), dtype, to).reshape(a.shape)


def wide(a, dtype):
    """Elements in long double."""
    a = cast(a, dtype, "float32") if dtype == "bfloat16" else a
    return a.astype(CLD if a.dtype.kind == "c" else LD)


# ---- describing results -------------------------------------------------------------------------------


def shape_text(shape):
    return ",".join(map(str, shape))


def exact(dtype, a):
    """Elements that must be as they are; zeros of both signs are equal."""
    a = np.asarray(a)
    if dtype == "bool" or dtype in INTS:
        return "%s/%s/%s" % (dtype, shape_text(a.shape), a.tobytes().hex())
    values = wide(a, dtype)
    values = np.stack([values.real, values.imag], -1) if dtype in COMPLEX else values
    return "%s/%s/%s/%s" % (dtype, shape_text(a.shape), values.astype(np.float64).tobytes().hex(), "-")


def check_near(theirs, dtype, values, bounds):
    """The mean of the library's error in bounds. Its sums are in another order, and 16-bit ones in less
    precision, so that it may be farther off than we may, but not by far."""
    theirs = wide(np.asarray(theirs), dtype)
    if dtype in COMPLEX:
        theirs = np.stack([theirs.real, theirs.imag], -1)
    good = np.isfinite(values) & np.isfinite(theirs)
    off = np.abs(theirs - values)[good].astype(np.float64) / np.maximum(bounds[good], 1e-300)
    if not good.all() and PARTS.get(dtype, dtype) in ("float32", "float64"):
        same = (values == theirs) | np.isnan(values) & np.isnan(theirs.astype(np.float64))
        same |= (theirs == np.copysign(LD(INF), values)) & may_overflow(values, bounds, dtype)
        if dtype in COMPLEX:
            met["complex mean"] += not (same | good).all()
            same |= np.isnan(theirs.astype(np.float64))
        if not (same | good).all():
            raise Differs("%r %r" % (values, theirs))
    if off.size and off.max() > (1e3 if dtype != "float16" and dtype != "bfloat16" else 1e6):
        raise Differs("%r %r %r" % (values, theirs, bounds))
    return off.mean() if off.size else 0.0


def near(name, dtype, shape, theirs, reference, compare=False):
    values, bounds = finish(*reference, dtype)
    mean = check_near(theirs, dtype, values, bounds)
    text = "%s/%s/%s/%s" % (dtype, shape_text(shape), values.tobytes().hex(), bounds.tobytes().hex() or "-")
    if compare:
        text += "/%s:%.6g" % (dtype, mean)
    return text


def ask(c, work, *arrays):
    """What the library makes of operands, tensors on torch: pairs of dtype and elements; None for an error."""
    try:
        if c.face == "numpy":
            made = work(*[a.py for a in arrays])
            made = made if isinstance(made, tuple) else (made,)
            return [(np.asarray(m).dtype.name, np.asarray(m)) for m in made]
        given = [tensor(a.py, a.dtype) for a in arrays]
        try:
            made = work(*given)
        except RuntimeError as e:
            halves = [a.dtype in ("float16", "bfloat16") for a in arrays]
            if "not implemented for" not in str(e) or not any(halves):
                raise
            met["torch refuses"] += 1
            made = work(*[t.float() if h else t for t, h in zip(given, halves)])
            made = [made] if isinstance(made, torch.Tensor) else list(made)
            made = [m.to(given[0].dtype) if m.dtype == torch.float32 else m for m in made]
        made = [made] if isinstance(made, torch.Tensor) else list(made)
        return [from_tensor(m) for m in made]
    except (ValueError, IndexError, TypeError, RuntimeError, OverflowError, ZeroDivisionError,
            np.core._exceptions._UFuncNoLoopError) as e:
        if "not implemented for" in str(e) and "Bool" not in str(e) and "Complex" not in str(e):
            return None
        return None


# ---- options ------------------------------------------------------------------------------------------


def draw_dims(c, ndim, several=True):
    """None, a dimension, or several: counted from 0."""
    r = random.random()
    if r < 0.03:
        return ndim + 1 if r < 0.015 else -ndim - 2
    if ndim == 0:
        return random.choice([None, 0, -1]) if c.face == "torch" else None
    if r < 0.25:
        return None
    if r < 0.6 or not several:
        return random.randrange(-ndim, ndim)
    dims = random.sample(range(ndim), random.randint(1, ndim))
    return tuple(d - ndim if random.random() < 0.3 else d for d in dims)


def lua_dims(dims):
    return lua(dim(list(dims) if isinstance(dims, tuple) else dims))


def resolved(dims, ndim):
    """For NumPy's reductions."""
    if dims is None or ndim == 0:
        return tuple(range(ndim))
    return tuple(d % ndim for d in (dims if isinstance(dims, tuple) else (dims,)))


def expression(c, name, x, options):
    """As function or method; options by name."""
    text = ", ".join("%s = %s" % pair for pair in options.items())
    text = "{%s}" % text if text else ""
    if random.random() < 0.3 and name in METHODS[c.face]:
        return "%s:%s(%s)" % (x.name, name, text)
    return "%s.%s(%s)" % (c.module, name, ", ".join(t for t in (x.name, text) if t))


METHODS = {
    "numpy": "sum prod mean max min any all var std argmax argmin cumsum cumprod".split(),
    "torch": "sum prod mean amax amin any all var std nansum nanmean count_nonzero argmax argmin cumsum cumprod "
             "logcumsumexp softmax log_softmax".split(),
}


def into(c, r, found, x):
    """The dtype of out, and the array: of the result's dtype or another; None where it does not fit."""
    dtype, made = found
    other = dtype if random.random() < 0.7 else random.choice(ALL[c.face])
    if other == "bool" and dtype != "bool":
        other = dtype
    shape = list(made.shape)
    if random.random() < 0.05:
        shape = shape + [2]
    out = c.array(other, shape, repeats=False)
    if c.face == "numpy":
        fits = np.can_cast(dtype, other, "same_kind")
    else:
        fits = torch.can_cast(getattr(torch, dtype), getattr(torch, other))
    return out, fits and shape == list(made.shape)


# ---- families -----------------------------------------------------------------------------------------

# name: how often, dtypes, options beside dims and keepdims
NUMPY = {
    "sum": (5, "all", "dtype out where initial"), "prod": (3, "all", "dtype out where initial"),
    "mean": (4, "all", "dtype out where"), "max": (3, "all", "out where initial"),
    "amin": (2, "all", "out where initial"), "min": (2, "all", "where"), "any": (2, "all", "out where"),
    "all": (2, "all", "out where"), "count_nonzero": (2, "all", ""), "var": (4, "all", "out where ddof"),
    "std": (3, "all", "out where ddof"), "ptp": (2, "real", "out"), "nansum": (3, "all", "dtype where"),
    "nanprod": (2, "all", "where"), "nanmean": (3, "all", "out where"), "nanvar": (2, "all", "ddof where"),
    "nanstd": (2, "all", "ddof"), "nanmax": (2, "real", ""), "nanmin": (2, "real", "out"),
}
TORCH = {
    "sum": (5, "all", "dtype out"), "prod": (3, "all", "dtype"), "mean": (4, "all", "dtype out"),
    "amax": (3, "all", ""), "amin": (3, "all", "out"), "any": (2, "all", ""), "all": (2, "all", ""),
    "count_nonzero": (1, "all", ""), "var": (4, "all", "correction"), "std": (3, "all", "correction out"),
    "nansum": (3, "all", "dtype"), "nanmean": (3, "all", ""), "logsumexp": (3, "float", "out"),
}
SINGLE = {"prod", "any", "all", "ptp"}  # one dimension at a time in the installed libraries


def reference(name, x, dtype, dims, keep, mask, ddof, cast_to):
    """Of floating elements, or integers that make floating results."""
    if cast_to:
        x, dtype = cast(x, dtype, cast_to), cast_to
    floating = dtype not in INTS and dtype != "bool"
    if not floating:  # integers are float64 first
        x, dtype = cast(x, dtype, "float64"), "float64"
    eps = work_eps(dtype)
    x = wide(x, dtype)
    if name.startswith("nan") and x.dtype.kind in "fc":
        numbers = ~np.isnan(x)
        mask = numbers if mask is None else numbers & mask
    r = Reducing(x, dims, keep, mask, eps)
    kind = name[3:] if name.startswith("nan") else name
    if kind in ("var", "std"):
        made, bound = getattr(r, kind)(ddof)
        if name.startswith("nan") and floating:
            made = np.where(r.n <= ddof, LD(NAN), made)
        return made, bound
    return getattr(r, kind)()


def draw_mode(name, dtype):
    if name in ("prod", "nanprod"):
        return "product"
    if dtype in COMPLEX and name in ("max", "min", "amin"):
        return "tame"
    return random.choice(["tame", "tame", "special", "ties"])


def library(face, name, dims, keep, options):
    """A function of the operands x and, if it is there, where."""
    if face == "numpy":
        more = {k: v for k, v in options.items() if k in ("dtype", "initial", "ddof")}
        if name == "ptp" or name == "count_nonzero" or name.startswith("nan"):
            more["keepdims"] = keep
            return lambda x, *w: getattr(np, name)(x, axis=dims, **more, **({"where": w[0]} if w else {}))
        return lambda x, *w: getattr(np, name)(x, axis=dims, keepdims=keep, **more, **({"where": w[0]} if w else {}))
    more = {"dtype": getattr(torch, options["dtype"])} if "dtype" in options else {}
    if name in ("var", "std"):
        more["correction"] = options["correction"]
    f = getattr(torch, name)

    def work(x):
        if name in ("any", "all") and x.is_complex():
            met["complex truth"] += 1
            x = x != 0
        if name == "count_nonzero":
            return f(x, dim=dims)
        if dims is None and name in SINGLE:
            return f(x, **more)
        at = list(range(x.ndim)) if dims is None else list(dims) if isinstance(dims, tuple) else dims
        return f(x, dim=at, keepdim=keep, **more)
    return work


def reduction(face, name, which, takes):
    kinds = {"all": ALL[face], "real": [d for d in ALL[face] if d not in COMPLEX and d != "bool"],
             "float": FLOATS[face]}[which]
    dtype = random.choice(kinds if random.random() < 0.5 else FLOATS[face] if which != "real" else kinds)
    c = Case(face, name, draw_mode(name, dtype))
    x = c.array(dtype, draw_shape(), repeats=c.mode != "product")  # whose products would leave the range
    ndim = x.py.ndim
    dims = draw_dims(c, ndim, not (face == "torch" and name in SINGLE))
    if name == "logsumexp" and dims is None:
        dims = tuple(range(ndim))
    keep = random.random() < 0.35 and name != "count_nonzero"
    if face == "torch" and dims is None and name in SINGLE:
        keep = False
    if face == "numpy" and name in ("max", "amin", "min", "ptp", "nanmax", "nanmin") and x.py.size == 0 and ndim > 1:
        met["nan of nothing"] += 1
        return None
    options, texts, operands = {}, {}, [x]
    if dims is not None:
        texts[random.choice(["dim", "axis"])] = lua_dims(dims)
    if keep or random.random() < 0.1 and name != "count_nonzero":
        texts[random.choice(["keepdim", "keepdims"])] = lua(keep)
    for option in takes.split():
        if option in ("correction", "ddof"):
            options[option] = random.choice([0, 1, 1, 2]) if random.random() < 0.6 else (0, 1)[option == "correction"]
            texts[option] = str(options[option])
        elif random.random() > 0.2:
            continue
        elif option == "dtype":
            to = random.choice([d for d in ALL[face] if d not in ("bool", "float16", "bfloat16")])
            to = random.choice(["float32", "float64", "complex128"]) if name == "mean" else to
            to = "float64" if name == "nansum" and to in COMPLEX else to
            to = "int64" if name == "prod" and dtype in INTS else to  # others leave the range on the way
            if np.can_cast("float32" if dtype == "bfloat16" else dtype, to, "same_kind"):
                options["dtype"] = to
                texts["dtype"] = "%s.%s" % (c.module, to)
        elif option == "where":
            mask = c.array("bool", elementwise_draw.part_of(list(x.py.shape)))
            operands.append(mask)
            texts["where"] = mask.name
        elif option == "initial":
            options["initial"] = random.choice([0, 1, 3])
            texts["initial"] = str(options["initial"])
    if face == "torch" and name in SINGLE and dtype == "uint8" and c.mode == "special":
        c.mode = "tame"
    found = ask(c, library(face, name, dims, keep, options), *operands)
    if found is None or name in ("amax", "amin") and face == "torch" and dtype in COMPLEX:
        c.local(expression(c, name, x, texts))
        return c.error()
    found, out = found[0], None
    if name.endswith(("var", "std")) and found[0] == "float16" and face == "numpy":
        met["float16 moments"] += 1
        wider = ask(c, library(face, name, dims, keep, {**options, "dtype": "float32"}), *operands)[0]
        found = "float16", cast(wider[1], "float32", "float16")
    if "out" in takes and random.random() < 0.2:
        out, fits = into(c, None, found, x)
        texts["out"] = out.name
    r = c.local(expression(c, name, x, texts))
    if out is not None:
        if not fits:
            return c.error()
        c.lines.append("assert(rawequal(%s, %s))" % (r, out.name))
        met["out"] += out.dtype != found[0] and face == "numpy"
    c.lines.append("return " + r)
    return c.answer([describe(c, name, x, operands, found, dims, keep, options, out)])


def more_off(ref, eps, initial):
    """The bound after one addition more, by parts."""
    made, bound = ref
    if made.dtype != CLD:
        return bound + eps * (np.abs(made) + initial)
    return joined(bound.real + eps * (np.abs(made.real) + initial), bound.imag + eps * np.abs(made.imag))


def of_halves(ref, made_dtype, theirs, values, bounds):
    """What goes to out= of a wider dtype. The library's own result went through 16 bits with each step, where it
    overflows or vanishes on the way: it is counted where it did, and no authority."""
    theirs = wide(np.asarray(theirs), made_dtype).astype(np.float64)
    whole, close = finish(*ref, "float32")
    unrounded = np.isfinite(whole) & ~np.isfinite(values)
    values, bounds = np.where(unrounded, whole, values), np.where(unrounded, close, bounds)
    met["out of halves"] += bool((unrounded | np.isfinite(values) & ~np.isfinite(theirs)).any())
    return "float64", values, values, bounds


def describe(c, name, x, operands, found, dims, keep, options, out):
    made_dtype, theirs = found
    dtype = out.dtype if out is not None else made_dtype
    floating = made_dtype not in INTS and made_dtype != "bool"
    selecting = name in ("max", "min", "amax", "amin", "nanmax", "nanmin")
    if not floating or selecting or name == "ptp":
        return exact(dtype, cast(theirs, made_dtype, dtype))
    mask = operands[1].py if len(operands) > 1 else None
    ddof = options.get("ddof", options.get("correction", 0))
    at = resolved(dims, x.py.ndim)
    with np.errstate(all="ignore"):
        if name == "logsumexp":
            r = Reducing(wide(x.py, x.dtype), at, keep, None, work_eps(x.dtype))
            ref = r.logsumexp() if r.x.size else (np.log(r.sum()[0]), r.sum()[1])
        else:
            ref = reference(name, x.py, x.dtype, at, keep, mask, ddof, options.get("dtype"))
        if options.get("initial") is not None:
            ref = (ref[0] * options["initial"], ref[1] * max(1, options["initial"])) if "prod" in name else (
                ref[0] + options["initial"], more_off(ref, work_eps(made_dtype), options["initial"]))
        if dtype != made_dtype:  # another step
            values, bounds = finish(*ref, made_dtype)
            if made_dtype in ("float16", "bfloat16"):
                made_dtype, theirs, values, bounds = of_halves(ref, made_dtype, theirs, values, bounds)
            complex_parts = made_dtype in COMPLEX
            if dtype in INTS:
                return exact(dtype, cast(theirs, made_dtype, dtype))
            if complex_parts and dtype not in COMPLEX:
                values, bounds = values[..., 0], bounds[..., 0]
            elif complex_parts:
                values, bounds = (joined(a[..., 0], a[..., 1]) for a in (values, bounds))
            return near("cast", dtype, theirs.shape, cast(theirs, made_dtype, dtype),
                        (values.astype(CLD if values.dtype.kind == "c" else LD), bounds))
        return near(name, dtype, theirs.shape, theirs, ref)


def reductions(face):
    for name, (times, which, takes) in (NUMPY if face == "numpy" else TORCH).items():
        for _ in range(60 * times):
            yield reduction(face, name, which, takes)


def compared(face):
    """Sums and means whose errors are compared with the library's own: many, of all lengths, as any few of
    them tell nothing."""
    for dtype in ("float32", "float64", "complex64", "complex128"):
        for name in ("sum", "mean"):
            for _ in range(80):
                c = Case(face, "errors of " + name)
                n = int(10 ** random.uniform(1, 4))
                shape, dims = random.choice([([n], None), ([n, 3], 0), ([3, n], 1), ([n, 40], 0), ([40, n], 1)])
                x = c.array(dtype, shape, strided=False)
                found = ask(c, library(face, name, dims, False, {}), x)[0]
                options = {} if dims is None else {"dim": lua_dims(dims)}
                c.lines.append("return " + expression(c, name, x, options))
                ref = reference(name, x.py, dtype, resolved(dims, x.py.ndim), False, None, 0, None)
                yield c.answer([near(name, *shaped(found), ref, True)])


def pairs(face):
    """var_mean and std_mean, aminmax, and the pairs of max and min."""
    for _ in range(500 if face == "torch" else 0):
        name = random.choice(["var_mean", "std_mean", "aminmax", "max", "min", "max", "min"])
        dtype = random.choice(ALL[face] if random.random() < 0.5 else FLOATS[face])
        c = Case(face, name, random.choice(["tame", "tame" if "mean" in name else "special", "ties"]))
        x = c.array(dtype, draw_shape())
        dims, keep = draw_dims(c, x.py.ndim, "mean" in name), random.random() < 0.3
        if dims is None and name in ("max", "min"):
            dims = 0
        if name == "aminmax" and x.py.ndim == 0:
            keep = False
        options = {} if dims is None else {"dim": lua_dims(dims)}
        options["keepdim"] = lua(keep)
        if "mean" in name:
            options["correction"] = "1"
            work = lambda t: getattr(torch, name)(  # noqa: E731
                t, dim=tuple(range(t.ndim)) if dims is None else dims, correction=1, keepdim=keep)
        elif name == "aminmax":
            work = lambda t: torch.aminmax(t, dim=dims, keepdim=keep)  # noqa: E731
        else:
            work = lambda t: getattr(torch, name)(t, dim=dims, keepdim=keep)  # noqa: E731
        found = ask(c, work, x)
        c.lines.append("local r, s = %s.%s(%s, {%s})" % (
            c.module, name, x.name, ", ".join("%s = %s" % p for p in options.items())))
        if found is None:
            yield c.error()
            continue
        c.lines.append("return r, s")
        if "mean" in name:
            with np.errstate(all="ignore"):
                at = resolved(dims, x.py.ndim)
                refs = [reference(n, x.py, x.dtype, at, keep, None, 1, None) for n in (name[:3], "mean")]
            yield c.answer([near("pair", d, a.shape, a, ref) for (d, a), ref in zip(found, refs)])
        else:
            if name in ("max", "min"):
                found[1] = ("int64", found[1][1] + 1)
            yield c.answer([exact(d, a) for d, a in found])


def positions(face):
    names = ["argmax", "argmin"] + (["nanargmax", "nanargmin"] if face == "numpy" else [])
    for _ in range(600):
        name = random.choice(names)
        kinds = [d for d in ALL[face] if face == "numpy" or d not in COMPLEX + ["bool"]]
        dtype = random.choice(kinds)
        c = Case(face, name, "ties" if dtype not in COMPLEX else "tame")
        x = c.array(dtype, draw_shape())
        dims, keep = draw_dims(c, x.py.ndim, False), random.random() < 0.3
        if face == "torch" and dims is None:
            keep = False
        f = getattr(np if face == "numpy" else torch, name)
        found = ask(c, (lambda a: f(a, axis=dims, keepdims=keep)) if face == "numpy" else
                    (lambda t: f(t, dim=dims, keepdim=keep)), x)
        options = {} if dims is None else {"dim": lua_dims(dims)}
        if keep:
            options["keepdims"] = "true"
        r = c.local(expression(c, name, x, options))
        if found is None:
            yield c.error()
            continue
        c.lines.append("return " + r)
        yield c.answer([exact("int64", found[0][1] + 1)])


ORDERS = [2, 2, 2, 1, 0, INF, -INF, 3, 0.5, 1.5]


def norms(face):
    for _ in range(700):
        dtype = random.choice(ALL[face] if random.random() < 0.3 else FLOATS[face] + COMPLEX)
        name = random.choice(["linalg.norm", "linalg.vector_norm"] if face == "numpy" else
                             ["norm", "linalg.vector_norm", "linalg.vector_norm"])
        c = Case(face, name, "tame" if dtype in COMPLEX else random.choice(["tame", "tame", "special"]))
        x = c.array(dtype, draw_shape())
        p, keep = random.choice(ORDERS), random.random() < 0.3
        dims = draw_dims(c, x.py.ndim, name != "linalg.norm")
        if name == "linalg.norm" and x.py.ndim == 0 or face == "numpy" and x.py.size == 0 and x.py.ndim > 1:
            continue
        if name == "linalg.norm" and (x.py.ndim > 1 and dims is None):
            dims = -1
        at = resolved(dims, x.py.ndim) if not isinstance(dims, int) or -x.py.ndim <= dims < x.py.ndim else None

        def of_numpy(a):
            if at is None:
                raise ValueError
            a = a.astype(np.float64) if a.dtype.kind in "biu" else a
            rest = [d for d in range(a.ndim) if d not in at]
            lines = a.transpose(rest + list(at)).reshape([a.shape[d] for d in rest] + [-1 if a.size else int(
                np.prod([a.shape[d] for d in at], dtype=int))])
            made = np.linalg.norm(lines, p, axis=-1)
            made = made.astype(np.abs(a).dtype)
            return made.reshape([1 if d in at else n for d, n in enumerate(a.shape)]) if keep else made

        def of_torch(t):
            where = list(at) if at is not None else dims
            if name == "norm":
                return torch.linalg.vector_norm(t, p, dim=where, keepdim=keep)
            return torch.linalg.vector_norm(t, p, dim=where, keepdim=keep)
        met["array api"] += face == "numpy" and name == "linalg.vector_norm"
        found = ask(c, of_numpy if face == "numpy" else of_torch, x)
        options = {} if dims is None else {"dim": lua_dims(dims)}
        options["keepdim"] = lua(keep)
        if p != 2 or random.random() < 0.5:
            options["p" if name == "norm" else "ord"] = lua(p)
        r = c.local("%s.%s(%s, {%s})" % (c.module, name, x.name, ", ".join("%s = %s" % q for q in options.items())))
        if found is None:
            yield c.error()
            continue
        c.lines.append("return " + r)
        with np.errstate(all="ignore"):
            eps = work_eps(dtype) if dtype not in INTS and dtype != "bool" else 2.0 ** -52
            ref = Reducing(wide(x.py, x.dtype), at, keep, None, eps).norm(p)
        yield c.answer([near("norm", found[0][0], found[0][1].shape, found[0][1], ref)])


def softmaxes(face):
    for _ in range(500 if face == "torch" else 0):
        name = random.choice(["softmax", "log_softmax"])
        dtype = random.choice(FLOATS[face] if random.random() < 0.9 else ALL[face])
        c = Case(face, name, random.choice(["tame", "tame", "special"]))
        x = c.array(dtype, draw_shape())
        if x.py.size > 20000:
            continue
        d = draw_dims(c, x.py.ndim, False)
        d = -1 if d is None else d
        found = ask(c, lambda t: getattr(torch, name)(t, d), x)
        prefix = random.choice(["%s.", "%s.nn.functional."]) % c.module
        r = c.local("%s%s(%s, %s)" % (prefix, name, x.name, lua_dims(d)))
        if found is None or dtype not in FLOATS[face]:
            yield c.error()
            continue
        c.lines.append("return " + r)
        a = wide(x.py, x.dtype)
        with np.errstate(all="ignore"):
            if a.size:
                ref = Reducing(a.reshape(a.shape or (1,)), (d % max(a.ndim, 1),), False, None,
                               work_eps(dtype)).softmax(name == "log_softmax")
                ref = ref[0].reshape(a.shape), ref[1].reshape(a.shape)
            else:
                ref = a, np.zeros(a.shape)
        yield c.answer([near(name, dtype, a.shape, found[0][1], ref)])


def scans(face):
    names = ["cumsum", "cumprod"] + (["nancumsum", "nancumprod", "cumulative_sum", "cumulative_prod"]
                                     if face == "numpy" else ["cummax", "cummin", "logcumsumexp"])
    for _ in range(900):
        name = random.choice(names)
        dtype = random.choice(ALL[face] if random.random() < 0.5 else FLOATS[face])
        c = Case(face, name, "product" if "prod" in name else random.choice(["tame", "special", "ties"]))
        x = c.array(dtype, draw_shape(), repeats=False)  # equal elements have errors that add up
        d = draw_dims(c, x.py.ndim, False)
        if face == "torch" and (d is None or x.py.ndim == 0):
            d = 0
        if name.startswith("cumulative") and (d is None or x.py.ndim == 0):
            continue
        plain = name.replace("nancum", "cum").replace("cumulative_", "cum")
        initial = name.startswith("cumulative") and random.random() < 0.5
        met["array api"] += name.startswith("cumulative")

        def of_numpy(a):
            made = getattr(np, plain if name.startswith("cumulative") else name)(a, axis=d)
            if initial:
                first = np.full([1 if i == d % a.ndim else n for i, n in enumerate(a.shape)], plain == "cumprod",
                                made.dtype)
                made = np.concatenate([first, made], d)
            return made
        found = ask(c, of_numpy if face == "numpy" else lambda t: getattr(torch, name)(t, d), x)
        options = ["%s = %s" % ("dim", lua_dims(d))] if d is not None else []
        options += ["include_initial = true"] if initial else []
        text = "%s.%s(%s)" % (c.module, name, ", ".join([x.name] + (["{%s}" % ", ".join(options)] if options else [])))
        c.lines.append("local r, s = " + text)
        pair = name in ("cummax", "cummin")
        if pair and (dtype in COMPLEX or not -max(x.py.ndim, 1) <= d < max(x.py.ndim, 1)):
            met["refused"] += 1
            found = None
        if found is None:
            yield c.error()
            continue
        step = 1 if x.py.size < 2000 else 97
        cut = "" if step == 1 else ":reshape(-1)[{{1, -1, %d}}]" % step
        c.lines.append("return r%s%s" % (cut, ", s%s" % cut if pair else ""))

        def sampled(a):
            return np.asarray(a) if step == 1 else np.asarray(a).reshape(-1)[::step]
        if pair:
            found[1] = ("int64", found[1][1] + 1)
        made_dtype, theirs = found[0]
        if pair or made_dtype in INTS:
            yield c.answer([exact(k, sampled(a)) for k, a in found])
            continue
        a = wide(x.py, x.dtype)
        if name.startswith("nan"):
            a = np.where(np.isnan(a), a.dtype.type(plain == "cumprod"), a)
        with np.errstate(all="ignore"):
            a = a.reshape(-1) if d is None or a.ndim == 0 else a
            ref = scan(plain, a, 0 if d is None or x.py.ndim == 0 else d % a.ndim, work_eps(dtype))
        if dtype in COMPLEX and plain == "cumprod" and not ((np.abs(ref[0]) < 1e30) & (np.abs(ref[0]) > 1e-30)).all():
            continue
        if initial:
            shape = [1 if i == d % a.ndim else n for i, n in enumerate(a.shape)]
            ref = [np.concatenate([np.full(shape, LD(v)), r], d) for v, r in zip((plain == "cumprod", 0), ref)]
        ref = [sampled(r.reshape(theirs.shape)) for r in ref]
        yield c.answer([near(name, made_dtype, ref[0].shape, sampled(theirs), ref)])


def averages(face):
    for _ in range(200 if face == "numpy" else 0):
        c = Case(face, "average")
        dtype = random.choice(ALL[face][1:])
        x = c.array(dtype, draw_shape())
        a = draw_dims(c, x.py.ndim, False)
        if x.py.size == 0:
            continue
        form = random.choice(["none", "full", "line"])
        shape = list(x.py.shape)
        if form == "line" and (a is None or not -x.py.ndim <= a < x.py.ndim):
            form = "full"
        operands, keep = [x], random.random() < 0.3
        if form != "none":
            kind = random.choice(["int32", "float32", "float64", dtype])
            operands.append(c.array(kind, shape if form == "full" else [shape[a]]))
        found = ask(c, lambda v, w=None: np.average(v, axis=a, weights=w, returned=True, keepdims=keep), *operands)
        options = {} if a is None else {"axis": lua_dims(a)}
        options.update({"keepdims": lua(keep), "returned": "true"})
        if form != "none":
            options["weights"] = operands[1].name
        c.lines.append("local r, s = np.average(%s, {%s})" % (
            x.name, ", ".join("%s = %s" % p for p in options.items())))
        at = resolved(a, x.py.ndim)
        with np.errstate(all="ignore"):
            v = wide(x.py, dtype)
            w = np.ones(v.shape, LD) if form == "none" else wide(operands[1].py, operands[1].dtype)
            if form == "line":
                w = w.reshape([-1 if i == a % v.ndim else 1 for i in range(v.ndim)])
            w = np.broadcast_to(w, v.shape)
            eps = max(work_eps(d) for d in ("float64", dtype, operands[-1].dtype) if d not in INTS)
            scale, off = Reducing(w, at, keep, None, eps).sum()
            if ((np.abs(scale) < np.abs(off)) & ((scale != 0) | (found is not None))).any():
                met["weights"] += 1
                continue
            if found is None:
                yield c.error()
                continue
            c.lines.append("return r, s")
            eps = max(work_eps(found[0][0]), work_eps(found[1][0]))
            scale, off = Reducing(w, at, keep, None, eps).sum()
            total, bound = Reducing(v * w, at, keep, None, eps).sum()
            made = total / scale
            ref = made, (bound * 2 + np.abs(made) * off) / np.abs(scale) + 2 * eps * np.abs(made)
        yield c.answer([near("average", *shaped(found[0]), ref), near("average", *shaped(found[1]), (scale, off))])


def shaped(found):
    return found[0], found[1].shape, found[1]


def slopes(face):
    """gradient and trapezoid, of tame values: near by the size of the whole."""
    for _ in range(250):
        name = random.choice(["gradient", "trapezoid"])
        dtype = random.choice(["float32", "float64", "float64", "int32"])
        c = Case(face, name)
        x = c.array(dtype, [random.choice([2, 3, 5, 9]) for _ in range(random.choice([1, 2, 2, 3]))], repeats=False)
        if dtype == "int32":
            c.lines.append("%s = %s %% %s({100}, {dtype = 'int32'})" % (
                x.name, x.name, "np.array" if face == "numpy" else "torch.tensor"))
            x.py = x.py % 100
        d, order = random.randrange(x.py.ndim), random.choice([1, 1, 2])
        n, kind = x.py.shape[d], random.choice(["none", "number", "line"])
        step, text = 1.0, None
        if kind == "number":
            step = random.choice([2.0, 0.5, 3.0])
            text = repr(step)
        elif kind == "line":
            step = np.cumsum(np.random.randint(1, 5, n) / 2.0)
            text = "%s.%s(%s, {dtype = 'float64'})" % (c.module, "array" if face == "numpy" else "tensor",
                                                       lua(step.tolist()))
        if name == "gradient":
            if face == "numpy":
                work = lambda a: np.gradient(a, step, axis=d, edge_order=order)  # noqa: E731
                text = "np.gradient(%s, %s{axis = %d, edge_order = %d})" % (x.name, text + ", " if text else "", d + 1,
                                                                        order)
            else:
                spacing = [torch.tensor(step)] if kind == "line" else step
                work = lambda t: torch.gradient(t, spacing=spacing, dim=d, edge_order=order)[0]  # noqa: E731
                text = "torch.gradient(%s, {%sdim = %d, edge_order = %d})[1]" % (
                    x.name, "spacing = %s, " % ("{%s}" % text if kind == "line" else text) if text else "", d + 1,
                    order)
        else:
            if face == "numpy":
                work = lambda a: np.trapz(a, axis=d, **({"x": step} if kind == "line" else {"dx": step}))  # noqa: E731
            else:
                work = lambda t: torch.trapezoid(  # noqa: E731
                    t, **({"x": torch.tensor(step)} if kind == "line" else {"dx": step}), dim=d)
            options = ["%s = %s" % ("x" if kind == "line" else "dx", text)] if text else []
            text = "%s.trapezoid(%s, {%s})" % (c.module, x.name, ", ".join(
                options + ["%s = %d" % ("axis" if face == "numpy" else "dim", d + 1)]))
        found = ask(c, work, x)
        r = c.local(text)
        if found is None:
            yield c.error()
            continue
        c.lines.append("return " + r)
        made_dtype, theirs = found[0]
        size = np.abs(x.py.astype(float)).max() * 40
        exact_result = work(x.py.astype(np.float64)) if face == "numpy" else work(torch.tensor(
            x.py.astype(np.float64))).numpy()
        yield c.answer([near(name, made_dtype, theirs.shape, theirs, (
            exact_result.astype(LD), np.full(theirs.shape, size * max(work_eps(made_dtype), work_eps(dtype) if dtype not in INTS else 0))))])


FAMILIES = [reductions, compared, pairs, positions, norms, softmaxes, scans, averages, slopes]


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 11
    random.seed(seed)
    np.random.seed(seed)
    np.seterr(all="ignore")
    torch.set_num_threads(1)
    os.makedirs(os.path.dirname(sys.argv[1]) or ".", exist_ok=True)
    count = 0
    with open(sys.argv[1], "w") as out:
        for face in ALL:
            for family in FAMILIES:
                for line in filter(None, family(face)):
                    out.write(line + "\n")
                    count += 1
    print("%d reduction cases" % count)
    for rule, times in met.items():
        print("  rule %-16s met %5d times: %s" % (rule, times, RULES[rule]))


if __name__ == "__main__":
    main()
