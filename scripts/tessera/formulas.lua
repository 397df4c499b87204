--- Elementwise functions that are a line of others: angles, logarithms of sums, interpolation, conjugates.
local ts, torch, np, core = ...
local arguments, compose = core.require("arguments"), core.require("compose")
local define, bind, fail, is_array = core.define, core.bind, arguments.fail, arguments.is_array
local only, cast, unary, binary, into = compose.only, compose.cast, compose.unary, compose.binary, compose.into
local where, isnan, eq, maximum, abs, log1p, exp = torch.where, torch.isnan, torch.eq, torch.maximum, torch.abs,
    torch.log1p, torch.exp

-- ---- degrees

--- The floating dtype that functions of one number compute in, found by hypot.
local function floating(operation, x)
    only("biuf", operation, x)
    return cast(x, torch.hypot(x, x).dtype)
end

local function converted(face, operation, factor)
    return unary(face, operation, {}, function(x)
        return floating(operation, x) * factor
    end)
end

--- NumPy divides in float32 for all but float64, which differs from the rounded quotient.
local function degrees(operation)
    return (unary(np, operation, {}, function(x)
        x = floating(operation, x)
        return x * (x.dtype.name == "float64" and 180 / math.pi or 57.2957763671875)
    end))
end

local deg2rad, deg2rad_ = converted(torch, "deg2rad", math.pi / 180)
local rad2deg, rad2deg_ = converted(torch, "rad2deg", 180 / math.pi)
define("torch.deg2rad t:deg2rad", "deg2rad(x, {out})", "Degrees in radians.", deg2rad)
define("torch.rad2deg t:rad2deg", "rad2deg(x, {out})", "Radians in degrees.", rad2deg)
define("t:deg2rad_", "x:deg2rad_()", "Degrees in radians, in place.", deg2rad_)
define("t:rad2deg_", "x:rad2deg_()", "Radians in degrees, in place.", rad2deg_)
define("np.deg2rad np.radians", "deg2rad(x, {out, where})", "Degrees in radians.",
    (converted(np, "deg2rad", math.pi / 180)))
define("np.rad2deg np.degrees", "rad2deg(x, {out, where})", "Radians in degrees.", degrees("rad2deg"))

local real_angle = ts.fuse(function(x) return torch.atan2(false, x) end, {name = "angle"})

define("np.angle", "angle(z, deg = false)",
    "The angle of complex numbers, in radians or degrees; of real ones 0 or pi.", function(x, ...)
        local deg
        x, deg = bind("angle", 1, {"deg"}, x, ...)
        x = arguments.array("angle", np, x)
        deg = arguments.boolean("angle", "deg", deg, false)
        local kind = x.dtype.kind
        local made = kind == "c" and core.angle(x) or real_angle(kind == "b" and cast(x, np.int64) or x)
        return deg and made * (180 / math.pi) or made
    end)

-- ---- conjugates and signs

define("torch.conj t:conj", "conj(x)", "The complex conjugate; x itself if it is real.", function(...)
    local x = arguments.array("conj", torch, (bind("conj", 1, {}, ...)))
    return x.dtype.kind == "c" and core.conjugate(x) or x
end)
define("t:resolve_conj", "x:resolve_conj()", "x itself: conjugates are always computed.", function(...)
    return arguments.array("resolve_conj", torch, (bind("resolve_conj", 1, {}, ...)))
end)
define("a:conj a:conjugate", "x:conj()", "The complex conjugate; x itself if it is real.", function(...)
    local x = arguments.array("conj", np, (bind("conj", 1, {}, ...)))
    return x.dtype.kind == "c" and core.conjugate(x) or x
end)

local function conjugate(face)
    return function(x, ...)
        return core.conjugate(arguments.array("conjugate", face, x), ...)
    end
end
define("np.conj np.conjugate", "conj(x, {out, where})", "The complex conjugate.", conjugate(np))
define("torch.conj_physical t:conj_physical", "conj_physical(x, {out})", "The complex conjugate, always a new tensor.",
    conjugate(torch))
define("t:conj_physical_", "x:conj_physical_()", "The complex conjugate in place.", function(...)
    local x = bind("conj_physical_", 1, {}, ...)
    compose.tensor_only("conj_physical_", x)
    return core.conjugate(x, {out = x})
end)

define("torch.positive t:positive", "positive(x)", "x itself; not of bool.", function(...)
    local x = arguments.array("positive", torch, (bind("positive", 1, {}, ...)))
    only("iufc", "positive", x)
    return x
end)

define("np.fabs", "fabs(x, {out, where})", "|x|; integers give floating results.",
    (unary(np, "fabs", {}, function(x) return np.copysign(x, false) end, true)))

define("torch.rsub", "rsub(x, y, {alpha = 1})", "y - alpha * x.", function(...)
    local x, y, alpha = bind("rsub", 2, {"alpha"}, ...)
    if not (is_array(x) or is_array(y)) then
        x = arguments.array("rsub", torch, x)
    end
    for _, operand in ipairs {x, y} do
        if is_array(operand) then
            only("iufc", "rsub", operand)
        end
    end
    if alpha ~= nil then
        return torch.sub(y, x, {alpha = alpha})
    end
    return torch.sub(y, x)
end)

-- ---- NaN and infinity

local largest = {
    float16 = 65504.0, bfloat16 = (2 - 2 ^ -7) * 2 ^ 127, float32 = (2 - 2 ^ -23) * 2 ^ 127,
    float64 = (2 - 2 ^ -52) * 2 ^ 1023,
}
local halves = {complex64 = "float32", complex128 = "float64"}

local replaced = ts.fuse(function(x, nan, plus, minus)
    if x.dtype.kind ~= "f" then
        return x
    end
    return where(isnan(x), nan, where(eq(x, math.huge), plus, where(eq(x, -math.huge), minus, x)))
end, {name = "nan_to_num"})

--- The parts of complex numbers are replaced one by one.
local function replace(operation, x, out, nan, plus, minus)
    local dtype = x.dtype.name
    local most = largest[halves[dtype] or dtype] or 0.0
    nan = compose.number(operation, "nan", nan, 0.0)
    plus = compose.number(operation, "posinf", plus, most)
    minus = compose.number(operation, "neginf", minus, -most)
    if not halves[dtype] then
        if out then
            return replaced(x, nan, plus, minus, {out = out})
        end
        return replaced(x, nan, plus, minus)
    end
    local made = out or (torch.is_tensor(x) and torch or np).empty_like(x)
    if made.dtype.kind ~= "c" then
        fail("dtype", operation, "out must be complex, not %s", made.dtype.name)
    end
    local imag = replaced(x.imag, nan, plus, minus)
    replaced(x.real, nan, plus, minus, {out = made.real})
    made.imag[{ts.ellipsis}] = imag
    return made
end

define("torch.nan_to_num t:nan_to_num", "nan_to_num(x, nan = 0, posinf, neginf, {out})",
    "x with NaN and infinities replaced, by 0 and the limits of the dtype.", function(x, ...)
        local nan, plus, minus, out
        x, nan, plus, minus, out = bind("nan_to_num", 1, {"nan", "posinf", "neginf", "out"}, x, ...)
        return replace("nan_to_num", arguments.array("nan_to_num", torch, x), out, nan, plus, minus)
    end)
define("t:nan_to_num_", "x:nan_to_num_(nan = 0, posinf, neginf)", "nan_to_num in place.", function(x, ...)
    local nan, plus, minus
    compose.tensor_only("nan_to_num_", x)
    x, nan, plus, minus = bind("nan_to_num_", 1, {"nan", "posinf", "neginf"}, x, ...)
    return replace("nan_to_num_", x, x, nan, plus, minus)
end)
define("np.nan_to_num", "nan_to_num(x, copy = true, nan = 0, posinf, neginf)",
    "x with NaN and infinities replaced, by 0 and the limits of the dtype; copy = false does it in place.",
    function(x, ...)
        local copy, nan, plus, minus
        x, copy, nan, plus, minus = bind("nan_to_num", 1, {"copy", "nan", "posinf", "neginf"}, x, ...)
        x = arguments.array("nan_to_num", np, x)
        copy = arguments.boolean("nan_to_num", "copy", copy, true)
        return replace("nan_to_num", x, not copy and x or nil, nan, plus, minus)
    end)

-- ---- logarithms and powers

--- PyTorch's are for floating results alone.
local function of_sums(face, operation, formula)
    return (binary(face, operation, {}, function(x, y)
        if torch.is_tensor(x) or torch.is_tensor(y) then
            only("f", operation, x + y)
        end
        return formula(compose.meet(operation, x, y))
    end))
end

--- Equal operands, infinite ones too, have no difference.
local function log_of_sum(x, y)
    return where(eq(x, y), x + math.log(2), maximum(x, y) + log1p(exp(-abs(x - y))))
end

local function log2_of_sum(x, y)
    return where(eq(x, y), x + 1.0, maximum(x, y) + log1p(torch.exp2(-abs(x - y))) * (1 / math.log(2)))
end

define("torch.logaddexp t:logaddexp", "logaddexp(x, y, {out})", "log(e^x + e^y) without overflow.",
    of_sums(torch, "logaddexp", log_of_sum))
define("np.logaddexp", "logaddexp(x, y, {out, where})", "log(e^x + e^y) without overflow.",
    of_sums(np, "logaddexp", log_of_sum))
define("torch.logaddexp2 t:logaddexp2", "logaddexp2(x, y, {out})", "log2(2^x + 2^y) without overflow.",
    of_sums(torch, "logaddexp2", log2_of_sum))
define("np.logaddexp2", "logaddexp2(x, y, {out, where})", "log2(2^x + 2^y) without overflow.",
    of_sums(np, "logaddexp2", log2_of_sum))

local xlogy, xlogy_ = binary(torch, "xlogy", {}, function(x, y)
    x, y = compose.meet("xlogy", x, y)
    return where(isnan(y), y, where(eq(x, 0.0), 0.0, x * torch.log(y)))
end)
define("torch.xlogy t:xlogy", "xlogy(x, y, {out})", "x * log(y), and 0 where x is 0 and y is not NaN.", xlogy)
define("t:xlogy_", "x:xlogy_(y)", "xlogy in place.", xlogy_)

local ldexp, ldexp_ = binary(torch, "ldexp", {}, function(x, y)
    return x * torch.pow(2.0, y)
end, true)
define("torch.ldexp t:ldexp", "ldexp(x, y, {out})", "x * 2^y, as PyTorch computes it: 2^y in its own dtype.", ldexp)
define("t:ldexp_", "x:ldexp_(y)", "x * 2^y in place.", ldexp_)

local logit, logit_ = unary(torch, "logit", {{"eps", -1.0}}, function(x, eps)
    x = floating("logit", x)
    local high = 1.0 - eps
    local limited = where(torch.lt(x, eps), eps, where(torch.gt(x, high), high, x))
    local z = where(torch.lt(eps, 0.0), x, limited)
    return torch.log(z / (1.0 - z))
end)
define("torch.logit t:logit", "logit(x, eps, {out})", "log(x / (1 - x)); with eps, x is first kept in eps ... 1 - eps.",
    logit)
define("t:logit_", "x:logit_(eps)", "logit in place.", logit_)

-- ---- three operands

--- Near the end the formula starts from the end, so that weight 1 gives it exactly.
local function lerp_formula(x, y, weight, small)
    only("fc", "lerp", x)
    if y.dtype ~= x.dtype then
        fail("dtype", "lerp", "start and end must be of one dtype, not %s and %s", x.dtype.name, y.dtype.name)
    end
    weight = cast(weight, x.dtype)
    local from_start = small ~= false and x + weight * (y - x)
    local from_end = small ~= true and y - (y - x) * (1.0 - weight)
    if small == nil then
        return where(torch.lt(abs(weight), 0.5), from_start, from_end)
    end
    return from_start or from_end
end

local lerp_by = {}
for key, small in pairs {near = true, far = false} do
    lerp_by[key] = ts.fuse(function(x, y, weight)
        return lerp_formula(x, y, weight, small)
    end, {wide = true, name = "lerp"})
end
lerp_by.arrays = ts.fuse(function(x, y, weight)
    if weight.dtype ~= x.dtype then
        fail("dtype", "lerp", "the weight must be %s, not %s", x.dtype.name, weight.dtype.name)
    end
    return lerp_formula(x, y, weight)
end, {wide = true, name = "lerp"})

local function lerp(x, y, weight, options)
    x, y = arguments.array("lerp", torch, x), arguments.array("lerp", torch, y)
    local run = lerp_by.arrays
    if type(weight) == "number" then
        run = math.abs(weight) < 0.5 and lerp_by.near or lerp_by.far
    else
        weight = arguments.array("lerp", torch, weight)
    end
    if options then
        return run(x, y, weight, options)
    end
    return run(x, y, weight)
end

define("torch.lerp t:lerp", "lerp(start, end, weight, {out})", "start + weight * (end - start).", function(...)
    local x, y, weight, out = bind("lerp", 2, {"weight", "out"}, ...)
    return lerp(x, y, weight, into(out))
end)
define("t:lerp_", "x:lerp_(end, weight)", "lerp in place.", function(...)
    local x, y, weight = bind("lerp_", 2, {"weight"}, ...)
    compose.tensor_only("lerp_", x)
    return lerp(x, y, weight, {out = x})
end)

--- x + value * y (op) z in the dtype of the three.
local function accumulate(operation, apply, kinds)
    local run = ts.fuse(function(x, y, z, value)
        local dtype = (x + (y + z)).dtype
        only("iufc", operation, x + (y + z))
        only(kinds, operation, y + z)
        x, y, z = cast(x, dtype), cast(y, dtype), cast(z, dtype)
        return x + apply(cast(value, dtype) * y, z)
    end, {wide = true, name = operation})
    local function call(x, y, z, value, options)
        x, y = arguments.array(operation, torch, x), arguments.array(operation, torch, y)
        x, y, z = compose.settled(x, y, arguments.array(operation, torch, z))
        value = compose.number(operation, "value", value, true)
        if options then
            return run(x, y, z, value, options)
        end
        return run(x, y, z, value)
    end
    return function(...)
        local x, y, z, value, out = bind(operation, 3, {"value", "out"}, ...)
        return call(x, y, z, value, into(out))
    end, function(...)
        local x, y, z, value = bind(operation .. "_", 3, {"value"}, ...)
        compose.tensor_only(operation .. "_", x)
        return call(x, y, z, value, {out = x})
    end
end

local addcmul, addcmul_ = accumulate("addcmul", torch.mul, "biufc")
local addcdiv, addcdiv_ = accumulate("addcdiv", core.divide, "fc")
define("torch.addcmul t:addcmul", "addcmul(x, y, z, {value = 1, out})", "x + value * y * z.", addcmul)
define("t:addcmul_", "x:addcmul_(y, z, {value = 1})", "x + value * y * z in place.", addcmul_)
define("torch.addcdiv t:addcdiv", "addcdiv(x, y, z, {value = 1, out})", "x + value * y / z; not of integers y and z.",
    addcdiv)
define("t:addcdiv_", "x:addcdiv_(y, z, {value = 1})", "x + value * y / z in place.", addcdiv_)
