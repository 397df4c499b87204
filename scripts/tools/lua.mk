# Where the chosen Lua's headers and library are: Debian's pkg-config names, resolved only when used.
LUA_PC := $(if $(filter jit,$(LUA)),luajit,lua$(LUA))
LUA_CFLAGS = $(shell pkg-config --cflags $(LUA_PC) 2>/dev/null)
LUA_LIBS = $(shell pkg-config --libs $(LUA_PC) 2>/dev/null)
