"""The first inputs of the fuzzers, out of the files that spec/oracle/file_cases.py made: corpus.py FILES OUT."""
import os
import struct
import sys
import zipfile

files, out = sys.argv[1:]


def put(target, name, data):
    folder = os.path.join(out, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def before_pickle(archive):
    """The byte order of an archive, and how long its first storage is."""
    names = {name.split("/", 1)[-1]: name for name in archive.namelist()}
    big = "byteorder" in names and archive.read(names["byteorder"]) == b"big"
    size = archive.getinfo(names["data/0"]).file_size if "data/0" in names else 0
    return bytes([min(size, 127) * 2 + big])


for name in sorted(os.listdir(files)):
    path = os.path.join(files, name)
    if os.path.getsize(path) > 4096:
        continue
    data = open(path, "rb").read()
    put("whole", name, data)
    if name.endswith(".npy") and data[:6] == b"\x93NUMPY" and len(data) > 12:
        before = 10 if data[6] == 1 else 12
        put("npy", name, bytes([(data[6] - 1) % 3, 1]) + data[before:])
    if name.endswith(".safetensors") and len(data) > 8:
        put("safetensors", name, b"\x10" + data[8:])
    if name.endswith((".pt", ".pth", ".npz")):
        try:
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    raw = archive.read(member)
                    if member.filename.endswith("data.pkl"):
                        put("pickle", name, before_pickle(archive) + raw)
                    if member.compress_type == 8:
                        at = member.header_offset + 30 + len(member.filename.encode())
                        put("deflated", name, struct.pack("<H", member.file_size & 0xFFFF) + data[at:at + member.compress_size])
        except Exception:  # a broken one, which is there to be broken
            pass
for i, text in enumerate("0 -1.5e10 2.2250738585072011e-308 inf nan 1e400 123456789012345678901234567890".split()):
    put("text", str(i), text.encode())
