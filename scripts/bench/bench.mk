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

# Views of LuaJIT: loops in Lua beside the same in C.
BENCH_FFI := $(BUILD)/bench/ffi.so
$(BENCH_FFI): scripts/bench/ffi.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(TSR_CFLAGS) -fvisibility=default -O2 -shared -o $@ $<

.PHONY: bench-ffi bench-ffi-run
## bench-ffi: loops over views of tessera.ffi (LuaJIT) beside plain memory of its ffi library and beside C
bench-ffi:
	@$(MAKE) --no-print-directory LUA=jit bench-ffi-run
bench-ffi-run: $(MODULE) $(BENCH_FFI)
	@LUA_CPATH="$(BUILD)/lua/$(LUA)/?.so;;" $(LUA_BIN) scripts/bench/ffi.lua $(BENCH_FFI)

# What a host pays. The static host is the one of bindings/README.md; Lua's own static library is Debian's.
BENCH_HOST := $(BUILD)/bench/$(LUA)/host
BENCH_STATIC := $(BENCH_HOST)_static $(BENCH_HOST)_static_all
$(BENCH_HOST): scripts/bench/host.c $(HOST_LIBRARY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_FLAGS) $(TSR_CFLAGS) -O2 -o $@ $^ $(LUA_LIBS) -lm -ldl
$(BENCH_STATIC): $(HOST_OBJ)/guide/host.o $(HOST_LIBRARY)
	@mkdir -p $(@D)
	$(Q)$(CC) -Wl,--gc-sections $(BENCH_LINK) -o $@ $^ $(BENCH_LIBS) -lm -ldl
$(BENCH_HOST)_static: BENCH_LIBS = -Wl,-Bstatic $(LUA_LIBS) -Wl,-Bdynamic
$(BENCH_HOST)_static_all: BENCH_LIBS = $(LUA_LIBS)
$(BENCH_HOST)_static_all: BENCH_LINK = -static -Wl,--no-warnings

.PHONY: bench-host
## bench-host: what a host pays: sizes, opening a state, lending a buffer, a window's frames; beside NumPy and PyTorch
bench-host: $(HOST_SHARED) $(BENCH_HOST) $(BENCH_STATIC) $(VIEWER) $(BUILD)/deps/bench
	@/usr/bin/python3 scripts/bench/host.py $(HOST_SHARED) $(BENCH_STATIC) $(BENCH_HOST) $(VIEWER) scripts/examples/pond.lua
