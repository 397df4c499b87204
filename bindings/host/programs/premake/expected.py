import numpy as np


def array(kind, name, values):
    print("static const %s %s[%d] = {" % (kind, name, len(values)), end="")
    for i, value in enumerate(values.tolist()):
        print("\n    " if i % 8 == 0 else " ", value, ",", sep="", end="")
    print("\n};")


level = np.arange(64) / 63
array("unsigned char", "gamma_table", np.round(level ** (1 / 2.2) * 255).astype("uint8"))
array("short", "sine_table", np.round(np.sin(np.arange(32) * (2 * np.pi / 32)) * 32767).astype("int16"))
