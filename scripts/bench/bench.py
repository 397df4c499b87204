"""make bench: the library, NumPy, PyTorch and the floors, measured in turns, as a table.

The rows are in rows.py. For each row every side is timed in turns over several rounds (processor time of
one thread, since the machine has other things to do too), and the table shows medians; ratios are only
taken within a run. Ours and the floors run in one Lua process (worker.lua). Written to build/bench.tsv in
nanoseconds: row, ours, NumPy, PyTorch, floor (the first of the row's).

    bench.py MODULE_DIR BUILD_DIR LUA [PATTERN]
"""
import os
import re
import statistics
import subprocess
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402  (after the thread counts)
import torch  # noqa: E402

from rows import ROWS  # noqa: E402

torch.set_num_threads(1)

ROUNDS = 9
SAMPLE = 0.02  # seconds of a timing
MOST = 400000  # repetitions of a timing
RESIDENT_LIMIT = 64 << 20
SIZE_LIMIT = 1.5e6


class Worker:
    """The Lua process."""

    def __init__(self, lua, module):
        self.module = module
        self.process = subprocess.Popen([lua, os.path.join(os.path.dirname(__file__), "worker.lua")],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, *fields):
        line = "\t".join(str(f).replace("\n", "\v") for f in fields)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().rstrip("\n")
        if answer == "" or answer.startswith("error"):
            raise RuntimeError("%s: %s" % (line, answer))
        return answer

    def side(self, name, setup, code):
        setup = setup.replace("MODULE", "'%s'" % self.module)
        self.ask("load", name, setup, code)
        return lambda n: float(self.ask("time", name, n))


def python_side(setup, code):
    space = {"np": np, "torch": torch}
    exec(setup, space)
    inner = "def run(n, clock):\n    start = clock()\n    for _ in range(n):\n        %s\n    return clock() - start"
    exec(inner % code, space)
    run = space["run"]
    return lambda n: run(n, time.process_time) / n * 1e9


def repetitions(side):
    """How often one timing repeats the code, so that it takes SAMPLE seconds."""
    n = 1
    while True:
        took = side(n) * n * 1e-9
        if took > SAMPLE / 4 or n >= MOST:
            return max(1, min(MOST, int(n * SAMPLE / max(took, 1e-6))))
        n *= 4


def measure(row, worker):
    sides = {"ours": worker.side("ours", row.setup, row.ours)}
    for name, (setup, code) in row.floors.items():
        sides[name] = worker.side(name, setup, code)
    if row.numpy:
        sides["numpy"] = python_side(row.python, row.numpy)
    if row.torch:
        sides["torch"] = python_side(row.python, row.torch)
    counts = {name: repetitions(side) for name, side in sides.items()}
    samples = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            samples[name].append(side(counts[name]))
    worker.ask("drop")
    return {name: statistics.median(values) for name, values in samples.items()}


def human(ns):
    if ns is None:
        return ""
    return "%.1f ns" % ns if ns < 1e3 else "%.2f us" % (ns / 1e3) if ns < 1e6 else "%.2f ms" % (ns / 1e6)


class Report:
    def __init__(self):
        self.targets = []
        self.lines = []

    def row(self, name, ours, numpy=None, torch=None, floor=None, second=None):
        self.lines.append([name, ours, numpy, torch, floor])
        print("%-38s %11s %11s %11s %11s %11s"
              % (name, human(ours), human(numpy), human(torch), human(floor), human(second)), flush=True)

    def target(self, name, reached, figure):
        self.targets.append((name, reached, figure))

    def write(self, path):
        with open(path, "w") as out:
            out.write("row\tours\tNumPy\tPyTorch\tfloor\n")
            for name, *figures in self.lines:
                out.write("\t".join([name] + ["" if f is None else "%.1f" % f for f in figures]) + "\n")

    def summary(self):
        print("\ntargets")
        for name, reached, figure in self.targets:
            print("  %-8s %-38s %s" % ("reached" if reached else "NOT", name, figure))


def judge(row, medians, report):
    for column, factor in row.targets:
        if column == "ns":
            report.target(row.name, medians["ours"] <= factor,
                          "%s, the limit is %s" % (human(medians["ours"]), human(factor)))
            continue
        ratio = medians["ours"] / medians[column]
        if factor >= 1:
            figure = "%.2f of %s, at most %.2f" % (ratio, column, factor)
        else:
            figure = "%.1f times as fast as %s, at least %.1f" % (1 / ratio, column, 1 / factor)
        report.target(row.name, ratio <= factor, figure)


TEMPORARIES = """
local np = require("tessera").np
for i = 1, 4000 do local x = np.zeros(131072); x[1] = i end
for line in io.lines("/proc/self/status") do
    local kib = line:match("VmHWM:%s*(%d+)")
    if kib then print(kib) end
end
"""


# Lua's collector believes to have time after its own heap was large; the arrays must not pay for it.
AFTER_A_LIST = """
local ts = require "tessera"
local list = {}
for i = 1, 1000000 do list[i] = i end
local array = ts.np.array(list)
list, array = nil, nil
collectgarbage()
for i = 1, 4000 do local x = ts.np.zeros(131072) end
print(ts.memory().peak)
"""


def measure_peak_after_list(lua, report):
    peak = int(subprocess.run([lua, "-e", AFTER_A_LIST], check=True, capture_output=True, text=True).stdout)
    report.target("the same after a list of 10^6, arrays", peak < RESIDENT_LIMIT,
                  "%d KiB of arrays, less than %d" % (peak >> 10, RESIDENT_LIMIT >> 10))


def measure_resident(lua, report):
    """Peak memory of a process of its own that makes 4,000 dead temporaries of 1 MiB."""
    name = "4,000 1-MiB temporaries, peak KiB"
    peak = int(subprocess.run([lua, "-e", TEMPORARIES], check=True, capture_output=True, text=True).stdout)
    report.target(name, peak * 1024 < RESIDENT_LIMIT, "%d KiB resident, less than %d" % (peak, RESIDENT_LIMIT >> 10))


def measure_size(module, build, report):
    stripped = os.path.join(build, "bench", "stripped.so")
    subprocess.run(["strip", "-o", stripped, module], check=True)
    size = os.path.getsize(stripped)
    report.target("stripped shared library", size < SIZE_LIMIT, "%d bytes, less than %d" % (size, SIZE_LIMIT))


def main():
    module, build, lua = sys.argv[1:4]
    pattern = sys.argv[4] if len(sys.argv) > 4 else ""
    chosen = [r for r in ROWS if re.search(pattern, r.name)]
    worker = Worker(lua, os.path.abspath(module))
    report = Report()
    print("%-38s %11s %11s %11s %11s %11s" % ("row", "ours", "NumPy", "PyTorch", "floor", "with __gc"))
    for row in chosen:
        medians = measure(row, worker)
        floors = [medians[name] for name in row.floors] + [None, None]
        report.row(row.name, medians["ours"], medians.get("numpy"), medians.get("torch"), *floors[:2])
        judge(row, medians, report)
    if re.search(pattern, "resident memory"):
        measure_resident(lua, report)
        measure_peak_after_list(lua, report)
    if re.search(pattern, "size of the library"):
        measure_size(module, build, report)
    report.write(os.path.join(build, "bench.tsv"))
    report.summary()


main()
