--- What array libraries ask each other: the array API's namespace and its inspection, objects of
-- others, and NumPy's small questions about a value.
local _, _, np, core = ...
local arguments = core.require("arguments")
local define, bind, fail = core.define, core.bind, arguments.fail

-- ---- inspection

local function check_device(operation, device)
    if device ~= nil and device ~= "cpu" then
        fail("unsupported", operation, "the only device is \"cpu\"")
    end
end

local standard = {
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32",
    "float64", "complex64", "complex128",
}

local info = {}

--- A function that is called as info.name(...) as well as info:name(...).
local function answer(name, names, f)
    local function method(_, ...)
        return f(bind(name, 0, names, ...))
    end
    info[name] = function(...)
        if ... == info then
            return method(...)
        end
        return method(info, ...)
    end
end

answer("capabilities", {}, function()
    return {["boolean indexing"] = true, ["data-dependent shapes"] = true, ["max dimensions"] = 32}
end)

answer("default_device", {}, function()
    return "cpu"
end)

answer("devices", {}, function()
    return {"cpu"}
end)

answer("default_dtypes", {"device"}, function(device)
    check_device("default_dtypes", device)
    return {
        ["real floating"] = np.float64, ["complex floating"] = np.complex128,
        ["integral"] = np.int64, ["indexing"] = np.int64,
    }
end)

answer("dtypes", {"kind", "device"}, function(kind, device)
    check_device("dtypes", device)
    local found = {}
    for _, name in ipairs(standard) do
        if kind == nil or np.isdtype(np[name], kind) then
            found[name] = np[name]
        end
    end
    return found
end)

define("np.__array_namespace_info__", "__array_namespace_info__()",
    "The array API's inspection: capabilities(), default_device(), default_dtypes(), devices(), "
    .. "dtypes{kind}.", function()
        return info
    end)

define("a:__array_namespace__", "x:__array_namespace__({api_version})",
    "The functions that go with x: np.", function(_, ...)
        local version = bind("__array_namespace__", 0, {"api_version"}, ...)
        if version ~= nil and type(version) ~= "string" then
            fail("value", "__array_namespace__", "api_version must be a string, not %s", type(version))
        end
        return np
    end)

-- ---- questions about a value

define("np.isscalar", "isscalar(v)", "Whether v is a number, a boolean or a string.", function(v)
    local kind = type(v)
    return kind == "number" or kind == "boolean" or kind == "string"
end)

define("np.isrealobj", "isrealobj(x)", "Whether the dtype of x is not complex.", function(x)
    return not np.iscomplexobj(x)
end)

define("np.isfortran", "isfortran(x)", "Whether x is column-major and not row-major.", function(x)
    local flags = np.asarray(arguments.array("isfortran", np, x)).flags
    return flags.f_contiguous and not flags.c_contiguous
end)
