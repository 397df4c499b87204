--- Integers of 64 bits on LuaJIT: int64_t and uint64_t, where no number is exact.
local _, _, _, core = ...
local ffi = core.ffi_library()
if not ffi then
    return false
end
local int64, uint64 = ffi.typeof("int64_t"), ffi.typeof("uint64_t")

return {
    --- Out of the upper and the lower 32 bits.
    make = function(high, low, unsigned)
        local x = uint64(high) * 2 ^ 32 + low
        return unsigned and x or ffi.cast(int64, x)
    end,
    --- true for int64_t, false for uint64_t, nil for all else.
    signed = function(x)
        if ffi.istype(int64, x) then
            return true
        elseif ffi.istype(uint64, x) then
            return false
        end
    end,
}
