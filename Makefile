# Tessera. `make help` lists the targets. Everything that is built goes under build/.

LUA   ?= 5.4
BUILD ?= build
Q     := $(if $(V),,@)
LUA_BIN := $(if $(filter jit,$(LUA)),luajit,lua$(LUA))

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:

include scripts/tools/lua.mk
include scripts/tools/deps.mk

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
SANITIZE_FLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
TSR_CPPFLAGS := -D_FORTIFY_SOURCE=0
TSR_CFLAGS := -std=c11 $(WARNINGS) -fPIC -fvisibility=hidden -fno-plt $(SANITIZE_FLAGS)
# Functions start on a line of the cache: a call that does little takes 3 % less time.
OPTIMIZE := -O2 -falign-functions=64
# of the shared libraries' names
TSR_ABI := $(lastword $(shell grep '^.define TSR_ABI ' core/tessera.h))

include core/kernels/kernels.mk

# ---- the core library: pure C, no Lua
CORE_SOURCES := $(filter-out core/base/cpu.c,$(wildcard core/base/*.c core/dtype/*.c core/array/*.c \
    core/loop/*.c core/ops/*.c core/io/*.c))
CORE_OBJECTS := $(CORE_SOURCES:core/%.c=$(BUILD)/obj/core/%.o) $(TSR_KERNEL_OBJECTS)

$(BUILD)/obj/core/%.o: core/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(TSR_CPPFLAGS) $(TSR_CFLAGS) $(OPTIMIZE) -MMD -MP -c -o $@ $<

$(BUILD)/libtessera.a: $(CORE_OBJECTS)
	@rm -f $@
	$(Q)ar rcs $@ $^

# It calls itself by its own names (Bsymbolic), even where a host shows a copy of the library with the same.
$(BUILD)/libtessera.so: $(CORE_OBJECTS) Makefile
	$(Q)$(CC) -shared -Wl,-Bsymbolic -Wl,-soname,libtessera.so.$(TSR_ABI) $(SANITIZE_FLAGS) -o $@ $(CORE_OBJECTS) -lm

# ---- the Lua binding: one set of objects per Lua version
LUA_HALF := $(wildcard scripts/tessera/*.lua bindings/ffi/*.lua)
BINDING_SOURCES := $(wildcard bindings/lua/*.c)
BINDING_OBJECTS := $(BINDING_SOURCES:bindings/lua/%.c=$(BUILD)/obj/lua$(LUA)/%.o)
BINDING_FLAGS = -Icore -I$(BUILD)/gen -Ibindings/lua $(LUA_CFLAGS)

$(BUILD)/gen/lua_half.inc: scripts/tools/embed.lua $(LUA_HALF) | $(LUA_READY)
	@mkdir -p $(@D)
	$(Q)$(LUA_BIN) $< $@ $(sort $(LUA_HALF))

$(BUILD)/obj/lua$(LUA)/%.o: bindings/lua/%.c $(BUILD)/gen/lua_half.inc | $(LUA_READY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TSR_CPPFLAGS) $(BINDING_FLAGS) $(TSR_CFLAGS) $(OPTIMIZE) -MMD -MP -c -o $@ $<

# The module links no Lua: it takes the host's. It shows luaopen_* alone. It stays loaded (nodelete), since
# Lua 5.1 and LuaJIT unload modules while finalizers that use them are still to come.
MODULE := $(BUILD)/lua/$(LUA)/tessera.so
$(MODULE): $(BINDING_OBJECTS) $(BUILD)/libtessera.a bindings/lua/module.map Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -Wl,-Bsymbolic -Wl,--version-script=bindings/lua/module.map -Wl,--gc-sections -Wl,-z,nodelete $(SANITIZE_FLAGS) \
	    -o $@ $(BINDING_OBJECTS) $(BUILD)/libtessera.a -lm

-include $(CORE_OBJECTS:.o=.d) $(BINDING_OBJECTS:.o=.d)
include bindings/host/host.mk
include spec/spec.mk
include spec/fuzz/fuzz.mk
include scripts/bench/bench.mk

.PHONY: all env clean format help
## all: the core library, the Lua module, the program and the example host (the default)
all: $(BUILD)/libtessera.a $(BUILD)/libtessera.so $(MODULE) $(HOST_PROGRAMS)

## env: print the shell lines after which `tessera`, `require "tessera"` and `import tessera` work from this checkout
env:
	@echo 'export PATH="$(CURDIR)/$(BUILD):$$PATH"'
	@echo 'export PYTHONPATH="$(CURDIR)/bindings/python$${PYTHONPATH:+:$$PYTHONPATH}"'
	@echo 'export LUA_PATH="$(CURDIR)/scripts/?.lua;;"'
	@echo 'export LUA_CPATH="$(CURDIR)/$(BUILD)/lua/$(LUA)/?.so;;"'

## format: let clang-format rewrite the C sources
format:
	clang-format -i $$(git ls-files '*.c' '*.h')

## clean: remove build/
clean:
	rm -rf $(BUILD)

## help: this list
help:
	@cat $(MAKEFILE_LIST) | grep -h '^## ' | sed 's/^## /  make /' | sort -u
	@echo '  Variables: LUA=5.1|5.2|5.3|5.4|jit (now $(LUA)), BUILD=DIR, CC=COMPILER, V=1 (show commands),'
	@echo '             SANITIZE=address,undefined'
