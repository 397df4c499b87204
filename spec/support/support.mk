# What the specs of bad arguments and of faults are run with: lender.so, a host as a Lua module.
LENDER := $(BUILD)/spec/$(LUA)/lender.so

$(BUILD)/obj/spec$(LUA)/%.o: spec/support/%.c | $(LUA_READY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TSR_CPPFLAGS) $(BINDING_FLAGS) -Ibindings/host $(TSR_CFLAGS) $(OPTIMIZE) -MMD -MP -c -o $@ $<

$(LENDER): $(BUILD)/obj/spec$(LUA)/lender.o $(BUILD)/obj/spec$(LUA)/memory_files.o $(HOST_LIBRARY) bindings/lua/module.map
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -Wl,--version-script=bindings/lua/module.map -Wl,--gc-sections -Wl,-z,nodelete $(SANITIZE_FLAGS) \
	    -o $@ $(filter %.o,$^) $(HOST_LIBRARY) -lm

# level.so: the library at the kernel level that TSR_ISA names.
LEVEL := $(BUILD)/spec/$(LUA)/level.so
$(LEVEL): $(BUILD)/obj/spec$(LUA)/level.o $(HOST_LIBRARY) bindings/lua/module.map
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -Wl,--version-script=bindings/lua/module.map -Wl,--gc-sections -Wl,-z,nodelete $(SANITIZE_FLAGS) \
	    -o $@ $< $(HOST_LIBRARY) -lm

-include $(BUILD)/obj/spec$(LUA)/lender.d $(BUILD)/obj/spec$(LUA)/memory_files.d $(BUILD)/obj/spec$(LUA)/level.d

# grid.so: a library that knows nothing of this one, to share memory with.
GRID := $(BUILD)/spec/$(LUA)/grid.so
$(GRID): $(BUILD)/obj/spec$(LUA)/grid.o bindings/lua/module.map
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -Wl,--version-script=bindings/lua/module.map -Wl,-z,nodelete $(SANITIZE_FLAGS) -o $@ $<

# Hosts that keep their Lua to themselves.
CLOSED := $(addprefix $(BUILD)/spec/$(LUA)/,closed_host closed_plugin.so hidden_host)
CLOSED_CC = $(CC) $(TSR_CFLAGS) $(OPTIMIZE) -o $@ $<
$(CLOSED): spec/support/closed_host.c | $(LUA_READY)
	@mkdir -p $(@D)
	$(Q)$(CLOSED_CC)
$(BUILD)/spec/$(LUA)/closed_host: CLOSED_CC += -ldl
$(BUILD)/spec/$(LUA)/closed_plugin.so: CLOSED_CC += -shared -DPLUGIN $(LUA_CFLAGS) $(LUA_LIBS)
$(BUILD)/spec/$(LUA)/hidden_host: CLOSED_CC += -DHIDDEN $(LUA_CFLAGS) -Wl,-Bstatic $(LUA_LIBS) -Wl,-Bdynamic -lm -ldl

.PHONY: lender
## lender: the host module that spec/badargs_spec.lua and spec/faults_spec.lua need
lender: $(LENDER)
