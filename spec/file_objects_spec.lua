--- How files are opened and let go of: the objects that stand for open ones, a host that opens files itself,
-- and a host that allows none. What is in them is in files_spec.lua.
local ts = require "tessera"
local torch, np = ts.torch, ts.np
local lender = require "lender"
-- the library once more, in a host that gives it 64 MiB and has files in memory
local hosted = lender.open(64 * 2 ^ 20)

local outside = dofile "spec/support/outside.lua"
local read, write = outside.read, outside.write
local folder = outside.folder()

local function path(name)
    return folder .. "/" .. name
end

local function is_file(x)
    return type(x) == "userdata" and getmetatable(x) == "file"
end

--- The message of an error, which is one line that names the file.
local function fails(file, f, ...)
    local fine, message = pcall(f, ...)
    assert(not fine, file .. " raises nothing")
    assert(message:find(file, 1, true) and not message:find("\n", 1, true), message)
    return message
end

describe("file objects", function()
    it("name, count, and give arrays when they are asked for", function()
        local arrays = {b = np.arange(3), a = np.ones({2, 2}), names = np.zeros(1)}
        np.savez(path("object.npz"), arrays)
        local file = ts.load(path("object.npz"))
        assert.same({"a", "b", "names"}, file:names())
        assert.equal(3, #file:names())
        assert.equal("npz", file:format())
        assert.same({0, 1, 2}, file.b:tolist())
        assert.same({0}, file:get("names"):tolist()) -- methods come first
        assert.is_nil(file.missing)
        assert.is_nil(file[1])
        assert.has_error(function() file:get("missing") end)
        assert.equal("index", ts.last_error().kind)
        local seen = {}
        for name, x in file:iter() do
            seen[#seen + 1] = name .. x.ndim
        end
        assert.same({"a2", "b1", "names1"}, seen)
        local info = file:info("a")
        assert.same({2, 2}, {info.shape[1], info.shape[2]})
        assert.equal(np.float64, info.dtype)
        assert.equal("<f8", info.stored)
        assert.is_false(rawequal(file.a, file.a))
        assert.is_true(np.isarray(file.a))
        ts.save(path("object.safetensors"), arrays)
        assert.is_true(torch.is_tensor(ts.load(path("object.safetensors")).a))
        file:close()
        assert.has_error(function() return file.b end)
        assert.equal("revoked", ts.last_error().kind)
    end)

    it("say which function reads another format", function()
        local message = fails("object.npz", torch.load, path("object.npz"))
        assert.is_truthy(message:find("use ts.load", 1, true))
        fails("object.npz", ts.safetensors.load, path("object.npz"))
        fails("object.safetensors", np.load, path("object.safetensors"))
        assert.has_error(function() np.load(path("object.npz"), {allow_pickle = true}) end)
    end)

    it("stop being read when the time is over, and can be read again", function()
        local name = path("slow.npy")
        np.save(name, np.zeros(8 * 2 ^ 20, {dtype = "uint8"}))
        local before = ts.memory().current
        local fine, message = pcall(ts.deadline, 1e-6, np.load, name)
        assert.is_false(fine)
        assert(message:find("slow.npy: reading was stopped", 1, true), message)
        assert.equal("deadline", ts.last_error().kind)
        assert.is_true(ts.memory().current < before + 2 ^ 16)
        assert.equal(8 * 2 ^ 20, ts.deadline(60, np.load, name).size)
    end)

    it("go with what they hold when they are collected", function()
        collectgarbage()
        collectgarbage()
        local before = ts.memory().current
        for _ = 1, 300 do
            local file = ts.load(path("object.npz"), {map = "r"})
            assert(file.b)
        end
        collectgarbage()
        collectgarbage()
        assert.is_true(ts.memory().current <= before + 4096)
    end)
end)

describe("a host that opens files itself", function()
    it("is asked for all of them", function()
        local arrays = {x = hosted.np.arange(5), y = hosted.np.ones({2, 3})}
        for _, name in ipairs {"a.npy", "a.npz", "a.safetensors", "a.pt"} do
            hosted.save(name, name == "a.npy" and arrays.x or arrays)
            local bytes = lender.file(name)
            ts.save(path(name), name == "a.npy" and np.arange(5) or {x = np.arange(5), y = np.ones({2, 3})})
            assert.equal(read(path(name)), bytes)
            assert.is_nil(read(name))
            local found = hosted.load(name)
            assert.same({0, 1, 2, 3, 4}, (is_file(found) and found.x or found):tolist())
        end
        hosted.np.savez_compressed("c.npz", arrays)
        assert.same({1, 1, 1}, hosted.np.load("c.npz").y[2]:tolist())
        assert.is_false((pcall(hosted.load, path("a.npy"))))
        assert.equal("io", hosted.last_error().kind)
    end)

    it("cannot have them mapped, and may refuse and fail", function()
        hosted.np.save("b.npy", hosted.np.arange(100000))
        local before = lender.file("b.npy")
        for _, f in ipairs {
            function() hosted.load("b.npy", {map = "r"}) end, function() hosted.load("none.npy") end,
            function() hosted.load("missing.npy") end, function() hosted.np.save("none.npy", {1}) end,
        } do
            assert.is_false((pcall(f)))
        end
        for bytes = 0, 800000, 40000 do
            lender.fail_files(bytes, false)
            local fine, message = pcall(hosted.load, "b.npy")
            assert(not fine and message:find("the host could not read", 1, true), message)
            lender.fail_files(bytes, false)
            fine, message = pcall(hosted.np.save, "b.npy", hosted.np.zeros(100000))
            assert(not fine and message:find("the host could not write", 1, true), message)
        end
        lender.fail_files(-1, true)
        local fine, message = pcall(hosted.np.save, "b.npy", hosted.np.zeros(3))
        assert(not fine and message:find("could not keep it", 1, true), message)
        lender.fail_files(-1, false)
        assert.equal(before, lender.file("b.npy"))
        collectgarbage()
        collectgarbage()
        assert.equal(0, lender.open_files())
    end)
end)

describe("without the capability for files", function()
    it("every function is an error, and nothing touches the disk", function()
        local name = os.tmpname()
        write(name, ([[
            local lender = require "lender"
            local ts = lender.open(0, 0)
            local calls = {
                function() ts.load(%q) end, function() ts.save(%q, ts.np.zeros(1)) end, function() ts.np.load(%q) end,
                function() ts.np.save(%q, ts.np.zeros(1)) end, function() ts.np.savez(%q, ts.np.zeros(1)) end,
                function() ts.np.savez_compressed(%q, ts.np.zeros(1)) end, function() ts.torch.load(%q) end,
                function() ts.torch.save(ts.torch.zeros(1), %q) end, function() ts.safetensors.load(%q) end,
                function() ts.safetensors.save(%q, {x = ts.np.zeros(1)}) end, function() ts.np.loadtxt(%q) end,
                function() ts.np.savetxt(%q, {1, 2}) end, function() ts.np.fromfile(%q) end,
                function() ts.np.zeros(1):tofile(%q) end, function() ts.torch.zeros(1):tofile(%q, {sep = " "}) end,
                function() ts.np.fromfile(%q, {sep = " "}) end, function() ts.image.load(%q) end,
                function() ts.image.save(%q, ts.np.zeros({2, 2}, {dtype = "uint8"})) end,
            }
            for i, f in ipairs(calls) do
                local fine, message = pcall(f)
                assert(not fine and message:find("files are not allowed by the host"), message)
                assert(ts.last_error().kind == "limit")
            end
            print "all refused"
        ]]):gsub("%%q", function() return ("%q"):format(path("capability.npy")) end))
        local lua = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d.%d")
        os.execute(lua .. " " .. name .. " > " .. name .. ".out 2>&1")
        local output = read(name .. ".out")
        os.remove(name)
        os.remove(name .. ".out")
        assert.equal("all refused\n", output)
        assert.is_nil(read(path("capability.npy")))
    end)
end)

teardown(function()
    os.execute("rm -rf " .. folder)
end)
