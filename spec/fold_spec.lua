--- Sums have the same bits at every kernel level, on any number of threads, and computed on the way or
-- before.
--
-- The `tessera` program runs one script at each level that this machine has. For each case the script compares
-- the results on 1, 2 and 3 threads, and of a fused expression with its values summed afterwards, and prints a
-- digest of their bits.
local program = ("%s/host/%s/tessera"):format(os.getenv("TSR_BUILD") or "build", os.getenv("TSR_LUA") or "5.4")

local script = [[
local ts = require "tessera"
local np = ts.np

local function data(shape, dtype)
    local n = 1
    for _, size in ipairs(shape) do
        n = n * size
    end
    local x = np.remainder(np.arange(n, {dtype = "float64"}) * 0.6180339887498949, 1) - 0.4
    if dtype:find "complex" then
        x = np.multiply(x, np.array(1, dtype)) + np.flip(x):reshape(-1)
    end
    return x:astype(dtype):reshape(shape)
end

local layouts = {
    plain = function(x) return x end,
    turned = function(x) return x.T end,
    mirrored = function(x) return np.flip(x) end,
    stepped = function(x) return x["..., ::2"] end,
}
local shapes = {{1}, {63}, {64}, {65}, {4096}, {4097}, {131073}, {300000}, {7, 9}, {33, 70},
    {3, 50000}, {300, 200}, {40, 30, 50}, {10000, 17}}
local squares = ts.fuse(function(x, y) return (x * x + y):sum() end)

--- A number that tells bytes apart, by integer arithmetic.
local function digest(bytes)
    local v = np.frombuffer(bytes, {dtype = "uint8"}):astype("int64")
    return np.sum(v * (np.arange(#bytes) * 7919 % 10007 + 1)):item()
end

local names = {}
for name in pairs(layouts) do
    names[#names + 1] = name
end
table.sort(names)
for _, dtype in ipairs {"float16", "bfloat16", "float32", "float64", "complex64"} do
    for _, shape in ipairs(shapes) do
        for _, layout in ipairs(names) do
            local x = layouts[layout](data(shape, dtype))
            local y = np.array(0.125, dtype)
            local dims = {false, 1, x.ndim > 1 and x.ndim or nil, x.ndim > 2 and {1, 3} or nil}
            local values = x * x + y
            for k = 1, 4 do
                local axis = dims[k] or nil
                if k == 1 or axis then
                    local kept = {}
                    local verdict = "equal"
                    for threads = 1, 3 do
                        ts.set_threads(threads)
                        local made = {
                            np.sum(x, {axis = axis, keepdims = true}), np.mean(x, {axis = axis, keepdims = true}),
                            np.prod(x + 1, {axis = axis, keepdims = true}),
                            np.sum(values, {axis = axis, keepdims = true}),
                            squares(x, y, {axis = axis, keepdims = true}),
                            np.var(x, {axis = axis, keepdims = true}),
                        }
                        for i = 1, #made do
                            made[i] = made[i]:tobytes()
                            kept[i] = kept[i] or made[i]
                            verdict = made[i] == kept[i] and verdict or "threads differ"
                        end
                        verdict = made[4] == made[5] and verdict or "fusing differs"
                    end
                    print(("%s (%s) %s %d: %s, %.0f"):format(dtype, table.concat(shape, ","), layout, k, verdict,
                        digest(table.concat(kept))))
                end
            end
        end
    end
end
]]

local function run(level)
    local name = os.tmpname()
    local file = assert(io.open(name, "w"))
    file:write(script)
    file:close()
    local pipe = assert(io.popen(("TESSERA_ISA=%s %s %s 2>&1"):format(level, program, name)))
    local lines = {}
    for line in pipe:lines() do
        lines[#lines + 1] = line
    end
    pipe:close()
    os.remove(name)
    return lines
end

-- Whole numbers around a large one: the exact variance is known by integer arithmetic. The means of parts are
-- not that of the whole, and those of a few elements not that of their part.
local patterns = {
    drift = function(i) return math.floor(i / 5000) % 7 end,
    ramp = function(i) return math.floor(i / 16) % 512 end,
    channels = function(i) return i % 4 == 3 and 90 or i % 3 end,
    far_apart = function(i) return i % 127 == 63 and 200 or i % 2 end,
    once = function(i) return i == 700 and 1000 or 0 end,
    never = function() return 3 end,
}

describe("the variance of many leaves", function()
    local np = require("tessera").np
    for dtype, case in pairs {float32 = {2^13, 2^-23}, float64 = {2^42, 2^-52}} do
        for name, pattern in pairs(patterns) do
            it(("is exact to the last bits: %s, %s"):format(name, dtype), function()
                local offset, epsilon = case[1], case[2]
                for _, n in ipairs {1000, 1024, 4095, 4097, 20000, 150001} do
                    local list, total, squares = {}, 0, 0
                    for i = 0, n - 1 do
                        local step = pattern(i)
                        list[i + 1] = step
                        total, squares = total + step, squares + step * step
                    end
                    local wanted = (squares - total * total / n) / n
                    local x = (np.array(list, "float64") + offset):astype(dtype)
                    for _, layout in ipairs {x, np.flip(x), np.stack({x, x}, 2)[":, 1"]} do
                        local got = np.var(layout):item()
                        assert.is_true(math.abs(got - wanted) <= 16 * epsilon * wanted,
                            ("%d: %.17g, not %.17g"):format(n, got, wanted))
                    end
                end
            end)
        end
    end
end)

describe("a variance beyond all numbers", function()
    local np = require("tessera").np

    it("is infinite, and that of NaN is NaN, in one leaf and in several", function()
        for _, n in ipairs {3, 2000, 9000} do
            local x = np.remainder(np.arange(n), 3) * 1e200 + 1e200
            assert.equal(math.huge, np.var(x):item())
            x[n] = 0 / 0
            local made = np.var(x):item()
            assert.is_true(made ~= made)
        end
    end)
end)

describe("the bits of sums", function()
    local first = run("base")

    it("are there", function()
        assert.is_true(#first > 400, first[1])
    end)

    it("do not depend on the threads, nor on fusing", function()
        local bad = {}
        for _, line in ipairs(first) do
            if not line:find(": equal, %d+$") then
                bad[#bad + 1] = line
            end
        end
        assert.same({}, bad)
    end)

    for _, level in ipairs {"v2", "v3", "v4"} do
        it("are those of the lowest level at " .. level, function()
            local lines = run(level)
            if #lines <= 2 and lines[1] and lines[1]:find(level, 1, true) then
                return -- this machine has no such level, and says so
            end
            local bad = {}
            for i, line in ipairs(first) do
                if lines[i] ~= line then
                    bad[#bad + 1] = line:match("^(.-):")
                end
            end
            assert.same({}, bad)
            assert.equal(#first, #lines)
        end)
    end
end)
