--- Runs the cases of elementwise operations that a program of spec/oracle has drawn; elementwise_draw.py
-- describes their format. NaN is compared as NaN, whatever its sign and payload; everything else bit for
-- bit, but where a case gives a tolerance.
--
--     local cases = dofile "spec/support/cases.lua" "math"
--     for _, family in ipairs(cases.names) do
--         it(cases.title(family), function() cases.run(family) end)
--     end
local ts = require "tessera"
local torch, np = ts.torch, ts.np

local oracle = dofile "spec/support/oracle.lua"
local hex, split, unhex = oracle.hex, oracle.split, oracle.unhex

-- ---- comparing elements --------------------------------------------------------------------------

local exponents = {float16 = {5, 10}, bfloat16 = {8, 7}, float32 = {8, 23}, float64 = {11, 52}}
local parts = {complex64 = "float32", complex128 = "float64"}

--- The sign, exponent and fraction of a little-endian element.
local function fields(bytes, dtype)
    local size = #bytes
    local fraction_bits = exponents[dtype][2]
    local whole, top = 0, fraction_bits % 8
    for i = size, 1, -1 do
        local byte, place = bytes:byte(i), 8 * (i - 1)
        if place + 8 <= fraction_bits then
            whole = whole * 256 + byte
        elseif place < fraction_bits then
            whole = byte % 2 ^ top
        end
    end
    local high = 0
    for i = size, math.floor(fraction_bits / 8) + 1, -1 do
        high = high * 256 + bytes:byte(i)
    end
    high = math.floor(high / 2 ^ top)
    local limit = 2 ^ exponents[dtype][1]
    return math.floor(high / limit), high % limit, whole
end

--- Whether two floating elements are equal, both NaN, or at most `ulps` apart.
local function near(a, b, dtype, ulps)
    if a == b then
        return true
    end
    local sign_a, exponent_a, fraction_a = fields(a, dtype)
    local sign_b, exponent_b, fraction_b = fields(b, dtype)
    local most, step = 2 ^ exponents[dtype][1] - 1, 2 ^ exponents[dtype][2]
    local nan_a, nan_b = exponent_a == most and fraction_a > 0, exponent_b == most and fraction_b > 0
    if nan_a or nan_b then
        return nan_a and nan_b
    end
    return sign_a == sign_b
        and math.abs((exponent_a - exponent_b) * step + (fraction_a - fraction_b)) <= ulps
end

--- The number that a finite element is.
local function value(bytes, dtype)
    local sign, exponent, fraction = fields(bytes, dtype)
    local bits, bias = exponents[dtype][2], 2 ^ (exponents[dtype][1] - 1) - 1
    local x = (exponent > 0 and 2 ^ bits or 0) + fraction
    exponent = math.max(exponent, 1) - bias - bits
    -- in two steps, since 2^-1074 may come out as 0
    x = x * 2 ^ math.floor(exponent / 2) * 2 ^ (exponent - math.floor(exponent / 2))
    return sign == 1 and -x or x
end

local function is_finite(bytes, dtype)
    local _, exponent = fields(bytes, dtype)
    return exponent < 2 ^ exponents[dtype][1] - 1
end

--- Whether a finite element is at most `steps` of a number of the size of `scale` away.
local function within(a, b, dtype, steps, scale)
    if not is_finite(a, dtype) or not is_finite(b, dtype) then
        return false
    end
    local least = 2 ^ (2 - 2 ^ (exponents[dtype][1] - 1))
    local step = 2 ^ -exponents[dtype][2]
    return math.abs(value(a, dtype) - value(b, dtype)) <= steps * math.max(scale * step, least * step)
end

--- The larger of the finite parts of the complex number around byte i.
local function size_of(bytes, i, size, dtype)
    local first = i - (i - 1) % (2 * size)
    local most = 0
    for j = first, first + size, size do
        local part = bytes:sub(j, j + size - 1)
        most = is_finite(part, dtype) and math.max(most, math.abs(value(part, dtype))) or most
    end
    return most
end

--- What is wrong with the elements, or nil.
local function wrong_element(got, expected, dtype, ulps)
    if got == expected then
        return nil
    end
    local part = parts[dtype] or dtype
    local steps, kind = ulps:match("^(%d+)(%a?)$")
    steps = tonumber(steps)
    local size = np[part].itemsize
    if #got ~= #expected then
        return "another number of elements"
    end
    for i = 1, #got, size do
        local a, b = got:sub(i, i + size - 1), expected:sub(i, i + size - 1)
        local good = a == b or exponents[part] and near(a, b, part, steps)
        if not good and kind == "z" then
            good = within(a, b, part, steps, size_of(expected, i, size, part))
        elseif not good and kind == "u" then
            good = within(a, b, part, steps, 1)
        end
        if not good then
            return ("%s %d of %d is %s, expected %s"):format(part, (i - 1) / size + 1, #got / size, hex(a), hex(b))
        end
    end
end

local function wrong_result(expected, x)
    local dtype, shape, bytes, ulps = expected:match("^(.-)/(.-)/(.-)/(.-)$")
    return oracle.wrong_kind(x, dtype, shape) or wrong_element(x:tobytes(), unhex(bytes), dtype, ulps)
end

-- ---- running cases -------------------------------------------------------------------------------

--- Runs a case; returns what is wrong, or nil.
local function check(source, buffers, expected)
    local lines = split(source, ";;")
    local U = {}
    local environment = {np = np, torch = torch, B = {}, U = U, math = math, assert = assert, rawequal = rawequal}
    for i, buffer in ipairs(buffers) do
        environment.B[i] = unhex(buffer)
    end
    for i, line in ipairs(lines) do
        local u = line:match("^local u(%d+) ")
        lines[i] = u and ("%s; U[%s] = u%s"):format(line, u, u) or line
    end
    local chunk, why = oracle.compile(table.concat(lines, "\n"), environment)
    if expected == "syntax" then
        return chunk and "an operator that this Lua was not to know" or oracle.wrong_error(why, oracle.last_line(lines))
    end
    local results = {pcall(assert(chunk, why))}
    local result_buffer
    if expected == "error" then
        if results[1] then
            return "no error"
        end
        local wrong = oracle.wrong_error(results[2], oracle.last_line(lines))
        if wrong then
            return wrong
        end
    else
        if not results[1] then
            return tostring(results[2])
        end
        local list = split(expected, " ")
        for i, text in ipairs(list) do
            local wrong = wrong_result(text, results[i + 1])
            if wrong then
                return ("result %d: %s"):format(i, wrong)
            end
        end
        result_buffer = results[3]
    end
    for i in ipairs(buffers) do
        local is_result = result_buffer and result_buffer.nbytes > 0 and U[i]:shares(result_buffer)
        if not is_result and U[i]:tobytes() ~= environment.B[i] then
            return ("operand %d was changed"):format(i)
        end
    end
end

--- The cases of build/oracle/NAME.txt.
return function(name)
    local families, names = oracle.families(name .. ".txt")
    local cases = {names = names, total = 0, errors = 0}

    function cases.title(family)
        return ("%s (%d cases)"):format(family, #families[family])
    end

    --- Runs those of a family; raises an error that shows what differs.
    function cases.run(family)
        oracle.run(families[family], function(field)
            local found = check(field[3], split(field[4], ","), field[5])
            cases.total = cases.total + 1
            cases.errors = cases.errors + (field[5] == "error" and 1 or 0)
            return found and ("%s\n%s\n%s"):format((field[3]:gsub(";;", "\n")), found, field[4])
        end)
    end

    return cases
end
