-- The seed's first program: a tensor made of a table, and the ndarray over the same memory.
local torch = require "tessera.torch"

local tensor = torch.tensor({{1, 2, 3}, {4, 5, 6}})
local array = tensor:numpy()

print(array)
