--- from_ffi on both faces; what it does is in ffi.lua.
local _, torch, np, core = ...
local define = core.define
local ffi = core.require("ffi")

define("torch.from_ffi", "from_ffi(cdata, shape, dtype, {readonly})",
    "A tensor over the memory of an ffi pointer, array or struct (LuaJIT), which it keeps alive.", function(...)
        return ffi.from_ffi(torch, ...)
    end)
define("np.from_ffi", "from_ffi(cdata, shape, dtype, {readonly})",
    "An ndarray over the memory of an ffi pointer, array or struct (LuaJIT), which it keeps alive.", function(...)
        return ffi.from_ffi(np, ...)
    end)
