--- Faults, injected: good calls of every public function (spec/support/calls.lua) while the n-th
-- allocation fails, n = 1, 2, ... until a run injects nothing; for the library's allocator and for
-- Lua's; once (transient) and from then on (persistent).
--
-- Each time the result is the right one, or the error says that memory is short and no array has
-- changed; afterwards the same call gives the right result, and all memory comes back. Whole lives of
-- a state (open, work, close) go through the same.
local lender = require "lender"
local support = dofile "spec/support/calls.lua"
local unpack = table.unpack or unpack

local loaded = package.loaded.tessera
local ts = lender.open(256 * 2 ^ 20)

-- what these tell is different each time
local varies = {memory = true, copies = true, data_ptr = true, last_error = true}
local modes = {{"core", false}, {"core", true}, {"lua", false}, {"lua", true}}
local injected, runs = 0, 0

--- A text that two results share when they are equal.
local function describe_value(value, depth)
    local kind = type(value)
    if kind == "userdata" and lender.check(value) ~= nil then
        local flags = value.ndim .. tostring(value.dtype) .. tostring(value:is_contiguous())
        return tostring(value) .. flags .. describe_value(value.strides, 1)
    elseif kind == "table" and depth > 0 then
        local words, meta = {}, getmetatable(value)
        for key, item in next, value do
            words[#words + 1] = tostring(key) .. "=" .. describe_value(item, depth - 1)
        end
        table.sort(words)
        return (meta and "meta" or "") .. "{" .. table.concat(words, ", ") .. "}"
    elseif kind == "number" then
        return ("%.17g"):format(value)
    elseif kind == "string" or kind == "boolean" or kind == "nil" then
        return kind .. ":" .. tostring(value)
    end
    local mark = kind == "userdata" and getmetatable(value)
    return mark and tostring(value) or kind -- dtypes and storages have texts; pointers differ
end

local function describe_all(first, ...)
    local words = {}
    for i = first, select("#", ...) do
        words[#words + 1] = describe_value((select(i, ...)), 4)
    end
    return table.concat(words, "; ")
end

local function pack(...)
    return {n = select("#", ...), ...}
end

local function seen(f)
    return lender.fingerprint(f.v, f.a, f.o, f.m, f.k, f.i, f.z, f.c, f.p, f.b, f.n)
end

local function says_memory(err)
    if type(err) ~= "string" then
        return false
    end
    if err:find("not enough memory", 1, true) or err:find("stack overflow (", 1, true) then
        return true -- the latter is luaL_checkstack's
    end
    local last = ts.last_error()
    return last ~= nil and last.kind == "memory" and err:sub(-#last.message) == last.message
end

local function settle()
    for _ = 1, 3 do
        collectgarbage()
    end
    return select(2, lender.live())
end

--- One call under one mode; what is wrong, or nil.
local function inject(place, f, get, expected, where, persistent)
    for n = 1, 100000 do
        local fixture = support.fixture(ts, place)
        local args = pack(get(fixture))
        local before = seen(fixture)
        local results = pack(lender.attempt(where, n, persistent, f, unpack(args, 1, args.n)))
        local refused, ok = results[1], results[2]
        injected = injected + refused
        runs = runs + 1
        if ok and expected and describe_all(3, unpack(results, 1, results.n)) ~= expected then
            return ("allocation %d: %s instead of %s"):format(n,
                describe_all(3, unpack(results, 1, results.n)), expected)
        elseif not ok and not says_memory(results[3]) then
            return ("allocation %d: the error %s"):format(n, tostring(results[3]))
        elseif not ok and seen(fixture) ~= before then
            return ("allocation %d: changed an array and failed"):format(n)
        elseif refused == 0 then
            return nil
        end
    end
    return "no end"
end

--- All modes of one call; whether memory is left over.
local function inject_modes(place, name, f, which, get, failures)
    local function once()
        local fixture = support.fixture(ts, place)
        return describe_all(1, f(get(fixture)))
    end
    local expected = not varies[name] and once() or nil
    local before = settle()
    for _, mode in ipairs(modes) do
        local wrong = inject(place, f, get, expected, mode[1], mode[2])
        local what = ("%s.%s (call %d, %s, %s)"):format(place, name, which, mode[1],
            mode[2] and "persistent" or "transient")
        if wrong then
            failures[#failures + 1] = what .. ": " .. wrong
        elseif expected and once() ~= expected then
            failures[#failures + 1] = what .. ": broken afterwards"
        end
    end
    return settle() ~= before
end

--- A leak leaks each time. What is left over once only is what an object held whose finalizer Lua had no
-- memory to call, and dropped: the library lets go of it when it closes.
local function inject_all(place, name, f, failures)
    for which, get in ipairs(support.calls(place, name)) do
        local times = 0
        while times < 3 and inject_modes(place, name, f, which, get, failures) do
            times = times + 1
        end
        if times == 3 then
            failures[#failures + 1] = ("%s.%s: memory leaks"):format(place, name)
        end
    end
end

-- what a state does in its life; uses names of the Lua half, which are then loaded under faults
local life = [[
    local torch, np = require "tessera.torch", require "tessera.numpy"
    local a = np.array {{1, 2, 3}, {4, 5, 6}}
    local t = torch.from_numpy(a)
    local s = np.frombuffer(("x"):rep(64), {dtype = "int16"})
    assert(t:split(2, 2)[2].shape[2] == 1 and #tostring(a) > 10)
    kept = {a, t, s, torch.tile(t, {2, 2})}
]]

--- Has f called as the finalizer of something that dies at once.
local function at_collection(f)
    local proxy = rawget(_G, "newproxy") -- Lua 5.1 and LuaJIT finalize no tables
    if proxy then
        getmetatable(proxy(true)).__gc = f
    else
        setmetatable({}, {__gc = f})
    end
end

local function garbage()
    for _ = 1, 20 do
        at_collection(function() end)
    end
end

describe("finalizers", function()
    -- Any allocation may run them: also one in a function of the library that has the array at hand.
    local function disturb(place, act)
        local fired, calls = 0, 0
        collectgarbage("setpause", 50)
        support.each(ts, function(where, name, kind, f)
            if where ~= place or kind == "value" then
                return
            end
            for _, get in ipairs(support.calls(place, name)) do
                for _ = 1, 3 do
                    local fixture = support.fixture(ts, place)
                    local args = pack(get(fixture))
                    at_collection(function()
                        fired = fired + 1
                        for _, array in pairs(fixture) do
                            pcall(act, array)
                        end
                    end)
                    garbage()
                    calls = calls + 1
                    pcall(f, unpack(args, 1, args.n))
                    args = nil -- luacheck: ignore 311
                end
            end
        end)
        collectgarbage("setpause", 200)
        collectgarbage()
        collectgarbage()
        assert.is_true(fired > calls / 2)
    end

    for _, place in ipairs {"torch", "np", "tensor", "ndarray"} do
        it("may release what a function has at hand: " .. place, function()
            disturb(place, function(array) array:release() end)
        end)

        it("may resize it, also in a coroutine: " .. place, function()
            disturb(place, function(array)
                coroutine.wrap(function()
                    local t = ts.torch.is_tensor(array) and array or ts.torch.from_numpy(array)
                    t:resize_(2, 1, 2)
                    t:release()
                end)()
            end)
        end)
    end

    it("see arrays that are gone as released", function()
        local told
        do
            local array = ts.np.zeros(3)
            local view = array:reshape(3, 1)
            at_collection(function()
                array:release()
                told = {tostring(array), (pcall(function() return array[1] end)), view:get(1, 1)}
                array:release()
            end)
            array:release()
        end
        collectgarbage()
        collectgarbage()
        assert.same({"array(<released>)", false, 0}, {told[1], told[2], told[3] * 0})
    end)

    it("use the module while the interpreter unloads it", function()
        local name = os.tmpname()
        local file = assert(io.open(name, "w"))
        file:write [[
            local early, np = {}
            local function f()
                early[2] = np.zeros(3)
                early[2]:fill(1)
            end
            if rawget(_G, "newproxy") then
                early[1] = newproxy(true)
                getmetatable(early[1]).__gc = f
            else
                early[1] = setmetatable({}, {__gc = f})
            end
            require "lender".open(0)
            np = require "tessera.numpy"
            early[3] = np.zeros(3)
        ]]
        file:close()
        local lua = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d.%d")
        local status = os.execute(lua .. " " .. name .. " > " .. name .. ".out 2>&1")
        local output = assert(io.open(name .. ".out")):read("*a")
        os.remove(name)
        os.remove(name .. ".out")
        assert.equal("", output:match("AddressSanitizer[^\n]*") or "")
        assert.is_true(status == true or status == 0, output)
    end)

    it("run at the end of a state as well", function()
        local refused, err, blocks, bytes = lender.fresh("core", 0, false, [[
            local np = require "tessera.numpy"
            local torch = require "tessera.torch"
            local a, s = np.zeros(3), np.frombuffer(("x"):rep(64))
            local function f()
                assert(tostring(a) and tostring(s))
                pcall(function() a:fill(1) s:tolist() end)
                pcall(tostring, torch.from_numpy(a))
            end
            local proxy = rawget(_G, "newproxy")
            if proxy then
                kept = proxy(true)
                getmetatable(kept).__gc = f
            else
                kept = setmetatable({}, {__gc = f})
            end
        ]])
        assert.same({0, false, 0, 0}, {refused, err, blocks, bytes})
    end)
end)

describe("failing allocations", function()
    local jit = rawget(_G, "jit")

    setup(function()
        if jit then
            jit.off() -- compiled traces of LuaJIT 2.1 themselves do not survive failing allocations
            jit.flush()
        end
        support.each(ts, function(place, name, kind, f) -- load what is loaded on first use
            if kind ~= "value" and support.calls(place, name) then
                f(support.calls(place, name)[1](support.fixture(ts, place)))
            end
        end)
        describe_value(ts.np.zeros(1), 1)
        describe_value(ts.torch.zeros(1), 1)
    end)

    teardown(function()
        package.loaded.tessera = loaded
        if jit then
            jit.on()
        end
        print(("faults_spec: %d failures injected in %d runs"):format(injected, runs))
    end)

    for _, place in ipairs(support.places) do
        it("in everything of " .. place, function()
            local failures, before = {}, injected
            support.each(ts, function(where, name, kind, f)
                if where == place and kind ~= "value" then
                    assert(support.calls(place, name),
                        "no call in spec/support/calls.lua: " .. place .. "." .. name)
                    inject_all(place, name, f, failures)
                end
            end)
            assert.equal("", table.concat(failures, "\n"))
            assert.is_true(injected > before)
        end)
    end

    for _, mode in ipairs(modes) do
        it(("in the life of a state, %s, %s"):format(mode[1], mode[2] and "persistent" or "transient"), function()
            local step, refused, n, total = mode[1] == "lua" and 3 or 1, 1, 1, 0
            while refused > 0 do
                local err, blocks, bytes
                refused, err, blocks, bytes = lender.fresh(mode[1], n, mode[2], life)
                assert.equal(0, blocks)
                assert.equal(0, bytes)
                assert.is_true(not err or err:find("memory", 1, true) ~= nil
                    or err:find("stack overflow (", 1, true) ~= nil, tostring(err))
                assert.is_true(refused > 0 or not err)
                total, n = total + refused, n + step
            end
            injected = injected + total
            assert.is_true(total > 0)
        end)
    end

    it("never, in a thousand lives of a state", function()
        for _ = 1, 1000 do
            local refused, err, blocks, bytes = lender.fresh("core", 0, false, "require 'tessera'")
            assert.is_true(refused == 0 and not err and blocks == 0 and bytes == 0)
        end
    end)
end)
