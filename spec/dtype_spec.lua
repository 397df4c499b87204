--- Dtypes: promotion, casting and conversion tables against real NumPy and PyTorch, pair by pair.
--
-- spec/oracle/dtype_cases.py writes what the libraries have. What they do not have is below: bfloat16
-- ndarrays, unsigned tensors beyond 8 bits, numbers that do not fit, and the names of dtypes.
local ts = require "tessera"
local torch, np = ts.torch, ts.np

local oracle = dofile "spec/support/oracle.lua"
local hex, unhex = oracle.hex, oracle.unhex
local path = oracle.path "dtypes.txt"
local faces = {numpy = np, torch = torch}
local integers = {"uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64"}
local all = {"bool", "float16", "bfloat16", "float32", "float64", "complex64", "complex128"}
for _, name in ipairs(integers) do
    all[#all + 1] = name
end

local rows = {}
for line in assert(io.open(path), "run spec/oracle/dtype_cases.py " .. path):lines() do
    local fields = oracle.split(line, "\t")
    rows[fields[1]] = rows[fields[1]] or {}
    table.insert(rows[fields[1]], fields)
end

--- Runs check(row) for all rows of a kind; fails with the first texts of what it returns.
local function each(kind, least, check)
    local wrong = {}
    for _, row in ipairs(rows[kind]) do
        local what = check(row)
        if what then
            wrong[#wrong + 1] = table.concat(row, " ", 1, math.min(#row, 5)):sub(1, 200) .. ": " .. what
        end
    end
    assert.is_true(#rows[kind] >= least)
    assert(#wrong == 0, ("%d of %d differ:\n%s"):format(#wrong, #rows[kind],
        table.concat(wrong, "\n", 1, math.min(#wrong, 20))))
end

describe("dtypes of the real libraries", function()
    it("promote as theirs", function()
        each("promote", 300, function(row)
            local face = faces[row[2]]
            local got = face.promote_types(face[row[3]], face[row[4]])
            if got ~= face[row[5]] then
                return "got " .. tostring(got)
            end
        end)
    end)

    it("cast as theirs", function()
        each("can_cast", 1000, function(row)
            local face, casting = faces[row[2]], row[5] ~= "-" and row[5] or nil
            local got = face.can_cast(face[row[3]], face[row[4]], casting)
            if got ~= (row[6] == "True") then
                return "got " .. tostring(got)
            end
        end)
    end)

    it("meet with numbers and 0-dimensional arrays as theirs", function()
        local function operand(face, text)
            local name, zero = text:match("^([a-z]+%d*)(/?0?)$")
            if not name or name == "true" then
                return assert((loadstring or load)("return " .. text))() -- luacheck: ignore 113
            elseif zero ~= "" then
                return face.zeros({}, {dtype = face[name]})
            end
            return face == np and np[name] or torch.zeros(1, {dtype = torch[name]})
        end
        each("result_type", 900, function(row)
            local face = faces[row[2]]
            local a, b = operand(face, row[3]), operand(face, row[4])
            local got, turned = face.result_type(a, b), face.result_type(b, a)
            if got ~= face[row[5]] or turned ~= got then
                return ("got %s, turned %s"):format(tostring(got), tostring(turned))
            end
        end)
    end)

    it("convert as theirs, by every way there is", function()
        each("convert", 210, function(row)
            local from, to = np[row[2]], np[row[3]]
            local source = np.frombuffer(unhex(row[4]), {dtype = from})
            local n = #source
            local function wrong(x, how)
                local got = hex(x:tobytes())
                if got ~= row[5] then
                    for i = 1, n do
                        local size = 2 * to.itemsize
                        local a, b = got:sub((i - 1) * size + 1, i * size), row[5]:sub((i - 1) * size + 1, i * size)
                        if a ~= b then
                            return ("%s: element %d of %d (%s) is %s, expected %s"):format(how, i, n,
                                row[4]:sub((i - 1) * 2 * from.itemsize + 1, i * 2 * from.itemsize), a, b)
                        end
                    end
                    return how .. ": another length"
                end
            end
            local spread = np.zeros(2 * n, {dtype = from})
            spread["::2"] = source
            local backwards = np.zeros(n, {dtype = to})
            backwards["::-1"] = source["::-1"]
            local one_by_one = np.zeros(n, {dtype = to})
            for i = 1, n do
                one_by_one:select(1, i):fill(source:select(1, i))
            end
            local bytes = np.zeros(n * from.itemsize + 1, {dtype = np.uint8})
            local unaligned = np.frombuffer(bytes, {dtype = from, offset = 1})
            unaligned["..."] = source
            return wrong(source:astype(to), "astype")
                or wrong(torch.from_numpy(source):to(torch[row[3]]), "to")
                or wrong(spread["::2"]:astype(to), "strided")
                or wrong(backwards, "reversed")
                or wrong(one_by_one, "one by one")
                or wrong(unaligned:astype(to), "unaligned")
        end)
    end)
end)

describe("dtypes beyond the oracle", function()
    local function meets(face, a, b, expected)
        assert.equal(face[expected], face.promote_types(face[a], face[b]))
        assert.equal(face[expected], face.promote_types(face[b], face[a]))
    end

    it("bfloat16 on np promotes like an extra float of its size", function()
        local partners = {
            bool = "bfloat16", uint8 = "bfloat16", int8 = "bfloat16", int16 = "float32",
            uint16 = "float32", int32 = "float64", uint32 = "float64", int64 = "float64",
            uint64 = "float64", float16 = "float32", bfloat16 = "bfloat16", float32 = "float32",
            float64 = "float64", complex64 = "complex64", complex128 = "complex128",
        }
        for other, expected in pairs(partners) do
            meets(np, "bfloat16", other, expected)
        end
    end)

    it("unsigned tensors promote by category and size, uint64 with signed gives int64", function()
        for _, name in ipairs {"uint16", "uint32", "uint64"} do
            meets(torch, name, "bool", name)
            meets(torch, name, "uint8", name)
            meets(torch, name, "float16", "float16")
            meets(torch, name, "bfloat16", "bfloat16")
            meets(torch, name, "float32", "float32")
            meets(torch, name, "complex64", "complex64")
            meets(torch, name, "int64", "int64")
        end
        meets(torch, "uint16", "int8", "int32")
        meets(torch, "uint16", "int32", "int32")
        meets(torch, "uint32", "int32", "int64")
        meets(torch, "uint64", "int8", "int64")
    end)

    it("promotion is symmetric, keeps equals, and never loses the category", function()
        local rank = {b = 1, u = 2, i = 2, f = 3, c = 4}
        for _, face in pairs(faces) do
            for _, a in ipairs(all) do
                assert.equal(face[a], face.promote_types(face[a], face[a]))
                for _, b in ipairs(all) do
                    local ab = face.promote_types(face[a], face[b])
                    assert.equal(ab, face.promote_types(face[b], face[a]))
                    local most = math.max(rank[face[a].kind], rank[face[b].kind])
                    assert.is_true(rank[ab.kind] >= most)
                end
            end
        end
    end)

    it("many dtypes meet at once, not pair after pair", function()
        assert.equal(np.float32, np.result_type(np.int8, np.uint16, np.float16))
        assert.equal(np.float32, np.result_type(np.float16, np.int8, np.uint16))
        assert.equal(np.complex64, np.result_type(np.int16, np.uint16, np.complex64))
    end)

    it("refuses integers that do not fit, on both faces", function()
        for _, face in pairs(faces) do
            for _, name in ipairs(integers) do
                local dtype = face[name]
                local x = face.zeros({2}, {dtype = dtype})
                if dtype.kind == "u" then
                    local refused = not pcall(function()
                        x[1] = -1
                    end)
                    assert.equal(math.type ~= nil, refused) -- without integers, -1 is a float, which saturates
                end
                if dtype.itemsize < 8 then
                    local most = 2 ^ (8 * dtype.itemsize - (dtype.kind == "u" and 0 or 1))
                    most = math.tointeger and math.tointeger(most) or most
                    for _, try in ipairs {
                        function() x[2] = most return x end,
                        function() return face.full({2}, most, {dtype = dtype}) end,
                        function() return face.asarray({0, most}, {dtype = dtype}) end,
                    } do
                        local ok, made = pcall(try)
                        assert.equal(not math.tointeger, ok)
                        assert.is_true(not ok or made[2] == most - 1)
                    end
                    x[2] = most - 1
                    assert.equal(most - 1, x[2])
                end
                assert.equal(0, x[1])
            end
        end
    end)

    it("floats saturate where integers are refused", function()
        local x = np.zeros({3}, {dtype = np.int8})
        x[1], x[2], x[3] = 1e10, -1e10, 0 / 0
        assert.same({127, -128, 0}, x:tolist())
    end)

    it("have names, sizes, kinds and aliases", function()
        assert.equal(np.float64, np.dtype and np.dtype("<f8") or np.float64)
        assert.equal(torch.float32, torch.float)
        assert.equal(np.float64, np.array({1.5}, "float").dtype)
        assert.equal(torch.float32, torch.zeros(1, {dtype = "float"}).dtype)
        assert.equal(torch.int64, torch.long)
        assert.equal(np.int8, np.byte)
        assert.equal(torch.uint8, torch.byte)
        assert.equal("float32", tostring(torch.float32):match("float32"))
        local sizes = {
            bool = 1, uint8 = 1, int8 = 1, int16 = 2, uint16 = 2, int32 = 4, uint32 = 4, int64 = 8,
            uint64 = 8, float16 = 2, bfloat16 = 2, float32 = 4, float64 = 8, complex64 = 8, complex128 = 16,
        }
        for name, size in pairs(sizes) do
            assert.equal(size, np[name].itemsize)
            assert.equal(np[name], torch[name])
            assert.equal(name, np[name].name)
            assert.equal(size, np.zeros({1}, {dtype = name}).itemsize)
        end
        assert.has_error(function()
            np.zeros({1}, {dtype = ">f8"})
        end)
    end)
end)
