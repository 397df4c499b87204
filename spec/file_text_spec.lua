--- Numbers as text, bare bytes, pictures: what real NumPy reads and writes (spec/oracle/text_cases.py).
local ts = require "tessera"
local torch, np = ts.torch, ts.np

local support = dofile "spec/support/oracle.lua"
local oracle = support.path "text"
local place = os.tmpname()
local compile = loadstring or load -- luacheck: ignore 113

local function read(name)
    local f = assert(io.open(name, "rb"))
    local bytes = f:read("*a")
    f:close()
    return bytes
end

local function hex(x)
    return support.hex(x:tobytes())
end

local function array(dtype, shape, bytes)
    local sizes = {}
    for size in shape:gmatch("%d+") do
        sizes[#sizes + 1] = tonumber(size)
    end
    return np.frombuffer(support.unhex(bytes), {dtype = dtype}):reshape(sizes)
end

local function options(text)
    local made = compile("return " .. text)()
    return next(made) and made or nil
end

local cases = support.kinds "text.txt"

--- NaNs are one: their bits are not what is asked.
local function same(x, dtype, shape, bytes)
    if x.dtype.name ~= dtype or table.concat(x.shape, ",") ~= shape then
        return false
    end
    local y = array(dtype, shape, bytes)
    if x.dtype.kind ~= "f" then
        return hex(x) == bytes
    end
    return np.where(np.isnan(x), 0, x):tobytes() == np.where(np.isnan(y), 0, y):tobytes()
        and np.isnan(x):eq(np.isnan(y)):all():item()
end

describe("text", function()
    it("is read as NumPy reads it", function()
        for _, case in ipairs(cases.load) do
            local x = np.loadtxt(oracle .. "/" .. case[1], options(case[2]))
            assert(same(x, case[3], case[4], case[5]), case[1] .. " " .. case[2] .. ": " .. tostring(x))
        end
        assert.is_true(#cases.load > 20)
    end)

    it("is refused where it is none", function()
        for _, case in ipairs(cases.bad) do
            local fine, message = pcall(np.loadtxt, oracle .. "/" .. case[1], options(case[2]))
            assert.is_false(fine)
            assert(message:find(case[3], 1, true), message)
        end
        for _, bad in ipairs {{delimiter = ""}, {comments = 3}, {usecols = {0}}, {usecols = "x"}, {skiprows = "a"}} do
            assert.is_false((pcall(np.loadtxt, oracle .. "/t2.txt", bad)))
        end
    end)

    it("is written as NumPy writes it", function()
        for _, case in ipairs(cases.save) do
            local x = array(case[3], case[4], case[5])
            np.savetxt(place, x, options(case[2]))
            assert.equal(read(oracle .. "/" .. case[1]), read(place))
            np.savetxt(place, torch.from_numpy(x), options(case[2]))
            assert.equal(read(oracle .. "/" .. case[1]), read(place))
        end
        for _, bad in ipairs {{fmt = "%s"}, {fmt = "%q"}, {fmt = "3"}, {fmt = {"%d", "%d", "%d"}}, {fmt = "%5000d"},
            {delimiter = 1}} do
            assert.is_false((pcall(np.savetxt, place, {{1, 2}}, bad)))
        end
        assert.is_false((pcall(np.savetxt, place, np.zeros({2, 2, 2}))))
        assert.is_false((pcall(np.savetxt, place, np.zeros(2, "complex64"))))
    end)

    it("is read back exactly", function()
        local x = np.array({0.1, 1 / 3, 1e300, 5e-324, -2.5})
        np.savetxt(place, x, {fmt = "%.17g"})
        assert.equal(hex(x), hex(np.loadtxt(place)))
    end)
end)

describe("bare files", function()
    it("are read and written as NumPy does", function()
        for _, case in ipairs(cases.raw) do
            local x = np.fromfile(oracle .. "/" .. case[1], options(case[2]))
            assert(same(x, case[3], case[4], case[5]), case[1] .. " " .. case[2] .. ": " .. tostring(x))
        end
        for _, case in ipairs(cases.out) do
            local x = array(case[3], case[4], case[5])
            x:tofile(place, options(case[2]))
            assert.equal(read(oracle .. "/" .. case[1]), read(place))
            torch.from_numpy(x):tofile(place, options(case[2]))
            assert.equal(read(oracle .. "/" .. case[1]), read(place))
        end
        local x = np.arange(6, {dtype = "int64"}):reshape(2, 3)
        x.T:tofile(place)
        assert.same({0, 3, 1, 4, 2, 5}, np.fromfile(place, "int64"):tolist())
        assert.same({0, 3}, np.fromfile(place, {dtype = "int64", count = 2}):tolist())
        assert.equal(0, np.fromfile(place, {count = 0}).size)
        assert.is_false((pcall(np.fromfile, place, {offset = 1000})))
        assert.is_false((pcall(np.fromfile, place .. "missing")))
    end)
end)

describe("pictures", function()
    it("are arrays height x width x channels", function()
        for _, case in ipairs(cases.png) do
            local x = ts.image.load(oracle .. "/" .. case[1])
            assert.equal(case[2], table.concat(x.shape, ","))
            assert.equal(case[3], hex(x))
            ts.image.save(place, x)
            assert.equal(case[3], hex(ts.image.load(place)))
            ts.image.save(place, torch.from_numpy(np.flip(x, 1)))
            assert.equal(case[3], hex(np.flip(ts.image.load(place), 1)))
        end
        ts.image.save(place, np.arange(6, {dtype = "uint8"}):reshape(2, 3))
        assert.equal("2,3,1", table.concat(ts.image.load(place).shape, ","))
    end)

    it("are refused where they are none", function()
        for _, case in ipairs(cases.badpng) do
            local fine, message = pcall(ts.image.load, oracle .. "/" .. case[1])
            assert(not fine, case[1])
            assert(message:find(case[1], 1, true) and message:find(case[2], 1, true), message)
        end
        for _, x in ipairs {np.zeros({2, 2, 5}, {dtype = "uint8"}), np.zeros({2, 2}), np.zeros(3, {dtype = "uint8"}),
            np.zeros({0, 2}, {dtype = "uint8"})} do
            assert.is_false((pcall(ts.image.save, place, x)))
        end
    end)
end)

teardown(function()
    os.remove(place)

end)
