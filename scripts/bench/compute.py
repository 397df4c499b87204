"""Measures the rows of rows_compute.py against their targets.

Each row is timed in turns with NumPy, PyTorch and what limits it: a pass of plain and of streaming stores
over the same bytes (limits.c), so that the share of the bandwidth is of the same moment and memory; or, for the
arithmetic kernels, the vector instructions (instructions.py) against the fused multiply-adds that the
machine did in the same run. Fresh results are timed over so many repetitions that they add up to several
times what the collector lets wait, so that the memory of a long loop is what is timed.
"""
from instructions import instructions
from rows_compute import ITEMS
from sides import Refused, in_turns, medians_of, python_side, ratio_range, samples_in_turns

SAMPLE = 0.003
WAITING = 64 << 20  # bytes of fresh results in a timing of ours, but between 3 and MOST_FRESH results
MOST_FRESH = 8000
LARGE = 10**6
BANDWIDTH_SHARE = 0.85
# (operation, dtype, size): how many times as fast as NumPy, at least
AGAINST_NUMPY = {("exp", "float32", 10**4): 2.5, ("log", "float32", 10**4): 1.2, ("sin", "float32", 10**4): 1.2,
                 ("tanh", "float32", 10**4): 1.2, ("where", "float32", 10**4): 5}
TWO_THREADS = 1.8
CLOSE = 0.1
# Two threads are called slower only below this: a row that has no use for them gives 1.0 and noise.
NO_SLOWER = 0.95


def optional(sides, name, row, code, data):
    """Adds NumPy's or PyTorch's side; answers why not where it lacks the operation."""
    if code is None:
        return ""
    try:
        side = python_side(row.python, code, data)
        side(1)
    except (RuntimeError, TypeError, NotImplementedError) as problem:
        return "%s has none: %s" % (name, str(problem).splitlines()[0][:60])
    sides[name] = side
    return ""


def fresh_results(row):
    """How many repetitions of ours a timing has at least."""
    if row.out or row.operation.shape in ("one", "line"):
        return 1
    size = row.n * ITEMS[row.operation.result or row.dtype]
    return max(3, min(MOST_FRESH, WAITING // size))


def limit(row, stores):
    """Setup and code of a pass over the very memory of the row: some of a machine's is slower than other. The
    code names the arrays, so that they stay."""
    arguments = list(map(str, row.moved)) + [str(row.n), "true" if stores == "streaming" else "false"]
    addresses = [name + ":data_ptr()" if width else "nil" for name, width in zip("tuk", row.moved)]
    result = "v:data_ptr()" if row.out and row.moved[3] else "nil"
    setup = "%s\nlocal pass = limits.mover(%s)" % (row.setup, ", ".join(arguments + addresses + [result]))
    kept = [address[0] for address in addresses + [result] if address != "nil"]
    return setup, "pass(%s)" % ", ".join(kept)


class Compute:
    def __init__(self, worker, data, report, build, rounds):
        self.worker, self.data, self.report, self.rounds = worker, data, report, rounds
        self.build = build
        self.level = worker.ask("level")
        self.dtype = None
        multiply = worker.side("multiply", "local f, count = limits.multiplier()", "f(0)")
        self.instruction = in_turns({"multiply": multiply}, 9, 0.01)["multiply"] / float(worker.ask("multiplies"))
        worker.ask("drop")
        self.counted = {}

    def run(self, row):
        if row.dtype != self.dtype:
            self.data.forget()
            self.worker.ask("forget")
            self.dtype = row.dtype
        for values, kind in row.operation.operands:
            self.data.get(values, kind or row.dtype, 1)  # makes the file
        try:
            (self.two_threads if row.threads == 2 else self.one_thread)(row)
        except Refused as problem:
            self.missing(row, str(problem))
        self.worker.ask("drop")

    def missing(self, row, note):
        self.report.row(row.name, None, note=note)
        if row.threads == 2:
            self.report.two_threads.append((row, None, note))
            return
        self.report.compare(row.name, None, note)
        for reason in self.own_targets(row):
            self.report.target(row.name, False, reason + ": not there")

    def own_targets(self, row):
        if row.n == 10**7 and row.moved:
            yield "bandwidth"
        if self.against_numpy(row):
            yield "against NumPy"

    def against_numpy(self, row):
        return None if row.out else AGAINST_NUMPY.get((row.operation.name, row.dtype, row.n))

    def one_thread(self, row):
        ours = self.worker.side("ours", row.setup, row.ours)
        ours(1)
        sides, least = {"ours": ours}, {"ours": fresh_results(row)}
        notes = [optional(sides, "numpy", row, row.numpy, self.data.get),
                 optional(sides, "torch", row, row.torch, self.data.get)]
        if row.moved and row.n >= 1000:
            for name in ("plain", "streaming"):
                sides[name] = self.worker.side(name, *limit(row, name))
        samples = samples_in_turns(sides, self.rounds, SAMPLE, least,
                                   unclear=lambda found: self.is_close(row, medians_of(found)))
        medians = medians_of(samples)
        share = self.share(row, medians)
        note = "; ".join(n for n in notes if n)
        ratio = self.report.row(row.name, medians["ours"], medians.get("numpy"), medians.get("torch"), share, note=note)
        if ratio is not None:
            better = min((name for name in ("numpy", "torch") if name in medians), key=medians.get)
            self.report.compare(row.name, ratio, note, ratio_range(samples["ours"], samples[better]))
        if row.n == 10**7 and row.moved:
            self.report.target(row.name, share >= BANDWIDTH_SHARE,
                               "%.0f %% of the bandwidth, at least %.0f" % (share * 100, BANDWIDTH_SHARE * 100))
        factor = self.against_numpy(row)
        if factor:
            times = medians["numpy"] / medians["ours"]
            self.report.target(row.name, times >= factor, "%.2f times as fast as NumPy, at least %.1f%s"
                               % (times, factor, self.arithmetic(row, share)))

    def is_close(self, row, medians):
        """Whether a verdict hangs on a few per cent, one way or the other: then more rounds are measured."""
        others = [medians[name] for name in ("numpy", "torch") if name in medians]
        share = self.share(row, medians) if row.n == 10**7 and row.moved else None
        return (bool(others) and abs(min(others) / medians["ours"] - 1) < CLOSE) or (
            share is not None and abs(share / BANDWIDTH_SHARE - 1) < CLOSE)

    def share(self, row, medians):
        if "plain" in medians:
            return min(medians["plain"], medians["streaming"]) / medians["ours"]
        count = self.count(row)
        if count is None or row.n < 1000:
            return None
        lanes = {"v4": 64, "v3": 32}[self.level] / (8 if row.dtype == "float64" else 4)
        return row.n / lanes * count * self.instruction / medians["ours"]

    def count(self, row):
        key = (row.operation.kernel, row.dtype)
        if key not in self.counted:
            self.counted[key] = instructions(self.build, self.level, *key)
        return self.counted[key]

    def arithmetic(self, row, share):
        count = self.count(row)
        if count is None:
            return ""
        return "; %.0f instructions a vector, %.0f %% of the arithmetic limit" % (count, share * 100)

    def two_threads(self, row):
        self.worker.ask("threads", 2)
        one = self.worker.side("one", row.setup, row.ours, 1)
        two = self.worker.side("two", row.setup, row.ours, 2)
        least = fresh_results(row)
        medians = in_turns({"one": one, "two": two}, self.rounds + 2, SAMPLE, {"one": least, "two": least},
                           unclear=lambda found: found["one"] / found["two"] < 2 - NO_SLOWER)
        self.worker.ask("threads", 1)
        times = medians["one"] / medians["two"]
        self.report.row(row.name, medians["two"], note="%.2f times one thread, %s" % (times, self.wall(medians)))
        self.report.two_threads.append((row, times, ""))

    def wall(self, medians):
        return "which takes %.3g us by the wall" % (medians["one"] / 1e3)

    def judge_two_threads(self):
        rows = self.report.two_threads
        if not rows:
            return
        for row, times, note in rows:
            if row.operation.bound == "arithmetic" and row.n >= LARGE:
                self.report.target(row.name, times is not None and times >= TWO_THREADS,
                                   note or "%.2f times one thread, at least %.1f" % (times, TWO_THREADS))
        slower = [row.name for row, times, _ in rows if times is not None and times < NO_SLOWER]
        there = sum(1 for _, times, _ in rows if times is not None)
        self.report.target("two threads never slower", not slower and there == len(rows),
                           "%d rows of %d measured, slower than %.2f of one: %s"
                           % (there, len(rows), NO_SLOWER, ", ".join(slower) or "none"))
        self.report.two_threads = []
