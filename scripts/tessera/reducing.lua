--- What the composed reductions share: dimensions, counts, results of a dtype or in out=.
local _, torch, np, core = ...
local arguments = core.require("arguments")
local fail, copy_to, convert = arguments.fail, core.t.copy_, core.t.to

local reducing = {}

local half = {float16 = true, bfloat16 = true}

--- Whether x is of float16 or bfloat16, which is computed in float32 and rounded once.
function reducing.is_half(x)
    return half[x.dtype.name] or false
end

function reducing.is_floating(x)
    return x.dtype.kind == "f" or x.dtype.kind == "c" or x.dtype.name == "bfloat16"
end

--- The dimensions as a table of positive numbers, nil for all: torch takes no dimensions for all.
function reducing.dims(operation, dim, x)
    if dim == nil or torch.is_tensor(x) and type(dim) == "table" and #dim == 0 then
        return nil
    elseif x.ndim == 0 and torch.is_tensor(x) then -- the first and the last of none
        arguments.dims(operation, dim, 1)
        return nil
    end
    return arguments.dims(operation, dim, x.ndim)
end

--- How many elements of x make one of the results.
function reducing.count(x, dims)
    if dims == nil then
        return core.t.numel(x)
    end
    local n, shape = 1, x.shape
    for _, dim in ipairs(dims) do
        n = n * shape[dim]
    end
    return n
end

--- x as `dtype`, itself when it is that or there is none.
function reducing.as(x, dtype)
    if dtype == nil or x.dtype == dtype then
        return x
    end
    return convert(x, dtype)
end

--- An argument that is to be an array or absent.
function reducing.optional(operation, what, x)
    if x ~= nil and not arguments.is_array(x) then
        fail("value", operation, "%s must be an array, not %s", what, type(x))
    end
    return x
end

--- The result, which goes to `out` if there is one.
function reducing.deliver(operation, made, out)
    if out == nil then
        return made
    end
    local shape, wanted = made.shape, reducing.optional(operation, "out", out).shape
    if shape ~= wanted and arguments.shape(shape) ~= arguments.shape(wanted) then
        fail("shape", operation, "out has shape %s, the result %s", arguments.shape(wanted),
            arguments.shape(shape))
    end
    local fits = torch.is_tensor(out) and torch.can_cast(made.dtype, out.dtype)
        or np.isarray(out) and np.can_cast(made.dtype, out.dtype, "same_kind")
    if not fits then
        fail("dtype", operation, "a result of %s does not go into out of %s", made.dtype.name, out.dtype.name)
    end
    copy_to(out, made)
    return out
end

return reducing
