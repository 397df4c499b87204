-- What luacheck takes for given: scripts run on Lua 5.1 to 5.4 and LuaJIT.
std = "max"
max_line_length = 120
-- The Lua half sees the globals that bindings/lua/environment.c makes, and no others.
stds.half = {read_globals = {"ipairs", "next", "pairs", "pcall", "rawset", "select", "setmetatable", "tonumber",
    "tostring", "type", table = {fields = {"concat", "insert", "sort", "unpack"}}, math = {fields = {"abs", "ceil",
    "floor", "huge", "log", "max", "maxinteger", "min", "mininteger", "pi", "sqrt"}}}}
files["scripts/tessera"].std = "half"
files["bindings/ffi"].std = "half"
files["spec"].std = "max+busted"
files["bindings/host/programs"].globals = {"core", "distances", "lighty", "mle", "mp", "newaction", "ngx", "pandoc",
    "towns", "vim"}
