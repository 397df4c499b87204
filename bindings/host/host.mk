# The host side: one static library for programs that link it, the `tessera` program, the example host,
# and `make run`.
HOST_LIBRARY := $(BUILD)/lua/$(LUA)/libtessera_lua.a
HOST_SHARED := $(BUILD)/lua/$(LUA)/libtessera_lua.so
HOST_DIR := $(BUILD)/host/$(LUA)
HOST_OBJ := $(BUILD)/obj/host$(LUA)
HOST_PROGRAMS := $(BUILD)/tessera $(BUILD)/pixels $(HOST_DIR)/picture $(HOST_DIR)/executor $(HOST_LIBRARY) $(HOST_SHARED)
HOST_FLAGS = -Icore -Ibindings/host $(LUA_CFLAGS)
PNG_READY := $(BUILD)/deps/host
$(PNG_READY): | $(LUA_READY) # the package manager runs once at a time
PNG_CFLAGS = $(shell pkg-config --cflags libpng 2>/dev/null)
PNG_LIBS = $(shell pkg-config --libs libpng 2>/dev/null)

# The binding and the core in one file, so that a host links one library.
$(HOST_OBJ)/%.o: bindings/host/%.c | $(LUA_READY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TSR_CPPFLAGS) $(BINDING_FLAGS) -Ibindings/host $(TSR_CFLAGS) $(OPTIMIZE) -MMD -MP -c -o $@ $<

$(HOST_LIBRARY): $(BINDING_OBJECTS) $(HOST_OBJ)/tessera_lua.o $(CORE_OBJECTS)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)ar rcs $@ $^

# The same for programs that load it, Python's among them: like the module, it takes the Lua that the
# process has.
$(HOST_OBJ)/python/%.o: bindings/python/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(TSR_CPPFLAGS) $(HOST_FLAGS) $(TSR_CFLAGS) $(OPTIMIZE) -MMD -MP -c -o $@ $<

PYTHON_OBJECTS := $(patsubst bindings/python/%.c,$(HOST_OBJ)/python/%.o,$(wildcard bindings/python/*.c))
$(PYTHON_OBJECTS): | $(LUA_READY)
$(HOST_SHARED): $(HOST_LIBRARY) $(PYTHON_OBJECTS) bindings/host/host.map core/tessera.h bindings/host/host.mk
	$(Q)$(CC) -shared -Wl,-Bsymbolic -Wl,--version-script=bindings/host/host.map -Wl,--gc-sections \
	    -Wl,-soname,libtessera_$(LUA_PC).so.$(TSR_ABI) $(SANITIZE_FLAGS) \
	    -o $@ -Wl,--whole-archive $< -Wl,--no-whole-archive $(PYTHON_OBJECTS) -lm

# Each Lua version has its own programs; $(BUILD)/tessera is the one of the LUA that was built last.
$(HOST_DIR)/tessera: $(HOST_OBJ)/tessera.o $(HOST_OBJ)/prompt.o $(HOST_LIBRARY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE_FLAGS) -o $@ $^ $(LUA_LIBS) -lm -ldl

$(HOST_OBJ)/examples/%.o: bindings/host/examples/%.c | $(LUA_READY) $(PNG_READY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_FLAGS) $(PNG_CFLAGS) $(TSR_CFLAGS) $(OPTIMIZE) -MMD -MP -c -o $@ $<

$(HOST_DIR)/pixels: $(HOST_OBJ)/examples/pixels.o $(HOST_LIBRARY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE_FLAGS) -o $@ $^ $(PNG_LIBS) $(LUA_LIBS) -lm

$(HOST_DIR)/picture: $(HOST_OBJ)/examples/picture.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE_FLAGS) -o $@ $^ $(PNG_LIBS) -lm

# A host with a window (SDL2), whose pixels a script animates. Its plain C is compiled for this very machine,
# and rounds each operation, as the library does.
VIEWER := $(HOST_DIR)/viewer
VIEWER_READY := $(BUILD)/deps/viewer
$(VIEWER_READY): | $(PNG_READY)
SDL_CFLAGS = $(subst -I,-isystem ,$(shell pkg-config --cflags sdl2 2>/dev/null))
$(HOST_OBJ)/examples/viewer.o: TSR_CFLAGS += $(SDL_CFLAGS)
$(HOST_OBJ)/examples/viewer.o: | $(VIEWER_READY)
$(HOST_OBJ)/examples/pond.o: OPTIMIZE := -O3 -march=native -ffp-contract=off
$(VIEWER): $(HOST_OBJ)/examples/viewer.o $(HOST_OBJ)/examples/pond.o $(HOST_LIBRARY)
	$(Q)$(CC) $(SANITIZE_FLAGS) -o $@ $^ $(shell pkg-config --libs sdl2) $(LUA_LIBS) -lm

$(HOST_DIR)/executor: $(HOST_OBJ)/examples/executor.o $(HOST_LIBRARY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE_FLAGS) -o $@ $^ $(LUA_LIBS) -lm -lpthread

.PHONY: viewer
## viewer: rain on a pond in a window, drawn by a Lua script in the window's own memory (installs SDL2)
viewer: $(VIEWER)
	@$< scripts/examples/pond.lua

.PHONY: host-link
$(BUILD)/tessera $(BUILD)/pixels: $(BUILD)/%: $(HOST_DIR)/% host-link
	@ln -sfn host/$(LUA)/$* $@

# The C tests of tessera_lua.h, and the hosts that bindings/README.md prints (```c NAME.c).
GUIDE := $(patsubst %.c,$(HOST_DIR)/guide/%,$(shell sed -n 's/^```c //p' bindings/README.md))
HOST_TEST_NAMES := $(patsubst spec/c/%.c,%,$(wildcard spec/c/test_host*.c))
HOST_TESTS := $(HOST_TEST_NAMES:%=$(HOST_DIR)/%) $(GUIDE)
$(HOST_TEST_NAMES:%=$(HOST_OBJ)/%.o): $(HOST_OBJ)/%.o: spec/c/%.c | $(LUA_READY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_FLAGS) $(TSR_CFLAGS) $(OPTIMIZE) -MMD -MP -c -o $@ $<

.PRECIOUS: $(HOST_OBJ)/guide/%.c
$(HOST_OBJ)/guide/%.c: bindings/README.md
	@mkdir -p $(@D)
	$(Q)awk '$$0 == "```c $*.c" {on = 1; next} /^```$$/ {on = 0} on' $< > $@

$(HOST_OBJ)/guide/%.o: $(HOST_OBJ)/guide/%.c | $(LUA_READY)
	$(Q)$(CC) $(HOST_FLAGS) $(TSR_CFLAGS) $(OPTIMIZE) -MMD -MP -c -o $@ $<

$(HOST_TESTS): $(HOST_DIR)/%: $(HOST_OBJ)/%.o $(HOST_LIBRARY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE_FLAGS) -o $@ $^ $(LUA_LIBS) -lm -lpthread

-include $(wildcard $(HOST_OBJ)/*.d $(HOST_OBJ)/examples/*.d $(HOST_OBJ)/guide/*.d)

include bindings/host/programs/programs.mk
include scripts/tools/run.mk

# ---- installing: the first Lua of LUAS is the program's
PREFIX ?= /usr/local
LUAS ?= $(LUA)
override PREFIX := $(abspath $(PREFIX))
export PREFIX DESTDIR LIBDIR PYTHON_SITE STRIP
.PHONY: install uninstall install-build
install-build: $(MODULE) $(HOST_LIBRARY) $(HOST_SHARED) $(HOST_DIR)/tessera $(BUILD)/libtessera.a $(BUILD)/libtessera.so
## install: libraries, headers, pkg-config files, program, the module for each of LUAS="5.4 5.3 jit", the Python package (PREFIX=/usr/local, DESTDIR=, PYTHON_SITE=)
install: # one after another, since what is generated serves all
	@set -e; for lua in $(LUAS); do $(MAKE) --no-print-directory LUA=$$lua install-build; done
	@scripts/tools/install $(BUILD) $(LUAS)

## uninstall: remove what was installed under PREFIX
uninstall:
	@scripts/tools/install --remove
