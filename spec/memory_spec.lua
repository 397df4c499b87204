--- Memory as scripts see it: figures, the collector, deterministic release, iteration, element access.
local ts = require "tessera"
local torch, np = ts.torch, ts.np

local MiB = 2 ^ 20
local unpack = table.unpack or unpack -- luacheck: ignore 113

local function collect()
    collectgarbage()
    collectgarbage()
end

local function message(f, ...)
    local ok, text = pcall(f, ...)
    assert.is_false(ok)
    return text
end

describe("memory", function()
    it("is counted, and back after the collection", function()
        collect()
        local before = ts.memory().current
        local a = np.zeros({1024, 1024})
        assert.is_true(ts.memory().current >= before + 8 * MiB)
        assert.is_true(ts.memory().peak >= before + 8 * MiB)
        local b = a.T
        a = nil -- luacheck: ignore 311
        collect()
        assert.is_true(ts.memory().current >= before + 8 * MiB)
        assert.equal(0, b[{1, 1}])
        b = nil -- luacheck: ignore 311
        collect()
        assert.is_true(ts.memory().current < before + MiB)
        ts.trim()
        assert.equal(0, ts.memory().cached)
    end)

    it("is found by the collector in a loop of dead temporaries", function()
        collect()
        local before, most = ts.memory().current, 0
        for _ = 1, 4000 do
            local t = torch.empty(MiB, {dtype = torch.uint8})
            assert(t)
            most = math.max(most, ts.memory().current)
        end
        assert.is_true(most - before < 64 * MiB, ("%d bytes"):format(most - before))
    end)

    it("of dead temporaries is found before a quota refuses", function()
        collect()
        ts.trim()
        local made = 0
        ts.limit(ts.memory().current + 32 * MiB, function()
            for _ = 1, 4000 do
                local t = torch.empty(MiB, {dtype = torch.uint8})
                made = made + #t
            end
            assert.truthy(message(torch.empty, 33 * MiB, {dtype = torch.uint8}):find("quota", 1, true))
        end)
        assert.equal(4000 * MiB, made)
    end)

    it("is kept for reuse in no more bytes than twice what was ever in use, whatever the sizes", function()
        collect()
        ts.trim()
        local most, kept = ts.memory().peak, 0
        for i = 1, 3000 do
            local size = math.floor(most / 400) * (i % 397) + 1
            torch.empty(size, {dtype = torch.uint8}):release()
            kept = math.max(kept, ts.memory().cached)
        end
        assert.is_true(kept > most, "nothing much was kept")
        assert.is_true(kept <= 2 * ts.memory().peak, ("%d bytes of %d"):format(kept, ts.memory().peak))
    end)

    it("is given back by release(), at once and for this object only", function()
        collect()
        local a = torch.zeros(MiB)
        local before = ts.memory().current
        local view = a:narrow(1, 1, 10)
        a:release()
        assert.truthy(message(function()
            return a[1]
        end):find("released", 1, true))
        assert.truthy(tostring(a):find("released", 1, true))
        assert.truthy(message(a.clone, a):find("released", 1, true))
        a:release()
        assert.equal(0, view[10])
        view:release()
        assert.is_true(ts.memory().current <= before - 4 * MiB)
    end)

    it("is given back at the end of a block by close variables", function()
        local compile = loadstring or load -- luacheck: ignore 113
        if _VERSION < "Lua 5.4" then -- there are none: x:release(), as above
            assert.is_nil(compile("local x <close> = nil"))
            return
        end
        collect()
        local run = assert(compile([[
            local torch, ts = ...
            local inside
            do
                local t <close> = torch.zeros(2 ^ 20)
                inside = ts.memory().current
            end
            return inside - ts.memory().current
        ]]))
        assert.is_true(run(torch, ts) >= 4 * MiB)
    end)

    it("is refused when a size overflows or is too much, and nothing changes", function()
        collect()
        local before = ts.memory().current
        for _, make in ipairs {torch.zeros, torch.empty, torch.ones} do
            assert.truthy(message(make, 2 ^ 40, 2 ^ 40):find("(1099511627776, 1099511627776)", 1, true))
            message(make, 2 ^ 62)
            message(make, 2 ^ 31, 2 ^ 31, 2)
            message(make, -1)
            message(make, 1.5)
        end
        message(np.zeros, {2 ^ 32, 2 ^ 32})
        message(np.arange, 2 ^ 60)
        message(np.eye, 2 ^ 40)
        message(np.ones({3}).resize_ or torch.ones(3).resize_, torch.ones(3), 2 ^ 40, 2 ^ 40)
        collect()
        assert.is_true(ts.memory().current <= before + 4096)
    end)

    it("of a storage is described by the storage", function()
        local a = np.zeros({4, 4})
        local s = a:storage()
        assert.equal(128, s.nbytes)
        assert.equal(128, #s)
        assert.equal("owned", s.kind)
        assert.is_false(s.readonly)
        assert.is_true(s == a.T:storage())
        assert.is_false(s == a:copy():storage())
        assert.is_true(a.T:readonly():storage() == s)
    end)
end)

describe("walking", function()
    it("iter, pairs and # go along the first dimension", function()
        local a = np.array({{1, 2}, {3, 4}, {5, 6}})
        assert.equal(3, #a)
        local seen = {}
        for i, row in a:iter() do
            assert.is_true(row:shares(a))
            seen[i] = row:tolist()
        end
        assert.same({{1, 2}, {3, 4}, {5, 6}}, seen)
        seen = {}
        for i, x in torch.tensor({7, 8}):iter() do
            seen[i] = x
        end
        assert.same({7, 8}, seen)
        for _ in np.zeros({0, 3}):iter() do
            error("an empty array has items")
        end
        if _VERSION >= "Lua 5.2" then
            seen = {}
            for i, row in pairs(a) do
                seen[i] = row:tolist()
            end
            assert.same({{1, 2}, {3, 4}, {5, 6}}, seen)
        else -- Lua 5.1 and LuaJIT take tables alone
            assert.truthy(message(pairs, a):find("table expected", 1, true))
        end
        assert.truthy(message(function()
            return #np.zeros({})
        end):find("0-dimensional", 1, true))
        message(function()
            for _ in np.zeros({}):iter() do
                error("never")
            end
        end)
    end)

    it("writes through items reach the array", function()
        local t = torch.zeros(3, 2)
        for i, row in t:iter() do
            row:fill_(i)
        end
        assert.same({{1, 1}, {2, 2}, {3, 3}}, t:tolist())
    end)
end)

describe("element access", function()
    it("get and set take as many indices as there are dimensions", function()
        local a = np.zeros({2, 3, 4})
        a:set(2, 3, 4, 9)
        a:set(-2, 1, -4, 8)
        assert.equal(9, a:get(2, 3, 4))
        assert.equal(9, a:get(-1, -1, -1))
        assert.equal(8, a[{1, 1, 1}])
        for _, bad in ipairs {{1}, {1, 1}, {1, 1, 1, 1}, {0, 1, 1}, {3, 1, 1}, {1, 4, 1}, {1, 1, -5}, {1.5, 1, 1}} do
            message(a.get, a, unpack(bad))
        end
        assert.truthy(message(a.get, a, 1, 4, 1):find("index 4 is out of range for dimension 2 of size 3", 1, true))
    end)

    it("integers make numbers, fewer make views, select always a view", function()
        local a = np.array({{1, 2}, {3, 4}})
        assert.equal(4, a[{2, 2}])
        assert.equal(3, a[2][1])
        assert.same({1, 2}, a[1]:tolist())
        local zero_d = a:select(1, 2):select(1, 2)
        assert.equal(0, zero_d.ndim)
        zero_d:fill(40)
        assert.equal(40, a[{2, 2}])
        local text = message(function()
            return a[3]
        end)
        assert.truthy(text:find("index 3 is out of range for dimension 1 of size 2", 1, true))
        assert.truthy(text:find("x:iter()", 1, true))
        local c = np.zeros({2}, {dtype = np.complex64})
        assert.equal(0, c[1].ndim)
        assert.is_true(c[1]:shares(c))
    end)

    it("0-dimensional arrays compare with numbers, others refuse and say how", function()
        local x = torch.tensor(2)
        assert.is_true(x < torch.tensor(3))
        assert.is_true(x <= torch.tensor(2))
        assert.is_false(x < torch.tensor(2))
        if _VERSION >= "Lua 5.2" then
            assert.is_true(x < 3 and 1 < x and x <= 2)
            assert.is_false(x < 2)
        else -- Lua 5.1 and LuaJIT ask a metamethod only about two values of one type
            assert.truthy(message(function()
                return x < 3
            end):find("attempt to compare", 1, true))
            assert.is_true(x:item() < 3)
        end
        assert.truthy(message(function()
            return np.ones(3) < np.ones(3)
        end):find("x:lt(y)", 1, true))
    end)
end)
