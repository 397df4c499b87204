--- What errors say: one line, operation first, the position of the script, what was given and what is
-- possible; ts.last_error() has the parts.
local ts = require "tessera"
local torch, np = ts.torch, ts.np

--- The message of f's error without its position, which must be a line of this file.
local function message(f, ...)
    local ok, text = pcall(f, ...)
    assert.is_false(ok)
    assert.equal("string", type(text))
    assert.is_nil(text:find("\n", 1, true))
    local rest = text:match("^spec/errors_spec%.lua:%d+: (.*)$")
    return rest or text
end

local function fails(expected, f, ...)
    local text = message(f, ...)
    assert(text:find(expected, 1, true), ("expected %q in %q"):format(expected, text))
end

describe("errors", function()
    local a, t = np.zeros({2, 3}), torch.zeros(2, 3)

    it("stand at the line of the script", function()
        local here
        local ok, text = pcall(function()
            here = debug.getinfo(1, "l").currentline + 1
            return a[5]
        end)
        assert.is_false(ok)
        assert.equal(("spec/errors_spec.lua:%d: "):format(here), text:match("^.-:%d+: "))
        -- not as tail calls, which leave no line
        local functions = {
            function() local x = np.zeros(-1); return x end,
            function() local x = t:view(7); return x end,
            function() t[{1, 9}] = 0 end,
            function() local x = np.pad(a, -1); return x end,
            function() local x = torch.split(t, 0, 9); return x end,
            function() local x = torch.cat({t, torch.zeros(5, 5)}); return x end,
            function() local x = np.tile(a, {"x"}); return x end,
            function() local x = np.meshgrid(a, {indexing = "zz"}); return x end,
        }
        for _, f in ipairs(functions) do
            ok, text = pcall(f)
            assert.is_false(ok)
            local line = debug.getinfo(f, "S").linedefined
            assert.equal(("spec/errors_spec.lua:%d: "):format(line), text:match("^.-:%d+: "), text)
        end
    end)

    it("begin with the operation, as it was called", function()
        fails("reshape: ", a.reshape, a, {7})
        fails("view: ", t.view, t, 7)
        fails("concatenate: ", np.concatenate, {a, np.zeros({5, 5})})
        fails("cat: ", torch.cat, {t, torch.zeros(5, 5)})
        fails("stack: all shapes must be equal: (2, 3) and (5, 5)", np.stack, {a, np.zeros({5, 5})})
        fails("broadcast_to: ", np.broadcast_to, a, {2, 4})
        fails("copyto: ", np.copyto, a, np.zeros({4}))
        fails("copy_: ", t.copy_, t, torch.zeros(4))
        fails("transpose: ", t.transpose, t, 1, 3)
        fails("squeeze: ", np.squeeze, a, 1)
    end)

    it("name shapes and dimensions as scripts count them", function()
        fails("6 elements cannot become shape (4, 2)", a.reshape, a, {4, 2})
        fails("dimension 3 is out of range for 2 dimensions", t.select, t, 3, 1)
        fails("dimension 0 is out of range", t.select, t, 0, 1)
        fails("index 4 is out of range for dimension 2 of size 3", function() return a[{1, 4}] end)
        fails("index 0: indices start at 1", function() return a[0] end)
        fails("3 indices for an array of 2 dimensions", function() return a[{1, 1, 1}] end)
        fails("is no index", function() return a["1;2"] end)
        fails("the step of a range cannot be 0", function() return a["1:2:0"] end)
        fails("[2][1]", np.array, {{1, 2}, {"x", 4}})
    end)

    it("name an unknown option and the nearest one", function()
        fails('unknown option "dtyp": the nearest is "dtype"', np.zeros, 3, {dtyp = np.int8})
        fails('unknown option "ordr": the nearest is "order"', a.copy, a, {ordr = "C"})
        fails('unknown option "ax": the nearest is "axis"', np.concatenate, {a, a}, {ax = 1})
        fails("given twice", np.zeros, {3}, np.int8, {dtype = np.int8})
        fails("takes at most", a.ravel, a, "C", 5)
    end)

    it("of types say what was expected and what came", function()
        fails('"int7" is no dtype', np.zeros, 3, {dtype = "int7"})
        fails("not string", t.select, t, "x", 1)
        fails("must be an integer, not 1.5", t.select, t, 1, 1.5)
        fails("not nil", t.select, t)
        fails("float64 to int8 is not allowed", a.astype, a, np.int8, {casting = "safe"})
        if math.type then
            fails("300 does not fit uint8", np.full, {2}, 300, {dtype = np.uint8})
        else -- without integers, 300 is a float, which saturates
            assert.same({255, 255}, np.full({2}, 300, {dtype = np.uint8}):tolist())
        end
        fails("needs a complex array", torch.view_as_real, t)
    end)

    it("leave their parts in last_error()", function()
        message(t.select, t, 9, 1)
        local last = ts.last_error()
        assert.equal("index", last.kind)
        assert.equal("select", last.operation)
        assert.equal(2, last.argument)
        assert.truthy(last.message:find("dimension 9", 1, true))
        for kind, f in pairs {
            shape = function() return a:reshape({7}) end,
            dtype = function() return torch.view_as_complex(torch.zeros({2}, {dtype = torch.int8})) end,
            index = function() return a[9] end,
            value = function() return np.zeros(3, {dtyp = 1}) end,
            readonly = function() a:readonly():fill(1) end,
            unsupported = function() return t:t():view(6) end,
        } do
            message(f)
            assert.equal(kind, ts.last_error().kind)
        end
    end)

    it("change nothing", function()
        local x = np.arange(6):reshape({2, 3})
        local before, version = x:tobytes(), x._version
        for _, f in ipairs {
            function() x[{3, 1}] = 1 end, function() x["1:2"] = np.zeros({5}) end, function() x[1] = {1, 2} end,
            function() x:fill("y") end, function() x[{1, 1}] = "y" end, function() np.copyto(x, np.zeros({3, 3})) end,
            function() x[1] = {1, 2, "z"} end, function() x:set(1, 1) end, function() x[{1, 1}] = nil end,
        } do
            message(f)
            assert.equal(before, x:tobytes())
            assert.equal(version, x._version)
            assert.equal("2,3", table.concat(x.shape, ","))
        end
    end)

    it("are caught in coroutines too", function()
        local co = coroutine.create(function()
            return np.zeros(-1)
        end)
        local ok, text = coroutine.resume(co)
        assert.is_false(ok)
        assert.truthy(text:find("zeros: negative size", 1, true))
    end)
end)
