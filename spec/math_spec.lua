--- Math functions and powers: the dtypes and shapes of real NumPy and PyTorch, and the values within the
-- tolerances of spec/oracle/math_model.py, which also holds the rules by which results are others than
-- those of the installed libraries. spec/oracle/math_cases.py draws the cases.
local cases = dofile "spec/support/cases.lua" "math"

describe("math functions do as the real libraries", function()
    for _, family in ipairs(cases.names) do
        it(cases.title(family), function()
            cases.run(family)
        end)
    end

    it("covers 8,000 cases", function()
        print(("math_spec: %d cases, %d of them errors"):format(cases.total, cases.errors))
        assert.is_true(cases.total > 8000)
        assert.is_true(cases.errors > 500 and cases.errors < cases.total / 3)
    end)
end)

describe("powers of integers", function()
    local ts = require "tessera"
    local np = ts.np
    local base, exponent = np.array({2, 3, 4}, {dtype = "int32"}), np.array({-1, 2, 3}, {dtype = "int32"})

    it("are refused only where a negative exponent is used", function()
        local out = np.zeros(3, {dtype = "int32"})
        np.power(base, exponent, {where = np.array({false, true, true}), out = out})
        assert.same({0, 9, 64}, out:tolist())
        for _, where in ipairs {{true, true, true}, {true, false, false}} do
            assert.has_error(function() np.power(base, exponent, {where = np.array(where), out = out}) end)
            assert.matches("negative integer powers", ts.last_error().message)
        end
        assert.same({0, 9, 64}, out:tolist())
    end)
end)

describe("functions of float16", function()
    local ts = require "tessera"
    local np = ts.np
    local patterns = np.arange(65536, {dtype = "int64"}):astype("uint16")
    local all = patterns:view("float16")

    --- Equal bits, or both NaN.
    local function same(made, expected, text)
        local equal = np.equal(made:view("uint16"), expected:view("uint16"))
        local nan = np.logical_and(np.isnan(made), np.isnan(expected))
        assert(np.all(np.logical_or(equal, nan)):item(), text)
    end

    it("are those of float32, rounded once, for every one that there is", function()
        for _, name in ipairs {"exp", "log", "sin", "tanh", "sqrt", "negative"} do
            local expected = np[name](all:astype("float32")):astype("float16")
            local made = np[name](all)
            same(made, expected, name)
            for _, n in ipairs {1, 15, 16, 17, 33} do -- whole vectors and what is left, also in place
                local some = all[{ {17000, 16999 + n} }]:copy()
                np[name](some, {out = some})
                assert(np.array_equal(some, np[name](all)[{ {17000, 16999 + n} }]), name)
            end
        end
    end)

    it("are so for pairs too", function()
        local wide = all:astype("float32")
        for _, name in ipairs {"add", "subtract", "multiply", "divide", "maximum"} do
            for _, shift in ipairs {1, 1021, 17000, 32768, 40001} do
                local other = np.roll(all, shift)
                local expected = np[name](wide, np.roll(wide, shift)):astype("float16")
                same(np[name](all, other), expected, name .. shift)
                for _, n in ipairs {1, 15, 16, 17, 33} do
                    local x, y = all[{ {30000, 29999 + n} }]:copy(), other[{ {30000, 29999 + n} }]
                    np[name](x, y, {out = x})
                    same(x, expected[{ {30000, 29999 + n} }], name .. " in place")
                end
            end
            same(np[name](all, 1.2001953125), np[name](wide, 1.2001953125):astype("float16"), name .. " with a number")
        end
    end)

    it("are so where the second of a sum is multiplied before", function()
        local torch = ts.torch
        local x, y = torch.from_numpy(all), torch.from_numpy(np.roll(all, 5000))
        local expected = (x:float() + y:float() * 0.300048828125):to(torch.float16)
        same(torch.add(x, y, {alpha = 0.300048828125}):numpy(), expected:numpy(), "alpha")
    end)
end)
