# What a target needs is installed by scripts/tools/deps, which asks the package manager, says what it
# does, and says what to install where it cannot. A stamp remembers that it was there.
$(BUILD)/deps/%: scripts/tools/deps
	@scripts/tools/deps $* LUA=$(LUA)
	@mkdir -p $(@D)
	@touch $@

LUA_READY := $(BUILD)/deps/$(if $(filter jit,$(LUA)),luajit,lua$(LUA))
