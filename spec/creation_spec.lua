--- The Lua half: creation by formula, grids, limits of dtypes, the array namespace, the seed's programs.
--
-- Examples with the values that the documentation of NumPy and PyTorch gives, and the errors.
local torch = require "tessera.torch"
local np = require "tessera.numpy"

local examples = dofile "spec/support/examples.lua"
local i64, count, plain, shape, raises = examples.i64, examples.count, examples.plain, examples.shape, examples.raises

describe("creation by formula", function()
    it("logspace and geomspace", function()
        local a = np.logspace(2, 3, 4)
        for i, expected in ipairs({100, 215.443469, 464.15888336, 1000}) do
            assert.is_near(expected, a[i], 1e-7)
        end
        assert.are.same({4, 8}, plain(np.logspace(2, 4, 2, {endpoint = false, base = 2})))
        assert.are.equal(np.float64, a.dtype)
        local t = torch.logspace(2, 4, 2, 2)
        assert.are.same({4, 16}, plain(t))
        assert.are.equal(torch.float32, t.dtype)
        assert.are.equal(torch.float64, torch.logspace(0, 1, 2, {dtype = torch.float64}).dtype)
        local g = np.geomspace(1, 1000, 3, {endpoint = false})
        for i, expected in ipairs({1, 10, 100}) do
            assert.is_near(expected, g[i], 1e-12)
        end
        assert.are.equal(-8, np.geomspace(-1, -8, 4)[4])
        assert.are.equal(0, np.logspace(0, 1, 0).size)
        raises("value", "steps must be an integer", torch.logspace, 0, 1)
        raises("value", "same sign", np.geomspace, -1, 1)
    end)

    it("np.linspace takes NumPy's order of arguments and rounds down to integers", function()
        assert.are.same({0, 0.25, 0.5, 0.75}, plain(np.linspace(0, 1, 4, false)))
        local made, step = np.linspace(2, 3, 5, {retstep = true})
        assert.are.same({2, 2.25, 2.5, 2.75, 3}, plain(made))
        assert.are.equal(0.25, step)
        assert.are.same({-1, -1, 0, 1}, plain(np.linspace(-1, 1, 4, {dtype = np.int64})))
        assert.are.same({-1, 0, 0, 1}, plain(torch.linspace(-1, 1, 4, {dtype = torch.int64})))
    end)

    it("identity and tri", function()
        assert.are.same({{1, 0}, {0, 1}}, plain(np.identity(2, i64)))
        assert.are.same({{1, 1, 1, 0, 0}, {1, 1, 1, 1, 0}, {1, 1, 1, 1, 1}}, plain(np.tri(3, 5, 2, i64)))
        assert.are.same({{0, 0}, {1, 0}}, plain(np.tri(2, {k = -1, dtype = "int8"})))
        assert.are.equal(np.float64, np.tri(2).dtype)
    end)

    it("diagonals: a copy on torch, a read-only view on np", function()
        local a, t = count(9, 3, 3), torch.arange(1, 10):reshape(3, 3)
        assert.are.same({1, 5, 9}, plain(np.diag(a)))
        assert.are.same({4, 8}, plain(np.diag(a, {k = -1})))
        assert.is_true(a:shares(np.diag(a)))
        assert.is_false(np.diag(a).flags.writeable)
        assert.are.same({2, 6}, plain(t:diag(1)))
        assert.is_false(t:shares(torch.diag(t)))
        assert.are.same({{0, 1, 0}, {0, 0, 2}, {0, 0, 0}}, plain(torch.diag({1, 2}, 1)))
        assert.are.same({{1, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 3, 0}, {0, 0, 0, 4}}, plain(np.diagflat({{1, 2}, {3, 4}})))
        assert.are.same({{0, 0}, {5, 0}}, plain(torch.diagflat(5, -1)))
        assert.are.same({{{1, 0}, {0, 2}}, {{3, 0}, {0, 4}}}, plain(torch.diag_embed({{1, 2}, {3, 4}})))
        assert.are.equal("3x2x3", shape(torch.diag_embed(torch.ones(2, 2), 1, 1, 3)))
        raises("shape", "diag: needs 1 or 2 dimensions", np.diag, count(8, 2, 2, 2))
    end)

    it("meshgrid has each face's defaults", function()
        local x, y = np.array({1, 2, 3}), np.array({4, 5})
        assert.are.same({{{1, 2, 3}, {1, 2, 3}}, {{4, 4, 4}, {5, 5, 5}}}, plain(np.meshgrid(x, y)))
        assert.are.equal("3x2", shape(np.meshgrid(x, y, {indexing = "ij"})[1]))
        local sparse = np.meshgrid(x, y, {sparse = true})
        assert.are.same({{{1, 2, 3}}, {{4}, {5}}}, plain(sparse))
        assert.is_false(x:shares(np.meshgrid(x, y)[1]))
        assert.is_true(x:shares(np.meshgrid(x, y, {copy = false})[1]))
        local s, t = torch.tensor({1, 2, 3}), torch.tensor({4, 5})
        local expected = {{{1, 1}, {2, 2}, {3, 3}}, {{4, 5}, {4, 5}, {4, 5}}}
        assert.are.same(expected, plain(torch.meshgrid(s, t)))
        assert.are.same(expected, plain(torch.meshgrid({s, t})))
        assert.are.equal("2x3", shape(torch.meshgrid(s, t, {indexing = "xy"})[1]))
        assert.is_true(s:shares(torch.meshgrid(s, t)[1]))
        raises("value", "indexing must be", np.meshgrid, x, {indexing = "yx"})
        raises("dtype", "all dtypes must be equal", torch.meshgrid, s, t:double():half())
    end)

    it("indices and fromfunction count from 1", function()
        assert.are.same({{{1, 1, 1}, {2, 2, 2}}, {{1, 2, 3}, {1, 2, 3}}}, plain(np.indices({2, 3})))
        assert.are.same({{{1}, {2}}, {{1, 2}}}, plain(np.indices({2, 2}, {sparse = true})))
        local calls = 0
        local made = np.fromfunction(function(i, j)
            calls = calls + 1
            assert.are.same({{1, 1}, {2, 2}}, plain(i))
            return j
        end, {2, 2}, {dtype = np.int32})
        assert.are.equal(1, calls)
        assert.are.same({{1, 2}, {1, 2}}, plain(made))
        assert.are.equal(np.int32, made.dtype)
        raises("value", "argument 1 must be a function", np.fromfunction, 3, {2})
    end)
end)

describe("dtypes", function()
    it("np.finfo and torch.finfo", function()
        local f = np.finfo(np.float32)
        assert.are.equal(2 ^ -23, f.eps)
        assert.are.equal(3.4028234663852886e38, f.max)
        assert.are.equal(-f.max, f.min)
        assert.are.equal(1.1754943508222875e-38, f.smallest_normal)
        assert.are.equal(1.401298464324817e-45, f.smallest_subnormal)
        assert.are.same({32, 6, 23, 8}, {f.bits, f.precision, f.nmant, f.nexp})
        assert.are.equal(np.float32, f.dtype)
        assert.are.equal(np.float64, np.finfo("complex128").dtype)
        assert.are.equal(1.7976931348623157e308, np.finfo(np.zeros(1)).max)
        assert.are.equal(65504, torch.finfo(torch.half).max)
        assert.are.equal(0.0078125, torch.finfo(torch.bfloat16).eps)
        assert.are.equal("float32", torch.finfo().dtype)
        assert.are.equal("finfo(resolution=1e-06, min=-3.4028235e+38, max=3.4028235e+38, dtype=float32)", tostring(f))
        assert.are.equal("finfo(resolution=0.001, min=-6.55040e+04, max=6.55040e+04, dtype=float16)",
            tostring(np.finfo("float16")))
        assert.are.equal("finfo(resolution=1e-06, min=-3.40282e+38, max=3.40282e+38, eps=1.19209e-07, "
            .. "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=float32)", tostring(torch.finfo(torch.float)))
        raises("dtype", "int32 is not floating", np.finfo, np.int32)
        raises("dtype", "a dtype was expected, not nothing", np.finfo)
    end)

    it("np.iinfo and torch.iinfo", function()
        local i = np.iinfo(np.int16)
        assert.are.same({16, -32768, 32767, "i"}, {i.bits, i.min, i.max, i.kind})
        assert.are.equal(4294967295, torch.iinfo(torch.uint32).max)
        assert.are.equal(math.maxinteger or 2 ^ 63, np.iinfo("int64").max)
        assert.are.equal(2 ^ 64, np.iinfo("uint64").max)
        assert.are.equal("iinfo(min=-128, max=127, dtype=int8)", tostring(np.iinfo("int8")))
        assert.are.equal("iinfo(min=0, max=18446744073709551615, dtype=uint64)", tostring(torch.iinfo("uint64")))
        raises("dtype", "bool is no integer dtype", np.iinfo, "bool")
    end)

    it("np.isdtype", function()
        assert.is_true(np.isdtype(np.float32, np.float32))
        assert.is_false(np.isdtype(np.float32, np.float64))
        assert.is_true(np.isdtype(np.float32, "real floating"))
        assert.is_true(np.isdtype(np.complex128, {"real floating", "complex floating"}))
        assert.is_false(np.isdtype(np.bool, "numeric"))
        assert.is_true(np.isdtype(np.uint8, "integral"))
        assert.is_false(np.isdtype(np.uint8, "signed integer"))
        raises("value", "is no kind of dtypes", np.isdtype, np.uint8, "float")
        assert.are.equal(np.float32, np.dtype("<f4"))
    end)
end)

describe("the array namespace", function()
    it("answers the inspection functions", function()
        local info = np.__array_namespace_info__()
        assert.are.equal(32, info:capabilities()["max dimensions"])
        assert.are.equal("cpu", info.default_device())
        assert.are.same({"cpu"}, info:devices())
        assert.are.equal(np.float64, info:default_dtypes()["real floating"])
        local found = info:dtypes{kind = "complex floating"}
        assert.are.same({complex64 = np.complex64, complex128 = np.complex128}, found)
        assert.are.equal(np.int8, info.dtypes().int8)
        raises("unsupported", "the only device is", info.dtypes, {device = "cuda"})
        assert.are.equal(np, np.zeros(1):__array_namespace__())
    end)

    it("from_dlpack is a view of an array", function()
        local a = np.arange(3)
        local t = torch.from_dlpack(a)
        assert.is_true(torch.is_tensor(t) and t:shares(a))
        assert.is_true(np.isarray(np.from_dlpack(t)))
        assert.is_false(a:shares(np.from_dlpack(a, {copy = true})))
        raises("unsupported", "takes tensors, ndarrays, DLPack capsules and objects with __dlpack, not table",
            np.from_dlpack, {1, 2})
    end)

    it("asks about values", function()
        assert.is_true(np.isscalar(3) and np.isscalar("x") and np.isscalar(true))
        assert.is_false(np.isscalar(np.array(3)) or np.isscalar({3}))
        assert.is_true(np.isrealobj(np.zeros(1)))
        assert.is_false(np.isrealobj(np.zeros(1, "complex64")))
        assert.is_true(np.isfortran(np.zeros({2, 3}, {order = "F"})))
        assert.is_false(np.isfortran(np.zeros(3)))
    end)
end)

describe("the seed's programs", function()
    it("print the seed's four lines", function()
        local lines = {}
        local environment = setmetatable({
            print = function(x) lines[#lines + 1] = tostring(x) end,
        }, {__index = _G})
        for _, name in ipairs({"seed_tensor", "seed_array"}) do
            local path = "scripts/examples/" .. name .. ".lua"
            local chunk
            if setfenv then -- luacheck: ignore 113
                chunk = setfenv(assert(loadfile(path)), environment) -- luacheck: ignore 113
            else
                chunk = assert(loadfile(path, "t", environment))
            end
            chunk()
        end
        assert.are.equal("array([[1, 2, 3],\n       [4, 5, 6]])\ntensor([[1, 2, 3],\n        [4, 5, 6]])",
            table.concat(lines, "\n"))
    end)
end)
