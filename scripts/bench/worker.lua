-- The Lua side of the benchmark: times pieces of code that bench.py sends, one at a time.
--
-- A line of input is one request, fields separated by tabs, line ends in code written as "\v":
--     load NAME SETUP CODE     compiles CODE, to be repeated, after SETUP; "expr" in the answer's first
--                              field means that the value of CODE is seconds already
--     time NAME COUNT          answers the nanoseconds of processor time of one repetition
--     drop                     forgets everything loaded
-- The collector runs as it does for any script; each timing starts after a full collection, and what
-- the timed code leaves behind is collected at the expense of its own repetitions.
local loaded = {}
local compile = loadstring or load -- luacheck: ignore 113

local template = [[
local ts, torch, np, floor = ...
%s
return function(n, clock)
    local start = clock()
    for i = 1, n do %s end
    return clock() - start
end]]

local summing = [[
local ts, torch, np, floor = ...
%s
return function(n)
    local sum = 0
    for i = 1, n do sum = sum + (%s) end
    return sum
end]]

local function prepare(setup, code)
    local seconds = code:match("^seconds (.*)$")
    local text = (seconds and summing or template):format(setup, seconds or code)
    local ts = require "tessera"
    return assert(compile(text, "=bench"))(ts, ts.torch, ts.np, require "floor")
end

local requests = {
    load = function(name, setup, code)
        loaded[name] = prepare(setup, code)
        return "ok"
    end,
    time = function(name, count)
        collectgarbage()
        collectgarbage()
        local n = tonumber(count)
        return ("%.3f"):format(loaded[name](n, os.clock) / n * 1e9)
    end,
    drop = function()
        loaded = {}
        require("tessera").trim()
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
