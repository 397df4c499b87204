-- Turns the Lua half of the library into C: embed.lua OUT FILE... writes the text of each file, and the
-- sorted list of targets that its `define` lines name, for bindings/lua/lua_half.c.
local out = assert(io.open(arg[1], "wb"))
local files, targets = {}, {}

for i = 2, #arg do
    local input = assert(io.open(arg[i], "rb"))
    local text = input:read("*a")
    input:close()
    local name = arg[i]:match("([%w_]+)%.lua$")
    files[#files + 1] = {name = name, bytes = #text}
    out:write("static const unsigned char text_", name, "[] = {")
    for at = 1, #text, 24 do
        out:write("\n    ", (table.concat({text:byte(at, at + 23)}, ",")), ",")
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
