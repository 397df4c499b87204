# What hosts do to a guest's process, and what a guest must not do to a host: programs with a part in each.
LOCALES := $(abspath $(BUILD))/locale
$(LOCALES)/de_DE.UTF-8/LC_NUMERIC: | $(BUILD)/deps/test # where numbers have a comma
	@mkdir -p $(LOCALES)
	$(Q)localedef -i de_DE -f UTF-8 $(LOCALES)/de_DE.UTF-8

# guest: a host that has a copy of the library inside and shows its names, which the module must not take
GUEST := $(HOST_DIR)/guest
$(HOST_OBJ)/guest.o: spec/c/guest.c | $(LUA_READY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_FLAGS) $(TSR_CFLAGS) $(OPTIMIZE) -MMD -MP -c -o $@ $<
$(GUEST): $(HOST_OBJ)/guest.o $(HOST_LIBRARY) | $(MODULE)
	@mkdir -p $(@D)
	$(Q)$(CC) -rdynamic $(SANITIZE_FLAGS) -o $@ $^ $(LUA_LIBS) -lm -lpthread
GUEST_RUN = env LOCPATH=$(LOCALES) $(1)/host/$(LUA)/guest $(abspath $(1))/lua/$(LUA)/tessera.so spec/support/guest_work.lua

# unload: loads and unloads the shared library, a thousand times under the detector of leaks of the compiler, which
# is fast, and some times under valgrind, which takes a tenth of a second for each (test-unload: a thousand times)
UNLOAD := $(BUILD)/spec/unload
$(UNLOAD): spec/c/unload.c core/tessera.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -fsanitize=%,$(TSR_CFLAGS)) $(OPTIMIZE) -g -o $@ $< -ldl
$(UNLOAD)_leaks: spec/c/unload.c core/tessera.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -fsanitize=%,$(TSR_CFLAGS)) $(OPTIMIZE) -g -fsanitize=leak -o $@ $< -ldl
$(BUILD)/spec/libtessera.so: $(BUILD)/libtessera.so
	@mkdir -p $(@D)
	$(Q)strip --strip-unneeded -o $@ $<

# copies: a host with a sanitized copy inside, which shows its names, loads the plain library
COPIES := $(BUILD)/spec/copies
$(COPIES): spec/c/copies.c spec/c/guest_calls.h $(CORE_OBJECTS)
	@mkdir -p $(@D)
	$(Q)$(CC) -rdynamic $(TSR_CPPFLAGS) $(TSR_CFLAGS) $(OPTIMIZE) -o $@ $< $(CORE_OBJECTS) -ldl -lm

GUEST_PARTS := $(GUEST) $(COPIES)
GUEST_BUILD := $(LOCALES)/de_DE.UTF-8/LC_NUMERIC $(UNLOAD) $(UNLOAD)_leaks $(BUILD)/spec/libtessera.so
GUEST_ROWS := row-guest row-asan-guest row-comma row-unload row-unload-valgrind row-copies
COMMA_SPECS := $(addprefix spec/,$(addsuffix _spec.lua,convert creation dtype errors faces file_objects file_text files fuse manipulation print))
UNLOAD_ROUNDS ?= 100
VALGRIND := valgrind -q --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all --error-exitcode=1

row-guest:
	@$(TALLY_ROW) one $(TAG)guest-program $(call GUEST_RUN,$(BUILD))
row-asan-guest:
	@$(TALLY_ROW) one asan-guest-program env ASAN_OPTIONS=detect_leaks=0 $(call GUEST_RUN,$(ASAN))
row-comma:
	@$(TALLY_ROW) busted comma env $(call BUSTED,$(BUILD)) --helper=spec/support/comma.lua $(COMMA_SPECS)
row-unload:
	@$(TALLY_ROW) one unload $(UNLOAD)_leaks $(BUILD)/libtessera.so 1000 pages
row-unload-valgrind:
	@$(TALLY_ROW) one unload-valgrind $(VALGRIND) $(UNLOAD) $(BUILD)/spec/libtessera.so $(UNLOAD_ROUNDS)
row-copies:
	@$(TALLY_ROW) one copies $(ASAN)/spec/copies $(BUILD)/libtessera.so

.PHONY: $(GUEST_ROWS) test-guest test-unload
## test-guest: what hosts do to a guest's process, and what the library must not do to a host's
test-guest:
	$(call tally_of,$(GUEST_ROWS) row-spec-guest,test-build test-build-asan)

test-unload:
	$(call tally_of,row-unload row-unload-valgrind UNLOAD_ROUNDS=1000,test-build)
