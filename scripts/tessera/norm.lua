--- Norms of vectors and matrices: torch.norm, linalg.norm, vector_norm and matrix_norm; singular values.
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

-- Of matrices in the dims {rows, columns}: an extreme of the sums along one of them, or something of
-- the singular values. The third is what is done last.
local sums = {[1] = {1, 2, "amax"}, [-1] = {1, 2, "amin"}, [huge] = {2, 1, "amax"}, [-huge] = {2, 1, "amin"}}
local of_singular = {[2] = "amax", [-2] = "amin", nuc = "sum"}

--- The norm of order `p` of matrices.
local function matrix_norm(operation, x, p, dims, keep)
    if p == nil or p == "fro" then
        return norm(x, 2, dims, keep)
    end
    local shape, plan, made = {}, sums[p], nil
    for i = 1, x.ndim do
        shape[i] = (i == dims[1] or i == dims[2]) and 1 or x.shape[i]
    end
    if plan then
        local along, across = dims[plan[1]], dims[plan[2]]
        made = torch[plan[3]](of_order[1](x, {dim = along, keepdim = true}), {dim = across, keepdim = true})
    elseif of_singular[p] then
        local half = reducing.is_half(x)
        local values = core.singular_values(torch.movedim(half and reducing.as(x, torch.float32) or x, dims, {-2, -1}))
        made = torch[of_singular[p]](values, {dim = -1})
        made = half and reducing.as(made, x.dtype) or made
    else
        fail("value", operation, "no order of matrix norms: %s", tostring(p))
    end
    if keep then
        return made:reshape(shape)
    end
    return plan and made:squeeze(dims) or made
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
        elseif p == "nuc" then
            local dims = reducing.dims("norm", dim, x) or {1, 2}
            if #dims ~= 2 or x.ndim < 2 then
                fail("value", "norm", "the nuclear norm is of matrices: it takes 2 dimensions")
            end
            x = floating("norm", arguments.array("norm", torch, x), dtype)
            keep = arguments.boolean("norm", "keepdim", keep, false)
            return reducing.deliver("norm", matrix_norm("norm", x, p, dims, keep), out)
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

--- norm(x, ord, axis, keepdims): of a vector or a matrix, as the number of axes says.
local function either_norm(operation, x, p, dims, keep)
    p = words[p] or p
    local among = dims and #dims or x.ndim
    if p == nil and dims == nil then
        return norm(x, 2, nil, keep)
    elseif among == 2 then
        return matrix_norm(operation, x, p, dims or {1, 2}, keep)
    elseif among ~= 1 then
        fail("shape", operation, "a norm is of 1 or 2 dimensions, not of %d", among)
    end
    return norm(x, order_of(operation, p, 2), dims, keep)
end

local function np_norm(...)
    local x, p, axis, keep = bind("norm", 1, {"ord", "axis|dim", "keepdims|keepdim"}, ...)
    x = np_floating("norm", x)
    keep = arguments.boolean("norm", "keepdims", keep, false)
    return either_norm("norm", x, p, reducing.dims("norm", axis, x), keep)
end

local function torch_linalg_norm(...)
    local x, p, dim, keep, out, dtype = bind("norm", 1, {"ord", "dim|axis", "keepdim|keepdims", "out", "dtype"}, ...)
    x = floating("norm", arguments.array("norm", torch, x), dtype)
    keep = arguments.boolean("norm", "keepdim", keep, false)
    return reducing.deliver("norm", either_norm("norm", x, p, reducing.dims("norm", dim, x), keep), out)
end

local function matrix_dims(operation, x, dims)
    if x.ndim < 2 or dims ~= nil and #dims ~= 2 then
        fail("shape", operation, "a matrix norm is of 2 dimensions: the shape is %s", arguments.shape(x.shape))
    end
    return dims or {x.ndim - 1, x.ndim}
end

local function torch_matrix_norm(...)
    local x, p, dim, keep, dtype, out = bind("matrix_norm", 1, {"ord", "dim|axis", "keepdim|keepdims", "dtype",
        "out"}, ...)
    x = floating("matrix_norm", arguments.array("matrix_norm", torch, x), dtype)
    keep = arguments.boolean("matrix_norm", "keepdim", keep, false)
    local dims = matrix_dims("matrix_norm", x, reducing.dims("matrix_norm", dim, x))
    return reducing.deliver("matrix_norm", matrix_norm("matrix_norm", x, words[p] or p, dims, keep), out)
end

local function np_matrix_norm(...)
    local x, keep, p = bind("matrix_norm", 1, {"keepdims|keepdim", "ord"}, ...)
    x = np_floating("matrix_norm", x)
    keep = arguments.boolean("matrix_norm", "keepdims", keep, false)
    return matrix_norm("matrix_norm", x, words[p] or p, matrix_dims("matrix_norm", x), keep)
end

local function torch_svdvals(...)
    local x, out = bind("svdvals", 1, {"out"}, ...)
    x = floating("svdvals", arguments.array("svdvals", torch, x))
    return reducing.deliver("svdvals", core.singular_values(x), out)
end

local function np_svdvals(...)
    return core.singular_values(np_floating("svdvals", (bind("svdvals", 1, {}, ...))))
end

define("torch.linalg", "torch.linalg", "Linear algebra: norm(x, ord, dim, keepdim, {dtype, out}), vector_norm and "
    .. "matrix_norm likewise, svdvals(x, {out}).",
    {norm = torch_linalg_norm, vector_norm = torch_vector_norm, matrix_norm = torch_matrix_norm,
        svdvals = torch_svdvals})
define("np.linalg", "np.linalg", "Linear algebra: norm(x, ord, axis, keepdims) of vectors and matrices, "
    .. "vector_norm(x, {axis, keepdims, ord}), matrix_norm(x, {keepdims, ord}), svdvals(x).",
    {norm = np_norm, vector_norm = np_vector_norm, matrix_norm = np_matrix_norm, svdvals = np_svdvals})
