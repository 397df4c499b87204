"""What a host pays for the library, beside what a Python program pays for numpy and torch, measured in the same run:
sizes of files, opening a state, lending a buffer. Prints a table; what has a target is reached or NOT, and the
exit status tells whether all are.

    host.py SHARED STATIC_HOST STATIC_ALL MEASURE [VIEWER SCRIPT]
"""
import os
import statistics
import subprocess
import sys
import time

MB = 1e6
rows = []


def row(name, value, unit, target=None, note=""):
    digits = "%.3f" if value < 10 else "%.1f"
    verdict = "" if target is None else "reached" if value <= target else "NOT"
    rows.append((name, digits % value, unit, "" if target is None else "%g" % target, verdict, note))


def stripped(path):
    copy = path + ".stripped"
    subprocess.check_call(["strip", "--strip-unneeded", "-o", copy, path])
    size = os.path.getsize(copy)
    os.remove(copy)
    return size / MB


def python(code):
    """Milliseconds and megabytes of resident memory that running the code in a new Python takes beyond an empty one."""
    def run(code):
        start = time.perf_counter()
        out = subprocess.check_output([sys.executable, "-c", code + "\nimport resource\n"
                                       "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"])
        return time.perf_counter() - start, int(out) * 1024 / MB
    run(code)
    with_code, without = [run(code) for _ in range(5)], [run("pass") for _ in range(5)]
    return [statistics.median(r[i] for r in with_code) - statistics.median(r[i] for r in without) for i in (0, 1)]


def main():
    shared, static_host, static_all, measure = sys.argv[1:5]
    row("shared library for hosts, stripped", stripped(shared), "MB", 2)
    row("static host with everything, stripped", stripped(static_host), "MB", 3, "library and Lua inside")
    row("the same with the C library inside", stripped(static_all), "MB")
    values = dict(line.split() for line in subprocess.check_output([measure], text=True).splitlines())
    values = {name: float(value) for name, value in values.items()}
    row("opening a state", values["open"] / 1e3, "ms", 1)
    row("  memory: Lua's heap and the context", (values["open_lua"] + values["open_context"]) / 1e3, "KB", 300,
        "%.0f + %.0f" % (values["open_lua"] / 1e3, values["open_context"] / 1e3))
    for module in "numpy", "torch":
        seconds, megabytes = python("import " + module)
        row("import %s, in Python" % module, seconds * 1e3, "ms", None, "%.0f MB of memory" % megabytes)
    call, floor, trip = values["call"], values["floor"], values["round_trip"]
    row("the call of a Lua function", call * 1e3, "ns")
    row("  with a new userdata (the floor)", floor * 1e3, "ns")
    row("  with a lent buffer, taken back", trip * 1e3, "ns", round((2 * (floor - call) + call) * 1e3, 1),
        "%.1f userdata, and the call" % ((trip - call) / (floor - call)))
    widths = [max(len(r[i]) for r in rows) for i in range(6)]
    for name, value, unit, target, verdict, note in rows:
        print(("  %-*s %*s %-2s  %*s %-7s %s" % (widths[0], name, widths[1], value, unit, widths[3] + 3,
                                               target and "<= " + target, verdict, note)).rstrip())
    if len(sys.argv) > 5:
        print("\nA window that a script draws (%s), beside plain C:" % os.path.basename(sys.argv[6]))
        sys.stdout.flush()
        subprocess.check_call([sys.argv[5], sys.argv[6], "300", "compare"], env=dict(os.environ, SDL_VIDEODRIVER="dummy"))
    sys.exit(any(r[4] == "NOT" for r in rows))


main()
