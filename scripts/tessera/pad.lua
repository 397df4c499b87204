--- Putting a frame of constants around an array.
--
-- The frame is filled dimension by dimension, each time over the whole of the earlier dimensions and
-- only the middle of the later ones, so that no element is written twice and the last dimension's
-- values take the corners, as in NumPy.
local _, torch, np, core = ...
local arguments = core.require("arguments")
local define, bind, fail = core.define, core.bind, arguments.fail
local narrow, assign, fill = torch.narrow, core.t.copy_, core.t.fill_

--- A new array with x in the middle: before[d] and after[d] elements around dimension d, filled with
-- first[d] and last[d]; undefined when `first` is nil.
local function framed(x, before, after, first, last)
    local face, sizes, shape = arguments.face_of(x), {}, x.shape
    for d = 1, #shape do
        sizes[d] = before[d] + shape[d] + after[d]
    end
    local columns = face == np and x.flags.f_contiguous and not x.flags.c_contiguous
    local made = face.empty(sizes, {dtype = x.dtype, order = columns and "F" or "C"})
    local middle = {[0] = made} -- middle[d]: without the frame of the dimensions from d on
    local inner = made
    for d = #shape, 1, -1 do
        middle[d] = inner
        inner = narrow(inner, d, before[d] + 1, shape[d])
    end
    assign(inner, x)
    if first then
        for d = 1, #shape do
            fill(narrow(middle[d], d, 1, before[d]), first[d])
            fill(narrow(middle[d], d, before[d] + shape[d] + 1, after[d]), last[d])
        end
    end
    return made
end

-- ---- np.pad

--- NumPy's ways to say a pair for each of `ndim` dimensions: v, {v}, {before, after}, {{before,
-- after}} for all of them, and {{b, a}, {b, a}, ...} or {{v}, {v}, ...} for each.
local function pairs_of(operation, what, given, ndim)
    if arguments.is_array(given) then
        given = given:tolist()
    end
    if type(given) ~= "table" then
        given = {given}
    end
    local each = type(given[1]) == "table" and given or {given}
    local first, last = {}, {}
    if #each ~= 1 and #each ~= ndim then
        fail("shape", operation, "%d pairs of %s for %d dimensions", #each, what, ndim)
    end
    for d = 1, ndim do
        local pair = each[#each == 1 and 1 or d]
        if type(pair) ~= "table" or #pair < 1 or #pair > 2 then
            fail("value", operation, "%s must be one value or pairs of values", what)
        end
        first[d], last[d] = pair[1], pair[#pair]
    end
    return first, last
end

define("np.pad", "pad(x, pad_width, mode, {constant_values})",
    "With constant_values around it: one width, {before, after}, or such a pair for each axis. The modes "
    .. "are \"constant\" and \"empty\".", function(x, ...)
        local width, mode, constants
        x, width, mode, constants = bind("pad", 1, {"pad_width", "mode", "constant_values"}, x, ...)
        x = arguments.array("pad", np, x)
        local before, after = pairs_of("pad", "pad_width", width, x.ndim)
        for d = 1, x.ndim do
            for _, widths in ipairs {before, after} do
                if arguments.integer("pad", "a width", widths[d]) < 0 then
                    fail("value", "pad", "negative width %s", tostring(widths[d]))
                end
            end
        end
        if mode == "empty" then
            return framed(x, before, after)
        elseif mode ~= nil and mode ~= "constant" then
            fail("unsupported", "pad", "mode must be \"constant\" or \"empty\", not %s", tostring(mode))
        end
        if constants == nil then
            constants = 0
        end
        return framed(x, before, after, pairs_of("pad", "constant_values", constants, x.ndim))
    end)

-- ---- torch.nn.functional.pad

--- Pairs from the last dimension backwards: {left, right, top, bottom, ...}; negative ones cut off.
local function pad(x, ...)
    local widths, mode, value
    x, widths, mode, value = bind("pad", 1, {"pad", "mode", "value"}, x, ...)
    x = arguments.array("pad", torch, x)
    widths = arguments.integers("pad", "a width", widths)
    local ndim, before, after, first = x.ndim, {}, {}, {}
    if #widths % 2 ~= 0 or #widths > 2 * ndim then
        fail("value", "pad", "takes pairs of widths, at most %d, not %d numbers", ndim, #widths)
    elseif mode ~= nil and mode ~= "constant" then
        fail("unsupported", "pad", "mode must be \"constant\", not %s", tostring(mode))
    end
    for d = 1, ndim do
        local at, n = 2 * (ndim - d) + 1, x.shape[d]
        local left, right = widths[at] or 0, widths[at + 1] or 0
        if n + math.min(left, 0) + math.min(right, 0) < 0 or n + left + right < 0 then
            fail("shape", "pad", "widths %s and %s leave nothing of dimension %d of size %d",
                tostring(left), tostring(right), d, n)
        end
        x = narrow(x, d, 1 + math.max(-left, 0), n + math.min(left, 0) + math.min(right, 0))
        before[d], after[d] = math.max(left, 0), math.max(right, 0)
        first[d] = value == nil and 0 or value
    end
    return framed(x, before, after, first, first)
end

return {pad = pad}
