--- Fused functions: the same bits as the same operations one by one, whatever the dtypes, layouts and
-- numbers, and errors that name what cannot be traced.
local ts = require "tessera"
local torch, np = ts.torch, ts.np

local function bits(x)
    local face = torch.is_tensor(x) and "tensor" or "ndarray"
    return ("%s/%s/%s/%s"):format(face, x.dtype.name, table.concat(x.shape, ","), x:tobytes())
end

--- f and its fused form give the same, or both fail.
local function same(f, fused, what, ...)
    local good, expected = pcall(f, ...)
    local ok, got = pcall(fused, ...)
    assert(good == ok, ("%s: %s, but fused %s"):format(what, tostring(expected), tostring(got)))
    if good then
        assert(bits(got) == bits(expected),
            ("%s: fused %s, expected %s"):format(what, tostring(got), tostring(expected)))
    end
    return good
end

local dtypes = {"bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16",
    "bfloat16", "float32", "float64", "complex64", "complex128"}

local values = {0, 1, 2, 3, 7, 100, 0.5, 1.25, 3.75, 12, 5, 9, 31, 0.1, 64, 127, 2.5, 8, 1, 0}

--- An array of the face with changing values.
local function make(face, dtype, shape, seed)
    local list, n = {}, 1
    for _, size in ipairs(shape) do
        n = n * size
    end
    for i = 1, n do
        list[i] = values[(i * 7 + seed * 5) % #values + 1]
    end
    local x = np.array(list):reshape(shape):astype(dtype)
    return face == torch and torch.from_numpy(x) or x
end

local expressions = {
    {"sum of squares", 2, function(x, y) return x * x + y * y end},
    {"numbers", 2, function(x, y) return (x + 1) * 2 - y / 3 end},
    {"one value used often", 1, function(x) local y = x + x return y * y + y - y end},
    {"functions", 1, function(x) return (torch.exp(-x) + torch.sin(x)):sqrt() end},
    {"comparisons", 2, function(x, y) return torch.logical_and(x:gt(y), x:lt(50)) end},
    {"where", 2, function(x, y) return torch.where(x:gt(y), x, y * 2) end},
    {"maximum", 2, function(x, y) return torch.maximum(torch.minimum(x, y), 3) end},
    {"bits", 2, function(x, y) return torch.bitwise_xor(torch.bitwise_and(x, y), x) end},
    {"bits and a number", 2, function(x, y) return torch.bitwise_xor(torch.bitwise_and(x, y), 5) end, whole = true},
    {"floor division", 2, function(x, y) return torch.floor_divide(x, y + 1) + torch.remainder(x, 3) end},
    {"powers", 1, function(x) return x ^ 2 + x ^ 0.5 end},
    {"rounding", 1, function(x) return torch.round(x / 3) + torch.floor(x) end},
    {"absolute", 1, function(x) return torch.abs(x - 4) end},
    {"composed", 2, function(x, y) return torch.clamp(x, 1, 5) + torch.where(torch.isposinf(y), 1, y) end},
    {"activations", 1, function(x) return torch.relu(x) + torch.silu(x) end, wide = true},
    {"arguments that are not used", 2, function(x) return x * 2 end},
}

describe("fused functions", function()
    for _, row in ipairs(expressions) do
        it("give the bits of the operations one by one: " .. row[1], function()
            local fused = ts.fuse(row[3])
            local good = 0
            for _, face in ipairs {torch, np} do
                for i, a in ipairs(dtypes) do
                    -- 16 bits inside of a nested function that is wide are rounded once more here
                    if not (row.wide and (a == "float16" or a == "bfloat16")) then
                        for k = 1, row[2] == 2 and 4 or 1 do
                            local b = dtypes[(i + k * k * 3 - 4) % #dtypes + 1]
                            local x, y = make(face, a, {3, 5}, i), row[2] == 2 and make(face, b, {3, 5}, k) or nil
                            local what = ("%s of %s and %s"):format(row[1], a, b)
                            if y then
                                good = good + (same(row[3], fused, what, x, y) and 1 or 0)
                            else
                                good = good + (same(row[3], fused, what, x) and 1 or 0)
                            end
                        end
                    end
                end
            end
            if row.whole and not math.type then -- 5 is a float, which has no bits
                assert.equal(0, good)
            else
                assert.is_true(good >= 4)
            end
        end)
    end

    it("broadcast and take views", function()
        local function f(x, y) return (x - y) * 2 + x end
        local g = ts.fuse(f)
        for _, face in ipairs {torch, np} do
            local x = make(face, "float32", {4, 6}, 1)
            local row, column = make(face, "float64", {6}, 2), make(face, "int32", {4, 1}, 3)
            same(f, g, "a row", x, row)
            same(f, g, "a column", column, x)
            same(f, g, "both", column, row)
            same(f, g, "a transpose", x.T, x.T)
            same(f, g, "steps", x["::-1, ::2"], x["::-2, 4:6"][{{1, 2}, {1, 3}}][{1}])
            same(f, g, "shapes that do not match", x, make(face, "float32", {5}, 1))
            same(f, g, "nothing", make(face, "float32", {0, 6}, 1), row)
            same(f, g, "no dimensions", make(face, "float32", {}, 1), make(face, "float64", {}, 2))
            same(f, g, "one of no dimensions", x, make(face, "float64", {}, 2))
            same(f, g, "itself", x, x)
        end
        local long = make(np, "float32", {5000}, 1)
        same(f, g, "more than a block", long, long["::-1"])
        local mixed = g(np.ones(2), torch.ones(2))
        assert.is_true(torch.is_tensor(mixed))
    end)

    it("take numbers, which may change from call to call", function()
        local calls = 0
        local function f(x, k) return x * k + k end
        local g = ts.fuse(function(x, k)
            calls = calls + 1
            return f(x, k)
        end)
        for _, face in ipairs {torch, np} do
            for _, dtype in ipairs {"int8", "int64", "float16", "float32", "float64"} do
                local x = make(face, dtype, {7}, 1)
                for _, k in ipairs {1, 2, 3, 0.5, 1.5, -2.25, true, 100} do
                    same(f, g, ("%s and %s"):format(dtype, tostring(k)), x, k)
                end
            end
        end
        calls = 0
        for k = 1, 100 do
            g(torch.ones(2, {dtype = "float32"}), k + 0.5)
        end
        assert.is_true(calls <= 1)
    end)

    it("keep arrays that they know, and see what is in them now", function()
        local w = torch.tensor({1, 2, 3})
        local g = ts.fuse(function(x) return x * w + w end)
        local x = torch.tensor({1, 1, 2})
        assert.same({2, 4, 9}, g(x):tolist())
        w:fill_(10)
        assert.same({20, 20, 30}, g(x):tolist())
        w = torch.tensor({0, 0, 0}) -- too late: the other one is part of the function
        collectgarbage()
        collectgarbage()
        assert.same({20, 20, 30}, g(x):tolist())
    end)

    it("nest", function()
        local half = ts.fuse(function(x, k) return x / 2 + k end)
        local function f(x, y) return half(x, 1) * half(y, 0.5) + half(x, y) end
        local x, y = make(torch, "float32", {9}, 1), make(torch, "float32", {9}, 2)
        same(f, ts.fuse(f), "nested", x, y)
        local constants = torch.tensor({1, 2, 3})
        local inside = ts.fuse(function(v) return v + half(constants, 1) end) -- computed while it is traced
        assert.same({2.5, 3, 3.5}, inside(torch.tensor({1, 1, 1})):tolist())
        local known = torch.tensor({1, 2, 3}, {dtype = torch.int32})
        local convert = ts.fuse(function(a, b) return a + b:to(torch.float32) end)
        local outer = ts.fuse(function(v) return convert(v, known) end)
        local ones = torch.ones(3)
        assert.same({2, 3, 4}, outer(ones):tolist())
        known:fill_(7)
        assert.same({8, 8, 8}, outer(ones):tolist())
    end)

    it("convert and know the dtypes of their values", function()
        for _, from in ipairs(dtypes) do
            for _, to in ipairs {"int8", "float32", "float64", "bool", "int64", "complex64", "float16"} do
                local function f(x) return (x + x):to(to) end
                same(f, ts.fuse(f), from .. " to " .. to, make(torch, from, {20}, 3))
                local function h(x) return (x + x):astype(to) end
                same(h, ts.fuse(h), from .. " to " .. to, make(np, from, {20}, 3))
            end
        end
        local seen
        ts.fuse(function(x, y)
            seen = (x + y).dtype
            return x + y
        end)(np.ones(2, "int8"), np.ones(2, "float32"))
        assert.equal(np.float32, seen)
    end)

    it("end in a reduction, in the order of the reduction alone", function()
        local kinds = {"sum", "amax", "amin", "any", "all", "prod", "count_nonzero"}
        for _, face in ipairs {torch, np} do
            for _, name in ipairs(kinds) do
                for _, dtype in ipairs {"float32", "float64", "int32", "uint8", "bool", "float16"} do
                    local x, y = make(face, dtype, {37, 40}, 1), make(face, dtype, {40}, 2)
                    local reduce = face[name]
                    for which, options in pairs {all = {}, one = {axis = 1}, last = {axis = -1},
                        two = {axis = {1, 2}}, keep = {axis = 2, keepdims = true}} do
                        local function f(a, b)
                            return next(options) and reduce(a * b + a, options) or reduce(a * b + a)
                        end
                        same(f, ts.fuse(f), ("%s %s of %s"):format(which, name, dtype), x, y)
                    end
                end
            end
        end
        local x = make(torch, "float32", {50, 50}, 1)
        local function mean(v) return (v * v):mean() end
        same(mean, ts.fuse(mean), "mean", x)
        local function transposed(v) return (v + 1):sum(1) end
        same(transposed, ts.fuse(transposed), "columns", x.T)
    end)

    it("make one expression for each combination of dtypes", function()
        local calls = 0
        local g = ts.fuse(function(x, y)
            calls = calls + 1
            return x + y
        end)
        local a, b = torch.ones(3), torch.ones(3, {dtype = "int32"})
        for _ = 1, 5 do
            g(a, a)
            g(a, b)
            g(b, a)
            g(np.ones(3), np.ones(3))
            g(torch.ones(8), torch.ones(1))
        end
        assert.equal(4, calls)
        torch.set_default_dtype(torch.float64)
        g(a, a)
        torch.set_default_dtype(torch.float32)
        assert.equal(5, calls)
    end)

    it("write to out= where where= is true", function()
        local g = ts.fuse(function(x, y) return x * y + 1 end)
        local x, y, out = torch.tensor({1.0, 2, 3}):float(), torch.tensor({4.0, 5, 6}):float(), torch.zeros(3)
        assert.is_true(rawequal(out, g(x, y, {out = out})))
        assert.same({5, 11, 19}, out:tolist())
        out:zero_()
        g(x, y, {out = out, where = torch.tensor({true, false, true})})
        assert.same({5, 0, 19}, out:tolist())
        g(x, y, {out = x})
        assert.same({5, 11, 19}, x:tolist())
        local whole = torch.arange(6):float()
        local copy = whole:clone()
        g(whole:narrow(1, 1, 5), whole:narrow(1, 1, 5), {out = whole:narrow(1, 2, 5)})
        assert.same(g(copy:narrow(1, 1, 5), copy:narrow(1, 1, 5)):tolist(), whole:narrow(1, 2, 5):tolist())
        for _, wrong in ipairs {torch.zeros(4), torch.zeros(3, {dtype = "int32"}), np.zeros(3):readonly()} do
            local before = wrong:tolist()
            assert.has_error(function() g(x, y, {out = wrong}) end)
            assert.same(before, wrong:tolist())
        end
        assert.matches("unknown option", select(2, pcall(g, x, y, {ouf = out})))
    end)

    it("name what cannot be traced", function()
        local x = torch.ones(3)
        local function message(f, ...)
            local ok, err = pcall(ts.fuse(f, {name = "mine"}), ...)
            assert.is_false(ok)
            return err
        end
        assert.matches("add_: .*traced", message(function(v) return v:add_(1) end, x))
        assert.matches("exp: .*traced", message(function(v) return torch.exp(v, {out = x}) end, x))
        assert.matches("relu: .*traced", message(function(v) return torch.relu(v, {out = x}) end, x))
        assert.matches("clamp_: .*traced", message(function(v) return v:clamp_(0, 1) end, x))
        assert.matches("reshape: .*traced", message(function(v) return v:reshape(3, 1) end, x))
        assert.matches("tolist: .*traced", message(function(v) return v:tolist() end, x))
        assert.matches("sqrt: .*reduction is the last step", message(function(v) return v:sum():sqrt() end, x))
        assert.matches("mine: .*nil", message(function() return nil end, x))
        assert.matches("mine: .*does not depend", message(function() return x end, x))
        assert.matches("mine: .*2 values", message(function(v) return v, v end, x))
        assert.matches("mine: .*float32", message(function(v) return torch.bitwise_and(v, 1) end, x))
        local kept
        ts.fuse(function(v)
            kept = v
            return v + 1
        end)(x)
        assert.has_error(function() return kept + 1 end)
        assert.equal("tensor(<traced>)", tostring(kept))
        assert.same({2, 2, 2}, (x + 1):tolist()) -- nothing is left behind
    end)

    it("take polynomials of many numbers", function()
        local function polynomial(degree)
            return function(v)
                local sum = v * 0 + 1 / (degree + 1)
                for i = degree, 1, -1 do
                    sum = sum * v + 1 / i
                end
                return sum
            end
        end
        local x = torch.linspace(-0.5, 0.5, 1003)
        for dtype, degrees in pairs {float32 = {5, 17, 30, 46}, float64 = {17, 46}, float16 = {17}} do
            for _, degree in ipairs(degrees) do
                local f, v = polynomial(degree), x:to(dtype)
                assert.equal(f(v):tobytes(), ts.fuse(f)(v):tobytes())
            end
        end
    end)

    it("refuse what is too long", function()
        local function chain(n)
            return ts.fuse(function(x)
                for i = 1, n do
                    x = torch.sin(x) * (i + 0.5)
                end
                return x
            end)
        end
        local x = torch.ones(3)
        assert.equal("3", tostring(chain(5)(x):numel()))
        for _, n in ipairs {60, 500} do
            local ok, err = pcall(chain(n), x)
            assert.is_false(ok)
            assert.matches("long", err:gsub("more than %d+ operations", "long"))
        end
        local first = ts.fuse(function(...) return (...) end)
        assert.has_error(function() first(x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x) end)
    end)

    it("leave out what their value does not depend on", function()
        local g = ts.fuse(function(x)
            local unused = torch.exp(x)
            for _ = 1, 20 do
                unused = torch.sin(unused)
            end
            return x + (unused.dtype == torch.float32 and 1 or 2)
        end)
        assert.same({2, 3}, g(torch.tensor({1, 2})):tolist())
    end)

    it("are collected with all that they keep", function()
        local function settle()
            ts.trim()
            for _ = 1, 4 do
                collectgarbage()
            end
            return ts.memory().current
        end
        local x = torch.ones(4)
        local before = settle()
        for i = 1, 200 do
            local w = torch.ones(1000)
            local g = ts.fuse(function(v) return v + w:select(1, 1) * i end)
            g(x)
            g(x:double())
        end
        assert.is_true(settle() <= before + 4096)
    end)
end)
