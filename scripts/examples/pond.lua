-- For the host `viewer`: rain on a pond. The picture is the host's window, lent for each frame as height x width
-- 32-bit pixels; the script computes the water and writes the pixels straight into it.
--
-- The surface is a height at each point. A point is pulled towards the mean of its four neighbours and goes on
-- as it went before: the wave equation, in one pass over the data. Light comes from the upper left, so what
-- counts for a pixel is the slope; where the slope is steep enough, the sky is mirrored. That is one more pass.
local ts = require "tessera"
local torch = ts.torch

local RADIUS, RAIN = 11, 8 -- of a drop, in pixels; frames from one drop to the next

local wave = ts.fuse(function(north, south, west, east, before)
    return ((north + south + west + east) * 0.5 - before) * 0.994
end)

local paint = ts.fuse(function(north, south, west, east, red, green, blue, edge)
    local slope = (west - east) + (north - south)
    local gleam = torch.maximum(slope - 0.25, 0)
    gleam = gleam * gleam * 160
    local light = slope * 48
    local warm, cold = light * 0.5 + gleam, light + gleam
    local function channel(water, more)
        return torch.floor(torch.minimum(torch.maximum(water * edge + more, 0), 255))
    end
    local colour = channel(red, warm) * 65536 + channel(green, cold) * 256 + channel(blue, cold)
    return colour:to(torch.int32) -- exact: a float32 holds every integer of 24 bits
end)

-- What a drop does to the surface: a smooth dent.
local along = torch.arange(-RADIUS, RADIUS + 1, {dtype = torch.float32})
local across = along:reshape(-1, 1)
local dent = torch.maximum(1 - (across * across + along * along) / (RADIUS * RADIUS), 0)
dent = dent * dent * -3

local height, width, edge, red, green, blue
local now, before -- two surfaces, each as its middle, which is inside of a border of zeros, and the neighbours
local count, seed = 0, 20240607

local function surface()
    local whole = torch.zeros(height + 2, width + 2)
    local function part(dy, dx)
        return whole[{ {2 + dy, height + 1 + dy}, {2 + dx, width + 1 + dx} }]
    end
    return {whole = whole, middle = part(0, 0), north = part(-1, 0), south = part(1, 0), west = part(0, -1),
        east = part(0, 1)}
end

-- The colour of deep water, from the far shore to the near one, darker to the sides.
local function fill(pixels)
    height, width = pixels.shape[1], pixels.shape[2]
    now, before = surface(), surface()
    local down = (torch.arange(height, {dtype = torch.float32}) / height):reshape(-1, 1)
    local sides = torch.arange(width, {dtype = torch.float32}) / width * 2 - 1
    red, green, blue = down * 22 + 6, down * 74 + 46, down * 58 + 84
    edge = 1 - sides * sides * 0.45
end

local function drop(x, y)
    local part = now.whole[{ {y, y + 2 * RADIUS}, {x, x + 2 * RADIUS} }]
    part:add_(dent)
end

local function random(n)
    seed = seed * 16807 % 2147483647
    return seed % n
end

-- One frame; x and y, from 0, are where the mouse is pressed, or nil.
return function(pixels, x, y)
    if height == nil then
        fill(pixels)
    end
    if count % RAIN == 0 then
        local left, top = random(width - 2 * RADIUS), random(height - 2 * RADIUS)
        drop(1 + left, 1 + top)
    end
    if x then
        drop(1 + math.max(0, math.min(width - 2 * RADIUS, x - RADIUS)),
            1 + math.max(0, math.min(height - 2 * RADIUS, y - RADIUS)))
    end
    count = count + 1
    wave(now.north, now.south, now.west, now.east, before.middle, {out = before.middle})
    now, before = before, now
    paint(now.north, now.south, now.west, now.east, red, green, blue, edge, {out = torch.from_numpy(pixels)})
end
