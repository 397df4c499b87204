"""make bench: the library, NumPy, PyTorch and what the machine can do, measured in turns, as a table.

The rows are in rows.py (objects, views, lists, copies, fused functions: with floors) and rows_compute.py
(arithmetic: operation by dtype by size) and rows_files.py. For each row every side is timed in turns over several rounds,
and the table shows medians; ratios are only taken within a run. It is processor time of one thread, since
the machine has other things to do too; two threads are timed by the wall clock. Ours, the floors and the
limits run in one Lua process (worker.lua).

Columns: row, ours, NumPy, PyTorch (nanoseconds in build/bench.tsv), the ratio of the better one to ours
(above 1 we are faster), the share of the machine's limit, the first two floors of the row. What the
library does not have yet is "not there", and its targets are not reached.

    bench.py MODULE BUILD_DIR LUA [--rows PATTERN] [--sizes "1e3 1e6"] [--rounds N]
"""
import argparse
import os
import re

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"

import numpy as np  # noqa: E402  (after the thread counts)
import torch  # noqa: E402

import checks  # noqa: E402
import rows_compute  # noqa: E402
import rows_files  # noqa: E402
from compute import Compute  # noqa: E402
from data import Data  # noqa: E402
from report import Report, human  # noqa: E402
from rows import ROWS  # noqa: E402
from sides import Refused, Worker, in_turns, python_side  # noqa: E402

torch.set_num_threads(1)
np.seterr(all="ignore")

ROUNDS = 9
COMPUTE_ROUNDS = 5
SAMPLE = 0.02  # seconds of a timing


def measure(row, worker, rounds):
    sides = {"ours": worker.side("ours", row.setup, row.ours)}
    sides["ours"](1)
    for name, (setup, code) in row.floors.items():
        sides[name] = worker.side(name, setup, code)
    if row.numpy:
        sides["numpy"] = python_side(row.python, row.numpy)
    if row.torch:
        sides["torch"] = python_side(row.python, row.torch)
    rounds, count = row.turns or (rounds, None)
    return in_turns(sides, rounds, SAMPLE, count=count)


def judge(row, medians, report):
    for column, factor in row.targets:
        if medians is None:
            report.target(row.name, False, "not there")
        elif column == "ns":
            report.target(row.name, medians["ours"] <= factor,
                          "%s, the limit is %s" % (human(medians["ours"]), human(factor)))
        else:
            ratio = medians["ours"] / medians[column]
            if factor >= 1:
                figure = "%.2f of %s, at most %.2f" % (ratio, column, factor)
            else:
                figure = "%.1f times as fast as %s, at least %.1f" % (1 / ratio, column, 1 / factor)
            report.target(row.name, ratio <= factor, figure)


def run_row(row, worker, report, rounds):
    try:
        medians = measure(row, worker, rounds)
    except Refused as problem:
        report.row(row.name, None, note=str(problem))
        judge(row, None, report)
        worker.ask("drop")
        return
    worker.ask("drop")
    floors = [medians[name] for name in row.floors] + [None, None]
    report.row(row.name, medians["ours"], medians.get("numpy"), medians.get("torch"), None, *floors[:2])
    judge(row, medians, report)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("module")
    parser.add_argument("build")
    parser.add_argument("lua")
    parser.add_argument("--rows", default="", help="regular expression")
    parser.add_argument("--sizes", help="sizes of the compute rows")
    parser.add_argument("--rounds", type=int)
    given = parser.parse_args()
    given.sizes = [int(float(n)) for n in given.sizes.split()] if given.sizes else rows_compute.SIZES
    return given


def main():
    given = arguments()
    load = os.getloadavg()[0]
    chosen = re.compile(given.rows).search
    folder = os.path.join(given.build, "bench", "data")
    data = Data(folder)
    worker = Worker(given.lua, os.path.abspath(given.module), folder)
    report = Report()
    for row in ROWS:
        if chosen(row.name):
            run_row(row, worker, report, given.rounds or ROUNDS)
    if any(chosen(name) for name in rows_files.NAMES):
        files = os.path.join(given.build, "bench", "files")
        try:
            for row in rows_files.rows(files):
                if chosen(row.name):
                    run_row(row, worker, report, given.rounds or ROUNDS)
        finally:
            rows_files.remove(files)
    if chosen("memory of a mapped file"):
        rows_files.memory(given.lua, os.path.join(given.build, "bench", "files"), report)
    compute = Compute(worker, data, report, given.build, given.rounds or COMPUTE_ROUNDS)
    try:
        for row in rows_compute.rows(given.sizes):
            if chosen(row.name):
                compute.run(row)
    finally:
        data.forget()
    compute.judge_two_threads()
    if chosen("unfused chain memory"):
        checks.chain(given.lua, report)
    if chosen("resident memory"):
        checks.resident(given.lua, report)
    if chosen("size of the library"):
        checks.size(given.module, given.build, report)
    report.write(os.path.join(given.build, "bench.tsv"))
    print("\nload average %.1f before, %.1f after; above 1, what two threads took by the wall clock says little"
          % (load, os.getloadavg()[0]))
    report.summary()


main()
