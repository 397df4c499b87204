-- What `require "tessera"` finds first where the library is installed: this file stands there as tessera.lua,
-- tessera/torch.lua, tessera/numpy.lua and tessera/ffi.lua, and loads the C module for the name it was required by.
--
-- The module links no Lua of its own, so it needs a host that shows its Lua to modules. Some do not: they load
-- the part of them that speaks Lua, and with it liblua, for themselves alone. Loading the same liblua once more,
-- for all to see, cures that; this file tries it once. It does not do so with a liblua that the process does not
-- have yet, as far as it can tell: two Luas over one state would ruin each other's tables.
--
-- Hosts take globals away, replace them, or make asking for them an error. So each is asked for with care, and
-- only pcall, type, error and the methods of strings are taken for granted.
local name, here = ...

local function ask(get)
    local ok, value = pcall(get)
    return ok and value or nil
end

local package = ask(function() return package end)
local io = ask(function() return io end)
local jit = ask(function() return jit end)
local version = ask(function() return _VERSION:match("%d%.%d") end) or "5.4"

local function fail(text)
    error("tessera: " .. text, 0)
end

local function join(list, separator)
    local text = list[1] or ""
    for i = 2, #list do
        text = text .. separator .. list[i]
    end
    return text
end

local load = ask(function() return package.loadlib end)
if type(load) ~= "function" then
    fail("there is no package.loadlib to load the module with")
end
local symbol = "luaopen_" .. (type(name) == "string" and name:match("^tessera[%w_.]*$") or "tessera"):gsub("%.", "_")

-- ---- where the module is: in package.cpath, or beside this file, lib/lua beside share/lua

local function candidates()
    local list = {}
    local path = ask(function() return package.cpath:gsub("%?", "tessera") end) or ""
    for file in path:gmatch("[^;]+") do
        list[#list + 1] = file
    end
    -- Lua 5.1 and LuaJIT do not tell where this file is
    path = type(here) == "string" and here or ask(function() return package.path:gsub("%?", "tessera") end) or ""
    for file in path:gmatch("[^;]+") do
        local root, rest = file:match("^(.*)share(/lua/%d%.%d/)tessera[%w_/]*%.lua$")
        list[#list + 1] = root and root .. "lib" .. rest .. "tessera.so"
    end
    return list
end

-- true, false, or nil when nobody can tell
local function exists(path)
    local search = ask(function() return package.searchpath end)
    if search then
        return search("tessera", path) ~= nil
    end
    local open = ask(function() return io.open end)
    local file = open and open(path, "rb")
    if file then
        file:close()
        return true
    end
    return open and false
end

-- ---- showing the host's Lua to modules

-- The liblua files of this version that the process has; nil when it cannot be looked at.
local function mapped()
    local maps = ask(function()
        local file = io.open("/proc/self/maps", "rb")
        local text = file:read("*a")
        file:close()
        return text
    end)
    if maps == nil then
        return nil
    end
    local list, dots = {}, version:gsub("%.", "%%.")
    for path, file in maps:gmatch("(/[^\n]*/([^\n/]*))\n") do
        if jit and file:find("^libluajit") or not jit and
            (file:find("^liblua%-?" .. dots .. "%.so") or file:find("^liblua%.so%." .. dots)) then
            list[1] = path
        end
    end
    return list
end

-- Tries it. Returns what was done, and whether the module may load now.
local function show_lua()
    if version == "5.1" and not jit then
        return "the host does not show its Lua to modules, and Lua 5.1 has no way to change that"
    end
    local list = mapped() or (jit and {"libluajit-5.1.so.2"} or
        {"liblua" .. version .. ".so.0", "liblua.so." .. version, "liblua" .. version .. ".so"})
    if list[1] == nil then
        return "the host does not show it to modules, and has no liblua file that could be shown to them"
    end
    local said = {}
    for i = 1, #list do
        local done, message = load(list[i], "*")
        if done then
            return "loading " .. list[i] .. " for all modules to see did not help", true
        end
        said[i] = type(message) == "string" and message or list[i]
    end
    return "loading liblua for all modules to see failed: " .. join(said, ", ")
end

-- ---- loading

-- The module's function, or nil and why not.
local function open(path)
    local opener, message = load(path, symbol)
    message = type(message) == "string" and message or path
    if opener or not message:find("[%s:]luaL?_%a+%s*$") then
        return opener, message
    end
    local did, shown = show_lua()
    if shown then
        opener, message = load(path, symbol)
    end
    return opener, not opener and message .. " (" .. did .. ")"
end

local list, failures = candidates(), {}
for i = 1, #list do
    local there = exists(list[i])
    if there ~= false then
        local opener, message = open(list[i])
        if opener then
            return opener(name)
        end
        failures[#failures + 1] = message
        if there then
            break -- what is wrong with a file that is there is what shall be told
        end
    end
end
fail(failures[1] and join(failures, "; ") or "there is no " .. join(list, ", nor "))
