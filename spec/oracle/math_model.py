"""What a math function must give: the dtype and shape of the real libraries, and values of math_reference.py.

find() makes the dtype by the rules below and asks NumPy or PyTorch, who must be of the same opinion but for
RULES; then it computes the values in long double and rounds them once. The real libraries' values must be
near these.

The tolerance, in steps from one number of the dtype to the next:

    0   what is exact: sqrt, copysign, nextafter, heaviside, gcd, lcm, ldexp, powers of integers, signs
    1   float32 and the 16-bit dtypes
    2   float64; of lgamma 4 and of digamma 8 log(|x| + 3), both of max(1, |result|), since digamma is log|x| less
        what cancels it below 0; of erfinv and i0 8, of sinc 4
    1   complex64, of the larger part; the functions compute in double
    8   complex128, of the larger part; of exp2 64, of a power 8 + 2 |y log x|

Special values are exact: NaN, infinities, and signs of zeros.
"""
import math

import numpy as np
import torch

import math_reference
from elementwise_model import (Number, category, cast, from_tensor, integers, kernel, numpy_dtypes, tensor, torch_common,
                               wide)
from program import COMPLEX, INTS, Skip

RULES = {
    "fits": "np: a number that the partner's integer dtype cannot hold is an error, as in elementwise_model.py",
    "torch refuses": "PyTorch 1.13 has no such kernel: computed all the same",
    "torch numbers": "torch: a number is taken where PyTorch takes tensors only",
    "torch overflow": "torch: a number beyond the dtype wraps or is infinite, as in sums (PyTorch's pow: an error)",
    "heaviside": "torch: heaviside converts its operands (PyTorch refuses two dtypes), and integers to floating",
    "gamma of complex": "torch: i0 and sinc are of real numbers (PyTorch has sinc of complex ones)",
    "sinc": "np: of float16 and float32 is of that dtype (NumPy 1.24 with the promotion of NumPy 2: float64)",
    "complex direction": "sign and sgn of complex numbers are z / |z| with the infinities of NumPy 2",
    "sgn of NaN": "torch: sgn and sign of NaN are 0 (PyTorch's vectors: NaN or 0)",
    "bool ^ 2": "np: int64 as other powers of bool (NumPy's operator: int8)",
    "x ^ 2": "2 and -1 as exponents are products and reciprocals, on np of the operator: of complex numbers by the parts "
             "(as NumPy's operator; PyTorch's reciprocal scales)",
    "x ^ 0.5": "float16 takes the square root too (PyTorch: of float32, float64 and bfloat16 only)",
    "open": "not drawn: powers, 2^z, sigmoid and rsqrt of infinite or huge complex numbers, 1 / sqrt(0)",
    "equal neighbours": "nextafter of equal numbers is the second (NumPy's float16: the first, 0.0 or -0.0)",
    "gcd and lcm": "torch: those that overflow wrap as NumPy's do (PyTorch: the size of what wrapped)",
    "ldexp": "np: exponents of any integer dtype (NumPy refuses uint64)",
    "real differs": "the exact value counts where the installed library is farther than 64 steps from it: OTHERS",
}


class Refused(Exception):
    """The call is an error."""


met = dict.fromkeys(RULES, 0)
# where the installed libraries are of another opinion, and why; anywhere else the generator stops
OTHERS = {
    "numpy": {
        "SINC": "sin of a rounded pi x is not 0 at whole numbers", "I0": "overflows too early",
        "LOG1P": "complex: log(1 + z) as it stands", "EXPM1": "complex: cancels",
        "POW": "complex: 0 ^ z is NaN where z is not real", "FLOAT_POWER": "the same",
    },
    "torch": {
        "SINC": "as NumPy's", "I0": "overflows too early", "LOG1P": "float32: infinite from 1e38 on", "HEAVISIDE": "of NaN is 0",
        "SIGMOID": "float32: 0 for subnormal results", "ERFINV": "a last step that cancels at the ends",
        "DIGAMMA": "cancels around its roots and at poles", "SGN": "of infinite complex numbers is NaN",
        "RSQRT": "x ^ -0.5 of float16 is a power", "SQRT": "x ^ 0.5 of float16 is a power",
        "POW": "complex: 0 ^ 0 and 0 ^ z are NaN", "FLOAT_POWER": "the same",
        "ASIN": "complex: unscaled", "ACOS": "complex: unscaled", "ATAN": "complex: unscaled, NaN of infinity",
        "EXP": "complex: special values of its vectors",
    },
}

EXACT = ("SQRT", "COPYSIGN", "NEXTAFTER", "HEAVISIDE", "GCD", "LCM", "LDEXP")
INTEGERS_ONLY = ("GCD", "LCM")
REAL_ONLY = ("CBRT", "ERF", "ERFC", "ERFINV", "LGAMMA", "DIGAMMA", "I0", "SINC", "ATAN2", "HYPOT", "COPYSIGN",
             "NEXTAFTER", "HEAVISIDE", "LDEXP")
POWERS = ("POW", "FLOAT_POWER")
STEPS = {"LGAMMA": ("4u", "1u"), "DIGAMMA": ("8u", "1u"), "ERFINV": (8, 1), "I0": (8, 1), "SINC": (4, 1)}
LCM = np.frompyfunc(math.lcm, 2, 1)
TINY = {"float16", "bfloat16"}
COMPONENT = {"complex64": "float32", "complex128": "float64"}


def numpy_float(dtype):
    """The floating dtype of a function of integers."""
    size = np.dtype(dtype).itemsize
    return "float16" if size == 1 else "float32" if size == 2 else "float64"


def widest_integer(operands, common):
    """np: functions of two integers go by the wider of them, not by what holds both."""
    if category(common) != 1:
        return common
    among = [o.dtype for o in operands if not isinstance(o, Number) and o.dtype in INTS]
    return max(among, key=lambda d: np.dtype(d).itemsize, default=common)


def result_dtype(face, op, common):
    """None where there is no such operation."""
    kind = category(common)
    if kind == 3 and op in REAL_ONLY or kind != 1 and op in INTEGERS_ONLY:
        return None
    if op in INTEGERS_ONLY:
        return common
    if op == "FLOAT_POWER":
        return "complex128" if kind == 3 else "float64"
    if op == "POW":
        return common if kind else "int8" if face == "numpy" else None
    if op in ("SIGN", "SGN"):
        return None if kind == 3 and face == "torch" and op == "SIGN" or kind == 0 and face == "numpy" else common
    if op == "ANGLE" and kind == 3:
        return COMPONENT[common]
    if kind >= 2:
        return common
    if face == "torch":
        return "float32"
    return "float64" if op in ("I0", "SINC") else numpy_float(common)


# ---- the real libraries -------------------------------------------------------------------------------


def ask_numpy(op, plain, where, operator):
    if operator and not isinstance(plain[1], np.ndarray):  # of 0-d arrays NumPy 1.24 makes numbers
        return np.asarray(plain[0] ** plain[1])
    name = "float_power" if op == "FLOAT_POWER" else math_reference.NAMES.get(op, op.lower())
    if where is None or op != "POW":
        return np.asarray(getattr(np, name)(*plain))
    return np.asarray(np.power(*plain, where=where))


def ask_torch(op, operands, common):
    """dtype and elements; None where a rule says that PyTorch has not got it; RuntimeError for an error."""
    scalars = [o.value if isinstance(o, Number) else tensor(o.py, o.dtype) for o in operands]
    if op in INTEGERS_ONLY and category(common) == 1:
        scalars = [torch.as_tensor(s).to(getattr(torch, common)) for s in scalars]
        if common != "uint8":  # the least integer traps
            scalars = [s.masked_fill(s == torch.iinfo(s.dtype).min, 1) for s in scalars]
    if op == "HEAVISIDE":
        met["heaviside"] += 1
        if category(common) < 2:
            return None
        scalars = [torch.as_tensor(s).to(getattr(torch, common)) for s in scalars]
    try:
        return from_tensor(getattr(torch, op.lower())(*scalars))
    except TypeError:
        assert any(isinstance(o, Number) for o in operands), (op, common)
        met["torch numbers"] += 1
        return None
    except RuntimeError as e:
        if "without overflow" in str(e):
            met["torch overflow"] += 1
            return None
        if "not implemented for" not in str(e) or op == "POW" and common == "bool":
            raise Refused from None
        met["torch refuses"] += 1
        return None


# ---- values ---------------------------------------------------------------------------------------------


def next_after(x, y, dtype):
    if dtype != "bfloat16":
        met["equal neighbours"] += bool((x == y).any())
        return np.where(x == y, y, np.nextafter(x, y))
    fx, fy = wide(x, dtype), wide(y, dtype)
    up = fy > fx
    bits = x.astype(np.int32)
    signed = np.where(bits & 0x8000, -(bits & 0x7fff), bits)
    signed = signed + np.where(up, 1, -1)
    made = np.where(signed < 0, -signed | 0x8000, np.where((signed == 0) & (bits & 0x8000 != 0), 0x8000, signed))
    made = np.where(fx == fy, y, made)
    return np.where((fx != fx) | (fy != fy), 0x7fc0, made).astype(np.uint16)


def exact(op, converted, dtype):
    if op == "NEXTAFTER":
        return next_after(*converted, dtype)
    inner = [wide(a, dtype) for a in converted]
    if op == "LDEXP":
        power = np.asarray(np.clip(converted[1].astype(object), -5000, 5000)).astype(np.int32)
        got = np.ldexp(inner[0].astype(np.longdouble) if dtype != "float64" else inner[0], power)
        return got.astype(dtype)
    got = np.asarray(getattr(np, op.lower())(*inner))
    return cast(got, "float32", dtype) if dtype in TINY else got


def power_of_integers(x, y, dtype):
    if np.dtype(dtype).kind == "u":
        return np.power(x, y)
    below = y < 0
    left = np.where(x == 1, 1, np.where(x == -1, 1 - 2 * (y & 1), 0))
    return np.where(below, left, np.power(x, np.where(below, 0, y))).astype(dtype)


def special_power(face, op, operands, dtype, operator):
    """A power that is another function: x ^ 0.5, x ^ 2, x ^ -1 and, on torch, x ^ -0.5."""
    if op != "POW" or category(dtype) < 2 or not (operator or face == "torch"):
        return op, operands
    x, p = operands
    if isinstance(p, Number) and not isinstance(x, Number) and category(x.dtype) >= 2:
        if p.value == 0.5:
            met["x ^ 0.5"] += dtype == "float16"
            return "SQRT", [x]
        if p.value == -0.5 and face == "torch":
            return "RSQRT", [x]
        if p.value in (2, -1):
            met["x ^ 2"] += dtype in COMPLEX
            return "SQUARE" if p.value == 2 else "RECIPROCAL", [x]
    return op, operands


def check_open(op, operands):
    """Skips complex operands whose result is open."""
    if op not in POWERS + ("EXP2", "SIGMOID", "RSQRT"):
        return
    parts = [np.abs(part) for z in operands for part in (z.real, z.imag)]
    most = 50 if op in POWERS + ("EXP2",) else 300
    if any((~(p <= most)).any() for p in parts) or op == "RSQRT" and (operands[0] == 0).any():
        met["open"] += 1
        raise Skip
    tiny = 1e-30
    if op in POWERS + ("RSQRT",) and any(((p != 0) & (p < tiny)).any() for p in parts):
        met["open"] += 1
        raise Skip


def power_of_complex(x, y):
    """z^0 is 1; 0^z is 0 where the real part of z is positive, NaN elsewhere."""
    x, y = np.broadcast_arrays(x, y)
    zero = (x == 0) & (y != 0)
    with np.errstate(all="ignore"):
        found = math_reference.value("POW", [np.where(zero, x.dtype.type(1), x), y])
    nan = complex(np.nan, np.nan)
    found = np.where(zero, np.where(y.real > 0, 0, nan), found)
    size = np.abs(y * np.log(np.where(x == 0, 1, x)))
    return found, float(size.max()) if size.size else 0.0


def tolerance(op, dtype, size=0.0):
    single = dtype not in ("float64", "complex128")
    if dtype in COMPLEX:
        if single:
            return "1z"
        return "%dz" % (8 + 2 * size if op in POWERS else 64 if op == "EXP2" else 8)
    return STEPS.get(op, (2, 1))[single]


def values(op, converted, inner, dtype):
    """The elements of the result and their tolerance; `inner` is the dtype of the operands."""
    if op == "POW" and inner in INTS:
        return power_of_integers(*converted, inner), 0
    if op in ("SIGN", "SGN") and inner not in COMPLEX:
        return None, 0
    if op in INTEGERS_ONLY:
        return getattr(np, op.lower())(*converted), 0
    if op in EXACT and inner not in COMPLEX:
        return exact(op, converted, dtype), 0
    wider = [wide(a, inner) for a in converted]
    if op in ("SQUARE", "RECIPROCAL"):
        return cast(kernel(op, *wider), wider[0].dtype.name, dtype), 0
    if inner in COMPLEX:
        check_open(op, wider)
        if op in POWERS:
            found, size = power_of_complex(*wider)
            return found.astype(dtype), tolerance(op, dtype, size)
        met["complex direction"] += op in ("SIGN", "SGN")
    found = math_reference.value(op, wider)
    if op == "DIGAMMA" and dtype == "float64":
        most = np.abs(wider[0])[np.isfinite(wider[0])].max(initial=0)
        return found.astype(dtype), "%du" % (8 * np.log(most + 3))
    if dtype == "bfloat16":
        return cast(found.astype(np.float64), "float64", dtype), 1
    return found.astype(dtype), tolerance(op, dtype)


def sign_of_real(face, op, x, dtype):
    if dtype == "bool":
        return x
    got = np.sign(wide(x, dtype))
    if face == "torch":
        met["sgn of NaN"] += bool((got != got).any())
        got = np.where(got != got, got.dtype.type(0), got)
    return cast(got, got.dtype.name, dtype)


def compare_real(face, op, real, model, dtype, converted):
    """Counts where the installed library is of another opinion."""
    if op in INTEGERS_ONLY and face == "torch":
        info = np.iinfo(dtype)
        x, y = np.broadcast_arrays(*[a.astype(object) for a in converted])
        usual = (x > min(info.min, -1)) & (y > min(info.min, -1))
        usual = usual.astype(bool) & (np.asarray(LCM(x, y)) <= info.max).astype(bool)
        met["gcd and lcm"] += not usual.all()
        real, model = real[usual], model[usual]
    if dtype in TINY:
        real, model = wide(real, dtype), wide(model, dtype)
    if real.dtype.kind not in "fc":
        assert (real == model).all(), (face, op, dtype)
        return
    eps = float(np.finfo("float16" if dtype in TINY else real.dtype).eps) * (8 if dtype == "bfloat16" else 1)
    good = np.isfinite(model)
    big = np.abs(model) < np.finfo(model.dtype).max / 4
    with np.errstate(all="ignore"):
        off = good & big & ~(np.abs(real - model) <= 64 * eps * np.maximum(np.abs(model), np.finfo(real.dtype).tiny))
        off |= (model != model) & ~(real != real)
    if off.any():
        met["real differs"] += 1
        assert op in OTHERS[face], (face, op, dtype, real[off][:2], model[off][:2])


def scaled_operands(operands):
    """np.ldexp: the first is by itself, the second of integers or bool."""
    x, e = operands
    if isinstance(x, Number):
        raise Skip
    dtype = np.asarray(e.value).dtype.name if isinstance(e, Number) else e.dtype
    if category(dtype) > 1:
        raise Refused
    met["ldexp"] += dtype == "uint64"
    return x.dtype, np.asarray(e.value) if isinstance(e, Number) else e.py


def numpy_says(op, operands, common, exponents, dtype, where, operator):
    """The real result, or None where a rule says that there is none."""
    if dtype is None and op == "SINC":
        met["gamma of complex"] += 1
        raise Refused
    if op == "SIGN" and common in COMPLEX:
        return None
    plain = [o.value if isinstance(o, Number) else np.asarray(o.py) for o in operands]
    if op == "LDEXP":
        if exponents.dtype == np.uint64:
            exponents = np.minimum(exponents, 5000).astype(np.int64)
        plain.append(exponents)
    try:
        real = ask_numpy(op, plain, where, operator)
    except (TypeError, ValueError):
        raise Refused from None
    if operator and real.dtype.name != dtype and operands[0].dtype == "bool":
        met["bool ^ 2"] += 1
        return None
    if op == "SINC" and real.dtype.name != dtype:
        met["sinc"] += 1
        return None
    assert dtype is not None and real.dtype.name == dtype, (op, common, dtype, real.dtype)
    return None if where is not None and op == "POW" else real


def torch_says(op, operands, common, dtype):
    if dtype is None:
        try:
            real = ask_torch(op, operands, common)
        except Refused:
            real = None
        assert real is None or op == "SINC", (op, common)
        met["gamma of complex"] += real is not None
        raise Refused
    real = ask_torch(op, operands, common)
    assert real is None or real[0] == dtype, (op, common, dtype, real[0])
    return real and real[1]


def find(face, op, operands, where=None, operator=False):
    """(dtype, elements, tolerance), or None for an error."""
    try:
        shapes = [o.py.shape for o in operands if not isinstance(o, Number)]
        np.broadcast_shapes(*shapes + ([] if where is None else [where.shape]))
    except ValueError:
        return None
    try:
        return found(face, op, operands, where, operator)
    except Refused:
        return None


def common_dtype(face, op, operands):
    if face == "torch":
        return torch_common(operands)
    common = numpy_dtypes(operands, op not in INTEGERS_ONLY + ("POW",))
    if common is None:
        met["fits"] += 1
        raise Refused
    return common.name if op in INTEGERS_ONLY + POWERS else widest_integer(operands, common.name)


def found(face, op, operands, where, operator):
    exponents = None
    if op == "LDEXP":
        common, exponents = scaled_operands(operands)
        operands = operands[:1]
    else:
        common = common_dtype(face, op, operands)
    dtype = result_dtype(face, op, common)
    if face == "torch":
        real = torch_says(op, operands, common, dtype)
    else:
        real = numpy_says(op, operands, common, exponents, dtype, where, operator)
    inner = common if op == "ANGLE" and common in COMPLEX else dtype
    op, operands = special_power(face, op, operands, inner, operator)
    converted = []
    for o in operands:
        a = np.asarray(o.value) if isinstance(o, Number) else o.py
        converted.append(cast(a, a.dtype.name if isinstance(o, Number) else o.dtype, inner))
    if op == "LDEXP":
        converted.append(exponents)
    model, steps = values(op, converted, inner, dtype)
    if model is None:
        model = sign_of_real(face, op, converted[0], dtype)
    model = np.array(model)
    if real is not None:
        compare_real(face, op, real, model, dtype, converted)
    return dtype, model, steps
