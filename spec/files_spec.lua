--- Files: what real NumPy and real PyTorch write is read bit for bit, what is written here they read,
-- and broken files are errors that say what is wrong (spec/oracle/file_cases.py makes them). How files
-- are opened and let go of is in file_objects_spec.lua.
local ts = require "tessera"
local torch, np = ts.torch, ts.np
local lender = require "lender"
-- the library once more, in a host that gives it 64 MiB and has files in memory
local hosted = lender.open(64 * 2 ^ 20)

local support = dofile "spec/support/oracle.lua"
local outside = dofile "spec/support/outside.lua"
local read, write = outside.read, outside.write
local oracle = support.path "files"
local folder = outside.folder()

local function path(name)
    return folder .. "/" .. name
end

local function hex(x)
    return support.hex(x:tobytes())
end

--- The options that a column says.
local function options(words)
    local made = {}
    for word in words:gmatch("%w+") do
        made[word] = true
    end
    return next(made) and made or nil
end

local cases = support.kinds "files.txt"

local function is_file(x)
    return type(x) == "userdata" and getmetatable(x) == "file"
end

--- The array NAME of a file, or one of its fields; of an .npy file the array itself.
local function get(file, words, name, field, map)
    local given = options(words) or {}
    given.map = map
    local found, opened = ts.load(file, next(given) and given or nil)
    if name == "none" then
        return nil, found
    elseif is_file(found) then
        opened, found = found, found:get(name)
    end
    return field ~= "" and found[field] or found, opened
end

--- Reads all there is in a file, with one of the libraries.
local function read_all(library, file, words)
    local found = library.load(file, options(words))
    if is_file(found) then
        for _, name in ipairs(found:names()) do
            found:get(name)
        end
        if found:format() == "pt" then
            library.torch.load(file)
        end
    end
end

local kinds = {}
for kind in ("dtype value memory limit io unsupported index"):gmatch("%a+") do
    kinds[kind] = true
end

--- The message is one line that names the file, of a kind that can be.
local function check_message(library, file, message)
    assert(message:find(file:match("[^/]+$"), 1, true), message)
    assert(not message:find("\n", 1, true), message)
    assert(kinds[library.last_error().kind], message)
    return message
end

local function fails(file, f, ...)
    local fine, message = pcall(f, ...)
    assert(not fine, file .. " raises nothing")
    return check_message(ts, file, message)
end

describe("files of others", function()
    it("are read bit for bit", function()
        for _, case in ipairs(cases.good) do
            local file, words, name, field, dtype, shape, expected = (table.unpack or unpack)(case)
            local x, opened = get(oracle .. "/" .. file, words, dtype == "none" and "none" or name, field)
            if dtype == "none" then
                assert.equal(0, #opened)
            else
                local what = table.concat({file, name, field}, " ")
                assert(x.dtype.name == dtype, what .. " is " .. x.dtype.name)
                assert(table.concat(x.shape, ",") == shape, what .. " has shape " .. tostring(x.shape))
                assert(hex(x) == expected, what .. " has other bytes")
            end
        end
        assert.is_true(#cases.good > 250)
    end)

    it("are mapped bit for bit, unless they are compressed", function()
        local mapped, refused = 0, 0
        for _, case in ipairs(cases.good) do
            local file, words, name, field, dtype, shape, expected = (table.unpack or unpack)(case)
            if dtype ~= "none" then
                local fine, x, opened = pcall(get, oracle .. "/" .. file, words, name, field, "r")
                if fine then
                    assert(not file:find("deflated"), file)
                    mapped = mapped + 1
                    assert(hex(x) == expected and table.concat(x.shape, ",") == shape, file)
                    assert(x:origin().kind == "mapped" and x:origin().readonly, file)
                    opened:close()
                    assert(x:origin().revoked, file)
                else
                    refused = refused + 1
                    assert(x:find("cannot be mapped: read it instead", 1, true), x)
                    assert.equal("unsupported", ts.last_error().kind)
                end
            end
        end
        assert.is_true(mapped > 150 and refused > 30)
    end)

    it("have dtypes that there are not here", function()
        for _, case in ipairs(cases.dtype) do
            local file, words, name, field, text = (table.unpack or unpack)(case)
            local message = fails(file, get, oracle .. "/" .. file, words, name, field)
            assert(message:find(text, 1, true), message)
            assert.equal("dtype", ts.last_error().kind)
        end
    end)

    it("share what shares memory", function()
        for _, case in ipairs(cases.same) do
            local file = oracle .. "/" .. case[1]
            local found = torch.load(file)
            assert.is_true(found[case[2]]:shares(found[case[3]]))
            assert.equal(found[case[2]]:storage(), found[case[3]]:storage())
            local opened = ts.load(file, {map = "c"})
            assert.equal(opened[case[2]]:storage(), opened[case[3]]:storage())
            opened:get(case[2]):fill_(5)
            assert.equal(5, opened[case[3]]:reshape(-1)[2])
        end
        local record = np.load(oracle .. "/r_plain.npy")
        assert.equal(record.a:storage(), record.b:storage())
    end)

    it("build the values that a pickle says, shared and cyclic ones too", function()
        local cycle = torch.load(oracle .. "/cycle.pt")
        assert.equal(cycle, cycle[1])
        local laughs, depth = torch.load(oracle .. "/laughs.pt"), 0
        while laughs[1] do
            assert.equal(laughs[1], laughs[2])
            laughs, depth = laughs[1], depth + 1
        end
        assert.equal(60, depth)
        local function check(found, expected)
            for i = 1, #expected do
                assert.equal(expected[i], found[i + 1])
            end
        end
        local most = math.maxinteger or (rawget(_G, "jit") and require "ffi".new("int64_t", -1) * 2 ^ 62 * 2 - 1)
        if most then
            local found = torch.load(oracle .. "/kinds.pt")
            assert.is_nil(found[1])
            check(found, {true, false, -1, 255, 65535, 0, -128, most, 1.5, "a", "b", "c", "d", "e", "f"})
        else
            assert.is_truthy(fails("kinds.pt", function()
                error("kinds.pt " .. select(2, pcall(torch.load, oracle .. "/kinds.pt")))
            end):find("beyond the exact numbers", 1, true))
        end
        local checkpoint = torch.load(oracle .. "/checkpoint.pth")
        assert.equal(3, checkpoint.epoch)
        assert.equal("run", checkpoint.name)
        assert.equal(0.5, checkpoint.loss[1])
        assert.equal(0.5, checkpoint.optimizer.param_groups[1].lr)
        local parameters = torch.load(oracle .. "/parameters.pt")
        assert.is_true(parameters[1].requires_grad)
        assert.equal("4x1x3x3", table.concat(parameters[1].shape, "x"))
        local size = torch.load(oracle .. "/size.pt")
        assert.same({2, 3}, {size[1][1], size[1][2]})
        local later = torch.load(oracle .. "/later.pt")
        assert.is_true(later.parameter.requires_grad)
        assert.is_false(later.tensor.requires_grad)
        assert.same({torch.float32, np.uint16, torch.bool}, later.dtypes)
        assert.equal(torch.float32, later.dtypes[1])
        assert.same({"cpu", "cuda:10"}, later.devices)
        local two = torch.load(oracle .. "/later_two.pt")
        assert.is_true(two.x:shares(two.y))
    end)

    it("may be larger than 4 GiB", function()
        local rows = 2 ^ 30 + 3
        local x, file = ts.load(oracle .. "/sparse.npy", {map = "r"})
        assert.equal(rows, x.shape[1])
        assert.equal(77, x[-1])
        assert.equal(0, x[2 ^ 29])
        file:close()
        file = ts.load(oracle .. "/sparse.safetensors", {map = "r"})
        assert.equal(rows, file.first.shape[1])
        assert.equal(78, file.last[1])
        file = ts.load(oracle .. "/sparse.safetensors")
        assert.equal(78, file.last[1])
        file = ts.load(oracle .. "/sparse.npz", {map = "r"})
        assert.equal(80, file.big[-1])
        assert.equal(79, file.last[1])
        file:close()
        assert.same({81, 82, 83, 84}, torch.load(oracle .. "/sparse_large.pt", {mmap = true}):tolist())
    end)

    it("say what they are about", function()
        local file = ts.load(oracle .. "/all.safetensors")
        assert.same({format = "pt", note = "\195\169"}, file:metadata())
        assert.same({}, ts.load(oracle .. "/none.safetensors"):metadata())
    end)
end)

describe("broken files", function()
    it("say what is wrong, in little memory", function()
        collectgarbage()
        ts.trim()
        local before, wrong = ts.memory().current, {}
        for _, case in ipairs(cases.bad) do
            local file, words, kind, text = (table.unpack or unpack)(case)
            local name = oracle .. "/" .. file
            local room = 2 ^ 20 + 1100 * #read(name) -- deflate reaches 1032; and not what a header says
            local message = fails(file, ts.limit, before + room, read_all, ts, name, words)
            local found = ts.last_error().kind
            if not message:find(text, 1, true) or found ~= kind then
                wrong[#wrong + 1] = ("%s: %q, kind %s, instead of %q, kind %s"):format(file, message, found, text, kind)
            end
            ts.trim()
        end
        assert.equal("", table.concat(wrong, "\n"))
        assert.is_true(#cases.bad > 400)
        assert.is_nil(read(oracle .. "/executed")) -- by none of those that are programs
    end)

    it("may end anywhere", function()
        for _, case in ipairs(cases.small) do
            local whole = read(oracle .. "/" .. case[1])
            for n = 0, #whole do
                lender.file("cut", whole:sub(1, n))
                local fine, message = pcall(read_all, hosted, "cut", "")
                assert.equal(n == #whole, fine)
                if not fine then
                    check_message(hosted, "cut", message)
                    local kind = hosted.last_error().kind
                    assert(kind == "io" or kind == "unsupported" or kind == "limit", message)
                end
            end
        end
    end)

    it("may have any bit flipped", function()
        for _, case in ipairs(cases.small) do
            local whole, refused = read(oracle .. "/" .. case[1]), 0
            for i = 1, #whole do
                for bit = 0, 7 do
                    local byte = whole:byte(i)
                    local on = math.floor(byte / 2 ^ bit) % 2 == 1
                    local flipped = string.char(byte + (on and -1 or 1) * 2 ^ bit)
                    lender.file("flipped", whole:sub(1, i - 1) .. flipped .. whole:sub(i + 1))
                    local fine, message = pcall(read_all, hosted, "flipped", "")
                    if not fine then
                        refused = refused + 1
                        check_message(hosted, "flipped", message)
                    end
                end
            end
            assert.is_true(refused > #whole) -- the rest are data, padding, and names
        end
        collectgarbage()
        collectgarbage()
        assert.equal(0, lender.open_files())
    end)

    it("are none at all", function()
        for file, text in pairs {
            [path("missing.npy")] = "no such file", [folder] = "is no regular file", ["/dev/zero"] = "no regular file",
            [path("missing/x.npy")] = "no such file", [oracle .. "/a.npy/x.npy"] = "", [("x"):rep(5000)] = "too long",
        } do
            local fine, message = pcall(ts.load, file)
            assert.is_false(fine)
            assert(message:find(text, 1, true), message)
            assert.equal("io", ts.last_error().kind)
        end
        os.execute("mkfifo " .. path("pipe"))
        assert.is_truthy(fails(path("pipe"), ts.load, path("pipe")):find("no regular file", 1, true))
    end)
end)

-- ---- what is written here

local written = {}

--- Remembers what a real reader must find in a file.
local function expect(format, file, name, x)
    written[#written + 1] = table.concat({format, file, name, x.dtype.name, table.concat(x.shape, ","), hex(x)}, "\t")
end

local dtypes = {"bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "bfloat16",
    "float32", "float64", "complex64", "complex128"}

--- Arrays of a dtype in many layouts, by name.
local function layouts(dtype)
    local count = 1
    local bytes = {}
    for i = 1, 480 do
        count = (count * 75 + 74) % 65537
        bytes[i] = string.char(dtype == "bool" and count % 2 or count % 256)
    end
    local flat = np.frombuffer(table.concat(bytes), {dtype = dtype})
    local x = flat["1:24"]:reshape(2, 3, 4)
    return {
        plain = x, transposed = x:swapaxes(1, 3), backward = np.flip(x), step = flat["1:24:5"],
        scalar = x:select(1, 1):select(1, 1):select(1, 1), empty = np.zeros({0, 3}, {dtype = dtype}),
        one = flat["3:3"], stretched = np.broadcast_to(flat["1:3"], {2, 3}),
    }
end

local function names_of(t)
    local names = {}
    for name in pairs(t) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end

local no_safetensors = {complex128 = true}
local later_pt = {uint16 = true, uint32 = true, uint64 = true} -- PyTorch has them since 2.3

describe("written files", function()
    setup(function()
        for _, dtype in ipairs(dtypes) do
            local arrays = layouts(dtype)
            arrays.columns = np.asfortranarray(arrays.plain)
            for _, name in ipairs(names_of(arrays)) do
                local file = path(dtype .. "_" .. name .. ".npy")
                np.save(file, arrays[name])
                expect("npy", file, "", arrays[name])
                file = path(dtype .. "_" .. name .. ".pt")
                torch.save(torch.from_numpy(arrays[name]), file)
                expect(later_pt[dtype] and "later" or "pt", file, "", arrays[name])
            end
            local files = {npz = path(dtype .. ".npz"), npzc = path(dtype .. "_c.npz")}
            np.savez(files.npz, arrays)
            np.savez_compressed(files.npzc, arrays)
            if not no_safetensors[dtype] then
                files.safetensors = path(dtype .. ".safetensors")
                ts.safetensors.save(files.safetensors, arrays, {metadata = {a = "b", ["ü\n"] = 'c"\\'}})
            end
            for kind, file in pairs(files) do
                for name, x in pairs(arrays) do
                    expect(kind:sub(1, 3) == "npz" and "npz" or kind, file, name, x)
                end
            end
        end
        local base = torch.arange(10)
        torch.save({model = {w = base["3:"], v = base, deep = {base:reshape(2, 5):t()}}, epoch = 3, flag = true,
            name = "ü", list = {1, "zwei", {}}, [5] = "five", dtypes = {torch.float16, np.int64}}, path("nested.pt"))
        expect("pt", path("nested.pt"), "model.w", base["3:"])
        expect("pt", path("nested.pt"), "model.deep.0", base:reshape(2, 5):t())
        expect("pt", path("nested.pt"), "same model.w model.v", base)
        torch.save({torch.ones(2):requires_grad_(true)}, path("gradient.pt"))
        expect("pt", path("gradient.pt"), "0", torch.ones(2))
        local mixed = {} -- the order of their names is none of their sizes
        for _, dtype in ipairs(dtypes) do
            mixed[dtype] = not no_safetensors[dtype] and np.arange(3):astype(dtype) or nil
        end
        ts.safetensors.save(path("mixed.safetensors"), mixed, {metadata = {a = "b", ["ü\n"] = 'c"\\'}})
        for dtype, x in pairs(mixed) do
            expect("safetensors", path("mixed.safetensors"), dtype, x)
        end
        -- the weights of a real network, which its state_dict takes back
        local weights = torch.load(oracle .. "/net.pt")
        torch.save(weights, path("net.pt"))
        expect("weights", path("net.pt"), oracle .. "/net.pt", weights["head.0.weight"])
        -- what is mapped from a machine of the other byte order
        local swapped = np.load(oracle .. "/d_f8be.npy", {mmap_mode = "r"})
        for _, format in ipairs {"npy", "npz", "pt"} do
            local file = path("swapped." .. format)
            ts.save(file, format == "npy" and swapped or {x = swapped.T})
            expect(format, file, format == "npy" and "" or "x", format == "npy" and swapped or swapped.T)
        end
        local many = {}
        for i = 1, 1000 do
            many[("m%d."):format(i)] = np.arange(i % 5)
        end
        np.savez(path("many.npz"), many)
        np.savez_compressed(path("many_c.npz"), many)
        for _, name in ipairs {"m1.", "m500.", "m999.", "m1000."} do
            expect("npz", path("many.npz"), name, many[name])
            expect("npz", path("many_c.npz"), name, many[name])
        end
        local most = {} -- more than 16 bits count
        for i = 1, 66000 do
            most[("m%d."):format(i)] = many[("m%d."):format((i - 1) % 1000 + 1)]
        end
        np.savez(path("most.npz"), most)
        expect("npz", path("most.npz"), "m65999.", many["m999."])
        -- more than 32 bits count, of which the zeros take no room on the disk
        local wide = hosted.np.broadcast_to(hosted.np.zeros(1, {dtype = "complex128"}), {2 ^ 28 + 1})
        hosted.np.savez("sparse:" .. path("wide.npz"), {a = wide, b = hosted.np.arange(5), c = wide["1:0"]})
        expect("npz", path("wide.npz"), "b", np.arange(5))
        expect("npz", path("wide.npz"), "c", np.zeros(0, {dtype = "complex128"}))
        local large = np.arange(400000)
        np.savez_compressed(path("large.npz"), {x = large, y = large["1::2"]})
        expect("npz", path("large.npz"), "x", large)
        expect("npz", path("large.npz"), "y", large["1::2"])
    end)

    it("are read by real NumPy and real PyTorch", function()
        write(path("list.txt"), table.concat(written, "\n") .. "\n")
        local status = os.execute(("env -u LD_PRELOAD PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "
            .. "spec/oracle/file_check.py %s > %s 2>&1"):format(path("list.txt"), path("answer.txt")))
        assert.equal(("%d files and arrays are as they should be\n"):format(#written), read(path("answer.txt")))
        assert.is_true(status == true or status == 0)
        assert.is_true(#written > 600)
    end)

    it("are read back bit for bit", function()
        for _, line in ipairs(written) do
            local format, file, name, dtype, shape, bytes = line:match("^(.-)\t(.-)\t(.-)\t(.-)\t(.-)\t(.-)$")
            local counted = name:find("^%d+$") or name:find("%.%d+$") -- from 0, as Python does
            if not name:find("^same") and not counted and format ~= "weights" then
                local x = get(file, "bfloat16", name, "")
                assert(x.dtype.name == dtype and table.concat(x.shape, ",") == shape, file)
                assert(hex(x) == bytes, file)
                if not file:find("_c.npz") and file ~= path("large.npz") then
                    local mapped, opened = get(file, "bfloat16", name, "", "c")
                    assert(hex(mapped) == bytes, file)
                    if format ~= "safetensors" then
                        assert.is_true(np.asarray(mapped).flags.aligned)
                    end
                    opened:close()
                end
            end
        end
        np.savez_compressed(path("zeros.npz"), {x = np.zeros(2 ^ 20)}) -- as far as deflate reaches
        local zeros = ts.load(path("zeros.npz")).x
        assert.equal(2 ^ 20, zeros:eq(0):sum():item())
        local file = ts.load(path("float32.safetensors"))
        assert.same({a = "b", ["ü\n"] = 'c"\\'}, file:metadata())
    end)

    it("may be larger than 4 GiB", function()
        local file = ts.load(path("wide.npz"), {map = "r"})
        assert.same({"a", "b", "c"}, file:names())
        assert.equal(2 ^ 28 + 1, file.a.shape[1])
        assert.equal(("\0"):rep(16), file.a["268435457:"]:tobytes())
        assert.same({0, 1, 2, 3, 4}, file.b:tolist())
        file:close()
    end)

    it("are the same when nothing has changed", function()
        for _, name in ipairs {"x.npy", "x.npz", "x.safetensors", "x.pt"} do
            local x = np.arange(20)
            local value = name == "x.npy" and x or {b = x, a = x, c = x["3:"]}
            ts.save(path(name), value)
            local first = read(path(name))
            ts.save(path(name), value)
            assert.equal(first, read(path(name)))
        end
    end)

    it("appear whole or not at all", function()
        local file = path("old.npz")
        np.savez(file, {x = np.arange(3)})
        local before = read(file)
        local x = np.arange(1000)
        assert.has_error(function() ts.save(file, {x = x, ["../y"] = x}) end)
        assert.has_error(function() ts.save(file, {x = x, [3] = x}) end)
        local gone = np.zeros(3)
        gone:release()
        assert.has_error(function() ts.save(file, {a = x, b = gone}) end)
        assert.has_error(function() ts.save(path("old.safetensors"), {x = np.zeros(2, "complex128")}) end)
        assert.has_error(function() ts.save(path("old.pt"), {np.zeros(2), np.iinfo}) end)
        assert.has_error(function() ts.save(path("old.pt"), {io.stdout}) end, "save: a userdata cannot be saved")
        assert.equal(before, read(file))
        assert.is_nil(read(path("old.safetensors")) or read(path("old.pt")))
        local listing = io.popen("ls -A " .. folder .. " | grep -c '\\.tmp-'")
        assert.equal("0", listing:read("*l"))
        listing:close()
    end)

    it("keep permissions and symbolic links, and obey the mask", function()
        local file, link = path("mode.npy"), path("link.npy")
        np.save(file, np.arange(3))
        os.execute(("chmod 640 %s; ln -sf mode.npy %s"):format(file, link))
        np.save(link, np.arange(5))
        local shown = io.popen(("stat -c '%%a %%F' %s %s"):format(file, link))
        assert.equal("640 regular file\n777 symbolic link\n", shown:read("*a"))
        shown:close()
        assert.equal(5, (np.load(file)).size)
    end)

    it("are refused where they cannot be", function()
        for file, text in pairs {[path("none/x.npy")] = "no such file", ["/dev/full"] = "", ["/proc/x.npy"] = "",
            [folder .. "/.npy/"] = "", [path(("x"):rep(300))] = "too long"} do
            local fine, message = pcall(ts.save, file, np.arange(3), {format = "npy"})
            assert.is_false(fine)
            assert(message:find(text, 1, true), message)
        end
        for _, bad in ipairs {
            {path("x.txt"), np.arange(3)}, {path("x.npz"), np.arange(3)}, {path("x.npz"), {1, 2}},
            {path("x.safetensors"), {__metadata__ = np.arange(3)}}, {path("x.safetensors"), {["\255"] = np.arange(3)}},
            {path("x.pt"), print}, {path("x.pt"), {1, 2, x = 3}}, {"", np.arange(3)}, {"a\0.npy", np.arange(3)},
            {path("x.npz"), {["/x"] = np.arange(3)}}, {path("x.npz"), {[""] = np.arange(3)}},
        } do
            assert.is_false((pcall(ts.save, bad[1], bad[2])))
        end
        local loop = {}
        loop[1] = loop
        assert.is_false((pcall(torch.save, loop, path("x.pt"))))
    end)

    it("get their endings from NumPy's functions", function()
        np.save(path("ending"), {1, 2, 3})
        np.savez(path("ending"), {1, 2}, np.arange(3), {z = {4}})
        assert.same({1, 2, 3}, np.load(path("ending.npy")):tolist())
        local file = np.load(path("ending.npz"))
        assert.same({{1, 2}, {0, 1, 2}, {4}}, {file.arr_0:tolist(), file.arr_1:tolist(), file.z:tolist()})
    end)
end)

-- ---- mapping

describe("mapped files", function()
    local file = path("map.npy")

    before_each(function()
        np.save(file, np.arange(6):reshape(2, 3))
    end)

    it("are read-only, copied on writing, or shared", function()
        local x = ts.load(file, {map = "r"})
        assert.has_error(function() x:fill(1) end)
        assert.equal("readonly", ts.last_error().kind)
        local y = ts.load(file, {map = "c"})
        y:fill(7)
        assert.equal(5, x[{2, 3}])
        assert.equal(5, np.load(file)[{2, 3}])
        local z = ts.load(file, {map = "r+"})
        z[{2, 3}] = 9
        assert.equal(9, x[{2, 3}])
        assert.equal(7, y[{2, 3}])
        assert.equal(9, np.load(file)[{2, 3}])
        assert.equal("map.npy", x:origin().label)
        assert.has_error(function() ts.load(file, {map = "w"}) end)
    end)

    it("are so in every format, and revoked by close", function()
        for _, format in ipairs {"npz", "safetensors", "pt"} do
            local name = path("map." .. format)
            ts.save(name, {x = np.arange(6), y = np.arange(3)})
            local before = read(name)
            local kept = ts.load(name, {map = "r"})
            assert.is_false((pcall(kept.x.fill_ or kept.x.fill, kept.x, 1)))
            assert.equal("readonly", ts.last_error().kind)
            local copied = ts.load(name, {map = "c"})
            copied.x[3] = 7
            assert.equal(7, copied.x[3])
            assert.equal(2, kept.x[3])
            assert.equal(before, read(name))
            if format == "safetensors" then
                ts.load(name, {map = "r+"}).x[3] = 9
                assert.equal(9, kept.x[3])
                assert.equal(9, ts.load(name).x[3])
            end
            local x, view = kept.x, torch.as_tensor(kept.x)["2:"]
            local expected = x:tolist()
            ts.save(name, {x = kept.x, y = np.arange(4)}) -- over itself
            assert.same(expected, x:tolist())
            assert.same(expected, ts.load(name).x:tolist())
            assert.equal(4, ts.load(name).y.shape[1])
            kept:close()
            assert.has_error(function() return view:sum() end)
            assert.equal("revoked", ts.last_error().kind)
        end
    end)

    it("may lie at any address, and work as others do", function()
        local others = {bool = "BOOL", bfloat16 = "BF16"}
        for _, dtype in ipairs(dtypes) do
            local name = path("unaligned.safetensors")
            local x = (np.arange(600) % 11):astype(dtype):reshape(20, 30)
            local size = x.itemsize
            local stored = others[dtype] or dtype:sub(1, 1):upper() .. dtype:match("%d+")
            if not no_safetensors[dtype] then
                local head = ('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"%s","shape":[20,30],'
                    .. '"data_offsets":[1,%d]}}'):format(stored, 1 + 600 * size)
                head = head .. (" "):rep(#head % 2) -- the numbers begin at an odd place
                write(name, string.char(#head) .. ("\0"):rep(7) .. head .. "!" .. x:tobytes())
                for _, map in ipairs {false, "r", "c"} do
                    local y = np.asarray(ts.load(name, {map = map}).x)
                    if map then
                        assert.equal(size == 1, y.flags.aligned, dtype)
                    end
                    for what, f in pairs {
                        bytes = function(a) return a end, columns = function(a) return a.T:copy() end,
                        sum = function(a) return a:sum(1) end, double = function(a) return a + a end,
                        part = function(a) return a["2:19:3, ::-2"]:copy() end,
                        cast = function(a) return a:astype("float32") end,
                        where = function(a) return np.where(a:ne(3), a, 1) end,
                        item = function(a) return a[{4, 5}] end,
                        joined = function(a) return np.concatenate({a, a}) end,
                        largest = function(a) return a:argmax(2) end,
                        mean = function(a) return torch.as_tensor(a):to(torch.float32):mean() end,
                    } do
                        local expected, found = f(x), f(y)
                        local same = type(expected) == "userdata" and expected.tobytes and
                            expected:tobytes() == found:tobytes() or expected == found
                        assert(same, ("%s of %s, map %s"):format(what, dtype, tostring(map)))
                    end
                    if map == "c" then
                        y:fill(1)
                        y[{2, 3}] = 0
                        assert.equal(599, np.asarray(y):ne(0):sum():item())
                    end
                end
            end
        end
    end)

    --- Calls visit(at, array) for the arrays in what a file gave.
    local function each_array(value, at, visit)
        if np.isarray(value) or torch.is_tensor(value) then
            visit(at, value)
        elseif type(value) == "userdata" then -- an open file
            for _, entry in ipairs(value:names()) do
                each_array(value:get(entry), at .. "." .. entry, visit)
            end
        elseif type(value) == "table" then
            for key, entry in pairs(value) do
                each_array(entry, at .. "." .. tostring(key), visit)
            end
        end
    end

    it("are views that know it where the byte order is another, whatever the format", function()
        local swapped = 0
        for _, name in ipairs {"d_f8be.npy", "r_plain.npy", "big.pt", "later_big.pt"} do
            local which = oracle .. "/" .. name
            for _, map in ipairs {"r", "c"} do
                local loaded, mapped = {}, 0
                each_array(ts.load(which), name, function(at, array) loaded[at] = array end)
                each_array(ts.load(which, {map = map}), name, function(at, array)
                    mapped = mapped + 1
                    swapped = swapped + (np.asarray(array).flags.native and 0 or 1)
                    assert.is_true(np.asarray(loaded[at]).flags.native)
                    assert.equal(tostring(loaded[at]), tostring(array))
                    assert.equal(loaded[at]:tobytes(), array:tobytes(), at)
                end)
                assert.is_true(mapped > 0, name)
            end
        end
        assert.is_true(swapped >= 8, tostring(swapped))
        assert.is_false(np.load(oracle .. "/d_f8be.npy", {mmap_mode = "r"}).flags.native)
        each_array(torch.load(oracle .. "/big.pt", {mmap = true}), "big.pt", function(_, array)
            assert.is_false(np.asarray(array).flags.native)
        end)
    end)

    it("of an archive are not compared with their check sums, which reading does", function()
        for kind, save in pairs {npz = function(name) np.savez(name, {x = np.full(100, 7, {dtype = "uint8"})}) end,
            pt = function(name) torch.save({x = torch.full({100}, 7, {dtype = "uint8"})}, name) end} do
            local name = path("flipped." .. kind)
            save(name)
            local bytes, times = read(name):gsub(("\7"):rep(100), ("\7"):rep(50) .. "\8" .. ("\7"):rep(49))
            assert.equal(1, times)
            write(name, bytes)
            local message = fails(name, function() return ts.load(name):get("x") end)
            assert(message:find("the check sum of member", 1, true), message)
            assert.equal("io", ts.last_error().kind)
            for _, map in ipairs {"r", "c"} do
                local opened = ts.load(name, {map = map})
                assert.equal(701, opened.x:sum():item())
                opened:close()
            end
            message = fails(name, ts.load, name, {map = "r+"})
            assert(message:find("map it read-only or copied", 1, true), message)
        end
    end)

    it("are revoked by close, in every view and once", function()
        local x, opened = ts.load(file, {map = "r"})
        local view, tensor = x[{2}], torch.from_numpy(x.T)
        assert.equal(3, view[1])
        opened:close()
        opened:close()
        for _, f in ipairs {
            function() return x[{1, 1}] end, function() return view[1] end, function() return tensor:sum() end,
            function() return x + 1 end,
        } do
            local fine, message = pcall(f)
            assert.is_false(fine)
            assert.is_truthy(message:find("map.npy", 1, true))
            assert.equal("revoked", ts.last_error().kind)
        end
        assert.equal("array(<revoked: map.npy>)", tostring(x))
        assert.has_error(function() return opened:get("") end)
        assert.equal("file: npy, 1 arrays, closed", tostring(opened))
    end)

    it("stay after the file object is gone", function()
        local x = ts.load(file, {map = "r"})
        collectgarbage()
        collectgarbage()
        assert.equal(5, x[{2, 3}])
        os.remove(file)
        assert.equal(5, x[{2, 3}])
    end)

    it("stay as they were when the file is saved over", function()
        local x = ts.load(file, {map = "r"})
        np.save(file, x * 10)
        assert.equal(5, x[{2, 3}])
        assert.equal(50, np.load(file)[{2, 3}])
        np.save(file, np.load(file, "r")) -- onto itself
        assert.equal(50, np.load(file)[{2, 3}])
    end)

    it("map on demand, one storage an array, and take no memory", function()
        local arrays = {}
        for i = 1, 20 do
            arrays["x" .. i] = np.full({1000}, i)
        end
        np.savez(path("on_demand.npz"), arrays)
        collectgarbage()
        local before = ts.memory()
        local opened = np.load(path("on_demand.npz"), "r")
        assert.equal(before.mapped, ts.memory().mapped)
        local x = opened.x7
        assert.equal(before.mapped + 8000, ts.memory().mapped)
        assert.equal(x:storage(), opened.x7:storage())
        assert.equal(7, x[1000])
        assert.is_true(ts.memory().current - before.current < 64 * 1024)
        opened:close()
        assert.equal(before.mapped, ts.memory().mapped)
    end)

    it("are noticed when they end too early", function()
        np.savez(path("short.npz"), {x = np.arange(1000)})
        local opened = ts.load(path("short.npz"))
        write(path("short.npz"), read(path("short.npz")):sub(1, 130))
        assert.is_truthy(fails("short.npz", opened.get, opened, "x"):find("ended at byte 130", 1, true))
        np.savez(path("short.npz"), {x = np.arange(1000)})
        opened = ts.load(path("short.npz"), {map = "r"})
        local bytes = read(path("short.npz"))
        assert.equal("1000", tostring(opened:info("x").shape[1]))
        local f = io.open(path("short.npz"), "wb") -- the same file, shorter
        f:write(bytes:sub(1, 4000))
        f:close()
        assert.is_truthy(fails("short.npz", opened.get, opened, "x"):find("became shorter", 1, true))
    end)

    it("close at the end of a block", function()
        local compile = loadstring or load -- luacheck: ignore 113
        if _VERSION < "Lua 5.4" then -- there are none
            assert.is_nil(compile("local x <close> = nil"))
            return
        end
        local x = assert(compile([[
            local np, file = ...
            local opened <close> = np.load(file, "r")
            assert(opened.x[3] == 2)
            return opened.x]]))
        np.savez(path("block.npz"), {x = np.arange(3)})
        assert.is_true(x(np, path("block.npz")):origin().revoked)
    end)
end)

teardown(function()
    os.execute("rm -rf " .. folder)
end)
