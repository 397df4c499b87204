import os
import numpy as np

lines = open(os.path.join(os.path.dirname(__file__), "readings.txt")).read().splitlines()
x = np.array([float(line) for line in lines[1:] if line[0] != "#"])
near = abs(x - x.mean()) <= 2 * x.std()
low, high = x[near].min(), x[near].max()
i = 0
print(lines[0])
for line in lines[1:]:
    if line[0] == "#":
        print(line)
    else:
        if near[i]:
            print("%.4f" % ((x[i] - low) / (high - low)))
        i += 1
