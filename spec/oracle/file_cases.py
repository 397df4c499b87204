"""Files that real NumPy and real PyTorch write, and broken ones: file_cases.py OUT.

Writes OUT, and the files into the folder beside it that has OUT's name without the ending. A line of OUT:

    good  FILE  OPTIONS  NAME  FIELD  DTYPE  SHAPE  HEX   the array NAME (or its FIELD) has these elements, the
                                                          bytes of which are HEX, row-major and little-endian
    dtype FILE  OPTIONS  NAME  FIELD  TEXT                asking for it is an error of kind dtype with TEXT
    same  FILE  NAME  NAME                                the two arrays share memory
    bad   FILE  OPTIONS  KIND  TEXT                       opening, or reading all of it, is an error with TEXT
    small FILE                                            to be cut short at every byte, and bits to be flipped

The safetensors package is not in Debian: its files are written here by its specification.
"""
import io
import json
import os
import pickle
import struct
import sys
import warnings
import zipfile
import zlib

import numpy as np
import torch

import later_torch as later

out = sys.argv[1]
folder = os.path.splitext(out)[0]
os.makedirs(folder, exist_ok=True)
lines = []
random = np.random.default_rng(7)

NUMPY = "b1 u1 i1 i2 u2 i4 u4 i8 u8 f2 f4 f8 c8 c16".split()
NAMES = {"b1": "bool", "u1": "uint8", "i1": "int8", "i2": "int16", "u2": "uint16", "i4": "int32", "u4": "uint32",
         "i8": "int64", "u8": "uint64", "f2": "float16", "f4": "float32", "f8": "float64", "c8": "complex64",
         "c16": "complex128"}


def path(name):
    return os.path.join(folder, name)


def put(name, data):
    with open(path(name), "wb") as f:
        f.write(data)
    return name


def line(*fields):
    lines.append("\t".join(str(f) for f in fields))


def hexed(x):
    return np.ascontiguousarray(x.astype(x.dtype.newbyteorder("<"))).tobytes().hex()


def good(file, name, x, options="", field="", dtype=None):
    line("good", file, options, name, field, dtype or NAMES[x.dtype.str[1:]], ",".join(map(str, x.shape)), hexed(x))


def values(dtype, shape):
    """Random bits: every pattern of floats, subnormals and NaNs with payloads included."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape))
    if dtype.kind == "b":
        return random.integers(0, 2, count).astype(bool).reshape(shape)
    raw = random.integers(0, 256, count * dtype.itemsize, np.uint8).tobytes()
    return np.frombuffer(raw, dtype).reshape(shape)


TOUCH = "touch " + path("executed")


class Program:
    """What a reader that runs pickles would run; the spec looks for what it would leave."""

    def __reduce__(self):
        return os.system, (TOUCH,)


# ---- .npy

def npy(name, x, version=None):
    with open(path(name), "wb") as f:
        np.lib.format.write_array(f, x, version=version, allow_pickle=True)
    return name


def read_by_numpy(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python 2's integers
        return np.load(path(name))


def npy_files():
    for code in NUMPY:
        for order in "<>":
            x = values(order + code, (3, 5))
            name = "d_%s%s.npy" % (code, "be" if order == ">" else "")
            good(npy(name, x), "", x)
        f = np.asfortranarray(values(code, (4, 3, 2)))
        good(npy("f_%s.npy" % code, f), "", f)
    for version in ((1, 0), (2, 0), (3, 0)):
        x = values("f4", (2, 3))
        good(npy("v%d.npy" % version[0], x, version), "", x)
    for i, shape in enumerate([(), (0,), (3, 0, 2), (1,), (1,) * 32, (2,) * 10, (0, 2 ** 40, 2 ** 20)]):
        x = values("i2", shape)
        good(npy("s%d.npy" % i, x), "", x)
        good(npy("s%dbe.npy" % i, x.astype(">i2")), "", x)
    x = values("f8", (3, 4))
    with open(path(npy("trailing.npy", x)), "ab") as f:
        f.write(b"trailing bytes are legal")
    good("trailing.npy", "", x)
    # headers that NumPy reads and does not write
    data = values("i4", (2, 2))
    plain = "{'descr':'=i4','fortran_order':False,'shape':(2,2)}"
    for i, (version, text) in enumerate([
            (1, "{'shape': (2L, 2L), 'descr': '<i4', 'fortran_order': False}"),
            (2, "{'shape': (2L, 2L), 'descr': '<i4', 'fortran_order': False}"),
            (1, '{"shape":(2,2),"descr":"\\x3ci4","fortran_order":False,}'),
            (1, "\n{ 'fortran_order' : False , 'shape' : ( 2 , 2 , ) , 'descr' : '\\u003ci\\64' }  \n"),
            (1, plain), (1, plain.replace("=", "")), (1, plain.replace("=", "|")), (3, plain.replace("=", "|")),
            (1, plain.ljust(10000)), (2, plain.ljust(10000)), (3, plain.ljust(10000))]):
        name = put("h%d.npy" % i, header(text, (version, 0)) + data.tobytes())
        assert np.array_equal(read_by_numpy(name), data)
        good(name, "", data)
    for code in ("<b1", ">b1", "=u1", ">i1", "<u1"):
        x = values(code[1:], (2, 2))
        name = put("o%d%s.npy" % ("<>=".index(code[0]), code[1:]), header(plain.replace("=i4", code)) + x.tobytes())
        assert np.array_equal(read_by_numpy(name), x)
        good(name, "", x)
    # what counts are characters, of which those of UTF-8 take several bytes
    named = "{'descr':[('%s','<i4')],'fortran_order':False,'shape':(2,2)}"
    for version, letter in ((1, "\u00e9"), (2, "\u00ff"), (3, "\u00e9"), (3, "\u20ac"), (3, "\U0001F600")):
        for most in (0, 10000):
            field = letter * max(3, most - len(named) + 2)
            text = named % field
            name = put("n%d%x%d.npy" % (version, ord(letter), most), header(text, (version, 0)) + data.tobytes())
            assert len(text) == most or not most
            assert np.array_equal(read_by_numpy(name)[field], data)
            good(name, "", data, field=field)
    # bfloat16, on request
    bits = random.integers(0, 65536, 6).astype("<u2")
    npy("bf16.npy", bits.view("V2").reshape(2, 3))
    line("good", "bf16.npy", "bfloat16", "", "", "bfloat16", "2,3", bits.tobytes().hex())
    line("dtype", "bf16.npy", "", "", "", "|V2")
    line("good", "bf16.npy", "raw", "", "", "uint8", "2,3,2", bits.tobytes().hex())
    for i, x in enumerate([np.array(["a", "bc"]), np.array([b"a", b"bc"]), np.array([1], "f16"),
                           np.array([1], "M8[ns]"), np.array([1], "c32")]):
        name = npy("no%d.npy" % i, x)
        line("dtype", name, "", "", "", x.dtype.str)
        raw = np.frombuffer(x.tobytes(), np.uint8).reshape(x.shape + (x.itemsize,))
        good(name, "", raw, "raw")
    line("bad", npy("object.npy", np.array([{}, None])), "", "unsupported", "pickles")
    line("bad", npy("program.npy", np.array([Program(), None])), "", "unsupported", "dtype |O")
    line("bad", npy("record_object.npy", np.array([(1, None)], [("a", "i4"), ("b", "O")])), "", "unsupported", "pickles")


def structured_files():
    plain = np.zeros((2, 3), [("a", "<i4"), ("b", ">f8"), ("c", "u1", (2, 2)), ("d", "c8")])
    for field in plain.dtype.names:
        plain[field] = values(plain.dtype[field].base, plain[field].shape)
    aligned = np.zeros(4, np.dtype([("x", "u1"), ("y", "<f8"), ("z", ">i2", (3,))], align=True))
    for field in aligned.dtype.names:
        aligned[field] = values(aligned.dtype[field].base, aligned[field].shape)
    columns = np.asfortranarray(plain)
    titled = np.zeros(3, [(("a title", "n"), "<i2"), ("ö", "<f4")])
    titled["n"] = [1, 2, 3]
    for name, x in (("plain", plain), ("aligned", aligned), ("columns", columns), ("titled", titled)):
        npy("r_%s.npy" % name, x, (3, 0) if name == "titled" else None)
        for field in x.dtype.names:
            good("r_%s.npy" % name, "", x[field], field=field)
    mixed = np.array([(b"a", 7), (b"b", 8)], [("text", "S3"), ("n", "<i4")])
    npy("r_mixed.npy", mixed)
    good("r_mixed.npy", "", mixed["n"], field="n")
    good("r_mixed.npy", "", np.array([[97, 0, 0], [98, 0, 0]], "u1"), "raw", "text")
    nested = np.zeros((2, 2), [("p", [("u", "<i2"), ("v", [("w", ">u4", (2,))])], (3,)), ("q", "b1")])
    nested["p"]["u"] = values("i2", (2, 2, 3))
    nested["p"]["v"]["w"] = values("u4", (2, 2, 3, 2))
    npy("r_nested.npy", nested)
    good("r_nested.npy", "", nested["p"]["u"], field="p.u")
    good("r_nested.npy", "", nested["p"]["v"]["w"], field="p.v.w")
    good("r_nested.npy", "", nested["q"], field="q")
    npy("r_one.npy", np.array([(7,)], [("only", "<i8")]))
    good("r_one.npy", "", np.array([7]), field="only")


def header(text, version=(1, 0), length=None):
    raw = text if isinstance(text, bytes) else text.encode("utf-8" if version[0] == 3 else "latin-1")
    n = len(raw) if length is None else length
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version[0] == 1 else "<I", n) + raw


def bad_npy():
    fine = "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 2), }"
    data = bytes(16)
    i = 0

    def bad(raw, kind, text):
        nonlocal i
        i += 1
        line("bad", put("bad%d.npy" % i, raw), "", kind, text)

    def bad_header(text, message, kind="io", rest=data, version=(1, 0)):
        bad(header(text, version) + rest, kind, message)

    bad(b"", "io", "none of .npy")
    bad(b"\x93NUMPX" + header(fine)[6:] + data, "io", "none of .npy")
    for version in ((0, 0), (4, 0), (1, 1), (255, 255)):
        bad(b"\x93NUMPY" + bytes(version) + header(fine)[8:] + data, "unsupported", "version %d.%d" % version)
    bad_header(fine[:-1], "expected")
    bad(header(fine, length=len(fine) + 100) + data, "io", "ends inside its header")
    for version, letter in ((1, " "), (2, " "), (3, " "), (3, "\u20ac"), (3, "\U0001F600")):
        bad(header(fine + " " * (10000 - len(fine)) + letter, (version, 0)) + data, "limit", "at most 10000")
        try:
            read_by_numpy("bad%d.npy" % i)
            raise AssertionError("NumPy reads more")
        except ValueError as error:
            assert "length (10001)" in str(error)
    bad(header("\U0001F600" * 10001, (3, 0)), "limit", "a header of 40004 bytes, at most 40000")
    bad(header(fine, (2, 0), 2 ** 32 - 1) + data, "limit", "at most 10000")
    bad_header(fine, "the header promises 16 bytes of data, but there are 15", rest=data[1:])
    for text in ("(2 ** 2,)", "(-1, 2)", "(2)", "[2, 2]", "(2, 'a')", "(2.0, 2)", "(1e1,)", "(02,)", "2", "None",
                 "(,)", "(2,,)", "(2 2)", "(True, 2)", "((2,),)", "(2, 2", "(+2,)", "(0x2,)", "(2l,)", "(1_0,)"):
        bad_header(fine.replace("(2, 2)", text), "header: ")
    for key, value in (("descr", "'<i4'"), ("fortran_order", "False"), ("shape", "(2, 2)")):
        bad_header("{'%s': %s, %s" % (key, value, fine[1:]), "the key \"%s\" twice" % key)
    bad_header(fine.replace("(2, 2)", "(2L, 2L)"), "header: ", version=(3, 0))
    bad_header(fine.replace("(2, 2)", "(99999999999999999999, 2)"), "64 bits")
    bad_header(fine.replace("(2, 2)", "(4611686018427387904, 2)"), "overflows")
    bad_header(fine.replace("(2, 2)", "(1152921504606846976, 1)"), "promises")
    bad_header(fine.replace("(2, 2)", "(%s)" % ("1, " * 33)), "more than 32 dimensions")
    for old, new, message in (("'descr'", "'desc'", "unknown key"), ("'descr': '<i4', ", "", "\"descr\" is missing"),
                              ("'shape': (2, 2), ", "", "\"shape\" is missing"),
                              ("'fortran_order': False, ", "", "\"fortran_order\" is missing"),
                              ("{", "{'descr': '<i4', ", "twice"), ("}", "'x': 1}", "unknown key"),
                              ("False", "false", "True or False"), ("False", "0", "True or False"),
                              ("}", "} }", "its end expected"), ("{", "[", "expected"), ("'<i4'", "<i4", "expected"),
                              ("'<i4'", "'<i4", ""), ("'<i4'", "b'<i4'", "expected"),
                              ("'<i4'", "f'<i4'", "expected"), ("'<i4'", "'<i4' ''", "expected"),
                              ("'<i4'", "'<i3'", ""), ("'<i4'", "'<q4'", "no dtype"), ("'<i4'", "''", "no dtype"),
                              ("'<i4'", "'<i99999999999999999999'", "no dtype"), ("'<i4'", "'i'", "no dtype"),
                              ("'<i4'", "'<i4,<f4'", "no dtype"), ("'<i4'", "'<i4\\q'", "character"),
                              ("'<i4'", "'<i4\\x0'", "character"), ("'<i4'", "'<i4\\ud800'", "character"),
                              ("'<i4'", "'<i4\\U00110000'", "character"), ("'<i4'", "'<i4\\0'", "character"),
                              ("'<i4'", "[('a', '<i4'), ('a', '<i4')]", "twice"), ("'<i4'", "[('a')]", "expected"),
                              ("'<i4'", "[('a', '<i4', 2)]", "expected"), ("'<i4'", "[('a', '<i4', (2,), 1)]", "expected"),
                              ("'<i4'", "['a']", "expected"), ("'<i4'", "[('a', '|O')]", "pickles"),
                              ("'<i4'", "('<i4', (2,))", "expected"),
                              ("'<i4'", "[('a', '<i4', (4611686018427387904, 4))]", "too large"),
                              ("'<i4'", "[('a', " * 9 + "'<i4'" + ")]" * 9, "nested more than 8"),
                              ("'<i4'", "[('a', '<i4', (%s))]" % ("1, " * 31), "more than 32")):
        kind = "unsupported" if message == "pickles" else "dtype" if new == "'<i3'" else "io"
        bad_header(fine.replace(old, new, 1), message, kind, bytes(64))
    bad_header(b"{'descr': '<i4\xff', 'fortran_order': False, 'shape': (2, 2), }", "character", version=(3, 0))
    bad_header("__import__('os').system('%s')" % TOUCH, "expected")
    bad_header(fine.replace("2, 2", "__import__('os').system('%s')" % TOUCH), "expected")
    bad_header(fine.replace("'descr'", "'\\N{COLON}'"), "character")
    # many fields, and strings that never end: time and memory stay small
    bad_header("{'descr': [%s], 'fortran_order': False, 'shape': (2,)}" % ("('','<i4')," * 800), "promises")
    bad_header("{" + "'a" * 4900, "unknown key")
    bad_header("{'descr': " + "[" * 9000, "")


# ---- zip archives by hand, so that each part of them can be wrong

def deflated(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def archive(members, comment=b"", before=b"", end=None, zip64=False, directory_comment=b"", tail=b"", gap=b""):
    """A zip; a member is a dict of data and of what its headers say."""
    body, records = bytearray(before), bytearray()
    for m in members:
        data = m["data"]
        method = m.get("method", 0)
        packed = m.get("packed", deflated(data) if method == 8 else data)
        name = m["name"] if isinstance(m["name"], bytes) else m["name"].encode()
        local_name = m.get("local_name", name)
        crc, size, packed_size = m.get("crc", zlib.crc32(data)), m.get("size", len(data)), m.get("packed_size", len(packed))
        flags = m.get("flags", 0x800)
        offset = m.get("offset", len(body))
        extra = m.get("local_extra", b"")
        body += struct.pack("<IHHHHHIIIHH", m.get("signature", 0x04034B50), 20, m.get("local_flags", flags),
                            m.get("local_method", method), 0, 0x21, m.get("local_crc", crc),
                            m.get("local_packed", packed_size), m.get("local_size", size), len(local_name), len(extra))
        body += local_name + extra + packed + gap
        narrow = [0xFFFFFFFF] * 3 if zip64 else [packed_size, size, offset]
        wide = struct.pack("<HHQQQ", 1, 24, size, packed_size, offset) if zip64 else m.get("extra", b"")
        records += struct.pack("<IHHHHHHIIIHHHHHII", m.get("record", 0x02014B50), 20, 20, flags, method, 0, 0x21, crc,
                               narrow[0], narrow[1], len(name), len(wide), len(directory_comment), m.get("disk", 0), 0, 0,
                               narrow[2])
        records += name + wide + directory_comment
    start = len(body)
    body += records
    e = {"disk": 0, "start": 0, "here": len(members), "count": len(members), "size": len(records), "offset": start,
         "comment": len(comment)}
    e.update(end or {})
    if zip64:
        at = len(body)
        body += struct.pack("<IQHHIIQQQQ", 0x06064B50, e.get("size64", 44), 45, 45, e["disk"], 0, e["here"], e["count"],
                            e["size"], e["offset"])
        body += struct.pack("<IIQI", 0x07064B50, 0, e.get("at64", at), 1)
        e.update(here=0xFFFF, count=0xFFFF, size=0xFFFFFFFF, offset=0xFFFFFFFF)
    body += struct.pack("<IHHHHIIH", 0x06054B50, e["disk"] if not zip64 else 0, e["start"], e["here"], e["count"], e["size"],
                        e["offset"], e["comment"])
    return bytes(body + comment + tail)


def npy_bytes(x, version=None):
    f = io.BytesIO()
    np.lib.format.write_array(f, x, version=version)
    return f.getvalue()


def npz_files():
    arrays = {"x": values("f4", (3, 4)), "y": np.asfortranarray(values(">i8", (5, 2))), "z/deep": values("c16", ()),
              "ü": values("u2", (0, 3)), "b": values("b1", (4,))}
    np.savez(path("stored.npz"), **arrays)
    np.savez_compressed(path("deflated.npz"), **arrays)
    np.savez(path("positional.npz"), arrays["x"], arrays["b"])
    for name, x in arrays.items():
        good("stored.npz", name, x)
        good("deflated.npz", name, x)
    good("positional.npz", "arr_0", arrays["x"])
    good("positional.npz", "arr_1", arrays["b"])
    long = {"m%03d" % i: values("i4", (i % 7,)) for i in range(1000)}
    np.savez(path("thousand.npz"), **long)
    np.savez_compressed(path("thousand_deflated.npz"), **long)
    for i in range(0, 1000, 37):
        good("thousand.npz", "m%03d" % i, long["m%03d" % i])
        good("thousand_deflated.npz", "m%03d" % i, long["m%03d" % i])
    # more members than 16 bits count: the end of ZIP64
    with zipfile.ZipFile(path("many.npz"), "w") as z:
        for i in range(66000):
            z.writestr("m%d.npy" % i, npy_bytes(np.array(i % 1000, "<i2")) if i % 1000 else npy_bytes(np.arange(i // 1000)))
    for i in (0, 1, 999, 65000, 65535, 65536, 65999):
        good("many.npz", "m%d" % i, np.array(i % 1000, "<i2") if i % 1000 else np.arange(i // 1000))
    np.savez(path("empty.npz"))
    line("good", "empty.npz", "", "", "", "none", "", "")
    large = np.arange(300000, dtype="<f8")
    np.savez_compressed(path("large.npz"), large=large)
    good("large.npz", "large", large)
    x = npy_bytes(arrays["x"])
    zipped = [{"name": "x.npy", "data": x}, {"name": "d.npy", "data": x, "method": 8}]
    for name, raw in (("by_hand", archive(zipped)), ("by_hand64", archive(zipped, zip64=True)),
                      ("comment", archive(zipped, comment=b"PK\5\6 a comment", directory_comment=b"another")),
                      ("extra", archive([dict(m, local_extra=b"FB\3\0abc") for m in zipped])),
                      ("gap", archive(zipped, gap=b"something between")),
                      ("descriptor", archive([dict(m, flags=0x808, local_crc=0, local_size=0, local_packed=0)
                                              for m in zipped], gap=bytes(16)))):
        put(name + ".npz", raw)
        good(name + ".npz", "x", arrays["x"])
        good(name + ".npz", "d", arrays["x"])
    put("other.npz", archive(zipped + [{"name": "readme.txt", "data": b"hello"}, {"name": "folder/", "data": b""}]))
    good("other.npz", "x", arrays["x"])
    record = np.array([(1, 2.5)], [("a", "<i4"), ("b", ">f8")])
    put("record.npz", archive([{"name": "r.npy", "data": npy_bytes(record), "method": 8}]))
    good("record.npz", "r", record["a"], field="a")
    good("record.npz", "r", record["b"], field="b")
    line("small", put("small.npz", archive([{"name": "x.npy", "data": npy_bytes(np.arange(2, dtype="i2"))}])))
    line("small", put("small_deflated.npz", archive([{"name": "x.npy", "data": npy_bytes(np.arange(9)), "method": 8}])))
    line("small", put("small64.npz", archive([{"name": "x.npy", "data": npy_bytes(np.arange(2, dtype="i2"))}], zip64=True)))


def bad_npz():
    x = npy_bytes(np.arange(4, dtype="<i4"))
    i = 0

    def bad(members, text, kind="io", **how):
        nonlocal i
        i += 1
        line("bad", put("bad%d.npz" % i, members if isinstance(members, bytes) else archive(members, **how)), "", kind, text)

    def member(**how):
        return dict({"name": "x.npy", "data": x}, **how)

    bad([member()], "no end", tail=b"x")
    bad([member()], "no end", end={"comment": 3})
    bad([member()], "not where", end={"offset": 1})
    bad([member()], "not where", end={"size": 10})
    bad([member()], "more than its members", end={"count": 0, "here": 0})
    bad([member()], "not where", end={"count": 9, "here": 9})
    bad([member(record=0x02014B51)], "record of the directory is broken")
    bad([member()], "split", kind="unsupported", end={"disk": 1})
    bad([member()], "split", kind="unsupported", end={"here": 2})
    bad([member(disk=1)], "split", kind="unsupported")
    bad([member(name=b"")], "name")
    for name in ("/x.npy", "../x.npy", "a/../x.npy", "a/..", "..", "..\\x.npy", "\\x.npy", "c:/x.npy", b"a\0b.npy", b"\xff.npy"):
        bad([member(name=name)], "name")
    bad([member(), member()], "two members are called")
    bad([member(), member(name="x")], "two arrays are called")
    bad([member(flags=1)], "encrypted", kind="unsupported")
    for flags in (0x41, 0x2001, 0x40, 0x2000):
        bad([member(flags=flags)], "encrypted", kind="unsupported")
    bad([member(method=12)], "method 12", kind="unsupported")
    bad([member(size=len(x) - 1, local_size=len(x))], "is stored in")
    bad([member(method=8, size=2 ** 30)], "cannot be")
    bad([member(method=8, size=1032 * len(deflated(x)) + 1032)], "cannot be")
    bad([member(method=8, size=1032 * len(deflated(x)) + 1031)], "but the header promises")
    bad([member(method=8, size=len(x) + 1)], "")
    bad([member(method=8, size=len(x) - 1)], "")
    bad([member(crc=1, local_crc=1)], "check sum")
    bad([member(method=8, crc=1, local_crc=1)], "check sum")
    bad([member(local_crc=1)], "not what the directory says")
    bad([member(local_size=7)], "not what the directory says")
    bad([member(local_packed=7)], "not what the directory says")
    bad([member(local_name=b"y.npy")], "not what the directory says")
    bad([member(local_method=8)], "not what the directory says")
    bad([member(local_flags=1)], "not what the directory says")
    bad([member(name="first.npy"), member(signature=0x04034B51)], "not what the directory says")
    bad([member(), member(name="y.npy", offset=0)], "overlaps")
    bad([member(), member(name="y.npy", offset=10)], "overlaps")
    bad([member(), member(name="y.npy", offset=10 ** 6)], "overlaps")
    bad([member(local_extra=b"FB\20\0" + bytes(16), packed=x[:-20], packed_size=len(x)), member(name="y.npy")], "overlaps")
    bad([member(packed=b"\xff" * 50, method=8, size=100)], "broken")
    bad([member(packed=deflated(x) + b"more", method=8)], "does not end")
    bad([member(packed=deflated(x)[:-4], method=8)], "")
    bad([member(packed=b"", method=8, size=0, data=b"")], "")
    bad([member()], "ZIP64 end is broken", zip64=True, end={"size64": 50})
    bad([member()], "ZIP64 locator is broken", zip64=True, end={"at64": 2 ** 62})
    bad([member()], "ZIP64 locator is broken", zip64=True, end={"at64": 2 ** 63})
    bad([member()], "ZIP64 end is broken", zip64=True, end={"at64": 0})
    bad([member()], "a directory of", kind="limit", zip64=True, end={"count": 2 ** 40, "here": 2 ** 40})
    bad([member()], "a directory of", kind="limit", zip64=True, end={"size": 2 ** 60})
    bad([member()], "a directory of", kind="limit", zip64=True, end={"count": 2 ** 63, "here": 2 ** 63})
    bad([member(extra=struct.pack("<HHQ", 1, 8, 5), size=0xFFFFFFFF, packed_size=0xFFFFFFFF)], "ZIP64 sizes")
    bad([member(extra=struct.pack("<HHQQ", 1, 16, 2 ** 63, 2 ** 63), size=0xFFFFFFFF, packed_size=0xFFFFFFFF)], "ZIP64 sizes")
    bad([member(extra=b"\1\0\xff\0", size=0xFFFFFFFF)], "ZIP64 sizes")
    bad([member(size=0xFFFFFFFF, packed_size=0xFFFFFFFF)], "ZIP64 sizes")
    bad([member(data=x + b"more")], "bytes of data, but the header promises")
    bad([member(data=x[:-1])], "the header promises")
    bad([member(data=x + b"more", method=8)], "bytes of data, but the header promises")
    bad([member(data=x[:-1], method=8)], "the header promises")
    bad([member(data=b"", packed=b"")], "does not begin with")
    for method in (0, 8):
        bad([member(data=npy_bytes(np.zeros(0)), method=method, crc=1, local_crc=1)], "check sum")
    bad([member(data=b"\x93NUM")], "does not begin with")
    bad([member(data=b"\x93NUMPY\1\0")], "does not begin with")
    bad([member(data=b"\x93NUMPY\1\0\xff\0")], "ends inside its header")
    bad([member(data=npy_bytes(np.zeros(3)).replace(b"<f8", b"|O8"))], "pickles", kind="unsupported")
    # a bomb: 1000 members of a gigabyte each that claim a megabyte, and one that tells the truth
    bomb = deflated(bytes(2 ** 22))
    bad([member(data=bytes(2 ** 22), packed=bomb, method=8, size=1000)], "does not begin")
    head = npy_bytes(np.zeros(2 ** 19))[:128]
    bad([member(data=head + bytes(2 ** 22), packed=deflated(head + bytes(2 ** 24)), method=8)], "does not end")
    bad([dict(member(method=8, packed=bomb, size=2 ** 32 - 2), name="m%d.npy" % k) for k in range(1000)], "cannot be")
    bad(b"PK\5\6" + bytes(17), "no end")
    bad(b"PK\3\4" + bytes(100), "no end")
    bad(b"PK\3\4" + b"PK\5\6" * 30000, "no end")


# ---- safetensors

SAFE = {"bool": "BOOL", "uint8": "U8", "int8": "I8", "int16": "I16", "uint16": "U16", "int32": "I32", "uint32": "U32",
        "int64": "I64", "uint64": "U64", "float16": "F16", "float32": "F32", "float64": "F64", "complex64": "C64"}


def safetensors(tensors, metadata=None, padding=0):
    entries, data = {}, b""
    if metadata is not None:
        entries["__metadata__"] = metadata
    for name, x in tensors.items():
        raw = np.ascontiguousarray(x).tobytes()
        entries[name] = {"dtype": SAFE[x.dtype.name], "shape": list(x.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(entries).encode() + b" " * padding
    return struct.pack("<Q", len(text)) + text + data


def raw_safetensors(text, data=b"", length=None):
    text = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def safetensors_files():
    tensors = {"t.%s" % NAMES[code]: values(code, (2, 3)) for code in NUMPY if code != "c16"}
    tensors["scalar"], tensors["nothing"], tensors["odd"] = values("f4", ()), values("f8", (0, 4)), values("u1", (3,))
    tensors["unaligned"], tensors["ün\"\\\n"] = values("f8", (5,)), values("i2", (1, 1, 1))
    put("all.safetensors", safetensors(tensors, {"format": "pt", "note": "é"}, 3))
    for name, x in tensors.items():
        if "\n" not in name:
            good("all.safetensors", name, x)
    put("none.safetensors", raw_safetensors("{}"))
    line("good", "none.safetensors", "", "", "", "none", "", "")
    bits = random.integers(0, 65536, 6).astype("<u2")
    put("bf16.safetensors", raw_safetensors('{"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}}', bits.tobytes()))
    line("good", "bf16.safetensors", "", "b", "", "bfloat16", "2,3", bits.tobytes().hex())
    raw = values("u1", (6,))
    for dtype, shape in (("F8_E5M2", "[2,3]"), ("F8_E4M3", "[6]"), ("F8_E8M0", "[6]"), ("F8_E5M2FNUZ", "[2,3]"),
                         ("F8_E4M3FNUZ", "[6]"), ("F4", "[3,4]"), ("F6_E2M3", "[8]"), ("F6_E3M2", "[2,4]")):
        name = put("small_%s.safetensors" % dtype, raw_safetensors(
            '{"q":{"dtype":"%s","shape":%s,"data_offsets":[0,6]}}' % (dtype, shape), raw.tobytes()))
        line("dtype", name, "", "q", "", dtype)
        good(name, "q", raw.reshape(2, 3) if shape == "[2,3]" else raw, "raw")
    line("good", put("escapes.safetensors", raw_safetensors(
        ' \n'.join(['{', '"\\u0061\\ud83d\\ude00\\\\\\/"', ':', '{', '"data_offsets"', ':', '[', '0', ',', '2', ']', ',', '"shape"',
                    ':', '[', ']', ',', '"dtype"', ':', '"I16"', '}', '}']) + "   ", b"\1\2")),
        "", "a\U0001F600\\/", "", "int16", "", "0102")
    line("small", put("small.safetensors", safetensors({"a": np.arange(2, dtype="i2"), "b": np.zeros((), "f4")}, {"k": "v"})))


def bad_safetensors():
    i = 0

    def bad(raw, text, kind="io"):
        nonlocal i
        i += 1
        line("bad", put("bad%d.safetensors" % i, raw), "", kind, text)

    def entry(dtype='"I16"', shape="[2]", offsets="[0,4]", more=""):
        return '"dtype":%s,"shape":%s,"data_offsets":%s%s' % (dtype, shape, offsets, more)

    def one(text, data=bytes(4)):
        return raw_safetensors('{"a":{%s}}' % text, data)

    bad(raw_safetensors("{}", length=100000001), "at most 100000000", "limit")
    bad(raw_safetensors("{}", length=2 ** 64 - 1), "at most 100000000", "limit")
    bad(raw_safetensors("{}", length=2 ** 63), "at most 100000000", "limit")
    bad(raw_safetensors("{}", length=100000000), "ends inside its header")
    bad(raw_safetensors("{}", length=3), "ends inside its header")
    bad(raw_safetensors("{}", b"x"), "1 bytes behind the last tensor")
    bad(raw_safetensors("{} x"), "behind its end")
    bad(raw_safetensors("{}\n"), "behind its end")
    bad(raw_safetensors('{"a":{%s},}' % entry(), bytes(4)), "a string expected")
    bad(raw_safetensors('{"a":{%s},"a":{%s}}' % (entry(), entry(offsets="[4,8]")), bytes(8)), "two arrays are called")
    bad(raw_safetensors('{"a":{%s},"\\u0061":{%s}}' % (entry(), entry(offsets="[4,8]")), bytes(8)), "two arrays are called")
    for metadata, text in (('{"x":1}', "a string expected"), ('[]', "expected"), ('{"x":"y","x":"y"}', "twice"), ('{"x"}', "expected"),
                           ('"x"', "expected")):
        bad(raw_safetensors('{"__metadata__":%s}' % metadata), text)
    bad(raw_safetensors('{"__metadata__":{},"__metadata__":{}}'), "twice")
    bad(one(entry(more=',"extra":1')), "does not belong here")
    bad(one(entry(more=',"shape":[2]')), "twice")
    for text in ('"shape":[2],"data_offsets":[0,4]', '"dtype":"I16","data_offsets":[0,4]', '"dtype":"I16","shape":[2]', ""):
        bad(one(text), "is missing")
    for dtype in ('"i16"', '"I128"', '""', '"F32 "', '"O"'):
        bad(one(entry(dtype)), "unknown dtype", "unsupported")
    for dtype in ("1", "null", "[]", "I16"):
        bad(one(entry(dtype)), "a string expected")
    for shape in ("2", "[-2]", "[2.0]", "[2e0]", "[02]", "[+2]", '["2"]', "[2", "[2,]", "[[2]]", "null", "{}", "[ , 2]"):
        bad(one(entry(shape=shape)), "expected")
    bad(one(entry(shape="[%s]" % ",".join("1" * 33))), "more than 32")
    bad(one(entry(shape="[18446744073709551616]")), "64 bits")
    bad(one(entry(shape="[4611686018427387904,4611686018427387904]")), "overflows")
    bad(one(entry(shape="[3]")), "does not take 4 bytes")
    bad(one(entry('"F4"', shape="[3]", offsets="[0,1]"), b"x"), "does not take 1 bytes")
    for offsets in ("[0]", "[0,4,8]", "[]", "[-1,3]", "4", '["0","4"]', "[0.0,4]"):
        bad(one(entry(offsets=offsets)), "")
    bad(one(entry(offsets="[4,0]")), "data_offsets")
    bad(one(entry(offsets="[0,9223372036854775807]")), "data_offsets")
    bad(one(entry(offsets="[1,5]"), bytes(5)), "leaves a hole")
    bad(one(entry(), bytes(3)), "beyond the end")
    bad(one(entry(), bytes(5)), "1 bytes behind")
    two = '{"a":{%s},"b":{%s}}'
    bad(raw_safetensors(two % (entry(), entry(offsets="[2,6]")), bytes(6)), "overlaps")
    bad(raw_safetensors(two % (entry(), entry(offsets="[0,4]")), bytes(4)), "overlaps")
    bad(raw_safetensors(two % (entry(), entry(offsets="[6,10]")), bytes(10)), "leaves a hole")
    for name in ('a\tb', '\\q', '\\u12', '\\ud800', '\\udc00', '\\ud800\\u0041', '\\u0000', 'a'):
        raw = raw_safetensors('{"%s":{%s}}' % (name, entry()), bytes(4))
        if name == "a":
            raw = raw_safetensors(b'{"\xff":{%s}}' % entry().encode(), bytes(4))
        bad(raw, "character that cannot be")
    bad(raw_safetensors('{"' + "a" * 1000), "expected")
    bad(raw_safetensors('{' + '"a":{' * 1000), "")
    bad(raw_safetensors("{" + "[" * 100000), "a string expected")
    bad(raw_safetensors(" {}"), "none of .npy")
    bad(raw_safetensors(""), "none of .npy")


# ---- .pt

def torch_bits(dtype, shape):
    raw = random.integers(0, 2 if dtype == torch.bool else 256, int(np.prod(shape)) * torch.empty((), dtype=dtype).element_size(), np.uint8)
    return torch.frombuffer(bytearray(raw.tobytes()), dtype=dtype).reshape(shape) if raw.size else torch.empty(shape, dtype=dtype)


TORCH = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16,
         torch.float32, torch.float64, torch.complex64, torch.complex128]


def good_tensor(file, name, t):
    t = t.detach().contiguous()
    raw = t.view(torch.int16).numpy() if t.dtype == torch.bfloat16 else t.numpy()
    line("good", file, "", name, "", str(t.dtype)[6:], ",".join(map(str, t.shape)), raw.tobytes().hex())


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 4, 3)
        self.norm = torch.nn.BatchNorm2d(4)
        self.rnn = torch.nn.LSTM(4, 3)
        self.head = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2))


def pt_files():
    for dtype in TORCH:
        t = torch_bits(dtype, (2, 3))
        name = "t_%s.pt" % str(dtype)[6:]
        torch.save(t, path(name))
        good_tensor(name, "", t)
    base = torch.arange(20.)
    tensors = {"base": base, "view": base[3:9], "transposed": base.reshape(4, 5).t(), "step": base[::3],
               "alone": base[:2].clone(), "zero": torch.tensor(7), "empty": torch.empty(0, 3), "expanded": torch.ones(1, 3).expand(4, 3)}
    torch.save(tensors, path("shared.pt"))
    for name, t in tensors.items():
        good_tensor("shared.pt", name, t)
    for name in ("view", "transposed", "step"):
        line("same", "shared.pt", "base", name)
    torch.manual_seed(1)
    net = Net()
    torch.save(net.state_dict(), path("net.pt"))
    for name, t in net.state_dict().items():
        good_tensor("net.pt", name, t)
    torch.save(list(net.parameters()), path("parameters.pt"))
    for i, t in enumerate(net.parameters()):
        good_tensor("parameters.pt", str(i + 1), t)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.5)
    for p in net.parameters():
        p.grad = torch.ones_like(p)
    optimizer.step()
    torch.save({"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "name": "run", "loss": [0.5, None]},
               path("checkpoint.pth"))
    for name, t in net.state_dict().items():
        good_tensor("checkpoint.pth", "model." + name, t)
    good_tensor("checkpoint.pth", "optimizer.state.0.exp_avg", optimizer.state_dict()["state"][0]["exp_avg"])
    torch.save((torch.Size([2, 3]), net.head[0].weight), path("size.pt"))
    good_tensor("size.pt", "2", net.head[0].weight)
    torch.save(torch.ones(2), path("legacy.pt"), _use_new_zipfile_serialization=False)
    line("bad", "legacy.pt", "", "unsupported", "is a pickle")
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), path("script.pt"))
    line("bad", "script.pt", "", "unsupported", "TorchScript")
    torch.save(net, path("module.pt"))
    line("bad", "module.pt", "", "unsupported", "names \"__main__.Net\"")
    torch.save(torch.sparse_coo_tensor([[0]], [1.0], (2,)), path("sparse.pt"))
    line("bad", "sparse.pt", "", "unsupported", "_rebuild_sparse_tensor")
    torch.save(np.float64(1), path("scalar.pt"))
    line("bad", "scalar.pt", "", "unsupported", "numpy")
    put("ustar.pt", bytes(257) + b"ustar" + bytes(300))
    line("bad", "ustar.pt", "", "unsupported", "tar archive")
    swapped = [{"name": "a/data.pkl", "data": tensor_pickle()}, {"name": "a/byteorder", "data": b"big"},
               {"name": "a/data/0", "data": np.arange(4, dtype=">f4").tobytes()}]
    put("big.pt", archive(swapped))
    good("big.pt", "", np.arange(4, dtype="<f4"))
    put("deflated.pt", archive([{"name": "a/data.pkl", "data": tensor_pickle(), "method": 8},
                                {"name": "a/data/0", "data": np.arange(4, dtype="<f4").tobytes(), "method": 8}]))
    good("deflated.pt", "", np.arange(4, dtype="<f4"))
    put("metadata.pt", pt_archive(tensor_pickle(more=b"}"), np.arange(4, dtype="<f4").tobytes()))
    good("metadata.pt", "", np.arange(4, dtype="<f4"))
    line("small", put("small.pt", pt_archive(tensor_pickle())))


def later_pt_files():
    """What PyTorch 2 writes that 1.13 does not: dtypes without a class, attributes, byte order."""
    for order in "<>":
        name = "later.pt" if order == "<" else "later_big.pt"
        x = {code: random.integers(0, 2 ** 63, 6).astype(order + code) for code in ("u2", "u4", "u8", "f4", "c8")}
        store = {code: later.untyped(str(i), a.tobytes()) for i, (code, a) in enumerate(x.items())}
        dtypes = {"u2": torch.uint16, "u4": torch.uint32, "u8": torch.uint64, "f4": torch.float32, "c8": torch.complex64}
        value = {code: later.v3(store[code], 0, (2, 3), (3, 1), dtype) for code, dtype in dtypes.items()}
        value["part"] = later.v3(store["u4"], 1, (2, 2), (1, 2), torch.uint32, {})
        typed = later.Storage(torch.FloatStorage, "5", x["f4"].tobytes(), 4)
        value["old"] = later.Call(torch._utils._rebuild_tensor, typed, 2, (4,), (1,))
        value["parameter"] = later.Call(torch._utils._rebuild_parameter_with_state, later.v2(typed, 0, (6,), (1,)), True,
                                        later.OrderedDict(), {"note": "of Python"})
        for key, cls in (("tensor", torch.Tensor), ("typed", torch.nn.Parameter)):
            value[key] = later.Call(torch._tensor._rebuild_from_type_v2, torch._utils._rebuild_tensor_v2, cls,
                                    later.v2_args(typed, 0, (3,), (2,)), {"note": [1]})
        value.update(dtypes=[torch.float32, torch.uint16, torch.bool], devices=[torch.device("cpu"), torch.device("cuda", 10)],
                     size=torch.Size([2]))
        later.write(path(name), value, "little" if order == "<" else "big")
        for code in dtypes:
            good(name, code, x[code].reshape(2, 3), dtype=str(dtypes[code])[6:] if code in ("f4", "c8") else dtypes[code].name)
        good(name, "part", np.lib.stride_tricks.as_strided(x["u4"][1:], (2, 2), (4, 8)), dtype="uint32")
        good(name, "old", x["f4"][2:], dtype="float32")
        good(name, "parameter", x["f4"], dtype="float32")
        good(name, "tensor", x["f4"][::2], dtype="float32")
        line("same", name, "u4", "part") if order == "<" else None
    both = later.untyped("0", np.arange(8, dtype=">u2").tobytes())
    value = {"x": later.v3(both, 0, (8,), (1,), torch.uint16), "y": later.v3(both, 1, (3,), (1,), torch.uint32)}
    later.write(path("later_two.pt"), value)
    good("later_two.pt", "x", np.arange(8, dtype=">u2").view("<u2"))
    good("later_two.pt", "y", np.arange(8, dtype=">u2").view("<u4")[1:])
    later.write(path("later_two_big.pt"), value, "big")
    line("bad", "later_two_big.pt", "", "unsupported", "foreign byte order, and of two dtypes")
    eight = np.arange(6, dtype="u1")
    for name in later.FOREIGN:
        later.write(path(name + ".pt"), {"x": later.v3(later.untyped("0", eight.tobytes()), 0, (2, 3), (3, 1), getattr(torch, name))})
        line("dtype", name + ".pt", "", "x", "", name)
        good(name + ".pt", "x", eight.reshape(2, 3), "raw")
    store = later.untyped("0", bytes(8))
    class_v2 = torch._utils._rebuild_tensor_v2
    for i, (value, message) in enumerate([
            (later.v3(store, 0, (2,), (1,), 7), "do not fit"), (later.v3(store, 0, (2,), (1,), "float8_e5m2"), "do not fit"),
            (later.v3(store, 0, (2,), (1,), torch.FloatStorage), "do not fit"), (later.v2(store, 0, (2,), (1,)), "do not fit"),
            (later.v3(store, 0, (5,), (1,), torch.uint16), "beyond its storage"), (later.v3(store, 0, (2,), (1,), torch.uint16, {}, 1), "out of 9 values"),
            (later.Call(torch._utils._rebuild_tensor, store, 0, (2,)), "out of 3 values"),
            (later.Call(torch._tensor._rebuild_from_type_v2, torch.Size, torch.Tensor, ([1],), {}), "do not fit"),
            (later.Call(torch._tensor._rebuild_from_type_v2, class_v2, torch.Size, (store,), {}), "do not fit"),
            (later.Call(torch._tensor._rebuild_from_type_v2, class_v2, torch.Tensor, [store], {}), "do not fit"),
            (later.Call(torch._tensor._rebuild_from_type_v2, class_v2, torch.Tensor, (), {}), "out of 0 values"),
            (later.Call(torch._utils._rebuild_parameter_with_state, 1, True, None, {}), "do not fit"),
            (later.Call(torch.device, "cuda", -1), "do not fit"), (later.Call(torch.device, "x" * 33), "do not fit"),
            (later.Call(torch.device, "cuda", 1000), "do not fit"), (later.Call(torch.device), "do not fit"),
            (later.Call(torch.Tensor, 1), "do not fit"), (later.Call(torch.nn.Parameter, 1), "do not fit")]):
        later.write(path("later_bad%d.pt" % i), value)
        line("bad", "later_bad%d.pt" % i, "", "io", message)


def tensor_pickle(cls="torch\nFloatStorage", key="0", numel=4, offset=0, size=(4,), stride=(1,), tail=b".", more=b""):
    """What torch.save writes for a tensor, with the numbers to be chosen."""
    def text(s):
        return b"X" + struct.pack("<I", len(s)) + s.encode()

    def number(n):
        return b"\x8a\x08" + struct.pack("<q", n)

    def numbers(ns):
        return b"(" + b"".join(number(n) for n in ns) + b"t"

    return (b"\x80\2ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + b"c" + cls.encode() + b"\n" + text(key) + text("cpu")
            + number(numel) + b"tQ" + number(offset) + numbers(size) + numbers(stride) + b"\x89ccollections\nOrderedDict\n)R" + more + b"tR" + tail)


def pt_archive(text, data=bytes(16), members=()):
    return archive([{"name": "a/data.pkl", "data": text}, {"name": "a/data/0", "data": data}] + list(members))


def bad_pt():
    i = 0

    def bad(text, message, kind="io", **how):
        nonlocal i
        i += 1
        line("bad", put("bad%d.pt" % i, pt_archive(text, **how)), "", kind, message)

    bad(tensor_pickle(key="1"), "is missing")
    bad(tensor_pickle(key="../data/0"), "is missing")
    bad(tensor_pickle(numel=5), "16 bytes, not 20")
    bad(tensor_pickle(numel=3, size=(3,)), "16 bytes, not 12")
    bad(tensor_pickle(numel=-1), "a storage of -1")
    bad(tensor_pickle(numel=2 ** 62), "a storage of")
    bad(tensor_pickle(offset=1), "beyond its storage")
    bad(tensor_pickle(offset=-1), "do not fit")
    bad(tensor_pickle(offset=2 ** 61), "beyond its storage")
    bad(tensor_pickle(size=(5,)), "beyond its storage")
    bad(tensor_pickle(size=(2,), stride=(4,)), "beyond its storage")
    bad(tensor_pickle(size=(-1,)), "do not fit")
    bad(tensor_pickle(stride=(-1,)), "do not fit")
    bad(tensor_pickle(size=(2, 2)), "do not fit")
    bad(tensor_pickle(size=(2,) * 33, stride=(0,) * 33), "do not fit")
    bad(tensor_pickle(size=(2 ** 62, 4), stride=(0, 0)), "")
    bad(tensor_pickle(size=(2 ** 40,), stride=(2 ** 40,)), "beyond its storage")
    bad(tensor_pickle(more=b"}X\4\0\0\0conj\x88s"), "metadata", "unsupported")
    bad(tensor_pickle(more=b"NN"), "out of 8 values")
    bad(tensor_pickle(cls="torch\nQInt8Storage"), "QInt8Storage", "unsupported")
    bad(tensor_pickle(cls="os\nsystem"), "os.system", "unsupported")
    bad(tensor_pickle(cls="collections\nOrderedDict"), "whose class is none")
    bad(tensor_pickle(tail=b""), "ends before its end")
    bad(tensor_pickle(tail=b"N."), "more than one value")
    bad(tensor_pickle(tail=b"(."), "more than one value")
    bad(pickle.dumps(os.system), "system", "unsupported")
    bad(pickle.dumps({"x": {1, 2}}, 4), "operation", "unsupported")
    bad(pickle.dumps(print, 0), "print", "unsupported")
    for protocol in range(2, 5):
        bad(pickle.dumps(Program(), protocol), "names \"posix.system\"", "unsupported")
    text = struct.pack("<I", len(TOUCH)) + TOUCH.encode()
    bad(b"cos\nsystem\n(X" + text + b"tR.", "os.system", "unsupported")
    bad(b"\x80\4\x8c\2os\x8c\6system\x93X" + text + b"\x85R.", "os.system", "unsupported")
    line("bad", put("program.pkl.pt", pickle.dumps(Program(), 2)), "", "unsupported", "is a pickle")
    bad(b"c" + b"a" * 200 + b"\nb\n.", "very long", "unsupported")
    bad(b"ccollections\n", "ends inside a name")
    bad(b"N\x93.", "a name that is no text")
    known = {ord(c) for c in "(0NJKMGXBTCU)t]}aesuqhrjcRQb."} | {0x80, 0x95, 0x88, 0x89, 0x8A, 0x8C, 0x85, 0x86, 0x87, 0x94, 0x93}
    for op in range(256):
        if op not in known:
            bad(b"NN(" + bytes([op]) + bytes(20), "operation %d," % op, "unsupported")
    for text, message in ((b".", "leaves nothing"), (b"0.", "nothing to drop"), (b"N(0.", "nothing to drop"), (b"t.", "no mark"), (b"\x85.", "tuple of more"),
                          (b"N\x86.", "tuple of more"), (b"N(\x85.", "tuple of more"), (b"]a.", "item of nothing"), (b"Na.", "item of nothing"),
                          (b"NNa.", "no list"), (b"}Na.", "no list"), (b"]NNs.", "no dict"), (b"](NNu.", "no dict"), (b"}(Nu.", "key without"),
                          (b"(e.", "item of nothing"), (b"}(NNe.", "no list"), (b"NN\x85R.", "call of what is no name"), (b"ccollections\nOrderedDict\nNR.", "no tuple"),
                          (b"ccollections\nOrderedDict\nR.", "call of nothing"), (b"ccollections\nOrderedDict\nN\x85R.", "do not fit"),
                          (b"ctorch\nFloatStorage\n)R.", "do not fit"), (b"ctorch\nSize\n)R.", "do not fit"), (b"ctorch\nSize\nN\x85R.", "do not fit"),
                          (b"ctorch._utils\n_rebuild_tensor_v2\n)R.", "out of 0 values"), (b"ctorch._utils\n_rebuild_tensor_v2\n(NNNNNNtR.", "do not fit"),
                          (b"ctorch._utils\n_rebuild_parameter\n(NNNtR.", "do not fit"), (b"NQ.", "no storage"), (b"Q.", "not there"), (b")Q.", "no storage"),
                          (b"b.", "state of nothing"), (b"NNb.", "no ordered dict"), (b"}}b.", "no ordered dict"), (b"]}b.", "no ordered dict"),
                          (b"ctorch\nSize\n(NNt\x85R}b.", "no ordered dict"), (b"ccollections\nOrderedDict\n}b.", "no ordered dict"),
                          (b"ccollections\nOrderedDict\n)RNb.", "a state that is no dict"), (b"ccollections\nOrderedDict\n)R]b.", "a state that is no dict"),
                          (b"ccollections\nOrderedDict\n)R(}}tb.", "a state that is no dict"),  (b"h\0.", "nothing was remembered"), (b"j\xff\xff\xff\xff.", "nothing was remembered"),
                          (b"q\0.", "nothing to remember"), (b"Nr\xff\xff\xff\x7f.", "too far"), (b"\x94.", "nothing to remember"), (b"X\xff\xff\xff\xffa", "inside a text"),
                          (b"\x8c\5abc", "inside a text"), (b"J\1", "inside a number"), (b"G1", "inside a number"), (b"\x8a\x09" + bytes(9) + b".", "beyond 64 bits"),
                          (b"\x8a\xff", "inside a number"), (b"\x80", "inside an operation"), (b"\x95\0", "inside an operation"), (b"(" * 2000, "too many marks"),
                          (b"ccollections\nOrderedDict\n.", "a name where a value"), (b"]" * 1 + b"ccollections\nOrderedDict\na.", "a name where a value"),
                          (b"}NNs.", "whose key is None"), (b"}))s.", "whose key is a tuple"), (b"}X\1\0\0\0\0Ns.", "a NUL")):
        kind = "unsupported" if "where a value" in message or "whose key" in message else "io"
        bad(text, message, kind)
    bad(b"]" * 200 + b"a" * 199 + b".", "nested more than 100", "limit")
    bad(b")" + b"\x85" * 200 + b".", "nested more than 100", "limit")
    bad(b"N" * (4 * 2 ** 20 + 1), "more than 4194304 operations", "limit")
    long = b"N0" * 2 ** 25 + b"N."  # 65 KB, deflated: nothing of that size is allocated
    line("bad", put("long_pickle.pt", archive([{"name": "a/data.pkl", "data": long, "method": 8}])), "", "limit", "at most 67108864 are read")
    line("bad", put("no_pickle.pt", archive([{"name": "a/constants.pkl", "data": b""}])), "", "unsupported", "TorchScript")
    line("bad", put("two.pt", archive([{"name": "a/data.pkl", "data": b"N."}, {"name": "b/data.pkl", "data": b"N."}])), "", "io", "two members")
    line("bad", put("order.pt", pt_archive(tensor_pickle(), members=[{"name": "a/byteorder", "data": b"middle"}])), "", "io", "byte order")
    line("bad", put("order2.pt", pt_archive(tensor_pickle(), members=[{"name": "a/byteorder", "data": b"little" * 9}])), "", "io", "byte order")


def pickle_files():
    """What the machine builds besides tensors: shared and cyclic values, exponentially many ways."""
    put("cycle.pt", pt_archive(b"]q\0h\0a."))
    put("laughs.pt", pt_archive(b"]q\0" + b"".join(b"0](h%ch%ceq%c" % (i, i, i + 1) for i in range(60)) + b"."))
    put("kinds.pt", pt_archive(b"\x80\4\x95" + bytes(8) + b"](N\x88\x89J\xff\xff\xff\xffK\xffM\xff\xff\x8a\0\x8a\1\x80\x8a\x08" + b"\xff" * 7 + b"\x7f"
                               + b"G\x3f\xf8" + bytes(6) + b"X\1\0\0\0a\x8c\1bU\1cC\1dT\1\0\0\0eB\1\0\0\0f)e."))


# ---- files over 4 GiB, sparse

def sparse_files():
    rows = 2 ** 30 + 3
    text = b"{'descr': '<i4', 'fortran_order': False, 'shape': (%d,), }" % rows
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    head = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text
    with open(path("sparse.npy"), "wb") as f:
        f.write(head)
        f.seek(len(head) + 4 * rows - 4)
        f.write(struct.pack("<i", 77))
    size = 4 * rows
    entry = json.dumps({"first": {"dtype": "I32", "shape": [rows], "data_offsets": [0, size]},
                        "last": {"dtype": "I32", "shape": [1], "data_offsets": [size, size + 4]}}).encode()
    with open(path("sparse.safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(entry)) + entry)
        f.seek(8 + len(entry) + size)
        f.write(struct.pack("<i", 78))
    text = tensor_pickle(numel=rows, offset=rows - 4)
    with open(path("sparse_large.pt"), "wb") as f:
        records = b""
        for name, length, crc, end in ((b"a/data.pkl", len(text), zlib.crc32(text), text),
                                       (b"a/data/0", size, 0, np.arange(81, 85, dtype="<f4").tobytes())):
            at, wide = f.tell(), struct.pack("<HHQQ", 1, 16, length, length)
            sizes = b"\xff" * 8 + struct.pack("<HH", len(name), len(wide))
            f.write(struct.pack("<IHHHHHI", 0x04034B50, 45, 0, 0, 0, 0x21, crc) + sizes + name + wide)
            f.seek(length - len(end), os.SEEK_CUR)
            f.write(end)
            records += (struct.pack("<IHHHHHHI", 0x02014B50, 45, 45, 0, 0, 0, 0x21, crc) + sizes
                        + struct.pack("<HHHII", 0, 0, 0, 0, at) + name + wide)
        start = f.tell()
        f.write(records + struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 2, 2, len(records), start)
                + struct.pack("<IIQI", 0x07064B50, 0, start + len(records), 1)
                + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 2, 2, len(records), 0xFFFFFFFF, 0))
    # a stored member of that size, and one behind it: ZIP64 sizes and offsets
    big, name, last = len(head) + size, b"big.npy", npy_bytes(np.array([79], "<i4"))
    with open(path("sparse.npz"), "wb") as f:
        f.write(struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, 0, 0, 0x21, 0, 0xFFFFFFFF, 0xFFFFFFFF, len(name), 20) + name
                + struct.pack("<HHQQ", 1, 16, big, big) + head)
        f.seek(30 + len(name) + 20 + big - 4)
        f.write(struct.pack("<i", 80))
        second = f.tell()
        f.write(struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 0x21, zlib.crc32(last), len(last), len(last), 8, 0) + b"last.npy" + last)
        start = f.tell()
        f.write(struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, 0, 0, 0x21, 0, 0xFFFFFFFF, 0xFFFFFFFF, len(name), 20, 0, 0, 0, 0, 0)
                + name + struct.pack("<HHQQ", 1, 16, big, big))
        f.write(struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, 0, 0, 0x21, zlib.crc32(last), len(last), len(last), 8, 12, 0, 0, 0, 0,
                            0xFFFFFFFF) + b"last.npy" + struct.pack("<HHQ", 1, 8, second))
        end = f.tell()
        f.write(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 2, 2, end - start, start))
        f.write(struct.pack("<IIQI", 0x07064B50, 0, end, 1))
        f.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 2, 2, end - start, 0xFFFFFFFF, 0))


npy_files()
structured_files()
bad_npy()
line("small", npy("small.npy", np.arange(3, dtype="i2")))
npz_files()
bad_npz()
safetensors_files()
bad_safetensors()
pt_files()
later_pt_files()
bad_pt()
pickle_files()
sparse_files()
with open(out, "w", encoding="utf-8") as f:
    f.write("\n".join(lines) + "\n")
