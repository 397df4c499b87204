import numpy as np

x = np.arange(1.0, 9.0)
y = np.array([2.1, 3.9, 6.2, 7.8, 10.1, 12.2, 13.8, 16.1])
slope, intercept = np.polyfit(x, y, 1)
rest = y - (x * slope + intercept)
print(r"\begin{tabular}{rrr}")
print(r"$x$ & $y$ & residual \\")
for i in range(8):
    print(r"%d & %.1f & %+.4f \\" % (x[i], y[i], rest[i]))
print(r"\multicolumn{3}{r}{$y = %.5f x + %.5f$} \\" % (slope, intercept))
print(r"\multicolumn{3}{r}{largest residual %.5f} \\" % abs(rest).max())
print(r"\end{tabular}")
