-- A block of the class `numbers` is followed by a list of its statistics.
local np = require "tessera.numpy"

local function statistics(block)
    if not block.classes:includes("numbers") then
        return nil
    end
    local numbers = {}
    for word in block.text:gmatch("%S+") do
        numbers[#numbers + 1] = tonumber(word)
    end
    local x = np.array(numbers, {dtype = "float64"})
    local function item(name, value)
        return pandoc.Plain {pandoc.Str(("%s: %.3f"):format(name, value:item()))}
    end
    return {block, pandoc.BulletList {
        item("mean", x:mean()),
        item("standard deviation", x:std {ddof = 1}),
        item("range", np.ptp(x)),
        item("sum", x:sum()),
    }}
end

return {{CodeBlock = statistics}}
