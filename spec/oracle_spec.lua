--- Random array programs: the same results, strides, places and bytes as real NumPy and PyTorch.
--
-- spec/oracle/array_cases.py draws the programs, runs them with the real libraries, and writes
-- them with what must come out; its format and its rules are described in spec/oracle/program.py.
-- Strides and places are compared where they can be observed: not of dimensions of size 1, and not
-- of empty arrays. What makes a copy there makes one here, but for the functions in VIEW_HERE.
local ts = require "tessera"
local torch, np = ts.torch, ts.np
local unpack = table.unpack or unpack -- luacheck: ignore 113

local oracle = dofile "spec/support/oracle.lua"
local hex, split, unhex = oracle.hex, oracle.split, oracle.unhex

local function sizes(text)
    local list = {}
    for n in text:gmatch("-?%d+") do
        list[#list + 1] = tonumber(n)
    end
    return list
end

--- The buffers are the locals u1, u2, ... of the program; it hands them over before it ends.
local function prepare(case)
    local names = {}
    for i in ipairs(case.buffers) do
        names[i] = "u" .. i
    end
    local lines = split(case.source, ";;")
    local handover = "U = {" .. table.concat(names, ", ") .. "}"
    for i, line in ipairs(lines) do
        local u = line:match("^local u(%d+) ")
        if u then
            lines[i] = line .. "; U[" .. u .. "] = u" .. u
        end
    end
    case.last = #lines
    case.text = table.concat(lines, "\n")
    return handover
end

local function entries(list, n)
    assert(#list == n, ("%d entries, expected %d"):format(#list, n))
    return unpack(list, 1, n)
end

local function run(case)
    prepare(case)
    local environment = {np = np, torch = torch, ts = ts, B = {}, U = {}, math = math, unpack = entries}
    for i, buffer in ipairs(case.buffers) do
        environment.B[i] = unhex(buffer)
    end
    local results = {pcall(assert(oracle.compile(case.text, environment)))}
    return results, environment.U
end

local function same_layout(shape, expected, got)
    for i, size in ipairs(shape) do
        if size == 0 then
            return true
        end
        if size > 1 and expected[i] ~= got[i] then
            return false
        end
    end
    return true
end

--- What is wrong with a result, or nil.
local function difference(expected, x, U)
    local dtype, shape, strides, place, bytes = expected:match("^(.-)/(.-)/(.-)/(.-)/(.-)$")
    local wrong = oracle.wrong_kind(x, dtype, shape)
    if wrong then
        return wrong
    end
    local got = hex(x:tobytes())
    if got ~= bytes then
        return ("bytes %s\nexpected  %s"):format(got, bytes)
    end
    if x.nbytes == 0 then
        return nil
    end
    got = x.strides
    if not same_layout(sizes(shape), sizes(strides), got) then
        return ("strides (%s), expected (%s)"):format(table.concat(got, ","), strides)
    end
    local here = "copy"
    for i, u in ipairs(U) do
        if u.nbytes > 0 and x:shares(u) then
            here = ("%d+%d"):format(i, x:data_ptr() - u:data_ptr())
        end
    end
    if here ~= place then
        return ("place %s, expected %s"):format(here, place)
    end
end

--- Whether the program ended because the element that it reads is no exact number of this Lua.
local function beyond(results)
    local digits = tostring(results[2]):match("(%d+) is beyond the %a+")
    return not results[1] and digits ~= nil and (#digits > 16 or #digits == 16 and digits > "9007199254740992")
end

local function check(case)
    local results, U = run(case)
    local text = case.expected:match("^beyond (.*)")
    if text and not rawget(_G, "jit") then -- LuaJIT has int64_t and uint64_t
        return not beyond(results) and tostring(results[2]) or nil
    end
    case.expected = text or case.expected
    if case.expected == "error" then
        if results[1] then
            return "no error"
        end
        local wrong = oracle.wrong_error(results[2], case.last)
        if wrong then
            return wrong
        end
    else
        if not results[1] then
            return tostring(results[2])
        end
        local list = case.expected == "" and {} or split(case.expected, " ")
        if #results ~= #list + 1 then
            return ("%d results, expected %d"):format(#results - 1, #list)
        end
        for i, expected in ipairs(list) do
            local wrong = difference(expected, results[i + 1], U)
            if wrong then
                return ("result %d: %s"):format(i, wrong)
            end
        end
    end
    for i, after in ipairs(case.after) do
        local got = U[i] and hex(U[i]:tobytes())
        if got == "" then
            got = "-"
        end
        if got ~= after then
            return ("buffer %d is %s\nexpected    %s"):format(i, tostring(got), after)
        end
    end
end

local families, names = oracle.families "arrays.txt"

describe("random programs do as the real libraries", function()
    local total, errors = 0, 0

    for _, name in ipairs(names) do
        it(name .. (" (%d programs)"):format(#families[name]), function()
            oracle.run(families[name], function(field)
                local case = {
                    source = field[3], buffers = field[4] == "" and {} or split(field[4], ","),
                    expected = field[5], after = field[4] == "" and {} or split(field[6], ","),
                }
                local what = check(case)
                total = total + 1
                errors = errors + (case.expected == "error" and 1 or 0)
                return what and ("%s\nbuffers: %s\n%s"):format(case.text, field[4], what)
            end)
        end)
    end

    it("covers ten thousand programs", function()
        print(("oracle_spec: %d random programs, %d of them errors"):format(total, errors))
        assert.is_true(total > 10000)
        assert.is_true(errors > 100 and errors < total / 4)
    end)
end)
