-- The programs as they are run: `tessera` with its options and its prompt, the example host `pixels`
-- with scripts that behave and scripts that do not, and the host that bindings/README.md prints.
local outside = dofile "spec/support/outside.lua"
local build, lua, root = outside.build, outside.lua, outside.root
local has = outside.has
local tessera = build .. "/host/" .. lua .. "/tessera"
local pixels = build .. "/host/" .. lua .. "/pixels"

local dir = os.tmpname()
os.remove(dir)
assert(os.execute("mkdir " .. dir))

local function file(name)
    return dir .. "/" .. name
end

local function write(name, text)
    return outside.write(file(name), text)
end

local function read(name)
    return outside.read(file(name))
end

-- Runs a shell command in an empty environment of Lua paths; returns output, errors, status.
local function sh(command, input)
    write("in", input or "")
    os.execute(("cd %s && (unset LUA_PATH LUA_CPATH TESSERA_ISA TESSERA_THREADS; %s) <in >out 2>err; echo $? >rc")
        :format(dir, command))
    return read("out"), read("err"), tonumber(read("rc"))
end

local function run(arguments, input)
    return sh(tessera .. " " .. arguments, input)
end

local function prints(expected, arguments, input)
    outside.printed(expected, run(arguments, input))
end

describe("tessera", function()
    it("runs a script with its arguments", function()
        write("a.lua", "print(select('#', ...), ..., arg[0], arg[1], arg[3], #arg, arg[-1] ~= nil)")
        prints("3\ta b\ta.lua\ta b\t-i\t3\ttrue\n", "a.lua 'a b' '' -i")
        prints("0\tnil\ta.lua\tnil\tnil\t0\ttrue\n", "-- a.lua")
    end)

    it("has the library inside, with all capabilities, and no globals for scripts", function()
        write("b.lua", [[
            package.path, package.cpath = "", ""
            assert(ts == nil and torch == nil and np == nil)
            local ts = require "tessera"
            assert(require "tessera.torch" == ts.torch and require "tessera.numpy" == ts.np)
            assert(ts.np.zeros(2):data_ptr() ~= 0)
            print(ts.torch.tensor({{1, 2}, {3, 4}}, {dtype = ts.int64}):numpy())]])
        prints("array([[1, 2],\n       [3, 4]])\n", "b.lua")
    end)

    it("reports an error with a traceback and status 1", function()
        write("c.lua", "print 'before'\nlocal function inner() error('broken') end\ninner()\n")
        local out, err, status = run("c.lua")
        assert.are.equal("before\n", out)
        assert.are.equal("tessera: c.lua:2: broken\nstack traceback:\n",
            err:match("^[^\n]*\n[^\n]*\n"))
        has(err, "c.lua:3:")
        assert.are.equal(1, status)
        for code, message in pairs {
            ["error(setmetatable({}, {__tostring = function() return 'mine' end}))"] = "tessera: mine",
            ["error({})"] = "tessera: (error object is a table value)",
            ["error()"] = "tessera: (error object is a nil value)",
            ["x = = 1"] = "tessera: (command line):1:",
            ["np.zeros(2):get(5)"] = "tessera: (command line):1: get: ",
        } do
            out, err, status = run(('-e "%s"'):format(code))
            has(err, message)
            assert.are.equal("", out)
            assert.are.equal(1, status)
        end
        out, err, status = run("missing.lua")
        assert(out == "" and status == 1)
        has(err, "tessera: cannot open missing.lua")
        write("syntax.lua", "local = 1")
        out, err, status = run("syntax.lua")
        assert(out == "" and status == 1)
        has(err, "tessera: syntax.lua:1:")
    end)

    it("lets os.exit choose the status", function()
        assert.are.equal(7, select(3, run("-e 'os.exit(7)'")))
    end)

    it("runs -e in order, with ts, torch and np defined, then the script", function()
        write("d.lua", "print(x, np ~= nil, ...)")
        prints("2\ttrue\ty\n", "-e 'x = 1' -e'x = x + 1' d.lua y")
        prints("tensor([1., 1.]) array([0., 0.]) true\n",
            [[-e "print(tostring(torch.ones(2)) .. ' ' .. tostring(np.zeros(2)), ts.np == np)" | tr '\t' ' ']])
        local out, err, status = run("-e 'error(\"first\")' -e 'print(2)' d.lua")
        assert(out == "" and status == 1)
        has(err, "tessera: (command line):1: first")
    end)

    it("requires with -l", function()
        write("mod.lua", "return {name = ...}")
        write("e.lua", "print(mod and mod.name, m and m.name)")
        prints("mod\tnil\n", "-l mod e.lua")
        prints("nil\tmod\n", "-lm=mod e.lua")
        local _, err, status = run("-l nothing e.lua")
        assert.are.equal(1, status)
        has(err, "module 'nothing' not found")
    end)

    it("runs standard input", function()
        prints("a\tb\n", "- a b", "print(...)")
        prints("12\n", "", "print(3 * 4)")
        local _, err, status = run("-", "\nerror 'here'")
        assert.are.equal(1, status)
        has(err, "stdin:2: here")
        write("-", "print 'a file'")
        prints("a file\n", "-- -", "print 'not this'")
    end)

    it("shows versions and help, and refuses what it does not know", function()
        local out, err, status = run("-v")
        assert(err == "" and status == 0)
        assert.are.equal(lua == "jit" and "LuaJIT 2" or "Lua " .. lua,
            out:match("^Tessera %d+%.%d+%.%d+ %(kernels: %w+%), (%w+ [%d.]+)"):sub(1, lua == "jit" and 8 or 7))
        out, err, status = run("--help")
        assert(err == "" and status == 0)
        for _, option in ipairs {"-e CODE", "-i", "-l NAME", "-v", "--help", "TESSERA_ISA", "TESSERA_THREADS"} do
            has(out, option)
        end
        for _, wrong in ipairs {"-x", "--nothing", "-ix", "-vv", "-e", "-l"} do
            out, err, status = run(wrong)
            assert(out == "" and status == 1)
            has(err, ("'%s'\nusage: tessera"):format(wrong))
        end
    end)

    it("takes the kernel level from TESSERA_ISA", function()
        local out = sh("TESSERA_ISA=base " .. tessera .. " -v -e 'print(ts.isa())'")
        assert(out:find("^Tessera [%d.]+ %(kernels: base%)"))
        assert.are.equal("base", out:match("\n(.*)\n$"))
        local best = run("-e 'print(ts.isa())'")
        assert.are.equal(best, (sh("TESSERA_ISA= " .. tessera .. " -e 'print(ts.isa())'")))
        local err, status
        out, err, status = sh("TESSERA_ISA=v9 " .. tessera .. " -e 'print(1)'")
        assert(out == "" and status == 1)
        has(err, "v9")
    end)

    it("runs on all processors, or as many threads as TESSERA_THREADS says", function()
        local get = tessera .. " -e 'print(ts.get_threads())'"
        assert.are.equal(sh("nproc"), (sh(get)))
        assert.are.equal(sh("nproc"), (sh("TESSERA_THREADS= " .. get)))
        assert.are.equal("3\n", (sh("TESSERA_THREADS=3 " .. get)))
        for _, wrong in ipairs {"-1", "two", "2x", "1e3", "99999999999999999999"} do
            local out, err, status = sh("TESSERA_THREADS=" .. wrong .. " " .. get)
            assert(out == "" and status == 1)
            has(err, "TESSERA_THREADS")
        end
    end)

    describe("prompt", function()
        -- What is printed after the banner for the input lines, with the prompts taken out.
        local function session(input, options)
            local out, err, status = run((options or "") .. " -i", input)
            assert.are.equal(0, status)
            out = out:gsub("^Tessera[^\n]*\n", ""):gsub("\n$", "")
            return out, err
        end

        it("prints the values of expressions", function()
            assert.are.equal("> 3\n> > 1\tnil\tx\n> 7\n> ", (session("1 + 2\n\n1, nil, 'x'\n= 7\n")))
            assert.are.equal("> > 5\n> tensor([1, 2])\n> array([0., 0.])\n> true\n> ",
                (session("a = 5\na\ntorch.tensor({1, 2}, {dtype = ts.int64})\nnp.zeros(2)\nts.np == np\n")))
        end)

        it("continues what is not finished", function()
            assert.are.equal("> >> >> 1\n2\n> >> 3\n> >> >> 12\n> ", (session(
                "for i = 1, 2 do\nprint(i)\nend\n1 +\n2\n(function()\nreturn 12\nend)()\n")))
            local out, err = session("print(1\n")
            assert.are.equal("> >> > ", out)
            has(err, "<eof>")
        end)

        it("goes on after errors", function()
            local out, err = session("do error('one') end\nx = = 1\nlocal t = nil; t.x = 1\n"
                .. "do np.zeros(2):get(3) end\n'on'\n")
            assert.are.equal("> > > > > on\n> ", out)
            for _, message in ipairs {
                "tessera: stdin:1: one\nstack traceback:", "tessera: stdin:1: unexpected symbol",
                "attempt to index", "tessera: stdin:1: get: ",
            } do
                has(err, message)
            end
        end)

        it("survives a print that fails, and long lines", function()
            local out, err = session("setmetatable({}, {__tostring = function() error 'no' end})\n#'"
                .. ("x"):rep(5000) .. "'\n")
            assert.are.equal("> > 5000\n> ", out)
            has(err, "no")
        end)

        it("comes after the script and -e, also after a failed script", function()
            write("f.lua", "x = 1; error 'script'")
            local out, err = session("x, y\n", "-e 'y = 2'")
            assert.are.equal("> nil\t2\n> ", out)
            assert.are.equal("", err)
            out, err = run("-i f.lua", "x\n")
            has(out, "> 1\n> ")
            has(err, "f.lua:1: script")
        end)
    end)
end)

-- Pictures of other kinds than 8-bit RGBA: 2 x 1 grey, 2 x 1 with a palette, 1 x 2 RGB.
local pictures = {
    grey = "89504e470d0a1a0a0000000d4948445200000002000000010800000000d14920560000000b4944415478da63"
        .. "6038010000cb00c9fa6cb48b0000000049454e44ae426082",
    palette = "89504e470d0a1a0a0000000d4948445200000002000000010203000000894c971900000006504c54450a14"
        .. "1efa008074b1fe610000000a4944415478da637000000042004184bf8e620000000049454e44ae426082",
    rgb = "89504e470d0a1a0a0000000d494844520000000100000002080200000016e32170000000104944415478da6360"
        .. "6462666061650300004600169ff467f00000000049454e44ae426082",
}

describe("pixels", function()
    setup(function()
        for name, hex in pairs(pictures) do
            write(name .. ".png", (hex:gsub("%x%x", function(byte)
                return string.char(tonumber(byte, 16))
            end)))
        end
        local _, err, status = sh(build .. "/host/" .. lua .. "/picture p.png 64 48")
        assert(status == 0, err)
    end)
    -- Runs SCRIPT on a picture into q.png.
    local function edit(script, picture)
        os.remove(file("q.png"))
        write("s.lua", script)
        return sh(pixels .. " s.lua " .. picture .. " q.png")
    end

    -- A picture's shape and bytes as a script sees them.
    local function dump(picture)
        write("dump.lua", [[
            return function(p)
                local f = io.open("dump", "wb")
                f:write(p:tobytes())
                f:close()
                print(p.shape[1], p.shape[2], p.shape[3], p.dtype)
            end]])
        local out, err, status = sh(pixels .. " dump.lua " .. picture .. " again.png")
        assert(status == 0, err)
        return (out:gsub("[\t\n]", " ")), read("dump")
    end

    it("lends any picture as height x width x 4 bytes", function()
        for name, expected in pairs {
            p = "48 64 4 ", grey = "1 2 4 ", palette = "1 2 4 ", rgb = "2 1 4 ",
        } do
            has((dump(name .. ".png")), expected)
            has((dump(name .. ".png")), "uint8")
        end
        assert.are.equal("\0\0\0\255\200\200\200\255", (select(2, dump("grey.png"))))
        assert.are.equal("\250\0\128\255\10\20\30\255", (select(2, dump("palette.png"))))
        assert.are.equal("\1\2\3\255\4\5\6\255", (select(2, dump("rgb.png"))))
    end)

    it("writes what the script did in place", function()
        local _, before = dump("p.png")
        edit("return function(p) end", "p.png")
        assert(select(2, dump("q.png")) == before)
        local out, err, status = edit([[
            local ts = require "tessera"
            return function(p)
                local o = p:origin()
                print(o.kind, o.label, o.readonly)
                p[{2, 3, 1}] = 9
                ts.torch.from_numpy(p)[{48, 64, 4}] = 7
                assert(ts.copies() == 0)
            end]], "p.png")
        assert.are.equal("lent\tpixels\tfalse\n", out)
        assert(err == "" and status == 0)
        local _, after = dump("q.png")
        local changed = (64 + 2) * 4
        assert.are.equal(before:sub(1, changed) .. "\9" .. before:sub(changed + 2, -2) .. "\7", after)
    end)

    it("writes the part that the script returns, whatever its layout", function()
        local _, before = dump("p.png")
        edit("return function(p) return p['40:2:-2, 11:20'] end", "p.png")
        local shape, after = dump("q.png")
        has(shape, "20 10 4 ")
        local rows = {}
        for y = 40, 2, -2 do
            rows[#rows + 1] = before:sub(((y - 1) * 64 + 10) * 4 + 1, ((y - 1) * 64 + 20) * 4)
        end
        assert(after == table.concat(rows))
        edit("return function() return require('tessera.torch').full({1, 1, 4}, 3, {dtype = 'uint8'}) end",
            "p.png")
        assert.are.equal("\3\3\3\3", (select(2, dump("q.png"))))
    end)

    it("takes the memory back before after() is called", function()
        local out, err, status = edit([[
            local torch, kept, tensor = require "tessera.torch"
            return function(p)
                kept, tensor = p["::-1"], torch.from_numpy(p):select(3, 1)
                kept[{1, 1, 1}] = 1
            end, function()
                print(tostring(kept), tostring(tensor))
                print(select(2, pcall(kept.get, kept, 1, 1, 1)))
                print(select(2, pcall(tensor.fill_, tensor, 0)))
                tensor:tolist()
            end]], "p.png")
        assert.are.equal("array(<revoked: pixels>)\ttensor(<revoked: pixels>)\n"
            .. "get: storage was revoked by its host (pixels)\n"
            .. "fill_: storage was revoked by its host (pixels)\n", (out:gsub("s.lua:%d+: ", "")))
        has(err, "pixels: after: ")
        has(err, "s.lua:9: tolist: storage was revoked by its host (pixels)")
        assert.are.equal(1, status)
        assert(read("q.png"), "the picture is written all the same")
    end)

    it("gives no pointers to scripts", function()
        local _, err, status = edit("return function(p) p:data_ptr() end", "p.png")
        assert.are.equal(1, status)
        has(err, "data_ptr: raw pointers are not allowed by the host")
    end)

    it("writes nothing when something is wrong, and says what", function()
        for script, message in pairs {
            ["return 1"] = "s.lua: must return a function",
            ["return = 1"] = "pixels: load: ",
            ["error 'at once'"] = "pixels: script: ",
            ["return function(p) error 'inside' end"] = "s.lua:1: inside",
            ["return function(p) p:get(99, 1, 1) end"] = "s.lua:1: get: ",
            ["return function(p) error({}) end"] = "an error that is no text",
            ["return function(p) return 3 end"] = "must return nothing, or an array of",
            ["return function(p) return p[1] end"] = "must return nothing, or an array of",
            ["return function(p) return p['1:0'] end"] = "must return nothing, or an array of",
            ["return function(p) return p['..., 1:3'] end"] = "must return nothing, or an array of",
            ["return function(p) return require('tessera.numpy').zeros(2, 2, 4) end"] =
                "must return nothing, or an array of",
            ["return function(p) require('tessera').np.zeros(2^28) end"] = "quota",
        } do
            local _, err, status = edit(script, "p.png")
            has(err, message)
            assert.are.equal(1, status)
            assert.is_nil(read("q.png"))
        end
        local _, err, status = edit("return function() end", "missing.png")
        assert(status == 1)
        has(err, "pixels: missing.png: ")
        write("text.png", "no picture")
        _, err, status = edit("return function() end", "text.png")
        assert(status == 1)
        has(err, "text.png: ")
        _, err, status = sh(pixels .. " s.lua p.png nowhere/q.png")
        assert(status == 1)
        has(err, "pixels: nowhere/q.png: ")
        _, err, status = sh(pixels)
        assert(status == 1)
        has(err, "usage: pixels")
    end)

    -- The script of `make run`: what it says that it does.
    it("crops, mirrors, exchanges channels and frames", function()
        local examples = root .. "/scripts/examples/"
        assert.are.equal(0, select(3, sh(build .. "/host/" .. lua .. "/picture big.png 100 80")))
        local out, err, status = sh(pixels .. " " .. examples .. "pixels_edit.lua big.png r.png")
        assert(err == "" and status == 0)
        has(out, "implicit copies: 0")
        local _, before = dump("big.png")
        local shape, after = dump("r.png")
        local height, width, margin, frame = 32, 52, 24, 6
        has(shape, "32 52 4 ")
        local expected = {}
        for y = 1, height do
            for x = 1, width do
                local mirrored = y > height / 2
                local at = ((margin + (mirrored and height + 1 - y or y) - 1) * 100 + margin + x - 1) * 4
                local pixel = before:sub(at + 1, at + 4)
                if math.min(x, y, width + 1 - x, height + 1 - y) <= frame then
                    pixel = "\255\215\120\255"
                elseif mirrored then
                    pixel = pixel:sub(1, 3):reverse() .. pixel:sub(4)
                end
                expected[#expected + 1] = pixel
            end
        end
        assert(after == table.concat(expected))
    end)

    it("shows the errors of a script that keeps the picture", function()
        local out, err, status = sh(pixels .. " " .. root .. "/scripts/examples/pixels_keep.lua p.png r.png")
        assert(err == "" and status == 0)
        has(out, "after: array(<revoked: pixels>)\n")
        assert(out:find("read:  [^\n]*: index: storage was revoked by its host %(pixels%)\n"))
        assert(out:find("write: [^\n]*: fill_: storage was revoked by its host %(pixels%)\n"))
    end)
end)

describe("the viewer", function()
    local viewer = "SDL_VIDEODRIVER=dummy " .. build .. "/host/" .. lua .. "/viewer "

    it("shows what the script draws, the pixels of plain C, and copies nothing", function()
        local out, err, status = sh(viewer .. root .. "/scripts/examples/pond.lua 47 compare")
        assert.are.equal("", err)
        has(out, "47 frames of 1280 x 720 (dummy)")
        has(out, "implicit copies: 0\n")
        has(out, "pixels that differ from plain C's: 0\n")
        assert.are.equal(0, status)
        write("other.lua", "local pond = dofile('" .. root .. [[/scripts/examples/pond.lua')
            return function(pixels, ...) pond(pixels, ...) pixels[{9, 1280}] = 0 end]])
        out, err, status = sh(viewer .. "other.lua 3 compare")
        assert.are.equal("", err)
        has(out, "pixels that differ from plain C's: 3\n")
        assert.are.equal(1, status)
    end)

    it("takes its pixels back after each frame", function()
        write("keeps.lua", [[
            local kept
            return function(pixels)
                if kept then
                    print(kept, (select(2, pcall(kept.fill, kept, 0))))
                end
                kept = pixels
            end]])
        local out, err, status = sh(viewer .. "keeps.lua 2")
        assert(err == "" and status == 0)
        has(out, "array(<revoked: the window>)\tkeeps.lua:4: fill: storage was revoked by its host (the window)\n")
    end)

    it("ends with the script's error", function()
        write("fails.lua", "return function() error('no picture') end")
        local out, err, status = sh(viewer .. "fails.lua 9")
        assert(out == "" and status == 1)
        assert.are.equal("viewer: frame: fails.lua:1: no picture\n", err)
    end)
end)

describe("executor", function()
    -- the script checks its sums; the host's is 50 times that of i * i for i to 1000
    local function works(threads, jobs)
        local out, err, status = sh(("%s/host/%s/executor %d"):format(build, lua, threads))
        assert.are.equal("", err)
        local library = ("%d threads\n"):format(threads)
        assert.are.equal(("%s%d threads in the process, %s jobs of the library\n%sthe host's own sum: 16691675000\n")
            :format(library, threads, jobs, library), out)
        assert.are.equal(0, status)
    end

    it("lets the library work on the host's threads, beside the host's own work, and starts none", function()
        works(4, "with")
        works(2, "with")
        works(1, "without")
    end)
end)

describe("bindings/README.md", function()
    teardown(function()
        os.execute("rm -r " .. dir)
    end)

    local text = assert(io.open(root .. "/bindings/README.md")):read("*a")
    local hosts = 0
    for name, after in text:gmatch("\n```c (%w+)%.c\n.-\n```\n(.-)\n#") do
        hosts = hosts + 1
        it("has a host that prints what stands behind it: " .. name, function()
            local expected = assert(after:match("^```text\n(.-\n)```"))
            local out, err, status = sh(build .. "/host/" .. lua .. "/guide/" .. name)
            assert.are.equal("", err)
            assert.are.equal(expected, out)
            assert.are.equal(0, status)
        end)
    end

    it("has all of its hosts tested", function()
        local _, fences = text:gsub("\n```c ", "")
        assert(hosts >= 5 and hosts == fences)
    end)
end)
