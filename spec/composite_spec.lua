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
