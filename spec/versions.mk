# The specs on every Lua. `make test` runs a few of them on each Lua but the chosen one, which it runs whole;
# `make test-all` runs all of them on each. What differs between the Luas: bindings/lua/VERSIONS.md.
OTHER_LUAS := $(filter-out $(LUA),5.1 5.2 5.3 5.4 jit)
OTHER_ROWS := $(OTHER_LUAS:%=row-lua-%)
FEW_SPECS := $(foreach name,convert ffi guest host memory,spec/$(name)_spec.lua)

# What the specs need of a Lua, without the links to the programs of the chosen one.
.PHONY: version-few version-all other-luas-few other-luas-all row-few $(OTHER_ROWS) test-all
version-few: $(MODULE) $(HOST_DIR)/tessera $(HOST_DIR)/pixels $(HOST_DIR)/picture $(HOST_DIR)/executor $(GUEST) $(VIEWER) $(HOST_TESTS) $(LENDER)
version-all: version-few $(LEVEL) $(GRID) $(CLOSED) $(ORACLES)
# One after the other, for they share the core.
other-luas-few other-luas-all: other-luas-%: | test-build
	@for v in $(OTHER_LUAS); do $(MAKE) --no-print-directory LUA=$$v version-$* || exit 1; done

$(OTHER_ROWS): row-lua-%:
	@$(MAKE) --no-print-directory LUA=$* row-few
row-few:
	@$(TALLY_ROW) busted lua-$(LUA) env $(call BUSTED,$(BUILD)) $(FEW_SPECS)
	@$(TALLY_ROW) one lua-$(LUA)-guest $(call GUEST_RUN,$(BUILD))

## test-all: all that `make test` does, and all specs and host programs on every other Lua too
test-all:
	@rm -rf $(TALLY)
	@$(MAKE) --no-print-directory $(JOBS) test-build test-build-asan test-build-tsan other-luas-all || \
	    { echo '0 passed, 1 failed'; exit 1; }
	@for v in $(OTHER_LUAS); do \
	    $(MAKE) --no-print-directory $(JOBS) LUA=$$v TAG=lua$$v- row-guest $(SPEC_ROWS) $(HOST_TEST_NAMES:%=row-c-%); done
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory $(JOBS) $(filter-out $(OTHER_ROWS),$(TEST_ROWS))
	@$(TALLY_ROW) sum
