--- Scans that are composed: the array API's cumulative sums, and running logarithms of sums of exponentials.
local ts, torch, np, core = ...
local arguments, reducing = core.require("arguments"), core.require("reducing")
local define, bind, fail = core.define, core.bind, arguments.fail
local narrow, exp, log1p, where = torch.narrow, torch.exp, torch.log1p, torch.where

-- ---- with the initial element

local names = {"axis|dim", "dtype", "out", "include_initial"}

local function cumulative(operation, scan, neutral)
    scan = core.named(operation, scan)
    return function(...)
        local x, axis, dtype, out, initial = bind(operation, 1, names, ...)
        x = arguments.array(operation, np, x)
        if axis == nil and x.ndim ~= 1 then
            fail("value", operation, "%d dimensions need an axis", x.ndim)
        elseif x.ndim == 0 then
            fail("shape", operation, "needs at least 1 dimension")
        end
        axis = arguments.dim(operation, axis, x.ndim, 1)
        if not arguments.boolean(operation, "include_initial", initial, false) then
            return scan(x, axis, dtype, out)
        end
        local made, shape = scan(x, axis, dtype), x.shape
        shape[axis] = 1
        local first = np.full(shape, neutral, {dtype = made.dtype})
        return reducing.deliver(operation, np.concatenate({first, made}, axis), out)
    end
end

define("np.cumulative_sum", "cumulative_sum(x, {axis, dtype, out, include_initial})", "Running sums along an axis.",
    cumulative("cumulative_sum", np.cumsum, 0))
define("np.cumulative_prod", "cumulative_prod(x, {axis, dtype, out, include_initial})",
    "Running products along an axis.", cumulative("cumulative_prod", np.cumprod, 1))

-- ---- logcumsumexp

--- log(exp(x) + exp(y)); where both are the same infinity, that.
local joined = ts.fuse(function(x, y)
    local top, low = torch.maximum(x, y), torch.minimum(x, y)
    return where(torch.eq(top, low), top + 0.6931471805599453, top + log1p(exp(low - top)))
end, {name = "logcumsumexp"})

-- Along more than so many elements, blocks of so many are scanned side by side first.
local BLOCK = 32

--- Writes the running values of x along dimension dim to x itself.
local function scan(x, dim)
    local n = x.shape[dim]
    if n <= BLOCK then
        for i = 2, n do
            local at = narrow(x, dim, i, 1)
            joined(at, narrow(x, dim, i - 1, 1), {out = at})
        end
        return
    end
    local blocks = math.floor(n / BLOCK)
    local whole = narrow(x, dim, 1, blocks * BLOCK)
    local cut = core.t.unflatten(whole, dim, {blocks, BLOCK})
    scan(cut, dim + 1)
    local ends = core.t.select(cut, dim + 1, BLOCK)
    scan(ends, dim)
    local later = narrow(narrow(cut, dim, 2, blocks - 1), dim + 1, 1, BLOCK - 1)
    local before = torch.unsqueeze(narrow(ends, dim, 1, blocks - 1), dim + 1)
    joined(later, before, {out = later})
    if n > blocks * BLOCK then
        local rest = narrow(x, dim, blocks * BLOCK + 1, n - blocks * BLOCK)
        scan(rest, dim)
        joined(rest, narrow(x, dim, blocks * BLOCK, 1), {out = rest})
    end
end

define("torch.logcumsumexp t:logcumsumexp", "logcumsumexp(x, dim, {out})",
    "log(cumsum(exp(x))) along a dimension, computed accurately.", function(...)
        local x, dim, out = bind("logcumsumexp", 1, {"dim", "out"}, ...)
        x = arguments.array("logcumsumexp", torch, x)
        if not reducing.is_floating(x) or x.dtype.kind == "c" then
            fail("dtype", "logcumsumexp", "takes floating tensors, not %s", x.dtype.name)
        elseif dim == nil then
            fail("value", "logcumsumexp", "needs a dimension")
        end
        dim = arguments.dim("logcumsumexp", dim, math.max(x.ndim, 1))
        local made = core.t.clone(reducing.is_half(x) and reducing.as(x, torch.float32) or x, {order = "C"})
        if x.ndim > 0 and core.t.numel(x) > 0 then
            scan(made, dim)
        end
        return reducing.deliver("logcumsumexp", reducing.as(made, x.dtype), out)
    end)
