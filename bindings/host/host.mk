# The host side: a static library of the binding for programs that link it, the `tessera` program, and
# the example host.
HOST_LIBRARY := $(BUILD)/lua/$(LUA)/libtessera_lua.a
HOST_PROGRAMS :=

$(BUILD)/obj/host$(LUA)/%.o: bindings/host/%.c | $(LUA_READY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TSR_CPPFLAGS) $(BINDING_FLAGS) -Ibindings/host $(TSR_CFLAGS) $(OPTIMIZE) -MMD -MP -c -o $@ $<

$(HOST_LIBRARY): $(BINDING_OBJECTS) $(BUILD)/obj/host$(LUA)/tessera_lua.o
	@rm -f $@
	$(Q)ar rcs $@ $^
