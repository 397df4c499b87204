--- Reductions and scans that leave NaN out: what they start from has the neutral element instead.
local ts, torch, np, core = ...
local arguments, reducing = core.require("arguments"), core.require("reducing")
local variance = core.require("variance")
local define, bind, fail = core.define, core.bind, arguments.fail
local isnan, where, logical_not = torch.isnan, torch.where, torch.logical_not

local function reduction(operation, f)
    return ts.fuse(f, {wide = true, name = operation})
end

local function sum(x)
    return where(isnan(x), 0, x):sum()
end

local count = reduction("nanmean", function(x)
    return logical_not(isnan(x)):sum()
end)

local np_names = {"axis|dim", "dtype", "out", "keepdims|keepdim", "initial", "where"}
local torch_names = {"dim|axis", "keepdim|keepdims", "dtype", "out"}

-- ---- sums and products

local function of_np(operation, f, plain)
    local fused = reduction(operation, f)
    plain = core.named(operation, plain)
    return function(...)
        local x, axis, dtype, out, keep, initial, let_in = bind(operation, 1, np_names, ...)
        x = arguments.array(operation, np, x)
        local run = reducing.is_floating(x) and fused or plain
        return run(x, {axis = axis, dtype = dtype, out = out, keepdims = keep or false, initial = initial,
            where = let_in})
    end
end

define("np.nansum", "nansum(x, axis, dtype, out, keepdims, initial, where)",
    "Sum over all or some axes, NaN counting as 0.", of_np("nansum", sum, np.sum))
define("np.nanprod", "nanprod(x, axis, dtype, out, keepdims, initial, where)",
    "Product over all or some axes, NaN counting as 1.", of_np("nanprod", function(x)
        return where(isnan(x), 1, x):prod()
    end, np.prod))

local torch_sum, plain_sum = reduction("nansum", sum), core.named("nansum", torch.sum)

define("torch.nansum t:nansum", "nansum(x, dim, keepdim, {dtype, out})",
    "Sum over all or some dimensions, NaN counting as 0.", function(...)
        local x, dim, keep, dtype, out = bind("nansum", 1, torch_names, ...)
        x = arguments.array("nansum", torch, x)
        local complex = dtype ~= nil and torch.promote_types(dtype, dtype).kind == "c"
        if x.dtype.kind == "c" or complex and reducing.is_floating(x) then
            fail("dtype", "nansum", "does not take complex tensors")
        end
        local run = reducing.is_floating(x) and torch_sum or plain_sum
        return run(x, {dim = reducing.dims("nansum", dim, x), keepdim = keep or false, dtype = dtype,
            out = out})
    end)

-- ---- means

local mean_sum = reduction("nanmean", sum)
local plain_mean = core.named("nanmean", torch.mean)

local function nanmean(x, dim, keep, dtype, out, let_in)
    keep = keep or false
    local final = dtype or x.dtype
    if dtype == nil and reducing.is_half(x) then
        dtype = torch.float32
    end
    local total = mean_sum(x, {dim = dim, keepdim = keep, dtype = dtype, where = let_in})
    local n = count(x, {dim = dim, keepdim = keep, where = let_in})
    if total.dtype.kind == "c" then -- NaN in one part leaves the other
        torch.div(total.real, n, {out = total.real})
        torch.div(total.imag, n, {out = total.imag})
    else
        torch.div(total, n, {out = total})
    end
    return reducing.deliver("nanmean", reducing.as(total, final), out)
end

define("torch.nanmean t:nanmean", "nanmean(x, dim, keepdim, {dtype, out})",
    "Mean of what is not NaN, over all or some dimensions.", function(...)
        local x, dim, keep, dtype, out = bind("nanmean", 1, torch_names, ...)
        x = arguments.array("nanmean", torch, x)
        if not reducing.is_floating(x) or x.dtype.kind == "c" then
            fail("dtype", "nanmean", "takes floating tensors, not %s", x.dtype.name)
        end
        return nanmean(x, reducing.dims("nanmean", dim, x), keep, dtype, out)
    end)

local mean_names = {"axis|dim", "dtype", "out", "keepdims|keepdim", "where"}

define("np.nanmean", "nanmean(x, axis, dtype, out, keepdims, {where})",
    "Mean of what is not NaN, over all or some axes.", function(...)
        local x, axis, dtype, out, keep, let_in = bind("nanmean", 1, mean_names, ...)
        x = arguments.array("nanmean", np, x)
        if not reducing.is_floating(x) then
            return plain_mean(x, {axis = axis, dtype = dtype, out = out, keepdims = keep or false, where = let_in})
        end
        return nanmean(x, axis, keep, dtype, out, let_in)
    end)

-- ---- variances

local names = {"axis|dim", "dtype", "out", "ddof|correction", "keepdims|keepdim", "where", "mean"}

local function nanvar(operation, root)
    return function(...)
        local x, axis, dtype, out, ddof, keep, let_in, middle = bind(operation, 1, names, ...)
        x = arguments.array(operation, np, x)
        x = reducing.as(x, dtype)
        local how = {
            dims = reducing.dims(operation, axis, x), where = reducing.optional(operation, "where", let_in),
            keep = arguments.boolean(operation, "keepdims", keep, false),
            correction = variance.correction_of(operation, ddof, 0),
        }
        if not reducing.is_floating(x) then
            return reducing.deliver(operation, (variance.finished(x, how, root, middle)), out)
        end
        local numbers = logical_not(isnan(x))
        how.where = how.where and np.logical_and(numbers, how.where) or numbers
        local made = variance.finished(x, how, root, middle)
        local n = np.count_nonzero(how.where, {axis = how.dims, keepdims = how.keep})
        -- where there are no degrees of freedom, NaN also instead of infinity
        made = np.where(np.less_equal(n, how.correction), 0 / 0, made)
        return reducing.deliver(operation, made, out)
    end
end

define("np.nanvar", "nanvar(x, axis, dtype, out, ddof, keepdims, {where, mean})",
    "Variance of what is not NaN, over all or some axes.", nanvar("nanvar", false))
define("np.nanstd", "nanstd(x, axis, dtype, out, ddof, keepdims, {where, mean})",
    "Standard deviation of what is not NaN, over all or some axes.", nanvar("nanstd", true))

-- ---- positions

local function nanarg(operation, find, lowest)
    find = core.named(operation, find)
    return function(...)
        local x, axis, out, keep = bind(operation, 1, {"axis|dim", "out", "keepdims|keepdim"}, ...)
        x = arguments.array(operation, np, x)
        if reducing.is_floating(x) then
            local none = isnan(x)
            if np.any(np.all(none, {axis = axis, keepdims = false})):item() then
                fail("value", operation, "All-NaN slice encountered")
            end
            x = where(none, lowest, x)
        end
        return find(x, {axis = axis, out = out, keepdims = keep or false})
    end
end

define("np.nanargmax", "nanargmax(x, axis, out, {keepdims})",
    "Position of the first largest element that is not NaN.", nanarg("nanargmax", np.argmax, -1 / 0))
define("np.nanargmin", "nanargmin(x, axis, out, {keepdims})",
    "Position of the first smallest element that is not NaN.", nanarg("nanargmin", np.argmin, 1 / 0))

-- ---- scans

local function nanscan(operation, scan, neutral)
    scan = core.named(operation, scan)
    return function(...)
        local x, axis, dtype, out = bind(operation, 1, {"axis|dim", "dtype", "out"}, ...)
        x = arguments.array(operation, np, x)
        if reducing.is_floating(x) then
            x = where(isnan(x), neutral, x)
        end
        return scan(x, axis, dtype, out)
    end
end

define("np.nancumsum", "nancumsum(x, axis, dtype, out)", "Running sums, NaN counting as 0.",
    nanscan("nancumsum", np.cumsum, 0))
define("np.nancumprod", "nancumprod(x, axis, dtype, out)", "Running products, NaN counting as 1.",
    nanscan("nancumprod", np.cumprod, 1))
