--- softmax, log_softmax, logsumexp: exponentials of what lies below the largest element, so that none is
-- too large. Lines that are contiguous, or fit the caches, are done by core.softmax, one after the other; long
-- ones of other kinds in a few passes over memory.
local ts, torch, _, core = ...
local arguments, reducing = core.require("arguments"), core.require("reducing")
local define, bind, fail = core.define, core.bind, arguments.fail
local exp, log, amax, where, isinf = torch.exp, torch.log, torch.amax, torch.where, torch.isinf

local function fused(f)
    return ts.fuse(f, {wide = true, name = "softmax"})
end

local exponentials = fused(function(x, top) return exp(x - top) end)
local sum_below = fused(function(x, top) return exp(x - top):sum() end)
local share = fused(function(x, top, total) return exp(x - top) * total:reciprocal() end)
local below = fused(function(x, top, total) return (x - top) - log(total) end)
local above = fused(function(total, top) return log(total) + top end)

-- ---- softmax

local names = {"dim", "_stacklevel", "dtype", "out"}

--- x as floating tensor, its dimension, out. The function has another order of arguments in nn.
local function read(operation, order, ...)
    local x, dim, stack, dtype, out
    if order then
        x, dim, stack, dtype, out = bind(operation, 1, order, ...)
    else
        x, dim, dtype, out = bind(operation, 1, {"dim", "dtype", "out"}, ...)
    end
    if stack ~= nil then
        arguments.integer(operation, "_stacklevel", stack)
    end
    x = reducing.as(arguments.array(operation, torch, x), dtype)
    if x.dtype.kind == "c" or not reducing.is_floating(x) then
        fail("dtype", operation, "takes floating tensors, not %s", x.dtype.name)
    elseif dim == nil then
        fail("value", operation, "needs a dimension")
    end
    dim = arguments.dim(operation, dim, math.max(x.ndim, 1))
    return x, x.ndim > 0 and dim or nil, out
end

local function largest(x, dim)
    return amax(x, {dim = dim, keepdim = true})
end

local function softmax(x, dim)
    local short = core.softmax(x, dim or 1, false)
    if short then
        return short
    end
    local top = largest(x, dim)
    if reducing.is_half(x) then -- rounded once
        return share(x, top, sum_below(x, top, {dim = dim, keepdim = true, dtype = torch.float32}))
    end
    local made = exponentials(x, top)
    return torch.mul(made, made:sum{dim = dim, keepdim = true}:reciprocal(), {out = made})
end

local function log_softmax(x, dim)
    local short = core.softmax(x, dim or 1, true)
    if short then
        return short
    end
    local top = largest(x, dim)
    local dtype = reducing.is_half(x) and torch.float32 or nil
    return below(x, top, sum_below(x, top, {dim = dim, keepdim = true, dtype = dtype}))
end

local function method(operation, f, order)
    return function(...)
        local x, dim, out = read(operation, order, ...)
        return reducing.deliver(operation, reducing.as(f(x, dim), x.dtype), out)
    end
end

define("torch.softmax t:softmax", "softmax(x, dim, {dtype, out})", "exp(x) / sum(exp(x)) along a dimension.",
    core.short_way("softmax", "softmax", method("softmax", softmax)))
define("torch.log_softmax t:log_softmax", "log_softmax(x, dim, {dtype, out})",
    "log(softmax(x)), computed accurately.",
    core.short_way("log_softmax", "log_softmax", method("log_softmax", log_softmax)))

local functional = {
    softmax = method("softmax", softmax, names),
    log_softmax = method("log_softmax", log_softmax, names),
    softmin = method("softmin", function(x, dim)
        return softmax(torch.neg(x), dim)
    end, names),
}

-- ---- logsumexp

define("torch.logsumexp t:logsumexp", "logsumexp(x, dim, keepdim, {out})",
    "log(sum(exp(x))) over one or several dimensions, computed accurately.", function(...)
        local x, dim, keep, out = bind("logsumexp", 1, {"dim|axis", "keepdim|keepdims", "out"}, ...)
        x = arguments.array("logsumexp", torch, x)
        if x.dtype.kind == "c" then
            fail("dtype", "logsumexp", "takes real tensors, not %s", x.dtype.name)
        elseif dim == nil then
            fail("value", "logsumexp", "needs a dimension")
        elseif not reducing.is_floating(x) then
            x = reducing.as(x, torch.get_default_dtype())
        end
        local dims = reducing.dims("logsumexp", dim, x)
        keep = arguments.boolean("logsumexp", "keepdim", keep, false)
        if reducing.count(x, dims) == 0 then
            return reducing.deliver("logsumexp", torch.log(torch.sum(x, {dim = dims, keepdim = keep})), out)
        end
        local top = amax(x, {dim = dims, keepdim = true})
        top = where(isinf(top), 0, top) -- infinities are left to exp and log
        local dtype = reducing.is_half(x) and torch.float32 or nil
        local total = sum_below(x, top, {dim = dims, keepdim = keep, dtype = dtype})
        local made = above(total, core.t.reshape(top, total.shape))
        return reducing.deliver("logsumexp", reducing.as(made, x.dtype), out)
    end)

return functional
