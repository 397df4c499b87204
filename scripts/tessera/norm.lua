--- Norms of vectors: torch.norm, linalg.vector_norm and linalg.norm.
local ts, torch, np, core = ...
local arguments, reducing = core.require("arguments"), core.require("reducing")
local define, bind, fail = core.define, core.bind, arguments.fail
local huge = math.huge

-- Each reduces in one pass, in float32 for 16-bit floating values; `power` is what remains to be done.
local function fused(f)
    return ts.fuse(f, {wide = true, name = "norm"})
end

local of_squares = fused(function(x) return (x * x):sum() end)
local of_magnitudes = fused(function(x) x = torch.abs(x) return (x * x):sum() end)
local of_order = {
    [0] = fused(function(x) return torch.ne(x, 0):sum() end),
    [1] = fused(function(x) return torch.abs(x):sum() end),
    [huge] = fused(function(x) return torch.amax(torch.abs(x)) end),
    [-huge] = fused(function(x) return torch.amin(torch.abs(x)) end),
}
local of_powers = fused(function(x, p) return torch.pow(torch.abs(x), p):sum() end)

--- The norm of order `p` over dims (nil: all).
local function norm(x, p, dims, keep)
    local dtype, options = x.dtype, {dim = dims, keepdim = keep}
    local real = torch.finfo(dtype).dtype
    if reducing.is_half(x) then -- sums of the squares may lie beyond the dtype
        options.dtype = p ~= huge and p ~= -huge and p ~= 0 and torch.float32 or nil
    end
    local made
    if p == 2 then
        made = (dtype.kind == "c" and of_magnitudes or of_squares)(x, options)
        torch.sqrt(made, {out = made})
    elseif of_order[p] then
        made = of_order[p](x, options)
    else
        made = of_powers(x, p, options)
        torch.pow(made, 1 / p, {out = made})
    end
    return reducing.as(made, real)
end

local words = {inf = huge, ["-inf"] = -huge}

local function order_of(operation, p, otherwise)
    p = p == nil and otherwise or words[p] or p
    if type(p) ~= "number" or p ~= p then
        fail("value", operation, "the order must be a number, not %s", tostring(p))
    end
    return p
end

--- On torch, extremes and negative powers of nothing are an error.
local function check_empty(operation, x, p, dims)
    if (p == huge or p < 0) and reducing.count(x, dims) == 0 then
        fail("value", operation, "no norm of order %s of nothing: the shape is %s", tostring(p),
            arguments.shape(x.shape))
    end
end

local function floating(operation, x, dtype)
    if dtype ~= nil then
        local kind = torch.promote_types(dtype, dtype).kind
        if kind ~= "f" and kind ~= "c" and dtype ~= torch.bfloat16 then
            fail("dtype", operation, "dtype must be floating or complex")
        elseif x.dtype.kind == "c" and kind ~= "c" then
            fail("dtype", operation, "dtype must be complex for complex input")
        end
        return reducing.as(x, dtype)
    elseif not reducing.is_floating(x) then
        fail("dtype", operation, "takes floating and complex tensors, not %s", x.dtype.name)
    end
    return x
end

local function torch_norm(operation, x, p, dim, keep, dtype, out)
    x = floating(operation, arguments.array(operation, torch, x), dtype)
    local dims = reducing.dims(operation, dim, x)
    check_empty(operation, x, p, dims)
    keep = arguments.boolean(operation, "keepdim", keep, false)
    return reducing.deliver(operation, norm(x, p, dims, keep), out)
end

define("torch.norm t:norm", "norm(x, p, dim, keepdim, {out, dtype})",
    "Norm over all or some dimensions: (sum of |x|^p)^(1/p), 2 by default; inf, -inf and 0 count too.",
    function(...)
        local x, p, dim, keep, out, dtype = bind("norm", 1, {"p", "dim|axis", "keepdim|keepdims", "out", "dtype"}, ...)
        if p == "fro" then
            p = 2
        end
        return torch_norm("norm", x, order_of("norm", p, 2), dim, keep, dtype, out)
    end)

local function torch_vector_norm(...)
    local x, p, dim, keep, dtype, out = bind("vector_norm", 1, {"ord", "dim|axis", "keepdim|keepdims", "dtype",
        "out"}, ...)
    return torch_norm("vector_norm", x, order_of("vector_norm", p, 2), dim, keep, dtype, out)
end

--- Integers become float64.
local function np_floating(operation, x)
    x = arguments.array(operation, np, x)
    return reducing.is_floating(x) and x or reducing.as(x, np.float64)
end

local function np_vector_norm(...)
    local x, axis, keep, p = bind("vector_norm", 1, {"axis|dim", "keepdims|keepdim", "ord"}, ...)
    x = np_floating("vector_norm", x)
    p = order_of("vector_norm", p, 2)
    return norm(x, p, reducing.dims("vector_norm", axis, x), arguments.boolean("vector_norm", "keepdims", keep, false))
end

local function np_norm(...)
    local x, p, axis, keep = bind("norm", 1, {"ord", "axis|dim", "keepdims|keepdim"}, ...)
    x = np_floating("norm", x)
    keep = arguments.boolean("norm", "keepdims", keep, false)
    local dims = reducing.dims("norm", axis, x)
    local among = dims and #dims or x.ndim
    if p == nil and dims == nil then
        return norm(x, 2, nil, keep)
    elseif p == nil or p == "fro" and among == 2 then
        p = 2
    elseif among ~= 1 then
        fail("unsupported", "norm", "order %s over %d dimensions", tostring(p), among)
    end
    return norm(x, order_of("norm", p), dims, keep)
end

define("torch.linalg", "torch.linalg", "Linear algebra: vector_norm(x, ord, dim, keepdim, {dtype, out}).",
    {vector_norm = torch_vector_norm})
define("np.linalg", "np.linalg", "Linear algebra: norm(x, ord, axis, keepdims) of vectors, vector_norm(x, {axis, "
    .. "keepdims, ord}).", {norm = np_norm, vector_norm = np_vector_norm})
