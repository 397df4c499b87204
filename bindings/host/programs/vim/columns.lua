-- Reads the current buffer as a matrix, puts its rows in the order of the last column, the largest first,
-- and appends the sums and the means of the columns.
local np = require "tessera.numpy"

local buffer = vim.buffer()
local rows = {}
for i = 1, #buffer do
    rows[i] = {}
    for word in buffer[i]:gmatch("%S+") do
        table.insert(rows[i], tonumber(word))
    end
end

local matrix = np.array(rows)
local left = matrix[":, -1"]:copy()
for i = 1, matrix.shape[1] do
    local row = left:argmax():item()
    buffer[i] = table.concat(matrix[row]:tolist(), " ")
    left[row] = -np.inf
end
buffer:insert("sum  " .. table.concat(matrix:sum {axis = 1}:tolist(), " "))
buffer:insert("mean " .. table.concat(matrix:mean {axis = 1}:tolist(), " "))
