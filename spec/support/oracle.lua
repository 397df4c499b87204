--- What specs share that run the cases of spec/oracle: the files, their fields, and what is said of
-- cases that differ.
local oracle = {}

function oracle.path(name)
    return (os.getenv("TSR_ORACLE_DIR") or "build/oracle") .. "/" .. name
end

local bytes_of = {}
for n = 0, 255 do
    bytes_of[("%02x"):format(n)] = string.char(n)
end

--- The bytes that hexadecimal digits say; none are written as -.
function oracle.unhex(text)
    return text == "-" and "" or (text:gsub("%x%x", bytes_of))
end

function oracle.hex(bytes)
    return (bytes:gsub(".", function(c)
        return ("%02x"):format(c:byte())
    end))
end

function oracle.split(text, separator)
    local list = {}
    for field in (text .. separator):gmatch("(.-)" .. separator) do
        list[#list + 1] = field
    end
    return list
end

local function lines_of(name)
    local path = oracle.path(name)
    return assert(io.open(path), "make " .. (path:match("[^/]+/oracle/[^/]+$") or path)):lines()
end

--- The lines of a file by "face: family", and these names in their order.
function oracle.families(name)
    local families, names = {}, {}
    for line in lines_of(name) do
        local face, family = line:match("^(%w+)\t([^\t]*)")
        local title = face .. ": " .. family
        if not families[title] then
            families[title] = {}
            names[#names + 1] = title
        end
        table.insert(families[title], line)
    end
    return families, names
end

--- The lines of a file by their first field: lists of the fields behind it.
function oracle.kinds(name)
    local kinds = {}
    for line in lines_of(name) do
        local fields = oracle.split(line, "\t")
        local kind = table.remove(fields, 1)
        kinds[kind] = kinds[kind] or {}
        table.insert(kinds[kind], fields)
    end
    return kinds
end

--- A case's program; nil and why when it is none.
function oracle.compile(text, environment)
    if setfenv then -- luacheck: ignore 113
        local chunk, why = loadstring(text, "=case") -- luacheck: ignore 113
        return chunk and setfenv(chunk, environment), why -- luacheck: ignore 113
    end
    return load(text, "=case", "t", environment)
end

--- What is wrong with the error of a case, or nil: it must be of line `last`.
function oracle.wrong_error(what, last)
    local line = tostring(what):match("^case:(%d+): .")
    if tonumber(line) ~= last then
        return "an error at another line than the last: " .. tostring(what)
    end
end

--- The last line that makes something, but for the check of its result.
function oracle.last_line(lines)
    for i = #lines, 1, -1 do
        if lines[i]:find("^local") then
            return i
        end
    end
end

--- What is wrong with the dtype or the shape of a result, or nil.
function oracle.wrong_kind(x, dtype, shape)
    if type(x) ~= "userdata" then
        return "the result is " .. tostring(x)
    end
    if x.dtype.name ~= dtype then
        return ("dtype %s, expected %s"):format(x.dtype.name, dtype)
    end
    local got = table.concat(x.shape, ",")
    if got ~= shape then
        return ("shape (%s), expected (%s)"):format(got, shape)
    end
end

--- Runs check(fields) for each line; raises an error that shows the shortest of the texts that it returns.
function oracle.run(lines, check)
    local wrong = {}
    for _, line in ipairs(lines) do
        wrong[#wrong + 1] = check(oracle.split(line, "\t"))
    end
    if #wrong > 0 then
        table.sort(wrong, function(a, b)
            return #a < #b
        end)
        local shown = math.min(#wrong, tonumber(os.getenv("TSR_ORACLE_SHOW") or 2))
        error(("%d of %d cases differ; the shortest:\n%s"):format(#wrong, #lines,
            table.concat(wrong, "\n\n", 1, shown)), 0)
    end
end

return oracle
