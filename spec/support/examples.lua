--- What specs share that are written as examples of both faces.
local assert = require "luassert" -- as busted gives it to specs
local ts = require "tessera"
local np = ts.np

local examples = {i64 = {dtype = np.int64}}

--- 1 to n as int64 in a shape.
function examples.count(n, ...)
    return np.arange(1, n + 1, examples.i64):reshape(...)
end

--- A tensor or ndarray as a nested table, of a list of them a list.
function examples.plain(x)
    if type(x) ~= "table" then
        return x:tolist()
    end
    local made = {}
    for i, item in ipairs(x) do
        made[i] = examples.plain(item)
    end
    return made
end

function examples.shape(x)
    return table.concat(x.shape, "x")
end

--- f raises one line that holds `text`; the details tell `kind`.
function examples.raises(kind, text, f, ...)
    local ok, message = pcall(f, ...)
    assert.is_false(ok)
    assert.is_truthy(message:find(text, 1, true), message)
    assert.is_nil(message:find("\n", 1, true))
    assert.are.equal(kind, ts.last_error().kind)
end

return examples
