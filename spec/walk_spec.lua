--- Operations on large arrays take turns in the direction in which they walk over memory. Whichever it is, of
-- every layout and on any number of threads, results are those of small pieces, which have no direction.
local ts = require "tessera"
local np, torch = ts.np, ts.torch

local PIECE = 1000 -- elements: too few for a direction; the first two shapes take the short way of quick.c
local TURNS = 3

local function values(shape, dtype, seed)
    local n = 1
    for _, size in ipairs(shape) do
        n = n * size
    end
    local x = np.remainder((np.arange(n, {dtype = "float64"}) + seed) * 0.6180339887498949, 1) - 0.375
    if dtype:find "int" then
        x = x * 100
    end
    return x:astype(dtype):reshape(shape)
end

--- f of the arrays, piece by piece of their elements in order.
local function by_pieces(f, shape, ...)
    local flat, made = {}, {}
    for i, x in ipairs {...} do
        flat[i] = np.broadcast_to(x, shape):copy():reshape(-1)
    end
    for from = 1, flat[1].size, PIECE do
        local part = {}
        for i, x in ipairs(flat) do
            part[i] = x[{ {from, math.min(from + PIECE - 1, x.size)} }]
        end
        made[#made + 1] = f((table.unpack or unpack)(part)) -- luacheck: ignore 113
    end
    return np.concatenate(made):reshape(shape)
end

local layouts = {
    plain = function(x) return x end,
    turned = function(x) return np.transpose(x):copy().T end,
    mirrored = function(x) return np.flip(np.flip(x):copy()) end,
    stepped = function(x)
        local shape = {}
        for i = 1, x.ndim do
            shape[i] = x.shape[i]
        end
        shape[#shape] = shape[#shape] * 2
        local wide = np.zeros(shape, {dtype = x.dtype})
        local view = wide["..., ::2"]
        view["..."] = x
        return view
    end,
    swapped_dims = function(x) return x.ndim ~= 3 and x or x:transpose(2, 1, 3):copy():transpose(2, 1, 3) end,
    first_of_rows = function(x) return np.broadcast_to(x["..., :1"], x.shape) end,
}
local names = {}
for name in pairs(layouts) do
    names[#names + 1] = name
end
table.sort(names)

local shapes = {{16000}, {120, 130}, {20000}, {100003}, {300, 401}, {40, 50, 61}, {7, 3000, 5}, {2, 3, 70, 301}}
local dtypes = {"float32", "float64", "uint8", "float16", "int64"}
local operations = {
    add = function(x, y) return x + y end,
    number = function(x) return x * 2 end,
    less = function(x, y) return np.less(x, y) end,
    where = function(x, y) return np.where(np.less(x, y), x, y) end,
    clip = function(x) return np.clip(x, 0, 1) end,
    root = function(x) return np.sqrt(np.abs(x)) end,
    cast = function(x) return x:astype("float64") end,
    fused = ts.fuse(function(x, y) return (x * x + y) * 2 + 1 end),
}

local function same(a, b, text)
    assert(np.array_equal(a, b), text)
end

--- Memory that the next array like this one is likely to get has other values.
local function soil(like)
    local x = np.empty(like.shape, {dtype = like.dtype})
    x:fill(like.dtype.name == "bool" and true or 77)
    x:release()
end

--- The results of two calls of f that begin in opposite directions: between them there are as many walks as two
-- calls make, and one more.
local aside = np.zeros(20000)
local function both_ways(f, expected)
    local function call()
        if expected then
            soil(expected)
        end
        return f()
    end
    local first = call()
    call()
    np.negative(aside, {out = aside})
    return first, call()
end

describe("the direction of a walk", function()
    after_each(function()
        ts.set_threads(1)
    end)

    for name, operation in pairs(operations) do
        it("does not show in " .. name, function()
            for i, shape in ipairs(shapes) do
                for _, dtype in ipairs(dtypes) do
                    local x, y = values(shape, dtype, i), values(shape, dtype, 7 * i)
                    for at, layout in ipairs(names) do
                        local a, b = layouts[layout](x), layouts[names[(at + i) % #names + 1]](y)
                        local expected = by_pieces(operation, shape, a, b)
                        for turn = 1, TURNS do
                            ts.set_threads(turn)
                            local text = ("%s %s, shape %d, turn %d"):format(layout, dtype, i, turn)
                            local first, second = both_ways(function() return operation(a, b) end, expected)
                            same(expected, first, text)
                            same(expected, second, text)
                        end
                    end
                end
            end
        end)
    end

    it("does not show in results that have a place", function()
        for i, shape in ipairs(shapes) do
            local x, y = values(shape, "float32", i), values(shape, "float32", 5 * i)
            local expected = by_pieces(function(a, b) return a + b end, shape, x, y)
            for _, layout in ipairs(names) do
                for turn = 1, layout == "first_of_rows" and 0 or TURNS do
                    ts.set_threads(turn)
                    local out = layouts[layout](np.zeros(shape, {dtype = "float32"}))
                    for _, made in ipairs {both_ways(function()
                        out:fill(77)
                        return np.add(x, y, {out = out}):copy()
                    end)} do
                        same(expected, made, layout)
                    end
                    for _, made in ipairs {both_ways(function()
                        local own = layouts[layout](x:copy())
                        return np.add(own, y, {out = own})
                    end)} do
                        same(expected, made, layout .. " in place")
                    end
                    local doubled = layouts[layout](np.zeros(shape, {dtype = "float64"}))
                    torch.from_numpy(doubled):copy_(torch.from_numpy(layouts[layout](expected)))
                    same(expected:astype("float64"), doubled, layout .. " copied")
                end
            end
        end
    end)

    it("does not show in what overlaps", function()
        for turn = 1, TURNS do
            ts.set_threads(turn)
            local x = values({100000}, "float64", 1)
            local expected = x["2:"] + x[":-2"]
            for _, place in ipairs {"2:", ":-2"} do
                for _, made in ipairs {both_ways(function()
                    local y = x:copy()
                    return np.add(y["2:"], y[":-2"], {out = y[place]})
                end)} do
                    same(expected, made, place)
                end
            end
        end
    end)

    local reductions = {
        function(x) return x:sum() end, function(x) return x:max() end, function(x) return x:min() end,
        function(x) return np.argmax(x) end, function(x) return np.argmin(x) end, function(x) return np.any(x) end,
        function(x) return np.all(x) end, function(x) return x:sum(1) end, function(x) return np.max(x, 1) end,
        function(x) return np.argmax(x, 1) end, function(x) return np.sum(x, -1) end,
        function(x) return np.argmin(x, -1) end,
    }
    local floating = {function(x) return np.var(x) end, function(x) return np.var(x, -1) end}
    for _, reduce in ipairs(reductions) do
        floating[#floating + 1] = reduce
    end

    it("does not show in reductions", function()
        for _, dtype in ipairs {"float32", "float64", "int64", "uint8", "float16"} do
            for _, shape in ipairs {{200000}, {1300001}, {600, 700}, {3, 200000}, {200000, 3}, {90, 80, 70}} do
                local x = values(shape, dtype, 3)
                local first = {}
                for turn = 1, TURNS do
                    ts.set_threads(turn)
                    for k, reduce in ipairs(dtype:find "float" and floating or reductions) do
                        local one, other = both_ways(function() return reduce(x) end)
                        first[k] = first[k] or one
                        same(first[k], one, ("%s %d, turn %d"):format(dtype, k, turn))
                        same(first[k], other, ("%s %d, turn %d"):format(dtype, k, turn))
                    end
                end
            end
        end
    end)

    it("leaves the first of equals the first", function()
        local n = 300000
        for _, dtype in ipairs {"float32", "float64", "int64", "bool"} do
            local same_everywhere = np.ones(n, {dtype = dtype})
            local some = np.zeros(n, {dtype = dtype})
            for _, at in ipairs {70001, 70002, 150000, n} do
                some[at] = dtype == "bool" and true or 1
            end
            for _, case in ipairs {{np.argmax, same_everywhere, 1}, {np.argmax, some, 70001}, {np.argmin, some, 1}} do
                local one, other = both_ways(function() return case[1](case[2]) end)
                assert.equal(case[3], one:item(), dtype)
                assert.equal(case[3], other:item(), dtype)
            end
        end
        local x = values({n}, "float64", 1)
        x[200000], x[99999] = 0 / 0, 0 / 0
        for _, find in ipairs {np.argmax, np.argmin} do
            local one, other = both_ways(function() return find(x) end)
            assert.equal(99999, one:item())
            assert.equal(99999, other:item())
        end
    end)

    it("does not show in softmax of long lines", function()
        for _, dtype in ipairs {"float32", "float64"} do
            for _, shape in ipairs {{131072}, {131073}, {400000}, {2, 200001}} do
                local x = torch.from_numpy(values(shape, dtype, 1) * 20)
                for _, name in ipairs {"softmax", "log_softmax"} do
                    local whole = torch[name](x, #shape)
                    local wide = torch.exp(x:double() - x:double():max())
                    local sums = wide:sum{dim = #shape, keepdim = true}
                    local exact = name == "softmax" and wide / sums
                        or x:double() - x:double():max() - torch.log(sums)
                    local error = ((whole:double() - exact):abs() / (exact:abs() + 1e-300)):max():item()
                    assert(error < (dtype == "float32" and 3e-6 or 1e-14), error)
                    for turn = 1, TURNS do
                        ts.set_threads(turn)
                        local out = torch.empty_like(x)
                        assert(torch.equal(whole, torch[name](x, #shape)))
                        assert(torch.equal(whole, torch[name](x, #shape, {out = out})) and torch.equal(whole, out))
                        out:copy_(x)
                        torch[name](out, #shape, {out = out})
                        assert(torch.equal(whole, out), "in place")
                    end
                    ts.set_threads(1)
                end
            end
        end
    end)
end)
