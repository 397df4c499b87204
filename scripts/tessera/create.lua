--- New arrays by formula: powers at equal distances, identities, triangles, diagonals.
local _, torch, np, core = ...
local arguments = core.require("arguments")
local define, bind, fail = core.define, core.bind, arguments.fail
local assign = core.t.copy_

-- ---- logspace and geomspace

--- A finite number, also out of a 0-dimensional array.
local function number(operation, what, x, otherwise)
    if arguments.is_array(x) and x.ndim == 0 then
        x = x:item()
    end
    if x == nil then
        x = otherwise
    end
    if type(x) ~= "number" then
        fail("value", operation, "%s must be a number, not %s", what, x == nil and "nothing" or type(x))
    end
    return x
end

--- The powers of `base` whose exponents are linspace's, as a table.
local function powers(start, stop, num, endpoint, base)
    local made = np.linspace(start, stop, num, {endpoint = endpoint}):tolist()
    for i = 1, #made do
        made[i] = base ^ made[i]
    end
    return made
end

define("torch.logspace", "logspace(start, stop, steps, base, {dtype})",
    "steps powers of base (10 by default), from base^start to base^stop.", function(...)
        local start, stop, steps, base, dtype, requires_grad, device = bind("logspace", 0, {
            "start", "end|stop", "steps", "base", "dtype", "requires_grad", "device",
        }, ...)
        start = number("logspace", "start", start)
        stop = number("logspace", "stop", stop)
        base = number("logspace", "base", base, 10)
        local made = powers(start, stop, arguments.integer("logspace", "steps", steps), true, base)
        made = torch.tensor(made, {dtype = "float64", device = device})
        made = made:to(dtype or torch.get_default_dtype())
        return requires_grad and made:requires_grad_(requires_grad) or made
    end)

define("np.logspace", "logspace(start, stop, num, {endpoint, base, dtype})",
    "num powers of base (10 by default), from base^start to base^stop.", function(...)
        local start, stop, num, endpoint, base, dtype = bind("logspace", 0, {
            "start", "stop", "num", "endpoint", "base", "dtype",
        }, ...)
        start = number("logspace", "start", start)
        stop = number("logspace", "stop", stop)
        base = number("logspace", "base", base, 10)
        num = arguments.integer("logspace", "num", num, 50)
        endpoint = arguments.boolean("logspace", "endpoint", endpoint, true)
        local made = np.array(powers(start, stop, num, endpoint, base), "float64")
        return dtype == nil and made or made:astype(dtype)
    end)

define("np.geomspace", "geomspace(start, stop, num, {endpoint, dtype})",
    "num numbers from start to stop whose quotients are equal.", function(...)
        local start, stop, num, endpoint, dtype = bind("geomspace", 0, {
            "start", "stop", "num", "endpoint", "dtype",
        }, ...)
        start = number("geomspace", "start", start)
        stop = number("geomspace", "stop", stop)
        num = arguments.integer("geomspace", "num", num, 50)
        endpoint = arguments.boolean("geomspace", "endpoint", endpoint, true)
        if start == 0 or stop == 0 then
            fail("value", "geomspace", "start and stop must not be 0")
        elseif (start < 0) ~= (stop < 0) then
            fail("value", "geomspace", "start and stop must have the same sign")
        end
        local sign = start < 0 and -1 or 1
        local log10 = function(x) return math.log(x * sign) / math.log(10) end
        local values = powers(log10(start), log10(stop), num, endpoint, 10)
        for i = 1, #values do
            values[i] = sign * values[i]
        end
        if num > 0 then -- the ends are exact
            values[1] = start
        end
        if num > 1 and endpoint then
            values[num] = stop
        end
        local made = np.array(values, "float64")
        return dtype == nil and made or made:astype(dtype)
    end)

-- ---- identities and triangles

define("np.identity", "identity(n, dtype)", "n x n zeros with ones on the diagonal.", function(...)
    local n, dtype = bind("identity", 0, {"n", "dtype"}, ...)
    return np.eye(arguments.integer("identity", "n", n), {dtype = dtype or "float64"})
end)

define("np.tri", "tri(n, m, k, {dtype})", "n x m zeros with ones on and below diagonal k.", function(...)
    local n, m, k, dtype = bind("tri", 0, {"n|N", "m|M", "k", "dtype"}, ...)
    n = arguments.integer("tri", "n", n)
    m = arguments.integer("tri", "m", m, n)
    return np.tril(np.ones(n, m, {dtype = dtype or "float64"}), arguments.integer("tri", "k", k, 0))
end)

-- ---- diagonals

--- A matrix of zeros with the one-dimensional x on diagonal k.
local function matrix_of(x, k)
    local face, n = arguments.face_of(x), x.shape[1] + math.abs(k)
    local made = face.zeros({n, n}, {dtype = x.dtype})
    assign(made:diagonal(k), x)
    return made
end

local diag_names = {"diagonal|k"}

--- One dimension becomes a matrix; a matrix gives its diagonal: a copy on torch, a read-only view on
-- np, as in those libraries.
local function diag(face)
    return function(x, ...)
        local k
        x, k = bind("diag", 1, diag_names, x, ...)
        x = arguments.array("diag", face, x)
        k = arguments.integer("diag", "the diagonal", k, 0)
        if x.ndim == 1 then
            return matrix_of(x, k)
        elseif x.ndim ~= 2 then
            fail("shape", "diag", "needs 1 or 2 dimensions, the shape is %s", arguments.shape(x.shape))
        end
        local found = x:diagonal(k)
        return face == torch and torch.clone(found) or found:readonly()
    end
end

define("torch.diag t:diag", "diag(x, diagonal)",
    "A matrix with x on a diagonal; for a matrix, a copy of that diagonal.", diag(torch))
define("np.diag", "diag(x, k)",
    "A matrix with x on diagonal k; for a matrix, a read-only view of that diagonal.", diag(np))

local function diagflat(face)
    return function(x, ...)
        local k
        x, k = bind("diagflat", 1, {"offset|k"}, x, ...)
        x = arguments.array("diagflat", face, x)
        local line = x.ndim == 1 and x or x:reshape({-1}, {copy = true})
        return matrix_of(line, arguments.integer("diagflat", "the diagonal", k, 0))
    end
end

define("torch.diagflat t:diagflat", "diagflat(x, offset)",
    "A matrix with the elements of x on a diagonal.", diagflat(torch))
define("np.diagflat", "diagflat(x, k)", "A matrix with the elements of x on diagonal k.", diagflat(np))

define("torch.diag_embed t:diag_embed", "diag_embed(x, offset, dim1, dim2)",
    "Matrices with the last dimension of x on a diagonal, in dimensions dim1 and dim2 of the result.",
    function(x, ...)
        local k, dim1, dim2
        x, k, dim1, dim2 = bind("diag_embed", 1, {"offset", "dim1", "dim2"}, x, ...)
        x = arguments.array("diag_embed", torch, x)
        k = arguments.integer("diag_embed", "offset", k, 0)
        local ndim = x.ndim
        if ndim == 0 then
            fail("shape", "diag_embed", "needs at least 1 dimension")
        end
        local dims = arguments.dims("diag_embed", {dim1 or -2, dim2 or -1}, ndim + 1)
        local shape, sizes, rest = x.shape, {}, 1
        for d = 1, ndim + 1 do
            if d == dims[1] or d == dims[2] then
                sizes[d] = shape[ndim] + math.abs(k)
            else
                sizes[d], rest = shape[rest], rest + 1
            end
        end
        local made = arguments.face_of(x).zeros(sizes, {dtype = x.dtype})
        assign(made:diagonal(k, dims[1], dims[2]), x)
        return made
    end)
