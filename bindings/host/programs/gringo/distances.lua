-- The distance between each two towns, rounded down, all at once by broadcasting.
local clingo = require "clingo"
local np = require "tessera.numpy"
local ts = require "tessera"

local names = {"aurich", "bochum", "celle", "demmin"}
local places = np.array {{0, 0}, {3, 4}, {6, 8}, {-5, 12}}

function towns()
    local result = {}
    for i, name in ipairs(names) do
        result[i] = clingo.Function(name)
    end
    return result
end

function distances()
    local apart = places[{{}, ts.newaxis}] - places[{ts.newaxis}]
    local matrix = (apart * apart):sum {axis = 3}:sqrt():floor():astype("int64")
    local result = {}
    for i, row in matrix:iter() do
        for j, d in row:iter() do
            result[#result + 1] = clingo.Tuple {clingo.Function(names[i]), clingo.Function(names[j]),
                clingo.Number(d)}
        end
    end
    return result
end
