"""Writes random elementwise operations with what NumPy and PyTorch make of them.

Usage: /usr/bin/python3 elementwise_cases.py FILE [SEED]

Every operation of core/ops/elementwise.def with every pair of dtypes; with numbers on either side; over
broadcast and strided operands, as function, method, operator, in place, with out= and where=. One case a
line, fields separated by tabs, as in program.py:

    face      numpy or torch
    family    name of a group; those that end in + are for Lua with integers
    source    Lua, `;;` for newlines; B[1], B[2], ... are the bytes of the buffers
    buffers   hexadecimal, separated by commas (an empty one is -)
    expected  "error" (of the last line), or the results separated by spaces: dtype/sizes/bytes/ulps, where
              NaN stands for any NaN and floating elements may be off by `ulps` steps

Buffers stay as they are but for the result's, which is among the results then. What the real libraries say
is expected, unless one of RULES says otherwise; they are counted and printed.
"""
import os
import random
import re
import sys
import warnings

import numpy as np
import torch

from elementwise_model import (CATEGORY, COMPARISONS, RULES, Number, category, cast, compute, met, tensor)
from program import INTS, NUMPY_DTYPES, TORCH_DTYPES, item_size, lua, to_bfloat16

warnings.simplefilter("ignore")
ROW = re.compile(r'TSR_ELEMENTWISE\((\w+), (\d), \w+, (?:TSR_BIN_|TSR_UN_)\w+, "([^"]*)"')
ELSEWHERE = ("POSITIVE", "CONJUGATE", "ANGLE", "SGN", "FRACTION", "MANTISSA", "EXPONENT", "COPYSIGN", "NEXTAFTER",
             "HEAVISIDE", "GCD", "LCM", "LDEXP")
DEF = os.path.join(os.path.dirname(__file__), "../../core/ops/elementwise.def")
ROWS = [(name, int(arity), words.split()) for name, arity, words in ROW.findall(open(DEF).read())
        if name not in ELSEWHERE]
ARITY = {name: arity for name, arity, _ in ROWS}
OPERATORS = {"ADD": "+", "SUBTRACT": "-", "MULTIPLY": "*", "DIVIDE": "/", "REMAINDER": "%", "NEGATIVE": "-"}
OPERATORS_53 = {"FLOOR_DIVIDE": "//", "BITWISE_AND": "&", "BITWISE_OR": "|", "BITWISE_XOR": "~",
                "LEFT_SHIFT": "<<", "RIGHT_SHIFT": ">>", "BITWISE_NOT": "~"}
# functions of the Lua half that are these operations when they have no options
IN_LUA = {"numpy": {"ROUND": ["round"]}, "torch": {"ROUND": ["round"], "DIVIDE": ["div", "divide", "true_divide"]}}
DTYPES = {"numpy": NUMPY_DTYPES, "torch": TORCH_DTYPES}


def names_on(face):
    """Operation to its names on a face."""
    mine, other = ("np:", "torch:") if face == "numpy" else ("torch:", "np:")
    found = {}
    for name, _, words in ROWS:
        words = [w[len(mine):] if w.startswith(mine) else w for w in words if not w.startswith((other, "core:"))]
        words = words or IN_LUA[face].get(name)
        if words:
            found[name] = words
    return found


NAMES = {face: names_on(face) for face in DTYPES}
POOL = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, 1.5, 2.5, -2.5, 7.0, -7.5, float("inf"),
        float("-inf"), float("nan")]
RARE = [5e-324, -5e-324, 1e-310, 1e-40, -1e-40, 6e-8, -6e-8, 2.0 ** -14, 65504.0, -65504.0, 2048.0, 2.0 ** 24,
        2.0 ** 53, 2.0 ** 63, 3.4e38, -3.4e38, 1.7e308, -1.7e308, 1 / 3, 0.1, 1e10, 4.5, -4.5, 0.49999999999999994]


def draw_float():
    r = random.random()
    if r < 0.5:
        return random.choice(POOL)
    return random.choice(RARE) if r < 0.7 else random.choice([-1, 1]) * 10.0 ** random.uniform(-8, 8)


def draw(dtype, n):
    """The bytes of n elements."""
    if dtype == "bool":
        return bytes(random.randrange(2) for _ in range(n))
    if dtype in INTS:
        info, bits = np.iinfo(dtype), 8 * item_size(dtype)
        pool = [0, 0, 1, 2, 3, 7, 8, bits - 1, bits, info.min, info.max, info.min + 1, info.max - 1, -1, -2, -3, 100]
        pool = [x for x in pool if info.min <= x <= info.max]
        return np.array([random.choice(pool) if random.random() < 0.7 else random.randint(info.min, info.max)
                         for _ in range(n)], dtype).tobytes()
    if dtype.startswith("complex"):
        n *= 2
    values = np.array([draw_float() for _ in range(n)], np.float64)
    if dtype == "bfloat16":
        return to_bfloat16(values).tobytes()
    return values.astype({"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)).tobytes()


class Array:
    """Operand: its Lua name, and its elements as ndarray (bfloat16 as its bits) in memory that the out of
    an operation may be part of."""

    def __init__(self, name, dtype, py):
        self.name, self.dtype, self.py = name, dtype, py

    def source(self):
        return self.name


class Case:
    def __init__(self, face, family):
        self.face, self.family, self.lines, self.buffers = face, family, [], []
        self.module = "np" if face == "numpy" else "torch"

    def local(self, text):
        name = "v%d" % (len(self.lines) + 1)
        self.lines.append("local %s = %s" % (name, text))
        return name

    def base(self, dtype, shape):
        """A row-major ndarray over a buffer of its own, now and then unaligned."""
        n, before = int(np.prod(shape)), random.choice([0, 0, 0, item_size(dtype), 1, 3])
        data = bytes(before) + draw(dtype, n)
        self.buffers.append(data)
        k = len(self.buffers)
        self.lines.append("local u%d = np.frombuffer(B[%d], {dtype = np.uint8}):copy()" % (k, k))
        name = self.local("np.frombuffer(u%d, {dtype = np.%s, offset = %d, count = %d}):reshape(%s)" % (
            k, dtype, before, n, lua(list(shape))))
        held = "uint16" if dtype == "bfloat16" else dtype
        return Array(name, dtype, np.frombuffer(bytearray(data) or bytearray(1), held, n, before).reshape(shape))

    def array(self, dtype, shape, strided=True, repeats=True):
        """An array of this shape under some strides; bytes of the base as `.whole`."""
        steps = [random.choice([1, 1, 1, -1, 2, -2]) if strided else 1 for _ in shape]
        zero = [strided and repeats and n > 0 and random.random() < 0.1 for n in shape]
        sizes = [1 if z else n * abs(s) for n, s, z in zip(shape, steps, zero)]
        order = list(range(len(shape)))
        if strided and random.random() < 0.5:
            random.shuffle(order)
        whole = self.base(dtype, [sizes[d] for d in order])
        name, py = whole.name, whole.py
        if order != sorted(order):
            inverse = [order.index(d) for d in range(len(order))]
            name, py = "%s:transpose(%s)" % (name, lua([d + 1 for d in inverse])), py.transpose(inverse)
        if any(s != 1 and not z for s, z in zip(steps, zero)):
            steps = [1 if z else s for s, z in zip(steps, zero)]
            name += "[{%s}]" % ", ".join("{}" if s == 1 else "{1, -1, %d}" % s if s > 0 else "{-1, 1, %d}" % s
                                         for s in steps)
            py = py[tuple(slice(None, None, s) for s in steps)]
        if any(zero):
            name, py = "np.broadcast_to(%s, %s)" % (name, lua(list(shape))), np.broadcast_to(py, shape)
        return self.named(name, dtype, py, whole)

    def named(self, text, dtype, py, whole):
        if self.face == "torch":
            text = "torch.from_numpy(%s)" % text
        made = Array(self.local(text) if text != whole.name else text, dtype, py)
        made.whole = whole
        return made

    def error(self):
        return self.finish("error")

    def results(self, *pairs):
        """Name, dtype, elements and tolerance of each result."""
        self.lines.append("return " + ", ".join(p[0] for p in pairs))
        return self.finish(" ".join("%s/%s/%s/%d" % (dtype, ",".join(map(str, py.shape)), py.tobytes().hex(), ulps)
                                    for _, dtype, py, ulps in pairs))

    def finish(self, expected):
        return "\t".join([self.face, self.family, ";;".join(self.lines),
                          ",".join(b.hex() or "-" for b in self.buffers), expected])


# ---- shapes --------------------------------------------------------------------------------------


def draw_shape():
    ndim = random.choice([0, 1, 1, 2, 2, 3, 4])
    return [random.choice([1, 2, 3, 4, 5] if ndim > 1 else [1, 5, 17, 40]) if random.random() > 0.06 else 0
            for _ in range(ndim)]


def part_of(shape):
    """A shape that broadcasts to it."""
    shape = [1 if random.random() < 0.2 else n for n in shape]
    return shape[random.randrange(len(shape) + 1):] if random.random() < 0.25 else shape


NUMBERS = [True, False, 0, 1, -1, 2, 3, 7, 100, -100, 127, 128, 255, 256, 300, -129, 2049, 40000, 2 ** 31, 2 ** 40,
           2 ** 63 - 1, -2 ** 63, 0.0, -0.0, 0.5, 2.0, -1.5, 0.1, 1e10, 1e300, float("inf"), float("-inf"),
           float("nan")]


# ---- forms ---------------------------------------------------------------------------------------


def call(c, op, operands, options="", operator=False):
    """The Lua expression, as function or method."""
    texts = [o.source() for o in operands]
    if operator:
        sign = {**OPERATORS, **OPERATORS_53}[op]
        return "%s(%s)" % (sign, texts[0]) if len(texts) == 1 else "(%s) %s (%s)" % (texts[0], sign, texts[1])
    name = random.choice(NAMES[c.face][op])
    if options:
        texts.append("{%s}" % options)
    if isinstance(operands[0], Array) and random.random() < 0.4:
        return "%s:%s(%s)" % (texts[0], name, ", ".join(texts[1:]))
    return "%s.%s(%s)" % (c.module, name, ", ".join(texts))


def simple(c, op, operands, operator=False):
    found = compute(c.face, op, operands)
    r = c.local(call(c, op, operands, operator=operator))
    return c.error() if found is None else c.results((r,) + found)


def into(c, op, operands, out, text, where=None):
    """`text` writes the result to `out`, an operand for in-place forms; without out it is new."""
    found = compute(c.face, op, operands)
    r = c.local(text)
    if found is None:
        return c.error()
    dtype, py, ulps = found
    shapes = [py.shape] + ([where.py.shape] if where else [])
    try:
        shape = np.broadcast_shapes(*shapes)
        if out is not None and c.face == "numpy":
            shape = np.broadcast_shapes(shape, out.py.shape)
    except ValueError:
        return c.error()
    if out is None:
        return c.results((r, dtype, np.where(where.py, py, np.zeros((), py.dtype)), ulps))
    if shape != out.py.shape:
        return c.error()
    if c.face == "numpy":
        fits = np.can_cast(dtype, out.dtype, "same_kind")
    else:
        fits = category(dtype) <= category(out.dtype)
        assert fits == torch.can_cast(getattr(torch, dtype), getattr(torch, out.dtype))
    if not fits:
        return c.error()
    result = np.broadcast_to(cast(py, dtype, out.dtype), shape)
    out.py[...] = result if where is None else np.where(where.py, result, out.py)
    if ulps and out.dtype != dtype:
        return None
    c.lines.append("assert(rawequal(%s, %s))" % (r, out.name))
    return c.results((r, out.dtype, out.py, ulps), (out.whole.name, out.dtype, out.whole.py, ulps))


# ---- families: each writes the cases of one face --------------------------------------------------


def pairs(face):
    for op in NAMES[face]:
        for a in DTYPES[face]:
            for b in DTYPES[face] if ARITY[op] == 2 else [None]:
                c = Case(face, "pairs of dtypes: " + op)
                n = 33 if ARITY[op] == 2 else 60
                yield simple(c, op, [c.array(d, [n], False) for d in (a, b) if d])


def draw_operands(c, op, shape=None):
    shape = draw_shape() if shape is None else shape
    dtypes = [random.choice(DTYPES[c.face])] * 2
    if random.random() < 0.5:
        dtypes[1] = random.choice(DTYPES[c.face])
    shapes = [shape, part_of(shape)][:ARITY[op]]
    if random.random() < 0.04:
        shapes[-1] = [n + 1 for n in shapes[-1]]
    random.shuffle(shapes)
    return [c.array(d, s) for d, s in zip(dtypes, shapes)]


def draw_op(face, binary=0.8, among=None):
    arity = 2 if random.random() < binary else 1
    return random.choice([op for op in NAMES[face] if ARITY[op] == arity and (among is None or op in among)])


def layouts(face):
    for _ in range(1400):
        c = Case(face, "layouts")
        op = draw_op(face)
        yield simple(c, op, draw_operands(c, op))


def zero_dimensional(face):
    for _ in range(500):
        c = Case(face, "0-dimensional")
        op, shapes = draw_op(face, 1), [[], random.choice([[], [7]])]
        random.shuffle(shapes)
        yield simple(c, op, [c.array(random.choice(DTYPES[face]), s) for s in shapes])


def long_rows(face):
    """Longer than a block, where kernels run several times and vectors have tails."""
    for _ in range(60):
        c = Case(face, "long")
        op = draw_op(face)
        yield simple(c, op, draw_operands(c, op, random.choice([[1300], [3, 601], [70, 2, 9], [40, 40]])))


def numbers(face):
    for op in NAMES[face]:
        if ARITY[op] != 2:
            continue
        for dtype in DTYPES[face]:
            for x in random.sample(NUMBERS, 3):
                whole = isinstance(x, int)
                c = Case(face, "numbers+" if whole else "numbers")
                operands = [c.array(dtype, random.choice([[], [25], [25]]), False), Number(x)]
                random.shuffle(operands)
                yield simple(c, op, operands)


def operators(face):
    for op in list(OPERATORS) + list(OPERATORS_53):
        for _ in range(40):
            number = ARITY[op] == 2 and random.random() < 0.5 and Number(random.choice(NUMBERS))
            integers = op in OPERATORS_53 or number and isinstance(number.value, int)
            c = Case(face, "operators+" if integers else "operators")
            operands = draw_operands(c, op)
            if number:
                operands[random.randrange(2)] = number
            if number and isinstance(number.value, bool):
                continue
            yield simple(c, op, operands, operator=True)


def in_place(face):
    for _ in range(900 if face == "torch" else 0):
        c = Case(face, "in place")
        op = draw_op(face)
        shape = draw_shape()
        dtype = random.choice(DTYPES[face])
        x = c.array(dtype, shape, repeats=False)
        operands = [x]
        if ARITY[op] == 2:
            other = random.choice([dtype, random.choice(DTYPES[face])])
            operands.append(c.array(other, part_of(shape)) if random.random() < 0.9 else x)
        name = random.choice(NAMES[face][op])
        text = "%s:%s_(%s)" % (x.name, name, operands[1].name if len(operands) > 1 else "")
        yield into(c, op, operands, x, text)


def draw_out(c, dtype, shape):
    """Mostly of the result's dtype, else of any."""
    if random.random() < 0.5:
        dtype = random.choice(DTYPES[c.face])
    if c.face == "numpy" and random.random() < 0.1:
        shape = [2] + list(shape)
    elif random.random() < 0.04:
        shape = list(shape)[1:] if shape else [1]
    return c.array(dtype, list(shape), repeats=False)


def outs(face):
    for _ in range(900):
        c = Case(face, "out and where")
        op = draw_op(face)
        operands = draw_operands(c, op)
        found = compute(face, op, operands, False)
        dtype, shape = (found[0], found[1].shape) if found else ("float64", operands[0].py.shape)
        where = c.array("bool", part_of(shape)) if random.random() < 0.5 else None
        out = draw_out(c, dtype, shape) if where is None or random.random() < 0.6 else None
        options = ", ".join("%s = %s" % (key, v.name) for key, v in (("out", out), ("where", where)) if v)
        yield into(c, op, operands, out, call(c, op, operands, options), where)


def overlaps(face):
    """out shares memory with an operand, in another order."""
    for _ in range(500):
        c = Case(face, "overlapping out")
        op, dtype = draw_op(face), random.choice(DTYPES[face])
        n, k = random.choice([3, 6, 40]), random.choice([1, 2])
        square = random.random() < 0.4
        whole = c.base(dtype, [n, n] if square else [n + k])

        def part(text, py):
            return c.named(whole.name + text, dtype, py, whole)
        if square:
            flipped = random.random() < 0.3
            parts = [part("", whole.py), part("[{{-1, 1, -1}}]", whole.py[::-1]) if flipped
                     else part(":transpose()", whole.py.T)]
        else:
            parts = [part("[{{1, %d}}]" % n, whole.py[:n]), part("[{{%d, %d}}]" % (k + 1, n + k), whole.py[k:])]
            if random.random() < 0.3:
                parts[0] = part("[{{%d, 1, -1}}]" % n, whole.py[:n][::-1])
        random.shuffle(parts)
        x, out = parts
        operands = [x, c.array(random.choice([dtype, random.choice(DTYPES[face])]), part_of(x.py.shape))]
        random.shuffle(operands)
        if ARITY[op] == 1:
            operands = [x]
        if face == "torch" and operands[0].py.shape != x.py.shape and ARITY[op] == 2:
            operands.reverse()
        copies = [o if o is not x else Array(x.name, dtype, x.py.copy()) for o in operands]
        copies = [Array(o.name, o.dtype, o.py.copy()) for o in copies]
        yield into(c, op, copies, out, call(c, op, copies, "out = %s" % out.name))


def alphas(face):
    for _ in range(300 if face == "torch" else 0):
        alpha = random.choice([2, -3, 0, 2.5, -0.5, 1, True])
        c = Case(face, "alpha+" if isinstance(alpha, int) else "alpha")
        op = random.choice(["ADD", "SUBTRACT"])
        operands = draw_operands(c, op)
        found = compute(face, op, operands, alpha=alpha)
        r = c.local(call(c, op, operands, "alpha = %s" % lua(alpha)))
        yield c.error() if found is None else c.results((r,) + found)


def choices(face):
    """where(condition, x, y)"""
    for _ in range(600):
        shape = draw_shape()
        number = random.random() < 0.4 and Number(random.choice(NUMBERS))
        c = Case(face, "where+" if number and isinstance(number.value, int) else "where")
        mask = c.array("bool", part_of(shape))
        x = [c.array(random.choice(DTYPES[face]), part_of(shape)) for _ in range(2)]
        if number:
            x[random.randrange(2)] = number
        found = compute(face, "WHERE", x, mask=mask.py)
        r = c.local("%s.where(%s, %s, %s)" % (c.module, mask.name, x[0].source(), x[1].source()))
        yield c.error() if found is None else c.results((r,) + found)


FAMILIES = [pairs, layouts, zero_dimensional, long_rows, numbers, operators, in_place, outs, overlaps, alphas, choices]


def main():
    random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 11)
    np.seterr(all="ignore")
    np._set_promotion_state("weak")
    torch.set_num_threads(1)
    os.makedirs(os.path.dirname(sys.argv[1]) or ".", exist_ok=True)
    count = 0
    with open(sys.argv[1], "w") as out:
        for face in DTYPES:
            for family in FAMILIES:
                for line in family(face):
                    if line:
                        out.write(line + "\n")
                        count += 1
    print("%d elementwise cases" % count)
    for rule, times in met.items():
        print("  rule %-16s met %5d times: %s" % (rule, times, RULES[rule]))


if __name__ == "__main__":
    main()
