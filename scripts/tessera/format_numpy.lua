--- The text of ndarrays, exactly NumPy's (2.3 and later).
--
-- This chunk returns `format(view, options) -> string`, which is NumPy's repr, and adds to `core`:
--
--   core.array_str(view, options)             NumPy's str
--   core.array2string(view, options, base)    np.array2string; `base`: print options in force
--   core.numpy_print_options(base, changes)   np.set_printoptions: a new, checked table
--
-- `view` is described in format_common.lua. Print options, with their defaults:
--
--   precision = 8           most digits after the point
--   threshold = 1000        arrays of more elements are summarised
--   edgeitems = 3           what a summary shows at each end of a dimension
--   linewidth = 75          longest line
--   suppress = false        true: no scientific notation for small numbers
--   nanstr = "nan", infstr = "inf"
--   sign = "-"              "+": show it always, " ": a space in its place
--   floatmode = "maxprec"   "fixed", "unique", "maxprec" or "maxprec_equal"
--   formatter               table of functions(value) -> string by kind: bool, int (int_kind),
--                           float (float_kind), complexfloat (complex_kind; called with two
--                           numbers), all. Integers that no Lua number holds come as text
--   legacy = false          "2.2": float16 and float32 turn to scientific notation at 1e8 only;
--                           "2.1", "1.25", "1.21": besides, no shape after a summary
--
-- array2string also takes max_line_width (for linewidth), suppress_small (for suppress),
-- separator, prefix and suffix.
--
-- How it works: the values shown are gathered once; what a layout needs to know of them all
-- (range, signs, widths) is measured in C; a function from value to text comes out of that, and
-- the words are then broken into lines, each dimension indented by one more column.
local _, _, _, core = ...
local common = core.require("format_common")

local defaults = {
    precision = 8, threshold = 1000, edgeitems = 3, linewidth = 75, suppress = false,
    nanstr = "nan", infstr = "inf", sign = "-", floatmode = "maxprec", legacy = false,
}
local known = {formatter = true}
for key in pairs(defaults) do
    known[key] = true
end

local floatmodes = {fixed = true, unique = true, maxprec = true, maxprec_equal = true}
local signs = {["-"] = true, ["+"] = true, [" "] = true}
local legacies = {[false] = true, ["2.2"] = true, ["2.1"] = true, ["1.25"] = true, ["1.21"] = true}

local function check(options, what)
    local function refuse(key, expected)
        core.raise("value", what, ("%s must be %s, got %s"):format(key, expected, tostring(options[key])))
    end
    if not floatmodes[options.floatmode] then
        refuse("floatmode", '"fixed", "unique", "maxprec" or "maxprec_equal"')
    elseif not signs[options.sign] then
        refuse("sign", '"-", "+" or " "')
    elseif not legacies[options.legacy] then
        refuse("legacy", 'false, "2.2", "2.1", "1.25" or "1.21"')
    elseif type(options.threshold) ~= "number" or options.threshold ~= options.threshold then
        refuse("threshold", "a number (math.huge for no summary)")
    end
    for _, key in ipairs {"precision", "edgeitems", "linewidth"} do
        local value = options[key]
        local whole = type(value) == "number" and (value == math.huge or value % 1 == 0)
        if not whole or (value < 0 and key ~= "linewidth") then
            refuse(key, "a non-negative integer")
        end
    end
    if options.floatmode == "fixed" and options.precision > 1500 then
        refuse("precision", 'at most 1500 where floatmode is "fixed"')
    end
    for _, key in ipairs {"nanstr", "infstr"} do
        if type(options[key]) ~= "string" or #options[key] > 1000 then
            refuse(key, "a string of at most 1000 characters")
        end
    end
    return options
end

local function spaces(n)
    return n > 0 and (" "):rep(n) or ""
end

local function is_finite(x)
    return x - x == 0
end

-- ---- from value to text ------------------------------------------------------------------------

-- Decimal digits that any number of the dtype keeps; from 10 to the power of it on, numbers are
-- shown in scientific notation (but always from 1e8 on).
local digits10 = {float16 = 3, bfloat16 = 2, float32 = 6, float64 = 15}
-- The border to small numbers, 1e-4, rounded to the dtype where that makes a difference.
local small = {float32 = 13743895 / 2 ^ 37}

local function wants_exponent(seen, dtype, options)
    if seen.nonzero == 0 then
        return false
    end
    local large = 10 ^ (options.legacy and 8 or math.min(8, digits10[dtype]))
    return seen.max >= large
        or not options.suppress and (seen.min < (small[dtype] or 1e-4) or seen.wide)
end

--- A function that turns any of the `n` values into text, so that they align.
local function float_format(values, n, dtype, options, sign)
    local precision = options.precision
    if options.floatmode == "unique" then
        precision = nil
    end
    local seen = core.format_survey(values, n, dtype)
    local exponent = wants_exponent(seen, dtype, options)
    local plus = sign == "+"
    local unique, trim, least = true, ".", nil
    local left, right, exp_digits = 0, 0, nil
    if seen.finite > 0 then
        if options.floatmode == "fixed" then
            unique, trim = false, "k"
        end
        local exp_width
        left, right, exp_width =
            core.format_measure(values, n, dtype, exponent, precision, unique, trim, plus)
        if exponent then
            exp_digits = exp_width - 1
            precision, least, trim = right, right, "k"
            right = exp_digits + 2 + precision -- the width of nan and inf counts on it
        elseif options.floatmode == "fixed" or options.floatmode == "maxprec_equal" then
            precision, least, trim = right, right, "k"
        else
            least, trim = 0, "."
        end
    end
    if sign == " " and not seen.negative then
        left = left + 1
    end
    if seen.finite < n then
        local signed = (sign ~= "-" or seen.neginf) and 1 or 0
        left = math.max(left, #options.nanstr - right - 1, #options.infstr + signed - right - 1)
    end

    local positional, scientific = core.format_positional, core.format_scientific
    return function(x)
        if not is_finite(x) then
            local text
            if x ~= x then
                text = (plus and "+" or "") .. options.nanstr
            else
                text = (x < 0 and "-" or plus and "+" or "") .. options.infstr
            end
            return spaces(left + right + 1 - #text) .. text
        elseif exponent then
            return scientific(x, dtype, precision, unique, trim, plus, left, exp_digits, least)
        end
        return positional(x, dtype, precision, unique, trim, plus, left, right, least)
    end
end

local function complex_format(re, im, n, dtype, options)
    dtype = common.part(dtype)
    local real = float_format(re, n, dtype, options, options.sign)
    local imag = float_format(im, n, dtype, options, "+")
    return function(x, y)
        local text = imag(y)
        local digits = common.rstrip(text) -- j follows the digits, before any padding
        return real(x) .. digits .. "j" .. text:sub(#digits + 1)
    end
end

local function int_format(values, n, _, options)
    local sign, width, negative = options.sign, 0, false
    for i = 1, n do
        negative = negative or values[i]:sub(1, 1) == "-"
    end
    if sign == " " and negative then
        sign = "-"
    end
    local mark = sign ~= "-" and sign or ""
    for i = 1, n do
        local text = values[i]
        width = math.max(width, #text + (text:sub(1, 1) == "-" and 0 or #mark))
    end
    return function(text)
        if text:sub(1, 1) ~= "-" then
            text = mark .. text
        end
        return spaces(width - #text) .. text
    end
end

local makers = {
    bool = function(_, _, view)
        local yes = view.ndim == 0 and "True" or " True"
        return function(text)
            return text == "True" and yes or "False"
        end
    end,
    int = function(values, n, _, options)
        return int_format(values, n, _, options)
    end,
    float = function(values, n, view, options)
        return float_format(values, n, view.dtype, options, options.sign)
    end,
    complex = function(values, n, view, options, second)
        return complex_format(values, second, n, view.dtype, options)
    end,
}

local formatter_keys = {
    bool = {"bool"}, int = {"int", "int_kind"},
    float = {"float", "float_kind"}, complex = {"complexfloat", "complex_kind"},
}

--- The value of an element as a user's formatter gets it.
local function plain(kind, value)
    if kind == "bool" then
        return value == "True"
    elseif kind == "int" then
        local number = tonumber(value)
        return ("%.0f"):format(number) == value and number or value
    end
    return value
end

local function user_format(kind, formatter)
    local f = formatter.all
    for i = 2, 1, -1 do
        local key = formatter_keys[kind][i]
        f = key and formatter[key] or f
    end
    return f and function(value, second)
        local text = f(plain(kind, value), second)
        if type(text) ~= "string" then
            core.raise("value", "array2string", "a formatter must return a string, got " .. type(text))
        end
        return text
    end
end

-- ---- from words to lines -----------------------------------------------------------------------

--- Appends a word to the current line, or starts a new one if it would not fit and that helps.
local function append(done, line, word, width, indent)
    if #line + #word > width and #line > #indent then
        done[#done + 1] = common.rstrip(line) .. "\n"
        line = indent
    end
    return line .. word
end

--- The same for a word of several lines (a user's formatter may give one): they stay aligned.
local function append_lines(done, line, word, width, indent)
    if not word:find("\n", 1, true) then
        return append(done, line, word, width, indent)
    end
    local lines, longest = {}, 0
    for text in (word:gsub("\n$", "") .. "\n"):gmatch("(.-)\n") do
        lines[#lines + 1] = text
        longest = math.max(longest, #text)
    end
    if #lines == 1 then
        return append(done, line, lines[1], width, indent)
    end
    local margin
    if #line + longest > width and #line > #indent then
        done[#done + 1] = common.rstrip(line) .. "\n"
        line, margin = indent .. lines[1], indent
    else
        line, margin = line .. lines[1], spaces(#line)
    end
    for i = 2, #lines do
        done[#done + 1] = common.rstrip(line) .. "\n"
        line = margin .. lines[i]
    end
    return line .. spaces(longest - #lines[#lines])
end

local function lay_out(view, axes, word, options, separator, indent)
    local ndim = view.ndim
    if ndim == 0 then
        return word()
    end
    local bare = common.rstrip(separator)

    local function row(margin, width)
        local axis = axes[ndim]
        local room = width - math.max(#bare, 1)
        local done, line = {}, margin
        for _ = 1, axis.head do
            line = append_lines(done, line, word(), room, margin) .. separator
        end
        if axis.gap then
            line = append(done, line, "...", room, margin) .. separator
            for _ = axis.tail, axis.size do
                line = append_lines(done, line, word(), room, margin) .. separator
            end
        end
        done[#done + 1] = line:sub(1, #line - #separator)
        return "[" .. table.concat(done):sub(#margin + 1) .. "]"
    end

    local function block(dim, margin, width)
        if dim == ndim then
            return row(margin, width)
        end
        local axis, rows = axes[dim], {}
        for _ = 1, axis.head do
            rows[#rows + 1] = block(dim + 1, margin .. " ", width - 1)
        end
        if axis.gap then
            rows[#rows + 1] = "..."
            for _ = axis.tail, axis.size do
                rows[#rows + 1] = block(dim + 1, margin .. " ", width - 1)
            end
        end
        return "[" .. table.concat(rows, bare .. ("\n"):rep(ndim - dim) .. margin) .. "]"
    end

    return block(1, indent, options.linewidth)
end

--- The body of an array that is not empty.
local function body(view, options, separator, prefix)
    local kind = common.kind(view)
    local edge = options.edgeitems
    local summarise = common.size(view) > options.threshold
    -- With no edge items NumPy still shows the last one, and measures the whole array for it.
    local none = summarise and edge == 0
    local axes = common.axes(view, summarise, edge, none and 1 or nil)
    local first, second, n = common.gather(view, axes)
    local text = options.formatter and user_format(kind, options.formatter)
    if not text then
        if none then
            local all, all_second, count = common.gather(view, common.axes(view, false, edge))
            text = makers[kind](all, count, view, options, all_second)
        else
            text = makers[kind](first, n, view, options, second)
        end
    end
    local i = 0
    local function word()
        i = i + 1
        return text(first[i], second[i])
    end
    return lay_out(view, axes, word, options, separator, " " .. spaces(#prefix))
end

-- ---- the public functions ----------------------------------------------------------------------

local function print_options(base, changes, what)
    local complete = common.merge(what, defaults, base, known)
    return check(common.merge(what, complete, changes, known), what)
end

--- As np.set_printoptions: a formatter holds until the next call only.
function core.numpy_print_options(base, changes)
    local options = print_options(base, changes, "set_printoptions")
    options.formatter = changes and changes.formatter
    return options
end

local renamed = {max_line_width = "linewidth", suppress_small = "suppress"}
local placed = {separator = true, prefix = true, suffix = true}

function core.array2string(view, options, base)
    if view.revoked then
        return common.revoked("array", view)
    end
    local changes = {}
    for key, value in pairs(options or {}) do
        if not placed[key] then
            changes[renamed[key] or key] = value
        end
    end
    options = options or {}
    local merged = print_options(base, changes, "array2string")
    merged.linewidth = merged.linewidth - #(options.suffix or "")
    if common.size(view) == 0 then
        return "[]"
    end
    return body(view, merged, options.separator or " ", options.prefix or "")
end

local implied = {int64 = true, float64 = true, complex128 = true, bool = true}

local function array_repr(view, options)
    if view.revoked then
        return common.revoked("array", view)
    end
    options = print_options(options, nil, "repr")
    local size = common.size(view)
    local prefix, text = "array(", "[]"
    if size > 0 then
        local width = options.linewidth
        options.linewidth = width - 1 -- room for the closing parenthesis
        text = body(view, options, ", ", prefix)
        options.linewidth = width
    end
    local extras = {}
    local shaped = not options.legacy or options.legacy == "2.2"
    if size == 0 and not (view.ndim == 1 and view.shape[1] == 0)
        or shaped and size > options.threshold then
        extras[1] = "shape=" .. common.tuple(view.shape, view.ndim)
    end
    if size == 0 or not implied[view.dtype] then
        extras[#extras + 1] = "dtype=" .. view.dtype
    end
    if #extras == 0 then
        return prefix .. text .. ")"
    end
    text = prefix .. text .. ","
    local extra = table.concat(extras, ", ") .. ")"
    if #common.last_line(text) + #extra + 1 > options.linewidth then
        return text .. "\n" .. spaces(#prefix) .. extra
    end
    return text .. " " .. extra
end

-- NumPy's str of a scalar: all digits, positional between 1e-4 and a power of ten of the dtype.
local function scalar_str(x, dtype, options, trim, plus)
    local large = options.legacy and 1e16 or dtype == "float64" and 1e16 or 10 ^ digits10[dtype]
    local seen = core.format_survey({x}, 1, dtype)
    if seen.nonzero == 0 or seen.max < large and seen.max >= 1e-4 then
        return core.format_positional(x, dtype, nil, true, trim, plus)
    end
    return core.format_scientific(x, dtype, nil, true, "-", plus)
end

local function complex_str(re, im, dtype, options)
    dtype = common.part(dtype)
    local seen = core.format_survey({re}, 1, dtype)
    if seen.finite == 1 and seen.nonzero == 0 and not seen.negative then
        return scalar_str(im, dtype, options, "-", false) .. "j"
    end
    local imag = im ~= im and "+nan" or scalar_str(im, dtype, options, "-", true)
    return "(" .. scalar_str(re, dtype, options, "-", false) .. imag .. "j)"
end

function core.array_str(view, options)
    if view.revoked then
        return common.revoked("array", view)
    end
    options = print_options(options, nil, "str")
    if common.size(view) == 0 then
        return "[]"
    elseif view.ndim > 0 then
        return body(view, options, " ", "")
    end
    local kind, x, y = common.kind(view), view.at()
    if kind == "float" then
        return scalar_str(x, view.dtype, options, "0", false)
    elseif kind == "complex" then
        return complex_str(x, y, view.dtype, options)
    end
    return x
end

return array_repr
