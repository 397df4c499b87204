-- The Lua side of the benchmark: times pieces of code that bench.py sends, one at a time.
--
-- A line of input is one request, fields separated by tabs, line ends in code written as "\v":
--     load NAME SETUP CODE     compiles CODE, to be repeated, after SETUP; "seconds" before it means that
--                              the value of CODE is seconds already
--     time NAME COUNT THREADS  answers the nanoseconds of one repetition: of processor time, or by the
--                              wall clock where a number of threads is given
--     threads COUNT            sets the threads of the library
--     level, multiplies        answer the library's level of instructions, and how many one multiplier does
--     drop, forget             forget everything loaded; the data
-- The argument is the folder where data.py writes the values that the pieces ask for.
-- The collector runs as it does for any script; each timing starts after a full collection, and what
-- the timed code leaves behind is collected at the expense of its own repetitions.
local ts = require "tessera"
local floor, limits = require "floor", require "limits"
local folder = arg[1]
local loaded, values_of = {}, {}
local compile = loadstring or load -- luacheck: ignore 113

local template = [[
local ts, torch, np, floor, limits, data = ...
%s
return function(n, clock)
    local start = clock()
    for i = 1, n do %s end
    return clock() - start
end]]

local summing = [[
local ts, torch, np, floor, limits, data = ...
%s
return function(n)
    local sum = 0
    for i = 1, n do sum = sum + (%s) end
    return sum
end]]

-- The first elements of the values, in sizes: a number or a table. Small arrays are made for each row and
-- go with it, since what is alive beside a row counts for the collector; large ones stay until forgotten.
local KEPT = 4000000

local function read(name, dtype, count, kept)
    local file = assert(io.open(folder .. "/" .. name, "rb"))
    local bytes = file:read(kept and "*a" or count * ts.np.dtype(dtype).itemsize)
    file:close()
    return ts.np.frombuffer(bytes, {dtype = dtype}):copy()
end

local function data(values, dtype, sizes)
    local name = values .. "_" .. dtype
    local count = 1
    for _, size in ipairs(type(sizes) == "table" and sizes or {sizes}) do count = count * size end
    local kept = count >= KEPT
    local array = values_of[name] or read(name, dtype, count, kept)
    if kept then values_of[name] = array end
    return array[{ {1, count} }]:reshape(sizes)
end

local function prepare(setup, code)
    local seconds = code:match("^seconds (.*)$")
    local text = (seconds and summing or template):format(setup, seconds or code)
    return assert(compile(text, "=bench"))(ts, ts.torch, ts.np, floor, limits, data)
end

local requests = {
    load = function(name, setup, code)
        loaded[name] = prepare(setup, code)
        return "ok"
    end,
    time = function(name, count, threads)
        collectgarbage()
        collectgarbage()
        local n = tonumber(count)
        if threads ~= "" then ts.set_threads(tonumber(threads)) end
        return ("%.3f"):format(loaded[name](n, threads ~= "" and limits.wall or os.clock) / n * 1e9)
    end,
    threads = function(count)
        ts.set_threads(tonumber(count))
        return "ok"
    end,
    level = function() return ts.isa() end,
    multiplies = function() return ("%d"):format((select(2, limits.multiplier()))) end,
    drop = function()
        loaded = {}
        collectgarbage()
        ts.trim()
        return "ok"
    end,
    forget = function()
        values_of = {}
        collectgarbage()
        ts.trim()
        return "ok"
    end,
}

io.stdout:setvbuf("line")
for line in io.lines() do
    local fields = {}
    for field in (line .. "\t"):gmatch("([^\t]*)\t") do
        fields[#fields + 1] = (field:gsub("\v", "\n"))
    end
    local fine, answer = pcall(requests[fields[1]], fields[2], fields[3], fields[4])
    print(fine and answer or "error " .. tostring(answer):gsub("\n", " "))
end
