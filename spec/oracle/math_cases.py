"""Writes random calls of math functions with what they must give.

Usage: /usr/bin/python3 math_cases.py FILE [SEED]

Every operation of core/ops/elementwise.def that has a row in the table of functions (TSR_FN_), powers, the
operator `^`, angles, signs of complex numbers, copysign, nextafter, heaviside, gcd, lcm and ldexp, in the
forms of elementwise_draw.py, which describes the lines of the file. Arguments are drawn around the poles,
the ends of domains, of overflow and of underflow. math_model.py says what is expected.
"""
import os
import random
import sys
import warnings

import numpy as np
import torch

import math_model
from elementwise_draw import DTYPES, NUMBERS, Case, Drawer, draw, draw_float, read_rows
from elementwise_model import Number
from program import COMPLEX, INTS, number, to_bfloat16

warnings.simplefilter("ignore")
EXACT = ("SIGN", "ANGLE", "SGN", "COPYSIGN", "NEXTAFTER", "HEAVISIDE", "GCD", "LCM", "LDEXP")
DEF = os.path.join(os.path.dirname(__file__), "../../core/ops/elementwise.def")
POWERS = ("POW", "FLOAT_POWER")
EDGES = [np.pi, np.pi / 2, -np.pi, 3 * np.pi / 4, 1e5, 1e22, -1e15, 709.78, 709.79, -745.1, -745.2, -708.4, 88.72,
         88.73, -103.9, -104.0, -87.4, 1023.5, 1024.0, -1022.5, -1074.5, -1075.5, 127.9, 128.0, -149.5, 11.0, 11.1,
         -16.7, -25.0, 1 - 2.0 ** -53, 1 - 2.0 ** -24, 1 + 2.0 ** -52, 1 + 2.0 ** -23, -1 + 2.0 ** -24, -1 + 2.0 ** -53,
         0.9999, -0.9999, 26.5, 27.3, 5.9, 9.2, 10.0, 2.71828, 20.0, 710.4, -3.5, -2.4999, 1.4616321449683622, 713.9,
         171.6, 2.0 ** -30, 2.0 ** -500, 2.0 ** -1000, 2.0 ** 500, 36.7, 37.0, 18.0]
EXPONENTS = [2, 0.5, -1, -0.5, 3, 0, 1, -2, 2.0, 0.0, 1.0, -1.0, 0.25, 10, 1.5, float("inf"), float("-inf"),
             float("nan"), 100.5, -7]


def draw_argument():
    r = random.random()
    if r < 0.3:
        return draw_float()
    if r < 0.5:
        return random.choice(EDGES)
    if r < 0.8:
        return random.uniform(-10, 10)
    return random.uniform(-1, 1) if r < 0.9 else random.choice([-1, 1]) * 10.0 ** random.uniform(-12, 3.2)


def moderate():
    return random.choice([0.0, 1.0, -1.0, 2.0, 0.5]) if random.random() < 0.3 else random.uniform(-8, 8)


class MathCase(Case):
    def draw(self, dtype, n):
        if dtype == "bool":
            return draw(dtype, n)
        if dtype in INTS:
            few = self.op in POWERS + ("LDEXP",) and random.random() < 0.75
            low = 0 if dtype.startswith("u") or random.random() < 0.7 else -9
            return np.array([random.randint(low, 9) for _ in range(n)], dtype).tobytes() if few else draw(dtype, n)
        tame = dtype in COMPLEX and self.op in POWERS + ("EXP2", "SIGMOID", "RSQRT")
        tame = tame or self.op in POWERS and random.random() < 0.4
        n *= 2 if dtype in COMPLEX else 1
        values = np.array([moderate() if tame else draw_argument() for _ in range(n)], np.float64)
        if dtype == "bfloat16":
            return to_bfloat16(values).tobytes()
        return values.astype(math_model.COMPONENT.get(dtype, dtype)).tobytes()


class Math(Drawer):
    case = MathCase
    operators = {"POW": "^"}
    counts = {"layouts": 900, "zero": 250, "long": 40, "numbers": 8, "operators": 500, "in place": 500, "outs": 700,
              "overlaps": 250}

    def find(self, face, op, operands, count=True, where=None, operator=False):
        return math_model.find(face, op, operands, where and where.py, operator)

    def draw_op(self, face, binary=0.4, among=None):
        return super().draw_op(face, binary, among)

    def powers(self, face):
        """x ^ number as operator, function and method, where both libraries have short cuts."""
        for dtype in DTYPES[face]:
            for x in map(number, EXPONENTS):
                for operator in (True, False):
                    c = MathCase(face, "powers+" if isinstance(x, int) else "powers", "POW")
                    operands = [c.array(dtype, random.choice([[], [30], [4, 5]])), Number(x)]
                    yield self.simple(c, "POW", operands, operator)

    def unary(self, face):
        """More of the functions of one argument: half of them of float32 and float64."""
        for op in self.names[face]:
            for _ in range(24 if self.arity[op] == 1 else 0):
                c = MathCase(face, "functions: " + op, op)
                dtype = random.choice(["float32", "float64"] if random.random() < 0.5 else DTYPES[face])
                yield self.simple(c, op, [c.array(dtype, random.choice([[70], [9, 7]]))])


def main():
    random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 12)
    np.seterr(all="ignore")
    np._set_promotion_state("weak")
    torch.set_num_threads(1)
    d = Math(read_rows(DEF, lambda name, kind: kind == "TSR_FN" or name in EXACT))
    count = d.write(sys.argv[1], [d.pairs, d.unary, d.powers, d.layouts, d.zero_dimensional, d.long_rows, d.numbers,
                                  d.operations, d.in_place, d.outs, d.overlaps])
    print("%d cases of math functions" % count)
    for rule, times in math_model.met.items():
        print("  rule %-18s met %5d times: %s" % (rule, times, math_model.RULES[rule]))


if __name__ == "__main__":
    main()
