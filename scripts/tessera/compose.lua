--- How elementwise functions are composed of others: a fused function of arrays and numbers, under the
-- name that the script called, with the options that go with it.
--
--     compose.unary(face, operation, {{"alpha", 1}}, f)      f(x, alpha)
--     compose.binary(face, operation, {}, f)                 f(x, y)
--
-- Both return the function and its form in place. The numbers are inputs of the fused function, so that
-- another value makes no other program. Unless `exact` is given, the 16-bit floating dtypes are computed
-- in float32 and rounded once.
--
-- What f does not take it refuses itself, by compose.only: it is called once for each combination of
-- dtypes, with placeholders that know their dtype.
local ts, torch, _, core = ...
local arguments = core.require("arguments")
local fuse, bind, fail, is_array = ts.fuse, core.bind, arguments.fail, arguments.is_array
local unpack = table.unpack

local compose = {}

--- Raises an error unless the dtypes of the arrays are of these kinds.
function compose.only(kinds, operation, ...)
    for i = 1, select("#", ...) do
        local x = select(i, ...)
        if x == nil then
            fail("value", operation, "argument %d must be an array or a number, not nothing", i)
        elseif not kinds:find(x.dtype.kind, 1, true) then
            fail("dtype", operation, "does not take %s operands", x.dtype.name)
        end
    end
end

function compose.cast(x, dtype)
    return torch.is_tensor(x) and x:to(dtype) or x:astype(dtype)
end

--- x and y in the floating dtype that functions of two numbers compute in.
function compose.meet(operation, x, y)
    compose.only("biuf", operation, x, y)
    local dtype = torch.hypot(x, y).dtype -- is never computed, as nothing depends on it
    return compose.cast(x, dtype), compose.cast(y, dtype)
end

--- Whether x is a placeholder, which has no dimensions.
local function is_traced(x)
    return is_array(x) and not pcall(function() return x.ndim end)
end

--- Three tensors, of which those of no dimensions are in the dtype that the three meet in. They count less than
-- the others, so that pairs of them could meet in another. Integers change nothing about a floating one, and stay.
function compose.settled(x, y, z)
    if x.dtype == y.dtype and y.dtype == z.dtype or is_traced(x) or is_traced(y) or is_traced(z) then
        return x, y, z
    end
    local dtype = torch.result_type(x, y, z)
    local floating = ("fc"):find(dtype.kind, 1, true)
    local function settle(a)
        if a.ndim > 0 or a.dtype == dtype or floating and not ("fc"):find(a.dtype.kind, 1, true) then
            return a
        end
        return compose.cast(a, dtype)
    end
    return settle(x), settle(y), settle(z)
end

--- The number that an option is: `otherwise` when it is absent. While a function is traced it may be one
-- of its arguments.
function compose.number(operation, what, x, otherwise)
    if x == nil and otherwise ~= nil then
        return otherwise
    elseif is_traced(x) then
        return x
    elseif is_array(x) and x.ndim == 0 then
        x = x:item()
    end
    if type(x) ~= "number" and type(x) ~= "boolean" then
        fail("value", operation, "%s must be a number, not %s", what, x == nil and "nothing" or type(x))
    end
    return x
end

--- The options of a call into `out`, where `where` is true; nothing when there are none.
function compose.into(out, where)
    if out ~= nil or where ~= nil then
        return {out = out, where = where}
    end
end

local function tensor_only(operation, x)
    if not torch.is_tensor(x) then
        fail("value", operation, "argument 1 must be a tensor, not %s", x == nil and "nothing" or type(x))
    end
end
compose.tensor_only = tensor_only

--- `parameters` are pairs of a name and what it is by default.
local function composed(face, operation, arrays, parameters, f, exact)
    local run = fuse(f, {wide = not exact, name = operation})
    local names, defaults, count = {}, {}, #parameters
    for i = 1, count do
        names[i], defaults[i] = parameters[i][1], parameters[i][2]
    end
    local plain = {unpack(names)}
    names[count + 1], names[count + 2] = "out", "where"

    local function read(given)
        for i = 1, count do
            given[arrays + i] = compose.number(operation, plain[i], given[arrays + i], defaults[i])
        end
    end
    local function call(...)
        local given = {bind(operation, arrays, names, ...)}
        read(given)
        local last = arrays + count + 1
        given[last] = compose.into(given[last], given[last + 1])
        return run(unpack(given, 1, given[last] and last or last - 1))
    end
    local function in_place(x, ...)
        tensor_only(operation .. "_", x)
        local given = {bind(operation .. "_", arrays, plain, x, ...)}
        read(given)
        given[arrays + count + 1] = {out = x}
        return run(unpack(given, 1, arrays + count + 1))
    end
    if arrays == 1 then
        return function(x, ...)
            if not is_array(x) then
                x = arguments.array(operation, face, x)
            end
            if select("#", ...) == 0 then
                return run(x, unpack(defaults, 1, count))
            end
            return call(x, ...)
        end, in_place
    end
    local function operand(v)
        if is_array(v) or type(v) == "number" or type(v) == "boolean" then
            return v
        end
        return arguments.array(operation, face, v)
    end
    return function(x, y, ...)
        x, y = operand(x), operand(y)
        if not (is_array(x) or is_array(y)) then
            x = arguments.array(operation, face, x)
        end
        if select("#", ...) == 0 and count == 0 then
            return run(x, y)
        end
        return call(x, y, ...)
    end, in_place
end

function compose.unary(face, operation, parameters, f, exact)
    return composed(face, operation, 1, parameters, f, exact)
end

function compose.binary(face, operation, parameters, f, exact)
    return composed(face, operation, 2, parameters, f, exact)
end

--- The functions of a table, found in the torch module when they are first used.
function compose.table_of(name, words)
    local names = {}
    for word in words:gmatch("%S+") do
        local here, there = word:match("(.+)=(.+)")
        names[here or word] = there or word
    end
    return setmetatable({}, {
        __index = function(functions, word)
            local found = names[word] and torch[names[word]]
            rawset(functions, word, found)
            return found
        end,
        __tostring = function() return name end,
    })
end

return compose
