# The benchmark. Its floors are a small Lua module of its own.
BENCH_FLOOR := $(BUILD)/bench/$(LUA)/floor.so

$(BENCH_FLOOR): scripts/bench/floor.c | $(LUA_READY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TSR_CFLAGS) $(LUA_CFLAGS) -O2 -shared -o $@ $<

.PHONY: bench
## bench: measure against NumPy, PyTorch and bare floors, into build/bench.tsv (ROWS=PATTERN for some rows)
bench: $(MODULE) $(BENCH_FLOOR) $(BUILD)/deps/bench
	$(Q)LUA_CPATH="$(BUILD)/lua/$(LUA)/?.so;$(BUILD)/bench/$(LUA)/?.so;;" PYTHONDONTWRITEBYTECODE=1 \
	    /usr/bin/python3 scripts/bench/bench.py $(MODULE) $(BUILD) $(LUA_BIN) '$(ROWS)'
