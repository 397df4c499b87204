-- Operands whose rows run across those of the result, in tiles of many sizes: each element is known from where
-- it stands, since all values are small whole numbers.
describe("operands across each other", function()
    local ts = require("tessera")
    local np = ts.np

    local wraps = math.type ~= nil -- elsewhere 1 is a float, and so are differences with it

    local function value(i, j)
        return (i * 7 + j * 3) % 50
    end

    --- An array of these values, whose memory is laid out as `turned` says.
    local function made(rows, columns, dtype, turned)
        local list = {}
        for i = 1, turned and columns or rows do
            list[i] = {}
            for j = 1, turned and rows or columns do
                list[i][j] = turned and value(j, i) or value(i, j)
            end
        end
        local array = np.array(list, {dtype = dtype})
        return turned and array.T or array
    end

    --- The first element that is not what f makes of the value there.
    local function wrong(array, f)
        for i, row in ipairs(array:tolist()) do
            for j, x in ipairs(row) do
                if x ~= f(value(i, j)) then
                    return ("[%d, %d]: %s"):format(i, j, x)
                end
            end
        end
    end

    after_each(function() ts.set_threads(1) end)

    for _, size in ipairs {{2, 128}, {16, 129}, {17, 300}, {130, 131}, {70, 1100}, {1100, 70}, {300, 1030}} do
        local rows, columns = size[1], size[2]
        it(("of %d x %d"):format(rows, columns), function()
            for _, dtype in ipairs {"uint8", "int16", "float32", "float64"} do
                local x, y = made(rows, columns, dtype), made(rows, columns, dtype, true)
                local z = made(rows, columns, "float32", true)
                for threads = 1, 2 do
                    ts.set_threads(threads)
                    assert.is_nil(wrong(x + y, function(v) return 2 * v end))
                    local below = wraps and dtype == "uint8" and 255 or -1
                    assert.is_nil(wrong(y - 1, function(v) return v == 0 and below or v - 1 end))
                    assert.is_nil(wrong(np.where(np.less(x, 25), y, z), function(v) return v end))
                    local out = np.zeros({rows, 2 * columns}, {dtype = "float64"})[":, ::2"]
                    np.multiply(y, z, {out = out})
                    assert.is_nil(wrong(out, function(v) return v * v end))
                    assert.is_nil(wrong(np.add(x, z, {out = np.empty({rows, columns})}), function(v) return 2 * v end))
                end
            end
        end)
    end
end)
