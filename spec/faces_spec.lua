--- The two faces side by side: default dtypes, which face a mixture has, and what only one of them does.
local ts = require "tessera"
local torch, np = ts.torch, ts.np

describe("the faces", function()
    it("are the same modules by every way", function()
        assert.equal(torch, require "tessera.torch")
        assert.equal(np, require "tessera.numpy")
        assert.equal(ts, require "tessera")
    end)

    it("have their own default dtypes", function()
        assert.equal(torch.float32, torch.zeros(2).dtype)
        assert.equal(np.float64, np.zeros(2).dtype)
        assert.equal(torch.float32, torch.tensor({1.5}).dtype)
        assert.equal(np.float64, np.array({1.5}).dtype)
        local whole = math.type and "int64" -- without integers, 3 is a float
        assert.equal(torch[whole or "float32"], torch.arange(3).dtype)
        assert.equal(np[whole or "float64"], np.arange(3).dtype)
        assert.equal(torch.float32, torch.linspace(0, 1, 3).dtype)
        assert.equal(torch.float32, torch.range(1, 3).dtype)
        assert.equal(torch.bool, torch.full({2}, true).dtype)
        assert.equal(torch.float32, torch.tensor({}).dtype)
        torch.set_default_dtype(torch.float64)
        local made = torch.zeros(2).dtype
        torch.set_default_dtype(torch.float32)
        assert.equal(torch.float64, made)
        assert.equal(np.float64, np.zeros(2).dtype)
        assert.has_error(function()
            torch.set_default_dtype(torch.int8)
        end)
        assert.equal(torch.float32, torch.get_default_dtype())
    end)

    it("mix to tensors, whichever side they stand on", function()
        local a, t = np.ones({2}), torch.ones(2)
        for _, joined in ipairs {np.concatenate({a, t}), np.concatenate({t, a}), torch.cat({a, t}), torch.stack({t, a}),
            np.stack({a, t})} do
            assert.is_true(torch.is_tensor(joined))
        end
        assert.is_true(np.isarray(np.concatenate({a, a})))
        assert.is_true(torch.is_tensor(torch.cat({t, t})))
        assert.is_true(torch.is_tensor(a[{}]) == false)
        assert.is_true(np.isarray(a.T))
        assert.is_true(torch.is_tensor(t.T))
    end)

    it("tell shapes their own way", function()
        assert.equal("torch.Size([2, 3])", tostring(torch.zeros(2, 3).shape))
        assert.equal("(2, 3)", tostring(np.zeros({2, 3}).shape))
        assert.equal("(2,)", tostring(np.zeros({2}).shape))
        assert.equal(torch.zeros(2, 3).shape, torch.ones(2, 3):size())
        local t, a = torch.zeros(2, 3):t(), np.zeros({2, 3}).T
        assert.same({1, 3}, {t:stride(1), t:stride(2)})
        assert.same({8, 24}, {a.strides[1], a.strides[2]})
        assert.equal(3, t:size(1))
        assert.equal(6, t:numel())
        assert.equal(6, a.size)
        assert.equal(2, t:dim())
        assert.equal(2, a.ndim)
    end)

    it("differ in rights of broadcast views", function()
        local a = np.zeros({1, 2})
        assert.is_true(np.broadcast_to(a, {3, 2}):origin().readonly)
        assert.is_false(torch.from_numpy(a):expand(3, 2):origin().readonly)
    end)

    it("keep gradients to the torch face", function()
        local t = torch.ones(2, {requires_grad = true})
        assert.is_true(t.requires_grad)
        assert.is_false(t:detach().requires_grad)
        assert.is_true(t:view(1, 2).requires_grad)
        assert.is_nil(np.ones(2).requires_grad)
        assert.has_error(function()
            torch.ones(2, {dtype = torch.int8, requires_grad = true})
        end)
    end)

    it("take sizes as numbers or a table, options by name or place", function()
        assert.equal("2,3", table.concat(torch.zeros(2, 3).shape, ","))
        assert.equal("2,3", table.concat(torch.zeros({2, 3}).shape, ","))
        assert.equal("2,3", table.concat(np.zeros({2, 3}, np.int8).shape, ","))
        assert.equal("", table.concat(torch.zeros({}).shape, ","))
        assert.equal(np.int8, np.zeros({2}, np.int8).dtype)
        assert.equal(np.int8, np.zeros(2, {dtype = "int8"}).dtype)
        assert.equal(np.int8, np.zeros {shape = {2}, dtype = np.int8}.dtype)
        assert.same(np.concatenate({np.eye(2), np.eye(2)}, 2):tolist(),
            np.concatenate({np.eye(2), np.eye(2)}, {axis = 2}):tolist())
        assert.same({{1, 0}, {0, 1}}, np.eye {N = 2}:tolist())
    end)

    it("index alike: tables, strings, negative steps, newaxis, ellipsis", function()
        for _, x in ipairs {np.arange(24):reshape({2, 3, 4}), torch.arange(24):view(2, 3, 4)} do
            assert.same({20, 16, 12}, x[{2, {-1, 1, -1}, 1}]:tolist())
            assert.same({20, 16, 12}, x["2, ::-1, 1"]:tolist())
            assert.same({{1, 2}, {5, 6}}, x[{1, {1, 2}, {2, 3}}]:tolist())
            assert.same({{1, 2}, {5, 6}}, x["1, 1:2, 2:3"]:tolist())
            assert.equal("1,2,3,4", table.concat(x[ts.newaxis].shape, ","))
            assert.equal("2,3", table.concat(x[{ts.ellipsis, 1}].shape, ","))
            assert.equal("2,1,3,4", table.concat(x["1:2, newaxis, ..."].shape, ","))
            x[{ts.ellipsis, {1, -1, 2}}] = 0
            assert.same({0, 1, 0, 3}, x["1, 1"]:tolist())
            x["1, 1"] = {9, 8, 7, 6}
            assert.same({9, 8, 7, 6}, x["1, 1"]:tolist())
        end
    end)

    it("np has the elementwise functions of the array API's standard", function()
        local standard = [[
            abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert
            bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp expm1
            floor floor_divide greater greater_equal hypot imag isfinite isinf isnan less less_equal log log1p
            log2 log10 logaddexp logical_and logical_not logical_or logical_xor maximum minimum multiply
            negative nextafter not_equal positive pow real reciprocal remainder round sign signbit sin sinh
            square sqrt subtract tan tanh trunc]]
        local x, y = np.array({0.25, 0.5}), np.array({0.75, 0.5})
        local count = 0
        for name in standard:gmatch("%S+") do
            local f = np[name]
            assert(type(f) == "function", "np." .. name .. " is missing")
            local a, b = x, y
            if name:find("bitwise") then
                a, b = np.array({6, 3}):astype("int32"), np.array({1, 2}):astype("int32")
            elseif name == "imag" then
                a = x:astype("complex128")
            end
            local one, made = pcall(f, a)
            made = one and made or f(a, b)
            assert(np.isarray(made) and made.shape[1] == 2, "np." .. name .. " made " .. tostring(made))
            count = count + 1
        end
        assert.equal(67, count)
    end)
end)
