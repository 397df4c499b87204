--- What the numbers of a dtype can be: finfo, iinfo, isdtype.
--
-- Limits are Lua integers where this Lua has integers and the limit fits one; otherwise they are the
-- nearest floating number: the largest uint64 everywhere, the largest int64 on Lua 5.1, 5.2 and LuaJIT.
local _, torch, np, core = ...
local arguments = core.require("arguments")
local define, fail = core.define, arguments.fail

--- A dtype out of a dtype, its name, or an array.
local function dtype_of(operation, face, x)
    if arguments.is_array(x) then
        return x.dtype
    elseif type(x) ~= "string" and type(x) ~= "userdata" then
        fail("dtype", operation, "a dtype was expected, not %s", x == nil and "nothing" or type(x))
    end
    return face.promote_types(x, x)
end

define("np.dtype", "dtype(name)", "The dtype of a name: \"float32\", \"<f4\", \"f4\".", function(x)
    return dtype_of("dtype", np, x)
end)

-- ---- floating dtypes

--- Bits of the fraction, largest exponent, decimal digits that survive, bits of the exponent.
local formats = {
    float16 = {nmant = 10, maxexp = 16, precision = 3, nexp = 5, bits = 16},
    bfloat16 = {nmant = 7, maxexp = 128, precision = 2, nexp = 8, bits = 16},
    float32 = {nmant = 23, maxexp = 128, precision = 6, nexp = 8, bits = 32},
    float64 = {nmant = 52, maxexp = 1024, precision = 15, nexp = 11, bits = 64},
}
local parts = {complex64 = "float32", complex128 = "float64"}
local powers_of_ten = {float16 = 0.001, bfloat16 = 0.01, float32 = 1e-6, float64 = 1e-15}

local function describe(name)
    local f = formats[name]
    local tiny = 2 ^ (2 - f.maxexp)
    local largest = (2 - 2 ^ -f.nmant) * 2 ^ (f.maxexp - 1)
    return {
        bits = f.bits, nmant = f.nmant, nexp = f.nexp, precision = f.precision,
        maxexp = f.maxexp, minexp = 2 - f.maxexp, iexp = f.nexp,
        machep = -f.nmant, negep = -f.nmant - 1,
        eps = 2 ^ -f.nmant, epsneg = 2 ^ (-f.nmant - 1),
        max = largest, min = -largest, tiny = tiny, smallest_normal = tiny,
        smallest_subnormal = tiny * 2 ^ -f.nmant, resolution = powers_of_ten[name],
    }
end

--- NumPy's digits after the point; PyTorch shows six digits of everything.
local decimals = {float16 = 5, bfloat16 = 5, float32 = 7, float64 = 16}

local text = {
    [np] = function(info)
        local name = info.dtype.name
        local largest = core.format_exp(info.max, decimals[name])
        return ("finfo(resolution=%s, min=-%s, max=%s, dtype=%s)"):format(
            core.format_general(info.resolution, 6), largest, largest, name)
    end,
    [torch] = function(info)
        local short = function(x) return core.format_general(x, 6) end
        return ("finfo(resolution=%s, min=%s, max=%s, eps=%s, smallest_normal=%s, tiny=%s, dtype=%s)")
            :format(short(info.resolution), short(info.min), short(info.max), short(info.eps),
                short(info.smallest_normal), short(info.tiny), info.dtype)
    end,
}
local float_info = {[torch] = {__tostring = text[torch]}, [np] = {__tostring = text[np]}}

local function finfo(face)
    return function(x)
        if x == nil and face == torch then
            x = torch.get_default_dtype()
        end
        local dtype = dtype_of("finfo", face, x)
        local name = parts[dtype.name] or dtype.name
        if not formats[name] then
            fail("dtype", "finfo", "%s is not floating", tostring(dtype))
        end
        local info = describe(name)
        info.dtype = face == torch and name or np[name]
        return setmetatable(info, float_info[face])
    end
end

define("torch.finfo", "finfo(dtype)", "Limits of a floating dtype: bits, eps, max, min, tiny, ...; its "
    .. "dtype is a name, as PyTorch's.", finfo(torch))
define("np.finfo", "finfo(dtype)", "Limits of a floating dtype: bits, eps, max, min, tiny, "
    .. "smallest_subnormal, resolution, precision, ...", finfo(np))

-- ---- integer dtypes

local ranges = {
    uint8 = {0, 255}, int8 = {-128, 127}, uint16 = {0, 65535}, int16 = {-32768, 32767},
    uint32 = {0, 4294967295}, int32 = {-2147483648, 2147483647},
    uint64 = {0, 2 ^ 64}, int64 = {math.mininteger or -2 ^ 63, math.maxinteger or 2 ^ 63},
}
local exact = {
    uint64 = "iinfo(min=0, max=18446744073709551615, dtype=uint64)",
    int64 = "iinfo(min=-9223372036854775808, max=9223372036854775807, dtype=int64)",
}
local integer_info = {
    __tostring = function(info)
        local name = tostring(info.dtype)
        return exact[name] or ("iinfo(min=%d, max=%d, dtype=%s)"):format(info.min, info.max, name)
    end,
}

local function iinfo(face)
    return function(x)
        local dtype = dtype_of("iinfo", face, x)
        local range = ranges[dtype.name]
        if not range then
            fail("dtype", "iinfo", "%s is no integer dtype", tostring(dtype))
        end
        return setmetatable({
            bits = dtype.itemsize * 8, min = range[1], max = range[2], kind = dtype.kind,
            dtype = face == torch and dtype.name or dtype,
        }, integer_info)
    end
end

define("torch.iinfo", "iinfo(dtype)", "Limits of an integer dtype: bits, min, max.", iinfo(torch))
define("np.iinfo", "iinfo(dtype)", "Limits of an integer dtype: bits, min, max.", iinfo(np))

-- ---- kinds

local kinds = {
    ["bool"] = "b", ["signed integer"] = "i", ["unsigned integer"] = "u", ["integral"] = "iu",
    ["real floating"] = "f", ["complex floating"] = "c", ["numeric"] = "iufc",
}

local function is_kind(dtype, kind, inside)
    if type(kind) == "table" and not inside then
        for _, one in ipairs(kind) do
            if is_kind(dtype, one, true) then
                return true
            end
        end
        return false
    elseif type(kind) == "userdata" then
        return dtype == dtype_of("isdtype", np, kind)
    end
    local letters = kinds[kind]
    if not letters then
        fail("value", "isdtype", "%s is no kind of dtypes: they are \"bool\", \"signed integer\", "
            .. "\"unsigned integer\", \"integral\", \"real floating\", \"complex floating\", \"numeric\"",
            type(kind) == "string" and '"' .. kind .. '"' or type(kind))
    end
    return letters:find(dtype.kind, 1, true) ~= nil
end

define("np.isdtype", "isdtype(dtype, kind)",
    "Whether a dtype is of a kind (\"integral\", \"real floating\", ...), is another dtype, or either of a "
    .. "table of these.", function(...)
        local dtype, kind = core.bind("isdtype", 0, {"dtype", "kind"}, ...)
        return is_kind(dtype_of("isdtype", np, dtype), kind)
    end)
