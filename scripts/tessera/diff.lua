--- Differences of neighbours along a dimension.
local _, torch, np, core = ...
local arguments = core.require("arguments")
local define, bind, fail = core.define, core.bind, arguments.fail
local narrow = torch.narrow

--- Bool has no difference; whether neighbours differ is NumPy's and PyTorch's.
local function minus(x, y)
    return x.dtype.kind == "b" and torch.ne(x, y) or torch.sub(x, y)
end

local names = {"n", "dim|axis", "prepend", "append"}

--- What is to be joined to x along dim; a single value stands for a layer of it.
local function layer(face, extra, x, dim)
    extra = arguments.array("diff", face, extra)
    if extra.ndim == 0 then
        local shape = x.shape
        shape[dim] = 1
        extra = face.broadcast_to(extra, shape)
    end
    return extra
end

local function diff(face)
    return function(x, ...)
        local n, dim, prepend, append
        x, n, dim, prepend, append = bind("diff", 1, names, x, ...)
        x = arguments.array("diff", face, x)
        n = arguments.integer("diff", "n", n, 1)
        if n < 0 then
            fail("value", "diff", "n must not be negative, it is %s", tostring(n))
        elseif x.ndim == 0 then
            fail("shape", "diff", "needs at least 1 dimension")
        end
        dim = arguments.dim("diff", dim, x.ndim, -1)
        if n == 0 then
            return x
        end
        if prepend ~= nil or append ~= nil then
            local parts = {x}
            if prepend ~= nil then
                table.insert(parts, 1, layer(face, prepend, x, dim))
            end
            if append ~= nil then
                parts[#parts + 1] = layer(face, append, x, dim)
            end
            x = face.concatenate(parts, {axis = dim})
        end
        for _ = 1, math.min(n, x.shape[dim]) do
            local rest = math.max(x.shape[dim] - 1, 0)
            x = minus(narrow(x, dim, x.shape[dim] - rest + 1, rest), narrow(x, dim, 1, rest))
        end
        return x
    end
end

define("torch.diff t:diff", "diff(x, n, dim, {prepend, append})",
    "The n-th differences of neighbours along a dimension, the last by default.", diff(torch))
define("np.diff", "diff(x, n, axis, {prepend, append})",
    "The n-th differences of neighbours along an axis, the last by default.", diff(np))
