"""The rows of arithmetic: operation by dtype by size, with a fresh result and with out=.

An Operation is written once, for arrays a, b (and m, a mask) of n elements and a result c; on the torch
side they are t, u, k and v. `bound` says what limits it: "memory" (reads and writes as many bytes as its
operands have), "arithmetic" (with the name of the kernel, whose instructions are counted), or "" (a chain
of dependent additions: nothing that could be measured apart).
"""
from collections import namedtuple

SIZES = (6, 10**3, 10**4, 10**5, 10**6, 10**7)
SIDE = 2048
LARGE = 4 * 10**6

Operation = namedtuple("Operation", "name operands result bound kernel ours numpy torch shape")
Compute = namedtuple("Compute", "name operation dtype n out ours setup numpy torch python moved threads")

# Operands: what the values are (data.py), for a and b; dtype "" is the row's own.
# Operands of one row have different values, else they would be the same memory.
X, Y, POSITIVE, MASK, FALSE = "x", "y", "positive", "mask", "false"


def operation(name, operands, ours, numpy, torch, result="", bound="memory", kernel=None, shape=None):
    """ours, numpy, torch: (with a fresh result, with out=); None where there is no such thing."""
    return Operation(name, operands, result, bound, kernel, ours, numpy, torch, shape)


def function(name, torch_name, operands, lua="np", **rest):
    """An elementwise function of the same arguments everywhere."""
    names = ["a", "b"][:len(operands)]
    arguments = ", ".join(names)
    tensors = ", ".join(["t", "u"][:len(operands)])
    ours = "%s.%s(%s" % (lua, torch_name, arguments)
    return operation(name, operands,
                     (ours + ")", ours + ", {out = c})"),
                     ("np.%s(%s)" % (name, arguments), "np.%s(%s, out=c)" % (name, arguments)),
                     ("torch.%s(%s)" % (torch_name, tensors), "torch.%s(%s, out=v)" % (torch_name, tensors)), **rest)


def operator(name, sign, numpy_name, torch_name, operands=((X, ""), (POSITIVE, "")), **rest):
    return operation(name, operands,
                     ("a %s b" % sign, "np.%s(a, b, {out = c})" % numpy_name),
                     ("a %s b" % sign, "np.%s(a, b, out=c)" % numpy_name),
                     ("t %s u" % sign, "torch.%s(t, u, out=v)" % torch_name), **rest)


def cast(source, target):
    values = POSITIVE if source.startswith("u") else X
    return operation("to " + target, ((values, source),), ("a:astype('%s')" % target, "np.copyto(c, a)"),
                     ("a.astype(np.%s)" % target, "np.copyto(c, a, casting='unsafe')"),
                     ("t.to(torch.%s)" % target, "v.copy_(t)"), result=target)


def reduction(name, result="", options="", torch_name=None, torch_options="", operands=((X, ""),)):
    """Of all elements; with out= over the only dimension, since PyTorch has it only so."""
    torch_name = torch_name or name
    return operation(name, operands, ("np.%s(a)" % name, "np.%s(a, {axis = 1, out = c})" % name),
                     ("np.%s(a%s)" % (name, options), "np.%s(a, axis=0%s, out=c)" % (name, options)),
                     ("torch.%s(t%s)" % (torch_name, torch_options),
                      "torch.%s(t, 0%s, out=v)" % ({"max": "amax"}.get(name, torch_name), torch_options)),
                     result=result, shape="one")


def matrix(name, ours, numpy, torch, shape="matrix", operands=((X, ""), (POSITIVE, ""))):
    return operation(name, operands, ours, numpy, torch, shape=shape)


ADD = operator("add", "+", "add", "add")
MUL = operator("mul", "*", "multiply", "mul")
SUM = reduction("sum")
MAX = reduction("max")
EXP = function("exp", "exp", ((X, ""),), bound="arithmetic", kernel="math_exponential:exp")

FLOATING = [
    ADD, MUL, operator("div", "/", "divide", "div"),
    function("less", "lt", ((X, ""), (Y, "")), result="bool")._replace(name="lt"),
    operation("where", ((X, ""), (POSITIVE, ""), (MASK, "bool")),
              ("np.where(m, a, b)", "np.where(m, a, b, {out = c})"),
              ("np.where(m, a, b)", "np.copyto(c, b); np.copyto(c, a, where=m)"),
              ("torch.where(k, t, u)", "torch.where(k, t, u, out=v)")),
    operation("clamp", ((X, ""),), ("torch.clamp(t, -0.5, 0.5)", "torch.clamp(t, -0.5, 0.5, {out = v})"),
              ("np.clip(a, -0.5, 0.5)", "np.clip(a, -0.5, 0.5, out=c)"),
              ("torch.clamp(t, -0.5, 0.5)", "torch.clamp(t, -0.5, 0.5, out=v)")),
    EXP,
    function("log", "log", ((POSITIVE, ""),), bound="arithmetic", kernel="math_logarithm:log"),
    function("sin", "sin", ((X, ""),), bound="arithmetic", kernel="math_trigonometric:sin"),
    function("tanh", "tanh", ((X, ""),), bound="arithmetic", kernel="math_hyperbolic:tanh"),
    operation("pow", ((POSITIVE, ""), (X, "")), ("a ^ b", "np.power(a, b, {out = c})"),
              ("a ** b", "np.power(a, b, out=c)"), ("t ** u", "torch.pow(t, u, out=v)"),
              bound="arithmetic", kernel="math_pair:pow"),
    function("sqrt", "sqrt", ((POSITIVE, ""),)),
    SUM, reduction("mean"), reduction("var", torch_options=", unbiased=False"), MAX,
    reduction("argmax", result="int64"), reduction("any", result="bool", operands=((FALSE, ""),)),
    operation("cumsum", ((X, ""),), ("np.cumsum(a)", "np.cumsum(a, 1, {out = c})"),
              ("np.cumsum(a)", "np.cumsum(a, out=c)"), ("torch.cumsum(t, 0)", "torch.cumsum(t, 0, out=v)"),
              bound=""),
    operation("softmax", ((X, ""),), ("torch.softmax(t, 1)", "torch.softmax(t, 1, {out = v})"), (None, None),
              ("torch.softmax(t, 0)", "torch.softmax(t, 0, out=v)"), bound="arithmetic"),
]
INTEGER = [ADD, reduction("sum", result="int64"), MAX]
HALF = [ADD, MUL, EXP]
CASTS = {"float32": [cast("float32", "float64"), cast("float32", "int32")],
         "float64": [cast("float64", "float32")], "int32": [cast("int32", "float32")],
         "uint8": [cast("uint8", "float32")]}
MIXED = {
    "float32": [operator("+ float64", "+", "add", "add", ((X, ""), (POSITIVE, "float64")), result="float64")],
    # The faces' rules differ here: NumPy's result is float64, PyTorch's float32.
    "int32": [
        operation("+ float32, np", ((X, ""), (X, "float32")), ("a + b", "np.add(a, b, {out = c})"),
                  ("a + b", "np.add(a, b, out=c)"), (None, None), result="float64"),
        operation("+ float32, torch", ((X, ""), (X, "float32")), ("t + u", "torch.add(t, u, {out = v})"),
                  (None, None), ("t + u", "torch.add(t, u, out=v)"), result="float32")],
}
MATRIX = [
    matrix("row sums", ("np.sum(a, {axis = 2})", "np.sum(a, {axis = 2, out = c})"),
           ("a.sum(axis=1)", "np.sum(a, axis=1, out=c)"), ("t.sum(1)", "torch.sum(t, 1, out=v)"),
           "line", ((X, ""),)),
    matrix("column sums", ("np.sum(a, {axis = 1})", "np.sum(a, {axis = 1, out = c})"),
           ("a.sum(axis=0)", "np.sum(a, axis=0, out=c)"), ("t.sum(0)", "torch.sum(t, 0, out=v)"),
           "line", ((X, ""),)),
    matrix("M + r", ("a + b", "np.add(a, b, {out = c})"), ("a + b", "np.add(a, b, out=c)"),
           ("t + u", "torch.add(t, u, out=v)"), "row"),
    matrix("M + c", ("a + b", "np.add(a, b, {out = c})"), ("a + b", "np.add(a, b, out=c)"),
           ("t + u", "torch.add(t, u, out=v)"), "column"),
    matrix("M + M.T", ("a + a.T", "np.add(a, a.T, {out = c})"), ("a + a.T", "np.add(a, a.T, out=c)"),
           ("t + t.t()", "torch.add(t, t.t(), out=v)"), "matrix", ((X, ""),)),
]

ITEMS = {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "float16": 2, "uint8": 1, "bool": 1}


def power(n):
    digits = len(str(n)) - 1
    return "10^%d" % digits if n == 10**digits and n > 10 else str(n)


def moved_bytes(op, dtype):
    """Bytes an element of the three streams read and of the one written."""
    if op.bound != "memory":
        return None
    reads = [ITEMS[kind or dtype] for _, kind in op.operands]
    if op.shape in ("row", "column"):
        reads = reads[:1]
    writes = 0 if op.shape in ("one", "line") else ITEMS[op.result or dtype]
    return tuple((reads + [0, 0])[:3]) + (writes,)


def sizes_of(op, n):
    """Lua and Python text: the sizes of a, of b, of the result."""
    if n != SIDE * SIDE or op.shape in (None, "one"):
        whole = ("%d" % n, "%d" % n)
        return whole, whole, ("{}", "()") if op.shape == "one" else whole
    whole = ("{%d, %d}" % (SIDE, SIDE), "(%d, %d)" % (SIDE, SIDE))
    line = ("{%d}" % SIDE, "%d" % SIDE)
    second = {"row": line, "column": ("{%d, 1}" % SIDE, "(%d, 1)" % SIDE)}.get(op.shape, whole)
    return whole, second, line if op.shape == "line" else whole


def setups(op, dtype, n, out):
    a, b, c = sizes_of(op, n)
    lua, python = [], []
    for name, tensor, (values, kind), (sizes, shape) in zip("abm", "tuk", op.operands, (a, b, a)):
        lua.append("local %s = data('%s', '%s', %s); local %s = torch.from_numpy(%s)"
                   % (name, values, kind or dtype, sizes, tensor, name))
        python.append("%s = data('%s', '%s', %s); %s = torch.from_numpy(%s)"
                      % (name, values, kind or dtype, shape, tensor, name))
    if out:
        result = op.result or dtype
        lua.append("local c = np.empty(%s, {dtype = '%s'}); local v = torch.from_numpy(c)" % (c[0], result))
        python.append("c = np.empty(%s, np.%s); v = torch.from_numpy(c)"
                      % (c[1], "bool_" if result == "bool" else result))
    return "\n".join(lua), "\n".join(python)


def compute(op, dtype, n, out, threads=1):
    where = "2048^2" if n == SIDE * SIDE else power(n)
    name = "%s %s %s%s%s" % (op.name, dtype, where, " out=" if out else "", ", 2 threads" if threads == 2 else "")
    setup, python = setups(op, dtype, n, out)
    ours = op.ours[out]
    if not ours.startswith("np.copyto"):
        ours = "local _ = " + ours
    return Compute(name, op, dtype, n, out, ours, setup, op.numpy[out], op.torch[out], python,
                   moved_bytes(op, dtype), threads)


def rows(sizes=SIZES):
    """All of them, those of a dtype together so that its data is made once, and the large ones last: their
    data stays (worker.lua)."""
    for dtype in ("float32", "float64", "int32", "int64", "uint8", "bool", "float16"):
        floating = dtype in ("float32", "float64")
        operations = FLOATING if floating else HALF if dtype == "float16" else INTEGER
        operations = operations + CASTS.get(dtype, []) + MIXED.get(dtype, [])
        matrices = MATRIX if floating else []
        small, large = [n for n in sizes if n < LARGE], [n for n in sizes if n >= LARGE]
        for some, more in ((small, []), (large, matrices)):
            cases = [(op, n) for op in operations for n in some] + [(op, SIDE * SIDE) for op in more]
            for op, n in cases:
                yield compute(op, dtype, n, False)
                yield compute(op, dtype, n, True)
            for op, n in cases if dtype == "float32" else []:
                if op not in CASTS[dtype] + MIXED[dtype]:
                    yield compute(op, dtype, n, False, threads=2)
