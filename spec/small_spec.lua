--- Small results: they lie in their objects, without a finalizer, until somebody keeps them.
--
-- Whatever is done with one, it behaves as any other array; and what is computed of a small array the short
-- way has the bits that the engine gives, which takes arrays that lie otherwise.
local ts = require "tessera"
local np, torch = ts.np, ts.torch
local collect = collectgarbage

local function small()
    return np.array({1.5, 2.5, -3.5}) + np.array({1, 1, 1})
end

describe("small results", function()
    it("cost no memory of the context until they are kept", function()
        local a = np.ones(3)
        collect() collect()
        local before = ts.memory().current
        local list = {}
        for i = 1, 100 do
            list[i] = a + i
        end
        assert.equal(before, ts.memory().current)
        local views = {}
        for i = 1, 100 do
            views[i] = list[i]["2:3"]
        end
        assert.is_true(ts.memory().current > before)
        for i = 1, 100 do
            assert.equal(i + 1, views[i][1])
        end
        for i = 1, 100 do
            list[i], views[i] = nil, nil
        end
        collect() collect()
        assert.equal(before, ts.memory().current)
    end)

    it("share their memory with views, on both faces, as soon as there are any", function()
        local x = small()
        x[1] = 7
        local t = torch.from_numpy(x)
        local row = x["1:2"]
        t[2] = 9
        x[3] = 4
        assert.same({7, 9, 4}, x:tolist())
        assert.same({7, 9, 4}, t:tolist())
        assert.same({7, 9}, row:tolist())
        assert.is_true(x:shares(t))
        assert.is_true(row:shares(x))
        assert.equal("owned", x:origin().kind)
    end)

    it("count their versions on", function()
        local x = small()
        local before = x._version
        x[1] = 1
        assert.equal(before + 1, x._version)
        np.add(x, x, {out = x})
        assert.equal(before + 2, x._version)
        local y = small()
        y[1], y[2] = 1, 2 -- before anybody asks
        local z = small()
        assert.equal(z._version + 2, y._version)
    end)

    it("are written to with out= and in place", function()
        local x, y = small(), small()
        assert.equal(x, np.multiply(y, y, {out = x}))
        assert.same({6.25, 12.25, 6.25}, x:tolist())
        assert.equal(x, np.where(np.greater(y, 0), y, 0, {out = x}))
        assert.same({2.5, 3.5, 0}, x:tolist())
        local t = torch.tensor({1, 2}) + 1
        assert.equal(t, t:add_(t))
        assert.same({4, 6}, t:tolist())
        local s = np.sum(y)
        assert.equal(s, np.sum(x, {axis = 1, out = s}))
        assert.equal(6, s:item())
    end)

    it("can be released, closed and printed", function()
        local x = small()
        assert.equal("array([ 2.5,  3.5, -2.5])", tostring(x))
        x:release()
        x:release()
        assert.is_false(pcall(function() return x + 1 end))
        assert.is_false(pcall(function() return x[1] end))
        assert.is_false(pcall(function() return x:numpy() end))
    end)

    it("are allocations all the same", function()
        local a, x = np.ones(3), small()
        for _, f in ipairs {function() return a + a end, function() return np.sum(a) end,
            function() return a:astype("int8") end, function() return np.where(a, a, a) end,
            function() return x["1:2"] end} do
            assert.is_false(pcall(ts.no_alloc, f))
            assert.equal("limit", ts.last_error().kind)
        end
        assert.equal(x, ts.no_alloc(function() return np.add(x, x, {out = x}) end))
        assert.is_true(ts.estimate(function() return a + a end) > 0)
    end)

    it("are of the context's memory where that is counted", function()
        local a = np.ones(100)
        local before = ts.memory().current
        local made = ts.limit(before + 100000, function()
            local list = {}
            for i = 1, 50 do
                list[i] = a + a
            end
            local kept = ts.memory().current - before
            assert.is_true(kept >= 50 * 800)
            assert.is_true(pcall(np.sum, a))
            assert.is_false(pcall(function()
                for i = 51, 200 do
                    list[i] = a * 2
                end
            end))
            assert.equal("memory", ts.last_error().kind)
            return list
        end)
        assert.same((a + a):tolist(), made[50]:tolist())
    end)

    it("lie where vectors are read and written whole, whatever their size", function()
        for _, n in ipairs {1, 15, 63, 64, 127, 128, 129, 1000, 1023, 1024, 1025, 2047, 2048, 2049} do
            local a = np.arange(n, {dtype = "float32"})
            local b, kept = a + a, {}
            for i = 1, 20 do
                kept[i] = b * i
            end
            for i = 1, 20 do
                assert.equal(2 * i * (n - 1), kept[i][n])
                assert.same(kept[i]:tolist(), kept[i]["::"]:tolist())
            end
        end
    end)

    it("keep the gradient mark", function()
        local t = torch.ones(2):requires_grad_(true)
        assert.is_true((t * 2).requires_grad)
        assert.is_true(t:sum().requires_grad)
        assert.is_false(t:gt(1).requires_grad)
        local made = t + 1
        assert.is_true(made["1:1"].requires_grad)
    end)

    it("are kept in finalizers, and by them", function()
        local x, seen = small(), {}
        local mark = {__gc = function()
            seen[#seen + 1] = x["1:2"]
            x[1] = x[1] + 1
        end}
        if not rawget(_G, "newproxy") then -- tables have finalizers
            for _ = 1, 50 do
                setmetatable({}, mark)
            end
            collect() collect()
            assert.equal(50, #seen)
            assert.equal(52.5, x[1])
            assert.equal(52.5, seen[1][1])
        end
    end)

    it("resize, and have the same methods as any other", function()
        local t = torch.tensor({1, 2, 3}) * 2
        t:resize_(2, 2)
        assert.same({2, 2}, {t.shape[1], t.shape[2]})
        assert.equal(6, t[2][1])
        local x = small()
        assert.equal(getmetatable(np.zeros(1)), getmetatable(x))
        assert.equal(3, #x)
        assert.is_true(np.isarray(x))
        for i, item in x:iter() do
            assert.equal(x[i], item)
        end
    end)
end)

describe("small arrays", function()
    --- The same numbers in another layout, which the short way does not take.
    local function apart(a)
        local wide = np.zeros({a.shape[1], 2}, {dtype = a.dtype})
        local column = wide[{ {}, 1 }]
        np.copyto(column, a)
        return column
    end

    local function same(expected, given)
        assert.equal(expected.dtype, given.dtype)
        assert.equal(expected:tobytes(), given:tobytes())
    end

    for _, n in ipairs {1, 2, 5, 63, 64, 65, 300, 1000, 4095, 4096, 4097, 9000, 16384} do
        it(("of %d elements have the bits that the engine gives"):format(n), function()
            for _, name in ipairs {"float32", "float64", "int32", "uint8", "bool", "float16", "complex64"} do
                local a = np.sin(np.arange(n) * 0.37 + 0.2) * 100
                a = (name:sub(1, 1) == "u" and np.abs(a) or a):astype(name)
                local b = apart(a)
                for _, f in ipairs {np.sum, np.prod, np.mean, np.max, np.min, np.any, np.all, np.count_nonzero, np.var,
                    np.std} do
                    same(f(b), f(a))
                    same(f(b, {axis = 1, keepdims = true}), f(a, {axis = 1, keepdims = true}))
                end
                if a.dtype.kind ~= "c" then
                    same(np.argmax(b), np.argmax(a))
                    same(np.argmin(b), np.argmin(a))
                end
                local mask = np.greater(np.cos(np.arange(n)), 0)
                same(np.where(apart(mask), b, 1), np.where(mask, a, 1))
                same(np.where(mask, b, b), np.where(mask, a, a))
                if name:find("float") then
                    same(np.clip(b, -20, 30.5), np.clip(a, -20, 30.5))
                elseif name:find("int") then
                    same(np.clip(b, 3, 90), np.clip(a, 3, 90))
                end
                for _, to in ipairs {"float32", "int16", "complex128", "bool"} do
                    same(b:astype(to), a:astype(to))
                end
            end
        end)
    end
end)
