"""The rows of files. The files are made by NumPy and PyTorch when the rows are asked for, in build/bench."""
import json
import os
import struct
import subprocess

import numpy as np
import torch

from rows import Row

GIB = 10 ** 9
NAMES = ["map 1 GB .npy and close", "map 1 GB safetensors and close", "read 400 MB .npy", "read 200 MB .npy again",
         "load .npz, 4 of 40 MB", "load .pt, 4 of 40 MB", "load .npz, 300 of 4 KB", "load .pt, 300 of 4 KB",
         "savez_compressed of 4 MB"]


def sparse(folder):
    """1 GB of zeros as .npy and safetensors, which take no room."""
    npy = os.path.join(folder, "gb.npy")
    np.lib.format.open_memmap(npy, "w+", np.float32, (GIB // 4,)).flush()
    safetensors = os.path.join(folder, "gb.safetensors")
    head = json.dumps({"x": {"dtype": "F32", "shape": [GIB // 4], "data_offsets": [0, GIB]}}).encode()
    head += b" " * (-len(head) % 8)
    with open(safetensors, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head)
        f.truncate(8 + len(head) + GIB)
    return npy, safetensors


def dense(folder):
    random = np.random.default_rng(1)
    big = random.random(10 ** 8, np.float32)
    paths = {name: os.path.join(folder, name) for name in ("big.npy", "half.npy", "many.npz", "few.npz", "many.pt", "few.pt")}
    np.save(paths["big.npy"], big)
    np.save(paths["half.npy"], big[:len(big) // 2])
    few = {"x%d" % i: big[i * 10 ** 7:(i + 1) * 10 ** 7].copy() for i in range(4)}
    many = {"x%d" % i: big[i * 1000:(i + 1) * 1000].copy() for i in range(300)}
    for name, arrays in (("few", few), ("many", many)):
        np.savez(paths[name + ".npz"], **arrays)
        torch.save({k: torch.from_numpy(v) for k, v in arrays.items()}, paths[name + ".pt"])
    return paths


def rows(folder):
    os.makedirs(folder, exist_ok=True)
    npy, safetensors = sparse(folder)
    paths = dense(folder)
    made = []

    def row(name, ours, setup="", numpy=None, torch=None, python="", floors=None, targets=(), turns=None):
        made.append(Row(name, ours, setup, numpy, torch, python, floors or {}, targets, turns))

    row("map 1 GB .npy and close", "local x, f = load('%s', {map = 'r'}); f:close()" % npy, "local load = ts.load",
        numpy="np.load('%s', mmap_mode='r')" % npy, targets=[("ns", 1e6)])
    row("map 1 GB safetensors and close", "local f = load('%s', {map = 'r'}); local x = f.x; f:close()" % safetensors,
        "local load = ts.load", targets=[("ns", 1e6)])
    row("read 400 MB .npy", "local x = load('%s'); x:release()" % paths["big.npy"], "local load = np.load",
        numpy="np.load('%s')" % paths["big.npy"],
        floors={"read(2) into new memory": ("local read = floor.fresh_reader('%s')" % paths["big.npy"], "read()"),
                "into kept memory": ("local read = floor.file_reader('%s')" % paths["big.npy"], "read()")},
        targets=[("read(2) into new memory", 1 / 0.9), ("into kept memory", 1 / 0.9)], turns=(5, 3))
    # What is released is used again up to the limit of the cache, a sixteenth of the memory: then no page is new on
    # either side.
    row("read 200 MB .npy again", "local x = load('%s'); x:release()" % paths["half.npy"], "local load = np.load",
        numpy="np.load('%s')" % paths["half.npy"],
        floors={"read(2) into kept memory": ("local read = floor.file_reader('%s')" % paths["half.npy"], "read()")},
        targets=[("read(2) into kept memory", 1 / 0.9)], turns=(7, 4))
    for name, what in (("few", "4 of 40 MB"), ("many", "300 of 4 KB")):
        turns = (5, 3) if name == "few" else (7, 10)
        npz = paths[name + ".npz"]
        row("load .npz, %s" % what, "local f = load('%s'); for _, x in f:iter() do x:release() end; f:close()" % npz,
            "local load = np.load", numpy="[z[k] for z in [np.load('%s')] for k in z.files]" % npz,
            targets=[("numpy", 0.5)], turns=turns)
        row("load .pt, %s" % what, "for _, t in pairs(load('%s')) do t:release() end" % paths[name + ".pt"],
            "local load = torch.load", torch="torch.load('%s')" % paths[name + ".pt"],
            targets=[("torch", 0.5)], turns=turns)
    out = os.path.join(folder, "packed.npz")
    row("savez_compressed of 4 MB", "np.savez_compressed('%s', {x = x})" % out,
        "local x = np.fromfile('%s', {dtype = 'float32', count = 1000000, offset = 128})" % paths["big.npy"],
        numpy="np.savez_compressed('%s', x=x)" % out,
        python="x = np.fromfile('%s', np.float32, 1000000, offset=128)" % paths["big.npy"],
        floors={"zlib": ("local deflate = floor.deflater(np.fromfile('%s', {dtype = 'uint8', count = 4000000, "
                         "offset = 128}):tobytes())" % paths["big.npy"], "deflate()")},
        targets=[("zlib", 1.1)], turns=(5, 1))
    return made


def remove(folder):
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        os.remove(os.path.join(folder, name))


MEMORY = """
local ts = require "tessera"
local function resident()
    for line in io.lines("/proc/self/status") do
        local n = line:match("^VmRSS:%s*(%d+)")
        if n then return tonumber(n) end
    end
end
ts.load(arg[1], {map = "r"})
ts.load(arg[2], {map = "r"})
collectgarbage()
local before = resident()
local x, f = ts.load(arg[1], {map = "r"})
local g = ts.load(arg[2], {map = "r"})
local y = g.x
print(resident() - before)
"""


def memory(lua, folder, report):
    """What two mapped files of 1 GB hold before they are touched."""
    os.makedirs(folder, exist_ok=True)
    npy, safetensors = sparse(folder)
    script = os.path.join(folder, "memory.lua")
    with open(script, "w") as f:
        f.write(MEMORY)
    try:
        kib = int(subprocess.run([lua, script, npy, safetensors], capture_output=True, text=True, check=True).stdout)
        report.target("memory of a mapped file", kib <= 1024, "%d KiB for two of 1 GB, at most 1024" % kib)
    finally:
        remove(folder)
