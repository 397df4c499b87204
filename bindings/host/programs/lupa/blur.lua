-- Returns a function that blurs a picture: the bytes of float32 numbers, row after row, and the same back.
-- Each pixel becomes the mean of its 3 x 3 neighbours; beyond the edge lies 0.
local np = require "tessera.numpy"

return function(bytes, height, width)
    local picture = np.frombuffer(bytes, {dtype = "float32"}):reshape(height, width)
    local wide = np.pad(picture, 1)
    local sum = np.zeros({height, width}, {dtype = "float64"})
    for down = 1, 3 do
        for right = 1, 3 do
            np.add(sum, wide[{{down, down + height - 1}, {right, right + width - 1}}], {out = sum})
        end
    end
    return (sum / 9):astype("float32"):tobytes()
end
