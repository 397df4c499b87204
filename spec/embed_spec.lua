-- The Lua half as it is linked in: what scripts/tools/embed.lua leaves out changes neither the code nor its line
-- numbers.
local build = os.getenv("TSR_BUILD") or "build"

--- The bytecode of a function. LuaJIT writes the constants of a table in any order, so there the bytes are sorted.
local function code(f)
    local dump = string.dump(f)
    if not rawget(_G, "jit") then
        return dump
    end
    local characters = {}
    for character in dump:gmatch(".") do
        characters[#characters + 1] = character
    end
    table.sort(characters)
    return table.concat(characters)
end

describe("the embedded Lua half", function()
    it("compiles to the very bytecode of its files, line numbers included", function()
        local load = loadstring or load -- luacheck: ignore 113
        local embedded = assert(io.open(build .. "/gen/lua_half.inc")):read("*a")
        local files, saved = 0, 0
        for name, bytes in embedded:gmatch("text_([%w_]+)%[%] = {(.-)\n    0};") do
            local characters = {}
            for byte in bytes:gmatch("%d+") do
                characters[#characters + 1] = string.char(tonumber(byte))
            end
            local text = table.concat(characters)
            local file = io.open("scripts/tessera/" .. name .. ".lua") or io.open("bindings/ffi/" .. name .. ".lua")
            local source = assert(file, name):read("*a")
            assert(code(assert(load(text, "=x"))) == code(assert(load(source, "=x"))), name)
            files, saved = files + 1, saved + #source - #text
        end
        assert(files >= 30 and saved > 0)
    end)
end)
