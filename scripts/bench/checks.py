"""What is measured once, in processes of their own: memory, and the size of the library."""
import os
import subprocess

from sides import Refused

RESIDENT_LIMIT = 64 << 20
SIZE_LIMIT = 2e6

TEMPORARIES = """
local np = require("tessera").np
for i = 1, 4000 do local x = np.zeros(131072); x[1] = i end
for line in io.lines("/proc/self/status") do
    local kib = line:match("VmHWM:%s*(%d+)")
    if kib then print(kib) end
end
"""

# Lua's collector believes to have time after its own heap was large; the arrays must not pay for it.
AFTER_A_LIST = """
local ts = require "tessera"
local list = {}
for i = 1, 1000000 do list[i] = i end
local array = ts.np.array(list)
list, array = nil, nil
collectgarbage()
for i = 1, 4000 do local x = ts.np.zeros(131072) end
print(ts.memory().peak)
"""

# The arrays x and y count too: what was there before them is the base.
CHAIN = """
local np = require("tessera").np
local function peak()
    for line in io.lines("/proc/self/status") do
        local kib = line:match("VmHWM:%s*(%d+)")
        if kib then return tonumber(kib) end
    end
end
local base = peak()
local x, y = np.ones(10000000, {dtype = "float32"}), np.ones(10000000, {dtype = "float32"})
for i = 1, 100 do local z = np.sqrt(x * x + y * y) * 2 + 1 end
print(peak() - base)
"""
CHAIN_ARRAYS = 6


def in_lua(lua, text):
    done = subprocess.run([lua, "-e", text], capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused((done.stderr.strip().splitlines() or ["the process died"])[0])
    return int(done.stdout)


def resident(lua, report):
    """Peak memory of a process that makes 4,000 dead temporaries of 1 MiB; the same behind a large list."""
    peak = in_lua(lua, TEMPORARIES)
    report.target("4,000 1-MiB temporaries, peak KiB", peak * 1024 < RESIDENT_LIMIT,
                  "%d KiB resident, less than %d" % (peak, RESIDENT_LIMIT >> 10))
    peak = in_lua(lua, AFTER_A_LIST)
    report.target("the same after a list of 10^6, arrays", peak < RESIDENT_LIMIT,
                  "%d KiB of arrays, less than %d" % (peak >> 10, RESIDENT_LIMIT >> 10))


def chain(lua, report):
    """Peak memory of the unfused chain in a loop of 100, in arrays of its size."""
    name = "unfused chain 10^7, peak memory"
    try:
        arrays = in_lua(lua, CHAIN) * 1024 / 4e7
    except Refused as problem:
        report.target(name, False, "not there: %s" % problem)
        return
    report.target(name, arrays <= CHAIN_ARRAYS, "%.2f arrays, at most %d" % (arrays, CHAIN_ARRAYS))


def size(module, build, report):
    stripped = os.path.join(build, "bench", "stripped.so")
    subprocess.run(["strip", "-o", stripped, module], check=True)
    bytes_ = os.path.getsize(stripped)
    report.target("stripped shared library", bytes_ < SIZE_LIMIT, "%d bytes, less than %d" % (bytes_, SIZE_LIMIT))
