--- Elementwise operations: the same dtypes, shapes and bits as real NumPy and PyTorch.
--
-- spec/oracle/elementwise_cases.py draws the cases; the rules by which the expectations differ from the
-- installed libraries are in spec/oracle/elementwise_model.py. Lua without integers leaves some out.
local cases = dofile "spec/support/cases.lua" "elementwise"

describe("elementwise operations do as the real libraries", function()
    for _, family in ipairs(cases.names) do
        it(cases.title(family), function()
            cases.run(family)
        end)
    end

    it("covers 15,000 cases", function()
        print(("elementwise_spec: %d cases, %d of them errors"):format(cases.total, cases.errors))
        assert.is_true(cases.total > 15000)
        assert.is_true(cases.errors > 1000 and cases.errors < cases.total / 3)
    end)
end)
