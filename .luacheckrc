-- What luacheck takes for given: scripts run on Lua 5.1 to 5.4 and LuaJIT.
std = "max"
max_line_length = 120
files["spec"].std = "max+busted"
