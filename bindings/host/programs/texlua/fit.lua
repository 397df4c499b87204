-- Fits y = a x + b by least squares and prints the table that the paper includes.
local torch = require "tessera.torch"

local x = torch.arange(1, 9, {dtype = torch.float64})
local y = torch.tensor({2.1, 3.9, 6.2, 7.8, 10.1, 12.2, 13.8, 16.1}, {dtype = torch.float64})

local dx, dy = x - x:mean(), y - y:mean()
local slope = (dx * dy):sum():item() / (dx * dx):sum():item()
local intercept = y:mean():item() - slope * x:mean():item()
local rest = y - (x * slope + intercept)

print([[\begin{tabular}{rrr}]])
print([[$x$ & $y$ & residual \\]])
for i, value in x:iter() do
    print(([[%d & %.1f & %+.4f \\]]):format(value, y[i], rest[i]))
end
print(([[\multicolumn{3}{r}{$y = %.5f x + %.5f$} \\]]):format(slope, intercept))
print(([[\multicolumn{3}{r}{largest residual %.5f} \\]]):format(rest:abs():max():item()))
print([[\end{tabular}]])
