--- Activation functions of neural networks, and the table torch.special.
local ts, torch, _, core = ...
local arguments, compose = core.require("arguments"), core.require("compose")
local define, bind, fail = core.define, core.bind, arguments.fail
local only, cast, unary = compose.only, compose.cast, compose.unary
local where, exp, expm1, log1p, erfc, tanh = torch.where, torch.exp, torch.expm1, torch.log1p, torch.erfc, torch.tanh
local maximum, minimum, gt, lt, sigmoid = torch.maximum, torch.minimum, torch.gt, torch.lt, torch.sigmoid
local sqrt_half, sqrt_2_over_pi = math.sqrt(0.5), math.sqrt(2 / math.pi)

-- ---- pieces of lines

local relu, relu_ = unary(torch, "relu", {}, function(x)
    only("iuf", "relu", x)
    return maximum(x, false) -- a boolean never changes the dtype
end, true)

define("torch.relu t:relu", "relu(x, {out})", "max(x, 0).", relu)
define("t:relu_", "x:relu_()", "max(x, 0) in place.", relu_)

--- Integers are limited by the integers that the limits truncate to.
local function limited(operation)
    return function(x, low, high)
        only("iuf", operation, x)
        if x.dtype.kind ~= "f" then
            low, high = cast(low, x.dtype), cast(high, x.dtype)
        end
        return minimum(maximum(x, low), high)
    end
end

local function negative(limit, otherwise)
    limit = limit == nil and otherwise or limit
    return type(limit) == "number" and limit < 0
end

local hardtanh = unary(torch, "hardtanh", {{"min_val", -1}, {"max_val", 1}}, limited("hardtanh"), true)
local limits = {"min_val", "max_val", "out", "where"}

define("torch.hardtanh t:hardtanh", "hardtanh(x, min_val = -1, max_val = 1, {out})",
    "x between min_val and max_val, else the nearer of them.",
    function(x, ...)
        x = arguments.array("hardtanh", torch, x)
        if x.dtype.kind == "u" then
            local _, low, high = bind("hardtanh", 1, limits, x, ...)
            if negative(low, -1) or negative(high, 1) then
                fail("value", "hardtanh", "negative limits of %s", x.dtype.name)
            end
        end
        return hardtanh(x, ...)
    end)

define("torch.relu6 t:relu6", "relu6(x, {out})", "min(max(x, 0), 6).",
    (unary(torch, "relu6", {}, function(x)
        only("iuf", "relu6", x)
        return cast(minimum(maximum(x, false), 6.0), x.dtype) -- exact for integers: the large ones are cut
    end, true)))

define("torch.leaky_relu t:leaky_relu", "leaky_relu(x, negative_slope = 0.01, {out})",
    "x where it is positive, else negative_slope * x.",
    (unary(torch, "leaky_relu", {{"negative_slope", 0.01}}, function(x, slope)
        only("f", "leaky_relu", x)
        return where(gt(x, 0.0), x, x * slope)
    end)))

-- ---- smooth ones

define("torch.elu t:elu", "elu(x, alpha = 1, {out})", "x where it is positive, else alpha * (e^x - 1).",
    (unary(torch, "elu", {{"alpha", 1}}, function(x, alpha)
        only("f", "elu", x)
        return where(lt(x, 0.0), expm1(x) * alpha, x)
    end)))

define("torch.silu t:silu", "silu(x, {out})", "x * sigmoid(x).",
    (unary(torch, "silu", {}, function(x)
        only("fc", "silu", x)
        return x * sigmoid(x)
    end)))

define("torch.softplus t:softplus", "softplus(x, beta = 1, threshold = 20, {out})",
    "log(1 + e^(beta * x)) / beta; x itself where beta * x is above threshold.",
    (unary(torch, "softplus", {{"beta", 1}, {"threshold", 20}}, function(x, beta, threshold)
        only("f", "softplus", x)
        local y = x * beta
        return where(gt(y, threshold), x, log1p(exp(y)) / beta)
    end)))

local gelus = {
    none = ts.fuse(function(x)
        only("f", "gelu", x)
        return x * 0.5 * erfc(x * -sqrt_half)
    end, {wide = true, name = "gelu"}),
    tanh = ts.fuse(function(x)
        only("f", "gelu", x)
        return x * 0.5 * (tanh((x * x * x * 0.044715 + x) * sqrt_2_over_pi) + 1.0)
    end, {wide = true, name = "gelu"}),
}

define("torch.gelu t:gelu", "gelu(x, {approximate = \"none\", out})",
    "x times the share of a normal distribution below x; approximate = \"tanh\" is PyTorch's cheaper formula.",
    function(x, ...)
        local approximate, out
        x, approximate, out = bind("gelu", 1, {"approximate", "out"}, x, ...)
        local run = gelus[approximate == nil and "none" or approximate]
        if not run then
            fail("value", "gelu", "approximate must be \"none\" or \"tanh\"")
        end
        x = arguments.array("gelu", torch, x)
        if out ~= nil then
            return run(x, {out = out})
        end
        return run(x)
    end)

-- ---- tables

define("torch.special", "torch.special", "PyTorch's table of special functions.",
    compose.table_of("torch.special", "expit=sigmoid erf erfc erfinv gammaln=lgamma digamma psi=digamma i0 sinc "
        .. "log1p expm1 exp2 xlogy logit round logsumexp softmax log_softmax"))
