--- Numbers and their parts: rounding to decimals, fractions, mantissas, quotients that are rounded.
local ts, torch, np, core = ...
local arguments, compose = core.require("arguments"), core.require("compose")
local define, bind, fail, is_array = core.define, core.bind, arguments.fail, arguments.is_array
local only, cast, into = compose.only, compose.cast, compose.into

-- ---- round

--- Each step rounds to the dtype, as both libraries do: x * 10^decimals, the nearest integer, and back.
local scaled_up = ts.fuse(function(x, power)
    return core.round(x * power) / power
end, {name = "round"})
local scaled_down = ts.fuse(function(x, power)
    local made = core.round(x / power) * power
    return x.dtype.kind ~= "f" and cast(made, x.dtype) or made -- integers are rounded in float64
end, {name = "round"})

--- Complex numbers are rounded by their parts.
local function by_parts(x, run, power, out, where)
    local made = out or np.empty_like(x)
    if made.dtype ~= x.dtype then
        fail("dtype", "round", "out must be %s, not %s", x.dtype.name, made.dtype.name)
    end
    local imag = run(x.imag, power)
    run(x.real, power, {out = made.real, where = where})
    np.positive(imag, {out = made.imag, where = where})
    return made
end

local function to_decimals(x, decimals, out, where)
    local kind, tensor = x.dtype.kind, torch.is_tensor(x)
    local options, run = into(out, where), decimals > 0 and scaled_up or scaled_down
    if decimals == 0 or not tensor and decimals > 0 and (kind == "i" or kind == "u") then
        return options and core.round(x, options) or core.round(x)
    end
    only(tensor and "f" or "iufc", "round", x)
    local power = 10.0 ^ math.abs(decimals)
    if kind == "c" then
        return by_parts(x, run, power, out, where)
    elseif options then
        return run(x, power, options)
    end
    return run(x, power)
end

local function round(face, names)
    return function(x, ...)
        if not is_array(x) then
            x = arguments.array("round", face, x)
        end
        if select("#", ...) == 0 then
            return core.round(x)
        end
        local decimals, out, where
        x, decimals, out, where = bind("round", 1, names, x, ...)
        return to_decimals(x, arguments.integer("round", "decimals", decimals, 0), out, where)
    end
end

define("torch.round t:round", "round(x, {decimals = 0, out, where})",
    "The nearest integer, or number of so many decimals; half to even; integers as they are.",
    round(torch, {"decimals", "out", "where"}))
define("np.round np.around a:round", "round(x, decimals = 0, {out, where})",
    "The nearest integer, or number of so many decimals; half to even.", round(np, {"decimals", "out", "where"}))
define("t:round_", "x:round_({decimals = 0})", "round in place.", function(x, ...)
    local decimals
    compose.tensor_only("round_", x)
    x, decimals = bind("round_", 1, {"decimals"}, x, ...)
    return to_decimals(x, arguments.integer("round_", "decimals", decimals, 0), x)
end)

-- ---- parts

local frac, frac_ = compose.unary(torch, "frac", {}, function(x)
    only("f", "frac", x)
    return x - torch.trunc(x)
end, true)
define("torch.frac t:frac", "frac(x, {out})", "x - trunc(x).", frac)
define("t:frac_", "x:frac_()", "x - trunc(x) in place.", frac_)

--- Two results, into out = {first, second}.
local function pair(operation, out)
    if out == nil then
        return nil, nil
    elseif type(out) ~= "table" or not (is_array(out[1]) and is_array(out[2])) then
        fail("value", operation, "out must be a table of two arrays")
    end
    return {out = out[1]}, {out = out[2]}
end

local function apply(f, x, options)
    if options then
        return f(x, options)
    end
    return f(x)
end

local function frexp(face, kinds)
    return function(x, ...)
        local out
        x, out = bind("frexp", 1, {"out"}, x, ...)
        x = arguments.array("frexp", face, x)
        only(kinds, "frexp", x)
        local first, second = pair("frexp", out)
        if first and x:shares(first.out) then
            local exponent = apply(core.exponent, x, second)
            return apply(core.mantissa, x, first), exponent
        end
        return apply(core.mantissa, x, first), apply(core.exponent, x, second)
    end
end

define("torch.frexp t:frexp", "frexp(x, {out = {mantissa, exponent}})",
    "Two results, mantissa and exponent: x = mantissa * 2^exponent, 0.5 <= |mantissa| < 1.", frexp(torch, "f"))
define("np.frexp", "frexp(x, {out = {mantissa, exponent}})",
    "Two results, mantissa and exponent: x = mantissa * 2^exponent, 0.5 <= |mantissa| < 1.", frexp(np, "biuf"))

local whole_part = ts.fuse(function(x)
    return np.trunc(cast(x, core.fraction(x).dtype))
end, {name = "modf"})

define("np.modf", "modf(x, {out = {fraction, whole}})",
    "Two results, the fractional and the whole part, both with the sign of x.", function(x, ...)
        local out
        x, out = bind("modf", 1, {"out"}, x, ...)
        x = arguments.array("modf", np, x)
        only("biuf", "modf", x)
        local first, second = pair("modf", out)
        if first and x:shares(first.out) then
            local whole = apply(whole_part, x, second)
            return apply(core.fraction, x, first), whole
        end
        return apply(core.fraction, x, first), apply(whole_part, x, second)
    end)

-- ---- quotients

local truncated = ts.fuse(function(x, y)
    only("biuf", "div", x, y)
    local dtype = (x + y).dtype
    x, y = cast(x, dtype), cast(y, dtype)
    if dtype.kind == "f" then
        return torch.trunc(core.divide(x, y))
    elseif dtype.kind == "b" then
        fail("dtype", "div", "does not take bool operands with a rounding mode")
    end
    return torch.floor_divide(x - torch.fmod(x, y), y)
end, {name = "div", wide = true})

local function is_bool(x)
    return type(x) == "boolean" or is_array(x) and x.dtype.kind == "b"
end

local function divide_by_mode(operation, x, y, mode, options)
    local run
    if mode == nil then
        run = core.divide
    elseif mode == "trunc" then
        run = truncated
    elseif mode == "floor" then
        run = torch.floor_divide
        if is_bool(x) and is_bool(y) then
            fail("dtype", operation, "does not take bool operands with a rounding mode")
        end
    else
        fail("value", operation, "rounding_mode must be \"trunc\" or \"floor\"")
    end
    if options then
        return run(x, y, options)
    end
    return run(x, y)
end

local function divide(x, y, ...)
    if not (is_array(x) or is_array(y)) then
        x = arguments.array("div", torch, x)
    end
    if select("#", ...) == 0 then
        return core.divide(x, y)
    end
    local mode, out, where
    x, y, mode, out, where = bind("div", 2, {"rounding_mode", "out", "where"}, x, y, ...)
    return divide_by_mode("div", x, y, mode, into(out, where))
end

local function divide_(x, ...)
    local y, mode
    compose.tensor_only("div_", x)
    x, y, mode = bind("div_", 2, {"rounding_mode"}, x, ...)
    return divide_by_mode("div_", x, y, mode, {out = x})
end

define("torch.div torch.divide torch.true_divide t:div t:divide t:true_divide",
    "div(x, y, {rounding_mode, out, where})",
    "Quotient of x and y; integers give floating results. rounding_mode = \"trunc\" rounds it towards 0, "
    .. "\"floor\" down, and integers stay.", divide)
define("t:div_ t:divide_ t:true_divide_", "x:div_(y, {rounding_mode})", "div in place.", divide_)

define("np.divmod", "divmod(x, y, {out = {quotient, remainder}})",
    "Two results, floor_divide(x, y) and remainder(x, y).", function(x, y, ...)
        local out
        x, y, out = bind("divmod", 2, {"out"}, x, y, ...)
        if not (is_array(x) or is_array(y)) then
            x = arguments.array("divmod", np, x)
        end
        local first, second = pair("divmod", out)
        local quotient, remainder = np.floor_divide(x, y), np.remainder(x, y)
        if first then
            quotient = np.positive(quotient, first)
            remainder = np.positive(remainder, second)
        end
        return quotient, remainder
    end)
