-- The seed's second program: an ndarray made of a table, and the tensor over the same memory.
local torch = require "tessera.torch"
local np = require "tessera.numpy"

local array = np.array({{1, 2, 3}, {4, 5, 6}})
local tensor = torch.from_numpy(array)

print(tensor)
