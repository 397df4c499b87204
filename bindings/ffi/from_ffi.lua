--- from_ffi on both faces; what it does is in ffi.lua, which loads LuaJIT's ffi library, so not before it is needed.
local _, torch, np, core = ...
local define = core.define

define("torch.from_ffi", "from_ffi(cdata, shape, dtype, {readonly})",
    "A tensor over the memory of an ffi pointer, array or struct (LuaJIT), which it keeps alive.", function(...)
        return core.require("ffi").from_ffi(torch, ...)
    end)
define("np.from_ffi", "from_ffi(cdata, shape, dtype, {readonly})",
    "An ndarray over the memory of an ffi pointer, array or struct (LuaJIT), which it keeps alive.", function(...)
        return core.require("ffi").from_ffi(np, ...)
    end)
