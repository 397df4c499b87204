-- Turns the Lua half of the library into C: embed.lua OUT FILE... writes the text of each file, and the
-- sorted list of targets that its `define` lines name, for bindings/lua/lua_half.c. The text goes without its
-- comments and indentation, which are a quarter of it; every line keeps its number.
local out = assert(io.open(arg[1], "wb"))
local files, targets = {}, {}

-- The end of the long bracket that begins at `at`; nil when none does.
local function long_end(text, at)
    local level = text:match("^%[(=*)%[", at)
    return level and (select(2, text:find("]" .. level .. "]", at, true)) or error("a long bracket is left open"))
end

-- The end of the comment or string at `at`, and whether it is a comment; nil when there is neither.
local function piece_end(text, at)
    if text:find("^%-%-", at) then
        return long_end(text, at + 2) or (text:find("\n", at, true) or #text + 1) - 1, true
    elseif text:find("^[\"']", at) then
        local quote, to = text:sub(at, at), at + 1
        while text:sub(to, to) ~= quote do
            to = to + (text:sub(to, to) == "\\" and 2 or 1)
        end
        return to, false
    end
    return long_end(text, at), false
end

local function strip(text)
    local pieces, at = {}, 1
    while at <= #text do
        local to, comment = piece_end(text, at)
        if to then
            local piece = text:sub(at, to)
            if comment then
                pieces[#pieces] = pieces[#pieces] and pieces[#pieces]:gsub("[ \t]+$", "")
                piece = piece:gsub("[^\n]", "")
            end
            pieces[#pieces + 1] = piece
            at = to + 1
        else
            to = (text:find("[%-\"'%[]", at + 1) or #text + 1) - 1
            pieces[#pieces + 1] = (text:sub(at, to):gsub("\n[ \t]+", "\n"))
            at = to + 1
        end
    end
    return table.concat(pieces)
end

for i = 2, #arg do
    local input = assert(io.open(arg[i], "rb"))
    local text = input:read("*a")
    input:close()
    local name = arg[i]:match("([%w_]+)%.lua$")
    local stripped = strip(text)
    files[#files + 1] = {name = name, bytes = #stripped}
    out:write("static const unsigned char text_", name, "[] = {")
    for at = 1, #stripped, 24 do
        out:write("\n    ", (table.concat({stripped:byte(at, at + 23)}, ",")), ",")
    end
    out:write("\n    0};\n")
    for list in ("\n" .. text):gmatch("\ndefine%(%s*\"([^\"]+)\"") do
        for target in list:gmatch("%S+") do
            targets[#targets + 1] = {name = target, file = #files - 1}
        end
    end
end

table.sort(targets, function(a, b) return a.name < b.name end)
for i = 2, #targets do
    assert(targets[i].name ~= targets[i - 1].name, "defined twice: " .. targets[i].name)
end
out:write("static const lua_file files[] = {\n")
for _, f in ipairs(files) do
    out:write(("    {\"%s\", text_%s, %d},\n"):format(f.name, f.name, f.bytes))
end
out:write("};\nstatic const lua_target targets[] = {\n")
for _, t in ipairs(targets) do
    out:write(("    {\"%s\", %d},\n"):format(t.name, t.file))
end
out:write("};\n")
out:close()
