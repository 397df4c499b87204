"""blur.py SCRIPT: pictures go through Lua in four threads at once; NumPy blurs them too, and compares."""
import sys
import threading

import lupa
import numpy as np

script = open(sys.argv[1]).read()
results = {}


def blurred(picture):
    wide = np.pad(picture, 1).astype(np.float64)
    return np.lib.stride_tricks.sliding_window_view(wide, (3, 3)).mean(axis=(2, 3))


def work(seed):
    lua = lupa.LuaRuntime(encoding=None)
    blur = lua.execute(script.encode())
    draw = np.random.default_rng(seed)
    worst, pictures = 0.0, 0
    for _ in range(50):
        picture = draw.random((draw.integers(2, 60), draw.integers(2, 60)), dtype=np.float32)
        out = np.frombuffer(blur(picture.tobytes(), *picture.shape), np.float32).reshape(picture.shape)
        worst = max(worst, float(abs(out - blurred(picture)).max()))
        pictures += 1
    results[seed] = pictures, worst


threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
for seed in sorted(results):
    pictures, worst = results[seed]
    print("thread", seed, "blurred", pictures, "pictures;", "NumPy agrees" if worst < 1e-7 else "off by %g" % worst)
