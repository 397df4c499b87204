--- Cutting an array into a table of views along one dimension.
--
-- Everything ends in narrow or select, once a piece. Positions are counted as everywhere: {3, 5}
-- starts new pieces at positions 3 and 5, which Python writes [2, 4].
local _, torch, np, core = ...
local arguments = core.require("arguments")
local define, bind, fail = core.define, core.bind, arguments.fail
local narrow, select_at = torch.narrow, torch.select
local min = math.min

-- ---- one position a piece

local unbind_names = {"dim|axis"}

local function unbind(operation, face)
    return function(x, ...)
        local dim
        x, dim = bind(operation, 1, unbind_names, x, ...)
        x = arguments.array(operation, face, x)
        dim = arguments.dim(operation, dim, x.ndim, 1)
        local made = {}
        for i = 1, x.shape[dim] do
            made[i] = select_at(x, dim, i)
        end
        return made
    end
end

define("torch.unbind t:unbind", "unbind(x, dim)", "Table of the views at each position of a dimension.",
    unbind("unbind", torch))

define("np.unstack", "unstack(x, {axis})", "Table of the views at each position of a dimension.",
    unbind("unstack", np))

-- ---- by size

-- more are possible where a dimension has that many positions; empty pieces in millions are a mistake
local MOST_PIECES = 2 ^ 20

--- Pieces of these sizes, one after the other.
local function by_sizes(x, dim, sizes)
    local made, start = {}, 1
    for i = 1, #sizes do
        made[i] = narrow(x, dim, start, sizes[i])
        start = start + sizes[i]
    end
    return made
end

--- Pieces of one size; the last may be smaller.
local function by_size(x, dim, n, size)
    local made, start = {}, 1
    repeat
        made[#made + 1] = narrow(x, dim, start, min(size, n - start + 1))
        start = start + size
    until start > n
    return made
end

local function check_sizes(operation, sizes, n, dim)
    local total = 0
    for i = 1, #sizes do
        if sizes[i] < 0 then
            fail("value", operation, "negative size %s", tostring(sizes[i]))
        end
        total = total + sizes[i]
    end
    if total ~= n then
        fail("shape", operation, "the sizes add up to %s, dimension %d has size %d", tostring(total),
            dim, n)
    end
end

local split_names = {"split_size_or_sections|split_size|split_sizes", "dim"}

local function split_by_size(operation)
    return function(x, ...)
        local size, dim
        x, size, dim = bind(operation, 1, split_names, x, ...)
        x = arguments.array(operation, torch, x)
        dim = arguments.dim(operation, dim, x.ndim, 1)
        local n = x.shape[dim]
        if type(size) ~= "number" then
            size = arguments.integers(operation, "a size", size)
            check_sizes(operation, size, n, dim)
            return by_sizes(x, dim, size)
        end
        arguments.integer(operation, "the size", size)
        if size < 0 or size == 0 and n > 0 then
            fail("value", operation, "the size of the pieces must be positive, it is %s", tostring(size))
        end
        return by_size(x, dim, n, size)
    end
end

define("torch.split t:split", "split(x, size_or_sizes, dim)",
    "Table of views: pieces of one size, the last may be smaller, or of the sizes in a table.",
    split_by_size("split"))

define("torch.split_with_sizes t:split_with_sizes", "split_with_sizes(x, sizes, dim)",
    "Table of views of the sizes in a table.", split_by_size("split_with_sizes"))

define("torch.chunk t:chunk", "chunk(x, chunks, dim)",
    "Table of at most this many views of equal size; the last may be smaller.", function(x, ...)
        local chunks, dim
        x, chunks, dim = bind("chunk", 1, {"chunks", "dim"}, x, ...)
        x = arguments.array("chunk", torch, x)
        dim = arguments.dim("chunk", dim, x.ndim, 1)
        if arguments.integer("chunk", "the number of chunks", chunks) < 1 then
            fail("value", "chunk", "the number of chunks must be positive, it is %s", tostring(chunks))
        end
        local n = x.shape[dim]
        if n == 0 then
            if chunks > MOST_PIECES then
                fail("value", "chunk", "%s chunks of nothing are too many", tostring(chunks))
            end
            local sizes = {}
            for i = 1, chunks do
                sizes[i] = 0
            end
            return by_sizes(x, dim, sizes)
        end
        return by_size(x, dim, n, math.ceil(n / chunks))
    end)

-- ---- by number of pieces or by positions

--- This many pieces; the first ones are one longer where they cannot be equal.
local function by_count(operation, x, dim, n, count, equal)
    arguments.integer(operation, "the number of pieces", count)
    if count < 1 then
        fail("value", operation, "the number of pieces must be positive, it is %s", tostring(count))
    elseif count > n and count > MOST_PIECES then
        fail("value", operation, "%s pieces of a dimension of size %d are too many", tostring(count), n)
    end
    local rest = n % count
    if equal and rest ~= 0 then
        fail("shape", operation, "dimension %d of size %d cannot be cut into %s equal pieces", dim, n,
            tostring(count))
    end
    local size, made, start = (n - rest) / count, {}, 1
    for i = 1, count do
        local length = i <= rest and size + 1 or size
        made[i] = narrow(x, dim, start, length)
        start = start + length
    end
    return made
end

--- A new piece starts at each position; what lies outside the dimension counts as its end.
local function by_positions(operation, x, dim, n, positions)
    local made, start = {}, 1
    for i = 1, #positions + 1 do
        local stop = positions[i] or n + 1
        if stop == 0 then
            fail("index", operation, "position 0: positions start at 1, and end at -1")
        elseif stop < 0 then
            stop = math.max(stop + n + 1, 1)
        end
        stop = min(stop, n + 1)
        made[i] = narrow(x, dim, start, math.max(stop - start, 0))
        start = stop
    end
    return made
end

local function cut(operation, x, where, dim, equal)
    local n = x.shape[dim]
    if arguments.is_array(where) then
        where = where:tolist()
    end
    if type(where) == "number" then
        return by_count(operation, x, dim, n, where, equal)
    end
    where = arguments.integers(operation, "the pieces", where)
    return by_positions(operation, x, dim, n, where)
end

local cut_names = {"indices_or_sections|indices|sections", "dim|axis"}

local function split_anywhere(operation, face, equal)
    return function(x, ...)
        local where, dim
        x, where, dim = bind(operation, 1, cut_names, x, ...)
        x = arguments.array(operation, face, x)
        return cut(operation, x, where, arguments.dim(operation, dim, x.ndim, 1), equal)
    end
end

define("torch.tensor_split t:tensor_split", "tensor_split(x, sections_or_positions, dim)",
    "Table of views: a number of pieces, or pieces that start at these positions.",
    split_anywhere("tensor_split", torch))

define("np.array_split", "array_split(x, sections_or_positions, axis)",
    "Table of views: a number of pieces, or pieces that start at these positions.",
    split_anywhere("array_split", np))

define("np.split", "split(x, sections_or_positions, axis)",
    "Table of views: a number of equal pieces, or pieces that start at these positions.",
    split_anywhere("split", np, true))

-- ---- along a given dimension

local fixed_names = {"indices_or_sections|indices|sections"}

local function split_fixed(operation, face, least, dim)
    return function(x, ...)
        local where
        x, where = bind(operation, 1, fixed_names, x, ...)
        x = arguments.array(operation, face, x)
        local ndim = x.ndim
        if ndim < least then
            fail("shape", operation, "needs at least %d dimension%s, the shape is %s", least,
                least == 1 and "" or "s", arguments.shape(x.shape))
        end
        return cut(operation, x, where, min(dim, ndim), true)
    end
end

define("torch.hsplit t:hsplit", "hsplit(x, sections_or_positions)",
    "As split along dimension 2; along the only one if there is one.", split_fixed("hsplit", torch, 1, 2))
define("np.hsplit", "hsplit(x, sections_or_positions)",
    "As split along dimension 2; along the only one if there is one.", split_fixed("hsplit", np, 1, 2))
define("torch.vsplit t:vsplit", "vsplit(x, sections_or_positions)", "As split along dimension 1.",
    split_fixed("vsplit", torch, 2, 1))
define("np.vsplit", "vsplit(x, sections_or_positions)", "As split along dimension 1.",
    split_fixed("vsplit", np, 2, 1))
define("torch.dsplit t:dsplit", "dsplit(x, sections_or_positions)", "As split along dimension 3.",
    split_fixed("dsplit", torch, 3, 3))
define("np.dsplit", "dsplit(x, sections_or_positions)", "As split along dimension 3.",
    split_fixed("dsplit", np, 3, 3))
