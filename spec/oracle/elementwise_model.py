"""What an elementwise operation must give: the real libraries' result, or that of one of RULES.

compute() asks NumPy or PyTorch. Where PyTorch is not defined, refuses a dtype, or is of another opinion
by a rule, NumPy's kernel is asked on operands that were converted to the common dtype first; where both
answer, they must agree, or the generator stops.
"""
import numpy as np
import torch

from program import COMPLEX, INTS, Skip, convert, lua, to_bfloat16

RULES = {
    "fits": "np: a number that the partner's integer dtype cannot hold is an error (NumPy 2; 1.24 too, by warning)",
    "exact": "integers compare as the numbers they are: int64 with uint64 (NumPy since 1.25), numbers beyond a dtype",
    "integers stay": "floor, ceil, trunc and fix of integers and bool keep the dtype (NumPy since 2.1)",
    "sign of complex": "z / |z|, drawn among the math functions (NumPy 1.24: the sign of the first part that is not 0)",
    "1 / 0": "the reciprocal of the integer 0 is 0 (NumPy: undefined)",
    "zero divisor": "torch: integer division by 0 gives 0, of the least integer by -1 itself (PyTorch raises or traps)",
    "shifts": "torch: shifts out of range give 0, or the sign (PyTorch 1.13: undefined; as this since 2.1)",
    "both zeros": "maximum and its kin take the first of two zeros, whatever their signs (open in both libraries)",
    "complex product": "by the parts, each operation rounded; real libraries may fuse or scale",
    "complex quotient": "Smith's, each operation rounded",
    "complex abs": "within 2 ulp",
    "float32 inside": "16-bit dtypes compute in float32 and round once (torch 1.13 rounds in between)",
    "torch refuses": "PyTorch 1.13 has no such kernel: NumPy's on the common dtype",
    "complex sum": "the sums and differences of the parts (PyTorch multiplies by alpha, even 1: inf makes NaN)",
    "complex sign": "the negative of a part 0 is -0 (PyTorch's vectors: 0 - x)",
    "large quotient": "division and remainder are exact when x / y overflows (PyTorch's vectors: NaN)",
    "alpha": "alpha * y is rounded, then added (PyTorch may fuse)",
}
met = dict.fromkeys(RULES, 0)

COMPARISONS = {"EQUAL": np.equal, "NOT_EQUAL": np.not_equal, "LESS": np.less, "LESS_EQUAL": np.less_equal,
               "GREATER": np.greater, "GREATER_EQUAL": np.greater_equal}
EXTREMES = ("MAXIMUM", "MINIMUM", "FMAX", "FMIN")
DIVISIONS = ("FLOOR_DIVIDE", "REMAINDER", "FMOD")
SHIFTS = ("LEFT_SHIFT", "RIGHT_SHIFT")
ROUNDINGS = ("FLOOR", "CEIL", "TRUNC")
NUMPY = {"LEFT_SHIFT": "left_shift", "RIGHT_SHIFT": "right_shift", "ABSOLUTE": "absolute", "BITWISE_NOT": "invert"}
TORCH = {"EQUAL": "eq", "NOT_EQUAL": "ne", "LEFT_SHIFT": "bitwise_left_shift", "RIGHT_SHIFT": "bitwise_right_shift",
         "ABSOLUTE": "abs", "SUBTRACT": "sub", "NEGATIVE": "neg"}
CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}


class Number:
    """A Lua number as operand: weak."""

    def __init__(self, value):
        self.value = value

    def source(self):
        negative_zero = self.value == 0 and str(self.value) == "-0.0"  # Lua 5.1 makes it 0
        return "(-1 / math.huge)" if negative_zero else lua(self.value)


def category(dtype):
    return 2 if dtype == "bfloat16" else CATEGORY[np.dtype(dtype).kind]


def cast(a, dtype, to):
    """Elements of a dtype as another; bfloat16 ones are their bits."""
    if dtype == to:
        return a
    if dtype == "bfloat16":
        a, dtype = (a.astype(np.uint32) << 16).view(np.float32), "float32"
    if to != "bfloat16":
        return np.asarray(convert(np.asarray(a), to))
    a = a.real if a.dtype.kind == "c" else a
    a = a.astype(np.float32) if a.dtype.kind in "biu" else a
    return to_bfloat16(np.asarray(a, np.float64)).reshape(a.shape)


def tensor(a, dtype):
    a = np.ascontiguousarray(a).reshape(a.shape).copy()
    if dtype == "bfloat16":
        return torch.from_numpy(a.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(a)


def from_tensor(t):
    dtype = str(t.dtype)[6:]
    t = t.resolve_conj().resolve_neg()
    return dtype, (t.view(torch.int16).numpy().view(np.uint16) if dtype == "bfloat16" else t.numpy())


def same(a, b):
    return (a == b) & (np.signbit(a) == np.signbit(b)) | (a != a) & (b != b)


def wide(a, dtype):
    return cast(a, dtype, "float32") if dtype in ("float16", "bfloat16") else a


# ---- NumPy's kernels, on operands of one dtype ------------------------------------------------------


def multiplied(x, y):
    met["complex product"] += 1
    out = np.empty(np.broadcast_shapes(x.shape, y.shape), x.dtype)
    out.real = x.real * y.real - x.imag * y.imag
    out.imag = x.real * y.imag + x.imag * y.real
    return out


def divided(x, y):
    met["complex quotient"] += 1
    x, y = np.broadcast_arrays(x, y)
    out, one = np.empty(x.shape, x.dtype), x.real.dtype.type(1)
    re, im = np.abs(y.real), np.abs(y.imag)
    first, zero = re >= im, (re == 0) & (im == 0)
    big, small = np.where(first, y.real, y.imag), np.where(first, y.imag, y.real)
    ratio = small / big
    scale = one / (big + small * ratio)
    out.real = np.where(first, x.real + x.imag * ratio, x.real * ratio + x.imag) * scale
    out.imag = np.where(first, x.imag - x.real * ratio, x.imag * ratio - x.real) * scale
    out.real = np.where(zero, x.real / re, out.real)
    out.imag = np.where(zero, x.imag / re, out.imag)
    return out


def near(a, b, ulps=8):
    """Whether complex results are near where both are finite and not tiny, by the size of the whole."""
    info = np.finfo(a.dtype)
    good = np.isfinite(a) & np.isfinite(b) & (np.abs(a) > info.tiny * 2 ** 30) & (np.abs(a) < info.max / 2 ** 30)
    return bool((np.abs(a - b)[good] <= ulps * info.eps * np.abs(a)[good]).all())


def check_near(op, operands, got, expected):
    """Real results of complex products must be near the formula for operands of moderate size."""
    info = np.finfo(got.dtype)
    low, high = float(info.tiny) ** 0.25, float(info.max) ** 0.25
    moderate = np.ones(got.shape, bool)
    for a in operands:
        for part in (np.abs(a.real), np.abs(a.imag)):
            moderate &= (part == 0) | (part > low) & (part < high)
        moderate &= np.abs(a) > 0
    if not near(got[moderate], expected[moderate]):
        raise AssertionError("%s of complex numbers is another: %r %r %r" % (op, operands, got, expected))


def kernel(op, *operands):
    """NumPy's result for operands of one dtype, by our rules; a TypeError when there is none."""
    x = operands[0]
    kind = x.dtype.kind
    if op == "SIGN" and kind == "c":
        met["sign of complex"] += 1
        raise Skip
    if op in ROUNDINGS and kind in "biu":
        met["integers stay"] += 1
        return x
    got = np.asarray(getattr(np, NUMPY.get(op, op.lower()))(*operands))
    if kind == "c" and op in ("MULTIPLY", "SQUARE", "DIVIDE"):
        formula = divided(*operands) if op == "DIVIDE" else multiplied(x, operands[-1])
        check_near(op, np.broadcast_arrays(*operands), got, formula)
        return formula
    if op == "RECIPROCAL" and kind in "iu":
        met["1 / 0"] += 1
        return np.where(x == 0, got.dtype.type(0), got)
    if op in EXTREMES:
        return zeros_first(*operands, got)
    return got


def zeros_first(x, y, got):
    x, y = np.broadcast_arrays(x, y)
    zeros = (x == 0) & (y == 0)
    met["both zeros"] += bool(zeros.any())
    return np.where(zeros, x, got)


# ---- np ----------------------------------------------------------------------------------------------


def numpy_dtypes(operands, floating=False):
    """The common dtype of the operands by NumPy 2, or None after a number that does not fit; with `floating`
    it need not, since the operation converts to floating."""
    for a, b in (operands, operands[::-1]) if len(operands) == 2 and not floating else ():
        if isinstance(a, Number) and type(a.value) is int and not isinstance(b, Number) and b.dtype in INTS:
            info = np.iinfo(b.dtype)
            if not info.min <= a.value <= info.max:
                return None
    return np.result_type(*[o.value if isinstance(o, Number) else np.dtype(o.dtype) for o in operands])


def as_objects(o):
    return np.array(o.value, object) if isinstance(o, Number) else o.py.astype(object)


def compared(op, operands):
    met["exact"] += 1
    return np.asarray(COMPARISONS[op](*[as_objects(o) for o in operands])).astype(bool)


def integers(o):
    return type(o.value) is int if isinstance(o, Number) else o.dtype in INTS


def numpy_compute(op, operands, mask):
    if op in COMPARISONS and all(map(integers, operands)):
        return compared(op, operands)
    common = numpy_dtypes(operands, op == "DIVIDE")
    if common is None:
        met["fits"] += 1
        raise TypeError
    if op == "DIVIDE" and common.kind in "iu":
        common = np.dtype(float)
    plain = [np.asarray(o.value).astype(common) if isinstance(o, Number) else o.py for o in operands]
    if op == "WHERE":
        return np.where(mask, *[cast(p, p.dtype.name, common.name) for p in plain])
    if len(plain) == 1 or op in SHIFTS or op in ("LOGICAL_AND", "LOGICAL_OR", "LOGICAL_XOR"):
        return kernel(op, *plain)
    got = np.asarray(getattr(np, NUMPY.get(op, op.lower()))(*plain))
    expected = kernel(op, *[p.astype(common) for p in plain])
    assert got.dtype == expected.dtype
    return expected


# ---- torch -------------------------------------------------------------------------------------------

COMPLEX_REFUSED = DIVISIONS + EXTREMES + ROUNDINGS + ("LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "ROUND",
                                                       "SIGNBIT", "SIGN")
NARROW = ("float16", "bfloat16")


def torch_common(operands):
    scalars = [o.value if isinstance(o, Number) else tensor(o.py, o.dtype) for o in operands]
    if len(scalars) == 1:
        return operands[0].dtype
    if all(isinstance(o, Number) for o in operands):
        raise TypeError
    return str(torch.result_type(*scalars))[6:].replace("complex32", "complex64")


def element_type(op, common):
    """What the operands of NumPy's kernel are converted to, None when there is no such operation."""
    kind = category(common)
    if op in COMPLEX_REFUSED and kind == 3 or op in ("SUBTRACT", "NEGATIVE") and kind == 0:
        return None
    if op.startswith("BITWISE") and kind > 1 or op in SHIFTS and kind != 1:
        return None
    if op in ("DIVIDE", "RECIPROCAL") and kind < 2:
        return "float32"
    if (op in DIVISIONS or op == "SQUARE") and kind == 0:
        return "int64"
    return common


def check_refusal(op, operands, common):
    """PyTorch must refuse it as well."""
    try:
        torch_raw(op, [np.zeros((), "uint16" if common == "bfloat16" else common)] * len(operands), common)
    except (RuntimeError, TypeError):
        return
    raise AssertionError("PyTorch has %s of %s" % (op, common))


def torch_model(op, converted, common):
    """By NumPy's kernel."""
    if op == "SIGN" and common == "bool" or op in ("ROUND", "ABSOLUTE") and common == "bool":
        return "bool", converted[0]
    if op in ("LOGICAL_AND", "LOGICAL_OR", "LOGICAL_XOR", "LOGICAL_NOT") or op.startswith("IS"):
        converted = [wide(a, common) for a in converted]
        return "bool", kernel(op, *converted)
    got = kernel(op, *[wide(a, common) for a in converted])
    if got.dtype == bool or common not in NARROW:
        return got.dtype.name, got
    return common, cast(got, "float32", common)


def defined(op, x, y, common):
    """Where PyTorch 1.13 has a defined result for integers."""
    if op in SHIFTS:
        return (y >= 0) & (y < 8 * y.dtype.itemsize)
    return (y != 0) & (y != -1) if y.dtype.kind == "i" else y != 0


def torch_raw(op, converted, common):
    return getattr(torch, TORCH.get(op, op.lower()))(*[tensor(a, common) for a in converted])


def torch_compute(op, operands, mask, alpha):
    if op in COMPARISONS and all(map(integers, operands)) and any(isinstance(o, Number) for o in operands):
        return "bool", compared(op, operands)
    common = torch_common(operands)
    shape = np.broadcast_shapes(*[o.py.shape for o in operands if not isinstance(o, Number)])
    element = common if op == "WHERE" else element_type(op, common)
    if element is None:
        check_refusal(op, operands, common)
        raise TypeError
    converted = []
    for o in operands:
        a, dtype = (np.asarray(o.value), None) if isinstance(o, Number) else (o.py, o.dtype)
        if isinstance(o, Number):
            dtype = a.dtype.name
        if op.startswith("LOGICAL") and len(operands) == 2:
            converted.append(cast(a, dtype, "bool"))
        else:
            converted.append(cast(a, dtype, element))
    if op.startswith("LOGICAL") and len(operands) == 2:
        common = element = "bool"
    if op == "WHERE":
        return common, np.where(mask, *converted)
    if alpha is not None:
        return scaled(op, converted, common, alpha)
    model_type, model = torch_model(op, converted, element)
    assert model.shape == shape
    real, safe = converted, None
    if element in INTS and (op in DIVISIONS or op in SHIFTS):
        converted = np.broadcast_arrays(*converted)
        safe = defined(op, *converted, element)
        met["shifts" if op in SHIFTS else "zero divisor"] += not safe.all()
        real = [converted[0], np.where(safe, converted[1], converted[1].dtype.type(1))]
    try:
        dtype, got = from_tensor(torch_raw(op, real, element))
    except RuntimeError as e:
        assert "not implemented for" in str(e), str(e)
        met["torch refuses"] += 1
        return model_type, model
    assert dtype == model_type, (op, common, dtype, model_type)
    if safe is not None:
        assert (got[safe] == model[safe]).all()
        return model_type, model
    if op in ("MULTIPLY", "DIVIDE", "SQUARE", "RECIPROCAL") and element in COMPLEX:
        check_near(op, np.broadcast_arrays(*real), got, model)
        return model_type, model
    if element in NARROW and op in DIVISIONS:
        met["float32 inside"] += not same(wide(got, dtype), wide(model, dtype)).all()
        return model_type, torch_zero_sign(op, converted, model, element)
    if op in EXTREMES and category(element) == 2:
        x, y = np.broadcast_arrays(*[wide(a, element) for a in real])
        return dtype, np.where((x == 0) & (y == 0), model, got)
    if element in COMPLEX and op in ("ADD", "SUBTRACT", "NEGATIVE", "ABSOLUTE"):
        return dtype, complex_parts(op, got, model)
    if op in DIVISIONS:
        model = torch_zero_sign(op, converted, model, element)
        x, y = np.broadcast_arrays(*converted)
        far = (got != got) & np.isinf(x / y) & np.isfinite(x) & (y != 0)
        met["large quotient"] += bool(far.any())
        return dtype, np.where(far, model, got)
    return dtype, got


def complex_parts(op, got, model):
    """The model's parts where PyTorch's are others for a known reason."""
    if op == "NEGATIVE":
        assert (got == model)[model == model].all()
        met["complex sign"] += not same(got.real, model.real).all()
    elif op == "ABSOLUTE":
        usual = np.isfinite(got) & (got > np.finfo(got.dtype).tiny ** 0.5)
        assert (np.abs(got - model)[usual] <= 2 * np.finfo(got.dtype).eps * model[usual]).all()
    else:
        usual = np.isfinite(got)
        assert (got == model)[usual].all()
        met["complex sum"] += not usual.all()
    return model


def torch_zero_sign(op, converted, model, dtype):
    """A remainder of zero has the dividend's sign."""
    if op != "REMAINDER":
        return model
    x, y = np.broadcast_arrays(*[wide(a, dtype) for a in converted])
    value = wide(model, dtype)
    value = np.where((value == 0) & (y != 0), np.copysign(value, x), value)
    return cast(np.asarray(value), value.dtype.name, dtype)


def scaled(op, converted, common, alpha):
    kind = category(common)
    allowed = (torch.result_type(torch.zeros(1, dtype=getattr(torch, common)), alpha) ==
               getattr(torch, common) or kind == 0 and isinstance(alpha, int))
    allowed = allowed and not (op == "SUBTRACT" and kind == 0 or isinstance(alpha, bool) and kind != 0)
    try:
        real = getattr(torch, TORCH.get(op, "add"))(*[tensor(a, common) for a in converted], alpha=alpha)
        assert allowed and str(real.dtype)[6:] == common, (op, common, alpha)
    except RuntimeError:
        assert not allowed, (op, common, alpha)
        raise TypeError from None
    met["alpha"] += 1
    x, y = [wide(a, common) for a in converted]
    factor = np.asarray(alpha).astype(y.dtype)
    got = kernel(op, x, kernel("MULTIPLY", y, factor))
    return common, cast(got, "float32", common) if common in NARROW else got


def compute(face, op, operands, count=True, mask=None, alpha=None):
    """(dtype, elements, tolerance in ulps), or None for an error."""
    before = dict(met)
    try:
        shapes = [o.py.shape for o in operands if not isinstance(o, Number)] + ([mask.shape] if mask is not None else [])
        np.broadcast_shapes(*shapes)
        if face == "numpy":
            py = numpy_compute(op, operands, mask)
            dtype = py.dtype.name
        else:
            dtype, py = torch_compute(op, operands, mask, alpha)
    except (TypeError, ValueError):
        return None
    finally:
        if not count:
            met.update(before)
    of_complex = op == "ABSOLUTE" and operands[0].dtype in COMPLEX
    met["complex abs"] += of_complex and count
    return dtype, np.array(py), 2 if of_complex else 0
