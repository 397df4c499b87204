"""Elementwise operations in two languages: operands of any layout, and the forms of a call.

A Case is one line of the cases' file: it declares its operands in Lua over the bytes of its buffers, and
holds the same elements as ndarrays. A Drawer knows the operations of some rows of
core/ops/elementwise.def and the model that says what they give, and draws the families of cases: pairs of
dtypes, layouts, numbers, operators, in place, out= and where=, overlapping out. One case a line, fields
separated by tabs:

    face      numpy or torch
    family    name of a group; in those that end in + a number is an integer or a boolean, or an operator is
              one of Lua 5.3
    source    Lua, `;;` for newlines; B[1], B[2], ... are the bytes of the buffers
    buffers   hexadecimal, separated by commas (an empty one is -)
    expected  "error" (of the last line), "syntax" (an operator that a Lua without integers does not have; see
              program.py), or the results separated by spaces: dtype/sizes/bytes/tolerance;
              NaN stands for any NaN, and floating elements may be off by the tolerance: a number of steps
              from one number to the next; of the larger part of the complex number with `z` behind it; of
              the larger of the number and 1 with `u`

Buffers stay as they are but for the result's, which is among the results then.
"""
import os
import random
import re

import numpy as np
import torch

from elementwise_model import Number, cast, category
from program import INTEGERS, INTS, NUMPY_DTYPES, TORCH_DTYPES, Skip, item_size, lua, number, to_bfloat16

ROW = re.compile(r'TSR_ELEMENTWISE\((\w+), (\d), \w+, (TSR_\w+?)_\w+, "([^"]*)"')
DTYPES = {"numpy": NUMPY_DTYPES, "torch": TORCH_DTYPES}


def read_rows(path, wanted):
    """Name, arity and words of the operations with public names for which wanted(name, kind of kernel)."""
    rows = [(name, int(arity), [w for w in words.split() if not w.startswith("core:")], wanted(name, kind))
            for name, arity, kind, words in ROW.findall(open(path).read())]
    return [row[:3] for row in rows if row[2] and row[3]]


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
    draw = staticmethod(draw)

    def __init__(self, face, family, op=None):
        self.face, self.family, self.op, self.lines, self.buffers = face, family, op, [], []
        self.module = "np" if face == "numpy" else "torch"

    def local(self, text):
        name = "v%d" % (len(self.lines) + 1)
        self.lines.append("local %s = %s" % (name, text))
        return name

    def base(self, dtype, shape):
        """A row-major ndarray over a buffer of its own, now and then unaligned."""
        n, before = int(np.prod(shape)), random.choice([0, 0, 0, item_size(dtype), 1, 3])
        data = bytes(before) + self.draw(dtype, n)
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
        return self.finish(" ".join("%s/%s/%s/%s" % (dtype, ",".join(map(str, py.shape)), py.tobytes().hex(), ulps)
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
NUMBERS = list(map(number, NUMBERS))


# ---- drawing --------------------------------------------------------------------------------------


FRACTION_BITS = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52, "complex64": 23, "complex128": 52}


def converted_tolerance(tolerance, py, dtype, to):
    """The tolerance after conversion; None where it is not known, which is at subnormal numbers."""
    if tolerance == 0 or dtype == to:
        return tolerance
    if to not in FRACTION_BITS or dtype == "bfloat16" or "float16" in (dtype, to):
        return None
    steps, kind = re.match(r"(\d+)(\w?)", str(tolerance)).groups()
    more = FRACTION_BITS[to] - FRACTION_BITS[dtype]
    if more <= 0:
        return "%d%s" % (int(steps) if more == 0 else 2, kind)
    parts = np.abs(np.stack([py.real, py.imag]))
    small = (parts > 0) & (parts < 4 * np.finfo(dtype).tiny)
    return None if small.any() else "%d%s" % (int(steps) << more, kind)


class Drawer:
    """Draws cases of some operations. find() says what one gives."""

    case = Case
    operators, operators_53 = {}, {}
    counts = {"layouts": 1400, "zero": 500, "long": 60, "numbers": 3, "operators": 40, "in place": 900, "outs": 900,
              "overlaps": 500}

    def __init__(self, rows):
        self.arity = {name: arity for name, arity, _ in rows}
        self.names = {}
        for face, mine, other in (("numpy", "np:", "torch:"), ("torch", "torch:", "np:")):
            self.names[face] = {}
            for name, _, words in rows:
                words = [w[len(mine):] if w.startswith(mine) else w for w in words if not w.startswith(other)]
                if words:
                    self.names[face][name] = words

    def find(self, face, op, operands, count=True, where=None, operator=False):
        """(dtype, elements, tolerance), None for an error; Skip for what is not drawn."""
        raise NotImplementedError

    def call(self, c, op, operands, options="", operator=False):
        """The Lua expression, as function or method."""
        texts = [o.source() for o in operands]
        if operator:
            sign = {**self.operators, **self.operators_53}[op]
            return "%s(%s)" % (sign, texts[0]) if len(texts) == 1 else "(%s) %s (%s)" % (texts[0], sign, texts[1])
        name = random.choice(self.names[c.face][op])
        if options:
            texts.append("{%s}" % options)
        if isinstance(operands[0], Array) and random.random() < 0.4:
            return "%s:%s(%s)" % (texts[0], name, ", ".join(texts[1:]))
        return "%s.%s(%s)" % (c.module, name, ", ".join(texts))

    def simple(self, c, op, operands, operator=False):
        try:
            found = self.find(c.face, op, operands, operator=operator)
        except Skip:
            return None
        r = c.local(self.call(c, op, operands, operator=operator))
        return c.error() if found is None else c.results((r,) + found)

    def into(self, c, op, operands, out, text, where=None):
        """`text` writes the result to `out`, an operand for in-place forms; without out it is new."""
        try:
            found = self.find(c.face, op, operands, where=where)
        except Skip:
            return None
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
        ulps = converted_tolerance(ulps, py, dtype, out.dtype)
        if ulps is None:
            return None
        c.lines.append("assert(rawequal(%s, %s))" % (r, out.name))
        return c.results((r, out.dtype, out.py, ulps), (out.whole.name, out.dtype, out.whole.py, ulps))

    def pairs(self, face):
        for op in self.names[face]:
            for a in DTYPES[face]:
                for b in DTYPES[face] if self.arity[op] == 2 else [None]:
                    c = self.case(face, "pairs of dtypes: " + op, op)
                    n = 33 if self.arity[op] == 2 else 60
                    yield self.simple(c, op, [c.array(d, [n], False) for d in (a, b) if d])

    def draw_operands(self, c, op, shape=None):
        shape = draw_shape() if shape is None else shape
        dtypes = [random.choice(DTYPES[c.face])] * 2
        if random.random() < 0.5:
            dtypes[1] = random.choice(DTYPES[c.face])
        shapes = [shape, part_of(shape)][:self.arity[op]]
        if random.random() < 0.04:
            shapes[-1] = [n + 1 for n in shapes[-1]]
        random.shuffle(shapes)
        return [c.array(d, s) for d, s in zip(dtypes, shapes)]

    def draw_op(self, face, binary=0.8, among=None):
        arity = 2 if random.random() < binary else 1
        return random.choice([op for op in self.names[face] if self.arity[op] == arity and (among is None or op in among)])

    def layouts(self, face):
        for _ in range(self.counts["layouts"]):
            c = self.case(face, "layouts")
            op = c.op = self.draw_op(face)
            yield self.simple(c, op, self.draw_operands(c, op))

    def zero_dimensional(self, face):
        for _ in range(self.counts["zero"]):
            c = self.case(face, "0-dimensional")
            op = c.op = self.draw_op(face, 1)
            shapes = [[], random.choice([[], [7]])]
            random.shuffle(shapes)
            yield self.simple(c, op, [c.array(random.choice(DTYPES[face]), s) for s in shapes])

    def long_rows(self, face):
        """Longer than a block, where kernels run several times and vectors have tails."""
        for _ in range(self.counts["long"]):
            c = self.case(face, "long")
            op = c.op = self.draw_op(face)
            yield self.simple(c, op, self.draw_operands(c, op, random.choice([[1300], [3, 601], [70, 2, 9], [40, 40]])))

    def numbers(self, face):
        for op in self.names[face]:
            if self.arity[op] != 2:
                continue
            for dtype in DTYPES[face]:
                for x in random.sample(NUMBERS, self.counts["numbers"]):
                    whole = isinstance(x, int)
                    c = self.case(face, "numbers+" if whole else "numbers", op)
                    operands = [c.array(dtype, random.choice([[], [25], [25]]), False), Number(x)]
                    random.shuffle(operands)
                    yield self.simple(c, op, operands)

    def operations(self, face):
        for op in list(self.operators) + list(self.operators_53):
            for _ in range(self.counts["operators"]):
                given = self.arity[op] == 2 and random.random() < 0.5 and Number(random.choice(NUMBERS))
                integers = op in self.operators_53 or given and isinstance(given.value, int)
                c = self.case(face, "operators+" if integers else "operators", op)
                operands = self.draw_operands(c, op)
                if given:
                    operands[random.randrange(2)] = given
                if given and isinstance(given.value, bool):
                    continue
                if op in self.operators_53 and not INTEGERS:
                    c.local(self.call(c, op, operands, operator=True))
                    yield c.finish("syntax")
                    continue
                yield self.simple(c, op, operands, operator=True)

    def in_place(self, face):
        for _ in range(self.counts["in place"] if face == "torch" else 0):
            c = self.case(face, "in place")
            op = c.op = self.draw_op(face)
            shape = draw_shape()
            dtype = random.choice(DTYPES[face])
            x = c.array(dtype, shape, repeats=False)
            operands = [x]
            if self.arity[op] == 2:
                other = random.choice([dtype, random.choice(DTYPES[face])])
                operands.append(c.array(other, part_of(shape)) if random.random() < 0.9 else x)
            name = random.choice(self.names[face][op])
            text = "%s:%s_(%s)" % (x.name, name, operands[1].name if len(operands) > 1 else "")
            yield self.into(c, op, operands, x, text)

    def draw_out(self, c, dtype, shape):
        """Mostly of the result's dtype, else of any."""
        if random.random() < 0.5:
            dtype = random.choice(DTYPES[c.face])
        if c.face == "numpy" and random.random() < 0.1:
            shape = [2] + list(shape)
        elif random.random() < 0.04:
            shape = list(shape)[1:] if shape else [1]
        return c.array(dtype, list(shape), repeats=False)

    def outs(self, face):
        for _ in range(self.counts["outs"]):
            c = self.case(face, "out and where")
            op = c.op = self.draw_op(face)
            operands = self.draw_operands(c, op)
            try:
                found = self.find(face, op, operands, False)
            except Skip:
                continue
            dtype, shape = (found[0], found[1].shape) if found else ("float64", operands[0].py.shape)
            where = c.array("bool", part_of(shape)) if random.random() < 0.5 else None
            out = self.draw_out(c, dtype, shape) if where is None or random.random() < 0.6 else None
            options = ", ".join("%s = %s" % (key, v.name) for key, v in (("out", out), ("where", where)) if v)
            yield self.into(c, op, operands, out, self.call(c, op, operands, options), where)

    def overlaps(self, face):
        """out shares memory with an operand, in another order."""
        for _ in range(self.counts["overlaps"]):
            c = self.case(face, "overlapping out")
            dtype = random.choice(DTYPES[face])
            op = c.op = self.draw_op(face)
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
            if self.arity[op] == 1:
                operands = [x]
            if face == "torch" and operands[0].py.shape != x.py.shape and self.arity[op] == 2:
                operands.reverse()
            copies = [o if o is not x else Array(x.name, dtype, x.py.copy()) for o in operands]
            copies = [Array(o.name, o.dtype, o.py.copy()) for o in copies]
            yield self.into(c, op, copies, out, self.call(c, op, copies, "out = %s" % out.name))

    def write(self, path, families):
        """The cases of all families as lines of the file; how many."""
        count = 0
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "w") as out:
            for face in DTYPES:
                for family in families:
                    for line in filter(None, family(face)):
                        out.write(line + "\n")
                        count += 1
        return count
