-- The seed's first program: a tensor made of a table, and the ndarray over the same memory. Python's
-- integers make int64, and so do Lua's; the dtype is named for the Luas whose numbers are all floating
-- (5.1, 5.2, LuaJIT).
local torch = require "tessera.torch"

local tensor = torch.tensor({{1, 2, 3}, {4, 5, 6}}, {dtype = torch.int64})
local array = tensor:numpy()

print(array)
