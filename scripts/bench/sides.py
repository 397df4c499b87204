"""The sides of the benchmark: the Lua process with the library and the floors, NumPy and PyTorch here.

A side is a function that repeats its code so many times and gives the nanoseconds of one repetition.
"""
import math
import os
import re
import statistics
import subprocess
import time

import numpy as np
import torch

MOST = 400000  # repetitions of a timing
MOST_ROUNDS = 5
# A timing follows untimed repetitions, so many or so long: the sides use tens of megabytes each, and what is
# timed is the code in a loop, not how much of its memory the other sides left in the last cache.
WARMING, WARMING_SECONDS = 6, 0.02


class Refused(Exception):
    """What the Lua side says that it cannot do."""


class Worker:
    """The Lua process. If it dies, it is started again, and what was asked is an error."""

    def __init__(self, lua, module, folder):
        self.command = [lua, os.path.join(os.path.dirname(__file__), "worker.lua"), folder]
        self.module = module
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)

    def ask(self, *fields):
        line = "\t".join(str(f).replace("\n", "\v") for f in fields)
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().rstrip("\n")
        except BrokenPipeError:
            answer = ""
        if answer == "":
            self.process.kill()
            status = self.process.wait()
            self.start()
            raise Refused("the process died (%d)" % status)
        if answer.startswith("error"):
            raise Refused(re.sub(r"^[^ ]*:\d+: ", "", answer[6:]))
        return answer

    def side(self, name, setup, code, threads=None):
        """With a number of threads, by the wall clock; without, by processor time."""
        setup = setup.replace("MODULE", "'%s'" % self.module)
        self.ask("load", name, setup, code)
        return lambda n: float(self.ask("time", name, n, threads or ""))


def python_side(setup, code, data=None):
    space = {"np": np, "torch": torch, "data": data}
    exec(setup, space)
    inner = "def run(n, clock):\n    start = clock()\n    for _ in range(n):\n        %s\n    return clock() - start"
    exec(inner % code, space)
    run = space["run"]
    return lambda n: run(n, time.process_time) / n * 1e9


def repetitions(side, sample, least=1):
    """How often one timing repeats the code, so that it takes `sample` seconds, as measured by a first timing
    of that length: the single calls before it have cold memory."""
    n = 1
    while True:
        took = side(n) * 1e-9
        if took * n > sample / 4 or n >= MOST:
            break
        n *= 4
    for _ in range(2 if took < sample else 0):
        took = side(max(least, min(MOST, int(sample / max(took, 1e-9))))) * 1e-9
    return max(least, min(MOST, int(sample / max(took, 1e-9))))


def warm_up(side, before):
    took = before[-1] * 1e-9 if before else WARMING_SECONDS
    side(max(1, min(WARMING, int(WARMING_SECONDS / max(took, 1e-9)))))


def in_turns(sides, rounds, sample, least=None, count=None, unclear=None):
    """{name: median} of samples_in_turns; unclear has the medians."""
    def open_still(samples):
        return unclear is not None and unclear(medians_of(samples))
    return medians_of(samples_in_turns(sides, rounds, sample, least, count, open_still))


def medians_of(samples):
    return {name: statistics.median(values) for name, values in samples.items()}


def samples_in_turns(sides, rounds, sample, least=None, count=None, unclear=None):
    """{name: times}, every side once a round, every other round in the opposite order; rounds are added, up to
    MOST_ROUNDS times as many, while unclear({name: times}) says that they leave something open."""
    least = least or {}
    counts = {name: count or repetitions(side, sample, least.get(name, 1)) for name, side in sides.items()}
    samples = {name: [] for name in sides}
    order = list(sides)
    for turn in range(rounds * MOST_ROUNDS):
        for name in order if turn % 2 == 0 else order[::-1]:
            warm_up(sides[name], samples[name])
            samples[name].append(sides[name](counts[name]))
        if turn % rounds == rounds - 1 and (unclear is None or not unclear(samples)):
            break
    return samples


def ratio_range(times, others):
    """Between what the median ratio of others to times, round by round, lies with 95 % certainty: the order
    statistics of a sign test, or all there are where they are too few for it."""
    ratios = sorted(other / time for time, other in zip(times, others))
    n, below, tail = len(ratios), 0, 0.0
    while tail + math.comb(n, below) / 2 ** n <= 0.025:
        tail += math.comb(n, below) / 2 ** n
        below += 1
    out = max(below - 1, 0)
    return ratios[out], ratios[n - 1 - out]
