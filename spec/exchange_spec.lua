--- Memory shared with other libraries in the state: the array interface and DLPack capsules, both ways, with
-- spec/support/grid.c, which knows nothing of ours; and with a host that takes its memory back.
local lender, grid = require "lender", require "grid"
local loaded = package.loaded.tessera
local ts = lender.open(256 * 2 ^ 20)
local torch, np = ts.torch, ts.np

local function collect()
    for _ = 1, 3 do
        collectgarbage()
    end
end

local function fails(text, f, ...)
    local ok, message = pcall(f, ...)
    assert.is_false(ok)
    assert.truthy(tostring(message):find(text, 1, true), tostring(message))
end

local function kind_of(f, ...)
    assert.is_false((pcall(f, ...)))
    return ts.last_error().kind
end

--- A grid of rows x columns whose element (i, j) is 10 i + j.
local function filled(rows, columns)
    local g = grid.new(rows, columns)
    for i = 1, rows do
        for j = 1, columns do
            g:set(i, j, 10 * i + j)
        end
    end
    return g
end

teardown(function()
    package.loaded.tessera = loaded
end)

describe("the array interface of others", function()
    it("is a view: writes on each side are seen on the other", function()
        local copies = ts.copies()
        local g = filled(2, 3)
        for name, a in pairs {view = ts.view(g), asarray = np.asarray(g), as_tensor = torch.as_tensor(g),
            torch_asarray = torch.asarray(g), array = np.array(g, {copy = "never"})} do
            assert.same({{11, 12, 13}, {21, 22, 23}}, a:tolist(), name)
            assert.equal("8,16", table.concat(a.strides, ","))
            a[{2, 3}] = 5
            assert.equal(5, g:get(2, 3))
            g:set(2, 3, 23)
            assert.equal(23, a[{2, 3}])
        end
        assert.equal(copies, ts.copies())
        assert.is_true(torch.is_tensor(torch.as_tensor(g)))
        local copy = np.array(g)
        copy:fill(0)
        torch.tensor(g):fill_(0)
        assert.equal(11, g:get(1, 1))
    end)

    it("keeps the owner as long as any view, and no longer", function()
        collect()
        local before = grid.alive()
        local g = filled(3, 2)
        local row = ts.view(g)[2]
        g:release() -- the grid's own hold is gone; only the key in our hands is left
        g = nil -- luacheck: ignore 311
        collect()
        assert.equal(before + 1, grid.alive())
        assert.same({21, 22}, row:tolist())
        local twice = row * 2
        row:release()
        collect()
        assert.equal(before, grid.alive())
        assert.same({42, 44}, twice:tolist())
    end)

    it("comes from objects as well as from strings, read-only or not", function()
        local g = filled(2, 2)
        local described = getmetatable(g).__array_interface(g)
        described.readonly = true
        local proxy = setmetatable({}, {__array_interface = function()
            return described
        end})
        local a = ts.view(proxy)
        assert.is_true(a:origin().readonly)
        assert.equal("readonly", kind_of(a.fill, a, 0))
        described.readonly, described.offset, described.shape, described.strides = nil, 24, {2, 2}, {-16, -8}
        assert.same({{22, 12}, {21, 11}}, ts.view(proxy):tolist())
    end)
end)

describe("our array interface", function()
    it("is read by others, in any layout", function()
        local a = np.arange(12, {dtype = "float64"}):reshape(3, 4)
        assert.equal(66, grid.sum(a))
        assert.equal(66, grid.sum(torch.from_numpy(a)))
        assert.equal(66, grid.sum(a.T))
        assert.equal(66, grid.sum(a["::-1, ::-1"]))
        assert.equal(12, grid.sum(a["1:2, ::2"]))
        assert.equal(0, grid.sum(np.zeros(0, 3)))
    end)

    it("keeps the memory with its owner, whatever happens to the array", function()
        local a = np.full({64, 1024}, 7.0, {dtype = "float64"})
        local described = a:__array_interface()
        a:release()
        collect()
        local b = ts.view(setmetatable({}, {__array_interface = function()
            return described
        end}))
        assert.equal(7 * 64 * 1024, b:sum():item())
    end)

    it("holds lent memory against revocation, and says so", function()
        local a, revoke = lender.lend("float64", {2, 3}, true)
        local described = a:__array_interface()
        fails("storage (loan) is held by an array interface", revoke)
        assert.is_false(described.readonly)
        described = nil -- luacheck: ignore 311
        collect()
        revoke()
        assert.equal("revoked", kind_of(a.__array_interface, a))
    end)
end)

describe("DLPack out", function()
    local codes = {bool = 6, uint8 = 1, int8 = 0, int16 = 0, uint16 = 1, int32 = 0, uint32 = 1, int64 = 0,
        uint64 = 1, float16 = 2, bfloat16 = 4, float32 = 2, float64 = 2, complex64 = 5, complex128 = 5}

    it("describes every dtype to others", function()
        for name, code in pairs(codes) do
            local a = np.zeros({2, 3}, {dtype = name})
            local k = grid.take(a:__dlpack())
            assert.equal("dltensor_versioned", k.name)
            assert.equal(code, k.code, name)
            assert.equal(8 * a.itemsize, k.bits)
            assert.same({2, 3}, k.shape)
            assert.same({3, 1}, k.strides)
            assert.equal(0, k.byte_offset)
            assert.equal(1, k.version)
            assert.equal(a:__array_interface().data, k.address)
        end
    end)

    it("shares: writes on each side are seen on the other", function()
        local t = torch.zeros(2, 3, {dtype = torch.float64})
        for _, capsule in ipairs {t:__dlpack(), ts.to_dlpack(t), torch.to_dlpack(t), t:numpy():__dlpack()} do
            local k = grid.take(capsule)
            t[{2, 1}] = 8
            assert.equal(8, k.taken:get(3))
            k.taken:set(3, 9)
            assert.equal(9, t[{2, 1}])
            k.taken:drop()
        end
        collect()
        assert.equal(1, t:storage().references)
    end)

    it("gives the struct that the consumer knows", function()
        local a = np.zeros(3)
        assert.equal("dltensor_versioned", grid.take(a:__dlpack{max_version = {1, 2}}).name)
        assert.equal("dltensor_versioned", grid.take(a:__dlpack{max_version = 2}).name)
        assert.equal("dltensor", grid.take(a:__dlpack{max_version = {0, 8}}).name)
        assert.equal("capsule: dltensor", tostring(a:__dlpack{max_version = 0}))
        assert.same({1, 0}, {a:__dlpack_device()})
        assert.truthy(grid.take(a:__dlpack{dl_device = {1, 0}}))
        assert.equal("unsupported", kind_of(a.__dlpack, a, {dl_device = {2, 0}}))
        assert.equal("unsupported", kind_of(a.__dlpack, a, {stream = 1}))
    end)

    it("says what is read-only, and gives it to nobody who cannot hear it", function()
        local a = np.zeros(3):readonly()
        assert.equal(1, grid.take(a:__dlpack()).flags)
        assert.equal(0, grid.take(np.zeros(3):__dlpack()).flags)
        assert.equal("readonly", kind_of(a.__dlpack, a, {max_version = 0}))
        local k = grid.take(a:__dlpack{max_version = 0, copy = "if-needed"})
        k.taken:set(0, 5)
        assert.equal(0, a[1])
    end)

    it("copies only when told, and says that it did", function()
        local a = np.arange(4, {dtype = "float64"})
        local copies = ts.copies()
        for _, copy in ipairs {false, "never", "if-needed"} do
            assert.equal(0, grid.take(a:__dlpack{copy = copy}).flags)
        end
        assert.equal(copies, ts.copies())
        for _, copy in ipairs {true, "always"} do
            local k = grid.take(a:__dlpack{copy = copy})
            assert.equal(2, k.flags)
            k.taken:set(1, 50)
            assert.equal(1, a[2])
        end
        assert.equal(copies, ts.copies())
        local bytes = np.frombuffer(("\0"):rep(16), {dtype = "float64"})
        fails("string memory may end before its consumer does", bytes.__dlpack, bytes)
        assert.equal(2, grid.take(bytes:__dlpack{copy = "if-needed"}).flags)
        assert.equal(copies + 1, ts.copies())
    end)

    it("gives negative strides only when they are asked for, and no broken ones", function()
        local a = np.arange(4, {dtype = "float64"})["::-1"]
        fails("is negative", a.__dlpack, a)
        local k = grid.take(a:__dlpack{negative = true})
        assert.same({-1}, k.strides)
        assert.equal(3, k.taken:get(0))
        assert.equal(2, k.taken:get(-1))
        assert.equal(2, grid.take(a:__dlpack{copy = "if-needed"}).taken:get(1))
        local odd = np.as_strided(np.zeros(8, {dtype = "int32"}), {2}, {6})
        fails("no multiple of the 4 bytes", odd.__dlpack, odd)
        local one = np.zeros(3)["-1:1:-1"]["1:1"]
        assert.same({1}, grid.take(one:__dlpack()).shape)
    end)

    it("describes 0-dimensional and empty arrays", function()
        local k = grid.take(np.array(3.5):__dlpack())
        assert.same({}, k.shape)
        assert.equal(3.5, k.taken:get(0))
        k = grid.take(np.zeros(3, 0):__dlpack())
        assert.same({3, 0}, k.shape)
        assert.equal(2, #k.strides)
    end)

    it("refuses tensors that require grad", function()
        local t = torch.zeros(3):requires_grad_(true)
        fails("requires grad", t.__dlpack, t)
        fails("requires grad", torch.from_dlpack, t)
        assert.truthy(t:detach():__dlpack())
    end)

    it("holds lent memory against revocation, and says by whom", function()
        local a, revoke = lender.lend("float64", {2, 3}, true)
        local capsule = a:__dlpack()
        fails("storage (loan) is held by a DLPack consumer", revoke)
        local k = grid.take(capsule)
        fails("held by a DLPack consumer", revoke)
        k.taken:drop()
        revoke()
        assert.equal("revoked", kind_of(a.__dlpack, a))
        -- a capsule that nobody takes is let go of by the collector
        a, revoke = lender.lend("float64", {2, 3}, true)
        capsule = a:__dlpack() -- luacheck: ignore
        fails("held by", revoke)
        capsule = nil -- luacheck: ignore
        collect()
        revoke()
    end)

    it("gives small results memory that outlives their object", function()
        local k = grid.take((np.arange(3, {dtype = "float64"}) + 1):__dlpack())
        local described = (np.arange(6, {dtype = "float64"}):reshape(2, 3) + 1):__array_interface()
        collect()
        local _ = {np.zeros(3) + 5, np.zeros(6) + 5}
        assert.equal(3, k.taken:get(2))
        assert.equal(21, grid.sum(setmetatable({}, {__array_interface = function()
            return described
        end})))
    end)

    it("keeps the memory beyond the array", function()
        local a = np.full({64, 1024}, 7.0, {dtype = "float64"})
        local k = grid.take(a:__dlpack())
        a:release()
        collect()
        assert.equal(7, k.taken:get(64 * 1024 - 1))
        local b = np.zeros(3, {dtype = "float64"})
        k = grid.take(b:__dlpack())
        assert.equal("busy", kind_of(torch.from_numpy(b).resize_, torch.from_numpy(b), 100))
        k.taken:drop()
    end)
end)

describe("DLPack in", function()
    it("takes objects with __dlpack as views", function()
        local copies = ts.copies()
        for _, face in ipairs {torch, np} do
            local g = filled(2, 3)
            local a = face.from_dlpack(g)
            assert.same({{11, 12, 13}, {21, 22, 23}}, a:tolist())
            a[{2, 3}] = 5
            assert.equal(5, g:get(2, 3))
            g:set(1, 1, 6)
            assert.equal(6, a[{1, 1}])
            assert.equal("dlpack", a:origin().kind)
            assert.is_false(a:origin().readonly)
            assert.equal(48, a:origin().bytes)
            assert.is_true(face.from_dlpack(g, {readonly = true}):origin().readonly)
            local c = face.from_dlpack(g, {copy = true})
            c[{1, 1}] = 0
            assert.equal(6, g:get(1, 1))
        end
        assert.equal(copies, ts.copies())
    end)

    it("takes capsules, once", function()
        local g = filled(2, 2)
        local offer = getmetatable(g).__dlpack
        local capsule = offer(g, {max_version = {1, 0}})
        assert.equal(66, np.from_dlpack(capsule):sum():item())
        fails("used already", np.from_dlpack, capsule)
        fails("used already", torch.from_dlpack, capsule)
        -- one without version may be read-only for all that anybody knows
        local a = np.from_dlpack(offer(g))
        assert.equal("readonly", kind_of(a.fill, a, 0))
        a = np.from_dlpack(offer(g), {readonly = false})
        a[1] = 0
        assert.equal(0, g:get(1, 2))
    end)

    it("deletes exactly once: with the last view, or what nobody took, or what was refused", function()
        collect()
        local alive, deleted = grid.alive(), grid.deleted()
        local g = filled(2, 2)
        local row = np.from_dlpack(g)[1]
        local other = torch.from_dlpack(g)
        g:release()
        collect()
        assert.equal(deleted, grid.deleted())
        assert.same({11, 12}, row:tolist())
        row:release()
        assert.equal(deleted + 1, grid.deleted())
        other = other:clone()
        collect()
        assert.equal(deleted + 2, grid.deleted())
        assert.equal(alive, grid.alive())
        assert.equal(66, other:sum():item())
        local offered = getmetatable(filled(2, 2)).__dlpack(filled(2, 2), {max_version = {1, 0}}) -- luacheck: ignore
        offered = nil -- luacheck: ignore
        collect()
        assert.equal(deleted + 3, grid.deleted())
        for how, kind in pairs {version = "unsupported", lanes = "dtype", device = "unsupported"} do
            local broken = grid.broken(how)
            assert.equal(kind, kind_of(np.from_dlpack, broken))
            fails("used already", np.from_dlpack, broken)
        end
        assert.equal(deleted + 6, grid.deleted())
        collect()
        assert.equal(alive, grid.alive())
        assert.equal(deleted + 6, grid.deleted())
    end)

    it("gives one more view of what came from here", function()
        local a = np.arange(6):reshape(2, 3)
        for _, t in ipairs {torch.from_dlpack(a), torch.from_dlpack(a:__dlpack()),
            torch.from_dlpack(a:__dlpack{max_version = 0}, {readonly = false})} do
            assert.is_true(t:storage() == a:storage())
            local version = a._version
            t:fill_(3)
            assert.is_true(a._version > version)
            assert.equal(18, a:sum():item())
        end
        local backwards = a["::-1, ::2"]
        assert.same(backwards:tolist(), np.from_dlpack(backwards:__dlpack{negative = true}):tolist())
        local b, revoke = lender.lend("float64", {2, 3}, true)
        local view = np.from_dlpack(b:__dlpack())
        revoke() -- nobody outside holds it
        assert.equal("revoked", kind_of(view.sum, view))
    end)

    it("refuses what is none", function()
        for _, value in ipairs {1, "dltensor", {}, function() end, io.stdout, ts.newaxis, true} do
            assert.equal("unsupported", kind_of(np.from_dlpack, value))
        end
        assert.equal("unsupported", kind_of(np.from_dlpack))
        fails("__dlpack gives a number, not a capsule", np.from_dlpack, setmetatable({}, {__dlpack = function()
            return 5
        end}))
        fails("refused", np.from_dlpack, setmetatable({}, {__dlpack = function()
            error("refused")
        end}))
        fails("the only device", np.from_dlpack, np.zeros(1), {device = "cuda"})
    end)

    it("tells producers what it takes", function()
        local asked
        pcall(np.from_dlpack, setmetatable({}, {__dlpack = function(_, options)
            asked = options
        end}))
        assert.equal(1, asked.max_version[1])
        assert.is_true(asked.negative)
    end)
end)

describe("DLPack addresses", function()
    it("go both ways where raw pointers are allowed", function()
        local a = np.arange(4)
        for _, kind in ipairs {"versioned", "legacy"} do
            local address = ts.to_dlpack(a, {pointer = true, max_version = kind == "legacy" and 0 or 1})
            assert.equal("userdata", type(address))
            local b = np.from_dlpack(address, {pointer = kind, readonly = false})
            b[1] = b[1] + 5
        end
        assert.equal(10, a[1])
        local address = ts.to_dlpack(a, {pointer = true})
        fails("what the pointer points to", np.from_dlpack, address, {pointer = "dltensor"})
        np.from_dlpack(address, {pointer = "versioned"})
        collect()
        assert.equal(1, a:storage().references)
    end)
end)
