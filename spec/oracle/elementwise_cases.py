"""Writes random elementwise operations with what NumPy and PyTorch make of them.

Usage: /usr/bin/python3 elementwise_cases.py FILE [SEED]

Every operation of core/ops/elementwise.def that is arithmetic, comparison, rounding or logic, with every
pair of dtypes; with numbers on either side; over broadcast and strided operands, as function, method,
operator, in place, with out= and where=; elementwise_draw.py draws them and describes the lines of the
file. What the real libraries say is expected, unless one of RULES (elementwise_model.py) says otherwise;
they are counted and printed.
"""
import os
import random
import sys
import warnings

import numpy as np
import torch

from elementwise_draw import DTYPES, NUMBERS, Case, Drawer, draw_shape, part_of, read_rows
from elementwise_model import RULES, Number, compute, met
from program import lua, number

warnings.simplefilter("ignore")
# functions that math_cases.py and composite_cases.py draw
ELSEWHERE = ("POSITIVE", "CONJUGATE", "ANGLE", "SGN", "COPYSIGN", "NEXTAFTER", "HEAVISIDE", "GCD", "LCM", "LDEXP")
DEF = os.path.join(os.path.dirname(__file__), "../../core/ops/elementwise.def")


class Arithmetic(Drawer):
    operators = {"ADD": "+", "SUBTRACT": "-", "MULTIPLY": "*", "DIVIDE": "/", "REMAINDER": "%", "NEGATIVE": "-"}
    operators_53 = {"FLOOR_DIVIDE": "//", "BITWISE_AND": "&", "BITWISE_OR": "|", "BITWISE_XOR": "~",
                    "LEFT_SHIFT": "<<", "RIGHT_SHIFT": ">>", "BITWISE_NOT": "~"}

    def find(self, face, op, operands, count=True, where=None, operator=False):
        return compute(face, op, operands, count)

    def alphas(self, face):
        for _ in range(300 if face == "torch" else 0):
            alpha = number(random.choice([2, -3, 0, 2.5, -0.5, 1, True]))
            c = Case(face, "alpha+" if isinstance(alpha, int) else "alpha")
            op = random.choice(["ADD", "SUBTRACT"])
            operands = self.draw_operands(c, op)
            found = compute(face, op, operands, alpha=alpha)
            r = c.local(self.call(c, op, operands, "alpha = %s" % lua(alpha)))
            yield c.error() if found is None else c.results((r,) + found)

    def choices(self, face):
        """where(condition, x, y)"""
        for _ in range(600):
            shape = draw_shape()
            given = random.random() < 0.4 and Number(random.choice(NUMBERS))
            c = Case(face, "where+" if given and isinstance(given.value, int) else "where")
            mask = c.array("bool", part_of(shape))
            x = [c.array(random.choice(DTYPES[face]), part_of(shape)) for _ in range(2)]
            if given:
                x[random.randrange(2)] = given
            found = compute(face, "WHERE", x, mask=mask.py)
            r = c.local("%s.where(%s, %s, %s)" % (c.module, mask.name, x[0].source(), x[1].source()))
            yield c.error() if found is None else c.results((r,) + found)


def main():
    random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 11)
    np.seterr(all="ignore")
    np._set_promotion_state("weak")
    torch.set_num_threads(1)
    rows = read_rows(DEF, lambda name, kind: kind != "TSR_FN" and name not in ELSEWHERE)
    d = Arithmetic(rows + [("ROUND", 1, ["round"])])
    d.names["torch"]["DIVIDE"] = ["div", "divide", "true_divide"]  # these and round are in the Lua half, for options
    count = d.write(sys.argv[1], [d.pairs, d.layouts, d.zero_dimensional, d.long_rows, d.numbers, d.operations,
                                  d.in_place, d.outs, d.overlaps, d.alphas, d.choices])
    print("%d elementwise cases" % count)
    for rule, times in met.items():
        print("  rule %-16s met %5d times: %s" % (rule, times, RULES[rule]))


if __name__ == "__main__":
    main()
