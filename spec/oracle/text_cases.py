"""Text and picture files as real NumPy (and zlib, for pictures) writes and reads them: text_cases.py OUT.

Writes OUT, and files into the folder beside it. A line of OUT, OPTIONS being a table of Lua:

    load   FILE OPTIONS DTYPE SHAPE HEX    np.loadtxt gives these elements
    raw    FILE OPTIONS DTYPE SHAPE HEX    np.fromfile gives them
    save   FILE OPTIONS DTYPE SHAPE HEX    np.savetxt of these elements writes FILE
    out    FILE OPTIONS DTYPE SHAPE HEX    tofile writes it
    bad    FILE OPTIONS TEXT               np.loadtxt is an error with TEXT
    png    FILE SHAPE HEX                  the picture has these pixels
    badpng FILE TEXT
"""
import os
import struct
import sys
import zlib

import numpy as np

out = sys.argv[1]
folder = os.path.splitext(out)[0]
os.makedirs(folder, exist_ok=True)
lines, counter = [], [0]
random = np.random.default_rng(11)


def line(*fields):
    lines.append("\t".join(str(f) for f in fields))


def name(ending):
    counter[0] += 1
    return "t%d.%s" % (counter[0], ending)


def path(file):
    return os.path.join(folder, file)


def lua(options):
    def value(x):
        if isinstance(x, bool):
            return str(x).lower()
        if isinstance(x, str):
            return '"%s"' % x.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"').replace("\t", "\\9").replace("\r", "\\r")
        if isinstance(x, (list, tuple)):
            return "{%s}" % ",".join(value(y) for y in x)
        return str(x)
    return "{%s}" % ",".join("%s=%s" % (k, value(v)) for k, v in options.items())


def array(x):
    return x.dtype.name, ",".join(map(str, x.shape)), np.ascontiguousarray(x).tobytes().hex()


def load(text, **options):
    file = name("txt")
    with open(path(file), "w", newline="") as f:
        f.write(text)
    ours = dict(options)
    if "usecols" in options:
        ours["usecols"] = [c + 1 for c in options["usecols"]]
    x = np.loadtxt(path(file), **options)
    line("load", file, lua(ours), *array(x))


def bad(text, message, **options):
    file = name("txt")
    with open(path(file), "w", newline="") as f:
        f.write(text)
    line("bad", file, lua(options), message)


def save(x, **options):
    file = name("txt")
    np.savetxt(path(file), x, **options)
    line("save", file, lua(options), *array(np.asarray(x)))


def numbers():
    """Random bits as text of many lengths, half-way points between doubles, and what is at the ends."""
    bits = random.integers(0, 2 ** 64, 3000, np.uint64).view("f8")
    texts = []
    for i, x in enumerate(bits[np.isfinite(bits)]):
        texts.append([repr(float(x)), "%.18e" % x, "%.25e" % x, "%.*g" % (i % 30 + 1, x), "%.60e" % x][i % 5])
    for i in range(300):
        texts.append("%d.%de%d" % (random.integers(0, 10 ** 9), random.integers(0, 10 ** 18), random.integers(-40, 40)))
        texts.append("%de%d" % (random.integers(0, 10 ** 18), random.integers(-25, 25)))
        mantissa = int(random.integers(2 ** 52, 2 ** 53))
        texts.append(str((2 * mantissa + 1) * 2 ** int(random.integers(0, 60))))  # half way: to even
        texts.append(str((2 * mantissa + 1) * 2 ** 10) + "." + "0" * 700 + "1")
    texts += ["0", "-0", "0e5", "00012", "1.", ".5", "+3", "5e-324", "2.4703282292062327e-324", "2.4703282292062328e-324",
              "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e400", "-1e400", "1e-400",
              "2.2250738585072011e-308", "2.2250738585072014e-308", "9007199254740993", "9007199254740992.5", "inf", "-inf",
              "Infinity", "NaN", "0." + "0" * 400 + "1e400", "1" + "0" * 400 + "e-400", "123456789012345678901234567890"]
    x = np.array([float(t) for t in texts])
    file = name("txt")
    with open(path(file), "w") as f:
        f.write("\n".join(texts))
    line("load", file, "{}", *array(x))


def texts():
    load("1 2 3\n4 5 6\n")
    load("# a comment\n1\t2 # more\n\n  3   4  \r\n")
    load("1,2,,\n".replace(",,", "") + "3,4", delimiter=",")
    load("1 , 2;3\n".replace(";3", ""), delimiter=",")
    load("7")
    load("1 2 3")
    load("1\n2\n3\n")
    load("1 2 3", ndmin=2)
    load("7", ndmin=1)
    load("1\n2\n", ndmin=2)
    load("1 2\n3 4\n5 6", unpack=True)
    load("1 2 3\n4 5 6", usecols=[2, 0])
    load("1 2 3\n4 5 6", usecols=[1])
    load("head\n1 2\n3 4\n5 6\n", skiprows=1, max_rows=2)
    load("% c\n1 2 // d\n3 4\n", comments=["%", "//"])
    for dtype in ("int64", "int8", "uint64", "float32", "float16", "bool"):
        load("1 0\n0 1\n", dtype=dtype)
    load("-9223372036854775808 9223372036854775807", dtype="int64")
    load("18446744073709551615 0", dtype="uint64")
    load("0.1 3.4028235e38 1e-45 16777217", dtype="float32")
    bad("1 2\n3\n", "row 2 has 1 columns, those before have 2")
    bad("1 x\n", 'row 1, column 2: "x" is no number')
    bad("1 2x\n", '"2x" is no number')
    bad("1,,2\n", 'column 2: "" is no number', delimiter=",")
    bad("1.5\n", "no integer", dtype="int64")
    bad("9223372036854775808", "no integer", dtype="int64")
    bad("-1", "no integer", dtype="uint64")
    bad("1 2\n", "row 1 has no column 3", usecols=[3])
    bad("1+2j\n", "complex numbers", dtype="complex128")
    bad("0x10\n", "no number")
    bad("1e\n", "no number")
    bad("--1\n", "no number")
    x = random.standard_normal((5, 3)) * 10.0 ** random.integers(-5, 6, (5, 3))
    save(x)
    save(x, fmt="%.3f", delimiter=",")
    save(x, fmt=["%10.4f", "%-12.2e|".replace("|", ""), "%+g"], header="two\nlines", footer="end", comments="% ")
    save(x, fmt="% 08.2f", newline="\r\n")
    save(x[0])
    save(np.array([[np.nan, np.inf], [-np.inf, -0.0]]), fmt="%12.3f")
    save(np.arange(6).reshape(2, 3), fmt="%d")
    save(np.arange(-3, 3, dtype="int8").reshape(2, 3), fmt="%+05d")
    save(np.array([2 ** 64 - 1, 0], "u8"), fmt="%d")
    save(np.array([-2 ** 63, 2 ** 63 - 1]), fmt="%d")
    save(x.astype("f4"))
    save(np.array([True, False]), fmt="%d")
    save(np.arange(4.0), fmt="%d")


def bare():
    for code in ("f8", "i2", "u1", "c8"):
        x = random.integers(0, 100, 12).astype(code)
        file = name("bin")
        x.tofile(path(file))
        line("raw", file, lua({"dtype": x.dtype.name}), *array(x))
        line("out", file, "{}", *array(x.reshape(3, 4)))
        line("raw", file, lua({"dtype": x.dtype.name, "count": 3, "offset": x.itemsize}),
             *array(np.fromfile(path(file), code, 3, offset=x.itemsize)))
    file = name("txt")
    with open(path(file), "w") as f:
        f.write("1.5, 2 ,3\n")
    line("raw", file, lua({"sep": ","}), *array(np.array([1.5, 2, 3])))
    file = name("txt")
    with open(path(file), "w") as f:
        f.write(" 1 2\n3 ")
    line("raw", file, lua({"sep": " ", "dtype": "int32", "count": 2}), *array(np.array([1, 2], "i4")))
    file = name("txt")
    x = np.array([[1.5, 0.1], [-2, 1e300]])
    x.tofile(path(file), sep="; ", format="%.17g")
    line("out", file, lua({"sep": "; "}), *array(x))


# ---- pictures by hand: filter 0, one IDAT

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, before=b"", data=None):
    raw = b"".join(b"\0" + row for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)) + before
            + chunk(b"IDAT", zlib.compress(raw) if data is None else data) + chunk(b"IEND", b""))


def pictures():
    for colour, channels in ((0, 1), (4, 2), (2, 3), (6, 4)):
        x = random.integers(0, 256, (5, 7, channels), np.uint8)
        file = name("png")
        with open(path(file), "wb") as f:
            f.write(png(7, 5, 8, colour, [row.tobytes() for row in x]))
        line("png", file, "5,7,%d" % channels, x.tobytes().hex())
    palette = bytes(range(12))
    file = name("png")
    with open(path(file), "wb") as f:
        f.write(png(2, 2, 8, 3, [b"\0\1", b"\3\2"], chunk(b"PLTE", palette)))
    line("png", file, "2,2,3", bytes([0, 1, 2, 3, 4, 5, 9, 10, 11, 6, 7, 8]).hex())
    good = png(7, 5, 8, 2, [bytes(21)] * 5)
    for data, text in ((b"", "no PNG picture"), (b"GIF89a" + bytes(20), "no PNG picture"), (good[:50], ""), (good[:30], ""),
                       (good.replace(b"IDAT", b"IDAX"), ""), (png(7, 5, 16, 2, [bytes(42)] * 5), "16 bits"),
                       (png(60000, 60000, 8, 2, [], data=b"x" * 40), "cannot be 60000 x 60000 pixels"),
                       (png(7, 5, 8, 2, [], data=zlib.compress(b"")), "")):
        file = name("png")
        with open(path(file), "wb") as f:
            f.write(data)
        line("badpng", file, text)


numbers()
texts()
bare()
pictures()
with open(out, "w", encoding="utf-8") as f:
    f.write("\n".join(lines) + "\n")
