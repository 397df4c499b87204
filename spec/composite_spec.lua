--- Functions that are composed of elementwise operations: the dtypes, shapes and values of real NumPy and
-- PyTorch. spec/oracle/composite_cases.py draws the cases and says where the expectations are others.
local cases = dofile "spec/support/cases.lua" "composite"

describe("composed functions do as the real libraries", function()
    for _, family in ipairs(cases.names) do
        it(cases.title(family), function()
            cases.run(family)
        end)
    end

    it("covers 4,000 cases", function()
        print(("composite_spec: %d cases, %d of them errors"):format(cases.total, cases.errors))
        assert.is_true(cases.total > 4000)
        assert.is_true(cases.errors > 300 and cases.errors < cases.total / 3)
    end)
end)

describe("three tensors", function()
    local torch = require("tessera").torch
    local float, whole = torch.ones(2), torch.ones(2, {dtype = "int64"})
    local double, single = torch.tensor(2, {dtype = "float64"}), torch.tensor(3, {dtype = "float32"})

    it("meet in one dtype, in any order, where one has no dimensions", function()
        local orders = {{float, whole, double}, {float, double, whole}, {whole, float, double},
            {whole, double, float}, {double, float, whole}, {double, whole, float}}
        for _, order in ipairs(orders) do
            for _, name in ipairs {"addcmul", "addcdiv", "clamp"} do
                assert.equal("float32", torch[name](order[1], order[2], order[3]).dtype.name)
            end
        end
        for _, name in ipairs {"addcmul", "addcdiv", "clamp"} do
            assert.equal("float64", torch[name](whole, single, double).dtype.name)
        end
        assert.equal("int64", torch.addcmul(double:to("int32"), whole, double:to("int8")).dtype.name)
        assert.same({3, 3}, torch.addcmul(float, whole, double):tolist())
    end)

    it("are refused by addcdiv where it would divide integers", function()
        assert.has_error(function() torch.addcdiv(float, whole, double:to("int64")) end)
        assert.has_error(function() torch.addcdiv(double, single:to("int8"), whole) end)
    end)
end)

describe("div with a rounding mode", function()
    local torch = require("tessera").torch

    it("does not take bool alone, not even a number", function()
        local mask = torch.tensor {true, true}
        for _, mode in ipairs {"floor", "trunc"} do
            for _, pair in ipairs {{mask, mask}, {true, mask}, {mask, true}} do
                assert.has_error(function() torch.div(pair[1], pair[2], {rounding_mode = mode}) end)
            end
        end
    end)
end)
