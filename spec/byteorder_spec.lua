--- Arrays in the other byte order: mapped files and described memory of other machines. Every function,
-- method and property is called with such arrays and with their copies in this machine's order
-- (spec/support/calls.lua), and must do the same: give, write and refuse the same. What differs is
-- listed below.
local support = dofile "spec/support/calls.lua"
local outside = dofile "spec/support/outside.lua"
local ts = require "tessera"
local lender = require "lender"
local np = ts.np
local unpack = table.unpack or unpack -- luacheck: ignore 113

-- They say where elements lie and in which order.
local about_layout = {}
for name in ("flags is_contiguous data_ptr storage untyped_storage storage_offset origin _version "
    .. "__array_interface shares shares_memory may_share_memory"):gmatch("%S+") do
    about_layout[name] = true
end
-- They hand out bytes as elements of this machine, and refuse, but where a copy is asked for.
local about_bytes = {}
for name in ("to_dlpack __dlpack from_dlpack frombuffer"):gmatch("%S+") do
    about_bytes[name] = true
end
-- They read files or come to no array, or have none to come to.
local elsewhere = {}
for name in ("load loadtxt fromfile memory copies trim last_error numpy release resize_ set_threads "
    .. "set_num_threads estimate limit deadline no_alloc"):gmatch("%S+") do
    elsewhere[name] = true
end

local total = 0 -- calls that gave results
local directory = outside.folder()
local files = 0

local function unit_of(array)
    local kind = array.dtype.kind
    return kind == "c" and array.itemsize / 2 or array.itemsize
end

local function reversed(bytes, unit)
    return (bytes:gsub(("."):rep(unit), string.reverse))
end

--- The path of a file that NumPy of another machine could have written.
local function foreign_file(array)
    files = files + 1
    local path = ("%s/%d.npy"):format(directory, files)
    local shape = {}
    for i = 1, array.ndim do
        shape[i] = ("%d,"):format(array.shape[i])
    end
    local head = ("{'descr': '>%s', 'fortran_order': False, 'shape': (%s), }"):format(
        array.dtype.kind .. ("%d"):format(array.itemsize), table.concat(shape, " "))
    head = head .. (" "):rep(117 - #head) .. "\n"
    outside.write(path, "\147NUMPY\1\0" .. string.char(#head, 0) .. head .. reversed(array:tobytes(), unit_of(array)))
    return path
end

local paths = {}

--- The same elements, in the other order: a mapping that is nobody else's.
local function foreign(array)
    local bytes = array:tobytes()
    local key = tostring(array.dtype) .. table.concat({unpack(array.shape)}, ",") .. bytes
    paths[key] = paths[key] or foreign_file(array)
    return np.load(paths[key], {mmap_mode = "c"})
end

local function foreign_fixture(place)
    local f = support.fixture(ts, place)
    for name, value in pairs(f) do
        if type(value) == "userdata" and lender.check(value) ~= nil and value.dtype ~= ts.bool then
            f[name] = foreign(value)
            if place == "torch" or place == "tensor" then
                f[name] = name == "n" and f[name] or ts.torch.from_numpy(f[name])
            end
            assert(not np.asarray(f[name]).flags.native)
        end
    end
    return f
end

--- A result as a text that is equal for equal results.
local function told(value, depth)
    depth = depth or 0
    if type(value) == "userdata" and lender.check(value) then
        return ("%s %s {%s} %s"):format(tostring(value.dtype), ts.torch.is_tensor(value) and "tensor" or "array",
            table.concat({unpack(value.shape)}, ","), value:tobytes():gsub(".", function(c)
                return ("%02x"):format(c:byte())
            end))
    elseif type(value) == "table" and depth < 4 then
        local parts = {}
        for key, entry in pairs(value) do
            parts[#parts + 1] = tostring(key) .. "=" .. told(entry, depth + 1)
        end
        table.sort(parts)
        return "{" .. table.concat(parts, "; ") .. "}"
    elseif type(value) == "function" or type(value) == "table" or type(value) == "userdata"
        or type(value) == "thread" then
        return type(value)
    end
    return tostring(value)
end

--- What a call does: its results or its error, and what became of the arrays.
local function outcome(f, get, fixture)
    local results = {pcall(f, get(fixture))}
    local parts = {}
    for i = 1, 4 do
        parts[i] = i == 2 and not results[1] and tostring(results[2]):gsub("^.-:%d+: ", "") or told(results[i])
    end
    for _, name in ipairs {"v", "a", "o", "m", "k", "i", "z", "c", "p", "b", "n"} do
        parts[#parts + 1] = name .. " " .. told(fixture[name])
    end
    return table.concat(parts, "\n"), results[1]
end

describe("arrays in the other byte order", function()
    teardown(function()
        os.execute("rm -r " .. directory)
    end)

    for _, place in ipairs(support.places) do
        it("do the same in everything of " .. place, function()
            local calls, failures = 0, {}
            support.each(ts, function(where, name, kind, f)
                if where ~= place or kind == "value" or elsewhere[name] or about_layout[name] or about_bytes[name]
                    or name:find("save") or name:find("from_ffi") or name:find("tofile") then
                    return
                end
                for which, get in ipairs(support.calls(place, name)) do
                    local expected, fine = outcome(f, get, support.fixture(ts, place))
                    local got = outcome(f, get, foreign_fixture(place))
                    calls = calls + (fine and 1 or 0)
                    if got ~= expected then
                        failures[#failures + 1] = ("%s.%s %d:\n%s\ninstead of\n%s"):format(place, name, which, got,
                            expected)
                    end
                end
            end)
            assert.equal("", table.concat(failures, "\n\n"))
            total = total + calls
        end)
    end

    it("do so in a thousand calls that give results", function()
        assert.is_true(total > 1000, "only " .. total)
    end)

    -- layouts of a (40, 75) array, and of one of 40 x 3000 elements
    local layouts = {
        function(x) return x end,
        function(x) return x.T end,
        function(x) return x[{{-1, 1, -2}, {2, -2, 3}}] end,
        function(x) return x[{3}] end,
        function(x) return np.broadcast_to(x[{{}, {1, 1}}], x.shape) end,
        function(x) return np.broadcast_to(x[{{2, 2}, {3, 3}}], {5, 7}) end,
        function(x) return x[{{2, 1}}] end,
    }
    local dtypes = {"int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64",
        "complex64", "complex128"}
    local operations = {
        copy = function(x) return x:copy(), x:copy{order = "F"}, np.ascontiguousarray(x) end,
        casts = function(x)
            local made = {}
            for i, dtype in ipairs(dtypes) do
                made[i] = x:astype(dtype)
            end
            return made
        end,
        arithmetic = function(x) return x + x, x * 3, 2 - x, x + np.ones(1, {dtype = "float32"}) end,
        conditions = function(x) return np.where(x:ne(2), x, 0), x:eq(x), np.isnan(x) end,
        reductions = function(x)
            return x:sum(), x:sum(1), x:mean(x.ndim), x:prod(), x:var(), np.any(x), np.all(x, 1)
        end,
        positions = function(x) return x:argmax(), x:argmin(1), x:argmax(x.ndim), x:max(1), x:min() end,
        scans = function(x) return x:cumsum(), np.cumsum(x, 1), np.cumprod(x, x.ndim), np.diff(x) end,
        joins = function(x) return np.concatenate({x, x}), np.stack({x, x}), np.repeat_(x, 2, 1), np.roll(x, 3) end,
        functions = function(x) return np.sqrt(x), np.exp(x / 100), np.abs(x), np.sign(x) end,
        softmax = function(x) return ts.torch.softmax(ts.torch.from_numpy(x):double(), 1), np.cumsum(x, 1) end,
        logits = function(x) return ts.torch.from_numpy(x):softmax(1), ts.torch.from_numpy(x):log_softmax(-1) end,
        views = function(x) return x:view("uint8").shape, x.real:copy(), x.imag:copy(), x:reshape(-1) end,
        text = function(x) return tostring(x), x:tolist(), x:tobytes() end,
        fused = function(x) return ts.fuse(function(y) return (y * y + 1):sum() end)(x),
            ts.fuse(function(y, z) return y * z - y end)(x, x) end,
        norms = function(x) return np.linalg.vector_norm(x), np.linalg.vector_norm(x, {axis = 1}) end,
    }

    --- Elements of a few, small values, so that products stay in range; columns more than a block has.
    local function sample(dtype, columns)
        local x = np.arange(40 * columns, {dtype = "int64"}) * 7919 % 13
        return x:astype(dtype):reshape(40, columns)
    end

    for name, operation in pairs(operations) do
        it("have any layout and dtype: " .. name, function()
            for _, dtype in ipairs(dtypes) do
                for _, columns in ipairs {75, 3000} do
                    local native = sample(dtype, columns)
                    local other = foreign(native)
                    for i, layout in ipairs(layouts) do
                        local a, b = layout(native), layout(other)
                        assert.is_false(b.flags.native)
                        local expected, got = {pcall(operation, a)}, {pcall(operation, b)}
                        for k = 1, 8 do
                            local x, y = told(expected[k]):gsub("^.-:%d+: ", ""), told(got[k]):gsub("^.-:%d+: ", "")
                            assert(x == y, ("%s, layout %d of %d columns, result %d:\n%s\ninstead of\n%s"):format(
                                dtype, i, columns, k - 1, y:sub(1, 300), x:sub(1, 300)))
                        end
                    end
                    if name == "text" then
                        break -- of small ones
                    end
                end
            end
        end)
    end

    it("are written to", function()
        for _, dtype in ipairs(dtypes) do
            for i, layout in ipairs(layouts) do
                local native = sample(dtype, 75)
                local other = foreign(native)
                local a, b = layout(native), layout(other)
                if not a.flags.writeable then
                    b = nil
                end
                local function both(change)
                    local fine, err = pcall(change, a)
                    local same, other_err = pcall(change, b)
                    assert.equal(fine, same, tostring(err) .. tostring(other_err))
                    assert(told(native) == told(other), ("%s, layout %d"):format(dtype, i))
                end
                if b then
                    both(function(x) x:fill(3) end)
                    both(function(x) x[{1}] = 5 end)
                    both(function(x) np.copyto(x, np.ones(1, {dtype = "int8"})) end)
                    both(function(x) np.add(x, x, {out = x}) end)
                    both(function(x) np.multiply(x, 2, {out = x, where = x:eq(2)}) end)
                    both(function(x) np.cumsum(x, 1, {out = x}) end)
                    both(function(x) np.sum(x, {axis = 1, out = x[{1}]}) end)
                    both(function(x) np.copyto(x, np.flip(x)) end)
                    both(function(x) ts.torch.from_numpy(x):add_(1):mul_(2):clamp_(0, 90) end)
                    both(function(x) ts.torch.softmax(ts.torch.from_numpy(x), 1, {out = ts.torch.from_numpy(x)}) end)
                end
            end
        end
    end)

    it("are copied into each other", function()
        for _, dtype in ipairs(dtypes) do
            local x, y = foreign(sample(dtype, 75)), foreign((sample(dtype, 75) + 1):astype(dtype))
            np.copyto(x, y)
            assert.equal(y:tobytes(), x:tobytes())
            np.copyto(x:reshape(75, 40), y.T)
            assert.equal(y.T:tobytes(), x:tobytes())
        end
    end)

    it("say so, and are nobody's plain memory", function()
        local x = foreign(np.arange(6, {dtype = "int64"}):reshape(2, 3))
        assert.is_false(x.flags.native or x.flags.aligned or x.flags.c_contiguous)
        assert.is_true(x:copy().flags.native and np.ascontiguousarray(x).flags.c_contiguous)
        assert.is_true(np.asarray(x, {dtype = "int64"}).flags.native)
        for _, refused in ipairs {
            function() return x:__dlpack() end,
            function() return ts.to_dlpack(x) end,
            function() return x:view("float32") end,
            function() return np.frombuffer(x, {dtype = "int64"}) end,
        } do
            assert.is_false((pcall(refused)))
        end
        local fine, message = pcall(x.__dlpack, x)
        assert(not fine and message:find("byte order", 1, true), message)
        assert.equal("unsupported", ts.last_error().kind)
        fine, message = pcall(require "tessera.ffi".view, x)
        assert(not fine and (message:find("byte order", 1, true) or not rawget(_G, "jit")), message)
        assert.equal(x:copy():tobytes(), np.from_dlpack(x:__dlpack{copy = true}):tobytes())
        assert.equal(("\0"):rep(7) .. "\5", x:view("uint8")[{2, {17, 24}}]:tobytes())
        assert.is_false(x:view("float64").flags.native)
        assert.is_true(x:view("uint8").flags.native)
    end)

    it("are described to other libraries as what they are", function()
        local x = foreign(np.arange(6, {dtype = "float32"}):reshape(2, 3))
        local described = x:__array_interface()
        assert.equal(">f4", described.typestr)
        assert.is_nil(described.dtype)
        local back = ts.view(setmetatable({}, {__array_interface = function() return described end}))
        assert.is_false(back.flags.native)
        assert.equal(x:tobytes(), back:tobytes())
        back[1][1] = 99
        assert.equal(99, x[1][1])
        local function stranger(bytes, size, typestr)
            return setmetatable({}, {__array_interface = function()
                return {data = bytes, shape = {size}, typestr = typestr}
            end})
        end
        local given = ts.view(stranger("\1\2\3\4\5\6", 3, ">u2"))
        assert.same({0x102, 0x304, 0x506}, given:tolist())
        local single = ts.view(stranger("\1\2", 2, ">u1"))
        assert.is_true(single.flags.native)
    end)

    it("go into files as any other", function()
        local x = foreign(np.arange(600, {dtype = "float64"}):reshape(20, 30))
        for _, name in ipairs {"x.npy", "x.npz", "x.pt", "x.safetensors"} do
            local path = directory .. "/" .. name
            ts.save(path, name == "x.npy" and x or {x = x.T})
            local read = ts.load(path)
            read = name == "x.npy" and read or read.x
            assert.is_true(np.asarray(read).flags.native)
            assert.equal((name == "x.npy" and x or x.T):tobytes(), read:tobytes())
        end
        x:tofile(directory .. "/x.bin")
        assert.equal(x:tobytes(), np.fromfile(directory .. "/x.bin"):tobytes())
    end)

    it("can be written through to the file", function()
        local path = foreign_file(np.arange(4, {dtype = "int32"}))
        local x = ts.load(path, {map = "r+"})
        x[2] = 0x01020304
        x:release()
        local file = assert(io.open(path, "rb"))
        assert.equal("\1\2\3\4", file:read("*a"):sub(-12, -9))
        file:close()
    end)
end)
