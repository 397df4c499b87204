# The benchmark. Its floors and its limits are small Lua modules of their own.
BENCH_FLOOR := $(BUILD)/bench/$(LUA)/floor.so
BENCH_LIMITS := $(BUILD)/bench/$(LUA)/limits.so

$(BENCH_FLOOR): scripts/bench/floor.c | $(LUA_READY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TSR_CFLAGS) $(LUA_CFLAGS) -O2 -shared -o $@ $<

# For this very machine: a limit is what the machine can do.
$(BENCH_LIMITS): scripts/bench/limits.c | $(LUA_READY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TSR_CFLAGS) $(LUA_CFLAGS) -D_GNU_SOURCE -O3 -march=native -ffp-contract=fast -shared -o $@ $<

.PHONY: bench
## bench: measure against NumPy, PyTorch and what the machine can do, into build/bench.tsv (ROWS=PATTERN, SIZES="1e3 1e6", ROUNDS=N)
bench: $(MODULE) $(BENCH_FLOOR) $(BENCH_LIMITS) $(BUILD)/deps/bench
	$(Q)LUA_CPATH="$(BUILD)/lua/$(LUA)/?.so;$(BUILD)/bench/$(LUA)/?.so;;" PYTHONDONTWRITEBYTECODE=1 \
	    /usr/bin/python3 scripts/bench/bench.py $(MODULE) $(BUILD) $(LUA_BIN) --rows '$(ROWS)' \
	    $(if $(SIZES),--sizes '$(SIZES)') $(if $(ROUNDS),--rounds $(ROUNDS))
