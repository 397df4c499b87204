--- Variance and standard deviation: two passes, the mean and the squares of what differs from it.
--
-- The variance of complex numbers is the sum of those of their parts. 16-bit floating values are
-- computed in float32 and rounded once.
local ts, torch, np, core = ...
local arguments, reducing = core.require("arguments"), core.require("reducing")
local define, bind, fail = core.define, core.bind, arguments.fail
local mean = core.named("var", torch.mean)

local squares = ts.fuse(function(x, middle)
    local d = x - middle
    return (d * d):sum()
end, {wide = true, name = "var"})

local variance = {}

--- In the dtype it is computed in, and the mean with the dimensions kept. `middle` may be given.
-- What there is to tell is in `how`: dims, keep, correction, where.
local function spread(x, how, middle)
    local wide = reducing.is_half(x) and torch.float32 or nil
    middle = middle or mean(x, {dim = how.dims, keepdim = true, dtype = wide, where = how.where})
    if x.dtype.kind == "c" then
        local re, im = spread(x.real, how, middle.real), spread(x.imag, how, middle.imag)
        return torch.add(re, im, {out = re}), middle
    end
    local sums = squares(x, middle, {dim = how.dims, keepdim = how.keep, where = how.where})
    if how.where then
        local let_in = np.broadcast_to(how.where, x.shape)
        local counts = np.count_nonzero(let_in, {axis = how.dims, keepdims = how.keep})
        local free = np.maximum(np.subtract(counts, how.correction), 0)
        return np.divide(sums, free, {out = sums}), middle
    end
    local n = reducing.count(x, how.dims)
    return torch.div(sums, math.max(n - how.correction, 0), {out = sums}), middle
end
variance.spread = spread

--- The variance, or its root, as the dtype of x; then the mean with the dimensions kept.
local function finished(x, how, root, middle)
    local made
    made, middle = spread(x, how, middle)
    if root then
        made = torch.sqrt(made, {out = made})
    end
    if reducing.is_half(x) then
        made, middle = reducing.as(made, x.dtype), reducing.as(middle, x.dtype)
    end
    return made, middle
end
variance.finished = finished

local function correction_of(operation, given, otherwise)
    if given ~= nil and type(given) ~= "number" then
        fail("value", operation, "the correction must be a number, not %s", type(given))
    end
    return given or otherwise
end
variance.correction_of = correction_of

-- ---- torch

local torch_names = {"dim|axis", "unbiased", "keepdim|keepdims", "correction", "out"}

--- x, how it is reduced, out. A boolean in the place of the dimension is `unbiased`.
local function torch_arguments(operation, x, ...)
    local dim, unbiased, keep, correction, out
    if type((...)) == "boolean" then
        x, dim, unbiased, keep, correction, out = bind(operation, 1, torch_names, x, nil, ...)
    else
        x, dim, unbiased, keep, correction, out = bind(operation, 1, torch_names, x, ...)
    end
    x = arguments.array(operation, torch, x)
    if not reducing.is_floating(x) then
        fail("dtype", operation, "takes floating and complex tensors, not %s", x.dtype.name)
    elseif unbiased ~= nil and correction ~= nil then
        fail("value", operation, "takes unbiased or correction, not both")
    end
    local usual = arguments.boolean(operation, "unbiased", unbiased, true) and 1 or 0
    return x, {
        dims = reducing.dims(operation, dim, x), keep = arguments.boolean(operation, "keepdim", keep, false),
        correction = correction_of(operation, correction, usual),
    }, out
end

--- The same without the mean: in the core where that is possible.
local function alone(x, how, root, middle)
    return middle == nil and how.where == nil
        and core.variance(x, how.dims, how.correction, how.keep, root) or (finished(x, how, root, middle))
end

local function of_torch(operation, root)
    return core.short_way("torch." .. operation, operation, function(...)
        local x, how, out = torch_arguments(operation, ...)
        return reducing.deliver(operation, alone(x, how, root), out)
    end)
end

local function with_mean(operation, root)
    return function(...)
        local x, how = torch_arguments(operation, ...)
        local made, middle = finished(x, how, root)
        return made, how.keep and middle or core.t.reshape(middle, made.shape)
    end
end

define("torch.var t:var", "var(x, dim, unbiased, keepdim, {correction, out})",
    "Variance over all or some dimensions; divided by n - correction, 1 by default.", of_torch("var", false))
define("torch.std t:std", "std(x, dim, unbiased, keepdim, {correction, out})",
    "Standard deviation over all or some dimensions.", of_torch("std", true))
define("torch.var_mean", "var_mean(x, dim, unbiased, keepdim, {correction})", "Variance and mean.",
    with_mean("var_mean", false))
define("torch.std_mean", "std_mean(x, dim, unbiased, keepdim, {correction})", "Standard deviation and mean.",
    with_mean("std_mean", true))

-- ---- np

local np_names = {"axis|dim", "dtype", "out", "ddof|correction", "keepdims|keepdim", "where", "mean"}

local function of_np(operation, root)
    return core.short_way("np." .. operation, operation, function(...)
        local x, axis, dtype, out, ddof, keep, where, middle = bind(operation, 1, np_names, ...)
        x = arguments.array(operation, np, x)
        x = reducing.as(x, dtype)
        if middle ~= nil then
            middle = arguments.array(operation, np, middle)
        end
        local how = {
            dims = reducing.dims(operation, axis, x), where = reducing.optional(operation, "where", where),
            keep = arguments.boolean(operation, "keepdims", keep, false),
            correction = correction_of(operation, ddof, 0),
        }
        return reducing.deliver(operation, alone(x, how, root, middle), out)
    end)
end

define("np.var a:var", "var(x, axis, dtype, out, ddof, keepdims, {where, mean, correction})",
    "Variance over all or some axes; divided by n - ddof, 0 by default.", of_np("var", false))
define("np.std a:std", "std(x, axis, dtype, out, ddof, keepdims, {where, mean, correction})",
    "Standard deviation over all or some axes.", of_np("std", true))

return variance
