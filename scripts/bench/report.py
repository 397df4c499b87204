"""The table, the targets and the summary."""
import math
import re

HEAD = ("row", "ours", "NumPy", "PyTorch", "ratio", "of limit", "floor", "with __gc")


def human(ns):
    if ns is None:
        return ""
    return "%.1f ns" % ns if ns < 1e3 else "%.2f us" % (ns / 1e3) if ns < 1e6 else "%.2f ms" % (ns / 1e6)


def ratio_to_better(ours, numpy, torch):
    """Of the better one's time to ours: above 1 we are faster."""
    others = [t for t in (numpy, torch) if t is not None]
    return min(others) / ours if others and ours is not None else None


def families(names):
    """Row names without their sizes, each once: "exp float32", "exp float32 out="."""
    return list(dict.fromkeys(re.sub(r" (10\^)?[0-9]+(\^2)?\b", "", name) for name in names))


class Report:
    def __init__(self):
        self.targets = []
        self.lines = []
        self.compared = []
        self.two_threads = []
        print("%-36s %10s %10s %10s %7s %8s %10s %10s" % HEAD)

    def row(self, name, ours, numpy=None, torch=None, share=None, floor=None, second=None, note=""):
        ratio = ratio_to_better(ours, numpy, torch)
        self.lines.append([name, ours, numpy, torch, ratio, share, floor, second, note])
        line = "%-36s %10s %10s %10s %7s %8s %10s %10s" % (
            name, "not there" if ours is None else human(ours), human(numpy), human(torch),
            "" if ratio is None else "%.2f" % ratio, "" if share is None else "%.0f %%" % (share * 100),
            human(floor), human(second))
        print((line + " " + note).rstrip(), flush=True)
        return ratio

    def compare(self, name, ratio, note, certain=(0, 0)):
        """A row that must be as fast as the better one, and between what its ratio lies for certain; ratio None:
        it is not there."""
        self.compared.append((name, ratio, note, certain))

    def target(self, name, reached, figure):
        self.targets.append((name, reached, figure))

    def write(self, path):
        with open(path, "w") as out:
            out.write("\t".join(HEAD) + "\tnote\n")
            for name, *figures, note in self.lines:
                out.write("\t".join([name] + ["" if f is None else "%.3f" % f for f in figures] + [note]) + "\n")

    def summarise_compared(self):
        """Every row at least 1.0, the geometric mean at least 2; adds both as targets. Where both sides wait for
        the same memory, the ratio is 1 and noise: a row is slower if that is certain."""
        if not self.compared:
            return
        ratios = [ratio for _, ratio, _, _ in self.compared if ratio is not None]
        missing = {}
        for name, ratio, note, _ in self.compared:
            if ratio is None:
                missing.setdefault(note, []).append(name)
        below = sorted((ratio, certain, name) for name, ratio, _, certain in self.compared
                       if ratio is not None and ratio < 1)
        slow = [row for row in below if row[1][1] < 1]
        print("\nrows compared with the better of NumPy and PyTorch: %d; measured %d, at least 1.0 times as fast %d, "
              "less %d, of which %d for certain, not there %d"
              % (len(self.compared), len(ratios), len(ratios) - len(below), len(below), len(slow),
                 len(self.compared) - len(ratios)))
        if below:
            print("less, the worst first, and between what they lie with 95 % certainty:")
        for ratio, (low, high), name in below:
            print("  %.2f (%.2f to %.2f) %s%s" % (ratio, low, high, name, "" if high < 1 else ", not certain"))
        for note, names in missing.items():
            print("not there, %d rows: %s\n  %s" % (len(names), note, ", ".join(families(names))))
        self.target("every row as fast as the better", not slow and len(ratios) == len(self.compared),
                    "%d of %d rows at least 1.0, %d slower for certain"
                    % (len(ratios) - len(below), len(self.compared), len(slow)))
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else 0
        self.target("geometric mean", mean >= 2 and len(ratios) == len(self.compared),
                    "%.2f over %d rows measured, at least 2.00" % (mean, len(ratios)))

    def summary(self):
        self.summarise_compared()
        print("\ntargets")
        for name, reached, figure in self.targets:
            print("  %-8s %-40s %s" % ("reached" if reached else "NOT", name, figure))
        print("%d targets, %d reached" % (len(self.targets), sum(1 for t in self.targets if t[1])))
