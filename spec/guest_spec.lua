-- What hosts do to a guest's Lua (HOSTS.md of the project; spec/c/guest.c does what they do to a process). Each
-- situation is made in an interpreter of its own, before the library is loaded and after, because files of the Lua
-- half are read when one of their names is first used. spec/support/guest_work.lua is what is done in it.
local outside = dofile "spec/support/outside.lua"
local build, lua, root = outside.build, outside.lua, outside.root
local script = os.tmpname()

local function sh(command)
    local pipe = io.popen(command .. " 2>&1; echo status $?")
    local text = pipe:read("*a")
    pipe:close()
    return text
end

-- Runs Lua code, in which `work` is what the guest does; `setting` is what the shell does before.
local function runs(code, setting)
    local f = assert(io.open(script, "wb"))
    f:write(("local write, work = io.write, dofile(%q)\n"):format(root .. "/spec/support/guest_work.lua"), code,
        "\nwrite('done\\n')\n")
    f:close()
    setting = setting or ("export LUA_PATH= LUA_CPATH=%s/lua/%s/?.so"):format(build, lua)
    local interpreter = lua == "jit" and "luajit" or "lua" .. lua
    assert.equal("done\nstatus 0\n", sh(("%s; %s %s"):format(setting, interpreter, script)))
end

teardown(function()
    os.remove(script)
end)

local situations = {
    ["without io, os, debug"] = "io, os, debug = nil, nil, nil",
    ["without any of the standard tables"] =
        "io, os, debug, coroutine, math, table, string, utf8, bit32, bit, jit = nil",
    ["where asking for an unknown global, or making one, is an error"] = [[
        io, os, debug = nil, nil, nil
        setmetatable(_G, {
            __index = function(_, key) error("undeclared " .. tostring(key)) end,
            __newindex = function(_, key) error("undeclared " .. tostring(key)) end,
            __metatable = "strict",
        })]],
    ["where _G is an empty proxy"] = [=[
        local names, real = {}, {}
        for key, value in pairs(_G) do
            names[#names + 1], real[key] = key, value
        end
        local G, set, count = _G, setmetatable, #names
        for i = 1, count do
            G[names[i]] = nil
        end
        set(G, {__index = real})]=],
    ["where all functions of the host's globals are others"] = [[
        local real = {pairs = pairs, type = type, require = require, print = print, error = error}
        for key, value in real.pairs(_G) do
            if real.type(value) == "function" and not real[key] then
                _G[key] = function() real.error("the host's " .. key) end
            end
        end
        for _, table in real.pairs {"math", "table"} do
            for key, value in real.pairs(_G[table]) do
                if real.type(value) == "function" then
                    _G[table][key] = function() real.error("the host's " .. key) end
                end
            end
        end
        pairs, type = function() real.error("pairs") end, function() real.error("type") end]],
    ["where select is the host's own"] = "function select(name) return name .. ' is selected' end",
    ["where math and table are sealed"] = [[
        local sealed = {__index = function(_, key) error("no " .. key) end}
        for key in pairs(math) do math[key] = nil end
        for key in pairs(table) do table[key] = nil end
        setmetatable(math, sealed)
        setmetatable(table, sealed)]],
    ["where package is sealed"] = [[
        package = setmetatable({}, {__index = package, __newindex = function() error("package is sealed") end})]],
    ["where numbers and nil have methods"] = [[
        if debug.setmetatable then
            local methods = {__index = function(x, key) return key end, __call = function() return "called" end}
            debug.setmetatable(1, methods)
            debug.setmetatable(nil, methods)
            debug.setmetatable(print, methods)
        end]],
}

describe("the library works", function()
    for name, code in pairs(situations) do
        it(name .. " from the beginning", function()
            runs(code .. "\nwork(require)")
        end)
        it(name .. " later", function()
            runs("local ts = require 'tessera'\n" .. code .. "\nwork(require)")
        end)
    end

    it("found in ./, where a host looks that reads no environment", function()
        runs("work(require)", ("unset LUA_PATH LUA_CPATH LUA_INIT; cd %s/lua/%s"):format(build, lua))
    end)

    it("and is installed below /usr/local where all of them look", function()
        runs(([[
            local at = "/lua/%s/"
            assert(package.cpath:find("/usr/local/lib" .. at .. "?.so", 1, true), package.cpath)
            assert(package.path:find("/usr/local/share" .. at .. "?.lua", 1, true), package.path)
        ]]):format(lua == "jit" and "5.1" or lua), "unset LUA_PATH LUA_CPATH LUA_INIT")
    end)

    it("loaded inside a coroutine, and used outside after that is dead", function()
        runs([[
            local wrap, collect = coroutine.wrap, collectgarbage
            local ts = wrap(function()
                local inner = wrap(function() return require "tessera" end)
                return inner()
            end)()
            collect()
            collect()
            assert(ts.np.pad(ts.np.ones(3), 1):sum():item() == 3)
            for _ = 1, 3 do
                wrap(function() work(require) end)()
                collect()
            end
            work(require)]])
    end)

    it("used by coroutines that take turns", function()
        runs([[
            local ts = require "tessera"
            local threads = {}
            for i = 1, 20 do
                threads[i] = coroutine.create(function()
                    local sum = ts.np.zeros(100)
                    for k = 1, 50 do
                        ts.np.add(sum, ts.np.full(100, i * k), {out = sum})
                        coroutine.yield()
                    end
                    return sum
                end)
            end
            for turn = 1, 51 do
                for i = 1, 20 do
                    local ok, sum = coroutine.resume(threads[i])
                    assert(ok, sum)
                    assert(turn < 51 or sum[100] == 1275 * i)
                end
            end]])
    end)

    it("and leaves the host's globals, paths, string methods and random numbers as they are", function()
        runs([[
            local function picture()
                local seen, lines = {}, {}
                local function walk(path, value)
                    lines[#lines + 1] = path .. " " .. tostring(value)
                    if type(value) == "table" and not seen[value] and value ~= lines and value ~= seen then
                        seen[value] = true
                        for k, v in pairs(value) do walk(path .. "." .. tostring(k), v) end
                        walk(path .. ".()", getmetatable(value))
                    end
                end
                for _, list in pairs {package.loaded, package.preload} do -- where it may be seen
                    for key in pairs(list) do
                        list[key] = key:match("^tessera") == nil and list[key] or nil
                    end
                end
                walk("_G", _G)
                walk("string", getmetatable(""))
                table.sort(lines)
                return table.concat(lines, "\n")
            end
            pcall(require, "ffi") -- LuaJIT's own, which views of arrays as cdata load
            math.randomseed(5)
            local first = {math.random(), math.random()}
            math.randomseed(5)
            local again = math.random()
            local before = picture()
            work(require)
            assert(picture() == before)
            assert(again == first[1] and math.random() == first[2])]])
    end)
end)
