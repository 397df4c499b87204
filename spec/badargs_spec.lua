--- Bad arguments, generated: every public function, method and property, with every kind of bad value
-- in every position and every option of its good calls (spec/support/calls.lua).
--
-- Whatever comes, nothing crashes; an error is one line, with the position in this file, and the same
-- that ts.last_error() tells; a result is of a documented kind and lies inside its memory; no array
-- has changed after an error, and none after a success but of those functions that are there to
-- change it; and in the end all memory is back. The library runs under a quota, so that sizes that
-- could be meant are errors of memory.
local lender = require "lender"
local support = dofile "spec/support/calls.lua"
local unpack = table.unpack or unpack -- luacheck: ignore 113

local QUOTA, STEPS = 256 * 2 ^ 20, 5e6
local loaded = package.loaded.tessera
local ts = lender.open(QUOTA)
local dtype_type, storage_type = getmetatable(ts.float32), getmetatable(ts.np.zeros(1):storage())

-- what may change an array, and the options that name a place for the result
local writers = {fill = true, fill_ = true, zero_ = true, copy_ = true, copyto = true, resize_ = true,
    set = true, release = true, requires_grad_ = true, cat = true, concat = true, concatenate = true,
    stack = true, vstack = true, hstack = true, dstack = true, column_stack = true, row_stack = true,
    max = true, min = true, sum = true, prod = true, mean = true, cumsum = true, cumprod = true,
    logcumsumexp = true, where = true}
for name in pairs(support.elementwise) do
    writers[name] = true
end
-- whose results hold the memory of lent arrays, which is seen until they are collected
local holders = {to_dlpack = true, __dlpack = true, __array_interface = true}
-- what changes how the library works from then on; undone after each call
local settings = {set_printoptions = true, set_default_dtype = true}
-- what stays out of reach of a count hook: work in C that would never end fails after so many seconds
local HANGS = 600

--- Values that are wrong in most places. Each is made anew for each call, as calls may keep it.
local function bad_values()
    local np, torch, list = ts.np, ts.torch, {}
    local function add(name, make)
        list[#list + 1] = {name = name, make = make}
    end
    local function constant(name, value)
        add(name, function() return value end)
    end
    constant("nil", nil)
    for _, value in ipairs {0, -1, 1.5, 99, 2 ^ 31, 2 ^ 40, 2 ^ 53, 2 ^ 63, -2 ^ 63, 1 / 0, -1 / 0} do
        constant(tostring(value), value)
    end
    constant("nan", 0 / 0)
    constant("max", math.maxinteger or 2 ^ 53)
    constant("min", math.mininteger or -2 ^ 53)
    for _, value in ipairs {true, false, "", "x", "float32", "cpu", ("long "):rep(1000), "a\0b", "%s%n"} do
        constant(("%q"):format(tostring(value):sub(1, 9)), value)
    end
    constant("function", function() return 1 end)
    constant("failing function", function() error({}) end)
    constant("file", io.stderr)
    constant("light userdata", ts.newaxis)
    constant("ellipsis", ts.ellipsis)
    add("thread", function() return coroutine.create(function() end) end)
    for name, text in pairs {empty = "{}", nested = "{{}}", ragged = "{{1, 2}, {3}}",
        ragged_inside = "{{1, {2}}, {3, 4}}",
        words = "{'a', 'b'}", holes = "{1, nil, 3}", zeros = "{0, 0}", minus = "{-1, -1}", small = "{-5, 2}",
        huge = "{2^40, 2^40}", wide = "{2^31}", far = "{99}", half = "{1.5}", mixed = "{1, x = 2}",
        unknown = "{bogus = 1}", false_name = "{[true] = 1}", dtype = "{dtype = 'nope'}",
        dim = "{dim = 99}", axis = "{axis = {1, 1}}", out = "{out = 1}", copy = "{copy = 'nope'}",
        order = "{order = 7}", shape = "{shape = {-3}}"} do
        local make = (loadstring or load)("return " .. text) -- luacheck: ignore 113
        add(name .. " table", make)
    end
    add("cyclic table", function()
        local t = {}
        t[1] = t
        return t
    end)
    add("deep table", function()
        local t = 1
        for _ = 1, 40 do
            t = {t}
        end
        return t
    end)
    add("long table", function()
        local t = {}
        for i = 1, 40 do
            t[i] = 1
        end
        return t
    end)
    add("table that fails", function()
        return setmetatable({}, {__index = function() error("mine") end, __len = function() error("mine") end})
    end)
    add("object with a wrong interface", function()
        return setmetatable({}, {__array_interface = function()
            return {data = ts.newaxis, shape = {2 ^ 62, 8}, typestr = "<f8"}
        end})
    end)
    constant("dtype", ts.int32)
    add("storage", function() return np.zeros(2):storage() end)
    add("empty array", function() return np.zeros(0, 3) end)
    add("empty tensor", function() return torch.zeros(3, 0) end)
    add("released array", function()
        local a = np.zeros(2, 3)
        a:release()
        return a
    end)
    add("released tensor", function()
        local t = torch.zeros(2, 3)
        t:release()
        return t
    end)
    add("revoked array", function()
        local a, revoke = lender.lend("float64", {2, 3}, true)
        revoke()
        return a
    end)
    add("revoked tensor", function()
        local a, revoke = lender.lend("int32", {2, 3}, true)
        local t = ts.torch.from_numpy(a)
        revoke()
        return t
    end)
    add("revoked 0-d", function()
        local a, revoke = lender.lend("float64", {1}, true)
        a = a:reshape({})
        revoke()
        return a
    end)
    add("lent array", function() return (lender.lend("float64", {2, 3}, true)) end)
    add("lent read-only array", function() return (lender.lend("float32", {2, 3}, false)) end)
    add("string array", function() return np.frombuffer(("abcdefgh"):rep(6)):reshape(2, 3) end)
    add("string tensor", function() return torch.frombuffer(("abcdefgh"):rep(6), {dtype = "float64"}):view(2, 3) end)
    add("32 dimensions", function() return np.zeros({1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}) end)
    add("unaligned array", function()
        return np.frombuffer(("x"):rep(49), {dtype = "float64", offset = 1, count = 6}):reshape(2, 3)
    end)
    add("backward array", function() return np.flip(np.zeros(2, 3)) end)
    add("stretched array", function() return np.broadcast_to(np.zeros(1), {2 ^ 13, 2 ^ 12 + 1}) end)
    add("stretched tensor", function() return torch.zeros(1, {dtype = "float64"}):expand(2 ^ 13, 2 ^ 12 + 1) end)
    add("gradient", function() return torch.zeros(2, 3):requires_grad_(true) end)
    for _, dtype in ipairs {"bool", "int8", "uint64", "bfloat16", "complex64"} do
        add(dtype .. " array", function() return np.zeros({2, 3}, {dtype = dtype}) end)
        add(dtype .. " tensor", function() return torch.ones({}, {dtype = dtype}) end)
    end
    return list
end

local function is_kind(value)
    local kind = type(value)
    if kind ~= "userdata" then
        return kind ~= "thread"
    end
    local inside = lender.check(value)
    if inside ~= nil then
        return inside
    end
    local mark = getmetatable(value)
    return mark == dtype_type or mark == storage_type or mark == nil or value == io.stderr or
        mark == "hold" or mark == "dltensor" or mark == "dltensor_versioned" or mark == "file"
end

local function check_result(value, depth)
    if type(value) ~= "table" or depth > 3 then
        return is_kind(value)
    end
    local n = 0
    for _, item in next, value do
        n = n + 1
        if not check_result(item, depth + 1) then
            return false
        end
        if n > 100 then
            break
        end
    end
    return true
end

local kinds = {}
for kind in ("shape dtype index value memory readonly revoked cancelled deadline limit io "
    .. "unsupported busy"):gmatch("%S+") do
    kinds[kind] = true
end

--- What is wrong with an error, or nil. `foreign` errors are those of the values that were given.
local function wrong_error(err)
    if type(err) == "table" or err == nil then
        local given = type(err) == "table" and next(err) == nil -- by the failing function
        return not given and "an error that is no text" or nil
    end
    if type(err) ~= "string" then
        return "an error that is a " .. type(err)
    end
    if err:find("\n", 1, true) then
        return "an error of several lines: " .. err
    end
    if err:match("mine$") then
        return nil
    end
    local where = err:match("^(.-):%d+: ")
    if not where or not (where:find("badargs_spec.lua", 1, true) or where:find("spec/support", 1, true)) then
        return "an error without the position: " .. err
    end
    local last = ts.last_error()
    if not last or not kinds[last.kind] then
        return "an error that last_error() does not know: " .. err
    end
    if err:sub(-#last.message) ~= last.message then
        return ("an error %q, but last_error() says %q"):format(err, last.message)
    end
end

local Checker = {}
Checker.__index = Checker

function Checker:renew(place)
    self.f = support.fixture(ts, place)
    local f = self.f
    self.seen = function()
        return lender.fingerprint(f.v, f.a, f.o, f.m, f.k, f.i, f.z, f.c, f.p, f.b, f.n)
    end
    self.before = self.seen()
end

function Checker:report(place, name, described, what)
    self.reported[name] = (self.reported[name] or 0) + 1
    if self.reported[name] <= 3 then -- the rest is more of the same
        local line = ("%s.%s(%s): %s"):format(place, name, described, what):gsub("\n", "\\n")
        self.failures[#self.failures + 1] = line:sub(1, 300)
    end
end

function Checker:call(place, name, described, f, count, args)
    self.calls = self.calls + 1
    local before = lender.fingerprint(unpack(args, 1, count))
    lender.deadline(HANGS)
    debug.sethook(function() error("runs for ever") end, "", STEPS)
    local results = {pcall(f, unpack(args, 1, count))}
    debug.sethook()
    lender.deadline(nil)
    local ok, err = results[1], results[2]
    if not ok then
        self.errors = self.errors + 1
        local wrong = wrong_error(err)
        if wrong then
            self:report(place, name, described, wrong)
        end
    else
        for i = 2, 4 do
            if not check_result(results[i], 1) then
                self:report(place, name, described, "a strange result: " .. tostring(results[i]))
            end
        end
    end
    if ok and holders[name] then
        results, err = nil, nil -- luacheck: ignore 311
        collectgarbage()
        collectgarbage()
    end
    if not (ok and writers[name]) then
        if lender.fingerprint(unpack(args, 1, count)) ~= before then
            self:report(place, name, described, ok and "changed an argument" or "changed an argument and failed")
        end
        if self.seen() ~= self.before then
            self:report(place, name, described, "changed an array that it was not given")
        end
    end
    if ok and settings[name] then
        self.undo()
    end
    if ok and writers[name] then
        self:renew(place)
    end
end

--- Every good call with each bad value in each position, also one too many, and in each option.
function Checker:generate(place, name, f)
    for which, get in ipairs(support.calls(place, name)) do
        local function good()
            local count = select("#", get(self.f))
            return count, {get(self.f)}
        end
        self:renew(place)
        local count, args = good()
        for cut = 0, count do
            self:call(place, name, ("%d: %d arguments"):format(which, cut), f, cut, args)
            count, args = good()
        end
        for position = 1, count + 1 do
            for _, bad in ipairs(self.bad) do
                local n, given = good()
                given[position] = bad.make()
                self:call(place, name, ("%d: argument %d = %s"):format(which, position, bad.name), f,
                    math.max(n, position), given)
            end
            local options = args[position]
            if type(options) == "table" and #options == 0 then
                for key in pairs(options) do
                    for _, bad in ipairs(self.bad) do
                        local n, given = good()
                        local changed = {[key] = bad.make()}
                        for other, value in pairs(given[position]) do
                            if other ~= key then
                                changed[other] = value
                            end
                        end
                        given[position] = changed
                        self:call(place, name, ("%d: %s = %s"):format(which, key, bad.name), f, n, given)
                    end
                end
            end
        end
    end
end

local function new_checker()
    local checker = setmetatable({calls = 0, errors = 0, failures = {}, reported = {}, bad = bad_values()}, Checker)
    function checker.undo()
        ts.torch.set_default_dtype(ts.float32)
        ts.torch.set_printoptions({profile = "default"})
        ts.np.set_printoptions({precision = 8, threshold = 1000, edgeitems = 3, linewidth = 75,
            suppress = false, nanstr = "nan", infstr = "inf", sign = "-", floatmode = "maxprec"})
    end
    return checker
end

local function settle()
    if rawget(_G, "jit") then
        require "jit".flush() -- compiled traces keep objects alive
    end
    for _ = 1, 4 do
        collectgarbage()
    end
    return select(2, lender.live()), collectgarbage("count")
end

describe("bad arguments", function()
    local checker = new_checker()
    local bytes, kilobytes

    setup(function()
        support.each(ts, function() end) -- load what is loaded on first use
        for _, array in ipairs {ts.np.zeros(1), ts.torch.zeros(1)} do
            assert(tostring(array))
        end
        local alive = {} -- luacheck: ignore 241 (cells of objects are kept: as many as there were at once)
        for i = 1, 60000 do
            alive[i] = ts.np.zeros(1)
        end
        alive = nil -- luacheck: ignore 311
        bytes, kilobytes = settle()
    end)

    teardown(function()
        package.loaded.tessera = loaded
        print(("badargs_spec: %d calls, %d errors"):format(checker.calls, checker.errors))
    end)

    for _, place in ipairs(support.places) do
        it("of everything in " .. place, function()
            support.each(ts, function(where, name, kind, f)
                if where == place and kind ~= "value" then
                    assert(support.calls(place, name),
                        "no call in spec/support/calls.lua: " .. place .. "." .. name)
                    checker:generate(place, name, f)
                end
            end)
            local failures = checker.failures
            checker.failures = {}
            assert.equal("", table.concat(failures, "\n"))
        end)
    end

    it("of indexing and assignment", function()
        for _, place in ipairs {"tensor", "ndarray"} do
            checker:renew(place)
            for _, key in ipairs(checker.bad) do
                writers.index = false
                checker:call(place, "index", key.name, function(array, at)
                    if at == nil then
                        error("mine", 0)
                    end
                    return type(at) ~= "string" and array[at] or nil
                end, 2, {checker.f.a, key.make()})
                checker:call(place, "index", "{" .. key.name .. "}", function(array, at) return array[{at, 1}] end, 2,
                    {checker.f.a, key.make()})
                checker:call(place, "index", "range of " .. key.name, function(array, at)
                    return array[{{1, at, at}}]
                end, 2, {checker.f.a, key.make()})
                writers.assignment = true
                checker:call(place, "assignment", key.name, function(array, value) array[1] = value end, 2,
                    {checker.f.a, key.make()})
                checker:call(place, "assignment", "at " .. key.name, function(array, at)
                    if at == nil or at ~= at then
                        error("mine", 0)
                    end
                    array[at] = 7
                end, 2, {checker.f.a, key.make()})
            end
        end
        assert.equal("", table.concat(checker.failures, "\n"))
    end)

    it("in tens of thousands of calls", function()
        assert.is_true(checker.calls > 20000)
        assert.is_true(checker.errors > 10000 and checker.errors < checker.calls)
    end)

    it("leave no memory behind", function()
        checker.f, checker.seen = nil, nil
        local bytes_after, kilobytes_after = settle()
        assert.equal(bytes, bytes_after)
        assert.is_true(kilobytes_after < kilobytes + 1024, "Lua's memory grew")
    end)
end)
