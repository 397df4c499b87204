"""The values of the compute rows: the same bytes for every side, made once from a seed.

Python reads them where it made them, Lua from a file under build/bench/data, and both take the first
elements of them. The files of a dtype go when the next one's turn comes.
"""
import os

import numpy as np

MOST = 10**7
SEED = 20240229


def make(values, dtype):
    random = np.random.default_rng(SEED + ["x", "y", "positive", "mask", "false"].index(values))
    if values == "false":
        return np.full(MOST, 0, dtype)  # written: untouched pages of np.zeros would all be one
    if values == "mask" or dtype == "bool":
        return random.random(MOST, np.float32) < 0.5
    if dtype == "uint8":
        return random.integers(1, 256, MOST, np.uint8)
    if dtype in ("int32", "int64"):
        return random.integers(1 if values == "positive" else -1000, 1000, MOST, dtype)
    low, high = (0.1, 10) if values == "positive" else (-10, 10)
    return (random.random(MOST, np.float32 if dtype == "float32" else np.float64) * (high - low) + low).astype(dtype)


class Data:
    def __init__(self, folder):
        self.folder = folder
        self.arrays = {}
        os.makedirs(folder, exist_ok=True)

    def path(self, values, dtype):
        return os.path.join(self.folder, "%s_%s" % (values, dtype))

    def get(self, values, dtype, sizes):
        key = (values, dtype)
        if key not in self.arrays:
            self.arrays[key] = make(values, dtype)
            self.arrays[key].tofile(self.path(values, dtype))
        count = int(np.prod(sizes))
        return self.arrays[key][:count].reshape(sizes)

    def forget(self):
        for key in self.arrays:
            os.remove(self.path(*key))
        self.arrays = {}
