"""Reads files that the specs wrote with real NumPy and PyTorch: file_check.py LIST.

A line of LIST: FORMAT, FILE, NAME, DTYPE, SHAPE, HEX of the elements' bytes, row-major. Prints what is wrong,
or how many lines were right. The safetensors reader below is written by its specification, and strict.
"""
import json
import math
import re
import struct
import sys
import zipfile

import numpy as np
import torch

import later_torch as later

DTYPES = {"BOOL": "bool", "U8": "uint8", "I8": "int8", "I16": "int16", "U16": "uint16", "I32": "int32", "U32": "uint32",
          "I64": "int64", "U64": "uint64", "F16": "float16", "F32": "float32", "F64": "float64", "C64": "complex64"}


def unique(pairs):
    assert len(dict(pairs)) == len(pairs), "a key twice"
    return dict(pairs)


def safetensors(file):
    raw = open(file, "rb").read()
    n = struct.unpack("<Q", raw[:8])[0]
    text = raw[8:8 + n].decode("utf-8", "strict")
    assert n % 8 == 0 and text[0] == "{" and text.rstrip(" ")[-1] == "}" and len(text.encode()) == n
    header = json.loads(text, object_pairs_hook=unique)
    assert header.pop("__metadata__") == {"a": "b", "ü\n": 'c"\\'}
    data, at, found, before = raw[8 + n:], 0, {}, None
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        assert sorted(entry) == ["data_offsets", "dtype", "shape"]
        begin, end = entry["data_offsets"]
        assert begin == at
        at = end
        dtype = np.dtype("<u2" if entry["dtype"] == "BF16" else DTYPES[entry["dtype"]])
        assert end - begin == dtype.itemsize * int(np.prod(entry["shape"], dtype=int))
        found[name] = np.frombuffer(data[begin:end], dtype).reshape(entry["shape"]), entry["dtype"]
        alignment = dtype.itemsize // 2 if dtype.kind == "c" else dtype.itemsize
        order = -alignment, name.encode()  # the largest alignment first, then by name
        assert begin == end or before is None or before < order, (before, order)
        before = order if begin != end else before
    assert at == len(data)
    return found


def walk(value, way):
    for key in way.split(".") if way else []:
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def tensor_bytes(t):
    t = t.detach()
    name = str(t.dtype)[6:]
    if name == "bfloat16":
        t = t.contiguous().view(torch.int16)
    return name, list(t.shape), t.contiguous().numpy().tobytes()


cache = {}


def npy_length(raw):
    """How long magic and header are, which must be as FORMATS says: keys sorted, data at a multiple of 64."""
    n = struct.unpack("<H", raw[8:10])[0]
    assert raw[6:8] == b"\1\0" and (10 + n) % 64 == 0 and raw[9 + n:10 + n] == b"\n"
    assert re.findall(rb"'(\w+)':", raw[:10 + n]) == [b"descr", b"fortran_order", b"shape"]
    return 10 + n


def npy(file):
    with open(file, "rb") as f:
        raw = f.read(4096)
    npy_length(raw)
    found = np.load(file, allow_pickle=False)
    assert found.dtype != "V2" or b"'<V2'" in raw
    return found


def data_of(member, f):
    """Where the data of a member of an archive lies."""
    f.seek(member.header_offset + 26)
    return member.header_offset + 30 + sum(struct.unpack("<HH", f.read(4)))


def npz(file):
    """As NumPy reads it; the members hold what their headers say, those that are stored at multiples of 64."""
    with zipfile.ZipFile(file) as z, open(file, "rb") as f:
        members = z.infolist()
        for member in members[:50] + members[-50:]:
            with z.open(member) as data:
                length = npy_length(data.read(4096))
            with z.open(member) as data:
                np.lib.format.read_magic(data)
                shape, columns, dtype = np.lib.format.read_array_header_1_0(data)
            assert member.file_size == length + dtype.itemsize * math.prod(shape), member.filename
            assert member.compress_type == 8 or data_of(member, f) % 64 == 0, member.filename
    return np.load(file, allow_pickle=False)


def aligned(file):
    """The storages of a .pt are stored as they are, at multiples of 64, beside the members that FORMATS names."""
    with zipfile.ZipFile(file) as z, open(file, "rb") as f:
        for member in z.infolist():
            at = data_of(member, f)
            assert member.compress_type == 0 and ("/data/" not in member.filename or at % 64 == 0), member.filename
        top = z.namelist()[0].split("/")[0]
        assert z.read(top + "/byteorder") == b"little" and z.read(top + "/version") == b"3\n"
        assert all(name.startswith(top + "/") for name in z.namelist())
    return file


readers = {"npy": npy, "npz": npz,
           "pt": lambda file: torch.load(aligned(file), weights_only=True), "later": lambda file: later.read(aligned(file)),
            "safetensors": safetensors}


def opened(format, file):
    if file not in cache:
        cache.clear()
        cache[file] = readers[format](file)
    return cache[file]


def weights(file, original):
    """A network that has other weights takes those of the file, which are what the original has."""
    torch.manual_seed(2)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.LSTM(4, 3),
                              torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2)))
    found, expected = (torch.load(way, weights_only=True) for way in (file, original))
    places = {"conv": "0", "norm": "1", "rnn": "2", "head": "3"}
    renamed = {places[name.split(".")[0]] + "." + name.split(".", 1)[1]: t for name, t in found.items()}
    net.load_state_dict(renamed, strict=True)
    assert sorted(found) == sorted(expected) and len(net.state_dict()) == len(expected)
    for name, t in expected.items():
        assert found[name].dtype == t.dtype and torch.equal(found[name], t), name


def check(format, file, name, dtype, shape, expected):
    if format == "weights":
        return weights(file, name)
    value = opened(format, file)
    if name.startswith("same "):
        x, y = (walk(value, way) for way in name.split(" ")[1:])
        assert x.storage().data_ptr() == y.storage().data_ptr(), "do not share memory"
        assert value["epoch"] == 3 and value["flag"] is True and value["name"] == "ü" and value["list"] == [1, "zwei", {}] \
            and value[5] == "five" and value["dtypes"] == [torch.float16, torch.int64], value
        return
    if format == "pt":
        found = walk(value, name)
        if file.endswith("gradient.pt"):
            assert found.requires_grad
        kind, sizes, raw = tensor_bytes(found)
        assert kind == dtype, kind
    elif format == "safetensors":
        found, stored = value[name]
        assert stored == "BF16" if dtype == "bfloat16" else DTYPES[stored] == dtype, stored
        sizes, raw = list(found.shape), found.tobytes()
    else:
        found = value[name] if format == "npz" else value
        assert found.dtype == (np.dtype("V2") if dtype == "bfloat16" else np.dtype(dtype)), found.dtype
        sizes, raw = list(found.shape), np.ascontiguousarray(found).tobytes()
    assert ",".join(map(str, sizes)) == shape, sizes
    assert raw.hex() == expected, "other bytes"


def main():
    right = 0
    for text in open(sys.argv[1], encoding="utf-8"):
        fields = text.rstrip("\n").split("\t")
        try:
            check(*fields)
            right += 1
        except Exception as problem:  # all of them are to be seen
            print(fields[:5], type(problem).__name__, problem)
    print(right, "files and arrays are as they should be")


main()
