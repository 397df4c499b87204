--- The Lua half: splitting, joining, repeating, views, padding, differences.
--
-- Examples with the values that the documentation of NumPy and PyTorch gives, which of the results
-- are views, and the errors. Random comparison with the real libraries is in oracle_spec.lua.
local ts = require "tessera"
local torch = require "tessera.torch"
local np = require "tessera.numpy"

local i64 = {dtype = np.int64}

local function count(n, ...)
    return np.arange(1, n + 1, i64):reshape(...)
end

--- A tensor or ndarray as a nested table, of a list of them a list.
local function plain(x)
    if type(x) ~= "table" then
        return x:tolist()
    end
    local made = {}
    for i, item in ipairs(x) do
        made[i] = plain(item)
    end
    return made
end

local function shape(x)
    return table.concat(x.shape, "x")
end

--- f raises one line that holds `text` and names this file; the details tell `kind`.
local function raises(kind, text, f, ...)
    local ok, message = pcall(f, ...)
    assert.is_false(ok)
    assert.is_truthy(message:find(text, 1, true), message)
    assert.is_nil(message:find("\n", 1, true))
    assert.are.equal(kind, ts.last_error().kind)
end

--- f makes views only: all results share with x, and no copy was counted.
local function views(x, results)
    for _, result in ipairs(results) do
        assert.is_true(x:shares(result))
    end
end

describe("splitting", function()
    it("torch.unbind and np.unstack give the views of each position", function()
        local t = torch.tensor({{1, 2}, {3, 4}})
        assert.are.same({{1, 2}, {3, 4}}, plain(torch.unbind(t)))
        assert.are.same({{1, 3}, {2, 4}}, plain(t:unbind(2)))
        assert.are.same({{1, 3}, {2, 4}}, plain(np.unstack({{1, 2}, {3, 4}}, {axis = 2})))
        views(t, t:unbind(-1))
        t:unbind()[2]:fill_(9)
        assert.are.same({{1, 2}, {9, 9}}, plain(t))
    end)

    it("torch.split takes a size or sizes", function()
        local t = torch.arange(10):reshape(5, 2)
        assert.are.same({{{0, 1}, {2, 3}}, {{4, 5}, {6, 7}}, {{8, 9}}}, plain(torch.split(t, 2)))
        assert.are.same({{{0, 1}}, {{2, 3}, {4, 5}, {6, 7}, {8, 9}}}, plain(t:split({1, 4})))
        assert.are.same({{{0}, {2}, {4}, {6}, {8}}, {{1}, {3}, {5}, {7}, {9}}}, plain(t:split{split_size = 1, dim = 2}))
        assert.are.same(2, #t:split_with_sizes({2, 3}))
        assert.are.same(1, #torch.zeros(0, 3):split(2))
        views(t, t:split(2))
        raises("value", "must be positive", torch.split, t, 0)
        raises("shape", "the sizes add up to 4, dimension 1 has size 5", torch.split, t, {2, 2})
        raises("index", "dimension 3 is out of range", torch.split, t, 2, 3)
    end)

    it("torch.chunk makes at most so many pieces", function()
        local sizes = {}
        for i, piece in ipairs(torch.arange(11):chunk(6)) do
            sizes[i] = piece:size(1)
        end
        assert.are.same({2, 2, 2, 2, 2, 1}, sizes)
        assert.are.equal(6, #torch.arange(12):chunk(6))
        assert.are.equal(5, #torch.arange(13):chunk(6))
        assert.are.equal(3, #torch.zeros(0):chunk(3))
        raises("value", "chunks must be positive", torch.chunk, torch.arange(3), 0)
    end)

    it("np.split takes equal sections or the positions where pieces start", function()
        local a = np.arange(0, 9)
        assert.are.same({{0, 1, 2}, {3, 4, 5}, {6, 7, 8}}, plain(np.split(a, 3)))
        -- NumPy's documentation: split(arange(8), [3, 5, 6, 10]); positions count from 1 here
        assert.are.same({{0, 1, 2}, {3, 4}, {5}, {6, 7}, {}}, plain(np.split(np.arange(8), {4, 6, 7, 11})))
        assert.are.same({{0, 1, 2, 3, 4, 5, 6}, {7, 8}}, plain(np.split(a, {-2})))
        views(a, np.split(a, 3))
        raises("shape", "cannot be cut into 4 equal pieces", np.split, a, 4)
        raises("index", "positions start at 1", np.split, a, {0})
    end)

    it("array_split and tensor_split put the longer pieces first", function()
        assert.are.same({{0, 1, 2}, {3, 4, 5}, {6, 7}}, plain(np.array_split(np.arange(8), 3)))
        assert.are.same({{0, 1, 2}, {3, 4}, {5, 6}}, plain(torch.tensor_split(torch.arange(7), 3)))
        assert.are.same({{0}, {1, 2, 3, 4, 5}, {6}}, plain(torch.arange(7):tensor_split({2, 7})))
        local where = torch.tensor({2, 7}, {dtype = torch.int64})
        assert.are.same({{0}, {1, 2, 3, 4, 5}, {6}}, plain(torch.tensor_split(torch.arange(7), {indices = where})))
    end)

    it("hsplit, vsplit and dsplit know their dimension", function()
        local x = count(16, 4, 4)
        assert.are.same({{1, 2}, {5, 6}, {9, 10}, {13, 14}}, plain(np.hsplit(x, 2)[1]))
        assert.are.same({{13, 14, 15, 16}}, plain(np.vsplit(x, {4})[2]))
        assert.are.same({{{2}, {4}}, {{6}, {8}}}, plain(np.dsplit(count(8, 2, 2, 2), 2)[2]))
        assert.are.same({{1, 2}, {3, 4}}, plain(torch.arange(1, 5):hsplit(2)))
        assert.are.same({{3, 4}}, plain(torch.tensor({{1, 2}, {3, 4}}):vsplit(2)[2]))
        raises("shape", "dsplit: needs at least 3 dimensions, the shape is (4, 4)", np.dsplit, x, 2)
        raises("shape", "equal pieces", torch.hsplit, torch.arange(5), 2)
    end)
end)

describe("joining", function()
    it("stacks below, beside and behind", function()
        assert.are.same({{1, 2, 3}, {4, 5, 6}}, plain(np.vstack({{1, 2, 3}, {4, 5, 6}})))
        assert.are.same({1, 2, 3, 4, 5, 6}, plain(np.hstack({{1, 2, 3}, {4, 5, 6}})))
        assert.are.same({{1, 4}, {2, 5}, {3, 6}}, plain(np.hstack({{{1}, {2}, {3}}, {{4}, {5}, {6}}})))
        assert.are.same({{{1, 2}, {2, 3}, {3, 4}}}, plain(np.dstack({{1, 2, 3}, {2, 3, 4}})))
        assert.are.same({{1, 2}, {2, 3}, {3, 4}}, plain(np.column_stack({{1, 2, 3}, {2, 3, 4}})))
        assert.are.same({1, 2, 3}, plain(np.hstack({1, 2, 3})))
        local t = torch.tensor({1, 2})
        assert.are.same({{1, 2}, {1, 2}}, plain(torch.vstack({t, t})))
        assert.are.same({{1, 2}, {1, 2}}, plain(torch.row_stack({t, t})))
        assert.are.same({{1, 1}, {2, 2}}, plain(torch.column_stack({t, t})))
        assert.are.same({{{1, 1}, {2, 2}}}, plain(torch.dstack({t, t})))
        assert.are.same({{1, 2}, {3, 4}}, plain(np.vstack(count(4, 2, 2))))
    end)

    it("gives a tensor when one of them is a tensor, on either face", function()
        local t, a = torch.tensor({1, 2}), np.array({3, 4})
        for _, made in ipairs({np.vstack({a, t}), torch.vstack({t, a}), np.hstack({{1, 2}, t})}) do
            assert.is_true(torch.is_tensor(made))
        end
        assert.is_true(np.isarray(np.hstack({a, a})))
    end)

    it("takes dtype, casting and out", function()
        local a = np.array({1, 2}, np.float64)
        assert.are.equal(np.float32, np.hstack({a, a}, {dtype = np.float32}).dtype)
        assert.are.equal(np.int32, np.vstack({a, a}, {dtype = "int32", casting = "unsafe"}).dtype)
        raises("dtype", "hstack: float64 to int32 is not allowed", np.hstack, {a, a}, {dtype = "int32"})
        local out = torch.zeros(2, 2)
        assert.are.equal(out, torch.vstack({{1, 2}, {3, 4}}, {out = out}))
        assert.are.same({{1, 2}, {3, 4}}, plain(out))
        raises("shape", "vstack: ", np.vstack, {{1, 2}, {3}})
        raises("value", "hstack: needs at least one array", np.hstack, {})
        raises("value", "unknown option \"otu\": the nearest is \"out\"", torch.hstack, {{1}, {2}}, {otu = out})
    end)

    it("appends", function()
        assert.are.same({1, 2, 3, 4, 5}, plain(np.append({1, 2, 3}, {{4}, {5}})))
        assert.are.same({{1, 2}, {3, 4}}, plain(np.append({{1, 2}}, {{3, 4}}, {axis = 1})))
        raises("shape", "append: ", np.append, {{1, 2}}, {3, 4}, 1)
    end)

    it("torch.block_diag", function()
        local made = torch.block_diag({{0, 1}, {1, 0}}, {{3, 4, 5}}, 7)
        assert.are.same({
            {0, 1, 0, 0, 0, 0}, {1, 0, 0, 0, 0, 0}, {0, 0, 3, 4, 5, 0}, {0, 0, 0, 0, 0, 7},
        }, plain(made))
    end)
end)

describe("repeating", function()
    it("tiles", function()
        assert.are.same({0, 1, 2, 0, 1, 2}, plain(np.tile({0, 1, 2}, 2)))
        assert.are.same({{0, 1, 0, 1}, {0, 1, 0, 1}}, plain(np.tile({0, 1}, {2, 2})))
        assert.are.same({{{0, 1, 0, 1}}, {{0, 1, 0, 1}}}, plain(np.tile({0, 1}, {2, 1, 2})))
        assert.are.same({{1, 2, 1, 2}, {3, 4, 3, 4}}, plain(np.tile({{1, 2}, {3, 4}}, 2)))
        assert.are.same({{1, 2}, {1, 2}}, plain(torch.tensor({1, 2}):tile(2, 1)))
        assert.are.same({1, 2, 1, 2}, plain(torch.tile({1, 2}, {2})))
        assert.are.same({1, 2, 1, 2}, plain(torch.tensor({1, 2}):tile{dims = {2}}))
        assert.are.equal("2x0", shape(np.tile({{1}, {2}}, {1, 0})))
        local a = count(4, 2, 2)
        assert.is_false(a:shares(np.tile(a, 1)))
        raises("value", "cannot repeat -1 times", np.tile, a, -1)
    end)

    it("repeats tensors, under a name that Lua can write", function()
        local t = torch.tensor({1, 2, 3})
        assert.are.same({{1, 2, 3, 1, 2, 3}, {1, 2, 3, 1, 2, 3}}, plain(t:repeat_(2, 2)))
        assert.are.equal("4x2x3", shape(t["repeat"](t, {4, 2, 1})))
        assert.are.same({1, 1, 2, 2}, plain(np.repeat_({1, 2}, 2)))
        raises("shape", "repeat: 1 numbers for 2 dimensions", t:reshape(1, 3).repeat_, t:reshape(1, 3), 2)
    end)

    it("rolls", function()
        local x = np.arange(0, 10, 1, i64)
        assert.are.same({8, 9, 0, 1, 2, 3, 4, 5, 6, 7}, plain(np.roll(x, 2)))
        assert.are.same({2, 3, 4, 5, 6, 7, 8, 9, 0, 1}, plain(np.roll(x, -2)))
        local y = x:reshape(2, 5)
        assert.are.same({{9, 0, 1, 2, 3}, {4, 5, 6, 7, 8}}, plain(np.roll(y, 1)))
        assert.are.same({{5, 6, 7, 8, 9}, {0, 1, 2, 3, 4}}, plain(np.roll(y, 1, {axis = 1})))
        assert.are.same({{4, 0, 1, 2, 3}, {9, 5, 6, 7, 8}}, plain(np.roll(y, 1, 2)))
        assert.are.same({{9, 5, 6, 7, 8}, {4, 0, 1, 2, 3}}, plain(np.roll(y, {1, 1}, {2, 1})))
        assert.are.same({{8, 9, 5, 6, 7}, {3, 4, 0, 1, 2}}, plain(np.roll(y, {2, 1}, {2, 1})))
        assert.are.same({{3, 1, 2}}, plain(np.roll({{1, 2, 3}}, {3, 1}, 2)))
        assert.are.same({{4, 3}, {2, 1}}, plain(torch.tensor({{1, 2}, {3, 4}}):roll({1, 1}, {1, 2})))
        assert.are.same({{7, 8}, {1, 2}, {3, 4}, {5, 6}}, plain(torch.roll(count(8, 4, 2), {shifts = 1, dims = 1})))
        raises("value", "roll: 2 shifts for 1 dimensions", torch.roll, y, {1, 2}, 1)
        raises("value", "a shift must be an integer, not 1.5", np.roll, y, 1.5)
    end)
end)

describe("views", function()
    it("turns by 90 degrees", function()
        local m = np.array({{1, 2}, {3, 4}})
        assert.are.same({{2, 4}, {1, 3}}, plain(np.rot90(m)))
        assert.are.same({{4, 3}, {2, 1}}, plain(np.rot90(m, 2)))
        assert.are.same({{3, 1}, {4, 2}}, plain(np.rot90(m, {k = -1})))
        local cube = np.arange(8):reshape(2, 2, 2)
        assert.are.same({{{1, 3}, {0, 2}}, {{5, 7}, {4, 6}}}, plain(np.rot90(cube, 1, {2, 3})))
        views(m, {np.rot90(m), np.rot90(m, 2), np.rot90(m, 3), np.rot90(m, 4)})
        assert.are.same({{1, 3}, {0, 2}}, plain(torch.arange(4):reshape(2, 2):rot90(1, {1, 2})))
        raises("value", "dimension 1 is given twice", np.rot90, m, 1, {1, 1})
    end)

    it("mirrors", function()
        local x = torch.arange(4):reshape(2, 2)
        assert.are.same({{1, 0}, {3, 2}}, plain(x:fliplr()))
        assert.are.same({{2, 3}, {0, 1}}, plain(torch.flipud(x)))
        assert.are.same({{2, 1}}, plain(np.fliplr({{1, 2}})))
        views(x, {x:fliplr(), x:flipud()})
        raises("shape", "fliplr: needs at least 2 dimensions", np.fliplr, {1, 2})
    end)

    it("broadcasts together", function()
        local x, y = np.array({{1, 2, 3}}), np.array({{4}, {5}})
        local made = np.broadcast_arrays(x, y)
        assert.are.same({{{1, 2, 3}, {1, 2, 3}}, {{4, 4, 4}, {5, 5, 5}}}, plain(made))
        assert.is_false(made[1].flags.writeable)
        assert.is_true(x:shares(made[1]))
        local tensors = torch.broadcast_tensors(torch.arange(3):reshape(1, 3), torch.arange(2):reshape(2, 1))
        assert.are.same({{{0, 1, 2}, {0, 1, 2}}, {{0, 0, 0}, {1, 1, 1}}}, plain(tensors))
        assert.are.equal("(3, 4, 5, 6)", tostring(np.broadcast_shapes({4, 1, 6}, {3, 1, 5, 1}, 6)))
        assert.are.equal("torch.Size([3, 2, 2])", tostring(torch.broadcast_shapes({2}, {3, 1, 1}, {1, 2, 1})))
        raises("shape", "shapes (2,), (3,) do not broadcast together", np.broadcast_shapes, {2}, {3})
        raises("shape", "broadcast_arrays: ", np.broadcast_arrays, {1, 2}, {1, 2, 3})
        raises("value", "argument 1 must be an array, not nil", np.broadcast_arrays, nil, {1, 2, 3})
    end)

    it("has at least so many dimensions", function()
        assert.are.equal("1x1", shape(np.atleast_2d(3)))
        assert.are.equal("1x3x1", shape(np.atleast_3d({1, 2, 3})))
        assert.are.equal("4x3x1", shape(torch.atleast_3d(torch.zeros(4, 3))))
        assert.are.equal("2x2", shape(np.atleast_1d({{1, 2}, {3, 4}})))
        assert.are.same({{1}, {3, 4}}, plain(np.atleast_1d(1, {3, 4})))
        assert.are.same({{{1, 2}}}, plain(torch.atleast_2d({torch.tensor({1, 2})})))
        local x = torch.arange(3)
        views(x, {torch.atleast_1d(x), torch.atleast_2d(x), torch.atleast_3d(x)})
    end)

    it("slides windows", function()
        local x = np.arange(6)
        local v = np.lib.stride_tricks.sliding_window_view(x, 3)
        assert.are.same({{0, 1, 2}, {1, 2, 3}, {2, 3, 4}, {3, 4, 5}}, plain(v))
        assert.is_true(x:shares(v))
        assert.is_false(v.flags.writeable)
        assert.is_true(np.sliding_window_view(x, 3, {writeable = true}).flags.writeable)
        local y = count(12, 3, 4)
        assert.are.equal("2x3x2x2", shape(np.sliding_window_view(y, {2, 2})))
        assert.are.same({{2, 3}, {6, 7}}, plain(np.sliding_window_view(y, {2, 2})[{1, 2}]))
        assert.are.equal("3x2x3", shape(np.sliding_window_view(y, 3, {axis = 2})))
        assert.are.equal("3x1x3x2", shape(np.sliding_window_view(y, {3, 2}, {2, 2})))
        raises("shape", "1 window sizes for 2 dimensions", np.sliding_window_view, y, 2)
    end)

    it("copies nothing", function()
        local x, y = torch.arange(24):reshape(4, 6), np.arange(24):reshape(4, 6)
        local before = ts.copies()
        x:unbind() x:split(2) x:chunk(2) x:tensor_split(3, 2) x:hsplit(2) x:vsplit(2) x:rot90() x:fliplr()
        np.split(y, 2) np.unstack(y) np.rot90(y) np.atleast_3d(y) np.broadcast_arrays(y, 1) np.flipud(y)
        np.sliding_window_view(y, {2, 2}) torch.meshgrid(x:select(1, 1), x:select(1, 2)) np.diag(y)
        np.from_dlpack(x) torch.from_dlpack(y)
        assert.are.equal(before, ts.copies())
    end)
end)

describe("padding", function()
    it("np.pad takes widths and constants of every form", function()
        assert.are.same({4, 4, 1, 2, 3, 6, 6, 6},
            plain(np.pad({1, 2, 3}, {2, 3}, "constant", {constant_values = {4, 6}})))
        local a = np.ones(2, 2, i64)
        assert.are.same({{0, 0, 0, 0}, {0, 1, 1, 0}, {0, 1, 1, 0}, {0, 0, 0, 0}}, plain(np.pad(a, 1)))
        assert.are.same({{0, 0, 1, 1}, {0, 0, 1, 1}}, plain(np.pad(a, {{0, 0}, {2, 0}})))
        assert.are.same({{3, 5, 5, 4}, {3, 1, 1, 4}, {3, 1, 1, 4}, {3, 6, 6, 4}},
            plain(np.pad(a, 1, {constant_values = {{5, 6}, {3, 4}}})))
        assert.are.equal("4x4", shape(np.pad(a, 1, "empty")))
        raises("value", "negative width -1", np.pad, a, -1)
        raises("unsupported", "mode must be \"constant\" or \"empty\", not reflect", np.pad, a, 1, "reflect")
        raises("shape", "3 pairs of pad_width for 2 dimensions", np.pad, a, {{1, 1}, {1, 1}, {1, 1}})
    end)

    it("torch.nn.functional.pad counts from the last dimension and crops", function()
        local pad = torch.nn.functional.pad
        local t = torch.tensor({{1, 2}, {3, 4}})
        assert.are.same({{0, 1, 2}, {0, 3, 4}}, plain(pad(t, {1, 0})))
        assert.are.same({{7, 7}, {1, 2}, {3, 4}}, plain(pad(t, {0, 0, 1, 0}, "constant", 7)))
        assert.are.same({{2, 9}, {4, 9}}, plain(pad(t, {-1, 1}, {value = 9})))
        assert.is_false(t:shares(pad(t, {})))
        raises("value", "takes pairs of widths", pad, t, {1})
        raises("shape", "leave nothing of dimension 2", pad, t, {-2, -1})
        raises("unsupported", "mode must be \"constant\"", pad, t, {1, 1}, "reflect")
    end)
end)

describe("diff", function()
    it("takes differences of neighbours", function()
        local x = np.array({1, 2, 4, 7, 0}, i64)
        assert.are.same({1, 2, 3, -7}, plain(np.diff(x)))
        assert.are.same({1, 1, -10}, plain(np.diff(x, {n = 2})))
        local y = np.array({{1, 3, 6, 10}, {0, 5, 6, 8}}, i64)
        assert.are.same({{2, 3, 4}, {5, 1, 2}}, plain(np.diff(y)))
        assert.are.same({{-1, 2, 0, -2}}, plain(np.diff(y, {axis = 1})))
        assert.are.same({1, 1, 2, 3, -7, 5}, plain(np.diff(x, {prepend = 0, append = {5}})))
        assert.are.same({true, true, false}, plain(np.diff({true, false, true, true})))
        assert.are.same({{2, 2, 2}, {2, 2, 2}}, plain(torch.diff({{1, 2, 3}, {3, 4, 5}, {5, 6, 7}}, 1, 1)))
        assert.are.same({2, -1}, plain(torch.diff(torch.tensor({1, 3, 2}))))
        assert.are.equal(0, np.diff({1, 2}, 5).size)
        raises("value", "n must not be negative", np.diff, x, -1)
        raises("shape", "needs at least 1 dimension", np.diff, 3)
    end)
end)
