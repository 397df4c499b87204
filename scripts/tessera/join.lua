--- Joining arrays: the stack family, append, blocks along a diagonal.
--
-- Each brings its arrays to the dimensions that it needs, by views, and then copies once in
-- concatenate or stack.
local _, torch, np, core = ...
local arguments = core.require("arguments")
local define, bind, fail = core.define, core.bind, arguments.fail
local unsqueeze, reshape = torch.unsqueeze, torch.reshape
local grow = core.require("manipulate").grow

local function deepen(list, n)
    local deeper = grow[n]
    for i = 1, #list do
        local x = list[i]
        list[i] = deeper(x, x.ndim)
    end
end

--- concatenate of both faces, under the name of an operation.
local function joiner(operation)
    return {[torch] = core.named(operation, torch.concatenate), [np] = core.named(operation, np.concatenate)}
end

--- The joined arrays, in `out` if that is given, as `dtype` if casting allows.
local function join(operation, concatenate, list, dim, dtype, casting, out)
    if dtype ~= nil then
        for _, x in ipairs(list) do
            if not np.can_cast(x.dtype, dtype, casting or "same_kind") then
                fail("dtype", operation, "%s to %s is not allowed by casting = \"%s\"", tostring(x.dtype),
                    tostring(dtype), casting or "same_kind")
            end
        end
    end
    return concatenate[arguments.face_of(list[1])](list, {axis = dim, dtype = dtype, out = out})
end

--- A function of the stack family: prepare(list) changes the list in place and gives the
-- dimension to join along.
local function stacker(operation, face, prepare)
    local concatenate = joiner(operation)
    local names = face == torch and {"out"} or {"dtype", "casting", "out"}
    return function(list, ...)
        local dtype, casting, out
        if face == torch then
            list, out = bind(operation, 1, names, list, ...)
        else
            list, dtype, casting, out = bind(operation, 1, names, list, ...)
        end
        list = arguments.list(operation, face, list)
        return join(operation, concatenate, list, prepare(list), dtype, casting, out)
    end
end

local function rows(list)
    deepen(list, 2)
    return 1
end

local function side_by_side(list)
    deepen(list, 1)
    return list[1].ndim == 1 and 1 or 2
end

local function layers(list)
    deepen(list, 3)
    return 3
end

local function columns(list)
    for i, x in ipairs(list) do
        local ndim = x.ndim
        list[i] = ndim == 0 and reshape(x, 1, 1) or ndim == 1 and unsqueeze(x, 2) or x
    end
    return 2
end

define("torch.vstack torch.row_stack", "vstack(arrays, {out})",
    "Arrays below each other: along dimension 1, one-dimensional ones as rows.",
    stacker("vstack", torch, rows))
define("np.vstack np.row_stack", "vstack(arrays, {dtype, casting})",
    "Arrays below each other: along dimension 1, one-dimensional ones as rows.", stacker("vstack", np, rows))
define("torch.hstack", "hstack(arrays, {out})",
    "Arrays side by side: along dimension 2, one-dimensional ones along their only one.",
    stacker("hstack", torch, side_by_side))
define("np.hstack", "hstack(arrays, {dtype, casting})",
    "Arrays side by side: along dimension 2, one-dimensional ones along their only one.",
    stacker("hstack", np, side_by_side))
define("torch.dstack", "dstack(arrays, {out})", "Arrays behind each other: along dimension 3.",
    stacker("dstack", torch, layers))
define("np.dstack", "dstack(arrays)", "Arrays behind each other: along dimension 3.",
    stacker("dstack", np, layers))
define("torch.column_stack", "column_stack(arrays, {out})",
    "Arrays side by side: along dimension 2, one-dimensional ones as columns.",
    stacker("column_stack", torch, columns))
define("np.column_stack", "column_stack(arrays)",
    "Arrays side by side: along dimension 2, one-dimensional ones as columns.",
    stacker("column_stack", np, columns))

local append = joiner("append")

define("np.append", "append(x, values, axis)",
    "values after x along an axis; without one, both are flattened.", function(x, ...)
        local values, axis
        x, values, axis = bind("append", 1, {"values", "axis"}, x, ...)
        local list = arguments.list("append", np, {
            arguments.array("append", np, x), arguments.array("append", np, values),
        })
        return join("append", append, list, axis or false)
    end)

define("torch.block_diag", "block_diag(x, y, ...)",
    "A matrix with the matrices along its diagonal and zeros elsewhere.", function(...)
        local list, options = arguments.many("block_diag", true, ...)
        arguments.no_options("block_diag", options)
        list = arguments.list("block_diag", torch, list)
        local height, width, dtype = 0, 0, nil
        deepen(list, 2)
        for _, x in ipairs(list) do
            if x.ndim ~= 2 then
                fail("shape", "block_diag", "takes at most 2 dimensions, a shape is %s",
                    arguments.shape(x.shape))
            end
            local shape = x.shape
            height, width = height + shape[1], width + shape[2]
            dtype = dtype and torch.promote_types(dtype, x.dtype) or x.dtype
        end
        local made = torch.zeros({height, width}, {dtype = dtype})
        local top, left = 1, 1
        for _, x in ipairs(list) do
            local shape = x.shape
            local block = made:narrow(1, top, shape[1]):narrow(2, left, shape[2])
            block:copy_(x)
            top, left = top + shape[1], left + shape[2]
        end
        return made
    end)
