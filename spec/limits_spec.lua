-- ts.limit, ts.deadline, ts.no_alloc, ts.estimate, and the figures of ts.memory.
local ts = require "tessera"
local torch, np = ts.torch, ts.np
local unpack = table.unpack or unpack

local function refused(kind, message, ...)
    local ok, err = pcall(...)
    assert.is_false(ok)
    assert.truthy(tostring(err):find(message, 1, true), err)
    assert.same(kind, ts.last_error().kind)
end

local function allocated()
    return ts.memory().allocated
end

describe("ts.limit", function()
    it("makes what needs more a memory error, and holds no longer than the call", function()
        refused("memory", "would exceed the quota of 1048576 bytes", ts.limit, 2 ^ 20, np.zeros, 2 ^ 20)
        assert.same({2 ^ 20}, {np.zeros(2 ^ 20).shape[1]})
        assert.is_nil(ts.memory().quota)
        assert.same({1, nil, 3}, {ts.limit(2 ^ 30, function(...) return ... end, 1, nil, 3)})
        assert.same(2 ^ 30, (ts.limit(2 ^ 30, function() return ts.memory().quota end)))
    end)

    it("tightens only", function()
        ts.limit(2 ^ 24, function()
            assert.same(2 ^ 24, (ts.limit(2 ^ 40, function() return ts.memory().quota end)))
            assert.same(2 ^ 22, (ts.limit(2 ^ 22, function() return ts.memory().quota end)))
            assert.same(2 ^ 24, ts.memory().quota)
        end)
    end)

    it("collects what is dead before it refuses", function()
        collectgarbage()
        ts.limit(ts.memory().current + 4 * 2 ^ 20, function()
            for _ = 1, 400 do
                np.zeros(2 ^ 17) -- 1 MiB
            end
        end)
    end)

    it("counts what is kept for reuse, and gives nothing of it beyond the limit", function()
        local big = np.zeros(2 ^ 20)
        big:release()
        collectgarbage()
        refused("memory", "quota", ts.limit, 2 ^ 20, np.zeros, 2 ^ 20)
    end)

    it("is undone by errors, and refuses nonsense", function()
        assert.is_false(pcall(ts.limit, 2 ^ 20, error, "no"))
        assert.is_nil(ts.memory().quota)
        refused("value", "at least 1 byte", ts.limit, 0, print)
        refused("value", "must be a function", ts.limit, 2 ^ 20, 3)
        local message = select(2, pcall(ts.limit, 2 ^ 20, error, {"a table"}))
        assert.same({"a table"}, message)
    end)
end)

describe("ts.deadline", function()
    it("stops array operations, and holds no longer than the call", function()
        refused("deadline", "the deadline passed", ts.deadline, 0.01, function()
            local x = np.ones(10 ^ 5)
            while true do
                x = x * 1
            end
        end)
        assert.same(2, (np.ones(10 ^ 5) * 2)[1])
        assert.same({1, 2}, {ts.deadline(3600, function(...) return ... end, 1, 2)})
    end)

    it("tightens only", function()
        local x = np.ones(10 ^ 5)
        refused("deadline", "the deadline passed", ts.deadline, 0, ts.deadline, 3600, function() return x + x end)
        ts.deadline(3600, function()
            refused("deadline", "the deadline passed", ts.deadline, 0, function() return x + x end)
            assert.same(2, (x + x)[1]) -- the outer one holds again
        end)
        refused("value", "must not be negative", ts.deadline, -1, print)
        refused("value", "must be a function", ts.deadline, 1, "f")
    end)
end)

describe("ts.no_alloc", function()
    local x, y, z = np.arange(600):reshape(20, 30) + 0.5, np.ones(20, 30), np.empty(20, 30)
    local small = np.ones(3)
    local line, column = np.empty(30), np.empty(20)
    local where, bools = np.ones(20, 30):gt(0), np.empty(20, 30, {dtype = "bool"})
    local whole, floats, at = np.empty({}), np.empty(20, 30, {dtype = "float32"}), np.empty(20, {dtype = "int64"})
    local t, u = torch.from_numpy(x), torch.from_numpy(z)

    it("lets pass what writes into arrays that exist", function()
        local before = allocated()
        ts.no_alloc(function()
            for _ = 1, 3 do
                np.add(x, y, {out = z})
                np.multiply(x, 2, {out = z, where = where})
                np.exp(x, {out = z})
                np.add(x, line, {out = z})
                np.sqrt(x, {out = floats})
                np.lt(x, 3, {out = bools})
                np.copyto(floats, x)
                z:fill(3)
                z[{2, 3}] = 4
                assert(z:get(2, 3) == 4)
                u:add_(1)
                u:mul_(t)
                np.sum(x, {axis = 1, out = line})
                np.sum(x, {axis = 2, out = column})
                np.sum(x, {out = whole})
                np.mean(x, {axis = 1, out = line})
                np.max(x, {axis = 2, out = column})
                np.where(where, x, y, {out = z})
            end
        end)
        assert.same(before, allocated())
        assert.same(np.sum(x):item(), whole:item())
    end)

    it("lets pass what reads and writes small results, which nobody has kept yet", function()
        local ones, row = np.ones(20, 30), np.ones(30)
        local a, b, half, mask = ones + 1, ones * 2, (ones * 3):astype("float32"), ones:gt(0)
        local sums, rows, tensor, sum = row + 1, np.ones(20) + 1, torch.ones(20, 30) + 1, ones:sum()
        local shared = torch.from_numpy(ones)
        ts.no_alloc(function()
            np.multiply(a, 2, {out = b, where = mask})
            np.add(a, sums, {out = b})
            np.sqrt(b, {out = half})
            np.copyto(half, a)
            np.where(mask, a, 1, {out = b})
            np.clip(a, 0, 1, {out = a})
            b:fill(3)
            b[{2, 3}] = 4
            b:set(1, 1, b:get(2, 3) + 1)
            np.sum(b, {axis = 1, out = sums})
            np.max(b, {axis = 2, out = rows})
            np.sum(b, {out = sum})
            tensor:add_(1):mul_(tensor):add_(shared, {alpha = 2}):zero_()
        end)
        assert.same({5, 4, 3}, {b[{1, 1}], b[{2, 3}], b[{3, 3}]})
        assert.same({62, 61, 60}, {sums[1], sums[3], sums[4]})
        assert.same({5, 4, 3}, rows["1:3"]:tolist())
        assert.equal(1803, sum:item())
        assert.equal(0, tensor:sum():item())
        assert.equal(2, half[{1, 1}])
    end)

    it("makes every allocation an error", function()
        for _, f in ipairs{
            function() return x + y end, function() return line["1:3"] end, function() return x:sum() end,
            function() return small + small end, function() return small:astype("int8") end,
            function() return x[1] end, function() return x.T end,
            function() return np.zeros(3) end, function() return x:copy() end, function() return t:numpy() end,
            function() return np.array({1, 2}) end, function() return np.add(x, {1}, {out = z}) end,
            function() return np.cumsum(x, 1) end, function() return torch.softmax(t, 1) end} do
            local before = allocated()
            refused("limit", "where nothing may be allocated", ts.no_alloc, f)
            assert.same(before, allocated())
        end
        assert.same(at.dtype, np.argmax(x, {axis = 2}).dtype) -- allowed again
    end)

    it("passes results and errors on", function()
        assert.same({1, 2}, {ts.no_alloc(function(...) return ... end, 1, 2)})
        assert.same("no", select(2, pcall(ts.no_alloc, error, "no", 0)))
        refused("value", "must be a function", ts.no_alloc, {})
    end)
end)

describe("ts.estimate", function()
    --- Under a quota, so that small results are the context's too.
    local function real(f)
        collectgarbage()
        local before = allocated()
        ts.limit(2 ^ 40, f)
        return allocated() - before
    end

    local x, m, t, q = np.arange(5000) + 0.5, np.ones(300, 400), torch.ones(50, 60, 7), np.ones(90, 90)
    local out, k = np.empty(5000), np.arange(5000):gt(2000)
    local fused = ts.fuse(function(a, b) return (a * b + 1):sqrt() end)
    local calls = {
        function() return np.zeros(123, 45) end, function() return torch.ones(7) end,
        function() return x + x * 2 end, function() return q + q.T end, function() return m[{{2, 5}}]:copy() end,
        function() return np.exp(x, {out = out}) end, function() return x:astype("int8") end,
        function() return m:sum() end, function() return np.sum(m, {axis = 1}) end, function() return np.var(m) end,
        function() return np.mean(m, {axis = 2, keepdims = true}) end,
        function() return t:max(2) end,
        function() return t:argmax() end, function() return np.cumsum(m, 1) end,
        function() return np.where(k, x, 0) end,
        function() return torch.softmax(t, 3) end, function() return torch.softmax(t, 1) end,
        function() return np.concatenate({x, x}) end, function() return np.stack({m, m}, 1) end,
        function() return np.tril(m) end, function() return m:reshape(-1) end, function() return m.T:reshape(-1) end,
        function() return fused(m, m) end, function() return np.arange(10 ^ 5) end, function() return np.eye(50) end,
        function() return np.linspace(0, 1, 777) end, function() return np.pad(m, 2) end,
        function() return np.hypot(m, 1):round() end, function() return torch.cat({t, t}, 2) end,
        function() return np.tile(x, 3) end, function() return np.diff(m) end, function() return t:std(1) end,
    }

    it("tells what a real call allocates", function()
        for i, f in ipairs(calls) do
            f() -- what is made once for all
            local bytes, most = ts.estimate(f)
            local truth = real(f)
            assert.same(truth, bytes, "call " .. i)
            assert(most <= bytes and (bytes == 0 or most > 0), i)
        end
    end)

    it("allocates next to nothing for what no machine could hold", function()
        local bytes, most = ts.estimate(function()
            local a = np.zeros(2 ^ 20, 2 ^ 20)
            return (a + 1):sum()
        end)
        assert(bytes >= 2 * 8 * 2 ^ 40 and bytes < 2 * 8 * 2 ^ 40 + 10 ^ 8 and most <= bytes)
    end)

    it("changes nothing", function()
        local a = np.array({1, 2, 3.5})
        local version, copies = a._version, ts.copies()
        ts.estimate(function()
            a:fill(7)
            a[1] = 8
            a:set(2, 9)
            a["1:2"] = np.ones(2)
            torch.from_numpy(a):add_(1)
            np.exp(a, {out = a})
            np.copyto(a, 0)
            a[{ {} }] = a + 1
        end)
        assert.same({1, 2, 3.5}, a:tolist())
        assert.same(version, a._version)
        assert.same(copies, ts.copies())
    end)

    it("knows no values, then or later", function()
        local kept
        for _, f in ipairs{
            function(v) return v[1] end, function(v) return v:tolist() end, function(v) return v:tobytes() end,
            function(v) return v:sum():item() end,
            function(v) return np["repeat"](v, v:astype("int64")) end} do
            refused("unsupported", "an estimate computes no values", ts.estimate, function()
                kept = np.ones(3)
                return f(kept)
            end)
        end
        assert.same("array(<estimated>)", tostring(kept))
        assert.same("estimated", kept:origin().kind)
        refused("unsupported", "an estimate computes no values", function() return kept + 1 end)
        refused("unsupported", "an estimate computes no values", function() return kept[1] end)
        refused("unsupported", "an estimate computes no values", function() kept:fill(2) end)
    end)

    it("nests, and ends with errors", function()
        local inner
        local one = ts.estimate(np.zeros, 1000)
        local two = ts.estimate(function()
            inner = ts.estimate(np.zeros, 1000)
            return np.zeros(1000)
        end)
        assert.same(one, inner)
        assert.same(2 * one, two)
        assert.is_false(pcall(ts.estimate, error, "no"))
        assert.same(2, (np.ones(3) + 1)[1])
        refused("limit", "where nothing may be allocated", ts.no_alloc, ts.estimate, np.zeros, 3)
        assert.same(one, (ts.estimate(ts.no_alloc, np.zeros, 1000)))
    end)
end)

describe("limits", function()
    it("cannot be yielded across", function()
        if unpack(coroutine and {coroutine.isyieldable} or {}) then
            local co = coroutine.create(function() return ts.limit(2 ^ 20, coroutine.yield) end)
            local ok, err = coroutine.resume(co)
            assert.is_false(ok)
            assert.truthy(err:find("yield"))
            assert.is_nil(ts.memory().quota)
        else
            local co = coroutine.wrap(function() return pcall(ts.limit, 2 ^ 20, coroutine.yield) end)
            assert.is_false((co()))
            assert.is_nil(ts.memory().quota)
        end
    end)
end)
