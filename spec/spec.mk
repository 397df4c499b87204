# The tests. `make test` builds what they need, runs them side by side, and prints `N passed, N failed`: a
# spec of busted counts as one test, and so does a C program and a check. Each row of TEST_ROWS leaves its
# output and its counts in $(TALLY). A second build, $(ASAN), has the sanitizers, and all specs and C
# programs run a second time with it.
include spec/support/support.mk
include spec/guest.mk

PYTHON := /usr/bin/python3
TALLY := $(BUILD)/tally
ASAN := $(BUILD)/asan
TALLY_ROW = scripts/tools/tally $(TALLY)
TEST_READY := $(BUILD)/deps/test $(BUILD)/deps/check $(BUILD)/deps/luas
$(BUILD)/deps/test: | $(LUA_READY) # the package manager runs once at a time
$(BUILD)/deps/check: | $(BUILD)/deps/test
$(BUILD)/deps/luas: | $(BUILD)/deps/check

# ---- what the real libraries say; of floats where the chosen Lua has no integers
ORACLE := $(BUILD)/oracle$(if $(filter 5.1 5.2 jit,$(LUA)),-floats)
$(BUILD)/oracle-floats/%: export LUA_NUMBERS := floats
ORACLES := $(addprefix $(ORACLE)/,print.txt arrays.txt dtypes.txt elementwise.txt math.txt composite.txt \
    reduction.txt norm.txt files.txt text.txt)
$(ORACLE)/print.txt: spec/oracle/print_cases.py
$(ORACLE)/arrays.txt: spec/oracle/array_cases.py $(addprefix spec/oracle/,program.py numpy_cases.py \
    numpy_manipulation.py numpy_programs.py torch_cases.py torch_manipulation.py torch_programs.py)
$(ORACLE)/dtypes.txt: spec/oracle/dtype_cases.py spec/oracle/program.py
$(ORACLE)/norm.txt: spec/oracle/norm_cases.py
ELEMENTWISE_ORACLE := $(addprefix spec/oracle/,elementwise_draw.py elementwise_model.py program.py) core/ops/elementwise.def
$(ORACLE)/elementwise.txt: spec/oracle/elementwise_cases.py $(ELEMENTWISE_ORACLE)
$(ORACLE)/math.txt: spec/oracle/math_cases.py $(addprefix spec/oracle/,math_model.py math_reference.py) $(ELEMENTWISE_ORACLE)
$(ORACLE)/composite.txt: spec/oracle/composite_cases.py $(ELEMENTWISE_ORACLE)
$(ORACLE)/reduction.txt: spec/oracle/reduction_cases.py spec/oracle/reduction_model.py $(ELEMENTWISE_ORACLE)
$(ORACLE)/files.txt: spec/oracle/file_cases.py spec/oracle/later_torch.py
$(ORACLE)/text.txt: spec/oracle/text_cases.py
$(ORACLES): | $(BUILD)/deps/test
	@mkdir -p $(@D)
	$(Q)PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $< $@

# ---- C programs: each has a main of its own, and prints what failed. TEST_LIBS_test_x: what it links besides
C_TEST_NAMES := $(filter-out test_host test_host_%,$(patsubst spec/c/%.c,%,$(wildcard spec/c/test_*.c)))
C_TESTS := $(C_TEST_NAMES:%=$(BUILD)/spec/%)
$(BUILD)/spec/%: spec/c/%.c $(CORE_OBJECTS) | $(BUILD)/deps/test
	@mkdir -p $(@D)
	$(Q)$(CC) $(TSR_CPPFLAGS) $(TSR_CFLAGS) $(OPTIMIZE) -MMD -MP -MF $@.d -o $@ $< $(CORE_OBJECTS) $(TEST_LIBS_$*) -lm
TEST_LIBS_test_math := -lmpfr
TEST_LIBS_test_special := -lmpfr
TEST_LIBS_test_complex := -lmpfr
TEST_LIBS_math_sweep := -lmpfr $(if $(wildcard /lib/x86_64-linux-gnu/libmvec.so.1),-lmvec)
-include $(C_TESTS:=.d)

# The executor once more, with the detector of data races and no more of the core than it needs. A process
# under the detector has to lie at fixed addresses, hence setarch.
RACES := $(BUILD)/spec/test_executor_races
RACES_SOURCES := spec/c/test_executor.c $(wildcard core/base/*.c core/dtype/*.c)
$(RACES): $(RACES_SOURCES) $(wildcard core/base/*.h core/dtype/*.h) core/tessera.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(TSR_CPPFLAGS) $(filter-out -fsanitize=%,$(TSR_CFLAGS)) -O1 -g -fsanitize=thread -o $@ $(RACES_SOURCES) -lm

# Revoking under running operations, and contexts beside each other, need the whole core: a third build.
TSAN := $(BUILD)/tsan
test-build-tsan: $(TEST_READY)
	@$(MAKE) --no-print-directory BUILD=$(TSAN) SANITIZE=thread $(addprefix $(TSAN)/,spec/test_revoke spec/test_contexts host/$(LUA)/executor)
.PHONY: test-build-tsan

# ---- what runs busted, without and with sanitizers
SPECS := $(wildcard spec/*_spec.lua)
BUSTED = TSR_BUILD=$(1) TSR_LUA=$(LUA) LOCPATH=$(LOCALES) TSR_ORACLE_DIR=$(abspath $(ORACLE)) \
    LUA_CPATH="$(abspath $(1))/lua/$(LUA)/?.so;$(abspath $(1))/spec/$(LUA)/?.so;;" \
    busted --lua=/usr/bin/$(LUA_BIN) -o plainTerminal
# The interpreter is no sanitized program, so the runtime is loaded before it. It keeps memory at its
# exit, so leaks are left to the C programs.
# What the compiler does not find it gives back as a bare name, which cannot be loaded.
ASAN_RUNTIME = $(filter /%,$(foreach name,libasan.so libstdc++.so.6,$(shell $(CC) -print-file-name=$(name))))
ASAN_BUSTED = LD_PRELOAD="$(ASAN_RUNTIME)" ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
    UBSAN_OPTIONS=print_stacktrace=1 $(call BUSTED,$(ASAN))

C_ROWS := $(C_TEST_NAMES:%=row-c-%) $(HOST_TEST_NAMES:%=row-c-%)
ASAN_C_ROWS := $(C_TEST_NAMES:%=row-asan-c-%) $(HOST_TEST_NAMES:%=row-asan-c-%)
SPEC_ROWS := $(SPECS:spec/%_spec.lua=row-spec-%)
# Installing is nothing that sanitizers look at.
ASAN_SPEC_ROWS := $(filter-out %-install,$(SPECS:spec/%_spec.lua=row-asan-spec-%))
# The specs at each kernel level below the best, but for those that no kernel has to do with (test-levels
# runs all); a level that the machine does not have is said.
LEVEL_ROWS := row-level-base row-level-v2 row-level-v3
# The Python package with real NumPy and PyTorch; the interpreter gets the sanitizer's runtime as Lua's does.
PYTHON_TEST = env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$(CURDIR)/bindings/python \
    TESSERA_LIBRARY=$(abspath $(1))/lua/5.4/libtessera_lua.so $(PYTHON) spec/python/test_exchange.py
PYTHON_ROWS := $(if $(filter 5.4,$(LUA)),row-python row-asan-python)
RACES_ROWS := row-races row-races-revoke row-races-contexts row-races-executor
LINT_ROWS := row-layers row-symbols row-format row-luacheck
include spec/versions.mk
TEST_ROWS := $(ASAN_SPEC_ROWS) $(LEVEL_ROWS) $(GUEST_ROWS) $(SPEC_ROWS) $(ASAN_C_ROWS) $(C_ROWS) $(PYTHON_ROWS) $(RACES_ROWS) $(OTHER_ROWS) $(LINT_ROWS)
.PHONY: $(TEST_ROWS) test test-levels test-long test-build test-c test-spec test-python test-asan lint check

$(HOST_TEST_NAMES:%=row-c-%): row-c-%: $(HOST_DIR)/%
	@$(TALLY_ROW) one $(TAG)c-$* $<
$(C_TEST_NAMES:%=row-c-%): row-c-%: $(BUILD)/spec/%
	@$(TALLY_ROW) one c-$* $<
row-races: $(RACES)
	@$(TALLY_ROW) one races env TSAN_OPTIONS=halt_on_error=1 setarch $$(uname -m) -R $(RACES)
row-races-executor:
	@$(TALLY_ROW) one races-executor env TSAN_OPTIONS=halt_on_error=1 setarch $$(uname -m) -R $(TSAN)/host/$(LUA)/executor
row-races-revoke row-races-contexts: row-races-%:
	@$(TALLY_ROW) one races-$* env TSAN_OPTIONS=halt_on_error=1 setarch $$(uname -m) -R $(TSAN)/spec/test_$*
$(HOST_TEST_NAMES:%=row-asan-c-%): row-asan-c-%:
	@$(TALLY_ROW) one asan-c-$* $(ASAN)/host/$(LUA)/$*
$(C_TEST_NAMES:%=row-asan-c-%): row-asan-c-%:
	@$(TALLY_ROW) one asan-c-$* $(ASAN)/spec/$*
$(SPEC_ROWS): row-spec-%:
	@$(TALLY_ROW) busted $(TAG)$* env $(call BUSTED,$(BUILD)) spec/$*_spec.lua
$(ASAN_SPEC_ROWS): row-asan-spec-%:
	@$(TALLY_ROW) busted asan-$* env $(ASAN_BUSTED) spec/$*_spec.lua
LEVEL_SPECS := $(filter-out $(addprefix spec/,$(addsuffix _spec.lua,badargs embed errors exchange faces faults ffi file_objects file_text files guest host install limits memory print small threads)),$(SPECS))
$(LEVEL_ROWS): row-level-%:
	@mkdir -p $(TALLY)
	@if TESSERA_ISA=$* $(BUILD)/tessera -e 'assert(require("tessera").isa() == "$*")' 2>$(TALLY)/level-$*.why; then \
	    $(TALLY_ROW) busted level-$* env TSR_ISA=$* $(call BUSTED,$(BUILD)) --helper=spec/support/level.lua $(LEVEL_SPECS); \
	elif grep -q 'no kernel level' $(TALLY)/level-$*.why; then \
	    echo "level-$*: not on this machine"; \
	else \
	    $(TALLY_ROW) one level-$* sh -c 'cat $(TALLY)/level-$*.why; false'; \
	fi
row-python:
	@$(TALLY_ROW) one python $(call PYTHON_TEST,$(BUILD))
row-asan-python:
	@$(TALLY_ROW) one asan-python env LD_PRELOAD="$(ASAN_RUNTIME)" \
	    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:detect_odr_violation=0 \
	    UBSAN_OPTIONS=print_stacktrace=1 $(call PYTHON_TEST,$(ASAN))
row-layers:
	@$(TALLY_ROW) one layers scripts/tools/check_layers
row-symbols:
	@$(TALLY_ROW) one symbols scripts/tools/check_symbols $(BUILD) $(LUA)
row-format:
	@$(TALLY_ROW) one format clang-format --dry-run -Werror $(sort $(shell find core bindings spec -name '*.[ch]'))
row-luacheck:
	@$(TALLY_ROW) one luacheck luacheck --no-color -q scripts spec bindings

TEST_PARTS = all $(GUEST_PARTS) $(C_TESTS) $(HOST_TESTS) $(LENDER) $(LEVEL) $(GRID) $(CLOSED) $(VIEWER)
test-build: $(TEST_READY) $(TEST_PARTS) $(GUEST_BUILD) $(RACES) $(ORACLES)
test-build-asan: $(TEST_READY) $(VIEWER_READY)
	@$(MAKE) --no-print-directory BUILD=$(ASAN) SANITIZE=address,undefined test-parts
.PHONY: test-parts test-build-asan
test-parts: $(TEST_PARTS)

# $(call tally_of,ROWS,PARTS): PARTS built, the rows side by side, and their sum
JOBS := -j$(shell nproc 2>/dev/null || echo 2)
define tally_of
@rm -rf $(TALLY)
@$(MAKE) --no-print-directory $(JOBS) $(2) || { echo '0 passed, 1 failed'; exit 1; }
@$(MAKE) --no-print-directory $(JOBS) $(1)
@$(TALLY_ROW) sum
endef

## test: everything: checks, C programs and specs, and both again with sanitizers; ends with `N passed, N failed`
test:
	$(call tally_of,$(TEST_ROWS),test-build test-build-asan test-build-tsan other-luas-few)

## test-c: the C programs of spec/c
test-c:
	$(call tally_of,$(C_ROWS) $(RACES_ROWS),test-build test-build-tsan)

## test-spec: the specs (SPECS=spec/views_spec.lua for one)
test-spec:
	$(call tally_of,$(SPEC_ROWS),test-build)

## test-asan: the specs and C programs with sanitizers
test-asan:
	$(call tally_of,$(ASAN_SPEC_ROWS) $(ASAN_C_ROWS),test-build test-build-asan)

## test-levels: the specs at each kernel level
test-levels: LEVEL_SPECS := $(SPECS)
test-levels: export LEVEL_SPECS
test-levels:
	$(call tally_of,$(LEVEL_ROWS),test-build)

## test-long: the differential tests with SEEDS (30) other seeds, from FIRST (1000) on: about 1.5 million cases
SEEDS ?= 30
FIRST ?= 1000
test-long: test-build
	@scripts/tools/long $(BUILD)/long $(FIRST) $(SEEDS) elementwise math composite reduction -- \
	    $(subst TSR_ORACLE_DIR=$(abspath $(ORACLE)),TSR_ORACLE_DIR=$(abspath $(BUILD))/long,$(call BUSTED,$(BUILD)))

## test-python: the Python package with real NumPy and PyTorch, also with sanitizers
test-python:
	$(call tally_of,$(PYTHON_ROWS),test-build test-build-asan)

## lint: layers, symbols, clang-format, luacheck
lint check:
	$(call tally_of,$(LINT_ROWS),test-build)
