--- What specs share that look at the library from outside: where the build is, files, what programs print.
local assert = require "luassert" -- as busted gives it to specs

local outside = {
    build = os.getenv("TSR_BUILD") or "build",
    lua = os.getenv("TSR_LUA") or "5.4",
    root = io.popen("pwd"):read("*l"),
}
if outside.build:sub(1, 1) ~= "/" then
    outside.build = outside.root .. "/" .. outside.build
end

function outside.write(path, text)
    local f = assert(io.open(path, "wb"))
    f:write(text)
    f:close()
    return path
end

--- The bytes of a file, nil where there is none.
function outside.read(path)
    local f = io.open(path, "rb")
    local text = f and f:read("*a")
    if f then
        f:close()
    end
    return text
end

--- A new folder, in memory where there is such a place; who asks for it removes it.
function outside.folder()
    local folder = os.tmpname()
    os.remove(folder)
    if os.rename("/dev/shm", "/dev/shm") then
        folder = "/dev/shm" .. folder:match("/[^/]*$")
    end
    assert(os.execute("mkdir " .. folder))
    return folder
end

function outside.has(text, part)
    assert(text:find(part, 1, true), ("%q does not hold %q"):format(text, part))
end

--- Of what a program gave: it went well, said nothing on stderr, and printed exactly this.
function outside.printed(expected, out, err, status)
    assert.are.equal("", err)
    assert.are.equal(expected, out)
    assert.are.equal(0, status)
end

return outside
