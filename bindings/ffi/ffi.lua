--- tessera.ffi: arrays as cdata, and cdata as arrays, for LuaJIT.
--
--     local v = require "tessera.ffi".view(t)   for i = 1, #v do v[i] = v[i] * 2 end
--
-- A view is a struct of a type of its own for each dtype, number of dimensions, right and layout: pointer, sizes and
-- strides are fields, all else is in the code of its type, so that a compiled loop loads them once and is left with the
-- checks of the index, a multiplication for each stride that is not 1, and the load or store itself. Sizes and strides
-- are int32_t, or double: where the array is larger than that, and where elements are of this type themselves, for the
-- compiler takes a store to one for a change of the other, and would load sizes again. Plain numbers of Lua either way,
-- which the compiler narrows.
--
-- A view holds its memory: `anchors` keeps an array of its own for it, which nobody can release. It does not hold lent
-- memory against its host. v:check() asks the library, by a compiled call, whether the memory is still there.
local _, torch, np, core = ...
local arguments = core.require("arguments")
local bind, fail = core.bind, arguments.fail

local floor, max, abs = math.floor, math.max, math.abs

local ffi = core.ffi_library()
local module = {}

if not ffi then
    local function refuse(operation)
        return function()
            fail("unsupported", operation, "needs LuaJIT and its ffi library")
        end
    end
    module.view, module.from_ffi = refuse("view"), refuse("from_ffi")
    for _, name in ipairs {"from_half", "to_half", "from_bfloat16", "to_bfloat16"} do
        module[name] = refuse(name)
    end
    return module
end

-- What the compiler sees through must be LuaJIT's own; the Lua half's are C functions.
local type = core.ffi_builtin("_G", "type") or type
floor = core.ffi_builtin("math", "floor") or floor
local tobit = core.ffi_builtin("bit", "tobit")

-- ---- dtypes ----------------------------------------------------------------------------------------

-- Types are written as texts that say all: others keep what ffi.typeof made of a text (busted does), so texts without
-- parameters ("$ *") are used, and no two struct types of views have the same one.
if not pcall(ffi.typeof, "tessera_complex64") then
    ffi.cdef "typedef struct { float re, im; } tessera_complex64; typedef struct { double re, im; } tessera_complex128;"
end
local element_types = {
    complex64 = "tessera_complex64", complex128 = "tessera_complex128", bool = "bool", uint8 = "uint8_t",
    int8 = "int8_t", int16 = "int16_t", uint16 = "uint16_t", int32 = "int32_t", uint32 = "uint32_t", int64 = "int64_t",
    uint64 = "uint64_t", float16 = "uint16_t", bfloat16 = "uint16_t", float32 = "float", float64 = "double",
}

-- ---- views -----------------------------------------------------------------------------------------

local int64, uint64, uint32 = ffi.typeof("int64_t"), ffi.typeof("uint64_t"), ffi.typeof("uint32_t")
local anchors = setmetatable({}, {__mode = "k"}) -- view to the array that holds its memory
local pointers = core.ffi_functions()
local usable = ffi.cast("bool (*)(const void *, bool)", pointers.usable)
local touch = ffi.cast("void (*)(const void *)", pointers.touch)

--- The offset of an element whose indices did not pass the quick check: some are negative, or wrong.
local function offset(operation, v, ...)
    local ndim, at = v.ndim, 0
    for d = 1, ndim do
        local i = select(d, ...)
        local n = v.shape[d - 1]
        if i == nil then
            fail("index", operation, "fewer than %d indices for a view of as many dimensions", ndim)
        elseif type(i) ~= "number" then
            fail("index", operation, "index %d must be an integer, not %s", d, type(i))
        elseif i ~= floor(i) or i == 0 or i > n or i < -n then
            fail("index", operation, "index %s is out of range for dimension %d of size %d", tostring(i), d, n)
        end
        at = at + (i > 0 and i - 1 or i + n) * v.strides[d - 1]
    end
    return at
end

local function wrong_count(operation, ndim)
    fail("index", operation, "%d indices and values were expected", ndim)
end

local function read_only(operation)
    fail("readonly", operation, "array is read-only")
end

-- What an index must pass, and what is multiplied by a stride. Where the sizes fit int32_t, the index is made one as
-- well, and the size: tobit does nothing to the counter of a loop, which is an integer already. That it is not below 1
-- is said as "one less is the same number with and without a sign", which the compiler knows of the counter of `for i =
-- 1, ...` and leaves out; i >= 1 it would compare each time, and three comparisons an element (the third ends the loop)
-- are more than a processor does beside one multiplication. It has to be said in these types: int64(uint32(x)) in
-- compiled code is x again. Larger sizes are compared as the numbers that they are.
local checks = {
    narrow = {
        test = [[type($i) == "number" and tobit($i) == $i and $i <= tobit(v.shape[$d])
            and uint64(int64(tobit($i - 1))) == uint32(tobit($i - 1))]],
        steps = "int64(tobit($i - 1))",
    },
    wide = {
        test = [[type($i) == "number" and $i >= 1 and $i <= v.shape[$d] and floor($i) == $i]],
        steps = "($i - 1)",
    },
}

--- at(v, i1, ..., in) and set(v, i1, ..., in, x), under those names in messages.
local function accessors(ndim, unit, check, at, set)
    local names, tests, terms = {}, {}, {}
    for d = 1, ndim do
        local known = {i = "i" .. d, d = tostring(d - 1)}
        names[d] = known.i
        tests[d] = check.test:gsub("%$(%w)", known)
        terms[d] = check.steps:gsub("%$(%w)", known)
        if not (unit and d == ndim) then
            terms[d] = ("%s * v.strides[%d]"):format(terms[d], d - 1)
        end
    end
    names[ndim + 1] = "x"
    local all, test = table.concat(names, ", "), table.concat(tests, " and ")
    local text = [[
        local type, floor, tobit, int64, uint64, uint32, offset, wrong_count = ...
        local function at(v, $all)
            if x ~= nil then wrong_count("$read", $ndim) end
            if $test then return v.data[$place] end
            return v.data[offset("$read", v$indices)]
        end
        local function set(v, $all, more)
            if x == nil or more ~= nil then wrong_count("$write", $ndim + 1) end
            if $test then v.data[$place] = x return end
            v.data[offset("$write", v$indices)] = x
        end
        return at, set
    ]]
    local indices = table.concat(names, ", ", 1, ndim)
    local parts = {read = at, write = set, all = all, ndim = tostring(ndim), test = ndim == 0 and "true" or test,
        place = ndim == 0 and "0" or table.concat(terms, " + "), indices = ndim == 0 and "" or ", " .. indices}
    return core.ffi_compile(text:gsub("%$(%w+)", parts), type, floor, tobit, int64, uint64, uint32, offset, wrong_count)
end

local common = {}

--- Raises when the memory was revoked, or rights that the view has were taken away; returns the view.
function common.check(v)
    if not usable(v.array, v.writable) then
        core.check(anchors[v], v.writable)
    end
    return v
end

--- Tells everybody who looks at versions that the view wrote.
function common.touch(v)
    touch(v.array)
end

--- The size, and the stride in elements, of a dimension, which may be negative.
function common.size(v, d)
    if type(d) == "number" and d >= 1 and d <= v.ndim and floor(d) == d then
        return v.shape[d - 1]
    end
    return v.shape[arguments.dim("size", d, v.ndim) - 1]
end

function common.stride(v, d)
    return v.strides[arguments.dim("stride", d, v.ndim) - 1]
end

local function one_dimension(operation, ndim)
    fail("index", operation, "v[i] is for views of 1 dimension, not %d: use v:at() and v:set()", ndim)
end

local function define_type(key, dtype, ndim, writable, unit, width)
    local whole = (width == "wide" or dtype == "int32" or dtype == "uint32") and "double" or "int32_t"
    local size = math.max(ndim, 1) -- C has no arrays of nothing
    local ctype = ffi.typeof(([[
        struct {
            %s %s *const data;
            const void *const array;
            const %s shape[%d], strides[%d];
        } /* %s, %s */
    ]]):format(writable and "" or "const", element_types[dtype], whole, size, size, key, tostring(anchors)))
    local methods = {dtype = dtype, ndim = ndim, writable = writable, readonly = not writable}
    for name, f in pairs(common) do
        methods[name] = f
    end
    local at, set = accessors(ndim, unit, checks[width], "at", "set")
    methods.at, methods.set = at, writable and set or function() read_only("set") end
    local flat, get, put = ndim == 1, nil, nil
    if flat then
        get, put = accessors(ndim, unit, checks[width], "index", "assignment")
    end
    local meta = {}
    function meta.__index(v, name)
        if type(name) == "number" then
            if not flat then
                one_dimension("index", ndim)
            end
            return get(v, name)
        end
        return methods[name]
    end
    function meta.__newindex(v, name, x)
        if not writable then
            read_only("assignment")
        elseif type(name) ~= "number" then
            fail("index", "assignment", "a view has no field %s to set", tostring(name))
        elseif not flat then
            one_dimension("assignment", ndim)
        end
        put(v, name, x)
    end
    function meta.__len(v)
        if ndim == 0 then
            fail("shape", "#", "a 0-dimensional view has no length")
        end
        return v.shape[0]
    end
    function meta.__tostring(v)
        local sizes = {}
        for d = 1, ndim do
            sizes[d] = ("%d"):format(v.shape[d - 1])
        end
        return ("view(%s, {%s}%s)"):format(dtype, table.concat(sizes, ", "), writable and "" or ", read-only")
    end
    return ffi.metatype(ctype, meta)
end

local types = {}

--- view(x): the elements of an array as cdata. Writable if x is.
function module.view(x)
    local array, data, handle, writable = core.view(x)
    local dtype, ndim = x.dtype, x.ndim
    local shape, strides, extent = x.shape, x.strides, 0
    local item, empty = dtype.itemsize, false
    for d = 1, ndim do
        if strides[d] % item ~= 0 and shape[d] > 1 then
            fail("unsupported", "view", "stride %d of dimension %d is no multiple of the %d bytes of %s: take a copy",
                strides[d], d, item, dtype.name)
        end
        empty = empty or shape[d] == 0
        strides[d] = shape[d] > 1 and strides[d] / item or 1
        extent = max(extent, shape[d], abs(strides[d]) * shape[d])
    end
    local element = element_types[dtype.name]
    if not empty and ffi.cast("uintptr_t", data) % ffi.alignof(element) ~= 0 then
        fail("unsupported", "view", "the elements are not aligned to %d bytes: take a copy", ffi.alignof(element))
    end
    local unit, width = ndim > 0 and strides[ndim] == 1, tobit and extent < 2 ^ 31 and "narrow" or "wide"
    local key = ("%s %d %s %s %s"):format(dtype.name, ndim, tostring(writable), tostring(unit), width)
    local ctype = types[key] or define_type(key, dtype.name, ndim, writable, unit, width)
    types[key] = ctype
    local sizes, steps = {}, {}
    for d = 1, ndim do
        sizes[d], steps[d] = shape[d], strides[d]
    end
    local v = ctype(ffi.cast(element .. " *", data), handle, sizes, steps)
    anchors[v] = array
    return v
end

-- ---- cdata as arrays -------------------------------------------------------------------------------

local integers = {"bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32",
    "float64", "complex64", "complex128"}

--- The dtype of what a pointer or array points to, nil when it has none.
local function element_dtype(inner, cdata)
    if inner:find("void", 1, true) then
        return nil
    end
    for _, name in ipairs(integers) do
        if ffi.istype(element_types[name] .. " *", cdata + 0) then
            return name
        end
    end
end

--- An ndarray over the memory of cdata, which it keeps alive.
local view_as = core.named("from_ffi", core.ts.view)
local function adopt(cdata, shape, dtype, readonly)
    local text = type(cdata) == "cdata" and tostring(ffi.typeof(cdata)) or ""
    local inner = text:match("^ctype<(.*)>$") or ""
    local pointer, list = inner:find("%*[ %w]*$") ~= nil, inner:find("%]$") ~= nil
    local record = inner:find("^struct ") or inner:find("^union ") or inner:find("^const struct ")
    if not (pointer or list or record) then
        fail("value", "from_ffi", "a pointer, array or struct of ffi was expected, not %s",
            text == "" and type(cdata) or inner)
    end
    dtype = dtype or (pointer or list) and element_dtype(inner, cdata)
    if not dtype then
        fail("dtype", "from_ffi", "%s has no dtype: name one", inner)
    end
    dtype = np.empty({0}, {dtype = dtype}).dtype
    local bytes = not pointer and ffi.sizeof(cdata) or nil
    if shape == nil then
        if pointer then
            fail("shape", "from_ffi", "a pointer does not know its size: give the shape")
        end
        shape = floor(bytes / dtype.itemsize)
    end
    shape = arguments.integers("from_ffi", "shape", shape)
    local needed = dtype.itemsize
    for d = 1, #shape do
        if shape[d] < 0 then
            fail("shape", "from_ffi", "negative size %d", shape[d])
        end
        needed = needed * shape[d]
    end
    if bytes and needed > bytes then
        fail("shape", "from_ffi", "%s has %d bytes, but %d are needed", inner, bytes, needed)
    end
    readonly = readonly or (inner:match("^[^*]*") or ""):find("const", 1, true) ~= nil
    return view_as(setmetatable({}, {__array_interface = function()
        return {data = core.ffi_address(ffi.cast("const void *", cdata)), shape = shape, dtype = dtype,
            readonly = readonly, owner = cdata}
    end}))
end

local function from_ffi(...)
    return adopt(bind("from_ffi", 1, {"shape", "dtype", "readonly"}, ...))
end

function module.from_ffi(face, ...)
    return face == torch and torch.from_numpy(from_ffi(...)) or from_ffi(...)
end

-- ---- 16-bit floating elements ----------------------------------------------------------------------

-- Elements of float16 and bfloat16 are uint16_t: sign, exponent, fraction. A number is rounded to them once: it is
-- divided by the step between its neighbours, which is a power of 2, and rounded to a whole number, ties to even, by
-- adding and subtracting a number that has no room for fractions.
local bits = ffi.new("union { double number; uint32_t word[2]; }")
local upper = ffi.abi("le") and 1 or 0 -- which word has sign and exponent
local ROUND = 6755399441055744.0 -- 1.5 * 2^52
local ZERO = 140
local power = ffi.new("double[281]") -- power[ZERO + i] is 2^i
for i = -ZERO, ZERO do
    power[ZERO + i] = 2 ^ i
end

local function encoder(fraction, least, greatest)
    local infinity = (greatest - least + 2) * 2 ^ fraction
    local top = 2 ^ (greatest + 1) - 2 ^ (greatest - fraction - 1) -- rounds to infinity
    local sign_bit = 32768
    return function(x)
        if x ~= x then
            return infinity + 2 ^ (fraction - 1)
        end
        bits.number = x
        local word = bits.word[upper]
        local sign, exponent = 0, floor(word / 1048576)
        if exponent >= 2048 then
            sign, exponent, x = sign_bit, exponent - 2048, -x
        end
        if x >= top then
            return sign + infinity
        end
        exponent = exponent - 1023
        exponent = exponent < least and least or exponent
        return sign + (exponent - least) * 2 ^ fraction + (x * power[ZERO + fraction - exponent] + ROUND - ROUND)
    end
end

local function decoder(fraction, least)
    local step, most = 2 ^ fraction, 2 ^ (15 - fraction) - 1
    return function(element)
        local sign = 1
        if element >= 32768 then
            sign, element = -1, element - 32768
        end
        local exponent = floor(element / step)
        local part = element - exponent * step
        if exponent == most then
            return part == 0 and sign / 0 or 0 / 0
        elseif exponent == 0 then
            return sign * part * power[ZERO + least - fraction]
        end
        return sign * (part + step) * power[ZERO + exponent - 1 + least - fraction]
    end
end

module.to_half, module.from_half = encoder(10, -14, 15), decoder(10, -14)
module.to_bfloat16, module.from_bfloat16 = encoder(7, -126, 127), decoder(7, -126)

return module
