--- tostring(), str and array2string against the texts of real NumPy and PyTorch.
--
-- The random cases come from spec/oracle/print_cases.py, which also lists the rules of later
-- versions that it applies to the texts of the installed libraries (the shape after a summary,
-- scientific notation by dtype, ...). What these libraries do not have is below: bfloat16
-- ndarrays, formatters written in Lua, large uint64 tensors, options that are refused.
local torch = require "tessera.torch"
local np = require "tessera.numpy"

local load = loadstring or load -- luacheck: ignore 113
local oracle = dofile "spec/support/oracle.lua"
local unhex = oracle.unhex

local function fields(line)
    local list = oracle.split(line, "\t")
    local case = {
        face = list[1], family = list[2], how = list[3], dtype = list[4], shape = {},
        data = unhex(list[6]), options = list[7], extra = list[8], expected = unhex(list[9]),
        size = 1,
    }
    for size in list[5]:gmatch("%d+") do
        case.shape[#case.shape + 1] = tonumber(size)
        case.size = case.size * tonumber(size)
    end
    return case
end

local families, names = oracle.families "print.txt"

local function make(face, case)
    local dtype = face[case.dtype]
    if case.size == 0 then
        return face.zeros(case.shape, {dtype = dtype})
    end
    return face.frombuffer(case.data, {dtype = dtype}):reshape(case.shape)
end

local numpy_defaults = {
    precision = 8, threshold = 1000, edgeitems = 3, linewidth = 75, suppress = false,
    nanstr = "nan", infstr = "inf", sign = "-", floatmode = "maxprec", legacy = false,
}

local function numpy_text(case)
    local a, options = make(np, case), load("return " .. case.options)()
    if case.how == "array2string" then
        return np.array2string(a, options)
    end
    np.set_printoptions(options)
    local ok, text = pcall(case.how == "str" and np.array_str or tostring, a)
    np.set_printoptions(numpy_defaults)
    return assert(ok and text, text)
end

local function torch_text(case)
    local t, extra = make(torch, case), load("return " .. case.extra)()
    if extra.requires_grad then
        t:requires_grad_(true)
    end
    torch.set_printoptions(load("return " .. case.options)())
    torch.set_default_dtype(torch[extra.default_dtype or "float32"])
    local ok, text = pcall(tostring, t)
    torch.set_default_dtype(torch.float32)
    torch.set_printoptions {profile = "default"}
    return assert(ok and text, text)
end

describe("printing as the real libraries do", function()
    local total = 0

    for _, name in ipairs(names) do
        it(name .. (" (%d cases)"):format(#families[name]), function()
            for _, line in ipairs(families[name]) do
                local case = fields(line)
                local text = (case.face == "numpy" and numpy_text or torch_text)(case)
                if text ~= case.expected then
                    error(("%s of %s (%s), options %s, extra %s\nexpected:\n%s\ngot:\n%s"):format(
                        case.how, case.dtype, table.concat(case.shape, ", "), case.options,
                        case.extra, case.expected, text), 0)
                end
                total = total + 1
            end
        end)
    end

    it("covers thousands of cases", function()
        print(("print_spec: %d random cases"):format(total))
        assert.is_true(total > 5000)
    end)
end)

describe("printing beyond the oracle", function()
    local function array(values, dtype)
        return np.array(values, {dtype = np[dtype]})
    end

    it("shows bfloat16 ndarrays with its own shortest digits", function()
        assert.equal("array([1.  , 0.1 , 3.14], dtype=bfloat16)",
            tostring(array({1, 0.1, 3.14}, "bfloat16")))
        assert.equal("array([1.e+00, 1.e+02], dtype=bfloat16)",
            tostring(array({1, 100}, "bfloat16")))
        assert.equal("array([99. ,  0.5], dtype=bfloat16)", tostring(array({99, 0.5}, "bfloat16")))
        assert.equal("1e+02", np.array_str(array({100}, "bfloat16"):reshape({})))
    end)

    it("shows the largest uint64 on both faces", function()
        local bytes = ("\255"):rep(8)
        assert.equal("array([18446744073709551615], dtype=uint64)",
            tostring(np.frombuffer(bytes, {dtype = np.uint64})))
        assert.equal("tensor([18446744073709551615], dtype=torch.uint64)",
            tostring(torch.frombuffer(bytes, {dtype = torch.uint64})))
    end)

    it("takes formatters for array2string and set_printoptions", function()
        local a = array({0, 1, 2}, "int64")
        local function hex(x)
            return ("0x%x"):format(x)
        end
        assert.equal("[0x0 0x1 0x2]", np.array2string(a, {formatter = {int = hex}}))
        assert.equal("[0x0 0x1 0x2]", np.array2string(a, {formatter = {all = hex}}))
        assert.equal("[0 1 2]", np.array2string(a, {formatter = {float = hex}}))
        local b = array({true, false}, "bool")
        assert.equal("[yes no]", np.array2string(b, {formatter = {
            all = error,
            bool = function(x)
                return x and "yes" or "no"
            end,
        }}))
        np.set_printoptions {formatter = {int_kind = hex}}
        local shown = tostring(a)
        np.set_printoptions {}
        assert.equal("array([0x0, 0x1, 0x2])", shown)
        assert.equal("array([0, 1, 2])", tostring(a))
        local function tall(x)
            return x == 1 and "b\nbb" or "a"
        end
        assert.equal("[a b\n   bb\n a]",
            np.array2string(a, {max_line_width = 7, formatter = {int = tall}}))
        assert.equal("[a, b\n    bb,\n a, a]", np.array2string(array({0, 1, 2, 3}, "int64"),
            {max_line_width = 9, separator = ", ", formatter = {int = tall}}))
        local ok, message = pcall(np.array2string, a, {formatter = {int = function() end}})
        assert.is_false(ok)
        assert.truthy(message:find("must return a string", 1, true))
    end)

    it("keeps the older rules under `legacy`", function()
        local a = array({1e7, 1}, "float32")
        np.set_printoptions {legacy = "2.2"}
        local older = tostring(array({2e6, 1e6}, "float32"))
        np.set_printoptions {legacy = "2.1", threshold = 1}
        local oldest = tostring(a)
        np.set_printoptions(numpy_defaults)
        assert.equal("array([2000000., 1000000.], dtype=float32)", older)
        assert.equal("array([1.e+07, 1.e+00], dtype=float32)", oldest)
        assert.equal("array([2.e+06, 1.e+06], dtype=float32)",
            tostring(array({2e6, 1e6}, "float32")))
    end)

    it("refuses options that do not exist or make no sense", function()
        for _, options in ipairs {
            {precison = 3}, {precision = -1}, {precision = 1.5}, {floatmode = "short"},
            {sign = "*"}, {threshold = 0 / 0}, {legacy = "1.13"}, {nanstr = 3}, {edgeitems = "3"},
        } do
            assert.is_false(pcall(np.set_printoptions, options))
        end
        for _, options in ipairs {
            {profile = "long"}, {precision = -1}, {precision = 2000}, {sci_mod = true},
            {linewidth = "wide"},
        } do
            assert.is_false(pcall(torch.set_printoptions, options))
        end
        assert.equal("array([0.5])", tostring(array({0.5}, "float64")))
    end)
end)
