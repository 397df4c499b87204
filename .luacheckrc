-- What luacheck takes for given: scripts run on Lua 5.1 to 5.4 and LuaJIT.
std = "max"
max_line_length = 120
files["spec"].std = "max+busted"
files["bindings/host/programs"].globals = {"core", "distances", "lighty", "mle", "mp", "newaction", "ngx", "pandoc",
    "towns", "vim"}
