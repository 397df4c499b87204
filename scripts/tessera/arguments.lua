--- Reading arguments in the Lua half: arrays, lists of arrays, dimensions, integers.
--
-- Parameters by position or by name are read by core.bind(operation, skip, names, ...), the same
-- code that C functions use. What is here turns its results into values that can be worked with, and
-- raises errors in the name of the operation that the script called. A table of plain values is
-- array data wherever an array may stand.
local _, torch, np, core = ...
local is_tensor, is_ndarray = torch.is_tensor, np.isarray
local floor, abs = math.floor, math.abs

local arguments = {}

--- Raises an error of the kind that ts.last_error() tells; the rest is for string.format.
local function fail(kind, operation, message, ...)
    core.raise(kind, operation, message:format(...))
end
arguments.fail = fail

function arguments.is_array(x)
    return is_tensor(x) or is_ndarray(x)
end

--- The face whose functions make arrays of the kind of x.
function arguments.face_of(x)
    return is_tensor(x) and torch or np
end

local values = {table = true, number = true, boolean = true}

--- x itself when it is an array, else an array of `face` that holds the values of x.
function arguments.array(operation, face, x)
    if is_tensor(x) or is_ndarray(x) then
        return x
    elseif not values[type(x)] then
        fail("value", operation, "an array was expected, not %s", x == nil and "nothing" or type(x))
    end
    return face.asarray(x)
end

--- Arrays of one face out of the table or array `list`, in a new table: tensors when one of them is
-- one. An array stands for its items along the first dimension.
function arguments.list(operation, face, list)
    if is_tensor(list) or is_ndarray(list) then
        list = torch.unbind(list)
    elseif type(list) ~= "table" then
        fail("value", operation, "a table of arrays was expected, not %s",
            list == nil and "nothing" or type(list))
    end
    if #list == 0 then
        fail("value", operation, "needs at least one array")
    end
    local made = {}
    for i = 1, #list do
        if is_tensor(list[i]) then
            face = torch
        end
    end
    for i = 1, #list do
        local x = list[i]
        if not (is_tensor(x) or (is_ndarray(x) and face == np)) then
            x = face.asarray(arguments.array(operation, face, x))
        end
        made[i] = x
    end
    return made
end

local function is_options(x)
    return type(x) == "table" and #x == 0 and type(next(x)) == "string"
end

--- The arguments of a function of any number of arrays, and the options table at their end. One table
-- alone is the list of arrays if its first entry is an array; with `nested`, also if it is a table.
function arguments.many(operation, nested, ...)
    local given, count = {...}, 0
    for i in pairs(given) do
        count = i > count and i or count
    end
    local options = given[count]
    if is_options(options) then
        given[count] = nil
        count = count - 1
    else
        options = nil
    end
    local only = count == 1 and given[1]
    if type(only) == "table" and (arguments.is_array(only[1]) or nested and type(only[1]) == "table") then
        return only, options
    end
    for i = 1, count do
        if given[i] == nil then
            fail("value", operation, "argument %d must be an array, not nil", i)
        end
    end
    return given, options
end

--- For functions without options that arguments.many read one for.
function arguments.no_options(operation, options)
    if options then
        core.bind(operation, 0, {}, options)
    end
end

--- An integer; `otherwise` when it is absent. `what` names it in messages.
function arguments.integer(operation, what, x, otherwise)
    if x == nil and otherwise ~= nil then
        return otherwise
    elseif type(x) ~= "number" or x ~= floor(x) or x > 2 ^ 53 or x < -2 ^ 53 then
        fail("value", operation, "%s must be an integer, not %s", what,
            type(x) == "number" and tostring(x) or x == nil and "nothing" or type(x))
    end
    return x
end

--- A boolean; `otherwise` when it is absent.
function arguments.boolean(operation, what, x, otherwise)
    if x == nil then
        return otherwise
    elseif type(x) ~= "boolean" then
        fail("value", operation, "%s must be true or false, not %s", what, type(x))
    end
    return x
end

--- A table of integers out of an integer, a table or an integer array of at most one dimension.
function arguments.integers(operation, what, x)
    if arguments.is_array(x) then
        x = x:tolist()
    end
    if type(x) == "number" then
        x = {x}
    elseif type(x) ~= "table" then
        fail("value", operation, "%s must be an integer or a table of integers, not %s", what,
            x == nil and "nothing" or type(x))
    end
    for i = 1, #x do
        arguments.integer(operation, what, x[i])
    end
    return x
end

--- Dimension `dim` of `ndim` as a positive number; `otherwise` when it is absent.
function arguments.dim(operation, dim, ndim, otherwise)
    dim = arguments.integer(operation, "a dimension", dim, otherwise)
    if dim == 0 or abs(dim) > ndim then
        fail("index", operation, "dimension %s is out of range for %d dimensions (they start at 1)",
            tostring(dim), ndim)
    end
    return dim > 0 and dim or dim + ndim + 1
end

--- A table of different dimensions out of a number or a table.
function arguments.dims(operation, dims, ndim)
    local made, seen = {}, {}
    for i, dim in ipairs(arguments.integers(operation, "a dimension", dims)) do
        made[i] = arguments.dim(operation, dim, ndim)
        if seen[made[i]] then
            fail("value", operation, "dimension %s is given twice", tostring(dim))
        end
        seen[made[i]] = true
    end
    return made
end

--- A shape as messages write it.
function arguments.shape(sizes)
    local words = {}
    for i = 1, #sizes do
        words[i] = tostring(sizes[i])
    end
    return "(" .. table.concat(words, ", ") .. (#words == 1 and ",)" or ")")
end

--- Several shapes, as messages write them.
function arguments.shapes(shapes)
    local words = {}
    for i = 1, #shapes do
        words[i] = arguments.shape(shapes[i])
    end
    return table.concat(words, ", ")
end

return arguments
