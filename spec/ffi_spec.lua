--- tessera.ffi: views of arrays as cdata of LuaJIT, cdata as arrays, and integers of 64 bits. On a Lua without cdata,
-- that everything there says so.
local loaded = package.loaded.tessera
local lender = require "lender"
local ts = lender.open(256 * 2 ^ 20)
local torch, np = ts.torch, ts.np
local module = require "tessera.ffi"
package.loaded.tessera = loaded
local jit = rawget(_G, "jit")

local function fails(part, f, ...)
    local ok, text = pcall(f, ...)
    assert(not ok, "no error, but this was expected: " .. part)
    assert(text:find(part, 1, true), ("%q does not hold %q"):format(text, part))
end

if not jit then
    describe("tessera.ffi", function()
        it("is there, and needs LuaJIT", function()
            for name, f in pairs(module) do
                fails("needs LuaJIT", f, np.zeros(2))
                assert.equal("unsupported", ts.last_error().kind)
                assert.equal("function", type(f), name)
            end
            fails("from_ffi: needs LuaJIT", np.from_ffi, np.zeros(2), 2)
            fails("from_ffi: needs LuaJIT", torch.from_ffi, np.zeros(2), 2)
            assert.is_function(module.view)
        end)

        it("is where integers beyond 2^53 are numbers; elsewhere they are errors to read", function()
            local x = np.array({2 ^ 53, 2 ^ 62}):astype("int64")
            assert.equal(2 ^ 53, x[1])
            if math.type then
                assert.equal("integer", math.type(x[2]))
            else
                fails("4611686018427387904 is beyond the exact numbers of this Lua", x.get, x, 2)
            end
        end)
    end)
    return
end

local ffi = require "ffi"
local view = module.view

--- What a host of this build prints that runs a script.
local function run(command, script)
    local name = os.tmpname()
    local file = assert(io.open(name, "w"))
    file:write(script)
    file:close()
    local host = ("%s/host/%s/"):format(os.getenv("TSR_BUILD") or "build", os.getenv("TSR_LUA") or "jit")
    local out = assert(io.popen(host .. command:gsub("%$script", name):gsub("%$host/", host)))
    local text = out:read("*a")
    out:close()
    os.remove(name)
    return text
end

describe("a view", function()
    it("is the same memory", function()
        local t = torch.tensor({1, 2, 3, 4})
        local v = view(t)
        assert.equal(4, #v)
        assert.equal(3, v[3])
        assert.equal(4, v[-1])
        v[2] = 20
        assert.equal(20, t[2])
        t[3] = 30
        assert.equal(30, v[3])
        assert.equal(t:data_ptr(), tonumber(ffi.cast("uintptr_t", v.data)))
        assert.equal("view(float32, {4})", tostring(v))
        assert.same({1, "float32", true, false}, {v.ndim, v.dtype, v.writable, v.readonly})
        assert.same({4, 1}, {v:size(1), v:stride(-1)})
    end)

    it("has any layout that is whole elements", function()
        local a = np.arange(24):reshape(2, 3, 4)
        local seen = 0
        for _, x in ipairs {a, a.T, a["::-1, :, ::2"], a["2, ::-1, 2:3"], a[1][2]["::-1"], a["1, 2, 3:4"],
            np.broadcast_to(np.array({7, 8}), {3, 2}), a:transpose({2, 1, 3}), np.zeros({2, 0}), a:reshape(24)["2::5"],
            a:reshape({1, 2, 1, 3, 2, 2}), a:select(1, 2):select(1, 2):select(1, 2)} do
            local v = view(x)
            local index, back = {}, {}
            local function walk(d)
                if d <= x.ndim then
                    for i = 1, x.shape[d] do
                        index[d], back[d] = i, i - x.shape[d] - 1
                        walk(d + 1)
                    end
                    return
                end
                local n = x.ndim
                assert.equal(x:get(unpack(index, 1, n)), v:at(unpack(index, 1, n)))
                assert.equal(x:get(unpack(index, 1, n)), v:at(unpack(back, 1, n)))
                if v.writable then
                    local new = x:get(unpack(index, 1, n)) + 100
                    index[n + 1] = new
                    v:set(unpack(index, 1, n + 1))
                    index[n + 1] = nil
                    assert.equal(new, x:get(unpack(index, 1, n)))
                end
                seen = seen + 1
            end
            assert.equal(x.ndim, v.ndim)
            walk(1)
        end
        assert.equal(24 + 24 + 12 + 6 + 4 + 2 + 6 + 24 + 0 + 5 + 24 + 1, seen)
        local bytes = np.zeros(49, {dtype = "uint8"})
        fails("not aligned to 8 bytes", view, np.frombuffer(bytes, {dtype = "float64", offset = 1, count = 3}))
        fails("stride 6 of dimension 1 is no multiple of the 4 bytes of int32", view,
            np.as_strided(np.frombuffer(bytes, {dtype = "int32", count = 10}), {3}, {6}))
        assert.equal("unsupported", ts.last_error().kind)
    end)

    it("has every dtype", function()
        for name, text in pairs {bool = "bool", uint8 = "uint8_t", int8 = "int8_t", int16 = "int16_t",
            uint16 = "uint16_t", int32 = "int32_t", uint32 = "uint32_t", int64 = "int64_t", uint64 = "uint64_t",
            float32 = "float", float64 = "double"} do
            local x = np.array({1, 0, 100}):astype(name)
            local v = view(x)
            assert.is_true(ffi.istype(text .. " *", v.data + 0))
            assert.equal(name, v.dtype)
            if name == "bool" then
                assert.same({true, false, true}, {v[1], v[2], v[3]})
                v[2] = true
                assert.is_true(x[2])
            else
                assert.is_true(v[3] == 100)
                v[2] = 99
                assert.equal(99, x[2])
            end
        end
        assert.equal("cdata", type(view(np.array({1}):astype("int64"))[1]))
        for _, name in ipairs {"complex64", "complex128"} do
            local x = np.array({1, 2}):astype(name)
            local v = view(x)
            v[2].im = 5
            v[1] = {re = 7, im = 8}
            assert.same({7, 8, 2, 5}, {v[1].re, v[1].im, x.real[2], x.imag[2]})
            fails("constant", function() view(x:readonly())[1].re = 1 end)
        end
    end)

    it("counts from 1, and from the end, and refuses the rest", function()
        local v, w = view(np.zeros(5)), view(np.zeros(2, 3))
        for _, bad in ipairs {0, 6, -6, 1.5, 2 ^ 31, 2 ^ 32 + 1, 1 / 0, 0 / 0} do
            fails("is out of range for dimension 1 of size 5", function() return v[bad] end)
            fails("is out of range for dimension 1 of size 5", function() v[bad] = 1 end)
            fails("is out of range for dimension 2 of size 3", w.at, w, 1, bad == -6 and -4 or bad)
            fails("is out of range for dimension 1 of size 2", w.set, w, bad, 1, 1)
        end
        fails("use v:at() and v:set()", function() return w[1] end)
        fails("use v:at() and v:set()", function() w[1] = 1 end)
        fails("fewer than 2 indices", w.at, w, 1)
        fails("2 indices and values were expected", w.at, w, 1, 1, 1)
        fails("3 indices and values were expected", w.set, w, 1, 1)
        fails("3 indices and values were expected", w.set, w, 1, 1, 1, 1)
        fails("index 2 must be an integer, not string", w.at, w, 1, "1")
        fails("has no field x to set", function() v.x = 1 end)
        fails("has no length", function() return #view(np.array(1)) end)
        fails("out of range for 2 dimensions", w.size, w, 3)
        assert.is_nil(v.x)
        assert.is_false(pcall(function() v.shape[0] = 6 end))
        assert.is_false(pcall(function() v.data = nil end))
    end)

    it("checks indices in compiled loops", function()
        -- The compiler leaves out what it knows of a counter: here it knows wrong things, right ones, and nothing.
        local loop = "local v = ... local s = 0 for i = $range do s = s + $read end return s"
        local n = 300
        local flat, square = view(np.ones(n)), view(np.ones({n, 2}))
        local wide = view(np.as_strided(np.ones(1), {2 ^ 31}, {0}))
        local whole = view(np.ones(n):astype("int32"))
        for _, reader in ipairs {{flat, "v[i]", n}, {whole, "v[i]", n}, {square, "v:at(i, 2)", n},
            {wide, "v[i]", 2 ^ 31}} do
            local v, read, size = reader[1], reader[2], reader[3]
            local function run_over(range)
                jit.flush()
                local parts = {range = range, read = read}
                return pcall(assert(loadstring((loop:gsub("%$(%l+)", parts)))), v)
            end
            for range, sum in pairs {["1, 300"] = 300, ["300, 1, -1"] = 300, ["2, 300, 2"] = 150, ["-300, -1"] = 300,
                ["1.0, 300.0, 1"] = 300, ["1, 300, 0.5"] = false, ["0, 300"] = false, ["-300, 1"] = false,
                ["300, 0, -1"] = false, ["300, -1, -1"] = false, ["-1, -301, -1"] = size > n and 301,
                ["1, 301"] = size > n and 301, ["200, 2e3"] = size > n and 1801,
                ["2^31 - 200, 2^31 + 200"] = false, ["-2^31 - 200, -2^31 + 200"] = false,
                ["2^32 - 200, 2^32 + 200"] = false, ["2^53, 2^53 + 4e2, 2"] = false} do
                local ok, result = run_over(range)
                local right = ok and result == sum
                    or not ok and not sum and result:find("out of range", 1, true)
                assert(right, range .. " of " .. tostring(v) .. ": " .. tostring(result))
            end
        end
    end)

    it("is not written to without the right", function()
        for _, x in ipairs {np.frombuffer("abcdefgh"), np.zeros(1):readonly(), (lender.lend("float64", {1}, false))} do
            local v = view(x)
            local before = v[1]
            assert.is_true(v.readonly)
            fails("assignment: array is read-only", function() v[1] = 7 end)
            fails("set: array is read-only", v.set, v, 1, 7)
            assert.equal("readonly", ts.last_error().kind)
            fails("constant", function() v.data[0] = 7 end)
            assert.equal(before, x[1])
            assert.equal(v, v:check())
        end
    end)

    it("tells by check() that the memory was revoked", function()
        local x, revoke = lender.lend("float64", {4}, true)
        local v = view(x)
        v[1] = 5
        assert.equal(v, v:check())
        revoke() -- a view is no pin, so the host is not refused
        for _ = 1, 2 do
            fails("check: storage was revoked by its host (loan)", v.check, v)
            assert.equal("revoked", ts.last_error().kind)
        end
        fails("revoked", view, x)
        assert.equal("view(float64, {4})", tostring(v))
        assert.equal(4, #v) -- what it is, it knows of itself
    end)

    it("tells by check() that a right was taken away", function()
        local x, take = lender.lend("float64", {4}, true)
        local writer, reader = view(x), view(x:readonly())
        take("read")
        fails("check: array is read-only", writer.check, writer)
        assert.equal("readonly", ts.last_error().kind)
        assert.equal(reader, reader:check())
        assert.is_true(view(x).readonly)
        take("write")
        fails("check: array is write-only", reader.check, reader)
        fails("write-only", view, x)
    end)

    it("keeps its memory, whatever becomes of the array", function()
        local t = torch.arange(1000)
        local v = view(t)
        t:release()
        t = nil -- luacheck: ignore 311
        for _ = 1, 3 do
            collectgarbage()
            torch.zeros(1000):fill_(7)
        end
        assert.equal(999, v[1000])
        local x = torch.zeros(10)
        v = view(x)
        fails("", x.resize_, x, 20)
        assert.equal(0, v[10])
        local before = ts.memory().current
        v = view(np.zeros(2 ^ 20))
        assert.is_true(v[1] == 0 and ts.memory().current > before + 2 ^ 22)
        v, x = nil, nil -- luacheck: ignore 311
        for _ = 1, 4 do
            collectgarbage()
        end
        assert.is_true(ts.memory().current <= before + 4096)
    end)

    it("raises the version when it says that it wrote", function()
        local x = np.zeros(2)
        local v, version = view(x), x._version
        v[1] = 1
        assert.equal(version, x._version)
        v:touch()
        assert.is_true(x._version > version)
    end)

    it("needs the capability for raw pointers", function()
        local script = [[
            local module, np = require "tessera.ffi", require "tessera".np
            print(select(2, pcall(module.view, np.zeros(1))))
            print(select(2, pcall(np.from_ffi, require "ffi".new("double[1]"))))
            return function() end
        ]]
        local picture = os.tmpname()
        local text = run(("picture %s && $host/pixels $script %s %s 2>&1"):format(picture, picture, picture), script)
        os.remove(picture)
        assert.equal(2, select(2, text:gsub("%l[%l_]+: raw pointers are not allowed by the host\n", "")), text)
    end)

    it("is one trace in a loop", function()
        local util = require "jit.util"
        local traces = {}
        local function note(what, number, _, _, _, why)
            if what == "abort" then
                error("trace aborted: " .. tostring(why))
            end
            traces[number] = traces[number] or what == "stop"
        end
        local function sum(v)
            local s = 0
            for i = 1, #v do
                v[i] = v[i] + 1
                s = s + v[i]
            end
            return s
        end
        local function sum2(v)
            local s = 0
            for i = 1, v:size(1) do
                for j = 1, v:size(2) do
                    s = s + v:at(i, j)
                end
            end
            return s
        end
        local v, w = view(np.zeros(5000)), view(np.ones({300, 200}).T)
        assert.equal(0, view(np.zeros(1))[1])
        jit.flush()
        jit.attach(note, "trace")
        local ok, a, b = pcall(function() return sum(v), sum2(w) end)
        jit.attach(note)
        assert(ok, a)
        assert.same({5000, 60000}, {a, b})
        local loops = 0
        for number in pairs(traces) do
            local info = util.traceinfo(number)
            loops = loops + (info and info.linktype == "loop" and 1 or 0)
        end
        assert.is_true(loops >= 2)
    end)
end)

describe("from_ffi", function()
    it("adopts arrays, pointers and structs", function()
        local list = ffi.new("double[6]", 1, 2, 3, 4, 5, 6)
        local t = torch.from_ffi(list, {2, 3})
        assert.is_true(torch.is_tensor(t))
        assert.same({{1, 2, 3}, {4, 5, 6}}, t:tolist())
        t[{2, 3}] = 60
        assert.equal(60, list[5])
        list[0] = 10
        assert.equal(10, t[{1, 1}])
        assert.same({10, 2, 3, 4, 5, 60}, np.from_ffi(list):tolist())
        assert.same({3, 4}, np.from_ffi(ffi.cast("double *", list) + 2, 2):tolist())
        assert.equal("complex128", np.from_ffi(list, 3, "complex128").dtype.name)
        assert.same({7, 8}, np.from_ffi(ffi.new("struct { int32_t a, b; }", 7, 8), 2, np.int32):tolist())
        assert.same({1, 2}, np.from_ffi(ffi.new("uint16_t[?]", 2, 1, 2)):tolist())
        assert.equal("foreign", t:origin().kind)
    end)

    it("leaves const memory alone", function()
        local list = ffi.new("const float[2]", 1, 2)
        for _, x in ipairs {np.from_ffi(list), np.from_ffi(ffi.cast("const float *", list), 2),
            np.from_ffi(ffi.new("float[2]"), {readonly = true})} do
            fails("read-only", x.fill, x, 1)
        end
        assert.equal(1, list[0])
    end)

    it("anchors the cdata", function()
        -- in a process of its own: busted keeps whatever is given to ffi.typeof
        local script = [[
            local np, ffi = require "tessera".np, require "ffi"
            local gone = 0
            local function make()
                return np.from_ffi(ffi.gc(ffi.new("double[4]", 1, 2, 3, 4), function() gone = gone + 1 end))
            end
            local x = make()
            local part = x["2:3"]
            x:release()
            x = nil
            for _ = 1, 3 do collectgarbage() end
            io.write(gone, " ", part[1], " ")
            part = nil
            for _ = 1, 3 do
                collectgarbage()
                np.from_ffi(ffi.new("double[1]"))
            end
            print(gone)
        ]]
        assert.equal("0 2 1\n", run("tessera $script", script))
    end)

    it("refuses what it cannot know", function()
        local list = ffi.new("double[6]")
        fails("has 48 bytes, but 56 are needed", np.from_ffi, list, 7)
        fails("give the shape", np.from_ffi, ffi.cast("double *", list))
        fails("has no dtype", np.from_ffi, ffi.cast("void *", list), 6)
        fails("was expected, not int64_t", np.from_ffi, ffi.new("int64_t", 5), 1)
        fails("was expected, not table", np.from_ffi, {1, 2})
        fails("was expected, not nil", torch.from_ffi)
        fails("negative", np.from_ffi, list, -1)
    end)
end)

describe("elements of 16 bits", function()
    local function same(a, b)
        return a == b and 1 / a == 1 / b or a ~= a and b ~= b
    end

    for name, from in pairs {float16 = module.from_half, bfloat16 = module.from_bfloat16} do
        local to = name == "float16" and module.to_half or module.to_bfloat16
        it("are converted as " .. name .. " is elsewhere", function()
            local patterns = torch.from_numpy(np.arange(65536):astype("uint16"))
            local numbers = patterns:view(torch[name]):to(torch.float64)
            -- LuaJIT takes NaN with other bits for values of other types
            local values = view(torch.where(numbers:isnan(), np.nan, numbers))
            for k = 0, 65535 do
                local x = from(k)
                if not same(x, values[k + 1]) or (x == x and to(x) ~= k) then
                    error(("%d: %s, expected %s, back %s"):format(k, x, values[k + 1], to(x)))
                end
            end
            local n = 100000
            local given = ffi.new("double[?]", n)
            for i = 0, n - 1 do
                local k = math.random(0, 65534)
                local half = (from(k) + from(k + 1)) / 2
                local way = i % 4
                given[i] = way == 0 and half or way == 1 and half * (1 + 2 ^ -52)
                    or way == 2 and half * (1 - 2 ^ -52) or (math.random() - 0.5) * 2 ^ math.random(-140, 140)
            end
            local expected = view(torch.from_ffi(given):to(torch[name]):view(torch.int16):to(torch.int32))
            for i = 0, n - 1 do
                if given[i] == given[i] and to(given[i]) ~= expected[i + 1] % 65536 then
                    error(("%.17g: %d, expected %d"):format(given[i], to(given[i]), expected[i + 1] % 65536))
                end
            end
        end)
    end
end)

describe("integers of 64 bits", function()
    it("are cdata where no number is exact", function()
        local function int64(x) return ffi.new("int64_t", x) end
        local big, huge = int64(2 ^ 53) + 1, ffi.new("uint64_t", -1)
        local x = np.array({big, -big, 2})
        assert.equal("int64", np.array(big).dtype.name)
        assert.is_true(x:astype("int64")[1] == 2 ^ 53) -- tables of cdata and floats are floats
        x = np.zeros(3, {dtype = "int64"})
        x[1], x[2] = big, -big
        assert.is_true(x[1] == big and x[2] == -big and x[3] == 0)
        assert.same({"cdata", "cdata", "number"}, {type(x[1]), type(x[2]), type(x[3])})
        assert.is_true(x:tolist()[2] == -big and x:item(1) == big)
        x:fill(2 ^ 53)
        assert.equal("number", type(x[1]))
        assert.is_true((x + int64(1))[1] == big)
        assert.equal("int64", (x + int64(1)).dtype.name)
        local u = np.array(huge)
        assert.equal("uint64", u.dtype.name)
        assert.is_true(ffi.istype("uint64_t", u:item()) and u:item() == huge)
        fails("300 does not fit uint8", function() np.zeros(2, {dtype = "uint8"})[1] = int64(300) end)
        fails("300 does not fit uint8", np.zeros(2, {dtype = "uint8"}).fill, np.zeros(2, {dtype = "uint8"}), int64(300))
        fails("not cdata", np.add, x, ffi.new("float[2]"))
    end)
end)
