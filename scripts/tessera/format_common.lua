--- What the two printers share: which elements of an array are shown, and in which order.
--
-- A printer sees an array as a *view*, a table with
--
--   ndim, shape      number of dimensions, and a list of their sizes
--   dtype            name of the dtype, "float32"
--   at(i1, ..., in)  an element, 1-based: decimal digits as text for integers, "True" or "False"
--                    for bool, a number for floating, two numbers for complex; at() when ndim is 0
--   revoked, label   true when its memory was taken back, and that memory's label
--   requires_grad, grad_fn   torch only: a boolean, and the name of a function
--
-- An array of more than `threshold` elements is summarised: of every dimension longer than twice
-- `edgeitems` only the first and the last `edgeitems` positions are shown.
local _, _, _, core = ...
local unpack = table.unpack

local common = {}

local kinds = {
    bool = "bool",
    uint8 = "int", uint16 = "int", uint32 = "int", uint64 = "int",
    int8 = "int", int16 = "int", int32 = "int", int64 = "int",
    float16 = "float", bfloat16 = "float", float32 = "float", float64 = "float",
    complex64 = "complex", complex128 = "complex",
}

--- "bool", "int", "float" or "complex".
function common.kind(view)
    return kinds[view.dtype]
end

local parts = {complex64 = "float32", complex128 = "float64"}

--- The dtype of a part of a complex dtype; any other dtype itself.
function common.part(dtype)
    return parts[dtype] or dtype
end

function common.size(view)
    local size = 1
    for i = 1, view.ndim do
        size = size * view.shape[i]
    end
    return size
end

--- The shape as Python writes a tuple.
function common.tuple(shape, ndim)
    local sizes = {}
    for i = 1, ndim do
        sizes[i] = ("%d"):format(shape[i])
    end
    return "(" .. table.concat(sizes, ", ") .. (ndim == 1 and ",)" or ")")
end

--- The positions shown along each dimension: 1 to `head`, then `tail` to `size`; `gap` tells
-- whether some lie in between. `last` positions are shown at the end (`edge` unless given).
function common.axes(view, summarise, edge, last)
    local axes = {}
    for i = 1, view.ndim do
        local size = view.shape[i]
        if summarise and size > 2 * edge then
            axes[i] = {head = edge, tail = size - (last or edge) + 1, size = size, gap = true}
        else
            axes[i] = {head = size, tail = size + 1, size = size, gap = false}
        end
    end
    return axes
end

--- Lists of the elements shown, in row-major order: of values, or of real and imaginary parts; and
-- how many there are.
function common.gather(view, axes)
    local first, second, n = {}, {}, 0
    local at, ndim, index = view.at, view.ndim, {}
    if ndim == 0 then
        first[1], second[1] = at()
        return first, second, 1
    end
    local function walk(dim)
        local axis = axes[dim]
        local i = 1
        while i <= axis.size do
            if i > axis.head and i < axis.tail then
                i = axis.tail
            end
            index[dim] = i
            if dim == ndim then
                n = n + 1
                first[n], second[n] = at(unpack(index, 1, ndim))
            else
                walk(dim + 1)
            end
            i = i + 1
        end
    end
    walk(1)
    return first, second, n
end

--- What is printed instead of an array whose memory is gone.
function common.revoked(name, view)
    return ("%s(<revoked: %s>)"):format(name, tostring(view.label or ""))
end

--- Text without white space at its end.
function common.rstrip(text)
    return text:match("^.*%S") or ""
end

--- The text after the last line break.
function common.last_line(text)
    return text:match("^.*\n(.*)$") or text
end

--- A copy of `base` with the fields of `changes` laid over it; unknown ones are an error.
function common.merge(what, base, changes, known)
    local merged = {}
    for key, value in pairs(base) do
        merged[key] = value
    end
    for key, value in pairs(changes or {}) do
        if not known[key] then
            core.raise("value", what, ("unknown option '%s'"):format(tostring(key)))
        end
        merged[key] = value
    end
    return merged
end

return common
