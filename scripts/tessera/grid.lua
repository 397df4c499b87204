--- Coordinates of a grid: meshgrid, indices, fromfunction.
--
-- Index arrays count from 1, as all indices do in scripts: np.indices({2, 2})[1] is {{1, 1}, {2, 2}}.
local _, torch, np, core = ...
local arguments = core.require("arguments")
local define, bind, fail = core.define, core.bind, arguments.fail
local unpack = table.unpack
local expand, assign = core.t.expand, core.t.copy_

--- x as the values along dimension d of `ndim` dimensions.
local function along(x, d, ndim)
    local shape = {}
    for i = 1, ndim do
        shape[i] = i == d and -1 or 1
    end
    return x:reshape(shape)
end

local function orders(indexing, otherwise)
    if indexing == nil then
        return otherwise
    elseif indexing ~= "xy" and indexing ~= "ij" then
        fail("value", "meshgrid", "indexing must be \"xy\" or \"ij\", not %s", tostring(indexing))
    end
    return indexing
end

--- The lists laid along one dimension each, and the shape of their grid. With "xy" the first runs
-- along dimension 2 and the second along dimension 1.
local function axes(list, indexing)
    local made, sizes = {}, {}
    for i, x in ipairs(list) do
        local d = i
        if indexing == "xy" and i <= 2 and #list >= 2 then
            d = 3 - i
        end
        made[i] = along(x, d, #list)
        sizes[d] = made[i].shape[d]
    end
    return made, sizes
end

define("torch.meshgrid", "meshgrid(x, y, ..., {indexing = \"ij\"})",
    "Table of the coordinates of a grid, one tensor for each list of positions: views.", function(...)
        local list, options = arguments.many("meshgrid", true, ...)
        local indexing = options and bind("meshgrid", 0, {"indexing"}, options)
        list = arguments.list("meshgrid", torch, list)
        for _, x in ipairs(list) do
            if x.ndim > 1 then
                fail("shape", "meshgrid", "takes at most 1 dimension, a shape is %s",
                    arguments.shape(x.shape))
            elseif x.dtype ~= list[1].dtype then
                fail("dtype", "meshgrid", "all dtypes must be equal: %s and %s", tostring(list[1].dtype),
                    tostring(x.dtype))
            end
        end
        local made, sizes = axes(list, orders(indexing, "ij"))
        for i, x in ipairs(made) do
            made[i] = expand(x, sizes)
        end
        return made
    end)

define("np.meshgrid", "meshgrid(x, y, ..., {indexing = \"xy\", sparse = false, copy = true})",
    "Table of the coordinates of a grid, one ndarray for each list of positions.", function(...)
        local list, options = arguments.many("meshgrid", true, ...)
        local indexing, sparse, copy
        if options then
            indexing, sparse, copy = bind("meshgrid", 0, {"indexing", "sparse", "copy"}, options)
        end
        indexing = orders(indexing, "xy")
        sparse = arguments.boolean("meshgrid", "sparse", sparse, false)
        copy = arguments.boolean("meshgrid", "copy", copy, true)
        if #list == 0 then
            return {}
        end
        list = arguments.list("meshgrid", np, list)
        local face = arguments.face_of(list[1])
        local made, sizes = axes(list, indexing)
        for i, x in ipairs(made) do
            if not sparse then
                x = face.broadcast_to(x, sizes)
            end
            made[i] = copy and face.clone and x:clone() or copy and x:copy() or x
        end
        return made
    end)

local function indices(operation, dimensions, dtype, sparse)
    local sizes, made = arguments.integers(operation, "a size", dimensions), {}
    for d, n in ipairs(sizes) do
        if n < 0 then
            fail("shape", operation, "negative size %s", tostring(n))
        end
        made[d] = along(np.arange(1, n + 1, {dtype = dtype}), d, #sizes)
    end
    if sparse then
        return made
    end
    local all = np.empty({#sizes, unpack(sizes)}, {dtype = dtype})
    for d, x in ipairs(made) do
        assign(all:select(1, d), x)
    end
    return all
end

define("np.indices", "indices(dimensions, {dtype, sparse})",
    "The 1-based index along each dimension, stacked along a new first one; a table of them if sparse.",
    function(...)
        local dimensions, dtype, sparse = bind("indices", 0, {"dimensions", "dtype", "sparse"}, ...)
        sparse = arguments.boolean("indices", "sparse", sparse, false)
        return indices("indices", dimensions, dtype or "int64", sparse)
    end)

define("np.fromfunction", "fromfunction(f, shape, {dtype})",
    "What f returns for the arrays of 1-based indices, one for each dimension; it is called once.",
    function(f, ...)
        local shape, dtype
        f, shape, dtype = bind("fromfunction", 1, {"shape", "dtype"}, f, ...)
        if type(f) ~= "function" then
            fail("value", "fromfunction", "argument 1 must be a function, not %s", type(f))
        end
        local all = indices("fromfunction", shape, dtype or "float64")
        local list = {}
        for d = 1, all.shape[1] do
            list[d] = all:select(1, d)
        end
        return f(unpack(list))
    end)
