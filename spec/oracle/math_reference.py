"""The math functions in long double (x87's 64 bits of fraction), of arguments that are exact.

value(op, operands) takes arrays of one floating or complex dtype, widened, and gives an array of longdouble
or clongdouble that is good to a few units of its own last place, or to a few of a double's where the C
library's function returns one through ctypes. Special values are those of the C library (annexes F and G),
and below those of what it has not got.
"""
import ctypes

import numpy as np
import torch

L, C = np.longdouble, np.clongdouble
LIBM = ctypes.CDLL("libm.so.6")
PI = L("3.14159265358979323846264338327950288")
LN2, LN10 = np.log(L(2)), np.log(L(10))
NAMES = {"ASIN": "arcsin", "ACOS": "arccos", "ATAN": "arctan", "ASINH": "arcsinh", "ACOSH": "arccosh",
         "ATANH": "arctanh", "ATAN2": "arctan2", "POW": "power", "FLOAT_POWER": "power"}


def of_library(name):
    function = getattr(LIBM, name)
    function.restype, function.argtypes = ctypes.c_longdouble, [ctypes.c_longdouble]
    each = np.frompyfunc(lambda x: function(float(x)), 1, 1)
    return lambda x: np.asarray(each(x.astype(np.float64)), np.float64).astype(L)


erf, erfc, lgamma = of_library("erfl"), of_library("erfcl"), of_library("lgammal")


def erfinv(p):
    """Newton's steps towards the zero of erf(x) - p, or of erfc(x) - (1 - p), which loses no digits."""
    x = torch.erfinv(torch.from_numpy(np.asarray(np.abs(p), np.float64))).numpy().astype(L)
    q = np.abs(p)
    for _ in range(3):
        off = np.where(q < 0.5, erf(x) - q, (1 - q) - erfc(x))
        step = off * np.sqrt(PI) / 2 * np.exp(x * x)
        x = np.where(np.isfinite(step), x - step, x)
    return np.copysign(x, p)


def digamma(x):
    """Reflection, recurrence up to 20, and the asymptotic series."""
    left = x < 0
    r = x - np.rint(x)
    below = np.where(left, PI / np.tan(PI * np.where(r == 0, L("nan"), r)), 0)
    y = np.where(left, 1 - x, x)
    sum_ = np.zeros(x.shape, L)
    for _ in range(20):
        small = y < 20
        sum_ = np.where(small, sum_ - 1 / y, sum_)
        y = np.where(small, y + 1, y)
    z = 1 / (y * y)
    series = np.zeros(x.shape, L)
    for top, bottom in ((3617, 8160), (-1, 12), (691, 32760), (-1, 132), (1, 240), (-1, 252), (1, 120), (-1, 12)):
        series = (series + L(top) / L(bottom)) * z if (top, bottom) != (3617, 8160) else L(top) / L(bottom) * z
    found = np.where(np.isinf(y), y, sum_ + np.log(y) - 1 / (2 * y) + series) - below
    return np.where(x == 0, np.copysign(L("inf"), -x), np.where(np.isneginf(x), L("nan"), found))


def i0(x):
    """The power series, all of whose terms are positive."""
    x = np.abs(x)
    q = np.where(x < 800, x, 0) / 2
    q = q * q
    term, total, k = np.ones(x.shape, L), np.ones(x.shape, L), 0
    while term.size and (term > total * L(1e-21)).any():
        k += 1
        term = term * q / (k * k)
        total = total + term
    return np.where(x < 800, total, np.where(x != x, x, L("inf")))


def power(x, y):
    """Special values from pow, since powl(-inf, -2^63) is another."""
    usual = np.isfinite(x) & np.isfinite(y) & (x != 0)
    return np.where(usual, np.power(x, y), np.power(x.astype(np.float64), y.astype(np.float64)))


def sinc(x):
    """0 at the integers but 0; sin(pi r) of the remainder r in [-1/2, 1/2]."""
    n = np.rint(x)
    r = x - n
    sign = np.where(n % 2 == 0, 1, -1)
    found = np.where(r == 0, L(0), sign * np.sin(PI * r) / (PI * x))
    return np.where(x == 0, L(1), np.where(np.isinf(x), L("nan"), found))


# ---- complex functions that the C library has not got ------------------------------------------------


def made(re, im):
    z = np.empty(np.broadcast_shapes(np.shape(re), np.shape(im)), C)
    z.real, z.imag = re, im
    return z


def finite(z):
    return np.isfinite(z.real) & np.isfinite(z.imag)


def expm1(z):
    x, y = z.real, z.imag
    e, s = np.exp(z), np.sin(y / 2)
    ours = made(np.where(y == 0, np.expm1(x), np.expm1(x) * np.cos(y) - 2 * s * s),
                np.where(y == 0, y, np.exp(x) * np.sin(y)))
    return np.where(finite(z), ours, made(e.real - 1, e.imag))


def log1p(z):
    x, y = z.real, z.imag
    ours = made(np.log1p(2 * x + (x * x + y * y)) / 2, np.arctan2(y, 1 + x))
    near = (x > -0.5) & (np.abs(x) < 1e15) & (np.abs(y) < 1e15)
    return np.where(near, ours, np.log(made(1 + x, y)))


def log_of_base(z, real_log, factor):
    x, y = z.real, z.imag
    found = np.log(z)
    axis = ((x == 0) != (y == 0)) & finite(z)
    on_axis = real_log(np.where(x == 0, np.abs(y), np.abs(x)))
    return made(np.where(axis, on_axis, found.real / factor), found.imag / factor)


def sigmoid(z):
    left = z.real < 0
    w = np.where(left, z, -z)
    x, y = w.real, w.imag
    e, c = np.exp(w), np.cos(y / 2)
    return np.where(left, e, C(1)) / made(np.expm1(x) * np.cos(y) + 2 * c * c, e.imag)


def sign(z):
    """z/|z|; 0 of 0, the direction of a single infinite part, NaN of two or of NaN (NumPy 2)."""
    x, y = z.real, z.imag
    size = np.hypot(x, y)
    infinite = np.isinf(x) | np.isinf(y)
    both = np.isinf(x) & np.isinf(y)
    re = np.where(infinite, np.where(np.isinf(x), np.sign(x), 0), x / size)
    im = np.where(infinite, np.where(np.isinf(y), np.sign(y), 0), y / size)
    nan = both | np.isnan(size)
    zero = size == 0
    return made(np.where(zero, 0, np.where(nan, np.nan, re)), np.where(zero, 0, np.where(nan, np.nan, im)))


OF_REAL = {
    "ERF": erf, "ERFC": erfc, "LGAMMA": lgamma, "ERFINV": erfinv, "DIGAMMA": digamma, "I0": i0, "SINC": sinc,
    "POW": power, "FLOAT_POWER": power,
    "RSQRT": lambda x: 1 / np.sqrt(x),
    "SIGMOID": lambda x: 1 / (1 + np.exp(-x)),
    "ANGLE": lambda x: np.where(x != x, x, np.where(x < 0, PI, L(0))),
}
OF_COMPLEX = {
    "EXPM1": expm1, "LOG1P": log1p, "SIGMOID": sigmoid, "SIGN": sign, "SGN": sign,
    "EXP2": lambda z: made(np.exp2(z.real) * np.cos(z.imag * LN2),
                           np.where(z.imag == 0, z.imag, np.exp2(z.real) * np.sin(z.imag * LN2))),
    "LOG2": lambda z: log_of_base(z, np.log2, LN2),
    "LOG10": lambda z: log_of_base(z, np.log10, LN10),
    "RSQRT": lambda z: 1 / np.sqrt(z),
    "ANGLE": lambda z: np.arctan2(z.imag, z.real),
}


def value(op, operands):
    complex_ = operands[0].dtype.kind == "c"
    wide = [a.astype(C if complex_ else L) for a in operands]
    function = (OF_COMPLEX if complex_ else OF_REAL).get(op)
    return np.asarray((function or getattr(np, NAMES.get(op, op.lower())))(*wide))
