--- Between the faces: every row of the conversion table, with its options and errors, and what sharing
-- means: the same bytes, one version counter, rights that only shrink.
local ts = require "tessera"
local torch, np = ts.torch, ts.np

--- Runs f and fails when it made an implicit copy.
local function without_copies(f, ...)
    local before = ts.copies()
    local result = f(...)
    assert.equal(before, ts.copies())
    return result
end

--- y is a view of all of x: bytes, shape, strides, offset and dtype.
local function assert_same_memory(x, y)
    assert.equal(x.dtype, y.dtype)
    assert.equal(table.concat(x.shape, ","), table.concat(y.shape, ","))
    assert.equal(table.concat(x.strides, ","), table.concat(y.strides, ","))
    assert.equal(x:data_ptr(), y:data_ptr())
    assert.equal(x:origin().readonly, y:origin().readonly)
    assert.is_true(x:storage() == y:storage())
end

local function message(f, ...)
    local ok, text = pcall(f, ...)
    assert.is_false(ok)
    assert.equal("string", type(text))
    return text
end

local names = {"bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16",
    "bfloat16", "float32", "float64", "complex64", "complex128"}

--- Layouts of every kind, as ndarrays, each of the dtype.
local function layouts(dtype)
    local bytes = np.zeros({dtype.itemsize * 24 + 1}, {dtype = np.uint8})
    local a = np.zeros({2, 3, 4}, {dtype = dtype})
    return {
        contiguous = a, transposed = a.T, reversed = a["::-1, :, ::-2"], offset = a["2, 2:"],
        zero_d = np.zeros({}, {dtype = dtype}), empty = np.zeros({0, 3}, {dtype = dtype}),
        broadcast = np.broadcast_to(np.zeros({1, 4}, {dtype = dtype}), {3, 4}),
        unaligned = np.frombuffer(bytes, {dtype = dtype, offset = 1}):reshape({4, 6}),
        string = np.frombuffer(("\0"):rep(dtype.itemsize * 6), {dtype = dtype}),
        readonly = a:readonly(), windows = np.sliding_window_view(a, 2, 3),
    }
end

describe("t:numpy() and torch.from_numpy(a)", function()
    it("are views, of any layout and any dtype", function()
        for _, name in ipairs(names) do
            for _, a in pairs(layouts(np[name])) do
                local t = without_copies(torch.from_numpy, a)
                assert.is_true(torch.is_tensor(t))
                assert_same_memory(a, t)
                local back = without_copies(t.numpy, t)
                assert.is_true(np.isarray(back))
                assert_same_memory(a, back)
            end
        end
    end)

    it("refuse a tensor that requires grad, unless forced or detached", function()
        local t = torch.ones(3, {requires_grad = true})
        assert.truthy(message(t.numpy, t):find("requires grad", 1, true))
        assert_same_memory(t, t:numpy {force = true})
        assert_same_memory(t, t:detach():numpy())
        assert.is_true(t.requires_grad)
        assert.truthy(message(t.numpy, t, {forced = true}):find('nearest is "force"', 1, true))
    end)

    it("take their own kind only", function()
        assert.truthy(message(torch.from_numpy, torch.ones(2)):find("an ndarray, not tensor", 1, true))
        assert.truthy(message(torch.from_numpy, {1, 2}):find("an ndarray, not table", 1, true))
        assert.is_nil(np.ones(2).numpy)
    end)

    it("show writes of either face at once, and count them once", function()
        local a = np.zeros({2, 3})
        local t = torch.from_numpy(a)
        local v = a._version
        t[{1, 2}] = 5
        assert.equal(5, a[{1, 2}])
        assert.equal(v + 1, a._version)
        a[{2, {}}] = 7
        assert.same({{0, 5, 0}, {7, 7, 7}}, t:tolist())
        assert.equal(v + 2, t._version)
        t:t():fill_(1)
        assert.equal(v + 3, a._version)
        np.copyto(a, 2)
        t:zero_()
        t:copy_(torch.ones(3))
        assert.equal(v + 6, a._version)
        assert.same({{1, 1, 1}, {1, 1, 1}}, a:tolist())
        assert.is_table({a:copy(), a:tolist(), t:clone(), t[1], a.T, t:numpy()})
        assert.equal(v + 6, t._version)
    end)

    it("keep read-only what is read-only, and say so when it is written", function()
        local a = np.zeros(3):readonly()
        local t = torch.from_numpy(a)
        assert.truthy(message(t.fill_, t, 1):find("read-only", 1, true))
        assert.truthy(message(function()
            t[1] = 1
        end):find("read-only", 1, true))
        assert.truthy(message(function()
            t:narrow(1, 1, 2):copy_(torch.ones(2))
        end):find("read-only", 1, true))
        assert.equal("readonly", ts.last_error().kind)
        assert.same({0, 0, 0}, a:tolist())
        assert.equal(0, a._version)
    end)
end)

describe("as_tensor and asarray", function()
    local makers = {{torch.as_tensor, torch.is_tensor}, {torch.asarray, torch.is_tensor}, {np.asarray, np.isarray}}

    it("share what they can", function()
        for _, maker in ipairs(makers) do
            for _, x in ipairs {np.ones({2, 3}), torch.ones(2, 3), np.ones({2, 3}).T} do
                local y = without_copies(maker[1], x)
                assert.is_true(maker[2](y))
                assert_same_memory(x, y)
                assert_same_memory(x, without_copies(maker[1], x, {copy = "never"}))
                assert_same_memory(x, without_copies(maker[1], x, {copy = false}))
                assert_same_memory(x, without_copies(maker[1], x, {dtype = x.dtype}))
            end
        end
    end)

    it("copy as copy = says, and count what nobody asked for", function()
        for _, maker in ipairs(makers) do
            local x = np.ones({2, 3})
            for _, copy in ipairs {"always", true} do
                local y = without_copies(maker[1], x, {copy = copy})
                assert.is_false(x:shares(y))
                assert.same(x:tolist(), y:tolist())
            end
            local before = ts.copies()
            local y = maker[1](x, {dtype = np.float32})
            assert.equal(before + 1, ts.copies())
            assert.equal(np.float32, y.dtype)
            assert.is_false(x:shares(y))
            assert.equal(before + 1, ts.copies())
            for _, copy in ipairs {"never", false} do
                local text = message(maker[1], x, {dtype = np.int8, copy = copy})
                assert.truthy(text:find("float64 to int8 needs a copy", 1, true))
            end
            assert.truthy(message(maker[1], {1, 2}, {copy = "never"}):find("table", 1, true))
            assert.truthy(message(maker[1], x, {copy = "maybe"}):find('"never", "if-needed", "always"', 1, true))
            assert.truthy(message(maker[1], x, {order = "F", copy = "never"}):find("order", 1, true))
        end
    end)

    it("read Lua data", function()
        local whole = math.type and np.int64 or np.float64 -- without integers, 1 is a float
        assert.equal(whole, np.asarray({{1, 2}}).dtype)
        assert.equal(torch.float32, torch.as_tensor({1.5}).dtype)
        assert.equal(np.float64, np.asarray(2.5).dtype)
        assert.equal(np.bool, np.asarray({true, false}).dtype)
        assert.equal(whole, np.asarray({true, 3}).dtype)
        assert.truthy(message(np.asarray, {{1, 2}, {3}}):find("%[2%]"))
        assert.truthy(message(torch.tensor, {{1, 2}, 3}):find("%[2%]"))
    end)
end)

describe("what always copies", function()
    it("torch.tensor, np.array, clone and copy", function()
        for _, a in pairs(layouts(np.float32)) do
            local t = torch.from_numpy(a)
            for _, y in ipairs {torch.tensor(a), torch.tensor(t), np.array(a), np.array(t), t:clone(), a:copy(),
                torch.clone(t), np.copy(a)} do
                assert.is_false(a.nbytes > 0 and a:shares(y))
                assert.is_false(a.nbytes > 0 and y:origin().readonly)
                assert.equal(a:tobytes(), y:tobytes())
                assert.equal(table.concat(a.shape, ","), table.concat(y.shape, ","))
            end
        end
    end)

    it("is no implicit copy", function()
        without_copies(function()
            local a = np.ones({3, 4}).T
            return {np.array(a), a:copy(), torch.tensor(a), a:astype(np.int8), a:tobytes(), a:tolist(), a:flatten()}
        end)
    end)
end)

describe("frombuffer", function()
    it("gives a read-only view of a string that it keeps alive", function()
        local text = ("\1\2\3\4"):rep(1000) .. "end!"
        for _, face in ipairs {np, torch} do
            local a = without_copies(face.frombuffer, text, {dtype = face.int32})
            assert.equal(1001, a.shape[1])
            assert.is_true(a:origin().readonly)
            assert.equal("string", a:origin().kind)
            assert.equal(0x04030201, a[1])
            assert.truthy(message(a[face == np and "fill" or "fill_"], a, 1):find("read-only", 1, true))
            local b = face.frombuffer(text, {dtype = face.uint8, offset = 4000, count = 3})
            assert.same({101, 110, 100}, b:tolist())
        end
        local a = np.frombuffer(("x"):rep(2 ^ 16) .. os.time(), {dtype = np.uint8})
        collectgarbage()
        collectgarbage()
        assert.equal(120, a[2 ^ 16])
    end)

    it("gives a view of an array with that array's rights", function()
        local u = np.zeros(16, {dtype = np.uint8})
        local f = without_copies(np.frombuffer, u, {dtype = np.float32, offset = 3, count = 2})
        f["..."] = 1
        assert.equal(0x80, u[6])
        assert.equal(("\0\0\128?"):rep(2), u["4:11"]:tobytes())
        assert.is_true(torch.frombuffer(u:readonly(), {dtype = torch.int8}):origin().readonly)
        assert.truthy(message(np.frombuffer, u["::2"]):find("contiguous", 1, true))
    end)

    it("checks its numbers", function()
        local s = ("x"):rep(10)
        for _, bad in ipairs {{dtype = np.int32}, {dtype = np.int8, offset = 11}, {dtype = np.int8, offset = -1},
            {dtype = np.int8, count = 11}, {dtype = np.int64, count = 2}, {dtype = np.int16, offset = 1},
            {dtype = "int9"}, {kind = np.int8}} do
            message(np.frombuffer, s, bad)
        end
        assert.equal(0, np.frombuffer("", {dtype = np.int32}).size)
        message(np.frombuffer, 5)
        message(torch.frombuffer, s)
    end)
end)

describe("tolist, item and tobytes", function()
    it("give Lua's own values", function()
        assert.same({{1, 2}, {3, 4}}, np.array({{1, 2}, {3, 4}}):tolist())
        assert.same({true, false}, torch.tensor({true, false}):tolist())
        assert.equal(2.5, torch.tensor(2.5):tolist())
        assert.same({}, np.zeros({0}):tolist())
        assert.same({{}, {}}, np.zeros({2, 0}):tolist())
        assert.equal(7, np.array({{7}}):item())
        assert.equal(4, np.array({{1, 2}, {3, 4}}):item(2, 2))
        assert.truthy(message(function()
            return np.ones(2):item()
        end):find("2 elements", 1, true))
        if math.type then
            assert.equal("integer", math.type(np.array({7}):item()))
            assert.equal("float", math.type(np.array({7.0}):item()))
            assert.equal("integer", math.type(np.array({7}, {dtype = np.uint8}):tolist()[1]))
        end
        assert.equal("\1\0\2\0\3\0\4\0", np.array({{1, 2}, {3, 4}}, {dtype = np.int16}):tobytes())
        assert.equal("\1\0\3\0\2\0\4\0", np.array({{1, 2}, {3, 4}}, {dtype = np.int16}):tobytes {order = "F"})
        assert.equal("\1\3\2\4", np.array({{1, 2}, {3, 4}}, {dtype = np.int8}).T:tobytes())
    end)

    it("refuse integers that Lua cannot hold", function()
        local big = np.frombuffer(("\255"):rep(8), {dtype = np.uint64})
        for _, f in ipairs {function()
            return big[1]
        end, function()
            return big:tolist()[1]
        end, function()
            return big:item()
        end} do
            local text = rawget(_G, "jit") and tostring(f()) or message(f) -- LuaJIT: 18446744073709551615ULL
            assert.truthy(text:find("18446744073709551615", 1, true))
        end
        assert.equal(("\255"):rep(8), big:tobytes())
    end)
end)

describe("the array interface", function()
    local function object(fields)
        return setmetatable({}, {__array_interface = function()
            return fields
        end})
    end

    it("takes strings as read-only bytes", function()
        local text = ("abcdefgh"):rep(4)
        local a = without_copies(ts.view, object {data = text, shape = {2, 4}, typestr = "<u2", offset = 2})
        assert.equal(np.uint16, a.dtype)
        assert.equal(text:sub(3, 18), a:tobytes())
        assert.is_true(a:origin().readonly)
        local b = ts.view(object {data = text, shape = {3, 2}, dtype = "uint8", strides = {-2, 1}, offset = 6})
        assert.equal("ghefcd", b:tobytes())
        assert.equal("aa", ts.view(object {data = text, shape = {2}, typestr = "|u1", strides = {0}}):tobytes())
        assert.equal(0, ts.view(object {data = "", shape = {0, 5}, typestr = "<f4"}).size)
    end)

    it("takes our own objects, whole and in any layout", function()
        for _, name in ipairs(names) do
            for kind, a in pairs(layouts(np[name])) do
                local b = without_copies(ts.view, a)
                assert.is_true(np.isarray(b), kind)
                assert.equal(a:tobytes(), b:tobytes())
                assert.equal(table.concat(a.strides, ","), table.concat(b.strides, ","))
                assert.equal(a:origin().readonly, b:origin().readonly)
            end
        end
        local t = torch.zeros(4)
        ts.view(t)[2] = 5
        assert.equal(5, t[2])
    end)

    it("takes what ours offer, so that others can", function()
        local a = np.array({{1, 2, 3}, {4, 5, 6}}, {dtype = np.int16}).T
        local described = a:__array_interface()
        assert.same({3, 2}, {described.shape[1], described.shape[2]})
        assert.equal("<i2", described.typestr)
        local proxy = setmetatable({}, {__array_interface = function()
            return described
        end})
        local b = ts.view(proxy)
        assert.same(a:tolist(), b:tolist())
        b[{1, 1}] = 9
        assert.equal(9, a[{1, 1}])
        a, described, proxy = nil, nil, nil -- luacheck: ignore 311
        collectgarbage()
        collectgarbage()
        assert.same({{9, 4}, {2, 5}, {3, 6}}, b:tolist())
    end)

    it("checks what it is given", function()
        local text = ("x"):rep(16)
        for _, bad in ipairs {
            {}, {data = text}, {data = text, shape = {4}}, {data = text, shape = {4}, typestr = ">x4"},
            {data = text, shape = {5}, typestr = "<f4"}, {data = text, shape = {4}, typestr = "<f4", offset = 1},
            {data = text, shape = {4}, typestr = "<f4", strides = {-4}}, {data = 5, shape = {1}, typestr = "|u1"},
            {data = text, shape = {-1}, typestr = "|u1"}, {data = text, shape = {2 ^ 62, 4}, typestr = "<f4"},
            {data = text, shape = {2, 2}, typestr = "|u1", strides = {1}},
            {data = text, shape = {1}, typestr = "|u1", offset = -1},
            {data = text, shape = "4", typestr = "|u1"}, {data = text, shape = {1.5}, typestr = "|u1"},
        } do
            message(ts.view, object(bad))
        end
        message(ts.view, {})
        message(ts.view, 5)
        message(ts.view, object(7))
        message(ts.view, setmetatable({}, {__array_interface = function()
            error("refused")
        end}))
    end)
end)

describe("sharing", function()
    it("is told exactly, and by bounds", function()
        local a = np.zeros(10)
        local even, odd = a["1::2"], a["2::2"]
        assert.is_false(even:shares(odd))
        assert.is_false(np.shares_memory(even, odd))
        assert.is_true(np.may_share_memory(even, odd))
        assert.is_true(even:shares(torch.from_numpy(a)))
        assert.is_false(a:shares(a:copy()))
        assert.is_false(np.may_share_memory(a["1:5"], a["6:"]))
        assert.is_false(a:shares(a["1:0"]))
    end)

    it("is what origin() tells", function()
        local a = np.zeros({4}, {dtype = np.int32})
        assert.same({kind = "owned", bytes = 16, readonly = false, revoked = false}, a:origin())
        local o = np.frombuffer("abcd", {dtype = np.uint8}):origin()
        assert.equal("string", o.kind)
        assert.equal(4, o.bytes)
        assert.is_true(o.readonly)
    end)

    it("keeps a storage from being resized, and leaves the array as it was", function()
        local t = torch.ones(2, 3)
        t:resize_(3, 4)
        assert.equal("3,4", table.concat(t.shape, ","))
        t:resize_(2)
        assert.same({1, 1}, t:tolist())
        local view = t:numpy()
        local text = message(t.resize_, t, 100)
        assert.equal("2", table.concat(t.shape, ","))
        assert.same({1, 1}, view:tolist())
        assert.truthy(text:find("resize_: ", 1, true))
        for _, fixed in ipairs {torch.frombuffer("abcd", {dtype = torch.uint8}), torch.ones(4):narrow(1, 1, 2),
            torch.from_numpy(np.zeros(3))} do
            local shape = table.concat(fixed.shape, ",")
            message(fixed.resize_, fixed, 9)
            assert.equal(shape, table.concat(fixed.shape, ","))
        end
    end)

    it("needs no copy on any view of either face", function()
        without_copies(function()
            local a = np.arange(24):reshape({2, 3, 4})
            local t = torch.from_numpy(a)
            return {
                a.T, a.mT, a[1], a["::-1"], a:transpose(3, 1, 2), a:swapaxes(1, 2), np.moveaxis(a, 1, 3), a:ravel(),
                a:reshape({6, 4}), a:reshape({4, 6}, {copy = false}), np.expand_dims(a, 1), a:squeeze(), np.flip(a),
                np.broadcast_to(a, {5, 2, 3, 4}), a:diagonal(), np.rot90(a), a:view(np.float64), a.real,
                np.split(a, 2), t:view(-1), t:flatten(), t:select(1, 1), t:narrow(2, 1, 2),
                t:unfold(3, 2, 1), t:permute(2, 3, 1), t:expand(2, 3, 4), t:unflatten(3, {2, 2}), t:unsqueeze(1),
                t:chunk(2), t:split(1), t:unbind(), t:contiguous(), t:to(torch.int64), t:detach(),
                np.ascontiguousarray(a), np.asarray(t), torch.as_tensor(a), t:numpy(), ts.view(t),
            }
        end)
        local a = np.zeros({3, 4}).T
        local before = ts.copies()
        local flat = a:ravel()
        assert.equal(before + 1, ts.copies())
        assert.is_false(flat:shares(a))
        torch.from_numpy(a):contiguous()
        assert.equal(before + 2, ts.copies())
        assert.truthy(message(a.reshape, a, {12}, {copy = "never"}):find("reshape: ", 1, true))
        assert.truthy(message(torch.from_numpy(a).view, torch.from_numpy(a), 12):find("view: ", 1, true))
        assert.equal(before + 2, ts.copies())
    end)
end)

describe("the seed's programs", function()
    local function output(file)
        local out = {}
        local environment = setmetatable({print = function(...)
            local parts = {...}
            for i = 1, select("#", ...) do
                parts[i] = tostring(parts[i])
            end
            out[#out + 1] = table.concat(parts, "\t") .. "\n"
        end}, {__index = _G})
        local chunk
        if setfenv then -- luacheck: ignore 113
            chunk = setfenv(assert(loadfile(file)), environment) -- luacheck: ignore 113
        else
            chunk = assert(loadfile(file, "t", environment))
        end
        chunk()
        return table.concat(out)
    end

    it("print the seed's four lines", function()
        assert.equal("array([[1, 2, 3],\n       [4, 5, 6]])\n", output("scripts/examples/seed_tensor.lua"))
        assert.equal("tensor([[1, 2, 3],\n        [4, 5, 6]])\n", output("scripts/examples/seed_array.lua"))
    end)
end)
