--- Whether arrays are equal or nearly so, by element and as a whole.
--
-- The tests of whole arrays are fused with the reduction at their end, so that nothing is written.
local ts, torch, np, core = ...
local arguments, compose = core.require("arguments"), core.require("compose")
local define, bind, fail = core.define, core.bind, arguments.fail
local cast = compose.cast
local eq, isnan, isfinite, abs = torch.eq, torch.isnan, torch.isfinite, torch.abs
local both, either = torch.logical_and, torch.logical_or

local function same_dtype(operation, x, y)
    if x.dtype ~= y.dtype then
        fail("dtype", operation, "the dtypes must be equal, not %s and %s", x.dtype.name, y.dtype.name)
    end
end

--- PyTorch's formula: integers are compared in the default dtype.
local function torch_close(x, y, relative, absolute)
    same_dtype("isclose", x, y)
    local same, kind = eq(x, y), x.dtype.kind
    if kind ~= "f" and kind ~= "c" then
        local dtype = torch.get_default_dtype()
        x, y = cast(x, dtype), cast(y, dtype)
    end
    local off = abs(x - y)
    return either(same, both(isfinite(off), torch.le(off, abs(y * relative) + absolute)))
end

--- NumPy 2's.
local function numpy_close(x, y, relative, absolute)
    if y.dtype.kind ~= "f" and y.dtype.kind ~= "c" then
        y = cast(y, np.float64)
    end
    local near = both(torch.le(abs(x - y), abs(y) * relative + absolute), isfinite(y))
    return either(near, eq(x, y))
end

local function both_nan(x, y)
    return both(isnan(x), isnan(y))
end

--- {[equal_nan] = function}
local function kinds_of(close, operation, whole)
    local function finish(x)
        return whole and x:all() or x
    end
    return {
        [false] = ts.fuse(function(...) return finish(close(...)) end, {name = operation}),
        [true] = ts.fuse(function(x, y, ...)
            return finish(either(close(x, y, ...), both_nan(x, y)))
        end, {name = operation}),
    }
end

local function negative(x)
    return type(x) == "number" and (x < 0 or x ~= x)
end

local function test(face, operation, close, whole)
    local runs, names = kinds_of(close, operation, whole), {"rtol", "atol", "equal_nan"}
    return function(x, y, ...)
        local relative, absolute, equal_nan
        x, y, relative, absolute, equal_nan = bind(operation, 2, names, x, y, ...)
        x, y = arguments.array(operation, face, x), arguments.array(operation, face, y)
        relative = compose.number(operation, "rtol", relative, 1e-5)
        absolute = compose.number(operation, "atol", absolute, 1e-8)
        if face == torch and (negative(relative) or negative(absolute)) then
            fail("value", operation, "rtol and atol must not be negative")
        end
        local run = runs[arguments.boolean(operation, "equal_nan", equal_nan, false)]
        if whole then
            return run(x, y, relative, absolute):item()
        end
        return run(x, y, relative, absolute)
    end
end

define("torch.isclose t:isclose", "isclose(x, y, {rtol = 1e-5, atol = 1e-8, equal_nan = false})",
    "Whether |x - y| <= atol + rtol * |y|; equal infinities are close.", test(torch, "isclose", torch_close, false))
define("np.isclose", "isclose(x, y, {rtol = 1e-5, atol = 1e-8, equal_nan = false})",
    "Whether |x - y| <= atol + rtol * |y|; equal infinities are close.", test(np, "isclose", numpy_close, false))
define("torch.allclose t:allclose", "allclose(x, y, {rtol = 1e-5, atol = 1e-8, equal_nan = false})",
    "Whether isclose is true everywhere, as a boolean.", test(torch, "allclose", torch_close, true))
define("np.allclose", "allclose(x, y, {rtol = 1e-5, atol = 1e-8, equal_nan = false})",
    "Whether isclose is true everywhere, as a boolean.", test(np, "allclose", numpy_close, true))

-- ---- equal arrays

local all_equal = ts.fuse(function(x, y) return eq(x, y):all() end, {name = "equal"})
local all_same = ts.fuse(function(x, y)
    return either(eq(x, y), both_nan(x, y)):all()
end, {name = "array_equal"})

define("torch.equal t:equal", "equal(x, y)", "Whether shapes and elements are equal, as a boolean.", function(...)
    local x, y = bind("equal", 2, {}, ...)
    x, y = arguments.array("equal", torch, x), arguments.array("equal", torch, y)
    return x.shape == y.shape and all_equal(x, y):item()
end)

define("np.array_equal", "array_equal(x, y, {equal_nan = false})",
    "Whether shapes and elements are equal, as a boolean.", function(...)
        local x, y, equal_nan = bind("array_equal", 2, {"equal_nan"}, ...)
        x, y = arguments.array("array_equal", np, x), arguments.array("array_equal", np, y)
        local run = arguments.boolean("array_equal", "equal_nan", equal_nan, false) and all_same or all_equal
        return x.shape == y.shape and run(x, y):item()
    end)

local function broadcast(x, y)
    local a, b = x.shape, y.shape
    for i = 0, math.min(#a, #b) - 1 do
        local m, n = a[#a - i], b[#b - i]
        if m ~= n and m ~= 1 and n ~= 1 then
            return false
        end
    end
    return true
end

define("np.array_equiv", "array_equiv(x, y)",
    "Whether the arrays broadcast to one shape and are equal there, as a boolean.", function(...)
        local x, y = bind("array_equiv", 2, {}, ...)
        x, y = arguments.array("array_equiv", np, x), arguments.array("array_equiv", np, y)
        return broadcast(x, y) and all_equal(x, y):item()
    end)

-- ---- questions about elements

local function infinite(face, operation, sign)
    return (compose.unary(face, operation, {}, function(x)
        compose.only("biuf", operation, x)
        return eq(x, sign * math.huge)
    end))
end

define("torch.isneginf t:isneginf", "isneginf(x, {out})", "Whether x is minus infinity.",
    infinite(torch, "isneginf", -1))
define("np.isneginf", "isneginf(x, {out})", "Whether x is minus infinity.", infinite(np, "isneginf", -1))
define("torch.isposinf t:isposinf", "isposinf(x, {out})", "Whether x is plus infinity.",
    infinite(torch, "isposinf", 1))
define("np.isposinf", "isposinf(x, {out})", "Whether x is plus infinity.", infinite(np, "isposinf", 1))

--- Complex parts are views; all other numbers are real.
local function by_imag(face, operation, compare, of_real)
    return function(...)
        local x = arguments.array(operation, face, (bind(operation, 1, {}, ...)))
        if x.dtype.kind == "c" then
            return compare(x.imag, 0)
        end
        return face.full_like(x, of_real, {dtype = face.bool})
    end
end

define("torch.isreal t:isreal", "isreal(x)", "Whether the imaginary part is 0.",
    by_imag(torch, "isreal", torch.eq, true))
define("np.isreal", "isreal(x)", "Whether the imaginary part is 0.", by_imag(np, "isreal", torch.eq, true))
define("np.iscomplex", "iscomplex(x)", "Whether the imaginary part is not 0.",
    by_imag(np, "iscomplex", torch.ne, false))
