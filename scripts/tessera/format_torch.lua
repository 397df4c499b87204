--- The text of tensors, exactly PyTorch's (2.10).
--
-- This chunk returns `format(view, options) -> string`, PyTorch's repr, and adds to `core`:
--
--   core.torch_print_options(base, changes)   torch.set_printoptions: a new, checked table
--
-- `view` is described in format_common.lua. Options, with their defaults:
--
--   precision = 4       digits after the point
--   threshold = 1000    tensors of more elements are summarised
--   edgeitems = 3       what a summary shows at each end of a dimension
--   linewidth = 80      longest line
--   sci_mode            true, false, or nil: scientific notation where the numbers ask for it
--   default_dtype = "float32"   tensors of this dtype, and of the complex one that goes with it,
--                       do not show it
--   profile             set_printoptions only: "default", "short" or "full"
--
-- How it works: the values shown decide once, for all of them (real and imaginary parts apart),
-- between integers with a point, a fixed number of digits, and scientific notation, and how wide a
-- number is; then as many of that width go on a line as fit.
local _, _, _, core = ...
local common = core.require("format_common")

local defaults = {
    precision = 4, threshold = 1000, edgeitems = 3, linewidth = 80, default_dtype = "float32",
}
local known = {sci_mode = true}
for key in pairs(defaults) do
    known[key] = true
end

local function print_options(base, changes, what)
    local options =
        common.merge(what, common.merge(what, defaults, base, known), changes, known)
    for _, key in ipairs {"precision", "threshold", "edgeitems", "linewidth"} do
        local value = options[key]
        local whole = type(value) == "number" and (value % 1 == 0 or value == math.huge)
        if not whole or (value < 0 and key ~= "linewidth") then
            core.raise("value", what, ("%s must be a non-negative integer, got %s")
                :format(key, tostring(value)))
        end
    end
    if options.precision > 1500 then
        core.raise("value", what, "precision must be at most 1500")
    end
    return options
end

local profiles = {
    default = {precision = 4, threshold = 1000, edgeitems = 3, linewidth = 80},
    short = {precision = 2, threshold = 1000, edgeitems = 2, linewidth = 80},
    full = {precision = 4, threshold = math.huge, edgeitems = 3, linewidth = 80},
}

--- As torch.set_printoptions: every call decides about sci_mode anew.
function core.torch_print_options(base, changes)
    local rest, profile = {}, nil
    for key, value in pairs(changes or {}) do
        if key == "profile" then
            profile = profiles[value]
            if not profile then
                core.raise("value", "set_printoptions",
                    "profile must be 'default', 'short' or 'full', got " .. tostring(value))
            end
        else
            rest[key] = value
        end
    end
    local options = print_options(common.merge("set_printoptions", base or {}, profile, known),
        rest, "set_printoptions")
    options.sci_mode = rest.sci_mode
    return options
end

local function pad(text, width)
    return #text < width and (" "):rep(width - #text) .. text or text
end

-- ---- from value to text ------------------------------------------------------------------------

--- A function that turns any of the `n` numbers into text, and how wide it is.
local function float_format(values, n, options)
    local precision = options.precision
    local seen = core.format_survey(values, n, "float64")
    local scientific, width = false, 1
    if seen.nonzero > 0 then
        scientific = options.sci_mode
        if scientific == nil then
            scientific = seen.wide or seen.max > 1e8 or seen.min < 1e-4
        end
        if scientific then
            width = core.format_widest(values, n, "e", precision)
        elseif seen.whole then
            width = core.format_widest(values, n, "f", 0) + 1
        else
            width = core.format_widest(values, n, "f", precision)
        end
    end
    width = math.max(width, 1)
    local fixed, exp = core.format_fixed, core.format_exp
    return function(x)
        if scientific then
            return pad(exp(x, precision), width)
        elseif seen.whole then
            return pad(x - x == 0 and fixed(x, 0) .. "." or fixed(x, 0), width)
        end
        return pad(fixed(x, precision), width)
    end, width
end

local function text_format(values, n)
    local width = 1
    for i = 1, n do
        width = math.max(width, #values[i])
    end
    return function(text)
        return pad(text, width)
    end, width
end

local function complex_format(re, im, n, options)
    local real, real_width = float_format(re, n, options)
    local imag, imag_width = float_format(im, n, options)
    return function(x, y)
        local text = imag(y):match("^ *(.*)$") .. "j"
        return real(x) .. (text:sub(1, 1) == "-" and "" or "+") .. text
    end, real_width + imag_width + 1
end

-- ---- from words to lines -----------------------------------------------------------------------

local function lay_out(view, axes, word, width, indent, options)
    local ndim = view.ndim
    local per_line = 1

    local function row(margin)
        local axis, words, lines = axes[ndim], {}, {}
        for _ = 1, axis.head do
            words[#words + 1] = word()
        end
        if axis.gap then
            words[#words + 1] = " ..."
            for _ = axis.tail, axis.size do
                words[#words + 1] = word()
            end
        end
        for i = 1, #words, per_line do
            lines[#lines + 1] = table.concat(words, ", ", i, math.min(i + per_line - 1, #words))
        end
        return "[" .. table.concat(lines, ",\n" .. margin) .. "]"
    end

    local function block(dim, margin)
        if dim == ndim then
            return row(margin)
        end
        local axis, rows = axes[dim], {}
        for _ = 1, axis.head do
            rows[#rows + 1] = block(dim + 1, margin .. " ")
        end
        if axis.gap then
            rows[#rows + 1] = "..."
            for _ = axis.tail, axis.size do
                rows[#rows + 1] = block(dim + 1, margin .. " ")
            end
        end
        return "[" .. table.concat(rows, "," .. ("\n"):rep(ndim - dim) .. margin) .. "]"
    end

    if ndim == 0 then
        return word()
    end
    -- The rows stand `indent` and one column a dimension to the right.
    local room = options.linewidth - (indent + ndim - 1)
    if room < math.huge then
        per_line = math.max(1, math.floor(room / (width + 2)))
    else
        per_line = math.huge
    end
    return block(1, (" "):rep(indent + 1))
end

local function body(view, options, indent)
    local kind = common.kind(view)
    local summarise = common.size(view) > options.threshold
    if summarise and options.edgeitems == 0 and view.ndim > 0 then
        return "[...]"
    end
    local axes = common.axes(view, summarise, options.edgeitems)
    local first, second, n = common.gather(view, axes)
    local text, width
    if kind == "float" then
        text, width = float_format(first, n, options)
    elseif kind == "complex" then
        text, width = complex_format(first, second, n, options)
    else
        text, width = text_format(first, n)
    end
    local i = 0
    local function word()
        i = i + 1
        return text(first[i], second[i])
    end
    return lay_out(view, axes, word, width, indent, options)
end

-- ---- the public function -----------------------------------------------------------------------

return function(view, options)
    if view.revoked then
        return common.revoked("tensor", view)
    end
    options = print_options(options, nil, "repr")
    local prefix, text = "tensor(", "[]"
    local default = options.default_dtype
    local suffixes = {}
    local function suffix(format, value)
        suffixes[#suffixes + 1] = format:format(value)
    end
    if common.size(view) == 0 then
        if view.ndim ~= 1 then
            suffix("size=%s", common.tuple(view.shape, view.ndim))
        end
        if view.dtype ~= default then
            suffix("dtype=torch.%s", view.dtype)
        end
    else
        if options.edgeitems == 0 then
            suffix("size=%s", common.tuple(view.shape, view.ndim))
        end
        local complex = default == "float64" and "complex128" or "complex64"
        local dtype = view.dtype
        if dtype ~= default and dtype ~= complex and dtype ~= "int64" and dtype ~= "bool" then
            suffix("dtype=torch.%s", dtype)
        end
        text = body(view, options, #prefix)
    end
    if view.grad_fn then
        suffix("grad_fn=<%s>", view.grad_fn)
    elseif view.requires_grad then
        suffix("requires_grad=%s", "True")
    end

    local pieces = {prefix .. text}
    local column = #common.last_line(pieces[1]) + 2 -- PyTorch counts two more than there are
    for _, extra in ipairs(suffixes) do
        if column + #extra + 2 > options.linewidth then
            pieces[#pieces + 1] = ",\n" .. (" "):rep(#prefix) .. extra
            column = #prefix + #extra
        else
            pieces[#pieces + 1] = ", " .. extra
            column = column + #extra + 2
        end
    end
    return table.concat(pieces) .. ")"
end
