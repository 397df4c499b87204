-- For the host `pixels`: crops a picture, mirrors its upper half into the lower one as a lake would,
-- exchanges red and blue there, and draws a frame. All of it happens in the host's memory, seen as
-- an ndarray and as a tensor; nothing is copied on the way.
local ts = require "tessera"
local torch, np = ts.torch, ts.np

local MARGIN, FRAME = 24, 6

local function edit(pixels)
    local height, width = pixels.shape[1], pixels.shape[2]
    print(("  memory %s by the host (%s), an ndarray of %d x %d x %d bytes")
        :format(pixels:origin().kind, pixels:origin().label, height, width, pixels.shape[3]))

    -- Crop: a view without the margins; an even number of rows.
    local half = math.floor(height / 2) - MARGIN
    local part = pixels[{ {MARGIN + 1, MARGIN + 2 * half}, {MARGIN + 1, width - MARGIN} }]

    -- Mirror: the lower half becomes the upper one read upwards, through a negative stride.
    local sky, lake = part[{ {1, half} }], part[{ {half + 1, 2 * half} }]
    local upwards = sky["::-1"]
    print(("  upper half %s, strides %s; read upwards, strides %s")
        :format(tostring(sky.shape), tostring(sky.strides), tostring(upwards.strides)))
    lake[ts.ellipsis] = upwards

    -- Channels: the same bytes as a tensor; blue, green, red for red, green, blue.
    local water = torch.from_numpy(lake)
    local colours = water:narrow(3, 1, 3)
    colours:copy_(colours:flip(3))

    -- Frame: four stripes, two through each face.
    local gold = np.array({255, 215, 120, 255}, {dtype = np.uint8})
    part[{ {1, FRAME} }] = gold
    part[{ {-FRAME, -1} }] = gold
    local t = torch.from_numpy(part)
    t:narrow(2, 1, FRAME):copy_(torch.from_numpy(gold))
    t[{ {}, {-FRAME, -1} }] = torch.from_numpy(gold)

    assert(part:shares(pixels) and water:shares(pixels) and t:shares(pixels))
    assert(ts.copies() == 0)
    print(("  crop, mirror, channels and frame done, implicit copies: %d"):format(ts.copies()))
    return part
end

return edit
