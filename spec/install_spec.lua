-- `make install` into an empty place, the module from there in hosts of every kind, and `make uninstall`.
-- The files are installed once, below; what the Lua-side loader must cope with comes out of what hosts do.
local outside = dofile "spec/support/outside.lua"
local build, lua, root = outside.build, outside.lua, outside.root
local has, read = outside.has, outside.read
local at = lua == "jit" and "5.1" or lua
local name = lua == "jit" and "luajit" or "lua" .. lua
local hosts = build .. "/spec/" .. lua .. "/"

local dir = os.tmpname()
os.remove(dir)
assert(os.execute("mkdir " .. dir))
local prefix = dir .. "/usr"
local share, lib = prefix .. "/share/lua/" .. at, prefix .. "/lib/lua/" .. at

local function write(file, text)
    return outside.write(dir .. "/" .. file, text)
end

-- Output, errors and status of a shell command.
local function sh(command)
    local clean = "unset LUA_PATH LUA_CPATH LUA_INIT MAKEFLAGS MFLAGS MAKELEVEL"
    os.execute(("cd %s && (%s; cd %s; %s) >out 2>err; echo $? >rc"):format(dir, clean, root, command))
    return read(dir .. "/out"), read(dir .. "/err"), tonumber(read(dir .. "/rc"))
end

local function ok(command)
    local out, err, status = sh(command)
    assert(status == 0 and err == "", command .. "\n" .. out .. err)
    return out
end

local function make(target, more)
    return ok(("make -s %s BUILD=%s LUA=%s LUAS=%s %s"):format(target, build, lua, lua, more))
end

-- The files and directories below a directory, by name.
local function tree(below)
    local list = {}
    for path in ok("cd " .. below .. " && find . -mindepth 1 | LC_ALL=C sort"):gmatch("[^\n]+") do
        list[#list + 1] = path
    end
    return table.concat(list, "\n")
end

-- Runs a script in a host; the paths where Lua looks for Lua files and for C modules.
local function run(host, script, path, cpath)
    return sh(("LUA_PATH='%s' LUA_CPATH='%s' %s %s"):format(path or share .. "/?.lua", cpath or "./none/?.so", host,
        write("script.lua", script)))
end

local function interpreter()
    return lua == "jit" and "luajit" or "lua" .. lua
end

local function prints(expected, ...)
    outside.printed(expected, run(...))
end

local work = [[
    local ts = require "tessera"
    local torch, np = require "tessera.torch", require "tessera.numpy"
    assert(ts.torch == torch and ts.np == np)
    print(np.arange(6):reshape(2, 3):sum(1):tolist()[3], torch.ones(2, 2):mean():item())
]]
local worked = at >= "5.3" and "7\t1.0\n" or "7\t1\n"

local package_files = [[lib/python3 lib/python3/dist-packages lib/python3/dist-packages/tessera]]
for _, module in ipairs {"__init__", "_array", "_errors", "_installed", "_lend", "_native", "_state"} do
    package_files = package_files .. " lib/python3/dist-packages/tessera/" .. module .. ".py"
end

setup(function()
    make("install", "PREFIX=" .. prefix)
end)

teardown(function()
    os.execute("rm -r " .. dir)
end)

describe("make install", function()
    it("puts libraries, headers, pkg-config files, the program and the module where they are looked for", function()
        local expected = {}
        for path in ([[
            bin bin/tessera include include/tessera.h include/tessera_lua.h
            lib lib/libtessera.a lib/libtessera.so lib/libtessera.so.1
            lib/libtessera_NAME.a lib/libtessera_NAME.so lib/libtessera_NAME.so.1
            lib/lua lib/lua/AT lib/lua/AT/tessera.so
            lib/pkgconfig lib/pkgconfig/tessera-NAME.pc lib/pkgconfig/tessera.pc
            share share/lua share/lua/AT share/lua/AT/tessera share/lua/AT/tessera.lua share/lua/AT/tessera/ffi.lua
            share/lua/AT/tessera/numpy.lua share/lua/AT/tessera/torch.lua share/tessera share/tessera/installed
            ]] .. (lua == "5.4" and package_files or "")):gsub("NAME", name):gsub("AT", at):gmatch("%S+") do
            expected[#expected + 1] = "./" .. path
        end
        table.sort(expected)
        assert.are.equal(table.concat(expected, "\n"), tree(prefix))
    end)

    it("gives the program", function()
        assert.are.equal("array([1., 1.])\n", ok(prefix .. "/bin/tessera -e 'print(np.ones(2))'"))
    end)

    it("names the shared libraries by their ABI, and strips them", function()
        for _, one in ipairs {"libtessera", "libtessera_" .. name} do
            local file = prefix .. "/lib/" .. one .. ".so"
            has(ok("objdump -p " .. file), "SONAME               " .. one .. ".so.1\n")
            has(select(2, sh("nm " .. file)), "no symbols")
        end
    end)

    if lua == "5.4" then
        it("gives the Python package, which finds its library, and takes what Python compiled away too", function()
            local site = dir .. "/opt/site"
            local where = ("PREFIX=%s/opt PYTHON_SITE=%s"):format(dir, site)
            ok("mkdir -p " .. dir .. "/opt/share")
            make("install", where)
            local script = write("installed.py", "import tessera, tessera._native as native\n"
                .. "print(tessera.State().run('return ts.np.arange(x):sum():item()', x=4), native.lib._name)\n")
            local env = "env -u TESSERA_LIBRARY -u PYTHONDONTWRITEBYTECODE PYTHONPATH=" .. site
            local out = ok(env .. " /usr/bin/python3 " .. script)
            assert.are.equal(("6 %s/opt/lib/libtessera_lua5.4.so.1\n"):format(dir), out)
            has(tree(site), "./tessera/__pycache__/_native.")
            make("uninstall", where)
            assert.are.equal("./share", tree(dir .. "/opt"))
        end)
    end

    it("stages under DESTDIR, and is undone exactly", function()
        local stage = dir .. "/stage"
        local where = ("PREFIX=/opt/t DESTDIR=%s LIBDIR=/opt/t/lib64"):format(stage)
        ok("mkdir -p " .. stage .. "/opt/t/share/lua/" .. at)
        ok("echo mine > " .. stage .. "/opt/t/share/lua/" .. at .. "/mine.lua")
        local before = tree(stage)
        make("install", where)
        local once = tree(stage)
        has(once, "./opt/t/lib64/pkgconfig/tessera.pc")
        has(read(stage .. "/opt/t/lib64/pkgconfig/tessera.pc"), "\nlibdir=/opt/t/lib64\n")
        make("install", where) -- over itself
        assert.are.equal(once, tree(stage))
        ok("echo more > " .. stage .. "/opt/t/include/more.h")
        make("uninstall", where)
        assert.are.equal(before, (tree(stage):gsub("%./opt/t/include\n%./opt/t/include/more%.h\n", "")))
        local _, err, status = sh(("make -s uninstall %s"):format(where))
        assert.are_not.equal(0, status)
        has(err, "there is nothing of ours under " .. stage .. "/opt/t")
    end)
end)

describe("the installed libraries", function()
    local text = assert(io.open(root .. "/bindings/README.md")):read("*a")
    local command = assert(text:match("\n    (cc host%.c [^\n]*pkg%-config[^\n]*)\n"))
    local env = ("cd %s && export PKG_CONFIG_PATH=%s/lib/pkgconfig LD_LIBRARY_PATH=%s/lib && ")
        :format(dir, prefix, prefix)

    for host, code, expected in text:gmatch("\n```c (%w+)%.c\n(.-\n)```\n```text\n(.-\n)```\n") do
        it("compile the guide's " .. host .. ".c by its command, and run it", function()
            write(host .. ".c", code)
            ok(env .. command:gsub("host", host):gsub("lua5%.4", name))
            assert.are.equal(expected, ok(env .. "./" .. host))
        end)
    end

    it("are the static ones, when that is asked for", function()
        write("static.c", text:match("\n```c host%.c\n(.-\n)```\n"))
        local libraries = ("%s/lib/libtessera_%s.a $(pkg-config --libs %s) -lm"):format(prefix, name, name)
        ok(env .. ("cc static.c $(pkg-config --cflags tessera-%s) -o static "):format(name) .. libraries)
        has(ok("cd " .. dir .. " && ./static"), "samples[2] is 0.5 now\n")
        local _, loads = ok("objdump -p " .. dir .. "/static"):gsub("libtessera", "")
        assert.are.equal(0, loads)
    end)

    it("serve C without Lua", function()
        write("plain.c", "#include <stdio.h>\n#include <tessera.h>\n" ..
            "int main(void) { printf(\"%d\\n\", tsr_abi() == TSR_ABI); return 0; }\n")
        ok(env .. "cc plain.c $(pkg-config --cflags --libs tessera) -o plain")
        assert.are.equal("1\n", ok(env .. "./plain"))
    end)
end)

describe("the installed module", function()
    it("is found by either path, and by both", function()
        prints(worked, interpreter(), work)
        prints(worked, interpreter(), work, "./none/?.lua", lib .. "/?.so")
        prints(worked, interpreter(), work, nil, lib .. "/?.so")
        for _, module in ipairs {"tessera.numpy", "tessera.torch"} do -- first of all
            local script = ("local m = require '%s' print(#m.zeros(3))"):format(module)
            prints("3\n", interpreter(), script)
        end
    end)

    it("serves Lua 5.1 and LuaJIT alike, which look in the same place", function()
        for _, other in ipairs(at == "5.1" and {"lua5.1", "luajit"} or {}) do
            if select(3, sh("command -v " .. other)) == 0 then
                prints(worked, other, work)
            end
        end
    end)

    it("is the one of package.cpath, when there is one", function()
        ok(("mkdir -p %s/other && cp %s/tessera.so %s/other/"):format(dir, lib, dir))
        local script = [[
            require "tessera"
            for line in io.open("/proc/self/maps"):lines() do
                local path = line:match("(/%S*/tessera%.so)$")
                if path then print(path) break end
            end]]
        prints(dir .. "/other/tessera.so\n", interpreter(), script, nil, dir .. "/other/?.so;;")
        prints(lib .. "/tessera.so\n", interpreter(), script)
    end)

    it("loads in a host that keeps its liblua to itself", function()
        local out, err, status = run(hosts .. "closed_host " .. hosts .. "closed_plugin.so", work)
        if lua == "5.1" then
            assert(status ~= 0 and out == "")
            has(err, "undefined symbol: lua_")
            has(err, "(the host does not show its Lua to modules, and Lua 5.1 has no way to change that)")
        else
            assert.are.equal("", err)
            assert.are.equal(worked, out)
            assert.are.equal(0, status)
        end
    end)

    it("needs no io for that", function()
        local _, err, status = run(hosts .. "closed_host " .. hosts .. "closed_plugin.so",
            "io, os, debug = nil, nil, nil; require 'tessera'")
        assert((status == 0) == (lua ~= "5.1"), err)
    end)

    it("says what it did where the host has Lua inside and shows none of it", function()
        local out, err, status = run(hosts .. "hidden_host", work)
        assert(status ~= 0 and out == "")
        has(err, "tessera.so: undefined symbol: lua")
        has(err, lua == "5.1" and "Lua 5.1 has no way" or "has no liblua file that could be shown to them")
    end)

    it("refuses the state of another Lua, where Lua can tell them apart", function()
        if lua == "5.2" or lua == "5.3" then
            local _, err, status = run(("env LD_PRELOAD=liblua%s.so.0 %shidden_host"):format(lua, hosts), work)
            assert.are_not.equal(0, status)
            has(err, "multiple Lua VMs detected")
        end
    end)

    it("says so when it is not there, and when it is none", function()
        local moved, module = dir .. "/moved/share/lua/" .. at, dir .. "/moved/lib/lua/" .. at
        ok(("mkdir -p %s %s && cp %s/tessera.lua %s"):format(moved, module, share, moved))
        local _, err, status = run(interpreter(), "require 'tessera'", moved .. "/?.lua")
        assert.are_not.equal(0, status)
        has(err, ("there is no ./none/tessera.so, nor %s/tessera.so"):format(module))
        ok(("echo no library >%s/tessera.so"):format(module))
        _, err, status = run(interpreter(), "require 'tessera'", moved .. "/?.lua")
        assert.are_not.equal(0, status)
        has(err, ("tessera: %s/tessera.so: file too short"):format(module))
    end)

    -- each is what some host does before a script asks for the library
    local customs = {
        ["without io, os and debug"] = "io, os, debug = nil, nil, nil",
        ["where asking for a global that is not there is an error"] = [[
            io, os, debug, jit, bit, arg, unpack, loadstring, utf8, bit32 = nil
            setmetatable(_G, {__index = function(_, key) error("undeclared " .. tostring(key)) end,
                __newindex = function(_, key) error("undeclared " .. tostring(key)) end})]],
        ["where globals come through a proxy"] = [=[
            local G, real, keys = _G, {}, {}
            for key, value in pairs(G) do real[key] = value keys[#keys + 1] = key end
            for i = 1, #keys do G[keys[i]] = nil end
            real.setmetatable(G, {__index = real})]=],
        ["where package.cpath cannot be written"] = [[
            local real = package
            package = setmetatable({}, {__index = real, __newindex = function() error("package is sealed") end})]],
        ["where select, next and others are the host's own"] = [[
            select = function() error("the host's select") end
            next, unpack, rawget, rawset, getmetatable, setmetatable = select, select, select, select, select, select]],
        ["inside a coroutine"] = "COROUTINE",
        ["where package.searchpath is gone"] = "package.searchpath = nil",
        ["under a decimal comma"] = [[
            for _, one in ipairs {"de_DE.UTF-8", "de_DE.utf8", "de_DE"} do
                if os.setlocale(one) then break end
            end]],
    }
    for custom, code in pairs(customs) do
        it("loads " .. custom, function()
            local script = code .. "\n" .. work
            if code == "COROUTINE" then
                script = "local co = coroutine.wrap(function()\n" .. work .. "\nend) co()"
            end
            local out, err, status = run(interpreter(), script)
            assert.are.equal("", err)
            assert.are.equal(worked, (out:gsub(",", ".")))
            assert.are.equal(0, status)
        end)
    end

    it("says so where there is no package.loadlib", function()
        for _, code in ipairs {"package.loadlib = nil", "package = nil"} do
            local _, err, status = run(interpreter(), code .. " require 'tessera'")
            assert.are_not.equal(0, status)
            has(err, "tessera: there is no package.loadlib to load the module with")
        end
    end)

    it("makes no global", function()
        prints("ok\n", interpreter(), [[
            local before = {}
            for key in pairs(_G) do before[key] = true end
            local ts = require "tessera"
            assert(ts.np.pad(ts.np.ones(3), 1):sum():item() == 3)
            for key in pairs(_G) do assert(before[key], key) end
            print("ok")]])
    end)
end)
