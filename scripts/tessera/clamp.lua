--- Limits: clamp and clip, with numbers or arrays on either side or one alone.
--
-- A lower limit above the upper one gives the upper one, and NaN in any of the three is NaN: the minimum
-- of the maximum. On np nothing on either side is a copy.
local ts, torch, np, core = ...
local arguments, compose = core.require("arguments"), core.require("compose")
local define, bind, fail, is_array = core.define, core.bind, arguments.fail, arguments.is_array
local maximum, minimum = torch.maximum, torch.minimum

--- PyTorch has no limits for bool alone, nor for complex numbers.
local function check(operation, face, ...)
    local all_bool = true
    for i = 1, face == torch and select("#", ...) or 0 do
        local x = select(i, ...)
        compose.only("biuf", operation, x)
        all_bool = all_bool and x.dtype.kind == "b"
    end
    if face == torch and all_bool then
        fail("dtype", operation, "does not take bool operands")
    end
end

local function limits(operation, face)
    return {
        both = ts.fuse(function(x, low, high)
            check(operation, face, x, low, high)
            if face == torch then -- where a limit of no dimensions counts less than the rest
                local dtype = (x + low + high).dtype
                x, low, high = compose.cast(x, dtype), compose.cast(low, dtype), compose.cast(high, dtype)
            end
            return minimum(maximum(x, low), high)
        end, {name = operation}),
        low = ts.fuse(function(x, low)
            check(operation, face, x, low)
            return maximum(x, low)
        end, {name = operation}),
        high = ts.fuse(function(x, high)
            check(operation, face, x, high)
            return minimum(x, high)
        end, {name = operation}),
    }
end

--- The operands are bound.
local function clamp(face, run, operation, x, low, high, options)
    if not is_array(x) then
        x = arguments.array(operation, face, x)
    end
    if low ~= nil and high ~= nil then
        if face == torch and is_array(low) and is_array(high) then
            x, low, high = compose.settled(x, low, high)
        end
        if options then
            return run.both(x, low, high, options)
        end
        return run.both(x, low, high)
    elseif low == nil and high == nil then
        if face == torch then
            fail("value", operation, "needs min or max")
        end
        return options and np.positive(x, options) or np.positive(x)
    end
    local one = low == nil and run.high or run.low
    if options then
        return one(x, low == nil and high or low, options)
    end
    return one(x, low == nil and high or low)
end

local function both(face, operation)
    local run = limits(operation, face)
    local names = {"min|a_min", "max|a_max", "out", "where"}
    return core.short_way("clamp", operation, function(x, ...)
        local low, high, out, where
        x, low, high, out, where = bind(operation, 1, names, x, ...)
        return clamp(face, run, operation, x, low, high, compose.into(out, where))
    end)
end

local function both_in_place(operation)
    local run, names = limits(operation, torch), {"min", "max"}
    return function(x, ...)
        local low, high
        compose.tensor_only(operation, x)
        x, low, high = bind(operation, 1, names, x, ...)
        return clamp(torch, run, operation, x, low, high, {out = x})
    end
end

define("torch.clamp t:clamp torch.clip t:clip", "clamp(x, min, max, {out})",
    "x between min and max, else the nearer of them; numbers or tensors, or only one of them.",
    both(torch, "clamp"))
define("t:clamp_ t:clip_", "x:clamp_(min, max)", "clamp in place.", both_in_place("clamp_"))
define("np.clip a:clip", "clip(x, min, max, {out, where})",
    "x between min and max, else the nearer of them; numbers or arrays, or only one of them.",
    both(np, "clip"))

local function one_sided(operation, side)
    local run, names = limits(operation, torch), {side, "out"}
    return function(x, ...)
        local limit, out
        x, limit, out = bind(operation, 1, names, x, ...)
        if limit == nil then
            fail("value", operation, "needs %s", side)
        end
        local low, high = limit, nil
        if side == "max" then
            low, high = nil, limit
        end
        return clamp(torch, run, operation, x, low, high, compose.into(out))
    end, function(x, ...)
        local limit
        compose.tensor_only(operation .. "_", x)
        x, limit = bind(operation .. "_", 1, {side}, x, ...)
        if limit == nil then
            fail("value", operation .. "_", "needs %s", side)
        end
        return (side == "min" and run.low or run.high)(x, limit, {out = x})
    end
end

local clamp_min, clamp_min_ = one_sided("clamp_min", "min")
local clamp_max, clamp_max_ = one_sided("clamp_max", "max")
define("torch.clamp_min t:clamp_min", "clamp_min(x, min, {out})", "The larger of x and min.", clamp_min)
define("torch.clamp_max t:clamp_max", "clamp_max(x, max, {out})", "The smaller of x and max.", clamp_max)
define("t:clamp_min_", "x:clamp_min_(min)", "The larger of x and min, in place.", clamp_min_)
define("t:clamp_max_", "x:clamp_max_(max)", "The smaller of x and max, in place.", clamp_max_)
