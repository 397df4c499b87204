--- Slopes and areas of sampled functions: gradient and trapezoid.
local ts, torch, np, core = ...
local arguments, reducing = core.require("arguments"), core.require("reducing")
local define, bind, fail = core.define, core.bind, arguments.fail
local narrow, copy_to, reshape = torch.narrow, core.t.copy_, torch.reshape

-- ---- gradient

-- `before` and `after` are the distances to the neighbours: numbers, or arrays along the dimension.
local slope = ts.fuse(function(left, middle, right, before, after)
    local sum = before + after
    return (right - middle) * (before / (after * sum)) + (middle - left) * (after / (before * sum))
end, {name = "gradient"})
local even_slope = ts.fuse(function(left, right, twice)
    return (right - left) / twice
end, {name = "gradient"})
local edge = ts.fuse(function(from, to, step)
    return (to - from) / step
end, {name = "gradient"})
-- the parabola through three points, at the first; from the other side with negative steps
local curved_edge = ts.fuse(function(first, second, third, step, next_step)
    local sum = step + next_step
    return first * (-(step * 2 + next_step) / (step * sum)) + second * (sum / (step * next_step))
        - third * (step / (next_step * sum))
end, {name = "gradient"})

--- A number, or the distances of the coordinates `along` shaped to go with dimension dim of x.
local function distances(x, along, dim)
    if type(along) == "number" then
        return along
    end
    along = arguments.array("gradient", arguments.face_of(x), along)
    if along.ndim == 0 then
        return along
    elseif along.ndim > 1 or along.shape[1] ~= x.shape[dim] then
        fail("shape", "gradient", "coordinates have shape %s, dimension %d has size %s",
            arguments.shape(along.shape), dim, tostring(x.shape[dim]))
    end
    local n, sizes = along.shape[1] - 1, {}
    along = reducing.is_floating(along) and along or reducing.as(along, x.dtype)
    for d = 1, x.ndim do
        sizes[d] = d == dim and n or 1
    end
    return reshape(torch.sub(narrow(along, 1, 2, n), narrow(along, 1, 1, n)), sizes)
end

local function along_dim(x, step, dim, edge_order)
    local n, made = x.shape[dim], torch.empty_like(x)
    if n < edge_order + 1 then
        fail("shape", "gradient", "dimension %d of size %d is shorter than edge_order + 1", dim, n)
    end
    local even = type(step) == "number" or step.ndim == 0
    local function at(i, count)
        return narrow(x, dim, i, count or 1)
    end
    local function between(i)
        return even and step or narrow(step, dim, i, 1)
    end
    local function put(i, count, value)
        copy_to(narrow(made, dim, i, count), value)
    end
    if n > 2 and even then
        put(2, n - 2, even_slope(at(1, n - 2), at(3, n - 2), step * 2))
    elseif n > 2 then
        put(2, n - 2, slope(at(1, n - 2), at(2, n - 2), at(3, n - 2), narrow(step, dim, 1, n - 2),
            narrow(step, dim, 2, n - 2)))
    end
    if edge_order == 1 then
        put(1, 1, edge(at(1), at(2), between(1)))
        put(n, 1, edge(at(n - 1), at(n), between(n - 1)))
    else
        put(1, 1, curved_edge(at(1), at(2), at(3), between(1), between(2)))
        put(n, 1, curved_edge(at(n), at(n - 1), at(n - 2), -between(n - 1), -between(n - 2)))
    end
    return made
end

--- The gradients along dims; steps is a table of numbers or coordinates, one for each.
local function gradients(x, steps, dims, edge_order)
    if edge_order ~= 1 and edge_order ~= 2 then
        fail("value", "gradient", "edge_order must be 1 or 2, not %s", tostring(edge_order))
    end
    local made = {}
    for i, dim in ipairs(dims) do
        made[i] = along_dim(x, distances(x, steps[i], dim), dim, edge_order)
    end
    return made
end

local function all_dims(x)
    local dims = {}
    for d = 1, x.ndim do
        dims[d] = d
    end
    return dims
end

local function repeated(step, count)
    local steps = {}
    for i = 1, count do
        steps[i] = step
    end
    return steps
end

define("np.gradient", "gradient(x, steps..., {axis, edge_order})",
    "Slopes along all or some axes: an ndarray, or a table of them; steps are numbers or coordinates.",
    function(x, ...)
        local given, count, options = {...}, select("#", ...), nil
        local last = given[count]
        if type(last) == "table" and #last == 0 and type(next(last)) == "string" then
            options, given[count], count = last, nil, count - 1
        end
        local axis, edge_order = bind("gradient", 0, {"axis|dim", "edge_order"}, options)
        x = arguments.array("gradient", np, x)
        x = reducing.is_floating(x) and x or reducing.as(x, np.float64)
        local dims = axis == nil and all_dims(x) or arguments.dims("gradient", axis, x.ndim)
        if count ~= 0 and count ~= 1 and count ~= #dims then
            fail("value", "gradient", "%d steps for %d axes", count, #dims)
        end
        local made = gradients(x, count <= 1 and repeated(count == 0 and 1 or given[1], #dims) or given, dims,
            arguments.integer("gradient", "edge_order", edge_order, 1))
        return #made == 1 and made[1] or made
    end)

define("torch.gradient", "gradient(x, {spacing, dim, edge_order})",
    "Table of the slopes along all or some dimensions; spacing is a number, or a table of numbers or "
    .. "coordinates.", function(...)
        local x, spacing, dim, edge_order = bind("gradient", 1, {"spacing", "dim", "edge_order"}, ...)
        x = arguments.array("gradient", torch, x)
        x = reducing.is_floating(x) and x or reducing.as(x, torch.get_default_dtype())
        local dims = dim == nil and all_dims(x) or arguments.dims("gradient", dim, x.ndim)
        local steps = spacing
        if type(spacing) ~= "table" then
            steps = repeated(spacing == nil and 1 or spacing, #dims)
        elseif #steps ~= #dims then
            fail("value", "gradient", "%d spacings for %d dimensions", #steps, #dims)
        end
        return gradients(x, steps, dims, arguments.integer("gradient", "edge_order", edge_order, 1))
    end)

-- ---- trapezoid

local area = ts.fuse(function(left, right, step)
    return ((left + right) * step / 2):sum()
end, {wide = true, name = "trapezoid"})

--- The area under y along dim; x are coordinates, else all steps are dx.
local function trapezoid(face, y, x, dx, dim)
    y = arguments.array("trapezoid", face, y)
    if y.ndim == 0 then
        fail("shape", "trapezoid", "needs at least 1 dimension")
    end
    dim = arguments.dim("trapezoid", dim, y.ndim, -1)
    local n = math.max(y.shape[dim] - 1, 0)
    local step = dx == nil and 1 or dx
    if x ~= nil then
        x = arguments.array("trapezoid", face, x)
        local at = x.ndim == 1 and 1 or dim - y.ndim + x.ndim
        if at < 1 or x.shape[at] ~= y.shape[dim] then
            fail("shape", "trapezoid", "coordinates have shape %s, values %s", arguments.shape(x.shape),
                arguments.shape(y.shape))
        end
        step = torch.sub(narrow(x, at, x.shape[at] - n + 1, n), narrow(x, at, 1, n))
        if x.ndim == 1 then
            local sizes = {}
            for d = 1, y.ndim do
                sizes[d] = d == dim and n or 1
            end
            step = reshape(step, sizes)
        end
    elseif type(step) ~= "number" and not arguments.is_array(step) then
        fail("value", "trapezoid", "dx must be a number, not %s", type(step))
    end
    return area(narrow(y, dim, 1, n), narrow(y, dim, y.shape[dim] - n + 1, n), step, {dim = dim})
end

define("torch.trapezoid torch.trapz", "trapezoid(y, x, {dx, dim})",
    "Area under y along a dimension, by straight lines.", function(...)
        local y, x, dx, dim = bind("trapezoid", 1, {"x", "dx", "dim"}, ...)
        return trapezoid(torch, y, x, dx, dim)
    end)
define("np.trapezoid np.trapz", "trapezoid(y, x, dx, axis)", "Area under y along an axis, by straight lines.",
    function(...)
        local y, x, dx, axis = bind("trapezoid", 1, {"x", "dx", "axis"}, ...)
        return trapezoid(np, y, x, dx, axis)
    end)
