--- Weighted means, and both extremes at once.
local _, torch, np, core = ...
local arguments, reducing = core.require("arguments"), core.require("reducing")
local define, bind, fail = core.define, core.bind, arguments.fail

-- ---- average

--- Weights of one dimension stand for each place along the axis; others have the shape of x, or of its
-- dimensions `dims` in their order.
local function spread_weights(x, weights, dims)
    if arguments.shape(weights.shape) == arguments.shape(x.shape) then
        return weights
    elseif dims == nil then
        fail("shape", "average", "weights of shape %s need an axis", arguments.shape(weights.shape))
    end
    local sizes, wanted, order = {}, {}, {}
    for d = 1, x.ndim do
        sizes[d] = 1
    end
    for i, d in ipairs(dims) do
        sizes[d], wanted[i], order[i] = x.shape[d], x.shape[d], i
    end
    if arguments.shape(weights.shape) ~= arguments.shape(wanted) then
        fail("shape", "average", "weights have shape %s, the axes %s", arguments.shape(weights.shape),
            arguments.shape(wanted))
    end
    table.sort(order, function(a, b) return dims[a] < dims[b] end)
    return np.reshape(np.transpose(weights, order), sizes)
end

define("np.average", "average(x, axis, weights, returned, {keepdims})",
    "Weighted mean over all or some axes; with `returned` also the sum of the weights.", function(...)
        local x, axis, weights, returned, keep = bind("average", 1, {"axis|dim", "weights", "returned",
            "keepdims|keepdim"}, ...)
        x = arguments.array("average", np, x)
        local options = {axis = reducing.dims("average", axis, x),
            keepdims = arguments.boolean("average", "keepdims", keep, false)}
        returned = arguments.boolean("average", "returned", returned, false)
        local mean, total
        if weights == nil then
            mean = np.mean(x, options)
            total = returned and np.full_like(mean, reducing.count(x, options.axis))
        else
            weights = arguments.array("average", np, weights)
            local dtype = np.result_type(x, weights)
            if x.dtype.kind ~= "f" and x.dtype.kind ~= "c" then
                dtype = np.promote_types(dtype, np.float64)
            end
            weights = np.broadcast_to(spread_weights(x, weights, options.axis), x.shape)
            options.dtype = dtype
            total = np.sum(weights, options)
            if np.any(np.eq(total, 0)):item() then
                fail("value", "average", "the weights sum to 0")
            end
            mean = np.divide(np.sum(np.multiply(x, reducing.as(weights, dtype)), options), total)
        end
        if returned then
            return mean, total
        end
        return mean
    end)

-- ---- both extremes

define("torch.aminmax t:aminmax", "aminmax(x, {dim, keepdim})",
    "Smallest and largest element, over all dimensions or along one.", function(...)
        local x, dim, keep = bind("aminmax", 1, {"dim|axis", "keepdim|keepdims"}, ...)
        x = arguments.array("aminmax", torch, x)
        local options = {keepdim = arguments.boolean("aminmax", "keepdim", keep, false)}
        if dim ~= nil then
            options.dim = arguments.dim("aminmax", dim, math.max(x.ndim, 1))
        end
        return torch.amin(x, options), torch.amax(x, options)
    end)

define("np.ptp", "ptp(x, axis, out, keepdims)", "Largest minus smallest element, over all or some axes.",
    function(...)
        local x, axis, out, keep = bind("ptp", 1, {"axis|dim", "out", "keepdims|keepdim"}, ...)
        x = arguments.array("ptp", np, x)
        local options = {axis = reducing.dims("ptp", axis, x),
            keepdims = arguments.boolean("ptp", "keepdims", keep, false)}
        return reducing.deliver("ptp", np.subtract(np.amax(x, options), np.amin(x, options)), out)
    end)
