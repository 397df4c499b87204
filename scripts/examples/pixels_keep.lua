-- For the host `pixels`: a script that keeps the picture, on both faces, longer than it was lent,
-- and shows the errors that it gets.
local torch = require "tessera.torch"

local kept, tensor

local function edit(pixels)
    kept = pixels["::-1, :, 1"]
    tensor = torch.from_numpy(pixels):select(3, 2)
    print(("  while lent: kept[{1, 1}] is %d, tensor[{1, 1}] is %d"):format(kept[{1, 1}], tensor[{1, 1}]))
end

local function after()
    print("  after: " .. tostring(kept))
    print("  read:  " .. select(2, pcall(function() return kept[{1, 1}] end)))
    print("  write: " .. select(2, pcall(function() tensor:fill_(0) end)))
end

return edit, after
