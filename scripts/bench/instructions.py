"""Instructions a vector of the arithmetic kernels, read off the object files.

A kernel's run (core/kernels/math/loops.h) is one loop, or a loop that checks that all elements of a chunk
are easy, followed by the loop that computes them; what hard elements need comes behind or is not taken.
So the innermost loops of a run are counted up to and with the first that stores vectors. Address
arithmetic and the branch are not counted: they do not compete for the multipliers' ports. The bytes by
which a loop advances say how many vectors an iteration is. Functions that look up cells in loops of their
own (core/kernels/math/cells.h) are not told.
"""
import os
import re
import subprocess

WIDTHS = {"v4": 64, "v3": 32}
BY_CELLS = {("pow", "float32"), ("pow", "float64"), ("tanh", "float32"), ("log", "float64")}
SCALE = re.compile(r"\(%r\w+,%r\w+,(\d)\)")  # of an index that counts elements
ADVANCE = re.compile(r"add\s+\$0x([0-9a-f]+),%r|sub\s+\$0xf+([0-9a-f]+),%r")


def disassemble(path, symbol):
    """[(address, text)] of a function."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--disassemble=" + symbol, path],
                          check=True, capture_output=True, text=True).stdout
    lines = []
    for line in text.splitlines():
        match = re.match(r"\s+([0-9a-f]+):\s+(\S.*)", line)
        if match:
            lines.append((int(match.group(1), 16), match.group(2)))
    return lines


def innermost(lines):
    """The loops that contain no other: slices of lines, in the order of the code."""
    loops = []
    for i, (address, text) in enumerate(lines):
        jump = re.match(r"j\w+\s+([0-9a-f]+) <", text)
        if jump and int(jump.group(1), 16) <= address:
            start = int(jump.group(1), 16)
            loops.append([line for line in lines[:i + 1] if line[0] >= start])
    return [loop for loop in loops
            if not any(other is not loop and other[0][0] >= loop[0][0] and other[-1][0] <= loop[-1][0]
                       for other in loops)]


def instructions(build, level, kernel, dtype):
    """Vector instructions for a vector of the dtype, or None where they cannot be told."""
    if level not in WIDTHS or kernel is None:
        return None
    source, name = kernel.split(":")
    if (name, dtype) in BY_CELLS:
        return None
    path = os.path.join(build, "obj", "kernels", "%s.%s.o" % (source, level))
    suffix = "f64" if dtype == "float64" else "f32"
    total = 0
    for loop in innermost(disassemble(path, "%s_run_%s" % (name, suffix))):
        vectors = [text for _, text in loop if text.startswith("v")]
        scale = max([int(scale) for text in vectors for scale in SCALE.findall(text)] or [1])
        steps = [int(a or b, 16) * scale for _, text in loop for a, b in ADVANCE.findall(text)]
        if not vectors or not steps:
            continue
        total += len(vectors) * WIDTHS[level] / max(steps)
        if any(re.match(r"vmov\w+\s+%[xyz]mm\d+,[^%]*\(", text) for text in vectors):
            return total
    return None
