"""Writes random array programs with what NumPy and PyTorch make of them.

Usage: /usr/bin/python3 array_cases.py FILE [SEED]

The format and the rules are described in program.py.
"""
import os
import random
import sys

import numpy as np
import torch

import numpy_cases
import numpy_manipulation
import program
import torch_cases
import torch_manipulation


def main():
    random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    np.seterr(all="ignore")
    torch.set_num_threads(1)
    os.makedirs(os.path.dirname(sys.argv[1]) or ".", exist_ok=True)
    with open(sys.argv[1], "w") as out:
        n = numpy_cases.write_all(out) + numpy_manipulation.write_all(out)
        m = torch_cases.write_all(out) + torch_manipulation.write_all(out)
    print("%d numpy programs, %d torch programs" % (n, m))
    for rule, times in program.met.items():
        print("  rule %-16s met %5d times: %s" % (rule, times, program.RULES[rule]))


main()
