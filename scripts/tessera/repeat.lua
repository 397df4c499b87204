--- An array repeated (tile, repeat) or rotated in itself (roll): one new array, copied in whole blocks.
--
-- `repeat` is a word of Lua, so t:repeat(2, 3) cannot be written: the name is repeat_ as well, as
-- Python's libraries do with its own words.
local _, torch, np, core = ...
local arguments = core.require("arguments")
local define, bind, fail = core.define, core.bind, arguments.fail
local narrow, unsqueeze, reshape = torch.narrow, torch.unsqueeze, torch.reshape
local expand, assign = core.t.expand, core.t.copy_

-- ---- tile and repeat

--- x repeated times[d] along dimension d: a new dimension before each repeated one is expanded, and
-- the copy happens when the pairs become one dimension again.
local function tiled(operation, x, times)
    local ndim = x.ndim
    for _, n in ipairs(times) do
        if n < 0 then
            fail("value", operation, "cannot repeat %s times", tostring(n))
        end
    end
    while ndim < #times do
        x, ndim = unsqueeze(x, 1), ndim + 1
    end
    local shape, wide, final = x.shape, {}, {}
    local lead = ndim - #times -- leading dimensions without a number are not repeated
    local at = 0
    for d = 1, ndim do
        local n = d > lead and times[d - lead] or 1
        at = at + 1
        if n ~= 1 then
            x = unsqueeze(x, at)
            wide[at] = n
            at = at + 1
        end
        wide[at] = shape[d]
        final[d] = shape[d] * n
    end
    return reshape(expand(x, wide), final, {copy = true})
end

define("torch.tile", "tile(x, dims)", "Repeated so many times along the last dimensions.", function(x, ...)
    local times
    x, times = bind("tile", 1, {"dims|reps"}, x, ...)
    x = arguments.array("tile", torch, x)
    return tiled("tile", x, arguments.integers("tile", "a number of times", times))
end)

define("np.tile", "tile(x, reps)", "Repeated so many times along the last dimensions.", function(x, ...)
    local times
    x, times = bind("tile", 1, {"reps"}, x, ...)
    x = arguments.array("tile", np, x)
    return tiled("tile", x, arguments.integers("tile", "a number of times", times))
end)

--- Numbers, one table, or the option: t:tile(2, 3), t:tile({2, 3}), t:tile{dims = {2, 3}}.
local function counts(operation, names, first, ...)
    if type(first) == "number" then
        return arguments.integers(operation, "a number of times", {first, ...})
    end
    first = bind(operation, 0, names, first, ...)
    return arguments.integers(operation, "a number of times", first)
end

define("t:tile", "x:tile(times...)", "Repeated so many times along the last dimensions.", function(x, ...)
    x = arguments.array("tile", torch, x)
    return tiled("tile", x, counts("tile", {"dims"}, ...))
end)

define("t:repeat t:repeat_", "x:repeat_(times...)",
    "Repeated so many times along each dimension; `repeat` is a word of Lua, hence repeat_.", function(x, ...)
        x = arguments.array("repeat", torch, x)
        local times = counts("repeat", {"sizes|repeats"}, ...)
        if #times < x.ndim then
            fail("shape", "repeat", "%d numbers for %d dimensions", #times, x.ndim)
        end
        return tiled("repeat", x, times)
    end)

define("np.repeat_ a:repeat_", "repeat_(x, repeats, axis)", "np[\"repeat\"]; `repeat` is a word of Lua.",
    np["repeat"])

-- ---- roll

--- Copies x to `to`, shifted: along dimension d everything moves by[d] places on (0 <= by[d] < size),
-- what leaves at the end enters at the start. Goes through the dimensions that move.
local function copy_rolled(to, x, by, d)
    while d <= #by and by[d] == 0 do
        d = d + 1
    end
    if d > #by then
        assign(to, x)
        return
    end
    local n, shift = x.shape[d], by[d]
    copy_rolled(narrow(to, d, shift + 1, n - shift), narrow(x, d, 1, n - shift), by, d + 1)
    copy_rolled(narrow(to, d, 1, shift), narrow(x, d, n - shift + 1, shift), by, d + 1)
end

local function rolled(x, face, shifts, dims)
    local to, by, shape = face.empty_like(x), {}, x.shape
    for d = 1, #shape do
        by[d] = 0
    end
    for i, d in ipairs(dims) do
        if shape[d] > 0 then
            by[d] = (by[d] + shifts[i] % shape[d]) % shape[d]
        end
    end
    copy_rolled(to, x, by, 1)
    return to
end

local roll_names = {"shifts|shift", "dims|axis"}

local function roll(face)
    return function(x, ...)
        local shifts, dims
        x, shifts, dims = bind("roll", 1, roll_names, x, ...)
        x = arguments.array("roll", face, x)
        shifts = arguments.integers("roll", "a shift", shifts)
        local like = arguments.face_of(x)
        if dims == nil or face == torch and type(dims) == "table" and #dims == 0 then
            local total = 0
            for _, shift in ipairs(shifts) do
                total = total + shift
            end
            if face == torch and #shifts ~= 1 then
                fail("value", "roll", "%d shifts need as many dims", #shifts)
            end
            local line = x.ndim == 1 and x or reshape(x, {-1}, {copy = true})
            return reshape(rolled(line, like, {total}, {1}), x.shape)
        end
        dims = arguments.integers("roll", "a dimension", dims)
        local several = math.max(#shifts, #dims)
        if #shifts ~= #dims and (face == torch or math.min(#shifts, #dims) ~= 1) then
            fail("value", "roll", "%d shifts for %d dimensions", #shifts, #dims)
        end
        local by, along = {}, {}
        for i = 1, several do
            by[i] = shifts[#shifts == 1 and 1 or i]
            along[i] = arguments.dim("roll", dims[#dims == 1 and 1 or i], x.ndim)
        end
        return rolled(x, like, by, along)
    end
end

define("torch.roll t:roll", "roll(x, shifts, dims)",
    "Shifted along dimensions, the end enters at the start; without dims as one line.", roll(torch))
define("np.roll", "roll(x, shift, axis)",
    "Shifted along axes, the end enters at the start; without an axis as one line.", roll(np))
