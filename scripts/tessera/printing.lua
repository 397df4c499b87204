--- tostring of arrays and the functions around it: NumPy's repr for ndarrays, PyTorch's for tensors.
--
-- The layout is made by format_numpy.lua and format_torch.lua out of a view of the array; this file
-- makes the view, and keeps the print options of each face. It returns tostring's function.
local _, torch, np, core = ...
local define = core.define

local format = {torch = core.require("format_torch"), np = core.require("format_numpy")}
local options = {torch = core.torch_print_options(nil, {}), np = core.numpy_print_options(nil, {})}

--- What the printers see of an array; format_common.lua says what that is.
local function view_of(x)
    local element = core.element
    return {
        ndim = x.ndim,
        shape = x.shape,
        dtype = x.dtype.name,
        at = function(...) return element(x, ...) end,
        requires_grad = torch.is_tensor(x) and x.requires_grad or nil,
    }
end

local function array_of(x)
    return (np.isarray(x) or torch.is_tensor(x)) and x or np.asarray(x)
end

local function checked(operation, changes)
    if changes ~= nil and type(changes) ~= "table" then
        core.raise("value", operation, "options are a table of names, not " .. type(changes))
    end
    return changes or {}
end

define("torch.set_printoptions", "set_printoptions{precision, threshold, edgeitems, linewidth, profile, sci_mode}",
    "How tensors are printed from now on.", function(changes)
        options.torch = core.torch_print_options(options.torch, checked("set_printoptions", changes))
    end)

define("np.set_printoptions", "set_printoptions{precision, threshold, edgeitems, linewidth, suppress, "
    .. "nanstr, infstr, sign, floatmode, legacy}",
    "How ndarrays are printed from now on.", function(changes)
        options.np = core.numpy_print_options(options.np, checked("set_printoptions", changes))
    end)

define("np.get_printoptions", "get_printoptions()", "The print options of ndarrays.", function()
    local copy = {}
    for key, value in pairs(options.np) do
        copy[key] = value
    end
    return copy
end)

define("np.array2string", "array2string(x, {separator, prefix, suffix, max_line_width, formatter, ...})",
    "The text of an array without array( ), with print options for this once.", function(x, changes)
        return core.array2string(view_of(array_of(x)), checked("array2string", changes), options.np)
    end)

define("np.array_str", "array_str(x)", "The text that NumPy's str() gives.", function(x)
    return core.array_str(view_of(array_of(x)), options.np)
end)

define("np.array_repr", "array_repr(x)", "The text that NumPy's repr() gives; tostring.", function(x)
    return format.np(view_of(array_of(x)), options.np)
end)

return function(x)
    if not torch.is_tensor(x) then
        return format.np(view_of(x), options.np)
    end
    local now = {}
    for key, value in pairs(options.torch) do
        now[key] = value
    end
    now.default_dtype = torch.get_default_dtype().name
    return format.torch(view_of(x), now)
end
