-- The seed's second program: an ndarray made of a table, and the tensor over the same memory. The dtype
-- is named for the Luas whose numbers are all floating, as in seed_tensor.lua.
local torch = require "tessera.torch"
local np = require "tessera.numpy"

local array = np.array({{1, 2, 3}, {4, 5, 6}}, np.int64)
local tensor = torch.from_numpy(array)

print(tensor)
