--- Results so large that they are written past the caches are those that small ones add up to.
--
-- Each case computes into a view that starts somewhere in a line of memory, all at once and then in parts which
-- are too small for that; what lies before and behind the view must stay.
local ts = require "tessera"
local np = ts.np

local BYTES = 80 * 10^6 -- of operands and result: more than goes through the caches
local PART = 70001
local MARGIN = 40

local PERIOD = 65537

local function numbers(n, dtype, seed)
    local x = np.remainder(np.arange(PERIOD, {dtype = "float64"}) * 0.6180339887498949 + seed, 1) * 200 - 100
    return np.tile(x:astype(dtype), math.ceil(n / PERIOD))[("1:%d"):format(n)]
end

local function size_of(dtype)
    return np.empty(1, {dtype = dtype}).itemsize
end

--- Computes op(x, y) into elements [from, from + n) of a result with margins, in parts of `part`.
local function compute(case, x, y, n, from, part)
    local kept = np.full(n + 2 * MARGIN, 1, {dtype = case.result})
    local out = kept[("%d:%d"):format(from + 1, from + n)]
    for at = 1, n, part do
        local range = ("%d:%d"):format(at, math.min(at + part - 1, n))
        case.op(x[range], y and (y.size == 1 and y or y[range]), out[range])
    end
    return kept
end

local function binary(f)
    return function(x, y, out) f(x, y, {out = out}) end
end

local cases = {
    {"a sum of float32", "float32", "float32", "float32", binary(np.add)},
    {"a sum of float64", "float64", "float64", "float64", binary(np.add)},
    {"a product of integers", "int32", "int32", "int32", binary(np.multiply)},
    {"bytes", "uint8", "uint8", "uint8", binary(np.maximum)},
    {"a comparison", "float32", "float32", "bool", binary(np.less)},
    {"float64 and float32", "float64", "float32", "float64", binary(np.add)},
    {"float32 and integers", "float32", "int32", "float64", binary(np.add)},
    {"halves", "float16", "float16", "float16", binary(np.add)},
    {"complex numbers", "complex64", "complex64", "complex64", binary(np.multiply)},
    {"a root", "float64", nil, "float64", function(x, _, out) np.sqrt(x, {out = out}) end},
    {"a conversion", "float64", nil, "float32", function(x, _, out) np.copyto(out, x) end},
    {"a number", "float32", "number", "float32", function(x, _, out) np.multiply(x, 3, {out = out}) end},
    {"a 0-d array", "float32", "0-d", "float32", binary(np.subtract)},
    {"a choice", "float32", "float32", "float32",
     function(x, y, out) np.copyto(out, np.where(np.less(x, y), x, y)) end},
    {"limits", "float64", nil, "float64", function(x, _, out) np.clip(x, -50, 50, {out = out}) end},
}

describe("what goes past the caches", function()
    for _, fields in ipairs(cases) do
        local case = {name = fields[1], x = fields[2], y = fields[3], result = fields[4], op = fields[5]}
        it("is what parts of it are: " .. case.name, function()
            local other = case.y and case.y ~= "number" and case.y ~= "0-d" and size_of(case.y) or 0
            local n = math.floor(BYTES / (size_of(case.result) + size_of(case.x) + other)) + 13
            local x, y = numbers(n + 3, case.x, 0), nil
            if case.y == "0-d" then
                y = np.array(7.5, "float32")
            elseif case.y and case.y ~= "number" then
                y = numbers(n + 3, case.y, 0.25)["2:"]
            end
            x = x[("3:%d"):format(n + 2)]
            for _, from in ipairs {MARGIN, 3} do
                local large = compute(case, x, y, n, from, n)
                local parts = compute(case, x, y, n, from, PART)
                assert.is_true(large:tobytes() == parts:tobytes(), ("from element %d"):format(from))
            end
        end)
    end

    it("is what rows of it are where operands are broadcast", function()
        local rows, columns = 5, 2^21 + 5
        local x, r = numbers(rows * columns, "float32", 0):reshape(rows, columns), numbers(columns, "float32", 0.5)
        local c = numbers(rows, "float32", 0.1):reshape(rows, 1)
        local by_row, by_column = x + r, x * c
        for i = 1, rows do
            for at = 1, columns, PART do
                local range = ("%d:%d"):format(at, math.min(at + PART - 1, columns))
                assert.is_true(np.array_equal(by_row[i][range], x[i][range] + r[range]))
                assert.is_true(np.array_equal(by_column[i][range], x[i][range] * c[i]))
            end
        end
    end)

    it("is the same all along a row where all operands are", function()
        local c, out = np.array({{1}, {2}, {3}}, "uint8"), np.zeros({3, 3 * 2^23 + 5}, {dtype = "uint8"})
        np.add(c, np.array(7, "uint8"), {out = out})
        for i = 1, 3 do
            assert.same({7 + i, 7 + i}, {np.min(out[i]):item(), np.max(out[i]):item()})
        end
    end)
end)
