"""What reductions and scans of floating elements must give, and how far off they may be.

Everything is computed in long double (64 bits of mantissa), so that the reference's own error does not
count. A bound belongs to each element. With e the machine epsilon of the dtype that is worked in (float32
for 16-bit dtypes), n the elements that make a result, and K = log2 n + 6:

    sum, nansum, trapezoid      K e sum|x|                   what pairwise summation satisfies
    mean, nanmean, average      K e sum|x| / n
    prod                        (n + 2) e |result|
    var                         K e var + (K e mean|x|)^2    the second is the mean's own error
    std                         of var, through the root
    norm of order p             (K + 4) e (1 + |log(norm)|) |norm|
    softmax                     (K + |x - max|) e |result|
    log_softmax, logsumexp      (K + |x - max| + |result|) e
    cumsum                      (8 + 4 sqrt i) e cumsum|x|   one after the other
    cumprod                     (i + 2) e |result|
    logcumsumexp                (16 + 4 log2 n) e (1 + max|x|)

To each, half a step of the result's dtype is added where that is narrower. A result is finite or infinite where
its bound reaches from one to the other, and only there: finish() and may_overflow().
"""
import numpy as np

LD, CLD = np.longdouble, np.clongdouble
PARTS = {"complex64": "float32", "complex128": "float64"}
EPS = {"float16": 2.0 ** -10, "bfloat16": 2.0 ** -7, "float32": 2.0 ** -23, "float64": 2.0 ** -52}
TINY = {"float16": 2.0 ** -24, "bfloat16": 2.0 ** -133, "float32": 2.0 ** -149, "float64": 2.0 ** -1074}
MOST = {"float16": 65504.0, "bfloat16": float(2 - 2 ** -7) * 2.0 ** 127,
        "float32": float(np.finfo(np.float32).max), "float64": float(np.finfo(np.float64).max)}


def part_of(dtype):
    return PARTS.get(dtype, dtype)


def work_eps(dtype):
    return max(EPS["float64"], min(EPS[part_of(dtype)], EPS["float32"]))


def log2(n):
    return np.log2(np.maximum(n, 2)).astype(np.float64)


def joined(re, im):
    made = np.empty(np.shape(re), CLD)
    made.real, made.imag = re, im
    return made


class Reducing:
    """The values of one call in long double; `mask` says which count."""

    def __init__(self, x, dims, keep, mask=None, eps=EPS["float64"]):
        self.mask = np.ones(x.shape, bool) if mask is None else np.broadcast_to(mask, x.shape)
        self.x, self.dims, self.keep, self.eps = x, dims, keep, eps
        self.n = self.fold(np.add, self.mask.astype(np.int64))

    def fold(self, op, x, keep=None):
        return op.reduce(x, axis=self.dims, keepdims=self.keep if keep is None else keep)

    def total(self, x, keep=None):
        return self.fold(np.add, np.where(self.mask, x, x.dtype.type(0)), keep)

    @property
    def k(self):
        return (log2(self.n) + 6) * self.eps

    def sum(self):
        """The bound of complex elements is one of each part."""
        if self.x.dtype == CLD:
            re, im = (Reducing(p, self.dims, self.keep, self.mask, self.eps).sum() for p in (self.x.real, self.x.imag))
            return joined(re[0], im[0]), joined(re[1], im[1])
        return self.total(self.x), self.k * self.total(np.abs(self.x))

    def mean(self):
        total, bound = self.sum()
        n = self.n.astype(LD)
        return tuple(joined(a.real / n, a.imag / n) if a.dtype == CLD else a / n for a in (total, bound))

    def prod(self):
        made = self.fold(np.multiply, np.where(self.mask, self.x, self.x.dtype.type(1)))
        return made, (self.n + 2) * self.eps * np.abs(made)

    def var(self, correction):
        if self.x.dtype == CLD:
            parts = [Reducing(p, self.dims, self.keep, self.mask, self.eps).var(correction)
                     for p in (self.x.real, self.x.imag)]
            return parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]
        count = self.fold(np.add, self.mask.astype(np.int64), True).astype(LD)
        d = self.x - self.total(self.x, True) / count
        free = np.maximum(self.n - correction, 0).astype(LD)
        made = self.total(d * d) / free
        offset = self.k * self.total(np.abs(self.x)) / self.n
        return made, self.k * np.abs(made) + offset ** 2 * (self.n / free)

    def std(self, correction):
        made, bound = self.var(correction)
        root = np.sqrt(made)
        high, low = np.sqrt(made + bound), np.sqrt(np.maximum(made - bound, 0))
        return root, np.maximum(high - root, root - low) + self.eps * root

    def norm(self, p):
        x = np.abs(self.x)
        if p in (float("inf"), float("-inf")):
            made = self.fold(np.maximum if p > 0 else np.minimum, x)
            return made, self.eps * made
        if p == 0:
            return self.total((x != 0).astype(LD)), np.zeros(self.n.shape)
        made = self.total(x if p == 1 else x * x if p == 2 else x ** LD(p))
        made = made if p == 1 else np.sqrt(made) if p == 2 else made ** (LD(1) / LD(p))
        return made, (self.k + 4 * self.eps) * (1 + np.abs(np.log(np.maximum(made, LD(1e-300))))) * made

    def logsumexp(self):
        top = self.fold(np.maximum, self.x, True)
        top = np.where(np.isinf(top), LD(0), top)
        made = np.log(self.fold(np.add, np.exp(self.x - top)))
        made = made + top.reshape(made.shape)
        return made, self.k + self.eps * (np.abs(made) + np.abs(top.reshape(made.shape)))

    def softmax(self, log):
        top = self.fold(np.maximum, self.x, True)
        d = self.x - top
        total = self.fold(np.add, np.exp(d), True)
        k = (log2(self.n).max() + 6 if self.n.size else 0) * self.eps
        if log:
            made = d - np.log(total)
            return made, k + self.eps * (np.abs(d) + np.abs(made))
        made = np.exp(d) / total
        return made, (k + self.eps * np.abs(d)) * made


def scan(name, x, dim, eps):
    """x has at least one dimension."""
    at = np.arange(1, x.shape[dim] + 1, dtype=LD).reshape([-1 if d == dim else 1 for d in range(x.ndim)])
    if name == "cumsum" and x.dtype == CLD:
        re, im = scan(name, x.real, dim, eps), scan(name, x.imag, dim, eps)
        return joined(re[0], im[0]), joined(re[1], im[1])
    if name == "cumsum":
        return np.cumsum(x, dim), (8 + 4 * np.sqrt(at)) * eps * np.cumsum(np.abs(x), dim)
    if name == "cumprod":
        made = np.cumprod(x, dim)
        return made, (at + 2) * (eps * np.abs(made) + (TINY["float32"] if eps > 1e-10 else 0))
    made = np.logaddexp.accumulate(x, dim)
    most = np.abs(np.where(np.isfinite(x), x, LD(0))).max(initial=0)
    return made, np.full(made.shape, (16 + 4 * np.log2(max(x.shape[dim], 2))) * eps * (1 + most))


def finish(made, bound, dtype):
    """As float64: what the elements of a result of `dtype` must be, and how far off they may be; the parts of
    complex ones as a last dimension."""
    made, bound, part = np.asarray(made), np.asarray(bound), part_of(dtype)
    if made.dtype.kind == "c":
        made = np.stack([made.real, made.imag], -1)
        bound = np.stack([bound.real, bound.imag if bound.dtype.kind == "c" else bound], -1)
    elif dtype in PARTS:
        made = np.stack([made, np.zeros_like(made)], -1)
        bound = np.stack([bound] * 2, -1)
    bound = np.broadcast_to(bound.astype(LD), made.shape) + EPS[part] / 2 * np.abs(made) + TINY[part]
    over, most = np.abs(made) > MOST[part] + half_step(part), LD(MOST[part])
    left = bound - (np.abs(made) - most)  # of the bound, below the largest number
    near = over & np.isfinite(made) & (left >= half_step(part))
    made = np.where(over, np.copysign(np.where(near, most, LD(np.inf)), made), made)
    bound = np.where(near, left, bound)
    return made.astype(np.float64), np.where(np.isfinite(bound), bound, 0).astype(np.float64)


def half_step(part):
    """Beyond the largest number, from where on numbers round to infinity."""
    return LD(MOST[part]) * EPS[part] / (4 - 2 * EPS[part])


def may_overflow(values, bounds, dtype):
    """Where what finish() made lets a result be infinite."""
    return bounds >= MOST[part_of(dtype)] - np.abs(values.astype(LD)) + half_step(part_of(dtype))
