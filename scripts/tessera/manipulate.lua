--- Seeing an array in another shape: views that are composed of the basic ones.
--
-- Broadcasting together, at least so many dimensions, quarter turns, mirrors, windows. All of them are
-- views; what NumPy makes read-only (broadcast arrays, windows) is read-only on np.
local _, torch, np, core = ...
local arguments = core.require("arguments")
local define, bind, fail = core.define, core.bind, arguments.fail
local view, unfold = core.t.view, core.t.unfold
local flip, swap, unsqueeze, reshape = torch.flip, torch.swapdims, torch.unsqueeze, torch.reshape

-- ---- broadcasting together

--- The shape that shapes broadcast to, as a plain table.
local function common_shape(operation, shapes)
    local ndim, sizes = 0, {}
    for _, shape in ipairs(shapes) do
        ndim = math.max(ndim, #shape)
    end
    for d = 1, ndim do
        sizes[d] = 1
        for _, shape in ipairs(shapes) do
            local n = shape[d - ndim + #shape] or 1
            if n ~= 1 and sizes[d] ~= 1 and n ~= sizes[d] then
                fail("shape", operation, "shapes %s do not broadcast together: sizes %s and %s",
                    arguments.shapes(shapes), tostring(sizes[d]), tostring(n))
            elseif n ~= 1 then
                sizes[d] = n
            end
        end
    end
    return sizes
end

local function same_shape(a, b)
    if #a ~= #b then
        return false
    end
    for i = 1, #a do
        if a[i] ~= b[i] then
            return false
        end
    end
    return true
end

local function broadcast_arrays(operation, face)
    return function(...)
        local list, options = arguments.many(operation, true, ...)
        arguments.no_options(operation, options)
        if #list == 0 then
            return {}
        end
        list = arguments.list(operation, face, list)
        local shapes = {}
        for i, x in ipairs(list) do
            shapes[i] = x.shape
        end
        local sizes, made = common_shape(operation, shapes), {}
        for i, x in ipairs(list) do
            made[i] = same_shape(shapes[i], sizes) and view(x)
                or arguments.face_of(x).broadcast_to(x, sizes)
        end
        return made
    end
end

define("torch.broadcast_tensors", "broadcast_tensors(x, y, ...)",
    "Table of the tensors broadcast to one shape, as views.", broadcast_arrays("broadcast_tensors", torch))

define("np.broadcast_arrays", "broadcast_arrays(x, y, ...)",
    "Table of the ndarrays broadcast to one shape, as views; those that had to grow are read-only.",
    broadcast_arrays("broadcast_arrays", np))

local function broadcast_shapes(face)
    return function(...)
        local shapes = {...}
        for i = 1, #shapes do
            shapes[i] = arguments.integers("broadcast_shapes", "a size", shapes[i])
            for _, n in ipairs(shapes[i]) do
                if n < 0 then
                    fail("shape", "broadcast_shapes", "negative size %s", tostring(n))
                end
            end
        end
        -- a view of one element knows how this face shows a shape
        return face.broadcast_to(face.asarray(0), common_shape("broadcast_shapes", shapes)).shape
    end
end

define("torch.broadcast_shapes", "broadcast_shapes(shape, shape, ...)",
    "The shape that shapes broadcast to.", broadcast_shapes(torch))
define("np.broadcast_shapes", "broadcast_shapes(shape, shape, ...)",
    "The shape that shapes broadcast to.", broadcast_shapes(np))

-- ---- at least so many dimensions

--- grow[n](x, ndim): x of ndim dimensions as an array of at least n.
local grow = {
    function(x, ndim)
        return ndim == 0 and reshape(x, 1) or x
    end,
    function(x, ndim)
        return ndim == 0 and reshape(x, 1, 1) or ndim == 1 and unsqueeze(x, 1) or x
    end,
    function(x, ndim)
        return ndim == 0 and reshape(x, 1, 1, 1) or ndim == 1 and unsqueeze(unsqueeze(x, 1), 3)
            or ndim == 2 and unsqueeze(x, 3) or x
    end,
}

--- One array for one argument, a table of them for several or for a table of arrays.
local function atleast(n, face)
    local operation = ("atleast_%dd"):format(n)
    return function(...)
        local list, options = arguments.many(operation, false, ...)
        arguments.no_options(operation, options)
        local alone, made = #list == 1 and list[1] == ..., {}
        for i = 1, #list do
            local x = arguments.array(operation, face, list[i])
            made[i] = grow[n](x, x.ndim)
        end
        if alone then
            return made[1]
        end
        return made
    end
end

define("torch.atleast_1d", "atleast_1d(x, ...)",
    "x with at least one dimension, a table of results for several.", atleast(1, torch))
define("np.atleast_1d", "atleast_1d(x, ...)",
    "x with at least one dimension, a table of results for several.", atleast(1, np))
define("torch.atleast_2d", "atleast_2d(x, ...)",
    "x with at least two dimensions, a table of results for several.", atleast(2, torch))
define("np.atleast_2d", "atleast_2d(x, ...)",
    "x with at least two dimensions, a table of results for several.", atleast(2, np))
define("torch.atleast_3d", "atleast_3d(x, ...)",
    "x with at least three dimensions, a table of results for several.", atleast(3, torch))
define("np.atleast_3d", "atleast_3d(x, ...)",
    "x with at least three dimensions, a table of results for several.", atleast(3, np))

-- ---- turns and mirrors

local rot90_names = {"k", "dims|axes"}

local function rot90(face)
    return function(x, ...)
        local k, dims
        x, k, dims = bind("rot90", 1, rot90_names, x, ...)
        x = arguments.array("rot90", face, x)
        k = arguments.integer("rot90", "the number of turns", k, 1) % 4
        dims = arguments.dims("rot90", dims == nil and {1, 2} or dims, x.ndim)
        if #dims ~= 2 then
            fail("value", "rot90", "turns two dimensions, %d were given", #dims)
        end
        local from, to = dims[1], dims[2]
        if k == 0 then
            return view(x)
        elseif k == 1 then
            return swap(flip(x, to), from, to)
        elseif k == 2 then
            return flip(x, {from, to})
        end
        return flip(swap(x, from, to), to)
    end
end

define("torch.rot90 t:rot90", "rot90(x, k, dims)",
    "Turned k times by 90 degrees, from the first of two dimensions towards the second: a view.",
    rot90(torch))
define("np.rot90", "rot90(x, k, axes)",
    "Turned k times by 90 degrees, from the first of two dimensions towards the second: a view.", rot90(np))

local function mirror(operation, face, dim)
    return function(x)
        x = arguments.array(operation, face, x)
        if x.ndim < dim then
            fail("shape", operation, "needs at least %d dimension%s, the shape is %s", dim,
                dim == 1 and "" or "s", arguments.shape(x.shape))
        end
        return flip(x, dim)
    end
end

define("torch.fliplr t:fliplr", "fliplr(x)", "Dimension 2 reversed: a view.", mirror("fliplr", torch, 2))
define("np.fliplr", "fliplr(x)", "Dimension 2 reversed: a view.", mirror("fliplr", np, 2))
define("torch.flipud t:flipud", "flipud(x)", "Dimension 1 reversed: a view.", mirror("flipud", torch, 1))
define("np.flipud", "flipud(x)", "Dimension 1 reversed: a view.", mirror("flipud", np, 1))

-- ---- windows

local window_names = {"window_shape", "axis", "subok", "writeable"}

local function sliding_window_view(x, ...)
    local name = "sliding_window_view"
    local sizes, dims, subok, writeable
    x, sizes, dims, subok, writeable = bind(name, 1, window_names, x, ...)
    x = arguments.array(name, np, x)
    sizes = arguments.integers(name, "a window size", sizes)
    arguments.boolean(name, "subok", subok, false)
    local ndim = x.ndim
    if dims == nil then
        dims = {}
        for d = 1, ndim do
            dims[d] = d
        end
    else
        dims = arguments.integers(name, "a dimension", dims)
    end
    if #sizes ~= #dims then
        fail("shape", name, "%d window sizes for %d dimensions", #sizes, #dims)
    end
    local made = view(x)
    for i = 1, #sizes do -- a dimension may be named twice: windows of windows
        made = unfold(made, arguments.dim(name, dims[i], ndim), sizes[i], 1)
    end
    return arguments.boolean(name, "writeable", writeable, false) and made or made:readonly()
end

define("np.sliding_window_view", "sliding_window_view(x, window_shape, axis, {writeable})",
    "All windows of a shape, as new last dimensions: a view, read-only unless writeable.",
    sliding_window_view)

define("np.lib", "lib.stride_tricks", "NumPy's place of as_strided, broadcast_to and sliding_window_view.", {
    stride_tricks = {
        as_strided = np.as_strided,
        broadcast_to = np.broadcast_to,
        broadcast_arrays = broadcast_arrays("broadcast_arrays", np),
        sliding_window_view = sliding_window_view,
    },
})

return {grow = grow}
