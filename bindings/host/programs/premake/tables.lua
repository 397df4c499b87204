-- premake4 --file=tables.lua tables: writes tables.h, with what the program does not compute at run time.
local np = require "tessera.numpy"

local function array(out, kind, name, values)
    out:write(("static const %s %s[%d] = {"):format(kind, name, #values))
    for i, value in values:iter() do
        out:write(i % 8 == 1 and "\n    " or " ", tostring(value), ",")
    end
    out:write("\n};\n")
end

newaction {
    trigger = "tables",
    description = "Write tables.h",
    execute = function()
        local out = assert(io.open("tables.h", "w"))
        local level = np.arange(64) / 63
        array(out, "unsigned char", "gamma_table", np.round(level ^ (1 / 2.2) * 255):astype("uint8"))
        array(out, "short", "sine_table", np.round(np.sin(np.arange(32) * (2 * np.pi / 32)) * 32767):astype("int16"))
        out:close()
    end,
}
