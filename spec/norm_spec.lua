-- Norms of matrices and singular values, on both faces, against what spec/oracle/norm_cases.py got from
-- NumPy and PyTorch.
local ts = require "tessera"
local torch, np = ts.torch, ts.np
local unpack = table.unpack or unpack -- luacheck: ignore 113
local directory = os.getenv("TSR_ORACLE_DIR") or "build/oracle"

local epsilon = {float32 = 2 ^ -23, complex64 = 2 ^ -23, float64 = 2 ^ -52, complex128 = 2 ^ -52}

local function array_of(shape, dtype, values)
    local parts = dtype:find("complex") and (dtype == "complex64" and "float32" or "float64") or dtype
    local a = np.array(values, {dtype = parts})
    if parts ~= dtype then
        a = a:view(np[dtype])
    end
    return a:reshape(shape)
end

--- How far the largest may be off: singular values are as exact as the largest of them.
local function compare(number, got, shape, values, scale, eps)
    assert.same(shape, {unpack(got.shape)}, "case " .. number)
    local flat = np.asarray(got):astype("float64"):reshape(-1)
    for i = 1, #values do
        local want, have = values[i], flat[i]
        local near = want == have or math.abs(want - have) <= eps * (math.abs(want) + scale)
        assert(near, ("case %d: element %d is %.17g, not %.17g"):format(number, i, have, want))
    end
end

describe("matrix norms", function()
    local cases = dofile(directory .. "/norm.txt")

    for face, name in pairs{[np] = "np", [torch] = "torch"} do
        it("agree with NumPy and PyTorch on " .. name, function()
            for number, c in ipairs(cases) do
                local what, shape, dtype, values, order, axes, keep, result_shape, result =
                    c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9]
                local a = array_of(shape, dtype, values)
                local x = face == torch and torch.from_numpy(a) or a
                local largest, rounding = 0, 1
                if what == "svdvals" or order == "nuc" or order == 2 or order == -2 then
                    largest = math.abs(np.linalg.norm(a:reshape(-1)):item())
                    rounding = 4
                end
                local got
                if what == "svdvals" then
                    got = face.linalg.svdvals(x)
                elseif axes then
                    got = face.linalg.norm(x, order, axes, keep)
                else
                    got = face.linalg.norm(x, {ord = order, [face == np and "keepdims" or "keepdim"] = keep})
                end
                local eps = rounding * 8 * epsilon[dtype]
                compare(number, got, result_shape, result, largest, eps)
            end
            print(("norm_spec: %d cases on %s"):format(#cases, name))
        end)
    end

    it("have the names of both faces", function()
        local m = torch.tensor({{3, 0}, {0, -4}}, {dtype = "float64"})
        assert.same(7, torch.norm(m, "nuc"):item())
        assert.same(7, torch.norm(m, {p = "nuc", keepdim = true})[{1, 1}])
        assert.same(4, torch.linalg.matrix_norm(m, 2):item())
        assert.same({1, 1}, {unpack(np.linalg.matrix_norm(m:numpy(), {keepdims = true}).shape)})
        assert.same(5, np.linalg.matrix_norm(m:numpy()):item())
        assert.same({4, 3}, np.linalg.svdvals(m:numpy()):tolist())
        assert.same(torch.float32, torch.linalg.svdvals(torch.ones(2, 2)).dtype)
        assert.same({4, 3}, torch.linalg.svdvals(m, {out = torch.empty(2, {dtype = "float64"})}):tolist())
    end)

    it("of nothing finite are NaN, and of nothing empty", function()
        local m = np.array({{1, 0 / 0}, {2, 3}})
        assert.is_true(np.isnan(np.linalg.svdvals(m)):all():item())
        assert.same({}, np.linalg.svdvals(np.zeros(0, 3)):tolist())
        assert.same({0, 3}, {unpack(np.linalg.svdvals(np.zeros(0, 5, 3)).shape)})
    end)

    it("refuse what they do not know", function()
        local function fails(message, f, ...)
            local ok, err = pcall(f, ...)
            assert.is_false(ok)
            assert.truthy(err:find(message, 1, true), err)
        end
        fails("no order of matrix norms: 3", np.linalg.norm, np.ones(2, 2), 3)
        fails("not of 3", np.linalg.norm, np.ones(2, 2, 2), 1)
        fails("matrix norm is of 2 dimensions", torch.linalg.matrix_norm, torch.ones(3), 2)
        fails("needs at least 2 dimensions", np.linalg.svdvals, np.ones(3))
        fails("takes floating and complex tensors", torch.linalg.svdvals, torch.ones(2, 2, {dtype = "int32"}))
    end)
end)
